package graph_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// everything asks for all facts of a person of the demo.
func everything() facts.Query {
	return facts.Query{Ask: all, Code: 53003, User: "noah@contoso.com", CorrelationID: "8f4d2a6b-1e93-4b7c-8c25-6a9e0b7d3c02", Time: now.Add(-12 * time.Minute), PolicyIDs: []string{"d0000000-0000-4000-8000-000000000001"}, AppID: expenses, Resource: theGraph,
		Activities: []string{"Update conditional access policy"}}
}

// states are the states of a report's facts, by name.
func states(r facts.Report) map[facts.Name]facts.State {
	m := map[facts.Name]facts.State{}
	for _, e := range r.Entries() {
		m[e.Name] = e.State
	}
	return m
}

func TestEachMissingPermissionIsNamedAndCostsOnlyItsFacts(t *testing.T) {
	for permissions, c := range map[string]struct {
		facts []facts.Name
		also  []facts.Name // that hang on those
		other []facts.Name // lost to another of these permissions
	}{
		"AuditLog.Read.All":                  {facts: []facts.Name{facts.NameSignIn, facts.NameRecent, facts.NameSpread, facts.NameChanges}, also: []facts.Name{facts.NameDevice}},
		"UserAuthenticationMethod.Read.All":  {facts: []facts.Name{facts.NameMethods}},
		"Policy.Read.All":                    {facts: []facts.Name{facts.NamePolicies, facts.NameLocations, facts.NameDefaults, facts.NameMethodsPolicy, facts.NameStrengths, facts.NamePerUserMFA}},
		"IdentityRiskyUser.Read.All":         {facts: []facts.Name{facts.NameRisk}},
		"ServiceHealth.Read.All":             {facts: []facts.Name{facts.NameHealth}},
		"Device.Read.All Directory.Read.All": {facts: []facts.Name{facts.NameDevice}, other: []facts.Name{facts.NameConsent}},
		"LicenseAssignment.Read.All Organization.Read.All Directory.Read.All": {facts: []facts.Name{facts.NameLicences}, other: []facts.Name{facts.NameConsent, facts.NameOrganization}},
		"Organization.Read.All Directory.Read.All":                            {facts: []facts.Name{facts.NameOrganization}, other: []facts.Name{facts.NameConsent}},
		"IdentityProvider.Read.All":                                           {facts: []facts.Name{facts.NameProviders}},
		"Domain.Read.All Directory.Read.All":                                  {facts: []facts.Name{facts.NameDomain, facts.NameFederation}, other: []facts.Name{facts.NameConsent}},
		"User.Read.All Directory.Read.All":                                    {facts: []facts.Name{facts.NameUser}, also: []facts.Name{facts.NameMFA, facts.NameMethods, facts.NameRecent, facts.NamePerUserMFA, facts.NameAssignment, facts.NameGroups, facts.NameRisk, facts.NameGuest}, other: []facts.Name{facts.NameConsent}},
		"Directory.Read.All":                                                  {facts: []facts.Name{facts.NameConsent}},
		"Application.Read.All Directory.Read.All":                             {facts: []facts.Name{facts.NameApp, facts.NamePrincipal, facts.NameResource}, also: []facts.Name{facts.NameConsent, facts.NameAssignment}},
	} {
		t.Run(permissions, func(t *testing.T) {
			names := strings.Fields(permissions)
			s := serve(t, tenantfake.Demo(now)).Without(names...)
			r := connect(t, s).Collect(t.Context(), everything())
			for _, e := range entries(r) {
				lacks := false
				for _, n := range append(c.facts, c.also...) {
					lacks = lacks || n == e.Name
				}
				switch {
				case slices.Contains(c.other, e.Name):
				case lacks && (e.State != facts.NotPermitted || !strings.Contains(e.Reason, names[0])):
					t.Errorf("%s is %s %q", e.Name, e.State, e.Reason)
				case !lacks && e.State != facts.Seen && !absentOf(e.Name):
					t.Errorf("%s is %s %q, though nothing of it is missing", e.Name, e.State, e.Reason)
				}
			}
		})
	}
}

func TestFederationConfigurationHasAPermissionOfItsOwn(t *testing.T) {
	s := serve(t, tenantfake.Demo(now)).Without("Domain-InternalFederation.Read.All")
	r := connect(t, s).Collect(t.Context(), facts.Query{Ask: ofDomain, Domain: "fabrikam.com"})
	if f := r.Federation; f.State != facts.NotPermitted || !strings.Contains(f.Reason, "Domain-InternalFederation.Read.All") || !r.Domain.OK() {
		t.Errorf("%s %q, domain %s", f.State, f.Reason, r.Domain.State)
	}
}

func TestMissingLicenceIsNoMissingPermission(t *testing.T) {
	state := tenantfake.Demo(now)
	state.NoPremium = true
	r := connect(t, serve(t, state)).Collect(t.Context(), everything())
	for _, e := range entries(r) {
		switch e.Name {
		case facts.NameSignIn, facts.NameRecent, facts.NameSpread:
			if e.State != facts.NotLicensed || !strings.Contains(e.Reason, "Microsoft Entra ID P1") {
				t.Errorf("%s is %s %q", e.Name, e.State, e.Reason)
			}
		case facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameDomain, facts.NamePolicies, facts.NameProviders:
			if e.State != facts.Seen {
				t.Errorf("%s is %s %q, though it needs no licence", e.Name, e.State, e.Reason)
			}
		}
	}
}

// TestAnswersThatAreNone puts every odd answer in the place of Graph's.
func TestAnswersThatAreNone(t *testing.T) {
	message := func(code, text string) string { return `{"error":{"code":"` + code + `","message":"` + text + `"}}` }
	for name, c := range map[string]struct {
		fault tenantfake.Fault
		state facts.State
		says  string
	}{
		"403 with words of a licence":        {tenantfake.Fault{Status: 403, Body: message("Forbidden", "Your tenant is not licensed for this feature.")}, facts.NotLicensed, "the tenant lacks"},
		"400 with a licence in the code":     {tenantfake.Fault{Status: 400, Body: message("AadPremiumLicenseRequired", "x")}, facts.NotLicensed, "the tenant lacks"},
		"403 of Conditional Access":          {tenantfake.Fault{Status: 403, Body: message("AccessDenied", "required scopes are missing in the token.")}, facts.NotPermitted, "IdentityProvider.Read.All"},
		"403 without code":                   {tenantfake.Fault{Status: 403, Body: message("", "Request Authorization failed")}, facts.NotPermitted, "Request Authorization failed"},
		"403 with {}":                        {tenantfake.Fault{Status: 403, Body: `{}`}, facts.NotPermitted, "IdentityProvider.Read.All"},
		"403 with an error of null":          {tenantfake.Fault{Status: 403, Body: `{"error":null}`}, facts.NotPermitted, "IdentityProvider.Read.All"},
		"403 with an error that is a text":   {tenantfake.Fault{Status: 403, Body: `{"error":"no"}`}, facts.NotPermitted, "IdentityProvider.Read.All"},
		"403 with a list":                    {tenantfake.Fault{Status: 403, Body: `[]`}, facts.NotPermitted, "IdentityProvider.Read.All"},
		"500 with {}":                        {tenantfake.Fault{Status: 500, Body: `{}`}, facts.Failed, "status 500"},
		"502 as a web page":                  {tenantfake.Fault{Status: 502, Body: "<html><body>Bad gateway</body></html>", ContentType: "text/html"}, facts.Failed, "web page"},
		"404 as a web page":                  {tenantfake.Fault{Status: 404, Body: "<!DOCTYPE html>", ContentType: "text/html"}, facts.Failed, "web page"},
		"200 as a web page":                  {tenantfake.Fault{Status: 200, Body: "<html>Log in to the network</html>", ContentType: "text/html"}, facts.Failed, "web page"},
		"200 as a web page that says JSON":   {tenantfake.Fault{Status: 200, Body: "  <html></html>"}, facts.Failed, "web page"},
		"200 without a body":                 {tenantfake.Fault{Status: 200}, facts.Failed, "empty"},
		"403 without a body":                 {tenantfake.Fault{Status: 403}, facts.NotPermitted, "IdentityProvider.Read.All"},
		"200 cut short":                      {tenantfake.Fault{Status: 200, Body: `{"value":[{"id":"x"`}, facts.Failed, "cannot parse"},
		"200 with a value of another kind":   {tenantfake.Fault{Status: 200, Body: `{"value":"x"}`}, facts.Failed, "cannot parse"},
		"204":                                {tenantfake.Fault{Status: 204}, facts.Failed, "status 204"},
		"redirect":                           {tenantfake.Fault{Status: 302, Header: map[string]string{"Location": "https://elsewhere.example/"}}, facts.Failed, "status 302"},
		"401":                                {tenantfake.Fault{Status: 401, Body: message("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")}, facts.Failed, "Signpost's own token"},
		"401 with a broken claims challenge": {tenantfake.Fault{Status: 401, Header: map[string]string{"WWW-Authenticate": "Bearer claims=broken"}}, facts.Failed, "make sense"},
		"429 that asks for 10 minutes":       {tenantfake.Fault{Status: 429, Header: map[string]string{"Retry-After": "600"}, Body: message("TooManyRequests", "x")}, facts.Failed, "throttled"},
		"429 that asks for a date":           {tenantfake.Fault{Status: 429, Header: map[string]string{"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}}, facts.Failed, "throttled"},
		"429 again and again":                {tenantfake.Fault{Status: 429, Header: map[string]string{"Retry-After": "0"}, Body: "{}"}, facts.Failed, "throttled"},
		"503 that asks for 10 minutes":       {tenantfake.Fault{Status: 503, Header: map[string]string{"Retry-After": "600"}}, facts.Failed, "status 503"},
		"a message of many lines and bytes":  {tenantfake.Fault{Status: 400, Body: message("x", `a\nb\u0007`+strings.Repeat("long ", 500))}, facts.Failed, "a b long"},
		"a body of more than 8 MB":           {tenantfake.Fault{Status: 200, Body: `{"value":[],"x":"` + strings.Repeat("x", 9<<20) + `"}`}, facts.Failed, "longer than 8 MB"},
		"a next page on another host":        {tenantfake.Fault{Status: 200, Body: `{"value":[{"id":"x"}],"@odata.nextLink":"https://attacker.example/v1.0/x"}`}, facts.Failed, "refused to send to attacker.example"},
		"a next page that is no URL":         {tenantfake.Fault{Status: 200, Body: `{"value":[{"id":"x"}],"@odata.nextLink":"https://[::1"}`}, facts.Failed, "no URL"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.Demo(now))
			c.fault.Path = "v1.0/identity"
			s.Break(c.fault)
			r := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameProviders, facts.NameDomain}, Domain: "contoso.com"})
			if f := r.Providers; f.State != c.state || !strings.Contains(f.Reason, c.says) || f.Value != nil {
				t.Errorf("%s %q, want %s with %q", f.State, f.Reason, c.state, c.says)
			}
			if strings.ContainsAny(r.Providers.Reason, "\n\a") || len(r.Providers.Reason) > 400 {
				t.Errorf("the reason is no line: %q", r.Providers.Reason)
			}
			if !r.Domain.OK() {
				t.Errorf("another read was lost: domain %s %q", r.Domain.State, r.Domain.Reason)
			}
			if n := s.Count("identityProviders"); n > 3 {
				t.Errorf("%d attempts", n)
			}
		})
	}
}

// TestOddAnswersNeverPanic gives every read every odd body.
func TestOddAnswersNeverPanic(t *testing.T) {
	for _, body := range []string{`{}`, `null`, `[]`, `"x"`, `{"value":null}`, `{"value":[null]}`, `{"value":[{}]}`, `{"value":[{"@odata.type":7}]}`, `{"id":null,"identities":[null],"createdDateTime":"never"}`, `{"id":{},"value":{}}`} {
		for _, status := range []int{200, 400, 403, 404, 500} {
			s := serve(t, tenantfake.Demo(now))
			s.Break(tenantfake.Fault{Status: status, Body: body})
			r := connect(t, s).Collect(t.Context(), everything())
			for _, e := range entries(r) {
				if e.State == facts.NotAsked && e.Reason == "" {
					t.Errorf("%d %s: %s has no state", status, body, e.Name)
				}
				if e.State == facts.Seen && (status != 404 || e.Name != facts.NameConsent) { // nothing is granted to an app that is not there
					t.Errorf("%d %s: %s is seen: %+v", status, body, e.Name, e.Value)
				}
				if e.State != facts.Seen && e.Reason == "" {
					t.Errorf("%d %s: %s is %s without a reason", status, body, e.Name, e.State)
				}
			}
		}
	}
}

func TestAnUnreachableGraphIsSaidSo(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	tenant := connect(t, s)
	if f := tenant.Collect(t.Context(), aUser("ava@contoso.com")).User; !f.OK() { // so that a token is there
		t.Fatal(f.Reason)
	}
	s.Close()
	f := tenant.Collect(t.Context(), aUser("ben@contoso.com")).User
	if f.State != facts.Failed || !strings.Contains(f.Reason, "Graph could not be asked") || strings.Contains(f.Reason, "ben") {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}
