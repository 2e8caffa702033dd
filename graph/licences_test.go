package graph_test

import (
	"strings"
	"testing"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

func TestLicences(t *testing.T) {
	sku := func(status, plan, provisioned string) string {
		return `{"value":[{"id":"t_s","capabilityStatus":"` + status + `","servicePlans":[{"servicePlanId":"` + plan + `","provisioningStatus":"` + provisioned + `"}]}]}`
	}
	const p1, p2 = "41781FB2-BC02-4b7c-bd55-b576c07bb09d", "eec0eb4f-6444-4f95-aba0-50c24d67f998"
	for name, c := range map[string]struct {
		body string
		want facts.Licences
	}{
		"P1":                           {sku("Enabled", p1, "Success"), facts.Licences{P1: true}},
		"P2 holds P1":                  {sku("Enabled", p2, "Success"), facts.Licences{P1: true, P2: true}},
		"one that is over still works": {sku("Warning", p1, "Success"), facts.Licences{P1: true}},
		"one that is suspended":        {sku("Suspended", p1, "Success"), facts.Licences{}},
		"one that is switched off":     {sku("Enabled", p1, "Disabled"), facts.Licences{}},
		"another plan":                 {sku("Enabled", "00000000-0000-4000-8000-000000000001", "Success"), facts.Licences{}},
		"none bought":                  {`{"value":[]}`, facts.Licences{}},
		"plans of null":                {`{"value":[{"id":"t_s","servicePlans":null}]}`, facts.Licences{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{})
			s.Break(tenantfake.Fault{Path: "v1.0/subscribedSkus", Status: 200, Body: c.body})
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameLicences}}).Licences
			if !f.OK() || *f.Value != c.want {
				t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
			}
		})
	}
	for name, c := range map[string]struct {
		change func(*tenantfake.State)
		want   facts.Licences
	}{
		"the fake has both":    {func(*tenantfake.State) {}, facts.Licences{P1: true, P2: true}},
		"the fake without P2":  {func(s *tenantfake.State) { s.NoP2 = true }, facts.Licences{P1: true}},
		"the fake without any": {func(s *tenantfake.State) { s.NoPremium = true }, facts.Licences{}},
	} {
		state := tenantfake.State{}
		c.change(&state)
		if f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameLicences}}).Licences; !f.OK() || *f.Value != c.want {
			t.Errorf("%s: %s %q %+v", name, f.State, f.Reason, f.Value)
		}
	}
	s := serve(t, tenantfake.State{Permissions: []string{"User.Read.All"}})
	if f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameLicences}}).Licences; f.State != facts.NotPermitted || !strings.Contains(f.Reason, "LicenseAssignment.Read.All") {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}
