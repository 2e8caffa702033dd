package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks"
)

// Click is a button that somebody pressed. Who pressed it is checked anew each time: people of other organisations can
// press the buttons of a shared channel, and whoever could yesterday may not today.
type Click struct {
	User, UserTeam string
	Team           string
	Channel        string
	MessageTS      string
	ThreadTS       string
	Action         string
	Key            string          // the case's once-key; of a menu, what the option says
	Blocks         json.RawMessage // of the message as it stands
	Text           string          // of that message
}

// person is whoever clicked.
func (k Click) person() Person { return Person{ID: k.User, Home: k.Team, Team: k.UserTeam} }

// Clicked does what a button says. What it cannot do it says to the person who pressed it, and to nobody else.
func (w *Worker) Clicked(ctx context.Context, k Click) error {
	c, err := w.Store.CaseByOnceKey(ctx, k.Key)
	if errors.Is(err, store.ErrNotFound) || err == nil && (c.State == store.Expired || c.Channel != k.Channel) {
		return w.whisper(ctx, k, "This answer is no longer kept. Paste the error again to get a new one.")
	}
	if err != nil {
		return err
	}
	if c.ReplyTS == "" { // pressed before the answer's receipt was written down
		c.ReplyTS = k.MessageTS
	}
	who, err := w.Gate.Reader(ctx, k.User, k.Team)
	if err != nil || !who.Inside || k.UserTeam != "" && k.Team != "" && k.UserTeam != k.Team {
		if err != nil {
			w.Log.Warn("look up who pressed a button", "error", err)
		}
		return w.whisper(ctx, k, "Only members of this organisation can use this button.")
	}
	switch k.Action {
	case handlers.ActionShow:
		return w.show(ctx, k, c, who)
	case handlers.ActionSupport:
		return w.support(ctx, k, c)
	case handlers.ActionSolved:
		return w.close(ctx, k, c, solved)
	case handlers.ActionStuck:
		return w.escalate(ctx, k, c)
	}
	return nil
}

// show gives the diagnosis privately to an agent, or to the affected person about themselves.
func (w *Worker) show(ctx context.Context, k Click, c store.Case, who handlers.Reader) error {
	_, q, err := w.open(ctx, c.ID)
	if err != nil {
		return err
	}
	if w.details(ctx, c) == handlers.None {
		return w.whisper(ctx, k, "In this channel no diagnosis is shown to anybody.")
	}
	if w.Desk.Tenant == nil {
		return w.whisper(ctx, k, "Signpost has no access to the tenant, so there is no diagnosis beyond the runbook.")
	}
	if w.Desk.Names(q) {
		return w.whisper(ctx, k, protectedSays)
	}
	// Where the message shows already that it is not about them, nothing is read.
	if name := q.Named(); !who.Agent && (name != "" && !strings.EqualFold(name, who.Email) || name == "" && c.Author != k.User) {
		return w.whisper(ctx, k, forAgentsSays)
	}
	if c.Author != "" {
		q.Reporter = w.Gate.Email(ctx, c.Author, c.Team)
	}
	reading, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	d := w.Desk.Diagnose(reading, q, nil)
	c.Author = k.User // the audit names who looked
	w.audit(ctx, c, d)
	switch {
	case w.Desk.Protected(d):
		return w.whisper(ctx, k, protectedSays)
	case !who.Agent && !about(d, who.Email):
		return w.whisper(ctx, k, forAgentsSays)
	}
	return w.Thread.Out.Whisper(ctx, place(c), k.person(), handlers.Compose(d, handlers.View{Details: handlers.Full}).Draw(nil))
}

const forAgentsSays = "The diagnosis is for agents, and for the affected person about themselves. Ask an agent in this thread."

const protectedSays = "This account is looked after by the identity team. Ask them; nothing about it is shown here."

// about reports whether the diagnosis is about the person with this mail address.
func about(d runbooks.Diagnosis, email string) bool {
	if email == "" {
		return false
	}
	names := []string{d.Report.Subject.User}
	if u := d.Report.User.Value; u != nil {
		names = append(names, u.UPN, u.Mail)
	}
	for _, n := range names {
		if strings.EqualFold(n, email) {
			return true
		}
	}
	return false
}

func (w *Worker) support(ctx context.Context, k Click, c store.Case) error {
	_, q, err := w.open(ctx, c.ID)
	if err != nil {
		return err
	}
	text := handlers.Support(q.Within(w.details(ctx, c)).Errors, c.Created)
	return w.Thread.Out.Whisper(ctx, place(c), k.person(), handlers.Message{Text: "For Microsoft's support:\n```\n" + handlers.Escape(text) + "```"})
}

// solved is what close says of a case that is mended.
const solved = "Solved"

// close ends a case: the buttons go, and a line says who did what.
func (w *Worker) close(ctx context.Context, k Click, c store.Case, did string) error {
	if err := w.Store.SetState(ctx, c.ID, store.Final); err != nil {
		return err
	}
	blocks, err := withoutButtons(k.Blocks)
	if err != nil {
		return err
	}
	_, q, err := w.open(ctx, c.ID)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("%s by <@%s>, %s", did, k.User, handlers.Date(w.Now()))
	if did == solved {
		until, err := w.watch(ctx, c, q, k.User)
		if err != nil {
			return err
		}
		if !until.IsZero() {
			line += "; a successful sign-in is watched for until " + handlers.Date(until)
		}
	}
	blocks = append(blocks, slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, line, false, false)))
	page := handlers.Compose(w.Desk.Offline(q.Within(handlers.None)), handlers.View{Details: handlers.None})
	return w.Thread.Edit(ctx, c, handlers.Message{Text: did + ": " + handlers.Escape(page.Title), Blocks: blocks})
}

// withoutButtons keeps what a message says.
func withoutButtons(raw json.RawMessage) ([]slack.Block, error) {
	var all slack.Blocks
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("read the blocks of the answer: %w", err)
	}
	var kept []slack.Block
	for _, b := range all.BlockSet {
		if b.BlockType() != slack.MBTAction {
			kept = append(kept, b)
		}
	}
	return kept, nil
}

// escalate hands a case to the escalation channel, once.
func (w *Worker) escalate(ctx context.Context, k Click, c store.Case) error {
	if w.Escalate == "" {
		return w.whisper(ctx, k, "No escalation channel is configured (slack.escalate). Ask the identity team directly.")
	}
	name := fmt.Sprintf("escalate %d", c.ID)
	first, err := w.Store.MoveCursor(ctx, name, "", "done")
	if err == nil && !first {
		first, err = w.Store.MoveCursor(ctx, name, "failed", "done")
	}
	if err != nil {
		return err
	}
	if !first {
		return w.whisper(ctx, k, "This error has been handed over already.")
	}
	_, q, err := w.open(ctx, c.ID)
	if err != nil {
		return err
	}
	link, err := w.Thread.Slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: c.Channel, Ts: c.MessageTS})
	if err != nil {
		return outcome("link to the thread", err)
	}
	details := w.Gate.Details(ctx, w.Escalate)
	if details == handlers.Full {
		details = handlers.Agents // the diagnosis stays where it was asked for
	}
	q = q.Within(details)
	page := handlers.Compose(w.Desk.Offline(q), handlers.View{Details: details})
	m := page.Draw(nil)
	head := fmt.Sprintf("<@%s> is still stuck: <%s|open the thread>", k.User, link)
	m.Blocks = append([]slack.Block{slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, head, false, false), nil, nil)}, m.Blocks...)
	m.Text = "Still stuck. " + m.Text
	if _, _, err := w.Thread.Out.Post(ctx, Place{Channel: w.Escalate}, m, nil); err != nil {
		if undo := w.Store.SetCursor(ctx, name, "failed"); undo != nil {
			return undo
		}
		w.Log.Error("post to the escalation channel", "case", c.ID, "error", err)
		return w.whisper(ctx, k, "The escalation channel could not be reached. Ask the identity team directly.")
	}
	return w.close(ctx, k, c, "Handed to the identity team")
}

func (w *Worker) whisper(ctx context.Context, k Click, text string) error {
	return outcome("answer a click", w.Thread.Out.Whisper(ctx, Place{Channel: k.Channel, Thread: k.ThreadTS}, k.person(), handlers.Message{Text: text}))
}
