package graph_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

func TestTheRiskOfAPerson(t *testing.T) {
	risky := func(state, level string) tenantfake.Object {
		return tenantfake.Object{"id": id1, "riskLevel": level, "riskState": state, "riskDetail": "none", "riskLastUpdatedDateTime": now.Add(-time.Hour).Format(time.RFC3339)}
	}
	is := func(state, level string, active bool) facts.Risk {
		return facts.Risk{Level: level, State: state, Detail: "none", Active: active, Updated: ptr(now.Add(-time.Hour))}
	}
	for name, c := range map[string]struct {
		row    tenantfake.Object
		change func(*tenantfake.State)
		state  facts.State
		says   string
		want   facts.Risk
	}{
		"at risk":                {risky("atRisk", "high"), nil, facts.Seen, "", is("atRisk", "high", true)},
		"compromised":            {risky("confirmedCompromised", "high"), nil, facts.Seen, "", is("confirmedCompromised", "high", true)},
		"remediated":             {risky("remediated", "none"), nil, facts.Seen, "", is("remediated", "none", false)},
		"dismissed":              {risky("dismissed", "none"), nil, facts.Seen, "", is("dismissed", "none", false)},
		"a state that is new":    {risky("somethingNew", "veryHigh"), nil, facts.Seen, "", is("somethingNew", "veryHigh", false)},
		"no record":              {tenantfake.Object{"id": id2}, nil, facts.Absent, "no record", facts.Risk{}},
		"without P2":             {risky("atRisk", "high"), func(s *tenantfake.State) { s.NoP2 = true }, facts.NotLicensed, "Microsoft Entra ID P2", facts.Risk{}},
		"without any premium":    {risky("atRisk", "high"), func(s *tenantfake.State) { s.NoPremium = true }, facts.NotLicensed, "Microsoft Entra ID P2", facts.Risk{}},
		"without the permission": {risky("atRisk", "high"), func(s *tenantfake.State) { s.Permissions = []string{"User.Read.All"} }, facts.NotPermitted, "IdentityRiskyUser.Read.All", facts.Risk{}},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenantfake.State{Users: []tenantfake.Object{person(id1, "a@contoso.com", nil)}, Other: map[string][]tenantfake.Object{"identityProtection/riskyUsers": {c.row}}}
			if c.change != nil {
				c.change(&state)
			}
			f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameRisk}, User: "a@contoso.com"}).Risk
			if f.State != c.state || !strings.Contains(f.Reason, c.says) {
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
