package graph

import (
	"context"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/reports"

	"signpost/graph/facts"
)

// mfa reads the registration report's row of a person. The report never lists disabled accounts, so about one it is not
// asked at all: an absent row would read like "not registered".
//
// The answer is not taken through the SDK's model, which loses values of userPreferredMethodForSecondaryAuthentication
// that it does not know.
//
// https://learn.microsoft.com/graph/api/userregistrationdetails-get
func (t *Tenant) mfa(ctx context.Context, id string, enabled *bool) facts.Fact[facts.MFA] {
	if enabled != nil && !*enabled {
		return facts.Unread[facts.MFA](facts.NotAsked, "the account is disabled, and the registration report lists no disabled accounts: this says nothing about MFA")
	}
	return cached(ctx, t, t.caches.mfa, strings.ToLower(id), keepMFA, func(ctx context.Context) facts.Fact[facts.MFA] {
		req, err := reports.NewAuthenticationMethodsUserRegistrationDetailsRequestBuilderInternal(map[string]string{}, t.v1).
			ByUserRegistrationDetailsId(id).ToGetRequestInformation(ctx, nil)
		r, err := decode[registration](t.get(ctx, t.v1, req, err))
		if err == nil && !strings.EqualFold(r.ID, id) {
			err = errOther
		}
		switch {
		case notFound(err) && enabled == nil:
			return facts.Unread[facts.MFA](facts.Failed, "the registration report has no row for this account; it lists no disabled accounts, and whether this one is enabled could not be read")
		case notFound(err):
			return facts.None[facts.MFA](t.clock.Now(), "the registration report has no row for this account; new accounts appear after some hours")
		case err != nil:
			return failed[facts.MFA](err, endpoints().mfa)
		}
		return facts.See(t.clock.Now(), facts.MFA{
			Registered: r.IsMfaRegistered, Capable: r.IsMfaCapable, PasswordlessCapable: r.IsPasswordlessCapable, Admin: r.IsAdmin,
			SSPRRegistered: r.IsSsprRegistered, SSPRCapable: r.IsSsprCapable, SystemPreferred: r.SystemPreferred,
			Preferred: r.Preferred, Methods: r.MethodsRegistered, Updated: utc(r.LastUpdated),
		})
	})
}

// registration is Graph's userRegistrationDetails.
type registration struct {
	ID                    string     `json:"id"`
	IsMfaRegistered       bool       `json:"isMfaRegistered"`
	IsMfaCapable          bool       `json:"isMfaCapable"`
	IsPasswordlessCapable bool       `json:"isPasswordlessCapable"`
	IsAdmin               bool       `json:"isAdmin"`
	IsSsprRegistered      bool       `json:"isSsprRegistered"`
	IsSsprCapable         bool       `json:"isSsprCapable"`
	SystemPreferred       []string   `json:"systemPreferredAuthenticationMethods"`
	Preferred             string     `json:"userPreferredMethodForSecondaryAuthentication"`
	MethodsRegistered     []string   `json:"methodsRegistered"`
	LastUpdated           *time.Time `json:"lastUpdatedDateTime"`
}
