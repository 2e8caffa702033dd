package bot

import (
	"fmt"
	"strings"
	"testing"

	"signpost/bot/slackfake"
	"signpost/graph/facts"
)

func TestAStormOfAFederatedDomainIsLookedInto(t *testing.T) {
	t.Parallel()
	critical := facts.Trust{Domain: "contoso.com", Root: "contoso.com", Authentication: "federated", Provider: "AD FS", Status: facts.Critical, Findings: []facts.Finding{{
		ID: "certificate-expired", Severity: facts.Critical, Says: "The signing certificate has ended", By: "identity-admin", Next: "Renew it"}}}
	for name, row := range map[string]struct {
		text  string
		trust facts.Trust
		scans int
		want  string
	}{
		"a federated domain":               {"AADSTS50126 for %s", critical, 1, "The signing certificate has ended"},
		"a managed domain":                 {"AADSTS50126 for %s", facts.Trust{Domain: "contoso.com", Root: "contoso.com", Authentication: "managed", Status: facts.Healthy}, 1, ""},
		"an error of the app's assignment": {"AADSTS50105: the application Payroll ('" + stormApp + "') %.0s", critical, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTempest(t, openDB(t, "sqlite::memory:"))
			h.scanner.set(row.trust)
			for n, author := range []string{"U0ALICE", "U0BOB", "U0CAROL", "U0DAVE"} {
				h.paste(publicChannel, author, fmt.Sprintf(row.text, fmt.Sprintf("p%d@contoso.com", n)))
			}
			for range 2 {
				h.work()
				h.tick()
			}
			if len(h.scanner.queries) != row.scans {
				t.Errorf("the federation was scanned %d times", len(h.scanner.queries))
			}
			thread := h.fake.Thread(stormChannel, h.posts()[0].TS)
			if row.want == "" {
				if len(thread) != 1 {
					t.Errorf("the thread says %s", thread[1].Text)
				}
				return
			}
			if len(thread) != 2 || !strings.Contains(thread[1].BlockText(), row.want) {
				t.Errorf("the thread has %d messages", len(thread))
			}
			if q := h.scanner.queries[0]; len(q.Domains) != 1 || q.Domains[0] != "contoso.com" || q.Schedule {
				t.Errorf("asked was %+v", q)
			}
		})
	}
}

// TestAStormThroughTheWholeBot posts to a bot that runs, with its own queue and clock.
func TestAStormThroughTheWholeBot(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	var last slackfake.Message
	for n, author := range []string{"U0ALICE", "U0BOB", "U0CAROL", "U0DAVE"} {
		ts := h.Post(publicChannel, author, unassigned(fmt.Sprintf("p%d@contoso.com", n), stormApp))
		last = h.answer(publicChannel, ts, "AADSTS50105")
		if brief := strings.Contains(last.Text, stormAsked); brief != (n >= 2) {
			t.Errorf("the answer to person %d is brief: %v", n+1, brief)
		}
	}
	h.until("the post is brought up to date", func(n *slackfake.Snapshot) bool {
		posts := n.Messages(stormChannel)
		return len(posts) == 1 && strings.Contains(posts[0].Text, "4 people in 4 cases")
	})
	// Restarted, the bot still knows.
	h.stop()
	h.start(nil)
	if _, err := h.Click("U0ALICE", publicChannel, last.TS, "show"); err != nil {
		t.Fatal(err)
	}
	h.until("a diagnosis", func(n *slackfake.Snapshot) bool {
		all := n.Ephemerals("U0ALICE")
		return len(all) == 1 && strings.Contains(all[0].BlockText(), "Earlier cases") && strings.Contains(all[0].BlockText(), "Seen 3 times in 30 days with this app")
	})
	ts := h.Post(publicChannel, "U0ALICE", unassigned("p9@contoso.com", stormApp))
	if m := h.answer(publicChannel, ts, "AADSTS50105"); !strings.Contains(m.Text, stormAsked) {
		t.Error("after a restart the storm is forgotten")
	}
	if n := len(h.Messages(stormChannel)); n != 1 {
		t.Errorf("%d messages in the escalation channel", n)
	}
	if _, err := h.Click("U0DAVE", publicChannel, last.TS, "solved"); err != nil {
		t.Fatal(err)
	}
	h.until("the brief answer is marked as solved", func(n *slackfake.Snapshot) bool {
		m, _ := n.Message(publicChannel, last.TS)
		return strings.Contains(m.BlockText(), "Solved by") && strings.Contains(m.BlockText(), stormAsked)
	})
}
