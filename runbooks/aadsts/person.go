package aadsts

import "strings"

// person notes the address around the at sign at i where what stands beside it makes it the affected person's: "for
// ann@contoso.com", "user: ann@contoso.com", "ann@contoso.com gets …", "AADSTS50034 ann@contoso.com". An address without
// may be anybody's.
func (p *page) person(i, open int) {
	s := p.s
	from, to := i, i+1
	for from > 0 && i-from < 80 && inAddress(s[from-1]) {
		from--
	}
	for to < len(s) && to-i < 120 && (isAlnum(s[to]) || s[to] == '.' || s[to] == '-') {
		to++
	}
	v := strings.TrimRight(s[from:to], ".-")
	to = from + len(v)
	if from == i || !isUser(v) || to < len(s) && (s[to] == '@' || s[to] == '/' || s[to] == ':' && !strings.HasPrefix(s[to+1:], " ")) {
		return
	}
	if p.personBefore(from) || personAfter(s[to:min(len(s), to+24)]) || besideCode(s, from, to) {
		p.fields = append(p.fields, field{kind: fPerson, pos: from, end: to, object: open, text: v})
	}
}

func inAddress(c byte) bool { return isAlnum(c) || strings.IndexByte("._-+#'", c) >= 0 }

func (p *page) personBefore(i int) bool {
	label, _ := labelBefore(p.s, i)
	label = strings.ToLower(label[max(0, len(label)-32):])
	word := label[strings.LastIndexAny(label, " \n\t")+1:]
	switch strings.Trim(word, "_-") {
	case "user", "username", "upn", "userprincipalname", "account", "for", "login", "affected", "email", "identity", "displayableuserid", "msaldisplayableuseridkey", "loginid", "signinname", "employee", "colleague", "guest", "member", "benutzer", "utilisateur", "usuario", "utente", "gebruiker":
		return true
	case "name", "id":
		return strings.HasSuffix(label, "user name") || strings.HasSuffix(label, "principal name") || strings.HasSuffix(label, "user id") || strings.HasSuffix(label, "login name")
	case "as":
		return strings.HasSuffix(label, "in as") || strings.HasSuffix(label, "login as")
	}
	return false
}

// besideCode reports whether nothing but punctuation stands between the address and a code in full: that is how people
// write whom an error is about when they write nothing else.
func besideCode(s string, from, to int) bool {
	const between = " \t\n:,;-()'\""
	after := strings.TrimLeft(s[to:min(len(s), to+24)], between)
	if len(after) > 6 && strings.EqualFold(after[:6], "aadsts") && isDigit(after[6]) {
		return true
	}
	before := strings.TrimRight(s[max(0, from-24):from], between)
	digits := len(before)
	for digits > 0 && isDigit(before[digits-1]) {
		digits--
	}
	return digits < len(before) && digits >= 6 && strings.EqualFold(before[digits-6:digits], "aadsts")
}

func personAfter(s string) bool {
	w := strings.TrimLeft(s, "'\"*,) \n")
	if len(w) == len(s) {
		return false
	}
	end := 0
	for end < len(w) && (isLetter(w[end]) || w[end] == '\'') {
		end++
	}
	switch strings.ToLower(w[:end]) {
	case "gets", "get", "got", "is", "sees", "saw", "receives", "received", "cannot", "can't", "couldn't", "can", "fails", "failed", "reports", "reported", "has", "had", "keeps", "hits", "hit", "runs", "was":
		return true
	}
	return false
}

// givePerson gives the address to the errors near it that name nobody, if the text speaks of one person only.
func (p *page) givePerson() {
	const near = 600
	who := ""
	for _, f := range p.fields {
		if f.kind != fPerson {
			continue
		}
		if who != "" && !strings.EqualFold(who, f.text) {
			return
		}
		who = f.text
	}
	if who == "" {
		return
	}
	for _, h := range p.hits {
		if h.err.User != "" {
			return
		}
	}
	for _, f := range p.fields {
		if f.kind != fPerson {
			continue
		}
		for n := max(0, p.firstHit(f.pos)-1); n < len(p.hits) && p.hits[n].pos-f.end <= near; n++ {
			if f.pos-p.hits[n].end <= near {
				fill(&p.hits[n].err.User, who)
			}
		}
	}
}
