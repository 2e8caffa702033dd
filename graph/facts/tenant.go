package facts

import "time"

// Device is the device that the sign-in presented, as the directory has it; absent where the directory does not know it.
// Without a device id in the sign-in row it is not asked. https://learn.microsoft.com/graph/api/device-get
type Device struct {
	ID         string     `json:"id" label:"Device id"`
	ObjectID   string     `json:"object_id" label:"Object id of the device"` // the audit log names devices by it
	Name       string     `json:"name" label:"Device"`
	Enabled    *bool      `json:"enabled" label:"Device enabled"`
	OS         string     `json:"os" label:"Operating system"`
	Trust      string     `json:"trust" label:"Join"` // Workplace (registered), AzureAd (joined), ServerAd (hybrid joined)
	Compliant  *bool      `json:"compliant" label:"Device compliant"`
	Managed    *bool      `json:"managed" label:"Device managed"`
	Management string     `json:"management" label:"Management"`
	LastSeen   *time.Time `json:"last_seen" label:"Device last seen"` // within days; approximateLastSignInDateTime
	Registered *time.Time `json:"registered" label:"Device registered"`
	Stale      bool       `json:"stale" label:"Device stale"` // not seen for 90 days and more; false where last_seen is not told
}

// Risk is what ID Protection says of the person; absent where it has no record. It needs P2.
// https://learn.microsoft.com/graph/api/riskyuser-get
type Risk struct {
	Level   string     `json:"level" label:"Risk of the person"` // none, low, medium, high, hidden
	State   string     `json:"state" label:"Risk state"`         // atRisk, confirmedCompromised, remediated, dismissed, confirmedSafe, none
	Detail  string     `json:"detail" label:"Risk detail"`
	Active  bool       `json:"active" label:"At risk now"` // state atRisk or confirmedCompromised
	Updated *time.Time `json:"updated" label:"Risk last changed"`
}

// Guest is where a person of elsewhere comes from, and what this tenant has settled with their home. Parts of it have
// permissions of their own: what could not be read is nil, and the fact's reason says why.
//
// Of a member it is absent, but for one case: a member whose sign-in leads into another tenant, which is then away. What
// this tenant lets out to there is outbound_blocked; the other settings do not bear on it and are nil.
//
// https://learn.microsoft.com/graph/api/tenantrelationship-findtenantinformationbydomainname
// https://learn.microsoft.com/graph/api/crosstenantaccesspolicyconfigurationpartner-get
type Guest struct {
	Invited    bool   `json:"invited" label:"Guest account exists here"`
	Redeemed   *bool  `json:"redeemed" label:"Invitation accepted"` // nil without a guest account
	Provider   string `json:"provider" label:"Identity provider"`   // of the guest: google.com, MicrosoftAccount, ExternalAzureAD, mail, …
	Personal   bool   `json:"personal" label:"Personal Microsoft account"`
	HomeDomain string `json:"home_domain" label:"Home domain"`
	HomeID     string `json:"home_id" label:"Home tenant id"` // "" where the domain is no Entra tenant's
	HomeName   string `json:"home_name" label:"Home tenant"`  // likewise
	HomeFound  *bool  `json:"home_found" label:"Home is an Entra tenant"`
	HomeIsUs   bool   `json:"home_is_us" label:"Home is this tenant"`
	// This tenant's cross-tenant access settings towards the home tenant: the partner's own, otherwise the default.
	Partner        bool  `json:"partner" label:"Own settings for the home tenant"`
	InboundBlocked *bool `json:"inbound_blocked" label:"Inbound collaboration blocked here"`
	// InboundLimited says that inbound collaboration is allowed for some people or apps only.
	InboundLimited  *bool  `json:"inbound_limited" label:"Inbound collaboration limited here"`
	OutboundBlocked *bool  `json:"outbound_blocked" label:"Outbound collaboration blocked here"`
	TrustsMFA       *bool  `json:"trusts_mfa" label:"MFA of the home tenant trusted"`
	TrustsDevice    *bool  `json:"trusts_device" label:"Compliant devices of the home tenant trusted"`
	Cross           string `json:"cross" label:"Cross-tenant access of the sign-in"` // b2bCollaboration, b2bDirectConnect, serviceProvider, …; "" not known
	// The tenant that a member wants into; "" of everybody else.
	AwayID   string `json:"away_id" label:"Tenant id that the person wants into"`
	AwayName string `json:"away_name" label:"Tenant that the person wants into"`
}

// Changes are the entries of the directory audit that can explain the error: of activities that its runbook names, on the
// very things that this error is about, before the first failure. At most three, newest first.
// https://learn.microsoft.com/graph/api/directoryaudit-list
type Changes struct {
	List  []Change   `json:"list" label:"Changes"`
	Says  []string   `json:"says" label:"Changes before the error"` // in words: "Update conditional access policy on “Block outside EU” by admin@contoso.com, 12 minutes before"
	Since time.Time  `json:"since" label:"Changes read since"`
	First *time.Time `json:"first" label:"Newest change at"`
	// Kinds has each activity of List once, so that a cause can ask for one.
	// They are spelt as the runbook spells them, whatever the log does.
	Kinds  []string `json:"kinds" label:"Kinds of changes"`
	Capped bool     `json:"capped" label:"More changes than were read"`
	All    []Change `json:"-"` // everything of these activities, whatever it was done to, newest first
}

// Change is one entry of the directory audit.
type Change struct {
	Time     time.Time `json:"time"`
	Activity string    `json:"activity"`
	Actor    string    `json:"actor"`          // sign-in name, or the name of an app
	Target   string    `json:"target"`         // the name of what was changed
	Minutes  int       `json:"minutes"`        // before the first failure
	What     []string  `json:"what,omitempty"` // names of the properties that were changed
	// Values are those properties with what they were and became, as far as the audit tells; long ones may be cut.
	Values []ChangedValue `json:"-"`

	Targets []Target `json:"-"` // all that it was done to, and what it refers to besides
}

// Target is one thing that a change was done to. All its texts are in lower case.
// https://learn.microsoft.com/graph/api/resources/targetresource
type Target struct {
	Kind string   // Graph's type: user, application, serviceprincipal, policy, group, device, role, other; "" not told
	IDs  []string // its id, and further ids of the same thing that the entry tells: an app id, a device id
	Name string
	UPN  string
	// Named says that it stands in the properties of another target: the app that a permission was granted to, the person
	// who was taken out of a group.
	Named bool
}

// ChangedValue is one property of a change. Old and New are JSON, as the audit holds them: `["accept…"]`.
type ChangedValue struct {
	Name, Old, New string
}

// Health is what Microsoft says of its own service now.
// https://learn.microsoft.com/graph/api/serviceannouncement-list-healthoverviews
type Health struct {
	Incidents []Incident `json:"incidents" label:"Open incidents of Entra"`
	// Began has the titles of the open incidents that began before the error. Advisories are not among them.
	Began []string `json:"began" label:"Incidents that began before the error"`
}

// Incident is one service incident.
type Incident struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Service string    `json:"service"`
	Status  string    `json:"status"`
	Started time.Time `json:"started"`
	Kind    string    `json:"kind"` // incident; advisory where Microsoft rates it as of little reach, "" where it does not say
}

// Licences says which premium licence the tenant has.
// https://learn.microsoft.com/graph/api/subscribedsku-list
type Licences struct {
	P1 bool `json:"p1" label:"Entra ID P1"` // P2 holds it
	P2 bool `json:"p2" label:"Entra ID P2"`
}

// Organization is the tenant itself. https://learn.microsoft.com/graph/api/organization-get
type Organization struct {
	ID       string     `json:"id" label:"Tenant id"`
	Name     string     `json:"name" label:"Tenant"`
	Type     string     `json:"type" label:"Kind of tenant"` // AAD, AAD B2C, CIAM
	Domains  []string   `json:"domains" label:"Verified domains"`
	Synced   *bool      `json:"synced" label:"Synchronised from on-premises"`
	LastSync *time.Time `json:"last_sync" label:"Last synchronisation of the tenant"`
	// Matches says whether the tenant that the error names is this one; nil where it names none.
	Matches *bool `json:"matches" label:"The error is of this tenant"`
}

// Metadata is what the identity provider of a federated domain publishes about itself, against what Entra holds. A fact that
// failed still says which address was asked.
type Metadata struct {
	URL string `json:"url" known:"always" label:"Metadata address"`
	// Guessed says that nobody configured the address: it is where this kind of identity provider publishes by default.
	Guessed      bool          `json:"guessed" known:"always" label:"Metadata address guessed"`
	EntityID     string        `json:"entity_id" label:"Entity id"`
	ValidUntil   *time.Time    `json:"valid_until" label:"Metadata valid until"`            // nil where the document does not say
	Certificates []Certificate `json:"certificates" label:"Signing certificates published"` // slot: published
	// Unknown are thumbprints (SHA-1) that the identity provider publishes and Entra does not hold; Gone are those that Entra
	// holds and the identity provider does not publish.
	Unknown []string `json:"unknown" label:"Published certificates that Entra does not hold"`
	Gone    []string `json:"gone" label:"Certificates of Entra that are not published"`
	// Covered says that Entra holds every certificate that is published.
	Covered bool `json:"covered" label:"Entra holds every published certificate"`
	// None says that Entra holds none of them: every token of this provider fails.
	None      bool      `json:"none" label:"Entra holds no published certificate"`
	Endpoints []string  `json:"endpoints" label:"Sign-in endpoints published"`
	Same      *bool     `json:"same" label:"Sign-in endpoint is the one that Entra holds"` // nil where it publishes or Entra holds none
	Fetched   time.Time `json:"fetched" label:"Metadata fetched"`
	Signature string    `json:"signature" label:"Signature of the metadata"` // valid, invalid, none, unchecked (an algorithm that cannot be verified)
	// SignedWith is the thumbprint (SHA-1) of the certificate of a valid signature. The document vouches for that certificate
	// itself, so a valid signature proves little unless KeyHeld says that Entra holds it.
	SignedWith string `json:"signed_with" label:"Certificate of the signature"`
	KeyHeld    *bool  `json:"key_held" label:"Entra holds the certificate of the signature"` // nil without a valid signature
}

// Cases are our own earlier cases: what this bot was asked before. Nothing of the directory is in it.
type Cases struct {
	Code   int        `json:"code" label:"Cases with this code in 24 hours"`
	People int        `json:"people" label:"People with this code in 24 hours"`
	Apps   int        `json:"apps" label:"Apps with this code in 24 hours"`
	Last   *time.Time `json:"last" label:"Last case with this code"`
}
