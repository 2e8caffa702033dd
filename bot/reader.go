package bot

import (
	"context"
	"strings"

	"signpost/bot/store"
	"signpost/handlers"
)

// wish is a diagnosis that somebody asks for themselves to read.
type wish struct {
	By       Person
	Question handlers.Question
	// Place is where it was asked, for the audit.
	Place string
	// Channel is the channel of the message that it is about, and Author who wrote that; "" where it is about no message.
	Channel, Author string
}

// What is said to those who are not shown a diagnosis, and why.
const (
	membersOnlySays   = "Only members of this organisation can use this."
	insidersOnlySays  = "A diagnosis is shown to members of this organisation only. Guests see the runbook."
	noneHereSays      = "In this channel no diagnosis is shown to anybody."
	aboutOthersSays   = "The diagnosis is for agents, and for the affected person about themselves. Ask an agent, or let the affected person ask."
	nobodyNamedSays   = "Say who cannot sign in, so that their account can be looked at."
	runbookAloneSays  = "Signpost has no access to the tenant, so there is no diagnosis beyond the runbook."
	noTenantSays      = "Signpost has no access to the tenant, so it cannot look anybody up. It can explain codes, such as AADSTS50076."
	unknownReaderSays = "Slack does not tell who you are right now, so no diagnosis is shown. Try again in a minute."
)

// answerFor answers a question as far as the one who asks may know: an agent reads the diagnosis, the affected person the one
// about themselves, and everybody else the runbook with what the message itself said, and why it is no more. Whoever is looked
// up is written to the audit. Who asks is looked up anew at each call.
func (d *Dispatch) answerFor(ctx context.Context, a wish) handlers.Message {
	w := d.Worker
	if a.By.foreign() {
		return handlers.Message{Text: membersOnlySays}
	}
	q, details, locale := a.Question, handlers.Agents, d.Gate.Locale(ctx, a.By.ID)
	if a.Channel != "" && d.Gate.Details(ctx, a.Channel) == handlers.None {
		details = handlers.None
	}
	without := func(why string) handlers.Message {
		return w.public(q, handlers.View{Details: details, Locale: locale}, why)
	}
	reader, err := d.Gate.Reader(ctx, a.By.ID, a.By.Home)
	switch {
	case err != nil:
		d.Log.Warn("look up who asks", "error", err)
		return without(unknownReaderSays)
	case !reader.Inside:
		return without(insidersOnlySays)
	case details == handlers.None:
		return without(noneHereSays)
	}
	who := q.User
	if who == "" {
		who = q.Named()
	}
	if who == "" {
		who = reader.Email
		if a.Author != "" && a.Author != a.By.ID {
			who = d.Gate.Email(ctx, a.Author, a.By.Home)
		}
		q.Reporter = who
	}
	switch {
	case !reader.Agent && (who == "" || !strings.EqualFold(who, reader.Email)):
		return without(aboutOthersSays)
	case who == "" && len(q.Errors) == 0:
		return handlers.Message{Text: nobodyNamedSays}
	case w.Desk.Tenant == nil && len(q.Errors) == 0:
		return handlers.Message{Text: noTenantSays}
	case w.Desk.Tenant == nil:
		return without(runbookAloneSays)
	case w.Desk.Policy.IsProtected(who) || w.Desk.Names(q):
		return w.guarded(q)
	}
	reading, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	found := w.Desk.Diagnose(reading, q, nil)
	w.audit(ctx, store.Case{Author: a.By.ID, Channel: a.Place}, found)
	switch {
	case w.Desk.Protected(found):
		return w.guarded(q)
	case !reader.Agent && !about(found, reader.Email):
		return without(aboutOthersSays)
	}
	return handlers.Compose(found, handlers.View{Details: handlers.Full, Own: !reader.Agent, Locale: locale}).Draw(nil)
}

// public is the answer that holds nothing of the directory, with why it is no more. The view says how much of the message it may
// hold, and the language of whoever reads it.
func (w *Worker) public(q handlers.Question, view handlers.View, why string) handlers.Message {
	if len(q.Errors) == 0 {
		return handlers.Message{Text: why}
	}
	if w.Desk.Names(q) {
		return w.guarded(q)
	}
	return handlers.Compose(w.Desk.Offline(q.Within(view.Details)), view).Draw(nil).With(why)
}

// guarded sends the reader to the identity team: the account is one that no place may show.
func (w *Worker) guarded(q handlers.Question) handlers.Message {
	if len(q.Errors) == 0 {
		return handlers.Message{Text: protectedSays}
	}
	return handlers.Compose(w.Desk.Offline(q.Within(handlers.None)), handlers.View{Details: handlers.None, Protected: true}).Draw(nil)
}
