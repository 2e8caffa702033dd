package bot

import (
	"context"
	"strings"
	"sync"
	"time"

	"signpost/handlers"
)

// tenantLines remembers for a while what can be read of the tenant: finding out takes several calls of Graph.
type tenantLines struct {
	mu    sync.Mutex
	at    time.Time
	lines []string
}

// tenantFor is how long that is believed.
const tenantFor = time.Minute

// status says how the bot stands: to agents all of it, to others whether it works.
func (d *Dispatch) status(ctx context.Context, q ask) error {
	s := d.Typed.status
	s.Channels = append([]handlers.StatusChannel{}, s.Channels...)
	reader, err := d.Gate.Reader(ctx, q.User, q.Team)
	s.Agent = err == nil && reader.Inside && reader.Agent && !q.by().foreign()
	for _, l := range d.tenantSays(ctx) {
		if reads, ok := strings.CutPrefix(l, "Entra: "); ok {
			s.Reads = "It can read: " + reads
		} else {
			s.Lacks = append(s.Lacks, l)
		}
	}
	if s.Agent {
		for i := range s.Channels {
			s.Channels[i].Now = d.Gate.Details(ctx, s.Channels[i].ID)
		}
	}
	return d.Worker.send(ctx, q, handlers.ComposeStatus(s))
}

// tenantSays are the lines that the start of the bot shows about the tenant. Several who ask at once share one look.
func (d *Dispatch) tenantSays(ctx context.Context) []string {
	t := d.Typed
	if t.tenant == nil {
		return nil
	}
	t.read.mu.Lock()
	defer t.read.mu.Unlock()
	now := d.Worker.Now()
	if t.read.at.IsZero() || now.Sub(t.read.at) >= tenantFor {
		reading, cancel := context.WithTimeout(ctx, readFor)
		defer cancel()
		lines := t.tenant(reading)
		if reading.Err() != nil { // cut off in the middle: not to be believed, nor remembered
			return []string{"The tenant did not answer in time"}
		}
		t.read.lines, t.read.at = lines, now
	}
	return t.read.lines
}
