package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"signpost/handlers"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// atOnce answers what needs nothing looked up; ok is false where something must be read first.
func (d *Dispatch) atOnce(q ask, m meant) (answer handlers.Message, ok bool) {
	book := d.Worker.Desk.Book
	switch m.Kind {
	case meansNothing, meansHelp:
		return handlers.Message{Text: commandHelp}, true
	case meansUnclear:
		return d.askBack(q, m), true
	case meansCompare:
		if m.Who == "" {
			return handlers.Message{Text: compareHelp}, true
		}
	case meansWords:
		words := shorten(aadsts.Redact(m.Text))
		if hits, all := handlers.Search(book, unmarked(cut(m.Text, searched)), handlers.MostHits); len(hits) > 0 {
			return handlers.DrawHits(words, hits, all), true
		}
		return notUnderstood(m.Text, "It holds neither a code nor a sign-in name nor a domain, and no runbook has such words."), true
	case meansError:
		if back, slipped := d.codeSlip(q, m); slipped {
			return back, true
		}
		if m.Who == "" && !m.Pasted {
			return codesAnswer(d.Worker.Desk, m).WithShare(d.sharing(q, m)), true
		}
	}
	return handlers.Message{}, false
}

// searched is how much of a text is searched for words, in bytes.
const searched = 1000

// waiting is what whoever typed the command reads until the answer is there.
func waiting(m meant) string {
	switch m.Kind {
	case meansStatus:
		return "Looking…"
	case meansReport:
		return "Counting…"
	case meansCompare:
		return "Reading both accounts…"
	case meansDomain:
		return "Looking at " + handlers.Escape(m.Domain) + "…"
	}
	return "Reading the account…"
}

// readAnswer answers what has to be looked up, in the background. A failure is said to whoever asked, who waits for the answer.
func (d *Dispatch) readAnswer(ctx context.Context, q ask, m meant) error {
	err := d.read(ctx, q, m)
	if err == nil {
		return nil
	}
	saying, cancel := context.WithTimeout(context.WithoutCancel(ctx), sayFor)
	defer cancel()
	_ = d.Worker.respond(saying, q, "The answer could not be made. Try again in a minute.") // the error itself is returned
	return err
}

// sayFor bounds what is said after the time for an answer is over.
const sayFor = 5 * time.Second

func (d *Dispatch) read(ctx context.Context, q ask, m meant) error {
	switch m.Kind {
	case meansStatus:
		return d.status(ctx, q)
	case meansReport:
		q.Text = m.Text
		if d.Report == nil {
			return d.Worker.respond(ctx, q, "This bot keeps no report.")
		}
		return d.Report(ctx, q)
	case meansDomain:
		return d.domain(ctx, q, m)
	case meansCompare:
		return d.compareMeant(ctx, q, m)
	case meansPerson:
		return d.personMeant(ctx, q, m)
	case meansError:
		return d.errorMeant(ctx, q, m)
	}
	return nil
}

// personMeant answers for a person: to an agent, or to that person.
func (d *Dispatch) personMeant(ctx context.Context, q ask, m meant) error {
	who, why := d.named(ctx, q, m.Who)
	if why != "" {
		return d.Worker.respond(ctx, q, why)
	}
	if back, slipped := d.domainSlip(ctx, q, m, who); slipped {
		return d.Worker.send(ctx, q, back)
	}
	return d.tell(ctx, q, m, handlers.Question{User: who})
}

// errorMeant answers for an error of somebody, or for a pasted one.
func (d *Dispatch) errorMeant(ctx context.Context, q ask, m meant) error {
	question := handlers.Question{Errors: m.Errors}
	if m.Who != "" {
		who, why := d.named(ctx, q, m.Who)
		if why != "" {
			return d.Worker.send(ctx, q, d.offline(ctx, q, question).With(handlers.Escape(why)).WithShare(d.sharing(q, m)))
		}
		if back, slipped := d.domainSlip(ctx, q, m, who); slipped {
			return d.Worker.send(ctx, q, back)
		}
		question.User = who
		return d.tell(ctx, q, m, question)
	}
	if question.Named() == "" {
		// An agent pastes what somebody else has: the agent's own account would be the wrong one.
		reader, err := d.Gate.Reader(ctx, q.User, q.Team)
		if err != nil || !reader.Inside || q.by().foreign() {
			return d.Worker.send(ctx, q, d.offline(ctx, q, question).WithShare(d.sharing(q, m)))
		}
		if reader.Agent {
			hint := fmt.Sprintf("The error names nobody. To read the account too, ask `%s %d user@contoso.com`.", Command, m.Errors[aadsts.Primary(m.Errors)].Code)
			return d.Worker.send(ctx, q, d.offline(ctx, q, question).With(hint).WithShare(d.sharing(q, m)))
		}
	}
	return d.tell(ctx, q, m, question)
}

// tell answers a question as far as whoever asked may know.
func (d *Dispatch) tell(ctx context.Context, q ask, m meant, question handlers.Question) error {
	answer := d.answerFor(ctx, wish{By: q.by(), Question: question, Place: "command in " + q.Channel, Channel: q.Channel})
	if m.Kind == meansError || d.Gate.Details(ctx, q.Channel) == handlers.Full { // else there is nothing in it that the channel may hold
		answer = answer.WithShare(d.sharing(q, m))
	}
	return d.Worker.send(ctx, q, answer)
}

// offline answers a question from its text alone.
func (d *Dispatch) offline(ctx context.Context, q ask, question handlers.Question) handlers.Message {
	details := handlers.Agents
	if d.Gate.Details(ctx, q.Channel) == handlers.None {
		details = handlers.None
	}
	return d.unread(question, handlers.View{Details: details, Locale: d.Gate.Locale(ctx, q.User)})
}

// unread is the answer to a question about errors without anything of the directory.
func (d *Dispatch) unread(question handlers.Question, v handlers.View) handlers.Message {
	desk := d.Worker.Desk
	if desk.Names(question) {
		return d.Worker.guarded(question)
	}
	return handlers.Compose(desk.Offline(question.Within(v.Details)), v).Draw(nil)
}

// codesAnswer explains codes by themselves: one with its whole runbook, several together.
func codesAnswer(desk *handlers.Desk, m meant) handlers.Message {
	if len(m.Errors) == 1 {
		return handlers.ComposeRunbook(desk.Book.Lookup(m.Errors[0].Code)).Draw(nil)
	}
	question := handlers.Question{Errors: m.Errors}
	return handlers.Compose(desk.Offline(question), handlers.View{Details: handlers.Agents}).Draw(nil)
}

// named is the sign-in name of whom somebody means; why says what is in the way.
func (d *Dispatch) named(ctx context.Context, q ask, who string) (name, why string) {
	switch {
	case strings.Contains(who, "@"):
		return who, ""
	case who == whoMe:
		who = q.User
	}
	if q.by().foreign() {
		return "", membersOnlySays
	}
	if reader, err := d.Gate.Reader(ctx, q.User, q.Team); err != nil || !reader.Inside {
		return "", "Only members of this organisation can ask about people."
	}
	if name = d.Gate.Email(ctx, who, q.Team); name == "" {
		return "", "Slack does not tell the mail address of that person. Ask with their sign-in name: " + Command + " user@contoso.com."
	}
	return name, ""
}

// askBack says what is unclear, and offers what may be meant.
func (d *Dispatch) askBack(q ask, m meant) handlers.Message {
	if m.Instead == nil {
		return notUnderstood(m.Text, m.Why)
	}
	says, label := "Do you want the diagnosis of "+personShown(m.Instead.Who)+"?", "Show the diagnosis"
	if m.Instead.Kind == meansCompare {
		says, label = "Do you want to compare "+personShown(m.Instead.Who)+", who cannot sign in, with "+personShown(m.Instead.Good)+", who can?", "Compare"
	}
	says = "I am not sure what you mean. " + handlers.Escape(m.Why) + " " + says
	return handlers.DrawWays(says, []handlers.Way{{Label: label, Key: d.shelve(q, *m.Instead)}})
}

// personShown is a person in mrkdwn: a Slack id as a mention, which tells nobody in a private answer.
func personShown(who string) string {
	if strings.Contains(who, "@") {
		return handlers.Escape(handlers.Clean(who))
	}
	return "<@" + who + ">"
}

// notUnderstood says what arrived, what is wrong with it, and three ways to ask.
func notUnderstood(text, why string) handlers.Message {
	says := "I do not understand “" + handlers.Escape(handlers.Clean(shorten(aadsts.Redact(text)))) + "”."
	if why != "" {
		says += " " + handlers.Escape(why)
	}
	return handlers.Message{Text: says + "\nFor example:\n" +
		"• `" + Command + " 50076`: what a code means and who ends it\n" +
		"• `" + Command + " user@contoso.com`: a person's account and last sign-ins\n" +
		"• `" + Command + " password expired`: the codes that fit these words\n" +
		"`" + Command + " help` shows everything.", Holds: handlers.Content{Level: handlers.Agents}}
}

// unmarked is a text without Slack's marks for channels, groups and the like, which nobody wants to search.
func unmarked(s string) string {
	for {
		from := strings.IndexByte(s, '<')
		if from < 0 {
			return s
		}
		to := strings.IndexByte(s[from:], '>')
		if to < 0 || !strings.ContainsRune("@#!", rune(s[from+1])) {
			return s[:from] + strings.ReplaceAll(s[from:], "<", " ")
		}
		s = s[:from] + " " + s[from+to+1:]
	}
}

// codeSlip asks back where a typed code is unknown and one slip away from known ones.
func (d *Dispatch) codeSlip(q ask, m meant) (handlers.Message, bool) {
	if m.Pasted || m.Sure {
		return handlers.Message{}, false
	}
	book := d.Worker.Desk.Book
	for i, e := range m.Errors {
		near := nearCodes(book, e.Code)
		if len(near) == 0 {
			continue
		}
		var ways []handlers.Way
		for _, code := range near {
			other := m
			other.Errors = append(append([]aadsts.Error{}, m.Errors[:i]...), m.Errors[i+1:]...)
			other.Errors = append(other.Errors, aadsts.Error{Code: code, Explicit: true})
			ways = append(ways, handlers.Way{Label: fmt.Sprintf("AADSTS%d", code), Key: d.shelve(q, other)})
		}
		sure := m
		sure.Sure = true
		ways = append(ways, handlers.Way{Label: fmt.Sprintf("No, AADSTS%d", e.Code), Key: d.shelve(q, sure)})
		return handlers.DrawWays(fmt.Sprintf("AADSTS%d is not known. Did you mean %s?", e.Code, titled(book, near)), ways), true
	}
	return handlers.Message{}, false
}

// titled lists codes with their titles: "AADSTS50076: Multifactor … or AADSTS50077: …".
func titled(book *runbooks.Book, codes []int) string {
	var all []string
	for _, c := range codes {
		all = append(all, handlers.Escape(handlers.CodeTitle(book.Lookup(c))))
	}
	return strings.Join(all, ", or ")
}

// domainSlip asks back where the domain of a sign-in name is not one of ours, and one slip away from one.
func (d *Dispatch) domainSlip(ctx context.Context, q ask, m meant, who string) (handlers.Message, bool) {
	name, domain, _ := strings.Cut(who, "@")
	near := ""
	if !m.Sure && m.Who == who { // typed, and not told by Slack
		near = d.nearDomain(ctx, q, strings.ToLower(domain))
	}
	if near == "" {
		return handlers.Message{}, false
	}
	other, sure := m, m
	other.Who, sure.Sure = name+"@"+near, true
	says := handlers.Escape(handlers.Clean(fmt.Sprintf("%s is none of this organisation's domains. Did you mean %s?", domain, other.Who)))
	return handlers.DrawWays(says, []handlers.Way{{Label: other.Who, Key: d.shelve(q, other)}, {Label: "No, " + who, Key: d.shelve(q, sure)}}), true
}

// nearDomain is the domain of the organisation that is one slip away, "" for none, and where whoever asks may not know or
// Slack does not tell who that is. The organisation's domains are those of the last look at the federation; before there was
// one, that of the mail address of whoever asks.
func (d *Dispatch) nearDomain(ctx context.Context, q ask, domain string) string {
	reader, err := d.Gate.Reader(ctx, q.User, q.Team)
	if err != nil || !reader.Inside || q.by().foreign() {
		return ""
	}
	_, own, _ := strings.Cut(strings.ToLower(reader.Email), "@")
	ours := []string{own}
	if reader.Agent {
		known, err := d.Worker.Store.Trusts(ctx)
		if err != nil {
			d.Log.Warn("read the known domains", "error", err)
		}
		for _, a := range known.Approvals {
			ours = append(ours, strings.ToLower(a.Domain))
		}
	}
	return nearDomain(ours, domain)
}

// domain answers for the health of a domain.
func (d *Dispatch) domain(ctx context.Context, q ask, m meant) error {
	if near := d.nearDomain(ctx, q, m.Domain); near != "" && !m.Sure {
		other, sure := m, m
		other.Domain, sure.Sure = near, true
		says := handlers.Escape(fmt.Sprintf("%s is none of this organisation's domains. Did you mean %s?", m.Domain, near))
		return d.Worker.send(ctx, q, handlers.DrawWays(says, []handlers.Way{
			{Label: near, Key: d.shelve(q, other)}, {Label: "No, " + m.Domain, Key: d.shelve(q, sure)},
		}))
	}
	if d.Gate.MayHold(ctx, q.Channel, false, handlers.Content{Desk: true}) {
		q.Share = d.sharing(q, m)
	}
	return d.Federation.Domain(ctx, d.Worker, q, m.Domain)
}

// compareMeant says to an agent what differs between two people.
func (d *Dispatch) compareMeant(ctx context.Context, q ask, m meant) error {
	bad, why := d.named(ctx, q, m.Who)
	good := ""
	if why == "" {
		good, why = d.named(ctx, q, m.Good)
	}
	if why == "" && strings.EqualFold(bad, good) {
		why = compareHelp
	}
	if why != "" {
		return d.Worker.respond(ctx, q, why)
	}
	if d.Gate.Details(ctx, q.Channel) == handlers.Full {
		q.Share = d.sharing(q, m)
	}
	return d.compare(ctx, q, bad, good, m.App)
}
