package bot

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
)

// mostShown bounds each list that is read for the Home tab; it shows fewer.
const mostShown = 10

// compose reads how things stand, for agents.
func (h *Homes) compose(ctx context.Context) handlers.Home {
	home := handlers.Home{Agent: true, Days: h.Days}
	if h.Ready != nil {
		home.Ready = h.Ready(ctx)
	}
	if err := h.figures(ctx, &home); err != nil {
		h.Log.Error("read what the Home tab shows", "error", err)
		home.Failed = true
	}
	return home
}

func (h *Homes) figures(ctx context.Context, home *handlers.Home) error {
	now := h.Now()
	since := now.AddDate(0, 0, -h.Days)
	open, n, err := h.Store.OpenCases(ctx, since, mostShown)
	if err != nil {
		return err
	}
	home.OpenCount = n
	for _, c := range open {
		home.Open = append(home.Open, handlers.HomeCase{Code: c.Primary, Title: h.title(c.Primary), Channel: c.Channel, Link: h.link(ctx, c), Since: c.Created})
	}
	if home.Health, err = h.health(ctx); err != nil {
		return err
	}
	f, err := h.Store.Figures(ctx, since, now, mostShown)
	if err != nil {
		return err
	}
	for _, c := range f.Codes {
		home.Codes = append(home.Codes, handlers.HomeCode{Code: c.Code, Title: h.title(c.Code), Cases: c.Cases, People: c.People})
	}
	bad, err := h.Store.BadFeedback(ctx, since, mostShown)
	if err != nil {
		return err
	}
	for _, b := range bad {
		home.Judged = append(home.Judged, handlers.HomeJudgment{Code: b.Code, Title: h.title(b.Code), Helpful: b.Helpful, Unhelpful: b.Unhelpful})
	}
	return nil
}

func (h *Homes) title(code int) string {
	r := h.Book.Lookup(code)
	if r.Title != "" {
		return r.Title
	}
	return r.Name
}

// link is the address of a case's message, asked of Slack once and kept; "" where it does not tell.
// https://docs.slack.dev/reference/methods/chat.getPermalink
func (h *Homes) link(ctx context.Context, c store.Case) string {
	if c.Permalink != "" {
		return c.Permalink
	}
	link, err := h.Slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: c.Channel, Ts: c.MessageTS})
	if err != nil {
		return ""
	}
	if err := h.Store.SetPermalink(ctx, c.ID, link); err != nil {
		h.Log.Warn("keep the link to a message", "case", c.ID, "error", err)
	}
	return link
}

// health is what the health posts have said and is still so. What somebody approved is no fault any more.
func (h *Homes) health(ctx context.Context) (handlers.HomeHealth, error) {
	m, err := h.Store.Trusts(ctx)
	if err != nil {
		return handlers.HomeHealth{}, err
	}
	out := handlers.HomeHealth{Scheduled: h.Scheduled, Checked: len(m.Approvals) > 0 || len(m.Findings) > 0}
	for _, f := range m.Findings {
		if f.Told.After(out.Latest) {
			out.Latest = f.Told
		}
		if f.Mended || f.Approved {
			continue
		}
		out.Findings = append(out.Findings, handlers.HomeFinding{Domain: f.Domain, ID: f.ID, Severity: facts.Severity(f.Severity), Says: f.Says, Since: f.Since})
	}
	return out, nil
}

// readyFor is how long it is believed what the bot lacks: a tab may be opened often, and asking takes calls of Graph.
const readyFor = 15 * time.Minute

// readiness says what keeps the bot from being of full use, from the configuration and from what can be read of the tenant.
type readiness struct {
	settings Settings
	back     *Background
	changed  func() // called once the tenant has told something new

	mu      sync.Mutex
	at      time.Time // when the tenant was asked last; zero: never
	reading bool
	tenant  []string
}

func (r *readiness) says(context.Context) []string {
	var all []string
	c := r.settings.Config
	if r.settings.Tenant == nil {
		all = append(all, "Signpost has no access to the tenant, so its answers hold the runbook alone")
	}
	if len(c.Slack.Agents) == 0 {
		all = append(all, "No agents are configured (slack.agents), so diagnoses are shown to the affected person only")
	}
	if c.Slack.Escalate == "" {
		all = append(all, "No escalation channel is configured (slack.escalate), so Still stuck cannot hand over")
	}
	return append(all, r.lacks()...)
}

// lacks are the lines of the start that say what of the tenant cannot be read, as they were last. They are read anew in the
// background, because nobody waits for a tab for as long as that may take.
func (r *readiness) lacks() []string {
	if r.settings.Tenant == nil || r.settings.TenantSays == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.reading && (r.at.IsZero() || r.settings.Now().Sub(r.at) >= readyFor) {
		r.reading = true
		r.back.Go("read what may be read of the tenant", r.read)
	}
	if r.at.IsZero() {
		return []string{"What may be read of the tenant is being checked"}
	}
	return r.tenant
}

func (r *readiness) read(ctx context.Context) error {
	var lines []string
	for _, l := range r.settings.TenantSays(ctx) {
		if !strings.HasPrefix(l, "Entra: ") { // that line says what works
			lines = append(lines, l)
		}
	}
	r.mu.Lock()
	r.reading = false
	if ctx.Err() == nil {
		r.at, r.tenant = r.settings.Now(), lines
	}
	r.mu.Unlock()
	r.changed()
	return ctx.Err()
}
