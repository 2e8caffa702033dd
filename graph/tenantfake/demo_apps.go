package tenantfake

import "time"

// Objects of the demo's directory that apps hang on.
const (
	graphID          = "00000003-0000-0000-c000-000000000000" // Microsoft Graph's app id, the same everywhere
	graphPrincipal   = "22222222-0000-4000-8000-000000000001"
	portalPrincipal  = "22222222-0000-4000-8000-000000000002"
	projectPrincipal = "22222222-0000-4000-8000-000000000003"

	staffGroup    = "33333333-0000-4000-8000-000000000001"
	expensesGroup = "33333333-0000-4000-8000-000000000002"
	financeGroup  = "33333333-0000-4000-8000-000000000003"

	rosaCorrelation = "d41f8b26-90c3-4e57-a6d8-1b7e2f9c3a06"
	rosaRequest     = "4e07a9c5-2d81-4f36-8b5a-93c1d7e6f200"
	benCorrelation  = "7b2d9e14-c6f5-4083-9a3e-5d8f0c1b6e07"
	benRequest      = "95d3c2b1-0f7e-4a68-b4c9-e82a6d5f1700"
)

// graphScopes are some of Microsoft Graph's delegated permissions with their published ids.
func graphScopes() []Object {
	var all []Object
	for _, p := range [...]struct{ value, id string }{
		{"User.Read", "e1fe6dd8-ba31-4d61-89e7-88639da4683d"}, {"openid", "37f7f235-527c-4136-accd-4a02d197296e"},
		{"profile", "14dad69e-099b-42c9-810b-d002981feec1"}, {"offline_access", "7427e0e9-2fba-42fe-b0c0-848c9e6a8182"},
		{"Files.Read", "10465720-29dd-4523-a11a-6a75c743c9d9"}, {"Mail.Read", "570282fd-fa5c-430d-a7fd-fc8dc98a9dca"},
	} {
		all = append(all, Object{"id": p.id, "value": p.value, "type": "User", "isEnabled": true, "adminConsentDisplayName": p.value})
	}
	return all
}

// addApps adds what the demo's people sign in to: Expenses, an app of this tenant that asks for an assignment, whose old
// secret ran out two days ago, and which rosa reaches only by a group within the assigned group; and Project board, an app of
// another tenant that people consented to themselves.
func (s *State) addApps(now time.Time) {
	people := demoPeople()
	mia, noah, ava, ben, dora, breakglass, rosa := people[0].id, people[1].id, people[2].id, people[3].id, people[4].id, people[8].id, people[9].id
	scope := func(name string) Object {
		for _, o := range graphScopes() {
			if o["value"] == name {
				return Object{"id": o["id"], "type": "Scope"}
			}
		}
		return nil
	}
	secret := func(key, name, hint string, starts, ends time.Time) Object {
		return Object{"keyId": key, "displayName": name, "hint": hint, "secretText": nil, "customKeyIdentifier": nil, "startDateTime": stamp(starts), "endDateTime": stamp(ends)}
	}
	s.Other["applications"] = []Object{{
		"id": "44444444-0000-4000-8000-000000000001", "appId": portalID, "displayName": portalName, "signInAudience": "AzureADMyOrg",
		"identifierUris": []string{"api://" + portalID}, "isFallbackPublicClient": false, "requestSignatureVerification": nil,
		"web":          Object{"redirectUris": []string{"https://expenses.contoso.com/signin-oidc"}, "logoutUrl": nil, "homePageUrl": "https://expenses.contoso.com"},
		"spa":          Object{"redirectUris": []string{"https://expenses.contoso.com/app"}},
		"publicClient": Object{"redirectUris": []string{"http://localhost"}},
		"passwordCredentials": []Object{
			secret("55555555-0000-4000-8000-000000000001", "build server", "Rq8", now.AddDate(-1, 0, -2), now.AddDate(0, 0, -2)),
		},
		"keyCredentials": []Object{{
			"keyId": "55555555-0000-4000-8000-000000000002", "displayName": "CN=expenses.contoso.com", "type": "AsymmetricX509Cert", "usage": "Verify", "key": nil,
			"customKeyIdentifier": "lTw7vXoXtnnLkWkBMGgRXHEaSCQ=", "startDateTime": stamp(now.AddDate(0, -2, 0)), "endDateTime": stamp(now.AddDate(1, -2, 0)),
		}},
		"requiredResourceAccess": []Object{{"resourceAppId": graphID, "resourceAccess": []Object{scope("User.Read"), scope("Files.Read")}}},
	}}
	principal := func(id, appID, name, owner string, more Object) Object {
		o := Object{
			"id": id, "appId": appID, "displayName": name, "accountEnabled": true, "appOwnerOrganizationId": owner, "appRoleAssignmentRequired": false,
			"replyUrls": []any{}, "servicePrincipalNames": []string{appID}, "servicePrincipalType": "Application", "signInAudience": "AzureADMultipleOrgs",
			"preferredSingleSignOnMode": nil, "preferredTokenSigningKeyThumbprint": nil, "disabledByMicrosoftStatus": nil, "keyCredentials": []any{},
			"passwordCredentials": []any{}, "samlSingleSignOnSettings": nil, "loginUrl": nil, "homepage": nil, "tags": []string{"WindowsAzureActiveDirectoryIntegratedApp"},
			"oauth2PermissionScopes": []any{}, "appRoles": []any{},
		}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	s.Other["servicePrincipals"] = []Object{
		principal(graphPrincipal, graphID, "Microsoft Graph", "f8cdef31-a31e-4b4a-93e4-5f571e91255a", Object{
			"servicePrincipalNames":  []string{graphID, "https://graph.microsoft.com", "https://graph.microsoft.com/", "https://dod-graph.microsoft.us"},
			"oauth2PermissionScopes": graphScopes(), "appRoles": []Object{{"id": "df021288-bdef-4463-88db-98f22de89214", "value": "User.Read.All", "isEnabled": true, "allowedMemberTypes": []string{"Application"}}},
		}),
		principal(portalPrincipal, portalID, portalName, DemoTenant, Object{
			"appRoleAssignmentRequired": true, "signInAudience": "AzureADMyOrg", "servicePrincipalNames": []string{portalID, "api://" + portalID},
			"replyUrls": []string{"https://expenses.contoso.com/signin-oidc", "https://expenses.contoso.com/app", "http://localhost"}, "preferredSingleSignOnMode": "oidc",
		}),
		principal(projectPrincipal, projectID, projectName, "99999999-0000-4000-8000-000000000001", Object{"replyUrls": []string{"https://board.project.example/auth"}}),
	}
	group := func(id, name string, members ...string) Object {
		return Object{"id": id, "displayName": name, "securityEnabled": true, "mailEnabled": false, "groupTypes": []any{}, "@members": members}
	}
	s.Other["groups"] = []Object{
		group(staffGroup, "All staff", mia, noah, ava, ben, dora, rosa, finnID), group(expensesGroup, "Expenses users", mia, ben, finnID, financeGroup), group(financeGroup, "Finance", ava, rosa),
	}
	s.Other["directoryRoles"] = []Object{{
		"id": "66666666-0000-4000-8000-000000000001", "displayName": "Global Administrator", "roleTemplateId": "62e90394-69f5-4237-9190-012177145e10", "@members": []string{breakglass},
	}}
	assigned := func(id, kind, principal, name string) Object {
		return Object{
			"id": id, "createdDateTime": stamp(now.AddDate(0, -7, 0)), "appRoleId": "00000000-0000-0000-0000-000000000000",
			"principalType": kind, "principalId": principal, "principalDisplayName": name, "resourceId": portalPrincipal, "resourceDisplayName": portalName,
		}
	}
	s.Other["servicePrincipals/"+portalPrincipal+"/appRoleAssignedTo"] = []Object{
		assigned("a1", "Group", expensesGroup, "Expenses users"), assigned("a2", "User", noah, "Noah Winter"),
	}
	s.Other["oauth2PermissionGrants"] = []Object{
		{"id": "g1", "clientId": portalPrincipal, "consentType": "AllPrincipals", "principalId": nil, "resourceId": graphPrincipal, "scope": "User.Read openid profile"},
		{"id": "g2", "clientId": projectPrincipal, "consentType": "Principal", "principalId": olgaID, "resourceId": graphPrincipal, "scope": "User.Read offline_access"},
	}
	s.Other["policies/authorizationPolicy"] = []Object{{
		"id": "authorizationPolicy", "displayName": "Authorization Policy", "allowInvitesFrom": "adminsAndGuestInviters", "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3",
		"defaultUserRolePermissions": Object{
			"allowedToCreateApps": false, "permissionGrantPoliciesAssigned": []string{"ManagePermissionGrantsForSelf.microsoft-user-default-low", "ManagePermissionGrantsForOwnedResource.microsoft-dynamically-managed-permissions-for-team"},
		},
	}}
	user := func(r demoRow, i int) Object {
		r.userID, r.upn, r.name, r.appID, r.app = people[i].id, people[i].upn, people[i].name, portalID, portalName
		r.ip, r.city, r.country, r.browser = "192.0.2.24", "Berlin", "DE", "Edge 143.0.0"
		return r.object()
	}
	s.SignIns = append(s.SignIns,
		user(demoRow{id: rosaRequest, correlation: rosaCorrelation, at: now.Add(-11 * time.Minute), code: 50105, reason: "The signed in user is not assigned to a role for the application."}, 9),
		user(demoRow{id: benRequest, correlation: benCorrelation, at: now.Add(-5 * time.Minute), code: 50011, reason: "The redirect URI specified in the request does not match the redirect URIs configured for the application."}, 3))
	// The other apps of the log are Microsoft's own.
	const microsoft = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
	s.Other["servicePrincipals"] = append(s.Other["servicePrincipals"],
		principal("22222222-0000-4000-8000-000000000004", teamsID, teamsName, microsoft, nil), principal("22222222-0000-4000-8000-000000000005", officeID, officeName, microsoft, nil))
}

// appPastes are the errors of Expenses.
func appPastes(now time.Time, form func(text, request, correlation string, at time.Time) string) []Paste {
	return []Paste{
		{"a group within the assigned group", "rosa@contoso.com", form("AADSTS50105: Your administrator has configured the application "+portalName+" ('"+portalID+"') to block users unless they are specifically granted ('assigned') access to the application. The signed in user 'rosa@contoso.com' is blocked because they are not a direct member of a group with access, nor had access directly assigned by an administrator. Please contact your administrator to assign access to this application.", rosaRequest, rosaCorrelation, now.Add(-11*time.Minute))},
		{"a redirect URI with a slash too many", "ben@contoso.com", form("AADSTS50011: The redirect URI 'https://expenses.contoso.com/signin-oidc/' specified in the request does not match the redirect URIs configured for the application '"+portalID+"'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal.", benRequest, benCorrelation, now.Add(-5*time.Minute))},
	}
}
