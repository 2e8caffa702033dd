package graph

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"signpost/graph/facts"
)

// fields is a JSON object whose known parts are taken out one by one, so that what Signpost does not know is left over and
// can be told. Anything that is no object is an object without parts.
type fields map[string]json.RawMessage

// unreadable is the one part of something that should have been an object.
const unreadable = "unreadable"

// UnmarshalJSON never fails: a part of a policy that is not as it should be must not cost the other policies.
func (f *fields) UnmarshalJSON(text []byte) error {
	var m map[string]json.RawMessage
	if json.Unmarshal(text, &m) != nil {
		m = map[string]json.RawMessage{unreadable: text}
	}
	*f = m
	return nil
}

func (f fields) copy() fields {
	if f == nil {
		return fields{}
	}
	return maps.Clone(f)
}

// take reads a part into v and takes it out. What does not fit is left over.
func (f fields) take(name string, v any) {
	if json.Unmarshal(f[name], v) == nil {
		delete(f, name)
	}
}

// object takes a part that is an object itself.
func (f fields) object(name string) fields {
	var o fields
	f.take(name, &o)
	return o.copy()
}

// rest names what is left over and holds something, with its value where that is short.
func (f fields) rest(prefix string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		var v any
		if strings.Contains(name, "@odata.") || json.Unmarshal(f[name], &v) == nil && hollow(v) {
			continue
		}
		if name == unreadable && prefix != "" {
			all = append(all, strings.TrimSuffix(prefix, "."))
			continue
		}
		says := prefix + name
		if value := cut(string(f[name]), 80); value != "" && value != "true" {
			says += " " + value
		}
		all = append(all, says)
	}
	return all
}

// hollow reports whether a value says nothing: null, false, "", what is switched off, and lists and objects of nothing else.
func hollow(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == "" || v == "none"
	case []any:
		return !slices.ContainsFunc(v, func(x any) bool { return !hollow(x) })
	case map[string]any:
		if on, ok := v["isEnabled"].(bool); ok && !on {
			return true
		}
		for name, x := range v {
			if !strings.HasPrefix(name, "@odata.") && !hollow(x) {
				return false
			}
		}
		return true
	}
	return false
}

// words is a list of texts. Graph writes some enumerations of flags as one text with commas.
type words []string

// UnmarshalJSON takes both forms, and leaves out nulls.
func (w *words) UnmarshalJSON(text []byte) error {
	var one *string
	if json.Unmarshal(text, &one) == nil {
		*w = nil
		if one != nil {
			for part := range strings.SplitSeq(*one, ",") {
				if part = strings.TrimSpace(part); part != "" && part != "none" {
					*w = append(*w, part)
				}
			}
		}
		return nil
	}
	var many []*string
	if err := json.Unmarshal(text, &many); err != nil {
		return err
	}
	*w = nil
	for _, s := range many {
		if s != nil && *s != "" {
			*w = append(*w, *s)
		}
	}
	return nil
}

// scope reads the conditions of a policy.
// https://learn.microsoft.com/graph/api/resources/conditionalaccessconditionset
func scope(conditions fields) facts.PolicyScope {
	var s facts.PolicyScope
	c := conditions.copy()
	list := func(f fields, name string, into *[]string) {
		var w words
		f.take(name, &w)
		*into = w
	}
	left := func(name string, f fields) { s.Other = append(s.Other, f.rest(name+".")...) }

	users := c.object("users")
	list(users, "includeUsers", &s.IncludeUsers)
	list(users, "excludeUsers", &s.ExcludeUsers)
	list(users, "includeGroups", &s.IncludeGroups)
	list(users, "excludeGroups", &s.ExcludeGroups)
	list(users, "includeRoles", &s.IncludeRoles)
	list(users, "excludeRoles", &s.ExcludeRoles)
	s.IncludeGuests, s.SomeGuests = guests(users, "includeGuestsOrExternalUsers")
	s.ExcludeGuests, s.SomeGuestsOut = guests(users, "excludeGuestsOrExternalUsers")
	left("users", users)

	apps := c.object("applications")
	list(apps, "includeApplications", &s.IncludeApps)
	list(apps, "excludeApplications", &s.ExcludeApps)
	list(apps, "includeUserActions", &s.Actions)
	list(apps, "includeAuthenticationContextClassReferences", &s.Contexts)
	s.AppFilter, _ = filter(apps, "applicationFilter")
	left("applications", apps)

	locations := c.object("locations")
	list(locations, "includeLocations", &s.IncludeLocations)
	list(locations, "excludeLocations", &s.ExcludeLocations)
	left("locations", locations)

	platforms := c.object("platforms")
	list(platforms, "includePlatforms", &s.IncludePlatforms)
	list(platforms, "excludePlatforms", &s.ExcludePlatforms)
	left("platforms", platforms)

	devices := c.object("devices")
	s.DeviceFilter, s.DeviceFilterMode = filter(devices, "deviceFilter")
	left("devices", devices)

	flows := c.object("authenticationFlows")
	list(flows, "transferMethods", &s.Flows)
	left("authenticationFlows", flows)

	principals := c.object("clientApplications")
	list(principals, "includeServicePrincipals", &s.Principals)
	var except words
	principals.take("excludeServicePrincipals", &except)
	left("clientApplications", principals)

	list(c, "clientAppTypes", &s.ClientTypes)
	list(c, "signInRiskLevels", &s.SignInRisk)
	list(c, "userRiskLevels", &s.UserRisk)
	list(c, "insiderRiskLevels", &s.InsiderRisk)
	list(c, "servicePrincipalRiskLevels", &s.PrincipalRisk)
	s.Other = append(s.Other, c.rest("")...)
	if _, ok := conditions[unreadable]; ok {
		s.Other = []string{"conditions that cannot be read"}
	}
	return s
}

// filter reads a rule over attributes, and whether what it picks is included or excluded.
func filter(f fields, name string) (rule, mode string) {
	var v struct{ Mode, Rule string }
	f.take(name, &v)
	return v.Rule, v.Mode
}

// guests reads which guests a policy names. some says that they are of some kinds or of some tenants only.
// https://learn.microsoft.com/graph/api/resources/conditionalaccessguestsorexternalusers
func guests(users fields, name string) (named, some bool) {
	var v struct {
		Types   words  `json:"guestOrExternalUserTypes"`
		Tenants fields `json:"externalTenants"`
	}
	users.take(name, &v)
	if len(v.Types) == 0 {
		return false, false
	}
	var membership string
	v.Tenants.copy().take("membershipKind", &membership)
	all := slices.Contains(v.Types, "internalGuest") && slices.Contains(v.Types, "b2bCollaborationGuest") && (membership == "" || membership == "all")
	return true, !all
}
