package federation_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

func TestRealmIsReadWithoutNamingAnybody(t *testing.T) {
	var asked *http.Request
	s := provider(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		_, _ = w.Write([]byte(`{"State":3,"UserState":2,"Login":"signpost-probe@fabrikam.com","NameSpaceType":"Federated","DomainName":"FABRIKAM.COM","FederationGlobalVersion":-1,` +
			`"AuthURL":"https://sts.fabrikam.com/adfs/ls/?username=signpost-probe%40fabrikam.com&wa=wsignin1.0","FederationBrandName":"Fabrikam","AuthNForwardType":1,"CloudInstanceName":"microsoftonline.com"}`))
	})
	got, err := federation.ReadRealm(t.Context(), s.Client(), s.URL+"/", "fabrikam.com", now)
	if err != nil {
		t.Fatal(err)
	}
	want := facts.Realm{Kind: "Federated", Domain: "fabrikam.com", Brand: "Fabrikam", SignInURL: "https://sts.fabrikam.com/adfs/ls/", Cloud: "microsoftonline.com", Read: now}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if q := asked.URL.Query(); asked.URL.Path != "/getuserrealm.srf" || q.Get("login") != "signpost-probe@fabrikam.com" || q.Get("json") != "1" || asked.Method != http.MethodGet {
		t.Errorf("asked %s %s", asked.Method, asked.URL)
	}
	if asked.Header.Get("Authorization") != "" {
		t.Error("a token was sent")
	}
}

func TestOddRealms(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want facts.Realm
		says string
	}{
		"managed":                 {`{"NameSpaceType":"Managed","DomainName":"contoso.com"}`, facts.Realm{Kind: "Managed", Domain: "contoso.com", Read: now}, ""},
		"unknown":                 {`{"State":4,"NameSpaceType":"Unknown"}`, facts.Realm{Kind: "Unknown", Read: now}, ""},
		"other types":             {`{"NameSpaceType":"Federated","DomainName":7,"AuthURL":{"a":1},"FederationBrandName":null,"CloudInstanceName":[]}`, facts.Realm{Kind: "Federated", Read: now}, ""},
		"an address that is none": {`{"NameSpaceType":"Federated","AuthURL":"://"}`, facts.Realm{Kind: "Federated", Read: now}, ""},
		"a brand of many lines":   {`{"NameSpaceType":"Managed","FederationBrandName":"a\nb\u001b[31m"}`, facts.Realm{Kind: "Managed", Brand: "a b [31m", Read: now}, ""},
		"no kind":                 {`{"NameSpaceType":3}`, facts.Realm{}, "what kind of domain"},
		"a list":                  {`[]`, facts.Realm{}, "not JSON of the usual shape"},
		"null":                    {`null`, facts.Realm{}, "not JSON of the usual shape"},
		"XML":                     {`<RealmInfo/>`, facts.Realm{}, "not JSON of the usual shape"},
		"nothing":                 {``, facts.Realm{}, "not JSON of the usual shape"},
		"without end":             {`{"a":"` + strings.Repeat("x", 1<<20), facts.Realm{}, "not JSON of the usual shape"},
	} {
		t.Run(name, func(t *testing.T) {
			s := provider(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(c.body)) })
			got, err := federation.ReadRealm(t.Context(), s.Client(), s.URL, "fabrikam.com", now)
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v, want %q", err, c.says)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestARealmThatFails(t *testing.T) {
	s := provider(t, http.NotFound)
	if _, err := federation.ReadRealm(t.Context(), s.Client(), s.URL, "fabrikam.com", now); err == nil || err.Error() != "it answered with status 404" {
		t.Errorf("error %v", err)
	}
	s.Close()
	if _, err := federation.ReadRealm(t.Context(), s.Client(), s.URL, "fabrikam.com", now); err == nil || err.Error() != "the connection was refused" {
		t.Errorf("error %v", err)
	}
}
