package handlers

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

func TestTheLineOfAnEndedCase(t *testing.T) {
	const when = "<!date^1795521600^{date_short_pretty} {time}|2026-11-24 12:00 UTC>"
	const until = "<!date^1795525200^{date_short_pretty} {time}|2026-11-24 13:00 UTC>"
	for name, row := range map[string]struct {
		e    Ended
		want string
	}{
		"solved by somebody":    {Ended{Solved: true, By: "U0BOB", At: at}, "Solved by <@U0BOB>, " + when},
		"and watched":           {Ended{Solved: true, By: "U0BOB", At: at, Watched: at.Add(time.Hour)}, "Solved by <@U0BOB>, " + when + "; a successful sign-in is watched for until " + until},
		"handed over":           {Ended{By: "U0BOB", At: at, Fix: "never shown"}, "Handed to the identity team by <@U0BOB>, " + when},
		"seen in the log":       {Ended{Solved: true, At: at, Seen: true}, "Solved, " + when + "; a successful sign-in was seen in the sign-in log"},
		"where that is private": {Ended{Solved: true, At: at}, "Solved, " + when},
		"with what fixed it":    {Ended{Solved: true, By: "U0BOB", At: at, Fix: "the <!here> policy\nwas off"}, "Solved by <@U0BOB>, " + when + "\nWhat fixed it: The &lt;!here&gt; policy was off"},
	} {
		if got := row.e.Line(); got != row.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, row.want)
		}
	}
	if n := utf8.RuneCountInString((Ended{Solved: true, By: "U0BOB", At: at, Fix: strings.Repeat("&", 3000)}).Line()); n > 2000 {
		t.Errorf("the longest line has %d characters", n)
	}
}

// TestSettleReplacesTheControlsAndNothingElse settles the longest answers, twice, as Slack gives them back.
func TestSettleReplacesTheControlsAndNothingElse(t *testing.T) {
	first := Ended{By: "U0ALICE", At: at}.Line()
	second := Ended{Solved: true, By: "U0BOB", At: at, Fix: strings.Repeat("& ", 150)}.Line()
	for i, page := range pagesOf(strings.Repeat("word & ", 500), 60, facts.Seen) {
		m := page().Draw(&Buttons{Key: "key", Show: true, Feedback: true})
		want := blockTexts(m.Blocks)
		for _, line := range []string{first, second, second} {
			raw, err := json.Marshal(m.Blocks)
			if err != nil {
				t.Fatal(err)
			}
			if m, err = Settle(m.Text, raw, Buttons{Key: "key", Feedback: true, Ended: line}, Content{Level: Full}); err != nil {
				t.Fatal(err)
			}
			all := blockTexts(m.Blocks)
			if strings.Count(all, line) != 1 || strings.Replace(all, line+"\n", "", 1) != want {
				t.Fatalf("page %d says something else:\n%s", i, all)
			}
			if !strings.HasPrefix(m.Text, line+"\n\n") || strings.Count(m.Text, " by <@") != 1 || utf8.RuneCountInString(m.Text) > 4000 {
				t.Errorf("page %d: the text has %d characters: %.200s", i, utf8.RuneCountInString(m.Text), m.Text)
			}
			if m.Holds.Level != Full || len(m.Blocks) > 50 {
				t.Errorf("page %d holds %q in %d blocks", i, m.Holds.Level, len(m.Blocks))
			}
			actions, feedback := 0, 0
			for _, b := range m.Blocks {
				switch b.BlockType() {
				case slack.MBTAction:
					actions++
				case slack.MBTContextActions:
					feedback++
				}
			}
			if actions != 0 || feedback != 1 {
				t.Errorf("page %d has %d rows of buttons and %d questions", i, actions, feedback)
			}
		}
	}
	if _, err := Settle("", json.RawMessage("nonsense"), Buttons{}, Content{}); err == nil {
		t.Error("nonsense was taken for blocks")
	}
}

// blockTexts is every text of the blocks that are no controls.
func blockTexts(blocks []slack.Block) string {
	var b strings.Builder
	for _, x := range blocks {
		switch x := x.(type) {
		case *slack.HeaderBlock:
			b.WriteString(x.Text.Text + "\n")
		case *slack.SectionBlock:
			b.WriteString(x.Text.Text + "\n")
		case *slack.ContextBlock:
			for _, e := range x.ContextElements.Elements {
				b.WriteString(e.(*slack.TextBlockObject).Text + "\n")
			}
		}
	}
	return b.String()
}

// TestAskFixedOfEveryRunbook holds the question about every runbook to Slack's limits, and to the runbook's own words.
// https://docs.slack.dev/reference/block-kit/composition-objects/option-object
func TestAskFixedOfEveryRunbook(t *testing.T) {
	book := builtIn(t)
	menus := 0
	for _, code := range append(book.Codes(), 99999999) {
		d := book.Diagnose([]aadsts.Error{{Code: code, User: "bob@contoso.com", AppName: "Payroll"}}, facts.Report{}, at)
		s := AskFixed("key", d, nil)
		if s.Holds.Level != "" || s.Modal.PrivateMetadata != "key" || utf8.RuneCountInString(s.Modal.Title.Text) > 24 {
			t.Errorf("%d: %+v", code, s.Modal)
		}
		raw, err := json.Marshal(s.Modal)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "bob@") || strings.Contains(string(raw), "Payroll") || strings.Contains(string(raw), "{") && strings.Contains(string(raw), "user.upn}") {
			t.Errorf("%d tells what the message said, or a name that nothing fills: %s", code, raw)
		}
		for _, b := range s.Modal.Blocks.BlockSet {
			in, ok := b.(*slack.InputBlock)
			if !ok {
				continue
			}
			if !in.Optional {
				t.Errorf("%d: %s has to be filled in", code, in.BlockID)
			}
			var options []*slack.OptionBlockObject
			switch e := in.Element.(type) {
			case *slack.RadioButtonsBlockElement:
				if options = e.Options; len(options) > 10 {
					t.Errorf("%d has %d radio buttons", code, len(options))
				}
			case *slack.SelectBlockElement:
				options = e.Options
				menus++
			}
			for i, o := range options {
				if n := utf8.RuneCountInString(o.Text.Text); n < 1 || n > 75 || utf8.RuneCountInString(o.Value) > 150 {
					t.Errorf("%d: option %q with %q", code, o.Text.Text, o.Value)
				}
				if last := i == len(options)-1; last != (o.Value == FixedOther) {
					t.Errorf("%d: option %d is %q", code, i, o.Text.Text)
				}
			}
		}
	}
	if menus == 0 {
		t.Error("no runbook has more causes than radio buttons can hold, so menus are not tried")
	}
}

func TestChoicesBeginWithWhatIsLikely(t *testing.T) {
	book := builtIn(t)
	d := book.Diagnose([]aadsts.Error{{Code: 50076}}, facts.Report{}, at)
	last := d.Runbook.Causes[len(d.Runbook.Causes)-1].ID
	if got := fixChoices(d, []string{last})[0].Value; got != last {
		t.Errorf("the first choice is %q, want %q", got, last)
	}
	d.Causes = []runbooks.Finding{{ID: "already-working", Verdict: runbooks.RuledOut}, {ID: "no-method", Verdict: runbooks.Confirmed}}
	all := fixChoices(d, nil)
	if all[0].Value != "no-method" || all[1].Value != "already-working" && all[len(all)-1].Value == "already-working" {
		t.Errorf("they begin with %q, %q", all[0].Value, all[1].Value)
	}
}

func TestAHandOverWithinLimits(t *testing.T) {
	h := HandOver{By: "U0BOB", Author: "U0ALICE", Place: "C0SUPPORT", Posted: at, Link: "https://contoso.slack.com/archives/C0SUPPORT/p1", Affected: hostile, Given: true}
	for i, page := range pagesOf(strings.Repeat("word & ", 1000), 60, facts.Seen) {
		m := h.Draw(page(), Buttons{Key: strings.Repeat("k", 3000), Show: true})
		head := m.Blocks[0].(*slack.SectionBlock).Text.Text
		if strings.Contains(head, "<!channel>") || !strings.Contains(head, "<@U0BOB> asks you to take over an error that <@U0ALICE> posted") {
			t.Errorf("page %d begins with %s", i, head)
		}
		if utf8.RuneCountInString(m.Text) > 4000 || len(m.Blocks) > 50 {
			t.Errorf("page %d: a text of %d, %d blocks", i, utf8.RuneCountInString(m.Text), len(m.Blocks))
		}
		m.Blocks, m.Text = m.Blocks[1:], "checked above"
		if wrong := violations(m); len(wrong) > 0 {
			t.Errorf("page %d: %s", i, strings.Join(wrong, "\n"))
		}
	}
}

func TestSupportCase(t *testing.T) {
	e := aadsts.Error{Code: 50076, TraceID: "3f5f1c32", CorrelationID: "8a1f2b7c", Timestamp: at, Tenant: "contoso.com", AppName: "Teams", AppID: "1fec8e78", User: "mia@contoso.com", Resource: "Graph"}
	row := facts.SignIn{ID: "row-1", Time: at, Code: 50076, AppName: "Payroll", AppID: "app-1", CorrelationID: "from-the-row", FailureReason: "MFA ```was``` needed"}
	d := builtIn(t).Diagnose([]aadsts.Error{e}, facts.Report{
		SignIn: facts.See(at, row), Organization: facts.See(at, facts.Organization{ID: "tenant-1"}),
		Recent: facts.See(at, facts.Recent{Rows: []facts.SignIn{{ID: "row-1", Code: 50076}, {ID: "row-2", Code: 50076, Time: at}, {ID: "row-3", Code: 0, Time: at}}}),
	}, at)
	for name, row := range map[string]struct {
		s            SupportCase
		holds, lacks []string
		level        Details
	}{
		"what the message said": {SupportCase{Errors: []aadsts.Error{e}, Opened: at, Diagnosis: d},
			[]string{"AADSTS50076 UserStrongAuth", "2026-11-24 12:00:00Z", "8a1f2b7c", "3f5f1c32", "contoso.com", "Teams 1fec8e78", "Graph"}, []string{"row-", "tenant-1", "Payroll", "Missing"}, Agents},
		"with the directory": {SupportCase{Errors: []aadsts.Error{e}, Opened: at, Diagnosis: d, Directory: true},
			[]string{"row-1", "row-2 at", "tenant-1", "MFA '''was''' needed", "8a1f2b7c"}, []string{"row-3", "Missing"}, Full},
		"what the message left out": {SupportCase{Errors: []aadsts.Error{{Code: 50076}}, Opened: at, Diagnosis: d, Directory: true},
			[]string{"Correlation id:  from-the-row", "Request id:      row-1", "App:             Payroll app-1"}, []string{"Missing: correlation"}, Full},
		"nothing": {SupportCase{Errors: []aadsts.Error{{Code: 50076}}, Opened: at},
			[]string{"(missing)", "Missing: correlation id, request id and time", "Missing: tenant id", "Missing: app"}, []string{"row-"}, Agents},
	} {
		m := row.s.Message()
		if m.Holds.Level != row.level || strings.Count(m.Text, "```") != 2 {
			t.Errorf("%s: level %q\n%s", name, m.Holds.Level, m.Text)
		}
		for _, x := range row.holds {
			if !strings.Contains(m.Text, x) {
				t.Errorf("%s lacks %q:\n%s", name, x, m.Text)
			}
		}
		for _, x := range row.lacks {
			if strings.Contains(m.Text, x) {
				t.Errorf("%s holds %q:\n%s", name, x, m.Text)
			}
		}
	}
	long := worst(strings.Repeat("`<!channel>& ", 300), 40, facts.Seen)
	m := SupportCase{Errors: long.Errors, Opened: at, Diagnosis: long, Directory: true}.Message()
	if utf8.RuneCountInString(m.Text) > 4000 || strings.Contains(m.Text, "<!channel>") || strings.Count(m.Text, "```") != 2 || !strings.Contains(m.Text, "did not fit") {
		t.Errorf("the longest has %d characters:\n%s", utf8.RuneCountInString(m.Text), m.Text)
	}
}

func TestFixWords(t *testing.T) {
	for in, want := range map[string]string{
		" reset  their\nphone ":  "reset their phone",
		"mailed bob@contoso.com": "mailed (somebody)",
		`unlocked CONTOSO\bob.b`: "unlocked (somebody)",
		"":                       "",
	} {
		if got := FixWords(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := FixWords(strings.Repeat("long words ", 99)); utf8.RuneCountInString(got) > 300 || !strings.HasSuffix(got, "…") {
		t.Errorf("%q", got)
	}
	if got := FixWords("password=Hunter2hunter2! and client_secret=Abc8Q~xT2v0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o"); strings.Contains(got, "Abc8Q") || strings.Contains(got, "Hunter2") {
		t.Errorf("%q", got)
	}
}
