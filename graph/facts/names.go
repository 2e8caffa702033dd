package facts

import (
	"reflect"
	"slices"
	"time"
)

// The names of the facts.
const (
	NameUser          Name = "user"
	NameMFA           Name = "mfa"
	NameMethods       Name = "methods"
	NameDomain        Name = "domain"
	NameFederation    Name = "federation"
	NameSignIn        Name = "signin"
	NameRecent        Name = "recent"
	NameSpread        Name = "spread"
	NamePolicies      Name = "policies"
	NameProviders     Name = "providers"
	NameLocations     Name = "locations"
	NameDefaults      Name = "defaults"
	NameMethodsPolicy Name = "methods_policy"
	NameStrengths     Name = "strengths"
	NamePerUserMFA    Name = "per_user_mfa"
	NameApp           Name = "app"
	NamePrincipal     Name = "principal"
	NameResource      Name = "resource"
	NameConsent       Name = "consent"
	NameAssignment    Name = "assignment"
	NameGroups        Name = "groups"
	NameDevice        Name = "device"
	NameRisk          Name = "risk"
	NameGuest         Name = "guest"
	NameChanges       Name = "changes"
	NameHealth        Name = "health"
	NameLicences      Name = "licences"
	NameOrganization  Name = "organization"
	NameMetadata      Name = "metadata"
	NameCases         Name = "cases"
)

// Entry is one fact without its type, for drawing and for JSON.
type Entry struct {
	Name   Name
	State  State
	Reason string
	ReadAt time.Time
	Value  any          // a pointer to the fact's type, or nil
	Type   reflect.Type // the fact's type, also where there is no value
}

// Entries lists every fact of the report in the order in which they are shown.
func (r Report) Entries() []Entry {
	return []Entry{
		entry(NameUser, r.User),
		entry(NameMFA, r.MFA),
		entry(NameMethods, r.Methods),
		entry(NameDomain, r.Domain),
		entry(NameFederation, r.Federation),
		entry(NameSignIn, r.SignIn),
		entry(NameRecent, r.Recent),
		entry(NameSpread, r.Spread),
		entry(NamePolicies, r.Policies),
		entry(NameProviders, r.Providers),
		entry(NameLocations, r.Locations),
		entry(NameDefaults, r.Defaults),
		entry(NameMethodsPolicy, r.MethodsPolicy),
		entry(NameStrengths, r.Strengths),
		entry(NamePerUserMFA, r.PerUserMFA),
		entry(NameApp, r.App),
		entry(NamePrincipal, r.Principal),
		entry(NameResource, r.Resource),
		entry(NameConsent, r.Consent),
		entry(NameAssignment, r.Assignment),
		entry(NameGroups, r.Groups),
		entry(NameDevice, r.Device),
		entry(NameRisk, r.Risk),
		entry(NameGuest, r.Guest),
		entry(NameChanges, r.Changes),
		entry(NameHealth, r.Health),
		entry(NameLicences, r.Licences),
		entry(NameOrganization, r.Organization),
		entry(NameMetadata, r.Metadata),
		entry(NameCases, r.Cases),
	}
}

// Entry returns the fact called n; ok is false where there is no such fact.
func (r Report) Entry(n Name) (e Entry, ok bool) {
	for _, e := range r.Entries() {
		if e.Name == n {
			return e, true
		}
	}
	return Entry{}, false
}

// Field returns the pointer to the fact called n, of type *Fact[T]; ok is false where there is no such fact.
func (r *Report) Field(n Name) (pointer reflect.Value, ok bool) {
	for i, e := range r.Entries() {
		if e.Name == n {
			// Subject stands before the facts, which are in the order of Entries.
			return reflect.ValueOf(r).Elem().Field(i + 1).Addr(), true
		}
	}
	return reflect.Value{}, false
}

func entry[T any](n Name, f Fact[T]) Entry {
	e := Entry{Name: n, State: f.State, Reason: f.Reason, ReadAt: f.ReadAt, Type: reflect.TypeFor[T]()}
	if e.State == "" { // the zero fact was never asked for
		e.State = NotAsked
	}
	if f.Value != nil {
		e.Value = f.Value
	}
	return e
}

// about describes each fact to people: a title, and the Graph resource that it is read from.
var about = map[Name]struct{ title, source string }{
	NameUser:          {"Account", "Graph user"},
	NameMFA:           {"MFA registration", "Graph user registration details"},
	NameMethods:       {"Sign-in methods", "Graph authentication methods"},
	NameDomain:        {"Domain", "Graph domain"},
	NameFederation:    {"Federation", "Graph federation configuration"},
	NameSignIn:        {"Sign-in", "Entra sign-in log"},
	NameRecent:        {"Recent sign-ins", "Entra sign-in log"},
	NameSpread:        {"Spread", "Entra sign-in log"},
	NamePolicies:      {"Policies of the error", "Conditional Access policies"},
	NameProviders:     {"External identity providers", "Graph identity providers"},
	NameLocations:     {"Named locations", "Conditional Access named locations"},
	NameDefaults:      {"Security defaults", "Entra security defaults"},
	NameMethodsPolicy: {"Methods policy", "Entra authentication methods policy"},
	NameStrengths:     {"Authentication strengths", "Entra authentication strengths"},
	NamePerUserMFA:    {"Per-user MFA", "Graph authentication requirements (beta)"},
	NameApp:           {"App registration", "Graph application"},
	NamePrincipal:     {"App in this tenant", "Graph service principal"},
	NameResource:      {"Resource", "Graph service principal"},
	NameConsent:       {"Consent", "Graph permission grants"},
	NameAssignment:    {"Assignment", "Graph app role assignments"},
	NameGroups:        {"Groups and roles", "Graph memberships"},
	NameDevice:        {"Device", "Graph device"},
	NameRisk:          {"Risk", "Entra ID Protection"},
	NameGuest:         {"Guest", "Entra cross-tenant access"},
	NameChanges:       {"Changes", "Entra audit log"},
	NameHealth:        {"Microsoft service health", "Microsoft service health"},
	NameLicences:      {"Licences", "Graph subscribed SKUs"},
	NameOrganization:  {"Tenant", "Graph organization"},
	NameMetadata:      {"Identity provider metadata", "identity provider's federation metadata"},
	NameCases:         {"Earlier cases", "Signpost"},
}

// Title is how a person reads the name of the fact: "MFA registration".
func (n Name) Title() string { return about[n].title }

// Source names where the fact is read: "Entra sign-in log".
func (n Name) Source() string { return about[n].source }

// EmptyWhenAbsent reports whether the fact's absence is itself the whole answer: nobody signed in, so there was no later
// success; there is no trust, so it has no issuer. The absence of other facts says nothing of their fields: a person
// whom the registration report does not list may hold methods all the same.
func (n Name) EmptyWhenAbsent() bool {
	switch n {
	case NameRecent, NameFederation, NameProviders, NameSpread, NameConsent, NameChanges, NameGuest, NameRisk, NameCases:
		return true
	}
	return false
}

// Known reports whether n is the name of a fact.
func (n Name) Known() bool { _, ok := about[n]; return ok }

// Names are all the names that the affected person has in the report: as the question named them, and of their account.
func (r Report) Names() []string {
	var names []string
	add := func(all ...string) {
		for _, n := range all {
			if n != "" && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	add(r.Subject.User)
	if u := r.User.Value; u != nil {
		add(u.ID, u.UPN, u.Mail, u.OnPremisesUPN)
	}
	return names
}
