package slackfake

import (
	"fmt"
	"slices"
	"time"
)

// trigger is a trigger_id: good for one view, for three seconds.
type trigger struct {
	user string
	born time.Time
	used bool
	view *View // the modal in which it arose
}

func (s *Server) newTrigger(user string, v *View) string {
	id := fmt.Sprintf("%d.%d.%032x", 1000+s.count("trigger"), 2000, s.counters["trigger"])
	s.triggers[id] = &trigger{user: user, born: s.now(), view: v}
	return id
}

// exchange uses up a trigger_id. The errors are those of https://docs.slack.dev/reference/methods/views.open#errors; the page on user interaction
// calls two of them trigger_expired and trigger_exchanged.
func (s *Server) exchange(id string) (*trigger, reply) {
	t := s.triggers[id]
	switch {
	case id == "":
		return nil, missing("trigger_id")
	case t == nil:
		return nil, fail("invalid_trigger_id")
	case t.used:
		return nil, fail("exchanged_trigger_id")
	case s.now().Sub(t.born) >= TriggerTimeout:
		return nil, fail("expired_trigger_id")
	}
	t.used = true
	return t, nil
}

// viewArg reads and checks the view argument.
func (s *Server) viewArg(q *request, kind string) (Block, reply) {
	v, isJSON := q.decoded("view")
	o := object(v)
	if !isJSON || o == nil {
		return nil, missing("view")
	}
	o = deepCopy(o)
	if problem := s.checkView(o, kind); problem != nil {
		return nil, problem
	}
	return o, nil
}

// fill takes a checked view into the state of one.
func (s *Server) fill(v *View, raw Block) {
	v.Type, v.CallbackID, v.ExternalID, v.Metadata = str(raw["type"]), str(raw["callback_id"]), str(raw["external_id"]), str(raw["private_metadata"])
	v.Title, v.Blocks, v.Raw, v.Errors = text(raw["title"]), objects(raw["blocks"]), raw, nil
	v.Hash = fmt.Sprintf("%d.%08x", s.now().Unix(), s.count("hash"))
	s.touch()
}

func (s *Server) newView(user string, raw Block) *View {
	v := &View{ID: s.id("V", 8), User: user}
	s.fill(v, raw)
	s.views[v.ID] = v
	return v
}

// viewJSON: https://docs.slack.dev/reference/objects/view-object
func (s *Server) viewJSON(v *View, state Block) Block {
	if state == nil {
		state = Block{}
	}
	out := Block{"id": v.ID, "team_id": s.team.ID, "type": v.Type, "blocks": anys(v.Blocks), "private_metadata": v.Metadata, "callback_id": v.CallbackID,
		"state": Block{"values": state}, "hash": v.Hash, "title": v.Raw["title"], "close": v.Raw["close"], "submit": v.Raw["submit"],
		"clear_on_close": v.Raw["clear_on_close"] == true, "notify_on_close": v.Raw["notify_on_close"] == true, "previous_view_id": optional(v.PreviousID),
		"root_view_id": v.RootID, "app_id": s.app.ID, "external_id": v.ExternalID, "app_installed_team_id": s.team.ID, "bot_id": s.app.BotID}
	if v.Type == "home" && out["title"] == nil {
		out["title"] = Block{"type": "plain_text", "text": "View Title", "emoji": true}
	}
	return out
}

func (s *Server) takenExternalID(raw Block, except *View) bool {
	id := str(raw["external_id"])
	if id == "" {
		return false
	}
	for _, v := range s.views {
		if v.ExternalID == id && v != except {
			return true
		}
	}
	return false
}

// viewsOpen: https://docs.slack.dev/reference/methods/views.open
func (s *Server) viewsOpen(q *request) reply {
	raw, problem := s.viewArg(q, "modal")
	if problem != nil {
		return problem
	}
	if s.takenExternalID(raw, nil) {
		return fail("duplicate_external_id")
	}
	t, problem := s.exchange(q.str("trigger_id"))
	if problem != nil {
		return problem
	}
	v := s.newView(t.user, raw)
	v.RootID = v.ID
	s.closeModals(t.user)
	s.modals[t.user] = []*View{v}
	return ok(Block{"view": s.viewJSON(v, nil)})
}

// viewsPush: https://docs.slack.dev/reference/methods/views.push
func (s *Server) viewsPush(q *request) reply {
	raw, problem := s.viewArg(q, "modal")
	if problem != nil {
		return problem
	}
	if s.takenExternalID(raw, nil) {
		return fail("duplicate_external_id")
	}
	t, problem := s.exchange(q.str("trigger_id"))
	if problem != nil {
		return problem
	}
	v, problem := s.push(t.user, raw)
	if problem != nil {
		return problem
	}
	return ok(Block{"view": s.viewJSON(v, nil)})
}

func (s *Server) push(user string, raw Block) (*View, reply) {
	stack := s.modals[user]
	switch {
	case len(stack) == 0:
		return nil, fail("not_found")
	case len(stack) >= MaxViewStack:
		return nil, fail("push_limit_reached")
	}
	v := s.newView(user, raw)
	v.RootID, v.PreviousID = stack[0].ID, stack[len(stack)-1].ID
	s.modals[user] = append(slices.Clone(stack), v)
	return v, nil
}

// viewFor finds the view that a views.update names.
func (s *Server) viewFor(q *request) *View {
	if id := q.str("view_id"); id != "" {
		return s.views[id]
	}
	if id := q.str("external_id"); id != "" {
		for _, v := range s.views {
			if v.ExternalID == id {
				return v
			}
		}
	}
	return nil
}

// viewsUpdate: https://docs.slack.dev/reference/methods/views.update
func (s *Server) viewsUpdate(q *request) reply {
	v := s.viewFor(q)
	if v == nil {
		return fail("not_found")
	}
	raw, problem := s.viewArg(q, v.Type)
	if problem != nil {
		return problem
	}
	switch {
	case q.str("hash") != "" && q.str("hash") != v.Hash:
		return fail("hash_conflict")
	case s.takenExternalID(raw, v):
		return fail("duplicate_external_id")
	}
	s.fill(v, raw)
	return ok(Block{"view": s.viewJSON(v, nil)})
}

// viewsPublish: https://docs.slack.dev/reference/methods/views.publish
func (s *Server) viewsPublish(q *request) reply {
	user := s.users[q.str("user_id")]
	switch {
	case s.opts.NoHomeTab:
		return fail("not_enabled")
	case q.str("user_id") == "":
		return missing("user_id")
	case user == nil || user.Deleted:
		return reply{"ok": false, "error": "invalid_arguments", "response_metadata": Block{"messages": []string{"invalid `user_id`"}}}
	}
	raw, problem := s.viewArg(q, "home")
	if problem != nil {
		return problem
	}
	v := s.homes[user.ID]
	if v == nil {
		v = &View{ID: s.id("V", 8), User: user.ID}
		v.RootID = v.ID
	} else if q.str("hash") != "" && q.str("hash") != v.Hash {
		return fail("hash_conflict")
	}
	if s.takenExternalID(raw, v) {
		return fail("duplicate_external_id")
	}
	s.homes[user.ID], s.views[v.ID] = v, v
	s.fill(v, raw)
	return ok(Block{"view": s.viewJSON(v, nil)})
}

func (s *Server) closeModals(user string) {
	for _, v := range s.modals[user] {
		delete(s.views, v.ID)
	}
	delete(s.modals, user)
	s.touch()
}

// pop closes the person's topmost modal.
func (s *Server) pop(user string) {
	stack := s.modals[user]
	if len(stack) == 0 {
		return
	}
	delete(s.views, stack[len(stack)-1].ID)
	if stack = stack[:len(stack)-1]; len(stack) == 0 {
		delete(s.modals, user)
	} else {
		s.modals[user] = stack
	}
	s.touch()
}

// submissionAnswer applies a response_action. https://docs.slack.dev/surfaces/modals#response_actions
func (s *Server) submissionAnswer(i *Invocation, answer Block) {
	v := i.view
	switch str(answer["response_action"]) {
	case "":
		s.pop(i.User)
	case "clear":
		s.closeModals(i.User)
	case "errors":
		v.Errors = map[string]string{}
		for block, message := range object(answer["errors"]) {
			if !slices.ContainsFunc(v.Blocks, func(b Block) bool { return b["type"] == "input" && b["block_id"] == block }) {
				i.State = "trouble_connecting" // a key that is no input block: the person sees a general error
				return
			}
			v.Errors[block] = str(message)
		}
		s.touch()
	case "update", "push":
		raw := deepCopy(object(answer["view"]))
		if s.checkView(raw, "modal") != nil {
			i.State = "trouble_connecting"
			return
		}
		if answer["response_action"] == "update" {
			s.fill(v, raw)
		} else if _, problem := s.push(i.User, raw); problem != nil {
			i.State = "trouble_connecting"
		}
	default:
		i.State = "trouble_connecting"
	}
}
