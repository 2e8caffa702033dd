package graph_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

const assignedToExpenses = "servicePrincipals/" + expensesHere + "/appRoleAssignedTo"

// denied is Graph's answer to who lacks a permission of the directory.
func denied(path string) tenantfake.Fault {
	return tenantfake.Fault{Path: path, Status: 403, Body: `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`}
}

func TestWhoIsAssigned(t *testing.T) {
	const avaID, benID = "11111111-0000-4000-8000-000000000003", "11111111-0000-4000-8000-000000000004"
	yes, no := true, false
	none := []string{}
	users := func(n int) (all []tenantfake.Object) {
		for range n {
			all = append(all, tenantfake.Object{"id": "a", "principalType": "User", "principalId": "eeeeeeee-0000-4000-8000-000000000000", "resourceId": expensesHere})
		}
		return all
	}
	for name, c := range map[string]struct {
		who    string
		change func(*tenantfake.State)
		broken []tenantfake.Fault
		want   facts.Assignment
	}{
		"directly":             {who: "noah@contoso.com", want: facts.Assignment{Required: true, Assigned: &yes, Direct: true, Groups: none, Nested: none, Others: 2}},
		"by a group":           {who: "ben@contoso.com", want: facts.Assignment{Required: true, Assigned: &yes, Groups: []string{"Expenses users"}, Nested: none, Others: 2}},
		"a group in the group": {who: "ava@contoso.com", want: facts.Assignment{Required: true, Assigned: &no, Groups: none, Nested: []string{"Expenses users"}, Others: 2}},
		"not at all":           {who: "dora@contoso.com", want: facts.Assignment{Required: true, Assigned: &no, Groups: none, Nested: none, Others: 2}},
		"both ways": {who: "ben@contoso.com", change: func(s *tenantfake.State) {
			s.Other[assignedToExpenses] = append(s.Other[assignedToExpenses], tenantfake.Object{"id": "b", "principalType": "User", "principalId": strings.ToUpper(benID)})
		}, want: facts.Assignment{Required: true, Assigned: &yes, Direct: true, Groups: []string{"Expenses users"}, Nested: none, Others: 3}},
		"nobody is assigned": {who: "ava@contoso.com", change: func(s *tenantfake.State) { s.Other[assignedToExpenses] = nil },
			want: facts.Assignment{Required: true, Assigned: &no, Groups: none, Nested: none}},
		"the app asks for none": {who: "dora@contoso.com", change: func(s *tenantfake.State) {
			object(s, "servicePrincipals", expenses)["appRoleAssignmentRequired"] = false
		}, want: facts.Assignment{Assigned: &no, Groups: none, Nested: none, Others: 2}},
		"an app of the same name is not assigned": {who: "ava@contoso.com", change: func(s *tenantfake.State) {
			s.Other[assignedToExpenses] = []tenantfake.Object{{"id": "b", "principalType": "ServicePrincipal", "principalId": avaID}}
		}, want: facts.Assignment{Required: true, Assigned: &no, Groups: none, Nested: none, Others: 1}},
		"directly, and the groups cannot be read": {who: "noah@contoso.com", broken: []tenantfake.Fault{denied("v1.0/users/11111111-0000-4000-8000-000000000002/memberOf"), denied("v1.0/users/11111111-0000-4000-8000-000000000002/transitiveMemberOf")},
			want: facts.Assignment{Required: true, Assigned: &yes, Direct: true, Others: 2}},
		"the groups may not be read, so nobody knows": {who: "dora@contoso.com", broken: []tenantfake.Fault{denied("v1.0/users/11111111-0000-4000-8000-000000000005/memberOf"), denied("v1.0/users/11111111-0000-4000-8000-000000000005/transitiveMemberOf")},
			want: facts.Assignment{Required: true, Others: 2}},
		"the groups failed, and the person's own list tells of one": {who: "ben@contoso.com", broken: []tenantfake.Fault{{Path: "v1.0/users/" + benID + "/memberOf", Status: 500}, {Path: "v1.0/users/" + benID + "/transitiveMemberOf", Status: 500}},
			want: facts.Assignment{Required: true, Assigned: &yes, Groups: []string{"Expenses users"}, Others: 2}},
		"the groups failed, and the person's own list tells of none": {who: "ava@contoso.com", broken: []tenantfake.Fault{{Path: "v1.0/users/" + avaID + "/memberOf", Status: 500}, {Path: "v1.0/users/" + avaID + "/transitiveMemberOf", Status: 500}},
			want: facts.Assignment{Required: true, Others: 2}},
		"only direct groups could be read": {who: "ava@contoso.com", broken: []tenantfake.Fault{{Path: "v1.0/users/" + avaID + "/transitiveMemberOf", Status: 500}},
			want: facts.Assignment{Required: true, Assigned: &no, Groups: none, Others: 2}},
		"only all groups together could be read": {who: "ava@contoso.com", broken: []tenantfake.Fault{{Path: "v1.0/users/" + avaID + "/memberOf", Status: 500}, {Path: "v1.0/users/" + avaID + "/appRoleAssignments", Status: 500}},
			want: facts.Assignment{Required: true, Others: 2}},
		"more assignments than are read": {who: "dora@contoso.com", change: func(s *tenantfake.State) {
			s.PageSize, s.Other[assignedToExpenses] = 2, users(40)
		}, want: facts.Assignment{Required: true, Assigned: &no, Groups: none, Nested: none, Others: 12}},
		"more assignments than are read, theirs among them": {who: "ben@contoso.com", change: func(s *tenantfake.State) {
			s.PageSize = 2
			s.Other[assignedToExpenses] = append(users(40), tenantfake.Object{"id": "b", "principalType": "User", "principalId": benID, "resourceId": expensesHere})
		}, want: facts.Assignment{Required: true, Assigned: &yes, Direct: true, Groups: none, Nested: none, Others: 12}},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenantfake.Demo(now)
			if c.change != nil {
				c.change(&state)
			}
			s := serve(t, state)
			for _, f := range c.broken {
				s.Break(f)
			}
			q := ofApp(expenses, facts.NameAssignment)
			q.User = c.who
			f := connect(t, s).Collect(t.Context(), q).Assignment
			if !f.OK() {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			if diff := cmp.Diff(c.want, *f.Value); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnAssignmentHangsOnAppAndPerson(t *testing.T) {
	for name, c := range map[string]struct {
		q      facts.Query
		broken tenantfake.Fault
		state  facts.State
		says   string
	}{
		"not installed":               {facts.Query{AppID: "12345678-0000-4000-8000-000000000000", User: "ava@contoso.com"}, tenantfake.Fault{}, facts.Absent, "nobody is assigned"},
		"no app":                      {facts.Query{User: "ava@contoso.com"}, tenantfake.Fault{}, facts.NotAsked, "tells the app"},
		"no person":                   {facts.Query{AppID: expenses}, tenantfake.Fault{}, facts.NotAsked, "nobody is named"},
		"nobody of this tenant":       {facts.Query{AppID: expenses, User: "x@contoso.com"}, tenantfake.Fault{}, facts.NotAsked, "no such account"},
		"apps may not be read":        {facts.Query{AppID: expenses, User: "ava@contoso.com"}, denied("v1.0/servicePrincipals"), facts.NotPermitted, "Application.Read.All"},
		"assignments may not be read": {facts.Query{AppID: expenses, User: "ava@contoso.com"}, denied("v1.0/servicePrincipals/" + expensesHere), facts.NotPermitted, "the app role assignments"},
		"another answer":              {facts.Query{AppID: expenses, User: "ava@contoso.com"}, tenantfake.Fault{Path: "v1.0/servicePrincipals/" + expensesHere, Status: 200, Body: `{"value":[{"id":"x"}]}`}, facts.Failed, "not what was asked"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.Demo(now))
			if c.broken.Status != 0 {
				s.Break(c.broken)
			}
			c.q.Ask = []facts.Name{facts.NameAssignment}
			f := connect(t, s).Collect(t.Context(), c.q).Assignment
			if f.State != c.state || !strings.Contains(f.Reason, c.says) && c.says != "the app role assignments" {
				t.Errorf("%s %q", f.State, f.Reason)
			}
		})
	}
}

func TestMemberships(t *testing.T) {
	const avaID = "11111111-0000-4000-8000-000000000003"
	yes, no := true, false
	group := func(n int, name string, direct *bool) facts.Group {
		return facts.Group{ID: "33333333-0000-4000-8000-00000000000" + string(rune('0'+n)), Name: name, Kind: "group", Direct: direct}
	}
	staff, users, finance := "All staff", "Expenses users", "Finance"
	unnamed := func(n int) string { return "33333333-0000-4000-8000-00000000000" + string(rune('0'+n)) }
	for name, c := range map[string]struct {
		who    string
		change func(*tenantfake.State)
		broken []tenantfake.Fault
		want   facts.Groups
	}{
		"direct ones, and one through another": {who: "ava@contoso.com", want: facts.Groups{
			List: []facts.Group{group(1, staff, &yes), group(3, finance, &yes), group(2, users, &no)}, Names: []string{staff, finance, users}, Roles: []string{}, DirectKnown: true}},
		"a directory role": {who: "breakglass@contoso.onmicrosoft.com", want: facts.Groups{
			List:  []facts.Group{{ID: "66666666-0000-4000-8000-000000000001", Name: "Global Administrator", Kind: "role", Template: "62e90394-69f5-4237-9190-012177145e10", Direct: &yes}},
			Names: []string{}, Roles: []string{"Global Administrator"}, Admin: true, DirectKnown: true}},
		"an administrative unit is no group": {who: "jonas@fabrikam.com", change: func(s *tenantfake.State) {
			s.Other["administrativeUnits"] = []tenantfake.Object{{"id": "u", "displayName": "Berlin", "@members": []string{"11111111-0000-4000-8000-000000000008"}}}
		}, want: facts.Groups{List: []facts.Group{{ID: "u", Name: "Berlin", Kind: "unit", Direct: &yes}}, Names: []string{}, Roles: []string{}, DirectKnown: true}},
		"none": {who: "ida@emea.fabrikam.com", want: facts.Groups{List: []facts.Group{}, Names: []string{}, Roles: []string{}, DirectKnown: true}},
		"page by page": {who: "ava@contoso.com", change: func(s *tenantfake.State) { s.PageSize = 1 }, want: facts.Groups{
			List: []facts.Group{group(1, staff, &yes), group(3, finance, &yes), group(2, users, &no)}, Names: []string{staff, finance, users}, Roles: []string{}, DirectKnown: true}},
		"the direct ones alone": {who: "ava@contoso.com", broken: []tenantfake.Fault{{Path: "v1.0/users/" + avaID + "/transitiveMemberOf", Status: 500}}, want: facts.Groups{
			List: []facts.Group{group(1, staff, &yes), group(3, finance, &yes)}, Names: []string{staff, finance}, Roles: []string{}, Capped: true, DirectKnown: true}},
		"all together alone": {who: "ava@contoso.com", broken: []tenantfake.Fault{{Path: "v1.0/users/" + avaID + "/memberOf", Status: 500}}, want: facts.Groups{
			List: []facts.Group{group(1, staff, nil), group(3, finance, nil), group(2, users, nil)}, Names: []string{staff, finance, users}, Roles: []string{}}},
		"without names": {who: "ava@contoso.com", change: func(s *tenantfake.State) { s.Permissions = []string{"User.Read.All"} }, want: facts.Groups{
			List: []facts.Group{group(1, "", &yes), group(3, "", &yes), group(2, "", &no)}, Names: []string{unnamed(1), unnamed(3), unnamed(2)}, Roles: []string{}, DirectKnown: true}},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenantfake.Demo(now)
			if c.change != nil {
				c.change(&state)
			}
			s := serve(t, state)
			for _, f := range c.broken {
				s.Break(f)
			}
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameGroups}, User: c.who}).Groups
			if !f.OK() {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			if diff := cmp.Diff(c.want, *f.Value); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMoreMembershipsThanAreRead(t *testing.T) {
	const ida = "11111111-0000-4000-8000-000000000009"
	s := serve(t, demoWith(func(s *tenantfake.State) {
		s.PageSize = 1
		for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
			s.Other["groups"] = append(s.Other["groups"], tenantfake.Object{"id": id, "displayName": id, "@members": []string{ida}})
		}
	}))
	f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameGroups}, User: "ida@emea.fabrikam.com"}).Groups
	if !f.OK() || !f.Value.Capped || f.Value.DirectKnown || len(f.Value.List) != 4 || f.Value.List[0].Direct == nil {
		t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
	}
}

func TestMembershipsNeedAPermission(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	s.Break(denied("v1.0/users/11111111-0000-4000-8000-000000000003/memberOf"))
	s.Break(denied("v1.0/users/11111111-0000-4000-8000-000000000003/transitiveMemberOf"))
	f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameGroups}, User: "ava@contoso.com"}).Groups
	if f.State != facts.NotPermitted || !strings.Contains(f.Reason, "Directory.Read.All") {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}
