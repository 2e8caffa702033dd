package graph

import (
	"context"
	"slices"
	"strings"

	"signpost/graph/facts"
)

// providers reads the external identity providers that the tenant has set up. Client secrets come masked from Graph, and
// are not taken even so.
//
// https://learn.microsoft.com/graph/api/identitycontainer-list-identityproviders
func (t *Tenant) providers(ctx context.Context) facts.Fact[facts.Providers] {
	return cached(ctx, t, t.caches.providers, "", keepProviders, func(ctx context.Context) facts.Fact[facts.Providers] {
		list, err := decode[page[identityProvider]](t.get(ctx, t.v1, template("/identity/identityProviders", nil, nil), nil))
		if err == nil && (list.Value == nil || slices.ContainsFunc(list.Value, func(p identityProvider) bool { return p.ID == "" })) {
			err = errOther
		}
		if err != nil {
			return failed[facts.Providers](err, endpoints().providers)
		}
		all, _, err := rest(ctx, t, t.v1, list, nil, 3)
		if err != nil {
			return failed[facts.Providers](err, endpoints().providers)
		}
		f := facts.Providers{Types: []string{}, List: []facts.Provider{}}
		for _, p := range all {
			// An OpenID Connect provider has no type of its own in the answer: its OData type names it.
			kind := either(p.Type, strings.TrimSuffix(strings.TrimPrefix(p.ODataType, "#microsoft.graph."), "IdentityProvider"))
			f.List = append(f.List, facts.Provider{ID: p.ID, Type: kind, Name: p.DisplayName})
			if !slices.Contains(f.Types, kind) {
				f.Types = append(f.Types, kind)
			}
		}
		return facts.See(t.clock.Now(), f)
	})
}

type identityProvider struct {
	ID          string `json:"id"`
	ODataType   string `json:"@odata.type"`
	DisplayName string `json:"displayName"`
	Type        string `json:"identityProviderType"`
}
