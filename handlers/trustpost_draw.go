package handlers

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"signpost/graph/facts"
)

// ActionTrust begins the action ids of a finding's menu; the key of the finding follows.
const ActionTrust = "trust-"

// What the options of a finding's menu do; the value of an option is the word, the finding's key and the state that was shown.
const (
	TrustAcknowledge = "ack"
	TrustSnoozeWeek  = "snooze7"
	TrustSnoozeMonth = "snooze30"
	TrustApprove     = "approve"
)

// How much of a post is drawn in full, and how much gets a line each. What has no room in the post stands in its thread: in
// full as far as some messages go, then a line each.
const (
	maxTrustFull  = 14
	maxTrustShort = 15
	maxTrustPages = 5 // messages of the thread that hold findings in full
	// A text for screen readers holds a finding whole where there are few, and else what is the case.
	maxTrustSpoken = 4
	maxTrustText   = 2400 // characters of a finding
	maxTrustLine   = 240  // of a finding that has one line
	trustReserve   = 3000 // for the short lines
	menuText       = 280  // for the texts of a menu, and the line of who did what that comes below
	maxMended      = 10
)

// Draw turns the post into Slack messages within Slack's limits: the post, and what had no room in it, for its thread. Together
// they hold every finding.
func (p TrustPost) Draw() (post Message, thread []Message) {
	if p.Quiet != "" {
		text := mrkdwn(Clean(p.Quiet))
		return Message{Text: shortMarked(text, maxText), Blocks: []slack.Block{section(shortMarked(text, maxSection))}}, nil
	}
	all := p.lines()
	full := p.fitting(all)
	brief := min(len(all), full+maxTrustShort)
	title := short(strings.TrimSpace(Clean(p.Title)), maxHeader)
	blocks := []slack.Block{slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, title, false, false))}
	blocks = append(blocks, fullBlocks(all[:full])...)
	blocks = append(blocks, briefBlocks(all[full:brief])...)
	text := append([]string{p.Title}, spokenLines(all[:brief], len(all) <= maxTrustSpoken)...)
	var last []string // what the text has to hold whatever else is cut
	if full < len(all) || len(p.Mended) > maxMended {
		more := p.moreSays(all, full, brief)
		blocks, last = append(blocks, section(mrkdwn(more))), append(last, more)
	}
	if len(p.Mended) > 0 {
		text = append(text, "", "Mended:")
		text = append(text, p.Mended[:min(len(p.Mended), maxMended)]...)
	}
	last = append(last, p.Close...)
	end := shortMarked(spoken(last), maxText/4)
	start := shortMarked(spoken(text), maxText-1-utf8.RuneCountInString(end))
	tail, _ := p.tail()
	return Message{Text: strings.TrimSpace(start + "\n" + end), Blocks: append(blocks, tail...)}, p.thread(all[full:])
}

// grouped is a finding with the title of its group.
type grouped struct {
	TrustLine
	group string
}

// lines are all findings in their order.
func (p TrustPost) lines() []grouped {
	var all []grouped
	for _, g := range p.Groups {
		for _, l := range g.Lines {
			all = append(all, grouped{l, g.Title})
		}
	}
	return all
}

// size is how many characters a finding takes in full.
func (l grouped) size() int { return utf8.RuneCountInString(l.mrkdwn()) + menuText }

// fitting is how many findings the post holds in full: all of them, or as many as leave room for the others' lines.
func (p TrustPost) fitting(all []grouped) int {
	_, tail := p.tail()
	room := maxTotal - maxHeader - tail
	if n := fits(all, room); n == len(all) {
		return n
	}
	return fits(all, room-trustReserve)
}

// fits is how many findings have room in one message.
func fits(all []grouped, room int) int {
	group := ""
	for i, l := range all {
		if l.group != group {
			group = l.group
			room -= utf8.RuneCountInString(group) + 2
		}
		if room -= l.size(); i >= maxTrustFull || room < 0 {
			return i
		}
	}
	return len(all)
}

// fullBlocks are findings in full, below the titles of their groups.
func fullBlocks(all []grouped) []slack.Block {
	var blocks []slack.Block
	group := ""
	for _, l := range all {
		if l.group != group {
			group = l.group
			blocks = append(blocks, section("*"+Escape(group)+"*"))
		}
		blocks = append(blocks, l.block())
	}
	return blocks
}

// briefBlocks are findings in a line each, below the titles of their groups.
func briefBlocks(all []grouped) []slack.Block {
	var blocks []slack.Block
	for len(all) > 0 {
		group, lines := all[0].group, []string{"*" + Escape(all[0].group) + ", in short*"}
		for len(all) > 0 && all[0].group == group {
			lines, all = append(lines, "• "+shortMarked(mrkdwn(Clean(all[0].brief())), 180)), all[1:]
		}
		blocks = append(blocks, section(shortMarked(strings.Join(lines, "\n"), maxSection)))
	}
	return blocks
}

// brief is a finding in one line.
func (l TrustLine) brief() string { return l.Head + ": " + l.Says }

// spokenLines are findings for a screen reader.
func spokenLines(all []grouped, whole bool) []string {
	var text []string
	group := ""
	for _, l := range all {
		if l.group != group {
			group = l.group
			text = append(text, "", group+":")
		}
		if whole {
			text = append(append(text, l.Head), l.lines()...)
		} else {
			text = append(text, l.brief())
		}
	}
	return text
}

// moreSays says what the post left to its thread.
func (p TrustPost) moreSays(all []grouped, full, brief int) string {
	var parts []string
	if n := len(all) - brief; n > 0 {
		rest := map[facts.Severity]int{}
		for _, l := range all[brief:] {
			rest[l.weight]++
		}
		parts = append(parts, fmt.Sprintf("And %d more: %s.", n, strings.Join(severities(rest), ", ")))
	}
	if n := len(all) - full; n == 1 {
		parts = append(parts, "The thread tells the one that is not told in full here.")
	} else if n > 1 {
		parts = append(parts, fmt.Sprintf("The thread tells the %d that are not told in full here.", n))
	}
	if n := len(p.Mended) - maxMended; n > 0 {
		parts = append(parts, fmt.Sprintf("%d more are mended; the thread names them.", n))
	}
	return strings.Join(parts, " ")
}

// thread are the messages below the post: findings in full with their menus, then a line each, then what else is mended.
func (p TrustPost) thread(rest []grouped) []Message {
	var all []Message
	for len(rest) > 0 && len(all) < maxTrustPages {
		n := max(1, fits(rest, maxTotal-maxHeader))
		all = append(all, Message{Text: shortMarked(spoken(append([]string{p.continued()}, spokenLines(rest[:n], false)...)), maxText),
			Blocks: append([]slack.Block{section("*" + mrkdwn(Clean(p.continued())) + "*")}, fullBlocks(rest[:n])...)})
		rest = rest[n:]
	}
	var lines []string
	if len(rest) > 0 {
		lines = append(lines, "In short, what to do about each: `signpost federation`, or `/aadsts DOMAIN` for those of one domain.")
	}
	group := ""
	for _, l := range rest {
		if l.group != group {
			group = l.group
			lines = append(lines, "*"+Escape(group)+"*")
		}
		lines = append(lines, "• "+shortMarked(mrkdwn(Clean(l.brief())), maxTrustLine))
	}
	if len(p.Mended) > maxMended {
		lines = append(lines, "*Mended*")
		for _, m := range p.Mended[maxMended:] {
			lines = append(lines, "• "+shortMarked(mrkdwn(Clean(m)), maxTrustLine))
		}
	}
	return append(all, texts("*"+mrkdwn(Clean(p.continued()))+"*", lines)...)
}

func (p TrustPost) continued() string { return "Federation health, continued" }

// texts are messages of lines without blocks: what is in them is read out as it stands.
func texts(title string, lines []string) []Message {
	var all []Message
	text := ""
	for i, l := range lines {
		if text == "" {
			text = title
		}
		text += "\n" + l
		if i+1 == len(lines) || utf8.RuneCountInString(text)+1+utf8.RuneCountInString(lines[i+1]) > maxText {
			all, text = append(all, Message{Text: text}), ""
		}
	}
	return all
}

// spoken is the text of lines, escaped for Slack.
func spoken(lines []string) string {
	clean := make([]string, len(lines))
	for i, l := range lines {
		clean[i] = Clean(l)
	}
	return Escape(strings.Join(clean, "\n"))
}

// tail is what stands below the findings, and how many characters it has.
func (p TrustPost) tail() (blocks []slack.Block, size int) {
	if len(p.Mended) > 0 {
		lines := []string{"*Mended*"}
		for _, m := range p.Mended[:min(len(p.Mended), maxMended)] {
			lines = append(lines, "• "+shortMarked(mrkdwn(Clean(m)), 280))
		}
		text := shortMarked(strings.Join(lines, "\n"), maxSection)
		blocks, size = append(blocks, section(text)), size+utf8.RuneCountInString(text)
	}
	if len(p.Close) > 0 {
		text := shortMarked(mrkdwn(Clean(strings.Join(p.Close, " "))), maxContext)
		blocks, size = append(blocks, slack.NewContextBlock("", markdown(text))), size+utf8.RuneCountInString(text)
	}
	return blocks, size + 300 // and what is said of the thread
}

// mrkdwn is the finding as a section's text.
func (l TrustLine) mrkdwn() string {
	lines := []string{"*" + shortMarked(Escape(Clean(l.Head)), 400) + "*"}
	for _, s := range l.lines() {
		lines = append(lines, labelled(shortMarked(mrkdwn(Clean(s)), 900)))
	}
	return shortMarked(strings.Join(lines, "\n"), maxTrustText)
}

// labelled marks the label of a line, so that the eye finds it.
func labelled(line string) string {
	for _, label := range []string{labelOtherwise, labelWho, labelNext, labelSeen} {
		if rest, ok := strings.CutPrefix(line, label); ok {
			return "*" + strings.TrimSpace(label) + "* " + rest
		}
	}
	return line
}

// block is the finding with its menu.
func (l TrustLine) block() slack.Block {
	if l.Key == "" {
		return section(l.mrkdwn())
	}
	option := func(verb, label string) *slack.OptionBlockObject {
		value := verb + " " + l.Key
		if verb == TrustApprove {
			value += " " + l.State
		}
		return slack.NewOptionBlockObject(value, slack.NewTextBlockObject(slack.PlainTextType, label, false, false), nil)
	}
	options := []*slack.OptionBlockObject{
		option(TrustAcknowledge, "Acknowledge"), option(TrustSnoozeWeek, "Snooze 7 days"), option(TrustSnoozeMonth, "Snooze 30 days"),
	}
	if l.Approve {
		options = append(options, option(TrustApprove, "Approve this change"))
	}
	return slack.NewSectionBlock(markdown(l.mrkdwn()), nil, slack.NewAccessory(slack.NewOverflowBlockElement(ActionTrust+l.Key, options...)))
}
