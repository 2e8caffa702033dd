package facts

import (
	"slices"
	"strings"
)

// relation says whether a change was made to something that an error is about.
type relation int

const (
	unrelated relation = iota
	undecided          // what the error is about of this kind is not known
	related
)

// things are what an error is about, of one kind. All texts are in lower case.
type things struct {
	ids    []string
	names  []string
	known  bool // false: which ones it is about is not known, so that a miss proves nothing
	listed bool // the ids are all there are, so that another id is another thing whatever its name is
}

func (t *things) id(ids ...string)     { t.ids = add(t.ids, ids) }
func (t *things) name(names ...string) { t.names = add(t.names, names) }

func add(to, texts []string) []string {
	for _, text := range texts {
		if text = strings.ToLower(strings.TrimSpace(text)); text != "" {
			to = append(to, text)
		}
	}
	return to
}

// has compares a target. A name decides only where the ids cannot: two apps may have one name.
func (t things) has(x Target) relation {
	switch {
	case slices.ContainsFunc(x.IDs, func(id string) bool { return slices.Contains(t.ids, id) || slices.Contains(t.names, id) }),
		x.UPN != "" && slices.Contains(t.names, x.UPN):
		return related
	case len(x.IDs) > 0 && t.listed:
		return unrelated
	case x.Name != "" && slices.Contains(t.names, x.Name):
		return related
	case !t.known:
		return undecided
	}
	return unrelated
}

// subjectMatter is everything that an error is about, as far as the facts tell.
type subjectMatter struct {
	person, device, policy, location, domain, tenant, strength things
	assigned                                                   things // groups by which the app is assigned
	addressed                                                  things // groups that a policy of this error includes or excludes
	member                                                     things // groups of the person

	app struct {
		registration, principal, any things
		client                       string // its app id, lower case; "" not known
	}
	resource things
	// provider is how the person signs in elsewhere: google, facebook, …; "" not known, or not so.
	provider string
}

// matter gathers what the error is about.
func (r *Report) matter(q Query) subjectMatter {
	var a subjectMatter
	row := SignIn{}
	if r.SignIn.OK() {
		row = *r.SignIn.Value
	}
	r.aboutPerson(&a, q, row)
	r.aboutApp(&a, q, row)
	r.aboutPolicies(&a, q, row)
	r.aboutGroups(&a)

	a.device.id(row.DeviceID)
	if row.DeviceID != "" {
		a.device.name(row.DeviceName)
	}
	if r.Device.OK() {
		a.device.id(r.Device.Value.ID, r.Device.Value.ObjectID)
		a.device.listed = r.Device.Value.ObjectID != ""
	}
	a.device.known = r.SignIn.OK()

	a.domain.name(q.Domain, r.Subject.Domain)
	if r.Domain.OK() {
		a.domain.name(r.Domain.Value.Name, r.Domain.Value.Root)
	}
	if r.Federation.OK() {
		a.domain.name(r.Federation.Value.Domain)
	}
	a.domain.known = len(a.domain.names) > 0

	a.tenant.id(row.HomeTenant, row.ResourceTenant)
	if r.Guest.OK() {
		a.tenant.id(r.Guest.Value.HomeID, r.Guest.Value.AwayID)
	}
	a.tenant.known = len(a.tenant.ids) > 0
	return a
}

func (r *Report) aboutPerson(a *subjectMatter, q Query, row SignIn) {
	a.person.id(r.Subject.ID, row.UserID)
	a.person.name(r.Subject.User, row.UPN)
	if q.User != "" {
		a.person.name(q.User)
	}
	if u := r.User.Value; u != nil && !u.Ambiguous {
		a.person.id(u.ID)
		a.person.name(u.UPN)
		a.provider = providerWord(u.Provider)
	}
	if q.Provider != "" && a.provider == "" {
		a.provider = providerWord(q.Provider)
	}
	a.person.known = len(a.person.ids)+len(a.person.names) > 0
}

// providerWord tells an external identity provider by its name or id, however it is written: google.com, Google-OAUTH. It is
// "" for those that cannot be told.
func providerWord(name string) string {
	name = strings.ToLower(name)
	for _, word := range []string{"google", "facebook", "apple", "microsoftaccount", "live.com"} {
		if strings.Contains(name, word) {
			return strings.Replace(word, "live.com", "microsoftaccount", 1)
		}
	}
	return ""
}

func (r *Report) aboutApp(a *subjectMatter, q Query, row SignIn) {
	all := []*things{&a.app.registration, &a.app.principal, &a.app.any}
	each := func(id, name string) {
		for _, t := range all {
			t.id(id)
			t.name(name)
		}
		if id = strings.ToLower(strings.TrimSpace(id)); a.app.client == "" {
			a.app.client = id
		}
	}
	each(q.AppID, q.AppName)
	each(row.AppID, row.AppName)
	if v := r.App.Value; r.App.OK() {
		each(v.AppID, v.Name)
		a.app.registration.id(v.ID)
		a.app.any.id(v.ID)
		a.app.registration.listed = v.ID != ""
	}
	if v := r.Principal.Value; r.Principal.OK() {
		each(v.AppID, v.Name)
		a.app.principal.id(v.ID)
		a.app.any.id(v.ID)
		a.app.principal.listed = v.ID != ""
	}
	a.app.any.listed = a.app.registration.listed && a.app.principal.listed
	for _, t := range all {
		// By its app id alone an app cannot be told from another whose entry tells only the object id.
		t.known = len(t.names) > 0 || t.listed
	}
	a.resource.id(row.ResourceID)
	a.resource.name(q.Resource, row.Resource)
	if v := r.Resource.Value; r.Resource.OK() {
		a.resource.id(v.ID, v.AppID)
		a.resource.name(v.Name)
		a.resource.listed = v.ID != ""
	}
}

func (r *Report) aboutPolicies(a *subjectMatter, q Query, row SignIn) {
	a.policy.id(q.PolicyIDs...)
	for _, p := range row.Policies {
		if p.Result == "failure" {
			a.policy.id(p.ID)
		}
	}
	// Which policies bit is known where the error names them, or its row does.
	a.policy.known = len(q.PolicyIDs) > 0 || row.Policies != nil
	a.policy.listed = a.policy.known
	if !r.Policies.OK() {
		return
	}
	a.policy.id(r.Policies.Value.Missing...)
	wide := false
	for _, p := range r.Policies.Value.List {
		a.policy.id(p.ID)
		a.policy.known, a.policy.listed = true, true
		a.strength.id(p.StrengthID)
		a.addressed.id(p.Scope.IncludeGroups...)
		a.addressed.id(p.Scope.ExcludeGroups...)
		for _, id := range slices.Concat(p.Scope.IncludeLocations, p.Scope.ExcludeLocations) {
			a.location.id(id)
			wide = wide || strings.EqualFold(id, "AllTrusted")
		}
	}
	a.strength.known = len(a.strength.ids) > 0
	// The named locations are those of its policies; a policy for all trusted ones looks at each of them.
	a.location.known = a.policy.known && !wide
	if r.Locations.OK() {
		a.location.known = a.policy.known
		for _, l := range r.Locations.Value.List {
			if l.ID != "" && (wide && l.Trusted || slices.Contains(a.location.ids, strings.ToLower(l.ID))) {
				a.location.id(l.ID)
				a.location.name(l.Name)
			}
		}
	}
}

// aboutGroups knows the groups by which the app is assigned, and those of the person.
func (r *Report) aboutGroups(a *subjectMatter) {
	// A fact that the runbook does not ask for says nothing of groups in this error, unless neither does.
	a.addressed.known = r.Policies.OK() && len(r.Policies.Value.List) > 0 || !asked(r.Policies.State) && asked(r.Assignment.State)
	a.assigned.known = r.Assignment.OK() || !asked(r.Assignment.State) && asked(r.Policies.State)
	var names []string
	if r.Assignment.OK() {
		names = slices.Concat(r.Assignment.Value.Groups, r.Assignment.Value.Nested)
		a.assigned.name(names...)
	}
	if !r.Groups.OK() {
		return
	}
	a.member.known = !r.Groups.Value.Capped
	a.member.listed = a.member.known
	for _, g := range r.Groups.Value.List {
		a.member.id(g.ID)
		a.member.name(g.Name)
		if slices.Contains(names, g.Name) {
			a.assigned.id(g.ID)
		}
	}
}

func asked(s State) bool { return s != "" && s != NotAsked }
