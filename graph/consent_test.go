package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

func TestWhatIsGranted(t *testing.T) {
	const olga, ava = "11111111-0000-4000-8000-000000000006", "11111111-0000-4000-8000-000000000003"
	yes, no, low := true, false, "low"
	none := []string{}
	people := func(s *tenantfake.State, n int, client string) {
		for i := range n {
			s.Other["oauth2PermissionGrants"] = append(s.Other["oauth2PermissionGrants"], tenantfake.Object{
				"id": fmt.Sprint("p", i), "clientId": client, "consentType": "Principal", "principalId": fmt.Sprintf("eeeeeeee-0000-4000-8000-%012d", i), "resourceId": theGraphHere, "scope": "Mail.Read",
			})
		}
	}
	for name, c := range map[string]struct {
		q      facts.Query
		change func(*tenantfake.State)
		broken tenantfake.Fault
		want   facts.Consent
	}{
		"for everybody, but not all of it": {q: facts.Query{AppID: expenses, Resource: theGraph, User: ava},
			want: facts.Consent{Tenant: []string{"User.Read", "openid", "profile"}, Person: none, Missing: []string{"Files.Read"}, Granted: &yes, UserMay: &low}},
		"by the person": {q: facts.Query{AppID: board, Resource: theGraph, User: olga},
			want: facts.Consent{Tenant: none, Person: []string{"User.Read", "offline_access"}, Granted: &yes, UserMay: &low}},
		"by another person alone": {q: facts.Query{AppID: board, Resource: theGraph, User: ava},
			want: facts.Consent{Tenant: none, Person: none, Granted: &no, UserMay: &low}},
		"both add up": {q: facts.Query{AppID: expenses, Resource: theGraph, User: ava}, change: func(s *tenantfake.State) {
			s.Other["oauth2PermissionGrants"] = append(s.Other["oauth2PermissionGrants"], tenantfake.Object{"id": "x", "clientId": expensesHere, "consentType": "Principal", "principalId": ava, "resourceId": theGraphHere, "scope": " files.read  User.Read"})
		}, want: facts.Consent{Tenant: []string{"User.Read", "openid", "profile"}, Person: []string{"files.read", "User.Read"}, Missing: none, Granted: &yes, UserMay: &low}},
		"to another resource does not count": {q: facts.Query{AppID: expenses, Resource: "api://" + expenses, User: ava},
			want: facts.Consent{Tenant: none, Person: none, Missing: none, Granted: &no, UserMay: &low}},
		"to what is not there": {q: facts.Query{AppID: expenses, Resource: "https://payroll.example", User: ava},
			want: facts.Consent{Tenant: none, Person: none, Granted: &no, UserMay: &low}},
		"the resource is not told": {q: facts.Query{AppID: expenses, User: ava},
			want: facts.Consent{Tenant: []string{"User.Read", "openid", "profile"}, Person: none, Missing: []string{"Files.Read"}, Granted: &yes, UserMay: &low}},
		"the resource has a name that the tenant does not know": {q: facts.Query{AppID: expenses, Resource: "Personalwesen", User: ava},
			want: facts.Consent{UserMay: &low}},
		"nobody is named": {q: facts.Query{AppID: expenses, Resource: theGraph},
			want: facts.Consent{Tenant: []string{"User.Read", "openid", "profile"}, Missing: []string{"Files.Read"}, Granted: &yes, UserMay: &low}},
		"nobody is named, and people consented": {q: facts.Query{AppID: board, Resource: theGraph},
			want: facts.Consent{Tenant: none, UserMay: &low}},
		"nothing at all": {q: facts.Query{AppID: expenses, Resource: theGraph, User: ava}, change: func(s *tenantfake.State) { s.Other["oauth2PermissionGrants"] = nil },
			want: facts.Consent{Tenant: none, Person: none, Missing: []string{"User.Read", "Files.Read"}, Granted: &no, UserMay: &low}},
		"the app is not installed": {q: facts.Query{AppID: expenses, Resource: theGraph, User: ava}, change: func(s *tenantfake.State) {
			object(s, "servicePrincipals", expenses)["appId"] = "x"
		}, want: facts.Consent{Tenant: none, Person: none, Missing: []string{"User.Read", "Files.Read"}, Granted: &no, UserMay: &low}},
		"a permission that the resource does not have": {q: facts.Query{AppID: expenses, Resource: theGraph, User: ava}, change: func(s *tenantfake.State) {
			object(s, "servicePrincipals", theGraph)["oauth2PermissionScopes"] = []any{}
		}, want: facts.Consent{Tenant: []string{"User.Read", "openid", "profile"}, Person: none, Granted: &yes, UserMay: &low}},
		"the registration cannot be read": {q: facts.Query{AppID: expenses, Resource: theGraph, User: ava}, broken: tenantfake.Fault{Path: "v1.0/applications", Status: 500},
			want: facts.Consent{Tenant: []string{"User.Read", "openid", "profile"}, Person: none, Granted: &yes, UserMay: &low}},
		"the policy may not be read": {q: facts.Query{AppID: board, Resource: theGraph, User: olga}, broken: denied("v1.0/policies"),
			want: facts.Consent{Tenant: none, Person: []string{"User.Read", "offline_access"}, Granted: &yes}},
		"many people consented": {q: facts.Query{AppID: board, Resource: theGraph, User: olga}, change: func(s *tenantfake.State) {
			all := s.Other["oauth2PermissionGrants"]
			s.PageSize, s.Other["oauth2PermissionGrants"] = 5, nil
			people(s, 30, "22222222-0000-4000-8000-000000000003")
			s.Other["oauth2PermissionGrants"] = append(s.Other["oauth2PermissionGrants"], all...)
		}, want: facts.Consent{Tenant: none, Person: []string{"User.Read", "offline_access"}, Granted: &yes, UserMay: &low}},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenantfake.Demo(now)
			if c.change != nil {
				c.change(&state)
			}
			s := serve(t, state)
			if c.broken.Status != 0 {
				s.Break(c.broken)
			}
			c.q.Ask = []facts.Name{facts.NameConsent}
			f := connect(t, s).Collect(t.Context(), c.q).Consent
			if !f.OK() {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			if diff := cmp.Diff(c.want, *f.Value); diff != "" {
				t.Error(diff)
			}
			for _, r := range s.Requests() {
				if strings.HasSuffix(r.Path, "oauth2PermissionGrants") && !strings.HasPrefix(r.Query.Get("$filter"), "clientId eq '2222") {
					t.Errorf("grants of everybody were asked for: %s", r.Query.Get("$filter"))
				}
			}
		})
	}
}

func TestAConsentThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		app    string
		broken tenantfake.Fault
		state  facts.State
		says   string
	}{
		"no app":                       {"", tenantfake.Fault{}, facts.NotAsked, "tells the app"},
		"grants may not be read":       {expenses, denied("v1.0/oauth2PermissionGrants"), facts.NotPermitted, "Directory.Read.All"},
		"apps may not be read":         {expenses, denied("v1.0/servicePrincipals"), facts.NotPermitted, "Application.Read.All"},
		"grants of another app":        {expenses, tenantfake.Fault{Path: "v1.0/oauth2PermissionGrants", Status: 200, Body: `{"value":[{"clientId":"x","consentType":"AllPrincipals","scope":"User.Read"}]}`}, facts.Failed, "not what was asked"},
		"the policy has another shape": {expenses, tenantfake.Fault{Path: "v1.0/oauth2PermissionGrants", Status: 200, Body: `[]`}, facts.Failed, "cannot parse"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.Demo(now))
			if c.broken.Status != 0 {
				s.Break(c.broken)
			}
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameConsent}, AppID: c.app, User: "ava@contoso.com"}).Consent
			if f.State != c.state || !strings.Contains(f.Reason, c.says) {
				t.Errorf("%s %q", f.State, f.Reason)
			}
		})
	}
}

func TestWhetherPeopleMayConsent(t *testing.T) {
	const self = "ManagePermissionGrantsForSelf."
	for want, assigned := range map[string]any{
		"all":                                []string{self + "microsoft-user-default-legacy"},
		"low":                                []string{self + "microsoft-user-default-low"},
		"none":                               []string{},
		"contoso-apps":                       []string{self + "contoso-apps"},
		"low, contoso-apps":                  []string{self + "microsoft-user-default-low", self + "contoso-apps"},
		"microsoft-user-default-recommended": []string{strings.ToLower(self) + "microsoft-user-default-recommended", "ManagePermissionGrantsForOwnedResource.x"},
		"not told":                           nil,
	} {
		t.Run(want, func(t *testing.T) {
			state := demoWith(func(s *tenantfake.State) {
				s.Other["policies/authorizationPolicy"] = []tenantfake.Object{{"id": "authorizationPolicy", "defaultUserRolePermissions": tenantfake.Object{"permissionGrantPoliciesAssigned": assigned}}}
			})
			f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameConsent}, AppID: board, User: "ava@contoso.com"}).Consent
			got := "not told"
			if f.Value.UserMay != nil {
				got = *f.Value.UserMay
			}
			if got != want {
				t.Errorf("%q", got)
			}
		})
	}
}
