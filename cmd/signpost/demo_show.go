package main

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"signpost/bot/slackfake"
)

// show draws a Slack message on the terminal: the blocks that the bot really sent, in a frame of one bar on the left.
func (d *demo) show(m slackfake.Message) {
	if len(m.Blocks) == 0 {
		m.Blocks = []slackfake.Block{{"type": "section", "text": map[string]any{"text": m.Text}}}
	}
	d.showBlocks(m.Blocks)
}

func (d *demo) showBlocks(blocks []slackfake.Block) {
	bar := "  " + d.dim("│") + " "
	for i, b := range blocks {
		if i > 0 {
			d.say("%s", bar)
		}
		for _, line := range d.block(b) {
			for _, part := range d.fold(line, d.width-len("  │ ")) {
				d.say("%s%s", bar, part)
			}
		}
	}
}

// block is the text of one Block Kit block, in lines. https://docs.slack.dev/reference/block-kit/blocks
func (d *demo) block(b slackfake.Block) []string {
	switch b["type"] {
	case "header":
		return []string{d.bold(textOf(b["text"]))}
	case "section":
		lines := strings.Split(d.mrkdwn(textOf(b["text"])), "\n")
		if button, ok := b["accessory"].(map[string]any); ok && button["type"] == "button" {
			lines = append(lines, "[ "+textOf(button["text"])+" ]")
		}
		return lines
	case "context":
		var lines []string
		elements, _ := b["elements"].([]any)
		for _, e := range elements {
			lines = append(lines, strings.Split(d.mrkdwn(textOf(e)), "\n")...)
		}
		for i := range lines {
			lines[i] = d.dim(lines[i])
		}
		return lines
	case "actions":
		var buttons []string
		elements, _ := b["elements"].([]any)
		for _, e := range elements {
			if x, ok := e.(map[string]any); ok {
				buttons = append(buttons, "[ "+textOf(x["text"])+" ]")
			}
		}
		return []string{strings.Join(buttons, " ")}
	}
	return nil
}

func textOf(v any) string {
	x, _ := v.(map[string]any)
	s, _ := x["text"].(string)
	return s
}

var (
	slackDate = regexp.MustCompile(`<!date\^\d+\^[^|>]*\|([^>]*)>`)
	slackLink = regexp.MustCompile(`<(https?:[^|>]*)\|([^>]*)>`)
	slackRef  = regexp.MustCompile(`<([#@])([A-Z0-9]+)(?:\|[^>]*)?>`)
	slackBold = regexp.MustCompile(`(?m)^\*(.+)\*$`)
)

// mrkdwn shows Slack's markup as a terminal can.
func (d *demo) mrkdwn(s string) string {
	s = slackDate.ReplaceAllString(s, "$1")
	s = slackLink.ReplaceAllString(s, "$2")
	s = slackRef.ReplaceAllStringFunc(s, d.name)
	s = slackBold.ReplaceAllStringFunc(s, func(m string) string { return d.bold(strings.Trim(m, "*")) })
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// name is what Slack shows in the place of a reference to a channel or a person.
func (d *demo) name(ref string) string {
	m := slackRef.FindStringSubmatch(ref)
	if c, ok := d.slack.Channel(m[2]); ok && m[1] == "#" {
		return "#" + c.Name
	}
	for _, u := range d.people {
		if u.ID == m[2] {
			return "@" + u.Name
		}
	}
	return m[1] + m[2]
}

var ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")

// fold breaks a line between words, so that it fits the frame.
func (d *demo) fold(line string, width int) []string {
	if utf8.RuneCountInString(ansi.ReplaceAllString(line, "")) <= width {
		return []string{line}
	}
	indent := ""
	switch {
	case strings.HasPrefix(line, "• "):
		indent = "  "
	case len(line) > 3 && line[1] == '.' && line[2] == ' ':
		indent = "   "
	}
	var lines []string
	now, col := "", 0
	for _, word := range strings.Fields(line) {
		n := utf8.RuneCountInString(ansi.ReplaceAllString(word, ""))
		switch {
		case now == "":
			now, col = word, n
		case col+1+n > width:
			lines = append(lines, now)
			now, col = indent+word, len(indent)+n
		default:
			now, col = now+" "+word, col+1+n
		}
	}
	return append(lines, now)
}
