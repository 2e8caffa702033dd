package tenantfake

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Server is a fake tenant that listens on loopback.
type Server struct {
	URL string // https://127.0.0.1:PORT: root of Graph (without /v1.0) and of the authority host

	now  func() time.Time
	http *http.Server
	pool *x509.CertPool
	pem  []byte
	gone chan struct{} // closed once the server has stopped

	authority509 *x509.Certificate // the server's certificate, and the authority of others
	authorityKey any

	mu         sync.Mutex
	state      State
	tokens     map[string]token
	requests   []Request
	batches    int
	violations []string
	throttled  int
	asked      int // token requests
	faults     []*Fault
	windows    map[string][]time.Time
}

// Request is one request that the server took.
type Request struct {
	Method string
	Path   string // as it came, still escaped: "/v1.0/users/mia%40contoso.com"
	Query  url.Values
	Header http.Header
	Body   string // of a POST
	Status int    // what was answered
	Batch  int    // of a request that came in a batch: the number of the batch; its POST stands behind its parts
}

// New starts a fake tenant with the state. Close it.
func New(state State) *Server { return NewAt(state, time.Now) }

// NewAt starts a fake tenant whose limits, tokens and log go by the clock.
func NewAt(state State, now func() time.Time) *Server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic("tenantfake: cannot listen on loopback: " + err.Error()) // as net/http/httptest does
	}
	cert, text := certificate(now())
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	authority, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		panic("tenantfake: " + err.Error())
	}
	s := &Server{
		URL: "https://" + listener.Addr().String(), now: now, pool: pool, pem: text, gone: make(chan struct{}), authority509: authority, authorityKey: cert.PrivateKey,
		state: state.normal(), tokens: map[string]token{}, windows: map[string][]time.Time{},
	}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ErrorLog:          log.New(io.Discard, "", 0), // clients that give up are part of the tests
	}
	go func() {
		defer close(s.gone)
		if err := s.http.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			panic("tenantfake: " + err.Error())
		}
	}()
	return s
}

// Close stops the server and cuts its connections.
func (s *Server) Close() {
	_ = s.http.Close()
	<-s.gone
}

// CertPool holds the authority of the server's certificate, for graph.Config.RootCAs.
func (s *Server) CertPool() *x509.CertPool { return s.pool }

// CertPEM is the certificate of the server's authority, for a file that SSL_CERT_FILE names.
func (s *Server) CertPEM() []byte { return slices.Clone(s.pem) }

// Client returns a client that trusts the server.
func (s *Server) Client() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: s.pool, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: t}
}

// Env is the environment that points the real client at the server.
func (s *Server) Env() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]string{
		"AZURE_TENANT_ID": s.state.TenantID, "AZURE_CLIENT_ID": s.state.ClientID, "AZURE_CLIENT_SECRET": s.state.Secret,
		"AZURE_AUTHORITY_HOST": s.URL, "SIGNPOST_GRAPH_URL": s.URL,
	}
}

// Change changes the tenant while it runs.
func (s *Server) Change(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
	s.state = s.state.normal()
}

// Without takes permissions away. Tokens that were given out before keep theirs, as in a real tenant.
func (s *Server) Without(permissions ...string) *Server {
	s.Change(func(st *State) {
		st.Permissions = slices.DeleteFunc(slices.Clone(st.Permissions), func(p string) bool { return slices.Contains(permissions, p) })
	})
	return s
}

// Calls counts the HTTP requests to Graph: a batch is one, whatever is in it.
func (s *Server) Calls() (n int) {
	for _, r := range s.Requests() {
		if r.Batch == 0 {
			n++
		}
	}
	return n
}

// Handler answers what the server would, without a network: for tests that hold time still.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Requests lists what was asked of Graph so far, in order: also each request of a batch.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Count counts the requests to Graph whose path contains the text.
func (s *Server) Count(path string) (n int) {
	for _, r := range s.Requests() {
		if strings.Contains(strings.ToLower(r.Path), strings.ToLower(path)) {
			n++
		}
	}
	return n
}

// Violations lists what no reader of a tenant may do: each request to Graph that was not a GET, and each without a token.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// Throttled counts the requests that the limits refused.
func (s *Server) Throttled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.throttled
}

// TokenRequests counts the requests for tokens, refused ones too.
func (s *Server) TokenRequests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *Server) violation(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = append(s.violations, text)
}

// snapshot is the state of now, for one request.
func (s *Server) snapshot() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// serve routes a request to Graph or to the authority.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	version, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch version {
	case "v1.0", "beta":
		seen := &recorder{ResponseWriter: w, status: http.StatusOK}
		body := s.graph(seen, r, version, rest)
		s.mu.Lock()
		s.requests = append(s.requests, Request{
			Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: r.Header.Clone(), Body: body, Status: seen.status,
		})
		s.mu.Unlock()
	default:
		if f := s.fault(version, rest, false); f != nil && f.act(w, r) {
			return
		}
		s.authority(w, r)
	}
}

// recorder remembers the status.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// certificate makes a self-signed certificate for loopback.
func certificate(now time.Time) (tls.Certificate, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("tenantfake: " + err.Error())
	}
	// The wall clock counts as well: clients check against it, whatever clock the tenant goes by.
	begin, end := now, time.Now()
	if begin.After(end) {
		begin, end = end, begin
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Signpost fake tenant"},
		NotBefore: begin.Add(-24 * time.Hour), NotAfter: end.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic("tenantfake: " + err.Error())
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
