package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

const (
	recentBefore = 24 * time.Hour // how far before the error the person's sign-ins are read
	codeWrong    = 50126          // wrong name or password
)

// recent is the person's sign-ins, interactive and not, from a day before the error until now. They are told by object id:
// the log holds a guest's home address instead of the sign-in name. account waits for the account where the id is of it;
// nil where the id came from elsewhere.
//
// https://learn.microsoft.com/graph/api/signin-list
func (b *logbook) recent(ctx context.Context, id string, account func() facts.Fact[facts.User]) facts.Fact[facts.Recent] {
	of, asked := b.first[b.who]
	if asked && !of.OK() {
		return facts.Unread[facts.Recent](of.State, of.Reason)
	}
	if !b.covers(id, account) {
		found, _ := b.t.lookups.people.find(ctx, b.since, term{byUserID, strings.ToLower(id)})
		of = found[0]
	}
	if !of.OK() {
		return facts.Unread[facts.Recent](of.State, of.Reason)
	}
	got := *of.Value
	got.Rows = slices.DeleteFunc(slices.Clone(got.Rows), func(r row) bool { return !strings.EqualFold(r.UserID, id) })
	since := b.since.Format("2006-01-02 15:04") + " UTC"
	switch {
	case len(got.Rows) > 0:
	case got.Note != "":
		return facts.Unread[facts.Recent](facts.Failed, "no sign-in of this account since "+since+" among the "+got.Note)
	default:
		return facts.None[facts.Recent](of.ReadAt, "the sign-in log has no sign-in of this account since "+since)
	}
	r := facts.See(of.ReadAt, summary(got, b.since, b.q))
	r.Reason = got.Note
	return r
}

// covers reports whether the first search has the sign-ins of the account: it went by its id, or by its name in the log.
// That a name has no rows tells nothing of an account that goes by another one there, as a guest may.
func (b *logbook) covers(id string, account func() facts.Fact[facts.User]) bool {
	switch of := b.first[b.who]; {
	case !of.OK():
		return false
	case b.who.property == byUserID:
		return strings.EqualFold(b.who.value, id)
	case slices.ContainsFunc(of.Value.Rows, func(r row) bool { return strings.EqualFold(r.UserID, id) }):
		return true
	case account == nil:
		return false
	}
	u := account()
	return u.OK() && !u.Value.Guest && strings.EqualFold(u.Value.UPN, b.who.value)
}

// betaOut reports whether beta, which Microsoft promises nothing for, is to blame, so that v1.0 is worth asking.
func betaOut(err error) bool {
	r, ok := asRefusal(err)
	if !ok || r.licensing() {
		return false
	}
	switch r.status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusNotImplemented, http.StatusInternalServerError, http.StatusBadGateway:
		return true
	}
	return false
}

// summary counts over a person's sign-ins.
func summary(got rows, since time.Time, q facts.Query) facts.Recent {
	f := facts.Recent{Since: since, Capped: got.Capped, Rows: []facts.SignIn{}}
	// An error that does not tell its time counts as of when it was posted: an older row with its code may be another one,
	// and a success behind that row no cure for this.
	at, app := q.Time, q.AppID
	if at.IsZero() {
		at = q.Posted
	}
	for _, r := range got.Rows { // newest first
		f.Rows = append(f.Rows, r.fact())
		created := r.Created.UTC()
		switch {
		case r.Status.Code == 0:
			if f.LastSuccess == nil {
				f.LastSuccess = &created
			}
			continue
		case r.Status.Code == q.Code:
			f.SameFailures++
			if app == "" {
				app = r.AppID
			}
		}
		f.Failures++
		if r.Status.Code == codeWrong {
			f.WrongPassword++
		}
	}
	if at.IsZero() {
		return f
	}
	for _, r := range got.Rows {
		if r.Status.Code == 0 && r.Created.After(at) && (app == "" || strings.EqualFold(r.AppID, app)) {
			created := r.Created.UTC()
			f.Healed, f.HealedAt = true, &created // the last one seen is the first after the error
		}
	}
	return f
}
