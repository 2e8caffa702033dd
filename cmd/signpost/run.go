package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"signpost/bot"
	"signpost/bot/jobs"
	"signpost/graph"
	"signpost/graph/facts"
	"signpost/handlers"
)

type runCmd struct {
	Config   string `help:"Configuration file, signpost.yaml." env:"SIGNPOST_CONFIG" placeholder:"FILE"`
	Database string `help:"sqlite:PATH or postgres://USER@HOST/NAME." env:"SIGNPOST_DATABASE_URL" default:"sqlite:signpost.db" placeholder:"URL"`
	Listen   string `help:"Address of the health, metrics and (in HTTP mode) Slack endpoints." env:"SIGNPOST_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	SlackAPI string `help:"Address of Slack's Web API." env:"SLACK_API_URL" default:"https://slack.com/api/" placeholder:"URL" name:"slack-api-url"`
	Check    bool   `help:"Check the configuration and the runbooks, then exit."`
}

// Run runs the bot until it is told to stop. Wrong configuration, tokens or database end it with exit code 2.
func (r runCmd) Run(ctx context.Context, c console) error {
	cfg, err := bot.ReadConfig(r.Config)
	if err != nil {
		return usageError{err}
	}
	if err := checkLogSettings(); err != nil {
		return err
	}
	book, err := load(cfg.Runbooks)
	if err != nil {
		return err
	}
	if r.Check {
		if err := r.checkAddresses(); err != nil {
			return usageError{err}
		}
		fmt.Fprintf(c.out, "configuration and %d runbooks are well\n", len(book.Codes()))
		return nil
	}
	s := bot.Settings{Config: cfg, Book: book, SlackAPIURL: r.SlackAPI, DatabaseURL: r.Database, Listen: r.Listen, Out: c.out, Log: newLogger(c, slog.LevelInfo)}
	if !strings.HasSuffix(s.SlackAPIURL, "/") {
		s.SlackAPIURL += "/"
	}
	for name, to := range map[string]*string{"SLACK_BOT_TOKEN": &s.BotToken, "SLACK_APP_TOKEN": &s.AppToken, "SLACK_SIGNING_SECRET": &s.SigningSecret} {
		if *to, err = secret(name); err != nil {
			return err
		}
	}
	if graph.Configured(os.Getenv) {
		t, err := liveTenant(cfg.Tenant, s.Log)
		if err != nil {
			return err
		}
		s.Trusts = t
		s.Tenant, s.TenantSays = t, func(ctx context.Context) []string { return tenantSays(t.Check(ctx)) }
	}
	if err := bot.Run(ctx, s); err != nil {
		var setup *bot.SetupError
		if errors.As(err, &setup) {
			return usageError{err}
		}
		return err
	}
	return nil
}

// checkAddresses looks at the settings that can be wrong by themselves.
func (r runCmd) checkAddresses() error {
	if err := bot.CheckSlackURL(r.SlackAPI); err != nil {
		return err
	}
	if err := jobs.CheckURL(r.Database); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(r.Listen); err != nil {
		return fmt.Errorf("SIGNPOST_LISTEN %q is no HOST:PORT", r.Listen)
	}
	if graph.Configured(os.Getenv) {
		if _, err := graph.FromEnv(os.Getenv); err != nil {
			return err
		}
	}
	return nil
}

// tenantSays puts the tenant's checks into a line for what works and one for each thing that does not.
func tenantSays(checks []graph.Check) []string {
	var good, lines []string
	for _, x := range checks {
		if x.State == facts.Seen {
			good = append(good, x.Name)
			continue
		}
		line := fmt.Sprintf("Entra lacks %s: %s", x.Name, x.Reason)
		if x.Costs != "" {
			line += "; without it " + x.Costs
		}
		lines = append(lines, line)
	}
	if len(good) > 0 {
		lines = append([]string{"Entra: " + strings.Join(good, ", ")}, lines...)
	}
	return lines
}

func checkLogSettings() error {
	var level slog.Level
	if s := os.Getenv("SIGNPOST_LOG_LEVEL"); s != "" && level.UnmarshalText([]byte(strings.ToUpper(s))) != nil {
		return misused("SIGNPOST_LOG_LEVEL %q is none of debug, info, warn, error", s)
	}
	if s := os.Getenv("SIGNPOST_LOG_FORMAT"); s != "" && s != "text" && s != "json" {
		return misused("SIGNPOST_LOG_FORMAT %q is none of text, json", s)
	}
	return nil
}

var _ handlers.Directory = (*graph.Tenant)(nil)
