package bot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"signpost/bot/slackfake"
)

// desk is HTTP mode behind a server, with a fake workspace that signs.
type desk struct {
	t       *testing.T
	fake    *slackfake.Server
	server  *httptest.Server
	http    *HTTP
	metrics *Metrics
	clock   *clock
}

func open(t *testing.T, sink Sink) *desk {
	t.Helper()
	d := &desk{t: t, fake: slackfake.New(slackfake.Options{Tick: -1}), metrics: NewMetrics(prometheus.NewRegistry()), clock: newClock()}
	h, err := NewHTTP(HTTPConfig{Secret: d.fake.SigningSecret(), Sink: sink, Log: slog.New(slog.DiscardHandler), Metrics: d.metrics, Now: d.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	d.http = h
	mux := http.NewServeMux()
	h.Register(mux)
	d.server = httptest.NewServer(mux)
	t.Cleanup(func() { d.fake.Close(); d.server.Close() })
	return d
}

// deliver makes the fake workspace deliver over HTTP.
func (d *desk) deliver() {
	d.t.Helper()
	err := d.fake.UseHTTP(slackfake.HTTP{EventsURL: d.server.URL + "/slack/events", CommandsURL: d.server.URL + "/slack/commands",
		InteractionsURL: d.server.URL + "/slack/interactions"})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) wait(what string, condition func(*slackfake.Snapshot) bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer cancel()
	if err := d.fake.Wait(ctx, condition); err != nil {
		d.t.Fatalf("%s: %v", what, err)
	}
}

// post sends a request with these headers and returns its status and body.
func (d *desk) post(path string, header http.Header, body string) (int, string) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.server.URL+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header = header.Clone()
	if path != "/slack/events" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := d.server.Client().Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

func (d *desk) signed(path, body string) (int, string) {
	d.t.Helper()
	return d.post(path, d.fake.Sign([]byte(body), time.Now()), body)
}

const someEvent = `{"type":"event_callback","team_id":"T0CONTOSO","event_id":"Ev0A","event":{"type":"message","user":"U0BOB","channel":"C0SUPPORT","ts":"1.1","text":"AADSTS50076"}}`

func TestHTTPLetsInOnlyWhatIsSigned(t *testing.T) {
	var box inbox
	d := open(t, box.sink)
	sign := func(at time.Time) http.Header { return d.fake.Sign([]byte(someEvent), at) }
	with := func(h http.Header, k, v string) http.Header {
		h = h.Clone()
		h.Set(k, v)
		return h
	}
	without := func(h http.Header, k string) http.Header {
		h = h.Clone()
		h.Del(k)
		return h
	}
	now := time.Now()
	other := d.fake.Sign([]byte(someEvent+" "), now)
	for _, tt := range []struct {
		name   string
		header http.Header
		body   string
		want   int
	}{
		{"no headers", http.Header{}, someEvent, http.StatusUnauthorized},
		{"no signature", without(sign(now), "X-Slack-Signature"), someEvent, http.StatusUnauthorized},
		{"no timestamp", without(sign(now), "X-Slack-Request-Timestamp"), someEvent, http.StatusUnauthorized},
		{"the signature of another body", other, someEvent, http.StatusUnauthorized},
		{"another version", with(sign(now), "X-Slack-Signature", strings.Replace(sign(now).Get("X-Slack-Signature"), "v0=", "v1=", 1)), someEvent, http.StatusUnauthorized},
		{"half a signature", with(sign(now), "X-Slack-Signature", sign(now).Get("X-Slack-Signature")[:20]), someEvent, http.StatusUnauthorized},
		{"six minutes old", sign(now.Add(-6 * time.Minute)), someEvent, http.StatusUnauthorized},
		{"from six minutes ahead", sign(now.Add(6 * time.Minute)), someEvent, http.StatusUnauthorized},
		{"a timestamp moved after signing", with(sign(now), "X-Slack-Request-Timestamp", "1700000000"), someEvent, http.StatusUnauthorized},
		{"a timestamp that is no number", with(sign(now), "X-Slack-Request-Timestamp", "soon"), someEvent, http.StatusUnauthorized},
		{"too large to be Slack's", sign(now), strings.Repeat("x", maxBody+1), http.StatusRequestEntityTooLarge},
		{"signed", sign(now), someEvent, http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, body := d.post("/slack/events", tt.header, tt.body)
			if status != tt.want {
				t.Errorf("status %d, want %d", status, tt.want)
			}
			if status == http.StatusUnauthorized && body != "Unauthorized\n" {
				t.Errorf("the refusal tells more than it should: %q", body)
			}
		})
	}
	if got := box.texts(); len(got) != 1 {
		t.Errorf("taken: %q", got)
	}
	if n := testutil.ToFloat64(d.metrics.httpRefused.WithLabelValues("signature")); n != 10 {
		t.Errorf("%v refusals counted, want 10", n)
	}
}

func TestHTTPWithoutASecretDoesNotStart(t *testing.T) {
	if _, err := NewHTTP(HTTPConfig{}); err == nil {
		t.Error("no error")
	}
}

func TestHTTPAnswersOnlyPost(t *testing.T) {
	d := open(t, (&inbox{}).sink)
	res, err := d.server.Client().Get(d.server.URL + "/slack/events")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestHTTPDeliversWhatTheWorkspaceSends(t *testing.T) {
	box := inbox{ack: map[string]string{"response_type": "ephemeral", "text": "on it"}}
	d := open(t, box.sink)
	d.deliver() // also proves the answer to url_verification
	d.fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076")
	d.wait("the event is taken", func(n *slackfake.Snapshot) bool { return n.Unacked() == 0 && len(n.Deliveries()) == 1 })
	i, err := d.fake.Command("U0ALICE", "C0SUPPORT", "/aadsts", "bob@contoso.com & more")
	if err != nil {
		t.Fatal(err)
	}
	d.wait("the command is answered", func(n *slackfake.Snapshot) bool { got, _ := n.Invocation(i.ID); return got.State == slackfake.Acked })
	if shown := d.fake.Ephemerals("U0ALICE"); len(shown) != 1 || shown[0].Text != "on it" {
		t.Errorf("shown: %+v", shown)
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	command := box.taken[1]
	if fields := jsonText(command.Raw); command.Kind != KindCommand || command.TeamID != "T0CONTOSO" || !strings.Contains(fields.field("text").str(), "& more") {
		t.Errorf("command %+v %s", command, command.Raw)
	}
}

func TestHTTPLetsRetriesThrough(t *testing.T) {
	box := inbox{fail: func(n int, _ Event) error {
		if n == 1 {
			return errors.New("the database is locked")
		}
		return nil
	}}
	d := open(t, box.sink)
	if status, _ := d.signed("/slack/events", someEvent); status != http.StatusInternalServerError {
		t.Fatalf("status %d for an event that was not stored", status)
	}
	header := d.fake.Sign([]byte(someEvent), time.Now())
	header.Set("X-Slack-Retry-Num", "1")
	header.Set("X-Slack-Retry-Reason", "http_error")
	if status, _ := d.post("/slack/events", header, someEvent); status != http.StatusOK || len(box.texts()) != 1 {
		t.Errorf("status %d, taken %q", status, box.texts())
	}
	if status, _ := d.post("/slack/events", header, someEvent); status != http.StatusOK || len(box.texts()) != 1 {
		t.Errorf("a second retry: status %d, taken %q", status, box.texts())
	}
}

func TestHTTPTakesAnIdenticalCommandOrInteractionOnce(t *testing.T) {
	for path, body := range map[string]string{
		"/slack/commands":     "command=%2Faadsts&text=help&team_id=T0CONTOSO",
		"/slack/interactions": "payload=" + url.QueryEscape(`{"type":"block_actions","team":{"id":"T0CONTOSO"},"actions":[]}`),
	} {
		t.Run(path, func(t *testing.T) {
			box := inbox{fail: func(n int, _ Event) error {
				if n == 1 {
					return errors.New("the database is locked")
				}
				return nil
			}}
			d := open(t, box.sink)
			header := d.fake.Sign([]byte(body), time.Now())
			upper := header.Clone()
			upper.Set("X-Slack-Signature", "v0="+strings.ToUpper(strings.TrimPrefix(header.Get("X-Slack-Signature"), "v0=")))
			for _, step := range []struct {
				name   string
				header http.Header
				status int
				calls  int
			}{
				{"not taken", header, http.StatusInternalServerError, 1},
				{"so it may come again", header, http.StatusOK, 2},
				{"but not once more", header, http.StatusOK, 2},
				{"nor with its signature in capitals", upper, http.StatusOK, 2},
			} {
				status, _ := d.post(path, step.header, body)
				if status != step.status || box.calls != step.calls {
					t.Errorf("%s: status %d, %d calls; want %d, %d", step.name, status, box.calls, step.status, step.calls)
				}
			}
			d.clock.add(9 * time.Minute) // a signature from five minutes ahead would still be good
			if status, _ := d.post(path, header, body); status != http.StatusOK || box.calls != 2 {
				t.Errorf("nine minutes later: status %d, %d calls", status, box.calls)
			}
		})
	}
}

func TestHTTPAnswers200ToWhatItCannotUse(t *testing.T) {
	var box inbox
	d := open(t, box.sink)
	for _, tt := range []struct{ name, path, body string }{
		{"an unknown event", "/slack/events", `{"type":"event_callback","event_id":"Ev1","event":{"type":"canvas_exploded"}}`},
		{"an unknown outer type", "/slack/events", `{"type":"something_new"}`},
		{"a rate limit", "/slack/events", `{"type":"app_rate_limited","minute_rate_limited":1700000000}`},
		{"no JSON", "/slack/events", `{`},
		{"a command without its name", "/slack/commands", "text=x"},
		{"a broken form", "/slack/commands", "a=%zz"},
		{"an interaction without a payload", "/slack/interactions", "x=y"},
		{"an interaction of no kind", "/slack/interactions", "payload=%7B%7D"},
		{"an unknown interaction", "/slack/interactions", "payload=" + url.QueryEscape(`{"type":"telepathy"}`)},
		{"a signed probe of the certificate", "/slack/commands", "ssl_check=1&token=x"},
	} {
		if status, body := d.signed(tt.path, tt.body); status != http.StatusOK || body != "" {
			t.Errorf("%s: status %d, body %q", tt.name, status, body)
		}
	}
	if box.calls != 0 {
		t.Errorf("the sink was asked %d times", box.calls)
	}
	if n := testutil.ToFloat64(d.metrics.bad.WithLabelValues(badGivenUp)); n != 6 {
		t.Errorf("%v bad envelopes counted, want 6", n)
	}
}

// TestHTTPAnswersTheProbeOfACertificate covers Slack's ssl_check, which is not signed.
func TestHTTPAnswersTheProbeOfACertificate(t *testing.T) {
	var box inbox
	d := open(t, box.sink)
	for body, want := range map[string]int{
		"ssl_check=1&token=x":            http.StatusOK,
		"token=x&ssl_check=1":            http.StatusOK,
		"command=%2Faadsts&text=bob":     http.StatusUnauthorized,
		"text=ssl_check%3D1&ssl_check=0": http.StatusUnauthorized,
	} {
		if status, answer := d.post("/slack/commands", http.Header{}, body); status != want || want == http.StatusOK && answer != "" {
			t.Errorf("%q: status %d, body %q", body, status, answer)
		}
	}
	if status, _ := d.post("/slack/interactions", http.Header{}, "ssl_check=1"); status != http.StatusUnauthorized {
		t.Errorf("interactions: status %d", status)
	}
	if box.calls != 0 {
		t.Errorf("the sink was asked %d times", box.calls)
	}
}

func TestHTTPSurvivesAPanic(t *testing.T) {
	d := open(t, func(context.Context, Event) (any, error) { panic("no") })
	if status, body := d.signed("/slack/events", someEvent); status != http.StatusInternalServerError || !strings.HasPrefix(body, "not taken") {
		t.Errorf("status %d, body %q", status, body)
	}
}

func TestHTTPGivesASinkLessTimeThanSlackWaits(t *testing.T) {
	var left time.Duration
	d := open(t, func(ctx context.Context, _ Event) (any, error) {
		deadline, _ := ctx.Deadline()
		left = time.Until(deadline)
		return nil, nil
	})
	d.signed("/slack/events", someEvent)
	if left <= 0 || left >= 3*time.Second {
		t.Errorf("the sink had %v", left)
	}
}

// FuzzDecode feeds all three kinds of payload with anything.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(ordinary))
	f.Add([]byte(someEvent))
	f.Add([]byte(`{"command":"/aadsts","team_id":"T0"}`))
	f.Add([]byte(`{"type":"block_actions","user":{"team_id":"T0"}}`))
	f.Add([]byte(` {"event":{"type":"message","subtype":"message_changed","message":{"edited":{}},"previous_message":{}}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, source := range []Source{FromEvents, FromCommand, FromInteraction} {
			ev, err := Decode(source, payload)
			if err != nil {
				continue
			}
			if ev.Kind == "" || ev.Source != source {
				t.Fatalf("%s: an event without a kind: %+v", source, ev)
			}
			if !bytes.Contains(payload, ev.Raw) {
				t.Fatalf("%s: Raw is not of the payload", source)
			}
			_, _ = Rules{Self: self}.Paste(ev)
		}
	})
}
