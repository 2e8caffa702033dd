package graph_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// aUser asks for one cheap fact.
func aUser(name string) facts.Query {
	return facts.Query{Ask: []facts.Name{facts.NameUser}, User: name}
}

func TestEachCredentialGetsAToken(t *testing.T) {
	state := tenantfake.Demo(now)
	state.FederatedToken = "token.of-the.workload"
	s := serve(t, state)
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte(state.FederatedToken), 0o600); err != nil {
		t.Fatal(err)
	}
	certificate := filepath.Join(dir, "cert.pem")
	if err := os.WriteFile(certificate, keyPair(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*graph.Config){
		"client secret":     func(*graph.Config) {},
		"certificate":       func(c *graph.Config) { c.ClientSecret, c.CertificatePath = "", certificate },
		"workload identity": func(c *graph.Config) { c.ClientSecret, c.FederatedTokenFile = "", token },
		"managed identity": func(c *graph.Config) {
			t.Setenv("IDENTITY_ENDPOINT", s.URL+"/msi/token")
			t.Setenv("IDENTITY_HEADER", "x")
			c.ClientSecret, c.TenantID, c.ManagedIdentity = "", "", true
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := connect(t, s, change).Collect(t.Context(), aUser("ava@contoso.com"))
			if !r.User.OK() {
				t.Errorf("user %s: %s", r.User.State, r.User.Reason)
			}
		})
	}
}

// keyPair is a certificate and its key in PEM, as an app registration's credential.
func keyPair(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "signpost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
}

func TestRefusedCredentialIsSaidToBeSignposts(t *testing.T) {
	for name, c := range map[string]struct {
		state  func(*tenantfake.State)
		config func(*graph.Config)
		want   []string
	}{
		"wrong secret":   {config: func(c *graph.Config) { c.ClientSecret = "wrong~secret" }, want: []string{"AADSTS7000215", "not its id"}},
		"expired secret": {state: func(s *tenantfake.State) { s.SecretExpired = true }, want: []string{"AADSTS7000222", "expired"}},
		"unknown app":    {config: func(c *graph.Config) { c.ClientID = "c0ffee00-0000-0000-0000-000000000000" }, want: []string{"AADSTS700016"}},
		"unknown tenant": {config: func(c *graph.Config) { c.TenantID = "11111111-2222-3333-4444-555555555555" }, want: []string{"own"}},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenantfake.Demo(now)
			if c.state != nil {
				c.state(&state)
			}
			s := serve(t, state)
			tenant := connect(t, s, func(cfg *graph.Config) {
				if c.config != nil {
					c.config(cfg)
				}
			})
			r := tenant.Collect(t.Context(), facts.Query{Ask: all, Code: 50076, User: "mia@contoso.com", CorrelationID: "3b1c6f0e-52d4-4f0a-9a77-0d5c1f6b2a01", PolicyIDs: []string{"d0000000-0000-4000-8000-000000000001"}, AppID: expenses, Resource: theGraph, Activities: []string{"Update user"}})
			for _, e := range entries(r) {
				if e.State != facts.Failed {
					t.Errorf("%s is %s: %s", e.Name, e.State, e.Reason)
				}
				if !strings.Contains(e.Reason, "Signpost") {
					t.Errorf("%s does not say whose credential it is: %s", e.Name, e.Reason)
				}
				for _, not := range []string{"wrong~secret", "Trace ID", "{", "\n"} {
					if strings.Contains(e.Reason, not) {
						t.Errorf("%s dumps the response: %s", e.Name, e.Reason)
					}
				}
			}
			for _, want := range c.want {
				if !strings.Contains(r.User.Reason, want) {
					t.Errorf("%q does not say %q", r.User.Reason, want)
				}
			}
			if n := s.TokenRequests(); n > 1 {
				t.Errorf("a refused credential was tried %d times for one paste", n)
			}
		})
	}
}

func TestUnreachableAuthorityIsSaidSo(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	tenant := connect(t, s, func(c *graph.Config) { c.AuthorityHost = "https://127.0.0.1:1" })
	r := tenant.Collect(t.Context(), aUser("mia@contoso.com"))
	if r.User.State != facts.Failed || !strings.Contains(r.User.Reason, "no token for itself from 127.0.0.1:1") {
		t.Errorf("user %s: %s", r.User.State, r.User.Reason)
	}
}

func TestUntrustedCertificateIsSaidSo(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	tenant := connect(t, s, func(c *graph.Config) { c.RootCAs = x509.NewCertPool() })
	r := tenant.Collect(t.Context(), aUser("mia@contoso.com"))
	if r.User.State != facts.Failed || !strings.Contains(r.User.Reason, "certificate") {
		t.Errorf("user %s: %s", r.User.State, r.User.Reason)
	}
}
