package federation_test

import (
	"testing"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

// The severities that monitoring relies on, each with its neighbour on the other side of the line. Exit codes follow from them.
func TestSeverityOfEachKindOfFault(t *testing.T) {
	yes, no := true, false
	newer := cert("", "newer", in(-1), in(364))
	for _, x := range []struct {
		name     string
		set      func(*world)
		id       string // of the finding; "" for none that is worse than a note
		severity facts.Severity
		security bool
		exit     int
	}{
		{"more than 35 days left", func(w *world) { w.both(cert("", "x", in(-300), in(35.5))) }, "certificate-ends", facts.Note, false, 0},
		{"more than 35 days left, the update fails", func(w *world) { w.both(cert("", "x", in(-300), in(35.5))); w.f.Rollover = "connectionError" }, "rollover", facts.Note, false, 0},
		{"35 days left", func(w *world) { w.both(cert("", "x", in(-300), in(35))) }, "certificate-ends", facts.Warning, false, 1},
		{"35 days left, staged", func(w *world) { w.both(cert("", "x", in(-300), in(35)), staged) }, "certificate-rollover", facts.Note, false, 0},
		{"more than 15 days left", func(w *world) { w.both(cert("", "x", in(-300), in(15.5))) }, "certificate-ends", facts.Warning, false, 1},
		{"15 days left", func(w *world) { w.both(cert("", "x", in(-300), in(15))) }, "certificate-ends", facts.Critical, false, 2},
		{"15 days left, staged", func(w *world) { w.both(cert("", "x", in(-300), in(15)), staged) }, "certificate-rollover", facts.Note, false, 0},
		{"15 days left, the next one ends first", func(w *world) { w.both(cert("", "x", in(-300), in(15)), cert("", "y", in(-300), in(14))) }, "certificate-ends", facts.Critical, false, 2},
		{"expired", func(w *world) { w.both(cert("", "x", in(-300), in(-0.1))) }, "certificate-expired", facts.Critical, false, 2},
		{"expired, staged", func(w *world) { w.both(cert("", "x", in(-300), in(-0.1)), staged) }, "certificate-expired", facts.Critical, false, 2},
		{"expired, staged, and only that is published", func(w *world) { w.hold(cert("", "x", in(-300), in(-0.1)), staged); w.publish(staged) }, "certificate-expired", facts.Critical, false, 2},
		{"expired in the slot of the next alone", func(w *world) { w.both(young, cert("", "x", in(-400), in(-2))) }, "", "", false, 0},

		{"the only one that is published is not held", func(w *world) { w.publish(newer) }, "metadata-unknown-certificate", facts.Critical, false, 2},
		{"the one in use is not held", func(w *world) {
			w.publish(young, newer)
			w.m.Signature, w.m.SignedWith, w.m.KeyHeld = "valid", newer.SHA1, &no
		}, "metadata-unknown-certificate", facts.Critical, false, 2},
		{"one that is not in use is not held", func(w *world) {
			w.publish(young, newer)
			w.m.Signature, w.m.SignedWith, w.m.KeyHeld = "valid", young.SHA1, &yes
		}, "metadata-unknown-certificate", facts.Warning, false, 1},
		{"all that are published are held", func(w *world) { w.both(young, newer) }, "", "", false, 0},
		{"metadata unreachable or refused", func(w *world) {
			w.none()
			w.Metadata = facts.Fact[facts.Metadata]{State: facts.Failed, Reason: "it redirects to another host", ReadAt: now}
		}, "metadata-unreadable", facts.Warning, false, 1},
		{"metadata of which nobody knows where it is", func(w *world) { w.none() }, "", "", false, 0},

		{"MFA weakened", func(w *world) { w.f.MFABehavior = reject; w.approve(in(-1)); w.f.MFABehavior = enforce }, "mfa-weakened", facts.Warning, true, 1},
		{"MFA strengthened", func(w *world) { w.approve(in(-1)); w.f.MFABehavior = reject }, "drift-federatedIdpMfaBehavior", facts.Note, false, 0},
		{"AD FS, longer than a few years", func(w *world) { w.both(cert("", "x", in(-1), now.AddDate(6, 0, 0))) }, "certificate-validity", facts.Warning, true, 1},
		{"AD FS, a few years", func(w *world) { w.both(cert("", "x", in(-1), now.AddDate(4, 0, 0))) }, "", "", false, 0},
		{"Okta, ten years", func(w *world) { w.okta() }, "", "", false, 0},
		{"Google, five years", func(w *world) { w.okta(); w.f.Provider = "Google"; w.hold(cert("", "x", in(-1), now.AddDate(5, 0, 0))) }, "", "", false, 0},
		{"Google, ten years", func(w *world) {
			w.okta()
			w.f.Provider = "Google"
			w.hold(cert("", "x", in(-1), now.AddDate(10, 0, 0)))
		}, "certificate-validity", facts.Warning, true, 1},
		{"an issuer of an attack tool", func(w *world) { w.none(); w.f.Issuer = "http://any.sts/1" }, "attack-tool", facts.Critical, true, 2},
		{"a root without configuration", func(w *world) {
			w.f, w.m = nil, nil
			w.Federation = facts.None[facts.Federation](now, "there is none")
		}, "federation-missing", facts.Critical, false, 2},
		{"a root whose configuration may not be read", func(w *world) {
			w.f, w.m = nil, nil
			w.Federation = facts.Fact[facts.Federation]{State: facts.NotPermitted, Reason: "no", ReadAt: now}
		}, "federation-unreadable", facts.Unknown, false, 3},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := healthy()
			x.set(w)
			found := w.run(t)
			if got := federation.ExitCode(federation.Status(found)); got != x.exit {
				t.Errorf("exit code %d, want %d: %v", got, x.exit, render(found))
			}
			if x.id == "" {
				return
			}
			for _, f := range found {
				if f.ID == x.id {
					if f.Severity != x.severity || f.Security != x.security {
						t.Errorf("%s is %s, security %t", f.ID, f.Severity, f.Security)
					}
					return
				}
			}
			t.Errorf("no %s among %v", x.id, render(found))
		})
	}
}
