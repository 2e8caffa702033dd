package handlers

import (
	"net/url"
	"slices"
	"strings"

	"signpost/graph/facts"
)

// checked reports whether a finding would be in the report if it were still so: whether everything that it can be seen in was
// read this time. Only then may a finding that is gone be called mended.
func checked(k KnownTrust, report facts.TrustReport) bool {
	if k.Domain == "" {
		return checkedTenant(k, report)
	}
	at := slices.IndexFunc(report.Domains, func(t facts.Trust) bool { return trustName(t) == k.Domain })
	if at < 0 { // the domains were listed, and this one is no longer federated, or no longer there
		return len(report.Verified) > 0
	}
	t := report.Domains[at]
	if !answered(t.DomainFact.State) {
		return false
	}
	federated := !t.DomainFact.OK() || t.DomainFact.Value.Federated
	switch {
	case k.ID == "realm-differs":
		return t.Realm.OK() && t.Realm.Value.Kind != ""
	case !federated:
		return true // whatever was wrong with its trust, there is none
	case !answered(t.Federation.State):
		return false
	case k.ID == "realm-host":
		return t.Realm.OK() && t.Realm.Value.SignInURL != ""
	case ofHost(k):
		return passed(k.Of, t)
	}
	for _, name := range k.Rests {
		switch name {
		case facts.NameMetadata:
			if !answered(t.Metadata.State) {
				return false
			}
		case facts.NameChanges:
			if !answered(t.Changes.State) && (k.event() || k.Severity == facts.Unknown) { // elsewhere it only tells who did it
				return false
			}
		}
	}
	return true
}

// checkedTenant is checked for what belongs to no domain.
func checkedTenant(k KnownTrust, report facts.TrustReport) bool {
	has := func(id string) bool {
		return slices.ContainsFunc(report.Findings, func(f facts.Finding) bool { return f.ID == id })
	}
	switch {
	case slices.Contains(report.Skipped, k.ID), has("scan-unfinished"), k.ID == "sync-late" && has("sync-unreadable"):
		return false
	case k.Severity == facts.Unknown:
		return true
	}
	return !slices.ContainsFunc(report.Findings, func(f facts.Finding) bool { return f.Severity == facts.Unknown })
}

// notAsked reports whether nobody asks for a finding any more, so that nothing is known of it and nothing is open.
func notAsked(k KnownTrust, report facts.TrustReport) bool {
	return k.Domain == "" && !report.Apps && (strings.HasPrefix(k.ID, "app-") || k.ID == "apps-unreadable")
}

// ofHost reports whether a finding was seen by probing a host of the trust. The others about endpoints are in the trust itself.
func ofHost(k KnownTrust) bool {
	switch k.ID {
	case "endpoint-unreachable", "endpoint-refused", "endpoint-expired", "endpoint-untrusted", "endpoint-ends":
		return true
	}
	return false
}

// passed reports whether a host answered as it should, or the trust names it no longer.
func passed(host string, t facts.Trust) bool {
	if t.Federation.OK() && !names(*t.Federation.Value, host) {
		return true
	}
	return slices.ContainsFunc(t.Endpoints, func(e facts.Endpoint) bool { return strings.EqualFold(e.Host, host) && e.State == facts.EndpointOK })
}

// names reports whether an address of a trust is at a host, given with its port where that is not 443.
func names(f facts.Federation, host string) bool {
	for _, address := range []string{f.PassiveURI, f.ActiveURI, f.MetadataURI, f.SignOutURI} {
		if u, err := url.Parse(strings.TrimSpace(address)); err == nil && strings.EqualFold(strings.TrimSuffix(u.Host, ":443"), strings.TrimSuffix(host, ":443")) {
			return true
		}
	}
	return false
}

func answered(s facts.State) bool { return s == facts.Seen || s == facts.Absent }

// followed reports whether the same thing has another finding now that is no milder: a certificate that was to end has ended.
func followed(k KnownTrust, current []TrustNews) bool {
	return k.Of != "" && slices.ContainsFunc(current, func(n TrustNews) bool {
		return n.Domain == k.Domain && n.Finding.Of == k.Of && n.Finding.Severity.Weight() >= k.Severity.Weight()
	})
}
