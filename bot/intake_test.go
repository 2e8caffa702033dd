package bot

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// envelope wraps an inner event as the Events API does.
func envelope(inner string) []byte {
	return fmt.Appendf(nil, `{"type":"event_callback","team_id":"T0CONTOSO","api_app_id":"A0SIGNPOST","event_id":"Ev1","event_time":1700000000,"event":%s,
		"authorizations":[{"enterprise_id":null,"team_id":"T0CONTOSO","user_id":"U0SIGNPOST","is_bot":true}]}`, inner)
}

func decode(t *testing.T, inner string) Event {
	t.Helper()
	ev, err := Decode(FromEvents, envelope(inner))
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

var self = Identity{TeamID: "T0CONTOSO", UserID: "U0SIGNPOST", BotID: "B0SIGNPOST"}

func TestPasteDecidesWhatIsOurs(t *testing.T) {
	listed := map[string]ChannelRule{"C0SUPPORT": {Bots: []string{"B0ALERTS", "A0SENTRY"}}, "C0QUIET": {}}
	const where = `"channel":"C0SUPPORT","channel_type":"channel","ts":"1700000000.000100"`
	changed := func(before, after string) string {
		return `{"type":"message","subtype":"message_changed","hidden":true,"channel":"C0SUPPORT","ts":"1700000009.000100","previous_message":` + before + `,"message":` + after + `}`
	}
	said := func(text, more string) string {
		return `{"type":"message","user":"U0BOB","ts":"1700000000.000100","text":"` + text + `"` + more + `}`
	}
	for _, tt := range []struct {
		name  string
		event string
		want  Drop
	}{
		{"a person's message", `{"type":"message","user":"U0BOB","text":"x",` + where + `}`, Taken},
		{"a reply in a thread", `{"type":"message","user":"U0BOB","text":"x","thread_ts":"1690000000.000100",` + where + `}`, Taken},
		{"a reply also sent to the channel", `{"type":"message","subtype":"thread_broadcast","user":"U0BOB","text":"x","thread_ts":"1690000000.000100","root":{"text":"r"},` + where + `}`, Taken},
		{"an upload with the old subtype", `{"type":"message","subtype":"file_share","user":"U0BOB","text":"x","files":[],` + where + `}`, Taken},
		{"a mention", `{"type":"app_mention","user":"U0BOB","text":"<@U0SIGNPOST> x","channel":"C0SUPPORT","ts":"1700000000.000100"}`, Taken},
		{"a direct message, though only channels are listed", `{"type":"message","user":"U0BOB","text":"x","channel":"D0BOB","channel_type":"im","ts":"1"}`, Taken},
		{"only a snippet that must be fetched", `{"type":"message","user":"U0BOB","text":"","files":[{"id":"F1","mode":"file_access","file_access":"check_file_info"}],` + where + `}`, Taken},

		{"our own post, by user", `{"type":"message","user":"U0SIGNPOST","text":"x",` + where + `}`, Own},
		{"our own post, by bot id", `{"type":"message","subtype":"bot_message","bot_id":"B0SIGNPOST","text":"x",` + where + `}`, Own},
		{"another replica's post, by app id", `{"type":"message","user":"U0OTHER","bot_id":"B0OTHER","app_id":"A0SIGNPOST","text":"x",` + where + `}`, Own},
		{"our own post, by the app id of its profile", `{"type":"message","bot_id":"B0OTHER","bot_profile":{"app_id":"A0SIGNPOST"},"text":"x",` + where + `}`, Own},
		{"our own answer, edited by us", changed(said("x", `,"bot_id":"B0SIGNPOST"`), said("y", `,"bot_id":"B0SIGNPOST"`)), Own},
		{"our own answer, deleted", `{"type":"message","subtype":"message_deleted","hidden":true,"channel":"C0SUPPORT","deleted_ts":"1","ts":"2","previous_message":` + said("x", `,"bot_id":"B0SIGNPOST"`) + `}`, Own},

		{"an integration that is allowed, by bot id", `{"type":"message","subtype":"bot_message","bot_id":"B0ALERTS","text":"x",` + where + `}`, Taken},
		{"an integration that is allowed, by app id", `{"type":"message","user":"U0SENTRY","bot_id":"B0SENTRY","app_id":"A0SENTRY","text":"x",` + where + `}`, Taken},
		{"an integration that is allowed in another channel only", `{"type":"message","bot_id":"B0ALERTS","text":"x","channel":"C0QUIET","ts":"1"}`, ForeignBot},
		{"a modern app's post, which has no subtype", `{"type":"message","user":"U0OTHER","bot_id":"B0OTHER","text":"x",` + where + `}`, ForeignBot},
		{"a webhook's post, which has no user", `{"type":"message","subtype":"bot_message","username":"hook","text":"x",` + where + `}`, ForeignBot},
		{"Slackbot", `{"type":"message","user":"USLACKBOT","text":"Reminder: AADSTS50076",` + where + `}`, ForeignBot},

		{"a channel that is not listed", `{"type":"message","user":"U0BOB","text":"x","channel":"C0OTHER","ts":"1"}`, NotListed},
		{"somebody joined", `{"type":"message","subtype":"channel_join","user":"U0BOB","text":"joined",` + where + `}`, NotAuthored},
		{"a topic was set", `{"type":"message","subtype":"channel_topic","user":"U0BOB","topic":"AADSTS50076","text":"set the topic",` + where + `}`, NotAuthored},
		{"a hidden message", `{"type":"message","hidden":true,"user":"U0BOB","text":"x",` + where + `}`, NotAuthored},
		{"a thread got a reply", `{"type":"message","subtype":"message_replied","hidden":true,"message":` + said("x", "") + `,` + where + `}`, NotAuthored},
		{"nobody's message", `{"type":"message","text":"x",` + where + `}`, NotAuthored},
		{"a deleted message", `{"type":"message","subtype":"message_deleted","hidden":true,"channel":"C0SUPPORT","deleted_ts":"1700000000.000100","ts":"1700000009.000100","previous_message":` + said("x", "") + `}`, WasDeleted},
		{"a parent that was deleted while its thread stays", changed(said("x", ""), `{"type":"message","subtype":"tombstone","user":"USLACKBOT","ts":"1","text":"This message was deleted."}`), NotAuthored},

		{"an edit of the text", changed(said("x", ""), said("y", `,"edited":{"user":"U0BOB","ts":"1700000009.000000"}`)), Taken},
		{"an integration's update, which has no edit mark", changed(said("x", `,"bot_id":"B0ALERTS"`), said("y", `,"bot_id":"B0ALERTS"`)), Taken},
		{"an edit that Slack marks anew, the text being the same", changed(said("x", ""), said("x", `,"edited":{"ts":"1700000009.000000"}`)), Taken},
		{"an edit without what stood before", `{"type":"message","subtype":"message_changed","channel":"C0SUPPORT","ts":"2","message":` + said("x", "") + `}`, Taken},
		{"a snippet's preview that came late", changed(said("x", `,"files":[{"id":"F1","mode":"snippet"}]`), said("x", `,"files":[{"id":"F1","mode":"snippet","preview":"AADSTS50076"}]`)), Taken},
		{"a detected language", changed(said("x", ""), said("x", `,"language":{"locale":"de"}`)), NothingNew},
		{"a link preview", changed(said("see <https://x>", ""), said("see <https://x>", `,"attachments":[{"from_url":"https://x","title":"AADSTS50058"}]`)), NothingNew},
		{"a preview of a link to another message", changed(said("see <https://x>", ""), said("see <https://x>", `,"attachments":[{"is_msg_unfurl":true,"from_url":"https://x","text":"AADSTS50058"}]`)), NothingNew},
		{"a reply count on an edited message", changed(said("x", `,"edited":{"ts":"3"}`), said("x", `,"edited":{"ts":"3"},"reply_count":2`)), NothingNew},

		{"a message without text", `{"type":"message","user":"U0BOB","text":"",` + where + `}`, NothingToRead},
		{"a message without a place", `{"type":"message","user":"U0BOB","text":"x"}`, Malformed},
		{"something else", `{"type":"member_joined_channel","user":"U0BOB","channel":"C0SUPPORT"}`, NotMessage},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := (Rules{Self: self, Channels: listed}).Paste(decode(t, tt.event)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPasteWithoutListedChannelsReadsAll(t *testing.T) {
	r := Rules{Self: self}
	if _, got := r.Paste(decode(t, `{"type":"message","user":"U0BOB","text":"x","channel":"C0ANY","ts":"1"}`)); got != Taken {
		t.Errorf("a person: %q", got)
	}
	if _, got := r.Paste(decode(t, `{"type":"message","bot_id":"B0ALERTS","text":"x","channel":"C0ANY","ts":"1"}`)); got != ForeignBot {
		t.Errorf("an integration: %q, want %q", got, ForeignBot)
	}
}

func TestUnknownIdentityIsNobody(t *testing.T) {
	if _, got := (Rules{}).Paste(decode(t, `{"type":"message","user":"U0BOB","text":"x","channel":"C0ANY","ts":"1"}`)); got != Taken {
		t.Errorf("a message without bot_id counts as ours when our own bot id is unknown: %q", got)
	}
}

func TestPasteCarriesWhatTheAnswerNeeds(t *testing.T) {
	r := Rules{Self: self}
	ev := decode(t, `{"type":"message","subtype":"message_changed","channel":"C0SUPPORT","channel_type":"group","ts":"1700000009.000100",
		"previous_message":{"text":"AADSTS50076","user":"W0CAROL","ts":"1700000000.000100"},
		"message":{"type":"message","user":"W0CAROL","user_team":"T0FABRIKAM","team":"T0CONTOSO","ts":"1700000000.000100","thread_ts":"1690000000.000100","text":"<@U0SIGNPOST> AADSTS50079",
		"edited":{"ts":"1700000009.000000"},"files":[{"id":"F1","name":"log.txt","mode":"snippet","size":90000,"preview":"p","preview_is_truncated":true,"url_private":"https://files.slack.com/p","url_private_download":"https://files.slack.com/d"}]}}`)
	ev.Message.ExtShared = true
	got, drop := r.Paste(ev)
	want := Paste{
		TeamID: "T0CONTOSO", Channel: "C0SUPPORT", TS: "1700000000.000100", ThreadTS: "1690000000.000100", Author: "W0CAROL", AuthorTeam: "T0FABRIKAM",
		Edited: true, Mentioned: true, ExtShared: true, Text: "<@U0SIGNPOST> AADSTS50079\np",
		Files: []Snippet{{ID: "F1", Name: "log.txt", Size: 90000, URL: "https://files.slack.com/d", Truncated: true}},
	}
	if diff := cmp.Diff(want, got); drop != Taken || diff != "" {
		t.Errorf("drop %q (-want +got):\n%s", drop, diff)
	}
}

func TestMentionAndMessageOfOnePostGiveTheSamePaste(t *testing.T) {
	const post = `"user":"U0BOB","team":"T0CONTOSO","ts":"1700000000.000100","channel":"C0SUPPORT","text":"<@U0SIGNPOST> AADSTS50076","blocks":[{"type":"rich_text","elements":[
		{"type":"rich_text_section","elements":[{"type":"user","user_id":"U0SIGNPOST"},{"type":"text","text":" AADSTS50076"}]}]}]}`
	r := Rules{Self: self}
	message, drop1 := r.Paste(decode(t, `{"type":"message","channel_type":"channel","event_ts":"1700000000.000100",`+post))
	mention, drop2 := r.Paste(decode(t, `{"type":"app_mention","event_ts":"1700000000.000200",`+post))
	if diff := cmp.Diff(message, mention); diff != "" || drop1 != Taken || drop2 != Taken || !message.Mentioned {
		t.Errorf("%q %q (-message +mention):\n%s", drop1, drop2, diff)
	}
}
