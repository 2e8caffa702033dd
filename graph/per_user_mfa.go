package graph

import (
	"context"
	"strings"

	"signpost/graph/facts"
)

// perUserMFA reads the older switch of MFA on a person's account, which no version but beta gives.
//
// https://learn.microsoft.com/graph/api/authentication-get?view=graph-rest-beta
func (t *Tenant) perUserMFA(ctx context.Context, id string) facts.Fact[facts.PerUserMFA] {
	return cached(ctx, t, t.caches.perUserMFA, strings.ToLower(id), keepPerUserMFA, func(ctx context.Context) facts.Fact[facts.PerUserMFA] {
		req := template("/users/{id}/authentication/requirements", map[string]string{"id": id}, nil)
		p, err := decode[struct {
			State string `json:"perUserMfaState"`
		}](t.get(ctx, t.beta, req, nil))
		if err == nil && p.State == "" {
			err = errOther
		}
		switch {
		case notFound(err):
			return facts.None[facts.PerUserMFA](t.clock.Now(), "Graph holds no per-user MFA state for this account")
		case err != nil:
			return failed[facts.PerUserMFA](err, endpoints().perUserMFA)
		}
		return facts.See(t.clock.Now(), facts.PerUserMFA{State: p.State})
	})
}
