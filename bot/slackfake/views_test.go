package slackfake_test

import (
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"signpost/bot/slackfake"
)

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject("plain_text", s, false, false)
}

func modal(title string, blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{Type: slack.VTModal, Title: plainText(title), Submit: plainText("Send"), Close: plainText("Close"), Blocks: slack.Blocks{BlockSet: blocks}}
}

func question(id string) slack.Block {
	return slack.NewInputBlock(id, plainText("Who?"), nil, slack.NewPlainTextInputBlockElement(nil, "answer"))
}

// triggered makes a trigger_id by a command that nobody acks.
func triggered(t *testing.T, fake *slackfake.Server) string {
	t.Helper()
	inv, err := fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "")
	if err != nil {
		t.Fatal(err)
	}
	return inv.TriggerID
}

func TestTriggerIsGoodOnceAndForThreeSeconds(t *testing.T) {
	clk := newClock()
	fake := start(t, slackfake.Options{Now: clk.now, Tick: -1})
	api := client(fake)
	id := triggered(t, fake)
	clk.add(slackfake.TriggerTimeout - time.Millisecond)
	view, err := api.OpenViewContext(within(t), id, modal("Diagnosis", section("working…")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.OpenViewContext(within(t), id, modal("Again", section("x"))); slackError(err) != "exchanged_trigger_id" {
		t.Errorf("second use: %v", err)
	}
	late := triggered(t, fake)
	clk.add(slackfake.TriggerTimeout)
	if _, err := api.OpenViewContext(within(t), late, modal("Late", section("x"))); slackError(err) != "expired_trigger_id" {
		t.Errorf("late use: %v", err)
	}
	// A loading modal, then the real content.
	if _, err := api.UpdateViewContext(within(t), modal("Diagnosis", section("done")), "", view.Hash, view.View.ID); err != nil {
		t.Fatal(err)
	}
	if v, open := fake.Modal("U0BOB"); !open || !strings.Contains(v.BlockText(), "done") {
		t.Errorf("modal %v: %+v", open, v)
	}
	if _, err := api.UpdateViewContext(within(t), modal("Diagnosis", section("stale")), "", view.Hash, view.View.ID); slackError(err) != "hash_conflict" {
		t.Errorf("update with the old hash: %v", err)
	}
}

func TestViewLimits(t *testing.T) {
	long := func(n int) *slack.TextBlockObject { return plainText(rep(n)) }
	rows := []struct {
		name string
		view slack.ModalViewRequest
		want string
	}{
		{"longest of everything", slack.ModalViewRequest{Type: slack.VTModal, Title: long(24), Submit: long(24), Close: long(24), CallbackID: rep(255), ExternalID: rep(255),
			PrivateMetadata: rep(3000), Blocks: slack.Blocks{BlockSet: blocksOf(100)}}, ""},
		{"title", slack.ModalViewRequest{Type: slack.VTModal, Title: long(25)}, "invalid_arguments"},
		{"no title", slack.ModalViewRequest{Type: slack.VTModal}, "invalid_arguments"},
		{"submit", slack.ModalViewRequest{Type: slack.VTModal, Title: long(1), Submit: long(25)}, "invalid_arguments"},
		{"private metadata", slack.ModalViewRequest{Type: slack.VTModal, Title: long(1), PrivateMetadata: rep(3001)}, "invalid_arguments"},
		{"callback_id", slack.ModalViewRequest{Type: slack.VTModal, Title: long(1), CallbackID: rep(256)}, "invalid_arguments"},
		{"101 blocks", modal("x", blocksOf(101)...), "invalid_arguments"},
		{"input without submit", slack.ModalViewRequest{Type: slack.VTModal, Title: long(1), Blocks: slack.Blocks{BlockSet: []slack.Block{question("q")}}}, "invalid_arguments"},
		{"markdown block", modal("x", slack.NewMarkdownBlock("m", "x")), "invalid_arguments"},
		{"home as a modal", slack.ModalViewRequest{Type: slack.VTHomeTab, Title: long(1)}, "invalid_arguments"},
		{"250 KB", modal("x", big(90)...), "view_too_large"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			fake := start(t, slackfake.Options{})
			_, err := client(fake).OpenViewContext(within(t), triggered(t, fake), row.view)
			if slackError(err) != row.want {
				t.Errorf("err = %v, want %q", err, row.want)
			}
		})
	}
}

func blocksOf(n int) []slack.Block {
	out := make([]slack.Block, n)
	for i := range out {
		out[i] = slack.NewDividerBlock()
	}
	return out
}

func big(n int) []slack.Block {
	out := make([]slack.Block, n)
	for i := range out {
		out[i] = section(strings.Repeat("x", 3000))
	}
	return out
}

func TestModalStack(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	socket(t, fake, func(smc *socketmode.Client, e socketmode.Event) {
		if e.Request != nil && e.Request.EnvelopeID != "" {
			ack(t, smc, e.Request.EnvelopeID, nil)
		}
	})
	wait(t, fake, connected(1))
	root, err := api.OpenViewContext(within(t), triggered(t, fake), modal("1", slack.NewActionBlock("a", slack.NewButtonBlockElement("deeper", "", plainText("Deeper")))))
	if err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"2", "3"} {
		inv, err := fake.ClickModal("U0BOB", "deeper")
		if err != nil {
			t.Fatal(err)
		}
		pushed, err := api.PushViewContext(within(t), inv.TriggerID, modal(title, slack.NewActionBlock("a", slack.NewButtonBlockElement("deeper", "", plainText("Deeper")))))
		if err != nil || pushed.RootViewID != root.View.ID || pushed.PreviousViewID == "" {
			t.Fatalf("push %s: %+v, %v", title, pushed, err)
		}
	}
	inv, err := fake.ClickModal("U0BOB", "deeper")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.PushViewContext(within(t), inv.TriggerID, modal("4", section("x"))); slackError(err) != "push_limit_reached" {
		t.Errorf("fourth view: %v", err)
	}
	if _, err := fake.CloseView("U0BOB"); err != nil {
		t.Fatal(err)
	}
	if v, _ := fake.Modal("U0BOB"); v.Title != "2" {
		t.Errorf("after closing the third, %q is on top", v.Title)
	}
}

func TestSubmission(t *testing.T) {
	rows := []struct {
		name   string
		answer any
		state  string
		title  string // of the modal that is left, "" for none
		errors string
	}{
		{"closed by an empty answer", nil, slackfake.Acked, "", ""},
		{"cleared", slack.NewClearViewSubmissionResponse(), slackfake.Acked, "", ""},
		{"errors stay on the form", slack.NewErrorsViewSubmissionResponse(map[string]string{"who": "no such person"}), slackfake.Acked, "Ask", "no such person"},
		{"errors for a block that is no input", slack.NewErrorsViewSubmissionResponse(map[string]string{"where": "x"}), "trouble_connecting", "Ask", ""},
		{"updated", slack.NewUpdateViewSubmissionResponse(ref(modal("Next", section("x")))), slackfake.Acked, "Next", ""},
		{"pushed", slack.NewPushViewSubmissionResponse(ref(modal("On top", section("x")))), slackfake.Acked, "On top", ""},
		{"updated with a broken view", slack.NewUpdateViewSubmissionResponse(ref(modal(rep(25), section("x")))), "trouble_connecting", "Ask", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			fake := start(t, slackfake.Options{})
			got := make(chan slack.InteractionCallback, 1)
			socket(t, fake, func(smc *socketmode.Client, e socketmode.Event) {
				var payload any
				if cb, isInteraction := e.Data.(slack.InteractionCallback); isInteraction {
					payload = row.answer
					got <- cb
				}
				if e.Request != nil && e.Request.EnvelopeID != "" {
					ack(t, smc, e.Request.EnvelopeID, payload)
				}
			})
			wait(t, fake, connected(1))
			view := modal("Ask", question("who"), section("help"))
			view.PrivateMetadata = "case-7"
			if _, err := client(fake).OpenViewContext(within(t), triggered(t, fake), view); err != nil {
				t.Fatal(err)
			}
			inv, err := fake.SubmitView("U0BOB", map[string]map[string]any{"who": {"answer": "alice@contoso.com"}})
			if err != nil {
				t.Fatal(err)
			}
			wait(t, fake, func(s *slackfake.Snapshot) bool {
				i, _ := s.Invocation(inv.ID)
				return i.State != slackfake.Waiting
			})
			cb := <-got
			if cb.Type != slack.InteractionTypeViewSubmission || cb.View.PrivateMetadata != "case-7" || cb.View.State.Values["who"]["answer"].Value != "alice@contoso.com" || cb.User.ID != "U0BOB" {
				t.Errorf("payload: type %s, state %+v", cb.Type, cb.View.State)
			}
			i, _ := fake.Invocation(inv.ID)
			v, _ := fake.Modal("U0BOB")
			if i.State != row.state || v.Title != row.title || v.Errors["who"] != row.errors {
				t.Errorf("state %s, modal %q, errors %v", i.State, v.Title, v.Errors)
			}
		})
	}
}

func ref[T any](v T) *T { return &v }

func TestSubmissionHasToBeComplete(t *testing.T) {
	fake := start(t, slackfake.Options{})
	if _, err := client(fake).OpenViewContext(within(t), triggered(t, fake), modal("Ask", question("who"))); err != nil {
		t.Fatal(err)
	}
	if _, err := fake.SubmitView("U0BOB", nil); err == nil {
		t.Error("Slack asks for required inputs before it sends anything")
	}
	if _, err := fake.SubmitView("U0BOB", map[string]map[string]any{"who": {"answer": "x"}, "what": {"answer": "x"}}); err == nil {
		t.Error("a value for an input that is not there was taken")
	}
	if _, err := fake.SubmitView("U0ALICE", nil); err == nil {
		t.Error("somebody without a modal submitted one")
	}
}

func TestHomeTab(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	home := func(text string) slack.HomeTabViewRequest {
		return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{section(text), slack.NewActionBlock("a", slack.NewButtonBlockElement("refresh", "", plainText("Refresh")))}}}
	}
	first, err := api.PublishViewContext(within(t), slack.PublishViewContextRequest{UserID: "U0ALICE", View: home("one")})
	if err != nil {
		t.Fatal(err)
	}
	second, err := api.PublishViewContext(within(t), slack.PublishViewContextRequest{UserID: "U0ALICE", View: home("two"), Hash: &first.Hash})
	if err != nil || second.View.ID != first.View.ID {
		t.Fatalf("second publish: %+v, %v", second, err)
	}
	if _, err := api.PublishViewContext(within(t), slack.PublishViewContextRequest{UserID: "U0ALICE", View: home("three"), Hash: &first.Hash}); slackError(err) != "hash_conflict" {
		t.Errorf("publish with an old hash: %v", err)
	}
	if v, _ := fake.Home("U0ALICE"); !strings.Contains(v.BlockText(), "two") || v.Type != "home" {
		t.Errorf("home: %+v", v)
	}
	if _, there := fake.Home("U0BOB"); there {
		t.Error("somebody else has a Home tab")
	}
	got := make(chan slack.InteractionCallback, 1)
	socket(t, fake, func(_ *socketmode.Client, e socketmode.Event) {
		if cb, isInteraction := e.Data.(slack.InteractionCallback); isInteraction {
			got <- cb
		}
	})
	wait(t, fake, connected(1))
	if _, err := fake.ClickHome("U0ALICE", "refresh"); err != nil {
		t.Fatal(err)
	}
	cb := <-got
	if cb.Container.Type != "view" || cb.View.ID != first.View.ID || cb.ResponseURL != "" || len(cb.ActionCallback.BlockActions) != 1 || cb.TriggerID == "" {
		t.Errorf("payload: %+v", cb)
	}
	if _, err := fake.ClickHome("U0ALICE", "nonsense"); err == nil {
		t.Error("a button that is not there was clicked")
	}
}

func TestAppWithoutHomeTab(t *testing.T) {
	fake := start(t, slackfake.Options{NoHomeTab: true})
	_, err := client(fake).PublishViewContext(within(t), slack.PublishViewContextRequest{UserID: "U0ALICE", View: slack.HomeTabViewRequest{Type: slack.VTHomeTab}})
	if slackError(err) != "not_enabled" {
		t.Errorf("err = %v", err)
	}
}

func TestExternalIDsAreUnique(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	v := modal("x", section("x"))
	v.ExternalID = "case-1"
	if _, err := api.OpenViewContext(within(t), triggered(t, fake), v); err != nil {
		t.Fatal(err)
	}
	if _, err := api.OpenViewContext(within(t), triggered(t, fake), v); slackError(err) != "duplicate_external_id" {
		t.Errorf("second view: %v", err)
	}
	if _, err := api.UpdateViewContext(within(t), modal("y", section("y")), "case-1", "", ""); err != nil {
		t.Errorf("update by external_id: %v", err)
	}
}

func TestFormElements(t *testing.T) {
	options := []*slack.OptionBlockObject{slack.NewOptionBlockObject("1", plainText("One"), nil), slack.NewOptionBlockObject("2", plainText("Two"), nil)}
	input := func(id string, element slack.BlockElement) slack.Block {
		return slack.NewInputBlock(id, plainText(id), nil, element).WithOptional(true)
	}
	grouped := slack.NewOptionsGroupSelectBlockElement(slack.OptTypeStatic, plainText("Pick"), "a", slack.NewOptionGroupBlockElement(plainText("All"), options...))
	preset := slack.NewPlainTextInputBlockElement(nil, "a")
	preset.InitialValue = "preset"
	rows := []struct {
		name    string
		element slack.BlockElement
		value   any
		got     func(slack.BlockAction) any
		want    any
	}{
		{"select", slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Pick"), "a", options...), "2", func(a slack.BlockAction) any { return a.SelectedOption.Value }, "2"},
		{"select with groups", grouped, "1", func(a slack.BlockAction) any { return a.SelectedOption.Value }, "1"},
		{"radio", slack.NewRadioButtonsBlockElement("a", options...), "1", func(a slack.BlockAction) any { return a.SelectedOption.Value }, "1"},
		{"checkboxes", slack.NewCheckboxGroupsBlockElement("a", options...), []string{"1", "2"}, func(a slack.BlockAction) any { return len(a.SelectedOptions) }, 2},
		{"date", slack.NewDatePickerBlockElement("a"), "2026-11-24", func(a slack.BlockAction) any { return a.SelectedDate }, "2026-11-24"},
		{"time", slack.NewTimePickerBlockElement("a"), "08:00", func(a slack.BlockAction) any { return a.SelectedTime }, "08:00"},
		{"person", slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plainText("Who"), "a"), "U0BOB", func(a slack.BlockAction) any { return a.SelectedUser }, "U0BOB"},
		{"channel", slack.NewOptionsSelectBlockElement(slack.OptTypeChannels, plainText("Where"), "a"), "C0SUPPORT", func(a slack.BlockAction) any { return a.SelectedChannel }, "C0SUPPORT"},
		{"conversation", slack.NewOptionsSelectBlockElement(slack.OptTypeConversations, plainText("Where"), "a"), "C0SUPPORT", func(a slack.BlockAction) any { return a.SelectedConversation }, "C0SUPPORT"},
		{"left as it was", preset, nil, func(a slack.BlockAction) any { return a.Value }, "preset"},
		{"left empty", slack.NewPlainTextInputBlockElement(nil, "a"), nil, func(a slack.BlockAction) any { return a.Value }, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			fake := start(t, slackfake.Options{})
			got := callbacks(t, fake)
			if _, err := client(fake).OpenViewContext(within(t), triggered(t, fake), modal("Form", input("b", row.element))); err != nil {
				t.Fatal(err)
			}
			values := map[string]map[string]any{}
			if row.value != nil {
				values["b"] = map[string]any{"a": row.value}
			}
			if _, err := fake.SubmitView("U0BOB", values); err != nil {
				t.Fatal(err)
			}
			cb := <-got
			if v := row.got(cb.View.State.Values["b"]["a"]); v != row.want {
				t.Errorf("entered %v, want %v", v, row.want)
			}
		})
	}
}

func TestClosingIsToldWhenAskedFor(t *testing.T) {
	for _, notify := range []bool{false, true} {
		fake := start(t, slackfake.Options{})
		got := callbacks(t, fake)
		v := modal("x", section("x"))
		v.NotifyOnClose, v.PrivateMetadata = notify, "case-1"
		if _, err := client(fake).OpenViewContext(within(t), triggered(t, fake), v); err != nil {
			t.Fatal(err)
		}
		inv, err := fake.CloseView("U0BOB")
		if err != nil {
			t.Fatal(err)
		}
		if _, open := fake.Modal("U0BOB"); open {
			t.Error("the modal is still open")
		}
		if notify != (inv.ID != "") {
			t.Errorf("notify_on_close %v, told %q", notify, inv.ID)
		}
		if notify {
			if cb := <-got; cb.Type != slack.InteractionTypeViewClosed || cb.View.PrivateMetadata != "case-1" {
				t.Errorf("payload: %+v", cb)
			}
		}
	}
}
