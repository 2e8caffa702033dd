package slackfake_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/slackfake"
)

func TestFaults(t *testing.T) {
	fake := start(t, slackfake.Options{NoRateLimits: true})
	api := client(fake)
	post := func() error {
		_, _, err := api.PostMessageContext(within(t), "C0SUPPORT", slack.MsgOptionText("x", false))
		return err
	}
	stored := func() int { return len(fake.Messages("C0SUPPORT")) }

	fake.Fail("chat.postMessage", 2, slackfake.Fault{Error: "internal_error"})
	for range 2 {
		if err := post(); slackError(err) != "internal_error" {
			t.Errorf("spoilt call: %v", err)
		}
	}
	if err := post(); err != nil || stored() != 1 {
		t.Errorf("after the fault: %v, %d messages", err, stored())
	}
	fake.Fail("chat.postMessage", 1, slackfake.Fault{RetryAfter: 7 * time.Second})
	var limited *slack.RateLimitedError
	if err := post(); !errors.As(err, &limited) || limited.RetryAfter != 7*time.Second {
		t.Errorf("429: %v", err)
	}
	fake.Fail("chat.postMessage", 1, slackfake.Fault{Status: http.StatusServiceUnavailable})
	var status slack.StatusCodeError
	if err := post(); !errors.As(err, &status) || status.Code != http.StatusServiceUnavailable {
		t.Errorf("503: %v", err)
	}
	fake.Fail("chat.postMessage", 1, slackfake.Fault{Status: http.StatusOK, Body: "<html>maintenance</html>"})
	if err := post(); err == nil {
		t.Error("a page instead of JSON was taken for an answer")
	}
	fake.Fail("chat.postMessage", 1, slackfake.Fault{Drop: true})
	if err := post(); err == nil || stored() != 1 {
		t.Errorf("dropped before: %v, %d messages", err, stored())
	}
	fake.DropAnswer("chat.postMessage", 1)
	if err := post(); err == nil || stored() != 2 {
		t.Errorf("dropped after: %v, %d messages; the message should be there and the answer not", err, stored())
	}
	fake.Fail("chat.postMessage", 1, slackfake.Fault{Status: 500, AfterStore: true})
	if err := post(); !errors.As(err, &status) || stored() != 3 {
		t.Errorf("500 after the work: %v, %d messages", err, stored())
	}
	fake.Fail("", -1, slackfake.Fault{Error: "service_unavailable"})
	for range 3 {
		if err := post(); slackError(err) != "service_unavailable" {
			t.Errorf("endless fault: %v", err)
		}
	}
	fake.Heal("")
	if err := post(); err != nil {
		t.Errorf("healed: %v", err)
	}
}

func TestHang(t *testing.T) {
	fake := start(t, slackfake.Options{})
	api := client(fake)
	release := fake.Hang("chat.postMessage")
	done := make(chan error, 1)
	go func() {
		_, _, err := api.PostMessageContext(context.Background(), "C0SUPPORT", slack.MsgOptionText("slow", false))
		done <- err
	}()
	wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Calls("chat.postMessage")) == 1 })
	if _, err := api.AuthTestContext(within(t)); err != nil {
		t.Errorf("another method hangs too: %v", err)
	}
	if len(fake.Messages("C0SUPPORT")) != 0 {
		t.Error("the message is there before the release")
	}
	release()
	release() // a second time does nothing
	if err := <-done; err != nil || len(fake.Messages("C0SUPPORT")) != 1 {
		t.Errorf("after the release: %v, %d messages", err, len(fake.Messages("C0SUPPORT")))
	}
	t.Run("a caller that gives up leaves nothing behind", func(t *testing.T) {
		fake.Hang("chat.postMessage")
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			if err := fake.Wait(within(t), func(s *slackfake.Snapshot) bool { return len(s.Calls("chat.postMessage")) == 2 }); err != nil {
				t.Error(err)
			}
			cancel()
		}()
		_, _, err := api.PostMessageContext(ctx, "C0SUPPORT", slack.MsgOptionText("x", false))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
		wait(t, fake, func(s *slackfake.Snapshot) bool { c := s.Calls("chat.postMessage"); return c[1].Done })
		if len(fake.Messages("C0SUPPORT")) != 1 {
			t.Error("the abandoned call posted")
		}
	})
	t.Run("Close ends it", func(t *testing.T) {
		fake.Hang("auth.test")
		done := make(chan error, 1)
		go func() {
			_, err := api.AuthTestContext(context.Background())
			done <- err
		}()
		wait(t, fake, func(s *slackfake.Snapshot) bool { return len(s.Calls("auth.test")) == 2 })
		fake.Close()
		if err := <-done; err == nil {
			t.Error("the hanging call was answered")
		}
	})
}

func TestWaitSaysWhatItSaw(t *testing.T) {
	fake := start(t, slackfake.Options{})
	if _, err := client(fake).GetUserInfoContext(within(t), "U0NOBODY"); err == nil {
		t.Fatal("unknown user was found")
	}
	fake.Post("C0SUPPORT", "U0BOB", "a secret")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := fake.Wait(ctx, func(*slackfake.Snapshot) bool { return false })
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 messages") || !strings.Contains(err.Error(), "users.info user_not_found ×1") || strings.Contains(err.Error(), "secret") {
		t.Errorf("err = %v", err)
	}
	fake.Close()
	if err := fake.Wait(within(t), func(*slackfake.Snapshot) bool { return false }); err == nil {
		t.Error("waiting on a closed workspace goes on")
	}
}

func TestTwoRunsSeeTheSameIDs(t *testing.T) {
	clk := newClock()
	run := func() []string {
		fake := start(t, slackfake.Options{Now: clk.now, Tick: -1})
		ts := fake.Post("C0SUPPORT", "U0BOB", "x")
		inv, err := fake.Command("U0BOB", "C0SUPPORT", "/aadsts", "")
		if err != nil {
			t.Fatal(err)
		}
		m, _ := fake.Message("C0SUPPORT", ts)
		_, path, _ := strings.Cut(inv.ResponseURL, "/hooks/")
		return []string{ts, m.ClientMsgID, inv.ID, inv.TriggerID, path}
	}
	a, b := run(), run()
	for i := range a {
		if a[i] != b[i] || a[i] == "" {
			t.Errorf("id %d: %q and %q", i, a[i], b[i])
		}
	}
}
