package handlers

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"signpost/graph/facts"
)

// Home is what the Home tab tells. Everybody is told what the bot is for and how to ask; agents also how things stand. It never
// holds a person's name. https://docs.slack.dev/surfaces/app-home
type Home struct {
	Agent bool
	// Failed is set where the database did not answer: then nothing is claimed about what is open or well.
	Failed bool
	Days   int // what the figures cover

	Open      []HomeCase // newest first
	OpenCount int        // in all
	Health    HomeHealth
	Codes     []HomeCode     // most cases first
	Judged    []HomeJudgment // most often not helpful first
	Ready     []string       // what the bot lacks to be of full use, a sentence each
}

// HomeCase is an error that is answered, and neither solved nor handed over.
type HomeCase struct {
	Code    int
	Title   string // of the runbook
	Channel string // Slack id
	Link    string // to the message; "" where Slack does not tell
	Since   time.Time
}

// HomeHealth is what the last health check of the federation said and is still so.
type HomeHealth struct {
	Scheduled bool // a health post is configured
	Checked   bool // there has been one
	Findings  []HomeFinding
	Latest    time.Time // of the last post that said something new; zero where none did
}

// HomeFinding is something about a domain that is not as it should be.
type HomeFinding struct {
	Domain   string // "" for the tenant
	ID       string // the kind of finding
	Severity facts.Severity
	Says     string
	Since    time.Time
}

// HomeCode is a code and how often it came.
type HomeCode struct {
	Code          int
	Title         string
	Cases, People int
}

// HomeJudgment is how many people found the answers of a code helpful or not.
type HomeJudgment struct {
	Code               int
	Title              string
	Helpful, Unhelpful int
}

// How much of each part the Home tab shows.
const (
	homeCases    = 10
	homeFindings = 5
	homeCodes    = 8
	homeJudged   = 5
	homeReady    = 12
	homeLine     = 250 // runes of one line, so that ten of them fit a section with their marks
)

// Screen draws the Home tab. The version for agents may be shown to agents only.
func (h Home) Screen() Screen {
	ask := slack.NewButtonBlockElement(ActionAsk, "home", plainText("Ask About an Error")).WithStyle(slack.StylePrimary)
	ask.AccessibilityLabel = "Open a form to ask about a sign-in error"
	blocks := []slack.Block{
		header("Sign-in errors, explained"),
		section("Paste a Microsoft Entra sign-in error (AADSTS…) into a support channel. Signpost answers in the thread: what happened, what to do now, and who can end it."),
		slack.NewActionBlock("", ask),
	}
	guide := []slack.Block{
		header("How to ask"),
		section("• `/aadsts AADSTS50076`: what an error means and who ends it\n" +
			"• `/aadsts user@contoso.com`: why an account cannot sign in. Everybody can ask about themselves, agents about anybody\n" +
			"• *Diagnose this error* in the menu of a message: the same for an error that somebody has posted"),
		slack.NewContextBlock("", markdown("Signpost reads the directory and never changes it. What it reads about an account is shown to agents and to the person themselves, "+
			"and each look-up is recorded.")),
	}
	if !h.Agent {
		return Screen{Home: homeTab(append(blocks, guide...))}
	}
	part := func(title string, lines ...string) {
		lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
		blocks = append(blocks, header(title), section(shortMarked(strings.Join(lines, "\n"), maxSection)))
	}
	if h.Failed {
		part("For agents", "Signpost's own database did not answer, so open cases and figures are not shown. Open this tab again in a minute.")
	} else {
		part("Open cases", h.openLines()...)
		part("Federation", h.healthLines()...)
		part("Most frequent errors, "+plural(h.Days, "day", "days"), h.codeLines()...)
		part("Answers that did not help", h.judgedLines()...)
	}
	part("Signpost itself", h.readyLines()...)
	blocks = append(append(blocks, slack.NewDividerBlock()), guide...) // agents know it: how things stand comes first
	return Screen{Home: homeTab(blocks), Holds: Content{Desk: true}}
}

func homeTab(blocks []slack.Block) *slack.HomeTabViewRequest {
	return &slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}
}

func header(text string) slack.Block { return slack.NewHeaderBlock(plainText(text)) }

// openLines lists the open cases: the code as a link to the message, the channel, and since when.
func (h Home) openLines() []string {
	if len(h.Open) == 0 {
		return []string{"No case is open. A case is open from its answer until somebody presses *Solved* or *Still stuck* under it."}
	}
	var lines []string
	for _, c := range h.Open[:min(len(h.Open), homeCases)] {
		name := fmt.Sprintf("AADSTS%d", c.Code)
		if link := Escape(c.Link); strings.HasPrefix(link, "https://") && !strings.ContainsAny(link, "| ") {
			name = "<" + link + "|" + name + ">"
		}
		lines = append(lines, "• "+join(name+titled(c.Title), channelMark(c.Channel), "open since "+Date(c.Since)))
	}
	return append(lines, left(max(h.OpenCount, len(h.Open))-len(lines), "more case is open", "more cases are open"))
}

// channelMark shows a channel by its name to those who may know it. Anything but an id is left out.
func channelMark(id string) string {
	if id == "" || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return ""
	}
	return "<#" + id + ">"
}

// titled is the title of a runbook after its code.
func titled(title string) string {
	if title = strings.TrimSpace(Clean(title)); title == "" {
		return ""
	}
	return ": " + Escape(short(title, homeLine))
}

// healthLines says how the federation stands, worst first.
func (h Home) healthLines() []string {
	f := slices.Clone(h.Health.Findings)
	if len(f) == 0 {
		switch {
		case h.Health.Checked:
			return []string{"Nothing is known to be wrong with the federated domains. `/aadsts contoso.com` looks at one of them now."}
		case h.Health.Scheduled:
			return []string{"The first health check has not run yet. It runs at the time that the configuration says (federation.schedule)."}
		}
		return []string{"No health check is configured. With federation.schedule and federation.channel Signpost warns of expiring certificates and changed trusts before anybody notices."}
	}
	slices.SortStableFunc(f, func(a, b HomeFinding) int {
		return cmp.Or(severityRank(b.Severity)-severityRank(a.Severity), strings.Compare(a.Domain, b.Domain), b.Since.Compare(a.Since))
	})
	var lines []string
	for _, x := range f[:min(len(f), homeFindings)] {
		says := join(cmp.Or(Clean(x.Domain), "Tenant"), severitySays(x.Severity), sentence(x.nameless()))
		lines = append(lines, "• "+shortMarked(mrkdwn(short(says, homeLine)), 2*homeLine)+" Since "+Date(x.Since)+".")
	}
	lines = append(lines, left(len(f)-len(lines), "more finding", "more findings"))
	if !h.Health.Latest.IsZero() {
		lines = append(lines, "The last health post with news was that of "+Date(h.Health.Latest)+".")
	}
	return lines
}

var mailAddress = regexp.MustCompile(`[^\s@<>()"'“”]+@[^\s@<>()"'“”]+`)

// nameless is what a finding says without who did it: the Home tab names nobody.
func (f HomeFinding) nameless() string {
	says := Clean(f.Says)
	if head, _, found := strings.Cut(says, " by "); found && f.ID == "trust-changed" {
		says = head
	}
	return mailAddress.ReplaceAllString(says, "somebody")
}

// severityRank orders severities, the worst highest.
func severityRank(s facts.Severity) int {
	return slices.Index([]facts.Severity{facts.Note, facts.Unknown, facts.Warning, facts.Critical}, s)
}

func (h Home) codeLines() []string {
	if len(h.Codes) == 0 {
		return []string{"There were no errors. This fills as people paste them into channels that Signpost is in."}
	}
	var lines []string
	for _, c := range h.Codes[:min(len(h.Codes), homeCodes)] {
		lines = append(lines, fmt.Sprintf("• AADSTS%d%s · %s, %s", c.Code, titled(c.Title), plural(c.Cases, "case", "cases"), people(c.People)))
	}
	return lines
}

func (h Home) judgedLines() []string {
	if len(h.Judged) == 0 {
		return []string{"Nobody has called an answer not helpful. The buttons for that stand under each answer."}
	}
	var lines []string
	for _, j := range h.Judged[:min(len(h.Judged), homeJudged)] {
		lines = append(lines, fmt.Sprintf("• AADSTS%d%s · not helpful to %s, helpful to %d", j.Code, titled(j.Title), people(j.Unhelpful), j.Helpful))
	}
	return append(lines, "An operator can lay their own text over these runbooks (`runbooks` in the configuration).")
}

func (h Home) readyLines() []string {
	if len(h.Ready) == 0 {
		return []string{"Everything that Signpost can use is there."}
	}
	var lines []string
	for _, l := range h.Ready[:min(len(h.Ready), homeReady)] {
		lines = append(lines, "• "+mrkdwn(short(sentence(strings.TrimSpace(Clean(l))), homeLine)))
	}
	return append(lines, left(len(h.Ready)-len(lines), "more thing", "more things"), "`signpost doctor` shows each setting and how to mend it.")
}

// left says how many are not shown; "" where all are.
func left(n int, one, many string) string {
	if n <= 0 {
		return ""
	}
	return "and " + plural(n, one, many)
}
