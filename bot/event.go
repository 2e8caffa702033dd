// Package bot runs Signpost in a Slack workspace: configuration, the two transports (Socket Mode and HTTP), what is taken in from
// them, and how answers get into threads.
//
// The way in: [Socket] or [HTTP] receives an envelope, [Decode] makes an [Event] of it, a [Sink] stores what is to be done, and only then
// is the envelope acknowledged. [Rules.Paste] says which messages are ours and what stands in them. Nothing here finds errors in text or
// knows what to answer; that is runbooks/aadsts and handlers. cmd/signpost calls it.
package bot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Source is the kind of envelope an event came in. The values are Slack's names of Socket Mode envelopes; HTTP mode has an endpoint
// for each. See https://docs.slack.dev/apis/events-api/using-socket-mode
type Source string

// The three kinds of envelope.
const (
	FromEvents      Source = "events_api"
	FromCommand     Source = "slash_commands"
	FromInteraction Source = "interactive"
)

// Kinds of events that Signpost does something with or may. Others are acknowledged and counted, and go no further.
const (
	KindMessage        = "message"
	KindMention        = "app_mention"
	KindHome           = "app_home_opened"
	KindJoined         = "member_joined_channel"
	KindShared         = "channel_shared"
	KindUnshared       = "channel_unshared"
	KindChannelID      = "channel_id_changed"
	KindTokensRevoked  = "tokens_revoked"
	KindUninstalled    = "app_uninstalled"
	KindGroupMembers   = "subteam_members_changed"
	KindUserChange     = "user_change"
	KindCommand        = "slash_command"
	KindBlockActions   = "block_actions"
	KindMessageAction  = "message_action"
	KindShortcut       = "shortcut"
	KindViewSubmission = "view_submission"
	KindViewClosed     = "view_closed"
	KindSuggestion     = "block_suggestion"

	kindRateLimited = "app_rate_limited" // Slack has left events out; counted, goes no further
)

// known are the kinds that reach the sink.
var known = map[string]bool{
	KindMessage: true, KindMention: true, KindHome: true, KindJoined: true, KindShared: true, KindUnshared: true, KindChannelID: true,
	KindTokensRevoked: true, KindUninstalled: true, KindGroupMembers: true, KindUserChange: true, KindCommand: true, KindBlockActions: true,
	KindMessageAction: true, KindShortcut: true, KindViewSubmission: true, KindViewClosed: true, KindSuggestion: true,
}

// Event is one thing that happened in Slack.
type Event struct {
	Source Source
	Kind   string // one of the Kind constants, or Slack's own name of something else
	// EventID is Slack's id of the event, the same in every redelivery; empty for commands and interactions. One post can still come as
	// several events, so work is made unique on the message.
	EventID string
	// TeamID is the workspace through which the app received the event.
	TeamID string
	// AppID is the app that the event was sent to: ours.
	AppID string
	// ExtShared is Slack's word that the channel is shared with another organisation. False may also mean that Slack did not say.
	ExtShared bool
	// Raw is the inner event, the command's fields, or the interaction's payload, as Slack sent it (commands in HTTP mode: the form as JSON).
	Raw json.RawMessage
	// Message is what was said, for KindMessage and KindMention; nil for the others.
	Message *Message
}

// Change says what a message event tells about the message.
type Change int

// What can have happened to a message.
const (
	Posted    Change = iota
	Edited           // its text changed, or Slack notes a new edit
	Unchanged        // Slack tells of a change that is not the author's: a link preview, a detected language, a reply count
	Deleted
)

// Message is a message as it now stands. For a deleted one, only where it stood and whose it was.
type Message struct {
	TeamID, EventID    string
	Channel            string
	ChannelType        string // channel, group, im, mpim; empty where Slack does not say (app_mention)
	TS, ThreadTS       string // ThreadTS is empty outside threads
	User, BotID, AppID string // AppID also from bot_profile
	UserTeam           string // the author's workspace, where Slack says
	Edited             string // the ts of the last edit; empty: never
	Subtype            string // the message's own subtype; never message_changed, message_deleted
	Change             Change
	Hidden             bool
	ExtShared          bool
	Text               string // all that can be read, see MessageText
	Files              []Snippet
}

var (
	errNotJSON  = errors.New("the payload is not JSON")
	errNotEvent = errors.New("the payload holds no event")
)

// Decode reads the payload of an envelope. It fails only where nothing can be made of it; a malformed block, an unknown field or an
// unknown event type is no failure, which is why slack-go's own event types are not used.
func Decode(source Source, payload []byte) (Event, error) {
	if !json.Valid(payload) {
		return Event{}, fmt.Errorf("read a %s envelope: %w", source, errNotJSON)
	}
	return decodeValid(source, payload)
}

// decodeValid is Decode for what has passed json.Valid, or was cut out of such a text.
func decodeValid(source Source, payload []byte) (Event, error) {
	payload = bytes.TrimSpace(payload)
	v := jsonText(payload)
	ev := Event{Source: source}
	switch source {
	case FromCommand:
		ev.Kind, ev.TeamID, ev.Raw = KindCommand, v.field("team_id").str(), payload
		if v.field("command").str() == "" {
			return Event{}, fmt.Errorf("read a %s envelope: %w", source, errNotEvent)
		}
		return ev, nil
	case FromInteraction:
		ev.Kind, ev.Raw = v.field("type").str(), payload
		if ev.TeamID = v.field("team").field("id").str(); ev.TeamID == "" {
			ev.TeamID = v.field("user").field("team_id").str()
		}
		if ev.Kind == "" {
			return Event{}, fmt.Errorf("read a %s envelope: %w", source, errNotEvent)
		}
		return ev, nil
	}
	return decodeCallback(ev, v, payload)
}

// decodeCallback reads the outer object of the Events API. See https://docs.slack.dev/apis/events-api
func decodeCallback(ev Event, v jsonText, payload []byte) (Event, error) {
	var inner, authorizations jsonText
	var typ, team, context string
	for k, f := range v.fields() {
		switch k {
		case "type":
			typ = f.str()
		case "event_id":
			ev.EventID = f.str()
		case "team_id":
			team = f.str()
		case "api_app_id":
			ev.AppID = f.str()
		case "context_team_id":
			context = f.str()
		case "is_ext_shared_channel":
			ev.ExtShared = f.truthy()
		case "authorizations":
			authorizations = f
		case "event":
			inner = f
		}
	}
	ev.TeamID = installedTeam(context, authorizations, team)
	if typ == kindRateLimited {
		ev.Kind = typ
		return ev, nil
	}
	ev.Kind = inner.field("type").str()
	if ev.Kind == "" {
		return Event{}, fmt.Errorf("read a %s envelope: %w", ev.Source, errNotEvent)
	}
	at := strings.Index(string(v), string(inner)) // the same text, in the bytes that we were given: no copy
	ev.Raw = payload[at : at+len(inner)]
	if ev.Kind == KindMessage || ev.Kind == KindMention {
		m := decodeMessage(inner)
		m.TeamID, m.EventID, m.ExtShared = ev.TeamID, ev.EventID, ev.ExtShared || m.ExtShared
		ev.Message = &m
	}
	return ev, nil
}

// installedTeam is the workspace whose installation saw the event. In a shared channel team_id may be the author's.
func installedTeam(context string, authorizations jsonText, team string) string {
	if context != "" {
		return context
	}
	for a := range authorizations.elements() {
		if id := a.field("team_id").str(); id != "" {
			return id
		}
	}
	return team
}

// decodeMessage reads a message event of any subtype. See https://docs.slack.dev/reference/events/message
func decodeMessage(ev jsonText) Message {
	switch ev.field("subtype").str() {
	case "message_changed":
		return changedMessage(ev)
	case "message_deleted":
		return deletedMessage(ev)
	}
	return readMessage(ev)
}

// readMessage reads a message as it stands by itself, in an event or inside one.
func readMessage(v jsonText) Message {
	var m Message
	var c content
	var profile jsonText
	var sourceTeam, team string
	for k, f := range v.fields() {
		c.take(k, f)
		switch k {
		case "channel":
			m.Channel = f.str()
		case "channel_type":
			m.ChannelType = f.str()
		case "ts":
			m.TS = f.str()
		case "thread_ts":
			m.ThreadTS = f.str()
		case "user":
			m.User = f.str()
		case "bot_id":
			m.BotID = f.str()
		case "app_id":
			m.AppID = f.str()
		case "bot_profile":
			profile = f
		case "user_team":
			m.UserTeam = f.str()
		case "source_team":
			sourceTeam = f.str()
		case "team":
			team = f.str()
		case "edited":
			m.Edited = f.field("ts").str()
		case "subtype":
			m.Subtype = f.str()
		case "hidden":
			m.Hidden = f.truthy()
		case "is_ext_shared_channel":
			m.ExtShared = f.truthy()
		}
	}
	m.AppID = cmp.Or(m.AppID, profile.field("app_id").str())
	m.UserTeam = cmp.Or(m.UserTeam, sourceTeam, team)
	m.Text, m.Files = c.read(true), snippets(c.files)
	return m
}

// changedMessage reads a message_changed event, whose message is inside. See
// https://docs.slack.dev/reference/events/message/message_changed
func changedMessage(ev jsonText) Message {
	inner, previous := ev.field("message"), ev.field("previous_message")
	m := readMessage(inner)
	m.Channel, m.ChannelType = ev.field("channel").str(), ev.field("channel_type").str()
	m.Change = Edited
	if previous.kind() == '{' {
		again := m.Edited != "" && m.Edited != previous.field("edited").field("ts").str()
		if !again && contentOf(previous).read(false) == contentOf(inner).read(false) {
			m.Change = Unchanged
		}
	}
	return m
}

// deletedMessage reads a message_deleted event. See https://docs.slack.dev/reference/events/message/message_deleted
func deletedMessage(ev jsonText) Message {
	m := readMessage(ev.field("previous_message"))
	m.Channel, m.ChannelType, m.Change = ev.field("channel").str(), ev.field("channel_type").str(), Deleted
	m.TS = cmp.Or(ev.field("deleted_ts").str(), m.TS)
	m.Text, m.Files = "", nil
	return m
}
