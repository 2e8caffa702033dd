package graph_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

var ofDomain = []facts.Name{facts.NameDomain, facts.NameFederation}

// domains is a tenant with one domain of each kind.
func domains() tenantfake.State {
	return tenantfake.State{
		Domains: []tenantfake.Object{
			{"id": "contoso.com", "authenticationType": "Managed", "isRoot": true, "isVerified": true, "isDefault": true, "passwordValidityPeriodInDays": 90},
			{"id": "fed.example", "authenticationType": "Federated", "isRoot": true, "isVerified": true},
			{"id": "emea.fed.example", "authenticationType": "Federated", "isRoot": false, "isVerified": true},
			{"id": "broken.example", "authenticationType": "Federated", "isRoot": true, "isVerified": true},
			{"id": "orphan.lost.example", "authenticationType": "Federated", "isRoot": false, "isVerified": true},
		},
		Federation: map[string]tenantfake.Object{"fed.example": {
			"@odata.type": "#microsoft.graph.internalDomainFederation", "id": "6601d14b-0000-4f64-8da2-000000000001", "displayName": "Fed", "issuerUri": "http://fed.example/adfs/services/trust/",
			"passiveSignInUri": "https://sts.fed.example/adfs/ls/", "preferredAuthenticationProtocol": "wsFed", "federatedIdpMfaBehavior": "acceptIfMfaDoneByFederatedIdp",
			"signingCertificate":             tenantfake.SigningCertificate("sts", now.AddDate(-1, 0, 0), now.AddDate(0, 1, 0)),
			"nextSigningCertificate":         tenantfake.SigningCertificate("sts next", now, now.AddDate(1, 0, 0)),
			"signingCertificateUpdateStatus": tenantfake.Object{"certificateUpdateResult": "Success", "lastRunDateTime": "2026-08-25T07:44:46.2616778Z"},
		}},
	}
}

func TestDomainAndTrust(t *testing.T) {
	for name, c := range map[string]struct {
		domain     string
		state      facts.State
		root       string
		federation facts.State
		says       string
	}{
		"managed":                           {"contoso.com", facts.Seen, "contoso.com", facts.Absent, "domain is managed"},
		"federated":                         {"fed.example", facts.Seen, "fed.example", facts.Seen, ""},
		"child takes the trust of its root": {"emea.fed.example", facts.Seen, "fed.example", facts.Seen, ""},
		"federated without a trust":         {"broken.example", facts.Seen, "broken.example", facts.Absent, "the trust is broken"},
		"child whose root cannot be read":   {"orphan.lost.example", facts.Seen, "", facts.Failed, "root domain"},
		"of another tenant":                 {"elsewhere.example", facts.Absent, "", facts.Absent, "no domain of this tenant"},
		"in capitals":                       {"Contoso.COM", facts.Seen, "contoso.com", facts.Absent, "domain is managed"},
		"none":                              {"", facts.NotAsked, "", facts.NotAsked, "no domain"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, domains())
			r := connect(t, s).Collect(t.Context(), facts.Query{Ask: ofDomain, Domain: c.domain})
			if c.domain == "" { // nobody and nothing is named
				r.Domain.Reason, r.Federation.Reason = "no domain", "no domain"
			}
			if r.Domain.State != c.state || r.Domain.OK() && r.Domain.Value.Root != c.root {
				t.Errorf("domain %s %q %+v", r.Domain.State, r.Domain.Reason, r.Domain.Value)
			}
			if r.Federation.State != c.federation || !strings.Contains(r.Federation.Reason, c.says) {
				t.Errorf("federation %s %q", r.Federation.State, r.Federation.Reason)
			}
			if strings.Contains(c.domain, "broken") && strings.Contains(r.Federation.Reason, "not federated") {
				t.Error("a broken trust reads like no trust")
			}
			if f := r.Federation.Value; f != nil && f.Domain != "fed.example" {
				t.Errorf("trust of %s", f.Domain)
			}
		})
	}
}

func TestTrustIsReadWhole(t *testing.T) {
	s := serve(t, domains())
	f := connect(t, s).Collect(t.Context(), facts.Query{Ask: ofDomain, User: "ana@fed.example"}).Federation
	if !f.OK() {
		t.Fatalf("%s %q", f.State, f.Reason)
	}
	got := *f.Value
	ran, ends := time.Date(2026, 8, 25, 7, 44, 46, 261677800, time.UTC), now.AddDate(1, 0, 0)
	want := facts.Federation{
		ID: "6601d14b-0000-4f64-8da2-000000000001", Domain: "fed.example", DisplayName: "Fed", Provider: "AD FS", Issuer: "http://fed.example/adfs/services/trust/",
		PassiveURI: "https://sts.fed.example/adfs/ls/", Protocol: "wsFed", MFABehavior: "acceptIfMfaDoneByFederatedIdp",
		Rollover: "Success", RolloverAt: &ran, CertificateEnds: &ends, Certificates: got.Certificates,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(got.Certificates) != 2 || got.Certificates[0].Slot != "current" || got.Certificates[1].Subject != "CN=sts next" {
		t.Errorf("certificates %+v", got.Certificates)
	}
}

func TestUnknownMFABehaviourIsNotUnset(t *testing.T) {
	state := domains()
	state.Federation["fed.example"]["federatedIdpMfaBehavior"] = "askTheOracle"
	state.Federation["fed.example"]["preferredAuthenticationProtocol"] = "carrierPigeon"
	f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: ofDomain, Domain: "fed.example"}).Federation
	if !f.OK() || f.Value.MFABehavior != "askTheOracle" || f.Value.Protocol != "carrierPigeon" {
		t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
	}
}

func TestProviderIsToldByTheEndpoints(t *testing.T) {
	for address, want := range map[string]string{
		"https://sts.fed.example/adfs/ls/":                          "AD FS",
		"https://fed.okta.com/app/office365/exk1/sso/wsfed/passive": "Okta",
		"https://login.fed.example/idp/prp.ping":                    "Ping",
		"https://sso.connect.pingidentity.com/sso/idp/SSO.saml2":    "Ping",
		"https://accounts.google.com/o/saml2/idp?idpid=C01":         "Google",
		"https://evil-okta.com.attacker.example/":                   "other",
		"https://notokta.com/app":                                   "other",
		"":                                                          "other",
	} {
		state := domains()
		state.Federation["fed.example"]["passiveSignInUri"] = address
		f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: ofDomain, Domain: "fed.example"}).Federation
		if !f.OK() || f.Value.Provider != want {
			t.Errorf("%s is %+v, want %s", address, f.Value, want)
		}
	}
}

func TestProvidersAreReadWithoutTheirSecrets(t *testing.T) {
	state := tenantfake.Demo(now)
	state.Providers = append(state.Providers, tenantfake.Object{"@odata.type": "#microsoft.graph.openIdConnectIdentityProvider", "id": "OIDC-1", "displayName": "Partner"})
	f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameProviders}}).Providers
	want := &facts.Providers{
		Types: []string{"Google", "EmailOTP", "openIdConnect"},
		List:  []facts.Provider{{ID: "Google-OAUTH", Type: "Google", Name: "Google"}, {ID: "EmailOtpSignup-OAUTH", Type: "EmailOTP", Name: "Email One Time Passcode"}, {ID: "OIDC-1", Type: "openIdConnect", Name: "Partner"}},
	}
	if diff := cmp.Diff(want, f.Value); diff != "" {
		t.Error(diff)
	}
}
