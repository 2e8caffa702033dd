package federation_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

// issue makes a certificate of an authority, or one that is its own.
func issue(t *testing.T, name string, from, to time.Time, by *x509.Certificate, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(from.Unix()), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true}
	change(c)
	if by == nil {
		by = c
	}
	der, err := x509.CreateCertificate(nil, c, by, &rsaKey().PublicKey, rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c
}

func authority(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }
func leaf(*x509.Certificate)        {}

// serveTLS serves a chain.
func serveTLS(t *testing.T, chain ...*x509.Certificate) string {
	t.Helper()
	var ders [][]byte
	for _, c := range chain {
		ders = append(ders, c.Raw)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("more than a handshake was made") }))
	s.Config.ErrorLog = discard
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: ders, PrivateKey: rsaKey()}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func TestEndpointsAreLookedAt(t *testing.T) {
	root := issue(t, "Root", in(-1000), in(1000), nil, authority)
	middle := issue(t, "Middle", in(-900), in(900), root, authority)
	good := issue(t, "sts", in(-30), in(60), middle, leaf)
	roots := x509.NewCertPool()
	roots.AddCert(root)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := silent.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("220 mail ready\r\n"))
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = silent.Close() })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, c := range map[string]struct {
		address string
		state   facts.EndpointState
		says    string
	}{
		"good":                   {serveTLS(t, good, middle), facts.EndpointOK, ""},
		"with the root sent too": {serveTLS(t, good, middle, root), facts.EndpointOK, ""},
		"the middle is not sent": {serveTLS(t, good), facts.EndpointUntrusted, "unknown authority"},
		"its own authority":      {serveTLS(t, issue(t, "sts", in(-30), in(60), nil, leaf)), facts.EndpointUntrusted, ""},
		"expired":                {serveTLS(t, issue(t, "sts", in(-90), in(-2), middle, leaf), middle), facts.EndpointExpired, "ended on 2026-11-22"},
		"not valid yet":          {serveTLS(t, issue(t, "sts", in(2), in(90), middle, leaf), middle), facts.EndpointExpired, "not valid before 2026-11-26"},
		"the middle has expired": {serveTLS(t, issue(t, "sts", in(-30), in(60), issue(t, "Old", in(-900), in(-1), root, authority), leaf), issue(t, "Old", in(-900), in(-1), root, authority)), facts.EndpointUntrusted, "expired"},
		"for another name":       {serveTLS(t, issue(t, "sts", in(-30), in(60), middle, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"sts.contoso.com"} }), middle), facts.EndpointWrongName, "another name"},
		"nothing listens":        {"https://" + closed.Addr().String(), facts.EndpointUnreachable, "refused"},
		"no TLS":                 {"https://" + silent.Addr().String(), facts.EndpointUnreachable, "no TLS"},
		"link-local":             {"https://169.254.169.254", facts.EndpointRefused, "link-local"},
		"no https":               {"http://127.0.0.1", facts.EndpointPlain, "not https"},
		"a name that is nowhere": {"https://sts.invalid", facts.EndpointUnreachable, "sts.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			r := federation.NewReader(federation.Options{RootCAs: roots, Now: func() time.Time { return now }})
			all := r.Endpoints(t.Context(), facts.Federation{PassiveURI: c.address + "/adfs/ls/", ActiveURI: c.address + "/adfs/services/trust/2005/usernamemixed"})
			if len(all) != 1 {
				t.Fatalf("endpoints %+v", all)
			}
			e := all[0]
			if e.State != c.state || !strings.Contains(e.Problem, c.says) || (e.Problem == "") != (c.state == facts.EndpointOK) {
				t.Errorf("%s %q", e.State, e.Problem)
			}
			if e.Silent != (name == "a name that is nowhere") {
				t.Errorf("silent %t", e.Silent)
			}
			if diff := cmp.Diff([]string{"browser sign-in", "WS-Trust"}, e.Uses); diff != "" || !e.Checked.Equal(now) {
				t.Errorf("%+v", e)
			}
			if c.state == facts.EndpointOK && (!e.NotAfter.Equal(in(60)) || e.Issuer != "CN=Middle") {
				t.Errorf("%+v", e)
			}
		})
	}
}

// Browsers refuse a host whose authority has ended, whatever its own certificate says. Another chain that holds longer saves it.
func TestAChainThatEndsBeforeTheCertificate(t *testing.T) {
	root := issue(t, "Root", in(-1000), in(1000), nil, authority)
	short := issue(t, "Middle", in(-900), in(5), root, authority)
	roots := x509.NewCertPool()
	roots.AddCert(root)
	for name, c := range map[string]struct {
		address string
		ends    time.Time
	}{
		"the middle ends first":       {serveTLS(t, issue(t, "sts", in(-30), in(60), short, leaf), short), in(5)},
		"another middle holds longer": {serveTLS(t, issue(t, "sts", in(-30), in(60), short, leaf), short, issue(t, "Middle", in(-800), in(900), root, authority)), time.Time{}},
		"another middle came first":   {serveTLS(t, issue(t, "sts", in(-30), in(60), short, leaf), issue(t, "Middle", in(-800), in(900), root, authority), short), time.Time{}},
		"the leaf ends first":         {serveTLS(t, issue(t, "sts", in(-30), in(3), short, leaf), short), time.Time{}},
		"the root ends first":         {serveTLS(t, issue(t, "sts", in(-30), in(1200), root, leaf)), time.Time{}},
	} {
		r := federation.NewReader(federation.Options{RootCAs: roots, Now: func() time.Time { return now }})
		all := r.Endpoints(t.Context(), facts.Federation{PassiveURI: c.address})
		if len(all) != 1 || all[0].State != facts.EndpointOK || !all[0].ChainEnds.Equal(c.ends) {
			t.Errorf("%s: %+v", name, all)
		}
	}
}

func TestEachHostOfATrustIsLookedAtOnce(t *testing.T) {
	root := issue(t, "Root", in(-1000), in(1000), nil, authority)
	good := serveTLS(t, issue(t, "sts", in(-30), in(60), root, leaf))
	roots := x509.NewCertPool()
	roots.AddCert(root)
	r := federation.NewReader(federation.Options{RootCAs: roots, Now: func() time.Time { return now }})
	u, err := url.Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Endpoints(t.Context(), facts.Federation{
		PassiveURI: good + "/adfs/ls/", ActiveURI: "https://169.254.1.1:443/x", MetadataURI: good + "/mex", SignOutURI: "mailto:nobody",
	})
	want := []facts.Endpoint{
		{Host: u.Host, Uses: []string{"browser sign-in", "WS-MEX"}, State: facts.EndpointOK, NotBefore: in(-30), NotAfter: in(60), Issuer: "CN=Root", Checked: now},
		{Host: "169.254.1.1", Uses: []string{"WS-Trust"}, State: facts.EndpointRefused, Checked: now},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(facts.Endpoint{}, "Problem")); diff != "" {
		t.Error(diff)
	}
	if got := r.Endpoints(t.Context(), facts.Federation{}); len(got) != 0 {
		t.Errorf("a trust without addresses has endpoints %+v", got)
	}
}
