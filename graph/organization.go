package graph

import (
	"context"
	"strings"
	"time"

	"signpost/graph/facts"
)

// organization reads the tenant itself; [facts.Report.Relate] compares it with the tenant that the error names.
//
// https://learn.microsoft.com/graph/api/organization-list
func (t *Tenant) organization(ctx context.Context) facts.Fact[facts.Organization] {
	return cached(ctx, t, t.caches.organization, "", keepOrganization, func(ctx context.Context) facts.Fact[facts.Organization] {
		list, err := decode[page[organizationRow]](t.get(ctx, t.v1, template("/organization", nil,
			map[string]string{"select": "id,displayName,tenantType,verifiedDomains,onPremisesSyncEnabled,onPremisesLastSyncDateTime"}), nil))
		if err == nil && (len(list.Value) == 0 || list.Value[0].ID == "") {
			err = errOther
		}
		if err != nil {
			return failed[facts.Organization](err, endpoints().organization)
		}
		o := list.Value[0]
		f := facts.Organization{ID: strings.ToLower(o.ID), Name: o.Name, Type: o.Type, LastSync: utc(o.LastSync)}
		f.Synced = o.Synced
		if f.Synced == nil {
			no := false // Graph has null for a tenant that was never synchronised
			f.Synced = &no
		}
		if o.Domains != nil {
			f.Domains = []string{}
		}
		for _, d := range o.Domains {
			if d.Name != "" {
				f.Domains = append(f.Domains, strings.ToLower(d.Name))
			}
		}
		return facts.See(t.clock.Now(), f)
	})
}

// organizationRow is Graph's organization, as far as it is used. https://learn.microsoft.com/graph/api/resources/organization
type organizationRow struct {
	ID      string `json:"id"`
	Name    string `json:"displayName"`
	Type    string `json:"tenantType"`
	Domains []struct {
		Name string `json:"name"`
	} `json:"verifiedDomains"`
	Synced   *bool      `json:"onPremisesSyncEnabled"`
	LastSync *time.Time `json:"onPremisesLastSyncDateTime"`
}

// ownID is the tenant's own id, in lower case; "" where neither Signpost's token nor Graph tells it. It mostly costs no
// request, because the token is at hand and says it.
func (t *Tenant) ownID(ctx context.Context) string {
	token, err := t.cred.GetToken(ctx, t.tokenRequest())
	if err != nil {
		return ""
	}
	if held, ok := decodeClaims(token.Token); ok && guidText.MatchString(held.Tenant) {
		return strings.ToLower(held.Tenant)
	}
	if o := t.organization(ctx); o.OK() {
		return o.Value.ID
	}
	return ""
}
