package facts

import (
	"slices"
	"time"
)

// Severity says how much a finding matters, and how a domain is.
type Severity string

// The severities. A domain without findings is healthy.
const (
	Healthy  Severity = "healthy"
	Note     Severity = "note"     // worth knowing; nobody has to act now
	Unknown  Severity = "unknown"  // could not be checked
	Warning  Severity = "warning"  // somebody has to act, in time
	Critical Severity = "critical" // people cannot sign in, or soon cannot, or an attacker can
)

// Weight orders severities: a larger one is worse.
func (s Severity) Weight() int {
	return slices.Index([]Severity{Healthy, Note, Unknown, Warning, Critical}, s)
}

// Finding is one thing that is wrong, or worth knowing, about a federated domain.
type Finding struct {
	ID       string   `json:"id"` // stable: certificate-expired, metadata-unknown-certificate, …
	Severity Severity `json:"severity"`
	Security bool     `json:"security"` // somebody may be forging sign-ins; otherwise it is operations
	// Of is what the finding is about where a domain can have several with one id: a thumbprint, a host, a property.
	Of        string          `json:"of,omitempty"`
	Says      string          `json:"says"`                // what is wrong
	Otherwise string          `json:"otherwise,omitempty"` // what happens if nobody acts
	Due       *time.Time      `json:"due,omitempty"`       // by when to act, where that is known
	By        string          `json:"by"`                  // who acts: identity-admin, idp-admin, security
	Role      string          `json:"role,omitempty"`      // least Entra role that can
	Next      string          `json:"next"`                // the exact next step
	Evidence  []FindingReason `json:"evidence"`
}

// FindingReason is one thing that was seen, where and when.
type FindingReason struct {
	Says   string    `json:"says"`
	Fact   Name      `json:"fact,omitempty"`
	Source string    `json:"source"`
	Time   time.Time `json:"time,omitzero"`
}

// Realm is what Microsoft tells anybody about how a domain signs in: a witness that needs no permission.
// Microsoft documents getuserrealm for nobody, so nothing rests on it alone.
type Realm struct {
	Kind      string    `json:"kind" label:"Kind of domain"` // Federated, Managed, Unknown
	Domain    string    `json:"domain" label:"Domain"`
	Brand     string    `json:"brand" label:"Brand name"`
	SignInURL string    `json:"sign_in_url" label:"Browser sign-in endpoint"` // without its query, which holds the name that was asked
	Cloud     string    `json:"cloud" label:"Cloud"`
	Read      time.Time `json:"read" label:"Realm read"`
}

// Endpoint is a host of a trust, as it answers from where Signpost runs.
type Endpoint struct {
	Host    string        `json:"host"` // with the port where that is not 443
	Uses    []string      `json:"uses"` // browser sign-in, WS-Trust, WS-MEX, sign-out
	State   EndpointState `json:"state"`
	Problem string        `json:"problem,omitempty"` // in words, where the state is not ok
	// Silent says of an unreachable host that nothing answered, not even with a refusal: its name was not found, there is no way
	// to it, or the time ran out. Then the fault may as well be with the network that Signpost runs in.
	Silent    bool      `json:"silent,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"` // of the TLS certificate
	// ChainEnds is when the first of the authorities' certificates between the host's own and the root ends, where that is sooner.
	ChainEnds time.Time `json:"chain_ends,omitzero"`
	Issuer    string    `json:"issuer,omitempty"`
	Checked   time.Time `json:"checked"`
}

// EndpointState says how a host answers.
type EndpointState string

// The states of an endpoint.
const (
	EndpointOK          EndpointState = "ok"
	EndpointUnreachable EndpointState = "unreachable" // no connection, or no TLS
	EndpointRefused     EndpointState = "refused"     // not asked: its address is not one that is asked
	EndpointExpired     EndpointState = "expired"     // its TLS certificate is expired or not valid yet
	EndpointWrongName   EndpointState = "wrong_name"  // its TLS certificate is for another name
	EndpointUntrusted   EndpointState = "untrusted"   // its TLS certificate is from nobody whom Signpost trusts, or the chain is incomplete
	EndpointPlain       EndpointState = "plain"       // the address is not https
)
