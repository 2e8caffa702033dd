package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"signpost/bot/store"
)

// DefaultURL is the database that is used when none is configured.
const DefaultURL = "sqlite:signpost.db"

// DB is an open database: the one that River keeps its jobs in and the store
// its cases. Open makes it.
type DB struct {
	dialect store.Dialect
	sql     *sql.DB
	store   *store.Store
	log     *slog.Logger

	pool  *pgxpool.Pool // PostgreSQL only
	owner io.Closer     // SQLite only: the lock on the file, nil if opened beside its owner
}

// Open opens the database that url names and brings its schema, River's and
// the store's, up to date:
//
//   - sqlite:PATH is a file, made if it is not there (the folder must be); it
//     belongs to one process at a time. sqlite://PATH is the same, and
//     sqlite::memory: lasts as long as the DB.
//   - postgres://… or postgresql://… is a PostgreSQL database, which several
//     replicas may share.
//
// "" means [DefaultURL]. Errors are one line fit for the operator, and neither
// they nor the log ever hold the password.
func Open(ctx context.Context, url string, log *slog.Logger) (*DB, error) {
	return open(ctx, url, false, log)
}

// OpenBeside opens the database like Open, but for a command that only uses the
// store, such as one that writes to the audit trail while the bot runs: it does
// not take a SQLite file for itself. A queue on it can be added to, but not
// started.
func OpenBeside(ctx context.Context, url string, log *slog.Logger) (*DB, error) {
	return open(ctx, url, true, log)
}

func open(ctx context.Context, url string, beside bool, log *slog.Logger) (*DB, error) {
	if url == "" {
		url = DefaultURL
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := CheckURL(url); err != nil {
		return nil, err
	}
	if scheme, rest, _ := strings.Cut(url, ":"); strings.EqualFold(scheme, "sqlite") {
		return openSQLite(ctx, strings.TrimPrefix(rest, "//"), beside, log)
	}
	return openPostgres(ctx, url, log)
}

// CheckURL tells whether Open would know what to do with the URL, without
// opening anything.
func CheckURL(url string) error {
	scheme, _, ok := strings.Cut(url, ":")
	switch {
	case url == "":
		return nil
	case !ok:
		return errors.New("database URL has no scheme: want sqlite:PATH or postgres://USER@HOST/NAME")
	case strings.EqualFold(scheme, "sqlite"), strings.EqualFold(scheme, "postgres"), strings.EqualFold(scheme, "postgresql"):
		return nil
	}
	return fmt.Errorf("database URL scheme %q is unknown: want sqlite:PATH or postgres://USER@HOST/NAME", shorten(scheme))
}

// shorten keeps an unknown scheme from carrying a secret that was pasted into
// the wrong place.
func shorten(s string) string {
	if len(s) > 12 {
		return s[:12] + "…"
	}
	return s
}

// SQL is the database as database/sql sees it; on PostgreSQL its connections
// come from the same pool as River's. It must not be closed.
func (db *DB) SQL() *sql.DB { return db.sql }

// Dialect says which kind of database it is.
func (db *DB) Dialect() store.Dialect { return db.dialect }

// Store is the store on this database. There is one per DB.
func (db *DB) Store() *store.Store { return db.store }

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.sql.PingContext(ctx); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// Close closes the database. A Queue on it must have been stopped before.
func (db *DB) Close() error {
	var err error
	if db.sql != nil { // nil where opening went wrong half-way
		err = db.sql.Close()
	}
	if db.pool != nil {
		db.pool.Close()
	}
	if db.owner != nil {
		err = errors.Join(err, db.owner.Close())
	}
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// oneLine makes an error's text fit for one line of output.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
