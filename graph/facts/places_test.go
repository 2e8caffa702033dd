package facts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamedLocationsThatHoldASignIn(t *testing.T) {
	eu := Location{ID: "eu", Name: "EU", Kind: "country", Countries: []string{"de", "PT"}}
	hq := Location{ID: "hq", Name: "HQ", Kind: "ip", Trusted: true, Ranges: []string{"192.0.2.0/24", "2001:db8:1::/48"}}
	span := Location{ID: "span", Name: "Branch", Kind: "ip", Ranges: []string{"198.51.100.10-198.51.100.20", "203.0.113.9"}}
	bad := Location{ID: "bad", Name: "Broken", Kind: "ip", Trusted: true, Ranges: []string{"192.0.2.0/99", "x", "", "198.51.100.4-x"}}
	gps := Location{ID: "gps", Name: "By phone", Kind: "country", Countries: []string{"DE"}, GPS: true}
	network := Location{ID: "net", Name: "Compliant network", Kind: "compliantNetwork"}
	on, not := true, false
	none := []string{}
	for name, c := range map[string]struct {
		list        []Location
		ip, country string
		matched     []string
		trusted     *bool
	}{
		"an address of the range":                {[]Location{eu, hq}, "192.0.2.7", "BR", []string{"HQ"}, &on},
		"an address beside the range":            {[]Location{eu, hq}, "192.0.3.7", "BR", none, &not},
		"an IPv6 address":                        {[]Location{hq}, "2001:db8:1::7", "", []string{"HQ"}, &on},
		"an IPv6 address beside the range":       {[]Location{hq}, "2001:db8:2::7", "", none, &not},
		"an IPv4 address within IPv6":            {[]Location{hq}, "::ffff:192.0.2.7", "", []string{"HQ"}, &on},
		"an address with a port":                 {[]Location{hq}, "192.0.2.7:51000", "", []string{"HQ"}, &on},
		"an IPv6 address with a zone":            {[]Location{hq}, "2001:db8:1::7%eth0", "", []string{"HQ"}, &on},
		"an address within from-to":              {[]Location{span}, "198.51.100.20", "", []string{"Branch"}, &not},
		"an address behind from-to":              {[]Location{span}, "198.51.100.21", "", none, &not},
		"a single address":                       {[]Location{span}, "203.0.113.9", "", []string{"Branch"}, &not},
		"a country, in whatever case":            {[]Location{eu, hq}, "198.51.100.4", "DE", []string{"EU"}, &not},
		"another country":                        {[]Location{eu, hq}, "198.51.100.4", "BR", none, &not},
		"both":                                   {[]Location{eu, hq}, "192.0.2.7", "PT", []string{"EU", "HQ"}, &on},
		"nothing is known of the place":          {[]Location{eu, hq}, "", "", nil, nil},
		"no address, and a country":              {[]Location{eu, hq}, "", "DE", []string{"EU"}, nil},
		"no country, and no address of a range":  {[]Location{eu, hq}, "198.51.100.4", "", nil, &not},
		"an address that is none":                {[]Location{hq}, "localhost", "BR", nil, nil},
		"ranges that cannot be read":             {[]Location{bad}, "192.0.2.7", "BR", nil, nil},
		"ranges that cannot be read, and others": {[]Location{bad, hq}, "192.0.2.7", "BR", []string{"HQ"}, &on},
		"a country by the phone's position":      {[]Location{gps}, "192.0.2.7", "DE", nil, &not},
		"a kind that is new":                     {[]Location{network}, "192.0.2.7", "DE", nil, &not},
		"there are none":                         {[]Location{}, "192.0.2.7", "DE", none, &not},
	} {
		t.Run(name, func(t *testing.T) {
			r := Report{Locations: See(read, Locations{List: c.list}), SignIn: failing(from(c.country, c.ip))}
			r.Relate(Query{}, read)
			if diff := cmp.Diff(c.matched, r.Locations.Value.Matched); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.trusted, r.Locations.Value.Trusted); diff != "" {
				t.Errorf("trusted: %s", diff)
			}
		})
	}
}

func TestWithoutARowNoLocationIsMatched(t *testing.T) {
	for name, row := range map[string]Fact[SignIn]{"not asked": {}, "not yet": Unread[SignIn](NotYet, "x"), "absent": None[SignIn](read, "x")} {
		t.Run(name, func(t *testing.T) {
			r := Report{Locations: someLocations(), SignIn: row}
			r.Relate(Query{}, read)
			if l := r.Locations.Value; l.Matched != nil || l.Trusted != nil {
				t.Errorf("%v %v", l.Matched, l.Trusted)
			}
		})
	}
}

func TestCountriesHaveNames(t *testing.T) {
	for code, want := range map[string]string{"BR": "Brazil (BR)", "de": "Germany (DE)", "AD": "Andorra (AD)", "ZW": "Zimbabwe (ZW)", "XK": "Kosovo (XK)", "ZZ": "ZZ", "": "", "\nB": "\nB", "Brazil": "Brazil"} {
		if got := country(code); got != want {
			t.Errorf("%q is %q, want %q", code, got, want)
		}
	}
	for line := range strings.Lines(strings.TrimSpace(countries)) {
		code, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || len(code) != 2 || country(code) != name+" ("+code+")" {
			t.Errorf("%q", line)
		}
	}
}

func FuzzAddresses(f *testing.F) {
	for _, seed := range []string{"192.0.2.7", "192.0.2.0/24", "2001:db8::/32", "1.1.1.1-", "-", "::ffff:1.2.3.4", "[::1]:80"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, ip, text string) {
		l := Location{Kind: "ip", Ranges: []string{text}}
		if a, ok := address(ip); !ok && l.holds(SignIn{IP: ip}) != open {
			t.Errorf("%q is no address, and %q holds it: %v", ip, text, a)
		}
	})
}
