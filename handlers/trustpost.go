package handlers

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"signpost/graph/facts"
)

// TrustPost is a health post before it is drawn.
type TrustPost struct {
	Title  string
	Quiet  string // the one line of a post that has nothing to tell
	Groups []TrustGroup
	Mended []string
	Close  []string // small print
}

// TrustGroup is a part of a post: security alerts, operations, what could not be checked.
type TrustGroup struct {
	Title string
	Lines []TrustLine
}

// ComposeTrusts writes the health post: security alerts apart from operations, worst first, then what is mended. actors says
// whether it may name who made a change.
func ComposeTrusts(report facts.TrustReport, diff TrustDiff, actors bool) TrustPost {
	var p TrustPost
	var security, operations, unknown []TrustLine
	for _, n := range diff.News {
		l := trustLine(n, report, actors)
		switch {
		case n.Finding.Security:
			security = append(security, l)
		case n.Finding.Severity == facts.Unknown:
			unknown = append(unknown, l)
		default:
			operations = append(operations, l)
		}
	}
	groups := []TrustGroup{
		{"Security alerts: somebody may be able to sign in as others", security},
		{"Operations", operations},
		{"Could not be checked", unknown},
	}
	if len(operations) > 0 && len(security) > 0 && security[0].weight == facts.Note && operations[0].weight != facts.Note {
		groups[0], groups[1] = groups[1], groups[0] // what is only worth knowing does not stand above an outage
	}
	for _, g := range groups {
		if len(g.Lines) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	for _, k := range diff.Mended {
		p.Mended = append(p.Mended, mendedLine(k, actors))
	}
	closing := closing(report, diff)
	switch {
	case diff.Blind && diff.Empty():
		p.Quiet = "Federation health: nothing could be read, as before."
	case diff.Blind && len(diff.News) == 1 && len(diff.Mended) == 0:
		p.Quiet = "Federation health could not be checked: " + sentence(diff.News[0].Finding.Says) + " " + sentence(diff.News[0].Finding.Next) + " This is said once."
		p.Groups = nil
	case diff.Empty():
		p.Quiet = quiet(diff) + " " + strings.Join(closing, " ")
	case len(diff.News) == 0:
		p.Title, p.Close = "Federation health: nothing new, "+plural(len(diff.Mended), "finding is mended", "findings are mended"), closing
	default:
		p.Title, p.Close = "Federation health: "+counted(diff.News), closing
	}
	return p
}

// quiet begins the post of a day on which nothing has changed.
func quiet(diff TrustDiff) string {
	if diff.Begun && diff.Open == 0 {
		return "Federation health: nothing is wrong."
	}
	return "Federation health: nothing new."
}

// counted says how many findings of each kind there are.
func counted(news []TrustNews) string {
	alerts, by := 0, map[facts.Severity]int{}
	for _, n := range news {
		if n.Finding.Security {
			alerts++
		} else {
			by[n.Finding.Severity]++
		}
	}
	var parts []string
	if alerts > 0 {
		parts = append(parts, plural(alerts, "security alert", "security alerts"))
	}
	return strings.Join(append(parts, severities(by)...), ", ")
}

// severities counts by severity, worst first.
func severities(by map[facts.Severity]int) []string {
	var parts []string
	for _, s := range []struct {
		facts.Severity
		one, many string
	}{
		{facts.Critical, "critical", "critical"}, {facts.Warning, "warning", "warnings"}, {facts.Unknown, "not checked", "not checked"}, {facts.Note, "note", "notes"},
	} {
		if n := by[s.Severity]; n > 0 {
			parts = append(parts, plural(n, s.one, s.many))
		}
	}
	return parts
}

// severitySays is a severity in a sentence.
func severitySays(s facts.Severity) string {
	if s == facts.Unknown {
		return "not checked"
	}
	return string(s)
}

// mendedLine is a finding that is no longer so, in the words that it was said with.
func mendedLine(k KnownTrust, actors bool) string {
	says := k.Says
	if head, _, found := strings.Cut(says, " by "); !actors && found && k.ID == "trust-changed" { // as withoutActors has it
		says = head + "."
	}
	return cmp.Or(k.Domain, "Tenant") + ", no longer so: “" + short(Clean(says), 240) + "” First said " + when(k.Since) + "."
}

// closing says what was looked at, and what is still open.
func closing(report facts.TrustReport, diff TrustDiff) []string {
	var lines []string
	if !diff.Blind {
		looked := plural(len(report.Domains), "federated domain", "federated domains") + " checked"
		if len(report.Domains) == 0 {
			looked = "The tenant has no federated domain"
		}
		lines = append(lines, looked+".")
	}
	if diff.Begun {
		lines = append(lines, fmt.Sprintf("This is the first look: the trust of %s is taken as approved as it is now, "+
			"and changes are told from now on. Read each once: `signpost federation`.", plural(diff.Adopted, "domain", "domains")))
	} else if diff.Adopted > 0 {
		lines = append(lines, fmt.Sprintf("Read for the first time and taken as approved as it is now: the trust of %s.", plural(diff.Adopted, "domain", "domains")))
	}
	if diff.Open > 0 {
		lines = append(lines, stillOpen(diff))
	}
	if next := nextEnd(report); next != "" {
		lines = append(lines, next)
	}
	return lines
}

// stillOpen says what was said before and is still so.
func stillOpen(diff TrustDiff) string {
	worst := map[facts.Severity]string{
		facts.Critical: "a critical one", facts.Warning: "a warning", facts.Unknown: "one that could not be checked", facts.Note: "a note",
	}[diff.Worst]
	worst += " of " + cmp.Or(diff.WorstIn, "the tenant")
	if diff.Open == 1 {
		says := "Still open: 1 finding, " + worst
		if diff.Quiet == 1 {
			says += ", acknowledged or snoozed"
		}
		return says + "."
	}
	says := fmt.Sprintf("Still open: %d findings, the worst %s", diff.Open, worst)
	if diff.Quiet > 0 {
		says += fmt.Sprintf("; %d acknowledged or snoozed", diff.Quiet)
	}
	return says + "."
}

// nextEnd says which signing certificate ends next.
func nextEnd(report facts.TrustReport) string {
	var first time.Time
	var of string
	for _, t := range report.Domains {
		last := lastEnd(t)
		if last.After(report.CheckedAt) && (first.IsZero() || last.Before(first)) {
			first, of = last, trustName(t)
		}
	}
	if first.IsZero() {
		return ""
	}
	return fmt.Sprintf("Next to end: the last certificate of %s, on %s.", of, first.UTC().Format("2006-01-02"))
}

// lastEnd is when the last certificate of a trust ends.
func lastEnd(t facts.Trust) time.Time {
	var last time.Time
	for _, c := range t.Certificates {
		if c.Problem == "" && c.NotAfter.After(last) {
			last = c.NotAfter
		}
	}
	return last
}
