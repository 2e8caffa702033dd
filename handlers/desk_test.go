package handlers

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// directory answers every query with one report, after progress with an earlier one.
type directory struct {
	report   facts.Report
	progress []facts.Report
	asked    facts.Query
}

func (x *directory) Collect(_ context.Context, q facts.Query) facts.Report {
	x.asked = q
	for _, r := range x.progress {
		if q.Progress != nil {
			q.Progress(r)
		}
	}
	return x.report
}

func desk(t *testing.T, tenant Directory, protected ...string) *Desk {
	t.Helper()
	return &Desk{Book: builtIn(t), Tenant: tenant, Policy: Policy{Protected: protected}, Now: func() time.Time { return at }}
}

// TestQuery holds what is asked of the tenant: by whose name, for which code, with which ids.
func TestQuery(t *testing.T) {
	posted := at.Add(-time.Hour)
	inner := aadsts.Error{Code: 50126, Explicit: true, TraceID: "t", CorrelationID: "c", Timestamp: at, AppID: "app"}
	wrapper := aadsts.Error{Code: 70002, Explicit: true, User: "mia@Contoso.com"}
	for name, row := range map[string]struct {
		q    Question
		want facts.Query
	}{
		"a name by hand goes first": {
			Question{Errors: []aadsts.Error{wrapper}, User: "noah@fabrikam.com"},
			facts.Query{User: "noah@fabrikam.com", From: facts.FromFlag, Domain: "fabrikam.com", Code: 70002},
		},
		"the leading error's name": {
			Question{Errors: []aadsts.Error{wrapper}, Posted: posted, Reporter: "ana@contoso.com"},
			facts.Query{User: "mia@Contoso.com", From: facts.FromPaste, Domain: "contoso.com", Code: 70002, Posted: posted, Reporter: "ana@contoso.com"},
		},
		"else another error's name": {
			Question{Errors: []aadsts.Error{wrapper, inner}},
			facts.Query{User: "mia@Contoso.com", From: facts.FromPaste, Domain: "contoso.com", Code: 50126, TraceID: "t", CorrelationID: "c", Time: at, AppID: "app"},
		},
		"nobody is named": {
			Question{Errors: []aadsts.Error{inner}, Reporter: "ana@contoso.com"},
			facts.Query{Code: 50126, TraceID: "t", CorrelationID: "c", Time: at, AppID: "app", Reporter: "ana@contoso.com"},
		},
		"an object id has no domain": {
			Question{User: "3f5f1c32-1b9f-4d0e-9c40-7c8f0e8d1f00"},
			facts.Query{User: "3f5f1c32-1b9f-4d0e-9c40-7c8f0e8d1f00", From: facts.FromFlag},
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := &directory{}
			k := desk(t, x)
			k.Diagnose(t.Context(), row.q, nil)
			if diff := cmp.Diff(row.want, x.asked, cmpopts.IgnoreFields(facts.Query{}, "Ask", "Related", "Progress")); diff != "" {
				t.Error(diff)
			}
			want := k.Book.PersonFacts()
			if row.want.Code != 0 {
				want = k.Book.Lookup(row.want.Code).Facts
			}
			want = append(slices.Clone(want), facts.NameGroups)
			if k.Book.ResetsFor(row.want.Code) {
				for _, n := range []facts.Name{facts.NameMethods, facts.NameRisk} {
					if !slices.Contains(want, n) {
						want = append(want, n)
					}
				}
			}
			if diff := cmp.Diff(want, x.asked.Ask); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDiagnoseWithAndWithoutATenant(t *testing.T) {
	no := false
	q := Question{Errors: []aadsts.Error{{Code: 50057, Explicit: true, User: "mia@contoso.com"}}}
	if d := desk(t, nil).Diagnose(t.Context(), q, func(runbooks.Diagnosis) { t.Error("progress without a tenant") }); d.Lead() != nil {
		t.Errorf("confirmed without facts: %+v", d.Lead())
	}
	full := facts.Report{User: facts.See(at, facts.User{UPN: "mia@contoso.com", Enabled: &no}), Recent: facts.Unread[facts.Recent](facts.Failed, "down")}
	x := &directory{report: full, progress: []facts.Report{{User: facts.Unread[facts.User](facts.NotYet, "still being read")}}}
	var seen []facts.State
	d := desk(t, x).Diagnose(t.Context(), q, func(d runbooks.Diagnosis) { seen = append(seen, d.Report.User.State) })
	if d.Lead() == nil || d.At != at || len(seen) != 1 || seen[0] != facts.NotYet {
		t.Errorf("lead %+v at %s after %v", d.Lead(), d.At, seen)
	}
}

func TestWithin(t *testing.T) {
	e := aadsts.Error{Code: 50076, Explicit: true, CorrelationID: "c", User: "mia@contoso.com", PolicyIDs: []string{"p"}}
	q := Question{Errors: []aadsts.Error{e}, User: "noah@contoso.com", Reporter: "ana@contoso.com", Posted: at}
	for details, want := range map[Details]Question{
		Full:   q,
		Agents: {Errors: []aadsts.Error{e}, Posted: at},
		None:   {Errors: []aadsts.Error{{Code: 50076, Explicit: true}}, Posted: at},
	} {
		if diff := cmp.Diff(want, q.Within(details)); diff != "" {
			t.Errorf("%s: %s", details, diff)
		}
	}
	if q.Errors[0].User == "" {
		t.Error("the question itself was changed")
	}
}

// TestProtectedByAnyName holds that a protected account is known by every name that a diagnosis has of it.
func TestProtectedByAnyName(t *testing.T) {
	const name = "Break@contoso.com"
	for what, d := range map[string]runbooks.Diagnosis{
		"asked for":             {Report: facts.Report{Subject: facts.Subject{User: name}}},
		"sign-in name":          {Report: facts.Report{User: facts.See(at, facts.User{UPN: name})}},
		"mail address":          {Report: facts.Report{User: facts.See(at, facts.User{UPN: "x", Mail: name})}},
		"on-premises name":      {Report: facts.Report{User: facts.See(at, facts.User{UPN: "x", OnPremisesUPN: name})}},
		"deleted":               {Report: facts.Report{User: facts.Fact[facts.User]{State: facts.Absent, Value: &facts.User{UPN: name}}}},
		"the sign-in row":       {Report: facts.Report{SignIn: facts.See(at, facts.SignIn{UPN: name})}},
		"the message":           {Errors: []aadsts.Error{{Code: 1}, {Code: 2, User: name}}},
		"as an assumption":      {Report: facts.Report{Subject: facts.Subject{User: name, From: facts.FromReporter}}},
		"somebody else, for no": {Report: facts.Report{Subject: facts.Subject{User: "mia@contoso.com"}}},
	} {
		if got, want := desk(t, nil, "break@contoso.com").Protected(d), what != "somebody else, for no"; got != want {
			t.Errorf("%s: %v", what, got)
		}
	}
	k := desk(t, nil, "break@contoso.com")
	if !k.Names(Question{User: name}) || !k.Names(Question{Errors: []aadsts.Error{{}, {User: name}}}) || k.Names(Question{User: "mia@contoso.com", Reporter: name}) {
		t.Error("a question names whom it asks about, and not who asks")
	}
}
