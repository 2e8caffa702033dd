package jobs

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/bot/store"
)

func TestOutcomeDecidesWhatHappensNext(t *testing.T) {
	bad := errors.New("no such channel")
	tests := []struct {
		name  string
		first func(ctx context.Context) error // what the first try does; the second succeeds
		state string                          // the job's in the end
		tries int32

		timeout time.Duration
	}{
		{"done", func(context.Context) error { return nil }, "completed", 1, 0},
		{"stopped", func(context.Context) error { return Stop(bad) }, "cancelled", 1, 0},
		{"failed, tried again", func(context.Context) error { return bad }, "completed", 2, 0},
		{"told to wait a little", func(context.Context) error { return RetryAfter(10*time.Millisecond, bad) }, "completed", 2, 0},
		{"told to wait long", func(context.Context) error { return RetryAfter(time.Hour, bad) }, "scheduled", 1, 0},
		{"panicked, tried again", func(context.Context) error { panic("bob@contoso.com") }, "completed", 2, 0},
		{"read past the end, tried again", func(context.Context) error { _ = make([]int, 0)[len("x")]; return nil }, "completed", 2, 0},
		{"too slow, tried again", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "completed", 2, 200 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, url string) {
				var tries atomic.Int32
				db := openDB(t, url)
				q := newQueue(t, db, Work{Answer: func(ctx context.Context, _ int64) error {
					if tries.Add(1) == 1 {
						return tt.first(ctx)
					}
					return nil
				}}, Options{JobTimeout: tt.timeout})
				id, _, err := q.Open(t.Context(), paste(1))
				if err != nil {
					t.Fatal(err)
				}
				start(t, q)
				eventually(t, "the job is "+tt.state, func() bool { return count(t, q, tt.state) == 1 })
				if n := tries.Load(); n != tt.tries {
					t.Errorf("tried %d times, want %d", n, tt.tries)
				}
				c, err := db.Store().Case(t.Context(), id)
				if failed := c.State == store.Failed; err != nil || failed != (tt.state == "cancelled") {
					t.Errorf("the case is %s, %v", c.State, err)
				}
				if ok, err := db.Store().Lease(t.Context(), id, 1<<40, time.Now().Add(time.Hour)); err != nil || !ok {
					t.Errorf("the case is still leased: %v, %v", ok, err)
				}
				var kept string
				if err := db.SQL().QueryRow(`SELECT coalesce(CAST(errors AS TEXT), '') FROM river_job`).Scan(&kept); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(kept, "contoso") {
					t.Errorf("the value of a panic is kept with the job: %s", kept)
				}
			})
		})
	}
}

func TestPutOffWorkIsGivenUpAfterADay(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		q := newQueue(t, openDB(t, url), Work{Answer: func(context.Context, int64) error {
			return RetryAfter(time.Minute, errors.New("ratelimited"))
		}}, Options{})
		if _, _, err := q.Open(t.Context(), paste(1)); err != nil {
			t.Fatal(err)
		}
		yesterday := "datetime('now', '-1 day')"
		if q.db.dialect == store.PostgreSQL {
			yesterday = "now() - interval '1 day'"
		}
		if _, err := q.db.sql.Exec(`UPDATE river_job SET created_at = ` + yesterday); err != nil {
			t.Fatal(err)
		}
		start(t, q)
		eventually(t, "the job is cancelled", func() bool { return count(t, q, "cancelled") == 1 })
	})
}

func TestRetriesAreQuickAtFirstAndEndWithinADay(t *testing.T) {
	var sum time.Duration
	var waits []time.Duration
	for attempt := 1; attempt < maxAttempts; attempt++ {
		wait := retryWait(attempt, 0)
		sum += wait
		waits = append(waits, wait)
		if spread := retryWait(attempt, 15); spread < wait || spread > wait+wait/10 {
			t.Errorf("attempt %d waits %s for one job and %s for another", attempt, wait, spread)
		}
	}
	first := []time.Duration{time.Second, 4 * time.Second, 15 * time.Second, time.Minute}
	if diff := cmp.Diff(first, waits[:4]); diff != "" {
		t.Error(diff)
	}
	if sum < 23*time.Hour || sum > 25*time.Hour {
		t.Errorf("tried for %s", sum)
	}
}

func TestLastFailureGivesTheCaseUp(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		q := newQueue(t, db, Work{Answer: func(context.Context, int64) error { return errors.New("graph is down") }}, Options{})
		id, _, err := q.Open(t.Context(), paste(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.SQL().Exec(`UPDATE river_job SET attempt = max_attempts - 1`); err != nil {
			t.Fatal(err)
		}
		start(t, q)
		eventually(t, "the job is discarded", func() bool { return count(t, q, "discarded") == 1 })
		if c, err := db.Store().Case(t.Context(), id); err != nil || c.State != store.Failed {
			t.Errorf("the case is %s, %v", c.State, err)
		}
	})
}
