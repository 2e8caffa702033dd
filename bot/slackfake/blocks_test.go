package slackfake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"signpost/bot/slackfake"
)

func rep(n int) string { return strings.Repeat("ä", n) }

func many(n int, item string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.ReplaceAll(item, "%d", fmt.Sprint(i))
	}
	return strings.Join(items, ",")
}

const button = `{"type":"button","action_id":"a%d","text":{"type":"plain_text","text":"Press"}}`

// TestBlockLimits posts blocks at each limit and one beyond, and compares Slack's complaints.
func TestBlockLimits(t *testing.T) {
	mrkdwn := func(n int) string { return `{"type":"mrkdwn","text":"` + rep(n) + `"}` }
	plain := func(n int) string { return `{"type":"plain_text","text":"` + rep(n) + `"}` }
	opt := func(text, value int) string { return `{"text":` + plain(text) + `,"value":"` + rep(value) + `%d"}` }
	sect := func(rest string) string {
		return `[{"type":"section","text":{"type":"mrkdwn","text":"x"}` + rest + `}]`
	}
	actions := func(elements string) string { return `[{"type":"actions","elements":[` + elements + `]}]` }
	rows := []struct {
		name, good, bad string
		want            []string // of bad
	}{
		{"blocks", `[` + many(50, `{"type":"divider"}`) + `]`, `[` + many(51, `{"type":"divider"}`) + `]`,
			[]string{"no more than 50 items allowed [json-pointer:/blocks]"}},
		{"section text", `[{"type":"section","text":` + mrkdwn(3000) + `}]`, `[{"type":"section","text":` + mrkdwn(3001) + `}]`,
			[]string{"failed to match all allowed schemas [json-pointer:/blocks/0/text]", "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"}},
		{"section text is not empty", `[{"type":"section","text":` + mrkdwn(1) + `}]`, `[{"type":"section","text":` + mrkdwn(0) + `}]`,
			[]string{"failed to match all allowed schemas [json-pointer:/blocks/0/text]", "must be more than 0 characters [json-pointer:/blocks/0/text/text]"}},
		{"section has text or fields", `[{"type":"section","fields":[` + mrkdwn(1) + `]}]`, `[{"type":"section"}]`,
			[]string{"missing required field: text [json-pointer:/blocks/0]"}},
		{"section fields", `[{"type":"section","fields":[` + many(10, mrkdwn(1)) + `]}]`, `[{"type":"section","fields":[` + many(11, mrkdwn(1)) + `]}]`,
			[]string{"no more than 10 items allowed [json-pointer:/blocks/0/fields]"}},
		{"field text", `[{"type":"section","fields":[` + mrkdwn(2000) + `]}]`, `[{"type":"section","fields":[` + mrkdwn(2001) + `]}]`,
			[]string{"failed to match all allowed schemas [json-pointer:/blocks/0/fields/0]", "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"}},
		{"header text", `[{"type":"header","text":` + plain(150) + `}]`, `[{"type":"header","text":` + plain(151) + `}]`,
			[]string{"must be less than 151 characters [json-pointer:/blocks/0/text/text]"}},
		{"header is plain", `[{"type":"header","text":` + plain(1) + `}]`, `[{"type":"header","text":` + mrkdwn(1) + `}]`,
			[]string{"must be `plain_text` [json-pointer:/blocks/0/text/type]"}},
		{"text is an object", `[{"type":"header","text":` + plain(1) + `}]`, `[{"type":"header","text":"x"}]`,
			[]string{"must provide an object [json-pointer:/blocks/0/text]"}},
		{"context elements", `[{"type":"context","elements":[` + many(10, mrkdwn(1)) + `]}]`, `[{"type":"context","elements":[` + many(11, mrkdwn(1)) + `]}]`,
			[]string{"no more than 10 items allowed [json-pointer:/blocks/0/elements]"}},
		{"context is not empty", `[{"type":"context","elements":[` + mrkdwn(1) + `]}]`, `[{"type":"context","elements":[]}]`,
			[]string{"no less than 1 items allowed [json-pointer:/blocks/0/elements]"}},
		{"actions elements", actions(many(25, button)), actions(many(26, button)),
			[]string{"no more than 25 items allowed [json-pointer:/blocks/0/elements]"}},
		{"button text", actions(`{"type":"button","text":` + plain(75) + `}`), actions(`{"type":"button","text":` + plain(76) + `}`),
			[]string{"must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"}},
		{"button value", sect(`,"accessory":{"type":"button","text":` + plain(1) + `,"value":"` + rep(2000) + `"}`), sect(`,"accessory":{"type":"button","text":` + plain(1) + `,"value":"` + rep(2001) + `"}`),
			[]string{"must be less than 2001 characters [json-pointer:/blocks/0/accessory/value]"}},
		{"button url", actions(`{"type":"button","text":` + plain(1) + `,"url":"` + rep(3000) + `"}`), actions(`{"type":"button","text":` + plain(1) + `,"url":"` + rep(3001) + `"}`),
			[]string{"must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]"}},
		{"button style", actions(`{"type":"button","text":` + plain(1) + `,"style":"danger"}`), actions(`{"type":"button","text":` + plain(1) + `,"style":"green"}`),
			[]string{"must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]"}},
		{"action_id length", actions(`{"type":"button","text":` + plain(1) + `,"action_id":"` + rep(255) + `"}`), actions(`{"type":"button","text":` + plain(1) + `,"action_id":"` + rep(256) + `"}`),
			[]string{"must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]"}},
		{"action_ids differ within a block", `[{"type":"actions","elements":[` + button + `]},{"type":"actions","elements":[` + button + `]}]`, actions(button + "," + button),
			[]string{"`action_id` \"a%d\" already exists [json-pointer:/blocks/0/elements/1/action_id]"}},
		{"block_ids differ", `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"b"}]`, `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`,
			[]string{"`block_id` \"a\" already exists [json-pointer:/blocks/1/block_id]"}},
		{"confirm", actions(`{"type":"button","text":` + plain(1) + `,"confirm":{"title":` + plain(100) + `,"text":` + plain(300) + `,"confirm":` + plain(30) + `,"deny":` + plain(30) + `}}`),
			actions(`{"type":"button","text":` + plain(1) + `,"confirm":{"title":` + plain(101) + `,"text":` + plain(1) + `,"confirm":` + plain(31) + `,"deny":` + plain(30) + `}}`),
			[]string{"must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]", "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/confirm/text]"}},
		{"select options", actions(`{"type":"static_select","options":[` + many(100, opt(75, 100)) + `]}`), actions(`{"type":"static_select","options":[` + many(101, opt(1, 1)) + `]}`),
			[]string{"no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]"}},
		{"option text", actions(`{"type":"static_select","options":[` + opt(75, 1) + `]}`), actions(`{"type":"static_select","options":[` + opt(76, 1) + `]}`),
			[]string{"must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/text/text]"}},
		{"overflow options", actions(`{"type":"overflow","options":[` + many(5, opt(1, 1)) + `]}`), actions(`{"type":"overflow","options":[` + many(6, opt(1, 1)) + `]}`),
			[]string{"no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]"}},
		{"radio buttons", actions(`{"type":"radio_buttons","options":[` + many(10, opt(1, 1)) + `]}`), actions(`{"type":"radio_buttons","options":[` + many(11, opt(1, 1)) + `]}`),
			[]string{"no more than 10 items allowed [json-pointer:/blocks/0/elements/0/options]"}},
		{"image", `[{"type":"image","image_url":"https://x/y.png","alt_text":"` + rep(2000) + `"}]`, `[{"type":"image","image_url":"https://x/y.png"}]`,
			[]string{"missing required field: alt_text [json-pointer:/blocks/0]"}},
		{"markdown together", `[{"type":"markdown","text":"` + rep(6000) + `"},{"type":"markdown","text":"` + rep(6000) + `"}]`, `[{"type":"markdown","text":"` + rep(6000) + `"},{"type":"markdown","text":"` + rep(6001) + `"}]`,
			[]string{"must be less than 12001 characters [json-pointer:/blocks/1/text]"}},
		{"feedback buttons", `[{"type":"context_actions","elements":[{"type":"feedback_buttons","action_id":"f","positive_button":{"text":` + plain(1) + `,"value":"up"},"negative_button":{"text":` + plain(1) + `,"value":"down"}}]}]`,
			`[{"type":"context_actions","elements":[{"type":"feedback_buttons","positive_button":{"text":` + plain(76) + `}}]}]`,
			[]string{"must be less than 76 characters [json-pointer:/blocks/0/elements/0/positive_button/text/text]", "missing required field: negative_button [json-pointer:/blocks/0/elements/0]"}},
		{"table rows", `[{"type":"table","rows":[` + many(100, `[{"type":"raw_text","text":"x"}]`) + `]}]`, `[{"type":"table","rows":[` + many(101, `[{"type":"raw_text","text":"x"}]`) + `]}]`,
			[]string{"no more than 100 items allowed [json-pointer:/blocks/0/rows]"}},
		{"table text", `[{"type":"table","rows":[[{"type":"raw_text","text":"` + rep(10000) + `"}]]}]`, `[{"type":"table","rows":[[{"type":"raw_text","text":"` + rep(10001) + `"}]]}]`,
			[]string{"must be less than 10001 characters [json-pointer:/blocks/0/rows]"}},
		{"one table", `[{"type":"table","rows":[]}]`, `[{"type":"table","rows":[]},{"type":"table","rows":[]}]`,
			[]string{"only one table is allowed [json-pointer:/blocks/1]"}},
		{"known types", `[{"type":"divider"}]`, `[{"type":"banner"}]`,
			[]string{"unsupported type: banner [json-pointer:/blocks/0/type]"}},
		{"type is there", `[{"type":"divider"}]`, `[{}]`,
			[]string{"missing required field: type [json-pointer:/blocks/0]"}},
		{"known properties", `[{"type":"divider"}]`, `[{"type":"divider","color":"red"}]`,
			[]string{"invalid additional property: color [json-pointer:/blocks/0]"}},
		{"known elements", actions(button), actions(`{"type":"image","image_url":"https://x","alt_text":"x"}`),
			[]string{"unsupported type: image [json-pointer:/blocks/0/elements/0/type]"}},
		{"several complaints at once", `[{"type":"divider"}]`, `[{"type":"header","text":` + plain(151) + `},{"type":"divider"},{"type":"header"}]`,
			[]string{"must be less than 151 characters [json-pointer:/blocks/0/text/text]", "missing required field: text [json-pointer:/blocks/2]"}},
		{"select has options or groups", actions(`{"type":"static_select","option_groups":[{"label":` + plain(75) + `,"options":[` + opt(1, 1) + `]}]}`),
			actions(`{"type":"static_select","options":[` + opt(1, 1) + `],"option_groups":[{"label":` + plain(76) + `,"options":[` + opt(1, 1) + `]}]}`),
			[]string{"must not have both `options` and `option_groups` [json-pointer:/blocks/0/elements/0]", "must be less than 76 characters [json-pointer:/blocks/0/elements/0/option_groups/0/label/text]"}},
		{"card", `[{"type":"card","title":` + plain(150) + `,"actions":[` + many(3, button) + `]}]`, `[{"type":"card","body":` + plain(201) + `}]`,
			[]string{"failed to match all allowed schemas [json-pointer:/blocks/0/body]", "must be less than 201 characters [json-pointer:/blocks/0/body/text]"}},
		{"container", `[{"type":"container","child_blocks":[` + many(10, `{"type":"divider"}`) + `]}]`, `[{"type":"container","child_blocks":[` + many(11, `{"type":"divider"}`) + `]}]`,
			[]string{"no more than 10 items allowed [json-pointer:/blocks/0/child_blocks]"}},
		{"charts", `[` + many(2, `{"type":"data_visualization"}`) + `]`, `[` + many(3, `{"type":"data_visualization"}`) + `]`,
			[]string{"too many data_visualization blocks [json-pointer:/blocks/2]"}},
		{"ids are strings", `[{"type":"divider","block_id":"1"}]`, `[{"type":"divider","block_id":1}]`,
			[]string{"must be a string [json-pointer:/blocks/0/block_id]"}},
		{"alerts are for modals", `[{"type":"divider"}]`, `[{"type":"alert","text":` + plain(1) + `}]`,
			[]string{"unsupported type: alert [json-pointer:/blocks/0/type]"}},
	}
	fake := start(t, slackfake.Options{NoRateLimits: true})
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if !json.Valid([]byte(row.good)) || !json.Valid([]byte(row.bad)) {
				t.Fatal("the row is no JSON")
			}
			if got := call(t, fake, "chat.postMessage", map[string]string{"channel": "C0SUPPORT", "text": "t", "blocks": row.good}); got["ok"] != true {
				t.Errorf("at the limit: %v", got)
			}
			got := call(t, fake, "chat.postMessage", map[string]string{"channel": "C0SUPPORT", "text": "t", "blocks": row.bad})
			if got["error"] != "invalid_blocks" {
				t.Fatalf("beyond the limit: %v", got)
			}
			var complaints []string
			for _, e := range got["errors"].([]any) {
				complaints = append(complaints, e.(string))
			}
			if diff := cmp.Diff(row.want, complaints); diff != "" {
				t.Errorf("complaints (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTooMuchTextInAllBlocksTogether(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	var blocks []slack.Block
	for range 5 {
		blocks = append(blocks, section(rep(2640)))
	}
	if _, _, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionBlocks(blocks...)); err != nil {
		t.Errorf("13,200 characters: %v", err)
	}
	blocks = append(blocks, section("x"))
	if _, _, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionBlocks(blocks...)); slackError(err) != "msg_blocks_too_long" {
		t.Errorf("13,201 characters: %v", err)
	}
}

func TestTheClientGetsTheComplaints(t *testing.T) {
	fake := start(t, slackfake.Options{})
	_, _, err := client(fake).PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionBlocks(section(rep(3001))))
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || len(refused.Errors) != 2 || len(refused.ResponseMetadata.Messages) != 2 {
		t.Fatalf("err = %#v", err)
	}
	if got := refused.ResponseMetadata.Messages[1]; got != "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]" {
		t.Errorf("message %q", got)
	}
}

// What slack-go builds has to pass: a property that the checker does not know would make the fake stricter than Slack.
func TestBlocksAsTheClientBuildsThem(t *testing.T) {
	plain := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("plain_text", s, true, false) }
	md := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("mrkdwn", s, false, true) }
	press := slack.NewButtonBlockElement("press", "v", plain("Press")).WithStyle(slack.StylePrimary).WithURL("https://learn.microsoft.com").
		WithConfirm(slack.NewConfirmationBlockObject(plain("Sure?"), md("Really."), plain("Yes"), plain("No")))
	options := []*slack.OptionBlockObject{slack.NewOptionBlockObject("1", plain("One"), plain("first")), slack.NewOptionBlockObject("2", plain("Two"), nil)}
	blocks := []slack.Block{
		slack.NewHeaderBlock(plain("AADSTS50076")),
		slack.NewSectionBlock(md("*Multifactor authentication is required*"), nil, slack.NewAccessory(press)),
		slack.NewSectionBlock(nil, []*slack.TextBlockObject{md("a"), plain("b")}, nil, slack.SectionBlockOptionBlockID("fields")),
		slack.NewDividerBlock(),
		slack.NewContextBlock("ctx", md("by Signpost"), slack.NewImageBlockElement("https://example.com/x.png", "x")),
		slack.NewActionBlock("acts",
			slack.NewButtonBlockElement("solved", "1", plain("Solved")),
			slack.NewOverflowBlockElement("more", options...),
			slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Pick"), "pick", options...),
			slack.NewDatePickerBlockElement("day"),
			slack.NewCheckboxGroupsBlockElement("boxes", options...),
			slack.NewRadioButtonsBlockElement("radio", options...)),
		slack.NewContextActionsBlock("feedback", slack.NewFeedbackButtonsBlockElement("fb",
			slack.NewFeedbackButton(plain("Good"), "up"), slack.NewFeedbackButton(plain("Bad"), "down"))),
		slack.NewMarkdownBlock("md", "**bold**"),
		slack.NewRichTextBlock("rich", slack.NewRichTextSection(slack.NewRichTextSectionTextElement("text", nil))),
		slack.NewImageBlock("https://example.com/y.png", "alt", "img", plain("title")),
	}
	fake := start(t, slackfake.Options{})
	_, ts, err := client(fake).PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText("t", false), slack.MsgOptionBlocks(blocks...))
	if err != nil {
		var refused slack.SlackErrorResponse
		errors.As(err, &refused)
		t.Fatalf("%v %v", err, refused.ResponseMetadata.Messages)
	}
	m, _ := fake.Message("C0SUPPORT", ts)
	for i, b := range m.Blocks {
		if b["block_id"] == "" || b["block_id"] == nil {
			t.Errorf("block %d has no block_id", i)
		}
	}
	want := []string{"press", "solved", "more", "pick", "day", "boxes", "radio", "fb"}
	if diff := cmp.Diff(want, m.Actions()); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	for _, word := range []string{"AADSTS50076", "by Signpost", "**bold**", "alt", "title", "Solved"} {
		if !strings.Contains(m.BlockText(), word) {
			t.Errorf("BlockText lacks %q:\n%s", word, m.BlockText())
		}
	}
	// And the client can read them back.
	back, _, _, err := client(fake).GetConversationRepliesContext(within(t), &slack.GetConversationRepliesParameters{ChannelID: "C0SUPPORT", Timestamp: ts})
	if err != nil || len(back[0].Blocks.BlockSet) != len(blocks) {
		t.Errorf("read back %d of %d blocks, %v", len(back[0].Blocks.BlockSet), len(blocks), err)
	}
}
