package handlers

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func reportOf(days int) Figures {
	to := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	return Figures{From: to.AddDate(0, 0, -days), To: to, Kept: 30}
}

func TestAQuietPeriodIsOneLine(t *testing.T) {
	p := ComposeReport(reportOf(7), builtIn(t))
	if len(p.Parts) != 1 || len(p.Parts[0].Lines) != 1 || p.Parts[0].Lines[0] != "No sign-in error was posted in this time." {
		t.Errorf("it says %+v", p.Parts)
	}
}

func TestWhatAReportSays(t *testing.T) {
	f := reportOf(60)
	f.Cases, f.People, f.Answered, f.Alone, f.ByPeople, f.HandedOver, f.Open, f.FirstAnswer = 9, 4, 8, 3, 2, 1, 2, 900*time.Millisecond
	f.Codes = []CodeFigure{{50105, 5, 3}, {99999991, 2, 1}, {50076, 1, 1}, {50057, 1, 1}}
	f.Apps = []KeyFigure{{ID: "app-1", Name: "Payroll <!here>", Cases: 4}, {ID: "app-2", Cases: 1}}
	f.Policies = []KeyFigure{{ID: "policy-1", Cases: 2}}
	f.Fixes = []FixFigure{{50105, "Assigned the app.", 3}}
	f.Feedback = []FeedbackFigure{{50076, 1, 2}, {50034, 0, 1}, {50057, 4, 0}}
	m := ComposeReport(f, builtIn(t)).Draw(nil)
	withinLimits(t, m)
	for _, want := range []string{
		"Sign-in errors, 1 October to 30 November 2026", "9 cases of 4 people, 8 of them answered", "Median time to the first answer: less than a second",
		"Solved without another person: 3 (33 %)", "AADSTS50105 (", "5 cases, 3 people", "Payroll &lt;!here&gt; (app-1): 4 cases", "App app-2: 1 case", "Policy policy-1: 2 cases",
		"AADSTS50105: Assigned the app (3 cases)", "AADSTS99999991: has no runbook, 2 cases", "AADSTS50076: found not helpful twice, helpful once",
		"AADSTS50034: found not helpful once, helpful never", "Cases are kept for 30 days",
	} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("it lacks %q:\n%s", want, m.Text)
		}
	}
	if strings.Contains(m.Text, "AADSTS50057: ") || !m.Holds.Desk {
		t.Errorf("it holds %+v and says:\n%s", m.Holds, m.Text)
	}
}

func TestAReportWithinLimits(t *testing.T) {
	f := reportOf(7)
	f.Cases, f.People = 5000, 4000
	long := strings.Repeat("<!channel> word ", 100)
	for n := range 400 {
		f.Codes = append(f.Codes, CodeFigure{99000000 + n, 9, 9})
		f.Apps = append(f.Apps, KeyFigure{ID: strings.Repeat("i", 255), Name: long, Cases: 9})
		f.Policies = append(f.Policies, KeyFigure{ID: strings.Repeat("i", 255), Cases: 9})
		f.Fixes = append(f.Fixes, FixFigure{99000000 + n, long, 9})
		f.Feedback = append(f.Feedback, FeedbackFigure{99000000 + n, 0, 9})
	}
	m := ComposeReport(f, builtIn(t)).Draw(nil)
	withinLimits(t, m)
	if !strings.Contains(m.Text, "and 395 more codes") || strings.Contains(m.Text, "<!channel>") {
		t.Errorf("it says %s", m.Text)
	}
}

func TestAReportForProgramsHasNoNullList(t *testing.T) {
	text, err := json.Marshal(ExplainReport(reportOf(7), builtIn(t)))
	if err != nil {
		t.Fatal(err)
	}
	if s := string(text); strings.Count(s, "null") != 1 || !strings.Contains(s, `"first_answer_seconds":null`) || !strings.Contains(s, `"without_runbook":[]`) {
		t.Errorf("it is %s", s)
	}
}
