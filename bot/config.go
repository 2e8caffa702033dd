package bot

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/robfig/cron/v3"

	"signpost/graph/facts"
)

// Config is signpost.yaml. Unknown keys are refused, so that a misspelt one is noticed. Secrets are never in it: they
// come from the environment.
type Config struct {
	Slack      SlackConfig      `yaml:"slack"`
	Tenant     TenantConfig     `yaml:"tenant"`
	Federation FederationConfig `yaml:"federation"`
	Report     ReportConfig     `yaml:"report"`
	// RetentionDays is how long cases, audit entries and the bot's diagnoses are kept. Default 30; at least 1.
	RetentionDays int `yaml:"retention_days"`
	// Runbooks is a folder of the operator's own runbooks, laid over the built-in ones. Optional.
	Runbooks string `yaml:"runbooks"`
}

// SlackConfig is where the bot listens and who may see what.
type SlackConfig struct {
	// Channels are the channels that are answered in. None listed: every channel that the bot is in, with details agents.
	Channels []ChannelConfig `yaml:"channels"`
	// Agents are the user groups (S…) and users (U…, W…) who may see diagnoses.
	Agents []string `yaml:"agents"`
	// Escalate is the channel that Still stuck and incidents go to. Optional.
	Escalate string `yaml:"escalate"`
}

// ChannelConfig is one channel.
type ChannelConfig struct {
	// ID is the channel's id, C… or G….
	ID string `yaml:"id"`
	// Details is what a thread may hold: full, agents (default) or none. Full counts in private channels only.
	Details string `yaml:"details"`
	// Bots are integrations (bot ids B… or app ids A…) whose posts are read too.
	Bots []string `yaml:"bots"`
}

// TenantConfig is what Graph does not tell about the tenant.
type TenantConfig struct {
	// Protected are sign-in names or object ids that are never shown in a thread, such as emergency accounts.
	Protected []string `yaml:"protected"`
	// Metadata is the address of the federation metadata of a domain's identity provider, by domain: https, and where it cannot
	// be guessed. Its host may have any address, also a link-local one, which no other host may.
	Metadata map[string]string `yaml:"metadata"`
}

// FederationConfig is the scheduled health post.
type FederationConfig struct {
	// Schedule is a cron expression of five fields, or a descriptor such as @daily. Empty: no post.
	Schedule string `yaml:"schedule"`
	// Timezone is the IANA name of the schedule's zone. Default UTC.
	Timezone string `yaml:"timezone"`
	// Channel is where the post goes.
	Channel string `yaml:"channel"`
	// WarnDays are the days before a certificate's end at which it is posted, each once. Default 60 30 14 7 3 1.
	WarnDays []int `yaml:"warn_days"`
	// Apps adds the SAML signing certificates of enterprise apps and the secrets and certificates of app registrations: those
	// that end within 30 days. It reads every app of the tenant, which takes Application.Read.All and, in a large tenant, a
	// while. Default false.
	Apps bool `yaml:"apps"`
}

// ReportConfig is the scheduled report on what was asked and what helped.
type ReportConfig struct {
	// Schedule is a cron expression of five fields, or a descriptor such as @weekly. Empty: no post. A report covers the time
	// since the moment before.
	Schedule string `yaml:"schedule"`
	// Timezone is the IANA name of the schedule's zone. Default UTC.
	Timezone string `yaml:"timezone"`
	// Channel is where the post goes. It names apps and policies, and no person.
	Channel string `yaml:"channel"`
}

// DefaultConfig is the configuration of an empty file.
func DefaultConfig() Config {
	return Config{RetentionDays: 30, Report: ReportConfig{Timezone: "UTC"}, Federation: FederationConfig{Timezone: "UTC", WarnDays: []int{60, 30, 14, 7, 3, 1}}}
}

// ReadConfig reads and checks the file; an empty path gives the defaults. Every complaint is in the error.
func ReadConfig(path string) (Config, error) {
	c := DefaultConfig()
	if path == "" {
		return c, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read the configuration: %w", err)
	}
	if len(strings.TrimSpace(string(text))) > 0 {
		if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
			return c, fmt.Errorf("configuration %s: %s", path, firstLine(err.Error()))
		}
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// check returns everything that is wrong, in one line.
func (c Config) check() error {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	seen := map[string]bool{}
	for i, ch := range c.Slack.Channels {
		if !isID(ch.ID, "CGD") {
			say("slack.channels[%d].id %q is no channel id (C…); copy it from the channel's details in Slack", i, ch.ID)
		}
		if seen[ch.ID] {
			say("slack.channels[%d].id %s is listed twice", i, ch.ID)
		}
		seen[ch.ID] = true
		if !slices.Contains([]string{"", "full", "agents", "none"}, ch.Details) {
			say("slack.channels[%d].details %q is none of full, agents, none", i, ch.Details)
		}
		for _, b := range ch.Bots {
			if !isID(b, "BA") {
				say("slack.channels[%d].bots: %q is no bot id (B…) or app id (A…)", i, b)
			}
		}
	}
	for _, a := range c.Slack.Agents {
		if !isID(a, "SUW") {
			say("slack.agents: %q is no user group (S…) or user (U…) id", a)
		}
	}
	for key, ch := range map[string]string{"slack.escalate": c.Slack.Escalate, "federation.channel": c.Federation.Channel, "report.channel": c.Report.Channel} {
		if ch != "" && !isID(ch, "CG") {
			say("%s %q is no channel id (C…)", key, ch)
		}
	}
	if c.RetentionDays < 1 {
		say("retention_days is %d; it must be at least 1", c.RetentionDays)
	}
	for _, p := range c.Tenant.Protected {
		if !account.MatchString(p) {
			say("tenant.protected: %q is no sign-in name (name@domain) and no object id", p)
		}
	}
	for domain, address := range c.Tenant.Metadata {
		if err := facts.CheckMetadataAddress(domain, address); err != nil {
			say("%s", err)
		}
	}
	if _, err := time.LoadLocation(c.Federation.Timezone); err != nil {
		say("federation.timezone %q is no IANA time zone, such as Europe/Berlin", c.Federation.Timezone)
	}
	if s := c.Federation.Schedule; s != "" {
		if _, err := cron.ParseStandard(s); err != nil {
			say("federation.schedule %q is no cron expression of five fields", s)
		}
		if c.Federation.Channel == "" {
			say("federation.schedule is set, but federation.channel is not")
		}
	}
	if _, err := time.LoadLocation(c.Report.Timezone); err != nil {
		say("report.timezone %q is no IANA time zone, such as Europe/Berlin", c.Report.Timezone)
	}
	if s := c.Report.Schedule; s != "" {
		if _, err := cron.ParseStandard(s); err != nil {
			say("report.schedule %q is no cron expression of five fields", s)
		}
		if c.Report.Channel == "" {
			say("report.schedule is set, but report.channel is not")
		}
	}
	for _, d := range c.Federation.WarnDays {
		if d < 1 {
			say("federation.warn_days holds %d; each must be at least 1", d)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return errors.New(strings.Join(wrong, "; "))
}

// account is a sign-in name or an object id.
var account = regexp.MustCompile(`^([^\s@]+@[^\s@]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$`)

// isID reports whether s looks like a Slack id that starts with one of the letters.
func isID(s, letters string) bool {
	if len(s) < 3 || !strings.ContainsRune(letters, rune(s[0])) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') }) < 0
}
