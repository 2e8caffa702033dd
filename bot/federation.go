package bot

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/singleflight"

	"signpost/bot/jobs"
	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
)

// Trusts reads the health of the tenant's federation. graph.Tenant does.
type Trusts interface {
	Trusts(ctx context.Context, q facts.TrustQuery) facts.TrustReport
}

// Federation posts the health of the tenant's federation on a schedule, and does what is pressed under those posts.
type Federation struct {
	Trusts   Trusts // nil: there is no tenant, and the post says so once
	Thread   *Thread
	Gate     *handlers.Gate
	Store    *store.Store
	Channel  string
	WarnDays []int
	Apps     bool // also look at secrets and certificates of enterprise apps
	Log      *slog.Logger
	Now      func() time.Time
	// Pause waits between two messages of a thread, or until the context is done. nil waits by the real clock.
	Pause func(ctx context.Context, d time.Duration) error

	edits       sync.Mutex  // one edit of a post at a time, so that none undoes another
	pictureless atomic.Bool // it was said that the app may not upload

	checks singleflight.Group // of the domains of errors
	health sync.Map           // their last results: domainHealth by domain
}

// healthType marks our health posts, as metadataType does answers.
const healthType = "signpost_health"

// How long a scan and a post may take. A thousand domains take minutes, because Graph counts requests, and a post of so many
// has a long thread, because Slack takes about one message a second in a channel.
// https://docs.slack.dev/apis/web-api/rate-limits
const (
	scanFor  = 20 * time.Minute
	postFor  = 45 * time.Second
	leaseFor = 2 * time.Minute
	pauseFor = 1200 * time.Millisecond // between two messages of a thread
	eachFor  = 3 * time.Second         // more for each of them
	mostFor  = 5 * time.Minute         // for all of them; what is left then is for the next try
)

// Periodic is the schedule of the posts; ok is false where none is configured.
func (f *Federation) Periodic(c FederationConfig) (p jobs.Periodic, ok bool) {
	if c.Schedule == "" {
		return jobs.Periodic{}, false
	}
	return jobs.Periodic{Name: "federation", Schedule: c.Schedule, Timezone: c.Timezone, Timeout: scanFor + postFor + mostFor, Do: f.Post}, true
}

// healthMessage is a post between the moment that it is decided on and the moment that it is sent.
type healthMessage struct {
	Actors  bool         `json:"actors,omitempty"` // it may name who changed something
	Text    string       `json:"text"`
	Blocks  slack.Blocks `json:"blocks"`
	More    []morePart   `json:"more,omitempty"` // what had no room, for the post's thread
	Picture []byte       `json:"picture,omitempty"`
	Alt     string       `json:"alt,omitempty"`
}

// morePart is a message of a post's thread.
type morePart struct {
	Text   string       `json:"text"`
	Blocks slack.Blocks `json:"blocks"`
}

// Post makes the post of one slot: it looks, stores what is new together with what is to be posted, and posts that. It may be
// called again at any point of an earlier call, also by another process, and never leaves two posts for a slot.
func (f *Federation) Post(ctx context.Context, slot time.Time) error {
	p, err := f.Store.TrustPost(ctx, slot)
	if errors.Is(err, store.ErrNotFound) {
		if err = f.finishLost(ctx, slot); err != nil {
			return err
		}
		if err = f.record(ctx, slot); err == nil {
			p, err = f.Store.TrustPost(ctx, slot)
		}
	}
	if err != nil {
		return err
	}
	if p.State == store.Silent || p.State == store.Posted && p.Message == nil {
		return nil
	}
	return f.send(ctx, p)
}

// finishLost finishes earlier posts that were sent, and whose receipt or thread is missing all the same. Those that were never sent
// are lost: what they held is said again.
func (f *Federation) finishLost(ctx context.Context, slot time.Time) error {
	m, err := f.Store.Trusts(ctx)
	if err != nil {
		return err
	}
	for _, p := range m.Unposted {
		if p.State != store.Posting || !p.Slot.Before(slot) {
			continue
		}
		ts, err := f.Thread.inChannel(ctx, p.Channel, healthType, p.OnceKey, p.Created)
		if err != nil {
			return outcome("look for an earlier health post", err)
		}
		if ts == "" {
			continue
		}
		switch err := f.send(ctx, p); {
		case errors.Is(err, errPosting):
			return err
		case err != nil: // Slack refuses its thread; what that held comes with this slot
			f.Log.Warn("finish an earlier health post", "slot", p.Slot, "error", err)
		}
	}
	return nil
}

// record looks at the tenant and stores, in one transaction, what the slot's post says and what is known after it.
func (f *Federation) record(ctx context.Context, slot time.Time) error {
	m, err := f.Store.Trusts(ctx)
	if err != nil {
		return err
	}
	report := f.scan(ctx, m, nil)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("look at the federation: %w", err)
	}
	actors := f.Gate.Private(ctx, f.Channel)
	for {
		// What is known may have changed during the scan: somebody pressed a button, or an earlier slot was posted after all.
		if err := f.finishLost(ctx, slot); err != nil {
			return err
		}
		if m, err = f.Store.Trusts(ctx); err != nil {
			return err
		}
		diff, next := handlers.DiffTrusts(knownTrusts(m), report, f.WarnDays, f.Now())
		first := firstSeen(report, m.Approvals, f.Now())
		diff.Begun = len(m.Approvals) == 0 && len(first) > 0
		for _, a := range first {
			if a.Trust != nil {
				diff.Adopted++
			}
		}
		p := store.TrustPost{Slot: slot, OnceKey: rand.Text(), Channel: f.Channel}
		if diff.Silent() {
			p.State = store.Silent
		} else if p.Message, err = f.compose(report, diff, actors); err != nil {
			return err
		}
		ok, err := f.Store.RecordTrusts(ctx, m.Revision, p, trustFindings(next, slot), first)
		if err != nil || ok {
			return err
		}
		// Somebody pressed a button in this moment, or another process was faster: then the slot has its post.
		if _, err := f.Store.TrustPost(ctx, slot); !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
}

// compose draws a post and keeps it as it will be sent.
func (f *Federation) compose(report facts.TrustReport, diff handlers.TrustDiff, actors bool) (json.RawMessage, error) {
	drawn, thread := handlers.ComposeTrusts(report, diff, actors).Draw()
	m := healthMessage{Actors: actors, Text: drawn.Text, Blocks: slack.Blocks{BlockSet: drawn.Blocks}}
	for _, x := range thread {
		m.More = append(m.More, morePart{x.Text, slack.Blocks{BlockSet: x.Blocks}})
	}
	if len(diff.News) > 0 { // on a quiet day the picture is the one that was there before
		picture, alt, err := handlers.Timeline(report, f.WarnDays, f.Now())
		if err != nil { // the post is whole without it
			f.Log.Error("draw the timeline of a health post", "error", err)
		}
		m.Picture, m.Alt = picture, alt
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("keep a health post: %w", err)
	}
	return text, nil
}

// scan reads the health of the given domains, of all where there are none.
func (f *Federation) scan(ctx context.Context, m store.TrustMemory, domains []string) facts.TrustReport {
	if f.Trusts == nil {
		return facts.TrustReport{CheckedAt: f.Now(), Status: facts.Unknown, Apps: f.Apps, Findings: []facts.Finding{{
			ID: "no-tenant", Severity: facts.Unknown, Says: "Signpost has no access to the tenant", By: "identity-admin",
			Next: "Give it credentials, and see with signpost doctor that they work", Evidence: []facts.FindingReason{},
		}}}
	}
	q := facts.TrustQuery{Domains: domains, WarnDays: f.WarnDays, Schedule: domains == nil, Apps: f.Apps}
	if len(m.Approvals) > 0 {
		q.Approved = map[string]facts.Federation{}
		q.Approvals = map[string]facts.Approval{}
	}
	for _, a := range m.Approvals {
		q.Verified = append(q.Verified, a.Domain)
		if a.Federated {
			q.Federated = append(q.Federated, a.Domain)
		}
		var v facts.Federation
		if a.Trust == nil || json.Unmarshal(a.Trust, &v) != nil {
			continue
		}
		q.Approved[a.Domain] = v
		q.Approvals[a.Domain] = facts.Approval{At: a.At}
	}
	reading, cancel := context.WithTimeout(ctx, scanFor)
	defer cancel()
	report := f.Trusts.Trusts(reading, q)
	report.Apps = f.Apps
	if report.CheckedAt.IsZero() {
		report.CheckedAt = f.Now()
	}
	return report
}

// firstSeen are approvals of what has none: every domain at the first look, and later the trusts that could not be read then.
func firstSeen(report facts.TrustReport, have []store.Approval, now time.Time) []store.Approval {
	old := map[string]store.Approval{}
	for _, a := range have {
		old[a.Domain] = a
	}
	trusts := map[string]facts.Trust{}
	for _, t := range report.Domains {
		trusts[strings.ToLower(t.Domain)] = t
	}
	var all []store.Approval
	for _, name := range report.Verified {
		name = strings.ToLower(name)
		a := store.Approval{Domain: name, At: now}
		if t, ok := trusts[name]; ok {
			a.Federated = t.DomainFact.OK() && t.DomainFact.Value.Federated
			if t.Federation.OK() {
				a.Trust, _ = json.Marshal(t.Federation.Value) // plain text, numbers and times: it cannot fail
			}
		}
		was, known := old[name]
		if len(have) == 0 || known && was.Federated && was.Trust == nil && a.Trust != nil {
			all = append(all, a)
		}
	}
	return all
}

// knownTrusts turns what is stored into what handlers compares with. What a post said that was never sent is lost.
func knownTrusts(m store.TrustMemory) []handlers.KnownTrust {
	lost := map[int64]bool{}
	for _, p := range m.Unposted {
		lost[p.Slot.UnixMilli()] = true
	}
	var all []handlers.KnownTrust
	for _, x := range m.Findings {
		k := handlers.KnownTrust{Key: x.Key, Domain: x.Domain, ID: x.ID, Of: x.Of, Severity: facts.Severity(x.Severity), Security: x.Security, Step: x.Step,
			Says: x.Says, Since: x.Since, Told: x.Told, Mended: x.Mended, QuietUntil: x.QuietUntil, AcknowledgedBy: x.AcknowledgedBy, Approved: x.Approved,
			Did: x.Did, Lost: lost[x.Told.UnixMilli()]}
		for _, name := range x.Rests {
			k.Rests = append(k.Rests, facts.Name(name))
		}
		all = append(all, k)
	}
	return all
}

// trustFindings is the way back. What the post of the slot says is told by it.
func trustFindings(all []handlers.KnownTrust, slot time.Time) []store.TrustFinding {
	var found []store.TrustFinding
	for _, k := range all {
		x := store.TrustFinding{Key: k.Key, Domain: k.Domain, ID: k.ID, Of: k.Of, Severity: string(k.Severity), Security: k.Security, Step: k.Step,
			Says: k.Says, Since: k.Since, Told: k.Told, Mended: k.Mended, QuietUntil: k.QuietUntil, AcknowledgedBy: k.AcknowledgedBy, Approved: k.Approved, Did: k.Did}
		if k.Said {
			x.Told = slot
		}
		for _, name := range k.Rests {
			x.Rests = append(x.Rests, string(name))
		}
		found = append(found, x)
	}
	return found
}

var errPosting = errors.New("another process posts this slot")

// send posts a slot's message once. If an earlier try may have posted it already, the channel is searched for it first.
func (f *Federation) send(ctx context.Context, p store.TrustPost) error {
	if p.State == store.Posted { // only the picture can be missing
		return f.picture(ctx, p)
	}
	var m healthMessage
	if err := json.Unmarshal(p.Message, &m); err != nil {
		return jobs.Stop(fmt.Errorf("read a kept health post: %w", err))
	}
	longer := min(time.Duration(len(m.More))*eachFor, mostFor)
	mine, tried, err := f.Store.ClaimTrustPost(ctx, p.Slot, f.Now().Add(leaseFor+longer))
	if err != nil {
		return err
	}
	if !mine {
		if p, err = f.Store.TrustPost(ctx, p.Slot); err != nil || p.State == store.Posted || p.State == store.Silent {
			return err
		}
		return jobs.RetryAfter(leaseFor, errPosting)
	}
	posting, cancel := context.WithTimeout(ctx, postFor+longer)
	defer cancel()
	ts := ""
	if tried {
		if ts, err = f.Thread.inChannel(posting, p.Channel, healthType, p.OnceKey, p.Created); err != nil {
			return errors.Join(outcome("look for an earlier health post", err), f.Store.FreeTrustPost(ctx, p.Slot, false))
		}
	}
	if ts == "" {
		ts, _, err = f.Thread.Out.Post(posting, Place{Channel: p.Channel},
			handlers.Message{Text: m.Text, Blocks: m.Blocks.BlockSet, Holds: handlers.Content{Desk: true, Actors: m.Actors}},
			mark(healthType, p.OnceKey))
		if err != nil {
			free := f.Store.FreeTrustPost(context.WithoutCancel(ctx), p.Slot, refused(err))
			if free != nil {
				f.Log.Error("give a health post back", "error", free)
			}
			return outcome("post the federation's health", err)
		}
	}
	if err := f.more(posting, p, ts, m, tried); err != nil {
		return errors.Join(outcome("post the thread of the federation's health", err), f.Store.FreeTrustPost(context.WithoutCancel(ctx), p.Slot, false))
	}
	if err := f.Store.SetTrustPosted(ctx, p.Slot, ts); err != nil {
		return err
	}
	p.State, p.TS = store.Posted, ts
	return f.picture(ctx, p)
}
