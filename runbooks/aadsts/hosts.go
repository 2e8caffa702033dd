package aadsts

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// maxHosts bounds the hosts that an error keeps. A message with more addresses than that is a log.
const maxHosts = 5

// maxHost is the longest name that DNS knows, in bytes.
const maxHost = 253

var (
	webAddress = regexp.MustCompile("(?i)https?:[/\\\\]{2,}[^\\s<>\"`|]+")
	spelled    = regexp.MustCompile(`(?i)AADSTS[ _-]?(\d{4,8})`)
	// unescape takes JSON's and HTML's escapes off an address: it is otherwise read as it was pasted.
	unescape = strings.NewReplacer(`\/`, `/`, `\u0026`, `&`, `\u003d`, `=`, `&amp;`, `&`)
)

// addHosts notes at each error the hosts of the web addresses that brought it: those that carry its code in a parameter
// named error, error_description or the like, as the redirect at the end of a failed sign-in does. An address that merely
// tells of a code, such as a search or a page of a manual, is none. Only the host is kept.
// https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2.1
func addHosts(text string, errs []Error) {
	if !strings.Contains(text, ":/") && !strings.Contains(text, `:\`) {
		return
	}
	for _, address := range webAddress.FindAllString(unescape.Replace(text), -1) {
		rest := strings.TrimLeft(address[strings.IndexByte(address, ':')+1:], `/\`)
		end := strings.IndexAny(rest, "/\\?#")
		if end < 0 {
			continue
		}
		host := hostOf(rest[:end])
		if host == "" {
			continue
		}
		for _, code := range carried(rest[end:]) {
			i := slices.IndexFunc(errs, func(e Error) bool { return e.Code == code })
			if i >= 0 && len(errs[i].URLHosts) < maxHosts && !slices.Contains(errs[i].URLHosts, host) {
				errs[i].URLHosts = append(errs[i].URLHosts, host)
			}
		}
	}
}

// carried are the codes in the error parameters of an address, in its query or its fragment.
func carried(rest string) []int {
	at := strings.IndexAny(rest, "?#")
	if at < 0 {
		return nil
	}
	var codes []int
	for _, parameter := range strings.FieldsFunc(rest[at:], func(r rune) bool { return strings.ContainsRune("?#&;", r) }) {
		name, value, _ := strings.Cut(parameter, "=")
		if !hasFold(name, "error") {
			continue
		}
		for range 2 { // some proxies encode twice
			if plain, err := url.QueryUnescape(value); err == nil {
				value = plain
			}
		}
		for _, m := range spelled.FindAllStringSubmatch(value, -1) {
			codes = append(codes, atoi(m[1]))
		}
	}
	return codes
}

// hostOf is the host that a browser would go to, in lower case: what stands before an @ is a user's name, what follows a
// colon the port, and a dot at the end is none. https://url.spec.whatwg.org/#host-parsing
func hostOf(authority string) string {
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	if plain, err := url.PathUnescape(host); err == nil {
		host = plain
	}
	host = strings.Map(func(r rune) rune {
		switch {
		case r == '\u3002' || r == '\uff0e' || r == '\uff61': // the full stops of other scripts
			return '.'
		case r <= ' ' || r == 0x7f || r == '\u00ad' || r >= '\u200b' && r <= '\u200d' || r == '\ufeff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(host, ""))
	if strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 {
			return ""
		}
		return strings.ToLower(host[:end+1])
	}
	if i := strings.IndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	host = strings.ToLower(strings.TrimRight(host, "."))
	if len(host) > maxHost {
		return ""
	}
	return host
}
