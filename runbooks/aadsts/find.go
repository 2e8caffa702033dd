package aadsts

import "strings"

// Find returns the errors that stand in text, in the order of their first appearance, each code once: what a repetition
// tells fills what the first left empty. It returns nil, without allocating, for text that holds none.
//
// A code counts where it is written AADSTS50076 in any of the ways that people and programs write that (Explicit), or as
// a bare number where the words around it are those of a sign-in log, an error response or an error link.
func Find(text string) []Error {
	if !mayHold(text) {
		return nil
	}
	found, _ := read(normalize(text))
	var errs []Error
	at := map[int]int{}
	for _, l := range found {
		if i, ok := at[l.err.Code]; ok {
			merge(&errs[i], l.err)
			continue
		}
		at[l.err.Code] = len(errs)
		errs = append(errs, l.err)
	}
	addHosts(text, errs)
	return errs
}

// located is an error with the place of its code in the clean text.
type located struct {
	err Error
	pos int
}

// read returns every place of a code in clean text, in order, and the heading of a table that reaches to its end.
func read(clean string) (found []located, heading string) {
	p := page{s: clean}
	heading = p.grid()
	p.scan()
	if len(p.hits) == 0 {
		return nil, heading
	}
	for _, h := range p.hits {
		if h.log {
			p.portal()
			break
		}
	}
	p.assign()
	out := make([]located, len(p.hits))
	for i, h := range p.hits {
		out[i] = located{err: h.err, pos: h.pos}
		for _, v := range out[i].err.names() {
			*v = oneLine(*v)
		}
	}
	return out, heading
}

// names are the values that are taken as they stand, and may have been wrapped over lines.
func (e *Error) names() []*string {
	return []*string{&e.Tenant, &e.AppID, &e.AppName, &e.User, &e.OAuthError, &e.Suberror, &e.Resource, &e.IdentityProvider, &e.RedirectURI}
}

// oneLine folds white space, so that a value never reaches over the end of a line.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\n\r\t") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// merge fills the empty fields of an error from a repetition of its code. Where their ids differ they are two events, and
// the first one's values stay alone.
func merge(e *Error, again Error) {
	e.Explicit = e.Explicit || again.Explicit
	if differ(e.TraceID, again.TraceID) || differ(e.CorrelationID, again.CorrelationID) {
		return
	}
	for _, f := range []struct{ to, from *string }{
		{&e.TraceID, &again.TraceID}, {&e.CorrelationID, &again.CorrelationID}, {&e.Tenant, &again.Tenant}, {&e.User, &again.User},
		{&e.OAuthError, &again.OAuthError}, {&e.Suberror, &again.Suberror}, {&e.Resource, &again.Resource},
		{&e.IdentityProvider, &again.IdentityProvider}, {&e.RedirectURI, &again.RedirectURI},
	} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	if e.AppID == "" || e.AppID == again.AppID || again.AppID == "" {
		if e.AppID == "" {
			e.AppID = again.AppID
		}
		if e.AppName == "" {
			e.AppName = again.AppName
		}
	}
	if e.Timestamp.IsZero() {
		e.Timestamp = again.Timestamp
	}
	if len(e.PolicyIDs) == 0 {
		e.PolicyIDs = again.PolicyIDs
	}
}

func differ(a, b string) bool { return a != "" && b != "" && a != b }
