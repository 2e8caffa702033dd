package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"signpost/bot/slackfake"
	"signpost/graph/facts"
	"signpost/runbooks"
)

// directory is a tenant of one person. What it knows of the sign-in can be changed between reads.
type directory struct {
	mu      sync.Mutex
	queries []facts.Query
	signIn  facts.Fact[facts.SignIn]
	hold    chan struct{} // if set, a read waits for it
}

// secretName is directory data that a paste does not tell: wherever it shows up, directory data shows up.
const secretName = "Annabella Quixote"

func (d *directory) Collect(ctx context.Context, q facts.Query) facts.Report {
	d.mu.Lock()
	d.queries = append(d.queries, q)
	signIn, hold := d.signIn, d.hold
	d.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	now := time.Now()
	who, from := q.User, q.From
	if who == "" {
		who, from = q.Reporter, facts.FromReporter
	}
	yes := true
	return facts.Report{
		Subject: facts.Subject{User: who, Domain: "contoso.com", From: from},
		User:    facts.See(now, facts.User{UPN: who, Mail: who, DisplayName: secretName, Enabled: &yes, OnPremisesUPN: secretName}),
		Methods: facts.See(now, facts.Methods{List: []facts.Method{{Kind: "password", Detail: secretName}}, Kinds: []string{"password"}}),
		MFA:     facts.Unread[facts.MFA](facts.NotLicensed, "needs Microsoft Entra ID P1"),
		Domain:  facts.See(now, facts.Domain{Name: "contoso.com", Root: "contoso.com", Authentication: "Managed", Verified: true}),
		SignIn:  signIn,
	}
}

func (d *directory) asked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.queries)
}

// builtin is the book without an operator's folder. Loading it takes a second, and nothing changes it.
var builtin = sync.OnceValues(func() (*runbooks.Book, error) { return runbooks.Load(nil) })

// house is a bot that runs against the fake workspace.
type house struct {
	*slackfake.Server
	t      *testing.T
	tenant *directory
	dbURL  string
	stop   func()
}

const (
	paste50076 = "AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication to access 'x'. " +
		"Trace ID: 0a1b2c3d-0000-4000-8000-000000000100 Correlation ID: 5e6f7a8b-0000-4000-8000-000000000200 Timestamp: 2026-11-24 16:05:12Z"
	privateChannel = "C0AGENTS"
	publicChannel  = "C0SUPPORT"
)

// newHouse starts a bot with details full in the private channel and agents everywhere else.
func newHouse(t *testing.T, change func(*Settings)) *house {
	t.Helper()
	h := &house{Server: slackfake.New(slackfake.Contoso()), t: t, tenant: &directory{}, dbURL: "sqlite:" + filepath.Join(t.TempDir(), "signpost.db")}
	t.Cleanup(h.Server.Close)
	h.start(change)
	return h
}

func (h *house) start(change func(*Settings)) {
	h.t.Helper()
	book, err := builtin()
	if err != nil {
		h.t.Fatal(err)
	}
	s := Settings{
		Config: DefaultConfig(), Book: book, Tenant: h.tenant, BotToken: h.BotToken(), AppToken: h.AppToken(), SlackAPIURL: h.APIURL(),
		DatabaseURL: h.dbURL, Out: io.Discard, Log: slog.New(slog.NewTextHandler(h.t.Output(), nil)),
	}
	s.Config.Slack = SlackConfig{
		Channels: []ChannelConfig{{ID: privateChannel, Details: "full"}, {ID: publicChannel}, {ID: "C0SHARED", Details: "full"}}, Agents: []string{"S0HELPDESK"}, Escalate: "C0IDENTITY",
	}
	if change != nil {
		change(&s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, s) }()
	var once sync.Once
	h.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				h.t.Errorf("the bot ended with %v", err)
			}
			// What is sent before the workspace has noticed would go to nobody.
			gone, enough := context.WithTimeout(context.Background(), 10*time.Second)
			defer enough()
			if err := h.Wait(gone, func(n *slackfake.Snapshot) bool { return n.Connections() == 0 }); err != nil {
				h.t.Error(err)
			}
		})
	}
	h.t.Cleanup(h.stop)
	h.until("the bot is connected", func(n *slackfake.Snapshot) bool { return n.Connections() == connections })
}

func (h *house) until(what string, condition func(*slackfake.Snapshot) bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := h.Wait(ctx, condition); err != nil {
		h.t.Fatalf("%s: %v", what, err)
	}
}

// answer waits until the answer to a message says what is wanted, and returns it.
func (h *house) answer(channel, ts, says string) slackfake.Message {
	h.t.Helper()
	var m slackfake.Message
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := h.Wait(ctx, func(n *slackfake.Snapshot) bool {
		thread := n.Thread(channel, ts)
		if len(thread) < 2 {
			return false
		}
		m = thread[len(thread)-1]
		return strings.Contains(m.BlockText(), says)
	})
	if err != nil {
		h.t.Fatalf("no answer that says %q: %v; it says:\n%s", says, err, m.BlockText())
	}
	return m
}

// settle posts an error of its own and waits for its answer: whatever was to come before it has come.
func (h *house) settle(channel string) {
	h.t.Helper()
	h.answer(channel, h.Post(channel, "U0ALICE", "AADSTS50059 settles it"), "AADSTS50059")
}

func TestPasteIsAnsweredInItsThread(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(privateChannel, "U0ALICE", "help!\n"+paste50076)
	m := h.answer(privateChannel, ts, "holds no second factor")
	thread := h.Thread(privateChannel, ts)
	if len(thread) != 2 {
		t.Fatalf("the thread has %d messages, want the paste and one answer", len(thread))
	}
	if m.Updates == 0 {
		t.Error("the answer was not edited: it did not go out at once")
	}
	for _, want := range []string{"AADSTS50076", "alice@contoso.com", "5e6f7a8b-0000-4000-8000-000000000200", "Authentication Administrator"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the text for screen readers lacks %q", want)
		}
	}
	if got := h.tenant.queries[0]; got.CorrelationID != "5e6f7a8b-0000-4000-8000-000000000200" || got.Reporter != "alice@contoso.com" || got.User != "" {
		t.Errorf("the query was %+v", got)
	}
	if got := strings.Join(m.Actions(), " "); got != "solved stuck support feedback" {
		t.Errorf("buttons are %q", got)
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for name, post := range map[string]func() string{
		"a message without an error":       func() string { return h.Post(privateChannel, "U0ALICE", "my phone is 50076 55, issue #50126") },
		"a channel that is not listed":     func() string { return h.Post("C0IDENTITY", "U0ALICE", paste50076) },
		"an integration that is not named": func() string { return h.PostBot(privateChannel, "B0ALERTS", slackfake.BotPost{Text: paste50076}) },
	} {
		ts := post()
		channel := privateChannel
		if strings.Contains(name, "listed") {
			channel = "C0IDENTITY"
		}
		h.settle(privateChannel)
		if n := len(h.Thread(channel, ts)); n > 1 {
			t.Errorf("%s was answered", name)
		}
	}
}

func TestOneAnswerWhateverSlackDelivers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(privateChannel, "U0ALICE", paste50076)
	h.DuplicateLast(11)
	h.answer(privateChannel, ts, "holds no second factor")
	h.Unfurl(privateChannel, ts, "https://contoso.com", "a preview", "AADSTS50058 in a preview")
	h.settle(privateChannel)
	if n := len(h.Thread(privateChannel, ts)); n != 2 {
		t.Errorf("the thread has %d messages", n)
	}
}

func TestOneAnswerAlthoughItsReceiptWasLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.DropAnswer("chat.postMessage", 1)
	ts := h.Post(privateChannel, "U0ALICE", paste50076)
	h.answer(privateChannel, ts, "holds no second factor")
	if n := len(h.Thread(privateChannel, ts)); n != 2 {
		t.Errorf("the thread has %d messages", n)
	}
}

func TestOneAnswerAcrossARestart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.tenant.hold = make(chan struct{})
	ts := h.Post(privateChannel, "U0ALICE", paste50076)
	h.answer(privateChannel, ts, "Reading the ")
	h.stop()
	h.tenant.hold = nil
	h.start(nil)
	h.answer(privateChannel, ts, "holds no second factor")
	if n := len(h.Thread(privateChannel, ts)); n != 2 {
		t.Errorf("the thread has %d messages", n)
	}
}

func TestAnEditThatBringsAnErrorIsAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(privateChannel, "U0ALICE", "it does not work")
	h.settle(privateChannel)
	h.Edit(privateChannel, ts, "it does not work: AADSTS50057")
	h.answer(privateChannel, ts, "AADSTS50057")
	h.Edit(privateChannel, ts, "it does not work: AADSTS50034")
	h.answer(privateChannel, ts, "AADSTS50034")
	if n := len(h.Thread(privateChannel, ts)); n != 2 {
		t.Errorf("the thread has %d messages", n)
	}
}

// TestThreadsHoldNoDirectoryData posts where details may not be full, and searches every byte that the bot sent.
func TestThreadsHoldNoDirectoryData(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		channel string
		before  func(*house)
	}{
		"a public channel":                 {publicChannel, nil},
		"a shared channel set to full":     {"C0SHARED", nil},
		"a private channel that is shared": {privateChannel, func(h *house) { h.ShareChannel(privateChannel, "T0FABRIKAM") }},
		"a failing sharing look-up":        {privateChannel, func(h *house) { h.Fail("conversations.info", -1, slackfake.Fault{Error: "internal_error"}) }},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			if row.before != nil {
				row.before(h)
			}
			ts := h.Post(row.channel, "U0ALICE", paste50076)
			m := h.answer(row.channel, ts, "AADSTS50076")
			h.settle(row.channel)
			if got := strings.Join(m.Actions(), " "); got != "solved stuck show support feedback" {
				t.Errorf("buttons are %q", got)
			}
			for _, sent := range h.Sent() {
				if strings.Contains(sent.Text, secretName) || strings.Contains(sent.Text, "alice@contoso.com") {
					t.Errorf("%s sent directory data to %s", sent.Method, sent.Channel)
				}
			}
			if n := h.tenant.asked(); n != 0 {
				t.Errorf("the tenant was asked %d times for a thread that may not hold it", n)
			}
		})
	}
}

func TestAChannelThatBecomesSharedWhileFactsAreRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.tenant.hold = make(chan struct{})
	ts := h.Post(privateChannel, "U0ALICE", paste50076)
	h.answer(privateChannel, ts, "Reading the ")
	h.ShareChannel(privateChannel, "T0FABRIKAM")
	h.until("the event is taken", func(n *slackfake.Snapshot) bool { return n.Unacked() == 0 })
	close(h.tenant.hold)
	h.answer(privateChannel, ts, "What it can be")
	h.settle(privateChannel)
	for _, sent := range h.Sent() {
		if strings.Contains(sent.Text, secretName) {
			t.Errorf("%s sent directory data into a shared channel", sent.Method)
		}
	}
}

func TestShowDiagnosis(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		author, clicker string
		want            string
		shown           bool
	}{
		"an agent sees it":                         {"U0BOB", "U0ALICE", "holds no second factor", true},
		"the affected person sees their own":       {"U0BOB", "U0BOB", "holds no second factor", true},
		"somebody else does not":                   {"U0BOB", "U0DAVE", "is for agents", false},
		"a guest does not, even about their paste": {"U0GUEST", "U0GUEST", "Only members", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			ts := h.Post(publicChannel, row.author, paste50076)
			m := h.answer(publicChannel, ts, "AADSTS50076")
			if _, err := h.Click(row.clicker, publicChannel, m.TS, "show"); err != nil {
				t.Fatal(err)
			}
			var got slackfake.Message
			h.until("a private answer", func(n *slackfake.Snapshot) bool {
				all := n.Ephemerals(row.clicker)
				if len(all) == 0 {
					return false
				}
				got = all[0]
				return true
			})
			if text := got.Text + got.BlockText(); !strings.Contains(text, row.want) || strings.Contains(text, "bob@contoso.com") != row.shown {
				t.Errorf("they see %q", text)
			}
			if m, _ := h.Message(publicChannel, m.TS); strings.Contains(m.BlockText(), secretName) {
				t.Error("the thread holds directory data")
			}
			if asked := h.tenant.asked() > 0; asked != row.shown {
				t.Errorf("the tenant was asked: %v", asked)
			}
		})
	}
}

func TestSolvedAndStillStuck(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ts := h.Post(publicChannel, "U0BOB", paste50076)
	m := h.answer(publicChannel, ts, "AADSTS50076")
	for range 2 {
		if _, err := h.Click("U0ALICE", publicChannel, m.TS, "stuck"); err != nil {
			t.Fatal(err)
		}
	}
	h.answer(publicChannel, ts, "Handed to the identity team by")
	h.until("one hand-over", func(n *slackfake.Snapshot) bool {
		return len(n.Messages("C0IDENTITY")) == 1 && len(n.Ephemerals("U0ALICE")) == 1
	})
	if m, _ := h.Message(publicChannel, m.TS); len(controls(m)) != 0 {
		t.Error("the buttons are still there")
	}
	other := h.Post(publicChannel, "U0BOB", "AADSTS50057")
	m = h.answer(publicChannel, other, "AADSTS50057")
	if _, err := h.Click("U0BOB", publicChannel, m.TS, "solved"); err != nil {
		t.Fatal(err)
	}
	h.answer(publicChannel, other, "Solved by")
}

func TestSecretInAPaste(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	secret := "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZy1lbm91Z2g"
	ts := h.Post(privateChannel, "U0ALICE", paste50076+"\nAuthorization: Bearer "+secret)
	h.answer(privateChannel, ts, "AADSTS50076")
	h.until("a privateChannel warning", func(n *slackfake.Snapshot) bool {
		all := n.Ephemerals("U0ALICE")
		return len(all) == 1 && strings.Contains(all[0].Text, "secret")
	})
	for _, sent := range h.Sent() {
		if strings.Contains(sent.Text, secret[:30]) {
			t.Errorf("%s echoed the secret", sent.Method)
		}
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for name, row := range map[string]struct{ user, text, want string }{
		"help":                      {"U0BOB", "", "/aadsts user@contoso.com"},
		"a code":                    {"U0BOB", "50076", "Multifactor authentication is required"},
		"a code in full":            {"U0BOB", "aadsts50057", "AADSTS50057"},
		"a whole error":             {"U0BOB", paste50076, "5e6f7a8b-0000-4000-8000-000000000200"},
		"nonsense":                  {"U0BOB", "my dog", "neither a code nor a sign-in name"},
		"an agent about a person":   {"U0ALICE", "<mailto:bob@contoso.com|bob@contoso.com>", "no second factor"},
		"an agent about a mention":  {"U0ALICE", "<@U0BOB|bob>", "bob@contoso.com"},
		"a person about themselves": {"U0BOB", "bob@contoso.com", "no second factor"},
		"a person about another":    {"U0BOB", "alice@contoso.com", "for agents, and for the affected person"},
	} {
		i, err := h.Command(row.user, publicChannel, "/aadsts", row.text)
		if err != nil {
			t.Fatal(err)
		}
		h.until(name, func(n *slackfake.Snapshot) bool {
			for _, m := range n.Ephemerals(row.user) {
				if strings.Contains(m.Text+m.BlockText(), row.want) {
					return true
				}
			}
			return false
		})
		_ = i
	}
	for _, m := range h.Messages(publicChannel) {
		t.Errorf("a command left a message in the channel: %s", m.Text)
	}
}

func TestSetupErrors(t *testing.T) {
	fake := slackfake.New(slackfake.Contoso())
	defer fake.Close()
	book, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		change func(*Settings)
		want   string
	}{
		"no bot token":      {func(s *Settings) { s.BotToken = "" }, "SLACK_BOT_TOKEN is not set"},
		"a wrong bot token": {func(s *Settings) { s.BotToken = "xoxb-wrong" }, "invalid_auth"},
		"a wrong app token": {func(s *Settings) { s.AppToken = "xapp-wrong" }, "SLACK_APP_TOKEN"},
		"no way in":         {func(s *Settings) { s.AppToken = "" }, "neither SLACK_APP_TOKEN"},
		"a database scheme": {func(s *Settings) { s.DatabaseURL = "mysql://x" }, "unknown"},
		"no such folder":    {func(s *Settings) { s.DatabaseURL = "sqlite:/nowhere/at/all/x.db" }, "database"},
		"a bad address":     {func(s *Settings) { s.Listen = "300.1.1.1:1" }, "SIGNPOST_LISTEN"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Settings{
				Config: DefaultConfig(), Book: book, BotToken: fake.BotToken(), AppToken: fake.AppToken(), SlackAPIURL: fake.APIURL(), DatabaseURL: "sqlite::memory:",
				Out: io.Discard, Log: slog.New(slog.DiscardHandler),
			}
			row.change(&s)
			err := Run(t.Context(), s)
			var setup *SetupError
			if !errors.As(err, &setup) || !strings.Contains(fmt.Sprint(err), row.want) {
				t.Errorf("got %v", err)
			}
			if strings.Contains(fmt.Sprint(err), "\n") || strings.Contains(fmt.Sprint(err), "xoxb-") && row.want != "SLACK_BOT_TOKEN is not set" {
				t.Errorf("the error is not one line without the token: %v", err)
			}
		})
	}
}

// listenLine passes on the address that the bot says it listens on.
type listenLine struct{ address chan string }

func (l listenLine) Write(p []byte) (int, error) {
	if _, rest, ok := strings.Cut(string(p), "Endpoints: http://"); ok {
		address, _, _ := strings.Cut(rest, "/")
		l.address <- address
	}
	return len(p), nil
}

func TestHTTPMode(t *testing.T) {
	t.Parallel()
	fake := slackfake.New(slackfake.Contoso())
	t.Cleanup(fake.Close)
	book, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	out := listenLine{make(chan string, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Settings{
			Config: DefaultConfig(), Book: book, Tenant: &directory{}, BotToken: fake.BotToken(), SigningSecret: fake.SigningSecret(), SlackAPIURL: fake.APIURL(),
			DatabaseURL: "sqlite::memory:", Listen: "127.0.0.1:0", Out: out, Log: slog.New(slog.DiscardHandler),
		})
	}()
	base := "http://" + <-out.address
	get := func(path string) (int, string) {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if code, body := get("/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("/healthz: %d %q", code, body)
	}
	if code, body := get("/readyz"); code != 200 || !strings.Contains(body, "database: ok") || !strings.Contains(body, "slack token: ok") {
		t.Errorf("/readyz: %d %q", code, body)
	}
	if err := fake.UseHTTP(slackfake.HTTP{EventsURL: base + "/slack/events", CommandsURL: base + "/slack/commands", InteractionsURL: base + "/slack/interactions"}); err != nil {
		t.Fatal(err)
	}
	h := &house{Server: fake, t: t}
	ts := h.Post(publicChannel, "U0BOB", paste50076)
	m := h.answer(publicChannel, ts, "AADSTS50076")
	if _, err := h.Click("U0BOB", publicChannel, m.TS, "support"); err != nil {
		t.Fatal(err)
	}
	h.until("a private answer", func(n *slackfake.Snapshot) bool {
		all := n.Ephemerals("U0BOB")
		return len(all) == 1 && strings.Contains(all[0].Text, "0a1b2c3d-0000-4000-8000-000000000100")
	})
	if _, body := get("/metrics"); !strings.Contains(body, `signpost_slack_events_total{kind="message",outcome="delivered"}`) || !strings.Contains(body, "signpost_jobs") {
		t.Errorf("/metrics: %s", body)
	}
	fake.RevokeTokens()
	h.until("the event is taken", func(n *slackfake.Snapshot) bool { return n.Unacked() == 0 })
	if code, body := get("/readyz"); code != 503 || !strings.Contains(body, "slack token: tokens_revoked") {
		t.Errorf("/readyz after the tokens were revoked: %d %q", code, body)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
