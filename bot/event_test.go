package bot

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		name    string
		source  Source
		payload string
		want    Event
	}{
		{"a command", FromCommand, ` {"command":"/aadsts","team_id":"T0"}`, Event{Source: FromCommand, Kind: KindCommand, TeamID: "T0"}},
		{"a click", FromInteraction, `{"type":"block_actions","team":{"id":"T0","domain":"d"},"user":{"team_id":"T1"}}`, Event{Source: FromInteraction, Kind: KindBlockActions, TeamID: "T0"}},
		{"a click without a team", FromInteraction, `{"type":"shortcut","team":null,"user":{"team_id":"T1"}}`, Event{Source: FromInteraction, Kind: KindShortcut, TeamID: "T1"}},
		{"an event without a message", FromEvents, `{"type":"event_callback","event_id":"Ev1","team_id":"T0","event":{"type":"app_home_opened","user":"U0"}}`,
			Event{Source: FromEvents, Kind: KindHome, EventID: "Ev1", TeamID: "T0"}},
		{"a shared channel's event, seen through our workspace", FromEvents, `{"team_id":"T0FABRIKAM","context_team_id":"T0CONTOSO","is_ext_shared_channel":true,"event":{"type":"channel_shared"}}`,
			Event{Source: FromEvents, Kind: KindShared, TeamID: "T0CONTOSO", ExtShared: true}},
		{"the same without context_team_id", FromEvents, `{"team_id":"T0FABRIKAM","authorizations":[{"team_id":null},{"team_id":"T0CONTOSO"}],"event":{"type":"channel_shared"}}`,
			Event{Source: FromEvents, Kind: KindShared, TeamID: "T0CONTOSO"}},
		{"a rate limit", FromEvents, `{"type":"app_rate_limited","team_id":"T0","minute_rate_limited":1}`, Event{Source: FromEvents, Kind: kindRateLimited, TeamID: "T0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decode(tt.source, []byte(tt.payload))
			if err != nil {
				t.Fatal(err)
			}
			got.Raw = nil
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeKeepsTheInnerEvent(t *testing.T) {
	ev := decode(t, `{"type":"app_home_opened","user":"U0BOB","tab":"home"}`)
	if got := string(ev.Raw); got != `{"type":"app_home_opened","user":"U0BOB","tab":"home"}` {
		t.Errorf("raw: %s", got)
	}
}

func TestDecodeOfADeletedMessageTellsWhereItStood(t *testing.T) {
	ev := decode(t, `{"type":"message","subtype":"message_deleted","hidden":true,"channel":"C0SUPPORT","channel_type":"group","ts":"9","deleted_ts":"1.1","previous_message":
		{"type":"message","user":"U0BOB","text":"AADSTS50076","ts":"1.1","thread_ts":"0.1"}}`)
	want := Message{TeamID: "T0CONTOSO", EventID: "Ev1", Channel: "C0SUPPORT", ChannelType: "group", TS: "1.1", ThreadTS: "0.1", User: "U0BOB", Change: Deleted}
	if diff := cmp.Diff(want, *ev.Message); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeRefusesWhatHoldsNoEvent(t *testing.T) {
	for _, tt := range []struct {
		source  Source
		payload string
		want    error
	}{
		{FromEvents, `{"type":"event_callback"}`, errNotEvent},
		{FromEvents, `{"event":{"type":5}}`, errNotEvent},
		{FromEvents, `[]`, errNotEvent},
		{FromEvents, `{`, errNotJSON},
		{FromEvents, ``, errNotJSON},
		{FromCommand, `{"text":"x"}`, errNotEvent},
		{FromInteraction, `{}`, errNotEvent},
		{FromInteraction, `null`, errNotEvent},
	} {
		if _, err := Decode(tt.source, []byte(tt.payload)); !errors.Is(err, tt.want) {
			t.Errorf("%s %q: got %v, want %v", tt.source, tt.payload, err, tt.want)
		}
	}
}
