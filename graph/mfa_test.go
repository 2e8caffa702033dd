package graph_test

import (
	"slices"
	"strings"
	"testing"
	"time"

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

func TestMFAIsWorkedOutWhereTheAllowanceIsUsedUp(t *testing.T) {
	method := func(name string, more tenantfake.Object) tenantfake.Object {
		o := tenantfake.Object{"@odata.type": "#microsoft.graph." + name + "AuthenticationMethod", "id": name}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	config := func(id, state string) tenantfake.Object {
		return tenantfake.Object{"id": id, "state": state, "includeTargets": []tenantfake.Object{{"id": "all_users", "targetType": "group"}}, "excludeTargets": []any{}}
	}
	policy := func(sms string) []tenantfake.Object {
		return []tenantfake.Object{{"id": "authenticationMethodsPolicy", "policyMigrationState": "migrationComplete", "authenticationMethodConfigurations": []tenantfake.Object{
			config("Sms", sms), config("Voice", "disabled"), config("MicrosoftAuthenticator", "enabled"), config("Fido2", "disabled"), config("SoftwareOath", "disabled"),
		}}}
	}
	password, phone := method("password", nil), method("phone", tenantfake.Object{"phoneNumber": "+1 5550100", "phoneType": "mobile"})
	audit := []string{"Update policy"}
	yes, no := true, false
	for name, c := range map[string]struct {
		held    []tenantfake.Object
		sms     string // in the methods policy; "" it cannot be read
		ask     []facts.Name
		take    []string
		change  func(*facts.Query)
		want    facts.MFA
		reports int // requests to the report
	}{
		"the allowance has room": {held: []tenantfake.Object{password}, sms: "enabled", ask: ofLog, want: facts.MFA{Registered: true, Capable: &yes}, reports: 1},
		"changes are asked":      {held: []tenantfake.Object{password, phone}, sms: "enabled", ask: append([]facts.Name{facts.NameChanges}, ofLog...), want: facts.MFA{Registered: true, Capable: &yes, Methods: []string{"mobilePhone"}}},
		"changes without an activity cost nothing": {held: []tenantfake.Object{password}, sms: "enabled", ask: append([]facts.Name{facts.NameChanges}, ofLog...),
			change: func(q *facts.Query) { q.Activities = nil }, want: facts.MFA{Registered: true, Capable: &yes}, reports: 1},
		"the log took two": {held: []tenantfake.Object{password}, sms: "enabled", ask: ofLog, change: func(q *facts.Query) { q.User, q.CorrelationID = "", correlation }, want: facts.MFA{Methods: []string{}, Capable: &no}},
		"the reporter's took one": {held: []tenantfake.Object{password}, sms: "enabled", ask: ofLog, change: func(q *facts.Query) { q.User, q.Reporter, q.CorrelationID = "", "a@contoso.com", correlation },
			want: facts.MFA{Registered: true, Capable: &yes}, reports: 1},
		"no method is allowed":    {held: []tenantfake.Object{password, phone, method("fido2", nil)}, sms: "disabled", ask: append([]facts.Name{facts.NameChanges}, ofLog...), want: facts.MFA{Registered: true, Capable: &no, Methods: []string{"mobilePhone", "passKeyDeviceBound"}}},
		"the policy is not there": {held: []tenantfake.Object{password, phone}, ask: append([]facts.Name{facts.NameChanges}, ofLog...), want: facts.MFA{Registered: true, Methods: []string{"mobilePhone"}}},
		"methods cannot be read":  {held: []tenantfake.Object{password}, sms: "enabled", ask: append([]facts.Name{facts.NameChanges}, ofLog...), take: []string{"UserAuthenticationMethod.Read.All"}, want: facts.MFA{Registered: true, Capable: &yes}, reports: 1},
		"every kind in its word": {held: []tenantfake.Object{
			password, phone, method("phone", tenantfake.Object{"phoneType": "office"}), method("phone", tenantfake.Object{"phoneType": "alternateMobile"}), method("microsoftAuthenticator", nil),
			method("softwareOath", nil), method("hardwareOath", nil), method("windowsHelloForBusiness", nil), method("platformCredential", nil), method("email", nil),
			method("temporaryAccessPass", tenantfake.Object{"isUsable": true}), method("brandNew", nil),
		}, ask: append([]facts.Name{facts.NameChanges}, ofLog...), want: facts.MFA{Registered: true, Methods: []string{
			"mobilePhone", "officePhone", "alternateMobilePhone", "microsoftAuthenticatorPush", "softwareOneTimePasscode", "hardwareOneTimePasscode", "windowsHelloForBusiness",
			"macOsSecureEnclaveKey", "email", "temporaryAccessPass", "brandNew",
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenantfake.State{
				Users: []tenantfake.Object{person(id1, "a@contoso.com", nil)}, Methods: map[string][]tenantfake.Object{id1: c.held},
				Registration: []tenantfake.Object{{"id": id1, "isMfaRegistered": true, "isMfaCapable": true}},
				SignIns:      []tenantfake.Object{signIn(request, now.Add(-time.Hour), 50076, nil)}, Other: map[string][]tenantfake.Object{},
			}
			if c.sms != "" {
				state.Other["policies/authenticationMethodsPolicy"] = policy(c.sms)
			}
			s := serve(t, state).Without(c.take...)
			q := facts.Query{Ask: append([]facts.Name{facts.NameMFA}, c.ask...), Code: 50076, User: "a@contoso.com", Time: now.Add(-time.Hour), Activities: audit}
			if c.change != nil {
				c.change(&q)
			}
			r := connect(t, s).Collect(t.Context(), q)
			if n := s.Count("userRegistrationDetails"); n != c.reports {
				t.Errorf("%d requests to the report", n)
			}
			f := r.MFA
			if !f.OK() || (f.Reason == "") != (c.reports > 0) {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			got := facts.MFA{Registered: f.Value.Registered, Capable: f.Value.Capable}
			if c.reports == 0 {
				got = *f.Value
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if r.Methods.State != "" {
				t.Errorf("methods, which nobody asked for, are %s", r.Methods.State)
			}
		})
	}
}

func TestAReportThatIsKeptIsUsed(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	tenant := connect(t, s)
	tenant.Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameMFA}, User: "noah@contoso.com"})
	if f := tenant.Collect(t.Context(), everything()).MFA; !f.OK() || f.Reason != "" || f.Value.Updated == nil {
		t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
	}
	if n := s.Count("userRegistrationDetails"); n != 1 {
		t.Errorf("%d requests to the report", n)
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
