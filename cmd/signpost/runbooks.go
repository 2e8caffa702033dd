package main

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"

	"signpost/handlers"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

type runbooksCmd struct {
	Lint     lintCmd     `cmd:"" help:"Check every runbook and print every complaint."`
	List     listCmd     `cmd:"" help:"List the runbooks."`
	Show     showCmd     `cmd:"" help:"Print one runbook."`
	Coverage coverageCmd `cmd:"" help:"Say which codes have a full runbook, by family."`
	Dir      string      `help:"Folder of the operator's own runbooks, laid over the built-in ones." type:"existingdir" placeholder:"DIR"`
}

// overlay opens the operator's folder; nil without one.
func overlay(dir string) fs.FS {
	if dir == "" {
		return nil
	}
	return os.DirFS(dir)
}

func load(dir string) (*runbooks.Book, error) {
	if dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, misused("runbooks: %s is no folder", dir)
		}
	}
	book, err := runbooks.Load(overlay(dir))
	if err != nil {
		first, more, _ := strings.Cut(err.Error(), "\n")
		if more != "" {
			first += fmt.Sprintf(" (and %d more complaints)", strings.Count(more, "\n")+1)
		}
		return nil, misused("runbooks: %s; `signpost runbooks lint --dir %s` lists all of them", first, dir)
	}
	return book, nil
}

type lintCmd struct{}

// Run prints every complaint; exit code 1 if there is one.
func (lintCmd) Run(c console, parent *commands) error {
	complaints, err := runbooks.Lint(overlay(parent.Runbooks.Dir))
	if err != nil {
		return err
	}
	for _, x := range complaints {
		fmt.Fprintln(c.out, x)
	}
	if len(complaints) > 0 {
		return exitCode(failed)
	}
	fmt.Fprintln(c.out, "all runbooks are well")
	return nil
}

type listCmd struct{}

// Run lists code, kind, who ends it and title.
func (listCmd) Run(c console, parent *commands) error {
	book, err := load(parent.Runbooks.Dir)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CODE\tKIND\tENDED BY\tTITLE")
	for _, code := range book.Codes() {
		r := book.Lookup(code)
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", code, r.Kind, r.Actor, r.Title)
	}
	return w.Flush()
}

type showCmd struct {
	Code string `arg:"" help:"AADSTS50076 or 50076."`
}

// Run prints a runbook as text, or what the catalogue knows.
func (s showCmd) Run(c console, parent *commands) error {
	var code int
	digits := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s.Code)), "AADSTS")
	if _, err := fmt.Sscanf(digits+" ", "%d ", &code); err != nil || code <= 0 || strings.Trim(digits, "0123456789") != "" {
		return misused("%q is no code; write AADSTS50076 or 50076", s.Code)
	}
	book, err := load(parent.Runbooks.Dir)
	if err != nil {
		return err
	}
	width, _ := isTerminal(c.out)
	return handlers.ComposeRunbook(book.Lookup(code)).Print(c.out, width, coloured(c.out))
}

type coverageCmd struct{}

// Run counts, by family, the codes of the catalogue and those with a full runbook.
func (coverageCmd) Run(c console, parent *commands) error {
	book, err := load(parent.Runbooks.Dir)
	if err != nil {
		return err
	}
	type count struct{ full, all int }
	families := map[string]count{}
	var order []string
	total := count{}
	for _, code := range aadsts.Codes() {
		n, seen := families[code.Family]
		if !seen {
			order = append(order, code.Family)
		}
		n.all++
		total.all++
		if book.Lookup(code.Number).Depth == runbooks.Full {
			n.full++
			total.full++
		}
		families[code.Family] = n
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "FAMILY\tFULL\tCODES\t")
	for _, f := range order {
		fmt.Fprintf(w, "%s\t%d\t%d\t\n", f, families[f].full, families[f].all)
	}
	fmt.Fprintf(w, "all\t%d\t%d\t\n", total.full, total.all)
	return w.Flush()
}
