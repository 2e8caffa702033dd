package handlers

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

func ptr[T any](v T) *T { return &v }

// TestRoleHolder holds that a role counts where it was seen, and that nobody is said to hold none where nobody could look.
func TestRoleHolder(t *testing.T) {
	groups := func(g facts.Groups) facts.Report { return facts.Report{Groups: facts.See(at, g)} }
	for name, row := range map[string]struct {
		r            facts.Report
		holds, known bool
	}{
		"a role":                         {groups(facts.Groups{Admin: true}), true, true},
		"a role, and more than was read": {groups(facts.Groups{Admin: true, Capped: true}), true, true},
		"no role":                        {groups(facts.Groups{}), false, true},
		"no role in what was read":       {groups(facts.Groups{Capped: true}), false, false},
		"no such account":                {facts.Report{Groups: facts.None[facts.Groups](at, "gone")}, false, true},
		"not permitted":                  {facts.Report{Groups: facts.Unread[facts.Groups](facts.NotPermitted, "")}, false, false},
		"not asked":                      {facts.Report{}, false, false},
		"not permitted, but the report names a role": {facts.Report{Groups: facts.Unread[facts.Groups](facts.NotPermitted, ""), MFA: facts.See(at, facts.MFA{Admin: ptr(true)})}, true, true},
		"not permitted, and the report names none":   {facts.Report{Groups: facts.Unread[facts.Groups](facts.NotPermitted, ""), MFA: facts.See(at, facts.MFA{Admin: ptr(false)})}, false, false},
		"no role now, but in the older report":       {facts.Report{Groups: facts.See(at, facts.Groups{}), MFA: facts.See(at, facts.MFA{Admin: ptr(true)})}, false, true},
	} {
		if holds, known := RoleHolder(row.r); holds != row.holds || known != row.known {
			t.Errorf("%s: %v, %v", name, holds, known)
		}
		if got := desk(t, nil).Protected(runbooks.Diagnosis{Report: row.r}); got != row.holds {
			t.Errorf("%s: protected %v", name, got)
		}
	}
}

func TestUncheckedRolesAreSaid(t *testing.T) {
	user := facts.See(at, facts.User{UPN: "mia@contoso.com"})
	for name, row := range map[string]struct {
		r    facts.Report
		want string
	}{
		"not permitted":  {facts.Report{User: user, Groups: facts.Unread[facts.Groups](facts.NotPermitted, "Directory.Read.All")}, "not checked (not permitted, Directory.Read.All)"},
		"capped":         {facts.Report{User: user, Groups: facts.See(at, facts.Groups{Capped: true})}, "more memberships than were read"},
		"read":           {facts.Report{User: user, Groups: facts.See(at, facts.Groups{})}, ""},
		"nobody known":   {facts.Report{Groups: facts.Unread[facts.Groups](facts.NotAsked, "the account's id is not known")}, ""},
		"nobody's roles": {facts.Report{User: user}, ""},
	} {
		d := builtIn(t).Diagnose([]aadsts.Error{{Code: 50076}}, row.r, at)
		says := Compose(d, View{Details: Full}).Plain()
		if row.want == "" && strings.Contains(says, "Admin roles") || !strings.Contains(says, row.want) {
			t.Errorf("%s: want %q in\n%s", name, row.want, says)
		}
		if strings.Contains(Compose(d, View{Details: Agents}).Plain(), "Admin roles") {
			t.Errorf("%s: said to everybody", name)
		}
	}
}

// TestARoleHolderIsNeverShown holds that nothing of a role holder stands on a page, whatever was read, and that whoever posted
// a message that names nobody is not said to be one.
func TestARoleHolderIsNeverShown(t *testing.T) {
	r := everything(facts.Seen, "SECRET", 2)
	for _, from := range []facts.From{facts.FromPaste, facts.FromReporter} {
		r.Subject.From = from
		d := builtIn(t).Diagnose([]aadsts.Error{{Code: 50076, User: "SECRET", CorrelationID: "SECRET"}}, r, at)
		for _, details := range []Details{Full, Agents, None} {
			p := Compose(d, View{Details: details, Protected: desk(t, nil).Protected(d)})
			says := shown(t, p)
			if strings.Contains(says, "SECRET") || !strings.Contains(says, "identity team") || p.Holds.Level != None {
				t.Errorf("%s, %s, level %s:\n%s", from, details, p.Holds.Level, says)
			}
			if assumed := strings.Contains(says, "names nobody"); assumed != (from == facts.FromReporter) {
				t.Errorf("%s, %s: said to be an assumption: %v", from, details, assumed)
			}
			if general := strings.Contains(says, "What it can be"); general != (from == facts.FromReporter) {
				t.Errorf("%s, %s: what the code can mean is there: %v", from, details, general)
			}
		}
	}
}

// TestNothingIsShownBeforeTheRolesAreKnown: a page that is edited while facts come would show a role holder's account first.
func TestNothingIsShownBeforeTheRolesAreKnown(t *testing.T) {
	waiting := facts.Report{User: facts.See(at, facts.User{UPN: "mia@contoso.com"}), Groups: facts.Unread[facts.Groups](facts.NotYet, "still being read")}
	known := waiting
	known.Groups = facts.See(at, facts.Groups{})
	x := &directory{report: known, progress: []facts.Report{waiting, known}}
	var seen []facts.State
	q := Question{Errors: []aadsts.Error{{Code: 50076, User: "mia@contoso.com"}}}
	desk(t, x).Diagnose(t.Context(), q, func(d runbooks.Diagnosis) { seen = append(seen, d.Report.Groups.State) })
	if !slices.Equal(seen, []facts.State{facts.Seen}) {
		t.Errorf("progress was told with the roles %v", seen)
	}
}

// TestWhatTheGuardsAsk holds that every diagnosis that reads a person reads their roles, that one whose steps may give
// somebody a way in reads what speaks against that, and that neither adds a request to the logs and reports.
func TestWhatTheGuardsAsk(t *testing.T) {
	reports := []facts.Name{facts.NameMFA, facts.NameSignIn, facts.NameRecent, facts.NameSpread, facts.NameChanges}
	person := []facts.Name{facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameRecent, facts.NameSignIn}
	book := builtIn(t)
	k := desk(t, &directory{})
	for _, code := range append(book.Codes(), 987654, 0) {
		q, own := Question{User: "mia@contoso.com"}, book.PersonFacts()
		if code != 0 {
			q.Errors, own = []aadsts.Error{{Code: code}}, book.Lookup(code).Facts
		}
		ask := k.query(q).Ask
		reads := slices.ContainsFunc(own, func(n facts.Name) bool { return slices.Contains(person, n) })
		if reads && !slices.Contains(ask, facts.NameGroups) {
			t.Errorf("%d: reads a person and not their roles: %v", code, ask)
		}
		if reads && book.ResetsFor(code) && (!slices.Contains(ask, facts.NameMethods) || !slices.Contains(ask, facts.NameRisk)) {
			t.Errorf("%d: has a reset, and does not ask for what speaks against it: %v", code, ask)
		}
		for _, n := range ask {
			if slices.Contains(reports, n) && !slices.Contains(own, n) {
				t.Errorf("%d: %s is asked for the guards alone", code, n)
			}
		}
	}
	q := k.query(Question{Errors: []aadsts.Error{{Code: 50076}}})
	if !slices.Contains(q.Activities, methodAdded[0]) || slices.Contains(book.Lookup(50076).Changes, methodAdded[0]) {
		t.Errorf("activities %v", q.Activities)
	}
	if q := k.query(Question{Errors: []aadsts.Error{{Code: 50126}}}); len(q.Activities) > 0 {
		t.Errorf("the audit log is not read for this code, but its activities are asked for: %v", q.Activities)
	}
}

// reset is a diagnosis whose first step issues a Temporary Access Pass.
func reset(r facts.Report) runbooks.Diagnosis {
	return runbooks.Diagnosis{
		At: at, Report: r, Primary: &aadsts.Error{Code: 1}, Runbook: &runbooks.Runbook{Code: 1, Title: "T", Person: "P.", Depth: runbooks.Full},
		Causes: []runbooks.Finding{{ID: "a", Verdict: runbooks.Confirmed, Says: "It is so.", Fix: []runbooks.Fix{{Do: "Issue a pass", By: "helpdesk", Resets: true}}}},
	}
}

func TestSigns(t *testing.T) {
	ago := func(h int) *time.Time { return ptr(at.Add(-time.Duration(h) * time.Hour)) }
	held := func(m ...facts.Method) facts.Report {
		return facts.Report{Methods: facts.See(at, facts.Methods{List: m})}
	}
	row := func(r facts.SignIn, rows ...facts.SignIn) facts.Report {
		r.Time = at
		return facts.Report{SignIn: facts.See(at, r), Recent: facts.See(at, facts.Recent{Since: *ago(24), Rows: rows})}
	}
	risk := func(r facts.Risk) facts.Report { return facts.Report{Risk: facts.See(at, r)} }
	changed := func(c ...facts.Change) facts.Report {
		return facts.Report{Changes: facts.See(at, facts.Changes{Since: *ago(24), List: c})}
	}
	from := func(country string, code, hours int) facts.SignIn {
		return facts.SignIn{Country: country, Code: code, Time: *ago(hours)}
	}
	const seen, clear, open = "• ", "No sign seen in: ", "Not looked at: "
	for name, row := range map[string]struct {
		r        facts.Report
		requests *runbooks.Requests
		begins   string // of the line that must hold the words
		words    string
		not      string // must not stand on the page
	}{
		"a method of yesterday":                 {r: held(facts.Method{Kind: "fido2", Detail: "Key", Created: ago(20)}), begins: seen, words: "Key” (Graph authentication methods, 2026-11-23 16:00 UTC)", not: clear + "methods"},
		"a method of exactly 72 hours":          {r: held(facts.Method{Kind: "fido2", Created: ago(72)}), begins: seen, words: "New method"},
		"a method of 73 hours":                  {r: held(facts.Method{Kind: "fido2", Created: ago(73)}), begins: clear, words: "methods added in the last 72 hours", not: "New method"},
		"a new password is no method":           {r: held(facts.Method{Kind: "password", Created: ago(1)}), begins: clear, words: "methods added", not: "New method"},
		"a phone without a date":                {r: held(facts.Method{Kind: "phone"}), begins: open, words: "was added (Graph does not tell)", not: "methods added in the last"},
		"an old key and a phone without a date": {r: held(facts.Method{Kind: "fido2", Created: ago(900)}, facts.Method{Kind: "phone"}), begins: clear, words: "methods added"},
		"methods not permitted":                 {r: facts.Report{Methods: facts.Unread[facts.Methods](facts.NotPermitted, "")}, begins: open, words: "72 hours (not permitted)"},
		"a registration in the audit":           {r: changed(facts.Change{Activity: "User registered security info", Actor: "mia@contoso.com", Time: *ago(2)}), begins: seen, words: "User registered security info, by mia@contoso.com (Entra audit log, 2026-11-24 10:00 UTC)"},
		"something else in the audit":           {r: changed(facts.Change{Activity: "Update policy", Time: *ago(2)}), begins: clear, words: "registrations in the audit log since 2026-11-23 12:00 UTC", not: "Update policy"},
		"the audit failed":                      {r: facts.Report{Changes: facts.Unread[facts.Changes](facts.Failed, "")}, begins: open, words: "audit log (failed)"},
		"at risk":                               {r: risk(facts.Risk{Level: "high", State: "atRisk", Active: true, Updated: ago(5)}), begins: seen, words: "level high, state atRisk (Entra ID Protection, 2026-11-24 07:00 UTC)"},
		"risk remediated":                       {r: risk(facts.Risk{Level: "none", State: "remediated"}), begins: clear, words: "risk of the person"},
		"risk hidden":                           {r: risk(facts.Risk{Level: "hidden"}), begins: open, words: "risk of the person (hidden without a P2 licence)", not: clear},
		"no record of risk":                     {r: facts.Report{Risk: facts.None[facts.Risk](at, "")}, begins: clear, words: "risk of the person"},
		"risk not licensed":                     {r: facts.Report{Risk: facts.Unread[facts.Risk](facts.NotLicensed, "")}, begins: open, words: "risk of the person (not licensed)"},
		"risk at the sign-in":                   {r: row(facts.SignIn{RiskLevel: "medium", RiskEvents: []string{"anonymizedIPAddress"}}), begins: seen, words: "Risk at this sign-in: medium, detections: anonymizedIPAddress (Entra sign-in log, 2026-11-24 12:00 UTC)"},
		"no risk at the sign-in":                {r: row(facts.SignIn{RiskLevel: "none"}), begins: clear, words: "risk of the sign-in"},
		"risk at the sign-in hidden":            {r: row(facts.SignIn{RiskLevel: "hidden"}), begins: open, words: "risk of the sign-in (hidden"},
		"another country":                       {r: row(facts.SignIn{Country: "CA"}, from("DE", 0, 3), from("FR", 0, 4)), begins: seen, words: "Sign-in from CA; the successful ones since 2026-11-23 12:00 UTC were from DE, FR"},
		"the usual country":                     {r: row(facts.SignIn{Country: "DE"}, from("DE", 0, 3)), begins: clear, words: "country of the sign-in"},
		"only failures from there":              {r: row(facts.SignIn{Country: "CA"}, from("CA", 50126, 3), from("DE", 0, 3)), begins: seen, words: "Sign-in from CA"},
		"a success from there afterwards":       {r: row(facts.SignIn{Country: "CA"}, from("CA", 0, -1), from("DE", 0, 3)), begins: seen, words: "Sign-in from CA"},
		"no success to compare with":            {r: row(facts.SignIn{Country: "CA"}, from("CA", 50126, 3)), begins: open, words: "country of the sign-in (no success before it", not: "Sign-in from"},
		"no row":                                {r: facts.Report{SignIn: facts.Unread[facts.SignIn](facts.NotYet, "")}, begins: open, words: "risk and country of the sign-in (not yet)"},
		"three requests":                        {requests: &runbooks.Requests{Cases: 3, Since: *ago(168)}, begins: seen, words: "3 sign-in errors of this person"},
		"two requests":                          {requests: &runbooks.Requests{Cases: 2}, begins: clear, words: "requests of the last 7 days"},
		"requests that cannot be counted":       {requests: &runbooks.Requests{Err: errors.New("down")}, begins: open, words: "earlier requests (the database did not answer)"},
		"nobody counts requests":                {begins: open, words: "risk of the person (not asked)", not: "requests"},
	} {
		t.Run(name, func(t *testing.T) {
			d := reset(row.r)
			d.Requests = row.requests
			p := Compose(d, View{Details: Full})
			i := slices.IndexFunc(p.Parts, func(x Part) bool { return x.Title == signsTitle })
			if i < 0 || i+1 >= len(p.Parts) || p.Parts[i+1].Title != "Next" || p.Parts[i].Lines[0] != verifySays {
				t.Fatalf("the signs do not stand before the steps:\n%s", p.Plain())
			}
			if !slices.ContainsFunc(p.Parts[i].Lines, func(l string) bool { return strings.HasPrefix(l, row.begins) && strings.Contains(l, row.words) }) {
				t.Errorf("no line %q… with %q:\n%s", row.begins, row.words, strings.Join(p.Parts[i].Lines, "\n"))
			}
			if row.not != "" && strings.Contains(strings.Join(p.Parts[i].Lines, "\n"), row.not) {
				t.Errorf("says %q:\n%s", row.not, strings.Join(p.Parts[i].Lines, "\n"))
			}
		})
	}
}

// TestSignsAreForAgents holds where the signs do not stand.
func TestSignsAreForAgents(t *testing.T) {
	harmless := reset(facts.Report{})
	harmless.Causes[0].Fix[0].Resets = false
	third := reset(facts.Report{})
	third.Causes[0].Fix = append([]runbooks.Fix{{Do: "x"}, {Do: "y"}, {Do: "z"}}, third.Causes[0].Fix...) // not on the page
	for name, row := range map[string]struct {
		d runbooks.Diagnosis
		v View
	}{
		"no step gives a way in":     {harmless, View{Details: Full}},
		"the step is not shown":      {third, View{Details: Full}},
		"the person reads it":        {reset(facts.Report{}), View{Details: Full, Own: true}},
		"what everybody may read":    {reset(facts.Report{}), View{Details: Agents}},
		"the runbook alone":          {reset(facts.Report{}), View{Details: None}},
		"an account of no place":     {reset(facts.Report{}), View{Details: Full, Protected: true}},
		"with what was read, agents": {reset(everything(facts.Seen, "x", 1)), View{Details: Agents}},
	} {
		if says := Compose(row.d, row.v).Plain(); strings.Contains(says, signsTitle) {
			t.Errorf("%s:\n%s", name, says)
		}
	}
	if says := Compose(reset(everything(facts.Seen, "x", 9)), View{Details: Full, Reading: true}).Plain(); !strings.Contains(says, verifySays) || strings.Contains(says, "New method") || strings.Contains(says, "Not looked at") {
		t.Errorf("while facts are read:\n%s", says)
	}
}

func TestRequestsAreCountedOnlyBeforeAReset(t *testing.T) {
	x := &directory{report: facts.Report{Subject: facts.Subject{User: "mia@contoso.com"}}}
	k := desk(t, x)
	var asked []string
	k.Requests = func(_ context.Context, who string, present int64) (int, error) {
		asked = append(asked, who)
		return int(present), nil
	}
	if d := k.Diagnose(t.Context(), Question{Errors: []aadsts.Error{{Code: 50076}}, Case: 7}, nil); d.Requests == nil || d.Requests.Cases != 7 || d.Requests.Since != at.Add(-RequestsFor) {
		t.Errorf("requests %+v", d.Requests)
	}
	if d := k.Diagnose(t.Context(), Question{Errors: []aadsts.Error{{Code: 50011}}}, nil); d.Requests != nil {
		t.Errorf("requests of a code without a reset: %+v", d.Requests)
	}
	if !reflect.DeepEqual(asked, []string{"mia@contoso.com"}) {
		t.Errorf("asked about %v", asked)
	}
}
