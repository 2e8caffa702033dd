package jobs

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

func TestAnIncidentIsBroughtUpToDateOnceInSomeSeconds(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		var clock atomic.Int64
		clock.Store(time.Now().Add(time.Hour).Truncate(time.Minute).UnixMilli())
		now := func() time.Time { return time.UnixMilli(clock.Load()) }
		done := make(chan int64, 20)
		q := newQueue(t, openDB(t, url), Work{Incident: func(_ context.Context, id int64) error {
			done <- id
			return nil
		}}, Options{Now: now})
		ask := func(id int64, times int) {
			t.Helper()
			for range times {
				if err := q.Incident(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
		}
		ask(7, 5)
		if n := count(t, q, "scheduled"); n != 1 {
			t.Errorf("five cases queue %d edits", n)
		}
		ask(8, 1)
		clock.Add(incidentEvery.Milliseconds())
		ask(7, 2)
		clock.Add(2 * incidentEvery.Milliseconds())
		start(t, q)
		times := map[int64]int{}
		for range 3 {
			times[receive(t, done)]++
		}
		if times[7] != 2 || times[8] != 1 || len(done) != 0 {
			t.Errorf("edits: %v, and %d more", times, len(done))
		}
	})
}
