package facts

import (
	"net/netip"
	"strings"
)

// mfaTrustedIPs stands in policies for the trusted addresses of the older MFA settings, which Graph does not give.
// https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network
const mfaTrustedIPs = "00000000-0000-0000-0000-000000000000"

// place says from where a sign-in must come for a policy to apply.
func (r *Report) place(s PolicyScope, row SignIn) condition {
	in, all := narrowing(s.IncludeLocations, "All")
	if all && len(s.ExcludeLocations) == 0 {
		return condition{}
	}
	c := condition{what: "location", says: span(in, all, "anywhere", mapped(s.ExcludeLocations, r.placeName), r.placeName), saw: r.cameFrom(s, row)}
	within := func(id string) string {
		switch id {
		case "AllTrusted":
			return "a trusted location"
		case mfaTrustedIPs:
			return r.placeName(id)
		}
		return "a place in " + r.placeName(id)
	}
	if all {
		c.out = "from " + either(mapped(s.ExcludeLocations, within))
	} else {
		c.out = "from a place outside " + either(mapped(in, r.placeName))
	}
	included, excluded := truly(all), no
	for _, id := range in {
		included = one(included, r.inPlace(id, row))
	}
	for _, id := range s.ExcludeLocations {
		excluded = one(excluded, r.inPlace(id, row))
	}
	c.holds = both(included, opposite(excluded))
	return c
}

// placeName is how a location of a policy is named to people; an id where the name is not known.
func (r *Report) placeName(id string) string {
	switch {
	case id == "AllTrusted":
		return "trusted locations"
	case id == mfaTrustedIPs:
		return "the MFA service's trusted addresses"
	case !r.Locations.OK():
		return id + " (its name was not read)"
	}
	if l, ok := r.Locations.Value.find(id); ok && l.Name != "" {
		return l.Name
	}
	return id + " (no named location of this tenant)"
}

// cameFrom says where the sign-in came from; with the address where the policy looks at addresses.
func (r *Report) cameFrom(s PolicyScope, row SignIn) string {
	byAddress := false
	for _, id := range append(append([]string{}, s.IncludeLocations...), s.ExcludeLocations...) {
		if id == "AllTrusted" || id == mfaTrustedIPs {
			byAddress = true
		} else if r.Locations.OK() {
			l, ok := r.Locations.Value.find(id)
			byAddress = byAddress || ok && l.Kind == "ip"
		}
	}
	switch {
	case row.Country == "" && row.IP == "":
		return ""
	case row.Country == "":
		return "the sign-in came from " + row.IP
	case byAddress && row.IP != "":
		return "the sign-in came from " + row.IP + " in " + country(row.Country)
	}
	return "the sign-in came from " + country(row.Country)
}

// inPlace reports whether the sign-in came from a location of a policy.
func (r *Report) inPlace(id string, row SignIn) truth {
	switch {
	case id == "All":
		return yes
	case !r.Locations.OK():
		return open
	case id == "AllTrusted":
		return one(r.Locations.Value.trusted(row), open) // the trusted addresses of the older MFA settings belong to it
	}
	if l, ok := r.Locations.Value.find(id); ok {
		return l.holds(row)
	}
	return open
}

func (l *Locations) find(id string) (Location, bool) {
	for _, x := range l.List {
		if strings.EqualFold(x.ID, id) {
			return x, true
		}
	}
	return Location{}, false
}

// trusted reports whether the sign-in came from a named location that is trusted.
func (l *Locations) trusted(row SignIn) truth {
	t := no
	if row.IP == "" {
		t = open
	}
	for _, x := range l.List {
		if x.Trusted {
			t = one(t, x.holds(row))
		}
	}
	return t
}

// holds reports whether the sign-in came from the location.
func (l Location) holds(row SignIn) truth {
	switch l.Kind {
	case "ip":
		return l.holdsAddress(row.IP)
	case "country":
		return l.holdsCountry(row.Country)
	}
	return open
}

// holdsCountry goes by the country in the row, which is that of the address.
func (l Location) holdsCountry(code string) truth {
	if l.GPS || code == "" {
		return open
	}
	return truly(containsFold(l.Countries, code))
}

func (l Location) holdsAddress(text string) truth {
	ip, ok := address(text)
	if !ok {
		return open
	}
	t := no
	for _, text := range l.Ranges {
		t = one(t, inRange(text, ip))
	}
	return t
}

// address reads the address of a sign-in, which at times comes with a port.
func address(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	ip, err := netip.ParseAddr(text)
	if err != nil {
		port, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		ip = port.Addr()
	}
	return ip.Unmap().WithZone(""), true
}

// inRange reads 192.0.2.0/24, 192.0.2.1 and 192.0.2.1-192.0.2.9. Of a range that cannot be read nothing is known.
func inRange(text string, ip netip.Addr) truth {
	text = strings.TrimSpace(text)
	if p, err := netip.ParsePrefix(text); err == nil {
		return truly(p.Contains(ip))
	}
	first, last, ok := strings.Cut(text, "-")
	if !ok {
		last = first
	}
	a, okA := address(first)
	b, okB := address(last)
	if !okA || !okB || a.Is4() != b.Is4() {
		return open
	}
	return truly(a.Is4() == ip.Is4() && a.Compare(ip) <= 0 && ip.Compare(b) <= 0)
}

// relateLocations works out which named locations hold the place of the sign-in.
func (r *Report) relateLocations() {
	change(&r.Locations, func(l *Locations) {
		l.Matched, l.Trusted = nil, nil
		if !r.SignIn.OK() {
			return
		}
		row := *r.SignIn.Value
		matched, told := []string{}, row.IP != "" || row.Country != ""
		for _, x := range l.List {
			switch x.holds(row) {
			case yes:
				matched = append(matched, x.Name)
			case open:
				told = false
			}
		}
		if told || len(matched) > 0 {
			l.Matched = matched
		}
		l.Trusted = l.trusted(row).pointer()
	})
}
