package aadsts

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// FuzzFind holds for every text: no panic, the same answer twice, each code once, values that are one line, secrets
// within the text and in order, nothing left to redact after Redact, and the same codes from Stream.
func FuzzFind(f *testing.F) {
	for _, row := range cases(f) {
		f.Add(row.in)
	}
	for _, row := range secretRows {
		f.Add(row.text)
	}
	for _, a := range adversarial {
		f.Add(a.text[:200])
	}
	f.Fuzz(func(t *testing.T, text string) {
		errs := Find(text)
		if again := Find(text); !reflect.DeepEqual(errs, again) {
			t.Fatalf("two runs differ:\n%v\n%v", errs, again)
		}
		if len(errs) > 0 != (Primary(errs) >= 0) || Primary(errs) >= len(errs) {
			t.Fatalf("primary %d of %d", Primary(errs), len(errs))
		}
		seen := map[int]bool{}
		for _, e := range errs {
			if seen[e.Code] {
				t.Fatalf("code %d twice", e.Code)
			}
			seen[e.Code] = true
			if e.Code < 10000 || e.Code > 99999999 {
				t.Fatalf("code %d", e.Code)
			}
			for _, v := range []string{e.TraceID, e.CorrelationID} {
				if v != "" && (!isGUID(v) || v != strings.ToLower(v)) {
					t.Fatalf("id %q", v)
				}
			}
			if strings.ContainsAny(e.Tenant+e.AppID+e.AppName+e.User+e.OAuthError+e.Suberror, "\n\r\t") || strings.ContainsAny(e.String(), "\n\r\t\x1b") {
				t.Fatalf("a value of more than one line: %q", e)
			}
			data, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			var back Error
			if err := json.Unmarshal(data, &back); err != nil {
				t.Fatalf("%s: %v", data, err)
			}
		}
		end := 0
		for _, s := range FindSecrets(text) {
			if s.Start < end || s.End <= s.Start || s.End > len(text) || s.Kind == "" {
				t.Fatalf("secret %+v after %d in %d bytes", s, end, len(text))
			}
			end = s.End
		}
		once := Redact(text)
		if twice := Redact(once); twice != once {
			t.Fatalf("redacting twice:\n%q\n%q", once, twice)
		}
		streamed := map[int]bool{}
		if err := Stream(strings.NewReader(text), func(e Error) error {
			streamed[e.Code] = true
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(text) < streamCore && !reflect.DeepEqual(streamed, seen) {
			t.Fatalf("stream %v, find %v", streamed, seen)
		}
	})
}
