package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"signpost/bot/slackfake"
)

func TestSocketDeliversAndAcknowledges(t *testing.T) {
	var box inbox
	l := start(t, still(), box.sink, nil)
	l.connected()
	l.fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076: you must use MFA")
	l.wait("the message is acknowledged", allAcked)
	if got := box.texts(); len(got) != 1 || got[0] != "AADSTS50076: you must use MFA" {
		t.Errorf("taken: %q", got)
	}
	if s := l.socket.State(); s.Up != 2 || s.Hello.IsZero() || s.Envelope.IsZero() {
		t.Errorf("state %+v", s)
	}
	if err := l.finish(); err != nil {
		t.Errorf("Run after stopping: %v", err)
	}
}

func TestSocketLeavesAnEventUnacknowledgedUntilItIsStored(t *testing.T) {
	box := inbox{fail: func(n int, _ Event) error {
		if n == 1 {
			return errors.New("the database is locked")
		}
		return nil
	}}
	l := start(t, still(), box.sink, nil)
	l.connected()
	l.fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
	eventually(t, "the first try fails", func() bool { return l.counted(KindMessage, wasRefused) == 1 })
	if n := l.fake.Unacked(); n != 1 || len(box.texts()) != 0 {
		t.Fatalf("%d unacknowledged, taken %q", n, box.texts())
	}
	l.fake.Redeliver()
	l.wait("the retry is acknowledged", allAcked)
	if got := box.texts(); len(got) != 1 {
		t.Errorf("taken: %q", got)
	}
}

func TestSocketSurvivesAPanicAndTellsNothingOfTheMessage(t *testing.T) {
	box := inbox{fail: func(n int, ev Event) error {
		if n == 1 {
			panic("cannot read " + ev.Message.Text)
		}
		return nil
	}}
	l := start(t, still(), box.sink, nil)
	l.connected()
	l.fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076 geheim")
	eventually(t, "the panic is counted", func() bool { return l.counted(KindMessage, wasPanicked) == 1 })
	if n := l.fake.Unacked(); n != 1 {
		t.Fatalf("%d unacknowledged after a panic, want 1", n)
	}
	l.fake.Redeliver()
	l.wait("the retry is acknowledged", allAcked)
	if err := l.finish(); err != nil {
		t.Fatal(err)
	}
	if text := l.log.String(); strings.Contains(text, "geheim") || !strings.Contains(text, "a handler panicked") {
		t.Errorf("log:\n%s", text)
	}
}

func TestSocketTakesOneEventIDOnceButEveryEventOfAPost(t *testing.T) {
	var box inbox
	l := start(t, still(), box.sink, nil)
	l.connected()
	const raw = `{"type":"event_callback","team_id":"T0","event_id":"Ev0SAME","event":{"type":"message","user":"U0BOB","channel":"C0SUPPORT","ts":"1.1","text":"same"}}`
	l.fake.DeliverRaw(raw)
	l.wait("the event is acknowledged", allAcked)
	l.fake.DeliverRaw(raw)
	l.wait("its double is acknowledged", func(n *slackfake.Snapshot) bool { return allAcked(n) && len(n.Deliveries()) == 2 })
	if got := box.texts(); len(got) != 1 || l.counted(KindMessage, wasDuplicate) != 1 {
		t.Errorf("taken: %q, duplicates %v", got, l.counted(KindMessage, wasDuplicate))
	}
	// The same post under other event ids is the store's to tell apart: its key is the message.
	l.fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
	l.fake.DuplicateLast(3)
	l.wait("all are acknowledged", func(n *slackfake.Snapshot) bool { return allAcked(n) && len(n.Deliveries()) == 6 })
	if got := box.texts(); len(got) != 5 {
		t.Errorf("taken: %q", got)
	}
}

func TestSocketAcknowledgesWhatNobodyCanRead(t *testing.T) {
	var box inbox
	l := start(t, still(), box.sink, nil)
	l.connected()
	given := func(outcome string, n float64) {
		t.Helper()
		eventually(t, outcome, func() bool { return testutil.ToFloat64(l.metrics.bad.WithLabelValues(outcome)) == n })
	}

	l.fake.DeliverEvent(slackfake.Block{"type": "canvas_exploded", "channel": "C0SUPPORT"}) // unknown to slack-go and to us
	l.fake.DeliverRaw(`{"type":"event_callback","event_id":"Ev0NOEVENT"}`)                  // no inner event
	l.fake.DeliverRaw(`"just a string"`)
	l.fake.DeliverRaw(`{"type":"app_rate_limited","team_id":"T0","minute_rate_limited":1700000000,"api_app_id":"A0"}`)
	l.wait("all are acknowledged", func(n *slackfake.Snapshot) bool { return allAcked(n) && len(n.Deliveries()) == 4 })
	given(badGivenUp, 2)
	eventually(t, "the unknown event is counted", func() bool { return l.counted("other", wasIgnored) == 1 })
	eventually(t, "the rate limit is counted", func() bool { return testutil.ToFloat64(l.metrics.rateLimited) == 1 })

	// Envelopes of an unknown type carry an id; frames without one, or that are not JSON, cannot be acknowledged.
	l.fake.DeliverFrame(`{"type":"teleport","envelope_id":"e-unknown","payload":{}}`)
	l.wait("the unknown envelope is acknowledged", func(n *slackfake.Snapshot) bool {
		acks := n.Acks()
		return len(acks) > 0 && acks[len(acks)-1].EnvelopeID == "e-unknown"
	})
	given(badGivenUp, 3)
	l.fake.DeliverFrame(`{"type":"events_api","payload":{"type":"event_callback"}}`)
	l.fake.DeliverFrame(`{"type":5}`)
	l.fake.DeliverFrame(`{"type":`)
	l.fake.DeliverFrame(`}`)
	eventually(t, "frames without an id are counted", func() bool { return testutil.ToFloat64(l.metrics.bad.WithLabelValues(badNoID)) >= 3 })
	if got := box.texts(); len(got) != 0 {
		t.Errorf("taken: %q", got)
	}
	l.fake.Post("C0SUPPORT", "U0BOB", "still here")
	l.wait("the next message is acknowledged", allAcked)
}

// TestSocketReadsEventsThatSlackGoRefuses sends what slack-go drops whole: one malformed block or attachment.
func TestSocketReadsEventsThatSlackGoRefuses(t *testing.T) {
	var box inbox
	l := start(t, still(), box.sink, nil)
	l.connected()
	l.fake.DeliverEvent(slackfake.Block{"type": "message", "bot_id": "B0ALERTS", "channel": "C0SUPPORT", "ts": "1.1", "text": "",
		"attachments": []any{slackfake.Block{"ts": "", "text": "AADSTS50076 in an attachment"}}})
	l.fake.DeliverEvent(slackfake.Block{"type": "message", "user": "U0BOB", "channel": "C0SUPPORT", "ts": "1.2", "text": "AADSTS50079",
		"blocks": []any{slackfake.Block{"type": "section", "text": []any{5}}, "no block"}})
	l.wait("both are acknowledged", func(n *slackfake.Snapshot) bool { return allAcked(n) && len(n.Deliveries()) == 2 })
	got := box.texts()
	if all := strings.Join(got, "\n"); len(got) != 2 || !strings.Contains(all, "AADSTS50076 in an attachment") || !strings.Contains(all, "AADSTS50079") {
		t.Errorf("taken: %q", got)
	}
	if n := testutil.ToFloat64(l.metrics.bad.WithLabelValues(badRead)); n == 0 {
		t.Error("slack-go read both; the test no longer shows what it is for")
	}
}

func TestSocketAnswersCommandsWithAPayload(t *testing.T) {
	box := inbox{ack: map[string]string{"response_type": "ephemeral", "text": "on it"}}
	l := start(t, still(), box.sink, nil)
	l.connected()
	i, err := l.fake.Command("U0ALICE", "C0SUPPORT", "/aadsts", "bob@contoso.com")
	if err != nil {
		t.Fatal(err)
	}
	l.wait("the command is answered", func(n *slackfake.Snapshot) bool { got, _ := n.Invocation(i.ID); return got.State == slackfake.Acked })
	if shown := l.fake.Ephemerals("U0ALICE"); len(shown) != 1 || shown[0].Text != "on it" {
		t.Errorf("shown: %+v", shown)
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	if ev := box.taken[0]; ev.Kind != KindCommand || ev.Source != FromCommand || jsonText(ev.Raw).field("text").str() == "" {
		t.Errorf("event %s %s %s", ev.Source, ev.Kind, ev.Raw)
	}
}

func TestSocketSendsAnAcknowledgementWithoutAnAnswerThatIsTooLarge(t *testing.T) {
	box := inbox{ack: map[string]string{"text": strings.Repeat("x", maxAck)}}
	l := start(t, still(), box.sink, nil)
	l.connected()
	i, err := l.fake.Command("U0ALICE", "C0SUPPORT", "/aadsts", "help")
	if err != nil {
		t.Fatal(err)
	}
	l.wait("the command is acknowledged", func(n *slackfake.Snapshot) bool { got, _ := n.Invocation(i.ID); return got.State == slackfake.Acked })
	if n := testutil.ToFloat64(l.metrics.acksFailed); n != 1 {
		t.Errorf("%v failed acknowledgements counted, want 1", n)
	}
}

func TestSocketTakesABurst(t *testing.T) {
	const n = 1000
	var box inbox
	l := start(t, still(), box.sink, nil)
	l.connected()
	for i := range n {
		l.fake.DeliverEvent(slackfake.Block{"type": "message", "user": "U0BOB", "channel": "C0SUPPORT", "ts": fmt.Sprintf("%d.1", i), "text": "AADSTS50076"})
	}
	l.wait("all are acknowledged", func(s *slackfake.Snapshot) bool { return allAcked(s) && len(s.Deliveries()) == n })
	if got := len(box.texts()); got != n {
		t.Errorf("%d taken, want %d", got, n)
	}
	if l.fake.Connected() != 2 {
		t.Errorf("%d connections were opened, want the first 2 only", l.fake.Connected())
	}
}

// TestSocketNeverStopsReading blocks the sink, and sends more than slack-go can hold. Were the reader to wait, slack-go would see no ping.
func TestSocketNeverStopsReading(t *testing.T) {
	const n = 200 // slack-go holds 50
	var box inbox
	gate := make(chan struct{})
	box.fail = func(int, Event) error { <-gate; return nil }
	l := start(t, still(), box.sink, func(c *SocketConfig, _ *slackfake.Server) { c.Queue = 10 })
	l.connected()
	for i := range n {
		l.fake.DeliverEvent(slackfake.Block{"type": "message", "user": "U0BOB", "channel": "C0SUPPORT", "ts": fmt.Sprintf("%d.1", i), "text": "x"})
	}
	// 2 connections, each with 10 in its queue and 2 at its workers, hold 24; those at the workers wait for the inbox's lock.
	eventually(t, "the rest is shed", func() bool { return l.counted(string(FromEvents), wasShed) >= n-24 })
	if got := l.fake.Unacked(); got != n {
		t.Errorf("%d unacknowledged, want %d: nothing was stored yet", got, n)
	}
	close(gate)
	for l.fake.Unacked() > 0 {
		before := l.fake.Unacked()
		l.fake.Redeliver()
		l.wait("some are acknowledged", func(s *slackfake.Snapshot) bool { return s.Unacked() < before })
	}
	if l.fake.Connected() != 2 {
		t.Errorf("%d connections were opened, want 2", l.fake.Connected())
	}
}

// TestSocketAndRulesAgreeWithTheWorkspace lets people and integrations of the fake workspace do what they do, and looks at what is read.
func TestSocketAndRulesAgreeWithTheWorkspace(t *testing.T) {
	rules := Rules{Self: self, Channels: map[string]ChannelRule{"C0SUPPORT": {Bots: []string{"B0ALERTS"}}}}
	pastes := make(chan Paste, 100)
	drops := make(chan Drop, 100)
	l := start(t, still(), func(_ context.Context, ev Event) (any, error) {
		if p, drop := rules.Paste(ev); drop == Taken {
			pastes <- p
		} else if drop != NotMessage {
			drops <- drop
		}
		return nil, nil
	}, nil)
	l.connected()
	read := func(what string, check func(Paste) bool) {
		t.Helper()
		select {
		case p := <-pastes:
			if !check(p) {
				t.Errorf("%s: read %+v", what, p)
			}
		case d := <-drops:
			t.Errorf("%s: dropped as %q", what, d)
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: nothing came", what)
		}
		l.wait(what, allAcked)
	}
	dropped := func(what string, want Drop) {
		t.Helper()
		select {
		case p := <-pastes:
			t.Errorf("%s: read %+v", what, p)
		case d := <-drops:
			if d != want {
				t.Errorf("%s: dropped as %q, want %q", what, d, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: nothing came", what)
		}
		l.wait(what, allAcked)
	}
	const error = "AADSTS50105: user bob@contoso.com of contoso.onmicrosoft.com is not assigned <here> & there"

	ts := l.fake.Post("C0SUPPORT", "U0BOB", error)
	read("a paste", func(p Paste) bool {
		return p.Text == error && p.TS == ts && p.ThreadTS == ts && p.Author == "U0BOB" && !p.Edited
	})
	l.fake.Touch("C0SUPPORT", ts)
	dropped("a change that is nobody's", NothingNew)
	l.fake.Unfurl("C0SUPPORT", ts, "https://learn.microsoft.com/x", "AADSTS50058", "AADSTS50058")
	dropped("a link preview", NothingNew)
	l.fake.Edit("C0SUPPORT", ts, error+" again")
	read("an edit", func(p Paste) bool { return p.Text == error+" again" && p.TS == ts && p.Edited })

	reply := l.fake.Post("C0SUPPORT", "U0ALICE", "AADSTS50076", slackfake.InThread(ts))
	read("a reply", func(p Paste) bool { return p.TS == reply && p.ThreadTS == ts })
	l.fake.Post("C0SUPPORT", "U0BOB", error, slackfake.AsCode())
	read("a code block", func(p Paste) bool { return p.Text == error })
	l.fake.PostSnippet("C0SUPPORT", "U0BOB", "log.txt", error)
	read("a snippet", func(p Paste) bool {
		return strings.Contains(p.Text, error) && len(p.Files) == 1 && p.Files[0].URL != ""
	})
	from := l.fake.Post("C0AGENTS", "U0ALICE", error)
	dropped("a channel that is not listed", NotListed)
	l.fake.Forward("C0SUPPORT", "U0ALICE", "C0AGENTS", from, "can somebody look?")
	read("a forwarded message", func(p Paste) bool {
		return strings.HasPrefix(p.Text, "can somebody look?\n") && strings.Count(p.Text, "AADSTS50105") == 1 && strings.Contains(p.Text, error)
	})
	l.fake.PostBot("C0SUPPORT", "B0ALERTS", slackfake.BotPost{Attachments: []slackfake.Block{{"title": "Alert", "fields": []any{map[string]any{"title": "Error Code", "value": "50126"}}}}})
	read("an alert", func(p Paste) bool { return p.Text == "Alert\nError Code: 50126" && p.Bot })
	l.fake.PostDM("U0BOB", error)
	read("a direct message", func(p Paste) bool { return p.Text == error && p.Mentioned })
	l.fake.Delete("C0SUPPORT", reply)
	dropped("a deleted message", WasDeleted)
}
