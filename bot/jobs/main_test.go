package jobs

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"signpost/bot/store"
)

func TestMain(m *testing.M) {
	if os.Getenv(crashEnv) != "" {
		crashChild()
		return
	}
	// The tests mostly wait, for databases and for slots: more of them fit side
	// by side than there are processors.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait for something that must happen; it is no
// expectation of how long it takes.
const patience = 150 * time.Second

// eachBackend runs one test on a fresh database of each kind.
func eachBackend(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:"+t.TempDir()+"/signpost.db")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, postgresURL(t))
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
	server, err := Open(t.Context(), base, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.SQL().Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := server.SQL().Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
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

// openDB opens a database for the length of the test.
func openDB(t *testing.T, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), url, testLog(t))
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

// newQueue makes a queue; functions that w lacks fail the test.
func newQueue(t *testing.T, db *DB, w Work, opts Options) *Queue {
	t.Helper()
	if w.Answer == nil {
		w.Answer = func(_ context.Context, id int64) error {
			t.Errorf("case %d answered", id)
			return nil
		}
	}
	if w.Late == nil {
		w.Late = func(_ context.Context, id int64, try int) error {
			t.Errorf("case %d looked at again (%d)", id, try)
			return nil
		}
	}
	opts.eager = true
	if opts.Logger == nil {
		opts.Logger = testLog(t)
	}
	q, err := New(db, w, opts)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// start starts the queue until the end of the test.
func start(t *testing.T, q *Queue) {
	t.Helper()
	if err := q.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, q) })
}

func stop(t *testing.T, q *Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := q.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// receive waits for one value.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

// eventually waits until the condition holds; a database has no channel to
// wait on, so it is asked again and again.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// testLog shows what is logged with the test's output.
func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// paste is a case for the nth message.
func paste(n int) store.Case {
	return store.Case{
		Team: "T1", Channel: "C1", MessageTS: fmt.Sprintf("1700000000.%06d", n), Author: "U1",
		Errors: []byte(`[{"code":50076}]`), Codes: []int{50076}, Primary: 50076,
	}
}
