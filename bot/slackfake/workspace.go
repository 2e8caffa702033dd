package slackfake

import (
	"slices"
	"strings"
)

// OpenHome lets a person open the app's Home tab.
func (s *Server) OpenHome(user string) { s.openTab(user, "home") }

// OpenMessages lets a person open the app's Messages tab.
func (s *Server) OpenMessages(user string) { s.openTab(user, "messages") }

// openTab sends app_home_opened. https://docs.slack.dev/reference/events/app_home_opened
func (s *Server) openTab(user, tab string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	inner := Block{"type": "app_home_opened", "user": user, "channel": s.im(user).ID, "tab": tab, "event_ts": s.ts()}
	if v := s.homes[user]; v != nil && tab == "home" {
		inner["view"] = s.viewJSON(v, nil)
	}
	s.emit(inner, nil)
}

// change changes a channel and sends the inner event about it, as long as the app is a member.
func (s *Server) change(channel string, f func(*Channel) Block) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.mustChannel(channel)
	inner := f(c)
	inner["event_ts"] = s.ts()
	s.touch()
	if c.has(s.app.UserID) {
		s.emit(inner, c)
	}
}

// ShareChannel shares a channel with another organisation: channel_shared.
func (s *Server) ShareChannel(channel, withTeam string) {
	s.change(channel, func(c *Channel) Block {
		c.ExtShared, c.PendingExtShared = true, false
		c.ConnectedTeams = append(slices.Clone(c.ConnectedTeams), withTeam)
		return Block{"type": "channel_shared", "connected_team_id": withTeam, "channel": c.ID}
	})
}

// UnshareChannel ends the sharing with a team: channel_unshared.
func (s *Server) UnshareChannel(channel, withTeam string) {
	s.change(channel, func(c *Channel) Block {
		c.ConnectedTeams = slices.DeleteFunc(slices.Clone(c.ConnectedTeams), func(t string) bool { return t == withTeam })
		c.ExtShared = len(c.ConnectedTeams) > 0
		return Block{"type": "channel_unshared", "previously_connected_team_id": withTeam, "channel": c.ID, "is_ext_shared": c.ExtShared}
	})
}

// Join adds a person, or the app itself, to a channel: member_joined_channel.
func (s *Server) Join(channel, user string) {
	s.change(channel, func(c *Channel) Block {
		if !c.has(user) {
			c.Members = append(slices.Clone(c.Members), user)
		}
		return Block{"type": "member_joined_channel", "user": user, "channel": c.ID, "channel_type": strings.ToUpper(c.kind()[:1]), "team": s.team.ID}
	})
}

// Leave takes a person out of a channel: member_left_channel. When the app itself is removed it hears nothing more from there.
func (s *Server) Leave(channel, user string) {
	s.change(channel, func(c *Channel) Block {
		c.Members = slices.DeleteFunc(slices.Clone(c.Members), func(m string) bool { return m == user })
		return Block{"type": "member_left_channel", "user": user, "channel": c.ID, "channel_type": strings.ToUpper(c.kind()[:1]), "team": s.team.ID}
	})
}

// RenameChannelID gives a channel a new id, as happens when sharing changes: channel_id_changed. Messages move along.
func (s *Server) RenameChannelID(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.mustChannel(from)
	delete(s.channels, from)
	c.ID = to
	s.channels[to] = c
	s.channelOrder[slices.Index(s.channelOrder, from)] = to
	s.messages[to] = s.messages[from]
	delete(s.messages, from)
	for _, m := range s.messages[to] {
		m.Channel = to
	}
	s.emit(Block{"type": "channel_id_changed", "old_channel_id": from, "new_channel_id": to, "event_ts": s.ts()}, c)
	s.touch()
}

// SetGroup changes who is in a user group: subteam_members_changed.
func (s *Server) SetGroup(group string, members ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.groups {
		if g.ID != group {
			continue
		}
		inner := Block{"type": "subteam_members_changed", "subteam_id": group, "team_id": s.team.ID, "date_previous_update": 1700000000,
			"date_update": s.now().Unix(), "added_users": subtract(members, g.Members), "removed_users": subtract(g.Members, members)}
		inner["added_users_count"], inner["removed_users_count"] = len(subtract(members, g.Members)), len(subtract(g.Members, members))
		g.Members = slices.Clone(members)
		s.emit(inner, nil)
		s.touch()
	}
}

func subtract(a, b []string) []string {
	out := []string{}
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

// ChangeUser replaces a user, or adds one: user_change or team_join.
func (s *Server) ChangeUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := "user_change"
	if s.users[u.ID] == nil {
		kind = "team_join"
	}
	s.addUser(u)
	s.emit(Block{"type": kind, "user": s.userJSON(&u), "cache_ts": s.now().Unix(), "event_ts": s.ts()}, nil)
	s.touch()
}

// ChangeChannel changes a channel without an event, such as making it private or archived.
func (s *Server) ChangeChannel(channel string, f func(*Channel)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.mustChannel(channel))
	s.touch()
}

// Channel gives a channel as it is now.
func (s *Server) Channel(id string) (Channel, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[id]; c != nil {
		out := *c
		out.Members = slices.Clone(c.Members)
		return out, true
	}
	return Channel{}, false
}

// User gives a user as it is now.
func (s *Server) User(id string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[id]; u != nil {
		return *u, true
	}
	return User{}, false
}

// RevokeTokens makes the tokens invalid and says so: tokens_revoked. https://docs.slack.dev/reference/events/tokens_revoked
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokenError = "token_revoked"
	s.emit(Block{"type": "tokens_revoked", "tokens": Block{"oauth": []any{}, "bot": []any{s.app.UserID}}, "event_ts": s.ts()}, nil)
	s.touch()
}

// Uninstall removes the app: app_uninstalled, and its token belongs to no account any more.
func (s *Server) Uninstall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokenError = "account_inactive"
	s.emit(Block{"type": "app_uninstalled", "event_ts": s.ts()}, nil)
	s.touch()
}
