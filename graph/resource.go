package graph

import (
	"context"
	"errors"
	"strings"

	"signpost/graph/facts"
)

const resourceFields = "id,appId,displayName,accountEnabled,appRoleAssignmentRequired,servicePrincipalNames,oauth2PermissionScopes,appRoles"

// resource reads the service principal of what an app wants to reach, as the error names it: by app id, by application ID
// URI, or by display name. Two of one display name are a failed fact.
//
// https://learn.microsoft.com/graph/api/serviceprincipal-list
func (t *Tenant) resource(ctx context.Context, ref string) facts.Fact[facts.Resource] {
	ref = strings.TrimSuffix(strings.TrimSpace(ref), "/.default")
	switch {
	case ref == "":
		return facts.Unread[facts.Resource](facts.NotAsked, "neither the error nor a sign-in row tells what was to be reached")
	case len(ref) > longestRef:
		return facts.Unread[facts.Resource](facts.NotAsked, "what stands for the resource is no name")
	}
	return cached(ctx, t, t.caches.resources, strings.ToLower(ref), keepResources, func(ctx context.Context) facts.Fact[facts.Resource] {
		r, err := t.servicePrincipal(ctx, ref, resourceFields)
		switch {
		case notFound(err):
			return facts.None[facts.Resource](t.clock.Now(), "there is no service principal of this resource in this tenant")
		case errors.Is(err, errAmbiguous):
			return facts.Unread[facts.Resource](facts.Failed, "ambiguous: several apps of this tenant have the name that the error gives")
		case err != nil:
			return failed[facts.Resource](err, endpoints().resource)
		}
		return facts.See(t.clock.Now(), r.resource())
	})
}

func (r servicePrincipal) resource() facts.Resource {
	f := facts.Resource{
		ID: r.ID, AppID: strings.ToLower(r.AppID), Name: r.Name, Enabled: r.Enabled, Names: present(r.Names), AssignmentRequired: r.AssignmentRequired,
		Scopes: []string{}, Roles: []string{}, ScopeNames: map[string]string{},
	}
	for _, s := range r.Scopes {
		if s.Value == "" {
			continue
		}
		f.ScopeNames[strings.ToLower(s.ID)] = s.Value
		if s.Enabled == nil || *s.Enabled {
			f.Scopes = append(f.Scopes, s.Value)
		}
	}
	for _, p := range r.Roles {
		if p.Value != "" && (p.Enabled == nil || *p.Enabled) {
			f.Roles = append(f.Roles, p.Value)
		}
	}
	return f
}
