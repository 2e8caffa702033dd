package slackfake

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Call is one request that the app made: a Web API method, or "response_url", "file", "socket".
type Call struct {
	Method string
	Args   Block // decoded; arguments that hold JSON are decoded too; the token is left out
	At     time.Time
	Done   bool   // answered
	Status int    // HTTP status of the answer; 0 when the connection was dropped
	Error  string // Slack's error, empty when it went well

	sent *Sent
}

// Str gives an argument as text.
func (c Call) Str(name string) string { return (&request{args: c.Args}).str(name) }

// Sent is something that left the app, by receiver, for searches after what must not have left it.
type Sent struct {
	Method  string // Web API method, "response_url" or "ack"
	Channel string // channel that can read it
	User    string // person who alone can read it, for ephemeral messages, views and command answers
	Body    []byte // as sent; for a form it holds the token too
	Text    string // every argument name and string value, decoded, a line each, without the token
}

// Ack is an acknowledgement that came over a socket.
type Ack struct {
	EnvelopeID string
	Type       string // events_api, slash_commands, interactive; empty for an unknown envelope
	Payload    any    // decoded, nil when there was none
	At         time.Time
	Late       bool // after the deadline, or a second time
	TooLarge   bool // dropped by Slack without a word
}

// Delivery is one attempt to bring an event, command or interaction to the app.
type Delivery struct {
	EnvelopeID string // Socket Mode
	EventID    string // events
	Type       string // events_api, slash_commands, interactive
	Event      string // inner type of an event, such as message
	Attempt    int    // 0 is the first
	Reason     string // of a retry
	Conn       int    // number of the connection, counted from 1; 0 over HTTP
	At         time.Time
	Acked      bool
	Status     int    // HTTP status, once there is one
	Failed     string // why an attempt over HTTP failed, in the words of x-slack-retry-reason
}

// Snapshot looks at the fake's state at one moment. It is only valid inside the function given to Wait. What it returns is for reading.
type Snapshot struct{ s *Server }

// look runs a function on the state.
func look[T any](s *Server, f func(*Snapshot) T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(&Snapshot{s})
}

// Messages of a channel, oldest first, replies included.
func (s *Server) Messages(channel string) []Message {
	return look(s, func(n *Snapshot) []Message { return n.Messages(channel) })
}

// Thread is the parent and its replies, oldest first.
func (s *Server) Thread(channel, ts string) []Message {
	return look(s, func(n *Snapshot) []Message { return n.Thread(channel, ts) })
}

// Message finds a message, also an ephemeral one.
func (s *Server) Message(channel, ts string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (&Snapshot{s}).Message(channel, ts)
}

// Ephemerals are the messages that only this person was shown, oldest first.
func (s *Server) Ephemerals(user string) []Message {
	return look(s, func(n *Snapshot) []Message { return n.Ephemerals(user) })
}

// Home is the person's Home tab.
func (s *Server) Home(user string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (&Snapshot{s}).Home(user)
}

// Modal is the modal on top of the person's stack.
func (s *Server) Modal(user string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (&Snapshot{s}).Modal(user)
}

// Calls of a method in order; "" gives all.
func (s *Server) Calls(method string) []Call {
	return look(s, func(n *Snapshot) []Call { return n.Calls(method) })
}

// Sent is everything that left the app.
func (s *Server) Sent() []Sent { return look(s, (*Snapshot).Sent) }

// Acks in the order in which they came.
func (s *Server) Acks() []Ack { return look(s, (*Snapshot).Acks) }

// Deliveries are all attempts to reach the app.
func (s *Server) Deliveries() []Delivery { return look(s, (*Snapshot).Deliveries) }

// Invocation is the present state of a command or interaction.
func (s *Server) Invocation(id string) (Invocation, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (&Snapshot{s}).Invocation(id)
}

// Status is the "is thinking…" line of a thread, empty when there is none.
func (s *Server) Status(channel, thread string) string {
	return look(s, func(n *Snapshot) string { return n.Status(channel, thread) })
}

// Connections is the number of open sockets, without those that were told to go.
func (s *Server) Connections() int { return look(s, (*Snapshot).Connections) }

// Connected is how many sockets have been opened so far.
func (s *Server) Connected() int { return look(s, (*Snapshot).Connected) }

// Unacked is the number of deliveries that still wait for an ack, queued events included.
func (s *Server) Unacked() int { return look(s, (*Snapshot).Unacked) }

// Scheduled are the messages that wait for their time.
func (s *Server) Scheduled() []Scheduled { return look(s, (*Snapshot).Scheduled) }

// Reactions of a message by emoji name.
func (s *Server) Reactions(channel, ts string) []Reaction {
	return look(s, func(n *Snapshot) []Reaction {
		m, _ := n.Message(channel, ts)
		return m.Reactions
	})
}

// Messages: see Server.Messages.
func (n *Snapshot) Messages(channel string) []Message { return copies(n.s.messages[channel]) }

// Thread: see Server.Thread.
func (n *Snapshot) Thread(channel, ts string) []Message {
	var out []Message
	if parent := n.s.find(channel, ts); parent != nil {
		out = append(out, *parent.clone())
	}
	return append(out, copies(n.s.replies(channel, ts))...)
}

// Message: see Server.Message.
func (n *Snapshot) Message(channel, ts string) (Message, bool) {
	if m := n.s.find(channel, ts); m != nil {
		return *m.clone(), true
	}
	for _, m := range n.s.ephemerals {
		if m.Channel == channel && m.TS == ts {
			return *m.clone(), true
		}
	}
	return Message{}, false
}

// Ephemerals: see Server.Ephemerals.
func (n *Snapshot) Ephemerals(user string) []Message {
	var out []Message
	for _, m := range n.s.ephemerals {
		if m.To == user {
			out = append(out, *m.clone())
		}
	}
	return out
}

// Home: see Server.Home.
func (n *Snapshot) Home(user string) (View, bool) {
	if v := n.s.homes[user]; v != nil {
		return *v, true
	}
	return View{}, false
}

// Modal: see Server.Modal.
func (n *Snapshot) Modal(user string) (View, bool) {
	if stack := n.s.modals[user]; len(stack) > 0 {
		return *stack[len(stack)-1], true
	}
	return View{}, false
}

// Calls: see Server.Calls.
func (n *Snapshot) Calls(method string) []Call {
	var out []Call
	for _, c := range n.s.calls {
		if method == "" || c.Method == method {
			out = append(out, *c)
		}
	}
	return out
}

// Sent: see Server.Sent.
func (n *Snapshot) Sent() []Sent {
	out := make([]Sent, len(n.s.sent))
	for i, sent := range n.s.sent {
		out[i] = *sent
	}
	return out
}

// Acks: see Server.Acks.
func (n *Snapshot) Acks() []Ack { return slices.Clone(n.s.acks) }

// Deliveries: see Server.Deliveries.
func (n *Snapshot) Deliveries() []Delivery {
	out := make([]Delivery, len(n.s.deliveries))
	for i, d := range n.s.deliveries {
		out[i] = *d
	}
	return out
}

// Invocation: see Server.Invocation.
func (n *Snapshot) Invocation(id string) (Invocation, bool) {
	for _, i := range n.s.invocations {
		if i.ID == id {
			return *i, true
		}
	}
	return Invocation{}, false
}

// Status: see Server.Status.
func (n *Snapshot) Status(channel, thread string) string {
	for _, st := range n.s.statuses {
		if st.Channel == channel && st.Thread == thread {
			return st.Text
		}
	}
	return ""
}

// Connections: see Server.Connections.
func (n *Snapshot) Connections() int {
	open := 0
	for _, c := range n.s.conns {
		if !c.ending {
			open++
		}
	}
	return open
}

// Connected: see Server.Connected.
func (n *Snapshot) Connected() int { return n.s.counters["conn"] }

// Unacked: see Server.Unacked.
func (n *Snapshot) Unacked() int {
	count := len(n.s.pending)
	for _, i := range n.s.invocations {
		if i.State == Waiting {
			count++
		}
	}
	return count
}

// Scheduled: see Server.Scheduled.
func (n *Snapshot) Scheduled() []Scheduled {
	out := make([]Scheduled, len(n.s.scheduled))
	for i, m := range n.s.scheduled {
		out[i] = *m
	}
	return out
}

func copies(in []*Message) []Message {
	out := make([]Message, len(in))
	for i, m := range in {
		out[i] = *m.clone()
	}
	return out
}

// Wait blocks until the condition holds, looking again after every change of state. The condition may only use the Snapshot, never the
// Server, and must not keep it. The error, when ctx ends first, says what the fake had seen by then, in numbers.
func (s *Server) Wait(ctx context.Context, condition func(*Snapshot) bool) error {
	for {
		s.mu.Lock()
		if condition(&Snapshot{s}) {
			s.mu.Unlock()
			return nil
		}
		changed := s.changed
		closed := s.closed
		summary := s.summary()
		s.mu.Unlock()
		if closed {
			return fmt.Errorf("wait for the fake workspace: it was closed (%s)", summary)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the fake workspace (%s): %w", summary, ctx.Err())
		case <-changed:
		}
	}
}

func (s *Server) summary() string {
	messages := 0
	for _, m := range s.messages {
		messages += len(m)
	}
	failed := map[string]int{}
	for _, c := range s.calls {
		if c.Error != "" {
			failed[c.Method+" "+c.Error]++
		}
	}
	var bad []string
	for k, n := range failed {
		bad = append(bad, fmt.Sprintf("%s ×%d", k, n))
	}
	slices.Sort(bad)
	out := fmt.Sprintf("%d sockets, %d messages, %d ephemeral, %d calls, %d deliveries, %d acks", len(s.conns), messages, len(s.ephemerals), len(s.calls), len(s.deliveries), len(s.acks))
	if len(bad) > 0 {
		out += "; failed: " + strings.Join(bad, ", ")
	}
	return out
}

// record notes a call as it comes in.
func (s *Server) record(q *request, body []byte) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	args := make(Block, len(q.args))
	for k, v := range q.args {
		if text, isText := v.(string); isText {
			if inner, isJSON := decodeJSON(text); isJSON {
				v = inner
			}
		}
		args[k] = v
	}
	sent := &Sent{Method: q.method, Channel: q.str("channel"), User: q.str("user_id"), Body: body, Text: strings.Join(leaves(nil, q.args), "\n")}
	switch q.method {
	case "chat.postEphemeral":
		sent.User = q.str("user")
	case "views.open", "views.push":
		if t := s.triggers[q.str("trigger_id")]; t != nil {
			sent.User = t.user
		}
	case "views.update":
		if v := s.viewFor(q); v != nil {
			sent.User = v.User
		}
	case "assistant.threads.setStatus":
		sent.Channel = q.str("channel_id")
	}
	s.sent = append(s.sent, sent)
	c := &Call{Method: q.method, Args: args, At: s.now(), sent: sent}
	s.calls = append(s.calls, c)
	s.touch()
	return c
}

func (s *Server) finish(c *Call, status int, err string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Done, c.Status, c.Error = true, status, err
	s.touch()
}
