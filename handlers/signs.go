package handlers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// newMethodFor is how long a method that was added counts as new, requestsFor how far back requests are counted, and
// manyRequests how many of them are more than one trouble explains.
const (
	newMethodFor = 72 * time.Hour
	// RequestsFor is how far back [Desk.Requests] counts.
	RequestsFor  = 7 * 24 * time.Hour
	manyRequests = 3
	maxSigns     = 6
	maxSign      = 200
)

// methodAdded are the activities of the directory audit by which somebody comes to another way in.
// https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
var methodAdded = []string{"User registered security info", "Admin registered security info", "User changed default security info"}

// signsTitle heads what an agent reads before a step that gives somebody a new way in.
const signsTitle = "Before you reset anything"

const verifySays = "Verify the person by a call to a number on file, or by their manager; never by what is said here."

// signs says how to verify the person, what was seen that speaks for somebody else behind the request, with its time and
// source, what was looked at without such a sign, and what could not be looked at. It judges nobody: a sign is a reason to
// look closer, and none is no proof.
func signs(d runbooks.Diagnosis) []string {
	var l look
	l.methods(d)
	l.audit(d)
	l.risk(d)
	l.country(d)
	l.requests(d)
	lines := []string{verifySays}
	for _, s := range l.seen[:min(len(l.seen), maxSigns)] {
		lines = append(lines, "• "+s)
	}
	if n := len(l.seen) - maxSigns; n > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", n))
	}
	if len(l.clear) > 0 {
		lines = append(lines, "No sign seen in: "+strings.Join(l.clear, "; ")+".")
	}
	if len(l.open) > 0 {
		lines = append(lines, "Not looked at: "+strings.Join(l.open, "; ")+".")
	}
	return lines
}

// look is what a look at an account brought.
type look struct{ seen, clear, open []string }

func (l *look) sign(source string, at time.Time, format string, args ...any) {
	says := short(fmt.Sprintf(format, args...), maxSign)
	if t := when(at); t != "" {
		source += ", " + t
	}
	l.seen = append(l.seen, says+" ("+source+")")
}

// unread notes a fact that was not to be had, with its state.
func (l *look) unread(what string, s facts.State) {
	why := stateSays[s]
	if why == "" {
		why = stateSays[facts.NotAsked]
	}
	l.open = append(l.open, what+" ("+why+")")
}

// methods looks for one that was added within 72 hours. Graph does not tell that time of a phone or an app's code.
func (l *look) methods(d runbooks.Diagnosis) {
	const what = "methods added in the last 72 hours"
	f := d.Report.Methods
	if !f.OK() {
		if f.State == facts.Absent {
			l.clear = append(l.clear, what)
			return
		}
		l.unread(what, f.State)
		return
	}
	var undated []string
	found, dated := false, false
	for _, m := range f.Value.List {
		name := methodName(m.Kind)
		switch {
		case m.Kind == "password": // its time is that of the last change
		case m.Created == nil:
			if !slices.Contains(undated, name) {
				undated = append(undated, name)
			}
		case d.At.Sub(*m.Created) <= newMethodFor:
			found = true
			says := name
			if m.Detail != "" && m.Kind != "temporary_access_pass" {
				says += " “" + short(m.Detail, 60) + "”"
			}
			l.sign(facts.NameMethods.Source(), *m.Created, "New method: %s", says)
		default:
			dated = true
		}
	}
	if !found && (dated || len(undated) == 0) {
		l.clear = append(l.clear, what)
	}
	if len(undated) > 0 {
		l.open = append(l.open, "when "+list(undated, maxShorts)+" was added (Graph does not tell)")
	}
}

// audit looks for a registration in the directory audit, as far as that was read for the error.
func (l *look) audit(d runbooks.Diagnosis) {
	f := d.Report.Changes
	switch {
	case f.State == facts.Absent:
		l.clear = append(l.clear, "registrations in the audit log of the time around the error")
		return
	case !f.OK():
		if f.State != "" && f.State != facts.NotAsked {
			l.unread("registrations in the audit log", f.State)
		}
		return
	}
	n := len(l.seen)
	for _, c := range f.Value.List { // those that are about this error's person
		if slices.ContainsFunc(methodAdded, func(a string) bool { return facts.SameActivity(a, c.Activity) }) {
			l.sign(facts.NameChanges.Source(), c.Time, "%s, by %s", c.Activity, c.Actor)
		}
	}
	if len(l.seen) == n {
		l.clear = append(l.clear, "registrations in the audit log since "+when(f.Value.Since))
	}
}

// risk looks at ID Protection's word on the person and on the sign-in.
func (l *look) risk(d runbooks.Diagnosis) {
	const ofPerson, ofSignIn = "risk of the person", "risk of the sign-in"
	switch f := d.Report.Risk; {
	case f.OK() && f.Value.Active:
		at := f.ReadAt
		if f.Value.Updated != nil {
			at = *f.Value.Updated
		}
		l.sign(facts.NameRisk.Source(), at, "The person is at risk: level %s, state %s", f.Value.Level, f.Value.State)
	case f.OK() && strings.EqualFold(f.Value.Level, "hidden"):
		l.open = append(l.open, ofPerson+" (hidden without a P2 licence)")
	case f.OK(), f.State == facts.Absent:
		l.clear = append(l.clear, ofPerson)
	default:
		l.unread(ofPerson, f.State)
	}
	f := d.Report.SignIn
	if !f.OK() {
		return // the country says that there is no row
	}
	switch level := strings.ToLower(f.Value.RiskLevel); level {
	case "", "none":
		l.clear = append(l.clear, ofSignIn)
	case "hidden":
		l.open = append(l.open, ofSignIn+" (hidden without a P2 licence)")
	default:
		events := ""
		if len(f.Value.RiskEvents) > 0 {
			events = ", detections: " + list(f.Value.RiskEvents, maxShorts)
		}
		l.sign(facts.NameSignIn.Source(), f.Value.Time, "Risk at this sign-in: %s%s", level, events)
	}
}

// country compares that of the failed sign-in with those of the person's successful ones before it.
func (l *look) country(d runbooks.Diagnosis) {
	const what = "country of the sign-in"
	row, recent := d.Report.SignIn, d.Report.Recent
	switch {
	case !row.OK():
		l.unread("risk and country of the sign-in", row.State)
		return
	case row.Value.Country == "":
		l.open = append(l.open, what+" (the log does not tell)")
		return
	case !recent.OK() && recent.State != facts.Absent:
		l.unread(what, recent.State)
		return
	}
	var known []string
	since := time.Time{}
	if recent.OK() {
		since = recent.Value.Since
		for _, r := range recent.Value.Rows {
			if r.Code == 0 && r.Country != "" && r.Time.Before(row.Value.Time) && !slices.Contains(known, r.Country) {
				known = append(known, r.Country)
			}
		}
	}
	switch {
	case len(known) == 0:
		l.open = append(l.open, what+" (no success before it to compare with)")
	case slices.Contains(known, row.Value.Country):
		l.clear = append(l.clear, what)
	default:
		l.sign(facts.NameSignIn.Source(), row.Value.Time,
			"Sign-in from %s; the successful ones%s were from %s", row.Value.Country, after(since), list(known, maxShorts))
	}
}

func after(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " since " + when(t)
}

// requests looks at how often help was asked for with this account.
func (l *look) requests(d runbooks.Diagnosis) {
	switch r := d.Requests; {
	case r == nil:
	case r.Err != nil:
		l.open = append(l.open, "earlier requests (the database did not answer)")
	case r.Cases >= manyRequests:
		l.sign("Signpost", r.Since, "%d sign-in errors of this person were brought here since then", r.Cases)
	default:
		l.clear = append(l.clear, "requests of the last 7 days")
	}
}
