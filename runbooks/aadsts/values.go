package aadsts

import (
	"strings"
	"time"
)

// readGUID reads a GUID at i, in lower case. A terminal may have broken it over two or three lines.
func readGUID(s string, i int) (guid string, end int, ok bool) {
	var buf [36]byte
	n, breaks := 0, 0
	for ; n < len(buf); i++ {
		if i >= len(s) {
			return "", i, false
		}
		c := s[i]
		switch {
		case c == '\n' && n > 0 && breaks < 2:
			breaks++
			continue
		case n == 8 || n == 13 || n == 18 || n == 23:
			if c != '-' {
				return "", i, false
			}
		case !isHex(c):
			return "", i, false
		}
		if c >= 'A' && c <= 'F' {
			c |= 0x20
		}
		buf[n] = c
		n++
	}
	// Copied pages lose the blank before the next label: …0600Correlation ID.
	if i < len(s) && (isHex(s[i]) && !strings.HasPrefix(s[i:], "Corr") || s[i] == '_') {
		return "", i, false
	}
	return string(buf[:]), i, true
}

const zeroGUID = "00000000-0000-0000-0000-000000000000"

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	_, end, ok := readGUID(s, 0)
	return ok && end == 36 && !strings.Contains(s, "\n")
}

// reader steps over the line breaks that a terminal sets into a value.
type reader struct {
	s string
	i int
}

func (r *reader) digits(n int) (v int, ok bool) {
	for range n {
		if r.i < len(r.s) && r.s[r.i] == '\n' {
			r.i++
		}
		if r.i >= len(r.s) || !isDigit(r.s[r.i]) {
			return 0, false
		}
		v = v*10 + int(r.s[r.i]-'0')
		r.i++
	}
	return v, true
}

func (r *reader) one(set string) bool {
	if r.i < len(r.s) && r.s[r.i] == '\n' && strings.IndexByte(set, '\n') < 0 {
		r.i++
	}
	if r.i >= len(r.s) || strings.IndexByte(set, r.s[r.i]) < 0 {
		return false
	}
	r.i++
	return true
}

// readTime reads a time as Entra prints it: 2024-06-06 08:29:09Z, 2024-06-06T08:29:09.123Z, with an offset instead of the
// Z at times. Without either the time is not certain, and is zero; end still tells where it ended.
func readTime(s string, i int) (t time.Time, end int, ok bool) {
	r := reader{s, i}
	year, ok1 := r.digits(4)
	if !ok1 || !r.one("-") {
		return t, i, false
	}
	month, ok1 := r.digits(2)
	if !ok1 || !r.one("-") {
		return t, i, false
	}
	day, ok1 := r.digits(2)
	if !ok1 || !r.one(" T\t\nt") {
		return t, i, false
	}
	hour, ok1 := r.digits(2)
	if !ok1 || !r.one(":") {
		return t, i, false
	}
	minute, ok1 := r.digits(2)
	if !ok1 || !r.one(":") {
		return t, i, false
	}
	second, ok1 := r.digits(2)
	if !ok1 {
		return t, i, false
	}
	nano := 0
	if r.i+1 < len(s) && s[r.i] == '.' && isDigit(s[r.i+1]) {
		r.i++
		for unit := 100_000_000; r.i < len(s) && isDigit(s[r.i]); r.i++ {
			nano += int(s[r.i]-'0') * unit
			unit /= 10
		}
	}
	offset, zoned := readZone(s, &r.i)
	t = time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC)
	if t.Day() != day || int(t.Month()) != month || hour > 23 || minute > 59 || second > 59 || year < 2000 {
		return time.Time{}, r.i, true
	}
	if !zoned {
		return time.Time{}, r.i, true
	}
	return t.Add(-offset), r.i, true
}

func readZone(s string, i *int) (offset time.Duration, ok bool) {
	rest := s[*i:]
	switch {
	case rest == "":
		return 0, false
	case (rest[0] == 'Z' || rest[0] == 'z') && (len(rest) == 1 || !isAlnum(rest[1]) || rest[1] >= 'A' && rest[1] <= 'Z'): // a copied page may lose the blank behind it
		*i++
		return 0, true
	case strings.HasPrefix(rest, "\nZ") || strings.HasPrefix(rest, " Z"):
		*i += 2
		return 0, len(rest) == 2 || !isAlnum(rest[2])
	}
	for _, name := range []string{" UTC", " GMT", " (UTC)"} {
		if strings.HasPrefix(rest, name) {
			*i += len(name)
			return 0, true
		}
	}
	rest = strings.TrimPrefix(rest, " ")
	if len(rest) < 5 || rest[0] != '+' && rest[0] != '-' {
		return 0, false
	}
	r := reader{rest, 1}
	hours, ok1 := r.digits(2)
	if r.i < len(rest) && rest[r.i] == ':' {
		r.i++
	}
	minutes, ok2 := r.digits(2)
	if !ok1 || !ok2 || hours > 14 || minutes > 59 || r.i < len(rest) && isAlnum(rest[r.i]) {
		return 0, false
	}
	*i = len(s) - len(rest) + r.i
	offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if rest[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// placeholders are words that posters put where a value was, compared without case and without blanks, hyphens, underscores.
var placeholders = map[string]bool{
	"emailhidden": true, "redacted": true, "removed": true, "hidden": true, "masked": true, "censored": true, "anonymized": true,
	"tenant": true, "tenantid": true, "tenantname": true, "mytenant": true, "mytenantid": true, "tenantguid": true, "thetenant": true,
	"sometenant": true, "directory": true, "directoryid": true, "organization": true, "company": true, "common": true,
	"organizations": true, "organisations": true, "consumers": true, "adfs": true,
	"app": true, "appid": true, "appname": true, "myapp": true, "application": true, "applicationid": true, "applicationname": true,
	"client": true, "clientid": true, "myclientid": true, "id": true, "guid": true, "uuid": true, "name": true, "displayname": true,
	"user": true, "username": true, "email": true, "emailaddress": true, "upn": true, "useremail": true, "account": true,
	"null": true, "undefined": true, "none": true, "unknown": true, "na": true, "n/a": true, "abc": true, "xyz": true, "def": true,
	"resource": true, "resourceid": true, "resourcename": true, "value": true, "string": true, "placeholder": true, "identifier": true,
	"objectid": true, "unknownguid": true, "piiremoved": true, "hiddenpii": true, "secret": true, "myemail": true, "mail": true,
}

// placeholder reports whether v stands for a value that the poster took out, or for none.
func placeholder(v string) bool {
	v = strings.TrimSpace(v)
	if v == zeroGUID || masked(v) {
		return true
	}
	var buf [24]byte
	n := 0
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c == ' ' || c == '-' || c == '_' {
			continue
		}
		if n == len(buf) {
			return false
		}
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		buf[n] = c
		n++
	}
	w := string(buf[:n])
	rest, yours := strings.CutPrefix(w, "your")
	return placeholders[w] || yours && rest != ""
}

// masked reports whether signs of masking stand in v: brackets, dots, asterisks, a run of x.
func masked(v string) bool {
	if v == "" || strings.ContainsAny(v, "<>{}…█•") {
		return true
	}
	for _, m := range []string{"...", "**", "###", "___"} {
		if strings.Contains(v, m) {
			return true
		}
	}
	switch v[0] {
	case '[', '(':
		return strings.IndexByte("])", v[len(v)-1]) >= 0
	case '$', '%', '*', '#':
		return true
	}
	filler, run := true, 1 // nothing but x, y, z, 0; length of the present run of one of the letters
	for i := 0; i < len(v); i++ {
		c := v[i] | 0x20
		letter := c == 'x' || c == 'y' || c == 'z'
		filler = filler && (letter || v[i] == '0' || v[i] == '-' || v[i] == '.' || v[i] == '@')
		if run++; i == 0 || !letter || c != v[i-1]|0x20 {
			run = 1
		}
		if run >= 3 {
			return true
		}
	}
	return filler
}

// unwrap joins a value that was broken over lines: without a blank where it is one word, with one otherwise.
func unwrap(v string) string {
	v = strings.TrimSpace(v)
	if !strings.ContainsAny(v, "\n\t") {
		return v
	}
	if joined := strings.ReplaceAll(v, "\n", ""); !strings.ContainsAny(joined, " \t") &&
		(strings.ContainsAny(joined, "@") || strings.Contains(joined, "://") || isGUID(joined) || isDomain(joined)) {
		return joined
	}
	return strings.Join(strings.Fields(v), " ")
}

// lowerASCII is s in lower case as far as ASCII goes, so that offsets stay the same whatever the text holds.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

func isDomain(s string) bool {
	dot := strings.IndexByte(s, '.')
	if dot <= 0 || dot == len(s)-1 || len(s) > 253 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !isAlnum(s[i]) && s[i] != '.' && s[i] != '-' && s[i] < 0x80 {
			return false
		}
	}
	return isLetter(s[len(s)-1]) || s[len(s)-1] >= 0x80
}

// isUser reports whether v names a person: a UPN or mail address, or a guest's #EXT# form.
func isUser(v string) bool {
	at := strings.LastIndexByte(v, '@')
	return at > 0 && !strings.ContainsAny(v, " \n\t\"<>()") && isDomain(v[at+1:]) && !masked(v[:at])
}
