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

// audit is an entry of the directory audit.
func audit(when time.Time, activity string, more tenantfake.Object, targets ...tenantfake.Object) tenantfake.Object {
	o := tenantfake.Object{
		"id": "Directory_" + when.Format(time.RFC3339) + activity, "activityDateTime": when.Format(time.RFC3339), "activityDisplayName": activity, "result": "success",
		"initiatedBy":     tenantfake.Object{"user": tenantfake.Object{"id": id3, "userPrincipalName": "admin@contoso.com"}, "app": nil},
		"targetResources": targets,
	}
	for k, v := range more {
		o[k] = v
	}
	return o
}

func auditState(entries ...tenantfake.Object) tenantfake.State {
	return tenantfake.State{
		Users: []tenantfake.Object{person(id1, "mia@contoso.com", nil), person(id2, "noah@contoso.com", nil)},
		Other: map[string][]tenantfake.Object{"auditLogs/directoryAudits": entries},
	}
}

func miaChanged(property string) tenantfake.Object {
	return tenantfake.Object{"id": id1, "displayName": nil, "type": "User", "userPrincipalName": "mia@contoso.com", "modifiedProperties": []tenantfake.Object{{"displayName": property, "oldValue": "[true]", "newValue": "[false]"}}}
}

func askChanges(activities ...string) facts.Query {
	return facts.Query{Ask: []facts.Name{facts.NameChanges, facts.NameUser}, Code: 50057, User: "mia@contoso.com", Time: now.Add(-10 * time.Minute), Activities: activities}
}

func TestChangesOfTheDirectory(t *testing.T) {
	disabled := audit(now.Add(-time.Hour), "Disable account", nil, miaChanged("AccountEnabled"))
	change := facts.Change{Time: now.Add(-time.Hour), Activity: "Disable account", Actor: "admin@contoso.com", Target: "mia@contoso.com", Minutes: 50, What: []string{"AccountEnabled"}}
	for name, c := range map[string]struct {
		entries    []tenantfake.Object
		activities []string
		state      facts.State
		want       []facts.Change
	}{
		"the person's":                         {[]tenantfake.Object{disabled}, []string{"Disable account"}, facts.Seen, []facts.Change{change}},
		"a name with a dot at the end":         {[]tenantfake.Object{disabled}, []string{"Disable account."}, facts.Seen, []facts.Change{change}},
		"one that was refused":                 {[]tenantfake.Object{audit(now.Add(-time.Hour), "Disable account", tenantfake.Object{"result": "failure"}, miaChanged("AccountEnabled"))}, []string{"Disable account"}, facts.Absent, nil},
		"of another activity":                  {[]tenantfake.Object{disabled}, []string{"Delete user"}, facts.Absent, nil},
		"of another person":                    {[]tenantfake.Object{audit(now.Add(-time.Hour), "Disable account", nil, tenantfake.Object{"id": id2, "type": "User", "userPrincipalName": "noah@contoso.com"})}, []string{"Disable account"}, facts.Seen, []facts.Change{}},
		"after the error":                      {[]tenantfake.Object{audit(now.Add(-5*time.Minute), "Disable account", nil, miaChanged("AccountEnabled"))}, []string{"Disable account"}, facts.Seen, []facts.Change{}},
		"more than a day before":               {[]tenantfake.Object{audit(now.Add(-30*time.Hour), "Disable account", nil, miaChanged("AccountEnabled"))}, []string{"Disable account"}, facts.Absent, nil},
		"nothing that could explain":           {[]tenantfake.Object{disabled}, nil, facts.NotAsked, nil},
		"by an app":                            {[]tenantfake.Object{audit(now.Add(-time.Hour), "Disable account", tenantfake.Object{"initiatedBy": tenantfake.Object{"user": nil, "app": tenantfake.Object{"displayName": "HR sync"}}}, miaChanged("AccountEnabled"))}, []string{"Disable account"}, facts.Seen, []facts.Change{with(change, func(c *facts.Change) { c.Actor = "HR sync" })}},
		"by nobody who is told":                {[]tenantfake.Object{audit(now.Add(-time.Hour), "Disable account", tenantfake.Object{"initiatedBy": nil}, miaChanged("AccountEnabled"))}, []string{"Disable account"}, facts.Seen, []facts.Change{with(change, func(c *facts.Change) { c.Actor = "" })}},
		"one without targets":                  {[]tenantfake.Object{audit(now.Add(-time.Hour), "Disable account", tenantfake.Object{"targetResources": nil})}, []string{"Disable account"}, facts.Seen, []facts.Change{}},
		"in the log's other spelling":          {[]tenantfake.Object{audit(now.Add(-time.Hour), "Update identity provider", nil)}, []string{"Update Identity Provider"}, facts.Seen, []facts.Change{{Time: now.Add(-time.Hour), Activity: "Update identity provider", Actor: "admin@contoso.com", Minutes: 50}}},
		"a deleted account under its old name": {[]tenantfake.Object{audit(now.Add(-time.Hour), "Delete user", nil, tenantfake.Object{"id": id1, "type": "User", "userPrincipalName": strings.ReplaceAll(id1, "-", "") + "mia@contoso.com"})}, []string{"Delete user"}, facts.Seen, []facts.Change{{Time: now.Add(-time.Hour), Activity: "Delete user", Actor: "admin@contoso.com", Target: "mia@contoso.com", Minutes: 50}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, auditState(c.entries...))
			f := connect(t, s).Collect(t.Context(), askChanges(c.activities...)).Changes
			if f.State != c.state || f.State != facts.Seen && f.Reason == "" {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			if f.State != facts.Seen {
				return
			}
			for i := range f.Value.List {
				f.Value.List[i].Targets = nil
			}
			if diff := cmp.Diff(c.want, f.Value.List); diff != "" {
				t.Error(diff)
			}
			if len(f.Value.Says) != len(c.want) || f.Value.Since != now.Add(-25*time.Hour) {
				t.Errorf("%q since %s", f.Value.Says, f.Value.Since)
			}
			if n := s.Count("directoryAudits"); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func with[T any](v T, change func(*T)) T { change(&v); return v }

// TestChangesNameWhatTheyWereMadeTo reads entries in the forms in which the log writes them.
func TestChangesNameWhatTheyWereMadeTo(t *testing.T) {
	property := func(name string, old, value any) tenantfake.Object {
		return tenantfake.Object{"displayName": name, "oldValue": old, "newValue": value}
	}
	const app, principal, object = "aaaaaaaa-0000-4000-8000-0000000000a1", "aaaaaaaa-0000-4000-8000-0000000000a2", "aaaaaaaa-0000-4000-8000-0000000000a3"
	for name, c := range map[string]struct {
		entry tenantfake.Object
		want  facts.Change
	}{
		"a service principal by its names": {
			audit(now, "X", nil, tenantfake.Object{"id": principal, "displayName": "Payroll", "type": "ServicePrincipal", "modifiedProperties": []tenantfake.Object{
				property("Included Updated Properties", nil, `"Credential"`), property("TargetId.ServicePrincipalNames", nil, `"api://payroll;`+strings.ToUpper(app)+`"`),
				property("KeyDescription", `["[KeyIdentifier=secret]"]`, `["[KeyIdentifier=other]"]`),
			}}),
			facts.Change{Target: "Payroll", What: []string{"KeyDescription"}, Targets: []facts.Target{{Kind: "serviceprincipal", IDs: []string{principal, "api://payroll", app}, Name: "payroll"}}},
		},
		"a grant at the resource": {
			audit(now, "X", nil, tenantfake.Object{"id": object, "displayName": "Microsoft Graph", "type": "ServicePrincipal", "modifiedProperties": []tenantfake.Object{
				property("DelegatedPermissionGrant.Scope", `"User.Read"`, nil), property("ServicePrincipal.ObjectID", `"`+principal+`"`, nil),
			}}),
			facts.Change{Target: "Microsoft Graph", What: []string{"DelegatedPermissionGrant.Scope", "ServicePrincipal.ObjectID"}, Targets: []facts.Target{
				{Kind: "serviceprincipal", IDs: []string{object}, Name: "microsoft graph"}, {Kind: "serviceprincipal", IDs: []string{principal}, Named: true},
			}},
		},
		"a member of a group": {
			audit(now, "X", nil, tenantfake.Object{"id": id1, "userPrincipalName": "Mia@contoso.com", "type": "User", "modifiedProperties": []tenantfake.Object{property("Group.ObjectID", `"`+object+`"`, nil), property("Group.DisplayName", `"Sales"`, nil)}},
				tenantfake.Object{"id": object, "displayName": "Sales", "type": "Group", "modifiedProperties": nil}),
			facts.Change{Target: "Mia@contoso.com", What: []string{"Group.ObjectID", "Group.DisplayName"}, Targets: []facts.Target{
				{Kind: "user", IDs: []string{id1}, UPN: "mia@contoso.com"}, {Kind: "group", IDs: []string{object}, Named: true}, {Kind: "group", IDs: []string{object}, Name: "sales"},
			}},
		},
		"an app id beside the targets": {
			audit(now, "X", tenantfake.Object{"additionalDetails": []tenantfake.Object{{"key": "User-Agent", "value": "x"}, {"key": "AppId", "value": app}}}, tenantfake.Object{"id": object, "displayName": "Payroll", "type": "Application"}),
			facts.Change{Target: "Payroll", Targets: []facts.Target{{Kind: "application", IDs: []string{object, app}, Name: "payroll"}}},
		},
		"a domain without an id":     {audit(now, "X", nil, tenantfake.Object{"id": nil, "displayName": "Fed.example", "type": "Other"}), facts.Change{Target: "Fed.example", Targets: []facts.Target{{Kind: "other", Name: "fed.example"}}}},
		"null wherever it can stand": {audit(now, "X", tenantfake.Object{"additionalDetails": nil}, tenantfake.Object{"id": nil, "displayName": nil, "type": nil, "modifiedProperties": []any{nil}}), facts.Change{Targets: []facts.Target{{}}}},
		"a value that is a novel":    {audit(now, "X", nil, tenantfake.Object{"id": object, "type": "Policy", "modifiedProperties": []tenantfake.Object{property("TargetId.X", nil, strings.Repeat("a b ", 2000))}}), facts.Change{Target: object, Targets: []facts.Target{{Kind: "policy", IDs: []string{object}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := connect(t, serve(t, auditState(c.entry))).Collect(t.Context(), askChanges("X")).Changes
			if !f.OK() || len(f.Value.All) != 1 {
				t.Fatalf("%s %q %+v", f.State, f.Reason, f.Value)
			}
			c.want.Time, c.want.Activity, c.want.Actor = now, "X", "admin@contoso.com"
			if diff := cmp.Diff(c.want, f.Value.All[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheWindowOfTheAudit(t *testing.T) {
	at := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		time time.Time
		want time.Time
	}{
		"an error of now":                   {time.Time{}, at(24 * time.Hour)},
		"an error of ten minutes ago":       {at(10 * time.Minute), at(25 * time.Hour)},
		"an error of fifty minutes ago":     {at(50 * time.Minute), at(25 * time.Hour)},
		"an error of two days ago":          {at(48 * time.Hour), at(72 * time.Hour)},
		"an error of last month":            {at(30 * 24 * time.Hour), at(7*24*time.Hour - time.Hour)},
		"an error of the future, a clock's": {now.Add(time.Hour), at(24 * time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, auditState())
			q := askChanges("Disable account")
			q.Time = c.time
			connect(t, s).Collect(t.Context(), q)
			for _, r := range s.Requests() {
				if strings.Contains(r.Path, "directoryAudits") && !strings.HasPrefix(r.Query.Get("$filter"), "activityDateTime ge "+c.want.Format(time.RFC3339)+" and ") {
					t.Errorf("%s", r.Query.Get("$filter"))
				}
			}
			if s.Count("directoryAudits") != 1 {
				t.Error("the audit was not asked once")
			}
		})
	}
}

func TestWhereGraphRefusesOrTheAuditIsFilteredHere(t *testing.T) {
	state := auditState(audit(now.Add(-time.Hour), "Disable account", nil, miaChanged("AccountEnabled")), audit(now.Add(-2*time.Hour), "Update user", nil, miaChanged("Department")), audit(now.Add(-time.Hour), "Add user", nil, miaChanged("X")))
	state.RefuseOr = true
	s := serve(t, state)
	tenant := connect(t, s)
	f := tenant.Collect(t.Context(), askChanges("Disable account", "Update user")).Changes
	if !f.OK() || len(f.Value.All) != 2 || len(f.Value.List) != 2 || f.Value.Capped {
		t.Fatalf("%s %q %+v", f.State, f.Reason, f.Value)
	}
	if n := s.Count("directoryAudits"); n != 2 {
		t.Errorf("%d requests", n)
	}
	tenant.Collect(t.Context(), askChanges("Disable account", "Delete user")) // the refusal is remembered
	if n := s.Count("directoryAudits"); n != 3 {
		t.Errorf("%d requests", n)
	}
}

func TestALongAuditIsReadInTwoPagesAndSaidToBeLonger(t *testing.T) {
	var entries []tenantfake.Object
	for i := range 600 {
		entries = append(entries, audit(now.Add(-time.Hour-time.Duration(i)*time.Second), "Disable account", tenantfake.Object{"id": entryID(i)}, tenantfake.Object{"id": id2, "type": "User"}))
	}
	s := serve(t, auditState(entries...))
	f := connect(t, s).Collect(t.Context(), askChanges("Disable account")).Changes
	if !f.OK() || len(f.Value.All) != 500 || !f.Value.Capped || f.Reason == "" || f.Value.Kinds != nil {
		t.Errorf("%s %q, %d entries", f.State, f.Reason, len(f.Value.All))
	}
	if n := s.Count("directoryAudits"); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestTheAuditNeedsAPermissionAndNoLicence(t *testing.T) {
	state := auditState(audit(now.Add(-time.Hour), "Disable account", nil, miaChanged("AccountEnabled")))
	state.NoPremium = true
	if f := connect(t, serve(t, state)).Collect(t.Context(), askChanges("Disable account")).Changes; !f.OK() || len(f.Value.List) != 1 {
		t.Errorf("%s %q", f.State, f.Reason)
	}
	s := serve(t, state).Without("AuditLog.Read.All")
	if f := connect(t, s).Collect(t.Context(), askChanges("Disable account")).Changes; f.State != facts.NotPermitted || !strings.Contains(f.Reason, "AuditLog.Read.All") {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}

func TestPastesOfOneCodeShareTheAudit(t *testing.T) {
	s := serve(t, auditState())
	tenant := connect(t, s)
	for i, user := range []string{"mia@contoso.com", "noah@contoso.com", "mia@contoso.com"} {
		q := askChanges("Disable account", "Update user")
		q.User, q.Time = user, q.Time.Add(-time.Duration(i)*time.Minute)
		tenant.Collect(t.Context(), q)
	}
	if n := s.Count("directoryAudits"); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func entryID(n int) string { return fmt.Sprintf("Directory_%d", n) }
