package handlers

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

var wordsOf = regexp.MustCompile(`[\p{L}\p{N}]+`)

// TestRunbooksKeepEveryWord holds that no text of a body is lost between Markdown and the page, in the order of the text.
func TestRunbooksKeepEveryWord(t *testing.T) {
	book := builtIn(t)
	for _, code := range book.Codes() {
		r := book.Lookup(code)
		var got []string
		for _, p := range parts(r.Body) {
			got = append(got, wordsOf.FindAllString(p.Title+"\n"+strings.Join(p.lines(), "\n"), -1)...)
		}
		want := wordsOf.FindAllString(r.Body, -1)
		if !slices.Equal(got, want) {
			t.Errorf("%d: %s", code, cmp.Diff(want, got))
		}
	}
}

// TestRunbookPages holds that every runbook fits into one Slack message and reads well.
func TestRunbookPages(t *testing.T) {
	book := builtIn(t)
	codes := []int{987654}
	for _, c := range aadsts.Codes() {
		codes = append(codes, c.Number)
	}
	for _, code := range codes {
		r := book.Lookup(code)
		p := ComposeRunbook(r)
		m := p.Draw(nil)
		if wrong := violations(m); len(wrong) > 0 {
			t.Errorf("%d: %s", code, strings.Join(wrong, "\n"))
		}
		if n := len(m.Blocks) - 2; n != len(p.sections()) { // beside header and small print
			t.Errorf("%d: %d of %d sections fit", code, n, len(p.sections()))
		}
		var b strings.Builder
		if err := p.Print(&b, 100, false); err != nil {
			t.Fatal(err)
		}
		for _, says := range ugly(b.String()) {
			t.Errorf("%d: %s", code, says)
		}
		for _, c := range r.Causes {
			for _, f := range c.Fix {
				if !slices.ContainsFunc(p.Parts, func(x Part) bool {
					return slices.ContainsFunc(x.Lines, func(l string) bool { return strings.HasSuffix(l, readable(f.Do)) })
				}) {
					t.Errorf("%d: cause %s: the page leaves out %q", code, c.ID, f.Do)
				}
			}
		}
	}
}

func TestReadable(t *testing.T) {
	for in, want := range map[string]string{
		"{user.upn} is {user.enabled}":              "the person is [account enabled]",
		"since {recent.healed_at}, by {error.code}": "since [later success at], by [error code]",
		"{signin.app_name} of {subject.domain}":     "the app of [subject domain]",
		"nothing to fill, {} {a}":                   "nothing to fill, {} {a}",
		"MFA registered {mfa.registered}":           "MFA registered [MFA registered]",
	} {
		if got := readable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestMarkdownParts(t *testing.T) {
	body := strings.Join([]string{
		"Before *any* **heading**.", "", "## First `part`", "", "A line", "that goes on, [with a link](https://a.example/x) and <https://b.example>", "",
		"3. three", "   - deep <domain> &amp; \\*star\\*", "", "     second paragraph", "4. four", "",
		"       az login", "", "> quoted", "> text", "", "```sh", "Get-MgUser  -UserId <id>", "", "second line", "```", "", "<div>", "raw", "</div>", "", "![picture](https://a.example/p.png)",
	}, "\n")
	want := []Part{
		{Lines: []string{"Before any heading."}, Links: true},
		{Title: "First `part`", Links: true, Lines: []string{
			"A line that goes on, with a link (https://a.example/x) and https://b.example",
			"3. three", "   • deep <domain> & *star*", "      second paragraph", "4. four",
			"\taz login", "  quoted text", "\tGet-MgUser  -UserId <id>", "\t", "\tsecond line", "\t<div>", "\traw", "\t</div>", "picture (https://a.example/p.png)",
		}},
	}
	if diff := cmp.Diff(want, parts(body)); diff != "" {
		t.Error(diff)
	}
	blocks := Page{Title: "t", Parts: parts(body)}.Draw(nil)
	if wrong := violations(blocks); len(wrong) > 0 {
		t.Error(strings.Join(wrong, "\n"))
	}
	if text := (Page{Parts: parts(body)}).sections()[1]; !strings.Contains(text, "`Get-MgUser  -UserId &lt;id&gt;`") || !strings.Contains(text, "with a link (<https://a.example/x|a.example/x>)") {
		t.Errorf("in Slack:\n%s", text)
	}
}

// TestOperatorsRunbook draws one that leaves out what lint asks for: the book loads it all the same.
func TestOperatorsRunbook(t *testing.T) {
	r := &runbooks.Runbook{Code: 777777, Depth: runbooks.Full}
	p := ComposeRunbook(r)
	if p.Title != "AADSTS777777" {
		t.Errorf("title %q", p.Title)
	}
	if wrong := violations(p.Draw(nil)); len(wrong) > 0 {
		t.Error(strings.Join(wrong, "\n"))
	}
	for _, v := range views {
		if wrong := violations(Compose(runbooks.Diagnosis{Runbook: r, At: at}, v).Draw(nil)); len(wrong) > 0 {
			t.Errorf("%+v: %s", v, strings.Join(wrong, "\n"))
		}
	}
}
