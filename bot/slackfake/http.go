package slackfake

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// HTTP says where to deliver instead of Socket Mode. While it is set, no payload goes to a socket, and the other way round.
type HTTP struct {
	EventsURL       string
	CommandsURL     string
	InteractionsURL string
	Transport       http.RoundTripper // nil: http.DefaultTransport's settings
	// Timeout is the real time an endpoint has; 0 is Slack's 3 s.
	Timeout time.Duration
	// SignedAt is the time in the signature; nil is time.Now, because slack-go's verifier compares with the real clock, whatever Options.Now says.
	SignedAt func() time.Time

	client *http.Client
}

var errTooManyRedirects = errors.New("more than two redirects")

// UseHTTP switches to delivery over HTTP. As when a request URL is entered in Slack's settings, the events URL is first sent a signed
// url_verification and has to echo the challenge. https://docs.slack.dev/reference/events/url_verification
func (s *Server) UseHTTP(h HTTP) error {
	if h.Timeout == 0 {
		h.Timeout = AckTimeout
	}
	if h.SignedAt == nil {
		h.SignedAt = time.Now
	}
	transport := h.Transport
	if transport == nil {
		t := &http.Transport{DisableKeepAlives: true}
		transport = t
	}
	h.client = &http.Client{Transport: transport, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > 2 {
			return errTooManyRedirects
		}
		return nil
	}}
	if h.EventsURL != "" {
		s.mu.Lock()
		challenge := s.uuid("challenge")
		s.mu.Unlock()
		body := mustJSON(Block{"token": "verification-token-not-used", "challenge": challenge, "type": "url_verification"})
		status, answer, _, err := s.postSigned(&h, h.EventsURL, "application/json", body, nil)
		if err != nil {
			return fmt.Errorf("verify the events URL: %w", err)
		}
		var echoed struct {
			Challenge string `json:"challenge"`
		}
		_ = json.Unmarshal(answer, &echoed)
		if status != http.StatusOK || (echoed.Challenge != challenge && strings.TrimSpace(string(answer)) != challenge) {
			return fmt.Errorf("verify the events URL: it answered %d and did not echo the challenge", status)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.httpMode = &h
	s.touch()
	return nil
}

// UseSocketMode switches back to Socket Mode.
func (s *Server) UseSocketMode() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.httpMode = nil
	s.touch()
}

// Sign gives the headers of a request with this body at this time. https://docs.slack.dev/authentication/verifying-requests-from-slack
func (s *Server) Sign(body []byte, at time.Time) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.app.SigningSecret))
	fmt.Fprintf(mac, "v0:%s:", stamp)
	mac.Write(body)
	h := http.Header{}
	h.Set("X-Slack-Request-Timestamp", stamp)
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return h
}

// postSigned posts to the app and says, in Slack's words, why it did not work.
func (s *Server) postSigned(h *HTTP, to, kind string, body []byte, extra map[string]string) (status int, answer []byte, header http.Header, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, h.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header = s.Sign(body, h.SignedAt())
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	for k, v := range extra {
		req.Header.Set(k, v)
	}
	res, err := h.client.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxBody))
	return res.StatusCode, answer, res.Header, err
}

// reasonFor gives the x-slack-retry-reason.
func reasonFor(status int, err error) string {
	var unknownCA x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	switch {
	case err == nil && status/100 == 2:
		return ""
	case err == nil:
		return "http_error"
	case errors.Is(err, context.DeadlineExceeded):
		return "http_timeout"
	case errors.Is(err, errTooManyRedirects):
		return "too_many_redirects"
	case errors.As(err, &unknownCA), errors.As(err, &record), errors.As(err, &verify):
		return "ssl_error"
	}
	return "connection_failed"
}

// postEvent delivers one attempt. Retries follow nearly at once, after 1 minute and after 5. https://docs.slack.dev/apis/events-api#retries
func (s *Server) postEvent(ev *event, d *Delivery) {
	h, attempt, reason := s.httpMode, d.Attempt, ev.reason
	s.spawn(func() {
		extra := map[string]string{}
		if attempt > 0 {
			extra["X-Slack-Retry-Num"] = strconv.Itoa(attempt)
			extra["X-Slack-Retry-Reason"] = reason
		}
		status, _, header, err := s.postSigned(h, h.EventsURL, "application/json", ev.payload, extra)
		s.mu.Lock()
		defer s.mu.Unlock()
		d.Status = status
		d.Failed = reasonFor(status, err)
		ev.reason = d.Failed
		switch {
		case ev.reason == "":
			s.settle(ev)
		case header.Get("X-Slack-No-Retry") == "1":
			s.forget(ev)
		case attempt == 0:
			ev.due = s.now() // nearly at once
		default:
			ev.due = s.now().Add(retryAfter[min(attempt, len(retryAfter)-1)])
		}
		s.touch()
	})
}

// postInvocation delivers a command or interaction as a form.
func (s *Server) postInvocation(i *Invocation, payload Block, d *Delivery) {
	h := s.httpMode
	to, form := h.InteractionsURL, url.Values{"payload": {string(i.Payload)}}
	if i.Kind == "command" {
		to, form = h.CommandsURL, url.Values{}
		for k, v := range payload {
			form.Set(k, (&request{args: Block{k: v}}).str(k))
		}
	}
	s.spawn(func() {
		body := []byte(form.Encode())
		status, answer, _, err := s.postSigned(h, to, "application/x-www-form-urlencoded", body, nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		d.Status, d.Failed = status, reasonFor(status, err)
		var decoded any
		if json.Unmarshal(answer, &decoded) != nil && len(answer) > 0 {
			decoded = string(answer)
		}
		switch d.Failed {
		case "":
			s.sent = append(s.sent, &Sent{Method: "ack", User: i.User, Body: answer, Text: strings.Join(leaves(nil, decoded), "\n")})
			s.answered(i, decoded)
		case "http_timeout":
			i.State = TimedOut
		case "http_error":
			i.State = HTTPError
		default:
			i.State = Undelivery
		}
		s.touch()
	})
}

// spawn runs f unless the fake is closed. The lock must be held.
func (s *Server) spawn(f func()) {
	if !s.closed {
		s.wg.Go(f)
	}
}
