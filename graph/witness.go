package graph

import (
	"context"
	"net/http"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

// realms is the authority host as anybody sees it, without a token.
type realms struct {
	authority string
	client    *http.Client
}

func newRealms(authority string, wire http.RoundTripper) realms {
	return realms{authority, &http.Client{Transport: wire, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Realm asks the authority host how a domain signs in: an independent witness, which needs no permission and names nobody. It
// is not kept, because only the scheduled check asks.
func (t *Tenant) Realm(ctx context.Context, domain string) facts.Fact[facts.Realm] {
	r, err := federation.ReadRealm(ctx, t.realms.client, t.realms.authority, domain, t.clock.Now())
	if err != nil {
		return facts.Unread[facts.Realm](facts.Failed, "getuserrealm could not be asked: "+err.Error())
	}
	return facts.See(r.Read, r)
}

// Endpoints looks at the hosts of a trust, as they answer from here.
func (t *Tenant) Endpoints(ctx context.Context, trust facts.Federation) []facts.Endpoint {
	return t.idps.Endpoints(ctx, trust)
}
