package graph_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"signpost/graph"
)

const (
	tenantID = "7e2a9d10-5c1b-4c57-9b1e-3f0c0f6a1e01"
	clientID = "c0ffee00-1234-4abc-8def-000000000001"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestFromEnvChoosesTheCredential(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	app := []string{"AZURE_TENANT_ID", tenantID, "AZURE_CLIENT_ID", clientID}
	for name, c := range map[string]struct {
		env  []string
		want graph.Config
	}{
		"client secret":           {append(app, "AZURE_CLIENT_SECRET", "s3cret"), graph.Config{ClientSecret: "s3cret"}},
		"client secret in a file": {append(app, "AZURE_CLIENT_SECRET_FILE", file), graph.Config{ClientSecret: "from the file"}},
		"certificate": {append(app, "AZURE_CLIENT_CERTIFICATE_PATH", "/c.pfx", "AZURE_CLIENT_CERTIFICATE_PASSWORD", " pw "),
			graph.Config{CertificatePath: "/c.pfx", CertificatePassword: " pw "}},
		"workload identity": {append(app, "AZURE_FEDERATED_TOKEN_FILE", "/token"), graph.Config{FederatedTokenFile: "/token"}},
		"workload identity on a platform that offers a managed identity too": {
			append(app, "AZURE_FEDERATED_TOKEN_FILE", "/token", "IDENTITY_ENDPOINT", "http://x"), graph.Config{FederatedTokenFile: "/token"}},
		"managed identity of the platform":    {[]string{"IDENTITY_ENDPOINT", "http://x"}, graph.Config{ManagedIdentity: true}},
		"managed identity of older hosts":     {[]string{"MSI_ENDPOINT", "http://x"}, graph.Config{ManagedIdentity: true}},
		"user-assigned identity on a machine": {[]string{"AZURE_CLIENT_ID", clientID}, graph.Config{ManagedIdentity: true, ClientID: clientID}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := graph.FromEnv(env(c.env...))
			if err != nil {
				t.Fatal(err)
			}
			c.want.TenantID = env(c.env...)("AZURE_TENANT_ID")
			if c.want.ClientID == "" {
				c.want.ClientID = env(c.env...)("AZURE_CLIENT_ID")
			}
			if got.ClientSecret != c.want.ClientSecret || got.CertificatePath != c.want.CertificatePath || got.CertificatePassword != c.want.CertificatePassword ||
				got.FederatedTokenFile != c.want.FederatedTokenFile || got.ManagedIdentity != c.want.ManagedIdentity || got.TenantID != c.want.TenantID || got.ClientID != c.want.ClientID {
				t.Errorf("got another credential than %q asks for", name)
			}
			if !graph.Configured(env(c.env...)) {
				t.Error("not configured")
			}
		})
	}
}

func TestFromEnvSaysWhatIsWrongAndHowToMendIt(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	app := []string{"AZURE_TENANT_ID", tenantID, "AZURE_CLIENT_ID", clientID, "AZURE_CLIENT_SECRET", "s3cret~value"}
	for name, c := range map[string]struct {
		env  []string
		want []string
	}{
		"nothing but a tenant":    {[]string{"AZURE_TENANT_ID", tenantID}, []string{"AZURE_CLIENT_ID is missing", "no credential"}},
		"no credential":           {app[:4], []string{"no credential: set AZURE_CLIENT_SECRET"}},
		"no tenant":               {app[2:], []string{"AZURE_TENANT_ID is missing"}},
		"a tenant that is none":   {append(app[2:], "AZURE_TENANT_ID", "a tenant"), []string{`"a tenant" is no tenant`}},
		"every tenant":            {append(app[2:], "AZURE_TENANT_ID", "common"), []string{"names no one tenant"}},
		"an unknown cloud":        {append(app, "SIGNPOST_CLOUD", "mars"), []string{`"mars" is unknown`, "usgov"}},
		"a Graph with a version":  {append(app, "SIGNPOST_GRAPH_URL", "https://graph.microsoft.com/v1.0"), []string{"SIGNPOST_GRAPH_URL", "without /v1.0"}},
		"a Graph in the clear":    {append(app, "SIGNPOST_GRAPH_URL", "http://graph.example"), []string{"not https"}},
		"an authority without //": {append(app, "AZURE_AUTHORITY_HOST", "login.example"), []string{"AZURE_AUTHORITY_HOST", "https://host"}},
		"a missing secret file":   {append(app[:4:4], "AZURE_CLIENT_SECRET_FILE", "/no/such/file"), []string{"AZURE_CLIENT_SECRET_FILE cannot be read"}},
		"an empty secret file":    {append(app[:4:4], "AZURE_CLIENT_SECRET_FILE", empty), []string{"is empty"}},
		"two secrets":             {append(app, "AZURE_CLIENT_SECRET_FILE", empty), []string{"keep one"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := graph.FromEnv(env(c.env...))
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
			if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q holds the secret, or is more than a line", err)
			}
		})
	}
}

func TestConfiguredIsFalseWithoutAnyVariable(t *testing.T) {
	if graph.Configured(env("AZURE_AUTHORITY_HOST", "https://x", "SIGNPOST_CLOUD", "china")) {
		t.Error("configured, though no identity is named")
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	cfg, err := graph.FromEnv(env("AZURE_TENANT_ID", tenantID, "AZURE_CLIENT_ID", clientID, "AZURE_CLIENT_SECRET", "s3cret~value"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "config", cfg, "secret", cfg.ClientSecret)
	text, _ := json.Marshal(map[string]any{"secret": cfg.ClientSecret})
	for how, shown := range map[string]string{
		"%v": fmt.Sprintf("%v", cfg), "%+v": fmt.Sprintf("%+v", cfg), "%#v": fmt.Sprintf("%#v", cfg), "slog": b.String(), "JSON": string(text),
	} {
		if strings.Contains(shown, "s3cret") {
			t.Errorf("%s shows the secret: %s", how, shown)
		}
	}
}
