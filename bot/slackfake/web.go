package slackfake

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is more than any valid request needs.
const maxBody = 4 << 20

// reply is the JSON object that a method answers with.
type reply = Block

// method is one Web API method.
type method struct {
	call func(*Server, *request) reply
	tier int
	// scopes, any of which is enough; nil needs none. Methods whose scope depends on the kind of channel check it themselves.
	scopes []string
	app    bool // takes the app-level token instead of the bot's
}

// request is a decoded call of a method.
type request struct {
	method string
	args   Block
	token  string
	now    time.Time
}

func (q *request) has(name string) bool { _, ok := q.args[name]; return ok }

func (q *request) str(name string) string {
	switch v := q.args[name].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (q *request) bool(name string) bool {
	v := q.str(name)
	return v == "true" || v == "1"
}

func (q *request) int(name string, otherwise int) int {
	n, err := strconv.Atoi(q.str(name))
	if err != nil {
		return otherwise
	}
	return n
}

// decoded gives an argument that holds JSON, whether it came as a string in a form or as part of a JSON body.
func (q *request) decoded(name string) (any, bool) {
	switch v := q.args[name].(type) {
	case string:
		var out any
		if err := json.Unmarshal([]byte(v), &out); err != nil {
			return nil, false
		}
		return out, true
	default:
		return v, true
	}
}

func ok(fields Block) reply {
	if fields == nil {
		fields = Block{}
	}
	fields["ok"] = true
	return fields
}

func fail(err string) reply { return reply{"ok": false, "error": err} }

// failWith adds what Slack says about the arguments, as in response_metadata.messages of invalid_blocks.
func failWith(err string, messages ...string) reply {
	marked := make([]string, len(messages))
	for i, m := range messages {
		marked[i] = "[ERROR] " + m
	}
	return reply{"ok": false, "error": err, "errors": messages, "response_metadata": Block{"messages": marked}}
}

// missing is the answer to a call that lacks a required argument.
func missing(name string) reply {
	return reply{"ok": false, "error": "invalid_arguments", "response_metadata": Block{"messages": []string{"[ERROR] missing required field: " + name}}}
}

// warn adds a warning to an answer. https://docs.slack.dev/apis/web-api/#responses
func warn(r reply, code string) {
	if w := str(r["warning"]); w != "" {
		code = w + "," + code
	}
	r["warning"] = code
	meta := object(r["response_metadata"])
	if meta == nil {
		meta = Block{}
		r["response_metadata"] = meta
	}
	meta["warnings"] = strings.Split(code, ",")
}

// readArgs decodes form, JSON and query arguments. The token of a JSON call has to be in the header.
func readArgs(r *http.Request, body []byte) (args Block, token, warning, problem string) {
	args = Block{}
	for k, v := range r.URL.Query() {
		args[k] = v[0]
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case len(body) == 0:
	case err != nil:
		return args, "", "", "missing_post_type"
	case kind == "application/json":
		var o Block
		if json.Unmarshal(body, &o) != nil {
			return args, "", "", "invalid_json"
		}
		for k, v := range o {
			args[k] = v
		}
		if params["charset"] == "" {
			warning = "missing_charset"
		}
		delete(args, "token")
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return args, "", "", "invalid_form_data"
		}
		for k, v := range form {
			args[k] = v[0]
		}
		if params["charset"] != "" {
			warning = "superfluous_charset"
		}
	case kind == "multipart/form-data" || kind == "text/plain":
		return args, "", "", "invalid_post_type" // Slack takes them; nothing that the fake offers needs them
	default:
		return args, "", "", "invalid_post_type"
	}
	token = str(args["token"])
	delete(args, "token")
	if bearer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found {
		token = bearer
	}
	return args, token, warning, ""
}

// serveAPI answers /api/METHOD. Answers are 200 whatever they say, except 429. https://docs.slack.dev/apis/web-api
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "request_timeout", http.StatusRequestEntityTooLarge)
		return
	}
	args, token, warning, problem := readArgs(r, body)
	q := &request{method: name, args: args, token: token}
	c := s.record(q, body)
	fault, alive := s.fault(r.Context(), name)
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
	var answer reply
	wait := time.Duration(0)
	m, known := methods[name]
	switch {
	case !known:
		answer = reply{"ok": false, "error": "unknown_method", "req_method": name}
	case problem != "":
		answer = fail(problem)
	default:
		if answer = s.authorise(m, q); answer == nil {
			if wait = s.overLimit(m, q, q.now); wait > 0 {
				answer = fail("ratelimited")
			} else {
				answer = m.call(s, q)
			}
		}
	}
	if answer["ok"] == true && warning != "" {
		warn(answer, warning)
	}
	granted, accepted := strings.Join(s.granted(), ","), ""
	if known {
		accepted = strings.Join(m.scopes, ",")
	}
	encoded := mustJSON(answer)
	s.touch()
	s.mu.Unlock()

	if fault.drops(true) {
		s.finish(c, 0, "dropped")
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if token == s.app.BotToken {
		h.Set("X-OAuth-Scopes", granted)
		h.Set("X-Accepted-OAuth-Scopes", accepted)
	}
	status := http.StatusOK
	if fault != nil {
		fault.write(w)
		s.finish(c, fault.status(), fault.Error)
		return
	}
	if wait > 0 {
		status = http.StatusTooManyRequests
		h.Set("Retry-After", strconv.Itoa(seconds(wait)))
	}
	s.finish(c, status, str(answer["error"]))
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}

// authorise checks token and scope; nil lets the call pass.
func (s *Server) authorise(m *method, q *request) reply {
	switch {
	case q.token == "":
		return fail("not_authed")
	case q.token != s.app.BotToken && q.token != s.app.AppToken:
		return fail("invalid_auth")
	case s.tokenError != "":
		return fail(s.tokenError)
	case m.app != (q.token == s.app.AppToken):
		return fail("not_allowed_token_type")
	case m.app || len(m.scopes) == 0:
		return nil
	}
	return s.needs(m.scopes...)
}

// needs answers missing_scope unless one of the scopes is granted.
func (s *Server) needs(anyOf ...string) reply {
	for _, scope := range anyOf {
		if s.scopes[scope] {
			return nil
		}
	}
	return reply{"ok": false, "error": "missing_scope", "needed": strings.Join(anyOf, ","), "provided": strings.Join(s.granted(), ",")}
}

// needsFor asks for the scope that belongs to the channel's kind: channels:, groups:, im: or mpim:.
func (s *Server) needsFor(c *Channel, suffix string) reply {
	prefix := map[string]string{"channel": "channels:", "group": "groups:", "im": "im:", "mpim": "mpim:"}[c.kind()]
	return s.needs(prefix + suffix)
}

func (s *Server) granted() []string {
	out := make([]string, 0, len(s.scopes))
	for scope := range s.scopes {
		out = append(out, scope)
	}
	slices.Sort(out)
	return out
}

// SetScopes grants the bot token exactly these scopes from now on; none at all grants everything that the fake's methods ask for.
func (s *Server) SetScopes(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(scopes) == 0 {
		scopes = []string{"channels:history", "groups:history", "im:history", "mpim:history", "channels:read", "groups:read", "im:read",
			"mpim:read", "im:write", "mpim:write", "app_mentions:read", "commands", "users:read.email"}
		for _, m := range methods {
			scopes = append(scopes, m.scopes...)
		}
	}
	s.scopes = map[string]bool{}
	for _, scope := range scopes {
		if scope != "connections:write" {
			s.scopes[scope] = true
		}
	}
}

// FailTokens makes every call fail with the error from now on, such as token_revoked, account_inactive or invalid_auth; "" heals them.
func (s *Server) FailTokens(err string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokenError = err
	s.touch()
}

// page cuts one page out of n items. The cursor is the index of its first item.
func page(q *request, n, limit, most int) (from, to int, next string, bad bool) {
	limit = min(q.int("limit", limit), most)
	if limit <= 0 {
		limit = most
	}
	if c := q.str("cursor"); c != "" {
		if _, err := fmt.Sscanf(c, "next:%d", &from); err != nil || from > n {
			return 0, 0, "", true
		}
	}
	to = min(n, from+limit)
	if to < n {
		next = fmt.Sprintf("next:%d", to)
	}
	return from, to, next, false
}
