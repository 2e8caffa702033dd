package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks/aadsts"
)

// ask is what somebody typed after /aadsts. https://docs.slack.dev/interactivity/implementing-slash-commands
type ask struct {
	Team        string `json:"team_id"`
	Channel     string `json:"channel_id"`
	User        string `json:"user_id"`
	Text        string `json:"text"`
	ResponseURL string `json:"response_url"` // good for anybody who has it: never logged or kept
}

// answer is what Slack shows to whoever typed the command, and to nobody else.
type answer struct {
	Type   string        `json:"response_type"`
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks,omitempty"`
}

func private(m handlers.Message) *answer {
	return &answer{Type: "ephemeral", Text: m.Text, Blocks: m.Blocks}
}

var (
	address     = regexp.MustCompile(`(?i)^[a-z0-9.!#$%&'*+/=?^_~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	domainName  = regexp.MustCompile(`(?i)^(https?://)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])/?$`)
	bareCode    = regexp.MustCompile(`^\d{4,8}$`)
	compareWord = regexp.MustCompile(`(?i)^compare\b`)
	guid        = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	mention     = regexp.MustCompile(`^<@([UW][A-Z0-9]+)(\|[^>]*)?>$`)
)

const commandHelp = "Ask like this, and only you see the answer:\n" +
	"• `/aadsts AADSTS50076` or `/aadsts 50076`: what a code means and who ends it\n" +
	"• `/aadsts` and a whole pasted error: the same, with what the error tells\n" +
	"• `/aadsts compare bad@contoso.com good@contoso.com`: only what differs between somebody who cannot sign in and somebody who can, with an app id at the end for one app (for agents)\n" +
	"• `/aadsts contoso.com`: the health of a domain's federation (for agents)\n" +
	"• `/aadsts user@contoso.com`: the account, its sign-in methods, its domain and its last sign-ins (for agents, and for everybody about themselves)"

// command answers at once from the text, or says that it is reading and answers in the background.
func (d *Dispatch) command(ctx context.Context, ev Event) any {
	var q ask
	if err := json.Unmarshal(ev.Raw, &q); err != nil {
		return d.Worker.Thread.Out.Ack(handlers.Message{Text: commandHelp})
	}
	text := strings.TrimSpace(mrkdwn(q.Text))
	who := ""
	switch {
	case text == "" || strings.EqualFold(text, "help"):
		return d.Worker.Thread.Out.Ack(handlers.Message{Text: commandHelp})
	case compareWord.MatchString(text):
		bad, good, app, ok := comparison(text)
		if !ok {
			return d.Worker.Thread.Out.Ack(handlers.Message{Text: compareHelp})
		}
		d.Back.Go("compare two people", func(ctx context.Context) error { return d.compare(ctx, q, bad, good, app) })
		return d.Worker.Thread.Out.Ack(handlers.Message{Text: "Reading both accounts…"})
	case bareCode.MatchString(text):
		code, _ := strconv.Atoi(text)
		return d.Worker.Thread.Out.Ack(handlers.ComposeRunbook(d.Worker.Desk.Book.Lookup(code)).Draw(nil))
	case address.MatchString(text):
		who = text
	case domainName.MatchString(text):
		domain := strings.ToLower(strings.TrimSuffix(text, "/"))
		domain = strings.TrimPrefix(strings.TrimPrefix(domain, "https://"), "http://")
		d.Back.Go("answer a command about a domain", func(ctx context.Context) error { return d.Federation.Domain(ctx, d.Worker, q, domain) })
		return d.Worker.Thread.Out.Ack(handlers.Message{Text: "Looking at " + handlers.Escape(domain) + "…"})
	case mention.MatchString(strings.TrimSpace(q.Text)):
		who = mention.FindStringSubmatch(strings.TrimSpace(q.Text))[1]
	}
	if who != "" {
		d.Back.Go("answer a command", func(ctx context.Context) error { return d.person(ctx, q, who) })
		return d.Worker.Thread.Out.Ack(handlers.Message{Text: "Reading the account…"})
	}
	errs := aadsts.Find(text)
	if len(errs) == 0 {
		return d.Worker.Thread.Out.Ack(handlers.Message{Text: fmt.Sprintf("I found neither a code nor a sign-in name in “%s”.\n%s", handlers.Escape(shorten(aadsts.Redact(text))), commandHelp)})
	}
	if i := aadsts.Primary(errs); len(text) < 16 {
		return d.Worker.Thread.Out.Ack(handlers.ComposeRunbook(d.Worker.Desk.Book.Lookup(errs[i].Code)).Draw(nil))
	}
	question := handlers.Question{Errors: errs}
	return d.Worker.Thread.Out.Ack(handlers.Compose(d.Worker.Desk.Offline(question), handlers.View{Details: handlers.Agents}).Draw(nil))
}

// person diagnoses somebody by name, for an agent or for that person.
func (d *Dispatch) person(ctx context.Context, q ask, who string) error {
	w := d.Worker
	reader, err := d.Gate.Reader(ctx, q.User, q.Team)
	if err != nil || !reader.Inside {
		return w.respond(ctx, q, "Only members of this organisation can ask about people.")
	}
	if !strings.Contains(who, "@") {
		if who = d.Gate.Email(ctx, who, q.Team); who == "" {
			return w.respond(ctx, q, "Slack does not tell the mail address of that person. Ask with their sign-in name: `/aadsts user@contoso.com`.")
		}
	}
	switch {
	case !reader.Agent && !strings.EqualFold(reader.Email, who):
		return w.respond(ctx, q, "Only agents can ask about somebody else. About yourself you can ask with your own address: "+handlers.Escape(reader.Email))
	case w.Desk.Tenant == nil:
		return w.respond(ctx, q, "Signpost has no access to the tenant, so it cannot look anybody up. It can explain codes: `/aadsts 50076`.")
	case w.Desk.Policy.IsProtected(who):
		return w.respond(ctx, q, protectedSays)
	}
	reading, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	diagnosis := w.Desk.Diagnose(reading, handlers.Question{User: who}, nil)
	w.audit(ctx, store.Case{Author: q.User, Channel: "command in " + q.Channel}, diagnosis)
	if w.Desk.Protected(diagnosis) {
		return w.respond(ctx, q, protectedSays)
	}
	return w.send(ctx, q, handlers.Compose(diagnosis, handlers.View{Details: handlers.Full}).Draw(nil))
}

const compareHelp = "Compare two people like this: `/aadsts compare bad@contoso.com good@contoso.com`, and with the id of an app at the end if it is about one app only."

// comparison takes apart "compare bad@contoso.com good@contoso.com [APP ID]"; "with" and "and" between them do no harm.
func comparison(text string) (bad, good, app string, ok bool) {
	var people []string
	for _, word := range strings.Fields(text)[1:] {
		word = strings.Trim(word, ",;")
		switch {
		case address.MatchString(word):
			people = append(people, word)
		case guid.MatchString(word) && app == "":
			app = word
		case strings.EqualFold(word, "with"), strings.EqualFold(word, "and"), strings.EqualFold(word, "for"), word == "":
		default:
			return "", "", "", false
		}
	}
	if len(people) != 2 || strings.EqualFold(people[0], people[1]) {
		return "", "", "", false
	}
	return people[0], people[1], app, true
}

// compare says to an agent what differs between two people.
func (d *Dispatch) compare(ctx context.Context, q ask, bad, good, app string) error {
	w := d.Worker
	reader, err := d.Gate.Reader(ctx, q.User, q.Team)
	switch {
	case err != nil || !reader.Inside || !reader.Agent:
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

func (w *Worker) respond(ctx context.Context, q ask, text string) error {
	return w.send(ctx, q, handlers.Message{Text: text})
}

// send answers a command privately through its response address.
func (w *Worker) send(ctx context.Context, q ask, m handlers.Message) error {
	return w.Thread.Out.Respond(ctx, q.ResponseURL, q.Channel, Person{ID: q.User, Home: q.Team}, m, false)
}

// shorten keeps what of a text is worth quoting back.
func shorten(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
