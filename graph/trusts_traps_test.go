package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/federation"
	"signpost/graph/tenantfake"
)

// behind is a tenant whose one federated domain, fed.example, signs in at an identity provider on a host of its own.
type behind struct {
	s *tenantfake.Server
	p *tenantfake.IdP
}

func provider(t *testing.T, fault tenantfake.IdPFault) behind {
	t.Helper()
	s := serve(t, tenantfake.State{})
	b := behind{s, s.IdP(fault)}
	t.Cleanup(b.p.Close)
	s.Change(func(st *tenantfake.State) {
		st.Domains = []tenantfake.Object{named("contoso.com", "Managed"), named("fed.example", "Federated")}
		st.Other = map[string][]tenantfake.Object{}
	})
	b.hold(signing(-60, 305))
	b.publish(signing(-60, 305))
	return b
}

// made keeps signing certificates by their days, so that the one that is held and the one that is published are the same.
var made = map[[2]int]string{}

// signing is the token-signing certificate of an AD FS that is valid from and to some days from now.
func signing(from, to int) string {
	key := [2]int{from, to}
	if made[key] == "" {
		made[key] = tenantfake.SigningCertificate("ADFS Signing", now.AddDate(0, 0, from), now.AddDate(0, 0, to))
	}
	return made[key]
}

// hold writes the trust: current, then next.
func (b behind) hold(certs ...string) {
	trust := tenantfake.AdfsTrust("fed.example", b.p.Host, certs[0], now)
	trust["id"] = "6601d14b-0000-4f64-8da2-000000000001"
	if len(certs) > 1 {
		trust["nextSigningCertificate"] = certs[1]
	}
	b.s.Change(func(st *tenantfake.State) { st.Federation = map[string]tenantfake.Object{"fed.example": trust} })
}

func (b behind) publish(certs ...string) {
	b.p.Publish(tenantfake.MetadataPath, tenantfake.FederationMetadata(b.p.Host, certs...))
}

func (b behind) both(certs ...string) { b.hold(certs...); b.publish(certs...) }

// set changes properties of the trust: names and values in turn.
func (b behind) set(pairs ...any) {
	b.s.Change(func(st *tenantfake.State) {
		for i := 0; i+1 < len(pairs); i += 2 {
			st.Federation["fed.example"][pairs[i].(string)] = pairs[i+1]
		}
	})
}

// at moves the sign-in address of the trust to another path of the host, which tells the kind of identity provider.
func (b behind) at(path string) {
	b.set("passiveSignInUri", b.p.URL+path, "activeSignInUri", b.p.URL+path, "metadataExchangeUri", b.p.URL+path, "signOutUri", b.p.URL+path, "issuerUri", "http://idp.example/x1",
		"signingCertificateUpdateStatus", tenantfake.Object{"certificateUpdateResult": "notFound", "lastRunDateTime": nil})
}

// rollover is what the automatic update of certificates said, and how many days ago.
func (b behind) rollover(result string, days int) {
	b.set("signingCertificateUpdateStatus", tenantfake.Object{"certificateUpdateResult": result, "lastRunDateTime": now.AddDate(0, 0, -days).Format(time.RFC3339)})
}

// realm is what the sign-in page says instead of the truth.
func (b behind) realm(status int, body string) {
	b.s.Break(tenantfake.Fault{Path: "getuserrealm.srf", Status: status, Body: body})
}

// graphSays is what Graph answers instead of the trust.
func (b behind) graphSays(status int, body string) {
	b.s.Break(tenantfake.Fault{Path: "v1.0/domains/fed.example/federationConfiguration", Status: status, Body: body})
}

// weakened is a change of the MFA behaviour in the audit, some days ago.
func (b behind) weakened(days int) {
	b.set("federatedIdpMfaBehavior", "acceptIfMfaDoneByFederatedIdp")
	b.s.Change(func(st *tenantfake.State) {
		st.Other["auditLogs/directoryAudits"] = []tenantfake.Object{tenantfake.TrustChange("fed.example", now.AddDate(0, 0, -days), "admin@contoso.com", "FederatedIdpMfaBehavior", "rejectMfaByFederatedIdp", "acceptIfMfaDoneByFederatedIdp")}
	})
}

// Each fault of a trust has its healthy twin here: what looks like it and is none.
func TestTrapsOfFederation(t *testing.T) {
	tls := func(from, to int) tenantfake.IdPFault {
		return tenantfake.IdPFault{NotBefore: now.AddDate(0, 0, from), NotAfter: now.AddDate(0, 0, to)}
	}
	answer := func(h http.HandlerFunc) tenantfake.IdPFault { return tenantfake.IdPFault{Answer: h} }
	metadata := func(w http.ResponseWriter, r *http.Request, text string) {
		w.Header().Set("Content-Type", "application/samlmetadata+xml")
		_, _ = w.Write([]byte(strings.Replace(tenantfake.FederationMetadata(r.Host, signing(-60, 305)), "<EntityDescriptor", text+"<EntityDescriptor", 1)))
	}
	unreadable, foreign := "fed.example metadata-unreadable warning", "fed.example certificate-foreign warning security"
	ends := func(severity string) string { return "fed.example certificate-ends " + severity }
	for _, x := range []struct {
		name  string
		fault tenantfake.IdPFault
		set   func(behind)
		want  []string
		exit  int
	}{
		{name: "in order"},

		// The host of the identity provider.
		{name: "TLS expired", fault: tls(-90, -1), want: []string{"fed.example endpoint-expired critical", unreadable}, exit: 2},
		{name: "TLS not valid yet", fault: tls(1, 90), want: []string{"fed.example endpoint-expired critical", unreadable}, exit: 2},
		{name: "TLS for another name", fault: tenantfake.IdPFault{Name: "sts.other.example"}, want: []string{"fed.example endpoint-untrusted warning", unreadable}, exit: 1},
		{name: "TLS of nobody", fault: tenantfake.IdPFault{Untrusted: true}, want: []string{"fed.example endpoint-untrusted warning", unreadable}, exit: 1},
		{name: "TLS ends in 5 days", fault: tls(-85, 5), want: []string{"fed.example endpoint-ends warning"}, exit: 1},
		{name: "TLS ends in 12 days", fault: tls(-78, 12), want: []string{"fed.example endpoint-ends note"}},
		{name: "TLS ends in 20 days", fault: tls(-70, 20)},
		{name: "TLS of six days, renewed by itself", fault: tls(-1, 5)},
		{name: "a link-local host", set: func(b behind) {
			b.set("passiveSignInUri", "https://169.254.169.254/adfs/ls/", "activeSignInUri", "", "metadataExchangeUri", "", "signOutUri", "")
		}, want: []string{"fed.example endpoint-refused warning security", unreadable}, exit: 1},
		{name: "sign-in without encryption", set: func(b behind) { b.set("activeSignInUri", "http://"+b.p.Host+"/adfs/services/trust/2005/usernamemixed") },
			want: []string{"fed.example endpoint-plain warning security"}, exit: 1},

		// What it publishes.
		{name: "a redirect elsewhere", fault: answer(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://localhost:1/elsewhere.xml", http.StatusFound)
		}), want: []string{unreadable}, exit: 1},
		{name: "a redirect within the host", fault: answer(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/here.xml" {
				http.Redirect(w, r, "/here.xml", http.StatusFound)
				return
			}
			metadata(w, r, "")
		})},
		{name: "a DTD", fault: answer(func(w http.ResponseWriter, r *http.Request) {
			metadata(w, r, `<!DOCTYPE EntityDescriptor [<!ENTITY a "a">]>`)
		}), want: []string{unreadable}, exit: 1},
		{name: "a comment is no DTD", fault: answer(func(w http.ResponseWriter, r *http.Request) {
			metadata(w, r, `<?xml version="1.0"?><!-- made by hand -->`)
		})},
		{name: "a giant", fault: answer(func(w http.ResponseWriter, r *http.Request) { metadata(w, r, strings.Repeat(" ", 3<<20)) }), want: []string{unreadable}, exit: 1},
		{name: "a web page", fault: answer(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Sign in</html>")) }), want: []string{unreadable}, exit: 1},
		{name: "no longer there", set: func(b behind) { b.p.Publish(tenantfake.MetadataPath, "") }, want: []string{unreadable}, exit: 1},
		{name: "one more certificate", set: func(b behind) { b.publish(signing(-60, 305), signing(-1, 364)) }, want: []string{"fed.example metadata-unknown-certificate warning"}, exit: 1},
		{name: "one more certificate, which has ended", set: func(b behind) { b.publish(signing(-60, 305), signing(-400, -35)) }},
		{name: "another certificate alone", set: func(b behind) { b.publish(signing(-1, 364)) }, want: []string{"fed.example metadata-unknown-certificate critical"}, exit: 2},
		{name: "a certificate slipped in as the next", set: func(b behind) { b.hold(signing(-60, 305), signing(-1, 364)) }, want: []string{foreign}, exit: 1},

		// The certificates that Entra holds: both verify tokens.
		{name: "20 days left, nothing staged", set: func(b behind) { b.both(signing(-345, 20)) }, want: []string{ends("warning")}, exit: 1},
		{name: "20 days left, staged and published", set: func(b behind) { b.both(signing(-345, 20), signing(-5, 360)) }, want: []string{"fed.example certificate-rollover note"}},
		{name: "10 days left, staged and published", set: func(b behind) { b.both(signing(-355, 10), signing(-5, 360)) }, want: []string{"fed.example certificate-rollover note"}},
		{name: "20 days left, the next is the same", set: func(b behind) { b.both(signing(-345, 20), signing(-345, 20)) }, want: []string{ends("warning")}, exit: 1},
		{name: "20 days left, the next is older", set: func(b behind) { b.both(signing(-345, 20), signing(-400, -10)) }, want: []string{ends("warning")}, exit: 1},
		{name: "the next is older, outside the window", set: func(b behind) { b.both(signing(-60, 305), signing(-400, -10)) }},
		{name: "rolled over, the old one is still held", set: func(b behind) { b.hold(signing(-345, 200), signing(-5, 360)); b.publish(signing(-5, 360)) },
			want: []string{"fed.example certificate-retired note"}},
		{name: "ended, the next is valid", set: func(b behind) { b.both(signing(-400, -1), signing(-40, 325)) }, want: []string{"fed.example certificate-expired critical"}, exit: 2},
		{name: "no certificate at all", set: func(b behind) { b.set("signingCertificate", nil) }, want: []string{"fed.example certificate-missing critical"}, exit: 2},
		{name: "a certificate in lines", set: func(b behind) {
			c := signing(-60, 305)
			b.set("signingCertificate", c[:64]+"\r\n"+c[64:]+"\r\n")
		}},
		{name: "a certificate that is none", set: func(b behind) { b.set("signingCertificate", "MIIC") }, want: []string{"fed.example metadata-unknown-certificate critical", "fed.example certificate-unreadable unknown"}, exit: 2},

		// Entra's own update of them.
		{name: "update failed, certificate young", set: func(b behind) { b.rollover("couldNotAccessRemoteHost", 1) }, want: []string{"fed.example rollover note"}},
		{name: "update failed, 40 days left", set: func(b behind) { b.both(signing(-325, 40)); b.rollover("connectionError", 1) }, want: []string{ends("note"), "fed.example rollover note"}},
		{name: "update failed, 30 days left", set: func(b behind) { b.both(signing(-335, 30)); b.rollover("connectionError", 1) }, want: []string{ends("warning"), "fed.example rollover warning"}, exit: 1},
		{name: "update ran long ago, 20 days left", set: func(b behind) { b.both(signing(-345, 20)); b.rollover("success", 12) }, want: []string{ends("warning"), "fed.example rollover warning"}, exit: 1},
		{name: "update ran long ago, certificate young", set: func(b behind) { b.rollover("SUCCESS", 50) }},
		{name: "update found nothing", set: func(b behind) { b.rollover("noNewCertificateFound", 1) }},

		// What kind of identity provider it is.
		{name: "AD FS, ten years", set: func(b behind) { b.both(signing(-10, 3640)) }, want: []string{"fed.example certificate-validity warning security"}, exit: 1},
		{name: "AD FS, three years", set: func(b behind) { b.both(signing(-10, 1085)) }},
		{name: "Okta, ten years, which publishes elsewhere", set: func(b behind) { b.hold(signing(-10, 3640)); b.at("/app/office365/exk1/sso/wsfed/passive") }},
		{name: "Okta, thirty years", set: func(b behind) { b.hold(signing(-10, 10950)); b.at("/app/office365/exk1/sso/wsfed/passive") }, want: []string{"fed.example certificate-validity warning security"}, exit: 1},
		{name: "Okta, 20 days left", set: func(b behind) { b.hold(signing(-3630, 20)); b.at("/app/office365/exk1/sso/wsfed/passive") }, want: []string{ends("warning")}, exit: 1},
		{name: "Ping that publishes elsewhere", set: func(b behind) { b.at("/idp/prp.wsf") }},
		{name: "Ping that publishes another certificate", set: func(b behind) {
			b.at("/idp/prp.wsf")
			b.p.Publish("/pf/federation_metadata.ping", strings.ReplaceAll(strings.ReplaceAll(tenantfake.FederationMetadata(b.p.Host, signing(-1, 364)), "/adfs/ls/", "/idp/prp.wsf"), "http://"+b.p.Host+"/adfs/services/trust", "http://idp.example/x1"))
		}, want: []string{"fed.example metadata-unknown-certificate critical"}, exit: 2},
		{name: "SAML", set: func(b behind) { b.set("preferredAuthenticationProtocol", "saml") }},

		// MFA.
		{name: "MFA unset", set: func(b behind) { b.set("federatedIdpMfaBehavior", nil) }, want: []string{"fed.example mfa-unset note"}},
		{name: "MFA by Entra unless done", set: func(b behind) { b.set("federatedIdpMfaBehavior", "acceptIfMfaDoneByFederatedIdp") }},
		{name: "MFA weakened, says the audit", set: func(b behind) { b.weakened(6) }, want: []string{"fed.example mfa-weakened warning security"}, exit: 1},
		{name: "MFA weakened, says an audit that refuses or", set: func(b behind) { b.s.Change(func(st *tenantfake.State) { st.RefuseOr = true }); b.weakened(6) },
			want: []string{"fed.example mfa-weakened warning security"}, exit: 1},
		{name: "an audit that refuses or, and nothing in it", set: func(b behind) { b.s.Change(func(st *tenantfake.State) { st.RefuseOr = true }) }},
		{name: "MFA weakened long ago", set: func(b behind) { b.weakened(40) }},
		{name: "an audit of a tenant without a premium licence", set: func(b behind) { b.s.Change(func(st *tenantfake.State) { st.NoPremium = true }); b.weakened(6) },
			want: []string{"fed.example mfa-weakened warning security"}, exit: 1},

		// What Graph and the sign-in page say.
		{name: "federated, and the list of configurations is empty", set: func(b behind) { b.graphSays(200, `{"value":[]}`) }, want: []string{"fed.example federation-missing critical"}, exit: 2},
		{name: "federated, and 404", set: func(b behind) { b.s.Change(func(st *tenantfake.State) { st.Federation = nil }) }, want: []string{"fed.example federation-missing critical"}, exit: 2},
		{name: "a proxy's 404", set: func(b behind) { b.graphSays(404, "<html>") }, want: []string{"fed.example federation-unreadable unknown"}, exit: 3},
		{name: "a configuration that may not be read", set: func(b behind) { b.s.Without("Domain-InternalFederation.Read.All") }, want: []string{"fed.example federation-unreadable unknown"}, exit: 3},
		{name: "Graph fails", set: func(b behind) { b.graphSays(500, `{}`) }, want: []string{"fed.example federation-unreadable unknown"}, exit: 3},
		{name: "managed, says the sign-in page", set: func(b behind) { b.realm(200, `{"NameSpaceType":"Managed"}`) }, want: []string{"fed.example realm-differs warning"}, exit: 1},
		{name: "sent to another host, says the sign-in page", set: func(b behind) {
			b.realm(200, `{"NameSpaceType":"Federated","AuthURL":"https://sts.evil.example/adfs/ls/?x"}`)
		}, want: []string{"fed.example realm-host warning security"}, exit: 1},
		{name: "a silent sign-in page", set: func(b behind) { b.realm(404, "") }},
		{name: "federated and not verified", set: func(b behind) { b.s.Change(func(st *tenantfake.State) { st.Domains[1]["isVerified"] = false }) },
			want: []string{"fed.example domain-unverified warning security"}, exit: 1},
		{name: "synchronised, at a time that nobody tells", set: func(b behind) {
			b.s.Change(func(st *tenantfake.State) {
				st.Other["organization"] = []tenantfake.Object{{"onPremisesSyncEnabled": true}}
			})
		}, want: []string{"sync-unreadable unknown"}, exit: 3},
		{name: "never synchronised", set: func(b behind) {
			b.s.Change(func(st *tenantfake.State) {
				st.Other["organization"] = []tenantfake.Object{{"onPremisesSyncEnabled": nil}}
			})
		}},
		{name: "pages of one", set: func(b behind) {
			b.s.Change(func(st *tenantfake.State) {
				st.PageSize = 1
				st.Domains = append(st.Domains, named("last.example", "Federated"))
			})
			b.weakened(6)
		}, want: []string{"last.example federation-missing critical", "fed.example mfa-weakened warning security"}, exit: 2},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := provider(t, x.fault)
			if x.set != nil {
				x.set(b)
			}
			r := connect(t, b.s, func(c *graph.Config) { c.Metadata = nil }).Trusts(t.Context(), facts.TrustQuery{})
			want := x.want
			if want == nil {
				want = []string{}
			}
			if diff := cmp.Diff(want, found(r)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
				for _, d := range r.Domains {
					for _, f := range d.Findings {
						t.Logf("%s: %s", f.ID, f.Says)
					}
				}
			}
			if got := federation.ExitCode(r.Status); got != x.exit {
				t.Errorf("exit code %d, want %d", got, x.exit)
			}
		})
	}
}

func TestOneIdentityProviderBehindManyDomainsIsReadOnce(t *testing.T) {
	b := provider(t, tenantfake.IdPFault{})
	b.s.Change(func(st *tenantfake.State) {
		for i := range 40 {
			name := fmt.Sprintf("d%d.example", i)
			st.Domains = append(st.Domains, named(name, "Federated"))
			st.Federation[name] = tenantfake.AdfsTrust(name, b.p.Host, signing(-60, 305), now) // each with an issuer of its own
		}
	})
	tenant := connect(t, b.s, func(c *graph.Config) { c.Metadata = nil })
	if r := tenant.Trusts(t.Context(), facts.TrustQuery{}); r.Status != facts.Healthy || len(r.Domains) != 41 {
		t.Fatalf("%s %v", r.Status, found(r))
	}
	if n := b.p.Asked(tenantfake.MetadataPath); n != 1 {
		t.Errorf("the metadata was asked for %d times", n)
	}
	later(b.s, 20*time.Minute) // longer than a document is kept without asking
	if r := tenant.Trusts(t.Context(), facts.TrustQuery{}); r.Status != facts.Healthy || b.p.Asked(tenantfake.MetadataPath) != 2 || b.p.Unchanged() != 1 {
		t.Errorf("%s, asked %d times, %d times answered with not modified", r.Status, b.p.Asked(tenantfake.MetadataPath), b.p.Unchanged())
	}
}

// An AD FS that answers people alone, and not where Signpost runs, is watched by the metadata that the configuration names.
func TestAnIdentityProviderOutOfReach(t *testing.T) {
	b := provider(t, tenantfake.IdPFault{})
	const host = "sts.invalid"
	trust := tenantfake.AdfsTrust("fed.example", host, signing(-60, 305), now)
	b.s.Change(func(st *tenantfake.State) { st.Federation["fed.example"] = trust })
	b.p.Publish("/copy.xml", tenantfake.FederationMetadata(host, signing(-60, 305)))
	for name, x := range map[string]struct {
		metadata map[string]string
		want     []string
	}{
		"metadata elsewhere": {map[string]string{"fed.example": b.p.URL + "/copy.xml"}, []string{"fed.example endpoint-unreachable note"}},
		"nothing at all":     {nil, []string{"fed.example endpoint-unreachable warning", "fed.example metadata-unreadable warning"}},
	} {
		r := connect(t, b.s, func(c *graph.Config) { c.Metadata = x.metadata }).Trusts(t.Context(), facts.TrustQuery{})
		if diff := cmp.Diff(x.want, found(r)); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", name, diff)
		}
	}
}
