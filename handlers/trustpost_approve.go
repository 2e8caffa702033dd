package handlers

import (
	"slices"
	"strings"

	"signpost/graph/facts"
)

// Approvable reports whether a finding says that something is not as it was approved, so that it can be approved.
func Approvable(id string) bool {
	switch id {
	case "mfa-weakened", "trust-changed", "domain-new", "domain-new-federated", "domain-converted", "domain-removed":
		return true
	}
	return strings.HasPrefix(id, "drift-")
}

// ListedState stands for what is approved of a finding of the tenant that says that a domain came or went; "" for others.
func ListedState(id, domain string) string {
	if domain == "" || id != "domain-new" && id != "domain-removed" {
		return ""
	}
	return digest("listed", id, strings.ToLower(domain))
}

// ApproveListed reports whether a domain is still as such a finding said: there below a root, or not there.
func ApproveListed(id string, t facts.Trust) bool {
	if id == "domain-removed" {
		return t.DomainFact.State == facts.Absent
	}
	return t.DomainFact.OK() && t.DomainFact.Value.Verified
}

// ApproveChange is the trust that is approved once the one change that a finding names is approved: the trust as it was approved
// before, with that change alone, so that nobody approves what they have not looked at. before is nil where nothing was
// approved; then, and where the finding is of the whole domain, it is the trust as it is now, nil for a domain without one.
// ok is false for a change that this Signpost does not know.
func ApproveChange(before *facts.Federation, t facts.Trust, id, of string) (after *facts.Federation, ok bool) {
	now := t.Federation.Value
	if !t.Federation.OK() {
		now = nil
	}
	if before == nil || now == nil || id == "trust-changed" || strings.HasPrefix(id, "domain-") {
		return now, Approvable(id)
	}
	v := *before
	property := strings.TrimPrefix(id, "drift-")
	if id == "mfa-weakened" {
		property = "federatedIdpMfaBehavior"
	}
	switch property {
	case "id":
		v.ID = now.ID
	case "issuerUri":
		v.Issuer = now.Issuer
	case "passiveSignInUri":
		v.PassiveURI, v.Provider = now.PassiveURI, now.Provider
	case "activeSignInUri":
		v.ActiveURI = now.ActiveURI
	case "metadataExchangeUri":
		v.MetadataURI = now.MetadataURI
	case "signOutUri":
		v.SignOutURI = now.SignOutURI
	case "preferredAuthenticationProtocol":
		v.Protocol = now.Protocol
	case "federatedIdpMfaBehavior":
		v.MFABehavior = now.MFABehavior
	case "promptLoginBehavior":
		v.PromptLogin = now.PromptLogin
	case "isSignedAuthenticationRequestRequired":
		v.SignedRequests = now.SignedRequests
	case "displayName":
		v.DisplayName = now.DisplayName
	case "signingCertificate":
		v.Certificates = nil
		for _, x := range now.Certificates {
			was := slices.ContainsFunc(before.Certificates, func(o facts.Certificate) bool { return o.SHA256 != "" && o.SHA256 == x.SHA256 })
			if was || x.SHA1 != "" && x.SHA1 == of {
				v.Certificates = append(v.Certificates, x)
			}
		}
		v.CertificateEnds = now.CertificateEnds
	default:
		return nil, false
	}
	return &v, true
}
