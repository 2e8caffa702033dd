package slackfake

import (
	"slices"
	"strings"
	"time"
)

// Status is a thread's "is thinking…" line.
type Status struct {
	Channel, Thread, Text string
	At                    time.Time
}

// authTest: https://docs.slack.dev/reference/methods/auth.test
func (s *Server) authTest(*request) reply {
	return ok(Block{"url": "https://" + s.team.Domain + ".slack.com/", "team": s.team.Name, "user": s.app.Name, "team_id": s.team.ID,
		"user_id": s.app.UserID, "bot_id": s.app.BotID, "enterprise_id": optional(s.team.EnterpriseID), "is_enterprise_install": false})
}

// teamInfo: https://docs.slack.dev/reference/methods/team.info
func (s *Server) teamInfo(*request) reply {
	t := Block{"id": s.team.ID, "name": s.team.Name, "domain": s.team.Domain, "email_domain": "", "icon": Block{"image_default": true}}
	if s.team.EnterpriseID != "" {
		t["enterprise_id"], t["enterprise_name"] = s.team.EnterpriseID, s.team.EnterpriseName
	}
	return ok(Block{"team": t})
}

// botsInfo: https://docs.slack.dev/reference/methods/bots.info
func (s *Server) botsInfo(q *request) reply {
	id := q.str("bot")
	out := Block{"id": id, "deleted": false, "updated": 1700000000, "icons": Block{}}
	switch b := s.bots[id]; {
	case id == "" || id == s.app.BotID:
		out["id"], out["name"], out["app_id"], out["user_id"] = s.app.BotID, s.app.Name, s.app.ID, s.app.UserID
	case b != nil:
		out["name"], out["app_id"], out["user_id"] = b.Name, b.AppID, b.UserID
	default:
		return fail("bot_not_found")
	}
	return ok(Block{"bot": out})
}

// userJSON: https://docs.slack.dev/reference/objects/user-object
func (s *Server) userJSON(u *User) Block {
	team := u.TeamID
	if team == "" {
		team = s.team.ID
	}
	profile := Block{"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name, "display_name_normalized": u.Name,
		"avatar_hash": "g", "team": team, "image_24": "", "image_32": "", "image_48": "", "image_72": "", "image_192": "", "image_512": ""}
	// Only users:read.email shows the address, and strangers have none to show.
	if s.scopes["users:read.email"] && u.Email != "" && !u.Stranger {
		profile["email"] = u.Email
	}
	if u.ID == s.app.UserID {
		profile["bot_id"], profile["api_app_id"] = s.app.BotID, s.app.ID
	}
	out := Block{"id": u.ID, "team_id": team, "name": u.Name, "deleted": u.Deleted, "profile": profile, "is_bot": u.Bot, "is_app_user": false, "updated": 1700000000}
	if u.Deleted {
		return out // a deactivated account has little left
	}
	offset, label := 0, u.TZ
	if zone, err := time.LoadLocation(u.TZ); err == nil && u.TZ != "" {
		_, offset = s.now().In(zone).Zone()
	}
	for k, v := range (Block{"color": "9f69e7", "real_name": u.RealName, "tz": u.TZ, "tz_label": label, "tz_offset": offset, "is_admin": u.Admin, "is_owner": false,
		"is_primary_owner": false, "is_restricted": u.Restricted || u.UltraRestricted, "is_ultra_restricted": u.UltraRestricted,
		"is_workflow_bot": u.WorkflowBot, "is_email_confirmed": true, "who_can_share_contact_card": "EVERYONE"}) {
		out[k] = v
	}
	if s.external(u) {
		out["is_stranger"] = u.Stranger
	}
	if u.EnterpriseID != "" {
		out["enterprise_user"] = Block{"id": u.ID, "enterprise_id": u.EnterpriseID, "enterprise_name": "", "is_admin": false, "is_owner": false, "teams": []string{team}}
	}
	return out
}

// usersInfo: https://docs.slack.dev/reference/methods/users.info
func (s *Server) usersInfo(q *request) reply {
	if q.str("user") == "" {
		return missing("user")
	}
	u := s.users[q.str("user")]
	if u == nil {
		return fail("user_not_found")
	}
	out := s.userJSON(u)
	if q.bool("include_locale") {
		out["locale"] = u.Locale
	}
	return ok(Block{"user": out})
}

// usersLookupByEmail: https://docs.slack.dev/reference/methods/users.lookupByEmail
func (s *Server) usersLookupByEmail(q *request) reply {
	if q.str("email") == "" {
		return missing("email")
	}
	for _, id := range s.userOrder {
		u := s.users[id]
		if !u.Deleted && !s.external(u) && strings.EqualFold(u.Email, q.str("email")) {
			return ok(Block{"user": s.userJSON(u)})
		}
	}
	return fail("users_not_found")
}

// usersList: https://docs.slack.dev/reference/methods/users.list
func (s *Server) usersList(q *request) reply {
	from, to, next, bad := page(q, len(s.userOrder), 1000, 1000)
	if bad {
		return fail("invalid_cursor")
	}
	out := []any{}
	for _, id := range s.userOrder[from:to] {
		out = append(out, s.userJSON(s.users[id]))
	}
	return ok(Block{"members": out, "cache_ts": q.now.Unix(), "response_metadata": Block{"next_cursor": next}})
}

// usergroupsList: https://docs.slack.dev/reference/methods/usergroups.list
func (s *Server) usergroupsList(q *request) reply {
	out := []any{}
	for _, g := range s.groups {
		if g.Disabled && !q.bool("include_disabled") {
			continue
		}
		o := Block{"id": g.ID, "team_id": s.team.ID, "is_usergroup": true, "is_subteam": true, "name": g.Name, "description": "", "handle": g.Handle,
			"is_external": false, "date_create": 1700000000, "date_update": 1700000000, "date_delete": 0, "auto_type": nil, "auto_provision": false,
			"created_by": s.userOrder[0], "updated_by": s.userOrder[0], "deleted_by": nil, "prefs": Block{"channels": []string{}, "groups": []string{}}}
		if g.Disabled {
			o["date_delete"] = 1700000001
		}
		if q.bool("include_users") {
			o["users"] = slices.Clone(g.Members)
		}
		if q.bool("include_count") {
			o["user_count"] = len(g.Members)
		}
		out = append(out, o)
	}
	return ok(Block{"usergroups": out})
}

// usergroupsUsersList: https://docs.slack.dev/reference/methods/usergroups.users.list
func (s *Server) usergroupsUsersList(q *request) reply {
	for _, g := range s.groups {
		if g.ID == q.str("usergroup") {
			if g.Disabled && !q.bool("include_disabled") {
				return fail("subteam_disabled") // from memory; the page only lists no_such_subteam
			}
			return ok(Block{"users": slices.Clone(g.Members)})
		}
	}
	return fail("no_such_subteam")
}

// reacted finds the message of a reactions call.
func (s *Server) reacted(q *request) (*Message, reply) {
	c, problem := s.readable(q.str("channel"))
	if problem != nil {
		return nil, problem
	}
	if q.str("timestamp") == "" {
		return nil, fail("no_item_specified")
	}
	m := s.find(c.ID, q.str("timestamp"))
	switch {
	case m == nil || m.Deleted:
		return nil, fail("message_not_found")
	case !c.has(s.app.UserID) && c.kind() != "channel":
		return nil, fail("channel_not_found")
	}
	return m, nil
}

// reactionsAdd: https://docs.slack.dev/reference/methods/reactions.add
func (s *Server) reactionsAdd(q *request) reply {
	m, problem := s.reacted(q)
	if problem != nil {
		return problem
	}
	name := strings.Trim(q.str("name"), ":")
	if name == "" || strings.ContainsAny(name, " \n") {
		return fail("invalid_name")
	}
	if s.channels[m.Channel].Archived {
		return fail("is_archived")
	}
	if !s.react(m, s.app.UserID, name) {
		return fail("already_reacted")
	}
	return ok(nil)
}

// react adds a reaction and sends the event; false: it was there.
func (s *Server) react(m *Message, user, name string) bool {
	i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Name == name })
	if i < 0 {
		m.Reactions = append(m.Reactions, Reaction{Name: name})
		i = len(m.Reactions) - 1
	}
	if slices.Contains(m.Reactions[i].Users, user) {
		return false
	}
	m.Reactions[i].Users = append(slices.Clone(m.Reactions[i].Users), user)
	s.emitReaction("reaction_added", m, user, name)
	s.touch()
	return true
}

func (s *Server) emitReaction(kind string, m *Message, user, name string) {
	c := s.channels[m.Channel]
	if !c.has(s.app.UserID) || s.needs("reactions:read") != nil {
		return
	}
	s.emit(Block{"type": kind, "user": user, "reaction": name, "item_user": m.User, "event_ts": s.ts(),
		"item": Block{"type": "message", "channel": m.Channel, "ts": m.TS}}, c)
}

// reactionsRemove: https://docs.slack.dev/reference/methods/reactions.remove
func (s *Server) reactionsRemove(q *request) reply {
	m, problem := s.reacted(q)
	if problem != nil {
		return problem
	}
	name := strings.Trim(q.str("name"), ":")
	i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Name == name && slices.Contains(r.Users, s.app.UserID) })
	if i < 0 {
		return fail("no_reaction")
	}
	m.Reactions[i].Users = slices.DeleteFunc(slices.Clone(m.Reactions[i].Users), func(u string) bool { return u == s.app.UserID })
	if len(m.Reactions[i].Users) == 0 {
		m.Reactions = slices.Delete(slices.Clone(m.Reactions), i, i+1)
	}
	s.emitReaction("reaction_removed", m, s.app.UserID, name)
	s.touch()
	return ok(nil)
}

// reactionsGet: https://docs.slack.dev/reference/methods/reactions.get
func (s *Server) reactionsGet(q *request) reply {
	m, problem := s.reacted(q)
	if problem != nil {
		return problem
	}
	return ok(Block{"type": "message", "channel": m.Channel, "message": s.messageJSON(m, false)})
}

// assistantThreadsSetStatus: https://docs.slack.dev/reference/methods/assistant.threads.setStatus. It accepts chat:write and works in channel
// threads: https://docs.slack.dev/changelog/2026/03/05/set-status-scope-update
func (s *Server) assistantThreadsSetStatus(q *request) reply {
	switch {
	case q.str("channel_id") == "":
		return missing("channel_id")
	case q.str("thread_ts") == "":
		return missing("thread_ts")
	case !q.has("status"):
		return missing("status")
	}
	c, problem := s.postable(q.str("channel_id"))
	if problem != nil {
		return fail("channel_not_found")
	}
	if s.find(c.ID, q.str("thread_ts")) == nil {
		return fail("invalid_thread_ts")
	}
	if messages := q.str("loading_messages"); messages != "" && len(strings.Split(messages, ",")) > MaxLoadingMessages {
		return failWith("invalid_arguments", "no more than 10 items allowed [json-pointer:/loading_messages]")
	}
	thread := q.str("thread_ts")
	s.statuses = slices.DeleteFunc(s.statuses, func(st *Status) bool { return st.Channel == c.ID && st.Thread == thread })
	if q.str("status") != "" {
		s.statuses = append(s.statuses, &Status{Channel: c.ID, Thread: thread, Text: q.str("status"), At: q.now})
	}
	s.touch()
	return ok(nil)
}

// tickStatuses lets statuses that no answer cleared expire.
func (s *Server) tickStatuses(now time.Time) {
	n := len(s.statuses)
	s.statuses = slices.DeleteFunc(s.statuses, func(st *Status) bool { return now.Sub(st.At) >= StatusTimeout })
	if len(s.statuses) != n {
		s.touch()
	}
}
