package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // time zones by name also where the system has none, as in a bare container

	"github.com/riverqueue/river"
	"github.com/robfig/cron/v3"

	"signpost/bot/store"
)

// Periodic is work on a schedule. A slot is a moment that the schedule names.
//
// Of all replicas one fires a slot, once, also if it crashes meanwhile; work
// that fails is tried again like any other. If nobody was running at one or
// more slots, the latest of them is made up when somebody starts. A schedule
// that is seen for the first time, or has been changed, starts with its next
// slot.
type Periodic struct {
	// Name tells schedules apart, and is kept with their last run: it must not
	// change between starts.
	Name string
	// Schedule is a cron expression of five fields (minute, hour, day of
	// month, month, day of week) or @hourly, @daily, @weekly, @monthly.
	// https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format
	Schedule string
	// Timezone is the IANA name of the zone that the expression is meant in;
	// "" is UTC.
	Timezone string
	// Timeout bounds one try; zero means Options.JobTimeout.
	Timeout time.Duration
	// Do does the work of one slot, given in the schedule's zone. What it
	// returns is taken as with Work.Answer.
	Do func(ctx context.Context, slot time.Time) error
}

// schedule is a Periodic whose expression has been understood.
type schedule struct {
	Periodic
	cron cron.Schedule
	zone *time.Location
}

// spec is what the last run is kept with: with another one, the schedule
// counts as new.
func (s *schedule) spec() string { return s.Schedule + " " + s.zone.String() }

func parseSchedule(p Periodic, now time.Time) (*schedule, error) {
	fail := func(format string, args ...any) (*schedule, error) {
		return nil, fmt.Errorf("schedule %q: %s", p.Name, fmt.Sprintf(format, args...))
	}
	if p.Name == "" || p.Do == nil {
		return fail("a name and work to do are needed")
	}
	zone := time.UTC
	if p.Timezone != "" {
		var err error
		if zone, err = time.LoadLocation(p.Timezone); err != nil {
			return fail("time zone %q is not known: want a name such as Europe/Berlin", p.Timezone)
		}
	}
	if strings.Contains(p.Schedule, "TZ=") {
		return fail("%q: name the time zone in its own setting", p.Schedule)
	}
	parsed, err := cron.ParseStandard(p.Schedule)
	if err != nil {
		return fail("%q is not a cron expression: %v", p.Schedule, err)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return fail("%q counts from the start of the process: want an expression that names moments", p.Schedule)
	}
	spec.Location = zone
	s := &schedule{Periodic: p, cron: spec, zone: zone}
	if spec.Next(now).IsZero() {
		return fail("%q never comes", p.Schedule)
	}
	return s, nil
}

// Next makes a schedule one of River's.
func (s *schedule) Next(t time.Time) time.Time { return s.cron.Next(t.In(s.zone)) }

// lookBack is how far back due looks. robfig/cron looks ahead five years.
const lookBack = 5 * 365 * 24 * time.Hour

// due returns the schedule's latest slot at or before t, the zero time if there
// was none. cron only tells what comes next, and never goes back as time goes
// on, so the last second that still has its next slot at or before t is found
// by halving.
func (s *schedule) due(t time.Time) time.Time {
	passed := func(second int64) bool {
		next := s.Next(time.Unix(second, 0))
		return !next.IsZero() && !next.After(t)
	}
	before, after := t.Add(-lookBack).Unix(), t.Unix()
	if !passed(before) {
		return time.Time{}
	}
	for after-before > 1 {
		if middle := before + (after-before)/2; passed(middle) {
			before = middle
		} else {
			after = middle
		}
	}
	return s.Next(time.Unix(before, 0))
}

// periodicArgs asks for the work of one slot, in Unix seconds.
type periodicArgs struct {
	Name string `json:"name"`
	Slot int64  `json:"slot"`
}

func (periodicArgs) Kind() string { return "periodic" }

func (periodicArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: schedulesQueue, UniqueOpts: once()}
}

// early is how much before a slot River may ask for its job.
const early = 200 * time.Millisecond

// periodicJobs hands the schedules to River. River's elected leader asks for a
// job at each slot, and once when it becomes leader. It does not say for which
// slot it asks, so the job is always for the latest one that is due; if that
// had a job already, River adds none (as long as it remembers the job, a day)
// or the worker finds that it was run (claim). So asking once too often is
// harmless, and asking at the start makes up what was missed.
func (q *Queue) periodicJobs() []*river.PeriodicJob {
	var all []*river.PeriodicJob
	for _, s := range q.schedules {
		all = append(all, river.NewPeriodicJob(s, func() (river.JobArgs, *river.InsertOpts) {
			slot := s.due(q.now().Add(early))
			if slot.IsZero() {
				return nil, nil
			}
			return periodicArgs{Name: s.Name, Slot: slot.Unix()}, nil
		}, &river.PeriodicJobOpts{RunOnStart: true}))
	}
	return all
}

// lastRun is the slot that a schedule ran last, and the job that ran it. It is
// kept in the cursor of that schedule.
type lastRun struct {
	Slot int64  `json:"slot"` // Unix seconds
	Job  int64  `json:"job"`  // 0: not run, only the point to start from
	Spec string `json:"spec"`
}

func (s *schedule) cursor() string { return "schedule " + s.Name }

// firstSeen makes a schedule that is new, or was changed, start from now.
func (s *schedule) firstSeen(ctx context.Context, st *store.Store, now time.Time) error {
	return s.move(ctx, st, func(last *lastRun) (lastRun, bool) {
		if last != nil && last.Spec == s.spec() {
			return lastRun{}, false
		}
		start := lastRun{Slot: s.due(now).Unix(), Spec: s.spec()}
		if last != nil {
			start.Slot = max(start.Slot, last.Slot)
		}
		return start, true
	})
}

// claim makes slot the one that the schedule ran last, and job the one to run
// it. ok is false if the slot, or a later one, belongs to another job; the same
// job may claim its slot again, for it is tried again after a failure.
func (s *schedule) claim(ctx context.Context, st *store.Store, slot, job int64) (ok bool, err error) {
	err = s.move(ctx, st, func(last *lastRun) (lastRun, bool) {
		if last != nil && (last.Slot > slot || last.Slot == slot && last.Job != job) {
			ok = false
			return lastRun{}, false
		}
		ok = true
		return lastRun{Slot: slot, Job: job, Spec: s.spec()}, true
	})
	return ok && err == nil, err
}

// move reads the schedule's last run, nil for none, and replaces it by what to
// makes of it, again from the start if another process was faster.
func (s *schedule) move(ctx context.Context, st *store.Store, to func(*lastRun) (lastRun, bool)) error {
	for {
		old, err := st.Cursor(ctx, s.cursor())
		if err != nil {
			return err
		}
		var last *lastRun
		if old != "" {
			last = new(lastRun)
			if err := json.Unmarshal([]byte(old), last); err != nil {
				return fmt.Errorf("read last run of schedule %q: %w", s.Name, err)
			}
		}
		next, change := to(last)
		if !change {
			return nil
		}
		value, err := json.Marshal(next)
		if err != nil {
			return err
		}
		if string(value) == old {
			return nil
		}
		moved, err := st.MoveCursor(ctx, s.cursor(), old, string(value))
		if err != nil || moved {
			return err
		}
	}
}

var errNoSchedule = errors.New("no such schedule is configured")

// periodicWorker does the work of slots.
type periodicWorker struct {
	river.WorkerDefaults[periodicArgs]
	queue *Queue
}

func (w *periodicWorker) Timeout(job *river.Job[periodicArgs]) time.Duration {
	if s := w.queue.schedules[job.Args.Name]; s != nil {
		return s.Timeout // zero: the client's
	}
	return 0
}

func (w *periodicWorker) Work(ctx context.Context, job *river.Job[periodicArgs]) error {
	q := w.queue
	outcome, _ := q.work(ctx, job.JobRow, func() error {
		s := q.schedules[job.Args.Name]
		if s == nil {
			return Stop(errNoSchedule)
		}
		ok, err := s.claim(ctx, q.db.store, job.Args.Slot, job.ID)
		if err != nil || !ok {
			return err
		}
		return s.Do(ctx, time.Unix(job.Args.Slot, 0).In(s.zone))
	})
	return outcome
}
