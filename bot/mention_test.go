package bot

import (
	"strings"
	"testing"

	"signpost/bot/slackfake"
	"signpost/handlers"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

func testBook(t *testing.T) *runbooks.Book {
	t.Helper()
	book, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// direct waits until the bot says something in a direct message.
func (h *house) direct(channel, says string) slackfake.Message {
	h.t.Helper()
	var found slackfake.Message
	h.until("a direct message says "+says, func(n *slackfake.Snapshot) bool {
		for _, m := range n.Messages(channel) {
			if m.BotID != "" && strings.Contains(m.Text+"\n"+m.BlockText(), says) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// TestAMentionIsAnsweredPrivatelyOnce has Slack tell of each mention twice, as message and as app_mention.
func TestAMentionIsAnsweredPrivatelyOnce(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		user, channel, text, want string
		shown                     bool
	}{
		"words":                              {"U0BOB", publicChannel, "password expired?", "AADSTS50055", false},
		"a code":                             {"U0BOB", publicChannel, "50058", "AADSTS50058", false},
		"nothing":                            {"U0BOB", publicChannel, "", "/aadsts user@contoso.com", false},
		"an agent about a person":            {"U0ALICE", publicChannel, "<@U0BOB>", "no second factor", true},
		"a person about themselves":          {"U0BOB", publicChannel, "bob@contoso.com", "no second factor", true},
		"a person about another":             {"U0BOB", publicChannel, "dave@contoso.com", "for agents, and for the affected person", false},
		"a guest about a person":             {"U0GUEST", publicChannel, "bob@contoso.com", "members of this organisation only", false},
		"an external about a person":         {"U0ERIN", "C0SHARED", "bob@contoso.com", "Only members of this organisation", false},
		"an external about a mention":        {"U0ERIN", "C0SHARED", "<@U0BOB>", "members of this organisation", false},
		"an external about a code":           {"U0ERIN", "C0SHARED", "50058", "AADSTS50058", false},
		"where the bot does not listen":      {"U0CAROL", "C0IDENTITY", "AADSTS50058", "AADSTS50058", false},
		"a report, where no command was":     {"U0BOB", publicChannel, "report", "Only agents can ask for the report", false},
		"how it stands":                      {"U0BOB", publicChannel, "status", "Signpost works", false},
		"a form":                             {"U0BOB", publicChannel, "form", "/aadsts form", false},
		"a domain by somebody who may not":   {"U0BOB", publicChannel, "contoso.com", "Only agents can ask", false},
		"a slip, which is asked about first": {"U0BOB", publicChannel, "50067", "Did you mean", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			h.Mention(row.channel, row.user, row.text)
			h.private(row.user, row.want)
			h.settle(privateChannel)
			if all := h.Ephemerals(row.user); len(all) != 1 {
				t.Errorf("it was answered %d times", len(all))
			}
			if n := len(h.Messages(row.channel)); n != 1 {
				t.Errorf("the channel holds %d messages", n)
			}
			for _, sent := range h.Sent() {
				if strings.Contains(sent.Text, secretName) && (!row.shown || sent.User != row.user) {
					t.Errorf("%s sent directory data to %s %s", sent.Method, sent.User, sent.Channel)
				}
			}
		})
	}
}

func TestAMentionInAThread(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(publicChannel, "U0BOB", "it is broken")
	h.Mention(publicChannel, "U0ALICE", "bob@contoso.com", slackfake.InThread(ts))
	if m := h.private("U0ALICE", "no second factor"); m.ThreadTS != ts {
		t.Errorf("the answer is in thread %q", m.ThreadTS)
	}
	h.Mention(publicChannel, "U0BOB", "50058", slackfake.InThread(ts))
	m := h.private("U0BOB", "AADSTS50058")
	h.press("U0BOB", publicChannel, m.TS, "share_answer")
	h.until("it is shared in the thread", func(n *slackfake.Snapshot) bool {
		thread := n.Thread(publicChannel, ts)
		return strings.Contains(thread[len(thread)-1].BlockText(), "Shared by <@U0BOB>")
	})
}

func TestAMentionWithAnErrorIsAnsweredInItsThread(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Mention(publicChannel, "U0BOB", paste50076)
	h.answer(publicChannel, ts, "AADSTS50076")
	h.settle(publicChannel)
	if n := len(h.Thread(publicChannel, ts)); n != 2 {
		t.Errorf("the thread has %d messages", n)
	}
	if all := h.Ephemerals("U0BOB"); len(all) != 0 {
		t.Errorf("and privately: %+v", all)
	}
}

// Slack waits for the acknowledgement while a snippet is fetched, so the way to a case fetches it once.
func TestTheSnippetOfAMentionIsFetchedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	long := strings.Repeat("nothing here\n", 2000) + paste50076
	ts := h.Mention(publicChannel, "U0BOB", "see the log", slackfake.WithFile(slackfake.File{Name: "log.txt", Content: []byte(long)}))
	h.answer(publicChannel, ts, "AADSTS50076")
	h.settle(publicChannel)
	// Slack tells of a mention twice, as a message and as app_mention, each time by itself.
	if fetched := len(h.Calls("file")); fetched != 2 {
		t.Errorf("the snippet was fetched %d times for two events", fetched)
	}
}

func TestADirectMessage(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		user, text, want string
		shown            bool
	}{
		"a code":                       {"U0BOB", "50058", "AADSTS50058", false},
		"hello":                        {"U0BOB", "hello", "/aadsts user@contoso.com", false},
		"a person to an agent":         {"U0ALICE", "bob@contoso.com", "no second factor", true},
		"an error of one's own":        {"U0BOB", paste50076, "no second factor", true},
		"an error of somebody else":    {"U0DAVE", pasteOfBob, "for agents, and for the affected person", false},
		"an error of somebody's agent": {"U0ALICE", pasteOfBob, secretName, true},
		"a guest":                      {"U0GUEST", paste50076, "AADSTS50076", false},
		"a guest about a person":       {"U0GUEST", "bob@contoso.com", "members of this organisation only", false},
		"a slip":                       {"U0BOB", "50067", "Did you mean", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			channel, ts := h.PostDM(row.user, row.text)
			thread := "" // what is asked is answered beneath, an error in its thread as anywhere
			if len(aadsts.Find(row.text)) > 0 {
				thread = ts
			}
			h.DuplicateLast(3)
			m := h.direct(channel, row.want)
			if strings.Contains(strings.Join(m.Actions(), " "), "share_answer") || m.ThreadTS != thread {
				t.Errorf("the answer has buttons %v, and is in thread %q", m.Actions(), m.ThreadTS)
			}
			h.settle(privateChannel)
			if n := len(h.Messages(channel)); n != 2 {
				t.Errorf("the conversation has %d messages, want the question and one answer", n)
			}
			for _, sent := range h.Sent() {
				if strings.Contains(sent.Text, secretName) && (!row.shown || sent.Channel != channel) {
					t.Errorf("%s sent directory data to %s", sent.Method, sent.Channel)
				}
			}
		})
	}
}

func TestADirectMessageIsAskedBackAndAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	channel, _ := h.PostDM("U0BOB", "50067")
	m := h.direct(channel, "Did you mean")
	h.press("U0BOB", channel, m.TS, "did_you_mean_0")
	answer := h.direct(channel, "What it can be")
	if answer.TS != m.TS {
		t.Error("the answer does not stand in the place of the question")
	}
}

func TestReplyIsForDirectMessages(t *testing.T) {
	t.Parallel()
	fake, out, _ := viewers(t)
	to := Person{ID: "U0ALICE", Home: "T0CONTOSO"}
	if err := out.Reply(t.Context(), "C0FULL", "", to, handlers.Message{Text: "directory", Holds: contents["directory"]}); err == nil {
		t.Error("a channel is taken for a direct message")
	}
	channel, _ := fake.PostDM("U0BOB", "hello")
	for name, row := range map[string]struct {
		to   Person
		want string
	}{
		"an agent":      {to, "directory"},
		"somebody else": {Person{ID: "U0BOB", Home: "T0CONTOSO"}, forAgentsSays},
		"a guest":       {Person{ID: "U0GUEST", Home: "T0CONTOSO"}, forAgentsSays},
		"an external":   {Person{ID: "U0ERIN", Home: "T0CONTOSO", Team: "T0FABRIKAM"}, forAgentsSays},
	} {
		if err := out.Reply(t.Context(), channel, "", row.to, handlers.Message{Text: "directory", Holds: contents["directory"]}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all := fake.Messages(channel)
		if got := all[len(all)-1].Text; got != row.want {
			t.Errorf("%s is told %q", name, got)
		}
	}
}
