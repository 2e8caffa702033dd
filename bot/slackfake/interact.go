package slackfake

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Choice is what a person enters or picks with a click. The zero value presses a button.
type Choice struct {
	Value  string   // option of a select, overflow menu, radio group or feedback; text of an input
	Values []string // options of checkboxes or a multi-select
	Block  string   // block_id, where the action_id alone does not tell which element
}

// Command lets a person type a slash command. Externals cannot. The app's answer in its ack becomes an ephemeral or channel message.
// https://docs.slack.dev/interactivity/implementing-slash-commands
func (s *Server) Command(user, channel, command, text string) (Invocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, c, err := s.actor(user, channel, true)
	if err != nil {
		return Invocation{}, fmt.Errorf("type %s: %w", command, err)
	}
	s.tick()
	if s.opts.ShouldEscape {
		text = s.escaped(text)
	}
	name := c.Name
	switch {
	case c.IM:
		name = "directmessage"
	case c.MPIM || c.Private:
		name = "privategroup"
	}
	i := &Invocation{Type: "slash_commands", Kind: "command", User: u.ID, Channel: c.ID, TriggerID: s.newTrigger(u.ID, nil), ResponseURL: s.newHook(u.ID, c.ID, nil)}
	payload := Block{"token": "verification-token-not-used", "team_id": s.team.ID, "team_domain": s.team.Domain, "channel_id": c.ID, "channel_name": name,
		"user_id": u.ID, "user_name": u.Name, "command": command, "text": text, "api_app_id": s.app.ID, "is_enterprise_install": "false",
		"response_url": i.ResponseURL, "trigger_id": i.TriggerID}
	if s.team.EnterpriseID != "" {
		payload["enterprise_id"], payload["enterprise_name"] = s.team.EnterpriseID, s.team.EnterpriseName
	}
	return s.invoke(i, payload), nil
}

var atName = regexp.MustCompile(`[@#][a-z0-9._-]+`)

// escaped is command text with should_escape on. Mail addresses are marked as in messages; the documents do not say whether they are.
func (s *Server) escaped(text string) string {
	text = atName.ReplaceAllStringFunc(text, func(name string) string {
		if name[0] == '#' {
			for _, c := range s.channels {
				if c.Name == name[1:] {
					if c.Private {
						return "<#" + c.ID + "|>"
					}
					return "<#" + c.ID + "|" + c.Name + ">"
				}
			}
			return name
		}
		for _, u := range s.users {
			if u.Name == name[1:] {
				return "<@" + u.ID + "|" + u.Name + ">"
			}
		}
		return name
	})
	marked, _ := composed(text, "", false)
	return marked
}

// actor finds who acts where. member: commands and shortcuts are for people of the workspace only.
func (s *Server) actor(user, channel string, member bool) (*User, *Channel, error) {
	u, c := s.users[user], s.channels[channel]
	switch {
	case u == nil:
		return nil, nil, fmt.Errorf("no user %s", user)
	case c == nil:
		return nil, nil, fmt.Errorf("no channel %s", channel)
	case u.Deleted:
		return nil, nil, fmt.Errorf("%s is deactivated", user)
	case member && s.external(u):
		return nil, nil, fmt.Errorf("%s belongs to another workspace, where the app is not installed", user)
	case !c.has(user) && c.kind() != "channel":
		return nil, nil, fmt.Errorf("%s is not in %s", user, channel)
	}
	return u, c, nil
}

func (s *Server) person(u *User) Block {
	return Block{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": s.teamOf(u)}
}

func (s *Server) channelRef(c *Channel) Block {
	name := c.Name
	switch {
	case c.IM:
		name = "directmessage"
	case c.MPIM || c.Private:
		name = "privategroup"
	}
	return Block{"id": c.ID, "name": name}
}

// interaction starts a payload with what all kinds have in common. https://docs.slack.dev/reference/interaction-payloads
func (s *Server) interaction(kind string, u *User) Block {
	return Block{"type": kind, "token": "verification-token-not-used", "api_app_id": s.app.ID, "user": s.person(u), "is_enterprise_install": false,
		"team": Block{"id": s.team.ID, "domain": s.team.Domain}, "enterprise": enterprise(s.team)}
}

func enterprise(t Team) any {
	if t.EnterpriseID == "" {
		return nil
	}
	return Block{"id": t.EnterpriseID, "name": t.EnterpriseName}
}

// Click lets a person use an element of a message, one of the app's or one shown to them alone. Externals of a shared channel can.
// https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
func (s *Server) Click(user, channel, ts, actionID string, choice ...Choice) (Invocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	u, c, err := s.actor(user, channel, false)
	if err != nil {
		return Invocation{}, fmt.Errorf("click %s: %w", actionID, err)
	}
	m := s.find(channel, ts)
	if m == nil {
		for _, e := range s.ephemerals {
			if e.Channel == channel && e.TS == ts && e.To == user {
				m = e
			}
		}
	}
	if m == nil {
		return Invocation{}, fmt.Errorf("click %s: %s does not see a message %s in %s", actionID, user, ts, channel)
	}
	blocks := slices.Clone(m.Blocks)
	for _, a := range m.Attachments {
		blocks = append(blocks, objects(a["blocks"])...)
	}
	action, err := s.action(blocks, actionID, first(choice))
	if err != nil {
		return Invocation{}, fmt.Errorf("click %s on %s: %w", actionID, ts, err)
	}
	i := &Invocation{Type: "interactive", Kind: "block_actions", User: user, Channel: channel, TriggerID: s.newTrigger(user, nil), ResponseURL: s.newHook(user, channel, m)}
	payload := s.interaction("block_actions", u)
	container := Block{"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": m.To != ""}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	payload["container"], payload["trigger_id"], payload["response_url"] = container, i.TriggerID, i.ResponseURL
	payload["channel"], payload["actions"] = s.channelRef(c), []any{action}
	payload["state"] = Block{"values": Block{}}
	if m.To == "" {
		payload["message"] = s.messageJSON(m, false)
	}
	return s.invoke(i, payload), nil
}

// ClickHome lets a person use an element of their Home tab.
func (s *Server) ClickHome(user, actionID string, choice ...Choice) (Invocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clickView(user, s.homes[user], actionID, first(choice))
}

// ClickModal lets a person use an element of the modal before them.
func (s *Server) ClickModal(user, actionID string, choice ...Choice) (Invocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stack := s.modals[user]
	if len(stack) == 0 {
		return s.clickView(user, nil, actionID, Choice{})
	}
	return s.clickView(user, stack[len(stack)-1], actionID, first(choice))
}

func first(choice []Choice) Choice {
	if len(choice) == 0 {
		return Choice{}
	}
	return choice[0]
}

func (s *Server) clickView(user string, v *View, actionID string, choice Choice) (Invocation, error) {
	s.tick()
	u := s.users[user]
	if v == nil || u == nil {
		return Invocation{}, fmt.Errorf("click %s: %s has no such view open", actionID, user)
	}
	action, err := s.action(v.Blocks, actionID, choice)
	if err != nil {
		return Invocation{}, fmt.Errorf("click %s in view %s: %w", actionID, v.ID, err)
	}
	i := &Invocation{Type: "interactive", Kind: "block_actions", User: user, TriggerID: s.newTrigger(user, v), view: v}
	payload := s.interaction("block_actions", u)
	payload["container"], payload["trigger_id"] = Block{"type": "view", "view_id": v.ID}, i.TriggerID
	payload["view"], payload["actions"] = s.viewJSON(v, nil), []any{action}
	return s.invoke(i, payload), nil
}

// Shortcut lets a person use a message shortcut. Externals cannot.
// https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
func (s *Server) Shortcut(user, channel, ts, callbackID string) (Invocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	u, c, err := s.actor(user, channel, true)
	if err != nil {
		return Invocation{}, fmt.Errorf("use shortcut %s: %w", callbackID, err)
	}
	m := s.find(channel, ts)
	if m == nil {
		return Invocation{}, fmt.Errorf("use shortcut %s: no message %s in %s", callbackID, ts, channel)
	}
	i := &Invocation{Type: "interactive", Kind: "message_action", User: user, Channel: channel, TriggerID: s.newTrigger(user, nil), ResponseURL: s.newHook(user, channel, nil)}
	payload := s.interaction("message_action", u)
	payload["callback_id"], payload["trigger_id"], payload["response_url"] = callbackID, i.TriggerID, i.ResponseURL
	payload["channel"], payload["message_ts"], payload["message"], payload["action_ts"] = s.channelRef(c), ts, s.messageJSON(m, false), s.ts()
	return s.invoke(i, payload), nil
}

// GlobalShortcut lets a person use a global shortcut: no channel, no response_url.
func (s *Server) GlobalShortcut(user, callbackID string) (Invocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	u := s.users[user]
	if u == nil || s.external(u) {
		return Invocation{}, fmt.Errorf("use shortcut %s: %s is nobody of the workspace", callbackID, user)
	}
	i := &Invocation{Type: "interactive", Kind: "shortcut", User: user, TriggerID: s.newTrigger(user, nil)}
	payload := s.interaction("shortcut", u)
	payload["callback_id"], payload["trigger_id"], payload["action_ts"] = callbackID, i.TriggerID, s.ts()
	return s.invoke(i, payload), nil
}

// initials are the properties of an element that hold what it begins with, and those of its state that say so.
var initials = map[string]string{
	"initial_value": "value", "initial_option": "selected_option", "initial_user": "selected_user", "initial_date_time": "selected_date_time",
}

// SubmitView lets a person submit the modal before them. Values are given by block_id and action_id: a string for a text or a single choice, a
// []string for several. What the app answers (errors, update, push, clear, nothing) is applied.
// https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
func (s *Server) SubmitView(user string, values map[string]map[string]any) (Invocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	stack := s.modals[user]
	if len(stack) == 0 {
		return Invocation{}, fmt.Errorf("submit: %s has no modal open", user)
	}
	v := stack[len(stack)-1]
	state := Block{}
	for _, block := range v.Blocks {
		id := str(block["block_id"])
		for _, e := range elementsOf(block) {
			given, isGiven := values[id][str(e["action_id"])]
			if !isGiven && block["type"] != "input" {
				continue
			}
			var choice Choice
			switch g := given.(type) {
			case string:
				choice.Value = g
			case []string:
				choice.Values = g
			}
			entered := enter(e, choice)
			if entered["err"] != nil {
				return Invocation{}, fmt.Errorf("submit: %s has no option %q", id, entered["err"])
			}
			begins := slices.ContainsFunc(slices.Collect(maps.Keys(initials)), func(initial string) bool { return e[initial] != nil })
			if !isGiven && block["optional"] != true && block["type"] == "input" && !begins {
				return Invocation{}, fmt.Errorf("submit: Slack does not let %s submit without %s", user, id)
			}
			if !isGiven {
				for initial, entry := range initials {
					if v := e[initial]; v != nil {
						entered = Block{entry: v}
					}
				}
			}
			entered["type"] = e["type"]
			state[id] = Block{str(e["action_id"]): entered}
		}
	}
	for id := range values {
		if state[id] == nil {
			return Invocation{}, fmt.Errorf("submit: the modal has no input %s", id)
		}
	}
	i := &Invocation{Type: "interactive", Kind: "view_submission", User: user, TriggerID: s.newTrigger(user, v), view: v}
	payload := s.interaction("view_submission", s.users[user])
	payload["trigger_id"], payload["view"], payload["response_urls"] = i.TriggerID, s.viewJSON(v, state), []any{}
	return s.invoke(i, payload), nil
}

// CloseView lets a person close the modal before them; the app hears of it only with notify_on_close.
func (s *Server) CloseView(user string) (Invocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	stack := s.modals[user]
	if len(stack) == 0 {
		return Invocation{}, fmt.Errorf("close: %s has no modal open", user)
	}
	v := stack[len(stack)-1]
	s.pop(user)
	if v.Raw["notify_on_close"] != true {
		return Invocation{State: Acked, Kind: "view_closed", User: user}, nil
	}
	i := &Invocation{Type: "interactive", Kind: "view_closed", User: user, view: v}
	payload := s.interaction("view_closed", s.users[user])
	payload["view"], payload["is_cleared"] = s.viewJSON(v, nil), false
	return s.invoke(i, payload), nil
}
