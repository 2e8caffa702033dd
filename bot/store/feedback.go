package store

import (
	"context"
	"fmt"
	"time"
)

// Feedback is what one person said of one answer: whether it helped.
type Feedback struct {
	Case    int64
	Code    int    // the code that the answer was led by
	User    string // Slack user id
	Helpful bool
	At      time.Time // UTC; set by SetFeedback if zero
}

// SetFeedback keeps a judgement in place of the same person's earlier one of the
// same case. It returns ErrNotFound if there is no such case or it has expired.
func (s *Store) SetFeedback(ctx context.Context, f Feedback) error {
	if f.At.IsZero() {
		f.At = s.Now()
	}
	n, err := s.exec(ctx, `INSERT INTO feedback (case_id, user_id, code, helpful, at)
		SELECT id, $2, $3, $4, $5 FROM cases WHERE id = $1 AND state <> 'expired'
		ON CONFLICT (case_id, user_id) DO UPDATE SET code = excluded.code, helpful = excluded.helpful, at = excluded.at`,
		f.Case, plain(f.User), f.Code, number(f.Helpful), millis(f.At))
	if err != nil {
		return fmt.Errorf("keep feedback on case %d: %w", f.Case, err)
	}
	if n == 0 {
		return notFound("case", f.Case)
	}
	return nil
}

// CodeFeedback is how many people found the answers of a code helpful or not.
type CodeFeedback struct{ Code, Helpful, Unhelpful int }

// BadFeedback returns the codes that somebody found not helpful since a time,
// those with the most such judgements first, at most most.
func (s *Store) BadFeedback(ctx context.Context, since time.Time, most int) ([]CodeFeedback, error) {
	return s.feedback(ctx, `WHERE at >= $1`, `HAVING sum(helpful) < count(*)`, most, millis(since))
}

// feedback counts judgements a code. where and having use $2 and on for args
// beyond the first; the last parameter is the limit.
func (s *Store) feedback(ctx context.Context, where, having string, most int, args ...any) ([]CodeFeedback, error) {
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf(`SELECT code, count(CASE WHEN helpful = 1 THEN 1 END) AS good,
			count(CASE WHEN helpful = 0 THEN 1 END) AS bad
		FROM feedback %s GROUP BY code %s ORDER BY bad DESC, good DESC, code LIMIT $%d`, where, having, len(args)+1), append(args, most)...)
	if err != nil {
		return nil, fmt.Errorf("read feedback: %w", err)
	}
	defer rows.Close()
	var all []CodeFeedback
	for rows.Next() {
		var f CodeFeedback
		if err := rows.Scan(&f.Code, &f.Helpful, &f.Unhelpful); err != nil {
			return nil, fmt.Errorf("read feedback: %w", err)
		}
		all = append(all, f)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read feedback: %w", err)
	}
	return all, nil
}
