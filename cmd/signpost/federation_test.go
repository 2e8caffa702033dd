package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestFederationExitCodes(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		code int
		says string // on standard error; "" for nothing
		out  string // on standard output
	}{
		"a tenant with an expired certificate": {[]string{"--tenant", "demo"}, 2, "", "northwind.example: AD FS; 2 accounts; with eu.northwind.example"},
		"a certificate about to end":           {[]string{"--tenant", "demo", "tailspin.example"}, 2, "", "in 12 days"},
		"a weakened trust":                     {[]string{"--tenant", "demo", "wingtip.example"}, 1, "", "security alert"},
		"a healthy domain":                     {[]string{"--tenant", "demo", "northwind.example"}, 0, "", "Nothing is wrong"},
		"a managed domain":                     {[]string{"--tenant", "demo", "contoso.com"}, 0, "", "Managed"},
		"a domain of somebody else":            {[]string{"--tenant", "demo", "nowhere.example"}, 3, "", "no domain of this tenant"},
		"no credentials":                       {nil, 2, "AZURE_TENANT_ID", ""},
		"what is no domain":                    {[]string{"--tenant", "demo", "ana@contoso.com"}, 2, "is no domain", ""},
		"an unknown format":                    {[]string{"--format", "xml"}, 2, "--format", ""},
		"a configuration that is not there":    {[]string{"--tenant", "demo", "--config", "/nowhere.yaml"}, 2, "nowhere.yaml", ""},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := signpost(t, "", append([]string{"federation"}, row.args...)...)
			if code != row.code || !strings.Contains(out, row.out) || !strings.Contains(errs, row.says) || row.says == "" && errs != "" {
				t.Errorf("exit code %d, want %d\n%s%s", code, row.code, errs, out)
			}
			if strings.Count(errs, "\n") > 1 {
				t.Errorf("more than a line: %s", errs)
			}
		})
	}
}

func TestFederationJSONIsTheContract(t *testing.T) {
	out, _, code := signpost(t, "", "federation", "--tenant", "demo", "--format", "json")
	if code != 2 {
		t.Fatalf("exit code %d", code)
	}
	var r struct {
		CheckedAt string `json:"checked_at"`
		Status    string
		Domains   []map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.CheckedAt == "" || r.Status != "critical" || len(r.Domains) != 4 {
		t.Errorf("%s %s, %d domains", r.CheckedAt, r.Status, len(r.Domains))
	}
	for _, d := range r.Domains {
		for _, key := range []string{"domain", "root", "authentication", "provider", "users", "status", "certificates", "findings", "facts"} {
			if _, ok := d[key]; !ok {
				t.Errorf("%s has no %s", d["domain"], key)
			}
		}
		var certs []map[string]any
		if err := json.Unmarshal(d["certificates"], &certs); err != nil || len(certs) == 0 {
			t.Errorf("%s: certificates %s", d["domain"], d["certificates"])
		}
		for _, c := range certs {
			for _, key := range []string{"slot", "subject", "issuer", "not_before", "not_after", "days_left", "sha1", "sha256", "in_metadata"} {
				if _, ok := c[key]; !ok {
					t.Errorf("a certificate of %s has no %s", d["domain"], key)
				}
			}
		}
	}
}

func TestFederationBlocksAreBlocks(t *testing.T) {
	out, _, _ := signpost(t, "", "federation", "--tenant", "demo", "--format", "blocks")
	var r struct{ Blocks []map[string]any }
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Blocks) == 0 || len(r.Blocks) > 50 {
		t.Errorf("%d blocks, %v", len(r.Blocks), err)
	}
}
