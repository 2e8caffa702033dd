package bot

import (
	"context"

	"github.com/slack-go/slack"

	"signpost/handlers"
)

// submitted takes a view that somebody submitted, and returns what goes into the acknowledgement: nothing closes the view.
// https://docs.slack.dev/surfaces/modals#response_actions
func (d *Dispatch) submitted(ctx context.Context, ev Event) any {
	s, team, err := decodeSubmission(ev)
	if err != nil {
		d.Log.Warn("read a submitted view", "error", err)
		return nil
	}
	if s.View.Callback == handlers.CallbackAsk {
		return d.submitForm(ctx, s, team)
	}
	if s.View.Callback == handlers.CallbackFixed {
		return d.submitFixed(ev)
	}
	return nil
}

// AckView is a view that takes the place of the one that was submitted, with the acknowledgement. Like [Outlet.Ack] it comes before
// anybody can be looked up, so it holds nothing that would need it.
func (o *Outlet) AckView(s handlers.Screen) any {
	if s.Holds.Level == handlers.Full || s.Holds.Desk || o.gate.Policy().Withholds(texts(s.Modal)) != "" {
		o.log.Error("withheld a view: an acknowledgement may hold no directory data")
		s = handlers.Message{Text: withheldSays}.Modal(askTitle)
	}
	return slack.NewUpdateViewSubmissionResponse(s.Modal)
}
