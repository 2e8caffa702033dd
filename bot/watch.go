package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
	"signpost/runbooks"
)

// watchAfter is when the sign-in log is asked for the success that a fix is expected to bring, counted from the fix.
var watchAfter = []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// watchFor is how long a success is watched for.
func watchFor() time.Duration { return watchAfter[len(watchAfter)-1] }

// watch begins to look for a success of the affected person, where it can be looked for. by is who said that the error is
// solved, "" where nobody did and a fix is merely expected. until is zero where nothing is watched.
func (w *Worker) watch(ctx context.Context, c store.Case, q handlers.Question, by string) (until time.Time, err error) {
	if !w.watches(ctx, c, q) {
		return time.Time{}, nil
	}
	start := w.Now()
	if err := w.Watch(ctx, c.ID, by, 0, start.Add(watchAfter[0])); err != nil {
		return time.Time{}, err
	}
	return start.Add(watchFor()), nil
}

// watches reports whether a success of the affected person can be looked for.
func (w *Worker) watches(ctx context.Context, c store.Case, q handlers.Question) bool {
	return w.Watch != nil && w.Desk.Tenant != nil && !w.Desk.Names(q) && w.details(ctx, c) != handlers.None
}

// expected reports whether a fix is expected that a success would show: a cause is known and the person is still shut out.
func expected(d runbooks.Diagnosis) bool {
	return d.Lead() != nil && d.Report.Recent.OK() && !d.Report.Recent.Value.Healed
}

// Watched looks for the success once, and says in the thread that it came. In a thread that may not hold what the tenant
// says, only whoever pressed Solved is told, if they may know. After the last look it says that none came, to whoever
// said that it is solved.
func (w *Worker) Watched(ctx context.Context, id int64, by string, try int) error {
	c, q, err := w.open(ctx, id)
	if err != nil || c.ID == 0 || c.ReplyTS == "" || w.Desk.Names(q) {
		return err
	}
	full := w.details(ctx, c) == handlers.Full
	if !full && by == "" {
		return nil
	}
	done, err := w.Store.Cursor(ctx, watchCursor(id))
	if err != nil || done == "said" {
		return err
	}
	q.Reporter = w.Gate.Email(ctx, c.Author, c.Team)
	reading, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	r := w.Desk.Success(reading, q)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if w.Desk.Protected(runbooks.Diagnosis{Report: r, Errors: q.Errors}) {
		return nil
	}
	says, success := "", false
	switch last := try+1 >= len(watchAfter); {
	case r.Recent.OK() && r.Recent.Value.Healed && r.Recent.Value.HealedAt != nil:
		success = true
		says = "Confirmed: " + handlers.Escape(r.Subject.User) + " signed in to the same app with success at " + handlers.Date(*r.Recent.Value.HealedAt) + " (Entra sign-in log)."
	case !last:
		return w.Watch(ctx, id, by, try+1, w.Now().Add(watchAfter[try+1]-watchAfter[try]))
	case by == "":
		return nil
	case r.Recent.State == facts.Seen, r.Recent.State == facts.Absent:
		says = "No successful sign-in has been seen since this was marked as solved; the sign-in log was looked at until " + handlers.Date(w.Now()) + "."
	default:
		says = "Whether it works again could not be checked: " + handlers.Escape(r.Recent.Reason) + "."
	}
	if moved, err := w.Store.MoveCursor(ctx, watchCursor(id), done, "said"); err != nil || !moved {
		return err
	}
	if by != "" {
		c.Author = by // the audit names who wanted to know
	}
	w.audit(ctx, c, runbooks.Diagnosis{Report: r, Errors: q.Errors})
	if err := w.tell(ctx, c, r, by, full, says); err != nil {
		if undo := w.Store.SetCursor(ctx, watchCursor(id), "failed"); undo != nil {
			return undo
		}
		return err
	}
	if success && full {
		w.solvedAlone(ctx, c)
	}
	return nil
}

// solvedAlone ends a case that nobody has marked as solved. The thread holds what it rests on already, so what fails here is
// only logged.
func (w *Worker) solvedAlone(ctx context.Context, c store.Case) {
	if err := w.Store.SetAutoSolved(ctx, c.ID); err != nil {
		w.Log.Error("mark a case as solved", "case", c.ID, "error", err)
		return
	}
	if err := w.settle(ctx, c, Click{}); err != nil {
		w.Log.Error("say that a case is solved", "case", c.ID, "error", err)
	}
	w.react(ctx, c.ID)
}

func watchCursor(id int64) string { return fmt.Sprintf("watch %d", id) }

// tell says it in the thread, or to one person where the thread may not hold it.
func (w *Worker) tell(ctx context.Context, c store.Case, r facts.Report, by string, full bool, says string) error {
	m := handlers.Message{Text: says, Holds: handlers.Content{Level: handlers.Full, About: r.Names()}}
	if full {
		_, _, err := w.Thread.Out.Post(ctx, place(c), m, nil)
		return outcome("confirm in the thread", err)
	}
	who, err := w.Gate.Reader(ctx, by, c.Team)
	if err != nil || !who.Inside || !who.Agent && !strings.EqualFold(who.Email, r.Subject.User) {
		return nil // who may not know is told nothing
	}
	return outcome("confirm privately", w.Thread.Out.Whisper(ctx, place(c), Person{ID: by, Home: c.Team}, m))
}
