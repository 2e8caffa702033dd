package graph

import (
	"context"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/domains"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"signpost/graph/facts"
)

// domain reads a domain of the tenant and, of a child domain, its root, which holds the federation settings for both. The
// root of a name that may be a child's is asked for at the same time.
//
// https://learn.microsoft.com/graph/api/domain-get
// https://learn.microsoft.com/graph/api/domain-get-rootdomain
func (t *Tenant) domain(ctx context.Context, name string) facts.Fact[facts.Domain] {
	name = strings.ToLower(strings.Trim(strings.TrimSpace(name), "."))
	if name == "" {
		return facts.Unread[facts.Domain](facts.NotAsked, "no domain is known")
	}
	return cached(ctx, t, t.caches.domains, name, keepDomain, func(ctx context.Context) facts.Fact[facts.Domain] {
		// Each request has a builder of its own: those of the SDK share a map that sending writes to.
		one := func() *domains.DomainItemRequestBuilder {
			return domains.NewDomainsRequestBuilderInternal(map[string]string{}, t.v1).ByDomainId(name)
		}
		root := func() facts.Fact[string] {
			return unbroken(t, func() facts.Fact[string] {
				req, err := one().RootDomain().ToGetRequestInformation(ctx, nil)
				body, err := t.get(ctx, t.v1, req, err)
				r, err := identified(model[models.Domainable](body, err, models.CreateDomainFromDiscriminatorValue))
				if err != nil {
					return failed[string](err, endpoints().domain)
				}
				return facts.See(t.clock.Now(), text(r.GetId()))
			})
		}
		if strings.Count(name, ".") > 1 {
			root = start(root).wait
		}
		req, err := one().ToGetRequestInformation(ctx, nil)
		body, err := t.get(ctx, t.v1, req, err)
		d, err := identified(model[models.Domainable](body, err, models.CreateDomainFromDiscriminatorValue))
		if notFound(err) {
			return facts.None[facts.Domain](t.clock.Now(), name+" is no domain of this tenant")
		}
		if err != nil {
			return failed[facts.Domain](err, endpoints().domain)
		}
		f := facts.Domain{
			Name: text(d.GetId()), Authentication: text(d.GetAuthenticationType()), Verified: is(d.GetIsVerified()),
			Default: is(d.GetIsDefault()), Initial: is(d.GetIsInitial()),
		}
		f.Federated = strings.EqualFold(f.Authentication, "Federated")
		if days := d.GetPasswordValidityPeriodInDays(); days != nil {
			n := int(*days)
			f.PasswordDays = &n
		}
		f.Root = f.Name
		if d.GetIsRoot() == nil || *d.GetIsRoot() {
			return facts.See(t.clock.Now(), f)
		}
		f.Root = "" // where it cannot be told which one it is, the domain itself was seen even so
		if r := root(); r.OK() {
			f.Root = *r.Value
		}
		return facts.See(t.clock.Now(), f)
	})
}

func is(b *bool) bool { return b != nil && *b }
