package bot

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/store"
)

// The reactions on the message that a case is about: each has one meaning, which the answer also says in words.
const (
	reactOpen   = "eyes"
	reactSolved = "white_check_mark"
	reactHanded = "rotating_light"
)

// reactFor bounds a reaction, which nobody waits for.
const reactFor = 2 * time.Second

// reactionOf is the reaction that tells how a case stands, and the others.
func reactionOf(c store.Case) (name string, others []string) {
	switch c.Outcome {
	case store.Solved:
		name = reactSolved
	case store.HandedOver:
		name = reactHanded
	default:
		return reactOpen, nil // nothing came before it
	}
	return name, slices.DeleteFunc([]string{reactOpen, reactHanded, reactSolved}, func(s string) bool { return s == name })
}

// react shows on the message itself how its case stands. It never fails what it belongs to: the answer says the same.
func (w *Worker) react(ctx context.Context, id int64) {
	if w.reactionless.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, reactFor)
	defer cancel()
	for range settleTries {
		c, err := w.Store.Case(ctx, id)
		if err != nil || c.State == store.Expired || c.ReplyTS == "" {
			return
		}
		name, others := reactionOf(c)
		err = w.Thread.Out.React(ctx, c.Channel, c.MessageTS, name, others...)
		var answered slack.SlackErrorResponse
		switch {
		case err == nil:
		case errors.As(err, &answered) && answered.Err == "missing_scope":
			if !w.reactionless.Swap(true) {
				w.Log.Info("messages have no reactions: the Slack app lacks the scope reactions:write")
			}
			return
		default:
			w.Log.Warn("react to a message", "case", id, "error", err)
			return
		}
		if after, err := w.Store.Case(ctx, id); err != nil || after.Outcome == c.Outcome {
			return // else somebody ended it meanwhile, and may have been overtaken
		}
	}
}

// unreact takes our reaction from the message of a case that has expired.
func unreact(ctx context.Context, st *store.Store, out *Outlet, r store.Reply) error {
	c, err := st.Case(ctx, r.CaseID)
	if err != nil || c.State != store.Expired || c.MessageTS == "" {
		return err
	}
	return out.Unreact(ctx, c.Channel, c.MessageTS)
}

// Unreact takes our reactions from a message, those that it has; all that it may have where Slack does not tell. That it is gone is no
// error. https://docs.slack.dev/reference/methods/conversations.replies
func (o *Outlet) Unreact(ctx context.Context, channel, ts string) error {
	names := []string{reactOpen, reactHanded, reactSolved}
	all, _, _, err := o.slack.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
		ChannelID: channel, Timestamp: ts, Oldest: ts, Latest: ts, Inclusive: true, Limit: 2,
	})
	var answered slack.SlackErrorResponse
	switch {
	case gone(err), errors.As(err, &answered) && answered.Err == "thread_not_found":
		return nil
	case err == nil:
		names = nil
		for _, m := range all {
			for _, r := range m.Reactions {
				if m.Timestamp == ts && slices.Contains([]string{reactOpen, reactHanded, reactSolved}, r.Name) {
					names = append(names, r.Name)
				}
			}
		}
	}
	return o.React(ctx, channel, ts, "", names...)
}
