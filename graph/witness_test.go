package graph_test

import (
	"strings"
	"testing"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

func TestRealmIsAWitnessBesideGraph(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	tenant := connect(t, s)
	for domain, want := range map[string]facts.Realm{
		"contoso.com":       {Kind: "Managed", Domain: "contoso.com"},
		"fabrikam.com":      {Kind: "Federated", Domain: "fabrikam.com", SignInURL: "https://sts.fabrikam.com/adfs/ls/"},
		"elsewhere.example": {Kind: "Unknown"},
	} {
		f := tenant.Realm(t.Context(), domain)
		if !f.OK() || f.Value.Kind != want.Kind || f.Value.Domain != want.Domain || f.Value.SignInURL != want.SignInURL || !f.ReadAt.Equal(now) {
			t.Errorf("%s: %s %q %+v", domain, f.State, f.Reason, f.Value)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("Graph was asked %d times", n)
	}
}

func TestARealmThatDoesNotAnswerIsAFactToo(t *testing.T) {
	tenant := connect(t, serve(t, tenantfake.Demo(now)), func(c *graph.Config) { c.AuthorityHost = "https://127.0.0.1:1" })
	if f := tenant.Realm(t.Context(), "fabrikam.com"); f.State != facts.Failed || !strings.Contains(f.Reason, "refused") {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}

func TestEndpointsOfATrustAreLookedAt(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	all := connect(t, s).Endpoints(t.Context(), facts.Federation{PassiveURI: s.URL + "/adfs/ls/", ActiveURI: s.URL + "/adfs/services/trust/2005/usernamemixed"})
	if len(all) != 1 || all[0].State != facts.EndpointOK || len(all[0].Uses) != 2 {
		t.Errorf("%+v", all)
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}
