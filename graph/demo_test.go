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

var inPaste = regexp.MustCompile(`AADSTS(\d+)|Correlation ID: (\S+)|Trace ID: (\S+)|Timestamp: (\S+ \S+)`)

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
		},
		"a Google guest whose grant is gone": func(t *testing.T, r facts.Report) {
			if r.User.Value.Provider != "google.com" || r.Spread.Value.Users != 1 || r.Recent.Value.SameFailures != 4 || r.Recent.Value.Healed || !slices.Contains(r.Providers.Value.Types, "Google") {
				t.Errorf("%+v %+v", r.User.Value, r.Spread.Value)
			}
			if *r.SignIn.Value.Interactive {
				t.Error("a redemption of a refresh token is not interactive")
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
			q := facts.Query{Ask: all, Reporter: p.Who}
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
