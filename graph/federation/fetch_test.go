package federation_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

const metadataPath = "/federationmetadata/2007-06/federationmetadata.xml"

// provider is an identity provider on loopback.
func provider(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.ErrorLog = discard
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func pool(s *httptest.Server) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(s.Certificate())
	return p
}

// reader trusts the server, whose certificate is good from now till 2084.
func reader(s *httptest.Server, configured ...string) *federation.Reader {
	return federation.NewReader(federation.Options{RootCAs: pool(s), Now: func() time.Time { return now }, Configured: configured})
}

// discard takes the complaints of servers whose clients give up.
var discard = log.New(io.Discard, "", 0)

// loopback is a trust that names loopback.
var loopback = []string{"127.0.0.1"}

func TestMetadataIsRead(t *testing.T) {
	text := adfs("127.0.0.1", key("signing", signing(t, "one", now, now.AddDate(1, 0, 0))))
	for name, answer := range map[string]http.HandlerFunc{
		"as AD FS sends it": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/samlmetadata+xml")
			_, _ = w.Write([]byte(text))
		},
		"as text": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte(text))
		},
		"packed": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write([]byte(text))
			_ = z.Close()
		},
		"after a redirect within the host": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == metadataPath {
				http.Redirect(w, r, "/FederationMetadata.xml", http.StatusMovedPermanently)
				return
			}
			_, _ = w.Write([]byte(text))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := provider(t, answer)
			d, err := reader(s).Document(t.Context(), s.URL+metadataPath, loopback, "")
			if err != nil || len(d.Certificates) != 1 || d.EntityID != "http://127.0.0.1/adfs/services/trust" || !d.Fetched.Equal(now) {
				t.Errorf("%v %+v", err, d)
			}
		})
	}
}

func TestUnchangedMetadataIsNotSentAgain(t *testing.T) {
	text := adfs("127.0.0.1", key("signing", signing(t, "one", now, now.AddDate(1, 0, 0))))
	for name, header := range map[string][3]string{
		"by its tag":  {"ETag", `"v1"`, "If-None-Match"},
		"by its date": {"Last-Modified", "Tue, 24 Nov 2026 08:00:00 GMT", "If-Modified-Since"},
	} {
		t.Run(name, func(t *testing.T) {
			var sent, kept atomic.Int32
			s := provider(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set(header[0], header[1])
				if r.Header.Get(header[2]) == header[1] {
					kept.Add(1)
					w.WriteHeader(http.StatusNotModified)
					return
				}
				sent.Add(1)
				_, _ = w.Write([]byte(text))
			})
			clock := now
			r := federation.NewReader(federation.Options{RootCAs: pool(s), Now: func() time.Time { return clock }})
			for range 3 {
				d, err := r.Document(t.Context(), s.URL, loopback, "")
				if err != nil || len(d.Certificates) != 1 || !d.Fetched.Equal(clock) {
					t.Fatalf("%v %+v", err, d)
				}
				clock = clock.Add(time.Hour)
			}
			if sent.Load() != 1 || kept.Load() != 2 {
				t.Errorf("sent %d times, unchanged %d times", sent.Load(), kept.Load())
			}
		})
	}
}

func TestMetadataThatChangedIsReadAnew(t *testing.T) {
	one, two := signing(t, "one", now, now.AddDate(1, 0, 0)), signing(t, "two", now, now.AddDate(1, 0, 0))
	current := one
	s := provider(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", fmt.Sprintf("%q", b64(current)[:40]+b64(current)[60:100]))
		_, _ = w.Write([]byte(adfs("127.0.0.1", key("signing", current))))
	})
	r := reader(s)
	for _, current = range [][]byte{one, two} {
		d, err := r.Document(t.Context(), s.URL, loopback, "")
		if err != nil || !federation.Holds(d.Certificates, federation.ParseCertificate("", b64(current))) {
			t.Errorf("%v %v", err, subjects(d.Certificates))
		}
	}
}

func TestHostileProvidersCostNothing(t *testing.T) {
	text := adfs("127.0.0.1", key("signing", signing(t, "one", now, now.AddDate(1, 0, 0))))
	asked := make(chan struct{}, 10)
	other := provider(t, func(http.ResponseWriter, *http.Request) { asked <- struct{}{} })
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"a redirect to another host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		}, "another host, localhost"},
		"a redirect to another port": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) }, "another host"},
		"a redirect to a cloud's metadata": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://169.254.169.254/metadata/identity/oauth2/token", http.StatusFound)
		}, "another host, 169.254.169.254"},
		"a redirect to plain http": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+"/", http.StatusFound)
		}, "away from https"},
		"a redirect to itself":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, "again and again"},
		"a redirect to nowhere": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusMultipleChoices) }, "status 300"},
		"3 MB":                  {func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(bytes.Repeat([]byte(" "), 3<<20)) }, "longer than 2 MB"},
		"64 MB in 64 KB": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}, "longer than 2 MB"},
		"a page that says so": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(text))
		}, "web page"},
		"a page that does not": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/xml")
			_, _ = w.Write([]byte("<html/>"))
		}, "web page"},
		"a DTD": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("<!DOCTYPE a SYSTEM 'https://127.0.0.1/x'>" + text))
		}, "document type"},
		"headers without end":             {func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X", strings.Repeat("x", 100<<10)) }, "header"},
		"an answer that nobody asked for": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotModified) }, "status 304"},
		"a refusal":                       {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) }, "status 403"},
		"nothing there":                   {http.NotFound, "status 404"},
		"a fault":                         {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "status 503"},
		"a connection that ends":          {func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"less than it says": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5000")
			_, _ = w.Write([]byte(text[:100]))
		}, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			s := provider(t, c.answer)
			_, err := reader(s).Document(t.Context(), s.URL, append(loopback, "localhost"), "")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if len(asked) > 0 {
		t.Error("a redirect was followed to another host")
	}
}

func TestSlowProvidersAreGivenUp(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"no headers": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"half a body": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("<EntityDescriptor "))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := provider(t, answer)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := reader(s).Document(ctx, s.URL, loopback, ""); err == nil || err.Error() != "no answer in time" {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestOnlyNamedHostsAreAsked(t *testing.T) {
	s := provider(t, func(w http.ResponseWriter, r *http.Request) { t.Error("the host was asked") })
	for name, c := range map[string]struct {
		address string
		hosts   []string
		want    string
	}{
		"nobody names it":           {s.URL, nil, "neither the trust nor the configuration"},
		"another host is named":     {s.URL, []string{"sts.contoso.com", "127.0.0.10", ""}, "neither the trust nor the configuration"},
		"plain http":                {strings.Replace(s.URL, "https", "http", 1), loopback, "not https"},
		"a file":                    {"file:///etc/passwd", loopback, "no URL"},
		"no host":                   {"https:///x", []string{""}, "no URL"},
		"no URL":                    {"https://127.0.0.1:x/", loopback, "no URL"},
		"credentials":               {strings.Replace(s.URL, "https://", "https://user:pass@", 1), loopback, "name or password"},
		"a link-local address":      {"https://169.254.169.254/latest", []string{"169.254.169.254"}, "a link-local address"},
		"link-local in IPv6":        {"https://[fe80::1]/x", []string{"fe80::1"}, "a link-local address"},
		"link-local, mapped":        {"https://[::ffff:169.254.169.254]/x", []string{"::ffff:169.254.169.254"}, "a link-local address"},
		"Azure's own address":       {"https://168.63.129.16/", []string{"168.63.129.16"}, "the metadata service of a cloud"},
		"no address at all":         {"https://0.0.0.0/", []string{"0.0.0.0"}, "an address of no host"},
		"a decimal address, odd":    {"https://2852039166/", []string{"sts.contoso.com"}, "neither the trust"},
		"a name that looks like it": {"https://127.0.0.1.sts.contoso.com/", loopback, "neither the trust"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := reader(s).Document(t.Context(), c.address, c.hosts, "")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "pass@") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

// names is a resolver whose answers change with each question.
func names(t *testing.T, answers ...netip.Addr) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		asked := 0
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				a := answers[min(asked, len(answers)-1)]
				asked++
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 0}, Body: &dnsmessage.AResource{A: a.As4()}}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// The certificate of httptest is also for example.com.
func TestTheAddressBehindANameIsChecked(t *testing.T) {
	text := adfs("example.com", key("signing", signing(t, "one", now, now.AddDate(1, 0, 0))))
	s := provider(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(text)) })
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	here, linkLocal := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("169.254.169.254")
	address := "https://example.com:" + u.Port() + metadataPath
	for name, c := range map[string]struct {
		configured []string
		answers    []netip.Addr
		want       [2]string
	}{
		"loopback, which a trust may name":           {nil, []netip.Addr{here}, [2]string{"", ""}},
		"link-local":                                 {nil, []netip.Addr{linkLocal}, [2]string{"example.com leads to 169.254.169.254, a link-local address", "link-local"}},
		"a name that changes its address in between": {nil, []netip.Addr{here, linkLocal}, [2]string{"", "link-local"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := federation.NewReader(federation.Options{RootCAs: pool(s), Now: func() time.Time { return now }, Configured: c.configured, Resolver: names(t, c.answers...)})
			for _, want := range c.want {
				_, err := r.Document(t.Context(), address, []string{"example.com"}, "")
				if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
		})
	}
}

func TestWhichAddressesAreConnectedTo(t *testing.T) {
	r := federation.NewReader(federation.Options{Configured: []string{"https://STS.fabrikam.com:8443/metadata.xml", "no address"}})
	for address, want := range map[string]string{
		"127.0.0.1": "", "::1": "", "10.1.2.3": "", "192.168.1.1": "", "fd12::1": "", "203.0.113.7": "", "2001:db8::1": "", "64:ff9b::cb00:7107": "",
		"169.254.1.1": "link-local", "169.254.169.254": "link-local", "fe80::1": "link-local", "fe80::1%eth0": "link-local", "::ffff:169.254.169.254": "link-local",
		"64:ff9b::a9fe:a9fe": "link-local", "2002:a9fe:a9fe::1": "link-local", "fd00:ec2::254": "metadata service", "fd20:ce::254": "metadata service",
		"168.63.129.16": "metadata service", "100.100.100.200": "metadata service", "192.0.0.192": "metadata service", "::ffff:168.63.129.16": "metadata service",
		"0.0.0.0": "no host", "::": "no host", "224.0.0.1": "no host", "ff02::1": "no host",
	} {
		a := netip.MustParseAddr(address)
		err := r.Admit("sts.contoso.com", a)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", address, err, want)
		}
		if err := r.Admit("sts.fabrikam.com", a); err != nil {
			t.Errorf("%s is refused to a host that the operator names: %v", address, err)
		}
	}
}

func TestAProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	text := adfs("example.com", key("signing", signing(t, "one", now, now.AddDate(1, 0, 0))))
	s := provider(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(text)) })
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("ALL_PROXY", "http://127.0.0.1:1")
	u, _ := url.Parse(s.URL)
	r := federation.NewReader(federation.Options{RootCAs: pool(s), Now: func() time.Time { return now }, Resolver: names(t, netip.MustParseAddr("127.0.0.1"))})
	if _, err := r.Document(t.Context(), "https://example.com:"+u.Port()+"/", []string{"example.com"}, ""); err != nil {
		t.Error(err)
	}
}

func TestAnUntrustedProviderIsSaidToBeThat(t *testing.T) {
	self := func(from, to time.Time, names ...string) *httptest.Server {
		c := &x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "sts"}, NotBefore: from, NotAfter: to, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
		if len(names) > 0 {
			c.IPAddresses, c.DNSNames = nil, names
		}
		der, err := x509.CreateCertificate(nil, c, c, &rsaKey().PublicKey, rsaKey())
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = discard
		s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: rsaKey()}}}
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	good := self(now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	for name, c := range map[string]struct {
		server *httptest.Server
		roots  *httptest.Server
		want   string
	}{
		"expired":          {self(now.AddDate(-2, 0, 0), now.AddDate(0, 0, -1)), nil, "has expired"},
		"not valid yet":    {self(now.AddDate(0, 0, 1), now.AddDate(1, 0, 0)), nil, "not valid yet"},
		"unknown":          {good, provider(t, http.NotFound), "not from an authority"},
		"for another name": {self(now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0), "sts.contoso.com"), nil, "for another name"},
		"good":             {good, nil, "status 404"},
	} {
		t.Run(name, func(t *testing.T) {
			roots := c.roots
			if roots == nil {
				roots = c.server
			}
			_, err := reader(roots).Document(t.Context(), c.server.URL, loopback, "")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestReadsLeaveNothingBehind(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = discard
	s.StartTLS()
	r := reader(s)
	if _, err := r.Document(t.Context(), s.URL, loopback, ""); err == nil {
		t.Error("nothing was found without an error")
	}
	r.Endpoints(t.Context(), facts.Federation{PassiveURI: s.URL})
	s.Close()
	goleak.VerifyNone(t, goleak.IgnoreAnyFunction("testing.(*T).Run"))
}
