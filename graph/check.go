package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"golang.org/x/sync/errgroup"

	"signpost/graph/facts"
)

// Check is one line of the doctor's report on the tenant.
type Check struct {
	Name   string      `json:"name"`             // "token", "User.Read.All", "sign-in log", …
	State  facts.State `json:"state"`            // seen: it works
	Reason string      `json:"reason,omitempty"` // what was found, also where it works
	Costs  string      `json:"costs,omitempty"`  // what is missing in answers without it; "" where it works
}

// permission is an application permission that Signpost uses.
type permission struct {
	name string
	also []string // others that do as well
	// partly does for some of it only; left is what is then still missing.
	partly, left string
	costs        string
	probe        string // a cheap GET that needs it, for tokens that cannot be read; "" where there is none
}

func permissions() []permission {
	return []permission{
		{name: "User.Read.All", also: []string{"Directory.Read.All", "User.ReadWrite.All", "Directory.ReadWrite.All"},
			costs: "the account of the affected person, and all that hangs on it", probe: "/users?%24top=1&%24select=id,accountEnabled"},
		{name: "AuditLog.Read.All",
			costs: "the sign-in of the error, recent sign-ins, how many are affected, the MFA registration, and what was changed before"},
		{name: "UserAuthenticationMethod.Read.All", also: []string{"UserAuthenticationMethod.ReadWrite.All"},
			costs: "the MFA methods that a person holds"},
		{name: "Domain.Read.All", also: []string{"Directory.Read.All", "Domain.ReadWrite.All", "Directory.ReadWrite.All"},
			costs: "whether a domain is federated, and its trust", probe: "/domains?%24select=id"},
		{name: "Domain-InternalFederation.Read.All", also: []string{"Domain-InternalFederation.ReadWrite.All", "Domain.ReadWrite.All"},
			costs: "the federation trust: endpoints, certificates and their expiry"},
		{name: "IdentityProvider.Read.All", also: []string{"IdentityProvider.ReadWrite.All"},
			costs: "the external identity providers, which AADSTS40009 and its family are about", probe: "/identity/identityProviders"},
		{name: "Application.Read.All", also: []string{"Directory.Read.All", "Application.ReadWrite.All", "Directory.ReadWrite.All"},
			costs: "the app of the error: whether it is installed, its redirect URIs, secrets and certificates, and who is assigned to it", probe: "/servicePrincipals?%24top=1&%24select=id"},
		{name: "Directory.Read.All", also: []string{"Directory.ReadWrite.All"},
			costs: "what was granted to an app, and the groups and roles of a person; administrators are not told from others then", probe: "/oauth2PermissionGrants?%24top=1"},
		{name: "Policy.Read.All", partly: "Policy.Read.ConditionalAccess",
			left:  "the methods policy, the security defaults, MFA per user, cross-tenant access",
			costs: "the Conditional Access policies that were applied to a sign-in, or that an error names, and what they rest on: named locations, authentication strengths, the methods policy; the security defaults; MFA per user"},
		{name: "Device.Read.All", also: []string{"Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
			costs: "the device that a sign-in presented: whether it is known, enabled, compliant", probe: "/devices?%24top=1&%24select=id"},
		{name: "IdentityRiskyUser.Read.All", also: []string{"IdentityRiskyUser.ReadWrite.All"},
			costs: "whether ID Protection holds a person for at risk"},
		{name: "CrossTenantInformation.ReadBasic.All",
			costs: "the name of the tenant that a guest comes from"},
		{name: "ServiceHealth.Read.All",
			costs: "open incidents of Microsoft's own", probe: "/admin/serviceAnnouncement/healthOverviews"},
		{name: "LicenseAssignment.Read.All", also: []string{"LicenseAssignment.ReadWrite.All", "Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
			costs: "which premium licence the tenant has", probe: "/subscribedSkus?%24select=id"},
		{name: "Organization.Read.All", also: []string{"Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
			costs: "whether an error is of this tenant at all, and its last synchronisation", probe: "/organization?%24select=id"},
	}
}

// Check tries what Signpost needs of the tenant: a token, each permission, the premium licence. Permissions are read from
// the token where it can be read, otherwise tried with a cheap request. It makes at most a handful of requests.
func (t *Tenant) Check(ctx context.Context) []Check {
	token, err := t.cred.GetToken(ctx, t.tokenRequest())
	if err != nil {
		_, reason := classify(err, endpoint{})
		return []Check{{Name: "token", State: facts.Failed, Reason: reason, Costs: "everything: no fact of the tenant can be read"}}
	}
	held, readable := decodeClaims(token.Token)
	first := Check{Name: "token", State: facts.Seen, Reason: "obtained"}
	if readable {
		first.Reason = "obtained for tenant " + held.Tenant
		if app := either(held.App, held.AppID); app != "" {
			first.Reason += " as " + app
		}
	}
	var granted []Check
	var log Check
	var group errgroup.Group
	if readable {
		granted = fromClaims(held)
	} else {
		granted = make([]Check, len(permissions()))
		for i, p := range permissions() {
			group.Go(func() error { granted[i] = t.tryPermission(ctx, p); return nil })
		}
	}
	group.Go(func() error { log = t.tryLog(ctx); return nil })
	_ = group.Wait() // each check has its own state
	return append(append([]Check{first}, granted...), log)
}

// Ready reports whether a token can be had, for a readiness probe. It asks Entra only where no good token is at hand.
func (t *Tenant) Ready(ctx context.Context) error {
	_, err := t.cred.GetToken(ctx, t.tokenRequest())
	return err
}

// fromClaims compares the roles of the token with what Signpost uses.
func fromClaims(held claims) []Check {
	var all []Check
	for _, p := range permissions() {
		c := Check{Name: p.name, State: facts.Seen}
		if !slices.Contains(held.Roles, p.name) {
			if i := slices.IndexFunc(p.also, func(wide string) bool { return slices.Contains(held.Roles, wide) }); i >= 0 {
				c.Reason = "covered by " + p.also[i]
			} else if p.partly != "" && slices.Contains(held.Roles, p.partly) {
				c.State, c.Costs = facts.NotPermitted, p.left
				c.Reason = p.partly + " does for a part of it; grant the application permission for the rest"
			} else {
				c.State, c.Costs = facts.NotPermitted, p.costs
				c.Reason = "grant the application permission and consent to it; a new grant counts once the token is renewed, within about an hour"
			}
		}
		all = append(all, c)
	}
	var writes []string
	for _, r := range held.Roles {
		if strings.Contains(r, "Write") {
			writes = append(writes, r)
		}
	}
	if len(writes) > 0 {
		slices.Sort(writes)
		all = append(all, Check{Name: "least privilege", State: facts.Seen,
			Reason: "the app also holds " + strings.Join(writes, ", ") + ": Signpost only reads, so take it away"})
	}
	return all
}

// tryPermission makes the cheapest request that needs a permission.
func (t *Tenant) tryPermission(ctx context.Context, p permission) Check {
	if p.probe == "" {
		return Check{Name: p.name, State: facts.NotAsked, Reason: "the token cannot be read, and no harmless request shows this permission"}
	}
	req := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(abstractions.GET, "{+baseurl}"+p.probe, map[string]string{})
	if _, err := t.get(ctx, t.v1, req, nil); err != nil {
		state, reason := classify(err, endpoint{what: p.name, permission: p.name})
		return Check{Name: p.name, State: state, Reason: reason, Costs: p.costs}
	}
	return Check{Name: p.name, State: facts.Seen}
}

// tryLog reads one row of the sign-in log, which needs both a permission and a licence.
func (t *Tenant) tryLog(ctx context.Context) Check {
	c := Check{Name: "sign-in log", State: facts.Seen, Costs: ""}
	got, err := t.signIns(ctx, eventInteractive, "createdDateTime ge "+t.clock.Now().Add(-logShort).UTC().Format("2006-01-02T15:04:05Z"), 1)
	if err == nil {
		c.Reason = "readable, so the tenant has " + premium
		if len(got.Rows) == 0 {
			c.Reason += "; it has no sign-in of the last 7 days"
		}
		return c
	}
	c.State, c.Reason = classify(err, endpoints().signIns)
	c.Costs = "the sign-in of the error, recent sign-ins, how many are affected, and the MFA registration"
	if c.State == facts.NotLicensed {
		c.Reason += fmt.Sprintf(". If the tenant does have %s, grant Directory.Read.All as well: without it Graph at times gives this error by mistake", premium)
	}
	return c
}
