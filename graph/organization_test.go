package graph_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

func TestTheTenantItself(t *testing.T) {
	ask := facts.Query{Ask: []facts.Name{facts.NameOrganization}, Tenant: "contoso.com"}
	const id = `"id":"7E2A9D10-5c1b-4c57-9b1e-3f0c0f6a1e01"`
	for name, c := range map[string]struct {
		body  string
		state facts.State
		want  facts.Organization
	}{
		"everything is told": {
			`{"value":[{` + id + `,"displayName":"Contoso","tenantType":"AAD","verifiedDomains":[{"name":"Contoso.com"},{"name":"contoso.onmicrosoft.com"}],"onPremisesSyncEnabled":true,"onPremisesLastSyncDateTime":"2026-11-24T11:00:00+01:00"}]}`,
			facts.Seen, facts.Organization{
				ID: tenantfake.DemoTenant, Name: "Contoso", Type: "AAD", Domains: []string{"contoso.com", "contoso.onmicrosoft.com"}, Synced: ptr(true),
				LastSync: ptr(now.Add(-2 * 3600e9)), Matches: ptr(true),
			},
		},
		"never synchronised":   {`{"value":[{` + id + `,"verifiedDomains":[],"onPremisesSyncEnabled":null}]}`, facts.Seen, facts.Organization{ID: tenantfake.DemoTenant, Domains: []string{}, Synced: ptr(false), Matches: ptr(false)}},
		"domains are not told": {`{"value":[{` + id + `,"verifiedDomains":null}]}`, facts.Seen, facts.Organization{ID: tenantfake.DemoTenant, Synced: ptr(false)}},
		"an empty list":        {`{"value":[]}`, facts.Failed, facts.Organization{}},
		"one without an id":    {`{"value":[{"displayName":"Contoso"}]}`, facts.Failed, facts.Organization{}},
		"something else":       {`{"value":[null]}`, facts.Failed, facts.Organization{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{})
			s.Break(tenantfake.Fault{Path: "v1.0/organization", Status: 200, Body: c.body})
			f := connect(t, s).Collect(t.Context(), ask).Organization
			if f.State != c.state {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			if f.State == facts.Seen {
				if diff := cmp.Diff(c.want, *f.Value); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	demo := connect(t, serve(t, tenantfake.Demo(now))).Collect(t.Context(), ask).Organization
	if !demo.OK() || demo.Value.Name != "Contoso" || demo.Value.Matches == nil || !*demo.Value.Matches || demo.Value.LastSync == nil {
		t.Errorf("%s %q %+v", demo.State, demo.Reason, demo.Value)
	}
	s := serve(t, tenantfake.State{Permissions: []string{"User.Read.All"}})
	if f := connect(t, s).Collect(t.Context(), ask).Organization; f.State != facts.NotPermitted || !strings.Contains(f.Reason, "Organization.Read.All") {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}
