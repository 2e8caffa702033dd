package aadsts

import "strings"

// Secret is a place in a text that must not be shown, stored or logged.
type Secret struct {
	// Kind is what it is: "JWT", "SAML assertion", "client secret", "refresh token", "access token", "cookie",
	// "authorization code", "password" or "private key".
	Kind       string
	Start, End int // byte offsets in the text as it was given
}

// The kinds.
const (
	kindJWT      = "JWT"
	kindSAML     = "SAML assertion"
	kindSecret   = "client secret"
	kindRefresh  = "refresh token"
	kindAccess   = "access token"
	kindCookie   = "cookie"
	kindCode     = "authorization code"
	kindPassword = "password"
	kindKey      = "private key"
)

// FindSecrets returns the secrets in text, in order and without overlap. It knows them by their shape, or by the name that
// they are assigned to; names of variables and values that are already masked are none. The claims parameter of an error,
// {"access_token":{"capolids":…}}, is none either.
func FindSecrets(text string) []Secret {
	f := finder{s: text}
	for f.i < len(text) {
		if end, kind := f.at(f.i); end > f.i && kind != "" {
			f.i = end
		} else {
			f.i = max(f.i+1, end)
		}
	}
	return f.out
}

// Redact returns text with every secret replaced by "[kind removed]".
func Redact(text string) string {
	found := FindSecrets(text)
	if len(found) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, s := range found {
		b.WriteString(text[at:s.Start])
		b.WriteString("[" + s.Kind + " removed]")
		at = s.End
	}
	b.WriteString(text[at:])
	return b.String()
}

type finder struct {
	s   string
	i   int
	out []Secret
	// noClose remembers element names whose closing tag was looked for in vain, so that it is looked for once.
	noClose [2]bool
	// The value that was looked at last, and how many names within it were in vain: code=code=code=… is read once.
	valueFrom, valueTo, tries int
	headerTo                  int // the same for a header's line
}

// add notes a secret and returns its end.
func (f *finder) add(kind string, start, end int) (int, string) {
	f.out = append(f.out, Secret{kind, start, end})
	return end, kind
}

// at looks at what begins at i. It returns where to go on, and the kind if it was a secret.
func (f *finder) at(i int) (end int, kind string) {
	s := f.s
	switch c := s[i]; {
	case c == 'e' && strings.HasPrefix(s[i:], "eyJ") && (i == 0 || !isToken(s[i-1]) && s[i-1] != '.'):
		if end := jwtEnd(s, i); end > i {
			return f.add(kindJWT, i, end)
		}
	case c == '<' || c == '&' || c == '%':
		if end := f.saml(i); end > i {
			return f.add(kindSAML, i, end)
		}
		return i, ""
	case c == 'Q' && strings.HasPrefix(s[i:], "Q~"):
		if start, end := entraSecret(s, i); end > i && (len(f.out) == 0 || f.out[len(f.out)-1].End <= start) {
			return f.add(kindSecret, start, end)
		}
	case (c == '0' || c == '1' || c == 'M') && i+3 < len(s) && s[i+1] == '.' && (i == 0 || !isToken(s[i-1]) && s[i-1] != '.'):
		if end := opaqueEnd(s, i); end > i {
			return f.add(kindRefresh, i, end)
		}
	case c == 'P' && (strings.HasPrefix(s[i:], "PHNhbW") || strings.HasPrefix(s[i:], "PD94bWwg")) && (i == 0 || !isBase64(s[i-1])):
		if end := base64End(s, i); end-i >= 100 {
			return f.add(kindSAML, i, end)
		}
	case c == ':' && strings.HasPrefix(s[i:], "://"):
		if start, end := urlPassword(s, i+3); end > start {
			return f.add(kindPassword, start, end)
		}
	case c == '-' && strings.HasPrefix(s[i:], "-----BEGIN "):
		if end := keyEnd(s, i); end > i {
			return f.add(kindKey, i, end)
		}
	}
	if isLetter(s[i]) || s[i] == '-' || s[i] == '.' {
		if i > 0 && (isToken(s[i-1]) || s[i-1] == '.') && !escaped(s, i) {
			return i, ""
		}
		return f.key(i)
	}
	return i, ""
}

// escaped reports whether the letter before i belongs to an escape, \n or %22.
func escaped(s string, i int) bool {
	return i > 1 && s[i-2] == '\\' && strings.IndexByte("nrt", s[i-1]) >= 0 || i > 2 && s[i-3] == '%' && isHex(s[i-2]) && isHex(s[i-1])
}

// key reads a name and, where a secret is assigned to it, that.
func (f *finder) key(i int) (end int, kind string) {
	s := f.s
	end = i
	var buf [40]byte
	n := 0
	for end < len(s) && (isAlnum(s[end]) || s[end] == '_' || s[end] == '-' || s[end] == '.') && end-i < 256 {
		if isAlnum(s[end]) {
			if n < len(buf) {
				buf[n] = s[end] | 0x20
			}
			n++
		}
		end++
	}
	if end == i {
		return i, ""
	}
	if n > len(buf) || n < 2 && s[i] != '-' {
		return i, ""
	}
	kind, least := secretName(string(buf[:n]), s[i:end])
	if kind == "" {
		return i, ""
	}
	name := string(buf[:n])
	from, ok := f.assigned(end, s[i] == '-' || name == "converttosecurestring" || name == "bearer", kind)
	if !ok || from >= len(s) {
		return i, ""
	}
	if kind == kindCookie && strings.HasSuffix(name, "cookie") {
		if from < f.headerTo {
			return i, ""
		}
		f.headerTo = headerEnd(s, from)
		if v := s[from:f.headerTo]; len(v) >= 8 && v[0] != '[' && strings.IndexByte(v, '=') > 0 {
			return f.add(kind, from, f.headerTo)
		}
		return i, ""
	}
	if strings.HasPrefix(s[from:], "eyJ") {
		if to := jwtEnd(s, from); to > from {
			return f.add(kindJWT, from, to)
		}
	}
	if from < f.valueFrom || from >= f.valueTo {
		f.valueFrom, f.valueTo, f.tries = from, valueEnd(s, from), 0
	}
	if f.tries++; f.tries > 8 {
		return f.valueTo, ""
	}
	to := f.valueTo
	if kind == kindSAML {
		to = base64End(s, from)
	}
	v := s[from:min(to, from+4096)]
	if len(v) < least || harmless(v) || !f.fits(kind, end, from, v) {
		return i, ""
	}
	return f.add(kind, from, to)
}

// secretName tells which kind of secret a name stands for, and how long it is at least. name is in lower case without
// punctuation, raw as it stands.
func secretName(name, raw string) (kind string, least int) {
	switch {
	case strings.HasSuffix(name, "clientsecret"), name == "secrettext", name == "appsecret", name == "clientsecretvalue", name == "serviceprincipalkey", strings.HasSuffix(name, "secretvalue"):
		return kindSecret, 8
	case strings.HasSuffix(name, "refreshtoken"):
		return kindRefresh, 20
	case strings.HasSuffix(name, "accesstoken"), strings.HasSuffix(name, "idtoken"), name == "bearer", name == "clientassertion":
		return kindAccess, 20
	case name == "samlresponse", name == "wresult", name == "samlassertion":
		return kindSAML, 40
	case strings.HasPrefix(name, "estsauth"), name == "estssc", name == "signinstatecookie", name == "fedauth", name == "rtfa", name == "msisauth", name == "aspnetcorecookies", name == "aspnetcookies", name == "appserviceauthsession",
		name == "xmsrefreshtokencredential":
		return kindCookie, 16
	case name == "cookie", name == "setcookie":
		return kindCookie, 8
	case name == "code", name == "authorizationcode", name == "authcode", name == "devicecode":
		return kindCode, 16
	case strings.HasSuffix(name, "password"), name == "passwd", name == "passwort", name == "pwd", name == "pass", name == "converttosecurestring", raw == "-p":
		return kindPassword, 4
	}
	return "", 0
}

// assigned steps over the separators behind a name: quotes, colon, equals sign, also escaped. A command's flag needs only a
// blank.
func (f *finder) assigned(i int, flag bool, kind string) (from int, ok bool) {
	s := f.s
	ok = flag
	for from = i; from < len(s) && from-i < 40; {
		switch c := s[from]; {
		case c == ':' || c == '=':
			ok = true
			from++
		case c == ' ' || c == '\t' || c == '"' || c == '\'' || c == '\\' || c == '`' || c == '>' && from > i:
			from++
		case c == '%' && from+2 < len(s):
			switch strings.ToLower(s[from+1 : from+3]) {
			case "3a", "3d":
				ok = true
			case "22", "27", "20", "5c":
			case "25":
				from++
				continue
			default:
				return from, ok && from > i
			}
			from += 3
		case c == '&' && strings.HasPrefix(s[from:], "&quot;"):
			from += len("&quot;")
		case c == '&' && strings.HasPrefix(s[from:], "&#39;"):
			from += len("&#39;")
		case kind == kindSAML && strings.HasPrefix(s[from:], "value"): // <input name="SAMLResponse" value="…"
			from += len("value")
		case kind == kindAccess && hasFold(s[from:], "bearer "):
			from += len("bearer ")
		case kind == kindPassword && flag && hasFold(s[from:], "-string "):
			from += len("-string ")
		default:
			return from, ok && from > i
		}
	}
	return from, false
}

// fits reports whether a value of the right length is a secret of the kind.
func (f *finder) fits(kind string, end, from int, v string) bool {
	separators := f.s[end:from]
	switch kind {
	case kindSecret:
		return hasDigit(v)
	case kindPassword:
		if strings.ContainsAny(v, "().$") && !hasDigit(v) {
			return false
		}
		if f.s[end-1] == 'p' && f.s[end-2] == '-' { // -p means something else to most commands
			return f.lineHolds(end, "login") && !strings.HasPrefix(v, "-") || f.lineHolds(end, " -u ") && !strings.HasPrefix(v, "-")
		}
		quoted := strings.ContainsAny(separators, "\"'")
		return strings.Contains(separators, "=") || strings.Contains(strings.ToLower(separators), "%3d") || quoted || hasDigit(v) || strings.ContainsAny(v, "!#&^~*")
	case kindCode:
		if strings.HasPrefix(v, "0.A") || strings.HasPrefix(v, "1.A") || strings.HasPrefix(v, "M.") || strings.HasPrefix(v, "OAQAB") || strings.HasPrefix(v, "AQAB") || strings.HasPrefix(v, "AwAB") {
			return true
		}
		if isGUID(v) || !hasDigit(v) || atoi(v[:min(len(v), 9)]) > 0 || strings.ContainsAny(v, "()") {
			return false
		}
		around := strings.ToLower(f.s[max(0, end-600):min(len(f.s), from+len(v)+600)])
		return len(v) >= 20 && strings.Contains(around, "state")
	case kindAccess, kindRefresh:
		return hasDigit(v) && !strings.ContainsAny(v, "(){}[]")
	}
	return true
}

// lineHolds reports whether the line around i holds word.
func (f *finder) lineHolds(i int, word string) bool {
	from, to := max(0, i-200), min(len(f.s), i+200)
	if j := strings.LastIndexByte(f.s[from:i], '\n'); j >= 0 {
		from += j
	}
	if j := strings.IndexByte(f.s[i:to], '\n'); j >= 0 {
		to = i + j
	}
	return strings.Contains(strings.ToLower(f.s[from:to]), word)
}
