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

func TestQuietDayIsOneLine(t *testing.T) {
	r := report(trust("contoso.com", ends(31)), trust("fabrikam.com"))
	r.Domains[1].Certificates = []facts.TrustCertificate{{Certificate: facts.Certificate{NotAfter: *days(300)}}}
	_, known := DiffTrusts(nil, r, warn, at)
	known[0].AcknowledgedBy = "U1"
	d, _ := DiffTrusts(known, r, warn, at)
	m, thread := ComposeTrusts(r, d, true).Draw()
	want := "Federation health: nothing new. 2 federated domains checked. Still open: 1 finding, a warning of contoso.com, acknowledged or snoozed. " +
		"Next to end: the last certificate of fabrikam.com, on 2027-09-20."
	if len(m.Blocks) != 1 || len(thread) != 0 || m.Text != want {
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
		m, _ := p.Draw()
		drawn := drawnText(m)
		for _, want := range []string{
			"Security alerts: somebody may be able to sign in as others", "Operations", "contoso.com · critical · new", "The 40 people of contoso.com cannot sign in from then on.",
			"the identity provider's administrator (least role: Domain Name Administrator), by ", "`Update-AdfsCertificate -CertificateType Token-Signing` (without",
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

func TestASecurityNoteDoesNotStandAboveAnOutage(t *testing.T) {
	for severity, first := range map[facts.Severity]string{facts.Note: "Operations", facts.Warning: "Security alerts: somebody may be able to sign in as others"} {
		f := drift("x")
		f.Severity = severity
		r := report(trust("contoso.com", ends(5), f))
		d, _ := DiffTrusts(nil, r, warn, at)
		if p := ComposeTrusts(r, d, true); len(p.Groups) != 2 || p.Groups[0].Title != first {
			t.Errorf("a security %s: %+v", severity, p.Groups)
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
			post, thread := ComposeTrusts(r, d, true).Draw()
			if drawn := drawnText(post); !strings.Contains(drawn, "The thread tells the ") || !strings.Contains(drawn, "And ") {
				t.Error("the post does not count the rest, or does not say where it is")
			}
			seen, menus := map[string]bool{}, map[string]int{}
			for i, m := range append([]Message{post}, thread...) {
				text := drawnText(m)
				if n := utf8.RuneCountInString(text); n > 12_000 || len(m.Blocks) > 34 { // with a line of who did what for each menu, 50
					t.Errorf("message %d: %d characters in %d blocks", i, n, len(m.Blocks))
				}
				if n := utf8.RuneCountInString(m.Text); n == 0 || n > 4000 {
					t.Errorf("message %d: a text of %d characters", i, n)
				}
				for _, b := range m.Blocks {
					s, ok := b.(*slack.SectionBlock)
					if !ok {
						continue
					}
					if utf8.RuneCountInString(s.Text.Text) > 3000 {
						t.Errorf("message %d: a section of %d characters", i, utf8.RuneCountInString(s.Text.Text))
					}
					if s.Accessory != nil {
						menus[s.Accessory.OverflowElement.ActionID]++
					}
				}
				for j := range all {
					if name := fmt.Sprintf("d%03d.", j); strings.Contains(text+m.Text, name) {
						seen[name] = true
					}
				}
			}
			if len(seen) != 1000 {
				t.Errorf("%d of 1000 findings are told", len(seen))
			}
			for action, n := range menus {
				if n != 1 {
					t.Errorf("%s has %d menus", action, n)
				}
			}
			if len(menus) < 40 || len(thread) > 100 {
				t.Errorf("%d menus in %d messages", len(menus), 1+len(thread))
			}
		})
	}
}

func TestMendedBeyondThePostIsInTheThread(t *testing.T) {
	var d TrustDiff
	for i := range 25 {
		d.Mended = append(d.Mended, KnownTrust{Domain: fmt.Sprintf("d%02d.contoso.com", i), Says: "It was so.", Since: at})
	}
	post, thread := ComposeTrusts(report(), d, true).Draw()
	if !strings.Contains(drawnText(post), "15 more are mended; the thread names them.") || len(thread) != 1 {
		t.Fatalf("%d messages; the post:\n%s", 1+len(thread), drawnText(post))
	}
	for i := range 25 {
		if name := fmt.Sprintf("d%02d.contoso.com", i); strings.Contains(drawnText(post), name) == strings.Contains(thread[0].Text, name) {
			t.Errorf("%s is not told once", name)
		}
	}
}

func TestMenuCarriesWhatWasShown(t *testing.T) {
	r := report(trust("contoso.com", drift("x"), ends(20)))
	d, _ := DiffTrusts(nil, r, warn, at)
	m, _ := ComposeTrusts(r, d, true).Draw()
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

func TestCommandsAreCode(t *testing.T) {
	for in, want := range map[string]string{
		"Look: Get-AdfsProperties":                                                "Look: `Get-AdfsProperties`",
		"Write: Update-MgDomain -DomainId a.com, then":                            "Write: `Update-MgDomain -DomainId a.com`, then",
		"New-MgDomainFederationConfiguration -DomainId a.com with issuer":         "`New-MgDomainFederationConfiguration -DomainId a.com` with issuer",
		"Update-AdfsCertificate -CertificateType Token-Signing (without -Urgent)": "`Update-AdfsCertificate -CertificateType Token-Signing` (without -Urgent)",
		"On the proxies Set-WebApplicationProxySslCertificate -Thumbprint …, on the server: Start-ADSyncSyncCycle -PolicyType Delta": "On the proxies `Set-WebApplicationProxySslCertificate -Thumbprint …`, on the server: `Start-ADSyncSyncCycle -PolicyType Delta`",
		"Ask `whoever` did it": "Ask 'whoever' did it",
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
	if p := ComposeTrustReport(report(whole())).Plain(); !strings.Contains(p, "Nothing is wrong with it.") {
		t.Error(p)
	}
}
