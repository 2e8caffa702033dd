package store_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

func TestCaseComesBackAsItWasStored(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st := db.Store()
		st.Now = func() time.Time { return at(0).Add(999 * time.Microsecond) }
		want := store.Case{
			Team: "T1", Channel: "C1", MessageTS: "1700000000.000100", ThreadTS: "1699999999.000100",
			Author: "U1", AuthorTeam: "T2", ExtShared: true,
			Errors: []byte(`[{"code":50076,"user":"bob@contoso.com","note":"\u0000"}]`), Codes: []int{50076, 70002}, Primary: 50076,
			Permalink: "https://contoso.slack.com/archives/C1/p1700000000000100", State: store.Open, OnceKey: "once",
			Subject: "bob@contoso.com", SignInUntil: at(15), EditedTS: "1700000001.000000",
		}
		id := insert(t, db, want)
		want.ID, want.Created, want.Updated = id, at(0), at(0)
		for name, read := range map[string]func() (store.Case, error){
			"by id":       func() (store.Case, error) { return st.Case(t.Context(), id) },
			"by message":  func() (store.Case, error) { return st.CaseByMessage(t.Context(), "T1", "C1", "1700000000.000100") },
			"by once-key": func() (store.Case, error) { return st.CaseByOnceKey(t.Context(), "once") },
		} {
			got, err := read()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

func TestCaseOfAMessageOutsideAThreadIsItsOwnThread(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		id := insert(t, db, store.Case{Team: "T1", Channel: "C1", MessageTS: "1700000000.000100", OnceKey: "once"})
		c, err := db.Store().Case(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if c.ThreadTS != "1700000000.000100" || c.State != store.Open || string(c.Errors) != "[]" || c.PostState != store.Unposted {
			t.Errorf("%+v", c)
		}
	})
}

func TestTextThatPostgreSQLCannotHoldIsCleaned(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		id := insert(t, db, paste(1))
		if err := db.Store().SetSubject(t.Context(), id, "bo\x00b\xff@contoso.com"); err != nil {
			t.Fatal(err)
		}
		c, err := db.Store().Case(t.Context(), id)
		if err != nil || c.Subject != "bob\uFFFD@contoso.com" {
			t.Errorf("%q, %v", c.Subject, err)
		}
		if err := db.Store().Audit(t.Context(), store.Entry{Asker: "U1", Subject: "\x00", Facts: []string{"us\x00er"}, Why: "\xff"}); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		for name, err := range map[string]error{
			"Case":           second(st.Case(ctx, 4711)),
			"CaseByMessage":  second(st.CaseByMessage(ctx, "T1", "C1", "1.1")),
			"CaseByOnceKey":  second(st.CaseByOnceKey(ctx, "none")),
			"ClaimPost":      second(st.ClaimPost(ctx, 4711)),
			"Lease":          second(st.Lease(ctx, 4711, 1, at(0))),
			"SetReply":       st.SetReply(ctx, 4711, "1.1"),
			"SetState":       st.SetState(ctx, 4711, store.Final),
			"SetSubject":     st.SetSubject(ctx, 4711, "bob@contoso.com"),
			"SetSignInUntil": st.SetSignInUntil(ctx, 4711, at(0)),
			"SetPermalink":   st.SetPermalink(ctx, 4711, "https://contoso.slack.com"),
		} {
			if !errors.Is(err, store.ErrNotFound) || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestCaseWithoutItsKeysIsRefused(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		inTx(t, db.SQL(), func(tx store.Tx) error {
			if _, _, err := db.Store().InsertCase(t.Context(), tx, store.Case{Team: "T1", Channel: "C1", MessageTS: "1.1"}); err == nil {
				t.Error("no error")
			}
			return nil
		})
	})
}

func TestPostIsClaimedOnce(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, id := db.Store(), insert(t, db, paste(1))
		var (
			wg     sync.WaitGroup
			claims atomic.Int32
		)
		for range 50 {
			wg.Go(func() {
				ok, err := st.ClaimPost(context.Background(), id)
				if err != nil {
					t.Error(err)
				}
				if ok {
					claims.Add(1)
				}
			})
		}
		wg.Wait()
		if n := claims.Load(); n != 1 {
			t.Errorf("%d claims won, want 1", n)
		}
		if err := st.UnclaimPost(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if ok, err := st.ClaimPost(t.Context(), id); err != nil || !ok {
			t.Errorf("after giving the claim back: %v, %v", ok, err)
		}
		if err := st.SetReply(t.Context(), id, "1700000002.000000"); err != nil {
			t.Fatal(err)
		}
		if err := st.UnclaimPost(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if ok, err := st.ClaimPost(t.Context(), id); err != nil || ok {
			t.Errorf("after the post: %v, %v", ok, err)
		}
		c, err := st.Case(t.Context(), id)
		if err != nil || c.PostState != store.Posted || c.ReplyTS != "1700000002.000000" {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestChangesAreStampedAndKept(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		st.Now = func() time.Time { return at(0) }
		want := paste(1)
		want.ID = insert(t, db, want)
		st.Now = func() time.Time { return at(7) }
		for _, err := range []error{
			st.SetState(ctx, want.ID, store.Answered),
			st.SetSubject(ctx, want.ID, "bob@contoso.com"),
			st.SetSignInUntil(ctx, want.ID, at(15)),
			st.SetPermalink(ctx, want.ID, "https://contoso.slack.com/x"),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := st.Case(ctx, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		want.ThreadTS, want.State, want.Subject, want.SignInUntil = want.MessageTS, store.Answered, "bob@contoso.com", at(15)
		want.Permalink, want.Created, want.Updated = "https://contoso.slack.com/x", at(0), at(7)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestErrorsAreUpdatedByNewEditsOnly(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, id := db.Store(), insert(t, db, paste(1))
		if err := st.SetState(t.Context(), id, store.Final); err != nil {
			t.Fatal(err)
		}
		steps := []struct {
			name, edited, errors string
			codes                []int
			revision             int
			changed              bool
		}{
			{"the same errors", "1700000005.000000", `[{"code":50076}]`, []int{50076}, 0, false},
			{"others", "1700000006.000000", `[{"code":50079}]`, []int{50079}, 1, true},
			{"redelivered", "1700000006.000000", `[{"code":50079}]`, []int{50079}, 1, false},
			{"an older edit", "1700000005.500000", `[{"code":50058}]`, []int{50058}, 1, false},
			{"back again", "1700000007.000000", `[{"code":50076}]`, []int{50076}, 2, true},
			{"all taken out", "1700000008.000000", ``, nil, 3, true},
			{"edit without a time", "", `[{"code":50034},{"code":50076}]`, []int{50034, 50076}, 4, true},
		}
		for _, step := range steps {
			inTx(t, db.SQL(), func(tx store.Tx) error {
				c := paste(1)
				c.Errors, c.Codes, c.EditedTS = []byte(step.errors), step.codes, step.edited
				got, revision, changed, err := st.UpdateErrors(t.Context(), tx, c)
				if got != id || revision != step.revision || changed != step.changed {
					t.Errorf("%s: id %d, revision %d, changed %v", step.name, got, revision, changed)
				}
				return err
			})
		}
		c, err := st.Case(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if c.State != store.Open || c.Revision != 4 || !slices.Equal(c.Codes, []int{50034, 50076}) {
			t.Errorf("%+v", c)
		}
		inTx(t, db.SQL(), func(tx store.Tx) error {
			if _, _, _, err := st.UpdateErrors(t.Context(), tx, paste(2)); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("no such case: %v", err)
			}
			return nil
		})
	})
}

func TestRecentCasesAreThoseOfACodeNewestFirst(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st := db.Store()
		ids := map[int]int64{}
		for minute, codes := range [][]int{{50076}, {50076, 50079}, {50034}, {50076}} {
			st.Now = func() time.Time { return at(minute) }
			c := paste(minute)
			c.Codes = codes
			ids[minute] = insert(t, db, c)
		}
		recent := func(code, since int) (got []int64) {
			t.Helper()
			cases, err := st.RecentCases(t.Context(), code, at(since))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range cases {
				got = append(got, c.ID)
			}
			return got
		}
		for _, tt := range []struct {
			name        string
			code, since int
			want        []int64
		}{
			{"all of a code", 50076, 0, []int64{ids[3], ids[1], ids[0]}},
			{"since the second", 50076, 1, []int64{ids[3], ids[1]}},
			{"the other code of a case", 50079, 0, []int64{ids[1]}},
			{"none", 40009, 0, nil},
		} {
			if got := recent(tt.code, tt.since); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			}
		}
		inTx(t, db.SQL(), func(tx store.Tx) error {
			c := paste(0)
			c.Errors, c.Codes = []byte(`[{"code":50034}]`), []int{50034}
			_, _, _, err := st.UpdateErrors(t.Context(), tx, c)
			return err
		})
		if got := recent(50034, 0); !slices.Equal(got, []int64{ids[2], ids[0]}) {
			t.Errorf("after an edit: %v", got)
		}
	})
}

func TestCancelledContextIsAnError(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.Store().Case(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		for _, err := range db.Store().AuditEntries(ctx, store.Filter{}) {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
}

func TestCaseIsLeasedToOneJobAtATime(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, id := db.Store(), insert(t, db, paste(1))
		steps := []struct {
			name   string
			now    int
			holder int64
			ok     bool
		}{
			{"free", 0, 1, true},
			{"held by another", 1, 2, false},
			{"renewed", 4, 1, true},
			{"held by another still", 8, 2, false},
			{"run out", 9, 2, true},
			{"taken from the first", 9, 1, false},
		}
		for _, step := range steps {
			st.Now = func() time.Time { return at(step.now) }
			ok, err := st.Lease(t.Context(), id, step.holder, at(step.now+5))
			if err != nil || ok != step.ok {
				t.Errorf("%s: %v, %v", step.name, ok, err)
			}
		}
		if err := st.Release(t.Context(), id, 1); err != nil { // not the holder
			t.Fatal(err)
		}
		if ok, err := st.Lease(t.Context(), id, 3, at(20)); err != nil || ok {
			t.Errorf("released by another: %v, %v", ok, err)
		}
		if err := st.Release(t.Context(), id, 2); err != nil {
			t.Fatal(err)
		}
		if ok, err := st.Lease(t.Context(), id, 3, at(20)); err != nil || !ok {
			t.Errorf("released: %v, %v", ok, err)
		}
		inTx(t, db.SQL(), func(tx store.Tx) error { return st.ReleaseAll(t.Context(), tx) })
		if ok, err := st.Lease(t.Context(), id, 4, at(20)); err != nil || !ok {
			t.Errorf("all released: %v, %v", ok, err)
		}
	})
}

func TestCursorIsMovedByOne(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		race := func(old, new string) (moved int32) {
			var (
				wg sync.WaitGroup
				n  atomic.Int32
			)
			for range 20 {
				wg.Go(func() {
					ok, err := st.MoveCursor(context.Background(), "x", old, new)
					if err != nil {
						t.Error(err)
					}
					if ok {
						n.Add(1)
					}
				})
			}
			wg.Wait()
			return n.Load()
		}
		if value, err := st.Cursor(ctx, "x"); err != nil || value != "" {
			t.Errorf("before: %q, %v", value, err)
		}
		if n := race("", "1"); n != 1 {
			t.Errorf("made by %d", n)
		}
		if n := race("1", "2"); n != 1 {
			t.Errorf("moved by %d", n)
		}
		if n := race("1", "3"); n != 0 {
			t.Errorf("moved from an old value by %d", n)
		}
		if err := st.SetCursor(ctx, "x", "4"); err != nil {
			t.Fatal(err)
		}
		if err := st.SetCursor(ctx, "y", "5"); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"x": "4", "y": "5"} {
			if value, err := st.Cursor(ctx, name); err != nil || value != want {
				t.Errorf("%s: %q, %v", name, value, err)
			}
		}
		if _, err := st.MoveCursor(ctx, "x", "4", ""); err == nil {
			t.Error("moved to nothing")
		}
	})
}

func TestMigrationsAreAppliedOnceAndRecorded(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		id := insert(t, db, paste(1))
		if err := store.Migrate(t.Context(), db.SQL(), db.Dialect()); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Store().Case(t.Context(), id); err != nil {
			t.Error(err)
		}
		if err := store.CheckSchema(t.Context(), db.SQL()); err != nil {
			t.Error(err)
		}
		var name string
		if err := db.SQL().QueryRow(`SELECT name FROM signpost_migrations WHERE version = 1`).Scan(&name); err != nil || name != "cases" {
			t.Errorf("%q, %v", name, err)
		}
		if _, err := db.SQL().Exec(`DELETE FROM signpost_migrations`); err != nil {
			t.Fatal(err)
		}
		if err := store.CheckSchema(t.Context(), db.SQL()); err == nil {
			t.Error("an older schema: no error")
		}
	})
}
