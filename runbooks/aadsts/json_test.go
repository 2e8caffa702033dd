package aadsts

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestErrorJSON(t *testing.T) {
	for _, row := range []struct {
		name string
		err  Error
		want string
	}{
		{"nothing but a code", Error{Code: 50076, Explicit: true},
			`{"code":50076,"name":"UserStrongAuthClientAuthNRequired","explicit":true,"trace_id":null,"correlation_id":null,"timestamp":null,"tenant":null,"app_id":null,"app_name":null,"user":null,"oauth_error":null,"suberror":null,"policy_ids":null}`},
		{"everything", Error{Code: 53003, TraceID: "a", CorrelationID: "b", Timestamp: time.Date(2026, 3, 4, 10, 22, 11, 0, time.UTC), Tenant: "c", AppID: "d", AppName: "e", User: "f", OAuthError: "g", Suberror: "h", PolicyIDs: []string{"i", "j"}},
			`{"code":53003,"name":"BlockedByConditionalAccess","explicit":false,"trace_id":"a","correlation_id":"b","timestamp":"2026-03-04T10:22:11Z","tenant":"c","app_id":"d","app_name":"e","user":"f","oauth_error":"g","suberror":"h","policy_ids":["i","j"]}`},
		{"a code in nobody's list has no name", Error{Code: 599999},
			`{"code":599999,"name":null,"explicit":false,"trace_id":null,"correlation_id":null,"timestamp":null,"tenant":null,"app_id":null,"app_name":null,"user":null,"oauth_error":null,"suberror":null,"policy_ids":null}`},
		{"a time of another zone is written in UTC, with its fraction", Error{Code: 599999, Timestamp: time.Date(2026, 3, 4, 12, 22, 11, 500_000_000, time.FixedZone("", 7200))},
			`{"code":599999,"name":null,"explicit":false,"trace_id":null,"correlation_id":null,"timestamp":"2026-03-04T10:22:11.5Z","tenant":null,"app_id":null,"app_name":null,"user":null,"oauth_error":null,"suberror":null,"policy_ids":null}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := json.Marshal(row.err)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, string(got)); diff != "" {
				t.Error(diff)
			}
			var back Error
			if err := json.Unmarshal(got, &back); err != nil {
				t.Fatal(err)
			}
			row.err.Timestamp = row.err.Timestamp.UTC()
			if diff := cmp.Diff(row.err, back); diff != "" {
				t.Errorf("read back: %s", diff)
			}
		})
	}
}

// What Find returns comes back from its JSON, but for the fields that are not part of the format.
func TestErrorJSONOfCases(t *testing.T) {
	for _, c := range cases(t) {
		errs := Find(c.in)
		data, err := json.Marshal(errs)
		if err != nil {
			t.Fatal(err)
		}
		var back []Error
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for i := range errs {
			errs[i].Resource, errs[i].IdentityProvider, errs[i].RedirectURI, errs[i].URLHosts = "", "", "", nil
		}
		if diff := cmp.Diff(errs, back); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestErrorJSONRefused(t *testing.T) {
	for _, data := range []string{`[]`, `{"code":"50076"}`, `{"code":50076,"timestamp":"yesterday"}`} {
		var e Error
		if err := json.Unmarshal([]byte(data), &e); err == nil {
			t.Errorf("%s was read as %v", data, e)
		}
	}
}

func TestErrorString(t *testing.T) {
	e := Error{Code: 50020, Explicit: true, Tenant: "Fabrikam, \"Inc\"", User: "ann@\x1b[31mcontoso.com\n", AppName: "O'Brien", RedirectURI: "https://a/b?c=d"}
	want := `AADSTS50020 name=UserUnauthorized explicit=true tenant="Fabrikam, \"Inc\"" app_name="O'Brien" user=ann@[31mcontoso.com redirect_uri="https://a/b?c=d"`
	if got := e.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (Error{Code: 599999}).String(); got != "AADSTS599999 explicit=false" {
		t.Error(got)
	}
	if strings.ContainsAny((Error{Code: 1, Tenant: "a\r\nb"}).String(), "\r\n") {
		t.Error("two lines")
	}
}
