package bot

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signpost/bot/jobs"
	"signpost/bot/slackfake"
	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks/aadsts"
)

var stormDay = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

const stormChannel = "C0IDENTITY"

// tempest is a bot whose clock and jobs are the test's.
type tempest struct {
	*Worker
	t       *testing.T
	fake    *slackfake.Server
	queue   *jobs.Queue
	scanner *scanner
	clock   atomic.Int64
	mu      sync.Mutex
	queued  []int64 // incidents whose posts are to be brought up to date
}

func (h *tempest) time() time.Time { return time.UnixMilli(h.clock.Load()).UTC() }
func (h *tempest) set(t time.Time) { h.clock.Store(t.UnixMilli()) }
func (h *tempest) pass(d time.Duration) {
	h.set(h.time().Add(d))
}

func newTempest(t *testing.T, db *jobs.DB) *tempest {
	t.Helper()
	h := &tempest{t: t, scanner: &scanner{}}
	h.set(stormDay)
	workspace := slackfake.Contoso()
	workspace.Now = h.time
	h.fake = slackfake.New(workspace)
	t.Cleanup(h.fake.Close)
	h.Worker = h.replica(db)
	return h
}

// replica is another process on the same workspace and database.
func (h *tempest) replica(db *jobs.DB) *Worker {
	h.t.Helper()
	book, err := builtin()
	if err != nil {
		h.t.Fatal(err)
	}
	st := db.Store()
	st.Now = h.time
	h.scanner.now = h.time
	api := NewSlack(h.fake.BotToken(), "", h.fake.APIURL(), nil)
	policy := handlers.Policy{Channels: map[string]handlers.Details{privateChannel: handlers.Full, quietChannel: handlers.None}, Agents: []string{"S0HELPDESK"}, Desks: []string{stormChannel}}
	gate := handlers.NewGate(api, policy)
	log := slog.New(slog.DiscardHandler)
	thread := &Thread{Slack: api, Out: NewOutlet(api, gate, log), Self: Identity{UserID: h.fake.App().UserID, BotID: h.fake.App().BotID}}
	w := &Worker{
		Thread: thread, Gate: gate, Store: st, Desk: &handlers.Desk{Book: book, Tenant: &directory{}, Policy: policy, Now: h.time}, Escalate: stormChannel, Log: log, Now: h.time,
		Later: func(context.Context, int64, int, time.Time) error { return nil },
	}
	f := &Federation{Trusts: h.scanner, Thread: thread, Gate: gate, Store: st, Log: log, Now: h.time}
	w.Storms = NewStorms(w, f)
	w.Storms.Later = func(_ context.Context, id int64) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.queued = append(h.queued, id)
		return nil
	}
	if h.queue == nil {
		if h.queue, err = jobs.New(db, jobs.Work{Answer: w.Answer, Late: w.Late}, jobs.Options{}); err != nil {
			h.t.Fatal(err)
		}
	}
	return w
}

// open stores a case for a paste, as Dispatch does.
func (h *tempest) open(channel, author, text string) (id int64, ts string) {
	h.t.Helper()
	ts = h.fake.Post(channel, author, text, slackfake.Silent())
	c, err := newCase(Paste{TeamID: "T0CONTOSO", Channel: channel, TS: ts, ThreadTS: ts, Author: author}, aadsts.Find(text))
	if err != nil {
		h.t.Fatal(err)
	}
	if id, _, err = h.queue.Open(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	return id, ts
}

// paste is a paste and its answer.
func (h *tempest) paste(channel, author, text string) (id int64, answer slackfake.Message) {
	h.t.Helper()
	id, ts := h.open(channel, author, text)
	if err := h.Answer(h.t.Context(), id); err != nil {
		h.t.Fatal(err)
	}
	thread := h.fake.Thread(channel, ts)
	if len(thread) != 2 {
		h.t.Fatalf("the thread has %d messages", len(thread))
	}
	return id, thread[1]
}

// work does the jobs that are queued, each once, as the queue does within some seconds.
func (h *tempest) work() {
	h.t.Helper()
	h.mu.Lock()
	queued := h.queued
	h.queued = nil
	h.mu.Unlock()
	slices.Sort(queued)
	for _, id := range slices.Compact(queued) {
		if err := h.Storms.Update(h.t.Context(), id); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *tempest) tick() {
	h.t.Helper()
	if err := h.Storms.Tick(h.t.Context(), h.time()); err != nil {
		h.t.Fatal(err)
	}
}

// posts are the messages of the escalation channel that begin a thread.
func (h *tempest) posts() []slackfake.Message {
	var all []slackfake.Message
	for _, m := range h.fake.Messages(stormChannel) {
		if m.ThreadTS == "" || m.ThreadTS == m.TS {
			all = append(all, m)
		}
	}
	return all
}

const (
	stormApp   = "0a1b2c3d-1111-4000-8000-000000000001"
	otherApp   = "0a1b2c3d-2222-4000-8000-000000000002"
	stormAsked = "Several people have this error right now"
)

// unassigned is an error that names a person and an app.
func unassigned(user, app string) string {
	return fmt.Sprintf("AADSTS50105: Your administrator has configured the application Payroll ('%s') to block users unless they are specifically granted access. "+
		"The signed in user '%s' is blocked because they are not a direct member of a group with access.", app, user)
}

func TestThreePeopleWithOneErrorAreOneIncident(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newTempest(t, open())
		authors := []string{"U0ALICE", "U0BOB", "U0CAROL", "U0DAVE"}
		for n, author := range authors {
			_, m := h.paste(publicChannel, author, unassigned(fmt.Sprintf("p%d@contoso.com", n), stormApp))
			if brief := strings.Contains(m.Text, stormAsked); brief != (n >= 2) {
				t.Errorf("the answer to person %d is brief: %v", n+1, brief)
			}
			if n >= 2 {
				if got := strings.Join(m.Actions(), " "); got != "solved show" {
					t.Errorf("the buttons are %q", got)
				}
				if post := h.posts(); len(post) != 1 || !strings.Contains(m.BlockText(), strings.ReplaceAll(post[0].TS, ".", "")) {
					t.Errorf("the brief answer does not link to the incident: %s", m.BlockText())
				}
			}
			h.pass(time.Minute)
			h.work()
		}
		post := h.posts()
		if len(post) != 1 {
			t.Fatalf("%d incident posts", len(post))
		}
		text := post[0].BlockText()
		for _, want := range []string{"AADSTS50105 for several people", "4 people in 4 cases", stormApp, "Who acts next", "/aadsts 50105"} {
			if !strings.Contains(text, want) || !strings.Contains(post[0].Text, want) {
				t.Errorf("the post lacks %q:\n%s\n%s", want, text, post[0].Text)
			}
		}
		if n := strings.Count(text, "open the thread"); n != 4 {
			t.Errorf("the post links %d threads:\n%s", n, text)
		}
		for _, secret := range []string{"p0@", "U0BOB", secretName} {
			if strings.Contains(text+post[0].Text, secret) {
				t.Errorf("the post names a person: %q", secret)
			}
		}
	})
}

// quietChannel has details none.
const quietChannel = "C0SHARED"

func TestWhatIsSaidInAQuietChannelStaysThere(t *testing.T) {
	t.Parallel()
	h := newTempest(t, openDB(t, "sqlite::memory:"))
	for _, author := range []string{"U0BOB", "U0ALICE", "U0ERIN", "U0DAVE"} {
		h.pass(2 * time.Second)
		if _, m := h.paste(quietChannel, author, unassigned("", stormApp)); strings.Contains(m.Text, stormAsked) {
			t.Errorf("%s was answered as part of a storm", author)
		}
	}
	if all := h.posts(); len(all) != 0 {
		t.Errorf("it was posted: %s", all[0].Text)
	}
}

func TestWhatIsNoStorm(t *testing.T) {
	t.Parallel()
	for name, pastes := range map[string][]struct {
		author, text string
		after        time.Duration
	}{
		"one person five times": {
			{"U0BOB", unassigned("", stormApp), 0}, {"U0BOB", unassigned("", stormApp), 0}, {"U0BOB", unassigned("", stormApp), 0},
			{"U0BOB", unassigned("", stormApp), 0}, {"U0BOB", unassigned("bob@contoso.com", stormApp), 0},
		},
		"three agents about one person": {
			{"U0BOB", unassigned("bob@contoso.com", stormApp), 0}, {"U0ALICE", unassigned("bob@contoso.com", stormApp), 0}, {"U0CAROL", unassigned("Bob@contoso.com", stormApp), 0},
		},
		"different apps and domains": {
			{"U0BOB", unassigned("b@a.example", stormApp), 0}, {"U0ALICE", unassigned("a@b.example", otherApp), 0}, {"U0CAROL", unassigned("c@c.example", "0a1b2c3d-3333-4000-8000-000000000003"), 0},
		},
		"different codes": {
			{"U0BOB", "AADSTS50126 for b@contoso.com", 0}, {"U0ALICE", "AADSTS50053 for a@contoso.com", 0}, {"U0CAROL", "AADSTS50057 for c@contoso.com", 0},
		},
		"eleven minutes apart": {
			{"U0BOB", unassigned("", stormApp), 0}, {"U0ALICE", unassigned("", stormApp), 6 * time.Minute}, {"U0CAROL", unassigned("", stormApp), 5 * time.Minute},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTempest(t, openDB(t, "sqlite::memory:"))
			for _, p := range pastes {
				h.pass(p.after + 2*time.Second)
				if _, m := h.paste(publicChannel, p.author, p.text); strings.Contains(m.Text, stormAsked) {
					t.Errorf("%s was answered as part of a storm", p.author)
				}
			}
			if n := len(h.posts()); n != 0 {
				t.Errorf("%d incident posts", n)
			}
		})
	}
}

func TestWithoutAnEscalationChannelThereAreNoStorms(t *testing.T) {
	t.Parallel()
	h := newTempest(t, openDB(t, "sqlite::memory:"))
	h.Storms.Channel = ""
	for _, author := range []string{"U0ALICE", "U0BOB", "U0CAROL", "U0DAVE"} {
		if _, m := h.paste(publicChannel, author, unassigned("", stormApp)); strings.Contains(m.Text, stormAsked) {
			t.Error("an answer is brief")
		}
	}
	if _, ok := h.Storms.Periodic(); ok || len(h.posts()) != 0 {
		t.Error("there is a storm")
	}
}

// TestAStormThatCannotBeTold keeps the usual answers: nobody may read that somebody was told who was not.
func TestAStormThatCannotBeTold(t *testing.T) {
	t.Parallel()
	h := newTempest(t, openDB(t, "sqlite::memory:"))
	h.fake.Leave(stormChannel, "U0SIGNPOST")
	for _, author := range []string{"U0ALICE", "U0BOB", "U0CAROL"} {
		if _, m := h.paste(publicChannel, author, unassigned("", stormApp)); strings.Contains(m.Text, stormAsked) {
			t.Errorf("%s reads that the identity team was told", author)
		}
	}
	h.fake.Join(stormChannel, "U0SIGNPOST")
	if _, m := h.paste(publicChannel, "U0DAVE", unassigned("", stormApp)); !strings.Contains(m.Text, stormAsked) {
		t.Error("the storm is not told once it can be")
	}
	if posts := h.posts(); len(posts) != 1 || !strings.Contains(posts[0].Text, "4 people") {
		t.Errorf("%d posts", len(posts))
	}
}

func TestAStormEndsWhenItIsQuiet(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newTempest(t, open())
		var ids []int64
		for _, author := range []string{"U0ALICE", "U0BOB", "U0CAROL"} {
			id, _ := h.paste(publicChannel, author, unassigned("", stormApp))
			ids = append(ids, id)
			h.pass(time.Minute)
		}
		h.work()
		for _, id := range ids[:2] {
			if _, err := h.Store.SetOutcome(t.Context(), id, store.Solved, "U0ALICE"); err != nil {
				t.Fatal(err)
			}
			if err := h.Store.SetFixed(t.Context(), id, "", "Access was granted to bob@contoso.com's group"); err != nil {
				t.Fatal(err)
			}
		}
		h.pass(28 * time.Minute)
		h.tick()
		if len(h.fake.Thread(stormChannel, h.posts()[0].TS)) != 1 {
			t.Fatal("it ended too early")
		}
		h.pass(time.Minute)
		h.fake.DropAnswer("chat.postMessage", 1) // the reply is posted, and its receipt lost
		if err := h.Storms.Tick(t.Context(), h.time()); err == nil {
			t.Fatal("the receipt was not lost")
		}
		for range 2 {
			h.tick()
		}
		thread := h.fake.Thread(stormChannel, h.posts()[0].TS)
		if len(thread) != 2 {
			t.Fatalf("the thread of the incident has %d messages", len(thread))
		}
		for _, text := range []string{thread[0].BlockText(), thread[0].Text, thread[1].Text} {
			for _, want := range []string{"Over", "3 people in 3 cases", "2 minutes", "2 of the 3 cases are solved", "Access was granted", "2 of the 2 cases that tell"} {
				if !strings.Contains(text, want) {
					t.Errorf("the end lacks %q:\n%s", want, text)
				}
			}
			if strings.Contains(text, "bob@") {
				t.Errorf("the end names a person:\n%s", text)
			}
		}
		if _, m := h.paste(publicChannel, "U0DAVE", unassigned("", stormApp)); strings.Contains(m.Text, stormAsked) {
			t.Error("a storm that is over still answers")
		}
	})
}

func TestAStormIsPostedOnceByReplicasAndAfterACrash(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		db := open()
		h := newTempest(t, db)
		other := h.replica(open())
		// The post is made, and the process dies before it is written down.
		for _, author := range []string{"U0ALICE", "U0BOB"} {
			h.paste(publicChannel, author, unassigned("", stormApp))
		}
		h.fake.DropAnswer("chat.postMessage", 1)
		id, _ := h.open(publicChannel, "U0CAROL", unassigned("", stormApp))
		if err := h.Answer(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if n := len(h.posts()); n != 1 {
			t.Fatalf("%d posts", n)
		}
		h.pass(time.Minute)
		var both sync.WaitGroup
		for n := range 4 { // two replicas answer further people at once
			who := []*Worker{h.Worker, other}[n%2]
			id, _ := h.open(publicChannel, "U0DAVE", unassigned(fmt.Sprintf("p%d@contoso.com", n), stormApp))
			both.Go(func() {
				for {
					if err := who.Answer(t.Context(), id); err == nil {
						return
					}
				}
			})
		}
		both.Wait()
		h.pass(holdFor)
		h.work()
		posts := h.posts()
		if len(posts) != 1 || !strings.Contains(posts[0].Text, "7 people in 7 cases") {
			t.Errorf("%d posts; the first: %s", len(posts), posts[0].Text)
		}
		if all, err := h.Store.ActiveIncidents(t.Context()); err != nil || len(all) != 1 || all[0].TS != posts[0].TS || all[0].Told != 7 {
			t.Errorf("incidents: %+v, %v", all, err)
		}
	})
}

func TestTheKeyThatSaysMostNamesTheStorm(t *testing.T) {
	t.Parallel()
	h := newTempest(t, openDB(t, "sqlite::memory:"))
	for n, author := range []string{"U0ALICE", "U0BOB", "U0CAROL"} {
		h.paste(publicChannel, author, unassigned(fmt.Sprintf("p%d@contoso.com", n), stormApp))
	}
	all, err := h.Store.ActiveIncidents(t.Context())
	if err != nil || len(all) != 1 || all[0].Kind != store.KeyApp || all[0].Value != stormApp {
		t.Errorf("incidents: %+v, %v", all, err)
	}
}

// TestAnAgentWhoPastesForThreePeople makes a storm, because the errors name three people.
func TestAnAgentWhoPastesForThreePeople(t *testing.T) {
	t.Parallel()
	h := newTempest(t, openDB(t, "sqlite::memory:"))
	for n := range 3 {
		h.paste(publicChannel, "U0ALICE", unassigned(fmt.Sprintf("p%d@contoso.com", n), stormApp))
		h.pass(2 * time.Second)
	}
	if posts := h.posts(); len(posts) != 1 || !strings.Contains(posts[0].Text, "3 people in 3 cases") {
		t.Errorf("%d posts", len(posts))
	}
}
