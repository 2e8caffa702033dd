package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/graph/tenantfake"
)

// trusting is a tenant with one federated domain, fed.example, behind an AD FS on a host of its own.
type trusting struct {
	tenant *tenantfake.Server
	adfs   *tenantfake.IdP
	ca     string // a file with the authority of both
	now    time.Time
}

func newTrusting(t *testing.T, fault tenantfake.IdPFault) trusting {
	t.Helper()
	x := trusting{tenant: tenantfake.New(tenantfake.State{}), ca: filepath.Join(t.TempDir(), "ca.pem"), now: time.Now()}
	t.Cleanup(x.tenant.Close)
	x.adfs = x.tenant.IdP(fault)
	t.Cleanup(x.adfs.Close)
	if err := os.WriteFile(x.ca, x.tenant.CertPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	domain := func(name, authentication string) tenantfake.Object {
		return tenantfake.Object{"id": name, "authenticationType": authentication, "isRoot": true, "isVerified": true, "isDefault": false, "isInitial": false}
	}
	x.tenant.Change(func(s *tenantfake.State) {
		s.Domains = []tenantfake.Object{domain("contoso.com", "Managed"), domain("fed.example", "Federated")}
		s.Other = map[string][]tenantfake.Object{}
	})
	healthy := x.cert(-60, 305)
	x.hold(healthy)
	x.publish(healthy)
	return x
}

// cert is a token-signing certificate that is valid from and to some days from now.
func (x trusting) cert(from, to int) string {
	return tenantfake.SigningCertificate("ADFS Signing", x.now.AddDate(0, 0, from), x.now.AddDate(0, 0, to))
}

func (x trusting) hold(certs ...string) {
	trust := tenantfake.AdfsTrust("fed.example", x.adfs.Host, certs[0], x.now)
	if len(certs) > 1 {
		trust["nextSigningCertificate"] = certs[1]
	}
	x.tenant.Change(func(s *tenantfake.State) { s.Federation = map[string]tenantfake.Object{"fed.example": trust} })
}

func (x trusting) publish(certs ...string) {
	x.adfs.Publish(tenantfake.MetadataPath, tenantfake.FederationMetadata(x.adfs.Host, certs...))
}

func (x trusting) both(certs ...string) { x.hold(certs...); x.publish(certs...) }

func (x trusting) set(name string, value any) {
	x.tenant.Change(func(s *tenantfake.State) { s.Federation["fed.example"][name] = value })
}

// run is `signpost federation` as an operator starts it.
func (x trusting) run(t *testing.T, args ...string) (out []byte, code int) {
	t.Helper()
	c := exec.Command(os.Args[0], append([]string{"federation"}, args...)...)
	c.Env = []string{"SIGNPOST_TEST_PROCESS=1", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "SSL_CERT_FILE=" + x.ca}
	for k, v := range x.tenant.Env() {
		c.Env = append(c.Env, k+"="+v)
	}
	var complaint strings.Builder
	c.Stderr = &complaint
	out, err := c.Output()
	if c.ProcessState == nil {
		t.Fatalf("start: %v", err)
	}
	if complaint.Len() > 0 {
		t.Logf("standard error: %s", complaint.String())
	}
	return out, c.ProcessState.ExitCode()
}

// reported is what the report's JSON says, as far as a monitoring script reads it.
type reported struct {
	Status  string
	Domains []struct {
		Domain, Status string
		Findings       []found
		Certificates   []struct {
			Slot       string
			InMetadata *bool `json:"in_metadata"`
		}
	}
	Findings []found
}

type found struct {
	ID, Severity string
	Security     bool
}

// worst is the line of the worst finding: "id severity", with "security" where it is an alert; "" for none.
func (r reported) worst() string {
	all := slices.Clone(r.Findings)
	for _, d := range r.Domains {
		all = append(all, d.Findings...)
	}
	for _, severity := range []string{"critical", "warning", "unknown", "note"} {
		for _, f := range all {
			if f.Severity == severity {
				line := f.ID + " " + f.Severity
				if f.Security {
					line += " security"
				}
				return line
			}
		}
	}
	return ""
}

// Each row of the contract on severities, with its neighbours on both sides, down to the exit code.
func TestFederationSeveritiesAndExitCodes(t *testing.T) {
	for _, row := range []struct {
		name  string
		set   func(trusting)
		args  []string
		worst string
		code  int
	}{
		{name: "healthy"},
		{name: "more than 35 days left", set: func(x trusting) { x.both(x.cert(-320, 37)) }, worst: "certificate-ends note"},
		{name: "more than 35 days left, and Entra's update fails", set: func(x trusting) {
			x.both(x.cert(-320, 37))
			x.set("signingCertificateUpdateStatus", tenantfake.Object{"certificateUpdateResult": "connectionError", "lastRunDateTime": x.now.AddDate(0, 0, -1).Format(time.RFC3339)})
		}, worst: "certificate-ends note"},
		{name: "35 days left, none staged", set: func(x trusting) { x.both(x.cert(-330, 35)) }, worst: "certificate-ends warning", code: 1},
		{name: "16 days left, none staged", set: func(x trusting) { x.both(x.cert(-349, 16)) }, worst: "certificate-ends warning", code: 1},
		{name: "15 days left, none staged", set: func(x trusting) { x.both(x.cert(-350, 15)) }, worst: "certificate-ends critical", code: 2},
		{name: "20 days left, one staged", set: func(x trusting) { x.both(x.cert(-345, 20), x.cert(-5, 360)) }, worst: "certificate-rollover note"},
		{name: "10 days left, one staged", set: func(x trusting) { x.both(x.cert(-355, 10), x.cert(-5, 360)) }, worst: "certificate-rollover note"},
		{name: "20 days left, the staged one has ended", set: func(x trusting) { x.both(x.cert(-345, 20), x.cert(-400, -2)) }, worst: "certificate-ends warning", code: 1},
		{name: "expired", set: func(x trusting) { x.both(x.cert(-366, -1)) }, worst: "certificate-expired critical", code: 2},
		{name: "expired, the next one is valid", set: func(x trusting) { x.both(x.cert(-366, -1), x.cert(-20, 340)) }, worst: "certificate-expired critical", code: 2},
		{name: "expired in the slot of the next alone", set: func(x trusting) { x.both(x.cert(-60, 305), x.cert(-400, -2)) }},

		{name: "the only published certificate is not held", set: func(x trusting) { x.publish(x.cert(-1, 364)) }, worst: "metadata-unknown-certificate critical", code: 2},
		{name: "the published certificate in use is not held", set: func(x trusting) {
			ended := x.cert(-400, -1)
			x.hold(ended, x.cert(-20, 340))
			x.publish(ended, x.cert(-30, 335))
		}, worst: "certificate-expired critical", code: 2},
		{name: "one more published certificate is not held", set: func(x trusting) {
			c := x.cert(-60, 305)
			x.hold(c)
			x.publish(c, x.cert(-1, 364))
		}, worst: "metadata-unknown-certificate warning", code: 1},
		{name: "metadata unreachable", set: func(x trusting) { x.adfs.Publish(tenantfake.MetadataPath, "") }, worst: "metadata-unreadable warning", code: 1},
		{name: "metadata refused", set: func(x trusting) {
			x.set("passiveSignInUri", "https://169.254.169.254/adfs/ls/")
			x.set("signOutUri", "")
		}, worst: "endpoint-refused warning security", code: 1},

		{name: "MFA behaviour weakened", set: func(x trusting) {
			x.set("federatedIdpMfaBehavior", "enforceMfaByFederatedIdp")
			x.tenant.Change(func(s *tenantfake.State) {
				s.Other["auditLogs/directoryAudits"] = []tenantfake.Object{tenantfake.TrustChange("fed.example", x.now.AddDate(0, 0, -3), "admin@contoso.com", "FederatedIdpMfaBehavior", "rejectMfaByFederatedIdp", "enforceMfaByFederatedIdp")}
			})
		}, worst: "mfa-weakened warning security", code: 1},
		{name: "valid for ten years, AD FS", set: func(x trusting) { x.both(x.cert(-10, 3640)) }, worst: "certificate-validity warning security", code: 1},
		{name: "valid for three years, AD FS", set: func(x trusting) { x.both(x.cert(-10, 1085)) }},
		{name: "valid for ten years, Okta", set: func(x trusting) {
			x.hold(x.cert(-10, 3640))
			for _, name := range []string{"passiveSignInUri", "activeSignInUri", "metadataExchangeUri", "signOutUri"} {
				x.set(name, x.adfs.URL+"/app/office365/exk1/sso/wsfed/passive")
			}
		}},
		{name: "an issuer of an attack tool", set: func(x trusting) { x.set("issuerUri", "http://any.sts/B231A11F") }, worst: "attack-tool critical security", code: 2},
		{name: "federated without a configuration", set: func(x trusting) { x.tenant.Change(func(s *tenantfake.State) { s.Federation = nil }) }, worst: "federation-missing critical", code: 2},
		{name: "a permission is missing", set: func(x trusting) { x.tenant.Without("Domain-InternalFederation.Read.All") }, worst: "federation-unreadable unknown", code: 3},
		{name: "a warning before what could not be checked", set: func(x trusting) {
			x.both(x.cert(-345, 20))
			x.tenant.Without("AuditLog.Read.All")
		}, worst: "certificate-ends warning", code: 1},
		{name: "a managed domain", args: []string{"contoso.com"}},
		{name: "a domain of somebody else", args: []string{"nowhere.example"}, worst: "domain-unknown unknown", code: 3},
		{name: "an app's certificate ends, on request", set: samlEnds, args: []string{"--apps"}, worst: "app-saml-certificate-ends warning", code: 1},
		{name: "an app's certificate ends, not asked for", set: samlEnds},
	} {
		t.Run(row.name, func(t *testing.T) {
			x := newTrusting(t, tenantfake.IdPFault{})
			if row.set != nil {
				row.set(x)
			}
			out, code := x.run(t, append([]string{"--format", "json"}, row.args...)...)
			var r reported
			if err := json.Unmarshal(out, &r); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			status := strings.Fields(row.worst + " healthy healthy")[1]
			if r.worst() != row.worst || code != row.code || r.Status != status {
				t.Errorf("%s, status %s, exit code %d; want %s, %s, %d\n%s", r.worst(), r.Status, code, row.worst, status, row.code, out)
			}
		})
	}
}

// samlEnds is an enterprise app whose SAML signing certificate ends in ten days.
func samlEnds(x trusting) {
	x.tenant.Change(func(s *tenantfake.State) {
		s.Other["servicePrincipals"] = []tenantfake.Object{{"id": "5f0c0000-0000-4000-8000-000000000001", "appId": "de8bc8b5-0000-4000-8000-000000000001", "displayName": "Payroll", "preferredSingleSignOnMode": "saml",
			"keyCredentials": []tenantfake.Object{{"keyId": "5f0c0000-0000-4000-8000-000000000009", "displayName": "CN=Payroll", "type": "AsymmetricX509Cert", "usage": "Verify",
				"startDateTime": x.now.AddDate(-3, 0, 0).Format(time.RFC3339), "endDateTime": x.now.AddDate(0, 0, 10).Format(time.RFC3339)}}}}
	})
}

// The address in tenant.metadata is checked before anything runs, as strictly as it is when the tenant is opened.
func TestAddressesOfMetadataAreCheckedBeforehand(t *testing.T) {
	for entry, says := range map[string]string{
		"contoso.com: 'https://sts.contoso.com/federationmetadata/2007-06/federationmetadata.xml'": "",
		"contoso.com: 'http://sts.contoso.com/x'":                                                  "no https address",
		"contoso.com: 'https://'":                                                                  "no https address",
		"contoso.com: 'https://admin:secret@sts.contoso.com/x'":                                    "a name, a password",
		"contoso.com: 'https://sts.contoso.com/x#y'":                                               "a fragment",
		"contoso: 'https://sts.contoso.com/x'":                                                     "is no domain",
		"'con toso.com': 'https://sts.contoso.com/x'":                                              "is no domain",
	} {
		file := filepath.Join(t.TempDir(), "signpost.yaml")
		if err := os.WriteFile(file, []byte("tenant: {metadata: {"+entry+"}}\nfederation: {apps: true}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, errs, code := signpost(t, "", "run", "--check", "--config", file)
		if wrong := code == usage; wrong != (says != "") || !strings.Contains(errs, says) || strings.Contains(errs, "secret") {
			t.Errorf("%s: exit code %d, %s", entry, code, errs)
		}
	}
}
