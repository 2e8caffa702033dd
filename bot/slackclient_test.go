package bot

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/slackfake"
)

func TestSlackClientRetriesOnlyShortRateLimits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault slackfake.Fault
		calls int
		check func(error) bool
	}{
		{"a short rate limit is sat out", slackfake.Fault{RetryAfter: time.Second}, 2, func(err error) bool { return err == nil }},
		{"a long one comes back with its time", slackfake.Fault{RetryAfter: 10 * time.Minute}, 1, func(err error) bool {
			limited, ok := errors.AsType[*slack.RateLimitedError](err)
			return ok && limited.RetryAfter == 10*time.Minute
		}},
		{"a server error may have posted", slackfake.Fault{Status: http.StatusBadGateway}, 1, func(err error) bool { return err != nil }},
		{"a lost answer may have posted", slackfake.Fault{Drop: true, AfterStore: true}, 1, func(err error) bool { return err != nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := slackfake.New(slackfake.Options{NoRateLimits: true})
			defer fake.Close()
			fake.Fail("chat.postMessage", 1, tt.fault)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			api := NewSlack(fake.BotToken(), "", fake.URL()+"/api", nil) // without the slash at the end
			_, _, err := api.PostMessageContext(ctx, "C0SUPPORT", slack.MsgOptionText("hello", false))
			if calls := len(fake.Calls("chat.postMessage")); calls != tt.calls || !tt.check(err) {
				t.Errorf("%d calls, want %d; error %v", calls, tt.calls, err)
			}
		})
	}
}

func TestSlackClientHasATimeout(t *testing.T) {
	fake := slackfake.New(slackfake.Options{})
	defer fake.Close()
	release := fake.Hang("auth.test")
	defer release()
	given := &http.Client{Timeout: time.Millisecond}
	if _, err := NewSlack(fake.BotToken(), "", fake.APIURL(), given).AuthTestContext(t.Context()); err == nil {
		t.Error("no error from a server that never answers")
	}
	given = &http.Client{}
	NewSlack("t", "", "", given)
	if given.Timeout != 0 {
		t.Error("the caller's client was changed")
	}
}
