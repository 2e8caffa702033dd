package store

import (
	"context"
	"fmt"
	"time"
)

// Lease makes holder the only one who works on the case until the given time,
// so that a first answer, its late facts and the answer to an edit never write
// the same Slack message side by side. ok is false while somebody else holds
// it. A holder may renew its own lease. It returns ErrNotFound if there is no
// such case. bot/jobs takes the lease around every job of a case; holder is
// the job's id, never 0.
func (s *Store) Lease(ctx context.Context, id, holder int64, until time.Time) (ok bool, err error) {
	n, err := s.exec(ctx, `UPDATE cases SET lease_job = $2, lease_until = $3
		WHERE id = $1 AND (lease_job = 0 OR lease_job = $2 OR lease_until <= $4)`,
		id, holder, millis(until), s.now())
	if err != nil {
		return false, fmt.Errorf("lease case: %w", err)
	}
	if n == 1 {
		return true, nil
	}
	return false, s.exists(ctx, id)
}

// Release ends holder's lease; it does nothing if another has taken it since.
func (s *Store) Release(ctx context.Context, id, holder int64) error {
	_, err := s.exec(ctx, `UPDATE cases SET lease_job = 0, lease_until = 0 WHERE id = $1 AND lease_job = $2`, id, holder)
	if err != nil {
		return fmt.Errorf("release case: %w", err)
	}
	return nil
}

// ReleaseAll ends every lease. It is for a process that has just become the
// database's only one, and knows that the holders are dead.
func (s *Store) ReleaseAll(ctx context.Context, tx Tx) error {
	_, err := tx.Exec(ctx, `UPDATE cases SET lease_job = 0, lease_until = 0 WHERE lease_job <> 0`)
	if err != nil {
		return fmt.Errorf("release cases: %w", err)
	}
	return nil
}
