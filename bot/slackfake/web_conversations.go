package slackfake

import (
	"slices"
	"strings"
)

// readable finds a channel that the app may see: private ones only as a member.
func (s *Server) readable(id string) (*Channel, reply) {
	if id == "" {
		return nil, missing("channel")
	}
	c := s.channels[id]
	if c == nil || (!c.has(s.app.UserID) && c.kind() != "channel") {
		return nil, fail("channel_not_found")
	}
	return c, nil
}

// channelJSON: https://docs.slack.dev/reference/objects/conversation-object
func (s *Server) channelJSON(c *Channel) Block {
	out := Block{"id": c.ID, "created": 1700000000, "updated": 1700000000000, "context_team_id": s.team.ID, "is_archived": c.Archived,
		"is_im": c.IM, "is_mpim": c.MPIM, "is_channel": c.kind() == "channel", "is_group": c.kind() == "group", "is_private": c.kind() != "channel",
		"is_member": c.has(s.app.UserID), "is_ext_shared": c.ExtShared, "is_pending_ext_shared": c.PendingExtShared, "is_org_shared": c.OrgShared,
		"is_shared": c.ExtShared || c.OrgShared}
	if c.IM {
		for _, m := range c.Members {
			if m != s.app.UserID {
				out["user"] = m
			}
		}
		return out
	}
	out["name"], out["name_normalized"], out["creator"], out["is_general"] = c.Name, c.Name, s.userOrder[0], c.Name == "general"
	out["topic"], out["purpose"] = Block{"value": "", "creator": "", "last_set": 0}, Block{"value": "", "creator": "", "last_set": 0}
	out["previous_names"] = []any{}
	out["shared_team_ids"] = append([]string{s.team.ID}, c.ConnectedTeams...)
	out["internal_team_ids"] = []string{}
	if c.ExtShared {
		out["connected_team_ids"], out["conversation_host_id"] = c.ConnectedTeams, s.team.ID
	}
	if c.PendingExtShared {
		out["pending_connected_team_ids"], out["pending_shared"] = []any{}, []string{"T0PENDING"}
	}
	return out
}

// conversationsInfo: https://docs.slack.dev/reference/methods/conversations.info
func (s *Server) conversationsInfo(q *request) reply {
	c, problem := s.readable(q.str("channel"))
	if problem != nil {
		return problem
	}
	if problem := s.needsFor(c, "read"); problem != nil {
		return problem
	}
	out := s.channelJSON(c)
	if q.bool("include_num_members") {
		out["num_members"] = len(c.Members)
	}
	if q.bool("include_locale") {
		out["locale"] = "en-US"
	}
	return ok(Block{"channel": out})
}

// history finds a channel whose messages the app may read.
func (s *Server) history(q *request) (*Channel, reply) {
	c, problem := s.readable(q.str("channel"))
	if problem != nil {
		return nil, problem
	}
	if problem := s.needsFor(c, "history"); problem != nil {
		return nil, problem
	}
	if !c.has(s.app.UserID) {
		return nil, fail("not_in_channel")
	}
	return c, nil
}

// between tells whether a ts lies within oldest and latest, as the arguments say.
func between(q *request, ts string) bool {
	oldest, latest, inclusive := q.str("oldest"), q.str("latest"), q.bool("inclusive")
	if oldest != "" && (less(ts, oldest) || (!inclusive && !less(oldest, ts))) {
		return false
	}
	if latest != "" && (less(latest, ts) || (!inclusive && !less(ts, latest))) {
		return false
	}
	return true
}

// less compares two ts; the whole seconds may differ in length, and the fraction may be left out.
func less(a, b string) bool {
	as, au, _ := strings.Cut(a, ".")
	bs, bu, _ := strings.Cut(b, ".")
	if as = strings.TrimLeft(as, "0"); as != strings.TrimLeft(bs, "0") {
		bs = strings.TrimLeft(bs, "0")
		if len(as) != len(bs) {
			return len(as) < len(bs)
		}
		return as < bs
	}
	return strings.TrimRight(au, "0") < strings.TrimRight(bu, "0")
}

// conversationsReplies: https://docs.slack.dev/reference/methods/conversations.replies
func (s *Server) conversationsReplies(q *request) reply {
	c, problem := s.history(q)
	if problem != nil {
		return problem
	}
	if q.str("ts") == "" {
		return missing("ts")
	}
	parent := s.find(c.ID, q.str("ts"))
	if parent != nil && parent.ThreadTS != "" {
		parent = s.find(c.ID, parent.ThreadTS)
	}
	if parent == nil {
		return fail("thread_not_found")
	}
	var replies []*Message
	for _, m := range s.replies(c.ID, parent.TS) {
		if between(q, m.TS) {
			replies = append(replies, m)
		}
	}
	from, to, next, bad := page(q, len(replies), 1000, 1000)
	if bad {
		return fail("invalid_cursor")
	}
	out := []any{s.messageJSON(parent, q.bool("include_all_metadata"))} // the parent leads each page
	for _, m := range replies[from:to] {
		out = append(out, s.messageJSON(m, q.bool("include_all_metadata")))
	}
	return ok(Block{"messages": out, "has_more": next != "", "response_metadata": Block{"next_cursor": next}})
}

// conversationsHistory: https://docs.slack.dev/reference/methods/conversations.history
func (s *Server) conversationsHistory(q *request) reply {
	c, problem := s.history(q)
	if problem != nil {
		return problem
	}
	var found []*Message
	for _, m := range slices.Backward(s.messages[c.ID]) {
		if (m.ThreadTS == "" || m.Broadcast) && between(q, m.TS) {
			found = append(found, m)
		}
	}
	from, to, next, bad := page(q, len(found), 100, 999)
	if bad {
		return fail("invalid_cursor")
	}
	out := []any{}
	for _, m := range found[from:to] {
		out = append(out, s.messageJSON(m, q.bool("include_all_metadata")))
	}
	return ok(Block{"messages": out, "has_more": next != "", "pin_count": 0, "response_metadata": Block{"next_cursor": next}})
}

// conversationsMembers: https://docs.slack.dev/reference/methods/conversations.members
func (s *Server) conversationsMembers(q *request) reply {
	c, problem := s.readable(q.str("channel"))
	if problem != nil {
		return problem
	}
	if problem := s.needsFor(c, "read"); problem != nil {
		return problem
	}
	from, to, next, bad := page(q, len(c.Members), 100, 1000)
	if bad {
		return fail("invalid_cursor")
	}
	return ok(Block{"members": slices.Clone(c.Members[from:to]), "response_metadata": Block{"next_cursor": next}})
}

// conversationsOpen: https://docs.slack.dev/reference/methods/conversations.open
func (s *Server) conversationsOpen(q *request) reply {
	if id := q.str("channel"); id != "" {
		c, problem := s.readable(id)
		if problem != nil {
			return problem
		}
		return ok(Block{"no_op": true, "already_open": true, "channel": s.channelJSON(c)})
	}
	users := strings.FieldsFunc(q.str("users"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(users) == 0 {
		return fail("users_list_not_supplied")
	}
	for _, id := range users {
		u := s.users[id]
		switch {
		case u == nil:
			return fail("user_not_found")
		case u.Deleted:
			return fail("user_disabled")
		case u.Bot && id != s.app.UserID:
			return fail("cannot_dm_bot")
		}
	}
	before := len(s.channels)
	var c *Channel
	if len(users) == 1 {
		c = s.im(users[0])
	} else {
		c = s.mpim(users)
	}
	out := Block{"id": c.ID}
	if q.bool("return_im") {
		out = s.channelJSON(c)
	}
	r := ok(Block{"channel": out})
	if len(s.channels) == before {
		r["no_op"], r["already_open"] = true, true
	}
	return r
}

func (s *Server) mpim(users []string) *Channel {
	members := append([]string{s.app.UserID}, users...)
	slices.Sort(members)
	for _, id := range s.channelOrder {
		if c := s.channels[id]; c.MPIM && slices.Equal(c.Members, members) {
			return c
		}
	}
	c := &Channel{ID: s.id("G", 8), MPIM: true, Name: "mpdm-" + strings.ToLower(strings.Join(users, "--")) + "-1", Members: members}
	s.channels[c.ID] = c
	s.channelOrder = append(s.channelOrder, c.ID)
	return c
}

// channelsOf lists channels by the argument types.
func (s *Server) channelsOf(q *request, keep func(*Channel) bool) reply {
	types := strings.Split(q.str("types"), ",")
	if q.str("types") == "" {
		types = []string{"public_channel"}
	}
	wanted := map[string]bool{}
	for _, t := range types {
		kind := map[string]string{"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}[strings.TrimSpace(t)]
		if kind == "" {
			return fail("invalid_types")
		}
		wanted[kind] = true
	}
	var found []*Channel
	for _, id := range s.channelOrder {
		c := s.channels[id]
		if wanted[c.kind()] && keep(c) && !(q.bool("exclude_archived") && c.Archived) && s.needsFor(c, "read") == nil {
			found = append(found, c)
		}
	}
	from, to, next, bad := page(q, len(found), 100, 1000)
	if bad {
		return fail("invalid_cursor")
	}
	out := []any{}
	for _, c := range found[from:to] {
		out = append(out, s.channelJSON(c))
	}
	return ok(Block{"channels": out, "response_metadata": Block{"next_cursor": next}})
}

// conversationsList: https://docs.slack.dev/reference/methods/conversations.list
func (s *Server) conversationsList(q *request) reply {
	return s.channelsOf(q, func(c *Channel) bool { return c.kind() == "channel" || c.has(s.app.UserID) })
}

// usersConversations: https://docs.slack.dev/reference/methods/users.conversations
func (s *Server) usersConversations(q *request) reply {
	user := q.str("user")
	if user == "" {
		user = s.app.UserID
	}
	return s.channelsOf(q, func(c *Channel) bool { return c.has(user) && (c.kind() == "channel" || c.has(s.app.UserID)) })
}
