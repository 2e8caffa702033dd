package handlers

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// TrustLine is one finding of a post.
type TrustLine struct {
	Domain  string
	Head    string // "contoso.com · warning · 14 days left"
	Says    string
	More    []string // what happens if nobody acts; who, by when; the next step; where it was seen. Each begins with its label
	Key     string   // "" where there is nothing to press
	State   string
	Approve bool
	weight  facts.Severity
}

// The labels of what a finding says beyond what is the case.
const (
	labelOtherwise = "If nobody acts: "
	labelWho       = "Who: "
	labelNext      = "Next: "
	labelSeen      = "Seen: "
)

// trustLine writes one finding: what is the case, what happens if nobody acts, who acts, by when, and the next step.
func trustLine(n TrustNews, report facts.TrustReport, actors bool) TrustLine {
	f := n.Finding
	if !actors {
		f = withoutActors(f, report, n.Domain)
	}
	l := TrustLine{Domain: n.Domain, Says: sentence(f.Says), Key: n.Key, State: n.State, Approve: n.State != "" && Approvable(f.ID), weight: f.Severity}
	l.Head = join(cmp.Or(n.Domain, "Tenant"), severitySays(f.Severity), whySays(n, report.CheckedAt))
	if f.Otherwise != "" {
		l.More = append(l.More, labelOtherwise+sentence(f.Otherwise))
	}
	if who := whoSays(f, report.CheckedAt); who != "" {
		l.More = append(l.More, labelWho+who)
	}
	if f.Next != "" {
		l.More = append(l.More, labelNext+sentence(commands(f.Next)))
	}
	if seen := seenSays(f); seen != "" {
		l.More = append(l.More, labelSeen+seen)
	}
	return l
}

// lines are all lines of a finding without marks.
func (l TrustLine) lines() []string { return append([]string{l.Says}, l.More...) }

// whoSays names who acts, with the least role that can, and by when.
func whoSays(f facts.Finding, now time.Time) string {
	who := actorOf(f.By)
	if f.Role != "" {
		who = strings.TrimSpace(who + " (least role: " + f.Role + ")")
	}
	by := due(f, now)
	if who != "" && by != "" {
		who += ", "
	}
	return sentence(who + by)
}

// whySays says why a finding is told now.
func whySays(n TrustNews, now time.Time) string {
	switch n.Why {
	case isWorse:
		if n.Was == n.Finding.Severity {
			return "now a security alert"
		}
		return "was " + severitySays(n.Was)
	case isOther:
		return "changed again"
	case isStep:
		return daysLeft(*n.Finding.Due, now) + " left"
	case isAgain:
		return "the snooze is over"
	}
	return n.Why
}

func daysLeft(end, now time.Time) string {
	const day = 24 * time.Hour
	left := end.Sub(now)
	n := int(left / day)
	if left > 0 && left%day > 0 {
		n++
	}
	return plural(n, "day", "days")
}

// due says by when to act.
func due(f facts.Finding, now time.Time) string {
	switch {
	case f.Due == nil && f.Severity == facts.Critical:
		return "now"
	case f.Due == nil:
		return ""
	case !f.Due.After(now) && f.Severity == facts.Critical:
		return "now: it has been so since " + when(*f.Due)
	case !f.Due.After(now):
		return "due since " + when(*f.Due)
	}
	return "by " + when(*f.Due)
}

func actorOf(by string) string {
	if by == "security" {
		return "the security team"
	}
	return cmp.Or(actorSays[by], by)
}

// seenSays is the evidence in one line. An entry of the audit log comes with its time: who did what when is one thing.
func seenSays(f facts.Finding) string {
	const most = 4
	var all []string
	for _, e := range f.Evidence {
		says := strings.TrimRight(e.Says, ".")
		at := ""
		if e.Fact == facts.NameChanges {
			at = when(e.Time)
		}
		if where := strings.TrimSpace(strings.Join(slices.DeleteFunc([]string{e.Source, at}, func(s string) bool { return s == "" }), ", ")); where != "" {
			says += " (" + where + ")"
		}
		all = append(all, says)
	}
	if len(all) > most {
		all = append(all[:most], fmt.Sprintf("and %d more", len(all)-most))
	}
	return sentence(strings.Join(all, "; "))
}

// withoutActors takes out who made a change: of a finding only the audit log's evidence, and a sentence that names them.
func withoutActors(f facts.Finding, report facts.TrustReport, domain string) facts.Finding {
	f.Evidence = slices.DeleteFunc(slices.Clone(f.Evidence), func(e facts.FindingReason) bool { return e.Fact == facts.NameChanges })
	var names []string
	for _, t := range report.Domains {
		if trustName(t) != domain || t.Changes.Value == nil {
			continue
		}
		for _, c := range t.Changes.Value.List {
			if c.Actor != "" {
				names = append(names, c.Actor)
			}
		}
	}
	hide := func(s string) string {
		for _, name := range names {
			s = strings.ReplaceAll(s, " by "+name, "")
			s = strings.ReplaceAll(s, name, "somebody")
		}
		return s
	}
	f.Says, f.Otherwise, f.Next = hide(f.Says), hide(f.Otherwise), hide(f.Next)
	for i := range f.Evidence {
		f.Evidence[i].Says = hide(f.Evidence[i].Says)
	}
	if head, _, found := strings.Cut(f.Says, " by "); found && f.ID == "trust-changed" { // the name was not among those that are known
		f.Says = head + "."
	}
	return f
}

// cmdlet is the name of a command that a next step names.
var cmdlet = regexp.MustCompile(`\b(?:Get|Set|New|Update|Add|Remove|Start)-(?:Adfs|Mg|WebApplicationProxy|ADSync)[A-Za-z]+`)

// commands puts the PowerShell commands of a sentence into code: the cmdlet, its parameters, and a value behind each.
func commands(s string) string {
	s = strings.ReplaceAll(s, "`", "'")
	var b strings.Builder
	for {
		at := cmdlet.FindStringIndex(s)
		if at == nil {
			return b.String() + s
		}
		end, value := at[1], false
		for end < len(s) && s[end] == ' ' {
			word, _, _ := strings.Cut(s[end+1:], " ")
			clean := strings.TrimRight(word, ".,:;)")
			parameter := len(clean) > 1 && clean[0] == '-'
			if clean == "" || !parameter && !value {
				break
			}
			end += 1 + len(clean)
			value = parameter
			if clean != word {
				break
			}
		}
		b.WriteString(s[:at[0]] + "`" + s[at[0]:end] + "`")
		s = s[end:]
	}
}
