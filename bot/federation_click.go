package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
)

// Clicked does what the menu of a finding says, for agents only. Who presses is looked up anew each time.
func (f *Federation) Clicked(ctx context.Context, k Click) error {
	verb, key, state := pressed(k.Key)
	who, err := f.Gate.Reader(ctx, k.User, k.Team)
	if err != nil || !who.Inside || !who.Agent || k.UserTeam != "" && k.Team != "" && k.UserTeam != k.Team {
		if err != nil {
			f.Log.Warn("look up who pressed a button", "error", err)
		}
		return f.whisper(ctx, k, "Only agents of this organisation can do that.")
	}
	known, err := f.Store.TrustFinding(ctx, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && (known.Mended || known.Approved) {
		return f.whisper(ctx, k, "This is settled already, so there is nothing left to do about it.")
	}
	if err != nil {
		return err
	}
	now := f.Now()
	by := func(what string) string { return fmt.Sprintf("%s by <@%s>, %s", what, k.User, handlers.Date(now)) }
	switch verb {
	case handlers.TrustAcknowledge:
		err = f.Store.MarkTrust(ctx, key, store.Mark{By: k.User, Did: by("Acknowledged") + "; it is told again if it gets worse"})
	case handlers.TrustSnoozeWeek, handlers.TrustSnoozeMonth:
		days := 7
		if verb == handlers.TrustSnoozeMonth {
			days = 30
		}
		until := now.AddDate(0, 0, days)
		err = f.Store.MarkTrust(ctx, key, store.Mark{Until: until, Did: by("Snoozed") + "; it is told again after " + handlers.Date(until) + ", or if it gets worse"})
	case handlers.TrustApprove:
		refusal, err := f.approve(ctx, known, state, k, by("Approved"))
		if err != nil {
			return err
		}
		if refusal != "" {
			return f.whisper(ctx, k, refusal)
		}
	default:
		return nil
	}
	if errors.Is(err, store.ErrNotFound) {
		return f.whisper(ctx, k, "This is settled already, so there is nothing left to do about it.")
	}
	if err != nil {
		return err
	}
	return f.mark(ctx, k)
}

// pressed takes the value of an option apart.
func pressed(value string) (verb, key, state string) {
	parts := strings.Fields(value)
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	return parts[0], parts[1], parts[2]
}

// approve stores the one change that a finding tells as approved, if the trust is still as it was shown.
func (f *Federation) approve(ctx context.Context, known store.TrustFinding, state string, k Click, did string) (refusal string, err error) {
	if f.Trusts == nil {
		return "Signpost has no access to the tenant, so it cannot tell what it would approve.", nil
	}
	m, err := f.Store.Trusts(ctx)
	if err != nil {
		return "", err
	}
	if known.Domain == "" {
		return f.approveListed(ctx, m, known, state, k, did)
	}
	reading, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	report := f.scan(reading, m, []string{known.Domain})
	at := slices.IndexFunc(report.Domains, func(t facts.Trust) bool {
		return strings.EqualFold(t.Domain, known.Domain) || strings.EqualFold(t.Root, known.Domain)
	})
	if at < 0 || handlers.TrustState(report.Domains[at]) == "" {
		return "The trust of " + handlers.Escape(known.Domain) + " cannot be read at the moment, so nothing was approved. Try again later.", nil
	}
	t := report.Domains[at]
	if state == "" || handlers.TrustState(t) != state {
		return "The trust of " + handlers.Escape(known.Domain) + " has changed since this was posted, so nothing was approved. " +
			"Look at it as it is now: `/aadsts " + handlers.Escape(known.Domain) + "`", nil
	}
	a := store.Approval{Domain: known.Domain, Federated: t.DomainFact.Value.Federated, By: k.User, At: f.Now()}
	after, ok := handlers.ApproveChange(approved(m, known.Domain), t, known.ID, known.Of)
	if !ok {
		return "This cannot be approved with a button.", nil
	}
	if after != nil {
		if a.Trust, err = json.Marshal(after); err != nil {
			return "", fmt.Errorf("keep an approved trust: %w", err)
		}
	}
	return "", f.settle(ctx, a, known, k, did)
}

// approveListed stores that a domain may have come, or gone, if that is still so.
func (f *Federation) approveListed(ctx context.Context, m store.TrustMemory, known store.TrustFinding, state string, k Click, did string,
) (refusal string, err error) {
	if state == "" || state != handlers.ListedState(known.ID, known.Of) {
		return "This cannot be approved with a button.", nil
	}
	reading, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	report := f.scan(reading, m, []string{known.Of})
	if len(report.Domains) != 1 || !handlers.ApproveListed(known.ID, report.Domains[0]) {
		return handlers.Escape(known.Of) + " is no longer as it was posted, or cannot be read at the moment, so nothing was approved. " +
			"Look at it as it is now: `/aadsts " + handlers.Escape(known.Of) + "`", nil
	}
	v := report.Domains[0].DomainFact.Value
	return "", f.settle(ctx, store.Approval{Domain: strings.ToLower(known.Of), Federated: v != nil && v.Federated, By: k.User, At: f.Now()}, known, k, did)
}

// settle stores an approval, and who gave it.
func (f *Federation) settle(ctx context.Context, a store.Approval, known store.TrustFinding, k Click, did string) error {
	if err := f.Store.ApproveTrust(ctx, a, known.Key, did); err != nil {
		return err
	}
	return f.Store.Audit(ctx, store.Entry{Asker: k.User, Subject: a.Domain, Place: k.Channel,
		Facts: []string{string(facts.NameDomain), string(facts.NameFederation)}, Why: "approved " + known.ID})
}

// approved is the trust as it was approved last; nil where it was not.
func approved(m store.TrustMemory, domain string) *facts.Federation {
	for _, a := range m.Approvals {
		var v facts.Federation
		if a.Domain == domain && a.Trust != nil && json.Unmarshal(a.Trust, &v) == nil {
			return &v
		}
	}
	return nil
}

// mark writes under each finding of the post who did what about it last. It tells so from the store, so that of two who press at
// the same time neither undoes the other's line.
func (f *Federation) mark(ctx context.Context, k Click) error {
	f.edits.Lock()
	defer f.edits.Unlock()
	var all slack.Blocks
	if err := json.Unmarshal(k.Blocks, &all); err != nil {
		return fmt.Errorf("read the blocks of the health post: %w", err)
	}
	was := map[string]*slack.ContextBlock{} // the lines of who did what, as they stand there
	for _, b := range all.BlockSet {
		if c, ok := b.(*slack.ContextBlock); ok && strings.HasPrefix(c.BlockID, didBlock) {
			was[strings.TrimPrefix(c.BlockID, didBlock)] = c
		}
	}
	var blocks []slack.Block
	var said []string
	for _, b := range all.BlockSet {
		if c, ok := b.(*slack.ContextBlock); ok && strings.HasPrefix(c.BlockID, didBlock) {
			continue // written anew below
		}
		s, _ := b.(*slack.SectionBlock)
		key := menuKey(s)
		if key == "" {
			blocks = append(blocks, b)
			continue
		}
		x, err := f.Store.TrustFinding(ctx, key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err != nil || x.Approved || x.Mended {
			s.Accessory = nil
			s.BlockID = settledBlock + key
		}
		blocks = append(blocks, s)
		switch {
		case err != nil && was[key] != nil: // long settled, and no longer kept: the line stays
			blocks = append(blocks, was[key])
		case err == nil && x.Did != "":
			blocks = append(blocks, slack.NewContextBlock(didBlock+key, slack.NewTextBlockObject(slack.MarkdownType, x.Did, false, false)))
			said = append(said, plainMark(cmp.Or(x.Domain, "Tenant")+": "+x.Did))
		}
	}
	const most = 3800 // of the 4,000 that chat.update takes
	text := k.Text
	if at := strings.Index(text, marksSay); at >= 0 {
		text = text[:at]
	}
	if lines := marksSay + strings.Join(said, "\n"); len(said) > 0 && utf8.RuneCountInString(text)+utf8.RuneCountInString(lines) <= most {
		text += lines
	}
	m := handlers.Message{Text: text, Blocks: blocks, Holds: handlers.Content{Desk: true}}
	return outcome("mark a health post", f.Thread.Out.Edit(ctx, Place{Channel: k.Channel}, k.MessageTS, m))
}

// Block ids of a post that was edited.
const (
	didBlock     = "did-"
	settledBlock = "settled-"
)

// marksSay begins the part of a post's text that says who did what.
const marksSay = "\n\nDone: "

// menuKey is the finding that a section's menu is of, also where the menu was taken away; "" where it is of none.
func menuKey(s *slack.SectionBlock) string {
	if s == nil {
		return ""
	}
	if key, ok := strings.CutPrefix(s.BlockID, settledBlock); ok {
		return key
	}
	if s.Accessory == nil || s.Accessory.OverflowElement == nil {
		return ""
	}
	key, _ := strings.CutPrefix(s.Accessory.OverflowElement.ActionID, handlers.ActionTrust)
	return key
}

var markedDate = regexp.MustCompile(`<!date\^\d+\^[^|>]*\|([^>]*)>`)

// plainMark is a line of mrkdwn as it stands in a text: times in words.
func plainMark(s string) string { return markedDate.ReplaceAllString(s, "$1") }

func (f *Federation) whisper(ctx context.Context, k Click, text string) error {
	return outcome("answer a click", f.Thread.Out.Whisper(ctx, Place{Channel: k.Channel, Thread: k.ThreadTS}, k.person(), handlers.Message{Text: text}))
}

// Domain answers /aadsts contoso.com: the health of one domain, privately, for agents.
func (f *Federation) Domain(ctx context.Context, w *Worker, q ask, domain string) error {
	reader, err := f.Gate.Reader(ctx, q.User, q.Team)
	switch {
	case err != nil || !reader.Inside || !reader.Agent:
		return w.respond(ctx, q, "Only agents can ask about the health of a domain.")
	case f.Trusts == nil:
		return w.respond(ctx, q, "Signpost has no access to the tenant, so it cannot look at a domain.")
	}
	m, err := f.Store.Trusts(ctx)
	if err != nil {
		return err
	}
	reading, cancel := context.WithTimeout(ctx, domainFor)
	defer cancel()
	report := f.scan(reading, m, []string{domain})
	if err := f.Store.Audit(ctx, store.Entry{Asker: q.User, Subject: domain, Place: "command in " + q.Channel,
		Facts: []string{string(facts.NameDomain), string(facts.NameFederation), string(facts.NameMetadata)}, Why: "health of a domain"}); err != nil {
		f.Log.Error("write the audit", "error", err)
	}
	drawn := handlers.ComposeTrustDomains(report).Draw(nil)
	drawn.Holds = handlers.Content{Desk: true}
	return w.send(ctx, q, drawn)
}

// domainFor bounds the reads for one domain. Whoever asked sees that it is read meanwhile.
const domainFor = 30 * time.Second
