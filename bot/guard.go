package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// noteGuard tells the identity team, once a case, that an error of an account was posted that no place may show: that it was,
// and where, and not whose. Where nobody is named and it may be about whoever posted, nothing is told: that is a guess.
func (w *Worker) noteGuard(ctx context.Context, c store.Case, d runbooks.Diagnosis) {
	if w.Escalate == "" || c.ID == 0 || d.Report.Subject.From == facts.FromReporter || c.Channel == w.Escalate {
		return
	}
	name := fmt.Sprintf("guard %d", c.ID)
	first, err := w.Store.MoveCursor(ctx, name, "", "done")
	if err == nil && !first {
		first, err = w.Store.MoveCursor(ctx, name, "failed", "done")
	}
	if err != nil || !first {
		if err != nil {
			w.Log.Error("note a protected account's error", "case", c.ID, "error", err)
		}
		return
	}
	if err := w.postGuard(ctx, c); err != nil {
		w.Log.Error("post to the escalation channel", "case", c.ID, "error", err)
		if err := w.Store.SetCursor(ctx, name, "failed"); err != nil {
			w.Log.Error("note that a post failed", "case", c.ID, "error", err)
		}
	}
}

func (w *Worker) postGuard(ctx context.Context, c store.Case) error {
	link, err := w.Thread.Slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: c.Channel, Ts: c.MessageTS})
	if err != nil {
		return fmt.Errorf("link to the message: %w", err)
	}
	const says = "A sign-in error of a protected account was posted. Its thread says to ask you, and nothing else."
	m := handlers.Message{
		Text: says + " " + link,
		Blocks: []slack.Block{slack.NewSectionBlock(&slack.TextBlockObject{
			Type: slack.MarkdownType, Verbatim: true, Text: says + " <" + link + "|Open the message>",
		}, nil, nil)},
		Holds: handlers.Content{Desk: true},
	}
	_, _, err = w.Thread.Out.Post(ctx, Place{Channel: w.Escalate}, m, nil)
	return err
}

// Requests counts the cases of the last seven days for which an account was looked up, present among them where it is not 0.
// The audit knows them, also where the message named nobody.
func (w *Worker) Requests(ctx context.Context, who string, present int64) (int, error) {
	cases := map[int64]bool{}
	if present != 0 {
		cases[present] = true
	}
	for e, err := range w.Store.AuditEntries(ctx, store.Filter{Subject: who, Since: w.Now().Add(-handlers.RequestsFor)}) {
		if err != nil {
			return 0, err
		}
		if e.Case != 0 {
			cases[e.Case] = true
		}
	}
	return len(cases), nil
}

// locale is the language of whoever posted the message of a case; "" where Slack does not tell.
func (w *Worker) locale(ctx context.Context, c store.Case) string {
	if strings.HasPrefix(c.Author, "B") { // an integration
		return ""
	}
	return w.Gate.Locale(ctx, c.Author)
}

// secretKinds names the kinds of secrets, each once.
func secretKinds(secrets []aadsts.Secret) string {
	var kinds []string
	seen := map[string]bool{}
	for _, s := range secrets {
		if !seen[s.Kind] {
			seen[s.Kind] = true
			kinds = append(kinds, s.Kind)
		}
	}
	return strings.Join(kinds, ", ")
}

// typedSecretSays tells whoever typed a secret into a command or a form, "" where there is none. Nobody else has seen it
// there, so it is not called public.
func typedSecretSays(text string) string {
	kinds := secretKinds(aadsts.FindSecrets(text))
	if kinds == "" {
		return ""
	}
	return "What you typed holds what looks like a secret (" + kinds + "). Signpost has not kept it. Please renew or revoke it, and ask again without it."
}

// warnEdited warns the author of an edit that added a secret. What the message held before was told of when it was posted.
func (d *Dispatch) warnEdited(ev Event, p Paste, text string) {
	secrets := aadsts.FindSecrets(text)
	before := 0
	if previous := jsonText(ev.Raw).field("previous_message"); previous.kind() == '{' {
		before = len(aadsts.FindSecrets(contentOf(previous).read(false)))
	}
	if len(secrets) > before && d.Typed.taken.add("secret "+p.Channel+" "+p.TS+" "+ev.Message.Edited, d.Worker.Now()) {
		d.warn(p, secrets)
	}
}
