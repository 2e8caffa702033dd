package graph

import (
	"context"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// policies finds the Conditional Access policies that an error names by id. All policies are read at once and kept, because
// Graph allows one such request a second for the whole tenant. The answer is decoded by hand: the SDK's models read a
// control that they do not know as "block".
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
func (t *Tenant) policies(ctx context.Context, ids []string) facts.Fact[facts.Policies] {
	if len(ids) == 0 {
		return facts.Unread[facts.Policies](facts.NotAsked, "the error names no policy by id")
	}
	all := cached(ctx, t, t.caches.policies, "", keepPolicies, func(ctx context.Context) facts.Fact[[]policyRow] {
		list, err := decode[page[policyRow]](t.get(ctx, t.v1, template("/identity/conditionalAccess/policies", nil, nil), nil))
		if err == nil && (list.Value == nil || slices.ContainsFunc(list.Value, func(p policyRow) bool { return p.ID == "" })) {
			err = errOther
		}
		if err != nil {
			return failed[[]policyRow](err, endpoints().policies)
		}
		rows, _, err := rest(ctx, t, t.v1, list, nil, 5)
		if err != nil {
			return failed[[]policyRow](err, endpoints().policies)
		}
		return facts.See(t.clock.Now(), rows)
	})
	if !all.OK() {
		return facts.Unread[facts.Policies](all.State, all.Reason)
	}
	return facts.See(all.ReadAt, named(*all.Value, ids))
}

// policyRow is Graph's conditionalAccessPolicy, as far as it is used.
// https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
type policyRow struct {
	ID       string     `json:"id"`
	Name     string     `json:"displayName"`
	State    string     `json:"state"`
	Created  *time.Time `json:"createdDateTime"`
	Modified *time.Time `json:"modifiedDateTime"`
	Grant    *struct {
		BuiltIn  []string `json:"builtInControls"`
		Custom   []string `json:"customAuthenticationFactors"`
		Terms    []string `json:"termsOfUse"`
		Strength *struct {
			Name string `json:"displayName"`
		} `json:"authenticationStrength"`
	} `json:"grantControls"`
}

// controls are what the policy asks for, in Graph's words, a strength by its name.
func (p policyRow) controls() []string {
	if p.Grant == nil {
		return []string{}
	}
	all := slices.Clone(p.Grant.BuiltIn)
	if s := p.Grant.Strength; s != nil && s.Name != "" {
		all = append(all, "authentication strength "+s.Name)
	}
	if len(p.Grant.Terms) > 0 {
		all = append(all, "terms of use")
	}
	if len(p.Grant.Custom) > 0 {
		all = append(all, "custom control")
	}
	if all == nil {
		all = []string{}
	}
	return all
}

// named picks the policies with the ids, in the order in which the error names them.
func named(rows []policyRow, ids []string) facts.Policies {
	f := facts.Policies{List: []facts.Policy{}, Enforced: []string{}, NotInForce: []string{}, Controls: []string{}, Missing: []string{}}
	for _, id := range ids {
		i := slices.IndexFunc(rows, func(p policyRow) bool { return strings.EqualFold(p.ID, id) })
		if i < 0 {
			f.Missing = append(f.Missing, id)
			continue
		}
		p := facts.Policy{ID: rows[i].ID, Name: rows[i].Name, State: rows[i].State, Controls: rows[i].controls(), Changed: rows[i].Modified}
		if p.Changed == nil {
			p.Changed = rows[i].Created
		}
		f.List = append(f.List, p)
		if p.State != "enabled" { // a report-only policy stops nobody
			f.NotInForce = append(f.NotInForce, p.Name)
			continue
		}
		f.Enforced = append(f.Enforced, p.Name)
		for _, c := range p.Controls {
			if !slices.Contains(f.Controls, c) {
				f.Controls = append(f.Controls, c)
			}
		}
	}
	return f
}
