package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

// When the end of an app's credential is spoken of.
const (
	credentialNote = 30 * 24 * time.Hour
	credentialWarn = 14 * 24 * time.Hour
	credentialPast = 7 * 24 * time.Hour // an app whose last credential ended longer ago is not in use
)

// ownEnds is the finding that Signpost's own secret or certificate ends.
const ownEnds = "own-credential-ends"

// ownCredential warns before what Signpost signs in with ends. A certificate is at hand and says so itself. Of the secrets of
// the app registration, the one in use is told by its first three characters, which Graph gives as a hint; where they do not
// tell, it is the last to end that counts. A managed or federated identity has neither, so nothing of it ends.
func (s *scan) ownCredential(ctx context.Context) []facts.Finding {
	const otherwise = "Signpost can read nothing of the tenant any more, and this report ends."
	own := s.t.cred.own
	if x := own.certificate; x != nil {
		f, ok := s.ends([]facts.Credential{{Kind: "certificate", Name: x.Subject.String(), Ends: x.NotAfter.UTC()}}, "The certificate that Signpost signs in with", s.now)
		if !ok {
			return nil
		}
		f.ID, f.Of, f.By, f.Role, f.Otherwise = ownEnds, "certificate", "identity-admin", "Cloud Application Administrator", otherwise
		f.Next = "Make a new certificate, add its public part to Signpost's app registration, and put it where AZURE_CLIENT_CERTIFICATE_PATH points; a federated credential never ends"
		f.Evidence[0].Fact, f.Evidence[0].Source = "", "the file of AZURE_CLIENT_CERTIFICATE_PATH"
		return []facts.Finding{f}
	}
	if own.hint == "" {
		return nil
	}
	token, err := s.t.cred.GetToken(ctx, s.t.tokenRequest())
	held, ok := decodeClaims(token.Token)
	if err != nil || !ok || held.AppID == "" { // without a token everything else says so
		s.skip(ownEnds)
		return nil
	}
	app := s.t.app(ctx, held.AppID)
	if !app.OK() {
		s.skip(ownEnds)
		return nil
	}
	all, whose := app.Value.Credentials, "The last credential of Signpost's own app registration"
	if used := slices.DeleteFunc(slices.Clone(all), func(c facts.Credential) bool { return c.Kind != "secret" || c.Hint != own.hint }); len(used) > 0 {
		all, whose = used, "The client secret that Signpost signs in with"
	}
	f, ok := s.ends(all, whose, app.ReadAt)
	if !ok {
		return nil
	}
	f.ID, f.Of, f.By, f.Role, f.Otherwise = ownEnds, held.AppID, "identity-admin", "Cloud Application Administrator", otherwise
	f.Next = "Add a new secret or certificate to the app registration and give it to Signpost, or use a federated credential, which never ends"
	return []facts.Finding{f}
}

// ends is the finding of an app whose last credential ends soon, or has just ended. what begins the sentence.
func (s *scan) ends(all []facts.Credential, what string, read time.Time) (f facts.Finding, ok bool) {
	all = slices.DeleteFunc(slices.Clone(all), func(c facts.Credential) bool { return c.Ends.IsZero() })
	if len(all) == 0 {
		return f, false
	}
	last := slices.MaxFunc(all, func(a, b facts.Credential) int { return a.Ends.Compare(b.Ends) })
	left := last.Ends.Sub(s.now)
	if left > credentialNote || left < -credentialPast {
		return f, false
	}
	end, kind := last.Ends, last.Kind
	if last.Kind == "secret" {
		kind = "client secret"
	}
	f = facts.Finding{Severity: facts.Note, Due: &end, Evidence: []facts.FindingReason{{Says: fmt.Sprintf("%s %s is valid until %s", kind, last.Name, end.Format("2006-01-02")), Fact: facts.NameApp, Source: facts.NameApp.Source(), Time: read}}}
	f.Says = fmt.Sprintf("%s ends on %s, in %s.", what, end.Format("2006-01-02"), inDays(federation.DaysLeft(s.now, end)))
	if left <= 0 {
		f.Says = fmt.Sprintf("%s ended on %s.", what, end.Format("2006-01-02"))
	}
	if left <= credentialWarn {
		f.Severity = facts.Warning
	}
	return f, true
}

// inDays is a number of days as it stands in a sentence.
func inDays(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// samlApp is a service principal, as far as its signing certificates go.
// https://learn.microsoft.com/graph/api/serviceprincipal-list
type samlApp struct {
	ID    string `json:"id"`
	AppID string `json:"appId"`
	Name  string `json:"displayName"`
	Mode  string `json:"preferredSingleSignOnMode"`
	// Enabled is false where nobody can sign in to the app anyway.
	Enabled *bool `json:"accountEnabled"`
	// Active is the thumbprint (SHA-1) of the certificate that tokens are signed with; others may wait for their turn.
	Active string `json:"preferredTokenSigningKeyThumbprint"`
	keyring
}

// signing are the certificates that decide when sign-ins to the app end: the active one, or all where Graph does not tell which
// one that is.
func (a samlApp) signing() []facts.Credential {
	all := slices.DeleteFunc(a.credentials(), func(c facts.Credential) bool { return c.Kind != "certificate" })
	active := slices.DeleteFunc(slices.Clone(all), func(c facts.Credential) bool { return c.SHA1 == "" || !strings.EqualFold(c.SHA1, a.Active) })
	if len(active) > 0 {
		return active
	}
	return all
}

// apps are the findings about enterprise apps with SAML whose signing certificate ends soon, and about app registrations
// whose last secret or certificate does.
func (s *scan) apps(ctx context.Context) []facts.Finding {
	var found []facts.Finding
	principals, err := pages[samlApp](ctx, s.t, "/servicePrincipals", "id,appId,displayName,accountEnabled,preferredSingleSignOnMode,preferredTokenSigningKeyThumbprint,keyCredentials")
	if err != nil {
		found = append(found, s.appsUnread(err, "the signing certificates of enterprise apps"))
	}
	for _, a := range principals {
		if !strings.EqualFold(a.Mode, "saml") || a.Enabled != nil && !*a.Enabled {
			continue
		}
		if f, ok := s.ends(a.signing(), "The SAML signing certificate of "+cut(a.Name, 80), s.now); ok {
			f.ID, f.Of, f.By, f.Role = "app-saml-certificate-ends", a.AppID, "identity-admin", "Cloud Application Administrator"
			f.Otherwise = "People cannot sign in to " + a.Name + ": it refuses the tokens."
			f.Next = "In Entra: Enterprise applications, " + a.Name + ", Single sign-on, SAML certificates: make a new one, give it to the app's owner, then activate it"
			found = append(found, f)
		}
	}
	registered, err := pages[application](ctx, s.t, "/applications", "id,appId,displayName,keyCredentials,passwordCredentials")
	if err != nil {
		found = append(found, s.appsUnread(err, "the secrets of app registrations"))
	}
	for _, a := range registered {
		if f, ok := s.ends(a.credentials(), "The last credential of "+cut(a.Name, 80), s.now); ok {
			f.ID, f.Of, f.By, f.Role = "app-credential-ends", a.AppID, "app-owner", "Cloud Application Administrator"
			f.Otherwise = a.Name + " gets no token of its own any more (AADSTS7000222)."
			f.Next = "In Entra: App registrations, " + a.Name + ", Certificates & secrets: add a new one and give it to the app's owner"
			found = append(found, f)
		}
	}
	return found
}

func (s *scan) appsUnread(err error, what string) facts.Finding {
	_, reason := classify(err, endpoints().principal)
	return facts.Finding{ID: "apps-unreadable", Severity: facts.Unknown, Of: what, By: "identity-admin", Says: "When " + what + " end could not be checked: " + reason,
		Next: "Run signpost doctor: it names the permission that is missing", Evidence: []facts.FindingReason{{Says: reason, Fact: facts.NamePrincipal, Source: facts.NamePrincipal.Source(), Time: s.now}}}
}

// pages reads a whole collection.
func pages[T any](ctx context.Context, t *Tenant, path, fields string) ([]T, error) {
	list, err := decode[page[T]](t.get(ctx, t.v1, template(path, nil, map[string]string{"select": fields, "top": "999"}), nil))
	if err == nil && list.Value == nil {
		err = errOther
	}
	if err != nil {
		return nil, err
	}
	all, capped, err := rest(ctx, t, t.v1, list, nil, scanPages)
	if err == nil && capped {
		err = fmt.Errorf("the tenant has more of them than were read")
	}
	return all, err
}
