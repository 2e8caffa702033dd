package bot

import (
	"context"
	"strings"

	"signpost/runbooks/aadsts"
)

// addressed answers a message that speaks to the bot: a direct message, or one that mentions it. taken is true where that is all
// that is to be done with the message; a mention with an error in it goes on as any paste, and is answered in its thread. read
// gives the text of the message with its snippets.
//
// Slack tells of a mention as a message and as app_mention, in either order, so what was taken once is left alone.
// https://docs.slack.dev/reference/events/app_mention
func (d *Dispatch) addressed(ev Event, read func(Paste) string) (taken bool) {
	rules := d.Rules
	rules.Channels = nil // whoever names the bot means it, also where it does not listen; the answer is private
	p, drop := rules.Paste(ev)
	if drop != Taken || !p.Mentioned || p.Bot || d.Typed == nil {
		return false
	}
	direct := strings.HasPrefix(p.Channel, "D")
	_, listed := d.Rules.Channels[p.Channel]
	listens := direct || len(d.Rules.Channels) == 0 || listed
	text := read(p)
	errs := aadsts.Find(text)
	if !direct && listens && len(errs) > 0 {
		return false
	}
	if !d.Typed.taken.add(p.TeamID+" "+p.Channel+" "+p.TS, d.Worker.Now()) {
		return true
	}
	q := ask{Team: p.TeamID, Channel: p.Channel, User: p.Author, From: p.AuthorTeam, Direct: direct, Thread: ev.Message.ThreadTS}
	if q.Team == "" {
		q.Team = d.Rules.Self.TeamID
	}
	if q.Thread == p.TS {
		q.Thread = "" // a thread that has not begun shows no private message
	}
	if direct && len(errs) > 0 && q.Thread == "" {
		q.Thread = p.TS // an error is answered in its thread, here as anywhere
	}
	m := understandPlain(withoutName(text, d.Rules.Self.UserID))
	d.warn(p, aadsts.FindSecrets(text))
	d.Back.Go("answer a mention", func(ctx context.Context) error {
		if !d.Typed.rate.allow(q.User, d.Worker.Now()) {
			return d.Worker.respond(ctx, q, tooManySays)
		}
		if m.Kind == meansForm { // a form needs a click or a command before it
			return d.Worker.respond(ctx, q, "The form opens with `"+Command+" form`, or on the Home tab of this app.")
		}
		if answer, ok := d.atOnce(q, m); ok {
			return d.Worker.send(ctx, q, answer)
		}
		return d.readAnswer(ctx, q, m)
	})
	return true
}

// withoutName is a text without the mentions of the bot itself.
func withoutName(text, self string) string {
	if self == "" {
		return text
	}
	return strings.TrimSpace(strings.ReplaceAll(text, "<@"+self+">", " "))
}
