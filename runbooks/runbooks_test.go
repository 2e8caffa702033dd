package runbooks

import (
	"strings"
	"testing"
)

// TestLint holds every built-in runbook to the rules of lint.go, with every complaint in one run.
func TestLint(t *testing.T) {
	complaints, err := Lint(nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range complaints {
		all = append(all, c.String())
	}
	if len(all) > 0 {
		t.Errorf("%d complaints:\n%s", len(all), strings.Join(all, "\n"))
	}
}
