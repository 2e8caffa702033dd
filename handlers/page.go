package handlers

import (
	"cmp"
	"fmt"
	"reflect"
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
	Holds Content
}

// Part is one paragraph of a page. A line that begins with a tab is code.
type Part struct {
	Title    string // "" for the opening sentence
	Lines    []string
	Numbered bool // actions, to be done in this order
	Links    bool // written by a runbook: addresses become links. In what was read or pasted none does
}

// View says how much of a diagnosis a page may hold.
type View struct {
	Details Details
	// Reading says that facts are still being read; the page says which, and asks nothing of the reader meanwhile.
	Reading bool
	// Waiting says until when the sign-in row is looked for; zero when it is not.
	Waiting time.Time
	// Protected is set for an account that no place may show: the page sends the reader to the identity team.
	Protected bool
	// Trust is the health of the domain of an error of federation; empty where it was not checked.
	Trust facts.TrustReport
	// Earlier is a line about our own earlier cases, for agents; it is shown with details full only.
	Earlier string
	// Locale is the language of the one affected, or of whoever reads privately: a tag such as de-DE. "" is English.
	Locale string
	// Own says that the affected person reads about themselves: what an agent checks before a reset is not for them.
	Own bool
}

// How much of each part one screen holds; the rest is said to be left out.
const (
	maxPossible  = 3
	maxActions   = 3
	maxEvidence  = 4
	maxAlso      = 3
	maxRuledOut  = 3
	maxMissing   = 4
	maxUndecided = 3
	maxShorts    = 6
	maxCodes     = 5
	maxFacts     = 11
	maxLinks     = 3
)

// Compose writes the page for a diagnosis. Only with Details full does it hold directory data; with agents it holds the
// runbook and what the message itself said, with none the runbook alone, whatever the diagnosis holds.
func Compose(d runbooks.Diagnosis, v View) Page {
	whose, perhaps := identityTeam(d), d.Report.Subject.From == facts.FromReporter
	if v.Protected {
		v.Details = None
	}
	if v.Details != Full {
		d = public(d, v.Details)
	}
	p := Page{Title: title(d, v), Holds: ContentOf(d, v.Details)}
	p.add(addressesTitle, addresses(d)...)
	if d.Runbook != nil {
		p.advise("", openingIn(d.Runbook, v.Locale))
		p.advise("What it is", about(d, v)...)
	}
	if v.Protected {
		p.add("Next", whose)
	}
	if !v.Protected || perhaps { // what the runbook says of everybody holds nothing of an account
		if d.Runbook != nil && d.Lead() == nil {
			p.add("First", noAccount(d))
		}
		cause(&p, d, v)
	}
	if v.Details == Full {
		p.part(TrustPart(v.Trust))
		p.add("Earlier cases", v.Earlier)
		shown := withoutGuards(d)
		p.add("Facts, read "+when(d.At), factLines(shown)...)
		p.add("Ruled out"+assumed(d), ruledOut(d)...)
		missing := notChecked(shown, v)
		if !v.Reading {
			missing = append([]string{rolesUnchecked(d.Report)}, missing...)
		}
		p.add("Could not be checked", missing...)
	}
	p.Foot, p.Links = foot(d, v), links(d.Runbook)
	return p
}

// public is the diagnosis for a place that may not hold directory data. A caller gives one that was made without any
// ([Question.Within]); this makes sure of it: causes that were judged by what was read, or for none by what the message
// said, are replaced by what the runbook says of everybody.
func public(d runbooks.Diagnosis, details Details) runbooks.Diagnosis {
	told := details == None && slices.ContainsFunc(d.Errors, func(e aadsts.Error) bool {
		return !reflect.DeepEqual(e, codeAlone(e))
	})
	read := slices.ContainsFunc(d.Report.Entries(), func(e facts.Entry) bool { return e.State != facts.NotAsked })
	if from := d.Report.Subject.From; !told && !read && (from == "" || from == facts.FromPaste) {
		return d
	}
	d.Report, d.Causes = facts.Report{}, nil
	if d.Runbook == nil {
		return d
	}
	for _, c := range d.Runbook.Causes {
		if c.When != "" {
			continue
		}
		f := runbooks.Finding{ID: c.ID, Verdict: runbooks.Possible, Says: readable(c.Says), Told: true, Check: readable(c.Check)}
		for _, x := range c.Fix {
			f.Fix = append(f.Fix, runbooks.Fix{Do: readable(x.Do), By: x.By, Role: x.Role, Resets: x.Resets})
		}
		d.Causes = append(d.Causes, f)
	}
	return d
}

// add appends a part of what was read or pasted.
func (p *Page) add(title string, lines ...string) { p.part(Part{Title: title, Lines: lines}) }

// advise appends a part of the runbook's own words.
func (p *Page) advise(title string, lines ...string) {
	p.part(Part{Title: title, Lines: lines, Links: true})
}

func (p *Page) part(x Part) {
	x.Lines = slices.DeleteFunc(slices.Clone(x.Lines), func(s string) bool { return strings.TrimSpace(s) == "" })
	if len(x.Lines) > 0 {
		p.Parts = append(p.Parts, x)
	}
}

func title(d runbooks.Diagnosis, v View) string {
	if d.Runbook == nil {
		if d.Report.Subject.User == "" || v.Details != Full {
			return "Diagnosis of a person"
		}
		return "Diagnosis of " + person(d.Report)
	}
	code := fmt.Sprintf("AADSTS%d", d.Runbook.Code)
	if says := cmp.Or(d.Runbook.Title, d.Runbook.Name); says != "" {
		return code + ": " + says
	}
	return code
}

// person is the name by which the affected person is known to everybody: of a guest the address that they sign in with,
// not the name that this tenant made of it.
func person(r facts.Report) string {
	if u := r.User.Value; u != nil && u.Guest && u.Mail != "" && strings.EqualFold(u.UPN, r.Subject.User) {
		return u.Mail
	}
	return r.Subject.User
}

// kindSays explains the kinds of DESIGN.md §5 in a few words.
var kindSays = map[string]string{
	"interrupt": "a normal step of signing in, which the app has to go on with",
	"failure":   "a failure",
	"outage":    "a fault of the service, which usually passes",
}

// actorSays names who ends an error or does a step.
var actorSays = map[string]string{
	"user": "the person", "helpdesk": "the helpdesk", "identity-admin": "an identity administrator", "app-owner": "the app's owner",
	"app-developer": "the app's developer", "idp-admin": "the identity provider's administrator", "microsoft": "Microsoft",
}

// about says what the code means, what Microsoft calls it, and who ends it.
func about(d runbooks.Diagnosis, v View) []string {
	r := d.Runbook
	var lines []string
	if r.Person != "" { // else the meaning is the opening
		lines = append(lines, sentence(capital(r.Meaning)))
	}
	if r.Depth != runbooks.Unlisted { // of which nobody knows the kind
		ends := actorSays[r.Actor]
		if ends != "" {
			ends = "who ends it: " + ends
		}
		lines = append(lines, capital(join(r.Name, kindSays[r.Kind], ends)))
	}
	if v.Details != None {
		lines = append(lines, others(d))
	}
	return lines
}

// others names the codes of the message beside the one that leads, each once.
func others(d runbooks.Diagnosis) string {
	var all []string
	for _, e := range d.Errors {
		says := fmt.Sprintf("AADSTS%d", e.Code)
		if name := nameOf(e.Code); name != "" {
			says += " (" + name + ")"
		}
		if e.Code != d.Runbook.Code && !slices.Contains(all, says) {
			all = append(all, says)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "Also in the message: " + list(all, maxCodes) + "."
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

// ids are what the message itself told, for whoever searches a log; each id has a line, to be copied from.
func ids(e aadsts.Error) []string {
	label := func(label, value string) string {
		if value == "" {
			return ""
		}
		return label + " " + value
	}
	var lines []string
	for _, l := range []string{
		label("Correlation id", e.CorrelationID),
		label("Request id", e.TraceID),
		join(label("Time", when(e.Timestamp)), label("App", strings.TrimSpace(e.AppName+" "+e.AppID)), label("Person", e.User)),
	} {
		if l != "" {
			lines = append(lines, l)
		}
	}
	return lines
}
