package handlers

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"signpost/graph/facts"
)

// days is a moment so many days after the tests' day.
func days(n int) *time.Time {
	t := at.AddDate(0, 0, n)
	return &t
}

// trust is a federated domain of which everything was read.
func trust(domain string, found ...facts.Finding) facts.Trust {
	t := facts.Trust{Domain: domain, Root: domain, Authentication: "federated", Provider: "AD FS", Status: facts.Healthy, Findings: found,
		DomainFact: facts.See(at, facts.Domain{Name: domain, Root: domain, Authentication: "Federated", Federated: true, Verified: true}),
		Federation: facts.See(at, facts.Federation{ID: "id", Domain: domain, Issuer: "http://" + domain + "/adfs/services/trust", Certificates: []facts.Certificate{{Slot: "current", SHA1: "AA", SHA256: "AAAA"}}}),
		Metadata:   facts.See(at, facts.Metadata{}), Changes: facts.See(at, facts.Changes{})}
	for _, f := range found {
		if f.Severity.Weight() > t.Status.Weight() {
			t.Status = f.Severity
		}
	}
	return t
}

func report(domains ...facts.Trust) facts.TrustReport {
	r := facts.TrustReport{CheckedAt: at, Status: facts.Healthy, Domains: domains}
	for _, t := range domains {
		r.Verified = append(r.Verified, t.Domain)
		if t.Status.Weight() > r.Status.Weight() {
			r.Status = t.Status
		}
	}
	return r
}

func seenIn(all ...facts.Name) (reasons []facts.FindingReason) {
	for _, n := range all {
		reasons = append(reasons, facts.FindingReason{Says: "it was seen", Fact: n, Source: n.Source(), Time: at})
	}
	return reasons
}

// ends is a certificate that ends in so many days.
func ends(n int) facts.Finding {
	s := facts.Note
	if n <= 35 {
		s = facts.Warning
	}
	if n <= 15 {
		s = facts.Critical
	}
	return facts.Finding{ID: "certificate-ends", Of: "AA", Severity: s, Due: days(n), By: "idp-admin", Role: "Domain Name Administrator", Says: fmt.Sprintf("The signing certificate of contoso.com ends in %d days.", n),
		Otherwise: "The 40 people of contoso.com cannot sign in from then on.", Evidence: seenIn(facts.NameFederation),
		Next: "On the primary AD FS server: Get-AdfsCertificate -CertificateType Token-Signing. If it lists no newer certificate: Update-AdfsCertificate -CertificateType Token-Signing (without -Urgent, which cuts off everybody). Then: Update-MgDomainFederationConfiguration -DomainId contoso.com -InternalDomainFederationId id -NextSigningCertificate BASE64"}
}

func drift(says string) facts.Finding {
	return facts.Finding{ID: "drift-issuerUri", Of: "issuerUri", Severity: facts.Warning, Security: true, By: "security", Says: says, Otherwise: "Somebody may be able to sign in as anybody.",
		Next: "If this was meant, approve it", Evidence: seenIn(facts.NameFederation, facts.NameChanges)}
}

func note(id string) facts.Finding {
	return facts.Finding{ID: id, Severity: facts.Note, By: "identity-admin", Says: "Something is worth knowing: " + id, Evidence: seenIn(facts.NameMetadata)}
}

var warn = []int{60, 30, 14, 7, 3, 1}

// said is what a diff says, a line each.
func said(d TrustDiff) string {
	var lines []string
	for _, n := range d.News {
		lines = append(lines, n.Why+" "+n.Domain+" "+n.Finding.ID)
	}
	for _, k := range d.Mended {
		lines = append(lines, "mended "+k.Domain+" "+k.ID)
	}
	return strings.Join(lines, ", ")
}

// turn is one post: what the tenant is like, what is pressed before it, and what the post says.
type turn struct {
	press  func(known []KnownTrust)
	report facts.TrustReport
	after  time.Duration // since the turn before
	want   string
}

func TestDiffTrusts(t *testing.T) {
	const day = 24 * time.Hour
	unread := func(r facts.TrustReport, change func(*facts.Trust)) facts.TrustReport {
		change(&r.Domains[0])
		return r
	}
	acknowledge := func(known []KnownTrust) { known[0].AcknowledgedBy = "U1" }
	snooze := func(n int) func([]KnownTrust) {
		return func(known []KnownTrust) { known[0].QuietUntil = at.AddDate(0, 0, n) }
	}
	blindReport := facts.TrustReport{CheckedAt: at, Status: facts.Unknown, Findings: []facts.Finding{{ID: "tenant-unreadable", Severity: facts.Unknown, Says: "the token was refused"}}}
	// Later turns see the same end from nearer by.
	nearer := func(total, passed int) facts.TrustReport {
		f := ends(total - passed)
		f.Due = days(total)
		return report(trust("contoso.com", f))
	}
	tests := map[string][]turn{
		"what is known is not said again": {
			{report: report(trust("contoso.com", note("a"), drift("x"))), want: "new contoso.com drift-issuerUri, new contoso.com a"},
			{report: report(trust("contoso.com", drift("x"), note("a"))), want: ""},
		},
		"each expiry step once": {
			{report: nearer(62, 0), want: "new contoso.com certificate-ends"},
			{report: nearer(62, 1), after: day, want: ""},
			{report: nearer(62, 2), after: day, want: "step contoso.com certificate-ends"},
			{report: nearer(62, 3), after: day, want: ""},
			{report: nearer(62, 27), after: 24 * day, want: "worse contoso.com certificate-ends"}, // 35 days: a warning
			{report: nearer(62, 32), after: 5 * day, want: "step contoso.com certificate-ends"},
			{report: nearer(62, 33), after: day, want: ""},
			{report: nearer(62, 47), after: 14 * day, want: "worse contoso.com certificate-ends"}, // 15 days: critical
			{report: nearer(62, 48), after: day, want: "step contoso.com certificate-ends"},
			{report: nearer(62, 58), after: 10 * day, want: "step contoso.com certificate-ends"}, // 7 was slept through: 4 days
			{report: nearer(62, 59), after: day, want: "step contoso.com certificate-ends"},
			{report: nearer(62, 60), after: day, want: ""},
			{report: nearer(62, 61), after: day, want: "step contoso.com certificate-ends"},
		},
		"two findings of one end make one step": {
			{report: report(trust("contoso.com", ends(31), facts.Finding{ID: "rollover", Severity: facts.Note, Due: days(31), Otherwise: "x"})), want: "new contoso.com certificate-ends, new contoso.com rollover"},
			{report: report(trust("contoso.com", facts.Finding{ID: "certificate-ends", Of: "AA", Severity: facts.Warning, Due: days(31), Otherwise: "x"}, facts.Finding{ID: "rollover", Severity: facts.Note, Due: days(31), Otherwise: "x"})), after: 2 * day, want: "step contoso.com certificate-ends"},
			{report: report(trust("contoso.com", facts.Finding{ID: "certificate-ends", Of: "AA", Severity: facts.Warning, Due: days(31), Otherwise: "x"}, facts.Finding{ID: "rollover", Severity: facts.Note, Due: days(31), Otherwise: "x"})), after: 1 * day, want: ""},
		},
		"an end without harm has no steps": {
			{report: report(trust("contoso.com", facts.Finding{ID: "certificate-rollover", Severity: facts.Note, Due: days(31)})), want: "new contoso.com certificate-rollover"},
			{report: report(trust("contoso.com", facts.Finding{ID: "certificate-rollover", Severity: facts.Note, Due: days(31)})), after: 2 * day, want: ""},
		},
		"mended, once": {
			{report: report(trust("contoso.com", ends(20))), want: "new contoso.com certificate-ends"},
			{report: report(trust("contoso.com")), want: "mended contoso.com certificate-ends"},
			{report: report(trust("contoso.com")), want: ""},
			{report: report(trust("contoso.com", ends(20))), want: "new contoso.com certificate-ends"},
		},
		"a milder finding of the same thing mends": {
			{report: report(trust("contoso.com", ends(20))), want: "new contoso.com certificate-ends"},
			{report: report(trust("contoso.com", facts.Finding{ID: "certificate-rollover", Of: "AA", Severity: facts.Note})), want: "new contoso.com certificate-rollover, mended contoso.com certificate-ends"},
		},
		"what ends and has ended is not mended": {
			{report: report(trust("contoso.com", ends(1))), want: "new contoso.com certificate-ends"},
			{report: report(trust("contoso.com", facts.Finding{ID: "certificate-expired", Of: "AA", Severity: facts.Critical})), want: "new contoso.com certificate-expired"},
		},
		"could not check mends nothing": {
			{report: report(trust("contoso.com", ends(20), note("metadata-x"))), want: "new contoso.com certificate-ends, new contoso.com metadata-x"},
			{report: unread(report(trust("contoso.com")), func(x *facts.Trust) { x.Federation = facts.Unread[facts.Federation](facts.NotPermitted, "x") }), want: ""},
			{report: unread(report(trust("contoso.com")), func(x *facts.Trust) { x.DomainFact = facts.Unread[facts.Domain](facts.Failed, "x") }), want: ""},
			{report: unread(report(trust("contoso.com", ends(20))), func(x *facts.Trust) { x.Metadata = facts.Unread[facts.Metadata](facts.Failed, "x") }), want: ""},
			{report: report(trust("contoso.com")), want: "mended contoso.com certificate-ends, mended contoso.com metadata-x"},
		},
		"a domain that is no longer federated": {
			{report: report(trust("contoso.com", ends(20)), trust("fabrikam.com")), want: "new contoso.com certificate-ends"},
			{report: report(trust("fabrikam.com")), want: "mended contoso.com certificate-ends"},
		},
		"acknowledged until it gets worse": {
			{report: report(trust("contoso.com", ends(31))), want: "new contoso.com certificate-ends"},
			{press: acknowledge, report: nearer(31, 1), after: day, want: ""},
			{report: nearer(31, 10), after: 9 * day, want: ""},
			{report: nearer(31, 16), after: 6 * day, want: "worse contoso.com certificate-ends"},
			{report: nearer(31, 17), after: day, want: "step contoso.com certificate-ends"},
		},
		"snoozed until its time": {
			{report: report(trust("contoso.com", ends(31))), want: "new contoso.com certificate-ends"},
			{press: snooze(7), report: nearer(31, 1), after: day, want: ""},
			{report: nearer(31, 6), after: 5 * day, want: ""},
			{report: nearer(31, 7), after: day, want: "again contoso.com certificate-ends"},
			{report: nearer(31, 8), after: day, want: ""},
		},
		"snoozed, and worse before": {
			{report: report(trust("contoso.com", ends(16))), want: "new contoso.com certificate-ends"},
			{press: snooze(7), report: nearer(16, 1), after: day, want: "worse contoso.com certificate-ends"},
		},
		"a security finding does not hide behind the snooze of another": {
			{report: report(trust("contoso.com", ends(31))), want: "new contoso.com certificate-ends"},
			{press: snooze(30), report: report(trust("contoso.com", ends(31), drift("x"))), after: day, want: "new contoso.com drift-issuerUri"},
		},
		"a change after the one that was acknowledged is said": {
			{report: report(trust("contoso.com", drift("it was a and is b"))), want: "new contoso.com drift-issuerUri"},
			{press: acknowledge, report: report(trust("contoso.com", drift("it was a and is b"))), want: ""},
			{report: report(trust("contoso.com", drift("it was a and is evil"))), want: "changed contoso.com drift-issuerUri"},
		},
		"approved and gone says nothing, approved and still there is new": {
			{report: report(trust("contoso.com", drift("x"), drift2())), want: "new contoso.com drift-issuerUri, new contoso.com drift-signOutUri"},
			{press: func(known []KnownTrust) { known[0].Approved, known[1].Approved = true, true }, report: report(trust("contoso.com", drift("y"))), want: "new contoso.com drift-issuerUri"},
		},
		"an entry that leaves the audit log is not mended": {
			{report: report(trust("contoso.com", facts.Finding{ID: "trust-changed", Security: true, Severity: facts.Warning, Of: "x", Evidence: seenIn(facts.NameChanges)})), want: "new contoso.com trust-changed"},
			{report: report(trust("contoso.com")), want: ""},
		},
		"a tenant that cannot be read is said once, and forgets nothing": {
			{report: report(trust("contoso.com", ends(31))), want: "new contoso.com certificate-ends"},
			{report: blindReport, after: day, want: "new  tenant-unreadable"},
			{report: blindReport, after: day, want: ""},
			{report: nearer(31, 3), after: day, want: "step contoso.com certificate-ends, mended  tenant-unreadable"},
		},
		"a post that was never sent is said again": {
			{report: report(trust("contoso.com", ends(31))), want: "new contoso.com certificate-ends"},
			{press: func(known []KnownTrust) { known[0].Lost = true }, report: report(trust("contoso.com", ends(31))), want: "new contoso.com certificate-ends"},
			{report: report(trust("contoso.com")), want: "mended contoso.com certificate-ends"},
			{press: func(known []KnownTrust) { known[0].Lost = true }, report: report(trust("contoso.com")), want: "mended contoso.com certificate-ends"},
		},
	}
	for name, turns := range tests {
		t.Run(name, func(t *testing.T) {
			var known []KnownTrust
			now := at
			for i, x := range turns {
				now = now.Add(x.after)
				if x.press != nil {
					x.press(known)
				}
				var d TrustDiff
				d, known = DiffTrusts(known, x.report, warn, now)
				if got := said(d); got != x.want {
					t.Errorf("turn %d: %q, want %q", i+1, got, x.want)
				}
				for j := range known {
					known[j].Said, known[j].Lost = false, false
				}
			}
		})
	}
}

func drift2() facts.Finding {
	f := drift("x")
	f.ID, f.Of, f.Security, f.Severity = "drift-signOutUri", "signOutUri", false, facts.Note
	return f
}

func TestQuietDayIsOneLine(t *testing.T) {
	r := report(trust("contoso.com", ends(31)), trust("fabrikam.com"))
	r.Domains[1].Certificates = []facts.TrustCertificate{{Certificate: facts.Certificate{NotAfter: *days(300)}}}
	_, known := DiffTrusts(nil, r, warn, at)
	known[0].AcknowledgedBy = "U1"
	d, _ := DiffTrusts(known, r, warn, at)
	m := ComposeTrusts(r, d, true).Draw()
	want := "Federation health: nothing new. 2 federated domains checked. 1 finding was said before and is still open, the worst: warning; 1 acknowledged or snoozed. " +
		"Next to end: the last certificate of fabrikam.com, on 2027-09-20."
	if len(m.Blocks) != 1 || m.Text != want {
		t.Errorf("%d blocks: %s", len(m.Blocks), m.Text)
	}
}

func TestPostHoldsWhatToDoByWhenAndWho(t *testing.T) {
	changed := drift("issuerUri of contoso.com was a and is b.")
	changed.Evidence = append(changed.Evidence, facts.FindingReason{Says: "Set federation settings by mallory@contoso.com", Fact: facts.NameChanges, Source: "Entra audit log"})
	r := report(trust("contoso.com", ends(14), changed))
	r.Domains[0].Changes = facts.See(at, facts.Changes{List: []facts.Change{{Actor: "mallory@contoso.com"}}})
	d, _ := DiffTrusts(nil, r, warn, at)
	for _, actors := range []bool{true, false} {
		p := ComposeTrusts(r, d, actors)
		m := p.Draw()
		drawn := drawnText(m)
		for _, want := range []string{
			"Security alerts: somebody may be able to sign in as others", "Operations", "contoso.com · critical · new", "If nobody acts: the 40 people of contoso.com cannot sign in from then on.",
			"the identity provider's administrator (least role: Domain Name Administrator)", "`Update-AdfsCertificate -CertificateType Token-Signing` (without",
			"`Update-MgDomainFederationConfiguration -DomainId contoso.com -InternalDomainFederationId id -NextSigningCertificate BASE64`",
		} {
			if !strings.Contains(drawn, want) {
				t.Errorf("the blocks do not say %q", want)
			}
			if !strings.Contains(m.Text, want) {
				t.Errorf("the text does not say %q:\n%s", want, m.Text)
			}
		}
		if got := strings.Contains(drawn+m.Text, "mallory"); got != actors {
			t.Errorf("actors %v, but a name is shown: %v", actors, got)
		}
		if strings.Index(drawn, "Security alerts") > strings.Index(drawn, "Operations") {
			t.Error("operations come before security alerts")
		}
		if strings.Contains(drawn, "MSOnline") || strings.Contains(drawn, "Msol") {
			t.Error("a command that is gone")
		}
	}
}

// drawnText is all text of a message's blocks.
func drawnText(m Message) string {
	var b strings.Builder
	for _, x := range m.Blocks {
		switch x := x.(type) {
		case *slack.SectionBlock:
			b.WriteString(x.Text.Text + "\n")
		case *slack.HeaderBlock:
			b.WriteString(x.Text.Text + "\n")
		case *slack.ContextBlock:
			for _, e := range x.ContextElements.Elements {
				if o, ok := e.(*slack.TextBlockObject); ok {
					b.WriteString(o.Text + "\n")
				}
			}
		}
	}
	return b.String()
}

func TestAThousandDomainsFitAPost(t *testing.T) {
	for name, long := range map[string]string{"short names": "", "long names": strings.Repeat("very-long-label-", 12)} {
		t.Run(name, func(t *testing.T) {
			var all []facts.Trust
			for i := range 1000 {
				f := ends(i % 60)
				f.Says = strings.ReplaceAll(f.Says, "contoso.com", long+"contoso.com & <co>")
				if i%97 == 0 {
					f.Security = true
				}
				all = append(all, trust(fmt.Sprintf("d%03d.%scontoso.com", i, long), f))
			}
			r := report(all...)
			d, known := DiffTrusts(nil, r, warn, at)
			if len(known) != 1000 {
				t.Errorf("%d are known", len(known))
			}
			m := ComposeTrusts(r, d, true).Draw()
			text, menus := drawnText(m), 0
			if n := utf8.RuneCountInString(text); n > 12_000 || len(m.Blocks) > 48 {
				t.Errorf("%d characters in %d blocks", n, len(m.Blocks))
			}
			for _, b := range m.Blocks {
				if s, ok := b.(*slack.SectionBlock); ok {
					if utf8.RuneCountInString(s.Text.Text) > 3000 {
						t.Errorf("a section of %d characters", utf8.RuneCountInString(s.Text.Text))
					}
					if s.Accessory != nil {
						menus++
					}
				}
			}
			if menus == 0 || !strings.Contains(text, "`signpost federation` lists them all") {
				t.Errorf("%d menus; the rest is not counted", menus)
			}
			if utf8.RuneCountInString(m.Text) > 4000 {
				t.Errorf("a text of %d characters", utf8.RuneCountInString(m.Text))
			}
		})
	}
}

func TestMenuCarriesWhatWasShown(t *testing.T) {
	r := report(trust("contoso.com", drift("x"), ends(20)))
	d, _ := DiffTrusts(nil, r, warn, at)
	m := ComposeTrusts(r, d, true).Draw()
	var got []string
	for _, b := range m.Blocks {
		s, ok := b.(*slack.SectionBlock)
		if !ok || s.Accessory == nil {
			continue
		}
		for _, o := range s.Accessory.OverflowElement.Options {
			if len(o.Value) > 75 {
				t.Errorf("a value of %d characters", len(o.Value))
			}
			got = append(got, o.Value)
		}
	}
	k1, k2, state := TrustKey("contoso.com", drift("x")), TrustKey("contoso.com", ends(20)), TrustState(r.Domains[0])
	want := []string{"ack " + k1, "snooze7 " + k1, "snooze30 " + k1, "approve " + k1 + " " + state, "ack " + k2, "snooze7 " + k2, "snooze30 " + k2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTrustState(t *testing.T) {
	base := TrustState(trust("contoso.com"))
	for name, row := range map[string]struct {
		change func(*facts.Trust)
		same   bool
	}{
		"nothing":                  {func(*facts.Trust) {}, true},
		"Entra ran its rollover":   {func(x *facts.Trust) { x.Federation.Value.Rollover, x.Federation.Value.RolloverAt = "Success", days(1) }, true},
		"another issuer":           {func(x *facts.Trust) { x.Federation.Value.Issuer = "http://any.sts/1" }, false},
		"another certificate":      {func(x *facts.Trust) { x.Federation.Value.Certificates[0].SHA256 = "BBBB" }, false},
		"no longer federated":      {func(x *facts.Trust) { x.DomainFact.Value.Authentication = "Managed" }, false},
		"the trust cannot be read": {func(x *facts.Trust) { x.Federation = facts.Unread[facts.Federation](facts.Failed, "x") }, false},
	} {
		x := trust("contoso.com")
		row.change(&x)
		if got := TrustState(x) == base; got != row.same {
			t.Errorf("%s: same %v", name, got)
		}
	}
}

func TestApproveChangeApprovesThatChangeAlone(t *testing.T) {
	before := facts.Federation{ID: "id", Issuer: "old", MFABehavior: "enforceMfaByFederatedIdp", DisplayName: "Contoso", Certificates: []facts.Certificate{{SHA1: "AA", SHA256: "AAAA"}}}
	now := facts.Federation{ID: "id", Issuer: "new", MFABehavior: "acceptIfMfaDoneByFederatedIdp", DisplayName: "Contoso", Certificates: []facts.Certificate{{SHA1: "BB", SHA256: "BBBB"}, {SHA1: "CC", SHA256: "CCCC"}}}
	with := func(change func(*facts.Federation)) *facts.Federation {
		v := before
		change(&v)
		return &v
	}
	for name, row := range map[string]struct {
		before *facts.Federation
		id, of string
		want   *facts.Federation
		ok     bool
	}{
		"the issuer":            {&before, "drift-issuerUri", "issuerUri", with(func(v *facts.Federation) { v.Issuer = "new" }), true},
		"weaker MFA":            {&before, "mfa-weakened", "federatedIdpMfaBehavior", with(func(v *facts.Federation) { v.MFABehavior = now.MFABehavior }), true},
		"one certificate":       {&before, "drift-signingCertificate", "BB", with(func(v *facts.Federation) { v.Certificates = now.Certificates[:1] }), true},
		"a change as a whole":   {&before, "trust-changed", "x", &now, true},
		"a new domain":          {nil, "domain-new-federated", "", &now, true},
		"something not known":   {&before, "drift-colour", "colour", nil, false},
		"what is no change":     {nil, "certificate-ends", "AA", &now, false},
		"a domain made managed": {&before, "domain-converted", "", &now, true},
	} {
		got, ok := ApproveChange(row.before, facts.Trust{Federation: facts.See(at, now)}, row.id, row.of)
		if ok != row.ok || ok && cmp.Diff(row.want, got) != "" {
			t.Errorf("%s: %v %s", name, ok, cmp.Diff(row.want, got))
		}
	}
	if got, ok := ApproveChange(&before, facts.Trust{Federation: facts.None[facts.Federation](at, "managed")}, "domain-converted", ""); !ok || got != nil {
		t.Errorf("a managed domain: %v, %v", got, ok)
	}
}

func TestCommandsAreCode(t *testing.T) {
	for in, want := range map[string]string{
		"Look: Get-AdfsProperties":                                                "Look: `Get-AdfsProperties`",
		"Write: Update-MgDomain -DomainId a.com, then":                            "Write: `Update-MgDomain -DomainId a.com`, then",
		"New-MgDomainFederationConfiguration -DomainId a.com with issuer":         "`New-MgDomainFederationConfiguration -DomainId a.com` with issuer",
		"Update-AdfsCertificate -CertificateType Token-Signing (without -Urgent)": "`Update-AdfsCertificate -CertificateType Token-Signing` (without -Urgent)",
		"Ask `whoever` did it":                                                    "Ask 'whoever' did it",
	} {
		if got := commands(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func TestWholeReportNamesEveryFinding(t *testing.T) {
	r := report(trust("contoso.com", ends(14)))
	r.Domains[0].Certificates = []facts.TrustCertificate{{Certificate: facts.Certificate{Slot: "current", Subject: "CN=x", NotAfter: *days(14)}, DaysLeft: 14}}
	p := ComposeTrustReport(r).Plain()
	for _, want := range []string{"contoso.com: critical", "Signing certificate (current) CN=x, valid until 2026-12-08 12:00 UTC, 14 days left", "Next: On the primary AD FS server"} {
		if !strings.Contains(p, want) {
			t.Errorf("no %q in:\n%s", want, p)
		}
	}
	if _, err := json.Marshal(ComposeTrustReport(r).Draw(nil).Blocks); err != nil {
		t.Error(err)
	}
	if p := ComposeTrustReport(report(trust("contoso.com"))).Plain(); !strings.Contains(p, "Nothing is wrong with it.") {
		t.Error(p)
	}
}
