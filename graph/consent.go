package graph

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"signpost/graph/facts"
)

// mostResources is of how many resources the names of permissions are looked up, where the error names none.
const mostResources = 3

// consent reads which delegated permissions an app was granted, and adds what is missing and whether people may consent
// themselves. Those two come from elsewhere: that they are late, or may not be read, does not cost what is granted.
func (r *reading) consent(who whom) {
	t, ctx := r.t, r.ctx
	may := start(func() *string { return t.userMay(ctx) })
	wants := start(func() []facts.Want { return t.wants(ctx, r.appID()) })
	c := ofRow(r, theApp, r.appID, func(app string) facts.Fact[consent] { return t.consent(ctx, app, r.resource(), who.id()) })()
	f := facts.Fact[facts.Consent]{State: c.State, Reason: c.Reason, ReadAt: c.ReadAt}
	if c.OK() {
		soFar, full := f, c.Value.fact // two values: whoever holds the first may still be reading it
		soFar.Value = &c.Value.fact
		r.put("", func(report *facts.Report) { report.Consent = soFar })
		full.Missing, full.UserMay = t.ungranted(ctx, wants.wait(), *c.Value), may.wait()
		f.Value = &full
	}
	r.put(facts.NameConsent, func(report *facts.Report) { report.Consent = f })
}

// consent is what was granted to an app, with what that was worked out from.
type consent struct {
	fact     facts.Consent
	grants   []permissionGrant
	whole    bool // no grant for everybody, or for the person, is lacking
	resource facts.Fact[facts.Resource]
	userID   string
}

// consent reads what was granted: for everybody, and for one person. Where the resource is known, only grants to it count.
// Of an app that is not installed nothing is granted.
//
// https://learn.microsoft.com/graph/api/oauth2permissiongrant-list
func (t *Tenant) consent(ctx context.Context, appID, resource, userID string) facts.Fact[consent] {
	key := strings.ToLower(strings.TrimSpace(appID) + " " + strings.TrimSpace(resource) + " " + userID)
	return cached(ctx, t, t.caches.consent, key, keepConsent, func(ctx context.Context) facts.Fact[consent] {
		named := start(func() facts.Fact[facts.Resource] { return t.resource(ctx, resource) })
		p := t.principal(ctx, appID)
		c := consent{whole: true, userID: userID}
		var err error
		if p.OK() {
			c.grants, c.whole, err = t.grants(ctx, p.Value.ID, userID)
		}
		c.resource = named.wait()
		switch {
		case p.State != facts.Seen && p.State != facts.Absent:
			return ofPrincipal[consent](p, "")
		case err != nil:
			return failed[consent](err, endpoints().consent)
		case c.resource.State == facts.Absent && !guidText.MatchString(resource) && !strings.Contains(resource, ":"):
			c.resource.State = facts.Failed // a display name that the tenant does not know may be another's language
		}
		c.fact = c.granted()
		return facts.See(t.clock.Now(), c)
	})
}

// permissionGrant is Graph's oAuth2PermissionGrant.
// https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant
type permissionGrant struct {
	ClientID    string `json:"clientId"`
	Type        string `json:"consentType"` // AllPrincipals, Principal
	PrincipalID string `json:"principalId"`
	ResourceID  string `json:"resourceId"`
	Scope       string `json:"scope"`
}

func (g permissionGrant) everybody() bool { return strings.EqualFold(g.Type, "AllPrincipals") }

func (g permissionGrant) of(userID string) bool {
	return userID != "" && strings.EqualFold(g.PrincipalID, userID)
}

// grants reads what is granted to a service principal. An app that people consented to themselves has one row a person: from
// some pages on, those for everybody and those of the one person are asked for instead. whole says that neither is lacking.
func (t *Tenant) grants(ctx context.Context, principalID, userID string) (all []permissionGrant, whole bool, err error) {
	ask := func(filter string, pages int) ([]permissionGrant, bool, error) {
		first, err := decode[page[permissionGrant]](t.get(ctx, t.v1, template("/oauth2PermissionGrants", nil, map[string]string{"filter": filter}), nil))
		if err == nil && (first.Value == nil || slices.ContainsFunc(first.Value, func(g permissionGrant) bool { return !strings.EqualFold(g.ClientID, principalID) })) {
			err = errOther
		}
		if err != nil {
			return nil, false, err
		}
		all, capped, err := rest(ctx, t, t.v1, first, nil, pages)
		return all, !capped, err
	}
	mine := "clientId eq " + quote(principalID)
	all, whole, err = ask(mine, 2)
	if err != nil || whole {
		return all, whole, err
	}
	var tenant, person []permissionGrant
	var tenantWhole, personWhole bool
	var tenantErr, personErr error
	var group errgroup.Group
	group.Go(func() error {
		tenant, tenantWhole, tenantErr = ask(mine+" and consentType eq 'AllPrincipals'", 2)
		return nil
	})
	if userID != "" {
		group.Go(func() error {
			person, personWhole, personErr = ask(mine+" and principalId eq "+quote(userID), 2)
			return nil
		})
	}
	_ = group.Wait() // what cannot be read this way is not whole
	if tenantErr != nil || personErr != nil || !tenantWhole || userID != "" && !personWhole {
		return all, false, nil
	}
	return append(tenant, person...), true, nil
}

// granted is what was granted. Lists stay nil where grants may be lacking, or where nobody can tell which of them are the
// ones to the resource that the error names.
func (c consent) granted() facts.Consent {
	grants, whole := c.grants, c.whole
	switch c.resource.State {
	case facts.Seen:
		grants = slices.DeleteFunc(slices.Clone(grants), func(g permissionGrant) bool { return !strings.EqualFold(g.ResourceID, c.resource.Value.ID) })
	case facts.Absent: // nothing can be granted to what is not there
		grants, whole = nil, true
	case facts.NotAsked:
	default:
		if len(grants) > 0 || !whole {
			return facts.Consent{}
		}
	}
	tenant, person := []string{}, []string{}
	for _, g := range grants {
		switch {
		case g.everybody():
			tenant = merge(tenant, g.Scope)
		case g.of(c.userID):
			person = merge(person, g.Scope)
		}
	}
	var f facts.Consent
	if whole || len(tenant) > 0 {
		f.Tenant = tenant
	}
	if c.userID != "" && (whole || len(person) > 0) {
		f.Person = person
	}
	something := len(tenant)+len(person) > 0
	if something || whole && (c.userID != "" || len(grants) == 0) {
		f.Granted = &something
	}
	return f
}

// merge adds the scopes of a grant, each once.
func merge(all []string, scope string) []string {
	for s := range strings.FieldsSeq(scope) {
		if !slices.ContainsFunc(all, func(x string) bool { return strings.EqualFold(x, s) }) {
			all = append(all, s)
		}
	}
	return all
}

// wants is what the registration asks for; nil where it cannot be told, as of an app of another tenant.
func (t *Tenant) wants(ctx context.Context, appID string) []facts.Want {
	a := t.app(ctx, appID)
	if !a.OK() {
		return nil
	}
	return append([]facts.Want{}, a.Value.Wants...)
}

// ungranted names the delegated permissions that the registration asks for and that are not granted: of the resource that the
// error names, otherwise of all. It is nil where that cannot be told in full.
func (t *Tenant) ungranted(ctx context.Context, wants []facts.Want, c consent) []string {
	if wants == nil || !c.whole || c.userID == "" && slices.ContainsFunc(c.grants, func(g permissionGrant) bool { return !g.everybody() }) {
		return nil
	}
	var resources []facts.Fact[facts.Resource]
	switch c.resource.State {
	case facts.Seen:
		resources = append(resources, c.resource)
	case facts.NotAsked:
		var ids []string
		for _, w := range wants {
			if !slices.Contains(ids, w.Resource) {
				ids = append(ids, w.Resource)
			}
		}
		if len(ids) > mostResources {
			return nil
		}
		resources = make([]facts.Fact[facts.Resource], len(ids))
		var group errgroup.Group
		for i, id := range ids {
			group.Go(func() error { resources[i] = t.resource(ctx, id); return nil })
		}
		_ = group.Wait() // each has its own state
	default:
		return nil
	}
	lacking := []string{}
	for _, r := range resources {
		if !r.OK() {
			return nil
		}
		var held []string
		for _, g := range c.grants {
			if strings.EqualFold(g.ResourceID, r.Value.ID) && (g.everybody() || g.of(c.userID)) {
				held = merge(held, g.Scope)
			}
		}
		for _, w := range wants {
			if w.Resource != r.Value.AppID {
				continue
			}
			name := r.Value.ScopeNames[w.Scope]
			if name == "" {
				return nil // a permission that the resource does not have any more: its name cannot be compared
			}
			if !slices.ContainsFunc(held, func(s string) bool { return strings.EqualFold(s, name) }) {
				lacking = merge(lacking, name)
			}
		}
	}
	return lacking
}

// userMay reads whether people may consent themselves; nil where the policy cannot be read. Only policies for consent on
// one's own behalf count, not those for what one owns.
//
// https://learn.microsoft.com/graph/api/authorizationpolicy-get
// https://learn.microsoft.com/entra/identity/enterprise-apps/manage-app-consent-policies
func (t *Tenant) userMay(ctx context.Context) *string {
	f := cached(ctx, t, t.caches.userConsent, "", keepDefaults, func(ctx context.Context) facts.Fact[string] {
		type policy struct {
			Role struct {
				Policies []string `json:"permissionGrantPoliciesAssigned"`
			} `json:"defaultUserRolePermissions"`
		}
		p, err := decode[policy](t.get(ctx, t.v1, template("/policies/authorizationPolicy", nil, nil), nil))
		if err == nil && p.Role.Policies == nil {
			err = errOther
		}
		if err != nil {
			return failed[string](err, endpoint{"the authorization policy", "Policy.Read.All", ""})
		}
		return facts.See(t.clock.Now(), userConsent(p.Role.Policies))
	})
	if !f.OK() {
		return nil
	}
	return f.Value
}

// userConsent is the word for the policies that are assigned to people: all, low, none, or the names of other policies.
func userConsent(assigned []string) string {
	const self, builtIn = "managepermissiongrantsforself.", "microsoft-user-default-"
	var names []string
	for _, a := range assigned {
		if len(a) <= len(self) || !strings.EqualFold(a[:len(self)], self) {
			continue
		}
		name := a[len(self):]
		switch strings.ToLower(name) {
		case builtIn + "legacy":
			return "all"
		case builtIn + "low":
			name = "low"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
