package handlers

import (
	"slices"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// RoleHolder reports whether the person of a report was seen to hold an active admin role of the directory. known is false
// where that could not be read: nobody is taken for a role holder on a guess, and nobody is said to be none.
// https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
func RoleHolder(r facts.Report) (holds, known bool) {
	registered := r.MFA.OK() && r.MFA.Value.Admin != nil && *r.MFA.Value.Admin
	switch {
	case r.Groups.OK() && r.Groups.Value.Admin:
		return true, true
	case r.Groups.OK() && !r.Groups.Value.Capped, r.Groups.State == facts.Absent:
		return false, true
	}
	return registered, registered // the registration report is hours old, but a role that it names was held
}

// rolesUnchecked says that an account is treated as an ordinary one although nobody looked at its roles.
func rolesUnchecked(r facts.Report) string {
	if _, known := RoleHolder(r); known || !r.User.OK() {
		return ""
	}
	why := ""
	switch s := r.Groups.State; {
	case r.Groups.OK():
		why = "it has more memberships than were read"
	case s == "", s == facts.NotAsked && r.Groups.Reason == "":
		return "" // a diagnosis that asks for nobody's roles
	default:
		why = stateSays[s]
		if r.Groups.Reason != "" {
			why += ", " + short(r.Groups.Reason, maxReason)
		}
	}
	return "• Admin roles: not checked (" + why + "). The account is treated as an ordinary one; ask the identity team if it may hold a role."
}

// identityTeam says where to turn to for an account that no place may show. Whoever posted a message that names nobody is
// not said to be one.
func identityTeam(d runbooks.Diagnosis) string {
	if d.Report.Subject.From == facts.FromReporter {
		return "The message names nobody. If it is about whoever posted it, ask the identity team, who look after that account; nothing about it is shown here."
	}
	return "This account is looked after by the identity team. Ask them; nothing about it is shown here."
}

// guards are facts that may be read for the guards alone.
var guards = []facts.Name{facts.NameGroups, facts.NameMethods, facts.NameRisk}

// asksForPerson are the facts that are read of a person, or lead to one.
var asksForPerson = []facts.Name{
	facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameRecent, facts.NamePerUserMFA, facts.NameRisk, facts.NameGuest, facts.NameConsent,
	facts.NameAssignment, facts.NameSignIn, facts.NameDevice,
}

// guarded adds what the guards need to what is asked: the roles of whomever it is about, and where a step may give somebody
// a new way in, what speaks against that. None of it is a request to Graph's logs and reports that is not made already.
func (k *Desk) guarded(q facts.Query) facts.Query {
	ask := slices.Clone(q.Ask)
	if !slices.ContainsFunc(ask, func(n facts.Name) bool { return slices.Contains(asksForPerson, n) }) {
		return q
	}
	add := func(all ...facts.Name) {
		for _, n := range all {
			if !slices.Contains(ask, n) {
				ask = append(ask, n)
			}
		}
	}
	add(facts.NameGroups)
	if k.Book.ResetsFor(q.Code) {
		add(facts.NameMethods, facts.NameRisk)
		if slices.Contains(ask, facts.NameChanges) {
			q.Activities = append(slices.Clone(q.Activities), methodAdded...)
		}
	}
	q.Ask = ask
	return q
}

// withoutGuards is the diagnosis without the facts that were read for the guards alone: what they found is said elsewhere,
// and a reader of the facts did not ask for them.
func withoutGuards(d runbooks.Diagnosis) runbooks.Diagnosis {
	if d.Runbook == nil {
		return d
	}
	for _, n := range guards {
		evident := slices.ContainsFunc(d.With(runbooks.Confirmed), func(f runbooks.Finding) bool {
			return slices.ContainsFunc(f.Evidence, func(e runbooks.Evidence) bool { return e.Fact == string(n) })
		})
		if f, ok := d.Report.Field(n); ok && !evident && !slices.Contains(d.Runbook.Facts, n) {
			f.Elem().SetZero() // of our own copy of the report
		}
	}
	return d
}
