package graph_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

var ofMetadata = []facts.Name{facts.NameDomain, facts.NameFederation, facts.NameMetadata}

// publishing is a fake tenant whose fed.example is federated with an AD FS on the fake's own host.
func publishing(t *testing.T, certificates func(trust tenantfake.Object) []string) *tenantfake.Server {
	t.Helper()
	s := serve(t, domains())
	s.Change(func(st *tenantfake.State) {
		trust := st.Federation["fed.example"]
		trust["passiveSignInUri"] = s.URL + "/adfs/ls/"
		st.Published = map[string]string{tenantfake.MetadataPath: tenantfake.FederationMetadata(strings.TrimPrefix(s.URL, "https://"), certificates(trust)...)}
	})
	return s
}

func held(trust tenantfake.Object) []string {
	return []string{trust["signingCertificate"].(string), trust["nextSigningCertificate"].(string)}
}

func TestMetadataIsComparedWithTheTrust(t *testing.T) {
	s := publishing(t, func(trust tenantfake.Object) []string {
		return []string{trust["signingCertificate"].(string), tenantfake.SigningCertificate("rolled over", now, now.AddDate(1, 0, 0))}
	})
	tenant := connect(t, s)
	r := tenant.Collect(t.Context(), facts.Query{Ask: ofMetadata, User: "ana@emea.fed.example"})
	m := r.Metadata
	if !m.OK() || !m.ReadAt.Equal(now) {
		t.Fatalf("%s %q", m.State, m.Reason)
	}
	same := true
	want := *m.Value
	want.URL, want.Guessed, want.EntityID = s.URL+tenantfake.MetadataPath, true, "http://"+strings.TrimPrefix(s.URL, "https://")+"/adfs/services/trust"
	want.Unknown, want.Gone = []string{m.Value.Certificates[1].SHA1}, []string{r.Federation.Value.Certificates[1].SHA1}
	want.Covered, want.None, want.Same, want.Signature, want.Fetched = false, false, &same, "none", now
	want.Endpoints = []string{s.URL + "/adfs/ls/"}
	if diff := cmp.Diff(want, *m.Value); diff != "" {
		t.Error(diff)
	}
	if len(m.Value.Certificates) != 2 || m.Value.Certificates[1].Subject != "CN=rolled over" {
		t.Errorf("certificates %+v", m.Value.Certificates)
	}
}

func TestMetadataIsComparedWithTheTrustOfNow(t *testing.T) {
	s := publishing(t, held)
	tenant := connect(t, s)
	q := facts.Query{Ask: ofMetadata, Domain: "fed.example"}
	if m := tenant.Collect(t.Context(), q).Metadata; !m.OK() || !m.Value.Covered {
		t.Fatalf("%s %q %+v", m.State, m.Reason, m.Value)
	}
	s.Change(func(st *tenantfake.State) {
		st.Federation["fed.example"]["signingCertificate"] = tenantfake.SigningCertificate("another", now, now.AddDate(1, 0, 0))
	})
	later(s, 6*time.Minute) // the trust is read anew, the metadata is still good
	if m := tenant.Collect(t.Context(), q).Metadata; !m.OK() || m.Value.Covered || len(m.Value.Gone) != 1 {
		t.Errorf("%s %q %+v", m.State, m.Reason, m.Value)
	}
}

func TestMetadataThatCannotBeTold(t *testing.T) {
	for name, c := range map[string]struct {
		domain string
		change func(*tenantfake.State, *tenantfake.Server)
		config func(*graph.Config, *tenantfake.Server)
		state  facts.State
		says   string
	}{
		"managed":                       {"contoso.com", nil, nil, facts.NotAsked, "not federated"},
		"of another tenant":             {"elsewhere.example", nil, nil, facts.NotAsked, "no domain of this tenant"},
		"federated without a trust":     {"broken.example", nil, nil, facts.NotAsked, "no trust to compare"},
		"a trust that may not be read":  {"fed.example", func(st *tenantfake.State, _ *tenantfake.Server) { st.Permissions = []string{"Domain.Read.All"} }, nil, facts.NotPermitted, "the trust could not be read first"},
		"a domain that may not be read": {"fed.example", func(st *tenantfake.State, _ *tenantfake.Server) { st.Permissions = []string{"User.Read.All"} }, nil, facts.NotPermitted, "the domain could not be read first"},
		"an identity provider that publishes who knows where": {"fed.example", func(st *tenantfake.State, _ *tenantfake.Server) {
			st.Federation["fed.example"]["passiveSignInUri"] = "https://fed.okta.com/app/office365/exk1/sso/wsfed/passive"
		}, nil, facts.NotAsked, "name the address in tenant.metadata"},
		"an AD FS that publishes nothing": {"fed.example", func(st *tenantfake.State, _ *tenantfake.Server) { st.Published = nil }, nil, facts.Failed, "status 404"},
		"a PingFederate that may publish elsewhere": {"fed.example", func(st *tenantfake.State, s *tenantfake.Server) {
			st.Federation["fed.example"]["passiveSignInUri"] = s.URL + "/idp/prp.wsf"
		}, nil, facts.NotAsked, "a guess"},
		"no metadata at all": {"fed.example", func(st *tenantfake.State, _ *tenantfake.Server) { st.Published[tenantfake.MetadataPath] = "<html/>" }, nil, facts.Failed, "web page"},
		"a configured address that has nothing": {"fed.example", nil, func(c *graph.Config, s *tenantfake.Server) {
			c.Metadata = map[string]string{"Fed.Example": s.URL + "/nothing.xml"}
		}, facts.Failed, "status 404"},
		"a link-local AD FS": {"fed.example", func(st *tenantfake.State, _ *tenantfake.Server) {
			st.Federation["fed.example"]["passiveSignInUri"] = "https://169.254.169.254/adfs/ls/"
		}, nil, facts.Failed, "a link-local address"},
		"a plain address": {"fed.example", func(st *tenantfake.State, s *tenantfake.Server) {
			st.Federation["fed.example"]["passiveSignInUri"] = strings.Replace(s.URL, "https", "http", 1) + "/adfs/ls/"
		}, nil, facts.NotAsked, "not known where"},
	} {
		t.Run(name, func(t *testing.T) {
			s := publishing(t, held)
			if c.change != nil {
				s.Change(func(st *tenantfake.State) { c.change(st, s) })
			}
			tenant := connect(t, s, func(cfg *graph.Config) {
				if c.config != nil {
					c.config(cfg, s)
				}
			})
			m := tenant.Collect(t.Context(), facts.Query{Ask: ofMetadata, Domain: c.domain}).Metadata
			if m.State != c.state || !strings.Contains(m.Reason, c.says) {
				t.Errorf("%s %q", m.State, m.Reason)
			}
			if m.State == facts.Failed && (m.Value == nil || m.Value.URL == "") {
				t.Error("the address that failed is not told")
			}
		})
	}
}

func TestTheDemoPublishesACertificateThatEntraLacks(t *testing.T) {
	m := connect(t, serve(t, tenantfake.Demo(now))).Collect(t.Context(), facts.Query{Ask: ofMetadata, User: "lena@fabrikam.com"}).Metadata
	if !m.OK() || !m.Value.None || len(m.Value.Unknown) != 1 || len(m.Value.Gone) != 1 || !*m.Value.Same {
		t.Errorf("%s %q %+v", m.State, m.Reason, m.Value)
	}
}

func TestConfiguredMetadataGoesBeforeAGuess(t *testing.T) {
	s := publishing(t, held)
	s.Change(func(st *tenantfake.State) {
		st.Published["/somewhere.xml"] = st.Published[tenantfake.MetadataPath]
		delete(st.Published, tenantfake.MetadataPath)
	})
	tenant := connect(t, s, func(c *graph.Config) { c.Metadata = map[string]string{"fed.example": s.URL + "/somewhere.xml"} })
	m := tenant.Collect(t.Context(), facts.Query{Ask: ofMetadata, Domain: "emea.fed.example"}).Metadata
	if !m.OK() || m.Value.Guessed || !strings.HasSuffix(m.Value.URL, "/somewhere.xml") || !m.Value.Covered {
		t.Errorf("%s %q %+v", m.State, m.Reason, m.Value)
	}
}

func TestPingFederatePublishesForItsPartner(t *testing.T) {
	s := publishing(t, held)
	s.Change(func(st *tenantfake.State) {
		st.Federation["fed.example"]["passiveSignInUri"] = s.URL + "/idp/prp.wsf"
		st.Published["/pf/federation_metadata.ping"] = st.Published[tenantfake.MetadataPath]
	})
	m := connect(t, s).Collect(t.Context(), facts.Query{Ask: ofMetadata, Domain: "fed.example"}).Metadata
	if !m.OK() || !m.Value.Guessed || m.Value.URL != s.URL+"/pf/federation_metadata.ping?PartnerSpId=urn%3Afederation%3AMicrosoftOnline" {
		t.Errorf("%s %q %+v", m.State, m.Reason, m.Value)
	}
}

func TestMetadataAddressesAreChecked(t *testing.T) {
	s := serve(t, domains())
	for address, want := range map[string]string{
		"http://sts.fed.example/":         "no https address",
		"https:///metadata.xml":           "no https address",
		"sts.fed.example":                 "no https address",
		"https://user:pass@fed.example/x": "a name, a password",
		"https://sts.fed.example/x#y":     "a fragment",
	} {
		cfg, err := graph.FromEnv(func(name string) string { return s.Env()[name] })
		if err != nil {
			t.Fatal(err)
		}
		cfg.Metadata = map[string]string{"fed.example": address}
		if _, err := graph.New(cfg, nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pass@") {
			t.Errorf("%s: error %v, want %q", address, err, want)
		}
	}
}

func TestAChangeOfATrustTellsWhatItWas(t *testing.T) {
	s := serve(t, auditState(audit(now.Add(-time.Hour), "Set federation settings on domain", nil, tenantfake.Object{
		"id": nil, "displayName": "fed.example", "type": "Other", "modifiedProperties": []tenantfake.Object{
			{"displayName": "FederatedIdpMfaBehavior", "oldValue": `["rejectMfaByFederatedIdp"]`, "newValue": `["acceptIfMfaDoneByFederatedIdp"]`},
			{"displayName": "KeyDescription", "oldValue": `["a secret"]`, "newValue": `["another"]`},
		},
	})))
	f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameChanges}, Domain: "fed.example", Time: now, Activities: []string{"Set federation settings on domain"}}).Changes
	if !f.OK() || len(f.Value.All) != 1 {
		t.Fatalf("%s %q %+v", f.State, f.Reason, f.Value)
	}
	want := []facts.ChangedValue{{Name: "FederatedIdpMfaBehavior", Old: `["rejectMfaByFederatedIdp"]`, New: `["acceptIfMfaDoneByFederatedIdp"]`}}
	if diff := cmp.Diff(want, f.Value.All[0].Values); diff != "" {
		t.Error(diff)
	}
}
