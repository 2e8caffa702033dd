package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"signpost/bot/jobs"
	"signpost/handlers"
	"signpost/runbooks"
)

// Settings is everything that a running bot is made of.
type Settings struct {
	Config Config
	Book   *runbooks.Book
	// Tenant is asked for facts; nil: answers hold the runbook alone.
	Tenant handlers.Directory
	// Trusts is asked for the health of the federation; nil: nobody can tell it.
	Trusts Trusts
	// TenantSays gives the lines of the start that tell what of the tenant can be read; nil with Tenant nil.
	TenantSays func(ctx context.Context) []string

	BotToken      string // xoxb-…
	AppToken      string // xapp-…: Socket Mode
	SigningSecret string // HTTP mode, where there is no app token
	SlackAPIURL   string // "" for Slack's
	DatabaseURL   string // as jobs.Open takes it
	Listen        string // address of the endpoints; "" for none

	Out io.Writer // gets the lines of the start
	Log *slog.Logger
	Now func() time.Time // nil: time.Now

	homeEvery time.Duration // see Homes.Every; 0: its default. Tests do not wait for that
}

// SetupError is something that the operator has to mend before the bot can run.
type SetupError struct{ error }

// Unwrap gives the cause.
func (e *SetupError) Unwrap() error { return e.error }

func setup(format string, args ...any) error { return &SetupError{fmt.Errorf(format, args...)} }

// connections is how many Socket Mode connections are held, so that one is always open while another is renewed.
const connections = 2

// How long the process may take to stop, and how long the tokens and the tenant are tried at the start.
const (
	stopFor  = 15 * time.Second
	startFor = 20 * time.Second
)

// Run runs the bot until ctx ends, then stops it in order: no new events, the work in hand finished, the database closed.
func Run(ctx context.Context, s Settings) (err error) {
	if s.Now == nil {
		s.Now = time.Now
	}
	if err := s.check(); err != nil {
		return err
	}
	starting, cancel := context.WithTimeout(ctx, startFor)
	defer cancel()
	// What is ours is tried first, so that its faults show whatever becomes of Slack.
	db, err := jobs.Open(starting, s.DatabaseURL, s.Log)
	if err != nil {
		return setup("database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	listener, err := listen(s.Listen)
	if err != nil {
		return setup("SIGNPOST_LISTEN %s: %w", s.Listen, err)
	}
	if listener != nil {
		defer listener.Close()
	}
	api := NewSlack(s.BotToken, s.AppToken, s.SlackAPIURL, nil)
	who, err := api.AuthTestContext(starting)
	if err != nil {
		return setup("%s", s.slackSays("SLACK_BOT_TOKEN", err))
	}
	self := Identity{TeamID: who.TeamID, UserID: who.UserID, BotID: who.BotID}

	gate := handlers.NewGate(api, Policy(s.Config))
	out := NewOutlet(api, gate, s.Log)
	worker := &Worker{
		Thread: &Thread{Slack: api, Out: out, Self: self}, Gate: gate, Store: db.Store(), Escalate: s.Config.Slack.Escalate, Log: s.Log, Now: s.Now,
		Desk: &handlers.Desk{Book: s.Book, Tenant: s.Tenant, Policy: Policy(s.Config), Now: s.Now}, Remember: s.Config.RetentionDays,
	}
	federation := &Federation{
		Trusts: s.Trusts, Thread: worker.Thread, Gate: gate, Store: db.Store(), Channel: s.Config.Federation.Channel,
		WarnDays: s.Config.Federation.WarnDays, Apps: s.Config.Federation.Apps, Log: s.Log, Now: s.Now,
	}
	worker.Trust = federation.OfError
	worker.Storms = NewStorms(worker, federation)
	schedules := []jobs.Periodic{retention(db, out, s)}
	if p, ok := worker.Storms.Periodic(); ok {
		schedules = append(schedules, p)
	}
	if p, ok := federation.Periodic(s.Config.Federation); ok {
		schedules = append(schedules, p)
	}
	reports := &Reports{Store: db.Store(), Thread: worker.Thread, Gate: gate, Book: s.Book, Config: s.Config.Report, Send: worker.send, Kept: s.Config.RetentionDays, Log: s.Log, Now: s.Now}
	if p, ok := reports.Periodic(); ok {
		schedules = append(schedules, p)
	}
	homes := NewHomes(worker, s.Config)
	queue, err := jobs.New(db, jobs.Work{Answer: homes.after(worker.Answer), Late: worker.Late, Watch: worker.Watched, Incident: worker.Storms.Update, Periodic: schedules}, jobs.Options{Logger: s.Log, Now: s.Now})
	if err != nil {
		return setup("%w", err)
	}
	worker.Later, worker.Watch, worker.Desk.Cases = queue.Later, queue.Watch, worker.Cases
	worker.Desk.Requests = worker.Requests
	worker.Storms.Later = queue.Incident

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	queueMetrics(registry, queue.Stats)

	var revoked atomic.Value
	back := NewBackground(ctx, s.Log)
	dispatch := &Dispatch{
		Rules: rules(self, s.Config), Queue: queue, Worker: worker, Federation: federation, Gate: gate, Back: back, Log: s.Log,
		Report:  reports.Command,
		Asked:   newAsked(),
		Typed:   newTyped(s),
		Revoked: func(why string) { revoked.Store(why); s.Log.Error("Slack took the app's tokens away", "event", why) },
	}
	ready := &readiness{settings: s, back: back}
	dispatch.Homes, homes.Ready, ready.changed, out.said = homes, ready.says, homes.Changed, homes.Changed
	if s.homeEvery > 0 {
		homes.Every = s.homeEvery
	}
	in, err := s.transport(api, dispatch.Deliver, registry)
	if err != nil {
		return err
	}
	parts := []Part{{"database", db.Ping}, {"slack connection", in.connected}, {"slack token", func(context.Context) error {
		if why, ok := revoked.Load().(string); ok {
			return errors.New(why)
		}
		return nil
	}}}
	mux := http.NewServeMux()
	healthRoutes(mux, parts, registry)
	in.register(mux)
	s.sayStart(starting, who.Team, who.User, in.says, listener)

	if err := queue.Start(ctx); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	running, ctx := errgroup.WithContext(ctx)
	running.Go(func() error { return in.run(ctx) })
	running.Go(func() error { return homes.Run(ctx) })
	if listener != nil {
		server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second, IdleTimeout: time.Minute}
		running.Go(func() error { return serve(ctx, server, listener) })
	}
	err = running.Wait()
	back.Wait()
	stopping, cancelStop := context.WithTimeout(context.WithoutCancel(ctx), stopFor)
	defer cancelStop()
	if stop := queue.Stop(stopping); stop != nil {
		s.Log.Warn("stop the queue", "error", stop)
	}
	return err
}

// check looks at the settings themselves, before anything is opened or asked.
func (s Settings) check() error {
	switch {
	case s.BotToken == "":
		return setup("SLACK_BOT_TOKEN is not set: copy it from OAuth & Permissions of the Slack app, it starts with xoxb-")
	case strings.HasPrefix(s.BotToken, "xapp-"):
		return setup("SLACK_BOT_TOKEN holds an app-level token (xapp-): the bot token of OAuth & Permissions belongs there, it starts with xoxb-")
	case s.AppToken == "" && s.SigningSecret == "":
		return setup("neither SLACK_APP_TOKEN (Socket Mode, starts with xapp-) nor SLACK_SIGNING_SECRET (HTTP mode) is set")
	case strings.HasPrefix(s.AppToken, "xoxb-"):
		return setup("SLACK_APP_TOKEN holds a bot token (xoxb-): the app-level token of Basic Information belongs there, it starts with xapp-")
	}
	return CheckSlackURL(s.SlackAPIURL)
}

// CheckSlackURL refuses an address that tokens may not be sent to: anything but https, except on this machine.
func CheckSlackURL(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return setup("SLACK_API_URL is no web address such as https://slack.com/api/")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return setup("SLACK_API_URL is http: tokens are sent over https only, except to this machine")
	}
	return nil
}

// slackSays tells a refusal of Slack from a Slack that cannot be reached, without any address that holds a secret.
func (s Settings) slackSays(name string, err error) string {
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) {
		return fmt.Sprintf("Slack refuses %s: %s", name, refused.Err)
	}
	host := "slack.com"
	if u, err := url.Parse(s.SlackAPIURL); err == nil && u.Host != "" {
		host = u.Host
	}
	return fmt.Sprintf("Slack cannot be reached at %s: check the network, the proxy and SLACK_API_URL", host)
}

// rules is what the configuration says about which messages are ours.
func rules(self Identity, c Config) Rules {
	r := Rules{Self: self, Channels: map[string]ChannelRule{}}
	for _, ch := range c.Slack.Channels {
		r.Channels[ch.ID] = ChannelRule{Bots: ch.Bots}
	}
	return r
}

func listen(address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	return net.Listen("tcp", address)
}

// serve answers until ctx ends.
func serve(ctx context.Context, server *http.Server, l net.Listener) error {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopFor)
		defer cancel()
		_ = server.Shutdown(closing) // what is left is cut off
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the endpoints: %w", err)
	}
	<-stopped
	return nil
}

// sayStart says in one line each what the bot is connected to and what is missing.
func (s Settings) sayStart(ctx context.Context, team, user, transport string, l net.Listener) {
	say := func(format string, args ...any) { fmt.Fprintf(s.Out, format+"\n", args...) }
	say("Slack: workspace %s as @%s, %s", team, user, transport)
	if len(s.Config.Slack.Channels) == 0 {
		say("Channels: every one the bot is in, with details agents; list them in the configuration to change that")
	} else {
		var all []string
		for _, c := range s.Config.Slack.Channels {
			details := c.Details
			if details == "" {
				details = string(handlers.Agents)
			}
			all = append(all, c.ID+" ("+details+")")
		}
		say("Channels: %s", strings.Join(all, ", "))
	}
	if len(s.Config.Slack.Agents) == 0 {
		say("Agents: none are configured (slack.agents), so diagnoses are shown to the affected person only")
	}
	if f := s.Config.Federation; f.Schedule != "" {
		say("Federation health: %q (%s) in %s", f.Schedule, f.Timezone, f.Channel)
	}
	if r := s.Config.Report; r.Schedule != "" {
		say("Report: %q (%s) in %s", r.Schedule, r.Timezone, r.Channel)
	}
	say("Database: %s", redactURL(s.DatabaseURL))
	say("Runbooks: %d", len(s.Book.Codes()))
	if s.Tenant == nil {
		say("Entra: no credentials, so answers hold the runbook alone")
	} else if s.TenantSays != nil {
		for _, line := range s.TenantSays(ctx) {
			say("%s", line)
		}
	}
	if l != nil {
		say("Endpoints: http://%s/healthz /readyz /metrics", l.Addr())
	}
}

// redactURL is a database URL without its password.
func redactURL(u string) string {
	scheme, rest, ok := strings.Cut(u, "://")
	if !ok {
		return u
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, _, _ := strings.Cut(rest[:at], ":")
		rest = user + rest[at:]
	}
	rest, _, _ = strings.Cut(rest, "?")
	return scheme + "://" + rest
}
