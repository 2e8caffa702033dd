package federation_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

func subjects(all []facts.Certificate) []string {
	out := []string{}
	for _, c := range all {
		out = append(out, strings.TrimPrefix(c.Subject, "CN="))
	}
	return out
}

func TestMetadataNamesTheKeysThatSignTokens(t *testing.T) {
	one, two := signing(t, "one", now.AddDate(-1, 0, 0), now.AddDate(0, 1, 0)), signing(t, "two", now, now.AddDate(1, 0, 0))
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: now, NotAfter: now.AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}, NotBefore: now, NotAfter: now.AddDate(1, 0, 0)}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &rsaKey().PublicKey, rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &rsaKey().PublicKey, rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	okta := saml("http://www.okta.com/exk1", "https://contoso.okta.com/app/office365/exk1/sso/saml", key("", one))
	both := `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + adfs("sts.contoso.com", key("signing", one)) +
		`<EntitiesDescriptor>` + adfs("sts.fabrikam.com", key("signing", two)) + `</EntitiesDescriptor></EntitiesDescriptor>`
	for name, c := range map[string]struct {
		text, issuer string
		entity       string
		subjects     []string
		endpoints    []string
	}{
		"AD FS, one key":                      {adfs("sts.contoso.com", key("signing", one)), "", "http://sts.contoso.com/adfs/services/trust", []string{"one"}, []string{"https://sts.contoso.com/adfs/ls/", "https://sts.contoso.com/adfs/services/trust/2005/certificatemixed"}},
		"AD FS about to roll over":            {adfs("sts.contoso.com", key("signing", one)+key("signing", two)), "", "http://sts.contoso.com/adfs/services/trust", []string{"one", "two"}, nil},
		"a key without a use is for signing":  {okta, "", "http://www.okta.com/exk1", []string{"one"}, []string{"https://contoso.okta.com/app/office365/exk1/sso/saml"}},
		"a key of another use is not":         {saml("x", "https://x/", key("signing", two)+key("encryption", one)), "", "x", []string{"two"}, nil},
		"a chain means its leaf":              {saml("x", "https://x/", key("signing", leafDER, rootDER)), "", "x", []string{"leaf"}, nil},
		"two certificates that are no chain":  {saml("x", "https://x/", key("signing", one, two)), "", "x", []string{"one", "two"}, nil},
		"the issuer chooses among several":    {both, "http://sts.fabrikam.com/adfs/services/trust/", "http://sts.fabrikam.com/adfs/services/trust", []string{"two"}, nil},
		"a byte order mark and white space":   {"\ufeff\r\n" + okta[strings.Index(okta, "<md:"):] + "\n", "", "http://www.okta.com/exk1", []string{"one"}, nil},
		"base64 in lines":                     {strings.Replace(okta, b64(one), "\n  "+b64(one)[:64]+"\n  "+b64(one)[64:]+"\n", 1), "", "http://www.okta.com/exk1", []string{"one"}, nil},
		"comments and processing instruction": {"<!-- hello --><?x y?>" + okta[strings.Index(okta, "<md:"):], "", "http://www.okta.com/exk1", []string{"one"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := federation.DocumentIn([]byte(c.text), c.issuer)
			if err != nil {
				t.Fatal(err)
			}
			if d.EntityID != c.entity || d.Signature != "none" || d.Signer.SHA1 != "" {
				t.Errorf("entity %q, signature %q", d.EntityID, d.Signature)
			}
			if diff := cmp.Diff(c.subjects, subjects(d.Certificates)); diff != "" {
				t.Error(diff)
			}
			if c.endpoints != nil {
				if diff := cmp.Diff(c.endpoints, d.Endpoints); diff != "" {
					t.Error(diff)
				}
			}
			for _, x := range d.Certificates {
				if x.Slot != "published" {
					t.Errorf("slot %q", x.Slot)
				}
			}
		})
	}
}

func TestHostileAndBrokenMetadataIsRefusedInWords(t *testing.T) {
	one := signing(t, "one", now, now.AddDate(1, 0, 0))
	good := adfs("sts.contoso.com", key("signing", one))
	laughs := `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>`
	units := utf16.Encode([]rune(`<?xml version="1.0" encoding="utf-16"?>` + good))
	wide := bytes.NewBuffer([]byte{0xff, 0xfe})
	for _, u := range units {
		wide.Write([]byte{byte(u), byte(u >> 8)})
	}
	var spaces strings.Builder
	for i := range 100 {
		fmt.Fprintf(&spaces, ` xmlns:n%d="urn:%d"`, i, i)
	}
	many := ""
	for i := range 51 {
		many += key("signing", signing(t, fmt.Sprint(i), now, now.AddDate(1, 0, 0)))
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                         {"", "no element"},
		"white space":                     {" \n", "no element"},
		"text":                            {"not found", "no element"},
		"a web page":                      {"<html><body>Sign in</body></html>", "web page"},
		"a web page that is no XML":       {"<!DOCTYPE html><html><br></html>", "document type"},
		"JSON":                            {`{"error":"x"}`, "no element"},
		"a DTD":                           {`<!DOCTYPE EntityDescriptor SYSTEM "file:///etc/passwd">` + good, "document type"},
		"an entity bomb":                  {laughs + strings.Replace(good, "<RoleDescriptor", "&lol2;<RoleDescriptor", 1), "document type"},
		"an entity that nobody declared":  {strings.Replace(good, "<RoleDescriptor", "&x;<RoleDescriptor", 1), "not XML"},
		"nesting":                         {strings.Repeat("<a>", 100_000) + strings.Repeat("</a>", 100_000), "nested deeper"},
		"an element of many attributes":   {`<a` + strings.Repeat(` b="c"`, 1000) + `/>`, "nested deeper"},
		"namespaces without end":          {`<a` + spaces.String() + `/>`, "nested deeper"},
		"elements without end":            {"<a>" + strings.Repeat("<b/>", 20_000) + "</a>", "more parts"},
		"two documents":                   {good + good, "more than one document"},
		"half a document":                 {good[:len(good)/2], "not XML"},
		"elements that end in each other": {"<a><b></a></b>", "not XML"},
		"UTF-16":                          {wide.String(), "not XML"},
		"another encoding":                {`<?xml version="1.0" encoding="windows-1252"?>` + good, "not XML"},
		"bytes that are no text":          {"<a>\xff\xfe</a>", "not XML"},
		"another XML":                     {"<rss/>", "its root is rss"},
		"metadata of another namespace":   {strings.ReplaceAll(good, "urn:oasis:names:tc:SAML:2.0:metadata", "urn:x"), "no metadata"},
		"a service provider":              {`<EntityDescriptor entityID="x" xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><SPSSODescriptor>` + key("signing", one) + `</SPSSODescriptor></EntityDescriptor>`, "no identity provider"},
		"an application":                  {`<EntityDescriptor entityID="x" xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><RoleDescriptor xsi:type="fed:ApplicationServiceType" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` + key("signing", one) + `</RoleDescriptor></EntityDescriptor>`, "no identity provider"},
		"keys for encryption only":        {saml("x", "https://x/", key("encryption", one)), "no certificate for signing"},
		"a key that is no certificate":    {saml("x", "https://x/", `<KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>***</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`), "no certificate for signing"},
		"a key hidden in an extension":    {`<EntityDescriptor entityID="x" xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><IDPSSODescriptor><Extensions>` + key("signing", one) + `</Extensions></IDPSSODescriptor></EntityDescriptor>`, "no certificate for signing"},
		"keys without end":                {saml("x", "https://x/", many), "more than 50"},
		"several, none of them ours":      {`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + good + adfs("sts.fabrikam.com", key("signing", one)) + `</EntitiesDescriptor>`, "2 identity providers"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := federation.DocumentIn([]byte(c.text), "http://sts.tailspin.com/adfs/services/trust/")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if strings.ContainsAny(err.Error(), "\n\x00") || len(err.Error()) > 300 {
				t.Errorf("the error is no line: %q", err)
			}
		})
	}
}

func TestSignatureOfMetadata(t *testing.T) {
	one, two := signing(t, "one", now.AddDate(-1, 0, 0), now.AddDate(0, 1, 0)), signing(t, "two", now, now.AddDate(1, 0, 0))
	old := signing(t, "old", now.AddDate(-3, 0, 0), now.AddDate(-2, 0, 0))
	plain := adfs("sts.contoso.com", key("signing", one)+key("signing", two))
	signed := sign(t, plain, one)
	signature := signed[strings.Index(signed, "<ds:Signature"):strings.Index(signed, "<RoleDescriptor")]
	keyInfo := signed[strings.Index(signed, "<ds:KeyInfo"):strings.Index(signed, "</ds:Signature>")]
	evil := adfs("evil.example", key("signing", signing(t, "evil", now, now.AddDate(1, 0, 0))))
	withReference := func(s *dsig.SigningContext) { s.IdAttribute = "entityID" }
	for name, c := range map[string]struct {
		text, state, signer string
	}{
		"none":                              {plain, "none", ""},
		"valid":                             {signed, "valid", "one"},
		"valid, key expired since":          {sign(t, plain, old), "valid", "old"},
		"valid, without naming the key":     {strings.Replace(signed, keyInfo, "", 1), "valid", "one"},
		"a word changed":                    {strings.Replace(signed, "certificatemixed", "usernamemixed", 1), "invalid", ""},
		"a key added":                       {strings.Replace(signed, "<IDPSSODescriptor", `<IDPSSODescriptor><KeyDescriptor use="signing"/></IDPSSODescriptor><IDPSSODescriptor`, 1), "invalid", ""},
		"the signature of another document": {strings.Replace(evil, "<RoleDescriptor", signature+"<RoleDescriptor", 1), "invalid", ""},
		"two signatures":                    {strings.Replace(signed, "<RoleDescriptor", signature+"<RoleDescriptor", 1), "invalid", ""},
		"of a part that is named otherwise": {sign(t, plain, one, withReference), "invalid", ""},
		"another certificate is named":      {strings.Replace(signed, "<ds:X509Certificate>"+b64(one), "<ds:X509Certificate>"+b64(certificate(t)), 1), "invalid", ""},
		"an algorithm that nobody knows":    {strings.Replace(signed, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", 1), "unchecked", ""},
		"a part of several is signed":       {`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + signed + `</EntitiesDescriptor>`, "unchecked", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := federation.DocumentIn([]byte(c.text), "")
			if err != nil {
				t.Fatal(err)
			}
			if d.Signature != c.state || strings.TrimPrefix(d.Signer.Subject, "CN=") != c.signer {
				t.Errorf("signature %s by %q", d.Signature, d.Signer.Subject)
			}
			if c.state == "valid" && !slices.Equal(subjects(d.Certificates), []string{"one", "two"}) {
				t.Errorf("certificates %v", subjects(d.Certificates))
			}
		})
	}
}

// A key of a size that nobody has would take minutes to verify with.
func TestAnAbsurdKeyIsNotVerifiedWith(t *testing.T) {
	one := signing(t, "one", now, now.AddDate(1, 0, 0))
	huge := *rsaKey()
	huge.N = new(big.Int).Lsh(big.NewInt(1), 100_000)
	huge.N.Add(huge.N, big.NewInt(1))
	c := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "huge"}, NotBefore: now, NotAfter: now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, &x509.Certificate{Subject: pkix.Name{CommonName: "x"}}, &huge.PublicKey, rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	signed := strings.Replace(sign(t, adfs("sts.contoso.com", key("signing", one)), one), "<ds:X509Certificate>"+b64(one), "<ds:X509Certificate>"+b64(der), 1)
	d, err := federation.DocumentIn([]byte(signed), "")
	if err != nil || d.Signature != "unchecked" {
		t.Errorf("%v, signature %s", err, d.Signature)
	}
}

func TestMetadataAgainstTheTrust(t *testing.T) {
	parsed := func(slot, name string, der []byte) facts.Certificate {
		return federation.ParseCertificate(slot, b64(der))
	}
	one, two, three := signing(t, "one", now, now.AddDate(1, 0, 0)), signing(t, "two", now, now.AddDate(1, 0, 0)), signing(t, "three", now, now.AddDate(1, 0, 0))
	trust := func(passive string, held ...[]byte) facts.Federation {
		f := facts.Federation{PassiveURI: passive}
		for i, der := range held {
			f.Certificates = append(f.Certificates, parsed([]string{"current", "next"}[i], "", der))
		}
		return f
	}
	sha := func(der []byte) string { return parsed("", "", der).SHA1 }
	yes, no := true, false
	for name, c := range map[string]struct {
		text          string
		trust         facts.Federation
		unknown, gone []string
		covered, none bool
		same, held    *bool
	}{
		"the same":                         {adfs("sts.contoso.com", key("signing", one)), trust("https://sts.contoso.com/adfs/ls/", one), []string{}, []string{}, true, false, &yes, nil},
		"the same, staged":                 {adfs("sts.contoso.com", key("signing", one)+key("signing", two)), trust("https://STS.contoso.com:443/adfs/LS", one, two), []string{}, []string{}, true, false, &yes, nil},
		"one more is published":            {adfs("sts.contoso.com", key("signing", one)+key("signing", two)), trust("https://sts.contoso.com/adfs/ls/", one), []string{sha(two)}, []string{}, false, false, &yes, nil},
		"one more is held":                 {adfs("sts.contoso.com", key("signing", one)), trust("https://other.contoso.com/adfs/ls/", one, three), []string{}, []string{sha(three)}, true, false, &no, nil},
		"nothing in common":                {adfs("sts.contoso.com", key("signing", two)), trust("https://sts.contoso.com/adfs/ls/", one), []string{sha(two)}, []string{sha(one)}, false, true, &yes, nil},
		"no certificate is held":           {adfs("sts.contoso.com", key("signing", two)), trust(""), []string{sha(two)}, []string{}, false, true, nil, nil},
		"signed with a key that is held":   {sign(t, adfs("sts.contoso.com", key("signing", one)), one), trust("https://sts.contoso.com/adfs/ls/", one), []string{}, []string{}, true, false, &yes, &yes},
		"signed with a key that is not":    {sign(t, adfs("sts.contoso.com", key("signing", one)), three), trust("https://sts.contoso.com/adfs/ls/", one), []string{}, []string{}, true, false, &yes, &no},
		"the very same held twice":         {adfs("sts.contoso.com", key("signing", two)), trust("https://sts.contoso.com/adfs/ls/", one, one), []string{sha(two)}, []string{sha(one)}, false, true, &yes, nil},
		"an active endpoint is no browser": {adfs("sts.contoso.com", key("signing", one)), trust("https://sts.contoso.com/adfs/services/trust/2005/certificatemixed", one), []string{}, []string{}, true, false, &no, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := federation.DocumentIn([]byte(c.text), "")
			if err != nil {
				t.Fatal(err)
			}
			m := d.Against(c.trust)
			want := m
			want.Unknown, want.Gone, want.Covered, want.None, want.Same, want.KeyHeld = c.unknown, c.gone, c.covered, c.none, c.same, c.held
			if diff := cmp.Diff(want, m); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValidUntil(t *testing.T) {
	one := signing(t, "one", now, now.AddDate(1, 0, 0))
	for text, want := range map[string]string{
		"2026-12-01T00:00:00Z": "2026-12-01T00:00:00Z", "2026-12-01T02:00:00.5+02:00": "2026-12-01T00:00:00.5Z",
		"2026-12-01T00:00:00": "2026-12-01T00:00:00Z", "soon": "", "": "",
	} {
		d, err := federation.DocumentIn([]byte(strings.Replace(saml("x", "https://x/", key("", one)), "entityID=", `validUntil="`+text+`" entityID=`, 1)), "")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if d.ValidUntil != nil {
			got = d.ValidUntil.Format("2006-01-02T15:04:05.999Z07:00")
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzParseMetadata(f *testing.F) {
	one := signing(f, "one", now, now.AddDate(1, 0, 0))
	plain := adfs("sts.contoso.com", key("signing", one))
	for _, seed := range []string{
		plain, sign(f, plain, one), saml("x", "https://x/", key("", one)), "<a/>", "", "<!DOCTYPE a>",
		`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + plain + `</EntitiesDescriptor>`,
	} {
		f.Add([]byte(seed), "http://sts.contoso.com/adfs/services/trust")
	}
	f.Fuzz(func(t *testing.T, text []byte, issuer string) {
		d, err := federation.DocumentIn(text, issuer)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 1000 {
				t.Errorf("no line: %q", err)
			}
			return
		}
		if len(d.Certificates) == 0 || !slices.Contains([]string{"valid", "invalid", "none", "unchecked"}, d.Signature) || (d.Signature == "valid") != (d.Signer.SHA256 != "") {
			t.Errorf("%+v", d)
		}
		d.Against(facts.Federation{PassiveURI: issuer, Certificates: d.Certificates})
	})
}
