package graph_test

import (
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

func TestTrustsOfAThousandDomainsStayWithinTheLimits(t *testing.T) {
	const n = 1000
	s, tenant := adfs(t, func(st *tenantfake.State) {
		trust := st.Federation["fed.example"]
		for i := range n - 1 {
			name := fmt.Sprintf("d%03d.example", i)
			st.Domains = append(st.Domains, named(name, "Federated"))
			one := maps.Clone(trust)
			one["issuerUri"] = "http://" + name + "/adfs/services/trust/"
			st.Federation[name] = one
		}
		delete(st.Federation, "d500.example") // one that fails costs no other
	})
	last := 0
	r := tenant.Trusts(t.Context(), facts.TrustQuery{Progress: func(done, total int) {
		if total != n || done < last {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	}})
	if diff := cmp.Diff([]string{"d500.example federation-missing critical"}, found(r)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if len(r.Domains) != n || last != n || s.Throttled() != 0 {
		t.Errorf("%d domains, progress to %d, %d requests throttled", len(r.Domains), last, s.Throttled())
	}
	if got := s.Count("/directoryAudits"); got != 1 {
		t.Errorf("the audit was read %d times", got)
	}
}

// What Microsoft's limits allow a scan, at the least. https://learn.microsoft.com/graph/throttling-limits
//
//   - The directory takes 3,500 resource units in 10 s of an app in a tenant of the smallest size. Reading a trust costs one; so
//     does counting accounts: two, less one for $select, less one for $top, and never under one.
//   - The reports and the audit take 5 requests in 10 s; a scan makes one, or three where "or" is refused.
//   - A batch holds 20 requests; how many batches are under way is not limited.
//
// The units of a window may be spent at once, so the first 3,500 cost no wait, and below that a scan takes what its reads take that
// follow each other. A tenant without a burst would get the units evenly, 350 a second: that is the reference which the bar of
// 1.2 is held against, and the stricter one is reported beside it.
const (
	allowedUnits  = 3500
	allowedWindow = 10 * time.Second
)

// BenchmarkTrusts takes the time of a scan, over a network where every request takes 100 ms, also one to the sign-in page.
func BenchmarkTrusts(b *testing.B) {
	const delay = 100 * time.Millisecond
	for _, n := range []int{1000, 4000} {
		b.Run(fmt.Sprintf("%d domains", n), func(b *testing.B) {
			var took, even, burst time.Duration
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer() // each scan meets limits that nobody has used yet
				s := crowd(n)
				s.Break(tenantfake.Fault{Delay: delay})
				s.Break(tenantfake.Fault{Path: "getuserrealm.srf", Delay: delay})
				env := s.Env()
				cfg, err := graph.FromEnv(func(name string) string { return env[name] })
				if err != nil {
					b.Fatal(err)
				}
				cfg.RootCAs = s.CertPool()
				tenant, err := graph.New(cfg, slog.New(slog.DiscardHandler))
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				begin := time.Now()
				r := tenant.Trusts(b.Context(), facts.TrustQuery{})
				took += time.Since(begin)
				b.StopTimer()
				if r.Status != facts.Healthy || len(r.Domains) != n || s.Throttled() != 0 {
					b.Fatalf("%s, %d domains, %d throttled", r.Status, len(r.Domains), s.Throttled())
				}
				units := 0
				for _, q := range s.Requests() {
					if !strings.Contains(q.Path, "$batch") && !strings.Contains(strings.ToLower(q.Path), "/auditlogs/") {
						units++
					}
				}
				even += time.Duration(units) * allowedWindow / allowedUnits
				burst += time.Duration((units-1)/allowedUnits)*allowedWindow + 2*delay // the list, then the trusts
				tenant.Close()
				s.Close()
				b.StartTimer()
			}
			b.ReportMetric(took.Seconds()/float64(b.N), "s/scan")
			b.ReportMetric(took.Seconds()/even.Seconds(), "x-of-even-limit")
			b.ReportMetric(took.Seconds()/burst.Seconds(), "x-of-burst-limit")
		})
	}
}

// crowd is a tenant of many federated domains behind one AD FS, which is the fake itself.
func crowd(n int) *tenantfake.Server {
	s := tenantfake.New(tenantfake.State{})
	host, at := strings.TrimPrefix(s.URL, "https://"), time.Now()
	cert := tenantfake.SigningCertificate("ADFS Signing", at.AddDate(0, -2, 0), at.AddDate(0, 10, 0))
	s.Change(func(st *tenantfake.State) {
		st.Published = map[string]string{tenantfake.MetadataPath: tenantfake.FederationMetadata(host, cert)}
		st.Federation = map[string]tenantfake.Object{}
		for i := range n {
			name := fmt.Sprintf("d%04d.example", i)
			st.Domains = append(st.Domains, named(name, "Federated"))
			st.Federation[name] = tenantfake.AdfsTrust(name, host, cert, at)
		}
	})
	return s
}
