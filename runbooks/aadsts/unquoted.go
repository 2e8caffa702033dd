package aadsts

import "strings"

// word reads the values that Entra does not put in quotes. i and end bound the word w. It returns where a value ended, or
// end if there is none.
func (m *message) word(w string, i, end int) int {
	s := m.s
	switch w {
	case "named":
		switch m.words[0] {
		case "principal":
			if v, to := until(s, end, "was not found", "wasn't found", "not found"); v != "" {
				m.set(resource, v, "")
				return to
			}
		case "application", "app":
			if v, to := until(s, end, "was not found in the tenant"); v != "" {
				m.set(resource, v, "")
				return to
			}
		case "tenant":
			if v, to := sentence(s, end); v != "" {
				m.set(tenant, v, "")
				return to
			}
		}
	case "tenant", "directory":
		if v, to, ok := guidAt(s, end); ok {
			m.set(tenant, v, "")
			return to
		}
		if w == "tenant" {
			if v, to := until(s, end, "not found", "was not found"); v != "" && !strings.Contains(v, "'") && (isDomain(tidy(v)) || m.words[0] == "") {
				m.set(tenant, v, "")
				return to
			}
		}
	case "in", "from", "to": // in the contoso.com directory
		if v, to := until(s, end, "directory", "tenant"); strings.HasPrefix(v, "the ") && !strings.Contains(v, "'") {
			v = strings.TrimSpace(v[len("the "):])
			if isDomain(tidy(v)) || isGUID(tidy(v)) || v != "" && (m.e.Code == 50034 || m.e.Code == 51004) {
				m.set(tenant, v, "")
				return to
			}
		}
	case "account":
		if m.words[0] != "user" {
			break
		}
		if v, to := token(s, end); isUser(strings.Trim(v, "'\"")) {
			m.set(user, strings.Trim(v, "'\""), "")
			return to
		}
	case "organization", "organisation":
		if v, to := token(s, end); isDomain(v) {
			m.set(tenant, v, "")
			return to
		}
	case "application", "app", "id", "client":
		if w == "application" && m.words[0] == "using" {
			break
		}
		v, to, ok := guidAt(s, end)
		if !ok {
			break
		}
		switch r := m.idRole(w); r {
		case none:
		default:
			name, after := bracketed(s, to)
			m.set(r, v, name)
			return max(to, after)
		}
	case "resource":
		if v, to, ok := guidAt(s, end); ok {
			m.set(resource, v, "")
			return to
		}
	case "request": // Resource value from request: …
		if m.words[0] == "from" && m.words[1] == "value" {
			if v, to := token(s, end); v != "" {
				m.set(resource, v, "")
				return to
			}
		}
	case "contact": // Contact the Payroll application owner.
		if v, to := until(s, end, "application owner"); strings.HasPrefix(v, "the ") {
			m.set(appName, v[len("the "):], "")
			return to
		}
	}
	return end
}

// idRole tells what a GUID without quotes behind "application", "app", "id" or "client" is.
func (m *message) idRole(w string) role {
	if w != "id" {
		if m.words[0] == "resource" {
			return resource
		}
		return appID
	}
	switch m.words[0] {
	case "app", "application", "client":
		if m.words[1] == "resource" {
			return resource
		}
		return appID
	case "with":
		if m.words[1] == "application" || m.words[1] == "app" || m.words[1] == "client" {
			return appID
		}
	case "tenant", "directory":
		return tenant
	}
	return none
}

// until reads from i up to the first of the ends, at most 120 bytes within one sentence.
func until(s string, i int, ends ...string) (v string, to int) {
	from := i
	for from < len(s) && strings.IndexByte(" \n\t:", s[from]) >= 0 {
		from++
	}
	span := s[from:min(len(s), from+140)]
	low := lowerASCII(span)
	best := -1
	for _, e := range ends {
		if at := indexWords(low, e); at > 0 && (best < 0 || at < best) {
			best = at
		}
	}
	if best <= 0 {
		return "", i
	}
	v = strings.TrimSpace(span[:best])
	if strings.Contains(v, ". ") || strings.Contains(v, "\n\n") {
		return "", i
	}
	return v, from + best
}

// indexWords finds words in low, where a line may break between them.
func indexWords(low, words string) int {
	first, rest, more := strings.Cut(words, " ")
	for from := 0; ; {
		at := strings.Index(low[from:], first)
		if at < 0 {
			return -1
		}
		at += from
		from = at + len(first)
		if at > 0 && !isBlank(low[at-1]) {
			continue
		}
		if !more {
			return at
		}
		j := from
		for j < len(low) && isBlank(low[j]) {
			j++
		}
		if j > from && (strings.HasPrefix(low[j:], rest) || indexWords(low[j:], rest) == 0) {
			return at
		}
	}
}

// sentence reads from i to the end of the sentence. A name may end in a dot of its own: Contoso Inc.
func sentence(s string, i int) (v string, to int) {
	from := i
	for from < len(s) && isBlank(s[from]) {
		from++
	}
	span := s[from:min(len(s), from+140)]
	end := len(span)
	if at := indexWords(lowerASCII(span), "this can happen"); at > 0 {
		end = at
	} else if at := strings.Index(span, ". "); at >= 0 {
		end = at + 1
	} else if at := strings.IndexByte(span, '\n'); at >= 0 {
		end = at
	}
	v = strings.TrimSpace(span[:end])
	v = strings.TrimSpace(strings.TrimSuffix(v, "."))
	if strings.HasPrefix(v, "'") || strings.HasPrefix(v, "\"") { // in quotes after all
		return "", i
	}
	return v, from + end
}

// token reads one word without blanks at i, without the punctuation of the sentence around it.
func token(s string, i int) (v string, to int) {
	for i < len(s) && strings.IndexByte(" \n\t:", s[i]) >= 0 {
		i++
	}
	to = i
	for to < len(s) && !isBlank(s[to]) && to-i < 256 {
		to++
	}
	return strings.TrimRight(s[i:to], ".,;:!)"), to
}

// guidAt reads a GUID that follows i, quotes and brackets left out.
func guidAt(s string, i int) (guid string, to int, ok bool) {
	for n := 0; i < len(s) && n < 4 && strings.IndexByte(" \n\t:(", s[i]) >= 0; n++ {
		i++
	}
	if i >= len(s) || !isHex(s[i]) {
		return "", i, false
	}
	return readGUID(s, i)
}
