package runbooks

import (
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestPersonFor(t *testing.T) {
	r := &Runbook{Person: "Hello", PersonIn: map[string]string{"de": "Hallo", "es": "Hola", "es-419": "Hola a todos", "pt-BR": "Oi", "zh-TW": "你好", "fr": ""}}
	for locale, want := range map[string][2]string{
		"de": {"Hallo", "de"}, "de-DE": {"Hallo", "de"}, "de_AT": {"Hallo", "de"}, "DE-de": {"Hallo", "de"}, "es-ES": {"Hola", "es"}, "es-LA": {"Hola a todos", "es-419"},
		"pt-BR": {"Oi", "pt-BR"}, "pt-br": {"Oi", "pt-BR"}, "pt-PT": {"Hello", ""}, "pt": {"Hello", ""}, "zh-CN": {"Hello", ""}, "fr-FR": {"Hello", ""},
		"en-GB": {"Hello", ""}, "": {"Hello", ""}, "-": {"Hello", ""}, "deutsch": {"Hello", ""},
	} {
		if says, tag := r.PersonFor(locale); says != want[0] || tag != want[1] {
			t.Errorf("%q: %q in %q", locale, says, tag)
		}
	}
	if says, tag := (&Runbook{Person: "Hello"}).PersonFor("de-DE"); says != "Hello" || tag != "" {
		t.Errorf("without sentences: %q in %q", says, tag)
	}
}

// frequent are the codes that people post most; who reads German, French or Spanish reads what to do in their language.
var frequent = []int{
	700016, 50011, 50020, 65001, 50076, 50126, 50058, 90002, 900561, 7000215, 50194, 500011, 700082, 7000222, 53003, 75011, 50013, 700054, 900144, 50196, 70002,
	501481, 50053, 90014, 650053,
}

// TestFrequentCodesSpeakThreeLanguages holds that the sentences are there, and that each is a whole one of its own.
func TestFrequentCodesSpeakThreeLanguages(t *testing.T) {
	book, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, code := range frequent {
		r := book.Lookup(code)
		for _, locale := range []string{"de-DE", "fr-FR", "es-ES"} {
			says, tag := r.PersonFor(locale)
			if tag == "" || says == r.Person || !strings.HasSuffix(says, ".") {
				t.Errorf("%d, %s: %q", code, locale, says)
			}
			if other := seen[says]; other != 0 {
				t.Errorf("%d and %d say the same in %s", code, other, tag)
			}
			seen[says] = code
			if n, of := utf8.RuneCountInString(says), utf8.RuneCountInString(r.Person); n*10 < of*7 {
				t.Errorf("%d, %s: %d characters for %d in English leave something out", code, locale, n, of)
			}
		}
	}
}

// TestOverlayOfLanguages holds that a translation never outlives the sentence that it translates.
func TestOverlayOfLanguages(t *testing.T) {
	base, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	before := len(base.Lookup(50076).PersonIn)
	for name, row := range map[string]struct {
		front string
		want  map[string]bool // tags that are there
		de    string
	}{
		"nothing of it":        {"", map[string]bool{"de": true, "it": false}, "Diese Anmeldung"},
		"another language":     {"person_in: {it: Accedi di nuovo.}\n", map[string]bool{"de": true, "it": true}, "Diese Anmeldung"},
		"another translation":  {"person_in: {de: Bitte anrufen.}\n", map[string]bool{"de": true, "fr": true}, "Bitte anrufen."},
		"another sentence":     {"person: Call us.\n", map[string]bool{"de": false, "fr": false}, ""},
		"both of them another": {"person: Call us.\nperson_in: {de: Bitte anrufen.}\n", map[string]bool{"de": true, "fr": false}, "Bitte anrufen."},
	} {
		t.Run(name, func(t *testing.T) {
			book, err := Load(fstest.MapFS{"50076.md": {Data: []byte("---\ncode: 50076\n" + row.front + "---\n")}})
			if err != nil {
				t.Fatal(err)
			}
			r := book.Lookup(50076)
			for tag, there := range row.want {
				if _, ok := r.PersonIn[tag]; ok != there {
					t.Errorf("%s: %v", tag, ok)
				}
			}
			if !strings.HasPrefix(r.PersonIn["de"], row.de) {
				t.Errorf("de: %q", r.PersonIn["de"])
			}
		})
	}
	if again := len(base.Lookup(50076).PersonIn); again != before {
		t.Error("an overlay changed another book")
	}
}

// TestResetWord holds which steps look like ones that give somebody a new way in.
func TestResetWord(t *testing.T) {
	for do, want := range map[string]string{
		"Reset the password": "Reset", "Then revoke the sessions": "revoke", "Have them re-register": "re-register", "Have them reregister": "reregister",
		"Issue a Temporary Access Pass": "Issue a Temporary Access Pass", "It resets the redemption status": "resets",
		"Look who revoked the sessions": "", "See the preset": "", "Ask whether a Temporary Access Pass meets the policy": "", "Register the device": "", "": "",
	} {
		if got := resetWord(do); got != want {
			t.Errorf("%q: %q", do, got)
		}
	}
}

// TestLintOfResetsAndLanguages holds what lint says of the two keys.
func TestLintOfResetsAndLanguages(t *testing.T) {
	fix := func(id, by, more string) string {
		return "  - {id: " + id + ", says: It is so., check: It works., fix: [{do: Reset the password, by: " + by + ", role: none" + more + "}]}\n"
	}
	all, err := Lint(fstest.MapFS{"50076.md": {Data: []byte("---\ncode: 50076\ncauses:\n" +
		fix("unmarked", "helpdesk", "") + fix("marked", "helpdesk", ", resets: true") + fix("by-the-person", "user", "") +
		"person_in: {xx: Hi., de: " + strings.Repeat("ä", 281) + ", fr: " + strings.Repeat("é", 280) + ", es: ' '}\n---\n")}})
	if err != nil {
		t.Fatal(err)
	}
	var says []string
	for _, c := range all {
		says = append(says, c.Says)
	}
	if diff := cmp.Diff([]string{
		"person_in de has 281 characters; 1 to 280 are allowed",
		"person_in es has 0 characters; 1 to 280 are allowed",
		`person_in: "xx" is none of the language tags ` + strings.Join(languages, ", "),
		`cause unmarked: a fix says "Reset", so it needs resets: true`,
	}, says); diff != "" {
		t.Error(diff)
	}
}
