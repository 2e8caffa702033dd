package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Outcome is how a case ended.
type Outcome string

// The outcomes of a case; a case that is still open has "".
const (
	Solved     Outcome = "solved"
	HandedOver Outcome = "handed_over" // to the escalation channel; it can still become solved
)

// SetOutcome ends a case, once. moved is false, and nothing is changed, where
// the case has that outcome already, where it is solved, or where it has
// expired; of concurrent calls exactly one moves it. by is the Slack user id of
// who said so. It returns ErrNotFound if there is no such case.
func (s *Store) SetOutcome(ctx context.Context, caseID int64, o Outcome, by string) (moved bool, err error) {
	if o != Solved && o != HandedOver {
		return false, fmt.Errorf("end case %d: no outcome is called %q", caseID, string(o))
	}
	now := s.now()
	var handed int64
	if o == HandedOver {
		handed = now
	}
	n, err := s.exec(ctx, `UPDATE cases SET outcome = $2, outcome_by = $3, outcome_at = $4, updated = $4,
			handed = CASE WHEN handed = 0 THEN $5 ELSE handed END
		WHERE id = $1 AND state <> 'expired' AND outcome <> $2 AND outcome <> 'solved'`,
		caseID, string(o), plain(by), now, handed)
	if err != nil {
		return false, fmt.Errorf("end case %d: %w", caseID, err)
	}
	if n == 1 {
		return true, nil
	}
	return false, s.exists(ctx, caseID)
}

// SetAutoSolved solves a case without anybody: a successful sign-in was seen in
// the log. A case that somebody has solved already keeps its outcome.
func (s *Store) SetAutoSolved(ctx context.Context, caseID int64) error {
	_, err := s.SetOutcome(ctx, caseID, Solved, "")
	return err
}

// maxFixed is the longest text of what fixed a case, in runes.
const maxFixed = 300

// SetFixed notes what fixed a solved case: the id of the runbook's cause, "" for
// none, and words, of which at most 300 runes are kept. The last note wins. It
// returns ErrNotFound if there is no such case or it has expired, and another
// error if the case is not solved.
func (s *Store) SetFixed(ctx context.Context, caseID int64, cause, words string) error {
	n, err := s.exec(ctx, `UPDATE cases SET fixed_cause = $2, fixed = $3, updated = $4 WHERE id = $1 AND outcome = 'solved'`,
		caseID, shorten(plain(cause)), shorten(plain(words)), s.now())
	if err != nil {
		return fmt.Errorf("note what fixed case %d: %w", caseID, err)
	}
	if n == 1 {
		return nil
	}
	c, err := s.Case(ctx, caseID)
	switch {
	case err != nil:
		return err
	case c.State == Expired:
		return notFound("case", caseID)
	}
	return fmt.Errorf("note what fixed case %d: it is not solved", caseID)
}

// shorten drops white space around a text and cuts it to what is kept.
func shorten(s string) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > maxFixed {
		return strings.TrimSpace(string(r[:maxFixed-1])) + "…"
	}
	return s
}

// OpenCases returns the cases since a time that are answered and have no
// outcome, newest first and at most most of them, and how many there are in
// all. Codes and Keys are not filled in.
func (s *Store) OpenCases(ctx context.Context, since time.Time, most int) (list []Case, n int, err error) {
	const where = `WHERE created >= $1 AND state <> 'expired' AND reply_ts <> '' AND outcome = ''`
	if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM cases `+where, millis(since)).Scan(&n); err != nil {
		return nil, 0, fmt.Errorf("count open cases: %w", err)
	}
	list, err = s.cases(ctx, where+` ORDER BY created DESC, id DESC LIMIT $2`, millis(since), most)
	if err != nil {
		return nil, 0, fmt.Errorf("read open cases: %w", err)
	}
	return list, n, nil
}
