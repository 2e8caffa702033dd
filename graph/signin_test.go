package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

const (
	correlation = "cccccccc-0000-4000-8000-000000000001"
	request     = "dddddddd-0000-4000-8000-000000000001"
)

// signIn is a row of the log.
func signIn(id string, when time.Time, code int, more tenantfake.Object) tenantfake.Object {
	o := tenantfake.Object{
		"id": id, "createdDateTime": when.Format(time.RFC3339), "correlationId": correlation, "userId": id1, "userPrincipalName": "a@contoso.com",
		"appId": "app-1", "appDisplayName": "App", "isInteractive": true, "status": tenantfake.Object{"errorCode": code},
	}
	for k, v := range more {
		o[k] = v
	}
	return o
}

// kind is the kind of a sign-in that is not interactive.
func kind(name string) tenantfake.Object {
	return tenantfake.Object{"isInteractive": false, "signInEventTypes": []string{name}}
}

func askSignIn(q facts.Query) facts.Query {
	q.Ask = []facts.Name{facts.NameSignIn}
	return q
}

func TestSignInIsFoundByItsIDs(t *testing.T) {
	for name, c := range map[string]struct {
		q    facts.Query
		row  tenantfake.Object
		want int // requests to the log
	}{
		"correlation id":                      {facts.Query{CorrelationID: correlation}, signIn(request, now, 53003, nil), 1},
		"correlation id in capitals":          {facts.Query{CorrelationID: strings.ToUpper(correlation)}, signIn(request, now, 53003, nil), 1},
		"correlation id of a refresh":         {facts.Query{CorrelationID: correlation, Code: 40009}, signIn(request, now, 40009, kind("nonInteractiveUser")), 1},
		"correlation id of an app":            {facts.Query{CorrelationID: correlation, Code: 7000222}, signIn(request, now, 7000222, kind("servicePrincipal")), 1},
		"request id":                          {facts.Query{TraceID: request}, signIn(request, now, 53003, nil), 1},
		"request id of a refresh":             {facts.Query{TraceID: request}, signIn(request, now, 40009, kind("nonInteractiveUser")), 1},
		"request id beside no correlation id": {facts.Query{TraceID: request, CorrelationID: "none"}, signIn(request, now, 53003, nil), 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{SignIns: []tenantfake.Object{c.row}})
			tenant := connect(t, s)
			for range 2 { // the second time from the cache
				f := tenant.Collect(t.Context(), askSignIn(c.q)).SignIn
				if !f.OK() || f.Value.ID != request {
					t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
				}
			}
			if n := s.Count("auditLogs/signIns"); n != c.want {
				t.Errorf("%d requests, want %d", n, c.want)
			}
		})
	}
}

func TestIDsThatAreNoneAreNotAsked(t *testing.T) {
	s := serve(t, tenantfake.State{})
	for _, id := range []string{"", "x", "' or 1 eq 1", "cccccccc-0000-4000-8000-000000000001' or id ne '"} {
		f := connect(t, s).Collect(t.Context(), askSignIn(facts.Query{CorrelationID: id, TraceID: id})).SignIn
		if f.State != facts.NotAsked || f.Reason == "" {
			t.Errorf("%q is %s %q", id, f.State, f.Reason)
		}
	}
	if n := s.Count("auditLogs"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestAnEmptyAnswerIsNotYetWhileTheLogLags(t *testing.T) {
	for name, c := range map[string]struct {
		q     facts.Query
		state facts.State
		says  string
	}{
		"an error of 2 minutes ago":                 {facts.Query{Time: now.Add(-2 * time.Minute)}, facts.NotYet, "until 12:13 UTC"},
		"an error from a clock that is ahead":       {facts.Query{Time: now.Add(3 * time.Minute)}, facts.NotYet, "until 12:15 UTC"},
		"an error without time, just posted":        {facts.Query{}, facts.NotYet, "until 12:15 UTC"},
		"an error without time, posted 5 min ago":   {facts.Query{Posted: now.Add(-5 * time.Minute)}, facts.NotYet, "until 12:10 UTC"},
		"an error without time, posted an hour ago": {facts.Query{Posted: now.Add(-time.Hour)}, facts.Absent, "no row"},
		"an error of 20 minutes ago":                {facts.Query{Time: now.Add(-20 * time.Minute)}, facts.Absent, "no row"},
		"an error of 8 days ago":                    {facts.Query{Time: now.AddDate(0, 0, -8)}, facts.Absent, "only 7"},
		"an error of 40 days ago":                   {facts.Query{Time: now.AddDate(0, 0, -40)}, facts.Absent, "2026-10-15"},
	} {
		t.Run(name, func(t *testing.T) {
			c.q.CorrelationID = correlation
			f := connect(t, serve(t, tenantfake.State{})).Collect(t.Context(), askSignIn(c.q)).SignIn
			if f.State != c.state || !strings.Contains(f.Reason, c.says) {
				t.Errorf("%s %q, want %s with %q", f.State, f.Reason, c.state, c.says)
			}
		})
	}
}

func TestALateRowIsFoundWhenAskedAgain(t *testing.T) {
	row := signIn(request, now.Add(-time.Minute), 53003, nil)
	s := serve(t, tenantfake.State{SignIns: []tenantfake.Object{}})
	tenant := connect(t, s)
	q := askSignIn(facts.Query{CorrelationID: correlation, Time: now.Add(-time.Minute)})
	if f := tenant.Collect(t.Context(), q).SignIn; f.State != facts.NotYet {
		t.Fatalf("before: %s %q", f.State, f.Reason)
	}
	s.Change(func(st *tenantfake.State) { st.SignIns = append(st.SignIns, row) })
	if f := tenant.Collect(t.Context(), q).SignIn; !f.OK() {
		t.Errorf("after: %s %q", f.State, f.Reason)
	}
}

func TestTheRowOfTheErrorIsPickedAmongSeveral(t *testing.T) {
	rows := []tenantfake.Object{
		signIn("r-success", now.Add(2*time.Minute), 0, nil),
		signIn("r-interrupt", now.Add(-time.Minute), 50074, nil),
		signIn("r-early", now.Add(-10*time.Minute), 53003, nil),
		signIn("r-late", now.Add(time.Minute), 53003, nil),
		signIn(request, now.Add(-3*time.Minute), 53003, nil),
	}
	for name, c := range map[string]struct {
		q    facts.Query
		want string
	}{
		"by request id":                    {facts.Query{Code: 53003, TraceID: request}, request},
		"by code, nearest to the time":     {facts.Query{Code: 53003, Time: now.Add(30 * time.Second)}, "r-late"},
		"by code, newest without a time":   {facts.Query{Code: 53003}, "r-late"},
		"by a related code":                {facts.Query{Code: 50076, Related: []int{50074}}, "r-interrupt"},
		"a failure before a success":       {facts.Query{Code: 1, Time: now.Add(2 * time.Minute)}, "r-late"},
		"an interrupt that the code names": {facts.Query{Code: 50074}, "r-interrupt"},
	} {
		t.Run(name, func(t *testing.T) {
			c.q.CorrelationID = correlation
			f := connect(t, serve(t, tenantfake.State{SignIns: rows})).Collect(t.Context(), askSignIn(c.q)).SignIn
			if !f.OK() || f.Value.ID != c.want {
				t.Errorf("%s %q %+v, want %s", f.State, f.Reason, f.Value, c.want)
			}
		})
	}
}

// policies are those of a sign-in: one of each result, and one that nobody knows yet.
func policies() tenantfake.Object {
	var all []tenantfake.Object
	for _, result := range []string{
		"success", "failure", "notApplied", "notEnabled", "unknown", "reportOnlySuccess", "reportOnlyFailure", "reportOnlyNotApplied", "reportOnlyInterrupted", "brandNewResult",
	} {
		all = append(all, tenantfake.Object{"id": "p-" + result, "displayName": "Policy " + result, "result": result, "enforcedGrantControls": []string{"Block"}})
	}
	return tenantfake.Object{"appliedConditionalAccessPolicies": all}
}

func TestReportOnlyPoliciesNeverReadAsEnforced(t *testing.T) {
	s := serve(t, tenantfake.State{SignIns: []tenantfake.Object{signIn(request, now, 53003, policies())}})
	f := connect(t, s).Collect(t.Context(), askSignIn(facts.Query{CorrelationID: correlation})).SignIn
	if !f.OK() {
		t.Fatalf("%s %q", f.State, f.Reason)
	}
	if diff := cmp.Diff([]string{"Policy failure"}, f.Value.Blocking); diff != "" {
		t.Errorf("blocking: %s", diff)
	}
	if diff := cmp.Diff([]string{"Policy reportOnlyFailure", "Policy reportOnlyInterrupted"}, f.Value.ReportOnly); diff != "" {
		t.Errorf("report-only: %s", diff)
	}
	if len(f.Value.Policies) != 10 || f.Value.Policies[9].Result != "brandNewResult" {
		t.Errorf("an unknown result is lost: %+v", f.Value.Policies)
	}
}

func TestPoliciesThatCannotBeReadAreUnknownAndNotNone(t *testing.T) {
	for name, c := range map[string]struct {
		row      tenantfake.Object
		take     []string
		status   string
		policies bool // known, and so are the report-only ones
		blocking bool // known
	}{
		"the right, and none applied":             {row: tenantfake.Object{"appliedConditionalAccessPolicies": []any{}}, status: "notApplied", policies: true, blocking: true},
		"no right, and the sign-in failed":        {row: policies(), take: []string{"Policy.Read.All"}, status: "failure"},
		"no right, and the policies were content": {row: policies(), take: []string{"Policy.Read.All"}, status: "success", blocking: true},
	} {
		t.Run(name, func(t *testing.T) {
			c.row["conditionalAccessStatus"] = c.status
			s := serve(t, tenantfake.State{SignIns: []tenantfake.Object{signIn(request, now, 53003, c.row)}}).Without(c.take...)
			f := connect(t, s).Collect(t.Context(), askSignIn(facts.Query{CorrelationID: correlation})).SignIn
			if !f.OK() || len(f.Value.Policies)+len(f.Value.Blocking)+len(f.Value.ReportOnly) != 0 {
				t.Fatalf("%s %q %+v", f.State, f.Reason, f.Value)
			}
			if (f.Value.Policies != nil) != c.policies || (f.Value.ReportOnly != nil) != c.policies || (f.Value.Blocking != nil) != c.blocking {
				t.Errorf("policies %v, report-only %v, blocking %v: nil is unknown, empty is none", f.Value.Policies != nil, f.Value.ReportOnly != nil, f.Value.Blocking != nil)
			}
		})
	}
}

// together starts n Collects at once and waits for all.
func together(n int, collect func(i int) facts.Report) []facts.Report {
	all := make([]facts.Report, n)
	done := make(chan struct{})
	for i := range n {
		go func() { all[i] = collect(i); done <- struct{}{} }()
	}
	for range n {
		<-done
	}
	return all
}

func TestWaitingLookupsGoOutAsOneQuery(t *testing.T) {
	for name, c := range map[string]struct {
		refuse  bool
		atLeast int
		most    int
	}{
		"as one":                         {atLeast: 2, most: 3},
		"one by one where or is refused": {refuse: true, atLeast: 6, most: 8},
	} {
		t.Run(name, func(t *testing.T) {
			const people = 6
			id := func(i int) string { return fmt.Sprintf("cccccccc-0000-4000-8000-0000000001%02d", i) }
			state := tenantfake.State{RefuseOr: c.refuse}
			for i := range people {
				state.SignIns = append(state.SignIns, signIn(fmt.Sprint("row-", i), now, 53003, tenantfake.Object{"correlationId": id(i)}))
			}
			clock := newJump()
			s := tenantfake.NewAt(state, clock.Now)
			t.Cleanup(s.Close)
			hold, reached := make(chan struct{}), make(chan struct{}, 1)
			s.Break(tenantfake.Fault{Path: "beta/auditLogs/signIns", Hold: hold, Reached: reached, Times: 1})
			tenant := connect(t, s, clock.use)
			ask := func(i int) facts.Report {
				return tenant.Collect(t.Context(), askSignIn(facts.Query{CorrelationID: id(i)}))
			}
			first, others := make(chan facts.Report), make(chan []facts.Report)
			go func() { first <- ask(0) }()
			<-reached // it is on its way; the others gather behind it
			go func() { others <- together(people-1, func(i int) facts.Report { return ask(i + 1) }) }()
			tenant.WaitForLookups(people - 1)
			close(hold)
			for i, r := range append([]facts.Report{<-first}, <-others...) {
				if !r.SignIn.OK() || r.SignIn.Value.ID != fmt.Sprint("row-", i) {
					t.Errorf("%d: %s %q %+v", i, r.SignIn.State, r.SignIn.Reason, r.SignIn.Value)
				}
			}
			if n := s.Count("auditLogs/signIns"); n < c.atLeast || n > c.most {
				t.Errorf("%d requests, want %d to %d", n, c.atLeast, c.most)
			}
		})
	}
}

func TestAnAppsOwnSignInIsNobodys(t *testing.T) {
	row := signIn(request, now, 7000222, kind("servicePrincipal"))
	row["userId"], row["userPrincipalName"], row["servicePrincipalName"], row["appDisplayName"] = "", "", "Payroll", nil
	s := serve(t, tenantfake.State{SignIns: []tenantfake.Object{row}})
	for _, code := range []int{7000222, 0} { // and without a code, once no person's sign-in is found
		r := connect(t, s, newJump().use).Collect(t.Context(), facts.Query{
			Ask: []facts.Name{facts.NameSignIn, facts.NameUser}, Code: code, CorrelationID: correlation, Reporter: "mia@contoso.com",
		})
		if !r.SignIn.OK() || r.SignIn.Value.AppName != "Payroll" {
			t.Fatalf("%s %q %+v", r.SignIn.State, r.SignIn.Reason, r.SignIn.Value)
		}
		if r.User.State != facts.NotAsked || r.Subject != (facts.Subject{}) {
			t.Errorf("the reporter is taken for affected: %+v, user %s", r.Subject, r.User.State)
		}
	}
}

func TestBetaTellsASignInStepByStep(t *testing.T) {
	step := func(method, result string, succeeded any) tenantfake.Object {
		return tenantfake.Object{"authenticationMethod": method, "authenticationMethodDetail": "x", "authenticationStepDateTime": "2026-11-24T11:59:00Z",
			"authenticationStepRequirement": "Primary authentication", "authenticationStepResultDetail": result, "succeeded": succeeded}
	}
	beta := tenantfake.Object{
		"authenticationDetails": []tenantfake.Object{
			step("Password", "Correct password", true), step("Mobile app notification", "MFA denied; user declined the authentication", false), step("", "MFA required in Azure AD", nil),
		},
		"authenticationProtocol": "oAuth2", "crossTenantAccessType": "b2bCollaboration", "homeTenantId": "h", "resourceTenantId": "r", "userType": "guest", "tokenIssuerType": "AzureAD",
		"clientCredentialType": "clientSecret", "servicePrincipalCredentialKeyId": "k", "riskState": "atRisk", "riskEventTypes_v2": []string{"unfamiliarFeatures"}, "resourceId": "res",
		"authenticationRequirement": "multiFactorAuthentication",
	}
	s := serve(t, tenantfake.State{SignIns: []tenantfake.Object{signIn(request, now, 500121, beta)}})
	at := now.Add(-time.Minute)
	yes, no := true, false
	want := facts.SignIn{
		Requirement: "multiFactorAuthentication", Protocol: "oAuth2", CrossTenant: "b2bCollaboration", HomeTenant: "h", ResourceTenant: "r", UserType: "guest", TokenIssuer: "AzureAD",
		Credential: "clientSecret", CredentialKey: "k", RiskState: "atRisk", RiskEvents: []string{"unfamiliarFeatures"}, ResourceID: "res",
		FailedMethod: "Mobile app notification", FailedBecause: "MFA denied; user declined the authentication",
		Steps: []facts.AuthStep{
			{Time: at, Method: "Password", Detail: "x", Result: "Correct password", Requirement: "Primary authentication", Succeeded: &yes},
			{Time: at, Method: "Mobile app notification", Detail: "x", Result: "MFA denied; user declined the authentication", Requirement: "Primary authentication", Succeeded: &no},
			{Time: at, Detail: "x", Result: "MFA required in Azure AD", Requirement: "Primary authentication"},
		},
	}
	told := func() facts.SignIn {
		f := connect(t, s).Collect(t.Context(), askSignIn(facts.Query{CorrelationID: correlation})).SignIn
		if !f.OK() {
			t.Fatalf("%s %q", f.State, f.Reason)
		}
		v := *f.Value
		return facts.SignIn{
			Requirement: v.Requirement, Protocol: v.Protocol, CrossTenant: v.CrossTenant, HomeTenant: v.HomeTenant, ResourceTenant: v.ResourceTenant, UserType: v.UserType, TokenIssuer: v.TokenIssuer,
			Credential: v.Credential, CredentialKey: v.CredentialKey, RiskState: v.RiskState, RiskEvents: v.RiskEvents, ResourceID: v.ResourceID,
			FailedMethod: v.FailedMethod, FailedBecause: v.FailedBecause, Steps: v.Steps,
		}
	}
	if diff := cmp.Diff(want, told()); diff != "" {
		t.Error(diff)
	}
	s.Break(tenantfake.Fault{Path: "beta", Status: 404, Body: `{}`})
	if diff := cmp.Diff(facts.SignIn{RiskState: "atRisk", RiskEvents: []string{"unfamiliarFeatures"}, ResourceID: "res"}, told()); diff != "" {
		t.Errorf("without beta, its fields are not known: %s", diff)
	}
}

func TestOddStepsAreNoReasonToLoseTheRow(t *testing.T) {
	for name, c := range map[string]struct {
		details any
		steps   int // -1: not known
	}{
		"none told":         {nil, -1},
		"none":              {[]any{}, 0},
		"without anything":  {[]tenantfake.Object{{}}, 1},
		"null all over":     {[]tenantfake.Object{{"authenticationMethod": nil, "authenticationStepDateTime": nil, "succeeded": nil}}, 1},
		"a time that is no": {[]tenantfake.Object{{"authenticationStepDateTime": "", "succeeded": false}}, 1},
		"the year 1":        {[]tenantfake.Object{{"authenticationStepDateTime": "0001-01-01T00:00:00Z"}}, 1},
	} {
		s := serve(t, tenantfake.State{SignIns: []tenantfake.Object{signIn(request, now, 500121, tenantfake.Object{"authenticationDetails": c.details})}})
		f := connect(t, s).Collect(t.Context(), askSignIn(facts.Query{CorrelationID: correlation})).SignIn
		if !f.OK() || (f.Value.Steps == nil) != (c.steps < 0) || len(f.Value.Steps) != max(c.steps, 0) {
			t.Errorf("%s: %s %q %+v", name, f.State, f.Reason, f.Value)
			continue
		}
		for _, step := range f.Value.Steps {
			if !step.Time.IsZero() {
				t.Errorf("%s: at %s", name, step.Time)
			}
		}
	}
}
