package graph

import (
	"context"
	"fmt"
	"sync"
	"time"

	"signpost/graph/facts"
)

// mostTogether is how many terms go into one search: the directory takes no more conditions between "or" either.
const mostTogether = 15

// gatherer collects what is looked for in the log while one search is under way, and sends what waits as the next one:
// Graph allows few requests to the log, and an incident makes many people paste at once. Whoever looks for what another
// is waiting for shares the answer, and for a while whoever comes later does.
type gatherer struct {
	t     *Tenant
	kinds string // of sign-ins
	kept  *memo[facts.Fact[rows]]

	mu      sync.Mutex
	waiting map[want]*lookup // queued and under way
	order   []*lookup        // queued
	running bool
}

// want is a term, and since when its rows are wanted; zero is any time.
type want struct {
	term  term
	since time.Time
}

// lookup is what is wanted, by one caller or by several.
type lookup struct {
	want
	done    chan struct{}
	fact    facts.Fact[rows] // once done
	sent    int              // requests of the search, once done
	callers int
}

// lookups are the gatherers, by the kinds of sign-ins.
type lookups struct{ people, principal *gatherer }

func (t *Tenant) newLookups() lookups {
	gather := func(kinds string) *gatherer {
		return &gatherer{t: t, kinds: kinds, kept: newMemo[facts.Fact[rows]](t.clock), waiting: map[want]*lookup{}}
	}
	return lookups{people: gather(eventPeople), principal: gather(eventPrincipal)}
}

// find returns the rows of the terms, in their order: seen, also where there are none, or the state of a search that failed.
// sent is how many requests that took. What is asked in one call goes out as one search.
func (g *gatherer) find(ctx context.Context, since time.Time, terms ...term) (found []facts.Fact[rows], sent int) {
	all := make([]*lookup, len(terms))
	g.mu.Lock()
	for i, m := range terms {
		all[i] = g.join(want{m, since})
	}
	if len(g.order) > 0 && !g.running {
		g.running = g.t.life.run(g.run)
	}
	running := g.running
	g.mu.Unlock()
	found = make([]facts.Fact[rows], len(terms))
	for i, l := range all {
		found[i] = facts.Unread[rows](facts.Failed, "Graph could not be asked: Signpost is closing")
		select {
		case <-l.done:
			found[i], sent = l.fact, max(sent, l.sent)
			continue
		default:
		}
		if !running {
			continue
		}
		select {
		case <-l.done:
			found[i], sent = l.fact, max(sent, l.sent)
		case <-ctx.Done():
			found[i] = facts.Unread[rows](facts.Failed, "Graph could not be asked: no answer in time")
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range all {
		l.callers--
	}
	return found, sent
}

// join returns the lookup of what is wanted: one that is done where the answer is kept, one that others wait for, or a new
// one. The caller holds the lock.
func (g *gatherer) join(w want) *lookup {
	if f, ok := g.kept.kept.GetIfPresent(w.key()); ok {
		l := &lookup{want: w, done: make(chan struct{}), fact: f, callers: 1}
		close(l.done)
		return l
	}
	l, ok := g.waiting[w]
	if !ok {
		l = &lookup{want: w, done: make(chan struct{})}
		g.waiting[w] = l
		g.order = append(g.order, l)
	}
	l.callers++
	return l
}

// key is what an answer is kept under. The row of an error is itself, however far back it was looked for, and codes are
// always counted over the same time.
func (w want) key() string {
	if w.term.property == byCorrelation || w.term.property == byCode {
		return w.term.String()
	}
	return w.term.String() + " " + w.since.Format(time.RFC3339)
}

// keep is how long an answer is good for. That an error has no row is not kept: it may come.
func (w want) keep(f facts.Fact[rows]) time.Duration {
	switch {
	case f.State == facts.NotPermitted, f.State == facts.NotLicensed:
		return keepMissing
	case !f.OK(), w.term.property == byCorrelation && len(f.Value.Rows) == 0:
		return 0
	case w.term.property == byCorrelation:
		return keepSignIn
	case w.term.property == byCode:
		return keepSpread
	}
	return keepRecent
}

// run searches until nobody waits. One search is under way at a time.
func (g *gatherer) run() {
	for {
		turn, err := g.t.budgets.reports.take(g.t.life.ctx, rankGathered)
		if err != nil { // the process is closing
			g.stop(err)
			return
		}
		batch := g.next(mostTogether)
		if len(batch) == 0 {
			turn.unused()
			return
		}
		ctx, cancel := context.WithTimeout(g.t.life.ctx, loadTime)
		ctx, release := withGrant(ctx, turn)
		found, sent := g.search(ctx, batch)
		release()
		cancel()
		g.deliver(batch, found, sent)
	}
}

// next takes up to n lookups that somebody still waits for and that are of one time. Where there is none, the gatherer stops
// running.
func (g *gatherer) next(n int) []*lookup {
	g.mu.Lock()
	defer g.mu.Unlock()
	var batch, others []*lookup
	for _, l := range g.order {
		switch {
		case l.callers == 0:
			delete(g.waiting, l.want)
		case len(batch) < n && (len(batch) == 0 || l.since.Equal(batch[0].since)):
			batch = append(batch, l)
		default:
			others = append(others, l)
		}
	}
	g.order = others
	if len(batch) == 0 {
		g.running = false
	}
	return batch
}

// search makes one search. A panic in it is an error of these lookups, not of the process.
func (g *gatherer) search(ctx context.Context, batch []*lookup) (found findings, sent int) {
	terms := make([]term, len(batch))
	for i, l := range batch {
		terms[i] = l.term
	}
	s := &search{t: g.t, since: batch[0].since}
	defer func() {
		if p := recover(); p != nil {
			found, sent = findings{}, s.sent
			for _, m := range terms {
				found[m] = finding{err: fmt.Errorf("cannot make sense of the sign-in log: %v", p)}
			}
		}
	}()
	found = s.find(ctx, g.kinds, terms)
	return found, s.sent
}

// stop ends every lookup that waits.
func (g *gatherer) stop(err error) {
	for {
		batch := g.next(mostTogether)
		if len(batch) == 0 {
			return
		}
		found := findings{}
		for _, l := range batch {
			found[l.term] = finding{err: err}
		}
		g.deliver(batch, found, 0)
	}
}

// deliver hands the findings over, and keeps them.
func (g *gatherer) deliver(batch []*lookup, found findings, sent int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range batch {
		a := found[l.term]
		if l.fact = facts.See(g.t.clock.Now(), a.rows); a.err != nil {
			l.fact = failed[rows](a.err, endpoints().signIns)
		}
		if keep := l.keep(l.fact); keep > 0 {
			g.kept.kept.Set(l.key(), l.fact)
			g.kept.kept.SetExpiresAfter(l.key(), keep)
		}
		l.sent = sent
		delete(g.waiting, l.want)
		close(l.done)
	}
}
