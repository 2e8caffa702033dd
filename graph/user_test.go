package graph_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// person is a plain account.
func person(id, upn string, more tenantfake.Object) tenantfake.Object {
	o := tenantfake.Object{"id": id, "userPrincipalName": upn, "displayName": "Somebody", "userType": "Member", "accountEnabled": true, "mail": upn}
	for k, v := range more {
		o[k] = v
	}
	return o
}

const (
	id1 = "aaaaaaaa-0000-4000-8000-000000000001"
	id2 = "aaaaaaaa-0000-4000-8000-000000000002"
	id3 = "aaaaaaaa-0000-4000-8000-000000000003"
)

func TestUserIsFoundByEveryNameThatPeopleUse(t *testing.T) {
	s := serve(t, tenantfake.State{Users: []tenantfake.Object{
		person(id1, "ana@contoso.com", tenantfake.Object{
			"mail": "ana.lima@contoso.com", "proxyAddresses": []string{"SMTP:ana.lima@contoso.com", "smtp:a.lima@contoso.com"}, "otherMails": []string{"ana@home.example"},
		}),
		person(id2, "lee_fabrikam.com#EXT#@contoso.onmicrosoft.com", tenantfake.Object{"userType": "Guest", "mail": "lee@fabrikam.com"}),
	}})
	tenant := connect(t, s)
	for name, c := range map[string]struct{ ask, id, by string }{
		"sign-in name":                     {"ana@contoso.com", id1, "upn"},
		"sign-in name in other letters":    {"Ana@Contoso.COM", id1, "upn"},
		"sign-in name with blanks":         {" ana@contoso.com ", id1, "upn"},
		"object id":                        {id1, id1, "id"},
		"object id in capitals":            {strings.ToUpper(id1), id1, "id"},
		"mail address":                     {"ana.lima@contoso.com", id1, "mail"},
		"proxy address":                    {"a.lima@contoso.com", id1, "proxy_address"},
		"other mail":                       {"ana@home.example", id1, "other_mail"},
		"guest's sign-in name":             {"lee_fabrikam.com#EXT#@contoso.onmicrosoft.com", id2, "upn"},
		"guest's home address, as the log": {"lee@fabrikam.com", id2, "mail"},
	} {
		t.Run(name, func(t *testing.T) {
			f := tenant.Collect(t.Context(), aUser(c.ask)).User
			if !f.OK() || f.Value.ID != c.id || f.Value.MatchedBy != c.by {
				t.Errorf("%s %q %+v, want %s by %s", f.State, f.Reason, f.Value, c.id, c.by)
			}
		})
	}
}

func TestOddSignInNamesDoNotChangeTheRequest(t *testing.T) {
	for _, upn := range []string{
		"o'brien@contoso.com", "o''@contoso.com", "a/authentication/methods@contoso.com", "../x@contoso.com", "$batch@contoso.com",
		"a#b@contoso.com", "a+b@contoso.com", "a b@contoso.com", "a?$select=id&x=y@contoso.com", "100%25@contoso.com", "a%2Fb@contoso.com",
		"a' or startswith(userPrincipalName,'m')@contoso.com", "a&b@contoso.com", `a\b@contoso.com`, "jöhn@contoso.com",
	} {
		t.Run(upn, func(t *testing.T) {
			s := serve(t, tenantfake.State{Users: []tenantfake.Object{
				person(id1, upn, tenantfake.Object{"mail": nil}), person(id2, "mia@contoso.com", nil), person(id3, "a@contoso.com", nil),
			}})
			f := connect(t, s).Collect(t.Context(), aUser(upn)).User
			if !f.OK() || f.Value.ID != id1 {
				t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
			}
			for _, r := range s.Requests() {
				if !strings.HasPrefix(strings.ToLower(r.Path), "/v1.0/users") {
					t.Errorf("asked for %s", r.Path)
				}
			}
		})
	}
}

func TestOddNamesThatNobodyHas(t *testing.T) {
	for name, want := range map[string]facts.State{
		"'@contoso.com": facts.Absent, "$x@contoso.com": facts.Absent, "a/b@contoso.com": facts.Absent, "x@y@z": facts.Absent, "@": facts.Absent, "..@": facts.Absent,
		"mia": facts.NotAsked, "..": facts.NotAsked, "#": facts.NotAsked, "/": facts.NotAsked, "$": facts.NotAsked, " ": facts.NotAsked,
		strings.Repeat("a", 3000) + "@contoso.com": facts.NotAsked,
	} {
		s := serve(t, tenantfake.Demo(now))
		f := connect(t, s).Collect(t.Context(), aUser(name)).User
		if f.State != want || f.Value != nil || f.Reason == "" {
			t.Errorf("%.20q is %s: %s", name, f.State, f.Reason)
		}
		if n := len(s.Requests()); want == facts.NotAsked && n > 0 {
			t.Errorf("%.20q: %d requests", name, n)
		}
	}
}

func TestTwoAccountsWithOneAddressAreAmbiguous(t *testing.T) {
	for name, more := range map[string]tenantfake.Object{
		"mail":          {"mail": "team@contoso.com"},
		"proxy address": {"proxyAddresses": []string{"smtp:team@contoso.com"}},
		"other mail":    {"otherMails": []string{"team@contoso.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{Users: []tenantfake.Object{person(id1, "a@contoso.com", more), person(id2, "b@contoso.com", more)}})
			r := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameRecent}, User: "team@contoso.com"})
			if f := r.User; f.State != facts.Failed || !strings.HasPrefix(f.Reason, "ambiguous: ") || f.Value == nil || !f.Value.Ambiguous || f.Value.ID != "" {
				t.Errorf("user %s %q %+v", f.State, f.Reason, f.Value)
			}
			if r.Methods.State != facts.Failed || r.MFA.State != facts.Failed || r.Recent.State != facts.Failed {
				t.Errorf("methods %s, mfa %s, recent %s: one of two people was read", r.Methods.State, r.MFA.State, r.Recent.State)
			}
			if r.Subject.User != "team@contoso.com" || r.Subject.ID != "" {
				t.Errorf("subject %+v", r.Subject)
			}
		})
	}
}

func TestDeletedAccountIsAbsentAndSaidToBeDeleted(t *testing.T) {
	gone := now.AddDate(0, 0, -4)
	s := serve(t, tenantfake.State{
		Users: []tenantfake.Object{person(id2, "otto2@contoso.com", nil)},
		Deleted: []tenantfake.Object{
			person(id3, "botto@contoso.com", tenantfake.Object{"deletedDateTime": gone.AddDate(0, 0, -9).Format(time.RFC3339)}),
			person(id1, "otto@contoso.com", tenantfake.Object{"mail": "otto.maas@contoso.com", "deletedDateTime": gone.Format(time.RFC3339)}),
		},
	})
	tenant := connect(t, s)
	for _, name := range []string{"otto@contoso.com", "OTTO@contoso.com", "otto.maas@contoso.com", id1} {
		f := tenant.Collect(t.Context(), aUser(name)).User
		if f.State != facts.Absent || f.Value == nil || !f.Value.Deleted || f.Value.UPN != "otto@contoso.com" || f.Value.DeletedAt == nil || !f.Value.DeletedAt.Equal(gone) {
			t.Errorf("%s is %s %q %+v", name, f.State, f.Reason, f.Value)
		}
	}
	if f := tenant.Collect(t.Context(), aUser("tto@contoso.com")).User; f.State != facts.Absent || f.Value != nil {
		t.Errorf("a name that a deleted one ends in is %s %+v", f.State, f.Value)
	}
}

func TestGuestIsToldWithItsIdentityProvider(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	r := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameUser, facts.NameDomain}, User: "olga.berg@gmail.com"})
	want := facts.User{
		ID: "11111111-0000-4000-8000-000000000006", UPN: "olga.berg_gmail.com#EXT#@contoso.onmicrosoft.com", DisplayName: "Olga Berg", Mail: "olga.berg@gmail.com",
		Type: "Guest", Guest: true, ExternalState: "Accepted", CreationType: "Invitation", Provider: "google.com", MatchedBy: "mail", ProvisioningErrors: []string{},
		Identities: []facts.Identity{{SignInType: "federated", Issuer: "google.com"}, {SignInType: "userPrincipalName", Issuer: "contoso.onmicrosoft.com"}},
	}
	got := *r.User.Value
	want.Enabled, want.Created, want.SessionsValidFrom, want.LastSuccess = got.Enabled, got.Created, got.SessionsValidFrom, got.LastSuccess
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.Subject.Domain != "gmail.com" || r.Domain.State != facts.Absent || !strings.Contains(r.Domain.Reason, "no domain of this tenant") {
		t.Errorf("subject %+v, domain %s %q: a guest signs in at home", r.Subject, r.Domain.State, r.Domain.Reason)
	}
}

func TestSyncedAccountIsToldWithItsAnchor(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	u := connect(t, s).Collect(t.Context(), aUser("lena@fabrikam.com")).User.Value
	if u == nil || !u.Synced || u.ImmutableID == "" || u.LastSync == nil || u.OnPremisesDomain != "corp.fabrikam.com" || u.Guest || u.Provider != "" {
		t.Errorf("%+v", u)
	}
}

func TestLastSuccessIsAskedByObjectIDAndCostsOnlyItself(t *testing.T) {
	for name, c := range map[string]struct {
		state func(*tenantfake.State)
		fault *tenantfake.Fault
		seen  bool
	}{
		"there":              {seen: true},
		"no premium licence": {state: func(s *tenantfake.State) { s.NoPremium = true }},
		"no permission":      {state: func(s *tenantfake.State) { s.Permissions = []string{"User.Read.All"} }},
		"nonsense":           {fault: &tenantfake.Fault{Path: "v1.0/users/11111111", Status: 200, Body: `{"id":"x"`}},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenantfake.Demo(now)
			if c.state != nil {
				c.state(&state)
			}
			s := serve(t, state)
			if c.fault != nil {
				s.Break(*c.fault)
			}
			f := connect(t, s).Collect(t.Context(), aUser("ava@contoso.com")).User
			if !f.OK() || (f.Value.LastSuccess != nil) != c.seen {
				t.Errorf("user %s %q, last success %v", f.State, f.Reason, f.Value)
			}
			for _, r := range s.Requests() {
				if strings.Contains(r.Query.Get("$select"), "signInActivity") && strings.Contains(r.Path, "contoso") {
					t.Errorf("signInActivity was asked by name: %s", r.Path)
				}
			}
		})
	}
}
