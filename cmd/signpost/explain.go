package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/user"
	"regexp"
	"strings"
	"time"

	"signpost/bot"
	"signpost/bot/jobs"
	"signpost/graph/facts"
	"signpost/handlers"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

type explainCmd struct {
	Text     []string `arg:"" optional:"" help:"The pasted error; standard input where there is none."`
	Tenant   string   `help:"Which tenant to ask: none, demo (made up) or live. Default: live with credentials, else none." enum:",none,demo,live" default:"" placeholder:"none|demo|live"`
	User     string   `help:"The affected person, by sign-in name. Alone: the diagnosis of a person." placeholder:"UPN"`
	Format   string   `help:"text, json or blocks (Slack's Block Kit)." enum:"text,json,blocks" default:"text" placeholder:"text|json|blocks"`
	Details  string   `help:"What the thread may hold: full, agents or none." enum:"full,agents,none" default:"full" placeholder:"full|agents|none"`
	Config   string   `help:"Configuration file: protected accounts and the operator's runbooks." env:"SIGNPOST_CONFIG" placeholder:"FILE"`
	Database string   `help:"Where a look-up of a person in the live tenant is recorded; without it, it is not." env:"SIGNPOST_DATABASE_URL" placeholder:"URL"`
	Dir      string   `help:"Folder of the operator's own runbooks; goes before the configuration's." placeholder:"DIR"`
}

// named is a sign-in name or an object id.
var named = regexp.MustCompile(`^([^\s@"()]+@[^\s@"()]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$`)

// maxPaste bounds what is read from standard input: far more than any message holds.
const maxPaste = 4 << 20

// Run explains an error or a person. It exits with 0 whenever there is an answer, also when facts could not be read.
func (x explainCmd) Run(ctx context.Context, c console) error {
	text, err := x.text(c)
	if err != nil {
		return err
	}
	if x.User != "" && !named.MatchString(x.User) {
		return misused("--user %q is no sign-in name (name@domain) and no object id", x.User)
	}
	cfg, err := bot.ReadConfig(x.Config)
	if err != nil {
		return usageError{err}
	}
	if x.Dir == "" {
		x.Dir = cfg.Runbooks
	}
	book, err := load(x.Dir)
	if err != nil {
		return err
	}
	tenant, closeTenant, err := openTenant(x.Tenant, cfg.Tenant, logger(c))
	if err != nil {
		return err
	}
	defer closeTenant()

	errs := aadsts.Find(text)
	if kinds := aadsts.FindSecrets(text); len(kinds) > 0 {
		fmt.Fprintf(c.err, "signpost: the text holds what looks like a secret (%s): revoke or renew it\n", kinds[0].Kind)
	}
	if len(errs) == 0 && x.User == "" {
		return errors.New("no Entra error found in the text: paste the whole error with its AADSTS code, or name a person with --user")
	}
	desk := &handlers.Desk{Book: book, Tenant: tenant, Policy: bot.Policy(cfg), Now: time.Now}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	q := handlers.Question{Errors: errs, User: x.User}
	d := desk.Diagnose(ctx, q, nil)
	if err := x.audit(ctx, d); err != nil {
		return err
	}
	switch n := unreadable(d.Report); {
	case n != "":
		fmt.Fprintln(c.err, "signpost: could not read: "+n)
	case tenant == nil && x.User != "":
		fmt.Fprintln(c.err, "signpost: no tenant was asked about the person: add --tenant demo, or set credentials and use --tenant live")
	}
	return x.write(c, desk, q, d)
}

// audit records a look-up in the live tenant, where there is a database to record it in.
func (x explainCmd) audit(ctx context.Context, d runbooks.Diagnosis) error {
	who := d.Report.Subject.User
	if who == "" || x.Tenant != "live" && x.Tenant != "" {
		return nil
	}
	return record(ctx, x.Database, d)
}

// record writes a look-up of a person into the audit, where there is a database.
func record(ctx context.Context, database string, d runbooks.Diagnosis) error {
	if database == "" {
		return nil
	}
	db, err := jobs.OpenBeside(ctx, database, nil)
	if err != nil {
		return usageError{fmt.Errorf("database: %w", err)}
	}
	defer db.Close()
	asker := "unknown"
	if u, err := user.Current(); err == nil {
		asker = u.Username
	}
	return db.Store().Audit(ctx, bot.AuditEntry(d, asker, "cli", 0))
}

// text is the arguments, or standard input. A person alone needs no text.
func (x explainCmd) text(c console) (string, error) {
	if len(x.Text) > 0 {
		return strings.Join(x.Text, " "), nil
	}
	if _, tty := isTerminal(c.in); tty {
		if x.User != "" {
			return "", nil
		}
		return "", misused("give the error as arguments or on standard input, or name a person with --user")
	}
	if x.User != "" {
		return readIfThere(c.in)
	}
	return readAll(c.in)
}

func readAll(in io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxPaste))
	if err != nil {
		return "", fmt.Errorf("read the text: %w", err)
	}
	return string(text), nil
}

// silentFor is how long a standard input that nobody writes to is waited for, where it is not needed: a pipe that is open
// but silent must not hold up `explain --user`.
const silentFor = time.Second

// readIfThere reads what comes, if its first byte comes soon.
func readIfThere(in io.Reader) (string, error) {
	r := bufio.NewReader(in)
	first := make(chan error, 1)
	go func() { _, err := r.Peek(1); first <- err }()
	select {
	case err := <-first:
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		return readAll(r)
	case <-time.After(silentFor):
		return "", nil
	}
}

func (x explainCmd) write(c console, desk *handlers.Desk, q handlers.Question, d runbooks.Diagnosis) error {
	drawn := d
	details := handlers.Details(x.Details)
	if details != handlers.Full {
		drawn = desk.Offline(q.Within(details)) // such a thread holds nothing of the directory
	}
	protected := desk.Protected(d)
	page := handlers.Compose(drawn, handlers.View{Details: details, Protected: protected})
	var buttons *handlers.Buttons
	if d.Primary != nil { // a person is diagnosed privately, without buttons
		buttons = &handlers.Buttons{Key: "explain", Show: details == handlers.Agents && desk.Tenant != nil && !protected}
	}
	switch x.Format {
	case "json":
		return handlers.Explain(d, page.Draw(buttons)).Write(json.NewEncoder(c.out))
	case "blocks":
		enc := json.NewEncoder(c.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"blocks": page.Draw(buttons).Blocks})
	}
	width, _ := isTerminal(c.out)
	return page.Print(c.out, width, coloured(c.out))
}

// unreadable names the facts that were asked for and could not be had, those with one reason together.
func unreadable(r facts.Report) string {
	var order []string
	names := map[string][]string{}
	for _, e := range r.Entries() {
		switch e.State {
		case facts.Failed, facts.NotPermitted, facts.NotLicensed:
			why := fmt.Sprintf("%s: %s", e.State, e.Reason)
			if names[why] == nil {
				order = append(order, why)
			}
			names[why] = append(names[why], string(e.Name))
		}
	}
	for i, why := range order {
		order[i] = fmt.Sprintf("%s (%s)", strings.Join(names[why], ", "), why)
	}
	return strings.Join(order, "; ")
}
