package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

func TestPurgeRemovesWhatIsOlder(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		insertAt := func(minute int, reply string) int64 {
			t.Helper()
			st.Now = func() time.Time { return at(minute) }
			c := paste(minute)
			c.Author, c.AuthorTeam, c.Subject, c.Permalink = "U1", "T2", "bob@contoso.com", "https://contoso.slack.com/x"
			c.SignInUntil = at(50)
			id := insert(t, db, c)
			if reply != "" {
				if err := st.SetReply(ctx, id, reply); err != nil {
					t.Fatal(err)
				}
			}
			if err := st.Audit(ctx, store.Entry{Asker: "U1", Subject: "bob@contoso.com", Case: id}); err != nil {
				t.Fatal(err)
			}
			return id
		}
		silent := insertAt(1, "")
		answered := insertAt(2, "1700000002.000000")
		young := insertAt(10, "1700000010.000000")

		want := []store.Reply{{CaseID: answered, Team: "T1", Channel: "C1", TS: "1700000002.000000"}}
		for _, name := range []string{"first", "not confirmed, so again"} {
			got, err := st.Purge(ctx, at(10))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		if _, err := st.Case(ctx, silent); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("old case without answer: %v", err)
		}
		c, err := st.Case(ctx, answered)
		if err != nil {
			t.Fatal(err)
		}
		emptied := store.Case{ID: answered, Team: "T1", Channel: "C1", MessageTS: paste(2).MessageTS, ThreadTS: paste(2).MessageTS,
			ReplyTS: "1700000002.000000", Errors: []byte(`[]`), State: store.Expired, OnceKey: "key2", PostState: store.Posted,
			Created: at(2), Updated: at(2)}
		if diff := cmp.Diff(emptied, c); diff != "" {
			t.Errorf("old case with answer: %s", diff)
		}
		if c, err := st.Case(ctx, young); err != nil || c.Subject != "bob@contoso.com" {
			t.Errorf("young case: %+v, %v", c, err)
		}
		if cases, err := st.RecentCases(ctx, 50076, at(0)); err != nil || len(cases) != 1 || cases[0].ID != young {
			t.Errorf("recent cases: %v, %v", cases, err)
		}
		var audited []int64
		for e, err := range st.AuditEntries(ctx, store.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			audited = append(audited, e.Case)
		}
		if !slices.Equal(audited, []int64{young}) {
			t.Errorf("audit of cases %v", audited)
		}
		inTx(t, db.SQL(), func(tx store.Tx) error {
			edit := paste(2)
			edit.Errors = []byte(`[{"code":50079}]`)
			_, _, changed, err := st.UpdateErrors(ctx, tx, edit)
			if changed {
				t.Error("an expired case was filled again by an edit")
			}
			return err
		})
		for _, id := range []int64{answered, young} { // the young one has not expired
			if err := st.Purged(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := st.Case(ctx, answered); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("confirmed case: %v", err)
		}
		if _, err := st.Case(ctx, young); err != nil {
			t.Errorf("young case: %v", err)
		}
		var codes int
		if err := db.SQL().QueryRow(`SELECT count(*) FROM case_codes`).Scan(&codes); err != nil || codes != 1 {
			t.Errorf("%d codes are left, want the young case's, %v", codes, err)
		}
	})
}

func TestAuditIsReadByFilterOldestFirst(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		st.Now = func() time.Time { return at(3) }
		all := []store.Entry{
			{At: at(1), Asker: "U1", Subject: "bob@contoso.com", Place: "C1", Facts: []string{"user", "mfa"}, Why: "AADSTS50076", Case: 7},
			{At: at(2), Asker: "U2", Subject: "Ann@contoso.com", Place: "command", Facts: []string{"user"}, Why: "asked"},
			{Asker: "alice", Subject: "bob@contoso.com", Place: "cli", Why: "explain"},
		}
		for _, e := range all {
			if err := st.Audit(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		all[2].At, all[2].Facts = at(3), []string{}
		for _, tt := range []struct {
			name   string
			filter store.Filter
			want   []store.Entry
		}{
			{"all", store.Filter{}, all},
			{"by asker", store.Filter{Asker: "U2"}, all[1:2]},
			{"by subject, in any case", store.Filter{Subject: "BOB@contoso.com"}, []store.Entry{all[0], all[2]}},
			{"by case", store.Filter{Case: 7}, all[:1]},
			{"by time", store.Filter{Since: at(2), Before: at(3)}, all[1:2]},
			{"by all of them", store.Filter{Since: at(1), Before: at(9), Asker: "U1", Subject: "bob@contoso.com", Case: 7}, all[:1]},
			{"none", store.Filter{Asker: "U3"}, nil},
		} {
			var got []store.Entry
			for e, err := range st.AuditEntries(ctx, tt.filter) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(store.Entry{}, "ID")); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
	})
}

func TestStoreMayBeUsedWhileTheAuditIsRead(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		const entries = 450 // more than two pages
		inTx(t, db.SQL(), func(tx store.Tx) error {
			for n := range entries {
				_, err := tx.Exec(ctx, `INSERT INTO audit (at, asker, subject, place, facts, why) VALUES ($1, $2, '', '', '[]', '')`,
					int64(n), fmt.Sprint(n))
				if err != nil {
					return err
				}
			}
			return nil
		})
		n := 0
		for e, err := range st.AuditEntries(ctx, store.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Asker != fmt.Sprint(n) {
				t.Fatalf("entry %d is %s", n, e.Asker)
			}
			if n%100 == 0 { // would wait for ever if the one connection were taken
				if err := st.SetCursor(ctx, "read", e.Asker); err != nil {
					t.Fatal(err)
				}
			}
			n++
		}
		if n != entries {
			t.Errorf("%d entries, want %d", n, entries)
		}
		for range st.AuditEntries(ctx, store.Filter{}) {
			break
		}
	})
}
