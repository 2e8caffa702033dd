package runbooks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"golang.org/x/tools/txtar"

	"signpost/graph/facts"
	"signpost/runbooks/aadsts"
)

// TestCases diagnoses every case of testdata: a paste and what is known of the tenant, and the verdicts that must come
// out. One archive holds the cases of one code, each as NAME/facts, NAME/want and, where it differs from the archive's
// own, NAME/paste. The archive's own "facts" are those of every case that does not say otherwise, fact by fact.
//
// Facts are YAML, in the names that causes use. A word instead of a value is a state: absent, not_permitted,
// not_licensed, not_yet, failed. A list that is left out is empty, null is one that Graph did not tell; other fields that
// are left out are zero, or not told where they can be.
//
// A want lists one verdict a line. The confirmed ones must be all there are, in order; "confirmed nothing" says that none
// is. The others (ruled_out, unknown, possible) are looked up each. "says TEXT" must stand in the first cause.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	book, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sections, names := map[string]string{}, []string{}
		for _, f := range archive.Files {
			sections[f.Name] = string(f.Data)
			if name, ok := strings.CutSuffix(f.Name, "/want"); ok {
				names = append(names, name)
			}
		}
		for _, name := range names {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) {
				paste := sections[name+"/paste"]
				if paste == "" {
					paste = sections["paste"]
				}
				r, err := readFacts(sections["facts"], sections[name+"/facts"])
				if err != nil {
					t.Fatal(err)
				}
				errs := aadsts.Find(paste)
				if len(errs) == 0 {
					t.Fatal("the paste holds no error")
				}
				check(t, book.Diagnose(errs, r, noon), sections[name+"/want"])
			})
		}
	}
}

func check(t *testing.T, d Diagnosis, want string) {
	t.Helper()
	var confirmed, got []string
	for _, f := range d.With(Confirmed) {
		got = append(got, f.ID)
	}
	for line := range strings.Lines(want) {
		verdict, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verdict {
		case "", "#":
		case "confirmed":
			if id != "nothing" {
				confirmed = append(confirmed, id)
			}
		case "says":
			if len(d.Causes) == 0 || !strings.Contains(d.Causes[0].Says, id) {
				t.Errorf("the first cause says %q, not %q", d.Causes[0].Says, id)
			}
		default:
			i := slices.IndexFunc(d.Causes, func(f Finding) bool { return f.ID == id })
			if i < 0 {
				t.Errorf("there is no cause %s", id)
			} else if string(d.Causes[i].Verdict) != verdict {
				t.Errorf("%s is %s, want %s (evidence %v, unknown %v)", id, d.Causes[i].Verdict, verdict, d.Causes[i].Evidence, d.Causes[i].Unknown)
			}
		}
	}
	if !slices.Equal(got, confirmed) {
		t.Errorf("confirmed %v, want %v", got, confirmed)
	}
}

// readFacts makes a report of facts in YAML; those of a case replace those of its archive one by one.
func readFacts(common, own string) (facts.Report, error) {
	var r facts.Report
	all := map[string]json.RawMessage{}
	for _, text := range []string{common, own} {
		if strings.TrimSpace(text) == "" {
			continue
		}
		asJSON, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			return r, fmt.Errorf("facts: %w", err)
		}
		if err := json.Unmarshal(asJSON, &all); err != nil {
			return r, fmt.Errorf("facts: %w", err)
		}
	}
	for name, text := range all {
		if name == "subject" {
			if err := strict(text, &r.Subject); err != nil {
				return r, err
			}
			continue
		}
		fact, ok := r.Field(facts.Name(name))
		if !ok {
			return r, fmt.Errorf("there is no fact %s", name)
		}
		fact = fact.Elem()
		fact.FieldByName("ReadAt").Set(reflect.ValueOf(noon))
		var state facts.State
		if json.Unmarshal(text, &state) == nil {
			fact.FieldByName("State").SetString(string(state))
			fact.FieldByName("Reason").SetString("as the case has it")
			continue
		}
		value := reflect.New(fact.FieldByName("Value").Type().Elem())
		for i := range value.Elem().NumField() {
			if f := value.Elem().Field(i); f.Kind() == reflect.Slice {
				f.Set(reflect.MakeSlice(f.Type(), 0, 0))
			}
		}
		if err := strict(text, value.Interface()); err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
		fact.FieldByName("State").SetString(string(facts.Seen))
		fact.FieldByName("Value").Set(value)
	}
	if u := r.User.Value; u != nil && r.Subject.User == "" {
		_, domain, _ := strings.Cut(u.UPN, "@")
		r.Subject = facts.Subject{User: u.UPN, Domain: domain, From: facts.FromPaste}
	}
	return r, nil
}

func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
