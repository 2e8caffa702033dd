package bot

import (
	"context"
	"testing"
	"time"

	"signpost/bot/jobs"
	"signpost/graph/facts"
)

// run starts a process at a moment and returns what stops it. River keeps to the real clock in part, so the moment may be ahead of it only.
func (h *health) run(db *jobs.DB, f *Federation, c FederationConfig, at time.Time) (stop func()) {
	h.t.Helper()
	by := time.Until(at)
	now := func() time.Time { return time.Now().Add(by) }
	h.set(at)
	f.Now = now
	p, ok := f.Periodic(c)
	if !ok {
		h.t.Fatal("no schedule")
	}
	nothing := func(context.Context, int64) error { return nil }
	q, err := jobs.New(db, jobs.Work{Answer: nothing, Late: func(ctx context.Context, id int64, _ int) error { return nothing(ctx, id) }, Periodic: []jobs.Periodic{p}},
		jobs.Options{Now: now, PollInterval: 10 * time.Millisecond})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := q.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	return func() {
		if err := q.Stop(context.WithoutCancel(h.t.Context())); err != nil {
			h.t.Error(err)
		}
	}
}

// slots counts the schedule's jobs that are over.
func slots(t *testing.T, db *jobs.DB) (n int) {
	t.Helper()
	if err := db.SQL().QueryRow(`SELECT count(*) FROM river_job WHERE kind = 'periodic' AND state = 'completed'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTheScheduleFires runs the real queue over three starts of a process.
func TestTheScheduleFires(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		db := open()
		h := newHealth(t, db)
		h.scanner.set(federated("contoso.com", ending(20, facts.Warning)))
		c := FederationConfig{Schedule: "0 8 * * *", Timezone: "Europe/Berlin"}
		day := time.Now().Truncate(24*time.Hour).AddDate(0, 0, 2) // 8 in Berlin is 6 or 7 here

		stop := h.run(db, h.Federation, c, day.Add(10*time.Hour))
		eventually(t, "the first start is over", func() bool { return slots(t, db) == 1 })
		stop()
		if n := h.all(); n != 0 {
			t.Fatalf("%d posts for a slot before the first start", n)
		}

		// Three slots were missed; the latest is made up, although the answer to the post is lost.
		h.fake.DropAnswer("chat.postMessage", 1)
		stop = h.run(db, h.replica(db), c, day.AddDate(0, 0, 3).Add(10*time.Hour))
		eventually(t, "the missed slot is over", func() bool { return slots(t, db) == 2 })
		stop()
		if n := h.all(); n != 1 {
			t.Fatalf("%d posts for three missed slots, want 1", n)
		}
		m, err := h.Store.Trusts(t.Context())
		if err != nil || len(m.Findings) != 1 || len(m.Unposted) != 0 {
			t.Fatalf("%d findings, %d not posted, %v", len(m.Findings), len(m.Unposted), err)
		}
		berlin, err := time.LoadLocation(c.Timezone)
		if err != nil {
			t.Fatal(err)
		}
		if slot := m.Findings[0].Told.In(berlin); slot.Hour() != 8 || slot.Minute() != 0 || slot.YearDay() != day.AddDate(0, 0, 3).YearDay() {
			t.Errorf("posted for the slot of %s", slot)
		}

		if _, err := db.SQL().Exec(`DELETE FROM river_job`); err != nil { // River forgets a slot's job after a day
			t.Fatal(err)
		}
		stop = h.run(db, h.replica(db), c, day.AddDate(0, 0, 3).Add(11*time.Hour))
		eventually(t, "the third start is over", func() bool { return slots(t, db) == 1 })
		stop()
		if n := h.all(); n != 1 {
			t.Errorf("%d posts after another start", n)
		}
	})
}

func TestAppsAreAskedForOnRequest(t *testing.T) {
	t.Parallel()
	for _, apps := range []bool{false, true} {
		h := newHealth(t, openDB(t, "sqlite::memory:"))
		h.Apps = apps
		h.scanner.set(federated("contoso.com"))
		h.one(0)
		if got := h.scanner.queries[0].Apps; got != apps {
			t.Errorf("asked for apps %v, want %v", got, apps)
		}
	}
}
