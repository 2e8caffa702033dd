package aadsts

import "testing"

func TestPrimary(t *testing.T) {
	one := "0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100"
	two := "0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0200"
	for _, row := range []struct {
		name string
		errs []Error
		want int
	}{
		{"none", nil, -1},
		{"one", []Error{{Code: 50076, Explicit: true}}, 0},
		{"inner code behind its wrapper", []Error{{Code: 70002, Explicit: true}, {Code: 50126, Explicit: true}}, 1},
		{"a parent behind another parent, in one message", []Error{{Code: 70002, Explicit: true, TraceID: one}, {Code: 50013, Explicit: true, TraceID: one}}, 1},
		{"a parent behind another parent, without ids", []Error{{Code: 70002, Explicit: true}, {Code: 50013, Explicit: true}}, 1},
		{"two parents of two messages", []Error{{Code: 50013, Explicit: true, TraceID: one}, {Code: 50001, Explicit: true, TraceID: two}}, 0},
		{"specific codes: the first", []Error{{Code: 50076, Explicit: true}, {Code: 53003, Explicit: true}}, 0},
		{"a child behind its parent", []Error{{Code: 50013, Explicit: true}, {Code: 500133, Explicit: true}}, 1},
		{"a child before its parent", []Error{{Code: 500133, Explicit: true}, {Code: 50013, Explicit: true}}, 0},
		{"explicit before bare", []Error{{Code: 50126}, {Code: 50076, Explicit: true}}, 1},
		{"a generic explicit code before a bare one", []Error{{Code: 70002, Explicit: true}, {Code: 50126}}, 0},
		{"a code in nobody's list is specific", []Error{{Code: 70002, Explicit: true}, {Code: 599999, Explicit: true}}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := Primary(row.errs); got != row.want {
				t.Errorf("got %d, want %d", got, row.want)
			}
		})
	}
}
