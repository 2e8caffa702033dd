package graph

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/domains"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

// federation reads the trust of a domain: the configuration of its root. A root that is federated but has none is a broken
// trust, and the absent fact says so; it does not mean that the domain is managed.
//
// The answer is not taken through the SDK's model: it turns an MFA behaviour that it does not know into none at all, which
// would read as "unset".
//
// https://learn.microsoft.com/graph/api/domain-list-federationconfiguration
func (t *Tenant) federation(ctx context.Context, domain facts.Fact[facts.Domain]) facts.Fact[facts.Federation] {
	switch {
	case domain.State == facts.Absent:
		return facts.None[facts.Federation](domain.ReadAt, domain.Reason)
	case !domain.OK():
		return facts.Unread[facts.Federation](domain.State, "the domain could not be read first: "+domain.Reason)
	case !domain.Value.Federated:
		return facts.None[facts.Federation](domain.ReadAt, "domain is managed")
	case domain.Value.Root == "":
		return facts.Unread[facts.Federation](facts.Failed, "the root domain of "+domain.Value.Name+", which holds the trust, could not be read")
	}
	root := domain.Value.Root
	return cached(ctx, t, t.caches.federation, root, keepFederation, func(ctx context.Context) facts.Fact[facts.Federation] {
		req, err := domains.NewDomainsRequestBuilderInternal(map[string]string{}, t.v1).ByDomainId(root).
			FederationConfiguration().ToGetRequestInformation(ctx, nil)
		list, err := decode[page[trust]](t.get(ctx, t.v1, req, err))
		if err == nil && (list.Value == nil || len(list.Value) > 0 && list.Value[0].ID == "") {
			err = errOther
		}
		switch {
		case notFound(err), err == nil && len(list.Value) == 0:
			return facts.None[facts.Federation](t.clock.Now(), "the trust is broken: "+root+" is federated, but holds no federation configuration")
		case err != nil:
			return failed[facts.Federation](err, endpoints().federation)
		}
		return facts.See(t.clock.Now(), list.Value[0].fact(root))
	})
}

// trust is Graph's internalDomainFederation.
type trust struct {
	ID                 string `json:"id"`
	DisplayName        string `json:"displayName"`
	IssuerURI          string `json:"issuerUri"`
	PassiveSignInURI   string `json:"passiveSignInUri"`
	ActiveSignInURI    string `json:"activeSignInUri"`
	MetadataURI        string `json:"metadataExchangeUri"`
	SignOutURI         string `json:"signOutUri"`
	Protocol           string `json:"preferredAuthenticationProtocol"`
	MFABehavior        string `json:"federatedIdpMfaBehavior"`
	PromptLogin        string `json:"promptLoginBehavior"`
	SignedRequests     bool   `json:"isSignedAuthenticationRequestRequired"`
	SigningCertificate string `json:"signingCertificate"`
	NextCertificate    string `json:"nextSigningCertificate"`
	Update             struct {
		Result  string     `json:"certificateUpdateResult"`
		LastRun *time.Time `json:"lastRunDateTime"`
	} `json:"signingCertificateUpdateStatus"`
}

func (c trust) fact(root string) facts.Federation {
	f := facts.Federation{
		ID: c.ID, Domain: root, DisplayName: c.DisplayName, Provider: provider(c), Issuer: c.IssuerURI,
		PassiveURI: c.PassiveSignInURI, ActiveURI: c.ActiveSignInURI, MetadataURI: c.MetadataURI, SignOutURI: c.SignOutURI,
		Protocol: c.Protocol, MFABehavior: c.MFABehavior, PromptLogin: c.PromptLogin, SignedRequests: c.SignedRequests,
		Rollover: c.Update.Result, RolloverAt: utc(c.Update.LastRun), Certificates: []facts.Certificate{},
	}
	if c.SigningCertificate != "" {
		f.Certificates = append(f.Certificates, federation.ParseCertificate(federation.Current, c.SigningCertificate))
	}
	if c.NextCertificate != "" {
		f.Certificates = append(f.Certificates, federation.ParseCertificate(federation.Next, c.NextCertificate))
	}
	f.CertificateEnds = federation.LastEnds(f.Certificates)
	return f
}

// provider tells the identity provider's product by its endpoints; "other" where they do not tell.
func provider(c trust) string {
	for _, address := range []string{c.PassiveSignInURI, c.ActiveSignInURI, c.MetadataURI} {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			continue
		}
		host, path := strings.ToLower(u.Hostname()), strings.ToLower(u.Path)
		under := func(domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }
		switch {
		case strings.HasPrefix(path, "/adfs/"):
			return "AD FS"
		case under("okta.com"), under("oktapreview.com"), under("okta-emea.com"), under("okta-gov.com"),
			strings.HasPrefix(path, "/app/office365/"): // under a host name of the customer's own
			return "Okta"
		case under("pingone.com"), under("pingone.eu"), under("pingone.asia"), under("pingidentity.com"), strings.HasSuffix(path, ".ping"),
			strings.HasSuffix(path, "/idp/prp.wsf"), strings.HasSuffix(path, "/idp/sso.saml2"), strings.HasSuffix(path, "/idp/sts.wst"):
			return "Ping"
		case under("accounts.google.com"):
			return "Google"
		}
	}
	return "other"
}
