package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/slack-go/slack"

	"signpost/bot/jobs"
	"signpost/handlers"
)

// Outlet is the only way out to Slack. Every payload passes it, and is held against who can read it in that moment: a
// message for a channel against what the channel may hold, a private one against who the person is. Callers compose what
// fits; the outlet makes sure of it, also where a channel became shared or somebody left the agents meanwhile.
type Outlet struct {
	slack *slack.Client
	gate  *handlers.Gate
	log   *slog.Logger
	// said, if set, is called after each message that somebody was shown: something may have changed by then.
	said func()
	// feedbackless is set once Slack has refused feedback buttons.
	feedbackless atomic.Bool
}

// NewOutlet returns the outlet of one workspace.
func NewOutlet(api *slack.Client, gate *handlers.Gate, log *slog.Logger) *Outlet {
	return &Outlet{slack: api, gate: gate, log: log}
}

// Place is where a message of a channel stands.
type Place struct {
	Channel string
	Thread  string // "" for the top of the channel
	// Shared is the word of an event that the channel is shared with another organisation.
	Shared bool
}

// Person is somebody who is shown something privately.
type Person struct {
	ID   string
	Home string // the workspace that the app is installed in
	Team string // the person's own workspace as the interaction tells it, "" where it does not
}

// errWithheld says that a message may not be where it was to go. Composed anew it may be.
var errWithheld = errors.New("the channel may not hold this now")

// errNotShown says that a view may not be shown: nowhere, or not to this person.
var errNotShown = errors.New("the view is withheld")

// withheldSays stands in for what no place may show.
const withheldSays = "Signpost does not show this. Ask the identity team."

// Post puts a message into a channel or thread. mark is the metadata that it is found again by, nil for none. parent is ""
// where Slack put it at the top of the channel, because the thread is gone. A message that the channel may not hold is
// refused, and worth composing again. https://docs.slack.dev/reference/methods/chat.postMessage
func (o *Outlet) Post(ctx context.Context, at Place, m handlers.Message, mark *slack.SlackMetadata) (ts, parent string, err error) {
	if m, err = o.pass(ctx, at, m); err != nil {
		return "", "", err
	}
	opts := []slack.MsgOption{slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl()}
	if at.Thread != "" {
		opts = append(opts, slack.MsgOptionTS(at.Thread))
	}
	if mark != nil {
		opts = append(opts, slack.MsgOptionMetadata(*mark))
	}
	var sent slack.Message
	err = o.withFeedback(m, func(m handlers.Message) (err error) {
		_, ts, sent, err = o.slack.PostMessageWithResponseContext(ctx, at.Channel, append(said(m), opts...)...)
		return err
	})
	if err != nil {
		return "", "", err
	}
	o.told()
	return ts, sent.ThreadTimestamp, nil
}

// told says that somebody was shown something.
func (o *Outlet) told() {
	if o.said != nil {
		o.said()
	}
}

// Edit replaces a message of ours. Text and blocks always go together: an update without blocks would remove them.
// https://docs.slack.dev/reference/methods/chat.update
func (o *Outlet) Edit(ctx context.Context, at Place, ts string, m handlers.Message) error {
	m, err := o.pass(ctx, at, m)
	if err != nil {
		return err
	}
	err = o.withFeedback(m, func(m handlers.Message) error {
		_, _, _, err := o.slack.UpdateMessageContext(ctx, at.Channel, ts, slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...))
		return err
	})
	o.told()
	return err
}

// Whisper shows a message of a channel to one person only. https://docs.slack.dev/reference/methods/chat.postEphemeral
func (o *Outlet) Whisper(ctx context.Context, at Place, to Person, m handlers.Message) error {
	m = o.private(ctx, at.Channel, to, m)
	opts := said(m)
	if at.Thread != "" {
		opts = append(opts, slack.MsgOptionTS(at.Thread))
	}
	_, err := o.slack.PostEphemeralContext(ctx, at.Channel, to.ID, opts...)
	o.told()
	return err
}

// Reply answers somebody in the app's own conversation with them, which nobody else reads. Any other channel is refused.
// https://docs.slack.dev/reference/methods/chat.postMessage
func (o *Outlet) Reply(ctx context.Context, channel, thread string, to Person, m handlers.Message) error {
	if !strings.HasPrefix(channel, "D") {
		return jobs.Stop(errors.New("reply in a direct message: the channel is none"))
	}
	opts := append(said(o.private(ctx, channel, to, m)), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
	if thread != "" {
		opts = append(opts, slack.MsgOptionTS(thread))
	}
	_, _, err := o.slack.PostMessageContext(ctx, channel, opts...)
	o.told()
	return err
}

// Respond answers a command or a click privately through its response address. channel is where it was asked; replace
// puts the answer in the place of the message that was clicked. Where there is no address, the answer is shown in the channel, to
// the same person alone. The error never holds the address, which is good for anybody who has it.
// https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
func (o *Outlet) Respond(ctx context.Context, address, channel string, to Person, m handlers.Message, replace bool) error {
	switch {
	case address == "" && strings.HasPrefix(channel, "D"): // asked without a command or a click
		return o.Reply(ctx, channel, "", to, m)
	case address == "":
		return o.Whisper(ctx, Place{Channel: channel}, to, m)
	}
	m = o.private(ctx, channel, to, m)
	opts := append(said(m), slack.MsgOptionResponseURL(address, slack.ResponseTypeEphemeral))
	if replace {
		opts = append(opts, slack.MsgOptionReplaceOriginal(address))
	}
	if _, _, err := o.slack.PostMessageContext(ctx, channel, opts...); err != nil {
		return fmt.Errorf("answer a command: Slack refused it (%T)", err)
	}
	return nil
}

// Ack is the answer that goes with an acknowledgement, privately to whoever asked. It comes before anything can be looked
// up, so it holds nothing that would need it.
func (o *Outlet) Ack(m handlers.Message) any {
	if m.Holds.Level == handlers.Full || m.Holds.Desk {
		o.log.Error("withheld an answer: an acknowledgement may hold no directory data")
		m = handlers.Message{Text: withheldSays}
	}
	return private(o.masked(m))
}

// Open shows a modal to whoever clicked. The trigger is good for three seconds, and once.
// https://docs.slack.dev/reference/methods/views.open
func (o *Outlet) Open(ctx context.Context, trigger string, to Person, s handlers.Screen) (viewID string, err error) {
	s, err = o.screen(ctx, to, s)
	if err != nil {
		return "", err
	}
	r, err := o.slack.OpenViewContext(ctx, trigger, *s.Modal)
	if err != nil {
		return "", fmt.Errorf("open a form: %w", err)
	}
	return r.ID, nil
}

// Update replaces a modal that is open. https://docs.slack.dev/reference/methods/views.update
func (o *Outlet) Update(ctx context.Context, viewID string, to Person, s handlers.Screen) error {
	return o.update(ctx, "", viewID, to, s)
}

// UpdateNamed is Update of the view that has our own name for it, its external id.
func (o *Outlet) UpdateNamed(ctx context.Context, name string, to Person, s handlers.Screen) error {
	return o.update(ctx, name, "", to, s)
}

func (o *Outlet) update(ctx context.Context, name, viewID string, to Person, s handlers.Screen) error {
	s, err := o.screen(ctx, to, s)
	if err != nil {
		return err
	}
	if _, err := o.slack.UpdateViewContext(ctx, *s.Modal, name, "", viewID); err != nil {
		return fmt.Errorf("update a form: %w", err)
	}
	return nil
}

// Publish puts somebody's Home tab in place. https://docs.slack.dev/reference/methods/views.publish
func (o *Outlet) Publish(ctx context.Context, to Person, s handlers.Screen) error {
	s, err := o.screen(ctx, to, s)
	if err != nil {
		return err
	}
	if _, err := o.slack.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: to.ID, View: *s.Home}); err != nil {
		return fmt.Errorf("publish a Home tab: %w", err)
	}
	return nil
}

// Upload puts a picture into a thread; holds says what the picture holds.
// https://docs.slack.dev/reference/methods/files.completeUploadExternal
func (o *Outlet) Upload(ctx context.Context, at Place, p slack.UploadFileParameters, holds handlers.Content) error {
	m, err := o.pass(ctx, at, handlers.Message{Text: p.InitialComment, Holds: holds})
	if err != nil {
		return err
	}
	p.InitialComment, p.Channel, p.ThreadTimestamp = m.Text, at.Channel, at.Thread
	_, err = o.slack.UploadFileContext(ctx, p)
	return err
}

// Delete removes a message of ours. https://docs.slack.dev/reference/methods/chat.delete
func (o *Outlet) Delete(ctx context.Context, channel, ts string) error {
	_, _, err := o.slack.DeleteMessageContext(ctx, channel, ts)
	return err
}

// React sets a reaction of ours on a message, and takes the others of ours away; "" only takes away. That it is there
// already, or that the message takes none, is no error. https://docs.slack.dev/reference/methods/reactions.add
func (o *Outlet) React(ctx context.Context, channel, ts, name string, others ...string) error {
	ref := slack.NewRefToMessage(channel, ts)
	var first error
	for _, other := range others {
		if other != name {
			if err := o.slack.RemoveReactionContext(ctx, other, ref); err != nil && !harmless(err) && first == nil {
				first = err
			}
		}
	}
	if name != "" {
		if err := o.slack.AddReactionContext(ctx, name, ref); err != nil && !harmless(err) && first == nil {
			first = err
		}
	}
	return first
}

// harmless are answers to a reaction after which nothing is to be done: it is there or gone already, or the message takes none.
func harmless(err error) bool {
	var answered slack.SlackErrorResponse
	if !errors.As(err, &answered) {
		return false
	}
	switch answered.Err {
	case "already_reacted", "no_reaction", "message_not_found", "too_many_reactions", "too_many_emoji", "thread_locked", "not_reactable", "is_archived":
		return true
	}
	return false
}

// pass holds a message against the channel that it goes to.
func (o *Outlet) pass(ctx context.Context, at Place, m handlers.Message) (handlers.Message, error) {
	if !o.gate.MayHold(ctx, at.Channel, at.Shared, m.Holds) {
		return m, errWithheld
	}
	return o.masked(m), nil
}

// private holds a message against the one person that it goes to, who is told why where they may not read it.
func (o *Outlet) private(ctx context.Context, channel string, to Person, m handlers.Message) handlers.Message {
	if to.foreign() && (m.Holds.Level == handlers.Full || m.Holds.Desk) || !o.gate.MayRead(ctx, to.ID, to.Home, channel, m.Holds) {
		return handlers.Message{Text: forAgentsSays}
	}
	return o.masked(m)
}

// foreign reports whether the interaction says that the person is of another workspace.
func (p Person) foreign() bool { return p.Team != "" && p.Home != "" && p.Team != p.Home }

func (o *Outlet) screen(ctx context.Context, to Person, s handlers.Screen) (handlers.Screen, error) {
	if to.foreign() && (s.Holds.Level == handlers.Full || s.Holds.Desk) || !o.gate.MayRead(ctx, to.ID, to.Home, "", s.Holds) {
		return s, jobs.Stop(fmt.Errorf("show a view to somebody who may not read it: %w", errNotShown))
	}
	var view any = s.Home
	if s.Modal != nil {
		view = s.Modal
	}
	if why := o.gate.Policy().Withholds(texts(view)); why != "" {
		o.log.Error("withheld a view", "because", why)
		return s, jobs.Stop(fmt.Errorf("show a view that no place may show, because %s: %w", why, errNotShown))
	}
	return s, nil
}

// masked replaces what no place may show.
func (o *Outlet) masked(m handlers.Message) handlers.Message {
	why := o.gate.Policy().Withholds(append(texts(m.Blocks), m.Text))
	if why == "" {
		return m
	}
	o.log.Error("withheld a message", "because", why)
	return handlers.Message{Text: withheldSays}
}

// texts are all strings of a payload as Slack would read them.
func texts(payload any) []string {
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil // then it cannot be sent either
	}
	decode := json.NewDecoder(bytes.NewReader(raw))
	var all []string
	for {
		t, err := decode.Token()
		if err != nil {
			return all
		}
		if s, ok := t.(string); ok {
			all = append(all, s)
		}
	}
}

// said is what a message says, for slack-go.
func said(m handlers.Message) []slack.MsgOption {
	opts := []slack.MsgOption{slack.MsgOptionText(m.Text, false)}
	if len(m.Blocks) > 0 {
		opts = append(opts, slack.MsgOptionBlocks(m.Blocks...))
	}
	return opts
}
