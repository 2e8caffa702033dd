package facts

// truth is an answer that may be open.
type truth int

const (
	open truth = iota
	yes
	no
)

// both is yes where both are, and no where one is.
func both(a, b truth) truth {
	switch {
	case a == no || b == no:
		return no
	case a == yes && b == yes:
		return yes
	}
	return open
}

// one is yes where one of them is, and no where none can be.
func one(a, b truth) truth { return opposite(both(opposite(a), opposite(b))) }

func opposite(t truth) truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return open
}

// truly is an answer that is not open.
func truly(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) is() bool { return t == yes }

// pointer is the answer as facts give it: nil where it is open.
func (t truth) pointer() *bool {
	if t == open {
		return nil
	}
	b := t == yes
	return &b
}
