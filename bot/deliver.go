package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"
)

// deliverWithin is how long a sink may take. Slack waits for an acknowledgement for 3 s.
const deliverWithin = 2500 * time.Millisecond

// eventMemory is how long event ids are remembered; Slack's last ordinary retry comes after five minutes.
const eventMemory = 10 * time.Minute

// Sink takes an event: it stores what is to be done, quickly, and returns. With a nil error the event is acknowledged, with ack as the
// payload of the answer where Slack takes one (commands and interactions; nil for none). With an error it is not, and Slack sends the
// event again; commands and interactions it does not send again, the person sees that the app did not answer. The context ends after
// 2.5 s, and the sink must obey it. A sink is called by several goroutines at once, and may be called twice for one event.
type Sink func(ctx context.Context, ev Event) (ack any, err error)

// errPanicked stands for a sink's panic. What was panicked with is not told: it may quote a message.
var errPanicked = errors.New("the handler panicked")

// deliverer hands events to the sink. Both transports use it.
type deliverer struct {
	sink    Sink
	log     *slog.Logger
	metrics *Metrics
	now     func() time.Time
	taken   *seen // ids of events that the sink took: saves work; what counts is the job's unique key
}

func newDeliverer(sink Sink, log *slog.Logger, m *Metrics, now func() time.Time) *deliverer {
	return &deliverer{sink: sink, log: log, metrics: m, now: now, taken: newSeen(eventMemory, 10_000)}
}

// deliver hands the event over. A nil error means that it is to be acknowledged.
func (d *deliverer) deliver(ctx context.Context, ev Event) (ack any, err error) {
	switch {
	case ev.Kind == kindRateLimited:
		d.metrics.rateLimited.Inc()
		d.log.Warn("Slack leaves out events: more than 30,000 came within an hour", "team", ev.TeamID)
		return nil, nil
	case !known[ev.Kind]:
		d.metrics.event(ev.Kind, wasIgnored)
		return nil, nil
	case ev.EventID != "" && d.taken.has(ev.EventID, d.now()):
		d.metrics.event(ev.Kind, wasDuplicate)
		return nil, nil
	}
	start := d.now()
	ack, err = d.call(ctx, ev)
	d.metrics.took(d.now().Sub(start))
	switch {
	case errors.Is(err, errPanicked):
		d.metrics.event(ev.Kind, wasPanicked)
	case err != nil:
		d.metrics.event(ev.Kind, wasRefused)
		d.log.Error("take an event from Slack", "kind", ev.Kind, "event", ev.EventID, "error", err)
	default:
		d.metrics.event(ev.Kind, wasDelivered)
		if ev.EventID != "" {
			d.taken.add(ev.EventID, d.now())
		}
	}
	return ack, err
}

func (d *deliverer) call(ctx context.Context, ev Event) (ack any, err error) {
	ctx, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		ack, err = nil, errPanicked
		// A runtime error's text names types and indices; anything else may be made of what somebody said.
		what := fmt.Sprintf("%T", p)
		if e, ok := p.(runtime.Error); ok {
			what = e.Error()
		}
		d.log.Error("a handler panicked", "kind", ev.Kind, "event", ev.EventID, "panic", what, "stack", string(debug.Stack()))
	}()
	return d.sink(ctx, ev)
}
