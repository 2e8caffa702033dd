package handlers

import (
	"fmt"
	"strings"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// freshFor is how old a fact may be before its line says when it was read.
const freshFor = 2 * time.Minute

// maxReason is how much of Microsoft's failure reason a line holds; most repeat the message.
const maxReason = 90

func factsTitle(d runbooks.Diagnosis) string {
	return "Facts, read " + d.At.UTC().Format(runbooks.TimeLayout)
}

// factLines writes one line for each fact that Graph answered.
func factLines(r facts.Report, now time.Time) []string {
	var lines []string
	if s := r.Subject; s.User != "" && s.From == facts.FromReporter {
		lines = append(lines, "• Assumed to be about "+s.User+", because the message names nobody: the address of whoever posted it.")
	} else if s.User != "" && s.From == facts.FromSignIn {
		lines = append(lines, "• About "+s.User+", named by the sign-in row of this error.")
	}
	for _, e := range r.Entries() {
		var text string
		switch {
		case e.State == facts.Seen && e.Value != nil:
			text = summary(e.Value)
		case e.State == facts.Absent:
			text = stateSays(e)
		}
		if text == "" {
			continue
		}
		line := "• " + e.Name.Title() + ": " + text
		if !e.ReadAt.IsZero() && now.Sub(e.ReadAt) > freshFor {
			line += " (read " + e.ReadAt.UTC().Format(runbooks.TimeLayout) + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// summary says in one line what a reader wants of a fact.
func summary(value any) string {
	switch v := value.(type) {
	case *facts.User:
		return userLine(v)
	case *facts.MFA:
		return mfaLine(v)
	case *facts.Methods:
		return methodsLine(v)
	case *facts.Domain:
		return domainLine(v)
	case *facts.Federation:
		return federationLine(v)
	case *facts.SignIn:
		return signInLine(v)
	case *facts.Recent:
		return recentLine(v)
	case *facts.Spread:
		return spreadLine(v)
	case *facts.Providers:
		return join(runbooks.Show(v.Types))
	}
	return ""
}

func userLine(u *facts.User) string {
	var s []string
	name := u.UPN
	if u.Guest && u.Mail != "" {
		name = u.Mail
	}
	s = append(s, name)
	if u.Enabled != nil {
		s = append(s, map[bool]string{true: "enabled", false: "disabled"}[*u.Enabled])
	}
	switch {
	case u.Guest && u.Provider != "":
		s = append(s, "guest from "+u.Provider)
	case u.Guest:
		s = append(s, "guest")
	case u.Synced:
		s = append(s, "synchronised from on-premises")
	default:
		s = append(s, "cloud account")
	}
	if u.ExternalState != "" && u.ExternalState != "Accepted" {
		s = append(s, "invitation "+u.ExternalState)
	}
	if u.MatchedBy != "" && u.MatchedBy != "upn" && u.MatchedBy != "id" {
		s = append(s, "found by "+strings.ReplaceAll(u.MatchedBy, "_", " "))
	}
	if u.PasswordChanged != nil {
		s = append(s, "password changed "+when(*u.PasswordChanged))
	}
	if u.LastSuccess != nil {
		s = append(s, "last success "+when(*u.LastSuccess))
	}
	return join(s...)
}

func mfaLine(m *facts.MFA) string {
	if !m.Registered {
		return "nothing registered" + updated(m.Updated)
	}
	s := "registered and capable"
	if !m.Capable {
		s = "registered, but not with a method that policy allows"
	}
	if len(m.Methods) > 0 {
		s += " · " + runbooks.Show(m.Methods)
	}
	return s + updated(m.Updated)
}

func updated(t *time.Time) string {
	if t == nil {
		return ""
	}
	return " (report of " + when(*t) + ")"
}

func methodsLine(m *facts.Methods) string {
	var s []string
	for _, x := range m.List {
		one := strings.ReplaceAll(x.Kind, "_", " ")
		if x.Detail != "" {
			one += " " + x.Detail
		}
		s = append(s, one)
	}
	text := runbooks.Show(s)
	if !m.Second {
		text += " · no second factor"
	}
	return text
}

func domainLine(d *facts.Domain) string {
	s := d.Name + " · " + strings.ToLower(d.Authentication)
	if d.Root != "" && d.Root != d.Name {
		s += ", settings at " + d.Root
	}
	if !d.Verified {
		s += " · not verified"
	}
	return s
}

func federationLine(f *facts.Federation) string {
	s := []string{f.Provider, f.Protocol}
	if f.MFABehavior == "" {
		s = append(s, "MFA behaviour unset")
	} else {
		s = append(s, "MFA: "+f.MFABehavior)
	}
	for _, c := range f.Certificates {
		switch {
		case c.Problem != "":
			s = append(s, c.Slot+" certificate unreadable: "+c.Problem)
		default:
			s = append(s, c.Slot+" certificate ends "+when(c.NotAfter))
		}
	}
	if f.Rollover != "" {
		s = append(s, "rollover "+f.Rollover)
	}
	return join(s...)
}

func signInLine(r *facts.SignIn) string {
	s := []string{when(r.Time)}
	if r.Code == 0 {
		s = append(s, "success")
	} else {
		s = append(s, fmt.Sprintf("%d %s", r.Code, short(r.FailureReason, maxReason)))
	}
	s = append(s, r.AppName, r.ClientApp, place(r))
	if r.ConditionalAccess != "" && r.ConditionalAccess != "notApplied" {
		s = append(s, "Conditional Access "+r.ConditionalAccess)
	}
	if len(r.Blocking) > 0 {
		s = append(s, "failed: "+runbooks.Show(r.Blocking))
	}
	if len(r.ReportOnly) > 0 {
		s = append(s, "report-only, not enforced: "+runbooks.Show(r.ReportOnly))
	}
	return join(s...)
}

func place(r *facts.SignIn) string {
	var s []string
	for _, x := range []string{r.City, r.Country} {
		if x != "" {
			s = append(s, x)
		}
	}
	return strings.Join(s, ", ")
}

func recentLine(r *facts.Recent) string {
	s := []string{plural(len(r.Rows), "sign-in", "sign-ins") + " since " + when(r.Since), fmt.Sprintf("%d failed", r.Failures)}
	if r.SameFailures > 0 {
		s = append(s, fmt.Sprintf("%d with this code", r.SameFailures))
	}
	if r.Healed && r.HealedAt != nil {
		s = append(s, "signed in to the same app later, at "+when(*r.HealedAt))
	} else if r.LastSuccess != nil {
		s = append(s, "last success "+when(*r.LastSuccess))
	}
	if r.Capped {
		s = append(s, "only the newest were read")
	}
	return join(s...)
}

func spreadLine(r *facts.Spread) string {
	s := fmt.Sprintf("%s with this code since %s, %s", people(r.Users), when(r.Since), plural(r.Rows, "failure", "failures"))
	if r.RelatedUsers > 0 {
		s += " · " + people(r.RelatedUsers) + " with a related code"
	}
	if r.Capped {
		s += " (at least)"
	}
	return s
}

func people(n int) string { return plural(n, "person", "people") }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func when(t time.Time) string { return t.UTC().Format(runbooks.TimeLayout) }

func join(parts ...string) string {
	var s []string
	for _, p := range parts {
		if p != "" {
			s = append(s, p)
		}
	}
	return strings.Join(s, " · ")
}
