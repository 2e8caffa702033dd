package facts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func setting(id, kind, state string, targets ...string) MethodConfig {
	if targets == nil {
		targets = []string{"all_users"}
	}
	return MethodConfig{ID: id, Kind: kind, State: state, Targets: targets, Exclude: []string{}}
}

func holding(methods ...Method) Fact[Methods] { return See(read, Methods{List: methods}) }

func TestMethodsHeldAgainstTheMethodsPolicy(t *testing.T) {
	phone, office, app := Method{Kind: "phone", Detail: "mobile +1 ••• ••00"}, Method{Kind: "phone", Detail: "office +1 ••• ••00"}, Method{Kind: "authenticator"}
	key, hello, password := Method{Kind: "fido2"}, Method{Kind: "windows_hello"}, Method{Kind: "password"}
	on, off := true, false
	sms, noSMS := setting("Sms", "phone", "enabled"), setting("Sms", "phone", "disabled")
	voice, noVoice := setting("Voice", "phone", "enabled"), setting("Voice", "phone", "disabled")
	push := setting("MicrosoftAuthenticator", "authenticator", "enabled")
	ours := setting("MicrosoftAuthenticator", "authenticator", "enabled", "g-1")
	noKey := setting("Fido2", "fido2", "disabled")
	but := func(c MethodConfig, ids ...string) MethodConfig { c.Exclude = ids; return c }
	in := See(read, Groups{List: []Group{{ID: "G-1", Kind: "group"}}})
	out := See(read, Groups{List: []Group{{ID: "g-9", Kind: "group"}}})
	is := func(words ...string) []string { return words }
	none := []string{}
	for name, c := range map[string]struct {
		methods          Fact[Methods]
		configs          []MethodConfig
		migration        string
		groups           Fact[Groups]
		usable, unusable []string
	}{
		"allowed for everybody":                      {methods: holding(password, phone, app), configs: []MethodConfig{sms, noVoice, push}, usable: is("phone", "authenticator"), unusable: none},
		"a phone by text alone":                      {methods: holding(phone), configs: []MethodConfig{sms, noVoice}, usable: is("phone"), unusable: none},
		"a phone by call alone":                      {methods: holding(phone), configs: []MethodConfig{noSMS, voice}, usable: is("phone"), unusable: none},
		"a phone, and neither":                       {methods: holding(phone), configs: []MethodConfig{noSMS, noVoice}, usable: none, unusable: is("phone")},
		"an office phone gets no text":               {methods: holding(office), configs: []MethodConfig{sms, noVoice}, usable: none, unusable: is("phone")},
		"an office phone beside a mobile":            {methods: holding(office, phone), configs: []MethodConfig{sms, noVoice}, usable: is("phone"), unusable: none},
		"forbidden":                                  {methods: holding(app, key), configs: []MethodConfig{push, noKey}, usable: is("authenticator"), unusable: is("fido2")},
		"forbidden, but older settings may allow it": {methods: holding(app, key), configs: []MethodConfig{push, noKey}, migration: "migrationInProgress: …", usable: is("authenticator")},
		"nothing allowed, but older settings may":    {methods: holding(key), configs: []MethodConfig{noKey}, migration: "preMigration: …"},
		"by a group of theirs":                       {methods: holding(app), configs: []MethodConfig{ours}, groups: in, usable: is("authenticator"), unusable: none},
		"by a group of others":                       {methods: holding(app), configs: []MethodConfig{ours}, groups: out, usable: none, unusable: is("authenticator")},
		"by a group, and theirs were not read":       {methods: holding(app), configs: []MethodConfig{ours}},
		"by a group that is not read, beside others": {methods: holding(app, phone, key), configs: []MethodConfig{ours, sms, noVoice, noKey}, usable: is("phone"), unusable: is("fido2")},
		"by their own id":                            {methods: holding(app), configs: []MethodConfig{setting("MicrosoftAuthenticator", "authenticator", "enabled", "U-1")}, usable: is("authenticator"), unusable: none},
		"all but a group of theirs":                  {methods: holding(app), configs: []MethodConfig{but(push, "g-1")}, groups: in, usable: none, unusable: is("authenticator")},
		"all but a group of others":                  {methods: holding(app), configs: []MethodConfig{but(push, "g-1")}, groups: out, usable: is("authenticator"), unusable: none},
		"all but a group, and theirs were not read":  {methods: holding(app), configs: []MethodConfig{but(push, "g-1")}},
		"disabled, whatever the group":               {methods: holding(key), configs: []MethodConfig{setting("Fido2", "fido2", "disabled", "g-1")}, usable: none, unusable: is("fido2")},
		"a state that is new":                        {methods: holding(app), configs: []MethodConfig{setting("MicrosoftAuthenticator", "authenticator", "perhaps")}},
		"targets that were not told":                 {methods: holding(app), configs: []MethodConfig{{ID: "MicrosoftAuthenticator", Kind: "authenticator", State: "enabled"}}},
		"no setting for it":                          {methods: holding(Method{Kind: "hologram"}), configs: []MethodConfig{push}},
		"Windows Hello has no setting":               {methods: holding(hello), configs: []MethodConfig{push}, usable: is("windows_hello"), unusable: none},
		"nothing but a password and mail":            {methods: holding(password, Method{Kind: "email"}), configs: []MethodConfig{push}, usable: none, unusable: none},
		"a Temporary Access Pass":                    {methods: holding(Method{Kind: "temporary_access_pass", Usable: &on}), configs: []MethodConfig{setting("TemporaryAccessPass", "temporary_access_pass", "enabled")}, usable: is("temporary_access_pass"), unusable: none},
		"a Temporary Access Pass that is used up":    {methods: holding(Method{Kind: "temporary_access_pass", Usable: &off}), configs: []MethodConfig{setting("TemporaryAccessPass", "temporary_access_pass", "enabled")}, usable: none, unusable: none},
		"two external providers that agree":          {methods: holding(Method{Kind: "external"}), configs: []MethodConfig{setting("1", "external", "enabled"), setting("2", "external", "enabled")}, usable: is("external"), unusable: none},
		"two external providers that do not":         {methods: holding(Method{Kind: "external"}), configs: []MethodConfig{setting("1", "external", "enabled"), setting("2", "external", "disabled")}},
		"what they hold was not read":                {methods: Unread[Methods](NotPermitted, "x"), configs: []MethodConfig{push}},
		"phone sign-in goes with the Authenticator":  {methods: holding(Method{Kind: "passwordlessMicrosoftAuthenticator"}), configs: []MethodConfig{push}, usable: is("passwordlessMicrosoftAuthenticator"), unusable: none},
	} {
		t.Run(name, func(t *testing.T) {
			if c.migration == "" {
				c.migration = migrationComplete
			}
			r := Report{Subject: Subject{ID: "u-1"}, Methods: c.methods, Groups: c.groups, MethodsPolicy: See(read, MethodsPolicy{Migration: c.migration, Configs: c.configs})}
			r.Relate(Query{}, read)
			if diff := cmp.Diff([][]string{c.usable, c.unusable}, [][]string{r.MethodsPolicy.Value.Usable, r.MethodsPolicy.Value.Unusable}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// resistant and strong are Microsoft's own strengths.
var (
	resistant = Strength{ID: "00000000-0000-0000-0000-000000000004", Name: "Phishing-resistant MFA", Type: "builtIn", Allowed: []string{"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"}}
	strong    = Strength{ID: "00000000-0000-0000-0000-000000000002", Name: "Multifactor authentication", Type: "builtIn", Allowed: []string{
		"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush", "temporaryAccessPassOneTime", "temporaryAccessPassMultiUse",
		"password,microsoftAuthenticatorPush", "password,softwareOath", "password,hardwareOath", "password,sms", "password,voice",
		"federatedMultiFactor", "microsoftAuthenticatorPush,federatedSingleFactor", "sms,federatedSingleFactor", "x509CertificateSingleFactor,microsoftAuthenticatorPush",
	}}
)

// asking is a report in which an enforced policy of the error asks for the strengths.
func asking(strengths ...Strength) Report {
	var tenant []Policy
	var ids []string
	for _, s := range strengths {
		tenant = append(tenant, edit(policy(s.Name, "Ask for "+s.Name, PolicyScope{}, strengthControl+s.Name), func(p *Policy) { p.Strength, p.StrengthID = s.Name, s.ID }))
		ids = append(ids, s.Name)
	}
	return Report{Policies: See(read, Policies{Tenant: tenant}), SignIn: failing(nil, ids...), Strengths: See(read, Strengths{List: []Strength{strong, resistant}})}
}

func TestWhetherAnythingHeldSatisfiesTheStrength(t *testing.T) {
	password, app := Method{Kind: "password"}, Method{Kind: "authenticator"}
	phone, office := Method{Kind: "phone", Detail: "mobile +1 ••• ••00"}, Method{Kind: "phone", Detail: "office +1 ••• ••00"}
	key, hello := Method{Kind: "fido2"}, Method{Kind: "windows_hello"}
	on, off := true, false
	complete := func(configs ...MethodConfig) func(*Report) {
		return func(r *Report) {
			r.MethodsPolicy = See(read, MethodsPolicy{Migration: migrationComplete, Configs: configs})
		}
	}
	noCertificates := setting("X509Certificate", "x509Certificate", "disabled")
	managed := func(r *Report) { r.Domain = See(read, Domain{Name: "contoso.com"}) }
	federated := func(r *Report) { r.Domain = See(read, Domain{Name: "contoso.com", Federated: true}) }
	guest := func(r *Report) { r.User = See(read, User{Guest: true}) }
	custom := func(allowed ...string) Strength {
		return Strength{ID: "c", Name: "Ours", Type: "custom", Allowed: allowed}
	}
	limited := custom("fido2")
	limited.Limited = []string{"fido2"}
	for name, c := range map[string]struct {
		strengths []Strength
		methods   Fact[Methods]
		also      []func(*Report)
		passes    *bool
	}{
		"SMS and push against phishing-resistant, certificates forbidden": {strengths: []Strength{resistant}, methods: holding(password, phone, app), also: []func(*Report){complete(noCertificates)}, passes: &off},
		"SMS and push, and a certificate is not ruled out":                {strengths: []Strength{resistant}, methods: holding(password, phone, app)},
		"SMS and push, and certificates are allowed":                      {strengths: []Strength{resistant}, methods: holding(phone), also: []func(*Report){complete(setting("X509Certificate", "x509Certificate", "enabled"))}},
		"certificates forbidden, while methods are still migrated": {strengths: []Strength{resistant}, methods: holding(phone), passes: &off, also: []func(*Report){func(r *Report) {
			r.MethodsPolicy = See(read, MethodsPolicy{Migration: "preMigration: …", Configs: []MethodConfig{noCertificates}})
		}}},
		"a passkey":                              {strengths: []Strength{resistant}, methods: holding(password, key), passes: &on},
		"a passkey that policy forbids":          {strengths: []Strength{resistant}, methods: holding(password, key), also: []func(*Report){complete(noCertificates, setting("Fido2", "fido2", "disabled"))}, passes: &off},
		"Windows Hello":                          {strengths: []Strength{resistant}, methods: holding(hello), passes: &on},
		"a platform credential":                  {strengths: []Strength{resistant}, methods: holding(Method{Kind: "platform_credential"}), passes: &on},
		"a passkey of a model that is not known": {strengths: []Strength{limited}, methods: holding(key)},
		"SMS against MFA":                        {strengths: []Strength{strong}, methods: holding(password, phone), passes: &on},
		"SMS without a password":                 {strengths: []Strength{custom("password,sms")}, methods: holding(phone), passes: &off},
		"SMS on an office phone":                 {strengths: []Strength{custom("password,sms")}, methods: holding(password, office), passes: &off},
		"a call on an office phone":              {strengths: []Strength{custom("password,voice")}, methods: holding(password, office), passes: &on},
		"SMS, which policy forbids":              {strengths: []Strength{custom("password,sms")}, methods: holding(password, phone), also: []func(*Report){complete(setting("Sms", "phone", "disabled"), setting("Voice", "phone", "enabled"))}, passes: &off},
		"a password alone, nothing else open":    {strengths: []Strength{strong}, methods: holding(password), also: []func(*Report){complete(noCertificates), managed}, passes: &off},
		"a password alone, federated":            {strengths: []Strength{strong}, methods: holding(password), also: []func(*Report){complete(noCertificates), federated}},
		"a password alone, domain not read":      {strengths: []Strength{strong}, methods: holding(password), also: []func(*Report){complete(noCertificates)}},
		"a guest's own tenant may do it":         {strengths: []Strength{custom("fido2")}, methods: holding(password), also: []func(*Report){guest}},
		"a guest who holds it here":              {strengths: []Strength{custom("fido2")}, methods: holding(key), also: []func(*Report){guest}, passes: &on},
		"phone sign-in that may be set up":       {strengths: []Strength{custom("deviceBasedPush")}, methods: holding(app)},
		"phone sign-in that is":                  {strengths: []Strength{custom("deviceBasedPush")}, methods: holding(app), also: []func(*Report){func(r *Report) { r.MFA = See(read, MFA{Methods: []string{"microsoftAuthenticatorPasswordless"}}) }}, passes: &on},
		"phone sign-in without the app":          {strengths: []Strength{custom("deviceBasedPush")}, methods: holding(phone), passes: &off},
		"a Temporary Access Pass":                {strengths: []Strength{strong}, methods: holding(Method{Kind: "temporary_access_pass", Usable: &on}), passes: &on},
		"a Temporary Access Pass that is over":   {strengths: []Strength{custom("temporaryAccessPassOneTime")}, methods: holding(Method{Kind: "temporary_access_pass", Usable: &off}), passes: &off},
		"a mode that is new":                     {strengths: []Strength{custom("telepathy")}, methods: holding(key)},
		"a mode that is new beside one held":     {strengths: []Strength{custom("telepathy", "fido2")}, methods: holding(key), passes: &on},
		"a mode that is new with one not held":   {strengths: []Strength{custom("telepathy,fido2")}, methods: holding(password), passes: &off},
		"all the others":                         {strengths: []Strength{custom("password,softwareOath,hardwareOath,qrCodePin,email")}, methods: holding(password, Method{Kind: "software_oath"}, Method{Kind: "hardwareOath"}, Method{Kind: "qrCodePin"}, Method{Kind: "email"}), passes: &on},
		"one strength of two":                    {strengths: []Strength{strong, resistant}, methods: holding(password, phone), also: []func(*Report){complete(noCertificates)}, passes: &off},
		"both":                                   {strengths: []Strength{strong, resistant}, methods: holding(key), passes: &on},
		"none is asked for":                      {methods: holding(key)},
		"what they hold was not read":            {strengths: []Strength{resistant}, methods: Unread[Methods](NotPermitted, "x")},
		"a strength that the tenant lacks":       {strengths: []Strength{{ID: "gone", Name: "Gone"}}, methods: holding(key)},
	} {
		t.Run(name, func(t *testing.T) {
			r := asking(c.strengths...)
			r.Methods = c.methods
			for _, s := range c.strengths {
				if s.ID == "c" {
					r.Strengths.Value.List = append(r.Strengths.Value.List, s)
				}
			}
			for _, f := range c.also {
				f(&r)
			}
			r.Relate(Query{Time: then}, read)
			if diff := cmp.Diff(c.passes, r.Strengths.Value.Passes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStrengthsInWords(t *testing.T) {
	full := asking(resistant)
	full.Methods = holding(Method{Kind: "password"}, Method{Kind: "phone", Detail: "mobile +1 ••• ••00"}, Method{Kind: "authenticator"}, Method{Kind: "email"})
	managed := asking(strong, resistant)
	managed.Domain = See(read, Domain{})
	managed.Methods = holding(Method{Kind: "password"})
	open := asking(strong)
	open.Methods = holding(Method{Kind: "fido2"}, Method{Kind: "hologram"})
	open.MethodsPolicy = See(read, MethodsPolicy{Migration: migrationComplete, Configs: []MethodConfig{setting("Fido2", "fido2", "disabled")}})
	unread := asking(resistant)
	gone := asking(Strength{ID: "gone", Name: "Gone"})
	gone.Methods = holding()
	unknown := asking(resistant)
	unknown.SignIn = Fact[SignIn]{}
	pilot := asking(resistant)
	pilot.Policies.Value.Tenant[0].State = "enabledForReportingButNotEnforced"
	const mfa = "a passkey, Windows Hello, a certificate, phone sign-in with Authenticator or a Temporary Access Pass; or a password with Authenticator push, a code of an authenticator app, a code of a hardware token, SMS or a phone call; or a single-factor certificate with Authenticator push"
	for name, c := range map[string]struct {
		r                  Report
		required, accepted []string
		holds, needs       string
	}{
		"one strength": {full, []string{resistant.Name}, resistant.Allowed, "SMS and Authenticator push", "a passkey, Windows Hello or a certificate"},
		"two, of a managed domain": {managed, []string{strong.Name, resistant.Name}, addNew(nil, append(append([]string{}, strong.Allowed...), resistant.Allowed...)...), "a password alone",
			"Multifactor authentication: " + mfa + ". Phishing-resistant MFA: a passkey, Windows Hello or a certificate"},
		"of a domain that was not read": {open, []string{strong.Name}, strong.Allowed, "a passkey (which the methods policy forbids) and hologram",
			"a passkey, Windows Hello, a certificate, phone sign-in with Authenticator, a Temporary Access Pass or MFA at the identity provider; or a password with Authenticator push, a code of an authenticator app, a code of a hardware token, SMS or a phone call; or a sign-in at the identity provider with Authenticator push or SMS; or a single-factor certificate with Authenticator push"},
		"methods not read":                 {unread, []string{resistant.Name}, resistant.Allowed, "", "a passkey, Windows Hello or a certificate"},
		"a strength that the tenant lacks": {gone, []string{"Gone"}, nil, "no method", ""},
		"which policies is not known":      {unknown, nil, nil, "", ""},
		"a policy in report-only":          {pilot, []string{}, []string{}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.r.Relate(Query{Time: then}, read)
			s := c.r.Strengths.Value
			if diff := cmp.Diff([][]string{c.required, c.accepted}, [][]string{s.Required, s.Accepted}); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{c.holds, c.needs}, []string{s.Holds, s.Needs}); diff != "" {
				t.Error(diff)
			}
		})
	}
}
