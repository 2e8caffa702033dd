package graph

import (
	"context"
	"fmt"
	"sync"
)

// mostTogether is how many ids go into one query of the sign-in log.
const mostTogether = 10

// gatherer collects lookups while one query is under way, and sends those that wait as the next one: Graph allows few
// requests to the sign-in log, and an incident makes many people paste at once.
type gatherer struct {
	budget *budget
	life   *lifetime
	// query reads the rows of several ids. It must send one request at least.
	query func(ctx context.Context, ids []string) (map[string]rows, error)

	mu      sync.Mutex
	waiting map[string]*lookup
	order   []string
	running bool
}

// lookup is one id that is wanted, by one caller or by several.
type lookup struct {
	done    chan struct{}
	rows    rows
	err     error
	callers int
}

// find returns the rows of an id; none where the log holds none.
func (g *gatherer) find(ctx context.Context, id string) (rows, error) {
	g.mu.Lock()
	l, ok := g.waiting[id]
	if !ok {
		l = &lookup{done: make(chan struct{})}
		g.waiting[id] = l
		g.order = append(g.order, id)
	}
	l.callers++
	if !g.running {
		if g.running = g.life.run(g.run); !g.running {
			g.mu.Unlock()
			return rows{}, context.Canceled
		}
	}
	g.mu.Unlock()
	select {
	case <-l.done:
		return l.rows, l.err
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		l.callers--
		return rows{}, ctx.Err()
	}
}

// run sends queries until nobody waits. One query is under way at a time.
func (g *gatherer) run() {
	for {
		turn, err := g.budget.take(g.life.ctx, rankGathered)
		if err != nil { // the process is closing
			g.stop(err)
			return
		}
		batch := g.next(mostTogether)
		if len(batch) == 0 {
			turn.unused()
			return
		}
		ids := make([]string, 0, len(batch))
		for id := range batch {
			ids = append(ids, id)
		}
		ctx, cancel := context.WithTimeout(g.life.ctx, loadTime)
		ctx, release := withGrant(ctx, turn)
		found, err := g.ask(ctx, ids)
		release()
		cancel()
		g.deliver(batch, found, err)
	}
}

// next takes up to n ids that somebody still waits for. Where there is none, the gatherer stops running.
func (g *gatherer) next(n int) map[string]*lookup {
	g.mu.Lock()
	defer g.mu.Unlock()
	batch := map[string]*lookup{}
	for len(g.order) > 0 && len(batch) < n {
		id := g.order[0]
		g.order = g.order[1:]
		l := g.waiting[id]
		delete(g.waiting, id)
		if l.callers > 0 {
			batch[id] = l
		}
	}
	if len(batch) == 0 {
		g.running = false
	}
	return batch
}

// ask runs the query. A panic in it is an error of these lookups, not of the process.
func (g *gatherer) ask(ctx context.Context, ids []string) (found map[string]rows, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot make sense of the sign-in log: %v", p)
		}
	}()
	return g.query(ctx, ids)
}

// stop ends every lookup that waits.
func (g *gatherer) stop(err error) {
	for {
		batch := g.next(mostTogether)
		if len(batch) == 0 {
			return
		}
		g.deliver(batch, nil, err)
	}
}

func (g *gatherer) deliver(batch map[string]*lookup, found map[string]rows, err error) {
	for id, l := range batch {
		l.rows, l.err = found[id], err
		close(l.done)
	}
}
