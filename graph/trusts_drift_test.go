package graph_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// What is different from the trust that somebody approved is found; what is the same is not.
func TestDriftAgainstTheApprovedTrust(t *testing.T) {
	child := named("eu.fed.example", "Federated")
	child["isRoot"] = false
	for _, x := range []struct {
		name string
		set  func(behind)
		want []string
	}{
		{name: "nothing"},
		{name: "the issuer", set: func(b behind) { b.set("issuerUri", "http://sts.fed.example/adfs/services/trust") },
			want: []string{"fed.example drift-issuerUri warning security", "fed.example issuer-differs warning"}},
		{name: "MFA weakened", set: func(b behind) { b.set("federatedIdpMfaBehavior", "acceptIfMfaDoneByFederatedIdp") }, want: []string{"fed.example mfa-weakened warning security"}},
		{name: "MFA unset", set: func(b behind) { b.set("federatedIdpMfaBehavior", nil) }, want: []string{"fed.example mfa-weakened warning security", "fed.example mfa-unset note"}},
		{name: "sign-out at another path", set: func(b behind) { b.set("signOutUri", b.p.URL+"/adfs/ls/out") }, want: []string{"fed.example drift-signOutUri note"}},
		{name: "the name", set: func(b behind) { b.set("displayName", "Fed") }, want: []string{"fed.example drift-displayName note"}},
		{name: "prompt behaviour", set: func(b behind) { b.set("promptLoginBehavior", "disabled") }, want: []string{"fed.example drift-promptLoginBehavior note"}},
		{name: "signed requests", set: func(b behind) { b.set("isSignedAuthenticationRequestRequired", true) }, want: []string{"fed.example drift-isSignedAuthenticationRequestRequired note"}},
		{name: "a certificate that the identity provider publishes", set: func(b behind) { b.both(signing(-60, 305), signing(-1, 364)) },
			want: []string{"fed.example drift-signingCertificate note"}},
		{name: "a certificate that nobody knows", set: func(b behind) { b.hold(signing(-60, 305), signing(-1, 364)) },
			want: []string{"fed.example certificate-foreign warning security", "fed.example drift-signingCertificate warning security"}},
		{name: "managed now", set: func(b behind) {
			b.s.Change(func(st *tenantfake.State) { st.Domains[1]["authenticationType"] = "Managed" })
		},
			want: []string{"fed.example domain-converted warning security"}},
		{name: "another domain is federated now", set: func(b behind) {
			b.s.Change(func(st *tenantfake.State) {
				st.Domains[0]["authenticationType"] = "Federated"
				st.Federation["contoso.com"] = tenantfake.AdfsTrust("contoso.com", b.p.Host, signing(-60, 305), now)
			})
		}, want: []string{"contoso.com domain-new-federated warning security"}},
		{name: "a new domain, federated", set: func(b behind) {
			b.s.Change(func(st *tenantfake.State) {
				st.Domains = append(st.Domains, named("new.example", "Federated"))
				st.Federation["new.example"] = tenantfake.AdfsTrust("new.example", b.p.Host, signing(-60, 305), now)
			})
		}, want: []string{"new.example domain-new-federated warning security"}},
		{name: "a new domain, managed", set: func(b behind) {
			b.s.Change(func(st *tenantfake.State) { st.Domains = append(st.Domains, named("new.example", "Managed")) })
		}, want: []string{"new.example domain-new note"}},
		{name: "a new child", set: func(b behind) { b.s.Change(func(st *tenantfake.State) { st.Domains = append(st.Domains, child) }) },
			want: []string{"domain-new note"}},
		{name: "a domain that nobody has verified", set: func(b behind) {
			b.s.Change(func(st *tenantfake.State) {
				d := named("new.example", "Managed")
				d["isVerified"] = false
				st.Domains = append(st.Domains, d)
			})
		}},
		{name: "the domain is gone", set: func(b behind) { b.s.Change(func(st *tenantfake.State) { st.Domains = st.Domains[:1] }) },
			want: []string{"domain-removed warning security"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := provider(t, tenantfake.IdPFault{})
			tenant := connect(t, b.s, func(c *graph.Config) { c.Metadata = nil })
			before := tenant.Trusts(t.Context(), facts.TrustQuery{})
			if before.Status != facts.Healthy {
				t.Fatalf("%s before anything has changed: %v", before.Status, found(before))
			}
			q := facts.TrustQuery{Approved: map[string]facts.Federation{"fed.example": *before.Domains[0].Federation.Value}, Verified: before.Verified, Federated: []string{"fed.example"},
				Approvals: map[string]facts.Approval{"fed.example": {At: now, By: "alice"}}}
			if x.set != nil {
				x.set(b)
			}
			later(b.s, 20*time.Minute)
			want := x.want
			if want == nil {
				want = []string{}
			}
			if diff := cmp.Diff(want, found(tenant.Trusts(t.Context(), q))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// A child follows its root, also where its name would allow two of them, and is not told by itself.
func TestChildrenAreToldWithTheirRoot(t *testing.T) {
	b := provider(t, tenantfake.IdPFault{})
	below := func(name string) tenantfake.Object {
		d := named(name, "Federated")
		d["isRoot"] = false
		return d
	}
	b.s.Change(func(st *tenantfake.State) {
		st.Domains = append(st.Domains, named("eu.fed.example", "Federated"), below("us.fed.example"), below("de.eu.fed.example"), below("lost.elsewhere.example"))
		st.Federation["eu.fed.example"] = tenantfake.AdfsTrust("eu.fed.example", b.p.Host, signing(-60, 305), now)
	})
	r := connect(t, b.s, func(c *graph.Config) { c.Metadata = nil }).Trusts(t.Context(), facts.TrustQuery{})
	children := map[string][]string{}
	for _, d := range r.Domains {
		children[d.Domain] = d.Children
	}
	want := map[string][]string{"fed.example": {"us.fed.example"}, "eu.fed.example": {"de.eu.fed.example"}, "lost.elsewhere.example": nil}
	if diff := cmp.Diff(want, children); diff != "" {
		t.Errorf("children (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"lost.elsewhere.example realm-differs warning", "lost.elsewhere.example federation-unreadable unknown"}, found(r)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if n := b.s.Count("/rootDomain"); n != 2 {
		t.Errorf("asked for the root %d times, want it for those alone whose name does not tell", n)
	}
}

func TestTheProductIsToldByTheEndpoints(t *testing.T) {
	for address, want := range map[string]string{
		"https://sts.fed.example/adfs/ls/":                               "AD FS",
		"https://fed.okta.com/app/office365/exk1/sso/wsfed/passive":      "Okta",
		"https://login.fed.example/app/office365/exk1/sso/wsfed/passive": "Okta",
		"https://accounts.google.com/o/saml2/idp?idpid=C01":              "Google",
		"https://accounts.google.com.evil.example/o/saml2/idp?idpid=C01": "other",
		"https://auth.pingone.eu/1/saml20/idp/sso":                       "Ping",
		"https://ping.fed.example/idp/prp.wsf":                           "Ping",
		"https://notokta.com/sso":                                        "other",
		"https://idp.fed.example/simplesaml/saml2/idp/SSOService.php":    "other",
		"": "other",
	} {
		s := serve(t, domains())
		s.Change(func(st *tenantfake.State) {
			st.Federation["fed.example"]["passiveSignInUri"] = address
			st.Federation["fed.example"]["activeSignInUri"] = ""
			st.Federation["fed.example"]["metadataExchangeUri"] = ""
		})
		f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameDomain, facts.NameFederation}, Domain: "fed.example"}).Federation
		if !f.OK() || f.Value.Provider != want {
			t.Errorf("%s: %s %+v, want %s", address, f.State, f.Value, want)
		}
	}
}

func TestTwoScansShareTheLimits(t *testing.T) {
	b := provider(t, tenantfake.IdPFault{})
	b.s.Change(func(st *tenantfake.State) {
		for _, name := range many(1200) {
			st.Domains = append(st.Domains, named(name, "Federated"))
			st.Federation[name] = tenantfake.AdfsTrust(name, b.p.Host, signing(-60, 305), now)
		}
	})
	tenant := connect(t, b.s, func(c *graph.Config) { c.Metadata = nil })
	for range 2 { // the counts alone are 1,201 reads each; the trusts are kept for five minutes
		if r := tenant.Trusts(t.Context(), facts.TrustQuery{Schedule: true}); r.Status != facts.Healthy || len(r.Domains) != 1201 {
			t.Errorf("%s, %d domains", r.Status, len(r.Domains))
		}
	}
	if n := b.s.Throttled(); n != 0 {
		t.Errorf("%d requests throttled", n)
	}
}

// many are names of domains.
func many(n int) []string {
	var all []string
	for i := range n {
		all = append(all, "d"+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676))+".example")
	}
	slices.Sort(all)
	return all
}
