package aadsts

import "strings"

// readMessage reads tenant, application, user and resource out of the sentence that follows a code, and writes them into e
// where it has none yet. Entra puts nearly every such value in quotes; the words before a quote tell what it is. In other
// languages than English the words are unknown, so what is left over is told by its shape, for codes whose sentence is known.
func readMessage(s string, e *Error) {
	m := message{s: s, e: e}
	m.read()
	m.leftOver()
}

type message struct {
	s     string
	e     *Error
	words [4]string // the last words before the place that is read, latest first; "'" stands for a quoted value
	rest  []quoted  // values whose words told nothing
	told  bool      // words told what a value is that only English has, so the sentence is English
}

type quoted struct {
	v, after string
	named    string // what stands in brackets behind it
}

// role is what a value is.
type role uint8

const (
	unknown role = iota
	none         // certainly of no interest
	tenant
	app     // id or name of the client application
	appID   // surely its id
	appName // surely its name
	user
	resource
	provider
	redirect
)

func (m *message) push(w string) {
	copy(m.words[1:], m.words[:3])
	m.words[0] = w
}

func (m *message) read() {
	s := m.s
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case (c == '\'' || c == '"') && opens(s, i):
			if v, end, ok := quote(s, i); ok {
				m.quoted(i, v, end)
				i = end
				continue
			}
			i++
		case isAlnum(c) || c >= 0x80:
			end := i
			for end < len(s) && (isAlnum(s[end]) || s[end] == '_' || s[end] == '-' || s[end] >= 0x80) {
				end++
			}
			w := strings.ToLower(s[i:min(end, i+24)])
			if to := m.word(w, i, end); to > end {
				m.push("'")
				i = to
				continue
			}
			m.push(w)
			i = end
		default:
			i++
		}
	}
}

// opens reports whether the quote at i begins a value; an apostrophe does not.
func opens(s string, i int) bool {
	return i+1 < len(s) && (i == 0 || !isAlnum(s[i-1]) && s[i-1] != s[i]) && s[i+1] != s[i] && s[i+1] != '\n'
}

// quote reads the value in quotes at i. The closing quote is one that no letter follows, for the sake of O'Brien.
func quote(s string, i int) (v string, end int, ok bool) {
	q := s[i]
	for j := i + 2; j < len(s) && j-i < 600; j++ {
		if s[j] == '\n' && s[j-1] == '\n' {
			break
		}
		if s[j] == q && (j+1 == len(s) || !isAlnum(s[j+1]) && s[j+1] != q) {
			v = unwrap(s[i+1 : j])
			return v, j + 1, !isSentence(v)
		}
	}
	return "", i, false
}

// isSentence tells a whole message in quotes from a value: no name has that many words.
func isSentence(v string) bool {
	return strings.Count(v, " ") > 9 || len(v) > 40 && strings.Contains(v, ". ")
}

func (m *message) quoted(i int, v string, end int) {
	after := m.s[end:min(len(m.s), end+24)]
	name, _ := bracketed(m.s, end)
	r := m.role(v, after)
	if r == unknown && i > 0 && m.s[i-1] == '(' && isGUID(v) { // the application Payroll ('1f…')
		if n := nameBefore(m.s, i-1); n != "" {
			m.set(app, v, n)
			m.push("'")
			return
		}
	}
	m.push("'")
	if r == unknown {
		m.rest = append(m.rest, quoted{v: v, after: after, named: name})
		return
	}
	m.told = m.told || r == user || r == provider || r == tenant || r == resource || r == redirect
	m.set(r, v, name)
}

// role tells by the words around what a quoted value is.
func (m *message) role(v, after string) role {
	w := m.words
	follow := strings.ToLower(strings.TrimLeft(after, " \n\t"))
	switch {
	case strings.HasPrefix(follow, "tenant is"), strings.HasPrefix(follow, "directory"), strings.HasPrefix(follow, "tenant denied"):
		return tenant
	}
	switch w[0] {
	case "account", "user", "users":
		if w[1] == "service" || w[1] == "storage" {
			return none
		}
		return user
	case "provider", "idp":
		return provider
	case "tenant", "directory", "organization", "organisation":
		return tenant
	case "named":
		switch w[1] {
		case "tenant", "directory":
			return tenant
		case "principal", "resource":
			return resource
		case "'":
			return appName
		case "application", "app":
			return m.namedApplication(follow)
		}
		return none
	case "name":
		if w[1] == "app" || w[1] == "application" || w[1] == "display" {
			return appName
		}
		if w[1] == "tenant" {
			return tenant
		}
		return none
	case "application", "app":
		if (w[1] == "the" && w[2] == "for" || w[1] == "party") && m.e.AppID != "" && m.e.Resource == "" && w[3] == "role" {
			return resource
		}
		return app
	case "id", "ids", "identifier", "appid":
		switch w[1] {
		case "tenant", "directory":
			return tenant
		case "resource", "service", "object", "user", "policy", "key", "secret", "device", "subscription", "trace", "correlation", "request", "session", "certificate":
			return none
		case "app", "application", "client":
			if w[2] == "resource" {
				return resource
			}
			return appID
		case "with", "the", "an":
			switch {
			case w[2] == "application" || w[2] == "app" || w[2] == "client":
				return appID
			case w[2] == "certificate" || w[2] == "key" || w[2] == "tenant":
				return none
			}
		}
		return none
	case "client":
		if isGUID(v) {
			return appID
		}
		return none
	case "resource", "service", "access", "audience":
		if w[0] == "audience" {
			return none
		}
		return resource
	case "uri", "url", "uris", "address":
		if w[1] == "redirect" || w[1] == "reply" {
			return redirect
		}
		return none
	case "scope", "scopes", "parameter", "parameters", "subject", "issuer", "method", "type", "value", "was", "is", "client_id", "response_type",
		"permission", "claim", "issued", "after", "before", "policy", "header", "algorithm", "endpoint", "error", "code", "and", "or", "nameid", "format", "grant", "host", "url_":
		return none
	}
	return unknown
}

// namedApplication tells "The application named X was not found in the tenant named Y", where X is what was asked for,
// from an application that asks.
func (m *message) namedApplication(follow string) role {
	if strings.HasPrefix(follow, "was not found in the tenant") {
		return resource
	}
	return app
}

// set writes v into the field of role r, if it is a value and the field is free.
func (m *message) set(r role, v, name string) {
	v = tidy(v)
	e := m.e
	if r == app && (isGUID(v) || strings.Contains(v, "://") || strings.HasPrefix(v, "urn:") || strings.HasPrefix(v, "api:")) {
		r = appID
	}
	switch r {
	case tenant:
		fill(&e.Tenant, v)
	case user:
		if isUser(v) || !strings.Contains(v, "@") && !strings.Contains(v, " ") && !isGUID(v) {
			fill(&e.User, v)
		}
	case resource:
		fill(&e.Resource, v)
	case provider:
		fill(&e.IdentityProvider, v)
	case redirect:
		fill(&e.RedirectURI, v)
	case appName, app:
		if e.AppID == "" || r == appName || e.AppName == "" {
			fill(&e.AppName, v)
		}
	case appID:
		if e.AppID != "" && !strings.EqualFold(e.AppID, v) {
			return
		}
		fill(&e.AppID, v)
		fill(&e.AppName, tidy(name))
	}
}

// fill sets an empty field, unless v only stands for a value that was taken out.
func fill(field *string, v string) {
	if *field == "" && len(v) <= 2048 && !placeholder(v) {
		*field = v
	}
}

// tidy brings a value into the form that fields hold: one line, GUIDs in lower case.
func tidy(v string) string {
	v = unwrap(v)
	if isGUID(v) {
		return strings.ToLower(v)
	}
	return v
}

// bracketed reads the name in brackets that may follow an id: '1f…'(Payroll), '1f…' (Payroll (EU)).
func bracketed(s string, i int) (name string, end int) {
	if i < len(s) && (s[i] == ' ' || s[i] == '\n') {
		i++
	}
	if i >= len(s) || s[i] != '(' {
		return "", i
	}
	depth := 0
	for j := i; j < len(s) && j-i < 200; j++ {
		switch s[j] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return strings.Trim(s[i+1:j], "'\" \n"), j + 1
			}
		}
	}
	return "", i
}

// nameBefore reads the name of an application whose id stands in brackets behind it: "the application Payroll (".
func nameBefore(s string, open int) string {
	from := max(0, open-160)
	before := lowerASCII(s[from:open])
	at := strings.LastIndex(before, "application ")
	if at < 0 {
		return ""
	}
	name := unwrap(s[from+at+len("application ") : open])
	if strings.ContainsAny(name, "'\"") {
		name = strings.Trim(name, "'\" ")
	}
	return name
}
