package bot

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"signpost/bot/jobs"
	"signpost/bot/slackfake"
	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
)

// crowd are domains with a finding each.
func crowd(n int) []facts.Trust {
	var all []facts.Trust
	for i := range n {
		f := ending(5+i%55, facts.Warning)
		f.Says = fmt.Sprintf("The signing certificate of d%03d.contoso.com ends.", i)
		all = append(all, federated(fmt.Sprintf("d%03d.contoso.com", i), f))
	}
	return all
}

// wantWhole holds a day's post and its thread against what they have to tell: each finding once in full or in a line of the
// thread, and no message twice.
func wantWhole(t *testing.T, h *health, n int) (thread []slackfake.Message) {
	t.Helper()
	var roots []slackfake.Message
	for _, m := range h.fake.Messages(healthChannel) {
		if m.ThreadTS == "" || m.ThreadTS == m.TS {
			roots = append(roots, m)
		}
	}
	if len(roots) != 1 {
		t.Fatalf("%d posts, want 1", len(roots))
	}
	thread = h.fake.Thread(healthChannel, roots[0].TS)[1:]
	seen := map[string]int{}
	for _, m := range thread {
		seen[m.Text]++
		if seen[m.Text] > 1 {
			t.Errorf("twice: %s", m.Text)
		}
	}
	for i := range n {
		says := fmt.Sprintf("d%03d.contoso.com ends.", i)
		told := strings.Contains(roots[0].BlockText(), says)
		for _, m := range thread {
			told = told || strings.Contains(m.BlockText()+m.Text, says)
		}
		if !told {
			t.Errorf("nobody is told that %s", says)
		}
	}
	return thread
}

func TestWhatHasNoRoomIsInTheThread(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newHealth(t, open())
		h.scanner.set(crowd(60)...)
		if err := h.Post(t.Context(), healthDay); err != nil {
			t.Fatal(err)
		}
		thread := wantWhole(t, h, 60)
		last := thread[len(thread)-1]
		key := strings.TrimPrefix(last.Actions()[0], handlers.ActionTrust)
		h.press("U0ALICE", last.TS, handlers.ActionTrust+key, "ack "+key)
		edited, _ := h.fake.Message(healthChannel, last.TS)
		wantSays(t, edited.BlockText(), "Acknowledged by <@U0ALICE>")
		if x, err := h.Store.TrustFinding(t.Context(), key); err != nil || x.AcknowledgedBy != "U0ALICE" {
			t.Errorf("%+v, %v", x, err)
		}
		if got := h.day(0); len(got) != 0 {
			t.Errorf("the same slot again: %d messages", len(got))
		}
		wantSays(t, h.one(1).Text, "1 acknowledged or snoozed")
	})
}

func TestAThousandDomainsArePosted(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newHealth(t, open())
		h.scanner.set(crowd(1000)...)
		if err := h.Post(t.Context(), healthDay); err != nil {
			t.Fatal(err)
		}
		wantWhole(t, h, 1000)
		m, err := h.Store.Trusts(t.Context())
		if err != nil || len(m.Findings) != 1000 || len(m.Approvals) != 1001 {
			t.Errorf("%d findings, %d approvals, %v", len(m.Findings), len(m.Approvals), err)
		}
		if n := len(h.fake.Messages(healthChannel)); n > 60 {
			t.Errorf("%d messages", n)
		}
	})
}

// killed is what a process dies of in the tests.
var errKilled = errors.New("killed")

// deadly is a transport on which the process dies before or after its nth request.
type deadly struct {
	left  int
	after bool
	died  bool
}

func (d *deadly) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.left--; d.left == 0 {
		d.died = true
		if d.after { // Slack did it, and nobody heard
			if resp, err := http.DefaultTransport.RoundTrip(r); err == nil {
				resp.Body.Close()
			}
		}
		panic(errKilled)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// die posts a slot in a process that dies at its nth request; it reports whether there was such a request. Nothing of the
// process runs after its death.
func (h *health) die(db *jobs.DB, n int, after bool) (died bool) {
	wire := &deadly{left: n, after: after}
	f := h.replicaOn(db, &http.Client{Transport: wire})
	defer func() {
		if x := recover(); x != nil && !wire.died {
			panic(x)
		}
		died = wire.died
	}()
	if err := f.Post(h.t.Context(), healthDay); err != nil {
		h.t.Errorf("died at %d: %v", n, err)
	}
	return wire.died
}

func TestADeathAtAnyStepNeitherLosesNorDoubles(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("the request was done %v", after), func(t *testing.T) {
			t.Parallel()
			for n, died := 1, true; died; n++ {
				db := openDB(t, "sqlite::memory:")
				h := newHealth(t, db)
				all := crowd(40)
				for i := range all[:3] { // enough for a picture
					all[i].Certificates = holding("x", 20+i).Certificates
				}
				h.scanner.set(all...)
				if died = h.die(db, n, after); !died && n < 8 {
					t.Fatalf("a post takes %d requests", n-1)
				}
				h.set(h.time().Add(leaseFor + mostFor))
				for range 2 {
					if err := h.Post(t.Context(), healthDay); err != nil {
						t.Fatalf("died at %d: %v", n, err)
					}
				}
				pictures := 0
				for _, m := range wantWhole(t, h, 40) {
					pictures += len(m.Files)
				}
				if pictures > 1 || !died && pictures != 1 {
					t.Errorf("died at %d: %d pictures", n, pictures)
				}
				if t.Failed() {
					t.Fatalf("died at request %d", n)
				}
			}
		})
	}
}

func TestAThreadThatWasCutOffIsFinishedAtTheNextSlot(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		db := open()
		h := newHealth(t, db)
		h.scanner.set(crowd(40)...)
		posts := func() int { return len(h.fake.Calls("chat.postMessage")) }
		for n := 1; posts() < 3; n++ { // dies in the thread; each time the one before is found, and finished a bit more
			h.die(db, n, false)
			h.set(h.time().Add(leaseFor + mostFor))
		}
		h.set(healthDay.AddDate(0, 0, 1))
		if err := h.Post(t.Context(), h.time()); err != nil {
			t.Fatal(err)
		}
		messages := h.fake.Messages(healthChannel)
		next := messages[len(messages)-1]
		wantSays(t, next.Text, "Federation health: 3 warnings", "Still open: 37 findings") // those that have come to a step
		told := ""
		for _, m := range messages[:len(messages)-1] {
			told += m.BlockText()
		}
		for i := range 40 {
			if n := strings.Count(told, fmt.Sprintf("d%03d.contoso.com ends.", i)); n == 0 || n > 2 { // in short in the post, in full in its thread
				t.Errorf("d%03d is told %d times", i, n)
			}
		}
	})
}

func TestADeletedPostTakesItsThreadWithIt(t *testing.T) {
	t.Parallel()
	db := openDB(t, "sqlite::memory:")
	h := newHealth(t, db)
	h.scanner.set(crowd(40)...)
	for n := 1; len(h.fake.Messages(healthChannel)) == 0; n++ {
		h.die(db, n, true)
		h.set(h.time().Add(leaseFor + mostFor))
	}
	root := h.fake.Messages(healthChannel)[0]
	if err := h.Thread.Out.Delete(t.Context(), healthChannel, root.TS); err != nil {
		t.Fatal(err)
	}
	p, err := h.Store.TrustPost(t.Context(), healthDay)
	if err != nil || p.State != store.Posting {
		t.Fatalf("%+v, %v", p.State, err)
	}
	m := healthMessage{More: []morePart{{Text: "more"}}}
	if err := h.more(t.Context(), p, root.TS, m, false); err != nil {
		t.Fatal(err)
	}
	if n := h.all(); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}

func TestEachExpiryStepIsPostedOnce(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		every int // days between two slots
		want  string
	}{
		// 35 and 15 are where it gets worse; 0 is where it has ended.
		"every day":   {1, "70 60 35 30 15 14 7 3 1 0"},
		"once a week": {7, "70 56 35 28 14 7 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHealth(t, openDB(t, "sqlite::memory:"))
			var loud []string
			for left := 70; left >= -2; left -= row.every {
				severity := facts.Note
				if left <= 35 {
					severity = facts.Warning
				}
				if left <= 15 {
					severity = facts.Critical
				}
				f := ending(70, severity)
				if left <= 0 {
					f.ID = "certificate-expired"
				}
				h.scanner.set(federated("contoso.com", f))
				if m := h.one(70 - left); !strings.Contains(m.Text, "nothing new") {
					loud = append(loud, fmt.Sprint(left))
				}
			}
			if got := strings.Join(loud, " "); got != row.want {
				t.Errorf("posted with %s days left, want %s", got, row.want)
			}
		})
	}
}
