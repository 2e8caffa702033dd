package handlers

import (
	"context"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// Desk is where an error meets the book and the tenant: find, look up, read, diagnose. Every surface (thread, command,
// button, terminal) goes through it.
type Desk struct {
	Book   *runbooks.Book
	Tenant Directory // nil: no tenant to ask
	Policy Policy
	Now    func() time.Time
	// Cases tells our own earlier cases with a code; nil where none are kept.
	Cases func(ctx context.Context, code int) facts.Fact[facts.Cases]
	// Requests counts our own cases of a person within [RequestsFor], the present one (0 none) among them; nil where none are
	// kept.
	Requests func(ctx context.Context, who string, present int64) (int, error)
}

// Question is what a diagnosis is asked for.
type Question struct {
	Errors   []aadsts.Error
	User     string // by hand; goes before every name in the errors
	Reporter string // mail address of whoever asks
	Case     int64  // our own case that it is asked for, 0 for none
	// Posted is when the message was posted: it stands in for the time of an error that tells none, so that its sign-in
	// row is not waited for without end. Zero means now.
	Posted time.Time
}

// Within is the question without what a place with these details may not hold: with agents only what the message itself
// said, with none only which codes it held.
func (q Question) Within(d Details) Question {
	if d == Full {
		return q
	}
	q.User, q.Reporter = "", ""
	if d == None {
		bare := make([]aadsts.Error, len(q.Errors))
		for i, e := range q.Errors {
			bare[i] = codeAlone(e)
		}
		q.Errors = bare
	}
	return q
}

// codeAlone is an error as every place may hold it: its code, and where an address led that carries it, to warn of that.
func codeAlone(e aadsts.Error) aadsts.Error {
	return aadsts.Error{Code: e.Code, Explicit: e.Explicit, URLHosts: e.URLHosts}
}

// Offline diagnoses from the text alone.
func (k *Desk) Offline(q Question) runbooks.Diagnosis {
	r := facts.Report{Subject: q.subject()}
	return k.Book.Diagnose(q.Errors, r, k.Now())
}

// Diagnose reads the tenant and diagnoses. progress, if not nil, is called with what is known while slow reads are
// outstanding, never after Diagnose has returned. Without a tenant it is [Desk.Offline].
func (k *Desk) Diagnose(ctx context.Context, q Question, progress func(runbooks.Diagnosis)) runbooks.Diagnosis {
	if k.Tenant == nil {
		return k.Offline(q)
	}
	query := k.query(q)
	var ours facts.Fact[facts.Cases]
	if k.Cases != nil && slices.Contains(query.Ask, facts.NameCases) {
		ours = k.Cases(ctx, query.Code)
	}
	query.Ask = slices.DeleteFunc(slices.Clone(query.Ask), func(n facts.Name) bool { return n == facts.NameCases }) // not the tenant's to tell
	diagnose := func(r facts.Report) runbooks.Diagnosis {
		r.Cases = ours
		return k.Book.Diagnose(q.Errors, r, k.Now())
	}
	if progress != nil {
		query.Progress = func(r facts.Report) {
			if r.Groups.State != facts.NotYet { // until the roles are known, nothing of the person is shown
				progress(diagnose(r))
			}
		}
	}
	d := diagnose(k.Tenant.Collect(ctx, query))
	d.Requests = k.requests(ctx, q, d)
	return d
}

// requests counts how often help was asked for with the account, where a step may give somebody a new way into it.
func (k *Desk) requests(ctx context.Context, q Question, d runbooks.Diagnosis) *runbooks.Requests {
	code := 0
	if d.Primary != nil {
		code = d.Primary.Code
	}
	who := d.Report.Subject.User
	if k.Requests == nil || who == "" || !k.Book.ResetsFor(code) {
		return nil
	}
	n, err := k.Requests(ctx, who, q.Case)
	return &runbooks.Requests{Cases: n, Since: k.Now().Add(-RequestsFor), Err: err}
}

// Success looks for a later success of the person of an error with the same app, and reads nothing else but who that is.
func (k *Desk) Success(ctx context.Context, q Question) facts.Report {
	query := k.query(q)
	query.Ask = []facts.Name{facts.NameUser, facts.NameRecent, facts.NameGroups} // the roles, for Protected
	return k.Tenant.Collect(ctx, query)
}

// Protected reports whether a diagnosis is about an account that no place may show, or holds something of one: the sign-in
// row of an error may be another account's than the message names. Such an account is one that the configuration lists, by
// any of its names, or one that was seen to hold an admin role.
func (k *Desk) Protected(d runbooks.Diagnosis) bool {
	if holds, _ := RoleHolder(d.Report); holds {
		return true
	}
	names := d.Report.Names()
	if r := d.Report.SignIn.Value; r != nil {
		names = append(names, r.UserID, r.UPN)
	}
	for _, e := range d.Errors {
		names = append(names, e.User)
	}
	return k.Policy.IsProtected(names...)
}

// Names reports whether the question itself names an account that no place may show.
func (k *Desk) Names(q Question) bool {
	names := []string{q.User}
	for _, e := range q.Errors {
		names = append(names, e.User)
	}
	return k.Policy.IsProtected(names...)
}

// query turns a question into what is asked of the tenant. A name given by hand goes first, then the one in the leading
// error, then that in any other error of the text.
func (k *Desk) query(q Question) facts.Query {
	s := q.subject()
	out := facts.Query{User: s.User, From: s.From, Domain: s.Domain, Reporter: q.Reporter, Posted: q.Posted, Ask: k.Book.PersonFacts()}
	i := aadsts.Primary(q.Errors)
	if i < 0 {
		return k.guarded(out)
	}
	e := q.Errors[i]
	book := k.Book.Lookup(e.Code)
	out.Ask, out.Code, out.Related = k.Book.FactsFor(e), e.Code, book.Related
	out.TraceID, out.CorrelationID, out.Time, out.AppID = e.TraceID, e.CorrelationID, e.Timestamp, e.AppID
	out.PolicyIDs, out.AppName, out.Resource, out.RedirectURI = e.PolicyIDs, e.AppName, e.Resource, e.RedirectURI
	out.Provider, out.Tenant, out.Activities = e.IdentityProvider, e.Tenant, book.Changes
	return k.guarded(out)
}

func (q Question) subject() facts.Subject {
	s := facts.Subject{User: q.User, From: facts.FromFlag}
	if s.User == "" {
		s.User, s.From = q.Named(), facts.FromPaste
	}
	if s.User == "" {
		return facts.Subject{}
	}
	if _, domain, ok := strings.Cut(s.User, "@"); ok {
		s.Domain = strings.ToLower(domain)
	}
	return s
}

// Named is the affected person as the errors name them, "" where they name nobody.
func (q Question) Named() string {
	if i := aadsts.Primary(q.Errors); i >= 0 && q.Errors[i].User != "" {
		return q.Errors[i].User
	}
	for _, e := range q.Errors {
		if e.User != "" {
			return e.User
		}
	}
	return ""
}

func nameOf(code int) string { c, _ := aadsts.Lookup(code); return c.Name }

func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
