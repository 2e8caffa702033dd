package slackfake

import (
	"encoding/json"
	"slices"
	"time"
)

// event is one thing of the Events API that has to reach the app, until it is acked or given up.
type event struct {
	id      string
	inner   string // type of the inner event
	payload json.RawMessage
	made    int // attempts made
	born    time.Time
	due     time.Time // when to try again
	waiting bool      // no socket was open: goes out when one opens
	reason  string    // why the last attempt failed, once that is known
	last    *Delivery
}

// Invocation states.
const (
	Waiting    = "waiting"            // sent, not acked
	Acked      = "acked"              // acked in time
	TimedOut   = "operation_timeout"  // the person was told that the app did not answer
	Undelivery = "dispatch_failed"    // the app could not be reached
	HTTPError  = "http_service_error" // the app answered with an error status
)

// Invocation is a command, click, shortcut or submission by a person. Slack never repeats one.
type Invocation struct {
	ID          string // envelope_id
	Type        string // slash_commands or interactive
	Kind        string // command, block_actions, message_action, shortcut, view_submission, view_closed
	User        string
	Channel     string
	TriggerID   string
	ResponseURL string
	Payload     json.RawMessage // as delivered
	State       string
	Answer      any // payload of the ack, or body of the HTTP answer, decoded
	deadline    time.Time
	view        *View
	last        *Delivery
}

// subscription maps an inner event to its name in the manifest.
func subscription(inner Block, c *Channel) string {
	name := str(inner["type"])
	if name == "message" && c != nil {
		return map[string]string{"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}[c.kind()]
	}
	return name
}

// emit sends an inner event to the app if it is subscribed to it and may see it. The lock must be held.
func (s *Server) emit(inner Block, c *Channel) *event {
	if s.opts.Events != nil && !slices.Contains(s.opts.Events, subscription(inner, c)) {
		return nil
	}
	if str(inner["type"]) == "message" && c != nil {
		if !c.has(s.app.UserID) || s.needsFor(c, "history") != nil {
			return nil
		}
	}
	ev := s.newEvent(str(inner["type"]), s.callback(inner, c))
	s.deliver(ev)
	return ev
}

// callback wraps an inner event. https://docs.slack.dev/apis/events-api#callback-field
func (s *Server) callback(inner Block, c *Channel) Block {
	shared := c != nil && c.ExtShared
	id := s.id("Ev", 10)
	return Block{
		"token": "verification-token-not-used", "type": "event_callback",
		"team_id": s.team.ID, "enterprise_id": optional(s.team.EnterpriseID),
		"context_team_id": s.team.ID, "context_enterprise_id": optional(s.team.EnterpriseID),
		"api_app_id": s.app.ID, "event": inner, "event_id": id, "event_time": s.now().Unix(),
		"authorizations": []any{Block{"enterprise_id": optional(s.team.EnterpriseID), "team_id": s.team.ID, "user_id": s.app.UserID,
			"is_bot": true, "is_enterprise_install": false}},
		"is_ext_shared_channel": shared,
		"event_context":         "4-" + id,
	}
}

func (s *Server) newEvent(inner string, outer Block) *event {
	return &event{id: str(outer["event_id"]), inner: inner, payload: mustJSON(outer), born: s.now()}
}

// deliver starts an event on its way.
func (s *Server) deliver(ev *event) {
	s.pending = append(s.pending, ev)
	s.attempt(ev)
	s.touch()
}

// attempt makes the next try to bring the event to the app.
func (s *Server) attempt(ev *event) {
	now := s.now()
	attempt := ev.made
	ev.made++
	ev.due = now.Add(retryAfter[min(attempt, len(retryAfter)-1)])
	d := &Delivery{EventID: ev.id, Type: "events_api", Event: ev.inner, Attempt: attempt, At: now}
	if attempt > 0 {
		d.Reason = ev.reason
		if d.Reason == "" {
			d.Reason = "timeout"
		}
	}
	if s.httpMode != nil {
		d.Reason = ev.reason
		s.deliveries = append(s.deliveries, d)
		ev.last = d
		ev.due = time.Time{} // set when the answer is there
		s.postEvent(ev, d)
		return
	}
	c := s.choose()
	if c == nil {
		// Nobody there: the first attempt has failed, the event comes as a retry when a socket opens.
		ev.waiting = true
		return
	}
	ev.waiting = false
	d.EnvelopeID, d.Conn = s.uuid("envelope"), c.number
	s.deliveries = append(s.deliveries, d)
	ev.last = d
	s.envelopes[d.EnvelopeID] = ev
	c.push(mustJSON(Block{"envelope_id": d.EnvelopeID, "type": "events_api", "accepts_response_payload": false, "payload": ev.payload,
		"retry_attempt": attempt, "retry_reason": d.Reason}))
}

// settle ends an event that was acked.
func (s *Server) settle(ev *event) {
	if ev.last != nil {
		ev.last.Acked = true
	}
	s.forget(ev)
}

// forget gives an event up, or is done with it.
func (s *Server) forget(ev *event) {
	s.pending = slices.DeleteFunc(s.pending, func(o *event) bool { return o == ev })
	s.touch()
}

// tickDeliveries retries what is due, gives up what is too old, and tells people about commands that nobody answered.
func (s *Server) tickDeliveries(now time.Time) {
	for _, ev := range slices.Clone(s.pending) {
		switch {
		case ev.waiting:
			if now.Sub(ev.born) > EventLife {
				s.forget(ev)
			}
		case ev.due.IsZero() || now.Before(ev.due):
		case ev.made > len(retryAfter):
			s.forget(ev)
		default:
			s.attempt(ev)
			s.touch()
		}
	}
	for _, i := range s.invocations {
		if i.State == Waiting && !now.Before(i.deadline) {
			i.State = TimedOut
			s.touch()
		}
	}
}

// flush sends what waited for a socket.
func (s *Server) flush() {
	now := s.now()
	for _, ev := range slices.Clone(s.pending) {
		if !ev.waiting {
			continue
		}
		if now.Sub(ev.born) > EventLife {
			s.forget(ev)
			continue
		}
		s.attempt(ev)
	}
}

// Redeliver sends every event that is not acked again at once, whatever the clock says, and tells how many these were.
func (s *Server) Redeliver() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, ev := range slices.Clone(s.pending) {
		if !ev.waiting && !ev.due.IsZero() { // without a time it is on its way over HTTP
			s.attempt(ev)
			n++
		}
	}
	s.touch()
	return n
}

// DuplicateLast delivers the latest message event n more times, each under an event_id of its own.
func (s *Server) DuplicateLast(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lastMessage == nil {
		return
	}
	for range n {
		s.again(s.lastMessage)
	}
}

// again delivers an event once more under a new event_id.
func (s *Server) again(ev *event) {
	var outer Block
	if json.Unmarshal(ev.payload, &outer) != nil {
		return // unreachable: the fake's own events are JSON
	}
	outer["event_id"] = s.id("Ev", 10)
	s.deliver(s.newEvent(ev.inner, outer))
}

// DeliverEvent delivers an inner event of any type inside a proper event_callback, without regard to subscriptions.
func (s *Server) DeliverEvent(inner Block) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliver(s.newEvent(str(inner["type"]), s.callback(inner, s.channels[str(inner["channel"])])))
}

// DeliverRaw delivers a payload as it is, in an events_api envelope or as the body of a signed HTTP request: malformed events, outer events
// such as app_rate_limited. Over Socket Mode it has to be valid JSON; see DeliverFrame for what is not.
func (s *Server) DeliverRaw(payload string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ev := &event{payload: json.RawMessage(payload), born: s.now()}
	var outer struct {
		ID    string `json:"event_id"`
		Event struct {
			Type string `json:"type"`
		} `json:"event"`
	}
	if json.Unmarshal(ev.payload, &outer) == nil {
		ev.id, ev.inner = outer.ID, outer.Event.Type
	}
	if !json.Valid(ev.payload) && s.httpMode == nil {
		ev.payload = mustJSON(payload)
	}
	s.deliver(ev)
}

// invoke sends a command or interaction and returns its record. The lock must be held.
func (s *Server) invoke(i *Invocation, payload Block) Invocation {
	now := s.now()
	i.ID = s.uuid("envelope")
	i.Payload = mustJSON(payload)
	i.State = Waiting
	i.deadline = now.Add(AckTimeout)
	s.invocations = append(s.invocations, i)
	d := &Delivery{EnvelopeID: i.ID, Type: i.Type, At: now}
	i.last = d
	defer s.touch()
	if s.httpMode != nil {
		s.deliveries = append(s.deliveries, d)
		s.postInvocation(i, payload, d)
		return *i
	}
	c := s.choose()
	if c == nil {
		i.State = Undelivery
		return *i
	}
	d.Conn = c.number
	s.deliveries = append(s.deliveries, d)
	s.envelopes[i.ID] = i
	c.push(mustJSON(Block{"envelope_id": i.ID, "type": i.Type, "accepts_response_payload": i.Type == "slash_commands" || i.Kind == "view_submission",
		"payload": json.RawMessage(i.Payload)}))
	return *i
}

// answered applies what the app answered to a command or interaction.
func (s *Server) answered(i *Invocation, answer any) {
	i.Answer = answer
	i.last.Acked = true
	if i.State != Waiting {
		return // too late: the person has been told
	}
	i.State = Acked
	switch i.Kind {
	case "command":
		s.commandAnswer(i, answer)
	case "view_submission":
		s.submissionAnswer(i, object(answer))
	}
	s.touch()
}
