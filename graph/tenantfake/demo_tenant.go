package tenantfake

import "time"

// What the demo's device and guest stories refer to.
const (
	finnCorrelation = "d1f3b5a7-9c2e-4d60-8f14-7b6a5c4d3e05"
	finnRequest     = "7c42f1e8-35d9-4b06-8a1f-2e3d4c5b6a00"
	finnID          = "11111111-0000-4000-8000-000000000012"
	finnDevice      = "dd000000-0000-4000-8000-000000000001"
	noahDevice      = "dd000000-0000-4000-8000-000000000003"

	piaCorrelation  = "a2b4c6d8-e0f1-4357-9b8d-1c3e5a7f9b06"
	piaRequest      = "91d5e3b7-62c8-4fa0-b4d9-8e7f6a5b4c00"
	northwindTenant = "a9c1e2f3-4b5d-4e6f-8a7b-9c0d1e2f3a4b"

	blockPolicy     = "d0000000-0000-4000-8000-000000000001"
	compliantPolicy = "d0000000-0000-4000-8000-000000000009"
	demoAdmin       = "admin@contoso.com"
)

// addTenant adds what belongs to the tenant as a whole, and the people whose stories rest on it: finn, whose laptop fell
// out of compliance, and pia, whom nobody has invited yet. Somebody edited the policy that blocks noah an hour before it did.
func (s *State) addTenant(now time.Time) {
	s.addFinn(now)
	s.addNorthwind(now)
	s.addAudit(now)
	s.Other["organization"] = []Object{{
		"id": DemoTenant, "displayName": "Contoso", "tenantType": "AAD", "onPremisesSyncEnabled": true, "onPremisesLastSyncDateTime": stamp(now.Add(-22 * time.Minute)),
	}}
	s.Other["identityProtection/riskyUsers"] = []Object{
		riskOf("11111111-0000-4000-8000-000000000005", "dora@contoso.com", "high", "atRisk", "none", now.Add(-49*time.Hour)),
		riskOf("11111111-0000-4000-8000-000000000004", "ben@contoso.com", "none", "remediated", "userPerformedSecuredPasswordReset", now.AddDate(0, -2, 0)),
		riskOf("11111111-0000-4000-8000-000000000002", "noah@contoso.com", "none", "dismissed", "adminDismissedAllRiskForUser", now.AddDate(0, -4, 0)),
	}
	// Entra is well; mail is not, which explains no sign-in.
	s.Other["admin/serviceAnnouncement/healthOverviews"] = []Object{
		{"id": "OrgLiveID", "service": "Identity Service", "status": "serviceOperational", "issues": []Object{
			issueOf("MO1189004", "Some users could not reset their passwords", "serviceRestored", true, now.AddDate(0, 0, -6)),
		}},
		{"id": "Exchange", "service": "Exchange Online", "status": "serviceDegradation", "issues": []Object{
			issueOf("EX1191220", "Mail to some domains is delayed", "serviceDegradation", false, now.Add(-3*time.Hour)),
		}},
	}
}

func riskOf(id, upn, level, state, detail string, at time.Time) Object {
	return Object{"id": id, "userPrincipalName": upn, "userDisplayName": nil, "isDeleted": false, "isProcessing": false, "riskLevel": level, "riskState": state, "riskDetail": detail, "riskLastUpdatedDateTime": stamp(at)}
}

func issueOf(id, title, status string, resolved bool, at time.Time) Object {
	return Object{"id": id, "title": title, "status": status, "classification": "incident", "isResolved": resolved, "startDateTime": stamp(at), "feature": "Other", "featureGroup": "Other", "origin": "microsoft"}
}

// addFinn adds finn, his laptop, the policy that asks for a compliant one, and the sign-in that it stopped.
func (s *State) addFinn(now time.Time) {
	finn := demoPerson{finnID, "finn@contoso.com", "Finn Larsen", true}
	s.addPerson(finn, now)
	s.Other["devices"] = []Object{
		deviceOf("3", noahDevice, "LT-NOAH", now.Add(-28*time.Hour), Object{"isCompliant": nil, "isManaged": nil, "managementType": nil, "trustType": "Workplace"}),
		deviceOf("1", finnDevice, "LT-FINN", now.Add(-2*time.Hour), Object{"isCompliant": false}),
		deviceOf("2", "dd000000-0000-4000-8000-000000000002", "LT-OLD", now.AddDate(0, -7, 0), Object{"accountEnabled": false, "isCompliant": nil, "isManaged": nil}),
	}
	for _, row := range s.SignIns { // noah travels with a laptop of his own
		if row["id"] == noahRequest {
			row["deviceDetail"] = Object{"deviceId": noahDevice, "displayName": "LT-NOAH", "operatingSystem": "Windows10", "browser": "Edge 143.0.0", "isCompliant": nil, "isManaged": nil, "trustType": "Azure AD registered"}
		}
	}
	policy := Object{
		"id": compliantPolicy, "displayName": "Require a compliant device for Expenses", "state": "enabled",
		"createdDateTime": stamp(now.AddDate(-1, 0, 0)), "modifiedDateTime": stamp(now.AddDate(0, -5, 0)),
		"conditions": Object{
			"clientAppTypes": []string{"all"}, "applications": Object{"includeApplications": []string{portalID}}, "users": Object{"includeUsers": []string{finnID}},
		},
		"grantControls": Object{"operator": "OR", "builtInControls": []string{"compliantDevice"}}, "sessionControls": nil,
	}
	s.Other["identity/conditionalAccess/policies"] = append(s.Other["identity/conditionalAccess/policies"], policy)
	row := demoRow{
		id: finnRequest, correlation: finnCorrelation, at: now.Add(-4 * time.Minute), userID: finn.id, upn: finn.upn, name: finn.name,
		appID: portalID, app: portalName, code: 53000, reason: "Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and the device is not compliant.",
		ip: "192.0.2.24", city: "Berlin", country: "DE", browser: "Edge 143.0.0", status: "failure",
		policies: []Object{{"id": compliantPolicy, "displayName": "Require a compliant device for Expenses", "enforcedGrantControls": []string{"RequireCompliantDevice"}, "enforcedSessionControls": []string{}, "result": "failure"}},
	}.object()
	row["deviceDetail"] = Object{"deviceId": finnDevice, "displayName": "LT-FINN", "operatingSystem": "Windows10", "browser": "Edge 143.0.0", "isCompliant": false, "isManaged": true, "trustType": "Azure AD joined"}
	s.SignIns = append(s.SignIns, row)
}

func deviceOf(n, deviceID, name string, seen time.Time, more Object) Object {
	o := Object{
		"id": "de000000-0000-4000-8000-00000000000" + n, "deviceId": deviceID, "displayName": name, "accountEnabled": true, "operatingSystem": "Windows",
		"operatingSystemVersion": "10.0.26100.4652", "trustType": "AzureAd", "isCompliant": true, "isManaged": true, "managementType": "MDM", "profileType": "RegisteredDevice",
		"approximateLastSignInDateTime": stamp(seen), "registrationDateTime": stamp(seen.AddDate(-1, 0, 0)), "onPremisesSyncEnabled": nil,
	}
	for k, v := range more {
		o[k] = v
	}
	return o
}

// addNorthwind adds two organisations of elsewhere: Northwind Traders, whose MFA is trusted, and Proseware, whose people
// are kept out. pia of Northwind tries an app of contoso.com without being a guest.
func (s *State) addNorthwind(now time.Time) {
	const prosewareTenant = "b7d2f4a6-1c3e-4d5f-9a8b-0c1d2e3f4a5b"
	s.Other["tenantRelationships/tenants"] = []Object{
		{"tenantId": northwindTenant, "displayName": "Northwind Traders", "defaultDomainName": "northwind.example", "federationBrandName": nil, "@domains": []string{"northwind.example", "northwind.onmicrosoft.com"}},
		{"tenantId": prosewareTenant, "displayName": "Proseware", "defaultDomainName": "proseware.example", "federationBrandName": nil},
	}
	partner := func(tenant string, more Object) Object {
		o := Object{
			"tenantId": tenant, "isServiceProvider": nil, "isInMultiTenantOrganization": false, "inboundTrust": nil, "b2bCollaborationInbound": nil,
			"b2bCollaborationOutbound": nil, "b2bDirectConnectInbound": nil, "b2bDirectConnectOutbound": nil, "automaticUserConsentSettings": Object{"inboundAllowed": nil, "outboundAllowed": nil},
		}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	s.Other["policies/crossTenantAccessPolicy/partners"] = []Object{
		partner(northwindTenant, Object{"inboundTrust": Object{"isMfaAccepted": true, "isCompliantDeviceAccepted": nil, "isHybridAzureADJoinedDeviceAccepted": nil}}),
		partner(prosewareTenant, Object{"b2bCollaborationInbound": Collaboration("blocked", "AllUsers", "blocked", "AllApplications")}),
	}
	row := demoRow{
		id: piaRequest, correlation: piaCorrelation, at: now.Add(-17 * time.Minute), userID: "00000000-0000-0000-0000-000000000000", upn: "pia@northwind.example", name: "Pia Stern",
		appID: projectID, app: projectName, code: 50020, reason: "User account from identity provider does not exist in tenant and cannot access the application in that tenant.",
		ip: "198.51.100.44", city: "Vienna", country: "AT", browser: "Firefox 145.0",
	}.object()
	row["homeTenantId"], row["resourceTenantId"], row["crossTenantAccessType"], row["userType"] = northwindTenant, DemoTenant, "b2bCollaboration", "guest"
	s.SignIns = append(s.SignIns, row)
}

// addAudit writes the directory audit.
func (s *State) addAudit(now time.Time) {
	edited := now.Add(-71 * time.Minute)
	for _, p := range s.Other["identity/conditionalAccess/policies"] {
		if p["id"] == blockPolicy {
			p["modifiedDateTime"] = stamp(edited)
		}
	}
	add := func(at time.Time, category, activity, operation string, targets ...Object) {
		s.Other["auditLogs/directoryAudits"] = append(s.Other["auditLogs/directoryAudits"], Object{
			"id": "Directory_" + guid(), "category": category, "correlationId": guid(), "result": "success", "resultReason": "",
			"activityDisplayName": activity, "activityDateTime": stamp(at), "loggedByService": "Core Directory", "operationType": operation,
			"initiatedBy":     Object{"user": Object{"id": "11111111-0000-4000-8000-000000000099", "displayName": nil, "userPrincipalName": demoAdmin, "ipAddress": "192.0.2.5"}, "app": nil},
			"targetResources": targets, "additionalDetails": []any{},
		})
	}
	policy := func(id, name string) Object {
		return Object{"id": id, "displayName": name, "type": "Policy", "userPrincipalName": nil, "modifiedProperties": []Object{{"displayName": "ConditionalAccessPolicy", "oldValue": "{…}", "newValue": "{…}"}}}
	}
	account := func(id, upn, property, from, to string) Object {
		return Object{"id": id, "displayName": nil, "type": "User", "userPrincipalName": upn, "modifiedProperties": []Object{
			{"displayName": property, "oldValue": from, "newValue": to}, {"displayName": "Included Updated Properties", "oldValue": nil, "newValue": `"` + property + `"`},
		}}
	}
	add(edited, "Policy", "Update conditional access policy", "Update", policy(blockPolicy, "Block sign-in outside the EU"))
	add(now.Add(-2*time.Hour), "Policy", "Update conditional access policy", "Update", policy("d0000000-0000-4000-8000-000000000003", "Require a compliant device (pilot)"))
	add(now.Add(-5*time.Hour), "UserManagement", "Reset user password", "Update", account("11111111-0000-4000-8000-000000000004", "ben@contoso.com", "StrongAuthenticationMethod", "[]", "[]"))
	add(now.Add(-47*time.Hour), "UserManagement", "Disable account", "Update", account("11111111-0000-4000-8000-000000000005", "dora@contoso.com", "AccountEnabled", "[true]", "[false]"))
	add(now.Add(-47*time.Hour), "UserManagement", "Update user", "Update", account("11111111-0000-4000-8000-000000000005", "dora@contoso.com", "AccountEnabled", "[true]", "[false]"))
}

// tenantPastes are the errors of finn and pia.
func tenantPastes(now time.Time) []Paste {
	form := func(text, request, correlation string, at time.Time) string {
		return text + " Trace ID: " + request + " Correlation ID: " + correlation + " Timestamp: " + at.Format("2006-01-02 15:04:05Z")
	}
	return []Paste{
		{"a laptop that is not compliant", "finn@contoso.com", form("AADSTS53000: Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and the device is not compliant. The user must enroll their device with an approved MDM provider like Intune.", finnRequest, finnCorrelation, now.Add(-4*time.Minute))},
		{"a partner whom nobody has invited", "ben@contoso.com", form("AADSTS50020: User account 'pia@northwind.example' from identity provider 'https://sts.windows.net/"+northwindTenant+"/' does not exist in tenant 'Contoso' and cannot access the application '"+projectID+"'("+projectName+") in that tenant. The account needs to be added as an external user in the tenant first.", piaRequest, piaCorrelation, now.Add(-17*time.Minute))},
	}
}
