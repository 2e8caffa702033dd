package facts

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	then = time.Date(2026, 11, 24, 11, 48, 0, 0, time.UTC) // of the error
	read = then.Add(12 * time.Minute)
)

const (
	euPlace = "a1b2c3d4-0000-4000-8000-000000000002"
	hqPlace = "a1b2c3d4-0000-4000-8000-000000000003"
)

// policy is an enforced one for everybody, changed long ago.
func policy(id, name string, scope PolicyScope, controls ...string) Policy {
	changed := then.AddDate(0, -3, 0)
	return Policy{ID: id, Name: name, State: stateEnabled, Operator: "OR", Controls: controls, Changed: &changed, Scope: scope}
}

func edit(p Policy, change func(*Policy)) Policy {
	change(&p)
	return p
}

// failing is a sign-in row in which the policies with the ids failed.
func failing(more func(*SignIn), ids ...string) Fact[SignIn] {
	row := SignIn{Time: then, Code: 53003, Policies: []AppliedPolicy{}, Blocking: []string{}}
	for _, id := range ids {
		row.Policies = append(row.Policies, AppliedPolicy{ID: id, Name: id, Result: "failure"})
	}
	if more != nil {
		more(&row)
	}
	return See(read, row)
}

func from(country, ip string) func(*SignIn) {
	return func(r *SignIn) { r.Country, r.IP = country, ip }
}

func someLocations() Fact[Locations] {
	return See(read, Locations{List: []Location{
		{ID: euPlace, Name: "EU", Kind: "country", Countries: []string{"DE", "PT"}},
		{ID: hqPlace, Name: "HQ", Kind: "ip", Trusted: true, Ranges: []string{"192.0.2.0/24", "2001:db8:1::/48"}},
	}})
}

func anywhereBut(ids ...string) PolicyScope {
	return PolicyScope{IncludeLocations: []string{"All"}, ExcludeLocations: ids}
}

func ofError(r Report, q Query) *Policies {
	r.Relate(q, read)
	return r.Policies.Value
}

func TestWhichPoliciesAnErrorIsAbout(t *testing.T) {
	block := policy("p-block", "Block outside EU", anywhereBut(euPlace), "block")
	mfa := policy("p-mfa", "Require MFA", PolicyScope{}, "mfa")
	pilot := edit(policy("p-pilot", "Pilot", PolicyScope{}, "compliantDevice"), func(p *Policy) { p.State = "enabledForReportingButNotEnforced" })
	off := edit(policy("p-off", "Old", PolicyScope{}, "block"), func(p *Policy) { p.State = "disabled" })
	odd := edit(policy("p-odd", "New control", PolicyScope{}, "somethingNew"), func(p *Policy) { p.Changed = nil })
	result := func(id, result string) Fact[SignIn] {
		return failing(func(r *SignIn) { r.Policies = []AppliedPolicy{{ID: id, Name: id, Result: result}} })
	}
	type names struct {
		From                                    []string // of List: name and where it is from
		Enforced, NotInForce, Controls, Missing []string
		Blocks                                  *bool
	}
	on, not := true, false
	none := []string{}
	for name, c := range map[string]struct {
		ids    []string
		row    Fact[SignIn]
		time   time.Time
		wanted names
	}{
		"named by the error": {ids: []string{"P-BLOCK"}, wanted: names{[]string{"Block outside EU error"}, []string{"Block outside EU"}, none, []string{"block"}, none, &on}},
		"named twice":        {ids: []string{"p-block", "P-block"}, wanted: names{[]string{"Block outside EU error"}, []string{"Block outside EU"}, none, []string{"block"}, none, &on}},
		"failed in the row":  {row: failing(nil, "p-mfa"), wanted: names{[]string{"Require MFA signin"}, []string{"Require MFA"}, none, []string{"mfa"}, none, &not}},
		"named, and another failed in the row, each once": {ids: []string{"p-mfa"}, row: failing(nil, "p-mfa", "p-block"),
			wanted: names{[]string{"Require MFA error", "Block outside EU signin"}, []string{"Require MFA", "Block outside EU"}, none, []string{"mfa", "block"}, none, &on}},
		"a report-only failure is none": {row: result("p-pilot", "reportOnlyFailure"), wanted: names{none, none, none, none, none, &not}},
		"a policy that was satisfied":   {row: result("p-block", "success"), wanted: names{none, none, none, none, none, &not}},
		"a result that is new":          {row: result("p-block", "brandNew"), wanted: names{none, none, none, none, none, &not}},
		"report-only now":               {ids: []string{"p-pilot"}, wanted: names{[]string{"Pilot error"}, none, []string{"Pilot"}, none, none, &not}},
		"it failed, and was disabled since": {row: failing(nil, "p-off"),
			wanted: names{[]string{"Old signin"}, none, []string{"Old"}, none, none, &not}},
		"an unknown control is not block": {ids: []string{"p-odd"}, wanted: names{[]string{"New control error"}, []string{"New control"}, none, []string{"somethingNew"}, none, &not}},
		"another tenant's":                {ids: []string{"p-elsewhere"}, wanted: names{none, none, none, none, []string{"p-elsewhere"}, &not}},
		"perhaps made since the policies were read": {ids: []string{"p-elsewhere"}, time: read.Add(time.Second),
			wanted: names{}},
		"neither the error nor a row tells":      {wanted: names{Missing: none}},
		"the row was not to be read":             {row: Unread[SignIn](NotLicensed, "P1"), wanted: names{Missing: none}},
		"the row's policies were not to be read": {row: failing(func(r *SignIn) { r.Policies, r.Blocking = nil, nil }), wanted: names{Missing: none}},
		"the row says that nothing enforced did": {row: failing(func(r *SignIn) { r.Policies = nil }), wanted: names{none, none, none, none, none, &not}},
		"the row's failing policy is not found":  {row: failing(nil, "p-new"), wanted: names{Missing: none}},
		"one of the row's two is not found":      {row: failing(nil, "p-block", "p-new"), wanted: names{[]string{"Block outside EU signin"}, []string{"Block outside EU"}, nil, []string{"block"}, none, &on}},
		"the switch of the security defaults":    {row: failing(nil, "SecurityDefaults"), wanted: names{none, none, none, none, none, &not}},
		"named, though the row is not there yet": {ids: []string{"p-block"}, row: Unread[SignIn](NotYet, "log lag"), wanted: names{[]string{"Block outside EU error"}, []string{"Block outside EU"}, none, []string{"block"}, none, &on}},
		"named, though the row's are not readable": {ids: []string{"p-block"}, row: failing(func(r *SignIn) { r.Policies, r.Blocking = nil, nil }),
			wanted: names{[]string{"Block outside EU error"}, []string{"Block outside EU"}, none, []string{"block"}, none, &on}},
	} {
		t.Run(name, func(t *testing.T) {
			q := Query{PolicyIDs: c.ids, Time: then}
			if !c.time.IsZero() {
				q.Time = c.time
			}
			f := ofError(Report{Policies: See(read, Policies{Tenant: []Policy{block, mfa, pilot, off, odd}}), SignIn: c.row}, q)
			got := names{nil, f.Enforced, f.NotInForce, f.Controls, f.Missing, f.Blocks}
			if f.List != nil {
				got.From = none
			}
			for _, p := range f.List {
				got.From = append(got.From, p.Name+" "+p.From)
			}
			if diff := cmp.Diff(c.wanted, got); diff != "" {
				t.Error(diff)
			}
			if f.Count != 5 {
				t.Errorf("%d policies", f.Count)
			}
		})
	}
}

func TestPoliciesThatWereNotReadAreNotInvented(t *testing.T) {
	for _, f := range []Fact[Policies]{{}, Unread[Policies](NotPermitted, "Policy.Read.All"), Unread[Policies](Failed, "x"), None[Policies](read, "none")} {
		r := Report{Policies: f, SignIn: failing(nil, "p"), Strengths: See(read, Strengths{List: []Strength{}})}
		r.Relate(Query{PolicyIDs: []string{"p"}}, read)
		if diff := cmp.Diff(f, r.Policies); diff != "" {
			t.Error(diff)
		}
		if r.Strengths.Value.Required != nil {
			t.Error("the strengths that unknown policies ask for are said to be known")
		}
	}
}

func TestRelatingAgainChangesNothingAndSharesNothing(t *testing.T) {
	shared := Policies{Tenant: []Policy{policy("p", "Block outside EU", anywhereBut(euPlace), "block")}}
	r := Report{Policies: See(read, shared), SignIn: failing(from("BR", ""), "p"), Locations: someLocations()}
	q := Query{Time: then}
	before := shared.Tenant[0]
	r.Relate(q, read)
	first := *r.Policies.Value
	r.Relate(q, read)
	if diff := cmp.Diff(first, *r.Policies.Value); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, shared.Tenant[0]); diff != "" || shared.List != nil {
		t.Errorf("a value that the cache shares was changed: %s", diff)
	}
	r.SignIn = Fact[SignIn]{} // as in an earlier snapshot
	r.Relate(q, read)
	if r.Policies.Value.List != nil || r.Policies.Value.Enforced != nil {
		t.Errorf("%+v is left of a row that is gone", r.Policies.Value)
	}
}

func TestWhatBit(t *testing.T) {
	type says struct {
		Conditions []string // that matched
		Own        []string // of the policy
		Satisfy    []string
		By         string
	}
	ask := func(scope PolicyScope, controls ...string) Policy { return policy("p", "P", scope, controls...) }
	seen := func(edit func(*SignIn)) func(*SignIn) { return edit }
	is := func(words ...string) []string { return words }
	for name, c := range map[string]struct {
		policy Policy
		row    func(*SignIn)
		change func(*Report)
		want   says
	}{
		"nothing narrows it": {policy: ask(PolicyScope{IncludeApps: is("All"), IncludeUsers: is("All"), ClientTypes: is("all"), IncludePlatforms: is("all"), IncludeLocations: is("All")}, "mfa"),
			want: says{Satisfy: is("multifactor authentication")}},
		"an outright block has no way out": {policy: ask(PolicyScope{IncludeApps: is("All")}, "block"), want: says{}},
		"outside a country": {policy: ask(anywhereBut(euPlace), "block"), row: from("BR", "198.51.100.4"),
			want: says{Conditions: is("location: anywhere but EU; the sign-in came from Brazil (BR)"), Satisfy: is("from a place in EU"), By: "location"}},
		"inside the excluded country, so that it does not match now": {policy: ask(anywhereBut(euPlace), "block"), row: from("PT", "198.51.100.4"),
			want: says{Own: is("location: anywhere but EU; the sign-in came from Portugal (PT), which does not meet it as it stands now"), By: "not location"}},
		"outside an address range": {policy: ask(anywhereBut(hqPlace), "block"), row: from("BR", "198.51.100.4"),
			want: says{Conditions: is("location: anywhere but HQ; the sign-in came from 198.51.100.4 in Brazil (BR)"), Satisfy: is("from a place in HQ"), By: "location"}},
		"outside trusted locations": {policy: ask(anywhereBut("AllTrusted", euPlace), "block"), row: from("", "198.51.100.4"),
			want: says{Conditions: is("location: anywhere but trusted locations or EU; the sign-in came from 198.51.100.4"), Satisfy: is("from a trusted location or a place in EU"), By: "location"}},
		"in a country that is barred": {policy: ask(PolicyScope{IncludeLocations: is(euPlace), ExcludeLocations: is(hqPlace)}, "block"), row: from("DE", "198.51.100.4"),
			want: says{Conditions: is("location: EU, but not HQ; the sign-in came from 198.51.100.4 in Germany (DE)"), Satisfy: is("from a place outside EU"), By: "location"}},
		"no row": {policy: ask(anywhereBut(euPlace), "block"), change: func(r *Report) { r.SignIn = Fact[SignIn]{} },
			want: says{Conditions: is("location: anywhere but EU"), Satisfy: is("from a place in EU"), By: "location"}},
		"a row without a place": {policy: ask(anywhereBut(euPlace), "block"),
			want: says{Conditions: is("location: anywhere but EU"), Satisfy: is("from a place in EU"), By: "location"}},
		"the locations were not read": {policy: ask(anywhereBut(euPlace), "block"), row: from("BR", ""), change: func(r *Report) { r.Locations = Unread[Locations](NotPermitted, "x") },
			want: says{Conditions: is("location: anywhere but " + euPlace + " (its name was not read); the sign-in came from Brazil (BR)"), Satisfy: is("from a place in " + euPlace + " (its name was not read)"), By: "location"}},
		"a location that was deleted": {policy: ask(anywhereBut("gone"), "block"), row: from("BR", ""),
			want: says{Conditions: is("location: anywhere but gone (no named location of this tenant); the sign-in came from Brazil (BR)"), Satisfy: is("from a place in gone (no named location of this tenant)"), By: "location"}},
		"a country that is no code": {policy: ask(anywhereBut(euPlace), "block"), row: from("Atlantis", ""),
			want: says{Conditions: is("location: anywhere but EU; the sign-in came from Atlantis"), Satisfy: is("from a place in EU"), By: "location"}},
		"location and MFA": {policy: ask(anywhereBut(euPlace), "mfa"), row: from("BR", ""),
			want: says{Conditions: is("location: anywhere but EU; the sign-in came from Brazil (BR)"), Satisfy: is("multifactor authentication"), By: "location"}},
		"a platform": {policy: ask(PolicyScope{IncludePlatforms: is("android", "iOS")}, "block"), row: seen(func(r *SignIn) { r.OS = "Android 15" }),
			want: says{Conditions: is("platform: Android or iOS; the sign-in came from Android 15"), Satisfy: is("from a platform other than Android or iOS"), By: "platform"}},
		"any platform but": {policy: ask(PolicyScope{IncludePlatforms: is("all"), ExcludePlatforms: is("windows", "macOS")}, "block"), row: seen(func(r *SignIn) { r.OS = "Linux" }),
			want: says{Conditions: is("platform: any but Windows or macOS; the sign-in came from Linux"), Satisfy: is("from Windows or macOS"), By: "platform"}},
		"another platform than the sign-in's": {policy: ask(PolicyScope{IncludePlatforms: is("android")}, "block"), row: seen(func(r *SignIn) { r.OS = "Windows10" }),
			want: says{Own: is("platform: Android; the sign-in came from Windows10, which does not meet it as it stands now"), By: "not platform"}},
		"a platform that is new": {policy: ask(PolicyScope{IncludePlatforms: is("visionOS")}, "block"), row: seen(func(r *SignIn) { r.OS = "VisionOs" }),
			want: says{Conditions: is("platform: visionOS; the sign-in came from VisionOs"), Satisfy: is("from a platform other than visionOS"), By: "platform"}},
		"legacy clients": {policy: ask(PolicyScope{ClientTypes: is("exchangeActiveSync", "other")}, "block"), row: seen(func(r *SignIn) { r.ClientApp = "IMAP4" }),
			want: says{Conditions: is("client app: Exchange ActiveSync or other clients (legacy authentication); the sign-in used IMAP4"), Satisfy: is("with a client that uses modern authentication"), By: "client"}},
		"browsers": {policy: ask(PolicyScope{ClientTypes: is("browser")}, "block"), row: seen(func(r *SignIn) { r.ClientApp = "Browser" }),
			want: says{Conditions: is("client app: a browser; the sign-in used Browser"), Satisfy: is("with mobile apps and desktop clients"), By: "client"}},
		"legacy clients, and a browser was used": {policy: ask(PolicyScope{ClientTypes: is("exchangeActiveSync", "other")}, "block"), row: seen(func(r *SignIn) { r.ClientApp = "Browser" }),
			want: says{Own: is("client app: Exchange ActiveSync or other clients (legacy authentication); the sign-in used Browser, which does not meet it as it stands now"), By: "not client"}},
		"every client by name narrows nothing": {policy: ask(PolicyScope{ClientTypes: is("browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other")}, "block"), want: says{}},
		"risk of the sign-in": {policy: ask(PolicyScope{SignInRisk: is("medium", "high")}, "block"), row: seen(func(r *SignIn) { r.RiskLevel = "high" }),
			want: says{Conditions: is("sign-in risk: medium or high; the sign-in risk was high"), Satisfy: is("once the sign-in risk is no longer medium or high"), By: "risk"}},
		"risk that is hidden": {policy: ask(PolicyScope{SignInRisk: is("high")}, "block"), row: seen(func(r *SignIn) { r.RiskLevel = "hidden" }),
			want: says{Conditions: is("sign-in risk: high; what it was is hidden without Microsoft Entra ID P2"), Satisfy: is("once the sign-in risk is no longer high"), By: "risk"}},
		"risk of the person": {policy: ask(PolicyScope{UserRisk: is("high")}, "passwordChange", "mfa"), change: func(r *Report) { r.Risk = See(read, Risk{Level: "high"}) },
			want: says{Conditions: is("user risk: high; the person's risk is high"), Satisfy: is("a password change or multifactor authentication"), By: "risk"}},
		"devices outside a filter": {policy: ask(PolicyScope{DeviceFilter: `device.trustType -eq "ServerAD"`, DeviceFilterMode: "exclude"}, "block"), row: seen(func(*SignIn) {}),
			want: says{Conditions: is(`device filter: all devices but those where device.trustType -eq "ServerAD"; the sign-in presented no device id`), Satisfy: is(`from a device where device.trustType -eq "ServerAD"`), By: "device"}},
		"devices within a filter": {policy: ask(PolicyScope{DeviceFilter: `device.model -eq "X"`, DeviceFilterMode: "include"}, "block"), row: seen(func(r *SignIn) { r.DeviceID, r.DeviceName = "d", "PC-1" }),
			want: says{Conditions: is(`device filter: devices where device.model -eq "X"; the sign-in came from the device PC-1`), Satisfy: is(`from a device other than those where device.model -eq "X"`), By: "device"}},
		"device code": {policy: ask(PolicyScope{Flows: is("deviceCodeFlow")}, "block"), row: seen(func(r *SignIn) { r.Protocol = "deviceCode" }),
			want: says{Conditions: is("authentication flow: device code; the sign-in used device code"), Satisfy: is("with an authentication flow other than device code"), By: "flow"}},
		"registering security information": {policy: ask(PolicyScope{IncludeApps: is("None"), Actions: is("urn:user:registersecurityinfo"), IncludeLocations: is("All"), ExcludeLocations: is("AllTrusted")}, "block"), row: from("BR", "198.51.100.4"),
			want: says{Conditions: is("user action: registering security information", "location: anywhere but trusted locations; the sign-in came from 198.51.100.4 in Brazil (BR)"), Satisfy: is("from a trusted location"), By: "location action"}},
		"an app by name":   {policy: ask(PolicyScope{IncludeApps: is("app-1", "app-2")}, "block"), row: seen(func(r *SignIn) { r.AppID, r.AppName = "APP-2", "Payroll" }), want: says{Conditions: is("app: Payroll")}},
		"apps by id":       {policy: ask(PolicyScope{IncludeApps: is("a", "b", "c", "d", "e")}, "block"), want: says{Conditions: is("app: a, b, c and 2 more")}},
		"a suite":          {policy: ask(PolicyScope{IncludeApps: is("Office365")}, "mfa"), want: says{Conditions: is("app: Office 365"), Satisfy: is("multifactor authentication")}},
		"an unknown thing": {policy: ask(PolicyScope{Other: is(`times {"days":["monday"]}`)}, "mfa"), want: says{Conditions: is(`a condition that Signpost does not know: times {"days":["monday"]}`), Satisfy: is("multifactor authentication")}},
		"two ways out": {policy: ask(PolicyScope{IncludeLocations: is("All"), ExcludeLocations: is(euPlace), ClientTypes: is("other")}, "block"), row: func(r *SignIn) { r.Country, r.ClientApp = "BR", "POP3" },
			want: says{Conditions: is("location: anywhere but EU; the sign-in came from Brazil (BR)", "client app: other clients (legacy authentication); the sign-in used POP3"), Satisfy: is("from a place in EU or with a client that uses modern authentication"), By: "location client"}},
		"all of the controls": {policy: edit(ask(PolicyScope{}, "mfa", "compliantDevice", "domainJoinedDevice"), func(p *Policy) { p.Operator = "AND" }),
			want: says{Satisfy: is("multifactor authentication, a compliant device and a Microsoft Entra hybrid joined device")}},
		"one of the controls": {policy: ask(PolicyScope{}, "compliantDevice", "authentication strength Phishing-resistant MFA"), want: says{Satisfy: is("a compliant device or authentication strength Phishing-resistant MFA")}},
		"an operator that is not told": {policy: edit(ask(PolicyScope{}, "mfa", "terms of use"), func(p *Policy) { p.Operator = "" }),
			want: says{Satisfy: is("multifactor authentication and/or accepting the terms of use")}},
		"an unknown control": {policy: ask(PolicyScope{}, "somethingNew"), want: says{Satisfy: is("somethingNew")}},
		"a session alone": {policy: edit(ask(PolicyScope{}), func(p *Policy) { p.Frequency = "every 7 days" }),
			want: says{Satisfy: is("signing in again (sign-in frequency: every 7 days)")}},
		"edited after the error": {policy: edit(ask(anywhereBut(euPlace), "block"), func(p *Policy) { later := then.Add(time.Minute); p.Changed = &later }), row: from("BR", ""),
			want: says{Conditions: is("location: anywhere but EU; the sign-in came from Brazil (BR) (the policy was changed after the error)"), Own: is("location: anywhere but EU; the sign-in came from Brazil (BR)"), Satisfy: is("from a place in EU"), By: "location"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := Report{Policies: See(read, Policies{Tenant: []Policy{c.policy}}), SignIn: failing(c.row, "p"), Locations: someLocations()}
			if c.change != nil {
				c.change(&r)
			}
			f := ofError(r, Query{PolicyIDs: []string{"p"}, Time: then})
			got := says{Conditions: f.Conditions, Own: f.List[0].Conditions, Satisfy: f.Satisfy}
			for _, by := range []struct {
				name string
				is   *bool
			}{{"location", f.ByLocation}, {"platform", f.ByPlatform}, {"client", f.ByClient}, {"risk", f.ByRisk}, {"device", f.ByDevice}, {"flow", f.ByFlow}, {"action", f.ByAction}} {
				name := by.name
				switch {
				case by.is == nil:
					name = "not " + name // known
				case !*by.is:
					continue
				}
				got.By = strings.TrimSpace(got.By + " " + name)
			}
			if c.want.Own == nil {
				c.want.Own = c.want.Conditions
			}
			for _, list := range []*[]string{&c.want.Conditions, &c.want.Own, &c.want.Satisfy} {
				if *list == nil {
					*list = []string{}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestABlockIsWhatBit has a block and a demand for MFA fail together.
func TestABlockIsWhatBit(t *testing.T) {
	block := policy("b", "No legacy", PolicyScope{ClientTypes: []string{"other"}}, "block")
	mfa := policy("m", "MFA outside EU", anywhereBut(euPlace), "mfa")
	row := func(r *SignIn) { r.Country, r.ClientApp = "BR", "POP3" }
	for name, c := range map[string]struct {
		ids        []string
		conditions []string
		location   bool
		client     bool
	}{
		"both":    {[]string{"m", "b"}, []string{"client app: other clients (legacy authentication); the sign-in used POP3"}, false, true},
		"the MFA": {[]string{"m"}, []string{"location: anywhere but EU; the sign-in came from Brazil (BR)"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := ofError(Report{Policies: See(read, Policies{Tenant: []Policy{block, mfa}}), SignIn: failing(row, c.ids...), Locations: someLocations()}, Query{})
			if diff := cmp.Diff(c.conditions, f.Conditions); diff != "" {
				t.Error(diff)
			}
			if *f.ByLocation != c.location || *f.ByClient != c.client || *f.Blocks != c.client || len(f.Satisfy) != len(c.ids) {
				t.Errorf("location %v, client %v, blocks %v, %q", *f.ByLocation, *f.ByClient, *f.Blocks, f.Satisfy)
			}
		})
	}
}

func TestWhenAPolicyOfTheErrorChanged(t *testing.T) {
	changed := func(id string, at *time.Time, state string) Policy {
		return edit(policy(id, id, PolicyScope{}, "mfa"), func(p *Policy) { p.Changed, p.State = at, state })
	}
	hour, day, later := then.Add(-time.Hour), then.AddDate(0, 0, -1), then.Add(time.Minute)
	posted := then.Add(2 * time.Minute)
	for name, c := range map[string]struct {
		policies []Policy
		q        Query
		row      Fact[SignIn]
		want     *time.Time
		edited   []string
	}{
		"the last of two":              {policies: []Policy{changed("a", &day, stateEnabled), changed("b", &hour, stateEnabled)}, q: Query{Time: then}, want: &hour},
		"not one that is not in force": {policies: []Policy{changed("a", &day, stateEnabled), changed("b", &hour, "disabled")}, q: Query{Time: then}, want: &day},
		"not after the error":          {policies: []Policy{changed("a", &later, stateEnabled)}, q: Query{Time: then}, edited: []string{"a"}},
		"before it was posted":         {policies: []Policy{changed("a", &later, stateEnabled)}, q: Query{Posted: posted}, want: &later},
		"after the row's own time":     {policies: []Policy{changed("a", &later, stateEnabled)}, q: Query{Posted: posted}, row: failing(nil), edited: []string{"a"}},
		"at a time that nobody knows":  {policies: []Policy{changed("a", &later, stateEnabled)}, want: &later},
		"never":                        {policies: []Policy{changed("a", nil, stateEnabled)}, q: Query{Time: then}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range c.policies {
				c.q.PolicyIDs = append(c.q.PolicyIDs, p.ID)
			}
			f := ofError(Report{Policies: See(read, Policies{Tenant: c.policies}), SignIn: c.row}, c.q)
			if diff := cmp.Diff(c.want, f.ChangedAt); diff != "" {
				t.Error(diff)
			}
			if c.edited == nil {
				c.edited = []string{}
			}
			if diff := cmp.Diff(c.edited, f.Edited); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPoliciesOfTheWholeTenant(t *testing.T) {
	report := func(p Policy) Policy {
		return edit(p, func(p *Policy) { p.Name, p.State = p.Name+" (off)", "enabledForReportingButNotEnforced" })
	}
	weekly := edit(policy("1", "Weekly sign-in", PolicyScope{}), func(p *Policy) { p.Frequency = "every 7 days" })
	device := policy("2", "No device code", PolicyScope{Flows: []string{"deviceCodeFlow"}}, "block")
	mfaFlow := policy("3", "MFA for device code", PolicyScope{Flows: []string{"deviceCodeFlow"}}, "mfa")
	legacy := policy("4", "No legacy", PolicyScope{ClientTypes: []string{"exchangeActiveSync", "other"}}, "block")
	browsers := policy("5", "No browsers", PolicyScope{ClientTypes: []string{"browser", "other"}}, "block")
	everything := policy("6", "Nothing at all", PolicyScope{ClientTypes: []string{"all"}}, "block")
	register := policy("7", "Register on site", PolicyScope{Actions: []string{"urn:user:registerSecurityInfo"}}, "mfa")
	join := policy("8", "Join with MFA", PolicyScope{Actions: []string{"urn:user:registerdevice"}}, "mfa")
	var tenant []Policy
	for _, p := range []Policy{weekly, device, mfaFlow, legacy, browsers, everything, register, join} {
		tenant = append(tenant, p, report(p))
	}
	f := ofError(Report{Policies: See(read, Policies{Tenant: tenant})}, Query{})
	got := [][]string{f.Frequency, f.Flows, f.Legacy, f.Registration}
	want := [][]string{{"Weekly sign-in (every 7 days)"}, {"No device code"}, {"No legacy"}, {"Register on site"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if f := ofError(Report{Policies: See(read, Policies{Tenant: []Policy{}})}, Query{}); f.Frequency == nil || f.Flows == nil || f.Legacy == nil || f.Registration == nil {
		t.Errorf("%+v: a tenant without policies is known to have none", f)
	}
}

func TestStrengthsAreNamed(t *testing.T) {
	p := edit(policy("p", "P", PolicyScope{}, strengthControl+"id-1"), func(p *Policy) { p.StrengthID = "id-1" })
	named := edit(policy("p", "P", PolicyScope{}, strengthControl+"Ours"), func(p *Policy) { p.StrengthID, p.Strength = "id-1", "Ours" })
	strengths := See(read, Strengths{List: []Strength{{ID: "ID-1", Name: "Ours"}}})
	for name, c := range map[string]struct {
		policy    Policy
		strengths Fact[Strengths]
		controls  string
		strength  []string
	}{
		"by the policy":                   {named, Fact[Strengths]{}, strengthControl + "Ours", []string{"Ours"}},
		"by the strengths":                {p, strengths, strengthControl + "Ours", []string{"Ours"}},
		"by its id where nobody names it": {p, Fact[Strengths]{}, strengthControl + "id-1", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			f := ofError(Report{Policies: See(read, Policies{Tenant: []Policy{c.policy}}), Strengths: c.strengths}, Query{PolicyIDs: []string{"p"}})
			if diff := cmp.Diff([]string{c.controls}, f.Controls); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.strength, f.Strengths); diff != "" {
				t.Error(diff)
			}
		})
	}
}
