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

// identify finds out who is affected: whoever the query names; else the person of the error's sign-in row; else, as an
// assumption, whoever reported it. signIn is waited for only where nobody is named.
func (t *Tenant) identify(ctx context.Context, q facts.Query, signIn func() facts.Fact[facts.SignIn]) person {
	if name := strings.TrimSpace(q.User); name != "" {
		from := q.From
		if from == "" {
			from = facts.FromPaste
		}
		return t.resolve(ctx, name, name, from)
	}
	row := signIn()
	if row.OK() {
		if row.Value.UserID != "" || row.Value.UPN != "" {
			// By object id: the name in a guest's row is the home address.
			return t.resolve(ctx, either(row.Value.UserID, row.Value.UPN), row.Value.UPN, facts.FromSignIn)
		}
		return person{user: facts.Unread[facts.User](facts.NotAsked, "the sign-in is an app's own, and nobody's")}
	}
	if mail := strings.TrimSpace(q.Reporter); mail != "" {
		return t.resolve(ctx, mail, mail, facts.FromReporter)
	}
	p := person{user: facts.Unread[facts.User](facts.NotAsked, "nobody is named, and no sign-in row names them")}
	if d := strings.ToLower(strings.TrimSpace(q.Domain)); d != "" {
		p.subject.Domain = d
	}
	return p
}

// resolve looks the person up. shown is their name where the account is not found.
func (t *Tenant) resolve(ctx context.Context, name, shown string, from facts.From) person {
	p := person{user: t.user(ctx, name), subject: facts.Subject{User: shown, From: from}}
	if guidText.MatchString(name) {
		p.subject.ID = strings.ToLower(name)
	}
	if v := p.user.Value; v != nil && !v.Ambiguous {
		p.subject.User, p.subject.ID = either(v.UPN, shown), either(v.ID, p.subject.ID)
		p.subject.Domain = homeDomain(v.UPN, v.Mail)
		return p
	}
	p.subject.Domain = homeDomain(shown, "")
	return p
}

// homeDomain is the domain that decides how a person signs in: that of their sign-in name, and of a guest the one at home.
// Entra writes the home address into a guest's name: lee_fabrikam.com#EXT#@contoso.onmicrosoft.com.
func homeDomain(upn, mail string) string {
	if external(upn) {
		home := upn[:strings.Index(strings.ToUpper(upn), "#EXT#")]
		if i := strings.LastIndex(home, "_"); i >= 0 {
			upn = home[:i] + "@" + home[i+1:]
		} else {
			upn = mail
		}
	}
	if i := strings.LastIndex(upn, "@"); i >= 0 {
		return strings.ToLower(upn[i+1:])
	}
	return ""
}
