package facts

import "time"

// User is the account: GET /users/{id}. https://learn.microsoft.com/graph/api/user-get
type User struct {
	ID                 string     `json:"id" label:"Object id"`
	UPN                string     `json:"upn" label:"Sign-in name"`
	DisplayName        string     `json:"display_name" label:"Name"`
	Mail               string     `json:"mail" label:"Mail address"`
	Type               string     `json:"type" label:"User type"` // Member or Guest
	Guest              bool       `json:"guest" label:"Guest account"`
	Enabled            *bool      `json:"enabled" label:"Account enabled"`
	Created            *time.Time `json:"created" label:"Account created"`
	Synced             bool       `json:"synced" label:"Synchronised from on-premises"` // null in Graph means a cloud account
	LastSync           *time.Time `json:"last_sync" label:"Last synchronised"`
	ImmutableID        string     `json:"immutable_id" label:"Immutable id"` // "" in a cloud account
	OnPremisesUPN      string     `json:"on_premises_upn" label:"On-premises sign-in name"`
	OnPremisesDomain   string     `json:"on_premises_domain" label:"On-premises domain"`
	ProvisioningErrors []string   `json:"provisioning_errors" label:"Provisioning errors"`
	PasswordChanged    *time.Time `json:"password_changed" label:"Password last changed"` // the cloud's knowledge: may be old for federated users
	PasswordNeverEnds  bool       `json:"password_never_ends" label:"Password never expires"`
	SessionsValidFrom  *time.Time `json:"sessions_valid_from" label:"Sessions valid from"`
	ExternalState      string     `json:"external_state" label:"Invitation state"` // Accepted, PendingAcceptance, "" for members
	CreationType       string     `json:"creation_type" label:"Created by"`        // Invitation, EmailVerified, …
	Provider           string     `json:"provider" label:"Identity provider"`      // of a guest: google.com, facebook.com, MicrosoftAccount, ExternalAzureAD, mail, or an issuer URI; "" for members
	Identities         []Identity `json:"identities" label:"Identities"`
	Plans              []string   `json:"plans" label:"Services licensed"`                // service names of the enabled plans: exchange, AADPremiumService, …; each once
	MatchedBy          string     `json:"matched_by" label:"Found by"`                    // upn, id, mail, proxy_address, other_mail
	LastSuccess        *time.Time `json:"last_success" label:"Last successful sign-in"`   // signInActivity: up to 24 h late
	Deleted            bool       `json:"deleted" known:"always" label:"Account deleted"` // with state absent
	DeletedAt          *time.Time `json:"deleted_at" known:"always" label:"Account deleted at"`
	Ambiguous          bool       `json:"ambiguous" known:"always" label:"Several accounts match"` // with state failed
}

// Identity is one way an account can be signed in to. https://learn.microsoft.com/graph/api/resources/objectidentity
type Identity struct {
	SignInType string `json:"sign_in_type"`
	Issuer     string `json:"issuer"`
}

// MFA is the registration report of a person; hours old, and never there for disabled accounts. Where the report was not
// read because Graph allows few such requests, it is what the methods held and the methods policy say, and the fields that
// those do not tell are nil.
// https://learn.microsoft.com/graph/api/resources/userregistrationdetails
type MFA struct {
	Registered          bool       `json:"registered" label:"MFA registered"`
	Capable             *bool      `json:"capable" label:"MFA capable"` // registered and allowed by policy
	PasswordlessCapable *bool      `json:"passwordless_capable" label:"Passwordless capable"`
	Admin               *bool      `json:"admin" label:"Holds an admin role"`
	SSPRRegistered      *bool      `json:"sspr_registered" label:"Self-service reset registered"`
	SSPRCapable         *bool      `json:"sspr_capable" label:"Self-service reset capable"`
	SystemPreferred     []string   `json:"system_preferred" label:"System-preferred method"`
	Preferred           string     `json:"preferred" label:"Preferred method"`
	Methods             []string   `json:"methods" label:"Methods registered"`
	Updated             *time.Time `json:"updated" label:"Report refreshed"`
}

// Methods is what the person holds, read live. https://learn.microsoft.com/graph/api/authentication-list-methods
type Methods struct {
	List              []Method `json:"list" label:"Methods held"`
	Kinds             []string `json:"kinds" label:"Kinds of methods held"`  // each kind once: password, phone, authenticator, …
	Second            bool     `json:"second" label:"Holds a second factor"` // anything beyond password and mail
	PhishingResistant bool     `json:"phishing_resistant" label:"Holds a phishing-resistant method"`
}

// Method is one authentication method. Numbers and addresses are masked before they get here.
type Method struct {
	Kind    string     `json:"kind"` // password, phone, email, authenticator, software_oath, fido2, windows_hello, platform_credential, temporary_access_pass, or Graph's type name
	Detail  string     `json:"detail,omitempty"`
	Created *time.Time `json:"created,omitempty"`
	Usable  *bool      `json:"usable,omitempty"` // of a Temporary Access Pass
}

// Domain is the domain of the person's sign-in name. https://learn.microsoft.com/graph/api/resources/domain
type Domain struct {
	Name           string `json:"name" label:"Domain"`
	Root           string `json:"root" label:"Root domain"`              // the domain that holds the federation settings
	Authentication string `json:"authentication" label:"Authentication"` // Managed or Federated
	Federated      bool   `json:"federated" label:"Domain federated"`
	Verified       bool   `json:"verified" label:"Domain verified"`
	Default        bool   `json:"default" label:"Default domain"`
	Initial        bool   `json:"initial" label:"Initial domain"`
	PasswordDays   *int   `json:"password_days" label:"Password validity in days"`
}

// Federation is the trust: internalDomainFederation of the root domain.
// https://learn.microsoft.com/graph/api/resources/internaldomainfederation
type Federation struct {
	ID              string        `json:"id" label:"Configuration id"`
	Domain          string        `json:"domain" label:"Root domain"`
	DisplayName     string        `json:"display_name" label:"Brand name"`
	Provider        string        `json:"provider" label:"Identity provider"` // AD FS, Okta, Ping, Google, other; told by the endpoints
	Issuer          string        `json:"issuer" label:"Issuer"`
	PassiveURI      string        `json:"passive_uri" label:"Browser sign-in endpoint"`
	ActiveURI       string        `json:"active_uri" label:"WS-Trust endpoint"`
	MetadataURI     string        `json:"mex_uri" label:"WS-MEX endpoint"` // not federationmetadata.xml
	SignOutURI      string        `json:"sign_out_uri" label:"Sign-out endpoint"`
	Protocol        string        `json:"protocol" label:"Protocol"`          // wsFed, saml
	MFABehavior     string        `json:"mfa_behavior" label:"MFA behaviour"` // federatedIdpMfaBehavior, "" = unset
	PromptLogin     string        `json:"prompt_login" label:"Prompt behaviour"`
	SignedRequests  bool          `json:"signed_requests" label:"Signed requests required"`
	Certificates    []Certificate `json:"certificates" label:"Signing certificates"`
	CertificateEnds *time.Time    `json:"certificate_ends" label:"Last signing certificate ends"` // the later of current and next
	Rollover        string        `json:"rollover" label:"Automatic rollover result"`
	RolloverAt      *time.Time    `json:"rollover_at" label:"Automatic rollover last ran"`
}

// Certificate is one token-signing certificate: one that Entra holds for a trust, or one that its identity provider publishes.
type Certificate struct {
	Slot      string    `json:"slot"` // current or next; published: of the identity provider
	Subject   string    `json:"subject,omitempty"`
	Issuer    string    `json:"issuer,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
	SHA1      string    `json:"sha1,omitempty"` // as AD FS shows thumbprints
	SHA256    string    `json:"sha256,omitempty"`
	Problem   string    `json:"problem,omitempty"` // why it could not be parsed
}

// SignIn is a row of the sign-in log. https://learn.microsoft.com/graph/api/resources/signin
type SignIn struct {
	ID                string          `json:"id" label:"Request id"`
	Time              time.Time       `json:"time" label:"Sign-in time"`
	Code              int             `json:"code" label:"Result code"` // 0 is success
	FailureReason     string          `json:"failure_reason" label:"Failure reason"`
	Details           string          `json:"details" label:"Additional details"`
	UPN               string          `json:"upn" label:"Sign-in name"`
	UserID            string          `json:"user_id" label:"Object id"`
	AppID             string          `json:"app_id" label:"App id"`
	AppName           string          `json:"app_name" label:"App"`
	Resource          string          `json:"resource" label:"Resource"`
	ClientApp         string          `json:"client_app" label:"Client"`
	CorrelationID     string          `json:"correlation_id" label:"Correlation id"`
	Interactive       *bool           `json:"interactive" label:"Interactive"`
	IP                string          `json:"ip" label:"IP address"`
	City              string          `json:"city" label:"City"`
	Country           string          `json:"country" label:"Country"`
	ConditionalAccess string          `json:"conditional_access" label:"Conditional Access"` // success, failure, notApplied
	Policies          []AppliedPolicy `json:"policies" label:"Policies applied"`             // only with permission to read Conditional Access
	Blocking          []string        `json:"blocking" label:"Policies that failed"`         // names of enforced policies with result failure; report-only never
	ReportOnly        []string        `json:"report_only" label:"Report-only policies that would fail"`
	DeviceID          string          `json:"device_id" label:"Device id"` // "" = none presented
	DeviceName        string          `json:"device_name" label:"Device"`
	DeviceCompliant   *bool           `json:"device_compliant" label:"Device compliant"`
	DeviceManaged     *bool           `json:"device_managed" label:"Device managed"`
	DeviceTrust       string          `json:"device_trust" label:"Device trust"`
	OS                string          `json:"os" label:"Operating system"`
	Browser           string          `json:"browser" label:"Browser"`
	RiskLevel         string          `json:"risk_level" label:"Risk at sign-in"` // hidden without P2
	RiskState         string          `json:"risk_state" label:"Risk state at sign-in"`
	RiskEvents        []string        `json:"risk_events" label:"Risk detections of the sign-in"` // riskEventTypes_v2
	ResourceID        string          `json:"resource_id" label:"App id of the resource"`
	// Beta only, "" or nil where v1.0 answered.
	Requirement    string     `json:"requirement" label:"Authentication required"` // singleFactorAuthentication, multiFactorAuthentication
	Protocol       string     `json:"protocol" label:"Protocol"`                   // oAuth2, saml20, wsFederation, ropc, deviceCode, …
	CrossTenant    string     `json:"cross_tenant" label:"Cross-tenant access"`    // none, b2bCollaboration, b2bDirectConnect, serviceProvider, …
	HomeTenant     string     `json:"home_tenant" label:"Home tenant id of the person"`
	ResourceTenant string     `json:"resource_tenant" label:"Tenant id of the resource"`
	UserType       string     `json:"user_type" label:"User type at sign-in"`          // member, guest
	TokenIssuer    string     `json:"token_issuer" label:"Token issuer"`               // AzureAD, ADFederationServices, …
	Credential     string     `json:"credential" label:"Credential of the client"`     // clientCredentialType: none, clientSecret, clientAssertion, …
	CredentialKey  string     `json:"credential_key" label:"Key id of the credential"` // of a service principal's sign-in
	Steps          []AuthStep `json:"steps" label:"Authentication steps"`              // nil where not told
	FailedMethod   string     `json:"failed_method" label:"Method that failed"`        // of the last step that did not succeed; "" none
	FailedBecause  string     `json:"failed_because" label:"Why it failed"`            // Microsoft's words: "MFA denied; user declined the authentication"
}

// AuthStep is one step of an authentication, in Microsoft's words.
// https://learn.microsoft.com/graph/api/resources/authenticationdetail?view=graph-rest-beta
type AuthStep struct {
	Time        time.Time `json:"time,omitzero"`
	Method      string    `json:"method"`
	Detail      string    `json:"detail,omitempty"`
	Result      string    `json:"result"`
	Requirement string    `json:"requirement,omitempty"`
	Succeeded   *bool     `json:"succeeded"`
}

// AppliedPolicy is a Conditional Access policy as it was applied to a sign-in.
type AppliedPolicy struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Result string   `json:"result"` // success, failure, notApplied, reportOnlyFailure, …
	Grant  []string `json:"grant,omitempty"`
}

// Recent is the person's last sign-ins, interactive and not, around and after the error.
type Recent struct {
	Rows          []SignIn   `json:"rows" label:"Sign-ins read"`
	Since         time.Time  `json:"since" label:"Sign-ins read since"`
	Failures      int        `json:"failures" label:"Failures"`
	SameFailures  int        `json:"same_failures" label:"Failures with this code"`
	WrongPassword int        `json:"wrong_password" label:"Failures with a wrong password (50126)"`
	Healed        bool       `json:"healed" label:"Later success with the same app"` // of the same person and app after the error; app ignored where unknown
	HealedAt      *time.Time `json:"healed_at" label:"Later success at"`
	LastSuccess   *time.Time `json:"last_success" label:"Last success"`
	Capped        bool       `json:"capped" label:"More rows than were read"`
}

// Spread is how far an error reaches: the tenant's failures with the code, and its relatives, of the last 24 hours.
type Spread struct {
	Since        time.Time   `json:"since" label:"Counted since"`
	Users        int         `json:"users" label:"People with this code"`
	Rows         int         `json:"rows" label:"Failures with this code"`
	Apps         int         `json:"apps" label:"Apps with this code"`
	Codes        []CodeCount `json:"codes" label:"Failures by code"`
	RelatedUsers int         `json:"related_users" label:"People with a related code"`
	Capped       bool        `json:"capped" label:"More rows than were read"`
}

// CodeCount counts one code.
type CodeCount struct {
	Code  int `json:"code"`
	Rows  int `json:"rows"`
	Users int `json:"users"`
}

// Providers is the tenant's external identity providers.
// https://learn.microsoft.com/graph/api/identitycontainer-list-identityproviders
type Providers struct {
	Types []string   `json:"types" label:"External identity providers"` // Google, Facebook, EmailOTP, …
	List  []Provider `json:"list" label:"Providers"`
}

// Provider is one external identity provider. Client secrets never get here.
type Provider struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Name string `json:"name"`
}
