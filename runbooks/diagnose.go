package runbooks

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"signpost/graph/facts"
	"signpost/runbooks/aadsts"
)

// Verdict is what the facts say of a cause.
type Verdict string

// The four verdicts. Confirmed and RuledOut rest on facts that were seen or are absent; NotChecked names what was
// missing; Possible is a cause that no fact can decide.
const (
	Confirmed  Verdict = "confirmed"
	Possible   Verdict = "possible"
	RuledOut   Verdict = "ruled_out"
	NotChecked Verdict = "unknown"
)

// shown is the order of the verdicts in an answer (DESIGN.md §6).
var shown = []Verdict{Confirmed, Possible, RuledOut, NotChecked}

// Diagnosis is an error, what is known of it, and what the facts say of its causes.
type Diagnosis struct {
	Errors  []aadsts.Error // all that the text held, in order
	Primary *aadsts.Error  // the one the answer is led by; nil where a person was asked about
	Runbook *Runbook       // of the primary; nil with it
	Report  facts.Report
	Causes  []Finding // in the order shown
	At      time.Time
	// Requests are our own cases of the person; nil where nobody counted them.
	Requests *Requests
}

// Requests says how often somebody asked for help with one account, as far as our own cases tell.
type Requests struct {
	Cases int       // the present one among them
	Since time.Time // cases before are not counted
	Err   error     // why they could not be counted
}

// Finding is a cause with its verdict.
type Finding struct {
	ID       string
	Short    string // the id in words, for lists
	Verdict  Verdict
	Says     string
	Told     bool       // Says holds nothing that is not known
	Evidence []Evidence // the facts that decided it, for Confirmed and RuledOut
	Unknown  []Unknown  // what was missing, for NotChecked
	Fix      []Fix
	Check    string
}

// Evidence is one fact that decided a cause.
type Evidence struct {
	Says   string    `json:"says"`
	Fact   string    `json:"fact"`
	Source string    `json:"source"`
	Time   time.Time `json:"time,omitzero"` // when the fact was read; zero for the message itself
}

// Unknown is a fact that a cause needed and that was not to be had.
type Unknown struct {
	Fact   string      `json:"fact"`
	State  facts.State `json:"state"`
	Reason string      `json:"reason"`
}

// Lead returns the cause that the answer is led by: the first confirmed one, or nil.
func (d Diagnosis) Lead() *Finding {
	if len(d.Causes) > 0 && d.Causes[0].Verdict == Confirmed {
		return &d.Causes[0]
	}
	return nil
}

// With returns the causes that have the verdict, in order.
func (d Diagnosis) With(v Verdict) []Finding {
	var some []Finding
	for _, f := range d.Causes {
		if f.Verdict == v {
			some = append(some, f)
		}
	}
	return some
}

// Diagnose evaluates the causes of the leading error over the report. Without an error it is the diagnosis of a
// person: the causes of person.md. It never fails: what cannot be evaluated is not checked, and says why.
func (b *Book) Diagnose(errs []aadsts.Error, r facts.Report, now time.Time) Diagnosis {
	d := Diagnosis{Errors: errs, Report: r, At: now}
	causes := b.person.Causes
	if i := aadsts.Primary(errs); i >= 0 {
		d.Primary = &errs[i]
		d.Runbook = b.Lookup(errs[i].Code)
		causes = d.Runbook.Causes
		if elsewhere(errs[i], d.Runbook) && r.Organization.State != "" { // a question that was never put says nothing
			causes = slices.Concat(b.every.Causes, causes)
		}
	}
	s := b.words.newScene(d.Primary, errs, r, now)
	vars, err := s.activation()
	for _, c := range causes {
		f := Finding{ID: c.ID, Short: spoken(c.ID), Says: s.fill(c.Says), Check: s.fill(c.Check)}
		f.Told = !strings.Contains(f.Says, notKnown)
		for _, x := range c.Fix {
			f.Fix = append(f.Fix, Fix{Do: s.fill(x.Do), By: x.By, Role: x.Role, Resets: x.Resets})
		}
		if err != nil {
			f.Verdict, f.Unknown = NotChecked, []Unknown{{Fact: "error", State: facts.Failed, Reason: err.Error()}}
		} else {
			b.judge(&f, c, s, vars)
		}
		d.Causes = append(d.Causes, f)
	}
	b.retract(&d)
	slices.SortStableFunc(d.Causes, func(x, y Finding) int {
		return slices.Index(shown, x.Verdict) - slices.Index(shown, y.Verdict)
	})
	return d
}

// retract takes back what was read in this tenant where the error is of another one: it would be true, and about nothing.
func (b *Book) retract(d *Diagnosis) {
	o := d.Report.Organization.Value
	if d.Primary == nil || !elsewhere(*d.Primary, d.Runbook) || o == nil || o.Matches == nil || *o.Matches {
		return
	}
	for i := range d.Causes {
		f := &d.Causes[i]
		read := slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return e.Fact != "error" && e.Fact != string(facts.NameOrganization) })
		if read && (f.Verdict == Confirmed || f.Verdict == RuledOut) {
			f.Verdict, f.Evidence = NotChecked, nil
			f.Unknown = []Unknown{{Fact: string(facts.NameOrganization), State: facts.NotAsked, Reason: "the error is of another tenant than the one that was read"}}
		}
	}
}

// judge sets the verdict of a cause, with the evidence or with what was missing.
func (b *Book) judge(f *Finding, c Cause, s scene, vars cel.PartialActivation) {
	if c.When == "" {
		f.Verdict = Possible
		return
	}
	out, details, err := c.program.Eval(vars)
	switch {
	case types.IsUnknown(out):
		f.Verdict, f.Unknown = NotChecked, s.missing(out.(*types.Unknown))
	case err != nil:
		// The expression met a value that it was not written for. That proves nothing either way.
		f.Verdict = NotChecked
		f.Unknown = []Unknown{{Fact: "error", State: facts.Failed, Reason: "the check could not be evaluated: " + err.Error()}}
	case out == types.True:
		f.Verdict, f.Evidence = Confirmed, b.evidence(c, s)
	default:
		f.Verdict, f.Evidence = RuledOut, b.known(c.deciding(details), s)
	}
}

// missing names the facts, each once, that an unknown result rests on.
func (s scene) missing(u *types.Unknown) []Unknown {
	var all []Unknown
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, t := range trails {
			why, ok := s.unknown[t.Variable()]
			if ok && !slices.Contains(all, why) {
				all = append(all, why)
			}
		}
	}
	slices.SortFunc(all, func(a, b Unknown) int { return strings.Compare(a.Fact+a.Reason, b.Fact+b.Reason) })
	return all
}

// evidence writes down the known values that the cause's expression looked at, or the runbook's own sentences.
func (b *Book) evidence(c Cause, s scene) []Evidence {
	var all []Evidence
	if len(c.Evidence) > 0 {
		for _, says := range c.Evidence {
			e := Evidence{Says: s.fill(says)}
			if strings.Contains(e.Says, notKnown) {
				continue // it would be no evidence
			}
			// A sentence without names rests on what the expression looked at.
			if m := placeholder.FindStringSubmatch(says); m != nil {
				b.cite(&e, m[1], s)
			} else if len(c.names) > 0 {
				b.cite(&e, c.names[0], s)
			}
			all = append(all, e)
		}
		return all
	}
	return b.known(c.names, s)
}

// known writes down the values of variables. The code and the hour say nothing that the reader does not know.
func (b *Book) known(names []string, s scene) []Evidence {
	var all []Evidence
	for _, name := range names {
		x := b.words.byName[name]
		value, ok := s.known[name]
		if !ok || countOnly(x, value) || name == "now" || name == "error.code" || strings.HasSuffix(name, ".found") && value == true {
			continue
		}
		e := Evidence{Says: fmt.Sprintf("%s: %s", x.label, Show(value))}
		b.cite(&e, name, s)
		all = append(all, e)
	}
	return all
}

// countOnly reports whether a value would be shown as a mere count, which is no evidence of anything.
func countOnly(x variable, value any) bool {
	list := x.typ.Kind() == types.ListKind && x.typ.Parameters()[0].Kind() == types.StructKind
	return list && reflect.ValueOf(value).Len() > 0
}

// cite adds where and when the variable was read.
func (b *Book) cite(e *Evidence, name string, s scene) {
	x := b.words.byName[name]
	switch {
	case strings.HasPrefix(name, "subject."):
		e.Fact, e.Source = "subject", "whoever asked, the message, or the sign-in row"
		return
	case x.fact == "":
		e.Fact, e.Source = "error", "the pasted message"
		return
	}
	e.Fact, e.Source, e.Time = string(x.fact), x.fact.Source(), s.readAt[x.fact]
}

// namesIn lists the variables that an expression looks at, in the order of the text.
func (v *vocabulary) namesIn(tree *ast.AST, e ast.Expr) []string {
	type at struct {
		pos  int32
		name string
	}
	var all []at
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(x ast.Expr) {
		ref, ok := tree.ReferenceMap()[x.ID()]
		if _, ours := v.byName[refName(ref)]; ok && ours {
			span, _ := tree.SourceInfo().GetOffsetRange(x.ID())
			all = append(all, at{span.Start, ref.Name})
		}
	}))
	slices.SortStableFunc(all, func(a, b at) int { return int(a.pos - b.pos) })
	var names []string
	for _, a := range all {
		if !slices.Contains(names, a.name) {
			names = append(names, a.name)
		}
	}
	return names
}

func refName(r *ast.ReferenceInfo) string {
	if r == nil {
		return ""
	}
	return r.Name
}

// conjunction splits a && b && c into its operands.
func conjunction(e ast.Expr) []ast.Expr {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		var all []ast.Expr
		for _, x := range e.AsCall().Args() {
			all = append(all, conjunction(x)...)
		}
		return all
	}
	return []ast.Expr{e}
}

// deciding are the variables of the operands that came out false, each of which rules the cause out by itself.
func (c Cause) deciding(d *cel.EvalDetails) []string {
	var names []string
	for _, t := range c.terms {
		if v, ok := d.State().Value(t.id); ok && v == types.False {
			names = append(names, t.names...)
		}
	}
	if len(names) == 0 {
		return c.names
	}
	return names
}
