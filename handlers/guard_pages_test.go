package handlers

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"signpost/graph/facts"
	"signpost/runbooks/aadsts"
)

// TestEveryAnswerIsCompleteInPlainText walks all runbooks in every view, with nothing read, with much, and with long values:
// who hears the text instead of seeing the blocks learns what failed, what the person is to do, and the first step; every
// button has a label; and nothing on a page of ours looks like a secret, which would withhold it.
func TestEveryAnswerIsCompleteInPlainText(t *testing.T) {
	book := builtIn(t)
	long := strings.TrimSpace(strings.Repeat("a long value ", 15))
	for _, code := range book.Codes() {
		for name, r := range map[string]facts.Report{"nothing read": {}, "all seen": everything(facts.Seen, "text", 2), "all long": everything(facts.Seen, long, 2), "all failed": everything(facts.Failed, long, 1)} {
			var e aadsts.Error
			fill(reflect.ValueOf(&e).Elem(), "text", 1, at)
			e.Code = code
			d := book.Diagnose([]aadsts.Error{e}, r, at)
			for _, v := range []View{{Details: Full}, {Details: Full, Reading: true}, {Details: Full, Own: true}, {Details: Agents}, {Details: None}, {Details: None, Protected: true}, {Details: Full, Locale: "de-DE"}} {
				what := fmt.Sprintf("%d, %s, %+v", code, name, v)
				p := Compose(d, v)
				m := p.Draw(&Buttons{Key: "k", Show: v.Details == Agents})
				if wrong := violations(m); len(wrong) > 0 {
					t.Errorf("%s: %s", what, strings.Join(wrong, "\n"))
				}
				says := []string{p.Title, openingIn(d.Runbook, v.Locale)}
				for _, part := range p.Parts {
					if part.Title == "Next" {
						says = append(says, short(part.Lines[0], 60))
						break
					}
				}
				if v.Protected {
					says = append(says, "identity team")
				}
				for _, want := range says {
					if want = strings.TrimSuffix(want, "…"); !strings.Contains(m.Text, Escape(want)) {
						t.Errorf("%s: the text lacks %q:\n%s", what, want, m.Text)
					}
				}
				if why := (Policy{}).Withholds(append(strs(t, m.Blocks), m.Text)); why != "" {
					t.Errorf("%s: would be withheld: %s", what, why)
				}
			}
		}
		if m := ComposeRunbook(book.Lookup(code)).Draw(nil); (Policy{}).Withholds(append(strs(t, m.Blocks), m.Text)) != "" {
			t.Errorf("the runbook of %d would be withheld", code)
		}
	}
}

// strs are all strings of a payload.
func strs(t *testing.T, payload any) []string {
	t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	decode := json.NewDecoder(strings.NewReader(string(raw)))
	for {
		x, err := decode.Token()
		if err != nil {
			return all
		}
		if s, ok := x.(string); ok {
			all = append(all, s)
		}
	}
}

// TestWithholdsSeesASecret makes sure that the walk above could fail.
func TestWithholdsSeesASecret(t *testing.T) {
	p := Page{Title: "T", Parts: []Part{{Lines: []string{"client_secret=abc8Q~defghijklmnopqrstuvwxyz0123456789ab"}}}}
	if (Policy{}).Withholds(strs(t, p.Draw(nil).Blocks)) == "" {
		t.Error("a secret was not seen")
	}
}
