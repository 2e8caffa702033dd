package handlers

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// Explanation is the JSON of `signpost explain` (DESIGN.md §8). What is not known is null, its lists are never null, and
// its times are UTC. In the value of a fact a list may be null: Graph did not tell, which is not the same as none.
type Explanation struct {
	Errors  []aadsts.Error          `json:"errors"`
	Primary *int                    `json:"primary"`
	Runbook *runbookJSON            `json:"runbook"`
	Subject subjectJSON             `json:"subject"`
	Facts   map[facts.Name]factJSON `json:"facts"`
	Causes  []causeJSON             `json:"causes"`
	Blocks  []slack.Block           `json:"blocks"`
	Text    string                  `json:"text"`
}

type runbookJSON struct {
	Code    int     `json:"code"`
	Name    *string `json:"name"`
	Title   string  `json:"title"`
	Family  *string `json:"family"`
	Kind    *string `json:"kind"`
	Actor   *string `json:"actor"`
	Depth   string  `json:"depth"`
	Meaning *string `json:"meaning"`
	Person  *string `json:"person"`
}

type subjectJSON struct {
	User   *string `json:"user"`
	Domain *string `json:"domain"`
	From   *string `json:"from"`
}

type factJSON struct {
	State  facts.State `json:"state"`
	Reason *string     `json:"reason"`
	ReadAt *time.Time  `json:"read_at"`
	Value  any         `json:"value"`
}

type causeJSON struct {
	ID       string             `json:"id"`
	Verdict  runbooks.Verdict   `json:"verdict"`
	Says     string             `json:"says"`
	Evidence []evidenceJSON     `json:"evidence"`
	Unknown  []runbooks.Unknown `json:"unknown"`
	Fix      []fixJSON          `json:"fix"`
	Check    *string            `json:"check"`
}

type evidenceJSON struct {
	Says   string     `json:"says"`
	Fact   *string    `json:"fact"`   // null, as source, where it follows from the code itself
	Source *string    `json:"source"` // where it was read
	Time   *time.Time `json:"time"`   // when; null where the message told it
}

type fixJSON struct {
	Do   string `json:"do"`
	By   string `json:"by"`
	Role string `json:"role"` // "none" where the step needs no role
}

// Explain puts a diagnosis and its message into JSON.
func Explain(d runbooks.Diagnosis, m Message) Explanation {
	x := Explanation{
		Errors: notNil(d.Errors), Facts: map[facts.Name]factJSON{}, Causes: []causeJSON{}, Blocks: notNil(m.Blocks), Text: m.Text,
		Subject: subjectJSON{User: orNull(d.Report.Subject.User), Domain: orNull(d.Report.Subject.Domain), From: orNull(string(d.Report.Subject.From))},
	}
	if d.Primary != nil {
		x.Primary = &d.Primary.Code
	}
	if r := d.Runbook; r != nil {
		x.Runbook = &runbookJSON{
			Code: r.Code, Name: orNull(r.Name), Title: r.Title, Family: orNull(r.Family), Kind: orNull(r.Kind), Actor: orNull(r.Actor),
			Depth: string(r.Depth), Meaning: orNull(r.Meaning), Person: orNull(r.Person),
		}
	}
	entries := d.Report.Entries()
	asked := slices.ContainsFunc(entries, func(e facts.Entry) bool { return e.State != facts.NotAsked })
	for _, e := range entries {
		if e.State == facts.NotAsked && e.Reason == "" {
			e.Reason = "no tenant was asked"
			if asked {
				e.Reason = "not needed for this"
			}
		}
		x.Facts[e.Name] = factJSON{State: e.State, Reason: orNull(e.Reason), ReadAt: timeOrNull(e.ReadAt), Value: inUTC(e.Value)}
	}
	for _, c := range d.Causes {
		j := causeJSON{ID: c.ID, Verdict: c.Verdict, Says: c.Says, Evidence: []evidenceJSON{}, Unknown: notNil(c.Unknown), Fix: []fixJSON{}, Check: orNull(c.Check)}
		for _, e := range c.Evidence {
			j.Evidence = append(j.Evidence, evidenceJSON{Says: e.Says, Fact: orNull(e.Fact), Source: orNull(e.Source), Time: timeOrNull(e.Time)})
		}
		for _, f := range c.Fix {
			j.Fix = append(j.Fix, fixJSON{Do: f.Do, By: f.By, Role: f.Role})
		}
		x.Causes = append(x.Causes, j)
	}
	return x
}

// Write encodes the explanation, indented, with < > & as they are.
func (x Explanation) Write(enc *json.Encoder) error {
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(x)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// inUTC copies the value of a fact with every time in it in UTC. The copy is whole where times are: the value stays the
// caller's.
func inUTC(value any) any {
	if value == nil {
		return nil
	}
	return utcCopy(reflect.ValueOf(value)).Interface()
}

func utcCopy(v reflect.Value) reflect.Value {
	if t, ok := v.Interface().(time.Time); ok {
		return reflect.ValueOf(t.UTC())
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(utcCopy(v.Elem()))
		return p
	case reflect.Struct:
		s := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			s.Field(i).Set(utcCopy(v.Field(i)))
		}
		return s
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		s := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			s.Index(i).Set(utcCopy(v.Index(i)))
		}
		return s
	}
	return v
}
