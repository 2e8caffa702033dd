package slackfake_test

import (
	"encoding/json"
	"testing"

	"github.com/slack-go/slack"

	"signpost/bot/slackfake"
)

// What nobody touches keeps what it began with; a time is a number of seconds.
func TestPickersInASubmittedView(t *testing.T) {
	fake := start(t, slackfake.Options{Tick: -1})
	api := client(fake)
	at := slack.NewDateTimePickerBlockElement("v")
	at.InitialDateTime = 1764000000
	who := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plainText("Who"), "v").WithInitialUser("U0BOB")
	view := modal("Ask", slack.NewInputBlock("time", plainText("When"), nil, at), slack.NewInputBlock("who", plainText("Who"), nil, who),
		slack.NewInputBlock("later", plainText("Later"), nil, slack.NewDateTimePickerBlockElement("v")).WithOptional(true))
	for name, row := range map[string]struct {
		values      map[string]map[string]any
		time, later int64
		who         string
	}{
		"untouched": {nil, 1764000000, 0, "U0BOB"},
		"changed":   {map[string]map[string]any{"time": {"v": "1764003600"}, "who": {"v": "U0DAVE"}, "later": {"v": "1764007200"}}, 1764003600, 1764007200, "U0DAVE"},
	} {
		if _, err := api.OpenViewContext(within(t), triggered(t, fake), view); err != nil {
			t.Fatal(err)
		}
		inv, err := fake.SubmitView("U0BOB", row.values)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var p slack.InteractionCallback
		if err := json.Unmarshal(inv.Payload, &p); err != nil {
			t.Fatal(err)
		}
		got := p.View.State.Values
		if got["time"]["v"].SelectedDateTime != row.time || got["later"]["v"].SelectedDateTime != row.later || got["who"]["v"].SelectedUser != row.who {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
