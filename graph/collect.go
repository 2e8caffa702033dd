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
	c := &collection{q: q, start: t.clock.Now(), out: make(chan result, 64)}
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
	return c.snapshot(facts.Failed, "")
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
	return n == facts.NameMFA || n == facts.NameSignIn || n == facts.NameRecent || n == facts.NameSpread || n == facts.NameChanges
}

// collection is one Collect under way. Only Collect's own goroutine touches it; reads hand their results over.
type collection struct {
	q       facts.Query
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
	r.Relate(c.q, c.start)
	return r
}

// leave marks a fact that has no state yet.
func leave(r *facts.Report, n facts.Name, s facts.State, reason string) {
	into, ok := r.Field(n)
	if ok && into.Elem().FieldByName("State").String() == "" {
		into.Elem().FieldByName("State").SetString(string(s))
		into.Elem().FieldByName("Reason").SetString(reason)
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

// reading is what the reads of one Collect share.
type reading struct {
	t      *Tenant
	ctx    context.Context
	q      facts.Query
	c      *collection
	log    *later[*logbook]                // the first search of the sign-in log; nil where nothing of it is read
	row    func() facts.Fact[facts.SignIn] // waits for the sign-in row; the zero fact where it is not read
	recent func() facts.Fact[facts.Recent] // waits for the person's sign-ins; nil where they are not read
}

// asked reports whether any of the facts is wanted.
func (r *reading) asked(names ...facts.Name) bool {
	return slices.ContainsFunc(names, func(n facts.Name) bool { return slices.Contains(r.q.Ask, n) })
}

// put hands a result over.
func (r *reading) put(n facts.Name, set func(*facts.Report)) {
	if r.ctx.Err() == nil { // otherwise the result is that time is up, and Collect says so itself
		r.c.out <- result{n, set}
	}
}

// ask reads a fact in the background, if it is wanted.
func ask[T any](r *reading, n facts.Name, into func(*facts.Report) *facts.Fact[T], read func() facts.Fact[T]) {
	if !r.asked(n) {
		return
	}
	go func() {
		f := read()
		r.put(n, func(report *facts.Report) { *into(report) = f })
	}()
}

// read starts every read that the query asks for.
func (t *Tenant) read(ctx context.Context, q facts.Query, c *collection) {
	r := &reading{t: t, ctx: ctx, q: q, c: c, row: func() facts.Fact[facts.SignIn] { return facts.Fact[facts.SignIn]{} }}
	// Everything here is decided before the first goroutine runs, so that pending is complete when Collect looks at it.
	wantPerson := r.asked(facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameRecent, facts.NamePerUserMFA, facts.NameGroups,
		facts.NameRisk, facts.NameGuest, facts.NameConsent, facts.NameAssignment) ||
		r.asked(facts.NameDomain, facts.NameFederation, facts.NameMetadata) && (q.Domain == "" || q.User != "")
	wantApp := r.asked(facts.NameApp, facts.NamePrincipal, facts.NameConsent, facts.NameAssignment)
	identified := q.CorrelationID != "" || q.TraceID != ""
	wantRow := r.asked(facts.NameSignIn, facts.NameDevice) ||
		identified && (wantPerson && q.User == "" || wantApp && q.AppID == "" || r.asked(facts.NameResource) && q.Resource == "")
	for _, n := range q.Ask {
		if n.Known() && !slices.Contains(c.pending, n) {
			c.pending = append(c.pending, n)
		}
	}
	if wantRow && !r.asked(facts.NameSignIn) {
		c.pending = append(c.pending, facts.NameSignIn)
	}
	if want := (wanted{wantRow, r.asked(facts.NameRecent), r.asked(facts.NameSpread)}); want != (wanted{}) {
		r.log = start(func() *logbook { return t.openLog(ctx, q, want) })
	}
	if wantRow {
		r.row = start(func() facts.Fact[facts.SignIn] {
			f := r.log.wait().signIn(ctx)
			r.put(facts.NameSignIn, func(report *facts.Report) { report.SignIn = f })
			return f
		}).wait
	}
	r.tenant()
	r.apps()
	trust := r.asked(facts.NameDomain, facts.NameFederation, facts.NameMetadata)
	if !wantPerson {
		if trust {
			c.report.Subject.Domain = q.Domain
			go r.domain(q.Domain)
		}
		return
	}
	c.pending = append(c.pending, theSubject)
	who := r.who()
	r.person(who)
	if trust {
		// The domain of the name is read at once. Nearly always it is that of the account.
		go func() {
			if n := who.named.wait(); n.name != "" {
				t.federation(ctx, t.domain(ctx, homeDomain(n.shown, "")))
			}
		}()
	}
	go func() {
		p := who.account.wait()
		r.put(theSubject, func(report *facts.Report) {
			report.Subject = p.subject
			if r.asked(facts.NameUser) && report.User.State == "" { // not yet there with its last success
				report.User = p.user
			}
		})
		if trust {
			r.domain(either(p.subject.Domain, q.Domain))
		}
	}()
}

// theSubject stands among what has not come back for who it is about: a report without it would be about nobody.
const theSubject facts.Name = "subject"

// whom is who a diagnosis is about, as it becomes known.
type whom struct {
	named   *later[named]
	account *later[person]
}

func (r *reading) who() whom {
	n := start(func() named { return identify(r.q, r.row) })
	return whom{named: n, account: start(func() person { return r.t.resolve(r.ctx, n.wait()) })}
}

// id waits for the object id: the sign-in row tells it before the account has come back. It is "" where there is none.
func (w whom) id() string {
	if n := w.named.wait(); n.id != "" {
		return n.id
	}
	return w.account.wait().subject.ID
}

// tenant starts what hangs on nothing but the error.
func (r *reading) tenant() {
	t, ctx := r.t, r.ctx
	ask(r, facts.NameSpread, func(f *facts.Report) *facts.Fact[facts.Spread] { return &f.Spread }, func() facts.Fact[facts.Spread] { return r.log.wait().spread() })
	ask(r, facts.NamePolicies, func(f *facts.Report) *facts.Fact[facts.Policies] { return &f.Policies }, func() facts.Fact[facts.Policies] { return t.policiesOf(ctx, r.q.PolicyIDs) })
	ask(r, facts.NameProviders, func(f *facts.Report) *facts.Fact[facts.Providers] { return &f.Providers }, func() facts.Fact[facts.Providers] { return t.providers(ctx) })
	ask(r, facts.NameLocations, func(f *facts.Report) *facts.Fact[facts.Locations] { return &f.Locations }, func() facts.Fact[facts.Locations] { return t.locations(ctx) })
	ask(r, facts.NameDefaults, func(f *facts.Report) *facts.Fact[facts.Defaults] { return &f.Defaults }, func() facts.Fact[facts.Defaults] { return t.defaults(ctx) })
	ask(r, facts.NameMethodsPolicy, func(f *facts.Report) *facts.Fact[facts.MethodsPolicy] { return &f.MethodsPolicy }, func() facts.Fact[facts.MethodsPolicy] { return t.methodsPolicy(ctx) })
	ask(r, facts.NameStrengths, func(f *facts.Report) *facts.Fact[facts.Strengths] { return &f.Strengths }, func() facts.Fact[facts.Strengths] { return t.strengths(ctx) })
	ask(r, facts.NameHealth, func(f *facts.Report) *facts.Fact[facts.Health] { return &f.Health }, func() facts.Fact[facts.Health] { return t.health(ctx) })
	ask(r, facts.NameLicences, func(f *facts.Report) *facts.Fact[facts.Licences] { return &f.Licences }, func() facts.Fact[facts.Licences] { return t.licences(ctx) })
	ask(r, facts.NameOrganization, func(f *facts.Report) *facts.Fact[facts.Organization] { return &f.Organization }, func() facts.Fact[facts.Organization] { return t.organization(ctx) })
	ask(r, facts.NameChanges, func(f *facts.Report) *facts.Fact[facts.Changes] { return &f.Changes }, func() facts.Fact[facts.Changes] { return t.changes(ctx, r.q) })
	ask(r, facts.NameDevice, func(f *facts.Report) *facts.Fact[facts.Device] { return &f.Device }, func() facts.Fact[facts.Device] {
		row := r.row()
		switch {
		case !row.OK():
			return facts.Unread[facts.Device](rowless(row.State), "without the sign-in row nobody knows which device it was: "+row.Reason)
		case row.Value.DeviceID == "":
			return facts.Unread[facts.Device](facts.NotAsked, "the sign-in presented no device id")
		}
		return t.device(ctx, row.Value.DeviceID)
	})
}

// appID is the client application of the error: as it says itself, otherwise as the sign-in row does. It may wait for the row.
func (r *reading) appID() string {
	if r.q.AppID != "" {
		return r.q.AppID
	}
	if row := r.row(); row.OK() {
		return row.Value.AppID
	}
	return ""
}

// resource names what was to be reached, likewise.
func (r *reading) resource() string {
	if r.q.Resource != "" {
		return r.q.Resource
	}
	if row := r.row(); row.OK() {
		return either(row.Value.ResourceID, row.Value.Resource)
	}
	return ""
}

const theApp = "which app it was"

// ofRow is a read that needs what the error itself, or else the sign-in row, tells. Where the row could have told it and
// was not read, that is the reason.
func ofRow[T any](r *reading, what string, told func() string, read func(string) facts.Fact[T]) func() facts.Fact[T] {
	return func() facts.Fact[T] {
		ref := told()
		if ref != "" {
			return read(ref)
		}
		row := r.row()
		if row.OK() || row.State == "" || row.State == facts.NotAsked {
			return read("")
		}
		return facts.Unread[T](rowless(row.State), "without the sign-in row nobody knows "+what+": "+row.Reason)
	}
}

// rowless is the state of what only a sign-in row that was not seen could have told. A row that is not there leaves it open:
// its absence is not that of a device or an app.
func rowless(row facts.State) facts.State {
	if row == facts.Absent {
		return facts.NotAsked
	}
	return row
}

// apps starts what hangs on the app of the error.
func (r *reading) apps() {
	t, ctx := r.t, r.ctx
	if r.asked(facts.NameConsent, facts.NameAssignment) { // those wait for the person, and need the service principal then
		go func() { t.principal(ctx, r.appID()) }()
	}
	ask(r, facts.NameApp, func(f *facts.Report) *facts.Fact[facts.App] { return &f.App }, ofRow(r, theApp, r.appID, func(id string) facts.Fact[facts.App] { return t.app(ctx, id) }))
	ask(r, facts.NamePrincipal, func(f *facts.Report) *facts.Fact[facts.Principal] { return &f.Principal }, ofRow(r, theApp, r.appID, func(id string) facts.Fact[facts.Principal] { return t.principal(ctx, id) }))
	ask(r, facts.NameResource, func(f *facts.Report) *facts.Fact[facts.Resource] { return &f.Resource }, ofRow(r, "what was to be reached", r.resource, func(ref string) facts.Fact[facts.Resource] { return t.resource(ctx, ref) }))
}

// person starts what is read by a person's object id.
func (r *reading) person(who whom) {
	t, ctx := r.t, r.ctx
	if r.asked(facts.NameRecent) {
		r.recent = start(func() facts.Fact[facts.Recent] {
			f := r.readRecent(who)
			r.put(facts.NameRecent, func(report *facts.Report) { report.Recent = f })
			return f
		}).wait
	}
	if r.asked(facts.NameUser) {
		go func() {
			u := r.lastSuccess(who.account.wait().user)
			r.put(facts.NameUser, func(report *facts.Report) { report.User = u })
		}()
	}
	ask(r, facts.NameMFA, func(f *facts.Report) *facts.Fact[facts.MFA] { return &f.MFA }, func() facts.Fact[facts.MFA] { return r.mfa(who) })
	ask(r, facts.NameMethods, func(f *facts.Report) *facts.Fact[facts.Methods] { return &f.Methods }, ofPerson(who, func(id string) facts.Fact[facts.Methods] { return t.methods(ctx, id) }))
	ask(r, facts.NamePerUserMFA, func(f *facts.Report) *facts.Fact[facts.PerUserMFA] { return &f.PerUserMFA }, ofPerson(who, func(id string) facts.Fact[facts.PerUserMFA] { return t.perUserMFA(ctx, id) }))
	ask(r, facts.NameGroups, func(f *facts.Report) *facts.Fact[facts.Groups] { return &f.Groups }, ofPerson(who, func(id string) facts.Fact[facts.Groups] { return t.groups(ctx, id) }))
	ask(r, facts.NameRisk, func(f *facts.Report) *facts.Fact[facts.Risk] { return &f.Risk }, ofPerson(who, func(id string) facts.Fact[facts.Risk] { return t.risk(ctx, id) }))
	ask(r, facts.NameAssignment, func(f *facts.Report) *facts.Fact[facts.Assignment] { return &f.Assignment }, ofPerson(who, func(id string) facts.Fact[facts.Assignment] {
		return ofRow(r, theApp, r.appID, func(app string) facts.Fact[facts.Assignment] { return t.assignment(ctx, app, id) })()
	}))
	if r.asked(facts.NameConsent) {
		go r.consent(who)
	}
	ask(r, facts.NameGuest, func(f *facts.Report) *facts.Fact[facts.Guest] { return &f.Guest }, func() facts.Fact[facts.Guest] {
		t.foresee(ctx, providerIn(r.q.Provider).tenant)
		row := r.row()
		t.foresee(ctx, homeIn(row))
		return t.guest(ctx, r.q, who.account.wait().user, row)
	})
}

// ofPerson is a read by a person's object id. It begins as soon as the id is known; where it finds nothing, that there is no
// such account says more.
func ofPerson[T any](who whom, read func(id string) facts.Fact[T]) func() facts.Fact[T] {
	return func() facts.Fact[T] {
		id := who.id()
		var f facts.Fact[T]
		if id != "" {
			if f = read(id); f.OK() {
				return f
			}
		}
		state, reason := needs(who.account.wait())
		switch {
		case state != "":
			return facts.Unread[T](state, reason)
		case id == "":
			return facts.Unread[T](facts.NotAsked, "the account's id is not known")
		}
		return f
	}
}

// readRecent reads the person's sign-ins, also those of an account that is not there any more.
func (r *reading) readRecent(who whom) facts.Fact[facts.Recent] {
	id := who.id()
	if id == "" {
		state, reason := needs(who.account.wait())
		if state == "" {
			state, reason = facts.NotAsked, "the account's id is not known"
		}
		return facts.Unread[facts.Recent](state, reason)
	}
	return r.log.wait().recent(r.ctx, id, accountOf(who))
}

// accountOf waits for the account where the object id comes from it, so that it is there already; otherwise it is nil.
func accountOf(who whom) func() facts.Fact[facts.User] {
	if who.named.wait().id != "" {
		return nil
	}
	return func() facts.Fact[facts.User] { return who.account.wait().user }
}

// lastSuccess adds the last success to an account: from the log where that was read and has one, otherwise from what the
// account itself holds, which is slower and up to a day late.
func (r *reading) lastSuccess(u facts.Fact[facts.User]) facts.Fact[facts.User] {
	if !u.OK() || u.Value.Deleted {
		return u
	}
	var last *time.Time
	if r.recent != nil {
		if f := r.recent(); f.OK() {
			last = f.Value.LastSuccess
		}
	}
	if last == nil {
		last = r.t.activity(r.ctx, u.Value.ID)
	}
	if last != nil {
		v := *u.Value // the cache and the report share the other one
		v.LastSuccess = utc(last)
		u.Value = &v
	}
	return u
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

// domain reads a domain, its trust, and what the identity provider publishes.
func (r *reading) domain(name string) {
	d := r.t.domain(r.ctx, name)
	r.put(facts.NameDomain, func(report *facts.Report) { report.Domain = d })
	f := r.t.federation(r.ctx, d)
	r.put(facts.NameFederation, func(report *facts.Report) { report.Federation = f })
	if r.asked(facts.NameMetadata) {
		m := r.t.metadata(r.ctx, d, f)
		r.put(facts.NameMetadata, func(report *facts.Report) { report.Metadata = m })
	}
}
