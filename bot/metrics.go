package bot

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// delivery is what became of an event; a label.
type delivery string

const (
	wasDelivered delivery = "delivered" // the sink took it
	wasRefused   delivery = "failed"    // the sink did not; Slack will send it again
	wasPanicked  delivery = "panicked"  // the same, by a bug
	wasDuplicate delivery = "duplicate" // taken earlier under the same event id, or the same signed request
	wasIgnored   delivery = "ignored"   // of a kind that nobody here knows
	wasShed      delivery = "shed"      // no room, or stopping; not acknowledged, Slack will send it again
)

// What became of an envelope that slack-go or Signpost could not read; a label.
const (
	badRead    = "read"     // slack-go could not, Signpost could: treated like any other
	badGivenUp = "given_up" // acknowledged and forgotten
	badNoID    = "no_id"    // nothing to acknowledge it by
)

// Metrics counts what the transports see. Nothing in it tells what anybody said.
type Metrics struct {
	events       *prometheus.CounterVec // by kind and outcome
	seconds      prometheus.Histogram
	bad          *prometheus.CounterVec // by what became of them
	reconnects   prometheus.Counter
	connErrors   prometheus.Counter
	acksFailed   prometheus.Counter
	httpRefused  *prometheus.CounterVec // by reason
	rateLimited  prometheus.Counter
	connectionUp prometheus.Gauge
}

// NewMetrics makes the metrics and registers them. A registry can hold them once; registering twice is a mistake of the program and panics at its start.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	f := promauto.With(reg)
	return &Metrics{
		events: f.NewCounterVec(prometheus.CounterOpts{
			Name: "signpost_slack_events_total", Help: "Events, commands and interactions from Slack, by kind and by what became of them.",
		}, []string{"kind", "outcome"}),
		seconds: f.NewHistogram(prometheus.HistogramOpts{
			Name: "signpost_slack_delivery_seconds", Help: "Time from an event's arrival until its work is stored. Slack waits for 3 s.",
			Buckets: []float64{.001, .005, .025, .1, .25, .5, 1, 2, 3},
		}),
		bad: f.NewCounterVec(prometheus.CounterOpts{
			Name: "signpost_slack_bad_envelopes_total",
			Help: "Envelopes that slack-go or Signpost could not read: read all the same, given up (acknowledged), or without an id to acknowledge.",
		}, []string{"outcome"}),
		reconnects: f.NewCounter(prometheus.CounterOpts{
			Name: "signpost_slack_reconnects_total", Help: "Socket Mode connections that were opened again.",
		}),
		connErrors: f.NewCounter(prometheus.CounterOpts{
			Name: "signpost_slack_connection_errors_total", Help: "Failed attempts to open a Socket Mode connection.",
		}),
		acksFailed: f.NewCounter(prometheus.CounterOpts{
			Name: "signpost_slack_acks_failed_total", Help: "Acknowledgements that could not be sent; Slack sends those events again.",
		}),
		httpRefused: f.NewCounterVec(prometheus.CounterOpts{
			Name: "signpost_slack_http_refused_total", Help: "HTTP requests that were not let in, by reason.",
		}, []string{"reason"}),
		rateLimited: f.NewCounter(prometheus.CounterOpts{
			Name: "signpost_slack_rate_limited_minutes_total", Help: "Minutes for which Slack left out events, having sent 30,000 in an hour.",
		}),
		connectionUp: f.NewGauge(prometheus.GaugeOpts{
			Name: "signpost_slack_connections", Help: "Socket Mode connections that are open and greeted.",
		}),
	}
}

// event counts one. The kinds that nobody knows share a label, so that Slack's inventions do not grow the registry.
func (m *Metrics) event(kind string, d delivery) {
	switch Source(kind) {
	case FromEvents, FromCommand, FromInteraction: // shed before anybody looked inside
	default:
		if !known[kind] {
			kind = "other"
		}
	}
	m.events.WithLabelValues(kind, string(d)).Inc()
}

func (m *Metrics) took(d time.Duration) { m.seconds.Observe(d.Seconds()) }
