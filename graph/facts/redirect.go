package facts

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// redirectURI is a URI in parts, each exactly as it was written: Entra compares redirect URIs as text, so nothing may be
// normalised here. https://learn.microsoft.com/entra/identity-platform/reply-url
type redirectURI struct {
	text                         string
	scheme, host, port           string
	path                         string
	query, fragment              string // with the ? and the #
	labelled, wildcard, loopback bool   // has ://, holds a *, is http on this machine
}

// uriForm is the expression of RFC 3986, appendix B. It fits every text.
var uriForm = regexp.MustCompile(`(?s)^(?:([^:/?#]+):)?(//[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?$`)

func splitURI(text string) redirectURI {
	m := uriForm.FindStringSubmatch(text)
	if m == nil { // unreachable
		return redirectURI{text: text, path: text}
	}
	u := redirectURI{text: text, scheme: m[1], path: m[3], query: m[4], fragment: m[5], wildcard: strings.Contains(text, "*")}
	u.host, u.labelled = strings.CutPrefix(m[2], "//")
	if i := strings.LastIndexByte(u.host, ':'); i >= 0 && strings.Trim(u.host[i+1:], "0123456789") == "" {
		u.host, u.port = u.host[:i], u.host[i+1:]
	}
	u.loopback = strings.EqualFold(u.scheme, "http") && (strings.EqualFold(u.host, "localhost") || u.host == "127.0.0.1")
	return u
}

// accepts reports whether a registration takes the URI that was sent: the same text; on the loopback of a native client
// any port; a wildcard for one name of the host, or for the end of the path.
func (registered redirectURI) accepts(sent redirectURI, platform string) bool {
	switch {
	case sent.text == registered.text:
		return true
	case registered.wildcard:
		return registered.wildcardTakes(sent)
	case platform == "native" && registered.loopback && sent.loopback:
		return strings.EqualFold(sent.host, registered.host) && sent.path == registered.path && sent.query == registered.query && sent.fragment == registered.fragment
	}
	return false
}

// wildcardTakes leaves query and fragment out: Entra strips them where a wildcard matches.
func (registered redirectURI) wildcardTakes(sent redirectURI) bool {
	if !strings.EqualFold(sent.scheme, registered.scheme) || sent.port != registered.port || !sent.labelled {
		return false
	}
	if rest, ok := strings.CutPrefix(registered.host, "*."); ok {
		name, tail, found := strings.Cut(sent.host, ".")
		if !found || name == "" || !strings.EqualFold(tail, rest) {
			return false
		}
	} else if !strings.EqualFold(sent.host, registered.host) {
		return false
	}
	if begin, ok := strings.CutSuffix(registered.path, "*"); ok {
		return strings.HasPrefix(sent.path+"/", begin)
	}
	return sent.path == registered.path || strings.Trim(sent.path+registered.path, "/") == ""
}

// gap is how a URI that was sent differs from a registered one.
type gap struct {
	cost  int      // the smaller, the nearer
	parts []string // names, as in App.Differs
	words []string
	far   bool // they have nothing to do with one another
}

func (g *gap) add(cost int, part, words string) {
	g.cost += cost
	g.parts = append(g.parts, part)
	g.words = append(g.words, words)
}

// between compares two URIs part by part.
func between(sent, registered redirectURI) gap {
	var g gap
	g.scheme(sent, registered)
	strange := g.host(sent, registered)
	if sent.port != registered.port {
		g.add(2, "port", sides("the port", sent.port, registered.port))
	}
	before := len(g.parts)
	g.path(sent, registered)
	if strange && slices.Contains(g.parts[before:], "path") {
		g.far = true
	}
	if sent.query != registered.query {
		g.add(2, "query", sides("the query", sent.query, registered.query))
	}
	if sent.fragment != registered.fragment {
		g.add(2, "fragment", sides("the fragment", sent.fragment, registered.fragment))
	}
	if len(g.parts) == 1 && g.parts[0] == "slash" {
		g.words[0] = sides("a slash at the end", sent.text, registered.text)
	}
	return g
}

func (g *gap) scheme(sent, registered redirectURI) {
	a, b := strings.ToLower(sent.scheme), strings.ToLower(registered.scheme)
	web := func(s string) bool { return s == "http" || s == "https" }
	switch {
	case sent.scheme == registered.scheme:
		if sent.labelled != registered.labelled {
			g.add(2, "scheme", "the two slashes after the scheme")
		}
	case a == b:
		g.add(1, "case", sides("upper and lower case in the scheme", sent.scheme, registered.scheme))
	case web(a) && web(b):
		g.add(2, "scheme", a+" instead of "+b)
	default:
		g.add(3, "scheme", sides("the scheme", sent.scheme, registered.scheme))
		g.far = web(a) || web(b) || distance(a, b) > 2
	}
}

// host compares the hosts. strange says that they are two machines of one owner at best, so that the rest must agree.
func (g *gap) host(sent, registered redirectURI) (strange bool) {
	a, b := strings.ToLower(sent.host), strings.ToLower(registered.host)
	words := sides("the host", sent.host, registered.host)
	wild, isWild := strings.CutPrefix(b, "*")
	switch {
	case sent.host == registered.host:
		return false
	case a == b:
		g.add(1, "case", sides("upper and lower case in the host", sent.host, registered.host))
		return false
	case isWild && strings.HasSuffix("."+a, wild):
		if strings.Count(a, ".") == strings.Count(b, ".") { // the wildcard takes the host: something else differs
			return false
		}
		g.add(2, "host", words+" (a wildcard stands for one name only)")
		return false
	case strings.TrimPrefix(a, "www.") == strings.TrimPrefix(b, "www."), local(a) && local(b):
		g.add(2, "host", words)
		return false
	case a == "" || b == "" || local(a) || local(b):
		g.add(9, "host", words)
		g.far = true
		return true
	case min(len(a), len(b)) > 5 && distance(a, b) <= 2:
		g.add(3, "host", words)
	case owner(a) != "" && owner(a) == owner(b):
		g.add(4, "host", words)
	default:
		g.add(9, "host", words)
		g.far = true
	}
	return true
}

func local(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "[::1]" }

// owner is the part of a host name that one organisation holds; "" where that cannot be told, as under the domains of
// hosting services, where every customer has a name.
func owner(host string) string {
	names := strings.Split(host, ".")
	n := 2
	if len(names) > 2 && len(names[len(names)-1]) == 2 && len(names[len(names)-2]) <= 3 { // co.uk
		n = 3
	}
	if len(names) < n || strings.Trim(host, "0123456789.") == "" {
		return ""
	}
	domain := strings.Join(names[len(names)-n:], ".")
	switch domain {
	case "azurewebsites.net", "azurestaticapps.net", "azurecontainerapps.io", "azure-api.net", "azurefd.net", "cloudapp.net", "azure.com", "windows.net",
		"sharepoint.com", "dynamics.com", "powerappsportals.com", "amazonaws.com", "cloudfront.net", "github.io", "gitlab.io", "herokuapp.com", "netlify.app",
		"vercel.app", "pages.dev", "workers.dev", "web.app", "firebaseapp.com", "run.app", "appspot.com", "onrender.com", "fly.dev", "ngrok.io", "ngrok-free.app":
		return ""
	}
	return domain
}

func (g *gap) path(sent, registered redirectURI) {
	a, b := sent.path, registered.path
	bare := func(p string) string { return strings.TrimSuffix(p, "/") }
	plain := func(p string) string {
		if u, err := url.PathUnescape(p); err == nil {
			return u
		}
		return p
	}
	switch {
	case a == b, registered.wildcard && strings.HasSuffix(b, "*") && strings.HasPrefix(a, strings.TrimSuffix(b, "*")):
	case bare(a) == bare(b):
		g.add(1, "slash", sides("a slash at the end", a, b))
	case strings.EqualFold(a, b):
		g.add(1, "case", sides("upper and lower case in the path", a, b))
	case strings.EqualFold(bare(a), bare(b)):
		g.add(1, "case", sides("upper and lower case in the path", bare(a), bare(b)))
		g.add(1, "slash", "a slash at the end")
	case plain(a) == plain(b):
		g.add(1, "encoding", sides("the percent-encoding of the path", a, b))
	default:
		g.add(3+apart(a, b), "path", sides("the path", a, b))
	}
}

// apart counts the segments of two paths that are not shared from either end.
func apart(a, b string) int {
	x, y := strings.Split(strings.Trim(strings.ToLower(a), "/"), "/"), strings.Split(strings.Trim(strings.ToLower(b), "/"), "/")
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return min(max(len(x), len(y)), 20)
}

// longestSide is how much of a URI goes into a sentence that shows both sides.
const longestSide = 120

// sides says what differs, and shows both sides where they are short.
func sides(what, sent, registered string) string {
	if len(sent) > longestSide || len(registered) > longestSide {
		return what
	}
	show := func(s string) string {
		if strings.TrimSpace(s) == "" {
			return "none"
		}
		return s
	}
	return fmt.Sprintf("%s: sent %s, registered %s", what, show(sent), show(registered))
}

// distance is the number of letters that have to change to make one text of the other, 9 for texts of very different length.
func distance(a, b string) int {
	if len(a) > 255 || len(b) > 255 || len(a)-len(b) > 8 || len(b)-len(a) > 8 {
		return 9
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		above := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := above
			if a[i] != b[j] {
				cost = 1 + min(above, row[j], row[j+1])
			}
			above, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// match is what the registered URIs say to the one that was sent.
type match struct {
	exact     bool
	platforms []string // that it is registered for; of the nearest where it is not
	nearest   string
	gap       gap
}

// matchRedirect compares the URI that was sent with all that are registered. The first of equally near ones counts.
func matchRedirect(sent string, registered []Redirect) match {
	s := splitURI(sent)
	var m match
	for _, r := range registered {
		if splitURI(r.URI).accepts(s, r.Platform) {
			m.exact = true
			if !slices.Contains(m.platforms, r.Platform) {
				m.platforms = append(m.platforms, r.Platform)
			}
		}
	}
	if m.exact {
		return m
	}
	for _, r := range registered {
		if r.URI == "" {
			continue
		}
		g := between(s, splitURI(r.URI))
		if !g.far && len(g.parts) > 0 && (m.nearest == "" || g.cost < m.gap.cost) {
			m.nearest, m.gap, m.platforms = r.URI, g, []string{r.Platform}
		}
	}
	return m
}

// plainURI is a redirect URI as it was before it was put into a query.
func plainURI(text string) string {
	text = strings.TrimSpace(text)
	if lower := strings.ToLower(text); strings.Contains(lower, "%3a%2f%2f") && !strings.Contains(text, "://") {
		if u, err := url.QueryUnescape(text); err == nil {
			return u
		}
	}
	return text
}
