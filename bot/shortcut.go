package bot

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks/aadsts"
)

// shortcut is a message shortcut that somebody used. The payload holds the whole message, so it works also where the bot is no
// member. https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
type shortcut struct {
	Callback    string `json:"callback_id"`
	Trigger     string `json:"trigger_id"`
	ResponseURL string `json:"response_url"` // good for anybody who has it: never logged or kept
	MessageTS   string `json:"message_ts"`
	User        struct {
		ID     string `json:"id"`
		TeamID string `json:"team_id"`
	}
	Team    struct{ ID string }
	Channel struct{ ID string }
	Message json.RawMessage
}

// shortcut hands "Diagnose this error" to the background.
func (d *Dispatch) shortcut(ev Event) {
	var s shortcut
	if err := json.Unmarshal(ev.Raw, &s); err != nil || s.Callback != handlers.CallbackDiagnose || !json.Valid(s.Message) {
		return
	}
	team := ev.TeamID
	if team == "" {
		team = s.Team.ID
	}
	d.Back.Go("diagnose a message", func(ctx context.Context) error { return d.diagnose(ctx, s, team) })
}

// diagnose answers whoever used the shortcut, and nobody else. A view is opened before anything is read, because the trigger is
// good for three seconds; where it was too old, the answer comes as a private message.
func (d *Dispatch) diagnose(ctx context.Context, s shortcut, team string) error {
	by := Person{ID: s.User.ID, Home: team, Team: s.User.TeamID}
	out := d.Worker.Thread.Out
	view, err := out.Open(ctx, s.Trigger, by, handlers.Message{Text: "Reading… This takes a few seconds."}.Modal(askTitle))
	if err != nil {
		d.Log.Warn("open a view for a shortcut; the answer goes out as a private message", "error", err)
	}
	say := func(m handlers.Message, after ...slack.Block) error {
		if view == "" {
			return out.Respond(ctx, s.ResponseURL, s.Channel.ID, by, m, false)
		}
		return d.show(ctx, shownIn{ID: view}, by, m.Modal(askTitle, after...))
	}
	if by.foreign() {
		return say(handlers.Message{Text: membersOnlySays})
	}
	p := s.paste(team)
	text := p.Text + d.snippets(ctx, p)
	errs := aadsts.Find(text)
	switch {
	case len(errs) == 0 && view == "":
		return say(handlers.Message{Text: "There is no sign-in error in this message. Ask with a code: `" + Command + " AADSTS50076`."})
	case len(errs) == 0:
		return d.show(ctx, shownIn{ID: view}, by, d.prefilled(ctx, by, p, text).Screen())
	}
	c, err := newCase(p, errs)
	if err != nil {
		return err
	}
	q := handlers.Question{Errors: errs, Posted: posted(p.TS)}
	answer := d.answerFor(ctx, wish{By: by, Question: q, Place: "shortcut in " + p.Channel, Channel: p.Channel, Author: p.Author})
	if view == "" {
		return say(answer)
	}
	return say(answer, d.offerThread(ctx, by, p, c)...)
}

// paste is the shortcut's message, taken as one that was pasted where the bot listens.
func (s shortcut) paste(team string) Paste {
	m := readMessage(jsonText(strings.TrimSpace(string(s.Message))))
	p := Paste{
		TeamID: team, Channel: s.Channel.ID, TS: s.MessageTS, ThreadTS: m.ThreadTS, Author: m.User, AuthorTeam: m.UserTeam,
		Bot: m.BotID != "", ExtShared: m.ExtShared, Text: m.Text, Files: m.Files,
	}
	if p.TS == "" {
		p.TS = m.TS
	}
	if p.ThreadTS == "" {
		p.ThreadTS = p.TS
	}
	if p.Author == "" {
		p.Author = m.BotID
	}
	return p
}

// posted is the time that a message's ts tells.
func posted(ts string) time.Time {
	seconds, _, _ := strings.Cut(ts, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

var addressIn = regexp.MustCompile(`(?i)[a-z0-9.!#$%&'*+/=?^_~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+`)

// prefilled is the form with what a message without an error tells: its text, when it was posted, and who it may be about. Only an
// agent is offered somebody else than themselves.
func (d *Dispatch) prefilled(ctx context.Context, by Person, p Paste, text string) handlers.Form {
	f := handlers.Form{
		Note: "There is no sign-in error in this message. Add the code or the error text, and what else you know.",
		When: posted(p.TS), Key: d.keepAsked(asked{By: by.ID, Channel: p.Channel, Author: p.Author}),
	}
	if text = aadsts.Redact(text); d.Gate.Policy().Withholds([]string{text}) == "" {
		f.Error = text
		names := addressIn.FindAllString(text, 2)
		r, err := d.Gate.Reader(ctx, by.ID, by.Home)
		switch agent := err == nil && r.Agent; {
		case agent && len(names) == 1 && address.MatchString(names[0]):
			f.Name = names[0]
		case agent && !p.Bot:
			f.Person = p.Author
		}
	}
	return f
}

// offerThread is a button that answers the message in its thread, where the bot may and has not: it is in the channel, and the channel is
// one of those that it answers in.
func (d *Dispatch) offerThread(ctx context.Context, by Person, p Paste, c store.Case) []slack.Block {
	if !d.mayAnswer(ctx, by, p.Channel) || p.TS == "" || p.Author == d.Rules.Self.UserID || p.Bot && p.Author == d.Rules.Self.BotID {
		return nil
	}
	if _, err := d.Worker.Store.CaseByMessage(ctx, c.Team, c.Channel, c.MessageTS); err == nil {
		return nil // it has its answer there
	}
	c.FromForm = true
	return handlers.ThreadOffer(d.keepAsked(asked{By: by.ID, Channel: p.Channel, Author: p.Author, Case: c}))
}

// mayAnswer reports whether somebody may have a message of a channel answered in its thread.
// https://docs.slack.dev/reference/methods/conversations.info
func (d *Dispatch) mayAnswer(ctx context.Context, by Person, channel string) bool {
	if _, listed := d.Rules.Channels[channel]; len(d.Rules.Channels) > 0 && !listed || by.foreign() {
		return false
	}
	if r, err := d.Gate.Reader(ctx, by.ID, by.Home); err != nil || !r.Inside {
		return false
	}
	info, err := d.Worker.Thread.Slack.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: channel})
	return err == nil && info.IsMember && !info.IsArchived && !info.IsIM && !info.IsMpIM
}

// answerInThread opens the case of the message that a view is about, as if it had been heard. The message's one case makes sure that
// it is answered once, whoever presses and however often.
func (d *Dispatch) answerInThread(ctx context.Context, k Click) error {
	by := k.person()
	say := func(text string) error {
		return d.show(ctx, shownIn{ID: k.ViewID}, by, handlers.Message{Text: text}.Modal(askTitle))
	}
	a := d.askedBy(k.Key, k.User)
	switch {
	case a.Case.MessageTS == "":
		return say("This is no longer kept. Use the shortcut on the message again.")
	case !d.mayAnswer(ctx, by, a.Channel):
		return say("Signpost cannot answer in that channel.")
	}
	_, created, err := d.Queue.Open(ctx, a.Case)
	switch {
	case err != nil:
		return err
	case !created:
		return say("The message has its answer in the thread already.")
	}
	return say("Signpost answers in the thread of the message.")
}
