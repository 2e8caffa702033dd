package bot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const (
	// workers per connection. Storing a job takes a millisecond or so; two let one slow event pass.
	workers = 2
	// ackWithin bounds the wait for room in slack-go's queue of 20 answers, which nobody empties while the connection is down.
	ackWithin = 2 * time.Second
	// maxFrame bounds a WebSocket message. Slack's are below 1 MB; slack-go's default is no limit.
	maxFrame = 8 << 20
	// maxAck is the size at which Slack drops an answer without a word, and slack-go refuses to send it.
	maxAck = 20 << 10
)

// connection is one of several that Socket Mode holds. slack-go reconnects by itself, on Slack's request and on failures; what it does not
// do is done here: read its events quickly, whatever happens, since it misses pings otherwise; acknowledge what it cannot parse;
// notice a connection that is alive but deaf.
type connection struct {
	n      int
	s      *Socket
	client *socketmode.Client
	queue  chan frame
	ended  chan struct{} // closed when slack-go has returned for good

	mu       sync.Mutex
	opened   time.Time // the WebSocket's opening; zero while there is none
	hello    time.Time // Slack's greeting on it; zero: not yet
	greeting time.Time // the latest greeting ever
	envelope time.Time // the latest envelope ever
	times    int       // how often it was opened
	renew    context.CancelFunc
}

// frame is an envelope on its way to a worker.
type frame struct {
	source  Source
	id      string // envelope_id
	payload json.RawMessage
	answers bool            // Slack takes a payload with the acknowledgement
	unread  json.RawMessage // the whole envelope, where slack-go could not read it
}

func newConnection(n int, s *Socket) *connection {
	return &connection{
		n: n, s: s, queue: make(chan frame, s.cfg.Queue), ended: make(chan struct{}),
		client: socketmode.New(s.cfg.Client, socketmode.OptionPingInterval(s.cfg.PingWithin), socketmode.OptionReadLimit(maxFrame)),
	}
}

// hold runs slack-go until ctx ends or Slack refuses us for good. Each renewal by the watchdog is a new run of the same client, which
// keeps its queue of acknowledgements.
func (c *connection) hold(ctx context.Context) {
	defer close(c.ended)
	for {
		run, cancel := context.WithCancel(ctx)
		c.mu.Lock()
		c.renew = cancel
		c.mu.Unlock()
		err := c.client.RunContext(run)
		cancel()
		c.down()
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, context.Canceled):
			pause(ctx, 100*time.Millisecond) // whatever ended it, never spin
		default:
			c.s.refuse(err)
			return
		}
	}
}

// read empties slack-go's channel of events until the connection has ended. Envelopes go to the workers while there is room and stopping
// has not begun; it never waits for them.
func (c *connection) read(stopping, live context.Context) {
	check := time.NewTicker(min(c.s.cfg.HelloWithin, c.s.cfg.QuietAfter) / 4)
	defer check.Stop()
	open := true
	shut := func() {
		if open {
			open = false
			close(c.queue)
		}
	}
	defer shut()
	stop, refused := stopping.Done(), live.Done()
	for {
		select {
		case <-stop:
			stop = nil
			shut()
		case <-refused:
			refused = nil
			shut()
		case <-c.ended:
			return
		case <-check.C:
			c.watch()
		case ev := <-c.client.Events:
			f, ok := c.note(ev)
			if !ok {
				continue
			}
			if !open {
				c.s.cfg.Metrics.event(string(f.source), wasShed)
				continue
			}
			select {
			case c.queue <- f:
			default:
				c.s.cfg.Metrics.event(string(f.source), wasShed)
			}
		}
	}
}

// note takes in what slack-go tells. True: it is an envelope to work on.
func (c *connection) note(ev socketmode.Event) (frame, bool) {
	log, metrics := c.s.cfg.Log, c.s.cfg.Metrics
	switch data := ev.Data.(type) {
	case *slack.ConnectingEvent:
		c.down()
	case *socketmode.ConnectedEvent:
		c.up()
	case *slack.ConnectionErrorEvent:
		c.s.failed(data.ErrorObj)
		log.Warn("connect to Slack", "connection", c.n, "attempt", data.Attempt+1, "again_in", data.Backoff, "error", reason(data.ErrorObj))
		if hopeless(data.ErrorObj) {
			c.s.refuse(data.ErrorObj)
		}
	case *slack.IncomingEventError:
		// Also comes whenever a connection is cut; only a frame that is no JSON is a lost envelope.
		if _, syntax := errors.AsType[*json.SyntaxError](data.ErrorObj); syntax {
			metrics.bad.WithLabelValues(badNoID).Inc()
		}
	case *socketmode.ErrorWriteFailed:
		metrics.acksFailed.Inc()
	case *socketmode.ErrorBadMessage:
		c.heard()
		return frame{unread: data.Message}, true
	}
	switch ev.Type {
	case socketmode.EventTypeHello:
		c.greet()
	case socketmode.EventTypeEventsAPI, socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive:
		if r := ev.Request; r != nil {
			c.heard()
			return frame{source: Source(r.Type), id: r.EnvelopeID, payload: r.Payload, answers: r.AcceptsResponsePayload}, true
		}
	}
	return frame{}, false
}

// work delivers queued envelopes and acknowledges those that were taken.
func (c *connection) work(live context.Context) {
	for f := range c.queue {
		if live.Err() != nil {
			continue // cut off: Slack sends it again
		}
		c.deliver(live, f)
	}
}

func (c *connection) deliver(ctx context.Context, f frame) {
	log, metrics := c.s.cfg.Log, c.s.cfg.Metrics
	if f.unread != nil {
		// slack-go gives up on a whole envelope for one unknown event type or one malformed block. We read no further than we must.
		v := jsonText(strings.TrimSpace(string(f.unread)))
		f.source, f.id = Source(v.field("type").str()), v.field("envelope_id").str()
		f.payload, f.answers = json.RawMessage(v.field("payload")), v.field("accepts_response_payload").truthy()
		if f.id == "" {
			metrics.bad.WithLabelValues(badNoID).Inc()
			log.Warn("an envelope without an id cannot be acknowledged", "connection", c.n)
			return
		}
	}
	ev, err := c.decode(f)
	if err != nil {
		// It would be no better the second time.
		metrics.bad.WithLabelValues(badGivenUp).Inc()
		log.Warn("an envelope cannot be read", "connection", c.n, "envelope", f.id, "error", err)
		c.ack(ctx, f, nil)
		return
	}
	if f.unread != nil {
		metrics.bad.WithLabelValues(badRead).Inc()
	}
	answer, err := c.s.to.deliver(ctx, ev)
	if err != nil {
		return // counted and logged; not acknowledged, so Slack sends it again
	}
	c.ack(ctx, f, answer)
}

func (c *connection) decode(f frame) (Event, error) {
	switch f.source {
	case FromEvents, FromCommand, FromInteraction:
		return decodeValid(f.source, f.payload) // slack-go has parsed the whole frame
	}
	return Event{}, errNotEvent
}

// ack acknowledges an envelope, with an answer where Slack takes one. An answer that is too large is left out, rather than the
// acknowledgement with it.
func (c *connection) ack(ctx context.Context, f frame, answer any) {
	log, metrics := c.s.cfg.Log, c.s.cfg.Metrics
	if !f.answers {
		answer = nil
	}
	if answer != nil {
		if text, err := json.Marshal(answer); err != nil || len(text) > maxAck-200 {
			metrics.acksFailed.Inc()
			log.Error("an answer to Slack cannot be sent", "connection", c.n, "envelope", f.id, "bytes", len(text), "error", err)
			answer = nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	if err := c.client.AckCtx(ctx, f.id, answer); err != nil {
		metrics.acksFailed.Inc()
		log.Warn("acknowledge an envelope", "connection", c.n, "envelope", f.id, "error", err)
		return
	}
	c.s.mu.Lock()
	c.s.acked = time.Now()
	c.s.mu.Unlock()
}

// watch renews a connection that is open but was not greeted, or that has been quiet for too long.
func (c *connection) watch() {
	now, cfg := c.s.cfg.Now(), c.s.cfg
	c.mu.Lock()
	opened, hello, heard, renew := c.opened, c.hello, c.envelope, c.renew
	c.mu.Unlock()
	switch {
	case opened.IsZero():
		return
	case hello.IsZero() && now.Sub(opened) >= cfg.HelloWithin:
		cfg.Log.Warn("Slack did not greet on an open connection; it is opened anew", "connection", c.n)
	case !hello.IsZero() && now.Sub(hello) >= cfg.QuietAfter && now.Sub(heard) >= cfg.QuietAfter && c.s.mayRenew(c, now):
		cfg.Log.Info("a connection was quiet for long; it is opened anew", "connection", c.n, "quiet", cfg.QuietAfter)
	default:
		return
	}
	c.down()
	renew()
}

func (c *connection) up() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened, c.hello = c.s.cfg.Now(), time.Time{}
	if c.times++; c.times > 1 {
		c.s.cfg.Metrics.reconnects.Inc()
	}
}

func (c *connection) down() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.hello.IsZero() {
		c.s.cfg.Metrics.connectionUp.Dec()
	}
	c.opened, c.hello = time.Time{}, time.Time{}
}

func (c *connection) greet() {
	c.s.greeted()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hello.IsZero() {
		c.s.cfg.Metrics.connectionUp.Inc()
	}
	c.hello = c.s.cfg.Now()
	c.greeting = c.hello
}

func (c *connection) heard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.envelope = c.s.cfg.Now()
}

func (c *connection) state() (up bool, hello, envelope time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.hello.IsZero(), c.greeting, c.envelope
}

// hopeless are answers to apps.connections.open that no further try changes. slack-go itself gives up on the first four only, and asks
// for ever on the others. See https://docs.slack.dev/reference/methods/apps.connections.open#errors
func hopeless(err error) bool {
	answer, ok := errors.AsType[slack.SlackErrorResponse](err)
	if !ok {
		return false
	}
	switch answer.Err {
	case "invalid_auth", "account_inactive", "not_authed", "token_revoked",
		"not_allowed_token_type", "missing_scope", "no_permission", "token_expired", "access_denied", "team_access_not_granted",
		"ekm_access_denied", "org_login_required", "forbidden_team", "unknown_method", "method_deprecated", "deprecated_endpoint":
		return true
	}
	return false
}

// advice says what to do about a refusal.
func advice(err error) string {
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok && status.Code == http.StatusNotFound {
		return "apps.connections.open is not found; check SLACK_API_URL"
	}
	what := reason(err)
	switch what {
	case "invalid_auth", "not_authed", "not_allowed_token_type", "token_revoked", "token_expired":
		return what + "; SLACK_APP_TOKEN must be a valid app-level token (xapp-…)"
	case "missing_scope", "no_permission":
		return what + "; the app-level token needs the scope connections:write"
	}
	return what
}

// reason is an error's text without the address that it may quote: a Socket Mode address is a ticket.
func reason(err error) string {
	if answer, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return answer.Err
	}
	if address, ok := errors.AsType[*url.Error](err); ok {
		err = address.Err
	}
	if text := err.Error(); !strings.Contains(text, "ws://") && !strings.Contains(text, "wss://") {
		return text
	}
	return "the WebSocket could not be opened"
}
