package handlers

import (
	"fmt"
	"slices"
	"strings"

	"signpost/graph/facts"
)

// ComposeTrustReport writes a whole report, without regard to what was said before: for the terminal, where there is room.
func ComposeTrustReport(report facts.TrustReport) Page {
	return composeReport(report, len(report.Findings)+allFindings(report))
}

// ComposeTrustDomains writes a report for whoever asked about a domain in Slack: the worst in full, the rest in a line each, then what is
// in order.
func ComposeTrustDomains(report facts.TrustReport) Page {
	const most = 4 // with its facts, one screen
	return composeReport(report, most)
}

func allFindings(report facts.TrustReport) (n int) {
	for _, t := range report.Domains {
		n += len(t.Findings)
	}
	return n
}

// composeReport writes a report with at most so many findings of a domain in full.
func composeReport(report facts.TrustReport, most int) Page {
	p := Page{Title: "Federation health: " + severitySays(report.Status)}
	for _, t := range report.Domains {
		name := t.Domain
		if len(report.Domains) == 1 {
			p.Title, name = t.Domain+": "+severitySays(t.Status), ""
		}
		p.add(name, aboutTrust(t)...)
		p.Parts = append(p.Parts, findingParts(t.Findings, trustName(t), report, most)...)
		p.add("The trust", trustFacts(t)...)
		p.add("In order", inOrder(t)...)
		p.add("Not looked at", notLooked(t)...)
	}
	p.Parts = append(p.Parts, findingParts(report.Findings, "", report, most)...)
	if len(report.Domains) == 0 && len(report.Findings) == 0 {
		p.add("", "The tenant has no federated domain.")
	}
	if at := when(report.CheckedAt); at != "" {
		p.Foot = append(p.Foot, "Checked "+at)
	}
	return p
}

func findingParts(found []facts.Finding, domain string, report facts.TrustReport, most int) []Part {
	var parts []Part
	var brief []string
	for i, f := range found {
		l := trustLine(TrustNews{Domain: domain, Finding: f}, report, true)
		kind := ""
		if f.Security {
			kind = "security alert"
		}
		title := join(capital(severitySays(f.Severity)), kind)
		if i >= most {
			brief = append(brief, title+": "+l.Says)
			continue
		}
		parts = append(parts, Part{Title: title, Lines: l.lines()})
	}
	if len(brief) > 0 {
		parts = append(parts, Part{Title: fmt.Sprintf("And %d more", len(brief)), Lines: append(brief, "What to do about these: signpost federation "+domain)})
	}
	return parts
}

// aboutTrust says how a domain signs in, by whom, and how many people.
func aboutTrust(t facts.Trust) []string {
	if t.Authentication == "" {
		return nil // a finding says why
	}
	users := ""
	if t.Users != nil {
		users = plural(*t.Users, "account", "accounts")
	}
	lines := []string{capital(join(t.Authentication, t.Provider, users))}
	if len(t.Children) > 0 {
		lines = append(lines, "Also for "+list(t.Children, 5))
	}
	return lines
}

// trustFacts are the certificates of a trust, and what it says of MFA.
func trustFacts(t facts.Trust) []string {
	var lines []string
	for _, c := range t.Certificates {
		lines = append(lines, certificateLine(c))
	}
	if f := t.Federation.Value; t.Federation.OK() {
		lines = append(lines, "MFA: "+mfaSays(f.MFABehavior))
	}
	return lines
}

func certificateLine(c facts.TrustCertificate) string {
	if c.Problem != "" {
		return sentence(fmt.Sprintf("Signing certificate (%s) could not be read: %s", c.Slot, c.Problem))
	}
	line := fmt.Sprintf("Signing certificate (%s) %s, valid until %s, %s left", c.Slot, c.Subject, when(c.NotAfter), plural(c.DaysLeft, "day", "days"))
	if c.DaysLeft <= 0 {
		line = fmt.Sprintf("Signing certificate (%s) %s, ended %s", c.Slot, c.Subject, when(c.NotAfter))
	}
	if c.InMetadata != nil && !*c.InMetadata {
		line += "; the identity provider's metadata does not publish it"
	}
	return line
}

// mfaSays is what a value of federatedIdpMfaBehavior means.
// https://learn.microsoft.com/graph/api/resources/internaldomainfederation#federatedidpmfabehavior-values
func mfaSays(behavior string) string {
	switch strings.ToLower(behavior) {
	case "rejectmfabyfederatedidp":
		return "always done by Entra, whatever the identity provider says (rejectMfaByFederatedIdp)"
	case "enforcemfabyfederatedidp":
		return "done by the identity provider, to which Entra sends people for it (enforceMfaByFederatedIdp)"
	case "acceptifmfadonebyfederatedidp":
		return "done by Entra unless the identity provider says that it did it (acceptIfMfaDoneByFederatedIdp)"
	case "":
		return "not set (federatedIdpMfaBehavior); an older setting decides, which Graph does not show"
	}
	return short(behavior, 80) + ", which Signpost does not know"
}

// inOrder says what was looked at and found to be as it should, so that nobody looks at it again.
func inOrder(t facts.Trust) []string {
	has := func(prefixes ...string) bool {
		return slices.ContainsFunc(t.Findings, func(f facts.Finding) bool {
			return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(f.ID, p) })
		})
	}
	var lines []string
	switch {
	case len(t.Findings) > 0:
	case len(notLooked(t)) > 0:
		lines = append(lines, "Nothing is wrong with what was looked at.")
	default:
		lines = append(lines, "Nothing is wrong with it.")
	}
	if t.DomainFact.OK() && !t.DomainFact.Value.Federated {
		return append(lines, "Entra signs these people in itself, so there is no trust that could break.")
	}
	if !t.Federation.OK() {
		return lines
	}
	if len(t.Certificates) > 0 && !has("certificate-", "drift-signingCertificate", "attack-tool") {
		lines = append(lines, "The signing certificates: none ends soon without a successor, none is out of the ordinary.")
	}
	if m := t.Metadata.Value; t.Metadata.OK() && m.Covered && len(m.Gone) == 0 && !has("metadata-", "issuer-differs") {
		lines = append(lines, "The identity provider publishes the certificates that Entra holds, and no other.")
	}
	if says := hostsSay(t.Endpoints); says != "" {
		lines = append(lines, says)
	}
	if t.Realm.OK() && t.Realm.Value.Kind != "" && !has("realm-") {
		lines = append(lines, "Microsoft's sign-in page treats the domain as the trust says.")
	}
	if t.Changes.State == facts.Absent {
		lines = append(lines, "No change of the trust in the audit log of the last 30 days.")
	}
	return lines
}

// hostsSay names the hosts of a trust that answered as they should.
func hostsSay(all []facts.Endpoint) string {
	var hosts []string
	for _, e := range all {
		if e.State == facts.EndpointOK {
			hosts = append(hosts, fmt.Sprintf("%s (TLS certificate until %s)", e.Host, e.NotAfter.UTC().Format("2006-01-02")))
		}
	}
	if len(hosts) == 0 {
		return ""
	}
	return "Its hosts answer: " + list(hosts, 4) + "."
}

// notLooked says what was not looked at, where no finding says so.
func notLooked(t facts.Trust) []string {
	if !t.DomainFact.OK() || !t.DomainFact.Value.Federated || !t.Federation.OK() {
		return nil
	}
	var lines []string
	say := func(what string, state facts.State, reason string) {
		if state == "" || state == facts.NotAsked {
			reason = "not asked"
		}
		lines = append(lines, sentence(join(what, reason)))
	}
	told := func(name facts.Name) bool {
		return slices.ContainsFunc(t.Findings, func(f facts.Finding) bool {
			return slices.ContainsFunc(f.Evidence, func(e facts.FindingReason) bool { return e.Fact == name })
		})
	}
	if !t.Metadata.OK() && !told(facts.NameMetadata) {
		say("What the identity provider publishes", t.Metadata.State, t.Metadata.Reason)
	}
	if !answered(t.Changes.State) && !told(facts.NameChanges) {
		say("Who changed the trust", t.Changes.State, t.Changes.Reason)
	}
	if len(t.Endpoints) == 0 {
		say("Whether its hosts answer", facts.NotAsked, "")
	}
	return lines
}
