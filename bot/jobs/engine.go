package jobs

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"signpost/bot/store"
)

// engine is River's client on one of the two databases; their transactions
// have different types.
type engine interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	// inTx runs do in one transaction, in which insert adds jobs, and commits
	// it if do returns nil.
	inTx(ctx context.Context, do func(tx store.Tx, insert insertFunc) error) error
}

type insertFunc func(args river.JobArgs, opts *river.InsertOpts) error

type sqliteEngine struct {
	*river.Client[*sql.Tx]
	db *sql.DB
}

func newSQLiteEngine(db *DB, config *river.Config) (engine, error) {
	client, err := river.NewClient(riversqlite.New(db.sql), config)
	if err != nil {
		return nil, err
	}
	return sqliteEngine{client, db.sql}, nil
}

func (e sqliteEngine) inTx(ctx context.Context, do func(store.Tx, insertFunc) error) error {
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // no effect once committed
	insert := func(args river.JobArgs, opts *river.InsertOpts) error {
		_, err := e.InsertTx(ctx, tx, args, opts)
		return err
	}
	if err := do(store.SQLTx(tx), insert); err != nil {
		return err
	}
	return tx.Commit()
}

type postgresEngine struct {
	*river.Client[pgx.Tx]
	db *DB
}

func newPostgresEngine(db *DB, config *river.Config) (engine, error) {
	client, err := river.NewClient(riverpgxv5.New(db.pool), config)
	if err != nil {
		return nil, err
	}
	return postgresEngine{client, db}, nil
}

func (e postgresEngine) inTx(ctx context.Context, do func(store.Tx, insertFunc) error) error {
	// A case that was found to be there must be seen: stricter isolation, which
	// a database may have as its default, would hide it.
	readCommitted := pgx.TxOptions{IsoLevel: pgx.ReadCommitted}
	return pgx.BeginTxFunc(ctx, e.db.pool, readCommitted, func(tx pgx.Tx) error {
		return do(pgxTx{tx}, func(args river.JobArgs, opts *river.InsertOpts) error {
			_, err := e.InsertTx(ctx, tx, args, opts)
			return err
		})
	})
}
