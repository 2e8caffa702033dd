package bot

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"signpost/bot/slackfake"
)

// clock is a clock that only the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// inbox is a sink that keeps what it took.
type inbox struct {
	mu    sync.Mutex
	taken []Event
	fail  func(n int, ev Event) error // asked first; n counts from 1
	calls int
	ack   any
}

func (b *inbox) sink(_ context.Context, ev Event) (any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	if b.fail != nil {
		if err := b.fail(b.calls, ev); err != nil {
			return nil, err
		}
	}
	b.taken = append(b.taken, ev)
	return b.ack, nil
}

func (b *inbox) texts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var texts []string
	for _, ev := range b.taken {
		if ev.Message != nil {
			texts = append(texts, ev.Message.Text)
		}
	}
	return texts
}

// lab is a Socket against a fake workspace.
type lab struct {
	t       *testing.T
	fake    *slackfake.Server
	socket  *Socket
	metrics *Metrics
	log     *strings.Builder
	stop    context.CancelFunc
	ended   chan error
}

// start runs Socket Mode until the test ends, and checks that nothing of it is left then.
func start(t *testing.T, opts slackfake.Options, sink Sink, change func(*SocketConfig, *slackfake.Server)) *lab {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	transport := &http.Transport{}
	l := &lab{t: t, fake: slackfake.New(opts), metrics: NewMetrics(prometheus.NewRegistry()), log: &strings.Builder{}, ended: make(chan error, 1)}
	cfg := SocketConfig{
		Client:  NewSlack(l.fake.BotToken(), l.fake.AppToken(), l.fake.APIURL(), &http.Client{Transport: transport}),
		Sink:    sink,
		Log:     slog.New(slog.NewTextHandler(&lockedWriter{w: l.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Metrics: l.metrics,
	}
	if change != nil {
		change(&cfg, l.fake)
	}
	l.socket = NewSocket(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	l.stop = cancel
	go func() { l.ended <- l.socket.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		l.fake.Close()
		transport.CloseIdleConnections()
		goleak.VerifyNone(t, leaks)
	})
	return l
}

// connected waits until all connections are open and greeted.
func (l *lab) connected() {
	l.t.Helper()
	eventually(l.t, "all connections are up", func() bool { s := l.socket.State(); return s.Up == s.Want })
}

// finish stops Run and returns what it returned.
func (l *lab) finish() error {
	l.t.Helper()
	l.stop()
	return l.result()
}

func (l *lab) result() error {
	l.t.Helper()
	select {
	case err := <-l.ended:
		l.ended <- err
		return err
	case <-time.After(20 * time.Second):
		l.t.Fatal("Run does not return")
		return nil
	}
}

// wait waits for the fake's state.
func (l *lab) wait(what string, condition func(*slackfake.Snapshot) bool) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 20*time.Second)
	defer cancel()
	if err := l.fake.Wait(ctx, condition); err != nil {
		l.t.Fatalf("%s: %v", what, err)
	}
}

func (l *lab) counted(kind string, d delivery) float64 {
	return testutil.ToFloat64(l.metrics.events.WithLabelValues(kind, string(d)))
}

// eventually waits for something that has no channel to wait on.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-look.C:
		}
	}
}

type lockedWriter struct {
	mu sync.Mutex
	w  *strings.Builder
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// still is a workspace whose own clock stands still, so that nothing is redelivered unless the test asks for it.
func still() slackfake.Options {
	at := time.Now()
	return slackfake.Options{Now: func() time.Time { return at }, Tick: -1}
}

func allAcked(n *slackfake.Snapshot) bool { return n.Unacked() == 0 && len(n.Deliveries()) > 0 }
