package aadsts

// Primary returns the index of the error that leads the answer, -1 if there is none: the specific code, not the wrapper
// that it came in. In "AADSTS70002: … AADSTS50126: …" that is 50126.
//
// The rule rests on the table only. A code is generic if it is another code's parent or is marked as a wrapper. Explicit
// codes go before bare numbers, specific before generic, wrappers last. Among equally specific codes the first leads,
// unless it is the parent of a later one; among equally generic codes of one message the last leads, because Entra
// writes the inner error behind the outer one.
func Primary(errs []Error) int {
	best := -1
	for i := range errs {
		if best < 0 || leads(errs[i], errs[best]) {
			best = i
		}
	}
	return best
}

// leads says whether a, which stands later in the text, goes before b.
func leads(a, b Error) bool {
	if a.Explicit != b.Explicit {
		return a.Explicit
	}
	ca, _ := Lookup(a.Code)
	cb, _ := Lookup(b.Code)
	if ra, rb := rank(ca, a.Code), rank(cb, b.Code); ra != rb {
		return ra > rb
	} else if ra == specific {
		return ca.Parent != 0 && ca.Parent == b.Code
	}
	return a.TraceID == b.TraceID && a.CorrelationID == b.CorrelationID
}

const (
	wrapper  = iota // announces another code
	general         // parent of a more specific code
	specific        // neither
)

func rank(c Code, number int) int {
	switch {
	case c.Wraps:
		return wrapper
	case table().generic[number]:
		return general
	}
	return specific
}
