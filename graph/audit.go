package graph

import (
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

// auditRow is Graph's directoryAudit, as far as it is used.
// https://learn.microsoft.com/graph/api/resources/directoryaudit
type auditRow struct {
	ID       string    `json:"id"`
	Time     time.Time `json:"activityDateTime"`
	Activity string    `json:"activityDisplayName"`
	Result   string    `json:"result"`
	By       struct {
		User struct {
			ID   string `json:"id"`
			UPN  string `json:"userPrincipalName"`
			Name string `json:"displayName"`
		} `json:"user"`
		App struct {
			Name      string `json:"displayName"`
			Principal string `json:"servicePrincipalName"`
			ID        string `json:"appId"`
		} `json:"app"`
	} `json:"initiatedBy"`
	Targets []auditTarget `json:"targetResources"`
	Details []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"additionalDetails"`
}

type auditTarget struct {
	ID         string          `json:"id"`
	Name       string          `json:"displayName"`
	Type       string          `json:"type"`
	UPN        string          `json:"userPrincipalName"`
	Properties []auditProperty `json:"modifiedProperties"`
}

// auditProperty is a property that was modified. Its values are JSON within a text, and may be secrets: nothing but
// identifiers and the settings of a trust is ever taken from them.
type auditProperty struct {
	Name string `json:"displayName"`
	Old  string `json:"oldValue"`
	New  string `json:"newValue"`
}

// failed reports whether nothing was changed: an attempt that was refused explains nothing.
func (a auditRow) failed() bool {
	return strings.EqualFold(a.Result, "failure") || strings.EqualFold(a.Result, "timeout")
}

func (a auditRow) change() facts.Change {
	c := facts.Change{Time: a.Time.UTC(), Activity: a.Activity}
	for _, name := range []string{a.By.User.UPN, a.By.User.Name, a.By.App.Name, a.By.App.Principal, a.By.User.ID, a.By.App.ID} {
		c.Actor = either(c.Actor, name)
	}
	for _, t := range a.Targets {
		c.Target = either(c.Target, either(either(formerUPN(t.UPN, t.ID), t.Name), t.ID))
		own, others := t.targets()
		c.Targets = append(append(c.Targets, own), others...)
		for _, p := range t.Properties {
			if p.shows() && !slices.Contains(c.What, p.Name) {
				c.What = append(c.What, p.Name)
			}
			if federation.Setting(p.Name) { // what a trust was and became is told; no other value is
				c.Values = append(c.Values, facts.ChangedValue{Name: p.Name, Old: cut(p.Old, longestValue), New: cut(p.New, longestValue)})
			}
		}
	}
	// The ids of the first thing stand beside the targets at times.
	for _, d := range a.Details {
		if key := strings.ToLower(d.Key); len(c.Targets) > 0 && (key == "appid" || key == "deviceid") {
			c.Targets[0].IDs = append(c.Targets[0].IDs, identifiers(d.Value)...)
		}
	}
	return c
}

// targets is a target and what its properties name besides: of a grant at a resource the app that it is for, of a change
// in a group's members the group.
func (t auditTarget) targets() (own facts.Target, others []facts.Target) {
	own = facts.Target{
		Kind: strings.ToLower(t.Type), Name: strings.ToLower(strings.TrimSpace(t.Name)),
		UPN: strings.ToLower(formerUPN(t.UPN, t.ID)), IDs: identifiers(t.ID),
	}
	named := map[string]*facts.Target{
		"user": {Kind: "user", Named: true}, "group": {Kind: "group", Named: true}, "serviceprincipal": {Kind: "serviceprincipal", Named: true},
	}
	for _, p := range t.Properties {
		of, field, _ := strings.Cut(strings.ToLower(strings.TrimSpace(p.Name)), ".")
		values := append(identifiers(p.Old), identifiers(p.New)...)
		switch x := named[of]; {
		case of == "targetid", field == "" && (of == "appid" || of == "tenantid" || of == "deviceid"):
			own.IDs = append(own.IDs, values...)
		case x == nil || len(values) == 0:
		case field == "objectid", field == "appid":
			x.IDs = append(x.IDs, values...)
		case field == "upn":
			x.UPN = values[0]
		}
	}
	for _, of := range []string{"user", "group", "serviceprincipal"} {
		if x := named[of]; len(x.IDs) > 0 || x.UPN != "" {
			others = append(others, *x)
		}
	}
	return own, others
}

// shows reports whether the name of a property tells a reader what was changed.
func (p auditProperty) shows() bool {
	low := strings.ToLower(p.Name)
	return low != "" && !strings.HasPrefix(low, "targetid.") && !strings.HasPrefix(low, "targetname.") && low != "included updated properties"
}

// longestValue is more than a value that is an identifier, or a list of an app's names, has.
const longestValue = 2000

// identifiers are the words of a value, in lower case: "[\"api://payroll;0c9d8e7f-…\"]" holds two.
func identifiers(value string) []string {
	if len(value) > longestValue {
		return nil
	}
	var all []string
	for _, word := range strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return strings.ContainsRune(`"[]{};, \`, r) || r < ' ' }) {
		if word != "null" && !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	return all
}

// formerUPN is the sign-in name of an account: that of a deleted one has its object id in front.
func formerUPN(upn, id string) string {
	prefix := strings.ReplaceAll(id, "-", "")
	if len(prefix) == 32 && len(upn) > 32 && strings.EqualFold(upn[:32], prefix) {
		return upn[32:]
	}
	return upn
}
