package bot

import (
	"context"
	"encoding/json"
	"slices"

	"signpost/handlers"
)

// homeOpened publishes the Home tab of whoever opened it. https://docs.slack.dev/reference/events/app_home_opened
func (d *Dispatch) homeOpened(ev Event) {
	var e struct{ User, Tab string }
	if err := json.Unmarshal(ev.Raw, &e); err != nil || e.Tab != "home" || e.User == "" || d.Homes == nil {
		return
	}
	team := ev.TeamID
	if team == "" {
		team = d.Rules.Self.TeamID
	}
	d.Back.Go("publish a Home tab", func(ctx context.Context) error { return d.Homes.Opened(ctx, e.User, team) })
}

// clickedView does what a button of a view of ours says. Who pressed it is looked up where something comes of it, however the view
// looked when it was drawn.
func (d *Dispatch) clickedView(k Click) bool {
	if k.ViewID == "" {
		return false
	}
	switch k.Action {
	case handlers.ActionAsk:
		d.Back.Go("open the form", func(ctx context.Context) error { return d.OpenForm(ctx, k.Trigger, k.person(), "", handlers.Form{}) })
	case handlers.ActionThread:
		d.Back.Go("answer in a thread", func(ctx context.Context) error { return d.answerInThread(ctx, k) })
	default:
		return false
	}
	return true
}

// forget drops what was looked up and has changed since: who is in a group, who somebody is, which channel an id means. What agents
// are shown is published anew, so that somebody who left them keeps nothing.
// https://docs.slack.dev/reference/events/subteam_members_changed, https://docs.slack.dev/reference/events/user_change,
// https://docs.slack.dev/reference/events/channel_id_changed
func (d *Dispatch) forget(ev Event) {
	var e struct {
		Group string `json:"subteam_id"`
		User  struct{ ID string }
		Old   string `json:"old_channel_id"`
		New   string `json:"new_channel_id"`
	}
	if json.Unmarshal(ev.Raw, &e) != nil {
		return
	}
	switch ev.Kind {
	case KindGroupMembers:
		d.Gate.ForgetGroup(e.Group)
		if d.Homes != nil && slices.Contains(d.Gate.Policy().Agents, e.Group) {
			d.Homes.Changed()
		}
	case KindUserChange:
		d.Gate.ForgetPerson(e.User.ID)
	case KindChannelID:
		d.Gate.Forget(e.Old)
		d.Gate.Forget(e.New)
	}
}
