package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/slack-go/slack"
	"go.uber.org/goleak"

	"signpost/bot/slackfake"
)

func TestSocketHasNoGapWhenSlackMovesOneConnection(t *testing.T) {
	var pick atomic.Int32 // an index from the end
	var box inbox
	opts := still()
	opts.Pick = func(n int) int { return n - 1 - min(int(pick.Load()), n-1) }
	l := start(t, opts, box.sink, nil)
	l.connected()
	for i := range 5 {
		pick.Store(1) // the older connection is told to go …
		if !l.fake.DeliverFrame(`{"type":"disconnect","reason":"warning","debug_info":{}}`) {
			t.Fatal("no connection")
		}
		pick.Store(0) // … and at once something is said
		l.fake.Post("C0SUPPORT", "U0BOB", fmt.Sprintf("message %d", i))
		l.wait("the message is acknowledged", allAcked)
		l.wait("the connection is back", func(n *slackfake.Snapshot) bool { return n.Connected() == 3+i && n.Connections() == 2 })
		l.connected()
	}
	for _, d := range l.fake.Deliveries() {
		if d.Attempt != 0 {
			t.Errorf("event %s needed a retry: %+v", d.EventID, d)
		}
	}
	if n := testutil.ToFloat64(l.metrics.reconnects); n != 5 {
		t.Errorf("%v reconnects counted, want 5", n)
	}
	if n := testutil.ToFloat64(l.metrics.connectionUp); n != 2 {
		t.Errorf("%v connections shown, want 2", n)
	}
}

func TestSocketComesBackWhenTheNetworkBreaks(t *testing.T) {
	var box inbox
	l := start(t, still(), box.sink, nil)
	l.connected()
	l.fake.Fail("apps.connections.open", 2, slackfake.Fault{Status: http.StatusServiceUnavailable})
	l.fake.DropConnections()
	l.fake.Post("C0SUPPORT", "U0BOB", "while nobody listens")
	l.wait("both are back and the message is acknowledged", func(n *slackfake.Snapshot) bool { return n.Connections() == 2 && allAcked(n) })
	l.connected()
	if got := box.texts(); len(got) != 1 {
		t.Errorf("taken: %q", got)
	}
	if n := testutil.ToFloat64(l.metrics.connErrors); n != 2 {
		t.Errorf("%v connection errors counted, want 2", n)
	}
	if s := l.socket.State(); s.Errors != 0 || s.LastError != "" {
		t.Errorf("errors are still shown after the greeting: %+v", s)
	}
}

func TestSocketGivesUpAtOnceWhenSlackRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault slackfake.Fault
		want  string
	}{
		{"a wrong token", slackfake.Fault{Error: "invalid_auth"}, "SLACK_APP_TOKEN must be a valid app-level token"},
		{"a bot token in its place", slackfake.Fault{Error: "not_allowed_token_type"}, "SLACK_APP_TOKEN must be a valid app-level token"},
		{"no scope", slackfake.Fault{Error: "missing_scope"}, "connections:write"},
		{"a wrong address", slackfake.Fault{Status: http.StatusNotFound, Body: "no"}, "SLACK_API_URL"},
		{"a closed workspace", slackfake.Fault{Error: "account_inactive"}, "account_inactive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var box inbox
			l := start(t, still(), box.sink, func(_ *SocketConfig, fake *slackfake.Server) {
				fake.Fail("apps.connections.open", -1, tt.fault)
			})
			err := l.result()
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSocketFinishesWhatItBeganWhenStopped(t *testing.T) {
	began, gate := make(chan struct{}), make(chan struct{})
	var box inbox
	box.fail = func(int, Event) error { close(began); <-gate; return nil }
	l := start(t, still(), box.sink, nil)
	l.connected()
	l.fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
	<-began
	l.stop()
	l.fake.Post("C0SUPPORT", "U0BOB", "too late")
	eventually(t, "the second message is left to Slack", func() bool { return l.counted(string(FromEvents), wasShed) == 1 })
	close(gate)
	l.wait("the first is acknowledged", func(n *slackfake.Snapshot) bool { return len(n.Acks()) == 1 })
	if err := l.result(); err != nil {
		t.Error(err)
	}
	if n := l.fake.Unacked(); n != 1 || len(box.texts()) != 1 {
		t.Errorf("%d unacknowledged, taken %q; want the second message unacknowledged", n, box.texts())
	}
}

func TestSocketStopsThoughASinkTakesLong(t *testing.T) {
	began := make(chan struct{})
	sink := func(ctx context.Context, _ Event) (any, error) { close(began); <-ctx.Done(); return nil, ctx.Err() }
	l := start(t, still(), sink, func(c *SocketConfig, _ *slackfake.Server) { c.DrainWithin = time.Millisecond })
	l.connected()
	l.fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
	<-began
	if err := l.finish(); err != nil {
		t.Error(err)
	}
	if n := l.fake.Unacked(); n != 1 {
		t.Errorf("%d unacknowledged, want 1", n)
	}
}

func TestSocketRenewsConnectionsThatAreAliveButDeaf(t *testing.T) {
	var box inbox
	at := newClock()
	l := start(t, still(), box.sink, func(c *SocketConfig, _ *slackfake.Server) {
		c.Now, c.QuietAfter, c.HelloWithin = at.now, time.Hour, 40*time.Millisecond // a look each 10 ms
	})
	l.connected()
	at.add(2 * time.Hour)
	l.wait("one of the quiet connections is opened anew", func(n *slackfake.Snapshot) bool { return n.Connected() == 3 })
	l.connected()
	if n := l.fake.Connected(); n != 3 {
		t.Fatalf("%d connections opened, want 3: the other must wait its turn", n)
	}
	at.add(time.Minute)
	l.wait("so is the other", func(n *slackfake.Snapshot) bool { return n.Connected() == 4 && n.Connections() == 2 })
	l.connected()
	l.fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
	l.wait("the message is acknowledged", allAcked)
}

// TestSocketOpensAnewWhatSlackDoesNotGreet uses a server of its own: the fake workspace always greets.
func TestSocketOpensAnewWhatSlackDoesNotGreet(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	var opened atomic.Int32
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	mux.HandleFunc("/apps.connections.open", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"ok":true,"url":"ws%s/socket"}`, strings.TrimPrefix(server.URL, "http"))
	})
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		ws, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		if opened.Add(1) > 2 { // the first two stay silent
			_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","num_connections":1,"connection_info":{"app_id":"A0"}}`))
		}
		for {
			if _, _, err := ws.NextReader(); err != nil {
				return
			}
		}
	})
	at := newClock()
	transport := &http.Transport{}
	socket := NewSocket(SocketConfig{
		Client: NewSlack("xoxb", "xapp", server.URL, &http.Client{Transport: transport}), Sink: (&inbox{}).sink, Log: slog.New(slog.DiscardHandler),
		Metrics: NewMetrics(prometheus.NewRegistry()), Connections: 1, HelloWithin: 20 * time.Millisecond, QuietAfter: time.Hour,
		Now: func() time.Time { at.add(time.Second); return at.now() }, // each look is a second later
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- socket.Run(ctx) }()
	eventually(t, "the third connection is greeted", func() bool { return socket.State().Up == 1 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	transport.CloseIdleConnections()
	server.Close()
	goleak.VerifyNone(t, leaks)
}

func TestSocketErrorsDoNotQuoteTheTicket(t *testing.T) {
	for _, err := range []error{
		fmt.Errorf("dial: %w", errors.New(`parse "wss://wss-primary.slack.com/link/?ticket=SECRET": bad`)),
		slack.SlackErrorResponse{Err: "internal_error"},
	} {
		if got := reason(err); strings.Contains(got, "SECRET") || got == "" {
			t.Errorf("%v: %q", err, got)
		}
	}
}
