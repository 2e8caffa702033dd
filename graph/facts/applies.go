package facts

import (
	"slices"
	"strings"
)

// AppliesTo reports whether the policy is for a person at an app: whom it includes and does not exclude. It looks at
// neither its state nor its other conditions. known is false where that hangs on groups that were not read, on guests of
// some kinds or tenants only, on attributes of apps, on a suite of apps, or on what Signpost cannot read. appID is the app, or the resource, as the
// policy would name it; "" where it is not known.
//
// https://learn.microsoft.com/graph/api/resources/conditionalaccessusers
func (p Policy) AppliesTo(userID string, groups Groups, guest bool, appID string) (yes bool, known bool) {
	s := p.Scope
	if slices.ContainsFunc(s.Other, func(o string) bool {
		return strings.HasPrefix(o, "conditions") || strings.HasPrefix(o, "users") || strings.HasPrefix(o, "applications")
	}) {
		return false, false
	}
	t := both(s.forPerson(userID, groups, guest), s.forApp(appID))
	return t.is(), t != open
}

func (s PolicyScope) forPerson(id string, groups Groups, guest bool) truth {
	in := one(one(truly(containsFold(s.IncludeUsers, "All") || id != "" && containsFold(s.IncludeUsers, id)), groups.among(s.IncludeGroups, "group")),
		one(groups.among(s.IncludeRoles, "role"), guests(guest, s.IncludeGuests || containsFold(s.IncludeUsers, "GuestsOrExternalUsers"), s.SomeGuests)))
	out := one(one(truly(id != "" && containsFold(s.ExcludeUsers, id)), groups.among(s.ExcludeGroups, "group")),
		one(groups.among(s.ExcludeRoles, "role"), guests(guest, s.ExcludeGuests || containsFold(s.ExcludeUsers, "GuestsOrExternalUsers"), s.SomeGuestsOut)))
	return both(in, opposite(out))
}

// guests reports whether a person is among the guests that a policy names.
func guests(guest, named, some bool) truth {
	switch {
	case !guest, !named && !some:
		return no
	case some:
		return open
	}
	return yes
}

// among reports whether the person is in one of the groups, or holds one of the roles, by its template id. Groups that were
// not read, and that are too many to be read, are open.
func (g Groups) among(ids []string, kind string) truth {
	if len(ids) == 0 {
		return no
	}
	for _, x := range g.List {
		id := x.ID
		if kind == "role" {
			id = x.Template
		}
		if id != "" && (x.Kind == kind || kind == "group" && x.Kind == "") && containsFold(ids, id) {
			return yes
		}
	}
	if g.List == nil || g.Capped {
		return open
	}
	return no
}

func (s PolicyScope) forApp(appID string) truth {
	in := forApps(s.IncludeApps, appID)
	if s.AppFilter != "" {
		in = one(in, open)
	}
	if len(s.IncludeApps) == 0 && s.AppFilter == "" {
		in = no // a policy for user actions, authentication contexts or workload identities
	}
	return both(in, opposite(forApps(s.ExcludeApps, appID)))
}

// forApps reports whether an app is in a list of a policy, which may hold names of suites.
func forApps(list []string, appID string) truth {
	switch {
	case containsFold(list, "All"), appID != "" && containsFold(list, appID):
		return yes
	case len(list) == 0:
		return no
	case appID == "":
		return open
	}
	if slices.ContainsFunc(list, func(a string) bool { return !strings.EqualFold(a, "None") && !guidShaped(a) }) {
		return open // Office365, MicrosoftAdminPortals: which apps those are, Graph does not say
	}
	return no
}

func guidShaped(id string) bool { return len(id) == 36 && strings.Count(id, "-") == 4 }
