package tenantfake

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// IdP is the identity provider of a federated domain: a host of its own on loopback, with a TLS certificate that the authority
// of the fake tenant issued, and what it publishes. Close it.
type IdP struct {
	URL  string // https://127.0.0.1:PORT
	Host string // 127.0.0.1:PORT

	http *http.Server
	gone chan struct{}

	mu        sync.Mutex
	published map[string]string
	asked     map[string]int
	unchanged int
}

// IdPFault is what is wrong with an identity provider. The zero value is one in order.
type IdPFault struct {
	NotBefore, NotAfter time.Time // of its TLS certificate; zero for a month ago and a year from now
	Name                string    // the name that its TLS certificate is for, alone; "" for its own
	Untrusted           bool      // its TLS certificate is from an authority that nobody knows
	// Answer, where it is set, answers every request, instead of what was published.
	Answer http.HandlerFunc
}

// IdP starts an identity provider.
func (s *Server) IdP(f IdPFault) *IdP {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic("tenantfake: cannot listen on loopback: " + err.Error())
	}
	host := listener.Addr().String()
	p := &IdP{URL: "https://" + host, Host: host, gone: make(chan struct{}), published: map[string]string{}, asked: map[string]int{}}
	p.http = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, f.Answer) }),
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{s.issueTLS(f)}, MinVersion: tls.VersionTLS12},
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(p.gone)
		if err := p.http.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			panic("tenantfake: " + err.Error())
		}
	}()
	return p
}

// Close stops the identity provider and cuts its connections.
func (p *IdP) Close() {
	_ = p.http.Close()
	<-p.gone
}

// Publish puts a document at a path; "" takes it away.
func (p *IdP) Publish(path, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published[strings.ToLower(path)] = text
}

// Asked counts the requests for a path, also those that were answered with "not modified".
func (p *IdP) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[strings.ToLower(path)]
}

// Unchanged counts the requests that were answered with "not modified".
func (p *IdP) Unchanged() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unchanged
}

func (p *IdP) serve(w http.ResponseWriter, r *http.Request, answer http.HandlerFunc) {
	path := strings.ToLower(r.URL.Path)
	p.mu.Lock()
	p.asked[path]++
	text := p.published[path]
	p.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case text == "":
		http.NotFound(w, r)
	default:
		seen := &recorder{ResponseWriter: w}
		publish(seen, r, text)
		if seen.status == http.StatusNotModified {
			p.mu.Lock()
			p.unchanged++
			p.mu.Unlock()
		}
	}
}

// issueTLS makes the TLS certificate of an identity provider on loopback.
func (s *Server) issueTLS(f IdPFault) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("tenantfake: " + err.Error())
	}
	now := s.now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Signpost fake identity provider"}, NotBefore: f.NotBefore, NotAfter: f.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = now.AddDate(0, -1, 0)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = now.AddDate(1, 0, 0)
	}
	if f.Name != "" {
		template.IPAddresses, template.DNSNames = nil, []string{f.Name}
	}
	parent, signer := s.authority509, s.authorityKey
	if f.Untrusted {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		panic("tenantfake: " + err.Error())
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
