package slackfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// conn is one open socket. https://docs.slack.dev/apis/events-api/using-socket-mode
type conn struct {
	number int
	ws     *websocket.Conn
	wake   chan struct{}
	queue  [][]byte // guarded by Server.mu
	ending bool     // close once the queue is written; guarded by Server.mu
}

// push queues a frame. The lock must be held.
func (c *conn) push(frame []byte) {
	c.queue = append(c.queue, frame)
	c.nudge()
}

func (c *conn) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// choose picks a socket for a payload, nil when none is open.
func (s *Server) choose() *conn {
	open := make([]*conn, 0, len(s.conns))
	for _, c := range s.conns {
		if !c.ending {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return open[s.opts.Pick(len(open))]
}

// appsConnectionsOpen hands out a ticket for one connection. https://docs.slack.dev/reference/methods/apps.connections.open
func (s *Server) appsConnectionsOpen(*request) reply {
	ticket := s.uuid("ticket")
	s.tickets[ticket] = true
	return ok(Block{"url": "ws" + strings.TrimPrefix(s.base, "http") + "/link/?ticket=" + ticket + "&app_id=" + s.app.ID})
}

// serveSocket is the WebSocket endpoint.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	q := &request{method: "socket", args: Block{"debug_reconnects": r.URL.Query().Get("debug_reconnects")}}
	c := s.record(q, nil)
	if fault, alive := s.fault(r.Context(), "socket"); !alive || fault.drops(false) {
		s.finish(c, 0, "dropped")
		panic(http.ErrAbortHandler)
	} else if fault != nil {
		fault.write(w)
		s.finish(c, fault.status(), fault.Error)
		return
	}
	ticket := r.URL.Query().Get("ticket")
	s.mu.Lock()
	known := s.tickets[ticket]
	delete(s.tickets, ticket)
	s.mu.Unlock()
	if !known {
		s.finish(c, http.StatusNotFound, "unknown ticket")
		http.Error(w, "unknown or used ticket", http.StatusNotFound)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		s.finish(c, http.StatusBadRequest, "no websocket")
		return
	}
	defer ws.Close()
	s.finish(c, http.StatusSwitchingProtocols, "")
	s.talk(ws)
}

// talk runs a connection until it ends.
func (s *Server) talk(ws *websocket.Conn) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	c := &conn{number: s.count("conn"), ws: ws, wake: make(chan struct{}, 1)}
	s.conns = append(s.conns, c)
	if len(s.conns) > s.opts.MaxConnections {
		s.disconnect(c, "too_many_websockets")
	} else {
		c.push(mustJSON(Block{"type": "hello", "num_connections": len(s.conns), "connection_info": Block{"app_id": s.app.ID},
			"debug_info": Block{"host": "applink-fake", "build_number": 1, "approximate_connection_time": 18060}}))
		s.flush()
	}
	s.touch()
	s.mu.Unlock()

	done := make(chan struct{})
	s.wg.Go(func() { s.write(c, done) })
	s.read(c)
	close(done)

	s.mu.Lock()
	s.conns = slices.DeleteFunc(s.conns, func(o *conn) bool { return o == c })
	s.touch()
	s.mu.Unlock()
}

// write sends queued frames and pings; it is the only writer of data frames.
func (s *Server) write(c *conn, done chan struct{}) {
	ping := time.NewTicker(s.opts.PingInterval)
	defer ping.Stop()
	pings := 0
	beat := func() {
		pings++
		_ = c.ws.WriteControl(websocket.PingMessage, fmt.Appendf(nil, "Ping from applink-fake-%d", pings), time.Now().Add(time.Second))
	}
	beat() // the client counts from the start
	for {
		s.mu.Lock()
		frames := c.queue
		c.queue = nil
		ending := c.ending
		s.mu.Unlock()
		for _, f := range frames {
			_ = c.ws.SetWriteDeadline(time.Now().Add(5 * time.Second))
			if c.ws.WriteMessage(websocket.TextMessage, f) != nil {
				c.ws.Close()
				return
			}
		}
		if ending {
			_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
			c.ws.Close()
			return
		}
		select {
		case <-done:
			return
		case <-s.ctx.Done():
			return
		case <-c.wake:
		case <-ping.C:
			beat()
		}
	}
}

// read takes acks until the connection ends. A client that answers no ping for four intervals (at least 10 s) is gone.
func (s *Server) read(c *conn) {
	alive := func(string) error {
		return c.ws.SetReadDeadline(time.Now().Add(max(4*s.opts.PingInterval, 10*time.Second)))
	}
	_ = alive("")
	c.ws.SetPongHandler(alive)
	for {
		_, r, err := c.ws.NextReader()
		if err != nil {
			return
		}
		frame, err := io.ReadAll(r)
		if err != nil {
			return
		}
		_ = alive("")
		s.ack(frame)
	}
}

// ack takes {"envelope_id":…,"payload":…}.
func (s *Server) ack(frame []byte) {
	var in struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	a := Ack{At: now, TooLarge: len(frame) >= MaxAckSize}
	if json.Unmarshal(frame, &in) == nil {
		a.EnvelopeID = in.EnvelopeID
		if len(in.Payload) > 0 {
			_ = json.Unmarshal(in.Payload, &a.Payload)
		}
	}
	sent := &Sent{Method: "ack", Body: frame, Text: strings.Join(leaves(nil, a.Payload), "\n")}
	switch to := s.envelopes[a.EnvelopeID].(type) {
	case *event:
		a.Type = "events_api"
		a.Late = to.last == nil || to.last.Acked || now.Sub(to.last.At) >= AckTimeout
		if !a.TooLarge {
			s.settle(to)
		}
	case *Invocation:
		a.Type = to.Type
		a.Late = to.State != Waiting || !now.Before(to.deadline)
		sent.User, sent.Channel = to.User, ""
		if !a.TooLarge {
			s.tickDeliveries(now)
			s.answered(to, a.Payload)
		}
	}
	s.acks = append(s.acks, a)
	s.sent = append(s.sent, sent)
	s.touch()
}

// disconnect tells a socket to go. Unless it is only a warning, the fake closes it. The lock must be held.
func (s *Server) disconnect(c *conn, reason string) {
	c.push(mustJSON(Block{"type": "disconnect", "reason": reason, "debug_info": Block{"host": "applink-fake"}}))
	if reason != "warning" {
		c.ending = true
	}
}

// Disconnect sends a disconnect frame to every socket: "warning" (the socket stays open, as for Slack's last ten seconds),
// "refresh_requested" or "link_disabled" (the fake closes it). It tells how many sockets there were.
func (s *Server) Disconnect(reason string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		s.disconnect(c, reason)
	}
	return len(s.conns)
}

// DropConnections cuts every socket without a word, as a broken network does.
func (s *Server) DropConnections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.ending = true // nothing more is sent here while the reader notices
		c.ws.Close()
	}
	return len(s.conns)
}

// DeliverFrame writes a raw WebSocket text frame to one socket, valid or not. False: no socket is open.
func (s *Server) DeliverFrame(frame string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.choose()
	if c == nil {
		return false
	}
	c.push([]byte(frame))
	return true
}
