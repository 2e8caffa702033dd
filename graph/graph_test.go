package graph_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// now is the time of every test that does not care.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// serve starts a fake tenant that goes by now.
func serve(t *testing.T, state tenantfake.State) *tenantfake.Server {
	t.Helper()
	clock := newJump()
	s := tenantfake.NewAt(state, clock.Now)
	clocks.Store(s, clock)
	t.Cleanup(func() { s.Close(); clocks.Delete(s) })
	return s
}

// clocks has the clock of each fake tenant, for the client: a throttled client that waits by another clock waits for ever.
var clocks sync.Map

// connect points the real client at the fake tenant. At the end of the test nothing may have been asked that a reader does
// not ask, and nothing of the tenant may stand in the log.
func connect(t *testing.T, s *tenantfake.Server, change ...func(*graph.Config)) *graph.Tenant {
	t.Helper()
	env := s.Env()
	cfg, err := graph.FromEnv(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	cfg.RootCAs = s.CertPool()
	if clock, ok := clocks.Load(s); ok {
		clock.(*jump).use(&cfg)
	}
	cfg.Metadata = map[string]string{"fabrikam.com": s.URL + tenantfake.MetadataPath} // the demo's sts.fabrikam.com is nowhere
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
	facts.NameSignIn, facts.NameRecent, facts.NameSpread, facts.NamePolicies, facts.NameLocations, facts.NameProviders,
	facts.NameDefaults, facts.NameMethodsPolicy, facts.NameStrengths, facts.NamePerUserMFA,
	facts.NameApp, facts.NamePrincipal, facts.NameResource, facts.NameConsent, facts.NameAssignment, facts.NameGroups,
	facts.NameDevice, facts.NameRisk, facts.NameGuest, facts.NameChanges, facts.NameHealth, facts.NameLicences, facts.NameOrganization,
}

// entries are those of every fact that all asks for.
func entries(r facts.Report) []facts.Entry {
	return slices.DeleteFunc(r.Entries(), func(e facts.Entry) bool { return !slices.Contains(all, e.Name) })
}

// absentOf reports whether a member of a managed domain has none of a fact.
func absentOf(n facts.Name) bool { return n == facts.NameFederation || n == facts.NameGuest }
