package tenantfake_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"signpost/graph/tenantfake"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// client talks to a fake tenant without any SDK.
type client struct {
	t     *testing.T
	s     *tenantfake.Server
	http  *http.Client
	token string
}

func dial(t *testing.T, state tenantfake.State, clock func() time.Time) *client {
	t.Helper()
	if clock == nil {
		clock = func() time.Time { return now }
	}
	s := tenantfake.NewAt(state, clock)
	t.Cleanup(s.Close)
	c := &client{t: t, s: s, http: s.Client()}
	t.Cleanup(c.http.CloseIdleConnections)
	c.token = c.login()
	return c
}

func (c *client) login() string {
	env := c.s.Env()
	res, err := c.http.PostForm(c.s.URL+"/"+env["AZURE_TENANT_ID"]+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {env["AZURE_CLIENT_ID"]}, "client_secret": {env["AZURE_CLIENT_SECRET"]}, "scope": {c.s.URL + "/.default"},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.AccessToken == "" {
		c.t.Fatalf("no token: %d %v", res.StatusCode, err)
	}
	return got.AccessToken
}

// answer is a status, the headers, and the JSON that came.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) code() string {
	e, _ := a.body["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

// ids are those of the values of a collection.
func (a answer) ids() string {
	var ids []string
	list, _ := a.body["value"].([]any)
	for _, v := range list {
		o, _ := v.(map[string]any)
		id, _ := o["id"].(string)
		ids = append(ids, id)
	}
	return strings.Join(ids, " ")
}

func (c *client) do(method, path string, body io.Reader, headers ...string) answer {
	c.t.Helper()
	address := path
	if !strings.HasPrefix(path, "https://") {
		p, query, _ := strings.Cut(path, "?")
		address = c.s.URL + p
		if query != "" {
			address += "?" + strings.ReplaceAll(strings.ReplaceAll(query, " ", "%20"), "'", "%27")
		}
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, address, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header}
	_ = json.NewDecoder(res.Body).Decode(&a.body)
	return a
}

func (c *client) get(path string, headers ...string) answer {
	return c.do("GET", path, nil, headers...)
}

func TestOnlyGetsAreTaken(t *testing.T) {
	c := dial(t, tenantfake.Demo(now), nil)
	for _, method := range []string{"POST", "PATCH", "PUT", "DELETE"} {
		if a := c.do(method, "/v1.0/users/mia@contoso.com", strings.NewReader("{}")); a.status != 405 {
			t.Errorf("%s is answered %d", method, a.status)
		}
	}
	if v := c.s.Violations(); len(v) != 4 {
		t.Errorf("violations %q", v)
	}
}

func TestBatchTakesGetsAlone(t *testing.T) {
	body := `{"requests":[{"id":"1","method":"GET","url":"/users/mia@contoso.com?$select=id"},{"id":"2","method":"DELETE","url":"/users/mia@contoso.com"},{"id":"3","method":"GET","url":"/users/nobody@contoso.com"}]}`
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	c := dial(t, tenantfake.Demo(now), nil)
	for name, a := range map[string]answer{
		"plain":  c.do("POST", "/v1.0/$batch", strings.NewReader(body)),
		"zipped": c.do("POST", "/v1.0/$batch", &zipped, "Content-Encoding", "gzip"),
	} {
		parts, _ := a.body["responses"].([]any)
		if a.status != 200 || len(parts) != 3 {
			t.Fatalf("%s: %d %v", name, a.status, a.body)
		}
		for i, want := range []float64{200, 405, 404} {
			if got := parts[i].(map[string]any)["status"]; got != want {
				t.Errorf("%s, part %d is %v, want %v", name, i+1, got, want)
			}
		}
	}
	if v := c.s.Violations(); len(v) != 2 {
		t.Errorf("violations %q", v)
	}
	many := `{"requests":[` + strings.TrimSuffix(strings.Repeat(`{"id":"1","method":"GET","url":"/users"},`, 21), ",") + `]}`
	if a := c.do("POST", "/v1.0/$batch", strings.NewReader(many)); a.status != 400 {
		t.Errorf("21 parts are answered %d", a.status)
	}
}

func TestTokensAreChecked(t *testing.T) {
	at := now
	c := dial(t, tenantfake.Demo(now), func() time.Time { return at })
	good := c.token
	for name, token := range map[string]string{"none": "", "of somebody else": "x.y.z"} {
		c.token = token
		if a := c.get("/v1.0/users"); a.status != 401 || a.code() != "InvalidAuthenticationToken" {
			t.Errorf("%s: %d %s", name, a.status, a.code())
		}
	}
	c.token = good
	if a := c.get("/v1.0/users"); a.status != 200 {
		t.Errorf("good: %d", a.status)
	}
	at = at.Add(time.Hour)
	if a := c.get("/v1.0/users"); a.status != 401 {
		t.Errorf("an hour later: %d", a.status)
	}
}

func TestAPermissionCountsFromTheNextTokenOn(t *testing.T) {
	c := dial(t, tenantfake.Demo(now), nil)
	c.s.Without("User.Read.All", "Directory.Read.All")
	if a := c.get("/v1.0/users"); a.status != 200 {
		t.Errorf("with the old token: %d", a.status)
	}
	c.token = c.login()
	if a := c.get("/v1.0/users"); a.status != 403 || a.code() != "Authorization_RequestDenied" {
		t.Errorf("with a new one: %d %s", a.status, a.code())
	}
}

func TestLimitsAreThoseOfMicrosoft(t *testing.T) {
	at := now
	c := dial(t, tenantfake.Demo(now), func() time.Time { return at })
	for i := range 5 {
		if a := c.get("/v1.0/auditLogs/signIns?$top=1"); a.status != 200 {
			t.Fatalf("request %d: %d", i+1, a.status)
		}
	}
	if a := c.get("/v1.0/reports/authenticationMethods/userRegistrationDetails"); a.status != 429 || a.header.Get("Retry-After") != "10" {
		t.Errorf("the sixth: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	at = at.Add(10 * time.Second)
	if a := c.get("/v1.0/auditLogs/signIns?$top=1"); a.status != 200 {
		t.Errorf("10 seconds later: %d", a.status)
	}
	c.get("/v1.0/identity/conditionalAccess/policies")
	if a := c.get("/v1.0/identity/conditionalAccess/namedLocations"); a.status != 429 || a.header.Get("Retry-After") != "" {
		t.Errorf("the second of a second: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	if n := c.s.Throttled(); n != 2 {
		t.Errorf("%d throttled", n)
	}
}

func TestGraphsTraps(t *testing.T) {
	state := tenantfake.Demo(now)
	mia := "11111111-0000-4000-8000-000000000001"
	for name, c := range map[string]struct {
		path   string
		status int
		code   string
	}{
		"signInActivity with a sign-in name":       {"/v1.0/users/mia@contoso.com?$select=id,signInActivity", 400, "400"},
		"signInActivity with an object id":         {"/v1.0/users/" + mia + "?$select=id,signInActivity", 200, ""},
		"a sign-in name that begins with $":        {"/v1.0/users/$mia@contoso.com", 400, "BadRequest"},
		"the form with a key in brackets":          {"/v1.0/users('mia@contoso.com')", 200, ""},
		"the form with a named key":                {"/v1.0/users(userPrincipalName='mia@contoso.com')", 200, ""},
		"resources in other letters":               {"/v1.0/USERS/mia@contoso.com", 200, ""},
		"nobody":                                   {"/v1.0/users/nobody@contoso.com", 404, "Request_ResourceNotFound"},
		"a disabled person's registration":         {"/v1.0/reports/authenticationMethods/userRegistrationDetails/11111111-0000-4000-8000-000000000005", 404, "Request_ResourceNotFound"},
		"a registration by name":                   {"/v1.0/reports/authenticationMethods/userRegistrationDetails/mia@contoso.com", 400, "BadRequest"},
		"the trust of a child domain":              {"/v1.0/domains/emea.fabrikam.com/federationConfiguration", 404, "Request_ResourceNotFound"},
		"the trust of a managed domain":            {"/v1.0/domains/contoso.com/federationConfiguration", 404, "Request_ResourceNotFound"},
		"a trust with options":                     {"/v1.0/domains/fabrikam.com/federationConfiguration?$select=id", 400, "Request_UnsupportedQuery"},
		"the trust of a root domain":               {"/v1.0/domains/fabrikam.com/federationConfiguration", 200, ""},
		"endsWith without the header":              {"/v1.0/users?$filter=endsWith(mail,'contoso.com')", 400, "Request_UnsupportedQuery"},
		"a page of too many rows":                  {"/v1.0/auditLogs/signIns?$top=1001", 400, "Request_UnsupportedQuery"},
		"people and service principals in one":     {"/beta/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq 'nonInteractiveUser' or t eq 'servicePrincipal')", 400, "BadRequest"},
		"beta's requirements in v1.0":              {"/v1.0/users/" + mia + "/authentication/requirements", 400, "BadRequest"},
		"beta's requirements in beta":              {"/beta/users/" + mia + "/authentication/requirements", 200, ""},
		"a resource that there is none of":         {"/v1.0/teapots", 400, "BadRequest"},
		"a non-interactive row by id in v1.0":      {"/v1.0/auditLogs/signIns/6d90e3a2-4f1b-48c5-a7e9-0b2d7c8f1e00", 404, "Request_ResourceNotFound"},
		"a non-interactive row by id in beta":      {"/beta/auditLogs/signIns/6d90e3a2-4f1b-48c5-a7e9-0b2d7c8f1e00", 200, ""},
		"an address that is nobody's sign-in name": {"/v1.0/users?$filter=mail eq 'olga.berg@gmail.com'", 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := dial(t, state, nil).get(c.path)
			if a.status != c.status || a.code() != c.code && a.code() != "" {
				t.Errorf("%d %s, want %d %s", a.status, a.code(), c.status, c.code)
			}
		})
	}
}

func TestTheLogShowsWhatAVersionShows(t *testing.T) {
	row := func(id string, more tenantfake.Object) tenantfake.Object {
		o := tenantfake.Object{"id": id, "createdDateTime": "2026-11-24T0" + id + ":00:00Z", "isInteractive": true, "authenticationRequirement": "x"}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	at := now
	c := dial(t, tenantfake.State{SignIns: []tenantfake.Object{
		row("1", nil), row("2", tenantfake.Object{"isInteractive": false}), row("3", tenantfake.Object{"signInEventTypes": []string{"servicePrincipal"}}),
		row("4", tenantfake.Object{"@visibleFrom": now.Add(time.Minute).Format(time.RFC3339)}),
	}}, func() time.Time { return at })
	kinds := "/beta/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')"
	if got := c.get("/v1.0/auditLogs/signIns"); got.ids() != "1" || strings.Contains(strings.Join(keys(got), " "), "authenticationRequirement") {
		t.Errorf("v1.0: %s %v", got.ids(), keys(got))
	}
	if got := c.get("/beta/auditLogs/signIns").ids(); got != "1" {
		t.Errorf("beta without a kind: %s", got)
	}
	if got := c.get(kinds).ids(); got != "2 1" {
		t.Errorf("beta of people: %s", got)
	}
	if got := c.get("/beta/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq 'servicePrincipal')").ids(); got != "3" {
		t.Errorf("beta of service principals: %s", got)
	}
	at = at.Add(time.Minute)
	if got := c.get(kinds).ids(); got != "4 2 1" {
		t.Errorf("a minute later: %s", got)
	}
}

// keys are the property names of a collection's first value.
func keys(a answer) (names []string) {
	list, _ := a.body["value"].([]any)
	if len(list) > 0 {
		for k := range list[0].(map[string]any) {
			names = append(names, k)
		}
	}
	return names
}

func TestPagesFollowOneAnother(t *testing.T) {
	state := tenantfake.Demo(now)
	state.PageSize = 4
	c := dial(t, state, nil)
	seen := 0
	for next := "/v1.0/users?$select=id&$count=true"; next != ""; {
		a := c.get(next)
		if a.status != 200 {
			t.Fatalf("%s: %d", next, a.status)
		}
		list, _ := a.body["value"].([]any)
		seen += len(list)
		next, _ = a.body["@odata.nextLink"].(string)
	}
	if seen != len(state.Users) {
		t.Errorf("%d users, want %d", seen, len(state.Users))
	}
}

func TestRealmsTellHowADomainSignsIn(t *testing.T) {
	c := dial(t, tenantfake.Demo(now), nil)
	for login, want := range map[string]string{"probe@contoso.com": "Managed", "probe@fabrikam.com": "Federated", "probe@emea.fabrikam.com": "Federated", "probe@elsewhere.example": "Unknown"} {
		a := c.get("/getuserrealm.srf?login=" + login + "&json=1")
		if a.body["NameSpaceType"] != want {
			t.Errorf("%s is %v", login, a.body)
		}
		if u, _ := a.body["AuthURL"].(string); want == "Federated" && !strings.HasPrefix(u, "https://sts.fabrikam.com/adfs/ls/") {
			t.Errorf("%s signs in at %q", login, u)
		}
	}
	if a := c.get("/common/userrealm/probe@fabrikam.com?api-version=1.0"); a.body["account_type"] != "Federated" || a.body["federation_protocol"] != "WSTrust" {
		t.Errorf("%v", a.body)
	}
}

func TestLoadReadsAStateAndRefusesMisspeltFields(t *testing.T) {
	state, err := tenantfake.Load(strings.NewReader(`{"no_premium":true,"users":[{"id":"1","userPrincipalName":"a@contoso.com"}]}`))
	if err != nil || !state.NoPremium || len(state.Users) != 1 {
		t.Errorf("%+v %v", state, err)
	}
	if _, err := tenantfake.Load(strings.NewReader(`{"usres":[]}`)); err == nil {
		t.Error("a misspelt field was taken")
	}
	text, err := json.Marshal(tenantfake.Demo(now))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := tenantfake.Load(bytes.NewReader(text)); err != nil || len(again.SignIns) == 0 {
		t.Errorf("the demo does not survive JSON: %v", err)
	}
}
