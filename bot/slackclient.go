package bot

import (
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Bounds of a call to Slack. A wait of up to maxWait is sat out inside the call; a longer one comes back as *slack.RateLimitedError, so
// that a job can be put off until then instead of blocking.
const (
	callTimeout = 30 * time.Second
	maxRetries  = 3
	maxWait     = 5 * time.Second
)

// NewSlack makes the client of Slack's Web API. apiURL is the root of its methods ("" for https://slack.com/api/); appToken is needed for
// Socket Mode only; hc may be nil, and gets a timeout of 30 s where it has none, since slack-go's own has none.
//
// Only rate limits (429) are tried again. After a broken connection or a 5xx nobody knows whether the post was made, and Slack has no
// idempotency key: whoever posts has to look first. Debug output stays off: it holds message texts, and it shortens Socket Mode
// connections to six minutes. See https://docs.slack.dev/apis/web-api/rate-limits
func NewSlack(token, appToken, apiURL string, hc *http.Client) *slack.Client {
	client := http.Client{Timeout: callTimeout}
	if hc != nil {
		client = *hc
		if client.Timeout <= 0 {
			client.Timeout = callTimeout
		}
	}
	retry := slack.DefaultRetryConfig()
	retry.MaxRetries = maxRetries
	retry.RetryAfterJitter = 250 * time.Millisecond
	retry.Handlers = []slack.RetryHandler{shortWaits{slack.NewRateLimitErrorRetryHandler(retry)}}
	opts := []slack.Option{
		slack.OptionHTTPClient(&client),
		slack.OptionRetryConfig(retry), // after OptionHTTPClient: it wraps what is there
		slack.OptionAppLevelToken(appToken),
	}
	if apiURL != "" {
		opts = append(opts, slack.OptionAPIURL(strings.TrimRight(apiURL, "/")+"/"))
	}
	return slack.New(token, opts...)
}

// shortWaits retries what slack-go's handler would, if the wait is short.
type shortWaits struct{ slack.RetryHandler }

// ShouldRetry implements slack.RetryHandler.
func (h shortWaits) ShouldRetry(state *slack.RetryState, req *http.Request, resp *http.Response, err error) (bool, time.Duration) {
	retry, wait := h.RetryHandler.ShouldRetry(state, req, resp, err)
	return retry && wait <= maxWait, wait
}
