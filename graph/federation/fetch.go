package federation

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/maypok86/otter/v2"

	"signpost/graph/facts"
)

const (
	maxDocument  = 2 << 20          // bytes of one document, unpacked
	fetchTime    = 10 * time.Second // the most that one document or handshake takes
	maxRedirects = 3                // within one host
	maxKept      = 4000             // addresses whose documents are remembered, parsed
	maxAtOnce    = 48               // documents that are read at the same time: each may be as large as it may be
)

// Reader reads what identity providers publish. It asks only hosts that a trust or the configuration names, over https
// alone, and never through a proxy. It is safe for concurrent use.
type Reader struct {
	client     *http.Client
	dialer     *net.Dialer
	roots      *x509.CertPool
	now        func() time.Time
	configured map[string]bool
	proxy      func(*http.Request) (*url.URL, error)
	kept       *otter.Cache[string, kept]
	slots      chan struct{} // holds one for each document that is being read
}

// Options are what a [Reader] goes by.
type Options struct {
	// RootCAs are the authorities that TLS certificates are checked against; nil means the system's, or those of SSL_CERT_FILE.
	RootCAs *x509.CertPool
	// Now is the clock that certificates are judged by; nil means the system's.
	Now func() time.Time
	// Configured are addresses of metadata that the operator names. Their hosts may have any address, also a link-local one.
	Configured []string
	// Resolver resolves names; nil means the system's.
	Resolver *net.Resolver
	// Proxy says which proxy the environment names for a request; nil means [http.ProxyFromEnvironment]. None is ever used: it
	// is only named where a host cannot be reached without one.
	Proxy func(*http.Request) (*url.URL, error)
}

// kept is what stood at an address last, parsed, with what it takes to ask whether it has changed.
type kept struct {
	etag, modified string
	published      Publication
}

// NewReader returns a reader. It makes no request.
func NewReader(o Options) *Reader {
	r := &Reader{roots: o.RootCAs, now: o.Now, proxy: o.Proxy, configured: map[string]bool{}, slots: make(chan struct{}, maxAtOnce)}
	if r.now == nil {
		r.now = time.Now
	}
	if r.proxy == nil {
		r.proxy = http.ProxyFromEnvironment
	}
	for _, address := range o.Configured {
		if h := hostOf(address); h != "" {
			r.configured[h] = true
		}
	}
	r.kept = otter.Must(&otter.Options[string, kept]{MaximumSize: maxKept})
	r.dialer = &net.Dialer{Timeout: fetchTime, Resolver: o.Resolver}
	r.client = &http.Client{
		// A connection is used once: a scan asks each host once, and nothing is left open between two of them.
		Transport: &http.Transport{
			DialContext: r.dial, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
			TLSHandshakeTimeout: fetchTime, ResponseHeaderTimeout: fetchTime,
			TLSClientConfig: &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12, Time: o.Now},
		},
		CheckRedirect: stay,
	}
	return r
}

// Hosts lists the hosts that a trust names: those that may be asked on its behalf.
func Hosts(f facts.Federation) []string {
	var hosts []string
	for _, address := range []string{f.PassiveURI, f.ActiveURI, f.MetadataURI, f.SignOutURI} {
		if h := hostOf(address); h != "" {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// hostOf is the host of an address in lower case, without port; "" where there is none.
func hostOf(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

// Metadata reads the federation metadata at an address. hosts are those that the trust names. What has not changed is not sent
// again: the answer is then what was parsed before, whichever trust it was read for. The error says in words what was wrong,
// for whoever reads the answer.
func (r *Reader) Metadata(ctx context.Context, address string, hosts []string) (Publication, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return Publication{}, plain(ctx.Err())
	}
	old, known := r.kept.GetIfPresent(address)
	res, body, err := r.get(ctx, address, hosts, func(h http.Header) {
		h.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml;q=0.9, */*;q=0.1")
		if known && old.etag != "" {
			h.Set("If-None-Match", old.etag)
		}
		if known && old.modified != "" {
			h.Set("If-Modified-Since", old.modified)
		}
	})
	if err != nil {
		return Publication{}, err
	}
	switch {
	case res.StatusCode == http.StatusNotModified && known:
		old.published.Fetched = r.now()
		r.kept.Set(address, old)
		return old.published, nil
	case res.StatusCode != http.StatusOK:
		return Publication{}, &StatusError{res.StatusCode}
	}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind == "text/html" {
		return Publication{}, errors.New("a web page came back instead of metadata")
	}
	p, err := ParseMetadata(body)
	if err != nil {
		return Publication{}, err
	}
	p.Fetched = r.now()
	if etag, modified := res.Header.Get("ETag"), res.Header.Get("Last-Modified"); etag != "" || modified != "" {
		r.kept.Set(address, kept{etag, modified, p})
	} else {
		r.kept.Invalidate(address)
	}
	return p, nil
}

// StatusError is an answer that holds no document.
type StatusError struct{ Status int }

// Error says what the host answered.
func (e *StatusError) Error() string {
	if e.Status >= 300 && e.Status < 400 {
		return fmt.Sprintf("it answered with status %d, a redirect that leads nowhere", e.Status)
	}
	return fmt.Sprintf("it answered with status %d (%s)", e.Status, http.StatusText(e.Status))
}

// get makes a request to a host that may be asked, and reads the answer up to its limit.
func (r *Reader) get(ctx context.Context, address string, hosts []string, headers func(http.Header)) (*http.Response, []byte, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return nil, nil, errors.New("its address is no URL")
	case u.Scheme != "https":
		return nil, nil, errors.New("its address is not https")
	case u.User != nil:
		return nil, nil, errors.New("its address holds a name or password")
	}
	if err := r.may(hostOf(address), hosts); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, errors.New("its address is no URL")
	}
	req.Header.Set("User-Agent", "signpost")
	headers(req.Header)
	res, err := r.client.Do(req)
	if err != nil {
		return nil, nil, r.direct(u, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxDocument+1))
	switch {
	case ctx.Err() != nil: // a body that ends as time does may be half of one
		return nil, nil, plain(ctx.Err())
	case err != nil:
		return nil, nil, plain(err)
	case len(body) > maxDocument:
		return nil, nil, errors.New("the document is longer than 2 MB")
	}
	return res, body, nil
}

// may says why a host is not asked; nil where it may be.
func (r *Reader) may(host string, hosts []string) error {
	if r.configured[host] {
		return nil
	}
	for _, h := range hosts {
		if h == host && host != "" {
			return nil
		}
	}
	return &RefusedError{fmt.Sprintf("%s was not asked: neither the trust nor the configuration names this host", host)}
}

// stay follows redirects within one host and port only.
func stay(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	switch {
	case req.URL.Scheme != "https":
		return &RefusedError{"it redirects away from https"}
	case !strings.EqualFold(req.URL.Hostname(), from.Hostname()) || port(req.URL) != port(from):
		return &RefusedError{"it redirects to another host, " + req.URL.Host}
	case len(via) > maxRedirects:
		return &RefusedError{"it redirects again and again"}
	}
	return nil
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return "443"
}

// RefusedError is a read that was not made, because it would have led where nobody pointed.
type RefusedError struct{ Says string }

func (e *RefusedError) Error() string { return e.Says }

// dial connects. The address is checked after the name was resolved and before anything is sent, so a name that changes its
// address between the two gains nothing.
func (r *Reader) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	d := *r.dialer
	d.Control = func(_, resolved string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(resolved)
		if err != nil {
			return &RefusedError{"its address could not be understood"}
		}
		return r.admit(host, ap.Addr())
	}
	return d.DialContext(ctx, network, address)
}

// admit says why an address is not connected to; nil where it may be.
func (r *Reader) admit(host string, a netip.Addr) error {
	if why := special(a); why != "" && !r.configured[host] {
		return &RefusedError{fmt.Sprintf("%s leads to %s, %s, which is asked only where tenant.metadata names the host", host, a.WithZone(""), why)}
	}
	return nil
}

// special says why an address is not one of an identity provider; "" where it may be one. Loopback and private addresses
// may: an AD FS is often internal.
func special(a netip.Addr) string {
	a = inner(a)
	switch {
	case !a.IsValid(), a.IsUnspecified(), a.IsMulticast():
		return "an address of no host"
	case a.IsLinkLocalUnicast():
		return "a link-local address"
	}
	switch a.WithZone("").String() {
	// Where clouds answer the machines in them, beside the link-local 169.254.169.254.
	case "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254":
		return "the metadata service of a cloud"
	}
	return ""
}

// inner is the IPv4 address that an IPv6 one stands for: mapped, NAT64 (RFC 6052) or 6to4 (RFC 3056).
func inner(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if !a.Is6() {
		return a
	}
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a.WithZone("")):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(a.WithZone("")):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a
}

// direct says in words why a host could not be read. Where the environment names a proxy for it, and nothing came of the direct
// connection, that is what the operator has to know: a proxy would resolve names itself, past every check of addresses, so
// none is used.
func (r *Reader) direct(u *url.URL, err error) error {
	said := plain(err)
	var dns *net.DNSError
	var op *net.OpError
	if !errors.As(err, &dns) && !errors.As(err, &op) && !isTimeout(err) || errors.As(err, new(*RefusedError)) {
		return said
	}
	if via, err := r.proxy(&http.Request{URL: u}); err != nil || via == nil {
		return said
	}
	return fmt.Errorf("%w; identity providers are asked directly, never through the proxy that HTTPS_PROXY names, so let Signpost reach %s without it", said, short(u.Host))
}

// plain says in words why a host could not be read.
func plain(err error) error {
	var refused *RefusedError
	var dns *net.DNSError
	var op *net.OpError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return errors.New("its TLS certificate has expired or is not valid yet")
	case errors.As(err, &name):
		return errors.New("its TLS certificate is for another name")
	case errors.As(err, &unknown):
		return errors.New("its TLS certificate is not from an authority that Signpost trusts (set SSL_CERT_FILE for an authority of your own)")
	case errors.As(err, &untrusted):
		return errors.New("its TLS certificate is not trusted: " + short(untrusted.Err.Error()))
	case errors.Is(err, context.Canceled):
		return errors.New("the read was given up")
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return errors.New("no answer in time")
	case errors.As(err, &dns):
		return fmt.Errorf("the name %s was not found", short(dns.Name))
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("the connection was refused")
	case errors.As(err, &op):
		return fmt.Errorf("%s failed: %s", op.Op, short(op.Err.Error()))
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return errors.New(short(err.Error()))
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// short makes one line of a text from outside.
func short(text string) string {
	const most = 160
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
