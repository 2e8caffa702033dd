package bot

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/bot/jobs"
	"signpost/bot/slackfake"
	"signpost/bot/store"
	"signpost/handlers"
)

// audit are the look-ups that were written down so far.
func (h *house) audit(t *testing.T) []store.Entry {
	t.Helper()
	h.stop() // the database belongs to one process
	db, err := jobs.Open(context.Background(), h.dbURL, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return entries(t, db.Store().AuditEntries(context.Background(), store.Filter{}))
}

func entries(t *testing.T, all iter.Seq2[store.Entry, error]) []store.Entry {
	t.Helper()
	var list []store.Entry
	for e, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// dispatcher is a Dispatch beside a workspace, for events that a workspace would not send.
func dispatcher(t *testing.T) (*slackfake.Server, *Dispatch) {
	t.Helper()
	fake, out, gate := viewers(t)
	log := slog.New(slog.DiscardHandler)
	db, err := jobs.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "signpost.db"), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	book, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	api := NewSlack(fake.BotToken(), "", fake.APIURL(), nil)
	w := &Worker{
		Thread: &Thread{Slack: api, Out: out, Self: Identity{TeamID: "T0CONTOSO", UserID: "U0SIGNPOST", BotID: "B0SIGNPOST"}}, Gate: gate, Store: db.Store(), Log: log, Now: time.Now,
		Desk: &handlers.Desk{Book: book, Tenant: &directory{}, Policy: gate.Policy(), Now: time.Now},
	}
	d := &Dispatch{Rules: Rules{Self: w.Thread.Self}, Worker: w, Gate: gate, Back: NewBackground(t.Context(), log), Log: log, Asked: newAsked()}
	d.Homes = NewHomes(w, DefaultConfig())
	return fake, d
}

// use uses the shortcut on a message.
func (h *house) use(user, channel, ts string) {
	h.t.Helper()
	if _, err := h.Shortcut(user, channel, ts, handlers.CallbackDiagnose); err != nil {
		h.t.Fatal(err)
	}
}

func TestShortcutAnswersByWhoUsesIt(t *testing.T) {
	t.Parallel()
	named := "AADSTS50034: The user account {dave@contoso.com} does not exist in the contoso.com directory."
	for name, row := range map[string]struct {
		user, author, text string
		says               string
		reads              bool
	}{
		"an agent, on somebody's message": {"U0ALICE", "U0BOB", paste50076, "holds no second factor", true},
		"somebody, on their own":          {"U0BOB", "U0BOB", paste50076, "holds no second factor", true},
		"somebody, on another's":          {"U0BOB", "U0DAVE", paste50076, "is for agents", false},
		"the one whom it names":           {"U0DAVE", "U0BOB", named, "Account: dave@contoso.com", true},
		"somebody else than it names":     {"U0BOB", "U0BOB", named, "is for agents", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			ts := h.Post(generalChannel, row.author, row.text)
			h.use(row.user, generalChannel, ts)
			v := h.modal(row.user, row.says)
			if slices.Contains(v.Actions(), handlers.ActionThread) {
				t.Error("an answer is offered where the bot is no member")
			}
			if got := h.tenant.asked() > 0; got != row.reads {
				t.Errorf("the tenant was asked: %v, want %v", got, row.reads)
			}
			if !row.reads && h.holdsSecret(row.user) {
				t.Error("directory data are shown")
			}
			if n := len(h.Messages(generalChannel)); n != 1 {
				t.Errorf("the channel has %d messages", n)
			}
		})
	}
}

func TestShortcutOfAGuest(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(publicChannel, "U0GUEST", paste50076)
	h.answer(publicChannel, ts, "AADSTS50076")
	h.use("U0GUEST", publicChannel, ts)
	v := h.modal("U0GUEST", "Guests see the runbook")
	if h.tenant.asked() != 0 || slices.Contains(v.Actions(), handlers.ActionThread) {
		t.Errorf("a guest was shown more than the runbook: %v", v.Actions())
	}
}

func TestShortcutWhereNobodyIsShownADiagnosis(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *Settings) {
		s.Config.Slack.Channels = append(s.Config.Slack.Channels, ChannelConfig{ID: generalChannel, Details: "none"})
	})
	ts := h.Post(generalChannel, "U0BOB", paste50076)
	h.use("U0ALICE", generalChannel, ts)
	v := h.modal("U0ALICE", noneHereSays)
	if h.tenant.asked() != 0 || strings.Contains(v.BlockText(), "5e6f7a8b") {
		t.Errorf("more than the runbook is shown: %s", v.BlockText())
	}
}

func TestShortcutReadsBlocksAndSnippets(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for name, ts := range map[string]string{
		"an attachment of an integration": h.PostBot(generalChannel, "B0ALERTS", slackfake.BotPost{Text: "alert", Attachments: []slackfake.Block{{"text": "it says AADSTS50057"}}}),
		"a snippet":                       h.Post(generalChannel, "U0BOB", "see", slackfake.WithFile(slackfake.File{Name: "log.txt", Content: []byte(strings.Repeat("nothing here\n", 400) + "AADSTS50057: disabled")})),
	} {
		h.use("U0ALICE", generalChannel, ts)
		if v := h.modal("U0ALICE", "AADSTS50057"); v.CallbackID == handlers.CallbackAsk {
			t.Errorf("%s: a form was shown", name)
		}
		if _, err := h.CloseView("U0ALICE"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestShortcutWithoutAnErrorOpensTheForm(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ user, text, person, named string }{
		"an agent is offered the author":   {"U0ALICE", "I cannot sign in", "U0BOB", ""},
		"or the one address":               {"U0ALICE", "dave@contoso.com cannot sign in", "", "dave@contoso.com"},
		"others are offered nobody":        {"U0DAVE", "I cannot sign in", "", ""},
		"a secret does not come back":      {"U0ALICE", "password is client_secret=Abc8Q~xT2v0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o", "U0BOB", ""},
		"nor does a protected account":     {"U0ALICE", "breakglass@contoso.com is locked", "", ""},
		"nor more than the field can hold": {"U0ALICE", strings.Repeat("it does not work ", 2000), "U0BOB", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(s *Settings) { s.Config.Tenant.Protected = []string{"breakglass@contoso.com"} })
			ts := h.Post(generalChannel, "U0BOB", row.text)
			h.use(row.user, generalChannel, ts)
			v := h.modal(row.user, "There is no sign-in error")
			raw := string(v.BlocksJSON())
			if person := between(raw, `"initial_user":"`); person != row.person {
				t.Errorf("it offers the person %q, want %q", person, row.person)
			}
			if row.named != "" && !strings.Contains(raw, `"initial_value":"`+row.named) {
				t.Errorf("it does not offer %q", row.named)
			}
			if strings.Contains(raw, "Abc8Q") || strings.Contains(raw, "breakglass") {
				t.Error("the form holds what no place may show")
			}
			if len(v.Metadata) > 64 || strings.Contains(v.Metadata, "U0") || strings.Contains(v.Metadata, "@") {
				t.Errorf("the form's metadata is %q", v.Metadata)
			}
			h.submit(row.user, map[string]string{"error": "AADSTS50057", "name": "", "person": ""})
			h.modal(row.user, "AADSTS50057")
		})
	}
}

// between is what stands after a mark up to the next quote.
func between(s, mark string) string {
	_, rest, ok := strings.Cut(s, mark)
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, `"`)
	return rest
}

func TestShortcutWhoseTriggerIsTooOld(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"an error": paste50076, "no error": "it does not work"} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			h.Fail("views.open", 1, slackfake.Fault{Error: "expired_trigger_id"})
			ts := h.Post(generalChannel, "U0BOB", text)
			h.use("U0ALICE", generalChannel, ts)
			want := "holds no second factor"
			if name == "no error" {
				want = "There is no sign-in error"
			}
			h.until("a private answer", func(n *slackfake.Snapshot) bool {
				all := n.Ephemerals("U0ALICE")
				return len(all) == 1 && strings.Contains(all[0].Text, want)
			})
		})
	}
}

func TestAnswerInTheThread(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(publicChannel, "U0BOB", paste50076, slackfake.Silent()) // the bot has never heard of it
	h.use("U0ALICE", publicChannel, ts)
	h.modal("U0ALICE", "holds no second factor")
	if _, err := h.ClickModal("U0ALICE", handlers.ActionThread); err != nil {
		t.Fatal(err)
	}
	h.modal("U0ALICE", "Signpost answers in the thread")
	m := h.answer(publicChannel, ts, "AADSTS50076")
	if strings.Contains(m.BlockText(), secretName) {
		t.Error("the thread holds directory data")
	}
	// Whoever is later is not offered it, and finds one answer.
	h.use("U0DAVE", publicChannel, ts)
	if v := h.modal("U0DAVE", "is for agents"); slices.Contains(v.Actions(), handlers.ActionThread) {
		t.Error("a second answer is offered")
	}
	h.settle(publicChannel)
	if n := len(h.Thread(publicChannel, ts)); n != 2 {
		t.Errorf("the thread has %d messages", n)
	}
}

func TestAnswerInTheThreadOnceForTwoWhoPress(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(publicChannel, "U0BOB", paste50076, slackfake.Silent())
	for _, user := range []string{"U0ALICE", "U0CAROL"} {
		h.use(user, publicChannel, ts)
		h.modal(user, "holds no second factor")
	}
	for _, user := range []string{"U0ALICE", "U0CAROL"} {
		if _, err := h.ClickModal(user, handlers.ActionThread); err != nil {
			t.Fatal(err)
		}
		h.modal(user, "in the thread")
	}
	h.answer(publicChannel, ts, "AADSTS50076")
	h.settle(publicChannel)
	if n := len(h.Thread(publicChannel, ts)); n != 2 {
		t.Errorf("the thread has %d messages", n)
	}
}

func TestAnswerInTheThreadIsCheckedWhenItIsPressed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		meanwhile func(h *house)
		says      string
	}{
		"the bot was removed": {func(h *house) { h.Leave(publicChannel, "U0SIGNPOST") }, "cannot answer"},
		"the bot was started anew": {func(h *house) {
			h.stop()
			h.start(nil)
		}, "no longer kept"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			ts := h.Post(publicChannel, "U0BOB", paste50076, slackfake.Silent())
			h.use("U0ALICE", publicChannel, ts)
			h.modal("U0ALICE", "holds no second factor")
			row.meanwhile(h)
			if _, err := h.ClickModal("U0ALICE", handlers.ActionThread); err != nil {
				t.Fatal(err)
			}
			h.modal("U0ALICE", row.says)
			if n := len(h.Thread(publicChannel, ts)); n != 1 {
				t.Errorf("the thread has %d messages", n)
			}
		})
	}
}

func TestNoAnswerIsOfferedWhereTheBotDoesNotListen(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post("C0IDENTITY", "U0CAROL", paste50076) // a member, but the channel is not listed
	h.use("U0ALICE", "C0IDENTITY", ts)
	if v := h.modal("U0ALICE", "holds no second factor"); slices.Contains(v.Actions(), handlers.ActionThread) {
		t.Error("an answer is offered")
	}
}

func TestShortcutOfAnotherOrganisation(t *testing.T) {
	t.Parallel()
	fake, d := dispatcher(t)
	inv, err := fake.Command("U0BOB", "C0SUPPORT", Command, "") // for its trigger
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(map[string]any{
		"callback_id": "diagnose", "trigger_id": inv.TriggerID, "user": map[string]string{"id": "U0ERIN", "team_id": "T0FABRIKAM"},
		"channel": map[string]string{"id": "C0SHARED"}, "message_ts": "1764000000.000100", "message": map[string]string{"text": paste50076, "user": "U0ALICE"},
	})
	if _, err := d.Deliver(t.Context(), Event{Kind: KindMessageAction, TeamID: "T0CONTOSO", Raw: raw}); err != nil {
		t.Fatal(err)
	}
	d.Back.Wait()
	v, open := fake.Modal("U0BOB")
	if !open || strings.TrimSpace(v.BlockText()) != membersOnlySays {
		t.Errorf("shown: %s", v.BlockText())
	}
}
