package handlers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// Page is an answer before it is drawn: plain sentences in the order of DESIGN.md §6. Slack, the terminal and the
// notification text are drawn from the same page, so that they never disagree.
type Page struct {
	Title string
	Parts []Part
	Foot  []string // ids and times
	Links []string
}

// Part is one paragraph of a page.
type Part struct {
	Title    string // "" for the opening sentence
	Lines    []string
	Numbered bool // actions, to be done in this order
}

// View says how much of a diagnosis a page may hold.
type View struct {
	Details Details
	// Reading says that facts are still being read; the page says so and asks nothing of the reader meanwhile.
	Reading bool
	// Waiting says until when the sign-in row is looked for; zero when it is not.
	Waiting time.Time
	// GaveUp says that the sign-in row was looked for to the end, and never came.
	GaveUp bool
	// Protected is set for an account that no place may show: the page sends the reader to the identity team.
	Protected bool
}

// How much of each part one screen holds; the rest is said to be left out.
const (
	maxPossible = 3
	maxActions  = 3
	maxEvidence = 4
	maxRuledOut = 3
	maxMissing  = 4
	maxLinks    = 3
)

// Compose writes the page for a diagnosis. Only with Details full does it hold directory data; with agents it holds the
// runbook and what the message itself said, with none the runbook alone.
func Compose(d runbooks.Diagnosis, v View) Page {
	if v.Protected {
		v.Details = None
	}
	p := Page{Title: title(d, v)}
	if d.Runbook != nil {
		p.add("", opening(d.Runbook))
		p.add("What it is", about(d, v)...)
	}
	switch {
	case v.Protected:
		p.add("Next", "This account is looked after by the identity team. Ask them; nothing about it is shown here.")
	case v.Details != Full:
		possible(&p, d)
	default:
		cause(&p, d, v)
		p.add(factsTitle(d), factLines(d.Report, d.At)...)
		p.add("Ruled out", ruledOut(d)...)
		p.add("Could not be checked", notChecked(d, v)...)
	}
	p.Foot, p.Links = foot(d, v), links(d.Runbook)
	return p
}

func (p *Page) add(title string, lines ...string) {
	lines = slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return s == "" })
	if len(lines) > 0 {
		p.Parts = append(p.Parts, Part{Title: title, Lines: lines})
	}
}

func title(d runbooks.Diagnosis, v View) string {
	if d.Runbook == nil {
		if d.Report.Subject.User == "" || v.Protected || v.Details != Full {
			return "Diagnosis of a person"
		}
		return "Diagnosis of " + d.Report.Subject.User
	}
	return fmt.Sprintf("AADSTS%d: %s", d.Runbook.Code, d.Runbook.Title)
}

func opening(r *runbooks.Runbook) string {
	if r.Person != "" {
		return r.Person
	}
	return r.Meaning
}

// kindSays explains the kinds of DESIGN.md §5 in a few words.
var kindSays = map[string]string{
	"interrupt": "a normal step of signing in, the app has to go on with it",
	"failure":   "a failure",
	"outage":    "a fault of the service, it usually passes",
}

// actorSays names who ends an error or does a step.
var actorSays = map[string]string{
	"user": "the person", "helpdesk": "the helpdesk", "identity-admin": "an identity administrator", "app-owner": "the app's owner",
	"app-developer": "the app's developer", "idp-admin": "the identity provider's administrator", "microsoft": "Microsoft",
}

func about(d runbooks.Diagnosis, v View) []string {
	r := d.Runbook
	var parts []string
	if r.Name != "" {
		parts = append(parts, r.Name)
	}
	if s := kindSays[r.Kind]; s != "" {
		parts = append(parts, s)
	}
	if s := actorSays[r.Actor]; s != "" {
		parts = append(parts, "ended by "+s)
	}
	lines := []string{r.Meaning, capital(strings.Join(parts, "; "))}
	if r.Meaning != "" && !strings.HasSuffix(r.Meaning, ".") {
		lines[0] += "."
	}
	if v.Details != None && len(d.Errors) > 1 {
		var others []string
		for _, e := range d.Errors {
			if e.Code != r.Code {
				others = append(others, fmt.Sprintf("AADSTS%d", e.Code))
			}
		}
		if len(others) > 0 {
			lines = append(lines, "Also in the message: "+strings.Join(others, ", ")+".")
		}
	}
	return lines
}

// cause writes the leading cause with its evidence and the actions, or what is possible where nothing is confirmed.
func cause(p *Page, d runbooks.Diagnosis, v View) {
	lead := d.Lead()
	if lead == nil {
		if v.Reading {
			p.add("Cause", "Reading the account, its methods, the domain and the sign-in log…")
			return
		}
		possible(p, d)
		return
	}
	lines := []string{lead.Says}
	for i, e := range lead.Evidence {
		if i == maxEvidence {
			break
		}
		lines = append(lines, "• "+evidence(e))
	}
	heading := "Cause"
	if s := d.Report.Subject; s.From == facts.FromReporter {
		heading = "Cause, if it is about " + s.User
	}
	p.add(heading, lines...)
	var also []string
	for _, f := range d.With(runbooks.Confirmed)[1:] {
		also = append(also, "• "+f.Says)
	}
	p.add("Also true", also...)
	actions(p, []runbooks.Finding{*lead})
	p.add("Fixed when", lead.Check)
}

func evidence(e runbooks.Evidence) string {
	s := e.Says + " (" + e.Source
	if !e.Time.IsZero() {
		s += ", " + e.Time.UTC().Format(runbooks.TimeLayout)
	}
	return s + ")"
}

// possible lists what it can be while no fact decides, most likely first.
func possible(p *Page, d runbooks.Diagnosis) {
	open, told := openCauses(d)
	if len(open) == 0 {
		switch {
		case len(d.Causes) == 0:
		case d.Runbook == nil:
			p.add("Cause", "Nothing stands out in the facts below.")
		default:
			p.add("Cause", "None of the causes that we know for this code fits the facts. Hand it to the identity team with the ids below.")
		}
		return
	}
	if d.Runbook == nil {
		return // of a person nobody asks what might be
	}
	if len(told) == 0 {
		told = open
	}
	var lines []string
	for _, f := range told[:min(len(told), maxPossible)] {
		lines = append(lines, "• "+couldBe(f))
	}
	if more := len(open) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more in the runbook", more))
	}
	p.add("What it can be, none of it confirmed", lines...)
	actions(p, told[:1])
}

// openCauses are those that no fact confirms or contradicts; told are the ones among them that can be said without gaps,
// or whose gap a reader can close, because a fact was asked for and not to be had.
func openCauses(d runbooks.Diagnosis) (open, told []runbooks.Finding) {
	for _, f := range d.Causes {
		if f.Verdict != runbooks.Possible && f.Verdict != runbooks.NotChecked {
			continue
		}
		open = append(open, f)
		if f.Told || slices.ContainsFunc(f.Unknown, func(u runbooks.Unknown) bool { return u.State != facts.NotAsked }) {
			told = append(told, f)
		}
	}
	return open, told
}

func actions(p *Page, from []runbooks.Finding) {
	var lines []string
	for _, f := range from {
		for _, x := range f.Fix {
			who := capital(actorSays[x.By])
			if x.Role != "" && x.Role != "none" {
				who += " (" + x.Role + ")"
			}
			lines = append(lines, who+": "+x.Do)
		}
	}
	if len(lines) > maxActions {
		lines = lines[:maxActions]
	}
	if len(lines) > 0 {
		p.Parts = append(p.Parts, Part{Title: "Next", Lines: lines, Numbered: true})
	}
}

// couldBe writes an open cause. A sentence with gaps is replaced by the cause's short form and what was missing.
func couldBe(f runbooks.Finding) string {
	if f.Told {
		return capital(f.Says)
	}
	var missing []string
	for _, u := range f.Unknown {
		if u.State != facts.NotAsked && u.Fact != "error" {
			missing = append(missing, strings.ToLower(facts.Name(u.Fact).Title()))
		}
	}
	if len(missing) == 0 {
		return f.Short + "."
	}
	return f.Short + ": needs " + strings.Join(slices.Compact(missing), ", ") + "."
}

// ruledOut lists the causes that a fact contradicts, each with that fact.
func ruledOut(d runbooks.Diagnosis) []string {
	var lines []string
	all := d.With(runbooks.RuledOut)
	for i, f := range all {
		if i == maxRuledOut {
			lines = append(lines, fmt.Sprintf("and %d more", len(all)-maxRuledOut))
			break
		}
		line := "• " + f.Short
		if len(f.Evidence) > 0 {
			line += " (" + lowerFirst(f.Evidence[0].Says) + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// notChecked says which facts were missing, each once, with the reason; and that the sign-in row is still awaited.
func notChecked(d runbooks.Diagnosis, v View) []string {
	if v.Reading {
		return nil
	}
	var lines []string
	if !v.Waiting.IsZero() {
		lines = append(lines, "• The sign-in log has no row for this error yet; looking again until "+v.Waiting.UTC().Format(runbooks.TimeLayout)+".")
	}
	awaited := !v.Waiting.IsZero() || v.GaveUp
	if v.GaveUp {
		lines = append(lines, "• The sign-in log has no row for this error up to "+d.At.UTC().Format(runbooks.TimeLayout)+", so nothing that only the log tells is known.")
	}
	for _, e := range d.Report.Entries() {
		if e.State == facts.Seen || e.State == facts.Absent || e.State == facts.NotAsked || e.Name == facts.NameSignIn && awaited {
			continue
		}
		if len(lines) == maxMissing {
			break
		}
		lines = append(lines, fmt.Sprintf("• %s: %s", e.Name.Title(), stateSays(e)))
	}
	return lines
}

// stateSays puts a fact's state and reason into words.
func stateSays(e facts.Entry) string {
	word := map[facts.State]string{
		facts.Absent: "none", facts.NotPermitted: "not permitted", facts.NotLicensed: "not licensed", facts.NotYet: "not yet",
		facts.Failed: "could not be read", facts.NotAsked: "not asked",
	}[e.State]
	if e.Reason == "" {
		return word
	}
	return word + ", " + e.Reason
}

func foot(d runbooks.Diagnosis, v View) []string {
	var lines []string
	if d.Primary != nil && v.Details != None {
		lines = append(lines, ids(*d.Primary)...)
	}
	if d.Runbook != nil && len(d.Runbook.Contacts) > 0 {
		lines = append(lines, "Contact: "+strings.Join(d.Runbook.Contacts, ", "))
	}
	return lines
}

// links are the operator's own pages first, then Microsoft's, and last its look-up of the code.
func links(r *runbooks.Runbook) []string {
	if r == nil {
		return nil
	}
	all := append(slices.Clone(r.Links), r.References...)
	if r.Article != "" && !slices.Contains(all, r.Article) {
		all = append(all, r.Article)
	}
	if len(all) > maxLinks {
		all = all[:maxLinks]
	}
	return append(all, fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", r.Code))
}

// ids are what the message itself told, for whoever searches a log.
func ids(e aadsts.Error) []string {
	var all []string
	add := func(label, value string) {
		if value != "" {
			all = append(all, label+" "+value)
		}
	}
	add("Correlation id", e.CorrelationID)
	add("Request id", e.TraceID)
	if !e.Timestamp.IsZero() {
		all = append(all, "Time "+e.Timestamp.UTC().Format(runbooks.TimeLayout))
	}
	app := e.AppName
	if e.AppID != "" {
		app = strings.TrimSpace(app + " " + e.AppID)
	}
	add("App", app)
	add("Person", e.User)
	if len(all) == 0 {
		return nil
	}
	return []string{strings.Join(all, " · ")}
}

func capital(s string) string {
	if s == "" {
		return s
	}
	r := []rune(s)
	return strings.ToUpper(string(r[0])) + string(r[1:])
}

// lowerFirst lowers the first letter of an ordinary word, and leaves names and addresses alone.
func lowerFirst(s string) string {
	word, _, _ := strings.Cut(s, " ")
	if word == "" || strings.ContainsAny(word, "@.0123456789") || strings.ToLower(word[1:]) != word[1:] {
		return s
	}
	return strings.ToLower(word[:1]) + s[1:]
}
