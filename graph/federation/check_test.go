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

func TestCertificatesThatEnd(t *testing.T) {
	left := func(days float64) func(*world) {
		return func(w *world) { w.both(cert("", "x", in(days-365), in(days))) }
	}
	check(t, map[string]row{
		"61 days left":                       {left(61), nil},
		"60 days left":                       {left(60), []string{"certificate-ends note"}},
		"36 days left":                       {left(36), []string{"certificate-ends note"}},
		"a little more than 35 days left":    {left(35.01), []string{"certificate-ends note"}},
		"35 days left":                       {left(35), []string{"certificate-ends warning"}},
		"a little more than 15 days left":    {left(15.01), []string{"certificate-ends warning", "rollover warning"}},
		"15 days left":                       {left(15), []string{"certificate-ends critical", "rollover warning"}},
		"1 hour left":                        {left(1.0 / 24), []string{"certificate-ends critical", "rollover warning"}},
		"ended just now":                     {left(0), []string{"certificate-expired critical"}},
		"ended yesterday":                    {left(-1), []string{"certificate-expired critical"}},
		"warned earlier where so configured": {func(w *world) { left(80)(w); w.WarnDays = []int{90} }, []string{"certificate-ends note"}},
		"not warned where so configured":     {func(w *world) { left(50)(w); w.WarnDays = []int{7, 40} }, nil},
		"warned by default":                  {func(w *world) { left(50)(w); w.WarnDays = nil }, []string{"certificate-ends note"}},

		"20 days left, staged":                        {func(w *world) { w.both(soon, staged) }, []string{"certificate-rollover note"}},
		"5 days left, staged":                         {func(w *world) { w.both(cert("", "x", in(-360), in(5)), staged) }, []string{"certificate-rollover note"}},
		"20 days left, the next is the same":          {func(w *world) { w.both(soon, soon) }, []string{"certificate-ends warning", "rollover warning"}},
		"20 days left, the next is older":             {func(w *world) { w.both(soon, cert("", "older", in(-400), in(10))) }, []string{"certificate-ends warning", "rollover warning"}},
		"20 days left, the next has ended":            {func(w *world) { w.both(soon, cert("", "ended", in(-400), in(-10))) }, []string{"certificate-ends warning", "rollover warning"}},
		"20 days left, the next ends the same moment": {func(w *world) { w.both(soon, cert("", "twin", in(-300), soon.NotAfter)) }, []string{"certificate-ends warning", "rollover warning"}},
		"20 days left, the next begins too late":      {func(w *world) { w.both(soon, cert("", "late", in(25), in(390))) }, []string{"certificate-ends warning", "rollover warning"}},
		"20 days left, the next begins in time":       {func(w *world) { w.both(soon, cert("", "intime", in(15), in(380))) }, []string{"certificate-rollover note"}},
		"20 days left, the next cannot be read": {func(w *world) {
			w.both(soon)
			w.f.Certificates = append(w.f.Certificates, facts.Certificate{Slot: "next", Problem: "not base64"})
		}, []string{"certificate-ends warning", "rollover warning", "certificate-unreadable unknown"}},
		"staged, and the next ends soon as well": {func(w *world) { w.both(soon, cert("", "short", in(-10), in(30))) }, []string{"certificate-ends warning", "certificate-rollover note"}},
		"staged, and the next ends within days":  {func(w *world) { w.both(cert("", "x", in(-360), in(2)), cert("", "short", in(-10), in(10))) }, []string{"certificate-ends critical", "certificate-rollover note"}},

		"ended, nothing staged":                       {func(w *world) { w.none(); w.hold(cert("", "x", in(-400), in(-2))) }, []string{"certificate-expired critical"}},
		"ended, and the next one too":                 {func(w *world) { w.none(); w.hold(cert("", "x", in(-400), in(-2)), cert("", "y", in(-390), in(-1))) }, []string{"certificate-expired critical"}},
		"ended, and the next one begins later":        {func(w *world) { w.none(); w.hold(cert("", "x", in(-400), in(-2)), cert("", "y", in(3), in(390))) }, []string{"certificate-expired critical"}},
		"ended, the next is valid":                    {func(w *world) { w.none(); w.hold(cert("", "x", in(-400), in(-2)), staged) }, []string{"certificate-overdue warning"}},
		"ended long before the next began":            {func(w *world) { w.none(); w.hold(cert("", "x", in(-400), in(-20)), staged) }, []string{"certificate-overdue warning"}},
		"ended, the identity provider uses the next":  {func(w *world) { w.hold(cert("", "x", in(-400), in(-2)), staged); w.publish(staged) }, []string{"certificate-overdue note"}},
		"ended, the identity provider publishes both": {func(w *world) { w.both(cert("", "x", in(-400), in(-2)), staged) }, []string{"certificate-overdue warning"}},
		"ended, and the identity provider uses it still": {func(w *world) {
			w.hold(cert("", "x", in(-400), in(-2)), staged)
			w.publish(cert("", "x", in(-400), in(-2)))
		},
			[]string{"certificate-overdue critical", "certificate-foreign warning!"}},

		"not valid yet":                        {func(w *world) { w.none(); w.hold(cert("", "x", in(2), in(367))) }, []string{"certificate-not-yet-valid critical"}},
		"not valid yet, the other still is":    {func(w *world) { w.none(); w.hold(cert("", "x", in(2), in(367)), cert("", "y", in(-300), in(60))) }, []string{"certificate-early note"}},
		"not valid yet, the other ends before": {func(w *world) { w.none(); w.hold(cert("", "x", in(9), in(367)), cert("", "y", in(-300), in(5))) }, []string{"certificate-early warning"}},

		"no certificate":  {func(w *world) { w.none(); w.f.Certificates = []facts.Certificate{} }, []string{"certificate-missing critical"}},
		"only a next one": {func(w *world) { w.f.Certificates = []facts.Certificate{slotted("next", young)} }, nil},
		"one that cannot be read": {func(w *world) {
			w.none()
			w.f.Certificates = []facts.Certificate{{Slot: "current", Problem: "not base64"}}
		}, []string{"certificate-unreadable unknown"}},
		"two that cannot be read": {func(w *world) {
			w.none()
			w.f.Certificates = []facts.Certificate{{Slot: "current", Problem: "empty"}, {Slot: "next", Problem: "empty"}}
		}, []string{"certificate-unreadable unknown", "certificate-unreadable unknown"}},
		"unreadable, and the next ended": {func(w *world) {
			w.none()
			w.f.Certificates = []facts.Certificate{{Slot: "current", Problem: "empty"}, cert("next", "y", in(-390), in(-1))}
		}, []string{"certificate-expired critical", "certificate-unreadable unknown"}},
	})
}

func TestAutomaticRollover(t *testing.T) {
	ran := func(result string, daysAgo float64) func(*world) {
		return func(w *world) {
			at := in(-daysAgo)
			w.f.Rollover, w.f.RolloverAt = result, &at
		}
	}
	with := func(all ...func(*world)) func(*world) {
		return func(w *world) {
			for _, f := range all {
				f(w)
			}
		}
	}
	twenty := func(w *world) { w.both(soon) }
	fifty := func(w *world) { w.both(cert("", "x", in(-315), in(50))) }
	check(t, map[string]row{
		"success long ago, certificate young":     {ran("Success", 90), nil},
		"none found, certificate young":           {ran("NoNewCertificateFound", 1), nil},
		"never ran, certificate young":            {func(w *world) { w.f.Rollover, w.f.RolloverAt = "", nil }, nil},
		"fails, certificate young":                {ran("couldNotAccessRemoteHost", 1), []string{"rollover note"}},
		"failed before the certificate began":     {ran("couldNotAccessRemoteHost", 101), nil},
		"fails, 50 days left":                     {with(fifty, ran("xmlParsingError", 1)), []string{"rollover warning", "certificate-ends note"}},
		"fails, 20 days left":                     {with(twenty, ran("connectionError", 1)), []string{"certificate-ends warning", "rollover warning"}},
		"none found yesterday, 20 days left":      {with(twenty, ran("noNewCertificateFound", 1)), []string{"certificate-ends warning"}},
		"success yesterday, 20 days left":         {with(twenty, ran("success", 1)), []string{"certificate-ends warning"}},
		"success ten days ago, 20 days left":      {with(twenty, ran("success", 10)), []string{"certificate-ends warning", "rollover warning"}},
		"never ran, 20 days left":                 {with(twenty, func(w *world) { w.f.RolloverAt = nil }), []string{"certificate-ends warning", "rollover warning"}},
		"success ten days ago, 50 days left":      {with(fifty, ran("success", 10)), []string{"certificate-ends note"}},
		"fails, but the next is staged":           {with(func(w *world) { w.both(soon, staged) }, ran("connectionError", 1)), []string{"certificate-rollover note"}},
		"a word that Microsoft may add":           {ran("sunspots", 1), []string{"rollover note"}},
		"Okta, where it never works":              {with((*world).okta, ran("notFound", 1)), nil},
		"Okta, 20 days left, where it is no news": {with((*world).okta, func(w *world) { w.hold(soon) }, ran("notFound", 1)), []string{"certificate-ends warning"}},
	})
}

func TestMetadataFindings(t *testing.T) {
	newer := cert("", "newer", in(-1), in(364))
	later := cert("", "later", in(10), in(375))
	yes, no := true, false
	check(t, map[string]row{
		"one more is published":   {func(w *world) { w.publish(young, newer) }, []string{"metadata-unknown-certificate warning"}},
		"one more, not valid yet": {func(w *world) { w.publish(young, later) }, []string{"metadata-unknown-certificate warning"}},
		"one more, and the document is signed with it": {func(w *world) {
			w.publish(young, newer)
			w.m.Signature, w.m.SignedWith, w.m.KeyHeld = "valid", newer.SHA1, &no
		}, []string{"metadata-unknown-certificate critical"}},
		"one more, and the document is signed with the old one": {func(w *world) {
			w.publish(young, newer)
			w.m.Signature, w.m.SignedWith, w.m.KeyHeld = "valid", young.SHA1, &yes
		}, []string{"metadata-unknown-certificate warning"}},
		"the only one is not held": {func(w *world) { w.publish(newer) }, []string{"metadata-unknown-certificate critical"}},
		"two, and neither is held": {func(w *world) { w.publish(newer, later) }, []string{"metadata-unknown-certificate critical"}},
		"the only one is the next": {func(w *world) { w.hold(soon, staged); w.publish(staged) }, []string{"certificate-rollover note", "certificate-retired note"}},
		"one more, and the held one has ended": {func(w *world) {
			ended := cert("", "ended", in(-400), in(-1))
			w.hold(ended)
			w.publish(ended, newer)
		}, []string{"certificate-expired critical", "metadata-unknown-certificate critical"}},
		"one more, which has ended":       {func(w *world) { w.publish(young, cert("", "ended", in(-400), in(-1))) }, nil},
		"none that is valid is published": {func(w *world) { w.publish(cert("", "ended", in(-400), in(-1))) }, []string{"metadata-unknown-certificate critical"}},

		"a newer one is held and not published":        {func(w *world) { w.hold(young, newer); w.publish(young) }, []string{"certificate-foreign warning!"}},
		"the same, approved":                           {func(w *world) { w.hold(young, newer); w.publish(young); w.approve(in(-1)) }, []string{"certificate-retired note"}},
		"the same, ended":                              {func(w *world) { w.hold(young, cert("", "ended", in(-90), in(-1))); w.publish(young) }, nil},
		"an older one is held and no longer published": {func(w *world) { w.hold(newer, young); w.publish(newer) }, []string{"certificate-retired note"}},

		"unreadable": {func(w *world) {
			w.none()
			w.Metadata = facts.Fact[facts.Metadata]{State: facts.Failed, Reason: "status 503", ReadAt: now, Value: &facts.Metadata{URL: "https://sts.fabrikam.com/x", Guessed: true}}
		}, []string{"metadata-unreadable warning"}},
		"not asked":                              {func(w *world) { w.none() }, nil},
		"signature not valid":                    {func(w *world) { w.m.Signature = "invalid" }, []string{"metadata-signature warning!"}},
		"not signed":                             {func(w *world) { w.m.Signature, w.m.KeyHeld, w.m.SignedWith = "none", nil, "" }, nil},
		"signed in a way that cannot be checked": {func(w *world) { w.m.Signature = "unchecked" }, nil},
		"out of date":                            {func(w *world) { u := in(-1); w.m.ValidUntil = &u }, []string{"metadata-expired warning"}},
		"good for a week":                        {func(w *world) { u := in(7); w.m.ValidUntil = &u }, nil},

		"another issuer":                     {func(w *world) { w.f.Issuer = "http://sts.tailspin.com/adfs/services/trust" }, []string{"issuer-differs warning"}},
		"an issuer of an old host":           {func(w *world) { w.f.Issuer = "http://old.fabrikam.com/adfs/services/trust/" }, []string{"issuer-differs warning"}},
		"an issuer with the domain in a URN": {func(w *world) { w.f.Issuer = "urn:federation:fabrikam.com" }, nil},
		"an issuer that only looks like it":  {func(w *world) { w.f.Issuer = "http://notfabrikam.com/adfs/services/trust/" }, []string{"issuer-differs warning"}},
		"an issuer behind the name": {func(w *world) {
			w.m.EntityID, w.f.Issuer = "https://idp.example/saml", "https://idp.example/saml/fabrikam"
		}, nil},

		"another address on the host": {func(w *world) { w.m.Same = &no; w.f.PassiveURI = "https://sts.fabrikam.com/adfs/ls/old/" }, []string{"endpoint-differs note"}},
		"an address elsewhere": {func(w *world) {
			w.m.Same = &no
			w.f.PassiveURI = "https://sts.fabrikarn.com/adfs/ls/"
			w.Realm = facts.Fact[facts.Realm]{}
		}, []string{"endpoint-differs warning!"}},
	})
}

func TestAttackToolsAndOddCertificates(t *testing.T) {
	// The certificate that comes with AADInternals, as Graph would show it.
	tool := facts.Certificate{
		Slot: "current", Subject: "CN=hack.o365domain.org,O=Gerenios,ST=Pirkanmaa,C=fi", Issuer: "CN=hack.o365domain.org,O=Gerenios,ST=Pirkanmaa,C=fi",
		NotBefore: time.Date(2018, 2, 21, 13, 12, 45, 0, time.UTC), NotAfter: time.Date(2028, 2, 19, 13, 12, 45, 0, time.UTC),
		SHA1: "4B56E1F1B80024359E34010D9AAB3CED9C67FF5E", SHA256: "31F2C5897ED0D6F14F376421169A6524EF8967DF5EA5093C80EB698DE98A2853",
	}
	renamed := tool
	renamed.Subject, renamed.Issuer = "CN=ADFS Signing", "CN=ADFS Signing"
	long := cert("", "long", in(-10), in(3640))
	other := cert("", "other", in(-1), in(364))
	other.Subject, other.Issuer = "CN=evil", "CN=evil"
	check(t, map[string]row{
		"issuer any.sts":                {func(w *world) { w.none(); w.f.Issuer = "http://any.sts/B231A11F" }, []string{"attack-tool critical!"}},
		"issuer any.sts in capitals":    {func(w *world) { w.none(); w.f.Issuer = "HTTP://ANY.STS/16B45E3B" }, []string{"attack-tool critical!"}},
		"issuer any.sts without scheme": {func(w *world) { w.none(); w.f.Issuer = "any.sts/B231A11F" }, []string{"attack-tool critical!"}},
		"issuer made of any.sts":        {func(w *world) { w.none(); w.f.Issuer = "http://login.any.sts.evil.example/x" }, []string{"attack-tool critical!"}},
		"sign-in at any.sts": {func(w *world) {
			w.none()
			w.f.PassiveURI = "https://any.sts/B231A11F"
			w.Realm = facts.Fact[facts.Realm]{}
		}, []string{"attack-tool critical!"}},
		"a company that has any sts":                {func(w *world) { w.none(); w.f.Issuer = "http://company.sts.fabrikam.com/any.stsx" }, nil},
		"many.sts is no any.sts":                    {func(w *world) { w.none(); w.f.Issuer = "http://many.sts/B231A11F" }, nil},
		"the tool's certificate":                    {func(w *world) { w.none(); w.hold(tool) }, []string{"attack-tool critical!", "certificate-validity warning!"}},
		"the tool's certificate, next":              {func(w *world) { w.none(); w.hold(young, tool) }, []string{"attack-tool critical!", "certificate-mismatch warning!", "certificate-validity warning!"}},
		"the tool's certificate, by its thumbprint": {func(w *world) { w.none(); w.hold(renamed) }, []string{"attack-tool critical!", "certificate-validity warning!"}},
		"the tool's name, another key":              {func(w *world) { w.none(); c := young; c.Subject, c.Issuer = tool.Subject, tool.Issuer; w.hold(c) }, []string{"attack-tool critical!"}},
		"approval does not whitewash":               {func(w *world) { w.none(); w.f.Issuer = "http://any.sts/B231A11F"; w.approve(in(-1)) }, []string{"attack-tool critical!"}},

		"AD FS, ten years":           {func(w *world) { w.both(long) }, []string{"certificate-validity warning!"}},
		"AD FS, ten years, approved": {func(w *world) { w.both(long); w.approve(in(-1)) }, nil},
		"AD FS, five years":          {func(w *world) { w.both(cert("", "five", in(0), now.AddDate(5, 0, 0))) }, nil},
		"Okta, ten years and a day":  {func(w *world) { w.okta(); w.hold(cert("", "x", in(0), now.AddDate(10, 0, 1))) }, nil},
		"Okta, thirty years":         {func(w *world) { w.okta(); w.hold(cert("", "x", in(0), now.AddDate(30, 0, 0))) }, []string{"certificate-validity warning!"}},

		"two of different subjects": {func(w *world) { w.both(young, other) }, []string{"certificate-mismatch warning!"}},
		"two of different issuers":  {func(w *world) { x := staged; x.Issuer = "CN=Another authority"; w.both(young, x) }, []string{"certificate-mismatch warning!"}},
		"two of one authority": {func(w *world) {
			a, b := young, staged
			a.Issuer, b.Issuer = "CN=Our authority", "CN=Our authority"
			w.both(a, b)
		}, nil},
		"two of different subjects, approved": {func(w *world) { w.both(young, other); w.approve(in(-1)) }, nil},
	})
}

func TestSettingsOfTheTrust(t *testing.T) {
	check(t, map[string]row{
		"MFA not set":                {func(w *world) { w.f.MFABehavior = "" }, []string{"mfa-unset note"}},
		"MFA set to something":       {func(w *world) { w.f.MFABehavior = "askTheOracle" }, []string{"mfa-unknown note"}},
		"SAML":                       {func(w *world) { w.f.Protocol = "saml" }, nil},
		"no protocol":                {func(w *world) { w.f.Protocol = "" }, []string{"protocol-unknown note"}},
		"not verified":               {func(w *world) { w.Domain.Value.Verified = false }, []string{"domain-unverified warning!"}},
		"new and federated":          {func(w *world) { w.New = true }, []string{"domain-new-federated warning!"}},
		"new, but approved since":    {func(w *world) { w.New = true; w.approve(in(-1)) }, nil},
		"sign-in without encryption": {func(w *world) { w.f.PassiveURI = "http://sts.fabrikam.com/adfs/ls/" }, []string{"endpoint-plain warning!"}},
	})
}

func TestWitnessAndEndpoints(t *testing.T) {
	endpoint := func(change func(*facts.Endpoint)) func(*world) {
		return func(w *world) { change(&w.Endpoints[0]) }
	}
	check(t, map[string]row{
		"managed, says the sign-in page": {func(w *world) { w.Realm.Value.Kind = "Managed" }, []string{"realm-differs warning"}},
		"unknown, says the sign-in page": {func(w *world) { w.Realm.Value.Kind = "Unknown" }, []string{"realm-differs warning"}},
		"federated in capitals":          {func(w *world) { w.Realm.Value.Kind = "FEDERATED" }, nil},
		"sent to another host":           {func(w *world) { w.Realm.Value.SignInURL = "https://sts.evil.example/adfs/ls/" }, []string{"realm-host warning!"}},
		"sent to another path":           {func(w *world) { w.Realm.Value.SignInURL = "https://STS.fabrikam.com/adfs/ls" }, nil},
		"sent to nowhere":                {func(w *world) { w.Realm.Value.SignInURL = "" }, nil},
		"no answer": {endpoint(func(e *facts.Endpoint) {
			*e = facts.Endpoint{Host: "sts.fabrikam.com", Uses: []string{"sign-out"}, State: facts.EndpointUnreachable, Problem: "no answer in time", Checked: now}
		}), []string{"endpoint-unreachable warning"}},
		"not asked": {endpoint(func(e *facts.Endpoint) {
			*e = facts.Endpoint{Host: "sts.fabrikam.com", Uses: []string{"sign-out"}, State: facts.EndpointRefused, Problem: "link-local", Checked: now}
		}), []string{"endpoint-refused warning!"}},
		"expired": {endpoint(func(e *facts.Endpoint) {
			e.State, e.Problem, e.NotAfter = facts.EndpointExpired, "ended on 2026-11-20", in(-4)
		}), []string{"endpoint-expired critical"}},
		"for another name":                {endpoint(func(e *facts.Endpoint) { e.State, e.Problem = facts.EndpointWrongName, "it is for another name" }), []string{"endpoint-untrusted warning"}},
		"of an unknown authority":         {endpoint(func(e *facts.Endpoint) { e.State, e.Problem = facts.EndpointUntrusted, "unknown authority" }), []string{"endpoint-untrusted warning"}},
		"20 days left":                    {endpoint(func(e *facts.Endpoint) { e.NotAfter = in(20) }), nil},
		"12 days left":                    {endpoint(func(e *facts.Endpoint) { e.NotAfter = in(12) }), []string{"endpoint-ends note"}},
		"5 days left":                     {endpoint(func(e *facts.Endpoint) { e.NotAfter = in(5) }), []string{"endpoint-ends warning"}},
		"5 days left of a short life":     {endpoint(func(e *facts.Endpoint) { e.NotBefore, e.NotAfter = in(-1), in(5) }), nil},
		"plain, which the trust says too": {endpoint(func(e *facts.Endpoint) { e.State = facts.EndpointPlain }), nil},
	})
}

func TestDriftAgainstTheApprovedTrust(t *testing.T) {
	newer := cert("", "newer", in(-1), in(364))
	after := func(change func(*world)) func(*world) {
		return func(w *world) { w.approve(in(-10)); change(w) }
	}
	check(t, map[string]row{
		"issuer":    {after(func(w *world) { w.f.Issuer = "http://sts.fabrikam.com/adfs/services/trust" }), []string{"drift-issuerUri warning!"}},
		"made anew": {after(func(w *world) { w.f.ID = "other" }), []string{"drift-id warning!"}},
		"sign-in elsewhere": {after(func(w *world) {
			w.f.PassiveURI = "https://sts2.fabrikam.com/adfs/ls/"
			w.Realm.Value.SignInURL = w.f.PassiveURI
		}), []string{"drift-passiveSignInUri warning!"}},
		"sign-in on another path":           {after(func(w *world) { w.f.PassiveURI = "https://sts.fabrikam.com/adfs/ls/x" }), []string{"drift-passiveSignInUri warning"}},
		"WS-Trust elsewhere":                {after(func(w *world) { w.f.ActiveURI = "https://sts2.fabrikam.com/adfs/x" }), []string{"drift-activeSignInUri warning!"}},
		"WS-Trust taken away":               {after(func(w *world) { w.f.ActiveURI = "" }), []string{"drift-activeSignInUri warning"}},
		"WS-MEX on another path":            {after(func(w *world) { w.f.MetadataURI = "https://sts.fabrikam.com/mex" }), []string{"drift-metadataExchangeUri note"}},
		"sign-out elsewhere":                {after(func(w *world) { w.f.SignOutURI = "https://evil.example/" }), []string{"drift-signOutUri warning!"}},
		"protocol":                          {after(func(w *world) { w.f.Protocol = "saml" }), []string{"drift-preferredAuthenticationProtocol warning"}},
		"MFA: accept to unset":              {after(func(w *world) { w.f.MFABehavior = "" }), []string{"mfa-weakened warning!", "mfa-unset note"}},
		"MFA: accept to reject":             {after(func(w *world) { w.f.MFABehavior = reject }), []string{"drift-federatedIdpMfaBehavior note"}},
		"MFA: reject to enforce":            {func(w *world) { w.f.MFABehavior = reject; w.approve(in(-10)); w.f.MFABehavior = enforce }, []string{"mfa-weakened warning!"}},
		"MFA: enforce to accept":            {func(w *world) { w.f.MFABehavior = enforce; w.approve(in(-10)); w.f.MFABehavior = accept }, []string{"mfa-weakened warning!"}},
		"MFA: to something unknown":         {after(func(w *world) { w.f.MFABehavior = "x" }), []string{"drift-federatedIdpMfaBehavior warning!", "mfa-unknown note"}},
		"signed requests off":               {func(w *world) { w.f.SignedRequests = true; w.approve(in(-10)); w.f.SignedRequests = false }, []string{"drift-isSignedAuthenticationRequestRequired warning!"}},
		"signed requests on":                {after(func(w *world) { w.f.SignedRequests = true }), []string{"drift-isSignedAuthenticationRequestRequired note"}},
		"prompt behaviour":                  {after(func(w *world) { w.f.PromptLogin = "disabled" }), []string{"drift-promptLoginBehavior note"}},
		"brand":                             {after(func(w *world) { w.f.DisplayName = "Fabrikam Inc." }), []string{"drift-displayName note"}},
		"a certificate that is published":   {after(func(w *world) { w.both(young, newer) }), []string{"drift-signingCertificate note"}},
		"a certificate that is not":         {after(func(w *world) { w.hold(young, newer); w.publish(young) }), []string{"certificate-foreign warning!", "drift-signingCertificate warning!"}},
		"a certificate, metadata unknown":   {after(func(w *world) { w.none(); w.hold(young, newer) }), []string{"drift-signingCertificate warning!"}},
		"published, by whoever signed that": {after(func(w *world) { w.both(young, newer); w.m.Signature = "invalid" }), []string{"drift-signingCertificate warning!", "metadata-signature warning!"}},
		"the staged one became the current": {func(w *world) { w.both(soon, staged); w.approve(in(-10)); w.both(staged) }, nil},
		"a certificate in both slots":       {after(func(w *world) { w.none(); w.hold(newer, newer) }), []string{"drift-signingCertificate warning!"}},
		"changed and changed back":          {after(func(w *world) { w.changed(settings(in(-1), "IssuerUri")) }), []string{"trust-changed note!"}},
		"changed, and that is the drift":    {after(func(w *world) { w.f.DisplayName = "X"; w.changed(settings(in(-1), "FederationBrandName")) }), []string{"drift-displayName note"}},
	})
}

func TestDriftNamesWhoDidIt(t *testing.T) {
	w := healthy()
	w.approve(in(-10))
	w.f.MFABehavior, w.f.DisplayName = "", "X"
	byName := settings(in(-2), "FederationBrandName")
	byName.Actor = "bob@contoso.com"
	w.changed(settings(in(-20), "FederatedIdpMfaBehavior"), byName, settings(in(-3), "FederatedIdpMfaBehavior"))
	for _, f := range w.run(t) {
		want := map[string]string{
			"mfa-weakened":      "Set federation settings on domain by mallory@contoso.com, 3 days ago",
			"drift-displayName": "Set federation settings on domain by bob@contoso.com, 2 days ago",
		}[f.ID]
		if want == "" {
			continue
		}
		last := f.Evidence[len(f.Evidence)-1]
		if last.Says != want || last.Fact != facts.NameChanges {
			t.Errorf("%s: %+v", f.ID, f.Evidence)
		}
		if f.Evidence[1].Says != "approved on 2026-11-14 by alice" {
			t.Errorf("%s: %+v", f.ID, f.Evidence)
		}
	}
}

func TestChangesThatNobodyApproved(t *testing.T) {
	values := func(before, after string) facts.Change {
		c := settings(in(-2), "FederatedIdpMfaBehavior")
		c.Values = []facts.ChangedValue{{Name: "FederatedIdpMfaBehavior", Old: before, New: after}}
		return c
	}
	dotted := settings(in(-2), "DisplayName")
	dotted.Activity = "Set domain authentication."
	check(t, map[string]row{
		"something":                       {func(w *world) { w.changed(settings(in(-2))) }, []string{"trust-changed warning!"}},
		"the issuer":                      {func(w *world) { w.changed(settings(in(-2), "IssuerUri")) }, []string{"trust-changed warning!"}},
		"the brand":                       {func(w *world) { w.changed(settings(in(-2), "DisplayName")) }, []string{"trust-changed note"}},
		"certificates that are published": {func(w *world) { w.changed(settings(in(-2), "SigningCertificate", "NextSigningCertificate")) }, []string{"trust-changed note"}},
		"certificates, metadata unknown":  {func(w *world) { w.none(); w.changed(settings(in(-2), "SigningCertificate")) }, []string{"trust-changed warning!"}},
		"certificates and the issuer":     {func(w *world) { w.changed(settings(in(-2), "SigningCertificate", "IssuerUri")) }, []string{"trust-changed warning!"}},
		"MFA weakened":                    {func(w *world) { w.changed(values(`["rejectMfaByFederatedIdp"]`, `["acceptIfMfaDoneByFederatedIdp"]`)) }, []string{"mfa-weakened warning!"}},
		"MFA weakened, and mended since": {func(w *world) {
			w.f.MFABehavior = reject
			w.changed(values(`["rejectMfaByFederatedIdp"]`, `["acceptIfMfaDoneByFederatedIdp"]`))
		}, []string{"trust-changed warning!"}},
		"MFA strengthened": {func(w *world) {
			w.f.MFABehavior = reject
			w.changed(values(`["acceptIfMfaDoneByFederatedIdp"]`, `["rejectMfaByFederatedIdp"]`))
		}, []string{"trust-changed warning!"}},
		"converted, as the unified log spells it": {func(w *world) { w.changed(dotted) }, []string{"trust-changed note"}},
		"in the future, by a clock that is off":   {func(w *world) { w.changed(settings(in(1))) }, nil},
		"found by its target's name": {func(w *world) {
			c := settings(in(-2))
			c.Target, c.Targets = "", []facts.Target{{Kind: "other", Name: "fabrikam.com"}}
			w.changed(c)
		}, []string{"trust-changed warning!"}},
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
