package bot

import (
	"encoding/json"
	"testing"
)

// ordinary is what nearly every envelope is: a person says something that is none of our business.
const ordinary = `{"token":"x","team_id":"T0CONTOSO","context_team_id":"T0CONTOSO","context_enterprise_id":null,"api_app_id":"A0SIGNPOST","event":{"user":"U0BOB","type":"message","ts":"1700000000.000100",
"client_msg_id":"11111111-1111-4111-8111-111111111111","text":"Morning all, is anybody else seeing the VPN client ask for an update today? Mine did and then it restarted twice, and now the printer on floor 3 is gone too.",
"team":"T0CONTOSO","thread_ts":"1700000000.000050","parent_user_id":"U0ALICE","blocks":[{"type":"rich_text","block_id":"Abc1","elements":[{"type":"rich_text_section","elements":[{"type":"text",
"text":"Morning all, is anybody else seeing the VPN client ask for an update today? Mine did and then it restarted twice, and now the printer on floor 3 is gone too."}]}]}],
"channel":"C0SUPPORT","event_ts":"1700000000.000100","channel_type":"channel"},"type":"event_callback","event_id":"Ev0ORDINARY","event_time":1700000000,
"authorizations":[{"enterprise_id":null,"team_id":"T0CONTOSO","user_id":"U0SIGNPOST","is_bot":true,"is_enterprise_install":false}],"is_ext_shared_channel":false,"event_context":"4-eyJ"}`

// BenchmarkOrdinaryMessage is the cost of a message that holds no error, up to where its text is searched, as Socket Mode has it: slack-go
// has made sure of the JSON.
func BenchmarkOrdinaryMessage(b *testing.B) {
	payload := []byte(ordinary)
	rules := Rules{Self: Identity{UserID: "U0SIGNPOST", BotID: "B0SIGNPOST", AppID: "A0SIGNPOST"}, Channels: map[string]ChannelRule{"C0SUPPORT": {}}}
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		ev, err := decodeValid(FromEvents, payload)
		if err != nil {
			b.Fatal(err)
		}
		if p, drop := rules.Paste(ev); drop != Taken || p.Text == "" {
			b.Fatal(drop)
		}
	}
}

// BenchmarkOrdinaryMessageStructs reads the same fields with encoding/json, to compare. It does not read unknown blocks, attachments,
// or anything of the wrong type.
func BenchmarkOrdinaryMessageStructs(b *testing.B) {
	type element struct {
		Type, Text, URL string
		Elements        []element
	}
	type outer struct {
		Type, TeamID, EventID string
		Event                 struct {
			Type, Subtype, User, Text, TS, Channel, Team string
			BotID                                        string `json:"bot_id"`
			AppID                                        string `json:"app_id"`
			ThreadTS                                     string `json:"thread_ts"`
			ChannelType                                  string `json:"channel_type"`
			Blocks                                       []element
			Attachments, Files                           json.RawMessage
		}
		Authorizations []struct {
			TeamID string `json:"team_id"`
		}
	}
	payload := []byte(ordinary)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		var v outer
		if err := json.Unmarshal(payload, &v); err != nil {
			b.Fatal(err)
		}
	}
}
