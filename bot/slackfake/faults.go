package slackfake

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Fault is something that goes wrong with the next calls of a method. The zero value answers 500.
type Fault struct {
	Method string // Web API method, or "response_url", "file", "socket"; "" is any of them
	N      int    // how many calls it spoils; negative: all, until Heal
	// Error is answered with 200 and ok:false, as Slack does, unless Status says otherwise.
	Error      string
	Status     int
	RetryAfter time.Duration // sent with 429, which it implies when there is no Status
	Body       string        // sent as it is, instead of JSON
	// Drop closes the connection without an answer.
	Drop bool
	// AfterStore lets the call do its work first: with Drop, the message is there but the app never hears of it.
	AfterStore bool
}

func (f *Fault) drops(after bool) bool { return f != nil && f.Drop && f.AfterStore == after }

func (f *Fault) status() int {
	switch {
	case f.Status != 0:
		return f.Status
	case f.RetryAfter > 0:
		return http.StatusTooManyRequests
	case f.Error != "":
		return http.StatusOK
	}
	return http.StatusInternalServerError
}

func (f *Fault) write(w http.ResponseWriter) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(seconds(f.RetryAfter)))
	}
	body := []byte(f.Body)
	switch {
	case f.Body != "":
	case f.Error != "":
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		body = mustJSON(fail(f.Error))
	case f.status() == http.StatusTooManyRequests:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		body = mustJSON(fail("ratelimited"))
	default:
		// Slack's 5xx come with a page, not with JSON.
		w.Header().Set("Content-Type", "text/html")
		body = []byte("<html><body>Server Error</body></html>")
	}
	w.WriteHeader(f.status())
	_, _ = w.Write(body)
}

// Fail spoils the next n calls of a method (negative: all, until Heal). Faults of a method are used up in the order in which they were set.
func (s *Server) Fail(method string, n int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Method, f.N = method, n
	s.faults = append(s.faults, &f)
}

// DropAnswer lets the next n calls of a method do their work and then closes the connection instead of answering.
func (s *Server) DropAnswer(method string, n int) {
	s.Fail(method, n, Fault{Drop: true, AfterStore: true})
}

// Heal takes back all faults of a method; "" takes back all faults.
func (s *Server) Heal(method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.faults[:0]
	for _, f := range s.faults {
		if method != "" && f.Method != method {
			kept = append(kept, f)
		}
	}
	s.faults = kept
	if method == "" {
		s.duplicate = 0
	}
}

// Hang keeps every call of a method waiting, before it does anything, until release is called, the caller gives up, or the fake closes.
func (s *Server) Hang(method string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := make(chan struct{})
	s.hangs[method] = gate
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.hangs[method] == gate {
			delete(s.hangs, method)
			close(gate)
		}
	}
}

// DuplicateDeliveries makes each of the next n message events arrive twice, under two event_ids, as has been seen with Slack
// (https://github.com/slackapi/node-slack-sdk/issues/2141).
func (s *Server) DuplicateDeliveries(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.duplicate += n
}

// fault waits while the method hangs and takes the next fault that is meant for it. Not alive: the caller has gone.
func (s *Server) fault(ctx context.Context, method string) (f *Fault, alive bool) {
	s.mu.Lock()
	gate := s.hangs[method]
	s.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Method != "" && f.Method != method {
			continue
		}
		if f.N > 0 {
			if f.N--; f.N == 0 {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			}
		} else if f.N == 0 {
			continue
		}
		copied := *f
		return &copied, true
	}
	return nil, true
}
