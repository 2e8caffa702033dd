package handlers

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"signpost/runbooks"
)

// Slack's limits that an answer can meet. https://docs.slack.dev/reference/block-kit/blocks and, for the text of an
// update, https://docs.slack.dev/reference/methods/chat.update
const (
	maxHeader  = 150
	maxSection = 3000
	maxContext = 2000
	maxText    = 3800   // chat.update refuses 4,000
	maxBlocks  = 48     // of 50, leaving room for buttons
	maxTotal   = 11_000 // of about 13,200 characters in all blocks together, a limit that Slack does not document
)

// Message is what is sent to Slack: blocks for the eye, text for notifications and screen readers.
type Message struct {
	Text   string
	Blocks []slack.Block
}

// Buttons says which buttons stand under an answer. Key is what a click gives back: the case, as an opaque word.
type Buttons struct {
	Key  string
	Show bool // "Show Diagnosis", where the thread may not hold it
}

// The action ids of the buttons.
const (
	ActionSolved  = "solved"
	ActionStuck   = "stuck"
	ActionShow    = "show"
	ActionSupport = "support"
)

// Draw turns a page into a Slack message within Slack's limits. Whatever does not fit is cut, and said to be cut.
func (p Page) Draw(b *Buttons) Message {
	blocks := []slack.Block{slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, short(p.Title, maxHeader), false, false))}
	total := 0
	for _, part := range p.Parts {
		text := part.mrkdwn()
		if utf8.RuneCountInString(text) > maxSection {
			text = short(text, maxSection)
		}
		total += utf8.RuneCountInString(text)
		if total > maxTotal || len(blocks) >= maxBlocks {
			blocks = append(blocks, section("_The rest did not fit here._"))
			break
		}
		blocks = append(blocks, section(text))
	}
	if b != nil {
		blocks = append(blocks, b.block())
	}
	if foot := p.foot(); foot != "" {
		blocks = append(blocks, slack.NewContextBlock("", markdown(short(mrkdwn(foot), maxContext))))
	}
	return Message{Text: Escape(short(p.Plain(), maxText*3/4)), Blocks: blocks}
}

// foot is the small print: ids, then the links on one line.
func (p Page) foot() string {
	lines := slices.Clone(p.Foot)
	if len(p.Links) > 0 {
		lines = append(lines, strings.Join(p.Links, " · "))
	}
	return strings.Join(lines, "\n")
}

func (b Buttons) block() slack.Block {
	button := func(action, label, alt string, style slack.Style) slack.BlockElement {
		e := slack.NewButtonBlockElement(action, b.Key, slack.NewTextBlockObject(slack.PlainTextType, label, false, false))
		e.AccessibilityLabel = alt
		e.Style = style
		return e
	}
	row := []slack.BlockElement{
		button(ActionSolved, "Solved", "Mark this error as solved", slack.StylePrimary),
		button(ActionStuck, "Still Stuck", "Hand this error to the identity team", ""),
	}
	if b.Show {
		row = append(row, button(ActionShow, "Show Diagnosis", "Show the diagnosis privately to you", ""))
	}
	row = append(row, button(ActionSupport, "Copy for Microsoft Support", "Show the ids and times for a support request privately to you", ""))
	return slack.NewActionBlock("", row...)
}

func section(text string) slack.Block { return slack.NewSectionBlock(markdown(text), nil, nil) }

// markdown is a text object that Slack does not parse further: every link and date is already marked.
func markdown(text string) *slack.TextBlockObject {
	return &slack.TextBlockObject{Type: slack.MarkdownType, Text: text, Verbatim: true}
}

func (p Part) mrkdwn() string {
	var b strings.Builder
	if p.Title != "" {
		b.WriteString("*" + mrkdwn(p.Title) + "*\n")
	}
	for i, l := range p.lines() {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(mrkdwn(l))
	}
	return b.String()
}

// lines adds the numbers of an ordered part.
func (p Part) lines() []string {
	if !p.Numbered {
		return p.Lines
	}
	lines := make([]string, len(p.Lines))
	for i, l := range p.Lines {
		lines[i] = fmt.Sprintf("%d. %s", i+1, l)
	}
	return lines
}

// Plain is the page as plain text: what a screen reader says, and what a terminal without colours shows.
func (p Page) Plain() string {
	var b strings.Builder
	b.WriteString(p.Title)
	for _, part := range p.Parts {
		b.WriteString("\n")
		if part.Title != "" {
			b.WriteString("\n" + part.Title + ":")
		}
		for _, l := range part.lines() {
			b.WriteString("\n" + l)
		}
	}
	for _, l := range slices.Concat(p.Foot, p.Links) {
		b.WriteString("\n" + l)
	}
	return b.String()
}

var (
	webLink   = regexp.MustCompile(`https://[^\s<>|·,;)]*[^\s<>|·,;.)]`)
	timestamp = regexp.MustCompile(`\b\d{4}-\d\d-\d\d \d\d:\d\d UTC\b`)
)

// mrkdwn escapes a sentence and marks its links and times, which Slack then shows in the reader's own zone.
// https://docs.slack.dev/messaging/formatting-message-text
func mrkdwn(s string) string {
	s = Escape(s)
	s = webLink.ReplaceAllStringFunc(s, func(u string) string { return "<" + u + "|" + linkLabel(u) + ">" })
	return timestamp.ReplaceAllStringFunc(s, func(m string) string {
		t, err := time.Parse(runbooks.TimeLayout, m)
		if err != nil {
			return m
		}
		return Date(t)
	})
}

// Date is a time that Slack shows in the reader's own zone, and as UTC where it cannot.
// https://docs.slack.dev/messaging/formatting-message-text#date-formatting
func Date(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format(runbooks.TimeLayout))
}

// linkLabel shortens an address to what a reader needs of it.
func linkLabel(u string) string {
	p, err := url.Parse(strings.ReplaceAll(u, "&amp;", "&"))
	if err != nil || p.Host == "" {
		return u
	}
	host := strings.TrimPrefix(p.Host, "www.")
	if host == "login.microsoftonline.com" && p.Path == "/error" {
		return "Microsoft's error look-up"
	}
	if last := path.Base(p.Path); last != "/" && last != "." {
		return Escape(host + ": " + strings.ReplaceAll(last, "-", " "))
	}
	return Escape(host)
}

// Escape takes the meaning from the three characters that have one for Slack, so that no pasted or directory text can
// mention, link or ping anybody.
func Escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// short cuts a text to n runes and says so. It never cuts into a <…> mark.
func short(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	const mark = "…"
	r := []rune(s)[:n-utf8.RuneCountInString(mark)]
	out := string(r)
	if open := strings.LastIndexByte(out, '<'); open > strings.LastIndexByte(out, '>') {
		out = out[:open]
	}
	return strings.TrimRight(out, " \n") + mark
}
