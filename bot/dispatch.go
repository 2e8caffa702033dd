package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"signpost/bot/jobs"
	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks/aadsts"
)

// Dispatch decides what an event of Slack is for. It is called before the event is acknowledged, so it only stores work
// and never does it: answers are jobs, and what a click or command needs runs in the background.
type Dispatch struct {
	Rules  Rules
	Queue  *jobs.Queue
	Worker *Worker
	// Federation answers for the health of domains.
	Federation *Federation
	// Report answers /aadsts report [days].
	Report func(ctx context.Context, q ask) error
	// Typed is what is remembered of questions that somebody typed.
	Typed *typed
	// Asked is what open views are about, and Homes the Home tabs.
	Asked *otter.Cache[string, asked]
	Homes *Homes
	Gate  *handlers.Gate
	Back  *Background
	Log   *slog.Logger
	// Revoked is called once Slack says that the app's tokens are no longer good.
	Revoked func(why string)
}

// Deliver takes one event. An error means that the event could not be stored and must not be acknowledged.
func (d *Dispatch) Deliver(ctx context.Context, ev Event) (ack any, err error) {
	switch ev.Kind {
	case KindMessage, KindMention:
		return nil, d.message(ctx, ev)
	case KindBlockActions:
		d.click(ev)
	case KindMessageAction:
		d.shortcut(ev)
	case KindViewSubmission:
		return d.submitted(ctx, ev), nil
	case KindHome:
		d.homeOpened(ev)
	case KindGroupMembers, KindUserChange, KindChannelID:
		d.forget(ev)
	case KindCommand:
		return d.command(ctx, ev), nil
	case KindShared, KindUnshared:
		var e struct{ Channel string }
		if json.Unmarshal(ev.Raw, &e) == nil {
			d.Gate.Forget(e.Channel)
		}
	case KindTokensRevoked, KindUninstalled:
		d.Revoked(ev.Kind)
	}
	return nil, nil
}

// message stores a case where a message holds an error. Nearly every message holds none and ends at Find.
func (d *Dispatch) message(ctx context.Context, ev Event) error {
	text := ""
	read := func(p Paste) string { // once: Slack waits, and a snippet is fetched
		if text == "" {
			text = p.Text + d.snippets(ctx, p)
		}
		return text
	}
	if d.addressed(ev, read) {
		return nil
	}
	p, drop := d.Rules.Paste(ev)
	if drop != Taken {
		return nil
	}
	errs := aadsts.Find(read(p))
	if len(errs) == 0 {
		return nil
	}
	c, err := newCase(p, errs)
	if err != nil {
		return err
	}
	c.EditedTS = ev.Message.Edited
	if c.Team == "" { // an event that does not say where it comes from came to our own workspace
		c.Team = d.Rules.Self.TeamID
	}
	if p.Edited {
		if _, _, err := d.Queue.Reopen(ctx, c); !errors.Is(err, store.ErrNotFound) {
			if err == nil && !p.Bot {
				d.warnEdited(ev, p, text)
			}
			return err
		}
	}
	_, created, err := d.Queue.Open(ctx, c)
	if err != nil {
		return err
	}
	if created && !p.Bot {
		d.warn(p, aadsts.FindSecrets(text))
	}
	return nil
}

// newCase is what is kept of a paste: where it stands and the errors found, never its text.
func newCase(p Paste, errs []aadsts.Error) (store.Case, error) {
	found, err := keep(errs)
	if err != nil {
		return store.Case{}, err
	}
	c := store.Case{
		Team: p.TeamID, Channel: p.Channel, MessageTS: p.TS, ThreadTS: p.ThreadTS, Author: p.Author, AuthorTeam: p.AuthorTeam,
		ExtShared: p.ExtShared, Errors: found, Primary: errs[aadsts.Primary(errs)].Code, Keys: keysOf(errs), Subject: handlers.Question{Errors: errs}.Named(),
	}
	for _, e := range errs {
		c.Codes = append(c.Codes, e.Code)
	}
	return c, nil
}

// Snippets are fetched only where Slack's preview leaves something out. They are small, and Slack waits three seconds.
const (
	maxSnippet = 1 << 20
	fetchFor   = 2 * time.Second
)

// snippets reads the files that the message's own text does not hold whole. What cannot be read is left out: the preview
// was in the text already. https://docs.slack.dev/reference/objects/file-object
func (d *Dispatch) snippets(ctx context.Context, p Paste) string {
	ctx, cancel := context.WithTimeout(ctx, fetchFor)
	defer cancel()
	var text strings.Builder
	for _, f := range p.Files {
		if !f.Truncated || f.Size > maxSnippet {
			continue
		}
		if f.URL == "" { // a file of another organisation comes as an id only
			info, _, _, err := d.Worker.Thread.Slack.GetFileInfoContext(ctx, f.ID, 0, 0)
			if err != nil || info.Mode != "snippet" || info.Size > maxSnippet {
				continue
			}
			f.URL = info.URLPrivate
		}
		var b bytes.Buffer
		if err := d.Worker.Thread.Slack.GetFileContext(ctx, f.URL, &limited{&b, maxSnippet}); err != nil {
			d.Log.Warn("read a snippet", "error", err)
			continue
		}
		text.WriteString("\n")
		text.Write(b.Bytes())
	}
	return text.String()
}

// limited refuses to take more than n bytes. slack-go reads files without a limit of its own.
type limited struct {
	b *bytes.Buffer
	n int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.b.Len()+len(p) > l.n {
		return 0, errors.New("the file is larger than Slack said")
	}
	return l.b.Write(p)
}

// warn tells the author of a paste, and nobody else, that it holds something that signs people in.
func (d *Dispatch) warn(p Paste, secrets []aadsts.Secret) {
	if len(secrets) == 0 || p.Author == "" {
		return
	}
	text := "Your message holds what looks like a secret (" + secretKinds(secrets) + "). Anybody in this channel can use it: please delete the message, " +
		"revoke or renew the secret, and paste the error again without it. Signpost has not kept it."
	d.Back.Go("warn of a secret", func(ctx context.Context) error {
		thread := p.ThreadTS
		if thread == p.TS {
			thread = "" // a thread that has not begun shows no private message
		}
		return d.Worker.Thread.Out.Whisper(ctx, Place{Channel: p.Channel, Thread: thread}, Person{ID: p.Author}, handlers.Message{Text: handlers.Escape(text)})
	})
}

// click hands a button to the background. https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
func (d *Dispatch) click(ev Event) {
	var p struct {
		User struct {
			ID     string `json:"id"`
			TeamID string `json:"team_id"`
		}
		Container struct {
			ChannelID string `json:"channel_id"`
			MessageTS string `json:"message_ts"`
			ThreadTS  string `json:"thread_ts"`
			ViewID    string `json:"view_id"`
		}
		Trigger     string `json:"trigger_id"`
		ResponseURL string `json:"response_url"`
		Message     struct {
			Blocks json.RawMessage
			Text   string
		}
		Actions []struct {
			ActionID string `json:"action_id"`
			Value    string
			Selected struct{ Value string } `json:"selected_option"` // of a menu
		}
	}
	if err := json.Unmarshal(ev.Raw, &p); err != nil || len(p.Actions) == 0 {
		return
	}
	k := Click{
		User: p.User.ID, UserTeam: p.User.TeamID, Team: ev.TeamID, Channel: p.Container.ChannelID, MessageTS: p.Container.MessageTS, ThreadTS: p.Container.ThreadTS,
		Action: p.Actions[0].ActionID, Key: p.Actions[0].Value, Blocks: p.Message.Blocks, Text: p.Message.Text,
		ViewID: p.Container.ViewID, Trigger: p.Trigger, ResponseURL: p.ResponseURL,
	}
	if d.clickedView(k) || d.clickedAnswer(k) {
		return
	}
	if strings.HasPrefix(k.Action, handlers.ActionTrust) {
		k.Key = p.Actions[0].Selected.Value
		d.Back.Go("do what a health post's menu says", func(ctx context.Context) error { return d.Federation.Clicked(ctx, k) })
		return
	}
	d.Back.Go("do what a button says", func(ctx context.Context) error { return d.Worker.Clicked(ctx, k) })
}
