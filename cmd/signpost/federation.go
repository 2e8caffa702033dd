package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"signpost/bot"
	"signpost/bot/jobs"
	"signpost/graph/facts"
	"signpost/graph/federation"
	"signpost/graph/tenantfake"
	"signpost/handlers"
)

type federationCmd struct {
	Domains  []string `arg:"" optional:"" name:"domain" help:"Domains to look at; all federated ones where there is none."`
	Tenant   string   `help:"Which tenant to ask: demo (made up) or live. Default: live." enum:",demo,live" default:"" placeholder:"demo|live"`
	Format   string   `help:"text, json or blocks (Slack's Block Kit)." enum:"text,json,blocks" default:"text" placeholder:"text|json|blocks"`
	Apps     bool     `help:"Also the SAML certificates of enterprise apps, and the secrets of app registrations, that end within 30 days."`
	Config   string   `help:"Configuration file: addresses of metadata, warn_days, and apps." env:"SIGNPOST_CONFIG" placeholder:"FILE"`
	Database string   `help:"Where the bot keeps the approved trusts, to compare with; without it, there is no drift." env:"SIGNPOST_DATABASE_URL" placeholder:"URL"`
}

// domainName is the form of a domain's name. Letters beyond ASCII are taken: people type what they read.
var domainName = regexp.MustCompile(`^[\pL\pN_]([\pL\pN_-]*[\pL\pN_])?(\.[\pL\pN_]([\pL\pN_-]*[\pL\pN_])?)+\.?$`)

// Run prints the health report. The exit code tells the worst of it: 0 healthy, 1 warnings, 2 critical, 3 could not check.
func (x federationCmd) Run(ctx context.Context, c console) error {
	for _, name := range x.Domains {
		if len(name) > 254 || !domainName.MatchString(name) {
			return misused("%q is no domain, such as contoso.com", name)
		}
	}
	cfg, err := bot.ReadConfig(x.Config)
	if err != nil {
		return usageError{err}
	}
	tenant, closeTenant, err := x.open(cfg.Tenant, c)
	if err != nil {
		return err
	}
	defer closeTenant()
	q := facts.TrustQuery{Domains: x.Domains, WarnDays: cfg.Federation.WarnDays, Apps: x.Apps || cfg.Federation.Apps}
	if err := x.approved(ctx, &q); err != nil {
		return err
	}
	shown := showProgress(c.err, &q)
	report := tenant.Trusts(ctx, q)
	shown()
	if err := x.write(c, report); err != nil {
		return err
	}
	if code := federation.ExitCode(report.Status); code != 0 {
		return exitCode(code)
	}
	return nil
}

func (x federationCmd) open(add bot.TenantConfig, c console) (bot.Trusts, func(), error) {
	if x.Tenant == "demo" {
		now := time.Now()
		t, closeTenant, err := demoTenant(logger(c), now, func(fake *tenantfake.Server) { fake.Change(tenantfake.DemoTrusts(fake.URL, now)) })
		if err != nil {
			return nil, nil, err
		}
		return t, closeTenant, nil
	}
	t, err := liveTenant(add, logger(c))
	if err != nil {
		return nil, nil, err
	}
	return t, t.Close, nil
}

// approved reads what was approved in Slack, where there is a database.
func (x federationCmd) approved(ctx context.Context, q *facts.TrustQuery) error {
	if x.Database == "" || x.Tenant == "demo" {
		return nil
	}
	db, err := jobs.OpenBeside(ctx, x.Database, nil)
	if err != nil {
		return usageError{fmt.Errorf("database: %w", err)}
	}
	defer db.Close()
	m, err := db.Store().Trusts(ctx)
	if err != nil {
		return usageError{fmt.Errorf("database: %w", err)}
	}
	if len(m.Approvals) == 0 {
		return nil
	}
	q.Approved, q.Approvals, q.Verified, q.Federated = map[string]facts.Federation{}, map[string]facts.Approval{}, []string{}, []string{}
	for _, a := range m.Approvals {
		q.Verified = append(q.Verified, a.Domain)
		if a.Federated {
			q.Federated = append(q.Federated, a.Domain)
		}
		var v facts.Federation
		if a.Trust == nil || json.Unmarshal(a.Trust, &v) != nil {
			continue
		}
		q.Approved[a.Domain], q.Approvals[a.Domain] = v, facts.Approval{At: a.At, By: a.By}
	}
	return nil
}

// slowFrom is the number of domains from which a terminal shows how far the check is.
const slowFrom = 10

// showProgress lets a terminal say how many domains are done. The result takes that line away again.
func showProgress(w io.Writer, q *facts.TrustQuery) (end func()) {
	if _, tty := isTerminal(w); !tty {
		return func() {}
	}
	said := false
	q.Progress = func(done, total int) {
		if total >= slowFrom {
			said = true
			fmt.Fprintf(w, "\r%d of %d domains checked", done, total)
		}
	}
	return func() {
		if said {
			fmt.Fprint(w, "\r\x1b[K")
		}
	}
}

func (x federationCmd) write(c console, report facts.TrustReport) error {
	switch x.Format {
	case "json":
		return handlers.ExplainTrusts(report).Write(json.NewEncoder(c.out))
	case "blocks":
		enc := json.NewEncoder(c.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"blocks": handlers.ComposeTrustReport(report).Draw(nil).Blocks})
	}
	width, _ := isTerminal(c.out)
	return x.page(report).Print(c.out, width, coloured(c.out))
}

// page is the report for a terminal: what is wrong in full, and a line for each domain that is well.
func (x federationCmd) page(report facts.TrustReport) handlers.Page {
	if len(x.Domains) == 1 || len(report.Domains) == 0 {
		return handlers.ComposeTrustReport(report)
	}
	well := slices.Clone(report.Domains)
	well = slices.DeleteFunc(well, func(t facts.Trust) bool { return len(t.Findings) > 0 })
	title := handlers.ComposeTrustReport(facts.TrustReport{Status: report.Status}).Title
	rest := report
	rest.Domains = slices.DeleteFunc(slices.Clone(report.Domains), func(t facts.Trust) bool { return len(t.Findings) == 0 })
	p := handlers.ComposeTrustReport(rest)
	p.Title = title
	if len(rest.Domains) == 0 && len(rest.Findings) == 0 {
		p.Parts = nil
	}
	if len(well) > 0 {
		part := handlers.Part{Title: "Healthy"}
		for _, t := range well {
			part.Lines = append(part.Lines, wellLine(t))
		}
		p.Parts = append(p.Parts, part)
	}
	return p
}

// wellLine is a domain that nothing is wrong with.
func wellLine(t facts.Trust) string {
	words := []string{cmp.Or(t.Provider, t.Authentication)}
	if t.Users != nil {
		accounts := "accounts"
		if *t.Users == 1 {
			accounts = "account"
		}
		words = append(words, fmt.Sprintf("%d %s", *t.Users, accounts))
	}
	if n := len(t.Children); n > 0 {
		words = append(words, "with "+strings.Join(t.Children[:min(n, 3)], ", "))
		if n > 3 {
			words[len(words)-1] += fmt.Sprintf(" and %d more", n-3)
		}
	}
	for _, c := range t.Certificates {
		if c.Problem == "" {
			words = append(words, fmt.Sprintf("%s certificate until %s (%d days)", c.Slot, c.NotAfter.Format("2006-01-02"), c.DaysLeft))
		}
	}
	return t.Domain + ": " + strings.Join(words, "; ")
}
