package graph

import (
	"context"
	"strings"

	"signpost/graph/facts"
)

// locations reads the named locations of the tenant. They fall into the same class of one request a second as the
// policies, and are kept as long.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations
func (t *Tenant) locations(ctx context.Context) facts.Fact[facts.Locations] {
	return cached(ctx, t, t.caches.locations, "", keepLocations, func(ctx context.Context) facts.Fact[facts.Locations] {
		rows, err := list(ctx, t, "/identity/conditionalAccess/namedLocations", func(l locationRow) bool { return l.ID != "" })
		if err != nil {
			return failed[facts.Locations](err, endpoints().locations)
		}
		f := facts.Locations{List: []facts.Location{}}
		for _, l := range rows {
			f.List = append(f.List, l.fact())
		}
		return facts.See(t.clock.Now(), f)
	})
}

// locationRow is Graph's namedLocation, with what its kinds add.
type locationRow struct {
	ID        string `json:"id"`
	ODataType string `json:"@odata.type"`
	Name      string `json:"displayName"`
	Trusted   *bool  `json:"isTrusted"`
	Ranges    []struct {
		CIDR  string `json:"cidrAddress"`
		Lower string `json:"lowerAddress"`
		Upper string `json:"upperAddress"`
	} `json:"ipRanges"`
	Countries words  `json:"countriesAndRegions"`
	Unknown   *bool  `json:"includeUnknownCountriesAndRegions"`
	Method    string `json:"countryLookupMethod"` // clientIpAddress, authenticatorAppGps
}

func (l locationRow) fact() facts.Location {
	f := facts.Location{
		ID: l.ID, Name: either(l.Name, l.ID), Kind: strings.TrimSuffix(strings.TrimPrefix(l.ODataType, "#microsoft.graph."), "NamedLocation"),
		Trusted: l.Trusted != nil && *l.Trusted, Countries: l.Countries, Unknown: l.Unknown != nil && *l.Unknown,
		GPS: l.Method != "" && l.Method != "clientIpAddress",
	}
	for _, r := range l.Ranges {
		if r.CIDR == "" && r.Lower != "" {
			r.CIDR = r.Lower + "-" + r.Upper
		}
		f.Ranges = append(f.Ranges, either(r.CIDR, "unknown")) // an empty range still keeps the location from being known
	}
	return f
}
