package graph

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"signpost/graph/facts"
)

// principalFields is what is read of the service principal of an app.
const principalFields = "id,appId,displayName,accountEnabled,appOwnerOrganizationId,appRoleAssignmentRequired,replyUrls,servicePrincipalNames,servicePrincipalType,signInAudience,preferredSingleSignOnMode,preferredTokenSigningKeyThumbprint,disabledByMicrosoftStatus,keyCredentials,passwordCredentials,samlSingleSignOnSettings,loginUrl,homepage,tags"

// principal reads the service principal of an app in this tenant: by app id, or by the identifier that a SAML app sends
// instead. Absent means that the app is not installed here.
//
// https://learn.microsoft.com/graph/api/serviceprincipal-get
func (t *Tenant) principal(ctx context.Context, appID string) facts.Fact[facts.Principal] {
	id := strings.TrimSpace(appID)
	switch {
	case id == "":
		return facts.Unread[facts.Principal](facts.NotAsked, noApp)
	case !guidText.MatchString(id) && (!strings.Contains(id, ":") || len(id) > longestRef):
		return facts.Unread[facts.Principal](facts.NotAsked, "what stands for the app is neither an app id nor an identifier URI")
	}
	return cached(ctx, t, t.caches.principals, strings.ToLower(id), keepPrincipals, func(ctx context.Context) facts.Fact[facts.Principal] {
		r, err := t.servicePrincipal(ctx, id, principalFields)
		switch {
		case notFound(err):
			return facts.None[facts.Principal](t.clock.Now(), "not installed in this tenant: there is no service principal of this app")
		case err != nil:
			return failed[facts.Principal](err, endpoints().principal)
		}
		return facts.See(t.clock.Now(), r.principal())
	})
}

// longestRef is more than any identifier URI has.
const longestRef = 600

// errAmbiguous is that several service principals have the name that was asked for.
var errAmbiguous = errors.New("several apps of this tenant have the name")

// servicePrincipal reads one service principal: by app id, by one of its names, or by display name.
// https://learn.microsoft.com/graph/api/serviceprincipal-list
func (t *Tenant) servicePrincipal(ctx context.Context, ref, fields string) (servicePrincipal, error) {
	if guidText.MatchString(ref) {
		req := template("/servicePrincipals(appId='{appId}')", map[string]string{"appId": strings.ToLower(ref)}, map[string]string{"select": fields})
		r, err := decode[servicePrincipal](t.get(ctx, t.v1, req, nil))
		if err == nil && (r.ID == "" || !strings.EqualFold(r.AppID, ref)) {
			err = errOther
		}
		return r, err
	}
	// A name without scheme may be either: outlook.office365.com, Contoso.Payroll.
	if strings.Contains(ref, ":") || !strings.Contains(ref, " ") && strings.ContainsAny(ref, "./") {
		r, err := t.onePrincipal(ctx, map[string]string{"filter": "servicePrincipalNames/any(n:n eq " + quote(ref) + ")", "select": fields})
		if !notFound(err) || strings.Contains(ref, ":") {
			return r, err
		}
	}
	return t.onePrincipal(ctx, map[string]string{"filter": "displayName eq " + quote(ref), "top": "2", "select": fields}) // two show that it is ambiguous
}

// onePrincipal finds the one service principal of a query; a 404 where there is none.
func (t *Tenant) onePrincipal(ctx context.Context, query map[string]string) (servicePrincipal, error) {
	list, err := decode[page[servicePrincipal]](t.get(ctx, t.v1, template("/servicePrincipals", nil, query), nil))
	if err == nil && list.Value == nil {
		err = errOther
	}
	if err != nil {
		return servicePrincipal{}, err
	}
	all, _, err := rest(ctx, t, t.v1, list, nil, 2)
	switch {
	case err != nil:
		return servicePrincipal{}, err
	case len(all) == 0:
		return servicePrincipal{}, &refusal{status: http.StatusNotFound}
	case len(all) > 1:
		return servicePrincipal{}, errAmbiguous
	case all[0].ID == "":
		return servicePrincipal{}, errOther
	}
	return all[0], nil
}

// servicePrincipal is Graph's servicePrincipal, as far as it is used.
// https://learn.microsoft.com/graph/api/resources/serviceprincipal
type servicePrincipal struct {
	ID                 string   `json:"id"`
	AppID              string   `json:"appId"`
	Name               string   `json:"displayName"`
	Type               string   `json:"servicePrincipalType"`
	Enabled            *bool    `json:"accountEnabled"`
	Owner              string   `json:"appOwnerOrganizationId"`
	AssignmentRequired bool     `json:"appRoleAssignmentRequired"`
	ReplyURLs          []string `json:"replyUrls"`
	Names              []string `json:"servicePrincipalNames"`
	Audience           string   `json:"signInAudience"`
	SSO                string   `json:"preferredSingleSignOnMode"`
	Preferred          string   `json:"preferredTokenSigningKeyThumbprint"`
	Disabled           string   `json:"disabledByMicrosoftStatus"`
	keyring
	Scopes []permissionRow `json:"oauth2PermissionScopes"`
	Roles  []permissionRow `json:"appRoles"`
}

// permissionRow is one delegated permission or app role of a resource. Enabled is nil where Graph does not tell.
type permissionRow struct {
	ID      string `json:"id"`
	Value   string `json:"value"`
	Enabled *bool  `json:"isEnabled"`
}

func (r servicePrincipal) principal() facts.Principal {
	f := facts.Principal{
		ID: r.ID, AppID: strings.ToLower(r.AppID), Name: r.Name, Type: r.Type, Enabled: r.Enabled, DisabledBy: r.Disabled,
		Owner: strings.ToLower(r.Owner), AssignmentRequired: r.AssignmentRequired, ReplyURLs: present(r.ReplyURLs), Names: present(r.Names),
		Audience: r.Audience, SSO: r.SSO, Credentials: r.credentials(),
	}
	if strings.EqualFold(f.DisabledBy, "NotDisabled") {
		f.DisabledBy = ""
	}
	f.SigningEnds = signingEnds(f.Credentials, r.Preferred)
	return f
}

// signingEnds is when the certificate ends that SAML responses are signed with: the preferred one, or the only one where
// none is preferred; nil where that cannot be told. Each certificate is there twice, for signing and for verifying.
func signingEnds(all []facts.Credential, preferred string) *time.Time {
	preferred = strings.ToUpper(strings.ReplaceAll(preferred, " ", ""))
	var ends *time.Time
	for _, c := range all {
		if c.Kind != "certificate" || c.Ends.IsZero() {
			continue
		}
		if preferred != "" && c.SHA1 == preferred {
			return &c.Ends
		}
		if preferred == "" && strings.EqualFold(c.Usage, "Sign") {
			if ends != nil && !ends.Equal(c.Ends) {
				return nil
			}
			ends = &c.Ends
		}
	}
	return ends
}
