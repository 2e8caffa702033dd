package federation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// slot is the certificate in a slot of the trust; nil where it is empty.
func (c *checker) slot(name string) *facts.Certificate {
	for i := range c.f.Certificates {
		if c.f.Certificates[i].Slot == name {
			return &c.f.Certificates[i]
		}
	}
	return nil
}

// sound reports whether a certificate is there and could be read.
func sound(x *facts.Certificate) bool { return x != nil && x.Problem == "" }

// valid reports whether a certificate is there and valid at a time.
func valid(x *facts.Certificate, at time.Time) bool {
	return sound(x) && !at.Before(x.NotBefore) && at.Before(x.NotAfter)
}

// staged reports whether next takes over from current without a gap ahead, and why not.
func staged(current, next *facts.Certificate, now time.Time) (bool, string) {
	switch {
	case next == nil:
		return false, "nextSigningCertificate is empty"
	case !sound(next):
		return false, "nextSigningCertificate cannot be read: " + next.Problem
	case current != nil && next.SHA256 == current.SHA256:
		return false, "nextSigningCertificate is the same certificate"
	case !sound(current):
		return true, ""
	case !next.NotAfter.After(current.NotAfter):
		return false, "nextSigningCertificate ends no later, on " + date(next.NotAfter)
	case next.NotBefore.After(current.NotAfter) && next.NotBefore.After(now):
		return false, "nextSigningCertificate begins on " + date(next.NotBefore) + ", after the current one ends"
	}
	return true, ""
}

// certificates judges how long tokens will be accepted.
func (c *checker) certificates() {
	current, next := c.slot(Current), c.slot(Next)
	for _, x := range []*facts.Certificate{current, next} {
		if x != nil && x.Problem != "" {
			c.add(facts.Finding{ID: "certificate-unreadable", Severity: facts.Unknown, Of: x.Slot,
				Says: fmt.Sprintf("The %s signing certificate of %s could not be checked: %s.", x.Slot, c.domain(), x.Problem),
				By:   byIdentity, Role: roleDomains, Next: "Write the certificate anew, as base64 without line breaks: " + c.write(parameter(x.Slot)),
				Evidence: []facts.FindingReason{c.held("%s signing certificate: %s", x.Slot, x.Problem)}})
		}
	}
	if current == nil && !sound(next) {
		c.add(facts.Finding{ID: "certificate-missing", Severity: facts.Critical, Says: "The trust of " + c.domain() + " holds no signing certificate.",
			Otherwise: c.people() + " cannot sign in: Entra can verify no token of the identity provider.", By: byIdentity, Role: roleDomains,
			Next: "Take the token-signing certificate from the identity provider and write it: " + c.write("-SigningCertificate BASE64"), Evidence: []facts.FindingReason{c.held("signingCertificate is empty")}})
		return
	}
	if !sound(current) && !sound(next) {
		return
	}
	if !valid(current, c.Now) && !valid(next, c.Now) {
		c.nothingValid(current, next)
		return
	}
	ready, why := staged(current, next, c.Now)
	switch {
	case ready:
		if sound(current) && !c.Now.Before(current.NotAfter) {
			c.overdue(current, next)
		} else if sound(current) {
			c.taking(current, next)
		}
		c.ending(next, "nothing is staged behind it")
	case !valid(current, c.Now):
		c.early(current, next)
	default:
		c.ending(current, why)
	}
}

// nothingValid is the trust of which no certificate is valid now.
func (c *checker) nothingValid(current, next *facts.Certificate) {
	f := facts.Finding{Severity: facts.Critical, By: byIdP, Role: roleDomains, Otherwise: c.people() + " cannot sign in: Entra refuses every token of the identity provider.", Next: c.renew()}
	var ends, begins *facts.Certificate
	for _, x := range []*facts.Certificate{current, next} {
		if !sound(x) {
			continue
		}
		f.Evidence = append(f.Evidence, c.held("%s signing certificate %s (%s) is valid from %s to %s", x.Slot, thumb(x.SHA1), x.Subject, date(x.NotBefore), date(x.NotAfter)))
		if c.Now.Before(x.NotBefore) && (begins == nil || x.NotBefore.Before(begins.NotBefore)) {
			begins = x
		}
		if !c.Now.Before(x.NotAfter) && (ends == nil || x.NotAfter.After(ends.NotAfter)) {
			ends = x
		}
	}
	if ends != nil {
		f.ID, f.Of, f.Due = "certificate-expired", ends.SHA1, &ends.NotAfter
		f.Says = fmt.Sprintf("The signing certificate of %s ended on %s.", c.domain(), date(ends.NotAfter))
		if begins != nil {
			f.Says += fmt.Sprintf(" The other one begins on %s only.", date(begins.NotBefore))
		}
	} else {
		f.ID, f.Of = "certificate-not-yet-valid", begins.SHA1
		f.Says = fmt.Sprintf("The signing certificate of %s is not valid before %s.", c.domain(), date(begins.NotBefore))
	}
	c.add(f)
}

// ending judges the certificate behind which nothing is staged.
func (c *checker) ending(x *facts.Certificate, why string) {
	left := x.NotAfter.Sub(c.Now)
	f := facts.Finding{ID: "certificate-ends", Of: x.SHA1, Due: &x.NotAfter, By: byIdP, Role: roleDomains, Next: c.renew(),
		Says:      fmt.Sprintf("The signing certificate of %s ends on %s, in %s, and no successor is in place.", c.domain(), date(x.NotAfter), days(DaysLeft(c.Now, x.NotAfter))),
		Otherwise: c.people() + " cannot sign in from then on.",
		Evidence:  []facts.FindingReason{c.held("%s signing certificate %s (%s) ends on %s; %s", x.Slot, thumb(x.SHA1), x.Subject, date(x.NotAfter), why)}}
	if c.f.Rollover != "" {
		f.Evidence = append(f.Evidence, c.held("automatic rollover last said %s", c.ran()))
	}
	switch {
	case left <= criticalDays*day:
		f.Severity = facts.Critical
	case left <= warnDays*day:
		f.Severity = facts.Warning
	case left <= time.Duration(c.firstWarning())*day:
		f.Severity = facts.Note
	default:
		return
	}
	c.add(f)
}

// firstWarning is how many days before a certificate's end somebody wants to hear of it.
func (c *checker) firstWarning() int {
	if len(c.WarnDays) == 0 {
		return noteDays
	}
	return max(slices.Max(c.WarnDays), warnDays)
}

// taking is a rollover that is in place.
func (c *checker) taking(current, next *facts.Certificate) {
	if current.NotAfter.Sub(c.Now) > warnDays*day {
		return
	}
	c.add(facts.Finding{ID: "certificate-rollover", Severity: facts.Note, Of: current.SHA1, Due: &current.NotAfter, By: byIdP,
		Says:     fmt.Sprintf("The signing certificate of %s ends on %s; its successor, valid until %s, is in place.", c.domain(), date(current.NotAfter), date(next.NotAfter)),
		Next:     "See that the identity provider signs with the successor before that day; Entra accepts both",
		Evidence: []facts.FindingReason{c.held("current %s ends on %s, next %s is valid from %s to %s", thumb(current.SHA1), date(current.NotAfter), thumb(next.SHA1), date(next.NotBefore), date(next.NotAfter))}})
}

// overdue is a current certificate that has ended while the next one is valid. Both verify tokens, so whether people can sign
// in hangs on which of them the identity provider signs with, which nothing here proves: it is critical until the trust is tidy.
func (c *checker) overdue(current, next *facts.Certificate) {
	f := facts.Finding{ID: "certificate-expired", Of: current.SHA1, Severity: facts.Critical, Due: &current.NotAfter, By: byIdentity, Role: roleDomains,
		Says:      fmt.Sprintf("The current signing certificate of %s ended on %s; the next one is valid until %s.", c.domain(), date(current.NotAfter), date(next.NotAfter)),
		Otherwise: "People can sign in only if the identity provider signs with the next one already.",
		Next:      "See which one the identity provider signs with, then make the next certificate the current one: " + c.write("-SigningCertificate BASE64-OF-THE-NEXT"),
		Evidence:  []facts.FindingReason{c.held("current %s ended on %s, next %s is valid until %s", thumb(current.SHA1), date(current.NotAfter), thumb(next.SHA1), date(next.NotAfter))}}
	if c.m != nil {
		now, then := Holds(c.m.Certificates, *next), Holds(c.m.Certificates, *current)
		switch {
		case now && !then:
			f.Otherwise = "Sign-ins work for as long as the identity provider signs with the next one, the only one that it publishes; nothing is staged behind it."
			f.Next = "Make the next certificate the current one: " + c.write("-SigningCertificate BASE64-OF-THE-NEXT")
			f.Evidence = append(f.Evidence, c.published("only the next certificate is published"))
		case then && !now:
			f.By, f.Next = byIdP, c.renew()
			f.Otherwise = c.people() + " cannot sign in: the identity provider signs with a certificate that has ended."
			f.Evidence = append(f.Evidence, c.published("only the certificate that has ended is published"))
		}
	}
	c.add(f)
}

// early is a current certificate that is not valid yet, while the other one, which ends before it, still is.
func (c *checker) early(current, next *facts.Certificate) {
	f := facts.Finding{ID: "certificate-early", Severity: facts.Note, Of: current.SHA1, Due: &current.NotBefore, By: byIdP,
		Says:     fmt.Sprintf("The current signing certificate of %s is not valid before %s; until then only the other one works, which ends on %s.", c.domain(), date(current.NotBefore), date(next.NotAfter)),
		Next:     "See that the identity provider does not sign with the new certificate before that day",
		Evidence: []facts.FindingReason{c.held("current %s begins on %s, next %s ends on %s", thumb(current.SHA1), date(current.NotBefore), thumb(next.SHA1), date(next.NotAfter))}}
	if next.NotAfter.Before(current.NotBefore) {
		f.Severity, f.Due, f.Role, f.Next = facts.Warning, &next.NotAfter, roleDomains, c.renew()
		f.Otherwise = c.people() + " cannot sign in from " + date(next.NotAfter) + " to " + date(current.NotBefore) + ": no certificate is valid between."
	}
	c.add(f)
}

// rollover judges Entra's own updating of certificates. It reads metadata of AD FS, in the last weeks of a certificate; of other
// identity providers, and outside that time, its result says little.
// https://learn.microsoft.com/graph/api/resources/signingcertificateupdatestatus
func (c *checker) rollover() {
	current := c.slot(Current)
	ready, _ := staged(current, c.slot(Next), c.Now)
	if c.f.Provider != "AD FS" || ready || !sound(current) || !c.Now.Before(current.NotAfter) {
		return
	}
	left := current.NotAfter.Sub(c.Now)
	f := facts.Finding{ID: "rollover", By: byIdentity, Due: &current.NotAfter, Evidence: []facts.FindingReason{c.held("automatic rollover last said %s", c.ran())},
		Otherwise: "Entra does not learn of the next certificate by itself.",
		Next:      "Open the AD FS metadata from the internet (https://" + hostOf(c.f.PassiveURI) + "/federationmetadata/2007-06/federationmetadata.xml must answer without a certificate error), and see that AutoCertificateRollover is on: Get-AdfsProperties"}
	switch failing := badUpdate(c.f.Rollover); {
	case failing && (c.f.RolloverAt == nil || c.f.RolloverAt.After(current.NotBefore)):
		f.Severity = facts.Note // with more than 35 days left, there is time to mend it
		if left <= warnDays*day {
			f.Severity = facts.Warning
		}
		f.Says = fmt.Sprintf("Entra's automatic update of the certificates of %s does not work: %s.", c.domain(), c.f.Rollover)
	case left <= 30*day && (c.f.RolloverAt == nil || c.Now.Sub(*c.f.RolloverAt) > 3*day):
		f.Severity = facts.Warning
		f.Says = fmt.Sprintf("Entra should look for a new certificate of %s every day by now, and does not.", c.domain())
	default:
		return
	}
	c.add(f)
}

// badUpdate reports whether a result means that Entra could not read the identity provider's metadata. That it found no new
// certificate is the rule.
func badUpdate(result string) bool {
	switch strings.ToLower(result) {
	case "", "success", "nonewcertificatefound":
		return false
	}
	return true
}

// ran says what the automatic rollover did last.
func (c *checker) ran() string {
	result := c.f.Rollover
	if result == "" {
		result = "nothing"
	}
	if c.f.RolloverAt == nil {
		return result + ", at a time that Graph does not tell"
	}
	return result + " on " + date(*c.f.RolloverAt)
}

// renew is how the next certificate gets into the trust.
func (c *checker) renew() string {
	write := c.write("-NextSigningCertificate BASE64")
	if current := c.slot(Current); current == nil || !valid(current, c.Now) {
		write = c.write("-SigningCertificate BASE64")
	}
	switch c.f.Provider {
	case "AD FS":
		return "On the primary AD FS server: Get-AdfsCertificate -CertificateType Token-Signing. If it lists no newer certificate: Update-AdfsCertificate -CertificateType Token-Signing (without -Urgent, which cuts off everybody). Export its public part as base64 and write it into the trust: " + write
	case "Okta":
		return "In the Okta admin console, take the signing certificate of the Microsoft Office 365 app (Sign On), or let Okta configure WS-Federation again; by hand: " + write
	}
	return "Take the new token-signing certificate from the identity provider, without switching to it, and write it into the trust: " + write
}

// parameter is the parameter of the command that writes a slot.
func parameter(slot string) string {
	if slot == Next {
		return "-NextSigningCertificate BASE64"
	}
	return "-SigningCertificate BASE64"
}
