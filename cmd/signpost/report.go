package main

import (
	"context"
	"encoding/json"
	"time"

	"signpost/bot"
	"signpost/handlers"
)

type reportCmd struct {
	Days     int    `help:"How many days back." default:"7" placeholder:"N"`
	Format   string `help:"text or json." enum:"text,json" default:"text" placeholder:"text|json"`
	Config   string `help:"Configuration file: runbooks and retention_days." env:"SIGNPOST_CONFIG" placeholder:"FILE"`
	Database string `help:"sqlite:PATH or postgres://USER@HOST/NAME." env:"SIGNPOST_DATABASE_URL" default:"sqlite:signpost.db" placeholder:"URL"`
}

// Run prints what /aadsts report shows.
func (r reportCmd) Run(ctx context.Context, c console) error {
	if r.Days < 1 || r.Days > 366 {
		return misused("--days %d is not between 1 and 366", r.Days)
	}
	cfg, err := bot.ReadConfig(r.Config)
	if err != nil {
		return usageError{err}
	}
	book, err := load(cfg.Runbooks)
	if err != nil {
		return err
	}
	db, err := openBeside(ctx, r.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	now := time.Now()
	f, err := bot.ReadFigures(ctx, db.Store(), book, now.AddDate(0, 0, -r.Days), now, cfg.RetentionDays)
	if err != nil {
		return err
	}
	if r.Format == "json" {
		enc := json.NewEncoder(c.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(handlers.ExplainReport(f, book))
	}
	width, _ := isTerminal(c.out)
	return handlers.ComposeReport(f, book).Print(c.out, width, coloured(c.out))
}
