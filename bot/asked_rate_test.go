package bot

import (
	"fmt"
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	t.Parallel()
	r, now := newRate(), time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for i := range asksMost {
		if !r.allow("U0BOB", now.Add(time.Duration(i)*time.Second)) {
			t.Fatalf("question %d is refused", i+1)
		}
	}
	now = now.Add(asksMost * time.Second)
	for range 100 { // refused ones do not count, however many
		if r.allow("U0BOB", now) {
			t.Fatal("one too many is allowed")
		}
	}
	if !r.allow("U0ALICE", now) {
		t.Error("somebody else is refused")
	}
	now = now.Add(asksIn - asksMost*time.Second)
	if !r.allow("U0BOB", now) || r.allow("U0BOB", now) {
		t.Error("a minute after the first question there is room for one, and for one only")
	}
	for i := range 5000 {
		r.allow(fmt.Sprintf("U%d", i), now)
	}
	r.allow("U0CAROL", now.Add(2*asksIn))
	if len(r.latest) > 1 {
		t.Errorf("%d people are remembered who ask nothing", len(r.latest))
	}
}
