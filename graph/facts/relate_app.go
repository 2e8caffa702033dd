package facts

import (
	"slices"
	"strings"
	"time"
)

// relateApp lays the redirect URI of the error over those of the registration, and counts its credentials as of the error.
func (r *Report) relateApp(q Query, now time.Time) {
	change(&r.App, func(a *App) {
		a.Web, a.SPA, a.Native = 0, 0, 0
		for _, u := range a.Redirects {
			switch u.Platform {
			case "web":
				a.Web++
			case "spa":
				a.SPA++
			case "native":
				a.Native++
			}
		}
		a.redirect(q)
		at := now
		if !q.Time.IsZero() && q.Time.Before(now) {
			at = q.Time
		}
		a.credentials(at, now)
		a.requests(r.Resource)
	})
}

// redirect fills what rests on the URI that was sent.
func (a *App) redirect(q Query) {
	a.Sent, a.Exact, a.Platform, a.Nearest, a.Difference, a.Differs = plainURI(q.RedirectURI), nil, "", "", "", nil
	if a.Sent == "" {
		return
	}
	m := matchRedirect(a.Sent, a.Redirects)
	a.Exact, a.Platform, a.Nearest = &m.exact, strings.Join(m.platforms, ", "), m.nearest
	a.Difference, a.Differs = strings.Join(m.gap.words, "; "), append([]string{}, m.gap.parts...)
	if wants := wantedPlatforms(q.Code); m.exact && len(wants) > 0 && !slices.ContainsFunc(m.platforms, func(p string) bool { return slices.Contains(wants, p) }) {
		a.Difference = "the platform: registered for " + platformNames(m.platforms) + ", used as " + platformNames(wants)
		a.Differs = []string{"platform"}
	}
}

// wantedPlatforms are the platforms of which a code says that the app behaves like one; nil where it says nothing.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func wantedPlatforms(code int) []string {
	switch code {
	case 9002326: // a browser redeems a code that was not given to a single-page app
		return []string{"spa"}
	case 9002325, 9002327: // a server or a device redeems a code that was given to one
		return []string{"web", "native"}
	case 700025: // a secret is sent by what is registered as a public client
		return []string{"web"}
	}
	return nil
}

func platformNames(all []string) string {
	names := make([]string, 0, len(all))
	for _, p := range all {
		switch p {
		case "spa":
			p = "a single-page app"
		case "native":
			p = "mobile and desktop"
		}
		names = append(names, p)
	}
	return strings.Join(names, " or ")
}

// credentials counts secrets and certificates at the time of the error. Newest alone is as of now: one that was made since
// the error is what the app should use.
func (a *App) credentials(at, now time.Time) {
	a.Valid, a.Expired, a.LastExpired, a.NextEnds, a.SecretIDs, a.Newest = 0, []string{}, nil, nil, []string{}, nil
	var over []Credential
	for _, c := range a.Credentials {
		if c.Kind == "secret" && c.KeyID != "" {
			a.SecretIDs = append(a.SecretIDs, strings.ToLower(c.KeyID))
		}
		if !c.Proves() {
			continue
		}
		if c.inForce(now) && (a.Newest == nil || c.Starts.After(*a.Newest)) {
			a.Newest = &c.Starts
		}
		switch {
		case !c.Ends.IsZero() && !c.Ends.After(at):
			over = append(over, c)
		case c.inForce(at):
			a.Valid++
			if !c.Ends.IsZero() && (a.NextEnds == nil || c.Ends.Before(*a.NextEnds)) {
				a.NextEnds = &c.Ends
			}
		}
	}
	slices.SortStableFunc(over, func(x, y Credential) int { return y.Ends.Compare(x.Ends) })
	for _, c := range over {
		a.Expired = append(a.Expired, c.says()+", ended "+c.Ends.UTC().Format(time.DateOnly))
	}
	if len(over) > 0 {
		a.LastExpired = &over[0].Ends
	}
}

// Proves reports whether the app can prove with it who it is. A certificate that tokens are encrypted for cannot.
func (c Credential) Proves() bool { return !strings.EqualFold(c.Usage, "Encrypt") }

func (c Credential) inForce(at time.Time) bool {
	return !c.Starts.After(at) && (c.Ends.IsZero() || c.Ends.After(at))
}

// says names a credential as the portal does.
func (c Credential) says() string {
	s := c.Kind
	if c.Name != "" {
		s += " " + c.Name
	}
	switch {
	case c.Hint != "":
		s += " (hint " + c.Hint + "…)"
	case c.Kind == "certificate" && c.SHA1 != "":
		s += " (thumbprint " + c.SHA1 + ")"
	case c.Name == "" && c.KeyID != "":
		s += " " + c.KeyID
	}
	return s
}

// requests names what the registration asks for. Only the resource that was read has names for it.
func (a *App) requests(f Fact[Resource]) {
	a.Requests = []string{}
	for _, w := range a.Wants {
		name := w.Scope
		if f.OK() && strings.EqualFold(f.Value.AppID, w.Resource) && f.Value.ScopeNames[w.Scope] != "" {
			name = f.Value.ScopeNames[w.Scope]
		}
		a.Requests = append(a.Requests, name)
	}
}

// relatePrincipal says whose the app is, and compares the URI that was sent with the reply URLs.
func (r *Report) relatePrincipal(q Query) {
	change(&r.Principal, func(p *Principal) {
		p.Ours = nil
		if r.Organization.OK() && r.Organization.Value.ID != "" && p.Owner != "" {
			ours := strings.EqualFold(p.Owner, r.Organization.Value.ID)
			p.Ours = &ours
		} else if r.App.OK() && strings.EqualFold(r.App.Value.AppID, p.AppID) { // a registration is in its own tenant only
			ours := true
			p.Ours = &ours
		}
		p.Exact, p.Nearest, p.Difference = nil, "", ""
		if sent := plainURI(q.RedirectURI); sent != "" && p.ReplyURLs != nil {
			var all []Redirect
			for _, u := range p.ReplyURLs {
				// Platforms are not told here, so the port on the loopback cannot be said to matter.
				all = append(all, Redirect{URI: u, Platform: "native"})
			}
			m := matchRedirect(sent, all)
			p.Exact, p.Nearest, p.Difference = &m.exact, m.nearest, strings.Join(m.gap.words, "; ")
		}
	})
}
