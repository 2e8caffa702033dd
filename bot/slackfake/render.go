package slackfake

import "slices"

// messageJSON renders a message as the API and the events show it. https://docs.slack.dev/reference/events/message
func (s *Server) messageJSON(m *Message, metadata bool) Block {
	out := Block{"type": "message", "ts": m.TS, "text": m.Text}
	set := func(k, v string) {
		if v != "" {
			out[k] = v
		}
	}
	set("subtype", m.SubType)
	set("user", m.User)
	set("bot_id", m.BotID)
	set("app_id", m.AppID)
	set("username", m.Username)
	set("client_msg_id", m.ClientMsgID)
	set("team", m.Team)
	set("thread_ts", m.ThreadTS)
	if m.BotID != "" && m.SubType != "bot_message" {
		out["bot_profile"] = s.botProfile(m.BotID)
	}
	if u := s.users[m.User]; s.external(u) { // https://docs.slack.dev/apis/slack-connect
		out["user_team"], out["source_team"], out["team"] = u.TeamID, u.TeamID, u.TeamID
		out["user_profile"] = Block{"name": u.Name, "real_name": u.RealName, "display_name": u.Name, "team": u.TeamID,
			"is_restricted": u.Restricted, "is_ultra_restricted": u.UltraRestricted}
	}
	if m.Blocks != nil {
		out["blocks"] = anys(m.Blocks)
	}
	if m.Attachments != nil {
		out["attachments"] = anys(m.Attachments)
	}
	if len(m.Files) > 0 {
		files := make([]any, len(m.Files))
		for i, f := range m.Files {
			files[i] = s.fileInMessage(f)
		}
		out["files"], out["upload"], out["display_as_bot"] = files, false, false
	}
	if m.Edited != nil {
		out["edited"] = Block{"user": m.Edited.User, "ts": m.Edited.TS}
	}
	if len(m.Reactions) > 0 {
		out["reactions"] = reactions(m)
	}
	if metadata && m.Metadata != nil {
		out["metadata"] = m.Metadata
	}
	if m.Deleted {
		out["hidden"] = true
	}
	if m.ThreadTS == "" {
		if replies := s.replies(m.Channel, m.TS); len(replies) > 0 {
			var who []string
			for _, r := range replies {
				if !slices.Contains(who, r.User) {
					who = append(who, r.User)
				}
			}
			out["thread_ts"], out["reply_count"], out["reply_users"], out["reply_users_count"] = m.TS, len(replies), who, len(who)
			out["latest_reply"], out["is_locked"], out["subscribed"] = replies[len(replies)-1].TS, false, false
		}
	} else if parent := s.find(m.Channel, m.ThreadTS); parent != nil {
		set("parent_user_id", parent.User)
		if m.Broadcast {
			out["root"] = s.messageJSON(parent, false)
		}
	}
	return out
}

func (s *Server) botProfile(id string) Block {
	p := Block{"id": id, "deleted": false, "updated": 1700000000, "team_id": s.team.ID,
		"icons": Block{"image_36": s.base + "/icon", "image_48": s.base + "/icon", "image_72": s.base + "/icon"}}
	if id == s.app.BotID {
		p["name"], p["app_id"] = s.app.Name, s.app.ID
	} else if b := s.bots[id]; b != nil {
		p["name"], p["app_id"] = b.Name, b.AppID
	}
	return p
}

func reactions(m *Message) []any {
	var out []any
	for _, r := range m.Reactions {
		out = append(out, Block{"name": r.Name, "users": r.Users, "count": len(r.Users)})
	}
	return out
}

// announce sends the message event of a new message, and app_mention when the app is named in it.
func (s *Server) announce(m *Message) {
	ev := s.emit(s.messageEvent(m), s.channels[m.Channel])
	if ev != nil {
		s.lastMessage = ev
		if s.duplicate > 0 {
			s.duplicate--
			s.again(ev)
		}
	}
	if m.SubType == "" || m.SubType == "thread_broadcast" || m.SubType == "file_share" {
		s.announceMention(m)
	}
}

// messageEvent is the inner event of a new message.
func (s *Server) messageEvent(m *Message) Block {
	c := s.channels[m.Channel]
	inner := s.messageJSON(m, false)
	delete(inner, "reply_count") // a new message has none
	inner["channel"], inner["channel_type"], inner["event_ts"] = c.ID, c.kind(), m.TS
	return inner
}

// announceMention sends app_mention when the message names the app. https://docs.slack.dev/reference/events/app_mention
func (s *Server) announceMention(m *Message) {
	c := s.channels[m.Channel]
	if m.BotID == s.app.BotID || c.IM || !c.has(s.app.UserID) || !mentions(m.Text, s.app.UserID) || s.needs("app_mentions:read") != nil {
		return
	}
	inner := s.messageEvent(m)
	inner["type"] = "app_mention"
	for _, k := range []string{"channel_type", "parent_user_id", "bot_profile", "subtype", "root"} {
		delete(inner, k)
	}
	s.emit(inner, c)
}

// announceChange sends message_changed. previous is the message as it was.
func (s *Server) announceChange(m, previous *Message) {
	c := s.channels[m.Channel]
	ts := s.ts()
	s.emit(Block{"type": "message", "subtype": "message_changed", "hidden": true, "channel": c.ID, "channel_type": c.kind(),
		"ts": ts, "event_ts": ts, "message": s.messageJSON(m, false), "previous_message": s.messageJSON(previous, false)}, c)
}

// deleteMessage removes a message: a parent with replies stays as a tombstone.
func (s *Server) deleteMessage(m *Message) {
	c := s.channels[m.Channel]
	previous := m.clone()
	if m.ThreadTS == "" && len(s.replies(m.Channel, m.TS)) > 0 {
		*m = Message{Channel: m.Channel, TS: m.TS, User: "USLACKBOT", SubType: "tombstone", Text: "This message was deleted.", Deleted: true}
		s.announceChange(m, previous)
		s.touch()
		return
	}
	before := s.messageJSON(previous, false)
	s.remove(m)
	ts := s.ts()
	s.emit(Block{"type": "message", "subtype": "message_deleted", "hidden": true, "channel": c.ID, "channel_type": c.kind(),
		"ts": ts, "event_ts": ts, "deleted_ts": m.TS, "previous_message": before}, c)
	s.touch()
}
