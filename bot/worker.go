package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"signpost/bot/jobs"
	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
	"signpost/runbooks"
)

// lateAfter is when the sign-in log is looked at again, counted from the first answer. Rows usually come within
// minutes; after the last of these the answer says that none came.
var lateAfter = []time.Duration{2 * time.Minute, 5 * time.Minute, 15 * time.Minute}

// readFor bounds all reads of the tenant for one answer. It is shorter than a job's time, so that what was read is
// still drawn.
const readFor = 20 * time.Second

// Worker works on cases: it posts the first answer, reads the tenant, and edits what it learns into the same message.
type Worker struct {
	Thread *Thread
	Gate   *handlers.Gate
	Desk   *handlers.Desk
	Store  *store.Store
	// Later queues another look at the sign-in log.
	Later func(ctx context.Context, caseID int64, try int, at time.Time) error
	// Watch queues a look for the success that a fix should bring; nil where nothing is watched.
	Watch func(ctx context.Context, caseID int64, by string, try int, at time.Time) error
	// Escalate is the channel that Still stuck hands over to; "" where there is none.
	Escalate string
	Log      *slog.Logger
	Now      func() time.Time
}

// Answer posts the answer of a case, or brings the one that is there up to date. It may be called again at any point of
// an earlier call, and never leaves two answers.
func (w *Worker) Answer(ctx context.Context, id int64) error {
	c, q, err := w.open(ctx, id)
	if err != nil || c.ID == 0 {
		return err
	}
	details := w.details(ctx, c)
	d := w.Desk.Offline(q.Within(details))
	reads := details == handlers.Full && w.Desk.Tenant != nil && !w.Desk.Names(q)
	first := w.draw(c, d, handlers.View{Details: details, Reading: reads, Protected: w.Desk.Names(q)})
	if c.ReplyTS == "" {
		c.ReplyTS, err = w.Thread.Post(ctx, w.Store, c, first)
	} else {
		err = w.Thread.Edit(ctx, c, first)
	}
	if err != nil {
		return err
	}
	if !reads {
		return w.Store.SetState(ctx, id, store.Final)
	}
	q.Reporter = w.Gate.Email(ctx, c.Author, c.Team)
	return w.read(ctx, c, q, 0)
}

// Late looks once more for facts that had not come, and edits them in.
func (w *Worker) Late(ctx context.Context, id int64, try int) error {
	c, q, err := w.open(ctx, id)
	if err != nil || c.ID == 0 || c.State != store.Answered || c.ReplyTS == "" {
		return err
	}
	if w.details(ctx, c) != handlers.Full {
		return w.Store.SetState(ctx, id, store.Final)
	}
	q.Reporter = w.Gate.Email(ctx, c.Author, c.Team)
	return w.read(ctx, c, q, try)
}

// read reads the tenant, edits the answer, and queues another look where the sign-in row has not come.
func (w *Worker) read(ctx context.Context, c store.Case, q handlers.Question, try int) error {
	reading, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	d := w.Desk.Diagnose(reading, q, func(d runbooks.Diagnosis) {
		if err := w.edit(ctx, c, d, handlers.View{Reading: true}); err != nil {
			w.Log.Warn("edit an answer while facts are read", "case", c.ID, "error", err)
		}
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.audit(ctx, c, d)
	until := c.SignInUntil
	missing := d.Report.SignIn.State == facts.NotYet
	waits := missing && try < len(lateAfter)
	if missing && !waits {
		// Nothing came in all that time: the log has no such row, as far as anybody can tell.
		d.Report.SignIn = facts.None[facts.SignIn](w.Now(), "the sign-in log has no row for this error; it was looked for until "+w.Now().UTC().Format(runbooks.TimeLayout))
		d = w.Desk.Book.Diagnose(d.Errors, d.Report, w.Now())
	}
	view := handlers.View{}
	if waits {
		if until.IsZero() {
			until = w.Now().Add(lateAfter[len(lateAfter)-1])
			if err := w.Store.SetSignInUntil(ctx, c.ID, until); err != nil {
				return err
			}
		}
		view.Waiting = until
	}
	if err := w.edit(ctx, c, d, view); err != nil {
		return err
	}
	if !waits {
		if expected(d) {
			if _, err := w.watch(ctx, c, q, ""); err != nil {
				return err
			}
		}
		return w.Store.SetState(ctx, c.ID, store.Final)
	}
	if err := w.Store.SetState(ctx, c.ID, store.Answered); err != nil {
		return err
	}
	next := until.Add(lateAfter[try] - lateAfter[len(lateAfter)-1])
	return w.Later(ctx, c.ID, try+1, next)
}

// edit draws a diagnosis into the case's answer, with as much as the channel may hold at this moment.
func (w *Worker) edit(ctx context.Context, c store.Case, d runbooks.Diagnosis, v handlers.View) error {
	if v.Details = w.details(ctx, c); v.Details != handlers.Full {
		q := handlers.Question{Errors: d.Errors}
		d, v = w.Desk.Offline(q.Within(v.Details)), handlers.View{Details: v.Details}
	}
	return w.Thread.Edit(ctx, c, w.draw(c, d, v))
}

func (w *Worker) draw(c store.Case, d runbooks.Diagnosis, v handlers.View) handlers.Message {
	v.Protected = v.Protected || w.Desk.Protected(d)
	return handlers.Compose(d, v).Draw(&handlers.Buttons{
		Key: c.OnceKey, Show: v.Details == handlers.Agents && w.Desk.Tenant != nil && !v.Protected,
	})
}

// details is what the case's thread may hold: never full where the event itself said that the channel is shared.
func (w *Worker) details(ctx context.Context, c store.Case) handlers.Details {
	d := w.Gate.Details(ctx, c.Channel)
	if c.ExtShared && d == handlers.Full {
		return handlers.Agents
	}
	return d
}

// open reads a case and its errors. A case that is gone or emptied gives one with id 0: there is nothing left to do.
func (w *Worker) open(ctx context.Context, id int64) (store.Case, handlers.Question, error) {
	c, err := w.Store.Case(ctx, id)
	if errors.Is(err, store.ErrNotFound) || c.State == store.Expired {
		return store.Case{}, handlers.Question{}, nil
	}
	if err != nil {
		return c, handlers.Question{}, err
	}
	errs, err := recall(c.Errors)
	if err != nil {
		return c, handlers.Question{}, jobs.Stop(fmt.Errorf("read the errors of case %d: %w", id, err))
	}
	return c, handlers.Question{Errors: errs, Posted: c.Created}, nil
}

// audit records whom a case was about and what was read.
func (w *Worker) audit(ctx context.Context, c store.Case, d runbooks.Diagnosis) {
	who := d.Report.Subject.User
	if who == "" {
		return
	}
	if err := w.Store.Audit(ctx, AuditEntry(d, c.Author, c.Channel, c.ID)); err != nil {
		w.Log.Error("write the audit", "case", c.ID, "error", err)
	}
	if c.ID == 0 {
		return
	}
	if err := w.Store.SetSubject(ctx, c.ID, who); err != nil {
		w.Log.Error("note whom a case is about", "case", c.ID, "error", err)
	}
}

// AuditEntry says who looked whom up, from where, why, and which facts were read; never what was found.
func AuditEntry(d runbooks.Diagnosis, asker, place string, caseID int64) store.Entry {
	why := "asked by name"
	if d.Primary != nil {
		why = fmt.Sprintf("AADSTS%d", d.Primary.Code)
	}
	return store.Entry{Asker: asker, Subject: d.Report.Subject.User, Place: place, Facts: read(d.Report), Why: why, Case: caseID}
}

// read lists the facts that were asked of Graph.
func read(r facts.Report) []string {
	var names []string
	for _, e := range r.Entries() {
		if e.State != facts.NotAsked {
			names = append(names, string(e.Name))
		}
	}
	return names
}
