package facts

import (
	"slices"
	"strings"
	"time"
)

// The states and controls of policies that mean something here. Everything else stands by Graph's name for it.
const (
	stateEnabled = "enabled" // a report-only policy stops nobody
	controlBlock = "block"

	strengthControl = "authentication strength " // a control, followed by the strength's name
)

// relatePolicies picks the policies of this error out of the tenant's, and works out what they look at and ask for.
func (r *Report) relatePolicies(q Query) {
	change(&r.Policies, func(f *Policies) {
		f.Count = len(f.Tenant)
		f.ofTenant()
		picked, told := r.pick(f, q)
		f.List, f.Missing = picked, r.missing(f, q)
		f.Enforced, f.NotInForce, f.Controls, f.Strengths = []string{}, []string{}, []string{}, []string{}
		f.Conditions, f.Satisfy, f.Edited, f.ChangedAt = []string{}, []string{}, []string{}, nil
		looks, unmet := map[string]bool{}, map[string]bool{}
		at := r.errorTime(q, time.Time{})
		// A block beats every other control, so that where there is one, it is what bit.
		blocks := slices.ContainsFunc(f.List, func(p Policy) bool { return p.State == stateEnabled && p.blocks() })
		for i, p := range f.List {
			conditions := r.conditions(p)
			words := make([]string, 0, len(conditions))
			for _, c := range conditions {
				words = append(words, c.String())
			}
			f.List[i].Conditions = words
			edited := p.Changed != nil && !at.IsZero() && p.Changed.After(at)
			if edited {
				f.Edited = append(f.Edited, p.Name)
			}
			if p.State != stateEnabled {
				f.NotInForce = append(f.NotInForce, p.Name)
				continue
			}
			f.Enforced = append(f.Enforced, p.Name)
			f.Controls = addNew(f.Controls, p.Controls...)
			if p.Strength != "" {
				f.Strengths = addNew(f.Strengths, p.Strength)
			}
			for _, c := range conditions {
				if blocks && !p.blocks() {
					continue
				}
				if c.holds == no { // not what bit, as it stands now; and what did, nobody knows
					unmet[c.what] = true
					continue
				}
				looks[c.what] = true
				says := c.String()
				if edited {
					says += " (the policy was changed after the error)"
				}
				f.Conditions = addNew(f.Conditions, says)
			}
			if way := p.satisfy(conditions); way != "" {
				f.Satisfy = addNew(f.Satisfy, way)
			}
			if p.Changed != nil && !edited && (f.ChangedAt == nil || p.Changed.After(*f.ChangedAt)) {
				f.ChangedAt = p.Changed
			}
		}
		by := func(whats ...string) *bool {
			any := slices.ContainsFunc(whats, func(w string) bool { return looks[w] })
			return known(any, told && !slices.ContainsFunc(whats, func(w string) bool { return unmet[w] }))
		}
		f.Blocks, f.ByLocation, f.ByPlatform, f.ByClient = known(blocks, told), by("location"), by("platform"), by("client app")
		f.ByRisk = by("sign-in risk", "user risk", "insider risk", "service principal risk")
		f.ByDevice, f.ByFlow, f.ByAction = by("device filter"), by("authentication flow"), by("user action")
		if told {
			return
		}
		if len(f.List) == 0 {
			f.List = nil
		}
		for _, list := range []*[]string{&f.Enforced, &f.NotInForce, &f.Controls, &f.Strengths, &f.Conditions, &f.Satisfy, &f.Edited} {
			if len(*list) == 0 {
				*list = nil
			}
		}
	})
}

// known is what holds of some of the policies: true is certain, false only where all of them are known.
func known(any, told bool) *bool {
	if !any && !told {
		return nil
	}
	return &any
}

// pick lists the policies of this error, each once: those that the error names, in its order, then those that failed in
// its sign-in row. told says that these are all.
func (r *Report) pick(f *Policies, q Query) (picked []Policy, told bool) {
	picked = []Policy{}
	take := func(id, from string) bool {
		i := slices.IndexFunc(f.Tenant, func(p Policy) bool { return strings.EqualFold(p.ID, id) })
		if i < 0 {
			return false
		}
		if !slices.ContainsFunc(picked, func(p Policy) bool { return strings.EqualFold(p.ID, id) }) {
			p := f.Tenant[i]
			p.From = from
			picked = append(picked, r.strengthNamed(p))
		}
		return true
	}
	stale := r.Policies.ReadAt.Before(r.errorTime(q, time.Time{}))
	told = len(q.PolicyIDs) > 0
	for _, id := range q.PolicyIDs {
		if !take(id, "error") && stale {
			told = false
		}
	}
	if !r.SignIn.OK() {
		return picked, told
	}
	row := r.SignIn.Value
	if row.Policies == nil { // not to be read with our rights, or not in the row
		return picked, told || len(q.PolicyIDs) == 0 && row.Blocking != nil && len(row.Blocking) == 0
	}
	told = told || len(q.PolicyIDs) == 0
	for _, p := range row.Policies {
		// The switch of the security defaults stands among the policies of a row, and is none.
		if p.Result == "failure" && !strings.EqualFold(p.ID, "SecurityDefaults") && !take(p.ID, "signin") {
			told = false
		}
	}
	return picked, told
}

// missing lists the ids that the error names and the tenant does not have. Where the policies were read before the error,
// a policy may have been made in between, so that nothing is known.
func (r *Report) missing(f *Policies, q Query) []string {
	all := []string{}
	for _, id := range q.PolicyIDs {
		if !slices.ContainsFunc(f.Tenant, func(p Policy) bool { return strings.EqualFold(p.ID, id) }) {
			all = addNew(all, id)
		}
	}
	if len(all) > 0 && r.Policies.ReadAt.Before(r.errorTime(q, time.Time{})) {
		return nil
	}
	return all
}

// strengthNamed fills in the name of a policy's authentication strength where the policy gives its id alone.
func (r *Report) strengthNamed(p Policy) Policy {
	if p.StrengthID == "" || p.Strength != "" || !r.Strengths.OK() {
		return p
	}
	i := slices.IndexFunc(r.Strengths.Value.List, func(s Strength) bool { return strings.EqualFold(s.ID, p.StrengthID) })
	if i < 0 || r.Strengths.Value.List[i].Name == "" {
		return p
	}
	p.Strength = r.Strengths.Value.List[i].Name
	p.Controls = mapped(p.Controls, func(c string) string {
		if c == strengthControl+p.StrengthID {
			return strengthControl + p.Strength
		}
		return c
	})
	return p
}

func (p Policy) blocks() bool { return slices.Contains(p.Controls, controlBlock) }

// satisfy says what would let a sign-in pass the policy: of a block, what takes the sign-in out of it; otherwise what its
// controls accept. It is "" where there is nothing.
func (p Policy) satisfy(conditions []condition) string {
	if p.blocks() {
		var ways []string
		for _, c := range conditions {
			if c.out != "" && c.holds != no { // what does not hold now is no way out
				ways = append(ways, c.out)
			}
		}
		return either(ways)
	}
	grant := slices.DeleteFunc(slices.Clone(p.Controls), func(c string) bool { return slices.Contains(p.Session, c) })
	word := "and/or" // Graph did not say, or in words that are new
	if strings.EqualFold(p.Operator, "OR") || strings.EqualFold(p.Operator, "AND") {
		word = strings.ToLower(p.Operator)
	}
	ways := joined(mapped(grant, controlName), word)
	switch session := joined(p.Session, "and"); {
	case ways != "" && session != "":
		return ways + ", and " + session
	case ways == "" && session == "" && p.Frequency != "":
		return "signing in again (sign-in frequency: " + p.Frequency + ")"
	default:
		return ways + session
	}
}

// controlName is how a control reads in a sentence.
// https://learn.microsoft.com/graph/api/resources/conditionalaccessgrantcontrols
func controlName(c string) string {
	switch c {
	case "mfa":
		return "multifactor authentication"
	case "compliantDevice":
		return "a compliant device"
	case "domainJoinedDevice":
		return "a Microsoft Entra hybrid joined device"
	case "approvedApplication":
		return "an approved client app"
	case "compliantApplication":
		return "an app with an app protection policy"
	case "passwordChange":
		return "a password change"
	case "terms of use":
		return "accepting the terms of use"
	case "custom control":
		return "the custom control"
	}
	return c
}

// ofTenant lists what can be said of all the tenant's enforced policies, whoever they are for.
func (f *Policies) ofTenant() {
	f.Frequency, f.Flows, f.Legacy, f.Registration = []string{}, []string{}, []string{}, []string{}
	for _, p := range f.Tenant {
		if p.State != stateEnabled {
			continue
		}
		if p.Frequency != "" {
			f.Frequency = append(f.Frequency, p.Name+" ("+p.Frequency+")")
		}
		if p.blocks() && len(p.Scope.Flows) > 0 {
			f.Flows = append(f.Flows, p.Name)
		}
		if p.blocks() && p.Scope.legacy() {
			f.Legacy = append(f.Legacy, p.Name)
		}
		if containsFold(p.Scope.Actions, registerInfo) {
			f.Registration = append(f.Registration, p.Name)
		}
	}
}

// legacy reports whether a policy is for clients without modern authentication, and for no others.
func (s PolicyScope) legacy() bool {
	old := func(t string) bool {
		return slices.Contains([]string{"exchangeActiveSync", "easSupported", "easUnsupported", "other"}, t)
	}
	return len(s.ClientTypes) > 0 && !slices.ContainsFunc(s.ClientTypes, func(t string) bool { return !old(t) })
}

// addNew appends what is not there yet.
func addNew(list []string, words ...string) []string {
	for _, w := range words {
		if !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}
