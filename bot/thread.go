package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"signpost/bot/jobs"
	"signpost/bot/store"
	"signpost/handlers"
)

// metadataType marks our answers. The payload holds the case's once-key and nothing else, because every app that may
// read the channel's history can read it. https://docs.slack.dev/messaging/message-metadata
const metadataType = "signpost_answer"

// Thread posts and edits our answers in Slack.
type Thread struct {
	Slack *slack.Client // for what is read; what is said goes through Out
	Out   *Outlet
	Self  Identity
}

// Post posts the case's answer in its thread and records it. If an earlier try may have posted already, the thread is
// searched for that answer first, because Slack has no way to make a post happen once.
func (t *Thread) Post(ctx context.Context, s *store.Store, c store.Case, m handlers.Message) (ts string, err error) {
	first, err := s.ClaimPost(ctx, c.ID)
	if err != nil {
		return "", err
	}
	if !first {
		ts, err := t.inThread(ctx, c.Channel, c.ThreadTS, c.MessageTS, metadataType, c.OnceKey)
		if err != nil {
			return "", outcome("look for an earlier answer", err)
		}
		if ts != "" {
			return ts, s.SetReply(ctx, c.ID, ts)
		}
	}
	posted, err := t.post(ctx, c, m)
	if err != nil {
		if refused(err) { // Slack answered, so nothing was posted
			if err := s.UnclaimPost(ctx, c.ID); err != nil {
				return "", err
			}
		}
		return "", outcome("post the answer", err)
	}
	return posted, s.SetReply(ctx, c.ID, posted)
}

// post sends the message. https://docs.slack.dev/reference/methods/chat.postMessage
func (t *Thread) post(ctx context.Context, c store.Case, m handlers.Message) (string, error) {
	ts, parent, err := t.Out.Post(ctx, place(c), m, mark(metadataType, c.OnceKey))
	if err != nil {
		return "", err
	}
	if parent == "" {
		// The message that we answer was deleted, and Slack put the answer at the top of the channel. Take it away.
		if err := t.Out.Delete(ctx, c.Channel, ts); err != nil {
			return "", err
		}
		return "", errParentGone
	}
	return ts, nil
}

var errParentGone = errors.New("the message was deleted before it could be answered")

// place is the thread of a case.
func place(c store.Case) Place {
	return Place{Channel: c.Channel, Thread: c.ThreadTS, Shared: c.ExtShared}
}

// Edit replaces the case's answer.
func (t *Thread) Edit(ctx context.Context, c store.Case, m handlers.Message) error {
	return outcome("edit the answer", t.Out.Edit(ctx, place(c), c.ReplyTS, m))
}

// lasting are answers of Slack that no retry changes. https://docs.slack.dev/reference/methods/chat.postMessage#errors
var lasting = []string{
	"channel_not_found", "not_in_channel", "is_archived", "message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed",
	"restricted_action", "restricted_action_thread_only_channel", "restricted_action_thread_locked", "thread_locked", "invalid_blocks", "invalid_blocks_format",
	"msg_too_long", "msg_blocks_too_long", "no_text", "missing_scope", "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired",
	"no_permission", "ekm_access_denied", "user_not_in_channel", "messages_tab_disabled", "cannot_reply_to_message", "team_access_not_granted",
}

// outcome tells the queue what a Slack error means: try again when Slack says, give up, or try again soon.
func outcome(what string, err error) error {
	if err == nil {
		return nil
	}
	var limited *slack.RateLimitedError
	var answered slack.SlackErrorResponse
	wrapped := fmt.Errorf("%s: %w", what, err)
	switch {
	case errors.As(err, &limited):
		return jobs.RetryAfter(limited.RetryAfter, wrapped)
	case errors.Is(err, errParentGone), errors.As(err, &answered) && slices.Contains(lasting, answered.Err):
		return jobs.Stop(wrapped)
	}
	return wrapped
}

// refused reports whether the call certainly had no effect: Slack answered it with an error, or it was never made.
func refused(err error) bool {
	var limited *slack.RateLimitedError
	var answered slack.SlackErrorResponse
	return errors.As(err, &limited) || errors.As(err, &answered) || errors.Is(err, errParentGone) || errors.Is(err, errWithheld)
}
