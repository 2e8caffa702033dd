package tenantfake

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// odata is the part of OData's $filter that Graph's clients use: eq ne gt ge lt le, and, or, not, in, startsWith, endsWith,
// any. https://learn.microsoft.com/graph/filter-query-parameter
type odata struct {
	fold     bool // compare texts without letter case, as the directory does
	advanced bool // endsWith, ne and not are allowed
}

// test says whether an object fits a filter.
type test func(Object) (bool, error)

// value reads an operand of a comparison from an object.
type value func(Object) any

var tokens = regexp.MustCompile(`^(?:'(?:[^']|'')*'|[(),:]|[^\s(),:']+(?::\d\d:\d\d[^\s(),']*)?)`)

// filter is a filter that is being parsed.
type filter struct {
	odata
	words []string
	scope map[string]bool // variables of any
}

// parse reads a filter. An empty one fits everything.
func (o odata) parse(text string) (test, error) {
	if strings.TrimSpace(text) == "" {
		return func(Object) (bool, error) { return true, nil }, nil
	}
	f := &filter{odata: o, scope: map[string]bool{}}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		word := tokens.FindString(rest)
		if word == "" {
			return nil, fmt.Errorf("invalid filter clause at '%s'", rest)
		}
		f.words = append(f.words, word)
		rest = rest[len(word):]
	}
	t, err := f.or()
	if err == nil && len(f.words) > 0 {
		err = fmt.Errorf("invalid filter clause at '%s'", f.words[0])
	}
	return t, err
}

func (f *filter) peek() string {
	if len(f.words) == 0 {
		return ""
	}
	return f.words[0]
}

func (f *filter) next() string {
	w := f.peek()
	if w != "" {
		f.words = f.words[1:]
	}
	return w
}

func (f *filter) expect(word string) error {
	if got := f.next(); got != word {
		return fmt.Errorf("invalid filter clause: expected '%s' but found '%s'", word, got)
	}
	return nil
}

func (f *filter) or() (test, error) {
	left, err := f.and()
	for err == nil && f.peek() == "or" {
		f.next()
		a := left
		var b test
		if b, err = f.and(); err == nil {
			left = func(o Object) (bool, error) {
				if ok, err := a(o); ok || err != nil {
					return ok, err
				}
				return b(o)
			}
		}
	}
	return left, err
}

func (f *filter) and() (test, error) {
	left, err := f.unary()
	for err == nil && f.peek() == "and" {
		f.next()
		a := left
		var b test
		if b, err = f.unary(); err == nil {
			left = func(o Object) (bool, error) {
				if ok, err := a(o); !ok || err != nil {
					return ok, err
				}
				return b(o)
			}
		}
	}
	return left, err
}

var errAdvanced = "Operator '%s' is not supported because the required parameters might be missing. Try adding $count=true query parameter and ConsistencyLevel:eventual header."

func (f *filter) unary() (test, error) {
	switch word := f.peek(); {
	case word == "":
		return nil, errors.New("invalid filter clause: it ends too early")
	case word == "not":
		f.next()
		if !f.advanced {
			return nil, fmt.Errorf(errAdvanced, "not")
		}
		t, err := f.unary()
		return func(o Object) (bool, error) { ok, err := t(o); return !ok, err }, err
	case word == "(":
		f.next()
		t, err := f.or()
		if err == nil {
			err = f.expect(")")
		}
		return t, err
	case strings.EqualFold(word, "startswith"), strings.EqualFold(word, "endswith"):
		return f.function(f.next())
	case strings.HasSuffix(word, "/any"):
		return f.any(strings.TrimSuffix(f.next(), "/any"))
	}
	return f.comparison()
}

func (f *filter) function(name string) (test, error) {
	ends := strings.EqualFold(name, "endswith")
	if ends && !f.advanced {
		return nil, fmt.Errorf(errAdvanced, "endsWith")
	}
	if err := f.expect("("); err != nil {
		return nil, err
	}
	a := f.operand(f.next())
	if err := f.expect(","); err != nil {
		return nil, err
	}
	b := f.operand(f.next())
	if err := f.expect(")"); err != nil {
		return nil, err
	}
	return func(o Object) (bool, error) {
		x, _ := a(o).(string)
		y, _ := b(o).(string)
		x, y = strings.ToLower(x), strings.ToLower(y)
		if ends {
			return strings.HasSuffix(x, y), nil
		}
		return strings.HasPrefix(x, y), nil
	}, nil
}

// any parses property/any(x: …).
func (f *filter) any(property string) (test, error) {
	if err := f.expect("("); err != nil {
		return nil, err
	}
	name := f.next()
	if err := f.expect(":"); err != nil {
		return nil, err
	}
	f.scope[name] = true
	inner, err := f.or()
	delete(f.scope, name)
	if err == nil {
		err = f.expect(")")
	}
	return func(o Object) (bool, error) {
		list, _ := lookup(o, property).([]any)
		for _, x := range list {
			if ok, err := inner(Object{name: x}); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}, err
}

func (f *filter) comparison() (test, error) {
	left := f.operand(f.next())
	op := f.next()
	if op == "in" {
		return f.in(left)
	}
	if op == "ne" && f.fold && !f.advanced {
		return nil, fmt.Errorf(errAdvanced, "ne")
	}
	right := f.operand(f.next())
	want := map[string]func(int) bool{
		"eq": func(n int) bool { return n == 0 }, "ne": func(n int) bool { return n != 0 },
		"gt": func(n int) bool { return n == 1 }, "ge": func(n int) bool { return n == 0 || n == 1 },
		"lt": func(n int) bool { return n == -1 }, "le": func(n int) bool { return n == 0 || n == -1 },
	}[op]
	if want == nil {
		return nil, fmt.Errorf("invalid filter clause: unknown operator '%s'", op)
	}
	return func(o Object) (bool, error) { return want(f.compare(left(o), right(o))), nil }, nil
}

func (f *filter) in(left value) (test, error) {
	if err := f.expect("("); err != nil {
		return nil, err
	}
	var list []value
	for {
		list = append(list, f.operand(f.next()))
		switch word := f.next(); word {
		case ",":
		case ")":
			return func(o Object) (bool, error) {
				for _, v := range list {
					if f.compare(left(o), v(o)) == 0 {
						return true, nil
					}
				}
				return false, nil
			}, nil
		default:
			return nil, fmt.Errorf("invalid filter clause at '%s'", word)
		}
	}
}

// operand is a literal, or the property that a word names.
func (f *filter) operand(word string) value {
	literal := func(v any) value { return func(Object) any { return v } }
	switch {
	case len(word) >= 2 && word[0] == '\'':
		return literal(strings.ReplaceAll(word[1:len(word)-1], "''", "'"))
	case word == "true", word == "false":
		return literal(word == "true")
	case word == "null":
		return literal(nil)
	case guidKey.MatchString(word):
		return literal(word)
	}
	if n, err := strconv.ParseFloat(word, 64); err == nil {
		return literal(n)
	}
	if t, err := time.Parse(time.RFC3339, word); err == nil {
		return literal(t)
	}
	return func(o Object) any { return lookup(o, word) }
}

// lookup follows a path of properties, letter case aside.
func lookup(o Object, path string) any {
	var v any = o
	for name := range strings.SplitSeq(path, "/") {
		m, ok := v.(Object)
		if !ok {
			return nil
		}
		v = nil
		for k, x := range m {
			if strings.EqualFold(k, name) {
				v = x
				break
			}
		}
	}
	return v
}

// different is what compare returns for values that have no order between them.
const different = 2

func (f *filter) compare(a, b any) int {
	switch y := b.(type) {
	case nil:
		if a == nil {
			return 0
		}
	case string:
		if x, ok := a.(string); ok {
			if f.fold {
				return strings.Compare(strings.ToLower(x), strings.ToLower(y))
			}
			return strings.Compare(x, y)
		}
	case bool:
		if x, ok := a.(bool); ok && x == y {
			return 0
		}
	case float64:
		var x float64
		switch n := a.(type) {
		case float64:
			x = n
		case int:
			x = float64(n)
		default:
			return different
		}
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	case time.Time:
		text, _ := a.(string)
		if x, err := time.Parse(time.RFC3339, text); err == nil {
			return x.Compare(y)
		}
	}
	return different
}
