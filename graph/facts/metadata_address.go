package facts

import (
	"fmt"
	"net/url"
	"strings"
)

// CheckMetadataAddress says what is wrong with an entry of tenant.metadata: a domain, and where its identity provider publishes
// its federation metadata. It is nil for one that can be used. The error holds no password that the address may hold.
func CheckMetadataAddress(domain, address string) error {
	u, err := url.Parse(address)
	switch {
	case !isDomainName(domain):
		return fmt.Errorf("tenant.metadata: %q is no domain", domain)
	case err != nil || u.Hostname() == "" || u.Scheme != "https":
		return fmt.Errorf("tenant.metadata.%s is no https address", domain)
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("tenant.metadata.%s holds a name, a password or a fragment", domain)
	}
	return nil
}

// isDomainName reports whether a text has the form of a domain's name as Graph writes it: labels of ASCII letters, digits and
// hyphens between dots.
func isDomainName(name string) bool {
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if l == "" || strings.ContainsFunc(l, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return len(labels) > 1 && len(name) <= 254
}
