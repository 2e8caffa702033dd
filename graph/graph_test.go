package graph_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// now is the time of every test that does not care.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func at(t time.Time) graph.Clock { return graph.Clock{Now: func() time.Time { return t }} }

// serve starts a fake tenant that goes by now.
func serve(t *testing.T, state tenantfake.State) *tenantfake.Server {
	t.Helper()
	s := tenantfake.NewAt(state, func() time.Time { return now })
	t.Cleanup(s.Close)
	return s
}

// connect points the real client at the fake tenant. At the end of the test nothing may have been asked that a reader does
// not ask, and nothing of the tenant may stand in the log.
func connect(t *testing.T, s *tenantfake.Server, change ...func(*graph.Config)) *graph.Tenant {
	t.Helper()
	env := s.Env()
	cfg, err := graph.FromEnv(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	cfg.RootCAs, cfg.Clock = s.CertPool(), at(now)
	for _, c := range change {
		c(&cfg)
	}
	var log bytes.Buffer
	tenant, err := graph.New(cfg, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		tenant.Close()
		for _, secret := range []string{env["AZURE_CLIENT_SECRET"], "contoso.com", "Bearer"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("the log holds %q: %s", secret, log.String())
			}
		}
		if v := s.Violations(); len(v) > 0 {
			t.Errorf("a reader asked for %q", v)
		}
	})
	return tenant
}

// all asks for every fact.
var all = []facts.Name{
	facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameDomain, facts.NameFederation,
	facts.NameSignIn, facts.NameRecent, facts.NameSpread, facts.NamePolicies, facts.NameProviders,
}
