package facts

import "time"

// Policies are the Conditional Access policies that matter to an error: those that it names by id, in the claims of a token
// response, and those that failed in its sign-in row. The first need no sign-in log and no waiting. A report-only policy is
// never among the enforced ones. https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
//
// Where the error names no policy and its sign-in row does not tell, which policies it is about is not known: all that
// rests on List is nil then. Where one of the row's policies cannot be found, the rest is told, and nil where there is no
// rest: what is listed is true, and an empty list means none.
type Policies struct {
	List       []Policy `json:"list" label:"Policies of this error"`
	Enforced   []string `json:"enforced" label:"Enforced policies of this error"`                           // names; state enabled
	NotInForce []string `json:"not_in_force" label:"Policies of this error that are not in force now"`      // report-only or disabled: changed since
	Controls   []string `json:"controls" label:"What the enforced ones ask for"`                            // block, mfa, compliantDevice, "authentication strength NAME", …
	Missing    []string `json:"missing" label:"Policies named in the error that this tenant does not have"` // ids
	// What the enforced ones of List look at, worked out together with the sign-in row and the named locations. Where one of
	// them blocks, Conditions and By… speak of those that block alone: a block beats every other control.
	Conditions []string `json:"conditions" label:"Conditions that matched"`         // in words: "location: anywhere but EU"
	Satisfy    []string `json:"satisfy" label:"What would satisfy them"`            // in words, one for each policy; empty where a block admits nothing
	Blocks     *bool    `json:"blocks" label:"One of them blocks outright"`         // control block
	ByLocation *bool    `json:"by_location" label:"One of them looks at the place"` // the others likewise: a condition that narrows the policy; nil also where the sign-in is known not to meet the only one as it stands now
	ByPlatform *bool    `json:"by_platform" label:"One of them looks at the platform"`
	ByClient   *bool    `json:"by_client" label:"One of them looks at the client app"`
	ByRisk     *bool    `json:"by_risk" label:"One of them looks at risk"`
	ByDevice   *bool    `json:"by_device" label:"One of them filters devices"`
	ByFlow     *bool    `json:"by_flow" label:"One of them looks at the authentication flow"` // device code, authentication transfer
	ByAction   *bool    `json:"by_action" label:"One of them looks at a user action"`         // registering security information, registering a device
	Strengths  []string `json:"strengths" label:"Authentication strengths asked for"`         // names
	// ChangedAt is when the enforced one that changed last was changed, before the error; nil where none was.
	ChangedAt *time.Time `json:"changed_at" label:"A policy of this error last changed"`
	// Edited names the policies of List that were changed after the error: what they say now need not be what bit.
	Edited []string `json:"edited" label:"Policies of this error edited since"`
	// Frequency names the tenant's enforced policies with a sign-in frequency, each with it: "Weekly sign-in (every 7 days)".
	// Whether one applies to this person is not worked out.
	Frequency []string `json:"frequency" label:"Enforced policies with a sign-in frequency"`
	// Flows names the tenant's enforced policies that block an authentication flow.
	Flows []string `json:"flows" label:"Enforced policies that block an authentication flow"`
	// Legacy names the tenant's enforced policies that block clients without modern authentication.
	Legacy []string `json:"legacy" label:"Enforced policies that block legacy clients"`
	// Registration names the tenant's enforced policies for registering security information.
	Registration []string `json:"registration" label:"Enforced policies for registering security information"`
	Count        int      `json:"count" label:"Policies in the tenant"`
	Tenant       []Policy `json:"-"` // every policy of the tenant, for comparing two people
}

// Policy is one Conditional Access policy.
type Policy struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	State      string     `json:"state"` // enabled, disabled, enabledForReportingButNotEnforced
	Controls   []string   `json:"controls"`
	Session    []string   `json:"session"`  // those of Controls that are asked for in any case, whatever the operator: token protection, …
	Operator   string     `json:"operator"` // between the other controls: AND, OR
	Changed    *time.Time `json:"changed"`
	From       string     `json:"from"`       // error or signin: what makes it one of this error's
	Conditions []string   `json:"conditions"` // in words
	Strength   string     `json:"strength"`   // name of the authentication strength; "" none
	StrengthID string     `json:"strength_id"`
	Frequency  string     `json:"frequency"` // of sign-in, in words; "" none

	Scope PolicyScope `json:"-"`
}

// PolicyScope is whom and what a policy is for, in Graph's words: ids, All, None, GuestsOrExternalUsers. An empty part
// narrows nothing.
// https://learn.microsoft.com/graph/api/resources/conditionalaccessconditionset
type PolicyScope struct {
	IncludeUsers, ExcludeUsers         []string
	IncludeGroups, ExcludeGroups       []string
	IncludeRoles, ExcludeRoles         []string // role template ids
	IncludeGuests, ExcludeGuests       bool
	SomeGuests, SomeGuestsOut          bool // only guests of some kinds or tenants are included, excluded
	IncludeApps, ExcludeApps           []string
	AppFilter                          string   // the rule that picks apps by their attributes; "" none
	Principals                         []string // service principals, of a policy for workload identities
	Actions, Contexts                  []string
	ClientTypes                        []string // all, browser, mobileAppsAndDesktopClients, exchangeActiveSync, other
	IncludePlatforms, ExcludePlatforms []string
	IncludeLocations, ExcludeLocations []string // ids, All, AllTrusted
	SignInRisk, UserRisk               []string
	InsiderRisk, PrincipalRisk         []string
	DeviceFilter                       string   // its rule; "" none
	DeviceFilterMode                   string   // include, exclude
	Flows                              []string // deviceCodeFlow, authenticationTransfer
	Other                              []string // conditions that Signpost does not know, by Graph's names
}

// Locations are the named locations of the tenant.
// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations
type Locations struct {
	List    []Location `json:"list" label:"Named locations"`
	Matched []string   `json:"matched" label:"Named locations that hold the place of the sign-in"` // names; nil where that cannot be told
	Trusted *bool      `json:"trusted" label:"Sign-in from a trusted location"`                    // nil where that cannot be told
}

// Location is one named location.
type Location struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Kind      string   `json:"kind"` // ip, country, or Graph's type name
	Trusted   bool     `json:"trusted"`
	Ranges    []string `json:"ranges,omitempty"`    // CIDR, or FIRST-LAST
	Countries []string `json:"countries,omitempty"` // ISO 3166-1 alpha-2
	Unknown   bool     `json:"unknown,omitempty"`   // countries that cannot be told are included
	GPS       bool     `json:"gps,omitempty"`       // the country is told by the Authenticator's position, not by the address
}

// Defaults is the switch of the security defaults.
// https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get
type Defaults struct {
	Enabled bool `json:"enabled" label:"Security defaults on"`
}

// MethodsPolicy says which authentication methods the tenant allows.
// https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get
type MethodsPolicy struct {
	Enabled  []string `json:"enabled" label:"Methods that the tenant allows"`   // kinds as in Method.Kind: authenticator, phone, fido2, temporary_access_pass, …
	Disabled []string `json:"disabled" label:"Methods that the tenant forbids"` // likewise
	// Migration is Graph's policyMigrationState; where that is not migrationComplete, it goes on to say what follows from it.
	Migration string `json:"migration" label:"Migration of the methods policy"`
	// What the person holds against it: each kind once. A kind of which it cannot be told is in neither list (who is
	// targeted by group, where their groups were not seen; what older settings may allow). A list is nil where nothing is
	// known to belong into it and of something it cannot be told.
	Usable   []string       `json:"usable" label:"Second factors held that policy allows"`
	Unusable []string       `json:"unusable" label:"Second factors held that policy forbids"`
	Configs  []MethodConfig `json:"configs" label:"Settings of the methods"`
}

// MethodConfig is the setting of one method.
type MethodConfig struct {
	ID      string   `json:"id"` // Graph's: Sms, MicrosoftAuthenticator, Fido2, …
	Kind    string   `json:"kind"`
	State   string   `json:"state"`
	Targets []string `json:"targets"` // group ids, all_users; nil where Graph did not tell
	Exclude []string `json:"exclude"` // group ids
}

// Strengths are the authentication strengths of the tenant, and what those that this error's policies ask for accept.
// https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies
type Strengths struct {
	List     []Strength `json:"list" label:"Authentication strengths"`
	Required []string   `json:"required" label:"Authentication strengths that this error's policies ask for"` // names
	Accepted []string   `json:"accepted" label:"What those accept"`                                           // Graph's allowedCombinations of all of them: "fido2", "password,microsoftAuthenticatorPush"
	// Passes says whether the methods that the person holds satisfy every strength asked for; nil where none is asked for,
	// what they hold is not known, or the only ways left open are such as Graph does not list: a certificate (closed where the
	// methods policy was read and forbids it), the identity provider's MFA (closed where the domain was read and is managed),
	// the home tenant's MFA of a guest.
	Passes *bool `json:"passes" label:"A method held satisfies the strength"`
	// Holds says in words what the person holds, Needs what is accepted.
	Holds string `json:"holds" label:"Methods held"`
	Needs string `json:"needs" label:"Methods that would satisfy the strength"`
}

// Strength is one authentication strength.
type Strength struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Type    string   `json:"type"` // builtIn, custom
	Allowed []string `json:"allowed"`
	// Limited are those of Allowed that only some keys or certificates satisfy (combinationConfigurations).
	Limited []string `json:"limited,omitempty"`
}

// PerUserMFA is the older switch of MFA on the account itself (beta).
// https://learn.microsoft.com/graph/api/authentication-get?view=graph-rest-beta
type PerUserMFA struct {
	State string `json:"state" label:"Per-user MFA"` // disabled, enabled, enforced
}
