package aadsts

import (
	"strings"
	"testing"
)

// Made of parts, so that no scanner of this repository takes them for real.
var (
	jwt     = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9" + ".eyJhdWQiOiJhcGk6Ly9jb250b3NvIn0" + ".c2lnbmF0dXJl"
	secret  = "abc8Q" + "~ZyXwVuTsRqPoNmLkJiHgFeDcBa.0123456"
	refresh = "0.AXoA" + strings.Repeat("q7", 30) + ".AgABAAEAAAD" + strings.Repeat("x1", 40)
	live    = "M.C507_BAY.0.U.-" + strings.Repeat("Cg8", 20)
	saml64  = "PHNhbWxwOlJlc3BvbnNl" + strings.Repeat("QUJDREVG", 20)
)

var secretRows = []struct {
	name, text string
	want       []string // "kind: what is hidden"
}{
	{"jwt", "token " + jwt + " ok", []string{"JWT: " + jwt}},
	{"jwt without signature", "token " + jwt[:strings.LastIndex(jwt, ".")], []string{"JWT: " + jwt[:strings.LastIndex(jwt, ".")]}},
	{"jwt cut in its payload", "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQi", []string{"JWT: eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQi"}},
	{"jwt header alone", "Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9", []string{"JWT: eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9"}},
	{"jwt broken over lines", "x: " + jwt[:44] + "\n" + jwt[44:], []string{"JWT: " + jwt[:44] + "\n" + jwt[44:]}},
	{"jwt at the end of a sentence", "it was " + jwt + ".", []string{"JWT: " + jwt}},
	{"jwt in json", `{"access_token":"` + jwt + `","expires_in":3599}`, []string{"JWT: " + jwt}},
	{"client_info is no token", "client_info=eyJ1aWQiOiIxMjM0NTY3OCIsInV0aWQiOiJhYmNkZWYifQ", nil},
	{"claims challenge in base64 is no token", `claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="`, nil},
	{"access_token inside claims is no token", `"claims":"{\"access_token\":{\"capolids\":{\"essential\":true,\"values\":[\"6f1f2b6e-2a5c-4c9b-8c3a-1d2e3f405162\"]}}}"`, nil},
	{"polids inside claims is no token", `claims={"access_token":{"polids":{"essential":true,"Values":["6f1f2b6e-2a5c-4c9b-8c3a-1d2e3f405162"]}}}`, nil},
	{"opaque access token", `"access_token": "EwB4A8l6BAAU` + strings.Repeat("a1", 30) + `"`, []string{"access token: EwB4A8l6BAAU" + strings.Repeat("a1", 30)}},
	{"client secret by its shape", "the value is " + secret, []string{"client secret: " + secret}},
	{"client_secret in a form", "grant_type=client_credentials&client_secret=s3cr3tvalue1&scope=x", []string{"client secret: s3cr3tvalue1"}},
	{"client_secret url-encoded in json", "%22client_secret%22%3A%22s3cr3tvalue1%22", []string{"client secret: s3cr3tvalue1"}},
	{"clientSecret in json", `{"clientId": "x", "clientSecret": "s3cr3tvalue1"}`, []string{"client secret: s3cr3tvalue1"}},
	{"clientSecret in escaped json", `{\"clientSecret\":\"s3cr3tvalue1\"}`, []string{"client secret: s3cr3tvalue1"}},
	{"clientSecret in source", "clientSecret: 's3cr3tvalue1',", []string{"client secret: s3cr3tvalue1"}},
	{"secret in the environment", "export AZURE_CLIENT_SECRET=s3cr3tvalue1", []string{"client secret: s3cr3tvalue1"}},
	{"secret of Terraform", `ARM_CLIENT_SECRET = "s3cr3tvalue1"`, []string{"client secret: s3cr3tvalue1"}},
	{"secret as a flag", "az login --service-principal --client-secret s3cr3tvalue1", []string{"client secret: s3cr3tvalue1"}},
	{"secret in html", "client_secret&quot;:&quot;s3cr3tvalue1&quot;", []string{"client secret: s3cr3tvalue1"}},
	{"Entra's own message names no secret", "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'.", nil},
	{"secret that is masked", "client_secret=***&x=1 clientSecret: 'xxxxxxxxxxxx' client_secret=<your secret> client_secret=[removed]", nil},
	{"secret that is a variable", "client_secret=$SECRET1 clientSecret: process.env.CLIENT_SECRET1, client_secret = var.secret_1", nil},
	{"client_secret_basic is a method", "token_endpoint_auth_method=client_secret_basic1", nil},
	{"refresh token by its shape", "cached " + refresh, []string{"refresh token: " + refresh}},
	{"refresh token of a personal account", "cached " + live, []string{"refresh token: " + live}},
	{"refresh_token in a form", "grant_type=refresh_token&refresh_token=OAQABAAAAAAD" + strings.Repeat("a1", 20) + "&x=1", []string{"refresh token: OAQABAAAAAAD" + strings.Repeat("a1", 20)}},
	{"grant_type=refresh_token is none", "grant_type=refresh_token&scope=openid", nil},
	{"version numbers are none", "upgrade from 0.Alpha to 1.A and M.C1", nil},
	{"authorization code", "https://app.contoso.com/cb?code=0.AXoA" + strings.Repeat("q7", 12) + "&state=1", []string{"authorization code: 0.AXoA" + strings.Repeat("q7", 12)}},
	{"authorization code of another shape beside state", "/cb?code=Zx9" + strings.Repeat("q7", 12) + "&session_state=6f1f2b6e", []string{"authorization code: Zx9" + strings.Repeat("q7", 12)}},
	{"code of an error link", "https://login.microsoftonline.com/error?code=50058 and /error?code=700016&state=1", nil},
	{"cookie of Entra", "ESTSAUTHPERSISTENT=1.AXoA" + strings.Repeat("q7", 20) + "; path=/", []string{"cookie: 1.AXoA" + strings.Repeat("q7", 20)}},
	{"cookie header", "GET / HTTP/1.1\nCookie: a=1; ESTSAUTH=xyz; b=2\nHost: x", []string{"cookie: a=1; ESTSAUTH=xyz; b=2"}},
	{"cookie of curl", "curl -H 'Cookie: session=abcdef123' https://x", []string{"cookie: session=abcdef123"}},
	{"set-cookie header", "Set-Cookie: fpc=Abc123; expires=Fri\nX: y", []string{"cookie: fpc=Abc123; expires=Fri"}},
	{"the word cookie", "Please clear your cookies. Cookie: none", nil},
	{"saml response in a form", "SAMLResponse=" + saml64 + "&RelayState=x", []string{"SAML assertion: " + saml64}},
	{"saml response in html", `<input type="hidden" name="SAMLResponse" value="` + saml64 + `"/>`, []string{"SAML assertion: " + saml64}},
	{"saml response alone", "it posts " + saml64, []string{"SAML assertion: " + saml64}},
	{"saml xml", "x <saml:Assertion ID=\"_1\"><saml:Subject>ann</saml:Subject></saml:Assertion> y", []string{"SAML assertion: <saml:Assertion ID=\"_1\"><saml:Subject>ann</saml:Subject></saml:Assertion>"}},
	{"saml response xml", "<samlp:Response><saml:Assertion></saml:Assertion></samlp:Response> y", []string{"SAML assertion: <samlp:Response><saml:Assertion></saml:Assertion></samlp:Response>"}},
	{"saml xml escaped", "&lt;saml2:Assertion a=&quot;1&quot;&gt;x&lt;/saml2:Assertion&gt; y", []string{"SAML assertion: &lt;saml2:Assertion a=&quot;1&quot;&gt;x&lt;/saml2:Assertion&gt;"}},
	{"saml xml cut off", "<saml:Assertion ID=\"_1\"><saml:Subject>\n\nbye", []string{"SAML assertion: <saml:Assertion ID=\"_1\"><saml:Subject>"}},
	{"saml xml without prefix", `<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion">x</Assertion>`, []string{`SAML assertion: <Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion">x</Assertion>`}},
	{"password in a form", "grant_type=password&username=ann@contoso.com&password=Hunter2!&x=1", []string{"password: Hunter2!"}},
	{"password in json", `"password": "Hunter2!"`, []string{"password: Hunter2!"}},
	{"password of az login", "az login -u ann@contoso.com -p Hunter2!", []string{"password: Hunter2!"}},
	{"password as a flag", "connect --password Hunter2! --user ann", []string{"password: Hunter2!"}},
	{"password in PowerShell", "ConvertTo-SecureString 'Hunter2!' -AsPlainText -Force", []string{"password: Hunter2!"}},
	{"-p of another command", "mkdir -p some/dir1", nil},
	{"password in prose", "AADSTS50126: Error validating credentials due to invalid username or password. Reset the password: it expired.", nil},
	{"password that is a variable", "az login -u $u -p $password_raw; password=$pw password=*** password=<password>", nil},
	{"password in German", "Passwort=Geheim1", []string{"password: Geheim1"}},
	{"password in a URL", "git clone https://ann:Hunter2!@git.example.com/x", []string{"password: Hunter2!"}},
	{"port and masked user in a URL", "https://example.com:8443/a@b and https://ann:***@git.example.com", nil},
	{"opaque bearer token", "Authorization: Bearer EwB4A8l6BAAU" + strings.Repeat("a1", 30), []string{"access token: EwB4A8l6BAAU" + strings.Repeat("a1", 30)}},
	{"the word bearer", "the request has no bearer token, see token_type: Bearer", nil},
	{"private key", "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nx", []string{"private key: -----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"}},
	{"certificate is no secret", "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----", nil},
	{"two in one text", "client_secret=s3cr3tvalue1 then " + jwt, []string{"client secret: s3cr3tvalue1", "JWT: " + jwt}},
	{"ids are none", "Trace ID: 0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100 code: 6f1f2b6e-2a5c-4c9b-8c3a-1d2e3f405162 state", nil},
}

func TestFindSecrets(t *testing.T) {
	for _, row := range secretRows {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, s := range FindSecrets(row.text) {
				got = append(got, s.Kind+": "+row.text[s.Start:s.End])
			}
			if strings.Join(got, "\n") != strings.Join(row.want, "\n") {
				t.Errorf("in %q\n got %q\nwant %q", row.text, got, row.want)
			}
			clean := Redact(row.text)
			for _, w := range row.want {
				kind, hidden, _ := strings.Cut(w, ": ")
				if strings.Contains(clean, hidden) || !strings.Contains(clean, "["+kind+" removed]") {
					t.Errorf("redacted: %q", clean)
				}
			}
			if len(row.want) == 0 && clean != row.text {
				t.Errorf("redacted %q though there is no secret", clean)
			}
		})
	}
}
