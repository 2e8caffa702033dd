package slackfake

import (
	"fmt"
	"slices"
	"strings"
)

// PostOption changes how a person's message is posted.
type PostOption func(*posting)

type posting struct {
	m       *Message
	code    bool
	noLinks bool
	silent  bool
	plain   bool
	file    *File
}

// InThread posts a reply to the message with this ts.
func InThread(ts string) PostOption { return func(p *posting) { p.m.ThreadTS = ts } }

// Broadcast shows the reply in the channel too: subtype thread_broadcast.
func Broadcast() PostOption { return func(p *posting) { p.m.Broadcast = true } }

// AsCode posts the whole text as one code block, as people do with error messages.
func AsCode() PostOption { return func(p *posting) { p.code = true } }

// NoLinks leaves addresses, domains and URLs as they are, as for people who turned the linking off, and in clients that do not link.
func NoLinks() PostOption { return func(p *posting) { p.noLinks = true } }

// Silent stores the message without an event: something the app never heard of, to be found by reading the history.
func Silent() PostOption { return func(p *posting) { p.silent = true } }

// WithBlocks posts these blocks in place of the rich_text that the text would give.
func WithBlocks(blocks ...Block) PostOption { return func(p *posting) { p.m.Blocks = blocks } }

// WithAttachments adds attachments.
func WithAttachments(attachments ...Block) PostOption {
	return func(p *posting) { p.m.Attachments = attachments }
}

// WithSubtype posts a message of a subtype, such as me_message or channel_join.
func WithSubtype(subtype string) PostOption { return func(p *posting) { p.m.SubType = subtype } }

// NoSubtype posts a file without the subtype file_share, as Slack's documents say it is and its practice says it is not.
func NoSubtype() PostOption { return func(p *posting) { p.plain = true } }

// WithFile attaches a file. Only Name, Content and what differs from a plain text snippet need to be set.
func WithFile(f File) PostOption { return func(p *posting) { p.file = &f } }

// Post lets a person write in a channel and gives the message's ts. What they type is treated as by Slack's composer: mail addresses, domains
// and URLs become links, code fences preformatted blocks; <@U…> and <#C…> are mentions. A mention of the app delivers app_mention as well.
// It panics on an unknown channel or user, or a thread that is not there: a mistake in the test.
func (s *Server) Post(channel, user, text string, opts ...PostOption) (ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	u := s.users[user]
	if u == nil {
		panic("slackfake: no user " + user)
	}
	c := s.mustChannel(channel)
	if !c.has(user) {
		c.Members = append(slices.Clone(c.Members), user) // who writes is a member
	}
	p := &posting{m: &Message{Channel: channel, User: user, Team: s.teamOf(u), ClientMsgID: s.uuid("client_msg")}}
	for _, o := range opts {
		o(p)
	}
	if p.m.ThreadTS != "" && s.find(channel, p.m.ThreadTS) == nil {
		panic("slackfake: no message " + p.m.ThreadTS + " to reply to in " + channel)
	}
	if p.m.Broadcast {
		p.m.SubType = "thread_broadcast"
	}
	if p.code {
		text = "```\n" + text + "\n```"
	}
	text, blocks := composed(text, s.blockID(), p.noLinks)
	p.m.Text = strings.TrimSuffix(text, "\n")
	if p.m.Blocks == nil {
		p.m.Blocks = blocks
	}
	if p.file != nil {
		s.addFile(p.file, user)
		p.m.Files = []*File{p.file}
		if !p.plain {
			p.m.SubType = "file_share"
		}
		p.m.ClientMsgID = ""
	}
	return s.publish(p.m, p.silent)
}

func (s *Server) publish(m *Message, silent bool) string {
	m.TS = s.ts()
	s.store(m)
	if !silent {
		s.announce(m)
	}
	return m.TS
}

func (s *Server) mustChannel(id string) *Channel {
	c := s.channels[id]
	if c == nil {
		panic("slackfake: no channel " + id)
	}
	return c
}

func (s *Server) teamOf(u *User) string {
	if u.TeamID != "" {
		return u.TeamID
	}
	return s.team.ID
}

func (s *Server) addFile(f *File, user string) {
	if f.ID == "" {
		f.ID = s.id("F", 8)
	}
	if f.Mode == "" {
		f.Mode = "snippet"
	}
	if f.Filetype == "" {
		f.Filetype = "text"
	}
	if f.Mimetype == "" {
		f.Mimetype = "text/plain"
	}
	if f.Title == "" {
		f.Title = f.Name
	}
	f.User, f.Created = user, s.now()
	s.files[f.ID] = f
}

// Mention posts a message that begins with a mention of the app.
func (s *Server) Mention(channel, user, text string, opts ...PostOption) (ts string) {
	return s.Post(channel, user, "<@"+s.app.UserID+"> "+text, opts...)
}

// PostSnippet posts a text snippet: the message has no text, the content is in the file.
func (s *Server) PostSnippet(channel, user, name, content string, opts ...PostOption) (ts string) {
	return s.Post(channel, user, "", append([]PostOption{WithFile(File{Name: name, Content: []byte(content)})}, opts...)...)
}

// PostDM lets a person write to the app in their direct message.
func (s *Server) PostDM(user, text string, opts ...PostOption) (channel, ts string) {
	s.mu.Lock()
	channel = s.im(user).ID
	s.mu.Unlock()
	return channel, s.Post(channel, user, text, opts...)
}

// BotPost is what an integration posts. Alerting tools often leave Text empty and put everything into attachments.
type BotPost struct {
	Text        string // mrkdwn, as sent
	Blocks      []Block
	Attachments []Block
	ThreadTS    string
	Metadata    Block
}

// PostBot lets an integration of the workspace post. It panics on an unknown bot or channel.
func (s *Server) PostBot(channel, bot string, p BotPost) (ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	b := s.bots[bot]
	if b == nil {
		panic("slackfake: no bot " + bot)
	}
	s.mustChannel(channel)
	m := &Message{Channel: channel, BotID: b.ID, AppID: b.AppID, User: b.UserID, Team: s.team.ID, Text: p.Text, Blocks: p.Blocks,
		Attachments: p.Attachments, ThreadTS: p.ThreadTS, Metadata: p.Metadata}
	if b.Classic {
		m.SubType, m.User, m.Username, m.Team = "bot_message", "", b.Name, ""
	}
	return s.publish(m, false)
}

// Forward lets a person share a message of another channel: the new one carries it in attachments[].message_blocks. The shape is that of
// reports (https://github.com/slackapi/java-slack-sdk/issues/1179), not of a document.
func (s *Server) Forward(channel, user, fromChannel, fromTS, comment string, opts ...PostOption) (ts string) {
	s.mu.Lock()
	original := s.find(fromChannel, fromTS)
	if original == nil {
		s.mu.Unlock()
		panic("slackfake: no message " + fromTS + " to forward from " + fromChannel)
	}
	name := s.mustChannel(fromChannel).Name
	author, nick := original.Username, ""
	if u := s.users[original.User]; u != nil {
		author, nick = u.RealName, u.Name
	}
	a := Block{"ts": original.TS, "id": 1, "author_id": original.User, "author_name": author, "author_subname": nick,
		"author_link": fmt.Sprintf("https://%s.slack.com/team/%s", s.team.Domain, original.User),
		"channel_id":  fromChannel, "channel_team": s.team.ID, "is_msg_unfurl": true, "is_share": true,
		"from_url": s.permalink(original), "original_url": s.permalink(original), "text": original.Text,
		"fallback": "[" + s.now().UTC().Format("January 2, 2006 3:04 PM") + "] " + nick + ": " + original.Text,
		"footer":   "Posted in #" + name, "mrkdwn_in": []any{"text"},
		"message_blocks": []any{Block{"team": s.team.ID, "channel": fromChannel, "ts": original.TS, "message": Block{"blocks": anys(orEmpty(original.Blocks))}}}}
	if len(original.Files) > 0 {
		var files []any
		for _, f := range original.Files {
			files = append(files, s.fileInMessage(f))
		}
		a["files"] = files
	}
	s.mu.Unlock()
	return s.Post(channel, user, comment, append([]PostOption{WithAttachments(a)}, opts...)...)
}

func (s *Server) mustFind(channel, ts string) *Message {
	m := s.find(channel, ts)
	if m == nil {
		panic("slackfake: no message " + ts + " in " + channel)
	}
	return m
}

// Edit lets the author change a message: message_changed with a new edited.ts. An app named only in the new text gets app_mention.
func (s *Server) Edit(channel, ts, newText string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mustFind(channel, ts)
	previous := m.clone()
	text, blocks := composed(newText, s.blockID(), false)
	m.Text, m.Blocks = strings.TrimSuffix(text, "\n"), blocks
	m.Edited = &Edited{User: m.User, TS: s.ts()}
	s.announceChange(m, previous)
	if !mentions(previous.Text, s.app.UserID) {
		s.announceMention(m)
	}
	s.touch()
}

// Delete lets the author delete a message: message_deleted, or a tombstone when it has replies.
func (s *Server) Delete(channel, ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deleteMessage(s.mustFind(channel, ts))
}

// Unfurl adds a link preview to a message, which arrives as message_changed although nobody edited anything.
func (s *Server) Unfurl(channel, ts, url, title, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mustFind(channel, ts)
	previous := m.clone()
	m.Attachments = append(slices.Clone(m.Attachments), Block{"id": len(m.Attachments) + 1, "from_url": url, "original_url": url, "service_name": "Web",
		"title": title, "title_link": url, "text": text, "fallback": title})
	s.announceChange(m, previous)
	s.touch()
}

// Touch sends message_changed with nothing changed, as Slack's language detection does.
// https://docs.slack.dev/reference/events/message/message_changed
func (s *Server) Touch(channel, ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mustFind(channel, ts)
	s.announceChange(m, m.clone())
}

// React lets a person put an emoji on a message; false: it was there.
func (s *Server) React(channel, ts, user, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.react(s.mustFind(channel, ts), user, name)
}
