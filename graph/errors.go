package graph

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"signpost/graph/facts"
)

// endpoint is a resource of Graph, with what it takes to read it.
type endpoint struct {
	what       string // as it stands in a sentence: "the account"
	permission string // application permission, least privilege
	licence    string // "" where none is needed
}

// premium is the licence that the sign-in log and the reports need.
const premium = "Microsoft Entra ID P1"

// The resources that are read. https://learn.microsoft.com/graph/permissions-reference
func endpoints() (e struct {
	user, mfa, methods, domain, federation, signIns, policies, providers, locations, defaults, methodsPolicy, strengths, perUserMFA,
	groups, app, principal, resource, consent, assignment, device, risk, tenants, crossTenant, changes, health, licences, organization endpoint
}) {
	e.user = endpoint{"the account", "User.Read.All", ""}
	e.mfa = endpoint{"the MFA registration report", "AuditLog.Read.All", premium}
	e.methods = endpoint{"the authentication methods", "UserAuthenticationMethod.Read.All", ""}
	e.domain = endpoint{"the domain", "Domain.Read.All", ""}
	e.federation = endpoint{"the federation configuration", "Domain-InternalFederation.Read.All", ""}
	e.signIns = endpoint{"the sign-in log", "AuditLog.Read.All", premium}
	e.policies = endpoint{"the Conditional Access policies", "Policy.Read.All", ""}
	e.providers = endpoint{"the external identity providers", "IdentityProvider.Read.All", ""}
	e.locations = endpoint{"the named locations", "Policy.Read.All", ""}
	e.defaults = endpoint{"the security defaults", "Policy.Read.All", ""}
	e.methodsPolicy = endpoint{"the authentication methods policy", "Policy.Read.All", ""}
	e.strengths = endpoint{"the authentication strengths", "Policy.Read.All", ""}
	e.perUserMFA = endpoint{"the per-user MFA state", "Policy.Read.All", ""}
	e.groups = endpoint{"the groups and roles of a person", "Directory.Read.All", ""}
	e.app = endpoint{"the app registrations", "Application.Read.All", ""}
	e.principal = endpoint{"the service principals", "Application.Read.All", ""}
	e.resource = e.principal
	e.consent = endpoint{"the permission grants", "Directory.Read.All", ""}
	e.assignment = endpoint{"the app role assignments", "Application.Read.All", ""}
	e.device = endpoint{"the devices", "Device.Read.All", ""}
	e.risk = endpoint{"ID Protection's risky users", "IdentityRiskyUser.Read.All", "Microsoft Entra ID P2"}
	e.tenants = endpoint{"the name of another tenant", "CrossTenantInformation.ReadBasic.All", ""}
	e.crossTenant = endpoint{"the cross-tenant access settings", "Policy.Read.All", ""}
	e.changes = endpoint{"the directory audit", "AuditLog.Read.All", ""}
	e.health = endpoint{"Microsoft's service health", "ServiceHealth.Read.All", ""}
	e.licences = endpoint{"the licences", "LicenseAssignment.Read.All", ""}
	e.organization = endpoint{"the tenant", "Organization.Read.All", ""}
	return e
}

// refusal is an answer of Graph, or of something between us and Graph, that holds no data.
type refusal struct {
	status  int
	code    string // Graph's error code; may be ""
	message string // Graph's message; may be "", and may name people: for the thread, not for the log
	html    bool   // a web page: not Graph's answer but a proxy's or a gateway's
	wait    string // Retry-After as sent
}

// Error is fit for a log: it leaves out Graph's message, which may quote a sign-in name.
func (r *refusal) Error() string { return fmt.Sprintf("graph answered %d %s", r.status, r.code) }

// newRefusal reads the error envelope of an answer. Every part of it may be missing.
// https://learn.microsoft.com/graph/errors
func newRefusal(res *http.Response, body []byte) *refusal {
	r := &refusal{status: res.StatusCode, wait: res.Header.Get("Retry-After")}
	var envelope struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		r.html = looksHTML(body)
		return r
	}
	var said struct{ Code, Message string }
	if json.Unmarshal(envelope.Error, &said) == nil {
		r.code, r.message = said.Code, said.Message
	}
	return r
}

func looksHTML(body []byte) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(string(body[:min(len(body), 256)]), unicode.IsSpace), "<")
}

// asRefusal finds the refusal in an error.
func asRefusal(err error) (*refusal, bool) {
	var r *refusal
	ok := errors.As(err, &r)
	return r, ok
}

// notFound reports whether Graph answered that there is no such thing. A 404 page of a proxy is not Graph's answer.
func notFound(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusNotFound && !r.html
}

// badRequest reports whether Graph refused the form of the request, so that another form may work.
func badRequest(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusBadRequest && !r.licensing()
}

// licensing reports whether a refusal is about a licence. AccessDenied, Forbidden and 403 alone do not tell: the words do.
func (r *refusal) licensing() bool {
	said := strings.ToLower(r.code + " " + r.message)
	return strings.Contains(said, "premium") || strings.Contains(said, "license")
}

// classify says what a failed read means for its fact: the state, and the reason for whoever reads the answer.
func classify(err error, e endpoint) (facts.State, string) {
	var token *tokenError
	if errors.As(err, &token) {
		return facts.Failed, token.says
	}
	var r *refusal
	if !errors.As(err, &r) {
		return facts.Failed, "Graph could not be asked: " + network(err)
	}
	switch {
	case r.html:
		return facts.Failed, fmt.Sprintf("a web page came back instead of Graph's answer (status %d): something between Signpost and Graph, such as a proxy, answered", r.status)
	case r.licensing():
		licence := e.licence
		if licence == "" {
			licence = "licence that " + e.what + " needs"
		}
		return facts.NotLicensed, "the tenant lacks " + licence + said(r)
	case r.status == http.StatusForbidden:
		return facts.NotPermitted, "Signpost's app lacks the permission " + e.permission + said(r)
	case r.status == http.StatusUnauthorized:
		return facts.Failed, "Graph refused Signpost's own token" + said(r)
	case r.status == http.StatusTooManyRequests:
		return facts.Failed, "throttled: Graph takes no more requests for " + e.what + " now" + waitText(r.wait)
	case r.status >= 500:
		return facts.Failed, fmt.Sprintf("Graph failed (status %d)%s", r.status, said(r))
	}
	return facts.Failed, fmt.Sprintf("Graph refused the request for %s (status %d)%s", e.what, r.status, said(r))
}

// failed is the fact of a read that failed.
func failed[T any](err error, e endpoint) facts.Fact[T] {
	state, reason := classify(err, e)
	return facts.Unread[T](state, reason)
}

// said quotes Graph, cut to a line.
func said(r *refusal) string {
	text := strings.TrimSpace(r.message)
	if text == "" {
		text = r.code
	}
	if text == "" {
		return ""
	}
	return ": Graph said “" + cut(text, 160) + "”"
}

func waitText(retryAfter string) string {
	if retryAfter == "" {
		return ""
	}
	return fmt.Sprintf(" (it asks to wait %s s)", cut(retryAfter, 40))
}

// cut makes one line of at most n runes, and shows that it was cut.
func cut(text string, n int) string {
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)), " ")
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return text
}

const untrusted = "its certificate is not trusted (set SSL_CERT_FILE where a proxy breaks TLS open)"

// network says in a few words why a host could not be asked. It never repeats a URL: a query names people.
func network(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var cert *tls.CertificateVerificationError
	var budget *busyError
	switch {
	case errors.As(err, &budget):
		return budget.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "no answer in time"
	case errors.As(err, &dns):
		return "the name " + dns.Name + " was not found"
	case errors.As(err, &cert):
		return untrusted
	case errors.As(err, &op):
		return op.Op + " failed: " + cut(op.Err.Error(), 100)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return cut(err.Error(), 160)
}

// within says how long was waited, in whole seconds.
func within(d time.Duration) string {
	return fmt.Sprintf("no answer within %d s", int(d.Round(time.Second)/time.Second))
}
