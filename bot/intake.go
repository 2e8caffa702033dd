package bot

import (
	"slices"
	"strings"
)

// Identity is who we are in the workspace, from auth.test. Parts that are not known are empty; the app id may be, events bring it.
// See https://docs.slack.dev/reference/methods/auth.test
type Identity struct {
	TeamID, UserID, BotID, AppID string
}

// ChannelRule is what the configuration says of a channel, as far as it decides what is read.
type ChannelRule struct {
	Bots []string // bot ids (B…) and app ids (A…) of integrations whose posts are read too
}

// Rules decide which messages are ours. They hold no state: the same event always gives the same answer.
type Rules struct {
	Self Identity
	// Channels are the channels that are read. Empty: every channel the bot is in, without integrations. Direct messages to the bot are
	// always read; whoever writes one means the bot.
	Channels map[string]ChannelRule
}

// Paste is a message to look for errors in.
type Paste struct {
	TeamID, Channel string
	TS              string // the message; with the team and channel it is the key that work is unique on
	ThreadTS        string // the thread to answer in: the message's, or the one that it starts
	Author          string // U… or W…, or the B… of an integration
	AuthorTeam      string // the author's workspace; empty where Slack does not say
	Bot             bool   // the author is an integration
	Edited          bool   // the author changed it after posting
	Mentioned       bool   // it addresses the bot by name, or in a direct message
	ExtShared       bool   // Slack says that the channel is shared with another organisation
	Text            string
	Files           []Snippet
}

// Drop is why an event is no paste, as a label for metrics. Empty: it is one.
type Drop string

// The reasons to leave an event alone, in the order in which they are looked at.
const (
	Taken         Drop = ""
	NotMessage    Drop = "not_message"
	Malformed     Drop = "malformed"    // a message without channel or ts
	Own           Drop = "own"          // we wrote it
	WasDeleted    Drop = "deleted"      // the message is gone
	NotAuthored   Drop = "not_authored" // no person or integration said it: joins, topics, hidden messages
	NotListed     Drop = "channel"      // in a channel that is not listed
	ForeignBot    Drop = "bot"          // an integration that is not allowed in the channel
	NothingNew    Drop = "unchanged"    // a change that is not the author's
	NothingToRead Drop = "empty"
)

// slackbot is the user that Slack's own notices come from.
const slackbot = "USLACKBOT"

// authored are the subtypes of messages that somebody wrote. Modern apps' posts have none; file_share is documented as gone and still
// comes.
var authored = []string{"", "bot_message", "thread_broadcast", "file_share"}

// Paste says what there is to read in the event, or why there is nothing. An app_mention and the message event of the same post give
// the same paste.
func (r Rules) Paste(ev Event) (Paste, Drop) {
	m := ev.Message
	if m == nil {
		return Paste{}, NotMessage
	}
	direct := strings.HasPrefix(m.Channel, "D")
	rule, listed := r.Channels[m.Channel]
	bot := m.BotID != "" || m.Subtype == "bot_message" || m.User == slackbot
	switch {
	case m.Channel == "" || m.TS == "":
		return Paste{}, Malformed
	case r.own(m, ev.AppID):
		return Paste{}, Own
	case m.Change == Deleted:
		return Paste{}, WasDeleted
	case m.Hidden || !slices.Contains(authored, m.Subtype) || m.User == "" && !bot:
		return Paste{}, NotAuthored
	case len(r.Channels) > 0 && !listed && !direct:
		return Paste{}, NotListed
	case bot && !allows(rule.Bots, m):
		return Paste{}, ForeignBot
	case m.Change == Unchanged:
		return Paste{}, NothingNew
	case m.Text == "" && len(m.Files) == 0:
		return Paste{}, NothingToRead
	}
	p := Paste{
		TeamID: m.TeamID, Channel: m.Channel, TS: m.TS, ThreadTS: m.ThreadTS, Author: m.User, AuthorTeam: m.UserTeam, Bot: bot,
		Edited: m.Change == Edited || m.Edited != "", ExtShared: m.ExtShared, Text: m.Text, Files: m.Files,
		Mentioned: direct || r.Self.UserID != "" && strings.Contains(m.Text, "<@"+r.Self.UserID+">"),
	}
	if p.ThreadTS == "" {
		p.ThreadTS = p.TS
	}
	if p.Author == "" {
		p.Author = m.BotID
	}
	return p, Taken
}

// own reports whether we wrote the message, under whichever of our names Slack gives: without this an answer that quotes an error
// would be answered. The app id, which each event brings along, also tells the posts of another installation of the app.
func (r Rules) own(m *Message, app string) bool {
	is := func(self, id string) bool { return self != "" && self == id }
	return is(r.Self.UserID, m.User) || is(r.Self.BotID, m.BotID) || is(r.Self.AppID, m.AppID) || is(app, m.AppID)
}

func allows(bots []string, m *Message) bool {
	return m.BotID != "" && slices.Contains(bots, m.BotID) || m.AppID != "" && slices.Contains(bots, m.AppID)
}
