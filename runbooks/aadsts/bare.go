package aadsts

import "strings"

// lastCode is where the code before stood and how its context was judged; the next number of a list inherits that.
type lastCode struct {
	end  int
	line bool // it was the first word of its line
	weak bool
	log  bool
}

// strength is how far the words around a bare number make it a sign-in error.
type strength uint8

const (
	nothing strength = iota
	weak             // counts if the number is in the table
	strong           // counts whatever the number
)

// bare notes the number at i if what surrounds it makes it an error code. It returns where the number ends.
func (p *page) bare(i int) int {
	s := p.s
	end := i
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	if n := end - i; n < 5 || n > 7 || s[i] == '0' || !p.stands(i, end) {
		return end
	}
	code := atoi(s[i:end])
	if !p.worthwhile(i, end) {
		return end
	}
	st, log := p.judge(i, end, code)
	if st == nothing || st == weak && !listed(code) {
		return end
	}
	p.hits = append(p.hits, hit{pos: i, end: end, group: len(p.hits), log: log, err: Error{Code: code}})
	p.last = lastCode{end: end, line: p.firstOnLine(i), weak: st == weak, log: log}
	return end
}

// worthwhile reports whether any word around the number could make it a code; a cheap no for most numbers.
func (p *page) worthwhile(i, end int) bool {
	if p.last.end > 0 && i-p.last.end <= 160 || len(p.s) <= 72 || i == 0 || p.s[i-1] == '\n' {
		return true
	}
	p.near.words(p.s, i)
	if p.near.err > 0 && i-p.near.err < reach || p.near.login > 0 && i-p.near.login < reach {
		return true
	}
	if code := atoi(p.s[i:end]); listed(code) && named(p.s, code, i, end) {
		return true
	}
	after := p.s[end:min(len(p.s), end+64)]
	return strings.Contains(after, "ign-in") || strings.Contains(after, "ign in") || strings.Contains(after, "aadsts") || strings.Contains(after, "AADSTS")
}

// stands reports whether the number is a word of its own: no part of a decimal, a time, a place in a file, an issue's number.
func (p *page) stands(i, end int) bool { return p.opensAt(i) && p.closesAt(end) }

func (p *page) opensAt(i int) bool {
	s := p.s
	if i == 0 {
		return true
	}
	digitBefore := i > 1 && isDigit(s[i-2])
	switch c := s[i-1]; c {
	case '#', '$', '_', '@', '.', '~', '^', '+':
		return false
	case '-': // the bullet of a list; elsewhere part of a word, or a sign
		return i > 1 && s[i-2] == '\n'
	case '[':
		return i == 1 || !isAlnum(s[i-2])
	case ',', '/': // only from one code to the next
		return !digitBefore || p.last.end == i-1
	case ':':
		return !digitBefore
	}
	return true
}

func (p *page) closesAt(end int) bool {
	s := p.s
	if end >= len(s) {
		return true
	}
	digits := 0
	for n := end + 1; n < len(s) && isDigit(s[n]); n++ {
		digits++
	}
	switch c := s[end]; c {
	case '_', '%', '@':
		return false
	case '.', ':', '-':
		return digits == 0
	case ',', '/': // the next code of a list
		return digits == 0 || digits >= 5
	default:
		return !isLetter(c)
	}
}

// firstOnLine reports whether nothing but a bullet stands before i on its line.
func (p *page) firstOnLine(i int) bool {
	for i > 0 && strings.IndexByte(" \t-*|\"'([", p.s[i-1]) >= 0 {
		i--
	}
	if strings.HasSuffix(p.s[:i], "•") || strings.HasSuffix(p.s[:i], "·") {
		return true
	}
	return i == 0 || p.s[i-1] == '\n'
}

// judge weighs the words around the number at [i, end).
func (p *page) judge(i, end, code int) (st strength, log bool) {
	if st, log := p.continues(i); st != nothing {
		return st, log
	}
	before := strings.ToLower(p.s[max(0, i-128):i])
	cut := strings.LastIndexByte(before, '\n') + 1
	above, line := strings.TrimRight(before[:cut], "\n"), before[cut:]
	above = strings.TrimRight(above[strings.LastIndexByte(above, '\n')+1:], " \t") // the last line that is not empty
	if strings.HasSuffix(line, "error?code=") || strings.HasSuffix(line, "error/?code=") || strings.HasSuffix(line, "error(s): ") {
		return strong, false
	}
	after := p.s[end:min(len(p.s), end+160)]
	if strings.HasPrefix(after, " - [20") && strings.Contains(after, "AADSTS") {
		return strong, false
	}
	known := listed(code)
	if label := strings.TrimRight(line, labelEnd); label != "" {
		st, log = p.behind(label[max(0, len(label)-96):], above, after, known)
	} else {
		st, log = p.below(above, after)
	}
	if st == nothing && p.asked(i, end, known) {
		return strong, false
	}
	if st == nothing && known && named(p.s, code, i, end) {
		return weak, false
	}
	return st, log
}

// labelEnd are the characters between a label and its value.
const labelEnd = " \t:=\"'([*<>|-"

// below judges a number that is the first word of its line, by the line above: the portal's label, or the heading of a list.
func (p *page) below(above, after string) (st strength, log bool) {
	label := strings.TrimRight(above, labelEnd)
	heading := strings.HasSuffix(above, ":")
	at := lastWord(label, errorCodeWords)
	switch {
	case at >= 0 && (heading || fillers(label[at:])):
		return p.coded(label, at, "", after)
	case heading && holds(label, loginWords) && (strings.Contains(label, "code") || strings.Contains(label, "error")):
		return strong, true
	}
	return nothing, false
}

// behind judges a number by the words before it on its line.
func (p *page) behind(label, above, after string, known bool) (st strength, log bool) {
	if at := lastWord(label, errorCodeWords); at >= 0 && fillers(label[at:]) {
		return p.coded(label, at, above, after)
	}
	if !known || unit(after) || p.foreign() {
		return nothing, false
	}
	login := holds(label, loginWords)
	if at := lastWord(label, plainErrorWords); at >= 0 && fillers(label[at:]) && wordAt(label, at) {
		if !login && !p.aboutLogins() { // "Error 40009" alone is anybody's
			return nothing, false
		}
		return weak, login
	}
	low := strings.ToLower(after[:min(len(after), 48)])
	if (login || p.ofLogs()) && aboutCodes(label, low) || strings.Contains(low, "in the sign-in log") || strings.Contains(low, "in sign-in log") || strings.Contains(low, "in the sign in log") {
		return weak, false
	}
	return nothing, false
}

// coded judges a number that is called an error code. That it is one of sign-ins must come from the label, the line above or
// what follows; else only a listed number counts, and none where another product is spoken of.
func (p *page) coded(label string, at int, above, after string) (st strength, log bool) {
	if holds(label, loginWords) || holds(above, loginWords) || strings.Contains(label[max(0, at-12):at], "result") && p.aboutLogins() {
		return strong, true
	}
	after = strings.ToLower(after)
	if strings.Contains(after, "request id:") && strings.Contains(after, "correlation id:") || // the page of a Conditional Access block
		strings.Contains(after, "failure reason") || strings.Contains(after, "failurereason") || strings.Contains(after, "userprincipalname") {
		return strong, true
	}
	if p.foreign() || httpStatus(label) {
		return nothing, false
	}
	return weak, true
}

// wordAt reports whether the ASCII word that ends at at is a word of its own: "error", not "terror" or "someError".
func wordAt(s string, at int) bool {
	i := at
	for i > 0 && isLetter(s[i-1]) {
		i--
	}
	return i == at || plainErrorWords.is(s[i:at])
}

// continues reports whether the number goes on with a list that the code before began: "50126 and 50053", a line each.
func (p *page) continues(i int) (st strength, log bool) {
	if p.last.end == 0 || i-p.last.end > 160 {
		return nothing, false
	}
	between := p.s[p.last.end:i]
	breaks := strings.Count(between, "\n")
	switch {
	case breaks > 2:
		return nothing, false
	case breaks > 0:
		if !p.last.line || !p.firstOnLine(i) {
			return nothing, false
		}
	default:
		if between[0] == ' ' && len(between) > 1 && between[1] == '(' || between[0] == '(' { // 50126 (InvalidUserNameOrPassword), 50053
			if end := strings.IndexByte(between, ')'); end > 0 {
				between = between[end+1:]
			}
		}
		if !connects(between) {
			return nothing, false
		}
	}
	if p.last.weak {
		return weak, p.last.log
	}
	return strong, p.last.log
}

var connectors = map[string]bool{
	"and": true, "or": true, "und": true, "oder": true, "et": true, "ou": true, "y": true, "o": true, "e": true, "i": true, "og": true,
	"och": true, "en": true, "of": true, "ja": true, "tai": true, "plus": true, "also": true, "ve": true, "и": true, "或": true, "和": true, "と": true,
	"then": true, "codes": true, "code": true, "error": true, "errors": true,
}

func connects(s string) bool {
	if len(s) == 0 || len(s) > 24 {
		return false
	}
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t,;/&|+()[]\"'*-、", r) }) {
		if !connectors[strings.ToLower(w)] {
			return false
		}
	}
	return true
}

var fillWords = map[string]bool{
	"is": true, "was": true, "are": true, "were": true, "of": true, "the": true, "number": true, "no": true, "nr": true, "num": true, "value": true,
	"in": true, "has": true, "ist": true, "est": true, "es": true, "e": true, "called": true, "namely": true, "shows": true, "says": true,
	"returned": true, "returns": true, "i": true, "im": true, "m": true, "we": true, "got": true, "get": true, "gets": true, "getting": true, "see": true, "seeing": true,
	"it": true, "that": true, "this": true, "log": true, "logs": true, "sign": true, "signin": true, "login": true, "entra": true, "azure": true,
	"ad": true, "aad": true, "code": true, "codes": true, "like": true, "such": true, "as": true, "eg": true, "g": true, "and": true, "s": true,
	"de": true, "du": true, "der": true, "bei": true, "la": true, "le": true, "for": true, "connexion": true, "inicio": true, "sesión": true, "sesion": true, "entrada": true,
	"início": true, "sessão": true, "accesso": true, "di": true, "acesso": true, "voor": true, "aanmelden": true, "aanmelding": true, "logowania": true, "przy": true,
	"přihlášení": true, "för": true, "inloggning": true, "logon": true, "til": true, "pålogging": true, "входа": true, "при": true, "anmeldung": true, "vid": true, "a": true, "à": true, "d'accès": true, "with": true, "following": true, "missing": true, "undocumented": true, "unknown": true, "new": true, "unlisted": true, "documented": true, "not": true, "missed": true, "below": true, "here": true, "above": true,
}

// fillers reports whether s holds nothing but punctuation and words that lead up to a number.
func fillers(s string) bool {
	if len(s) > 48 || strings.ContainsAny(s, "!.") && !strings.HasSuffix(strings.TrimRight(s, " "), ".") && !strings.Contains(s, "e.g.") {
		return false
	}
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\n:=\"'([{*<>|-.,/\\", r) }) {
		if !fillWords[w] {
			return false
		}
	}
	return true
}

// unit reports whether what follows a number makes it a count of something.
func unit(after string) bool {
	w := strings.TrimLeft(after, " ")
	if len(w) == len(after) {
		return false
	}
	end := 0
	for end < len(w) && isLetter(w[end]) {
		end++
	}
	switch w[:end] {
	case "ms", "s", "sec", "seconds", "minutes", "users", "user", "bytes", "kb", "mb", "rows", "entries", "records", "times", "events", "attempts", "sign", "signins", "logins", "failures", "items", "files", "lines", "requests", "hits", "accounts", "people", "errors", "messages":
		return true
	}
	return false
}

// aboutCodes reports whether a line on sign-ins speaks of codes right before or behind the number.
func aboutCodes(label, after string) bool {
	tail := label[max(0, len(label)-48):]
	for _, w := range []string{"code", "codes", "with", "status", "show", "shows", "showing", "fail", "fails", "failed", "failure", "failures", "interrupted", "interrupt", "see", "error", "reason", "result", "received", "receive", "receives", "got", "get", "gets", "getting", "seeing", "code is", "than", "like", "for"} {
		if strings.HasSuffix(tail, w) || strings.HasSuffix(tail, w+" is") || strings.HasSuffix(tail, w+" was") || strings.HasSuffix(tail, w+" a") {
			return true
		}
	}
	return strings.HasPrefix(after, " in the sign-in") || strings.HasPrefix(after, " error") || strings.HasPrefix(after, " failure")
}

// httpStatus reports whether the label is how HTTP libraries show another service's code: 403 Forbidden (error code.
func httpStatus(label string) bool {
	i := strings.LastIndexByte(label, '(')
	if i < 0 {
		return false
	}
	for _, w := range []string{"forbidden", "bad request", "not found", "unauthorized", "too many requests", "internal server error"} {
		if strings.HasSuffix(strings.TrimRight(label[:i], " "), w) {
			return true
		}
	}
	return false
}

// asked reports whether the line is nothing but one code and words of asking: "Missing 50197", "what is 50126?",
// "530099 Not documented". For an unlisted code, and in a long text, the text must speak of sign-in logs too.
func (p *page) asked(i, end int, known bool) bool {
	from := strings.LastIndexByte(p.s[max(0, i-80):i], '\n') + 1 + max(0, i-80)
	to := end + strings.IndexByte(p.s[end:min(len(p.s), end+80)], '\n')
	if to < end {
		to = min(len(p.s), end+80)
	}
	line := p.s[from:to]
	if len(line) > 72 || from > 0 && p.s[from-1] != '\n' || to < len(p.s) && p.s[to] != '\n' {
		return false
	}
	words := 0
	for _, w := range strings.FieldsFunc(strings.ToLower(line), func(r rune) bool { return strings.ContainsRune(" \t:=\"'([{*<>|-.,/?!)]}#", r) }) {
		switch {
		case atoi(w) > 0 && w != p.s[i:end]:
			return false
		case atoi(w) == 0 && !askWords[w]:
			return false
		}
		words++
	}
	if known && len(p.s) <= 72 {
		return true
	}
	return words > 1 && p.ofLogs() && !p.foreign()
}

// ofLogs reports whether the text speaks of sign-in logs.
func (p *page) ofLogs() bool {
	if p.logs == 0 {
		p.logs = -1
		low := strings.ToLower(p.s)
		for _, w := range []string{"failure reason", "failurereason", "sign-in log", "sign in log", "signin log", "signinlog", "sign-in error", "sign-ins", "sign-in report", "sign-in activity", "signin error", "login error code"} {
			if strings.Contains(low, w) {
				p.logs = 1
				break
			}
		}
	}
	return p.logs > 0
}

var askWords = map[string]bool{
	"missing": true, "what": true, "is": true, "does": true, "mean": true, "means": true, "meaning": true, "help": true, "with": true, "code": true, "error": true,
	"undocumented": true, "not": true, "documented": true, "listed": true, "unknown": true, "please": true, "explain": true, "lookup": true, "azure": true, "ad": true,
	"entra": true, "id": true, "aad": true, "for": true, "the": true, "of": true, "on": true, "docs": true, "no": true, "in": true, "list": true, "how": true, "to": true, "fix": true,
	"why": true, "about": true, "a": true, "add": true, "description": true, "documentation": true, "again": true, "got": true, "getting": true, "i": true, "am": true, "anyone": true, "seen": true,
	"adding": true, "added": true, "update": true, "new": true, "and": true, "also": true, "sign-in": true, "sign": true, "signin": true, "login": true, "codes": true, "errors": true, "unlisted": true, "it": true, "was": true,
}

// aboutLogins reports whether the text speaks of sign-ins anywhere.
func (p *page) aboutLogins() bool {
	if p.login == 0 {
		p.login = -1
		low := strings.ToLower(p.s)
		if holds(low, loginWords) || strings.Contains(low, "userprincipalname") {
			p.login = 1
		}
	}
	return p.login > 0
}

// foreign reports whether the text names another product whose codes look like Entra's.
func (p *page) foreign() bool {
	if p.alien == 0 {
		p.alien = -1
		if holdsWord(strings.ToLower(p.s), foreignWords) {
			p.alien = 1
		}
	}
	return p.alien > 0
}
