package handlers

import (
	"fmt"
	"strings"
	"testing"

	"signpost/runbooks"
)

func searchBook(t *testing.T) *runbooks.Book {
	t.Helper()
	b, err := runbooks.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSearchFindsWhatPeopleDescribe(t *testing.T) {
	t.Parallel()
	book := searchBook(t)
	for words, want := range map[string]int{ // among the first three
		"redirect uri mismatch":             50011,
		"reply url does not match":          50011,
		"password expired":                  50055,
		"wrong password":                    50126,
		"account locked":                    50053,
		"account is disabled":               50057,
		"multifactor required":              50076,
		"mfa required":                      50076,
		"UserStrongAuthClientAuthNRequired": 50076,
		"device not compliant":              53000,
		"client secret expired":             7000222,
		"invalid client secret":             7000215,
		"admin consent":                     90094,
		"blocked by conditional access":     53003,
		"user not assigned to the app":      50105,
		"app is not in this tenant":         700016,
		"My Password has EXPIRED!":          50055,
	} {
		hits, _ := Search(book, words, MostHits)
		found := false
		for _, h := range hits[:min(len(hits), 3)] {
			found = found || h.Code == want
		}
		if !found {
			t.Errorf("%q: %d is not among the first three of %v", words, want, hits)
		}
	}
}

func TestSearchThatTellsNothingFindsNothing(t *testing.T) {
	t.Parallel()
	book := searchBook(t)
	for _, words := range []string{"", "the error", "what is this", "my dog", "xyzzy plugh", "💥", "<!here>", strings.Repeat("?", 4000)} {
		if hits, n := Search(book, words, MostHits); len(hits) != 0 || n != 0 {
			t.Errorf("%q finds %d: %v", words, n, hits)
		}
	}
}

func TestSearchBoundsAndOrder(t *testing.T) {
	t.Parallel()
	book := searchBook(t)
	hits, n := Search(book, "password", MostHits)
	if len(hits) != MostHits || n <= MostHits {
		t.Errorf("%d of %d hits", len(hits), n)
	}
	again, _ := Search(book, "  PASSWORD?", MostHits)
	if fmt.Sprint(hits) != fmt.Sprint(again) {
		t.Errorf("%v\n%v", hits, again)
	}
	for _, h := range hits {
		if h.Title == "" {
			t.Errorf("%d has no title", h.Code)
		}
	}
}

func TestHitsAreDrawnWithinLimits(t *testing.T) {
	t.Parallel()
	var hits []Hit
	for i := range MostHits {
		hits = append(hits, Hit{Code: 10000000 + i, Title: strings.Repeat("<&>", 500), Ends: "the identity provider's administrator"})
	}
	m := DrawHits("<!channel> & "+strings.Repeat("x", 5000), hits, 400)
	if strings.Contains(m.Text, "<!channel>") || len([]rune(m.Text)) > maxText || len(m.Blocks) != MostHits+1 {
		t.Errorf("%d blocks: %s", len(m.Blocks), m.Text)
	}
	withinLimits(t, m)
}
