package bot

import (
	"context"
	"errors"
	"slices"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
)

// judge keeps whether an answer helped somebody, and thanks them.
func (w *Worker) judge(ctx context.Context, k Click, c store.Case, judgement string) error {
	if judgement != handlers.FeedbackHelpful && judgement != handlers.FeedbackUnhelpful {
		return nil
	}
	f := store.Feedback{Case: c.ID, Code: c.Primary, User: k.User, Helpful: judgement == handlers.FeedbackHelpful, At: w.Now()}
	if err := w.Store.SetFeedback(ctx, f); err != nil {
		return err
	}
	says := "Thank you. It is noted that this answer helped."
	if !f.Helpful {
		says = "Thank you. It is noted for those who look after the runbooks that this answer did not help."
	}
	return w.whisper(ctx, k, says)
}

// withFeedback sends a message, and sends it without its feedback buttons where Slack does not take them. They are newer than
// the other blocks, and a workspace that refuses them once is not asked again.
// https://docs.slack.dev/reference/block-kit/blocks/context-actions-block
func (o *Outlet) withFeedback(m handlers.Message, send func(handlers.Message) error) error {
	without := slices.DeleteFunc(slices.Clone(m.Blocks), func(b slack.Block) bool { return b.BlockType() == slack.MBTContextActions })
	if len(without) == len(m.Blocks) {
		return send(m)
	}
	plain := m
	plain.Blocks = without
	if o.feedbackless.Load() {
		return send(plain)
	}
	err := send(m)
	var answered slack.SlackErrorResponse
	if !errors.As(err, &answered) || answered.Err != "invalid_blocks" && answered.Err != "invalid_blocks_format" {
		return err
	}
	if err := send(plain); err != nil {
		return err
	}
	if !o.feedbackless.Swap(true) {
		o.log.Info("answers have no feedback buttons: Slack does not take them in this workspace")
	}
	return nil
}
