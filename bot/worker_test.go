package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"signpost/bot/jobs"
	"signpost/bot/slackfake"
	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
	"signpost/runbooks/aadsts"
)

// later is a late look that was queued.
type later struct {
	try int
	at  time.Time
}

// newWorker is a worker on the fake workspace whose late looks are run by the test instead of the queue.
func newWorker(t *testing.T, tenant *directory, now func() time.Time) (*slackfake.Server, *Worker, *jobs.Queue, *[]later) {
	t.Helper()
	fake := slackfake.New(slackfake.Contoso())
	t.Cleanup(fake.Close)
	book, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	db, err := jobs.Open(t.Context(), "sqlite::memory:", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	api := NewSlack(fake.BotToken(), "", fake.APIURL(), nil)
	policy := handlers.Policy{Channels: map[string]handlers.Details{privateChannel: handlers.Full}}
	gate := handlers.NewGate(api, policy)
	var queued []later
	w := &Worker{
		Thread: &Thread{Slack: api, Out: NewOutlet(api, gate, slog.New(slog.DiscardHandler)), Self: Identity{UserID: fake.App().UserID, BotID: fake.App().BotID}}, Gate: gate, Store: db.Store(),
		Desk: &handlers.Desk{Book: book, Tenant: tenant, Policy: policy, Now: now},
		Later: func(_ context.Context, _ int64, try int, at time.Time) error {
			queued = append(queued, later{try, at})
			return nil
		},
		Log: slog.New(slog.DiscardHandler), Now: now,
	}
	queue, err := jobs.New(db, jobs.Work{Answer: w.Answer, Late: w.Late}, jobs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return fake, w, queue, &queued
}

// openCase stores a case for a paste, as Dispatch does.
func openCase(t *testing.T, fake *slackfake.Server, queue *jobs.Queue, text string) (id int64, ts string) {
	t.Helper()
	ts = fake.Post(privateChannel, "U0ALICE", text)
	found, err := keep(aadsts.Find(text))
	if err != nil {
		t.Fatal(err)
	}
	id, _, err = queue.Open(t.Context(), store.Case{Team: "T0CONTOSO", Channel: privateChannel, MessageTS: ts, ThreadTS: ts, Author: "U0ALICE", Errors: found, Codes: []int{50076}, Primary: 50076})
	if err != nil {
		t.Fatal(err)
	}
	return id, ts
}

func TestTheSignInRowIsLookedForAgain(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 24, 16, 6, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		comesAt int // the look that finds the row; 9 never
		want    string
	}{
		"it comes with the second look": {2, "Sign-in: 2026-11-24 16:05 UTC"},
		"it never comes":                {9, "it was looked for until 2026-11-24 16:06 UTC"},
	} {
		t.Run(name, func(t *testing.T) {
			tenant := &directory{signIn: facts.Unread[facts.SignIn](facts.NotYet, "the log lags")}
			fake, w, queue, queued := newWorker(t, tenant, func() time.Time { return start })
			id, ts := openCase(t, fake, queue, paste50076)
			if err := w.Answer(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			text := fake.Thread(privateChannel, ts)[1].Text
			if !strings.Contains(text, "looked for until 2026-11-24 16:21 UTC") {
				t.Errorf("the answer does not say until when it looks:\n%s", text)
			}
			for try := 1; len(*queued) > 0; try++ {
				next := (*queued)[0]
				*queued = (*queued)[1:]
				if next.try != try || !next.at.Equal(start.Add(lateAfter[try-1])) {
					t.Errorf("look %d is queued as %d for %s", try, next.try, next.at)
				}
				if try == row.comesAt {
					tenant.signIn = facts.See(start, facts.SignIn{Time: start.Add(-time.Minute), Code: 50076, UPN: "alice@contoso.com"})
				}
				if err := w.Late(t.Context(), id, try); err != nil {
					t.Fatal(err)
				}
			}
			thread := fake.Thread(privateChannel, ts)
			if len(thread) != 2 || !strings.Contains(thread[1].Text, row.want) || strings.Contains(thread[1].Text, "16:21 UTC") {
				t.Errorf("%d messages; the answer says:\n%s", len(thread), thread[len(thread)-1].Text)
			}
			c, err := w.Store.Case(t.Context(), id)
			if err != nil || c.State != store.Final {
				t.Errorf("the case is %s, %v", c.State, err)
			}
		})
	}
}

func TestEveryLookUpOfAPersonIsAudited(t *testing.T) {
	t.Parallel()
	fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
	id, _ := openCase(t, fake, queue, paste50076)
	if err := w.Answer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	var all []store.Entry
	for e, err := range w.Store.AuditEntries(t.Context(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if len(all) != 1 || all[0].Asker != "U0ALICE" || all[0].Subject != "alice@contoso.com" || all[0].Why != "AADSTS50076" || all[0].Case != id || len(all[0].Facts) < 4 {
		t.Errorf("the audit holds %+v", all)
	}
}

// TestASlackThatRefusesIsNotAskedForEver holds the outcome of each kind of refusal: wait, give up, or try again.
func TestASlackThatRefusesIsNotAskedForEver(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault slackfake.Fault
		want  string
	}{
		"the channel is archived": {slackfake.Fault{Error: "is_archived"}, "*jobs.stopError"},
		"a long wait":             {slackfake.Fault{RetryAfter: 40 * time.Second}, "*jobs.retryError"},
		"a fault of Slack's":      {slackfake.Fault{Status: 500}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
			fake.Fail("chat.postMessage", 1, row.fault)
			id, ts := openCase(t, fake, queue, paste50076)
			err := w.Answer(t.Context(), id)
			if err == nil {
				t.Fatal("the refusal was taken for an answer")
			}
			if got := kindOf(err); got != row.want {
				t.Errorf("outcome is %q, want %q (%v)", got, row.want, err)
			}
			if err := w.Answer(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if n := len(fake.Thread(privateChannel, ts)); n != 2 {
				t.Errorf("after the second try the thread has %d messages", n)
			}
		})
	}
}

// kindOf names the outcome of the queue's that is in an error, "" for none.
func kindOf(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		if s := fmt.Sprintf("%T", err); strings.HasPrefix(s, "*jobs.") {
			return s
		}
	}
	return ""
}
