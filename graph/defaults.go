package graph

import (
	"context"

	"signpost/graph/facts"
)

// defaults reads whether the security defaults are on.
//
// https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get
func (t *Tenant) defaults(ctx context.Context) facts.Fact[facts.Defaults] {
	return cached(ctx, t, t.caches.defaults, "", keepDefaults, func(ctx context.Context) facts.Fact[facts.Defaults] {
		p, err := decode[struct {
			Enabled *bool `json:"isEnabled"`
		}](t.get(ctx, t.v1, template("/policies/identitySecurityDefaultsEnforcementPolicy", nil, nil), nil))
		if err == nil && p.Enabled == nil {
			err = errOther
		}
		if err != nil {
			return failed[facts.Defaults](err, endpoints().defaults)
		}
		return facts.See(t.clock.Now(), facts.Defaults{Enabled: *p.Enabled})
	})
}
