package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// ofLog are the facts that come from the sign-in log.
var ofLog = []facts.Name{facts.NameSignIn, facts.NameRecent, facts.NameSpread}

// logState is a tenant where ana failed twice and then succeeded, lee, a guest, failed once, and so did two others.
func logState() tenantfake.State {
	err := now.Add(-30 * time.Minute)
	of := func(id, upn, correlation string) tenantfake.Object {
		return tenantfake.Object{"userId": id, "userPrincipalName": upn, "correlationId": correlation}
	}
	return tenantfake.State{
		Users: []tenantfake.Object{
			person(id1, "ana@contoso.com", tenantfake.Object{"mail": "ana.lima@contoso.com"}),
			person(id2, "lee_fabrikam.com#EXT#@contoso.onmicrosoft.com", tenantfake.Object{"userType": "Guest", "mail": "lee@fabrikam.com"}),
			person(id3, "mia@contoso.com", nil),
		},
		SignIns: []tenantfake.Object{
			signIn(request, err, 50076, of(id1, "ana@contoso.com", correlation)),
			signIn("ana-before", err.Add(-time.Hour), 50076, of(id1, "ana@contoso.com", "x")),
			signIn("ana-after", err.Add(time.Minute), 0, of(id1, "ana@contoso.com", "y")),
			signIn("lee", err, 50076, of(id2, "lee@fabrikam.com", "cccccccc-0000-4000-8000-000000000002")),
			signIn("mia", err, 50076, of(id3, "mia@contoso.com", "cccccccc-0000-4000-8000-000000000003")),
			signIn("old", now.AddDate(0, 0, -5), 50076, of(id3, "mia@contoso.com", "cccccccc-0000-4000-8000-000000000004")),
		},
	}
}

func TestOneSearchHoldsAllThatIsKnownFromTheStart(t *testing.T) {
	at := now.Add(-30 * time.Minute)
	for name, c := range map[string]struct {
		change func(*tenantfake.State)
		q      facts.Query
		want   int    // searches
		row    string // "" none
		same   int    // failures of the person with the code; -1: nobody's are known
	}{
		"named":                       {q: facts.Query{User: "ana@contoso.com", CorrelationID: correlation, Time: at}, want: 1, row: request, same: 2},
		"named in capitals":           {q: facts.Query{User: " ANA@Contoso.com ", CorrelationID: correlation, Time: at}, want: 1, row: request, same: 2},
		"named by object id":          {q: facts.Query{User: strings.ToUpper(id1), CorrelationID: correlation, Time: at}, want: 1, row: request, same: 2},
		"named, with a request id":    {q: facts.Query{User: "ana@contoso.com", TraceID: request, Time: at}, want: 1, row: request, same: 2},
		"named, without ids":          {q: facts.Query{User: "ana@contoso.com", Time: at}, want: 1, same: 2},
		"named by another address":    {q: facts.Query{User: "ana.lima@contoso.com", CorrelationID: correlation, Time: at}, want: 2, row: request, same: 2},
		"a guest by the made name":    {q: facts.Query{User: "lee_fabrikam.com#EXT#@contoso.onmicrosoft.com", CorrelationID: "cccccccc-0000-4000-8000-000000000002", Time: at}, want: 1, row: "lee", same: 1},
		"a guest by the home address": {q: facts.Query{User: "lee@fabrikam.com", CorrelationID: "cccccccc-0000-4000-8000-000000000002", Time: at}, want: 1, row: "lee", same: 1},
		"a guest whom the log knows by another address": {
			change: func(s *tenantfake.State) { s.SignIns[3]["userPrincipalName"] = "lee@other.example" },
			q:      facts.Query{User: "lee@fabrikam.com", Time: at}, want: 2, same: 1},
		"the reporter is the person":        {q: facts.Query{Reporter: "ana@contoso.com", CorrelationID: correlation, Time: at}, want: 1, row: request, same: 2},
		"the reporter, without ids":         {q: facts.Query{Reporter: "ana@contoso.com", Time: at}, want: 1, same: 2},
		"the reporter is another":           {q: facts.Query{Reporter: "mia@contoso.com", CorrelationID: correlation, Time: at}, want: 2, row: request, same: 2},
		"nobody is known":                   {q: facts.Query{CorrelationID: correlation, Time: at}, want: 2, row: request, same: 2},
		"the row is another's":              {q: facts.Query{User: "ana@contoso.com", CorrelationID: "cccccccc-0000-4000-8000-000000000003", Time: at}, want: 1, row: "mia", same: 2},
		"no row, and the time is known":     {q: facts.Query{User: "ana@contoso.com", CorrelationID: "dddddddd-0000-4000-8000-000000000009", Time: at}, want: 1, same: 2},
		"an old row, and the time is known": {q: facts.Query{User: "mia@contoso.com", CorrelationID: "cccccccc-0000-4000-8000-000000000004", Time: now.AddDate(0, 0, -5)}, want: 2, row: "old", same: 2},
		"an old row, and the time is not":   {q: facts.Query{User: "mia@contoso.com", CorrelationID: "cccccccc-0000-4000-8000-000000000004"}, want: 2, row: "old", same: 1},
		"of some hours ago":                 {q: facts.Query{User: "mia@contoso.com", CorrelationID: "cccccccc-0000-4000-8000-000000000003", Time: now.Add(-5 * time.Hour)}, want: 1, row: "mia", same: 1},
	} {
		t.Run(name, func(t *testing.T) {
			state := logState()
			if c.change != nil {
				c.change(&state)
			}
			s := serve(t, state)
			c.q.Ask, c.q.Code, c.q.Related = ofLog, 50076, []int{50079, 50074}
			r := connect(t, s).Collect(t.Context(), c.q)
			if n := s.Count("auditLogs/signIns"); n != c.want {
				t.Errorf("%d searches, want %d", n, c.want)
			}
			if f := r.SignIn; f.OK() != (c.row != "") || f.OK() && f.Value.ID != c.row {
				t.Errorf("sign-in %s %q %+v", f.State, f.Reason, f.Value)
			}
			if f := r.Recent; !f.OK() || f.Value.SameFailures != c.same {
				t.Errorf("recent %s %q %+v", f.State, f.Reason, f.Value)
			}
			if f := r.Spread; !f.OK() || f.Value.Users != 3 || f.Value.Rows != 4 || f.Value.Capped {
				t.Errorf("spread %s %q %+v", f.State, f.Reason, f.Value)
			}
		})
	}
}

func TestANameWithoutRowsIsNotTheAccountsAbsence(t *testing.T) {
	state := logState()
	state.Users = append(state.Users, person("aaaaaaaa-0000-4000-8000-000000000004", "new@contoso.com", nil))
	for name, want := range map[string]facts.State{"new@contoso.com": facts.Absent, "lee@fabrikam.com": facts.Seen} {
		s := serve(t, state)
		s.Change(func(st *tenantfake.State) { st.SignIns[3]["userPrincipalName"] = "x@y.example" })
		f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameRecent}, User: name}).Recent
		if f.State != want || f.Reason == "" && want == facts.Absent {
			t.Errorf("%s: %s %q", name, f.State, f.Reason)
		}
	}
}

func TestPeopleAreNotCrowdedOutByACodeThatManyHave(t *testing.T) {
	state := logState()
	for i := range 300 {
		state.SignIns = append(state.SignIns, signIn(fmt.Sprint("r", i), now.Add(-time.Duration(i)*time.Second), 50076,
			tenantfake.Object{"userId": fmt.Sprint("other-", i%40), "userPrincipalName": "other@contoso.com", "correlationId": "z"}))
	}
	s := serve(t, state)
	r := connect(t, s).Collect(t.Context(), facts.Query{Ask: ofLog, Code: 50076, User: "ana@contoso.com", CorrelationID: correlation, Time: now.Add(-30 * time.Minute)})
	if f := r.Recent; !f.OK() || f.Value.SameFailures != 2 || !f.Value.Healed || f.Value.Capped {
		t.Errorf("recent %s %q %+v", f.State, f.Reason, f.Value)
	}
	if !r.SignIn.OK() || r.SignIn.Value.ID != request {
		t.Errorf("sign-in %s %q", r.SignIn.State, r.SignIn.Reason)
	}
	if f := r.Spread; !f.OK() || !f.Value.Capped || f.Value.Rows != 250 || f.Value.Users != 40 {
		t.Errorf("spread %s %q %+v", f.State, f.Reason, f.Value)
	}
	if n := s.Count("auditLogs/signIns"); n != 2 {
		t.Errorf("%d searches", n)
	}
}

func TestAFullPageOfOldRowsDoesNotCapTheLastDay(t *testing.T) {
	state := logState()
	for i := range 300 { // older than a day, and still in the window of an error of this morning
		state.SignIns = append(state.SignIns, signIn(fmt.Sprint("r", i), now.Add(-25*time.Hour-time.Duration(i)*time.Second), 50076, tenantfake.Object{"userId": "other", "correlationId": "z"}))
	}
	f := connect(t, serve(t, state)).Collect(t.Context(), facts.Query{Ask: ofLog, Code: 50076, User: "ana@contoso.com", Time: now.Add(-5 * time.Hour)}).Spread
	if !f.OK() || f.Value.Capped || f.Value.Rows != 4 {
		t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
	}
}

func TestARefusalOfMixedConditionsIsRemembered(t *testing.T) {
	state := logState()
	state.RefuseMixed = true
	s := serve(t, state)
	tenant := connect(t, s)
	before := 0
	for _, c := range []struct {
		user, correlation, row string
		want                   int
	}{
		{"ana@contoso.com", correlation, request, 3},                          // refused, then the person with the row of the error, then the codes
		{"mia@contoso.com", "cccccccc-0000-4000-8000-000000000003", "mia", 1}, // the codes are known by now
		{"lee@fabrikam.com", correlation, request, 1},                         // and so is this row
	} {
		r := tenant.Collect(t.Context(), facts.Query{Ask: ofLog, Code: 50076, Related: []int{50079}, User: c.user, CorrelationID: c.correlation, Time: now.Add(-30 * time.Minute)})
		if !r.SignIn.OK() || r.SignIn.Value.ID != c.row || !r.Recent.OK() || !r.Spread.OK() || r.Spread.Value.Users != 3 {
			t.Errorf("%s: sign-in %s %q, recent %s, spread %s", c.user, r.SignIn.State, r.SignIn.Reason, r.Recent.State, r.Spread.State)
		}
		n := s.Count("auditLogs/signIns")
		if n-before != c.want {
			t.Errorf("%s took %d searches, want %d", c.user, n-before, c.want)
		}
		before = n
	}
}

func TestPastesOfSeveralPeopleShareSearches(t *testing.T) {
	const people = 7
	state := tenantfake.State{}
	id := func(i int) string { return fmt.Sprintf("eeeeeeee-0000-4000-8000-0000000000%02d", i) }
	for i := range people {
		upn := fmt.Sprintf("p%d@contoso.com", i)
		state.Users = append(state.Users, person(id(i), upn, nil))
		state.SignIns = append(state.SignIns, signIn(fmt.Sprint("row-", i), now.Add(-time.Minute), 50076, tenantfake.Object{"correlationId": id(i), "userId": id(i), "userPrincipalName": upn}))
	}
	clock := newJump()
	s := tenantfake.NewAt(state, clock.Now)
	t.Cleanup(s.Close)
	hold, reached := make(chan struct{}), make(chan struct{}, 1)
	s.Break(tenantfake.Fault{Path: "beta/auditLogs/signIns", Hold: hold, Reached: reached, Times: 1})
	tenant := connect(t, s, clock.use)
	ask := func(i int) facts.Report {
		return tenant.Collect(t.Context(), facts.Query{Ask: ofLog, Code: 50076, Related: []int{50074}, User: fmt.Sprintf("p%d@contoso.com", i), CorrelationID: id(i), Time: now.Add(-time.Minute)})
	}
	first, others := make(chan facts.Report), make(chan []facts.Report)
	go func() { first <- ask(0) }()
	<-reached
	go func() { others <- together(people-1, func(i int) facts.Report { return ask(i + 1) }) }()
	tenant.WaitForLookups(2 * (people - 1)) // the codes are under way with the first
	close(hold)
	for i, r := range append([]facts.Report{<-first}, <-others...) {
		if !r.SignIn.OK() || r.SignIn.Value.ID != fmt.Sprint("row-", i) || !r.Recent.OK() || r.Recent.Value.SameFailures != 1 || !r.Spread.OK() || r.Spread.Value.Users != people {
			t.Errorf("%d: sign-in %s %q, recent %s %q, spread %+v", i, r.SignIn.State, r.SignIn.Reason, r.Recent.State, r.Recent.Reason, r.Spread.Value)
		}
	}
	if n := s.Count("auditLogs/signIns"); n != 2 {
		t.Errorf("%d searches", n)
	}
}

func TestAShortPageIsNotTheEnd(t *testing.T) {
	state := logState()
	state.PageSize = 1
	r := connect(t, serve(t, state), newJump().use).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameRecent}, Code: 50076, User: id1})
	if f := r.Recent; !f.OK() || len(f.Value.Rows) != 3 {
		t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
	}
}

func TestTheLastSuccessIsTheLogsWhereItHasOne(t *testing.T) {
	for name, c := range map[string]struct {
		ask   []facts.Name
		user  string
		want  time.Time
		extra bool // signInActivity is read
	}{
		"in the log":           {[]facts.Name{facts.NameUser, facts.NameRecent}, "ana@contoso.com", now.Add(-29 * time.Minute), false},
		"not in the log":       {[]facts.Name{facts.NameUser, facts.NameRecent}, "mia@contoso.com", now.Add(-50 * time.Hour), true},
		"the log is not asked": {[]facts.Name{facts.NameUser}, "ana@contoso.com", now.Add(-50 * time.Hour), true},
	} {
		state := logState()
		for _, u := range state.Users {
			u["signInActivity"] = tenantfake.Object{"lastSuccessfulSignInDateTime": now.Add(-50 * time.Hour).Format(time.RFC3339)}
		}
		s := serve(t, state)
		f := connect(t, s).Collect(t.Context(), facts.Query{Ask: c.ask, User: c.user}).User
		if !f.OK() || f.Value.LastSuccess == nil || !f.Value.LastSuccess.Equal(c.want) {
			t.Errorf("%s: %s %q %+v", name, f.State, f.Reason, f.Value)
		}
		extra := false
		for _, r := range s.Requests() {
			extra = extra || strings.Contains(r.Query.Get("$select"), "signInActivity")
		}
		if extra != c.extra {
			t.Errorf("%s: signInActivity read: %v", name, extra)
		}
	}
}

func TestWithoutBetaAMissingRowIsNotAbsent(t *testing.T) {
	s := serve(t, tenantfake.State{Users: []tenantfake.Object{person(id1, "a@contoso.com", nil)}})
	s.Break(tenantfake.Fault{Path: "beta", Status: 404, Body: `{}`})
	r := connect(t, s, newJump().use).Collect(t.Context(), facts.Query{Ask: ofLog, Code: 40009, User: id1, CorrelationID: correlation, Time: now.Add(-time.Hour)})
	if f := r.SignIn; f.State != facts.Failed || !strings.Contains(f.Reason, "interactive sign-ins only") {
		t.Errorf("sign-in %s %q", f.State, f.Reason)
	}
	if f := r.Recent; f.State != facts.Failed || !strings.Contains(f.Reason, "interactive sign-ins only") {
		t.Errorf("recent %s %q", f.State, f.Reason)
	}
}
