package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

func TestNobodyIsSaidToLackMFAUnlessTheReportSaysSo(t *testing.T) {
	row := func(id string, registered bool) tenantfake.Object {
		return tenantfake.Object{"id": id, "isMfaRegistered": registered, "isMfaCapable": registered, "methodsRegistered": []string{}}
	}
	disabled := tenantfake.Object{"accountEnabled": false}
	for name, c := range map[string]struct {
		more   tenantfake.Object
		report []tenantfake.Object
		take   []string // permissions
		state  facts.State
		says   string
		calls  int
	}{
		"registered":                       {report: []tenantfake.Object{row(id1, true)}, state: facts.Seen, calls: 1},
		"not registered":                   {report: []tenantfake.Object{row(id1, false)}, state: facts.Seen, calls: 1},
		"no row of an enabled account":     {state: facts.Absent, says: "new accounts", calls: 1},
		"disabled account":                 {more: disabled, report: []tenantfake.Object{row(id1, true)}, state: facts.NotAsked, says: "disabled", calls: 0},
		"permission missing":               {report: []tenantfake.Object{row(id1, true)}, take: []string{"AuditLog.Read.All"}, state: facts.NotPermitted, says: "AuditLog.Read.All", calls: 1},
		"no row, and no right to look why": {take: []string{"User.Read.All", "Directory.Read.All"}, state: facts.Failed, says: "lists no disabled accounts", calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{Users: []tenantfake.Object{person(id1, "a@contoso.com", c.more)}, Registration: c.report})
			s.Without(c.take...)
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameMFA}, User: id1}).MFA
			if f.State != c.state || !strings.Contains(f.Reason, c.says) {
				t.Errorf("%s %q, want %s with %q", f.State, f.Reason, c.state, c.says)
			}
			if f.State == facts.Seen && f.Value.Registered != (name == "registered") {
				t.Errorf("%+v", f.Value)
			}
			if n := s.Count("userRegistrationDetails"); n != c.calls {
				t.Errorf("%d requests, want %d", n, c.calls)
			}
		})
	}
}

func TestUnknownPreferredMethodSurvives(t *testing.T) {
	s := serve(t, tenantfake.State{
		Users: []tenantfake.Object{person(id1, "a@contoso.com", nil)},
		Registration: []tenantfake.Object{{
			"id": id1, "isMfaRegistered": true, "userType": "alien", "userPreferredMethodForSecondaryAuthentication": "telepathy",
			"systemPreferredAuthenticationMethods": []string{"hologram"}, "methodsRegistered": []string{"hologram"}, "lastUpdatedDateTime": "2026-09-01T03:00:00.0000000Z",
		}},
	})
	f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameMFA}, User: "a@contoso.com"}).MFA
	if !f.OK() || f.Value.Preferred != "telepathy" || !slices.Equal(f.Value.SystemPreferred, []string{"hologram"}) || f.Value.Updated == nil {
		t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
	}
}

func TestMethodsAreReadAndMasked(t *testing.T) {
	kind := func(name string, more tenantfake.Object) tenantfake.Object {
		o := tenantfake.Object{"@odata.type": "#microsoft.graph." + name + "AuthenticationMethod", "id": "x"}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	password := kind("password", tenantfake.Object{"createdDateTime": "2026-06-02T10:00:00Z"})
	for name, c := range map[string]struct {
		held      []tenantfake.Object
		kinds     []string
		details   []string
		second    bool
		resistant bool
	}{
		"password alone":                {held: []tenantfake.Object{password}, kinds: []string{"password"}},
		"password and recovery mail":    {held: []tenantfake.Object{password, kind("email", tenantfake.Object{"emailAddress": "ana.lima@mail.example.com"})}, kinds: []string{"password", "email"}, details: []string{"a•••@m•••.com"}},
		"phone":                         {held: []tenantfake.Object{kind("phone", tenantfake.Object{"phoneNumber": "+1 5550100", "phoneType": "mobile"})}, kinds: []string{"phone"}, details: []string{"mobile +1 ••• ••00"}, second: true},
		"phone of an unknown kind":      {held: []tenantfake.Object{kind("phone", tenantfake.Object{"phoneNumber": "+49 15112345678", "phoneType": "satellite"})}, kinds: []string{"phone"}, details: []string{"+49 ••• ••78"}, second: true},
		"two authenticators":            {held: []tenantfake.Object{kind("microsoftAuthenticator", tenantfake.Object{"displayName": "Pixel"}), kind("microsoftAuthenticator", nil)}, kinds: []string{"authenticator"}, details: []string{"Pixel"}, second: true},
		"security key":                  {held: []tenantfake.Object{kind("fido2", tenantfake.Object{"model": "YubiKey 5"})}, kinds: []string{"fido2"}, details: []string{"YubiKey 5"}, second: true, resistant: true},
		"Windows Hello":                 {held: []tenantfake.Object{kind("windowsHelloForBusiness", nil)}, kinds: []string{"windows_hello"}, second: true, resistant: true},
		"platform credential":           {held: []tenantfake.Object{kind("platformCredential", nil)}, kinds: []string{"platform_credential"}, second: true, resistant: true},
		"software token":                {held: []tenantfake.Object{kind("softwareOath", tenantfake.Object{"secretKey": "JBSWY3DP"})}, kinds: []string{"software_oath"}, second: true},
		"Temporary Access Pass":         {held: []tenantfake.Object{password, kind("temporaryAccessPass", tenantfake.Object{"isUsable": true, "methodUsabilityReason": "EnabledByPolicy"})}, kinds: []string{"password", "temporary_access_pass"}, details: []string{"EnabledByPolicy"}, second: true},
		"Temporary Access Pass used up": {held: []tenantfake.Object{password, kind("temporaryAccessPass", tenantfake.Object{"isUsable": false, "methodUsabilityReason": "OneTimeUsed"})}, kinds: []string{"password", "temporary_access_pass"}, details: []string{"OneTimeUsed"}},
		"a type that the SDK lacks":     {held: []tenantfake.Object{kind("hardwareOath", nil), kind("external", nil)}, kinds: []string{"hardwareOath", "external"}, second: true},
		"nothing":                       {held: []tenantfake.Object{}, kinds: []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{Users: []tenantfake.Object{person(id1, "a@contoso.com", nil)}, Methods: map[string][]tenantfake.Object{id1: c.held}})
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameMethods}, User: "a@contoso.com"}).Methods
			if !f.OK() {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			var details []string
			for _, m := range f.Value.List {
				if m.Detail != "" {
					details = append(details, m.Detail)
				}
			}
			if diff := cmp.Diff(c.kinds, f.Value.Kinds); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.details, details); diff != "" {
				t.Error(diff)
			}
			if f.Value.Second != c.second || f.Value.PhishingResistant != c.resistant {
				t.Errorf("second %v, phishing-resistant %v", f.Value.Second, f.Value.PhishingResistant)
			}
		})
	}
}
