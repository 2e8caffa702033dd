package bot

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"signpost/bot/jobs"
	"signpost/bot/slackfake"
	"signpost/bot/store"
)

// reporter is the reports of a tempest's bot.
func (h *tempest) reporter(c ReportConfig) *Reports {
	c.Channel = stormChannel
	return &Reports{Store: h.Store, Thread: h.Thread, Gate: h.Gate, Book: h.Desk.Book, Config: c, Kept: 30, Log: slog.New(slog.DiscardHandler), Now: h.time}
}

// week is a week of cases: three of an app, of which two are solved, and one of a code without a runbook.
func (h *tempest) week() {
	h.t.Helper()
	ctx := h.t.Context()
	for n, author := range []string{"U0ALICE", "U0BOB", "U0CAROL"} {
		id, _ := h.paste(publicChannel, author, unassigned(fmt.Sprintf("p%d@contoso.com", n), stormApp))
		h.pass(time.Hour)
		if n == 2 {
			continue
		}
		by := "U0ALICE" // of the second, an agent
		if _, err := h.Store.SetOutcome(ctx, id, store.Solved, by); err != nil {
			h.t.Fatal(err)
		}
		if err := h.Store.SetFixed(ctx, id, "", "Added to the group by carol@contoso.com"); err != nil {
			h.t.Fatal(err)
		}
		if err := h.Store.SetFeedback(ctx, store.Feedback{Case: id, Code: 50105, User: author, Helpful: n == 0}); err != nil {
			h.t.Fatal(err)
		}
	}
	h.paste(publicChannel, "U0DAVE", "AADSTS99999991 what is this")
}

func TestReportCommand(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for n, author := range []string{"U0ALICE", "U0BOB"} {
		h.answer(publicChannel, h.Post(publicChannel, author, unassigned(fmt.Sprintf("p%d@contoso.com", n), stormApp)), "AADSTS50105")
	}
	h.answer(publicChannel, h.Post(publicChannel, "U0DAVE", "AADSTS99999991 what is this"), "AADSTS99999991")
	db, err := jobs.OpenBeside(t.Context(), h.dbURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	recent, err := db.Store().RecentCases(t.Context(), 50105, time.Now().Add(-time.Hour))
	if err != nil || len(recent) != 2 {
		t.Fatalf("%d cases, %v", len(recent), err)
	}
	for _, c := range recent { // Alice ended hers herself, and Bob's as an agent
		if _, err := db.Store().SetOutcome(t.Context(), c.ID, store.Solved, "U0ALICE"); err != nil {
			t.Fatal(err)
		}
		if err := db.Store().SetFixed(t.Context(), c.ID, "", "Added to the group by carol@contoso.com"); err != nil {
			t.Fatal(err)
		}
		if err := db.Store().SetFeedback(t.Context(), store.Feedback{Case: c.ID, Code: 50105, User: c.Author, Helpful: c.Author == "U0BOB"}); err != nil {
			t.Fatal(err)
		}
	}
	for name, row := range map[string]struct {
		user, text string
		want       []string
	}{
		"an agent": {"U0ALICE", "report", []string{
			"3 cases of 3 people, 3 of them answered", "Solved without another person: 1 (33 %)", "with somebody's help: 1", "AADSTS50105 (", "2 cases", stormApp,
			"Added to the group by (somebody) (2 cases)", "AADSTS99999991: has no runbook", "found not helpful once",
		}},
		"another agent, a number of days": {"U0CAROL", "Report 1 day", []string{"3 cases"}},
		"who is no agent":                 {"U0BOB", "report", []string{"Only agents"}},
		"a guest":                         {"U0GUEST", "report", []string{"Only agents"}},
	} {
		if _, err := h.Command(row.user, publicChannel, "/aadsts", row.text); err != nil {
			t.Fatal(err)
		}
		var all []slackfake.Message
		h.until(name, func(n *slackfake.Snapshot) bool {
			all = n.Ephemerals(row.user)
			return len(all) == 2 // the acknowledgement and the report, in either order
		})
		text := all[0].Text + "\n" + all[0].BlockText() + "\n" + all[1].Text + "\n" + all[1].BlockText()
		for _, want := range row.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the report lacks %q:\n%s", name, want, text)
			}
		}
		if strings.Contains(text, "@contoso.com") {
			t.Errorf("%s: the report names a person:\n%s", name, text)
		}
	}
}

func TestTheDaysOfAReport(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"report": 7, "report 30": 30, "Report 1 day": 1, "report 14 days": 14, "report 366": 366,
		"report 367": 0, "report 0": 0, "report -1": 0, "report soon": 0, "report 3 weeks": 0, "report 1 2": 0,
	} {
		if got, ok := daysAsked(text); ok != (want != 0) || ok && got != want {
			t.Errorf("%q: %d, %v", text, got, ok)
		}
	}
	if reportWord.MatchString("reporter@contoso.com") || !reportWord.MatchString("REPORT 3") {
		t.Error("what a question for a report is")
	}
}

func TestReportIsPostedOnceASlot(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newTempest(t, open())
		h.week() // a Tuesday
		r := h.reporter(ReportConfig{Schedule: "0 9 * * 1", Timezone: "UTC"})
		slot := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
		h.set(slot.Add(time.Second))
		h.fake.DropAnswer("chat.postMessage", 1) // posted, and the process dies
		if err := r.Post(t.Context(), slot); err == nil {
			t.Fatal("the receipt was not lost")
		}
		for range 3 {
			if err := r.Post(t.Context(), slot); err != nil {
				t.Fatal(err)
			}
		}
		reports := func() (all []slackfake.Message) {
			for _, m := range h.posts() {
				if strings.Contains(m.Text, "Sign-in errors,") {
					all = append(all, m)
				}
			}
			return all
		}
		if all := reports(); len(all) != 1 || !strings.Contains(all[0].Text, "23 November to 30 November 2026") || !strings.Contains(all[0].Text, "4 cases") {
			t.Fatalf("%d reports: %+v", len(all), all)
		}
		next := slot.AddDate(0, 0, 7)
		h.set(next)
		if err := r.Post(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		all := reports()
		if len(all) != 2 || !strings.Contains(all[1].Text, "No sign-in error was posted") || strings.Count(all[1].BlockText(), "\n") > 2 {
			t.Errorf("the quiet week: %s", all[len(all)-1].BlockText())
		}
	})
}

func TestAReportBeginsAtTheSlotBefore(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		schedule   string
		slot, want time.Time
	}{
		"each Monday":                    {"0 9 * * 1", time.Date(2026, 11, 30, 9, 0, 0, 0, berlin), time.Date(2026, 11, 23, 9, 0, 0, 0, berlin)},
		"each Monday, the clock changed": {"0 9 * * 1", time.Date(2026, 10, 26, 9, 0, 0, 0, berlin), time.Date(2026, 10, 19, 9, 0, 0, 0, berlin)},
		"a working day, of a Monday":     {"0 9 * * 1-5", time.Date(2026, 11, 30, 9, 0, 0, 0, berlin), time.Date(2026, 11, 27, 9, 0, 0, 0, berlin)},
		"a working day, of a Tuesday":    {"0 9 * * 1-5", time.Date(2026, 12, 1, 9, 0, 0, 0, berlin), time.Date(2026, 11, 30, 9, 0, 0, 0, berlin)},
		"each month":                     {"0 9 1 * *", time.Date(2026, 3, 1, 9, 0, 0, 0, berlin), time.Date(2026, 2, 1, 9, 0, 0, 0, berlin)},
		"a descriptor":                   {"@weekly", time.Date(2026, 11, 29, 0, 0, 0, 0, berlin), time.Date(2026, 11, 22, 0, 0, 0, 0, berlin)},
	} {
		r := Reports{Config: ReportConfig{Schedule: row.schedule}}
		if got, err := r.since(row.slot); err != nil || !got.Equal(row.want) {
			t.Errorf("%s: from %s, %v; want %s", name, got, err, row.want)
		}
	}
}

func TestOurPostsGoWithTheRetention(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		db := open()
		h := newTempest(t, db)
		for _, author := range []string{"U0ALICE", "U0BOB", "U0CAROL"} {
			h.paste(publicChannel, author, unassigned("", stormApp))
			h.pass(time.Minute)
		}
		h.work()
		h.pass(time.Hour)
		h.tick() // the storm is over: a post and a reply
		h.pass(time.Minute)
		if err := h.reporter(ReportConfig{Schedule: "@daily"}).Post(t.Context(), h.time()); err != nil {
			t.Fatal(err)
		}
		if n := len(h.fake.Messages(stormChannel)); n != 3 {
			t.Fatalf("%d posts, want an incident, its end, and a report", n)
		}
		out := NewOutlet(h.Thread.Slack, h.Gate, slog.New(slog.DiscardHandler))
		h.pass(29 * 24 * time.Hour)
		before := len(h.fake.Messages(stormChannel))
		if err := purge(t.Context(), db, out, h.time().AddDate(0, 0, -30)); err != nil {
			t.Fatal(err)
		}
		if n := len(h.fake.Messages(stormChannel)); n != before {
			t.Errorf("%d of %d posts are left while they are kept", n, before)
		}
		h.pass(2 * 24 * time.Hour)
		h.fake.Fail("chat.delete", 1, slackfake.Fault{Error: "internal_error"})
		if err := purge(t.Context(), db, out, h.time().AddDate(0, 0, -30)); err == nil {
			t.Error("a post that was not deleted is no error")
		}
		if err := purge(t.Context(), db, out, h.time().AddDate(0, 0, -30)); err != nil {
			t.Fatal(err)
		}
		for _, channel := range []string{stormChannel, publicChannel} {
			for _, m := range h.fake.Messages(channel) {
				if m.User == h.fake.App().UserID {
					t.Errorf("a post of ours is left in %s: %s", channel, m.Text)
				}
			}
		}
	})
}
