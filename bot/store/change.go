package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// UpdateErrors replaces, inside the caller's transaction, the errors of the
// message's case after the message was edited, and returns the case's id and
// new revision. changed is false, and nothing happens, if the errors are the
// same as before or if EditedTS of c is not later than the edit applied last (a
// redelivered event). Only the errors, codes, keys, primary, EditedTS and the
// state, which becomes Open again, are written. It returns ErrNotFound if the message
// has no case.
func (s *Store) UpdateErrors(ctx context.Context, tx Tx, c Case) (id int64, revision int, changed bool, err error) {
	if len(c.Errors) == 0 {
		c.Errors = json.RawMessage("[]")
	}
	var created int64
	err = tx.QueryRow(ctx, `UPDATE cases SET errors = $4, primary_code = $5, edited_ts = $6, revision = revision + 1,
			state = $7, updated = $8
		WHERE team = $1 AND channel = $2 AND message_ts = $3 AND state <> $9
			AND errors <> $4 AND ($6 = '' OR edited_ts < $6)
		RETURNING id, revision, created`,
		c.Team, c.Channel, c.MessageTS, plain(string(c.Errors)), c.Primary, c.EditedTS, string(Open), s.now(), string(Expired),
	).Scan(&id, &revision, &created)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRow(ctx, `SELECT id, revision FROM cases WHERE team = $1 AND channel = $2 AND message_ts = $3`,
			c.Team, c.Channel, c.MessageTS).Scan(&id, &revision)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, 0, false, notFound("case of message", c.MessageTS)
		}
		if err != nil {
			return 0, 0, false, fmt.Errorf("find case of message: %w", err)
		}
		return id, revision, false, nil
	}
	if err != nil {
		return 0, 0, false, fmt.Errorf("update errors of case: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM case_codes WHERE case_id = $1`, id); err != nil {
		return 0, 0, false, fmt.Errorf("update codes of case: %w", err)
	}
	if err := insertCodes(ctx, tx, id, c.Codes, created); err != nil {
		return 0, 0, false, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM case_keys WHERE case_id = $1`, id); err != nil {
		return 0, 0, false, fmt.Errorf("update keys of case: %w", err)
	}
	if err := insertKeys(ctx, tx, id, c.Keys, created); err != nil {
		return 0, 0, false, err
	}
	return id, revision, true, nil
}

// ClaimPost claims the right to post the case's first answer: it goes from
// Unposted to Posting, and ok is true for exactly one caller. Where ok is false
// somebody claimed before: the answer is posted (Posted), or may be (Posting),
// and the thread must be looked at first.
func (s *Store) ClaimPost(ctx context.Context, id int64) (ok bool, err error) {
	n, err := s.exec(ctx, `UPDATE cases SET post_state = $2, updated = $3 WHERE id = $1 AND post_state = $4`,
		id, string(Posting), s.now(), string(Unposted))
	if err != nil {
		return false, fmt.Errorf("claim post of case: %w", err)
	}
	if n == 1 {
		return true, nil
	}
	return false, s.exists(ctx, id)
}

// UnclaimPost gives a claim back after Slack has plainly refused the post (an
// error answer such as ratelimited), so that the next try need not search the
// thread. After a timeout the claim must be kept. It changes nothing if the
// answer is posted.
func (s *Store) UnclaimPost(ctx context.Context, id int64) error {
	_, err := s.exec(ctx, `UPDATE cases SET post_state = $2, updated = $3 WHERE id = $1 AND post_state = $4`,
		id, string(Unposted), s.now(), string(Posting))
	if err != nil {
		return fmt.Errorf("unclaim post of case: %w", err)
	}
	return nil
}

// SetReply records the ts of the posted answer; the case is Posted from then
// on. The first call also stamps AnsweredAt. It is the one change that an
// expired case takes too: an answer that was under way when the case was emptied
// must be found and deleted.
func (s *Store) SetReply(ctx context.Context, id int64, ts string) error {
	n, err := s.exec(ctx, `UPDATE cases SET updated = $2, reply_ts = $3, post_state = $4,
			answered_at = CASE WHEN answered_at = 0 AND state <> 'expired' THEN $2 ELSE answered_at END
		WHERE id = $1`, id, s.now(), ts, string(Posted))
	if err != nil {
		return fmt.Errorf("record the answer of case: %w", err)
	}
	if n == 0 {
		return notFound("case", id)
	}
	return nil
}

// SetState records how far the case has come.
func (s *Store) SetState(ctx context.Context, id int64, state State) error {
	return s.change(ctx, id, `state = $3`, string(state))
}

// Fail marks the case as failed if it is still open; a case that has its answer
// keeps its state.
func (s *Store) Fail(ctx context.Context, id int64) error {
	_, err := s.exec(ctx, `UPDATE cases SET state = $2, updated = $3 WHERE id = $1 AND state = $4`,
		id, string(Failed), s.now(), string(Open))
	if err != nil {
		return fmt.Errorf("mark case as failed: %w", err)
	}
	return nil
}

// SetSubject records whom the case is about, by user principal name.
func (s *Store) SetSubject(ctx context.Context, id int64, upn string) error {
	return s.change(ctx, id, `subject = $3`, plain(upn))
}

// SetSignInUntil records how long the sign-in log is asked again.
func (s *Store) SetSignInUntil(ctx context.Context, id int64, until time.Time) error {
	return s.change(ctx, id, `sign_in_until = $3`, millis(until))
}

// SetPermalink records the message's permalink.
func (s *Store) SetPermalink(ctx context.Context, id int64, link string) error {
	return s.change(ctx, id, `permalink = $3`, plain(link))
}

// change sets columns of one case; set uses $3 and on for args. An expired case
// stays as it is: what was read of a person before must not come back into it.
func (s *Store) change(ctx context.Context, id int64, set string, args ...any) error {
	n, err := s.exec(ctx, `UPDATE cases SET updated = $2, `+set+` WHERE id = $1 AND state <> 'expired'`, append([]any{id, s.now()}, args...)...)
	if err != nil {
		return fmt.Errorf("update case: %w", err)
	}
	if n == 0 {
		return s.exists(ctx, id)
	}
	return nil
}

func (s *Store) exists(ctx context.Context, id int64) error {
	var one int
	err := s.db.QueryRowContext(ctx, `SELECT 1 FROM cases WHERE id = $1`, id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return notFound("case", id)
	}
	if err != nil {
		return fmt.Errorf("read case: %w", err)
	}
	return nil
}
