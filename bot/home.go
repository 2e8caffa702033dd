package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks"
)

// Homes publishes the Home tab: when somebody opens it, and again to those who opened it lately when something that it shows has
// changed. Who may see what is looked up at each publish. https://docs.slack.dev/surfaces/app-home
type Homes struct {
	Out   *Outlet
	Gate  *handlers.Gate
	Store *store.Store
	Slack *slack.Client // for links to messages
	Book  *runbooks.Book
	// Scheduled says that a health post is configured.
	Scheduled bool
	// Days is how far back the figures go.
	Days int
	// Ready says in sentences what the bot lacks; nil: nothing is known of that.
	Ready func(ctx context.Context) []string
	// Every is the shortest time between two publishes to a person who does not open the tab in between.
	Every time.Duration
	Log   *slog.Logger
	Now   func() time.Time

	changed chan struct{}
	one     sync.Mutex // one publish at a time, so that an older one never replaces a newer
}

// How long after an opening the tab is kept up to date, and how often at most unless it is opened again.
const (
	homeKept  = 24 * time.Hour
	homeEvery = 30 * time.Second
	homeFor   = 2 * time.Minute // one round of publishes
)

// NewHomes returns the Home tabs of the worker's workspace.
func NewHomes(w *Worker, c Config) *Homes {
	days := earlierDays
	if c.RetentionDays > 0 {
		days = min(days, c.RetentionDays)
	}
	return &Homes{
		Out: w.Thread.Out, Gate: w.Gate, Store: w.Store, Slack: w.Thread.Slack, Book: w.Desk.Book, Scheduled: c.Federation.Schedule != "", Days: days,
		Every: homeEvery, Log: w.Log, Now: w.Now, changed: make(chan struct{}, 1),
	}
}

// Opened publishes the tab of somebody who has just opened it, and keeps it up to date for a day.
// https://docs.slack.dev/reference/events/app_home_opened
func (h *Homes) Opened(ctx context.Context, user, team string) error {
	h.one.Lock()
	defer h.one.Unlock()
	s, err := h.screen(ctx, user, team, &homeVersions{})
	if err != nil {
		return err
	}
	return h.publish(ctx, store.HomeView{User: user, Team: team, Opened: h.Now()}, s)
}

// Changed says that something may have changed that a tab shows. It returns at once and may be called as often as one likes.
func (h *Homes) Changed() {
	select {
	case h.changed <- struct{}{}:
	default: // it is known already
	}
}

// after is work on a case, after which a tab may have changed.
func (h *Homes) after(work func(ctx context.Context, caseID int64) error) func(context.Context, int64) error {
	return func(ctx context.Context, caseID int64) error {
		defer h.Changed()
		return work(ctx, caseID)
	}
}

// Run publishes tabs again after changes, until ctx ends.
func (h *Homes) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.changed:
		}
		pause(ctx, h.Every/15) // what changes together is published together
		if h.safely(ctx) {
			h.Changed()
		}
		pause(ctx, h.Every)
	}
}

// safely makes one round. A panic ends the round and nothing else.
func (h *Homes) safely(ctx context.Context) (left bool) {
	defer func() {
		if r := recover(); r != nil {
			h.Log.Error("panic while Home tabs were published", "type", fmt.Sprintf("%T", r))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, homeFor)
	defer cancel()
	left, err := h.Again(ctx)
	if err != nil && ctx.Err() == nil {
		h.Log.Error("publish Home tabs again", "error", err)
	}
	return left
}

// Again publishes the tab to everybody who opened it within a day and for whom it has changed. left says that somebody has to wait,
// because theirs was published a moment ago or because Slack asks to.
func (h *Homes) Again(ctx context.Context) (left bool, err error) {
	h.one.Lock()
	defer h.one.Unlock()
	now := h.Now()
	views, err := h.Store.Homes(ctx, now.Add(-homeKept))
	if err != nil {
		return false, err
	}
	var versions homeVersions // composed once a round
	var failed error
	for _, v := range views {
		at, was := digestOf(v.Digest)
		if now.Sub(at) < h.Every {
			left = true
			continue
		}
		s, err := h.screen(ctx, v.User, v.Team, &versions)
		if err != nil {
			return left, err
		}
		if hashOf(s) == was {
			continue
		}
		err = h.publish(ctx, v, s)
		if rateLimited(err) {
			return true, errors.Join(failed, err)
		}
		failed = errors.Join(failed, err)
	}
	return left, failed
}

// publish shows the tab and keeps what was shown, and when.
func (h *Homes) publish(ctx context.Context, v store.HomeView, s handlers.Screen) error {
	if err := h.Out.Publish(ctx, Person{ID: v.User, Home: v.Team}, s); err != nil {
		return err
	}
	v.Digest = strconv.FormatInt(h.Now().UnixMilli(), 10) + " " + hashOf(s)
	return h.Store.SetHome(ctx, v)
}

// digestOf takes what is kept of a publish apart: when, and of what.
func digestOf(s string) (at time.Time, hash string) {
	ms, hash, _ := strings.Cut(s, " ")
	if n, err := strconv.ParseInt(ms, 10, 64); err == nil {
		at = time.UnixMilli(n)
	}
	return at, hash
}

func hashOf(s handlers.Screen) string {
	raw, err := json.Marshal(s.Home)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// homeVersions are the two versions of the tab, each composed when it is needed first.
type homeVersions struct{ everybody, agents *handlers.Screen }

// screen is the tab as this person may see it now. Whoever cannot be looked up sees what everybody sees.
func (h *Homes) screen(ctx context.Context, user, team string, v *homeVersions) (handlers.Screen, error) {
	r, err := h.Gate.Reader(ctx, user, team)
	if err != nil {
		h.Log.Warn("look up whose Home tab it is", "error", err)
	}
	if err != nil || !r.Inside || !r.Agent {
		if v.everybody == nil {
			s := handlers.Home{}.Screen()
			v.everybody = &s
		}
		return *v.everybody, nil
	}
	if v.agents == nil {
		s := h.compose(ctx).Screen()
		v.agents = &s
	}
	return *v.agents, ctx.Err()
}
