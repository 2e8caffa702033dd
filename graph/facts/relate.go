package facts

import "time"

// Relate works out the fields that rest on several facts together: which policies this error is about and what they ask
// for, what of it the person holds, which redirect URI is nearest. It reads nothing, and it replaces values instead of
// changing them, because caches share them. It may be called again as more facts come in.
func (r *Report) Relate(q Query, now time.Time) {
	r.relatePolicies(q)
	r.relateLocations()
	r.relateMethods()
	r.relateStrengths()
	r.relateApp(q, now)
	r.relatePrincipal(q)
	r.relateOrganization(q)
	r.relateChanges(q, now)
	r.relateHealth(q, now)
}

// change replaces the value of a fact that was seen by a changed copy.
func change[T any](f *Fact[T], edit func(*T)) {
	if !f.OK() {
		return
	}
	v := *f.Value
	edit(&v)
	f.Value = &v
}
