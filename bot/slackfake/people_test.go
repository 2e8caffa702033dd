package slackfake_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
	"golang.org/x/tools/txtar"

	"signpost/bot/slackfake"
)

func TestComposer(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/compose.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = strings.TrimSuffix(string(f.Data), "\n")
	}
	fake := start(t, slackfake.Options{})
	for _, f := range archive.Files {
		name, isInput := strings.CutSuffix(f.Name, ".in")
		if !isInput {
			continue
		}
		t.Run(name, func(t *testing.T) {
			ts := fake.Post("C0SUPPORT", "U0BOB", files[f.Name])
			m, _ := fake.Message("C0SUPPORT", ts)
			if diff := cmp.Diff(files[name+".text"], m.Text); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			var want any
			if err := json.Unmarshal([]byte(files[name+".blocks"]), &want); err != nil {
				t.Fatal(err)
			}
			var got []struct {
				Type     string `json:"type"`
				Elements any    `json:"elements"`
			}
			if err := json.Unmarshal(m.BlocksJSON(), &got); err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got[0].Type != "rich_text" {
				t.Fatalf("blocks %s", m.BlocksJSON())
			}
			if diff := cmp.Diff(want, got[0].Elements); diff != "" {
				t.Errorf("elements (-want +got):\n%s", diff)
			}
		})
	}
}

// messages acks all and hands every message or mention to a channel, with the raw inner event.
type heard struct {
	outer   *slackevents.EventsAPICallbackEvent
	message *slackevents.MessageEvent
	mention *slackevents.AppMentionEvent
	raw     map[string]any
}

func listen(t *testing.T, fake *slackfake.Server) <-chan heard {
	t.Helper()
	out := make(chan heard, 20)
	socket(t, fake, func(smc *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeErrorBadMessage {
			t.Errorf("the client could not read %s", e.Data.(*socketmode.ErrorBadMessage).Message)
		}
		if e.Type != socketmode.EventTypeEventsAPI {
			return
		}
		ack(t, smc, e.Request.EnvelopeID, nil)
		outer := e.Data.(slackevents.EventsAPIEvent)
		h := heard{outer: outer.Data.(*slackevents.EventsAPICallbackEvent)}
		h.message, _ = outer.InnerEvent.Data.(*slackevents.MessageEvent)
		h.mention, _ = outer.InnerEvent.Data.(*slackevents.AppMentionEvent)
		if err := json.Unmarshal(*h.outer.InnerEvent, &h.raw); err != nil {
			t.Error(err)
		}
		out <- h
	})
	wait(t, fake, connected(1))
	return out
}

func next(t *testing.T, from <-chan heard) heard {
	t.Helper()
	select {
	case h := <-from:
		return h
	case <-within(t).Done():
		t.Fatal("no event came")
		return heard{}
	}
}

func TestMessageEvent(t *testing.T) {
	fake := start(t, slackfake.Options{})
	events := listen(t, fake)
	ts := fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076 for bob@contoso.com", slackfake.AsCode())
	h := next(t, events)
	m := h.message
	if m.User != "U0BOB" || m.TimeStamp != ts || m.EventTimeStamp != ts || m.Channel != "C0SUPPORT" || m.ChannelType != "channel" || m.ClientMsgID == "" || m.SubType != "" {
		t.Errorf("event: %+v", m)
	}
	if m.Text != "```AADSTS50076 for <mailto:bob@contoso.com|bob@contoso.com>```" || len(m.Blocks.BlockSet) != 1 {
		t.Errorf("text %q, %d blocks", m.Text, len(m.Blocks.BlockSet))
	}
	if h.outer.TeamID != "T0CONTOSO" || h.outer.APIAppID != "A0SIGNPOST" || h.outer.EventID == "" || h.outer.EventTime == 0 || h.outer.IsExtSharedChannel {
		t.Errorf("outer: %+v", h.outer)
	}
	if a := h.outer.Authorizations; len(a) != 1 || a[0].UserID != "U0SIGNPOST" || !a[0].IsBot {
		t.Errorf("authorizations: %+v", a)
	}
}

func TestExternalsMessage(t *testing.T) {
	fake := start(t, slackfake.Options{})
	events := listen(t, fake)
	fake.Post("C0SHARED", "U0ERIN", "AADSTS50076")
	h := next(t, events)
	if !h.outer.IsExtSharedChannel || h.message.UserTeam != "T0FABRIKAM" || h.message.SourceTeam != "T0FABRIKAM" || h.outer.TeamID != "T0CONTOSO" {
		t.Errorf("shared %v, user_team %s, source_team %s, team %s", h.outer.IsExtSharedChannel, h.message.UserTeam, h.message.SourceTeam, h.outer.TeamID)
	}
	fake.Post("C0SHARED", "U0BOB", "ours")
	if h := next(t, events); !h.outer.IsExtSharedChannel || h.message.UserTeam != "" {
		t.Errorf("our own person in the shared channel has user_team %q", h.message.UserTeam)
	}
}

func TestMentionComesTwice(t *testing.T) {
	fake := start(t, slackfake.Options{})
	events := listen(t, fake)
	ts := fake.Mention("C0SUPPORT", "U0BOB", "help")
	a, b := next(t, events), next(t, events)
	if a.message == nil || b.mention == nil {
		t.Fatalf("got %v and %v", a.raw["type"], b.raw["type"])
	}
	if a.outer.EventID == b.outer.EventID || b.mention.TimeStamp != ts || b.mention.Text != "<@U0SIGNPOST> help" || b.raw["channel_type"] != nil {
		t.Errorf("mention: %+v", b.raw)
	}
	fake.Edit("C0SUPPORT", fake.Post("C0SUPPORT", "U0BOB", "x"), "now for <@U0SIGNPOST>")
	next(t, events)
	if h := next(t, events); h.message == nil || h.message.SubType != "message_changed" {
		t.Errorf("edit: %v", h.raw)
	}
	if h := next(t, events); h.mention == nil || h.mention.Edited == nil {
		t.Errorf("mention by an edit: %v", h.raw)
	}
	if dm, ts := fake.PostDM("U0BOB", "<@U0SIGNPOST> hi"); dm != "" {
		if h := next(t, events); h.message == nil || h.message.ChannelType != "im" || h.message.TimeStamp != ts {
			t.Errorf("direct message: %v", h.raw)
		}
	}
	if n := fake.Unacked(); n > 0 {
		wait(t, fake, func(s *slackfake.Snapshot) bool { return s.Unacked() == 0 })
	}
	if len(events) != 0 {
		t.Errorf("a mention in a direct message came twice")
	}
}

func TestOwnPostsComeBack(t *testing.T) {
	fake := start(t, slackfake.Options{})
	events := listen(t, fake)
	_, ts, err := client(fake).PostMessageContext(t.Context(), "C0SUPPORT", slack.MsgOptionText("answer to <@U0SIGNPOST>", false))
	if err != nil {
		t.Fatal(err)
	}
	h := next(t, events)
	if h.message.BotID != "B0SIGNPOST" || h.message.User != "U0SIGNPOST" || h.message.SubType != "" || h.raw["app_id"] != "A0SIGNPOST" || h.message.Message.BotProfile.AppID != "A0SIGNPOST" {
		t.Errorf("own post: %v", h.raw)
	}
	if _, _, _, err := client(fake).UpdateMessageContext(t.Context(), "C0SUPPORT", ts, slack.MsgOptionText("changed", false)); err != nil {
		t.Fatal(err)
	}
	if h := next(t, events); h.message.SubType != "message_changed" || h.message.Message.BotID != "B0SIGNPOST" || h.message.PreviousMessage.Text != "answer to <@U0SIGNPOST>" {
		t.Errorf("own update: %v", h.raw)
	}
}

func TestIntegrations(t *testing.T) {
	opts := slackfake.Contoso()
	opts.Bots = append(opts.Bots, slackfake.Bot{ID: "B0OLD", Name: "old hook", Classic: true})
	fake := start(t, opts)
	events := listen(t, fake)
	fake.PostBot("C0SUPPORT", "B0ALERTS", slackfake.BotPost{Attachments: []slackfake.Block{{"id": 1, "title": "Sign-in failed", "text": "AADSTS50126", "fields": []any{slackfake.Block{"title": "User", "value": "bob@contoso.com", "short": true}}, "fallback": "Sign-in failed"}}})
	h := next(t, events)
	if h.message.Text != "" || h.message.BotID != "B0ALERTS" || h.message.SubType != "" || h.message.Message.Attachments[0].Text != "AADSTS50126" || h.message.User != "U0ALERTS" {
		t.Errorf("modern integration: %v", h.raw)
	}
	fake.PostBot("C0SUPPORT", "B0OLD", slackfake.BotPost{Text: "AADSTS50126"})
	if h := next(t, events); h.message.SubType != "bot_message" || h.message.User != "" || h.message.Username != "old hook" {
		t.Errorf("classic integration: %v", h.raw)
	}
}

func TestForwardedMessage(t *testing.T) {
	fake := start(t, slackfake.Options{})
	origin := fake.Post("C0GENERAL", "U0DAVE", "```\nAADSTS50076\n```")
	events := listen(t, fake)
	fake.Forward("C0SUPPORT", "U0BOB", "C0GENERAL", origin, "what is this?")
	h := next(t, events)
	if h.message.Text != "what is this?" {
		t.Errorf("comment %q", h.message.Text)
	}
	a := h.raw["attachments"].([]any)[0].(map[string]any)
	inner := a["message_blocks"].([]any)[0].(map[string]any)["message"].(map[string]any)["blocks"]
	if a["is_share"] != true || a["is_msg_unfurl"] != true || a["author_id"] != "U0DAVE" || a["channel_id"] != "C0GENERAL" || inner == nil || a["text"] != "```AADSTS50076```" {
		t.Errorf("attachment: %v", a)
	}
}

func TestEditsDeletionsAndChangesThatAreNone(t *testing.T) {
	fake := start(t, slackfake.Options{})
	events := listen(t, fake)
	ts := fake.Post("C0SUPPORT", "U0BOB", "see https://learn.microsoft.com")
	next(t, events)

	fake.Edit("C0SUPPORT", ts, "AADSTS50076")
	h := next(t, events)
	if h.message.SubType != "message_changed" || h.message.Message.Text != "AADSTS50076" || h.message.PreviousMessage.Text != "see <https://learn.microsoft.com>" || h.message.Message.Edited == nil {
		t.Errorf("edit: %v", h.raw)
	}
	edited := h.message.Message.Edited.Timestamp

	fake.Unfurl("C0SUPPORT", ts, "https://learn.microsoft.com", "Errors", "AADSTS50058 …")
	h = next(t, events)
	if h.message.SubType != "message_changed" || h.message.Message.Text != h.message.PreviousMessage.Text || h.message.Message.Edited.Timestamp != edited || h.message.Message.Attachments[0].FromURL == "" {
		t.Errorf("unfurl: %v", h.raw)
	}
	fake.Touch("C0SUPPORT", ts)
	if h = next(t, events); h.message.SubType != "message_changed" || cmp.Diff(h.message.Message, h.message.PreviousMessage) != "" {
		t.Errorf("change without a change: %v", h.raw)
	}
	fake.Delete("C0SUPPORT", ts)
	if h = next(t, events); h.message.SubType != "message_deleted" || h.message.DeletedTimeStamp != ts || h.message.PreviousMessage.Text != "AADSTS50076" {
		t.Errorf("deletion: %v", h.raw)
	}
	parent := fake.Post("C0SUPPORT", "U0BOB", "parent")
	fake.Post("C0SUPPORT", "U0ALICE", "reply", slackfake.InThread(parent))
	next(t, events)
	if h = next(t, events); h.message.ThreadTimeStamp != parent || h.raw["parent_user_id"] != "U0BOB" {
		t.Errorf("reply: %v", h.raw)
	}
	fake.Post("C0SUPPORT", "U0ALICE", "broadcast", slackfake.InThread(parent), slackfake.Broadcast())
	if h = next(t, events); h.message.SubType != "thread_broadcast" || h.message.Root == nil || h.message.Root.Timestamp != parent {
		t.Errorf("broadcast: %v", h.raw)
	}
	fake.Delete("C0SUPPORT", parent)
	if h = next(t, events); h.message.SubType != "message_changed" || h.message.Message.SubType != "tombstone" {
		t.Errorf("tombstone: %v", h.raw)
	}
}

func TestSilentMessagesAreInTheHistoryOnly(t *testing.T) {
	fake := start(t, slackfake.Options{})
	ts := fake.Post("C0SUPPORT", "U0BOB", "missed", slackfake.Silent())
	if n := fake.Unacked(); n != 0 {
		t.Errorf("%d events", n)
	}
	got, err := client(fake).GetConversationHistoryContext(within(t), &slack.GetConversationHistoryParameters{ChannelID: "C0SUPPORT"})
	if err != nil || len(got.Messages) != 1 || got.Messages[0].Timestamp != ts {
		t.Errorf("history: %+v, %v", got, err)
	}
}

// Every event that the workspace can send is one that the client knows.
func TestWorkspaceEvents(t *testing.T) {
	fake := start(t, slackfake.Options{})
	seen := acking(t, fake)
	wait(t, fake, connected(1))
	fake.OpenHome("U0ALICE")
	fake.OpenMessages("U0ALICE")
	fake.ShareChannel("C0SUPPORT", "T0FABRIKAM")
	fake.UnshareChannel("C0SUPPORT", "T0FABRIKAM")
	fake.Join("C0SUPPORT", "U0ERIN")
	fake.Leave("C0SUPPORT", "U0ERIN")
	fake.RenameChannelID("C0SUPPORT", "C0NEW")
	fake.SetGroup("S0HELPDESK", "U0ALICE", "U0BOB")
	fake.ChangeUser(slackfake.User{ID: "U0NEW", Name: "new"})
	fake.ChangeUser(slackfake.User{ID: "U0NEW", Name: "new", Deleted: true})
	fake.React("C0NEW", fake.Post("C0NEW", "U0BOB", "x"), "U0BOB", "eyes")
	fake.RevokeTokens()
	fake.Uninstall()
	want := []string{"app_home_opened", "app_home_opened", "channel_shared", "channel_unshared", "member_joined_channel", "member_left_channel", "channel_id_changed",
		"subteam_members_changed", "team_join", "user_change", "message", "reaction_added", "tokens_revoked", "app_uninstalled"}
	wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Acks()) == len(want) })
	var got []string
	for _, e := range seen.of(socketmode.EventTypeEventsAPI) {
		got = append(got, e.Data.(slackevents.EventsAPIEvent).InnerEvent.Type)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if bad := seen.of(socketmode.EventTypeErrorBadMessage); len(bad) != 0 {
		t.Errorf("%d events that the client cannot read", len(bad))
	}
	if c, _ := fake.Channel("C0NEW"); c.ExtShared || len(c.ConnectedTeams) != 0 || c.Name != "support" {
		t.Errorf("channel: %+v", c)
	}
}

func TestFiles(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	events := listen(t, fake)
	content := strings.Repeat("line of a log\n", 200) + "AADSTS50076 at the end"
	ts := fake.PostSnippet("C0SUPPORT", "U0BOB", "error.txt", content)
	h := next(t, events)
	if h.message.SubType != "file_share" || h.message.TimeStamp != ts || h.message.Text != "" || len(h.message.Message.Files) != 1 {
		t.Fatalf("event: %v", h.raw)
	}
	f := h.message.Message.Files[0]
	if f.Mode != "snippet" || f.Size != len(content) || f.Lines != 201 || f.LinesMore != 196 || !*f.PreviewIsTruncated || strings.Contains(f.Preview, "AADSTS") {
		t.Errorf("file: %+v", f)
	}
	var body strings.Builder
	if err := api.GetFileContext(within(t), f.URLPrivateDownload, &body); err != nil || body.String() != content {
		t.Errorf("download: %d characters, %v", body.Len(), err)
	}
	info, _, _, err := api.GetFileInfoContext(within(t), f.ID, 1, 1)
	if err != nil || info.URLPrivate != f.URLPrivate {
		t.Errorf("files.info: %+v, %v", info, err)
	}
	stranger := slack.New("xoxb-nobody", slack.OptionAPIURL(fake.APIURL()))
	body.Reset()
	if err := stranger.GetFileContext(within(t), f.URLPrivateDownload, &body); err == nil || strings.Contains(body.String(), "AADSTS") {
		t.Errorf("somebody without the token got %d characters, %v", body.Len(), err)
	}
	fake.SetScopes("files:write")
	if err := api.GetFileContext(within(t), f.URLPrivateDownload, &body); err == nil {
		t.Error("download without files:read")
	}
	fake.SetScopes()

	fake.Post("C0SHARED", "U0ERIN", "", slackfake.WithFile(slackfake.File{Name: "x.txt", Content: []byte("AADSTS50076"), CheckFileInfo: true}), slackfake.NoSubtype())
	h = next(t, events)
	f = h.message.Message.Files[0]
	if h.message.SubType != "" || f.Mode != "file_access" || f.FileAccess != "check_file_info" || f.URLPrivate != "" {
		t.Errorf("file in Slack Connect: %v", h.raw["files"])
	}
	if info, _, _, err = api.GetFileInfoContext(within(t), f.ID, 1, 1); err != nil || info.Preview != "AADSTS50076" {
		t.Errorf("files.info: %+v, %v", info, err)
	}
}

func TestHowAPostMayDiffer(t *testing.T) {
	fake := start(t, slackfake.Options{})
	rows := []struct {
		name  string
		opts  []slackfake.PostOption
		check func(slackfake.Message) bool
	}{
		{"unlinked", []slackfake.PostOption{slackfake.NoLinks()}, func(m slackfake.Message) bool { return m.Text == "mail bob@contoso.com" }},
		{"other blocks", []slackfake.PostOption{slackfake.WithBlocks(slackfake.Block{"type": "divider"})}, func(m slackfake.Message) bool { return m.Blocks[0]["type"] == "divider" }},
		{"subtype", []slackfake.PostOption{slackfake.WithSubtype("me_message")}, func(m slackfake.Message) bool { return m.SubType == "me_message" }},
		{"top of a thread", nil, func(m slackfake.Message) bool { return m.Thread() == m.TS }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			m, _ := fake.Message("C0SUPPORT", fake.Post("C0SUPPORT", "U0BOB", "mail bob@contoso.com", row.opts...))
			if !row.check(m) {
				t.Errorf("message: %+v", m)
			}
		})
	}
	for name, mistake := range map[string]func(){
		"unknown channel": func() { fake.Post("C0NOWHERE", "U0BOB", "x") },
		"unknown person":  func() { fake.Post("C0SUPPORT", "U0NOBODY", "x") },
		"unknown thread":  func() { fake.Post("C0SUPPORT", "U0BOB", "x", slackfake.InThread("1.000001")) },
		"unknown bot":     func() { fake.PostBot("C0SUPPORT", "B0NOBODY", slackfake.BotPost{}) },
		"unknown message": func() { fake.Edit("C0SUPPORT", "1.000001", "x") },
		"unknown forward": func() { fake.Forward("C0SUPPORT", "U0BOB", "C0SUPPORT", "1.000001", "x") },
	} {
		t.Run(name+" is a mistake of the test", func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it passed")
				}
			}()
			mistake()
		})
	}
	if fake.Post("C0SUPPORT", "U0BOB", "the lock was given back") == "" {
		t.Error("no ts")
	}
}
