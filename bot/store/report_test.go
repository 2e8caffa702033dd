package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

// fixed solves a case and notes what did it.
func fixed(t *testing.T, db *jobs.DB, id int64, by, cause, words string) {
	t.Helper()
	must(t, second(db.Store().SetOutcome(t.Context(), id, store.Solved, by)), db.Store().SetFixed(t.Context(), id, cause, words))
}

func TestEarlierCasesThatShareMoreComeFirst(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		with := func(minute int, keys ...store.Key) int64 {
			t.Helper()
			return insertAt(t, db, minute, func(c *store.Case) { c.Keys = keys })
		}
		with(1, app, contoso) // too old
		both := with(5, app, contoso)
		policy := store.Key{Kind: store.KeyPolicy, Value: "p1"}
		domain := with(6, contoso, policy)
		older, newer := with(7, app), with(8, app)
		none := with(9)
		insertAt(t, db, 10, func(c *store.Case) { c.Keys, c.Primary = []store.Key{app, contoso}, 50034 })
		insertAt(t, db, 11, func(c *store.Case) { c.Keys, c.Team = []store.Key{app, contoso}, "T2" })
		self := with(12, app, contoso)
		fixed(t, db, older, "U1", "no-method", "")
		fixed(t, db, none, "U1", "", "They registered a method")
		must(t, db.Store().SetAutoSolved(t.Context(), newer)) // solved, and nobody knows by what

		query := store.EarlierQuery{Team: "T1", Code: 50076, Keys: []store.Key{contoso, app}, Before: self, Since: at(5), Most: 9}
		ask := func(change func(*store.EarlierQuery)) (got []int64, list []store.EarlierCase, n int) {
			t.Helper()
			q := query
			change(&q)
			list, n, err := db.Store().Earlier(t.Context(), q)
			must(t, err)
			for _, c := range list {
				got = append(got, c.ID)
			}
			return got, list, n
		}
		for _, tt := range []struct {
			name   string
			change func(*store.EarlierQuery)
			want   []int64
			n      int
		}{
			{"all", func(*store.EarlierQuery) {}, []int64{both, newer, older, domain, none}, 5},
			{"the best two", func(q *store.EarlierQuery) { q.Most = 2 }, []int64{both, newer}, 5},
			{"without keys the newest", func(q *store.EarlierQuery) { q.Keys = nil }, []int64{none, newer, older, domain, both}, 5},
			{"those that were fixed", func(q *store.EarlierQuery) { q.Fixed = true }, []int64{older, none}, 2},
			{"of a code that nobody had", func(q *store.EarlierQuery) { q.Code = 1 }, nil, 0},
		} {
			got, _, n := ask(tt.change)
			if diff := cmp.Diff(tt.want, got); n != tt.n || diff != "" {
				t.Errorf("%s: %d in all, %s", tt.name, n, diff)
			}
		}
		_, list, _ := ask(func(*store.EarlierQuery) {})
		for i, want := range [][]store.Key{{app, contoso}, {app}, {app}, {contoso}, nil} {
			if diff := cmp.Diff(want, list[i].Shared); diff != "" {
				t.Errorf("case %d: %s", i, diff)
			}
		}
		for i, want := range []bool{false, false, true, false, true} {
			if list[i].HasFix() != want {
				t.Errorf("case %d has a fix: %v", i, !want)
			}
		}
	})
}

func TestFiguresOfAPeriod(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		policy := store.Key{Kind: store.KeyPolicy, Value: "p1"}
		add := func(minute, code int, author, subject string, keys ...store.Key) int64 {
			t.Helper()
			return insertAt(t, db, minute, func(c *store.Case) { c.Primary, c.Author, c.Subject, c.Keys = code, author, subject, keys })
		}
		add(1, 50076, "U1", "", app) // before the period
		self := add(10, 50076, "U1", "bob@contoso.com", app, policy)
		log := add(11, 50076, "U1", "", app, contoso)
		agent := add(12, 50034, "U2", "", app, policy)
		bot := add(13, 50076, "", "ann@contoso.com", store.Key{Kind: store.KeyApp, Value: "other"})
		handed := add(14, 50105, "U3", "")
		back := add(15, 50105, "U3", "")
		open := add(16, 50076, "U4", "")
		insertAt(t, db, 17, func(c *store.Case) { c.Primary, c.Author, c.ReplyTS = 50034, "U4", "" }) // not answered
		expired := add(18, 50076, "U5", "")
		add(20, 50076, "U1", "", app) // after it

		fixed(t, db, self, "U1", "no-method", "They had no method")
		fixed(t, db, bot, "U9", "no-method", "Bob had no method")
		must(t, st.SetAutoSolved(ctx, log))
		fixed(t, db, agent, "U9", "", " Typed  the name wrong")
		must(t, second(st.SetOutcome(ctx, handed, store.HandedOver, "U3")), second(st.SetOutcome(ctx, back, store.HandedOver, "U3")))
		fixed(t, db, back, "U3", "", "")
		exec(t, db, `UPDATE cases SET state = 'expired' WHERE id = $1`, expired)
		// Answers that took 30, 30, 30, 30, 30, 60 and 90 s would hide a wrong median: spread them.
		for i, id := range []int64{self, log, agent, bot, handed, back} {
			exec(t, db, `UPDATE cases SET answered_at = created + $2 WHERE id = $1`, id, int64(1000*(i+1)*(i+1)))
		}
		exec(t, db, `UPDATE cases SET answered_at = 0 WHERE id = $1`, open) // of an older Signpost

		got, err := st.Figures(ctx, at(10), at(20), 2)
		must(t, err)
		want := store.Figures{
			Cases: 8, People: 5, // bob, ann, U2, U3 and U4: U1 is bob
			Answered: 7, SolvedAlone: 2, SolvedByPeople: 3, HandedOver: 1, Open: 1,
			FirstAnswer: 12500 * time.Millisecond,
			Codes:       []store.CodeCount{{Code: 50076, Cases: 4, People: 3}, {Code: 50034, Cases: 2, People: 2}},
			Apps:        []store.KeyCount{{Key: app, Cases: 3}, {Key: store.Key{Kind: store.KeyApp, Value: "other"}, Cases: 1}},
			Policies:    []store.KeyCount{{Key: policy, Cases: 2}},
			Fixes: []store.FixCount{{Code: 50076, Cause: "no-method", Words: "Bob had no method", Cases: 2},
				{Code: 50034, Words: "Typed  the name wrong", Cases: 1}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if got, err := st.Figures(ctx, at(30), at(40), 9); err != nil || cmp.Diff(store.Figures{}, got) != "" {
			t.Errorf("of no case: %+v, %v", got, err)
		}
	})
}

func TestTheSameWordsAreOneFix(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		for i, words := range []string{"Reset MFA", "reset  mfa ", "Something else", "RESET MFA"} {
			fixed(t, db, insertAt(t, db, i, nil), "U1", "", words)
		}
		fixed(t, db, insertAt(t, db, 9, func(c *store.Case) { c.Primary = 50034 }), "U1", "", "Reset MFA")
		f, err := db.Store().Figures(t.Context(), at(0), at(59), 9)
		want := []store.FixCount{{Code: 50076, Words: "RESET MFA", Cases: 3},
			{Code: 50034, Words: "Reset MFA", Cases: 1}, {Code: 50076, Words: "Something else", Cases: 1}}
		if diff := cmp.Diff(want, f.Fixes); err != nil || diff != "" {
			t.Errorf("%v, %s", err, diff)
		}
	})
}
