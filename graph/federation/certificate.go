package federation

import (
	"crypto/sha1" //nolint:gosec // AD FS and Entra show SHA-1 thumbprints; nothing is verified with it
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"time"
	"unicode"

	"signpost/graph/facts"
)

// The slots of a trust's token-signing certificates.
const (
	Current = "current" // signingCertificate
	Next    = "next"    // nextSigningCertificate: also validates, and takes over at the rollover
)

// Published is the slot of a certificate in the identity provider's metadata.
const Published = "published"

// ParseCertificate reads a token-signing certificate as Graph holds it: base64 of DER, at times with line breaks or PEM
// armour. It always returns a certificate with the slot; where the text is none, Problem says why and the rest is empty.
//
// https://learn.microsoft.com/graph/api/resources/internaldomainfederation
func ParseCertificate(slot, text string) facts.Certificate {
	c := facts.Certificate{Slot: slot}
	der, problem := decode(text)
	if problem != "" {
		c.Problem = problem
		return c
	}
	one, two := sha1.Sum(der), sha256.Sum256(der)
	c.SHA1 = strings.ToUpper(hex.EncodeToString(one[:]))
	c.SHA256 = strings.ToUpper(hex.EncodeToString(two[:]))
	x, err := x509.ParseCertificate(der)
	if err != nil {
		c.Problem = "not an X.509 certificate: " + strings.TrimPrefix(err.Error(), "x509: ")
		return c
	}
	c.Subject, c.Issuer = x.Subject.String(), x.Issuer.String()
	c.NotBefore, c.NotAfter = x.NotBefore.UTC(), x.NotAfter.UTC()
	return c
}

// LastEnds returns the end of the certificate that is valid longest, or nil where none could be parsed.
func LastEnds(certs []facts.Certificate) *time.Time {
	var last *time.Time
	for _, c := range certs {
		if c.Problem == "" && (last == nil || c.NotAfter.After(*last)) {
			end := c.NotAfter
			last = &end
		}
	}
	return last
}

func decode(text string) (der []byte, problem string) {
	if strings.Contains(text, "-----BEGIN") {
		if block, _ := pem.Decode([]byte(text)); block != nil {
			return block.Bytes, ""
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\ufeff' {
			return -1
		}
		return r
	}, text)
	if text == "" {
		return nil, "empty"
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		der, err = base64.RawStdEncoding.DecodeString(text)
	}
	if err != nil {
		return nil, "not base64"
	}
	return der, ""
}
