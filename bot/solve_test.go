package bot

import (
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/bot/slackfake"
	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
)

// click presses a button of the answer to a message.
func (h *house) click(user string, m slackfake.Message, action string, choice ...slackfake.Choice) {
	h.t.Helper()
	if _, err := h.Click(user, m.Channel, m.TS, action, choice...); err != nil {
		h.t.Fatal(err)
	}
}

// whispered waits until somebody was told something privately.
func (h *house) whispered(user, says string) {
	h.t.Helper()
	h.until(user+" is told "+says, func(n *slackfake.Snapshot) bool {
		return slices.ContainsFunc(n.Ephemerals(user), func(m slackfake.Message) bool { return strings.Contains(m.Text+m.BlockText(), says) })
	})
}

// reacted waits until a message has exactly this reaction of ours.
func (h *house) reacted(channel, ts, name string) {
	h.t.Helper()
	h.until("the reaction "+name, func(n *slackfake.Snapshot) bool {
		m, _ := n.Message(channel, ts)
		return len(m.Reactions) == 1 && m.Reactions[0].Name == name
	})
}

// says waits until a message says something, and returns it.
func (h *house) says(channel, ts, what string) (m slackfake.Message) {
	h.t.Helper()
	h.until("the message says "+what, func(n *slackfake.Snapshot) bool {
		m, _ = n.Message(channel, ts)
		return strings.Contains(m.BlockText(), what)
	})
	return m
}

// controls are the buttons of a message without the question whether it helped.
func controls(m slackfake.Message) []string {
	return slices.DeleteFunc(m.Actions(), func(s string) bool { return s == handlers.ActionFeedback })
}

func TestSolvedAsksWhatFixedIt(t *testing.T) {
	t.Parallel()
	const other, cause = "Something else", "no-method"
	for name, row := range map[string]struct {
		values map[string]map[string]any
		want   string // of the line; "" nothing more
	}{
		"a cause of the runbook": {map[string]map[string]any{"cause": {"value": cause}}, "What fixed it: The person holds no second factor"},
		"own words": {map[string]map[string]any{"cause": {"value": "-"}, "words": {"value": "CONTOSO\\bob had <!channel> mail bob@contoso.com, password=Hunter2hunter2!"}},
			"What fixed it: (somebody) had &lt;!channel&gt; mail (somebody)"},
		"nothing": {map[string]map[string]any{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			ts := h.Post(publicChannel, "U0BOB", paste50076)
			m := h.answer(publicChannel, ts, "AADSTS50076")
			h.reacted(publicChannel, ts, "eyes")
			h.click("U0DAVE", m, "solved")
			m = h.says(publicChannel, m.TS, "Solved by <@U0DAVE>")
			if len(controls(m)) != 0 {
				t.Errorf("buttons are left: %v", m.Actions())
			}
			if !strings.HasPrefix(m.Text, "Solved by <@U0DAVE>") || !strings.Contains(m.Text, "Multifactor authentication is required") {
				t.Errorf("the text for screen readers is %q", m.Text)
			}
			h.until("the question", func(n *slackfake.Snapshot) bool { _, open := n.Modal("U0DAVE"); return open })
			v, _ := h.Modal("U0DAVE")
			if v.Title != "What fixed it?" || !strings.Contains(v.BlockText(), other) || strings.Contains(v.Metadata, "@") || strings.Contains(v.BlockText(), "bob") {
				t.Errorf("the question is %q with %q:\n%s", v.Title, v.Metadata, v.BlockText())
			}
			if _, err := h.SubmitView("U0DAVE", row.values); err != nil {
				t.Fatal(err)
			}
			if row.want != "" {
				m = h.says(publicChannel, m.TS, row.want)
			}
			h.reacted(publicChannel, ts, "white_check_mark")
			h.settle(publicChannel)
			if _, open := h.Modal("U0DAVE"); open {
				t.Error("the question is still open")
			}
			if m, _ = h.Message(publicChannel, m.TS); row.want == "" && strings.Contains(m.BlockText(), "What fixed it") || strings.Count(m.BlockText(), "Solved by") != 1 {
				t.Errorf("the answer says:\n%s", m.BlockText())
			}
			for _, sent := range h.Sent() {
				if strings.Contains(sent.Text, "bob@contoso.com") || strings.Contains(sent.Text, "Hunter2") || strings.Contains(sent.Text, "<!channel>") {
					t.Errorf("%s tells it: %s", sent.Method, sent.Text)
				}
			}
		})
	}
}

func TestWordsThatNameAProtectedAccountAreNotTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *Settings) { s.Config.Tenant.Protected = []string{"breakglass"} })
	ts := h.Post(publicChannel, "U0BOB", paste50076)
	m := h.answer(publicChannel, ts, "AADSTS50076")
	h.click("U0BOB", m, "solved")
	h.until("the question", func(n *slackfake.Snapshot) bool { _, open := n.Modal("U0BOB"); return open })
	if _, err := h.SubmitView("U0BOB", map[string]map[string]any{"words": {"value": "used BreakGlass"}}); err != nil {
		t.Fatal(err)
	}
	h.until("the field is refused", func(n *slackfake.Snapshot) bool { v, _ := n.Modal("U0BOB"); return v.Errors["words"] != "" })
}

func TestSolvedWithoutTheQuestion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.Fail("views.open", -1, slackfake.Fault{Error: "expired_trigger_id"})
	ts := h.Post(publicChannel, "U0BOB", paste50076)
	m := h.answer(publicChannel, ts, "AADSTS50076")
	h.click("U0BOB", m, "solved")
	h.says(publicChannel, m.TS, "Solved by <@U0BOB>")
	h.reacted(publicChannel, ts, "white_check_mark")
}

func TestTwoPressAtTheSameMoment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(publicChannel, "U0BOB", paste50076)
	m := h.answer(publicChannel, ts, "AADSTS50076")
	h.click("U0DAVE", m, "stuck")
	h.click("U0BOB", m, "solved")
	h.click("U0ALICE", m, "solved")
	h.reacted(publicChannel, ts, "white_check_mark")
	h.until("one of two is told", func(n *slackfake.Snapshot) bool {
		told := 0
		for _, u := range []string{"U0BOB", "U0ALICE"} {
			for _, e := range n.Ephemerals(u) {
				if strings.Contains(e.Text, "solved already") {
					told++
				}
			}
		}
		return told == 1
	})
	m = h.says(publicChannel, m.TS, "Solved by")
	if len(controls(m)) != 0 || strings.Contains(m.BlockText(), "Handed to") || strings.Count(m.BlockText(), "Solved by") != 1 {
		t.Errorf("the answer says:\n%s", m.BlockText())
	}
}

func TestStrangersPressNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for channel, user := range map[string]string{publicChannel: "U0GUEST", "C0SHARED": "U0ERIN"} {
		ts := h.Post(channel, "U0BOB", paste50076)
		m := h.answer(channel, ts, "AADSTS50076")
		for i, action := range []string{"solved", "stuck", "show", "support", "feedback"} {
			h.click(user, m, action, slackfake.Choice{Value: firstFeedback(m)})
			h.until("they are told", func(n *slackfake.Snapshot) bool { return len(n.Ephemerals(user)) == i+1 })
		}
		for _, e := range h.Ephemerals(user) {
			if !strings.Contains(e.Text, "Only members") {
				t.Errorf("%s is told %q", user, e.Text)
			}
		}
		if _, open := h.Modal(user); open {
			t.Errorf("%s is asked what fixed it", user)
		}
		if m, _ = h.Message(channel, m.TS); len(controls(m)) != 4 {
			t.Errorf("buttons are %v", m.Actions())
		}
	}
	if n := len(h.Messages("C0IDENTITY")); n != 0 || h.tenant.asked() != 0 {
		t.Errorf("%d posts were handed over, the tenant was asked %d times", n, h.tenant.asked())
	}
}

// firstFeedback is what the first feedback button of a message gives back.
func firstFeedback(m slackfake.Message) string {
	for _, b := range m.Blocks {
		if b["type"] != "context_actions" {
			continue
		}
		return b["elements"].([]any)[0].(map[string]any)["positive_button"].(map[string]any)["value"].(string)
	}
	return ""
}

func TestLateFactsBringNoButtonsBack(t *testing.T) {
	t.Parallel()
	now := time.Now()
	tenant := &directory{signIn: facts.Unread[facts.SignIn](facts.NotYet, "the log lags")}
	fake, w, queue, _ := newWorker(t, tenant, func() time.Time { return now })
	id, ts := openCase(t, fake, queue, paste50076)
	if err := w.Answer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Store.SetOutcome(t.Context(), id, store.Solved, "U0ALICE"); err != nil {
		t.Fatal(err)
	}
	tenant.signIn = facts.See(now, facts.SignIn{Time: now.Add(-time.Minute), Code: 50076, UPN: "alice@contoso.com"})
	if err := w.Late(t.Context(), id, 1); err != nil {
		t.Fatal(err)
	}
	m := fake.Thread(privateChannel, ts)[1]
	if len(controls(m)) != 0 || !strings.Contains(m.BlockText(), "Solved by <@U0ALICE>") || strings.Contains(m.BlockText(), "looked for until") {
		t.Errorf("buttons %v; the answer says:\n%s", m.Actions(), m.BlockText())
	}
}

// TestAnEndWhileFactsAreSent ends a case between the drawing of an edit and its arrival.
func TestAnEndWhileFactsAreSent(t *testing.T) {
	t.Parallel()
	fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
	id, ts := openCase(t, fake, queue, paste50076)
	if err := w.Answer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c, q, err := w.open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	edits := 0
	err = w.steady(t.Context(), c, func(c store.Case) error {
		if edits++; edits == 1 {
			if _, err := w.Store.SetOutcome(t.Context(), id, store.Solved, "U0ALICE"); err != nil {
				return err
			}
		}
		return w.Thread.Edit(t.Context(), c, w.draw(t.Context(), c, w.Desk.Offline(q), handlers.View{Details: handlers.Full}))
	})
	m := fake.Thread(privateChannel, ts)[1]
	if err != nil || edits != 2 || len(controls(m)) != 0 || !strings.Contains(m.BlockText(), "Solved by <@U0ALICE>") {
		t.Errorf("%d edits, %v; the answer says:\n%s", edits, err, m.BlockText())
	}
}

func TestADiagnosisStaysUnderTheLine(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(privateChannel, "U0ALICE", paste50076)
	m := h.answer(privateChannel, ts, "holds no second factor")
	before := ids(m)
	h.click("U0CAROL", m, "solved")
	m = h.says(privateChannel, m.TS, "Solved by <@U0CAROL>")
	if !strings.Contains(m.BlockText(), "holds no second factor") || !strings.Contains(m.Text, "alice@contoso.com") {
		t.Errorf("the diagnosis is gone:\n%s", m.BlockText())
	}
	for _, id := range ids(m) {
		if slices.Contains(before, id) {
			t.Errorf("block id %s is used again", id)
		}
	}
	h.until("the question", func(n *slackfake.Snapshot) bool { _, open := n.Modal("U0CAROL"); return open })
	v, _ := h.Modal("U0CAROL")
	if text := v.BlockText(); strings.Index(text, "The person holds no second factor") > strings.Index(text, "Something else") ||
		strings.Index(text, "The person holds no second factor") > strings.Index(text, "has signed in successfully") {
		t.Errorf("the confirmed cause is not first:\n%s", text)
	}
	if _, err := h.SubmitView("U0CAROL", map[string]map[string]any{"cause": {"value": "no-method"}}); err != nil {
		t.Fatal(err)
	}
	m = h.says(privateChannel, m.TS, "What fixed it")
	if strings.Count(m.BlockText(), "Solved by") != 1 || strings.Count(m.Text, "Solved by") != 1 || !strings.Contains(m.BlockText(), "holds no second factor") {
		t.Errorf("the answer says:\n%s\n%s", m.Text, m.BlockText())
	}
}

func ids(m slackfake.Message) []string {
	var all []string
	for _, b := range m.Blocks {
		if id, _ := b["block_id"].(string); id != "" {
			all = append(all, id)
		}
	}
	return all
}

func TestAClickAfterTheChannelIsSharedTakesTheDiagnosisAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(privateChannel, "U0ALICE", paste50076)
	m := h.answer(privateChannel, ts, "holds no second factor")
	h.ShareChannel(privateChannel, "T0FABRIKAM")
	h.until("the event is taken", func(n *slackfake.Snapshot) bool { return n.Unacked() == 0 })
	sent := len(h.Sent())
	h.click("U0CAROL", m, "solved")
	m = h.says(privateChannel, m.TS, "Solved by <@U0CAROL>")
	h.reacted(privateChannel, ts, "white_check_mark")
	for _, s := range h.Sent()[sent:] {
		if strings.Contains(s.Text, secretName) || strings.Contains(s.Text, "alice@contoso.com") {
			t.Errorf("%s sent directory data into a shared channel: %s", s.Method, s.Text)
		}
	}
	if strings.Contains(m.BlockText(), "alice@contoso.com") {
		t.Errorf("the answer still tells:\n%s", m.BlockText())
	}
}

func TestButtonsOfAnExpiredCase(t *testing.T) {
	t.Parallel()
	fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
	id, ts := openCase(t, fake, queue, paste50076)
	if err := w.Answer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c, err := w.Store.Case(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Store.Purge(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	before, _ := fake.Message(privateChannel, c.ReplyTS)
	for i, action := range []string{"solved", "stuck", "show", "support", "feedback"} {
		key := c.OnceKey
		if action == "feedback" {
			key = "helpful " + key
		}
		k := Click{User: "U0ALICE", Team: "T0CONTOSO", UserTeam: "T0CONTOSO", Channel: privateChannel, MessageTS: c.ReplyTS, ThreadTS: ts, Action: action, Key: key}
		if err := w.Clicked(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		if all := fake.Ephemerals("U0ALICE"); len(all) != i+1 || !strings.Contains(all[i].Text, "no longer kept") {
			t.Errorf("%s: %+v", action, all)
		}
	}
	if after, _ := fake.Message(privateChannel, c.ReplyTS); after.Updates != before.Updates {
		t.Error("the answer was edited")
	}
}

func TestASuccessSolvesACaseThatNobodyEnded(t *testing.T) {
	t.Parallel()
	fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
	id, ts := openCase(t, fake, queue, paste50076)
	if err := w.Answer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.Desk.Tenant = recents{now: time.Now, success: time.Now().Add(-time.Minute)}
	if err := w.Watched(t.Context(), id, "", 0); err != nil {
		t.Fatal(err)
	}
	c, err := w.Store.Case(t.Context(), id)
	if err != nil || c.Outcome != store.Solved || c.OutcomeBy != "" {
		t.Fatalf("outcome %q by %q, %v", c.Outcome, c.OutcomeBy, err)
	}
	m := fake.Thread(privateChannel, ts)[1]
	if len(controls(m)) != 0 || !strings.Contains(m.BlockText(), "a successful sign-in was seen in the sign-in log") || !strings.Contains(m.BlockText(), "AADSTS50076") {
		t.Errorf("the answer says:\n%s", m.BlockText())
	}
	if r := fake.Reactions(privateChannel, ts); len(r) != 1 || r[0].Name != "white_check_mark" {
		t.Errorf("reactions %+v", r)
	}
}

func TestSupportIDs(t *testing.T) {
	t.Parallel()
	for user, directory := range map[string]bool{"U0ALICE": true, "U0DAVE": false, "U0BOB": false} {
		h := newHouse(t, nil)
		h.tenant.signIn = facts.See(time.Now(), facts.SignIn{ID: "row-id-1", Time: time.Now(), Code: 50076, AppName: "Payroll", AppID: "app-id-1", ResourceTenant: "tenant-id-1"})
		ts := h.Post(publicChannel, "U0BOB", paste50076)
		m := h.answer(publicChannel, ts, "AADSTS50076")
		h.click(user, m, "support")
		h.whispered(user, "0a1b2c3d-0000-4000-8000-000000000100")
		text := h.Ephemerals(user)[0].Text
		for _, secret := range []string{"row-id-1", "Payroll", "tenant-id-1", "bob@contoso.com"} {
			if strings.Contains(text, secret) != directory {
				t.Errorf("%s and %q:\n%s", user, secret, text)
			}
		}
		if strings.Count(text, "```") != 2 {
			t.Errorf("it is no single block:\n%s", text)
		}
		if asked := h.tenant.asked() > 0; asked != directory {
			t.Errorf("%s: the tenant was asked: %v", user, asked)
		}
	}
}
