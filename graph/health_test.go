package graph_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

func TestOpenIncidentsOfEntra(t *testing.T) {
	issue := func(more tenantfake.Object) tenantfake.Object {
		o := tenantfake.Object{"id": "MO1", "title": "Sign-ins fail", "status": "serviceDegradation", "classification": "incident", "isResolved": false, "startDateTime": now.Add(-time.Hour).Format(time.RFC3339)}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	service := func(id, name string, issues ...tenantfake.Object) tenantfake.Object {
		return tenantfake.Object{"id": id, "service": name, "status": "serviceOperational", "issues": issues}
	}
	entra := func(more tenantfake.Object) []tenantfake.Object {
		return []tenantfake.Object{service("OrgLiveID", "Identity Service", issue(more))}
	}
	for name, c := range map[string]struct {
		services  []tenantfake.Object
		state     facts.State
		incidents []string // ids
		began     int
	}{
		"one":                            {entra(nil), facts.Seen, []string{"MO1"}, 1},
		"one that began after the error": {entra(tenantfake.Object{"startDateTime": now.Add(-time.Minute).Format(time.RFC3339)}), facts.Seen, []string{"MO1"}, 0},
		"one that is resolved":           {entra(tenantfake.Object{"isResolved": true}), facts.Seen, nil, 0},
		"one whose status says restored": {entra(tenantfake.Object{"status": "ServiceRestored"}), facts.Seen, nil, 0},
		"one that was none":              {entra(tenantfake.Object{"status": "falsePositive"}), facts.Seen, nil, 0},
		"one with words in Pascal case":  {entra(tenantfake.Object{"status": "ServiceInterruption"}), facts.Seen, []string{"MO1"}, 1},
		"one with a new status":          {entra(tenantfake.Object{"status": "somethingNew"}), facts.Seen, []string{"MO1"}, 1},
		"without isResolved":             {entra(tenantfake.Object{"isResolved": nil}), facts.Seen, []string{"MO1"}, 1},
		"an advisory is not to blame":    {entra(tenantfake.Object{"classification": "Advisory"}), facts.Seen, []string{"MO1"}, 0},
		"a service of another name":      {[]tenantfake.Object{service("x", "Microsoft Entra", issue(nil))}, facts.Seen, []string{"MO1"}, 1},
		"the service of MFA":             {[]tenantfake.Object{service("x", "Multi-Factor Authentication (MFA)", issue(nil))}, facts.Seen, []string{"MO1"}, 1},
		"two services with one issue":    {[]tenantfake.Object{service("OrgLiveID", "Identity Service", issue(nil)), service("x", "Microsoft Entra", issue(nil))}, facts.Seen, []string{"MO1"}, 1},
		"another service's":              {[]tenantfake.Object{service("OrgLiveID", "Identity Service"), service("Exchange", "Exchange Online", issue(nil))}, facts.Seen, nil, 0},
		"one whose name only sounds so":  {[]tenantfake.Object{service("OrgLiveID", "Identity Service"), service("a", "Microsoft Defender for Identity", issue(nil)), service("b", "Bookings Central", issue(nil))}, facts.Seen, nil, 0},
		"no service of Entra":            {[]tenantfake.Object{service("Exchange", "Exchange Online")}, facts.Absent, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenantfake.State{Other: map[string][]tenantfake.Object{"admin/serviceAnnouncement/healthOverviews": c.services}}
			f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameHealth}, Time: now.Add(-30 * time.Minute)}).Health
			if f.State != c.state {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			if f.State == facts.Absent {
				return
			}
			var ids []string
			for _, i := range f.Value.Incidents {
				ids = append(ids, i.ID)
			}
			if !slices.Equal(ids, c.incidents) || len(f.Value.Began) != c.began || f.Value.Incidents == nil || f.Value.Began == nil {
				t.Errorf("%+v", f.Value)
			}
		})
	}
}

func TestHealthNeedsAPermission(t *testing.T) {
	s := serve(t, tenantfake.Demo(now)).Without("ServiceHealth.Read.All")
	if f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameHealth}}).Health; f.State != facts.NotPermitted || !strings.Contains(f.Reason, "ServiceHealth.Read.All") {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}
