package facts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	miaID, otherID      = "11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002"
	appID, appObject    = "22222222-0000-4000-8000-000000000001", "22222222-0000-4000-8000-00000000000a"
	appPrincipal        = "22222222-0000-4000-8000-00000000000b"
	otherApp            = "22222222-0000-4000-8000-00000000000c"
	policyID, otherCA   = "33333333-0000-4000-8000-000000000001", "33333333-0000-4000-8000-000000000002"
	euID, hqID          = "44444444-0000-4000-8000-000000000001", "44444444-0000-4000-8000-000000000002"
	deviceID, deviceObj = "55555555-0000-4000-8000-000000000001", "55555555-0000-4000-8000-00000000000a"
	salesID, marketID   = "66666666-0000-4000-8000-000000000001", "66666666-0000-4000-8000-000000000002"
	strengthID          = "00000000-0000-0000-0000-000000000004"
	partnerID           = "77777777-0000-4000-8000-000000000001"
)

// theError is an error of mia with the app Payroll at noon, of which everything is known.
func theError() (Report, Query) {
	r := Report{Subject: Subject{User: "mia@contoso.com", ID: miaID, Domain: "contoso.com"}}
	r.User = See(noon, User{ID: miaID, UPN: "mia@contoso.com"})
	r.SignIn = See(noon, SignIn{Time: noon, UserID: miaID, UPN: "mia@contoso.com", AppID: appID, AppName: "Payroll", DeviceID: deviceID, DeviceName: "PC-1", Policies: []AppliedPolicy{{ID: policyID, Result: "failure"}}})
	r.App = See(noon, App{ID: appObject, AppID: appID, Name: "Payroll"})
	r.Principal = See(noon, Principal{ID: appPrincipal, AppID: appID, Name: "Payroll"})
	r.Policies = See(noon, Policies{List: []Policy{{ID: policyID, Name: "Block", StrengthID: strengthID, Scope: PolicyScope{ExcludeLocations: []string{euID}, IncludeGroups: []string{marketID}}}}})
	r.Locations = See(noon, Locations{List: []Location{{ID: euID, Name: "EU"}, {ID: hqID, Name: "HQ", Trusted: true}}})
	r.Device = See(noon, Device{ID: deviceID, ObjectID: deviceObj, Name: "PC-1"})
	r.Domain = See(noon, Domain{Name: "mail.contoso.com", Root: "contoso.com"})
	r.Assignment = See(noon, Assignment{Groups: []string{"Sales"}, Nested: []string{"All staff"}})
	r.Groups = See(noon, Groups{List: []Group{{ID: salesID, Name: "Sales"}, {ID: marketID, Name: "Marketing"}}})
	r.Recent = See(noon, Recent{Rows: []SignIn{{Time: noon, Code: 53003, AppID: appID}}})
	return r, Query{Code: 53003, Time: noon, Activities: []string{
		"Update conditional access policy", "Update user", "Disable account", "Update application", "Delete application", "Update service principal",
		"Delete service principal", "Remove app role assignment from user", "Remove app role assignment from group", "Remove member from group", "Delete group",
		"Remove delegated permission grant", "Delete named location", "Update named location", "Set domain authentication", "Delete device", "Update security defaults",
		"Authentication Strength Policy Update", "Update Identity Provider", "Update a partner cross-tenant access setting", "Set password policy", "Something new",
	}}
}

func on(kind, id, name string) Target { return Target{Kind: kind, IDs: ids(id), Name: name} }

func ids(id ...string) []string { return add(nil, id) }

func TestChangesThatConcernTheError(t *testing.T) {
	for name, c := range map[string]struct {
		activity string
		targets  []Target
		change   func(r *Report, q *Query)
		want     relation
	}{
		"the person by id":                   {"Update user", []Target{{Kind: "user", IDs: ids(miaID)}}, nil, related},
		"the person by sign-in name":         {"Update user", []Target{{Kind: "user", UPN: "mia@contoso.com"}}, nil, related},
		"another person":                     {"Update user", []Target{{Kind: "user", IDs: ids(otherID), UPN: "noah@contoso.com"}}, nil, unrelated},
		"some person, while nobody is known": {"Update user", []Target{{Kind: "user", IDs: ids(miaID)}}, func(r *Report, _ *Query) { r.Subject, r.User, r.SignIn = Subject{}, Fact[User]{}, Fact[SignIn]{} }, undecided},
		"the policy":                         {"Update conditional access policy", []Target{on("policy", policyID, "Block")}, nil, related},
		"another policy of the same name":    {"Update conditional access policy", []Target{on("policy", otherCA, "Block")}, nil, unrelated},
		"a policy that the error alone names": {"Update conditional access policy", []Target{on("policy", policyID, "Block")}, func(r *Report, q *Query) {
			r.Policies, r.SignIn = Fact[Policies]{}, Fact[SignIn]{}
			q.PolicyIDs = []string{policyID}
		}, related},
		"some policy, while those of the error are not known": {"Update conditional access policy", []Target{on("policy", policyID, "Block")}, func(r *Report, _ *Query) {
			r.Policies, r.SignIn = See(noon, Policies{List: []Policy{}}), Fact[SignIn]{}
		}, undecided},
		"the app's registration":              {"Update application", []Target{on("application", appObject, "Payroll")}, nil, related},
		"the app's service principal":         {"Update service principal", []Target{on("serviceprincipal", appPrincipal, "Payroll")}, nil, related},
		"another app of the same name":        {"Update application", []Target{on("application", otherApp, "Payroll")}, nil, unrelated},
		"an app that is deleted, by its name": {"Delete application", []Target{on("application", otherApp, "Payroll")}, func(r *Report, _ *Query) { r.App, r.Principal = None[App](noon, ""), None[Principal](noon, "") }, related},
		"an app that is deleted, by its app id": {"Delete application", []Target{{Kind: "application", IDs: ids(otherApp, appID)}}, func(r *Report, q *Query) {
			r.App, r.Principal, r.SignIn = None[App](noon, ""), None[Principal](noon, ""), Fact[SignIn]{}
			q.AppID = appID
		}, related},
		"a deleted app that may be it": {"Delete application", []Target{on("application", otherApp, "Payroll")}, func(r *Report, q *Query) {
			r.App, r.Principal, r.SignIn = None[App](noon, ""), None[Principal](noon, ""), Fact[SignIn]{}
			q.AppID = appID
		}, undecided},
		"the person's assignment to the app":                     {"Remove app role assignment from user", []Target{on("serviceprincipal", appPrincipal, "Payroll"), on("user", miaID, "")}, nil, related},
		"the person's assignment to another app":                 {"Remove app role assignment from user", []Target{on("serviceprincipal", otherApp, "Board"), on("user", miaID, "")}, nil, unrelated},
		"another person's assignment to the app":                 {"Remove app role assignment from user", []Target{on("serviceprincipal", appPrincipal, "Payroll"), on("user", otherID, "")}, nil, unrelated},
		"the app's assignment to the person's group":             {"Remove app role assignment from group", []Target{on("serviceprincipal", appPrincipal, "Payroll"), on("group", salesID, "Sales")}, nil, related},
		"the app's assignment to another group":                  {"Remove app role assignment from group", []Target{on("serviceprincipal", appPrincipal, "Payroll"), on("group", otherID, "Legal")}, nil, unrelated},
		"the person taken out of a group":                        {"Remove member from group", []Target{on("user", miaID, ""), on("group", salesID, "Sales")}, nil, related},
		"another person taken out of the app's group":            {"Remove member from group", []Target{on("user", otherID, ""), on("group", salesID, "Sales")}, nil, unrelated},
		"the app's group":                                        {"Delete group", []Target{on("group", salesID, "Sales")}, nil, related},
		"the policy's group":                                     {"Delete group", []Target{on("group", marketID, "Marketing")}, nil, related},
		"another group":                                          {"Delete group", []Target{on("group", otherID, "Legal")}, nil, unrelated},
		"a grant to the app, logged at the resource":             {"Remove delegated permission grant", []Target{on("serviceprincipal", otherApp, "Microsoft Graph"), {Kind: "serviceprincipal", IDs: ids(appPrincipal), Named: true}}, nil, related},
		"a grant of the app to another one":                      {"Remove delegated permission grant", []Target{on("serviceprincipal", appPrincipal, "Payroll"), {Kind: "serviceprincipal", IDs: ids(otherApp), Named: true}}, nil, unrelated},
		"the resource itself":                                    {"Delete service principal", []Target{{Kind: "serviceprincipal", IDs: ids(otherApp, "api://payroll")}}, func(_ *Report, q *Query) { q.Resource = "api://payroll" }, related},
		"a grant at the resource":                                {"Remove delegated permission grant", []Target{{Kind: "serviceprincipal", IDs: ids(otherApp, "api://payroll")}}, func(_ *Report, q *Query) { q.Resource = "api://payroll" }, unrelated},
		"a location of the policy":                               {"Update named location", []Target{on("policy", euID, "EU")}, nil, related},
		"a location of no policy of the error":                   {"Update named location", []Target{on("policy", hqID, "HQ")}, nil, unrelated},
		"a trusted location, of a policy for all those":          {"Update named location", []Target{on("policy", hqID, "HQ")}, func(r *Report, _ *Query) { r.Policies.Value.List[0].Scope.IncludeLocations = []string{"AllTrusted"} }, related},
		"the root domain":                                        {"Set domain authentication", []Target{on("other", "", "contoso.com")}, nil, related},
		"another domain":                                         {"Set domain authentication", []Target{on("other", "", "fabrikam.com")}, nil, unrelated},
		"the device by its object id":                            {"Delete device", []Target{on("device", deviceObj, "PC-1")}, nil, related},
		"another device of the same name":                        {"Delete device", []Target{on("device", otherID, "PC-1")}, nil, unrelated},
		"a deleted device by its device id":                      {"Delete device", []Target{{Kind: "device", IDs: ids(otherID, deviceID)}}, func(r *Report, _ *Query) { r.Device = None[Device](noon, "") }, related},
		"a device, where the sign-in presented none":             {"Delete device", []Target{on("device", otherID, "PC-1")}, func(r *Report, _ *Query) { r.SignIn.Value.DeviceID, r.Device = "", Fact[Device]{} }, unrelated},
		"some device, while the sign-in is not known":            {"Delete device", []Target{on("device", deviceObj, "PC-1")}, func(r *Report, _ *Query) { r.SignIn, r.Device = Fact[SignIn]{}, Fact[Device]{} }, undecided},
		"the app's assignment to another group of the same name": {"Remove app role assignment from group", []Target{on("serviceprincipal", appPrincipal, "Payroll"), on("group", otherID, "Sales")}, nil, unrelated},
		"a switch of the tenant":                                 {"Update security defaults", nil, nil, related},
		"the authentication strength of the policy":              {"Authentication Strength Policy Update", []Target{on("policy", strengthID, "Phishing-resistant MFA")}, nil, related},
		"another authentication strength":                        {"Authentication Strength Policy Update", []Target{on("policy", otherID, "Passwordless")}, nil, unrelated},
		"the guest's identity provider":                          {"Update Identity Provider", []Target{on("other", "google-oauth", "google")}, func(r *Report, _ *Query) { r.User.Value.Provider = "google.com" }, related},
		"another identity provider":                              {"Update Identity Provider", []Target{on("other", "facebook-oauth", "facebook")}, func(r *Report, _ *Query) { r.User.Value.Provider = "google.com" }, unrelated},
		"an identity provider, where theirs is not known":        {"Update Identity Provider", []Target{on("other", "facebook-oauth", "facebook")}, nil, related},
		"the settings for the home tenant":                       {"Update a partner cross-tenant access setting", []Target{on("policy", partnerID, "")}, func(r *Report, _ *Query) { r.Guest = See(noon, Guest{HomeID: partnerID}) }, related},
		"the settings for another tenant":                        {"Update a partner cross-tenant access setting", []Target{on("policy", otherID, "")}, func(r *Report, _ *Query) { r.Guest = See(noon, Guest{HomeID: partnerID}) }, unrelated},
		"an unknown kind of thing with the person's id":          {"Something new", []Target{on("other", miaID, "")}, nil, related},
		"an unknown kind of thing":                               {"Something new", []Target{on("other", otherID, "payroll")}, nil, unrelated},
		"nothing at all":                                         {"Something new", nil, nil, unrelated},
	} {
		t.Run(name, func(t *testing.T) {
			r, q := theError()
			if c.change != nil {
				c.change(&r, &q)
			}
			for i := range c.targets {
				c.targets[i].Name = lower(c.targets[i].Name)
			}
			r.Changes = See(noon, Changes{All: []Change{{Time: noon.Add(-10 * time.Minute), Activity: c.activity, Targets: c.targets}}})
			r.relateChanges(q, noon)
			got := unrelated
			switch v := r.Changes.Value; {
			case v.List == nil && v.Kinds == nil && v.Says == nil && r.Changes.Reason == untold:
				got = undecided
			case len(v.List) == 1 && len(v.Kinds) == 1 && v.First != nil && v.List[0].Minutes == 10:
				got = related
			case v.List == nil || v.Kinds == nil || v.Says == nil || v.First != nil:
				t.Errorf("%+v", v)
			}
			if got != c.want {
				t.Errorf("is %d, want %d: %+v %q", got, c.want, r.Changes.Value, r.Changes.Reason)
			}
		})
	}
}

func lower(s string) string {
	if all := add(nil, []string{s}); len(all) > 0 {
		return all[0]
	}
	return ""
}

// TestOnlyChangesBeforeTheFirstFailureCount changes the policy 30 minutes before noon.
func TestOnlyChangesBeforeTheFirstFailureCount(t *testing.T) {
	row := func(minutes, code int, app string) SignIn {
		return SignIn{Time: noon.Add(-time.Duration(minutes) * time.Minute), Code: code, AppID: app}
	}
	for name, c := range map[string]struct {
		rows   []SignIn
		target Target
		query  func(*Query)
		want   int // minutes before; -1 unrelated
	}{
		"one failure":                                               {[]SignIn{row(0, 53003, appID)}, on("policy", policyID, ""), nil, 30},
		"a change after the error":                                  {nil, on("policy", policyID, ""), func(q *Query) { q.Time = noon.Add(-40 * time.Minute) }, -1},
		"a change in the second of the error":                       {nil, on("policy", policyID, ""), func(q *Query) { q.Time = noon.Add(-30 * time.Minute) }, -1},
		"a row of failures since":                                   {[]SignIn{row(0, 53003, appID), row(12, 53003, appID)}, on("policy", policyID, ""), nil, 18},
		"it failed before the change":                               {[]SignIn{row(0, 53003, appID), row(45, 53003, appID)}, on("policy", policyID, ""), nil, -1},
		"it worked in between":                                      {[]SignIn{row(0, 53003, appID), row(40, 0, appID), row(45, 53003, appID)}, on("policy", policyID, ""), nil, 30},
		"only another app worked in between":                        {[]SignIn{row(0, 53003, appID), row(40, 0, otherApp), row(45, 53003, appID)}, on("policy", policyID, ""), nil, -1},
		"it failed before with another code":                        {[]SignIn{row(0, 53003, appID), row(45, 50126, appID)}, on("policy", policyID, ""), nil, 30},
		"another app failed before the change":                      {[]SignIn{row(0, 53003, appID), row(45, 53003, otherApp)}, on("policy", policyID, ""), nil, -1},
		"another app's failures do not bear on a change in the app": {[]SignIn{row(0, 53003, appID), row(45, 53003, otherApp)}, on("application", appObject, ""), nil, 30},
		"failures after the error do not count":                     {[]SignIn{row(0, 53003, appID), row(29, 53003, appID)}, on("policy", policyID, ""), func(q *Query) { q.Time = noon.Add(-10 * time.Minute) }, 1},
		"the row tells the time":                                    {nil, on("policy", policyID, ""), func(q *Query) { q.Time, q.Posted = time.Time{}, noon.Add(time.Hour) }, 30},
	} {
		t.Run(name, func(t *testing.T) {
			r, q := theError()
			if c.query != nil {
				c.query(&q)
			}
			r.Recent = See(noon, Recent{Rows: c.rows})
			activity := "Update conditional access policy"
			if c.target.Kind == "application" {
				activity = "Update application"
			}
			r.Changes = See(noon, Changes{All: []Change{{Time: noon.Add(-30 * time.Minute), Activity: activity, Targets: []Target{c.target}}}})
			r.relateChanges(q, noon)
			got := -1
			if list := r.Changes.Value.List; len(list) == 1 {
				got = list[0].Minutes
			}
			if got != c.want {
				t.Errorf("%d minutes before, want %d", got, c.want)
			}
		})
	}
}

func TestChangesAreAtMostThreeNewestFirstAndInWords(t *testing.T) {
	r, q := theError()
	mia := []Target{{Kind: "user", IDs: ids(miaID)}}
	at := func(d time.Duration) time.Time { return noon.Add(-d) }
	all := []Change{
		{Time: at(30 * time.Hour), Activity: "Update user", Targets: mia},
		{Time: at(20 * time.Second), Activity: "disable account.", Actor: "admin@contoso.com", Target: "mia@contoso.com", Targets: mia, What: []string{"AccountEnabled"}},
		{Time: at(5 * time.Hour), Activity: "Update user", Targets: mia},
		{Time: at(time.Minute), Activity: "Reset user password", Targets: mia}, // which the runbook does not name
		{Time: at(61 * time.Minute), Activity: "Update conditional access policy", Target: "Block", Targets: []Target{on("policy", policyID, "block")}},
	}
	shared := Changes{All: all}
	r.Changes = Fact[Changes]{State: Seen, Value: &shared}
	for range 2 { // twice, because each snapshot is related
		r.relateChanges(q, noon)
	}
	want := Changes{
		Says: []string{
			"disable account. on “mia@contoso.com” by admin@contoso.com, less than a minute before",
			"Update conditional access policy on “Block”, 61 minutes before",
			"Update user, 5 hours before",
		},
		Kinds: []string{"Disable account", "Update conditional access policy", "Update user"},
	}
	got := *r.Changes.Value
	if len(got.List) != 3 || got.First == nil || !got.First.Equal(at(20*time.Second)) || got.List[1].Minutes != 61 {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff(want, Changes{Says: got.Says, Kinds: got.Kinds}); diff != "" {
		t.Error(diff)
	}
	if shared.List != nil || shared.First != nil || shared.All[1].Minutes != 0 {
		t.Error("a shared value was changed")
	}
}

func TestManyChangesThatWereNotAllReadProveNothing(t *testing.T) {
	r, q := theError()
	r.Changes = See(noon, Changes{Capped: true, All: []Change{{Time: noon.Add(-time.Hour), Activity: "Update user", Targets: []Target{on("user", otherID, "")}}}})
	r.relateChanges(q, noon)
	if v := r.Changes.Value; v.Kinds != nil || r.Changes.Reason == "" {
		t.Errorf("%+v %q", v, r.Changes.Reason)
	}
}
