package handlers

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// withinLimits holds a message against Slack's limits. https://docs.slack.dev/reference/block-kit/blocks
func withinLimits(t *testing.T, m Message) {
	t.Helper()
	if len(m.Blocks) > 50 || m.Text == "" || utf8.RuneCountInString(m.Text) > 4000 {
		t.Errorf("%d blocks, a text of %d", len(m.Blocks), utf8.RuneCountInString(m.Text))
	}
	for _, b := range m.Blocks {
		switch b := b.(type) {
		case *slack.HeaderBlock:
			if n := utf8.RuneCountInString(b.Text.Text); n > 150 {
				t.Errorf("a header of %d", n)
			}
		case *slack.SectionBlock:
			if n := utf8.RuneCountInString(b.Text.Text); n > 3000 || n == 0 {
				t.Errorf("a section of %d", n)
			}
		}
	}
}

func TestAnIncidentWithinLimitsAndHarmless(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	long := strings.Repeat("<!channel> & \u202e<https://evil.example|click> ", 200)
	hostile := &runbooks.Runbook{Code: 50105, Title: long, Person: long, Meaning: long, Actor: "app-owner"}
	for range 9 {
		hostile.Causes = append(hostile.Causes, runbooks.Cause{ID: "x", Says: long, Fix: []runbooks.Fix{{Do: long, By: "app-owner"}}})
	}
	i := Incident{Runbook: hostile, Kind: "app", Value: long, Name: long, People: 999, Cases: 1200, Started: at, Last: at.Add(time.Hour), Fix: long, FixedBy: 3, Known: 4, Solved: 5}
	for n := range 60 {
		i.Threads = append(i.Threads, IncidentThread{Channel: "C0SUPPORT", Link: "https://contoso.slack.com/archives/C0SUPPORT/p" + strings.Repeat("1", 200+n), At: at, Solved: true})
	}
	ended := i
	ended.Ended = at.Add(2 * time.Hour)
	for name, m := range map[string]Message{
		"lasting": i.Draw(), "ended": ended.Draw(), "the reply": ended.Over(),
		"the answer": DrawStorm(hostile, "https://contoso.slack.com/archives/C0IDENTITY/p1", Buttons{Key: strings.Repeat("k", 3000), Show: true}),
	} {
		t.Run(name, func(t *testing.T) {
			withinLimits(t, m)
			all := m.Text
			for _, b := range m.Blocks {
				if s, ok := b.(*slack.SectionBlock); ok {
					all += s.Text.Text
				}
			}
			for _, bad := range []string{"<!channel>", "<https://evil", "\u202e"} {
				if strings.Contains(all, bad) {
					t.Errorf("it holds %q", bad)
				}
			}
		})
	}
}

func TestWhatAnIncidentSays(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	r := builtIn(t).Lookup(50105)
	i := Incident{Runbook: r, Kind: "policy", Value: "p-1", People: 3, Cases: 4, Started: at, Last: at.Add(12 * time.Minute), Threads: []IncidentThread{{Channel: "C1", At: at}}}
	m := i.Draw()
	for _, want := range []string{"AADSTS50105 for several people", "3 people in 4 cases since 2026-11-24 09:00 UTC", "The Conditional Access policy with the id p-1", "The app's owner ends this error", "/aadsts 50105"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("it lacks %q:\n%s", want, m.Text)
		}
	}
	if !m.Holds.Desk || strings.Contains(m.Text, "fixed") {
		t.Errorf("it holds %+v, and says:\n%s", m.Holds, m.Text)
	}
	i.Ended = at.Add(time.Hour)
	over := i.Over()
	for _, want := range []string{"Over: nobody has posted this error for 30 minutes", "12 minutes", "No case tells what fixed it"} {
		if !strings.Contains(over.Text, want) || !over.Holds.Desk {
			t.Errorf("the end lacks %q:\n%s", want, over.Text)
		}
	}
	if s := DrawStorm(r, "", Buttons{Key: "k"}); strings.Contains(s.Text+fmt.Sprint(s.Blocks[0]), "<|") || s.Holds.Level != "" || s.Holds.Desk {
		t.Errorf("the answer without a link: %s", s.Text)
	}
}

func TestLasted(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "less than a minute", time.Minute: "1 minute", 119 * time.Minute: "119 minutes", 3 * time.Hour: "3 hours", 121 * time.Minute: "2 hours and 1 minute",
	} {
		if got := lasted(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestTheCheckOfAnIncidentNamesActorsOnlyWhereItMay(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	report := facts.TrustReport{CheckedAt: at, Status: facts.Critical, Domains: []facts.Trust{{
		Domain: "contoso.com", Root: "contoso.com", Authentication: "federated", Status: facts.Critical,
		Changes: facts.See(at, facts.Changes{List: []facts.Change{{Actor: "mallory@contoso.com"}}}),
		Findings: []facts.Finding{{ID: "trust-changed", Severity: facts.Critical, Security: true, Says: "The trust was changed by mallory@contoso.com", By: "security", Next: "Ask them",
			Evidence: []facts.FindingReason{{Says: "Set domain authentication by mallory@contoso.com", Fact: facts.NameChanges, Time: at}}}},
	}}}
	for _, actors := range []bool{true, false} {
		p := ComposeIncidentCheck(report, actors)
		m := p.Draw(nil)
		withinLimits(t, m)
		if got := strings.Contains(p.Plain(), "mallory"); got != actors || !m.Holds.Desk || m.Holds.Actors != actors {
			t.Errorf("actors %v: shown %v, holds %+v", actors, got, m.Holds)
		}
		if !strings.Contains(m.Text, "Federation check of contoso.com: critical") {
			t.Errorf("it says %s", m.Text)
		}
	}
}

func TestFixSays(t *testing.T) {
	r := &runbooks.Runbook{Causes: []runbooks.Cause{{ID: "not-assigned", Says: "{user.upn} is not assigned to the app."}}}
	for name, row := range map[string]struct{ cause, words, want string }{
		"words alone":                 {"", "Assigned the app", "Assigned the app"},
		"a person in the words":       {"", "Ask <mailto:bob@contoso.com|bob@contoso.com> first", "Ask <mailto:(somebody)|(somebody)> first"},
		"a cause of the runbook":      {"not-assigned", "", "the person is not assigned to the app"},
		"a cause and words":           {"not-assigned", "Assigned", "Assigned"},
		"a cause that is gone":        {"old-cause", "", "old cause"},
		"line breaks and directions":  {"", "a\nb\u202ec", "a bc"},
		"nothing at all is known yet": {"", "", ""},
	} {
		if got := FixSays(r, row.cause, row.words); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}
