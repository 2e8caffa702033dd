package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/slack-go/slack"
)

// Slack has no way to make a post happen once, so each of our posts carries a mark in its metadata, and is looked for by it
// before it is posted again. https://docs.slack.dev/messaging/message-metadata

// mark is the metadata by which a message of ours is found again. id is opaque: every app that may read the history reads it.
func mark(kind, id string) *slack.SlackMetadata {
	return &slack.SlackMetadata{EventType: kind, EventPayload: map[string]any{"id": id}}
}

// marked reports whether a message is ours and carries the mark.
func (t *Thread) marked(m slack.Message, kind, id string) bool {
	return t.ours(m) && m.Metadata.EventType == kind && m.Metadata.EventPayload["id"] == id
}

func (t *Thread) ours(m slack.Message) bool {
	return m.User == t.Self.UserID || m.BotID == t.Self.BotID
}

// inChannel looks for our message with the mark among those of a channel since a time; "" where there is none.
// https://docs.slack.dev/reference/methods/conversations.history
func (t *Thread) inChannel(ctx context.Context, channel, kind, id string, since time.Time) (ts string, err error) {
	const skew = time.Minute // between Slack's clock and ours
	q := &slack.GetConversationHistoryParameters{ChannelID: channel, Oldest: fmt.Sprintf("%d.000000", since.Add(-skew).Unix()), IncludeAllMetadata: true, Limit: 200}
	for {
		h, err := t.Slack.GetConversationHistoryContext(ctx, q)
		if err != nil {
			return "", err
		}
		for _, m := range h.Messages {
			if t.marked(m, kind, id) {
				return m.Timestamp, nil
			}
		}
		if !h.HasMore || h.ResponseMetaData.NextCursor == "" {
			return "", nil
		}
		q.Cursor = h.ResponseMetaData.NextCursor
	}
}

// inThread looks for our message with the mark in a thread; "" where there is none. oldest is the ts to begin at, "" for all.
// https://docs.slack.dev/reference/methods/conversations.replies
func (t *Thread) inThread(ctx context.Context, channel, thread, oldest, kind, id string) (ts string, err error) {
	q := &slack.GetConversationRepliesParameters{ChannelID: channel, Timestamp: thread, Oldest: oldest, IncludeAllMetadata: true, Limit: 200}
	for {
		messages, more, cursor, err := t.Slack.GetConversationRepliesContext(ctx, q)
		if err != nil {
			return "", err
		}
		for _, m := range messages {
			if t.marked(m, kind, id) {
				return m.Timestamp, nil
			}
		}
		if !more || cursor == "" {
			return "", nil
		}
		q.Cursor = cursor
	}
}
