package aadsts_test

import (
	"fmt"

	"signpost/runbooks/aadsts"
)

func ExampleFind() {
	errs := aadsts.Find("login says AADSTS70002: Error validating credentials. AADSTS50126: Invalid username or password " +
		"Trace ID: 0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100 Timestamp: 2026-03-04 10:22:11Z")
	for i, e := range errs {
		fmt.Println(e.Code, e.TraceID, e.Timestamp, i == aadsts.Primary(errs))
	}
	// Output:
	// 70002 0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100 2026-03-04 10:22:11 +0000 UTC false
	// 50126 0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100 2026-03-04 10:22:11 +0000 UTC true
}

func ExampleRedact() {
	fmt.Println(aadsts.Redact("AADSTS50126 for az login -u ann@contoso.com -p Hunter2!"))
	// Output:
	// AADSTS50126 for az login -u ann@contoso.com -p [password removed]
}
