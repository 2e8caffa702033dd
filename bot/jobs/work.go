package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"signpost/bot/store"
)

// The queues. Schedules have their own, so that a long health post never takes
// the place of somebody who waits for an answer.
const (
	casesQueue     = river.QueueDefault
	schedulesQueue = "schedules"
)

// answerArgs asks for the answer to a case as of one revision of its errors.
type answerArgs struct {
	Case     int64 `json:"case"`
	Revision int   `json:"revision"`
}

func (answerArgs) Kind() string { return "answer" }

func (answerArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: 1, UniqueOpts: once()}
}

// lateArgs asks for late facts of a case, for the nth time.
type lateArgs struct {
	Case     int64 `json:"case"`
	Revision int   `json:"revision"`
	Try      int   `json:"try"`
}

func (lateArgs) Kind() string { return "late" }

func (lateArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: 2, UniqueOpts: once()}
}

// watchArgs asks whether a person signs in again, for the nth time.
type watchArgs struct {
	Case int64  `json:"case"`
	By   string `json:"by"` // who said that it is solved
	Try  int    `json:"try"`
}

func (watchArgs) Kind() string { return "watch" }

func (watchArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: 3, UniqueOpts: once()}
}

// incidentArgs asks for the post of a storm to be brought up to date, once a slot.
type incidentArgs struct {
	Incident int64 `json:"incident"`
	Slot     int64 `json:"slot"` // Unix seconds
}

func (incidentArgs) Kind() string { return "incident" }

func (incidentArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: 2, UniqueOpts: once()}
}

// once makes a job unique by its arguments, whatever state it is in.
func once() river.UniqueOpts {
	return river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}
}

// addWorkers registers one worker per kind of job.
func (q *Queue) addWorkers(workers *river.Workers) {
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[answerArgs]) error {
		outcome, givenUp := q.work(ctx, job.JobRow, func() error {
			return q.onCase(ctx, job.ID, job.Args.Case, job.Args.Revision, func() error {
				return q.todo.Answer(ctx, job.Args.Case)
			})
		})
		if givenUp {
			q.fail(ctx, job.Args.Case)
		}
		return outcome
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[lateArgs]) error {
		outcome, _ := q.work(ctx, job.JobRow, func() error {
			return q.onCase(ctx, job.ID, job.Args.Case, job.Args.Revision, func() error {
				return q.todo.Late(ctx, job.Args.Case, job.Args.Try)
			})
		})
		return outcome
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[watchArgs]) error {
		outcome, _ := q.work(ctx, job.JobRow, func() error {
			return q.onCase(ctx, job.ID, job.Args.Case, anyRevision, func() error {
				return q.todo.Watch(ctx, job.Args.Case, job.Args.By, job.Args.Try)
			})
		})
		return outcome
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[incidentArgs]) error {
		outcome, _ := q.work(ctx, job.JobRow, func() error { return q.todo.Incident(ctx, job.Args.Incident) })
		return outcome
	}))
	river.AddWorker(workers, &periodicWorker{queue: q})
}

// errBusy puts a job off while another works on the same case.
var errBusy = errors.New("another job works on the case")

// busyWait is how soon a job that found its case busy looks again.
const busyWait = time.Second

// leaseMargin is how much longer than its timeout a job keeps others off its
// case: enough to notice the timeout and return.
const leaseMargin = 5 * time.Second

// anyRevision is of a job that has something to do whatever became of the case's errors.
const anyRevision = math.MaxInt

// onCase does work on a case while no other job does. A job of an older
// revision has nothing to do: the edit that made the revision queued its own.
func (q *Queue) onCase(ctx context.Context, jobID, caseID int64, revision int, do func() error) error {
	st := q.db.store
	ok, err := st.Lease(ctx, caseID, jobID, q.now().Add(q.opts.JobTimeout+leaseMargin))
	if errors.Is(err, store.ErrNotFound) {
		return Stop(err) // purged in the meantime
	}
	if err != nil {
		return err
	}
	if !ok {
		return RetryAfter(busyWait, errBusy)
	}
	defer func() {
		ctx, cancel := afterwards(ctx)
		defer cancel()
		if err := st.Release(ctx, caseID, jobID); err != nil {
			q.log.WarnContext(ctx, "lease of case kept until it runs out", "case", caseID, "err", err)
		}
	}()
	c, err := st.Case(ctx, caseID)
	if err != nil {
		return err
	}
	if c.Revision > revision {
		return nil
	}
	return do()
}

// afterwards is a context for what must still be written when a job's own is
// over.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), leaseMargin)
}

// fail marks a case that will not be answered any more.
func (q *Queue) fail(ctx context.Context, caseID int64) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if err := q.db.store.Fail(ctx, caseID); err != nil {
		q.log.WarnContext(ctx, "given up case is not marked as failed", "case", caseID, "err", err)
	}
}

// work runs a job's function and turns its outcome into River's; givenUp says
// that it will not be tried again. It recovers panics itself, because River
// would keep the panic's value with the job and log it, and the value may hold
// what nobody should read there.
func (q *Queue) work(ctx context.Context, job *rivertype.JobRow, do func() error) (outcome error, givenUp bool) {
	log := q.log.With("job", job.ID, "kind", job.Kind, "attempt", job.Attempt)
	err := recovered(ctx, log, do)
	var (
		stop  *stopError
		retry *retryError
	)
	switch {
	case err == nil:
		return nil, false
	case errors.As(err, &stop):
		log.WarnContext(ctx, "job stopped", "err", stop.err)
		return river.JobCancel(stop.err), true
	case errors.As(err, &retry):
		if q.now().Add(retry.wait).Sub(job.CreatedAt) > giveUpAfter {
			log.ErrorContext(ctx, "job given up: not done within a day", "err", retry.err)
			return river.JobCancel(retry.err), true
		}
		if !errors.Is(err, errBusy) {
			log.InfoContext(ctx, "job put off", "wait", retry.wait, "err", retry.err)
		}
		return river.JobSnooze(retry.wait), false
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err(), false // the queue is being stopped; River gives the attempt back
	case job.Attempt >= job.MaxAttempts:
		log.ErrorContext(ctx, "job given up", "err", err)
		return err, true
	default:
		log.WarnContext(ctx, "job failed, will be tried again", "err", err)
		return err, false
	}
}

func recovered(ctx context.Context, log *slog.Logger, do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			log.ErrorContext(ctx, "job panicked", "panic", describe(r), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %s", describe(r))
		}
	}()
	return do()
}

// describe tells what a panic was about without any value of ours in it.
func describe(r any) string {
	if e, ok := r.(runtime.Error); ok {
		return e.Error()
	}
	return fmt.Sprintf("value of type %T", r)
}

// retryPolicy is when River tries failed and rescued jobs again.
type retryPolicy struct{ now func() time.Time }

func (p retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	return p.now().UTC().Add(retryWait(job.Attempt, job.ID))
}

// quiet is a logger for River that keeps its own chatter out of the log but
// lets its warnings through.
func quiet(log *slog.Logger) *slog.Logger {
	return slog.New(warnings{log.Handler()}).With("from", "river")
}

type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{h.Handler.WithAttrs(attrs)}
}
func (h warnings) WithGroup(name string) slog.Handler { return warnings{h.Handler.WithGroup(name)} }
