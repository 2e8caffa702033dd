package bot

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/bot/slackfake"
	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
)

// home waits until the person's Home tab says what is wanted, and returns it.
func (h *house) home(user, says string) slackfake.View {
	h.t.Helper()
	var v slackfake.View
	h.until("a Home tab that says "+says, func(n *slackfake.Snapshot) bool {
		open := false
		v, open = n.Home(user)
		return open && strings.Contains(v.BlockText(), says)
	})
	return v
}

// often publishes changes at once.
func often(s *Settings) { s.homeEvery = time.Millisecond }

func TestHomeByRole(t *testing.T) {
	t.Parallel()
	h := newHouse(t, often)
	h.answer(publicChannel, h.Post(publicChannel, "U0BOB", paste50076), "AADSTS50076")
	for user, agent := range map[string]bool{"U0ALICE": true, "U0BOB": false, "U0GUEST": false} {
		h.OpenHome(user)
		says := "How to ask"
		if agent {
			says = "open since"
		}
		v := h.home(user, says)
		if got := strings.Contains(v.BlockText(), "Open cases"); got != agent {
			t.Errorf("%s sees the agents' part: %v", user, got)
		}
		if agent {
			for _, want := range []string{"AADSTS50076: ", "<#" + publicChannel + ">", "1 case, 1 person", "Nobody has called an answer not helpful", "No health check is configured"} {
				if !strings.Contains(v.BlockText(), want) {
					t.Errorf("the tab lacks %q:\n%s", want, v.BlockText())
				}
			}
			if strings.Contains(v.BlockText(), "bob") || strings.Contains(v.BlockText(), "U0BOB") {
				t.Errorf("the tab names somebody:\n%s", v.BlockText())
			}
			if link := between(string(v.BlocksJSON()), "<https://"); link == "" {
				t.Error("an open case has no link")
			}
		}
	}
}

func TestHomeIsPublishedAgainOnChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t, often)
	h.OpenHome("U0ALICE")
	h.OpenHome("U0BOB")
	h.home("U0ALICE", "No case is open")
	h.home("U0BOB", "How to ask")
	ts := h.Post(publicChannel, "U0DAVE", paste50076)
	m := h.answer(publicChannel, ts, "AADSTS50076")
	h.home("U0ALICE", "open since")
	if _, err := h.Click("U0DAVE", publicChannel, m.TS, "solved"); err != nil {
		t.Fatal(err)
	}
	h.home("U0ALICE", "No case is open")
	published := 0
	for _, c := range h.Calls("views.publish") {
		if c.Str("user_id") == "U0BOB" {
			published++
		}
	}
	if published != 1 {
		t.Errorf("what has not changed was published %d times", published)
	}
}

func TestHomeOfAnAgentWhoLeaves(t *testing.T) {
	t.Parallel()
	h := newHouse(t, often)
	h.OpenHome("U0ALICE")
	h.home("U0ALICE", "Open cases")
	h.SetGroup("S0HELPDESK", "U0CAROL")
	h.until("the public tab", func(n *slackfake.Snapshot) bool {
		v, _ := n.Home("U0ALICE")
		return !strings.Contains(v.BlockText(), "Open cases")
	})
}

func TestOtherTabsAndUnknownReadersPublishNothingPrivate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.OpenMessages("U0ALICE")
	h.until("the event is taken", func(n *slackfake.Snapshot) bool { return n.Unacked() == 0 })
	h.Fail("users.info", -1, slackfake.Fault{Error: "internal_error"})
	h.OpenHome("U0CAROL")
	v := h.home("U0CAROL", "How to ask")
	if strings.Contains(v.BlockText(), "Open cases") {
		t.Error("somebody who could not be looked up sees the agents' part")
	}
	if _, ok := h.Home("U0ALICE"); ok {
		t.Error("another tab than Home was published to")
	}
}

func TestHomeSaysWhatTheBotLacks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *Settings) {
		often(s)
		s.Config.Slack.Escalate = ""
		s.TenantSays = func(context.Context) []string {
			return []string{"Entra: users, domains", "Entra lacks sign-in logs: AuditLog.Read.All is missing"}
		}
	})
	h.OpenHome("U0ALICE")
	v := h.home("U0ALICE", "AuditLog.Read.All is missing")
	if text := v.BlockText(); !strings.Contains(text, "slack.escalate") || strings.Contains(text, "users, domains") {
		t.Errorf("it says\n%s", text)
	}
}

// tabs is the Home tabs of a workspace with a database, at a time that the test sets.
func tabs(t *testing.T) (*slackfake.Server, *Dispatch, *time.Time) {
	t.Helper()
	fake, d := dispatcher(t)
	now := time.Now()
	d.Homes.Now = func() time.Time { return now }
	return fake, d, &now
}

func published(fake *slackfake.Server) int { return len(fake.Calls("views.publish")) }

func TestHomeIsNotPublishedMoreOftenThanSaid(t *testing.T) {
	t.Parallel()
	fake, d, now := tabs(t)
	h := d.Homes
	if err := h.Opened(t.Context(), "U0ALICE", "T0CONTOSO"); err != nil {
		t.Fatal(err)
	}
	again := func(wantLeft bool, want int) {
		t.Helper()
		left, err := h.Again(t.Context())
		if err != nil || left != wantLeft || published(fake) != want {
			t.Errorf("left %v, want %v; published %d times, want %d (%v)", left, wantLeft, published(fake), want, err)
		}
	}
	again(true, 1) // a moment ago
	*now = now.Add(homeEvery)
	again(false, 1) // nothing has changed
	h.Ready = func(context.Context) []string { return []string{"something is missing"} }
	again(false, 2)
	h.Ready = nil
	again(true, 2) // it has, but not half a minute later
	*now = now.Add(homeEvery)
	fake.Fail("views.publish", 1, slackfake.Fault{RetryAfter: time.Minute})
	if left, err := h.Again(t.Context()); !left || err == nil {
		t.Errorf("when Slack asks to wait: left %v (%v)", left, err)
	}
	again(false, 4) // the refused one counts as a call
	*now = now.Add(homeKept + time.Hour)
	h.Ready = func(context.Context) []string { return []string{"something is missing"} }
	again(false, 4) // not opened for a day
}

func TestHomeWithoutADatabaseClaimsNothing(t *testing.T) {
	t.Parallel()
	fake, d, _ := tabs(t)
	h := d.Homes
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s := h.compose(ctx); !s.Failed {
		t.Error("it claims figures that could not be read")
	}
	if err := h.Opened(ctx, "U0ALICE", "T0CONTOSO"); err == nil || published(fake) != 0 {
		t.Errorf("published %d times (%v)", published(fake), err)
	}
}

func TestHomeWithinSlacksLimits(t *testing.T) {
	t.Parallel()
	fake, out, _ := viewers(t)
	long := strings.Repeat("<&> wörds ", 500)
	h := handlers.Home{Agent: true, Days: 30, OpenCount: 100_000, Health: handlers.HomeHealth{Checked: true, Latest: time.Now()}}
	for range 200 {
		h.Open = append(h.Open, handlers.HomeCase{Code: 99999999, Title: long, Channel: "C0SUPPORT", Link: "https://contoso.slack.com/archives/" + strings.Repeat("x", 200), Since: time.Now()})
		h.Health.Findings = append(h.Health.Findings, handlers.HomeFinding{Domain: long, Severity: facts.Critical, Says: long, Since: time.Now()})
		h.Codes = append(h.Codes, handlers.HomeCode{Code: 99999999, Title: long, Cases: 1e9, People: 1e9})
		h.Judged = append(h.Judged, handlers.HomeJudgment{Code: 99999999, Title: long, Helpful: 1e9, Unhelpful: 1e9})
		h.Ready = append(h.Ready, long)
	}
	for name, s := range map[string]handlers.Screen{"longest": h.Screen(), "empty": (handlers.Home{Agent: true}).Screen(), "everybody": (handlers.Home{}).Screen()} {
		if err := out.Publish(t.Context(), Person{ID: "U0ALICE", Home: "T0CONTOSO"}, s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	trigger := func() string {
		inv, err := fake.Command("U0ALICE", "C0SUPPORT", Command, "")
		if err != nil {
			t.Fatal(err)
		}
		return inv.TriggerID
	}
	f := handlers.Form{Note: long, Error: long, Name: long, App: long, Person: "U0ALICE", When: time.Now(), Key: strings.Repeat("k", 26)}
	for name, s := range map[string]handlers.Screen{
		"the form": f.Screen(), "an answer": handlers.Message{Text: handlers.Escape(long)}.With(handlers.Escape(long)).Modal(long, handlers.ThreadOffer("k")...),
	} {
		if _, err := out.Open(t.Context(), trigger(), Person{ID: "U0ALICE", Home: "T0CONTOSO"}, s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The longest answers of the book fit a modal with the button under them.
func TestEveryRunbookFitsAModal(t *testing.T) {
	t.Parallel()
	book, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	who := Person{ID: "U0ALICE", Home: "T0CONTOSO"}
	for codes := range slices.Chunk(book.Codes(), 50) { // Slack takes a hundred updates a minute
		fake, out, _ := viewers(t)
		inv, err := fake.Command("U0ALICE", "C0SUPPORT", Command, "")
		if err != nil {
			t.Fatal(err)
		}
		id, err := out.Open(t.Context(), inv.TriggerID, who, handlers.Message{Text: "Reading…"}.Modal(askTitle))
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codes {
			m := handlers.ComposeRunbook(book.Lookup(code)).Draw(nil).With(aboutOthersSays)
			if err := out.Update(t.Context(), id, who, m.Modal(askTitle, handlers.ThreadOffer("k")...)); err != nil {
				t.Errorf("%d: %v", code, err)
			}
		}
	}
}

func TestHealthOfTheHomeTab(t *testing.T) {
	t.Parallel()
	_, d, now := tabs(t)
	told := now.Add(-time.Hour).UTC().Truncate(time.Millisecond)
	finding := func(key, id string, change func(*store.TrustFinding)) store.TrustFinding {
		f := store.TrustFinding{Key: key, Domain: "contoso.com", ID: id, Severity: "warning", Says: "It is " + id, Since: told, Told: told}
		if change != nil {
			change(&f)
		}
		return f
	}
	ok, err := d.Worker.Store.RecordTrusts(t.Context(), 0, store.TrustPost{Slot: told, OnceKey: "k", Channel: "C0IDENTITY", State: store.Silent}, []store.TrustFinding{
		finding("a", "open", nil), finding("b", "mended", func(f *store.TrustFinding) { f.Mended = true }), finding("c", "approved", func(f *store.TrustFinding) { f.Approved = true }),
	}, nil)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	got, err := d.Homes.health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Findings) != 1 || got.Findings[0].ID != "open" || !got.Checked || !got.Latest.Equal(told) {
		t.Errorf("%+v", got)
	}
}

func TestLookUpsAreForgottenOnEvents(t *testing.T) {
	t.Parallel()
	fake, d := dispatcher(t)
	ctx := t.Context()
	agent := func() bool {
		r, err := d.Gate.Reader(ctx, "U0ALICE", "T0CONTOSO")
		if err != nil {
			t.Fatal(err)
		}
		return r.Agent
	}
	tell := func(kind, raw string) {
		if _, err := d.Deliver(ctx, Event{Kind: kind, TeamID: "T0CONTOSO", Raw: json.RawMessage(raw)}); err != nil {
			t.Fatal(err)
		}
	}
	if !agent() {
		t.Fatal("Alice is no agent")
	}
	fake.SetGroup("S0HELPDESK", "U0CAROL")
	if !agent() {
		t.Fatal("nothing is remembered, so nothing can be forgotten")
	}
	tell(KindGroupMembers, `{"subteam_id":"S0HELPDESK"}`)
	if agent() {
		t.Error("who left the group is still an agent")
	}
	fake.SetGroup("S0HELPDESK", "U0ALICE")
	tell(KindGroupMembers, `{"subteam_id":"S0HELPDESK"}`)
	alice, _ := fake.User("U0ALICE")
	alice.Restricted = true
	fake.ChangeUser(alice)
	if !agent() {
		t.Fatal("nothing is remembered of people")
	}
	tell(KindUserChange, `{"user":{"id":"U0ALICE"}}`)
	if agent() {
		t.Error("who became a guest is still an agent")
	}
	if d.Gate.Details(ctx, "C0FULL") != handlers.Full {
		t.Fatal("the channel is not full")
	}
	fake.ShareChannel("C0FULL", "T0FABRIKAM")
	tell(KindChannelID, `{"old_channel_id":"C0OLD","new_channel_id":"C0FULL"}`)
	if d.Gate.Details(ctx, "C0FULL") == handlers.Full {
		t.Error("a channel with a new id is believed to be private still")
	}
	tell(KindGroupMembers, `[]`) // malformed: no harm
}

func TestAPanicEndsOneRoundOnly(t *testing.T) {
	t.Parallel()
	_, d, now := tabs(t)
	h := d.Homes
	if err := h.Opened(t.Context(), "U0ALICE", "T0CONTOSO"); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(time.Hour)
	h.Log = slog.New(slog.DiscardHandler)
	h.Ready = func(context.Context) []string { panic(errors.New("a secret")) }
	if h.safely(t.Context()) {
		t.Error("somebody is left")
	}
	h.Ready = nil
	if _, err := h.Again(t.Context()); err != nil {
		t.Errorf("the next round: %v", err)
	}
}
