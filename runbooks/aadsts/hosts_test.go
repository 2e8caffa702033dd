package aadsts

import (
	"slices"
	"strings"
	"testing"
)

// TestURLHosts holds which host is noted for an address that brings an error: the one that a browser would go to.
func TestURLHosts(t *testing.T) {
	const query = "?error=access_denied&error_description=AADSTS65004%3a+User+declined+to+consent"
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"in the query":                        {"https://app.contoso.com/cb" + query, []string{"app.contoso.com"}},
		"in the fragment":                     {"https://app.contoso.com/cb#error=access_denied&error_description=AADSTS65004%3a+User", []string{"app.contoso.com"}},
		"in the query of a fragment":          {"https://app.contoso.com/#/login?error_description=AADSTS65004", []string{"app.contoso.com"}},
		"another spelling of the parameter":   {"https://app.contoso.com/cb?errorDescription=AADSTS65004%20x", []string{"app.contoso.com"}},
		"encoded twice":                       {"https://app.contoso.com/cb?error_description=AADSTS65004%253A%2520User", []string{"app.contoso.com"}},
		"escaped for JSON":                    {`{"url":"https:\/\/app.contoso.com\/cb?error=x\u0026error_description=AADSTS65004: no"}`, []string{"app.contoso.com"}},
		"escaped for HTML":                    {"https://app.contoso.com/cb?state=1&amp;error_description=AADSTS65004", []string{"app.contoso.com"}},
		"plain http":                          {"http://app.contoso.com/cb" + query, []string{"app.contoso.com"}},
		"upper case":                          {"HTTPS://Login.MicrosoftOnline.COM/x" + query, []string{"login.microsoftonline.com"}},
		"a port":                              {"https://app.contoso.com:8443/cb" + query, []string{"app.contoso.com"}},
		"a trailing dot":                      {"https://login.microsoftonline.com./x" + query, []string{"login.microsoftonline.com"}},
		"a real name in front":                {"https://login.microsoftonline.com.evil.example/x" + query, []string{"login.microsoftonline.com.evil.example"}},
		"a real name as the user":             {"https://login.microsoftonline.com@evil.example/x" + query, []string{"evil.example"}},
		"a real name as user and password":    {"https://login.microsoftonline.com:443@evil.example:8080/x" + query, []string{"evil.example"}},
		"a backslash before the real name":    {`https://evil.example\@login.microsoftonline.com/x` + query, []string{"evil.example"}},
		"a query before the real name":        {"https://evil.example" + query + "&x=@login.microsoftonline.com/", []string{"evil.example"}},
		"a percent sign in the host":          {"https://%65vil.example/x" + query, []string{"evil.example"}},
		"letters of another alphabet":         {"https://login.m\u0456crosoftonline.com/x" + query, []string{"login.m\u0456crosoftonline.com"}},
		"punycode":                            {"https://login.xn--mcrosoftonline-jej.com/x" + query, []string{"login.xn--mcrosoftonline-jej.com"}},
		"an ideographic full stop":            {"https://login.microsoftonline.com\u3002evil\u3002example/x" + query, []string{"login.microsoftonline.com.evil.example"}},
		"a zero-width space":                  {"https://login.micro\u200bsoftonline.com/x" + query, []string{"login.microsoftonline.com"}},
		"an address of the loopback":          {"http://[::1]:3000/cb" + query, []string{"[::1]"}},
		"two addresses, one of them twice":    {"https://a.example/" + query + " https://b.example/" + query + " https://a.example/x" + query, []string{"a.example", "b.example"}},
		"behind words":                        {"I came to (https://a.example/" + query + ") and AADSTS65004", []string{"a.example"}},
		"a search":                            {"https://www.google.com/search?q=AADSTS65004", nil},
		"a page of a manual":                  {"https://learn.microsoft.com/answers/AADSTS65004-user-declined", nil},
		"no address":                          {"AADSTS65004: User declined to consent", nil},
		"an address without an error":         {"AADSTS65004: User declined, see https://app.contoso.com/?state=1", nil},
		"an address within Microsoft's":       {"https://login.microsoftonline.com/authorize?redirect_uri=https%3a%2f%2fevil.example%2f%3ferror_description%3dAADSTS65004", nil},
		"an address that never ends":          {"https://" + strings.Repeat("a", 9000) + "/" + query, nil},
		"no host":                             {"https:///" + query, nil},
		"another code than any of the text's": {"https://a.example/?error_description=AADSTS1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, e := range Find(row.text) {
				got = append(got, e.URLHosts...)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestURLHostsAreOfTheirError(t *testing.T) {
	errs := Find("AADSTS50076: must use MFA. https://a.example/?error=x&error_description=AADSTS65004 " + strings.Repeat(" https://b.example/?error_description=AADSTS50011 https://c.example/?error_description=AADSTS50011", 9))
	got := map[int]int{}
	for _, e := range errs {
		got[e.Code] = len(e.URLHosts)
	}
	if got[50076] != 0 || got[65004] != 1 || got[50011] != 2 {
		t.Errorf("hosts by code: %v", got)
	}
}
