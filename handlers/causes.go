package handlers

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// How long the sentences of a cause may be, where names of the tenant stand in them: whoever hears the answer read out comes to
// the first step all the same, within what Slack takes as the text of a message.
const (
	maxSays = 500
	maxLine = 220
)

// ReadingSays begins the line that stands for the cause while the tenant is being read.
const ReadingSays = "Reading the "

// cause writes the leading cause with its evidence and the actions, or what is possible where nothing is confirmed.
func cause(p *Page, d runbooks.Diagnosis, v View) {
	lead := d.Lead()
	switch {
	case lead == nil && v.Reading:
		p.add("Cause", ReadingSays+strings.Join(reading(d), ", ")+"…")
		return
	case lead == nil:
		open(p, d, v)
		return
	}
	lines := []string{short(sentence(capital(lead.Says)), maxSays)}
	for _, e := range lead.Evidence[:min(len(lead.Evidence), maxEvidence)] {
		lines = append(lines, "• "+evidence(e, d))
	}
	p.add("Cause"+assumed(d), lines...)
	var also []string
	more := d.With(runbooks.Confirmed)[1:]
	for _, f := range more[:min(len(more), maxAlso)] {
		also = append(also, "• "+short(sentence(capital(f.Says)), maxLine))
	}
	if n := len(more) - len(also); n > 0 {
		also = append(also, fmt.Sprintf("and %d more", n))
	}
	p.add("Also true"+assumed(d), also...)
	advise(p, lead.Fix, d, v)
	p.add("Fixed when", sentence(capital(lead.Check)))
	if v.Reading {
		p.add("Still being read", capital(strings.Join(reading(d), ", "))+".")
	}
}

// assumed marks a heading whose content is about whoever posted the message, because the message names nobody.
func assumed(d runbooks.Diagnosis) string {
	if d.Report.Subject.From != facts.FromReporter {
		return ""
	}
	return ", if it is about " + person(d.Report)
}

// noAccount says first what makes the rest of an answer doubtful: that the person named has no account here, or several.
func noAccount(d runbooks.Diagnosis) string {
	f := d.Report.User
	deleted := f.Value != nil && f.Value.Deleted
	switch {
	case f.State == facts.Absent && deleted && f.Value.DeletedAt != nil:
		return "The account of " + d.Report.Subject.User + " was deleted at " + when(*f.Value.DeletedAt) + "."
	case f.State == facts.Absent && deleted:
		return "The account of " + d.Report.Subject.User + " was deleted."
	case f.State == facts.Absent:
		return "This tenant has no account " + d.Report.Subject.User + ": check the name, and which organisation the error comes from."
	case f.Value != nil && f.Value.Ambiguous:
		return "Several accounts answer to " + d.Report.Subject.User + ": nothing below is about one of them."
	}
	return ""
}

// reading names the facts that have not come yet; before the first came, those that the runbook asks for.
func reading(d runbooks.Diagnosis) []string {
	var names []string
	known := false
	for _, e := range d.Report.Entries() {
		known = known || e.State != facts.NotAsked
		if e.State == facts.NotYet {
			names = append(names, lowerFirst(e.Name.Title()))
		}
	}
	if d.Runbook != nil && !known {
		for _, n := range d.Runbook.Facts {
			names = append(names, lowerFirst(n.Title()))
		}
	}
	if len(names) == 0 {
		names = []string{"last facts"}
	}
	return names
}

// evidence says where it was read, and when unless that was just now. What follows from the code itself was read nowhere.
func evidence(e runbooks.Evidence, d runbooks.Diagnosis) string {
	source, says := e.Source, short(e.Says, maxLine)
	if source != "" && !e.Time.IsZero() && d.At.Sub(e.Time) > freshFor {
		source += ", " + when(e.Time)
	}
	if source == "" {
		return says
	}
	return says + " (" + source + ")"
}

// open lists what it can be while no fact decides, most likely first. Only a cause that the runbook gives without a
// condition is told in full: a condition that was not checked would read like something that is known of the person.
func open(p *Page, d runbooks.Diagnosis, v View) {
	var told, vague []runbooks.Finding
	var unchecked []string
	for _, f := range d.Causes {
		switch {
		case f.Verdict == runbooks.NotChecked:
			unchecked = append(unchecked, lowerFirst(f.Short))
		case f.Verdict == runbooks.Possible && f.Told:
			told = append(told, f)
		case f.Verdict == runbooks.Possible:
			vague = append(vague, f)
		}
	}
	if d.Runbook == nil {
		switch {
		case v.Details != Full: // nothing was to be looked at
		case len(unchecked) > 0:
			p.add("Cause", "Nothing stands out in what could be read.")
		default:
			p.add("Cause", "Nothing stands out in the facts.")
		}
		return // of a person nobody asks what might be
	}
	var lines []string
	possible := append(told, vague...)
	for _, f := range possible[:min(len(possible), maxPossible)] {
		if f.Told {
			lines = append(lines, "• "+sentence(capital(f.Says)))
		} else {
			lines = append(lines, "• "+f.Short+".")
		}
	}
	if n := len(possible) - len(lines); n > 0 {
		lines = append(lines, fmt.Sprintf("and %d more: /aadsts %d", n, d.Runbook.Code))
	}
	if v.Details != Full && len(unchecked) > 0 {
		lines = append(lines, "• Not checked here: "+list(unchecked, maxShorts)+".")
	}
	p.add("What it can be, none of it confirmed", lines...)
	handOver(p, d, v, len(possible) > 0, len(unchecked) > 0)
	if len(told) > 0 {
		advise(p, told[0].Fix, d, v)
	}
}

// advise writes the actions, and before those that give somebody a new way in, what an agent looks at first.
func advise(p *Page, fixes []runbooks.Fix, d runbooks.Diagnosis, v View) {
	shown := fixes[:min(len(fixes), maxActions)]
	if v.Details == Full && !v.Own && slices.ContainsFunc(shown, func(x runbooks.Fix) bool { return x.Resets }) {
		lines := signs(d)
		if v.Reading {
			lines = lines[:1] // what was not read yet is neither a sign nor none
		}
		p.add(signsTitle, lines...)
	}
	actions(p, fixes)
}

// handOver says what is next where no cause says it.
func handOver(p *Page, d runbooks.Diagnosis, v View, possible, unchecked bool) {
	says := func(cause, next string) {
		if v.Details == Full {
			p.add("Cause", cause)
		}
		actions(p, []runbooks.Fix{{By: "helpdesk", Do: next}})
	}
	const toIdentity = "Hand it to the identity team, with the whole message and this answer"
	switch r := d.Runbook; {
	case possible:
	case unchecked:
		says("Not known: what would tell it could not be read.", fmt.Sprintf("Check by hand what was not checked here; the runbook of AADSTS%d says how", r.Code))
	case r.Depth == runbooks.Full && v.Details == Full:
		says("None of the causes that we know for this code fits the facts.", toIdentity)
	case r.Depth == runbooks.Full:
	case r.Depth == runbooks.Unlisted:
		says("Not known: the code is in none of our lists.", toIdentity)
	case r.Actor == "user":
		says("Not known: there is no runbook for this code yet.", "If it comes back after a fresh sign-in, h"+toIdentity[1:])
	case r.Actor == "helpdesk":
		says("Not known: there is no runbook for this code yet.", "Look at the account, and at what Microsoft says of the code")
	default:
		says("Not known: there is no runbook for this code yet.", "Hand it to "+actorSays[r.Actor]+", with the whole message and this answer")
	}
}

func actions(p *Page, fixes []runbooks.Fix) {
	var lines []string
	for _, x := range fixes[:min(len(fixes), maxActions)] {
		lines = append(lines, action(x))
	}
	if len(lines) > 0 {
		p.Parts = append(p.Parts, Part{Title: nextTitle, Lines: lines, Numbered: true, Links: true})
	}
}

// action is one step with who does it and the least role that can.
func action(x runbooks.Fix) string {
	who := capital(actorSays[x.By])
	if x.Role != "" && x.Role != "none" {
		who += " (" + x.Role + ")"
	}
	return strings.TrimPrefix(who+": "+x.Do, ": ")
}

// ruledOut lists the causes that a fact contradicts, each with that fact. Of a person, where nobody asked for one of them,
// it names them only, and only where nothing was found.
func ruledOut(d runbooks.Diagnosis) []string {
	var lines []string
	all := d.With(runbooks.RuledOut)
	if d.Runbook == nil {
		if d.Lead() != nil || len(all) == 0 {
			return nil
		}
		for _, f := range all {
			lines = append(lines, lowerFirst(f.Short))
		}
		return []string{capital(strings.Join(lines, ", ")) + "."}
	}
	// That the message does not tell something is no news to whoever reads the message.
	all = slices.DeleteFunc(all, func(f runbooks.Finding) bool {
		return len(f.Evidence) > 0 && !slices.ContainsFunc(f.Evidence, func(e runbooks.Evidence) bool { return e.Fact != "error" })
	})
	for _, f := range all[:min(len(all), maxRuledOut)] {
		line := "• " + f.Short
		i := slices.IndexFunc(f.Evidence, func(e runbooks.Evidence) bool { return !counts(e, d.Report) })
		if i >= 0 {
			line += " (" + lowerFirst(f.Evidence[i].Says) + ")"
		}
		lines = append(lines, line)
	}
	if n := len(all) - len(lines); n > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", n))
	}
	return lines
}

// counts reports whether evidence only says how many entries a list of objects has ("Identities: 1"), which explains
// nothing to a reader.
func counts(e runbooks.Evidence, r facts.Report) bool {
	label, _, _ := strings.Cut(e.Says, ": ")
	entry, ok := r.Entry(facts.Name(e.Fact))
	if !ok {
		return false
	}
	for i := range entry.Type.NumField() {
		f := entry.Type.Field(i)
		if f.Tag.Get("label") == label {
			return f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct
		}
	}
	return false
}

// undecided names the causes that were left open, together with those that miss the same.
func undecided(d runbooks.Diagnosis) []string {
	var order []string
	groups := map[string][]string{} // causes, by what they lack
	lacks := map[string]missed{}
	for _, f := range d.With(runbooks.NotChecked) {
		if d.Report.User.State == facts.Absent && slices.ContainsFunc(f.Unknown, ofAccount) {
			continue // there is no account that it could be true of
		}
		m := missing(f)
		key := strings.Join(m.things, "|")
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key], lacks[key] = append(groups[key], lowerFirst(f.Short)), lacks[key].and(m)
	}
	var lines []string
	rest := 0
	for i, key := range order {
		if i >= maxUndecided {
			rest += len(groups[key])
			continue
		}
		lines = append(lines, "• Undecided without "+lacks[key].says()+": "+list(groups[key], maxShorts)+".")
	}
	if rest > 0 {
		lines = append(lines, fmt.Sprintf("and %d more undecided", rest))
	}
	return lines
}

// ofAccount reports whether a fact is one of the person's account.
func ofAccount(u runbooks.Unknown) bool {
	switch facts.Name(u.Fact) {
	case facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameRecent:
		return true
	}
	return false
}

// missed is what causes would have needed: each thing once, and of a fact that was read the fields that Graph did not tell.
type missed struct {
	things []string
	fields map[string][]string
}

// and is what either would have needed.
func (m missed) and(o missed) missed {
	sum := missed{things: slices.Clone(m.things), fields: map[string][]string{}}
	for _, from := range []missed{m, o} {
		for _, thing := range from.things {
			if !slices.Contains(sum.things, thing) {
				sum.things = append(sum.things, thing)
			}
			for _, field := range from.fields[thing] {
				if !slices.Contains(sum.fields[thing], field) {
					sum.fields[thing] = append(sum.fields[thing], field)
				}
			}
		}
	}
	return sum
}

// says lists the things, each with the first of its fields.
func (m missed) says() string {
	const most = 2
	var all []string
	for _, thing := range m.things {
		if fields := m.fields[thing]; len(fields) > 0 {
			thing += " (" + list(fields, most) + ")"
		}
		all = append(all, thing)
	}
	return list(all, maxShorts)
}

// missing is what one cause would have needed.
func missing(f runbooks.Finding) missed {
	m := missed{fields: map[string][]string{}}
	for _, u := range f.Unknown {
		needs := lowerFirst(facts.Name(u.Fact).Title())
		if s, ok := strings.CutPrefix(u.Reason, "Graph did not tell: "); ok && !slices.Contains(m.fields[needs], s) {
			m.fields[needs] = append(m.fields[needs], s)
		}
		if u.Fact == "error" {
			needs = "a check that works"
			if s, ok := strings.CutPrefix(u.Reason, "not in the message: "); ok {
				needs = s
				if !strings.HasSuffix(s, "in the message") {
					needs += " in the message"
				}
			}
		}
		if needs != "" && !slices.Contains(m.things, needs) {
			m.things = append(m.things, needs)
		}
	}
	return m
}
