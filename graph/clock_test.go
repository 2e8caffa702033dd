package graph_test

import (
	"sync"
	"time"

	"signpost/graph"
	"signpost/graph/tenantfake"
)

// jump is a clock that does not let anybody wait: it jumps to the end of every wait. A tenant and a client that share it
// live through minutes in milliseconds.
type jump struct {
	mu sync.Mutex
	t  time.Time
}

func newJump() *jump { return &jump{t: now} }

func (j *jump) Now() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.t
}

func (j *jump) After(d time.Duration) <-chan time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.t = j.t.Add(max(d, 0))
	c := make(chan time.Time, 1)
	c <- j.t
	return c
}

func (j *jump) use(cfg *graph.Config) { cfg.Clock = graph.Clock{Now: j.Now, After: j.After} }

// later moves the clock that a fake tenant and its client share.
func later(s *tenantfake.Server, d time.Duration) {
	if clock, ok := clocks.Load(s); ok {
		clock.(*jump).After(d)
	}
}
