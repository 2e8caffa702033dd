package handlers

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"signpost/graph/facts"
)

// drawnPost is a message as a reader sees it: its blocks, what their menus offer, and what a screen reader says.
func drawnPost(m Message) string {
	var b strings.Builder
	for _, x := range m.Blocks {
		switch x := x.(type) {
		case *slack.HeaderBlock:
			fmt.Fprintf(&b, "# %s\n\n", x.Text.Text)
		case *slack.SectionBlock:
			b.WriteString(x.Text.Text + "\n")
			if x.Accessory != nil {
				var options []string
				for _, o := range x.Accessory.OverflowElement.Options {
					options = append(options, o.Text.Text)
				}
				fmt.Fprintf(&b, "[%s]\n", strings.Join(options, " | "))
			}
			b.WriteString("\n")
		case *slack.ContextBlock:
			for _, e := range x.ContextElements.Elements {
				if o, ok := e.(*slack.TextBlockObject); ok {
					fmt.Fprintf(&b, "(%s)\n\n", o.Text)
				}
			}
		default:
			fmt.Fprintf(&b, "%T\n\n", x)
		}
	}
	return b.String() + "--- read out ---\n" + m.Text + "\n"
}

// weakened is a trust whose MFA behaviour somebody changed, with who and when.
func weakened() facts.Trust {
	f := facts.Finding{ID: "mfa-weakened", Of: "federatedIdpMfaBehavior", Severity: facts.Warning, Security: true, By: "security", Role: "Domain Name Administrator",
		Says: "federatedIdpMfaBehavior of fabrikam.com was rejectMfaByFederatedIdp and is acceptIfMfaDoneByFederatedIdp. Before: Entra does MFA itself, whatever the identity provider says. " +
			"Now: Entra does MFA unless the identity provider says that it has.",
		Otherwise: "If nobody meant it, somebody may be able to sign in as anybody.", Next: "If this was meant, approve it; if not, put it back and find out who did it",
		Evidence: []facts.FindingReason{
			{Says: "federatedIdpMfaBehavior is acceptIfMfaDoneByFederatedIdp", Fact: facts.NameFederation, Source: facts.NameFederation.Source(), Time: at},
			{Says: "approved on 2026-11-01", Source: "Signpost's baseline", Time: at.AddDate(0, 0, -23)},
			{Says: "Set federation settings on domain by mallory@contoso.com, 2 days ago", Fact: facts.NameChanges, Source: facts.NameChanges.Source(), Time: at.Add(-51*time.Hour - 13*time.Minute)},
		}}
	t := trust("fabrikam.com", f)
	t.Changes = facts.See(at, facts.Changes{List: []facts.Change{{Actor: "mallory@contoso.com"}}})
	return t
}

// unheld is a certificate of the identity provider that Entra does not hold.
func unheld(domain string) facts.Finding {
	return facts.Finding{ID: "metadata-unknown-certificate", Of: "BB", Severity: facts.Warning, Due: days(14), By: "identity-admin", Role: "Domain Name Administrator",
		Says:      domain + "'s identity provider publishes a signing certificate that Entra does not hold: 0F1E2D3C4B5A…, valid from 2026-11-20 to 2027-11-20.",
		Otherwise: "The 1 person of " + domain + " cannot sign in (AADSTS5000811) as soon as the identity provider signs with it.",
		Next:      "Write it into the trust now: Update-MgDomainFederationConfiguration -DomainId " + domain + " -InternalDomainFederationId id -NextSigningCertificate BASE64",
		Evidence:  []facts.FindingReason{{Says: "0F1E2D3C4B5A… (CN=ADFS Signing - sts." + domain + ") is published at https://sts." + domain + "/federationmetadata/2007-06/federationmetadata.xml", Fact: facts.NameMetadata, Source: facts.NameMetadata.Source(), Time: at}}}
}

func unreachable(domain string) facts.Finding {
	return facts.Finding{ID: "endpoint-unreachable", Of: "sts." + domain, Severity: facts.Warning, By: "idp-admin",
		Says:      "sts." + domain + ", the host of " + domain + "'s browser sign-in, did not answer: connection refused.",
		Otherwise: "Signpost asks from where it runs. If people cannot reach the host either, they cannot sign in.",
		Next:      "Open https://sts." + domain + " from the network of the people, then from the internet",
		Evidence:  []facts.FindingReason{{Says: "sts." + domain + ": connection refused", Source: "the host itself", Time: at}}}
}

// TestPosts draws the posts that people get. With -update it rewrites what is expected.
func TestPosts(t *testing.T) {
	ending := func(domain string, n int) facts.Trust {
		f := ends(n)
		f.Says, f.Otherwise = strings.ReplaceAll(f.Says, "contoso.com", domain), strings.ReplaceAll(f.Otherwise, "contoso.com", domain)
		f.Next = strings.ReplaceAll(f.Next, "contoso.com", domain)
		x := trust(domain, f)
		x.Certificates = []facts.TrustCertificate{{Certificate: facts.Certificate{Slot: "current", NotAfter: *days(n)}, DaysLeft: n}}
		return x
	}
	first := func(r facts.TrustReport) (TrustDiff, facts.TrustReport) {
		d, _ := DiffTrusts(nil, r, warn, at)
		return d, r
	}
	var many []facts.Trust
	for i := range 60 {
		many = append(many, ending(fmt.Sprintf("d%02d.contoso.com", i), 5+i))
	}
	for name, compose := range map[string]func() (TrustDiff, facts.TrustReport){
		"first_day": func() (TrustDiff, facts.TrustReport) {
			r := report(ending("contoso.com", 30), trust("fabrikam.com"))
			d, _ := DiffTrusts(nil, r, warn, at)
			d.Begun, d.Adopted = true, 2
			return d, r
		},
		"first_day_all_well": func() (TrustDiff, facts.TrustReport) {
			return TrustDiff{Begun: true, Adopted: 1, Worst: facts.Healthy}, report(trust("contoso.com"))
		},
		"quiet": func() (TrustDiff, facts.TrustReport) {
			r := report(ending("contoso.com", 31), trust("fabrikam.com", unreachable("fabrikam.com")))
			_, known := DiffTrusts(nil, r, warn, at)
			known[0].AcknowledgedBy = "U1"
			d, _ := DiffTrusts(known, r, warn, at)
			return d, r
		},
		"critical_and_warnings": func() (TrustDiff, facts.TrustReport) {
			return first(report(ending("contoso.com", 9), trust("fabrikam.com", unheld("fabrikam.com"), unreachable("fabrikam.com"))))
		},
		"security_drift": func() (TrustDiff, facts.TrustReport) { return first(report(weakened())) },
		"mended": func() (TrustDiff, facts.TrustReport) {
			_, known := DiffTrusts(nil, report(ending("contoso.com", 9), trust("fabrikam.com", note("metadata-x"))), warn, at.AddDate(0, 0, -3))
			r := report(trust("contoso.com"), trust("fabrikam.com", note("metadata-x")))
			d, _ := DiffTrusts(known, r, warn, at)
			return d, r
		},
		"sixty": func() (TrustDiff, facts.TrustReport) { return first(report(many...)) },
	} {
		t.Run(name, func(t *testing.T) {
			d, r := compose()
			post, thread := ComposeTrusts(r, d, true).Draw()
			got := drawnPost(post)
			for i, m := range thread {
				got += fmt.Sprintf("\n===== thread, %d of %d =====\n\n", i+1, len(thread)) + drawnPost(m)
			}
			wantGolden(t, "trustpost_"+name, got)
		})
	}
}

// wantGolden compares with a file of testdata; with -update it rewrites that.
func wantGolden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/" + name + ".golden"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is another (-want +got):\n%s", file, diff)
	}
}

// whole is a trust of which everything was looked at, and nothing is wrong.
func whole(found ...facts.Finding) facts.Trust {
	t := trust("contoso.com", found...)
	in, people := true, 1
	t.Users, t.Children = &people, []string{"emea.contoso.com"}
	t.Certificates = []facts.TrustCertificate{
		{Certificate: facts.Certificate{Slot: "current", Subject: "CN=ADFS Signing - sts.contoso.com", NotAfter: *days(200)}, DaysLeft: 200, InMetadata: &in},
		{Certificate: facts.Certificate{Slot: "next", Subject: "CN=ADFS Signing - sts.contoso.com", NotAfter: *days(565)}, DaysLeft: 565, InMetadata: &in},
	}
	t.Federation.Value.MFABehavior = "rejectMfaByFederatedIdp"
	t.Metadata = facts.See(at, facts.Metadata{Covered: true})
	t.Changes = facts.None[facts.Changes](at, "none")
	t.Realm = facts.See(at, facts.Realm{Kind: "Federated", SignInURL: "https://sts.contoso.com/adfs/ls/"})
	t.Endpoints = []facts.Endpoint{{Host: "sts.contoso.com", State: facts.EndpointOK, NotAfter: *days(80)}}
	return t
}

// TestDomainAnswers draws what somebody gets who asks about a domain. With -update it rewrites what is expected.
func TestDomainAnswers(t *testing.T) {
	several := []facts.Finding{ends(9), unheld("contoso.com"), unreachable("contoso.com"), weakened().Findings[0], note("a"), note("b")}
	unprobed := whole()
	unprobed.Endpoints, unprobed.Realm = nil, facts.Fact[facts.Realm]{}
	unprobed.Changes = facts.Unread[facts.Changes](facts.NotPermitted, "AuditLog.Read.All is missing")
	unprobed.Metadata = facts.Fact[facts.Metadata]{}
	managed := trust("northwind.example")
	managed.Authentication, managed.Provider = "managed", ""
	managed.DomainFact.Value.Authentication, managed.DomainFact.Value.Federated = "Managed", false
	managed.Federation, managed.Metadata = facts.Fact[facts.Federation]{}, facts.Fact[facts.Metadata]{}
	stranger := facts.Trust{Domain: "nowhere.example", Root: "nowhere.example", Status: facts.Unknown, DomainFact: facts.None[facts.Domain](at, "nowhere.example is no domain of this tenant"),
		Findings: []facts.Finding{{ID: "domain-unknown", Severity: facts.Unknown, Says: "nowhere.example is no domain of this tenant", By: "identity-admin", Next: "Check the spelling of the domain"}}}
	unread := facts.Trust{Domain: "contoso.com", Root: "contoso.com", Status: facts.Unknown, DomainFact: facts.Unread[facts.Domain](facts.NotPermitted, "Domain.Read.All is missing"),
		Findings: []facts.Finding{{ID: "domain-unreadable", Severity: facts.Unknown, Says: "The domain could not be checked: Domain.Read.All is missing", By: "identity-admin", Next: "Run signpost doctor: it names the permission that is missing"}}}
	for name, x := range map[string]facts.Trust{
		"well": whole(), "several": whole(several...), "not_probed": unprobed, "managed": managed, "unknown": stranger, "unread": unread,
	} {
		t.Run(name, func(t *testing.T) {
			page := ComposeTrustDomains(report(x))
			wantGolden(t, "trustdomain_"+name, drawnPost(page.Draw(nil)))
			if lines := strings.Count(page.Plain(), "\n"); lines > 50 {
				t.Errorf("%d lines are more than a screen", lines)
			}
		})
	}
}

func TestAnErrorIsToldTheHealthOfItsDomain(t *testing.T) {
	changed := weakened()
	changed.Findings[0].Says = "The trust of fabrikam.com was changed by mallory@contoso.com."
	for name, row := range map[string]struct {
		trust facts.Trust
		want  []string
	}{
		"nothing is wrong":      {whole(), []string{"Nothing is wrong with its trust: certificates, what the identity provider publishes, hosts, recent changes."}},
		"not all was looked at": {trust("contoso.com"), []string{"Nothing is wrong with what was looked at: /aadsts contoso.com says what was not."}},
		"a certificate, the metadata and a host": {whole(ends(9), unheld("contoso.com"), unreachable("contoso.com"), realmDiffers(), note("x")), []string{
			"Critical: The signing certificate of contoso.com ends in 9 days.",
			"Warning: contoso.com's identity provider publishes a signing certificate that Entra does not hold: 0F1E2D3C4B5A…, valid from 2026-11-20 to 2027-11-20.",
			"Warning: sts.contoso.com, the host of contoso.com's browser sign-in, did not answer: connection refused.",
			"1 more finding.", "What to do about it: /aadsts contoso.com", "Worth knowing: 1 note, /aadsts contoso.com"}},
		"nobody is named": {changed, []string{"Warning (security): The trust of fabrikam.com was changed.", "What to do about it: /aadsts fabrikam.com"}},
	} {
		if diff := cmp.Diff(row.want, TrustPart(report(row.trust)).Lines); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if p := TrustPart(facts.TrustReport{}); p.Title != "" || p.Lines != nil {
		t.Errorf("nothing was checked: %+v", p)
	}
}
