package graph

import (
	"context"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// health reads the open incidents of Entra from Microsoft's service health. Its words are decoded by hand: Microsoft's
// own pages and answers differ in letter case, and the SDK's model loses what it does not know.
//
// https://learn.microsoft.com/graph/api/serviceannouncement-list-healthoverviews
func (t *Tenant) health(ctx context.Context) facts.Fact[facts.Health] {
	return cached(ctx, t, t.caches.health, "", keepHealth, func(ctx context.Context) facts.Fact[facts.Health] {
		list, err := decode[page[serviceHealth]](t.get(ctx, t.v1, template("/admin/serviceAnnouncement/healthOverviews", nil, map[string]string{"expand": "issues"}), nil))
		if err == nil && (list.Value == nil || slices.ContainsFunc(list.Value, func(s serviceHealth) bool { return s.ID == "" && s.Service == "" })) {
			err = errOther
		}
		if err != nil {
			return failed[facts.Health](err, endpoints().health)
		}
		services, _, err := rest(ctx, t, t.v1, list, nil, 3)
		if err != nil {
			return failed[facts.Health](err, endpoints().health)
		}
		f, told := facts.Health{Incidents: []facts.Incident{}, Began: []string{}}, false
		for _, s := range services {
			if !s.entra() {
				continue
			}
			told = true
			for _, i := range s.Issues {
				if i.open() && !slices.ContainsFunc(f.Incidents, func(x facts.Incident) bool { return x.ID != "" && x.ID == i.ID }) {
					f.Incidents = append(f.Incidents, facts.Incident{ID: i.ID, Title: i.Title, Service: either(s.Service, s.ID), Status: i.Status, Started: i.Started.UTC(), Kind: strings.ToLower(i.Kind)})
				}
			}
		}
		if !told {
			return facts.None[facts.Health](t.clock.Now(), "Microsoft's service health lists no service of Entra for this tenant")
		}
		slices.SortStableFunc(f.Incidents, func(a, b facts.Incident) int { return b.Started.Compare(a.Started) })
		return facts.See(t.clock.Now(), f)
	})
}

// serviceHealth is Graph's serviceHealth, as far as it is used. https://learn.microsoft.com/graph/api/resources/servicehealth
type serviceHealth struct {
	ID      string        `json:"id"`
	Service string        `json:"service"`
	Issues  []healthIssue `json:"issues"`
}

// healthIssue is Graph's serviceHealthIssue, likewise.
// https://learn.microsoft.com/graph/api/resources/servicehealthissue
type healthIssue struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Status   string    `json:"status"`
	Kind     string    `json:"classification"`
	Resolved bool      `json:"isResolved"`
	Started  time.Time `json:"startDateTime"`
}

// entra reports whether sign-ins hang on the service. "Identity Service" has an id of its own; Entra, and MFA, have had
// several names. A word must stand by itself: there are Central and Defender for Identity.
func (s serviceHealth) entra() bool {
	if strings.EqualFold(s.ID, "OrgLiveID") {
		return true
	}
	for _, name := range []string{s.ID, s.Service} {
		name = " " + strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune(" -_/()", r) }), " ") + " "
		for _, of := range []string{"entra", "identity service", "azure active directory", "azure ad", "mfa", "multifactor authentication", "multi factor authentication"} {
			if strings.Contains(name, " "+of+" ") {
				return true
			}
		}
	}
	return false
}

// open reports whether an issue goes on.
func (i healthIssue) open() bool {
	if i.Resolved || i.ID == "" && i.Title == "" {
		return false
	}
	switch strings.ToLower(i.Status) {
	case "serviceoperational", "servicerestored", "postincidentreviewpublished", "falsepositive", "resolved", "resolvedexternal", "mitigated", "mitigatedexternal":
		return false
	}
	return true
}
