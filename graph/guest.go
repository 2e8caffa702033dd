package graph

import (
	"context"
	"regexp"
	"strings"

	"signpost/graph/facts"
)

// personalTenant is the tenant that stands for all personal Microsoft accounts.
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
const personalTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

// The names of identity providers in a guest's identities.
const (
	providerEntra    = "ExternalAzureAD"
	providerPersonal = "MicrosoftAccount"
)

// guest works out where somebody of elsewhere comes from, and what this tenant has settled with their home. It is for
// guests, for people who have no account here, and for members whose sign-in leads into another tenant; of other members
// it is absent. Its parts have permissions of their own: where some could not be read, the rest is seen, and the reason
// names what is missing.
func (t *Tenant) guest(ctx context.Context, q facts.Query, u facts.Fact[facts.User], row facts.Fact[facts.SignIn]) facts.Fact[facts.Guest] {
	switch {
	case u.OK(), u.State == facts.Absent:
	case u.State == facts.NotAsked:
		return facts.Unread[facts.Guest](facts.NotAsked, either(u.Reason, "nobody is named"))
	default:
		return facts.Unread[facts.Guest](u.State, "without the account nobody knows whether it is a guest's: "+u.Reason)
	}
	own := t.ownID(ctx)
	v := visit{own: own, by: providerIn(q.Provider)}
	v.f.HomeDomain = homeOf(q, u, row)
	if row.OK() {
		v.f.Cross = row.Value.CrossTenant
	}
	// The error may say itself that whoever signed in came by an identity provider of elsewhere. Then an account of that
	// name here is another one.
	foreign := v.by.personal || own != "" && v.by.tenant != "" && v.by.tenant != own
	switch account := u.Value; {
	case account != nil && !visitor(*account) && !foreign:
		if u.State == facts.Absent {
			return facts.None[facts.Guest](t.clock.Now(), "a member of this tenant, whose account is deleted")
		}
		if v.away = leadsTo(q, row, own); v.away == "" {
			return facts.None[facts.Guest](t.clock.Now(), "a member of this tenant")
		}
	case u.OK() && visitor(*account):
		v.f.Invited, v.f.Provider, v.f.Redeemed = true, account.Provider, redeemed(account.ExternalState)
	}
	v.f.Provider = either(v.f.Provider, v.by.name)
	v.home(row)
	return t.visit(ctx, v)
}

// foresee begins the reads of a guest's home while the account is still being read, where the error or its row tells the
// home tenant. The caches hand over what came of them.
func (t *Tenant) foresee(ctx context.Context, home string) {
	if home == "" || home == personalTenant || home == t.ownID(ctx) {
		return
	}
	go t.defaultAccess(ctx)
	go t.partnerAccess(ctx, home)
	go t.tenantByID(ctx, home)
}

// homeIn is the home tenant that a row of the sign-in log tells; "" for none.
func homeIn(row facts.Fact[facts.SignIn]) string {
	if row.OK() && guidText.MatchString(row.Value.HomeTenant) && row.Value.HomeTenant != noTenant {
		return strings.ToLower(row.Value.HomeTenant)
	}
	return ""
}

// visit is a guest fact in the making.
type visit struct {
	f    facts.Guest
	own  string // this tenant's id; "" not known
	by   identityBy
	id   string // the home tenant, where the error or its row tells it
	away string // the tenant that a member wants into; "" of everybody else

	unread []facts.Fact[struct{}] // what could not be read
	read   int                    // what could
}

// home takes over what the error and its row tell of the home tenant.
func (v *visit) home(row facts.Fact[facts.SignIn]) {
	v.id = v.by.tenant
	if told := homeIn(row); told != "" && (v.id == "" || told != v.own) {
		v.id = told
	}
	v.f.Personal = v.by.personal || strings.EqualFold(v.f.Provider, providerPersonal) || v.id == personalTenant
	if v.id == personalTenant {
		v.id = "" // it is nobody's organisation
	}
	if v.away != "" {
		v.id = v.own
	}
}

const noTenant = "00000000-0000-0000-0000-000000000000"

// visit reads what is not known yet, side by side.
func (t *Tenant) visit(ctx context.Context, v visit) facts.Fact[facts.Guest] {
	def := start(func() facts.Fact[crossTenant] { return t.defaultAccess(ctx) })
	var partner *later[facts.Fact[crossTenant]]
	if other := either(v.away, v.id); other != "" && other != v.own && !v.f.Personal {
		partner = start(func() facts.Fact[crossTenant] { return t.partnerAccess(ctx, other) })
	}
	if v.away != "" {
		v.abroad(t.tenantByID(ctx, v.away))
	} else {
		t.findHome(ctx, &v)
		if partner == nil && v.f.HomeID != "" && !v.f.HomeIsUs && !v.f.Personal {
			partner = start(func() facts.Fact[crossTenant] { return t.partnerAccess(ctx, v.f.HomeID) })
		}
	}
	v.settle(def.wait(), partner)
	if v.read == 0 && len(v.unread) > 0 {
		return facts.Unread[facts.Guest](v.unread[0].State, v.reason())
	}
	f := facts.See(t.clock.Now(), v.f)
	f.Reason = v.reason()
	return f
}

// findHome asks for the home tenant by its id, otherwise by the domain.
func (t *Tenant) findHome(ctx context.Context, v *visit) {
	yes, no := true, false
	var found facts.Fact[otherTenant]
	switch {
	case v.id != "":
		// The sign-in log, or the issuer that the error names, tells the id of a tenant that exists, whoever may read its name.
		v.f.HomeID, v.f.HomeFound = v.id, &yes
		found = t.tenantByID(ctx, v.id)
	case v.f.HomeDomain != "":
		found = t.tenantByDomain(ctx, v.f.HomeDomain)
	default:
		v.note("the home tenant", facts.NotAsked, "nothing tells where they come from")
		return
	}
	switch {
	case found.OK() && found.Value.ID == personalTenant:
		v.read++
		v.f.Personal, v.f.HomeFound = true, &no
	case found.OK():
		v.read++
		v.f.HomeID, v.f.HomeName, v.f.HomeFound = found.Value.ID, found.Value.Name, &yes
	case found.State == facts.Absent:
		v.read++
		v.f.HomeID, v.f.HomeFound = "", &no
	default:
		v.note("the home tenant", found.State, found.Reason)
		if v.id == "" && t.ourDomain(ctx, v.f.HomeDomain) {
			v.read++
			v.f.HomeID, v.f.HomeFound, v.f.HomeIsUs = v.own, &yes, true
		}
	}
	if v.own != "" && v.f.HomeID == v.own {
		v.f.HomeIsUs = true
	}
}

// ourDomain reports whether a domain is known to be one of this tenant's.
func (t *Tenant) ourDomain(ctx context.Context, name string) bool {
	d := t.domain(ctx, name)
	return d.OK() && d.Value.Verified
}

// abroad notes the tenant that a member wants into.
func (v *visit) abroad(found facts.Fact[otherTenant]) {
	yes := true
	v.f.AwayID, v.f.HomeID, v.f.HomeFound, v.f.HomeIsUs = v.away, v.own, &yes, true
	if found.OK() {
		v.f.AwayName = found.Value.Name
	}
	if found.OK() || found.State == facts.Absent {
		v.read++
		return
	}
	v.note("the other tenant", found.State, found.Reason)
}

// settle says which of this tenant's settings count: those for the home tenant, and where there are none, or home is no
// Entra tenant, the default.
func (v *visit) settle(def facts.Fact[crossTenant], partner *later[facts.Fact[crossTenant]]) {
	const what = "the cross-tenant access settings"
	if partner == nil && v.f.HomeIsUs { // nobody crosses anything
		no := false
		v.f.InboundBlocked, v.f.InboundLimited, v.f.OutboundBlocked = &no, &no, &no
		return
	}
	var s crossTenant
	if partner != nil {
		own := partner.wait()
		switch {
		case own.OK():
			v.read++
			v.f.Partner, s = true, *own.Value
		case own.State == facts.Absent:
			v.read++
		default:
			v.note(what, own.State, own.Reason)
			return
		}
	}
	switch {
	case !def.OK():
		v.note(what, def.State, def.Reason)
	case partner == nil && !v.f.Personal && (v.f.HomeFound == nil || *v.f.HomeFound):
		v.read++
		return // which settings count cannot be told without the home tenant's id
	default:
		v.read++
		s = s.over(*def.Value)
	}
	blocked, limited := s.Inbound.reach()
	v.f.OutboundBlocked, _ = s.Outbound.reach()
	if v.away != "" {
		return
	}
	v.f.InboundBlocked, v.f.InboundLimited = blocked, limited
	if s.Trust != nil {
		v.f.TrustsMFA, v.f.TrustsDevice = s.Trust.MFA, s.Trust.Device
	}
}

// note remembers what could not be read. Permission and licence come first: they are what somebody can mend.
func (v *visit) note(what string, state facts.State, reason string) {
	v.unread = append(v.unread, facts.Unread[struct{}](state, what+" could not be read: "+reason))
}

func (v *visit) reason() string {
	texts := make([]string, 0, len(v.unread))
	for _, x := range v.unread {
		texts = append(texts, x.Reason)
	}
	return strings.Join(texts, "; ")
}

// visitor reports whether an account belongs to somebody of elsewhere: also one that was made a member.
func visitor(u facts.User) bool {
	return u.Guest || external(u.UPN) || u.CreationType == "Invitation" || u.ExternalState != ""
}

func redeemed(state string) *bool {
	var is bool
	switch state {
	case "Accepted":
		is = true
	case "PendingAcceptance":
	default:
		return nil
	}
	return &is
}

// homeOf is the domain that a person comes from: of a guest the one within the sign-in name that Entra made, otherwise that
// of the mail address; of others that of the name they are known by.
func homeOf(q facts.Query, u facts.Fact[facts.User], row facts.Fact[facts.SignIn]) string {
	names := []string{q.User}
	if row.OK() {
		names = append(names, row.Value.UPN)
	}
	names = append(names, q.Reporter)
	if v := u.Value; v != nil && !visitor(*v) {
		names = []string{v.UPN}
	} else if v != nil {
		if external(v.UPN) {
			names = []string{v.UPN, v.Mail}
		} else {
			names = []string{v.Mail, v.UPN}
		}
	}
	for _, name := range names {
		if d := homeDomain(strings.TrimSpace(name), ""); d != "" {
			return d
		}
	}
	return strings.ToLower(strings.TrimSpace(q.Domain))
}

// leadsTo is the tenant that a sign-in leads into, where that is another one than this; "" otherwise.
func leadsTo(q facts.Query, row facts.Fact[facts.SignIn], own string) string {
	names := []string{q.Tenant}
	if row.OK() {
		names = []string{row.Value.ResourceTenant, q.Tenant}
	}
	for _, id := range names {
		if id = strings.ToLower(strings.TrimSpace(id)); guidText.MatchString(id) {
			if own == "" || id == own || id == noTenant || id == personalTenant {
				return ""
			}
			return id
		}
	}
	return ""
}

// identityBy is an identity provider as an error names it.
type identityBy struct {
	name     string // as in a guest's identities
	tenant   string // lower case; "" where it is none, or does not say
	personal bool
}

var guidWithin = regexp.MustCompile(`[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`)

// providerIn reads the identity provider of an error: live.com, or https://sts.windows.net/TENANT/.
func providerIn(text string) identityBy {
	low := strings.ToLower(strings.TrimSpace(text))
	id := guidWithin.FindString(low)
	switch {
	case low == "":
		return identityBy{}
	case low == "live.com", strings.HasSuffix(low, "/live.com"), strings.EqualFold(low, providerPersonal), id == personalTenant:
		return identityBy{name: providerPersonal, personal: true}
	case id != "" && (strings.Contains(low, "sts.windows.net") || strings.Contains(low, "microsoftonline") || strings.Contains(low, "sts.chinacloudapi.cn") || low == id):
		return identityBy{name: providerEntra, tenant: id}
	}
	return identityBy{name: strings.TrimSpace(text)}
}

// worldwide reports whether Graph is that of the global cloud.
func (c Config) worldwide() bool {
	if c.Cloud != "" && c.Cloud != "public" {
		return false
	}
	for _, name := range []string{"usgov", "dod", "china"} {
		if _, graph, _ := clouds(name); strings.EqualFold(c.graphRoot(), graph) {
			return false
		}
	}
	return true
}
