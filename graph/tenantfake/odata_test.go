package tenantfake

import (
	"strings"
	"testing"
)

func TestFilter(t *testing.T) {
	o := Object{
		"mail": "Ana.Lima@contoso.com", "userPrincipalName": "o'brien@contoso.com", "createdDateTime": "2026-09-01T09:15:41.25Z", "accountEnabled": true,
		"manager": nil, "status": Object{"errorCode": float64(50126)}, "proxyAddresses": []any{"SMTP:ana.lima@contoso.com", "smtp:a@contoso.com"},
		"signInEventTypes": []any{"nonInteractiveUser"}, "userId": "7d1f0b52-3c1e-4a0e-9d55-0c6a1f6a0001",
	}
	for filter, want := range map[string]bool{
		"":                               true,
		"mail eq 'ana.lima@contoso.com'": true,
		"MAIL eq 'ana.lima@contoso.com'": true,
		"userPrincipalName eq 'o''brien@contoso.com'":             true,
		"userPrincipalName eq 'o''other@contoso.com'":             false,
		"accountEnabled eq true":                                  true,
		"accountEnabled eq false":                                 false,
		"manager eq null":                                         true,
		"mail eq null":                                            false,
		"status/errorCode eq 50126":                               true,
		"status/errorCode eq 50126 or status/errorCode eq 1":      true,
		"status/errorCode gt 50126":                               false,
		"status/errorCode ge 50126 and status/errorCode le 50126": true,
		"createdDateTime ge 2026-09-01T00:00:00Z":                 true,
		"createdDateTime lt 2026-09-01T09:15:41Z":                 false,
		"createdDateTime ge 2026-09-01T00:00:00Z and (status/errorCode eq 1 or status/errorCode eq 50126)": true,
		"status/errorCode eq 1 and status/errorCode eq 2 or accountEnabled eq true":                        true,
		"status/errorCode eq 1 and (status/errorCode eq 2 or accountEnabled eq true)":                      false,
		"proxyAddresses/any(p:p eq 'smtp:ana.lima@contoso.com')":                                           true,
		"proxyAddresses/any(p:p eq 'smtp:b@contoso.com')":                                                  false,
		"signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')":                     true,
		"startsWith(mail,'ana')":                                  true,
		"startswith(mail,'bob')":                                  false,
		"userId in ('x', '7d1f0b52-3c1e-4a0e-9d55-0c6a1f6a0001')": true,
		"userId eq 7d1f0b52-3c1e-4a0e-9d55-0c6a1f6a0001":          true,
		"noSuchProperty eq 'x'":                                   false,
	} {
		test, err := odata{fold: true}.parse(filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if got, err := test(o); err != nil || got != want {
			t.Errorf("%s is %v (%v), want %v", filter, got, err, want)
		}
	}
}

func TestFilterRefusesWhatGraphRefuses(t *testing.T) {
	for filter, says := range map[string]string{
		"mail eq": "", "mail": "", "mail eq 'a' and": "", "(mail eq 'a'": "expected ')'", "mail like 'a'": "unknown operator", "mail eq 'a' mail eq 'b'": "invalid",
		"mail eq 'unterminated": "invalid", "endsWith(mail,'contoso.com')": "ConsistencyLevel", "not(mail eq 'a')": "ConsistencyLevel", "mail ne 'a'": "ConsistencyLevel",
		"x/any(": "expected", "mail in 'a'": "expected '('",
	} {
		test, err := odata{fold: true}.parse(filter)
		if err == nil && filter != "mail eq" && filter != "mail" {
			t.Errorf("%q was taken", filter)
		}
		if err == nil {
			_, _ = test(Object{})
			continue
		}
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v does not say %q", filter, err, says)
		}
	}
	if test, err := (odata{fold: true, advanced: true}).parse("endsWith(mail,'contoso.com') and mail ne 'x'"); err != nil {
		t.Error(err)
	} else if ok, _ := test(Object{"mail": "a@contoso.com"}); !ok {
		t.Error("endsWith does not fit")
	}
}

func TestTextsOfTheLogAreComparedExactly(t *testing.T) {
	test, err := odata{}.parse("userPrincipalName eq 'Ana@contoso.com'")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := test(Object{"userPrincipalName": "ana@contoso.com"}); ok {
		t.Error("the log holds lower case, and compares it exactly")
	}
}
