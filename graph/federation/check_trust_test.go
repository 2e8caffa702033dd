package federation_test

import (
	"testing"
	"time"

	"signpost/graph/facts"
)

func TestAttackToolsAndOddCertificates(t *testing.T) {
	// The certificate that comes with AADInternals, as Graph would show it.
	tool := facts.Certificate{
		Slot: "current", Subject: "CN=hack.o365domain.org,O=Gerenios,ST=Pirkanmaa,C=fi", Issuer: "CN=hack.o365domain.org,O=Gerenios,ST=Pirkanmaa,C=fi",
		NotBefore: time.Date(2018, 2, 21, 13, 12, 45, 0, time.UTC), NotAfter: time.Date(2028, 2, 19, 13, 12, 45, 0, time.UTC),
		SHA1: "4B56E1F1B80024359E34010D9AAB3CED9C67FF5E", SHA256: "31F2C5897ED0D6F14F376421169A6524EF8967DF5EA5093C80EB698DE98A2853",
	}
	renamed := tool
	renamed.Subject, renamed.Issuer = "CN=ADFS Signing", "CN=ADFS Signing"
	long := cert("", "long", in(-10), in(3640))
	other := cert("", "other", in(-1), in(364))
	other.Subject, other.Issuer = "CN=evil", "CN=evil"
	check(t, map[string]row{
		"issuer any.sts":                {func(w *world) { w.none(); w.f.Issuer = "http://any.sts/B231A11F" }, []string{"attack-tool critical!"}},
		"issuer any.sts in capitals":    {func(w *world) { w.none(); w.f.Issuer = "HTTP://ANY.STS/16B45E3B" }, []string{"attack-tool critical!"}},
		"issuer any.sts without scheme": {func(w *world) { w.none(); w.f.Issuer = "any.sts/B231A11F" }, []string{"attack-tool critical!"}},
		"issuer made of any.sts":        {func(w *world) { w.none(); w.f.Issuer = "http://login.any.sts.evil.example/x" }, []string{"attack-tool critical!"}},
		"sign-in at any.sts": {func(w *world) {
			w.none()
			w.f.PassiveURI = "https://any.sts/B231A11F"
			w.Realm = facts.Fact[facts.Realm]{}
		}, []string{"attack-tool critical!"}},
		"a company that has any sts":                {func(w *world) { w.none(); w.f.Issuer = "http://company.sts.fabrikam.com/any.stsx" }, nil},
		"many.sts is no any.sts":                    {func(w *world) { w.none(); w.f.Issuer = "http://many.sts/B231A11F" }, nil},
		"the tool's certificate":                    {func(w *world) { w.none(); w.hold(tool) }, []string{"attack-tool critical!", "certificate-validity warning!"}},
		"the tool's certificate, next":              {func(w *world) { w.none(); w.hold(young, tool) }, []string{"attack-tool critical!", "certificate-mismatch warning!", "certificate-validity warning!"}},
		"the tool's certificate, by its thumbprint": {func(w *world) { w.none(); w.hold(renamed) }, []string{"attack-tool critical!", "certificate-validity warning!"}},
		"the tool's name, another key":              {func(w *world) { w.none(); c := young; c.Subject, c.Issuer = tool.Subject, tool.Issuer; w.hold(c) }, []string{"attack-tool critical!"}},
		"approval does not whitewash":               {func(w *world) { w.none(); w.f.Issuer = "http://any.sts/B231A11F"; w.approve(in(-1)) }, []string{"attack-tool critical!"}},

		"AD FS, ten years":           {func(w *world) { w.both(long) }, []string{"certificate-validity warning!"}},
		"AD FS, ten years, approved": {func(w *world) { w.both(long); w.approve(in(-1)) }, nil},
		"AD FS, five years":          {func(w *world) { w.both(cert("", "five", in(0), now.AddDate(5, 0, 0))) }, nil},
		"Okta, ten years and a day":  {func(w *world) { w.okta(); w.hold(cert("", "x", in(0), now.AddDate(10, 0, 1))) }, nil},
		"Okta, thirty years":         {func(w *world) { w.okta(); w.hold(cert("", "x", in(0), now.AddDate(30, 0, 0))) }, []string{"certificate-validity warning!"}},

		"two of different subjects": {func(w *world) { w.both(young, other) }, []string{"certificate-mismatch warning!"}},
		"two of different issuers":  {func(w *world) { x := staged; x.Issuer = "CN=Another authority"; w.both(young, x) }, []string{"certificate-mismatch warning!"}},
		"two of one authority": {func(w *world) {
			a, b := young, staged
			a.Issuer, b.Issuer = "CN=Our authority", "CN=Our authority"
			w.both(a, b)
		}, nil},
		"two of different subjects, approved": {func(w *world) { w.both(young, other); w.approve(in(-1)) }, nil},
	})
}

func TestSettingsOfTheTrust(t *testing.T) {
	check(t, map[string]row{
		"MFA not set":                {func(w *world) { w.f.MFABehavior = "" }, []string{"mfa-unset note"}},
		"MFA set to something":       {func(w *world) { w.f.MFABehavior = "askTheOracle" }, []string{"mfa-unknown note"}},
		"SAML":                       {func(w *world) { w.f.Protocol = "saml" }, nil},
		"no protocol":                {func(w *world) { w.f.Protocol = "" }, []string{"protocol-unknown note"}},
		"not verified":               {func(w *world) { w.Domain.Value.Verified = false }, []string{"domain-unverified warning!"}},
		"new and federated":          {func(w *world) { w.New = true }, []string{"domain-new-federated warning!"}},
		"new, but approved since":    {func(w *world) { w.New = true; w.approve(in(-1)) }, nil},
		"sign-in without encryption": {func(w *world) { w.f.PassiveURI = "http://sts.fabrikam.com/adfs/ls/" }, []string{"endpoint-plain warning!"}},
	})
}

func TestWitnessAndEndpoints(t *testing.T) {
	endpoint := func(change func(*facts.Endpoint)) func(*world) {
		return func(w *world) { change(&w.Endpoints[0]) }
	}
	check(t, map[string]row{
		"managed, says the sign-in page": {func(w *world) { w.Realm.Value.Kind = "Managed" }, []string{"realm-differs warning"}},
		"unknown, says the sign-in page": {func(w *world) { w.Realm.Value.Kind = "Unknown" }, []string{"realm-differs warning"}},
		"federated in capitals":          {func(w *world) { w.Realm.Value.Kind = "FEDERATED" }, nil},
		"sent to another host":           {func(w *world) { w.Realm.Value.SignInURL = "https://sts.evil.example/adfs/ls/" }, []string{"realm-host warning!"}},
		"sent to another path":           {func(w *world) { w.Realm.Value.SignInURL = "https://STS.fabrikam.com/adfs/ls" }, nil},
		"sent to nowhere":                {func(w *world) { w.Realm.Value.SignInURL = "" }, nil},
		"no answer": {endpoint(func(e *facts.Endpoint) {
			*e = facts.Endpoint{Host: "sts.fabrikam.com", Uses: []string{"sign-out"}, State: facts.EndpointUnreachable, Problem: "no answer in time", Checked: now}
		}), []string{"endpoint-unreachable warning"}},
		"no answer, and nothing is known of the identity provider": {func(w *world) {
			w.none()
			w.Endpoints[0] = facts.Endpoint{Host: "sts.fabrikam.com", Uses: []string{"sign-out"}, State: facts.EndpointUnreachable, Silent: true, Problem: "no answer in time", Checked: now}
		}, []string{"endpoint-unreachable warning"}},
		"silent, though its metadata was read": {endpoint(func(e *facts.Endpoint) {
			*e = facts.Endpoint{Host: "sts.fabrikam.com", Uses: []string{"sign-out"}, State: facts.EndpointUnreachable, Silent: true, Problem: "the name was not found", Checked: now}
		}), []string{"endpoint-unreachable note"}},
		"silent, a service in the cloud": {func(w *world) {
			w.okta()
			w.Endpoints[0] = facts.Endpoint{Host: "fabrikam.okta.com", Uses: []string{"browser sign-in"}, State: facts.EndpointUnreachable, Silent: true, Problem: "the name was not found", Checked: now}
		}, []string{"endpoint-unreachable note"}},
		"a service in the cloud that refuses": {func(w *world) {
			w.okta()
			w.Endpoints[0] = facts.Endpoint{Host: "fabrikam.okta.com:8443", Uses: []string{"browser sign-in"}, State: facts.EndpointUnreachable, Problem: "the connection was refused", Checked: now}
		}, []string{"endpoint-unreachable warning"}},
		"silent, a host that only looks like one": {func(w *world) {
			w.okta()
			w.Endpoints[0] = facts.Endpoint{Host: "notokta.com", Uses: []string{"browser sign-in"}, State: facts.EndpointUnreachable, Silent: true, Problem: "the name was not found", Checked: now}
		}, []string{"endpoint-unreachable warning"}},
		"not asked": {endpoint(func(e *facts.Endpoint) {
			*e = facts.Endpoint{Host: "sts.fabrikam.com", Uses: []string{"sign-out"}, State: facts.EndpointRefused, Problem: "link-local", Checked: now}
		}), []string{"endpoint-refused warning!"}},
		"expired": {endpoint(func(e *facts.Endpoint) {
			e.State, e.Problem, e.NotAfter = facts.EndpointExpired, "ended on 2026-11-20", in(-4)
		}), []string{"endpoint-expired critical"}},
		"for another name":                {endpoint(func(e *facts.Endpoint) { e.State, e.Problem = facts.EndpointWrongName, "it is for another name" }), []string{"endpoint-untrusted warning"}},
		"of an unknown authority":         {endpoint(func(e *facts.Endpoint) { e.State, e.Problem = facts.EndpointUntrusted, "unknown authority" }), []string{"endpoint-untrusted warning"}},
		"20 days left":                    {endpoint(func(e *facts.Endpoint) { e.NotAfter = in(20) }), nil},
		"12 days left":                    {endpoint(func(e *facts.Endpoint) { e.NotAfter = in(12) }), []string{"endpoint-ends note"}},
		"5 days left":                     {endpoint(func(e *facts.Endpoint) { e.NotAfter = in(5) }), []string{"endpoint-ends warning"}},
		"5 days left of a short life":     {endpoint(func(e *facts.Endpoint) { e.NotBefore, e.NotAfter = in(-1), in(5) }), nil},
		"the chain ends in 5 days":        {endpoint(func(e *facts.Endpoint) { e.ChainEnds = in(5) }), []string{"endpoint-ends warning"}},
		"the chain ends in 12 days":       {endpoint(func(e *facts.Endpoint) { e.ChainEnds = in(12) }), []string{"endpoint-ends note"}},
		"the chain ends in 20 days":       {endpoint(func(e *facts.Endpoint) { e.ChainEnds = in(20) }), nil},
		"plain, which the trust says too": {endpoint(func(e *facts.Endpoint) { e.State = facts.EndpointPlain }), nil},
	})
}
