package slackfake_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"signpost/bot/slackfake"
)

// call makes a plain form call, for arguments that slack-go would not send.
func call(t *testing.T, fake *slackfake.Server, method string, args map[string]string) map[string]any {
	t.Helper()
	form := url.Values{}
	for k, v := range args {
		form.Set(k, v)
	}
	if !form.Has("token") {
		form.Set("token", fake.BotToken())
	}
	res, err := http.PostForm(fake.APIURL()+method, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		t.Fatalf("%s: status %d: %v", method, res.StatusCode, err)
	}
	return out
}

// slackError gives Slack's word for an error of the client.
func slackError(err error) string {
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) {
		return refused.Err
	}
	if err != nil {
		return "not Slack's: " + err.Error()
	}
	return ""
}

func TestErrorsOfMethods(t *testing.T) {
	fake := start(t, slackfake.Options{NoRateLimits: true})
	user := fake.Post("C0SUPPORT", "U0BOB", "a person's message")
	reply := fake.Post("C0SUPPORT", "U0ALICE", "a reply", slackfake.InThread(user))
	type args = map[string]string
	rows := []struct {
		name, method string
		args         args
		want         string
	}{
		{"unknown method", "chat.postMessages", args{}, "unknown_method"},
		{"no token", "auth.test", args{"token": ""}, "not_authed"},
		{"wrong token", "auth.test", args{"token": "xoxb-nobody"}, "invalid_auth"},
		{"app token for a bot method", "auth.test", args{"token": "xapp-1-fake-app-token"}, "not_allowed_token_type"},
		{"post without channel", "chat.postMessage", args{"text": "x"}, "invalid_arguments"},
		{"post to unknown channel", "chat.postMessage", args{"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"},
		{"post where the bot is no member", "chat.postMessage", args{"channel": "C0GENERAL", "text": "x"}, "not_in_channel"},
		{"post nothing", "chat.postMessage", args{"channel": "C0SUPPORT"}, "no_text"},
		{"post text and markdown", "chat.postMessage", args{"channel": "C0SUPPORT", "text": "x", "markdown_text": "x"}, "markdown_text_conflict"},
		{"blocks are no JSON", "chat.postMessage", args{"channel": "C0SUPPORT", "blocks": "[{"}, "invalid_blocks_format"},
		{"blocks are no list", "chat.postMessage", args{"channel": "C0SUPPORT", "blocks": `{"type":"divider"}`}, "invalid_blocks_format"},
		{"attachments are no list", "chat.postMessage", args{"channel": "C0SUPPORT", "attachments": `{}`}, "invalid_attachments"},
		{"101 attachments", "chat.postMessage", args{"channel": "C0SUPPORT", "attachments": "[" + strings.Repeat(`{"text":"x"},`, 100) + `{"text":"x"}]`}, "too_many_attachments"},
		{"metadata is no JSON", "chat.postMessage", args{"channel": "C0SUPPORT", "text": "x", "metadata": "{"}, "invalid_metadata_format"},
		{"metadata without event_type", "chat.postMessage", args{"channel": "C0SUPPORT", "text": "x", "metadata": `{"event_payload":{}}`}, "invalid_metadata_format"},
		{"metadata too large", "chat.postMessage", args{"channel": "C0SUPPORT", "text": "x", "metadata": `{"event_type":"a","event_payload":{"x":"` + strings.Repeat("x", 9000) + `"}}`}, "metadata_too_large"},
		{"reply to a reply", "chat.postMessage", args{"channel": "C0SUPPORT", "text": "x", "thread_ts": reply}, "cannot_reply_to_message"},
		{"update of nothing", "chat.update", args{"channel": "C0SUPPORT", "ts": "1.000001", "text": "x"}, "message_not_found"},
		{"update of a person's message", "chat.update", args{"channel": "C0SUPPORT", "ts": user, "text": "x"}, "cant_update_message"},
		{"delete of nothing", "chat.delete", args{"channel": "C0SUPPORT", "ts": "1.000001"}, "message_not_found"},
		{"delete of a person's message", "chat.delete", args{"channel": "C0SUPPORT", "ts": user}, "cant_delete_message"},
		{"ephemeral for somebody who is not there", "chat.postEphemeral", args{"channel": "C0SUPPORT", "user": "U0ERIN", "text": "x"}, "user_not_in_channel"},
		{"ephemeral for nobody", "chat.postEphemeral", args{"channel": "C0SUPPORT", "text": "x"}, "invalid_arguments"},
		{"permalink of nothing", "chat.getPermalink", args{"channel": "C0SUPPORT", "message_ts": "1.000001"}, "message_not_found"},
		{"schedule in the past", "chat.scheduleMessage", args{"channel": "C0SUPPORT", "text": "x", "post_at": "1"}, "time_in_past"},
		{"schedule in a year", "chat.scheduleMessage", args{"channel": "C0SUPPORT", "text": "x", "post_at": "99999999999"}, "time_too_far"},
		{"schedule at no time", "chat.scheduleMessage", args{"channel": "C0SUPPORT", "text": "x", "post_at": "soon"}, "invalid_time"},
		{"info of unknown channel", "conversations.info", args{"channel": "C0NOWHERE"}, "channel_not_found"},
		{"history without membership", "conversations.history", args{"channel": "C0GENERAL"}, "not_in_channel"},
		{"history with a bad cursor", "conversations.history", args{"channel": "C0SUPPORT", "cursor": "page two"}, "invalid_cursor"},
		{"replies of nothing", "conversations.replies", args{"channel": "C0SUPPORT", "ts": "1.000001"}, "thread_not_found"},
		{"list of unknown types", "conversations.list", args{"types": "secret_channel"}, "invalid_types"},
		{"open with nobody", "conversations.open", args{}, "users_list_not_supplied"},
		{"open with somebody unknown", "conversations.open", args{"users": "U0NOBODY"}, "user_not_found"},
		{"open with somebody who left", "conversations.open", args{"users": "U0GONE"}, "user_disabled"},
		{"info of unknown user", "users.info", args{"user": "U0NOBODY"}, "user_not_found"},
		{"lookup of unknown address", "users.lookupByEmail", args{"email": "nobody@contoso.com"}, "users_not_found"},
		{"lookup of somebody who left", "users.lookupByEmail", args{"email": "gone@contoso.com"}, "users_not_found"},
		{"lookup of an external", "users.lookupByEmail", args{"email": "erin@fabrikam.com"}, "users_not_found"},
		{"members of unknown group", "usergroups.users.list", args{"usergroup": "S0NOBODY"}, "no_such_subteam"},
		{"info of unknown bot", "bots.info", args{"bot": "B0NOBODY"}, "bot_not_found"},
		{"reaction on nothing", "reactions.add", args{"channel": "C0SUPPORT", "timestamp": "1.000001", "name": "eyes"}, "message_not_found"},
		{"reaction without message", "reactions.add", args{"channel": "C0SUPPORT", "name": "eyes"}, "no_item_specified"},
		{"reaction without name", "reactions.add", args{"channel": "C0SUPPORT", "timestamp": user}, "invalid_name"},
		{"removing a reaction that is not there", "reactions.remove", args{"channel": "C0SUPPORT", "timestamp": user, "name": "eyes"}, "no_reaction"},
		{"info of unknown file", "files.info", args{"file": "F0NOTHING"}, "file_not_found"},
		{"view without trigger", "views.open", args{"view": `{"type":"modal","title":{"type":"plain_text","text":"t"},"blocks":[]}`}, "invalid_arguments"},
		{"view with unknown trigger", "views.open", args{"trigger_id": "1.2.3", "view": `{"type":"modal","title":{"type":"plain_text","text":"t"},"blocks":[]}`}, "invalid_trigger_id"},
		{"update of unknown view", "views.update", args{"view_id": "V0NOTHING", "view": `{}`}, "not_found"},
		{"home for nobody", "views.publish", args{"user_id": "U0NOBODY", "view": `{"type":"home","blocks":[]}`}, "invalid_arguments"},
		{"status in unknown channel", "assistant.threads.setStatus", args{"channel_id": "C0NOWHERE", "thread_ts": user, "status": "x"}, "channel_not_found"},
		{"status in unknown thread", "assistant.threads.setStatus", args{"channel_id": "C0SUPPORT", "thread_ts": "1.000001", "status": "x"}, "invalid_thread_ts"},
		{"status with eleven loading messages", "assistant.threads.setStatus", args{"channel_id": "C0SUPPORT", "thread_ts": user, "status": "x", "loading_messages": "1,2,3,4,5,6,7,8,9,10,11"}, "invalid_arguments"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := call(t, fake, row.method, row.args)
			if got["ok"] != false || got["error"] != row.want {
				t.Errorf("%s answered %v, want %s", row.method, got, row.want)
			}
		})
	}
}

func TestArchivedChannel(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	_, ts, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText("before", false))
	if err != nil {
		t.Fatal(err)
	}
	fake.ChangeChannel("C0SUPPORT", func(c *slackfake.Channel) { c.Archived = true })
	_, _, err = api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText("after", false))
	if slackError(err) != "is_archived" {
		t.Errorf("post: %v", err)
	}
	_, _, _, err = api.UpdateMessageContext(within(t), "C0SUPPORT", ts, slack.MsgOptionText("after", false))
	if slackError(err) != "is_inactive" {
		t.Errorf("update: %v", err)
	}
}

func TestPrivateChannelOfOthersDoesNotExistForTheBot(t *testing.T) {
	fake := start(t, slackfake.Options{})
	fake.Leave("C0AGENTS", "U0SIGNPOST")
	_, err := client(fake).GetConversationInfoContext(within(t), &slack.GetConversationInfoInput{ChannelID: "C0AGENTS"})
	if slackError(err) != "channel_not_found" {
		t.Errorf("err = %v", err)
	}
}

func TestScopes(t *testing.T) {
	fake := start(t, slackfake.Options{Scopes: []string{"chat:write", "users:read"}})
	var headers http.Header
	api := client(fake, slack.OptionOnResponseHeaders(func(_ string, h http.Header) { headers = h }))
	_, err := api.GetUserGroupMembersContext(within(t), "S0HELPDESK")
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Err != "missing_scope" || refused.Needed != "usergroups:read" || refused.Provided != "chat:write,users:read" {
		t.Errorf("err = %#v", err)
	}
	if got := headers.Get("X-OAuth-Scopes"); got != "chat:write,users:read" {
		t.Errorf("X-OAuth-Scopes = %q", got)
	}
	if got := headers.Get("X-Accepted-OAuth-Scopes"); got != "usergroups:read" {
		t.Errorf("X-Accepted-OAuth-Scopes = %q", got)
	}
	if _, err := api.GetConversationInfoContext(within(t), &slack.GetConversationInfoInput{ChannelID: "C0AGENTS"}); !errors.As(err, &refused) || refused.Needed != "groups:read" {
		t.Errorf("private channel needs %q, want groups:read", refused.Needed)
	}
	u, err := api.GetUserInfoContext(within(t), "U0BOB")
	if err != nil || u.Profile.Email != "" {
		t.Errorf("without users:read.email the address is %q, err %v", u.Profile.Email, err)
	}
	fake.SetScopes("users:read", "users:read.email")
	if u, err = api.GetUserInfoContext(within(t), "U0BOB"); err != nil || u.Profile.Email != "bob@contoso.com" {
		t.Errorf("with users:read.email: %+v, %v", u, err)
	}
	if _, _, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText("x", false)); slackError(err) != "missing_scope" {
		t.Errorf("post without chat:write: %v", err)
	}
}

// Without the history scope of its kind of channel the app hears nothing from there.
func TestEventsNeedScopesAndMembership(t *testing.T) {
	fake := start(t, slackfake.Options{Scopes: []string{"channels:history", "chat:write"}})
	acking(t, fake)
	wait(t, fake, connected(1))
	fake.Post("C0AGENTS", "U0ALICE", "private, no groups:history")
	fake.Post("C0GENERAL", "U0BOB", "the bot is not here")
	fake.Mention("C0SUPPORT", "U0BOB", "no app_mentions:read")
	wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Acks()) == 1 && s.Unacked() == 0 })
	if d := fake.Deliveries(); len(d) != 1 || d[0].Event != "message" {
		t.Errorf("deliveries: %+v", d)
	}
}

func TestSubscriptions(t *testing.T) {
	fake := start(t, slackfake.Options{Events: []string{"message.groups", "app_home_opened"}})
	fake.Post("C0SUPPORT", "U0BOB", "public")
	fake.Post("C0AGENTS", "U0ALICE", "private")
	fake.Mention("C0AGENTS", "U0ALICE", "mention")
	fake.OpenHome("U0BOB")
	if n := fake.Unacked(); n != 3 {
		t.Errorf("%d events wait, want the two private messages and the Home tab", n)
	}
}

func TestJSONAndFormCallsMeanTheSame(t *testing.T) {
	fake := start(t, slackfake.Options{})
	post := func(kind, body string, header bool) map[string]any {
		req, err := http.NewRequestWithContext(within(t), http.MethodPost, fake.APIURL()+"chat.postMessage", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		if header {
			req.Header.Set("Authorization", "Bearer "+fake.BotToken())
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		var out map[string]any
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	rows := []struct {
		name, kind, body string
		header           bool
		warning, err     any
	}{
		{"form", "application/x-www-form-urlencoded", "channel=C0SUPPORT&text=a%26b&reply_broadcast=false", true, nil, nil},
		{"form with charset", "application/x-www-form-urlencoded; charset=utf-8", "channel=C0SUPPORT&text=a%26b", true, "superfluous_charset", nil},
		{"JSON", "application/json; charset=utf-8", `{"channel":"C0SUPPORT","text":"a&b","reply_broadcast":false}`, true, nil, nil},
		{"JSON without charset", "application/json", `{"channel":"C0SUPPORT","text":"a&b"}`, true, "missing_charset", nil},
		{"token inside JSON", "application/json; charset=utf-8", `{"channel":"C0SUPPORT","text":"x","token":"` + fake.BotToken() + `"}`, false, nil, "not_authed"},
		{"broken JSON", "application/json; charset=utf-8", `{"channel":`, true, nil, "invalid_json"},
		{"no content type", "", "channel=C0SUPPORT", true, nil, "missing_post_type"},
		{"picture", "image/png", "channel=C0SUPPORT", true, nil, "invalid_post_type"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := post(row.kind, row.body, row.header)
			if got["error"] != row.err || got["warning"] != row.warning {
				t.Fatalf("answer %v", got)
			}
			if row.err == nil {
				if m, _ := got["message"].(map[string]any); m["text"] != "a&b" {
					t.Errorf("text %v", m["text"])
				}
			}
		})
	}
}

func TestCallsAreRecordedDecoded(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	_, _, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText("a <b>", false),
		slack.MsgOptionBlocks(slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", "Head", false, false))),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "case", EventPayload: map[string]any{"id": "42"}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.GetUserInfoContext(within(t), "U0NOBODY"); err == nil {
		t.Fatal("unknown user was found")
	}
	got := fake.Calls("chat.postMessage")
	if len(got) != 1 || !got[0].Done || got[0].Status != 200 || got[0].Error != "" {
		t.Fatalf("calls: %+v", got)
	}
	want := slackfake.Block{"channel": "C0SUPPORT", "text": "a <b>",
		"blocks":   []any{map[string]any{"type": "header", "text": map[string]any{"type": "plain_text", "text": "Head", "emoji": false}}},
		"metadata": map[string]any{"event_type": "case", "event_payload": map[string]any{"id": "42"}}}
	if diff := cmp.Diff(want, got[0].Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if c := fake.Calls("users.info"); len(c) != 1 || c[0].Error != "user_not_found" {
		t.Errorf("users.info: %+v", c)
	}
	if all := fake.Calls(""); len(all) != 2 {
		t.Errorf("%d calls, want 2", len(all))
	}
}

// Everything that the app sent can be searched as text, whoever got it and however it was encoded.
func TestSentHoldsEveryWordByReceiver(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	secret := `alice+"x"<&>@contoso.com`
	section := slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", secret, false, false), nil, nil)
	if _, _, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionBlocks(section)); err != nil {
		t.Fatal(err)
	}
	if _, err := api.PostEphemeralContext(within(t), "C0SUPPORT", "U0ALICE", slack.MsgOptionText(secret, false)); err != nil {
		t.Fatal(err)
	}
	if _, err := api.PublishViewContext(within(t), slack.PublishViewContextRequest{UserID: "U0BOB", View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{section}}}}); err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, s := range fake.Sent() {
		if strings.Contains(s.Text, secret) {
			got = append(got, s.Method+" channel="+s.Channel+" user="+s.User)
		}
		if strings.Contains(s.Text, fake.BotToken()) {
			t.Errorf("%s: the text holds the token", s.Method)
		}
	}
	want := []string{"chat.postMessage channel=C0SUPPORT user=", "chat.postEphemeral channel=C0SUPPORT user=U0ALICE", "views.publish channel= user=U0BOB"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who got it (-want +got):\n%s", diff)
	}
}

func TestDirectory(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	ctx := within(t)
	who, err := api.AuthTestContext(ctx)
	if err != nil || who.UserID != "U0SIGNPOST" || who.BotID != "B0SIGNPOST" || who.TeamID != "T0CONTOSO" {
		t.Errorf("auth.test: %+v, %v", who, err)
	}
	team, err := api.GetTeamInfoContext(ctx)
	if err != nil || team.Domain != "contoso" {
		t.Errorf("team.info: %+v, %v", team, err)
	}
	bot, err := api.GetBotInfoContext(ctx, slack.GetBotInfoParameters{Bot: "B0ALERTS"})
	if err != nil || bot.AppID != "A0ALERTS" {
		t.Errorf("bots.info: %+v, %v", bot, err)
	}
	guest, err := api.GetUserInfoContext(ctx, "U0GUEST")
	if err != nil || !guest.IsUltraRestricted || !guest.IsRestricted {
		t.Errorf("guest: %+v, %v", guest, err)
	}
	external, err := api.GetUserInfoContext(ctx, "U0ERIN")
	if err != nil || external.TeamID != "T0FABRIKAM" || external.IsStranger {
		t.Errorf("external: %+v, %v", external, err)
	}
	bob, err := api.GetUserByEmailContext(ctx, "BOB@contoso.com")
	if err != nil || bob.ID != "U0BOB" || bob.TZ != "Europe/Berlin" || bob.TZOffset == 0 {
		t.Errorf("lookup: %+v, %v", bob, err)
	}
	users, err := api.GetUsersContext(ctx, slack.GetUsersOptionLimit(3))
	if err != nil || len(users) != 9 {
		t.Errorf("users.list in pages of three: %d users, %v", len(users), err)
	}
	groups, err := api.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil || len(groups) != 1 || groups[0].Handle != "helpdesk" || len(groups[0].Users) != 2 {
		t.Errorf("usergroups.list: %+v, %v", groups, err)
	}
	members, err := api.GetUserGroupMembersContext(ctx, "S0HELPDESK")
	if err != nil || !slices.Equal(members, []string{"U0ALICE", "U0CAROL"}) {
		t.Errorf("usergroups.users.list: %v, %v", members, err)
	}
	shared, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: "C0SHARED", IncludeNumMembers: true})
	if err != nil || !shared.IsExtShared || shared.NumMembers != 4 || !slices.Equal(shared.ConnectedTeamIDs, []string{"T0FABRIKAM"}) {
		t.Errorf("conversations.info: %+v, %v", shared, err)
	}
	in, _, err := api.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{ChannelID: "C0AGENTS"})
	if err != nil || len(in) != 3 {
		t.Errorf("conversations.members: %v, %v", in, err)
	}
	public, err := api.GetAllConversationsContext(ctx, slack.GetConversationsOptionLimit(1))
	if err != nil || len(public) != 3 {
		t.Errorf("conversations.list: %d public channels, %v", len(public), err)
	}
	mine, _, err := api.GetConversationsForUserContext(ctx, &slack.GetConversationsForUserParameters{Types: []string{"public_channel", "private_channel"}})
	if err != nil || len(mine) != 4 {
		t.Errorf("users.conversations: %d channels, %v", len(mine), err)
	}
	dm, _, already, err := api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{"U0BOB"}, ReturnIM: true})
	if err != nil || already || !strings.HasPrefix(dm.ID, "D") || dm.User != "U0BOB" {
		t.Errorf("conversations.open: %+v, %v", dm, err)
	}
	again, _, already, err := api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{"U0BOB"}})
	if err != nil || !already || again.ID != dm.ID {
		t.Errorf("second conversations.open: %+v, %v", again, err)
	}
}

func TestReactions(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	ctx := within(t)
	ts := fake.Post("C0SUPPORT", "U0BOB", "look")
	item := slack.NewRefToMessage("C0SUPPORT", ts)
	if err := api.AddReactionContext(ctx, "eyes", item); err != nil {
		t.Fatal(err)
	}
	if err := api.AddReactionContext(ctx, "eyes", item); slackError(err) != "already_reacted" {
		t.Errorf("second add: %v", err)
	}
	fake.React("C0SUPPORT", ts, "U0ALICE", "eyes")
	got, err := api.GetReactionsContext(ctx, item, slack.NewGetReactionsParameters())
	if err != nil || len(got.Reactions) != 1 || got.Reactions[0].Count != 2 {
		t.Errorf("reactions.get: %+v, %v", got, err)
	}
	if err := api.RemoveReactionContext(ctx, "eyes", item); err != nil {
		t.Error(err)
	}
	if got := fake.Reactions("C0SUPPORT", ts); len(got) != 1 || !slices.Equal(got[0].Users, []string{"U0ALICE"}) {
		t.Errorf("left over: %+v", got)
	}
}

func TestRateLimits(t *testing.T) {
	clk := newClock()
	fake := start(t, slackfake.Options{Now: clk.now})
	api := client(fake)
	ctx := within(t)
	post := func(channel string) error {
		_, _, err := api.PostMessageContext(ctx, channel, slack.MsgOptionText("x", false))
		return err
	}
	for i := range 4 {
		if err := post("C0SUPPORT"); err != nil {
			t.Fatalf("post %d of the burst: %v", i, err)
		}
	}
	var limited *slack.RateLimitedError
	if err := post("C0SUPPORT"); !errors.As(err, &limited) || limited.RetryAfter != time.Second {
		t.Errorf("post after the burst: %v", err)
	}
	if err := post("C0AGENTS"); err != nil {
		t.Errorf("another channel: %v", err)
	}
	clk.add(time.Second)
	if err := post("C0SUPPORT"); err != nil {
		t.Errorf("a second later: %v", err)
	}
	if err := post("C0SUPPORT"); !errors.As(err, &limited) {
		t.Errorf("two in that second: %v", err)
	}
	for i := range 20 { // Tier 2
		if _, err := api.GetUserGroupMembersContext(ctx, "S0HELPDESK"); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	clk.add(20 * time.Second)
	if _, err := api.GetUserGroupMembersContext(ctx, "S0HELPDESK"); !errors.As(err, &limited) || limited.RetryAfter != 40*time.Second {
		t.Errorf("call 21 after 20 s: %v", err)
	}
	clk.add(40 * time.Second)
	if _, err := api.GetUserGroupMembersContext(ctx, "S0HELPDESK"); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestRateLimitsCanBeOff(t *testing.T) {
	fake := start(t, slackfake.Options{NoRateLimits: true})
	api := client(fake)
	for i := range 60 {
		if _, _, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText("x", false)); err != nil {
			t.Fatalf("post %d: %v", i, err)
		}
	}
}

func TestTLS(t *testing.T) {
	fake := start(t, slackfake.Options{TLS: true})
	if !strings.HasPrefix(fake.APIURL(), "https://") || len(fake.CertPEM()) == 0 {
		t.Fatalf("URL %s, certificate %d bytes", fake.APIURL(), len(fake.CertPEM()))
	}
	api := slack.New(fake.BotToken(), slack.OptionAppLevelToken(fake.AppToken()), slack.OptionAPIURL(fake.APIURL()), slack.OptionHTTPClient(trusting(t, fake)))
	if _, err := api.AuthTestContext(within(t)); err != nil {
		t.Error(err)
	}
	_, link, err := api.StartSocketModeContext(within(t))
	if err != nil || !strings.HasPrefix(link, "wss://") {
		t.Errorf("socket %s, %v", link, err)
	}
}
