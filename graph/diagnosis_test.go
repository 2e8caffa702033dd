package graph_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// What one diagnosis with everything asked may cost.
const (
	mostCalls   = 12 // HTTP requests to Graph; a batch is one
	mostRounds  = 3  // that wait for one another
	mostReports = 2  // of the class of logs and reports
)

// line is a wire without a network: every request to Graph takes the same time, and the clock is the test's.
type line struct {
	to    http.Handler
	takes time.Duration

	mu    sync.Mutex
	calls []exchange
}

// exchange is one HTTP request to Graph. Its round is one more than that of the latest one that had ended when it began.
type exchange struct {
	what  string
	parts []string // of a batch
	end   time.Time
	round int
}

var inBatch = regexp.MustCompile(`"url":"([^"?]*)`)

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	graph := strings.HasPrefix(r.URL.Path, "/v1.0/") || strings.HasPrefix(r.URL.Path, "/beta/")
	i := 0
	if graph {
		l.mu.Lock()
		x := exchange{what: r.URL.Path, round: 1}
		if r.Body != nil {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(text))
			for _, m := range inBatch.FindAllSubmatch(text, -1) {
				x.parts = append(x.parts, string(m[1]))
			}
		}
		for _, before := range l.calls {
			if !before.end.IsZero() {
				x.round = max(x.round, before.round+1)
			}
		}
		i, l.calls = len(l.calls), append(l.calls, x)
		l.mu.Unlock()
	}
	w := httptest.NewRecorder()
	l.to.ServeHTTP(w, r)
	select {
	case <-time.After(l.takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if graph {
		l.mu.Lock()
		l.calls[i].end = time.Now()
		l.mu.Unlock()
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

// bubble runs a test against a fake tenant without a network, in a time of its own: it begins at now, and passes only where
// everybody waits for it. Each request to Graph takes a tenth of a second.
func bubble(t *testing.T, state tenantfake.State, test func(t *testing.T, s *tenantfake.Server, l *line, tenant *graph.Tenant)) {
	t.Helper()
	s := tenantfake.NewAt(state, time.Now)
	t.Cleanup(s.Close)
	env := s.Env()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		cfg, err := graph.FromEnv(func(name string) string { return env[name] })
		if err != nil {
			t.Fatal(err)
		}
		l := &line{to: s.Handler(), takes: 100 * time.Millisecond}
		tenant, err := graph.NewOver(cfg, slog.New(slog.DiscardHandler), l)
		if err != nil {
			t.Fatal(err)
		}
		defer tenant.Close()
		test(t, s, l, tenant)
	})
	if v := s.Violations(); len(v) > 0 {
		t.Errorf("a reader asked for %q", v)
	}
}

func (l *line) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = nil
}

// everyFact asks for all that Graph can tell.
func everyFact() (names []facts.Name) {
	for _, e := range (facts.Report{}).Entries() {
		if e.Name != facts.NameCases { // Signpost's own
			names = append(names, e.Name)
		}
	}
	return names
}

// slowFacts are those that live in the caches for a quarter of an hour and longer.
func slowFacts() []facts.Name {
	return []facts.Name{
		facts.NamePolicies, facts.NameLocations, facts.NameDefaults, facts.NameMethodsPolicy, facts.NameStrengths,
		facts.NameProviders, facts.NameOrganization, facts.NameLicences,
	}
}

// paste is a way in which a diagnosis with everything asked can begin.
type paste struct {
	q       facts.Query
	reports int // requests of the class of logs and reports that it may cost
	rounds  int // requests that wait for one another
}

func pastes() map[string]paste {
	const id = "8f4d2a6b-1e93-4b7c-8c25-6a9e0b7d3c02"
	all := map[string]paste{}
	add := func(name string, reports int, change func(*facts.Query)) {
		q := facts.Query{
			Ask: everyFact(), Code: 53003, Related: []int{53000, 53001}, Time: now.Add(-12 * time.Minute),
			Activities: []string{"Update conditional access policy", "Update named location"}, PolicyIDs: []string{"d0000000-0000-4000-8000-000000000001"},
		}
		change(&q)
		all[name] = paste{q, reports, mostRounds}
	}
	add("person named", mostReports, func(q *facts.Query) { q.User, q.CorrelationID = "noah@contoso.com", id })
	add("person named by object id", mostReports, func(q *facts.Query) { q.User, q.CorrelationID = "11111111-0000-4000-8000-000000000002", id })
	add("person named, without ids", mostReports, func(q *facts.Query) { q.User = "noah@contoso.com" })
	add("person named, request id alone", mostReports, func(q *facts.Query) {
		q.User, q.TraceID = "noah@contoso.com", "2f81b0c6-93ad-4e7f-b2d4-5c6a8e1f7d00"
	})
	add("app and resource named too", mostReports, func(q *facts.Query) {
		q.User, q.CorrelationID, q.AppID, q.Resource = "noah@contoso.com", id, expenses, theGraph
	})
	add("guest named by the name that Entra made", mostReports, func(q *facts.Query) { q.User = "olga.berg_gmail.com#EXT#@contoso.onmicrosoft.com" })
	add("reporter is the person", mostReports, func(q *facts.Query) { q.Reporter, q.CorrelationID = "noah@contoso.com", id })
	add("reporter alone", mostReports, func(q *facts.Query) { q.Reporter = "noah@contoso.com" })
	// Whose sign-ins to read is only known once the row is there: one more.
	add("correlation id alone", mostReports+1, func(q *facts.Query) { q.CorrelationID = id })
	add("reporter is another", mostReports+1, func(q *facts.Query) { q.Reporter, q.CorrelationID = "ava@contoso.com", id })
	// And the row of a request id is read by itself.
	add("request id alone", mostReports+2, func(q *facts.Query) { q.TraceID = "2f81b0c6-93ad-4e7f-b2d4-5c6a8e1f7d00" })
	// An address that is nobody's sign-in name is looked for in other ways first.
	add("named by another address", mostReports+1, func(q *facts.Query) { q.User = "olga.berg@gmail.com" })
	alias := all["named by another address"]
	alias.rounds++
	all["named by another address"] = alias
	return all
}

// TestADiagnosisCostsLittle counts what goes over the wire.
func TestADiagnosisCostsLittle(t *testing.T) {
	for name, p := range pastes() {
		for _, warm := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, warm %v", name, warm), func(t *testing.T) {
				bubble(t, tenantfake.Demo(now), func(t *testing.T, s *tenantfake.Server, l *line, tenant *graph.Tenant) {
					ask := []facts.Name{facts.NameDefaults} // so that a token is there
					if warm {
						ask = slowFacts()
					}
					tenant.Collect(t.Context(), facts.Query{Ask: ask})
					time.Sleep(30 * time.Second)
					l.reset()
					r := tenant.Collect(t.Context(), p.q)
					rounds, reports, what := 0, 0, ""
					for _, x := range l.calls {
						rounds = max(rounds, x.round)
						if strings.Contains(x.what, "/auditLogs/") || strings.Contains(x.what, "/reports/") {
							reports++
						}
						what += fmt.Sprintf("\n%d %s %q", x.round, x.what, x.parts)
					}
					if len(l.calls) > mostCalls {
						t.Errorf("%d requests", len(l.calls))
					}
					if warm && rounds > p.rounds { // cold, Conditional Access and risk wait for their turn: one a second
						t.Errorf("%d rounds", rounds)
					}
					if reports > p.reports {
						t.Errorf("%d requests of the logs and reports", reports)
					}
					if s.Throttled() > 0 {
						t.Errorf("%d throttled", s.Throttled())
					}
					for _, e := range r.Entries() {
						if e.State == facts.Failed {
							t.Errorf("%s failed: %s", e.Name, e.Reason)
						}
					}
					t.Logf("%d requests, %d rounds, %d of the logs and reports%s", len(l.calls), rounds, reports, what)
				})
			})
		}
	}
}

// TestATrustIsThreeRequestsAway reads the trust of a child domain, where nothing but the correlation id is known.
func TestATrustIsThreeRequestsAway(t *testing.T) {
	const ida = "11111111-0000-4000-8000-000000000009"
	state := tenantfake.Demo(now)
	state.SignIns = append(state.SignIns, signIn(request, now.Add(-time.Minute), 50107, tenantfake.Object{"userId": ida, "userPrincipalName": "ida@emea.fabrikam.com"}))
	bubble(t, state, func(t *testing.T, _ *tenantfake.Server, l *line, tenant *graph.Tenant) {
		r := tenant.Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameUser, facts.NameDomain, facts.NameFederation}, Code: 50107, CorrelationID: correlation})
		if !r.Federation.OK() || r.Federation.Value.Domain != "fabrikam.com" || r.Subject.User != "ida@emea.fabrikam.com" {
			t.Errorf("federation %s %q, subject %+v", r.Federation.State, r.Federation.Reason, r.Subject)
		}
		for _, x := range l.calls {
			if x.round > mostRounds {
				t.Errorf("%s in round %d", x.what, x.round)
			}
		}
	})
}

// BenchmarkDiagnosis takes the time of a diagnosis with everything asked, over a network where every request takes the
// same. ratio is that time over the slowest chain of reads: three requests that wait for one another. What the caches hold
// for a quarter of an hour and longer is there.
func BenchmarkDiagnosis(b *testing.B) {
	for _, name := range []string{"person named", "correlation id alone"} {
		for _, takes := range []time.Duration{50 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond} {
			b.Run(fmt.Sprintf("%s/%s", strings.ReplaceAll(name, " ", "-"), takes), func(b *testing.B) {
				var all time.Duration
				n := 0
				for b.Loop() {
					all += oneDiagnosis(b, takes, pastes()[name].q)
					n++
				}
				b.ReportMetric(float64(all)/float64(n)/float64(mostRounds*takes), "ratio")
				b.ReportMetric(float64(all.Milliseconds())/float64(n), "ms/diagnosis")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// oneDiagnosis takes the time of one diagnosis, with a tenant and limits of its own.
func oneDiagnosis(b *testing.B, takes time.Duration, q facts.Query) time.Duration {
	s := tenantfake.NewAt(tenantfake.Demo(now), time.Now)
	defer s.Close()
	env := s.Env()
	cfg, err := graph.FromEnv(func(name string) string { return env[name] })
	if err != nil {
		b.Fatal(err)
	}
	cfg.RootCAs = s.CertPool()
	began := time.Now() // the clock goes on from now
	cfg.Clock = graph.Clock{Now: func() time.Time { return now.Add(time.Since(began)) }, After: time.After}
	tenant, err := graph.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer tenant.Close()
	tenant.Collect(b.Context(), facts.Query{Ask: slowFacts()})
	time.Sleep(1100 * time.Millisecond) // so that Conditional Access and risk may be asked again
	s.Break(tenantfake.Fault{Delay: takes})
	start := time.Now()
	r := tenant.Collect(b.Context(), q)
	took := time.Since(start)
	for _, e := range r.Entries() {
		if e.State == facts.Failed {
			b.Fatalf("%s failed: %s", e.Name, e.Reason)
		}
	}
	return took
}
