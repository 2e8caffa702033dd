package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"signpost/graph/facts"
)

// The kinds of methods, as facts.Method names them.
const (
	kindPassword      = "password"
	kindEmail         = "email"
	kindTemporaryPass = "temporary_access_pass"
	kindFIDO2         = "fido2"
	kindHello         = "windows_hello"
	kindPlatform      = "platform_credential"
)

// methods reads what a person holds, live. Numbers and addresses are masked here and stay behind.
//
// https://learn.microsoft.com/graph/api/authentication-list-methods
func (t *Tenant) methods(ctx context.Context, id string) facts.Fact[facts.Methods] {
	return cached(ctx, t, t.caches.methods, strings.ToLower(id), keepMethods, func(ctx context.Context) facts.Fact[facts.Methods] {
		req, err := users.NewUsersRequestBuilderInternal(map[string]string{}, t.v1).
			ByUserId(id).Authentication().Methods().ToGetRequestInformation(ctx, nil)
		body, err := t.get(ctx, t.v1, req, err)
		list, err := model[models.AuthenticationMethodCollectionResponseable](body, err, models.CreateAuthenticationMethodCollectionResponseFromDiscriminatorValue)
		if notFound(err) {
			return facts.None[facts.Methods](t.clock.Now(), "Graph holds no methods for this account")
		}
		if err == nil && list.GetValue() == nil {
			err = errOther
		}
		if err != nil {
			return failed[facts.Methods](err, endpoints().methods)
		}
		held := facts.Methods{List: []facts.Method{}, Kinds: []string{}}
		for _, m := range list.GetValue() {
			held.List = append(held.List, method(m))
		}
		for _, m := range held.List {
			if !slices.Contains(held.Kinds, m.Kind) {
				held.Kinds = append(held.Kinds, m.Kind)
			}
			switch m.Kind {
			case kindPassword, kindEmail:
			case kindTemporaryPass: // one that is used up or over is no method any more
				held.Second = held.Second || m.Usable == nil || *m.Usable
			case kindFIDO2, kindHello, kindPlatform:
				held.Second, held.PhishingResistant = true, true
			default:
				held.Second = true
			}
		}
		return facts.See(t.clock.Now(), held)
	})
}

// method maps one of Graph's methods, by its concrete type: the interfaces of some contain those of others. A type that the
// SDK does not know keeps Graph's name for it.
func method(m models.AuthenticationMethodable) facts.Method {
	switch m := m.(type) {
	case *models.PasswordAuthenticationMethod:
		return facts.Method{Kind: kindPassword, Created: utc(m.GetCreatedDateTime())}
	case *models.PhoneAuthenticationMethod:
		detail := maskPhone(text(m.GetPhoneNumber()))
		if m.GetPhoneType() != nil {
			detail = strings.TrimSpace(m.GetPhoneType().String() + " " + detail)
		}
		return facts.Method{Kind: "phone", Detail: detail}
	case *models.EmailAuthenticationMethod:
		return facts.Method{Kind: kindEmail, Detail: maskMail(text(m.GetEmailAddress()))}
	case *models.MicrosoftAuthenticatorAuthenticationMethod:
		return facts.Method{Kind: "authenticator", Detail: text(m.GetDisplayName()), Created: utc(m.GetCreatedDateTime())}
	case *models.SoftwareOathAuthenticationMethod:
		return facts.Method{Kind: "software_oath"}
	case *models.Fido2AuthenticationMethod:
		return facts.Method{Kind: kindFIDO2, Detail: either(text(m.GetDisplayName()), text(m.GetModel())), Created: utc(m.GetCreatedDateTime())}
	case *models.WindowsHelloForBusinessAuthenticationMethod:
		return facts.Method{Kind: kindHello, Detail: text(m.GetDisplayName()), Created: utc(m.GetCreatedDateTime())}
	case *models.PlatformCredentialAuthenticationMethod:
		return facts.Method{Kind: kindPlatform, Detail: text(m.GetDisplayName()), Created: utc(m.GetCreatedDateTime())}
	case *models.TemporaryAccessPassAuthenticationMethod:
		return facts.Method{Kind: kindTemporaryPass, Detail: text(m.GetMethodUsabilityReason()), Created: utc(m.GetCreatedDateTime()), Usable: m.GetIsUsable()}
	}
	kind := strings.TrimPrefix(text(m.GetOdataType()), "#microsoft.graph.")
	return facts.Method{Kind: either(strings.TrimSuffix(kind, "AuthenticationMethod"), "unknown")}
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// maskPhone keeps the country code and the last two digits: "+1 ••• ••00".
func maskPhone(number string) string {
	number = strings.TrimSpace(number)
	if number == "" {
		return ""
	}
	country, local, ok := strings.Cut(number, " ") // Graph writes +1 5550100
	if !ok || !strings.HasPrefix(country, "+") || len(country) > 4 {
		country, local = "", number
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, local)
	last := "••"
	if len(digits) > 4 {
		last = digits[len(digits)-2:]
	}
	return strings.TrimSpace(country + " ••• ••" + last)
}

// maskMail keeps the first letter of the name, the first of the domain, and what follows its last dot.
func maskMail(address string) string {
	if address == "" {
		return ""
	}
	name, domain, ok := strings.Cut(address, "@")
	if !ok {
		return "•••"
	}
	end := ""
	if i := strings.LastIndex(domain, "."); i >= 0 {
		domain, end = domain[:i], domain[i:]
	}
	return first(name) + "•••@" + first(domain) + "•••" + end
}

func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
