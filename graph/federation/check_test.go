package federation_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

const aDay = 24 * time.Hour

// cert is a certificate as ParseCertificate makes it, told apart by its name.

func cert(slot, name string, from, to time.Time) facts.Certificate {
	return facts.Certificate{Slot: slot, Subject: "CN=ADFS Signing - sts.fabrikam.com", Issuer: "CN=ADFS Signing - sts.fabrikam.com", NotBefore: from, NotAfter: to,
		SHA1: strings.ToUpper(fmt.Sprintf("%-12s", name)), SHA256: "256 " + name}
}

func slotted(slot string, c facts.Certificate) facts.Certificate { c.Slot = slot; return c }

// in is a time some days from now.

func in(days float64) time.Time { return now.Add(time.Duration(days * float64(aDay))) }

// The certificates of the tests.

var (
	young  = cert("current", "young", in(-100), in(265))
	soon   = cert("current", "soon", in(-345), in(20))
	staged = cert("next", "staged", in(-3), in(362))
	// Microsoft's values of federatedIdpMfaBehavior.
	accept, enforce, reject = "acceptIfMfaDoneByFederatedIdp", "enforceMfaByFederatedIdp", "rejectMfaByFederatedIdp"
)

// world is what a row changes.

type world struct {
	federation.Input
	f *facts.Federation
	m *facts.Metadata
}

// healthy is an AD FS in order: its certificate is young, published and held.

func healthy() *world {
	f := &facts.Federation{
		ID: "6601d14b", Domain: "fabrikam.com", DisplayName: "Fabrikam", Provider: "AD FS", Issuer: "http://fabrikam.com/adfs/services/trust/",
		PassiveURI: "https://sts.fabrikam.com/adfs/ls/", ActiveURI: "https://sts.fabrikam.com/adfs/services/trust/2005/usernamemixed",
		MetadataURI: "https://sts.fabrikam.com/adfs/services/trust/mex", SignOutURI: "https://sts.fabrikam.com/adfs/ls/",
		Protocol: "wsFed", MFABehavior: accept, PromptLogin: "nativeSupport", Certificates: []facts.Certificate{young}, Rollover: "Success",
	}
	same := true
	m := &facts.Metadata{URL: "https://sts.fabrikam.com" + metadataPath, EntityID: "http://sts.fabrikam.com/adfs/services/trust", Certificates: []facts.Certificate{slotted("published", young)},
		Endpoints: []string{"https://sts.fabrikam.com/adfs/ls/"}, Same: &same, Signature: "valid", SignedWith: young.SHA1, KeyHeld: &same}
	users := 412
	return &world{f: f, m: m, Input: federation.Input{
		Now: now, WarnDays: []int{60, 30, 14, 7, 3, 1}, Users: &users,
		Domain:    facts.See(now, facts.Domain{Name: "fabrikam.com", Root: "fabrikam.com", Authentication: "Federated", Federated: true, Verified: true}),
		Realm:     facts.See(now, facts.Realm{Kind: "Federated", Domain: "fabrikam.com", SignInURL: "https://sts.fabrikam.com/adfs/ls/"}),
		Endpoints: []facts.Endpoint{{Host: "sts.fabrikam.com", Uses: []string{"browser sign-in", "WS-Trust"}, State: facts.EndpointOK, NotBefore: in(-200), NotAfter: in(165), Checked: now}},
		Changes:   facts.See(now, []facts.Change{}),
	}}
}

// publish sets the metadata and compares it, as the reader does.

func (w *world) publish(all ...facts.Certificate) {
	for i := range all {
		all[i].Slot = "published"
	}
	w.m.Certificates, w.m.Signature, w.m.SignedWith, w.m.KeyHeld = all, "none", "", nil
}

// hold sets the certificates of the trust.

func (w *world) hold(all ...facts.Certificate) {
	for i := range all {
		all[i].Slot = []string{"current", "next"}[i]
	}
	w.f.Certificates = all
}

// both sets the certificates of the trust, and what is published.

func (w *world) both(all ...facts.Certificate) {
	w.hold(slices.Clone(all)...)
	w.publish(slices.Clone(all)...)
}

// none takes the metadata away: nobody knows where it is.

func (w *world) none() { w.m = nil }

// okta makes the trust one with Okta, whose metadata nobody knows.

func (w *world) okta() {
	w.none()
	w.f.Provider, w.f.Issuer, w.f.PassiveURI = "Okta", "http://www.okta.com/exk1", "https://fabrikam.okta.com/app/office365/exk1/sso/wsfed/passive"
	w.f.ActiveURI, w.f.MetadataURI, w.f.SignOutURI = "https://fabrikam.okta.com/app/office365/exk1/sso/wsfed/active", "https://fabrikam.okta.com/app/office365/exk1/sso/wsfed/mex", "https://fabrikam.okta.com/"
	w.f.Rollover = "noNewCertificateFound"
	w.Realm = facts.See(now, facts.Realm{Kind: "Federated", SignInURL: w.f.PassiveURI})
	ten := cert("current", "okta", in(-1000), in(2650))
	ten.Subject, ten.Issuer = "CN=fabrikam,OU=SSOProvider,O=Okta", "CN=fabrikam,OU=SSOProvider,O=Okta"
	w.hold(ten)
}

// approve makes the trust of now the approved one, so that a row can change it after.

func (w *world) approve(at time.Time) {
	b := *w.f
	b.Certificates = slices.Clone(w.f.Certificates)
	w.Baseline = &federation.Baseline{Trust: b, At: at, By: "alice"}
}

// settings is an entry of the audit log.

func settings(at time.Time, what ...string) facts.Change {
	return facts.Change{Time: at, Activity: "Set federation settings on domain", Actor: "mallory@contoso.com", Target: "fabrikam.com", What: what}
}

func (w *world) changed(all ...facts.Change) { w.Changes = facts.See(now, all) }

// run checks, and renders each finding in short: "id severity", with an exclamation mark where it is about security.

func (w *world) run(t *testing.T) []facts.Finding {
	t.Helper()
	if w.f != nil {
		w.Federation = facts.See(now, *w.f)
	}
	if w.m != nil && w.f != nil {
		d := federation.Document{Certificates: w.m.Certificates}
		x := d.Against(*w.f)
		w.m.Unknown, w.m.Gone, w.m.Covered, w.m.None = x.Unknown, x.Gone, x.Covered, x.None
		w.Metadata = facts.See(now, *w.m)
	}
	if w.m == nil && w.Metadata.State == "" {
		w.Metadata = facts.Unread[facts.Metadata](facts.NotAsked, "it is not known where")
	}
	return federation.Check(w.Input)
}

func render(all []facts.Finding) []string {
	out := []string{}
	for _, f := range all {
		mark := ""
		if f.Security {
			mark = "!"
		}
		out = append(out, f.ID+" "+string(f.Severity)+mark)
	}
	return out
}

// row is one state of the world and what it must and must not lead to.

type row struct {
	change func(*world)
	want   []string
}

func check(t *testing.T, rows map[string]row) {
	t.Helper()
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			w := healthy()
			r.change(w)
			found := w.run(t)
			want := r.want
			if want == nil {
				want = []string{}
			}
			if diff := cmp.Diff(want, render(found)); diff != "" {
				t.Errorf("%s", diff)
				for _, f := range found {
					t.Logf("%s: %s", f.ID, f.Says)
				}
			}
			sound(t, found)
		})
	}
}

// sound is what holds for every finding.

func sound(t *testing.T, found []facts.Finding) {
	t.Helper()
	for _, f := range found {
		switch {
		case f.ID == "", f.Says == "", f.Next == "", f.By == "", len(f.Evidence) == 0:
			t.Errorf("a finding lacks something: %+v", f)
		case f.Security && f.Severity == facts.Note && f.ID != "trust-changed":
			t.Errorf("a security alert is a mere note: %+v", f)
		case strings.Contains(f.Says+f.Otherwise+f.Next, "mallory"):
			t.Errorf("a sentence names the actor, who belongs to the evidence: %+v", f)
		case strings.Contains(f.Says+f.Otherwise+f.Next, "%!"), strings.Contains(f.Says, "0001-01-01"), strings.Contains(f.Next, "Msol"):
			t.Errorf("a sentence is broken: %+v", f)
		}
		for _, e := range f.Evidence {
			if e.Says == "" || e.Source == "" || e.Time.IsZero() {
				t.Errorf("evidence of %s lacks something: %+v", f.ID, e)
			}
		}
	}
}

func TestAHealthyDomainHasNoFindings(t *testing.T) {
	check(t, map[string]row{
		"AD FS": {func(w *world) {}, nil},
		"Okta with a certificate of ten years, metadata unknown": {func(w *world) { w.okta() }, nil},
		"AD FS whose rollover is staged and far away":            {func(w *world) { w.both(young, staged) }, nil},
		"an older certificate behind":                            {func(w *world) { w.both(young, cert("", "old", in(-465), in(-100))) }, nil},
		"the same certificate twice":                             {func(w *world) { w.both(young, young) }, nil},
		"a certificate of three years":                           {func(w *world) { w.both(cert("", "three", in(-100), in(995))) }, nil},
		"signed requests, as approved":                           {func(w *world) { w.f.SignedRequests = true; w.approve(in(-10)) }, nil},
		"as approved":                                            {func(w *world) { w.approve(in(-10)) }, nil},
		"a change before the approval":                           {func(w *world) { w.approve(in(-1)); w.changed(settings(in(-2), "FederatedIdpMfaBehavior")) }, nil},
		"a change of another domain":                             {func(w *world) { c := settings(in(-2)); c.Target = "contoso.com"; w.changed(c) }, nil},
		"a change of more than 30 days":                          {func(w *world) { w.changed(settings(in(-31))) }, nil},
		"another activity":                                       {func(w *world) { c := settings(in(-2)); c.Activity = "Set password policy"; w.changed(c) }, nil},
		"MFA by Entra":                                           {func(w *world) { w.f.MFABehavior = reject }, nil},
		"MFA by the identity provider":                           {func(w *world) { w.f.MFABehavior = enforce }, nil},
		"nobody witnesses":                                       {func(w *world) { w.Realm = facts.Unread[facts.Realm](facts.Failed, "status 404") }, nil},
		"no endpoints looked at":                                 {func(w *world) { w.Endpoints = nil }, nil},
		"audit not asked":                                        {func(w *world) { w.Changes = facts.Fact[[]facts.Change]{} }, nil},
		"nothing changed, says the log":                          {func(w *world) { w.Changes = facts.None[[]facts.Change](now, "none") }, nil},
		"the identity provider's own name as issuer":             {func(w *world) { w.f.Issuer = "http://sts.fabrikam.com/adfs/services/trust/" }, nil},
	})
}

func TestManagedDomains(t *testing.T) {
	managed := func(w *world) {
		w.f, w.m = nil, nil
		w.Domain.Value.Federated, w.Domain.Value.Authentication = false, "Managed"
		w.Federation = facts.None[facts.Federation](now, "domain is managed")
		w.Realm = facts.See(now, facts.Realm{Kind: "Managed"})
	}
	check(t, map[string]row{
		"managed":                        {managed, nil},
		"managed, audit unreadable":      {func(w *world) { managed(w); w.Changes = facts.Unread[[]facts.Change](facts.NotPermitted, "no") }, nil},
		"managed and new":                {func(w *world) { managed(w); w.New = true }, []string{"domain-new note"}},
		"new and not even verified":      {func(w *world) { managed(w); w.New = true; w.Domain.Value.Verified = false }, nil},
		"federated when it was approved": {func(w *world) { w.approve(in(-10)); managed(w) }, []string{"domain-converted warning!"}},
	})
}

func TestDomainsThatCannotBeChecked(t *testing.T) {
	check(t, map[string]row{
		"no domain of the tenant": {func(w *world) { w.Domain = facts.None[facts.Domain](now, "x is no domain of this tenant") }, []string{"domain-unknown unknown"}},
		"domain not readable": {func(w *world) {
			w.Domain = facts.Fact[facts.Domain]{State: facts.NotPermitted, Reason: "no", ReadAt: now}
		}, []string{"domain-unreadable unknown"}},
		"a root without a trust": {func(w *world) {
			w.f, w.m = nil, nil
			w.Federation = facts.None[facts.Federation](now, "the trust is broken: fabrikam.com is federated, but holds no federation configuration")
		}, []string{"federation-missing critical"}},
		"a trust that may not be read": {func(w *world) {
			w.f, w.m = nil, nil
			w.Federation = facts.Fact[facts.Federation]{State: facts.NotPermitted, Reason: "no", ReadAt: now}
		}, []string{"federation-unreadable unknown"}},
		"a trust that failed": {func(w *world) {
			w.f, w.m = nil, nil
			w.Federation = facts.Fact[facts.Federation]{State: facts.Failed, Reason: "Graph failed", ReadAt: now}
		}, []string{"federation-unreadable unknown"}},
		"an audit log that may not be read": {func(w *world) {
			w.Changes = facts.Fact[[]facts.Change]{State: facts.NotPermitted, Reason: "no", ReadAt: now}
		}, []string{"changes-unreadable unknown"}},
	})
}

func TestFindingsComeWorstFirst(t *testing.T) {
	w := healthy()
	w.f.MFABehavior, w.f.Protocol = "", ""
	w.f.Issuer = "http://any.sts/1"
	w.hold(soon)
	w.publish(cert("", "newer", in(-1), in(364)))
	w.m.Signature = "invalid"
	w.Changes = facts.Fact[[]facts.Change]{State: facts.NotPermitted, Reason: "no", ReadAt: now}
	got := render(w.run(t))
	want := []string{"attack-tool critical!", "metadata-unknown-certificate critical", "metadata-signature warning!", "certificate-ends warning", "rollover warning", "issuer-differs warning", "changes-unreadable unknown", "mfa-unset note", "protocol-unknown note"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStatusAndExitCode(t *testing.T) {
	for _, c := range []struct {
		found []facts.Severity
		want  facts.Severity
		code  int
	}{
		{nil, facts.Healthy, 0},
		{[]facts.Severity{facts.Note}, facts.Note, 0},
		{[]facts.Severity{facts.Note, facts.Unknown}, facts.Unknown, 3},
		{[]facts.Severity{facts.Unknown, facts.Warning}, facts.Warning, 1},
		{[]facts.Severity{facts.Warning, facts.Critical, facts.Unknown}, facts.Critical, 2},
	} {
		var found []facts.Finding
		for _, s := range c.found {
			found = append(found, facts.Finding{Severity: s})
		}
		if s := federation.Status(found); s != c.want || federation.ExitCode(s) != c.code {
			t.Errorf("%v: %s, exit code %d", c.found, s, federation.ExitCode(s))
		}
	}
}

func TestDaysLeft(t *testing.T) {
	for left, want := range map[time.Duration]int{
		35 * aDay: 35, 35*aDay + time.Second: 36, 35*aDay - time.Second: 35, time.Hour: 1, 0: 0, -time.Hour: 0, -26 * time.Hour: -1,
	} {
		if got := federation.DaysLeft(now, now.Add(left)); got != want {
			t.Errorf("%s is %d days, want %d", left, got, want)
		}
	}
}

func TestFindingsInJSON(t *testing.T) {
	w := healthy()
	w.f.MFABehavior = ""
	text, err := json.Marshal(w.run(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"id":"mfa-unset"`, `"severity":"note"`, `"security":false`, `"says":"`, `"by":"identity-admin"`, `"next":"`, `"evidence":[{"says":"federatedIdpMfaBehavior is not set","fact":"federation","source":"Graph federation configuration"`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s lacks %s", text, part)
		}
	}
	if text, err := json.Marshal(healthy().run(t)); err != nil || string(text) != "[]" {
		t.Errorf("no findings are %s, %v", text, err)
	}
}
