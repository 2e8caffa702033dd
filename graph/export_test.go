package graph

import (
	"log/slog"
	"net/http"
	"runtime"
	"time"
)

// NewOver is [New] over a wire of the test's own.
func NewOver(cfg Config, log *slog.Logger, wire http.RoundTripper) (*Tenant, error) {
	cfg.Clock = cfg.Clock.orSystem()
	return newTenant(cfg, log, wire, func() {})
}

// Hurry lets the tenant give a batch up after a moment.
func (t *Tenant) Hurry(d time.Duration) { t.batches.patience = d }

// WaitForLookups returns once n lookups in the log of people's sign-ins wait behind the one that is under way.
func (t *Tenant) WaitForLookups(n int) {
	for g := t.lookups.people; ; runtime.Gosched() {
		g.mu.Lock()
		waiting := len(g.order)
		g.mu.Unlock()
		if waiting >= n {
			return
		}
	}
}

// WaitForSharing returns once n callers wait for one read of an account.
func (t *Tenant) WaitForSharing(name string, n int) {
	for m := t.caches.users; ; runtime.Gosched() {
		m.mu.Lock()
		f, waiting := m.flying[name], 0
		if f != nil {
			waiting = f.waiting
		}
		m.mu.Unlock()
		if waiting >= n {
			return
		}
	}
}
