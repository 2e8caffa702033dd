package handlers

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// microsoft are the hosts at which Microsoft itself signs people in or shows the error of it. Those at which customers put
// their own pages, such as a storage account's, are not among them.
// https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges
// https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
var microsoft = []string{
	"login.microsoftonline.com", "login.microsoftonline.us", "login.microsoftonline.de", "login.partner.microsoftonline.cn", "login-us.microsoftonline.com",
	"device.login.microsoftonline.com", "nativeauth.login.microsoftonline.com", "login.chinacloudapi.cn", "login.windows.net", "sts.windows.net",
	"login.live.com",
	"account.live.com", "account.activedirectory.windowsazure.com", "account.activedirectory.windowsazure.us", "passwordreset.microsoftonline.com",
	"autologon.microsoftazuread-sso.com", "portal.azure.com", "portal.azure.us", "portal.azure.cn", "dev.azure.com", "aka.ms", "office.com",
	"microsoft365.com",
	"microsoft.com", "outlook.office365.com", "outlook.live.com",
}

// microsoftUnder are the domains under which every name is Microsoft's, or a tenant's own sign-in page that Microsoft serves.
var microsoftUnder = []string{
	".microsoft.com", ".b2clogin.com", ".ciamlogin.com", ".office.com", ".office365.com", ".office365.us", ".microsoft365.com", ".cloud.microsoft",
	".sharepoint.com", ".sharepoint.us", ".dynamics.com", ".powerbi.com", ".powerapps.com", ".visualstudio.com", ".portal.azure.com",
}

// ofMicrosoft reports whether a host, in lower case, is Microsoft's own.
func ofMicrosoft(host string) bool {
	return slices.Contains(microsoft, host) ||
		slices.ContainsFunc(microsoftUnder, func(end string) bool { return strings.HasSuffix(host, end) && len(host) > len(end) })
}

// thisMachine reports whether a host is the computer of whoever opened the address, as in a developer's tests.
func thisMachine(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasPrefix(host, "127.") && strings.Trim(host, "0123456789.") == "" || host == "[::1]"
}

// addressesTitle heads what is said of an address in a message.
const addressesTitle = "Check the address"

// maxAddresses bounds how many of them are said.
const maxAddresses = 3

// addresses says of each address in the message that brought an error and is not Microsoft's, whether it is one of the app's.
// Where the app's addresses were not read, or may not be told, that is said, and nothing is called phishing. Hosts are written
// so that nobody can click them.
func addresses(d runbooks.Diagnosis) []string {
	var lines, told []string
	for _, e := range d.Errors {
		for _, host := range e.URLHosts {
			if ofMicrosoft(host) || thisMachine(host) || slices.Contains(told, host) {
				continue
			}
			line := addressSays(host, e, d)
			if line == "" {
				continue
			}
			told = append(told, host)
			if len(lines) < maxAddresses {
				lines = append(lines, line)
			}
		}
	}
	if n := len(told) - len(lines); n > 0 {
		lines = append(lines, fmt.Sprintf("and %s", plural(n, "more address", "more addresses")))
	}
	return lines
}

func addressSays(host string, e aadsts.Error, d runbooks.Diagnosis) string {
	registered, why := redirectHosts(e, d)
	at := "The address in this message is at " + defang(host)
	switch {
	case slices.ContainsFunc(registered, func(r string) bool { return sameHost(r, host) }):
		return ""
	case why == "":
		at += ", which is neither Microsoft's nor a registered redirect address of the app. Do not enter a password there. " +
			"If somebody did, tell the identity team at once."
	default:
		at += ", which is not Microsoft's. It could not be checked against the app's registered redirect addresses (" + why + "). " +
			"Do not enter a password there until somebody has."
	}
	if strings.IndexFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 || strings.Contains("."+host, ".xn--") {
		at += " Its name holds letters of another alphabet, which can look like others."
	}
	return at
}

// redirectHosts are the hosts of the web addresses that the error's app is registered with, and "" if they are all; otherwise
// why they are not known.
func redirectHosts(e aadsts.Error, d runbooks.Diagnosis) (hosts []string, why string) {
	app, principal := d.Report.App, d.Report.Principal
	var all []string
	read := false
	if app.OK() && app.Value.Redirects != nil && (e.AppID == "" || strings.EqualFold(e.AppID, app.Value.AppID)) {
		read = true
		for _, r := range app.Value.Redirects {
			all = append(all, r.URI)
		}
	}
	if principal.OK() && principal.Value.ReplyURLs != nil && (e.AppID == "" || strings.EqualFold(e.AppID, principal.Value.AppID)) {
		read = true
		all = append(all, principal.Value.ReplyURLs...)
	}
	for _, text := range all {
		if u, err := url.Parse(text); err == nil && u.Hostname() != "" && (u.Scheme == "https" || u.Scheme == "http") {
			hosts = append(hosts, strings.ToLower(u.Hostname()))
		}
	}
	switch {
	case read && len(hosts) > 0:
		return hosts, ""
	case read:
		return nil, "none was found"
	case app.State == "" || app.State == facts.NotAsked || app.OK():
		return nil, "they were not read here"
	case app.State == facts.Absent:
		return nil, "this tenant does not hold the app's registration"
	}
	return nil, stateSays[app.State]
}

// sameHost compares a registered host, which may begin with a wildcard for one name, with one of an address.
func sameHost(registered, host string) bool {
	if rest, ok := strings.CutPrefix(registered, "*."); ok {
		name, tail, found := strings.Cut(host, ".")
		return found && name != "" && tail == rest
	}
	return registered == host
}

// defang writes a host so that no program makes a link of it, and each letter outside ASCII as its code point.
func defang(host string) string {
	var b strings.Builder
	for _, r := range Clean(host) {
		switch {
		case r == '.':
			b.WriteString("[.]")
		case r >= utf8.RuneSelf:
			fmt.Fprintf(&b, "{U+%04X}", r)
		default:
			b.WriteRune(r)
		}
	}
	return short(b.String(), maxSign)
}
