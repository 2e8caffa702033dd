package slackfake_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"signpost/bot/slackfake"
)

// events collects what a Socket Mode client saw.
type events struct {
	mu  sync.Mutex
	all []socketmode.Event
}

func (e *events) add(ev socketmode.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

func (e *events) of(kind socketmode.EventType) []socketmode.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []socketmode.Event
	for _, ev := range e.all {
		if ev.Type == kind {
			out = append(out, ev)
		}
	}
	return out
}

// acking is a client that acks everything it gets.
func acking(t *testing.T, fake *slackfake.Server) *events {
	t.Helper()
	seen := &events{}
	socket(t, fake, func(smc *socketmode.Client, e socketmode.Event) {
		seen.add(e)
		if e.Request != nil && e.Request.EnvelopeID != "" {
			ack(t, smc, e.Request.EnvelopeID, nil)
		}
	})
	return seen
}

// open opens a raw socket, which lets a test ack or not as it likes, and gives its first frame.
func open(t *testing.T, fake *slackfake.Server) (*websocket.Conn, map[string]any) {
	t.Helper()
	_, link, err := client(fake).StartSocketModeContext(within(t))
	if err != nil {
		t.Fatal(err)
	}
	ws, _, err := websocket.DefaultDialer.DialContext(within(t), link, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return ws, read(t, ws)
}

func dial(t *testing.T, fake *slackfake.Server) *websocket.Conn {
	t.Helper()
	ws, hello := open(t, fake)
	if hello["type"] != "hello" {
		t.Fatalf("first frame is %v, want hello", hello)
	}
	return ws
}

func read(t *testing.T, ws *websocket.Conn) map[string]any {
	t.Helper()
	if err := ws.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var frame map[string]any
	if err := ws.ReadJSON(&frame); err != nil {
		t.Fatalf("read a frame: %v", err)
	}
	return frame
}

func eventID(frame map[string]any) string {
	payload, _ := frame["payload"].(map[string]any)
	id, _ := payload["event_id"].(string)
	return id
}

func write(t *testing.T, ws *websocket.Conn, v any) {
	t.Helper()
	if err := ws.WriteJSON(v); err != nil {
		t.Fatal(err)
	}
}

func TestHelloCountsConnections(t *testing.T) {
	fake := start(t, slackfake.Options{})
	for want := 1.0; want <= 3; want++ {
		_, hello := open(t, fake)
		app, _ := hello["connection_info"].(map[string]any)
		if hello["type"] != "hello" || hello["num_connections"] != want || app["app_id"] != fake.App().ID {
			t.Errorf("hello of connection %v: %v", want, hello)
		}
	}
}

func TestTheClientSeesHello(t *testing.T) {
	fake := start(t, slackfake.Options{})
	hello := make(chan int, 1)
	socket(t, fake, func(_ *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeHello {
			hello <- e.Request.NumConnections
		}
	})
	select {
	case n := <-hello:
		if n != 1 {
			t.Errorf("num_connections = %d", n)
		}
	case <-within(t).Done():
		t.Fatal("no hello came")
	}
}

// slack-go drops a connection on which no ping came for 30 s.
func TestPingsKeepTheClientConnected(t *testing.T) {
	fake := start(t, slackfake.Options{PingInterval: 20 * time.Millisecond})
	_, link, err := client(fake).StartSocketModeContext(within(t))
	if err != nil {
		t.Fatal(err)
	}
	ws, _, err := websocket.DefaultDialer.DialContext(within(t), link, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	pings := make(chan string, 100)
	ws.SetPingHandler(func(data string) error {
		pings <- data
		return ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	})
	go func() {
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				return
			}
		}
	}()
	for range 3 {
		select {
		case data := <-pings:
			if !strings.HasPrefix(data, "Ping from ") {
				t.Errorf("ping data %q", data)
			}
		case <-within(t).Done():
			t.Fatal("no ping came")
		}
	}
}

func TestDisconnectMakesTheClientReconnect(t *testing.T) {
	for _, reason := range []string{"warning", "refresh_requested", "link_disabled"} {
		t.Run(reason, func(t *testing.T) {
			fake := start(t, slackfake.Options{})
			acking(t, fake)
			wait(t, fake, connected(1))
			fake.Disconnect(reason)
			wait(t, fake, func(s *slackfake.Snapshot) bool { return s.Connected() == 2 && s.Connections() == 1 })
			fake.Post("C0SUPPORT", "U0BOB", "still there?")
			wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Acks()) == 1 })
		})
	}
}

func TestDroppedConnectionsAreReplaced(t *testing.T) {
	fake := start(t, slackfake.Options{})
	seen := acking(t, fake)
	wait(t, fake, connected(1))
	fake.DropConnections()
	fake.Post("C0SUPPORT", "U0BOB", "posted while nobody was connected")
	wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Acks()) == 1 && s.Unacked() == 0 })
	got := seen.of(socketmode.EventTypeEventsAPI)
	if len(got) != 1 || got[0].Request.RetryAttempt != 1 || got[0].Request.RetryReason == "" {
		t.Errorf("got %d events, retry %+v; want the one event as a retry", len(got), got)
	}
}

func TestUnackedEventsComeAgain(t *testing.T) {
	clk := newClock()
	fake := start(t, slackfake.Options{Now: clk.now, Tick: -1})
	ws := dial(t, fake)
	fake.Post("C0SUPPORT", "U0BOB", "hello")
	first := read(t, ws)
	if first["retry_attempt"] != 0.0 {
		t.Errorf("first delivery has retry_attempt %v", first["retry_attempt"])
	}
	ids := map[any]bool{first["envelope_id"]: true}
	for i, after := range []time.Duration{3 * time.Second, time.Minute, 5 * time.Minute} {
		clk.add(after - time.Millisecond)
		fake.Tick()
		if n := len(fake.Deliveries()); n != i+1 {
			t.Fatalf("%d deliveries just before retry %d is due", n, i+1)
		}
		clk.add(time.Millisecond)
		fake.Tick()
		again := read(t, ws)
		if again["retry_attempt"] != float64(i+1) || again["retry_reason"] != "timeout" {
			t.Errorf("retry %d: attempt %v, reason %v", i+1, again["retry_attempt"], again["retry_reason"])
		}
		if eventID(again) != eventID(first) {
			t.Errorf("retry %d has event_id %s, the event has %s", i+1, eventID(again), eventID(first))
		}
		if ids[again["envelope_id"]] {
			t.Errorf("retry %d reuses an envelope_id", i+1)
		}
		ids[again["envelope_id"]] = true
	}
	clk.add(time.Hour)
	fake.Tick()
	if n := fake.Unacked(); n != 0 {
		t.Errorf("%d events still wait after the last retry", n)
	}
}

func TestRedeliverNeedsNoClock(t *testing.T) {
	fake := start(t, slackfake.Options{Now: newClock().now})
	ws := dial(t, fake)
	fake.Post("C0SUPPORT", "U0BOB", "hello")
	first := read(t, ws)
	if n := fake.Redeliver(); n != 1 {
		t.Fatalf("redelivered %d events, want 1", n)
	}
	again := read(t, ws)
	write(t, ws, map[string]any{"envelope_id": again["envelope_id"]})
	wait(t, fake, func(s *slackfake.Snapshot) bool { return s.Unacked() == 0 })
	if eventID(first) != eventID(again) || first["envelope_id"] == again["envelope_id"] {
		t.Errorf("redelivery: event %s then %s, envelope %v then %v", eventID(first), eventID(again), first["envelope_id"], again["envelope_id"])
	}
	if n := fake.Redeliver(); n != 0 {
		t.Errorf("an acked event was redelivered")
	}
}

func TestEventsWaitForASocketButNotForEver(t *testing.T) {
	clk := newClock()
	fake := start(t, slackfake.Options{Now: clk.now, Tick: -1})
	lost := fake.Post("C0SUPPORT", "U0BOB", "too old")
	clk.add(slackfake.EventLife)
	kept := fake.Post("C0SUPPORT", "U0BOB", "fresh")
	clk.add(time.Second)
	ws := dial(t, fake)
	frame := read(t, ws)
	event := frame["payload"].(map[string]any)["event"].(map[string]any)
	if event["ts"] != kept || frame["retry_attempt"] != 1.0 {
		t.Errorf("got ts %v attempt %v; want only %s as a retry, not %s", event["ts"], frame["retry_attempt"], kept, lost)
	}
	if n := fake.Unacked(); n != 1 {
		t.Errorf("%d events wait, want 1", n)
	}
}

func TestPayloadsGoToOneConnectionThatPickChooses(t *testing.T) {
	turn := 0
	fake := start(t, slackfake.Options{Pick: func(n int) int { turn++; return turn % n }})
	a, b := dial(t, fake), dial(t, fake)
	for range 4 {
		fake.OpenHome("U0BOB")
	}
	for _, ws := range []*websocket.Conn{a, b} {
		for range 2 {
			write(t, ws, map[string]any{"envelope_id": read(t, ws)["envelope_id"]})
		}
	}
	wait(t, fake, func(s *slackfake.Snapshot) bool { return s.Unacked() == 0 })
	if n := len(fake.Deliveries()); n != 4 {
		t.Errorf("%d deliveries of 4 events", n)
	}
}

func TestTicketIsGoodForOneConnection(t *testing.T) {
	fake := start(t, slackfake.Options{})
	_, link, err := client(fake).StartSocketModeContext(within(t))
	if err != nil {
		t.Fatal(err)
	}
	ws, _, err := websocket.DefaultDialer.DialContext(within(t), link, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	for name, link := range map[string]string{"used": link, "unknown": link[:strings.Index(link, "?")] + "?" + url.Values{"ticket": {"nonsense"}}.Encode()} {
		if second, _, err := websocket.DefaultDialer.DialContext(within(t), link, nil); err == nil {
			second.Close()
			t.Errorf("%s ticket opened a connection", name)
		}
	}
}

func TestEleventhConnectionIsSentAway(t *testing.T) {
	fake := start(t, slackfake.Options{NoRateLimits: true})
	for range slackfake.MaxConnections {
		dial(t, fake)
	}
	if _, frame := open(t, fake); frame["type"] != "disconnect" || frame["reason"] != "too_many_websockets" {
		t.Errorf("the eleventh connection got %v", frame)
	}
	wait(t, fake, connected(slackfake.MaxConnections))
}

func TestAnswerOf20KilobytesVanishes(t *testing.T) {
	clk := newClock()
	fake := start(t, slackfake.Options{Now: clk.now, Tick: -1})
	ws := dial(t, fake)
	inv, err := fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "help")
	if err != nil {
		t.Fatal(err)
	}
	frame := read(t, ws)
	write(t, ws, map[string]any{"envelope_id": frame["envelope_id"], "payload": map[string]any{"text": strings.Repeat("x", slackfake.MaxAckSize)}})
	wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Acks()) == 1 })
	clk.add(slackfake.AckTimeout)
	fake.Tick()
	if got, _ := fake.Invocation(inv.ID); got.State != slackfake.TimedOut {
		t.Errorf("command is %s, want %s", got.State, slackfake.TimedOut)
	}
	if a := fake.Acks()[0]; !a.TooLarge {
		t.Errorf("ack is not marked as too large")
	}
}

func TestCommandAnswerInTheAckIsShownToThePersonAlone(t *testing.T) {
	fake := start(t, slackfake.Options{})
	socket(t, fake, func(smc *socketmode.Client, e socketmode.Event) {
		if cmd, isCommand := e.Data.(slack.SlashCommand); isCommand {
			ack(t, smc, e.Request.EnvelopeID, map[string]any{"text": "you said " + cmd.Text})
		}
	})
	wait(t, fake, connected(1))
	inv, err := fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "50076")
	if err != nil {
		t.Fatal(err)
	}
	wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Ephemerals("U0BOB")) == 1 })
	if m := fake.Ephemerals("U0BOB")[0]; m.Text != "you said 50076" || m.Channel != "C0SUPPORT" || m.To != "U0BOB" {
		t.Errorf("answer = %+v", m)
	}
	if len(fake.Messages("C0SUPPORT")) != 0 || len(fake.Ephemerals("U0ALICE")) != 0 {
		t.Error("others saw the answer")
	}
	got, _ := fake.Invocation(inv.ID)
	if got.State != slackfake.Acked {
		t.Errorf("state %s", got.State)
	}
	for _, s := range fake.Sent() {
		if s.Method == "ack" && (s.User != "U0BOB" || !strings.Contains(s.Text, "you said 50076")) {
			t.Errorf("sent record of the answer: user %q, text %q", s.User, s.Text)
		}
	}
}

func TestCommandWithoutASocketFailsAtOnce(t *testing.T) {
	fake := start(t, slackfake.Options{})
	inv, err := fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "help")
	if err != nil {
		t.Fatal(err)
	}
	if inv.State != slackfake.Undelivery {
		t.Errorf("state %s, want %s", inv.State, slackfake.Undelivery)
	}
}

func TestBadPayloadsReachTheClientAsBadMessages(t *testing.T) {
	rows := []struct {
		name    string
		deliver func(*slackfake.Server)
	}{
		{"unknown inner event", func(f *slackfake.Server) { f.DeliverEvent(slackfake.Block{"type": "brand_new_event"}) }},
		{"malformed block", func(f *slackfake.Server) {
			f.DeliverEvent(slackfake.Block{"type": "message", "channel": "C0SUPPORT", "user": "U0BOB", "text": "AADSTS50076", "ts": "1700000000.000100",
				"blocks": []any{slackfake.Block{"type": "rich_text", "elements": "not a list"}}})
		}},
		{"payload is no object", func(f *slackfake.Server) { f.DeliverRaw(`[1,2,3]`) }},
		{"payload is no JSON", func(f *slackfake.Server) { f.DeliverRaw(`{"type":`) }},
		{"event without an inner event", func(f *slackfake.Server) { f.DeliverRaw(`{"type":"event_callback","event_id":"Ev1"}`) }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			fake := start(t, slackfake.Options{})
			seen := &events{}
			socket(t, fake, func(smc *socketmode.Client, e socketmode.Event) {
				seen.add(e)
				bad, isBad := e.Data.(*socketmode.ErrorBadMessage)
				if !isBad {
					return
				}
				var envelope struct {
					ID string `json:"envelope_id"`
				}
				if err := json.Unmarshal(bad.Message, &envelope); err != nil {
					t.Errorf("bad message is no envelope: %v", err)
				}
				ack(t, smc, envelope.ID, nil)
			})
			wait(t, fake, connected(1))
			row.deliver(fake)
			wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Acks()) == 1 && s.Unacked() == 0 })
			if n := len(seen.of(socketmode.EventTypeErrorBadMessage)); n != 1 {
				t.Errorf("%d bad messages, want 1", n)
			}
		})
	}
}

func TestRawFrameThatIsNoJSONDoesNotEndTheConnection(t *testing.T) {
	fake := start(t, slackfake.Options{})
	seen := acking(t, fake)
	wait(t, fake, connected(1))
	if !fake.DeliverFrame(`{"type":`) {
		t.Fatal("no socket to write to")
	}
	fake.Post("C0SUPPORT", "U0BOB", "after the bad frame")
	wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Acks()) == 1 })
	if len(seen.of(socketmode.EventTypeEventsAPI)) != 1 || fake.Connected() != 1 {
		t.Errorf("events %d, connections opened %d", len(seen.of(socketmode.EventTypeEventsAPI)), fake.Connected())
	}
}

func TestDuplicatesHaveOneMessageAndManyEventIDs(t *testing.T) {
	fake := start(t, slackfake.Options{})
	seen := acking(t, fake)
	wait(t, fake, connected(1))
	fake.DuplicateDeliveries(1)
	ts := fake.Post("C0SUPPORT", "U0BOB", "once typed")
	fake.DuplicateLast(9)
	wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Acks()) == 11 })
	ids := map[string]bool{}
	for _, e := range seen.of(socketmode.EventTypeEventsAPI) {
		outer := e.Data.(slackevents.EventsAPIEvent)
		ids[outer.Data.(*slackevents.EventsAPICallbackEvent).EventID] = true
		if m := outer.InnerEvent.Data.(*slackevents.MessageEvent); m.TimeStamp != ts || e.Request.RetryAttempt != 0 {
			t.Errorf("ts %s attempt %d", m.TimeStamp, e.Request.RetryAttempt)
		}
	}
	if len(ids) != 11 {
		t.Errorf("%d different event_ids, want 11", len(ids))
	}
}

func TestWrongTokensEndTheSocketClient(t *testing.T) {
	for _, problem := range []string{"invalid_auth", "account_inactive", "token_revoked"} {
		t.Run(problem, func(t *testing.T) {
			fake := start(t, slackfake.Options{})
			fake.FailTokens(problem)
			smc := socketmode.New(client(fake))
			if err := smc.RunContext(within(t)); err == nil || err.Error() != problem {
				t.Errorf("RunContext = %v, want %s", err, problem)
			}
		})
	}
	t.Run("bot token instead of app token", func(t *testing.T) {
		fake := start(t, slackfake.Options{})
		api := slack.New(fake.BotToken(), slack.OptionAppLevelToken(fake.BotToken()), slack.OptionAPIURL(fake.APIURL()))
		_, _, err := api.StartSocketModeContext(within(t))
		var refused slack.SlackErrorResponse
		if !errors.As(err, &refused) || refused.Err != "not_allowed_token_type" {
			t.Errorf("err = %v", err)
		}
	})
}

func TestSocketFaults(t *testing.T) {
	fake := start(t, slackfake.Options{})
	fake.Fail("apps.connections.open", 1, slackfake.Fault{Error: "internal_error"})
	fake.Fail("socket", 1, slackfake.Fault{Status: 503})
	acking(t, fake)
	wait(t, fake, connected(1))
	if n := len(fake.Calls("apps.connections.open")); n != 3 {
		t.Errorf("%d tickets asked for, want 3: refused, spoilt, good", n)
	}
}

// Two clients, sockets that break all the time: nothing is lost.
func TestEveryEventArrivesOverBreakingSockets(t *testing.T) {
	fake := start(t, slackfake.Options{NoRateLimits: true, Tick: time.Millisecond})
	one, two := acking(t, fake), acking(t, fake)
	wait(t, fake, connected(2))
	const pastes = 200
	for i := range pastes {
		fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
		if i%40 == 39 {
			fake.DropConnections()
		}
	}
	for {
		wait(t, fake, func(s *slackfake.Snapshot) bool { return s.Connections() == 2 || s.Unacked() == 0 })
		if fake.Unacked() == 0 {
			break
		}
		fake.Redeliver()
		ctx, cancel := context.WithTimeout(within(t), 100*time.Millisecond)
		_ = fake.Wait(ctx, func(s *slackfake.Snapshot) bool { return s.Unacked() == 0 })
		cancel()
	}
	seen := map[string]int{}
	for _, e := range append(one.of(socketmode.EventTypeEventsAPI), two.of(socketmode.EventTypeEventsAPI)...) {
		seen[e.Data.(slackevents.EventsAPIEvent).InnerEvent.Data.(*slackevents.MessageEvent).TimeStamp]++
	}
	if len(seen) != pastes {
		t.Errorf("%d of %d pastes arrived", len(seen), pastes)
	}
}
