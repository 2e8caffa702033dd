package federation

import (
	"fmt"
	"slices"
	"strings"

	"signpost/graph/facts"
)

// metadata judges what the identity provider publishes against what Entra holds.
func (c *checker) metadata() {
	if c.m == nil {
		if c.Metadata.State == facts.Failed {
			c.unreadable()
		}
		return
	}
	c.unknownKeys()
	c.foreignKeys()
	c.issuer()
	c.address()
	if c.m.Signature == SignatureInvalid {
		c.add(facts.Finding{ID: "metadata-signature", Severity: facts.Warning, Security: true, By: byIdP,
			Says:      "The metadata of " + c.domain() + "'s identity provider carries a signature that is not valid.",
			Otherwise: "Somebody may have changed the document on its way, or something between rewrites it; Entra may refuse it and miss the next certificate.",
			Next:      "Fetch " + c.m.URL + " on the identity provider itself and compare; look for a proxy that rewrites it",
			Evidence:  []facts.FindingReason{c.published("the signature of %s does not fit the document", c.m.URL)}})
	}
	if u := c.m.ValidUntil; u != nil && !c.Now.Before(*u) {
		c.add(facts.Finding{ID: "metadata-expired", Severity: facts.Warning, By: byIdP, Due: u,
			Says:      "The metadata of " + c.domain() + "'s identity provider has been out of date since " + date(*u) + ".",
			Otherwise: "Whoever reads it by the rules ignores it, and misses the next certificate.",
			Next:      "Have the identity provider publish fresh metadata at " + c.m.URL, Evidence: []facts.FindingReason{c.published("validUntil is %s", date(*u))}})
	}
}

// unreadable is metadata that could not be read.
func (c *checker) unreadable() {
	f := facts.Finding{ID: "metadata-unreadable", Severity: facts.Warning, By: byIdP,
		Says:      "What " + c.domain() + "'s identity provider publishes could not be compared with the trust: " + c.Metadata.Reason + ".",
		Otherwise: "A new certificate of the identity provider is noticed only when sign-ins fail.",
		Next:      "Open the address from where Signpost runs and from the internet",
		Evidence:  []facts.FindingReason{c.published("%s", c.Metadata.Reason)}}
	if c.f.Provider == "AD FS" {
		f.Otherwise = "Entra reads the same address to learn of the next certificate, and a new certificate is noticed only when sign-ins fail."
		f.Next = "Open the address from where Signpost runs and from the internet; on AD FS: Get-AdfsEndpoint -AddressPath /FederationMetadata/2007-06/FederationMetadata.xml must be enabled, also on the proxy"
	}
	if v := c.Metadata.Value; v != nil && v.Guessed {
		f.Next += ". The address is where this product publishes by default; if yours is elsewhere, name it in tenant.metadata"
	}
	c.add(f)
}

// unknownKeys judges certificates that the identity provider publishes and Entra does not hold.
func (c *checker) unknownKeys() {
	if len(c.f.Certificates) == 0 { // that it holds none at all has been said
		return
	}
	var unknown, working []facts.Certificate // of what is published: not held; held and valid now
	for _, x := range c.m.Certificates {
		switch ended := x.Problem == "" && !c.Now.Before(x.NotAfter); {
		case Holds(c.f.Certificates, x) && !ended:
			working = append(working, x)
		case !Holds(c.f.Certificates, x) && !ended:
			unknown = append(unknown, x)
		}
	}
	if c.m.None && len(unknown) == 0 { // all that is published has ended as well
		unknown = c.m.Certificates
	}
	for _, x := range unknown {
		f := facts.Finding{ID: "metadata-unknown-certificate", Severity: facts.Warning, Of: x.SHA1, By: byIdentity, Role: roleDomains,
			Says:      fmt.Sprintf("%s's identity provider publishes a signing certificate that Entra does not hold: %s, valid from %s to %s.", c.domain(), thumb(x.SHA1), date(x.NotBefore), date(x.NotAfter)),
			Otherwise: c.people() + " cannot sign in (AADSTS5000811) as soon as the identity provider signs with it.",
			Evidence: []facts.FindingReason{
				c.published("%s (%s) is published at %s", thumb(x.SHA1), x.Subject, c.m.URL),
				c.held("held: %s", thumbs(c.f.Certificates)),
			},
			Next: "Write it into the trust now: " + c.write("-NextSigningCertificate BASE64")}
		switch {
		case c.m.None:
			f.Says = fmt.Sprintf("Entra holds no certificate that %s's identity provider publishes.", c.domain())
			f.Otherwise = c.people() + " cannot sign in: every token is refused (AADSTS5000811)."
			c.urgent(&f, "none of the certificates that Entra holds is published")
		case len(working) == 0:
			f.Otherwise = c.people() + " cannot sign in: what Entra holds has ended, so the identity provider signs with this one."
			c.urgent(&f, "every certificate that is both published and held has ended")
		case c.m.KeyHeld != nil && !*c.m.KeyHeld && c.m.SignedWith == x.SHA1:
			f.Otherwise = c.people() + " cannot sign in: the identity provider signs with it already (AADSTS5000811)."
			c.urgent(&f, "the metadata is signed with it, as AD FS does with the one that signs tokens")
		default:
			if current := c.slot(Current); sound(current) && current.NotAfter.After(c.Now) {
				f.Due = &current.NotAfter
				if x.NotBefore.After(c.Now) && x.NotBefore.Before(current.NotAfter) {
					f.Due = &x.NotBefore
				}
			}
		}
		c.add(f)
		if c.m.None { // one finding says it all
			return
		}
	}
}

// urgent makes a finding one of a key that signs already.
func (c *checker) urgent(f *facts.Finding, says string) {
	f.Severity, f.Next = facts.Critical, "Write it into the trust now: "+c.write("-SigningCertificate BASE64")
	f.Evidence = append(f.Evidence, c.published("%s", says))
	if !c.issues() {
		f.Next += ". First see that the address is of the right identity provider: it calls itself " + short(c.m.EntityID)
	}
}

// foreignKeys judges certificates that Entra holds and the identity provider does not publish: old ones, or somebody else's.
func (c *checker) foreignKeys() {
	if c.m.None {
		return
	}
	for _, x := range c.f.Certificates {
		if x.Problem != "" || !c.Now.Before(x.NotAfter) || Holds(c.m.Certificates, x) {
			continue
		}
		older := slices.ContainsFunc(c.m.Certificates, func(p facts.Certificate) bool {
			return Holds(c.f.Certificates, p) && x.NotBefore.Before(p.NotBefore)
		})
		f := facts.Finding{ID: "certificate-retired", Severity: facts.Note, Of: x.SHA1, By: byIdentity, Role: roleDomains,
			Says:     fmt.Sprintf("Entra still trusts a signing certificate of %s that the identity provider no longer publishes: %s.", c.domain(), thumb(x.SHA1)),
			Next:     "Nothing, if the identity provider has rolled over; it goes with the next update of the trust",
			Evidence: []facts.FindingReason{c.held("%s signing certificate %s (%s) is valid until %s", x.Slot, thumb(x.SHA1), x.Subject, date(x.NotAfter)), c.published("published: %s", thumbs(c.m.Certificates))}}
		switch {
		case older:
		case c.approved(x):
			f.Says = fmt.Sprintf("Entra trusts a signing certificate of %s that the identity provider does not publish, and that was approved: %s.", c.domain(), thumb(x.SHA1))
			f.Next = "Nothing, if the identity provider will switch to it"
		default:
			f.ID, f.Severity, f.Security, f.By = "certificate-foreign", facts.Warning, true, bySecurity
			f.Says = fmt.Sprintf("Entra trusts a signing certificate of %s that the identity provider does not publish: %s.", c.domain(), thumb(x.SHA1))
			f.Otherwise = "If it was slipped in, whoever holds its key can sign in as anybody."
			f.Next = "Ask who runs the identity provider whether it is theirs (" + c.whose() + "); if not, take it out of the trust and treat it as an incident"
		}
		c.add(f)
	}
}

// issues reports whether the identity provider of the metadata may issue in the name that the trust expects: its own, that
// with something behind it, or one that holds the domain's, because one that serves several domains issues in the name of each.
// https://learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-install-multiple-domains
func (c *checker) issues() bool {
	own, expected := strings.ToLower(c.m.EntityID), strings.ToLower(c.f.Issuer)
	return own == "" || expected == "" || SameIssuer(own, expected) || labelled(expected, c.domain()) || strings.HasPrefix(expected, strings.TrimRight(own, "/")+"/") ||
		c.f.Provider == "Okta" && strings.TrimPrefix(own, oktaName) == strings.TrimPrefix(expected, oktaName)
}

// oktaName stands before the key of an app where Okta calls itself by a URL; elsewhere it uses the key alone.
const oktaName = "http://www.okta.com/"

// issuer compares the issuer of the trust with the name that the identity provider gives itself.
func (c *checker) issuer() {
	if c.issues() {
		return
	}
	c.add(facts.Finding{ID: "issuer-differs", Severity: facts.Warning, By: byIdP, Role: roleDomains,
		Says:      fmt.Sprintf("The trust of %s expects the issuer %s, and the identity provider calls itself %s.", c.domain(), short(c.f.Issuer), short(c.m.EntityID)),
		Otherwise: "Tokens of another issuer are refused (AADSTS50107), unless a rule of the identity provider sets it.",
		Next:      "Compare with the issuer in a token; where the trust is wrong: " + c.write("-IssuerUri "+short(c.m.EntityID)),
		Evidence:  []facts.FindingReason{c.held("issuerUri is %s", short(c.f.Issuer)), c.published("entityID is %s", short(c.m.EntityID))}})
}

// address compares where the trust sends people with where the identity provider says that they sign in.
func (c *checker) address() {
	if c.m.Same == nil || *c.m.Same {
		return
	}
	host := hostOf(c.f.PassiveURI)
	f := facts.Finding{ID: "endpoint-differs", Severity: facts.Note, By: byIdP, Role: roleDomains,
		Says:     fmt.Sprintf("The trust sends people of %s to an address that the identity provider does not publish: %s.", c.domain(), short(c.f.PassiveURI)),
		Next:     "Nothing, if people can sign in; otherwise: " + c.write("-PassiveSignInUri ADDRESS"),
		Evidence: []facts.FindingReason{c.held("passiveSignInUri is %s", short(c.f.PassiveURI)), c.published("published: %s", short(strings.Join(c.m.Endpoints, ", ")))}}
	if !slices.ContainsFunc(c.m.Endpoints, func(a string) bool { return hostOf(a) == host }) {
		f.Severity, f.Security, f.By = facts.Warning, true, bySecurity
		f.Otherwise = "If the host is not yours, people type their passwords at somebody else's."
		f.Next = "See whose host " + host + " is; where the trust is wrong: " + c.write("-PassiveSignInUri ADDRESS")
	}
	c.add(f)
}

// labelled reports whether a name stands in a text by itself, not as a part of a longer name.
func labelled(text, name string) bool {
	for _, part := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune("/:?=&#@", r) }) {
		if part == strings.ToLower(name) {
			return true
		}
	}
	return false
}

// thumbs lists certificates by their thumbprints.
func thumbs(all []facts.Certificate) string {
	var words []string
	for _, x := range all {
		if x.SHA1 != "" {
			words = append(words, fmt.Sprintf("%s until %s", thumb(x.SHA1), date(x.NotAfter)))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return list(words)
}

// InMetadata reports whether a certificate of the trust is published by the identity provider; nil where that is not known.
func InMetadata(x facts.Certificate, m facts.Fact[facts.Metadata]) *bool {
	if !m.OK() || x.SHA256 == "" {
		return nil
	}
	in := Holds(m.Value.Certificates, x)
	return &in
}
