package tenantfake

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// DemoMetadata are the addresses under which [DemoTrusts] publishes metadata on a server, by domain: for graph.Config.Metadata.
func DemoMetadata(url string) map[string]string {
	return map[string]string{
		"fabrikam.com": url + MetadataPath, "northwind.example": url + "/northwind" + MetadataPath,
		"tailspin.example": url + "/tailspin/metadata", "wingtip.example": url + "/wingtip" + MetadataPath,
	}
}

// DemoTrusts adds to the tenant of [Demo] what a health report of its federation tells, once a server listens at the URL:
// northwind.example with a child, an AD FS in perfect health; tailspin.example, an Okta whose certificate ends in 12 days with
// none behind it; wingtip.example, an AD FS whose MFA behaviour somebody weakened 6 days ago. The hosts of all trusts become
// the server, because those of a made-up tenant are nowhere.
func DemoTrusts(url string, now time.Time) func(*State) {
	now = now.UTC().Truncate(time.Second)
	host := strings.TrimPrefix(url, "https://")
	return func(s *State) {
		moved := strings.NewReplacer("sts.fabrikam.com", host)
		for _, trust := range s.Federation {
			for k, v := range trust {
				if text, ok := v.(string); ok && strings.HasSuffix(k, "Uri") {
					trust[k] = moved.Replace(text)
				}
			}
		}
		for path, text := range s.Published {
			s.Published[path] = moved.Replace(text)
		}
		s.Domains = append(s.Domains, domainOf("northwind.example", "Federated", nil), domainOf("eu.northwind.example", "Federated", Object{"isRoot": false}),
			domainOf("tailspin.example", "Federated", nil), domainOf("wingtip.example", "Federated", nil))

		for i, upn := range []string{"kim@northwind.example", "jo@eu.northwind.example", "sam@tailspin.example", "alex@tailspin.example", "max@wingtip.example"} {
			s.addPerson(demoPerson{fmt.Sprintf("11111111-0000-4000-8000-0000000001%02d", i), upn, strings.ToUpper(upn[:1]) + upn[1:strings.Index(upn, "@")] + " Reed", true}, now)
		}

		healthy := SigningCertificate("ADFS Signing - sts.northwind.example", now.AddDate(0, -2, 0), now.AddDate(0, 10, 0))
		s.Federation["northwind.example"] = AdfsTrust("northwind.example", host, healthy, now)
		s.Published["/northwind"+MetadataPath] = FederationMetadata(host, healthy)

		ends := SigningCertificate("tailspin", now.AddDate(-10, 0, 12), now.AddDate(0, 0, 12))
		okta := AdfsTrust("tailspin.example", host, ends, now)
		maps.Copy(okta, Object{
			"displayName": "Tailspin", "issuerUri": "http://www.okta.com/exk1tailspin", "passiveSignInUri": url + "/app/office365/exk1tailspin/sso/wsfed/passive",
			"activeSignInUri": url + "/app/office365/exk1tailspin/sso/wsfed/active", "signOutUri": url + "/app/office365/exk1tailspin/sso/wsfed/signout",
			"metadataExchangeUri": url + "/app/office365/exk1tailspin/sso/wsfed/mex", "signingCertificateUpdateStatus": nil,
		})
		s.Federation["tailspin.example"] = okta
		s.Published["/tailspin/metadata"] = strings.ReplaceAll(strings.ReplaceAll(FederationMetadata(host, ends), "http://"+host+"/adfs/services/trust", "http://www.okta.com/exk1tailspin"),
			"https://"+host+"/adfs/ls/", url+"/app/office365/exk1tailspin/sso/wsfed/passive")

		weak := SigningCertificate("ADFS Signing - sts.wingtip.example", now.AddDate(0, -4, 0), now.AddDate(0, 8, 0))
		s.Federation["wingtip.example"] = AdfsTrust("wingtip.example", host, weak, now)
		s.Federation["wingtip.example"]["federatedIdpMfaBehavior"] = "acceptIfMfaDoneByFederatedIdp"
		s.Published["/wingtip"+MetadataPath] = FederationMetadata(host, weak)
		s.Other["auditLogs/directoryAudits"] = append(s.Other["auditLogs/directoryAudits"], TrustChange("wingtip.example", now.AddDate(0, 0, -6), "admin@contoso.com",
			"FederatedIdpMfaBehavior", "rejectMfaByFederatedIdp", "acceptIfMfaDoneByFederatedIdp"))
	}
}

// AdfsTrust is the trust of a domain with an AD FS on a host: in order, with automatic rollover at work.
func AdfsTrust(domain, host, certificate string, now time.Time) Object {
	return Object{
		"@odata.type": "#microsoft.graph.internalDomainFederation", "id": guid(), "displayName": domain,
		"issuerUri": "http://" + domain + "/adfs/services/trust/", "passiveSignInUri": "https://" + host + "/adfs/ls/",
		"activeSignInUri": "https://" + host + "/adfs/services/trust/2005/usernamemixed", "signOutUri": "https://" + host + "/adfs/ls/",
		"passwordResetUri": nil, "preferredAuthenticationProtocol": "wsFed", "promptLoginBehavior": "nativeSupport", "isSignedAuthenticationRequestRequired": false,
		"metadataExchangeUri": "https://" + host + "/adfs/services/trust/mex", "federatedIdpMfaBehavior": "rejectMfaByFederatedIdp",
		"signingCertificate": certificate, "nextSigningCertificate": nil,
		"signingCertificateUpdateStatus": Object{"certificateUpdateResult": "Success", "lastRunDateTime": stamp(now.Add(-9 * time.Hour))},
	}
}

// TrustChange is the entry of the directory audit that a change of a trust leaves.
func TrustChange(domain string, at time.Time, by, property, before, after string) Object {
	return Object{
		"id": "Directory_" + guid(), "category": "DirectoryManagement", "correlationId": guid(), "result": "success", "resultReason": "",
		"activityDisplayName": "Set federation settings on domain", "activityDateTime": stamp(at), "loggedByService": "Core Directory", "operationType": "Update",
		"initiatedBy": Object{"user": Object{"id": guid(), "displayName": nil, "userPrincipalName": by, "ipAddress": "192.0.2.1"}, "app": nil},
		"targetResources": []any{Object{"id": nil, "displayName": domain, "type": "Other", "modifiedProperties": []any{
			Object{"displayName": property, "oldValue": `["` + before + `"]`, "newValue": `["` + after + `"]`}}}},
		"additionalDetails": []any{},
	}
}
