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
	b.WriteString(style(wrap(Clean(p.Title), width), bold) + "\n")
	for _, part := range p.Parts {
		b.WriteString("\n")
		if part.Title != "" {
			b.WriteString(style(wrap(Clean(part.Title), width), bold) + "\n")
		}
		for _, l := range part.lines() {
			if code, ok := strings.CutPrefix(l, "\t"); ok {
				b.WriteString("    " + code + "\n")
				continue
			}
			b.WriteString(wrap(l, width) + "\n")
		}
	}
	if foot := slices.Concat(p.Foot, p.Links); len(foot) > 0 {
		b.WriteString("\n")
		for _, l := range foot {
			b.WriteString(style(wrap(Clean(l), width), dim) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks a line between words, and indents what follows a bullet or a number by its width.
func wrap(s string, width int) string {
	text := strings.TrimLeft(s, " ")
	lead := len(s) - len(text)
	hang := lead
	if mark, _, ok := strings.Cut(text, " "); ok && (mark == "•" || strings.Trim(mark, "0123456789") == "." && len(mark) > 1) {
		hang += utf8.RuneCountInString(mark) + 1
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
