package handlers

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// Earlier is what our own earlier cases tell of an error. It names no person.
type Earlier struct {
	Cases int    // with the same code, and with what With names; without the case itself
	Days  int    // how far back was looked
	With  string // "app", "policy", "domain", or "" where they share the code alone
	// Fix is what fixed the latest of those of which it is known, FixedBy how many of them it fixed.
	Fix     string
	FixedBy int
}

// maxFix is how much of a fix a line holds.
const maxFix = 160

// Line is what the agent reads, "" where there was no such case.
func (e Earlier) Line() string {
	if e.Cases == 0 {
		return ""
	}
	line := fmt.Sprintf("Seen %s in %s", plural(e.Cases, "time", "times"), plural(e.Days, "day", "days"))
	switch e.With {
	case "app":
		line += " with this app"
	case "policy":
		line += " with this policy"
	case "domain":
		line += " for people of this domain"
	}
	if e.Fix == "" {
		return line + "; what fixed it is not known"
	}
	return line + "; last fixed by: " + strings.TrimRight(short(Clean(e.Fix), maxFix), ".") + fmt.Sprintf(" (%d of %d)", e.FixedBy, e.Cases)
}

// anyAddress is a mail address or sign-in name in free text.
var anyAddress = regexp.MustCompile(`[^\s<>"'()\[\],;:|]+@[^\s<>"'()\[\],;:|]+`)

// FixSays is what fixed a case, in words that name no person: what somebody wrote, without secrets and addresses, or else
// the cause of the runbook that they chose.
func FixSays(r *runbooks.Runbook, cause, words string) string {
	words = strings.TrimSpace(anyAddress.ReplaceAllString(aadsts.Redact(Clean(words)), "(somebody)"))
	if cause == "" {
		return words
	}
	for _, c := range r.Causes {
		if c.ID == cause {
			return cmp.Or(words, strings.TrimRight(readable(c.Says), "."))
		}
	}
	return cmp.Or(words, strings.ReplaceAll(cause, "-", " "))
}
