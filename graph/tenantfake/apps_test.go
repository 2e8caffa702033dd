package tenantfake_test

import (
	"testing"

	"signpost/graph/tenantfake"
)

// circle is a tenant with a person in a group that is in another, which is in the first again.
func circle() tenantfake.State {
	return tenantfake.State{
		Users: []tenantfake.Object{{"id": "11111111-0000-4000-8000-0000000000aa", "userPrincipalName": "a@contoso.com"}},
		Other: map[string][]tenantfake.Object{
			"groups": {
				{"id": "g1", "displayName": "One", "@members": []string{"11111111-0000-4000-8000-0000000000AA", "g2"}},
				{"id": "g2", "displayName": "Two", "@members": []string{"g1"}},
				{"id": "g3", "displayName": "Three", "@members": []string{"somebody else"}},
			},
			"servicePrincipals": {{"id": "sp", "appId": "app"}},
			"servicePrincipals/sp/appRoleAssignedTo": {
				{"id": "1", "principalId": "g1", "principalType": "Group", "resourceId": "sp"}, {"id": "2", "principalId": "g2", "principalType": "Group", "resourceId": "sp"},
			},
		},
	}
}

func TestMembershipsAndAssignments(t *testing.T) {
	const a = "/v1.0/users/11111111-0000-4000-8000-0000000000aa"
	for path, want := range map[string]string{
		a + "/memberOf":           "g1",
		a + "/transitiveMemberOf": "g1 g2",
		a + "/appRoleAssignments": "1", // of groups that hold the person directly
		a + "/appRoleAssignments?$filter=resourceId eq other": "",
		"/v1.0/servicePrincipals/sp/appRoleAssignedTo":        "1 2",
	} {
		got := dial(t, circle(), nil).get(path)
		if got.status != 200 || got.ids() != want {
			t.Errorf("%s: %d %q, want %q", path, got.status, got.ids(), want)
		}
	}
	for _, path := range []string{"/v1.0/users/nobody@contoso.com/memberOf", "/v1.0/servicePrincipals/x/appRoleAssignedTo", "/v1.0/applications(appId='app')"} {
		if got := dial(t, circle(), nil).get(path); got.status != 404 || got.code() != "Request_ResourceNotFound" {
			t.Errorf("%s: %d %s", path, got.status, got.code())
		}
	}
}

func TestNamesOfGroupsTakeAPermissionOfTheirOwn(t *testing.T) {
	c := dial(t, circle(), nil)
	c.s.Without("Directory.Read.All")
	c.token = c.login()
	got := c.get("/v1.0/users/a@contoso.com/memberOf")
	list, _ := got.body["value"].([]any)
	if len(list) != 1 {
		t.Fatalf("%d %v", got.status, got.body)
	}
	o := list[0].(map[string]any)
	if o["id"] != "g1" || o["displayName"] != nil || o["@odata.type"] != "#microsoft.graph.group" {
		t.Errorf("%v", o)
	}
}
