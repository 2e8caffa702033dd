package jobs

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"
)

// BenchmarkFromEventToWork is how long it takes to store a case (what Slack
// waits for) and from then until its work begins (what people wait for).
func BenchmarkFromEventToWork(b *testing.B) {
	urls := map[string]string{"sqlite": "sqlite:" + b.TempDir() + "/signpost.db"}
	if url := os.Getenv("SIGNPOST_TEST_POSTGRES_URL"); url != "" {
		urls["postgres"] = url
	}
	for name, url := range urls {
		b.Run(name, func(b *testing.B) {
			db, err := Open(b.Context(), url, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			begun := make(chan time.Time, 1)
			q, err := New(db, Work{
				Answer: func(context.Context, int64) error { begun <- time.Now(); return nil },
				Late:   func(context.Context, int64, int) error { return nil },
			}, Options{})
			if err != nil {
				b.Fatal(err)
			}
			if err := q.Start(context.Background()); err != nil {
				b.Fatal(err)
			}
			defer q.Stop(context.Background())
			var stored, waited []time.Duration
			for n := 0; b.Loop(); n++ {
				c := paste(int(time.Now().UnixNano() % 1e6))
				c.MessageTS = time.Now().String()
				from := time.Now()
				if _, _, err := q.Open(b.Context(), c); err != nil {
					b.Fatal(err)
				}
				done := time.Now()
				stored = append(stored, done.Sub(from))
				waited = append(waited, (<-begun).Sub(done))
			}
			slices.Sort(stored)
			slices.Sort(waited)
			b.ReportMetric(float64(stored[len(stored)/2].Microseconds())/1000, "ms-stored-p50")
			b.ReportMetric(float64(stored[len(stored)*99/100].Microseconds())/1000, "ms-stored-p99")
			b.ReportMetric(float64(waited[len(waited)/2].Microseconds())/1000, "ms-waited-p50")
			b.ReportMetric(float64(waited[len(waited)*99/100].Microseconds())/1000, "ms-waited-p99")
		})
	}
}
