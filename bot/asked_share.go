package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks/aadsts"
)

// typed is what is remembered of questions: what the buttons under their answers are about, how much somebody asked lately, and
// which messages were answered. It is in memory alone.
type typed struct {
	shelf  *otter.Cache[string, *shelved]
	rate   *rate
	taken  *seen // mentions and direct messages, which Slack may tell of twice
	tenant func(ctx context.Context) []string
	status handlers.Status // what the configuration says
	read   tenantLines
}

// shelved is a question that a button brings back. Slack gives back an opaque word for it, so that a button holds nothing about
// anybody; it is good for the person and the channel that it was asked by and in.
type shelved struct {
	ask    ask
	meant  meant
	at     time.Time
	shared atomic.Bool
}

// How long a question is kept, and how many.
const (
	shelfFor  = 15 * time.Minute
	shelfMost = 5000
)

func newTyped(s Settings) *typed {
	t := &typed{
		shelf: otter.Must(&otter.Options[string, *shelved]{MaximumSize: shelfMost, ExpiryCalculator: otter.ExpiryWriting[string, *shelved](shelfFor)}),
		rate:  newRate(), taken: newSeen(eventMemory, 10_000), tenant: s.TenantSays,
	}
	c := s.Config
	t.status = handlers.Status{
		Tenant: s.Tenant != nil, Agents: len(c.Slack.Agents), Escalate: c.Slack.Escalate, Days: c.RetentionDays, Runbooks: len(s.Book.Codes()),
	}
	if c.Federation.Schedule != "" {
		t.status.Federation = c.Federation.Channel
	}
	if c.Report.Schedule != "" {
		t.status.Report = c.Report.Channel
	}
	for _, ch := range c.Slack.Channels {
		details := handlers.Details(ch.Details)
		if details == "" {
			details = handlers.Agents
		}
		t.status.Channels = append(t.status.Channels, handlers.StatusChannel{ID: ch.ID, Details: details})
	}
	return t
}

// shelve keeps a question and returns the word for it. The text of it is not kept.
func (d *Dispatch) shelve(q ask, m meant) string {
	key := rand.Text()
	q.Share, q.to, q.ResponseURL, q.Trigger, q.Text, m.Text = "", nil, "", "", "", ""
	d.Typed.shelf.Set(key, &shelved{ask: q, meant: m, at: d.Worker.Now()})
	return key
}

// sharing is the word for a question whose answer can be shared, "" in a direct message, where there is nobody to share it with.
func (d *Dispatch) sharing(q ask, m meant) string {
	if strings.HasPrefix(q.Channel, "D") || q.to != nil {
		return ""
	}
	return d.shelve(q, m)
}

// kept is the question that a click is about, nil where it is no longer kept, or is somebody else's.
func (d *Dispatch) kept(k Click) *shelved {
	x, ok := d.Typed.shelf.GetIfPresent(k.Key)
	if !ok || x.ask.User != k.User || x.ask.Channel != k.Channel || d.Worker.Now().Sub(x.at) >= shelfFor {
		return nil
	}
	return x
}

const notKeptSays = "This answer is no longer kept. Ask again."

// clickedAnswer does what a button under an answer says; done is false where the button is none of those.
func (d *Dispatch) clickedAnswer(k Click) (done bool) {
	var what string
	var do func(ctx context.Context, k Click) error
	switch {
	case k.Action == handlers.ActionShare:
		what, do = "share an answer", d.share
	case k.Action == handlers.ActionCode:
		what, do = "show a code", d.showCode
	case strings.HasPrefix(k.Action, handlers.ActionMeant):
		what, do = "answer what was meant", d.answerMeant
	default:
		return false
	}
	d.Back.Go(what, func(ctx context.Context) error {
		if !d.Typed.rate.allow(k.User, d.Worker.Now()) {
			return d.Worker.respond(ctx, k.ask(), tooManySays)
		}
		return do(ctx, k)
	})
	return true
}

// ask is a click as a question: where the answer to it goes.
func (k Click) ask() ask {
	return ask{
		Team: k.Team, Channel: k.Channel, User: k.User, From: k.UserTeam, ResponseURL: k.ResponseURL,
		Thread: k.ThreadTS, Direct: strings.HasPrefix(k.Channel, "D"),
	}
}

// showCode answers for a code that a search found.
func (d *Dispatch) showCode(ctx context.Context, k Click) error {
	code, err := strconv.Atoi(k.Key)
	if err != nil || !bareCode.MatchString(k.Key) {
		return d.Worker.respond(ctx, k.ask(), notKeptSays)
	}
	m := meant{Kind: meansError, Errors: []aadsts.Error{{Code: code, Explicit: true}}, Sure: true}
	q := k.ask()
	return d.Worker.send(ctx, q, codesAnswer(d.Worker.Desk, m).WithShare(d.sharing(q, m)))
}

// answerMeant answers what somebody says they meant, in the place of the question back.
func (d *Dispatch) answerMeant(ctx context.Context, k Click) error {
	x := d.kept(k)
	q := k.ask()
	q.Replace = q.ResponseURL != ""
	if x == nil {
		return d.Worker.respond(ctx, q, notKeptSays)
	}
	if answer, ok := d.atOnce(q, x.meant); ok {
		return d.Worker.send(ctx, q, answer)
	}
	if q.Replace {
		if err := d.Worker.respond(ctx, q, waiting(x.meant)); err != nil {
			return err
		}
	}
	return d.readAnswer(ctx, q, x.meant)
}

// What is said to whoever shares an answer.
const (
	sharedSays   = "The answer is in the channel now."
	notHereSays  = "This channel may not hold that answer, so nothing was shared."
	inviteSays   = "Signpost is not in this channel, so it cannot post here. Invite it with `/invite @signpost` and press Share again."
	refusedSays  = "Slack did not let Signpost post here, so nothing was shared."
	alreadyShare = "This answer was shared already."
)

// share puts an answer into the channel that it was asked in, made anew with no more than the channel may hold at this moment.
func (d *Dispatch) share(ctx context.Context, k Click) error {
	w, q := d.Worker, k.ask()
	x := d.kept(k)
	switch {
	case x == nil:
		return w.respond(ctx, q, notKeptSays)
	case q.Direct:
		return w.respond(ctx, q, notHereSays)
	case !x.shared.CompareAndSwap(false, true):
		return w.respond(ctx, q, alreadyShare)
	}
	posted, err := d.shareMeant(ctx, k, x)
	if !posted {
		x.shared.Store(false)
	}
	var answered slack.SlackErrorResponse
	switch {
	case posted:
		return errors.Join(err, w.respond(ctx, q, sharedSays))
	case err == nil: // it was said already why
		return nil
	case errors.Is(err, errWithheld):
		return w.respond(ctx, q, notHereSays)
	case errors.As(err, &answered) && (answered.Err == "not_in_channel" || answered.Err == "channel_not_found"):
		return w.respond(ctx, q, inviteSays)
	case errors.As(err, &answered):
		d.Log.Warn("share an answer", "error", err)
		return w.respond(ctx, q, refusedSays)
	}
	return errors.Join(err, w.respond(ctx, q, "The answer could not be shared. Try again in a minute."))
}

// shareMeant posts the answer. posted is false with a nil error where whoever shares was told privately why not.
func (d *Dispatch) shareMeant(ctx context.Context, k Click, x *shelved) (posted bool, err error) {
	q, m := k.ask(), x.meant
	q.Thread = x.ask.Thread
	q.to = func(ctx context.Context, answer handlers.Message) error {
		ts, _, err := d.Worker.Thread.Out.Post(ctx, Place{Channel: q.Channel, Thread: q.Thread}, answer.SharedBy(q.User), nil)
		if err != nil {
			return err
		}
		posted = true
		if l := answer.Holds.Level; (l == "" || l == handlers.None) && !answer.Holds.Desk {
			return nil // a runbook may stay
		}
		return d.Worker.Store.KeepPost(ctx, store.Post{Channel: q.Channel, TS: ts})
	}
	details := d.Gate.Details(ctx, q.Channel)
	switch {
	case m.Kind == meansDomain:
		err = d.Federation.Domain(ctx, d.Worker, q, m.Domain)
	case m.Kind == meansError && (m.Pasted || len(m.Errors) > 1 || m.Who != "" && details == handlers.Full):
		err = d.shareDiagnosis(ctx, q, m, details)
	case m.Kind == meansError:
		err = q.to(ctx, codesAnswer(d.Worker.Desk, m))
	case details != handlers.Full:
		err = errWithheld
	case m.Kind == meansCompare:
		err = d.compareMeant(ctx, q, m)
	case m.Kind == meansPerson:
		err = d.shareDiagnosis(ctx, q, m, details)
	}
	return posted, err
}

// shareDiagnosis shares what is known of an error or a person: the diagnosis where the channel and whoever shares may read it, else
// the runbook with what the paste said, as far as the channel may hold that.
func (d *Dispatch) shareDiagnosis(ctx context.Context, q ask, m meant, details handlers.Details) error {
	question := handlers.Question{Errors: m.Errors}
	if m.Who != "" && details == handlers.Full {
		name, why := d.named(ctx, q, m.Who)
		if why != "" {
			return d.Worker.respond(ctx, q, why)
		}
		question.User = name
	}
	if details == handlers.Full && (question.User != "" || question.Named() != "") {
		answer := d.answerFor(ctx, wish{By: q.by(), Question: question, Place: "shared in " + q.Channel, Channel: q.Channel})
		switch {
		case answer.Holds.Level == handlers.Full:
			return q.to(ctx, answer)
		case len(m.Errors) == 0:
			return d.Worker.respond(ctx, q, answer.Text)
		}
	}
	if details == handlers.Full {
		details = handlers.Agents
	}
	if !m.Pasted { // beside the codes, nothing was said in front of the channel
		question = question.Within(handlers.None)
	}
	return q.to(ctx, d.unread(question, handlers.View{Details: details}))
}
