package handlers

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

func explained(t *testing.T, d runbooks.Diagnosis, m Message) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Explain(d, m).Write(json.NewEncoder(&b)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestExplainGolden compares one whole explanation. With -update it rewrites what is expected.
func TestExplainGolden(t *testing.T) {
	g := readGolden(t, "testdata/healthy_confirmed.txtar")
	d, v := g.diagnosis(t, builtIn(t))
	got := explained(t, d, Compose(d, v).Draw(nil))
	const file = "testdata/explain.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// shape is the type of a JSON value that a key of the contract has.
type shape string

const (
	word    shape = "string"
	number  shape = "number"
	boolean shape = "boolean"
	array   shape = "list"
	mapping shape = "object"
	null    shape = "null"
	stamp   shape = "time in UTC"
)

func shapeOf(v any) shape {
	switch v := v.(type) {
	case nil:
		return null
	case string:
		if _, err := time.Parse(time.RFC3339Nano, v); err == nil {
			if !strings.HasSuffix(v, "Z") {
				return "time in another zone"
			}
			return stamp
		}
		return word
	case float64:
		return number
	case bool:
		return boolean
	case []any:
		return array
	}
	return mapping
}

// contract holds for each object of DESIGN.md §8 the keys that are always there, and what each may be.
type contract map[string][]shape

func (c contract) check(t *testing.T, what string, v any) {
	t.Helper()
	o, ok := v.(map[string]any)
	if !ok {
		t.Errorf("%s is %v", what, v)
		return
	}
	for key, allowed := range c {
		got, ok := o[key]
		if !ok {
			t.Errorf("%s has no %s", what, key)
		} else if !slices.Contains(allowed, shapeOf(got)) {
			t.Errorf("%s: %s is a %s, not %v", what, key, shapeOf(got), allowed)
		}
	}
	for key := range o {
		if _, ok := c[key]; !ok {
			t.Errorf("%s has %s, which the contract does not name", what, key)
		}
	}
}

func TestExplainKeepsTheContract(t *testing.T) {
	var (
		top     = contract{"errors": {array}, "primary": {number, null}, "runbook": {mapping, null}, "subject": {mapping}, "facts": {mapping}, "causes": {array}, "blocks": {array}, "text": {word}}
		failing = contract{
			"code": {number}, "name": {word, null}, "explicit": {boolean}, "trace_id": {word, null}, "correlation_id": {word, null}, "timestamp": {stamp, null}, "tenant": {word, null},
			"app_id": {word, null}, "app_name": {word, null}, "user": {word, null}, "oauth_error": {word, null}, "suberror": {word, null}, "policy_ids": {array, null},
		}
		runbook  = contract{"code": {number}, "name": {word, null}, "title": {word}, "family": {word, null}, "kind": {word, null}, "actor": {word, null}, "depth": {word}, "meaning": {word, null}, "person": {word, null}}
		subject  = contract{"user": {word, null}, "domain": {word, null}, "from": {word, null}}
		fact     = contract{"state": {word}, "reason": {word, null}, "read_at": {stamp, null}, "value": {mapping, null}}
		cause    = contract{"id": {word}, "verdict": {word}, "says": {word}, "evidence": {array}, "unknown": {array}, "fix": {array}, "check": {word, null}}
		evidence = contract{"says": {word}, "fact": {word, null}, "source": {word, null}, "time": {stamp, null}}
		unknown  = contract{"fact": {word}, "state": {word}, "reason": {word}}
		fix      = contract{"do": {word}, "by": {word}, "role": {word}}
	)
	states := []string{"seen", "absent", "not_permitted", "not_licensed", "not_yet", "failed", "not_asked"}
	verdicts := []string{"confirmed", "ruled_out", "unknown", "possible"}

	book := builtIn(t)
	berlin := time.FixedZone("CET", 3600)
	var full aadsts.Error
	fill(reflect.ValueOf(&full).Elem(), "x", 2, at.In(berlin))
	full.Code = 50126
	seen := everything(facts.Seen, "x", 2)
	fill(reflect.ValueOf(&seen.Recent).Elem().FieldByName("Value"), "x", 2, at.In(berlin))
	seen.User.ReadAt, seen.Recent.ReadAt = at.In(berlin), at.In(berlin)
	for name, d := range map[string]runbooks.Diagnosis{
		"nothing known":      book.Diagnose([]aadsts.Error{{Code: 50126}}, facts.Report{}, at),
		"everything seen":    book.Diagnose([]aadsts.Error{full, {Code: 50053}}, seen, at.In(berlin)),
		"everything absent":  book.Diagnose([]aadsts.Error{full}, everything(facts.Absent, "x", 2), at),
		"everything failed":  book.Diagnose([]aadsts.Error{full}, everything(facts.Failed, "x", 2), at),
		"catalogue":          book.Diagnose([]aadsts.Error{{Code: 50001}}, facts.Report{}, at),
		"in nobody's list":   book.Diagnose([]aadsts.Error{{Code: 987654}}, facts.Report{}, at),
		"a person":           book.Diagnose(nil, seen, at),
		"nobody and nothing": {},
	} {
		t.Run(name, func(t *testing.T) {
			before := d.Report
			var x map[string]any
			if err := json.Unmarshal(explained(t, d, Compose(d, View{Details: Full}).Draw(nil)), &x); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, d.Report); diff != "" {
				t.Errorf("the report was changed: %s", diff)
			}
			top.check(t, "the explanation", x)
			subject.check(t, "subject", x["subject"])
			if r := x["runbook"]; r != nil {
				runbook.check(t, "runbook", r)
			}
			if (x["runbook"] == nil) != (d.Primary == nil) || (x["primary"] == nil) != (d.Primary == nil) {
				t.Errorf("primary %v, runbook %v", x["primary"], x["runbook"])
			}
			for _, e := range x["errors"].([]any) {
				failing.check(t, "an error", e)
			}
			all := x["facts"].(map[string]any)
			for _, e := range (facts.Report{}).Entries() {
				f := all[string(e.Name)]
				fact.check(t, "fact "+string(e.Name), f)
				if f, ok := f.(map[string]any); ok {
					if !slices.Contains(states, f["state"].(string)) {
						t.Errorf("fact %s is %v", e.Name, f["state"])
					}
					noOtherZone(t, string(e.Name), f["value"])
				}
			}
			for _, c := range x["causes"].([]any) {
				cause.check(t, "a cause", c)
				c := c.(map[string]any)
				if !slices.Contains(verdicts, c["verdict"].(string)) {
					t.Errorf("cause %v is %v", c["id"], c["verdict"])
				}
				for key, of := range map[string]contract{"evidence": evidence, "unknown": unknown, "fix": fix} {
					for _, v := range c[key].([]any) {
						of.check(t, key, v)
					}
				}
			}
		})
	}
}

// noOtherZone finds times inside a fact's value that are not UTC.
func noOtherZone(t *testing.T, what string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			noOtherZone(t, what+"."+k, x)
		}
	case []any:
		for _, x := range v {
			noOtherZone(t, what, x)
		}
	default:
		if s := shapeOf(v); s == "time in another zone" {
			t.Errorf("%s is a %s: %v", what, s, v)
		}
	}
}

func TestExplainKeepsTheMeaningOfNull(t *testing.T) {
	r := facts.Report{MFA: facts.See(at, facts.MFA{Methods: []string{}}), SignIn: facts.See(at, facts.SignIn{})}
	got := string(explained(t, runbooks.Diagnosis{Report: r}, Message{Text: "a < b & c"}))
	for _, want := range []string{`"methods": []`, `"blocking": null`, `"text": "a < b & c"`, `"blocks": []`, `"errors": []`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}
