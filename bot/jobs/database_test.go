package jobs

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"signpost/bot/store"
)

func TestOpenSaysInOneLineWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	notes := filepath.Join(dir, "notes.db")
	if err := os.WriteFile(notes, bytes.Repeat([]byte("not a database\n"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	listener.Close()

	tests := []struct {
		name, url, want string
		os              string
	}{
		{name: "no scheme", url: "signpost.db", want: "has no scheme"},
		{name: "unknown scheme", url: "mysql://root:hunter2@db/signpost", want: `scheme "mysql" is unknown`},
		{name: "a secret for a scheme", url: "s3cr3thunter2hunter2:", want: "is unknown"},
		{name: "no path", url: "sqlite:", want: "the path is missing"},
		{name: "no folder", url: "sqlite:" + dir + "/missing/signpost.db", want: "missing does not exist: create it first"},
		{name: "a file for a folder", url: "sqlite:" + notes + "/signpost.db", want: "not a"},
		{name: "a folder for a file", url: "sqlite:" + dir, want: "it is a folder"},
		{name: "a folder that nobody may write to", url: "sqlite:/proc/signpost.db", want: "cannot be written", os: "linux"},
		{name: "another kind of file", url: "sqlite:" + notes, want: "not a SQLite database"},
		{name: "a postgres URL that is none", url: "postgres://signpost:hunter2@db:port/x?sslmode=maybe", want: "database URL is not valid"},
		{name: "a postgres URL with a broken escape", url: "postgres://signpost:hunter2%zz@db/x", want: "database URL is not valid"},
		{name: "nobody listens", url: "postgres://signpost:hunter2@" + closed + "/cases?connect_timeout=5", want: "open postgres database cases on 127.0.0.1"},
		{name: "nobody listens, password as a parameter", url: "postgres://" + closed + "/cases?user=signpost&password=hunter2", want: "open postgres database cases on 127.0.0.1"},
		{name: "no such host", url: "postgresql://signpost:hunter2@db.invalid/cases", want: "on db.invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.os != "" && tt.os != runtime.GOOS {
				t.Skipf("only on %s", tt.os)
			}
			var logged bytes.Buffer
			db, err := Open(t.Context(), tt.url, slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})))
			if err == nil {
				db.Close()
				t.Fatal("no error")
			}
			text := err.Error()
			t.Log(text)
			if !strings.Contains(text, tt.want) {
				t.Errorf("%q is not said", tt.want)
			}
			if strings.Contains(text, "\n") {
				t.Error("more than one line")
			}
			if strings.Contains(text+logged.String(), "hunter2") {
				t.Error("the password is said")
			}
		})
	}
}

func TestPasswordIsMaskedInEverySpelling(t *testing.T) {
	const password, url = "p@ss/w:rd", "postgres://bot:p%40ss%2fw%3Ard@db/cases"
	got := mask("cannot use "+url+" with p@ss/w:rd, p%40ss%2Fw%3Ard or p%40ss%2fw%3Ard", url, password)
	for _, secret := range []string{"ss/w", "ss%2Fw", "ss%2fw"} {
		if strings.Contains(got, secret) {
			t.Errorf("%s in %s", secret, got)
		}
	}
}

func TestOpenMakesAFileForItsOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions are not modes on Windows")
	}
	dir := t.TempDir()
	db := openDB(t, "sqlite:"+dir+"/si gn?po#st%20.db") // every character is part of the name
	q := newQueue(t, db, Work{}, Options{})
	if _, _, err := q.Open(t.Context(), paste(1)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		t.Error("no file")
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(e.Name(), "si gn?po#st%20.db") || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
}

func TestOpenFindsWhatWasThere(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		first, err := Open(t.Context(), url, testLog(t))
		if err != nil {
			t.Fatal(err)
		}
		id, _, err := newQueue(t, first, Work{}, Options{}).Open(t.Context(), paste(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		db := openDB(t, url)
		if err := db.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := db.Store().Case(t.Context(), id); err != nil {
			t.Error(err)
		}
	})
}

func TestOpenRefusesTheSchemaOfANewerSignpost(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		first, err := Open(t.Context(), url, testLog(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := first.SQL().Exec(`INSERT INTO signpost_migrations (version, name, applied) VALUES (1000, 'future', 0)`); err != nil {
			t.Fatal(err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		db, err := Open(t.Context(), url, testLog(t))
		if err == nil {
			db.Close()
			t.Fatal("no error")
		}
		if !strings.Contains(err.Error(), "newer signpost") {
			t.Error(err)
		}
	})
}

func TestReplicasThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	results := make(chan error)
	for range 4 {
		go func() {
			db, err := Open(context.Background(), url, nil)
			if err == nil {
				err = db.Close()
			}
			results <- err
		}()
	}
	for range 4 {
		if err := receive(t, results); err != nil {
			t.Error(err)
		}
	}
}

func TestMemoryDatabaseSurvivesACancelledContext(t *testing.T) {
	db := openDB(t, "sqlite::memory:")
	q := newQueue(t, db, Work{}, Options{})
	id, _, err := q.Open(t.Context(), paste(1))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		rows, err := db.SQL().QueryContext(ctx, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n`)
		if err != nil {
			t.Fatal(err)
		}
		rows.Next()
		cancel()
		rows.Close()
		cancelled, cancelTx := context.WithCancel(t.Context())
		tx, err := db.SQL().BeginTx(cancelled, nil)
		if err != nil {
			t.Fatal(err)
		}
		cancelTx()
		tx.Rollback()
	}
	if _, err := db.Store().Case(t.Context(), id); err != nil {
		t.Error(err)
	}
}

func TestDatabaseIsSetUpAsItShouldBe(t *testing.T) {
	db := openDB(t, "sqlite:"+t.TempDir()+"/signpost.db")
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "secure_delete": "1",
	} {
		var got string
		if err := db.SQL().QueryRow("PRAGMA " + pragma).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	if db.Dialect() != store.SQLite {
		t.Errorf("dialect %s", db.Dialect())
	}
	// $1 must be the first argument wherever and however often it stands: the
	// store's statements rest on it.
	var a, b, c int
	if err := db.SQL().QueryRow("SELECT $2, $1, $2", 1, 2).Scan(&a, &b, &c); err != nil || a != 2 || b != 1 || c != 2 {
		t.Errorf("placeholders: %d %d %d, %v", a, b, c, err)
	}
}

func TestAnotherProgramMayReadTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signpost.db")
	db := openDB(t, "sqlite:"+path)
	if _, _, err := newQueue(t, db, Work{}, Options{}).Open(t.Context(), paste(1)); err != nil {
		t.Fatal(err)
	}
	shell, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	var n int
	if err := shell.QueryRow("SELECT count(*) FROM cases").Scan(&n); err != nil || n != 1 {
		t.Error(n, err)
	}
}

func TestCommandMayUseTheStoreBesideTheBot(t *testing.T) {
	eachBackend(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		answered := make(chan int64, 1)
		start(t, newQueue(t, db, Work{Answer: func(_ context.Context, id int64) error {
			answered <- id
			return nil
		}}, Options{}))
		beside, err := OpenBeside(t.Context(), url, testLog(t))
		if err != nil {
			t.Fatal(err)
		}
		defer beside.Close()
		if err := beside.Store().Audit(t.Context(), store.Entry{Asker: "alice", Place: "cli"}); err != nil {
			t.Error(err)
		}
		q := newQueue(t, beside, Work{}, Options{})
		if _, _, err := q.Open(t.Context(), paste(1)); err != nil {
			t.Error(err)
		}
		receive(t, answered)
		if beside.Dialect() == store.SQLite {
			if err := q.Start(t.Context()); err == nil {
				t.Error("a second queue was started on one file")
			}
		}
	})
}

func TestCommandWithoutABotMakesTheDatabaseAndLeavesItFree(t *testing.T) {
	url := "sqlite:" + t.TempDir() + "/signpost.db"
	beside, err := OpenBeside(t.Context(), url, testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	openDB(t, url) // the bot starts meanwhile
	if err := beside.Store().SetCursor(t.Context(), "x", "1"); err != nil {
		t.Error(err)
	}
}
