package graph

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/reports"

	"signpost/graph/facts"
)

// mostReports is how many requests of the class of logs and reports one diagnosis makes: Graph takes 5 in 10 seconds.
const mostReports = 2

// mfa is the person's registration: the report's, where this diagnosis may still ask for it, otherwise worked out from the
// methods that they hold. A request too many is better than no answer.
func (r *reading) mfa(who whom) facts.Fact[facts.MFA] {
	account := who.account.wait()
	state, reason := needs(account)
	id := account.subject.ID
	switch {
	case state != "":
		return facts.Unread[facts.MFA](state, reason)
	case id == "":
		return facts.Unread[facts.MFA](facts.NotAsked, "the account's id is not known")
	}
	var enabled *bool
	if account.user.OK() {
		enabled = account.user.Value.Enabled
	}
	t, ctx := r.t, r.ctx
	if enabled != nil && !*enabled || t.caches.mfa.has(strings.ToLower(id)) || r.reports(who) < mostReports {
		return t.mfa(ctx, id, enabled)
	}
	groups := start(func() facts.Fact[facts.Groups] {
		if !r.asked(facts.NameGroups) { // whom the methods policy targets by group is left open without
			return facts.Fact[facts.Groups]{}
		}
		return t.groups(ctx, id)
	})
	policy := start(func() facts.Fact[facts.MethodsPolicy] { return t.methodsPolicy(ctx) })
	if held := t.methods(ctx, id); held.OK() {
		of := facts.Report{Methods: held, MethodsPolicy: policy.wait(), Groups: groups.wait()}
		of.Relate(r.q, t.clock.Now())
		return workedOut(of)
	}
	return t.mfa(ctx, id, enabled)
}

// reports is how many requests of that class the other reads of this diagnosis make, as far as that can be told by now. It
// waits for none of them: a log that is slow to come must not hold this up.
func (r *reading) reports(who whom) (n int) {
	if r.asked(facts.NameChanges) && len(r.q.Activities) > 0 {
		n++
	}
	if r.log == nil {
		return n
	}
	select {
	case <-r.log.done:
		b := r.log.value
		n += max(int(b.sent.Load()), 1)                             // also of kept answers: whoever asks again gets the same
		if r.recent != nil && !b.covers(who.id(), accountOf(who)) { // which takes a search of its own
			n++
		}
		return n
	default:
		return n + 1
	}
}

// workedOut is the registration as the report would have it, from what the person holds and may use now.
func workedOut(of facts.Report) facts.Fact[facts.MFA] {
	held := of.Methods.Value
	v := facts.MFA{Registered: held.Second, Methods: []string{}}
	if of.MethodsPolicy.OK() && of.MethodsPolicy.Value.Usable != nil {
		may := len(of.MethodsPolicy.Value.Usable) > 0
		v.Capable = &may
	}
	for _, m := range held.List {
		if name := reported(m); name != "" && !slices.Contains(v.Methods, name) {
			v.Methods = append(v.Methods, name)
		}
	}
	f := facts.See(of.Methods.ReadAt, v)
	f.Reason = "worked out now from the methods that are held, because Graph allows few requests for its reports"
	return f
}

// reported is a method in the report's words; "" for a password, which the report does not list.
func reported(m facts.Method) string {
	switch m.Kind {
	case kindPassword:
		return ""
	case "phone":
		switch {
		case strings.HasPrefix(m.Detail, "alternateMobile"):
			return "alternateMobilePhone"
		case strings.HasPrefix(m.Detail, "office"):
			return "officePhone"
		}
		return "mobilePhone"
	case "authenticator":
		return "microsoftAuthenticatorPush"
	case "software_oath":
		return "softwareOneTimePasscode"
	case "hardwareOath":
		return "hardwareOneTimePasscode"
	case kindFIDO2:
		return "passKeyDeviceBound"
	case kindHello:
		return "windowsHelloForBusiness"
	case kindPlatform:
		return "macOsSecureEnclaveKey"
	case kindTemporaryPass:
		if m.Usable != nil && !*m.Usable { // used up, or over
			return ""
		}
		return "temporaryAccessPass"
	}
	return m.Kind
}

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
			Registered: r.IsMfaRegistered, Capable: &r.IsMfaCapable, PasswordlessCapable: &r.IsPasswordlessCapable, Admin: &r.IsAdmin,
			SSPRRegistered: &r.IsSsprRegistered, SSPRCapable: &r.IsSsprCapable, SystemPreferred: r.SystemPreferred,
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
