// Package facts holds what Signpost can know about a sign-in, in plain types: each fact with the state of its truth.
//
// Every other room speaks in these. The package reads nothing itself: graph fills a [Report], runbooks evaluates causes
// over it, handlers draws it. It uses the standard library only, so that importing it never drags in the Graph SDK.
//
// The json names of the fields are also the names that runbooks use in CEL and in sentences ("mfa.registered"); the
// label tag is how a person reads the field. A field that is a nil pointer or a nil list means that Graph did not tell, and
// is unknown to a cause; a zero string, number or bool, or an empty list, in a seen fact is Graph's answer. Fields tagged known:"always" are
// known whenever the fact carries a value, even when it was not seen (a deleted account is absent, and known to be deleted).
package facts

import "time"

// State says how far a fact may be trusted (DESIGN.md §4). It is always shown with the fact.
type State string

// The seven states. Only Seen and Absent are knowledge about the tenant; the others say why there is none.
const (
	Seen         State = "seen"          // Graph answered with a value
	Absent       State = "absent"        // Graph answered: there is none
	NotPermitted State = "not_permitted" // the app lacks a permission; Reason names it
	NotLicensed  State = "not_licensed"  // the tenant lacks a licence; Reason names it
	NotYet       State = "not_yet"       // the log lags; Reason says until when it is tried
	Failed       State = "failed"        // Graph or the network failed; Reason says what was said
	NotAsked     State = "not_asked"     // nobody asked, or there was nothing to ask with
)

// Fact is one read of one thing: its state, why (for every state but Seen), when it was read, and the value.
type Fact[T any] struct {
	State  State     `json:"state"`
	Reason string    `json:"reason,omitempty"`
	ReadAt time.Time `json:"read_at,omitzero"`
	Value  *T        `json:"value"`
}

// See returns a seen fact.
func See[T any](at time.Time, v T) Fact[T] { return Fact[T]{State: Seen, ReadAt: at, Value: &v} }

// None returns a fact that Graph answered with "there is none".
func None[T any](at time.Time, reason string) Fact[T] {
	return Fact[T]{State: Absent, Reason: reason, ReadAt: at}
}

// Unread returns a fact in a state other than Seen and Absent, with the reason.
func Unread[T any](s State, reason string) Fact[T] { return Fact[T]{State: s, Reason: reason} }

// OK reports whether the fact was seen, so that Value may be used.
func (f Fact[T]) OK() bool { return f.State == Seen && f.Value != nil }

// Name is a fact's name: the same in code, runbooks, JSON and text (DESIGN.md §4).
type Name string

// From says where the affected person's name came from.
type From string

// The sources of a subject, most trustworthy first. Reporter is an assumption and is shown as one.
const (
	FromFlag     From = "flag"     // asked for by hand
	FromPaste    From = "paste"    // named in the error text
	FromSignIn   From = "signin"   // the sign-in row of the correlation or request id
	FromReporter From = "reporter" // the Slack e-mail address of whoever pasted the error
)

// Subject is who the diagnosis is about. It is empty where nobody could be named.
type Subject struct {
	User   string `json:"user,omitempty"` // user principal name, or the address as given while the account is not found
	ID     string `json:"-"`              // object id, once known
	Domain string `json:"domain,omitempty"`
	From   From   `json:"from,omitempty"`
}

// Query is what one diagnosis asks of the tenant.
type Query struct {
	Ask           []Name    // the facts wanted; the collector reads what those need as well
	Code          int       // the code that leads the answer, 0 for a person without an error
	Related       []int     // codes that are counted beside Code for the spread
	User          string    // the affected person as named: UPN, object id or mail address; "" unknown
	From          From      // where User came from
	Domain        string    // the domain, where no person is known
	TraceID       string    // request id of the error
	CorrelationID string    // correlation id of the error
	Time          time.Time // the error's own time; zero unknown
	Posted        time.Time // when the message was posted: stands in for Time where that is unknown; zero means now
	Schedule      bool      // nobody waits for the answer: people's reads come before it at Graph's limits
	AppID         string    // client application of the error
	AppName       string    // likewise, where the id is not known
	Resource      string    // what was to be reached, as the error names it: app id, application ID URI or name
	RedirectURI   string    // the redirect URI that the error gives
	Provider      string    // the identity provider that the error names: live.com, https://sts.windows.net/TENANT/
	Tenant        string    // the tenant that the error names
	Activities    []string  // activities of the directory audit that can explain the error
	PolicyIDs     []string  // Conditional Access policies that the error names by id
	Reporter      string    // mail address of whoever asks, used last and said to be an assumption
	// Progress, if set, is called with what is known so far while slow reads are outstanding. It is never called
	// again once Collect has returned, and never concurrently.
	Progress func(Report)
}

// Report is everything that was read for one query. The zero Report has every fact not asked.
type Report struct {
	Subject       Subject
	User          Fact[User]
	MFA           Fact[MFA]
	Methods       Fact[Methods]
	Domain        Fact[Domain]
	Federation    Fact[Federation]
	SignIn        Fact[SignIn]
	Recent        Fact[Recent]
	Spread        Fact[Spread]
	Policies      Fact[Policies]
	Providers     Fact[Providers]
	Locations     Fact[Locations]
	Defaults      Fact[Defaults]
	MethodsPolicy Fact[MethodsPolicy]
	Strengths     Fact[Strengths]
	PerUserMFA    Fact[PerUserMFA]
	App           Fact[App]
	Principal     Fact[Principal]
	Resource      Fact[Resource]
	Consent       Fact[Consent]
	Assignment    Fact[Assignment]
	Groups        Fact[Groups]
	Device        Fact[Device]
	Risk          Fact[Risk]
	Guest         Fact[Guest]
	Changes       Fact[Changes]
	Health        Fact[Health]
	Licences      Fact[Licences]
	Organization  Fact[Organization]
	Metadata      Fact[Metadata]
	Cases         Fact[Cases]
}
