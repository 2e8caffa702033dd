package graph

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// refusedFor is how long a refused credential is not tried again. Nine reads of one paste would otherwise ask nine
// times, and Entra locks out who asks too often.
const refusedFor = 10 * time.Second

// credential gets tokens through azidentity. It tells its own failures apart from Graph's ([tokenError]), and remembers a
// refusal for a while.
type credential struct {
	source azcore.TokenCredential
	host   string // the authority host, for sentences
	clock  Clock

	own ownKey // what Signpost signs in with

	turn    chan struct{} // holds one: the right to ask, and to use what follows
	refused error
	until   time.Time
}

// ownKey is what is known without asking anybody of the secret or certificate that Signpost signs in with. It is empty for an
// identity that has neither: a federated or a managed one.
type ownKey struct {
	certificate *x509.Certificate
	hint        string // the first three characters of the client secret, by which Graph tells secrets apart
}

// newCredential builds the azidentity credential that the configuration names.
func newCredential(cfg Config, transport http.RoundTripper) (*credential, error) {
	authority := cfg.authority()
	u, err := url.Parse(authority)
	if err != nil {
		return nil, fmt.Errorf("cannot use the authority host: %w", err)
	}
	options := azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: authority + "/"},
		Transport: &http.Client{Transport: transport, Timeout: 20 * time.Second},
		Retry:     policy.RetryOptions{MaxRetries: 1, RetryDelay: 500 * time.Millisecond, MaxRetryDelay: 5 * time.Second},
	}
	offline := !microsoft(u.Hostname()) // instance discovery would ask Microsoft about a host that it does not know
	c := &credential{host: u.Host, clock: cfg.Clock, turn: make(chan struct{}, 1)}
	switch {
	case cfg.ClientSecret != "":
		c.own.hint = string([]rune(string(cfg.ClientSecret))[:min(3, len([]rune(string(cfg.ClientSecret))))])
		c.source, err = azidentity.NewClientSecretCredential(cfg.TenantID, cfg.ClientID, string(cfg.ClientSecret),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: offline})
	case cfg.CertificatePath != "":
		return c, c.useCertificate(cfg, options, offline)
	case cfg.FederatedTokenFile != "":
		c.source, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: offline,
			TenantID: cfg.TenantID, ClientID: cfg.ClientID, TokenFilePath: cfg.FederatedTokenFile,
		})
	case cfg.ManagedIdentity:
		managed := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if cfg.ClientID != "" {
			managed.ID = azidentity.ClientID(cfg.ClientID)
		}
		c.host = "the managed identity endpoint"
		c.source, err = azidentity.NewManagedIdentityCredential(managed)
	default:
		return nil, errors.New("no credential is configured")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use the credential: %w", err)
	}
	return c, nil
}

func (c *credential) useCertificate(cfg Config, options azcore.ClientOptions, offline bool) error {
	text, err := os.ReadFile(cfg.CertificatePath)
	if err != nil {
		return fmt.Errorf("cannot read AZURE_CLIENT_CERTIFICATE_PATH: %w", err)
	}
	certs, key, err := azidentity.ParseCertificates(text, []byte(cfg.CertificatePassword))
	if err != nil {
		return fmt.Errorf("cannot use the certificate of AZURE_CLIENT_CERTIFICATE_PATH (it must hold certificate and private key, and a PKCS#12 file its password in AZURE_CLIENT_CERTIFICATE_PASSWORD): %w", err)
	}
	c.own.certificate = leafOf(certs, key)
	c.source, err = azidentity.NewClientCertificateCredential(cfg.TenantID, cfg.ClientID, certs, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: offline})
	if err != nil {
		return fmt.Errorf("cannot use the certificate of AZURE_CLIENT_CERTIFICATE_PATH: %w", err)
	}
	return nil
}

// leafOf is the certificate of a private key among those of a file, which may hold the authorities as well; nil for none.
func leafOf(certs []*x509.Certificate, key crypto.PrivateKey) *x509.Certificate {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil
	}
	for _, c := range certs {
		if public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && public.Equal(signer.Public()) {
			return c
		}
	}
	return nil
}

// GetToken gets an access token: azidentity's own, while that is good. One caller asks at a time, so that a refusal is met
// once. Every error is a *tokenError, except that of a caller who gave up.
func (c *credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	}
	if c.refused != nil && c.clock.Now().Before(c.until) {
		return azcore.AccessToken{}, c.refused
	}
	token, err := c.source.GetToken(ctx, o)
	if err == nil {
		c.refused = nil
		return token, nil
	}
	if ctx.Err() != nil {
		return azcore.AccessToken{}, ctx.Err()
	}
	c.refused, c.until = &tokenError{says: c.explain(err), cause: err}, c.clock.Now().Add(refusedFor)
	return azcore.AccessToken{}, c.refused
}

// tokenError is a failure to get a token for Signpost itself. Its text is fit for a thread: azidentity's own text prints
// the whole response.
type tokenError struct {
	says  string
	cause error
}

func (e *tokenError) Error() string { return e.says }
func (e *tokenError) Unwrap() error { return e.cause }

var aadsts = regexp.MustCompile(`AADSTS(\d{4,9})`)

// explain says why no token was to be had, and whose credential it is about: the reader has just pasted an AADSTS code of
// their own.
func (c *credential) explain(err error) string {
	if m := aadsts.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Sprintf("Signpost's own credential was refused: AADSTS%s%s", m[1], tokenAdvice(m[1]))
	}
	var failed *azidentity.AuthenticationFailedError
	if errors.As(err, &failed) && failed.RawResponse != nil {
		return fmt.Sprintf("Signpost got no token for itself: %s answered %d", c.host, failed.RawResponse.StatusCode)
	}
	// azidentity hands on the text of a network error, not the error. What was wrong stands behind the URL.
	said := network(err)
	if i := strings.LastIndex(err.Error(), "\": "); i >= 0 {
		said = cut(err.Error()[i+3:], 160)
	}
	if strings.Contains(said, "x509:") {
		said = untrusted
	}
	return fmt.Sprintf("Signpost got no token for itself from %s: %s", c.host, said)
}

// tokenAdvice is what the operator of Signpost does about the codes that a bot's own credential meets.
func tokenAdvice(code string) string {
	switch code {
	case "7000215":
		return " (the client secret is wrong; AZURE_CLIENT_SECRET takes the secret's value, not its id)"
	case "7000222":
		return " (the client secret has expired; make a new one for Signpost's app registration)"
	case "700016":
		return " (no app with AZURE_CLIENT_ID exists in this tenant; check both ids and the cloud)"
	case "90002", "900023":
		return " (AZURE_TENANT_ID is no tenant of this cloud)"
	case "700027", "700025":
		return " (the certificate is not registered with Signpost's app registration)"
	case "700024":
		return " (the client assertion is out of its time; check this machine's clock)"
	case "700211", "700212", "700213", "70021":
		return " (no federated credential of the app registration matches this workload)"
	case "7000112":
		return " (Signpost's app registration is disabled)"
	case "53003":
		return " (Conditional Access for workload identities blocks Signpost)"
	}
	return ""
}

// claims are those of our own access token that the doctor reports. They are read without verification: the token is for
// Graph, which verifies it.
type claims struct {
	Tenant string   `json:"tid"`
	App    string   `json:"app_displayname"`
	AppID  string   `json:"appid"`
	Roles  []string `json:"roles"`
}

// decodeClaims reads the claims of an access token. ok is false where the token is opaque.
func decodeClaims(token string) (c claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, false
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &c) != nil {
		return claims{}, false
	}
	return c, true
}
