package tenantfake

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Object is a resource in Graph's own JSON: property names as Graph spells them.
type Object = map[string]any

// State is what a fake tenant holds. The zero value of a field is an empty collection, or the default that is named.
type State struct {
	TenantID string `json:"tenant_id"` // a fixed GUID by default
	ClientID string `json:"client_id"` // Signpost's app registration; a fixed GUID by default
	Secret   string `json:"secret"`    // its client secret; a fixed text by default
	// SecretExpired lets the secret be refused with AADSTS7000222.
	SecretExpired bool `json:"secret_expired"`
	// FederatedToken is the assertion that workload identity signs in with; "" takes none.
	FederatedToken string `json:"federated_token"`
	// Permissions are the application permissions that tokens carry; nil means every one that Signpost uses.
	Permissions []string `json:"permissions"`
	// NoPremium is a tenant without Microsoft Entra ID P1.
	NoPremium bool `json:"no_premium"`
	// NoP2 is a tenant without Microsoft Entra ID P2, which ID Protection needs; NoPremium implies it.
	NoP2 bool `json:"no_p2"`
	// RefuseOr lets the sign-in log and the directory audit refuse "or" between conditions of a filter.
	RefuseOr bool `json:"refuse_or"`
	// RefuseMixed lets it refuse "or" between conditions on different properties.
	RefuseMixed bool `json:"refuse_mixed"`
	// OpaqueTokens lets access tokens be no JWTs.
	OpaqueTokens bool `json:"opaque_tokens"`
	// PageSize caps the pages of all collections; 0 means Graph's own sizes.
	PageSize int `json:"page_size"`

	Users        []Object            `json:"users"`        // user; signInActivity is given only to who selects it
	Deleted      []Object            `json:"deleted"`      // user with deletedDateTime
	Registration []Object            `json:"registration"` // userRegistrationDetails; rows of disabled users are never given
	Methods      map[string][]Object `json:"methods"`      // authenticationMethod, by the user's id
	Domains      []Object            `json:"domains"`      // domain
	Federation   map[string]Object   `json:"federation"`   // internalDomainFederation, by root domain
	// SignIns holds signIn as beta gives it. signInEventTypes decides the kind; without, isInteractive does. A row with
	// "@visibleFrom" (RFC 3339) appears in the log from then on only: the log lags.
	SignIns   []Object `json:"sign_ins"`
	Providers []Object `json:"providers"` // identityProviderBase
	// Published holds what an identity provider publishes on the server's own host, by path in lower case: see
	// [FederationMetadata]. Whoever asks gets it, with an ETag.
	Published map[string]string `json:"published"`
	// Other holds further collections by path, such as "identity/conditionalAccess/policies" or "auditLogs/directoryAudits".
	// Objects of "groups", "directoryRoles" and "administrativeUnits" list the ids of what they hold in "@members"; who is
	// assigned to an app stands in "servicePrincipals/{id}/appRoleAssignedTo".
	Other map[string][]Object `json:"other"`
}

// Load reads a state from JSON. Unknown fields are an error: a misspelt one would be a tenant that silently lacks something.
func Load(r io.Reader) (State, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	var s State
	if err := d.Decode(&s); err != nil {
		return State{}, fmt.Errorf("cannot load the fake tenant: %w", err)
	}
	return s, nil
}

// normal is the state as it would come from JSON: a state that was built in Go holds ints and []string where JSON has
// float64 and []any. It shares nothing with the caller's.
func (s State) normal() State {
	text, err := json.Marshal(s)
	var n State
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil {
		panic("tenantfake: the state is no JSON: " + err.Error()) // a mistake in the test that built it
	}
	return n.orDefaults()
}

func (s State) orDefaults() State {
	if s.TenantID == "" {
		s.TenantID = "7e2a9d10-5c1b-4c57-9b1e-3f0c0f6a1e01"
	}
	if s.ClientID == "" {
		s.ClientID = "c0ffee00-1234-4abc-8def-000000000001"
	}
	if s.Secret == "" {
		s.Secret = "fake~client.secret-for-tests"
	}
	if s.Permissions == nil {
		s.Permissions = AllPermissions()
	}
	return s
}

// AllPermissions lists the application permissions that let a token read everything that the fake serves.
func AllPermissions() []string {
	return []string{
		"User.Read.All", "AuditLog.Read.All", "UserAuthenticationMethod.Read.All", "Domain.Read.All",
		"Domain-InternalFederation.Read.All", "IdentityProvider.Read.All", "Policy.Read.All", "Application.Read.All",
		"Directory.Read.All", "Device.Read.All", "IdentityRiskyUser.Read.All",
		"ServiceHealth.Read.All", "CrossTenantInformation.ReadBasic.All", "LicenseAssignment.Read.All", "Organization.Read.All",
	}
}

// find returns the first object whose property has the text, letter case aside.
func find(all []Object, property, value string) Object {
	i := slices.IndexFunc(all, func(o Object) bool {
		s, _ := o[property].(string)
		return strings.EqualFold(s, value)
	})
	if i < 0 {
		return nil
	}
	return all[i]
}

func str(o Object, property string) string { s, _ := o[property].(string); return s }

// without copies an object without some properties.
func without(o Object, properties ...string) Object {
	c := Object{}
	for k, v := range o {
		if !slices.Contains(properties, k) {
			c[k] = v
		}
	}
	return c
}
