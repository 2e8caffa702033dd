package handlers

import (
	"fmt"
	"strings"
	"time"

	"signpost/runbooks"
)

// Figures are what a report counts: cases of a period, without any person.
type Figures struct {
	From, To      time.Time
	Kept          int // days that cases are kept, 0 where nobody says; a longer period tells no more
	Cases, People int
	Answered      int
	// Alone needed no other person: they were ended by their author, or a success was seen. ByPeople were ended by somebody
	// else, or handed over before. HandedOver are not solved since, Open have no end.
	Alone, ByPeople, HandedOver, Open int
	FirstAnswer                       time.Duration // median; 0 where nothing was answered
	Codes                             []CodeFigure  // most cases first
	Apps, Policies                    []KeyFigure
	Fixes                             []FixFigure
	Feedback                          []FeedbackFigure // most unhelpful first
}

// CodeFigure counts the cases that a code led.
type CodeFigure struct {
	Code   int `json:"code"`
	Cases  int `json:"cases"`
	People int `json:"people"`
}

// KeyFigure counts the cases that name an app or a policy.
type KeyFigure struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"` // where a message told it
	Cases int    `json:"cases"`
}

// FixFigure counts the cases of a code that one thing fixed.
type FixFigure struct {
	Code  int    `json:"code"`
	Says  string `json:"says"`
	Cases int    `json:"cases"`
}

// FeedbackFigure counts the judgements of a code's answers.
type FeedbackFigure struct {
	Code      int `json:"code"`
	Helpful   int `json:"helpful"`
	Unhelpful int `json:"unhelpful"`
}

// reportTop is how many of each list a report shows.
const reportTop = 5

// ComposeReport writes the report for the identity team. A period without cases is one line.
func ComposeReport(f Figures, book *runbooks.Book) Page {
	p := Page{Title: "Sign-in errors, " + period(f), Holds: Content{Desk: true}}
	if f.Cases == 0 {
		p.add("", "No sign-in error was posted in this time.")
		return p
	}
	p.add("", f.overview()...)
	p.add("Most frequent", f.codes(book)...)
	p.add("Apps", keyFigures(f.Apps, "App")...)
	p.add("Conditional Access policies", keyFigures(f.Policies, "Policy")...)
	p.add("What fixed it", f.fixes()...)
	p.add("Answers to look at", NeedRunbook(f, book)...)
	if days := int(f.To.Sub(f.From).Round(24*time.Hour) / (24 * time.Hour)); f.Kept > 0 && days > f.Kept {
		p.Foot = append(p.Foot, fmt.Sprintf("Cases are kept for %s, so older ones are not counted.", plural(f.Kept, "day", "days")))
	}
	return p
}

// period names the days of a report, the last of them included.
func period(f Figures) string {
	const day = "2 January 2006"
	from, last := f.From.UTC(), f.To.Add(-time.Nanosecond).UTC()
	if from.Format(day) == last.Format(day) {
		return from.Format(day)
	}
	if from.Year() == last.Year() {
		return from.Format("2 January") + " to " + last.Format(day)
	}
	return from.Format(day) + " to " + last.Format(day)
}

func (f Figures) overview() []string {
	lines := []string{fmt.Sprintf("%s of %s, %d of them answered.", plural(f.Cases, "case", "cases"), people(f.People), f.Answered)}
	if f.FirstAnswer > 0 {
		lines = append(lines, "Median time to the first answer: "+spanned(f.FirstAnswer)+".")
	}
	lines = append(lines, fmt.Sprintf("Solved without another person: %d (%d %%). Solved with somebody's help: %d. Handed over and not solved yet: %d. Still open: %d.",
		f.Alone, percent(f.Alone, f.Cases), f.ByPeople, f.HandedOver, f.Open))
	return lines
}

// percent rounds to the nearest whole.
func percent(part, of int) int { return (part*200 + of) / (2 * of) }

// spanned writes a length of time that may be short.
func spanned(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 2*time.Minute:
		return plural(int(d.Round(time.Second)/time.Second), "second", "seconds")
	}
	return lasted(d)
}

func (f Figures) codes(book *runbooks.Book) []string {
	var lines []string
	for _, c := range f.Codes[:min(len(f.Codes), reportTop)] {
		r := book.Lookup(c.Code)
		title := ""
		if r.Depth != runbooks.Unlisted {
			title = r.Title
			if title == "" {
				title = r.Name
			}
			title = " (" + title + ")"
		}
		lines = append(lines, fmt.Sprintf("• AADSTS%d%s: %s, %s", c.Code, title, plural(c.Cases, "case", "cases"), people(c.People)))
	}
	return andMore(lines, len(f.Codes), "code", "codes")
}

func keyFigures(all []KeyFigure, what string) []string {
	var lines []string
	for _, k := range all[:min(len(all), reportTop)] {
		name := what + " " + k.ID
		if k.Name != "" {
			name = short(Clean(k.Name), 100) + " (" + k.ID + ")"
		}
		lines = append(lines, fmt.Sprintf("• %s: %s", name, plural(k.Cases, "case", "cases")))
	}
	return lines
}

func (f Figures) fixes() []string {
	var lines []string
	for _, x := range f.Fixes[:min(len(f.Fixes), reportTop)] {
		lines = append(lines, fmt.Sprintf("• AADSTS%d: %s (%s)", x.Code, strings.TrimRight(short(Clean(x.Says), maxFix), "."), plural(x.Cases, "case", "cases")))
	}
	return lines
}

// NeedRunbook names the codes whose answer is worth work: those without a runbook, and those that somebody found not
// helpful, most frequent first. Both lists of the figures must be whole.
func NeedRunbook(f Figures, book *runbooks.Book) []string {
	unhelpful := map[int]FeedbackFigure{}
	for _, x := range f.Feedback {
		if x.Unhelpful > 0 {
			unhelpful[x.Code] = x
		}
	}
	var lines []string
	line := func(code, cases int) {
		missing := book.Lookup(code).Depth != runbooks.Full
		x, bad := unhelpful[code]
		delete(unhelpful, code)
		if !missing && !bad {
			return
		}
		var why []string
		if missing {
			why = append(why, fmt.Sprintf("has no runbook, %s", plural(cases, "case", "cases")))
		}
		if bad {
			why = append(why, fmt.Sprintf("found not helpful %s, helpful %s", times(x.Unhelpful), times(x.Helpful)))
		}
		lines = append(lines, fmt.Sprintf("• AADSTS%d: %s", code, strings.Join(why, "; ")))
	}
	for _, c := range f.Codes {
		line(c.Code, c.Cases)
	}
	for _, x := range f.Feedback { // judged in this time, posted before it
		if _, left := unhelpful[x.Code]; left {
			line(x.Code, 0)
		}
	}
	return andMore(lines[:min(len(lines), reportTop)], len(lines), "code", "codes")
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// andMore says how many are left out.
func andMore(lines []string, all int, one, many string) []string {
	if left := all - len(lines); left > 0 {
		lines = append(lines, "and "+plural(left, "more "+one, "more "+many))
	}
	return lines
}

// ReportJSON is a report for programs.
type ReportJSON struct {
	From               time.Time        `json:"from"`
	To                 time.Time        `json:"to"`
	Cases              int              `json:"cases"`
	People             int              `json:"people"`
	Answered           int              `json:"answered"`
	SolvedAlone        int              `json:"solved_alone"`
	SolvedByPeople     int              `json:"solved_by_people"`
	HandedOver         int              `json:"handed_over"`
	Open               int              `json:"open"`
	FirstAnswerSeconds *float64         `json:"first_answer_seconds"` // median; null where nothing was answered
	Codes              []CodeFigure     `json:"codes"`
	Apps               []KeyFigure      `json:"apps"`
	Policies           []KeyFigure      `json:"policies"`
	Fixes              []FixFigure      `json:"fixes"`
	Feedback           []FeedbackFigure `json:"feedback"`
	WithoutRunbook     []int            `json:"without_runbook"`
}

// ExplainReport gives the figures to programs; lists are never null.
func ExplainReport(f Figures, book *runbooks.Book) ReportJSON {
	j := ReportJSON{
		From: f.From.UTC(), To: f.To.UTC(), Cases: f.Cases, People: f.People, Answered: f.Answered, SolvedAlone: f.Alone, SolvedByPeople: f.ByPeople,
		HandedOver: f.HandedOver, Open: f.Open, Codes: append([]CodeFigure{}, f.Codes...), Apps: append([]KeyFigure{}, f.Apps...),
		Policies: append([]KeyFigure{}, f.Policies...), Fixes: append([]FixFigure{}, f.Fixes...), Feedback: append([]FeedbackFigure{}, f.Feedback...),
		WithoutRunbook: []int{},
	}
	if f.FirstAnswer > 0 {
		seconds := f.FirstAnswer.Seconds()
		j.FirstAnswerSeconds = &seconds
	}
	for _, c := range f.Codes {
		if book.Lookup(c.Code).Depth != runbooks.Full {
			j.WithoutRunbook = append(j.WithoutRunbook, c.Code)
		}
	}
	return j
}
