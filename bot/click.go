package bot

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

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
	ViewID         string          // of the view that was clicked in, "" in a message
	Trigger        string          // opens a view within three seconds, once
	ResponseURL    string          // answers whoever clicked; good for anybody who has it: never logged or kept
}

// person is whoever clicked.
func (k Click) person() Person { return Person{ID: k.User, Home: k.Team, Team: k.UserTeam} }

// Clicked does what a button says. What it cannot do it says to the person who pressed it, and to nobody else.
func (w *Worker) Clicked(ctx context.Context, k Click) error {
	judgement := ""
	if k.Action == handlers.ActionFeedback {
		judgement, k.Key, _ = strings.Cut(k.Key, " ")
	}
	c, err := w.Store.CaseByOnceKey(ctx, k.Key)
	if errors.Is(err, store.ErrNotFound) || err == nil && (c.State == store.Expired || !w.tells(k.Channel, c)) {
		return w.whisper(ctx, k, "This answer is no longer kept. Paste the error again to get a new one.")
	}
	if err != nil {
		return err
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
		return w.support(ctx, k, c, who)
	case handlers.ActionSolved:
		return w.solve(ctx, k, c)
	case handlers.ActionStuck:
		return w.handOver(ctx, k, c)
	case handlers.ActionFeedback:
		return w.judge(ctx, k, c, judgement)
	}
	return nil
}

// tells reports whether messages about a case stand in a channel: its answer, and the hand-over in the escalation channel.
func (w *Worker) tells(channel string, c store.Case) bool {
	return channel != "" && (channel == c.Channel || channel == w.Escalate)
}

// at is where whoever clicked sees the message that they clicked.
func (k Click) at() Place { return Place{Channel: k.Channel, Thread: k.ThreadTS} }

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
		w.noteGuard(ctx, c, runbooks.Diagnosis{})
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
	c.Author, c.Channel = k.User, k.Channel // the audit names who looked, and where
	w.audit(ctx, c, d)
	switch {
	case w.Desk.Protected(d):
		w.noteGuard(ctx, c, d)
		return w.whisper(ctx, k, protectedSays)
	case !who.Agent && !about(d, who.Email):
		return w.whisper(ctx, k, forAgentsSays)
	}
	view := handlers.View{Details: handlers.Full, Own: !who.Agent, Locale: w.Gate.Locale(ctx, k.User)}
	if who.Agent {
		view.Earlier, view.Trust = w.earlier(ctx, c), w.trust(ctx, d)
	}
	return w.Thread.Out.Whisper(ctx, k.at(), k.person(), handlers.Compose(d, view).Draw(nil))
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

// support gives the ids for a support request, privately: to everybody what the message said, to agents what the directory knows of
// the sign-in as well.
func (w *Worker) support(ctx context.Context, k Click, c store.Case, who handlers.Reader) error {
	_, q, err := w.open(ctx, c.ID)
	if err != nil {
		return err
	}
	details := w.details(ctx, c)
	said := q.Within(details)
	s := handlers.SupportCase{Errors: said.Errors, Opened: c.Created, Diagnosis: w.Desk.Offline(said)}
	if who.Agent && details != handlers.None && w.Desk.Tenant != nil && !w.Desk.Names(q) {
		q.Reporter = w.Gate.Email(ctx, c.Author, c.Team)
		reading, cancel := context.WithTimeout(ctx, readFor)
		defer cancel()
		d := w.Desk.Diagnose(reading, q, nil)
		c.Author, c.Channel = k.User, k.Channel // the audit names who looked, and where
		w.audit(ctx, c, d)
		if !w.Desk.Protected(d) {
			s.Diagnosis, s.Directory = d, true
		}
	}
	return outcome("answer a click", w.Thread.Out.Whisper(ctx, k.at(), k.person(), s.Message()))
}

func (w *Worker) whisper(ctx context.Context, k Click, text string) error {
	return outcome("answer a click", w.Thread.Out.Whisper(ctx, k.at(), k.person(), handlers.Message{Text: text}))
}
