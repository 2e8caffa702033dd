package bot

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/runbooks/aadsts"
)

func TestACaseKeepsAllThatADiagnosisNeeds(t *testing.T) {
	errs := aadsts.Find("AADSTS50011: The redirect URI 'https://payroll.contoso.com/cb/' specified in the request does not match the redirect URIs configured for the application '11111111-2222-4333-8444-555555555555'. " +
		"Trace ID: 6f6d3b1c-2a44-4c8b-9f1e-2f7d1c9a0b00 Correlation ID: 0f1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d Timestamp: 2026-11-24 11:40:00Z\n" +
		"AADSTS50020: User account 'lee@fabrikam.com' from identity provider 'live.com' does not exist in tenant 'Contoso' and cannot access the application " +
		"https://payroll.contoso.com/cb/?error=x&error_description=AADSTS50011")
	if len(errs[0].URLHosts) != 1 {
		t.Fatalf("the address was not understood: %v", errs[0].URLHosts)
	}
	if len(errs) != 2 || errs[0].RedirectURI == "" || errs[1].IdentityProvider == "" {
		t.Fatalf("the paste was not understood: %v", errs)
	}
	text, err := keep(errs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := recall(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(errs, got); diff != "" {
		t.Error(diff)
	}
}
