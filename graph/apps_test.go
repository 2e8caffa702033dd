package graph_test

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// Ids of the demo tenant.
const (
	expenses     = "0c9d8e7f-6a5b-4c3d-8e2f-1a0b9c8d7e6f" // an app of this tenant
	expensesHere = "22222222-0000-4000-8000-000000000002" // its service principal
	board        = "9b8a7c6d-5e4f-4a3b-9c2d-1e0f8a7b6c5d" // an app of another tenant
	theGraph     = "00000003-0000-0000-c000-000000000000"
	theGraphHere = "22222222-0000-4000-8000-000000000001"
)

// ofApp asks for facts of an app.
func ofApp(id string, names ...facts.Name) facts.Query { return facts.Query{Ask: names, AppID: id} }

// demoWith is the demo tenant, changed.
func demoWith(change func(*tenantfake.State)) tenantfake.State {
	s := tenantfake.Demo(now)
	change(&s)
	return s
}

// object finds an object of the demo by id or app id.
func object(s *tenantfake.State, path, id string) tenantfake.Object {
	for _, o := range s.Other[path] {
		if o["id"] == id || o["appId"] == id {
			return o
		}
	}
	panic("the demo has no " + path + " " + id)
}

func TestTheRegistrationOfAnApp(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	q := ofApp(strings.ToUpper(expenses), facts.NameApp)
	q.RedirectURI = "https://expenses.contoso.com/signin-oidc/"
	f := connect(t, s).Collect(t.Context(), q).App
	if !f.OK() {
		t.Fatalf("%s %q", f.State, f.Reason)
	}
	no := false
	ended, ends, starts := now.AddDate(0, 0, -2), now.AddDate(1, -2, 0), now.AddDate(0, -2, 0)
	want := facts.App{
		ID: "44444444-0000-4000-8000-000000000001", AppID: expenses, Name: "Expenses", Audience: "AzureADMyOrg", Identifiers: []string{"api://" + expenses}, Public: &no,
		Redirects: []facts.Redirect{
			{URI: "https://expenses.contoso.com/signin-oidc", Platform: "web"}, {URI: "https://expenses.contoso.com/app", Platform: "spa"}, {URI: "http://localhost", Platform: "native"},
		},
		Credentials: []facts.Credential{
			{Kind: "secret", KeyID: "55555555-0000-4000-8000-000000000001", Name: "build server", Hint: "Rq8", Starts: now.AddDate(-1, 0, -2), Ends: ended},
			{Kind: "certificate", KeyID: "55555555-0000-4000-8000-000000000002", Name: "CN=expenses.contoso.com", Usage: "Verify", SHA1: "953C3BBD7A17B679CB9169013068115C711A4824", Starts: starts, Ends: ends},
		},
		Sent: "https://expenses.contoso.com/signin-oidc/", Exact: &no, Platform: "web", Nearest: "https://expenses.contoso.com/signin-oidc", Differs: []string{"slash"},
		Difference: "a slash at the end: sent https://expenses.contoso.com/signin-oidc/, registered https://expenses.contoso.com/signin-oidc",
		Valid:      1, Expired: []string{"secret build server (hint Rq8…), ended 2026-11-22"}, LastExpired: &ended, NextEnds: &ends, Newest: &starts,
		SecretIDs: []string{"55555555-0000-4000-8000-000000000001"}, Web: 1, SPA: 1, Native: 1,
		Requests: []string{"e1fe6dd8-ba31-4d61-89e7-88639da4683d", "10465720-29dd-4523-a11a-6a75c743c9d9"},
		Wants:    []facts.Want{{Resource: theGraph, Scope: "e1fe6dd8-ba31-4d61-89e7-88639da4683d"}, {Resource: theGraph, Scope: "10465720-29dd-4523-a11a-6a75c743c9d9"}},
	}
	if diff := cmp.Diff(want, *f.Value); diff != "" {
		t.Error(diff)
	}
	r := s.Requests()
	if len(r) != 1 || r[0].Path != "/v1.0/applications(appId='"+expenses+"')" || !strings.HasPrefix(r[0].Query.Get("$select"), "id,appId,displayName,signInAudience,web,spa,publicClient,") {
		t.Errorf("asked %+v", r)
	}
}

func TestAnAppThatCannotBeReadIsNotCalledAbsent(t *testing.T) {
	for name, c := range map[string]struct {
		app       string
		broken    tenantfake.Fault
		app1      facts.State
		principal facts.State
		says      string
		requests  int
	}{
		"no app is known":                          {app: "", app1: facts.NotAsked, principal: facts.NotAsked, says: "neither the error"},
		"a name is no app id":                      {app: "Expenses", app1: facts.NotAsked, principal: facts.NotAsked, says: "app id"},
		"an app of another tenant":                 {app: board, app1: facts.Absent, principal: facts.Seen, says: "another tenant", requests: 2},
		"an app that nobody has":                   {app: "12345678-0000-4000-8000-000000000000", app1: facts.Absent, principal: facts.Absent, says: "not registered", requests: 2},
		"another app's answer":                     {app: expenses, broken: tenantfake.Fault{Status: 200, Body: `{"id":"x","appId":"` + board + `"}`}, app1: facts.Failed, principal: facts.Failed, says: "not what was asked", requests: 2},
		"a 404 page of a proxy":                    {app: expenses, broken: tenantfake.Fault{Status: 404, Body: "<html>", ContentType: "text/html"}, app1: facts.Failed, principal: facts.Failed, says: "web page", requests: 2},
		"no permission":                            {app: expenses, broken: tenantfake.Fault{Status: 403, Body: `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}`}, app1: facts.NotPermitted, principal: facts.NotPermitted, says: "Application.Read.All", requests: 2},
		"a date that is none":                      {app: expenses, broken: tenantfake.Fault{Status: 200, Body: `{"id":"x","appId":"` + expenses + `","passwordCredentials":[{"keyId":"1","endDateTime":"soon"}]}`}, app1: facts.Failed, principal: facts.Failed, says: "cannot parse", requests: 2},
		"null wherever it may be":                  {app: expenses, broken: tenantfake.Fault{Status: 200, Body: `{"id":"x","appId":"` + expenses + `","displayName":null,"web":null,"spa":{"redirectUris":null},"publicClient":{"redirectUris":[null]},"identifierUris":null,"passwordCredentials":[null],"keyCredentials":null,"requiredResourceAccess":[null,{"resourceAccess":null}],"requestSignatureVerification":null,"isFallbackPublicClient":null,"replyUrls":null,"accountEnabled":null,"appRoleAssignmentRequired":null}`}, app1: facts.Seen, principal: facts.Seen, requests: 2},
		"an identifier of SAML finds no principal": {app: "https://payroll.example/saml", app1: facts.NotAsked, principal: facts.Absent, says: "no app id", requests: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.Demo(now))
			if c.broken.Status != 0 {
				s.Break(c.broken)
			}
			r := connect(t, s).Collect(t.Context(), ofApp(c.app, facts.NameApp, facts.NamePrincipal))
			if r.App.State != c.app1 || r.Principal.State != c.principal || !strings.Contains(r.App.Reason, c.says) {
				t.Errorf("app %s %q, principal %s %q", r.App.State, r.App.Reason, r.Principal.State, r.Principal.Reason)
			}
			if r.App.OK() && (r.App.Value.Redirects == nil || r.App.Value.Identifiers == nil || r.App.Value.Credentials == nil || r.Principal.Value.ReplyURLs == nil) {
				t.Error("a list of a seen fact is nil, which would mean that Graph did not tell")
			}
			if n := s.Count("applications") + s.Count("servicePrincipals"); n != c.requests {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestThePrincipalOfAnApp(t *testing.T) {
	yes := true
	f := connect(t, serve(t, tenantfake.Demo(now))).Collect(t.Context(), ofApp(expenses, facts.NamePrincipal)).Principal
	want := facts.Principal{
		ID: expensesHere, AppID: expenses, Name: "Expenses", Type: "Application", Enabled: &yes, Owner: tenantfake.DemoTenant, AssignmentRequired: true,
		ReplyURLs: []string{"https://expenses.contoso.com/signin-oidc", "https://expenses.contoso.com/app", "http://localhost"},
		Names:     []string{expenses, "api://" + expenses}, Audience: "AzureADMyOrg", SSO: "oidc", Credentials: []facts.Credential{},
	}
	if diff := cmp.Diff(&want, f.Value); diff != "" {
		t.Error(diff)
	}
}

func TestAPrincipalSaysWhoDisabledIt(t *testing.T) {
	for said, want := range map[string]string{"": "", "NotDisabled": "", "DisabledDueToViolationOfServicesAgreement": "DisabledDueToViolationOfServicesAgreement"} {
		state := demoWith(func(s *tenantfake.State) {
			object(s, "servicePrincipals", expenses)["disabledByMicrosoftStatus"] = said
		})
		f := connect(t, serve(t, state)).Collect(t.Context(), ofApp(expenses, facts.NamePrincipal)).Principal
		if f.Value.DisabledBy != want {
			t.Errorf("%q reads as %q", said, f.Value.DisabledBy)
		}
	}
}

func TestASAMLAppIsFoundByItsIdentifier(t *testing.T) {
	state := demoWith(func(s *tenantfake.State) {
		object(s, "servicePrincipals", board)["servicePrincipalNames"] = []string{board, "https://it's.example/saml"}
	})
	f := connect(t, serve(t, state)).Collect(t.Context(), ofApp("https://it's.example/saml", facts.NamePrincipal)).Principal
	if !f.OK() || f.Value.AppID != board {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}

// TestThumbprints puts a certificate into each form in which Graph may give it.
func TestThumbprints(t *testing.T) {
	der, err := base64.StdEncoding.DecodeString(tenantfake.SigningCertificate("x", now, now.AddDate(1, 0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum(der)
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	for name, c := range map[string]struct {
		key, identifier any
		want            string
	}{
		"the certificate itself":                 {base64.StdEncoding.EncodeToString(der), base64.StdEncoding.EncodeToString([]byte("of somebody's own choice")), digits},
		"bytes of the thumbprint":                {nil, base64.StdEncoding.EncodeToString(sum[:]), digits},
		"bytes without padding":                  {nil, base64.RawStdEncoding.EncodeToString(sum[:]), digits},
		"digits of the thumbprint":               {nil, strings.ToLower(digits), digits},
		"bytes of the digits":                    {nil, base64.StdEncoding.EncodeToString([]byte(digits)), digits},
		"an identifier of somebody's own choice": {nil, base64.StdEncoding.EncodeToString([]byte("production")), ""},
		"a SHA-256":                              {nil, base64.StdEncoding.EncodeToString(make([]byte, 32)), ""},
		"nothing":                                {nil, nil, ""},
		"what is no base64":                      {"!", "!", ""},
	} {
		t.Run(name, func(t *testing.T) {
			state := demoWith(func(s *tenantfake.State) {
				object(s, "applications", expenses)["keyCredentials"] = []tenantfake.Object{{"keyId": "k", "key": c.key, "customKeyIdentifier": c.identifier, "usage": "Verify"}}
			})
			f := connect(t, serve(t, state)).Collect(t.Context(), ofApp(expenses, facts.NameApp)).App
			for _, held := range f.Value.Credentials {
				if held.Kind == "certificate" && held.SHA1 != c.want {
					t.Errorf("%q, want %q", held.SHA1, c.want)
				}
			}
		})
	}
}

func TestWhenTheSAMLSigningCertificateEnds(t *testing.T) {
	key := func(id string, usage string, ends time.Time) tenantfake.Object {
		return tenantfake.Object{"keyId": id + usage, "usage": usage, "type": "AsymmetricX509Cert", "customKeyIdentifier": strings.Repeat(id, 40), "startDateTime": "2025-01-01T00:00:00Z", "endDateTime": ends.Format(time.RFC3339)}
	}
	old, next := now.AddDate(0, 0, -3), now.AddDate(2, 0, 0)
	both := []tenantfake.Object{key("a", "Sign", old), key("a", "Verify", old), key("b", "Sign", next), key("b", "Verify", next)}
	for name, c := range map[string]struct {
		keys      []tenantfake.Object
		preferred any
		want      *time.Time
	}{
		"the preferred one, which ended":              {both, strings.Repeat("A", 40), &old},
		"the preferred one, in lower case and blanks": {both, " " + strings.Repeat("b", 40), &next},
		"several, and none is preferred":              {both, nil, nil},
		"the only one":                                {both[:2], nil, &old},
		"the preferred one is not there":              {both, strings.Repeat("C", 40), nil},
		"one to verify with alone":                    {both[1:2], nil, nil},
		"none":                                        {nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			state := demoWith(func(s *tenantfake.State) {
				o := object(s, "servicePrincipals", expenses)
				o["keyCredentials"], o["preferredTokenSigningKeyThumbprint"], o["preferredSingleSignOnMode"] = c.keys, c.preferred, "saml"
			})
			f := connect(t, serve(t, state)).Collect(t.Context(), ofApp(expenses, facts.NamePrincipal)).Principal
			if diff := cmp.Diff(c.want, f.Value.SigningEnds); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAResourceIsFoundAsTheErrorNamesIt(t *testing.T) {
	state := demoWith(func(s *tenantfake.State) {
		twin := tenantfake.Object{"id": "7", "appId": "7", "displayName": "Project board"}
		object(s, "servicePrincipals", board)["servicePrincipalNames"] = []string{board, "board.project.example"}
		s.Other["servicePrincipals"] = append(s.Other["servicePrincipals"], twin)
	})
	for ref, c := range map[string]struct {
		state facts.State
		id    string
		query string // one that must have been asked
	}{
		theGraph:                               {facts.Seen, theGraph, ""},
		strings.ToUpper(theGraph):              {facts.Seen, theGraph, ""},
		"https://graph.microsoft.com":          {facts.Seen, theGraph, "servicePrincipalNames/any(n:n eq 'https://graph.microsoft.com')"},
		"https://graph.microsoft.com/.default": {facts.Seen, theGraph, ""},
		"api://" + expenses:                    {facts.Seen, expenses, ""},
		"Microsoft Graph":                      {facts.Seen, theGraph, "displayName eq 'Microsoft Graph'"},
		"board.project.example":                {facts.Seen, board, ""},
		"Project board":                        {facts.Failed, "", ""},
		"https://payroll.example":              {facts.Absent, "", ""},
		"It's nothing":                         {facts.Absent, "", "displayName eq 'It''s nothing'"},
		"12345678-0000-4000-8000-000000000000": {facts.Absent, "", ""},
		"  ":                                   {facts.NotAsked, "", ""},
		"https://" + strings.Repeat("x", 3000): {facts.NotAsked, "", ""},
	} {
		t.Run(ref[:min(len(ref), 40)], func(t *testing.T) {
			s := serve(t, state)
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameResource}, Resource: ref}).Resource
			if f.State != c.state || f.OK() && f.Value.AppID != c.id || f.State != facts.Seen && f.Reason == "" {
				t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
			}
			asked := c.query == ""
			for _, r := range s.Requests() {
				asked = asked || r.Query.Get("$filter") == c.query
			}
			if !asked {
				t.Errorf("did not ask for %s: %+v", c.query, s.Requests())
			}
		})
	}
}

func TestAResourceNamesItsPermissions(t *testing.T) {
	state := demoWith(func(s *tenantfake.State) {
		o := object(s, "servicePrincipals", theGraph)
		o["oauth2PermissionScopes"] = []tenantfake.Object{{"id": "AA", "value": "User.Read", "isEnabled": true}, {"id": "BB", "value": "Old.Read", "isEnabled": false}, {"id": "CC", "value": nil}}
		o["appRoles"] = []tenantfake.Object{{"id": "DD", "value": "User.Read.All", "isEnabled": true}, {"id": "EE", "value": "Gone.All", "isEnabled": false}}
	})
	f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameResource}, Resource: theGraph}).Resource
	yes := true
	want := facts.Resource{
		ID: theGraphHere, AppID: theGraph, Name: "Microsoft Graph", Enabled: &yes, Names: []string{theGraph, "https://graph.microsoft.com", "https://graph.microsoft.com/", "https://dod-graph.microsoft.us"},
		Scopes: []string{"User.Read"}, Roles: []string{"User.Read.All"}, ScopeNames: map[string]string{"aa": "User.Read", "bb": "Old.Read"},
	}
	if diff := cmp.Diff(&want, f.Value); diff != "" {
		t.Error(diff)
	}
}

func TestTheFactsOfAnAppShareTheirReads(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	tenant := connect(t, s)
	q := ofApp(expenses, facts.NameUser, facts.NameApp, facts.NamePrincipal, facts.NameResource, facts.NameConsent, facts.NameAssignment, facts.NameGroups)
	q.User, q.Resource = "ava@contoso.com", theGraph
	r := tenant.Collect(t.Context(), q)
	tenant.Collect(t.Context(), q)
	for _, e := range r.Entries() {
		if e.State != facts.Seen && slices.Contains(q.Ask, e.Name) {
			t.Errorf("%s is %s %q", e.Name, e.State, e.Reason)
		}
	}
	for _, path := range []string{"servicePrincipals(appId='" + expenses, "servicePrincipals(appId='" + theGraph, "applications", "/memberOf", "transitiveMemberOf", "oauth2PermissionGrants", "appRoleAssignedTo", "authorizationPolicy"} {
		if n := s.Count(path); n != 1 {
			t.Errorf("%s was asked %d times", path, n)
		}
	}
	paths := map[string]int{}
	for _, r := range s.Requests() {
		paths[r.Path]++
	}
	t.Logf("%d requests for everything of an app and a person: %s", len(s.Requests()), fmt.Sprint(paths))
}
