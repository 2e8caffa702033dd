package slackfake_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"signpost/bot/slackfake"
)

// callbacks runs a client that acks and hands interactions to a channel.
func callbacks(t *testing.T, fake *slackfake.Server) <-chan slack.InteractionCallback {
	t.Helper()
	got := make(chan slack.InteractionCallback, 10)
	socket(t, fake, func(smc *socketmode.Client, e socketmode.Event) {
		if cb, isInteraction := e.Data.(slack.InteractionCallback); isInteraction {
			got <- cb
		}
		if e.Request != nil && e.Request.EnvelopeID != "" {
			ack(t, smc, e.Request.EnvelopeID, nil)
		}
	})
	wait(t, fake, connected(1))
	return got
}

func answerWithButtons(t *testing.T, fake *slackfake.Server, channel, thread string) string {
	t.Helper()
	_, ts, err := client(fake).PostMessageContext(within(t), channel, slack.MsgOptionText("answer", false), slack.MsgOptionTS(thread),
		slack.MsgOptionBlocks(section("answer"), slack.NewActionBlock("acts",
			slack.NewButtonBlockElement("solved", "case-1", plainText("Solved")),
			slack.NewOverflowBlockElement("more", slack.NewOptionBlockObject("copy", plainText("Copy"), nil), slack.NewOptionBlockObject("mute", plainText("Mute"), nil)))))
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

func TestClick(t *testing.T) {
	fake := start(t, slackfake.Options{})
	got := callbacks(t, fake)
	paste := fake.Post("C0SHARED", "U0ERIN", "AADSTS50076")
	ts := answerWithButtons(t, fake, "C0SHARED", paste)

	inv, err := fake.Click("U0ERIN", "C0SHARED", ts, "solved")
	if err != nil {
		t.Fatal(err)
	}
	cb := <-got
	action := cb.ActionCallback.BlockActions[0]
	if cb.Type != slack.InteractionTypeBlockActions || action.ActionID != "solved" || action.BlockID != "acts" || action.Value != "case-1" || action.Text.Text != "Solved" {
		t.Errorf("action: %+v", action)
	}
	if cb.User.ID != "U0ERIN" || cb.User.TeamID != "T0FABRIKAM" || cb.Team.ID != "T0CONTOSO" {
		t.Errorf("an external clicked: user %s of %s, team %s", cb.User.ID, cb.User.TeamID, cb.Team.ID)
	}
	if cb.Container.MessageTs != ts || cb.Container.ThreadTs != paste || cb.Container.IsEphemeral || cb.Message.Timestamp != ts || cb.Channel.ID != "C0SHARED" {
		t.Errorf("container: %+v", cb.Container)
	}
	if cb.ResponseURL != inv.ResponseURL || cb.TriggerID != inv.TriggerID || cb.ResponseURL == "" {
		t.Errorf("response_url %q, trigger %q", cb.ResponseURL, cb.TriggerID)
	}

	if _, err := fake.Click("U0ALICE", "C0SHARED", ts, "more", slackfake.Choice{Value: "copy"}); err != nil {
		t.Fatal(err)
	}
	if cb := <-got; cb.ActionCallback.BlockActions[0].SelectedOption.Value != "copy" {
		t.Errorf("chosen: %+v", cb.ActionCallback.BlockActions[0])
	}
	for name, click := range map[string]func() error{
		"unknown action": func() error { _, err := fake.Click("U0ALICE", "C0SHARED", ts, "nonsense"); return err },
		"unknown option": func() error {
			_, err := fake.Click("U0ALICE", "C0SHARED", ts, "more", slackfake.Choice{Value: "x"})
			return err
		},
		"message without buttons": func() error { _, err := fake.Click("U0ALICE", "C0SHARED", paste, "solved"); return err },
		"unknown message":         func() error { _, err := fake.Click("U0ALICE", "C0SHARED", "1.000001", "solved"); return err },
		"unknown person":          func() error { _, err := fake.Click("U0NOBODY", "C0SHARED", ts, "solved"); return err },
		"person who left":         func() error { _, err := fake.Click("U0GONE", "C0SHARED", ts, "solved"); return err },
	} {
		if click() == nil {
			t.Errorf("%s: clicked", name)
		}
	}
}

func TestClickOnAnEphemeralMessage(t *testing.T) {
	fake := start(t, slackfake.Options{})
	got := callbacks(t, fake)
	ts, err := client(fake).PostEphemeralContext(within(t), "C0SUPPORT", "U0BOB", slack.MsgOptionText("psst", false),
		slack.MsgOptionBlocks(slack.NewActionBlock("a", slack.NewButtonBlockElement("show", "", plainText("Show")))))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fake.Click("U0ALICE", "C0SUPPORT", ts, "show"); err == nil {
		t.Error("somebody else clicked on it")
	}
	if _, err := fake.Click("U0BOB", "C0SUPPORT", ts, "show"); err != nil {
		t.Fatal(err)
	}
	cb := <-got
	if !cb.Container.IsEphemeral || cb.Container.MessageTs != ts || cb.Message.Timestamp != "" {
		t.Errorf("container %+v, message %q", cb.Container, cb.Message.Timestamp)
	}
	_, _, err = client(fake).PostMessageContext(within(t), "", slack.MsgOptionReplaceOriginal(cb.ResponseURL), slack.MsgOptionText("shown", false))
	if err != nil {
		t.Fatal(err)
	}
	if m := fake.Ephemerals("U0BOB"); len(m) != 1 || m[0].Text != "shown" || m[0].Blocks != nil {
		t.Errorf("ephemerals: %+v", m)
	}
	if _, _, err = client(fake).PostMessageContext(within(t), "", slack.MsgOptionDeleteOriginal(cb.ResponseURL)); err != nil {
		t.Fatal(err)
	}
	if m := fake.Ephemerals("U0BOB"); len(m) != 0 {
		t.Errorf("still there: %+v", m)
	}
}

func TestShortcuts(t *testing.T) {
	fake := start(t, slackfake.Options{})
	got := callbacks(t, fake)
	ts := fake.Post("C0AGENTS", "U0ALICE", "AADSTS50076 for bob@contoso.com")
	if _, err := fake.Shortcut("U0CAROL", "C0AGENTS", ts, "explain_error"); err != nil {
		t.Fatal(err)
	}
	cb := <-got
	if cb.Type != slack.InteractionTypeMessageAction || cb.CallbackID != "explain_error" || cb.MessageTs != ts || cb.Channel.Name != "privategroup" || cb.ResponseURL == "" ||
		cb.Message.Text != "AADSTS50076 for <mailto:bob@contoso.com|bob@contoso.com>" {
		t.Errorf("message shortcut: %+v", cb)
	}
	if _, err := fake.GlobalShortcut("U0CAROL", "open_form"); err != nil {
		t.Fatal(err)
	}
	if cb := <-got; cb.Type != slack.InteractionTypeShortcut || cb.ResponseURL != "" || cb.Channel.ID != "" || cb.TriggerID == "" {
		t.Errorf("global shortcut: %+v", cb)
	}
	shared := fake.Post("C0SHARED", "U0ERIN", "x")
	if _, err := fake.Shortcut("U0ERIN", "C0SHARED", shared, "explain_error"); err == nil {
		t.Error("an external used a shortcut")
	}
}

func TestCommand(t *testing.T) {
	rows := []struct {
		name   string
		escape bool
		typed  string
		want   string
	}{
		{"as typed", false, "bob@contoso.com @bob #support", "bob@contoso.com @bob #support"},
		{"escaped", true, "bob@contoso.com @bob #support #agents https://x.io", "<mailto:bob@contoso.com|bob@contoso.com> <@U0BOB|bob> <#C0SUPPORT|support> <#C0AGENTS|> <https://x.io>"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			fake := start(t, slackfake.Options{ShouldEscape: row.escape})
			got := make(chan slack.SlashCommand, 1)
			socket(t, fake, func(_ *socketmode.Client, e socketmode.Event) {
				if cmd, isCommand := e.Data.(slack.SlashCommand); isCommand {
					got <- cmd
				}
			})
			wait(t, fake, connected(1))
			inv, err := fake.Command("U0ALICE", "C0AGENTS", "/aadsts", row.typed)
			if err != nil {
				t.Fatal(err)
			}
			cmd := <-got
			if cmd.Text != row.want || cmd.Command != "/aadsts" || cmd.ChannelName != "privategroup" || cmd.UserName != "alice" || cmd.TeamID != "T0CONTOSO" || cmd.ResponseURL != inv.ResponseURL {
				t.Errorf("command: %+v\nwant text %s", cmd, row.want)
			}
		})
	}
	fake := start(t, slackfake.Options{})
	if _, err := fake.Command("U0ERIN", "C0SHARED", "/aadsts", ""); err == nil {
		t.Error("an external used the command")
	}
	if _, err := fake.Command("U0BOB", "C0AGENTS", "/aadsts", ""); err == nil {
		t.Error("somebody used the command in a private channel that they are not in")
	}
}

func TestUnansweredCommandTimesOut(t *testing.T) {
	clk := newClock()
	fake := start(t, slackfake.Options{Now: clk.now, Tick: -1})
	ws := dial(t, fake)
	inv, err := fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "help")
	if err != nil {
		t.Fatal(err)
	}
	frame := read(t, ws)
	clk.add(slackfake.AckTimeout)
	fake.Tick()
	write(t, ws, map[string]any{"envelope_id": frame["envelope_id"], "payload": map[string]any{"text": "too late"}})
	wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Acks()) == 1 })
	if got, _ := fake.Invocation(inv.ID); got.State != slackfake.TimedOut {
		t.Errorf("state %s", got.State)
	}
	if !fake.Acks()[0].Late || len(fake.Ephemerals("U0BOB")) != 0 {
		t.Errorf("late answer: %+v, shown %d", fake.Acks()[0], len(fake.Ephemerals("U0BOB")))
	}
	if n := fake.Redeliver(); n != 0 {
		t.Error("a command was redelivered")
	}
}

func TestResponseURL(t *testing.T) {
	clk := newClock()
	fake := start(t, slackfake.Options{Now: clk.now, Tick: -1})
	api := client(fake)
	inv, err := fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "50076")
	if err != nil {
		t.Fatal(err)
	}
	respond := func(url string, opts ...slack.MsgOption) error {
		_, _, err := api.PostMessageContext(within(t), "", append([]slack.MsgOption{slack.MsgOptionResponseURL(url, slack.ResponseTypeEphemeral)}, opts...)...)
		return err
	}
	for i := range slackfake.HookUses {
		if err := respond(inv.ResponseURL, slack.MsgOptionText("answer", false)); err != nil {
			t.Fatalf("use %d: %v", i+1, err)
		}
	}
	if err := respond(inv.ResponseURL, slack.MsgOptionText("sixth", false)); err == nil {
		t.Error("the sixth use passed")
	}
	if n := len(fake.Ephemerals("U0BOB")); n != slackfake.HookUses {
		t.Errorf("%d answers shown", n)
	}
	for _, s := range fake.Sent() {
		if s.Method == "response_url" && strings.Contains(s.Text, "answer") && s.User != "U0BOB" {
			t.Errorf("receiver %q of %q", s.User, s.Text)
		}
	}

	inv, err = fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "50076")
	if err != nil {
		t.Fatal(err)
	}
	thread := fake.Post("C0SUPPORT", "U0BOB", "parent")
	_, _, err = api.PostMessageContext(within(t), "", slack.MsgOptionResponseURL(inv.ResponseURL, slack.ResponseTypeInChannel), slack.MsgOptionText("for all", false), slack.MsgOptionTS(thread))
	if err != nil {
		t.Fatal(err)
	}
	if m := fake.Thread("C0SUPPORT", thread); len(m) != 2 || m[1].Text != "for all" {
		t.Errorf("thread: %+v", m)
	}
	clk.add(slackfake.HookTimeout)
	if err := respond(inv.ResponseURL, slack.MsgOptionText("late", false)); err == nil {
		t.Error("a use after half an hour passed")
	}
	errs := map[string]bool{}
	for _, c := range fake.Calls("response_url") {
		errs[c.Error] = true
	}
	if !errs["used_url"] || !errs["expired_url"] {
		t.Errorf("errors: %v", errs)
	}
	res, err := http.Post(fake.URL()+"/hooks/nonsense", "application/json", strings.NewReader(`{"text":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); res.StatusCode != http.StatusNotFound || err != nil {
		t.Errorf("unknown url: %d %s %v", res.StatusCode, body, err)
	}
}

func TestResponseURLRepliesWithBlocksUnderTheSameLimits(t *testing.T) {
	fake := start(t, slackfake.Options{})
	inv, err := fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "50076")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = client(fake).PostMessageContext(within(t), "", slack.MsgOptionResponseURL(inv.ResponseURL, slack.ResponseTypeEphemeral), slack.MsgOptionBlocks(section(rep(3001))))
	var status slack.StatusCodeError
	if !errors.As(err, &status) || status.Code != http.StatusBadRequest {
		t.Errorf("err = %v", err)
	}
	if c := fake.Calls("response_url"); len(c) != 1 || c[0].Error != "invalid_blocks" {
		t.Errorf("call: %+v", c)
	}
}

func TestButtonReplacesItsMessage(t *testing.T) {
	fake := start(t, slackfake.Options{})
	got := callbacks(t, fake)
	ts := answerWithButtons(t, fake, "C0SUPPORT", fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076"))
	if _, err := fake.Click("U0BOB", "C0SUPPORT", ts, "solved"); err != nil {
		t.Fatal(err)
	}
	cb := <-got
	if _, _, err := client(fake).PostMessageContext(within(t), "", slack.MsgOptionReplaceOriginal(cb.ResponseURL), slack.MsgOptionText("solved by Bob", false)); err != nil {
		t.Fatal(err)
	}
	if m, _ := fake.Message("C0SUPPORT", ts); m.Text != "solved by Bob" || m.Blocks != nil || m.ThreadTS == "" {
		t.Errorf("message: %+v", m)
	}
}
