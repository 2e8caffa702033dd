package graph

import "runtime"

// WaitForLookups returns once n lookups of correlation ids wait behind the one that is under way.
func (t *Tenant) WaitForLookups(n int) {
	for g := t.lookups.interactive; ; runtime.Gosched() {
		g.mu.Lock()
		waiting := len(g.waiting)
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
