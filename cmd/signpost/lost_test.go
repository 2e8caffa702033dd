package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
	"signpost/runbooks"
)

var update = flag.Bool("update", false, "write docs/permissions.md anew")

const lostFile = "../../docs/permissions.md"

// TestWhatEachPermissionCosts takes every permission away in turn, and the premium licences, and reads everything of one
// sign-in each time. What is no longer seen is the table of docs/permissions.md; the test fails where the page is not up to
// date. Whatever is lost must be said with the permission or the licence that is missing.
func TestWhatEachPermissionCosts(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	book, err := runbooks.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := readAllOf(t, now, func(*tenantfake.Server) {})
	var page strings.Builder
	page.WriteString(`# What each permission and licence is worth

This page is made by a test: it takes each permission away from the app in turn, reads everything of one sign-in, and writes
down what is no longer seen. Directory.Read.All covers several of the others; those are taken from an app without it. *Causes* is how many of the built-in causes look at one of those facts, and can then only be
shown as “could not be checked”. Make it anew with ` + "`go test ./cmd/signpost -run TestWhatEachPermissionCosts -update`" + `.

| without | the answer loses | causes that cannot be decided |
| --- | --- | --- |
`)
	row := func(without string, lost []facts.Name) {
		var titles []string
		for _, n := range lost {
			titles = append(titles, n.Title())
		}
		says := strings.Join(titles, ", ")
		if says == "" {
			says = "nothing of this sign-in"
		}
		fmt.Fprintf(&page, "| %s | %s | %s |\n", without, says, deciding(book, lost))
	}
	// Directory.Read.All covers several others, so those are taken from an app that does not hold it.
	const wide = "Directory.Read.All"
	narrow := readAllOf(t, now, func(s *tenantfake.Server) { s.Without(wide) })
	for _, p := range tenantfake.AllPermissions() {
		before := narrow
		if p == wide {
			before = whole
		}
		r := readAllOf(t, now, func(s *tenantfake.Server) { s.Without(p, wide) })
		var lost []facts.Name
		for _, e := range lostFrom(before, r) {
			lost = append(lost, e.Name)
			if !strings.Contains(e.Reason, p) && !strings.Contains(e.Reason, "account") && !strings.Contains(e.Reason, "sign-in row") && !strings.Contains(e.Reason, "domain") {
				t.Errorf("without %s, %s is %s: %s", p, e.Name, e.State, e.Reason)
			}
		}
		row("`"+p+"`", lost)
	}
	for _, licence := range []struct {
		says string
		take func(*tenantfake.State)
	}{
		{"Entra ID P1 (and P2)", func(s *tenantfake.State) { s.NoPremium, s.NoP2 = true, true }},
		{"Entra ID P2", func(s *tenantfake.State) { s.NoP2 = true }},
	} {
		r := readAllOf(t, now, func(s *tenantfake.Server) { s.Change(licence.take) })
		var lost []facts.Name
		for _, e := range lostFrom(whole, r) {
			lost = append(lost, e.Name)
			if e.State == facts.NotPermitted {
				t.Errorf("without %s, %s is said to lack a permission: %s", licence.says, e.Name, e.Reason)
			}
		}
		row(licence.says, lost)
	}
	if *update {
		if err := os.WriteFile(lostFile, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(lostFile)
	if err != nil || string(have) != page.String() {
		t.Errorf("docs/permissions.md is not what the test finds (%v); make it anew with -update:\n%s", err, page.String())
	}
}

// readAllOf reads every fact of a sign-in of the demo, and the trust of its federated domain.
func readAllOf(t *testing.T, now time.Time, change func(*tenantfake.Server)) facts.Report {
	t.Helper()
	clock := &hurried{t: now}
	fake := tenantfake.NewAt(tenantfake.Demo(now), clock.Now)
	defer fake.Close()
	change(fake)
	env := fake.Env()
	cfg, err := graph.FromEnv(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	cfg.RootCAs, cfg.Clock = fake.CertPool(), graph.Clock{Now: clock.Now, After: clock.After}
	tenant, err := graph.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer tenant.Close()
	q := facts.Query{
		Code: 53003, Time: now.Add(-12 * time.Minute), CorrelationID: "8f4d2a6b-1e93-4b7c-8c25-6a9e0b7d3c02", User: "noah@contoso.com",
		Activities: []string{"Update conditional access policy"},
	}
	for _, e := range (facts.Report{}).Entries() {
		if e.Name != facts.NameCases { // not the tenant's to tell
			q.Ask = append(q.Ask, e.Name)
		}
	}
	r := tenant.Collect(t.Context(), q)
	trust := tenant.Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameFederation}, Domain: "fabrikam.com"})
	r.Federation = trust.Federation // the person's own domain is managed
	return r
}

// hurried is a clock that jumps to the end of every wait, so that Graph's limits cost no time.
type hurried struct {
	mu sync.Mutex
	t  time.Time
}

func (h *hurried) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.t
}

func (h *hurried) After(d time.Duration) <-chan time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t = h.t.Add(max(d, 0))
	c := make(chan time.Time, 1)
	c <- h.t
	return c
}

// lostFrom lists what was answered in one report and is not in the other.
func lostFrom(whole, r facts.Report) []facts.Entry {
	var lost []facts.Entry
	was := map[facts.Name]facts.State{}
	for _, e := range whole.Entries() {
		was[e.Name] = e.State
	}
	for _, e := range r.Entries() {
		if (was[e.Name] == facts.Seen || was[e.Name] == facts.Absent) && e.State != facts.Seen && e.State != facts.Absent {
			lost = append(lost, e)
		}
	}
	return lost
}

// deciding counts the causes that look at one of the facts.
func deciding(b *runbooks.Book, lost []facts.Name) string {
	if len(lost) == 0 {
		return "0"
	}
	var names []string
	for _, n := range lost {
		names = append(names, string(n))
	}
	looks := regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)\.`)
	causes := 0
	var codes []int
	for _, code := range b.Codes() {
		for _, c := range b.Lookup(code).Causes {
			if looks.MatchString(c.When) {
				causes++
				if !slices.Contains(codes, code) {
					codes = append(codes, code)
				}
			}
		}
	}
	return fmt.Sprintf("%d, of %d codes", causes, len(codes))
}
