package handlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

func TestStatusTellsEverybodyNoMoreThanWhetherItWorks(t *testing.T) {
	t.Parallel()
	s := Status{Tenant: true, Reads: "It can read: users", Lacks: []string{"Entra lacks a permission"}, Escalate: "C0IDENTITY", Agents: 2}
	for want, change := range map[string]func(*Status){
		"can look at accounts": func(*Status) {},
		"cannot look at":       func(s *Status) { s.Tenant = false },
		"does not answer it":   func(s *Status) { s.Reads = "" },
	} {
		one := s
		change(&one)
		m := ComposeStatus(one)
		if !strings.Contains(m.Text, want) || strings.Contains(m.Text, "C0IDENTITY") || strings.Contains(m.Text, "permission") || m.Holds.Desk {
			t.Errorf("everybody is told %q, want %q", m.Text, want)
		}
	}
}

func TestStatusForAgents(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status Status
		want   []string
	}{
		"nothing configured": {Status{Agent: true}, []string{"No tenant", "every channel that it is in", "No agents are configured", "No escalation channel", "No scheduled post"}},
		"a silent tenant":    {Status{Agent: true, Tenant: true}, []string{"The tenant did not answer"}},
		"a shared channel": {Status{Agent: true, Tenant: true, Reads: "It can read: users", Agents: 1, Escalate: "C0IDENTITY",
			Channels: []StatusChannel{{"C0SHARED", Full, Agents}, {"C0AGENTS", Full, Full}}},
			[]string{"<#C0SHARED> with details full, which count as agents", "<#C0AGENTS> with details full\n", "hands over to <#C0IDENTITY>", "1 user or group configured"}},
	} {
		m := ComposeStatus(row.status)
		if !m.Holds.Desk {
			t.Errorf("%s: it is not for agents alone", name)
		}
		for _, want := range row.want {
			if !strings.Contains(m.Text, want) {
				t.Errorf("%s: it does not say %q:\n%s", name, want, m.Text)
			}
		}
	}
}

func TestStatusWithinLimitsAndHarmless(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("<!channel> & \u202e ", 300)
	s := Status{Agent: true, Tenant: true, Reads: long}
	for i := range 200 {
		s.Lacks = append(s.Lacks, long)
		s.Channels = append(s.Channels, StatusChannel{fmt.Sprintf("C%d", i), Full, Agents})
	}
	m := ComposeStatus(s)
	withinLimits(t, m)
	if strings.Contains(m.Text, "<!channel>") || strings.Contains(m.Text, "\u202e") {
		t.Error("what the tenant said is not made harmless")
	}
}

func TestWaysWithinLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300) + "@contoso.com"
	m := DrawWays(strings.Repeat("Did you mean this? ", 400), []Way{{long, "a"}, {"No", "b"}, {"\u202eNo\n", "c"}})
	withinLimits(t, m)
	seen := map[string]bool{}
	for _, e := range m.Blocks[1].(*slack.ActionBlock).Elements.ElementSet {
		b := e.(*slack.ButtonBlockElement)
		if n := len([]rune(b.Text.Text)); n > 75 || n == 0 || seen[b.ActionID] || !strings.HasPrefix(b.ActionID, ActionMeant) {
			t.Errorf("button %q with a label of %d", b.ActionID, n)
		}
		seen[b.ActionID] = true
	}
}

func TestShareButtonStandsUnderAnswersOnly(t *testing.T) {
	t.Parallel()
	answer := Message{Text: "answer", Blocks: []slack.Block{section("answer")}}
	if got := (Message{Text: "why there is none"}).WithShare("key"); len(got.Blocks) != 0 {
		t.Error("a plain text has a button")
	}
	if got := answer.WithShare(""); len(got.Blocks) != 1 {
		t.Error("without a word there is a button")
	}
	if got := answer.WithShare("key").Blocks; len(got) != 2 || len(answer.Blocks) != 1 {
		t.Errorf("%d blocks", len(got))
	}
	m := answer.SharedBy("U0BOB")
	if !strings.HasPrefix(m.Text, "Shared by <@U0BOB>. answer") || len(m.Blocks) != 2 {
		t.Errorf("%+v", m)
	}
}
