package federation_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

var (
	notBefore = time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	notAfter  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

func certificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "ADFS Signing - sts.fabrikam.com"},
		NotBefore: notBefore, NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestParseCertificateReadsWhatGraphHolds(t *testing.T) {
	der := certificate(t)
	plain := base64.StdEncoding.EncodeToString(der)
	var wrapped strings.Builder
	for i := 0; i < len(plain); i += 64 {
		wrapped.WriteString(plain[i:min(i+64, len(plain))] + "\r\n")
	}
	for name, text := range map[string]string{
		"plain base64":                   plain,
		"base64 in lines":                wrapped.String(),
		"base64 without padding":         strings.TrimRight(plain, "="),
		"base64 after a byte order mark": "\ufeff" + plain,
		"PEM":                            string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	} {
		t.Run(name, func(t *testing.T) {
			c := federation.ParseCertificate(federation.Next, text)
			if c.Problem != "" {
				t.Fatalf("problem %q", c.Problem)
			}
			want := facts.Certificate{
				Slot: "next", Subject: "CN=ADFS Signing - sts.fabrikam.com", Issuer: "CN=ADFS Signing - sts.fabrikam.com",
				NotBefore: notBefore, NotAfter: notAfter, SHA1: fmt.Sprintf("%X", sha1.Sum(der)), SHA256: c.SHA256,
			}
			if diff := cmp.Diff(want, c); diff != "" {
				t.Error(diff)
			}
			if len(c.SHA256) != 64 {
				t.Errorf("SHA-256 %q", c.SHA256)
			}
		})
	}
}

func TestParseCertificateSaysWhatIsWrong(t *testing.T) {
	der := certificate(t)
	for name, c := range map[string]struct{ text, problem string }{
		"nothing":               {" \r\n", "empty"},
		"no base64":             {"<html>", "not base64"},
		"cut short":             {base64.StdEncoding.EncodeToString(der[:len(der)/2]), "not an X.509 certificate"},
		"no certificate at all": {base64.StdEncoding.EncodeToString([]byte("hello")), "not an X.509 certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			got := federation.ParseCertificate(federation.Current, c.text)
			if !strings.Contains(got.Problem, c.problem) || got.Slot != "current" || got.Subject != "" {
				t.Errorf("got %+v, want the problem %q", got, c.problem)
			}
		})
	}
}

func TestLastEndsIsTheLaterOfThoseThatParse(t *testing.T) {
	certs := []facts.Certificate{
		{NotAfter: notBefore}, {NotAfter: notAfter}, {NotAfter: notAfter.AddDate(9, 0, 0), Problem: "not base64"},
	}
	if got := federation.LastEnds(certs); got == nil || !got.Equal(notAfter) {
		t.Errorf("last ends %v, want %v", got, notAfter)
	}
	if got := federation.LastEnds(certs[2:]); got != nil {
		t.Errorf("last ends %v where no certificate parses, want none", got)
	}
}
