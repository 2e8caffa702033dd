package handlers

import (
	"context"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// Content says what a message holds, and with it who may read it. Whatever composes a message says so; the bot's outlet
// holds every message against it before it leaves. The zero Content is the runbook alone, which everybody may read.
type Content struct {
	// Level is the least setting of a channel whose thread may hold it: None (or "") the runbook, Agents what a message
	// itself said, Full what was read of the tenant.
	Level Details
	// About are all names of the person whom directory data are about. That person may read them privately, and no other
	// who is not an agent.
	About []string
	// Desk is for agents alone, for the channels that the operator named for them (escalation, health posts), and for those
	// with details full: figures, open cases, the federation's health. By itself it tells of nobody's
	// account; with About set, no channel named for agents may hold it for that alone.
	Desk bool
	// Actors names who changed something in the tenant. A channel may hold it only while it is private.
	Actors bool
}

// Screen is a view of Slack, a modal or the Home tab, with what it holds. One of the two is set.
// https://docs.slack.dev/surfaces/modals, https://docs.slack.dev/surfaces/app-home
type Screen struct {
	Modal *slack.ModalViewRequest
	Home  *slack.HomeTabViewRequest
	Holds Content
}

// ContentOf is what a page of a diagnosis holds when it is composed with these details. A sign-in row of somebody else than
// whom the message names makes it nobody's own: then it is for agents alone.
func ContentOf(d runbooks.Diagnosis, details Details) Content {
	c := Content{Level: details}
	if row := d.Report.SignIn.Value; details == Full && (row == nil || row.UserID == "" || d.Report.User.Value == nil || strings.EqualFold(row.UserID, d.Report.User.Value.ID)) {
		c.About = d.Report.Names()
	}
	return c
}

// MayHold reports whether the messages of a channel may hold the content now. shared is the word of an event that the
// channel is shared, which may be newer than what Slack's lookup tells.
func (g *Gate) MayHold(ctx context.Context, channel string, shared bool, c Content) bool {
	details := g.Details(ctx, channel)
	switch {
	case c.Actors && (shared || !g.Private(ctx, channel)):
		return false
	case c.Desk && len(c.About) == 0 && slices.Contains(g.policy.Desks, channel):
		return true
	case c.Desk || c.Level == Full:
		return details == Full && !shared
	case c.Level == Agents:
		return details != None
	}
	return true
}

// MayRead reports whether a person may be shown the content privately. channel is where it is shown, "" where it is in no
// channel. Whoever cannot be looked up may read the runbook and what was said in front of them, and nothing else.
func (g *Gate) MayRead(ctx context.Context, person, team, channel string, c Content) bool {
	if c.Level != Full && !c.Desk {
		return true
	}
	if c.Level == Full && g.policy.Channels[channel] == None {
		return false
	}
	r, err := g.Reader(ctx, person, team)
	if err != nil || !r.Inside {
		return false
	}
	mine := r.Email != "" && slices.ContainsFunc(c.About, func(n string) bool { return strings.EqualFold(n, r.Email) })
	return r.Agent || mine && !c.Desk
}

// Withholds reports why no place may be shown a payload, "" where nothing is against it: it names a protected account,
// or it holds a secret. texts are all that would be shown. It is the last look, for what masking upstream has missed.
func (p Policy) Withholds(texts []string) string {
	for _, t := range texts {
		lower := strings.ToLower(t)
		for _, name := range p.Protected {
			if name != "" && strings.Contains(lower, strings.ToLower(name)) {
				return "it names a protected account"
			}
		}
		if len(aadsts.FindSecrets(t)) > 0 {
			return "it holds a secret"
		}
	}
	return ""
}

// Policy is what the gate goes by.
func (g *Gate) Policy() Policy { return g.policy }
