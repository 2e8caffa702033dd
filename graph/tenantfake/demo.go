package tenantfake

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// What the demo's errors refer to.
const (
	DemoTenant = "7e2a9d10-5c1b-4c57-9b1e-3f0c0f6a1e01"

	miaCorrelation  = "3b1c6f0e-52d4-4f0a-9a77-0d5c1f6b2a01"
	noahCorrelation = "8f4d2a6b-1e93-4b7c-8c25-6a9e0b7d3c02"
	olgaCorrelation = "c7a5e9d1-04b8-4e36-b1f0-2d8c4f5a6e03"
	lenaCorrelation = "5e9b7c3d-68f2-4a1d-a4e7-9c0d1b2e8f04"
	avaCorrelation  = "91c4e7a2-3d58-4b6f-8e10-7f2a5c9d0b05"

	miaRequest  = "0a64d1f7-8c2e-4b59-9d3a-71b5e2c40a00"
	noahRequest = "2f81b0c6-93ad-4e7f-b2d4-5c6a8e1f7d00"
	olgaRequest = "6d90e3a2-4f1b-48c5-a7e9-0b2d7c8f1e00"
	lenaRequest = "b35c7d48-16ea-4f02-8b9c-d4e5f6a7b800"
	avaRequest  = "c8e21f60-7b4d-4a93-9f15-e06d3b8a2c00"
)

// The demo's apps.
const (
	portalID, portalName   = "0c9d8e7f-6a5b-4c3d-8e2f-1a0b9c8d7e6f", "Expenses"
	teamsID, teamsName     = "1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams"
	officeID, officeName   = "4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome"
	projectID, projectName = "9b8a7c6d-5e4f-4a3b-9c2d-1e0f8a7b6c5d", "Project board"
	azureID, azureName     = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal"
)

// demoPerson is an account of the demo.
type demoPerson struct {
	id, upn, name string
	mfa           bool
}

func demoPeople() []demoPerson {
	return []demoPerson{
		{"11111111-0000-4000-8000-000000000001", "mia@contoso.com", "Mia Sanders", false},
		{"11111111-0000-4000-8000-000000000002", "noah@contoso.com", "Noah Winter", true},
		{"11111111-0000-4000-8000-000000000003", "ava@contoso.com", "Ava Martin", true},
		{"11111111-0000-4000-8000-000000000004", "ben@contoso.com", "Ben Okafor", true},
		{"11111111-0000-4000-8000-000000000005", "dora@contoso.com", "Dora Klein", true}, // disabled
		{"11111111-0000-4000-8000-000000000007", "lena@fabrikam.com", "Lena Vogt", true},
		{"11111111-0000-4000-8000-000000000008", "jonas@fabrikam.com", "Jonas Berg", true},
		{"11111111-0000-4000-8000-000000000009", "ida@emea.fabrikam.com", "Ida Holm", true},
		{"11111111-0000-4000-8000-000000000010", "breakglass@contoso.onmicrosoft.com", "Emergency access", true},
		{"11111111-0000-4000-8000-000000000014", "rosa@contoso.com", "Rosa Lind", true},
	}
}

const (
	olgaID  = "11111111-0000-4000-8000-000000000006"
	olgaUPN = "olga.berg_gmail.com#EXT#@contoso.onmicrosoft.com"
)

// Demo is the tenant of `signpost demo`: contoso.com, where mia has no MFA method, noah is blocked by Conditional Access,
// olga is a guest whose Google grant is gone (AADSTS40009), ava has no method that the strength of the admin portals
// accepts, and fabrikam.com is federated with an AD FS that has replaced
// its token-signing certificate while Entra still holds the old one, which expired. The rest of the people are fine, except
// that dora is disabled and otto was deleted.
func Demo(now time.Time) State {
	now = now.UTC().Truncate(time.Second)
	s := State{
		TenantID: DemoTenant, Methods: map[string][]Object{}, Other: map[string][]Object{},
		Domains: []Object{
			domainOf("contoso.onmicrosoft.com", "Managed", Object{"isInitial": true}),
			domainOf("contoso.com", "Managed", Object{"isDefault": true}),
			domainOf("fabrikam.com", "Federated", nil),
			domainOf("emea.fabrikam.com", "Federated", Object{"isRoot": false}),
		},
		Federation: map[string]Object{"fabrikam.com": demoTrust(now)},
		Published: map[string]string{MetadataPath: FederationMetadata("sts.fabrikam.com",
			SigningCertificate("ADFS Signing - sts.fabrikam.com", now.AddDate(0, 0, -21), now.AddDate(1, 0, -21)))},
		Providers: []Object{
			{"@odata.type": "#microsoft.graph.socialIdentityProvider", "id": "Google-OAUTH", "displayName": "Google", "identityProviderType": "Google", "clientId": "814276553.apps.googleusercontent.com", "clientSecret": "******"},
			{"@odata.type": "#microsoft.graph.builtInIdentityProvider", "id": "EmailOtpSignup-OAUTH", "displayName": "Email One Time Passcode", "identityProviderType": "EmailOTP"},
		},
		Deleted: []Object{{
			"id": "11111111-0000-4000-8000-000000000011", "displayName": "Otto Maas", "userPrincipalName": "otto@contoso.com",
			"mail": "otto@contoso.com", "userType": "Member", "deletedDateTime": stamp(now.AddDate(0, 0, -4)),
		}},
	}
	for _, p := range demoPeople() {
		s.addPerson(p, now)
	}
	s.addOlga(now)
	s.addSignIns(now)
	s.addPolicies(now)
	s.addTenant(now)
	s.addApps(now)
	return s
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func domainOf(name, authentication string, more Object) Object {
	o := Object{
		"id": name, "authenticationType": authentication, "availabilityStatus": nil, "isAdminManaged": true, "isDefault": false,
		"isInitial": false, "isRoot": true, "isVerified": true, "supportedServices": []string{"Email", "OfficeCommunicationsOnline"},
		"passwordValidityPeriodInDays": 2147483647, "passwordNotificationWindowInDays": 14, "state": nil,
	}
	for k, v := range more {
		o[k] = v
	}
	return o
}

// addPerson adds an account with its registration and its methods.
func (s *State) addPerson(p demoPerson, now time.Time) {
	u := Object{
		"id": p.id, "displayName": p.name, "userPrincipalName": p.upn, "mail": p.upn, "userType": "Member", "accountEnabled": p.upn != "dora@contoso.com",
		"creationType": nil, "externalUserState": nil, "createdDateTime": stamp(now.AddDate(-2, 0, -9)),
		"onPremisesSyncEnabled": nil, "onPremisesProvisioningErrors": []any{}, "lastPasswordChangeDateTime": stamp(now.AddDate(0, -3, -2)),
		"passwordPolicies": "None", "signInSessionsValidFromDateTime": stamp(now.AddDate(0, -3, -2)),
		"identities":     []Object{{"signInType": "userPrincipalName", "issuer": "contoso.onmicrosoft.com", "issuerAssignedId": p.upn}},
		"proxyAddresses": []string{"SMTP:" + p.upn}, "otherMails": []any{},
		"signInActivity": Object{"lastSignInDateTime": stamp(now.Add(-26 * time.Hour)), "lastSuccessfulSignInDateTime": stamp(now.Add(-26 * time.Hour))},
	}
	if strings.HasSuffix(p.upn, "fabrikam.com") {
		u["onPremisesSyncEnabled"], u["onPremisesLastSyncDateTime"] = true, stamp(now.Add(-22*time.Minute))
		u["onPremisesImmutableId"], u["onPremisesUserPrincipalName"] = base64.StdEncoding.EncodeToString([]byte(p.id[20:])), p.upn
		u["onPremisesDomainName"] = "corp.fabrikam.com"
	}
	s.Users = append(s.Users, u)
	password := Object{"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": "28c10230-6103-485e-b985-444c60001490", "password": nil, "createdDateTime": stamp(now.AddDate(0, -3, -2))}
	r := registrationOf(p.id, p.upn, p.name, "member", p.mfa, now)
	s.Methods[p.id] = []Object{password}
	if p.mfa {
		s.Methods[p.id] = append(s.Methods[p.id],
			Object{"@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod", "id": "6a1c0000-0000-4000-8000-" + p.id[24:], "displayName": "Phone of " + p.name, "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.2512.0", "createdDateTime": stamp(now.AddDate(-1, 0, 0))},
			Object{"@odata.type": "#microsoft.graph.phoneAuthenticationMethod", "id": "3179e48a-750b-4051-897c-87b9720928f7", "phoneNumber": "+1 4255550100", "phoneType": "mobile", "smsSignInState": "notSupported"})
	}
	s.Registration = append(s.Registration, r)
}

func registrationOf(id, upn, name, kind string, registered bool, now time.Time) Object {
	r := Object{
		"id": id, "userPrincipalName": upn, "userDisplayName": name, "userType": kind, "isAdmin": false,
		"isSsprRegistered": registered, "isSsprEnabled": true, "isSsprCapable": registered, "isMfaRegistered": registered, "isMfaCapable": registered,
		"isPasswordlessCapable": false, "methodsRegistered": []any{}, "isSystemPreferredAuthenticationMethodEnabled": true,
		"systemPreferredAuthenticationMethods": []string{"none"}, "userPreferredMethodForSecondaryAuthentication": "",
		"lastUpdatedDateTime": stamp(now.Add(-5 * time.Hour)),
	}
	if registered {
		r["methodsRegistered"] = []string{"mobilePhone", "microsoftAuthenticatorPush", "softwareOneTimePasscode"}
		r["systemPreferredAuthenticationMethods"], r["userPreferredMethodForSecondaryAuthentication"] = []string{"push"}, "push"
	}
	return r
}

// addOlga adds the guest who signs in with Google.
func (s *State) addOlga(now time.Time) {
	s.Users = append(s.Users, Object{
		"id": olgaID, "displayName": "Olga Berg", "userPrincipalName": olgaUPN, "mail": "olga.berg@gmail.com", "userType": "Guest",
		"accountEnabled": true, "creationType": "Invitation", "externalUserState": "Accepted",
		"externalUserStateChangeDateTime": stamp(now.AddDate(0, -7, 0)), "createdDateTime": stamp(now.AddDate(0, -7, -1)),
		"onPremisesSyncEnabled": nil, "onPremisesProvisioningErrors": []any{}, "passwordPolicies": nil,
		"signInSessionsValidFromDateTime": stamp(now.AddDate(0, -7, -1)),
		"identities": []Object{
			{"signInType": "federated", "issuer": "google.com", "issuerAssignedId": nil},
			{"signInType": "userPrincipalName", "issuer": "contoso.onmicrosoft.com", "issuerAssignedId": olgaUPN},
		},
		"proxyAddresses": []string{"SMTP:olga.berg@gmail.com"}, "otherMails": []string{"olga.berg@gmail.com"},
		"signInActivity": Object{"lastSignInDateTime": stamp(now.AddDate(0, 0, -8)), "lastSuccessfulSignInDateTime": stamp(now.AddDate(0, 0, -8))},
	})
	s.Registration = append(s.Registration, registrationOf(olgaID, olgaUPN, "Olga Berg", "guest", false, now))
	s.Methods[olgaID] = []Object{}
}

// demoRow is a row of the sign-in log.
type demoRow struct {
	id, correlation      string
	at                   time.Time
	userID, upn, name    string
	appID, app           string
	code                 int
	reason               string
	kind                 string
	ip, city, country    string
	status               string // Conditional Access
	policies             []Object
	requirement, browser string
	incoming             string
}

func (r demoRow) object() Object {
	if r.kind == "" {
		r.kind = kindInteractive
	}
	if r.id == "" {
		r.id = guid()
	}
	if r.correlation == "" {
		r.correlation = guid()
	}
	if r.status == "" {
		r.status = "notApplied"
	}
	if r.policies == nil {
		r.policies = []Object{}
	}
	if r.requirement == "" {
		r.requirement = "singleFactorAuthentication"
	}
	if r.incoming == "" {
		r.incoming = "none"
	}
	var reason any
	if r.reason != "" {
		reason = r.reason
	}
	return Object{
		"id": r.id, "createdDateTime": stamp(r.at), "userDisplayName": r.name, "userPrincipalName": r.upn, "userId": r.userID,
		"appId": r.appID, "appDisplayName": r.app, "ipAddress": r.ip, "clientAppUsed": "Browser", "correlationId": r.correlation,
		"conditionalAccessStatus": r.status, "isInteractive": r.kind == kindInteractive, "riskDetail": "none",
		"riskLevelAggregated": "none", "riskLevelDuringSignIn": "none", "riskState": "none", "riskEventTypes": []any{}, "riskEventTypes_v2": []any{},
		"resourceDisplayName": "Microsoft Graph", "resourceId": "00000003-0000-0000-c000-000000000000",
		"status":                           Object{"errorCode": r.code, "failureReason": reason, "additionalDetails": nil},
		"deviceDetail":                     Object{"deviceId": "", "displayName": nil, "operatingSystem": "Windows10", "browser": r.browser, "isCompliant": nil, "isManaged": nil, "trustType": nil},
		"location":                         Object{"city": r.city, "state": nil, "countryOrRegion": r.country, "geoCoordinates": nil},
		"appliedConditionalAccessPolicies": r.policies,
		"signInEventTypes":                 []string{r.kind}, "authenticationRequirement": r.requirement, "incomingTokenType": r.incoming,
	}
}

// addSignIns writes the log. Rows are newest last; the fake sorts them.
func (s *State) addSignIns(now time.Time) {
	people := demoPeople()
	mia, noah, ava, ben, lena, jonas, ida := people[0], people[1], people[2], people[3], people[5], people[6], people[7]
	add := func(rows ...demoRow) {
		for _, r := range rows {
			s.SignIns = append(s.SignIns, r.object())
		}
	}
	of := func(p demoPerson, r demoRow) demoRow {
		r.userID, r.upn, r.name = p.id, p.upn, p.name
		if r.browser == "" {
			r.browser = "Edge 143.0.0"
		}
		if r.ip == "" {
			r.ip, r.city, r.country = "192.0.2.24", "Berlin", "DE"
		}
		return r
	}
	mfaPolicy := func(result string) Object {
		return Object{"id": "d0000000-0000-4000-8000-000000000002", "displayName": "Require MFA for everyone", "enforcedGrantControls": []string{"Mfa"}, "enforcedSessionControls": []string{}, "result": result}
	}
	abroad := func(result string) Object {
		return Object{"id": "d0000000-0000-4000-8000-000000000001", "displayName": "Block sign-in outside the EU", "enforcedGrantControls": []string{"Block"}, "enforcedSessionControls": []string{}, "result": result}
	}
	resistant := func(result string) Object {
		return Object{"id": "d0000000-0000-4000-8000-000000000004", "displayName": "Phishing-resistant MFA for admin portals", "enforcedGrantControls": []string{"Phishing-resistant MFA"}, "enforcedSessionControls": []string{}, "result": result}
	}
	compliant := func(result string) Object {
		return Object{"id": "d0000000-0000-4000-8000-000000000003", "displayName": "Require a compliant device (pilot)", "enforcedGrantControls": []string{"RequireCompliantDevice"}, "enforcedSessionControls": []string{}, "result": result}
	}
	add(
		of(mia, demoRow{at: now.Add(-26 * time.Hour), appID: officeID, app: officeName, status: "success", policies: []Object{abroad("notApplied")}}),
		of(mia, demoRow{
			id: miaRequest, correlation: miaCorrelation, at: now.Add(-9 * time.Minute), appID: portalID, app: portalName, code: 50076,
			reason: "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access.",
			status: "failure", policies: []Object{mfaPolicy("failure"), abroad("notApplied"), compliant("reportOnlyNotApplied")}, requirement: "multiFactorAuthentication",
		}),
		of(noah, demoRow{at: now.Add(-28 * time.Hour), appID: teamsID, app: teamsName, status: "success", policies: []Object{mfaPolicy("success"), abroad("notApplied")}, requirement: "multiFactorAuthentication"}),
		of(noah, demoRow{
			id: noahRequest, correlation: noahCorrelation, at: now.Add(-12 * time.Minute), appID: teamsID, app: teamsName, code: 53003,
			reason: "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
			ip:     "203.0.113.77", city: "Toronto", country: "CA", status: "failure", requirement: "multiFactorAuthentication",
			policies: []Object{mfaPolicy("success"), abroad("failure"), compliant("reportOnlyFailure")},
		}),
		of(ava, demoRow{
			id: avaRequest, correlation: avaCorrelation, at: now.Add(-16 * time.Minute), appID: azureID, app: azureName, code: 50074,
			reason: "Strong Authentication is required.", status: "failure", requirement: "multiFactorAuthentication",
			policies: []Object{resistant("failure"), mfaPolicy("success"), abroad("notApplied")},
		}),
		of(ava, demoRow{at: now.Add(-40 * time.Minute), appID: officeID, app: officeName, status: "success", policies: []Object{mfaPolicy("success")}, requirement: "multiFactorAuthentication"}),
		of(ben, demoRow{at: now.Add(-3 * time.Hour), appID: portalID, app: portalName, code: 50126, reason: "Error validating credentials due to invalid username or password."}),
		of(ben, demoRow{at: now.Add(-3*time.Hour + time.Minute), appID: portalID, app: portalName, status: "success", policies: []Object{mfaPolicy("success")}, requirement: "multiFactorAuthentication"}),
	)
	for i, when := range []time.Duration{-19 * time.Hour, -7 * time.Hour, -65 * time.Minute, -14 * time.Minute} {
		r := demoRow{
			at: now.Add(when), userID: olgaID, upn: "olga.berg@gmail.com", name: "Olga Berg", appID: projectID, app: projectName, code: 40009,
			reason: "The identity provider returned an error.", kind: kindNonInteractive, incoming: "refreshToken",
			ip: "198.51.100.9", city: "Oslo", country: "NO", browser: "Chrome 143.0.0",
		}
		if i == 3 {
			r.id, r.correlation = olgaRequest, olgaCorrelation
		}
		add(r)
	}
	signature := "Unable to verify token signature. The signing key identifier does not match any valid registered keys."
	add(
		of(lena, demoRow{at: now.Add(-50 * time.Hour), appID: officeID, app: officeName, status: "success"}),
		of(lena, demoRow{id: lenaRequest, correlation: lenaCorrelation, at: now.Add(-6 * time.Minute), appID: officeID, app: officeName, code: 5000811, reason: signature}),
		of(jonas, demoRow{at: now.Add(-21 * time.Minute), appID: teamsID, app: teamsName, code: 5000811, reason: signature}),
		of(jonas, demoRow{at: now.Add(-18 * time.Minute), appID: officeID, app: officeName, code: 5000811, reason: signature}),
		of(ida, demoRow{at: now.Add(-33 * time.Minute), appID: officeID, app: officeName, code: 5000811, reason: signature}),
	)
}

// demoTrust is the trust with fabrikam.com's AD FS. Its certificate ran out yesterday; AD FS signs with a new one since, and
// Entra could not reach the metadata to learn of it.
func demoTrust(now time.Time) Object {
	return Object{
		"@odata.type": "#microsoft.graph.internalDomainFederation", "id": "6601d14b-0000-4f64-8da2-000000000001", "displayName": "Fabrikam",
		"issuerUri":                       "http://fabrikam.com/adfs/services/trust/",
		"passiveSignInUri":                "https://sts.fabrikam.com/adfs/ls/",
		"activeSignInUri":                 "https://sts.fabrikam.com/adfs/services/trust/2005/usernamemixed",
		"signOutUri":                      "https://sts.fabrikam.com/adfs/ls/",
		"passwordResetUri":                nil,
		"preferredAuthenticationProtocol": "wsFed", "promptLoginBehavior": "nativeSupport", "isSignedAuthenticationRequestRequired": false,
		"metadataExchangeUri":            "https://sts.fabrikam.com/adfs/services/trust/mex",
		"federatedIdpMfaBehavior":        "acceptIfMfaDoneByFederatedIdp",
		"signingCertificate":             SigningCertificate("ADFS Signing - sts.fabrikam.com", now.AddDate(-1, 0, -1), now.Add(-26*time.Hour)),
		"nextSigningCertificate":         nil,
		"signingCertificateUpdateStatus": Object{"certificateUpdateResult": "couldNotAccessRemoteHost", "lastRunDateTime": stamp(now.Add(-9 * time.Hour))},
	}
}

// SigningCertificate makes a self-signed token-signing certificate, as base64 of DER: the form in which Graph holds it.
func SigningCertificate(name string, notBefore, notAfter time.Time) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("tenantfake: " + err.Error())
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(notBefore.Unix()), Subject: pkix.Name{CommonName: name},
		NotBefore: notBefore, NotAfter: notAfter, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic("tenantfake: " + err.Error())
	}
	return base64.StdEncoding.EncodeToString(der)
}

// Paste is an error that somebody of the demo would paste.
type Paste struct {
	Title string // what is behind it
	Who   string // mail address of the person who pastes
	Text  string
}

// DemoPastes are errors that fit the tenant of [Demo] with the same now.
func DemoPastes(now time.Time) []Paste {
	now = now.UTC().Truncate(time.Second)
	form := func(text, request, correlation string, at time.Time) string {
		return fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", text, request, correlation, at.Format("2006-01-02 15:04:05Z"))
	}
	return append([]Paste{
		{"a user without MFA", "mia@contoso.com", form("AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.", miaRequest, miaCorrelation, now.Add(-9*time.Minute))},
		{"a Conditional Access block", "noah@contoso.com", form("AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.", noahRequest, noahCorrelation, now.Add(-12*time.Minute))},
		{"a Google guest whose grant is gone", "ben@contoso.com", "Olga from the agency gets this on the project board:\n" + form("AADSTS40009: The identity provider returned an error.", olgaRequest, olgaCorrelation, now.Add(-14*time.Minute))},
		{"a federated domain with a stale certificate", "lena@fabrikam.com", form("AADSTS5000811: Unable to verify token signature. The signing key identifier does not match any valid registered keys.", lenaRequest, lenaCorrelation, now.Add(-6*time.Minute))},
		{"an admin whose methods are not strong enough", "ava@contoso.com", form("AADSTS50074: Strong Authentication is required.", avaRequest, avaCorrelation, now.Add(-16*time.Minute))},
	}, append(appPastes(now, form), tenantPastes(now)...)...)
}
