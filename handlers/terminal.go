package handlers

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Terminal styles. Bold and dim survive every colour scheme.
const (
	bold  = "\x1b[1m"
	dim   = "\x1b[2m"
	plain = "\x1b[0m"
)

// Print writes the page for a terminal of the given width, with bold titles where color is set. Control characters from
// outside never reach the terminal.
func (p Page) Print(w io.Writer, width int, color bool) error {
	style := func(s, code string) string {
		if !color {
			return s
		}
		return code + s + plain
	}
	var b strings.Builder
	b.WriteString(style(clean(p.Title), bold) + "\n")
	for _, part := range p.Parts {
		b.WriteString("\n")
		if part.Title != "" {
			b.WriteString(style(clean(part.Title), bold) + "\n")
		}
		for _, l := range part.lines() {
			b.WriteString(wrap(clean(l), width) + "\n")
		}
	}
	if foot := slices.Concat(p.Foot, p.Links); len(foot) > 0 {
		b.WriteString("\n")
		for _, l := range foot {
			b.WriteString(style(wrap(clean(l), width), dim) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// clean drops control characters, which could move the cursor or change the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

// wrap breaks a line between words, and indents what follows a bullet or a number by its width. Code, which is indented
// by four, stays as it is.
func wrap(s string, width int) string {
	text := strings.TrimLeft(s, " ")
	lead := len(s) - len(text)
	if lead >= 4 && !strings.HasPrefix(text, "• ") {
		return s
	}
	hang := lead
	switch {
	case strings.HasPrefix(text, "• "):
		hang += 2
	case len(text) > 3 && text[1] == '.' && text[2] == ' ':
		hang += 3
	}
	var b strings.Builder
	b.WriteString(s[:lead])
	col := lead
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case col+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", hang))
			col = hang
		default:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(word)
		col += n
	}
	return b.String()
}
