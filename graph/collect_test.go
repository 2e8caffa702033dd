package graph_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

func TestOnlyWhatIsAskedForIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		q    facts.Query
		want []string // what the paths contain, in any order
	}{
		"nothing":                       {facts.Query{User: "mia@contoso.com", CorrelationID: correlation}, nil},
		"the providers":                 {facts.Query{Ask: []facts.Name{facts.NameProviders}, User: "mia@contoso.com", CorrelationID: correlation}, []string{"identityProviders"}},
		"a domain by name":              {facts.Query{Ask: []facts.Name{facts.NameDomain}, Domain: "contoso.com"}, []string{"domains/contoso.com", "federationConfiguration"}},
		"methods need the person":       {facts.Query{Ask: []facts.Name{facts.NameMethods}, User: "mia@contoso.com"}, []string{"users/mia", "/methods"}},
		"a person who is named by hand": {facts.Query{Ask: []facts.Name{facts.NameSpread}, Code: 50126, User: "mia@contoso.com", TraceID: request}, []string{"signIns"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.Demo(now))
			connect(t, s).Collect(t.Context(), c.q)
			for _, r := range s.Requests() {
				known := false
				for _, w := range c.want {
					known = known || strings.Contains(r.Path, w)
				}
				if !known {
					t.Errorf("asked for %s", r.Path)
				}
			}
		})
	}
}

func TestFactsThatNobodyAskedForStayZero(t *testing.T) {
	r := connect(t, serve(t, tenantfake.Demo(now))).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameMFA}, User: "mia@contoso.com"})
	want := facts.Report{Subject: r.Subject, MFA: r.MFA}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if !r.MFA.OK() || r.MFA.Value.Registered {
		t.Errorf("%s %+v", r.MFA.State, r.MFA.Value)
	}
}

func TestWhoIsAffected(t *testing.T) {
	const olga = "11111111-0000-4000-8000-000000000006"
	noah := facts.Subject{User: "noah@contoso.com", ID: "11111111-0000-4000-8000-000000000002", Domain: "contoso.com"}
	from := func(s facts.Subject, f facts.From) facts.Subject { s.From = f; return s }
	for name, c := range map[string]struct {
		q    facts.Query
		want facts.Subject
		user facts.State
	}{
		"named in the paste":                   {facts.Query{User: "Noah@Contoso.com", From: facts.FromPaste}, from(noah, facts.FromPaste), facts.Seen},
		"named by hand":                        {facts.Query{User: "noah@contoso.com", From: facts.FromFlag}, from(noah, facts.FromFlag), facts.Seen},
		"named by object id":                   {facts.Query{User: noah.ID, From: facts.FromFlag}, from(noah, facts.FromFlag), facts.Seen},
		"named although the row names another": {facts.Query{User: "noah@contoso.com", CorrelationID: "c7a5e9d1-04b8-4e36-b1f0-2d8c4f5a6e03", Reporter: "mia@contoso.com"}, from(noah, facts.FromPaste), facts.Seen},
		"by the row of the correlation id":     {facts.Query{CorrelationID: "8f4d2a6b-1e93-4b7c-8c25-6a9e0b7d3c02", Reporter: "mia@contoso.com"}, from(noah, facts.FromSignIn), facts.Seen},
		"by the row of the request id":         {facts.Query{TraceID: "2f81b0c6-93ad-4e7f-b2d4-5c6a8e1f7d00"}, from(noah, facts.FromSignIn), facts.Seen},
		"a guest by the row, which holds the home address": {facts.Query{Code: 40009, CorrelationID: "c7a5e9d1-04b8-4e36-b1f0-2d8c4f5a6e03"},
			facts.Subject{User: "olga.berg_gmail.com#EXT#@contoso.onmicrosoft.com", ID: olga, Domain: "gmail.com", From: facts.FromSignIn}, facts.Seen},
		"the reporter where no row is found":  {facts.Query{CorrelationID: correlation, Reporter: "noah@contoso.com"}, from(noah, facts.FromReporter), facts.Seen},
		"the reporter where there are no ids": {facts.Query{Reporter: "noah@contoso.com"}, from(noah, facts.FromReporter), facts.Seen},
		"a reporter from elsewhere":           {facts.Query{Reporter: "x@partner.example"}, facts.Subject{User: "x@partner.example", Domain: "partner.example", From: facts.FromReporter}, facts.Absent},
		"somebody who does not exist":         {facts.Query{User: "nobody@contoso.com"}, facts.Subject{User: "nobody@contoso.com", Domain: "contoso.com", From: facts.FromPaste}, facts.Absent},
		"a guest who does not exist":          {facts.Query{User: "x_y_partner.example#EXT#@contoso.onmicrosoft.com"}, facts.Subject{User: "x_y_partner.example#EXT#@contoso.onmicrosoft.com", Domain: "partner.example", From: facts.FromPaste}, facts.Absent},
		"nobody":                              {facts.Query{}, facts.Subject{}, facts.NotAsked},
	} {
		t.Run(name, func(t *testing.T) {
			c.q.Ask = []facts.Name{facts.NameUser}
			r := connect(t, serve(t, tenantfake.Demo(now))).Collect(t.Context(), c.q)
			if diff := cmp.Diff(c.want, r.Subject); diff != "" {
				t.Error(diff)
			}
			if r.User.State != c.user {
				t.Errorf("user %s %q", r.User.State, r.User.Reason)
			}
		})
	}
}

func TestTheRowsObjectIDServesWhereAccountsCannotBeRead(t *testing.T) {
	s := serve(t, tenantfake.Demo(now)).Without("User.Read.All", "Directory.Read.All")
	q := everything()
	q.User = ""
	r := connect(t, s).Collect(t.Context(), q)
	if r.User.State != facts.NotPermitted || !r.Methods.OK() || !r.Recent.OK() || !r.MFA.OK() {
		t.Errorf("user %s, methods %s, recent %s, mfa %s", r.User.State, r.Methods.State, r.Recent.State, r.MFA.State)
	}
	if r.Subject.User != "noah@contoso.com" || !r.Domain.OK() {
		t.Errorf("subject %+v, domain %s", r.Subject, r.Domain.State)
	}
}

func TestProgressShowsWhatIsKnownWhileOneReadIsSlow(t *testing.T) {
	bubble(t, tenantfake.Demo(now), func(t *testing.T, s *tenantfake.Server, _ *line, tenant *graph.Tenant) {
		hold := make(chan struct{})
		s.Break(tenantfake.Fault{Path: "v1.0/users/11111111-0000-4000-8000-000000000002/authentication", Hold: hold})
		slow := []facts.Name{facts.NameMethods, facts.NameMFA}
		q := everything()
		var seen []facts.Report
		var returned bool
		released := false
		q.Progress = func(r facts.Report) {
			if returned {
				t.Error("progress after the end")
			}
			seen = append(seen, r)
			for name, state := range states(r) {
				if state == facts.NotYet && !slices.Contains(slow, name) {
					return
				}
			}
			if !released { // everything but the held ones is there
				released = true
				close(hold)
			}
		}
		r := tenant.Collect(t.Context(), q)
		returned = true
		if len(seen) == 0 {
			t.Fatal("no progress")
		}
		last := seen[len(seen)-1]
		for _, s := range seen {
			if s.Methods.State == facts.NotYet && s.Methods.Reason != "still being read" {
				t.Errorf("methods in between: %q", s.Methods.Reason)
			}
		}
		if !last.User.OK() || last.Subject.User != "noah@contoso.com" {
			t.Errorf("the last snapshot lacks the account: %+v", last.User)
		}
		for name, state := range states(r) {
			if slices.Contains(q.Ask, name) && state != facts.Seen && !absentOf(name) {
				t.Errorf("at the end %s is %s", name, state)
			}
		}
	})
}

func TestWithoutSlowReadsThereIsNoProgress(t *testing.T) {
	bubble(t, tenantfake.Demo(now), func(t *testing.T, _ *tenantfake.Server, _ *line, tenant *graph.Tenant) {
		q := everything()
		q.Progress = func(facts.Report) { t.Error("progress") }
		tenant.Collect(t.Context(), q)
	})
}

func TestOneSlowReadCostsNoOther(t *testing.T) {
	for path, lost := range map[string][]facts.Name{
		"v1.0/identity":  {facts.NamePolicies, facts.NameLocations, facts.NameProviders, facts.NameRisk},
		"v1.0/domains":   {facts.NameDomain, facts.NameFederation},
		"v1.0/policies":  {facts.NameDefaults, facts.NameMethodsPolicy, facts.NameStrengths, facts.NameMFA},
		"beta/users":     {facts.NamePerUserMFA},
		"v1.0/auditLogs": {facts.NameChanges},
		"beta/auditLogs": {facts.NameSignIn, facts.NameRecent, facts.NameSpread, facts.NameDevice, facts.NameGuest}, // one search
		"v1.0/users/11111111-0000-4000-8000-000000000002/authentication": {facts.NameMethods, facts.NameMFA},
		"v1.0/users/noah": {facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameRecent, facts.NameDomain, facts.NameFederation,
			facts.NamePerUserMFA, facts.NameConsent, facts.NameAssignment, facts.NameGroups, facts.NameRisk, facts.NameGuest},
		"v1.0/applications":           {facts.NameApp},
		"v1.0/servicePrincipals":      {facts.NamePrincipal, facts.NameResource, facts.NameConsent, facts.NameAssignment},
		"v1.0/oauth2PermissionGrants": {facts.NameConsent},
		"v1.0/devices":                {facts.NameDevice},
		"v1.0/identityProtection":     {facts.NameRisk},
		"v1.0/admin":                  {facts.NameHealth},
		"v1.0/subscribedSkus":         {facts.NameLicences},
		"v1.0/organization":           {facts.NameOrganization},
	} {
		t.Run(path, func(t *testing.T) {
			bubble(t, tenantfake.Demo(now), func(t *testing.T, s *tenantfake.Server, _ *line, tenant *graph.Tenant) {
				s.Break(tenantfake.Fault{Path: path, Hold: make(chan struct{})})
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				q := everything()
				for _, e := range entries(tenant.Collect(ctx, q)) {
					slow := slices.Contains(lost, e.Name)
					if slow && (e.State != facts.Failed || !strings.Contains(e.Reason, "no answer within 20 s")) {
						t.Errorf("%s is %s %q", e.Name, e.State, e.Reason)
					}
					if !slow && slices.Contains(q.Ask, e.Name) && (e.State == facts.Failed || e.State == facts.NotAsked) {
						t.Errorf("%s is %s %q, though it is not slow", e.Name, e.State, e.Reason)
					}
				}
			})
		})
	}
}

func TestTheDeadlineIsSaid(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	s.Break(tenantfake.Fault{Hold: make(chan struct{})})
	// Time stands still: a clock that jumps would be a second on where a request has ended and the next may go.
	still := graph.Clock{Now: func() time.Time { return now }, After: func(time.Duration) <-chan time.Time { return nil }}
	tenant := connect(t, s, func(c *graph.Config) { c.Clock = still })
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(30*time.Millisecond))
	defer cancel()
	go func() { <-ctx.Done() }()
	r := tenant.Collect(ctx, everything())
	for _, e := range entries(r) {
		if e.State != facts.Failed || !strings.Contains(e.Reason, "no answer within 0 s") {
			t.Errorf("%s is %s %q", e.Name, e.State, e.Reason)
		}
	}
}

func TestTenPastesOfOnePersonCostOneSetOfCalls(t *testing.T) {
	count := func(n int) int {
		s := serve(t, tenantfake.Demo(now))
		tenant := connect(t, s)
		for _, r := range together(n, func(int) facts.Report { return tenant.Collect(t.Context(), everything()) }) {
			if !r.Recent.OK() || !r.SignIn.OK() {
				t.Errorf("recent %s %q, sign-in %s %q", r.Recent.State, r.Recent.Reason, r.SignIn.State, r.SignIn.Reason)
			}
		}
		tenant.Collect(t.Context(), everything()) // and one later, from the cache
		return len(s.Requests()) - s.Count("$batch")
	}
	if one, ten := count(1), count(10); one != ten {
		t.Errorf("one paste costs %d requests, ten cost %d", one, ten)
	}
}

func TestAFailureIsNotRemembered(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	s.Break(tenantfake.Fault{Path: "v1.0/users", Status: 500, Body: "{}"})
	tenant := connect(t, s)
	if f := tenant.Collect(t.Context(), aUser("ava@contoso.com")).User; f.State != facts.Failed {
		t.Fatalf("%s", f.State)
	}
	s.Mend()
	if f := tenant.Collect(t.Context(), aUser("ava@contoso.com")).User; !f.OK() {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}

func TestWhoeverGivesUpDoesNotTakeTheReadFromOthers(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	hold, reached := make(chan struct{}), make(chan struct{}, 1)
	s.Break(tenantfake.Fault{Path: "v1.0/users/ava", Hold: hold, Reached: reached, Times: 1})
	tenant := connect(t, s)
	first, giveUp := context.WithCancel(t.Context())
	gone, got := make(chan facts.Report), make(chan facts.Report)
	go func() { gone <- tenant.Collect(first, aUser("ava@contoso.com")) }()
	<-reached
	go func() { got <- tenant.Collect(t.Context(), aUser("ava@contoso.com")) }()
	tenant.WaitForSharing("ava@contoso.com", 2)
	giveUp()
	if r := <-gone; r.User.State != facts.Failed {
		t.Errorf("whoever gave up got %s", r.User.State)
	}
	close(hold)
	if r := <-got; !r.User.OK() {
		t.Errorf("the other got %s %q", r.User.State, r.User.Reason)
	}
	if n := s.Count("users/ava"); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestSixtyDiagnosesInAMinuteAreNeverThrottled lets sixty people paste at once. The clock of the client is that of the
// tenant, which enforces Microsoft's limits.
func TestSixtyDiagnosesInAMinuteAreNeverThrottled(t *testing.T) {
	const people = 60
	clock := newJump()
	state := tenantfake.Demo(now)
	user := func(i int) (id, correlation string) {
		return fmt.Sprintf("eeeeeeee-0000-4000-8000-0000000000%02d", i), fmt.Sprintf("ffffffff-0000-4000-8000-0000000000%02d", i)
	}
	for i := range people {
		id, correlation := user(i)
		upn := fmt.Sprintf("p%02d@contoso.com", i)
		state.Users = append(state.Users, person(id, upn, nil))
		state.Methods[id] = []tenantfake.Object{{"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": "x"}}
		state.Registration = append(state.Registration, tenantfake.Object{"id": id, "isMfaRegistered": true})
		row := signIn(fmt.Sprint("row-", i), now.Add(-time.Minute), 50076, tenantfake.Object{"correlationId": correlation, "userId": id, "userPrincipalName": upn})
		if i%3 == 0 { // a refresh, which only beta knows
			row["isInteractive"], row["signInEventTypes"] = false, []string{"nonInteractiveUser"}
		}
		state.SignIns = append(state.SignIns, row)
	}
	s := tenantfake.NewAt(state, clock.Now)
	t.Cleanup(s.Close)
	tenant := connect(t, s, clock.use)
	reports := together(people, func(i int) facts.Report {
		_, correlation := user(i)
		return tenant.Collect(t.Context(), facts.Query{Ask: all, Code: 50076, Related: []int{50079, 50074}, PolicyIDs: []string{"d0000000-0000-4000-8000-000000000001"}, CorrelationID: correlation, Time: now.Add(-time.Minute), AppID: expenses, Resource: theGraph, Activities: []string{"Update conditional access policy"}})
	})
	for i, r := range reports {
		id, _ := user(i)
		for _, e := range entries(r) {
			none := absentOf(e.Name) || e.Name == facts.NameRisk || e.Name == facts.NameDevice // they presented no device, and are no risk
			if e.State != facts.Seen && !none {
				t.Errorf("%d: %s is %s %q", i, e.Name, e.State, e.Reason)
			}
		}
		if r.Subject.ID != id || r.SignIn.OK() && r.SignIn.Value.UserID != id || r.Recent.OK() && r.Recent.Value.SameFailures != 1 {
			t.Errorf("%d: somebody else's facts: %+v", i, r.Subject)
		}
	}
	if n := s.Throttled(); n != 0 {
		t.Errorf("%d requests were throttled", n)
	}
	logs, registration := s.Count("auditLogs"), s.Count("userRegistrationDetails")
	t.Logf("%d people: %d requests to the log, %d to the registration report", people, logs, registration)
	if logs > people {
		t.Errorf("%d requests to the log for %d people", logs, people)
	}
}

func TestNothingKeepsRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := tenantfake.NewAt(tenantfake.Demo(now), func() time.Time { return now })
	defer s.Close()
	s.Break(tenantfake.Fault{Path: "v1.0/reports", Hold: make(chan struct{})})
	tenant := connect(t, s)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(50*time.Millisecond))
	defer cancel()
	tenant.Collect(ctx, everything())
	tenant.Close()
}

func TestAClosedTenantAnswersThatItIsClosed(t *testing.T) {
	tenant := connect(t, serve(t, tenantfake.Demo(now)))
	tenant.Close()
	for _, e := range entries(tenant.Collect(t.Context(), everything())) {
		if e.State != facts.Failed || e.Reason == "" {
			t.Errorf("%s is %s %q", e.Name, e.State, e.Reason)
		}
	}
}
