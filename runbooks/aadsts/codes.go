package aadsts

import (
	_ "embed" // for codes.tsv
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed codes.tsv
var codesTSV string

// Code is what the table knows about one AADSTS number.
type Code struct {
	Number  int    // 50076
	Name    string // Microsoft's symbolic name; "" where it has none
	Family  string // mfa, conditional-access, …
	Actor   string // who ends it: user, helpdesk, identity-admin, app-owner, app-developer, idp-admin, microsoft
	Kind    string // interrupt, failure or outage
	Article string // Microsoft's own page about the code; "" where there is none
	Meaning string // one line, our words
	Parent  int    // the more general code that this one refines; 0 where there is none
	Wraps   bool   // the code only announces another, more specific one in the same message
}

type codeTable struct {
	codes   []Code       // sorted by number
	numbers []int        // of codes
	generic map[int]bool // parents and wrappers
}

var table = sync.OnceValue(func() *codeTable {
	t := &codeTable{generic: map[int]bool{}}
	for line := range strings.Lines(codesTSV) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(f) < 9 {
			continue
		}
		n, err := strconv.Atoi(f[0])
		if err != nil { // the header
			continue
		}
		c := Code{Number: n, Name: f[1], Family: f[3], Actor: f[4], Kind: f[5], Article: f[6], Meaning: f[7], Wraps: f[8] == "yes"}
		c.Parent, _ = strconv.Atoi(f[2]) // empty means none
		t.codes = append(t.codes, c)
		if c.Wraps {
			t.generic[n] = true
		}
		if c.Parent != 0 {
			t.generic[c.Parent] = true
		}
	}
	slices.SortFunc(t.codes, func(a, b Code) int { return a.Number - b.Number })
	for _, c := range t.codes {
		t.numbers = append(t.numbers, c.Number)
	}
	return t
})

// Lookup returns what the table knows of a code; false where the code is in nobody's list.
func Lookup(code int) (Code, bool) {
	t := table()
	i, ok := slices.BinarySearch(t.numbers, code)
	if !ok {
		return Code{}, false
	}
	return t.codes[i], true
}

// Codes returns all codes of the table, sorted by number. The slice is the caller's own.
func Codes() []Code { return slices.Clone(table().codes) }

func listed(code int) bool {
	_, ok := slices.BinarySearch(table().numbers, code)
	return ok
}
