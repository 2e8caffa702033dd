package graph

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"signpost/graph/facts"
)

// logbook is what one diagnosis reads of the sign-in log. Its first search asks at once for all that is known from the
// start: the row of the error, the sign-ins of the person, and how many others have the code.
type logbook struct {
	t     *Tenant
	q     facts.Query
	who   term      // the person, as far as they can be searched for before anything is read; zero: nobody
	since time.Time // since when their rows are wanted
	first map[term]facts.Fact[rows]
	alone facts.Fact[rows] // the row of the request id, where it was read beside; zero: not
	bound time.Time        // how far back the row of the error was looked for; zero: all the way
	sent  atomic.Int32     // requests for the first search and for the row of the error
}

// wanted is what a logbook is opened for.
type wanted struct{ row, recent, spread bool }

// jointly is how far back a search may go that also counts codes: further, and those rows alone would fill it.
const jointly = 48 * time.Hour

// openLog makes the first search.
func (t *Tenant) openLog(ctx context.Context, q facts.Query, w wanted) *logbook {
	b := &logbook{t: t, q: q, since: t.recentSince(q), first: map[term]facts.Fact[rows]{}}
	type part struct {
		of    *gatherer
		since time.Time
		terms []term
		found []facts.Fact[rows]
	}
	people, apart, apps := &part{of: t.lookups.people}, &part{of: t.lookups.people}, &part{of: t.lookups.principal}
	if w.recent {
		if b.who = whose(q); b.who != (term{}) {
			people.terms, people.since = append(people.terms, b.who), b.since
		}
	}
	if w.row && guidText.MatchString(q.CorrelationID) {
		to := people
		if principalCode(q.Code) {
			to = apps
		}
		to.terms = append(to.terms, term{byCorrelation, strings.ToLower(q.CorrelationID)})
	}
	if w.spread {
		to := people
		switch {
		case principalCode(q.Code):
			to = apps
		case b.since.Before(t.clock.Now().Add(-jointly)):
			to = apart
		}
		for _, c := range spreadCodes(q) {
			to.terms = append(to.terms, ofCode(c))
		}
		if to.since = t.lastDay(); to == people {
			to.since = b.since
		}
	}
	if b.bound = people.since; principalCode(q.Code) {
		b.bound = apps.since
	}
	var group sync.WaitGroup
	parts := []*part{people, apart, apps}
	for _, p := range parts {
		if len(p.terms) > 0 {
			group.Go(func() { p.found = b.find(ctx, p.of, p.since, p.terms...) })
		}
	}
	if w.row && b.who == (term{}) && !guidText.MatchString(q.CorrelationID) && guidText.MatchString(q.TraceID) {
		group.Go(func() { b.alone = b.oneRow(ctx) })
	}
	group.Wait()
	for _, p := range parts {
		for i, f := range p.found {
			b.first[p.terms[i]] = f
		}
	}
	return b
}

// find looks something up and counts what it took.
func (b *logbook) find(ctx context.Context, g *gatherer, since time.Time, terms ...term) []facts.Fact[rows] {
	found, sent := g.find(ctx, since, terms...)
	b.sent.Add(int32(sent))
	return found
}

// whose is how the log is searched for the person whom the query names, otherwise for whoever reported it: for most pastes
// that is the same, and then the first search holds everything.
func whose(q facts.Query) term {
	name := strings.ToLower(strings.TrimSpace(q.User))
	if name == "" {
		name = strings.ToLower(strings.TrimSpace(q.Reporter))
	}
	switch {
	case guidText.MatchString(name):
		return term{byUserID, name}
	case external(name):
		name = homeAddress(name)
	}
	if len(name) > longestName || !strings.Contains(name, "@") {
		return term{}
	}
	return term{byName, name}
}

// recentSince is the begin of the window of the person's sign-ins: a day before the error.
func (t *Tenant) recentSince(q facts.Query) time.Time {
	since := t.lastDay()
	if !q.Time.IsZero() && q.Time.Add(-recentBefore).Before(since) {
		since = q.Time.Add(-recentBefore)
	}
	if oldest := t.clock.Now().Add(-logRetention); since.Before(oldest) {
		since = oldest
	}
	// Whole hours, so that pastes of one person within minutes share an answer.
	return since.UTC().Truncate(time.Hour)
}

// lastDay is the begin of the window of an error that has just happened. An error of up to an hour ago shares it.
func (t *Tenant) lastDay() time.Time {
	return t.clock.Now().Add(-recentBefore - time.Hour).UTC().Truncate(time.Hour)
}
