package bot

import (
	"context"
	"encoding/json"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
)

// ask is what somebody typed after /aadsts, or said to the bot otherwise.
// https://docs.slack.dev/interactivity/implementing-slash-commands
type ask struct {
	Team        string `json:"team_id"`
	Channel     string `json:"channel_id"`
	User        string `json:"user_id"`
	Text        string `json:"text"`
	Trigger     string `json:"trigger_id"`
	ResponseURL string `json:"response_url"` // good for anybody who has it: never logged or kept

	From    string `json:"-"` // the person's own workspace, "" where Slack does not tell
	Thread  string `json:"-"` // of a mention or click in a thread
	Direct  bool   `json:"-"` // in the app's own conversation with the person
	Replace bool   `json:"-"` // the answer takes the place of the message that was clicked
	Share   string `json:"-"` // the word for the question, where the answer has a button that shares it
	// to, if set, takes the answer in place of whoever asked.
	to func(ctx context.Context, m handlers.Message) error
}

// by is whoever asks.
func (q ask) by() Person { return Person{ID: q.User, Home: q.Team, Team: q.From} }

// answer is what Slack shows to whoever typed the command, and to nobody else.
type answer struct {
	Type   string        `json:"response_type"`
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks,omitempty"`
}

func private(m handlers.Message) *answer {
	return &answer{Type: "ephemeral", Text: m.Text, Blocks: m.Blocks}
}

const commandHelp = "Ask like this, and only you see the answer:\n" +
	"• `/aadsts 50076` or `/aadsts AADSTS50076`: what a code means and who ends it\n" +
	"• `/aadsts` and a whole pasted error: the same, with what the error tells\n" +
	"• `/aadsts password expired`: the codes that fit these words\n" +
	"• `/aadsts user@contoso.com` or `/aadsts me`: the account, its methods, its domain, its last sign-ins (for agents, and for everybody about themselves)\n" +
	"• `/aadsts 50076 user@contoso.com`: why this person has this error (the same)\n" +
	"• `/aadsts compare bad@contoso.com good@contoso.com`: what differs between somebody who cannot sign in and somebody who can, " +
	"with an app id at the end for one app (for agents)\n" +
	"• `/aadsts contoso.com`: the health of a domain's federation (for agents)\n" +
	"• `/aadsts report 30`: what was asked in the last 30 days and what helped (for agents)\n" +
	"• `/aadsts form`: a form that asks for what is needed\n" +
	"• `/aadsts status`: what Signpost can read, and what it lacks\n" +
	"A direct message to Signpost, or a mention of it, works in the same way without `/aadsts`."

// command answers at once from the text, or says that it is reading and answers in the background.
func (d *Dispatch) command(_ context.Context, ev Event) any {
	out := d.Worker.Thread.Out
	var q ask
	if err := json.Unmarshal(ev.Raw, &q); err != nil {
		return out.Ack(handlers.Message{Text: commandHelp})
	}
	if !d.Typed.rate.allow(q.User, d.Worker.Now()) {
		return out.Ack(handlers.Message{Text: tooManySays})
	}
	m := understand(q.Text)
	if m.Kind == meansForm {
		d.Back.Go("open a form", func(ctx context.Context) error { return d.OpenForm(ctx, q.Trigger, q.by(), q.Channel, handlers.Form{}) })
		return nil
	}
	warning := typedSecretSays(q.Text)
	if answer, ok := d.atOnce(q, m); ok {
		return out.Ack(answer.With(warning))
	}
	d.Back.Go("answer a command", func(ctx context.Context) error { return d.readAnswer(ctx, q, m) })
	return out.Ack(handlers.Message{Text: waiting(m)}.With(warning))
}

const compareHelp = "Compare two people like this: `/aadsts compare bad@contoso.com good@contoso.com`, " +
	"and with the id of an app at the end if it is about one app only."

// compare says to an agent what differs between two people.
func (d *Dispatch) compare(ctx context.Context, q ask, bad, good, app string) error {
	w := d.Worker
	reader, err := d.Gate.Reader(ctx, q.User, q.Team)
	switch {
	case err != nil || !reader.Inside || !reader.Agent || q.by().foreign():
		return w.respond(ctx, q, "Only agents can compare people.")
	case w.Desk.Tenant == nil:
		return w.respond(ctx, q, "Signpost has no access to the tenant, so it cannot look anybody up.")
	case w.Desk.Policy.IsProtected(bad, good):
		return w.respond(ctx, q, protectedSays)
	}
	reading, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	c := w.Desk.Compare(reading, bad, good, app)
	for _, person := range c.People() {
		w.audit(ctx, store.Case{Author: q.User, Channel: "compare in " + q.Channel}, person)
	}
	if c.Protected(w.Desk) {
		return w.respond(ctx, q, protectedSays)
	}
	return w.send(ctx, q, handlers.ComposeComparison(c).Draw(nil))
}

// respond says something to whoever asked that is no answer: why there is none, or that it comes.
func (w *Worker) respond(ctx context.Context, q ask, text string) error {
	q.Share, q.to = "", nil
	return w.send(ctx, q, handlers.Message{Text: text})
}

// send answers whoever asked, and nobody else: through the response address where there is one, in the app's own conversation with
// them, or in the thread where they asked.
func (w *Worker) send(ctx context.Context, q ask, m handlers.Message) error {
	out := w.Thread.Out
	if q.to != nil {
		return q.to(ctx, m)
	}
	m = m.WithShare(q.Share)
	switch {
	case q.ResponseURL != "" && (q.Replace || q.Thread == "" && !q.Direct):
		return out.Respond(ctx, q.ResponseURL, q.Channel, q.by(), m, q.Replace)
	case q.Direct:
		return out.Reply(ctx, q.Channel, q.Thread, q.by(), m)
	}
	return outcome("answer privately", out.Whisper(ctx, Place{Channel: q.Channel, Thread: q.Thread}, q.by(), m))
}

// shorten keeps what of a text is worth quoting back.
func shorten(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
