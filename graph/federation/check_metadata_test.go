package federation_test

import (
	"testing"

	"signpost/graph/facts"
)

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
		"the key of an app at Okta, with and without its URL": {func(w *world) {
			w.f.Provider, w.m.EntityID, w.f.Issuer = "Okta", "http://www.okta.com/exk1abc", "exk1abc"
		}, nil},
		"the key of another app at Okta": {func(w *world) {
			w.f.Provider, w.m.EntityID, w.f.Issuer = "Okta", "http://www.okta.com/exk1abc", "http://www.okta.com/exk2xyz"
		}, []string{"issuer-differs warning"}},
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
