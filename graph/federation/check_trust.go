package federation

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// What the attack tool AADInternals leaves behind where it makes a back door of a domain: an issuer and endpoints at any.sts,
// and a certificate whose private key is public. https://aadinternals.com/post/aadbackdoor/
const (
	toolHost    = "any.sts"
	toolSHA256  = "31F2C5897ED0D6F14F376421169A6524EF8967DF5EA5093C80EB698DE98A2853"
	toolSubject = "CN=hack.o365domain.org"
)

// trust judges the settings of the trust by themselves.
func (c *checker) trust() {
	c.tools()
	c.validity()
	c.mismatch()
	c.mfa()
	switch c.f.Protocol {
	case "wsFed", "saml":
	default:
		c.add(facts.Finding{ID: "protocol-unknown", Severity: facts.Note, By: byIdentity, Next: "Look at the trust: Get-MgDomainFederationConfiguration -DomainId " + c.domain(),
			Says:     fmt.Sprintf("The protocol of the trust of %s is %s, which Signpost does not know.", c.domain(), orUnset(c.f.Protocol)),
			Evidence: []facts.FindingReason{c.held("preferredAuthenticationProtocol is %s", orUnset(c.f.Protocol))}})
	}
}

// tools looks for what known attack tools leave behind.
func (c *checker) tools() {
	var evidence []facts.FindingReason
	for _, x := range []struct{ name, value string }{
		{"issuerUri", c.f.Issuer}, {"passiveSignInUri", c.f.PassiveURI}, {"activeSignInUri", c.f.ActiveURI}, {"signOutUri", c.f.SignOutURI}, {"metadataExchangeUri", c.f.MetadataURI},
	} {
		if ofTool(x.value) {
			evidence = append(evidence, c.held("%s is %s", x.name, short(x.value)))
		}
	}
	for _, x := range c.f.Certificates {
		if x.SHA256 == toolSHA256 || hasName(x.Subject, toolSubject) || hasName(x.Issuer, toolSubject) {
			evidence = append(evidence, c.held("%s signing certificate %s (%s) is that of AADInternals, whose private key anybody can download", x.Slot, thumb(x.SHA1), x.Subject))
		}
	}
	if len(evidence) == 0 {
		return
	}
	c.add(facts.Finding{ID: "attack-tool", Severity: facts.Critical, Security: true, By: bySecurity, Role: roleDomains,
		Says:      "The trust of " + c.domain() + " carries the marks of the attack tool AADInternals.",
		Otherwise: "Whoever set it up can sign in as any account of the tenant, past MFA, whatever domain the account has.",
		Next:      "Treat it as an incident: keep the audit log, then cut the trust (Update-MgDomain -DomainId " + c.domain() + " -AuthenticationType Managed), revoke sessions, and find out who made the change",
		Evidence:  evidence})
}

// ofTool reports whether an address is at any.sts, or at a name made of it.
func ofTool(address string) bool {
	host := hostOf(address)
	if host == "" { // an issuer need not be a URL
		host, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(address)), "/")
	}
	return strings.Contains("."+host+".", "."+toolHost+".")
}

// hasName reports whether a distinguished name holds a part.
func hasName(distinguished, part string) bool {
	return slices.Contains(strings.Split(strings.ToLower(distinguished), ","), strings.ToLower(part))
}

// longest is the longest validity that a kind of identity provider issues. AD FS makes certificates of one year, and
// administrators at times of a few; those of Google are good for five, those of Okta for ten, and others are not known to go
// beyond.
//
// https://workspaceupdates.googleblog.com/2017/08/easily-create-delete-and-rotate-x509.html
func longest(provider string) (years int) {
	switch provider {
	case "AD FS", "Google":
		return 5
	}
	return 10
}

// validity finds certificates that are good for longer than their kind of identity provider makes them.
func (c *checker) validity() {
	years := longest(c.f.Provider)
	for _, x := range c.f.Certificates {
		if x.Problem != "" || !x.NotAfter.After(x.NotBefore.AddDate(years, 1, 0)) || c.approved(x) {
			continue
		}
		c.add(facts.Finding{ID: "certificate-validity", Severity: facts.Warning, Security: true, Of: x.SHA1, By: bySecurity, Role: roleDomains,
			Says:      fmt.Sprintf("A signing certificate of %s is valid for %d years; %s does not issue such.", c.domain(), int(x.NotAfter.Sub(x.NotBefore)/(365*day)), kind(c.f.Provider)),
			Otherwise: "If nobody made it on purpose, whoever holds its key can sign in as anybody.",
			Next:      "Ask who runs the identity provider whether the certificate is theirs (" + c.whose() + "); if not, take it out of the trust and treat it as an incident",
			Evidence:  []facts.FindingReason{c.held("%s signing certificate %s (%s) is valid from %s to %s", x.Slot, thumb(x.SHA1), x.Subject, date(x.NotBefore), date(x.NotAfter))}})
	}
}

// mismatch finds two certificates that are not of one family.
func (c *checker) mismatch() {
	current, next := c.slot(Current), c.slot(Next)
	if !sound(current) || !sound(next) || current.Subject == next.Subject && kin(*current, *next) || c.approved(*current) && c.approved(*next) {
		return
	}
	what := "issuer"
	if current.Subject != next.Subject {
		what = "subject"
	}
	c.add(facts.Finding{ID: "certificate-mismatch", Severity: facts.Warning, Security: true, Of: next.SHA1, By: bySecurity, Role: roleDomains,
		Says:      fmt.Sprintf("The two signing certificates of %s have a different %s.", c.domain(), what),
		Otherwise: "If one of them was slipped in, whoever holds its key can sign in as anybody.",
		Next:      "Compare both with the identity provider's (" + c.whose() + "); take out what is not there and treat it as an incident",
		Evidence: []facts.FindingReason{
			c.held("current %s: %s, issued by %s", thumb(current.SHA1), current.Subject, current.Issuer),
			c.held("next %s: %s, issued by %s", thumb(next.SHA1), next.Subject, next.Issuer),
		}})
}

// kin reports whether two certificates have the same issuer, or are both issued by themselves.
func kin(a, b facts.Certificate) bool {
	return a.Issuer == b.Issuer || a.Issuer == a.Subject && b.Issuer == b.Subject
}

// mfa says what the trust's MFA behaviour means where that is not plain.
// https://learn.microsoft.com/graph/api/resources/internaldomainfederation#federatedidpmfabehavior-values
func (c *checker) mfa() {
	f := facts.Finding{Severity: facts.Note, By: byIdentity, Role: roleDomains, Evidence: []facts.FindingReason{c.held("federatedIdpMfaBehavior is %s", orUnset(c.f.MFABehavior))}}
	switch {
	case c.f.MFABehavior == "":
		f.ID, f.Says = "mfa-unset", "The trust of "+c.domain()+" does not say who does MFA (federatedIdpMfaBehavior is not set): an older setting decides, which Graph does not show, and without it Entra believes the identity provider's word that MFA was done."
		f.Next = "Set it to what you mean: " + c.write("-FederatedIdpMfaBehavior rejectMfaByFederatedIdp") + " where Entra does MFA, acceptIfMfaDoneByFederatedIdp where the identity provider may"
	case strength(c.f.MFABehavior) < 0:
		f.ID, f.Says = "mfa-unknown", "Who does MFA for "+c.domain()+" is set to "+short(c.f.MFABehavior)+", which Signpost does not know."
		f.Next = "Look at the trust: Get-MgDomainFederationConfiguration -DomainId " + c.domain()
	default:
		return
	}
	c.add(f)
}

// MFASays is what a value of federatedIdpMfaBehavior means, in a sentence.
func MFASays(behavior string) string {
	switch strength(behavior) {
	case 3:
		return "Entra does MFA itself, whatever the identity provider says"
	case 2:
		return "Entra sends people to the identity provider for MFA, and believes it"
	case 1:
		return "Entra does MFA unless the identity provider says that it has"
	case 0:
		return "an older setting decides, which Graph does not show; without one Entra does MFA unless the identity provider says that it has"
	}
	return "a value that Signpost does not know"
}

// strength orders MFA behaviours by how little they leave to the identity provider, whose tokens may be forged; -1 unknown.
func strength(behavior string) int {
	switch strings.ToLower(behavior) {
	case "rejectmfabyfederatedidp":
		return 3
	case "enforcemfabyfederatedidp":
		return 2
	case "acceptifmfadonebyfederatedidp":
		return 1
	case "":
		return 0
	}
	return -1
}

// weaker reports whether a change of the MFA behaviour leaves more to the identity provider.
func weaker(before, after string) bool {
	return strength(before) >= 0 && strength(after) >= 0 && strength(after) < strength(before)
}

// approved reports whether somebody has approved the trust with this certificate in it.
func (c *checker) approved(x facts.Certificate) bool {
	return c.Baseline != nil && Holds(c.Baseline.Trust.Certificates, x)
}

// whose is where the identity provider's own certificates can be seen.
func (c *checker) whose() string {
	if c.f.Provider == "AD FS" {
		return "Get-AdfsCertificate -CertificateType Token-Signing"
	}
	return "its federation metadata, or its administration"
}

// kind names an identity provider in a sentence.
func kind(provider string) string {
	if provider == "" || provider == "other" {
		return "an identity provider"
	}
	return provider
}

// orUnset is a value as it stands in a sentence.
func orUnset(value string) string {
	if value == "" {
		return "not set"
	}
	return short(value)
}

// realm compares what Graph says with what Microsoft tells anybody. The witness is undocumented, so that it is silent is no finding.
func (c *checker) realm() {
	if !c.Realm.OK() || c.Realm.Value.Kind == "" {
		return
	}
	r, d := *c.Realm.Value, c.Domain.Value
	seen := facts.FindingReason{Says: "getuserrealm says " + r.Kind, Source: "Microsoft's sign-in page", Time: c.Realm.ReadAt}
	if federated := strings.EqualFold(r.Kind, "Federated"); federated != d.Federated {
		c.add(facts.Finding{ID: "realm-differs", Severity: facts.Warning, By: byIdentity,
			Says:      fmt.Sprintf("Graph says that %s is %s, and the sign-in page treats it as %s.", c.domain(), strings.ToLower(d.Authentication), strings.ToLower(short(r.Kind))),
			Otherwise: "People may be sent to another place than the trust says.",
			Next:      "A change of the last hour takes its time. If it stays: look for Set domain authentication in the audit log, and ask Microsoft with the domain's name",
			Evidence:  []facts.FindingReason{seen, c.saw(facts.NameDomain, "authenticationType is "+d.Authentication, c.Domain.ReadAt)}})
		return
	}
	if c.f == nil || r.SignInURL == "" || c.f.PassiveURI == "" || hostOf(r.SignInURL) == hostOf(c.f.PassiveURI) {
		return
	}
	seen.Says = "getuserrealm sends people to " + short(hostOf(r.SignInURL))
	c.add(facts.Finding{ID: "realm-host", Severity: facts.Warning, Security: true, By: bySecurity,
		Says:      fmt.Sprintf("The sign-in page sends people of %s to %s, and the trust says %s.", c.domain(), short(hostOf(r.SignInURL)), hostOf(c.f.PassiveURI)),
		Otherwise: "People may type their passwords at a place that is not yours.",
		Next:      "A change of the last hour takes its time. If both hosts are not yours, treat it as an incident",
		Evidence:  []facts.FindingReason{seen, c.held("passiveSignInUri is %s", short(c.f.PassiveURI))}})
}

// endpoints judges how the hosts of the trust answer from here.
func (c *checker) endpoints() {
	for _, x := range []struct{ name, value string }{{"passiveSignInUri", c.f.PassiveURI}, {"activeSignInUri", c.f.ActiveURI}} {
		if u, err := url.Parse(x.value); err == nil && u.Scheme == "http" && u.Host != "" {
			c.add(facts.Finding{ID: "endpoint-plain", Severity: facts.Warning, Security: true, Of: x.name, By: byIdentity, Role: roleDomains,
				Says:      fmt.Sprintf("The trust of %s sends people to an address without encryption.", c.domain()),
				Otherwise: "Whoever is on the way can read passwords and take over sign-ins.",
				Next:      "Give the https address: " + c.write(map[string]string{"passiveSignInUri": "-PassiveSignInUri", "activeSignInUri": "-ActiveSignInUri"}[x.name]+" https://…"),
				Evidence:  []facts.FindingReason{c.held("%s is %s", x.name, short(x.value))}})
		}
	}
	for _, e := range c.Endpoints {
		c.endpoint(e)
	}
}

func (c *checker) endpoint(e facts.Endpoint) {
	f := facts.Finding{Of: e.Host, Severity: facts.Warning, By: byIdP, Evidence: []facts.FindingReason{{Says: e.Host + ": " + e.Problem, Source: "the host itself", Time: e.Checked}}}
	uses := list(e.Uses)
	if !e.NotAfter.IsZero() {
		f.Due = &e.NotAfter
	}
	switch e.State {
	case facts.EndpointUnreachable:
		f.ID, f.Says = "endpoint-unreachable", fmt.Sprintf("%s, the host of %s's %s, did not answer: %s.", e.Host, c.domain(), uses, e.Problem)
		f.Otherwise = "Signpost asks from where it runs. If people cannot reach the host either, they cannot sign in."
		f.Next = "Open https://" + e.Host + " from the network of the people, then from the internet"
		if e.Silent && (c.m != nil || rented(e.Host)) {
			f.Severity = facts.Note // more likely no way leads there from where Signpost runs
			f.Otherwise = "Nothing, if people reach the host: then Signpost's own network has no way to it, and cannot watch its TLS certificate."
		}
	case facts.EndpointRefused:
		f.ID, f.Says = "endpoint-refused", fmt.Sprintf("%s, the host of %s's %s, was not asked: %s.", e.Host, c.domain(), uses, e.Problem)
		f.Next = "See in DNS why the name leads there"
		f.Security, f.By = true, bySecurity
	case facts.EndpointExpired:
		f.ID, f.Severity, f.Says = "endpoint-expired", facts.Critical, fmt.Sprintf("The TLS certificate of %s, the host of %s's %s, %s.", e.Host, c.domain(), uses, e.Problem)
		f.Otherwise = "Browsers refuse the page, so " + lowerFirst(c.people()) + " cannot sign in."
		f.Next = c.tls(e.Host)
	case facts.EndpointWrongName, facts.EndpointUntrusted:
		f.ID, f.Says = "endpoint-untrusted", fmt.Sprintf("The TLS certificate of %s, the host of %s's %s, is not trusted: %s.", e.Host, c.domain(), uses, e.Problem)
		f.Otherwise = "Browsers that see the same refuse the page."
		f.Next = "Send the whole chain and the right name; where the authority is your own, name it to Signpost by SSL_CERT_FILE. " + c.tls(e.Host)
	case facts.EndpointOK:
		c.endpointEnds(e)
		return
	default:
		return
	}
	c.add(f)
}

// endpointEnds judges how long a host that is well will be: until its TLS certificate ends, or one of an authority that stands
// between that and the root.
func (c *checker) endpointEnds(e facts.Endpoint) {
	end, what, next := e.NotAfter, "The TLS certificate", c.tls(e.Host)
	if !e.ChainEnds.IsZero() && e.ChainEnds.Before(end) {
		end, what = e.ChainEnds, "A certificate in the TLS chain"
		next = "Get the current intermediate certificate of " + e.Issuer + " and send that one; where it has none, renew the certificate of the host. " + c.tls(e.Host)
	}
	left := end.Sub(c.Now)
	// Short-lived certificates renew themselves, or they would have ended long ago.
	if left > 14*day || end.Equal(e.NotAfter) && e.NotAfter.Sub(e.NotBefore) < 21*day {
		return
	}
	f := facts.Finding{ID: "endpoint-ends", Severity: facts.Warning, Of: e.Host, Due: &end, By: byIdP, Next: next, Otherwise: "Browsers refuse the page from then on, and nobody signs in.",
		Says:     fmt.Sprintf("%s of %s, the host of %s's %s, ends on %s, in %s.", what, e.Host, c.domain(), list(e.Uses), date(end), days(DaysLeft(c.Now, end))),
		Evidence: []facts.FindingReason{{Says: fmt.Sprintf("%s: valid until %s, issued by %s", e.Host, date(end), e.Issuer), Source: "the host itself", Time: e.Checked}}}
	if left > 7*day {
		f.Severity = facts.Note
	}
	c.add(f)
}

// rented reports whether a host is a provider's service, which many organisations use, and not a server of their own.
func rented(host string) bool {
	name := hostOf("https://" + host)
	for _, service := range []string{"okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "accounts.google.com", "pingone.com", "pingone.eu", "pingone.asia", "pingidentity.com"} {
		if name == service || strings.HasSuffix(name, "."+service) {
			return true
		}
	}
	return false
}

// tls is how a host gets a new TLS certificate.
func (c *checker) tls(host string) string {
	if c.f.Provider == "AD FS" {
		return "Install a new TLS certificate on every AD FS server and proxy: Set-AdfsSslCertificate -Thumbprint …, on proxies Set-WebApplicationProxySslCertificate -Thumbprint …"
	}
	return "Renew the TLS certificate of " + host
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// since says how long ago something was, in days.
func since(now, then time.Time) string {
	switch n := int(now.Sub(then) / day); n {
	case 0:
		return "today"
	default:
		return days(n) + " ago"
	}
}
