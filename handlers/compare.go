package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// compared are the facts that two people are compared by.
var compared = []facts.Name{
	facts.NameUser, facts.NameMethods, facts.NamePerUserMFA, facts.NameDomain, facts.NameGroups, facts.NamePolicies, facts.NameRisk, facts.NameRecent,
}

// Comparison is what was read of two people: one who cannot sign in, and one who can.
type Comparison struct {
	Bad, Good facts.Report
	App       string // app id that it is about; "" every app
	At        time.Time
}

// Compare reads two people side by side. app may be "".
func (k *Desk) Compare(ctx context.Context, bad, good, app string) Comparison {
	c := Comparison{App: app, At: k.Now()}
	var both sync.WaitGroup
	for _, one := range []struct {
		user string
		into *facts.Report
	}{{bad, &c.Bad}, {good, &c.Good}} {
		both.Go(func() {
			q := facts.Query{User: one.user, From: facts.FromFlag, AppID: app, Ask: slices.Clone(compared)}
			if app != "" {
				q.Ask = append(q.Ask, facts.NameAssignment, facts.NamePrincipal)
			}
			*one.into = k.Tenant.Collect(ctx, q)
		})
	}
	both.Wait()
	return c
}

// People are the two look-ups as diagnoses, for the audit.
func (c Comparison) People() []runbooks.Diagnosis {
	return []runbooks.Diagnosis{{Report: c.Bad, At: c.At}, {Report: c.Good, At: c.At}}
}

// Protected reports whether either of the two is an account that no place may show.
func (c Comparison) Protected(k *Desk) bool {
	return slices.ContainsFunc(c.People(), k.Protected)
}

// maxDiffering is how many names one line of a comparison holds for each person.
const maxDiffering = 6

// difference is one line of a comparison.
type difference struct {
	what      string
	bad, good string
	same      bool
	unread    string // why it could not be compared; "" it was
}

// ComposeComparison writes down only what differs; what is the same is one line.
func ComposeComparison(c Comparison) Page {
	bad, good := person(c.Bad), person(c.Good)
	p := Page{Title: "What differs between " + bad + " and " + good, Holds: Content{Level: Full, Desk: true, About: []string{bad, good}}}
	var differs, same, unread []string
	for _, d := range c.differences() {
		switch {
		case d.unread != "":
			unread = append(unread, "• "+d.what+": "+sentence(capital(short(d.unread, maxReason))))
		case d.same:
			same = append(same, lowerFirst(d.what))
		default:
			differs = append(differs, "• "+d.what+": "+bad+": "+d.bad+" · "+good+": "+d.good)
		}
	}
	if len(differs) == 0 {
		differs = []string{"Nothing of what could be read differs."}
	}
	about := "for every app"
	if c.App != "" {
		about = "for the app " + c.appName()
	}
	p.add("Differs, "+about, differs...)
	if len(same) > 0 {
		p.add("The same", capital(strings.Join(same, ", "))+".")
	}
	p.add("Could not be compared", unread...)
	p.Foot = []string{"Read " + when(c.At)}
	return p
}

func (c Comparison) appName() string {
	if c.Bad.Principal.OK() && c.Bad.Principal.Value.Name != "" {
		return c.Bad.Principal.Value.Name
	}
	return c.App
}

// differences compares fact by fact, the ones that explain most first.
func (c Comparison) differences() []difference {
	all := []difference{
		both(c, "Account", func(r facts.Report) facts.Fact[facts.User] { return r.User }, accountState),
		both(c, "Second factor", func(r facts.Report) facts.Fact[facts.Methods] { return r.Methods }, func(m facts.Methods) string {
			held := slices.DeleteFunc(slices.Clone(m.Kinds), func(k string) bool { return k == "password" || k == "email" })
			slices.Sort(held)
			return list(orNone(methodNames(held)), maxDiffering)
		}),
		both(c, "Per-user MFA", func(r facts.Report) facts.Fact[facts.PerUserMFA] { return r.PerUserMFA }, func(m facts.PerUserMFA) string { return m.State }),
		both(c, "Domain", func(r facts.Report) facts.Fact[facts.Domain] { return r.Domain }, func(d facts.Domain) string {
			return d.Name + ", " + strings.ToLower(d.Authentication)
		}),
		c.policies(),
		c.names("Groups", func(g facts.Groups) []string { return g.Names }),
		c.names("Directory roles", func(g facts.Groups) []string { return g.Roles }),
		c.names("Licences", nil),
		both(c, "Risk", func(r facts.Report) facts.Fact[facts.Risk] {
			if r.Risk.State == facts.Absent {
				return facts.See(r.Risk.ReadAt, facts.Risk{Level: "none"})
			}
			return r.Risk
		}, func(r facts.Risk) string {
			if r.Active {
				return r.Level + ", at risk"
			}
			return "none"
		}),
		both(c, "Device and client of the last sign-in", c.last, func(s facts.SignIn) string {
			return join(deviceOf(s), s.ClientApp, s.OS)
		}),
		both(c, "Place of the last sign-in", c.last, func(s facts.SignIn) string { return either(place(&s), "not told") }),
		both(c, "Last success", func(r facts.Report) facts.Fact[facts.Recent] { return r.Recent }, func(r facts.Recent) string {
			for _, row := range r.Rows {
				if row.Code == 0 && (c.App == "" || strings.EqualFold(row.AppID, c.App)) {
					return when(row.Time)
				}
			}
			return "none since " + when(r.Since)
		}),
	}
	if c.App != "" {
		all = append(all, both(c, "Assignment to the app", func(r facts.Report) facts.Fact[facts.Assignment] { return r.Assignment }, func(a facts.Assignment) string {
			a.Required = true // the app is the same for both
			return either(assignmentLine(&a), "not known")
		}))
	}
	return all
}

// both compares one fact of the two people by what is said of it.
func both[T any](c Comparison, what string, of func(facts.Report) facts.Fact[T], says func(T) string) difference {
	bad, good := of(c.Bad), of(c.Good)
	for _, f := range []facts.Fact[T]{bad, good} {
		if !f.OK() {
			return difference{what: what, unread: unreadBecause(f.State, f.Reason)}
		}
	}
	d := difference{what: what, bad: says(*bad.Value), good: says(*good.Value)}
	d.same = d.bad == d.good
	return d
}

func unreadBecause(s facts.State, reason string) string {
	if s == "" {
		s = facts.NotAsked
	}
	return join(either(stateSays[s], string(s)), reason)
}

func accountState(u facts.User) string {
	s := []string{"enabled not told"}
	if u.Enabled != nil {
		s[0] = map[bool]string{true: "enabled", false: "disabled"}[*u.Enabled]
	}
	switch {
	case u.Guest:
		s = append(s, "guest")
	case u.Synced:
		s = append(s, "synchronised from on-premises")
	default:
		s = append(s, "cloud account")
	}
	if len(u.ProvisioningErrors) > 0 {
		s = append(s, "provisioning errors")
	}
	return join(s...)
}

// names compares two lists of names: only what one of the two has is said.
func (c Comparison) names(what string, of func(facts.Groups) []string) difference {
	lists := [2][]string{}
	for i, r := range []facts.Report{c.Bad, c.Good} {
		switch {
		case of == nil && !r.User.OK():
			return difference{what: what, unread: unreadBecause(r.User.State, r.User.Reason)}
		case of == nil && r.User.Value.Plans == nil:
			return difference{what: what, unread: "Graph did not tell"}
		case of == nil:
			lists[i] = r.User.Value.Plans
		case !r.Groups.OK():
			return difference{what: what, unread: unreadBecause(r.Groups.State, r.Groups.Reason)}
		default:
			lists[i] = of(*r.Groups.Value)
		}
	}
	return difference{
		what: what, bad: only(lists[0], lists[1]), good: only(lists[1], lists[0]),
		same: only(lists[0], lists[1]) == only(lists[1], lists[0]), // neither has any of its own
	}
}

// only says which of the names the other does not have.
func only(names, others []string) string {
	mine := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(others, n) })
	slices.Sort(mine)
	mine = slices.Compact(mine)
	if len(mine) == 0 {
		return "nothing of their own"
	}
	return list(mine, maxDiffering)
}

// policies compares which enforced Conditional Access policies are for the two.
func (c Comparison) policies() difference {
	const what = "Conditional Access policies"
	if !c.Bad.Policies.OK() {
		return difference{what: what, unread: unreadBecause(c.Bad.Policies.State, c.Bad.Policies.Reason)}
	}
	lists := [2][]string{}
	open := 0
	for _, p := range c.Bad.Policies.Value.Tenant {
		if p.State != "enabled" {
			continue
		}
		var yes, known [2]bool
		for i, r := range []facts.Report{c.Bad, c.Good} {
			if !r.User.OK() {
				return difference{what: what, unread: unreadBecause(r.User.State, r.User.Reason)}
			}
			var groups facts.Groups // whose list is nil where it was not read
			if r.Groups.OK() {
				groups = *r.Groups.Value
			}
			yes[i], known[i] = p.AppliesTo(r.User.Value.ID, groups, r.User.Value.Guest, c.App)
		}
		if !known[0] || !known[1] {
			open++
			continue
		}
		for i := range yes {
			if yes[i] {
				lists[i] = append(lists[i], p.Name)
			}
		}
	}
	d := difference{what: what, bad: only(lists[0], lists[1]), good: only(lists[1], lists[0])}
	d.same = d.bad == d.good
	switch {
	case open > 0 && d.same:
		return difference{what: what, unread: fmt.Sprintf("for %s it could not be told whom they are for", plural(open, "policy", "policies"))}
	case open > 0:
		d.good += fmt.Sprintf(" (%s could not be compared)", plural(open, "policy", "policies"))
	}
	return d
}

// last is the person's last sign-in, with the app where one is asked about.
func (c Comparison) last(r facts.Report) facts.Fact[facts.SignIn] {
	if !r.Recent.OK() {
		return facts.Unread[facts.SignIn](r.Recent.State, r.Recent.Reason)
	}
	for _, row := range r.Recent.Value.Rows { // newest first
		if c.App == "" || strings.EqualFold(row.AppID, c.App) {
			return facts.See(r.Recent.ReadAt, row)
		}
	}
	return facts.None[facts.SignIn](r.Recent.ReadAt, "no sign-in with this app since "+when(r.Recent.Value.Since))
}

func deviceOf(s facts.SignIn) string {
	if s.DeviceID == "" {
		return "no device presented"
	}
	says := []string{either(s.DeviceName, s.DeviceID), either(trustSays[s.DeviceTrust], s.DeviceTrust)}
	if s.DeviceCompliant != nil {
		says = append(says, map[bool]string{true: "compliant", false: "not compliant"}[*s.DeviceCompliant])
	}
	return strings.Join(slices.DeleteFunc(says, func(x string) bool { return x == "" }), ", ")
}

func orNone(names []string) []string {
	if len(names) == 0 {
		return []string{"none"}
	}
	return names
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
