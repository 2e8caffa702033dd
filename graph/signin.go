package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/auditlogs"

	"signpost/graph/facts"
)

// signIn is the row of the error: by correlation id, otherwise by request id. An empty answer soon after the error is "not
// yet", because the log lags by minutes.
//
// https://learn.microsoft.com/graph/api/signin-list
func (b *logbook) signIn(ctx context.Context) facts.Fact[facts.SignIn] {
	q := b.q
	var of facts.Fact[rows]
	switch {
	case guidText.MatchString(q.CorrelationID):
		of = b.rowsOfError(ctx)
	case guidText.MatchString(q.TraceID):
		of = b.rowOfRequest(ctx)
	default:
		return facts.Unread[facts.SignIn](facts.NotAsked, "the error carries no correlation id and no request id")
	}
	if !of.OK() {
		return facts.Unread[facts.SignIn](of.State, of.Reason)
	}
	if len(of.Value.Rows) > 0 {
		return facts.See(of.ReadAt, pick(of.Value.Rows, q).fact())
	}
	state, reason := b.t.noRow(q)
	if of.Value.Note != "" && state == facts.Absent { // it may be among those that were not given
		state, reason = facts.Failed, "no row with this id among the "+of.Value.Note
	}
	f := facts.Unread[facts.SignIn](state, reason)
	f.ReadAt = of.ReadAt
	return f
}

// rowsOfError are the rows of the error's correlation id. Those of service principals are searched first for a code that is
// about an app's own credential; for others they are the last resort, and only where no person is named.
func (b *logbook) rowsOfError(ctx context.Context) facts.Fact[rows] {
	t, q := b.t, b.q
	id := term{byCorrelation, strings.ToLower(q.CorrelationID)}
	here, other := t.lookups.people, t.lookups.principal
	if principalCode(q.Code) {
		here, other = other, here
	}
	found := func(f facts.Fact[rows]) bool { return !f.OK() || len(f.Value.Rows) > 0 }
	f := b.first[id]
	if found(f) {
		return f
	}
	if !b.bound.IsZero() && (q.Time.IsZero() || q.Time.Before(b.bound)) {
		if f = b.find(ctx, here, time.Time{}, id)[0]; found(f) {
			return f
		}
	}
	if here == t.lookups.people && q.User != "" {
		return f
	}
	return b.find(ctx, other, time.Time{}, id)[0]
}

// rowOfRequest is the row of the error's request id, which is its "Trace ID": among the person's where those were read,
// otherwise by itself.
func (b *logbook) rowOfRequest(ctx context.Context) facts.Fact[rows] {
	if b.alone.State != "" {
		return b.alone
	}
	if f := b.first[b.who]; f.OK() {
		for _, r := range f.Value.Rows {
			if strings.EqualFold(r.ID, b.q.TraceID) {
				return facts.See(f.ReadAt, rows{Rows: []row{r}})
			}
		}
	}
	return b.oneRow(ctx)
}

// oneRow reads the row of the error's request id: rows that are seen and empty where there is none.
func (b *logbook) oneRow(ctx context.Context) facts.Fact[rows] {
	t, id := b.t, strings.ToLower(b.q.TraceID)
	f := cached(ctx, t, t.caches.signIns, id, keepSignIn, func(ctx context.Context) facts.Fact[rows] {
		// beta has every kind of sign-in. Where it has none, it may be out: v1.0 has the interactive ones.
		b.sent.Add(1)
		got, err := t.oneRow(ctx, t.beta, id)
		if betaOut(err) {
			b.sent.Add(1)
			var again error
			if got, again = t.oneRow(ctx, t.v1, id); again == nil || notFound(err) {
				err = again
			}
		}
		switch {
		case notFound(err):
			return facts.Unread[rows](facts.NotYet, "") // not kept: it may come
		case err != nil:
			return failed[rows](err, endpoints().signIns)
		}
		return facts.See(t.clock.Now(), got)
	})
	if f.State == facts.NotYet {
		return facts.See(t.clock.Now(), rows{})
	}
	return f
}

// oneRow reads a row by its id. https://learn.microsoft.com/graph/api/signin-get
func (t *Tenant) oneRow(ctx context.Context, adapter abstractions.RequestAdapter, id string) (rows, error) {
	req, err := auditlogs.NewSignInsRequestBuilderInternal(map[string]string{}, adapter).BySignInId(id).ToGetRequestInformation(ctx, nil)
	if err == nil {
		req.Headers.Add("Prefer", "include-unknown-enum-members")
	}
	one, err := decode[row](t.get(ctx, adapter, req, err))
	if err == nil && one.ID == "" {
		err = errOther
	}
	if err != nil {
		return rows{}, err
	}
	one.seesPolicies = t.seesPolicies(ctx)
	return rows{Rows: []row{one}}, nil
}

// principalCode reports whether a code is about an app's own credential, so that it is logged as a service principal's.
func principalCode(code int) bool {
	switch code {
	case 700021, 700022, 700023, 700024, 700027, 700030, 700211, 700212, 700213, 7000112, 7000114, 7000215, 7000216, 7000222, 7000229:
		return true
	}
	return false
}

// pick takes the row that the error is about from those of one correlation id: one sign-in may write several.
func pick(all []row, q facts.Query) row {
	score := func(r row) (n int) {
		if q.TraceID != "" && strings.EqualFold(r.ID, q.TraceID) {
			n += 8
		}
		if q.Code != 0 && r.Status.Code == q.Code {
			n += 4
		}
		if slices.Contains(q.Related, r.Status.Code) {
			n += 2
		}
		if r.Status.Code != 0 {
			n++
		}
		return n
	}
	distance := func(r row) time.Duration {
		if q.Time.IsZero() {
			return 0
		}
		return r.Created.Sub(q.Time).Abs()
	}
	best := all[0]
	for _, r := range all[1:] {
		if s, b := score(r), score(best); s > b || s == b && distance(r) < distance(best) {
			best = r
		}
	}
	return best
}

// noRow says what it means that the log has no row.
func (t *Tenant) noRow(q facts.Query) (facts.State, string) {
	now, at := t.clock.Now(), q.Time
	if at.IsZero() {
		at = q.Posted
	}
	if at.IsZero() {
		at = now
	}
	switch age := now.Sub(at); {
	case age < logLag:
		return facts.NotYet, fmt.Sprintf("the sign-in log lags by minutes and has no row yet; worth looking again until %s UTC", earlier(at, now).Add(logLag).UTC().Format("15:04"))
	case !q.Time.IsZero() && age > logRetention:
		return facts.Absent, fmt.Sprintf("the sign-in log keeps 30 days (7 without a premium licence), and the error is of %s", q.Time.UTC().Format(time.DateOnly))
	case !q.Time.IsZero() && age > logShort:
		return facts.Absent, "the sign-in log has no row with this id; it keeps 30 days, but only 7 where the premium licence is new"
	}
	return facts.Absent, "the sign-in log has no row with this id; the sign-in may belong to another tenant"
}

// earlier is the earlier of two times: an error from a clock that is ahead does not stretch the wait.
func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
