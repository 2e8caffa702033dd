package jobs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// shifted is a clock that runs, from a chosen moment on.
func shifted(to time.Time) func() time.Time {
	by := time.Until(to)
	return func() time.Time { return time.Now().Add(by) }
}

func berlin(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// ahead is a full hour some hours from now. Parts of River keep to the real
// clock, so a test's clock must not lag behind it (jobs would be rescued while
// they run, and cleaned up too soon), but may be ahead.
func ahead(hours int) time.Time {
	return time.Now().Truncate(time.Hour).Add(time.Duration(hours) * time.Hour)
}

// hourly is a schedule that sends its slots.
func hourly(slots chan<- time.Time) Periodic {
	return Periodic{Name: "health", Schedule: "0 * * * *", Timezone: "Europe/Berlin",
		Do: func(_ context.Context, slot time.Time) error {
			slots <- slot
			return nil
		}}
}

// minutely is a schedule that sends its slots. A test that waits for a slot
// uses it: if the machine is too slow for the one that is meant, there is
// another.
func minutely(slots chan<- time.Time) Periodic {
	p := hourly(slots)
	p.Schedule = "* * * * *"
	return p
}

// beforeFull is a clock that will soon come to a full hour, and that hour.
func beforeFull(hours int) (now func() time.Time, full time.Time) {
	full = ahead(hours)
	return shifted(full.Add(-2 * time.Second)), full
}

// lastRunOf is the schedule's cursor.
func lastRunOf(t *testing.T, db *DB) string {
	t.Helper()
	value, err := db.Store().Cursor(t.Context(), "schedule health")
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// runsOf counts the jobs of slots that have ended.
func runsOf(t *testing.T, db *DB) int {
	t.Helper()
	var n int
	if err := db.SQL().QueryRow(`SELECT count(*) FROM river_job WHERE kind = 'periodic' AND state = 'completed'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestScheduleFiresAtItsSlot(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		slots := make(chan time.Time, 10)
		db := openDB(t, url)
		now, full := beforeFull(5)
		start(t, newQueue(t, db, Work{Periodic: []Periodic{minutely(slots)}}, Options{Now: now}))
		got := receive(t, slots)
		if got.Before(full) || !got.Equal(got.Truncate(time.Minute)) || got.Location().String() != "Europe/Berlin" {
			t.Errorf("slot %s, want %s or a minute after", got, full)
		}
	})
}

func TestMissedSlotsAreMadeUpOnce(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		slots := make(chan time.Time, 10)
		db := openDB(t, url)
		w := Work{Periodic: []Periodic{hourly(slots)}}
		first := newQueue(t, db, w, Options{Now: shifted(ahead(2).Add(30 * time.Minute))})
		if err := first.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		// What the leader asks for when it starts is not run: the schedule is new.
		eventually(t, "the first start is over", func() bool { return runsOf(t, db) == 1 })
		stop(t, first)
		if len(slots) > 0 {
			t.Fatalf("%s was run, which was before the first start", <-slots)
		}

		second := newQueue(t, db, w, Options{Now: shifted(ahead(7).Add(30 * time.Minute))})
		if err := second.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := receive(t, slots), ahead(7); !got.Equal(want) {
			t.Errorf("made up %s, want %s", got, want)
		}
		eventually(t, "the second start is over", func() bool { return runsOf(t, db) == 2 })
		stop(t, second)

		// River forgets the job after a day; the schedule's last run stays.
		if _, err := db.SQL().Exec(`DELETE FROM river_job`); err != nil {
			t.Fatal(err)
		}
		again := newQueue(t, db, w, Options{Now: shifted(ahead(7).Add(40 * time.Minute))})
		start(t, again)
		eventually(t, "the third start is over", func() bool { return runsOf(t, db) == 1 })
		if len(slots) > 0 {
			t.Errorf("%s was run again", <-slots)
		}
	})
}

func TestChangedScheduleStartsWithItsNextSlot(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		slots := make(chan time.Time, 10)
		db := openDB(t, url)
		p := hourly(slots)
		first := newQueue(t, db, Work{Periodic: []Periodic{p}}, Options{Now: shifted(ahead(7).Add(30 * time.Minute))})
		if err := first.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the first start is over", func() bool { return runsOf(t, db) == 1 })
		stop(t, first)
		p.Schedule = "20 * * * *"
		start(t, newQueue(t, db, Work{Periodic: []Periodic{p}}, Options{Now: shifted(ahead(7).Add(40 * time.Minute))}))
		eventually(t, "the second start is over", func() bool { return runsOf(t, db) == 2 })
		if len(slots) > 0 {
			t.Errorf("%s was run", <-slots)
		}
		if last := lastRunOf(t, db); !strings.Contains(last, "20 * * * * Europe/Berlin") {
			t.Errorf("last run %s", last)
		}
	})
}

func TestFailedSlotIsTriedAgainByTheSameJob(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		slots := make(chan time.Time, 10)
		tried := make(chan time.Time, 10)
		p := minutely(slots)
		do := p.Do
		p.Do = func(ctx context.Context, slot time.Time) error {
			tried <- slot
			if len(tried) == 1 {
				return errors.New("graph is down")
			}
			return do(ctx, slot)
		}
		db := openDB(t, url)
		now, _ := beforeFull(5)
		start(t, newQueue(t, db, Work{Periodic: []Periodic{p}}, Options{Now: now}))
		if got, want := receive(t, slots), receive(t, tried); !got.Equal(want) {
			t.Errorf("slot %s, want %s", got, want)
		}
	})
}

func TestTwoReplicasFireASlotOnce(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	slots := make(chan time.Time, 10)
	db, otherDB := openDB(t, url), openDB(t, url)
	now, _ := beforeFull(5)
	w := Work{Periodic: []Periodic{minutely(slots)}}
	leader, other := newQueue(t, db, w, Options{Now: now}), newQueue(t, otherDB, w, Options{Now: now})
	if err := leader.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first is the leader", func() bool { return runsOf(t, db) > 0 })
	start(t, other)
	seen := map[time.Time]bool{receive(t, slots): true}
	// The other becomes leader, and asks for the latest slot as any new leader
	// does. That River has forgotten the slot's job by then is the worst case.
	stop(t, leader)
	if _, err := db.SQL().Exec(`DELETE FROM river_job WHERE state = 'completed'`); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other has asked", func() bool { return runsOf(t, db) > 0 })
	for len(slots) > 0 { // the next minute's, on a slow machine
		slot := <-slots
		if seen[slot] {
			t.Errorf("%s was run again", slot)
		}
		seen[slot] = true
	}
}

func TestSlotIsClaimedByOneJob(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		st := openDB(t, url).Store()
		now := berlin(t, "2026-11-24 12:00:00")
		s, err := parseSchedule(hourly(nil), now)
		if err != nil {
			t.Fatal(err)
		}
		slot := s.due(now).Unix()
		const hour = 60 * 60
		steps := []struct {
			name      string
			slot, job int64
			ok        bool
		}{
			{"first", slot, 1, true},
			{"the same job, tried again", slot, 1, true},
			{"another job for the slot", slot, 2, false},
			{"an older slot", slot - hour, 3, false},
			{"the next slot", slot + hour, 4, true},
			{"the first job, after the next slot", slot, 1, false},
		}
		for _, step := range steps {
			ok, err := s.claim(t.Context(), st, step.slot, step.job)
			if err != nil || ok != step.ok {
				t.Errorf("%s: %v, %v", step.name, ok, err)
			}
		}
		won := make(chan bool)
		for job := range int64(20) {
			go func() {
				ok, err := s.claim(context.Background(), st, slot+2*hour, 100+job)
				if err != nil {
					t.Error(err)
				}
				won <- ok
			}()
		}
		winners := 0
		for range 20 {
			if receive(t, won) {
				winners++
			}
		}
		if winners != 1 {
			t.Errorf("%d jobs claimed the slot", winners)
		}
	})
}

func TestDueIsTheLatestSlot(t *testing.T) {
	tests := []struct {
		name, schedule, zone, now, want string
	}{
		{"today", "0 8 * * *", "Europe/Berlin", "2026-11-24T09:00:00+01:00", "2026-11-24T08:00:00+01:00"},
		{"at the very moment", "0 8 * * *", "Europe/Berlin", "2026-11-24T08:00:00+01:00", "2026-11-24T08:00:00+01:00"},
		{"a moment before", "0 8 * * *", "Europe/Berlin", "2026-11-24T07:59:59.999+01:00", "2026-11-23T08:00:00+01:00"},
		{"Friday on Sunday", "0 8 * * 1-5", "Europe/Berlin", "2026-11-22T12:00:00+01:00", "2026-11-20T08:00:00+01:00"},
		{"each minute", "* * * * *", "", "2026-11-24T09:00:30Z", "2026-11-24T09:00:00Z"},
		{"once a year", "0 0 1 1 *", "", "2026-11-24T09:00:00Z", "2026-01-01T00:00:00Z"},
		{"once in four years", "0 0 29 2 *", "", "2026-11-24T09:00:00Z", "2024-02-29T00:00:00Z"},
		{"by name", "@weekly", "", "2026-11-24T09:00:00Z", "2026-11-22T00:00:00Z"},
		{"zone ahead", "30 0 * * *", "Asia/Kolkata", "2026-11-24T19:30:00Z", "2026-11-25T00:30:00+05:30"},
		{"the day the clocks go forward", "0 8 * * *", "Europe/Berlin", "2026-03-29T08:30:00+02:00", "2026-03-29T08:00:00+02:00"},
		{"the day the clocks go back", "0 8 * * *", "Europe/Berlin", "2026-10-25T08:30:00+01:00", "2026-10-25T08:00:00+01:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parseSchedule(Periodic{Name: "x", Schedule: tt.schedule, Timezone: tt.zone,
				Do: func(context.Context, time.Time) error { return nil }}, now)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.due(now).Format(time.RFC3339); got != tt.want {
				t.Errorf("due %s, want %s", got, tt.want)
			}
			if next := s.Next(s.due(now)); !next.After(now) {
				t.Errorf("%s is due too, and later", next)
			}
		})
	}
}

func TestScheduleThatMakesNoSenseIsRefused(t *testing.T) {
	do := func(context.Context, time.Time) error { return nil }
	tests := []struct {
		name string
		p    Periodic
		want string
	}{
		{"no name", Periodic{Schedule: "0 8 * * *", Do: do}, "a name"},
		{"nothing to do", Periodic{Name: "health", Schedule: "0 8 * * *"}, "work to do"},
		{"no cron expression", Periodic{Name: "health", Schedule: "every morning", Do: do}, "not a cron expression"},
		{"six fields", Periodic{Name: "health", Schedule: "0 0 8 * * *", Do: do}, "not a cron expression"},
		{"unknown zone", Periodic{Name: "health", Schedule: "0 8 * * *", Timezone: "Europe/Bonn", Do: do}, "Europe/Bonn"},
		{"zone in the expression", Periodic{Name: "health", Schedule: "CRON_TZ=Europe/Berlin 0 8 * * *", Do: do}, "own setting"},
		{"no moments", Periodic{Name: "health", Schedule: "@every 1h", Do: do}, "names moments"},
		{"never", Periodic{Name: "health", Schedule: "0 0 30 2 *", Do: do}, "never comes"},
	}
	w := Work{Answer: func(context.Context, int64) error { return nil }, Late: func(context.Context, int64, int) error { return nil }}
	db := openDB(t, "sqlite::memory:")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.Periodic = []Periodic{tt.p}
			if _, err := New(db, w, Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v", err)
			}
		})
	}
	w.Periodic = []Periodic{hourly(nil), hourly(nil)}
	if _, err := New(db, w, Options{}); err == nil {
		t.Error("two schedules of one name: no error")
	}
}

func TestScheduleTimeoutIsItsOwn(t *testing.T) {
	deadlines := make(chan time.Duration, 10)
	p := minutely(nil)
	p.Timeout = time.Hour
	p.Do = func(ctx context.Context, _ time.Time) error {
		deadline, _ := ctx.Deadline()
		deadlines <- time.Until(deadline)
		return nil
	}
	t.Parallel()
	db := openDB(t, "sqlite::memory:")
	now, _ := beforeFull(5)
	start(t, newQueue(t, db, Work{Periodic: []Periodic{p}}, Options{Now: now}))
	if left := receive(t, deadlines); left < 30*time.Minute {
		t.Errorf("%s left", left)
	}
}
