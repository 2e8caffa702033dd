package slackfake

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// postable finds the channel that a post names, or says why the app may not post there.
func (s *Server) postable(id string) (*Channel, reply) {
	if id == "" {
		return nil, missing("channel")
	}
	if u := s.users[id]; u != nil && !u.Deleted && !u.Bot {
		return s.im(id), nil // a user's id opens the direct message with them
	}
	c := s.channels[id]
	if c == nil {
		for _, known := range s.channels {
			if known.Name != "" && !known.Private && strings.TrimPrefix(id, "#") == known.Name {
				c = known
			}
		}
	}
	switch {
	case c == nil:
		return nil, fail("channel_not_found")
	case !c.has(s.app.UserID) && (c.Private || c.IM || c.MPIM):
		return nil, fail("channel_not_found")
	case c.Archived:
		return nil, fail("is_archived")
	case !c.has(s.app.UserID) && !s.scopes["chat:write.public"]:
		return nil, fail("not_in_channel")
	}
	return c, nil
}

// compose reads text, blocks, attachments and metadata into the message. update is chat.update, whose text may be at most 4,000 long.
func (s *Server) content(q *request, m *Message, update bool) (problem reply, warning string) {
	if q.has("markdown_text") {
		if q.has("text") || q.has("blocks") {
			return fail("markdown_text_conflict"), ""
		}
		if utf8.RuneCountInString(q.str("markdown_text")) > MaxMarkdown {
			return fail("msg_too_long"), ""
		}
		m.Text = q.str("markdown_text")
		m.Blocks = []Block{{"type": "markdown", "text": m.Text, "block_id": s.blockID()}}
	}
	if q.has("text") {
		m.Text = q.str("text")
		switch n := utf8.RuneCountInString(m.Text); {
		case update && n > MaxUpdateText:
			return fail("msg_too_long"), ""
		case n > MaxText:
			m.Text = string([]rune(m.Text)[:MaxText])
			warning = "message_truncated"
		}
	}
	if q.has("blocks") && q.args["blocks"] != nil {
		v, isJSON := q.decoded("blocks")
		if !isJSON {
			return fail("invalid_blocks_format"), ""
		}
		blocks, problem := s.checkMessageBlocks(v)
		if problem != nil {
			return problem, ""
		}
		m.Blocks = blocks
	}
	if q.has("attachments") && q.args["attachments"] != nil {
		v, isJSON := q.decoded("attachments")
		if _, isList := v.([]any); !isJSON || !isList {
			return fail("invalid_attachments"), ""
		}
		attachments, problem := s.checkAttachments(list(v))
		if problem != nil {
			return problem, ""
		}
		m.Attachments = attachments
	}
	if q.has("metadata") && q.args["metadata"] != nil {
		v, isJSON := q.decoded("metadata")
		o := object(v)
		switch {
		case !isJSON || o == nil:
			return fail("invalid_metadata_format"), ""
		case len(o) == 0:
			m.Metadata = nil
		case str(o["event_type"]) == "" || (object(o["event_payload"]) == nil && o["entities"] == nil):
			return fail("invalid_metadata_format"), ""
		case len(mustJSON(o)) > MaxMetadataSize:
			return fail("metadata_too_large"), ""
		default:
			m.Metadata = o
		}
	}
	if q.has("unfurl_links") {
		v := q.bool("unfurl_links")
		m.UnfurlLinks = &v
	}
	if q.has("unfurl_media") {
		v := q.bool("unfurl_media")
		m.UnfurlMedia = &v
	}
	return nil, warning
}

func (s *Server) blockID() string { return fmt.Sprintf("b%05d", s.count("block")) }

// own starts a message of the app's bot.
func (s *Server) own(channel string) *Message {
	return &Message{Channel: channel, User: s.app.UserID, BotID: s.app.BotID, AppID: s.app.ID, Team: s.team.ID}
}

// chatPostMessage: https://docs.slack.dev/reference/methods/chat.postMessage
func (s *Server) chatPostMessage(q *request) reply {
	c, problem := s.postable(q.str("channel"))
	if problem != nil {
		return problem
	}
	m := s.own(c.ID)
	problem, warning := s.content(q, m, false)
	if problem != nil {
		return problem
	}
	if m.Text == "" && len(m.Blocks) == 0 && len(m.Attachments) == 0 {
		return fail("no_text")
	}
	if problem := s.threaded(q, m); problem != nil {
		return problem
	}
	s.postOwn(m)
	r := ok(Block{"channel": c.ID, "ts": m.TS, "message": s.messageJSON(m, true)})
	if warning != "" {
		warn(r, warning)
	}
	return r
}

// threaded puts the message in the thread that thread_ts names. When the parent is gone the message falls to the top level of the channel:
// the answer then has no thread_ts, and that is all there is to notice it by.
func (s *Server) threaded(q *request, m *Message) reply {
	ts := q.str("thread_ts")
	if ts == "" {
		return nil
	}
	parent := s.find(m.Channel, ts)
	switch {
	case parent == nil || parent.Deleted:
		return nil
	case parent.ThreadTS != "":
		return fail("cannot_reply_to_message")
	}
	m.ThreadTS = ts
	if q.bool("reply_broadcast") {
		m.Broadcast, m.SubType = true, "thread_broadcast"
	}
	return nil
}

// postOwn stores a message of the app, clears the thread's status and tells the app about its own post.
func (s *Server) postOwn(m *Message) {
	m.TS = s.ts()
	if m.Text == "" && len(m.Blocks) > 0 {
		m.Text = "This content can't be displayed."
	}
	s.store(m)
	s.statuses = slices.DeleteFunc(s.statuses, func(st *Status) bool { return st.Channel == m.Channel && st.Thread == m.ThreadTS })
	s.announce(m)
}

// chatUpdate: https://docs.slack.dev/reference/methods/chat.update
func (s *Server) chatUpdate(q *request) reply {
	c, problem := s.readable(q.str("channel"))
	if problem != nil {
		return problem
	}
	if q.str("ts") == "" {
		return missing("ts")
	}
	m := s.find(c.ID, q.str("ts"))
	switch {
	case m == nil:
		return fail("message_not_found")
	case m.BotID != s.app.BotID || m.Deleted:
		return fail("cant_update_message")
	case c.Archived:
		return fail("is_inactive")
	}
	if !q.has("text") && !q.has("blocks") && !q.has("attachments") && !q.has("markdown_text") {
		return fail("no_text")
	}
	changed := m.clone()
	if q.has("text") && (!q.has("blocks") || q.args["blocks"] == nil) {
		changed.Blocks = nil // text alone takes the blocks away
	}
	if problem, _ := s.content(q, changed, true); problem != nil {
		return problem
	}
	if changed.Text == "" && len(changed.Blocks) == 0 && len(changed.Attachments) == 0 {
		return fail("no_text")
	}
	if len(changed.Blocks) == 0 {
		changed.Blocks = nil
		changed.Edited = &Edited{User: s.app.UserID, TS: s.ts()}
	}
	if len(changed.Attachments) == 0 {
		changed.Attachments = nil
	}
	changed.Updates++
	previous := m.clone()
	*m = *changed
	s.announceChange(m, previous)
	s.touch()
	return ok(Block{"channel": c.ID, "ts": m.TS, "text": m.Text, "message": s.messageJSON(m, true)})
}

// chatDelete: https://docs.slack.dev/reference/methods/chat.delete
func (s *Server) chatDelete(q *request) reply {
	c, problem := s.readable(q.str("channel"))
	if problem != nil {
		return problem
	}
	m := s.find(c.ID, q.str("ts"))
	switch {
	case m == nil:
		return fail("message_not_found")
	case m.BotID != s.app.BotID:
		return fail("cant_delete_message")
	}
	ts := m.TS
	s.deleteMessage(m)
	return ok(Block{"channel": c.ID, "ts": ts})
}

// chatPostEphemeral: https://docs.slack.dev/reference/methods/chat.postEphemeral
func (s *Server) chatPostEphemeral(q *request) reply {
	c, problem := s.postable(q.str("channel"))
	if problem != nil {
		return problem
	}
	user := q.str("user")
	switch {
	case user == "":
		return missing("user")
	case s.users[user] == nil || !c.has(user):
		return fail("user_not_in_channel")
	}
	m := s.own(c.ID)
	problem, warning := s.content(q, m, false)
	if problem != nil {
		return problem
	}
	if m.Text == "" && len(m.Blocks) == 0 && len(m.Attachments) == 0 {
		return fail("no_text")
	}
	m.ThreadTS = q.str("thread_ts")
	s.showEphemeral(m, user)
	r := ok(Block{"message_ts": m.TS})
	if warning != "" {
		warn(r, warning)
	}
	return r
}

func (s *Server) showEphemeral(m *Message, user string) {
	m.TS, m.To = s.ts(), user
	s.ephemerals = append(s.ephemerals, m)
	s.touch()
}

// chatGetPermalink: https://docs.slack.dev/reference/methods/chat.getPermalink
func (s *Server) chatGetPermalink(q *request) reply {
	c, problem := s.readable(q.str("channel"))
	if problem != nil {
		return problem
	}
	m := s.find(c.ID, q.str("message_ts"))
	if m == nil {
		return fail("message_not_found")
	}
	return ok(Block{"channel": c.ID, "permalink": s.permalink(m)})
}

func (s *Server) permalink(m *Message) string {
	link := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s", s.team.Domain, m.Channel, strings.ReplaceAll(m.TS, ".", ""))
	if m.ThreadTS != "" {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + m.Channel
	}
	return link
}

// chatScheduleMessage: https://docs.slack.dev/reference/methods/chat.scheduleMessage
func (s *Server) chatScheduleMessage(q *request) reply {
	c, problem := s.postable(q.str("channel"))
	if problem != nil {
		return problem
	}
	unix := q.int("post_at", -1)
	at := time.Unix(int64(unix), 0)
	switch {
	case unix < 0:
		return fail("invalid_time")
	case !at.After(q.now):
		return fail("time_in_past")
	case at.Sub(q.now) > ScheduleAhead:
		return fail("time_too_far")
	}
	near := 0
	for _, other := range s.scheduled {
		if other.Message.Channel == c.ID && other.PostAt.Truncate(ScheduleWindow).Equal(at.Truncate(ScheduleWindow)) {
			near++
		}
	}
	if near >= MaxScheduled {
		return fail("restricted_too_many")
	}
	m := s.own(c.ID)
	if problem, _ := s.content(q, m, false); problem != nil {
		return problem
	}
	if m.Text == "" && len(m.Blocks) == 0 && len(m.Attachments) == 0 {
		return fail("no_text")
	}
	m.ThreadTS = q.str("thread_ts")
	sched := &Scheduled{ID: s.id("Q", 10), PostAt: at, Message: *m, Stuck: m.Metadata != nil}
	s.scheduled = append(s.scheduled, sched)
	s.touch()
	return ok(Block{"channel": c.ID, "scheduled_message_id": sched.ID, "post_at": unix, "message": s.messageJSON(m, true)})
}

// chatScheduledMessagesList: https://docs.slack.dev/reference/methods/chat.scheduledMessages.list
func (s *Server) chatScheduledMessagesList(q *request) reply {
	out := []any{}
	for _, m := range s.scheduled {
		if q.str("channel") == "" || q.str("channel") == m.Message.Channel {
			out = append(out, Block{"id": m.ID, "channel_id": m.Message.Channel, "post_at": m.PostAt.Unix(), "date_created": q.now.Unix(), "text": m.Message.Text})
		}
	}
	return ok(Block{"scheduled_messages": out, "response_metadata": Block{"next_cursor": ""}})
}

// chatDeleteScheduledMessage: https://docs.slack.dev/reference/methods/chat.deleteScheduledMessage
func (s *Server) chatDeleteScheduledMessage(q *request) reply {
	for i, m := range s.scheduled {
		if m.ID == q.str("scheduled_message_id") && m.Message.Channel == q.str("channel") {
			s.scheduled = slices.Delete(s.scheduled, i, i+1)
			s.touch()
			return ok(nil)
		}
	}
	return fail("invalid_scheduled_message_id")
}

// tickScheduled posts what is due; a message with metadata stays where it is.
func (s *Server) tickScheduled(now time.Time) {
	for _, m := range slices.Clone(s.scheduled) {
		if m.Stuck || now.Before(m.PostAt) {
			continue
		}
		s.scheduled = slices.DeleteFunc(s.scheduled, func(o *Scheduled) bool { return o == m })
		posted := m.Message
		s.postOwn(&posted)
	}
}
