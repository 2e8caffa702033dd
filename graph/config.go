package graph

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"signpost/graph/facts"
)

// Secret is a text that never shows itself in logs or in formatted output.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[hidden]"
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Config says which tenant is read and as whom. [FromEnv] fills it from the environment.
type Config struct {
	TenantID string // AZURE_TENANT_ID: the directory (tenant) id, or one of its domain names
	ClientID string // AZURE_CLIENT_ID: the application (client) id of Signpost's app registration, or of a user-assigned managed identity

	// The credential: the first of these that is set is used.
	ClientSecret        Secret // AZURE_CLIENT_SECRET, or the content of the file AZURE_CLIENT_SECRET_FILE
	CertificatePath     string // AZURE_CLIENT_CERTIFICATE_PATH: a PEM or PKCS#12 file with certificate and private key
	CertificatePassword Secret // AZURE_CLIENT_CERTIFICATE_PASSWORD: of the PKCS#12 file; "" where it has none
	FederatedTokenFile  string // AZURE_FEDERATED_TOKEN_FILE: workload identity; Kubernetes keeps the file fresh
	ManagedIdentity     bool   // the identity of the Azure resource that Signpost runs on

	AuthorityHost string // AZURE_AUTHORITY_HOST: where tokens come from; "" means that of the cloud
	Cloud         string // SIGNPOST_CLOUD: public (the default), usgov, dod or china
	GraphURL      string // SIGNPOST_GRAPH_URL: root of Graph without /v1.0; "" means that of the cloud

	// Metadata is the address of the federation metadata of a domain's identity provider, by domain: https, and where it
	// cannot be guessed. Its host may have any address, also a link-local one. It comes from the file, not the environment.
	Metadata map[string]string

	// RootCAs are the authorities that certificates of Graph, of the authority host and of identity providers are checked
	// against; nil means the system's, or those of SSL_CERT_FILE. For tests and the demo, whose tenant has a certificate of its own.
	RootCAs *x509.CertPool
	// Clock is the time that windows, ages, caches and budgets go by. The zero Clock is the system's.
	Clock Clock
}

// Clock is a source of time. Tests put their own in its place: both functions, so that whoever waits with one sees the
// other move.
type Clock struct {
	Now   func() time.Time                       // the time now
	After func(d time.Duration) <-chan time.Time // delivers once d has passed
}

func (c Clock) orSystem() Clock {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	return c
}

// clouds holds, for each national cloud, where tokens come from and where Graph is.
// https://learn.microsoft.com/graph/deployments
func clouds(name string) (authority, graph string, ok bool) {
	switch name {
	case "", "public":
		return "https://login.microsoftonline.com", "https://graph.microsoft.com", true
	case "usgov":
		return "https://login.microsoftonline.us", "https://graph.microsoft.us", true
	case "dod":
		return "https://login.microsoftonline.us", "https://dod-graph.microsoft.us", true
	case "china":
		return "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", true
	}
	return "", "", false
}

// microsoft reports whether a host is one that Microsoft serves tokens from, so that instance discovery knows it.
func microsoft(host string) bool {
	switch strings.ToLower(host) {
	case "login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn", "login.partner.microsoftonline.cn",
		"login.microsoft.com", "login.windows.net", "sts.windows.net", "login-us.microsoftonline.com",
		"login.sovcloud-identity.fr", "login.sovcloud-identity.de", "login.sovcloud-identity.sg":
		return true
	}
	return false
}

// Configured reports whether the environment names a tenant or an identity at all, so that an error of [FromEnv] is
// worth showing. Without, Signpost answers from the text alone.
func Configured(getenv func(string) string) bool {
	for _, name := range []string{
		"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_SECRET_FILE",
		"AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "MSI_ENDPOINT",
	} {
		if getenv(name) != "" {
			return true
		}
	}
	return false
}

// FromEnv reads the configuration from the environment variables that the fields of [Config] name.
//
// A managed identity is used where nothing else is given and either the platform offers one (IDENTITY_ENDPOINT or
// MSI_ENDPOINT is set, as on App Service and Container Apps) or AZURE_CLIENT_ID stands alone, without AZURE_TENANT_ID (a
// user-assigned identity on a virtual machine).
//
// The error names every variable that is wrong or missing and how to mend it, and holds no secret.
func FromEnv(getenv func(string) string) (Config, error) {
	env := func(name string) string { return strings.TrimSpace(getenv(name)) }
	cfg := Config{
		TenantID: env("AZURE_TENANT_ID"), ClientID: env("AZURE_CLIENT_ID"),
		ClientSecret:    Secret(env("AZURE_CLIENT_SECRET")),
		CertificatePath: env("AZURE_CLIENT_CERTIFICATE_PATH"), CertificatePassword: Secret(getenv("AZURE_CLIENT_CERTIFICATE_PASSWORD")),
		FederatedTokenFile: env("AZURE_FEDERATED_TOKEN_FILE"),
		AuthorityHost:      env("AZURE_AUTHORITY_HOST"), Cloud: env("SIGNPOST_CLOUD"), GraphURL: env("SIGNPOST_GRAPH_URL"),
	}
	var wrong []error
	if path := env("AZURE_CLIENT_SECRET_FILE"); path != "" {
		switch text, err := os.ReadFile(path); {
		case cfg.ClientSecret != "":
			wrong = append(wrong, errors.New("AZURE_CLIENT_SECRET and AZURE_CLIENT_SECRET_FILE are both set: keep one"))
		case err != nil:
			wrong = append(wrong, fmt.Errorf("AZURE_CLIENT_SECRET_FILE cannot be read: %w", err))
		case strings.TrimSpace(string(text)) == "":
			wrong = append(wrong, fmt.Errorf("AZURE_CLIENT_SECRET_FILE: %s is empty", path))
		default:
			cfg.ClientSecret = Secret(strings.TrimSpace(string(text)))
		}
	}
	given := cfg.ClientSecret != "" || cfg.CertificatePath != "" || cfg.FederatedTokenFile != "" || env("AZURE_CLIENT_SECRET_FILE") != ""
	if !given && (env("IDENTITY_ENDPOINT") != "" || env("MSI_ENDPOINT") != "" || cfg.ClientID != "" && cfg.TenantID == "") {
		cfg.ManagedIdentity = true
	}
	wrong = append(wrong, cfg.check(given)...)
	if len(wrong) > 0 {
		return Config{}, oneLine(wrong)
	}
	return cfg, nil
}

// check complains about every field that cannot be used.
func (c Config) check(credentialNamed bool) []error {
	var wrong []error
	if !c.ManagedIdentity {
		if c.TenantID == "" {
			wrong = append(wrong, errors.New("AZURE_TENANT_ID is missing: set the directory (tenant) id of your tenant"))
		}
		if c.ClientID == "" {
			wrong = append(wrong, errors.New("AZURE_CLIENT_ID is missing: set the application (client) id of Signpost's app registration"))
		}
		if !credentialNamed {
			wrong = append(wrong, errors.New("no credential: set AZURE_CLIENT_SECRET, AZURE_CLIENT_SECRET_FILE, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE"))
		}
	}
	if c.TenantID != "" && !tenantName.MatchString(c.TenantID) {
		wrong = append(wrong, fmt.Errorf("AZURE_TENANT_ID %q is no tenant: it is a GUID or a domain name", c.TenantID))
	}
	switch strings.ToLower(c.TenantID) {
	case "common", "organizations", "consumers":
		wrong = append(wrong, fmt.Errorf("AZURE_TENANT_ID %q names no one tenant: an app reads one tenant, so set its id", c.TenantID))
	}
	if _, _, ok := clouds(c.Cloud); !ok {
		wrong = append(wrong, fmt.Errorf("SIGNPOST_CLOUD %q is unknown: it is public, usgov, dod or china", c.Cloud))
	}
	for name, text := range map[string]string{"AZURE_AUTHORITY_HOST": c.AuthorityHost, "SIGNPOST_GRAPH_URL": c.GraphURL} {
		if _, err := root(text); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
		}
	}
	for domain, address := range c.Metadata {
		if err := facts.CheckMetadataAddress(domain, address); err != nil {
			wrong = append(wrong, err)
		}
	}
	return wrong
}

// tenantName is what azidentity accepts as a tenant.
var tenantName = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)

// root parses the root of a service: https, a host, nothing behind it.
func root(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("%q is no URL: write it as https://host", text)
	case u.Scheme != "https":
		return nil, fmt.Errorf("%q is not https: tokens are not sent in the clear", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the URL holds more than a host: write it as https://host")
	case strings.Trim(u.Path, "/") != "":
		return nil, fmt.Errorf("%q has a path: write the root alone, without /v1.0", text)
	}
	return u, nil
}

// authority is where tokens come from, without a slash at the end.
func (c Config) authority() string {
	if c.AuthorityHost != "" {
		return strings.TrimRight(c.AuthorityHost, "/")
	}
	host, _, _ := clouds(c.Cloud)
	return host
}

// graphRoot is where Graph is, without a slash at the end.
func (c Config) graphRoot() string {
	if c.GraphURL != "" {
		return strings.TrimRight(c.GraphURL, "/")
	}
	_, host, _ := clouds(c.Cloud)
	return host
}

// oneLine joins errors in one line: a terminal shows it as one complaint.
func oneLine(errs []error) error {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}
