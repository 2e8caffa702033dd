package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// ErrRefused says that Slack will not open a Socket Mode connection with these settings, however often it is asked.
var ErrRefused = errors.New("refused by Slack")

// SocketConfig is what Socket Mode needs. Client, Sink, Log and Metrics must be set; zero values of the rest mean their defaults.
type SocketConfig struct {
	Client  *slack.Client // with an app-level token, see NewSlack
	Sink    Sink
	Log     *slog.Logger
	Metrics *Metrics

	// Connections to hold at once; default 2. Slack moves connections every few hours, and slack-go closes the old one before it opens the
	// new one: with a single connection, events in between come late. Slack allows 10 per app, over all replicas.
	Connections int
	// Queue is how many envelopes of one connection may wait; default 1024. What comes beyond is not acknowledged, so Slack sends it again.
	Queue int
	// PingWithin is how long a connection may be without a ping from Slack; default 30 s.
	PingWithin time.Duration
	// HelloWithin is how long an open connection may be without Slack's greeting; default 30 s. After it, the connection is opened anew.
	HelloWithin time.Duration
	// QuietAfter is how long a connection may bring nothing, neither greeting nor envelope, before it is opened anew although its pings
	// are fine; default 1 h. Such connections that are alive but deaf have been reported, and in a quiet workspace a new one is cheap.
	QuietAfter time.Duration
	// DrainWithin is how long stopping waits for what is under way; default 5 s.
	DrainWithin time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// flushWithin is the time that the last acknowledgements get to leave: slack-go does not tell when they have.
const flushWithin = 200 * time.Millisecond

// Socket receives events over Socket Mode. See https://docs.slack.dev/apis/events-api/using-socket-mode
type Socket struct {
	cfg   SocketConfig
	to    *deliverer
	conns []*connection

	mu      sync.Mutex
	errs    int
	lastErr string
	acked   time.Time // when the latest acknowledgement was handed to slack-go
	renewed time.Time // when the watchdog last renewed a connection for being quiet
	fail    context.CancelCauseFunc
}

// SocketState is how Socket Mode is doing.
type SocketState struct {
	Want, Up  int       // connections to hold, and those that are open and greeted
	Hello     time.Time // the latest greeting; zero: never
	Envelope  time.Time // the latest envelope; zero: never
	Errors    int       // failed attempts to connect since the last greeting
	LastError string    // of these; empty when there are none
}

// NewSocket prepares Socket Mode; Run connects.
func NewSocket(cfg SocketConfig) *Socket {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	if cfg.Connections <= 0 {
		cfg.Connections = 2
	}
	if cfg.Queue <= 0 {
		cfg.Queue = 1024
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	set(&cfg.PingWithin, 30*time.Second)
	set(&cfg.HelloWithin, 30*time.Second)
	set(&cfg.QuietAfter, time.Hour)
	set(&cfg.DrainWithin, 5*time.Second)
	s := &Socket{cfg: cfg, to: newDeliverer(cfg.Sink, cfg.Log, cfg.Metrics, cfg.Now)}
	for n := range cfg.Connections {
		s.conns = append(s.conns, newConnection(n+1, s))
	}
	return s
}

// Run holds the connections until ctx ends, and hands what they bring to the sink. When ctx ends it takes nothing new, lets the sink finish
// what it has begun, sends the acknowledgements, disconnects, and returns nil. It returns an error, which is [ErrRefused], as soon
// as Slack says that it will never let us in; passing trouble it sits out. It may be called once.
func (s *Socket) Run(ctx context.Context) error {
	// The connections outlive ctx, so that acknowledgements can still go out.
	live, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	s.mu.Lock()
	s.fail = stop
	s.mu.Unlock()

	var running, working sync.WaitGroup
	for _, c := range s.conns {
		running.Go(func() { c.hold(live) })
		running.Go(func() { c.read(ctx, live) })
		for range workers {
			working.Go(func() { c.work(live) })
		}
	}
	drained := make(chan struct{})
	go func() { working.Wait(); close(drained) }()

	select {
	case <-live.Done(): // refused
	case <-ctx.Done():
		timer := time.NewTimer(s.cfg.DrainWithin)
		defer timer.Stop()
		select {
		case <-drained:
			s.mu.Lock()
			left := flushWithin - time.Since(s.acked)
			s.mu.Unlock()
			pause(live, left)
		case <-timer.C:
			s.cfg.Log.Warn("stopping although events are still being taken; Slack will send them again", "waited", s.cfg.DrainWithin)
		case <-live.Done():
		}
	}
	stop(nil)
	running.Wait()
	<-drained
	if cause := context.Cause(live); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// State tells how Socket Mode is doing, for /readyz.
func (s *Socket) State() SocketState {
	st := SocketState{Want: len(s.conns)}
	for _, c := range s.conns {
		up, hello, envelope := c.state()
		if up {
			st.Up++
		}
		if hello.After(st.Hello) {
			st.Hello = hello
		}
		if envelope.After(st.Envelope) {
			st.Envelope = envelope
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Errors, st.LastError = s.errs, s.lastErr
	return st
}

// refuse ends Run with an error.
func (s *Socket) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail(fmt.Errorf("open a Socket Mode connection: %w: %s", ErrRefused, advice(err)))
}

// failed notes an attempt to connect that failed.
func (s *Socket) failed(err error) {
	s.cfg.Metrics.connErrors.Inc()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs++
	s.lastErr = reason(err)
}

// greeted notes that a connection works.
func (s *Socket) greeted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs, s.lastErr = 0, ""
}

// mayRenew reports whether a quiet connection may be opened anew now: not while it is the only one that is up, and one at a time.
func (s *Socket) mayRenew(c *connection, at time.Time) bool {
	others := len(s.conns) == 1
	for _, o := range s.conns {
		if up, _, _ := o.state(); up && o != c {
			others = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !others || at.Sub(s.renewed) < s.cfg.HelloWithin {
		return false
	}
	s.renewed = at
	return true
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
