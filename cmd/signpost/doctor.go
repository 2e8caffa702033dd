package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"signpost/bot"
	"signpost/bot/jobs"
	"signpost/graph"
	"signpost/graph/facts"
)

type doctorCmd struct {
	Config   string `help:"Configuration file, signpost.yaml." env:"SIGNPOST_CONFIG" placeholder:"FILE"`
	Database string `help:"sqlite:PATH or postgres://USER@HOST/NAME." env:"SIGNPOST_DATABASE_URL" default:"sqlite:signpost.db" placeholder:"URL"`
	SlackAPI string `help:"Address of Slack's Web API." env:"SLACK_API_URL" default:"https://slack.com/api/" placeholder:"URL" name:"slack-api-url"`
	Format   string `help:"text or json." enum:"text,json" default:"text" placeholder:"text|json"`
}

// row is one finding of the doctor.
type row struct {
	Area  string `json:"area"` // settings, slack, entra, database
	Name  string `json:"name"`
	Works bool   `json:"works"`
	Says  string `json:"says"`
	Costs string `json:"costs"` // what is missing in the answer without it
}

// Run checks everything and prints a line each; exit code 1 if something does not work.
func (x doctorCmd) Run(ctx context.Context, c console) error {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	var rows []row
	cfg, err := bot.ReadConfig(x.Config)
	rows = append(rows, verdict("settings", "configuration", err, "the bot does not start"))
	_, err = load(cfg.Runbooks)
	rows = append(rows, verdict("settings", "runbooks", err, "the bot does not start"))
	rows = append(rows, x.database(ctx))
	rows = append(rows, x.slack(ctx, cfg)...)
	rows = append(rows, entra(ctx, c, cfg)...)
	if x.Format == "json" {
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		err = enc.Encode(rows)
	} else {
		err = printRows(c, rows)
	}
	if err != nil {
		return err
	}
	for _, r := range rows {
		if !r.Works {
			return exitCode(failed)
		}
	}
	return nil
}

func verdict(area, name string, err error, costs string) row {
	if err != nil {
		return row{area, name, false, err.Error(), costs}
	}
	return row{Area: area, Name: name, Works: true}
}

func (x doctorCmd) database(ctx context.Context) row {
	if path, ok := strings.CutPrefix(x.Database, "sqlite:"); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) { // a check leaves no files behind
			info, err := os.Stat(filepath.Dir(path))
			if err == nil && !info.IsDir() {
				err = fmt.Errorf("%s is no folder", filepath.Dir(path))
			}
			r := verdict("database", "open and migrate", err, "the bot does not start")
			if err == nil {
				r.Says = "not there yet; the first run makes it"
			}
			return r
		}
	}
	db, err := jobs.OpenBeside(ctx, x.Database, nil) // the bot may be running
	if err == nil {
		err = db.Close()
	}
	return verdict("database", "open and migrate", err, "the bot does not start")
}

func (x doctorCmd) slack(ctx context.Context, cfg bot.Config) []row {
	token, err := secret("SLACK_BOT_TOKEN")
	if err != nil {
		return []row{verdict("slack", "SLACK_BOT_TOKEN", err, "the bot does not start")}
	}
	appToken, err := secret("SLACK_APP_TOKEN")
	if err != nil {
		return []row{verdict("slack", "SLACK_APP_TOKEN", err, "the bot does not start")}
	}
	signing, err := secret("SLACK_SIGNING_SECRET")
	if err != nil {
		return []row{verdict("slack", "SLACK_SIGNING_SECRET", err, "the bot does not start")}
	}
	var rows []row
	for _, p := range bot.CheckSlack(ctx, bot.Settings{Config: cfg, BotToken: token, AppToken: appToken, SigningSecret: signing, SlackAPIURL: x.SlackAPI}) {
		rows = append(rows, row{"slack", p.Name, p.Works, p.Says, p.Costs})
	}
	return rows
}

func entra(ctx context.Context, c console, cfg bot.Config) []row {
	if !graph.Configured(os.Getenv) {
		return []row{{"entra", "credentials, permissions and licence", false, "no credentials are set (AZURE_TENANT_ID, AZURE_CLIENT_ID and a credential)", "every fact: answers hold the runbook alone"}}
	}
	t, err := liveTenant(cfg.Tenant, logger(c))
	if err != nil {
		return []row{verdict("entra", "credentials", err, "the bot does not start")}
	}
	var rows []row
	for _, k := range t.Check(ctx) {
		rows = append(rows, row{"entra", k.Name, k.State == facts.Seen, k.Reason, k.Costs})
	}
	return rows
}

func printRows(c console, rows []row) error {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		state, says := "works", r.Says
		if !r.Works {
			state = "MISSING"
			if r.Costs != "" {
				says += "; without it: " + r.Costs
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", state, r.Area, r.Name, says)
	}
	return w.Flush()
}
