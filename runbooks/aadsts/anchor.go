package aadsts

import "strings"

// Bits of anchorClass. They serve the raw scan of mayHold only.
const (
	bitA = 1 << iota
	bitD
	bitS
	bitT
	bitDigit
)

var anchorClass = func() (t [256]uint8) {
	t['a'], t['A'] = bitA, bitA
	t['d'], t['D'] = bitD, bitD
	t['s'], t['S'] = bitS, bitS
	t['t'], t['T'] = bitT, bitT
	for c := '0'; c <= '9'; c++ {
		t[c] = bitDigit
	}
	return t
}()

// mayHold reports whether text may hold an error. False is certain; true means that it is worth to read closely.
// It looks at every third byte: the word AADSTS, however a line break cuts it, keeps one of the three-letter runs "aad"
// and "dst" whole, and a bare code has at least five digits. Nothing is allocated.
func mayHold(text string) bool {
	_, ok := nextAnchor(text, 0)
	return ok
}

// nextAnchor returns the offset of the first place at or after from that may belong to an error.
func nextAnchor(s string, from int) (int, bool) {
	near := context{read: from}
	for i := from + 2; i < len(s); i += 3 {
		k := anchorClass[s[i]]
		if k == 0 {
			continue
		}
		if k == bitDigit {
			start, end := i, i+1
			for start > 0 && anchorClass[s[start-1]] == bitDigit && end-start < 32 {
				start--
			}
			for end < len(s) && anchorClass[s[end]] == bitDigit {
				end++
			}
			if end-start >= 5 && near.allows(s, start, end) {
				return start, true
			}
			if end > i+3 {
				i += (end - 1 - i) / 3 * 3
			}
			continue
		}
		if !threeLetters(s, i, k) {
			continue
		}
		if start := max(i-34, 0); literalNear(s, start, i) {
			return start, true
		}
	}
	return 0, false
}

// threeLetters reports whether the letter at i, of class k, is part of "aad" or "dst".
func threeLetters(s string, i int, k uint8) bool {
	at := func(j int) uint8 {
		if j < 0 || j >= len(s) {
			return 0
		}
		return anchorClass[s[j]]
	}
	switch k {
	case bitA:
		return at(i+1) == bitA && at(i+2) == bitD || at(i+1) == bitD && at(i-1) == bitA
	case bitD:
		return at(i-1) == bitA && at(i-2) == bitA || at(i+1) == bitS && at(i+2) == bitT
	case bitS:
		return at(i-1) == bitD && at(i+1) == bitT
	}
	return at(i-1) == bitS && at(i-2) == bitD
}

// literalNear reports whether a word AADSTS (or a slip of it, as literal reads them) that begins in [from, to] is
// followed by a digit before long.
func literalNear(s string, from, to int) bool {
	for i := from; i <= to; i++ {
		if anchorClass[s[i]] != bitA {
			continue
		}
		end, _, ok := literal(s, i, true)
		if !ok {
			continue
		}
		for j := end; j < len(s) && j < end+160; j++ {
			if anchorClass[s[j]] == bitDigit || s[j] == 0xef && strings.HasPrefix(s[j:], "\xef\xbc") { // also ５
				return true
			}
		}
	}
	return false
}

// literal reads the word AADSTS at i, in any case. In raw text it may be cut once by a line break with what follows it
// (indentation, quote marks) or hold invisible characters; in clean text only the break is left. One letter that people
// drop or swap when they type is forgiven too; typo is then true, and only a listed code counts.
func literal(s string, i int, raw bool) (end int, typo, ok bool) {
	var letters [6]byte
	n, j, breaks := 0, i, 0
	for n < 6 && j < len(s) {
		switch c := s[j]; {
		case anchorClass[c] != 0 && c > '9':
			letters[n] = c | 0x20
			n++
			j++
		case n > 0 && c == '\n' && breaks == 0:
			breaks = 1
			j++
		case n > 0 && raw && (breaks > 0 && breaks < 24 && strings.IndexByte(" \t\r>|", c) >= 0 || (c >= 0x80 || c < ' ' || c == 0x7f) && breaks < 24):
			breaks++
			j++
		default:
			typo = typoOf(string(letters[:n]))
			return j, typo, typo
		}
	}
	if n == 6 && string(letters[:]) == "aadsts" {
		return j, false, true
	}
	typo = typoOf(string(letters[:n]))
	return j, typo, typo
}

func typoOf(w string) bool {
	switch w {
	case "aadst", "adsts", "aadts", "aadss", "aadsst", "aadtss":
		return true
	}
	return false
}

// reach is how far before a bare number, in raw text, a word that announces it may stand.
const reach = 256

// context looks at what stands before bare numbers in raw text. It is generous: what it lets through is judged again on the
// clean text. Each byte is looked at once, however many numbers there are.
type context struct {
	read       int  // up to here the text was searched for words
	err, login int  // one behind the last word of either kind; 0 none
	headers    int8 // is there a column heading such as ResultType in the text: 0 not looked, 1 yes, -1 no
}

func (c *context) allows(s string, start, end int) bool {
	start = afterEscape(s, start)
	n := end - start
	if n < 5 || n > 7 || s[start] == '0' {
		return false
	}
	if end < len(s) && (isLetter(s[end]) || s[end] == '_') || start > 0 && glued(s, start) {
		return false
	}
	number := 0
	for i := start; i < end; i++ {
		number = number*10 + int(s[i]-'0')
	}
	known := listed(number)
	if known && len(s) <= 96 {
		return true
	}
	if known && named(s, number, start, end) || (start == 0 || s[start-1] == '\n') && (known || asked(s, end)) {
		return true
	}
	c.words(s, start)
	errorWord, loginWord := c.err > 0 && start-c.err < reach, c.login > 0 && start-c.login < reach
	if errorWord && (known || loginWord) {
		return true
	}
	if !inColumn(s, start) {
		return false
	}
	if c.headers == 0 {
		c.headers = -1
		for _, h := range []string{"esultType", "ESULTTYPE", "esulttype", "rror code", "rror Code", "RROR CODE", "rrorCode", "rrorcode"} {
			if strings.Contains(s, h) {
				c.headers = 1
				break
			}
		}
	}
	return c.headers > 0
}

// asked reports whether the words behind a number at the start of a line ask for its meaning: 530099 Not documented.
func asked(s string, end int) bool {
	after := s[end:min(len(s), end+32)]
	return strings.Contains(after, "ocumented") || strings.Contains(after, "issing") || strings.Contains(after, "isted")
}

// named reports whether Microsoft's symbolic name of a listed code stands beside the number: 50126 InvalidUserNameOrPassword.
func named(s string, code, start, end int) bool {
	c, _ := Lookup(code)
	return c.Name != "" && strings.Contains(s[max(0, start-80):min(len(s), end+80)], c.Name)
}

// inColumn reports whether what stands before the number may be the border of a table's cell.
func inColumn(s string, start int) bool {
	if start == 0 {
		return true
	}
	if s[start-1] == ' ' && start > 1 {
		return s[start-2] == ' ' || s[start-2] == '|'
	}
	return strings.IndexByte(",;|\t\n\"", s[start-1]) >= 0
}

// afterEscape steps over digits that belong to an escape before the number: %22, %2522,
func afterEscape(s string, start int) int {
	if start == 0 {
		return start
	}
	switch s[start-1] {
	case '%':
		for strings.HasPrefix(s[start:], "25") {
			start += 2
		}
		return min(start+2, len(s))
	case 'u', 'U':
		if start > 1 && s[start-2] == '\\' {
			return min(start+4, len(s))
		}
	}
	return start
}

// glued reports whether the byte before start makes the digits part of a word. The last letter of an escape (%3D, \n)
// does not.
func glued(s string, start int) bool {
	c := s[start-1]
	if c == '_' {
		return true
	}
	if !isLetter(c) {
		return false
	}
	if start > 1 && s[start-2] == '\\' {
		return false
	}
	return strings.IndexByte(s[max(0, start-8):start], '%') < 0
}

// opener is the third and fourth letter of a word that announces an error code (1) or belongs to sign-ins (2).
type opener struct {
	c, d byte
	kind uint8
}

// openers holds these words, cut to four letters, by the low five bits of their first two. They cover all languages whose
// labels the clean scan knows; bytes outside ASCII count for both kinds, and are compared later.
var openers = func() (t [1024][]opener) {
	for kind, words := range []string{1: "erro erre code codi kood kod_ kode kodu kod: fail fehl aads hiba", 2: "sign logi logo log_ logs anme acce aces aanm inic inlo otur conn entr azur", 3: "resu"} {
		for _, w := range strings.Fields(words) {
			w = strings.ReplaceAll(w, "_", " ")
			k := int(w[0]&31)<<5 | int(w[1]&31)
			t[k] = append(t[k], opener{w[2], w[3], uint8(kind)})
		}
	}
	return t
}()

// words goes on with the search for openers, up to the number at end.
func (c *context) words(s string, end int) {
	for i := max(c.read, end-reach-8); i+4 <= end; i++ {
		if s[i] >= 0x80 {
			c.err, c.login = i+1, i+1
			continue
		}
		if s[i] < 'A' {
			continue
		}
		for _, o := range openers[int(s[i]&31)<<5|int(s[i+1]&31)] {
			if s[i+2]|0x20 != o.c || s[i+3] != o.d && s[i+3]|0x20 != o.d {
				continue
			}
			if o.kind&1 != 0 {
				c.err = i + 1
			}
			// error_codes, error?code=, error%3fcode=, Error(s):
			if o.kind&2 != 0 || i > 0 && (s[i-1] == '_' || s[i-1] == '?' || s[i-1]|0x20 == 'f') || i+5 < end && s[i+5] == '(' {
				c.login = i + 1
			}
		}
	}
	c.read = max(c.read, end-3)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isAlnum(c byte) bool  { return isLetter(c) || isDigit(c) }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
func isBlank(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
