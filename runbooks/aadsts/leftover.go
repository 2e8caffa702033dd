package aadsts

import "strings"

// sentences lists, for codes whose sentence names something, what its quoted values are, in order. Translations keep the
// values; where they change the order, the shape of a value still tells.
var sentences = map[int][]role{
	50020: {user, provider, tenant, app}, 90072: {user, provider, tenant, app}, 50177: {user, provider, tenant, app}, 16000: {user, provider, tenant, app},
	50034: {user, tenant}, 51004: {user, tenant}, 50105: {user, app}, 501051: {app, resource},
	65001: {appID, appName}, 90008: {appID}, 90099: {appID, tenant}, 700016: {appID, tenant}, 70001: {appID, tenant}, 700011: {appID, tenant},
	7000112: {app}, 7000215: {app}, 7000222: {app}, 50194: {app}, 50011: {redirect, app},
	650053: {appName, none, resource}, 65005: {appName}, 650052: {resource, tenant},
	90002: {tenant}, 500021: {tenant}, 700003: {tenant}, 900023: {tenant},
	500011: {resource, tenant}, 50001: {resource, tenant}, 500014: {resource},
	50076: {resource}, 50079: {resource}, 50072: {resource}, 50074: {resource}, 50078: {resource},
}

var providers = map[string]bool{
	"live.com": true, "google.com": true, "facebook.com": true, "mail": true, "linkedin.com": true, "github.com": true, "apple.com": true, "amazon.com": true, "twitter.com": true, "yahoo.com": true,
}

// leftOver gives the quoted values that no English word explained to the fields that their shape and the code's
// sentence leave open.
func (m *message) leftOver() {
	e := m.e
	open := sentences[e.Code]
	if len(open) == 0 {
		return
	}
	var rest []quoted
	for _, q := range m.rest {
		if q.after != "" && (q.after[0] == ':' || q.after[0] == '=') { // the key of an object
			continue
		}
		low := strings.ToLower(q.v)
		switch {
		case isUser(q.v):
			if has(open, user) {
				m.set(user, q.v, "")
			}
		case (providers[low] || strings.HasPrefix(low, "https://sts.windows.net/")) && has(open, provider):
			m.set(provider, q.v, "")
		case isGUID(q.v) && q.named != "" && (has(open, app) || has(open, appID)):
			m.set(appID, q.v, q.named)
		default:
			rest = append(rest, q)
		}
	}
	if m.told {
		return
	}
	for _, r := range open {
		if len(rest) == 0 {
			return
		}
		q := rest[0]
		switch r {
		case user:
			if !strings.ContainsAny(q.v, "{<") || e.User != "" { // a taken-out name still holds its place
				continue
			}
		case provider:
			if e.IdentityProvider != "" || !strings.Contains(q.v, ".") {
				continue
			}
			m.set(provider, q.v, "")
		case tenant:
			if e.Tenant != "" {
				continue
			}
			m.set(tenant, q.v, "")
		case app:
			if e.AppID != "" || e.AppName != "" {
				continue
			}
			m.set(app, q.v, q.named)
		case appID:
			if e.AppID != "" {
				continue
			}
			m.set(appID, q.v, q.named)
		case appName:
			if e.AppName != "" || isGUID(q.v) {
				continue
			}
			m.set(appName, q.v, "")
		case redirect:
			if e.RedirectURI != "" || !strings.Contains(q.v, ":") {
				continue
			}
			m.set(redirect, q.v, "")
		case resource:
			if e.Resource != "" || !isGUID(q.v) && !strings.ContainsAny(q.v, ":.") {
				continue
			}
			m.set(resource, q.v, "")
		}
		rest = rest[1:]
	}
}

func has(roles []role, r role) bool {
	for _, x := range roles {
		if x == r {
			return true
		}
	}
	return false
}
