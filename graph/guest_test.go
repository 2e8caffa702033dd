package graph_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

const (
	northwind = "a9c1e2f3-4b5d-4e6f-8a7b-9c0d1e2f3a4b"
	personal  = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// guestState is a tenant with a member, guests of every kind, and one organisation of elsewhere that it knows.
func guestState() tenantfake.State {
	identity := func(issuer string) []tenantfake.Object {
		return []tenantfake.Object{{"signInType": "federated", "issuer": issuer, "issuerAssignedId": nil}}
	}
	guest := func(id, home, issuer, state string) tenantfake.Object {
		return person(id, strings.ReplaceAll(home, "@", "_")+"#EXT#@contoso.onmicrosoft.com", tenantfake.Object{
			"userType": "Guest", "mail": home, "creationType": "Invitation", "externalUserState": state, "identities": identity(issuer),
		})
	}
	return tenantfake.State{
		Users: []tenantfake.Object{
			person(id1, "mia@contoso.com", nil),
			guest(id2, "lee@northwind.example", "ExternalAzureAD", "Accepted"),
			guest(id3, "ola@gmail.com", "google.com", "PendingAcceptance"),
			guest("aaaaaaaa-0000-4000-8000-000000000004", "max@outlook.com", "MicrosoftAccount", "Accepted"),
			person("aaaaaaaa-0000-4000-8000-000000000005", "eve_northwind.example#EXT#@contoso.onmicrosoft.com", tenantfake.Object{"mail": "eve@northwind.example", "externalUserState": "Accepted", "identities": identity("ExternalAzureAD")}),
			person("aaaaaaaa-0000-4000-8000-000000000006", "tom@contoso.com", tenantfake.Object{"userType": "Guest"}),
		},
		Deleted: []tenantfake.Object{person("aaaaaaaa-0000-4000-8000-000000000007", "otto@contoso.com", nil)},
		Domains: []tenantfake.Object{{"id": "contoso.com", "isVerified": true, "isRoot": true, "authenticationType": "Managed"}},
		Other: map[string][]tenantfake.Object{
			"tenantRelationships/tenants": {{"tenantId": northwind, "displayName": "Northwind Traders", "defaultDomainName": "northwind.example"}},
		},
	}
}

func TestGuests(t *testing.T) {
	yes, no := ptr(true), ptr(false)
	// open is what Microsoft's own default comes to: everybody may pass, and no claim is trusted.
	open := func(f facts.Guest) facts.Guest {
		f.InboundBlocked, f.InboundLimited, f.OutboundBlocked, f.TrustsMFA, f.TrustsDevice = no, no, no, no, no
		return f
	}
	lee := open(facts.Guest{Invited: true, Redeemed: yes, Provider: "ExternalAzureAD", HomeDomain: "northwind.example", HomeID: northwind, HomeName: "Northwind Traders", HomeFound: yes})
	pia := open(facts.Guest{Provider: "ExternalAzureAD", HomeDomain: "northwind.example", HomeID: northwind, HomeName: "Northwind Traders", HomeFound: yes})
	but := func(f facts.Guest, change func(*facts.Guest)) facts.Guest { change(&f); return f }
	ofNorthwind := "https://sts.windows.net/" + northwind + "/"
	row := func(user string, more tenantfake.Object) []tenantfake.Object {
		return []tenantfake.Object{signIn(request, now, 50020, tenantfake.Object{"userId": user, "homeTenantId": more["home"], "resourceTenantId": more["resource"], "crossTenantAccessType": more["cross"]})}
	}
	for name, c := range map[string]struct {
		q      facts.Query
		change func(*tenantfake.State)
		state  facts.State
		want   facts.Guest
	}{
		"a guest who has accepted":              {facts.Query{User: "lee@northwind.example"}, nil, facts.Seen, lee},
		"one who has not, with Google":          {facts.Query{User: "ola@gmail.com"}, nil, facts.Seen, open(facts.Guest{Invited: true, Redeemed: no, Provider: "google.com", HomeDomain: "gmail.com", HomeFound: no})},
		"one with a personal account":           {facts.Query{User: "max@outlook.com"}, nil, facts.Seen, open(facts.Guest{Invited: true, Redeemed: yes, Provider: "MicrosoftAccount", Personal: true, HomeDomain: "outlook.com", HomeFound: no})},
		"one who was made a member":             {facts.Query{User: "eve@northwind.example"}, nil, facts.Seen, lee},
		"a guest of our own":                    {facts.Query{User: "tom@contoso.com"}, nil, facts.Seen, facts.Guest{Invited: true, HomeDomain: "contoso.com", HomeID: tenantfake.DemoTenant, HomeName: "Contoso", HomeFound: yes, HomeIsUs: true, InboundBlocked: no, InboundLimited: no, OutboundBlocked: no}},
		"a member":                              {facts.Query{User: "mia@contoso.com"}, nil, facts.Absent, facts.Guest{}},
		"a member, by our own issuer":           {facts.Query{User: "mia@contoso.com", Provider: "https://sts.windows.net/" + tenantfake.DemoTenant + "/"}, nil, facts.Absent, facts.Guest{}},
		"a member who is deleted":               {facts.Query{User: "otto@contoso.com"}, nil, facts.Absent, facts.Guest{}},
		"nobody":                                {facts.Query{}, nil, facts.NotAsked, facts.Guest{}},
		"somebody who is not here":              {facts.Query{User: "pia@northwind.example", Provider: ofNorthwind}, nil, facts.Seen, pia},
		"by the domain alone":                   {facts.Query{User: "pia@northwind.example"}, nil, facts.Seen, but(pia, func(f *facts.Guest) { f.Provider = "" })},
		"of a domain of nobody":                 {facts.Query{User: "pia@nowhere.example"}, nil, facts.Seen, open(facts.Guest{HomeDomain: "nowhere.example", HomeFound: no})},
		"a misspelt name of ours":               {facts.Query{User: "miaa@contoso.com"}, nil, facts.Seen, facts.Guest{HomeDomain: "contoso.com", HomeID: tenantfake.DemoTenant, HomeName: "Contoso", HomeFound: yes, HomeIsUs: true, InboundBlocked: no, InboundLimited: no, OutboundBlocked: no}},
		"of a tenant that is gone":              {facts.Query{User: "pia@northwind.example", Provider: "https://sts.windows.net/bbbbbbbb-0000-4000-8000-000000000009/"}, nil, facts.Seen, open(facts.Guest{Provider: "ExternalAzureAD", HomeDomain: "northwind.example", HomeFound: no})},
		"a member's name as a personal account": {facts.Query{User: "mia@contoso.com", Provider: "live.com"}, nil, facts.Seen, facts.Guest{Provider: "MicrosoftAccount", Personal: true, HomeDomain: "contoso.com", HomeID: tenantfake.DemoTenant, HomeName: "Contoso", HomeFound: yes, HomeIsUs: true, InboundBlocked: no, InboundLimited: no, OutboundBlocked: no}},
		"the row tells the home tenant": {facts.Query{User: "lee@northwind.example", CorrelationID: correlation}, func(s *tenantfake.State) {
			s.SignIns = row(id2, tenantfake.Object{"home": northwind, "resource": tenantfake.DemoTenant, "cross": "b2bCollaboration"})
		}, facts.Seen, but(lee, func(f *facts.Guest) { f.Cross = "b2bCollaboration" })},
		"the row tells a personal account": {facts.Query{User: "lee@northwind.example", CorrelationID: correlation}, func(s *tenantfake.State) {
			s.SignIns = row(id2, tenantfake.Object{"home": personal})
		}, facts.Seen, but(lee, func(f *facts.Guest) { f.Personal = true })},
		"a member on the way out": {facts.Query{User: "mia@contoso.com", CorrelationID: correlation}, func(s *tenantfake.State) {
			s.SignIns = row(id1, tenantfake.Object{"home": tenantfake.DemoTenant, "resource": northwind, "cross": "b2bCollaboration"})
			s.Other["policies/crossTenantAccessPolicy/partners"] = []tenantfake.Object{{"tenantId": northwind, "b2bCollaborationOutbound": tenantfake.Collaboration("blocked", "AllUsers", "blocked", "AllApplications")}}
		}, facts.Seen, facts.Guest{HomeDomain: "contoso.com", HomeID: tenantfake.DemoTenant, HomeFound: yes, HomeIsUs: true, AwayID: northwind, AwayName: "Northwind Traders", Partner: true, OutboundBlocked: yes, Cross: "b2bCollaboration"}},
		"a member at home": {facts.Query{User: "mia@contoso.com", CorrelationID: correlation}, func(s *tenantfake.State) {
			s.SignIns = row(id1, tenantfake.Object{"home": tenantfake.DemoTenant, "resource": tenantfake.DemoTenant, "cross": "none"})
		}, facts.Absent, facts.Guest{}},
	} {
		t.Run(name, func(t *testing.T) {
			state := guestState()
			if c.change != nil {
				c.change(&state)
			}
			c.q.Ask = []facts.Name{facts.NameGuest, facts.NameSignIn}
			f := connect(t, serve(t, state)).Collect(t.Context(), c.q).Guest
			if f.State != c.state || f.State != facts.Seen && f.Reason == "" || f.State == facts.Seen && f.Reason != "" {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			if f.State == facts.Seen {
				if diff := cmp.Diff(c.want, *f.Value); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// TestCrossTenantSettings lays a partner's settings over the default.
func TestCrossTenantSettings(t *testing.T) {
	const group = "cccccccc-0000-4000-8000-0000000000aa"
	all := func(access string) tenantfake.Object {
		return tenantfake.Collaboration(access, "AllUsers", access, "AllApplications")
	}
	trust := func(mfa, device any) tenantfake.Object {
		return tenantfake.Object{"isMfaAccepted": mfa, "isCompliantDeviceAccepted": device}
	}
	def := func(in, out, trust any) tenantfake.Object {
		return tenantfake.Object{"isServiceDefault": false, "b2bCollaborationInbound": in, "b2bCollaborationOutbound": out, "inboundTrust": trust}
	}
	type want struct{ partner, inBlocked, inLimited, outBlocked, mfa, device string }
	word := func(b *bool) string {
		if b == nil {
			return "?"
		}
		return map[bool]string{true: "yes", false: "no"}[*b]
	}
	for name, c := range map[string]struct {
		def, partner tenantfake.Object
		want         want
	}{
		"no partner: the default":                  {def(all("blocked"), all("allowed"), trust(false, true)), nil, want{"no", "yes", "no", "no", "no", "yes"}},
		"a partner of nulls inherits":              {def(all("blocked"), all("blocked"), trust(true, false)), tenantfake.Object{"b2bCollaborationInbound": nil, "b2bCollaborationOutbound": nil, "inboundTrust": nil}, want{"yes", "yes", "no", "yes", "yes", "no"}},
		"a partner allows what the default blocks": {def(all("blocked"), all("blocked"), trust(false, false)), tenantfake.Object{"b2bCollaborationInbound": all("allowed"), "b2bCollaborationOutbound": all("allowed"), "inboundTrust": trust(true, true)}, want{"yes", "no", "no", "no", "yes", "yes"}},
		"a partner blocks what the default allows": {def(all("allowed"), all("allowed"), trust(true, true)), tenantfake.Object{"b2bCollaborationInbound": all("blocked"), "b2bCollaborationOutbound": nil, "inboundTrust": trust(false, nil)}, want{"yes", "yes", "no", "no", "no", "yes"}},
		"some people only":                         {def(all("allowed"), all("allowed"), trust(false, false)), tenantfake.Object{"b2bCollaborationInbound": tenantfake.Collaboration("allowed", group, "allowed", "AllApplications")}, want{"yes", "no", "yes", "no", "no", "no"}},
		"all but some people":                      {def(tenantfake.Collaboration("blocked", group, "allowed", "AllApplications"), all("allowed"), trust(false, false)), nil, want{"no", "no", "yes", "no", "no", "no"}},
		"every person, no app":                     {def(tenantfake.Collaboration("allowed", "AllUsers", "blocked", "AllApplications"), all("allowed"), trust(false, false)), nil, want{"no", "yes", "no", "no", "no", "no"}},
		"half a rule inherits the other half":      {def(all("blocked"), all("allowed"), nil), tenantfake.Object{"b2bCollaborationInbound": tenantfake.Object{"usersAndGroups": all("allowed")["usersAndGroups"], "applications": nil}}, want{"yes", "yes", "no", "no", "?", "?"}},
		"words that are new tell nothing":          {def(all("somethingNew"), all("allowed"), trust(nil, false)), nil, want{"no", "?", "?", "no", "?", "no"}},
		"a rule without targets tells nothing":     {def(tenantfake.Object{"usersAndGroups": tenantfake.Object{"accessType": "blocked", "targets": nil}, "applications": nil}, nil, nil), nil, want{"no", "?", "?", "?", "?", "?"}},
	} {
		t.Run(name, func(t *testing.T) {
			state := guestState()
			state.Other["policies/crossTenantAccessPolicy/default"] = []tenantfake.Object{c.def}
			if c.partner != nil {
				c.partner["tenantId"] = northwind
				state.Other["policies/crossTenantAccessPolicy/partners"] = []tenantfake.Object{c.partner}
			}
			f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameGuest}, User: "lee@northwind.example"}).Guest
			if !f.OK() {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			v := f.Value
			got := want{word(&v.Partner), word(v.InboundBlocked), word(v.InboundLimited), word(v.OutboundBlocked), word(v.TrustsMFA), word(v.TrustsDevice)}
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestGuestKeepsWhatCouldBeRead(t *testing.T) {
	q := facts.Query{Ask: []facts.Name{facts.NameGuest}, User: "pia@northwind.example"}
	for name, c := range map[string]struct {
		without []string
		fault   string
		q       facts.Query
		config  func(*graph.Config)
		state   facts.State
		says    []string
		check   func(facts.Guest) bool
	}{
		"the name of the home tenant": {without: []string{"CrossTenantInformation.ReadBasic.All"}, q: q, state: facts.Seen, says: []string{"the home tenant could not be read", "CrossTenantInformation.ReadBasic.All"},
			check: func(g facts.Guest) bool {
				return g.HomeFound == nil && g.HomeDomain == "northwind.example" && g.InboundBlocked == nil && !g.HomeIsUs
			}},
		"the name, where the error tells the id": {without: []string{"CrossTenantInformation.ReadBasic.All"}, q: facts.Query{Ask: q.Ask, User: q.User, Provider: "https://sts.windows.net/" + northwind + "/"}, state: facts.Seen, says: []string{"CrossTenantInformation.ReadBasic.All"},
			check: func(g facts.Guest) bool {
				return g.HomeID == northwind && *g.HomeFound && g.HomeName == "" && !*g.InboundBlocked
			}},
		"the name, of a domain of ours": {without: []string{"CrossTenantInformation.ReadBasic.All"}, q: facts.Query{Ask: q.Ask, User: "miaa@contoso.com"}, state: facts.Seen, says: []string{"CrossTenantInformation.ReadBasic.All"},
			check: func(g facts.Guest) bool { return g.HomeIsUs && *g.HomeFound && !*g.InboundBlocked }},
		"the settings": {without: []string{"Policy.Read.All"}, q: q, state: facts.Seen, says: []string{"the cross-tenant access settings could not be read", "Policy.Read.All"},
			check: func(g facts.Guest) bool {
				return g.HomeName == "Northwind Traders" && g.InboundBlocked == nil && g.TrustsMFA == nil
			}},
		"the settings of the partner alone": {fault: "v1.0/policies/crossTenantAccessPolicy/partners", q: q, state: facts.Seen, says: []string{"status 500"},
			check: func(g facts.Guest) bool {
				return g.HomeName == "Northwind Traders" && g.InboundBlocked == nil && !g.Partner
			}},
		"everything":  {without: []string{"CrossTenantInformation.ReadBasic.All", "Policy.Read.All"}, q: q, state: facts.NotPermitted, says: []string{"CrossTenantInformation.ReadBasic.All", "Policy.Read.All"}},
		"the account": {without: []string{"User.Read.All", "Directory.Read.All"}, q: q, state: facts.NotPermitted, says: []string{"User.Read.All"}},
		"the name, outside the global cloud": {config: func(c *graph.Config) { c.Cloud = "usgov" }, q: q, state: facts.Seen, says: []string{"global cloud"},
			check: func(g facts.Guest) bool { return g.HomeFound == nil && g.InboundBlocked == nil }},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, guestState()).Without(c.without...)
			if c.fault != "" {
				s.Break(tenantfake.Fault{Path: c.fault, Status: 500, Body: "{}"})
			}
			change := func(*graph.Config) {}
			if c.config != nil {
				change = c.config
			}
			f := connect(t, s, change).Collect(t.Context(), c.q).Guest
			if f.State != c.state || c.check != nil && !c.check(*f.Value) {
				t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
			}
			for _, text := range c.says {
				if !strings.Contains(f.Reason, text) {
					t.Errorf("%q does not say %q", f.Reason, text)
				}
			}
			if c.config != nil && s.Count("tenantRelationships") > 0 {
				t.Error("a national cloud was asked for another tenant")
			}
		})
	}
}

func TestAGuestCostsThreeRequestsAndAMemberNone(t *testing.T) {
	s := serve(t, guestState())
	tenant := connect(t, s)
	count := func() int {
		return s.Count("tenantRelationships") + s.Count("crossTenantAccessPolicy") + s.Count("organization")
	}
	tenant.Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameGuest}, User: "mia@contoso.com"})
	if n := count(); n != 0 {
		t.Errorf("a member cost %d requests", n)
	}
	for range 3 {
		tenant.Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameGuest}, User: "lee@northwind.example"})
	}
	if n := count(); n != 3 {
		t.Errorf("a guest cost %d requests", n)
	}
	tenant.Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameGuest}, User: "pia@northwind.example"})
	if n := count(); n != 3 {
		t.Errorf("another one of the same home cost %d more", n-3)
	}
}

func TestOurOwnIDIsKnownWithoutATokenThatCanBeRead(t *testing.T) {
	state := guestState()
	state.OpaqueTokens = true
	f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameGuest}, User: "miaa@contoso.com"}).Guest
	if !f.OK() || !f.Value.HomeIsUs {
		t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
	}
}
