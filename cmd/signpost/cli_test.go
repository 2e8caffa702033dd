package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// signpost runs the command line as main does, with no terminal and none of the machine's settings.
func signpost(t *testing.T, stdin string, args ...string) (out, errs string, code int) {
	t.Helper()
	for _, name := range os.Environ() {
		key, _, _ := strings.Cut(name, "=")
		if strings.HasPrefix(key, "SLACK_") || strings.HasPrefix(key, "AZURE_") || strings.HasPrefix(key, "SIGNPOST_") && key != "SIGNPOST_TEST_POSTGRES_URL" {
			t.Setenv(key, "")
			os.Unsetenv(key)
		}
	}
	var o, e bytes.Buffer
	code = run(t.Context(), args, console{in: strings.NewReader(stdin), out: &o, err: &e})
	return o.String(), e.String(), code
}

func TestExitCodesAndErrors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("slak: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "50076.md"), []byte("---\ncode: 1\n---\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		stdin string
		args  []string
		code  int
		says  string // on standard error; "" for nothing
	}{
		"an unknown command":           {"", []string{"bogus"}, usage, "see signpost --help"},
		"an unknown flag":              {"", []string{"explain", "--nope"}, usage, "--nope"},
		"an unknown format":            {"", []string{"explain", "--format", "xml", "x"}, usage, "--format"},
		"help":                         {"", []string{"--help"}, done, ""},
		"nothing to explain":           {"good morning", []string{"explain"}, failed, "no Entra error found"},
		"live without credentials":     {"AADSTS50076", []string{"explain", "--tenant", "live"}, usage, "AZURE_TENANT_ID"},
		"a bad configuration":          {"AADSTS50076", []string{"explain", "--config", bad}, usage, "slak"},
		"a broken overlay":             {"AADSTS50076", []string{"explain", "--dir", broken}, usage, "50076.md"},
		"an explanation":               {"AADSTS50076", []string{"explain"}, done, ""},
		"run without tokens":           {"", []string{"run"}, usage, "SLACK_BOT_TOKEN is not set"},
		"run with a bad configuration": {"", []string{"run", "--config", bad}, usage, "slak"},
		"lint of a broken overlay":     {"", []string{"runbooks", "lint", "--dir", broken}, failed, ""},
		"lint":                         {"", []string{"runbooks", "lint"}, done, ""},
		"a runbook of no code":         {"", []string{"runbooks", "show", "abc"}, usage, "is no code"},
		"a manifest for plain http":    {"", []string{"manifest", "--url", "http://x"}, usage, "https"},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs, code := signpost(t, row.stdin, row.args...)
			if code != row.code || !strings.Contains(errs, row.says) || row.says == "" && errs != "" {
				t.Errorf("exit code %d (want %d), standard error %q (want %q)", code, row.code, errs, row.says)
			}
			if strings.Count(errs, "\n") > 1 {
				t.Errorf("standard error has several lines: %q", errs)
			}
		})
	}
}

func TestParse(t *testing.T) {
	in := `{"id":"a","text":"AADSTS70002: x. AADSTS50126: y\r\nTrace ID: 0a64d1f7-8c2e-4b59-9d3a-71b5e2c40a00"}` + "\n\n" +
		`{"id":7,"text":"nothing here"}` + "\n" + `not json` + "\n" + `{"id":"b","text":"AADSTS50076"}`
	out, errs, code := signpost(t, in, "parse", "--jsonl")
	if code != failed || !strings.Contains(errs, "line 4") {
		t.Errorf("exit code %d, standard error %q", code, errs)
	}
	type line struct {
		ID      any
		Primary *int
		Codes   []int
	}
	var got []line
	for _, l := range strings.Split(strings.TrimSpace(out), "\n") {
		var x struct {
			ID      any
			Primary *int
			Errors  []struct{ Code int }
		}
		if err := json.Unmarshal([]byte(l), &x); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		g := line{ID: x.ID, Primary: x.Primary}
		for _, e := range x.Errors {
			g.Codes = append(g.Codes, e.Code)
		}
		got = append(got, g)
	}
	n := func(i int) *int { return &i }
	want := []line{{"a", n(50126), []int{70002, 50126}}, {7.0, nil, nil}, {nil, nil, nil}, {"b", n(50076), []int{50076}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	out, _, code = signpost(t, "", "parse", "AADSTS50076: x")
	if code != done || !strings.HasPrefix(out, "AADSTS50076 ") || strings.Count(out, "\n") != 1 {
		t.Errorf("plain parse printed %q with exit code %d", out, code)
	}
}

// explained is the JSON of explain, as DESIGN.md §8 fixes it.
type explained struct {
	Errors  []map[string]any
	Primary *int
	Runbook map[string]any
	Subject map[string]any
	Facts   map[string]struct {
		State  string
		Reason *string
		ReadAt *string `json:"read_at"`
		Value  map[string]any
	}
	Causes []struct {
		ID, Verdict, Says string
		Evidence          []map[string]any
		Unknown           []map[string]any
		Fix               []map[string]any
	}
	Blocks []map[string]any
	Text   string
}

func explain(t *testing.T, stdin string, args ...string) explained {
	t.Helper()
	out, errs, code := signpost(t, stdin, append([]string{"explain", "--format", "json"}, args...)...)
	if code != done {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var x explained
	if err := json.Unmarshal([]byte(out), &x); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return x
}

func TestExplainAgainstTheDemoTenant(t *testing.T) {
	for name, row := range map[string]struct {
		text, user string
		cause      string // the first, confirmed
	}{
		"a user without a method":        {"AADSTS50076", "mia@contoso.com", "no-method"},
		"a disabled user":                {"AADSTS50057", "dora@contoso.com", "disabled-in-cloud"},
		"a Google guest":                 {"AADSTS40009", "olga.berg@gmail.com", "old-grant"},
		"a stale certificate":            {"AADSTS5000811", "lena@fabrikam.com", ""},
		"a person without an error":      {"", "mia@contoso.com", "no-second-factor"},
		"a deleted person":               {"", "otto@contoso.com", "deleted"},
		"a person that is not there":     {"", "nobody@contoso.com", "not-found"},
		"a child domain's expired trust": {"", "ida@emea.fabrikam.com", "trust-expired"},
	} {
		t.Run(name, func(t *testing.T) {
			x := explain(t, row.text, "--tenant", "demo", "--user", row.user)
			if (x.Primary == nil) != (row.text == "") || (x.Runbook == nil) != (row.text == "") {
				t.Errorf("primary %v, runbook %v", x.Primary, x.Runbook)
			}
			if x.Subject["from"] != "flag" || len(x.Causes) == 0 || x.Causes[0].Verdict != "confirmed" || row.cause != "" && x.Causes[0].ID != row.cause {
				t.Errorf("subject %v, first causes %+v", x.Subject, x.Causes[:min(2, len(x.Causes))])
			}
			for _, e := range x.Causes[0].Evidence {
				if e["says"] == "" || e["fact"] == "" || e["source"] == "" {
					t.Errorf("evidence %v", e)
				}
			}
			if len(x.Blocks) == 0 || x.Text == "" {
				t.Error("no blocks or text")
			}
		})
	}
}

func TestExplainWithoutATenantAsksNothing(t *testing.T) {
	x := explain(t, "AADSTS50126 for mia@contoso.com")
	for name, f := range x.Facts {
		if f.State != "not_asked" || f.ReadAt != nil || f.Value != nil {
			t.Errorf("fact %s is %+v", name, f)
		}
	}
	for _, c := range x.Causes {
		if c.Verdict == "confirmed" {
			t.Errorf("cause %s is confirmed with nothing asked", c.ID)
		}
	}
}

// TestExplainDetails searches what a thread would hold for directory data, and finds it in the facts only.
func TestExplainDetails(t *testing.T) {
	for _, details := range []string{"full", "agents", "none"} {
		x := explain(t, "AADSTS50076: x Correlation ID: 3b1c6f0e-52d4-4f0a-9a77-0d5c1f6b2a01", "--tenant", "demo", "--details", details)
		blocks, _ := json.Marshal(x.Blocks)
		thread := string(blocks) + x.Text
		if got := strings.Contains(thread, "mia@contoso.com"); got != (details == "full") {
			t.Errorf("details %s: the thread names the person: %v", details, got)
		}
		if got := strings.Contains(thread, "3b1c6f0e"); got != (details != "none") {
			t.Errorf("details %s: the thread holds the message's ids: %v", details, got)
		}
		if x.Facts["user"].State != "seen" || x.Subject["user"] != "mia@contoso.com" || x.Subject["from"] != "signin" {
			t.Errorf("details %s: facts must be complete; user is %+v, subject %v", details, x.Facts["user"], x.Subject)
		}
	}
}

func TestExplainProtected(t *testing.T) {
	cfg := filepath.Join(t.TempDir(), "signpost.yaml")
	if err := os.WriteFile(cfg, []byte("tenant: {protected: [MIA@contoso.com]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x := explain(t, "AADSTS50076: x Correlation ID: 3b1c6f0e-52d4-4f0a-9a77-0d5c1f6b2a01", "--tenant", "demo", "--config", cfg)
	blocks, _ := json.Marshal(x.Blocks)
	if thread := string(blocks) + x.Text; strings.Contains(thread, "mia@") || !strings.Contains(thread, "identity team") {
		t.Errorf("the thread holds %s", thread)
	}
}

func TestDemoWithoutATerminal(t *testing.T) {
	out, errs, code := signpost(t, "1\n", "demo")
	if code != done || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{"Signpost demo", "at once, from the text alone", "edits the same message", "holds no second factor", "[ Solved ]"} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not show %q", want)
		}
	}
	out, _, code = signpost(t, "good morning\n", "demo")
	if code != done || !strings.Contains(out, "Signpost stays silent") {
		t.Errorf("exit code %d, printed %q", code, out)
	}
}

func TestRunbooksCommands(t *testing.T) {
	out, _, _ := signpost(t, "", "runbooks", "show", "aadsts40009")
	for _, want := range []string{"AADSTS40009", "Microsoft documents no cause", "What it is not"} {
		if !strings.Contains(out, want) {
			t.Errorf("show lacks %q", want)
		}
	}
	out, _, _ = signpost(t, "", "runbooks", "list")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) < 41 || !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "50076 ") }) {
		t.Errorf("list has %d lines", len(lines))
	}
	out, _, _ = signpost(t, "", "runbooks", "coverage")
	if !strings.Contains(out, "federation") || !strings.Contains(out, "all") {
		t.Errorf("coverage printed %q", out)
	}
}

// TestThePolicyFromThePasteAlone names the blocking policy by the ids in the claims, although no sign-in row is there.
func TestThePolicyFromThePasteAlone(t *testing.T) {
	paste := `{"error":"interaction_required","error_description":"AADSTS53003: Access has been blocked by Conditional Access policies.","error_codes":[53003],` +
		`"suberror":"message_only","claims":"{\\"access_token\\":{\\"capolids\\":{\\"essential\\":true,\\"values\\":[\\"d0000000-0000-4000-8000-000000000001\\"]}}}"}`
	x := explain(t, paste, "--tenant", "demo")
	if x.Facts["policies"].State != "seen" || x.Facts["signin"].State == "seen" {
		t.Errorf("policies %+v, signin %+v", x.Facts["policies"], x.Facts["signin"])
	}
	if c := x.Causes[0]; c.Verdict != "confirmed" || !strings.Contains(c.Says, "Block sign-in outside the EU") {
		t.Errorf("the first cause is %+v", c)
	}
	// The report-only policy of the same tenant never reads as enforced.
	x = explain(t, strings.ReplaceAll(paste, "8000-000000000001", "8000-000000000003"), "--tenant", "demo")
	for _, c := range x.Causes {
		if c.Verdict == "confirmed" && strings.Contains(c.Says, "blocks this sign-in") {
			t.Errorf("a report-only policy is confirmed as the one that blocks: %+v", c)
		}
	}
}
