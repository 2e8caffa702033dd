package facts

import (
	"slices"
	"strings"
)

// migrationComplete is the state of the methods policy in which nothing but itself decides.
const migrationComplete = "migrationComplete"

// relateMethods works out which of the second factors that the person holds the methods policy lets them use.
func (r *Report) relateMethods() {
	change(&r.MethodsPolicy, func(p *MethodsPolicy) {
		p.Usable, p.Unusable = nil, nil
		if !r.Methods.OK() {
			return
		}
		verdicts, kinds := map[string]truth{}, []string{}
		for _, m := range r.Methods.Value.List {
			if !m.second() {
				continue
			}
			t := r.allowsMethod(m)
			if t == no && p.Migration != migrationComplete {
				t = open // the older settings of MFA and of self-service reset may allow it
			}
			if _, ok := verdicts[m.Kind]; ok {
				t = one(verdicts[m.Kind], t)
			} else {
				kinds = append(kinds, m.Kind)
			}
			verdicts[m.Kind] = t
		}
		usable, unusable, told := []string{}, []string{}, true
		for _, k := range kinds {
			switch verdicts[k] {
			case yes:
				usable = append(usable, k)
			case no:
				unusable = append(unusable, k)
			default:
				told = false
			}
		}
		if told || len(usable) > 0 {
			p.Usable = usable
		}
		if (told || len(unusable) > 0) && p.Migration == migrationComplete {
			p.Unusable = unusable
		}
	})
}

// second reports whether a method is a second factor that can be used at all.
func (m Method) second() bool {
	switch m.Kind {
	case "password", "email":
		return false
	case "temporary_access_pass": // one that is used up or over is no method any more
		return m.Usable == nil || *m.Usable
	}
	return true
}

// allowsMethod reports whether the methods policy lets the person use a method that they hold.
func (r *Report) allowsMethod(m Method) truth {
	switch m.Kind {
	case "windows_hello", "platform_credential": // set up by device management; the methods policy has no setting for them
		return yes
	case "phone":
		voice := r.allows("Voice")
		if m.texts() {
			return one(r.allows("Sms"), voice)
		}
		return voice
	case "passwordlessMicrosoftAuthenticator":
		return r.allows("MicrosoftAuthenticator")
	}
	all := r.configs(func(c MethodConfig) bool { return c.Kind == m.Kind })
	if len(all) == 0 {
		return open
	}
	t := r.allowsBy(all[0])
	for _, c := range all[1:] { // several external providers: which of them the method is of, Graph does not say
		if r.allowsBy(c) != t {
			return open
		}
	}
	return t
}

// texts reports whether a phone method gets text messages: only a mobile number does.
func (m Method) texts() bool {
	return !strings.HasPrefix(m.Detail, "office") && !strings.HasPrefix(m.Detail, "alternateMobile")
}

// allows reports whether the methods policy lets the person use the method with Graph's id.
func (r *Report) allows(id string) truth {
	all := r.configs(func(c MethodConfig) bool { return strings.EqualFold(c.ID, id) })
	if len(all) == 0 {
		return open
	}
	return r.allowsBy(all[0])
}

func (r *Report) configs(fits func(MethodConfig) bool) []MethodConfig {
	if !r.MethodsPolicy.OK() {
		return nil
	}
	var all []MethodConfig
	for _, c := range r.MethodsPolicy.Value.Configs {
		if fits(c) {
			all = append(all, c)
		}
	}
	return all
}

// allowsBy goes by one setting: its state, and whom it targets.
func (r *Report) allowsBy(c MethodConfig) truth {
	switch {
	case c.State == "disabled":
		return no
	case c.State != stateEnabled, c.Targets == nil:
		return open
	}
	return both(r.targeted(c.Targets), opposite(r.targeted(c.Exclude)))
}

// targeted reports whether the person is among the targets of a setting.
func (r *Report) targeted(ids []string) truth {
	id := r.Subject.ID
	if slices.Contains(ids, "all_users") || id != "" && containsFold(ids, id) {
		return yes
	}
	var groups Groups // not read
	if r.Groups.OK() {
		groups = *r.Groups.Value
	}
	return groups.among(ids, "group")
}
