package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	khttp "github.com/microsoft/kiota-http-go"
)

const (
	maxBody     = 8 << 20          // bytes of one answer of Graph
	maxRetries  = 2                // after a 429, 503 or 504
	longestWait = 10 * time.Second // a Retry-After above that is an answer: nobody waits that long for a thread
	longPause   = 5 * time.Minute  // the most that one Retry-After stops a throttling class
)

// gate is the one way out to Graph. It lets nothing but GET pass, to no host but Graph's, within Graph's limits, and
// bounds what comes back. Behind it, GETs that no throttling class counts may go out as one batch.
type gate struct {
	base    http.RoundTripper
	host    string // with the port
	budgets budgets
	batch   *batcher // nil for none
}

// errRefused is a request that Signpost never makes. It shows a mistake in Signpost, not one of the tenant.
var errRefused = errors.New("signpost only reads: refused to send")

// RoundTrip sends a request to Graph once its turn has come.
func (g *gate) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet || req.Body != nil && req.Body != http.NoBody {
		return nil, fmt.Errorf("%w %s", errRefused, req.Method)
	}
	if !strings.EqualFold(req.URL.Host, g.host) || req.URL.Scheme != "https" {
		return nil, fmt.Errorf("%w to %s", errRefused, req.URL.Host)
	}
	turn, err := g.turn(req)
	if err != nil {
		return nil, err
	}
	send := g.base.RoundTrip
	if turn == nil && g.batch != nil {
		send = g.batch.RoundTrip
	}
	res, err := send(req)
	if turn != nil {
		turn.done()
	}
	if err != nil {
		return nil, err
	}
	if turn != nil && res.StatusCode == http.StatusTooManyRequests {
		turn.b.pause(min(retryAfter(res, turn.b.clock.Now(), turn.b.window), longPause))
	}
	res.Body = &bounded{ReadCloser: res.Body, left: maxBody}
	return res, nil
}

// turn waits for the request's turn; it is nil where nothing limits the request.
func (g *gate) turn(req *http.Request) (*grant, error) {
	b := g.budgets.of(req.URL.Path)
	if b == nil {
		return nil, nil
	}
	if c, ok := req.Context().Value(grantKey{}).(*carried); ok {
		if turn := c.take(); turn != nil {
			return turn, nil
		}
	}
	return b.take(req.Context(), rankOf(req.Context()))
}

// bounded is a body that ends in an error when it is longer than it may be.
type bounded struct {
	io.ReadCloser
	left int64
}

var errTooLong = errors.New("the answer is longer than 8 MB")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// retry is the SDK's retry handler. It has the last word on each retry: the SDK sleeps through any Retry-After and leaves
// the body of the answer open.
func retry(now func() time.Time) *khttp.RetryHandler {
	return khttp.NewRetryHandlerWithOptions(khttp.RetryHandlerOptions{
		MaxRetries: maxRetries, DelaySeconds: 1,
		ShouldRetry: func(_ time.Duration, _ int, req *http.Request, res *http.Response) bool {
			wait := retryAfter(res, now(), 0)
			if wait > longestWait || !fits(req.Context(), wait, now()) {
				return false
			}
			_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
			_ = res.Body.Close()
			return true
		},
	})
}

// fits reports whether a wait ends before ctx does.
func fits(ctx context.Context, wait time.Duration, now time.Time) bool {
	end, ok := ctx.Deadline()
	return !ok || now.Add(wait).Before(end)
}

// retryAfter reads the Retry-After of an answer, in seconds or as a date; otherwise it is absent.
func retryAfter(res *http.Response, now time.Time, otherwise time.Duration) time.Duration {
	text := res.Header.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(s) {
		return time.Duration(min(max(s, 0), 1e6) * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return otherwise
}
