package handlers

import (
	"fmt"
	"strings"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// maxNames is how many names of groups, scopes, locations a line holds.
const maxNames = 5

// policiesLine names each policy of the error with what it asks for, what it looks at and, if it is not in force, that it
// blocks nobody now. The tenant's other policies are not spoken of.
func policiesLine(p *facts.Policies) string {
	var s []string
	for _, x := range p.List {
		one := x.Name
		if len(x.Controls) > 0 {
			one += " (" + runbooks.Show(x.Controls) + ")"
		}
		if len(x.Conditions) > 0 {
			one += ", " + strings.Join(x.Conditions, ", ")
		}
		switch x.State {
		case "enabled":
		case "enabledForReportingButNotEnforced":
			one += ", report-only now, blocks nobody"
		default:
			one += ", " + x.State + " now, blocks nobody"
		}
		if x.Changed != nil {
			one += ", last changed " + when(*x.Changed)
		}
		s = append(s, one)
	}
	for _, id := range p.Missing {
		s = append(s, id+" is no policy of this tenant")
	}
	return join(s...)
}

func locationsLine(l *facts.Locations) string {
	switch {
	case l.Matched == nil:
		return ""
	case len(l.Matched) == 0:
		return "the sign-in came from none of the " + plural(len(l.List), "named location", "named locations")
	}
	says := "the sign-in came from " + list(l.Matched, maxNames)
	if l.Trusted != nil && *l.Trusted {
		says += ", trusted"
	}
	return says
}

func methodsPolicyLine(p *facts.MethodsPolicy) string {
	var s []string
	if len(p.Usable) > 0 {
		s = append(s, "allows "+list(methodNames(p.Usable), maxNames)+" of what they hold")
	}
	if len(p.Unusable) > 0 {
		s = append(s, "forbids "+list(methodNames(p.Unusable), maxNames)+" of what they hold")
	}
	if len(s) == 0 && len(p.Enabled) > 0 {
		s = append(s, "allows "+list(methodNames(p.Enabled), maxNames))
	}
	return join(s...)
}

func methodNames(kinds []string) []string {
	var all []string
	for _, k := range kinds {
		all = append(all, methodName(k))
	}
	return all
}

// strengthsLine speaks only of the strengths that the error's policies ask for.
func strengthsLine(s *facts.Strengths) string {
	if len(s.Required) == 0 {
		return ""
	}
	parts := []string{list(s.Required, maxNames) + " asked for"}
	if s.Needs != "" {
		parts = append(parts, "accepts "+s.Needs)
	}
	switch {
	case s.Passes == nil:
	case *s.Passes:
		parts = append(parts, "something they hold passes")
	default:
		parts = append(parts, "nothing they hold passes")
	}
	return join(parts...)
}

func appLine(a *facts.App) string {
	s := []string{a.Name, a.AppID}
	switch {
	case a.Exact == nil:
	case *a.Exact:
		s = append(s, "the redirect URI is registered")
	case a.Nearest != "":
		s = append(s, "nearest redirect URI "+a.Nearest+" ("+a.Difference+")")
	default:
		s = append(s, "no redirect URI is near the one that was sent")
	}
	if len(a.Expired) > 0 {
		s = append(s, "ended: "+list(a.Expired, 2))
	}
	if a.Valid > 0 {
		in := plural(a.Valid, "secret or certificate in force", "secrets and certificates in force")
		if a.NextEnds != nil {
			in += ", the next ends " + when(*a.NextEnds)
		}
		s = append(s, in)
	}
	return join(s...)
}

func principalLine(p *facts.Principal, now time.Time) string {
	s := []string{p.Name}
	if p.Enabled != nil {
		s = append(s, map[bool]string{true: "enabled", false: "disabled"}[*p.Enabled])
	}
	if p.DisabledBy != "" {
		s = append(s, "disabled by Microsoft: "+p.DisabledBy)
	}
	if p.AssignmentRequired {
		s = append(s, "assignment required")
	}
	if p.SSO != "" {
		s = append(s, "single sign-on "+p.SSO)
	}
	if p.Ours != nil && !*p.Ours {
		s = append(s, "an app of another tenant")
	}
	if p.SigningEnds != nil {
		ends := "SAML signing certificate ends "
		if p.SigningEnds.Before(now) {
			ends = "SAML signing certificate expired "
		}
		s = append(s, ends+when(*p.SigningEnds))
	}
	return join(s...)
}

func resourceLine(r *facts.Resource) string {
	s := []string{r.Name, r.AppID}
	if r.Enabled != nil && !*r.Enabled {
		s = append(s, "disabled")
	}
	if r.AssignmentRequired {
		s = append(s, "assignment required")
	}
	return join(s...)
}

func consentLine(c *facts.Consent) string {
	var s []string
	if len(c.Missing) > 0 {
		s = append(s, "not granted: "+list(c.Missing, maxNames))
	}
	if len(c.Tenant) > 0 {
		s = append(s, "granted for everybody: "+list(c.Tenant, maxNames))
	}
	if len(c.Person) > 0 {
		s = append(s, "granted for this person: "+list(c.Person, maxNames))
	}
	if c.Granted != nil && !*c.Granted {
		s = append(s, "nothing is granted")
	}
	if c.UserMay != nil {
		switch *c.UserMay {
		case "all":
			s = append(s, "people may consent themselves")
		case "low":
			s = append(s, "people may consent to low permissions only")
		case "none":
			s = append(s, "people may not consent themselves")
		default:
			s = append(s, "people may consent by the policy "+*c.UserMay)
		}
	}
	return join(s...)
}

func assignmentLine(a *facts.Assignment) string {
	var s []string
	switch {
	case a.Assigned == nil:
	case *a.Assigned && a.Direct:
		s = append(s, "assigned directly")
	case *a.Assigned:
		s = append(s, "assigned by "+list(a.Groups, maxNames))
	default:
		s = append(s, "not assigned")
	}
	if len(a.Nested) > 0 {
		s = append(s, "only through a group inside "+list(a.Nested, maxNames)+", which does not count")
	}
	if !a.Required {
		s = append(s, "the app asks for none")
	}
	return join(s...)
}

func groupsLine(g *facts.Groups) string {
	s := []string{plural(len(g.Names), "group", "groups")}
	if len(g.Names) > 0 {
		s[0] += ": " + list(g.Names, maxNames)
	}
	if len(g.Roles) > 0 {
		s = append(s, "roles: "+list(g.Roles, maxNames))
	}
	return join(s...)
}

// trustSays are Graph's words for how a device is known to the directory.
var trustSays = map[string]string{"Workplace": "registered", "AzureAd": "joined to Entra", "ServerAd": "hybrid joined"}

func deviceLine(d *facts.Device) string {
	s := []string{d.Name}
	if says, ok := trustSays[d.Trust]; ok {
		s = append(s, says)
	} else {
		s = append(s, d.Trust)
	}
	if d.Enabled != nil && !*d.Enabled {
		s = append(s, "disabled")
	}
	if d.Compliant != nil {
		s = append(s, map[bool]string{true: "compliant", false: "not compliant"}[*d.Compliant])
	}
	if d.LastSeen != nil {
		s = append(s, "last seen "+when(*d.LastSeen))
	}
	return join(s...)
}

func riskLine(r *facts.Risk) string {
	s := []string{"level " + r.Level, r.State}
	if r.Updated != nil {
		s = append(s, "since "+when(*r.Updated))
	}
	return join(s...)
}

func guestLine(g *facts.Guest) string {
	home := g.HomeName
	switch {
	case home == "" && g.HomeFound != nil && !*g.HomeFound:
		home = g.HomeDomain + ", no Entra tenant"
	case home == "":
		home = g.HomeDomain
	}
	s := []string{}
	if home != "" {
		s = append(s, "home "+home)
	}
	if g.Provider != "" {
		s = append(s, "signs in with "+g.Provider)
	}
	if g.Redeemed != nil {
		s = append(s, map[bool]string{true: "invitation accepted", false: "invitation not accepted yet"}[*g.Redeemed])
	}
	if g.InboundBlocked != nil && *g.InboundBlocked {
		s = append(s, "blocked by this tenant's inbound settings")
	}
	if g.TrustsMFA != nil {
		s = append(s, map[bool]string{true: "MFA of the home tenant is trusted", false: "MFA of the home tenant is not trusted"}[*g.TrustsMFA])
	}
	return join(s...)
}

func healthLine(h *facts.Health) string {
	if len(h.Incidents) == 0 {
		return "no open incident on Entra"
	}
	var s []string
	for i, x := range h.Incidents {
		if i == maxNames {
			break
		}
		s = append(s, strings.TrimSpace(x.ID+" "+short(x.Title, 90))+", since "+when(x.Started))
	}
	return join(s...)
}

func licencesLine(l *facts.Licences) string {
	switch {
	case l.P2:
		return "Entra ID P2"
	case l.P1:
		return "Entra ID P1"
	}
	return "no premium licence"
}

func organizationLine(o *facts.Organization) string {
	s := []string{o.Name}
	if o.Matches != nil && !*o.Matches {
		s = append(s, "the error is of another tenant")
	}
	if o.LastSync != nil {
		s = append(s, "last synchronised "+when(*o.LastSync))
	}
	return join(s...)
}

func metadataLine(m *facts.Metadata) string {
	var s []string
	switch {
	case m.None:
		s = append(s, "Entra holds none of the published certificates")
	case len(m.Unknown) > 0:
		s = append(s, "publishes "+plural(len(m.Unknown), "certificate", "certificates")+" that Entra does not hold")
	case m.Covered:
		s = append(s, "Entra holds every published certificate")
	}
	if m.Signature == "invalid" {
		s = append(s, "the signature of the metadata is not valid")
	}
	return join(append(s, m.URL)...)
}

func casesLine(c *facts.Cases) string {
	s := []string{fmt.Sprintf("%s with this code in 24 hours, %s", plural(c.Code, "case", "cases"), people(c.People))}
	return join(s...)
}
