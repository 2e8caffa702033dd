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

// What the sign-in log promises.
// https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
const (
	logLag       = 15 * time.Minute    // how long an empty answer means "not yet"
	logRetention = 30 * 24 * time.Hour // with a premium licence
	logShort     = 7 * 24 * time.Hour  // without, and right after buying one
)

// mostRows is how many rows one answer may hold: a row of beta can be 20 KB, and an answer no more than maxBody.
const mostRows = 250

// The kinds of sign-ins, as beta names them in signInEventTypes. v1.0 knows only the first.
const (
	eventInteractive    = "interactiveUser"
	eventNonInteractive = "nonInteractiveUser"
	eventPrincipal      = "servicePrincipal"
)

// lookups find rows of several people's errors in one query: by correlation id, each kind of sign-in by itself, because
// Graph does not filter for people and service principals together; and the recent ones by the person's object id.
type lookups struct {
	interactive, nonInteractive, principal, recent *gatherer
}

func (t *Tenant) newLookups() lookups {
	gather := func(query func(ctx context.Context, ids []string) (map[string]rows, error)) *gatherer {
		return &gatherer{budget: t.budgets.reports, life: t.life, waiting: map[string]*lookup{}, query: query}
	}
	correlation := func(event string) *gatherer {
		return gather(func(ctx context.Context, ids []string) (map[string]rows, error) {
			return t.together(ctx, batch{event: event, property: "correlationId", each: 20}, ids)
		})
	}
	return lookups{
		interactive: correlation(eventInteractive), nonInteractive: correlation(eventNonInteractive), principal: correlation(eventPrincipal),
		recent: gather(t.recentOf),
	}
}

// signIn reads the row of the error: by correlation id, otherwise by request id. An empty answer soon after the error is
// "not yet", because the log lags by minutes.
//
// https://learn.microsoft.com/graph/api/signin-list
func (t *Tenant) signIn(ctx context.Context, q facts.Query) facts.Fact[facts.SignIn] {
	byCorrelation, byRequest := guidText.MatchString(q.CorrelationID), guidText.MatchString(q.TraceID)
	if !byCorrelation && !byRequest {
		return facts.Unread[facts.SignIn](facts.NotAsked, "the error carries no correlation id and no request id")
	}
	// A row is kept once it is found. That there is none is not: it may come.
	key := strings.ToLower(q.CorrelationID)
	if !byCorrelation {
		key = "request " + strings.ToLower(q.TraceID)
	}
	found := cached(ctx, t, t.caches.signIns, key, keepSignIn, func(ctx context.Context) facts.Fact[[]row] {
		for _, event := range kindsFor(q) {
			rows, err := t.rowsOf(ctx, event, q.CorrelationID, q.TraceID, byCorrelation)
			if err != nil {
				return failed[[]row](err, endpoints().signIns)
			}
			if len(rows) > 0 {
				return facts.See(t.clock.Now(), rows)
			}
		}
		return facts.Unread[[]row](facts.NotYet, "")
	})
	switch found.State {
	case facts.Seen:
		return facts.See(found.ReadAt, pick(*found.Value, q).fact())
	case facts.NotYet:
		state, reason := t.missing(q)
		f := facts.Unread[facts.SignIn](state, reason)
		f.ReadAt = t.clock.Now()
		return f
	}
	return facts.Unread[facts.SignIn](found.State, found.Reason)
}

// kindsFor is the order in which the kinds of sign-ins are searched. A service principal's are the last resort, and only
// where no person is named, unless the code is one of an app's own credential.
func kindsFor(q facts.Query) []string {
	switch {
	case principalCode(q.Code):
		return []string{eventPrincipal, eventInteractive, eventNonInteractive}
	case q.User == "":
		return []string{eventInteractive, eventNonInteractive, eventPrincipal}
	}
	return []string{eventInteractive, eventNonInteractive}
}

// principalCode reports whether a code is about an app's own credential, so that it is logged as a service principal's.
func principalCode(code int) bool {
	switch code {
	case 700021, 700022, 700023, 700024, 700027, 700030, 700211, 700212, 700213, 7000112, 7000114, 7000215, 7000216, 7000222, 7000229:
		return true
	}
	return false
}

func (t *Tenant) rowsOf(ctx context.Context, event, correlation, request string, byCorrelation bool) ([]row, error) {
	if !byCorrelation {
		return t.byRequest(ctx, event, strings.ToLower(request))
	}
	g := t.lookups.interactive
	switch event {
	case eventNonInteractive:
		g = t.lookups.nonInteractive
	case eventPrincipal:
		g = t.lookups.principal
	}
	found, err := g.find(ctx, strings.ToLower(correlation))
	return found.Rows, err
}

// byRequest reads the row of a request id, which is the "Trace ID" of an error. v1.0 has the interactive ones, beta all.
// https://learn.microsoft.com/graph/api/signin-get
func (t *Tenant) byRequest(ctx context.Context, event, id string) ([]row, error) {
	adapter := t.v1
	if event != eventInteractive {
		adapter = t.beta
	}
	req, err := auditlogs.NewSignInsRequestBuilderInternal(map[string]string{}, adapter).BySignInId(id).ToGetRequestInformation(ctx, nil)
	if err == nil {
		req.Headers.Add("Prefer", "include-unknown-enum-members")
	}
	one, err := decode[row](t.get(ctx, adapter, req, err))
	if notFound(err) {
		return nil, nil
	}
	if err == nil && one.ID == "" {
		err = errOther
	}
	if err != nil {
		return nil, err
	}
	one.seesPolicies = t.seesPolicies(ctx)
	return []row{one}, nil
}

// seesPolicies reports whether the token is known to let Signpost read the policies that were applied to a sign-in.
// https://learn.microsoft.com/graph/api/resources/appliedconditionalaccesspolicy
func (t *Tenant) seesPolicies(ctx context.Context) bool {
	token, err := t.cred.GetToken(ctx, t.tokenRequest()) // the one that the request was made with, from azidentity's cache
	if err != nil {
		return false
	}
	held, _ := decodeClaims(token.Token)
	return slices.Contains(held.Roles, "Policy.Read.All") || slices.Contains(held.Roles, "Policy.Read.ConditionalAccess")
}

// batch is a query of the log for several ids.
type batch struct {
	event    string // kinds of sign-ins, with commas between them
	property string // correlationId or userId
	also     string // a further condition; "" none
	each     int    // rows of one id that are enough
}

// together reads the rows of several ids in one query, and one by one where Graph refuses that: "or" between ids works,
// but nothing documents it.
func (t *Tenant) together(ctx context.Context, b batch, ids []string) (map[string]rows, error) {
	found := map[string]rows{}
	add := func(got rows) {
		for _, r := range got.Rows {
			id := strings.ToLower(r.CorrelationID)
			if b.property == "userId" {
				id = strings.ToLower(r.UserID)
			}
			of := found[id]
			of.Rows, of.Capped = append(of.Rows, r), got.Capped
			found[id] = of
		}
	}
	ask := func(ids ...string) error {
		filters := make([]string, len(ids))
		for i, id := range ids {
			filters[i] = b.property + " eq " + quote(id)
		}
		filter := strings.Join(filters, " or ")
		if b.also != "" && len(ids) > 1 {
			filter = "(" + filter + ")"
		}
		if b.also != "" {
			filter += " and " + b.also
		}
		got, err := t.signIns(ctx, b.event, filter, min(b.each*len(ids), mostRows), 1)
		if err == nil {
			add(got)
		}
		return err
	}
	slices.Sort(ids)
	if len(ids) > 1 && !t.alone.Load() {
		err := ask(ids...)
		switch {
		case err != nil && !badRequest(err):
			return nil, err
		case err != nil:
			t.alone.Store(true)
			t.log.Warn("graph refused several ids in one filter of the sign-in log; they are asked for one by one")
		case !slices.ContainsFunc(ids, func(id string) bool { return found[id].Capped }):
			return found, nil
		}
	}
	for _, id := range ids { // those that are left: the others' rows may have filled the page
		if len(found[id].Rows) > 0 {
			continue
		}
		if err := ask(id); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// rows are rows of the log, newest first.
type rows struct {
	Rows   []row
	Capped bool   // there are more
	Note   string // what the rows leave out; "" nothing
}

// signIns reads rows that a filter fits: from v1.0 where only interactive ones are wanted, otherwise from beta.
func (t *Tenant) signIns(ctx context.Context, event, filter string, top, pages int) (rows, error) {
	adapter := t.v1
	if event != eventInteractive {
		adapter = t.beta
		var kinds []string
		for kind := range strings.SplitSeq(event, ",") {
			kinds = append(kinds, "t eq "+quote(kind))
		}
		if strings.Contains(filter, " or ") {
			filter = "(" + filter + ")"
		}
		filter += " and signInEventTypes/any(t: " + strings.Join(kinds, " or ") + ")"
	}
	n := int32(top)
	headers := abstractions.NewRequestHeaders()
	// Without it, results that the API learnt later come as unknownFutureValue: report-only ones are among them.
	headers.Add("Prefer", "include-unknown-enum-members")
	req, err := auditlogs.NewSignInsRequestBuilderInternal(map[string]string{}, adapter).ToGetRequestInformation(ctx,
		&auditlogs.SignInsRequestBuilderGetRequestConfiguration{
			Headers:         headers,
			QueryParameters: &auditlogs.SignInsRequestBuilderGetQueryParameters{Filter: &filter, Top: &n},
		})
	first, err := decode[page[row]](t.get(ctx, adapter, req, err))
	if err == nil && (first.Value == nil || slices.ContainsFunc(first.Value, func(r row) bool { return r.ID == "" })) {
		err = errOther
	}
	if err != nil {
		return rows{}, err
	}
	all, capped, err := rest(ctx, t, adapter, first, headers, pages-1)
	sees := t.seesPolicies(ctx)
	for i := range all {
		all[i].seesPolicies = sees
	}
	if err != nil { // what came before is still true
		return rows{Rows: newest(all), Capped: true}, nil
	}
	return rows{Rows: newest(all), Capped: capped}, nil
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

// missing says what it means that the log has no row.
func (t *Tenant) missing(q facts.Query) (facts.State, string) {
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
