package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
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
	// Trust checks the domain of an error of federation as the health post does; nil: nobody does.
	Trust func(ctx context.Context, d runbooks.Diagnosis) facts.TrustReport
	// Storms notices when several people have the same error; nil: nobody does.
	Storms *Storms
	// Remember is the number of days that cases are kept; 0 where nobody says.
	Remember int
	// Escalate is the channel that Still stuck hands over to; "" where there is none.
	Escalate string
	Log      *slog.Logger
	Now      func() time.Time

	edits        editLocks
	likely       likely
	reactionless atomic.Bool // the Slack app may not react
}

// Answer posts the answer of a case, or brings the one that is there up to date. It may be called again at any point of
// an earlier call, and never leaves two answers.
func (w *Worker) Answer(ctx context.Context, id int64) error {
	c, q, err := w.open(ctx, id)
	if err != nil || c.ID == 0 {
		return err
	}
	if c.Outcome == "" { // else the usual answer says how it ended
		if done, err := w.inStorm(ctx, c, q); done || err != nil {
			w.react(ctx, c.ID)
			return err
		}
	}
	details := w.details(ctx, c)
	d := w.Desk.Offline(q.Within(details))
	reads := details == handlers.Full && w.Desk.Tenant != nil && !w.Desk.Names(q)
	view := handlers.View{Details: details, Reading: reads, Protected: w.Desk.Names(q)}
	if c.ReplyTS == "" {
		c.ReplyTS, err = w.Thread.Post(ctx, w.Store, c, w.draw(ctx, c, d, view))
	} else {
		err = w.put(ctx, c, d, view)
	}
	if err != nil {
		return err
	}
	w.react(ctx, c.ID)
	if !reads {
		if w.Desk.Names(q) {
			w.noteGuard(ctx, c, d)
		}
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
	w.learn(ctx, c, d)
	if w.Desk.Protected(d) {
		w.noteGuard(ctx, c, d)
	}
	w.likely.set(c.ID, d)
	until := c.SignInUntil
	missing := d.Report.SignIn.State == facts.NotYet
	waits := missing && try < len(lateAfter)
	if missing && !waits {
		// Nothing came in all that time: the log has no such row, as far as anybody can tell.
		d.Report.SignIn = facts.None[facts.SignIn](w.Now(), "the sign-in log has no row for this error; it was looked for until "+w.Now().UTC().Format(runbooks.TimeLayout))
		requests := d.Requests
		d = w.Desk.Book.Diagnose(d.Errors, d.Report, w.Now())
		d.Requests = requests
	}
	view := handlers.View{Trust: w.trust(ctx, d)}
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
	} else if !v.Reading {
		v.Earlier = w.earlier(ctx, c)
	}
	return w.put(ctx, c, d, v)
}

// draw is the answer of a case: the buttons are under it until the case has ended, and how it ended after that.
func (w *Worker) draw(ctx context.Context, c store.Case, d runbooks.Diagnosis, v handlers.View) handlers.Message {
	v.Locale = w.locale(ctx, c)
	v.Protected = v.Protected || w.Desk.Protected(d)
	return handlers.Compose(d, v).Draw(&handlers.Buttons{
		Key: c.OnceKey, Show: v.Details == handlers.Agents && w.Desk.Tenant != nil && !v.Protected, Feedback: !v.Reading, Ended: w.ended(ctx, c, v.Details),
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
	return c, handlers.Question{Errors: errs, Posted: c.Created, Case: id}, nil
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

// trust is the health of the domain that an error of federation is about; empty for other errors.
func (w *Worker) trust(ctx context.Context, d runbooks.Diagnosis) facts.TrustReport {
	if w.Trust == nil || w.Desk.Protected(d) {
		return facts.TrustReport{}
	}
	return w.Trust(ctx, d)
}
