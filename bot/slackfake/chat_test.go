package slackfake_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/slackfake"
)

func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", text, false, false), nil, nil)
}

func TestThreads(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	ctx := within(t)
	parent := fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
	post := func(opts ...slack.MsgOption) slack.Message {
		t.Helper()
		_, _, m, err := api.PostMessageWithResponseContext(ctx, "C0SUPPORT", append(opts, slack.MsgOptionText("answer", false), slack.MsgOptionTS(parent))...)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if m := post(); m.ThreadTimestamp != parent || m.BotProfile == nil || m.BotProfile.AppID != fake.App().ID {
		t.Errorf("answer: %+v", m)
	}
	if m := post(slack.MsgOptionBroadcast()); m.SubType != "thread_broadcast" || m.Root == nil || m.Root.Timestamp != parent {
		t.Errorf("broadcast answer: %+v", m)
	}
	msgs, _, _, err := api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: "C0SUPPORT", Timestamp: parent})
	if err != nil || len(msgs) != 3 || msgs[0].ReplyCount != 2 || msgs[0].LatestReply != msgs[2].Timestamp || msgs[1].ParentUserId != "U0BOB" {
		t.Errorf("replies: %+v, %v", msgs, err)
	}
	history, err := api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: "C0SUPPORT"})
	if err != nil || len(history.Messages) != 2 || history.Messages[1].Timestamp != parent {
		t.Errorf("the channel shows %d messages, want parent and broadcast: %v", len(history.Messages), err)
	}

	t.Run("a parent with replies becomes a tombstone, and replies fall to the top level", func(t *testing.T) {
		fake.Delete("C0SUPPORT", parent)
		if m, _ := fake.Message("C0SUPPORT", parent); !m.Deleted || m.SubType != "tombstone" {
			t.Errorf("deleted parent: %+v", m)
		}
		if m := post(); m.ThreadTimestamp != "" {
			t.Errorf("reply to a deleted parent has thread_ts %s", m.ThreadTimestamp)
		}
	})
	t.Run("a parent without replies vanishes, and replies fall to the top level", func(t *testing.T) {
		parent = fake.Post("C0SUPPORT", "U0BOB", "oops")
		fake.Delete("C0SUPPORT", parent)
		if _, there := fake.Message("C0SUPPORT", parent); there {
			t.Error("the parent is still there")
		}
		if m := post(); m.ThreadTimestamp != "" {
			t.Errorf("reply to a deleted parent has thread_ts %s", m.ThreadTimestamp)
		}
	})
}

func TestRepliesAndHistoryComeInPages(t *testing.T) {
	fake := start(t, slackfake.Options{NoRateLimits: true})
	api := client(fake)
	parent := fake.Post("C0SUPPORT", "U0BOB", "parent")
	var replies []string
	for range 5 {
		replies = append(replies, fake.Post("C0SUPPORT", "U0ALICE", "reply", slackfake.InThread(parent)))
	}
	var got []string
	params := &slack.GetConversationRepliesParameters{ChannelID: "C0SUPPORT", Timestamp: parent, Limit: 2}
	for pages := 1; ; pages++ {
		msgs, more, cursor, err := api.GetConversationRepliesContext(within(t), params)
		if err != nil {
			t.Fatal(err)
		}
		if msgs[0].Timestamp != parent {
			t.Errorf("page %d does not begin with the parent", pages)
		}
		for _, m := range msgs[1:] {
			got = append(got, m.Timestamp)
		}
		if more != (cursor != "") {
			t.Errorf("page %d: has_more %v with cursor %q", pages, more, cursor)
		}
		if params.Cursor = cursor; cursor == "" {
			break
		}
	}
	if strings.Join(got, " ") != strings.Join(replies, " ") {
		t.Errorf("got %v\nwant %v", got, replies)
	}
	msgs, _, _, err := api.GetConversationRepliesContext(within(t), &slack.GetConversationRepliesParameters{ChannelID: "C0SUPPORT", Timestamp: parent, Oldest: replies[1], Latest: replies[3]})
	if err != nil || len(msgs) != 2 || msgs[1].Timestamp != replies[2] {
		t.Errorf("between the second and the fourth: %d messages, %v", len(msgs), err)
	}
	msgs, _, _, err = api.GetConversationRepliesContext(within(t), &slack.GetConversationRepliesParameters{ChannelID: "C0SUPPORT", Timestamp: parent, Oldest: replies[1], Latest: replies[3], Inclusive: true})
	if err != nil || len(msgs) != 4 {
		t.Errorf("the same, inclusive: %d messages, %v", len(msgs), err)
	}
	since, err := api.GetConversationHistoryContext(within(t), &slack.GetConversationHistoryParameters{ChannelID: "C0SUPPORT", Oldest: parent})
	if err != nil || len(since.Messages) != 0 {
		t.Errorf("history after the parent: %d messages, %v", len(since.Messages), err)
	}
}

// The once-key of an answer lives in its metadata, which replies show only when asked.
func TestMetadata(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	parent := fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
	meta := slack.SlackMetadata{EventType: "signpost_answer", EventPayload: map[string]any{"id": "case-1"}}
	_, ts, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText("answer", false), slack.MsgOptionTS(parent), slack.MsgOptionMetadata(meta))
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range []bool{false, true} {
		msgs, _, _, err := api.GetConversationRepliesContext(within(t), &slack.GetConversationRepliesParameters{ChannelID: "C0SUPPORT", Timestamp: parent, IncludeAllMetadata: all})
		if err != nil {
			t.Fatal(err)
		}
		if got := msgs[1].Metadata.EventPayload["id"]; (got == "case-1") != all {
			t.Errorf("include_all_metadata=%v shows id %v", all, got)
		}
	}
	if _, _, _, err := api.UpdateMessageContext(within(t), "C0SUPPORT", ts, slack.MsgOptionText("changed", false)); err != nil {
		t.Fatal(err)
	}
	if m, _ := fake.Message("C0SUPPORT", ts); m.Metadata == nil {
		t.Error("an update without metadata took it away")
	}
}

func TestUpdate(t *testing.T) {
	blocks := slack.MsgOptionBlocks(section("in blocks"))
	text := func(s string) slack.MsgOption { return slack.MsgOptionText(s, false) }
	rows := []struct {
		name    string
		with    []slack.MsgOption
		err     string
		text    string
		blocks  int
		attach  int
		pencils bool // the "(edited)" mark
	}{
		{name: "text and blocks", with: []slack.MsgOption{text("new"), blocks}, text: "new", blocks: 1, attach: 1},
		{name: "text alone takes the blocks away", with: []slack.MsgOption{text("new")}, text: "new", attach: 1, pencils: true},
		{name: "blocks alone keep the text", with: []slack.MsgOption{blocks}, text: "old", blocks: 1, attach: 1},
		{name: "empty blocks clear them", with: []slack.MsgOption{slack.MsgOptionBlocks()}, text: "old", attach: 1, pencils: true},
		{name: "empty attachments clear them", with: []slack.MsgOption{text("new"), blocks, slack.MsgOptionAttachments([]slack.Attachment{}...)}, text: "new", blocks: 1},
		{name: "4,000 characters", with: []slack.MsgOption{text(strings.Repeat("é", 4000)), blocks}, text: strings.Repeat("é", 4000), blocks: 1, attach: 1},
		{name: "4,001 characters", with: []slack.MsgOption{text(strings.Repeat("é", 4001)), blocks}, err: "msg_too_long", text: "old", blocks: 2, attach: 1},
		{name: "nothing", err: "no_text", text: "old", blocks: 2, attach: 1},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			fake := start(t, slackfake.Options{})
			api := client(fake)
			_, ts, err := api.PostMessageContext(within(t), "C0SUPPORT", text("old"), slack.MsgOptionBlocks(section("a"), section("b")), slack.MsgOptionAttachments(slack.Attachment{Text: "att"}))
			if err != nil {
				t.Fatal(err)
			}
			_, _, _, err = api.UpdateMessageContext(within(t), "C0SUPPORT", ts, row.with...)
			if slackError(err) != row.err {
				t.Fatalf("err = %v, want %q", err, row.err)
			}
			m, _ := fake.Message("C0SUPPORT", ts)
			if m.Text != row.text || len(m.Blocks) != row.blocks || len(m.Attachments) != row.attach || (m.Edited != nil) != row.pencils {
				t.Errorf("text %.20q, %d blocks, %d attachments, edited %v", m.Text, len(m.Blocks), len(m.Attachments), m.Edited)
			}
		})
	}
	t.Run("an ephemeral message cannot be updated", func(t *testing.T) {
		fake := start(t, slackfake.Options{})
		api := client(fake)
		ts, err := api.PostEphemeralContext(within(t), "C0SUPPORT", "U0BOB", text("psst"))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := api.UpdateMessageContext(within(t), "C0SUPPORT", ts, text("x")); slackError(err) != "message_not_found" {
			t.Errorf("err = %v", err)
		}
	})
}

func TestLongTextIsCutWithAWarning(t *testing.T) {
	fake := start(t, slackfake.Options{})
	var warned []string
	api := client(fake, slack.OptionOnWarning(func(_ string, _ any, w *slack.Warning) { warned = append(warned, w.Codes...) }))
	_, ts, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText(strings.Repeat("ü", slackfake.MaxText+1), false))
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := fake.Message("C0SUPPORT", ts); len([]rune(m.Text)) != slackfake.MaxText {
		t.Errorf("%d characters kept", len([]rune(m.Text)))
	}
	got := call(t, fake, "chat.postMessage", map[string]string{"channel": "C0AGENTS", "text": strings.Repeat("x", slackfake.MaxText+1)})
	if got["warning"] != "message_truncated" {
		t.Errorf("warning %v (client saw %v)", got["warning"], warned)
	}
}

func TestPostToAPersonOpensTheDirectMessage(t *testing.T) {
	fake := start(t, slackfake.Options{})
	channel, ts, err := client(fake).PostMessageContext(within(t), "U0BOB", slack.MsgOptionText("hello", false))
	if err != nil || !strings.HasPrefix(channel, "D") {
		t.Fatalf("channel %s, %v", channel, err)
	}
	if m, there := fake.Message(channel, ts); !there || m.Text != "hello" {
		t.Errorf("message %+v", m)
	}
	if dm, _ := fake.PostDM("U0BOB", "hi"); dm != channel {
		t.Errorf("the person writes in %s, the bot in %s", dm, channel)
	}
}

func TestPermalink(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	parent := fake.Post("C0SUPPORT", "U0BOB", "x")
	reply := fake.Post("C0SUPPORT", "U0BOB", "y", slackfake.InThread(parent))
	for ts, want := range map[string]string{
		parent: "https://contoso.slack.com/archives/C0SUPPORT/p" + strings.ReplaceAll(parent, ".", ""),
		reply:  "https://contoso.slack.com/archives/C0SUPPORT/p" + strings.ReplaceAll(reply, ".", "") + "?thread_ts=" + parent + "&cid=C0SUPPORT",
	} {
		got, err := api.GetPermalinkContext(within(t), &slack.PermalinkParameters{Channel: "C0SUPPORT", Ts: ts})
		if err != nil || got != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}

func TestScheduledMessagesPostUnlessTheyCarryMetadata(t *testing.T) {
	clk := newClock()
	fake := start(t, slackfake.Options{Now: clk.now, Tick: -1, NoRateLimits: true})
	api := client(fake)
	at := strconv.FormatInt(clk.now().Add(time.Hour).Unix(), 10)
	if _, _, err := api.ScheduleMessageContext(within(t), "C0SUPPORT", at, slack.MsgOptionText("plain", false)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.ScheduleMessageContext(within(t), "C0SUPPORT", at, slack.MsgOptionText("with metadata", false),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "x", EventPayload: map[string]any{"id": "1"}})); err != nil {
		t.Fatal(err)
	}
	clk.add(time.Hour)
	fake.Tick()
	if m := fake.Messages("C0SUPPORT"); len(m) != 1 || m[0].Text != "plain" {
		t.Errorf("posted: %+v", m)
	}
	if left := fake.Scheduled(); len(left) != 1 || !left[0].Stuck {
		t.Errorf("left: %+v", left)
	}
	for i := range slackfake.MaxScheduled {
		if _, _, err := api.ScheduleMessageContext(within(t), "C0AGENTS", at2(clk), slack.MsgOptionText("x", false)); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if _, _, err := api.ScheduleMessageContext(within(t), "C0AGENTS", at2(clk), slack.MsgOptionText("x", false)); slackError(err) != "restricted_too_many" {
		t.Errorf("message 31: %v", err)
	}
}

func at2(clk *clock) string { return strconv.FormatInt(clk.now().Add(24*time.Hour).Unix(), 10) }

func TestStatusIsClearedByTheAnswerAndByTime(t *testing.T) {
	clk := newClock()
	fake := start(t, slackfake.Options{Now: clk.now, Tick: -1})
	api := client(fake)
	ts := fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
	set := func(status string) {
		t.Helper()
		if err := api.SetAssistantThreadsStatusContext(within(t), slack.AssistantThreadsSetStatusParameters{ChannelID: "C0SUPPORT", ThreadTS: ts, Status: status}); err != nil {
			t.Fatal(err)
		}
	}
	set("is reading the sign-in logs…")
	if got := fake.Status("C0SUPPORT", ts); got != "is reading the sign-in logs…" {
		t.Errorf("status %q", got)
	}
	if _, _, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText("done", false), slack.MsgOptionTS(ts)); err != nil {
		t.Fatal(err)
	}
	if got := fake.Status("C0SUPPORT", ts); got != "" {
		t.Errorf("status after the answer %q", got)
	}
	set("is thinking…")
	set("")
	if got := fake.Status("C0SUPPORT", ts); got != "" {
		t.Errorf("status after clearing %q", got)
	}
	set("is thinking…")
	clk.add(slackfake.StatusTimeout)
	fake.Tick()
	if got := fake.Status("C0SUPPORT", ts); got != "" {
		t.Errorf("status after two minutes %q", got)
	}
}

func TestScheduledMessagesCanBeListedAndTakenBack(t *testing.T) {
	fake := start(t, slackfake.Options{Tick: -1})
	api := client(fake)
	at := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	_, id, err := api.ScheduleMessageContext(within(t), "C0SUPPORT", at, slack.MsgOptionText("later", false))
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := api.GetScheduledMessagesContext(within(t), &slack.GetScheduledMessagesParameters{Channel: "C0SUPPORT"})
	if err != nil || len(list) != 1 || list[0].ID != id || list[0].Text != "later" {
		t.Errorf("list: %+v, %v", list, err)
	}
	gone, err := api.DeleteScheduledMessageContext(within(t), &slack.DeleteScheduledMessageParameters{Channel: "C0SUPPORT", ScheduledMessageID: id})
	if err != nil || !gone || len(fake.Scheduled()) != 0 {
		t.Errorf("taken back: %v, %v, left %+v", gone, err, fake.Scheduled())
	}
	if _, err = api.DeleteScheduledMessageContext(within(t), &slack.DeleteScheduledMessageParameters{Channel: "C0SUPPORT", ScheduledMessageID: id}); slackError(err) != "invalid_scheduled_message_id" {
		t.Errorf("a second time: %v", err)
	}
}

func TestDeleteOwnMessage(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	_, ts, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText("oops", false))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.DeleteMessageContext(within(t), "C0SUPPORT", ts); err != nil {
		t.Fatal(err)
	}
	if m := fake.Messages("C0SUPPORT"); len(m) != 0 {
		t.Errorf("left: %+v", m)
	}
}

func TestGroupConversation(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	c, _, already, err := api.OpenConversationContext(within(t), &slack.OpenConversationParameters{Users: []string{"U0ALICE", "U0BOB"}, ReturnIM: true})
	if err != nil || already || !c.IsMpIM {
		t.Fatalf("open: %+v, %v", c, err)
	}
	again, _, already, err := api.OpenConversationContext(within(t), &slack.OpenConversationParameters{Users: []string{"U0BOB", "U0ALICE"}})
	if err != nil || !already || again.ID != c.ID {
		t.Errorf("again: %+v, %v", again, err)
	}
	fake.Post(c.ID, "U0BOB", "hello")
	if n := fake.Unacked(); n != 1 {
		t.Errorf("%d events of the group conversation", n)
	}
}

func TestAttachmentsAreCheckedToo(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	good := slack.Attachment{Color: "#d00", Blocks: slack.Blocks{BlockSet: []slack.Block{section("in an attachment")}}}
	_, ts, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionAttachments(good))
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := fake.Message("C0SUPPORT", ts); !strings.Contains(m.BlockText(), "in an attachment") {
		t.Errorf("text %q", m.BlockText())
	}
	bad := slack.Attachment{Blocks: slack.Blocks{BlockSet: []slack.Block{section(rep(3001))}}}
	if _, _, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionAttachments(bad)); slackError(err) != "invalid_attachments" {
		t.Errorf("err = %v", err)
	}
}
