package bot

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/slack-go/slack"
)

// TestManifestFile holds manifest.yml to the manifest that the command prints, and to slack-go's own idea of one.
func TestManifestFile(t *testing.T) {
	file, err := os.ReadFile("../manifest.yml")
	if err != nil {
		t.Fatal(err)
	}
	want, err := ManifestYAML("")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, want) {
		t.Errorf("manifest.yml is not what `signpost manifest` prints; write it again with `go run ./cmd/signpost manifest > manifest.yml`")
	}
	var m slack.Manifest
	if err := yaml.UnmarshalWithOptions(file, &m, yaml.Strict()); err != nil {
		t.Fatalf("slack-go does not know a key: %v", err)
	}
	if !m.Settings.SocketModeEnabled || m.Settings.EventSubscriptions.RequestUrl != "" || m.Features.SlashCommands[0].Url != "" {
		t.Error("manifest.yml is for Socket Mode and must name no address")
	}
}

// TestManifestLimits holds both manifests to Slack's limits. https://docs.slack.dev/reference/app-manifest
func TestManifestLimits(t *testing.T) {
	for _, url := range []string{"", "https://signpost.contoso.com"} {
		m := Manifest(url)
		for name, n := range map[string][3]int{
			"name": {len(m.Display.Name), 1, 35}, "description": {len(m.Display.Description), 1, 140},
			"long description": {len(m.Display.LongDescription), 174, 4000}, "command description": {len(m.Features.SlashCommands[0].Description), 1, 2000},
		} {
			if n[0] < n[1] || n[0] > n[2] {
				t.Errorf("%s has %d characters, want %d to %d", name, n[0], n[1], n[2])
			}
		}
		if url != "" && (!strings.HasPrefix(m.Settings.EventSubscriptions.RequestUrl, url) || m.Settings.SocketModeEnabled) {
			t.Error("the manifest for HTTP does not name the address")
		}
	}
}

// TestScopesAreLeast holds the manifest to scopes that say what they are for, and to none that let the bot in unasked.
func TestScopesAreLeast(t *testing.T) {
	for _, s := range scopes {
		if s.why == "" {
			t.Errorf("scope %s says nothing about why", s.name)
		}
		switch s.name {
		case "chat:write.public", "chat:write.customize", "channels:join", "metadata.message:read":
			t.Errorf("scope %s is more than is needed", s.name)
		}
	}
	for _, name := range optionalScopes {
		if !slices.ContainsFunc(scopes, func(s struct{ name, why string }) bool { return s.name == name }) {
			t.Errorf("scope %s is optional and not among the others, where Slack wants it too", name)
		}
	}
}
