package bot

import (
	"context"
	"strings"
	"testing"
	"time"

	"signpost/bot/slackfake"
)

// ask types the command.
func (h *house) ask(user, channel, text string) {
	h.t.Helper()
	if _, err := h.Command(user, channel, Command, text); err != nil {
		h.t.Fatal(err)
	}
}

// private waits for something that only this person sees.
func (h *house) private(user, says string) slackfake.Message {
	h.t.Helper()
	var found slackfake.Message
	h.until(user+" is told privately: "+says, func(n *slackfake.Snapshot) bool {
		for _, m := range n.Ephemerals(user) {
			if strings.Contains(m.Text+"\n"+m.BlockText(), says) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func (h *house) press(user, channel, ts, action string, choice ...slackfake.Choice) {
	h.t.Helper()
	if _, err := h.Click(user, channel, ts, action, choice...); err != nil {
		h.t.Fatal(err)
	}
}

const pasteOfBob = "Username: bob@contoso.com\n" + paste50076

func TestWhatIsTypedIsAnswered(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		user, text, want string
		asked, shown     bool // the tenant is asked; directory data are shown
	}{
		"words":                                    {"U0BOB", "password expired", "AADSTS50055", false, false},
		"nonsense":                                 {"U0BOB", "my dog", "`/aadsts user@contoso.com`", false, false},
		"a person in a sentence":                   {"U0BOB", "what about bob@contoso.com then", "Do you want the diagnosis of bob@contoso.com", false, false},
		"an unknown code":                          {"U0BOB", "50067", "Did you mean AADSTS50076: Multifactor authentication is required", false, false},
		"a new code near none":                     {"U0BOB", "12345678", "AADSTS12345678", false, false},
		"several codes":                            {"U0BOB", "50076, 50079", "AADSTS50079", false, false},
		"a wrong comparison":                       {"U0ALICE", "compare alice@contoso.com", "Compare two people like this", false, false},
		"a comparison of mentions":                 {"U0ALICE", "compare <@U0BOB|bob> <@U0DAVE|dave>", "What differs between bob@contoso.com and dave@contoso.com", true, false},
		"a comparison by somebody else":            {"U0BOB", "compare bob@contoso.com dave@contoso.com", "Only agents can compare", false, false},
		"an agent about a code and a person":       {"U0ALICE", "50076 bob@contoso.com", "no second factor", true, true},
		"a person about their own code":            {"U0BOB", "50076 bob@contoso.com", "no second factor", true, true},
		"oneself":                                  {"U0BOB", "me", "no second factor", true, true},
		"a code and somebody else":                 {"U0BOB", "50076 dave@contoso.com", "for agents, and for the affected person", false, false},
		"an agent's paste with its person":         {"U0ALICE", pasteOfBob, "5e6f7a8b", true, true},
		"a paste about somebody else":              {"U0DAVE", pasteOfBob, "for agents, and for the affected person", false, false},
		"an agent's paste that names nobody":       {"U0ALICE", paste50076, "`/aadsts 50076 user@contoso.com`", false, false},
		"a guest about a code":                     {"U0GUEST", "50076", "AADSTS50076", false, false},
		"a guest about a person":                   {"U0GUEST", "bob@contoso.com", "members of this organisation only", false, false},
		"a guest about themselves":                 {"U0GUEST", "me", "Only members of this organisation", false, false},
		"a guest's paste":                          {"U0GUEST", paste50076, "5e6f7a8b", false, false},
		"a mention of somebody whom Slack hides":   {"U0ALICE", "<@U0GONE|gone>", "does not tell the mail address", false, false},
		"a domain by somebody else":                {"U0BOB", "contoso.com", "Only agents can ask about the health", false, false},
		"a report by somebody else":                {"U0BOB", "report", "Only agents can ask for the report", false, false},
		"a report with a number that is no number": {"U0ALICE", "report soon", "for the last 7 days", false, false},
		"how it stands, for everybody":             {"U0BOB", "status", "Signpost works", false, false},
		"how it stands, for agents":                {"U0ALICE", "status", "What Signpost can read", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			h.ask(row.user, publicChannel, row.text)
			h.private(row.user, row.want)
			if asked := h.tenant.asked() > 0; asked != row.asked {
				t.Errorf("the tenant was asked: %v", asked)
			}
			shown := false
			for _, sent := range h.Sent() {
				shown = shown || strings.Contains(sent.Text, secretName)
			}
			if shown != row.shown {
				t.Errorf("directory data were shown: %v", shown)
			}
			if all := h.Messages(publicChannel); len(all) != 0 {
				t.Errorf("the channel holds %d messages", len(all))
			}
		})
	}
}

func TestStatusSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *Settings) {
		s.TenantSays = func(context.Context) []string {
			return []string{"Entra: users, domains", "Entra lacks AuditLog.Read.All: not granted; without it the sign-in is not shown"}
		}
	})
	h.ask("U0ALICE", publicChannel, "status")
	m := h.private("U0ALICE", "What Signpost can read")
	for _, want := range []string{
		"users, domains", "AuditLog.Read.All", "the sign-in is not shown",
		"<#C0SHARED> with details full, which count as agents", "<#C0AGENTS> with details full\n", "hands over to <#C0IDENTITY>",
	} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("it does not say %q:\n%s", want, m.Text)
		}
	}
	h.ask("U0BOB", publicChannel, "status")
	if m := h.private("U0BOB", "Signpost works"); strings.Contains(m.Text, "AuditLog") || strings.Contains(m.Text, "C0IDENTITY") {
		t.Errorf("everybody is told %s", m.Text)
	}
}

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.ask("U0BOB", publicChannel, "50067")
	m := h.private("U0BOB", "Did you mean")
	h.press("U0BOB", publicChannel, m.TS, "did_you_mean_0")
	answer := h.private("U0BOB", "What it can be")
	if answer.TS != m.TS || strings.Contains(answer.Text, "Did you mean") {
		t.Error("the answer does not stand in the place of the question")
	}
	// "No" answers for what was typed, without asking again.
	h.ask("U0ALICE", publicChannel, "50067 bob@contoso.com")
	m = h.private("U0ALICE", "Did you mean")
	if h.tenant.asked() != 0 {
		t.Error("the tenant was asked before it was clear what is meant")
	}
	actions := m.Actions()
	h.press("U0ALICE", publicChannel, m.TS, actions[len(actions)-1])
	h.private("U0ALICE", "AADSTS50067: A code in none of our lists")
}

func TestASlipInADomainIsAskedAbout(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.ask("U0ALICE", publicChannel, "bob@contso.com")
	m := h.private("U0ALICE", "Did you mean bob@contoso.com?")
	if h.tenant.asked() != 0 {
		t.Error("the tenant was asked about a slip")
	}
	h.press("U0ALICE", publicChannel, m.TS, "did_you_mean_0")
	h.private("U0ALICE", "no second factor")
	if q := h.tenant.queries[0]; q.User != "bob@contoso.com" {
		t.Errorf("the tenant was asked about %s", q.User)
	}
	h.ask("U0ALICE", publicChannel, "contosoo.com")
	h.private("U0ALICE", "Did you mean contoso.com?")
}

func TestOldButtonsSayThatTheAnswerIsNotKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.ask("U0BOB", publicChannel, "50076")
	m := h.private("U0BOB", "What it can be")
	h.stop()
	h.start(nil)
	h.press("U0BOB", publicChannel, m.TS, "share_answer")
	h.private("U0BOB", "no longer kept")
	if all := h.Messages(publicChannel); len(all) != 0 {
		t.Errorf("%d messages were shared", len(all))
	}
}

func TestAQuestionIsKeptForAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	d := &Dispatch{Typed: newTyped(Settings{Book: testBook(t)}), Worker: &Worker{Now: func() time.Time { return now }}}
	key := d.shelve(ask{User: "U0BOB", Channel: "C0SUPPORT", ResponseURL: "secret", Text: "50076"}, understand("50076"))
	click := Click{User: "U0BOB", Channel: "C0SUPPORT", Key: key}
	x := d.kept(click)
	if x == nil || x.ask.ResponseURL != "" || x.ask.Text != "" || x.meant.Text != "" {
		t.Fatalf("kept %+v", x)
	}
	for name, k := range map[string]Click{
		"somebody else":   {User: "U0DAVE", Channel: "C0SUPPORT", Key: key},
		"another channel": {User: "U0BOB", Channel: "C0AGENTS", Key: key},
		"another word":    {User: "U0BOB", Channel: "C0SUPPORT", Key: key + "x"},
	} {
		if d.kept(k) != nil {
			t.Errorf("%s gets the question", name)
		}
	}
	now = now.Add(shelfFor)
	if d.kept(click) != nil {
		t.Error("it is kept for longer")
	}
}

func TestSearchHitsCanBeShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.ask("U0BOB", publicChannel, "password expired")
	m := h.private("U0BOB", "AADSTS50055")
	h.press("U0BOB", publicChannel, m.TS, "show_code", slackfake.Choice{Block: "hit_50055"})
	h.private("U0BOB", "What it can be")
}

func TestShare(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		user, channel, text string
		says                string // of the private answer
		shares, lacks       string // in the channel; "" for shares: there is no button
	}{
		"a code":                              {"U0BOB", publicChannel, "50076", "What it can be", "AADSTS50076", secretName},
		"a paste":                             {"U0BOB", publicChannel, paste50076, "no second factor", "5e6f7a8b", secretName},
		"an agent's diagnosis of a paste":     {"U0ALICE", publicChannel, pasteOfBob, secretName, "AADSTS50076", secretName},
		"a code of a person":                  {"U0ALICE", publicChannel, "50076 bob@contoso.com", "no second factor", "AADSTS50076", "bob@contoso.com"},
		"a person, where nothing may be said": {"U0ALICE", publicChannel, "bob@contoso.com", "no second factor", "", ""},
		"a person in a shared channel":        {"U0ALICE", "C0SHARED", "bob@contoso.com", "no second factor", "", ""},
		"a code of a person, shared channel":  {"U0ALICE", "C0SHARED", "50076 bob@contoso.com", "no second factor", "AADSTS50076", "bob@contoso.com"},
		"a person in a private channel":       {"U0ALICE", privateChannel, "bob@contoso.com", "no second factor", secretName, "nothing"},
		"a paste in a private channel":        {"U0ALICE", privateChannel, pasteOfBob, secretName, secretName, "nothing"},
		"a comparison in a private channel":   {"U0ALICE", privateChannel, "compare bob@contoso.com dave@contoso.com", "What differs", "What differs", "nothing"},
		"a comparison in a public channel":    {"U0ALICE", publicChannel, "compare bob@contoso.com dave@contoso.com", "What differs", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			h.ask(row.user, row.channel, row.text)
			m := h.private(row.user, row.says)
			if row.shares == "" {
				if strings.Contains(strings.Join(m.Actions(), " "), "share_answer") {
					t.Error("there is a button that shares what the channel may not hold")
				}
				return
			}
			h.press(row.user, row.channel, m.TS, "share_answer")
			h.private(row.user, sharedSays)
			all := h.Messages(row.channel)
			if len(all) != 1 {
				t.Fatalf("the channel holds %d messages", len(all))
			}
			got := all[0].Text + "\n" + all[0].BlockText()
			if !strings.Contains(got, row.shares) || strings.Contains(got, row.lacks) || !strings.Contains(all[0].BlockText(), "Shared by <@"+row.user+">") {
				t.Errorf("the channel holds:\n%s", got)
			}
			if len(all[0].Actions()) != 0 {
				t.Errorf("what is shared has buttons: %v", all[0].Actions())
			}
			h.press(row.user, row.channel, m.TS, "share_answer")
			h.private(row.user, alreadyShare)
			if n := len(h.Messages(row.channel)); n != 1 {
				t.Errorf("it was shared %d times", n)
			}
		})
	}
}

func TestShareIntoAChannelThatBecameShared(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.ask("U0ALICE", privateChannel, "bob@contoso.com")
	m := h.private("U0ALICE", "no second factor")
	h.ShareChannel(privateChannel, "T0FABRIKAM")
	h.until("the event is taken", func(n *slackfake.Snapshot) bool { return n.Unacked() == 0 })
	h.press("U0ALICE", privateChannel, m.TS, "share_answer")
	h.private("U0ALICE", notHereSays)
	if n := len(h.Messages(privateChannel)); n != 0 {
		t.Errorf("%d messages were shared", n)
	}
}

func TestShareWhereTheBotIsNot(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.ask("U0BOB", "C0GENERAL", "50076")
	m := h.private("U0BOB", "What it can be")
	h.press("U0BOB", "C0GENERAL", m.TS, "share_answer")
	h.private("U0BOB", "Invite it with")
	h.Join("C0GENERAL", "U0SIGNPOST")
	h.press("U0BOB", "C0GENERAL", m.TS, "share_answer")
	h.private("U0BOB", sharedSays)
	if n := len(h.Messages("C0GENERAL")); n != 1 {
		t.Errorf("the channel holds %d messages", n)
	}
}

func TestTooManyQuestionsAreRefused(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	h := newHouse(t, func(s *Settings) { s.Now = func() time.Time { return now } })
	for range asksMost {
		h.ask("U0ALICE", publicChannel, "50076")
	}
	h.until("all are answered", func(n *slackfake.Snapshot) bool { return len(n.Ephemerals("U0ALICE")) == asksMost })
	h.ask("U0ALICE", publicChannel, "bob@contoso.com")
	h.private("U0ALICE", tooManySays)
	if h.tenant.asked() != 0 {
		t.Error("the tenant was asked all the same")
	}
	h.ask("U0BOB", publicChannel, "bob@contoso.com")
	h.private("U0BOB", "no second factor")
}

func TestNothingSecretIsEchoed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	secret := "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZy1lbm91Z2g"
	h.ask("U0BOB", publicChannel, secret)
	h.private("U0BOB", "I do not understand")
	h.ask("U0BOB", publicChannel, "password "+secret)
	h.private("U0BOB", "“password ")
	for _, sent := range h.Sent() {
		if strings.Contains(sent.Text, secret[:30]) {
			t.Errorf("%s echoed it", sent.Method)
		}
	}
	for _, m := range h.Ephemerals("U0BOB") {
		if strings.Contains(m.Text+m.BlockText(), secret[:30]) {
			t.Errorf("an answer echoes it: %s", m.Text)
		}
	}
}
