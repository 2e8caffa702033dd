package graph

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// manual is a clock that the test moves.
type manual struct {
	mu      sync.Mutex
	moved   *sync.Cond
	now     time.Time
	waiters map[chan time.Time]time.Time
}

func newManual() *manual {
	m := &manual{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), waiters: map[chan time.Time]time.Time{}}
	m.moved = sync.NewCond(&m.mu)
	return m
}

func (m *manual) clock() Clock {
	return Clock{
		Now: func() time.Time { m.mu.Lock(); defer m.mu.Unlock(); return m.now },
		After: func(d time.Duration) <-chan time.Time {
			m.mu.Lock()
			defer m.mu.Unlock()
			c := make(chan time.Time, 1)
			m.waiters[c] = m.now.Add(d)
			m.fire()
			m.moved.Broadcast()
			return c
		},
	}
}

// fire lets those go whose time has come. The caller holds the lock.
func (m *manual) fire() {
	for c, at := range m.waiters {
		if !m.now.Before(at) {
			c <- m.now
			delete(m.waiters, c)
		}
	}
}

func (m *manual) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	m.fire()
}

// waitFor returns once n wait for the clock.
func (m *manual) waitFor(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.waiters) < n {
		m.moved.Wait()
	}
}

// next moves the clock to the first time that somebody waits for.
func (m *manual) next() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.waiters) == 0 {
		m.moved.Wait()
	}
	first := time.Time{}
	for _, at := range m.waiters {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	m.now = first
	m.fire()
}

// TestGraphNeverSeesMoreThanItsLimit sends requests that take any time on the way to Graph and back. However they bunch
// up, in no window more than the limit arrive. A token bucket of the same rate fails this.
func TestGraphNeverSeesMoreThanItsLimit(t *testing.T) {
	const n, window = 5, 10 * time.Second
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
		now := start
		clock := Clock{Now: func() time.Time { return now }, After: time.After}
		b := newBudget("r", n, window, clock)
		type flight struct {
			g              *grant
			arrives, lands time.Time
		}
		var flying []flight
		var seen []time.Time
		for sent := 0; sent < 200; {
			// Whoever can go goes; its way there and back takes from nothing to 12 seconds.
			if free := func() bool {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.queue[0] = append(b.queue[0], &waiter{})
				defer func() { b.queue[0] = nil }()
				return b.turn(b.queue[0][0]) == 0
			}(); free {
				g, err := b.take(t.Context(), rankPerson)
				if err != nil {
					t.Fatal(err)
				}
				there := now.Add(time.Duration(random.Int64N(int64(6 * time.Second))))
				flying = append(flying, flight{g, there, there.Add(time.Duration(random.Int64N(int64(6 * time.Second))))})
				seen = append(seen, there)
				sent++
				continue
			}
			now = now.Add(100 * time.Millisecond)
			flying = slices.DeleteFunc(flying, func(f flight) bool {
				if now.Before(f.lands) {
					return false
				}
				f.g.done()
				return true
			})
		}
		slices.SortFunc(seen, time.Time.Compare)
		for i := n; i < len(seen); i++ {
			if d := seen[i].Sub(seen[i-n]); d < window {
				t.Fatalf("seed %d: %d requests within %s", seed, n+1, d)
			}
		}
		if took := now.Sub(start); took > 200/n*(window+13*time.Second) {
			t.Errorf("seed %d: %s for 200 requests", seed, took)
		}
	}
}

func TestPeopleComeBeforeSchedulesAndGatheredLookupsBeforeBoth(t *testing.T) {
	clock := newManual()
	b := newBudget("r", 1, time.Second, clock.clock())
	first, err := b.take(t.Context(), rankSchedule)
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 4)
	queue := func(name string, rank int) {
		before := b.waiting()
		go func() {
			g, err := b.take(t.Context(), rank)
			if err != nil {
				t.Error(err)
				return
			}
			order <- name
			g.done()
		}()
		for b.waiting() == before {
			runtime.Gosched()
		}
	}
	queue("schedule", rankSchedule)
	queue("second person", rankPerson)
	queue("third person", rankPerson)
	queue("gathered", rankGathered)
	first.done()
	for _, want := range []string{"gathered", "second person", "third person", "schedule"} {
		clock.next()
		if got := <-order; got != want {
			t.Errorf("%s came in the place of %s", got, want)
		}
	}
}

func TestWhoGivesUpLeavesTheLine(t *testing.T) {
	b := newBudget("its logs", 1, time.Hour, newManual().clock())
	g, err := b.take(t.Context(), rankPerson)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.take(ctx, rankPerson)
	var busy *busyError
	if !errors.As(err, &busy) || b.waiting() != 0 {
		t.Errorf("error %v, %d waiting", err, b.waiting())
	}
	g.unused()
	if _, err := b.take(t.Context(), rankPerson); err != nil {
		t.Errorf("an unused turn was lost: %v", err)
	}
}
