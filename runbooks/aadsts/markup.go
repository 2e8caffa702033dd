package aadsts

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// tags are the HTML elements that give way: to nothing inside a line, to a gap between cells, to a line break otherwise.
// Other words in angle brackets are somebody's placeholder and stay.
var tags = map[string]string{
	"b": "", "strong": "", "i": "", "em": "", "u": "", "s": "", "span": "", "font": "", "code": "", "a": "", "mark": "", "wbr": "",
	"small": "", "sup": "", "sub": "", "kbd": "", "samp": "", "label": "", "input": "", "img": "", "td": "\t", "th": "\t", "dd": "\t",
	"br": "\n", "p": "\n", "div": "\n", "tr": "\n", "li": "\n", "ul": "\n", "ol": "\n", "pre": "\n", "table": "\n", "tbody": "\n",
	"thead": "\n", "dt": "\n", "dl": "\n", "hr": "\n", "h1": "\n", "h2": "\n", "h3": "\n", "h4": "\n", "h5": "\n", "h6": "\n", "body": "\n",
	"html": "\n", "head": "\n", "title": "\n", "section": "\n", "blockquote": "\n", "form": "\n", "button": "\n", "details": "\n",
	"summary": "\n", "meta": "\n", "link": "\n",
}

// decodeAngle reads an HTML tag, or a link as Slack writes it: <https://…>, <https://…|label>, <mailto:…|…>, <tel:…|…>.
func decodeAngle(b []byte, i int, w *int) int {
	end := i + 1
	for end < len(b) && end-i < 4096 && b[end] != '<' && b[end] != '>' {
		end++
	}
	if end < len(b) && b[end] == '>' {
		in := b[i+1 : end]
		if n := nameLen(in); n > 0 {
			name := bytes.ToLower(bytes.TrimPrefix(in[:n], []byte("/")))
			if with, ok := tags[string(name)]; ok {
				*w += copy(b[*w:], with)
				return end + 1 - i
			}
		}
		if !bytes.ContainsAny(in, "\n") {
			if text, ok := linkText(string(in)); ok {
				*w += copy(b[*w:], text)
				return end + 1 - i
			}
		}
	}
	b[*w] = '<'
	*w++
	return 1
}

// nameLen is the length of a tag's name with the slash before it, 0 where in is no tag.
func nameLen(in []byte) int {
	n := 0
	if n < len(in) && in[n] == '/' {
		n++
	}
	for n < len(in) && n < 12 && isAlnum(in[n]) {
		n++
	}
	if n < len(in) && in[n] != ' ' && in[n] != '/' && in[n] != '\n' && in[n] != '\t' {
		return 0
	}
	return n
}

func linkText(in string) (string, bool) {
	scheme, rest, ok := strings.Cut(in, ":")
	if !ok {
		return "", false
	}
	switch strings.ToLower(scheme) {
	case "http", "https":
		rest = in
	case "mailto", "tel", "sip":
	default:
		return "", false
	}
	target, label, ok := strings.Cut(rest, "|")
	switch {
	case strings.ContainsAny(target, " \t"):
		return "", false
	case !ok:
		return target, true
	case strings.Contains(target, label):
		return label, true
	}
	return label + " " + target, true
}

// decodeLink joins what GitHub's log viewer cuts into links, 7000[21](https://…)5 for 7000215, and leaves every other
// bracket. A footnote behind a whole code, 50076[1](https://…), is no part of it.
func decodeLink(b []byte, i int, w *int) int {
	j := i + 1
	for j < len(b) && j-i < 42 && (isHex(b[j]) || strings.IndexByte(":-.TZ", b[j]) >= 0) {
		j++
	}
	text := b[i+1 : j]
	if len(text) > 0 && j+5 < len(b) && b[j] == ']' && bytes.HasPrefix(b[j+1:], []byte("(http")) {
		k := j + 2
		for k < len(b) && b[k] > ' ' && b[k] != ')' && b[k] != '[' {
			k++
		}
		if k < len(b) && b[k] == ')' {
			var before, after byte
			if *w > 0 {
				before = b[*w-1]
			}
			if k+1 < len(b) {
				after = b[k+1]
			}
			if (joins(before) || joins(after)) && !footnote(b[:*w], text, after) {
				*w += copy(b[*w:], text)
				return k + 1 - i
			}
		}
	}
	b[*w] = '['
	*w++
	return 1
}

func joins(c byte) bool { return isAlnum(c) || c == '-' || c == ':' || c == '.' }

// footnote reports whether out ends in a listed code that text would spoil.
func footnote(out, text []byte, after byte) bool {
	n := 0
	for n < len(out) && n < 8 && isDigit(out[len(out)-1-n]) {
		n++
	}
	if n < 5 || n > 7 || isDigit(after) {
		return false
	}
	before := atoi(string(out[len(out)-n:]))
	return listed(before) && !listed(atoi(string(out[len(out)-n:])+string(text)))
}

// atoi reads up to nine digits; 0 where s is no such number.
func atoi(s string) int {
	if s == "" || len(s) > 9 {
		return 0
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// decodeRune replaces typographic characters by the ASCII that labels and quotes are compared with, and drops those
// that nobody sees.
func decodeRune(b []byte, i int, w *int) int {
	r, n := utf8.DecodeRune(b[i:])
	if r == utf8.RuneError {
		b[*w] = b[i]
		*w++
		return 1
	}
	switch {
	case r == 0xad || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff || r >= 0xfe00 && r <= 0xfe0f:
		return n // zero width
	case r >= 0x2500 && r <= 0x257f:
		return n // the frame that Terraform draws around an error
	case r == 0xa0 || r >= 0x2000 && r <= 0x200a || r == 0x202f || r == 0x205f || r == 0x3000:
		r = ' '
	case r == 0x85 || r == 0x2028 || r == 0x2029:
		r = '\n'
	case r >= 0x2010 && r <= 0x2015 || r == 0x2212:
		r = '-'
	case r >= 0x2018 && r <= 0x201b || r == 0x2032 || r == 0x2039 || r == 0x203a || r >= 0x300c && r <= 0x300f || r == 0xb4:
		r = '\''
	case r >= 0x201c && r <= 0x201f || r == 0xab || r == 0xbb || r == 0x2033:
		r = '"'
	case r == 0x3010 || r == 0x3011:
		r = '[' + (r-0x3010)*2
	case r >= 0xff01 && r <= 0xff5e:
		r -= 0xfee0
	}
	put(b, w, r)
	return n
}
