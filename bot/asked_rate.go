package bot

import (
	"sync"
	"time"
)

// A person may ask this often: each question can take several calls of Graph, whose limits all share.
// https://learn.microsoft.com/graph/throttling-limits
const (
	asksMost = 20
	asksIn   = time.Minute
)

const tooManySays = "That is more than 20 questions in a minute. Wait a minute and ask again."

// rate counts how often each person asked lately.
type rate struct {
	mu     sync.Mutex
	latest map[string][]time.Time // at most asksMost a person, oldest first
	swept  time.Time
}

func newRate() *rate { return &rate{latest: map[string][]time.Time{}} }

// allow notes a question, and reports whether the person may ask it. A refused one does not count, so that waiting helps.
func (r *rate) allow(person string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.swept) > asksIn { // whoever has asked nothing for a while is forgotten
		r.swept = now
		for p, at := range r.latest {
			if now.Sub(at[len(at)-1]) > asksIn {
				delete(r.latest, p)
			}
		}
	}
	at := r.latest[person]
	for len(at) > 0 && now.Sub(at[0]) >= asksIn {
		at = at[1:]
	}
	if len(at) >= asksMost {
		r.latest[person] = at
		return false
	}
	r.latest[person] = append(at[:len(at):len(at)], now)
	return true
}
