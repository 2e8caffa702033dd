package facts

import "testing"

func TestWhomAPolicyIsFor(t *testing.T) {
	const me, mine, other = "u-1", "g-1", "g-2"
	groups := Groups{List: []Group{{ID: mine, Kind: "group"}, {ID: "role-object", Kind: "role", Template: "t-admin"}}}
	capped := groups
	capped.Capped = true
	all := []string{"All"}
	is := func(words ...string) []string { return words }
	for name, c := range map[string]struct {
		scope  PolicyScope
		groups Groups
		guest  bool
		app    string
		yes    bool
		known  bool
	}{
		"everybody at every app":             {scope: PolicyScope{IncludeUsers: all, IncludeApps: all}, yes: true, known: true},
		"the person by id":                   {scope: PolicyScope{IncludeUsers: is("U-1"), IncludeApps: all}, yes: true, known: true},
		"somebody else":                      {scope: PolicyScope{IncludeUsers: is("u-2"), IncludeApps: all}, known: true},
		"nobody":                             {scope: PolicyScope{IncludeUsers: is("None"), IncludeApps: all}, known: true},
		"everybody but them":                 {scope: PolicyScope{IncludeUsers: all, ExcludeUsers: is(me), IncludeApps: all}, known: true},
		"a group of theirs":                  {scope: PolicyScope{IncludeGroups: is("G-1"), IncludeApps: all}, groups: groups, yes: true, known: true},
		"a group of others":                  {scope: PolicyScope{IncludeGroups: is(other), IncludeApps: all}, groups: groups, known: true},
		"a group, and theirs were not read":  {scope: PolicyScope{IncludeGroups: is(mine), IncludeApps: all}},
		"a group, and not all were read":     {scope: PolicyScope{IncludeGroups: is(other), IncludeApps: all}, groups: capped},
		"theirs among those that were read":  {scope: PolicyScope{IncludeGroups: is(mine), IncludeApps: all}, groups: capped, yes: true, known: true},
		"out by group":                       {scope: PolicyScope{IncludeUsers: all, ExcludeGroups: is(mine), IncludeApps: all}, groups: groups, known: true},
		"out by id, whatever the group":      {scope: PolicyScope{IncludeGroups: is(mine), ExcludeUsers: is(me), IncludeApps: all}, known: true},
		"perhaps out by group":               {scope: PolicyScope{IncludeUsers: all, ExcludeGroups: is(mine), IncludeApps: all}},
		"in by group, out by another":        {scope: PolicyScope{IncludeGroups: is(mine), ExcludeGroups: is(mine, other), IncludeApps: all}, groups: groups, known: true},
		"a role of theirs":                   {scope: PolicyScope{IncludeRoles: is("T-ADMIN"), IncludeApps: all}, groups: groups, yes: true, known: true},
		"a role's object is no group":        {scope: PolicyScope{IncludeGroups: is("role-object"), IncludeApps: all}, groups: groups, known: true},
		"a group's id is no role":            {scope: PolicyScope{IncludeRoles: is(mine), IncludeApps: all}, groups: groups, known: true},
		"out by role":                        {scope: PolicyScope{IncludeUsers: all, ExcludeRoles: is("t-admin"), IncludeApps: all}, groups: groups, known: true},
		"a guest where guests are":           {scope: PolicyScope{IncludeGuests: true, IncludeApps: all}, guest: true, yes: true, known: true},
		"a guest in the older words":         {scope: PolicyScope{IncludeUsers: is("GuestsOrExternalUsers"), IncludeApps: all}, guest: true, yes: true, known: true},
		"a member where guests are":          {scope: PolicyScope{IncludeGuests: true, IncludeApps: all}, known: true},
		"a guest where some guests are":      {scope: PolicyScope{IncludeGuests: true, SomeGuests: true, IncludeApps: all}, guest: true},
		"a guest where guests are out":       {scope: PolicyScope{IncludeUsers: all, ExcludeGuests: true, IncludeApps: all}, guest: true, known: true},
		"a guest where some guests are out":  {scope: PolicyScope{IncludeUsers: all, ExcludeGuests: true, SomeGuestsOut: true, IncludeApps: all}, guest: true},
		"a member where some guests are out": {scope: PolicyScope{IncludeUsers: all, ExcludeGuests: true, SomeGuestsOut: true, IncludeApps: all}, yes: true, known: true},
		"the app":                            {scope: PolicyScope{IncludeUsers: all, IncludeApps: is("A-1")}, app: "a-1", yes: true, known: true},
		"another app":                        {scope: PolicyScope{IncludeUsers: all, IncludeApps: is("11111111-0000-4000-8000-000000000001")}, app: "a-1", known: true},
		"every app but this":                 {scope: PolicyScope{IncludeUsers: all, IncludeApps: all, ExcludeApps: is("a-1")}, app: "a-1", known: true},
		"an app that nobody names":           {scope: PolicyScope{IncludeUsers: all, IncludeApps: is("a-1")}},
		"a suite of apps":                    {scope: PolicyScope{IncludeUsers: all, IncludeApps: is("Office365")}, app: "a-1"},
		"every app but a suite":              {scope: PolicyScope{IncludeUsers: all, IncludeApps: all, ExcludeApps: is("Office365")}, app: "a-1"},
		"apps by attribute":                  {scope: PolicyScope{IncludeUsers: all, AppFilter: "x"}, app: "a-1"},
		"a user action":                      {scope: PolicyScope{IncludeUsers: all, Actions: is(registerInfo)}, app: "a-1", known: true},
		"a condition that cannot be read":    {scope: PolicyScope{IncludeApps: all, Other: is("users")}},
		"another app, whoever it is":         {scope: PolicyScope{IncludeGroups: is(mine), IncludeApps: is("None")}, app: "a-1", known: true},
	} {
		t.Run(name, func(t *testing.T) {
			if yes, known := (Policy{Scope: c.scope}).AppliesTo(me, c.groups, c.guest, c.app); yes != c.yes || known != c.known {
				t.Errorf("applies %v, known %v", yes, known)
			}
		})
	}
}

func TestNobodyInParticular(t *testing.T) {
	p := Policy{Scope: PolicyScope{IncludeUsers: []string{""}, IncludeApps: []string{"All"}}}
	if yes, _ := p.AppliesTo("", Groups{List: []Group{}}, false, ""); yes {
		t.Error("an empty id is somebody")
	}
}
