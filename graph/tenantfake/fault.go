package tenantfake

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Fault is something that goes wrong at a part of Graph.
type Fault struct {
	// Path is the part that breaks: the begin of the path, "v1.0/users", letter case aside; "" is all of Graph.
	Path string
	// Status, Header and Body are the answer instead of Graph's; ContentType is JSON where it is empty. Status 0 leaves
	// the answer to Graph.
	Status      int
	Header      map[string]string
	Body        string
	ContentType string
	// Hold keeps the answer back until it is closed, or the client gives up.
	Hold <-chan struct{}
	// Reached, if set, is sent to once a request has got here. It needs a buffer, or a reader.
	Reached chan<- struct{}
	// Times is how many requests it happens to; 0 means all.
	Times int
}

// Break adds a fault. The first that fits a request happens.
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Path = strings.ToLower(strings.Trim(f.Path, "/"))
	if f.Times == 0 {
		f.Times = -1
	}
	s.faults = append(s.faults, &f)
}

// Mend takes all faults away.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault returns the fault that happens to a request; nil for none.
func (s *Server) fault(version, rest string) *Fault {
	path := strings.ToLower(version + "/" + rest)
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *Fault) bool { return f.Times != 0 && strings.HasPrefix(path, f.Path) })
	if i < 0 {
		return nil
	}
	s.faults[i].Times--
	f := *s.faults[i]
	return &f
}

// act does what the fault does. done says that the request is answered.
func (f *Fault) act(w http.ResponseWriter, r *http.Request) (done bool) {
	if f.Reached != nil {
		f.Reached <- struct{}{}
	}
	if f.Hold != nil {
		select {
		case <-f.Hold:
		case <-r.Context().Done():
			return true
		}
	}
	if f.Status == 0 {
		return false
	}
	kind := f.ContentType
	if kind == "" {
		kind = "application/json"
	}
	w.Header().Set("Content-Type", kind)
	for k, v := range f.Header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body)
	return true
}

// throttle enforces Microsoft's limits: identity and access reports take 5 requests in any 10 seconds, risk and
// Conditional Access 1 a second and without Retry-After. A refused request counts as well.
//
// https://learn.microsoft.com/graph/throttling-limits
func (s *Server) throttle(class string) *answer {
	limit, window := 5, 10*time.Second
	if class == classRisk {
		limit, window = 1, time.Second
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := slices.DeleteFunc(s.windows[class], func(t time.Time) bool { return now.Sub(t) >= window })
	s.windows[class] = append(seen, now)
	if len(seen) < limit {
		return nil
	}
	s.throttled++
	a := fail(http.StatusTooManyRequests, "UnknownError", "This request is throttled. Please try again after the value specified in the Retry-After header.")
	if class == classReports {
		a.header = map[string]string{"Retry-After": "10"}
	}
	return &a
}

// batch answers $batch: at most 20 GETs, throttled one by one. The body may be gzipped, as the SDK sends it.
func (s *Server) batch(w http.ResponseWriter, r *http.Request, version string) string {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = io.ReadAll(z)
		}
	}
	var in struct {
		Requests []struct {
			ID      string            `json:"id"`
			Method  string            `json:"method"`
			URL     string            `json:"url"`
			Headers map[string]string `json:"headers"`
		} `json:"requests"`
	}
	if err != nil || json.Unmarshal(body, &in) != nil {
		send(w, fail(http.StatusBadRequest, "BadRequest", "Invalid batch payload format."))
		return string(body)
	}
	roles, refused := s.authorize(r.Header)
	if refused != nil {
		send(w, *refused)
		return string(body)
	}
	if len(in.Requests) > 20 {
		send(w, fail(http.StatusBadRequest, "MaximumValueExceeded", "Number of batch request steps exceeds the maximum value of 20."))
		return string(body)
	}
	out := []Object{}
	for _, q := range in.Requests {
		a := fail(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed: a reader may only GET.")
		u, err := url.Parse(q.URL)
		switch {
		case err != nil:
			a = fail(http.StatusBadRequest, "BadRequest", "Invalid batch payload format.")
		case strings.EqualFold(q.Method, http.MethodGet):
			h := http.Header{}
			for k, v := range q.Headers {
				h.Set(k, v)
			}
			a = s.answer(call{version: version, parts: split(u.Path), query: u.Query(), header: h, roles: roles, state: s.snapshot()})
		default:
			s.violation("$batch of " + q.Method + " " + q.URL)
		}
		out = append(out, Object{"id": q.ID, "status": a.status, "headers": a.header, "body": a.body})
	}
	send(w, answer{status: http.StatusOK, body: Object{"responses": out}})
	return string(body)
}
