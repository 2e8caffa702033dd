package aadsts

import (
	"sort"
	"strings"
	"time"
)

// page is a clean text with what was noticed in it.
type page struct {
	s       string
	hits    []hit    // in order
	fields  []field  // in order
	objects []object // JSON objects, in the order of their opening brace
	rows    []row    // lines of a table, already read

	near  context  // words that announce codes, for bare numbers
	last  lastCode // the bare code before, for "50126, 50053 and 50057"
	login int8     // are there words of sign-ins anywhere: 0 not looked, 1 yes, -1 no
	alien int8     // are there words of other products
	logs  int8     // are there words of sign-in logs
}

// hit is one place where a code stands.
type hit struct {
	pos, end int
	group    int  // hits of one response share it
	log      bool // a bare number in the shape of a sign-in log: the fields of its row count
	owned    bool // an id block was given to it
	colon    bool // text of the message follows
	err      Error
}

type fieldKind uint8

const (
	fTrace fieldKind = iota
	fRequest
	fCorrelation
	fUnknownID // a GUID behind a label that no list knows; its place decides
	fTime
	fOAuth
	fSuberror
	fPolicy
	fUser
	fApp
	fAppName
	fTenant
	fResource
	fPerson // somebody's address in the words around an error
)

// field is one value with a label.
type field struct {
	kind     fieldKind
	pos, end int
	object   int // innermost JSON object, -1 none
	text     string
	time     time.Time
	row      bool // of a sign-in-log row; counts only beside a code that is in one too
	next     bool // directly before a code, so it belongs to that one
}

type object struct{ start, end, parent, depth int }

// maxDepth bounds the nesting of JSON objects that is kept apart.
const maxDepth = 32

// scan reads the text once from left to right.
func (p *page) scan() {
	s := p.s
	open, nextRow := -1, 0
	for i := 0; i < len(s); {
		if nextRow < len(p.rows) && i >= p.rows[nextRow].start {
			i = max(i, p.rows[nextRow].end)
			nextRow++
			continue
		}
		c := s[i]
		switch {
		case c == '{':
			o := object{start: i, end: len(s), parent: open}
			if open >= 0 {
				o.depth = p.objects[open].depth + 1
			}
			if o.depth < maxDepth {
				p.objects = append(p.objects, o)
				open = len(p.objects) - 1
			}
		case c == '@':
			p.person(i, open)
		case c == '}' && open >= 0:
			p.objects[open].end = i
			open = p.objects[open].parent
		case !isAlnum(c):
		default:
			if c|0x20 == 'a' {
				if end, ok := p.explicit(i); ok {
					i = end
					continue
				}
			}
			if i > 0 && isAlnum(s[i-1]) {
				break
			}
			if end := p.token(i, open); end > i {
				i = end
				continue
			}
		}
		i++
	}
	for i := range p.rows {
		p.hits = append(p.hits, p.rows[i].hit)
	}
	sort.SliceStable(p.hits, func(a, b int) bool { return p.hits[a].pos < p.hits[b].pos })
}

// token reads what begins at i, a word's first byte. It returns where it ended, or i if there is nothing to note.
func (p *page) token(i, open int) int {
	s := p.s
	if isHex(s[i]) && i+36 <= len(s) && (s[i+8] == '-' || strings.IndexByte(s[i:i+9], '\n') > 0) {
		if guid, end, ok := readGUID(s, i); ok {
			p.guid(i, end, guid, open)
			return end
		}
	}
	if isDigit(s[i]) {
		if i+16 < len(s) && isDigit(s[i+1]) {
			if t, end, ok := readTime(s, i); ok {
				p.moment(i, end, t, open)
				return end
			}
		}
		return p.bare(i)
	}
	if i > 0 && s[i-1] == '_' {
		return i
	}
	return p.word(i, open)
}

// explicit reads AADSTS with its number at i.
func (p *page) explicit(i int) (end int, ok bool) {
	s := p.s
	if i+1 >= len(s) || s[i+1]|0x20 != 'a' && s[i+1]|0x20 != 'd' && s[i+1] != '\n' {
		return i, false
	}
	j, typo, ok := literal(s, i, false)
	if !ok || typo && i > 0 && isAlnum(s[i-1]) {
		return i, false
	}
	k, spaced := separator(s, j)
	code, end, ok := p.number(k)
	switch {
	case !ok, typo && (spaced || !listed(code)), spaced && code > 9999999, spaced && far(s[j:k]) && !listed(code):
		return j, false
	}
	h := hit{pos: i, end: end, group: len(p.hits), err: Error{Code: code, Explicit: true}}
	h.colon = end < len(s) && (s[end] == ':' || strings.HasPrefix(s[end:], " :") || strings.HasPrefix(s[end:], "\t:"))
	p.hits = append(p.hits, h)
	p.last = lastCode{end: end, line: p.firstOnLine(i), weak: true}
	return end, true
}

// separator steps over what people write between AADSTS and its number: blanks, a colon, a hyphen, "error code".
func separator(s string, i int) (j int, spaced bool) {
	j = i
	for words := 0; j < len(s) && j-i < 40; {
		c := s[j]
		switch {
		case strings.IndexByte(" \t\n:-_#='\"([/", c) >= 0:
			j++
			continue
		case isLetter(c) && words < 3:
			end := j
			for end < len(s) && isLetter(s[end]) && end-j < 8 {
				end++
			}
			switch strings.ToLower(s[j:end]) {
			case "error", "errors", "code", "codes", "number", "no", "err", "fehler", "fehlercode", "id":
				words++
				j = end
				continue
			}
		}
		break
	}
	return j, j > i
}

// far reports whether words or a line break stand in a separator; then the number may be anything that is counted.
func far(sep string) bool {
	for i := 0; i < len(sep); i++ {
		if sep[i] == '\n' || isLetter(sep[i]) {
			return true
		}
	}
	return false
}

// number reads an explicit code of five to eight digits at i. A terminal may have broken it.
func (p *page) number(i int) (code, end int, ok bool) {
	s := p.s
	end = i
	for end < len(s) && isDigit(s[end]) && end-i < 9 {
		end++
	}
	n := end - i
	if n == 0 || s[i] == '0' {
		return 0, i, false
	}
	code = atoi(s[i:end])
	if end+1 < len(s) && s[end] == '\n' && isDigit(s[end+1]) {
		if whole, to := p.broken(i, end); to > 0 {
			return whole, to, true
		}
	}
	if n < 5 || n > 8 {
		return 0, i, false
	}
	if end < len(s) {
		switch c := s[end]; {
		case c == 'x' || c == 'X' || c == '*' && end+1 < len(s) && s[end+1] == '*', isDigit(c):
			return 0, i, false
		case isLetter(c):
			return code, end, listed(code) || hasFold(s[end:], "AADSTS")
		}
	}
	return code, end, true
}

// broken joins a code that the end of a line cut, where that is safe: what stands on this line is no code, or the next line
// goes on as only the rest of a code does, and the whole is in the table.
func (p *page) broken(i, end int) (code, to int) {
	s := p.s
	to = end + 1
	for to < len(s) && isDigit(s[to]) {
		to++
	}
	code = atoi(s[i:end] + s[end+1:to])
	if !listed(code) || to < len(s) && isLetter(s[to]) {
		return 0, 0
	}
	if end-i >= 5 && listed(atoi(s[i:end])) {
		start := strings.LastIndexByte(s[max(0, end-200):end], '\n') + max(0, end-200) + 1
		if end-start < 40 || to >= len(s) || s[to] != ':' {
			return 0, 0
		}
	}
	return code, to
}

// guid notes a GUID with a label that tells what it is.
func (p *page) guid(i, end int, guid string, open int) {
	if guid == zeroGUID {
		return
	}
	label, sep := labelBefore(p.s, i)
	if compact(label) == "id" && strings.Contains(sep, "\"") && open >= 0 {
		p.fields = append(p.fields, field{kind: fRequest, pos: i, end: end, object: open, text: guid, row: true})
		return
	}
	if kind, ok := idKind(label, sep); ok {
		p.fields = append(p.fields, field{kind: kind, pos: i, end: end, object: open, text: guid})
	}
}

// moment notes a time that is labelled as the error's own.
func (p *page) moment(i, end int, t time.Time, open int) {
	if t.IsZero() {
		return
	}
	f := field{kind: fTime, pos: i, end: end, object: open, time: t}
	label, sep := labelBefore(p.s, i)
	low := strings.ToLower(label)
	switch c := compact(low); {
	case lastWord(low, timeWords) >= 0 && len(low)-lastWord(low, timeWords) <= 8:
	case c == "createddatetime", c == "time" && strings.Contains(sep, "\""), c == "timegenerated", c == "timegeneratedutc", c == "dateutc", c == "date":
		f.row = true
	case strings.HasSuffix(sep, "- [") || strings.HasSuffix(sep, "-\t["): // 50126 - [2026-03-04 10:22:11Z]: AADSTS50126
	case strings.Contains(sep, ":") && len(p.fields) > 0 && p.unlabelled(i): // a label in a language that no list knows
	default:
		return
	}
	p.fields = append(p.fields, f)
}

// unlabelled reports whether the value at i directly follows an id of an error message.
func (p *page) unlabelled(i int) bool {
	f := p.fields[len(p.fields)-1]
	return f.kind <= fUnknownID && i-f.end < 64 && !f.row
}
