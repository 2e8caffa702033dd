package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"signpost/graph/facts"
)

// renewPolicies is how old the kept policies may be when an error names one that is not among them.
const renewPolicies = time.Minute

// policiesOf reads the policies for an error. Where it names one that is not among those that are kept, it may have been
// made since, and they are read again: a new policy that stops people is when everybody asks.
func (t *Tenant) policiesOf(ctx context.Context, ids []string) facts.Fact[facts.Policies] {
	f := t.policies(ctx)
	if !f.OK() || t.clock.Now().Sub(f.ReadAt) < renewPolicies {
		return f
	}
	for _, id := range ids {
		if !slices.ContainsFunc(f.Value.Tenant, func(p facts.Policy) bool { return strings.EqualFold(p.ID, id) }) {
			t.caches.policies.forget("")
			if now := t.policies(ctx); now.OK() {
				return now
			}
			break
		}
	}
	return f
}

// policies reads the Conditional Access policies of the tenant; [facts.Report.Relate] picks those of the error. All are read at
// once and kept, because Graph allows one such request a second for the whole tenant. The answer is decoded by hand: the
// SDK's models read a control that they do not know as "block".
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
func (t *Tenant) policies(ctx context.Context) facts.Fact[facts.Policies] {
	return cached(ctx, t, t.caches.policies, "", keepPolicies, func(ctx context.Context) facts.Fact[facts.Policies] {
		rows, err := list(ctx, t, "/identity/conditionalAccess/policies", func(p policyRow) bool { return p.ID != "" })
		if err != nil {
			return failed[facts.Policies](err, endpoints().policies)
		}
		f := facts.Policies{Count: len(rows), Tenant: []facts.Policy{}}
		for _, p := range rows {
			f.Tenant = append(f.Tenant, p.fact())
		}
		return facts.See(t.clock.Now(), f)
	})
}

// list reads a collection of policies, with the members of enumerations that Graph holds back otherwise. An answer without
// a value, or with a row that is none, is not what was asked for.
func list[T any](ctx context.Context, t *Tenant, path string, is func(T) bool) ([]T, error) {
	headers := abstractions.NewRequestHeaders()
	headers.Add("Prefer", "include-unknown-enum-members")
	req := template(path, nil, nil)
	req.Headers.AddAll(headers)
	first, err := decode[page[T]](t.get(ctx, t.v1, req, nil))
	if err == nil && first.Value == nil {
		err = errOther
	}
	if err != nil {
		return nil, err
	}
	rows, capped, err := rest(ctx, t, t.v1, first, headers, 10)
	switch {
	case err != nil:
		return nil, err
	case capped:
		return nil, fmt.Errorf("cannot read all of them: more than 10 pages")
	case slices.ContainsFunc(rows, func(r T) bool { return !is(r) }):
		return nil, errOther
	}
	return rows, nil
}

// policyRow is Graph's conditionalAccessPolicy, as far as it is used.
// https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
type policyRow struct {
	ID         string     `json:"id"`
	Name       string     `json:"displayName"`
	State      string     `json:"state"`
	Created    *time.Time `json:"createdDateTime"`
	Modified   *time.Time `json:"modifiedDateTime"`
	Conditions fields     `json:"conditions"`
	Grant      fields     `json:"grantControls"`
	Session    fields     `json:"sessionControls"`
}

func (p policyRow) fact() facts.Policy {
	f := facts.Policy{ID: p.ID, Name: either(p.Name, p.ID), State: p.State, Changed: utc(p.Modified), Scope: scope(p.Conditions), Session: []string{}}
	if f.Changed == nil {
		f.Changed = utc(p.Created)
	}
	p.grant(&f)
	p.session(&f)
	f.Conditions = f.InWords()
	return f
}

// grant reads what the policy asks for, in Graph's words, a strength by its name.
// https://learn.microsoft.com/graph/api/resources/conditionalaccessgrantcontrols
func (p policyRow) grant(f *facts.Policy) {
	g := p.Grant.copy()
	var builtIn, custom, terms words
	var strength struct {
		ID   string `json:"id"`
		Name string `json:"displayName"`
	}
	g.take("operator", &f.Operator)
	g.take("builtInControls", &builtIn)
	g.take("customAuthenticationFactors", &custom)
	g.take("termsOfUse", &terms)
	g.take("authenticationStrength", &strength)
	f.Controls = append([]string{}, builtIn...)
	if f.Strength, f.StrengthID = strength.Name, strength.ID; f.Strength != "" || f.StrengthID != "" {
		f.Controls = append(f.Controls, "authentication strength "+either(f.Strength, f.StrengthID))
	}
	if len(terms) > 0 {
		f.Controls = append(f.Controls, "terms of use")
	}
	if len(custom) > 0 {
		f.Controls = append(f.Controls, "custom control")
	}
	f.Controls = append(f.Controls, g.rest("")...) // what Signpost does not know
}

// session reads how long a sign-in holds, and those session controls that can stop one. The others shape a session that has
// begun.
// https://learn.microsoft.com/graph/api/resources/conditionalaccesssessioncontrols
func (p policyRow) session(f *facts.Policy) {
	s := p.Session.copy()
	var ignored any
	for _, known := range []string{"applicationEnforcedRestrictions", "cloudAppSecurity", "disableResilienceDefaults", "persistentBrowser"} {
		s.take(known, &ignored)
	}
	var frequency struct {
		Enabled  *bool  `json:"isEnabled"`
		Value    int    `json:"value"`
		Unit     string `json:"type"` // days, hours
		Interval string `json:"frequencyInterval"`
		For      string `json:"authenticationType"`
	}
	s.take("signInFrequency", &frequency)
	if frequency.Enabled == nil || *frequency.Enabled {
		f.Frequency = every(frequency.Value, frequency.Unit, frequency.Interval)
		if f.Frequency != "" && frequency.For == "secondaryAuthentication" {
			f.Frequency += ", of the second factor"
		}
	}
	var bound struct {
		Enabled bool `json:"isEnabled"`
	}
	if s.take("secureSignInSession", &bound); bound.Enabled {
		f.Session = append(f.Session, "token protection")
	}
	var evaluation struct {
		Mode string `json:"mode"` // disabled, strictEnforcement, strictLocation
	}
	if s.take("continuousAccessEvaluation", &evaluation); evaluation.Mode != "" && evaluation.Mode != "disabled" {
		f.Session = append(f.Session, "continuous access evaluation "+evaluation.Mode)
	}
	for _, unknown := range s.rest("") {
		f.Session = append(f.Session, "session control "+unknown)
	}
	f.Controls = append(f.Controls, f.Session...)
}

// every puts a sign-in frequency into words: "every 7 days", "every time".
func every(value int, unit, interval string) string {
	switch {
	case strings.EqualFold(interval, "everyTime"):
		return "every time"
	case value == 1 && unit != "":
		return "every " + strings.TrimSuffix(unit, "s")
	case value > 0:
		return strings.TrimSpace(fmt.Sprintf("every %d %s", value, unit))
	case interval != "" && !strings.EqualFold(interval, "timeBased"):
		return interval
	}
	return ""
}
