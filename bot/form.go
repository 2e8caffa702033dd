package bot

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks/aadsts"
)

// asked is what a view of ours is about. Slack gives back an opaque word for it, so that a view holds nothing about anybody.
type asked struct {
	By      string // whom the view was opened for; nobody else can use it
	Channel string // of the message that the shortcut was used on; "" for none
	Author  string // of that message
	Case    store.Case
}

// How long a view is remembered, and how many. One that is forgotten still answers; it only no longer knows the message.
const (
	askedFor  = 30 * time.Minute
	askedMost = 5000
)

func newAsked() *otter.Cache[string, asked] {
	return otter.Must(&otter.Options[string, asked]{MaximumSize: askedMost, ExpiryCalculator: otter.ExpiryWriting[string, asked](askedFor)})
}

// keepAsked remembers what a view is about and returns the word for it.
func (d *Dispatch) keepAsked(a asked) string {
	key := rand.Text()
	d.Asked.Set(key, a)
	return key
}

// askedBy is what a view is about, the zero asked where that is forgotten or was somebody else's.
func (d *Dispatch) askedBy(key, user string) asked {
	a, ok := d.Asked.GetIfPresent(key)
	if !ok || a.By != user {
		return asked{}
	}
	return a
}

// askTitle is the title of every view of a question.
const askTitle = handlers.AskTitle

// OpenForm opens the form for somebody. trigger is that of what they pressed or typed, three seconds old at most; channel is where
// that was, "" in no channel. https://docs.slack.dev/reference/methods/views.open
func (d *Dispatch) OpenForm(ctx context.Context, trigger string, by Person, channel string, f handlers.Form) error {
	if by.foreign() {
		_, err := d.Worker.Thread.Out.Open(ctx, trigger, by, handlers.Message{Text: membersOnlySays}.Modal(askTitle))
		return err
	}
	if channel != "" && f.Key == "" {
		f.Key = d.keepAsked(asked{By: by.ID, Channel: channel})
	}
	_, err := d.Worker.Thread.Out.Open(ctx, trigger, by, f.Screen())
	return err
}

// submission is a view that somebody submitted.
// https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
type submission struct {
	User struct {
		ID     string `json:"id"`
		TeamID string `json:"team_id"`
	}
	Team struct{ ID string }
	View struct {
		ID       string `json:"id"`
		Callback string `json:"callback_id"`
		Metadata string `json:"private_metadata"`
		State    struct {
			Values map[string]map[string]struct {
				Value string
				User  string `json:"selected_user"`
				Time  int64  `json:"selected_date_time"` // Unix seconds
			}
		}
	}
}

func (s submission) by(team string) Person {
	return Person{ID: s.User.ID, Home: team, Team: s.User.TeamID}
}

// lookFor bounds what is asked of Slack before a submitted form is acknowledged: Slack waits for three seconds.
const lookFor = 1500 * time.Millisecond

// submitForm takes a submitted form: what is wrong with a field is said at that field; otherwise the form turns into the answer.
func (d *Dispatch) submitForm(ctx context.Context, s submission, team string) any {
	by := s.by(team)
	out := d.Worker.Thread.Out
	if by.foreign() {
		return out.AckView(handlers.Message{Text: membersOnlySays}.Modal(askTitle))
	}
	known := d.askedBy(s.View.Metadata, by.ID)
	q, person, wrong := d.formQuestion(s)
	if len(wrong) == 0 {
		looking, cancel := context.WithTimeout(ctx, lookFor)
		defer cancel()
		wrong = d.mayName(looking, by, q.User, person)
	}
	if len(wrong) > 0 {
		return slack.NewErrorsViewSubmissionResponse(wrong)
	}
	secret := typedSecretSays(s.View.State.Values[handlers.FormError][handlers.FormValue].Value)
	waits := handlers.Message{Text: "Reading… This takes a few seconds."}.Modal(askTitle)
	waits.Modal.ExternalID = rand.Text()
	view := shownIn{ID: s.View.ID, After: waits.Modal.ExternalID}
	d.Back.Go("answer a form", func(ctx context.Context) error {
		if person != "" {
			if q.User = d.Gate.Email(ctx, person, by.Home); q.User == "" {
				return d.show(ctx, view, by, handlers.Message{Text: "Slack does not tell the mail address of that person. Ask again with their sign-in name."}.Modal(askTitle))
			}
		}
		place := "form"
		if known.Channel != "" {
			place += " in " + known.Channel
		}
		answer := d.answerFor(ctx, wish{By: by, Question: q, Place: place, Channel: known.Channel})
		if secret != "" {
			answer = answer.With(secret)
		}
		return d.show(ctx, view, by, answer.Modal(askTitle))
	})
	return out.AckView(waits)
}

// formQuestion makes a question of the fields. person is who was chosen in Slack; wrong says by field what is not right.
func (d *Dispatch) formQuestion(s submission) (q handlers.Question, person string, wrong map[string]string) {
	now := d.Worker.Now()
	field := func(id string) string {
		return strings.TrimSpace(s.View.State.Values[id][handlers.FormValue].Value)
	}
	text, name, app := field(handlers.FormError), field(handlers.FormName), field(handlers.FormApp)
	person = s.View.State.Values[handlers.FormPerson][handlers.FormValue].User
	wrong = map[string]string{}
	q.Errors = formErrors(text)
	switch {
	case text != "" && len(q.Errors) == 0:
		wrong[handlers.FormError] = "There is no error code in this. A code looks like AADSTS50076, or 50076, and stands in the error text."
	case text == "" && name == "" && person == "":
		wrong[handlers.FormError] = "Enter the error, or say below who cannot sign in."
	}
	switch name = strings.TrimPrefix(name, "mailto:"); {
	case name != "" && !address.MatchString(name):
		wrong[handlers.FormName] = "A sign-in name looks like user@contoso.com."
	case name != "" && person != "":
		wrong[handlers.FormPerson] = "Name the person once: here, or by sign-in name."
	}
	q.User, q.Posted = name, now
	if at := s.View.State.Values[handlers.FormTime][handlers.FormValue].Time; at > 0 {
		if q.Posted = time.Unix(at, 0).UTC(); q.Posted.After(now.Add(time.Minute)) {
			wrong[handlers.FormTime] = "This time has not come yet. Enter when the error was shown."
		}
	}
	if i := aadsts.Primary(q.Errors); i >= 0 && app != "" {
		e := &q.Errors[i] // what the error itself says goes before what was typed
		switch {
		case guid.MatchString(app) && e.AppID == "":
			e.AppID = strings.ToLower(app)
		case !guid.MatchString(app) && e.AppName == "":
			e.AppName = app
		}
	}
	return q, person, wrong
}

// formErrors finds the errors in what was entered; a code may stand there by itself.
func formErrors(text string) []aadsts.Error {
	if bareCode.MatchString(text) {
		code, _ := strconv.Atoi(text)
		return []aadsts.Error{{Code: code, Explicit: true}}
	}
	return aadsts.Find(text)
}

// mayName says at the field why somebody else cannot be asked about. That Slack does not answer in time is no reason: the answer
// looks again.
func (d *Dispatch) mayName(ctx context.Context, by Person, name, person string) map[string]string {
	if name == "" && (person == "" || person == by.ID) {
		return nil
	}
	r, err := d.Gate.Reader(ctx, by.ID, by.Home)
	if err != nil || r.Agent {
		return nil
	}
	const only = "Only agents can ask about somebody else. Leave this empty to ask about yourself."
	switch {
	case person != "" && person != by.ID:
		return map[string]string{handlers.FormPerson: only}
	case name != "" && !strings.EqualFold(name, r.Email):
		return map[string]string{handlers.FormName: only}
	}
	return nil
}

// show puts a screen into a view that is open. What the person may not be shown any more is replaced by why; that they have closed
// the view is no error.
func (d *Dispatch) show(ctx context.Context, v shownIn, by Person, s handlers.Screen) error {
	out := d.Worker.Thread.Out
	err := d.shownAfter(ctx, v, by, s)
	if err == nil || viewClosed(err) {
		return nil
	}
	says := "The answer could not be shown. Try again in a minute."
	if errors.Is(err, errNotShown) {
		says = withheldSays
	}
	return errors.Join(err, out.Update(ctx, v.ID, by, handlers.Message{Text: says}.Modal(askTitle)))
}

// shownIn is a view that is open, and our own name for what has to be in it first.
type shownIn struct {
	ID string
	// After is the external id of the view that an acknowledgement puts there. An answer that is faster than the acknowledgement
	// would be replaced by it, so it goes to the view of that name, which is there only afterwards.
	After string
}

// How often, and how long, an acknowledgement is waited for before the view is taken to be closed or named otherwise.
const (
	ackTries = 12
	ackPause = 150 * time.Millisecond
)

func (d *Dispatch) shownAfter(ctx context.Context, v shownIn, by Person, s handlers.Screen) error {
	out := d.Worker.Thread.Out
	for range ackTries {
		if v.After == "" {
			break
		}
		if err := out.UpdateNamed(ctx, v.After, by, s); !viewClosed(err) {
			return err
		}
		pause(ctx, ackPause)
	}
	return out.Update(ctx, v.ID, by, s)
}

// viewClosed reports whether a view was not updated because it is open no longer.
func viewClosed(err error) bool {
	var answered slack.SlackErrorResponse
	return errors.As(err, &answered) && (answered.Err == "not_found" || answered.Err == "view_not_found")
}

// decodeSubmission reads a submitted view.
func decodeSubmission(ev Event) (s submission, team string, err error) {
	if err = json.Unmarshal(ev.Raw, &s); err != nil {
		return s, "", err
	}
	if team = ev.TeamID; team == "" {
		team = s.Team.ID
	}
	return s, team, nil
}
