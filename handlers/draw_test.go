package handlers

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// violations lists where a message breaks Slack's limits, or holds a mark that we did not make. The total is not
// documented; messages were refused from about 13,200 characters on.
// https://docs.slack.dev/reference/block-kit/blocks https://docs.slack.dev/reference/methods/chat.update
func violations(m Message) []string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	total := 0
	text := func(what, s string, most int) {
		n := utf8.RuneCountInString(s)
		total += n
		if n < 1 || n > most || strings.TrimSpace(s) == "" {
			say("%s has %d characters of 1 to %d", what, n, most)
		}
		if !utf8.ValidString(s) {
			say("%s is no UTF-8", what)
		}
	}
	ids := map[string]bool{}
	for i, b := range m.Blocks {
		what := fmt.Sprintf("block %d (%s)", i, b.BlockType())
		switch b := b.(type) {
		case *slack.HeaderBlock:
			text(what, b.Text.Text, 150)
			if b.Text.Type != slack.PlainTextType || strings.Contains(b.Text.Text, "\n") {
				say("%s is not one line of plain text", what)
			}
		case *slack.SectionBlock:
			text(what, b.Text.Text, 3000)
			all = append(all, marks(what, *b.Text)...)
		case *slack.ContextBlock:
			if n := len(b.ContextElements.Elements); n < 1 || n > 10 {
				say("%s has %d elements", what, n)
			}
			for _, e := range b.ContextElements.Elements {
				t := e.(*slack.TextBlockObject)
				text(what, t.Text, 2000)
				all = append(all, marks(what, *t)...)
			}
		case *slack.ActionBlock:
			if n := len(b.Elements.ElementSet); n < 1 || n > 25 {
				say("%s has %d elements", what, n)
			}
			for _, e := range b.Elements.ElementSet {
				button := e.(*slack.ButtonBlockElement)
				text(what+" button", button.Text.Text, 75)
				text(what+" label", button.AccessibilityLabel, 75)
				if utf8.RuneCountInString(button.Value) > 2000 || len(button.ActionID) > 255 || ids[button.ActionID] {
					say("%s: action %q, value of %d", what, button.ActionID, len(button.Value))
				}
				ids[button.ActionID] = true
			}
		case *slack.ContextActionsBlock:
			if n := len(b.Elements.ElementSet); n != 1 {
				say("%s has %d elements", what, n)
			}
			for _, e := range b.Elements.ElementSet {
				f := e.(*slack.FeedbackButtonsBlockElement)
				for _, button := range []*slack.FeedbackButton{f.PositiveButton, f.NegativeButton} {
					text(what+" button", button.Text.Text, 75)
					text(what+" label", button.AccessibilityLabel, 75)
					if utf8.RuneCountInString(button.Value) > 2000 {
						say("%s: value of %d", what, len(button.Value))
					}
				}
			}
		default:
			say("%s is no block that an answer has", what)
		}
	}
	if len(m.Blocks) > 50 {
		say("%d blocks", len(m.Blocks))
	}
	if total > 12_000 {
		say("%d characters in all", total)
	}
	total = 0
	text("text", m.Text, 4000)
	all = append(all, marks("text", slack.TextBlockObject{Text: m.Text, Verbatim: true})...)
	if strings.Contains(m.Text, "<") {
		say("the text holds a mark")
	}
	if _, err := json.Marshal(m.Blocks); err != nil {
		say("%v", err)
	}
	return all
}

var (
	ourMark = regexp.MustCompile(`<(https://[^<>|\s]+\|[^<>|\n]+|!date\^\d+\^\{date_short_pretty\} \{time\}\|\d{4}-\d\d-\d\d \d\d:\d\d UTC)>`)
	entity  = regexp.MustCompile(`&(amp|lt|gt);`)
)

// marks finds what Slack would read as a mark, beside links and dates of our own making, and entities that were cut.
func marks(what string, t slack.TextBlockObject) []string {
	var all []string
	if !t.Verbatim {
		all = append(all, what+" is parsed by Slack")
	}
	rest := entity.ReplaceAllString(ourMark.ReplaceAllString(t.Text, ""), "")
	if i := strings.IndexAny(rest, "<>&"); i >= 0 {
		all = append(all, fmt.Sprintf("%s: unescaped %q", what, rest[i:min(i+40, len(rest))]))
	}
	return all
}

// hostile is what a stranger could write into any field that reaches an answer.
const hostile = "<!channel> <@U0ALICE> <http://evil.example|Microsoft> https://evil.example/login?a=1&b=2|x & *bold* _it_ ~no~ `code`\n*Cause*\r\n2026-11-24 12:00 UTC\u202e\x1b[31m\x00"

// worst is a diagnosis in which every text is s and every list has n entries.
func worst(s string, n int, state facts.State) runbooks.Diagnosis {
	d := runbooks.Diagnosis{At: at.Add(time.Hour), Report: everything(state, s, min(n, 500)), Runbook: &runbooks.Runbook{}}
	fill(reflect.ValueOf(d.Runbook).Elem(), s, min(n, 20), at)
	d.Runbook.Depth = runbooks.Full
	for range max(1, min(n, 40)) {
		var e aadsts.Error
		fill(reflect.ValueOf(&e).Elem(), s, min(n, 40), at)
		d.Errors = append(d.Errors, e)
	}
	d.Primary = &d.Errors[0]
	verdicts := []runbooks.Verdict{runbooks.Confirmed, runbooks.Possible, runbooks.RuledOut, runbooks.NotChecked}
	for i := range n {
		f := runbooks.Finding{ID: s, Short: s, Verdict: verdicts[i*len(verdicts)/n], Says: s, Told: i%2 == 0, Check: s}
		for range 5 {
			f.Fix = append(f.Fix, runbooks.Fix{Do: s, By: s, Role: s})
			f.Evidence = append(f.Evidence, runbooks.Evidence{Says: s, Fact: "user", Source: s, Time: at})
			f.Unknown = append(f.Unknown, runbooks.Unknown{Fact: "user", State: facts.Failed, Reason: s})
		}
		d.Causes = append(d.Causes, f)
	}
	return d
}

// views are all that a page may be asked for.
var views = []View{
	{Details: Full}, {Details: Full, Reading: true}, {Details: Full, Waiting: at}, {Details: Agents}, {Details: None}, {Details: Full, Protected: true}, {Details: "nonsense"},
}

func TestDrawKeepsSlacksLimits(t *testing.T) {
	for name, row := range map[string]struct {
		text  string
		count int
	}{
		"nothing":                  {"", 0},
		"one of each":              {"x", 1},
		"blanks":                   {" \n\t ", 3},
		"a stranger's text":        {hostile, 3},
		"200 causes":               {"a cause that is told in a sentence", 200},
		"500 methods":              {"method", 500},
		"10,000 runes, no space":   {strings.Repeat("ö", 10_000), 4},
		"10,000 runes of words":    {strings.Repeat("word ", 2_000), 4},
		"10,000 ampersands":        {strings.Repeat("&", 10_000), 4},
		"10,000 brackets":          {strings.Repeat("<>", 5_000), 4},
		"10,000 lines":             {strings.Repeat("\n", 10_000) + "end", 4},
		"an address of 4,000":      {"https://example.com/" + strings.Repeat("a&b", 1_400), 4},
		"times without end":        {strings.Repeat("2026-11-24 12:00 UTC ", 500), 4},
		"a time that is none":      {"2026-99-99 99:99 UTC 0001-01-01 00:00 UTC", 2},
		"code without end":         {strings.Repeat("`x ", 3_000), 4},
		"not UTF-8":                {"a\xff\xfeb", 3},
		"only control characters":  {"\x00\x1b\u202e", 3},
		"addresses, one after one": {strings.Repeat("https://a.example/b ", 900), 4},
	} {
		t.Run(name, func(t *testing.T) {
			for _, state := range []facts.State{facts.Seen, facts.Absent, facts.Failed} {
				for i, page := range pagesOf(row.text, row.count, state) {
					checkDraw(t, i, page, row.text)
				}
			}
		})
	}
}

// pagesOf are the pages that can be made of one text: the diagnosis and a person's in every view, the runbook, and one
// that consists of the text alone.
func pagesOf(text string, count int, state facts.State) []func() Page {
	d := worst(text, count, state)
	bare := d
	bare.Runbook, bare.Primary, bare.Errors = nil, nil, nil
	pages := []func() Page{
		func() Page { return ComposeRunbook(d.Runbook) },
		func() Page {
			return Page{Title: text, Parts: []Part{{Title: text, Lines: []string{text}, Links: true}, {Lines: []string{"\t" + text}}}, Foot: []string{text}, Links: []string{text}}
		},
	}
	for _, v := range views {
		pages = append(pages, func() Page { return Compose(d, v) }, func() Page { return Compose(bare, v) })
	}
	return pages
}

// checkDraw draws a page, every third without buttons.
func checkDraw(t *testing.T, i int, page func() Page, key string) {
	t.Helper()
	b := &Buttons{Key: key, Show: true, Feedback: true}
	if i%3 == 0 {
		b = nil
	}
	if wrong := violations(page().Draw(b)); len(wrong) > 0 {
		t.Fatalf("page %d: %s", i, strings.Join(wrong, "\n"))
	}
}

// FuzzDraw repeats a short text, so that long ones are found as easily, and draws one of its pages.
func FuzzDraw(f *testing.F) {
	for i := range pagesOf("", 0, facts.Seen) {
		f.Add("", 0, 0, i, true)
		f.Add("x", 1, 200, i, true)
		f.Add(hostile, 30, 3, i, i%2 == 0)
		f.Add("&<>|`*_~ ", 1_000, 2, i, true)
		f.Add("https://a.example/?x=1&y=2 2026-11-24 12:00 UTC ", 100, 3, i, true)
		f.Add("wörter mit Länge ", 300, 40, i, false)
	}
	f.Fuzz(func(t *testing.T, text string, repeat, count, page int, seen bool) {
		const longest, most = 12_000, 1 << 15 // bytes of a text, and of one list of it: beyond it a run only takes longer
		if text != "" {
			text = strings.Repeat(text, max(1, min(repeat, longest/len(text))))
		}
		if count = max(0, min(count, 500)); count*len(text) > most {
			count = most/len(text) + 1
		}
		state := facts.Failed
		if seen {
			state = facts.Seen
		}
		pages := pagesOf(text, count, state)
		i := int(uint(page) % uint(len(pages)))
		checkDraw(t, i, pages[i], text)
	})
}

// TestDataNeverBecomesALink holds that only a runbook's own addresses can be clicked.
func TestDataNeverBecomesALink(t *testing.T) {
	d := worst("https://evil.example/login", 3, facts.Seen)
	d.Runbook = &runbooks.Runbook{Code: 1, Title: "Title", Person: "Read https://aka.ms/mysecurityinfo.", Depth: runbooks.Full, Links: []string{"https://wiki.contoso.com/a-b"}}
	for i := range d.Causes {
		d.Causes[i].Fix = []runbooks.Fix{{Do: "Open https://aka.ms/sspr", By: "user"}}
	}
	for _, v := range views {
		raw, err := json.Marshal(Compose(d, v).Draw(&Buttons{}).Blocks)
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
		if strings.Contains(blocks, "<https://evil.example") {
			t.Errorf("%+v: data became a link", v)
		}
		for _, ours := range []string{"<https://aka.ms/mysecurityinfo|aka.ms/mysecurityinfo>.", "<https://wiki.contoso.com/a-b|wiki.contoso.com: a b>", "<https://login.microsoftonline.com/error?code=1|Microsoft's error look-up>"} {
			if !strings.Contains(blocks, ours) {
				t.Errorf("%+v: no %s", v, ours)
			}
		}
	}
}

func TestLinked(t *testing.T) {
	for in, want := range map[string]string{
		"Go to https://aka.ms/x.":                   "Go to <https://aka.ms/x|aka.ms/x>.",
		"(https://aka.ms/x), then":                  "(<https://aka.ms/x|aka.ms/x>), then",
		"https://a.example/?x=1&y=2 & more":         "<https://a.example/?x=1&amp;y=2|a.example/?x=1&amp;y=2> &amp; more",
		"`https://tenant.example/` is typed":        "`https://tenant.example/` is typed",
		"at https://a.example/<tenant id>/token":    "at <https://a.example/|a.example/>&lt;tenant id&gt;/token",
		"from 2026-11-24 12:00 UTC":                 "from <!date^1795521600^{date_short_pretty} {time}|2026-11-24 12:00 UTC>",
		"http://a.example and https:// are no link": "http://a.example and https:// are no link",
		"https://a.example|https://b.example":       "<https://a.example|a.example>|<https://b.example|b.example>",
		"https://login.microsoftonline.com@evil.example/very/long/path/that/goes/on/and/on/and/on": "<https://login.microsoftonline.com@evil.example/very/long/path/that/goes/on/and/on/and/on|evil.example: on>",
	} {
		if got := linked(in, inlineLabel); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for name, row := range map[string]struct {
		text   string
		most   int
		marked bool
		want   string
	}{
		"fits":                                {"one two", 7, false, "one two"},
		"between words":                       {"one two three", 10, false, "one two…"},
		"no comma before the mark":            {"one, two three", 6, false, "one…"},
		"a word longer than all":              {"abcdefghij", 5, false, "abcd…"},
		"a long word after a short one":       {"a bcdefghijklmnop", 10, false, "a bcdefgh…"},
		"runes, not bytes":                    {"öäü öäü öäü", 8, false, "öäü öäü…"},
		"never half an entity":                {"abcdef &amp; gh", 10, true, "abcdef…"},
		"an entity after an entity":           {"&amp;&amp;&amp;", 12, true, "&amp;&amp;…"},
		"never half a mark":                   {"see <https://a.example|a b c d e f> now", 20, true, "see…"},
		"a whole mark stays":                  {"<https://a.example|a b> and then some more", 30, true, "<https://a.example|a b> and…"},
		"plain brackets mean nothing":         {"a < b and c and d", 10, false, "a < b and…"},
		"nothing but a mark that is too long": {"<https://a.example/" + strings.Repeat("a", 50) + "|x>", 20, true, "…"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := cut(row.text, row.most, row.marked); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
