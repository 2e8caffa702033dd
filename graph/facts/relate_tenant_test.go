package facts

import (
	"slices"
	"testing"
	"time"
)

func TestWhichTenantTheErrorNames(t *testing.T) {
	const ours, theirs = "7e2a9d10-5c1b-4c57-9b1e-3f0c0f6a1e01", "88888888-0000-4000-8000-000000000001"
	for name, c := range map[string]struct{ tenant, want string }{
		"our id":                            {"7E2A9D10-5C1B-4C57-9B1E-3F0C0F6A1E01", "true"},
		"another id":                        {theirs, "false"},
		"our id in an issuer":               {"https://sts.windows.net/" + ours + "/", "true"},
		"one of our domains":                {"Contoso.com", "true"},
		"another domain":                    {"fabrikam.com", "false"},
		"a child of our domain":             {"emea.contoso.com", "false"},
		"our name":                          {"contoso, ltd", "true"},
		"our name at the end of a sentence": {"Contoso, Ltd.", "true"},
		"another name":                      {"Fabrikam", "false"},
		"a name that begins as ours":        {"Contoso", "false"},
		"nothing":                           {"", ""},
		"any tenant":                        {"common", ""},
		"any tenant of organisations":       {"organizations", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := Report{Organization: See(noon, Organization{ID: ours, Name: "Contoso, Ltd.", Domains: []string{"contoso.onmicrosoft.com", "contoso.com"}})}
			before := r.Organization.Value
			r.relateOrganization(Query{Tenant: c.tenant})
			got := ""
			if m := r.Organization.Value.Matches; m != nil {
				got = map[bool]string{true: "true", false: "false"}[*m]
			}
			if got != c.want || before.Matches != nil {
				t.Errorf("matches %q, want %q", got, c.want)
			}
		})
	}
	for name, o := range map[string]Organization{"without an id": {}, "without domains": {ID: ours, Name: "Contoso"}} {
		for _, tenant := range []string{"contoso.com", theirs} {
			if name == "without domains" && tenant == theirs {
				continue
			}
			r := Report{Organization: See(noon, o)}
			r.relateOrganization(Query{Tenant: tenant})
			if r.Organization.Value.Matches != nil {
				t.Errorf("%s, %s is compared", name, tenant)
			}
		}
	}
}

func TestIncidentsThatBeganBeforeTheError(t *testing.T) {
	incident := Incident{Title: "Sign-ins fail", Started: noon.Add(-time.Hour)}
	for name, c := range map[string]struct {
		change func(*Incident, *Query, *Report)
		want   bool
	}{
		"before": {nil, true},
		"after":  {func(_ *Incident, q *Query, _ *Report) { q.Time = noon.Add(-2 * time.Hour) }, false},
		"after the row's time": {func(_ *Incident, q *Query, r *Report) {
			q.Time, r.SignIn = time.Time{}, See(noon, SignIn{Time: noon.Add(-2 * time.Hour)})
		}, false},
		"after the message":          {func(_ *Incident, q *Query, _ *Report) { q.Time, q.Posted = time.Time{}, noon.Add(-2*time.Hour) }, false},
		"of an error of now":         {func(_ *Incident, q *Query, _ *Report) { q.Time = time.Time{} }, true},
		"without a time":             {func(i *Incident, _ *Query, _ *Report) { i.Started = time.Time{} }, false},
		"an advisory":                {func(i *Incident, _ *Query, _ *Report) { i.Kind = "Advisory" }, false},
		"in the minute of the error": {func(i *Incident, _ *Query, _ *Report) { i.Started = noon }, true},
	} {
		t.Run(name, func(t *testing.T) {
			i, q, r := incident, Query{Time: noon}, Report{}
			if c.change != nil {
				c.change(&i, &q, &r)
			}
			r.Health = See(noon, Health{Incidents: []Incident{i}})
			shared := r.Health.Value
			r.relateHealth(q, noon)
			got := r.Health.Value.Began
			if got == nil || slices.Contains(got, "Sign-ins fail") != c.want || shared.Began != nil {
				t.Errorf("%q", got)
			}
		})
	}
}
