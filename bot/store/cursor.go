package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Cursor returns a small value kept under a name, "" where there is none.
func (s *Store) Cursor(ctx context.Context, name string) (string, error) {
	var value string
	err := s.db.QueryRowContext(ctx, `SELECT value FROM cursors WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read cursor %s: %w", name, err)
	}
	return value, nil
}

// MoveCursor sets the value from old to new, if it is still old ("" means that
// there is none yet). moved is false if another was faster; of concurrent
// calls with the same old, exactly one moves it. new may not be "".
func (s *Store) MoveCursor(ctx context.Context, name, old, new string) (moved bool, err error) {
	if new == "" {
		return false, fmt.Errorf("move cursor %s: empty value", name)
	}
	var n int64
	if old == "" {
		n, err = s.exec(ctx, `INSERT INTO cursors (name, value, updated) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO NOTHING`, name, new, s.now())
	} else {
		n, err = s.exec(ctx, `UPDATE cursors SET value = $2, updated = $3 WHERE name = $1 AND value = $4`,
			name, new, s.now(), old)
	}
	if err != nil {
		return false, fmt.Errorf("move cursor %s: %w", name, err)
	}
	return n == 1, nil
}

// SetCursor sets the value whatever it was.
func (s *Store) SetCursor(ctx context.Context, name, value string) error {
	_, err := s.exec(ctx, `INSERT INTO cursors (name, value, updated) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated = excluded.updated`, name, value, s.now())
	if err != nil {
		return fmt.Errorf("set cursor %s: %w", name, err)
	}
	return nil
}
