package slackfake

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options describe the workspace and how the fake behaves. The zero value is the workspace of [Contoso], with rate limits, on plain HTTP.
type Options struct {
	Team     Team
	App      App
	Users    []User
	Channels []Channel
	Groups   []UserGroup
	Bots     []Bot

	// Scopes granted to the bot token; nil grants every scope that the fake's methods ask for.
	Scopes []string
	// Events are the subscriptions by their manifest names ("message.channels", "app_mention", …); nil subscribes to everything.
	Events []string
	// ShouldEscape is the manifest's should_escape: users, channels and links in command text arrive in Slack's markup.
	ShouldEscape bool
	// NoHomeTab is an app without a Home tab: views.publish answers not_enabled.
	NoHomeTab bool

	TLS bool // https and wss, with a certificate that CertPEM and RootCAs give

	// Now is the fake's clock; nil is time.Now.
	Now func() time.Time
	// Tick is the real time between two looks at the deadlines: 0 is 50 ms; negative leaves it to Server.Tick.
	Tick time.Duration
	// PingInterval is the real time between WebSocket pings; 0 is 5 s.
	PingInterval time.Duration
	// MaxConnections is how many sockets an app may hold; 0 is Slack's 10.
	MaxConnections int
	// Pick chooses one of n open sockets for a payload; nil picks at random with a fixed seed.
	Pick func(n int) int
	// NoRateLimits turns the 429s off.
	NoRateLimits bool
}

// Server is the fake workspace. All methods may be called from any goroutine, except from inside the function given to Wait.
type Server struct {
	opts   Options
	team   Team
	app    App
	now    func() time.Time
	base   string // http://127.0.0.1:PORT
	cert   *certificate
	http   *http.Server
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	once   sync.Once

	mu      sync.Mutex
	closed  bool
	changed chan struct{} // closed and replaced on each change of state

	counters map[string]int
	lastTS   int64 // µs

	users        map[string]*User
	userOrder    []string
	channels     map[string]*Channel
	channelOrder []string
	groups       []*UserGroup
	bots         map[string]*Bot
	files        map[string]*File
	uploads      map[string]*File // begun and not completed
	messages     map[string][]*Message
	ephemerals   []*Message
	scheduled    []*Scheduled
	statuses     []*Status
	homes        map[string]*View
	modals       map[string][]*View // by user, bottom of the stack first
	views        map[string]*View
	triggers     map[string]*trigger
	hooks        map[string]*hook
	scopes       map[string]bool
	tokenError   string

	calls       []*Call
	sent        []*Sent
	acks        []Ack
	deliveries  []*Delivery
	invocations []*Invocation
	pending     []*event
	envelopes   map[string]any // envelope id → *event or *Invocation
	tickets     map[string]bool
	conns       []*conn
	httpMode    *HTTP
	lastMessage *event

	limits    map[string][]time.Time // requests of the last minute, by method
	buckets   map[string]time.Time   // posts, by channel
	faults    []*Fault
	hangs     map[string]chan struct{}
	duplicate int
}

// New starts the fake. It panics when no loopback port can be had, as net/http/httptest does; Start returns the error.
func New(opts Options) *Server {
	s, err := Start(opts)
	if err != nil {
		panic("slackfake: " + err.Error())
	}
	return s
}

// Start starts the fake.
func Start(opts Options) (*Server, error) {
	opts = opts.withDefaults()
	s := &Server{
		opts: opts, team: opts.Team, app: opts.App, now: opts.Now,
		changed: make(chan struct{}), counters: map[string]int{},
		users: map[string]*User{}, channels: map[string]*Channel{}, bots: map[string]*Bot{}, files: map[string]*File{}, uploads: map[string]*File{},
		messages: map[string][]*Message{}, homes: map[string]*View{}, modals: map[string][]*View{}, views: map[string]*View{},
		triggers: map[string]*trigger{}, hooks: map[string]*hook{}, envelopes: map[string]any{}, tickets: map[string]bool{},
		limits: map[string][]time.Time{}, buckets: map[string]time.Time{}, hangs: map[string]chan struct{}{},
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.opts.Tick == 0 {
		s.opts.Tick = 50 * time.Millisecond
	}
	if s.opts.PingInterval == 0 {
		s.opts.PingInterval = 5 * time.Second
	}
	if s.opts.MaxConnections == 0 {
		s.opts.MaxConnections = MaxConnections
	}
	if s.opts.Pick == nil {
		r := rand.New(rand.NewPCG(1, 2))
		s.opts.Pick = r.IntN
	}
	s.populate()

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a loopback port: %w", err)
	}
	s.base = "http://" + ln.Addr().String()
	if opts.TLS {
		if s.cert, err = newCertificate(); err != nil {
			ln.Close()
			return nil, fmt.Errorf("make a certificate: %w", err)
		}
		s.base = "https://" + ln.Addr().String()
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{s.cert.pair}, NextProtos: []string{"http/1.1"}})
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler:           s.track(s.routes()),
		ErrorLog:          log.New(io.Discard, "", 0),
		ReadHeaderTimeout: 30 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
	}
	s.wg.Go(func() { _ = s.http.Serve(ln) })
	if s.opts.Tick > 0 {
		s.wg.Go(s.tickForever)
	}
	return s, nil
}

func (s *Server) populate() {
	s.SetScopes(s.opts.Scopes...)
	for _, u := range s.opts.Users {
		s.addUser(u)
	}
	s.addUser(User{ID: s.app.UserID, Name: s.app.Name, RealName: s.app.Name, Bot: true})
	for _, b := range s.opts.Bots {
		s.bots[b.ID] = &b
		if b.UserID != "" {
			s.addUser(User{ID: b.UserID, Name: b.Name, RealName: b.Name, Bot: true})
		}
	}
	for _, c := range s.opts.Channels {
		s.addChannel(c)
	}
	for _, g := range s.opts.Groups {
		s.groups = append(s.groups, &g)
	}
}

func (s *Server) addUser(u User) {
	if s.users[u.ID] == nil {
		s.userOrder = append(s.userOrder, u.ID)
	}
	s.users[u.ID] = &u
}

func (s *Server) addChannel(c Channel) {
	if s.channels[c.ID] == nil {
		s.channelOrder = append(s.channelOrder, c.ID)
	}
	s.channels[c.ID] = &c
}

// Close drops every connection, ends all hanging requests and waits for the fake's goroutines.
func (s *Server) Close() {
	s.once.Do(func() {
		s.mu.Lock()
		s.closed = true
		for _, c := range s.conns {
			c.ws.Close()
		}
		s.touch()
		s.mu.Unlock()
		s.cancel()
		s.http.Close()
	})
	s.wg.Wait()
}

// track counts running handlers, so that Close can wait for them.
func (s *Server) track(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			panic(http.ErrAbortHandler)
		}
		s.wg.Add(1)
		s.mu.Unlock()
		defer s.wg.Done()
		h.ServeHTTP(w, r)
	})
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("/link/", s.serveSocket)
	mux.HandleFunc("POST /hooks/{id}", s.serveHook)
	mux.HandleFunc("GET /files-pri/{path...}", s.serveFile)
	mux.HandleFunc("POST "+uploadPath+"{id}", s.serveUpload)
	mux.HandleFunc("/", s.serveSignIn)
	return mux
}

// APIURL is the base of the Web API, with its trailing slash, for slack.OptionAPIURL or SLACK_API_URL.
func (s *Server) APIURL() string { return s.base + "/api/" }

// URL is the fake's own base, without a trailing slash: response_url and file downloads live below it.
func (s *Server) URL() string { return s.base }

// BotToken is the app's bot token.
func (s *Server) BotToken() string { return s.app.BotToken }

// AppToken is the app-level token for Socket Mode.
func (s *Server) AppToken() string { return s.app.AppToken }

// SigningSecret signs what is delivered over HTTP.
func (s *Server) SigningSecret() string { return s.app.SigningSecret }

// App is the app under test.
func (s *Server) App() App { return s.app }

// Team is the workspace.
func (s *Server) Team() Team { return s.team }

// RootCAs holds the fake's certificate; nil without Options.TLS.
func (s *Server) RootCAs() *x509.CertPool {
	if s.cert == nil {
		return nil
	}
	return s.cert.pool
}

// CertPEM is the fake's certificate for SSL_CERT_FILE; nil without Options.TLS.
func (s *Server) CertPEM() []byte {
	if s.cert == nil {
		return nil
	}
	return s.cert.pem
}

// touch wakes all who wait. The lock must be held.
func (s *Server) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// count gives 1, 2, 3, … for each name, so that two runs of a test see the same ids.
func (s *Server) count(name string) int {
	s.counters[name]++
	return s.counters[name]
}

// id makes an id such as V00000007.
func (s *Server) id(prefix string, digits int) string {
	return fmt.Sprintf("%s%0*d", prefix, digits, s.count(prefix))
}

// uuid makes an id in the form of a UUID.
func (s *Server) uuid(name string) string {
	n := s.count(name)
	kind := 0
	for _, c := range name {
		kind = (kind*31 + int(c)) & 0xffffffff
	}
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, n)
}

// ts is the next message timestamp: the clock in microseconds, and later than every one before.
func (s *Server) ts() string {
	now := s.now().UnixMicro()
	if now <= s.lastTS {
		now = s.lastTS + 1
	}
	s.lastTS = now
	return formatTS(now)
}

func formatTS(us int64) string { return fmt.Sprintf("%d.%06d", us/1e6, us%1e6) }

func (s *Server) tickForever() {
	t := time.NewTicker(s.opts.Tick)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
			s.Tick()
		}
	}
}

// Tick looks at everything that has a deadline by the fake's clock: unacked envelopes, retries, scheduled messages, statuses.
func (s *Server) Tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
}

func (s *Server) tick() {
	if s.closed {
		return
	}
	now := s.now()
	s.tickDeliveries(now)
	s.tickScheduled(now)
	s.tickStatuses(now)
}
