package facts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// redirects reads "web https://a/cb" lines.
func redirects(lines ...string) []facts.Redirect {
	all := []facts.Redirect{}
	for _, l := range lines {
		platform, uri, _ := strings.Cut(l, " ")
		all = append(all, facts.Redirect{URI: uri, Platform: platform})
	}
	return all
}

// related is the app after Relate.
func related(app facts.App, q facts.Query) facts.App {
	r := facts.Report{App: facts.See(noon, app)}
	r.Relate(q, noon)
	return *r.App.Value
}

func TestTheRedirectURIThatWasSentAgainstThoseRegistered(t *testing.T) {
	const guid = "1b2f7c2e-6d3a-4f58-8f7a-2f9f5d1e0a11"
	for name, c := range map[string]struct {
		sent       string
		registered []string
		exact      bool
		platform   string
		nearest    string
		difference string
		differs    string // joined
	}{
		"the very text": {"https://a.example/cb", []string{"web https://a.example/cb"}, true, "web", "", "", ""},
		"a slash at the end too much": {"https://a.example/cb/", []string{"web https://a.example/cb"}, false, "web", "https://a.example/cb",
			"a slash at the end: sent https://a.example/cb/, registered https://a.example/cb", "slash"},
		"a slash at the end too few": {"https://a.example/cb", []string{"web https://a.example/cb/"}, false, "web", "https://a.example/cb/",
			"a slash at the end: sent https://a.example/cb, registered https://a.example/cb/", "slash"},
		"the slash of an empty path": {"https://a.example/", []string{"spa https://a.example"}, false, "spa", "https://a.example",
			"a slash at the end: sent https://a.example/, registered https://a.example", "slash"},
		"case of the path": {"https://a.example/Signin-OIDC", []string{"web https://a.example/signin-oidc"}, false, "web", "https://a.example/signin-oidc",
			"upper and lower case in the path: sent /Signin-OIDC, registered /signin-oidc", "case"},
		"case of the path and a slash": {"https://a.example/Auth/", []string{"web https://a.example/auth"}, false, "web", "https://a.example/auth",
			"upper and lower case in the path: sent /Auth, registered /auth; a slash at the end", "case slash"},
		"case of the host": {"https://App.example/cb", []string{"web https://app.example/cb"}, false, "web", "https://app.example/cb",
			"upper and lower case in the host: sent App.example, registered app.example", "case"},
		"http instead of https": {"http://a.example/cb", []string{"web https://a.example/cb"}, false, "web", "https://a.example/cb", "http instead of https", "scheme"},
		"https instead of http": {"https://localhost/cb", []string{"web http://localhost/cb"}, false, "web", "http://localhost/cb", "https instead of http", "scheme"},
		"a port that is not registered": {"https://a.example:8443/cb", []string{"web https://a.example/cb"}, false, "web", "https://a.example/cb",
			"the port: sent 8443, registered none", "port"},
		"another port": {"https://a.example:8443/cb", []string{"web https://a.example:9443/cb"}, false, "web", "https://a.example:9443/cb",
			"the port: sent 8443, registered 9443", "port"},
		"another path": {"https://a.example/signin-oidc", []string{"web https://a.example/auth/callback"}, false, "web", "https://a.example/auth/callback",
			"the path: sent /signin-oidc, registered /auth/callback", "path"},
		"a query": {"https://a.example/cb?x=1", []string{"web https://a.example/cb"}, false, "web", "https://a.example/cb",
			"the query: sent ?x=1, registered none", "query"},
		"a fragment": {"https://a.example/cb#/home", []string{"spa https://a.example/cb"}, false, "spa", "https://a.example/cb",
			"the fragment: sent #/home, registered none", "fragment"},
		"www in front": {"https://www.a.example/cb", []string{"web https://a.example/cb"}, false, "web", "https://a.example/cb",
			"the host: sent www.a.example, registered a.example", "host"},
		"a host of the same owner": {"https://staging.contoso.com/cb", []string{"web https://app.contoso.com/cb"}, false, "web", "https://app.contoso.com/cb",
			"the host: sent staging.contoso.com, registered app.contoso.com", "host"},
		"a letter of the host": {"https://payrol.contoso.net/cb", []string{"web https://payroll.contoso.net/cb"}, false, "web", "https://payroll.contoso.net/cb",
			"the host: sent payrol.contoso.net, registered payroll.contoso.net", "host"},
		"the number of this machine": {"http://127.0.0.1:8400/", []string{"native http://localhost"}, false, "native", "http://localhost",
			"the host: sent 127.0.0.1, registered localhost; the port: sent 8400, registered none; a slash at the end: sent /, registered none", "host port slash"},
		"percent-encoding of an Android hash": {"msauth://com.contoso.app/aB%2Fc%3D", []string{"native msauth://com.contoso.app/aB/c="}, false, "native", "msauth://com.contoso.app/aB/c=",
			"the percent-encoding of the path: sent /aB%2Fc%3D, registered /aB/c=", "encoding"},
		"case of a bundle id": {"msauth.com.Contoso.app://auth", []string{"native msauth.com.contoso.app://auth"}, false, "native", "msauth.com.contoso.app://auth",
			"upper and lower case in the scheme: sent msauth.com.Contoso.app, registered msauth.com.contoso.app", "case"},
		"an old address of native apps": {"urn:ietf:wg:oauth:2.0:oob", []string{"web https://a.example", "native urn:ietf:wg:oauth:2.0:oob"}, true, "native", "", "", ""},
		"the fewest differences win": {"https://a.example/cb/", []string{"web http://a.example/cb", "web https://a.example/CB", "spa https://a.example/other", "web https://a.example/cb", "web https://a.example:1/cb/"}, false, "web", "https://a.example/cb",
			"a slash at the end: sent https://a.example/cb/, registered https://a.example/cb", "slash"},
		"of equally near ones the first": {"https://a.example/cb", []string{"web https://a.example/cb/", "spa https://a.example/CB"}, false, "web", "https://a.example/cb/",
			"a slash at the end: sent https://a.example/cb, registered https://a.example/cb/", "slash"},
		"several differences": {"http://a.example:81/CB", []string{"web https://a.example/cb"}, false, "web", "https://a.example/cb",
			"http instead of https; the port: sent 81, registered none; upper and lower case in the path: sent /CB, registered /cb", "scheme port case"},
		"a long one is not shown twice": {"https://a.example/" + strings.Repeat("x", 200), []string{"web https://a.example/" + strings.Repeat("x", 199)}, false, "web", "https://a.example/" + strings.Repeat("x", 199), "the path", "path"},
		"one that a query encoded": {"https%3A%2F%2Fa.example%2Fcb%2F", []string{"web https://a.example/cb"}, false, "web", "https://a.example/cb",
			"a slash at the end: sent https://a.example/cb/, registered https://a.example/cb", "slash"},

		// What has nothing to do with it must not look near.
		"another host":                         {"https://a.example/cb", []string{"web https://fabrikam.com/cb"}, false, "", "", "", ""},
		"another customer of a host":           {"https://contoso-dev.azurewebsites.net/cb", []string{"web https://fabrikam.azurewebsites.net/cb"}, false, "", "", "", ""},
		"another company of a country":         {"https://contoso.co.uk/cb", []string{"web https://fabrikam.co.uk/cb"}, false, "", "", "", ""},
		"another host of the owner, and path":  {"https://staging.contoso.com/a", []string{"web https://app.contoso.com/b"}, false, "", "", "", ""},
		"this machine and a server":            {"http://localhost:5000/cb", []string{"web https://a.example/cb"}, false, "", "", "", ""},
		"another network number":               {"https://10.1.2.3/cb", []string{"web https://192.168.77.20/cb"}, false, "", "", "", ""},
		"an app's scheme and a web address":    {"msal" + guid + "://auth", []string{"web https://auth/"}, false, "", "", "", ""},
		"the scheme of another app":            {"msal" + guid + "://auth", []string{"native msal00000000-0000-4000-8000-000000000000://auth"}, false, "", "", "", ""},
		"nothing is registered":                {"https://a.example/cb", nil, false, "", "", "", ""},
		"a name that holds the registered one": {"https://a.example.attacker.net/cb", []string{"web https://a.example/cb"}, false, "", "", "", ""},

		// Rules that make one fit that is written differently, and their nearest wrong twins.
		"any port of localhost, native":           {"http://localhost:51234", []string{"native http://localhost"}, true, "native", "", "", ""},
		"any port of 127.0.0.1, native":           {"http://127.0.0.1:8400/cb", []string{"native http://127.0.0.1/cb"}, true, "native", "", "", ""},
		"another path of localhost, native":       {"http://localhost:51234/x", []string{"native http://localhost"}, false, "native", "http://localhost", "the port: sent 51234, registered none; the path: sent /x, registered none", "port path"},
		"localhost by https":                      {"https://localhost:51234", []string{"native https://localhost"}, false, "native", "https://localhost", "the port: sent 51234, registered none", "port"},
		"another port of localhost, web":          {"http://localhost:5000/cb", []string{"web http://localhost:3000/cb"}, false, "web", "http://localhost:3000/cb", "the port: sent 5000, registered 3000", "port"},
		"a wildcard for the host":                 {"https://x.a.example/cb", []string{"web https://*.a.example/cb"}, true, "web", "", "", ""},
		"a wildcard for the host, without a path": {"https://x.a.example", []string{"web https://*.a.example"}, true, "web", "", "", ""},
		"a wildcard takes any query":              {"https://x.a.example/cb?y=1", []string{"web https://*.a.example/cb"}, true, "web", "", "", ""},
		"a wildcard takes one name": {"https://y.x.a.example/cb", []string{"web https://*.a.example/cb"}, false, "web", "https://*.a.example/cb",
			"the host: sent y.x.a.example, registered *.a.example (a wildcard stands for one name only)", "host"},
		"a wildcard takes a name": {"https://a.example/cb", []string{"web https://*.a.example/cb"}, false, "web", "https://*.a.example/cb",
			"the host: sent a.example, registered *.a.example (a wildcard stands for one name only)", "host"},
		"a wildcard keeps the path": {"https://x.a.example/other", []string{"web https://*.a.example/cb"}, false, "web", "https://*.a.example/cb",
			"the path: sent /other, registered /cb", "path"},
		"a wildcard keeps the scheme":  {"http://x.a.example/cb", []string{"web https://*.a.example/cb"}, false, "web", "https://*.a.example/cb", "http instead of https", "scheme"},
		"a wildcard for the path":      {"https://a.example/app/one/two", []string{"web https://a.example/app/*"}, true, "web", "", "", ""},
		"a wildcard for all paths":     {"https://a.example", []string{"web https://a.example/*"}, true, "web", "", "", ""},
		"a wildcard for another path":  {"https://a.example/api", []string{"web https://a.example/app/*"}, false, "web", "https://a.example/app/*", "the path: sent /api, registered /app/*", "path"},
		"registered for two platforms": {"https://a.example/cb", []string{"web https://a.example/cb", "spa https://a.example/cb"}, true, "web, spa", "", "", ""},
		"a wildcard in the text that is sent": {"https://*.a.example/cb", []string{"web https://x.a.example/cb"}, false, "web", "https://x.a.example/cb",
			"the host: sent *.a.example, registered x.a.example", "host"},
	} {
		t.Run(name, func(t *testing.T) {
			app := facts.App{Redirects: redirects(c.registered...)}
			got := related(app, facts.Query{Code: 50011, RedirectURI: c.sent})
			if got.Exact == nil || *got.Exact != c.exact || got.Platform != c.platform || got.Nearest != c.nearest || got.Difference != c.difference || strings.Join(got.Differs, " ") != c.differs {
				t.Errorf("exact %v, platform %q, nearest %q,\ndifference %q, differs %q", *got.Exact, got.Platform, got.Nearest, got.Difference, got.Differs)
			}
			if got.Differs == nil {
				t.Error("differs is nil, which would mean that Graph did not tell")
			}
		})
	}
}

func TestWithoutARedirectURIInTheErrorNothingIsCompared(t *testing.T) {
	got := related(facts.App{Redirects: redirects("web https://a.example/cb")}, facts.Query{Code: 50011})
	if got.Exact != nil || got.Nearest != "" || got.Differs != nil || got.Web != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAnErrorThatTellsThePlatform(t *testing.T) {
	for name, c := range map[string]struct {
		code       int
		registered string
		difference string
	}{
		"a browser at an address for servers":     {9002326, "web https://a.example", "the platform: registered for web, used as a single-page app"},
		"a browser at an address for browsers":    {9002326, "spa https://a.example", ""},
		"a server at an address for browsers":     {9002327, "spa https://a.example", "the platform: registered for a single-page app, used as web or mobile and desktop"},
		"a server at an address for servers":      {9002327, "web https://a.example", ""},
		"a secret from an address of devices":     {700025, "native https://a.example", "the platform: registered for mobile and desktop, used as web"},
		"a secret from an address of servers":     {700025, "web https://a.example", ""},
		"an error that says nothing of platforms": {50011, "native https://a.example", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := related(facts.App{Redirects: redirects(c.registered)}, facts.Query{Code: c.code, RedirectURI: "https://a.example"})
			if !*got.Exact || got.Difference != c.difference || (len(got.Differs) == 1) != (c.difference != "") {
				t.Errorf("%q %q", got.Difference, got.Differs)
			}
		})
	}
}

func TestSecretsAndCertificatesAreCountedAtTheTimeOfTheError(t *testing.T) {
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	secret := func(name string, starts, ends int) facts.Credential {
		return facts.Credential{Kind: "secret", KeyID: "AAAAAAAA-0000-4000-8000-00000000000" + name, Name: name, Hint: "q7~", Starts: day(starts), Ends: day(ends)}
	}
	certificate := facts.Credential{Kind: "certificate", KeyID: "c", Name: "CN=Payroll", Usage: "Verify", SHA1: "AB12", Starts: day(-100), Ends: day(30)}
	moment := func(n int) *time.Time { at := day(n); return &at }
	type numbers struct {
		Valid             int
		Expired           []string
		Last, Next, Newer *time.Time
	}
	for name, c := range map[string]struct {
		held []facts.Credential
		at   time.Time
		want numbers
	}{
		"none":                       {nil, time.Time{}, numbers{Expired: []string{}}},
		"one in force":               {[]facts.Credential{secret("1", -10, 10)}, time.Time{}, numbers{Valid: 1, Expired: []string{}, Next: moment(10), Newer: moment(-10)}},
		"one that ended":             {[]facts.Credential{secret("1", -10, -2)}, time.Time{}, numbers{Expired: []string{"secret 1 (hint q7~…), ended 2026-11-22"}, Last: moment(-2)}},
		"one that ends at the error": {[]facts.Credential{secret("1", -10, -1)}, day(-1), numbers{Expired: []string{"secret 1 (hint q7~…), ended 2026-11-23"}, Last: moment(-1)}},
		"one that ended after the error": {[]facts.Credential{secret("1", -10, -1)}, day(-2),
			numbers{Valid: 1, Expired: []string{}, Next: moment(-1)}},
		"one that was made since the error": {[]facts.Credential{secret("1", -10, -2), secret("2", -1, 90)}, day(-2),
			numbers{Expired: []string{"secret 1 (hint q7~…), ended 2026-11-22"}, Last: moment(-2), Newer: moment(-1)}},
		"one that does not count yet": {[]facts.Credential{secret("1", 1, 90)}, time.Time{}, numbers{Expired: []string{}}},
		"the last to end first": {[]facts.Credential{secret("1", -90, -60), secret("2", -50, -3), certificate}, time.Time{},
			numbers{Valid: 1, Expired: []string{"secret 2 (hint q7~…), ended 2026-11-21", "secret 1 (hint q7~…), ended 2026-09-25"}, Last: moment(-3), Next: moment(30), Newer: moment(-100)}},
		"a certificate that ended": {[]facts.Credential{{Kind: "certificate", KeyID: "c", SHA1: "AB12", Ends: day(-5)}}, time.Time{},
			numbers{Expired: []string{"certificate (thumbprint AB12), ended 2026-11-19"}, Last: moment(-5)}},
		"one that tokens are encrypted for proves nothing": {[]facts.Credential{{Kind: "certificate", KeyID: "c", Usage: "Encrypt", Starts: day(-5), Ends: day(-1)}}, time.Time{}, numbers{Expired: []string{}}},
		"the error's time lies ahead of ours":              {[]facts.Credential{secret("1", -10, 10)}, day(30), numbers{Valid: 1, Expired: []string{}, Next: moment(10), Newer: moment(-10)}},
	} {
		t.Run(name, func(t *testing.T) {
			got := related(facts.App{Credentials: c.held}, facts.Query{Time: c.at})
			if diff := cmp.Diff(c.want, numbers{got.Valid, got.Expired, got.LastExpired, got.NextEnds, got.Newest}); diff != "" {
				t.Error(diff)
			}
			for _, id := range got.SecretIDs {
				if id != strings.ToLower(id) {
					t.Errorf("the id %s is not in lower case", id)
				}
			}
		})
	}
}

func TestWhatTheRegistrationAsksForHasNamesOfTheResourceThatWasRead(t *testing.T) {
	r := facts.Report{
		App:      facts.See(noon, facts.App{Wants: []facts.Want{{Resource: "g", Scope: "1"}, {Resource: "g", Scope: "2"}, {Resource: "other", Scope: "1"}}}),
		Resource: facts.See(noon, facts.Resource{AppID: "g", ScopeNames: map[string]string{"1": "User.Read"}}),
	}
	r.Relate(facts.Query{}, noon)
	if diff := cmp.Diff([]string{"User.Read", "2", "1"}, r.App.Value.Requests); diff != "" {
		t.Error(diff)
	}
}

func TestWhoseAppItIs(t *testing.T) {
	yes, no := true, false
	organization := facts.See(noon, facts.Organization{ID: "AAAA"})
	for name, c := range map[string]struct {
		owner        string
		organization facts.Fact[facts.Organization]
		app          facts.Fact[facts.App]
		want         *bool
	}{
		"of this tenant":                             {"aaaa", organization, facts.Fact[facts.App]{}, &yes},
		"of another":                                 {"bbbb", organization, facts.Fact[facts.App]{}, &no},
		"this tenant's id is not known":              {"aaaa", facts.Fact[facts.Organization]{}, facts.Fact[facts.App]{}, nil},
		"its registration is here":                   {"aaaa", facts.Fact[facts.Organization]{}, facts.See(noon, facts.App{AppID: "p"}), &yes},
		"the registration of another app is here":    {"aaaa", facts.Fact[facts.Organization]{}, facts.See(noon, facts.App{AppID: "q"}), nil},
		"Graph does not tell the owner":              {"", organization, facts.Fact[facts.App]{}, nil},
		"its registration was looked for, and isn't": {"aaaa", facts.Fact[facts.Organization]{}, facts.None[facts.App](noon, "gone"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := facts.Report{Principal: facts.See(noon, facts.Principal{AppID: "p", Owner: c.owner}), Organization: c.organization, App: c.app}
			r.Relate(facts.Query{}, noon)
			if diff := cmp.Diff(c.want, r.Principal.Value.Ours); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReplyURLsOfAnAppWithoutARegistrationHere(t *testing.T) {
	for name, c := range map[string]struct {
		sent, nearest, difference string
		exact                     bool
	}{
		"registered":                         {sent: "https://a.example/acs", exact: true},
		"a slash":                            {sent: "https://a.example/acs/", nearest: "https://a.example/acs", difference: "a slash at the end: sent https://a.example/acs/, registered https://a.example/acs"},
		"a port on the loopback matters not": {sent: "http://localhost:1234", exact: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := facts.Report{Principal: facts.See(noon, facts.Principal{ReplyURLs: []string{"https://a.example/acs", "http://localhost"}})}
			r.Relate(facts.Query{RedirectURI: c.sent}, noon)
			if p := r.Principal.Value; *p.Exact != c.exact || p.Nearest != c.nearest || p.Difference != c.difference {
				t.Errorf("%v %q %q", *p.Exact, p.Nearest, p.Difference)
			}
		})
	}
}

func TestRelatingAnAppAgainChangesNothingAndNobodyElsesValue(t *testing.T) {
	shared := facts.App{Redirects: redirects("web https://a.example/cb"), Credentials: []facts.Credential{{Kind: "secret", KeyID: "K", Ends: noon.Add(-time.Hour)}}}
	before := shared
	r := facts.Report{App: facts.Fact[facts.App]{State: facts.Seen, Value: &shared}}
	q := facts.Query{RedirectURI: "https://a.example/cb/"}
	r.Relate(q, noon)
	once := *r.App.Value
	r.Relate(q, noon)
	if diff := cmp.Diff(once, *r.App.Value); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, shared); diff != "" {
		t.Error("the cache's value was changed: ", diff)
	}
}

// FuzzRedirect compares texts of all kinds. Nothing may panic; what is registered is exact, what is not is only by a
// wildcard or by the port of a native client's loopback; and a nearest one always comes with what differs.
func FuzzRedirect(f *testing.F) {
	for _, s := range []string{"https://a.example/cb", "https://A.example:443/CB/?x=1#y", "http://localhost:1/", "http://127.0.0.1", "msauth.x://auth", "urn:ietf:wg:oauth:2.0:oob", "https://*.a.example/*", "https://[::1]:5/x", "", "://", "https%3A%2F%2Fa", "//", "a\nb:c", "https://é.example/%zz"} {
		f.Add(s, "https://a.example/cb", "web")
		f.Add("https://a.example/cb", s, "native")
		f.Add(s, s, "spa")
	}
	f.Fuzz(func(t *testing.T, sent, registered, platform string) {
		got := related(facts.App{Redirects: []facts.Redirect{{URI: registered, Platform: platform}}}, facts.Query{RedirectURI: sent})
		if got.Sent == "" {
			if got.Exact != nil {
				t.Error("nothing was sent, and it was compared")
			}
			return
		}
		loopback := platform == "native" && strings.HasPrefix(strings.ToLower(registered), "http://")
		switch {
		case got.Sent == registered && !*got.Exact:
			t.Errorf("%q is registered, and is not exact", registered)
		case got.Sent != registered && *got.Exact && !strings.Contains(registered, "*") && !loopback:
			t.Errorf("%q is exact, though %q is registered", got.Sent, registered)
		case *got.Exact && got.Nearest+got.Difference != "":
			t.Errorf("%q is exact, and yet %q differs: %s", got.Sent, got.Nearest, got.Difference)
		case !*got.Exact && (got.Nearest == "") != (got.Difference == ""):
			t.Errorf("%q: nearest %q, difference %q", got.Sent, got.Nearest, got.Difference)
		case got.Nearest != "" && got.Nearest != registered:
			t.Errorf("nearest %q was never registered", got.Nearest)
		case len(got.Difference) > 3000:
			t.Errorf("a sentence of %d bytes", len(got.Difference))
		}
	})
}
