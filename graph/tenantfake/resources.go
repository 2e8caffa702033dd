package tenantfake

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

var guidKey = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// userDefaults is what Graph gives of a user to who selects nothing.
const userDefaults = "businessPhones,displayName,givenName,id,jobTitle,mail,mobilePhone,officeLocation,preferredLanguage,surname,userPrincipalName"

// users lists users. The directory compares without letter case.
func (s *Server) users(c call, _ []string) answer {
	if c.query.Get("$select") == "" {
		c.query.Set("$select", userDefaults)
	}
	if wantsActivity(c) {
		if a := c.mayActivity(); a != nil {
			return *a
		}
	}
	return s.list(c, c.state.Users, "users", 999, c.directory())
}

// directory is how the directory filters: some operators only for who accepts eventual consistency.
func (c call) directory() odata {
	return odata{fold: true, advanced: strings.EqualFold(c.header.Get("ConsistencyLevel"), "eventual") && c.query.Get("$count") == "true"}
}

func wantsActivity(c call) bool {
	return strings.Contains(strings.ToLower(c.query.Get("$select")), "signinactivity")
}

// mayActivity says what keeps a caller from signInActivity; nil for nothing.
func (c call) mayActivity() *answer {
	var a answer
	switch {
	case !c.holds("AuditLog.Read.All"):
		a = fail(http.StatusForbidden, "Authentication_MSGraphPermissionMissing", "The principal does not have required Microsoft Graph permission(s): AuditLog.Read.All to call this API.")
	case c.state.NoPremium:
		a = noPremium()
	default:
		return nil
	}
	return &a
}

func (s *Server) user(c call, keys []string) answer {
	key := keys[0]
	if strings.HasPrefix(key, "$") {
		return fail(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+key+"'.")
	}
	if wantsActivity(c) {
		if !guidKey.MatchString(key) {
			return fail(http.StatusBadRequest, "400", "Get By Key only supports UserId and the key has to be a valid Guid")
		}
		if a := c.mayActivity(); a != nil {
			return *a
		}
	}
	u := c.state.account(key)
	if u == nil {
		return notFound(key)
	}
	if c.query.Get("$select") == "" {
		c.query.Set("$select", userDefaults)
	}
	return item(c, u, "users")
}

// account is a user by object id or sign-in name.
func (s State) account(key string) Object {
	if guidKey.MatchString(key) {
		return find(s.Users, "id", key)
	}
	return find(s.Users, "userPrincipalName", key)
}

func (s *Server) methods(c call, keys []string) answer {
	u := c.state.account(keys[0])
	if u == nil {
		return notFound(keys[0])
	}
	return s.list(c, c.state.Methods[str(u, "id")], "users('"+keys[0]+"')/authentication/methods", 999, odata{})
}

func (s *Server) requirements(c call, keys []string) answer {
	u := c.state.account(keys[0])
	if u == nil {
		return notFound(keys[0])
	}
	state := str(u, "perUserMfaState")
	if state == "" {
		state = "disabled"
	}
	return answer{status: http.StatusOK, body: Object{"perUserMfaState": state}}
}

func (s *Server) preferences(c call, keys []string) answer {
	if c.state.account(keys[0]) == nil {
		return notFound(keys[0])
	}
	return answer{status: http.StatusOK, body: Object{"isSystemPreferredAuthenticationMethodEnabled": true, "userPreferredMethodForSecondaryAuthentication": "push"}}
}

// deleted lists deleted users. Graph puts the object id in front of their sign-in names.
func (s *Server) deleted(c call, _ []string) answer {
	all := make([]Object, 0, len(c.state.Deleted))
	for _, u := range c.state.Deleted {
		d := without(u)
		d["userPrincipalName"] = strings.ReplaceAll(str(u, "id"), "-", "") + str(u, "userPrincipalName")
		all = append(all, d)
	}
	return s.list(c, all, "directoryObjects", 999, c.directory())
}

func (s *Server) deletedItem(c call, keys []string) answer {
	u := find(c.state.Deleted, "id", keys[0])
	if u == nil {
		return notFound(keys[0])
	}
	return item(c, u, "directoryObjects")
}

func (s *Server) domains(c call, _ []string) answer {
	return s.list(c, c.state.Domains, "domains", 999, odata{fold: true})
}

func (s *Server) domain(c call, keys []string) answer {
	d := find(c.state.Domains, "id", keys[0])
	if d == nil {
		return notFound(keys[0])
	}
	return item(c, d, "domains")
}

func (s *Server) rootDomain(c call, keys []string) answer {
	d := find(c.state.Domains, "id", keys[0])
	if d == nil {
		return notFound(keys[0])
	}
	root := c.state.root(d)
	if root == nil {
		return notFound(keys[0])
	}
	return item(c, root, "domains")
}

// federation holds the trust of a root domain alone: a child, and a root without configuration, answer 404.
func (s *Server) federation(c call, keys []string) answer {
	for option := range c.query {
		if strings.HasPrefix(option, "$") {
			return fail(http.StatusBadRequest, "Request_UnsupportedQuery", "OData query options are not supported here.")
		}
	}
	d := find(c.state.Domains, "id", keys[0])
	if d == nil {
		return notFound(keys[0])
	}
	root := c.state.root(d)
	trust := c.state.trust(d)
	if trust == nil || !strings.EqualFold(str(root, "id"), str(d, "id")) {
		return notFound(keys[0])
	}
	return s.list(c, []Object{trust}, "domains('"+keys[0]+"')/federationConfiguration", 999, odata{})
}

func (s *Server) providers(c call, _ []string) answer {
	return s.list(c, c.state.Providers, "identity/identityProviders", 999, odata{})
}

// reported are the rows of the registration report: none of disabled accounts.
func (s State) reported() []Object {
	return slices.DeleteFunc(slices.Clone(s.Registration), func(o Object) bool {
		u := find(s.Users, "id", str(o, "id"))
		enabled, ok := u["accountEnabled"].(bool)
		return u == nil || ok && !enabled
	})
}

func (s *Server) registrations(c call, _ []string) answer {
	return s.list(c, c.state.reported(), "reports/authenticationMethods/userRegistrationDetails", 999, odata{fold: true})
}

func (s *Server) registration(c call, keys []string) answer {
	if !guidKey.MatchString(keys[0]) {
		return fail(http.StatusBadRequest, "BadRequest", "Invalid object identifier '"+keys[0]+"'.")
	}
	o := find(c.state.reported(), "id", keys[0])
	if o == nil {
		return notFound(keys[0])
	}
	return item(c, o, "reports/authenticationMethods/userRegistrationDetails")
}

// other lists a collection that the state holds by its path.
func (s *Server) other(c call, _ []string) answer {
	path := strings.Join(c.parts, "/")
	return s.list(c, c.state.collection(path), path, 999, c.directory())
}

// conditionalAccess lists the policies. Without the header, controls that the API learnt later read unknownFutureValue.
// https://learn.microsoft.com/graph/best-practices-concept#handling-future-members-in-evolvable-enumerations
func (s *Server) conditionalAccess(c call, _ []string) answer {
	known := []any{"block", "mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication", "passwordChange"}
	evolved := strings.Contains(c.header.Get("Prefer"), "include-unknown-enum-members")
	var all []Object
	for _, p := range c.state.collection(strings.Join(c.parts, "/")) {
		grant, _ := p["grantControls"].(Object)
		if controls, ok := grant["builtInControls"].([]any); ok && !evolved {
			masked := []any{}
			for _, control := range controls {
				if !slices.Contains(known, control) {
					control = "unknownFutureValue"
				}
				masked = append(masked, control)
			}
			p, grant = without(p), without(grant)
			grant["builtInControls"], p["grantControls"] = masked, grant
		}
		all = append(all, p)
	}
	return s.list(c, all, "identity/conditionalAccess/policies", 999, c.directory())
}

// otherItem is one object of such a collection, by id, appId or deviceId.
func (s *Server) otherItem(c call, keys []string) answer {
	path := strings.Join(c.parts[:len(c.parts)-1], "/")
	all := c.state.collection(path)
	for _, property := range []string{"id", "appId", "deviceId"} {
		if o := find(all, property, keys[0]); o != nil {
			return item(c, o, path)
		}
	}
	return notFound(keys[0])
}

// singleton is a policy of which there is one.
func (s *Server) singleton(c call, _ []string) answer {
	path := strings.Join(c.parts, "/")
	if all := c.state.collection(path); len(all) > 0 {
		return item(c, all[0], path)
	}
	return notFound(path)
}

func (s State) collection(path string) []Object {
	for name, all := range s.Other {
		if strings.EqualFold(name, path) {
			return all
		}
	}
	return nil
}

// skus says which licences the tenant has.
func (s *Server) skus(c call, _ []string) answer {
	plans := []any{}
	if !c.state.NoPremium {
		plans = append(plans, Object{"servicePlanId": "41781fb2-bc02-4b7c-bd55-b576c07bb09d", "servicePlanName": "AAD_PREMIUM", "provisioningStatus": "Success", "appliesTo": "User"})
		if !c.state.NoP2 {
			plans = append(plans, Object{"servicePlanId": "eec0eb4f-6444-4f95-aba0-50c24d67f998", "servicePlanName": "AAD_PREMIUM_P2", "provisioningStatus": "Success", "appliesTo": "User"})
		}
	}
	return s.list(c, []Object{{"id": c.state.TenantID + "_sku", "skuPartNumber": "DEMO", "capabilityStatus": "Enabled", "servicePlans": plans}}, "subscribedSkus", 999, odata{})
}

// Kinds of sign-ins.
const (
	kindInteractive    = "interactiveUser"
	kindNonInteractive = "nonInteractiveUser"
	kindPrincipal      = "servicePrincipal"
	kindManaged        = "managedIdentity"
)

func kindOf(row Object) string {
	if kinds, ok := row["signInEventTypes"].([]any); ok && len(kinds) > 0 {
		k, _ := kinds[0].(string)
		return k
	}
	if interactive, ok := row["isInteractive"].(bool); ok && !interactive {
		return kindNonInteractive
	}
	return kindInteractive
}

// betaOnly is what v1.0 leaves out of a sign-in.
var betaOnly = []string{
	"signInEventTypes", "authenticationDetails", "authenticationProcessingDetails", "authenticationRequirement",
	"authenticationRequirementPolicies", "authenticationProtocol", "incomingTokenType", "tokenIssuerType", "crossTenantAccessType",
	"homeTenantId", "resourceTenantId", "userType", "sessionId", "originalRequestId", "uniqueTokenIdentifier", "clientCredentialType",
	"servicePrincipalId", "servicePrincipalName", "servicePrincipalCredentialKeyId", "userAgent", "signInIdentifier",
}

// signIns lists the log: v1.0 the interactive sign-ins, beta those too, unless the filter names other kinds. People and
// service principals do not go into one filter.
func (s *Server) signIns(c call, _ []string) answer {
	filter := c.query.Get("$filter")
	names := func(kinds ...string) bool {
		return slices.ContainsFunc(kinds, func(k string) bool { return strings.Contains(filter, "'"+k+"'") })
	}
	byKind := strings.Contains(filter, "signInEventTypes/any")
	if byKind && names(kindInteractive, kindNonInteractive) && names(kindPrincipal, kindManaged) {
		return fail(http.StatusBadRequest, "BadRequest", "Filtering on both user and service principal sign-in event types is not supported.")
	}
	if c.state.RefuseOr && strings.Contains(strings.ReplaceAll(filter, " or t eq ", " "), " or ") {
		return fail(http.StatusBadRequest, "BadRequest", "Invalid filter clause: 'or' is not supported.")
	}
	mixed := 0
	for _, property := range []string{"correlationId eq", "userId eq", "userPrincipalName eq", "status/errorCode eq"} {
		if strings.Contains(filter, property) {
			mixed++
		}
	}
	if c.state.RefuseMixed && mixed > 1 {
		return fail(http.StatusBadRequest, "BadRequest", "Invalid filter clause: 'or' between different properties is not supported.")
	}
	return s.list(c, s.log(c, !byKind), "auditLogs/signIns", 1000, odata{})
}

// signIn is one row: of v1.0 an interactive one, of beta any.
func (s *Server) signIn(c call, keys []string) answer {
	row := find(s.log(c, false), "id", keys[0])
	if row == nil {
		return notFound(keys[0])
	}
	return item(c, row, "auditLogs/signIns")
}

// log is the sign-ins as the caller may see them, newest first.
func (s *Server) log(c call, interactive bool) []Object {
	var all []Object
	for _, row := range c.state.SignIns {
		if at, err := time.Parse(time.RFC3339, str(row, "@visibleFrom")); err == nil && s.now().Before(at) {
			continue
		}
		if kindOf(row) != kindInteractive && (interactive || c.version == "v1.0") {
			continue
		}
		seen := without(row, "@visibleFrom")
		if seen["signInEventTypes"] == nil {
			seen["signInEventTypes"] = []any{kindOf(row)}
		}
		if c.version == "v1.0" {
			seen = without(seen, betaOnly...)
		}
		seen["appliedConditionalAccessPolicies"] = c.policies(row)
		all = append(all, seen)
	}
	slices.SortStableFunc(all, func(a, b Object) int { return strings.Compare(str(b, "createdDateTime"), str(a, "createdDateTime")) })
	return all
}

// policies is the Conditional Access part of a row: empty for callers without that privilege, and without the header the
// results that the API learnt later read unknownFutureValue.
func (c call) policies(row Object) []any {
	applied, _ := row["appliedConditionalAccessPolicies"].([]any)
	if !c.holds("Policy.Read.All", "Policy.Read.ConditionalAccess") {
		return []any{}
	}
	evolved := strings.Contains(c.header.Get("Prefer"), "include-unknown-enum-members")
	all := []any{}
	for _, p := range applied {
		o, _ := p.(Object)
		o = without(o)
		if strings.HasPrefix(str(o, "result"), "reportOnly") && !evolved {
			o["result"] = "unknownFutureValue"
		}
		all = append(all, o)
	}
	return all
}
