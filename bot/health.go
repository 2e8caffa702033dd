package bot

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Part is one thing that the bot needs to be ready.
type Part struct {
	Name  string
	Check func(ctx context.Context) error
}

// checkFor bounds the check of one part.
const checkFor = 5 * time.Second

// healthRoutes adds the endpoints that tell a supervisor how the process is: /healthz answers while the process lives,
// /readyz names each part, /metrics is for Prometheus.
func healthRoutes(mux *http.ServeMux, parts []Part, metrics *prometheus.Registry) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkFor)
		defer cancel()
		lines, ready := checkParts(ctx, parts)
		if !ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprintln(w, strings.Join(lines, "\n"))
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
}

// checkParts says of each part whether it works.
func checkParts(ctx context.Context, parts []Part) (lines []string, ready bool) {
	ready = true
	for _, p := range parts {
		if err := p.Check(ctx); err != nil {
			ready = false
			lines = append(lines, p.Name+": "+err.Error())
			continue
		}
		lines = append(lines, p.Name+": ok")
	}
	return lines, ready
}

// queueMetrics shows the jobs by state.
func queueMetrics(registry *prometheus.Registry, stats func(context.Context) (map[string]int64, error)) {
	registry.MustRegister(jobsByState{stats, prometheus.NewDesc("signpost_jobs", "Jobs in the queue by state.", []string{"state"}, nil)})
}

type jobsByState struct {
	stats func(context.Context) (map[string]int64, error)
	desc  *prometheus.Desc
}

func (j jobsByState) Describe(ch chan<- *prometheus.Desc) { ch <- j.desc }

func (j jobsByState) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), checkFor)
	defer cancel()
	counts, err := j.stats(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(j.desc, err)
		return
	}
	states := make([]string, 0, len(counts))
	for s := range counts {
		states = append(states, s)
	}
	slices.Sort(states)
	for _, s := range states {
		ch <- prometheus.MustNewConstMetric(j.desc, prometheus.GaugeValue, float64(counts[s]), s)
	}
}
