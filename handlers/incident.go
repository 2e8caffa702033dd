package handlers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// Incident is a storm as it is told: several people with one code and something in common within minutes. It holds what
// their messages said, and nothing of the directory; no person is named in it.
type Incident struct {
	Runbook *runbooks.Runbook
	// Kind and Value are what the cases share: "app" (an app id, with its Name where a message told it), "policy" (the id of a
	// Conditional Access policy) or "domain" (the domain of the people).
	Kind, Value, Name    string
	People, Cases        int
	Started, Last, Ended time.Time // Ended is zero while it lasts
	Threads              []IncidentThread
	// Fix is what fixed most of the cases of which it is known, FixedBy how many those are, and Known how many are known.
	Fix            string
	FixedBy, Known int
	Solved         int // cases that are solved, whatever fixed them
}

// IncidentThread is a thread with a case of the storm.
type IncidentThread struct {
	Channel string // id
	Link    string // permalink, "" where Slack gave none
	At      time.Time
	Solved  bool
}

// How much of a storm one post holds.
const (
	MaxThreads     = 10 // threads that are linked
	maxStormCauses = 3
	maxStormLine   = 600
)

// Draw writes the post for the escalation channel, and what it becomes once the storm is over.
func (i Incident) Draw() Message {
	title := Clean(i.title())
	m := Message{Holds: Content{Desk: true}}
	plain := []string{title}
	m.Blocks = append(m.Blocks, slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, short(title, maxHeader), false, false)))
	part := func(head string, lines ...string) {
		var kept []string
		for _, l := range lines {
			if l = Clean(l); strings.TrimSpace(l) != "" {
				kept = append(kept, short(l, maxStormLine))
			}
		}
		if len(kept) == 0 {
			return
		}
		marked := make([]string, len(kept))
		for n, l := range kept {
			marked[n] = mrkdwn(l)
		}
		if head != "" {
			marked = append([]string{"*" + head + "*"}, marked...)
			plain = append(plain, head+":")
		}
		plain = append(plain, kept...)
		m.Blocks = append(m.Blocks, section(shortMarked(strings.Join(marked, "\n"), maxSection)))
	}
	part("", i.counts()...)
	part("What they share", i.Shares())
	if i.Ended.IsZero() {
		part("Who acts next", i.next()...)
	}
	part("What fixed it", i.fixed())
	if threads := i.threads(); threads != "" {
		m.Blocks = append(m.Blocks, section(threads))
	}
	if i.Ended.IsZero() {
		m.Blocks = append(m.Blocks, slack.NewContextBlock("", markdown("This post is brought up to date while more people come. It ends by itself after 30 quiet minutes.")))
	}
	m.Text = shortMarked(Escape(short(strings.Join(plain, "\n"), maxText)), maxText)
	return m
}

// Over is the reply under the post that tells that the storm has passed.
func (i Incident) Over() Message {
	lines := append([]string{"Over: nobody has posted this error for 30 minutes."}, i.counts()...)
	lines = append(lines, i.fixed())
	for n, l := range lines {
		lines[n] = mrkdwn(short(Clean(l), maxStormLine))
	}
	text := strings.TrimSpace(strings.Join(lines, "\n"))
	return Message{Text: text, Blocks: []slack.Block{section(shortMarked(text, maxSection))}, Holds: Content{Desk: true}}
}

func (i Incident) title() string {
	says := fmt.Sprintf("AADSTS%d for several people", i.Runbook.Code)
	if !i.Ended.IsZero() {
		says = "Over: " + says
	}
	if name := cmp.Or(i.Runbook.Title, i.Runbook.Name); name != "" {
		says += ": " + name
	}
	return says
}

// counts say how many, since when, and for how long.
func (i Incident) counts() []string {
	who := people(i.People) + " in " + plural(i.Cases, "case", "cases")
	if !i.Ended.IsZero() {
		return []string{fmt.Sprintf("%s, from %s to %s: %s.", who, when(i.Started), when(i.Last), lasted(i.Last.Sub(i.Started))), i.solved()}
	}
	return []string{fmt.Sprintf("%s since %s, the last at %s.", who, when(i.Started), when(i.Last)), i.solved()}
}

func (i Incident) solved() string {
	if i.Solved == 0 {
		return ""
	}
	return fmt.Sprintf("%d of the %s solved.", i.Solved, plural(i.Cases, "case is", "cases are"))
}

// lasted writes a length of time for people.
func lasted(d time.Duration) string {
	switch m := int(d.Round(time.Minute) / time.Minute); {
	case m < 1:
		return "less than a minute"
	case m < 120:
		return plural(m, "minute", "minutes")
	case m%60 == 0:
		return plural(m/60, "hour", "hours")
	default:
		return fmt.Sprintf("%d hours and %s", m/60, plural(m%60, "minute", "minutes"))
	}
}

// Shares says what the cases have in common beside the code.
func (i Incident) Shares() string {
	switch i.Kind {
	case "app":
		if i.Name != "" {
			return "The app “" + short(i.Name, 100) + "” (" + i.Value + ")"
		}
		return "The app with the id " + i.Value
	case "policy":
		return "The Conditional Access policy with the id " + i.Value
	case "domain":
		return "The sign-in names end with @" + i.Value
	}
	return i.Value
}

// next says who acts, and what the runbook has them do. It is what can be, not what is: nothing was read yet.
func (i Incident) next() []string {
	var lines []string
	if who := actorSays[i.Runbook.Actor]; who != "" && i.Runbook.Depth != runbooks.Unlisted {
		lines = append(lines, capital(who)+" ends this error, says the runbook.")
	}
	var steps []string
	for _, c := range i.Runbook.Causes {
		// What one person does for themselves, or the helpdesk for one person, ends no storm.
		if len(c.Fix) == 0 || c.Fix[0].By == "user" || c.Fix[0].By == "helpdesk" && i.Runbook.Actor != "helpdesk" || len(steps) == maxStormCauses {
			continue
		}
		f := c.Fix[0] // the others go on from it
		f.Do = readable(f.Do)
		if step := "• " + sentence(action(f)); !slices.Contains(steps, step) {
			steps = append(steps, step)
		}
	}
	if len(steps) > 0 {
		lines = append(append(lines, "What they do, by the cause; none of it is checked yet:"), steps...)
	}
	return append(lines, fmt.Sprintf("The whole runbook: /aadsts %d", i.Runbook.Code))
}

// fixed says what the solved cases tell of the fix.
func (i Incident) fixed() string {
	switch {
	case i.Fix != "":
		return fmt.Sprintf("%s (said of %d of the %s)", sentence(short(i.Fix, 300)), i.FixedBy, plural(i.Known, "case that tells", "cases that tell"))
	case !i.Ended.IsZero():
		return "No case tells what fixed it."
	}
	return ""
}

// threads links the threads, newest first.
func (i Incident) threads() string {
	lines := []string{"*Threads*"}
	size := utf8.RuneCountInString(lines[0])
	shown := 0
	for _, t := range i.Threads[:min(len(i.Threads), MaxThreads)] {
		line := "• <#" + Escape(t.Channel) + ">, " + Date(t.At)
		if t.Link != "" {
			line += ": <" + Escape(t.Link) + "|open the thread>"
		}
		if t.Solved {
			line += " (solved)"
		}
		if size += utf8.RuneCountInString(line) + 1; size > maxSection-40 {
			break
		}
		lines = append(lines, line)
		shown++
	}
	if shown == 0 {
		return ""
	}
	if left := i.Cases - shown; left > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", left))
	}
	return strings.Join(lines, "\n")
}

// DrawStorm is the answer in a thread while a storm lasts: that it is known, where it is worked on, and one sentence for
// the person. link leads to the incident's post, "" for
// none; it shows nothing by itself to whoever may not read that channel. b gives
// the case's key; Show says whether a diagnosis can be had.
func DrawStorm(r *runbooks.Runbook, link string, b Buttons) Message {
	says := fmt.Sprintf("AADSTS%d: %s", r.Code, short(Clean(opening(r)), maxStormLine))
	told := "Several people have this error right now. The identity team has been told"
	text := told
	if link != "" {
		text += ": <" + Escape(link) + "|what is known so far>"
	}
	text += ".\n" + mrkdwn(says)
	row := slices.DeleteFunc(b.row(), func(e *slack.ButtonBlockElement) bool {
		return e.ActionID != ActionSolved && e.ActionID != ActionShow
	})
	return Message{
		Text:   told + ". " + Escape(says),
		Blocks: []slack.Block{section(shortMarked(text, maxSection)), slack.NewActionBlock("", elements(row)...)},
	}
}

// ComposeIncidentCheck writes what the federation check found for a storm, for the thread of its post. actors says whether
// that channel may be told who changed something.
func ComposeIncidentCheck(report facts.TrustReport, actors bool) Page {
	const most = 3 // findings in full
	p := Page{Title: "Federation check: " + severitySays(report.Status), Holds: Content{Desk: true, Actors: actors}}
	if len(report.Domains) == 1 {
		p.Title = "Federation check of " + report.Domains[0].Domain + ": " + severitySays(report.Domains[0].Status)
	}
	for _, t := range report.Domains {
		name := ""
		if len(report.Domains) > 1 {
			name = t.Domain
		}
		p.add(name, aboutTrust(t)...)
		for n, f := range t.Findings {
			if n == most {
				p.add("", fmt.Sprintf("And %d more: /aadsts %s", len(t.Findings)-most, t.Domain))
				break
			}
			p.add(capital(severitySays(f.Severity)), trustLine(TrustNews{Domain: trustName(t), Finding: f}, report, actors).lines()...)
		}
		p.add("In order", inOrder(t)...)
		p.add("Not looked at", notLooked(t)...)
	}
	for _, f := range report.Findings {
		p.add(capital(severitySays(f.Severity)), trustLine(TrustNews{Finding: f}, report, actors).lines()...)
	}
	if at := when(report.CheckedAt); at != "" {
		p.Foot = append(p.Foot, "Checked "+at+" because several people have the same error")
	}
	return p
}
