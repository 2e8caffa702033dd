package bot

import (
	"context"
	"strings"
	"testing"
	"time"

	"signpost/bot/slackfake"
	"signpost/bot/store"
	"signpost/graph/facts"
)

// admins is a tenant in which everybody holds an admin role.
type admins struct{ *directory }

func (a admins) Collect(ctx context.Context, q facts.Query) facts.Report {
	r := a.directory.Collect(ctx, q)
	r.Groups = facts.See(time.Now(), facts.Groups{Admin: true, Roles: []string{secretName}})
	return r
}

const (
	pasteOfDave = "AADSTS50105: Your administrator has configured the application to block users unless they are granted access. The signed in user 'dave@contoso.com' is blocked."
	noteSays    = "A sign-in error of a protected account was posted."
)

// guarded is a bot in such a tenant.
func guarded(t *testing.T) *house {
	t.Helper()
	return newHouse(t, func(s *Settings) { s.Tenant = admins{s.Tenant.(*directory)} })
}

// nothingOf searches every byte that the bot sent for what was read.
func nothingOf(t *testing.T, h *house) {
	t.Helper()
	for _, sent := range h.Sent() {
		if strings.Contains(sent.Text, secretName) {
			t.Errorf("%s holds directory data", sent.Method)
		}
	}
}

func TestARoleHoldersErrorGoesToTheIdentityTeam(t *testing.T) {
	t.Parallel()
	h := guarded(t)
	ts := h.Post(privateChannel, "U0BOB", pasteOfDave)
	m := h.answer(privateChannel, ts, "looked after by the identity team")
	var note slackfake.Message
	h.until("a note", func(n *slackfake.Snapshot) bool {
		for _, x := range n.Messages("C0IDENTITY") {
			note = x
		}
		return note.TS != ""
	})
	if says := note.Text + note.BlockText(); !strings.Contains(says, noteSays) || !strings.Contains(says, "/archives/"+privateChannel+"/") || strings.Contains(says, "dave") {
		t.Errorf("the note says %q", says)
	}
	if strings.Contains(m.BlockText(), "dave@") {
		t.Errorf("the thread names the person:\n%s", m.BlockText())
	}
	h.Edit(privateChannel, ts, pasteOfDave+" Again: AADSTS50057")
	h.settle(privateChannel)
	if n := len(h.Messages("C0IDENTITY")); n != 1 {
		t.Errorf("%d notes about one case", n)
	}
	nothingOf(t, h)
}

// TestARoleHolderIsNotShownPrivately: neither an agent nor the person themself is shown a role holder's account.
func TestARoleHolderIsNotShownPrivately(t *testing.T) {
	t.Parallel()
	h := guarded(t)
	ts := h.Post(publicChannel, "U0DAVE", pasteOfDave)
	m := h.answer(publicChannel, ts, "AADSTS50105")
	for i, who := range []string{"U0ALICE", "U0DAVE", "U0ALICE"} {
		if _, err := h.Click(who, publicChannel, m.TS, "show"); err != nil {
			t.Fatal(err)
		}
		h.until("a private answer", func(n *slackfake.Snapshot) bool {
			all := n.Ephemerals(who)
			return len(all) == 1+i/2 && strings.Contains(all[i/2].Text, "identity team")
		})
	}
	h.until("one note", func(n *slackfake.Snapshot) bool { return len(n.Messages("C0IDENTITY")) == 1 })
	nothingOf(t, h)
}

// TestWhoeverPostsIsNotSaidToBeProtected: the message names nobody, so that it is an assumption whom it is about.
func TestWhoeverPostsIsNotSaidToBeProtected(t *testing.T) {
	t.Parallel()
	h := guarded(t)
	ts := h.Post(privateChannel, "U0ALICE", paste50076)
	m := h.answer(privateChannel, ts, "The message names nobody")
	if !strings.Contains(m.BlockText(), "What it can be") {
		t.Errorf("the runbook is not there:\n%s", m.BlockText())
	}
	h.settle(privateChannel)
	if n := len(h.Messages("C0IDENTITY")); n != 0 {
		t.Errorf("%d notes about a guess", n)
	}
	nothingOf(t, h)
}

func TestTheSentenceIsInTheAuthorsLanguage(t *testing.T) {
	t.Parallel()
	const german, english = "Diese Anmeldung braucht einen zweiten Schritt", "This sign-in needs a second verification step"
	h := newHouse(t, nil)
	ts := h.Post(publicChannel, "U0BOB", paste50076)
	m := h.answer(publicChannel, ts, german)
	if !strings.Contains(m.Text, german) || strings.Contains(m.BlockText(), english) {
		t.Errorf("the answer says %q", m.Text)
	}
	if _, err := h.Click("U0ALICE", publicChannel, m.TS, "show"); err != nil {
		t.Fatal(err)
	}
	h.until("the reader's language", func(n *slackfake.Snapshot) bool {
		all := n.Ephemerals("U0ALICE")
		return len(all) == 1 && strings.Contains(all[0].BlockText(), english)
	})
	h.answer(privateChannel, h.Post(privateChannel, "U0ALICE", paste50076), english)
}

func TestAnAddressThatIsNotMicrosofts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *Settings) {
		s.Config.Slack.Channels = append(s.Config.Slack.Channels, ChannelConfig{ID: "C0IDENTITY", Details: "none"})
	})
	const page = "https://login.microsoftonline.com.evil.example/cb?code=0.ARoAsecretsecret&error=access_denied&error_description=AADSTS65004%3a+declined"
	for _, channel := range []string{publicChannel, "C0IDENTITY", privateChannel} {
		m := h.answer(channel, h.Post(channel, "U0ALICE", "I came to <"+strings.ReplaceAll(page, "&", "&amp;")+">"), "Check the address")
		if !strings.Contains(m.BlockText(), "login[.]microsoftonline[.]com[.]evil[.]example") || strings.Contains(m.BlockText(), "is phishing") {
			t.Errorf("in %s:\n%s", channel, m.BlockText())
		}
	}
	for _, sent := range h.Sent() {
		if strings.Contains(sent.Text, "evil.example") || strings.Contains(sent.Text, "0.ARoA") {
			t.Errorf("%s holds the address itself", sent.Method)
		}
	}
}

const tokenInAPaste = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZy1lbm91Z2g"

// TestASecretThatAnEditAdds is told of, once; one that was there before is not told of again.
func TestASecretThatAnEditAdds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	warned := func(n int) {
		t.Helper()
		h.settle(privateChannel)
		h.until("warnings", func(s *slackfake.Snapshot) bool { return len(s.Ephemerals("U0BOB")) == n })
	}
	ts := h.Post(privateChannel, "U0BOB", paste50076)
	h.answer(privateChannel, ts, "AADSTS50076")
	warned(0)
	h.Edit(privateChannel, ts, paste50076+"\nAuthorization: Bearer "+tokenInAPaste)
	warned(1)
	h.Edit(privateChannel, ts, paste50076+" please help\nAuthorization: Bearer "+tokenInAPaste)
	warned(1)
	if says := h.Ephemerals("U0BOB")[0].Text; !strings.Contains(says, "secret (JWT)") {
		t.Errorf("the warning says %q", says)
	}
}

func TestASecretInACommand(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for i, text := range []string{paste50076 + " Bearer " + tokenInAPaste, "it fails with " + tokenInAPaste, "AADSTS50076 when I use password=Winter2026!"} {
		if _, err := h.Command("U0BOB", publicChannel, "/aadsts", text); err != nil {
			t.Fatal(err)
		}
		h.until("a warning", func(n *slackfake.Snapshot) bool {
			told := 0
			for _, m := range n.Ephemerals("U0BOB") {
				if strings.Contains(m.Text, "What you typed holds what looks like a secret") {
					told++
				}
			}
			return told == i+1
		})
	}
	for _, sent := range h.Sent() {
		if strings.Contains(sent.Text, tokenInAPaste[:30]) || strings.Contains(sent.Text, "Winter2026!") {
			t.Errorf("%s echoed the secret", sent.Method)
		}
	}
}

// TestRequestsOfAPerson counts cases once each, of that person, of the last seven days.
func TestRequestsOfAPerson(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	_, w, _, _ := newWorker(t, &directory{}, func() time.Time { return now })
	for _, e := range []store.Entry{
		{Subject: "dave@contoso.com", Case: 1, At: now.AddDate(0, 0, -8)}, {Subject: "dave@contoso.com", Case: 2, At: now.AddDate(0, 0, -6)},
		{Subject: "Dave@Contoso.com", Case: 3, At: now}, {Subject: "dave@contoso.com", Case: 3, At: now}, {Subject: "dave@contoso.com", At: now}, {Subject: "bob@contoso.com", Case: 5, At: now},
	} {
		if err := w.Store.Audit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for present, want := range map[int64]int{0: 2, 3: 2, 7: 3} {
		if n, err := w.Requests(t.Context(), "dave@contoso.com", present); err != nil || n != want {
			t.Errorf("with case %d: %d, %v; want %d", present, n, err, want)
		}
	}
}
