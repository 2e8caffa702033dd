package aadsts

import (
	"bytes"
	"unicode/utf8"
)

// maxPasses bounds how often the text is decoded. A run of backslashes of any length is one escape, so JSON in JSON
// takes one pass; further ones are for mixtures such as a URL in HTML in JSON.
const maxPasses = 4

// normalize returns the text without what copying has put on it. Escapes of JSON, URLs and HTML are decoded, tags and
// Slack's links give way to their label, invisible characters go, typographic ones become ASCII. Blanks are collapsed: a
// single blank stays ' ', a wider gap or a tab becomes '\t', a line break '\n', an empty line "\n\n"; indentation and
// quote marks at the start of a line go. The result is never longer than the text, and keeps its order.
func normalize(text string) string {
	b := []byte(text)
	for range maxPasses {
		var changed bool
		if b, changed = decode(b); !changed {
			break
		}
	}
	return string(collapse(b))
}

var plain = func() (t [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		t[c] = true
	}
	for _, c := range `\%+&<[*` + "`" {
		t[c] = false
	}
	t['\n'], t['\t'], t['\r'] = true, true, true
	return t
}()

// decode takes off one layer, in place. It reports whether what it wrote may hide another layer.
func decode(b []byte) (out []byte, changed bool) {
	w := 0
	plus := plusRun{}
	for i := 0; i < len(b); {
		c := b[i]
		if plain[c] {
			b[w] = c
			w, i = w+1, i+1
			continue
		}
		var n int // bytes read
		switch {
		case c == '\\':
			n = decodeBackslash(b, i, &w)
			changed = changed || n > 1
		case c == '%':
			n = decodePercent(b, i, &w)
			changed = changed || n > 1
		case c == '+':
			b[w] = '+'
			if plus.encoded(b, i) {
				b[w] = ' '
			}
			w, n = w+1, 1
		case c == '&':
			n = decodeEntity(b, i, &w)
			changed = changed || n > 1
		case c == '<':
			n = decodeAngle(b, i, &w)
			changed = changed || n > 1
		case c == '[':
			n = decodeLink(b, i, &w)
		case c == '`':
			for n = 1; i+n < len(b) && b[i+n] == '`'; n++ {
			}
			b[w] = '\''
			w++
		case c == '*':
			for n = 1; i+n < len(b) && b[i+n] == '*'; n++ {
			}
			if n != 2 { // two are bold; more is how a value was masked
				w += copy(b[w:], b[i:i+n])
			}
		case c == 0x1b:
			n = ansi(b[i:])
		case c < 0x80: // other control characters
			n = 1
		default:
			n = decodeRune(b, i, &w)
		}
		i += n
	}
	return b[:w], changed
}

// put writes r at w; callers make sure that the input it stands for was at least as long.
func put(b []byte, w *int, r rune) {
	switch {
	case r == '\n' || r == '\r':
		b[*w] = '\n'
		*w++
	case r == '\t' || r == 0xa0:
		b[*w] = ' '
		*w++
	case r < ' ' && r != 0x1b || r == 0x7f:
	case r < utf8.RuneSelf:
		b[*w] = byte(r)
		*w++
	default:
		*w += utf8.EncodeRune(b[*w:*w+utf8.RuneLen(r)], r)
	}
}

// decodeBackslash reads a run of backslashes with the character that it escapes, however deep the nesting was.
func decodeBackslash(b []byte, i int, w *int) int {
	j := i
	for j < len(b) && b[j] == '\\' {
		j++
	}
	if j < len(b) {
		switch c := b[j]; c {
		case '"', '\'', '/', '`', '@', '_', '*', '#', '-', '.', '(', ')', '[', ']', '<', '>', '&', '=', ':': // JSON, shells, Markdown
			if c == '.' || c == '-' || c == '_' {
				if *w > 0 && b[*w-1] == ':' { // C:\_work
					break
				}
			}
			put(b, w, rune(c))
			return j + 1 - i
		case '\n', '\r':
			put(b, w, '\n')
			return j + 1 - i
		case 'n', 'r', 't':
			// CONTOSO\nina and C:\temp are no escapes.
			word := j-i == 1 && *w > 0 && isAlnum(b[*w-1]) && j+2 < len(b) && lower(b[j+1]) && lower(b[j+2])
			if !word {
				put(b, w, map[byte]rune{'n': '\n', 'r': '\n', 't': ' '}[c])
				return j + 1 - i
			}
		case 'u':
			if r, ok := hexRune(b, j+1, 4); ok {
				if r >= 0xd800 && r <= 0xdfff { // half of a pair: an emoji, no matter
					r = ' '
				}
				put(b, w, r)
				return j + 5 - i
			}
		case 'x':
			if r, ok := hexRune(b, j+1, 2); ok {
				put(b, w, r)
				return j + 3 - i
			}
		}
	}
	b[*w] = '\\'
	*w++
	if j-i == 1 {
		return 1
	}
	return j - i
}

func decodePercent(b []byte, i int, w *int) int {
	if r, ok := hexRune(b, i+1, 2); ok {
		if r < utf8.RuneSelf {
			put(b, w, r)
		} else { // one byte of a UTF-8 sequence
			b[*w] = byte(r)
			*w++
		}
		return 3
	}
	if i+1 < len(b) && b[i+1] == 'u' {
		if r, ok := hexRune(b, i+2, 4); ok && (r < 0xd800 || r > 0xdfff) {
			put(b, w, r)
			return 6
		}
	}
	b[*w] = '%'
	*w++
	return 1
}

// plusRun decides whether plus signs stand for blanks. They do in a run of form-encoded words, not in ann+sales@contoso.com.
type plusRun struct {
	until int
	is    bool
}

func (p *plusRun) encoded(b []byte, i int) bool {
	if i < p.until {
		return p.is
	}
	n, colon, percent := 0, false, false
	j := i
	for ; j < len(b) && b[j] > ' '; j++ {
		switch b[j] {
		case '+':
			n++
			colon = colon || j > 0 && b[j-1] == ':' || j > 2 && bytes.EqualFold(b[j-3:j], []byte("%3a"))
		case '%':
			percent = true
		}
	}
	p.until, p.is = j, n >= 3 || colon || n >= 2 && percent
	return p.is
}

var entities = map[string]rune{
	"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\'', "nbsp": ' ', "rsquo": '\'', "lsquo": '\'',
	"ldquo": '"', "rdquo": '"', "laquo": '"', "raquo": '"', "colon": ':', "lpar": '(', "rpar": ')', "num": '#',
	"sol": '/', "commat": '@', "period": '.', "lowbar": '_', "equals": '=', "NewLine": '\n', "Tab": ' ', "hyphen": '-',
	"ndash": '-', "mdash": '-', "lsqb": '[', "rsqb": ']', "lcub": '{', "rcub": '}', "percnt": '%', "plus": '+', "comma": ',',
	"eacute": 'é', "egrave": 'è', "agrave": 'à', "uuml": 'ü', "ouml": 'ö', "auml": 'ä', "oacute": 'ó', "iacute": 'í',
	"aacute": 'á', "ntilde": 'ñ', "ccedil": 'ç', "atilde": 'ã', "otilde": 'õ', "szlig": 'ß', "aring": 'å', "oslash": 'ø',
}

func decodeEntity(b []byte, i int, w *int) int {
	end := bytes.IndexByte(b[i:min(len(b), i+10)], ';')
	if end > 1 {
		name := b[i+1 : i+end]
		if name[0] != '#' {
			if r, ok := entities[string(name)]; ok {
				put(b, w, r)
				return end + 1
			}
		} else if r, ok := number(name[1:]); ok {
			put(b, w, r)
			return end + 1
		}
	}
	b[*w] = '&'
	*w++
	return 1
}

// number reads the number of a character reference: 39, x27.
func number(b []byte) (rune, bool) {
	base := rune(10)
	if len(b) > 0 && b[0]|0x20 == 'x' {
		base, b = 16, b[1:]
	}
	var r rune
	for _, c := range b {
		d, ok := digit(c)
		if !ok || d >= base {
			return 0, false
		}
		r = r*base + d
	}
	// A reference takes at least as many bytes as the character it stands for only up to three bytes of UTF-8.
	return r, len(b) > 0 && r < 0x10000 && (r < 0xd800 || r > 0xdfff)
}

func digit(c byte) (rune, bool) {
	switch {
	case isDigit(c):
		return rune(c - '0'), true
	case isHex(c):
		return rune(c|0x20-'a') + 10, true
	}
	return 0, false
}

func hexRune(b []byte, i, n int) (rune, bool) {
	if i+n > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+n] {
		d, ok := digit(c)
		if !ok {
			return 0, false
		}
		r = r*16 + d
	}
	return r, true
}

func lower(c byte) bool { return c >= 'a' && c <= 'z' }

// ansi returns the length of a terminal's colour sequence.
func ansi(b []byte) int {
	if len(b) < 2 || b[1] != '[' {
		return 1
	}
	n := 2
	for n < len(b) && n < 24 && (isDigit(b[n]) || b[n] == ';' || b[n] == '?') {
		n++
	}
	if n < len(b) && isLetter(b[n]) {
		n++
	}
	return n
}

// collapse brings blanks into the form that normalize promises, in place.
func collapse(b []byte) []byte {
	w, blanks, breaks := 0, 0, 0
	start := true // of a line
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\n' || c == '\r' && !(i+1 < len(b) && b[i+1] == '\n'):
			breaks++
			start = true
			continue
		case c == '\r':
			continue
		case c == '\t':
			blanks += 2
			continue
		case c == ' ':
			blanks++
			continue
		case start && (c == '>' || c == '|'):
			continue
		}
		if w > 0 {
			switch {
			case breaks > 1:
				b[w], b[w+1] = '\n', '\n'
				w += 2
			case breaks == 1:
				b[w] = '\n'
				w++
			case blanks > 1:
				b[w] = '\t'
				w++
			case blanks == 1:
				b[w] = ' '
				w++
			}
		}
		blanks, breaks, start = 0, 0, false
		b[w] = b[i]
		w++
	}
	return b[:w]
}
