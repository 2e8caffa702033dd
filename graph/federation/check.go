package federation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// Input is what is known of one root domain. Everything but Now and Domain may be missing; what is missing is not judged.
type Input struct {
	Now        time.Time
	WarnDays   []int // days before a certificate's end at which somebody wants to know; the first notes begin at the largest
	Domain     facts.Fact[facts.Domain]
	Federation facts.Fact[facts.Federation]
	Metadata   facts.Fact[facts.Metadata]
	Realm      facts.Fact[facts.Realm]
	Endpoints  []facts.Endpoint
	// Baseline is the trust as somebody approved it last; nil where nobody has.
	Baseline *Baseline
	// New says that the tenant has been approved, and this domain was not among its domains then.
	New bool
	// Changes are the entries of the directory audit on domains, of the last 30 days.
	Changes facts.Fact[[]facts.Change]
	// Users is how many people sign in through the trust; nil not known.
	Users *int
}

// Baseline is a trust as it was approved.
type Baseline struct {
	Trust facts.Federation
	At    time.Time // when it was approved
	By    string    // by whom; "" not known
}

// The days before a certificate's end at which a missing successor matters. Entra looks for a new certificate 35 days before.
// https://learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-fed-o365-certs
const (
	warnDays     = 35
	criticalDays = 15
	noteDays     = 60 // where the configuration names none
	day          = 24 * time.Hour
)

// Who acts on a finding.
const (
	byIdentity = "identity-admin" // who holds Entra roles
	byIdP      = "idp-admin"      // who runs the identity provider
	bySecurity = "security"       // who looks into incidents

	// roleDomains is one of the roles that may write a trust; it holds the fewest other rights.
	// https://learn.microsoft.com/graph/api/internaldomainfederation-update
	roleDomains = "Domain Name Administrator"
)

// Check judges a domain. The findings come worst first, security before operations, those with the nearest date first. The
// result has no entry for what is in order, and is empty for a managed domain that nobody expects to be federated.
func Check(in Input) []facts.Finding {
	c := &checker{Input: in, found: []facts.Finding{}}
	c.check()
	slices.SortStableFunc(c.found, func(a, b facts.Finding) int {
		return cmp.Or(
			cmp.Compare(b.Severity.Weight(), a.Severity.Weight()),
			compareBool(b.Security, a.Security),
			compareDue(a.Due, b.Due),
			cmp.Compare(a.ID, b.ID), cmp.Compare(a.Of, b.Of),
		)
	})
	return c.found
}

// Status is how a domain is: its worst finding.
func Status(found []facts.Finding) facts.Severity {
	worst := facts.Healthy
	for _, f := range found {
		worst = Worst(worst, f.Severity)
	}
	return worst
}

// Worst is the worse of two. What could not be checked is worse than a note: there may be anything.
func Worst(a, b facts.Severity) facts.Severity {
	if b.Weight() > a.Weight() {
		return b
	}
	return a
}

// ExitCode is the exit code of the command: 2 critical, 1 warning, 3 could not check, 0 otherwise.
func ExitCode(s facts.Severity) int {
	switch s {
	case facts.Critical:
		return 2
	case facts.Warning:
		return 1
	case facts.Unknown:
		return 3
	}
	return 0
}

// DaysLeft counts the days until a time; a day that has begun counts whole, so that 35 means 35 or fewer. It is zero or less once
// the time has come.
func DaysLeft(now, end time.Time) int {
	left := end.Sub(now)
	days := int(left / day)
	if left > 0 && left%day > 0 {
		days++
	}
	return days
}

// checker is one Check under way.
type checker struct {
	Input
	f     *facts.Federation // the trust, where it was seen
	m     *facts.Metadata   // the metadata, where it was seen
	found []facts.Finding
}

func (c *checker) check() {
	d := c.Domain
	switch {
	case d.State == facts.Absent:
		c.add(facts.Finding{ID: "domain-unknown", Severity: facts.Unknown, Says: d.Reason, By: byIdentity,
			Next: "Check the spelling of the domain", Evidence: []facts.FindingReason{c.saw(facts.NameDomain, d.Reason, d.ReadAt)}})
		return
	case !d.OK():
		c.add(facts.Finding{ID: "domain-unreadable", Severity: facts.Unknown, Says: "The domain could not be checked: " + d.Reason, By: byIdentity,
			Next: "Run signpost doctor: it names the permission that is missing", Evidence: []facts.FindingReason{c.saw(facts.NameDomain, d.Reason, d.ReadAt)}})
		return
	}
	if c.Federation.OK() {
		c.f = c.Federation.Value
	}
	if c.Metadata.OK() {
		c.m = c.Metadata.Value
	}
	c.changes()
	if !d.Value.Federated {
		c.managed()
		return
	}
	c.newcomer()
	if !d.Value.Verified {
		c.add(facts.Finding{ID: "domain-unverified", Severity: facts.Warning, Security: true,
			Says:      c.domain() + " is federated, although nobody has proved to own it.",
			Otherwise: "Entra accepts tokens of this trust for any account of the tenant. A known attack federates domains that were never verified.",
			By:        bySecurity, Role: roleDomains, Next: "Find out who added the domain (audit log: Add unverified domain, Set domain authentication), then verify it or remove it: Remove-MgDomain -DomainId " + c.domain(),
			Evidence: []facts.FindingReason{c.saw(facts.NameDomain, "isVerified is false", d.ReadAt)}})
	}
	switch {
	case c.Federation.State == facts.Absent:
		c.add(facts.Finding{ID: "federation-missing", Severity: facts.Critical,
			Says:      c.domain() + " is federated, but its trust has no configuration.",
			Otherwise: c.people() + " cannot sign in: Entra has nowhere to send them.",
			By:        byIdentity, Role: roleDomains,
			Next:     "Write the trust anew from the identity provider's metadata: New-MgDomainFederationConfiguration -DomainId " + c.domain() + " with issuer, sign-in endpoint and signing certificate. To end the federation instead: Update-MgDomain -DomainId " + c.domain() + " -AuthenticationType Managed",
			Evidence: []facts.FindingReason{c.saw(facts.NameFederation, c.Federation.Reason, c.Federation.ReadAt)}})
	case c.f == nil:
		c.add(facts.Finding{ID: "federation-unreadable", Severity: facts.Unknown,
			Says: "The trust of " + c.domain() + " could not be checked: " + c.Federation.Reason, By: byIdentity,
			Next:     "Run signpost doctor: it names the permission that is missing",
			Evidence: []facts.FindingReason{c.saw(facts.NameFederation, c.Federation.Reason, c.Federation.ReadAt)}})
	default:
		c.certificates()
		c.rollover()
		c.trust()
		c.metadata()
		c.endpoints()
		c.drift()
	}
	c.realm()
}

// add keeps a finding.
func (c *checker) add(f facts.Finding) {
	if f.Evidence == nil {
		f.Evidence = []facts.FindingReason{}
	}
	c.found = append(c.found, f)
}

// domain is the name of the root.
func (c *checker) domain() string {
	if c.Domain.Value.Root != "" {
		return c.Domain.Value.Root
	}
	return c.Domain.Value.Name
}

// people says who is behind the trust.
func (c *checker) people() string {
	switch {
	case c.Users == nil:
		return "Everybody of " + c.domain()
	case *c.Users == 1:
		return "The 1 person of " + c.domain()
	}
	return fmt.Sprintf("The %d people of %s", *c.Users, c.domain())
}

// saw is evidence from a fact.
func (c *checker) saw(fact facts.Name, says string, at time.Time) facts.FindingReason {
	return facts.FindingReason{Says: says, Fact: fact, Source: fact.Source(), Time: at}
}

// held is evidence from the trust.
func (c *checker) held(format string, args ...any) facts.FindingReason {
	return c.saw(facts.NameFederation, fmt.Sprintf(format, args...), c.Federation.ReadAt)
}

// published is evidence from the identity provider's metadata.
func (c *checker) published(format string, args ...any) facts.FindingReason {
	return c.saw(facts.NameMetadata, fmt.Sprintf(format, args...), c.Metadata.ReadAt)
}

// write is the command that writes to the trust.
func (c *checker) write(parameters string) string {
	return "Update-MgDomainFederationConfiguration -DomainId " + c.domain() + " -InternalDomainFederationId " + c.f.ID + " " + parameters
}

// date is a day as it stands in a sentence.
func date(t time.Time) string { return t.UTC().Format("2006-01-02") }

// days is a number of days as it stands in a sentence.
func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// thumb is a thumbprint as it stands in a sentence: enough of it to find the certificate.
func thumb(sha1 string) string {
	if len(sha1) > 12 {
		return sha1[:12] + "…"
	}
	return sha1
}

// list joins words: "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// compareDue puts what has a date before what has none.
func compareDue(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}
