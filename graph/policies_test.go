package graph_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// policiesState is a tenant with one policy in force, one in report-only, and one with a control that no SDK knows.
func policiesState() tenantfake.State {
	policy := func(id, name, state string, grant tenantfake.Object) tenantfake.Object {
		return tenantfake.Object{"id": id, "displayName": name, "state": state, "createdDateTime": "2025-01-10T09:00:00Z", "modifiedDateTime": nil, "grantControls": grant}
	}
	return tenantfake.State{Other: map[string][]tenantfake.Object{"identity/conditionalAccess/policies": {
		policy("aaaaaaaa-0000-4000-8000-000000000001", "Block outside EU", "enabled", tenantfake.Object{"operator": "OR", "builtInControls": []string{"block"}}),
		policy("aaaaaaaa-0000-4000-8000-000000000002", "Pilot", "enabledForReportingButNotEnforced", tenantfake.Object{"operator": "OR", "builtInControls": []string{"mfa"}}),
		policy("aaaaaaaa-0000-4000-8000-000000000003", "New control", "enabled", tenantfake.Object{"operator": "AND", "builtInControls": []string{"somethingNew"}, "authenticationStrength": tenantfake.Object{"displayName": "Phishing-resistant MFA"}}),
		policy("aaaaaaaa-0000-4000-8000-000000000004", "Session only", "enabled", nil),
	}}}
}

func TestPoliciesThatAnErrorNames(t *testing.T) {
	const id = "aaaaaaaa-0000-4000-8000-00000000000"
	for name, c := range map[string]struct {
		ids  []string
		want facts.Policies
	}{
		"in force":                        {[]string{"AAAAAAAA-0000-4000-8000-000000000001"}, facts.Policies{Enforced: []string{"Block outside EU"}, Controls: []string{"block"}}},
		"report-only blocks nobody":       {[]string{id + "2"}, facts.Policies{NotInForce: []string{"Pilot"}}},
		"an unknown control is not block": {[]string{id + "3"}, facts.Policies{Enforced: []string{"New control"}, Controls: []string{"somethingNew", "authentication strength Phishing-resistant MFA"}}},
		"a policy without grant controls": {[]string{id + "4"}, facts.Policies{Enforced: []string{"Session only"}}},
		"another tenant's":                {[]string{"bbbbbbbb-0000-4000-8000-000000000001"}, facts.Policies{Missing: []string{"bbbbbbbb-0000-4000-8000-000000000001"}}},
		"several, in the message's order": {[]string{id + "2", id + "1"}, facts.Policies{Enforced: []string{"Block outside EU"}, NotInForce: []string{"Pilot"}, Controls: []string{"block"}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := connect(t, serve(t, policiesState())).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NamePolicies}, PolicyIDs: c.ids}).Policies
			if !f.OK() {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			got := *f.Value
			got.List = nil
			for _, list := range []*[]string{&got.Enforced, &got.NotInForce, &got.Controls, &got.Missing} {
				if *list == nil {
					t.Error("a list of a seen fact is nil, which would mean that Graph did not tell")
				}
				if len(*list) == 0 {
					*list = nil
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPoliciesAreReadOnceAndOnlyWhereNamed(t *testing.T) {
	s := serve(t, policiesState())
	tenant := connect(t, s)
	q := facts.Query{Ask: []facts.Name{facts.NamePolicies}}
	if f := tenant.Collect(t.Context(), q).Policies; f.State != facts.NotAsked || f.Reason == "" {
		t.Errorf("an error that names no policy: %s %q", f.State, f.Reason)
	}
	q.PolicyIDs = []string{"aaaaaaaa-0000-4000-8000-000000000001"}
	for range 5 {
		tenant.Collect(t.Context(), q)
	}
	if n := s.Count("conditionalAccess/policies"); n != 1 {
		t.Errorf("the policies were read %d times", n)
	}
	if s.Throttled() != 0 {
		t.Error("Graph's limit was met")
	}
}

func TestPoliciesNeedAPermission(t *testing.T) {
	s := serve(t, policiesState())
	s.Without("Policy.Read.All")
	f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NamePolicies}, PolicyIDs: []string{"x"}}).Policies
	if f.State != facts.NotPermitted {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}
