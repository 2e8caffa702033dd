package store

import (
	"context"
	"fmt"
	"time"
)

// Reply names an answer of ours in Slack whose case has expired.
type Reply struct {
	CaseID  int64
	Team    string
	Channel string
	TS      string
}

// maxPurge bounds how many replies one Purge returns.
const maxPurge = 500

// emptied is what is set of a case so that nothing about people is left.
const emptied = `state = 'expired', author = '', author_team = '', errors = '[]', primary_code = 0, permalink = '',
	subject = '', sign_in_until = 0, from_form = 0, answered_at = 0, outcome = '', outcome_by = '', outcome_at = 0,
	handed = 0, fixed = '', fixed_cause = '', incident = 0`

// Purge ends the retention of everything older than before: audit entries,
// feedback, home views, incidents that ended, and cases without an answer are
// removed; cases with one are emptied of all that is about people and become
// Expired. The answers of expired cases come back, oldest first and at most
// 500, so that they can be deleted in Slack; confirm each with Purged. What is
// not confirmed comes back at the next Purge, so that a crash between the two
// leaves no answer behind.
func (s *Store) Purge(ctx context.Context, before time.Time) ([]Reply, error) {
	limit := millis(before)
	err := s.inTx(ctx, func(tx Tx) error {
		for _, statement := range []string{
			`DELETE FROM audit WHERE at < $1`,
			`DELETE FROM homes WHERE opened < $1`,
			`DELETE FROM incidents WHERE ended <> 0 AND ended < $1`,
			`DELETE FROM cases WHERE created < $1 AND reply_ts = ''`,
			`DELETE FROM case_codes WHERE case_id IN (SELECT id FROM cases WHERE created < $1)`,
			`DELETE FROM case_keys WHERE case_id IN (SELECT id FROM cases WHERE created < $1)`,
			`DELETE FROM feedback WHERE at < $1 OR case_id IN (SELECT id FROM cases WHERE created < $1)`,
			`UPDATE cases SET ` + emptied + ` WHERE created < $1 AND state <> 'expired'`,
		} {
			if _, err := tx.Exec(ctx, statement, limit); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("purge: %w", err)
	}
	rows, err := s.db.QueryContext(ctx, `SELECT id, team, channel, reply_ts FROM cases
		WHERE state = 'expired' AND reply_ts <> '' ORDER BY id LIMIT $1`, maxPurge)
	if err != nil {
		return nil, fmt.Errorf("read expired cases: %w", err)
	}
	defer rows.Close()
	var replies []Reply
	for rows.Next() {
		var r Reply
		if err := rows.Scan(&r.CaseID, &r.Team, &r.Channel, &r.TS); err != nil {
			return nil, fmt.Errorf("read expired cases: %w", err)
		}
		replies = append(replies, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read expired cases: %w", err)
	}
	return replies, nil
}

// Purged removes an expired case for good once its answer is deleted in Slack,
// or is known not to be there any more. It leaves any other case alone.
func (s *Store) Purged(ctx context.Context, caseID int64) error {
	_, err := s.exec(ctx, `DELETE FROM cases WHERE id = $1 AND state = 'expired'`, caseID)
	if err != nil {
		return fmt.Errorf("remove expired case: %w", err)
	}
	return nil
}
