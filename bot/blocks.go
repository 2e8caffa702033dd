package bot

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"
)

// maxDepth is how deep nested blocks, cells and forwarded messages are followed. Slack's own nest four or five deep.
const maxDepth = 16

// writer draws blocks as lines of text. See https://docs.slack.dev/reference/block-kit/blocks
type writer struct{ b []byte }

func (w *writer) full() bool      { return len(w.b) >= MaxText }
func (w *writer) text(s string)   { w.b = append(w.b, s...) }
func (w *writer) line(s string)   { w.newline(); w.text(s) }
func (w *writer) trimmed() []byte { return bytes.Trim(w.b, "\n") }
func (w *writer) newline() {
	if len(w.b) > 0 && w.b[len(w.b)-1] != '\n' {
		w.b = append(w.b, '\n')
	}
}

// blocks draws each block of the array from a new line on.
func (w *writer) blocks(array jsonText, depth int) {
	for b := range array.elements() {
		w.newline()
		w.block(b, depth)
	}
}

func (w *writer) block(b jsonText, depth int) {
	if depth > maxDepth || w.full() {
		return
	}
	switch b.field("type").str() {
	case "rich_text":
		for e := range b.field("elements").elements() {
			w.newline()
			w.rich(e, depth+1)
		}
	case "markdown": // standard Markdown, not mrkdwn: there are no <…> tokens in it
		w.line(b.field("text").str())
	case "table", "data_table":
		for k, v := range b.fields() {
			switch {
			case k == "rows":
				for row := range v.elements() {
					w.row(row, depth+1)
				}
			case v.kind() == '{' || v.kind() == '[': // captions, headings
				w.any(v, depth+1)
			}
		}
	default:
		w.any(b, depth)
	}
}

// row draws a table's row on one line, the cells a tab apart, so that a heading and the number beside it stay together.
func (w *writer) row(row jsonText, depth int) {
	w.newline()
	if row.kind() == '{' {
		row = row.field("cells")
	}
	first := true
	for cell := range row.elements() {
		var c writer
		c.block(cell, depth)
		if !first {
			w.text("\t")
		}
		first = false
		w.text(strings.ReplaceAll(strings.Trim(string(c.b), "\n"), "\n", " "))
		if w.full() {
			return
		}
	}
}

// rich draws an element of rich_text: a paragraph, code, quote or list, or something within a line. Texts in rich_text are as
// typed: Slack escapes nothing in them.
func (w *writer) rich(e jsonText, depth int) {
	if depth > maxDepth || w.full() {
		return
	}
	var typ, text, id, url string
	var children jsonText
	for k, v := range e.fields() {
		switch k {
		case "type":
			typ = v.str()
		case "text", "fallback", "range":
			text = v.str()
		case "elements":
			children = v
		case "url":
			url = v.str()
		case "user_id", "channel_id", "usergroup_id", "name":
			id = v.str()
		}
	}
	switch typ {
	case "text", "date":
		w.text(text)
	case "link":
		w.text(link(url, text))
	case "user":
		w.text("<@" + id + ">")
	case "channel":
		w.text("<#" + id + ">")
	case "usergroup":
		w.text("<!subteam^" + id + ">")
	case "broadcast":
		w.text("<!" + text + ">")
	case "emoji":
		w.text(":" + id + ":")
		if tone := e.field("skin_tone"); tone != "" {
			w.text(":skin-tone-" + string(tone) + ":")
		}
	case "color":
		w.text(e.field("value").str())
	case "rich_text_section":
		for c := range children.elements() {
			w.rich(c, depth+1)
		}
	case "rich_text_preformatted", "rich_text_quote":
		w.newline()
		for c := range children.elements() {
			w.rich(c, depth+1)
		}
		w.newline()
	case "rich_text_list":
		w.list(e, children, depth)
	default:
		if children == "" {
			w.any(e, depth)
			return
		}
		w.newline()
		for c := range children.elements() {
			w.rich(c, depth+1)
		}
	}
}

// list draws each item on a line of its own, with the mark that Slack puts before it in the text field.
func (w *writer) list(e, items jsonText, depth int) {
	ordered := e.field("style").str() == "ordered"
	n := e.field("offset").number()
	for item := range items.elements() {
		n++
		if ordered {
			w.line(strconv.FormatInt(n, 10) + ". ")
		} else {
			w.line("• ")
		}
		w.rich(item, depth+1)
	}
}

// any draws whatever text is in a value, in the order in which it stands there: for sections, headers, contexts, cards, and for
// block types that do not exist yet. It leaves out what a person does not see: ids, addresses, styles, the values of buttons.
func (w *writer) any(v jsonText, depth int) {
	if depth > maxDepth || w.full() {
		return
	}
	switch v.kind() {
	case '"':
		w.line(mrkdwn(v.str()))
	case '[':
		for e := range v.elements() {
			w.newline()
			w.any(e, depth+1)
		}
	case '{':
		typ := v.field("type").str()
		if strings.HasPrefix(typ, "rich_text") {
			if typ == "rich_text" {
				w.block(v, depth+1)
			} else {
				w.rich(v, depth+1)
			}
			return
		}
		switch typ {
		case "plain_text", "mrkdwn":
			w.line(mrkdwn(v.field("text").str()))
			return
		case "raw_text", "raw_number": // a cell of a table
			value := v.field("value")
			w.line(cmp.Or(v.field("text").str(), value.str(), string(value)))
			return
		}
		for k, f := range v.fields() {
			switch {
			case f.kind() == '{' || f.kind() == '[':
				w.newline()
				w.any(f, depth+1)
			case f.kind() == '"' && !hidden(k):
				w.line(mrkdwn(f.str()))
			}
		}
	}
}

// hidden reports whether a string under this key of a block is for machines.
func hidden(key string) bool {
	switch key {
	case "type", "id", "ts", "url", "value", "style", "color", "format", "language", "theme", "align", "size", "status", "name", "icon", "mode",
		"team", "user", "channel", "source", "range", "slack_file", "external":
		return true
	}
	return strings.HasSuffix(key, "_id") || strings.HasSuffix(key, "_url") || strings.HasSuffix(key, "_ts")
}
