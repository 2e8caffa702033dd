package facts

import (
	"slices"
	"strings"
)

// relateStrengths works out what the authentication strengths of this error's policies accept, and whether what the person
// holds is among it.
func (r *Report) relateStrengths() {
	change(&r.Strengths, func(s *Strengths) {
		s.Required, s.Accepted, s.Passes, s.Holds, s.Needs = nil, nil, nil, r.held(), ""
		if !r.Policies.OK() || r.Policies.Value.Strengths == nil {
			return
		}
		s.Required, s.Accepted = []string{}, []string{}
		required, told := []Strength{}, true
		for _, p := range r.Policies.Value.List {
			if p.State != stateEnabled || p.Strength == "" && p.StrengthID == "" {
				continue
			}
			i := slices.IndexFunc(s.List, func(x Strength) bool {
				return strings.EqualFold(x.ID, p.StrengthID) || p.StrengthID == "" && x.Name == p.Strength
			})
			if i < 0 { // not among those of the tenant
				s.Required, told = addNew(s.Required, p.Strength), false
				continue
			}
			if x := s.List[i]; !slices.ContainsFunc(required, func(y Strength) bool { return x.ID == y.ID }) {
				s.Required, required = addNew(s.Required, x.Name), append(required, x)
			}
		}
		for _, x := range required {
			s.Accepted = addNew(s.Accepted, x.Allowed...)
		}
		s.Needs = r.needs(required)
		if !told {
			s.Accepted = nil
		}
		if len(s.Required) > 0 {
			s.Passes = r.passes(required, told).pointer()
		}
	})
}

// passes reports whether what the person holds satisfies every strength.
func (r *Report) passes(required []Strength, told bool) truth {
	if !r.Methods.OK() {
		return open
	}
	t := yes
	if !told {
		t = open
	}
	for _, s := range required {
		way := no
		for _, combination := range s.Allowed {
			c := yes
			for mode := range strings.SplitSeq(combination, ",") {
				c = both(c, r.mode(strings.TrimSpace(mode)))
			}
			if c == yes && slices.Contains(s.Limited, combination) {
				c = open // only some keys or certificates will do
			}
			way = one(way, c)
		}
		t = both(t, way)
	}
	if t == no && r.User.OK() && r.User.Value.Guest {
		return open // the home tenant's MFA may count
	}
	return t
}

// mode reports whether the person holds a way to authenticate. Certificates, and what an identity provider does, are in no
// list of methods: such a way is open unless it is known to be closed. So is one that Signpost does not know.
//
// https://learn.microsoft.com/graph/api/resources/authenticationmethodmodes
func (r *Report) mode(mode string) truth {
	lower := strings.ToLower(mode)
	switch {
	case strings.HasPrefix(lower, "x509certificate"):
		if r.allows("X509Certificate") == no {
			return no
		}
		return open
	case strings.HasPrefix(lower, "federated"):
		if r.Domain.OK() && !r.Domain.Value.Federated {
			return no
		}
		return open
	}
	switch lower {
	case "password":
		return r.holds("password")
	case "sms":
		return r.phone("Sms", Method.texts)
	case "voice":
		return r.phone("Voice", func(Method) bool { return true })
	case "microsoftauthenticatorpush":
		return r.holds("authenticator")
	case "devicebasedpush": // phone sign-in is set up in the app, and v1.0 does not list it
		if r.holds("passwordlessMicrosoftAuthenticator") == yes {
			return yes
		}
		t := r.holds("authenticator")
		if t == yes && !(r.MFA.OK() && slices.Contains(r.MFA.Value.Methods, "microsoftAuthenticatorPasswordless")) {
			return open
		}
		return t
	case "softwareoath":
		return r.holds("software_oath")
	case "hardwareoath":
		return r.holds("hardwareOath")
	case "temporaryaccesspassonetime", "temporaryaccesspassmultiuse":
		return r.holds("temporary_access_pass")
	case "email":
		return r.holds("email")
	case "fido2":
		return r.holds("fido2")
	case "windowshelloforbusiness": // Microsoft counts the platform credential of macOS as one
		return one(r.holds("windows_hello"), r.holds("platform_credential"))
	case "qrcodepin":
		return r.holds("qrCodePin")
	}
	return open
}

// holds reports whether the person holds a method of a kind, and may use it.
func (r *Report) holds(kind string) truth {
	if r.MethodsPolicy.OK() && slices.Contains(r.MethodsPolicy.Value.Unusable, kind) {
		return no
	}
	return truly(slices.ContainsFunc(r.Methods.Value.List, func(m Method) bool {
		return m.Kind == kind && (m.second() || kind == "password" || kind == "email")
	}))
}

// phone reports whether the person holds a phone number that may be used in one of its two ways.
func (r *Report) phone(id string, fits func(Method) bool) truth {
	if !slices.ContainsFunc(r.Methods.Value.List, func(m Method) bool { return m.Kind == "phone" && fits(m) }) {
		return no
	}
	if r.MethodsPolicy.OK() && r.MethodsPolicy.Value.Migration == migrationComplete && r.allows(id) == no {
		return no
	}
	return yes
}

// held says in words which second factors the person holds; "" where that is not known.
func (r *Report) held() string {
	if !r.Methods.OK() {
		return ""
	}
	var words []string
	for _, m := range r.Methods.Value.List {
		if !m.second() {
			continue
		}
		word := heldName(m)
		if r.MethodsPolicy.OK() && slices.Contains(r.MethodsPolicy.Value.Unusable, m.Kind) {
			word += " (which the methods policy forbids)"
		}
		words = addNew(words, word)
	}
	switch {
	case len(words) > 0:
		return joined(words, "and")
	case r.holds("password") == yes:
		return "a password alone"
	}
	return "no method"
}

func heldName(m Method) string {
	switch m.Kind {
	case "phone":
		if m.texts() {
			return "SMS"
		}
		return "a phone call"
	case "authenticator":
		return "Authenticator push"
	case "passwordlessMicrosoftAuthenticator":
		return "phone sign-in with Authenticator"
	case "software_oath":
		return "codes of an authenticator app"
	case "hardwareOath":
		return "codes of a hardware token"
	case "fido2":
		return "a passkey"
	case "windows_hello":
		return "Windows Hello"
	case "platform_credential":
		return "a platform credential"
	case "temporary_access_pass":
		return "a Temporary Access Pass"
	case "qrCodePin":
		return "a QR code with PIN"
	}
	return m.Kind
}

// modeName is a mode in words, and its place among the others: the best first. It is last where Signpost does not know it.
func modeName(mode string) (word string, rank int) {
	for i, m := range [...][2]string{
		{"fido2", "a passkey"}, {"windowsHelloForBusiness", "Windows Hello"}, {"x509CertificateMultiFactor", "a certificate"},
		{"deviceBasedPush", "phone sign-in with Authenticator"}, {"temporaryAccessPassOneTime", "a Temporary Access Pass"},
		{"temporaryAccessPassMultiUse", "a Temporary Access Pass"}, {"federatedMultiFactor", "MFA at the identity provider"},
		{"password", "a password"}, {"federatedSingleFactor", "a sign-in at the identity provider"},
		{"x509CertificateSingleFactor", "a single-factor certificate"}, {"qrCodePin", "a QR code with PIN"},
		{"microsoftAuthenticatorPush", "Authenticator push"}, {"softwareOath", "a code of an authenticator app"},
		{"hardwareOath", "a code of a hardware token"}, {"sms", "SMS"}, {"voice", "a phone call"}, {"email", "a code by mail"},
	} {
		if strings.EqualFold(m[0], mode) {
			return m[1], i
		}
	}
	return mode, 1 << 10
}

// needs says in words what strengths accept: "a passkey, Windows Hello or a certificate". What the identity provider would
// have to do is left out where the person's domain has none.
func (r *Report) needs(required []Strength) string {
	var all []string
	for _, s := range required {
		says := r.accepts(s.Allowed)
		if len(required) > 1 && says != "" {
			says = s.Name + ": " + says
		}
		if says != "" {
			all = append(all, says)
		}
	}
	return strings.Join(all, ". ")
}

func (r *Report) accepts(allowed []string) string {
	rank := func(a, b string) int {
		_, i := modeName(a)
		_, j := modeName(b)
		return i - j
	}
	var alone, bases []string
	with := map[string][]string{} // what a first factor asks for beside it
	for _, combination := range allowed {
		var modes []string
		closed := false
		for mode := range strings.SplitSeq(combination, ",") {
			mode = strings.TrimSpace(mode)
			modes = append(modes, mode)
			closed = closed || strings.HasPrefix(strings.ToLower(mode), "federated") && r.mode(mode) == no
		}
		slices.SortStableFunc(modes, rank)
		switch {
		case closed:
		case len(modes) == 1:
			alone = addNew(alone, modes[0])
		default:
			bases = addNew(bases, modes[0])
			with[modes[0]] = addNew(with[modes[0]], strings.Join(modes[1:], ","))
		}
	}
	slices.SortStableFunc(alone, rank)
	slices.SortStableFunc(bases, rank)
	var parts []string
	if len(alone) > 0 {
		parts = append(parts, either(addNew(nil, mapped(alone, modesNamed)...)))
	}
	for _, b := range bases {
		slices.SortStableFunc(with[b], rank)
		parts = append(parts, modesNamed(b)+" with "+either(addNew(nil, mapped(with[b], modesNamed)...)))
	}
	return strings.Join(parts, "; or ")
}

// modesNamed puts a combination into words.
func modesNamed(modes string) string {
	var words []string
	for m := range strings.SplitSeq(modes, ",") {
		word, _ := modeName(m)
		words = append(words, word)
	}
	return strings.Join(words, " with ")
}
