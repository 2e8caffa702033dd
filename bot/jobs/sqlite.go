package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"signpost/bot/store"
)

// memory is the path of a database that lasts as long as it is open.
const memory = ":memory:"

// connection says how each SQLite connection is set up. Write-ahead logging
// lets other programs (a backup, the sqlite3 shell) read while we write;
// synchronous FULL makes a case that was acknowledged to Slack survive a power
// cut; secure_delete overwrites what retention removes; immediate transactions
// take the write lock when they begin, so that they wait instead of failing
// half-way.
var connection = url.Values{
	"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)"},
	"_txlock": {"immediate"},
}

// openSQLite opens the file as its owner, or beside the owner if there is one
// and beside is set.
func openSQLite(ctx context.Context, path string, beside bool, log *slog.Logger) (_ *DB, err error) {
	db := &DB{dialect: store.SQLite, log: log}
	defer func() {
		if err != nil {
			db.Close()
			err = fmt.Errorf("open sqlite database %s: %s", path, explainSQLite(err))
		}
	}()
	if path == "" {
		return nil, errors.New("the path is missing: want sqlite:PATH")
	}
	dsn := memory + "?" + connection.Encode()
	if path == memory {
		db.owner = io.NopCloser(nil)
	} else {
		file, err := prepareFile(path)
		if err != nil {
			return nil, err
		}
		db.owner, err = own(ctx, file)
		if err != nil && !(beside && errors.Is(err, errOwned)) {
			return nil, err
		}
		dsn = fileDSN(file, connection)
	}
	if db.sql, err = sql.Open("sqlite", dsn); err != nil {
		return nil, err
	}
	// riversqlite asks for one connection: SQLite has one writer at a time, and
	// River's services would meet SQLITE_BUSY otherwise. It must never be
	// dropped for age: an in-memory database would go with it.
	db.sql.SetMaxOpenConns(1)
	db.sql.SetConnMaxLifetime(0)
	db.sql.SetConnMaxIdleTime(0)
	if err := db.sql.PingContext(ctx); err != nil {
		return nil, err
	}
	if db.owner != nil {
		err = migrateSQLite(ctx, db)
	} else {
		err = store.CheckSchema(ctx, db.sql)
	}
	if err != nil {
		return nil, err
	}
	if beside && db.owner != nil {
		if err := db.owner.Close(); err != nil {
			return nil, err
		}
		db.owner = nil
	}
	db.store = store.New(db.sql)
	return db, nil
}

func migrateSQLite(ctx context.Context, db *DB) error {
	migrator, err := rivermigrate.New(riversqlite.New(db.sql), &rivermigrate.Config{Logger: quiet(db.log)})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	return store.Migrate(ctx, db.sql, store.SQLite)
}

// fileDSN spells a file name so that SQLite and its driver take every
// character of it as part of the name.
func fileDSN(file string, query url.Values) string {
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	return u.String()
}

// prepareFile checks what SQLite would only report as "unable to open database
// file", and creates a new file that no other user can read: cases and the
// audit trail are about people. It returns the absolute path with links
// resolved, so that two names of one file meet at the same lock.
func prepareFile(path string) (string, error) {
	file, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	folder := filepath.Dir(file)
	switch info, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("the folder %s does not exist: create it first", folder)
	case err != nil:
		return "", plainPathError(err)
	case !info.IsDir():
		return "", fmt.Errorf("%s is not a folder", folder)
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return "", errors.New("it is a folder: name a file in it")
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("cannot be written: %w", plainPathError(err))
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(file)
}

// plainPathError drops the operation and the path, which the caller names.
func plainPathError(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// explainSQLite says what SQLite's codes mean for the operator.
// https://www.sqlite.org/rescode.html
func explainSQLite(err error) string {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return oneLine(err)
	}
	switch e.Code() & 0xff {
	case sqlitelib.SQLITE_NOTADB:
		return "the file is not a SQLite database: move it away or name another"
	case sqlitelib.SQLITE_CORRUPT:
		return "the database is damaged: restore it from a backup or move it away (" + oneLine(err) + ")"
	case sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_PERM, sqlitelib.SQLITE_CANTOPEN:
		return "the file or its folder cannot be written by this user"
	case sqlitelib.SQLITE_FULL:
		return "the disk is full"
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED:
		return "another program holds the file locked"
	default:
		return oneLine(err)
	}
}

var errOwned = errors.New("another signpost is running on it: a file belongs to one process, " +
	"use PostgreSQL to run several")

// own makes this process the only Signpost on the file, until the returned
// lock is closed or the process dies. The lock is not on the database itself,
// so that a backup or the sqlite3 shell can still read it, but SQLite's own
// exclusive lock on an empty file beside it: that works wherever SQLite works,
// and the operating system drops it whenever the process ends.
func own(ctx context.Context, file string) (io.Closer, error) {
	lock := file + "-owner"
	f, err := os.OpenFile(lock, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot create the lock %s: %w", filepath.Base(lock), plainPathError(err))
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	// A command that looks into the database holds the lock for a moment.
	db, err := sql.Open("sqlite", fileDSN(lock, url.Values{"_pragma": {"busy_timeout(1000)"}, "_txlock": {"exclusive"}}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	// The lock outlives ctx, which only bounds the opening.
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		db.Close()
		var e *sqlite.Error
		if errors.As(err, &e) && e.Code()&0xff == sqlitelib.SQLITE_BUSY {
			return nil, errOwned
		}
		return nil, err
	}
	return ownership{db, tx}, nil
}

// ownership is the open transaction that holds the lock.
type ownership struct {
	db *sql.DB
	tx *sql.Tx
}

func (o ownership) Close() error { return errors.Join(o.tx.Rollback(), o.db.Close()) }

// takeBack makes a SQLite database that this process owns ready to be worked:
// every job that is marked as running was left by a process that is dead, and
// is made available at once instead of being rescued after a minute; leases on
// cases and River's leadership of that process end. A job that has used up its
// attempts (it may be what killed the process) is given up.
func takeBack(ctx context.Context, db *DB) error {
	tx, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("take back jobs: %w", err)
	}
	defer tx.Rollback() // no effect once committed
	var taken int64
	for i, statement := range []string{
		`UPDATE river_job SET state = 'available' WHERE state = 'running' AND attempt < max_attempts`,
		`UPDATE river_job SET state = 'discarded', finalized_at = datetime('now', 'subsec') WHERE state = 'running'`,
		`DELETE FROM river_leader`,
	} {
		res, err := tx.ExecContext(ctx, statement)
		if err != nil {
			return fmt.Errorf("take back jobs: %w", err)
		}
		if i == 0 {
			if taken, err = res.RowsAffected(); err != nil {
				return fmt.Errorf("take back jobs: %w", err)
			}
		}
	}
	if err := db.store.ReleaseAll(ctx, store.SQLTx(tx)); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("take back jobs: %w", err)
	}
	if taken > 0 {
		db.log.InfoContext(ctx, "took back jobs that the last process left running", "jobs", taken)
	}
	return nil
}
