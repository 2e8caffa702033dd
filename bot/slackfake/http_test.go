package slackfake_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"signpost/bot/slackfake"
)

// app is an HTTP app as slack-go's examples build one: it checks the signature, then parses.
type app struct {
	t      *testing.T
	secret string

	mu       sync.Mutex
	retries  []string
	messages []string
	answer   func(w http.ResponseWriter, r *http.Request) bool // true: it has answered
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Error(err)
	}
	verifier, err := slack.NewSecretsVerifier(r.Header, a.secret)
	if err != nil {
		a.t.Errorf("signature headers: %v", err)
		return
	}
	if _, err := verifier.Write(body); err != nil {
		a.t.Error(err)
	}
	if err := verifier.Ensure(); err != nil {
		a.t.Errorf("signature: %v", err)
	}
	if r.URL.Path == "/commands" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"text":"answer in the body"}`))
		return
	}
	if r.URL.Path == "/interactions" {
		return
	}
	event, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
	if err != nil {
		a.t.Errorf("event: %v", err)
		return
	}
	if event.Type == slackevents.URLVerification {
		var challenge slackevents.EventsAPIURLVerificationEvent
		if err := json.Unmarshal(body, &challenge); err != nil {
			a.t.Error(err)
		}
		_, _ = w.Write([]byte(challenge.Challenge))
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.retries = append(a.retries, r.Header.Get("X-Slack-Retry-Num")+" "+r.Header.Get("X-Slack-Retry-Reason"))
	if a.answer != nil && a.answer(w, r) {
		return
	}
	if m, isMessage := event.InnerEvent.Data.(*slackevents.MessageEvent); isMessage {
		a.messages = append(a.messages, m.Text)
	}
}

func serve(t *testing.T, fake *slackfake.Server) (*app, string) {
	t.Helper()
	a := &app{t: t, secret: fake.SigningSecret()}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	err := fake.UseHTTP(slackfake.HTTP{EventsURL: server.URL + "/events", CommandsURL: server.URL + "/commands", InteractionsURL: server.URL + "/interactions"})
	if err != nil {
		t.Fatal(err)
	}
	return a, server.URL
}

func TestHTTPDeliveryIsSigned(t *testing.T) {
	fake := start(t, slackfake.Options{})
	a, _ := serve(t, fake)
	fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
	wait(t, fake, func(s *slackfake.Snapshot) bool { return s.Unacked() == 0 })
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.messages) != 1 || a.retries[0] != " " {
		t.Errorf("messages %q, retries %q", a.messages, a.retries)
	}
}

func TestHTTPRetries(t *testing.T) {
	refuse := func(status int, header ...string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			return true
		}
	}
	rows := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request) bool
		want   []string
	}{
		{"500 again and again", refuse(500), []string{" ", "1 http_error", "2 http_error", "3 http_error"}},
		{"401", refuse(401), []string{" ", "1 http_error", "2 http_error", "3 http_error"}},
		{"no retry wished", refuse(500, "X-Slack-No-Retry", "1"), []string{" "}},
		{"204 is fine", refuse(204), []string{" "}},
		{"endless redirects", func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
			return true
		}, nil},
		{"connection cut", func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, []string{" ", "1 connection_failed", "2 connection_failed", "3 connection_failed"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			clk := newClock()
			fake := start(t, slackfake.Options{Now: clk.now, Tick: -1})
			a, _ := serve(t, fake)
			a.mu.Lock()
			a.answer = row.answer
			a.mu.Unlock()
			fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
			for attempt := 1; attempt <= 4; attempt++ {
				wait(t, fake, func(s *slackfake.Snapshot) bool {
					d := s.Deliveries()
					return s.Unacked() == 0 || (len(d) == attempt && (d[attempt-1].Status != 0 || d[attempt-1].Failed != ""))
				})
				clk.add([]time.Duration{0, time.Minute, 5 * time.Minute, time.Hour}[attempt-1])
				fake.Tick()
			}
			if n := fake.Unacked(); n != 0 {
				t.Errorf("%d events wait after all retries", n)
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			if row.want == nil {
				last := fake.Deliveries()
				if last[len(last)-1].Reason != "too_many_redirects" {
					t.Errorf("reason %q", last[len(last)-1].Reason)
				}
				return
			}
			if len(a.retries) != len(row.want) {
				t.Fatalf("attempts %q, want %q", a.retries, row.want)
			}
			for i := range row.want {
				if a.retries[i] != row.want[i] {
					t.Errorf("attempt %d: %q, want %q", i, a.retries[i], row.want[i])
				}
			}
		})
	}
}

func TestHTTPCommandsAndInteractions(t *testing.T) {
	fake := start(t, slackfake.Options{})
	_, _ = serve(t, fake)
	inv, err := fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "50076")
	if err != nil {
		t.Fatal(err)
	}
	wait(t, fake, func(s *slackfake.Snapshot) bool {
		i, _ := s.Invocation(inv.ID)
		return i.State == slackfake.Acked && len(s.Ephemerals("U0BOB")) == 1
	})
	if m := fake.Ephemerals("U0BOB")[0]; m.Text != "answer in the body" {
		t.Errorf("answer %q", m.Text)
	}
	ts := answerWithButtons(t, fake, "C0SUPPORT", fake.Post("C0SUPPORT", "U0BOB", "x"))
	inv, err = fake.Click("U0BOB", "C0SUPPORT", ts, "solved")
	if err != nil {
		t.Fatal(err)
	}
	wait(t, fake, func(s *slackfake.Snapshot) bool {
		i, _ := s.Invocation(inv.ID)
		return i.State == slackfake.Acked
	})
}

func TestRequestURLHasToEchoTheChallenge(t *testing.T) {
	fake := start(t, slackfake.Options{})
	mute := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer mute.Close()
	if err := fake.UseHTTP(slackfake.HTTP{EventsURL: mute.URL}); err == nil {
		t.Error("an endpoint that echoes nothing was taken")
	}
	mute.Close()
	if err := fake.UseHTTP(slackfake.HTTP{EventsURL: mute.URL}); err == nil {
		t.Error("an endpoint that is not there was taken")
	}
}

func TestOnlyOneWayOfDeliveryIsUsed(t *testing.T) {
	fake := start(t, slackfake.Options{})
	a, _ := serve(t, fake)
	seen := acking(t, fake)
	wait(t, fake, connected(1))
	fake.Post("C0SUPPORT", "U0BOB", "over HTTP")
	wait(t, fake, func(s *slackfake.Snapshot) bool { return s.Unacked() == 0 })
	fake.UseSocketMode()
	fake.Post("C0SUPPORT", "U0BOB", "over the socket")
	wait(t, fake, func(s *slackfake.Snapshot) bool { return s.Unacked() == 0 && len(s.Acks()) == 1 })
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.messages) != 1 || a.messages[0] != "over HTTP" || len(seen.of("events_api")) != 1 {
		t.Errorf("over HTTP %q, over the socket %d", a.messages, len(seen.of("events_api")))
	}
}

// A slow endpoint is told apart from one that refuses.
func TestHTTPTimeout(t *testing.T) {
	fake := start(t, slackfake.Options{Tick: -1})
	hold := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(hold)
	if err := fake.UseHTTP(slackfake.HTTP{CommandsURL: slow.URL, Timeout: 10 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	inv, err := fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "")
	if err != nil {
		t.Fatal(err)
	}
	wait(t, fake, func(s *slackfake.Snapshot) bool {
		i, _ := s.Invocation(inv.ID)
		return i.State == slackfake.TimedOut
	})
}

func TestSignIsWhatTheVerifierWants(t *testing.T) {
	fake := start(t, slackfake.Options{})
	body := []byte(`{"type":"event_callback"}`)
	for age, good := range map[time.Duration]bool{0: true, 4 * time.Minute: true, 6 * time.Minute: false} {
		v, err := slack.NewSecretsVerifier(fake.Sign(body, time.Now().Add(-age)), fake.SigningSecret())
		if err == nil {
			_, _ = v.Write(body)
			err = v.Ensure()
		}
		if (err == nil) != good {
			t.Errorf("age %v: %v", age, err)
		}
	}
}
