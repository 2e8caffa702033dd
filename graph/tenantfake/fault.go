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
	"sync"
	"time"
)

// Fault is something that goes wrong at a part of Graph, also for what is asked in a batch.
type Fault struct {
	// Path is the part that breaks: the begin of the path, "v1.0/users", letter case aside; "" is all of Graph. One that fits
	// $batch itself happens to a batch as a whole, and not to what is in it. Parts of the authority host are named likewise:
	// "getuserrealm.srf".
	Path string
	// Status, Header and Body are the answer instead of Graph's; ContentType is JSON where it is empty. Status 0 leaves
	// the answer to Graph.
	Status      int
	Header      map[string]string
	Body        string
	ContentType string
	// Hold keeps the answer back until it is closed, or the client gives up.
	Hold <-chan struct{}
	// Delay keeps it back for a while: it makes a fault with nothing else the way to Graph and back.
	Delay time.Duration
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

// fault returns the fault that happens to a request, alone or as part of a batch; nil for none.
func (s *Server) fault(version, rest string, batched bool) *Fault {
	path, whole := strings.ToLower(version+"/"+rest), strings.ToLower(version+"/$batch")
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *Fault) bool {
		if f.Path == "" && version != "v1.0" && version != "beta" {
			return false
		}
		return f.Times != 0 && strings.HasPrefix(path, f.Path) && !(batched && strings.HasPrefix(whole, f.Path))
	})
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
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
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
// Conditional Access 1 a second and without Retry-After, the directory of a small tenant 3,500 units in 10 seconds, of which
// every request counts as one here. A refused request counts as well.
//
// https://learn.microsoft.com/graph/throttling-limits
func (s *Server) throttle(class string) *answer {
	limit, window := 5, 10*time.Second
	switch class {
	case classRisk:
		limit, window = 1, time.Second
	case classDirectory:
		limit = 3500
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
	if class != classRisk {
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
	parts := make([]part, len(in.Requests))
	var group sync.WaitGroup
	for i, q := range in.Requests { // Graph works on them side by side, and answers once all are done
		group.Go(func() { parts[i] = s.part(r, version, roles, q.Method, q.URL, q.Headers) })
	}
	group.Wait()
	out := []Object{}
	s.mu.Lock()
	s.batches++
	for i, p := range parts {
		p.seen.Batch = s.batches
		s.requests = append(s.requests, p.seen)
		out = append(out, Object{"id": in.Requests[i].ID, "status": p.status, "headers": p.header, "body": p.body})
	}
	s.mu.Unlock()
	send(w, answer{status: http.StatusOK, body: Object{"responses": out}})
	return string(body)
}

// part is one request of a batch, and what is answered.
type part struct {
	answer
	seen Request
}

// part answers one request of a batch.
func (s *Server) part(r *http.Request, version string, roles []string, method, address string, headers map[string]string) (p part) {
	h := http.Header{}
	for k, v := range headers {
		h.Set(k, v)
	}
	u, err := url.Parse(address)
	if err != nil {
		p.answer = fail(http.StatusBadRequest, "BadRequest", "Invalid batch payload format.")
		return p
	}
	p.seen = Request{Method: method, Path: "/" + version + u.EscapedPath(), Query: u.Query(), Header: h}
	defer func() { p.seen.Status = p.status }()
	if !strings.EqualFold(method, http.MethodGet) {
		s.violation("$batch of " + method + " " + address)
		p.answer = fail(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed: a reader may only GET.")
		return p
	}
	if f := s.fault(version, strings.TrimPrefix(u.Path, "/"), true); f != nil {
		w := &partWriter{header: http.Header{}}
		if f.act(w, r) {
			p.answer = w.answer()
			return p
		}
	}
	p.answer = s.answer(call{version: version, parts: split(u.Path), query: u.Query(), header: h, roles: roles, state: s.snapshot()})
	return p
}

// partWriter takes what a fault answers in the place of a part of a batch.
type partWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *partWriter) Header() http.Header         { return w.header }
func (w *partWriter) WriteHeader(status int)      { w.status = status }
func (w *partWriter) Write(p []byte) (int, error) { return w.body.Write(p) }

// answer is the part's answer: what is no JSON goes into the batch as a text.
func (w *partWriter) answer() answer {
	a := answer{status: w.status, header: map[string]string{}}
	for name := range w.header {
		a.header[name] = w.header.Get(name)
	}
	switch text := w.body.Bytes(); {
	case json.Valid(text):
		a.body = json.RawMessage(text)
	case len(text) > 0:
		a.body = string(text)
	}
	return a
}
