package facts

import (
	"reflect"
	"time"
)

// The names of the facts.
const (
	NameUser       Name = "user"
	NameMFA        Name = "mfa"
	NameMethods    Name = "methods"
	NameDomain     Name = "domain"
	NameFederation Name = "federation"
	NameSignIn     Name = "signin"
	NameRecent     Name = "recent"
	NameSpread     Name = "spread"
	NamePolicies   Name = "policies"
	NameProviders  Name = "providers"
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
	NameUser:       {"Account", "Graph user"},
	NameMFA:        {"MFA registration", "Graph user registration details"},
	NameMethods:    {"Sign-in methods", "Graph authentication methods"},
	NameDomain:     {"Domain", "Graph domain"},
	NameFederation: {"Federation", "Graph federation configuration"},
	NameSignIn:     {"Sign-in", "Entra sign-in log"},
	NameRecent:     {"Recent sign-ins", "Entra sign-in log"},
	NameSpread:     {"Spread", "Entra sign-in log"},
	NamePolicies:   {"Policies named in the error", "Conditional Access policies"},
	NameProviders:  {"External identity providers", "Graph identity providers"},
}

// Title is how a person reads the name of the fact: "MFA registration".
func (n Name) Title() string { return about[n].title }

// Source names where the fact is read: "Entra sign-in log".
func (n Name) Source() string { return about[n].source }

// EmptyWhenAbsent reports whether the fact's absence is itself the whole answer: nobody signed in, so there was no later
// success; there is no trust, so it has no issuer. The absence of other facts says nothing of their fields: a person
// whom the registration report does not list may hold methods all the same.
func (n Name) EmptyWhenAbsent() bool {
	return n == NameRecent || n == NameFederation || n == NameProviders || n == NameSpread
}

// Known reports whether n is the name of a fact.
func (n Name) Known() bool { _, ok := about[n]; return ok }
