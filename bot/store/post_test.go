package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

func TestPostsExpireWithTimeOrWithTheirCase(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		keep := func(minute int, p store.Post) {
			t.Helper()
			st.Now = func() time.Time { return at(minute) }
			if err := st.KeepPost(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		st.Now = func() time.Time { return at(20) }
		lasting, erased, answered := insert(t, db, paste(1)), insert(t, db, paste(2)), insert(t, db, paste(3))
		if err := st.SetReply(ctx, answered, "1.1"); err != nil {
			t.Fatal(err)
		}
		if err := st.SetSubject(ctx, answered, "bob@contoso.com"); err != nil {
			t.Fatal(err)
		}
		if err := st.SetSubject(ctx, erased, "bob@contoso.com"); err != nil {
			t.Fatal(err)
		}
		keep(1, store.Post{Channel: "C9", TS: "old"})
		keep(1, store.Post{Channel: "C9", TS: "old"}) // once
		keep(2, store.Post{Channel: "C9", TS: "reply"})
		keep(20, store.Post{Channel: "C9", TS: "young"})
		keep(20, store.Post{Channel: "C9", TS: "of a lasting case", Case: lasting})
		keep(20, store.Post{Channel: "C9", TS: "of a removed case", Case: erased})
		keep(20, store.Post{Channel: "C9", TS: "of an emptied case", Case: answered})
		if _, err := st.Erase(ctx, "bob@contoso.com"); err != nil {
			t.Fatal(err)
		}
		if _, err := st.Case(ctx, erased); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("the erased case: %v", err)
		}
		got, err := st.ExpiredPosts(ctx, at(10), 0)
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		for _, p := range got {
			order = append(order, p.TS)
		}
		if diff := cmp.Diff([]string{"of an emptied case", "of a removed case", "reply", "old"}, order); diff != "" {
			t.Fatal(diff)
		}
		if err := st.ForgetPost(ctx, got[2].ID); err != nil {
			t.Fatal(err)
		}
		rest, err := st.ExpiredPosts(ctx, at(10), got[1].ID)
		if err != nil || len(rest) != 1 || rest[0].TS != "old" {
			t.Errorf("after that: %+v, %v", rest, err)
		}
		if err := st.KeepPost(ctx, store.Post{Channel: "C9"}); err == nil {
			t.Error("a post without a ts is kept")
		}
	})
}

func TestAnIncidentIsUnclosedUntilItsEndIsTold(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		i, _, err := st.OpenIncident(ctx, store.Incident{Team: "T1", Code: 50076, Kind: store.KeyApp, Value: "x", Channel: "C9", OnceKey: "k"})
		if err != nil {
			t.Fatal(err)
		}
		want := func(what string, n int) {
			t.Helper()
			if all, err := st.UnclosedIncidents(ctx); err != nil || len(all) != n {
				t.Errorf("%s: %d unclosed, want %d, %v", what, len(all), n, err)
			}
		}
		if err := st.CloseIncident(ctx, i.ID); err != nil {
			t.Fatal(err)
		}
		want("it lasts", 1)
		if _, err := st.EndIncident(ctx, i.ID, at(5)); err != nil {
			t.Fatal(err)
		}
		want("its end is not told", 1)
		if err := st.CloseIncident(ctx, i.ID); err != nil {
			t.Fatal(err)
		}
		want("its end is told", 0)
	})
}

func TestCursorsAreForgottenByPrefixAndTime(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		for minute, name := range []string{"watch 1", "schedule federation", "watchful", "watch 2"} {
			st.Now = func() time.Time { return at(minute) }
			if err := st.SetCursor(ctx, name, "x"); err != nil {
				t.Fatal(err)
			}
		}
		if err := st.ForgetCursors(ctx, at(3), "watch ", "nothing "); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"watch 1": "", "schedule federation": "x", "watchful": "x", "watch 2": "x"} {
			if got, err := st.Cursor(ctx, name); err != nil || got != want {
				t.Errorf("%s is %q, %v", name, got, err)
			}
		}
	})
}
