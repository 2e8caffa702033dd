package bot

import (
	"sync"
	"testing"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// ofDomain is a diagnosis of an error of a federated domain.
func ofDomain(family, domain string) runbooks.Diagnosis {
	d := runbooks.Diagnosis{Runbook: &runbooks.Runbook{Family: family}}
	d.Report.Domain = facts.See(healthDay, facts.Domain{Name: "emea." + domain, Root: domain, Federated: true})
	return d
}

func TestAnErrorOfFederationChecksItsDomain(t *testing.T) {
	t.Parallel()
	h := newHealth(t, openDB(t, "sqlite::memory:"))
	h.scanner.set(federated("contoso.com", ending(9, facts.Critical)))
	h.one(0)
	asked := func() int { return len(h.scanner.queries) - 1 }
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			r := h.OfError(t.Context(), ofDomain("federation", "Contoso.com"))
			if len(r.Domains) != 1 || len(r.Domains[0].Findings) != 1 {
				t.Errorf("%+v", r)
			}
		})
	}
	wg.Wait()
	if asked() != 1 {
		t.Errorf("five errors at once: the tenant was asked %d times", asked())
	}
	q := h.scanner.queries[1]
	if len(q.Domains) != 1 || q.Domains[0] != "contoso.com" || q.Schedule || q.Approved["contoso.com"].Issuer == "" {
		t.Errorf("asked %+v; want the one domain, against what was approved, for somebody who waits", q)
	}
	h.set(h.time().Add(healthKept + time.Second))
	h.OfError(t.Context(), ofDomain("federation", "contoso.com"))
	if asked() != 2 {
		t.Errorf("later: the tenant was asked %d times", asked())
	}
	managed := ofDomain("federation", "contoso.com")
	managed.Report.Domain.Value.Federated = false
	for name, d := range map[string]runbooks.Diagnosis{"another family": ofDomain("mfa", "contoso.com"), "a managed domain": managed, "no runbook": {}} {
		if r := h.OfError(t.Context(), d); len(r.Domains) != 0 || asked() != 2 {
			t.Errorf("%s: %d domains, asked %d times", name, len(r.Domains), asked())
		}
	}
}
