package facts

import "time"

// App is the registration of the app that the error names, which is only in its home tenant.
// https://learn.microsoft.com/graph/api/application-get
type App struct {
	ID          string       `json:"id" label:"Object id of the app"`
	AppID       string       `json:"app_id" label:"App id"`
	Name        string       `json:"name" label:"App"`
	Audience    string       `json:"audience" label:"Accounts that the app is for"` // AzureADMyOrg, AzureADMultipleOrgs, AzureADandPersonalMicrosoftAccount, PersonalMicrosoftAccount
	Identifiers []string     `json:"identifiers" label:"Application ID URIs"`
	Public      *bool        `json:"public" label:"Public client flows allowed"` // isFallbackPublicClient
	Redirects   []Redirect   `json:"redirects" label:"Redirect URIs"`
	Credentials []Credential `json:"credentials" label:"Secrets and certificates"`
	// The redirect URI that the error gives against those of the registration. Only where the error gives one.
	Sent       string `json:"sent" label:"Redirect URI that was sent"`
	Exact      *bool  `json:"exact" label:"Redirect URI registered"` // nil where none was sent
	Platform   string `json:"platform" label:"Platform of the redirect URI"`
	Nearest    string `json:"nearest" label:"Nearest registered redirect URI"` // "" where none is near, and where the one sent is registered
	Difference string `json:"difference" label:"Difference"`                   // in words, with both sides: "a slash at the end: sent https://a/cb/, registered https://a/cb"
	// Differs names the parts of the two that differ: scheme, host, port, path, case, slash, encoding, query, fragment; and
	// platform, where the URI is registered for a kind of app that this error is not of.
	Differs []string `json:"differs" label:"Parts that differ"`
	// The credentials in numbers and words, as of the error where its time is known.
	Valid       int        `json:"valid" label:"Secrets and certificates in force"`
	Expired     []string   `json:"expired" label:"Secrets and certificates that ended"`               // in words, the last to end first: "secret ci (hint abc…), ended 2026-08-31"
	LastExpired *time.Time `json:"last_expired" label:"Last secret or certificate ended"`             // before the error
	NextEnds    *time.Time `json:"next_ends" label:"Next secret or certificate ends"`                 // of those in force
	SecretIDs   []string   `json:"secret_ids" label:"Ids of the secrets"`                             // lower case; an id pasted instead of the value can be told by them
	Newest      *time.Time `json:"newest" label:"Newest secret or certificate in force since"`        // start of the newest credential in force
	Requests    []string   `json:"requests" label:"Permissions that the app's registration asks for"` // delegated scopes by name where the resource was read, otherwise ids
	SignedOnly  bool       `json:"signed_only" label:"Signed requests required"`                      // requestSignatureVerification
	Web         int        `json:"web" label:"Redirect URIs for web"`
	SPA         int        `json:"spa" label:"Redirect URIs for single-page apps"`
	Native      int        `json:"native" label:"Redirect URIs for mobile and desktop"`
	Wants       []Want     `json:"-"`
}

// Want is a delegated permission that a registration asks for.
type Want struct {
	Resource string // app id, lower case
	Scope    string // id of the permission, lower case
}

// Redirect is one redirect URI of an app.
type Redirect struct {
	URI      string `json:"uri"`
	Platform string `json:"platform"` // web, spa, native
}

// Credential is a secret or certificate of an app. Values never get here, and Graph does not give them.
type Credential struct {
	Kind   string    `json:"kind"` // secret, certificate
	KeyID  string    `json:"key_id"`
	Name   string    `json:"name"`
	Hint   string    `json:"hint,omitempty"`  // the first characters of a secret
	Usage  string    `json:"usage,omitempty"` // of a certificate: Sign, Verify
	SHA1   string    `json:"sha1,omitempty"`  // thumbprint of a certificate, upper-case hexadecimal
	Starts time.Time `json:"starts,omitzero"`
	Ends   time.Time `json:"ends,omitzero"`
}

// Principal is the app's service principal in this tenant; absent where the app is not installed.
// https://learn.microsoft.com/graph/api/serviceprincipal-get
type Principal struct {
	ID                 string       `json:"id" label:"Object id of the service principal"`
	AppID              string       `json:"app_id" label:"App id"`
	Name               string       `json:"name" label:"App"`
	Type               string       `json:"type" label:"Kind of service principal"` // Application, ManagedIdentity, Legacy, SocialIdp
	Enabled            *bool        `json:"enabled" label:"App enabled for sign-in"`
	DisabledBy         string       `json:"disabled_by" label:"Disabled by Microsoft"` // disabledByMicrosoftStatus; "" not
	Owner              string       `json:"owner" label:"Tenant that owns the app"`
	Ours               *bool        `json:"ours" label:"App of this tenant"` // owner is this tenant; nil where this tenant's id is not known
	AssignmentRequired bool         `json:"assignment_required" label:"Assignment required"`
	ReplyURLs          []string     `json:"reply_urls" label:"Reply URLs"`
	Names              []string     `json:"names" label:"Service principal names"`
	Audience           string       `json:"audience" label:"Accounts that the app is for"`
	SSO                string       `json:"sso" label:"Single sign-on mode"` // saml, oidc, password, …
	Credentials        []Credential `json:"credentials" label:"Certificates and secrets"`
	SigningEnds        *time.Time   `json:"signing_ends" label:"SAML signing certificate ends"` // of the preferred one
	// The redirect URI, or Assertion Consumer Service URL, that the error gives against ReplyURLs, as in App: of an app of
	// another tenant there is no registration to compare with.
	Exact      *bool  `json:"exact" label:"Reply URL registered"` // nil where none was sent
	Nearest    string `json:"nearest" label:"Nearest reply URL"`
	Difference string `json:"difference" label:"Difference to the nearest reply URL"`
}

// Resource is the service principal of what the app wants to reach; absent where it is not installed.
// https://learn.microsoft.com/graph/api/serviceprincipal-list
type Resource struct {
	ID      string   `json:"id" label:"Object id of the resource"`
	AppID   string   `json:"app_id" label:"App id of the resource"`
	Name    string   `json:"name" label:"Resource"`
	Enabled *bool    `json:"enabled" label:"Resource enabled"`
	Names   []string `json:"names" label:"Names of the resource"`
	Scopes  []string `json:"scopes" label:"Delegated permissions of the resource"`
	Roles   []string `json:"roles" label:"App roles of the resource"`
	// AssignmentRequired bars apps and people that are not assigned to the resource.
	AssignmentRequired bool `json:"assignment_required" label:"Resource requires assignment"`
	// ScopeNames holds the value of each delegated permission by its id in lower case, also of those that are switched off.
	ScopeNames map[string]string `json:"-"`
}

// Consent is what was granted to the app in this tenant.
// https://learn.microsoft.com/graph/api/oauth2permissiongrant-list
type Consent struct {
	Tenant  []string `json:"tenant" label:"Granted for everybody"`         // delegated scopes
	Person  []string `json:"person" label:"Granted by or for this person"` // nil where nobody is named
	Missing []string `json:"missing" label:"Asked for and not granted"`    // of what the registration asks for of the resource; nil where that is not known
	Granted *bool    `json:"granted" label:"Something is granted"`         // for everybody or for this person; nil where that cannot be told
	// UserMay says whether people may consent themselves: all, low (only permissions classified as low, of verified
	// publishers), none, or the name of another consent policy; nil where the authorization policy could not be read.
	// https://learn.microsoft.com/graph/api/authorizationpolicy-get
	UserMay *string `json:"user_may" label:"People may consent themselves"`
}

// Assignment is the person's place in the app, where the app requires one.
// https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto
type Assignment struct {
	Required bool     `json:"required" label:"Assignment required"`
	Assigned *bool    `json:"assigned" label:"Person assigned"` // directly or by a group that holds them directly; nil where their groups are not known
	Direct   bool     `json:"direct" label:"Assigned directly"`
	Groups   []string `json:"groups" label:"Assigned by group"`                                    // names of assigned groups that hold the person directly
	Nested   []string `json:"nested" label:"Assigned groups that hold the person only indirectly"` // those do not count
	Others   int      `json:"others" label:"Assignments of the app"`                               // people and groups, all
}

// Groups are the person's memberships.
// https://learn.microsoft.com/graph/api/user-list-transitivememberof
type Groups struct {
	List   []Group  `json:"list" label:"Groups"`
	Names  []string `json:"names" label:"Groups"`
	Roles  []string `json:"roles" label:"Directory roles held"` // active ones; names
	Admin  bool     `json:"admin" label:"Holds a directory role"`
	Capped bool     `json:"capped" label:"More groups than were read"`
	// DirectKnown says that every direct membership is in List: who is not in a group there, does not hold it directly.
	DirectKnown bool `json:"-"`
}

// Group is one membership.
type Group struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`   // group, role, unit
	Template string `json:"-"`      // of a role
	Direct   *bool  `json:"direct"` // nil where only all memberships together were read
}
