package handlers

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
)

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
		"what a probe has seen is mended once it has passed": {
			{report: report(probed(facts.EndpointUnreachable, "Federated", unreachable("contoso.com"), realmDiffers())), want: "new contoso.com endpoint-unreachable, new contoso.com realm-differs"},
			{report: report(probed("", "")), want: ""}, // nothing was probed
			{report: report(probed("", "", realmDiffers())), want: ""},
			{report: report(probed(facts.EndpointOK, "")), want: "mended contoso.com endpoint-unreachable"},
			{report: report(probed(facts.EndpointOK, "Federated")), want: "mended contoso.com realm-differs"},
		},
		"a host that answers otherwise is not mended": {
			{report: report(probed(facts.EndpointExpired, "", hostSays("endpoint-expired", facts.Critical))), want: "new contoso.com endpoint-expired"},
			{report: report(probed(facts.EndpointUnreachable, "", unreachable("contoso.com"))), want: "new contoso.com endpoint-unreachable"},
			{report: report(probed(facts.EndpointOK, "")), want: "mended contoso.com endpoint-expired, mended contoso.com endpoint-unreachable"},
		},
		"a host that the trust no longer names is no fault of it": {
			{report: report(probed(facts.EndpointUnreachable, "", unreachable("contoso.com"))), want: "new contoso.com endpoint-unreachable"},
			{report: unread(report(trust("contoso.com")), func(x *facts.Trust) { x.Federation.Value.PassiveURI = "https://login.contoso.com/" }), want: "mended contoso.com endpoint-unreachable"},
		},
		"what was never sent and cannot be read now is new when it can": {
			{report: report(trust("contoso.com", ends(20))), want: "new contoso.com certificate-ends"},
			{press: func(known []KnownTrust) { known[0].Lost = true }, report: unread(report(trust("contoso.com")), func(x *facts.Trust) { x.DomainFact = facts.Unread[facts.Domain](facts.Failed, "x") }), want: ""},
			{report: report(trust("contoso.com", ends(20))), want: "new contoso.com certificate-ends"},
		},
		"a check that was not finished mends nothing": {
			{report: ofTenant(facts.Finding{ID: "apps-unreadable", Severity: facts.Unknown}, syncLate()), want: "new  apps-unreadable, new  sync-late"},
			{report: ofTenant(facts.Finding{ID: "scan-unfinished", Severity: facts.Unknown}), want: "new  scan-unfinished"},
			{report: ofTenant(facts.Finding{ID: "sync-unreadable", Severity: facts.Note}), want: "new  sync-unreadable, mended  apps-unreadable, mended  scan-unfinished"},
			{report: skipping(ofTenant(), "sync-late"), want: "mended  sync-unreadable"},
			{report: ofTenant(), want: "mended  sync-late"},
		},
		"apps that nobody asks for any more are not mended": {
			{report: ofTenant(facts.Finding{ID: "app-credential-ends", Of: "x", Severity: facts.Note}), want: "new  app-credential-ends"},
			{report: report(trust("contoso.com")), want: ""},
			{report: ofTenant(facts.Finding{ID: "app-credential-ends", Of: "x", Severity: facts.Note}), want: "new  app-credential-ends"},
			{report: ofTenant(), want: "mended  app-credential-ends"},
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

// probed is a trust whose host and realm answered like this; "" was not probed.
func probed(state facts.EndpointState, kind string, found ...facts.Finding) facts.Trust {
	t := trust("contoso.com", found...)
	t.Federation.Value.PassiveURI = "https://sts.contoso.com/adfs/ls/"
	if state != "" {
		t.Endpoints = []facts.Endpoint{{Host: "sts.contoso.com", State: state}}
	}
	if kind != "" {
		t.Realm = facts.See(at, facts.Realm{Kind: kind})
	}
	return t
}

func hostSays(id string, s facts.Severity) facts.Finding {
	f := unreachable("contoso.com")
	f.ID, f.Severity = id, s
	return f
}

func realmDiffers() facts.Finding {
	return facts.Finding{ID: "realm-differs", Severity: facts.Warning, Says: "it differs", Evidence: seenIn(facts.NameDomain)}
}

func syncLate() facts.Finding {
	return facts.Finding{ID: "sync-late", Severity: facts.Note, Says: "late", Evidence: seenIn(facts.NameOrganization)}
}

// ofTenant is a report with findings of the tenant, for which apps were asked for.
func ofTenant(found ...facts.Finding) facts.TrustReport {
	r := report(trust("contoso.com"))
	r.Findings, r.Apps = found, true
	return r
}

func skipping(r facts.TrustReport, ids ...string) facts.TrustReport {
	r.Skipped = ids
	return r
}

func drift2() facts.Finding {
	f := drift("x")
	f.ID, f.Of, f.Security, f.Severity = "drift-signOutUri", "signOutUri", false, facts.Note
	return f
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
