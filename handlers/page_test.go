package handlers

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// shown is everything that a page says, on the terminal, in Slack's blocks and in the notification.
func shown(t *testing.T, p Page) string {
	t.Helper()
	var b strings.Builder
	if err := p.Print(&b, 10_000, true); err != nil {
		t.Fatal(err)
	}
	m := p.Draw(&Buttons{Key: "k", Show: true})
	b.WriteString(m.Text + strings.Join(p.sections(), "\n") + p.foot() + p.title())
	return b.String()
}

// TestNoDirectoryDataOutsideFull gives Compose more than a careful caller would: the diagnosis of everything that was
// read, for places that may not hold it.
func TestNoDirectoryDataOutsideFull(t *testing.T) {
	book := builtIn(t)
	var e aadsts.Error
	fill(reflect.ValueOf(&e).Elem(), "MESSAGE", 1, at)
	e.URLHosts = nil // a warning of these is for every place: see TestAddresses
	for _, code := range append(book.Codes(), 50001, 987654, 0) {
		errs := []aadsts.Error{e}
		errs[0].Code = code
		if code == 0 {
			errs = nil
		}
		for _, state := range []facts.State{facts.Seen, facts.Absent, facts.Failed} {
			d := book.Diagnose(errs, everything(state, "SECRET", 2), at)
			if code != 0 && state == facts.Seen && !strings.Contains(shown(t, Compose(d, View{Details: Full})), "SECRET") {
				t.Fatalf("%d: full does not hold what was read", code)
			}
			for _, v := range []View{{Details: Agents}, {Details: Agents, Reading: true}, {Details: None}, {Details: Full, Protected: true}, {Details: Agents, Protected: true}, {}} {
				says := shown(t, Compose(d, v))
				if strings.Contains(says, "SECRET") {
					t.Errorf("%d, facts %s, %+v: the page holds directory data:\n%s", code, state, v, says)
				}
				if inMessage := strings.Contains(says, "MESSAGE"); inMessage && (v.Details == None || v.Protected) {
					t.Errorf("%d, facts %s, %+v: the page holds what the message said", code, state, v)
				} else if !inMessage && v.Details == Agents && !v.Protected && code != 0 {
					t.Errorf("%d, facts %s, %+v: the page leaves out what the message said", code, state, v)
				}
			}
		}
	}
}

// TestNothingUncheckedReadsLikeAFact holds that without facts no sentence about a named person is shown.
func TestNothingUncheckedReadsLikeAFact(t *testing.T) {
	book := builtIn(t)
	for _, code := range book.Codes() {
		errs := []aadsts.Error{{Code: code, Explicit: true, User: "mia@contoso.com"}}
		r := facts.Report{Subject: facts.Subject{User: "mia@contoso.com", From: facts.FromPaste}}
		d := book.Diagnose(errs, r, at)
		for _, details := range []Details{Full, Agents} {
			for _, part := range Compose(d, View{Details: details}).Parts {
				if strings.Contains(strings.Join(part.Lines, "\n"), "mia@contoso.com") {
					t.Errorf("%d, %s: %q says %q", code, details, part.Title, part.Lines)
				}
			}
		}
	}
}

// TestEveryCodeHasAReadableAnswer draws every code without facts, with everything seen, and with everything failed.
func TestEveryCodeHasAReadableAnswer(t *testing.T) {
	book := builtIn(t)
	codes := []int{987654}
	for _, c := range aadsts.Codes() {
		codes = append(codes, c.Number)
	}
	for _, code := range codes {
		for _, r := range []facts.Report{{}, everything(facts.Seen, "text", 1), everything(facts.Failed, "it was down", 1)} {
			d := book.Diagnose([]aadsts.Error{{Code: code, Explicit: true}}, r, at)
			for _, v := range views[:6] {
				p := Compose(d, v)
				if wrong := violations(p.Draw(&Buttons{Key: "k", Show: true})); len(wrong) > 0 {
					t.Errorf("%d, %+v: %s", code, v, strings.Join(wrong, "\n"))
				}
				for _, part := range p.Parts {
					if part.Title == "Next" && len(part.Lines) > maxActions {
						t.Errorf("%d, %+v: %d actions", code, v, len(part.Lines))
					}
				}
				var b strings.Builder
				if err := p.Print(&b, 100, false); err != nil {
					t.Fatal(err)
				}
				if lines := strings.Count(b.String(), "\n"); lines > 76 {
					t.Errorf("%d, %+v: %d lines are no screen", code, v, lines)
				}
				for _, says := range ugly(b.String()) {
					t.Errorf("%d, %+v: %s\n%s", code, v, says, b.String())
				}
			}
		}
	}
}

// TestTitlesEndWithAWord holds that no title is cut inside a word, neither the catalogue's nor a long one of an operator.
func TestTitlesEndWithAWord(t *testing.T) {
	book := builtIn(t)
	check := func(code int, title, whole string) {
		t.Helper()
		rest, ok := strings.CutPrefix(whole, strings.TrimSuffix(title, "…"))
		if !ok {
			t.Errorf("%d: title %q is no beginning of %q", code, title, whole)
		}
		if r := []rune(rest); len(r) > 0 && !strings.ContainsRune(" ,;:(", r[0]) {
			t.Errorf("%d: title %q ends inside a word of %q", code, title, whole)
		}
	}
	for _, c := range aadsts.Codes() {
		r := book.Lookup(c.Number)
		if r.Depth != runbooks.Catalogue {
			continue
		}
		// A title leaves asides in brackets out, so it need not be a beginning of the meaning; its words are all there.
		for _, w := range strings.Fields(strings.TrimSuffix(r.Title, "…")) {
			if !slices.Contains(strings.FieldsFunc(c.Meaning, func(r rune) bool { return strings.ContainsRune(" ,;:()", r) }), strings.Trim(w, ",;:")) {
				t.Errorf("%d: title %q has %q, which is no word of %q", c.Number, r.Title, w, c.Meaning)
			}
		}
		if n := len([]rune(r.Title)); n < 10 || n > 60 {
			t.Errorf("%d: title %q has %d characters", c.Number, r.Title, n)
		}
	}
	for _, n := range []int{100, 145, 150, 151, 160, 400} {
		long := strings.Repeat("seven letters ", n)[:n]
		p := Page{Title: long}
		check(n, p.title(), long)
		if got := len([]rune(p.title())); got > maxHeader || n <= maxHeader && p.title() != strings.TrimSpace(long) {
			t.Errorf("%d: %d characters", n, got)
		}
	}
}

func TestTerminalPage(t *testing.T) {
	p := Page{
		Title: "A \x1b[31mtitle",
		Parts: []Part{
			{Title: "Cause", Lines: []string{"• one two three four five", "10. one two three four five", "      deep one two three four", "\taz login --scope  x y z and more than fits", "a\nb\u202ec"}},
			{Title: "Next", Lines: []string{"first", "", "second"}, Numbered: true},
		},
		Foot: []string{"id"}, Links: []string{"https://a.example"},
	}
	var b strings.Builder
	if err := p.Print(&b, 20, false); err != nil {
		t.Fatal(err)
	}
	want := `A [31mtitle

Cause
• one two three four
  five
10. one two three
    four five
      deep one two
      three four
    az login --scope  x y z and more than fits
a bc

Next
1. first
2. second

id
https://a.example
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	if err := p.Print(&b, 20, true); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, bold+"Cause"+plain) || strings.Contains(got, "\x1b[31m") {
		t.Errorf("styles: %q", got)
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "the person": "The person", "mia@contoso.com is": "mia@contoso.com is", "contoso.com is": "contoso.com is", "über": "Über",
		"iPhone": "iPhone", "50076 is": "50076 is", "MFA is": "MFA is", "ana_x#EXT#@contoso": "ana_x#EXT#@contoso",
	} {
		if got := capital(in); got != want {
			t.Errorf("capital(%q) is %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"": "", "A": "A", "Account enabled: no": "account enabled: no", "MFA registered": "MFA registered", "Über uns": "über uns", "AD FS": "AD FS",
		"Microsoft365 is": "Microsoft365 is", "Sign-in": "sign-in",
	} {
		if got := lowerFirst(in); got != want {
			t.Errorf("lowerFirst(%q) is %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"": "", "a": "a.", "a.": "a.", "a?": "a?", "a…": "a…", " a ": "a.", "it said “no.”": "it said “no.”", "it said “no”": "it said “no”.", "(a.)": "(a.)"} {
		if got := sentence(in); got != want {
			t.Errorf("sentence(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestEvidenceSaysWhenItIsOld(t *testing.T) {
	d := runbooks.Diagnosis{At: at}
	for age, want := range map[time.Duration]string{time.Minute: "x (Graph user)", time.Hour: "x (Graph user, 2026-11-24 11:00 UTC)"} {
		if got := evidence(runbooks.Evidence{Says: "x", Source: "Graph user", Time: at.Add(-age)}, d); got != want {
			t.Errorf("%s ago: %q, want %q", age, got, want)
		}
	}
	if got := evidence(runbooks.Evidence{Says: "It follows from the code."}, d); got != "It follows from the code." {
		t.Errorf("without a source: %q", got)
	}
}
