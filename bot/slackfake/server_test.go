package slackfake_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
	"go.uber.org/goleak"

	"signpost/bot/slackfake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a fake for the test.
func start(t *testing.T, opts slackfake.Options) *slackfake.Server {
	t.Helper()
	fake := slackfake.New(opts)
	t.Cleanup(fake.Close)
	return fake
}

func client(fake *slackfake.Server, opts ...slack.Option) *slack.Client {
	opts = append([]slack.Option{slack.OptionAppLevelToken(fake.AppToken()), slack.OptionAPIURL(fake.APIURL())}, opts...)
	return slack.New(fake.BotToken(), opts...)
}

// trusting is a client that trusts the fake's certificate and leaves nothing open.
func trusting(t *testing.T, fake *slackfake.Server) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: fake.RootCAs()}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// socket runs a Socket Mode client that hands every event to handle, until the test ends.
func socket(t *testing.T, fake *slackfake.Server, handle func(*socketmode.Client, socketmode.Event)) {
	t.Helper()
	smc := socketmode.New(client(fake))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() {
		defer func() { done <- struct{}{} }()
		if err := smc.RunContext(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("socket mode client: %v", err)
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-smc.Events:
				handle(smc, e)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		<-done
	})
}

// ack acknowledges an envelope. While a client reconnects nobody takes its acks, and when it has ended nobody ever does: it must not wait for ever.
// An ack that was not taken shows in what the test waits for.
func ack(t *testing.T, smc *socketmode.Client, envelope string, payload any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := smc.AckCtx(ctx, envelope, payload); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ack: %v", err)
	}
}

func connected(n int) func(*slackfake.Snapshot) bool {
	return func(s *slackfake.Snapshot) bool { return s.Connections() == n }
}

func wait(t *testing.T, fake *slackfake.Server, condition func(*slackfake.Snapshot) bool) {
	t.Helper()
	if err := fake.Wait(within(t), condition); err != nil {
		t.Fatal(err)
	}
}

// TestAPasteIsAnsweredInItsThread is the round trip that everything else rests on.
func TestAPasteIsAnsweredInItsThread(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	socket(t, fake, func(smc *socketmode.Client, e socketmode.Event) {
		if e.Type != socketmode.EventTypeEventsAPI {
			return
		}
		ack(t, smc, e.Request.EnvelopeID, nil)
		m, isMessage := e.Data.(slackevents.EventsAPIEvent).InnerEvent.Data.(*slackevents.MessageEvent)
		if !isMessage || m.BotID != "" {
			return
		}
		if _, _, err := api.PostMessage(m.Channel, slack.MsgOptionText("seen", false), slack.MsgOptionTS(m.TimeStamp)); err != nil {
			t.Errorf("post: %v", err)
		}
	})
	wait(t, fake, connected(1))
	ts := fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076: Due to a configuration change …")
	wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Thread("C0SUPPORT", ts)) == 2 && s.Unacked() == 0 })
	answer := fake.Thread("C0SUPPORT", ts)[1]
	if answer.Text != "seen" || answer.BotID != fake.App().BotID || answer.ThreadTS != ts {
		t.Errorf("answer = %+v", answer)
	}
	// The bot's own post came back to it as an event.
	own := 0
	for _, d := range fake.Deliveries() {
		if d.Event == "message" {
			own++
		}
	}
	if own != 2 {
		t.Errorf("%d message events, want the paste and the bot's own answer", own)
	}
}
