package tenantfake

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// tenants are the tenants that findTenantInformation knows: this one, and those of the state at
// "tenantRelationships/tenants", which hold their further domains in "@domains".
func (c call) tenants() []Object {
	own := Object{"tenantId": c.state.TenantID, "displayName": str(c.state.organization(), "displayName"), "federationBrandName": nil}
	var domains []any
	for _, d := range c.state.Domains {
		domains = append(domains, str(d, "id"))
		if initial, _ := d["isInitial"].(bool); initial {
			own["defaultDomainName"] = str(d, "id")
		}
	}
	own["@domains"] = domains
	return append([]Object{own}, c.state.collection("tenantRelationships/tenants")...)
}

// noTenant is what stands in for Graph's answer to the id or the domain of no tenant; Microsoft does not document it.
func noTenant() answer {
	return fail(http.StatusNotFound, "Directory_ObjectNotFound", "Unable to read the company information from the directory.")
}

func (s *Server) tenantByID(c call, keys []string) answer {
	t := find(c.tenants(), "tenantId", keys[0])
	if t == nil {
		return noTenant()
	}
	return item(c, without(t, "@domains"), "microsoft.graph.tenantInformation")
}

func (s *Server) tenantByDomain(c call, keys []string) answer {
	for _, t := range c.tenants() {
		domains, _ := t["@domains"].([]any)
		known := slices.ContainsFunc(domains, func(d any) bool { name, _ := d.(string); return strings.EqualFold(name, keys[0]) })
		if known || strings.EqualFold(str(t, "defaultDomainName"), keys[0]) {
			return item(c, without(t, "@domains"), "microsoft.graph.tenantInformation")
		}
	}
	return noTenant()
}

// accessDefault is the default of the cross-tenant access settings. Every tenant has one: Microsoft's own, until it is
// changed, lets everybody in and out and trusts no claim.
func (s *Server) accessDefault(c call, _ []string) answer {
	const path = "policies/crossTenantAccessPolicy/default"
	if all := c.state.collection(path); len(all) > 0 {
		return item(c, all[0], path)
	}
	return item(c, Object{
		"isServiceDefault":         true,
		"inboundTrust":             Object{"isMfaAccepted": false, "isCompliantDeviceAccepted": false, "isHybridAzureADJoinedDeviceAccepted": false},
		"b2bCollaborationInbound":  Collaboration("allowed", "AllUsers", "allowed", "AllApplications"),
		"b2bCollaborationOutbound": Collaboration("allowed", "AllUsers", "allowed", "AllApplications"),
	}, path)
}

// Collaboration is one direction of cross-tenant access settings: whether people, and apps, are allowed or blocked, and
// which. https://learn.microsoft.com/graph/api/resources/crosstenantaccesspolicyb2bsetting
func Collaboration(people, which, apps, whichApps string) Object {
	kind := "user"
	if which != "AllUsers" {
		kind = "group"
	}
	return Object{
		"usersAndGroups": Object{"accessType": people, "targets": []any{Object{"target": which, "targetType": kind}}},
		"applications":   Object{"accessType": apps, "targets": []any{Object{"target": whichApps, "targetType": "application"}}},
	}
}

func (s *Server) accessPartner(c call, keys []string) answer {
	const path = "policies/crossTenantAccessPolicy/partners"
	p := find(c.state.collection(path), "tenantId", keys[0])
	if p == nil {
		return fail(http.StatusNotFound, "Directory_ObjectNotFound", "Unable to read the company information from the directory.")
	}
	return item(c, p, path)
}

// organization is the tenant itself. One that the state does not describe has its id and its domains.
func (s State) organization() Object {
	var domains []any
	for _, d := range s.Domains {
		domains = append(domains, Object{"name": str(d, "id"), "isDefault": d["isDefault"], "isInitial": d["isInitial"], "type": str(d, "authenticationType"), "capabilities": "Email, OfficeCommunicationsOnline"})
	}
	o := Object{
		"id": s.TenantID, "displayName": "Contoso", "tenantType": "AAD", "verifiedDomains": domains,
		"onPremisesSyncEnabled": nil, "onPremisesLastSyncDateTime": nil, "createdDateTime": "2019-03-04T09:00:00Z",
	}
	if all := s.collection("organization"); len(all) > 0 {
		for k, v := range all[0] {
			o[k] = v
		}
	}
	return o
}

func (s *Server) organization(c call, _ []string) answer {
	return s.list(c, []Object{c.state.organization()}, "organization", 999, odata{fold: true})
}

// health lists the services. Issues are given to those who expand them.
func (s *Server) health(c call, _ []string) answer {
	const path = "admin/serviceAnnouncement/healthOverviews"
	all := []Object{}
	for _, o := range c.state.collection(path) {
		if !strings.EqualFold(c.query.Get("$expand"), "issues") {
			o = without(o, "issues")
		} else if o["issues"] == nil {
			o = without(o)
			o["issues"] = []any{}
		}
		all = append(all, o)
	}
	return s.list(c, all, path, 100, odata{})
}

// riskyUser needs P2 beyond the permission.
func (s *Server) riskyUser(c call, keys []string) answer {
	if c.state.NoPremium || c.state.NoP2 {
		return fail(http.StatusForbidden, "Forbidden", "Your tenant is not licensed for this feature.")
	}
	return s.otherItem(c, keys)
}

// audits lists the directory audit, newest first, as long as the tenant keeps it: a week without a premium licence.
func (s *Server) audits(c call, _ []string) answer {
	const path = "auditLogs/directoryAudits"
	if c.state.RefuseOr && strings.Contains(c.query.Get("$filter"), " or ") {
		return fail(http.StatusBadRequest, "BadRequest", "Invalid filter clause: 'or' is not supported.")
	}
	kept := 30 * 24 * time.Hour
	if c.state.NoPremium {
		kept = 7 * 24 * time.Hour
	}
	oldest := s.now().Add(-kept).UTC().Format(time.RFC3339)
	all := slices.DeleteFunc(slices.Clone(c.state.collection(path)), func(o Object) bool { return str(o, "activityDateTime") < oldest })
	slices.SortStableFunc(all, func(a, b Object) int { return strings.Compare(str(b, "activityDateTime"), str(a, "activityDateTime")) })
	return s.list(c, all, path, 1000, odata{})
}
