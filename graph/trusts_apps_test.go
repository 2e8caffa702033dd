package graph_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// ofSAML is a certificate of an enterprise app: its thumbprint, and the days until it ends.
func ofSAML(thumbprint string, days int) tenantfake.Object {
	raw, _ := hex.DecodeString(thumbprint)
	return tenantfake.Object{"keyId": "5f0c0000-0000-4000-8000-0000000000" + thumbprint[:2], "displayName": "CN=Payroll", "type": "AsymmetricX509Cert", "usage": "Verify",
		"customKeyIdentifier": base64.StdEncoding.EncodeToString(raw), "startDateTime": now.AddDate(-3, 0, 0).Format(time.RFC3339), "endDateTime": now.AddDate(0, 0, days).Format(time.RFC3339)}
}

func TestTheActiveCertificateOfAnAppCounts(t *testing.T) {
	one, two := strings.Repeat("1a", 20), strings.Repeat("2b", 20)
	for _, x := range []struct {
		name string
		app  tenantfake.Object
		want []string
	}{
		{"the active one ends, another waits for its turn", tenantfake.Object{"preferredTokenSigningKeyThumbprint": strings.ToUpper(one), "keyCredentials": []tenantfake.Object{ofSAML(one, 10), ofSAML(two, 900)}},
			[]string{"app-saml-certificate-ends warning"}},
		{"the other one is active", tenantfake.Object{"preferredTokenSigningKeyThumbprint": two, "keyCredentials": []tenantfake.Object{ofSAML(one, 10), ofSAML(two, 900)}}, nil},
		{"nobody tells which one is active", tenantfake.Object{"keyCredentials": []tenantfake.Object{ofSAML(one, 10), ofSAML(two, 900)}}, nil},
		{"an app that nobody can sign in to", tenantfake.Object{"accountEnabled": false, "keyCredentials": []tenantfake.Object{ofSAML(one, 10)}}, nil},
		{"an app without SAML", tenantfake.Object{"preferredSingleSignOnMode": "oidc", "keyCredentials": []tenantfake.Object{ofSAML(one, 10)}}, nil},
		{"ended months ago", tenantfake.Object{"keyCredentials": []tenantfake.Object{ofSAML(one, -90)}}, nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			app := tenantfake.Object{"id": "5f0c0000-0000-4000-8000-000000000001", "appId": "de8bc8b5-0000-4000-8000-000000000001", "displayName": "Payroll", "preferredSingleSignOnMode": "saml"}
			for k, v := range x.app {
				app[k] = v
			}
			_, tenant := adfs(t, func(st *tenantfake.State) { st.Other["servicePrincipals"] = []tenantfake.Object{app} })
			r := tenant.Trusts(t.Context(), facts.TrustQuery{Apps: true})
			if diff := cmp.Diff(x.want, slices.Clip(found(r)), cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if !r.Apps {
				t.Error("the report does not say that apps were looked at")
			}
		})
	}
}

func TestAppsThatMayNotBeRead(t *testing.T) {
	s, tenant := adfs(t)
	s.Without("Application.Read.All", "Directory.Read.All", "Organization.Read.All")
	r := tenant.Trusts(t.Context(), facts.TrustQuery{Apps: true})
	if got := found(r); !slices.Contains(got, "apps-unreadable unknown") || r.Status != facts.Unknown || !slices.Contains(r.Skipped, "own-credential-ends") {
		t.Errorf("%v, status %s, skipped %v", got, r.Status, r.Skipped)
	}
}

func TestTheSecretThatSignpostUsesCounts(t *testing.T) {
	secret := func(id, hint string, days int) tenantfake.Object {
		return tenantfake.Object{"keyId": "5f0c0000-0000-4000-8000-00000000000" + id, "displayName": "signpost", "hint": hint,
			"startDateTime": now.AddDate(-1, 0, 0).Format(time.RFC3339), "endDateTime": now.AddDate(0, 0, days).Format(time.RFC3339)}
	}
	for _, x := range []struct {
		name    string
		secrets []tenantfake.Object
		want    []string
	}{
		{"the one in use ends, another does not", []tenantfake.Object{secret("1", "fak", 10), secret("2", "Qx8", 300)}, []string{"own-credential-ends warning"}},
		{"one that is not in use ends", []tenantfake.Object{secret("1", "fak", 300), secret("2", "Qx8", 10)}, []string{}},
		{"in a month", []tenantfake.Object{secret("1", "fak", 25)}, []string{"own-credential-ends note"}},
		{"the hints do not tell", []tenantfake.Object{secret("1", "", 10), secret("2", "", 300)}, []string{}},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, tenant := adfs(t, func(st *tenantfake.State) {
				st.Other["applications"] = []tenantfake.Object{{"id": "5f0c0000-0000-4000-8000-0000000000aa", "appId": st.ClientID, "displayName": "Signpost", "passwordCredentials": x.secrets}}
			})
			r := tenant.Trusts(t.Context(), facts.TrustQuery{})
			if diff := cmp.Diff(x.want, found(r)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// With a certificate, no permission is needed to know when it ends; of a federated identity, nothing ends.
func TestOwnCertificateIsJudgedFromItsFile(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	file := func(days int) string {
		c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "signpost"}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 0, days)}
		der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "own.pem")
		text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("workload"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name string
		use  func(*graph.Config)
		want string
	}{
		{"a certificate that ends in 10 days", func(c *graph.Config) { c.CertificatePath = file(10) }, "own-credential-ends warning"},
		{"a certificate that ends in 25 days", func(c *graph.Config) { c.CertificatePath = file(25) }, "own-credential-ends note"},
		{"a certificate with time left", func(c *graph.Config) { c.CertificatePath = file(200) }, ""},
		{"a federated identity beside an old secret", func(c *graph.Config) { c.FederatedTokenFile = token }, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			s, _ := adfs(t, func(st *tenantfake.State) {
				st.FederatedToken = "workload"
				st.Other["applications"] = app(10) // a secret of the registration that nobody uses
				st.Other["applications"][0]["appId"] = st.ClientID
			})
			tenant := connect(t, s, func(c *graph.Config) { c.Metadata, c.ClientSecret = nil, ""; x.use(c) })
			r := tenant.Trusts(t.Context(), facts.TrustQuery{})
			if got := strings.Join(found(r), ", "); got != x.want {
				t.Errorf("%s, want %s", got, x.want)
			}
		})
	}
}
