package tenantfake

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// call is one request to Graph, taken apart.
type call struct {
	version string   // v1.0 or beta
	parts   []string // of the path behind the version, lower case where they are names of Graph's own
	query   url.Values
	header  http.Header
	roles   []string
	state   State
}

// answer is what Graph says to a call.
type answer struct {
	status int
	body   any
	header map[string]string
}

// graph answers a request to Graph and returns the body that came with it.
func (s *Server) graph(w http.ResponseWriter, r *http.Request, version, rest string) string {
	if f := s.fault(version, rest, false); f != nil && f.act(w, r) {
		return ""
	}
	if r.Method == http.MethodPost && rest == "$batch" {
		return s.batch(w, r, version)
	}
	if r.Method != http.MethodGet {
		s.violation(r.Method + " " + r.URL.Path)
		send(w, fail(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed: a reader may only GET."))
		return ""
	}
	roles, refused := s.authorize(r.Header)
	if refused != nil {
		send(w, *refused)
		return ""
	}
	send(w, s.answer(call{version: version, parts: split(rest), query: r.URL.Query(), header: r.Header, roles: roles, state: s.snapshot()}))
	return ""
}

// authorize checks the token of a request.
func (s *Server) authorize(h http.Header) ([]string, *answer) {
	text, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !ok || text == "" {
		s.violation("a request without a token")
		a := fail(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty.")
		return nil, &a
	}
	s.mu.Lock()
	t, known := s.tokens[text]
	s.mu.Unlock()
	switch {
	case !known:
		a := fail(http.StatusUnauthorized, "InvalidAuthenticationToken", "IDX14100: JWT is not well formed, there are no dots (.).")
		return nil, &a
	case !s.now().Before(t.until):
		a := fail(http.StatusUnauthorized, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
		return nil, &a
	}
	return t.roles, nil
}

// split takes a path apart. A key in brackets, users('a@b'), becomes a part of its own.
func split(rest string) []string {
	var parts []string
	for p := range strings.SplitSeq(strings.Trim(rest, "/"), "/") {
		name, key, ok := strings.Cut(p, "(")
		if !ok || !strings.HasSuffix(key, ")") {
			parts = append(parts, p)
			continue
		}
		key = strings.TrimSuffix(key, ")")
		if i := strings.Index(key, "='"); i >= 0 {
			key = key[i+1:]
		}
		if len(key) >= 2 && key[0] == '\'' && key[len(key)-1] == '\'' {
			key = strings.ReplaceAll(key[1:len(key)-1], "''", "'")
		}
		parts = append(parts, name, key)
	}
	return parts
}

// is reports whether the path has this form; * stands for one part, which is returned.
func (c call) is(form string) (keys []string, ok bool) {
	want := strings.Split(form, "/")
	if len(want) != len(c.parts) {
		return nil, false
	}
	for i, w := range want {
		switch {
		case w == "*":
			keys = append(keys, c.parts[i])
		case !strings.EqualFold(w, c.parts[i]):
			return nil, false
		}
	}
	return keys, true
}

// route is one resource: what it takes to read it, and how.
type route struct {
	form    string
	needs   []string // any one of these permissions
	denied  answer   // without
	premium bool
	beta    bool // beta only
	class   string
	read    func(s *Server, c call, keys []string) answer
}

// Throttling classes.
const (
	classReports   = "reports"
	classRisk      = "risk"
	classDirectory = "directory" // all that has no class of its own
)

// routes lists the resources. https://learn.microsoft.com/graph/permissions-reference
func routes() []route {
	directory := fail(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	logs := fail(http.StatusForbidden, "Authentication_MSGraphPermissionMissing", "Calling principal does not have required MSGraph permissions AuditLog.Read.All")
	policies := fail(http.StatusForbidden, "AccessDenied", "You cannot perform the requested operation, required scopes are missing in the token.")
	methods := fail(http.StatusForbidden, "accessDenied", "Request Authorization failed")
	users := []string{"User.Read.All", "Directory.Read.All"}
	memberships := []string{"User.Read.All", "GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"}
	domains := []string{"Domain.Read.All", "Directory.Read.All"}
	methodsPolicies := []string{"Policy.Read.All", "Policy.Read.AuthenticationMethod"}
	return []route{
		{form: "users", needs: users, denied: directory, read: (*Server).users},
		{form: "users/*", needs: users, denied: directory, read: (*Server).user},
		{form: "users/*/authentication/methods", needs: []string{"UserAuthenticationMethod.Read.All"}, denied: methods, read: (*Server).methods},
		{form: "users/*/authentication/requirements", needs: []string{"Policy.Read.All"}, denied: policies, beta: true, read: (*Server).requirements},
		{form: "users/*/authentication/signInPreferences", needs: []string{"UserAuthenticationMethod.Read.All"}, denied: methods, beta: true, read: (*Server).preferences},
		{form: "users/*/memberOf", needs: memberships, denied: directory, read: (*Server).memberOf},
		{form: "users/*/transitiveMemberOf", needs: memberships, denied: directory, read: (*Server).transitiveMemberOf},
		{form: "users/*/appRoleAssignments", needs: []string{"Directory.Read.All"}, denied: directory, read: (*Server).assignments},
		{form: "directory/deletedItems/microsoft.graph.user", needs: users, denied: directory, read: (*Server).deleted},
		{form: "directory/deletedItems/*", needs: users, denied: directory, read: (*Server).deletedItem},
		{form: "domains", needs: domains, denied: directory, read: (*Server).domains},
		{form: "domains/*", needs: domains, denied: directory, read: (*Server).domain},
		{form: "domains/*/rootDomain", needs: domains, denied: directory, read: (*Server).rootDomain},
		{form: "domains/*/federationConfiguration", needs: []string{"Domain-InternalFederation.Read.All"}, denied: directory, read: (*Server).federation},
		{form: "identity/identityProviders", needs: []string{"IdentityProvider.Read.All"}, denied: policies, read: (*Server).providers},
		{form: "reports/authenticationMethods/userRegistrationDetails", needs: []string{"AuditLog.Read.All"}, denied: logs, premium: true, class: classReports, read: (*Server).registrations},
		{form: "reports/authenticationMethods/userRegistrationDetails/*", needs: []string{"AuditLog.Read.All"}, denied: logs, premium: true, class: classReports, read: (*Server).registration},
		{form: "auditLogs/signIns", needs: []string{"AuditLog.Read.All"}, denied: logs, premium: true, class: classReports, read: (*Server).signIns},
		{form: "auditLogs/signIns/*", needs: []string{"AuditLog.Read.All"}, denied: logs, premium: true, class: classReports, read: (*Server).signIn},
		{form: "auditLogs/directoryAudits", needs: []string{"AuditLog.Read.All"}, denied: logs, class: classReports, read: (*Server).audits},
		{form: "identity/conditionalAccess/policies", needs: []string{"Policy.Read.All"}, denied: policies, class: classRisk, read: (*Server).conditionalAccess},
		{form: "identity/conditionalAccess/policies/*", needs: []string{"Policy.Read.All"}, denied: policies, class: classRisk, read: (*Server).otherItem},
		{form: "identity/conditionalAccess/namedLocations", needs: []string{"Policy.Read.All"}, denied: policies, class: classRisk, read: (*Server).other},
		{form: "policies/crossTenantAccessPolicy/default", needs: []string{"Policy.Read.All"}, denied: policies, read: (*Server).accessDefault},
		{form: "policies/crossTenantAccessPolicy/partners", needs: []string{"Policy.Read.All"}, denied: policies, read: (*Server).other},
		{form: "policies/crossTenantAccessPolicy/partners/*", needs: []string{"Policy.Read.All"}, denied: policies, read: (*Server).accessPartner},
		{form: "tenantRelationships/findTenantInformationByTenantId/*", needs: []string{"CrossTenantInformation.ReadBasic.All"}, denied: directory, read: (*Server).tenantByID},
		{form: "tenantRelationships/findTenantInformationByDomainName/*", needs: []string{"CrossTenantInformation.ReadBasic.All"}, denied: directory, read: (*Server).tenantByDomain},
		{form: "policies/authenticationStrengthPolicies", needs: methodsPolicies, denied: policies, read: (*Server).other},
		{form: "policies/authenticationStrengthPolicies/*", needs: methodsPolicies, denied: policies, read: (*Server).otherItem},
		{form: "policies/authenticationMethodsPolicy", needs: methodsPolicies, denied: policies, read: (*Server).singleton},
		{form: "policies/*", needs: []string{"Policy.Read.All"}, denied: policies, read: (*Server).singleton},
		{form: "servicePrincipals", needs: []string{"Application.Read.All", "Directory.Read.All"}, denied: directory, read: (*Server).other},
		{form: "servicePrincipals/*", needs: []string{"Application.Read.All", "Directory.Read.All"}, denied: directory, read: (*Server).otherItem},
		{form: "servicePrincipals/*/appRoleAssignedTo", needs: []string{"Application.Read.All", "Directory.Read.All"}, denied: directory, read: (*Server).assigned},
		{form: "applications", needs: []string{"Application.Read.All", "Directory.Read.All"}, denied: directory, read: (*Server).other},
		{form: "applications/*", needs: []string{"Application.Read.All", "Directory.Read.All"}, denied: directory, read: (*Server).otherItem},
		{form: "oauth2PermissionGrants", needs: []string{"Directory.Read.All"}, denied: directory, read: (*Server).other},
		{form: "devices", needs: []string{"Device.Read.All", "Directory.Read.All"}, denied: directory, read: (*Server).other},
		{form: "devices/*", needs: []string{"Device.Read.All", "Directory.Read.All"}, denied: directory, read: (*Server).otherItem},
		{form: "identityProtection/riskyUsers/*", needs: []string{"IdentityRiskyUser.Read.All"}, denied: policies, class: classRisk, read: (*Server).riskyUser},
		{form: "identityProtection/riskDetections", needs: []string{"IdentityRiskEvent.Read.All"}, denied: policies, class: classRisk, read: (*Server).other},
		{form: "admin/serviceAnnouncement/healthOverviews", needs: []string{"ServiceHealth.Read.All"}, denied: policies, read: (*Server).health},
		{form: "subscribedSkus", needs: []string{"LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"}, denied: directory, read: (*Server).skus},
		{form: "organization", needs: []string{"Organization.Read.All", "Directory.Read.All"}, denied: directory, read: (*Server).organization},
	}
}

// answer answers one GET.
func (s *Server) answer(c call) answer {
	for _, r := range routes() {
		keys, ok := c.is(r.form)
		if !ok || r.beta && c.version != "beta" {
			continue
		}
		class := r.class
		if class == "" {
			class = classDirectory
		}
		if a := s.throttle(class); a != nil {
			return *a
		}
		if !c.holds(r.needs...) {
			return r.denied
		}
		if r.premium && c.state.NoPremium {
			return noPremium()
		}
		return r.read(s, c, keys)
	}
	return fail(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+c.parts[0]+"'.")
}

func (c call) holds(any ...string) bool {
	return slices.ContainsFunc(any, func(p string) bool { return slices.Contains(c.roles, p) })
}

func noPremium() answer {
	return fail(http.StatusForbidden, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C or tenant doesn't have premium license")
}

func notFound(what string) answer {
	return fail(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+what+"' does not exist or one of its queried reference-property objects are not present.")
}

// fail makes Graph's error envelope.
func fail(status int, code, message string) answer {
	return answer{status: status, body: Object{"error": Object{
		"code": code, "message": message,
		"innerError": Object{"date": "2026-09-01T10:17:05", "request-id": guid(), "client-request-id": guid()},
	}}}
}

func item(c call, o Object, entity string) answer {
	o = selected(o, c.query.Get("$select"))
	o["@odata.context"] = "https://graph.microsoft.com/" + c.version + "/$metadata#" + entity + "/$entity"
	return answer{status: http.StatusOK, body: o}
}

// selected keeps the properties of $select; all where it is empty.
func selected(o Object, fields string) Object {
	c := Object{}
	for k, v := range o {
		if fields == "" || strings.HasPrefix(k, "@odata.") || k == "id" ||
			slices.ContainsFunc(strings.Split(fields, ","), func(f string) bool { return strings.EqualFold(strings.TrimSpace(f), k) }) {
			c[k] = v
		}
	}
	return c
}

// list filters, pages and selects a collection.
func (s *Server) list(c call, all []Object, entity string, limit int, o odata) answer {
	var hits []Object
	test, err := o.parse(c.query.Get("$filter"))
	if err != nil {
		return fail(http.StatusBadRequest, "Request_UnsupportedQuery", err.Error())
	}
	for _, x := range all {
		ok, err := test(x)
		if err != nil {
			return fail(http.StatusBadRequest, "Request_UnsupportedQuery", err.Error())
		}
		if ok {
			hits = append(hits, x)
		}
	}
	size := limit
	if top := c.query.Get("$top"); top != "" {
		n, err := strconv.Atoi(top)
		if err != nil || n < 1 || n > limit {
			return fail(http.StatusBadRequest, "Request_UnsupportedQuery", fmt.Sprintf("Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", top, limit))
		}
		size = n
	}
	if c.state.PageSize > 0 {
		size = min(size, c.state.PageSize)
	}
	from, _ := strconv.Atoi(strings.TrimPrefix(c.query.Get("$skiptoken"), "after-"))
	from = min(from, len(hits))
	to := min(from+size, len(hits))
	value := make([]Object, 0, to-from)
	for _, x := range hits[from:to] {
		value = append(value, selected(x, c.query.Get("$select")))
	}
	body := Object{"@odata.context": "https://graph.microsoft.com/" + c.version + "/$metadata#" + entity, "value": value}
	if c.query.Get("$count") == "true" {
		body["@odata.count"] = len(hits)
	}
	if to < len(hits) {
		next := url.Values{}
		for k, v := range c.query {
			next[k] = v
		}
		next.Set("$skiptoken", "after-"+strconv.Itoa(to))
		body["@odata.nextLink"] = s.URL + "/" + c.version + "/" + strings.Join(c.parts, "/") + "?" + next.Encode()
	}
	return answer{status: http.StatusOK, body: body}
}

func send(w http.ResponseWriter, a answer) {
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	writeJSON(w, a.status, a.body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that gave up is no error of the fake
}

func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

func itoa(n int) string { return strconv.Itoa(n) }
