package handlers

import (
	"fmt"
	"strings"
)

// Status is how the bot stands.
type Status struct {
	Agent  bool
	Tenant bool // there is access to a tenant
	// Reads are the parts of the tenant that can be read, in one line, "" where none can; Lacks what cannot, with what that costs.
	Reads string
	Lacks []string

	Channels   []StatusChannel // none: every one that the bot is in
	Agents     int             // configured users and groups
	Escalate   string          // a channel's id, "" for none
	Federation string          // the channel of the health posts, "" for none
	Report     string          // the channel of the reports, "" for none
	Days       int             // how long cases are kept
	Runbooks   int
}

// StatusChannel is a channel that is listened to.
type StatusChannel struct {
	ID      string
	Details Details // as configured
	Now     Details // as it is: a channel that is shared holds less
}

// maxStatus is how many channels, and how many missing permissions, a status shows.
const maxStatus = 15

// ComposeStatus says how the bot stands: to agents what it can read, what is missing and what that costs, to others whether it works.
// The message is drawn here because it names channels, which a page cannot.
func ComposeStatus(s Status) Message {
	if !s.Agent {
		return Message{Text: s.public()}
	}
	lines := append([]string{"*What Signpost can read*"}, s.tenant()...)
	lines = append(lines, "", "*In Slack*")
	lines = append(lines, s.channels()...)
	lines = append(lines, s.people()...)
	lines = append(lines, fmt.Sprintf("• %s, kept cases end after %s", plural(s.Runbooks, "runbook", "runbooks"), plural(s.Days, "day", "days")))
	lines = append(lines, "", "`signpost doctor` on the server shows each setting and how to mend it.")
	text := shortMarked(strings.Join(lines, "\n"), maxText)
	return Message{Text: text, Holds: Content{Desk: true}}
}

func (s Status) public() string {
	switch {
	case !s.Tenant:
		return "Signpost works here, without access to the tenant: it explains codes, such as `/aadsts 50076`, and cannot look at accounts."
	case s.Reads == "":
		return "Signpost works here, but the tenant does not answer it right now: it explains codes, and cannot look at accounts. The people who run it can see why."
	}
	return "Signpost works: it explains codes and can look at accounts. Agents see more of how it stands."
}

func (s Status) tenant() []string {
	if !s.Tenant {
		return []string{"• No tenant: there are no credentials, so answers hold the runbook alone"}
	}
	var lines []string
	if s.Reads != "" {
		lines = append(lines, "• "+Escape(short(Clean(s.Reads), 600)))
	}
	for _, l := range s.Lacks[:min(len(s.Lacks), maxStatus)] {
		lines = append(lines, "• "+Escape(short(Clean(l), 300)))
	}
	lines = andMore(lines, len(lines)+max(0, len(s.Lacks)-maxStatus), "line", "lines")
	if len(lines) == 0 {
		return []string{"• The tenant did not answer"}
	}
	return lines
}

func (s Status) channels() []string {
	if len(s.Channels) == 0 {
		return []string{"• It listens in every channel that it is in, with details agents"}
	}
	var lines []string
	for _, c := range s.Channels[:min(len(s.Channels), maxStatus)] {
		l := fmt.Sprintf("• It listens in <#%s> with details %s", c.ID, c.Details)
		if c.Now != c.Details {
			l += fmt.Sprintf(", which count as %s: the channel is not private, or is shared, or Slack does not tell", c.Now)
		}
		lines = append(lines, l)
	}
	return andMore(lines, len(s.Channels), "channel", "channels")
}

func (s Status) people() []string {
	lines := []string{fmt.Sprintf("• Agents: %s configured", plural(s.Agents, "user or group", "users and groups"))}
	if s.Agents == 0 {
		lines[0] = "• No agents are configured, so diagnoses are shown to the affected person only"
	}
	where := func(channel, has, lacks string) {
		if channel == "" {
			lines = append(lines, "• "+lacks)
			return
		}
		lines = append(lines, fmt.Sprintf("• %s <#%s>", has, channel))
	}
	where(s.Escalate, "Still stuck hands over to", "No escalation channel, so Still stuck cannot hand over")
	where(s.Federation, "The health of the federation is posted to", "No scheduled post about the health of the federation")
	if s.Report != "" {
		where(s.Report, "The report is posted to", "")
	}
	return lines
}
