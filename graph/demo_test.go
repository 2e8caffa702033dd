package graph_test

import (
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

var inPaste = regexp.MustCompile(`AADSTS(\d+)|Correlation ID: (\S+)|Trace ID: (\S+)|Timestamp: (\S+ \S+)|redirect URI '(\S+)'|User account '(\S+)' from identity provider '(\S+)'`)

// TestDemoTenantTellsItsStories reads the facts of each paste of the demo as the bot would.
func TestDemoTenantTellsItsStories(t *testing.T) {
	stories := map[string]func(t *testing.T, r facts.Report){
		"a user without MFA": func(t *testing.T, r facts.Report) {
			if r.Subject.User != "mia@contoso.com" || r.MFA.Value.Registered || r.Methods.Value.Second || r.Domain.Value.Federated {
				t.Errorf("%+v %+v", r.Subject, r.MFA.Value)
			}
		},
		"a Conditional Access block": func(t *testing.T, r facts.Report) {
			row := r.SignIn.Value
			if !slices.Equal(row.Blocking, []string{"Block sign-in outside the EU"}) || !slices.Equal(row.ReportOnly, []string{"Require a compliant device (pilot)"}) || row.Country != "CA" {
				t.Errorf("%+v", row)
			}
			if c := r.Changes.Value; c == nil || len(c.List) != 1 || c.List[0].Target != "Block sign-in outside the EU" || c.List[0].Minutes != 59 {
				t.Errorf("%s %q %+v", r.Changes.State, r.Changes.Reason, c)
			}
			p := r.Policies.Value
			if p == nil || !slices.Equal(p.Enforced, row.Blocking) || !*p.Blocks || !*p.ByLocation ||
				!slices.Equal(p.Conditions, []string{"location: anywhere but EU; the sign-in came from Canada (CA)"}) || !slices.Equal(p.Satisfy, []string{"from a place in EU"}) || !slices.Equal(p.Frequency, []string{"Sign in again every 14 days (every 14 days)"}) ||
				!slices.Equal(p.Flows, []string{"Block device code flow"}) || !slices.Equal(p.Legacy, []string{"Block legacy authentication"}) || !slices.Equal(p.Registration, []string{"Register security information with MFA"}) {
				t.Errorf("%s %q %+v", r.Policies.State, r.Policies.Reason, p)
			}
		},
		"a Google guest whose grant is gone": func(t *testing.T, r facts.Report) {
			if r.User.Value.Provider != "google.com" || r.Spread.Value.Users != 1 || r.Recent.Value.SameFailures != 4 || r.Recent.Value.Healed || !slices.Contains(r.Providers.Value.Types, "Google") {
				t.Errorf("%+v %+v", r.User.Value, r.Spread.Value)
			}
			if *r.SignIn.Value.Interactive {
				t.Error("a redemption of a refresh token is not interactive")
			}
		},
		"a group within the assigned group": func(t *testing.T, r facts.Report) {
			a := r.Assignment.Value
			if a == nil || !a.Required || *a.Assigned || !slices.Equal(a.Nested, []string{"Expenses users"}) {
				t.Errorf("%s %q %+v", r.Assignment.State, r.Assignment.Reason, a)
			}
		},
		"a redirect URI with a slash too many": func(t *testing.T, r facts.Report) {
			a := r.App.Value
			if a == nil || *a.Exact || a.Nearest != "https://expenses.contoso.com/signin-oidc" || !slices.Equal(a.Differs, []string{"slash"}) {
				t.Errorf("%s %q %+v", r.App.State, r.App.Reason, a)
			}
		},
		"an admin whose methods are not strong enough": func(t *testing.T, r facts.Report) {
			p, s, m := r.Policies.Value, r.Strengths.Value, r.MethodsPolicy.Value
			if p == nil || s == nil || m == nil {
				t.Fatalf("%q %q %q", r.Policies.Reason, r.Strengths.Reason, r.MethodsPolicy.Reason)
			}
			if !slices.Equal(p.Enforced, []string{"Phishing-resistant MFA for admin portals"}) || !slices.Equal(p.Conditions, []string{"app: Microsoft admin portals"}) ||
				s.Passes == nil || *s.Passes || s.Holds != "Authenticator push and SMS" || s.Needs != "a passkey, Windows Hello or a certificate" || !slices.Equal(m.Usable, []string{"authenticator", "phone"}) {
				t.Errorf("%+v %+v %+v", p, s, m)
			}
		},
		"a laptop that is not compliant": func(t *testing.T, r facts.Report) {
			d := r.Device.Value
			if d == nil || d.Name != "LT-FINN" || d.Compliant == nil || *d.Compliant || d.Stale || !slices.Equal(r.SignIn.Value.Blocking, []string{"Require a compliant device for Expenses"}) {
				t.Errorf("%s %q %+v", r.Device.State, r.Device.Reason, d)
			}
		},
		"a partner whom nobody has invited": func(t *testing.T, r facts.Report) {
			g := r.Guest.Value
			if g == nil || g.Invited || g.HomeName != "Northwind Traders" || g.HomeIsUs || !g.Partner || !*g.TrustsMFA || *g.InboundBlocked {
				t.Errorf("%s %q %+v", r.Guest.State, r.Guest.Reason, g)
			}
		},
		"a federated domain with a stale certificate": func(t *testing.T, r facts.Report) {
			f := r.Federation.Value
			if f == nil || f.Provider != "AD FS" || len(f.Certificates) != 1 || !f.Certificates[0].NotAfter.Before(now) || f.Rollover != "couldNotAccessRemoteHost" {
				t.Fatalf("%s %q %+v", r.Federation.State, r.Federation.Reason, f)
			}
			if r.Spread.Value.Users != 3 {
				t.Errorf("%+v", r.Spread.Value)
			}
		},
	}
	for _, p := range tenantfake.DemoPastes(now) {
		t.Run(p.Title, func(t *testing.T) {
			q := facts.Query{Ask: all, Reporter: p.Who, Activities: []string{"Update conditional access policy"}}
			for _, m := range inPaste.FindAllStringSubmatch(p.Text, -1) {
				switch {
				case m[1] != "":
					q.Code, _ = strconv.Atoi(m[1])
				case m[2] != "":
					q.CorrelationID = m[2]
				case m[3] != "":
					q.TraceID = m[3]
				case m[4] != "":
					q.Time, _ = time.Parse("2006-01-02 15:04:05Z", m[4])
				case m[5] != "":
					q.RedirectURI = m[5]
				case m[6] != "":
					q.User, q.Provider = m[6], m[7]
				}
			}
			r := connect(t, serve(t, tenantfake.Demo(now))).Collect(t.Context(), q)
			if !r.SignIn.OK() || r.SignIn.Value.Code != q.Code || !r.SignIn.Value.Time.Equal(q.Time) || r.SignIn.Value.ID != q.TraceID {
				t.Fatalf("sign-in %s %q %+v", r.SignIn.State, r.SignIn.Reason, r.SignIn.Value)
			}
			stories[p.Title](t, r)
		})
	}
}
