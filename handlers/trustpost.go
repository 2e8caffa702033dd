package handlers

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

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

// TrustLine is one finding of a post.
type TrustLine struct {
	Domain  string
	Head    string // "contoso.com · warning · 14 days left"
	Says    string
	More    []string // what happens if nobody acts, by when, who, the next step, where it was seen
	Key     string   // "" where there is nothing to press
	State   string
	Approve bool
	weight  facts.Severity
}

// ActionTrust begins the action ids of a finding's menu; the key of the finding follows.
const ActionTrust = "trust-"

// What the options of a finding's menu do; the value of an option is the word, the finding's key and the state that was shown.
const (
	TrustAcknowledge = "ack"
	TrustSnoozeWeek  = "snooze7"
	TrustSnoozeMonth = "snooze30"
	TrustApprove     = "approve"
)

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
	for _, g := range []TrustGroup{
		{"Security alerts: somebody may be able to sign in as others", security},
		{"Operations", operations},
		{"Could not be checked", unknown},
	} {
		if len(g.Lines) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	for _, k := range diff.Mended {
		p.Mended = append(p.Mended, mendedLine(k, actors))
	}
	p.Close = append(p.Close, closing(report, diff)...)
	switch {
	case diff.Blind && diff.Empty():
		p.Quiet = "Federation health: nothing could be read, as before."
	case diff.Blind && len(diff.News) == 1 && len(diff.Mended) == 0:
		p.Quiet = "Federation health could not be checked: " + sentence(diff.News[0].Finding.Says) + " " + sentence(diff.News[0].Finding.Next) + " This is said once."
		p.Groups, p.Close = nil, nil
	case diff.Empty():
		p.Quiet = "Federation health: nothing new. " + strings.Join(p.Close, " ")
		p.Close = nil
	case len(diff.News) == 0:
		p.Title = "Federation health: " + fmt.Sprintf("%d mended", len(diff.Mended))
	default:
		p.Title = "Federation health: " + counted(diff.News)
	}
	return p
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
		{facts.Critical, "critical", "critical"}, {facts.Warning, "warning", "warnings"}, {facts.Note, "note", "notes"}, {facts.Unknown, "not checked", "not checked"},
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

// trustLine writes one finding: what is the case, what happens if nobody acts, by when, who, and the next step.
func trustLine(n TrustNews, report facts.TrustReport, actors bool) TrustLine {
	f := n.Finding
	if !actors {
		f = withoutActors(f, report, n.Domain)
	}
	l := TrustLine{Domain: n.Domain, Says: sentence(f.Says), Key: n.Key, State: n.State, Approve: n.State != "" && Approvable(f.ID), weight: f.Severity}
	l.Head = join(cmp.Or(n.Domain, "Tenant"), severitySays(f.Severity), whySays(n, report.CheckedAt))
	if f.Otherwise != "" {
		l.More = append(l.More, "If nobody acts: "+sentence(lowerFirst(f.Otherwise)))
	}
	who := actorOf(f.By)
	if f.Role != "" {
		who += " (least role: " + f.Role + ")"
	}
	l.More = append(l.More, capital(join(due(f, report.CheckedAt), who)))
	if f.Next != "" {
		l.More = append(l.More, "Next: "+sentence(commands(f.Next)))
	}
	if seen := seenSays(f); seen != "" {
		l.More = append(l.More, "Seen: "+seen)
	}
	return l
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
	case !f.Due.After(now):
		return "since " + when(*f.Due)
	}
	return "by " + when(*f.Due)
}

func actorOf(by string) string {
	if by == "security" {
		return "the security team"
	}
	return cmp.Or(actorSays[by], by)
}

// seenSays is the evidence in one line.
func seenSays(f facts.Finding) string {
	const most = 3
	var all []string
	for _, e := range f.Evidence {
		says := strings.TrimRight(e.Says, ".")
		if e.Source != "" {
			says += " (" + e.Source + ")"
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

func mendedLine(k KnownTrust, actors bool) string {
	says := k.Says
	if head, _, found := strings.Cut(says, " by "); !actors && found {
		says = head + "."
	}
	return cmp.Or(k.Domain, "Tenant") + ": no longer so since it was said on " + when(k.Since) + ": " + short(Clean(says), 240)
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
		lines = append(lines, fmt.Sprintf("This is the first look: %s taken as approved, as first seen, and changes are told from now on.", plural(diff.Adopted, "domain is", "domains are")))
	} else if diff.Adopted > 0 {
		lines = append(lines, fmt.Sprintf("Read for the first time and taken as approved, as first seen: %s.", plural(diff.Adopted, "domain", "domains")))
	}
	if diff.Open > 0 {
		open := plural(diff.Open, "finding was said before and is still open", "findings were said before and are still open") + ", the worst: " + severitySays(diff.Worst)
		if diff.Quiet > 0 {
			open += fmt.Sprintf("; %d acknowledged or snoozed", diff.Quiet)
		}
		lines = append(lines, open+".")
	}
	if next := nextEnd(report); next != "" {
		lines = append(lines, next)
	}
	return lines
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

// cmdlet is the name of a command that a next step names.
var cmdlet = regexp.MustCompile(`\b(?:Get|Set|New|Update|Add|Remove)-(?:Adfs|Mg)[A-Za-z]+`)

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

// plainLines are the lines of a finding without marks.
func (l TrustLine) lines() []string { return append([]string{l.Says}, l.More...) }

// Page is the post for a terminal and for screen readers.
func (p TrustPost) Page() Page {
	page := Page{Title: cmp.Or(p.Title, p.Quiet), Foot: p.Close}
	for _, g := range p.Groups {
		for i, l := range g.Lines {
			title := l.Head
			if i == 0 {
				title = g.Title + " | " + l.Head
			}
			page.Parts = append(page.Parts, Part{Title: title, Lines: l.lines()})
		}
	}
	page.add("Mended", p.Mended...)
	return page
}

// How much of a post is drawn in full; the rest gets a line each, and what has no room for that is counted.
const (
	maxTrustFull  = 14
	maxTrustShort = 15
	// A text for screen readers holds a finding whole where there are few, and else what is the case.
	maxTrustSpoken = 4
	maxTrustText   = 2400 // of a finding
	trustReserve   = 3000 // characters for the short lines
	menuText       = 80   // characters of the texts of a menu
	maxMended      = 10
)

// Draw turns the post into a Slack message within Slack's limits.
func (p TrustPost) Draw() Message {
	if p.Quiet != "" {
		text := mrkdwn(Clean(p.Quiet))
		return Message{Text: shortMarked(text, maxText), Blocks: []slack.Block{section(shortMarked(text, maxSection))}}
	}
	title := short(strings.TrimSpace(Clean(p.Title)), maxHeader)
	blocks := []slack.Block{slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, title, false, false))}
	tail, room := p.tail()
	room = maxTotal - utf8.RuneCountInString(title) - room
	full, size, total := 0, 0, 0
	for _, g := range p.Groups {
		size += utf8.RuneCountInString(g.Title) + 2
		for _, l := range g.Lines {
			total++
			size += utf8.RuneCountInString(l.mrkdwn()) + menuText
			if total <= maxTrustFull && size <= room-trustReserve || size <= room && total == p.count() && total <= maxTrustFull {
				full = total
			}
		}
	}
	text := []string{p.Title}
	rest := map[facts.Severity]int{}
	drawn := 0
	for _, g := range p.Groups {
		var brief []string
		if drawn < full {
			blocks = append(blocks, section("*"+Escape(g.Title)+"*"))
		}
		text = append(text, "", g.Title+":")
		for _, l := range g.Lines {
			drawn++
			switch {
			case drawn <= full:
				blocks = append(blocks, l.block())
				if total > maxTrustSpoken {
					text = append(text, l.Head+": "+l.Says)
					continue
				}
				text = append(text, l.Head)
				text = append(text, l.lines()...)
			case drawn <= full+maxTrustShort:
				line := "• " + shortMarked(mrkdwn(Clean(l.Head+": "+l.Says)), 180)
				brief = append(brief, line)
				text = append(text, l.Head+": "+l.Says)
			default:
				rest[l.weight]++
			}
		}
		if len(brief) > 0 {
			blocks = append(blocks, section("*"+Escape(g.Title)+", in short*\n"+strings.Join(brief, "\n")))
		}
	}
	var last []string // what the text has to hold whatever else is cut
	if n := total - full - maxTrustShort; n > 0 {
		more := fmt.Sprintf("And %d more: %s. `signpost federation` lists them all, `/aadsts DOMAIN` those of one domain.", n, strings.Join(severities(rest), ", "))
		blocks = append(blocks, section(more))
		last = append(last, more)
	}
	if len(p.Mended) > 0 {
		text = append(text, "", "Mended:")
		text = append(text, p.Mended[:min(len(p.Mended), maxMended)]...)
	}
	last = append(last, p.Close...)
	end := shortMarked(spoken(last), maxText/4)
	start := shortMarked(spoken(text), maxText-1-utf8.RuneCountInString(end))
	return Message{Text: strings.TrimSpace(start + "\n" + end), Blocks: append(blocks, tail...)}
}

// spoken is the text of lines, escaped for Slack.
func spoken(lines []string) string {
	clean := make([]string, len(lines))
	for i, l := range lines {
		clean[i] = Clean(l)
	}
	return Escape(strings.Join(clean, "\n"))
}

// tail is what stands below the findings, and how many characters it has.
func (p TrustPost) tail() (blocks []slack.Block, size int) {
	if len(p.Mended) > 0 {
		lines := []string{"*Mended*"}
		for i, m := range p.Mended {
			if i == maxMended {
				lines = append(lines, fmt.Sprintf("and %d more", len(p.Mended)-maxMended))
				break
			}
			lines = append(lines, "• "+shortMarked(mrkdwn(Clean(m)), 250))
		}
		text := shortMarked(strings.Join(lines, "\n"), maxSection)
		blocks, size = append(blocks, section(text)), size+utf8.RuneCountInString(text)
	}
	if len(p.Close) > 0 {
		text := shortMarked(mrkdwn(Clean(strings.Join(p.Close, " "))), maxContext)
		blocks, size = append(blocks, slack.NewContextBlock("", markdown(text))), size+utf8.RuneCountInString(text)
	}
	return blocks, size + 200 // and what is counted
}

func (p TrustPost) count() (n int) {
	for _, g := range p.Groups {
		n += len(g.Lines)
	}
	return n
}

// mrkdwn is the finding as a section's text.
func (l TrustLine) mrkdwn() string {
	lines := []string{"*" + shortMarked(Escape(Clean(l.Head)), 400) + "*"}
	for _, s := range l.lines() {
		lines = append(lines, shortMarked(mrkdwn(Clean(s)), 900))
	}
	return shortMarked(strings.Join(lines, "\n"), maxTrustText)
}

// block is the finding with its menu.
func (l TrustLine) block() slack.Block {
	if l.Key == "" {
		return section(l.mrkdwn())
	}
	option := func(verb, label string) *slack.OptionBlockObject {
		value := verb + " " + l.Key
		if verb == TrustApprove {
			value += " " + l.State
		}
		return slack.NewOptionBlockObject(value, slack.NewTextBlockObject(slack.PlainTextType, label, false, false), nil)
	}
	options := []*slack.OptionBlockObject{option(TrustAcknowledge, "Acknowledge"), option(TrustSnoozeWeek, "Snooze 7 days"), option(TrustSnoozeMonth, "Snooze 30 days")}
	if l.Approve {
		options = append(options, option(TrustApprove, "Approve this change"))
	}
	return slack.NewSectionBlock(markdown(l.mrkdwn()), nil, slack.NewAccessory(slack.NewOverflowBlockElement(ActionTrust+l.Key, options...)))
}

// ComposeTrustReport writes a whole report, without regard to what was said before: for whoever asks, and for the terminal.
func ComposeTrustReport(report facts.TrustReport) Page {
	p := Page{Title: "Federation health: " + severitySays(report.Status)}
	if len(report.Domains) == 1 {
		t := report.Domains[0]
		p.Title = t.Domain + ": " + severitySays(t.Status)
	}
	for _, t := range report.Domains {
		p.add(t.Domain, trustFacts(t)...)
		p.Parts = append(p.Parts, findingParts(t.Findings, trustName(t), report)...)
	}
	p.Parts = append(p.Parts, findingParts(report.Findings, "", report)...)
	if len(report.Domains) == 0 && len(report.Findings) == 0 {
		p.add("", "The tenant has no federated domain.")
	}
	if at := when(report.CheckedAt); at != "" {
		p.Foot = append(p.Foot, "Checked "+at)
	}
	return p
}

func findingParts(found []facts.Finding, domain string, report facts.TrustReport) []Part {
	var parts []Part
	for _, f := range found {
		l := trustLine(TrustNews{Domain: domain, Finding: f}, report, true)
		kind := ""
		if f.Security {
			kind = "security alert"
		}
		parts = append(parts, Part{Title: join(capital(severitySays(f.Severity)), kind), Lines: l.lines()})
	}
	return parts
}

// trustFacts says what a domain is: how it signs in, by whom, how many people, and its certificates.
func trustFacts(t facts.Trust) []string {
	users := ""
	if t.Users != nil {
		users = people(*t.Users)
	}
	lines := []string{capital(join(t.Authentication, t.Provider, users))}
	if len(t.Children) > 0 {
		lines = append(lines, "Also for "+list(t.Children, 5))
	}
	for _, c := range t.Certificates {
		if c.Problem != "" {
			lines = append(lines, fmt.Sprintf("Signing certificate (%s) could not be read: %s", c.Slot, c.Problem))
			continue
		}
		line := fmt.Sprintf("Signing certificate (%s) %s, valid until %s, %s left", c.Slot, c.Subject, when(c.NotAfter), plural(c.DaysLeft, "day", "days"))
		if c.DaysLeft <= 0 {
			line = fmt.Sprintf("Signing certificate (%s) %s, ended %s", c.Slot, c.Subject, when(c.NotAfter))
		}
		if c.InMetadata != nil && !*c.InMetadata {
			line += "; the identity provider's metadata does not publish it"
		}
		lines = append(lines, line)
	}
	if len(t.Findings) == 0 {
		lines = append(lines, "Nothing is wrong with it.")
	}
	return lines
}
