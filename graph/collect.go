package graph

import (
	"context"
	"slices"
	"time"

	"signpost/graph/facts"
)

const (
	progressEvery   = 3 * time.Second  // between two calls of Query.Progress
	collectDeadline = 30 * time.Second // where the caller set none
)

// Collect reads what the query asks for, side by side, and what that needs: a person's id for their methods, a domain for
// its trust. It never fails: a read that fails, or that has not come back when ctx ends, is the state of its fact, and
// costs none of the others. Facts that nobody asked for stay zero.
//
// While reads are outstanding, q.Progress is called about every three seconds, from Collect itself.
func (t *Tenant) Collect(ctx context.Context, q facts.Query) facts.Report {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, collectDeadline)
		defer cancel()
	}
	if q.Schedule {
		ctx = context.WithValue(ctx, scheduleKey{}, true)
	}
	c := &collection{start: t.clock.Now(), out: make(chan result, 32)}
	t.read(ctx, q, c)

	var tick <-chan time.Time
	if q.Progress != nil && len(c.pending) > 0 {
		tick = t.clock.After(progressEvery)
	}
	for len(c.pending) > 0 {
		select {
		case r := <-c.out:
			c.apply(r)
		case <-tick:
			q.Progress(c.snapshot(facts.NotYet, "still being read"))
			tick = t.clock.After(progressEvery)
		case <-ctx.Done():
			for drained := false; !drained; {
				select {
				case r := <-c.out:
					c.apply(r)
				default:
					drained = true
				}
			}
			return c.snapshot(facts.Failed, t.unanswered(ctx, c))
		}
	}
	return c.report
}

// unanswered is the reason of what had not come back when ctx ended.
func (t *Tenant) unanswered(ctx context.Context, c *collection) string {
	reason := within(t.clock.Now().Sub(c.start))
	if ctx.Err() == context.Canceled {
		reason = "given up before Graph answered"
	}
	if t.budgets.reports.waiting() > 0 && slices.ContainsFunc(c.pending, limited) {
		reason += "; Graph takes only 5 requests in 10 s for its logs and reports, and others were waiting"
	}
	return reason
}

// limited reports whether a fact comes from the endpoints that Graph throttles tightly.
func limited(n facts.Name) bool {
	return n == facts.NameMFA || n == facts.NameSignIn || n == facts.NameRecent || n == facts.NameSpread
}

// collection is one Collect under way. Only Collect's own goroutine touches it; reads hand their results over.
type collection struct {
	report  facts.Report
	pending []facts.Name // what has not come back
	out     chan result
	start   time.Time
}

// result is a change to the report, and the fact that it completes; "" where it completes none.
type result struct {
	done facts.Name
	set  func(*facts.Report)
}

func (c *collection) apply(r result) {
	r.set(&c.report)
	c.pending = slices.DeleteFunc(c.pending, func(n facts.Name) bool { return n == r.done })
}

// snapshot is the report with a state and a reason for everything that has not come back.
func (c *collection) snapshot(s facts.State, reason string) facts.Report {
	r := c.report
	for _, n := range c.pending {
		leave(&r, n, s, reason)
	}
	return r
}

// leave marks a fact that has no state yet.
func leave(r *facts.Report, n facts.Name, s facts.State, reason string) {
	switch n {
	case facts.NameUser:
		mark(&r.User, s, reason)
	case facts.NameMFA:
		mark(&r.MFA, s, reason)
	case facts.NameMethods:
		mark(&r.Methods, s, reason)
	case facts.NameDomain:
		mark(&r.Domain, s, reason)
	case facts.NameFederation:
		mark(&r.Federation, s, reason)
	case facts.NameSignIn:
		mark(&r.SignIn, s, reason)
	case facts.NameRecent:
		mark(&r.Recent, s, reason)
	case facts.NameSpread:
		mark(&r.Spread, s, reason)
	case facts.NamePolicies:
		mark(&r.Policies, s, reason)
	case facts.NameProviders:
		mark(&r.Providers, s, reason)
	}
}

func mark[T any](f *facts.Fact[T], s facts.State, reason string) {
	if f.State == "" {
		*f = facts.Unread[T](s, reason)
	}
}

// later is a value that a goroutine is still working on.
type later[T any] struct {
	done  chan struct{}
	value T
}

// start works on a value in the background.
func start[T any](work func() T) *later[T] {
	l := &later[T]{done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.value = work()
	}()
	return l
}

// wait returns the value once it is there. Whatever works on it obeys the same ctx, so this ends.
func (l *later[T]) wait() T {
	<-l.done
	return l.value
}

// read starts every read that the query asks for.
func (t *Tenant) read(ctx context.Context, q facts.Query, c *collection) {
	asked := func(names ...facts.Name) bool {
		return slices.ContainsFunc(names, func(n facts.Name) bool { return slices.Contains(q.Ask, n) })
	}
	// Everything here is decided before the first goroutine runs, so that pending is complete when Collect looks at it.
	wantPerson := asked(facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameRecent) ||
		asked(facts.NameDomain, facts.NameFederation) && (q.Domain == "" || q.User != "")
	wantRow := asked(facts.NameSignIn) || wantPerson && q.User == "" && (q.CorrelationID != "" || q.TraceID != "")
	put := func(n facts.Name, set func(*facts.Report)) {
		if ctx.Err() == nil { // otherwise the result is that time is up, and Collect says so itself
			c.out <- result{n, set}
		}
	}
	for _, n := range q.Ask {
		if n.Known() && !slices.Contains(c.pending, n) {
			c.pending = append(c.pending, n)
		}
	}

	row := func() facts.Fact[facts.SignIn] { return facts.Fact[facts.SignIn]{} }
	if wantRow {
		if !asked(facts.NameSignIn) {
			c.pending = append(c.pending, facts.NameSignIn)
		}
		row = start(func() facts.Fact[facts.SignIn] {
			f := t.signIn(ctx, q)
			put(facts.NameSignIn, func(r *facts.Report) { r.SignIn = f })
			return f
		}).wait
	}
	if asked(facts.NameSpread) {
		go func() { f := t.spread(ctx, q); put(facts.NameSpread, func(r *facts.Report) { r.Spread = f }) }()
	}
	if asked(facts.NamePolicies) {
		go func() {
			f := t.policies(ctx, q.PolicyIDs)
			put(facts.NamePolicies, func(r *facts.Report) { r.Policies = f })
		}()
	}
	if asked(facts.NameProviders) {
		go func() { f := t.providers(ctx); put(facts.NameProviders, func(r *facts.Report) { r.Providers = f }) }()
	}
	if !wantPerson {
		if asked(facts.NameDomain, facts.NameFederation) {
			c.report.Subject.Domain = q.Domain
			go t.readDomain(ctx, q.Domain, put)
		}
		return
	}
	go func() {
		p := t.identify(ctx, q, row)
		put("", func(r *facts.Report) {
			r.Subject = p.subject
			if asked(facts.NameUser) {
				r.User = p.user
			}
		})
		t.readPerson(ctx, q, p, asked, put)
		if asked(facts.NameDomain, facts.NameFederation) {
			t.readDomain(ctx, either(p.subject.Domain, q.Domain), put)
		}
	}()
}

// readPerson starts what is read by a person's object id.
func (t *Tenant) readPerson(ctx context.Context, q facts.Query, p person, asked func(...facts.Name) bool, put func(facts.Name, func(*facts.Report))) {
	if asked(facts.NameUser) {
		go func() {
			u := p.user
			if u.OK() && !u.Value.Deleted {
				if last := t.activity(ctx, u.Value.ID); last != nil {
					v := *u.Value // the cache and the report share the other one
					v.LastSuccess = utc(last)
					u.Value = &v
				}
			}
			put(facts.NameUser, func(r *facts.Report) { r.User = u })
		}()
	}
	state, reason := needs(p)
	id := p.subject.ID
	if asked(facts.NameMFA) {
		go func() {
			f := facts.Unread[facts.MFA](state, reason)
			if id != "" && state == "" {
				var enabled *bool
				if p.user.OK() {
					enabled = p.user.Value.Enabled
				}
				f = t.mfa(ctx, id, enabled)
			}
			put(facts.NameMFA, func(r *facts.Report) { r.MFA = f })
		}()
	}
	if asked(facts.NameMethods) {
		go func() {
			f := facts.Unread[facts.Methods](state, reason)
			if id != "" && state == "" {
				f = t.methods(ctx, id)
			}
			put(facts.NameMethods, func(r *facts.Report) { r.Methods = f })
		}()
	}
	if asked(facts.NameRecent) {
		go func() {
			f := facts.Unread[facts.Recent](state, reason)
			if id != "" {
				f = t.recent(ctx, id, q)
			}
			put(facts.NameRecent, func(r *facts.Report) { r.Recent = f })
		}()
	}
}

// needs says why what hangs on a person cannot be asked; "" where it can.
func needs(p person) (facts.State, string) {
	u := p.user
	switch {
	case u.OK():
		return "", ""
	case u.State == facts.Absent:
		return facts.NotAsked, "there is no such account to ask about: " + u.Reason
	case p.subject.ID != "" && u.Value == nil: // the account could not be read, but its id is known
		return "", ""
	case u.State == facts.NotAsked:
		return facts.NotAsked, u.Reason
	}
	return u.State, "the account could not be read first: " + u.Reason
}

// readDomain reads a domain and its trust.
func (t *Tenant) readDomain(ctx context.Context, name string, put func(facts.Name, func(*facts.Report))) {
	d := t.domain(ctx, name)
	put(facts.NameDomain, func(r *facts.Report) { r.Domain = d })
	f := t.federation(ctx, d)
	put(facts.NameFederation, func(r *facts.Report) { r.Federation = f })
}
