package federation

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// What a document may hold. The metadata of an AD FS has some 5,000 tokens and is 10 deep.
const (
	maxTokens       = 20_000
	maxDepth        = 64
	maxAttributes   = 64 // of one element
	maxNamespaces   = 64 // in scope at one element
	maxCertificates = 50 // of one identity provider
	maxEndpoints    = 50 // likewise
)

const (
	nsMetadata   = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature  = "http://www.w3.org/2000/09/xmldsig#"
	tokenService = "SecurityTokenServiceType" // xsi:type of a WS-Federation role that issues tokens
)

// Document is the federation metadata of one identity provider.
//
// https://docs.oasis-open.org/security/saml/v2.0/saml-metadata-2.0-os.pdf
// https://docs.oasis-open.org/wsfed/federation/v1.2/ws-federation.html
type Document struct {
	EntityID     string
	ValidUntil   *time.Time
	Certificates []facts.Certificate // for signing, each once, in the order of the document
	Endpoints    []string            // where people and clients sign in, each once
	Passive      []string            // those of them that browsers use
	Signature    string              // valid, invalid, none, unchecked
	Signer       facts.Certificate   // whose key a valid signature was made with; the document vouches for it itself
	Fetched      time.Time
}

// The states of a document's signature.
const (
	SignatureValid     = "valid"
	SignatureInvalid   = "invalid"
	SignatureNone      = "none"
	SignatureUnchecked = "unchecked" // signed in a way that cannot be verified here
)

// Publication is what stands at one address: the metadata of an identity provider, or of several, as a federation of universities
// publishes it. It is parsed once for all trusts that look there, and not changed afterwards.
type Publication struct {
	Fetched   time.Time
	providers []described // never empty
}

// described is one identity provider of a document, or why it cannot be used.
type described struct {
	id       string
	document Document
	err      error
}

// Of returns the metadata of one identity provider: the only one, or the one whose name is the issuer of the trust. The error
// says in words why there is none.
func (p Publication) Of(issuer string) (Document, error) {
	at := 0
	if len(p.providers) > 1 {
		at = slices.IndexFunc(p.providers, func(d described) bool { return SameIssuer(d.id, issuer) })
	}
	if at < 0 || len(p.providers) == 0 {
		return Document{}, fmt.Errorf("it describes %d identity providers, and none of them has the issuer of the trust", len(p.providers))
	}
	d := p.providers[at].document
	d.Fetched = p.Fetched
	return d, p.providers[at].err
}

// ParseMetadata reads SAML or WS-Federation metadata. It never follows anything that the document names, and refuses documents
// with a DTD or of a size that no identity provider needs. The error says in words what is wrong with the document.
func ParseMetadata(text []byte) (Publication, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	isSigned, err := scan(text)
	if err != nil {
		return Publication{}, err
	}
	signature, signer := SignatureNone, facts.Certificate{}
	if isSigned {
		var signed []byte
		if signature, signer, signed = verify(text); signature == SignatureValid {
			text = signed // nothing but what the signature covers
		}
	}
	all, err := providers(text)
	if err != nil {
		return Publication{}, err
	}
	p := Publication{providers: make([]described, 0, len(all))}
	for _, e := range all {
		d, err := e.document()
		d.Signature, d.Signer = signature, signer
		if signature == SignatureNone && e.Signature != nil {
			d.Signature = SignatureUnchecked // only this part of the document is signed
		}
		p.providers = append(p.providers, described{d.EntityID, d, err})
	}
	return p, nil
}

// document is what one identity provider says of itself.
func (e entity) document() (Document, error) {
	d := Document{EntityID: strings.TrimSpace(e.ID), ValidUntil: e.validUntil(), Certificates: []facts.Certificate{}, Endpoints: []string{}}
	for _, role := range e.issuers() {
		for _, key := range role.Keys {
			if key.Use != "" && key.Use != "signing" {
				continue
			}
			for _, data := range key.Data {
				for _, c := range leaves(data.Certificates) {
					if !slices.ContainsFunc(d.Certificates, func(o facts.Certificate) bool { return o.SHA256 == c.SHA256 }) {
						d.Certificates = append(d.Certificates, c)
					}
				}
			}
		}
		for _, s := range role.SingleSignOn {
			d.Passive = add(d.Passive, s.Location)
		}
		for _, p := range role.Passive {
			d.Passive = add(d.Passive, p.Addresses...)
		}
		for _, a := range role.Active {
			d.Endpoints = add(d.Endpoints, a.Addresses...)
		}
	}
	d.Endpoints = add(slices.Clone(d.Passive), d.Endpoints...)
	switch {
	case len(d.Certificates) == 0:
		return d, errors.New("it names no certificate for signing")
	case len(d.Certificates) > maxCertificates:
		return Document{EntityID: d.EntityID}, fmt.Errorf("it names more than %d certificates for signing", maxCertificates)
	}
	return d, nil
}

// add appends addresses that are not in the list yet, as long as it is not absurdly long.
func add(list []string, addresses ...string) []string {
	for _, a := range addresses {
		if a = strings.TrimSpace(a); a != "" && !slices.Contains(list, a) && len(list) < maxEndpoints {
			list = append(list, a)
		}
	}
	return list
}

// scan walks through a document once and refuses what no metadata holds, before anything is built of it. signed says that
// its root carries a signature.
func scan(text []byte) (signed bool, err error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	var inScope []int // namespaces declared at each open element, and above it
	roots := 0
	for n := 0; ; n++ {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, fmt.Errorf("it is not XML: %s", short(strings.TrimPrefix(err.Error(), "XML ")))
		}
		if n > maxTokens {
			return false, errors.New("it has more parts than metadata ever has")
		}
		switch t := token.(type) {
		case xml.Directive:
			return false, errors.New("it holds a document type (DTD), which metadata never does")
		case xml.StartElement:
			if len(inScope) == 0 {
				if roots++; roots > 1 {
					return false, errors.New("it holds more than one document")
				}
			}
			signed = signed || len(inScope) == 1 && t.Name == (xml.Name{Space: nsSignature, Local: "Signature"})
			declared := 0
			for _, a := range t.Attr {
				if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
					declared++
				}
			}
			if len(inScope) > 0 {
				declared += inScope[len(inScope)-1]
			}
			inScope = append(inScope, declared)
			if len(inScope) > maxDepth || declared > maxNamespaces || len(t.Attr) > maxAttributes {
				return false, errors.New("it is nested deeper than metadata ever is")
			}
		case xml.EndElement: // the decoder has seen to it that it began
			inScope = inScope[:len(inScope)-1]
		}
	}
	if roots == 0 {
		return false, errors.New("it is not XML: it holds no element")
	}
	return signed, nil
}

// The parts of metadata that are read.
type (
	entities struct {
		Entities []entity   `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
		Nested   []entities `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntitiesDescriptor"`
	}
	entity struct {
		ID        string    `xml:"entityID,attr"`
		Until     string    `xml:"validUntil,attr"`
		SAML      []role    `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
		Roles     []role    `xml:"urn:oasis:names:tc:SAML:2.0:metadata RoleDescriptor"`
		Signature *struct{} `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
	}
	role struct {
		Type string `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
		Keys []struct {
			Use  string `xml:"use,attr"`
			Data []struct {
				Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# X509Certificate"`
			} `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
		SingleSignOn []struct {
			Location string `xml:"Location,attr"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleSignOnService"`
		Passive []endpoint `xml:"http://docs.oasis-open.org/wsfed/federation/200706 PassiveRequestorEndpoint"`
		Active  []endpoint `xml:"http://docs.oasis-open.org/wsfed/federation/200706 SecurityTokenServiceEndpoint"`
	}
	endpoint struct {
		Addresses []string `xml:"http://www.w3.org/2005/08/addressing EndpointReference>Address"`
	}
)

// issuers are the roles that issue tokens: those of an identity provider, and of a WS-Federation token service.
func (e entity) issuers() []role {
	all := slices.Clone(e.SAML)
	for _, r := range e.Roles {
		_, local, ok := strings.Cut(r.Type, ":")
		if !ok {
			local = r.Type
		}
		if strings.TrimSpace(local) == tokenService {
			all = append(all, r)
		}
	}
	return all
}

func (e entity) validUntil() *time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, strings.TrimSpace(e.Until)); err == nil {
			t = t.UTC()
			return &t
		}
	}
	return nil
}

// providers finds the identity providers in a document: at least one.
func providers(text []byte) ([]entity, error) {
	var root struct {
		XMLName xml.Name
		entity
		entities
	}
	if err := xml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("it is not XML: %s", short(strings.TrimPrefix(err.Error(), "XML ")))
	}
	var all []entity
	switch {
	case root.XMLName == xml.Name{Space: nsMetadata, Local: "EntityDescriptor"}:
		all = []entity{root.entity}
	case root.XMLName == xml.Name{Space: nsMetadata, Local: "EntitiesDescriptor"}:
		all = root.all()
	case strings.EqualFold(root.XMLName.Local, "html"):
		return nil, errors.New("a web page came back instead of metadata")
	default:
		return nil, fmt.Errorf("it is XML, but no metadata: its root is %s", short(root.XMLName.Local))
	}
	all = slices.DeleteFunc(all, func(e entity) bool { return len(e.issuers()) == 0 })
	if len(all) == 0 {
		return nil, errors.New("it describes no identity provider")
	}
	return all, nil
}

func (e entities) all() []entity {
	all := slices.Clone(e.Entities)
	for _, n := range e.Nested {
		all = append(all, n.all()...)
	}
	return all
}

// leaves parses the certificates of one key. Where they are a chain, the first link is meant, not the authorities. What is no
// certificate signs nothing.
func leaves(texts []string) []facts.Certificate {
	var all []facts.Certificate
	for _, t := range texts {
		if c := ParseCertificate(Published, t); c.Problem == "" {
			all = append(all, c)
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(c facts.Certificate) bool {
		return slices.ContainsFunc(all, func(o facts.Certificate) bool {
			return o.SHA256 != c.SHA256 && o.Issuer != "" && o.Issuer == c.Subject && o.Subject != c.Subject
		})
	})
}

// SameIssuer compares two issuers as loosely as is safe to say that they differ: letter case and a slash at the end aside.
func SameIssuer(a, b string) bool {
	norm := func(s string) string { return strings.TrimRight(strings.ToLower(strings.TrimSpace(s)), "/") }
	return norm(a) == norm(b)
}

// sameAddress compares two addresses without their queries.
func sameAddress(a, b string) bool {
	x, err := url.Parse(strings.TrimSpace(a))
	y, err2 := url.Parse(strings.TrimSpace(b))
	if err != nil || err2 != nil {
		return a == b
	}
	return strings.EqualFold(x.Scheme, y.Scheme) && hostOf(a) == hostOf(b) && port(x) == port(y) &&
		strings.EqualFold(strings.TrimRight(x.Path, "/"), strings.TrimRight(y.Path, "/"))
}

// Against compares the document with the trust that Entra holds. It makes new lists, and changes neither.
func (d Document) Against(f facts.Federation) facts.Metadata {
	m := facts.Metadata{
		EntityID: d.EntityID, ValidUntil: d.ValidUntil, Certificates: d.Certificates, Endpoints: d.Endpoints, Fetched: d.Fetched,
		Signature: d.Signature, SignedWith: d.Signer.SHA1, Unknown: []string{}, Gone: []string{}, None: true,
	}
	for _, c := range d.Certificates {
		if Holds(f.Certificates, c) {
			m.None = false
		} else {
			m.Unknown = append(m.Unknown, c.SHA1)
		}
	}
	m.Covered = len(m.Unknown) == 0
	for _, c := range f.Certificates {
		if c.SHA256 != "" && !Holds(d.Certificates, c) && !slices.Contains(m.Gone, c.SHA1) {
			m.Gone = append(m.Gone, c.SHA1)
		}
	}
	if f.PassiveURI != "" && len(d.Passive) > 0 {
		same := slices.ContainsFunc(d.Passive, func(a string) bool { return sameAddress(a, f.PassiveURI) })
		m.Same = &same
	}
	if d.Signature == SignatureValid {
		held := Holds(f.Certificates, d.Signer)
		m.KeyHeld = &held
	}
	return m
}

// Holds reports whether a certificate is among others: the very same, not one of the same name.
func Holds(all []facts.Certificate, c facts.Certificate) bool {
	return c.SHA256 != "" && slices.ContainsFunc(all, func(o facts.Certificate) bool { return o.SHA256 == c.SHA256 })
}
