package graph

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// wire counts what gets past the gate.
type wire struct {
	sent   []string
	status int
	header http.Header
	body   string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.sent = append(w.sent, r.Method+" "+r.URL.String())
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(strings.NewReader(w.body)), Request: r}, nil
}

func TestNothingButGetsToGraphLeaves(t *testing.T) {
	for name, c := range map[string]struct {
		method, url, body string
		leaves            bool
	}{
		"GET":                        {method: "GET", url: "https://graph.example/v1.0/users", leaves: true},
		"GET in other letters":       {method: "GET", url: "https://GRAPH.example/v1.0/users", leaves: true},
		"POST":                       {method: "POST", url: "https://graph.example/v1.0/users"},
		"POST of a batch":            {method: "POST", url: "https://graph.example/v1.0/$batch", body: `{"requests":[{"id":"1","method":"DELETE","url":"/users/x"}]}`},
		"PATCH":                      {method: "PATCH", url: "https://graph.example/v1.0/users/x"},
		"PUT":                        {method: "PUT", url: "https://graph.example/v1.0/users/x"},
		"DELETE":                     {method: "DELETE", url: "https://graph.example/v1.0/users/x"},
		"HEAD":                       {method: "HEAD", url: "https://graph.example/v1.0/users"},
		"get":                        {method: "get", url: "https://graph.example/v1.0/users"},
		"GET with a body":            {method: "GET", url: "https://graph.example/v1.0/users", body: "x"},
		"GET of another host":        {method: "GET", url: "https://attacker.example/v1.0/users"},
		"GET of a host that ends so": {method: "GET", url: "https://evil-graph.example/v1.0/users"},
		"GET of another port":        {method: "GET", url: "https://graph.example:8443/v1.0/users"},
		"GET in the clear":           {method: "GET", url: "http://graph.example/v1.0/users"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &wire{status: 200}
			g := &gate{base: w, host: "graph.example"}
			var body io.Reader
			if c.body != "" {
				body = strings.NewReader(c.body)
			}
			req, err := http.NewRequestWithContext(t.Context(), c.method, c.url, body)
			if err != nil {
				t.Fatal(err)
			}
			_, err = g.RoundTrip(req)
			if left := len(w.sent) > 0; left != c.leaves || errors.Is(err, errRefused) == c.leaves {
				t.Errorf("sent %q, error %v", w.sent, err)
			}
		})
	}
}

func TestALongBodyEndsInAnError(t *testing.T) {
	w := &wire{status: 200, body: strings.Repeat("x", maxBody+1)}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://graph.example/v1.0/users", nil)
	res, err := (&gate{base: w, host: "graph.example"}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, res.Body); !errors.Is(err, errTooLong) || n != maxBody {
		t.Errorf("%d bytes, error %v", n, err)
	}
}

// TestRetryAfter is table-driven over what an answer may ask for.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 7 * time.Second, "3": 3 * time.Second, "0": 0, "-5": 0, "1.5": 1500 * time.Millisecond, "600": 10 * time.Minute, "soon": 7 * time.Second,
		"Tue, 24 Nov 2026 12:00:09 GMT": 9 * time.Second, "Tue, 24 Nov 2026 11:00:00 GMT": 0, "1e300": 1e6 * time.Second, "NaN": 7 * time.Second,
	} {
		res := &http.Response{Header: http.Header{"Retry-After": {text}}}
		if got := retryAfter(res, now, 7*time.Second); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestARetryIsRefusedThatNobodyCanWaitFor(t *testing.T) {
	for name, c := range map[string]struct {
		after  string
		within time.Duration // of ctx; zero means no end
		want   int           // requests
	}{
		"at once":            {after: "0", want: 1 + maxRetries},
		"after 10 minutes":   {after: "600", want: 1},
		"after 11 seconds":   {after: "11", want: 1},
		"after the deadline": {after: "9", within: 5 * time.Second, want: 1},
		"in time":            {after: "0", within: time.Minute, want: 1 + maxRetries},
	} {
		t.Run(name, func(t *testing.T) {
			w := &wire{status: 429, header: http.Header{"Retry-After": {c.after}}}
			ctx := t.Context()
			if c.within > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.within)
				defer cancel()
			}
			req, _ := http.NewRequestWithContext(ctx, "GET", "https://graph.example/v1.0/users", nil)
			res, err := retry(time.Now).Intercept(pipe{&gate{base: w, host: "graph.example"}}, 0, req)
			if err != nil || res.StatusCode != 429 {
				t.Fatalf("%v %v", res, err)
			}
			if len(w.sent) != c.want {
				t.Errorf("%d requests, want %d", len(w.sent), c.want)
			}
		})
	}
}

// pipe is a pipeline without further middleware.
type pipe struct{ to http.RoundTripper }

func (p pipe) Next(req *http.Request, _ int) (*http.Response, error) { return p.to.RoundTrip(req) }

func TestBodiesOfRetriedAnswersAreClosed(t *testing.T) {
	var open, closed int
	base := roundTrip(func(r *http.Request) (*http.Response, error) {
		open++
		return &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"0"}}, Body: closer{strings.NewReader("x"), &closed}, Request: r}, nil
	})
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://graph.example/v1.0/users", nil)
	res, err := retry(time.Now).Intercept(pipe{&gate{base: base, host: "graph.example"}}, 0, req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if open != 1+maxRetries || closed != open {
		t.Errorf("%d answers, %d of them closed", open, closed)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type closer struct {
	io.Reader
	n *int
}

func (c closer) Close() error { *c.n++; return nil }

func TestPathsCountAgainstTheirClass(t *testing.T) {
	b := budgets{reports: newBudget("r", 1, time.Second, Clock{}.orSystem()), risk: newBudget("x", 1, time.Second, Clock{}.orSystem())}
	for path, want := range map[string]*budget{
		"/v1.0/auditLogs/signIns": b.reports,
		"/beta/AUDITLOGS/signIns": b.reports,
		"/v1.0/reports/authenticationMethods/userRegistrationDetails/x": b.reports,
		"/v1.0/identity/conditionalAccess/policies":                     b.risk,
		"/v1.0/identityProtection/riskyUsers/x":                         b.risk,
		"/v1.0/identity/identityProviders":                              nil,
		"/v1.0/users/x":                                                 nil,
		"/v1.0/users/reports@contoso.com":                               nil,
		"/v1.0/domains/contoso.com/federationConfiguration":             nil,
	} {
		if got := b.of(path); got != want {
			t.Errorf("%s counts against %+v", path, got)
		}
	}
}

func TestThrottlingPausesTheClass(t *testing.T) {
	clock := newManual()
	reports := newBudget("r", 5, 10*time.Second, clock.clock())
	w := &wire{status: 429, header: http.Header{"Retry-After": {"30"}}}
	g := &gate{base: w, host: "graph.example", budgets: budgets{reports: reports, risk: reports}}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://graph.example/v1.0/auditLogs/signIns", nil)
	if _, err := g.RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { _, err := g.RoundTrip(req); done <- err }()
	clock.waitFor(1)
	clock.advance(29 * time.Second)
	select {
	case <-done:
		t.Fatal("asked again although Graph said to wait")
	default:
	}
	clock.advance(time.Second)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.sent, []string{w.sent[0], w.sent[0]}) {
		t.Errorf("%q", w.sent)
	}
}
