package aadsts

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// harmless reports whether a value is masked, a placeholder, or the name of a variable.
func harmless(v string) bool {
	if masked(v) || placeholder(v) || v[0] == '[' || v[0] == '(' {
		return true
	}
	low := strings.ToLower(v)
	for _, w := range []string{"process.env", "os.environ", "os.getenv", "getenv", "secrets.", "var.", "local.", "config.", "configuration[", "settings.", "env:", "env.", "self.", "this.", "args.", "data.", "removed]"} {
		if strings.HasPrefix(low, w) {
			return true
		}
	}
	return strings.Contains(low, "client_secret") || strings.Contains(low, "clientsecret") || strings.Contains(low, "your-") || strings.Contains(low, "your_")
}

func hasDigit(v string) bool { return strings.ContainsAny(v, "0123456789") }

func isToken(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }

func isBase64(c byte) bool { return isToken(c) || c == '+' || c == '/' || c == '=' }

// valueEnd returns the end of a value that begins at i.
func valueEnd(s string, i int) int {
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ' || strings.IndexByte("\"'&,;\\}<>`", c) >= 0:
			return i
		case c == '%' && i+2 < len(s):
			switch strings.ToLower(s[i+1 : i+3]) {
			case "22", "26", "27", "0a", "0d", "20", "7d", "5c", "2c":
				return i
			}
		}
	}
	return i
}

// headerEnd returns the end of a header's value: the line, or the closing quote of a command's argument.
func headerEnd(s string, i int) int {
	q := byte(0)
	for j := i - 1; j >= 0 && i-j < 48 && s[j] != '\n'; j-- {
		if s[j] == '\'' || s[j] == '"' {
			q = s[j]
			break
		}
	}
	for i < len(s) && s[i] != '\n' && s[i] != '\r' && (q == 0 || s[i] != q) && !strings.HasPrefix(s[i:], "\\r") && !strings.HasPrefix(s[i:], "\\n") {
		i++
	}
	return i
}

// run reads characters of a token, and goes on behind a line break where a terminal or a mail has broken it.
func run(s string, i int, in func(byte) bool) int {
	line := i
	for {
		for i < len(s) && in(s[i]) {
			i++
		}
		j := i
		if j < len(s) && s[j] == '\r' {
			j++
		}
		if j >= len(s) || s[j] != '\n' || i-line < 40 {
			return i
		}
		for j++; j < len(s) && (s[j] == ' ' || s[j] == '\t' || s[j] == '>'); j++ {
		}
		k := j
		for k < len(s) && in(s[k]) {
			k++
		}
		if k-j < 20 {
			return i
		}
		i, line = j, j
	}
}

// jwtEnd returns the end of the JSON Web Token at i, or i if it is none. Its header tells: what only looks like base64 of
// JSON, such as client_info or a claims challenge, is no token.
func jwtEnd(s string, i int) int {
	end := run(s, i, func(c byte) bool { return isToken(c) || c == '.' })
	for end > i && s[end-1] == '.' {
		end--
	}
	head, rest, dotted := strings.Cut(s[i:end], ".")
	if len(head) < 12 {
		return i
	}
	if dotted && strings.HasPrefix(rest, "eyJ") {
		return end
	}
	var out [96]byte
	part := head[:min(len(head), 128)&^3]
	n, err := base64.RawURLEncoding.Decode(out[:], []byte(part))
	if err != nil && n == 0 {
		return i
	}
	for _, w := range []string{`"alg"`, `"typ"`, `"kid"`, `"enc"`, `"x5t"`} {
		if bytes.Contains(out[:n], []byte(w)) {
			return end
		}
	}
	return i
}

// opaqueEnd returns the end of a token that only Entra can read, 0.AX…, 1.AX…, M.C5…; i if there is none.
func opaqueEnd(s string, i int) int {
	switch {
	case s[i+2] == 'A':
	case s[i] == 'M' && (s[i+2] == 'C' || s[i+2] == 'R') && isDigit(s[i+3]):
	default:
		return i
	}
	end := run(s, i, func(c byte) bool { return isToken(c) || c == '.' || c == '!' || c == '*' || c == '$' })
	for end > i && s[end-1] == '.' {
		end--
	}
	if end-i < 40 {
		return i
	}
	return end
}

// entraSecret returns the client secret around the mark Q~ that Entra sets behind the fourth character.
func entraSecret(s string, i int) (start, end int) {
	in := func(c byte) bool { return isToken(c) || c == '.' || c == '~' }
	start = i - 4
	if start < 0 || !isDigit(s[i-1]) || !in(s[start]) || !in(s[start+1]) || !in(s[start+2]) {
		return i, i
	}
	end = i + 2
	for end < len(s) && in(s[end]) && end-start < 64 {
		end++
	}
	if end-start < 30 {
		return i, i
	}
	return start, end
}

// base64End returns the end of base64 text, percent signs of form encoding included.
func base64End(s string, i int) int {
	return run(s, i, func(c byte) bool { return isBase64(c) || c == '%' })
}

// urlPassword returns the password of a URL's user part, https://ann:password@host; an empty span if it has none.
func urlPassword(s string, i int) (start, end int) {
	for j := i; j < len(s) && j-i < 120; j++ {
		switch c := s[j]; {
		case c == ':' && start == 0:
			start = j + 1
		case c == '@' && start > 0 && j-start >= 3 && !harmless(s[start:j]):
			return start, j
		case c <= ' ' || strings.IndexByte("/?#@\"'<>[", c) >= 0:
			return 0, 0
		}
	}
	return 0, 0
}

// keyEnd returns the end of a PEM private key.
func keyEnd(s string, i int) int {
	head := s[i:min(len(s), i+64)]
	if !strings.Contains(head, "PRIVATE KEY-----") {
		return i
	}
	if n := strings.Index(s[i+11:], "-----END "); n >= 0 {
		end := i + 11 + n + len("-----END ")
		if m := strings.Index(s[end:], "-----"); m >= 0 && m < 40 {
			return end + m + 5
		}
		return end
	}
	return len(s)
}

// saml returns the end of a SAML assertion or response in XML that opens at i, its bracket also escaped; i if there is none.
func (f *finder) saml(i int) int {
	s := f.s
	j := i
	for _, open := range []string{"<", "&lt;", "%3C", "%3c"} {
		if strings.HasPrefix(s[i:], open) {
			j = i + len(open)
		}
	}
	if j == i {
		return i
	}
	from := j
	for j < len(s) && j-from < 16 && isAlnum(s[j]) {
		j++
	}
	name := s[from:j]
	if prefix := strings.ToLower(name); j < len(s) && (s[j] == ':' || strings.HasPrefix(s[j:], "%3")) && (strings.HasPrefix(prefix, "saml") || prefix == "ns0" || prefix == "ns1" || prefix == "ns2") {
		for j < len(s) && !isLetter(s[j]) || strings.HasPrefix(s[j:], "A%3") {
			j++
		}
		from = j
		for j < len(s) && j-from < 16 && isLetter(s[j]) {
			j++
		}
		name = s[from:j]
	} else if !strings.Contains(s[j:min(len(s), j+160)], "oasis:names:tc:SAML") {
		return i
	}
	n := 0
	switch name {
	case "Assertion":
	case "Response":
		n = 1
	default:
		return i
	}
	if !f.noClose[n] {
		for at := j; ; {
			k := strings.Index(s[at:], name)
			if k < 0 {
				break
			}
			at += k + len(name)
			before := s[max(j, at-len(name)-24) : at-len(name)]
			if strings.LastIndex(before, "/") > max(strings.LastIndex(before, "<"), strings.LastIndex(before, "lt;"), strings.LastIndex(before, "%3")-2) {
				for _, close := range []string{">", "&gt;", "%3E", "%3e"} {
					if strings.HasPrefix(s[at:], close) {
						return at + len(close)
					}
				}
			}
		}
		f.noClose[n] = true
	}
	if k := strings.Index(s[j:], "\n\n"); k >= 0 { // cut off: to the end of the paragraph
		return j + k
	}
	return len(s)
}
