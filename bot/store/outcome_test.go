package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

// insertAt adds the paste of a minute, changed, at that minute. A reply is
// posted half a minute later unless the case is changed to have none.
func insertAt(t *testing.T, db *jobs.DB, minute int, change func(*store.Case)) int64 {
	t.Helper()
	st := db.Store()
	c := paste(minute)
	c.ReplyTS = fmt.Sprintf("1700000%03d.900000", minute)
	if change != nil {
		change(&c)
	}
	st.Now = func() time.Time { return at(minute) }
	id := insert(t, db, c)
	if c.ReplyTS != "" {
		st.Now = func() time.Time { return at(minute).Add(30 * time.Second) }
		if err := st.SetReply(t.Context(), id, c.ReplyTS); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

// must fails the test on any of the errors.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// ids are those of the cases, in order.
func ids(cases []store.Case) []int64 {
	var all []int64
	for _, c := range cases {
		all = append(all, c.ID)
	}
	return all
}

func TestFirstAnswerIsStampedOnce(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st := db.Store()
		id := insertAt(t, db, 1, nil)
		st.Now = func() time.Time { return at(9) }
		must(t, st.SetReply(t.Context(), id, "1700000009.000000"))
		c, err := st.Case(t.Context(), id)
		if err != nil || !c.AnsweredAt.Equal(at(1).Add(30*time.Second)) || c.ReplyTS != "1700000009.000000" || !c.Updated.Equal(at(9)) {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestHowACaseWasOpenedAndWhatItNamesComesBack(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		many := []store.Key{{Kind: store.KeyDomain, Value: " Contoso.COM\x00"}, {Kind: store.KeyDomain, Value: "contoso.com"}, {Kind: store.KeyApp, Value: ""},
			{Kind: "", Value: "x"}, {Kind: store.KeyDomain, Value: strings.Repeat("a", 9000)}, {Kind: store.KeyApp, Value: "A1"}}
		for i := range 100 {
			many = append(many, store.Key{Kind: store.KeyPolicy, Value: fmt.Sprintf("p%02d", i)})
		}
		id := insertAt(t, db, 1, func(c *store.Case) { c.FromForm, c.Keys = true, many })
		c, err := st.Case(ctx, id)
		must(t, err)
		if !c.FromForm || len(c.Keys) != 20 || c.Keys[0] != (store.Key{Kind: "app", Value: "a1"}) ||
			c.Keys[1] != (store.Key{Kind: "domain", Value: "contoso.com"}) {
			t.Errorf("%v, %v", c.FromForm, c.Keys)
		}
		inTx(t, db.SQL(), func(tx store.Tx) error {
			edit := paste(1)
			edit.Errors, edit.Keys = []byte(`[{"code":50079}]`), []store.Key{{Kind: store.KeyApp, Value: "b2"}}
			_, _, _, err := st.UpdateErrors(ctx, tx, edit)
			return err
		})
		must(t, st.AddKeys(ctx, id, store.Key{Kind: store.KeyDomain, Value: "fabrikam.com"}, store.Key{Kind: store.KeyApp, Value: "B2"}))
		want := []store.Key{{Kind: "app", Value: "b2"}, {Kind: "domain", Value: "fabrikam.com"}}
		if c, err = st.Case(ctx, id); err != nil || cmp.Diff(want, c.Keys) != "" {
			t.Errorf("after an edit: %v, %v", c.Keys, err)
		}
		if err := st.AddKeys(ctx, 4711, want...); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no such case: %v", err)
		}
	})
}

func TestACaseEndsOnce(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		steps := []struct {
			outcome store.Outcome
			moved   bool
		}{
			{store.HandedOver, true}, {store.HandedOver, false}, {store.Solved, true}, {store.Solved, false}, {store.HandedOver, false},
		}
		id := insertAt(t, db, 1, nil)
		for i, step := range steps {
			st.Now = func() time.Time { return at(10 + i) }
			moved, err := st.SetOutcome(ctx, id, step.outcome, fmt.Sprintf("U%d", i))
			if err != nil || moved != step.moved {
				t.Errorf("step %d: %v, %v", i, moved, err)
			}
		}
		c, err := st.Case(ctx, id)
		if err != nil || c.Outcome != store.Solved || c.OutcomeBy != "U2" || !c.OutcomeAt.Equal(at(12)) {
			t.Errorf("%+v, %v", c, err)
		}
		must(t, st.SetAutoSolved(ctx, id))
		if c, err = st.Case(ctx, id); err != nil || c.OutcomeBy != "U2" {
			t.Errorf("a later success took it from who solved it: %q, %v", c.OutcomeBy, err)
		}
		alone := insertAt(t, db, 2, nil)
		must(t, st.SetAutoSolved(ctx, alone))
		if c, err = st.Case(ctx, alone); err != nil || c.Outcome != store.Solved || c.OutcomeBy != "" || c.OutcomeAt.IsZero() {
			t.Errorf("solved by nobody: %+v, %v", c, err)
		}
		if _, err := st.SetOutcome(ctx, alone, "mended", "U1"); err == nil {
			t.Error("an unknown outcome was taken")
		}
		for name, err := range map[string]error{
			"SetOutcome":    second(st.SetOutcome(ctx, 4711, store.Solved, "U1")),
			"SetAutoSolved": st.SetAutoSolved(ctx, 4711),
			"SetFixed":      st.SetFixed(ctx, 4711, "", "x"),
			"SetFeedback":   st.SetFeedback(ctx, store.Feedback{Case: 4711, Code: 1, User: "U1"}),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestOfManyWhoEndACaseOneDoes(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		id := insertAt(t, db, 1, nil)
		var (
			wg                   sync.WaitGroup
			handed, solved, none atomic.Int32
		)
		for i := range 40 {
			wg.Go(func() {
				outcome, won := store.HandedOver, &handed
				if i%2 == 0 {
					outcome, won = store.Solved, &solved
				}
				moved, err := db.Store().SetOutcome(context.Background(), id, outcome, "U1")
				if err != nil {
					t.Error(err)
				}
				if !moved {
					won = &none
				}
				won.Add(1)
			})
		}
		wg.Wait()
		if solved.Load() != 1 || handed.Load() > 1 {
			t.Errorf("solved %d times, handed over %d times", solved.Load(), handed.Load())
		}
	})
}

func TestWhatFixedACase(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		id := insertAt(t, db, 1, nil)
		if err := st.SetFixed(ctx, id, "", "too early"); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("of an open case: %v", err)
		}
		_, err := st.SetOutcome(ctx, id, store.Solved, "U1")
		must(t, err)
		if c, err := st.Case(ctx, id); err != nil || c.HasFix() {
			t.Errorf("solved, nobody knows how: %+v, %v", c, err)
		}
		must(t, st.SetFixed(ctx, id, "no-method", "They registered a method"))
		must(t, st.SetFixed(ctx, id, "", "  "+strings.Repeat("ö", 299)+"\x00 tail\xff"))
		c, err := st.Case(ctx, id)
		must(t, err)
		if !c.HasFix() || c.FixedCause != "" || utf8.RuneCountInString(c.Fixed) != 300 || !strings.HasSuffix(c.Fixed, "ö…") {
			t.Errorf("the last note: %q, %q", c.FixedCause, c.Fixed)
		}
	})
}

func TestOpenCasesAreAnsweredAndHaveNoOutcome(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		old := insertAt(t, db, 1, nil)
		first := insertAt(t, db, 3, nil)
		insertAt(t, db, 4, func(c *store.Case) { c.ReplyTS = "" }) // not answered
		solved, handed := insertAt(t, db, 5, nil), insertAt(t, db, 6, nil)
		must(t, st.SetAutoSolved(ctx, solved), second(st.SetOutcome(ctx, handed, store.HandedOver, "U1")))
		last := insertAt(t, db, 7, nil)
		for _, tt := range []struct {
			name        string
			since, most int
			want        []int64
			n           int
		}{
			{"all", 0, 9, []int64{last, first, old}, 3},
			{"since", 3, 9, []int64{last, first}, 2},
			{"the newest", 0, 1, []int64{last}, 3},
			{"none", 8, 9, nil, 0},
		} {
			list, n, err := st.OpenCases(ctx, at(tt.since), tt.most)
			if err != nil || n != tt.n || cmp.Diff(tt.want, ids(list)) != "" {
				t.Errorf("%s: %v of %d, %v", tt.name, ids(list), n, err)
			}
		}
		_, err := st.Purge(ctx, at(2))
		must(t, err)
		if list, n, err := st.OpenCases(ctx, at(0), 9); err != nil || n != 2 || len(list) != 2 {
			t.Errorf("an expired case is open: %v of %d, %v", ids(list), n, err)
		}
	})
}

func TestAnExpiredCaseTakesNothingBack(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		id := insertAt(t, db, 1, nil)
		_, err := st.Purge(ctx, at(2))
		must(t, err)
		before, err := st.Case(ctx, id)
		must(t, err)
		must(t, st.SetSubject(ctx, id, "bob@contoso.com"), st.SetState(ctx, id, store.Final))
		must(t, st.SetPermalink(ctx, id, "https://x"), st.SetSignInUntil(ctx, id, at(9)))
		if moved, err := st.SetOutcome(ctx, id, store.Solved, "U1"); err != nil || moved {
			t.Errorf("ended: %v, %v", moved, err)
		}
		for name, err := range map[string]error{
			"AddKeys":     st.AddKeys(ctx, id, store.Key{Kind: store.KeyDomain, Value: "contoso.com"}),
			"SetFixed":    st.SetFixed(ctx, id, "", "bob did it"),
			"SetFeedback": st.SetFeedback(ctx, store.Feedback{Case: id, Code: 1, User: "U1"}),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		after, err := st.Case(ctx, id)
		must(t, err)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFeedbackIsOnePerPersonAndCase(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		say := func(minute int, id int64, code int, user string, helpful bool) {
			t.Helper()
			must(t, st.SetFeedback(ctx, store.Feedback{Case: id, Code: code, User: user, Helpful: helpful, At: at(minute)}))
		}
		a, b, c := insertAt(t, db, 1, nil), insertAt(t, db, 2, nil), insertAt(t, db, 3, nil)
		say(4, a, 50076, "U1", false)
		say(5, a, 50076, "U1", true) // thought better of it
		say(5, a, 50076, "U2", true)
		say(6, b, 50034, "U1", false)
		say(7, c, 50105, "U1", true)
		say(7, c, 50105, "U2", false)
		say(8, b, 50034, "U2", false)
		for _, tt := range []struct {
			name        string
			since, most int
			want        []store.CodeFeedback
		}{
			{"worst first", 0, 9, []store.CodeFeedback{{Code: 50034, Unhelpful: 2}, {Code: 50105, Helpful: 1, Unhelpful: 1}}},
			{"the worst", 0, 1, []store.CodeFeedback{{Code: 50034, Unhelpful: 2}}},
			{"since", 8, 9, []store.CodeFeedback{{Code: 50034, Unhelpful: 1}}},
			{"none", 9, 9, nil},
		} {
			got, err := st.BadFeedback(ctx, at(tt.since), tt.most)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("%s: %v, %s", tt.name, err, diff)
			}
		}
		f, err := st.Figures(ctx, at(0), at(8), 9)
		want := []store.CodeFeedback{{Code: 50105, Helpful: 1, Unhelpful: 1}, {Code: 50034, Unhelpful: 1}, {Code: 50076, Helpful: 2}}
		if diff := cmp.Diff(want, f.Feedback); err != nil || diff != "" {
			t.Errorf("of a period: %v, %s", err, diff)
		}
	})
}

func TestHomesAreTheLatestViewOfEachPerson(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		for _, h := range []store.HomeView{
			{User: "U1", Team: "T1", Opened: at(1), Digest: "a"},
			{User: "U2", Team: "T1", Opened: at(2), Digest: "b"},
			{User: "U1", Team: "T1", Opened: at(3), Digest: "c"},
			{User: "U1", Team: "T2", Opened: at(2), Digest: "d"},
		} {
			must(t, st.SetHome(ctx, h))
		}
		all := []store.HomeView{{User: "U1", Team: "T1", Opened: at(3), Digest: "c"}, {User: "U2", Team: "T1", Opened: at(2), Digest: "b"},
			{User: "U1", Team: "T2", Opened: at(2), Digest: "d"}}
		for since, want := range map[int][]store.HomeView{0: all, 3: all[:1], 4: nil} {
			got, err := st.Homes(ctx, at(since))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("since %d: %v, %s", since, err, diff)
			}
		}
	})
}
