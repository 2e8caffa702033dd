package handlers

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Slack's limits that an answer can meet. https://docs.slack.dev/reference/block-kit/blocks and, for the text of an
// update, https://docs.slack.dev/reference/methods/chat.update
const (
	maxHeader  = 150
	maxSection = 3000
	maxContext = 2000
	maxValue   = 2000   // of a button
	maxText    = 3800   // chat.update refuses 4,000
	maxBlocks  = 48     // of 50, leaving room for a line of whoever posts it
	maxTotal   = 11_500 // of about 13,200 characters in all blocks together, a limit that Slack does not document
)

// Message is what is sent to Slack: blocks for the eye, text for notifications and screen readers.
type Message struct {
	Text   string
	Blocks []slack.Block
	Holds  Content
}

// Buttons says which buttons stand under an answer. Key is what a click gives back: the case, as an opaque word.
type Buttons struct {
	Key  string
	Show bool // "Show diagnosis", where the thread may not hold it
	// Handed is set where the message is the hand-over itself: it cannot be handed over again.
	Handed bool
	// Feedback asks at the end whether the answer helped.
	Feedback bool
	// Ended says how the case ended, as [Ended.Line] writes it. It stands in place of the buttons; "" while they are there.
	Ended string
}

// The action ids of the buttons.
const (
	ActionSolved   = "solved"
	ActionStuck    = "stuck"
	ActionShow     = "show"
	ActionSupport  = "support"
	ActionFeedback = "feedback"
)

// Draw turns a page into a Slack message within Slack's limits. Whatever does not fit is cut, and said to be cut.
func (p Page) Draw(b *Buttons) Message {
	const cutShort = "_The rest did not fit here._"
	var blocks, tail []slack.Block
	room := maxTotal - utf8.RuneCountInString(cutShort)
	if title := p.title(); title != "" {
		blocks = append(blocks, slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, title, false, false)))
		room -= utf8.RuneCountInString(title)
	}
	if b != nil {
		tail = append(tail, b.controls())
		room -= b.size()
	}
	if foot := p.foot(); foot != "" {
		tail = append(tail, slack.NewContextBlock("", markdown(foot)))
		room -= utf8.RuneCountInString(foot)
	}
	if b != nil && b.Feedback {
		tail = append(tail, b.feedback())
	}
	for _, text := range p.sections() {
		if room -= utf8.RuneCountInString(text); room < 0 || len(blocks)+len(tail)+1 >= maxBlocks {
			blocks = append(blocks, section(cutShort))
			break
		}
		blocks = append(blocks, section(text))
	}
	text := shortMarked(Escape(short(p.Plain(), maxText)), maxText)
	if text == "" {
		text = "No answer." // Slack refuses an empty one
	}
	if b != nil {
		text = headed(b.Ended, text)
	}
	return Message{Text: text, Blocks: append(blocks, tail...), Holds: p.Holds}
}

func (p Page) title() string { return short(strings.TrimSpace(Clean(p.Title)), maxHeader) }

// sections are the parts as mrkdwn; a part that is longer than a section goes on in the next.
func (p Page) sections() []string {
	var all []string
	for _, part := range p.Parts {
		text, n := "", 0
		for _, l := range part.mrkdwn() {
			size := utf8.RuneCountInString(l)
			if text != "" && n+1+size > maxSection {
				all, text, n = append(all, text), "", 0
			}
			if text != "" {
				text, n = text+"\n", n+1
			}
			text, n = text+l, n+size
		}
		if strings.TrimSpace(text) != "" {
			all = append(all, text)
		}
	}
	return all
}

// foot is the small print: ids, then the links on one line.
func (p Page) foot() string {
	var lines, addresses []string
	for _, l := range p.Foot {
		lines = append(lines, mrkdwn(short(Clean(l), maxContext)))
	}
	for _, l := range p.Links {
		if l = Clean(l); utf8.RuneCountInString(l) <= maxContext {
			addresses = append(addresses, linked(l, linkLabel))
		}
	}
	if len(addresses) > 0 {
		lines = append(lines, strings.Join(addresses, " · "))
	}
	return shortMarked(strings.TrimSpace(strings.Join(lines, "\n")), maxContext)
}

func section(text string) slack.Block { return slack.NewSectionBlock(markdown(text), nil, nil) }

// markdown is a text object that Slack does not parse further: every link and date is already marked.
func markdown(text string) *slack.TextBlockObject {
	return &slack.TextBlockObject{Type: slack.MarkdownType, Text: text, Verbatim: true}
}

// mrkdwn writes the title and the lines of a part, each within the limit of a section.
func (p Part) mrkdwn() []string {
	var lines []string
	if title := strings.TrimSpace(Clean(p.Title)); title != "" {
		lines = append(lines, "*"+shortMarked(mrkdwn(short(title, maxHeader)), maxHeader)+"*")
	}
	for _, l := range p.lines() {
		code, isCode := strings.CutPrefix(l, "\t")
		switch {
		case isCode && !strings.Contains(code, "`"):
			l = "`" + Escape(short(code, maxSection)) + "`"
		case p.Links && utf8.RuneCountInString(l) <= maxSection:
			l = linked(l, inlineLabel)
		default: // marking never makes a line shorter
			l = mrkdwn(short(l, maxSection))
		}
		lines = append(lines, shortMarked(l, maxSection))
	}
	return lines
}

// lines are the lines as they are shown, each of them one line, with the numbers of an ordered part.
func (p Part) lines() []string {
	var lines []string
	for _, l := range p.Lines {
		code, isCode := strings.CutPrefix(l, "\t")
		if l = Clean(code); strings.TrimSpace(l) == "" {
			continue
		}
		switch {
		case isCode:
			l = "\t" + l
		case p.Numbered:
			l = fmt.Sprintf("%d. %s", len(lines)+1, l)
		}
		lines = append(lines, l)
	}
	return lines
}

// Plain is the page as plain text: what a screen reader says, and what a terminal without colours shows.
func (p Page) Plain() string {
	var b strings.Builder
	b.WriteString(p.title())
	for _, part := range p.Parts {
		b.WriteString("\n")
		if part.Title != "" {
			b.WriteString("\n" + Clean(part.Title) + ":")
		}
		for _, l := range part.lines() {
			b.WriteString("\n" + strings.TrimLeft(l, "\t"))
		}
	}
	for _, l := range slices.Concat(p.Foot, p.Links) {
		b.WriteString("\n" + Clean(l))
	}
	return strings.TrimSpace(b.String())
}
