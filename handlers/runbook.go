package handlers

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// ComposeRunbook writes a runbook as a page: what the person reads, every cause with what to do, and the body.
func ComposeRunbook(r *runbooks.Runbook) Page {
	d := runbooks.Diagnosis{Runbook: r}
	p := Page{Title: title(d, View{})}
	p.advise("", opening(r))
	p.advise("What it is", about(d, View{Details: None})...)
	var causes []string
	for _, c := range r.Causes {
		causes = append(causes, "• "+sentence(capital(readable(c.Says))))
		for _, f := range c.Fix {
			f.Do = readable(f.Do)
			causes = append(causes, "   "+action(f))
		}
	}
	p.advise("What it can be", causes...)
	p.Parts = append(p.Parts, parts(r.Body)...)
	p.Foot, p.Links = foot(d, View{Details: None}), links(r)
	if r.Reviewed != "" {
		p.Foot = append(p.Foot, "Reviewed "+r.Reviewed)
	}
	return p
}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\.([a-z_]+)\}`)

// readable shows the names of a sentence that nothing fills: "{user.upn}" becomes "the person", and "{recent.healed_at}"
// the field's label in brackets.
func readable(s string) string {
	return placeholder.ReplaceAllStringFunc(s, func(m string) string {
		name := placeholder.FindStringSubmatch(m)
		switch name[1] + "." + name[2] {
		case "user.upn", "user.display_name":
			return "the person"
		case "subject.user", "error.user":
			return "the name given"
		case "error.app_name", "signin.app_name":
			return "the app"
		}
		return "[" + label(name[1], name[2]) + "]"
	})
}

// label is how a person reads the field of a fact.
func label(fact, field string) string {
	if e, ok := (facts.Report{}).Entry(facts.Name(fact)); ok {
		for i := range e.Type.NumField() {
			f := e.Type.Field(i)
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == field {
				return lowerFirst(f.Tag.Get("label"))
			}
		}
	}
	return strings.ReplaceAll(fact+" "+field, "_", " ")
}

// parts turns the Markdown of a body into parts, one for each heading.
func parts(markdown string) []Part {
	source := []byte(markdown)
	root := goldmark.DefaultParser().Parse(text.NewReader(source))
	var all []Part
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			all = append(all, Part{Title: inline(h, source), Links: true})
			continue
		}
		if len(all) == 0 {
			all = append(all, Part{Links: true})
		}
		last := &all[len(all)-1]
		last.Lines = append(last.Lines, blockLines(n, source, "")...)
	}
	return all
}

// blockLines writes a block as lines: a paragraph is one, a list one an item, code one a line with a tab before it.
func blockLines(n ast.Node, source []byte, indent string) []string {
	var lines []string
	switch n := n.(type) {
	case *ast.List:
		number := n.Start
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			mark := "• "
			if n.IsOrdered() {
				mark = fmt.Sprintf("%d. ", number)
				number++
			}
			for child := item.FirstChild(); child != nil; child = child.NextSibling() {
				for _, l := range blockLines(child, source, indent+"   ") {
					if mark != "" && !strings.HasPrefix(l, "\t") {
						l, mark = indent+mark+strings.TrimSpace(l), ""
					}
					lines = append(lines, l)
				}
			}
		}
		return lines
	case *ast.FencedCodeBlock, *ast.CodeBlock, *ast.HTMLBlock:
		for i := range n.Lines().Len() {
			at := n.Lines().At(i)
			lines = append(lines, "\t"+strings.TrimRight(string(at.Value(source)), "\n"))
		}
		if h, ok := n.(*ast.HTMLBlock); ok && h.HasClosure() {
			lines = append(lines, "\t"+strings.TrimRight(string(h.ClosureLine.Value(source)), "\n"))
		}
		return lines
	case *ast.Blockquote:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			lines = append(lines, blockLines(c, source, indent+"  ")...)
		}
		return lines
	}
	if s := inline(n, source); s != "" {
		return []string{indent + s}
	}
	return nil
}

// inline writes text with its links spelled out; emphasis is dropped, code keeps its marks.
func inline(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			value := c.Segment.Value(source)
			if n.Kind() != ast.KindCodeSpan {
				value = util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(value)))
			}
			b.Write(value)
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.CodeSpan:
			b.WriteString("`" + inline(c, source) + "`")
		case *ast.AutoLink:
			b.Write(c.URL(source))
		case *ast.RawHTML: // a placeholder such as <domain>, which Markdown takes for HTML
			for i := range c.Segments.Len() {
				at := c.Segments.At(i)
				b.Write(at.Value(source))
			}
		case *ast.Image:
			b.WriteString(spelled(inline(c, source), string(c.Destination)))
		case *ast.Link:
			b.WriteString(spelled(inline(c, source), string(c.Destination)))
		default:
			b.WriteString(inline(c, source))
		}
	}
	return strings.TrimSpace(b.String())
}

// spelled writes a link with its address behind it, unless the label is the address.
func spelled(label, address string) string {
	if label == address || label == "" {
		return address
	}
	return label + " (" + address + ")"
}
