package federation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// auditDays is how far back changes are told where nobody has approved the trust since.
const auditDays = 30

// property is one setting of a trust.
type property struct {
	name  string   // as Graph calls it, and as it stands in a finding
	audit []string // parts of the names under which the audit log shows it, in lower case
}

// properties are the settings whose change is told, in the order of Graph's reference.
func properties() (p struct {
	issuer, passive, active, mex, signOut, protocol, mfa, prompt, signed, name, certificate property
}) {
	p.issuer = property{"issuerUri", []string{"issueruri"}}
	p.passive = property{"passiveSignInUri", []string{"passivesignin", "passivelogon"}}
	p.active = property{"activeSignInUri", []string{"activesignin", "activelogon"}}
	p.mex = property{"metadataExchangeUri", []string{"metadataexchange"}}
	p.signOut = property{"signOutUri", []string{"signouturi", "logoffuri"}}
	p.protocol = property{"preferredAuthenticationProtocol", []string{"preferredauthenticationprotocol"}}
	p.mfa = property{"federatedIdpMfaBehavior", []string{"federatedidpmfabehavior", "supportsmfa"}}
	p.prompt = property{"promptLoginBehavior", []string{"promptloginbehavior"}}
	p.signed = property{"isSignedAuthenticationRequestRequired", []string{"signedauthenticationrequest", "signauthnrequest"}}
	p.name = property{"displayName", []string{"displayname", "federationbrandname"}}
	p.certificate = property{"signingCertificate", []string{"signingcertificate"}}
	return p
}

// managed is a domain that is not federated: in order, unless somebody approved it as federated.
func (c *checker) managed() {
	if c.Baseline != nil {
		c.add(facts.Finding{ID: "domain-converted", Severity: facts.Warning, Security: true, By: byIdentity, Role: roleDomains,
			Says:      c.domain() + " was federated when it was approved, and is managed now.",
			Otherwise: "People sign in with passwords that Entra holds, if it holds any; what the identity provider asked for is not asked for.",
			Next:      "If this was meant, approve it; if not, look for Set domain authentication in the audit log", Evidence: append([]facts.FindingReason{c.saw(facts.NameDomain, "authenticationType is "+c.Domain.Value.Authentication, c.Domain.ReadAt), c.approval()}, c.actor(property{})...)})
		return
	}
	if c.New && c.Domain.Value.Verified {
		c.add(facts.Finding{ID: "domain-new", Severity: facts.Note, By: byIdentity, Says: c.domain() + " is a new domain of the tenant.",
			Next: "Approve it, if it is yours", Evidence: append([]facts.FindingReason{c.saw(facts.NameDomain, "it was not among the approved domains", c.Domain.ReadAt)}, c.actor(property{})...)})
	}
}

// newcomer is a federated domain that was not there when the tenant was approved.
func (c *checker) newcomer() {
	if !c.New || c.Baseline != nil {
		return
	}
	c.add(facts.Finding{ID: "domain-new-federated", Severity: facts.Warning, Security: true, By: bySecurity, Role: roleDomains,
		Says:      c.domain() + " is federated, and was not when the tenant was approved.",
		Otherwise: "Any federated domain can make tokens for any account of the tenant.",
		Next:      "Ask whoever did it; if it was meant, approve it", Evidence: append([]facts.FindingReason{c.saw(facts.NameDomain, "authenticationType is "+c.Domain.Value.Authentication, c.Domain.ReadAt)}, c.actor(property{})...)})
}

// drift compares the trust with the approved one.
func (c *checker) drift() {
	if c.Baseline == nil {
		c.recent(time.Time{})
		return
	}
	before, p := c.Baseline.Trust, properties()
	if before.ID != "" && c.f.ID != "" && before.ID != c.f.ID {
		c.drifted(property{name: "id"}, before.ID, c.f.ID, facts.Warning, true, "The trust was taken away and made anew.")
	}
	if before.Issuer != c.f.Issuer {
		c.drifted(p.issuer, before.Issuer, c.f.Issuer, facts.Warning, true, "Tokens are accepted from another issuer.")
	}
	for _, x := range []struct {
		property
		before, after string
		calm          facts.Severity
		means         string
	}{
		{p.passive, before.PassiveURI, c.f.PassiveURI, facts.Warning, "People are sent to another address to sign in."},
		{p.active, before.ActiveURI, c.f.ActiveURI, facts.Warning, "Older clients send passwords to another address."},
		{p.mex, before.MetadataURI, c.f.MetadataURI, facts.Note, "Older clients look for the sign-in service at another address."},
		{p.signOut, before.SignOutURI, c.f.SignOutURI, facts.Note, "People are sent to another address to sign out."},
	} {
		if x.before == x.after {
			continue
		}
		if elsewhere := hostOf(x.before) != hostOf(x.after); elsewhere && x.after != "" {
			c.drifted(x.property, x.before, x.after, facts.Warning, true, x.means)
		} else {
			c.drifted(x.property, x.before, x.after, x.calm, false, x.means)
		}
	}
	if before.Protocol != c.f.Protocol {
		c.drifted(p.protocol, before.Protocol, c.f.Protocol, facts.Warning, false, "Sign-ins use another protocol.")
	}
	if before.MFABehavior != c.f.MFABehavior {
		means := "Before: " + MFASays(before.MFABehavior) + ". Now: " + MFASays(c.f.MFABehavior) + "."
		switch {
		case weaker(before.MFABehavior, c.f.MFABehavior):
			c.drifted(p.mfa, before.MFABehavior, c.f.MFABehavior, facts.Warning, true, means)
			c.found[len(c.found)-1].ID = "mfa-weakened"
		case strength(before.MFABehavior) < 0 || strength(c.f.MFABehavior) < 0:
			c.drifted(p.mfa, before.MFABehavior, c.f.MFABehavior, facts.Warning, true, means)
		default:
			c.drifted(p.mfa, before.MFABehavior, c.f.MFABehavior, facts.Note, false, means)
		}
	}
	if before.PromptLogin != c.f.PromptLogin {
		c.drifted(p.prompt, before.PromptLogin, c.f.PromptLogin, facts.Note, false, "Apps that ask for a fresh sign-in get another answer.")
	}
	switch {
	case before.SignedRequests && !c.f.SignedRequests:
		c.drifted(p.signed, "true", "false", facts.Warning, true, "Entra no longer signs what it asks of the identity provider.")
	case !before.SignedRequests && c.f.SignedRequests:
		c.drifted(p.signed, "false", "true", facts.Note, false, "Entra signs what it asks of the identity provider.")
	}
	if before.DisplayName != c.f.DisplayName {
		c.drifted(p.name, before.DisplayName, c.f.DisplayName, facts.Note, false, "People see another name at sign-in.")
	}
	c.newKeys()
	c.recent(c.Baseline.At)
}

// drifted is one setting that is not as it was approved.
func (c *checker) drifted(p property, before, after string, s facts.Severity, security bool, means string) {
	f := facts.Finding{ID: "drift-" + p.name, Severity: s, Security: security, Of: p.name, By: byIdentity, Role: roleDomains,
		Says:     fmt.Sprintf("%s of %s was %s and is %s. %s", p.name, c.domain(), orUnset(before), orUnset(after), means),
		Next:     "If this was meant, approve it; if not, put it back and find out who did it",
		Evidence: append([]facts.FindingReason{c.held("%s is %s", p.name, orUnset(after)), c.approval()}, c.actor(p)...)}
	if security {
		f.By, f.Otherwise = bySecurity, "If nobody meant it, somebody may be able to sign in as anybody."
	}
	c.add(f)
}

// newKeys are certificates that were not in the approved trust. One that the identity provider publishes is its own.
func (c *checker) newKeys() {
	for i, x := range c.f.Certificates {
		if x.SHA256 == "" || c.approved(x) || slices.ContainsFunc(c.f.Certificates[:i], func(o facts.Certificate) bool { return o.SHA256 == x.SHA256 }) {
			continue
		}
		f := facts.Finding{ID: "drift-signingCertificate", Severity: facts.Warning, Security: true, Of: x.SHA1, By: bySecurity, Role: roleDomains,
			Says:      fmt.Sprintf("The trust of %s holds a signing certificate that was not in it when it was approved: %s (%s), valid from %s to %s.", c.domain(), thumb(x.SHA1), x.Subject, date(x.NotBefore), date(x.NotAfter)),
			Otherwise: "If nobody meant it, whoever holds its key can sign in as anybody.",
			Next:      "Compare it with the identity provider's (" + c.whose() + "); if it is there, approve it",
			Evidence:  append([]facts.FindingReason{c.held("%s signing certificate is %s", x.Slot, thumb(x.SHA1)), c.approval()}, c.actor(properties().certificate)...)}
		if c.m != nil && Holds(c.m.Certificates, x) && c.m.Signature != SignatureInvalid {
			f.Severity, f.Security, f.By, f.Otherwise = facts.Note, false, byIdentity, ""
			f.Next = "Approve it: the identity provider publishes it"
			f.Evidence = append(f.Evidence, c.published("%s is published at %s", thumb(x.SHA1), c.m.URL))
		}
		c.add(f)
	}
}

// approval is evidence from the baseline.
func (c *checker) approval() facts.FindingReason {
	says := "approved on " + date(c.Baseline.At)
	if c.Baseline.By != "" {
		says += " by " + c.Baseline.By
	}
	return facts.FindingReason{Says: says, Source: "Signpost's baseline", Time: c.Baseline.At}
}

// changes says where the audit log could not be read.
func (c *checker) changes() {
	switch c.Changes.State {
	case facts.NotPermitted, facts.NotLicensed, facts.Failed:
		if c.Domain.Value.Federated {
			c.add(facts.Finding{ID: "changes-unreadable", Severity: facts.Unknown, By: byIdentity,
				Says: "Whether the trust of " + c.domain() + " was changed in the last 30 days could not be checked: " + c.Changes.Reason, Next: "Run signpost doctor: it names the permission that is missing",
				Evidence: []facts.FindingReason{c.saw(facts.NameChanges, c.Changes.Reason, c.Changes.ReadAt)}})
		}
	}
}

// ofDomain are the changes that were made to this domain after a time, newest first.
func (c *checker) ofDomain(after time.Time) []facts.Change {
	if c.Changes.Value == nil {
		return nil
	}
	var all []facts.Change
	for _, x := range *c.Changes.Value {
		if x.Time.After(after) && !x.Time.After(c.Now) && (strings.EqualFold(x.Target, c.domain()) || strings.EqualFold(x.Target, c.Domain.Value.Name) ||
			slices.ContainsFunc(x.Targets, func(t facts.Target) bool {
				return !t.Named && t.Name == c.domain() || slices.Contains(t.IDs, c.domain())
			})) {
			all = append(all, x)
		}
	}
	slices.SortStableFunc(all, func(a, b facts.Change) int { return b.Time.Compare(a.Time) })
	return all
}

// actor is who made the newest change that can have changed a property, from the audit log. The zero property is any.
func (c *checker) actor(p property) []facts.FindingReason {
	after := c.Now.AddDate(0, 0, -auditDays)
	if c.Baseline != nil {
		after = c.Baseline.At
	}
	all := c.ofDomain(after)
	at := slices.IndexFunc(all, func(x facts.Change) bool { return p.name != "" && touches(x, p) })
	if at < 0 { // the log need not say which properties an entry changed
		at = slices.IndexFunc(all, func(x facts.Change) bool { return p.name == "" || len(x.What) == 0 })
	}
	if at < 0 {
		return nil
	}
	return []facts.FindingReason{c.entry(all[at])}
}

func (c *checker) entry(x facts.Change) facts.FindingReason {
	says := strings.TrimRight(x.Activity, ".") + " by " + cmp.Or(x.Actor, "somebody whom the log does not name") + ", " + since(c.Now, x.Time)
	return facts.FindingReason{Says: says, Fact: facts.NameChanges, Source: facts.NameChanges.Source(), Time: x.Time}
}

// touches reports whether a change names a property.
func touches(x facts.Change, p property) bool {
	return slices.ContainsFunc(x.What, func(name string) bool { return p.is(name) })
}

// Setting reports whether the audit log means a setting of a trust by the name of a property. Such values are addresses, public
// certificates and enumerations, never secrets.
func Setting(name string) bool {
	p := properties()
	return slices.ContainsFunc([]property{p.issuer, p.passive, p.active, p.mex, p.signOut, p.protocol, p.mfa, p.prompt, p.signed, p.certificate}, func(p property) bool { return p.is(name) })
}

// is reports whether the audit log means this property by a name.
func (p property) is(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, " ", ""))
	return slices.ContainsFunc(p.audit, func(part string) bool { return strings.Contains(name, part) })
}

// trustActivities are the entries of the audit log that change who is believed.
// https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
func trustActivity(name string) bool {
	switch strings.ToLower(strings.TrimRight(strings.TrimSpace(name), ".")) {
	case "set federation settings on domain", "set domain authentication":
		return true
	}
	return false
}

// recent are changes of the last 30 days, after the last approval, that no other finding tells.
func (c *checker) recent(approved time.Time) {
	after := c.Now.AddDate(0, 0, -auditDays)
	if approved.After(after) {
		after = approved
	}
	p := properties()
	for _, x := range c.ofDomain(after) {
		if !trustActivity(x.Activity) {
			continue
		}
		if c.Baseline != nil {
			if !slices.ContainsFunc(c.found, drifts) { // otherwise that tells what became of it
				c.add(c.changed(x, facts.Note, true, "The trust is as it was approved, so it was changed back, or nothing was changed."))
			}
			continue
		}
		if before, now, ok := values(x, p.mfa); ok && weaker(before, now) && strings.EqualFold(now, c.f.MFABehavior) {
			f := c.changed(x, facts.Warning, true, "Before: "+MFASays(before)+". Now: "+MFASays(now)+".")
			f.ID = "mfa-weakened"
			c.add(f)
			continue
		}
		only := func(p ...property) bool {
			return len(x.What) > 0 && !slices.ContainsFunc(x.What, func(name string) bool { return !slices.ContainsFunc(p, func(p property) bool { return p.is(name) }) })
		}
		switch {
		case only(p.certificate) && c.m != nil && c.m.Covered && len(c.m.Gone) == 0:
			c.add(c.changed(x, facts.Note, false, "The identity provider publishes the certificates that the trust holds."))
		case only(p.name, p.prompt, p.signOut):
			c.add(c.changed(x, facts.Note, false, ""))
		default:
			c.add(c.changed(x, facts.Warning, true, ""))
		}
	}
}

// drifts reports whether a finding is of a setting that is not as it was approved.
func drifts(f facts.Finding) bool { return strings.HasPrefix(f.ID, "drift-") || f.ID == "mfa-weakened" }

// changed is a change of the trust that nobody has approved.
func (c *checker) changed(x facts.Change, s facts.Severity, security bool, means string) facts.Finding {
	f := facts.Finding{ID: "trust-changed", Severity: s, Security: security, Of: x.Time.UTC().Format(time.RFC3339), By: byIdentity,
		Says:     fmt.Sprintf("The trust of %s was changed on %s.", c.domain(), date(x.Time)), // who did it stands in the evidence, which not everybody may see
		Next:     "If this was meant, approve the trust as it is; if not, put it back and treat it as an incident",
		Evidence: []facts.FindingReason{c.entry(x)}}
	if len(x.What) > 0 {
		f.Says += " Changed: " + list(x.What) + "."
	}
	if means != "" {
		f.Says += " " + means
	}
	if security {
		f.By = bySecurity
		f.Otherwise = "Whoever can change a trust can sign in as anybody; nobody has said yet that this change was meant."
	}
	return f
}

// values are what a change made of a property: plain text, without the JSON that the audit log wraps it in.
func values(x facts.Change, p property) (before, after string, ok bool) {
	for _, v := range x.Values {
		if p.is(v.Name) {
			return unwrapped(v.Old), unwrapped(v.New), true
		}
	}
	return "", "", false
}

// unwrapped takes the text out of `["text"]` or `"text"`.
func unwrapped(text string) string {
	return strings.Trim(strings.TrimSpace(text), `[]" `)
}
