package graph_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/federation"
	"signpost/graph/tenantfake"
)

// adfs is a tenant with one domain, fed.example, whose AD FS is the fake itself and in order. Tests break it.
func adfs(t *testing.T, change ...func(*tenantfake.State)) (*tenantfake.Server, *graph.Tenant) {
	t.Helper()
	s := serve(t, tenantfake.State{Federation: map[string]tenantfake.Object{}, Published: map[string]string{}, Other: map[string][]tenantfake.Object{}})
	host := strings.TrimPrefix(s.URL, "https://")
	cert := tenantfake.SigningCertificate("ADFS Signing", now.AddDate(0, -2, 0), now.AddDate(0, 10, 0))
	s.Change(func(st *tenantfake.State) {
		st.Domains = []tenantfake.Object{named("contoso.com", "Managed"), named("fed.example", "Federated")}
		st.Federation = map[string]tenantfake.Object{"fed.example": tenantfake.AdfsTrust("fed.example", host, cert, now)}
		st.Published = map[string]string{tenantfake.MetadataPath: tenantfake.FederationMetadata(host, cert)}
		st.Users = []tenantfake.Object{{"id": "7d1f0b52-0000-4000-8000-000000000001", "userPrincipalName": "ana@fed.example"}}
		st.Other = map[string][]tenantfake.Object{}
		for _, c := range change {
			c(st)
		}
	})
	return s, connect(t, s, func(c *graph.Config) { c.Metadata = nil })
}

func named(name, authentication string) tenantfake.Object {
	return tenantfake.Object{"id": name, "authenticationType": authentication, "isRoot": true, "isVerified": true, "isDefault": false, "isInitial": false}
}

// found are the findings of a report in words: DOMAIN ID SEVERITY, and a mark for security.
func found(r facts.TrustReport) []string {
	all := []string{}
	add := func(domain string, fs []facts.Finding) {
		for _, f := range fs {
			line := strings.TrimSpace(domain + " " + f.ID + " " + string(f.Severity))
			if f.Security {
				line += " security"
			}
			all = append(all, line)
		}
	}
	for _, d := range r.Domains {
		add(d.Domain, d.Findings)
	}
	add("", r.Findings)
	return all
}

func TestTrustsFindsEachFaultAndInventsNone(t *testing.T) {
	cert := func(from, to int) string {
		return tenantfake.SigningCertificate("ADFS Signing", now.AddDate(0, 0, from), now.AddDate(0, 0, to))
	}
	fed := func(key string, value any) func(*tenantfake.State) {
		return func(st *tenantfake.State) { st.Federation["fed.example"][key] = value }
	}
	published := func(st *tenantfake.State, certs ...string) {
		st.Published[tenantfake.MetadataPath] = tenantfake.FederationMetadata(hostOf(st), certs...)
	}
	ending := func(days int) func(*tenantfake.State) {
		return func(st *tenantfake.State) {
			c := cert(days-365, days)
			st.Federation["fed.example"]["signingCertificate"] = c
			published(st, c)
		}
	}
	audit := func(before, after string, ago int) func(*tenantfake.State) {
		return func(st *tenantfake.State) {
			st.Federation["fed.example"]["federatedIdpMfaBehavior"] = after
			st.Other["auditLogs/directoryAudits"] = []tenantfake.Object{tenantfake.TrustChange("fed.example", now.AddDate(0, 0, -ago), "admin@contoso.com", "FederatedIdpMfaBehavior", before, after)}
		}
	}
	for _, x := range []struct {
		name   string
		break_ func(*tenantfake.State)
		q      facts.TrustQuery
		want   []string
		exit   int
	}{
		{name: "healthy"},
		{name: "expired", break_: ending(-1), want: []string{"fed.example certificate-expired critical"}, exit: 2},
		{name: "12 days and nothing staged", break_: ending(12), want: []string{"fed.example certificate-ends critical"}, exit: 2},
		{name: "30 days and nothing staged", break_: ending(30), want: []string{"fed.example certificate-ends warning"}, exit: 1},
		{name: "40 days", break_: ending(40), want: []string{"fed.example certificate-ends note"}},
		{name: "90 days", break_: ending(90)},
		{name: "federated without configuration", break_: func(st *tenantfake.State) { delete(st.Federation, "fed.example") },
			want: []string{"fed.example federation-missing critical"}, exit: 2},
		{name: "a published certificate that Entra does not hold", break_: func(st *tenantfake.State) { published(st, cert(-1, 364)) },
			want: []string{"fed.example metadata-unknown-certificate critical"}, exit: 2},
		{name: "metadata gone", break_: func(st *tenantfake.State) { st.Published = nil }, want: []string{"fed.example metadata-unreadable warning"}, exit: 1},
		{name: "weakened behaviour in the audit", break_: audit("rejectMfaByFederatedIdp", "acceptIfMfaDoneByFederatedIdp", 6),
			want: []string{"fed.example mfa-weakened warning security"}, exit: 1},
		{name: "weakened long ago", break_: audit("rejectMfaByFederatedIdp", "acceptIfMfaDoneByFederatedIdp", 40)},
		{name: "attack tool", break_: fed("issuerUri", "http://any.sts/4F1C2B3A"), want: []string{"fed.example attack-tool critical security", "fed.example issuer-differs warning"}, exit: 2},
		{name: "child and root are one", break_: func(st *tenantfake.State) {
			child := named("eu.fed.example", "Federated")
			child["isRoot"] = false
			st.Domains = append(st.Domains, child)
		}},
		{name: "a managed domain by name", q: facts.TrustQuery{Domains: []string{"Contoso.com."}}},
		{name: "an unknown domain by name", q: facts.TrustQuery{Domains: []string{"nowhere.example"}}, want: []string{"nowhere.example domain-unknown unknown"}, exit: 3},
		{name: "synchronisation lost", break_: func(st *tenantfake.State) {
			st.Other["organization"] = []tenantfake.Object{{"onPremisesSyncEnabled": true, "onPremisesLastSyncDateTime": now.Add(-30 * time.Hour).Format(time.RFC3339)}}
		}, want: []string{"sync-late warning"}, exit: 1},
		{name: "apps on request", q: facts.TrustQuery{Apps: true}, break_: func(st *tenantfake.State) {
			st.Other["servicePrincipals"], st.Other["applications"] = saml(10), app(20)
		},
			want: []string{"app-saml-certificate-ends warning", "app-credential-ends note"}, exit: 1},
		{name: "apps not asked for", break_: func(st *tenantfake.State) {
			st.Other["servicePrincipals"], st.Other["applications"] = saml(10), app(20)
		}},
		{name: "apps with time left", q: facts.TrustQuery{Apps: true}, break_: func(st *tenantfake.State) {
			st.Other["servicePrincipals"], st.Other["applications"] = saml(100), app(-90)
		}},
		{name: "Signpost's own secret ends", break_: func(st *tenantfake.State) {
			st.Other["applications"] = app(10)
			st.Other["applications"][0]["appId"] = st.ClientID
		}, want: []string{"own-credential-ends warning"}, exit: 1},
		{name: "synchronisation works", break_: func(st *tenantfake.State) {
			st.Other["organization"] = []tenantfake.Object{{"onPremisesSyncEnabled": true, "onPremisesLastSyncDateTime": now.Add(-30 * time.Minute).Format(time.RFC3339)}}
		}},
		{name: "converted since it was approved", break_: func(st *tenantfake.State) { st.Domains[1]["authenticationType"] = "Managed" },
			q:    facts.TrustQuery{Approved: map[string]facts.Federation{"fed.example": {ID: "x"}}, Verified: []string{"contoso.com", "fed.example"}},
			want: []string{"fed.example domain-converted warning security"}, exit: 1},
		{name: "federated since the tenant was approved", q: facts.TrustQuery{Approved: map[string]facts.Federation{}, Verified: []string{"contoso.com", "fed.example"}, Federated: []string{}},
			want: []string{"fed.example domain-new-federated warning security"}, exit: 1},
		{name: "a new verified domain", break_: func(st *tenantfake.State) { st.Domains = append(st.Domains, named("new.example", "Managed")) },
			q:    facts.TrustQuery{Verified: []string{"contoso.com", "fed.example"}, Federated: []string{"fed.example"}},
			want: []string{"new.example domain-new note"}},
		{name: "removed since it was approved", break_: func(st *tenantfake.State) { st.Domains = st.Domains[:1] },
			q:    facts.TrustQuery{Approved: map[string]facts.Federation{"fed.example": {ID: "x"}}, Verified: []string{"contoso.com", "fed.example"}},
			want: []string{"domain-removed warning security"}, exit: 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			change := []func(*tenantfake.State){}
			if x.break_ != nil {
				change = append(change, x.break_)
			}
			_, tenant := adfs(t, change...)
			if x.q.WarnDays == nil {
				x.q.WarnDays = []int{60, 30, 14, 7, 3, 1}
			}
			r := tenant.Trusts(t.Context(), x.q)
			if x.want == nil {
				x.want = []string{}
			}
			if diff := cmp.Diff(x.want, found(r)); diff != "" {
				t.Errorf("findings (-want +got):\n%s\n%+v", diff, r.Findings)
			}
			if got := federation.ExitCode(r.Status); got != x.exit {
				t.Errorf("exit code %d, want %d", got, x.exit)
			}
		})
	}
}

// saml is an enterprise app whose signing certificate ends in some days, app a registration whose secret does.
func saml(days int) []tenantfake.Object {
	return []tenantfake.Object{{"id": "5f0c0000-0000-4000-8000-000000000001", "appId": "de8bc8b5-0000-4000-8000-000000000001", "displayName": "Payroll", "preferredSingleSignOnMode": "saml",
		"keyCredentials": []tenantfake.Object{{"keyId": "5f0c0000-0000-4000-8000-000000000009", "displayName": "CN=Payroll", "type": "AsymmetricX509Cert", "usage": "Verify",
			"startDateTime": now.AddDate(-3, 0, 0).Format(time.RFC3339), "endDateTime": now.AddDate(0, 0, days).Format(time.RFC3339)}}}}
}

func app(days int) []tenantfake.Object {
	return []tenantfake.Object{{"id": "5f0c0000-0000-4000-8000-000000000002", "appId": "de8bc8b5-0000-4000-8000-000000000002", "displayName": "CI",
		"passwordCredentials": []tenantfake.Object{{"keyId": "5f0c0000-0000-4000-8000-000000000008", "displayName": "ci", "hint": "abc",
			"startDateTime": now.AddDate(-1, 0, 0).Format(time.RFC3339), "endDateTime": now.AddDate(0, 0, days).Format(time.RFC3339)}}}}
}

func hostOf(st *tenantfake.State) string {
	s, _ := st.Federation["fed.example"]["passiveSignInUri"].(string)
	host, _, _ := strings.Cut(strings.TrimPrefix(s, "https://"), "/")
	return host
}

func TestTrustsSaysWhatCouldNotBeRead(t *testing.T) {
	for _, x := range []struct {
		without string
		want    []string
	}{
		{"Domain-InternalFederation.Read.All", []string{"fed.example federation-unreadable unknown"}},
		{"AuditLog.Read.All", []string{"fed.example changes-unreadable unknown"}},
	} {
		t.Run(x.without, func(t *testing.T) {
			s, tenant := adfs(t)
			s.Without(x.without)
			r := tenant.Trusts(t.Context(), facts.TrustQuery{})
			if diff := cmp.Diff(x.want, found(r)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if r.Status != facts.Unknown {
				t.Errorf("status %s", r.Status)
			}
		})
	}
	t.Run("no domain at all", func(t *testing.T) {
		s, tenant := adfs(t)
		s.Without("Domain.Read.All", "Directory.Read.All")
		r := tenant.Trusts(t.Context(), facts.TrustQuery{})
		if got := found(r); !slices.Contains(got, "domains-unreadable unknown") || r.Status != facts.Unknown {
			t.Errorf("%v, status %s", got, r.Status)
		}
	})
}

func TestTrustsCountsPeopleAndChildren(t *testing.T) {
	_, tenant := adfs(t, func(st *tenantfake.State) {
		child := named("eu.fed.example", "Federated")
		child["isRoot"] = false
		st.Domains = append(st.Domains, child)
	})
	r := tenant.Trusts(t.Context(), facts.TrustQuery{})
	if len(r.Domains) != 1 {
		t.Fatalf("domains: %+v", r.Domains)
	}
	d := r.Domains[0]
	if d.Users == nil || *d.Users != 1 || !slices.Equal(d.Children, []string{"eu.fed.example"}) || d.Provider != "AD FS" {
		t.Errorf("%+v", d)
	}
	if len(d.Certificates) != 1 || d.Certificates[0].InMetadata == nil || !*d.Certificates[0].InMetadata || d.Certificates[0].DaysLeft < 300 {
		t.Errorf("certificates: %+v", d.Certificates)
	}
	if !slices.Equal(r.Verified, []string{"contoso.com", "fed.example", "eu.fed.example"}) {
		t.Errorf("verified: %v", r.Verified)
	}
}

func TestTrustsGivenUpIsUnknown(t *testing.T) {
	_, tenant := adfs(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := tenant.Trusts(ctx, facts.TrustQuery{Domains: []string{"fed.example"}})
	if r.Status != facts.Unknown {
		t.Errorf("status %s: %v", r.Status, found(r))
	}
}
