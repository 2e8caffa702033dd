package slackfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// hook is a response_url: five posts within half an hour, for whoever holds it, whether or not the bot is in the channel.
// https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
type hook struct {
	user     string
	channel  string
	original *Message // the message that a button sits on; nil after a command
	born     time.Time
	uses     int
}

func (s *Server) newHook(user, channel string, original *Message) string {
	id := fmt.Sprintf("%s-%d-%016x", s.team.ID, s.count("hook"), s.counters["hook"]*7919)
	s.hooks[id] = &hook{user: user, channel: channel, original: original, born: s.now()}
	return s.base + "/hooks/" + id
}

// serveHook is the response_url endpoint. Slack answers a good post with the text "ok".
func (s *Server) serveHook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "request_timeout", http.StatusRequestEntityTooLarge)
		return
	}
	args := Block{}
	bad := json.Unmarshal(body, &args) != nil
	q := &request{method: "response_url", args: args}
	c := s.record(q, body)
	fault, alive := s.fault(r.Context(), "response_url")
	if !alive || fault.drops(false) {
		s.finish(c, 0, "dropped")
		panic(http.ErrAbortHandler)
	}
	if fault != nil && !fault.AfterStore {
		fault.write(w)
		s.finish(c, fault.status(), fault.Error)
		return
	}
	s.mu.Lock()
	s.tick()
	q.now = s.now()
	status, problem := http.StatusOK, reply(nil)
	h := s.hooks[r.PathValue("id")]
	switch {
	case h == nil:
		status, problem = http.StatusNotFound, fail("no_service")
	case q.now.Sub(h.born) >= HookTimeout:
		status, problem = http.StatusNotFound, fail("expired_url")
	case h.uses >= HookUses:
		status, problem = http.StatusNotFound, fail("used_url")
	case bad:
		status, problem = http.StatusBadRequest, fail("invalid_payload")
	default:
		h.uses++
		if q.str("response_type") == "in_channel" {
			c.sent.Channel = h.channel
		} else {
			c.sent.User = h.user
		}
		if problem = s.respond(q, h); problem != nil {
			status = http.StatusBadRequest
		}
	}
	s.touch()
	s.mu.Unlock()
	if fault.drops(true) {
		s.finish(c, 0, "dropped")
		panic(http.ErrAbortHandler)
	}
	s.finish(c, status, str(problem["error"]))
	if problem != nil {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write(mustJSON(problem))
		return
	}
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("ok"))
}

// respond does what a post to a response_url asks for.
func (s *Server) respond(q *request, h *hook) reply {
	// Clients send empty metadata, null blocks and an empty text along; they count as left out.
	for _, k := range []string{"metadata", "blocks", "attachments", "text"} {
		v := q.args[k]
		if v == nil || v == "" || (k == "metadata" && str(object(v)["event_type"]) == "") {
			delete(q.args, k)
		}
	}
	if q.bool("delete_original") {
		if h.original != nil {
			s.dropOriginal(h.original)
		}
		if q.str("text") == "" && !q.has("blocks") && !q.has("attachments") {
			return nil
		}
		delete(q.args, "replace_original") // what comes along is a new message
	}
	m := s.own(h.channel)
	if problem, _ := s.content(q, m, false); problem != nil {
		return problem
	}
	if m.Text == "" && len(m.Blocks) == 0 && len(m.Attachments) == 0 {
		return fail("no_text")
	}
	if q.bool("replace_original") && h.original != nil {
		previous := h.original.clone()
		h.original.Text, h.original.Blocks, h.original.Attachments = m.Text, m.Blocks, m.Attachments
		h.original.Updates++
		if h.original.To == "" {
			s.announceChange(h.original, previous)
		}
		s.touch()
		return nil
	}
	if strings.EqualFold(q.str("response_type"), "in_channel") {
		if problem := s.threaded(q, m); problem != nil {
			return problem
		}
		s.postOwn(m)
		return nil
	}
	m.ThreadTS = q.str("thread_ts")
	s.showEphemeral(m, h.user)
	return nil
}

func (s *Server) dropOriginal(m *Message) {
	if m.To == "" {
		s.deleteMessage(m)
		return
	}
	for i, e := range s.ephemerals {
		if e == m {
			s.ephemerals = append(s.ephemerals[:i:i], s.ephemerals[i+1:]...)
			break
		}
	}
	s.touch()
}

// commandAnswer shows what the app put into its ack, or its HTTP answer, to a command.
func (s *Server) commandAnswer(i *Invocation, answer any) {
	if t, isText := answer.(string); isText {
		answer = Block{"text": t}
	}
	o := object(answer)
	if len(o) == 0 {
		return
	}
	q := &request{args: deepCopy(o), now: s.now()}
	m := s.own(i.Channel)
	if problem, _ := s.content(q, m, false); problem != nil || (m.Text == "" && len(m.Blocks) == 0) {
		i.State = "invalid_answer"
		return
	}
	if q.str("response_type") == "in_channel" {
		s.postOwn(m)
		return
	}
	s.showEphemeral(m, i.User)
}
