package handlers

import (
	"net/http"
	"strings"
	"testing"

	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

func TestLocale(t *testing.T) {
	var answer any = failure("user_not_found")
	g, s := newGate(t, Policy{Agents: []string{"S1"}}, func(string, *http.Request) any { return answer })
	for range 2 { // asked for once: an answer is edited several times, and waits each time
		if got := g.Locale(t.Context(), "U0"); got != "" {
			t.Errorf("of nobody: %q", got)
		}
	}
	answer = slackUser(object{"locale": "de-DE", "is_restricted": true})
	for range 2 {
		if got := g.Locale(t.Context(), "U1"); got != "de-DE" {
			t.Errorf("of a guest: %q", got)
		}
	}
	if s.count(userMethod) != 2 || s.count(membersMethod) != 0 {
		t.Errorf("%d look-ups of the person, %d of groups", s.count(userMethod), s.count(membersMethod))
	}
	if g.Locale(t.Context(), "") != "" {
		t.Error("nobody has a language")
	}
}

// TestTheSentenceIsInTheReadersLanguage holds that the sentence alone changes, and that it is the first thing after the title.
func TestTheSentenceIsInTheReadersLanguage(t *testing.T) {
	d := builtIn(t).Diagnose([]aadsts.Error{{Code: 50076}}, everything("", "", 0), at)
	r := *d.Runbook
	r.PersonIn = map[string]string{"de": "Bitte <melden> Sie sich an.", "pt-BR": "Entre de novo."}
	d.Runbook = &r
	for locale, want := range map[string]string{
		"de-DE": "Bitte <melden> Sie sich an.", "de": "Bitte <melden> Sie sich an.", "pt-BR": "Entre de novo.", "pt-PT": r.Person, "en-US": r.Person, "": r.Person, "nonsense": r.Person,
	} {
		for _, details := range []Details{Full, Agents, None} {
			p := Compose(d, View{Details: details, Locale: locale})
			if p.Parts[0].Lines[0] != want {
				t.Errorf("%s, %s: %q", locale, details, p.Parts[0].Lines[0])
			}
			english := Compose(d, View{Details: details})
			if strings.Replace(p.Plain(), want, r.Person, 1) != english.Plain() {
				t.Errorf("%s, %s: more than the sentence changed", locale, details)
			}
			if wrong := violations(p.Draw(nil)); len(wrong) > 0 {
				t.Error(wrong)
			}
		}
	}
	bare := &runbooks.Runbook{Code: 1, Meaning: "It means this"}
	if got := openingIn(bare, "de-DE"); got != "It means this." {
		t.Errorf("without a sentence: %q", got)
	}
}
