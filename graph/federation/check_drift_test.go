package federation_test

import (
	"testing"

	"signpost/graph/facts"
)

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
