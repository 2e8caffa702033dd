package graph

import (
	"context"
	"slices"
	"strings"

	"signpost/graph/facts"
)

// The service plans that are the premium licences.
// https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
const (
	planP1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d" // AAD_PREMIUM
	planP2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998" // AAD_PREMIUM_P2
)

// licences reads which premium licence the tenant has bought. That the person has it assigned is another matter: Entra
// gives most premium features to the whole tenant.
//
// https://learn.microsoft.com/graph/api/subscribedsku-list
func (t *Tenant) licences(ctx context.Context) facts.Fact[facts.Licences] {
	return cached(ctx, t, t.caches.licences, "", keepLicences, func(ctx context.Context) facts.Fact[facts.Licences] {
		list, err := decode[page[sku]](t.get(ctx, t.v1, template("/subscribedSkus", nil, map[string]string{"select": "id,skuPartNumber,capabilityStatus,servicePlans"}), nil))
		if err == nil && (list.Value == nil || slices.ContainsFunc(list.Value, func(s sku) bool { return s.ID == "" })) {
			err = errOther
		}
		if err != nil {
			return failed[facts.Licences](err, endpoints().licences)
		}
		all, _, err := rest(ctx, t, t.v1, list, nil, 5)
		if err != nil {
			return failed[facts.Licences](err, endpoints().licences)
		}
		var f facts.Licences
		for _, s := range all {
			f.P1, f.P2 = f.P1 || s.has(planP1), f.P2 || s.has(planP2)
		}
		f.P1 = f.P1 || f.P2
		return facts.See(t.clock.Now(), f)
	})
}

// sku is Graph's subscribedSku, as far as it is used. https://learn.microsoft.com/graph/api/resources/subscribedsku
type sku struct {
	ID     string `json:"id"`
	Status string `json:"capabilityStatus"` // Enabled, Warning (over, and still working), Suspended, Deleted, LockedOut
	Plans  []struct {
		ID     string `json:"servicePlanId"`
		Status string `json:"provisioningStatus"`
	} `json:"servicePlans"`
}

// has reports whether a plan of the subscription is in force.
func (s sku) has(plan string) bool {
	if s.Status != "" && !strings.EqualFold(s.Status, "Enabled") && !strings.EqualFold(s.Status, "Warning") {
		return false
	}
	for _, p := range s.Plans {
		if strings.EqualFold(p.ID, plan) && strings.EqualFold(p.Status, "Success") {
			return true
		}
	}
	return false
}
