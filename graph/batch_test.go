package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// batchWire is Graph behind the gate: it answers GETs and batches, and remembers what came. Each exchange takes a while.
type batchWire struct {
	t *testing.T
	// part answers a GET, alone or in a batch: status, headers, and a body.
	part func(path string, header http.Header) (int, map[string]string, string)
	// whole answers a batch in Graph's place.
	whole func(r *http.Request) (*http.Response, error)
	// order sets the order of a batch's answers.
	order func(all []batchAnswer)
	takes time.Duration

	mu   sync.Mutex
	sent []string // GET path, or POST path: the paths in it
}

func (w *batchWire) RoundTrip(r *http.Request) (*http.Response, error) {
	var calls struct{ Requests []batchCall }
	line := r.Method + " " + strings.TrimPrefix(r.URL.String(), "https://graph.example")
	if r.Method == http.MethodPost {
		text, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(text, &calls) != nil {
			w.t.Errorf("a batch that is none: %s", text)
		}
		if r.Header.Get("Content-Encoding") != "" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") == "" {
			w.t.Errorf("headers of the batch: %v", r.Header)
		}
		line += ":"
		for _, c := range calls.Requests {
			if c.Method != http.MethodGet {
				w.t.Errorf("a batch holds %s %s", c.Method, c.URL)
			}
			line += " " + c.URL
		}
	}
	w.mu.Lock()
	w.sent = append(w.sent, line)
	w.mu.Unlock()
	select {
	case <-time.After(w.takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if r.Method != http.MethodPost {
		status, headers, body := w.part(strings.TrimPrefix(r.URL.RequestURI(), "/v1.0"), r.Header)
		return answerOf(r, status, headers, body), nil
	}
	if w.whole != nil {
		return w.whole(r)
	}
	var all []batchAnswer
	for _, c := range calls.Requests {
		header := http.Header{}
		for k, v := range c.Headers {
			header.Set(k, v)
		}
		status, headers, body := w.part(c.URL, header)
		if status == 0 {
			continue
		}
		a := batchAnswer{ID: c.ID, Status: status, Headers: map[string]any{}, Body: json.RawMessage(body)}
		for k, v := range headers {
			a.Headers[k] = v
		}
		all = append(all, a)
	}
	if w.order != nil {
		w.order(all)
	}
	text, err := json.Marshal(map[string]any{"responses": all})
	if err != nil {
		w.t.Error(err)
	}
	return answerOf(r, 200, nil, string(text)), nil
}

func answerOf(r *http.Request, status int, headers map[string]string, body string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for k, v := range headers {
		h.Set(k, v)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// echo answers each GET with its own path.
func echo(path string, _ http.Header) (int, map[string]string, string) {
	return 200, nil, fmt.Sprintf(`{"id":%q}`, path)
}

// lines are what was sent; the paths of a batch in order.
func (w *batchWire) lines() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, line := range w.sent {
		head, paths, ok := strings.Cut(line, ": ")
		if ok {
			parts := strings.Fields(paths)
			slices.Sort(parts)
			line = head + ": " + strings.Join(parts, " ")
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

// behind sets a gate with batches up before the wire, and lets go of it at the end.
func behind(w *batchWire) (*gate, func()) {
	life := &lifetime{}
	life.ctx, life.end = context.WithCancel(context.Background())
	g := &gate{base: w, host: "graph.example", batch: newBatcher(w, "https://graph.example", life)}
	return g, func() { life.end(); life.work.Wait() }
}

// outcome is what became of one request.
type outcome struct {
	status int
	header http.Header
	body   string
	err    error
	after  time.Duration
}

// askFor sends GETs at once, as the retry handler's pipeline does, and waits for all.
func askFor(ctx context.Context, send http.RoundTripper, paths ...string) []outcome {
	all := make([]outcome, len(paths))
	begin := time.Now()
	var group sync.WaitGroup
	for i, path := range paths {
		group.Go(func() {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://graph.example"+path, nil)
			if err != nil {
				all[i].err = err
				return
			}
			req.Header.Set("Authorization", "Bearer t")
			res, err := retry(time.Now).Intercept(pipe{send}, 0, req)
			if all[i].after = time.Since(begin); err != nil {
				all[i].err = err
				return
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			all[i].status, all[i].header, all[i].body, all[i].err = res.StatusCode, res.Header, string(body), err
		})
	}
	group.Wait()
	return all
}

func TestRequestsThatStartTogetherGoOutAsOne(t *testing.T) {
	for name, c := range map[string]struct {
		paths []string
		want  []string
	}{
		"one alone stays a GET":    {[]string{"/v1.0/a"}, []string{"GET /v1.0/a"}},
		"two":                      {[]string{"/v1.0/a", "/v1.0/b?$top=1"}, []string{"POST /v1.0/$batch: /a /b?$top=1"}},
		"a batch for each version": {[]string{"/v1.0/a", "/beta/b", "/v1.0/c", "/beta/d"}, []string{"POST /beta/$batch: /b /d", "POST /v1.0/$batch: /a /c"}},
		"names stay escaped":       {[]string{"/v1.0/users/a%23b%2Fc@x?%24select=id", "/v1.0/b"}, []string{"POST /v1.0/$batch: /b /users/a%23b%2Fc@x?%24select=id"}},
		"another path is no version's": {[]string{"/x/a", "/x/b", "/v1.0", "/v1.0/"},
			[]string{"GET /v1.0", "GET /v1.0/", "GET /x/a", "GET /x/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &batchWire{t: t, part: echo, takes: 100 * time.Millisecond}
				g, end := behind(w)
				defer end()
				for i, s := range askFor(t.Context(), g, c.paths...) {
					if s.status != 200 || s.err != nil || !strings.Contains(c.paths[i], strings.Trim(s.body, `{}"id:`)) {
						t.Errorf("%s: %+v", c.paths[i], s)
					}
					if s.after > w.takes+batchWindow {
						t.Errorf("%s took %s", c.paths[i], s.after)
					}
				}
				if got := w.lines(); !slices.Equal(got, c.want) {
					t.Errorf("sent %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestABatchGoesOnceItIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &batchWire{t: t, part: echo}
		g, end := behind(w)
		defer end()
		var group sync.WaitGroup
		for i := range 8 { // one more each 0.7 ms: the first three make it
			group.Go(func() {
				time.Sleep(time.Duration(i) * 700 * time.Microsecond)
				askFor(t.Context(), g, fmt.Sprintf("/v1.0/p%d", i))
			})
		}
		group.Wait()
		want := []string{"POST /v1.0/$batch: /p0 /p1 /p2", "POST /v1.0/$batch: /p3 /p4 /p5", "POST /v1.0/$batch: /p6 /p7"}
		if got := w.lines(); !slices.Equal(got, want) {
			t.Errorf("sent %q", got)
		}
		if got := askFor(t.Context(), g, "/v1.0/alone"); got[0].after != batchQuiet {
			t.Errorf("one alone waits %s", got[0].after)
		}
	})
}

func TestMoreThanABatchHoldsGoOutAsTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &batchWire{t: t, part: echo}
		g, end := behind(w)
		defer end()
		var paths []string
		for i := range batchMost + 5 {
			paths = append(paths, fmt.Sprintf("/v1.0/p%02d", i))
		}
		for i, s := range askFor(t.Context(), g, paths...) {
			if want := fmt.Sprintf(`{"id":"/p%02d"}`, i); s.body != want {
				t.Errorf("%s got %s", paths[i], s.body)
			}
		}
		sizes := []int{}
		for _, line := range w.lines() {
			sizes = append(sizes, strings.Count(line, " /p"))
		}
		slices.Sort(sizes)
		if !slices.Equal(sizes, []int{5, batchMost}) {
			t.Errorf("batches of %v", sizes)
		}
	})
}

func TestThrottledClassesStayOutOfBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &batchWire{t: t, part: echo}
		g, end := behind(w)
		defer end()
		clock := Clock{}.orSystem()
		g.budgets = budgets{reports: newBudget("r", 5, time.Second, clock), risk: newBudget("x", 1, time.Second, clock)}
		askFor(t.Context(), g, "/v1.0/auditLogs/signIns", "/v1.0/reports/x", "/v1.0/identity/conditionalAccess/policies", "/v1.0/identityProtection/riskyUsers/x", "/v1.0/a", "/v1.0/b")
		want := []string{
			"GET /v1.0/auditLogs/signIns", "GET /v1.0/identity/conditionalAccess/policies", "GET /v1.0/identityProtection/riskyUsers/x", "GET /v1.0/reports/x",
			"POST /v1.0/$batch: /a /b",
		}
		if got := w.lines(); !slices.Equal(got, want) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestTokensAreNotMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &batchWire{t: t, part: echo}
		g, end := behind(w)
		defer end()
		var group sync.WaitGroup
		for i, token := range []string{"Bearer old", "Bearer old", "Bearer new", "Bearer new", ""} {
			group.Go(func() {
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://graph.example/v1.0/%d", i), nil)
				if token != "" {
					req.Header.Set("Authorization", token)
				}
				if _, err := g.RoundTrip(req); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got, want := w.lines(), []string{"GET /v1.0/4", "POST /v1.0/$batch: /0 /1", "POST /v1.0/$batch: /2 /3"}; !slices.Equal(got, want) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestPartsOfABatchAreAnswersOfTheirOwn(t *testing.T) {
	for name, c := range map[string]struct {
		part func(n int) (int, map[string]string, string) // of /odd, the n-th time
		want outcome
		sent int // times that /odd was asked for
	}{
		"no permission":       {func(int) (int, map[string]string, string) { return 403, nil, `{"error":{"code":"AccessDenied"}}` }, outcome{status: 403, body: `{"error":{"code":"AccessDenied"}}`}, 1},
		"not there":           {func(int) (int, map[string]string, string) { return 404, nil, `{"error":{"code":"x"}}` }, outcome{status: 404, body: `{"error":{"code":"x"}}`}, 1},
		"no body":             {func(int) (int, map[string]string, string) { return 204, nil, `null` }, outcome{status: 204}, 1},
		"a text":              {func(int) (int, map[string]string, string) { return 502, nil, `"<html>bad gateway</html>"` }, outcome{status: 502, body: `<html>bad gateway</html>`}, 1},
		"a text in base64":    {func(int) (int, map[string]string, string) { return 200, nil, `"eyJpZCI6IngifQ=="` }, outcome{status: 200, body: `{"id":"x"}`}, 1},
		"lacking":             {func(n int) (int, map[string]string, string) { return []int{0, 200}[min(n, 1)], nil, `{"id":"late"}` }, outcome{status: 200, body: `{"id":"late"}`}, 2},
		"a status that is no": {func(n int) (int, map[string]string, string) { return []int{7, 200}[min(n, 1)], nil, `{"id":"late"}` }, outcome{status: 200, body: `{"id":"late"}`}, 2},
		"throttled, then not": {func(n int) (int, map[string]string, string) {
			return []int{429, 200}[min(n, 1)], map[string]string{"Retry-After": "2"}, `{"id":"now"}`
		}, outcome{status: 200, body: `{"id":"now"}`, after: 2 * time.Second}, 2},
		"throttled for long": {func(n int) (int, map[string]string, string) {
			return 429, map[string]string{"Retry-After": "600"}, `{}`
		}, outcome{status: 429, body: `{}`}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				var mu sync.Mutex
				w := &batchWire{t: t, part: func(path string, h http.Header) (int, map[string]string, string) {
					if path != "/odd" {
						return echo(path, h)
					}
					mu.Lock()
					defer mu.Unlock()
					n++
					return c.part(n - 1)
				}}
				g, end := behind(w)
				defer end()
				all := askFor(t.Context(), g, "/v1.0/odd", "/v1.0/a", "/v1.0/b")
				if got := all[0]; got.status != c.want.status || got.body != c.want.body || got.err != nil || got.after < c.want.after {
					t.Errorf("%+v, want %+v", got, c.want)
				}
				if c.want.status == 429 && all[0].header.Get("Retry-After") != "600" {
					t.Errorf("headers %v", all[0].header)
				}
				for i, want := range []string{`{"id":"/a"}`, `{"id":"/b"}`} {
					if got := all[i+1]; got.body != want || got.err != nil || got.after > 10*time.Millisecond {
						t.Errorf("another part: %+v", got)
					}
				}
				if n != c.sent {
					t.Errorf("asked for %d times", n)
				}
			})
		})
	}
}

func TestTheOrderOfABatchIsAny(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &batchWire{t: t, part: echo, order: func(all []batchAnswer) {
			slices.Reverse(all)
			all[1], all[2] = all[2], all[1]
		}}
		g, end := behind(w)
		defer end()
		for i, s := range askFor(t.Context(), g, "/v1.0/p0", "/v1.0/p1", "/v1.0/p2", "/v1.0/p3") {
			if s.body != fmt.Sprintf(`{"id":"/p%d"}`, i) {
				t.Errorf("p%d got %s", i, s.body)
			}
		}
	})
}

func TestHeadersGoWithTheirPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[string]http.Header{}
		w := &batchWire{t: t, part: func(path string, h http.Header) (int, map[string]string, string) {
			seen[path] = h
			return echo(path, h)
		}}
		g, end := behind(w)
		defer end()
		var group sync.WaitGroup
		for i, header := range []http.Header{{"Consistencylevel": {"eventual"}, "Authorization": {"Bearer t"}}, {"Prefer": {"x"}, "X-Ms-Throttle-Priority": {"Low"}, "Authorization": {"Bearer t"}, "User-Agent": {"signpost"}}} {
			group.Go(func() {
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://graph.example/v1.0/%d", i), nil)
				req.Header = header
				if _, err := g.RoundTrip(req); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if h := seen["/0"]; h.Get("ConsistencyLevel") != "eventual" || len(h) != 1 {
			t.Errorf("/0 has %v", h)
		}
		if h := seen["/1"]; h.Get("Prefer") != "x" || h.Get("x-ms-throttle-priority") != "Low" || len(h) != 2 {
			t.Errorf("/1 has %v", h)
		}
	})
}

func TestABatchThatFailsIsAskedOneByOne(t *testing.T) {
	status := func(code int, kind, body string) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			return answerOf(r, code, map[string]string{"Content-Type": kind, "Retry-After": "3"}, body), nil
		}
	}
	for name, c := range map[string]struct {
		whole func(*http.Request) (*http.Response, error)
		// after is when the parts have come, batches how many are tried for three rounds: at once, at once again, and after
		// two minutes.
		after   time.Duration
		batches int
	}{
		"no such endpoint":       {whole: status(404, "application/json", `{}`), batches: 1},
		"a proxy lets none pass": {whole: status(403, "text/html", "<html>no POST here</html>"), batches: 1},
		"method not allowed":     {whole: status(405, "", ""), batches: 1},
		"not implemented":        {whole: status(501, "", ""), batches: 1},
		"payload refused":        {whole: status(400, "application/json", `{"error":{"code":"BadRequest"}}`), batches: 2},
		"out of order":           {whole: status(500, "application/json", `{}`), batches: 2},
		"unavailable":            {whole: status(503, "text/html", "<html>"), batches: 2},
		"a web page":             {whole: status(200, "text/html", "<html>"), batches: 2},
		"JSON of another kind":   {whole: status(200, "application/json", `{"value":[]}`), batches: 2},
		"cut short":              {whole: status(200, "application/json", `{"responses":[{"id":"1","status":200`), batches: 2},
		"nothing":                {whole: status(200, "application/json", ``), batches: 2},
		"without any answer":     {whole: status(200, "application/json", `{"responses":[]}`), batches: 3},
		"too long":               {whole: status(200, "application/json", strings.Repeat(" ", maxBody+1)), batches: 2},
		"a token that is over":   {whole: status(401, "application/json", `{}`), batches: 3},
		"no network":             {whole: func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }, batches: 2},
		"never":                  {whole: func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }, after: batchPatience, batches: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &batchWire{t: t, part: echo, whole: c.whole}
				g, end := behind(w)
				defer end()
				for round := range 3 {
					for i, s := range askFor(t.Context(), g, "/v1.0/p0", "/v1.0/p1", "/v1.0/p2") {
						if s.status != 200 || s.body != fmt.Sprintf(`{"id":"/p%d"}`, i) {
							t.Errorf("round %d, p%d: %+v", round, i, s)
						}
						if s.after > c.after+batchWindow {
							t.Errorf("round %d, p%d took %s", round, i, s.after)
						}
					}
					if round == 1 {
						time.Sleep(2 * time.Minute)
					}
				}
				batches := 0
				for _, line := range w.lines() {
					if strings.HasPrefix(line, "POST") {
						batches++
					}
				}
				if batches != c.batches || len(w.lines()) != batches+9 {
					t.Errorf("%d batches, want %d, of %d requests", batches, c.batches, len(w.lines()))
				}
			})
		})
	}
}

func TestAThrottledBatchThrottlesItsParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		w := &batchWire{t: t, part: echo}
		w.whole = func(r *http.Request) (*http.Response, error) {
			if n++; n > 1 {
				w.whole = nil
			}
			return answerOf(r, 429, map[string]string{"Retry-After": "4"}, `{}`), nil
		}
		g, end := behind(w)
		defer end()
		for _, s := range askFor(t.Context(), g, "/v1.0/a", "/v1.0/b") {
			if s.status != 200 || s.after < 8*time.Second || s.after > 9*time.Second {
				t.Errorf("%+v", s)
			}
		}
		if got := w.lines(); len(got) != 3 || strings.Contains(strings.Join(got, "\n"), "GET") {
			t.Errorf("sent %q", got)
		}
	})
}

func TestWhoLeavesABatchTakesNobodyAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &batchWire{t: t, part: echo, takes: time.Second}
		g, end := behind(w)
		defer end()
		short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		var left []outcome
		var group sync.WaitGroup
		group.Go(func() { left = askFor(short, g, "/v1.0/gone") })
		for i, s := range askFor(t.Context(), g, "/v1.0/p0", "/v1.0/p1") {
			if s.body != fmt.Sprintf(`{"id":"/p%d"}`, i) || s.after > time.Second+batchWindow {
				t.Errorf("p%d: %+v", i, s)
			}
		}
		group.Wait()
		if !errors.Is(left[0].err, context.DeadlineExceeded) || left[0].after != 300*time.Millisecond {
			t.Errorf("who left: %+v", left[0])
		}
		if got, want := w.lines(), []string{"POST /v1.0/$batch: /gone /p0 /p1"}; !slices.Equal(got, want) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestABatchThatEverybodyLeftEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := time.Time{}
		w := &batchWire{t: t, part: echo}
		w.whole = func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			ended = time.Now()
			return nil, r.Context().Err()
		}
		g, end := behind(w)
		defer end()
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		askFor(ctx, g, "/v1.0/a", "/v1.0/b")
		synctest.Wait()
		if took := ended.Sub(begin); took != 50*time.Millisecond {
			t.Errorf("it ended after %s", took)
		}
		// And it is no reason to do without batches.
		w.whole = nil
		askFor(t.Context(), g, "/v1.0/c", "/v1.0/d")
		if got := w.lines(); !slices.Contains(got, "POST /v1.0/$batch: /c /d") {
			t.Errorf("sent %q", got)
		}
	})
}

func TestWhoLeavesBeforeTheBatchGoesIsNotInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &batchWire{t: t, part: echo}
		g, end := behind(w)
		defer end()
		ctx, cancel := context.WithTimeout(t.Context(), batchQuiet/2)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() { askFor(ctx, g, "/v1.0/gone") })
		askFor(t.Context(), g, "/v1.0/a")
		group.Wait()
		if got, want := w.lines(), []string{"GET /v1.0/a"}; !slices.Equal(got, want) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestAClosedTenantSendsNoBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &batchWire{t: t, part: echo}
		g, end := behind(w)
		end()
		askFor(t.Context(), g, "/v1.0/a", "/v1.0/b")
		if got, want := w.lines(), []string{"GET /v1.0/a", "GET /v1.0/b"}; !slices.Equal(got, want) {
			t.Errorf("sent %q", got)
		}
	})
}
