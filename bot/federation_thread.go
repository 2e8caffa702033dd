package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
)

// more posts what had no room in a post to its thread, each message once: where an earlier try may have posted some of them, the
// thread is searched first.
func (f *Federation) more(ctx context.Context, p store.TrustPost, ts string, m healthMessage, tried bool) error {
	there := map[string]bool{}
	if tried && len(m.More) > 0 {
		var err error
		if there, err = f.replies(ctx, p.Channel, ts); err != nil {
			return err
		}
	}
	for i, x := range m.More {
		id := moreID(p, i)
		if there[id] {
			continue
		}
		if err := f.pause(ctx); err != nil {
			return err
		}
		at, parent, err := f.Thread.Out.Post(ctx, Place{Channel: p.Channel, Thread: ts},
			handlers.Message{Text: x.Text, Blocks: x.Blocks.BlockSet, Holds: handlers.Content{Desk: true, Actors: m.Actors}},
			&slack.SlackMetadata{EventType: healthType, EventPayload: map[string]any{"id": id}})
		if err != nil {
			return err
		}
		if parent == "" { // somebody deleted the post, and does not want its thread at the top of the channel
			return f.Thread.Out.Delete(ctx, p.Channel, at)
		}
	}
	return nil
}

// pause keeps to what Slack takes in one channel.
func (f *Federation) pause(ctx context.Context) error {
	if f.Pause != nil {
		return f.Pause(ctx, pauseFor)
	}
	t := time.NewTimer(pauseFor)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// moreID marks a message of a post's thread.
func moreID(p store.TrustPost, i int) string { return fmt.Sprintf("%s-%d", p.OnceKey, i+1) }

// replies are the marks of our messages in the thread of a post. https://docs.slack.dev/reference/methods/conversations.replies
func (f *Federation) replies(ctx context.Context, channel, ts string) (map[string]bool, error) {
	there := map[string]bool{}
	q := &slack.GetConversationRepliesParameters{ChannelID: channel, Timestamp: ts, IncludeAllMetadata: true, Limit: 200}
	for {
		messages, more, cursor, err := f.Thread.Slack.GetConversationRepliesContext(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			if id, ok := m.Metadata.EventPayload["id"].(string); ok && f.Thread.ours(m) && m.Metadata.EventType == healthType {
				there[id] = true
			}
		}
		if !more || cursor == "" {
			return there, nil
		}
		q.Cursor = cursor
	}
}

// picture adds the picture of a post to its thread, once at most: a post is whole without it.
// https://docs.slack.dev/reference/methods/files.completeUploadExternal
func (f *Federation) picture(ctx context.Context, p store.TrustPost) error {
	mine, err := f.Store.TakeTrustMessage(ctx, p.Slot)
	if err != nil || !mine {
		return err
	}
	var m healthMessage
	if err := json.Unmarshal(p.Message, &m); err != nil || len(m.Picture) == 0 {
		return nil
	}
	uploading, cancel := context.WithTimeout(ctx, postFor)
	defer cancel()
	err = f.Thread.Out.Upload(uploading, Place{Channel: p.Channel, Thread: p.TS}, slack.UploadFileParameters{
		Reader: bytes.NewReader(m.Picture), FileSize: len(m.Picture), Filename: "signing-certificates.png", Title: "When signing certificates end",
		AltTxt: m.Alt, InitialComment: handlers.Escape(m.Alt),
	}, handlers.Content{Desk: true})
	var answered slack.SlackErrorResponse
	switch {
	case errors.As(err, &answered) && answered.Err == "missing_scope":
		if !f.pictureless.Swap(true) {
			f.Log.Info("the health posts have no picture: the Slack app lacks the scope files:write")
		}
	case err != nil: // the upload's address is a secret, and stands in the error of the HTTP client
		f.Log.Warn("add the picture to a health post", "error", fmt.Sprintf("%T", err))
	}
	return nil
}
