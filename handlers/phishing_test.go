package handlers

import (
	"strings"
	"testing"

	"signpost/graph/facts"
	"signpost/runbooks/aadsts"
)

func TestOfMicrosoft(t *testing.T) {
	for host, want := range map[string]bool{
		"login.microsoftonline.com": true, "login.microsoft.com": true, "login.live.com": true, "contoso.b2clogin.com": true, "contoso.ciamlogin.com": true,
		"login.microsoftonline.us": true, "login.partner.microsoftonline.cn": true, "account.activedirectory.windowsazure.com": true,
		"mysignins.microsoft.com": true, "sts.windows.net": true, "contoso.sharepoint.com": true, "www.office.com": true, "myapps.microsoft.com": true,
		"login.microsoftonline.com.evil.example": false, "evil-login.microsoftonline.com.example": false, "login.micros0ftonline.com": false,
		"loginmicrosoftonline.com": false, "evilmicrosoft.com": false, "microsoft.com.example": false, "b2clogin.com": false, ".b2clogin.com": false,
		"evilb2clogin.com": false, "xn--mcrosoft-b2a.com": false, "m\u0456crosoft.com": false, "evil.blob.core.windows.net": false,
		"evil.azurewebsites.net": false, "evil.cloudapp.azure.com": false, "login.windows.net.example": false, "microsoftonline.com.co": false, "": false,
	} {
		if got := ofMicrosoft(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

// TestAddresses holds what is said of the address that brought an error, and that nothing is called phishing on a guess.
func TestAddresses(t *testing.T) {
	const query = "?error=access_denied&error_description=AADSTS65004%3a+declined"
	const neither, notChecked = "neither Microsoft's nor a registered redirect address", "could not be checked"
	app := func(uris ...string) facts.Report {
		a := facts.App{AppID: "APP", Redirects: []facts.Redirect{}}
		for _, u := range uris {
			a.Redirects = append(a.Redirects, facts.Redirect{URI: u, Platform: "web"})
		}
		return facts.Report{App: facts.See(at, a)}
	}
	for name, row := range map[string]struct {
		paste string
		r     facts.Report
		want  []string // "" is no warning
		level Details
	}{
		"Microsoft's":                            {paste: "https://login.microsoftonline.com/x" + query},
		"Microsoft's, in upper case with a port": {paste: "https://LOGIN.Microsoftonline.com:443/x" + query},
		"this machine":                           {paste: "http://localhost:3000/cb" + query},
		"this machine by address":                {paste: "http://127.0.0.1:3000/cb" + query},
		"registered":                             {paste: "https://app.contoso.com/other" + query, r: app("https://APP.contoso.com:8443/cb")},
		"registered with a wildcard":             {paste: "https://a.contoso.com/cb" + query, r: app("https://*.contoso.com/cb")},
		"a wildcard takes one name":              {paste: "https://a.b.contoso.com/cb" + query, r: app("https://*.contoso.com/cb"), want: []string{"a[.]b[.]contoso[.]com", neither}},
		"registered at the service principal":    {paste: "https://app.contoso.com/cb" + query, r: facts.Report{Principal: facts.See(at, facts.Principal{ReplyURLs: []string{"https://app.contoso.com/cb"}})}},
		"not registered":                         {paste: "https://evil.example/cb" + query, r: app("https://app.contoso.com/cb"), want: []string{"evil[.]example", neither, "Do not enter a password there."}},
		"a real name in front":                   {paste: "https://login.microsoftonline.com.evil.example/x" + query, r: app("https://app.contoso.com/cb"), want: []string{"login[.]microsoftonline[.]com[.]evil[.]example", neither}},
		"a real name as the user":                {paste: "https://login.microsoftonline.com@evil.example/x" + query, r: app("https://app.contoso.com/cb"), want: []string{"at evil[.]example,", neither}},
		"a look-alike":                           {paste: "https://login.micros0ft.com/x" + query, r: app("https://app.contoso.com/cb"), want: []string{"login[.]micros0ft[.]com", neither}},
		"another alphabet":                       {paste: "https://login.m\u0456crosoft.com/x" + query, r: app("https://app.contoso.com/cb"), want: []string{"login[.]m{U+0456}crosoft[.]com", "another alphabet"}},
		"punycode":                               {paste: "https://login.xn--mcrosoft-x1a.com/x" + query, r: app("https://app.contoso.com/cb"), want: []string{"xn--mcrosoft", "another alphabet"}},
		"a trailing dot":                         {paste: "https://login.live.com./x" + query},
		"the app was not read":                   {paste: "https://app.contoso.com/cb" + query, want: []string{"not Microsoft's", notChecked, "not read here"}},
		"the app may not be read":                {paste: "https://app.contoso.com/cb" + query, r: facts.Report{App: facts.Unread[facts.App](facts.NotPermitted, "")}, want: []string{notChecked, "not permitted"}},
		"the app is of another tenant":           {paste: "https://app.contoso.com/cb" + query, r: facts.Report{App: facts.None[facts.App](at, "")}, want: []string{notChecked, "does not hold the app's registration"}},
		"the app has no web address":             {paste: "https://app.contoso.com/cb" + query, r: app("msauth.com.contoso://auth"), want: []string{notChecked, "none was found"}},
		"another app's error":                    {paste: "Application 11111111-2222-4333-8444-555555555555. AADSTS65004 https://evil.example/cb" + query, r: app("https://app.contoso.com/cb"), want: []string{"evil[.]example"}},
		"agents, though it was read":             {paste: "https://evil.example/cb" + query, r: app("https://app.contoso.com/cb"), level: Agents, want: []string{"evil[.]example", notChecked}},
		"none":                                   {paste: "https://evil.example/cb" + query, level: None, want: []string{"evil[.]example", notChecked}},
		"none, Microsoft's":                      {paste: "https://login.live.com/x" + query, level: None},
		"no address":                             {paste: "AADSTS65004: declined"},
	} {
		t.Run(name, func(t *testing.T) {
			if row.level == "" {
				row.level = Full
			}
			q := Question{Errors: aadsts.Find(row.paste)}.Within(row.level)
			d := builtIn(t).Diagnose(q.Errors, row.r, at)
			p := Compose(d, View{Details: row.level})
			says := shown(t, p)
			if warned := strings.Contains(says, addressesTitle); warned != (len(row.want) > 0) {
				t.Fatalf("warned: %v\n%s", warned, says)
			}
			for _, want := range row.want {
				if !strings.Contains(p.Plain(), want) {
					t.Errorf("no %q in\n%s", want, p.Plain())
				}
			}
			if len(row.want) > 0 && p.Parts[0].Title != addressesTitle {
				t.Errorf("the warning does not come first, but %q", p.Parts[0].Title)
			}
			for _, never := range []string{"evil.example", "://evil", "hishing page", "is phishing"} {
				if strings.Contains(says, never) {
					t.Errorf("the page says %q:\n%s", never, says)
				}
			}
			if checkedSays := strings.Contains(says, neither); checkedSays && strings.Contains(says, notChecked) {
				t.Errorf("says both:\n%s", says)
			}
		})
	}
}

func TestManyAddressesAreCut(t *testing.T) {
	e := aadsts.Error{Code: 65004, URLHosts: []string{"a.example", "b.example", "c.example", "d.example", "e.example", "a.example"}}
	lines := addresses(builtIn(t).Diagnose([]aadsts.Error{e}, facts.Report{}, at))
	if len(lines) != maxAddresses+1 || lines[maxAddresses] != "and 2 more addresses" {
		t.Errorf("%q", lines)
	}
}
