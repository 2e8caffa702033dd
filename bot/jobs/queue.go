// Package jobs does Signpost's durable work: what is queued here is done, also
// if the process dies in the middle of it. It keeps the work with River, in a
// SQLite file by default or in PostgreSQL where several replicas run, and fires
// the cron schedules. It is the only package that imports River and the SQL
// drivers.
//
// It does not know what an answer is, and it never sees the text of a message:
// [Work] holds the functions that do the work, each given the id of a case in
// the [store.Store]. Package bot opens the database, makes the [Queue], and
// queues a case for each message with errors before it acknowledges the event
// to Slack.
//
// A function may run more than once for one case: after a failure, a timeout,
// or the death of the process. It must therefore look at the case before it
// does something outside (see [store.PostState]). No two functions run for one
// case at the same time.
package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"signpost/bot/store"
)

// Work is what the queue has done. All functions must return soon after their
// context is done.
//
// What they return decides what happens next: nil is done; [Stop] gives up;
// [RetryAfter] waits as long as it says; any other error is tried again after
// 1 s, 4 s, 15 s and so on up to hourly, for about a day. A panic is such an
// error. Errors are logged and kept with the job, so they must not hold
// message text, tokens or directory data.
type Work struct {
	// Answer answers the case: the first answer at once, then the facts. It
	// runs when the case is opened and again when its errors have changed.
	Answer func(ctx context.Context, caseID int64) error
	// Late looks again for facts that had not come yet; try is the number that
	// was given to [Queue.Later].
	Late func(ctx context.Context, caseID int64, try int) error
	// Watch looks for the success that a fix should bring, as [Queue.Watch] queued it.
	Watch func(ctx context.Context, caseID int64, by string, try int) error
	// Incident brings the post of a storm up to date, as [Queue.Incident] queued it.
	Incident func(ctx context.Context, incident int64) error
	// Periodic is the work on schedules.
	Periodic []Periodic
}

// Options tune a queue; the zero value is what production uses.
type Options struct {
	// MaxWorkers is how many cases are worked at a time by this process;
	// default 8.
	MaxWorkers int
	// JobTimeout is when a job's context is cancelled; default 30 s.
	JobTimeout time.Duration
	// RescueAfter is when a job that is still marked as running counts as left
	// by a dead process; it is noticed within 30 s more. It must be longer than
	// JobTimeout; default JobTimeout + 15 s.
	RescueAfter time.Duration
	// StopTimeout is how long Stop lets running jobs finish before it cancels
	// their contexts; default 10 s.
	StopTimeout time.Duration
	// PollInterval is how often new jobs are looked for. SQLite cannot notify,
	// so this is how long a job waits there at most; default 50 ms. PostgreSQL
	// notifies, but not for the second of two jobs within 10 ms; default 100 ms.
	PollInterval time.Duration
	// Logger is told of failures; default none.
	Logger *slog.Logger
	// Now is the clock; default time.Now. It is for tests, and must not lag
	// behind the real clock, which parts of River keep to.
	Now func() time.Time

	// eager leaves out River's random wait of up to a second before its
	// services start, in tests.
	eager bool
}

// Queue is the queue of one process.
type Queue struct {
	db        *DB
	todo      Work
	opts      Options
	log       *slog.Logger
	now       func() time.Time
	schedules map[string]*schedule
	river     engine
}

// New makes a queue on the database. Jobs can be added at once; they are worked
// once Start is called, by this process or by another.
func New(db *DB, w Work, opts Options) (*Queue, error) {
	if w.Answer == nil || w.Late == nil {
		return nil, errors.New("new queue: functions to answer and to look again are needed")
	}
	if w.Watch == nil {
		w.Watch = func(context.Context, int64, string, int) error { return nil }
	}
	if w.Incident == nil {
		w.Incident = func(context.Context, int64) error { return nil }
	}
	setDefaults(&opts, db.dialect)
	if opts.RescueAfter <= opts.JobTimeout {
		return nil, fmt.Errorf("new queue: jobs would be rescued after %s while they may still run for %s", opts.RescueAfter, opts.JobTimeout)
	}
	q := &Queue{db: db, todo: w, opts: opts, log: opts.Logger, now: time.Now, schedules: map[string]*schedule{}}
	if opts.Now != nil {
		q.now = opts.Now
		db.store.Now = opts.Now
	}
	for _, p := range w.Periodic {
		s, err := parseSchedule(p, q.now())
		if err != nil {
			return nil, err
		}
		if q.schedules[p.Name] != nil {
			return nil, fmt.Errorf("schedule %q: the name is taken", p.Name)
		}
		q.schedules[p.Name] = s
	}
	workers := river.NewWorkers()
	q.addWorkers(workers)
	config := q.config(workers)
	var err error
	if db.dialect == store.PostgreSQL {
		q.river, err = newPostgresEngine(db, config)
	} else {
		config.PollOnly = true // what River offers on SQLite instead of notifications is a second poll
		// Reindexing is for PostgreSQL: SQLite's indexes do not bloat, and it
		// has not all of those that River would look for.
		config.ReindexerSchedule = river.NeverSchedule()
		q.river, err = newSQLiteEngine(db, config)
	}
	if err != nil {
		return nil, fmt.Errorf("new queue: %w", err)
	}
	return q, nil
}

func setDefaults(o *Options, dialect store.Dialect) {
	if o.MaxWorkers == 0 {
		o.MaxWorkers = 8
	}
	if o.JobTimeout == 0 {
		o.JobTimeout = 30 * time.Second
	}
	if o.RescueAfter == 0 {
		o.RescueAfter = o.JobTimeout + 15*time.Second
	}
	if o.StopTimeout == 0 {
		o.StopTimeout = 10 * time.Second
	}
	if o.PollInterval == 0 {
		o.PollInterval = 50 * time.Millisecond
		if dialect == store.PostgreSQL {
			o.PollInterval = 100 * time.Millisecond
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// fetchCooldown is the shortest time between two looks for new jobs.
const fetchCooldown = 10 * time.Millisecond

// schedulesPoll is how often jobs of schedules are looked for; nobody waits
// for them to the second.
const schedulesPoll = time.Second

// scheduleWorkers is how many schedules' jobs are worked at a time.
const scheduleWorkers = 2

func (q *Queue) config(workers *river.Workers) *river.Config {
	config := &river.Config{
		FetchCooldown:     min(fetchCooldown, q.opts.PollInterval),
		FetchPollInterval: q.opts.PollInterval,
		Queues: map[string]river.QueueConfig{
			casesQueue:     {MaxWorkers: q.opts.MaxWorkers},
			schedulesQueue: {MaxWorkers: scheduleWorkers, FetchPollInterval: max(schedulesPoll, q.opts.PollInterval)},
		},
		JobTimeout:           q.opts.JobTimeout,
		RescueStuckJobsAfter: q.opts.RescueAfter,
		SoftStopTimeout:      q.opts.StopTimeout,
		MaxAttempts:          maxAttempts,
		RetryPolicy:          retryPolicy{q.now},
		PeriodicJobs:         q.periodicJobs(),
		Logger:               quiet(q.log),
		Workers:              workers,
		TestOnly:             q.opts.eager,
		// A job that does not return after its timeout keeps running, but must
		// not keep its place: a few of those would end all answers.
		JobStuckHandler: func(context.Context, river.JobStuckHandlerParams) river.JobStuckHandlerResult {
			return river.JobStuckHandlerResult{AddWorkerSlot: true}
		},
	}
	// Left to itself, River goes by the database's clock, which all replicas
	// share; only a test's clock, one that is off, is made River's too.
	if off := time.Until(q.now()).Abs(); off > time.Second {
		config.Test.Time = clock{q.now}
	}
	return config
}

// clock makes a test's clock River's.
type clock struct{ now func() time.Time }

func (c clock) Now() time.Time { return c.now() }
func (c clock) NowOrNil() *time.Time {
	t := c.now().UTC()
	return &t
}

// Start begins to work the queue and returns once it does. On SQLite it first
// takes back what the last process left unfinished. When ctx ends, the queue
// stops as by Stop; Stop must still be called to wait for it.
func (q *Queue) Start(ctx context.Context) error {
	if q.db.dialect == store.SQLite && q.db.owner == nil {
		return errors.New("start queue: the database was opened beside the bot that owns it")
	}
	for _, s := range q.schedules {
		if err := s.firstSeen(ctx, q.db.store, q.now()); err != nil {
			return err
		}
	}
	if q.db.dialect == store.SQLite {
		if err := takeBack(ctx, q.db); err != nil {
			return err
		}
	}
	if err := q.river.Start(ctx); err != nil {
		return fmt.Errorf("start queue: %w", err)
	}
	return nil
}

// Stop takes no more jobs and waits for the running ones to end. After
// Options.StopTimeout, or when ctx is done, their contexts are cancelled; what
// then ends unfinished is taken up at the next start. It returns an error if a
// job does not end even so.
func (q *Queue) Stop(ctx context.Context) error {
	if err := q.river.Stop(ctx); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseMargin)
	defer cancel()
	if err := q.river.StopAndCancel(ctx); err != nil {
		return fmt.Errorf("stop queue: jobs are still running: %w", err)
	}
	return nil
}

// Open stores the case and queues its answer, both or neither, and returns the
// case's id. A message that has a case already (a redelivery) changes nothing:
// created is false and id that case's. OnceKey is made if it is "". Once Open
// has returned without an error the case is answered whatever happens to the
// process, and the event may be acknowledged to Slack.
func (q *Queue) Open(ctx context.Context, c store.Case) (id int64, created bool, err error) {
	if c.OnceKey == "" {
		c.OnceKey = rand.Text()
	}
	err = q.river.inTx(ctx, func(tx store.Tx, insert insertFunc) error {
		if id, created, err = q.db.store.InsertCase(ctx, tx, c); err != nil || !created {
			return err
		}
		return insert(answerArgs{Case: id}, nil)
	})
	if err != nil {
		return 0, false, fmt.Errorf("open case: %w", err)
	}
	return id, created, nil
}

// Reopen replaces the errors of the message's case after an edit and queues its
// answer again, both or neither. It changes nothing, and changed is false, if
// the errors are the same or if c.EditedTS is not later than the edit that was
// applied last. See [store.Store.UpdateErrors]; store.ErrNotFound means that
// the message has no case, and should be opened.
func (q *Queue) Reopen(ctx context.Context, c store.Case) (id int64, changed bool, err error) {
	err = q.river.inTx(ctx, func(tx store.Tx, insert insertFunc) error {
		var revision int
		if id, revision, changed, err = q.db.store.UpdateErrors(ctx, tx, c); err != nil || !changed {
			return err
		}
		return insert(answerArgs{Case: id, Revision: revision}, nil)
	})
	if err != nil {
		return 0, false, fmt.Errorf("reopen case: %w", err)
	}
	return id, changed, nil
}

// Later queues a late look at the case for the given time, to within a few
// seconds. Each try of a case, as of the present revision of its errors, is
// queued once.
func (q *Queue) Later(ctx context.Context, caseID int64, try int, at time.Time) error {
	c, err := q.db.store.Case(ctx, caseID)
	if err != nil {
		return err
	}
	if err := q.at(ctx, at, lateArgs{Case: caseID, Revision: c.Revision, Try: try}); err != nil {
		return fmt.Errorf("queue late look: %w", err)
	}
	return nil
}

// Watch queues a look for the success that a fix should bring. by is who said that it is fixed; each try of a case and of
// who said so is queued once.
func (q *Queue) Watch(ctx context.Context, caseID int64, by string, try int, at time.Time) error {
	if err := q.at(ctx, at, watchArgs{Case: caseID, By: by, Try: try}); err != nil {
		return fmt.Errorf("queue a watch: %w", err)
	}
	return nil
}

// incidentEvery is the shortest time between two edits of the post of one storm.
const incidentEvery = 3 * time.Second

// Incident queues that the post of a storm is brought up to date within a few seconds. However often it is called, and
// by how many replicas, it is done once in three seconds at most.
func (q *Queue) Incident(ctx context.Context, incident int64) error {
	at := q.now().Truncate(incidentEvery).Add(incidentEvery)
	if err := q.at(ctx, at, incidentArgs{Incident: incident, Slot: at.Unix()}); err != nil {
		return fmt.Errorf("queue an edit of an incident: %w", err)
	}
	return nil
}

// at queues a job for a time.
func (q *Queue) at(ctx context.Context, at time.Time, args river.JobArgs) error {
	opts := &river.InsertOpts{}
	if at.After(q.now()) {
		opts.ScheduledAt = at
	}
	return q.river.inTx(ctx, func(_ store.Tx, insert insertFunc) error { return insert(args, opts) })
}

// Stats counts the jobs by state: available, running, retryable, scheduled,
// completed, cancelled, discarded and pending, each also where it is 0.
// Finished jobs are counted for a day, discarded ones for a week.
func (q *Queue) Stats(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, state := range rivertype.JobStates() {
		counts[string(state)] = 0
	}
	rows, err := q.db.sql.QueryContext(ctx, `SELECT state, count(*) FROM river_job GROUP BY state`)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			state string
			n     int64
		)
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("count jobs: %w", err)
		}
		counts[state] = n
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return counts, nil
}
