package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows says for each room what it may import of ours. A package that is not listed here is a new one: give it a line.
var arrows = map[string][]string{
	"cmd/signpost":     {"bot", "bot/jobs", "bot/slackfake", "graph", "graph/facts", "graph/federation", "graph/tenantfake", "handlers", "runbooks", "runbooks/aadsts"},
	"bot":              {"bot/jobs", "bot/store", "graph/facts", "handlers", "runbooks", "runbooks/aadsts"},
	"bot/jobs":         {"bot/store"},
	"bot/store":        {},
	"bot/slackfake":    {},
	"handlers":         {"graph/facts", "runbooks", "runbooks/aadsts"},
	"runbooks":         {"graph/facts", "runbooks/aadsts"},
	"runbooks/aadsts":  {},
	"graph":            {"graph/facts", "graph/federation"},
	"graph/facts":      {},
	"graph/federation": {"graph/facts"},
	"graph/tenantfake": {},
}

// owners says which rooms alone may import a foreign package, so that it stays behind one edge.
var owners = map[string][]string{
	"github.com/microsoftgraph/": {"graph"},
	"github.com/Azure/":          {"graph"},
	"github.com/riverqueue/":     {"bot/jobs"},
	"modernc.org/sqlite":         {"bot/jobs"},
	"github.com/jackc/":          {"bot/jobs"},
	"github.com/slack-go/":       {"bot", "handlers", "cmd/signpost"},
	"cel.dev/":                   {"runbooks"},
}

// stdlibOnly are the packages that import nothing foreign.
var stdlibOnly = []string{"graph/facts", "runbooks/aadsts"}

func TestArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "signpost/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(arrows) {
		t.Errorf("%d packages, but %d have a line in arrows", len(lines), len(arrows))
	}
	for _, line := range lines {
		fields := strings.Fields(line)
		pkg, imports := strings.TrimPrefix(fields[0], "signpost/"), fields[1:]
		allowed, ok := arrows[pkg]
		if !ok {
			t.Errorf("package %s has no line in arrows", pkg)
			continue
		}
		for _, imp := range imports {
			if ours, isOurs := strings.CutPrefix(imp, "signpost/"); isOurs {
				if !slices.Contains(allowed, ours) {
					t.Errorf("%s imports %s, against the arrows", pkg, ours)
				}
				continue
			}
			for prefix, rooms := range owners {
				if strings.HasPrefix(imp, prefix) && !slices.Contains(rooms, pkg) {
					t.Errorf("%s imports %s, which belongs behind %s", pkg, imp, strings.Join(rooms, ", "))
				}
			}
			if strings.Contains(strings.Split(imp, "/")[0], ".") && slices.Contains(stdlibOnly, pkg) {
				t.Errorf("%s imports %s, but uses the standard library only", pkg, imp)
			}
		}
	}
}
