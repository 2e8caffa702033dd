package bot

import (
	"context"
	"strings"
	"testing"
	"time"

	"signpost/graph/facts"
	"signpost/handlers"
)

// watching is a look that was queued.
type watching struct {
	by  string
	try int
	at  time.Time
}

// recents is a tenant whose log holds a success from a moment on.
type recents struct {
	now     func() time.Time
	success time.Time
	state   facts.State // "" seen
}

func (r recents) Collect(_ context.Context, q facts.Query) facts.Report {
	report := facts.Report{Subject: facts.Subject{User: "alice@contoso.com", Domain: "contoso.com", From: facts.FromReporter}}
	if r.state != "" {
		report.Recent = facts.Unread[facts.Recent](r.state, "the log may not be read")
		return report
	}
	v := facts.Recent{Since: r.now().Add(-time.Hour), Failures: 1}
	if !r.success.IsZero() && !r.now().Before(r.success) {
		v.Healed, v.HealedAt = true, &r.success
	}
	report.Recent = facts.See(r.now(), v)
	return report
}

func TestAfterSolvedTheSuccessIsWatchedFor(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 24, 16, 6, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		success time.Duration // after the fix; 0 never
		state   facts.State
		by      string // who pressed Solved; "" a fix is only expected
		looks   int
		want    string // in the thread; "" nothing
	}{
		"it comes before the first look": {2 * time.Minute, "", "U0ALICE", 1, "Confirmed: alice@contoso.com signed in"},
		"it comes before the third look": {20 * time.Minute, "", "U0ALICE", 3, "Confirmed: alice@contoso.com signed in"},
		"it never comes":                 {0, "", "U0ALICE", 4, "No successful sign-in has been seen"},
		"the log may not be read":        {0, facts.NotPermitted, "U0ALICE", 4, "could not be checked: the log may not be read"},
		"a fix is expected, and comes":   {20 * time.Minute, "", "", 3, "Confirmed: alice@contoso.com signed in"},
		"a fix is expected in vain":      {0, "", "", 4, ""},
	} {
		t.Run(name, func(t *testing.T) {
			now := start
			fake, w, queue, _ := newWorker(t, &directory{}, func() time.Time { return now })
			id, ts := openCase(t, fake, queue, paste50076)
			if err := w.Answer(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			tenant := recents{now: w.Now, state: row.state}
			if row.success != 0 {
				tenant.success = start.Add(row.success)
			}
			w.Desk.Tenant = tenant
			var queued []watching
			w.Watch = func(_ context.Context, _ int64, by string, try int, at time.Time) error {
				queued = append(queued, watching{by, try, at})
				return nil
			}
			c, q, err := w.open(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			until, err := w.watch(t.Context(), c, q, row.by)
			if err != nil || !until.Equal(start.Add(time.Hour)) {
				t.Fatalf("watched until %s, %v", until, err)
			}
			looks := 0
			for ; len(queued) > 0; looks++ {
				next := queued[0]
				queued = queued[1:]
				if now = next.at; next.try != looks || !now.Equal(start.Add(watchAfter[looks])) || next.by != row.by {
					t.Errorf("look %d is %+v", looks, next)
				}
				for range 2 { // a look may be made twice
					if err := w.Watched(t.Context(), id, next.by, next.try); err != nil {
						t.Fatal(err)
					}
					queued = queued[:min(len(queued), 1)]
				}
			}
			thread := fake.Thread(privateChannel, ts)
			switch {
			case looks != row.looks:
				t.Errorf("%d looks, want %d", looks, row.looks)
			case row.want == "" && len(thread) != 2:
				t.Errorf("the thread has %d messages", len(thread))
			case row.want != "" && (len(thread) != 3 || !strings.Contains(thread[2].Text, row.want)):
				t.Errorf("%d messages, the last says %q", len(thread), thread[len(thread)-1].Text)
			}
		})
	}
}

func TestWhereTheThreadMayNotHoldItOnlyWhoMayKnowIsTold(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		by   string
		told bool
	}{
		"the affected person": {"U0ALICE", true},
		"somebody else":       {"U0BOB", false},
		"nobody asked":        {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
			w.Gate = handlers.NewGate(w.Thread.Slack, handlers.Policy{Channels: map[string]handlers.Details{privateChannel: handlers.Agents}})
			id, ts := openCase(t, fake, queue, paste50076)
			if err := w.Answer(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			w.Desk.Tenant = recents{now: time.Now, success: time.Now().Add(-time.Minute)}
			if err := w.Watched(t.Context(), id, row.by, 0); err != nil {
				t.Fatal(err)
			}
			if n := len(fake.Thread(privateChannel, ts)); n != 2 {
				t.Errorf("the thread has %d messages", n)
			}
			told := false
			for _, user := range []string{"U0ALICE", "U0BOB"} {
				for _, e := range fake.Ephemerals(user) {
					told = told || strings.Contains(e.Text, "Confirmed")
				}
			}
			if told != row.told {
				t.Errorf("told: %v", told)
			}
		})
	}
}

func TestCasesCountPeople(t *testing.T) {
	t.Parallel()
	fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
	for range 3 {
		openCase(t, fake, queue, paste50076)
	}
	id, _ := openCase(t, fake, queue, paste50076)
	if err := w.Store.SetSubject(t.Context(), id, "bob@contoso.com"); err != nil {
		t.Fatal(err)
	}
	f := w.Cases(t.Context(), 50076)
	if !f.OK() || f.Value.Code != 4 || f.Value.People != 2 || f.Value.Last == nil {
		t.Errorf("%+v", f.Value)
	}
	if f := w.Cases(t.Context(), 50126); !f.OK() || f.Value.Code != 0 {
		t.Errorf("%+v", f.Value)
	}
}
