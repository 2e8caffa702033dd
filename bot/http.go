package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

const (
	// maxBody bounds a request from Slack. An event with 40,000 characters of text in all its forms stays far below.
	maxBody = 1 << 20
	// maxProbe bounds what is read of a request that is not signed.
	maxProbe = 4 << 10
	// replayMemory is how long a signed command or interaction is remembered. A signature is good from 5 minutes before to 5 minutes
	// after its timestamp, so a request can be replayed for at most 10 minutes.
	replayMemory = 10 * time.Minute
)

// HTTPConfig is what HTTP mode needs. All fields but Now must be set.
type HTTPConfig struct {
	Secret  string // the app's signing secret
	Sink    Sink
	Log     *slog.Logger
	Metrics *Metrics
	Now     func() time.Time // for what is remembered; the check of the signature's age uses the real clock. Default time.Now
}

// HTTP receives events, commands and interactions that Slack posts. A request is believed only if it carries the app's signature and is
// at most five minutes old; nothing of it is parsed before. See https://docs.slack.dev/authentication/verifying-requests-from-slack
type HTTP struct {
	secret  string
	to      *deliverer
	log     *slog.Logger
	metrics *Metrics
	now     func() time.Time
	signed  *seen // signatures of commands and interactions: identical ones inside the window are replays
}

// NewHTTP makes HTTP mode's endpoints. It fails without a signing secret.
func NewHTTP(cfg HTTPConfig) (*HTTP, error) {
	if cfg.Secret == "" {
		return nil, errors.New("set up HTTP mode: the signing secret is empty")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &HTTP{
		secret: cfg.Secret, log: cfg.Log, metrics: cfg.Metrics, now: cfg.Now,
		to:     newDeliverer(cfg.Sink, cfg.Log, cfg.Metrics, cfg.Now),
		signed: newSeen(replayMemory, 0),
	}, nil
}

// Register adds the endpoints: POST /slack/events, /slack/commands and /slack/interactions. Timeouts for slow senders are the server's.
func (h *HTTP) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /slack/events", h.events)
	mux.HandleFunc("POST /slack/commands", h.commands)
	mux.HandleFunc("POST /slack/interactions", h.interactions)
}

// events takes Events API requests. Retries, marked by X-Slack-Retry-Num, are treated like any other: an event that arose while we were
// away comes only as one. See https://docs.slack.dev/apis/events-api
func (h *HTTP) events(w http.ResponseWriter, r *http.Request) {
	body, ok := h.verified(w, r)
	if !ok {
		return
	}
	if !json.Valid(body) {
		h.giveUp(FromEvents, errNotJSON)
		return
	}
	outer := jsonText(bytes.TrimSpace(body))
	if outer.field("type").str() == "url_verification" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, outer.field("challenge").str())
		return
	}
	ev, err := decodeValid(FromEvents, body)
	if err != nil {
		h.giveUp(FromEvents, err)
		return
	}
	h.deliver(r.Context(), w, ev)
}

// commands takes slash commands. See https://docs.slack.dev/interactivity/implementing-slash-commands
func (h *HTTP) commands(w http.ResponseWriter, r *http.Request) {
	body, ok := h.verified(w, r)
	if !ok {
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		h.giveUp(FromCommand, err)
		return
	}
	if form.Get("ssl_check") == "1" {
		return
	}
	fields := make(map[string]string, len(form))
	for k := range form {
		fields[k] = form.Get(k)
	}
	payload, err := json.Marshal(fields) // the shape that Socket Mode has
	if err != nil {
		h.giveUp(FromCommand, err)
		return
	}
	h.once(w, r, FromCommand, payload)
}

// interactions takes button clicks, shortcuts and modals. See https://docs.slack.dev/interactivity/handling-user-interaction
func (h *HTTP) interactions(w http.ResponseWriter, r *http.Request) {
	body, ok := h.verified(w, r)
	if !ok {
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		h.giveUp(FromInteraction, err)
		return
	}
	h.once(w, r, FromInteraction, []byte(form.Get("payload")))
}

// once delivers a command or an interaction unless the very same signed request came before. Slack never sends these again, so the second
// is a proxy's retry or an attack; it gets an empty 200. One that the sink did not take may come again.
func (h *HTTP) once(w http.ResponseWriter, r *http.Request, source Source, payload []byte) {
	ev, err := Decode(source, payload)
	if err != nil {
		h.giveUp(source, err)
		return
	}
	// The signature is in hexadecimal, and verifying it accepts both letter cases.
	key := strings.ToLower(r.Header.Get("X-Slack-Signature"))
	if !h.signed.add(key, h.now()) {
		h.metrics.event(ev.Kind, wasDuplicate)
		return
	}
	if !h.deliver(r.Context(), w, ev) {
		h.signed.forget(key)
	}
}

// deliver hands the event to the sink and writes the answer: 200 with the sink's payload, or 500 so that Slack sends an event again.
func (h *HTTP) deliver(ctx context.Context, w http.ResponseWriter, ev Event) bool {
	// The client hanging up must not undo half of what the sink does.
	ack, err := h.to.deliver(context.WithoutCancel(ctx), ev)
	if err != nil {
		http.Error(w, "not taken", http.StatusInternalServerError)
		return false
	}
	if ack == nil {
		return true
	}
	answer, err := json.Marshal(ack)
	if err != nil {
		h.metrics.acksFailed.Inc()
		h.log.Error("write the answer to Slack", "kind", ev.Kind, "error", err)
		return true
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(answer)
	return true
}

// giveUp counts a signed request that nothing can be made of. It is answered with 200: sent again it would be no better, and too many
// errors make Slack switch the app's events off.
func (h *HTTP) giveUp(source Source, err error) {
	h.metrics.bad.WithLabelValues(badGivenUp).Inc()
	h.log.Warn("a request from Slack cannot be read", "source", string(source), "error", err)
}

// verified returns the request's body if its signature holds; otherwise it has answered. Whatever is wrong, the answer is the same.
func (h *HTTP) verified(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	check, err := slack.NewSecretsVerifier(r.Header, h.secret)
	if err != nil {
		if sslCheck(r) {
			return nil, false
		}
		h.refuse(w, http.StatusUnauthorized, "signature")
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			h.refuse(w, http.StatusRequestEntityTooLarge, "too_large")
		} else {
			h.refuse(w, http.StatusBadRequest, "broken")
		}
		return nil, false
	}
	_, _ = check.Write(body)
	if check.Ensure() != nil {
		h.refuse(w, http.StatusUnauthorized, "signature")
		return nil, false
	}
	return body, true
}

func (h *HTTP) refuse(w http.ResponseWriter, status int, reason string) {
	h.metrics.httpRefused.WithLabelValues(reason).Inc()
	http.Error(w, http.StatusText(status), status)
}

// sslCheck reports whether an unsigned request is Slack's probe of a command's certificate, which wants a 200 and nothing else.
func sslCheck(r *http.Request) bool {
	if r.URL.Path != "/slack/commands" {
		return false
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, maxProbe))
	return err == nil && (bytes.HasPrefix(head, []byte("ssl_check=1")) || bytes.Contains(head, []byte("&ssl_check=1")))
}
