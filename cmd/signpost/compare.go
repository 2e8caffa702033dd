package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"signpost/bot"
	"signpost/handlers"
)

type compareCmd struct {
	Bad      string `arg:"" help:"Who cannot sign in: sign-in name or object id."`
	Good     string `arg:"" help:"Who can."`
	App      string `help:"The app that it is about, by app id. Default: every app." placeholder:"ID"`
	Tenant   string `help:"Which tenant to ask: demo (made up) or live. Default: live." enum:",demo,live" default:"" placeholder:"demo|live"`
	Format   string `help:"text or blocks (Slack's Block Kit)." enum:"text,blocks" default:"text" placeholder:"text|blocks"`
	Config   string `help:"Configuration file: protected accounts." env:"SIGNPOST_CONFIG" placeholder:"FILE"`
	Database string `help:"Where a look-up in the live tenant is recorded; without it, it is not." env:"SIGNPOST_DATABASE_URL" placeholder:"URL"`
}

// Run says what differs between two people.
func (x compareCmd) Run(ctx context.Context, c console) error {
	for _, name := range []string{x.Bad, x.Good} {
		if !named.MatchString(name) {
			return misused("%q is no sign-in name (name@domain) and no object id", name)
		}
	}
	cfg, err := bot.ReadConfig(x.Config)
	if err != nil {
		return usageError{err}
	}
	if x.Tenant == "" {
		x.Tenant = "live"
	}
	tenant, closeTenant, err := openTenant(x.Tenant, cfg.Tenant, logger(c))
	if err != nil {
		return err
	}
	defer closeTenant()
	desk := &handlers.Desk{Tenant: tenant, Policy: bot.Policy(cfg), Now: time.Now}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	compared := desk.Compare(ctx, x.Bad, x.Good, x.App)
	if x.Tenant == "live" {
		for _, d := range compared.People() {
			if err := record(ctx, x.Database, d); err != nil {
				return err
			}
		}
	}
	if compared.Protected(desk) {
		return fmt.Errorf("one of the two is a protected account (tenant.protected): ask the identity team")
	}
	page := handlers.ComposeComparison(compared)
	if x.Format == "blocks" {
		enc := json.NewEncoder(c.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"blocks": page.Draw(nil).Blocks})
	}
	width, _ := isTerminal(c.out)
	return page.Print(c.out, width, coloured(c.out))
}
