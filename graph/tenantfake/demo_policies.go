package tenantfake

import (
	"fmt"
	"time"
)

// The named locations of the demo.
const (
	demoEU   = "a1b2c3d4-0000-4000-8000-000000000002"
	demoSite = "a1b2c3d4-0000-4000-8000-000000000003"
)

// addPolicies adds what lies behind the rows: the policies, the locations and strengths that they name, and which methods
// the tenant allows.
func (s *State) addPolicies(now time.Time) {
	policy := func(n int, name, state string, control string, conditions Object) Object {
		all := Object{
			"clientAppTypes": []string{"all"}, "signInRiskLevels": []any{}, "userRiskLevels": []any{}, "servicePrincipalRiskLevels": []any{},
			"insiderRiskLevels": nil, "platforms": nil, "devices": nil, "clientApplications": nil, "authenticationFlows": nil, "locations": nil,
			"applications": Object{"includeApplications": []string{"All"}, "excludeApplications": []any{}, "includeUserActions": []any{}, "includeAuthenticationContextClassReferences": []any{}, "applicationFilter": nil},
			"users":        Object{"includeUsers": []string{"All"}, "excludeUsers": []string{demoPeople()[8].id}, "includeGroups": []any{}, "excludeGroups": []any{}, "includeRoles": []any{}, "excludeRoles": []any{}, "includeGuestsOrExternalUsers": nil, "excludeGuestsOrExternalUsers": nil},
		}
		for k, v := range conditions {
			all[k] = v
		}
		grant := Object{"operator": "OR", "builtInControls": []string{control}, "customAuthenticationFactors": []any{}, "termsOfUse": []any{}, "authenticationStrength": nil}
		if control == "" {
			grant = nil
		}
		return Object{
			"id": fmt.Sprintf("d0000000-0000-4000-8000-%012d", n), "templateId": nil, "displayName": name, "state": state,
			"createdDateTime": stamp(now.AddDate(-1, 0, 0)), "modifiedDateTime": stamp(now.AddDate(0, 0, -2)),
			"conditions": all, "grantControls": grant, "sessionControls": nil,
		}
	}
	const on, reportOnly = "enabled", "enabledForReportingButNotEnforced"
	resistant := policy(4, "Phishing-resistant MFA for admin portals", on, "mfa", Object{"applications": Object{"includeApplications": []string{"MicrosoftAdminPortals"}}})
	resistant["grantControls"] = Object{"operator": "OR", "builtInControls": []any{}, "customAuthenticationFactors": []any{}, "termsOfUse": []any{}, "authenticationStrength": demoStrengths()[2]}
	fortnight := policy(5, "Sign in again every 14 days", on, "", nil)
	fortnight["sessionControls"] = Object{
		"signInFrequency":           Object{"value": 14, "type": "days", "authenticationType": "primaryAndSecondaryAuthentication", "frequencyInterval": "timeBased", "isEnabled": true},
		"disableResilienceDefaults": nil, "applicationEnforcedRestrictions": nil, "cloudAppSecurity": nil, "persistentBrowser": nil,
	}
	anywhereBut := func(id string) Object {
		return Object{"includeLocations": []string{"All"}, "excludeLocations": []string{id}}
	}
	s.Other["identity/conditionalAccess/policies"] = []Object{
		policy(1, "Block sign-in outside the EU", on, "block", Object{"locations": anywhereBut(demoEU)}),
		policy(2, "Require MFA for everyone", on, "mfa", nil),
		policy(3, "Require a compliant device (pilot)", reportOnly, "compliantDevice", nil),
		resistant, fortnight,
		policy(6, "Block legacy authentication", on, "block", Object{"clientAppTypes": []string{"exchangeActiveSync", "other"}}),
		policy(7, "Block device code flow", on, "block", Object{"authenticationFlows": Object{"transferMethods": "deviceCodeFlow"}}),
		policy(8, "Register security information with MFA", on, "mfa", Object{
			"applications": Object{"includeApplications": []any{}, "includeUserActions": []string{"urn:user:registersecurityinfo"}}, "locations": anywhereBut("AllTrusted"),
		}),
	}
	s.Other["identity/conditionalAccess/namedLocations"] = []Object{
		{
			"@odata.type": "#microsoft.graph.countryNamedLocation", "id": demoEU, "displayName": "EU", "createdDateTime": stamp(now.AddDate(-1, 0, 0)), "modifiedDateTime": stamp(now.AddDate(-1, 0, 0)),
			"countriesAndRegions": []string{"AT", "BE", "DE", "DK", "ES", "FI", "FR", "IT", "NL", "PL", "PT", "SE"}, "countryLookupMethod": "clientIpAddress", "includeUnknownCountriesAndRegions": false,
		},
		{
			"@odata.type": "#microsoft.graph.ipNamedLocation", "id": demoSite, "displayName": "Headquarters", "createdDateTime": stamp(now.AddDate(-1, 0, 0)), "modifiedDateTime": stamp(now.AddDate(-1, 0, 0)),
			"isTrusted": true, "ipRanges": []Object{{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/24"}, {"@odata.type": "#microsoft.graph.iPv6CidrRange", "cidrAddress": "2001:db8:10::/48"}},
		},
	}
	s.Other["policies/authenticationStrengthPolicies"] = demoStrengths()
	s.Other["policies/authenticationMethodsPolicy"] = []Object{demoMethodsPolicy()}
	s.Other["policies/identitySecurityDefaultsEnforcementPolicy"] = []Object{{"id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults", "description": "", "isEnabled": false}}
}

// demoStrengths are the three strengths that every tenant has.
func demoStrengths() []Object {
	strength := func(n int, name string, allowed ...string) Object {
		return Object{
			"id": fmt.Sprintf("00000000-0000-0000-0000-%012d", n), "displayName": name, "description": "", "policyType": "builtIn",
			"requirementsSatisfied": "mfa", "createdDateTime": "2021-12-01T00:00:00Z", "modifiedDateTime": "2021-12-01T00:00:00Z", "allowedCombinations": allowed,
		}
	}
	resistant := []string{"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"}
	passwordless := append([]string{"deviceBasedPush"}, resistant...)
	return []Object{
		strength(2, "Multifactor authentication", append([]string{
			"temporaryAccessPassOneTime", "temporaryAccessPassMultiUse", "password,microsoftAuthenticatorPush", "password,softwareOath", "password,hardwareOath",
			"password,sms", "password,voice", "federatedMultiFactor", "microsoftAuthenticatorPush,federatedSingleFactor", "sms,federatedSingleFactor",
		}, passwordless...)...),
		strength(3, "Passwordless MFA", passwordless...),
		strength(4, "Phishing-resistant MFA", resistant...),
	}
}

// demoMethodsPolicy allows what people hold, passkeys and Temporary Access Passes, and neither calls nor certificates.
func demoMethodsPolicy() Object {
	var configs []Object
	for _, m := range []struct{ kind, id, state string }{
		{"fido2", "Fido2", "enabled"}, {"microsoftAuthenticator", "MicrosoftAuthenticator", "enabled"}, {"sms", "Sms", "enabled"},
		{"temporaryAccessPass", "TemporaryAccessPass", "enabled"}, {"hardwareOath", "HardwareOath", "disabled"}, {"softwareOath", "SoftwareOath", "enabled"},
		{"voice", "Voice", "disabled"}, {"email", "Email", "enabled"}, {"x509Certificate", "X509Certificate", "disabled"}, {"qrCodePin", "QRCodePin", "disabled"},
	} {
		configs = append(configs, Object{
			"@odata.type": "#microsoft.graph." + m.kind + "AuthenticationMethodConfiguration", "id": m.id, "state": m.state, "excludeTargets": []any{},
			"includeTargets": []Object{{"targetType": "group", "id": "all_users", "isRegistrationRequired": false}},
		})
	}
	return Object{
		"id": "authenticationMethodsPolicy", "displayName": "Authentication Methods Policy", "description": "", "policyVersion": "1.5",
		"policyMigrationState": "migrationComplete", "reconfirmationInDays": nil, "authenticationMethodConfigurations": configs,
		"registrationEnforcement": Object{"authenticationMethodsRegistrationCampaign": Object{"state": "default", "snoozeDurationInDays": 1, "includeTargets": []any{}, "excludeTargets": []any{}}},
	}
}
