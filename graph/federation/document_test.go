package federation_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// now is the time of every test.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// rsaKey is slow to make, so one serves all tests.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// signing makes a self-signed token-signing certificate, as DER.
func signing(t testing.TB, name string, from, to time.Time) []byte {
	t.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: n, Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &rsaKey().PublicKey, rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func b64(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

// key is a KeyDescriptor; use may be "".
func key(use string, certificates ...[]byte) string {
	if use != "" {
		use = ` use="` + use + `"`
	}
	var in strings.Builder
	for _, c := range certificates {
		fmt.Fprintf(&in, "<X509Certificate>%s</X509Certificate>", b64(c))
	}
	return `<KeyDescriptor` + use + `><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>` + in.String() + `</X509Data></KeyInfo></KeyDescriptor>`
}

// adfs is metadata of the form that AD FS publishes: application, token service, service provider and identity provider.
func adfs(host string, keys string) string {
	return `<EntityDescriptor ID="_6b1f" entityID="http://` + host + `/adfs/services/trust" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` +
		`<RoleDescriptor xsi:type="fed:ApplicationServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/ws-sx/ws-trust/200512" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706">` +
		key("encryption", []byte("of the application role")) + `</RoleDescriptor>` +
		`<RoleDescriptor xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/ws-sx/ws-trust/200512" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706">` +
		keys +
		`<fed:SecurityTokenServiceEndpoint><EndpointReference xmlns="http://www.w3.org/2005/08/addressing"><Address>https://` + host + `/adfs/services/trust/2005/certificatemixed</Address></EndpointReference></fed:SecurityTokenServiceEndpoint>` +
		`<fed:PassiveRequestorEndpoint><EndpointReference xmlns="http://www.w3.org/2005/08/addressing"><Address>https://` + host + `/adfs/ls/</Address></EndpointReference></fed:PassiveRequestorEndpoint>` +
		`</RoleDescriptor>` +
		`<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + key("signing", []byte("of the service provider")) + `</SPSSODescriptor>` +
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + key("encryption", []byte("of the identity provider")) + keys +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://` + host + `/adfs/ls/"/>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://` + host + `/adfs/ls/"/>` +
		`</IDPSSODescriptor></EntityDescriptor>`
}

// saml is metadata of a plain SAML identity provider.
func saml(entity, location string, keys string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor entityID="` + entity + `" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` +
		`<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		strings.NewReplacer("<KeyDescriptor", "<md:KeyDescriptor", "</KeyDescriptor", "</md:KeyDescriptor").Replace(keys) +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="` + location + `"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

// sign signs a document as AD FS does, with the key of the certificate.
func sign(t testing.TB, document string, certificate []byte, change ...func(*dsig.SigningContext)) string {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(document); err != nil {
		t.Fatal(err)
	}
	ctx := dsig.NewDefaultSigningContext(dsig.TLSCertKeyStore(tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: rsaKey()}))
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	for _, c := range change {
		c(ctx)
	}
	signed, err := ctx.SignEnveloped(doc.Root())
	if err != nil {
		t.Fatal(err)
	}
	// AD FS puts the signature first.
	signature := signed.RemoveChildAt(len(signed.Child) - 1)
	signed.InsertChildAt(0, signature)
	doc.SetRoot(signed)
	text, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
