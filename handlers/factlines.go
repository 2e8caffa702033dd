package handlers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// freshFor is how old a fact may be before its line says when it was read.
const freshFor = 2 * time.Minute

// maxReason is how much of a reason or of a policy's name a line holds.
const maxReason = 240

// factLines writes one line for each fact that Graph answered.
func factLines(d runbooks.Diagnosis) []string {
	r := d.Report
	if r.User.OK() && r.Recent.OK() && r.Recent.Value.LastSuccess != nil {
		// The log knows the last success; the account's own note of it is up to a day late.
		u := *r.User.Value
		u.LastSuccess = nil
		r.User.Value = &u
	}
	var lines []string
	switch s := r.Subject; {
	case s.User == "":
	case s.From == facts.FromReporter:
		lines = append(lines, "• Assumed to be about "+person(r)+": the message names nobody, so this is the address of whoever posted it.")
	case s.From == facts.FromSignIn:
		lines = append(lines, "• About "+person(r)+", whom the sign-in row of this error names.")
	}
	var names []facts.Name
	said := map[facts.Name]string{}
	for _, e := range r.Entries() {
		var text string
		switch {
		case e.State == facts.Seen && e.Value != nil:
			text = summary(e.Value, d)
		case e.State == facts.Absent && e.Name != facts.NameGuest: // a member is no news
			text = none(e)
		}
		if text == "" {
			continue
		}
		line := "• " + e.Name.Title() + ": " + text
		if !e.ReadAt.IsZero() && d.At.Sub(e.ReadAt) > freshFor {
			line += " · read " + when(e.ReadAt)
		}
		names, said[e.Name] = append(names, e.Name), line
	}
	shown := worthShowing(names, d)
	for _, n := range names {
		if slices.Contains(shown, n) {
			lines = append(lines, said[n])
		}
	}
	if n := len(names) - len(shown); n > 0 {
		var rest []string
		for _, name := range names {
			if !slices.Contains(shown, name) {
				rest = append(rest, lowerFirst(name.Title()))
			}
		}
		lines = append(lines, "• Also read: "+strings.Join(rest, ", ")+".")
	}
	return lines
}

// always are the facts that every reader asks about.
var always = []facts.Name{facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameDomain, facts.NameSignIn, facts.NameRecent}

// worthShowing picks the facts that fit one screen: those that decided what is shown as confirmed, those that everybody asks
// about, and then the others in their order.
func worthShowing(names []facts.Name, d runbooks.Diagnosis) []facts.Name {
	if len(names) <= maxFacts {
		return names
	}
	var first []facts.Name
	for _, f := range d.With(runbooks.Confirmed) {
		for _, e := range f.Evidence {
			first = append(first, facts.Name(e.Fact))
		}
	}
	var shown []facts.Name
	for _, n := range slices.Concat(first, always, names) {
		if slices.Contains(names, n) && !slices.Contains(shown, n) && len(shown) < maxFacts {
			shown = append(shown, n)
		}
	}
	return shown
}

// none says that Graph answered "there is none", and what it said of that.
func none(e facts.Entry) string {
	says := "none"
	if e.Reason != "" {
		says += " (" + short(strings.TrimRight(e.Reason, "."), maxReason) + ")"
	}
	if u, ok := e.Value.(*facts.User); ok && u != nil && u.DeletedAt != nil {
		says += " · deleted " + when(*u.DeletedAt)
	}
	return says
}

// stateSays are the states of DESIGN.md §4 in words.
var stateSays = map[facts.State]string{
	facts.NotPermitted: "not permitted", facts.NotLicensed: "not licensed", facts.NotYet: "not yet", facts.Failed: "failed",
	facts.NotAsked: "not asked",
}

// notChecked says which facts were missing and why, those with one reason together; that the sign-in row is still
// awaited; and which causes that left undecided.
func notChecked(d runbooks.Diagnosis, v View) []string {
	if v.Reading {
		return nil
	}
	var lines, order []string
	if !v.Waiting.IsZero() {
		lines = append(lines, "• Sign-in: not yet. The log has no row for this error so far; it is looked for until "+when(v.Waiting)+".")
	}
	names, state := map[string][]string{}, map[string]string{}
	for _, e := range d.Report.Entries() {
		switch {
		case e.State == facts.Seen, e.State == facts.Absent, e.State == facts.NotAsked && e.Reason == "", // nobody wanted it
			e.Name == facts.NameSignIn && !v.Waiting.IsZero():
			continue
		}
		why := stateSays[e.State] + "."
		if e.Reason != "" {
			why += " " + sentence(capital(short(e.Reason, maxReason)))
		}
		if names[why] == nil {
			order = append(order, why)
		}
		names[why], state[why] = append(names[why], e.Name.Title()), stateSays[e.State]
	}
	var rest []string
	for i, why := range order {
		if i < maxMissing {
			lines = append(lines, "• "+strings.Join(names[why], ", ")+": "+why)
			continue
		}
		for _, n := range names[why] {
			rest = append(rest, lowerFirst(n)+" ("+state[why]+")")
		}
	}
	if len(rest) > 0 {
		lines = append(lines, "• Also "+strings.Join(rest, ", ")+".")
	}
	return append(lines, undecided(d)...)
}

// summary says in one line what a reader wants of a fact.
func summary(value any, d runbooks.Diagnosis) string {
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
		return federationLine(v, d.At)
	case *facts.SignIn:
		code := 0
		if d.Primary != nil {
			code = d.Primary.Code
		}
		return signInLine(v, code)
	case *facts.Recent:
		return recentLine(v)
	case *facts.Spread:
		return spreadLine(v)
	case *facts.Policies:
		return policiesLine(v)
	case *facts.Providers:
		return runbooks.Show(v.Types)
	case *facts.Locations:
		return locationsLine(v)
	case *facts.Defaults:
		return map[bool]string{true: "on", false: "off"}[v.Enabled]
	case *facts.MethodsPolicy:
		return methodsPolicyLine(v)
	case *facts.Strengths:
		return strengthsLine(v)
	case *facts.PerUserMFA:
		return v.State
	case *facts.App:
		return appLine(v)
	case *facts.Principal:
		return principalLine(v, d.At)
	case *facts.Resource:
		return resourceLine(v)
	case *facts.Consent:
		return consentLine(v)
	case *facts.Assignment:
		return assignmentLine(v)
	case *facts.Groups:
		return groupsLine(v)
	case *facts.Device:
		return deviceLine(v)
	case *facts.Risk:
		return riskLine(v)
	case *facts.Guest:
		return guestLine(v)
	case *facts.Changes:
		return strings.Join(v.Says, "; ")
	case *facts.Health:
		return healthLine(v)
	case *facts.Licences:
		return licencesLine(v)
	case *facts.Organization:
		return organizationLine(v)
	case *facts.Metadata:
		return metadataLine(v)
	case *facts.Cases:
		return casesLine(v)
	}
	return ""
}

// matchedBy says how an account was found, where that was not by its own name.
var matchedBy = map[string]string{"mail": "found by its mail address", "proxy_address": "found by an alias", "other_mail": "found by another mail address"}

func userLine(u *facts.User) string {
	name := u.UPN
	if u.Guest && u.Mail != "" {
		name = u.Mail
	}
	s := []string{name}
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
	switch u.ExternalState {
	case "", "Accepted":
	case "PendingAcceptance":
		s = append(s, "invitation not accepted yet")
	default:
		s = append(s, "invitation "+u.ExternalState)
	}
	s = append(s, matchedBy[u.MatchedBy])
	if u.PasswordChanged != nil {
		s = append(s, "password changed "+when(*u.PasswordChanged))
	}
	if u.LastSuccess != nil {
		s = append(s, "last success "+when(*u.LastSuccess))
	}
	return join(s...)
}

// methodSays are Microsoft's names of methods in words; a name that is not here stays as it is.
var methodSays = map[string]string{
	"microsoftAuthenticatorPush": "Microsoft Authenticator", "microsoftAuthenticatorPasswordless": "Authenticator phone sign-in",
	"softwareOneTimePasscode": "one-time codes of an app", "hardwareOneTimePasscode": "hardware token", "mobilePhone": "mobile phone",
	"alternateMobilePhone": "second mobile phone", "officePhone": "office phone", "securityQuestion": "security questions",
	"windowsHelloForBusiness": "Windows Hello", "fido2SecurityKey": "security key", "passKeyDeviceBound": "device-bound passkey",
	"temporaryAccessPass": "Temporary Access Pass",
	"authenticator":       "Microsoft Authenticator", "software_oath": "one-time codes of an app", "fido2": "passkey", "windows_hello": "Windows Hello",
	"platform_credential": "platform credential", "temporary_access_pass": "Temporary Access Pass",
}

func methodName(kind string) string {
	if s, ok := methodSays[kind]; ok {
		return s
	}
	return strings.ReplaceAll(kind, "_", " ")
}

func mfaLine(m *facts.MFA) string {
	says := "nothing registered"
	switch {
	case m.Registered && m.Capable == nil:
		says = "registered"
	case m.Registered && *m.Capable:
		says = "registered and capable"
	case m.Registered:
		says = "registered, but with no method that policy allows"
	}
	var methods []string
	for _, x := range m.Methods {
		methods = append(methods, methodName(x))
	}
	if m.Registered && len(methods) > 0 {
		says = join(says, runbooks.Show(methods))
	}
	if m.Updated != nil {
		says = join(says, "report of "+when(*m.Updated))
	}
	return says
}

func methodsLine(m *facts.Methods) string {
	var all []string
	for _, x := range m.List {
		all = append(all, strings.TrimSpace(methodName(x.Kind)+" "+x.Detail))
	}
	text := runbooks.Show(all)
	if !m.Second {
		text += " · no second factor"
	}
	return text
}

func domainLine(d *facts.Domain) string {
	says := strings.ToLower(d.Authentication)
	if d.Federated {
		says += ", so MFA may be done at the identity provider"
	}
	s := []string{d.Name, says}
	if d.Root != "" && d.Root != d.Name {
		s = append(s, "settings at "+d.Root)
	}
	if !d.Verified {
		s = append(s, "not verified")
	}
	return join(s...)
}

func federationLine(f *facts.Federation, now time.Time) string {
	s := []string{f.Provider, f.Protocol, "MFA behaviour " + f.MFABehavior}
	if f.MFABehavior == "" {
		s[2] = "MFA behaviour unset"
	}
	for _, c := range f.Certificates {
		switch {
		case c.Problem != "":
			s = append(s, c.Slot+" certificate unreadable ("+short(c.Problem, maxReason)+")")
		case c.NotAfter.Before(now):
			s = append(s, c.Slot+" certificate expired "+when(c.NotAfter))
		default:
			s = append(s, c.Slot+" certificate ends "+when(c.NotAfter))
		}
	}
	if f.Rollover != "" {
		s = append(s, "rollover "+f.Rollover)
	}
	return join(s...)
}

// signInLine leaves out the failure reason of the code that the page is about: it repeats the message.
func signInLine(r *facts.SignIn, code int) string {
	s := []string{when(r.Time), "success"}
	switch {
	case r.Code == code && code != 0:
		s[1] = fmt.Sprintf("failed with %d", r.Code)
	case r.Code != 0:
		s[1] = strings.TrimSpace(fmt.Sprintf("failed with %d %s", r.Code, strings.TrimRight(short(r.FailureReason, 90), ".")))
	}
	s = append(s, r.AppName, r.ClientApp, place(r))
	switch {
	case len(r.Blocking) > 0:
		s = append(s, "Conditional Access failed: "+short(runbooks.Show(r.Blocking), maxReason))
	case r.ConditionalAccess != "" && r.ConditionalAccess != "notApplied":
		s = append(s, "Conditional Access "+r.ConditionalAccess)
	}
	if len(r.ReportOnly) > 0 {
		s = append(s, "report-only, not enforced: "+short(runbooks.Show(r.ReportOnly), maxReason))
	}
	return join(s...)
}

func place(r *facts.SignIn) string {
	return strings.Join(slices.DeleteFunc([]string{r.City, r.Country}, func(s string) bool { return s == "" }), ", ")
}

// failedCodes says which codes the failures had, the most frequent first, and with which app where there was one only.
func failedCodes(r *facts.Recent) string {
	const most = 3
	count := map[int]int{}
	apps := map[int]map[string]bool{}
	var codes []int
	for _, row := range r.Rows {
		if row.Code == 0 {
			continue
		}
		if count[row.Code] == 0 {
			codes = append(codes, row.Code)
			apps[row.Code] = map[string]bool{}
		}
		count[row.Code]++
		apps[row.Code][row.AppName] = true
	}
	slices.SortStableFunc(codes, func(a, b int) int { return count[b] - count[a] })
	var parts []string
	for _, c := range codes[:min(len(codes), most)] {
		part := fmt.Sprintf("%d × %d", count[c], c)
		if len(apps[c]) == 1 && r.Rows[0].AppName != "" {
			for app := range apps[c] {
				part += " (" + app + ")"
			}
		}
		parts = append(parts, part)
	}
	if n := len(codes) - len(parts); n > 0 {
		parts = append(parts, fmt.Sprintf("%d other codes", n))
	}
	return strings.Join(parts, ", ")
}

func recentLine(r *facts.Recent) string {
	s := []string{fmt.Sprintf("%d since %s", len(r.Rows), when(r.Since)), fmt.Sprintf("%d failed", r.Failures)}
	if codes := failedCodes(r); codes != "" {
		s = append(s, codes)
	} else if r.SameFailures > 0 {
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
	atLeast := ""
	if r.Capped {
		atLeast = "at least "
	}
	says := "no failure with this code in the log"
	if r.Rows > 0 {
		says = atLeast + people(r.Users) + " with this code, " + plural(r.Rows, "failure", "failures")
	}
	s := []string{says + " since " + when(r.Since)}
	if r.RelatedUsers > 0 {
		s = append(s, atLeast+people(r.RelatedUsers)+" with a related code")
	}
	return join(s...)
}
