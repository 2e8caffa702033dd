package graph

import (
	"context"

	"signpost/graph/facts"
)

// strengths reads the authentication strengths of the tenant, built-in and custom. The answer is decoded by hand: the SDK's
// models read a combination that they do not know as the first that they do.
//
// https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies
func (t *Tenant) strengths(ctx context.Context) facts.Fact[facts.Strengths] {
	return cached(ctx, t, t.caches.strengths, "", keepStrengths, func(ctx context.Context) facts.Fact[facts.Strengths] {
		rows, err := list(ctx, t, "/policies/authenticationStrengthPolicies", func(s strengthRow) bool { return s.ID != "" })
		if err != nil {
			return failed[facts.Strengths](err, endpoints().strengths)
		}
		f := facts.Strengths{List: []facts.Strength{}}
		for _, s := range rows {
			x := facts.Strength{ID: s.ID, Name: either(s.Name, s.ID), Type: s.Type, Allowed: []string{}}
			for _, c := range s.Allowed {
				if c != nil && *c != "" {
					x.Allowed = append(x.Allowed, *c)
				}
			}
			for _, c := range s.Limits {
				x.Limited = append(x.Limited, c.Combinations...)
			}
			f.List = append(f.List, x)
		}
		return facts.See(t.clock.Now(), f)
	})
}

// strengthRow is Graph's authenticationStrengthPolicy.
// https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy
type strengthRow struct {
	ID      string    `json:"id"`
	Name    string    `json:"displayName"`
	Type    string    `json:"policyType"`
	Allowed []*string `json:"allowedCombinations"`
	// Limits name the keys or certificates that a combination must be made with.
	Limits []struct {
		Combinations []string `json:"appliesToCombinations"`
	} `json:"combinationConfigurations"`
}
