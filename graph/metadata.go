package graph

import (
	"context"
	"errors"
	"net/url"
	"path"
	"strings"
	"time"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

// metadata reads what the identity provider of a federated domain publishes, and compares it with what Entra holds. Graph
// does not say where that is: the address is the configuration's, or where the product publishes by default.
func (t *Tenant) metadata(ctx context.Context, d facts.Fact[facts.Domain], f facts.Fact[facts.Federation]) facts.Fact[facts.Metadata] {
	switch {
	case !d.OK() && d.State != facts.Absent:
		return facts.Unread[facts.Metadata](d.State, "the domain could not be read first: "+d.Reason)
	case !d.OK():
		return facts.Unread[facts.Metadata](facts.NotAsked, d.Reason)
	case !d.Value.Federated:
		return facts.Unread[facts.Metadata](facts.NotAsked, d.Value.Name+" is not federated, so it has no identity provider of its own")
	case f.State == facts.Absent:
		return facts.Unread[facts.Metadata](facts.NotAsked, "there is no trust to compare the metadata with: "+f.Reason)
	case !f.OK():
		return facts.Unread[facts.Metadata](f.State, "the trust could not be read first: "+f.Reason)
	}
	trust := *f.Value
	address, guessed := t.metadataAddress(*d.Value, trust)
	if address == "" {
		return facts.Unread[facts.Metadata](facts.NotAsked, "it is not known where this identity provider publishes its metadata; name the address in tenant.metadata")
	}
	from := facts.Metadata{URL: address, Guessed: guessed}
	failed := func(state facts.State, says string) facts.Fact[facts.Metadata] {
		return facts.Fact[facts.Metadata]{State: state, Reason: "the metadata at " + address + " could not be read: " + says, Value: &from}
	}
	// Many domains share one identity provider, so what stands at an address is read once for all trusts that look there.
	read, err := t.caches.metadata.get(ctx, t.life, address, func(ctx context.Context) (facts.Fact[federation.Publication], time.Duration) {
		f := unbroken(t, func() facts.Fact[federation.Publication] {
			p, err := t.idps.Metadata(ctx, address, federation.Hosts(trust))
			if err != nil {
				return unpublished(err, guessed && trust.Provider != "AD FS")
			}
			return facts.See(p.Fetched, p)
		})
		if f.State == facts.Seen {
			return f, keepMetadata
		}
		return f, keepMissing
	})
	switch {
	case err != nil:
		return failed(facts.Failed, "no answer in time")
	case read.State == "":
		return facts.Unread[facts.Metadata](facts.Failed, "the metadata could not be read: Signpost is closing")
	case read.State != facts.Seen:
		return failed(read.State, read.Reason)
	}
	document, err := read.Value.Of(trust.Issuer)
	if err != nil {
		return failed(facts.Failed, err.Error())
	}
	m := document.Against(trust)
	m.URL, m.Guessed = address, guessed
	return facts.See(read.ReadAt, m)
}

// unpublished is the fact of metadata that could not be read. A guess that the host has nothing for is no failure of the
// identity provider.
func unpublished(err error, guess bool) facts.Fact[federation.Publication] {
	var status *federation.StatusError
	if guess && errors.As(err, &status) && status.Status < 500 {
		return facts.Unread[federation.Publication](facts.NotAsked, err.Error()+", and this address is a guess; name the right one in tenant.metadata")
	}
	return facts.Unread[federation.Publication](facts.Failed, err.Error())
}

// metadataAddress is where the identity provider of a domain publishes its metadata; "" where nobody knows.
func (t *Tenant) metadataAddress(d facts.Domain, trust facts.Federation) (address string, guessed bool) {
	for _, name := range []string{d.Name, d.Root} {
		if address, ok := t.publish[strings.ToLower(name)]; ok {
			return address, false
		}
	}
	passive, err := url.Parse(trust.PassiveURI)
	if err != nil || passive.Host == "" || passive.Scheme != "https" {
		return "", false
	}
	at := url.URL{Scheme: "https", Host: passive.Host}
	switch trust.Provider {
	case "AD FS":
		// https://learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-fed-o365-certs
		at.Path = "/federationmetadata/2007-06/federationmetadata.xml"
	case "Ping":
		// PingFederate publishes for each partner. https://docs.pingidentity.com/pingfederate
		if strings.ToLower(path.Dir(passive.Path)) != "/idp" {
			return "", false
		}
		at.Path, at.RawQuery = "/pf/federation_metadata.ping", url.Values{"PartnerSpId": {"urn:federation:MicrosoftOnline"}}.Encode()
	default: // of Okta and Google no address is documented that would follow from the trust
		return "", false
	}
	return at.String(), true
}
