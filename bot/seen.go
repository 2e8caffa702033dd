package bot

import (
	"sync"
	"time"
)

// seen remembers keys for a while: at least for keep, at most for twice that. It is exact, which is what a replay check needs, and
// is thrown away by halves, so it needs no goroutine.
type seen struct {
	keep time.Duration
	max  int // keys in one half; 0 no limit. A full half is thrown away early.

	mu       sync.Mutex
	now, old map[string]struct{}
	turned   time.Time
}

func newSeen(keep time.Duration, max int) *seen {
	return &seen{keep: keep, max: max, now: map[string]struct{}{}}
}

// add remembers the key and reports whether it is new.
func (s *seen) add(key string, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(at)
	if s.holds(key) {
		return false
	}
	s.now[key] = struct{}{}
	return true
}

// has reports whether the key is remembered.
func (s *seen) has(key string, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(at)
	return s.holds(key)
}

// forget lets the key be new again.
func (s *seen) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.now, key)
	delete(s.old, key)
}

func (s *seen) holds(key string) bool {
	if _, ok := s.now[key]; ok {
		return true
	}
	_, ok := s.old[key]
	return ok
}

// turn makes the younger half the older one when its time is over.
func (s *seen) turn(at time.Time) {
	if s.turned.IsZero() {
		s.turned = at
	}
	age := at.Sub(s.turned)
	if age < s.keep && (s.max == 0 || len(s.now) < s.max) {
		return
	}
	s.old, s.now, s.turned = s.now, map[string]struct{}{}, at
	if age >= 2*s.keep {
		s.old = nil
	}
}
