package tenantfake

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// MetadataPath is where an AD FS publishes its federation metadata.
const MetadataPath = "/federationmetadata/2007-06/federationmetadata.xml"

// published serves what an identity provider publishes.
func (s *Server) published(w http.ResponseWriter, r *http.Request, path string) {
	text, ok := s.snapshot().Published[path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	publish(w, r, text)
}

// publish sends a document, or says that it has not changed.
func publish(w http.ResponseWriter, r *http.Request, text string) {
	sum := sha256.Sum256([]byte(text))
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write([]byte(text))
}

// FederationMetadata is the metadata of an AD FS on a host, with its token-signing certificates as base64, the primary one
// first. It is not signed.
func FederationMetadata(host string, certificates ...string) string {
	var keys strings.Builder
	for _, c := range certificates {
		keys.WriteString(`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + c + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`)
	}
	return `<EntityDescriptor ID="_5f0c" entityID="http://` + host + `/adfs/services/trust" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` +
		`<RoleDescriptor xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706">` + keys.String() +
		`<fed:PassiveRequestorEndpoint><EndpointReference xmlns="http://www.w3.org/2005/08/addressing"><Address>https://` + host + `/adfs/ls/</Address></EndpointReference></fed:PassiveRequestorEndpoint></RoleDescriptor>` +
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + keys.String() +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://` + host + `/adfs/ls/"/></IDPSSODescriptor></EntityDescriptor>`
}
