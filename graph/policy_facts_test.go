package graph_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// ofPolicies are the facts of the tenant's own policies, beside the Conditional Access policies.
var ofPolicies = []facts.Name{facts.NameLocations, facts.NameDefaults, facts.NameMethodsPolicy, facts.NameStrengths, facts.NamePerUserMFA}

func TestNamedLocationsAreRead(t *testing.T) {
	s := serve(t, tenantfake.State{PageSize: 2, Other: map[string][]tenantfake.Object{"identity/conditionalAccess/namedLocations": {
		{"@odata.type": "#microsoft.graph.countryNamedLocation", "id": "1", "displayName": "EU", "countriesAndRegions": []string{"PT", "DE"}, "countryLookupMethod": "clientIpAddress", "includeUnknownCountriesAndRegions": true},
		{"@odata.type": "#microsoft.graph.countryNamedLocation", "id": "2", "displayName": "By phone", "countriesAndRegions": []string{"PT"}, "countryLookupMethod": "authenticatorAppGps", "includeUnknownCountriesAndRegions": nil},
		{"@odata.type": "#microsoft.graph.ipNamedLocation", "id": "3", "displayName": "HQ", "isTrusted": true, "ipRanges": []tenantfake.Object{
			{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/24"}, {"@odata.type": "#microsoft.graph.iPv6CidrRange", "cidrAddress": "2001:db8::/32"},
			{"@odata.type": "#microsoft.graph.iPv4Range", "lowerAddress": "198.51.100.1", "upperAddress": "198.51.100.9"}, {"@odata.type": "#microsoft.graph.somethingNew"}}},
		{"@odata.type": "#microsoft.graph.compliantNetworkNamedLocation", "id": "4", "displayName": nil, "isTrusted": nil},
	}}})
	f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameLocations}}).Locations
	want := []facts.Location{
		{ID: "1", Name: "EU", Kind: "country", Countries: []string{"PT", "DE"}, Unknown: true},
		{ID: "2", Name: "By phone", Kind: "country", Countries: []string{"PT"}, GPS: true},
		{ID: "3", Name: "HQ", Kind: "ip", Trusted: true, Ranges: []string{"192.0.2.0/24", "2001:db8::/32", "198.51.100.1-198.51.100.9", "unknown"}},
		{ID: "4", Name: "4", Kind: "compliantNetwork"},
	}
	if !f.OK() {
		t.Fatalf("%s %q", f.State, f.Reason)
	}
	if diff := cmp.Diff(want, f.Value.List); diff != "" {
		t.Error(diff)
	}
}

func TestSecurityDefaultsAreReadOrUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		state facts.State
		on    bool
	}{
		"on":         {`{"id":"x","isEnabled":true}`, facts.Seen, true},
		"off":        {`{"id":"x","isEnabled":false}`, facts.Seen, false},
		"not told":   {`{"id":"x"}`, facts.Failed, false},
		"null":       {`{"id":"x","isEnabled":null}`, facts.Failed, false},
		"not a bool": {`{"id":"x","isEnabled":"yes"}`, facts.Failed, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{})
			s.Break(tenantfake.Fault{Path: "v1.0/policies/identitySecurityDefaultsEnforcementPolicy", Status: 200, Body: c.body})
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameDefaults}}).Defaults
			if f.State != c.state || f.OK() && f.Value.Enabled != c.on {
				t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
			}
		})
	}
}

func TestTheMethodsPolicyIsRead(t *testing.T) {
	config := func(kind, id, state, include string) string {
		return `{"@odata.type":"#microsoft.graph.` + kind + `AuthenticationMethodConfiguration","id":"` + id + `","state":"` + state + `","includeTargets":` + include + `,"excludeTargets":[{"targetType":"group","id":"g-2"}]}`
	}
	const all = `[{"targetType":"group","id":"all_users","isRegistrationRequired":false}]`
	const none, group = `[]`, `[{"targetType":"group","id":"g-1"}]`
	policy := func(migration string, configs ...string) string {
		return `{"id":"authenticationMethodsPolicy","policyMigrationState":` + migration + `,"authenticationMethodConfigurations":[` + strings.Join(configs, ",") + `]}`
	}
	read := func(t *testing.T, body string) facts.Fact[facts.MethodsPolicy] {
		s := serve(t, tenantfake.State{})
		s.Break(tenantfake.Fault{Path: "v1.0/policies/authenticationMethodsPolicy", Status: 200, Body: body})
		return connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameMethodsPolicy}}).MethodsPolicy
	}
	f := read(t, policy(`"migrationComplete"`,
		config("sms", "Sms", "disabled", all), config("voice", "Voice", "enabled", group), config("microsoftAuthenticator", "MicrosoftAuthenticator", "enabled", all),
		config("fido2", "Fido2", "disabled", all), config("hardwareOath", "HardwareOath", "disabled", `null`), config("x509Certificate", "X509Certificate", "enabled", none),
		config("temporaryAccessPass", "TemporaryAccessPass", "enabled", all), config("softwareOath", "SoftwareOath", "somethingNew", all),
		config("external", "5b0c2e7d-0000-4000-8000-000000000001", "enabled", all), config("qrCodePin", "QRCodePin", "disabled", all), config("hologram", "Hologram", "enabled", all), config("email", "Email", "enabled", all)))
	if !f.OK() {
		t.Fatalf("%s %q", f.State, f.Reason)
	}
	if diff := cmp.Diff([]string{"phone", "authenticator", "x509Certificate", "temporary_access_pass", "external", "hologram", "email"}, f.Value.Enabled); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"fido2", "hardwareOath", "qrCodePin"}, f.Value.Disabled); diff != "" {
		t.Error(diff)
	}
	want := []facts.MethodConfig{
		{ID: "Sms", Kind: "phone", State: "disabled", Targets: []string{"all_users"}, Exclude: []string{"g-2"}},
		{ID: "Voice", Kind: "phone", State: "enabled", Targets: []string{"g-1"}, Exclude: []string{"g-2"}},
	}
	if diff := cmp.Diff(want, f.Value.Configs[:2]); diff != "" {
		t.Error(diff)
	}
	if c := f.Value.Configs; c[4].Targets != nil || c[5].Targets == nil || len(c[5].Targets) != 0 {
		t.Errorf("targets that were not told %v, and none %v", c[4].Targets, c[5].Targets)
	}
	if f.Value.Migration != "migrationComplete" {
		t.Errorf("migration %q", f.Value.Migration)
	}
	for state, says := range map[string]string{`"migrationInProgress"`: "migrationInProgress: the older settings", `"preMigration"`: "preMigration: the older settings", `null`: "not told: the older settings"} {
		if f := read(t, policy(state, config("sms", "Sms", "enabled", all))); !f.OK() || !strings.HasPrefix(f.Value.Migration, says) {
			t.Errorf("%s: %+v", state, f.Value)
		}
	}
	for _, body := range []string{`{}`, `{"id":"x"}`, policy(`null`, `null`), policy(`null`, `{}`), `{"authenticationMethodConfigurations":{}}`} {
		if f := read(t, body); f.State != facts.Failed {
			t.Errorf("%s is %s %+v", body, f.State, f.Value)
		}
	}
}

func TestStrengthsAreReadWithWhatTheyLimit(t *testing.T) {
	s := serve(t, tenantfake.State{Other: map[string][]tenantfake.Object{"policies/authenticationStrengthPolicies": {
		{"id": "00000000-0000-0000-0000-000000000004", "displayName": "Phishing-resistant MFA", "policyType": "builtIn", "allowedCombinations": []string{"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"}},
		{"id": "c", "displayName": "Our keys", "policyType": "custom", "allowedCombinations": []any{"fido2", nil, "telepathy,password"},
			"combinationConfigurations": []tenantfake.Object{{"@odata.type": "#microsoft.graph.fido2CombinationConfiguration", "appliesToCombinations": []string{"fido2"}, "allowedAAGUIDs": []string{"x"}}}},
		{"id": "e", "displayName": nil, "policyType": nil, "allowedCombinations": nil},
	}}})
	f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameStrengths}}).Strengths
	want := []facts.Strength{
		{ID: "00000000-0000-0000-0000-000000000004", Name: "Phishing-resistant MFA", Type: "builtIn", Allowed: []string{"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"}},
		{ID: "c", Name: "Our keys", Type: "custom", Allowed: []string{"fido2", "telepathy,password"}, Limited: []string{"fido2"}},
		{ID: "e", Name: "e", Allowed: []string{}},
	}
	if !f.OK() {
		t.Fatalf("%s %q", f.State, f.Reason)
	}
	if diff := cmp.Diff(want, f.Value.List); diff != "" {
		t.Error(diff)
	}
}

func TestPerUserMFAIsReadFromBeta(t *testing.T) {
	for name, c := range map[string]struct {
		more  tenantfake.Object
		fault tenantfake.Fault
		state facts.State
		want  string
	}{
		"disabled":         {state: facts.Seen, want: "disabled"},
		"enforced":         {more: tenantfake.Object{"perUserMfaState": "enforced"}, state: facts.Seen, want: "enforced"},
		"a value that new": {more: tenantfake.Object{"perUserMfaState": "sometimes"}, state: facts.Seen, want: "sometimes"},
		"not told":         {fault: tenantfake.Fault{Status: 200, Body: `{"perUserMfaState":null}`}, state: facts.Failed},
		"gone":             {fault: tenantfake.Fault{Status: 404, Body: `{"error":{"code":"Request_ResourceNotFound","message":"x"}}`}, state: facts.Absent},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{Users: []tenantfake.Object{person(id1, "a@contoso.com", c.more)}})
			if c.fault.Status != 0 {
				c.fault.Path = "beta/users"
				s.Break(c.fault)
			}
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NamePerUserMFA}, User: "a@contoso.com"}).PerUserMFA
			if f.State != c.state || f.OK() && f.Value.State != c.want {
				t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
			}
		})
	}
}

func TestPoliciesOfTheTenantNeedAPermissionEach(t *testing.T) {
	for name, c := range map[string]struct {
		grant []string // in place of Policy.Read.All
		lacks []facts.Name
	}{
		"nothing":                      {nil, ofPolicies},
		"the narrower one for methods": {[]string{"Policy.Read.AuthenticationMethod"}, []facts.Name{facts.NameLocations, facts.NameDefaults, facts.NamePerUserMFA}},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenantfake.Demo(now)
			for _, p := range tenantfake.AllPermissions() {
				if p != "Policy.Read.All" {
					state.Permissions = append(state.Permissions, p)
				}
			}
			state.Permissions = append(state.Permissions, c.grant...)
			r := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: ofPolicies, User: "noah@contoso.com"})
			for _, n := range ofPolicies {
				e, _ := r.Entry(n)
				lacks := false
				for _, l := range c.lacks {
					lacks = lacks || l == n
				}
				if lacks != (e.State == facts.NotPermitted) || lacks && !strings.Contains(e.Reason, "Policy.Read.All") || !lacks && e.State != facts.Seen {
					t.Errorf("%s is %s %q", n, e.State, e.Reason)
				}
			}
		})
	}
}

// TestPoliciesAndLocationsAreTwoReadsForManyPeople counts what Graph limits to one request a second.
func TestPoliciesAndLocationsAreTwoReadsForManyPeople(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	tenant := connect(t, s)
	for _, who := range []string{"noah@contoso.com", "mia@contoso.com", "ava@contoso.com"} {
		r := tenant.Collect(t.Context(), facts.Query{Ask: append([]facts.Name{facts.NamePolicies}, ofPolicies...), User: who, PolicyIDs: []string{"d0000000-0000-4000-8000-000000000001"}})
		if !r.Policies.OK() || !r.Locations.OK() || !r.Strengths.OK() {
			t.Fatalf("%s %q, %s %q", r.Policies.State, r.Policies.Reason, r.Locations.State, r.Locations.Reason)
		}
	}
	if n := s.Count("conditionalAccess"); n != 2 {
		t.Errorf("%d requests for policies and locations", n)
	}
	for _, path := range []string{"authenticationStrengthPolicies", "authenticationMethodsPolicy", "identitySecurityDefaultsEnforcementPolicy"} {
		if s.Count(path) != 1 {
			t.Errorf("%d requests for %s", s.Count(path), path)
		}
	}
	if s.Throttled() != 0 {
		t.Error("Graph's limit was met")
	}
}
