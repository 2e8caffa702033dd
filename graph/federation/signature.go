package federation

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"signpost/graph/facts"
)

// maxKey bounds the RSA keys that a signature is verified with: a document could bring one of a million bits.
const maxKey = 16384

// verify checks the signature of a document's root and returns what it covers, once [scan] has passed the document. The
// certificate of a valid signature is the document's own, or one that it publishes: whether Entra trusts it is for others
// to say, and so is whether it has expired.
func verify(text []byte) (state string, signer facts.Certificate, signed []byte) {
	defer func() { // the library walks a tree that may be hostile
		if recover() != nil {
			state, signer, signed = SignatureUnchecked, facts.Certificate{}, nil
		}
	}()
	doc := etree.NewDocument()
	doc.ReadSettings.MaxDepth = maxDepth
	if err := doc.ReadFromBytes(text); err != nil || doc.Root() == nil {
		return SignatureUnchecked, facts.Certificate{}, nil
	}
	root := doc.Root()
	signatures := childrenOf(root, "Signature")
	if len(signatures) == 0 {
		return SignatureNone, facts.Certificate{}, nil
	}
	if len(signatures) > 1 || !whole(root, signatures[0]) {
		return SignatureInvalid, facts.Certificate{}, nil
	}
	candidates := named(signatures[0])
	if len(candidates) == 0 { // the signature does not say whose it is: it may be of any key that the document publishes
		for _, info := range childrenOf(signatures[0], "KeyInfo") {
			signatures[0].RemoveChild(info)
		}
		for _, c := range root.FindElements("//KeyDescriptor/KeyInfo/X509Data/X509Certificate") {
			candidates = append(candidates, parse(c.Text())...)
		}
		if len(candidates) > maxCertificates {
			return SignatureUnchecked, facts.Certificate{}, nil
		}
	}
	state = SignatureInvalid
	for _, c := range candidates {
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxKey {
			state = SignatureUnchecked
			continue
		}
		v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
		v.Clock = dsig.NewFakeClockAt(c.NotBefore) // an expired certificate is reported as that, not as a bad signature
		covered, err := v.Validate(root)
		if err == nil {
			out := etree.NewDocument()
			out.SetRoot(covered)
			signed, err := out.WriteToBytes()
			if err != nil {
				return SignatureUnchecked, facts.Certificate{}, nil
			}
			return SignatureValid, ParseCertificate(Published, base64.StdEncoding.EncodeToString(c.Raw)), signed
		}
		if strings.HasPrefix(err.Error(), "Unknown ") { // an algorithm that the library does not know
			state = SignatureUnchecked
		}
	}
	if len(candidates) == 0 {
		state = SignatureUnchecked
	}
	return state, facts.Certificate{}, nil
}

// childrenOf finds children in the namespace of XML signatures.
func childrenOf(e *etree.Element, tag string) []*etree.Element {
	var found []*etree.Element
	for _, c := range e.ChildElements() {
		if c.Tag == tag && c.NamespaceURI() == nsSignature {
			found = append(found, c)
		}
	}
	return found
}

// whole reports whether a signature is of the root, and of nothing beside it.
func whole(root, signature *etree.Element) bool {
	infos := childrenOf(signature, "SignedInfo")
	if len(infos) != 1 {
		return false
	}
	references := childrenOf(infos[0], "Reference")
	if len(references) != 1 {
		return false
	}
	uri := references[0].SelectAttrValue("URI", "")
	return uri == "" || len(uri) > 1 && uri == "#"+root.SelectAttrValue("ID", "")
}

// named are the certificates that a signature says it was made with: the first is the signer's.
func named(signature *etree.Element) []*x509.Certificate {
	for _, info := range childrenOf(signature, "KeyInfo") {
		for _, data := range childrenOf(info, "X509Data") {
			for _, c := range childrenOf(data, "X509Certificate") {
				return parse(c.Text())
			}
		}
	}
	return nil
}

func parse(text string) []*x509.Certificate {
	der, problem := decode(text)
	if problem != "" {
		return nil
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return []*x509.Certificate{c}
}
