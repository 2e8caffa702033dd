package graph

import (
	"context"
	"strings"

	"signpost/graph/facts"
)

// person is who a diagnosis is about, as far as the tenant knows.
type person struct {
	subject facts.Subject
	user    facts.Fact[facts.User]
}

// named is who a diagnosis is about before the tenant is asked for the account.
type named struct {
	name  string // what to look them up by; "" where nobody is named
	shown string // their name where the account is not found
	id    string // object id, where it is known already
	from  facts.From
	// Where nobody is named: why, and the domain that the query names.
	none   facts.Fact[facts.User]
	domain string
}

// identify finds out who is affected: whoever the query names; else the person of the error's sign-in row; else, as an
// assumption, whoever reported it. signIn is waited for only where nobody is named.
func identify(q facts.Query, signIn func() facts.Fact[facts.SignIn]) named {
	if name := strings.TrimSpace(q.User); name != "" {
		n := named{name: name, shown: name, from: q.From}
		if n.from == "" {
			n.from = facts.FromPaste
		}
		if guidText.MatchString(name) {
			n.id = strings.ToLower(name)
		}
		return n
	}
	if row := signIn(); row.OK() {
		n := named{shown: row.Value.UPN, from: facts.FromSignIn}
		if id := row.Value.UserID; guidText.MatchString(id) && id != noTenant { // zeros stand for nobody who is known
			n.id = strings.ToLower(id)
		}
		if n.name = either(n.id, n.shown); n.name == "" { // by object id: the name in a guest's row is the home address
			return named{none: facts.Unread[facts.User](facts.NotAsked, "the sign-in is an app's own, and nobody's")}
		}
		return n
	}
	if mail := strings.TrimSpace(q.Reporter); mail != "" {
		return named{name: mail, shown: mail, from: facts.FromReporter}
	}
	return named{
		none:   facts.Unread[facts.User](facts.NotAsked, "nobody is named, and no sign-in row names them"),
		domain: strings.ToLower(strings.TrimSpace(q.Domain)),
	}
}

// resolve looks the person up.
func (t *Tenant) resolve(ctx context.Context, n named) person {
	if n.name == "" {
		return person{user: n.none, subject: facts.Subject{Domain: n.domain}}
	}
	p := person{user: t.user(ctx, n.name), subject: facts.Subject{User: n.shown, ID: n.id, From: n.from}}
	if v := p.user.Value; v != nil && !v.Ambiguous {
		p.subject.User, p.subject.ID = either(v.UPN, n.shown), either(v.ID, n.id)
		p.subject.Domain = homeDomain(v.UPN, v.Mail)
		return p
	}
	p.subject.Domain = homeDomain(n.shown, "")
	return p
}

// homeDomain is the domain that decides how a person signs in: that of their sign-in name, and of a guest the one at home.
func homeDomain(upn, mail string) string {
	if external(upn) {
		upn = either(homeAddress(upn), mail)
	}
	if i := strings.LastIndex(upn, "@"); i >= 0 {
		return strings.ToLower(upn[i+1:])
	}
	return ""
}

// homeAddress is the address at home that Entra has written into a guest's sign-in name; "" where it has not:
// lee_fabrikam.com#EXT#@contoso.onmicrosoft.com.
func homeAddress(upn string) string {
	const mark = "#EXT#"
	for i := range len(upn) - len(mark) + 1 {
		if !strings.EqualFold(upn[i:i+len(mark)], mark) {
			continue
		}
		home := upn[:i]
		if i := strings.LastIndex(home, "_"); i >= 0 {
			return home[:i] + "@" + home[i+1:]
		}
		break
	}
	return ""
}
