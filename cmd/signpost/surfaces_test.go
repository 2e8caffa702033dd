package main

import (
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"signpost/bot"
	"signpost/bot/slackfake"
	"signpost/handlers"
)

var surfacesTo = flag.String("surfaces", "", "write each surface as JSON into this folder, for docs/picture")

// surface is one thing that people look at in Slack, as docs/picture draws it.
type surface struct {
	Kind     string         `json:"kind"` // thread, private, home, modal
	Title    string         `json:"title"`
	Messages []surfacePiece `json:"messages"`
}

type surfacePiece struct {
	Name    string            `json:"name"`
	Private string            `json:"private,omitempty"` // who alone sees it
	Blocks  []slackfake.Block `json:"blocks"`
}

// TestSurfaces goes once through everything that people see, with the real bot between the two fakes, and keeps the
// pictures' contents where it is asked to.
func TestSurfaces(t *testing.T) {
	d, err := startDemo(t.Context(), console{in: strings.NewReader(""), out: io.Discard, err: t.Output()}, string(handlers.Full))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	until := func(what string, condition func(*slackfake.Snapshot) bool) {
		t.Helper()
		if err := d.wait(t.Context(), condition); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	must := func(i slackfake.Invocation, err error) slackfake.Invocation {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	keep := func(name string, s surface, want ...string) {
		t.Helper()
		all, err := json.MarshalIndent(s, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(all), w) {
				t.Errorf("%s lacks %q", name, w)
			}
		}
		if *surfacesTo != "" {
			if err := os.WriteFile(filepath.Join(*surfacesTo, name+".json"), all, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	said := func(text string) []slackfake.Block {
		return []slackfake.Block{{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": text}}}
	}
	answered := func(ts string) (reply slackfake.Message) {
		t.Helper()
		until("an answer", func(n *slackfake.Snapshot) bool {
			all := n.Thread(demoChannel, ts)
			if len(all) < 2 {
				return false
			}
			reply = all[1]
			return !strings.Contains(reply.BlockText(), handlers.ReadingSays)
		})
		return reply
	}
	ask := func(text string) (last slackfake.Message) {
		t.Helper()
		before := len(d.slack.Ephemerals(demoAgent))
		must(d.slack.Command(demoAgent, demoChannel, bot.Command, text))
		until(text, func(n *slackfake.Snapshot) bool {
			for _, m := range n.Ephemerals(demoAgent)[before:] {
				if len(m.Blocks) > 0 || !strings.HasSuffix(m.Text, "…") {
					last = m
					return true
				}
			}
			return false
		})
		if len(last.Blocks) == 0 {
			last.Blocks = said(last.Text)
		}
		return last
	}
	private := func(title string, m slackfake.Message) surface {
		return surface{Kind: "private", Title: title, Messages: []surfacePiece{{Name: "Signpost", Private: "you", Blocks: m.Blocks}}}
	}

	ts := d.slack.Post(demoChannel, demoPerson, d.pastes[0].Text)
	reply := answered(ts)
	keep("answer", surface{Kind: "thread", Messages: []surfacePiece{
		{Name: "Ben Okafor", Blocks: said("I can't get into Expenses any more :(\n```" + d.pastes[0].Text + "```")}, {Name: "Signpost", Blocks: reply.Blocks},
	}}, "holds no second factor", "Before you reset anything", "Solved")

	d.slack.OpenHome(demoAgent)
	until("the Home tab", func(n *slackfake.Snapshot) bool { _, ok := n.Home(demoAgent); return ok })
	home, _ := d.slack.Home(demoAgent)
	keep("home", surface{Kind: "home", Title: "Signpost", Messages: []surfacePiece{{Name: "Signpost", Blocks: home.Blocks}}}, "Open cases", "AADSTS50076")

	must(d.slack.Click(demoAgent, demoChannel, reply.TS, handlers.ActionSolved))
	until("the question what fixed it", func(n *slackfake.Snapshot) bool { _, ok := n.Modal(demoAgent); return ok })
	modal, _ := d.slack.Modal(demoAgent)
	keep("solved", surface{Kind: "modal", Title: modal.Title, Messages: []surfacePiece{{Name: "Signpost", Blocks: modal.Blocks}}}, "What fixed it?", "no-method")
	must(d.slack.CloseView(demoAgent))

	plain := d.slack.Post(demoChannel, demoPerson, "the portal throws me out again, any idea?")
	must(d.slack.Shortcut(demoAgent, demoChannel, plain, handlers.CallbackDiagnose))
	until("the form", func(n *slackfake.Snapshot) bool {
		v, ok := n.Modal(demoAgent)
		return ok && strings.Contains(v.BlockText(), "Who cannot sign in")
	})
	modal, _ = d.slack.Modal(demoAgent)
	keep("form", surface{Kind: "modal", Title: modal.Title, Messages: []surfacePiece{{Name: "Signpost", Blocks: modal.Blocks}}})
	must(d.slack.CloseView(demoAgent))

	keep("command", private("/aadsts mia@contoso.com", ask("mia@contoso.com")), "Share to channel")
	keep("search", private("/aadsts mfa", ask("mfa")), "AADSTS50079")
	keep("domain", private("/aadsts tailspin.example", ask("tailspin.example")), "If nobody acts")
	keep("compare", private("/aadsts compare mia@contoso.com noah@contoso.com", ask("compare mia@contoso.com noah@contoso.com")))
	keep("report", private("/aadsts report", ask("report")), "case")
	keep("status", private("/aadsts status", ask("status")), "It can read")

	stuck := answered(d.slack.Post(demoChannel, demoPerson, d.pastes[1].Text))
	must(d.slack.Click(demoPerson, demoChannel, stuck.TS, handlers.ActionStuck))
	var handed slackfake.Message
	until("the hand-over", func(n *slackfake.Snapshot) bool {
		all := n.Messages("C0IDENTITY")
		if len(all) == 1 {
			handed = all[0]
		}
		return len(all) == 1
	})
	keep("handover", surface{Kind: "private", Title: "#identity", Messages: []surfacePiece{{Name: "Signpost", Blocks: handed.Blocks}}}, "still stuck")

	now := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	for _, who := range []string{demoAgent, "U0CAROL", "U0DAVE"} {
		d.slack.Post(demoChannel, who, "AADSTS50105: Your administrator has configured the application Expenses ('7b9f3c1d-2a4e-4c6b-9d8f-0a1b2c3d4e5f') to block users unless they are specifically granted access. "+
			"Timestamp: "+now)
	}
	var incident slackfake.Message
	until("the incident", func(n *slackfake.Snapshot) bool {
		for _, m := range n.Messages("C0IDENTITY") {
			if strings.Contains(m.Text, "several people") {
				incident = m
				return true
			}
		}
		return false
	})
	keep("incident", surface{Kind: "private", Title: "#identity", Messages: []surfacePiece{{Name: "Signpost", Blocks: incident.Blocks}}}, "50105")
}
