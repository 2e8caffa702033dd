package handlers

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"signpost/graph/facts"
)

// drawnView is what a view shows, a line a block; fields of a form with all that they say.
func drawnView(t *testing.T, blocks []slack.Block) string {
	t.Helper()
	var b strings.Builder
	for _, x := range blocks {
		b.WriteString("[" + string(x.BlockType()) + "] ")
		switch x := x.(type) {
		case *slack.HeaderBlock:
			b.WriteString(x.Text.Text)
		case *slack.SectionBlock:
			b.WriteString(x.Text.Text)
		case *slack.ContextBlock:
			b.WriteString(x.ContextElements.Elements[0].(*slack.TextBlockObject).Text)
		case *slack.DividerBlock:
		default:
			raw, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(raw)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// checkGolden compares with a file of testdata, or writes it with -update.
func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// busyHome is a Home tab with something in every part.
func busyHome() Home {
	return Home{
		Agent: true, Days: 30, OpenCount: 12,
		Open: []HomeCase{
			{50076, "Multifactor authentication is required", "C0SUPPORT", "https://contoso.slack.com/archives/C0SUPPORT/p1", at},
			{700016, "The app is not in this tenant", "C0AGENTS", "", at.Add(-time.Hour)},
		},
		Health: HomeHealth{Scheduled: true, Checked: true, Latest: at, Findings: []HomeFinding{
			{Domain: "contoso.com", ID: "expiry", Severity: facts.Warning, Says: "The signing certificate ends in 14 days", Since: at},
			{Domain: "fabrikam.com", ID: "trust-changed", Severity: facts.Critical, Says: "The issuer was changed by mallory@contoso.com", Since: at},
			{Domain: "", ID: "no-tenant", Severity: facts.Unknown, Says: "The list of domains could not be read for ada@contoso.com", Since: at},
		}},
		Codes:  []HomeCode{{50076, "Multifactor authentication is required", 12, 7}, {50126, "Wrong user name or password", 1, 1}},
		Judged: []HomeJudgment{{50126, "Wrong user name or password", 2, 1}},
		Ready:  []string{"Entra lacks sign-in logs: Microsoft Entra ID P1 is missing; without it no sign-in is shown"},
	}
}

func TestHomeGolden(t *testing.T) {
	for name, home := range map[string]Home{
		"home_everybody": {Open: busyHome().Open, Codes: busyHome().Codes}, // whatever is given
		"home_agents":    busyHome(),
		"home_empty":     {Agent: true, Days: 30},
		"home_quiet":     {Agent: true, Days: 1, Health: HomeHealth{Scheduled: true, Checked: true}},
		"home_first_day": {Agent: true, Days: 30, Health: HomeHealth{Scheduled: true}},
		"home_failed":    {Agent: true, Days: 30, Failed: true, Open: busyHome().Open},
	} {
		s := home.Screen()
		if s.Holds.Desk != home.Agent {
			t.Errorf("%s: is for agents: %v, want %v", name, s.Holds.Desk, home.Agent)
		}
		checkGolden(t, name, drawnView(t, s.Home.Blocks.BlockSet))
	}
}

func TestHomeNamesNobody(t *testing.T) {
	drawn := drawnView(t, busyHome().Screen().Home.Blocks.BlockSet)
	for _, name := range []string{"mallory", "ada@"} {
		if strings.Contains(drawn, name) {
			t.Errorf("the Home tab names %s:\n%s", name, drawn)
		}
	}
}

func TestHomeTakesHostileTextAsText(t *testing.T) {
	const evil = "<!channel> <https://evil.example|click> *bold*\n\u202e`"
	h := busyHome()
	h.Open[0].Title, h.Open[0].Channel, h.Open[0].Link = evil, "C0|x> <!here", "https://x|<!here>"
	h.Open[1].Link = "javascript:alert(1)"
	h.Health.Findings[0].Says, h.Health.Findings[0].Domain = evil, evil
	h.Codes[0].Title, h.Judged[0].Title, h.Ready[0] = evil, evil, evil
	drawn := drawnView(t, h.Screen().Home.Blocks.BlockSet)
	for _, bad := range []string{"<!channel", "<!here", "<https://evil", "\u202e", "javascript:"} {
		if strings.Contains(drawn, bad) {
			t.Errorf("the Home tab holds %q:\n%s", bad, drawn)
		}
	}
}

func TestHomeSaysWhatItLeavesOut(t *testing.T) {
	h := busyHome()
	for range 40 {
		h.Open = append(h.Open, h.Open[0])
		h.Health.Findings = append(h.Health.Findings, h.Health.Findings[0])
		h.Ready = append(h.Ready, "something is missing")
	}
	h.OpenCount = 400
	drawn := drawnView(t, h.Screen().Home.Blocks.BlockSet)
	for _, want := range []string{"and 390 more cases are open", "and 38 more findings", "and 29 more things"} {
		if !strings.Contains(drawn, want) {
			t.Errorf("it does not say %q:\n%s", want, drawn)
		}
	}
	if first := strings.Index(drawn, "fabrikam.com · critical"); first < 0 || first > strings.Index(drawn, "contoso.com · warning") {
		t.Errorf("what is worst does not stand first:\n%s", drawn)
	}
}

func TestFormGolden(t *testing.T) {
	full := Form{Note: "There is no sign-in error in this message.", Error: "it says\nno", Name: "bob@contoso.com", Person: "U0BOB", App: "Payroll", When: at, Key: "K"}
	for name, f := range map[string]Form{"form_empty": {}, "form_filled": full} {
		s := f.Screen()
		checkGolden(t, name, drawnView(t, s.Modal.Blocks.BlockSet))
		if s.Modal.PrivateMetadata != f.Key || s.Modal.Submit == nil || s.Modal.CallbackID != CallbackAsk || s.Holds.Level == Full {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestFieldKeepsLinesAndNothingElse(t *testing.T) {
	for given, want := range map[string]string{
		"a\r\nb": "a\nb", "  a  \n\n b ": "a\n\n b", "a\u202eb\x00c": "abc", "": "", "a\tb": "a b",
	} {
		if got := Field(given); got != want {
			t.Errorf("Field(%q) = %q, want %q", given, got, want)
		}
	}
	if got := []rune(Field(strings.Repeat("ä", 5000))); len(got) != maxInput || got[len(got)-1] != '…' {
		t.Errorf("a long text has %d runes", len(got))
	}
}

func TestWithAddsALine(t *testing.T) {
	m := Message{Text: strings.Repeat("x ", 3000), Blocks: []slack.Block{section("x")}}.With("and *this*")
	if !strings.HasSuffix(m.Text, "and *this*") || len([]rune(m.Text)) > maxText || len(m.Blocks) != 2 {
		t.Errorf("%d runes, %d blocks", len([]rune(m.Text)), len(m.Blocks))
	}
	if got := (Message{}).With("alone"); got.Text != "alone" || got.Blocks != nil {
		t.Errorf("%+v", got)
	}
}

func TestAMessageOfAnyLengthFitsAModal(t *testing.T) {
	var many []slack.Block
	for range 150 {
		many = append(many, section("x"))
	}
	for name, m := range map[string]Message{"blocks": {Text: "x", Blocks: many}, "text": {Text: strings.Repeat("x ", 5000)}} {
		s := m.Modal("A title that is longer than Slack takes", ThreadOffer("key")...)
		got := s.Modal.Blocks.BlockSet
		if len(got) > maxViewBlocks || len([]rune(s.Modal.Title.Text)) > maxTitle || got[len(got)-2].BlockType() != slack.MBTAction {
			t.Errorf("%s: %d blocks, title %q", name, len(got), s.Modal.Title.Text)
		}
		if name == "blocks" && !strings.Contains(drawnView(t, got), "did not fit") {
			t.Error("it is not said that something is left out")
		}
	}
	if len(many) != 150 || many[149].BlockType() != slack.MBTSection {
		t.Error("the message itself was changed")
	}
}
