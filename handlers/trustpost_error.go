package handlers

import (
	"fmt"

	"signpost/graph/facts"
)

// TrustPart is what the health check says of the domain of an error, for the answer to it: the worst of it in a line each. Its
// Title is "" where nothing was checked. It tells nothing of people, and nobody who changed something.
func TrustPart(report facts.TrustReport) Part {
	if len(report.Domains) != 1 {
		return Part{}
	}
	const most = 3
	t := report.Domains[0]
	name := trustName(t)
	p := Part{Title: "Health of " + name + ", checked " + when(report.CheckedAt)}
	var notes int
	var told []facts.Finding
	for _, f := range t.Findings {
		if f.Severity == facts.Note {
			notes++
			continue
		}
		told = append(told, withoutActors(f, report, name))
	}
	for _, f := range told[:min(len(told), most)] {
		kind := ""
		if f.Security {
			kind = " (security)"
		}
		p.Lines = append(p.Lines, capital(severitySays(f.Severity))+kind+": "+sentence(f.Says))
	}
	if n := len(told) - most; n > 0 {
		p.Lines = append(p.Lines, plural(n, "more finding.", "more findings."))
	}
	switch {
	case len(told) > 0:
		p.Lines = append(p.Lines, "What to do about it: /aadsts "+name)
	case len(notLooked(t)) > 0:
		p.Lines = append(p.Lines, "Nothing is wrong with what was looked at: "+fmt.Sprintf("/aadsts %s says what was not.", name))
	default:
		p.Lines = append(p.Lines, "Nothing is wrong with its trust: certificates, what the identity provider publishes, hosts, recent changes.")
	}
	if notes > 0 {
		p.Lines = append(p.Lines, "Worth knowing: "+plural(notes, "note", "notes")+", /aadsts "+name)
	}
	return p
}
