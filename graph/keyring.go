package graph

import (
	"crypto/sha1" // thumbprints of certificates are SHA-1 everywhere in Entra; nothing is secured by it here
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"signpost/graph/facts"
)

// keyring is the secrets and certificates of an app or a service principal. Graph never gives the values of secrets.
// https://learn.microsoft.com/graph/api/resources/passwordcredential
// https://learn.microsoft.com/graph/api/resources/keycredential
type keyring struct {
	Secrets []struct {
		KeyID string     `json:"keyId"`
		Name  string     `json:"displayName"`
		Hint  string     `json:"hint"`
		Start *time.Time `json:"startDateTime"`
		End   *time.Time `json:"endDateTime"`
	} `json:"passwordCredentials"`
	Certificates []struct {
		KeyID      string     `json:"keyId"`
		Name       string     `json:"displayName"`
		Usage      string     `json:"usage"`
		Identifier string     `json:"customKeyIdentifier"`
		Key        string     `json:"key"`
		Start      *time.Time `json:"startDateTime"`
		End        *time.Time `json:"endDateTime"`
	} `json:"keyCredentials"`
}

func (k keyring) credentials() []facts.Credential {
	all := []facts.Credential{}
	moment := func(t *time.Time) time.Time {
		if t == nil {
			return time.Time{}
		}
		return t.UTC()
	}
	for _, s := range k.Secrets {
		if s.KeyID == "" {
			continue
		}
		all = append(all, facts.Credential{Kind: "secret", KeyID: strings.ToLower(s.KeyID), Name: s.Name, Hint: s.Hint, Starts: moment(s.Start), Ends: moment(s.End)})
	}
	for _, c := range k.Certificates {
		if c.KeyID == "" {
			continue
		}
		all = append(all, facts.Credential{Kind: "certificate", KeyID: strings.ToLower(c.KeyID), Name: c.Name, Usage: c.Usage, SHA1: thumbprint(c.Key, c.Identifier), Starts: moment(c.Start), Ends: moment(c.End)})
	}
	return all
}

// thumbprint is the SHA-1 of a certificate in upper-case hexadecimal, "" where it cannot be told. Graph gives the
// certificate itself where a single object is read; otherwise customKeyIdentifier is the thumbprint, unless whoever added
// the certificate chose another: it comes as base64 of the bytes, as base64 of the digits, or as the digits themselves.
func thumbprint(key, identifier string) string {
	if der, err := base64.StdEncoding.DecodeString(key); err == nil && len(der) > 100 {
		sum := sha1.Sum(der)
		return strings.ToUpper(hex.EncodeToString(sum[:]))
	}
	digits := func(s string) string {
		if b, err := hex.DecodeString(s); err == nil && len(b) == sha1.Size {
			return strings.ToUpper(s)
		}
		return ""
	}
	if s := digits(identifier); s != "" {
		return s
	}
	raw, err := base64.StdEncoding.DecodeString(identifier)
	if err != nil {
		raw, err = base64.RawStdEncoding.DecodeString(identifier)
	}
	switch {
	case err != nil:
		return ""
	case len(raw) == sha1.Size:
		return strings.ToUpper(hex.EncodeToString(raw))
	}
	return digits(string(raw))
}
