package aadsts

import (
	"slices"
	"testing"
)

func TestCodes(t *testing.T) {
	codes := Codes()
	if len(codes) < 400 {
		t.Fatalf("only %d codes", len(codes))
	}
	if !slices.IsSortedFunc(codes, func(a, b Code) int { return a.Number - b.Number }) {
		t.Error("not sorted")
	}
	for i, c := range codes {
		if c.Number < 10000 || c.Number > 9999999 {
			t.Errorf("number %d", c.Number)
		}
		if i > 0 && codes[i-1].Number == c.Number {
			t.Errorf("%d stands twice", c.Number)
		}
		if c.Parent != 0 {
			if _, ok := Lookup(c.Parent); !ok {
				t.Errorf("%d has the parent %d, which the table does not hold", c.Number, c.Parent)
			}
		}
	}
	codes[0].Number = 1
	if Codes()[0].Number == 1 {
		t.Error("Codes gives its own slice away")
	}
}

func TestLookup(t *testing.T) {
	c, ok := Lookup(50076)
	if !ok || c.Number != 50076 || c.Name != "UserStrongAuthClientAuthNRequired" {
		t.Errorf("got %+v, %v", c, ok)
	}
	if c, ok := Lookup(599999); ok || c != (Code{}) {
		t.Errorf("a code in nobody's list gives %+v, %v", c, ok)
	}
	if c, _ := Lookup(500133); c.Parent != 50013 {
		t.Errorf("the parent of 500133 is %d", c.Parent)
	}
}
