package handlers

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"signpost/runbooks"
)

// ComposeRunbook writes a runbook as a page: what the person reads, every cause with what to do, and the body.
func ComposeRunbook(r *runbooks.Runbook) Page {
	d := runbooks.Diagnosis{Runbook: r}
	p := Page{Title: title(d, View{Details: Full})}
	p.add("", opening(r))
	p.add("What it is", about(d, View{Details: None})...)
	var causes []string
	for _, c := range r.Causes {
		causes = append(causes, "• "+readable(c.Says))
		for _, f := range c.Fix {
			who := capital(actorSays[f.By])
			if f.Role != "" && f.Role != "none" {
				who += " (" + f.Role + ")"
			}
			causes = append(causes, "   "+who+": "+readable(f.Do))
		}
	}
	p.add("What it can be", causes...)
	p.Parts = append(p.Parts, parts(r.Body)...)
	p.Foot, p.Links = foot(d, View{Details: None}), links(r)
	if r.Reviewed != "" {
		p.Foot = append(p.Foot, "Reviewed "+r.Reviewed)
	}
	return p
}

// readable shows the names of a sentence that nothing fills: "{user.upn}" becomes "the person".
func readable(s string) string {
	s = strings.NewReplacer("{user.upn}", "the person", "{subject.user}", "the person", "{user.display_name}", "the person").Replace(s)
	return capital(s)
}

// parts turns the Markdown of a body into parts, one for each heading.
func parts(markdown string) []Part {
	source := []byte(markdown)
	root := goldmark.DefaultParser().Parse(text.NewReader(source))
	var all []Part
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			all = append(all, Part{Title: inline(h, source)})
			continue
		}
		if len(all) == 0 {
			all = append(all, Part{})
		}
		last := &all[len(all)-1]
		last.Lines = append(last.Lines, blockLines(n, source, "")...)
	}
	return all
}

// blockLines writes a block as lines: a paragraph is one, a list one an item, code one a line.
func blockLines(n ast.Node, source []byte, indent string) []string {
	switch n := n.(type) {
	case *ast.List:
		var lines []string
		number := n.Start
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			mark := "• "
			if n.IsOrdered() {
				mark = fmt.Sprintf("%d. ", number)
				number++
			}
			for i, child := 0, item.FirstChild(); child != nil; i, child = i+1, child.NextSibling() {
				for _, l := range blockLines(child, source, indent+"   ") {
					if i == 0 {
						l = indent + mark + strings.TrimSpace(l)
					}
					lines = append(lines, l)
				}
			}
		}
		return lines
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		var lines []string
		for i := range n.Lines().Len() {
			at := n.Lines().At(i)
			lines = append(lines, indent+"    "+strings.TrimRight(string(at.Value(source)), "\n"))
		}
		return lines
	case *ast.Blockquote:
		var lines []string
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
			b.Write(c.Segment.Value(source))
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.CodeSpan:
			b.WriteString("`" + inline(c, source) + "`")
		case *ast.AutoLink:
			b.Write(c.URL(source))
		case *ast.Link:
			label, address := inline(c, source), string(c.Destination)
			b.WriteString(label)
			if address != label {
				b.WriteString(" (" + address + ")")
			}
		default:
			b.WriteString(inline(c, source))
		}
	}
	return strings.TrimSpace(b.String())
}
