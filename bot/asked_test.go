package bot

import (
	"fmt"
	"strings"
	"testing"

	"signpost/handlers"
)

// brief writes what was understood in one line.
func (m meant) brief() string {
	var b strings.Builder
	switch m.Kind {
	case meansNothing:
		b.WriteString("nothing")
	case meansHelp:
		b.WriteString("help")
	case meansStatus:
		b.WriteString("status")
	case meansForm:
		b.WriteString("form")
	case meansReport:
		b.WriteString(m.Text)
	case meansCompare:
		fmt.Fprintf(&b, "compare %s %s %s", m.Who, m.Good, m.App)
	case meansPerson:
		b.WriteString("person " + m.Who)
	case meansDomain:
		b.WriteString("domain " + m.Domain)
	case meansWords:
		b.WriteString("words")
	case meansUnclear:
		b.WriteString("unclear")
		if m.Instead != nil {
			b.WriteString(": " + m.Instead.brief())
		}
	case meansError:
		b.WriteString("error")
		if m.Pasted {
			b.WriteString(" pasted")
		}
		for _, e := range m.Errors {
			fmt.Fprintf(&b, " %d", e.Code)
			if e.User != "" {
				b.WriteString("/" + e.User)
			}
		}
		if m.Who != "" {
			b.WriteString(" of " + m.Who)
		}
	}
	return strings.TrimSpace(b.String())
}

const someID = "0a1b2c3d-0000-4000-8000-000000000100"

// meanings are texts as Slack delivers them, with what is understood.
var meanings = []struct{ name, text, want string }{
	{"nothing", "", "nothing"},
	{"blanks", " \n\t ", "nothing"},
	{"characters that cannot be seen", "\u200b\ufeff\u2060", "nothing"},
	{"a no-break space", "\u00a0", "nothing"},

	{"help", "help", "help"},
	{"help in capitals", "HELP", "help"},
	{"help with a mark", "help!", "help"},
	{"help in quotes", "“help”", "help"},
	{"a question mark", "?", "help"},
	{"a flag", "--help", "help"},
	{"a flag that the keyboard changed", "–help", "help"},
	{"help about something", "help me with my password", "words"},

	{"status", "status", "status"},
	{"status in capitals", " Status. ", "status"},
	{"status of something", "status of the token", "words"},
	{"form", "form", "form"},
	{"hello", "Hello!", "help"},
	{"a word that begins like form", "format error", "words"},

	{"report", "report", "report"},
	{"report with days", "report 30", "report 30"},
	{"report with the word days", "Report 30 days", "report 30 days"},
	{"report in full width", "ｒｅｐｏｒｔ ３０", "report 30"},
	{"a word that begins like report", "reporting is broken", "words"},

	{"compare", "compare a@contoso.com b@contoso.com", "compare a@contoso.com b@contoso.com"},
	{"compare as Slack marks it", "compare <mailto:a@contoso.com|a@contoso.com> <mailto:b@contoso.com|b@contoso.com>", "compare a@contoso.com b@contoso.com"},
	{"compare with small words", "Compare a@contoso.com with b@contoso.com", "compare a@contoso.com b@contoso.com"},
	{"compare with commas", "compare a@contoso.com, b@contoso.com", "compare a@contoso.com b@contoso.com"},
	{"compare mentions", "compare <@U0BOB|bob> and <@U0ALICE>", "compare U0BOB U0ALICE"},
	{"compare for one app", "compare a@contoso.com b@contoso.com " + someID, "compare a@contoso.com b@contoso.com " + someID},
	{"compare one person", "compare a@contoso.com", "compare"},
	{"compare a person with themselves", "compare a@contoso.com A@contoso.com", "compare"},
	{"compare three people", "compare a@contoso.com b@contoso.com c@contoso.com", "compare"},
	{"compare nobody", "compare", "compare"},
	{"compare something else", "compare apples and pears", "compare"},
	{"two people without the word", "a@contoso.com b@contoso.com", "unclear: compare a@contoso.com b@contoso.com"},
	{"three people", "a@contoso.com b@contoso.com c@contoso.com", "unclear"},

	{"a person", "bob@contoso.com", "person bob@contoso.com"},
	{"a person as Slack marks it", "<mailto:bob@contoso.com|bob@contoso.com>", "person bob@contoso.com"},
	{"a person marked without a label", "<mailto:bob@contoso.com>", "person bob@contoso.com"},
	{"a person behind a name", "<mailto:bob@contoso.com|Bob>", "unclear: person bob@contoso.com"},
	{"a person with mailto typed", "mailto:bob@contoso.com", "person bob@contoso.com"},
	{"a mention", "<@U0BOB>", "person U0BOB"},
	{"a mention with a name", "<@U0BOB|bob>", "person U0BOB"},
	{"a mention of somebody from elsewhere", "<@W0BOB|bob>", "person W0BOB"},
	{"a mention with a full stop", "<@U0BOB|bob>.", "person U0BOB"},
	{"a person in capitals", "BOB@CONTOSO.COM", "person BOB@CONTOSO.COM"},
	{"a person in quotes", "\"bob@contoso.com\"", "person bob@contoso.com"},
	{"a person in smart quotes", "‘bob@contoso.com’", "person bob@contoso.com"},
	{"a person in angle brackets", "&lt;bob@contoso.com&gt;", "person bob@contoso.com"},
	{"a person in code", "`bob@contoso.com`", "person bob@contoso.com"},
	{"a person in italics", "_bob@contoso.com_", "person bob@contoso.com"},
	{"a service account", "_svc.sync@contoso.com", "person _svc.sync@contoso.com"},
	{"a person with a comma after", "bob@contoso.com,", "person bob@contoso.com"},
	{"a question", "bob@contoso.com?", "person bob@contoso.com"},
	{"a person with an apostrophe", "o'brien@contoso.com", "person o'brien@contoso.com"},
	{"a guest's sign-in name", "gus_fabrikam.com#EXT#@contoso.onmicrosoft.com", "person gus_fabrikam.com#EXT#@contoso.onmicrosoft.com"},
	{"a plus and an ampersand", "r&amp;d+test@contoso.com", "person r&d+test@contoso.com"},
	{"a person in full width", "ｂｏｂ＠ｃｏｎｔｏｓｏ．ｃｏｍ", "person bob@contoso.com"},
	{"a person with a zero-width space in it", "bob@\u200bcontoso.com", "person bob@contoso.com"},
	{"a person with small words", "user bob@contoso.com", "person bob@contoso.com"},
	{"oneself", "me", "person me"},
	{"letters that only look like it", "b\u043eb@contoso.com", "words"},
	{"a person in a sentence", "why can bob@contoso.com not log in", "unclear: person bob@contoso.com"},
	{"a mention in a sentence", "thanks <@U0BOB> nice work", "unclear: person U0BOB"},
	{"a name that Slack did not resolve", "@bob", "words"},

	{"a code", "50076", "error 50076"},
	{"a code in full", "AADSTS50076", "error 50076"},
	{"a code in lower case", "aadsts50076", "error 50076"},
	{"a code apart", "AADSTS 50076", "error 50076"},
	{"a code with a hyphen", "AADSTS-50076", "error 50076"},
	{"a code with a colon", "AADSTS50076:", "error 50076"},
	{"a code with a colon before", "aadsts: 50076", "error 50076"},
	{"a code with the word error", "error 50076", "error 50076"},
	{"a code with the words error code", "Error Code: 50076", "error 50076"},
	{"a code with a number sign", "#50076", "error 50076"},
	{"a code with a slip in the word", "AADTS50076", "error 50076"},
	{"a code with letters changed", "AASDTS 50076", "error 50076"},
	{"a code in quotes", "“50076”", "error 50076"},
	{"a code with a full stop", "50076.", "error 50076"},
	{"a code in brackets", "(AADSTS50076)", "error 50076"},
	{"a code in full width", "ＡＡＤＳＴＳ５００７６", "error 50076"},
	{"a code with a zero-width space", "AADSTS\u200b50076", "error 50076"},
	{"a code with a leading zero", "050076", "error 50076"},
	{"a question about a code", "what does 50076 mean?", "error 50076"},
	{"several codes", "50076 50079", "error 50076 50079"},
	{"several codes with commas", "AADSTS50076, AADSTS50079", "error 50076 50079"},
	{"several codes with slashes", "50076/50079", "error 50076 50079"},
	{"a code twice", "50076 aadsts50076", "error 50076"},
	{"a code nobody knows", "50067", "error 50067"},
	{"a short number", "5076", "error 5076"},
	{"a long number", "500760", "error 500760"},
	{"a number that is too long", "123456789012", "words"},
	{"a number that is too short", "500", "words"},
	{"a code in a sentence", "my laptop says 50076 all day", "error 50076"},
	{"a number in a sentence", "the room costs 4321 dollars", "words"},

	{"a code and a person", "50076 bob@contoso.com", "error 50076 of bob@contoso.com"},
	{"a person and a code", "bob@contoso.com AADSTS50076", "error 50076 of bob@contoso.com"},
	{"a code and a marked person", "AADSTS50076 <mailto:bob@contoso.com|bob@contoso.com>", "error 50076 of bob@contoso.com"},
	{"a code and a mention", "50076 <@U0BOB|bob>", "error 50076 of U0BOB"},
	{"a code for a person", "error 50076 for bob@contoso.com", "error 50076 of bob@contoso.com"},
	{"a person with a code", "<@U0BOB> gets AADSTS50076", "error 50076 of U0BOB"},
	{"a code and two people", "50076 a@contoso.com b@contoso.com", "unclear"},
	{"a code and a domain", "50076 contoso.com", "unclear"},

	{"a domain", "contoso.com", "domain contoso.com"},
	{"a domain as Slack marks it", "<http://contoso.com|contoso.com>", "domain contoso.com"},
	{"a domain's address", "<https://contoso.com/>", "domain contoso.com"},
	{"a domain in capitals", "CONTOSO.COM", "domain contoso.com"},
	{"a domain with a full stop", "contoso.com.", "domain contoso.com"},
	{"a domain with an at", "@contoso.com", "domain contoso.com"},
	{"a domain below another", "emea.contoso.co.uk", "domain emea.contoso.co.uk"},
	{"an international domain", "xn--bcher-kva.example", "domain xn--bcher-kva.example"},
	{"the health of a domain", "health of contoso.com", "domain contoso.com"},
	{"two domains", "contoso.com fabrikam.com", "unclear"},
	{"a domain and a person", "contoso.com bob@contoso.com", "unclear"},
	{"something with dots that is no domain", strings.Repeat("a", 64) + ".com", "words"},
	{"a version", "v1.2.3", "words"},
	{"a page", "<https://contoso.com/portal>", "words"},

	{"words", "password expired", "words"},
	{"a channel", "<#C0SUPPORT|support>", "words"},
	{"everybody", "<!channel>", "words"},
	{"an id", someID, "unclear"},
	{"a symbolic name", "UserStrongAuthClientAuthNRequired", "words"},
	{"an emoji", ":wave:", "words"},

	{"a whole error", paste50076, "error pasted 50076"},
	{"an error with its person", "AADSTS50034: The user account bob@contoso.com does not exist in the contoso.com directory.", "error pasted 50034/bob@contoso.com"},
	{"an error with its person in another line", pasteOfBob, "error pasted 50076/bob@contoso.com"},
	{"an escaped error", "AADSTS50011: The redirect URI &lt;https://app.contoso.com/cb?a=1&amp;b=2&gt; does not match", "error pasted 50011"},
	{"an unknown code in a sentence", "it says AADSTS50067: something new", "error pasted 50067"},
	{"a long text without an error", strings.Repeat("nothing to see here ", 200), "words"},
	{"broken characters", "\xff\xfe50076\xff", "error 50076"},
}

func TestUnderstand(t *testing.T) {
	t.Parallel()
	if len(meanings) < 80 {
		t.Fatalf("only %d rows", len(meanings))
	}
	for _, row := range meanings {
		if got := understand(row.text).brief(); got != row.want {
			t.Errorf("%s: %q is understood as %q, want %q", row.name, row.text, got, row.want)
		}
	}
}

// FuzzUnderstand holds that nothing that is typed makes it fail, and that a text means the same however Slack escapes it.
func FuzzUnderstand(f *testing.F) {
	for _, row := range meanings {
		f.Add(row.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m := understand(text)
		if again := understand(handlers.Escape(mrkdwn(text))); again.brief() != m.brief() {
			t.Errorf("%q is understood as %q, and escaped again as %q", text, m.brief(), again.brief())
		}
		if m.Kind == meansError && (len(m.Errors) == 0 || len(m.Errors) > mostCodes && !m.Pasted) {
			t.Errorf("%q gives %d errors", text, len(m.Errors))
		}
		if (m.Kind == meansPerson || m.Kind == meansCompare && m.Good != "") && m.Who == "" || m.Kind == meansDomain && m.Domain == "" {
			t.Errorf("%q is understood as %q", text, m.brief())
		}
		if m.Kind == meansUnclear && m.Instead != nil && m.Instead.Who == "" {
			t.Errorf("%q may mean nobody", text)
		}
		unmarked(m.Text)
	})
}

func TestSlip(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		meant, typed string
		want         slipKind
	}{
		{"50076", "50076", noSlip}, {"50076", "50067", swapped}, {"50076", "5076", dropped}, {"50076", "500776", doubled}, {"50076", "500760", added},
		{"50076", "50086", substitute}, {"50076", "50", noSlip}, {"50076", "05067", noSlip}, {"50076", "05076", swapped}, {"50076", "", noSlip}, {"", "", noSlip},
		{"", "5", added}, {"contoso.com", "contso.com", dropped}, {"contoso.com", "cnotoso.com", swapped}, {"contoso.com", "contoso.comm", doubled},
		{"contoso.com", "fabrikam.com", noSlip}, {"aadsts", "aadst", dropped}, {"aadsts", "aasdts", swapped}, {"ab", "ba", swapped}, {"abc", "cba", noSlip},
	} {
		if got := slip(row.meant, row.typed); got != row.want {
			t.Errorf("slip(%q, %q) = %d, want %d", row.meant, row.typed, got, row.want)
		}
	}
}

func TestNearCodes(t *testing.T) {
	t.Parallel()
	book, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[int]int{50067: 50076, 5076: 50076, 500760: 50076, 500776: 50076} {
		if near := nearCodes(book, typed); len(near) == 0 || len(near) > mostNear || near[0] != want {
			t.Errorf("%d may mean %v, want %d first", typed, near, want)
		}
	}
	for _, known := range []int{50076, 50079, 50074, 16000, 90072, 7000215} {
		if near := nearCodes(book, known); near != nil {
			t.Errorf("%d is known, and is corrected to %v", known, near)
		}
	}
	if near := nearCodes(book, 12345678); len(near) != 0 {
		t.Errorf("12345678 may mean %v", near)
	}
}

func TestNearDomain(t *testing.T) {
	t.Parallel()
	ours := []string{"contoso.com", "fabrikam.com", "contoso.co"}
	for typed, want := range map[string]string{
		"contso.com": "contoso.com", "contoso.com": "", "contoso.co": "", "fabrikm.com": "fabrikam.com", "example.org": "", "": "",
		"contoso.cm": "", // one slip from two of them: not guessed
	} {
		if got := nearDomain(ours, typed); got != want {
			t.Errorf("%q may mean %q, want %q", typed, got, want)
		}
	}
}
