package graph_test

import (
	"testing"
	"time"

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
			all := *f.Value
			got := facts.Policies{Enforced: all.Enforced, NotInForce: all.NotInForce, Controls: all.Controls, Missing: all.Missing}
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

func TestPoliciesAreReadOnce(t *testing.T) {
	s := serve(t, policiesState())
	tenant := connect(t, s)
	q := facts.Query{Ask: []facts.Name{facts.NamePolicies}}
	if f := tenant.Collect(t.Context(), q).Policies; !f.OK() || f.Value.Count != 4 || f.Value.List != nil || f.Value.Enforced != nil {
		t.Errorf("an error that names no policy, without a sign-in row: %s %q %+v", f.State, f.Reason, f.Value)
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

// TestAPolicyThatWasMadeSinceIsFound lets everybody ask about a policy that is newer than what is kept.
func TestAPolicyThatWasMadeSinceIsFound(t *testing.T) {
	const made = "aaaaaaaa-0000-4000-8000-000000000009"
	for name, c := range map[string]struct {
		after   time.Duration
		made    bool
		broken  bool
		reads   int
		missing bool
	}{
		"minutes later":                    {after: 5 * time.Minute, made: true, reads: 2},
		"minutes later, and not to be had": {after: 5 * time.Minute, made: true, broken: true, reads: 2, missing: true},
		"another tenant's policy":          {after: 5 * time.Minute, reads: 2, missing: true},
		"at once: not worth another read":  {after: 10 * time.Second, made: true, reads: 1, missing: true},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newJump()
			s := tenantfake.NewAt(policiesState(), clock.Now)
			t.Cleanup(s.Close)
			tenant := connect(t, s, clock.use)
			q := facts.Query{Ask: []facts.Name{facts.NamePolicies}, PolicyIDs: []string{"aaaaaaaa-0000-4000-8000-000000000001"}}
			tenant.Collect(t.Context(), q)
			if c.made {
				s.Change(func(state *tenantfake.State) {
					const path = "identity/conditionalAccess/policies"
					state.Other[path] = append(state.Other[path], tenantfake.Object{"id": made, "displayName": "Brand new", "state": "enabled"})
				})
			}
			if c.broken {
				s.Break(tenantfake.Fault{Path: "v1.0/identity", Status: 500, Body: "{}"})
			}
			<-clock.After(c.after)
			q.PolicyIDs = []string{made}
			for range 3 {
				f := tenant.Collect(t.Context(), q).Policies
				if !f.OK() || len(f.Value.Missing) > 0 != c.missing {
					t.Fatalf("%s %q %+v", f.State, f.Reason, f.Value)
				}
				if c.broken {
					break
				}
			}
			if n := s.Count("conditionalAccess/policies"); n != c.reads {
				t.Errorf("%d reads, want %d", n, c.reads)
			}
		})
	}
}

func TestPoliciesInWords(t *testing.T) {
	type words struct {
		Controls, Conditions []string
		Frequency, Strength  string
		Satisfy              []string
	}
	is := func(w ...string) []string { return w }
	for name, c := range map[string]struct {
		conditions, grant, session string
		want                       words
	}{
		"nothing": {`null`, `null`, `null`, words{}},
		"every known control": {`{}`, `{"operator":"AND","builtInControls":["mfa","compliantDevice"],"customAuthenticationFactors":["x"],"termsOfUse":["y"],"authenticationStrength@odata.context":"…","authenticationStrength":{"id":"s","displayName":"Ours","allowedCombinations":["fido2"]}}`, `null`,
			words{Controls: is("mfa", "compliantDevice", "authentication strength Ours", "terms of use", "custom control"), Strength: "Ours",
				Satisfy: is("multifactor authentication, a compliant device, authentication strength Ours, accepting the terms of use and the custom control")}},
		"a strength without a name":                {`{}`, `{"operator":"OR","authenticationStrength":{"id":"s-1","displayName":null}}`, `null`, words{Controls: is("authentication strength s-1"), Satisfy: is("authentication strength s-1")}},
		"a control that the API learnt":            {`{}`, `{"operator":"OR","builtInControls":["riskRemediation"]}`, `null`, words{Controls: is("riskRemediation"), Satisfy: is("riskRemediation")}},
		"a kind of control that is new":            {`{}`, `{"operator":"OR","builtInControls":[],"verifiedId":{"profile":"x"},"other":null,"empty":{}}`, `null`, words{Controls: is(`verifiedId {"profile":"x"}`), Satisfy: is(`verifiedId {"profile":"x"}`)}},
		"controls of another type":                 {`{}`, `{"operator":"OR","builtInControls":7}`, `null`, words{Controls: is("builtInControls 7"), Satisfy: is("builtInControls 7")}},
		"grant controls that are no object":        {`{}`, `"x"`, `null`, words{Controls: is(`unreadable "x"`), Satisfy: is(`unreadable "x"`)}},
		"sign-in frequency":                        {`{}`, `null`, `{"signInFrequency":{"value":7,"type":"days","frequencyInterval":"timeBased","authenticationType":"primaryAndSecondaryAuthentication","isEnabled":true},"cloudAppSecurity":{"isEnabled":true,"cloudAppSecurityType":"monitorOnly"}}`, words{Frequency: "every 7 days", Satisfy: is("signing in again (sign-in frequency: every 7 days)")}},
		"sign-in frequency every time":             {`{}`, `{"operator":"OR","builtInControls":["mfa"]}`, `{"signInFrequency":{"value":null,"type":null,"frequencyInterval":"everyTime","isEnabled":true}}`, words{Controls: is("mfa"), Frequency: "every time", Satisfy: is("multifactor authentication")}},
		"of the second factor":                     {`{}`, `null`, `{"signInFrequency":{"value":1,"type":"hours","authenticationType":"secondaryAuthentication","isEnabled":true}}`, words{Frequency: "every hour, of the second factor", Satisfy: is("signing in again (sign-in frequency: every hour, of the second factor)")}},
		"sign-in frequency that is off":            {`{}`, `null`, `{"signInFrequency":{"value":7,"type":"days","isEnabled":false},"newThing":{"isEnabled":false,"id":"x"}}`, words{}},
		"token protection and what is new":         {`{}`, `null`, `{"secureSignInSession":{"isEnabled":true},"continuousAccessEvaluation":{"mode":"strictLocation"},"networkTag":{"isEnabled":true}}`, words{Controls: is("token protection", "continuous access evaluation strictLocation", `session control networkTag {"isEnabled":true}`), Satisfy: is(`token protection, continuous access evaluation strictLocation and session control networkTag {"isEnabled":true}`)}},
		"one control of two, and token protection": {`{}`, `{"operator":"OR","builtInControls":["mfa","compliantDevice"]}`, `{"secureSignInSession":{"isEnabled":true}}`, words{Controls: is("mfa", "compliantDevice", "token protection"), Satisfy: is("multifactor authentication or a compliant device, and token protection")}},
		"conditions that narrow nothing":           {`{"clientAppTypes":["all"],"platforms":{"includePlatforms":["all"],"excludePlatforms":[]},"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]},"locations":{"includeLocations":["All"],"excludeLocations":[]},"signInRiskLevels":[],"devices":null,"times":null,"insiderRiskLevels":null}`, `null`, `null`, words{}},
		"flags in one text":                        {`{"insiderRiskLevels":"minor,elevated","authenticationFlows":{"transferMethods":"deviceCodeFlow,authenticationTransfer"}}`, `null`, `null`, words{Conditions: is("insider risk: minor or elevated", "authentication flow: device code or authentication transfer")}},
		"a condition that is new":                  {`{"agentIdRiskLevels":"high","users":{"includeUsers":["All"],"includeAgents":["x"]}}`, `null`, `null`, words{Conditions: is(`a condition that Signpost does not know: users.includeAgents ["x"]`, `a condition that Signpost does not know: agentIdRiskLevels "high"`)}},
		"a condition of another type":              {`{"locations":"everywhere","platforms":{"includePlatforms":{"a":1}}}`, `null`, `null`, words{Conditions: is(`a condition that Signpost does not know: locations`, `a condition that Signpost does not know: platforms.includePlatforms {"a":1}`)}},
		"conditions that are no object":            {`[1]`, `null`, `null`, words{Conditions: is("a condition that Signpost does not know: conditions that cannot be read")}},
		"lists with nulls":                         {`{"userRiskLevels":[null,"high",""]}`, `{"builtInControls":[null,"mfa"]}`, `null`, words{Controls: is("mfa"), Conditions: is("user risk: high"), Satisfy: is("multifactor authentication")}},
		"service principals and their risk":        {`{"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"excludeServicePrincipals":["x"]},"servicePrincipalRiskLevels":["high"]}`, `null`, `null`, words{Conditions: is("service principals: ServicePrincipalsInMyTenant", "service principal risk: high")}},
		"a filter of devices and one of apps":      {`{"devices":{"deviceFilter":{"mode":"exclude","rule":"device.isCompliant -eq True"}},"applications":{"includeApplications":[],"applicationFilter":{"mode":"include","rule":"x -eq 1"}}}`, `null`, `null`, words{Conditions: is("app: those where x -eq 1", "device filter: all devices but those where device.isCompliant -eq True")}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{})
			s.Break(tenantfake.Fault{Path: "v1.0/identity/conditionalAccess/policies", Status: 200,
				Body: `{"value":[{"id":"p","displayName":"P","state":"enabled","conditions":` + c.conditions + `,"grantControls":` + c.grant + `,"sessionControls":` + c.session + `}]}`})
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NamePolicies}, PolicyIDs: []string{"p"}}).Policies
			if !f.OK() {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			p := f.Value.List[0]
			got := words{p.Controls, f.Value.Conditions, p.Frequency, p.Strength, f.Value.Satisfy}
			for _, list := range []*[]string{&got.Controls, &got.Conditions, &got.Satisfy} {
				if len(*list) == 0 {
					*list = nil
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if *f.Value.Blocks {
				t.Error("it reads as a block")
			}
			if diff := cmp.Diff(p.Conditions, f.Value.Tenant[0].Conditions); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGuestsOfAPolicy(t *testing.T) {
	guests := func(types, kind string) string {
		return `{"guestOrExternalUserTypes":"` + types + `","externalTenants":{"@odata.type":"#microsoft.graph.conditionalAccessAllExternalTenants","membershipKind":"` + kind + `"}}`
	}
	const every = "internalGuest,b2bCollaborationGuest,b2bCollaborationMember,b2bDirectConnectUser,otherExternalUser,serviceProvider"
	for name, c := range map[string]struct {
		users      string
		yes, known bool
	}{
		"all of them":         {`{"includeGuestsOrExternalUsers":` + guests(every, "all") + `}`, true, true},
		"some tenants' only":  {`{"includeGuestsOrExternalUsers":` + guests(every, "enumerated") + `}`, false, false},
		"some kinds only":     {`{"includeGuestsOrExternalUsers":` + guests("serviceProvider", "all") + `}`, false, false},
		"all but all of them": {`{"includeUsers":["All"],"excludeGuestsOrExternalUsers":` + guests(every, "all") + `}`, false, true},
		"none of them":        {`{"includeUsers":["u-2"],"includeGuestsOrExternalUsers":null}`, false, true},
		"of another type":     {`{"includeUsers":["All"],"excludeGuestsOrExternalUsers":7}`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{})
			s.Break(tenantfake.Fault{Path: "v1.0/identity/conditionalAccess/policies", Status: 200,
				Body: `{"value":[{"id":"p","state":"enabled","conditions":{"applications":{"includeApplications":["All"]},"users":` + c.users + `}}]}`})
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NamePolicies}}).Policies
			if !f.OK() {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			if yes, known := f.Value.Tenant[0].AppliesTo("u-1", facts.Groups{}, true, "a"); yes != c.yes || known != c.known {
				t.Errorf("applies %v, known %v", yes, known)
			}
		})
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
