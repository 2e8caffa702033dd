package store_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// eachBackend runs one test on a fresh database of each kind.
func eachBackend(t *testing.T, test func(t *testing.T, db *jobs.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, "sqlite:"+t.TempDir()+"/signpost.db"))
	})
	t.Run("sqlite in memory", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, "sqlite::memory:"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, postgresURL(t)))
	})
}

// postgresURL is the URL of a new schema on the server that the tests are
// given, or skips the test.
func postgresURL(t *testing.T) string {
	t.Helper()
	base := os.Getenv("SIGNPOST_TEST_POSTGRES_URL")
	if base == "" {
		t.Skip("NOT TESTED on PostgreSQL: SIGNPOST_TEST_POSTGRES_URL is not set; .ci/postgres start prints one")
	}
	schema := "test_" + strings.ToLower(rand.Text())
	server := open(t, base)
	if _, err := server.SQL().Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := server.SQL().Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func open(t *testing.T, url string) *jobs.DB {
	t.Helper()
	db, err := jobs.Open(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// inTx runs do in a transaction.
func inTx(t *testing.T, db *sql.DB, do func(store.Tx) error) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if err := do(store.SQLTx(tx)); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// insert adds a case and returns its id.
func insert(t *testing.T, db *jobs.DB, c store.Case) (id int64) {
	t.Helper()
	inTx(t, db.SQL(), func(tx store.Tx) error {
		got, created, err := db.Store().InsertCase(context.Background(), tx, c)
		if err == nil && !created {
			err = fmt.Errorf("case of message %s was there", c.MessageTS)
		}
		id = got
		return err
	})
	return id
}

// paste is a case for the nth message.
func paste(n int) store.Case {
	return store.Case{
		Team: "T1", Channel: "C1", MessageTS: fmt.Sprintf("1700000000.%06d", n), OnceKey: fmt.Sprintf("key%d", n),
		Author: "U1", Errors: []byte(`[{"code":50076}]`), Codes: []int{50076}, Primary: 50076,
	}
}

// at is a moment of the tests' day.
func at(minute int) time.Time {
	return time.Date(2026, 11, 24, 8, minute, 0, 123_000_000, time.UTC)
}
