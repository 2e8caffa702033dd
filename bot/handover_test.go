package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"signpost/bot/slackfake"
	"signpost/bot/store"
	"signpost/handlers"
)

const identityChannel = "C0IDENTITY"

// handedOver waits for the post in the escalation channel.
func (h *house) handedOver(says string) (m slackfake.Message) {
	h.t.Helper()
	h.until("the hand-over says "+says, func(n *slackfake.Snapshot) bool {
		all := n.Messages(identityChannel)
		if len(all) == 0 {
			return false
		}
		m = all[0]
		return strings.Contains(m.BlockText(), says)
	})
	return m
}

func TestStillStuckHandsOverOnceWithEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(publicChannel, "U0BOB", paste50076)
	m := h.answer(publicChannel, ts, "AADSTS50076")
	h.click("U0DAVE", m, "stuck")
	post := h.handedOver("asks you to take over")
	h.click("U0BOB", m, "stuck") // who still sees the button
	h.whispered("U0BOB", "handed over already")
	m = h.says(publicChannel, m.TS, "Handed to the identity team by <@U0DAVE>")
	h.reacted(publicChannel, ts, "rotating_light")
	for _, want := range []string{"<@U0BOB>", "<#C0SUPPORT>", "open the thread", "5e6f7a8b-0000-4000-8000-000000000200", "Which of them were tried is not known", "names nobody"} {
		if !strings.Contains(post.BlockText(), want) {
			t.Errorf("the hand-over lacks %q:\n%s", want, post.BlockText())
		}
	}
	if !strings.Contains(post.Text, "asks you to take over") || !strings.Contains(post.Text, "AADSTS50076") {
		t.Errorf("the text for screen readers is %q", post.Text)
	}
	if got := strings.Join(post.Actions(), " "); got != "solved show support" {
		t.Errorf("buttons of the hand-over are %q", got)
	}
	if len(controls(m)) != 0 || strings.Contains(m.BlockText(), identityChannel) {
		t.Errorf("the answer says:\n%s", m.BlockText())
	}
	h.settle(publicChannel)
	if n := len(h.Messages(identityChannel)); n != 1 {
		t.Errorf("%d hand-overs", n)
	}
	if h.tenant.asked() != 0 {
		t.Error("the tenant was read for a channel that may not hold it")
	}

	// The buttons there do the same as in the thread.
	h.click("U0ALICE", post, "show")
	h.whispered("U0ALICE", "holds no second factor")
	h.click("U0ALICE", post, "support")
	h.whispered("U0ALICE", "From the directory")
	for _, e := range h.Ephemerals("U0ALICE") {
		if e.Channel != identityChannel {
			t.Errorf("it is shown in %s", e.Channel)
		}
	}
	h.click("U0CAROL", post, "solved")
	m = h.says(publicChannel, m.TS, "Solved by <@U0CAROL>")
	post = h.says(identityChannel, post.TS, "Solved by <@U0CAROL>")
	if len(post.Actions()) != 0 || strings.Contains(m.BlockText(), "Handed to") || !strings.Contains(post.BlockText(), "asks you to take over") {
		t.Errorf("buttons %v; the hand-over says:\n%s\nand the answer:\n%s", post.Actions(), post.BlockText(), m.BlockText())
	}
	h.reacted(publicChannel, ts, "white_check_mark")
	h.click("U0BOB", m, "feedback", slackfake.Choice{Value: firstFeedback(m)}) // the question stays
	h.whispered("U0BOB", "Thank you")
	for _, s := range h.Sent() {
		if strings.Contains(s.Text, secretName) && s.Method != "chat.postEphemeral" {
			t.Errorf("%s sent directory data to %s", s.Method, s.Channel)
		}
	}
}

func TestAHandOverHoldsWhatBothChannelsMay(t *testing.T) {
	t.Parallel()
	named := strings.Replace(paste50076, "'x'", "'x' as bob@contoso.com", 1)
	for name, row := range map[string]struct {
		channel, escalation handlers.Details
		diagnosis, ids      bool
		given               bool // the thread was given the same steps
	}{
		"full there":               {handlers.Agents, handlers.Full, true, true, false},
		"agents there":             {handlers.Agents, handlers.Agents, false, true, true},
		"none there":               {handlers.Agents, handlers.None, false, false, false},
		"nobody is told more here": {handlers.None, handlers.Full, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(s *Settings) {
				s.Config.Slack.Channels = []ChannelConfig{{ID: publicChannel, Details: string(row.channel)}, {ID: identityChannel, Details: string(row.escalation)}}
			})
			ts := h.Post(publicChannel, "U0BOB", named)
			m := h.answer(publicChannel, ts, "AADSTS50076")
			h.click("U0BOB", m, "stuck")
			post := h.handedOver("still stuck")
			if row.diagnosis {
				post = h.says(identityChannel, post.TS, "holds no second factor")
			}
			h.says(publicChannel, m.TS, "Handed to the identity team by <@U0BOB>")
			h.settle(publicChannel)
			post, _ = h.Message(identityChannel, post.TS)
			if strings.Contains(post.BlockText(), secretName) != row.diagnosis || strings.Contains(post.BlockText(), "holds no second factor") != row.diagnosis ||
				strings.Contains(post.BlockText(), "5e6f7a8b") != row.ids || strings.Contains(post.BlockText(), "were tried") != row.given {
				t.Errorf("the hand-over says:\n%s", post.BlockText())
			}
			if asked := h.tenant.asked() > 0; asked != row.diagnosis {
				t.Errorf("the tenant was asked: %v", asked)
			}
		})
	}
}

func TestAHandOverIsTriedAgainAndNeverPostedTwice(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil func(*house)
		told  string
		posts int // after the first press
	}{
		"Slack refuses it":        {func(h *house) { h.Fail("chat.postMessage", 1, slackfake.Fault{Error: "not_in_channel"}) }, "Try again in a minute", 0},
		"Slack asks to wait long": {func(h *house) { h.Fail("chat.postMessage", 1, slackfake.Fault{RetryAfter: 40 * time.Second}) }, "Try again in a minute", 0},
		"its receipt is lost":     {func(h *house) { h.DropAnswer("chat.postMessage", 1) }, "Try again in a minute", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			ts := h.Post(publicChannel, "U0BOB", paste50076)
			m := h.answer(publicChannel, ts, "AADSTS50076")
			h.reacted(publicChannel, ts, "eyes")
			row.spoil(h)
			h.click("U0BOB", m, "stuck")
			h.whispered("U0BOB", row.told)
			if n := len(h.Messages(identityChannel)); n != row.posts {
				t.Errorf("%d posts after the first press", n)
			}
			if m, _ = h.Message(publicChannel, m.TS); len(controls(m)) != 4 {
				t.Errorf("buttons are %v", m.Actions())
			}
			h.click("U0BOB", m, "stuck")
			h.says(publicChannel, m.TS, "Handed to the identity team by <@U0BOB>")
			if n := len(h.Messages(identityChannel)); n != 1 {
				t.Errorf("%d posts", n)
			}
		})
	}
}

func TestAHandOverThatAProcessLeftIsTakenUp(t *testing.T) {
	t.Parallel()
	now := time.Now()
	fake, w, queue, _ := newWorker(t, &directory{}, func() time.Time { return now })
	w.Escalate = identityChannel
	id, ts := openCase(t, fake, queue, paste50076)
	if err := w.Answer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c, err := w.Store.Case(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	k := Click{User: "U0ALICE", Team: "T0CONTOSO", Channel: privateChannel, MessageTS: c.ReplyTS, ThreadTS: ts, Action: "stuck", Key: c.OnceKey}
	if _, _, err := w.postHandOver(t.Context(), k, c, false); err != nil { // and then the process died
		t.Fatal(err)
	}
	if err := w.Store.SetCursor(t.Context(), handOverCursor(id), fmt.Sprintf("begun %d", now.Unix())); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		want  store.Outcome
	}{{10 * time.Second, ""}, {2 * time.Minute, store.HandedOver}} {
		now = now.Add(step.after)
		if err := w.Clicked(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		if c, err = w.Store.Case(t.Context(), id); err != nil || c.Outcome != step.want {
			t.Errorf("after %s the outcome is %q, %v", step.after, c.Outcome, err)
		}
	}
	if n := len(fake.Messages(identityChannel)); n != 1 {
		t.Errorf("%d posts", n)
	}
	// The nightly purge takes the post away.
	if _, err := w.Store.Purge(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	posts, err := w.Store.ExpiredPosts(t.Context(), time.Time{}, 0)
	if err != nil || len(posts) != 1 || posts[0].Channel != identityChannel {
		t.Errorf("%+v, %v", posts, err)
	}
}

func TestAHandOverIsScrubbedOnceItsChannelIsShared(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *Settings) {
		s.Config.Slack.Channels = []ChannelConfig{{ID: publicChannel}, {ID: identityChannel, Details: "full"}}
	})
	ts := h.Post(publicChannel, "U0BOB", paste50076)
	m := h.answer(publicChannel, ts, "AADSTS50076")
	h.click("U0BOB", m, "stuck")
	post := h.handedOver("holds no second factor")
	h.says(publicChannel, m.TS, "Handed to the identity team")
	h.ShareChannel(identityChannel, "T0FABRIKAM")
	h.until("the event is taken", func(n *slackfake.Snapshot) bool { return n.Unacked() == 0 })
	sent := len(h.Sent())
	h.click("U0CAROL", post, "solved")
	post = h.says(identityChannel, post.TS, "Solved by <@U0CAROL>")
	if strings.Contains(post.BlockText()+post.Text, "bob@contoso.com") {
		t.Errorf("the hand-over still tells:\n%s", post.BlockText())
	}
	for _, s := range h.Sent()[sent:] {
		if strings.Contains(s.Text, "bob@contoso.com") {
			t.Errorf("%s sent directory data", s.Method)
		}
	}
}
