package handlers

import (
	"context"
	"strings"
	"testing"
	"time"

	"signpost/graph/facts"
)

// pair is a tenant of two people.
type pair map[string]facts.Report

func (p pair) Collect(_ context.Context, q facts.Query) facts.Report { return p[q.User] }

// twoPeople gives two reports that are alike in everything.
func twoPeople() pair {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	yes := true
	one := func(upn string) facts.Report {
		return facts.Report{
			Subject:    facts.Subject{User: upn, Domain: "contoso.com", From: facts.FromFlag},
			User:       facts.See(now, facts.User{ID: upn, UPN: upn, Enabled: &yes, Plans: []string{"exchange"}}),
			Methods:    facts.See(now, facts.Methods{Kinds: []string{"password", "authenticator"}, Second: true}),
			PerUserMFA: facts.See(now, facts.PerUserMFA{State: "disabled"}),
			Domain:     facts.See(now, facts.Domain{Name: "contoso.com", Authentication: "Managed"}),
			Groups:     facts.See(now, facts.Groups{Names: []string{"Everyone"}, Roles: []string{}}),
			Policies:   facts.See(now, facts.Policies{}),
			Risk:       facts.None[facts.Risk](now, "no record"),
			Recent: facts.See(now, facts.Recent{Since: now.Add(-24 * time.Hour), Rows: []facts.SignIn{
				{Time: now.Add(-time.Hour), AppID: "app", ClientApp: "Browser", OS: "Windows", Country: "DE", City: "Berlin"},
			}}),
		}
	}
	return pair{"bad@contoso.com": one("bad@contoso.com"), "good@contoso.com": one("good@contoso.com")}
}

func TestOnlyWhatDiffersIsSaid(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	no := false
	for name, row := range map[string]struct {
		change func(*facts.Report) // of the one who cannot sign in
		want   string              // the one line of what differs
		unread string              // what could not be compared
	}{
		"nothing":           {func(*facts.Report) {}, "Nothing of what could be read differs.", ""},
		"the account":       {func(r *facts.Report) { r.User.Value.Enabled = &no }, "• Account: bad@contoso.com: disabled · cloud account · good@contoso.com: enabled · cloud account", ""},
		"the second factor": {func(r *facts.Report) { r.Methods.Value.Kinds = []string{"password"} }, "• Second factor: bad@contoso.com: none · good@contoso.com: Microsoft Authenticator", ""},
		"a group more":      {func(r *facts.Report) { r.Groups.Value.Names = []string{"Everyone", "Contractors"} }, "• Groups: bad@contoso.com: Contractors · good@contoso.com: nothing of their own", ""},
		"a licence less":    {func(r *facts.Report) { r.User.Value.Plans = []string{} }, "• Licences: bad@contoso.com: nothing of their own · good@contoso.com: exchange", ""},
		"no device":         {func(r *facts.Report) { r.Recent.Value.Rows[0].OS = "Linux" }, "• Device and client of the last sign-in: bad@contoso.com: no device presented · Browser · Linux · good@contoso.com: no device presented · Browser · Windows", ""},
		"the last success":  {func(r *facts.Report) { r.Recent.Value.Rows[0].Code = 53003 }, "• Last success: bad@contoso.com: none since 2026-11-23 12:00 UTC · good@contoso.com: 2026-11-24 11:00 UTC", ""},
		"groups may be unread": {func(r *facts.Report) {
			r.Groups = facts.Unread[facts.Groups](facts.NotPermitted, "the app lacks Directory.Read.All")
		},
			"Nothing of what could be read differs.", "• Groups: Not permitted · the app lacks Directory.Read.All."},
		"a policy for one": {func(r *facts.Report) {
			r.Policies = facts.See(now, facts.Policies{Tenant: []facts.Policy{{Name: "Block contractors", State: "enabled", Scope: facts.PolicyScope{IncludeUsers: []string{"bad@contoso.com"}, IncludeApps: []string{"All"}}}}})
		}, "• Conditional Access policies: bad@contoso.com: Block contractors · good@contoso.com: nothing of their own", ""},
		"a report-only policy for one": {func(r *facts.Report) {
			r.Policies = facts.See(now, facts.Policies{Tenant: []facts.Policy{{Name: "Block contractors", State: "enabledForReportingButNotEnforced", Scope: facts.PolicyScope{IncludeUsers: []string{"bad@contoso.com"}, IncludeApps: []string{"All"}}}}})
		}, "Nothing of what could be read differs.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			people := twoPeople()
			bad := people["bad@contoso.com"]
			row.change(&bad)
			people["bad@contoso.com"] = bad
			desk := &Desk{Tenant: people, Now: func() time.Time { return now }}
			page := ComposeComparison(desk.Compare(t.Context(), "bad@contoso.com", "good@contoso.com", ""))
			if got := page.Parts[0].Lines; len(got) != 1 || got[0] != row.want {
				t.Errorf("differs: %s", strings.Join(got, "\n"))
			}
			last := page.Parts[len(page.Parts)-1]
			if row.unread != "" && (last.Title != "Could not be compared" || last.Lines[0] != row.unread) {
				t.Errorf("unread: %+v", last)
			}
			if row.unread == "" && last.Title == "Could not be compared" {
				t.Errorf("could not be compared: %v", last.Lines)
			}
		})
	}
}

func TestAProtectedPersonIsNotCompared(t *testing.T) {
	desk := &Desk{Tenant: twoPeople(), Now: time.Now, Policy: Policy{Protected: []string{"good@contoso.com"}}}
	if !desk.Compare(t.Context(), "bad@contoso.com", "good@contoso.com", "").Protected(desk) {
		t.Error("a protected account was compared")
	}
}
