package federation

import (
	"context"
	"net/netip"
)

// Admit lets tests ask about addresses that no test may connect to.
func (r *Reader) Admit(host string, a netip.Addr) error { return r.admit(host, a) }

// DocumentIn is the metadata of one identity provider in a text.
func DocumentIn(text []byte, issuer string) (Document, error) {
	p, err := ParseMetadata(text)
	if err != nil {
		return Document{}, err
	}
	return p.Of(issuer)
}

// Document is the metadata of one identity provider at an address.
func (r *Reader) Document(ctx context.Context, address string, hosts []string, issuer string) (Document, error) {
	p, err := r.Metadata(ctx, address, hosts)
	if err != nil {
		return Document{}, err
	}
	return p.Of(issuer)
}
