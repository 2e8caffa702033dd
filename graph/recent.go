package graph

import (
	"context"
	"net/http"
	"strings"
	"time"

	"signpost/graph/facts"
)

const (
	recentBefore = 24 * time.Hour // how far before the error the person's sign-ins are read
	recentRows   = 100
	codeWrong    = 50126 // wrong name or password
)

// recent reads the person's sign-ins, interactive and not, from a day before the error until now. They are matched by
// object id: the log holds a guest's home address instead of the sign-in name.
//
// https://learn.microsoft.com/graph/api/signin-list
func (t *Tenant) recent(ctx context.Context, id string, q facts.Query) facts.Fact[facts.Recent] {
	now := t.clock.Now()
	since := t.lastDay()
	if !q.Time.IsZero() && q.Time.Add(-recentBefore).Before(since) {
		since = q.Time.Add(-recentBefore)
	}
	if oldest := now.Add(-logRetention); since.Before(oldest) {
		since = oldest
	}
	// Whole hours, so that pastes of one person within minutes share an answer.
	since = since.UTC().Truncate(time.Hour)
	id = strings.ToLower(id)
	f := cached(ctx, t, t.caches.recent, id+" "+since.Format(time.RFC3339), keepRecent, func(ctx context.Context) facts.Fact[rows] {
		var got rows
		var err error
		if since.Equal(t.lastDay()) { // as nearly all pastes: they go out together
			got, err = t.lookups.recent.find(ctx, id)
		} else {
			var found map[string]rows
			found, err = t.recentSince(ctx, since, []string{id})
			got = found[id]
		}
		if err != nil {
			return failed[rows](err, endpoints().signIns)
		}
		return facts.See(t.clock.Now(), got)
	})
	if !f.OK() {
		return facts.Unread[facts.Recent](f.State, f.Reason)
	}
	if len(f.Value.Rows) == 0 {
		return facts.None[facts.Recent](f.ReadAt, "the sign-in log has no sign-in of this account since "+since.Format("2006-01-02 15:04")+" UTC")
	}
	r := facts.See(f.ReadAt, summary(*f.Value, since, q))
	r.Reason = f.Value.Note
	return r
}

// lastDay is the begin of the window of an error that has just happened. An error of up to an hour ago shares it.
func (t *Tenant) lastDay() time.Time {
	return t.clock.Now().Add(-recentBefore - time.Hour).UTC().Truncate(time.Hour)
}

// recentOf reads the recent sign-ins of several people.
func (t *Tenant) recentOf(ctx context.Context, ids []string) (map[string]rows, error) {
	return t.recentSince(ctx, t.lastDay(), ids)
}

func (t *Tenant) recentSince(ctx context.Context, since time.Time, ids []string) (map[string]rows, error) {
	b := batch{property: "userId", also: "createdDateTime ge " + since.Format(time.RFC3339), each: recentRows}
	read := func(event string) (map[string]rows, error) {
		b.event = event
		return t.together(ctx, b, ids)
	}
	found, err := read(eventInteractive + "," + eventNonInteractive)
	if !betaOut(err) {
		return found, err
	}
	if found, err = read(eventInteractive); err != nil {
		return nil, err
	}
	others, err := read(eventNonInteractive)
	for _, id := range ids {
		of := found[id]
		if err != nil {
			of.Note = interactiveOnly
		}
		more := others[id]
		of.Rows, of.Capped = newest(append(of.Rows, more.Rows...)), of.Capped || more.Capped
		found[id] = of
	}
	return found, nil
}

// interactiveOnly says what is missing where Graph refused beta.
const interactiveOnly = "interactive sign-ins only: Graph did not give the others"

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
