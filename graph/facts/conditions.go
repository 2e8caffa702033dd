package facts

import (
	"fmt"
	"slices"
	"strings"
)

// condition is one thing that narrows a policy, beside the people that it is for.
type condition struct {
	what  string // location, platform, client app, …
	says  string // "anywhere but EU"
	saw   string // what the sign-in showed: "the sign-in came from Brazil (BR)"; "" not seen
	holds truth  // whether the sign-in meets it, as the policy stands now
	out   string // what takes a sign-in out of it: "from a place in EU"; "" nothing that can be named
}

func (c condition) String() string {
	switch {
	case c.saw == "":
		return c.what + ": " + c.says
	case c.holds == no:
		return c.what + ": " + c.says + "; " + c.saw + ", which does not meet it as it stands now"
	}
	return c.what + ": " + c.says + "; " + c.saw
}

// InWords says what narrows the policy, beside the people that it is for: "client app: browser". What narrows nothing is
// left out, what Signpost does not know stands by Graph's name for it, and named locations stand by their ids.
func (p Policy) InWords() []string {
	all := []string{}
	for _, c := range (&Report{}).conditions(p) {
		all = append(all, c.String())
	}
	return all
}

// conditions are what narrows a policy, each with what the sign-in row shows of it.
func (r *Report) conditions(p Policy) []condition {
	s := p.Scope
	row := SignIn{}
	if r.SignIn.OK() {
		row = *r.SignIn.Value
	}
	var all []condition
	add := func(c condition) {
		if c.says != "" {
			all = append(all, c)
		}
	}
	add(r.app(s, row))
	for _, a := range s.Actions {
		add(condition{what: "user action", says: userAction(a)})
	}
	for _, c := range s.Contexts {
		add(condition{what: "authentication context", says: c})
	}
	if len(s.Principals) > 0 {
		add(condition{what: "service principals", says: few(s.Principals)})
	}
	add(r.place(s, row))
	add(platform(s, row))
	add(client(s, row))
	add(risk("sign-in risk", "the sign-in risk", s.SignInRisk, row.RiskLevel, "the sign-in risk was "))
	var level string
	if r.Risk.OK() {
		level = r.Risk.Value.Level
	}
	add(risk("user risk", "the person's risk", s.UserRisk, level, "the person's risk is "))
	add(risk("insider risk", "the insider risk", s.InsiderRisk, "", ""))
	add(risk("service principal risk", "the service principal's risk", s.PrincipalRisk, "", ""))
	add(device(s, row, r.SignIn.OK()))
	add(flow(s, row))
	for _, o := range s.Other {
		add(condition{what: "a condition that Signpost does not know", says: o})
	}
	return all
}

// app says for which apps a policy is, by name where the sign-in's own are among them.
func (r *Report) app(s PolicyScope, row SignIn) condition {
	c := condition{what: "app"}
	if s.AppFilter != "" {
		c.says = "those where " + short(s.AppFilter)
		return c
	}
	var named, rest []string
	for _, id := range s.IncludeApps {
		switch {
		case id == "All":
			return condition{}
		case id == "None": // a policy for user actions
		case row.ResourceID != "" && strings.EqualFold(id, row.ResourceID) && row.Resource != "":
			named = append(named, row.Resource)
		case row.AppID != "" && strings.EqualFold(id, row.AppID) && row.AppName != "":
			named = append(named, row.AppName)
		case id == "Office365":
			rest = append(rest, "Office 365")
		case id == "MicrosoftAdminPortals":
			rest = append(rest, "Microsoft admin portals")
		default:
			rest = append(rest, id)
		}
	}
	switch {
	case len(named) > 0:
		c.says = either(named)
	case len(rest) > 0:
		c.says = few(rest)
	}
	return c
}

// platform says for which platforms a policy is. Entra tells the platform by the browser's own word.
func platform(s PolicyScope, row SignIn) condition {
	in, all := narrowing(s.IncludePlatforms, "all")
	if all && len(s.ExcludePlatforms) == 0 {
		return condition{}
	}
	c := condition{what: "platform", says: span(in, all, "any", mapped(s.ExcludePlatforms, platformName), platformName)}
	if all {
		c.out = "from " + either(mapped(s.ExcludePlatforms, platformName))
	} else {
		c.out = "from a platform other than " + either(mapped(in, platformName))
	}
	if row.OS == "" {
		return c
	}
	c.saw = "the sign-in came from " + row.OS
	if p := platformOf(row.OS); p != "" {
		has := func(list []string) bool { return containsFold(list, p) }
		c.holds = truly((all || has(in)) && !has(s.ExcludePlatforms))
	}
	return c
}

func platformName(p string) string {
	switch strings.ToLower(p) {
	case "android":
		return "Android"
	case "windows":
		return "Windows"
	case "windowsphone":
		return "Windows Phone"
	case "linux":
		return "Linux"
	}
	return p // iOS, macOS, and what Signpost does not know
}

// platformOf is the policy's word for the operating system of a row: "Windows10", "MacOs", "Ios 17.5"; "" where it is not
// certain.
func platformOf(os string) string {
	os = strings.ToLower(strings.ReplaceAll(os, " ", ""))
	for _, p := range []string{"windowsphone", "windows", "ios", "android", "macos", "linux"} {
		if strings.HasPrefix(os, p) {
			return p
		}
	}
	return ""
}

// client says for which client apps a policy is. https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions
func client(s PolicyScope, row SignIn) condition {
	known := []string{"browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"}
	in, all := narrowing(s.ClientTypes, "all")
	if all || !slices.ContainsFunc(known, func(t string) bool { return !containsFold(in, t) }) {
		return condition{}
	}
	c := condition{what: "client app", says: either(mapped(in, clientName))}
	var rest []string
	for _, t := range known[:2] {
		if !containsFold(in, t) {
			rest = append(rest, t)
		}
	}
	switch len(rest) {
	case 1:
		c.out = "with " + clientName(rest[0])
	case 2:
		c.out = "with a client that uses modern authentication"
	}
	if row.ClientApp != "" {
		c.saw = "the sign-in used " + row.ClientApp
		if t := clientOf(row.ClientApp); t != "" && !containsFold(in, "easSupported") {
			c.holds = truly(containsFold(in, t))
		}
	}
	return c
}

func clientName(t string) string {
	switch t {
	case "browser":
		return "a browser"
	case "mobileAppsAndDesktopClients":
		return "mobile apps and desktop clients"
	case "exchangeActiveSync":
		return "Exchange ActiveSync"
	case "other":
		return "other clients (legacy authentication)"
	}
	return t
}

// clientOf is the policy's word for the client of a row; "" where it is not certain.
func clientOf(app string) string {
	switch strings.ToLower(app) {
	case "browser":
		return "browser"
	case "mobile apps and desktop clients":
		return "mobileAppsAndDesktopClients"
	case "exchange activesync":
		return "exchangeActiveSync"
	case "imap4", "imap", "pop3", "pop", "smtp", "authenticated smtp", "mapi over http", "other clients", "exchange web services",
		"exchange online powershell", "autodiscover", "offline address book", "outlook anywhere (rpc over http)", "reporting web services":
		return "other"
	}
	return ""
}

func risk(what, subject string, levels []string, level, saw string) condition {
	if len(levels) == 0 {
		return condition{}
	}
	c := condition{what: what, says: either(levels), out: "once " + subject + " is no longer " + either(levels)}
	switch {
	case level == "hidden":
		c.saw = "what it was is hidden without Microsoft Entra ID P2"
	case level != "":
		c.saw = saw + level
	}
	return c
}

// device says which devices a policy filters by.
func device(s PolicyScope, row SignIn, seen bool) condition {
	if s.DeviceFilter == "" {
		return condition{}
	}
	rule := short(s.DeviceFilter)
	c := condition{what: "device filter", says: "devices where " + rule, out: "from a device other than those where " + rule}
	if strings.EqualFold(s.DeviceFilterMode, "exclude") {
		c.says, c.out = "all devices but those where "+rule, "from a device where "+rule
	}
	switch {
	case !seen:
	case row.DeviceID == "":
		c.saw = "the sign-in presented no device id"
	case row.DeviceName != "":
		c.saw = "the sign-in came from the device " + row.DeviceName
	default:
		c.saw = "the sign-in came from the device " + row.DeviceID
	}
	return c
}

// flow says which authentication flows a policy is for. A later token of the same session still counts as the flow's, so
// that another protocol in the row rules nothing out.
func flow(s PolicyScope, row SignIn) condition {
	if len(s.Flows) == 0 {
		return condition{}
	}
	names := mapped(s.Flows, flowName)
	c := condition{what: "authentication flow", says: either(names), out: "with an authentication flow other than " + either(names)}
	if row.Protocol != "" {
		c.saw = "the sign-in used " + flowName(row.Protocol)
	}
	return c
}

func flowName(f string) string {
	switch strings.ToLower(f) {
	case "devicecodeflow", "devicecode":
		return "device code"
	case "authenticationtransfer":
		return "authentication transfer"
	}
	return f
}

// The user actions that policies are for.
const (
	registerInfo   = "urn:user:registersecurityinfo"
	registerDevice = "urn:user:registerdevice"
)

func userAction(a string) string {
	switch strings.ToLower(a) {
	case registerInfo:
		return "registering security information"
	case registerDevice:
		return "registering or joining a device"
	}
	return a
}

// narrowing is the list of what is included, and whether that is everything.
func narrowing(include []string, everything string) ([]string, bool) {
	return include, len(include) == 0 || containsFold(include, everything)
}

// span says what is included and what is not: "any but iOS", "Android, but not Linux".
func span(in []string, all bool, any string, out []string, name func(string) string) string {
	says := any
	if !all {
		says = either(mapped(in, name))
	}
	switch {
	case len(out) == 0:
		return says
	case all:
		return says + " but " + either(out)
	}
	return says + ", but not " + either(out)
}

// either joins words with or: "a, b or c".
func either(words []string) string { return joined(words, "or") }

func joined(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

// few names at most three, and says how many more there are.
func few(words []string) string {
	const most = 3
	if len(words) <= most {
		return either(words)
	}
	return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", len(words)-most)
}

// short cuts a rule to what fits into a line.
func short(text string) string {
	const most = 160
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func mapped(words []string, name func(string) string) []string {
	all := make([]string, 0, len(words))
	for _, w := range words {
		all = append(all, name(w))
	}
	return all
}

func containsFold(list []string, word string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, word) })
}
