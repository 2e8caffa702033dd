package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

// dump is everything that the store's tables hold, as text.
func dump(t *testing.T, db *jobs.DB) string {
	t.Helper()
	var b bytes.Buffer
	for _, table := range []string{"cases", "case_codes", "case_keys", "feedback", "audit", "cursors", "incidents", "homes"} {
		rows, err := db.SQL().Query(`SELECT * FROM ` + table)
		must(t, err)
		columns, err := rows.Columns()
		must(t, err)
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			must(t, rows.Scan(values...))
			b.WriteString(table)
			for i, v := range values {
				fmt.Fprintf(&b, " %s=%v", columns[i], *v.(*any))
			}
			b.WriteString("\n")
		}
		must(t, rows.Err(), rows.Close())
	}
	return b.String()
}

func TestErasedPersonIsNowhereLeft(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		add := func(minute int, change func(*store.Case)) int64 {
			t.Helper()
			return insertAt(t, db, minute, func(c *store.Case) {
				c.Author, c.Permalink, c.Keys = "U0AGENT", "https://contoso.slack.com/x", []store.Key{contoso}
				change(c)
			})
		}
		wrote := add(1, func(c *store.Case) { c.Author = "U0BOB" })
		about := add(2, func(c *store.Case) { c.Subject = "Bob.Müller@contoso.com" })
		named := add(3, func(c *store.Case) { c.Errors = []byte(`[{"code":50034,"user":"BOB.MÜLLER@contoso.com"}]`) })
		silent := add(4, func(c *store.Case) { c.Author, c.ReplyTS = "U0BOB", "" })
		under := add(5, func(c *store.Case) { c.Author, c.ReplyTS = "U0BOB", "" })
		must(t, second(st.ClaimPost(ctx, under)))
		likeHim := add(6, func(c *store.Case) {
			c.Subject = "jbob.müller@contoso.com"
			c.Errors = []byte(`[{"user":"jbob.müller@contoso.com"},{"user":"bob.müller@contoso.com.au"},{"user":"x.bob.müller@contoso.com"}]`)
		})
		helped := add(7, func(c *store.Case) { c.Subject = "ann@contoso.com" })
		told := add(8, func(*store.Case) {})

		fixed(t, db, wrote, "U0AGENT", "no-method", "bob.müller@contoso.com had none")
		fixed(t, db, helped, "U0BOB", "no-method", "None was registered")
		fixed(t, db, told, "U0AGENT", "", "It was <@U0BOB>'s phone.")
		for _, f := range []store.Feedback{
			{Case: helped, User: "U0BOB"}, {Case: wrote, User: "U0BOB"}, {Case: about, User: "U0AGENT"}, {Case: helped, User: "U0AGENT"},
		} {
			f.Code = 50076
			must(t, st.SetFeedback(ctx, f))
		}
		must(t, st.SetHome(ctx, store.HomeView{User: "U0BOB", Team: "T1"}), st.SetHome(ctx, store.HomeView{User: "U0AGENT", Team: "T1"}))
		for _, subject := range []string{"bob.müller@contoso.com", "BOB.MÜLLER@CONTOSO.COM", "jbob.müller@contoso.com"} {
			must(t, st.Audit(ctx, store.Entry{Asker: "U0AGENT", Subject: subject, Place: "C1", Why: "AADSTS50076"}))
		}
		i, _, err := st.OpenIncident(ctx, storm("one"))
		must(t, err, second(st.CountInto(ctx, i.ID, wrote, helped)))

		got, err := st.Erase(ctx, " ", "u0bob", "bob.müller@Contoso.com")
		must(t, err)
		reply := func(id int64, minute int) store.Reply {
			return store.Reply{CaseID: id, Team: "T1", Channel: "C1", TS: fmt.Sprintf("1700000%03d.900000", minute)}
		}
		want := store.Erased{Cases: 5, Audit: 2, Feedback: 2, Replies: []store.Reply{reply(wrote, 1), reply(about, 2), reply(named, 3)}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		left := strings.ToLower(dump(t, db))
		others := strings.NewReplacer("jbob.", "", "x.bob.", "", "bob.müller@contoso.com.au", "")
		if strings.Contains(left, "u0bob") || strings.Contains(others.Replace(left), "bob.") {
			t.Errorf("something is left:\n%s", left)
		}
		for _, id := range []int64{wrote, about, named, under} {
			c, err := st.Case(ctx, id)
			if err != nil || c.State != store.Expired || c.Author != "" || c.Permalink != "" ||
				c.Codes != nil || c.Keys != nil || c.Outcome != "" || c.Incident != 0 {
				t.Errorf("%+v, %v", c, err)
			}
		}
		if _, err := st.Case(ctx, silent); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a case without an answer: %v", err)
		}
		if c, err := st.Case(ctx, likeHim); err != nil || c.Subject != "jbob.müller@contoso.com" {
			t.Errorf("somebody with a similar name was erased: %+v, %v", c, err)
		}
		if c, err := st.Case(ctx, helped); err != nil || c.OutcomeBy != store.ErasedPerson || c.Fixed == "" || c.Subject != "ann@contoso.com" {
			t.Errorf("whom he helped: %+v, %v", c, err)
		}
		if c, err := st.Case(ctx, told); err != nil || c.Fixed != "" || c.Outcome != store.Solved {
			t.Errorf("%+v, %v", c, err)
		}
		var subjects []string
		for e, err := range st.AuditEntries(ctx, store.Filter{}) {
			must(t, err)
			if e.Asker != "U0AGENT" || e.Why != "AADSTS50076" {
				t.Errorf("the entry itself changed: %+v", e)
			}
			subjects = append(subjects, e.Subject)
		}
		if diff := cmp.Diff([]string{"erased", "erased", "jbob.müller@contoso.com"}, subjects); diff != "" {
			t.Error(diff)
		}
		if homes, err := st.Homes(ctx, at(0)); err != nil || len(homes) != 1 || homes[0].User != "U0AGENT" {
			t.Errorf("%v, %v", homes, err)
		}

		// What is not confirmed, and an answer that was under way, come with the next Purge.
		must(t, st.Purged(ctx, wrote), st.SetReply(ctx, under, "1700000005.900000"))
		replies, err := st.Purge(ctx, at(0))
		if diff := cmp.Diff([]store.Reply{reply(about, 2), reply(named, 3), reply(under, 5)}, replies); err != nil || diff != "" {
			t.Errorf("%v, %s", err, diff)
		}
		again, err := st.Erase(ctx, "U0BOB", "bob.müller@contoso.com")
		if err != nil || cmp.Diff(store.Erased{}, again) != "" {
			t.Errorf("again: %+v, %v", again, err)
		}
	})
}

func TestNobodyIsErasedByNoName(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		id := insertAt(t, db, 1, func(c *store.Case) { c.Author = "" })
		for _, who := range [][]string{nil, {""}, {" ", "\x00"}} {
			if _, err := db.Store().Erase(t.Context(), who...); err == nil {
				t.Errorf("%q: no error", who)
			}
		}
		if c, err := db.Store().Case(t.Context(), id); err != nil || c.State == store.Expired {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestPurgeLeavesNothingOfTheDesk(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		marks := []string{"U0BOB", "bob@contoso.com", "contoso.com", "no-method", "his phone"}
		old := hit(t, db, 1, "U0BOB", "bob@contoso.com")
		fixed(t, db, old, "U0BOB", "no-method", "his phone")
		must(t, st.SetFeedback(ctx, store.Feedback{Case: old, Code: 50076, User: "U0BOB", At: at(20)})) // given late
		must(t, st.SetHome(ctx, store.HomeView{User: "U0BOB", Team: "T1", Opened: at(1)}))
		must(t, st.SetHome(ctx, store.HomeView{User: "U0ANN", Team: "T1", Opened: at(20)}))
		i, _, err := st.OpenIncident(ctx, storm("one"))
		must(t, err, second(st.CountInto(ctx, i.ID, old)), second(st.EndIncident(ctx, i.ID, at(2))))
		if text := dump(t, db); !containsAll(text, marks) {
			t.Fatalf("not all of %v was there:\n%s", marks, text)
		}
		replies, err := st.Purge(ctx, at(10))
		if err != nil || len(replies) != 1 || replies[0].CaseID != old {
			t.Fatalf("%v, %v", replies, err)
		}
		text := dump(t, db)
		for _, mark := range marks {
			if strings.Contains(text, mark) {
				t.Errorf("%s is left:\n%s", mark, text)
			}
		}
		if !strings.Contains(text, "U0ANN") {
			t.Error("a young home view is gone")
		}
		young := hit(t, db, 20, "U0ANN", "ann@contoso.com")
		fixed(t, db, young, "U0ANN", "no-method", "")
		must(t, st.SetFeedback(ctx, store.Feedback{Case: young, Code: 50076, User: "U0ANN", At: at(20)}))
		active, _, err := st.OpenIncident(ctx, storm("two"))
		must(t, err, second(st.CountInto(ctx, active.ID, young)))
		ended := storm("three")
		ended.Value = "fabrikam.com"
		late, _, err := st.OpenIncident(ctx, ended)
		must(t, err, second(st.EndIncident(ctx, late.ID, at(20))))
		before := dump(t, db)
		must(t, second(st.Purge(ctx, at(10))))
		if diff := cmp.Diff(before, dump(t, db)); diff != "" {
			t.Errorf("what is young was touched: %s", diff)
		}
	})
}

func containsAll(text string, marks []string) bool {
	for _, m := range marks {
		if !strings.Contains(text, m) {
			return false
		}
	}
	return true
}
