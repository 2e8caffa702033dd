package bot

import (
	"cmp"
	"slices"
	"strconv"

	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// slipKind is how one word becomes another by one slip of the hand. The likelier it is, the smaller.
type slipKind int

const (
	noSlip     slipKind = iota // the same, or more than one slip apart
	swapped                    // two neighbours changed places
	dropped                    // one is missing
	doubled                    // one is there twice
	added                      // one is too many
	substitute                 // one is another
)

// slip says how typed differs from meant by one slip.
func slip(meant, typed string) slipKind {
	m, t := []rune(meant), []rune(typed)
	if len(m) > len(t)+1 || len(t) > len(m)+1 || meant == typed {
		return noSlip
	}
	i := 0
	for i < len(m) && i < len(t) && m[i] == t[i] {
		i++
	}
	switch {
	case len(t) < len(m):
		if slices.Equal(m[i+1:], t[i:]) {
			return dropped
		}
	case len(t) > len(m):
		if !slices.Equal(m[i:], t[i+1:]) {
			return noSlip
		}
		if i > 0 && t[i] == t[i-1] {
			return doubled
		}
		return added
	case slices.Equal(m[i+1:], t[i+1:]):
		return substitute
	case i+1 < len(m) && m[i] == t[i+1] && m[i+1] == t[i] && slices.Equal(m[i+2:], t[i+2:]):
		return swapped
	}
	return noSlip
}

// mostNear is how many codes are offered in place of one that nobody knows.
const mostNear = 3

// nearCodes are known codes that one slip turns into this one, likeliest first: by the slip, then those with a runbook. A code
// that is known has none: it is never corrected.
func nearCodes(book *runbooks.Book, code int) []int {
	if book.Lookup(code).Depth != runbooks.Unlisted {
		return nil
	}
	type near struct {
		code int
		kind slipKind
		full bool
	}
	var all []near
	typed := strconv.Itoa(code)
	consider := func(c int) {
		if kind := slip(strconv.Itoa(c), typed); kind != noSlip {
			all = append(all, near{c, kind, book.Lookup(c).Depth == runbooks.Full})
		}
	}
	for _, c := range aadsts.Codes() {
		consider(c.Number)
	}
	for _, c := range book.Codes() {
		if _, listed := aadsts.Lookup(c); !listed {
			consider(c)
		}
	}
	slices.SortFunc(all, func(a, b near) int {
		rank := func(n near) int { // a digit too many is no likelier than one too few
			if n.kind == doubled || n.kind == added {
				return int(dropped)
			}
			return int(n.kind)
		}
		full := func(n near) int {
			if n.full {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(full(a), full(b)), cmp.Compare(a.code, b.code))
	})
	var codes []int
	for _, n := range all[:min(len(all), mostNear)] {
		codes = append(codes, n.code)
	}
	return codes
}

// nearDomain is a domain of ours that one slip turns into this one, "" where this is ours, or none or several are near.
func nearDomain(ours []string, domain string) string {
	found := ""
	for _, d := range ours {
		switch {
		case d == domain:
			return ""
		case slip(d, domain) == noSlip || d == found:
		case found != "":
			return ""
		default:
			found = d
		}
	}
	return found
}
