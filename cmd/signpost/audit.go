package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"signpost/bot"
	"signpost/bot/jobs"
	"signpost/handlers"
)

type auditCmd struct {
	Since    string `help:"Entries from then on: 2026-11-24, or a time as in 2026-11-24T08:00:00Z. A day without a time begins in UTC." placeholder:"TIME"`
	Before   string `help:"Entries before then." placeholder:"TIME"`
	User     string `help:"Entries about this person, by sign-in name." placeholder:"UPN"`
	Asker    string `help:"Entries of whoever asked, by Slack user id (U…), or by account name for the command line." placeholder:"ID"`
	Format   string `help:"text, json (one object a line) or csv." enum:"text,json,csv" default:"text" placeholder:"text|json|csv"`
	Database string `help:"sqlite:PATH or postgres://USER@HOST/NAME." env:"SIGNPOST_DATABASE_URL" default:"sqlite:signpost.db" placeholder:"URL"`
}

// Run writes the entries as they are read, oldest first, so that a long trail needs no memory.
func (a auditCmd) Run(ctx context.Context, c console) error {
	f := bot.AuditFilter{Asker: a.Asker, Subject: a.User}
	for name, x := range map[string]struct {
		text string
		to   *time.Time
	}{"--since": {a.Since, &f.Since}, "--before": {a.Before, &f.Before}} {
		if x.text == "" {
			continue
		}
		t, err := moment(x.text)
		if err != nil {
			return misused("%s %q is no time such as 2026-11-24 or 2026-11-24T08:00:00Z", name, x.text)
		}
		*x.to = t
	}
	if !f.Since.IsZero() && !f.Before.IsZero() && !f.Since.Before(f.Before) {
		return misused("--since is not before --before, so there is nothing between them")
	}
	db, err := openBeside(ctx, a.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	out := bufio.NewWriter(c.out)
	write := a.writer(out)
	for e, err := range db.Store().AuditEntries(ctx, f) {
		if err == nil {
			err = write(&e)
		}
		if err != nil {
			return err
		}
	}
	if err := write(nil); err != nil {
		return err
	}
	return out.Flush()
}

// openBeside opens the bot's database for a command that only reads or removes. A file that is not there is not made: an
// empty database would say that nothing is kept.
func openBeside(ctx context.Context, url string) (*jobs.DB, error) {
	if scheme, path, ok := strings.Cut(url, ":"); ok && strings.EqualFold(scheme, "sqlite") {
		path = strings.TrimPrefix(path, "//")
		if _, err := os.Stat(path); err != nil {
			return nil, misused("database: there is no file %s; name the bot's with --database or SIGNPOST_DATABASE_URL", path)
		}
	}
	db, err := jobs.OpenBeside(ctx, url, nil)
	if err != nil {
		return nil, usageError{fmt.Errorf("database: %w", err)}
	}
	return db, nil
}

// moment reads a day or a time.
func moment(s string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, s)
}

// auditColumns are the fields of an entry, as JSON and CSV name them.
var auditColumns = [...]string{"id", "at", "asker", "subject", "place", "facts", "why", "case"}

// auditJSON is an entry for programs. case is null where a lookup had none.
type auditJSON struct {
	ID      int64     `json:"id"`
	At      time.Time `json:"at"`
	Asker   string    `json:"asker"`
	Subject string    `json:"subject"`
	Place   string    `json:"place"`
	Facts   []string  `json:"facts"`
	Why     string    `json:"why"`
	Case    *int64    `json:"case"`
}

// writer writes one entry after the other; nil ends them.
func (a auditCmd) writer(out io.Writer) func(*bot.AuditRecord) error {
	switch a.Format {
	case "json":
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return func(e *bot.AuditRecord) error {
			if e == nil {
				return nil
			}
			j := auditJSON{ID: e.ID, At: e.At, Asker: e.Asker, Subject: e.Subject, Place: e.Place, Facts: e.Facts, Why: e.Why}
			if e.Case != 0 {
				j.Case = &e.Case
			}
			return enc.Encode(j)
		}
	case "csv":
		return csvWriter(out)
	}
	none := true
	return func(e *bot.AuditRecord) error {
		if e == nil {
			if none {
				fmt.Fprintln(out, "No entry of the audit trail fits.")
			}
			return nil
		}
		none = false
		line := fmt.Sprintf("%s  %s looked up %s in %s (%s): %s", e.At.Format("2006-01-02 15:04:05Z"), or(e.Asker, "somebody"), or(e.Subject, "nobody"),
			or(e.Place, "an unknown place"), or(e.Why, "no reason given"), or(strings.Join(e.Facts, ", "), "nothing was read"))
		_, err := fmt.Fprintln(out, handlers.Clean(line))
		return err
	}
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

func csvWriter(out io.Writer) func(*bot.AuditRecord) error {
	w := csv.NewWriter(out)
	started := false
	return func(e *bot.AuditRecord) error {
		if !started { // the header also stands over no entries
			started = true
			if err := w.Write(auditColumns[:]); err != nil {
				return err
			}
		}
		if e == nil {
			w.Flush()
			return w.Error()
		}
		entryCase := ""
		if e.Case != 0 {
			entryCase = strconv.FormatInt(e.Case, 10)
		}
		return w.Write([]string{
			strconv.FormatInt(e.ID, 10), e.At.Format(time.RFC3339), harmless(e.Asker), harmless(e.Subject), harmless(e.Place),
			harmless(strings.Join(e.Facts, " ")), harmless(e.Why), entryCase,
		})
	}
}

// harmless keeps a spreadsheet from taking a cell for a formula: a name may come from a paste.
// https://owasp.org/www-community/attacks/CSV_Injection
func harmless(cell string) string {
	if s := strings.TrimLeft(cell, " \u00a0"); s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(s)[0]) {
		return "'" + cell
	}
	return cell
}
