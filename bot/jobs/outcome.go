package jobs

import (
	"fmt"
	"time"
)

// Stop wraps err to say that the work must not be tried again: trying once more
// would give the same. The job ends as cancelled.
func Stop(err error) error { return &stopError{err} }

type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }
func (e *stopError) Unwrap() error { return e.err }

// RetryAfter wraps err to say that the work must be tried again, but not before
// wait is over, as Slack's and Graph's Retry-After do. It does not use up an
// attempt.
func RetryAfter(wait time.Duration, err error) error { return &retryError{max(wait, 0), err} }

type retryError struct {
	wait time.Duration
	err  error
}

func (e *retryError) Error() string { return fmt.Sprintf("%v (retry after %s)", e.err, e.wait) }
func (e *retryError) Unwrap() error { return e.err }

// giveUpAfter is how long a job is kept alive by RetryAfter. An answer that
// comes later than that helps nobody.
const giveUpAfter = 24 * time.Hour

// retryWaits are the waits after the first failures; after the last, each is
// retryHourly. Together with maxAttempts a job is tried for about a day.
var retryWaits = []time.Duration{
	1 * time.Second, 4 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 40 * time.Minute,
}

const (
	retryHourly = time.Hour
	maxAttempts = 31 // 1 + 7 quick retries (about an hour) + 23 hourly ones
)

// retryWait is how long to wait after a job's failed attempt (1 is the first).
// Jobs that failed together are spread by up to a tenth of the wait, each by
// its own id, so that they do not all come back in one moment.
func retryWait(attempt int, jobID int64) time.Duration {
	wait := retryHourly
	if attempt <= len(retryWaits) {
		wait = retryWaits[max(attempt, 1)-1]
	}
	return wait + wait/10*time.Duration(jobID%16)/16
}
