package bot

import (
	"fmt"
	"testing"
	"time"
)

func TestSeenRemembersForAtLeastItsTime(t *testing.T) {
	at := time.Unix(1700000000, 0)
	for start := time.Duration(0); start < 3*time.Minute; start += 7 * time.Second {
		s := newSeen(time.Minute, 0)
		s.add("first", at) // sets the halves' rhythm
		s.add("key", at.Add(start))
		for age := time.Duration(0); age < time.Minute; age += 5 * time.Second {
			if s.add("key", at.Add(start+age)) {
				t.Fatalf("added %v after the first key: forgotten after %v", start, age)
			}
		}
		if !s.add("key", at.Add(start+2*time.Minute)) {
			t.Errorf("added %v after the first key: still remembered after twice the time", start)
		}
	}
}

func TestSeenForgetsWhenTold(t *testing.T) {
	at := time.Unix(1700000000, 0)
	s := newSeen(time.Minute, 0)
	s.add("key", at)
	s.forget("key")
	if s.has("key", at) || !s.add("key", at) {
		t.Error("still remembered")
	}
}

func TestSeenIsBounded(t *testing.T) {
	at := time.Unix(1700000000, 0)
	s := newSeen(time.Minute, 100)
	for i := range 10_000 {
		s.add(fmt.Sprint(i), at)
	}
	if n := len(s.now) + len(s.old); n > 200 {
		t.Errorf("%d keys are held", n)
	}
	if !s.has("9999", at) {
		t.Error("the latest is forgotten")
	}
}
