package federation

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"signpost/graph/facts"
)

// Endpoints shakes hands with each host that a trust names, and looks at its TLS certificate. Nothing is sent beyond the
// handshake. A host stands once, with everything that it is used for.
func (r *Reader) Endpoints(ctx context.Context, f facts.Federation) []facts.Endpoint {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	var all []facts.Endpoint
	for _, x := range []struct{ address, use string }{
		{f.PassiveURI, "browser sign-in"}, {f.ActiveURI, "WS-Trust"}, {f.MetadataURI, "WS-MEX"}, {f.SignOutURI, "sign-out"},
	} {
		u, err := url.Parse(strings.TrimSpace(x.address))
		if err != nil || u.Hostname() == "" {
			continue
		}
		e := facts.Endpoint{Host: strings.ToLower(u.Host), Checked: r.now()}
		if u.Scheme != "https" {
			e.State, e.Problem = facts.EndpointPlain, "the address is not https"
		} else if port(u) == "443" {
			e.Host = strings.TrimSuffix(e.Host, ":443")
		}
		at := slices.IndexFunc(all, func(o facts.Endpoint) bool { return o.Host == e.Host && o.State == e.State })
		if at < 0 {
			at, all = len(all), append(all, e)
		}
		if !slices.Contains(all[at].Uses, x.use) {
			all[at].Uses = append(all[at].Uses, x.use)
		}
	}
	hosts := Hosts(f)
	var work sync.WaitGroup
	for i := range all {
		if all[i].State == "" {
			work.Go(func() { r.handshake(ctx, &all[i], hosts) })
		}
	}
	work.Wait()
	return all
}

// handshake fills in how a host answers.
func (r *Reader) handshake(ctx context.Context, e *facts.Endpoint, hosts []string) {
	u := &url.URL{Scheme: "https", Host: e.Host}
	host := strings.TrimSuffix(u.Hostname(), ".")
	if err := r.may(host, hosts); err != nil {
		e.State, e.Problem = facts.EndpointRefused, err.Error()
		return
	}
	conn, err := r.dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port(u)))
	if err != nil {
		e.State, e.Problem, e.Silent = facts.EndpointUnreachable, r.direct(u, err).Error(), silent(err)
		var refused *RefusedError
		if errors.As(err, &refused) {
			e.State = facts.EndpointRefused
		}
		return
	}
	defer conn.Close()
	// The certificate is verified below, by hand: one that is not trusted is to be told with its dates.
	client := tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // see above
	if err := client.HandshakeContext(ctx); err != nil {
		e.State, e.Problem = facts.EndpointUnreachable, "no TLS: "+plain(err).Error()
		return
	}
	chain := client.ConnectionState().PeerCertificates
	leaf := chain[0] // a client's handshake fails without one
	e.NotBefore, e.NotAfter, e.Issuer = leaf.NotBefore.UTC(), leaf.NotAfter.UTC(), short(leaf.Issuer.String())
	options := x509.VerifyOptions{Roots: r.roots, Intermediates: x509.NewCertPool(), DNSName: host, CurrentTime: r.now()}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	chains, err := leaf.Verify(options)
	var name x509.HostnameError
	switch {
	case err == nil:
		e.State = facts.EndpointOK
		if ends := chainEnds(chains); ends.Before(leaf.NotAfter) {
			e.ChainEnds = ends.UTC()
		}
	case r.now().After(leaf.NotAfter):
		e.State, e.Problem = facts.EndpointExpired, "ended on "+date(leaf.NotAfter)
	case r.now().Before(leaf.NotBefore):
		e.State, e.Problem = facts.EndpointExpired, "is not valid before "+date(leaf.NotBefore)
	case errors.As(err, &name):
		e.State, e.Problem = facts.EndpointWrongName, "it is for another name"
	default:
		e.State, e.Problem = facts.EndpointUntrusted, short(strings.TrimPrefix(err.Error(), "x509: "))
	}
}

// chainEnds is how long the best of some chains holds: until the first of its certificates, its root aside, ends.
func chainEnds(chains [][]*x509.Certificate) time.Time {
	var best time.Time
	for _, chain := range chains {
		ends := chain[0].NotAfter
		for _, c := range chain[1:max(1, len(chain)-1)] {
			if c.NotAfter.Before(ends) {
				ends = c.NotAfter
			}
		}
		if ends.After(best) {
			best = ends
		}
	}
	return best
}

// silent reports whether nothing answered a connection: no name server, no network, no host.
func silent(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.Is(err, context.DeadlineExceeded) || isTimeout(err) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH)
}
