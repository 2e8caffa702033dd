package jobs

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/bot/store"
)

// count is how many jobs are in a state.
func count(t *testing.T, q *Queue, state string) int64 {
	t.Helper()
	stats, err := q.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stats[state]
}

func TestCaseIsAnsweredOnceHoweverOftenItIsDelivered(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		answered := make(chan int64, 200)
		q := newQueue(t, openDB(t, url), Work{Answer: func(_ context.Context, id int64) error {
			answered <- id
			return nil
		}}, Options{})
		start(t, q)
		var (
			wg      sync.WaitGroup
			created atomic.Int64
			ids     = make(chan int64, 100)
		)
		for range 100 {
			wg.Go(func() {
				id, isNew, err := q.Open(context.Background(), paste(1))
				if err != nil {
					t.Error(err)
				}
				if isNew {
					created.Add(1)
				}
				ids <- id
			})
		}
		wg.Wait()
		close(ids)
		id := receive(t, answered)
		for other := range ids {
			if other != id {
				t.Errorf("case %d, want %d", other, id)
			}
		}
		if n := created.Load(); n != 1 {
			t.Errorf("%d deliveries created the case, want 1", n)
		}
		if _, isNew, err := q.Open(t.Context(), paste(1)); err != nil || isNew {
			t.Errorf("redelivery after the answer: created %v, error %v", isNew, err)
		}
		eventually(t, "the job is completed", func() bool { return count(t, q, "completed") == 1 })
		stats, err := q.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int64{"available": 0, "cancelled": 0, "completed": 1, "discarded": 0,
			"pending": 0, "retryable": 0, "running": 0, "scheduled": 0}
		if diff := cmp.Diff(want, stats); diff != "" {
			t.Error(diff)
		}
		if len(answered) > 0 {
			t.Error("answered twice")
		}
	})
}

func TestJobsAddedBeforeStartAreWorkedAfterIt(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		answered := make(chan int64, 1)
		q := newQueue(t, openDB(t, url), Work{Answer: func(_ context.Context, id int64) error {
			answered <- id
			return nil
		}}, Options{})
		id, created, err := q.Open(t.Context(), paste(1))
		if err != nil || !created {
			t.Fatal(created, err)
		}
		start(t, q)
		if got := receive(t, answered); got != id {
			t.Errorf("answered %d, want %d", got, id)
		}
	})
}

func TestEditIsAnsweredAgainWhenItsErrorsChange(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		answered := make(chan string, 10)
		db := openDB(t, url)
		q := newQueue(t, db, Work{Answer: func(ctx context.Context, id int64) error {
			c, err := db.Store().Case(ctx, id)
			answered <- string(c.Errors)
			return err
		}}, Options{})
		start(t, q)
		edit := func(ts, errors string) bool {
			t.Helper()
			c := paste(1)
			c.Errors, c.EditedTS = []byte(errors), ts
			_, changed, err := q.Reopen(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			return changed
		}
		if _, _, err := q.Reopen(t.Context(), paste(1)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("edit of a message without case: %v", err)
		}
		if _, _, err := q.Open(t.Context(), paste(1)); err != nil {
			t.Fatal(err)
		}
		receive(t, answered)
		if edit("1700000001.000000", `[{"code":50076}]`) {
			t.Error("an edit that leaves the errors alone was answered")
		}
		if !edit("1700000002.000000", `[{"code":50079}]`) {
			t.Error("an edit was not answered")
		}
		if got := receive(t, answered); got != `[{"code":50079}]` {
			t.Errorf("answered %s", got)
		}
		if edit("1700000002.000000", `[{"code":50079}]`) {
			t.Error("a redelivered edit was answered")
		}
		if !edit("1700000003.000000", `[{"code":50076}]`) {
			t.Error("an edit back to the first errors was not answered")
		}
		if got := receive(t, answered); got != `[{"code":50076}]` {
			t.Errorf("answered %s", got)
		}
		if edit("1700000002.000000", `[{"code":50079}]`) {
			t.Error("an older edit that came late was answered")
		}
	})
}

func TestLateLookIsQueuedOncePerTryAndRevision(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		type look struct {
			id  int64
			try int
		}
		looks := make(chan look, 10)
		db := openDB(t, url)
		q := newQueue(t, db, Work{
			Answer: func(context.Context, int64) error { return nil },
			Late: func(_ context.Context, id int64, try int) error {
				looks <- look{id, try}
				return nil
			},
		}, Options{})
		id, _, err := q.Open(t.Context(), paste(1))
		if err != nil {
			t.Fatal(err)
		}
		later := func(try int, at time.Time) {
			t.Helper()
			if err := q.Later(t.Context(), id, try, at); err != nil {
				t.Fatal(err)
			}
		}
		later(1, time.Now())
		later(1, time.Now())
		later(2, time.Now().Add(time.Hour))
		if n := count(t, q, "scheduled"); n != 1 {
			t.Errorf("%d looks are scheduled, want 1", n)
		}
		start(t, q)
		if got := receive(t, looks); got != (look{id, 1}) {
			t.Errorf("looked at %v", got)
		}
		edit := paste(1)
		edit.Errors = []byte(`[{"code":50079}]`)
		if _, changed, err := q.Reopen(t.Context(), edit); err != nil || !changed {
			t.Fatal(changed, err)
		}
		later(1, time.Now())
		if got := receive(t, looks); got != (look{id, 1}) {
			t.Errorf("looked at %v", got)
		}
		eventually(t, "all are completed", func() bool { return count(t, q, "completed") == 4 })
		if len(looks) > 0 {
			t.Errorf("looked at %v once more", <-looks)
		}
		if err := q.Later(t.Context(), 4711, 1, time.Now()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("late look at no case: %v", err)
		}
	})
}

func TestJobsOfOneCaseNeverRunSideBySide(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		var running, most atomic.Int32
		entered, leave := make(chan string, 10), make(chan bool)
		at := func(what string) {
			n := running.Add(1)
			defer running.Add(-1)
			if n > most.Load() {
				most.Store(n)
			}
			entered <- what
			<-leave
		}
		q := newQueue(t, openDB(t, url), Work{
			Answer: func(context.Context, int64) error { at("answer"); return nil },
			Late:   func(context.Context, int64, int) error { at("late"); return nil },
		}, Options{})
		start(t, q)
		id, _, err := q.Open(t.Context(), paste(1))
		if err != nil {
			t.Fatal(err)
		}
		receive(t, entered)
		if err := q.Later(t.Context(), id, 1, time.Now()); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the late look found the case busy", func() bool {
			var snoozed int
			err := q.db.sql.QueryRow(`SELECT count(*) FROM river_job WHERE kind = 'late' AND attempted_at IS NOT NULL AND state = 'available'`).Scan(&snoozed)
			return err == nil && snoozed == 1
		})
		leave <- true
		if what := receive(t, entered); what != "late" {
			t.Errorf("%s ran", what)
		}
		leave <- true
		if most.Load() != 1 {
			t.Errorf("%d ran at a time", most.Load())
		}
	})
}

func TestStopLetsJobsFinish(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		entered, leave := make(chan bool), make(chan bool)
		db := openDB(t, url)
		q := newQueue(t, db, Work{Answer: func(ctx context.Context, _ int64) error {
			entered <- true
			<-leave
			return ctx.Err()
		}}, Options{})
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := q.Open(t.Context(), paste(1)); err != nil {
			t.Fatal(err)
		}
		receive(t, entered)
		stopped := make(chan error)
		go func() { stopped <- q.Stop(context.Background()) }()
		leave <- true
		if err := receive(t, stopped); err != nil {
			t.Fatal(err)
		}
		if n := count(t, q, "completed"); n != 1 {
			t.Errorf("%d jobs completed, want 1", n)
		}
	})
}

func TestStopEndsJobsThatDoNotFinishAndTheNextStartTakesThemUp(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		entered := make(chan bool)
		db := openDB(t, url)
		slow := newQueue(t, db, Work{Answer: func(ctx context.Context, _ int64) error {
			entered <- true
			<-ctx.Done()
			return ctx.Err()
		}}, Options{StopTimeout: time.Millisecond})
		if err := slow.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := slow.Open(t.Context(), paste(1)); err != nil {
			t.Fatal(err)
		}
		receive(t, entered)
		if err := slow.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		answered := make(chan int64, 1)
		q := newQueue(t, db, Work{Answer: func(_ context.Context, id int64) error {
			answered <- id
			return nil
		}}, Options{})
		start(t, q)
		receive(t, answered)
	})
}

func TestJobLeftRunningByADeadProcessIsTakenBack(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		answered := make(chan int64, 1)
		db := openDB(t, url)
		q := newQueue(t, db, Work{Answer: func(_ context.Context, id int64) error {
			answered <- id
			return nil
		}}, Options{})
		id, _, err := q.Open(t.Context(), paste(1))
		if err != nil {
			t.Fatal(err)
		}
		// As a process leaves it that was killed: SQLite takes it back at once,
		// PostgreSQL once RescueAfter is over, which is an hour ago here.
		attempted := "datetime('now', 'subsec')"
		if db.Dialect() == store.PostgreSQL {
			attempted = "now() - interval '1 hour'"
		}
		if _, err := db.SQL().Exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = ` + attempted); err != nil {
			t.Fatal(err)
		}
		if ok, err := db.Store().Lease(t.Context(), id, 4711, time.Now().Add(time.Second)); err != nil || !ok {
			t.Fatal(ok, err)
		}
		start(t, q)
		if got := receive(t, answered); got != id {
			t.Errorf("answered %d, want %d", got, id)
		}
	})
}

func TestJobThatKillsEveryProcessIsGivenUp(t *testing.T) {
	q := newQueue(t, openDB(t, "sqlite::memory:"), Work{}, Options{})
	if _, _, err := q.Open(t.Context(), paste(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := q.db.sql.Exec(`UPDATE river_job SET state = 'running', attempt = max_attempts`); err != nil {
		t.Fatal(err)
	}
	start(t, q) // the answer would fail the test
	if n := count(t, q, "discarded"); n != 1 {
		t.Errorf("%d jobs discarded, want 1", n)
	}
}

func TestPurgedCaseIsNotAnswered(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		q := newQueue(t, db, Work{}, Options{})
		if _, _, err := q.Open(t.Context(), paste(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Store().Purge(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		start(t, q)
		eventually(t, "the job is cancelled", func() bool { return count(t, q, "cancelled") == 1 })
	})
}

func TestQueueThatOnlyAddsMayBeStopped(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		q := newQueue(t, openDB(t, url), Work{}, Options{})
		if _, _, err := q.Open(t.Context(), paste(1)); err != nil {
			t.Fatal(err)
		}
		stop(t, q)
		stop(t, q)
	})
}

func TestQueueRefusesToRescueJobsThatMayStillRun(t *testing.T) {
	w := Work{Answer: func(context.Context, int64) error { return nil }, Late: func(context.Context, int64, int) error { return nil }}
	_, err := New(openDB(t, "sqlite::memory:"), w, Options{JobTimeout: time.Minute, RescueAfter: time.Minute})
	if err == nil {
		t.Error("no error")
	}
}
