package aadsts

import "strings"

// keys are the words behind which a value of interest stands, in lower case.
var keys = map[string]func(p *page, i, end, open int) int{
	"error_codes": (*page).errorCodes, "errorcodes": (*page).errorCodes,
	"suberror": (*page).suberror, "sub_error": (*page).suberror, "msaloauthsuberrorkey": (*page).suberror, "msidoauthsuberrorkey": (*page).suberror,
	"capolids": (*page).policies, "polids": (*page).policies,
	"error":             (*page).errorKey,
	"tenant":            (*page).tenantParameter,
	"userprincipalname": (*page).rowUser, "upn": (*page).rowUser, "username": (*page).rowUser,
	"appdisplayname": (*page).rowAppName, "appid": (*page).rowApp,
	"resourceid": (*page).rowResource, "resourceidentity": (*page).rowResource,
	"resourcetenantid": (*page).rowTenant, "aadtenantid": (*page).rowTenant, "tenantid": (*page).rowTenant,
}

// word reads the word at i and, where it is a key, the value behind it. It returns where the reading ended, i for none.
func (p *page) word(i, open int) int {
	s := p.s
	var buf [28]byte
	n, end := 0, i
	for end < len(s) && (isAlnum(s[end]) || s[end] == '_') {
		if n < len(buf) {
			c := s[end]
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			buf[n] = c
		}
		n++
		end++
	}
	if n < 3 || n > len(buf) {
		return i
	}
	if read, ok := keys[string(buf[:n])]; ok {
		return read(p, i, end, open)
	}
	if n > 8 && oauthErrors[string(buf[:n])] {
		p.oauth(i, end, string(buf[:n]), open)
	}
	return i
}

// assigned steps from a key over the separators to its value; false where neither a colon nor an equals sign stands between.
func assigned(s string, i int) (value int, ok bool) {
	for j := i; j < len(s) && j-i < 24; j++ {
		switch s[j] {
		case ':', '=':
			ok = true
		case ' ', '\t', '\n', '"', '\'', '>', '*', '|', ']':
		default:
			return j, ok
		}
	}
	return i, false
}

// errorCodes reads "error_codes":[50076,…].
func (p *page) errorCodes(i, end, _ int) int {
	s := p.s
	j, ok := assigned(s, end)
	if !ok {
		return i
	}
	group := len(p.hits)
	for n := 0; j < len(s) && n < 32; {
		if strings.IndexByte("[ \t\n,\"'", s[j]) >= 0 {
			j++
			continue
		}
		to := j
		for to < len(s) && isDigit(s[to]) {
			to++
		}
		if to-j < 5 || to-j > 8 || s[j] == '0' || to < len(s) && (isAlnum(s[to]) || s[to] == '-') {
			break
		}
		p.hits = append(p.hits, hit{pos: j, end: to, group: group, err: Error{Code: atoi(s[j:to])}})
		p.last = lastCode{end: to, weak: true}
		j, n = to, n+1
	}
	return j
}

func (p *page) suberror(i, end, open int) int {
	v, _, ok := p.identifier(end)
	switch v {
	case "", "undefined", "null", "none", "nil", "true", "false", "empty":
		return i
	}
	if ok && len(v) >= 4 {
		p.fields = append(p.fields, field{kind: fSuberror, pos: i, end: end, object: open, text: v})
	}
	return i
}

// identifier reads the word that is assigned behind a key, in lower case.
func (p *page) identifier(end int) (v string, to int, ok bool) {
	j, ok := assigned(p.s, end)
	if !ok {
		return "", end, false
	}
	to = j
	for to < len(p.s) && (isAlnum(p.s[to]) || p.s[to] == '_') && to-j < 48 {
		to++
	}
	return strings.ToLower(p.s[j:to]), to, true
}

// errorKey reads an "error" that no list knows, where the OAuth response around it leaves no doubt.
func (p *page) errorKey(i, end, open int) int {
	if label, _ := labelBefore(p.s, i); strings.EqualFold(label, "sub") || hasFold(label[max(0, len(label)-4):], " sub") { // sub error: bad_token
		return p.suberror(i, end, open)
	}
	v, to, ok := p.identifier(end)
	if !ok || oauthErrors[v] || len(v) < 5 || isDigit(v[0]) || strings.HasPrefix(v, "aadsts") || strings.HasPrefix(v, "error") {
		return i
	}
	rest := strings.TrimLeft(p.s[to:min(len(p.s), to+40)], "\"' \t\n,&")
	if strings.HasPrefix(rest, "error_description") {
		p.fields = append(p.fields, field{kind: fOAuth, pos: i, end: to, object: open, text: v})
	}
	return i
}

// oauth notes an OAuth error where it stands as one: behind a label, or right before the message.
func (p *page) oauth(i, end int, v string, open int) {
	label, _ := labelBefore(p.s, i)
	c := compact(label)
	f := field{kind: fOAuth, pos: i, end: end, object: open, text: v, next: p.announces(end)}
	switch {
	case strings.HasSuffix(c, "suberror"), strings.HasSuffix(c, "suberrorkey"):
		return
	case f.next:
	case strings.HasSuffix(c, "error"), strings.HasSuffix(c, "errorcode"), strings.HasSuffix(c, "errorkey"), strings.HasSuffix(c, "errorcodeis"),
		strings.HasSuffix(c, "errortype"), strings.HasSuffix(c, "errorname"):
	default:
		return
	}
	p.fields = append(p.fields, f)
}

// announces reports whether a code follows directly: invalid_grant: AADSTS50076, invalid_grant: Error(s): 50126.
func (p *page) announces(i int) bool {
	s := p.s
	for words := 0; i < len(s); {
		from := i
		for i < len(s) && i-from < 12 && strings.IndexByte(" \t\n\"')](:,|.;{-", s[i]) >= 0 {
			i++
		}
		if i >= len(s) {
			return false
		}
		if _, _, ok := literal(s, i, false); ok {
			return true
		}
		rest := s[i:min(len(s), i+40)]
		if hasFold(rest, "error(s)") {
			return true
		}
		n := 0
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		if n >= 5 && n <= 7 {
			return strings.HasPrefix(rest[n:], ": ") || strings.HasPrefix(rest[n:], " - ")
		}
		if n == 3 && words == 0 { // a status: invalid_grant: 400: AADSTS…
			i, words = i+n, words+1
			continue
		}
		for n < len(rest) && (isLetter(rest[n]) || rest[n] == '_') {
			n++
		}
		switch strings.ToLower(rest[:n]) {
		case "error", "errors", "description", "message", "error_description", "error_message", "errormessage", "errordescription", "msg", "desc", "with", "original", "exception":
			if words++; words > 4 {
				return false
			}
			i += n
		default:
			return false
		}
	}
	return false
}

func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// policies reads the Conditional Access policies of a claims challenge:
// {"access_token":{"capolids":{"essential":true,"values":["…"]}}}.
func (p *page) policies(i, end, open int) int {
	s := p.s
	j := strings.IndexByte(s[end:min(len(s), end+160)], '[')
	if j < 0 || !strings.Contains(strings.ToLower(s[end:end+j]), "value") {
		return i
	}
	for j += end + 1; j < len(s); {
		if strings.IndexByte(" \t\n,\"'", s[j]) >= 0 {
			j++
			continue
		}
		guid, to, ok := readGUID(s, j)
		if !ok {
			break
		}
		if guid != zeroGUID {
			p.fields = append(p.fields, field{kind: fPolicy, pos: i, end: to, object: open, text: guid})
		}
		j = to
	}
	return j
}

// tenantParameter reads tenant=… of a redirect, as Entra gives it after admin consent.
func (p *page) tenantParameter(i, end, open int) int {
	s := p.s
	if i == 0 || strings.IndexByte("&?#", s[i-1]) < 0 || end >= len(s) || s[end] != '=' {
		return i
	}
	to := end + 1
	for to < len(s) && (isAlnum(s[to]) || s[to] == '-' || s[to] == '.') {
		to++
	}
	if v := tidy(s[end+1 : to]); (isGUID(v) || isDomain(v)) && !placeholder(v) {
		p.fields = append(p.fields, field{kind: fTenant, pos: i, end: to, object: open, text: v})
	}
	return i
}

func (p *page) rowUser(i, end, open int) int {
	if v := p.rowValue(end); isUser(v) {
		p.row(fUser, i, end, open, v)
	}
	return i
}

func (p *page) rowAppName(i, end, open int) int {
	if v := p.rowValue(end); !placeholder(v) {
		p.row(fAppName, i, end, open, v)
	}
	return i
}

func (p *page) rowApp(i, end, open int) int {
	if v := p.rowValue(end); isGUID(v) && !placeholder(v) {
		p.row(fApp, i, end, open, strings.ToLower(v))
	}
	return i
}

func (p *page) rowResource(i, end, open int) int {
	if v := p.rowValue(end); isGUID(v) && !placeholder(v) {
		p.row(fResource, i, end, open, strings.ToLower(v))
	}
	return i
}

func (p *page) rowTenant(i, end, open int) int {
	if v := p.rowValue(end); isGUID(v) && !placeholder(v) {
		p.row(fTenant, i, end, open, strings.ToLower(v))
	}
	return i
}

func (p *page) row(kind fieldKind, i, end, open int, v string) {
	p.fields = append(p.fields, field{kind: kind, pos: i, end: end, object: open, text: v, row: true})
}

// rowValue reads the value that is assigned behind a key of a log row: to the closing quote, or to a comma or the end of
// the line where there is none.
func (p *page) rowValue(end int) string {
	s := p.s
	j, ok := assigned(s, end)
	if !ok || strings.Contains(s[end:j], "\n\n") {
		return ""
	}
	stops := ",;\n\t&|}"
	if q := s[j-1]; q == '"' || q == '\'' {
		stops = string(q) + "\n"
	}
	to := strings.IndexAny(s[j:min(len(s), j+256)], stops)
	if to < 0 {
		to = min(len(s), j+256) - j
	}
	return strings.TrimSpace(s[j : j+to])
}
