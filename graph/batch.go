package graph

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// JSON batching. https://learn.microsoft.com/graph/json-batching
const (
	batchMost     = 20                   // requests that Graph takes in one batch
	batchQuiet    = time.Millisecond     // how long after the last one a batch goes
	batchWindow   = 2 * time.Millisecond // the most that a request waits for others to go with
	batchPatience = 3 * time.Second      // after that, what is in a batch is asked one by one: its slowest part holds up all
	batchPause    = time.Minute          // how long none is tried after one went wrong
)

// batcher sends requests that start together as one: POST /v1.0/$batch, or /beta/$batch. It builds each batch itself, out
// of GETs alone, so that nothing else can be in one. Whoever sent a request gets a response of its own, as if it had gone
// alone: retries, throttling and errors are told apart above.
//
// A request without company goes out as it is, and so does each one whose batch fails.
type batcher struct {
	base     http.RoundTripper
	root     string // of Graph, without a slash at the end
	life     *lifetime
	patience time.Duration

	mu   sync.Mutex
	open map[batchKey]*bundle
	off  map[string]time.Time // by API version: no batch until then
}

// batchKey tells apart what cannot go into one batch: versions of the API, and requests with different tokens.
type batchKey struct{ version, authorization string }

// bundle is a batch, gathering or under way.
type bundle struct {
	key     batchKey
	parts   []*part
	joined  chan struct{} // holds one once a part has come
	full    chan struct{} // closed with the last part that fits
	waiting int           // callers who still want an answer
	ctx     context.Context
	cancel  context.CancelFunc
}

// part is one request of a batch.
type part struct {
	ctx  context.Context // ends when the caller gives up
	call batchCall
	done chan struct{}
	got  *batchAnswer // once done; nil where the request has to go alone
}

func newBatcher(base http.RoundTripper, root string, life *lifetime) *batcher {
	return &batcher{base: base, root: root, life: life, patience: batchPatience, open: map[batchKey]*bundle{}, off: map[string]time.Time{}}
}

// RoundTrip sends a GET that the gate has let through and that counts against no throttling class: inside a batch, those
// limits would be met where nothing counts.
func (b *batcher) RoundTrip(req *http.Request) (*http.Response, error) {
	version, path, ok := strings.Cut(strings.TrimPrefix(req.URL.EscapedPath(), "/"), "/")
	key := batchKey{version, req.Header.Get("Authorization")}
	if !ok || path == "" || version != "v1.0" && version != "beta" || key.authorization == "" || req.Method != http.MethodGet {
		return b.base.RoundTrip(req)
	}
	p := &part{ctx: req.Context(), call: batchCall{Method: http.MethodGet, URL: "/" + path, Headers: map[string]string{}}, done: make(chan struct{})}
	if req.URL.RawQuery != "" {
		p.call.URL += "?" + req.URL.RawQuery
	}
	for _, name := range []string{"Accept", "ConsistencyLevel", "Prefer", "X-Ms-Throttle-Priority"} {
		if v := req.Header.Get(name); v != "" {
			p.call.Headers[name] = v
		}
	}
	s := b.join(key, p)
	if s == nil {
		return b.base.RoundTrip(req)
	}
	select {
	case <-p.done:
	case <-req.Context().Done():
		b.leave(s)
		return nil, req.Context().Err()
	}
	if p.got == nil {
		return b.base.RoundTrip(req)
	}
	return response(req, *p.got), nil
}

// join puts a request into the batch that is gathering, or begins one. It returns nil where there is to be none.
func (b *batcher) join(key batchKey, p *part) *bundle {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Now().Before(b.off[key.version]) {
		return nil
	}
	s := b.open[key]
	if s == nil {
		s = &bundle{key: key, joined: make(chan struct{}, 1), full: make(chan struct{})}
		s.ctx, s.cancel = context.WithCancel(b.life.ctx)
		if !b.life.run(func() { b.run(s) }) {
			s.cancel()
			return nil
		}
		b.open[key] = s
	}
	s.parts = append(s.parts, p)
	s.waiting++
	select {
	case s.joined <- struct{}{}:
	default:
	}
	if len(s.parts) == batchMost {
		delete(b.open, key)
		close(s.full)
	}
	return s
}

// leave lets a caller go. A batch that nobody waits for ends.
func (b *batcher) leave(s *bundle) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.waiting--; s.waiting == 0 && b.open[s.key] != s {
		s.cancel()
	}
}

// run gathers for a moment, then sends.
func (b *batcher) run(s *bundle) {
	defer s.cancel()
	window, quiet := time.NewTimer(batchWindow), time.NewTimer(batchQuiet)
	defer window.Stop()
	defer quiet.Stop()
	for gathering := true; gathering; {
		select {
		case <-s.joined:
			quiet.Reset(batchQuiet)
			continue
		case <-quiet.C:
		case <-window.C:
		case <-s.full:
		case <-s.ctx.Done():
		}
		gathering = false
	}
	b.mu.Lock()
	if b.open[s.key] == s {
		delete(b.open, s.key)
	}
	var parts []*part
	for _, p := range s.parts {
		if p.ctx.Err() == nil {
			parts = append(parts, p)
		}
	}
	b.mu.Unlock()
	if len(parts) > 1 {
		b.send(s, parts)
	}
	for _, p := range parts {
		close(p.done)
	}
}

// batchCall and batchAnswer are the two bodies.
type batchCall struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
}

type batchAnswer struct {
	ID      string          `json:"id"`
	Status  int             `json:"status"`
	Headers map[string]any  `json:"headers"`
	Body    json.RawMessage `json:"body"`
}

// send sends a batch and gives each part its response. Parts that get none go alone.
func (b *batcher) send(s *bundle, parts []*part) {
	ctx, cancel := context.WithTimeout(s.ctx, b.patience)
	defer cancel()
	answers, whole, pause := b.exchange(ctx, s.key, parts)
	if pause > 0 && s.ctx.Err() == nil { // a batch that everybody has left tells nothing
		b.mu.Lock()
		b.off[s.key.version] = time.Now().Add(pause)
		b.mu.Unlock()
	}
	for i, p := range parts {
		p.got = whole
		if a, ok := answers[strconv.Itoa(i+1)]; ok {
			p.got = &a
		}
	}
}

// never is longer than any process lives.
const never = 100 * 365 * 24 * time.Hour

// exchange sends the parts as one request. whole is an answer that is meant for each of them; pause says for how long no
// batch is to be tried, because this one failed.
func (b *batcher) exchange(ctx context.Context, key batchKey, parts []*part) (answers map[string]batchAnswer, whole *batchAnswer, pause time.Duration) {
	req, err := b.request(ctx, key, parts)
	if err != nil {
		return nil, nil, batchPause
	}
	res, err := b.base.RoundTrip(req)
	if err != nil {
		return nil, nil, batchPause
	}
	defer res.Body.Close()
	text, err := io.ReadAll(&bounded{ReadCloser: res.Body, left: maxBody})
	if err != nil {
		return nil, nil, batchPause
	}
	switch res.StatusCode {
	case http.StatusOK:
		answers = parseBatch(text)
		if answers == nil {
			return nil, nil, batchPause
		}
		return answers, nil, 0
	case http.StatusTooManyRequests: // each part waits as long as Graph asks
		headers := map[string]any{}
		for name := range res.Header {
			headers[name] = res.Header.Get(name)
		}
		return nil, &batchAnswer{Status: res.StatusCode, Headers: headers, Body: text}, 0
	case http.StatusUnauthorized: // each part gets the challenge itself
		return nil, nil, 0
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		return nil, nil, never // there are no batches here, or something on the way lets no POST pass
	}
	return nil, nil, batchPause
}

// request builds the one POST that Signpost sends.
func (b *batcher) request(ctx context.Context, key batchKey, parts []*part) (*http.Request, error) {
	calls := make([]batchCall, len(parts))
	for i, p := range parts {
		calls[i] = p.call
		calls[i].ID = strconv.Itoa(i + 1)
	}
	text, err := json.Marshal(map[string]any{"requests": calls})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.root+"/"+key.version+"/$batch", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", key.authorization)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "signpost")
	return req, nil
}

// parseBatch returns the answers by id; nil where this is none of Graph's. Their order is any.
func parseBatch(text []byte) map[string]batchAnswer {
	var body struct {
		Responses []batchAnswer `json:"responses"`
	}
	if json.Unmarshal(text, &body) != nil || body.Responses == nil {
		return nil
	}
	answers := map[string]batchAnswer{}
	for _, a := range body.Responses {
		if _, twice := answers[a.ID]; !twice && a.Status >= 200 && a.Status < 600 {
			answers[a.ID] = a
		}
	}
	return answers
}

// response makes an answer inside a batch one of its own.
func response(req *http.Request, a batchAnswer) *http.Response {
	h := http.Header{}
	for name, value := range a.Headers {
		if v, ok := value.(string); ok {
			h.Set(name, v)
		}
	}
	for _, name := range []string{"Content-Length", "Content-Encoding", "Transfer-Encoding"} { // were the batch's
		h.Del(name)
	}
	text := []byte(a.Body)
	var other string
	switch {
	case bytes.Equal(text, []byte("null")):
		text = nil
	case len(text) > 0 && text[0] == '"' && json.Unmarshal(text, &other) == nil: // no JSON: as it is, or in base64
		text = []byte(other)
		if plain, err := base64.StdEncoding.DecodeString(other); err == nil && len(plain) > 0 {
			text = plain
		}
	case h.Get("Content-Type") == "":
		h.Set("Content-Type", "application/json")
	}
	return &http.Response{
		Status: strconv.Itoa(a.Status) + " " + http.StatusText(a.Status), StatusCode: a.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(bytes.NewReader(text)), ContentLength: int64(len(text)), Request: req,
	}
}
