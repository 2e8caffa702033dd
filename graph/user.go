package graph

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
	"golang.org/x/sync/errgroup"

	"signpost/graph/facts"
)

// userFields is what is read of an account. signInActivity is not among them: with it, Graph answers 400 to a sign-in
// name, and 403 without licence.
var userFields = []string{
	"id", "displayName", "userPrincipalName", "mail", "userType", "accountEnabled", "createdDateTime", "creationType",
	"externalUserState", "identities", "onPremisesSyncEnabled", "onPremisesLastSyncDateTime", "onPremisesImmutableId",
	"onPremisesUserPrincipalName", "onPremisesDomainName", "onPremisesProvisioningErrors", "lastPasswordChangeDateTime",
	"passwordPolicies", "signInSessionsValidFromDateTime", "assignedPlans",
}

// longestName is more than any sign-in name (113) or address (320) has.
const longestName = 400

var (
	guidText = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
	// plainKey is a sign-in name that Graph takes as a key in the path. One that begins with $ needs another form, and a
	// slash is decoded too early on the way.
	plainKey = regexp.MustCompile(`^[^$/\\?%][^/\\?%]*$`)
)

// user reads the account that a text names: by object id or sign-in name, then by mail address, proxy address and other
// mail, then among the deleted. Two hits are a failed fact with Ambiguous set; a deleted account is absent with Deleted set.
//
// https://learn.microsoft.com/graph/api/user-get
func (t *Tenant) user(ctx context.Context, name string) facts.Fact[facts.User] {
	key := strings.ToLower(strings.TrimSpace(name))
	switch {
	case key == "":
		return facts.Unread[facts.User](facts.NotAsked, "nobody is named")
	case len(key) > longestName || !guidText.MatchString(key) && !strings.Contains(key, "@"):
		return facts.Unread[facts.User](facts.NotAsked, "what stands for the person is no sign-in name, no address and no object id")
	}
	return cached(ctx, t, t.caches.users, key, keepUser, func(ctx context.Context) facts.Fact[facts.User] {
		return t.findUser(ctx, strings.TrimSpace(name))
	})
}

func (t *Tenant) findUser(ctx context.Context, name string) facts.Fact[facts.User] {
	by := "upn"
	if guidText.MatchString(name) {
		by = "id"
	}
	found, err := t.userByKey(ctx, name)
	if err == nil && found == nil && by == "upn" {
		return t.userByAddress(ctx, name)
	}
	if err != nil {
		return failed[facts.User](err, endpoints().user)
	}
	if found == nil {
		return t.deletedUser(ctx, name)
	}
	return facts.See(t.clock.Now(), account(found, by))
}

// userByKey reads an account by object id or sign-in name; nil where there is none.
func (t *Tenant) userByKey(ctx context.Context, key string) (models.Userable, error) {
	all := users.NewUsersRequestBuilderInternal(map[string]string{}, t.v1)
	if !plainKey.MatchString(key) {
		hits, err := t.usersWhere(ctx, "userPrincipalName eq "+quote(key))
		if err != nil || len(hits) == 0 {
			return nil, err
		}
		return hits[0], nil
	}
	req, err := all.ByUserId(key).ToGetRequestInformation(ctx, &users.UserItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: userFields},
	})
	body, err := t.get(ctx, t.v1, req, err)
	if notFound(err) {
		return nil, nil
	}
	return identified(model[models.Userable](body, err, models.CreateUserFromDiscriminatorValue))
}

// usersWhere reads at most two accounts: two are enough to know that a name is ambiguous.
// https://learn.microsoft.com/graph/api/user-list
func (t *Tenant) usersWhere(ctx context.Context, filter string) ([]models.Userable, error) {
	two := int32(2)
	req, err := users.NewUsersRequestBuilderInternal(map[string]string{}, t.v1).ToGetRequestInformation(ctx,
		&users.UsersRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Select: userFields, Filter: &filter, Top: &two},
		})
	body, err := t.get(ctx, t.v1, req, err)
	return accounts(body, err)
}

// accounts parses a list of accounts.
func accounts(body []byte, err error) ([]models.Userable, error) {
	list, err := model[models.UserCollectionResponseable](body, err, models.CreateUserCollectionResponseFromDiscriminatorValue)
	if err != nil {
		return nil, err
	}
	if list.GetValue() == nil {
		return nil, errOther
	}
	for _, u := range list.GetValue() {
		if u == nil || text(u.GetId()) == "" {
			return nil, errOther
		}
	}
	return list.GetValue(), nil
}

// userByAddress looks for an account that has the address as one of its mail addresses. The three questions go out
// together; the first that has an answer counts.
func (t *Tenant) userByAddress(ctx context.Context, address string) facts.Fact[facts.User] {
	ways := [...]struct{ by, filter string }{
		{"mail", "mail eq " + quote(address)},
		{"proxy_address", "proxyAddresses/any(p:p eq " + quote("smtp:"+address) + ")"},
		{"other_mail", "otherMails/any(o:o eq " + quote(address) + ")"},
	}
	var hits [len(ways)][]models.Userable
	var errs [len(ways)]error
	var group errgroup.Group
	for i, way := range ways {
		group.Go(func() error {
			errs[i] = errOther // where the SDK panics on an odd answer
			defer func() { _ = recover() }()
			hits[i], errs[i] = t.usersWhere(ctx, way.filter)
			return nil
		})
	}
	_ = group.Wait() // each way has its own error
	for i, way := range ways {
		switch {
		case errs[i] != nil: // a later way may not answer for this one: it could be another account
			return failed[facts.User](errs[i], endpoints().user)
		case len(hits[i]) > 1:
			f := facts.Unread[facts.User](facts.Failed, "ambiguous: several accounts have this address as "+strings.ReplaceAll(way.by, "_", " "))
			f.ReadAt, f.Value = t.clock.Now(), &facts.User{Ambiguous: true}
			return f
		case len(hits[i]) == 1:
			return facts.See(t.clock.Now(), account(hits[i][0], way.by))
		}
	}
	return t.deletedUser(ctx, address)
}

// deletedUser answers for an account that is not there: whether it was deleted in the last 30 days. Graph puts the object
// id in front of the sign-in name of a deleted account. That it cannot be told costs only the word "deleted".
//
// https://learn.microsoft.com/graph/api/directory-deleteditems-list
func (t *Tenant) deletedUser(ctx context.Context, name string) facts.Fact[facts.User] {
	now := t.clock.Now()
	none := facts.None[facts.User](now, "no account of this tenant has this name or address")
	// The cast to user cannot be left out of the path.
	ask := func(filter string, advanced bool) ([]models.Userable, error) {
		query := map[string]string{"select": "id,displayName,userPrincipalName,mail,userType,deletedDateTime", "top": "2", "filter": filter}
		if advanced {
			query["count"] = "true"
		}
		req := template("/directory/deletedItems/microsoft.graph.user", nil, query)
		if advanced {
			req.Headers.Add("ConsistencyLevel", "eventual")
		}
		return accounts(t.get(ctx, t.v1, req, nil))
	}
	var hits []models.Userable
	var err error
	if guidText.MatchString(name) {
		hits, err = ask("id eq "+quote(name), false)
	} else {
		byMail := start(func() facts.Fact[[]models.Userable] {
			return unbroken(t, func() facts.Fact[[]models.Userable] {
				hits, err := ask("mail eq "+quote(name), false)
				if err != nil {
					return failed[[]models.Userable](err, endpoints().user)
				}
				return facts.See(now, hits)
			})
		})
		hits, err = ask("endsWith(userPrincipalName,"+quote(name)+")", true)
		if f := byMail.wait(); f.OK() && (badRequest(err) || err == nil && len(hits) == 0) {
			hits, err = *f.Value, nil
		}
	}
	if err != nil {
		return none
	}
	for _, u := range hits {
		if !guidText.MatchString(name) && !strings.EqualFold(originalUPN(u), name) && !strings.EqualFold(text(u.GetMail()), name) {
			continue // endsWith finds anna@contoso.com for a@contoso.com's sake
		}
		f := facts.None[facts.User](now, "the account is deleted")
		value := account(u, "")
		value.UPN, value.Deleted, value.DeletedAt = originalUPN(u), true, u.GetDeletedDateTime()
		f.Value = &value
		return f
	}
	return none
}

// originalUPN is the sign-in name that a deleted account had.
func originalUPN(u models.Userable) string {
	upn := text(u.GetUserPrincipalName())
	prefix := strings.ReplaceAll(text(u.GetId()), "-", "")
	if len(upn) > len(prefix) && strings.EqualFold(upn[:len(prefix)], prefix) {
		return upn[len(prefix):]
	}
	return upn
}

// activity reads when the person last signed in with success: nil where that cannot be told. It asks by object id, as
// Graph demands, and needs AuditLog.Read.All and a premium licence; it is up to 24 hours late.
//
// https://learn.microsoft.com/graph/api/resources/signinactivity
func (t *Tenant) activity(ctx context.Context, id string) *time.Time {
	f := cached(ctx, t, t.caches.activity, strings.ToLower(id), keepActivity, func(ctx context.Context) facts.Fact[time.Time] {
		req, err := users.NewUsersRequestBuilderInternal(map[string]string{}, t.v1).ByUserId(id).ToGetRequestInformation(ctx,
			&users.UserItemRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: []string{"id", "signInActivity"}},
			})
		body, err := t.get(ctx, t.v1, req, err)
		u, err := model[models.Userable](body, err, models.CreateUserFromDiscriminatorValue)
		if err != nil {
			return failed[time.Time](err, endpoints().signIns)
		}
		if a := u.GetSignInActivity(); a != nil && a.GetLastSuccessfulSignInDateTime() != nil {
			return facts.See(t.clock.Now(), *a.GetLastSuccessfulSignInDateTime())
		}
		return facts.None[time.Time](t.clock.Now(), "none recorded")
	})
	if !f.OK() {
		return nil
	}
	return f.Value
}

// account maps Graph's user to the fact.
func account(u models.Userable, by string) facts.User {
	f := facts.User{
		ID: text(u.GetId()), UPN: text(u.GetUserPrincipalName()), DisplayName: text(u.GetDisplayName()), Mail: text(u.GetMail()),
		Type: text(u.GetUserType()), Enabled: u.GetAccountEnabled(), Created: utc(u.GetCreatedDateTime()),
		Synced: u.GetOnPremisesSyncEnabled() != nil && *u.GetOnPremisesSyncEnabled(), LastSync: utc(u.GetOnPremisesLastSyncDateTime()),
		ImmutableID: text(u.GetOnPremisesImmutableId()), OnPremisesUPN: text(u.GetOnPremisesUserPrincipalName()),
		OnPremisesDomain: text(u.GetOnPremisesDomainName()), PasswordChanged: utc(u.GetLastPasswordChangeDateTime()),
		PasswordNeverEnds: strings.Contains(text(u.GetPasswordPolicies()), "DisablePasswordExpiration"),
		SessionsValidFrom: utc(u.GetSignInSessionsValidFromDateTime()),
		ExternalState:     text(u.GetExternalUserState()), CreationType: text(u.GetCreationType()),
		MatchedBy: by,
	}
	f.Guest = strings.EqualFold(f.Type, "Guest") || f.Type == "" && external(f.UPN)
	// An empty list is Graph's answer, none at all is not: a cause may rest on the first alone.
	if u.GetOnPremisesProvisioningErrors() != nil {
		f.ProvisioningErrors = []string{}
	}
	for _, e := range u.GetOnPremisesProvisioningErrors() {
		f.ProvisioningErrors = append(f.ProvisioningErrors, strings.Trim(text(e.GetCategory())+": "+text(e.GetPropertyCausingError()), ": "))
	}
	if u.GetAssignedPlans() != nil {
		f.Plans = []string{}
	}
	for _, p := range u.GetAssignedPlans() {
		if name := text(p.GetService()); name != "" && strings.EqualFold(text(p.GetCapabilityStatus()), "Enabled") && !slices.Contains(f.Plans, name) {
			f.Plans = append(f.Plans, name)
		}
	}
	if u.GetIdentities() != nil {
		f.Identities = []facts.Identity{}
	}
	for _, i := range u.GetIdentities() {
		// The id that the issuer assigned stays behind: it is the person's account elsewhere.
		id := facts.Identity{SignInType: text(i.GetSignInType()), Issuer: text(i.GetIssuer())}
		f.Identities = append(f.Identities, id)
		if f.Provider == "" && id.SignInType == "federated" {
			f.Provider = id.Issuer
		}
	}
	return f
}

// external reports whether a sign-in name is one that Entra makes for people of elsewhere.
func external(upn string) bool { return strings.Contains(strings.ToUpper(upn), "#EXT#@") }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// utc drops the zone that a time was written in.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
