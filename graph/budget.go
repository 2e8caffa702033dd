package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Graph's limits that shape Signpost. https://learn.microsoft.com/graph/throttling-limits
const (
	reportRequests = 5 // identity and access reports: requests per app and tenant …
	reportWindow   = 10 * time.Second
	riskRequests   = 1 // identity protection and Conditional Access: requests per tenant, without Retry-After
	riskWindow     = time.Second
)

// budget keeps the requests of one throttling class under Graph's limit: at most n in any window, shared by the whole
// process. Whoever has the lower rank comes first; among equals, who came first.
//
// A request counts from its start until a window after its answer came back. Graph counts it somewhere between the two,
// so that whatever the network does to the distances, Graph never sees more than n in a window. A limiter that counts
// starts alone does not promise that: five slow requests and five fast ones meet at Graph.
type budget struct {
	name   string
	n      int
	window time.Duration
	clock  Clock

	mu      sync.Mutex
	busy    int         // requests under way
	ends    []time.Time // when the requests that were answered stop counting
	paused  time.Time   // Graph asked to wait until then
	queue   [ranks][]*waiter
	changed chan struct{} // closed and replaced whenever somebody who waits should look again
}

// The ranks of those who wait. A gathered lookup serves many people with one request; nobody waits for a schedule.
const (
	rankGathered = iota
	rankPerson
	rankSchedule
	ranks
)

// waiter is somebody who waits for a turn.
type waiter struct{ rank int }

func newBudget(name string, n int, window time.Duration, clock Clock) *budget {
	return &budget{name: name, n: n, window: window, clock: clock, changed: make(chan struct{})}
}

// busyError says that a caller gave up while waiting for its turn.
type busyError struct {
	name  string
	ahead int
}

func (e *busyError) Error() string {
	return fmt.Sprintf("no turn in time: Graph limits %s, and %d other requests were waiting", e.name, e.ahead)
}

// grant is the right to send one request. Exactly one of done and unused is called.
type grant struct{ b *budget }

// take waits for the right to send one request. The error is that of a caller whose ctx ended.
func (b *budget) take(ctx context.Context, rank int) (*grant, error) {
	me := &waiter{rank}
	b.mu.Lock()
	b.queue[rank] = append(b.queue[rank], me)
	for {
		wait, changed := b.turn(me), b.changed
		if wait == 0 {
			b.leave(me)
			b.busy++
			b.mu.Unlock()
			return &grant{b}, nil
		}
		ahead := slices.Index(b.queue[rank], me)
		b.mu.Unlock()
		var timer <-chan time.Time
		if wait > 0 {
			timer = b.clock.After(wait)
		}
		select {
		case <-timer:
		case <-changed:
		case <-ctx.Done():
			b.mu.Lock()
			b.leave(me)
			b.mu.Unlock()
			return nil, &busyError{b.name, ahead}
		}
		b.mu.Lock()
	}
}

// turn says how long a waiter has to wait: zero for not at all, negative until something changes.
func (b *budget) turn(me *waiter) time.Duration {
	for rank := range me.rank {
		if len(b.queue[rank]) > 0 {
			return -1
		}
	}
	if b.queue[me.rank][0] != me {
		return -1
	}
	now := b.clock.Now()
	if now.Before(b.paused) {
		return b.paused.Sub(now)
	}
	b.ends = slices.DeleteFunc(b.ends, func(end time.Time) bool { return !now.Before(end) })
	switch {
	case b.busy+len(b.ends) < b.n:
		return 0
	case len(b.ends) > 0:
		return slices.MinFunc(b.ends, time.Time.Compare).Sub(now)
	}
	return -1
}

func (b *budget) leave(me *waiter) {
	b.queue[me.rank] = slices.DeleteFunc(b.queue[me.rank], func(w *waiter) bool { return w == me })
	b.wake()
}

func (b *budget) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// done says that the answer has come back, or that none will.
func (g *grant) done() {
	b := g.b
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy--
	b.ends = append(b.ends, b.clock.Now().Add(b.window))
	b.wake()
}

// unused gives the right back: no request was sent.
func (g *grant) unused() {
	g.b.mu.Lock()
	defer g.b.mu.Unlock()
	g.b.busy--
	g.b.wake()
}

// pause stops the class for a while, because Graph asked for it: to go on asking while throttled counts as well.
func (b *budget) pause(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := b.clock.Now().Add(d); until.After(b.paused) {
		b.paused = until
	}
	b.wake()
}

// waiting is how many callers wait for their turn.
func (b *budget) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, q := range b.queue {
		n += len(q)
	}
	return n
}

// budgets are the classes that Graph throttles more tightly than Signpost could ever ask.
type budgets struct{ reports, risk *budget }

// of returns the budget that a path counts against, or nil.
func (b budgets) of(path string) *budget {
	path = strings.ToLower(path)
	switch {
	case strings.Contains(path, "/auditlogs/"), strings.Contains(path, "/reports/"):
		return b.reports
	case strings.Contains(path, "/identity/conditionalaccess/"), strings.Contains(path, "/identityprotection/"):
		return b.risk
	}
	return nil
}

// scheduleKey marks the context of work that nobody waits for, grantKey a context that carries its turn already.
type (
	scheduleKey struct{}
	grantKey    struct{}
)

func isSchedule(ctx context.Context) bool { return ctx.Value(scheduleKey{}) != nil }

// rankOf is the rank of a request that nobody else shares.
func rankOf(ctx context.Context) int {
	if isSchedule(ctx) {
		return rankSchedule
	}
	return rankPerson
}

// carried is a turn that was taken before the request was built; the first attempt uses it up.
type carried struct {
	mu sync.Mutex
	g  *grant
}

func (c *carried) take() *grant {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.g
	c.g = nil
	return g
}

// withGrant carries a turn to the transport. release gives it back where no request used it.
func withGrant(ctx context.Context, g *grant) (_ context.Context, release func()) {
	c := &carried{g: g}
	return context.WithValue(ctx, grantKey{}, c), func() {
		if g := c.take(); g != nil {
			g.unused()
		}
	}
}
