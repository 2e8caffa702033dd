package bot

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is the most text, in bytes, that is read out of one message. Slack cuts the text field at 40,000 characters; the rest of
// the room is for attachments and snippets.
const MaxText = 256 << 10

// maxParts is how many attachments and files of one message, or parts of one attachment, are read. Slack allows 100 attachments and
// asks for 20 at most; each is looked up in what was read before it, so without a limit a message could make that quadratic.
const maxParts = 200

// MessageText is everything a person can read in a Slack message, given the message's own JSON object as it stands in an event, in a
// message shortcut's payload or in a conversations.history answer. Text that Slack sends twice (text and rich_text) is there once;
// Slack's markup is undone; link previews are left out, because nobody posted them. At most [MaxText] bytes, always valid UTF-8.
// An object that is not JSON reads as empty. See https://docs.slack.dev/reference/events/message
func MessageText(message json.RawMessage) string {
	if !json.Valid(message) {
		return ""
	}
	return contentOf(jsonText(strings.TrimSpace(string(message)))).read(true)
}

// content is where a message keeps what can be read in it.
type content struct {
	text, blocks, attachments, files jsonText
}

func contentOf(message jsonText) content {
	var c content
	for k, v := range message.fields() {
		c.take(k, v)
	}
	return c
}

// take keeps the value if the key is one of the four.
func (c *content) take(key string, v jsonText) {
	switch key {
	case "text":
		c.text = v
	case "blocks":
		c.blocks = v
	case "attachments":
		c.attachments = v
	case "files":
		c.files = v
	}
}

// read joins the readable text. With unfurls false the previews that Slack adds for links to other messages are left out: they
// come and go without an edit of the author, and are of the same shape as a forwarded message.
func (c content) read(unfurls bool) string {
	body := clean(mrkdwn(c.text.str()))
	if c.blocks != "" {
		w := writer{b: make([]byte, 0, len(c.text)+len(c.text)/8+64)}
		w.blocks(c.blocks, 0)
		drawn := w.trimmed()
		if string(drawn) != body {
			body = merge(body, clean(string(drawn)))
		}
	}
	if c.attachments == "" && c.files == "" {
		return cut(body, MaxText)
	}
	p := page{text: body}
	for a := range c.attachments.elements() {
		p.add(attachmentText(a, unfurls, 0))
	}
	p.add(filesText(c.files))
	return cut(p.text, MaxText)
}

// merge joins a message's text with what its blocks say. What a person types comes as both: rich_text is what they typed, text is
// made from it with marks for bold, code and lists. Bots put anything into either.
func merge(text, blocks string) string {
	switch {
	case text == "" || blocks != "" && (holds(blocks, text) || holds(plain(blocks), plain(text))):
		return blocks
	case blocks == "" || holds(text, blocks):
		return text
	default:
		return text + "\n" + blocks
	}
}

// page is the text read so far, part by part.
type page struct {
	text  string
	plain string // plain(text), once there is a second part
	parts int
}

// add takes in what the part says and the page does not say yet.
func (p *page) add(part string) {
	part = strings.Trim(clean(part), "\n")
	if part == "" || len(p.text) >= MaxText || p.parts >= maxParts {
		return
	}
	if p.text == "" {
		p.text = part
		return
	}
	if p.parts == 0 {
		p.plain = plain(p.text)
	}
	p.parts++
	small := plain(part)
	switch {
	case holds(p.text, part) || holds(p.plain, small):
	case holds(small, p.plain): // the other way round: the part says all that the page does, and more
		p.text, p.plain = part, small
	default:
		p.text += "\n" + part
		p.plain += " " + small
	}
}

// holds reports whether the part stands in the text as whole words. It may say no where the answer is yes (it looks at the first few
// places only, to stay linear); then something is read twice, and nothing is lost.
func holds(text, part string) bool {
	if part == "" {
		return true
	}
	for at, tries := 0, 0; tries < 4; tries++ {
		i := strings.Index(text[at:], part)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(part)
		if !(joined(text, start) || joined(text, end)) {
			return true
		}
		at = start + 1
	}
	return false
}

// joined reports whether a word goes on over the place i of s.
func joined(s string, i int) bool {
	if i == 0 || i == len(s) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i:])
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return word(before) && word(after)
}

// plain is the text without Slack's marks for bold, code, quotes and bullets and with its white space evened out: what is left when
// one wants to know whether two texts say the same.
func plain(s string) string {
	b := make([]byte, 0, len(s))
	space := false
	for _, r := range s {
		switch {
		case strings.ContainsRune("*_~`>•◦▪", r):
		case unicode.IsSpace(r):
			space = len(b) > 0
		default:
			if space {
				b = append(b, ' ')
				space = false
			}
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}

// clean makes broken UTF-8 whole. Slack sends none; a database would refuse it.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// cut shortens s to at most n bytes, between two characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
