package handlers

import (
	"encoding/json"
	"time"

	"github.com/slack-go/slack"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// Explanation is the JSON of `signpost explain` (DESIGN.md §8).
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
	Code    int    `json:"code"`
	Name    string `json:"name"`
	Title   string `json:"title"`
	Family  string `json:"family"`
	Kind    string `json:"kind"`
	Actor   string `json:"actor"`
	Depth   string `json:"depth"`
	Meaning string `json:"meaning"`
	Person  string `json:"person"`
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
	ID       string              `json:"id"`
	Verdict  runbooks.Verdict    `json:"verdict"`
	Says     string              `json:"says"`
	Evidence []runbooks.Evidence `json:"evidence"`
	Unknown  []runbooks.Unknown  `json:"unknown"`
	Fix      []fixJSON           `json:"fix"`
	Check    string              `json:"check"`
}

type fixJSON struct {
	Do   string `json:"do"`
	By   string `json:"by"`
	Role string `json:"role"`
}

// Explain puts a diagnosis and its message into JSON. Lists are never null.
func Explain(d runbooks.Diagnosis, m Message) Explanation {
	x := Explanation{
		Errors: notNil(d.Errors), Facts: map[facts.Name]factJSON{}, Causes: []causeJSON{}, Blocks: notNil(m.Blocks), Text: m.Text,
		Subject: subjectJSON{User: orNull(d.Report.Subject.User), Domain: orNull(d.Report.Subject.Domain), From: orNull(string(d.Report.Subject.From))},
	}
	if d.Primary != nil {
		x.Primary = &d.Primary.Code
	}
	if r := d.Runbook; r != nil {
		x.Runbook = &runbookJSON{r.Code, r.Name, r.Title, r.Family, r.Kind, r.Actor, string(r.Depth), r.Meaning, r.Person}
	}
	for _, e := range d.Report.Entries() {
		f := factJSON{State: e.State, Reason: orNull(e.Reason), Value: e.Value}
		if !e.ReadAt.IsZero() {
			at := e.ReadAt.UTC()
			f.ReadAt = &at
		}
		x.Facts[e.Name] = f
	}
	for _, c := range d.Causes {
		j := causeJSON{ID: c.ID, Verdict: c.Verdict, Says: c.Says, Evidence: notNil(c.Evidence), Unknown: notNil(c.Unknown), Fix: []fixJSON{}, Check: c.Check}
		for _, f := range c.Fix {
			j.Fix = append(j.Fix, fixJSON(f))
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

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
