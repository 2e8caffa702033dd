package graph

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"signpost/graph/facts"
)

// methodsPolicy reads which authentication methods the tenant allows, and for whom.
//
// https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get
func (t *Tenant) methodsPolicy(ctx context.Context) facts.Fact[facts.MethodsPolicy] {
	return cached(ctx, t, t.caches.methodsPolicy, "", keepMethodsPolicy, func(ctx context.Context) facts.Fact[facts.MethodsPolicy] {
		req := template("/policies/authenticationMethodsPolicy", nil, nil)
		req.Headers.Add("Prefer", "include-unknown-enum-members")
		p, err := decode[methodsPolicyRow](t.get(ctx, t.v1, req, nil))
		if err == nil && (p.Configs == nil || slices.ContainsFunc(p.Configs, func(c methodConfigRow) bool { return c.ID == "" })) {
			err = errOther
		}
		if err != nil {
			return failed[facts.MethodsPolicy](err, endpoints().methodsPolicy)
		}
		return facts.See(t.clock.Now(), p.fact())
	})
}

// methodsPolicyRow is Graph's authenticationMethodsPolicy.
type methodsPolicyRow struct {
	Migration string            `json:"policyMigrationState"`
	Configs   []methodConfigRow `json:"authenticationMethodConfigurations"`
}

// methodConfigRow is Graph's authenticationMethodConfiguration, of whatever kind.
type methodConfigRow struct {
	ODataType string `json:"@odata.type"`
	ID        string `json:"id"`
	State     string `json:"state"`
	Include   []struct {
		ID string `json:"id"`
	} `json:"includeTargets"`
	Exclude []struct {
		ID string `json:"id"`
	} `json:"excludeTargets"`
}

func (p methodsPolicyRow) fact() facts.MethodsPolicy {
	f := facts.MethodsPolicy{Enabled: []string{}, Disabled: []string{}, Configs: []facts.MethodConfig{}, Migration: p.Migration}
	if p.Migration != "migrationComplete" {
		f.Migration = either(p.Migration, "not told") + ": the older settings of MFA and of self-service password reset may allow more methods"
	}
	for _, c := range p.Configs {
		m := facts.MethodConfig{ID: c.ID, Kind: methodKind(c.ID, c.ODataType), State: c.State, Exclude: []string{}}
		if c.Include != nil {
			m.Targets = []string{}
		}
		for _, g := range c.Include {
			m.Targets = append(m.Targets, g.ID)
		}
		for _, g := range c.Exclude {
			m.Exclude = append(m.Exclude, g.ID)
		}
		f.Configs = append(f.Configs, m)
	}
	for _, c := range f.Configs {
		if c.State == "enabled" && !slices.Contains(f.Enabled, c.Kind) {
			f.Enabled = append(f.Enabled, c.Kind)
		}
	}
	for _, c := range f.Configs { // of two settings for one kind, the one that allows it counts
		if c.State == "disabled" && !slices.Contains(f.Enabled, c.Kind) && !slices.Contains(f.Disabled, c.Kind) {
			f.Disabled = append(f.Disabled, c.Kind)
		}
	}
	return f
}

// methodKind is the kind of method that a setting is for, as facts.Method names it. An external method's setting has an id
// of its own, and is told by its type.
func methodKind(id, odata string) string {
	kind, external := strings.CutSuffix(strings.TrimPrefix(odata, "#microsoft.graph."), "AuthenticationMethodConfiguration")
	if external && kind == "external" {
		return kind
	}
	switch strings.ToLower(id) {
	case "sms", "voice":
		return "phone"
	case "microsoftauthenticator":
		return "authenticator"
	case "fido2":
		return kindFIDO2
	case "softwareoath":
		return "software_oath"
	case "temporaryaccesspass":
		return kindTemporaryPass
	case "email":
		return kindEmail
	case "qrcodepin":
		return "qrCodePin"
	}
	if guidText.MatchString(id) && kind != "" {
		return kind
	}
	first, size := utf8.DecodeRuneInString(id)
	return string(unicode.ToLower(first)) + id[size:] // hardwareOath, x509Certificate, and what is new
}
