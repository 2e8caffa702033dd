// Package store keeps what Signpost must remember between two moments: the
// cases (one a Slack message) with how they ended, the feedback on them and the
// incidents that they were counted into, the audit trail of lookups, who has
// opened the App Home, what is approved and known of the federation's trusts, and
// small cursors.
// It speaks plain database/sql and runs unchanged on SQLite and on PostgreSQL;
// which of the two it is only matters to [Migrate].
//
// It does not open databases, import a driver, schedule work, or talk to Slack,
// and it never sees the text of a message. Package bot/jobs opens the database,
// runs the migrations and inserts cases together with their jobs; handlers read
// and update cases and write the audit trail.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// ErrNotFound is returned, wrapped, where the row asked for is not there. It is
// [fs.ErrNotExist], so callers may test for either.
var ErrNotFound = fs.ErrNotExist

// Store reads and writes cases, audit entries and cursors. It is safe for
// concurrent use. No method leaves a connection open when it returns, so a
// caller may use any method inside a loop over another's results, also where
// the database has one connection only (SQLite).
type Store struct {
	db *sql.DB

	// Now tells the time that new and changed rows are stamped with. Set it
	// before first use; [New] sets time.Now.
	Now func() time.Time
}

// New returns a store on a database whose schema [Migrate] has brought up to
// date. The caller keeps ownership of db and closes it.
func New(db *sql.DB) *Store {
	return &Store{db: db, Now: time.Now}
}

// Tx is what the store needs of an open transaction. It exists because a case
// and its job are inserted in one transaction, and River's transactions are
// *sql.Tx on SQLite but pgx.Tx on PostgreSQL.
type Tx interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// QueryRow runs a query that returns at most one row.
	QueryRow(ctx context.Context, query string, args ...any) Row
}

// Row is the one row of a query; Scan returns an error that is sql.ErrNoRows
// where there is none.
type Row interface {
	Scan(dest ...any) error
}

// SQLTx makes a [Tx] of a database/sql transaction, which stays the caller's to
// commit or to roll back.
func SQLTx(tx *sql.Tx) Tx { return sqlTx{tx} }

type sqlTx struct{ tx *sql.Tx }

func (t sqlTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (t sqlTx) QueryRow(ctx context.Context, query string, args ...any) Row {
	return t.tx.QueryRowContext(ctx, query, args...)
}

// inTx runs do in a transaction and commits it if do returns nil.
func (s *Store) inTx(ctx context.Context, do func(Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // no effect once committed
	if err := do(SQLTx(tx)); err != nil {
		return err
	}
	return tx.Commit()
}

// exec runs one statement outside any transaction and returns how many rows it
// changed.
func (s *Store) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// now is the time of a change, in milliseconds.
func (s *Store) now() int64 { return millis(s.Now()) }

// millis is a time as the database holds it: milliseconds since 1970 in UTC, 0
// for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is the reverse of millis, always in UTC.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// number is a bool as the database holds it.
func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// plain drops what PostgreSQL's TEXT cannot hold but SQLite's can: NUL and
// bytes that are no UTF-8. A paste can carry both.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

func notFound(what string, key any) error {
	return fmt.Errorf("%s %v: %w", what, key, ErrNotFound)
}
