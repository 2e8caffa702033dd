package slackfake

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Block is one block, attachment or other JSON object as it was sent. Blocks handed out by the fake must not be changed.
type Block = map[string]any

// Team is the workspace that the app is installed in. With an EnterpriseID it belongs to an Enterprise organisation.
type Team struct {
	ID, Name, Domain             string
	EnterpriseID, EnterpriseName string
}

// App is the app under test, as installed: its bot user and its secrets.
type App struct {
	ID, Name      string
	BotID, UserID string
	BotToken      string // xoxb-…
	AppToken      string // xapp-…, for Socket Mode
	SigningSecret string
}

// User is a person (or a bot user) as users.info tells it. A user of another team is external: Slack Connect.
type User struct {
	ID, Name, RealName, Email string
	TeamID                    string // empty: the workspace's own
	EnterpriseID              string
	TZ, Locale                string
	Restricted                bool // multi-channel guest
	UltraRestricted           bool // single-channel guest
	Stranger                  bool // external, and shares no channel with us
	Deleted                   bool
	Bot                       bool
	WorkflowBot               bool
	Admin                     bool
}

// Bot is another integration of the workspace, such as one that posts alerts.
type Bot struct {
	ID, AppID, Name string
	UserID          string // empty for a classic integration
	Classic         bool   // its posts have the subtype bot_message and no user
}

// Channel is a conversation. IM and MPIM are direct messages.
type Channel struct {
	ID, Name         string
	Private          bool
	IM, MPIM         bool
	Archived         bool
	ExtShared        bool // Slack Connect with another organisation
	PendingExtShared bool
	OrgShared        bool
	ConnectedTeams   []string
	Members          []string
}

func (c *Channel) kind() string {
	switch {
	case c.IM:
		return "im"
	case c.MPIM:
		return "mpim"
	case c.Private:
		return "group"
	}
	return "channel"
}

func (c *Channel) has(user string) bool { return slices.Contains(c.Members, user) }

// UserGroup is a handle such as @helpdesk with its members.
type UserGroup struct {
	ID, Handle, Name string
	Members          []string
	Disabled         bool
}

// Reaction is one emoji on a message and who put it there.
type Reaction struct {
	Name  string
	Users []string
}

// File is an uploaded file or snippet.
type File struct {
	ID, Name, Title, User string
	Mode                  string // "snippet" or "hosted"
	Filetype, Mimetype    string
	Content               []byte
	Created               time.Time
	// CheckFileInfo hides everything but the id in messages, as Slack Connect does: the reader has to call files.info.
	CheckFileInfo bool
	External      bool // is_external: the content lives at ExternalURL, outside Slack
	ExternalURL   string
	AltText       string // of a picture that the app uploaded
	length        int    // of its content, as announced before the upload
}

// Edited says who changed a message, and when.
type Edited struct{ User, TS string }

// Message is a message of a channel, or an ephemeral one when To is set.
type Message struct {
	Channel, TS string
	ThreadTS    string // the parent's ts, for a reply; empty for a parent
	User        string // author; the bot user for a bot's own post
	BotID       string
	AppID       string
	Username    string // of classic integrations
	SubType     string
	Text        string // mrkdwn, as the API returns it
	Blocks      []Block
	Attachments []Block
	Metadata    Block
	Files       []*File
	Reactions   []Reaction
	Edited      *Edited
	ClientMsgID string
	Team        string
	Broadcast   bool   // a reply that is shown in the channel too
	To          string // ephemeral: the only person who sees it
	Updates     int    // times that the app changed it
	Deleted     bool   // a tombstone: deleted, but it has replies
	UnfurlLinks *bool  // as asked; nil: not said
	UnfurlMedia *bool
}

// Thread is the ts of the thread that the message belongs to or would start.
func (m Message) Thread() string {
	if m.ThreadTS != "" {
		return m.ThreadTS
	}
	return m.TS
}

// BlockText is every text in the message's blocks and attachments, a line each, in reading order.
func (m Message) BlockText() string {
	var b strings.Builder
	for _, v := range [][]Block{m.Blocks, m.Attachments} {
		for _, block := range v {
			writeTexts(&b, block)
		}
	}
	return b.String()
}

// BlocksJSON is the message's blocks as JSON, for decoding into other types.
func (m Message) BlocksJSON() json.RawMessage { return mustJSON(orEmpty(m.Blocks)) }

// Actions lists the action_ids of the message's interactive elements, in order.
func (m Message) Actions() []string { return actionIDs(m.Blocks, m.Attachments) }

// View is a Home tab or a modal as a person has it before them.
type View struct {
	ID, User   string
	Type       string // "home" or "modal"
	CallbackID string
	ExternalID string
	Title      string
	Blocks     []Block
	Metadata   string // private_metadata
	Hash       string
	RootID     string
	PreviousID string
	Errors     map[string]string // response_action "errors" of the last submission, by block_id
	Raw        Block             // the view as sent
}

// BlockText is every text of the view, a line each.
func (v View) BlockText() string {
	var b strings.Builder
	for _, block := range v.Blocks {
		writeTexts(&b, block)
	}
	return b.String()
}

// BlocksJSON is the view's blocks as JSON.
func (v View) BlocksJSON() json.RawMessage { return mustJSON(orEmpty(v.Blocks)) }

// Actions lists the action_ids of the view's interactive elements, in order.
func (v View) Actions() []string { return actionIDs(v.Blocks) }

// Scheduled is a message that waits for its time.
type Scheduled struct {
	ID      string
	PostAt  time.Time
	Message Message
	// Stuck marks a message that will never post because it carries metadata: a known fault of Slack.
	// https://docs.slack.dev/reference/methods/chat.scheduleMessage
	Stuck bool
}

// Contoso is the workspace that the zero Options give: a public support channel, a private one, a shared one, an identity channel, a helpdesk
// group, two agents, two colleagues, a guest, someone of another company, and an alerting integration.
func Contoso() Options {
	return Options{
		Team: Team{ID: "T0CONTOSO", Name: "Contoso", Domain: "contoso"},
		App: App{ID: "A0SIGNPOST", Name: "signpost", BotID: "B0SIGNPOST", UserID: "U0SIGNPOST",
			BotToken: "xoxb-fake-bot-token", AppToken: "xapp-1-fake-app-token", SigningSecret: "fake-signing-secret"},
		Users: []User{
			{ID: "U0ALICE", Name: "alice", RealName: "Alice Agent", Email: "alice@contoso.com", TZ: "Europe/Berlin", Locale: "en-GB"},
			{ID: "U0CAROL", Name: "carol", RealName: "Carol Identity", Email: "carol@contoso.com", TZ: "America/New_York", Locale: "en-US", Admin: true},
			{ID: "U0BOB", Name: "bob", RealName: "Bob Builder", Email: "bob@contoso.com", TZ: "Europe/Berlin", Locale: "de-DE"},
			{ID: "U0DAVE", Name: "dave", RealName: "Dave Developer", Email: "dave@contoso.com", TZ: "Asia/Tokyo", Locale: "en-US"},
			{ID: "U0GUEST", Name: "gus", RealName: "Gus Guest", Email: "gus@fabrikam.com", UltraRestricted: true, Restricted: true, TZ: "Europe/London", Locale: "en-GB"},
			{ID: "U0ERIN", Name: "erin", RealName: "Erin External", Email: "erin@fabrikam.com", TeamID: "T0FABRIKAM", TZ: "America/Chicago", Locale: "en-US"},
			{ID: "U0GONE", Name: "gone", RealName: "Former Colleague", Email: "gone@contoso.com", Deleted: true},
		},
		Channels: []Channel{
			{ID: "C0SUPPORT", Name: "support", Members: []string{"U0SIGNPOST", "U0ALICE", "U0CAROL", "U0BOB", "U0DAVE", "U0GUEST"}},
			{ID: "C0AGENTS", Name: "agents", Private: true, Members: []string{"U0SIGNPOST", "U0ALICE", "U0CAROL"}},
			{ID: "C0IDENTITY", Name: "identity", Private: true, Members: []string{"U0SIGNPOST", "U0CAROL", "U0ALICE"}},
			{ID: "C0SHARED", Name: "shared-fabrikam", ExtShared: true, ConnectedTeams: []string{"T0FABRIKAM"}, Members: []string{"U0SIGNPOST", "U0ALICE", "U0BOB", "U0ERIN"}},
			{ID: "C0GENERAL", Name: "general", Members: []string{"U0ALICE", "U0CAROL", "U0BOB", "U0DAVE"}},
		},
		Groups: []UserGroup{{ID: "S0HELPDESK", Handle: "helpdesk", Name: "Helpdesk", Members: []string{"U0ALICE", "U0CAROL"}}},
		Bots:   []Bot{{ID: "B0ALERTS", AppID: "A0ALERTS", Name: "alerts", UserID: "U0ALERTS"}},
	}
}

// withDefaults fills what the caller left out from Contoso.
func (o Options) withDefaults() Options {
	d := Contoso()
	if o.Team == (Team{}) {
		o.Team = d.Team
	}
	if o.App == (App{}) {
		o.App = d.App
	}
	if o.Users == nil {
		o.Users = d.Users
	}
	if o.Channels == nil {
		o.Channels = d.Channels
	}
	if o.Groups == nil {
		o.Groups = d.Groups
	}
	if o.Bots == nil {
		o.Bots = d.Bots
	}
	return o
}

// external tells whether the user belongs to another organisation.
func (s *Server) external(u *User) bool {
	if u == nil || u.TeamID == "" || u.TeamID == s.team.ID {
		return false
	}
	return s.team.EnterpriseID == "" || u.EnterpriseID != s.team.EnterpriseID
}

// im is the direct message channel of the app with the user, opened when it is not there yet.
func (s *Server) im(user string) *Channel {
	for _, id := range s.channelOrder {
		if c := s.channels[id]; c.IM && c.has(user) && c.has(s.app.UserID) {
			return c
		}
	}
	c := &Channel{ID: s.id("D", 8), IM: true, Members: []string{s.app.UserID, user}}
	s.channels[c.ID] = c
	s.channelOrder = append(s.channelOrder, c.ID)
	return c
}

func (s *Server) find(channel, ts string) *Message {
	for _, m := range s.messages[channel] {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// replies are the messages below the parent, oldest first.
func (s *Server) replies(channel, parent string) []*Message {
	var out []*Message
	for _, m := range s.messages[channel] {
		if m.ThreadTS == parent && m.TS != parent {
			out = append(out, m)
		}
	}
	return out
}

func (s *Server) remove(m *Message) {
	s.messages[m.Channel] = slices.DeleteFunc(s.messages[m.Channel], func(o *Message) bool { return o == m })
}

// store puts the message in its channel; ts rise, so the order is kept.
func (s *Server) store(m *Message) {
	s.messages[m.Channel] = append(s.messages[m.Channel], m)
	s.touch()
}

func (m *Message) clone() *Message {
	c := *m
	c.Reactions = make([]Reaction, len(m.Reactions))
	for i, r := range m.Reactions {
		c.Reactions[i] = Reaction{Name: r.Name, Users: slices.Clone(r.Users)}
	}
	c.Files = slices.Clone(m.Files)
	c.Metadata = maps.Clone(m.Metadata)
	return &c
}
