package handlers

import (
	"fmt"
	"strconv"

	"github.com/slack-go/slack"

	"signpost/runbooks"
)

// What the buttons under an answer to a question send. The values are opaque words, except that of [ActionCode], which is a code.
const (
	ActionShare = "share_answer" // put the answer into the channel
	ActionMeant = "did_you_mean" // answer what was meant; a row may hold several, so a number follows
	ActionCode  = "show_code"    // show a code
)

// MostHits is how many codes a search shows.
const MostHits = 8

// DrawHits draws what a search found, each code with a button that shows it. words is what was searched, as it may be shown.
func DrawHits(words string, hits []Hit, all int) Message {
	head := fmt.Sprintf("%s for “%s”.", plural(all, "code", "codes"), Escape(Clean(words)))
	if left := all - len(hits); left > 0 {
		head = fmt.Sprintf("%s for “%s”. These fit best; more words narrow it down.", plural(all, "code", "codes"), Escape(Clean(words)))
	}
	m := Message{Text: head, Blocks: []slack.Block{section(shortMarked(head, maxSection))}}
	for _, h := range hits {
		name := fmt.Sprintf("AADSTS%d: %s", h.Code, short(Clean(h.Title), maxHeader))
		says := "*" + Escape(name) + "*"
		m.Text += "\n" + Escape(name)
		if h.Ends != "" {
			says += "\nWho ends it: " + h.Ends
			m.Text += ". Who ends it: " + h.Ends
		}
		b := slack.NewButtonBlockElement(ActionCode, strconv.Itoa(h.Code), plainText("Show"))
		b.AccessibilityLabel = fmt.Sprintf("Show AADSTS%d", h.Code)
		m.Blocks = append(m.Blocks, slack.NewSectionBlock(markdown(says), nil, slack.NewAccessory(b), slack.SectionBlockOptionBlockID(fmt.Sprintf("hit_%d", h.Code))))
	}
	m.Text = shortMarked(m.Text, maxText)
	return m
}

// Way is something that may have been meant, with the opaque word that a click gives back.
type Way struct {
	Label string // of the button, plain text
	Key   string
}

// maxLabel is the longest text of a button, and of its label for screen readers.
// https://docs.slack.dev/reference/block-kit/block-elements/button-element
const maxLabel = 75

// DrawWays asks back what was meant. says is mrkdwn, escaped by the caller.
func DrawWays(says string, ways []Way) Message {
	var row []slack.BlockElement
	for i, w := range ways {
		b := slack.NewButtonBlockElement(fmt.Sprintf("%s_%d", ActionMeant, i), w.Key, plainText(short(Clean(w.Label), maxLabel)))
		if i == 0 {
			b.Style = slack.StylePrimary
		}
		row = append(row, b)
	}
	says = shortMarked(says, maxSection)
	return Message{Text: says, Blocks: []slack.Block{section(says), slack.NewActionBlock("ways", row...)}, Holds: Content{Level: Agents}}
}

// WithShare is the message with a button that puts it into the channel, as far as the channel may hold it.
func (m Message) WithShare(key string) Message {
	if key == "" || len(m.Blocks) == 0 {
		return m
	}
	b := slack.NewButtonBlockElement(ActionShare, key, plainText("Share to channel"))
	b.AccessibilityLabel = "Share this answer to the channel, as far as the channel may hold it"
	m.Blocks = append(m.Blocks[:len(m.Blocks):len(m.Blocks)], slack.NewActionBlock("share", b))
	return m
}

// SharedBy is the message with who shared it at its beginning. user is a Slack id.
func (m Message) SharedBy(user string) Message {
	line := "Shared by <@" + user + ">"
	m.Text = shortMarked(line+". "+m.Text, maxText)
	if len(m.Blocks) > 0 {
		m.Blocks = append([]slack.Block{slack.NewContextBlock("", markdown(line))}, m.Blocks...)
	}
	return m
}

// CodeTitle names a code with its title: "AADSTS50076: Multifactor authentication is required".
func CodeTitle(r *runbooks.Runbook) string { return title(runbooks.Diagnosis{Runbook: r}, View{}) }
