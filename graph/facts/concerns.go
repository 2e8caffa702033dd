package facts

import (
	"slices"
	"strings"
)

// concerns says whether a change was made to what the error is about. Every kind of thing that the change touches has to
// be this error's: taking another person out of the app's group, or this person out of another app, is neither.
// ofApp says that it is bound to the app, so that it explains failures of no other.
func (a subjectMatter) concerns(c Change) (verdict relation, ofApp bool) {
	name := activity(c.Activity)
	if tenantWide(name) {
		return a.ofTenant(name, c), false
	}
	byKind := map[string][]Target{}
	for _, x := range c.Targets {
		k := kind(x.Kind, name)
		byKind[k] = append(byKind[k], x)
	}
	ofApp = len(byKind[kindApp]) > 0
	verdict = related
	decided := false
	for _, k := range []string{kindPerson, kindApp, kindDevice, kindPolicy, kindLocation, kindDomain, kindTenant} {
		if len(byKind[k]) > 0 {
			verdict, decided = min(verdict, a.among(k, name, byKind[k])), true
		}
	}
	switch groups := byKind[kindGroup]; {
	case len(groups) > 0 && !decided: // the group itself
		byApp := anyOf(a.assigned, groups)
		return max(byApp, anyOf(a.addressed, groups)), byApp == related
	case !decided: // of a kind that nobody knows: its ids may still be ours
		return a.anything(byKind[kindOther]), false
	case len(groups) > 0 && len(byKind[kindPerson]) == 0 && ofApp && a.member.known && anyOf(a.member, groups) == unrelated:
		return unrelated, ofApp // the app's assignment to a group that the person is not in
	}
	return verdict, ofApp
}

// The kinds of things that changes are made to.
const (
	kindPerson   = "person"
	kindApp      = "app"
	kindDevice   = "device"
	kindPolicy   = "policy"
	kindLocation = "location"
	kindDomain   = "domain"
	kindTenant   = "tenant"
	kindGroup    = "group"
	kindRole     = "role"
	kindOther    = "other"
)

// kind is what a target is: by Graph's type, and where that says nothing by the name of the activity.
func kind(graph, activity string) string {
	switch graph {
	case "user":
		return kindPerson
	case "application", "serviceprincipal", "app":
		return kindApp
	case "group", "device", "role":
		return graph
	}
	for _, x := range []struct{ word, kind string }{
		{"cross-tenant", kindTenant}, {"named location", kindLocation}, {"conditional access", kindPolicy},
		{"domain", kindDomain}, {"password policy", kindDomain},
		{"service principal", kindApp}, {"application", kindApp}, {"app role", kindApp}, {"permission grant", kindApp}, {"consent", kindApp},
		{"device", kindDevice}, {"group", kindGroup},
		{"user", kindPerson}, {"account", kindPerson}, {"password", kindPerson}, {"security info", kindPerson}, {"refreshtoken", kindPerson},
	} {
		if strings.Contains(activity, x.word) {
			return x.kind
		}
	}
	if graph == "policy" {
		return kindPolicy
	}
	return kindOther
}

// among says whether one of the targets of a kind is this error's.
func (a subjectMatter) among(kind, activity string, targets []Target) relation {
	switch kind {
	case kindPerson:
		return anyOf(a.person, targets)
	case kindApp:
		return a.ofApp(activity, targets)
	case kindDevice:
		return anyOf(a.device, targets)
	case kindPolicy:
		return anyOf(a.policy, targets)
	case kindLocation:
		return anyOf(a.location, targets)
	case kindDomain:
		return anyOf(a.domain, targets)
	}
	return anyOf(a.tenant, targets)
}

func anyOf(ours things, targets []Target) relation {
	best := unrelated
	for _, x := range targets {
		best = max(best, ours.has(x))
	}
	return best
}

// ofApp looks for the error's app. A grant is logged at the resource, and its properties name the app that it is for: then
// that one decides. The resource of the error counts where it was changed itself, not where it was granted to somebody.
func (a subjectMatter) ofApp(activity string, targets []Target) relation {
	if i := slices.IndexFunc(targets, func(x Target) bool { return x.Named }); i >= 0 {
		targets = slices.DeleteFunc(slices.Clone(targets), func(x Target) bool { return !x.Named })
	}
	best := unrelated
	for _, x := range targets {
		ours := a.app.any
		switch x.Kind {
		case "application":
			ours = a.app.registration
		case "serviceprincipal":
			ours = a.app.principal
		}
		best = max(best, ours.has(x))
	}
	itself := strings.HasSuffix(activity, "service principal") && !strings.Contains(activity, "role assignment") || strings.HasSuffix(activity, "application") && !strings.Contains(activity, "consent")
	if itself && anyOf(a.resource, targets) == related {
		return related
	}
	return best
}

// anything looks for a thing of this error by its id alone.
func (a subjectMatter) anything(targets []Target) relation {
	for _, x := range targets {
		for _, t := range []things{a.person, a.app.any, a.device, a.policy, a.location, a.domain, a.tenant} {
			if t.has(Target{IDs: x.IDs, UPN: x.UPN}) == related {
				return related
			}
		}
	}
	return unrelated
}

// tenantWide reports whether an activity turns a switch of the whole tenant, so that it is about everybody's sign-ins.
func tenantWide(activity string) bool {
	switch activity {
	case "update security defaults", "set company information", "update authorization policy", "set dirsyncenabled flag", "set dirsync feature",
		"enable passthrough authentication", "disable passthrough authentication", "enable desktop sso", "disable desktop sso":
		return true
	}
	return strings.HasPrefix(activity, "authentication methods policy") || strings.Contains(activity, "authentication strength") ||
		strings.HasSuffix(activity, "identity provider") || strings.Contains(activity, "cross-tenant access") && strings.Contains(activity, "default")
}

// ofTenant is related, unless the entry says itself that it is about something else: an authentication strength that no
// policy of this error asks for, an identity provider that the person does not sign in with.
func (a subjectMatter) ofTenant(activity string, c Change) relation {
	switch {
	case strings.Contains(activity, "authentication strength") && a.strength.known:
		told := slices.ContainsFunc(c.Targets, func(x Target) bool { return len(x.IDs) > 0 })
		if told && anyOf(a.strength, c.Targets) == unrelated {
			return unrelated
		}
	case strings.HasSuffix(activity, "identity provider") && a.provider != "":
		other := false
		for _, x := range c.Targets {
			for _, text := range append(slices.Clone(x.IDs), x.Name) {
				switch word := providerWord(text); word {
				case a.provider:
					return related
				case "":
				default:
					other = true
				}
			}
		}
		if other {
			return unrelated
		}
	}
	return related
}
