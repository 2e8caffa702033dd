package graph

import (
	"context"
	"strings"

	"signpost/graph/facts"
)

// otherTenant is what Graph tells of a tenant that is not ours.
// https://learn.microsoft.com/graph/api/resources/tenantinformation
type otherTenant struct {
	ID   string `json:"tenantId"`
	Name string `json:"displayName"`
}

// tenantByID names a tenant; absent where there is none with the id.
//
// https://learn.microsoft.com/graph/api/tenantrelationship-findtenantinformationbytenantid
func (t *Tenant) tenantByID(ctx context.Context, id string) facts.Fact[otherTenant] {
	return t.otherTenant(ctx, "/tenantRelationships/findTenantInformationByTenantId(tenantId='{key}')", strings.ToLower(id))
}

// tenantByDomain names the tenant that a domain belongs to; absent where that is no Entra tenant's.
//
// https://learn.microsoft.com/graph/api/tenantrelationship-findtenantinformationbydomainname
func (t *Tenant) tenantByDomain(ctx context.Context, domain string) facts.Fact[otherTenant] {
	return t.otherTenant(ctx, "/tenantRelationships/findTenantInformationByDomainName(domainName='{key}')", strings.ToLower(domain))
}

func (t *Tenant) otherTenant(ctx context.Context, path, key string) facts.Fact[otherTenant] {
	if !t.worldwide {
		return facts.Unread[otherTenant](facts.NotAsked, "Graph names other tenants in the global cloud alone")
	}
	return cached(ctx, t, t.caches.tenants, key, keepGuests, func(ctx context.Context) facts.Fact[otherTenant] {
		found, err := decode[otherTenant](t.get(ctx, t.v1, template(path, map[string]string{"key": key}, nil), nil))
		if notFound(err) {
			return facts.None[otherTenant](t.clock.Now(), "no Entra tenant has it")
		}
		if err == nil && (!guidText.MatchString(found.ID) || guidText.MatchString(key) && !strings.EqualFold(found.ID, key)) {
			err = errOther
		}
		if err != nil {
			return failed[otherTenant](err, endpoints().tenants)
		}
		found.ID = strings.ToLower(found.ID)
		return facts.See(t.clock.Now(), found)
	})
}

// crossTenant is the cross-tenant access settings: the default ones, or those for one partner.
// https://learn.microsoft.com/graph/api/resources/crosstenantaccesspolicyconfigurationpartner
type crossTenant struct {
	Tenant   string         `json:"tenantId"`
	Default  *bool          `json:"isServiceDefault"`
	Inbound  *collaboration `json:"b2bCollaborationInbound"`
	Outbound *collaboration `json:"b2bCollaborationOutbound"`
	Trust    *struct {
		MFA    *bool `json:"isMfaAccepted"`
		Device *bool `json:"isCompliantDeviceAccepted"`
	} `json:"inboundTrust"`
}

// collaboration is one direction of it. Both rules must let a person pass.
type collaboration struct {
	People *accessRule `json:"usersAndGroups"`
	Apps   *accessRule `json:"applications"`
}

type accessRule struct {
	Access  string `json:"accessType"` // allowed, blocked
	Targets []struct {
		Target string `json:"target"` // an id, AllUsers, AllApplications
	} `json:"targets"`
}

// defaultAccess reads the settings that count where a partner has none of its own.
//
// https://learn.microsoft.com/graph/api/crosstenantaccesspolicyconfigurationdefault-get
func (t *Tenant) defaultAccess(ctx context.Context) facts.Fact[crossTenant] {
	return cached(ctx, t, t.caches.crossTenant, "", keepGuests, func(ctx context.Context) facts.Fact[crossTenant] {
		s, err := decode[crossTenant](t.get(ctx, t.v1, template("/policies/crossTenantAccessPolicy/default", nil, nil), nil))
		if err == nil && s.Default == nil && s.Inbound == nil && s.Outbound == nil && s.Trust == nil {
			err = errOther
		}
		if err != nil {
			return failed[crossTenant](err, endpoints().crossTenant)
		}
		return facts.See(t.clock.Now(), s)
	})
}

// partnerAccess reads the settings for one tenant; absent where it has none of its own.
//
// https://learn.microsoft.com/graph/api/crosstenantaccesspolicyconfigurationpartner-get
func (t *Tenant) partnerAccess(ctx context.Context, id string) facts.Fact[crossTenant] {
	id = strings.ToLower(id)
	return cached(ctx, t, t.caches.crossTenant, id, keepGuests, func(ctx context.Context) facts.Fact[crossTenant] {
		s, err := decode[crossTenant](t.get(ctx, t.v1, template("/policies/crossTenantAccessPolicy/partners/{id}", map[string]string{"id": id}, nil), nil))
		if notFound(err) {
			return facts.None[crossTenant](t.clock.Now(), "no settings of its own")
		}
		if err == nil && !strings.EqualFold(s.Tenant, id) {
			err = errOther
		}
		if err != nil {
			return failed[crossTenant](err, endpoints().crossTenant)
		}
		return facts.See(t.clock.Now(), s)
	})
}

// over are the settings that count for a partner: its own, and what it leaves open from the default.
func (s crossTenant) over(def crossTenant) crossTenant {
	s.Inbound, s.Outbound = s.Inbound.over(def.Inbound), s.Outbound.over(def.Outbound)
	switch {
	case s.Trust == nil:
		s.Trust = def.Trust
	case def.Trust != nil:
		trust := *s.Trust
		if trust.MFA == nil {
			trust.MFA = def.Trust.MFA
		}
		if trust.Device == nil {
			trust.Device = def.Trust.Device
		}
		s.Trust = &trust
	}
	return s
}

func (c *collaboration) over(def *collaboration) *collaboration {
	if c == nil || def == nil {
		if c == nil {
			return def
		}
		return c
	}
	merged := *c
	if merged.People == nil {
		merged.People = def.People
	}
	if merged.Apps == nil {
		merged.Apps = def.Apps
	}
	return &merged
}

// passage is whom a rule lets through.
type passage int

const (
	untold passage = iota
	nobody
	some
	everybody
)

func (r *accessRule) lets() passage {
	if r == nil || len(r.Targets) == 0 {
		return untold
	}
	all := false
	for _, t := range r.Targets {
		all = all || strings.EqualFold(t.Target, "AllUsers") || strings.EqualFold(t.Target, "AllApplications")
	}
	switch {
	case strings.EqualFold(r.Access, "allowed") && all:
		return everybody
	case strings.EqualFold(r.Access, "blocked") && all:
		return nobody
	case strings.EqualFold(r.Access, "allowed"), strings.EqualFold(r.Access, "blocked"):
		return some
	}
	return untold // a word of Graph that is not known yet
}

// reach says whether a direction is closed to everybody, and whether it is open to some people or for some apps alone; nil
// where that is not told.
func (c *collaboration) reach() (blocked, limited *bool) {
	if c == nil {
		return nil, nil
	}
	yes, no := true, false
	switch people, apps := c.People.lets(), c.Apps.lets(); {
	case people == nobody || apps == nobody:
		return &yes, &no
	case people == untold || apps == untold:
		return nil, nil
	case people == some || apps == some:
		return &no, &yes
	}
	return &no, &no
}
