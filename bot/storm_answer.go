package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// inStorm counts a case, and answers it in one line where it belongs to a storm. done is false where the usual answer is
// due: there is no storm, it could not be told to anybody, or the case was answered before it began. A database or Slack
// that fails here never keeps anybody from the usual answer.
func (w *Worker) inStorm(ctx context.Context, c store.Case, q handlers.Question) (done bool, err error) {
	if w.details(ctx, c) == handlers.None {
		return false, nil // what such a message said stays where it was said
	}
	i, in, err := w.Storms.Join(ctx, c)
	if err != nil {
		w.Log.Error("count a case into a storm", "case", c.ID, "error", err)
		return false, nil
	}
	if !in {
		return false, nil
	}
	link, told, err := w.Storms.Link(ctx, i)
	if err != nil || !told {
		return false, err
	}
	name := fmt.Sprintf("storm answer %d", c.ID)
	brief, err := w.Store.Cursor(ctx, name)
	if err != nil {
		return false, err
	}
	if c.ReplyTS != "" && brief == "" || c.Revision > 0 && c.ReplyTS != "" {
		return false, nil
	}
	if err := w.Store.SetCursor(ctx, name, "brief"); err != nil {
		return false, err
	}
	m := handlers.DrawStorm(w.Desk.Book.Lookup(c.Primary), link, handlers.Buttons{
		Key: c.OnceKey, Show: w.details(ctx, c) != handlers.None && w.Desk.Tenant != nil && !w.Desk.Names(q),
	})
	if c.ReplyTS == "" {
		if _, err := w.Thread.Post(ctx, w.Store, c, m); err != nil {
			return false, err
		}
	} else if err := w.Thread.Edit(ctx, c, m); err != nil {
		return false, err
	}
	return true, w.Store.SetState(ctx, c.ID, store.Final)
}

// learn keeps what only the tenant told of a case: the domain, app and policies that later cases are compared by. A case
// that becomes part of a storm by it keeps its answer, which says more.
func (w *Worker) learn(ctx context.Context, c store.Case, d runbooks.Diagnosis) {
	keys := learned(d.Report)
	if len(keys) == 0 {
		return
	}
	err := w.Store.AddKeys(ctx, c.ID, keys...)
	if err == nil {
		c, err = w.Store.Case(ctx, c.ID)
	}
	if err == nil {
		_, _, err = w.Storms.Join(ctx, c)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		w.Log.Error("keep what a case was about", "case", c.ID, "error", err)
	}
}

// learned are the keys in what was read: what the sign-in row names, and the domain of an account that was found.
func learned(r facts.Report) []store.Key {
	e := aadsts.Error{}
	if row := r.SignIn.Value; r.SignIn.OK() && row != nil {
		e.AppID = row.AppID
		for _, p := range row.Policies {
			if p.Result == "failure" {
				e.PolicyIDs = append(e.PolicyIDs, p.ID)
			}
		}
	}
	if u := r.User.Value; r.User.OK() && u != nil && !u.Guest && strings.EqualFold(u.UPN, r.Subject.User) {
		e.User = u.UPN
	}
	return keysOf([]aadsts.Error{e})
}

// NewStorms makes the storms of a worker, told in its escalation channel. Later is still to be set.
func NewStorms(w *Worker, f *Federation) *Storms {
	return &Storms{Store: w.Store, Thread: w.Thread, Gate: w.Gate, Desk: w.Desk, Federation: f, Channel: w.Escalate, Log: w.Log, Now: w.Now}
}
