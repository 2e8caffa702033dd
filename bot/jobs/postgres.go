package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"signpost/bot/store"
)

const (
	// connectTimeout bounds each attempt to connect, unless the URL sets
	// connect_timeout.
	connectTimeout = 10 * time.Second
	// poolSize is the most connections at a time, unless the URL sets
	// pool_max_conns: the workers, River's listener and services, and the
	// store's own.
	poolSize = 16
	// migrationLock is the key of the advisory lock that lets one replica at a
	// time migrate; any number will do that nobody else in the database uses.
	migrationLock = 0x5167_4e50_6f53_7421
)

func openPostgres(ctx context.Context, dbURL string, log *slog.Logger) (_ *DB, err error) {
	config, err := pgxpool.ParseConfig(dbURL)
	if err != nil {
		// pgx quotes the URL in this error; a URL that cannot be parsed cannot
		// be trusted to have been masked either.
		return nil, errors.New("database URL is not valid: want postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=…, " +
			"special characters in the password percent-encoded")
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("open postgres database %s on %s: %s",
				config.ConnConfig.Database, config.ConnConfig.Host, mask(explainPostgres(err), dbURL, config.ConnConfig.Password))
		}
	}()
	if !strings.Contains(dbURL, "pool_max_conns") {
		config.MaxConns = poolSize
	}
	if !strings.Contains(dbURL, "connect_timeout") {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if params := config.ConnConfig.RuntimeParams; params["application_name"] == "" {
		params["application_name"] = "signpost"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	db := &DB{dialect: store.PostgreSQL, log: log, pool: pool, sql: stdlib.OpenDBFromPool(pool)}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	db.store = store.New(db.sql)
	if err := migratePostgres(ctx, db); err != nil {
		return nil, err
	}
	return db, nil
}

// migratePostgres runs both sets of migrations while no other replica does.
func migratePostgres(ctx context.Context, db *DB) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	defer func() {
		// A connection that cannot unlock must not go back to the pool with the
		// lock: closing it unlocks too.
		if _, err := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(migrationLock)); err != nil {
			conn.Conn().Close(context.WithoutCancel(ctx))
		}
	}()
	migrator, err := rivermigrate.New(riverpgxv5.New(db.pool), &rivermigrate.Config{Logger: quiet(db.log)})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	return store.Migrate(ctx, db.sql, store.PostgreSQL)
}

// explainPostgres says in one line what is wrong. pgx lists every address and
// every kind of encryption that it has tried; one of them is enough.
func explainPostgres(err error) string {
	var (
		answer  *pgconn.PgError
		network *net.OpError
		name    *net.DNSError
	)
	switch {
	case errors.As(err, &answer):
		return "the server says: " + answer.Message + " (SQLSTATE " + answer.Code + ")"
	case errors.As(err, &name):
		return "the host name cannot be looked up: " + name.Err
	case errors.As(err, &network):
		return "the server cannot be reached: " + network.Error()
	default:
		return oneLine(err)
	}
}

// mask takes the password, in whichever spelling, and the URL itself out of a
// text.
func mask(text, dbURL, password string) string {
	secrets := []string{dbURL, password, url.QueryEscape(password), url.PathEscape(password)}
	if _, rest, ok := strings.Cut(dbURL, "://"); ok {
		user, _, _ := strings.Cut(rest, "@")
		_, spelt, _ := strings.Cut(user, ":")
		secrets = append(secrets, spelt)
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}

// pgxTx is a pgx transaction as the store sees it.
type pgxTx struct{ tx pgx.Tx }

func (t pgxTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (t pgxTx) QueryRow(ctx context.Context, query string, args ...any) store.Row {
	return t.tx.QueryRow(ctx, query, args...)
}
