package runbooks

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"github.com/goccy/go-yaml"

	"signpost/graph/facts"
	"signpost/runbooks/aadsts"
)

//go:embed codes/*.md
var builtIn embed.FS

//go:embed person.md
var personFile []byte

//go:embed every.md
var everyFile []byte

// Book is every runbook, built in and the operator's, and the catalogue behind them.
type Book struct {
	words  *vocabulary
	books  map[int]*Runbook
	files  map[int]string // the file that had the last word on a code, for complaints
	person *Runbook       // the causes for a person without an error
	every  *Runbook       // the causes that any error may have, before its own
	linted []Complaint
}

// Complaint is something that is wrong with a runbook file.
type Complaint struct {
	File string
	Says string
}

func (c Complaint) String() string { return c.File + ": " + c.Says }

// Load reads the built-in runbooks and lays the operator's folder over them; overlay may be nil. Whatever is wrong is
// returned as one error that lists every complaint; the Book is then nil.
func Load(overlay fs.FS) (*Book, error) {
	b, err := read(overlay)
	if err != nil {
		return nil, err
	}
	if len(b.linted) > 0 {
		var all []error
		for _, c := range b.linted {
			all = append(all, errors.New(c.String()))
		}
		return nil, errors.Join(all...)
	}
	return b, nil
}

// read loads everything and keeps the complaints that stand in the way of using a file.
func read(overlay fs.FS) (*Book, error) {
	words, err := newVocabulary()
	if err != nil {
		return nil, err
	}
	b := &Book{words: words, books: map[int]*Runbook{}, files: map[int]string{}}
	codes, err := fs.Sub(builtIn, "codes")
	if err != nil {
		return nil, fmt.Errorf("open the built-in runbooks: %w", err)
	}
	if err := b.add(codes, ""); err != nil {
		return nil, err
	}
	if overlay != nil {
		if err := b.add(overlay, "overlay "); err != nil {
			return nil, err
		}
	}
	b.person, b.every = b.aside("person.md", personFile), b.aside("every.md", everyFile)
	return b, nil
}

// aside reads a file of causes that belongs to no code.
func (b *Book) aside(file string, text []byte) *Runbook {
	r := &Runbook{}
	if err := parse(text, r); err != nil {
		b.complain(file, err.Error())
	}
	b.compile(file, r)
	return r
}

// add reads the files of one folder over what is there.
func (b *Book) add(dir fs.FS, kind string) error {
	files, err := fs.Glob(dir, "*.md")
	if err != nil {
		return fmt.Errorf("list runbooks: %w", err)
	}
	for _, file := range files {
		if strings.EqualFold(file, "README.md") {
			continue
		}
		code, err := strconv.Atoi(strings.TrimSuffix(file, ".md"))
		if err != nil {
			b.complain(kind+file, "the name of a runbook file is its code, such as 50076.md")
			continue
		}
		text, err := fs.ReadFile(dir, file)
		if err != nil {
			return fmt.Errorf("read runbook: %w", err)
		}
		b.lay(kind+file, code, text)
	}
	return nil
}

// lay parses one file over the runbook that the book already has for the code. Keys that the file names replace the
// runbook's; causes are added, or replace the one with the same id; contacts and links are added.
func (b *Book) lay(file string, code int, text []byte) {
	r := &Runbook{}
	base := b.books[code]
	if base != nil {
		*r = *base
		r.Causes, r.Contacts, r.Links, r.PersonIn = nil, nil, nil, nil
	}
	if err := parse(text, r); err != nil {
		b.complain(file, err.Error())
		if !errors.Is(err, errUnknownKey) {
			return
		}
	}
	if r.Code != code {
		b.complain(file, fmt.Sprintf("code is %d, but the file is called %d.md", r.Code, code))
		r.Code = code
	}
	b.files[code] = file
	if base != nil {
		r.Causes = overlayCauses(base.Causes, r.Causes)
		r.Contacts = append(slices.Clone(base.Contacts), r.Contacts...)
		r.Links = append(slices.Clone(base.Links), r.Links...)
		r.PersonIn = overlayLanguages(base, r)
		if r.Body == "" {
			r.Body = base.Body
		}
	}
	r.Depth = Full
	if c, ok := aadsts.Lookup(code); ok {
		r.Meaning, r.Article = c.Meaning, c.Article
	}
	b.compile(file, r)
	b.books[code] = r
}

// overlayCauses puts added causes before the built-in ones, because whoever wrote them knows the tenant.
func overlayCauses(base, over []Cause) []Cause {
	var all []Cause
	for _, c := range over {
		if !slices.ContainsFunc(base, func(x Cause) bool { return x.ID == c.ID }) {
			all = append(all, c)
		}
	}
	for _, c := range base {
		if i := slices.IndexFunc(over, func(x Cause) bool { return x.ID == c.ID }); i >= 0 {
			c = over[i]
		}
		all = append(all, c)
	}
	return all
}

// parse splits a file into front matter and body. Unknown keys are refused.
func parse(text []byte, r *Runbook) error {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(text, []byte("---\n"))
	if !ok {
		return errors.New("the file does not start with --- and YAML front matter")
	}
	front, body, ok := bytes.Cut(rest, []byte("\n---\n"))
	if !ok {
		if front, ok = bytes.CutSuffix(bytes.TrimRight(rest, "\n"), []byte("\n---")); !ok {
			return errors.New("the front matter does not end with ---")
		}
		body = nil
	}
	strict := yaml.UnmarshalWithOptions(front, r, yaml.Strict())
	if strict != nil {
		// Read the rest all the same, so that one run of lint finds everything.
		if err := yaml.Unmarshal(front, r); err != nil {
			return fmt.Errorf("front matter: %s", firstLine(err.Error()))
		}
	}
	r.Person = strings.TrimSpace(r.Person)
	for tag, says := range r.PersonIn {
		r.PersonIn[tag] = strings.TrimSpace(says)
	}
	if s := strings.TrimSpace(string(body)); s != "" {
		r.Body = s
	}
	if strict != nil {
		return fmt.Errorf("front matter: %s: %w", firstLine(strict.Error()), errUnknownKey)
	}
	return nil
}

// errUnknownKey says that a file was read, but holds a key that no runbook has.
var errUnknownKey = errors.New("see the fields of a runbook in runbooks/runbook.go")

// firstLine keeps what is wrong and drops the drawing of the file that the YAML library adds.
func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// compile turns each cause's expression into a program, and complains about each that is not one.
func (b *Book) compile(file string, r *Runbook) {
	for i := range r.Causes {
		c := &r.Causes[i]
		if c.When == "" || c.program != nil {
			continue
		}
		tree, issues := b.words.env.Compile(c.When)
		if issues.Err() != nil {
			b.complain(file, fmt.Sprintf("cause %s: %s", c.ID, firstLine(strings.TrimPrefix(issues.Err().Error(), "ERROR: "))))
			continue
		}
		if tree.OutputType() != cel.BoolType {
			b.complain(file, fmt.Sprintf("cause %s: when is %s, not bool", c.ID, tree.OutputType()))
			continue
		}
		p, err := b.words.env.Program(tree, cel.EvalOptions(cel.OptPartialEval, cel.OptTrackState), cel.CostLimit(1_000_000))
		if err != nil {
			b.complain(file, fmt.Sprintf("cause %s: %v", c.ID, err))
			continue
		}
		c.program, c.names = p, b.words.namesIn(tree.NativeRep(), tree.NativeRep().Expr())
		for _, operand := range conjunction(tree.NativeRep().Expr()) {
			c.terms = append(c.terms, term{operand.ID(), b.words.namesIn(tree.NativeRep(), operand)})
		}
	}
}

func (b *Book) complain(file, says string) {
	b.linted = append(b.linted, Complaint{File: file, Says: says})
}

// Lookup returns what the book knows of a code: a full runbook, else one made of the catalogue's line, else one that
// says that the code is in nobody's list. It is never nil.
func (b *Book) Lookup(code int) *Runbook {
	if r, ok := b.books[code]; ok {
		return r
	}
	if c, ok := aadsts.Lookup(code); ok {
		return fromCatalogue(c)
	}
	return unlisted(code)
}

// Codes lists the codes that have a full runbook, in numerical order.
func (b *Book) Codes() []int {
	codes := make([]int, 0, len(b.books))
	for c := range b.books {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	return codes
}

// usual is what is worth reading for any error of a person.
var usual = []facts.Name{facts.NameUser, facts.NameMFA, facts.NameMethods, facts.NameDomain, facts.NameFederation, facts.NameSignIn, facts.NameRecent}

func fromCatalogue(c aadsts.Code) *Runbook {
	return &Runbook{
		Code: c.Number, Name: c.Name, Title: headline(c.Meaning), Family: c.Family, Kind: c.Kind, Actor: c.Actor,
		Facts: usual, Person: actorSays(c.Actor), Depth: Catalogue, Meaning: c.Meaning, Article: c.Article,
	}
}

func unlisted(code int) *Runbook {
	return &Runbook{
		Code: code, Title: "A code in none of our lists", Kind: "failure", Facts: usual, Depth: Unlisted,
		Person:  "Microsoft's sign-in page stopped you with a code that we do not know yet. Please leave the full error text here, with the time and the ids, and wait for the support team.",
		Meaning: "Neither Microsoft's public list nor ours has this code. It may be new, mistyped, or of another product.",
	}
}

// actorSays is what the affected person reads where there is no runbook: who ends it, and nothing that we do not know.
func actorSays(actor string) string {
	switch actor {
	case "user":
		return "You can most likely end this yourself: close the sign-in window, open the app again and sign in once more. If the same code comes back, leave the full error text here."
	case "helpdesk":
		return "The support team has to look at your account for this one. There is nothing that you need to change; please stay reachable."
	case "app-owner", "app-developer":
		return "This is a fault in how the app signs people in, not in your account. The people who run the app have to mend it; trying again will most likely not help."
	case "idp-admin":
		return "The system that checks your password for us sent an answer that Microsoft could not use. Our identity team has to look; your account is most likely fine."
	case "microsoft":
		return "Microsoft's sign-in service had a fault. Please try again in a few minutes; if the same code comes back, leave the full error text here."
	}
	return "Our identity team has to change a setting for this one. There is nothing that you need to do; please stay reachable."
}

// parenthesis is an aside that a title does without.
var parenthesis = regexp.MustCompile(` \([^()]*\)`)

// headline makes a title of a meaning: its first clause that says enough, else as many words as fit.
func headline(meaning string) string {
	const enough = 25 // shorter clauses are mere subjects: "The app", "Phone"
	meaning = parenthesis.ReplaceAllString(meaning, "")
	for _, end := range []string{"; ", ": ", ", "} {
		if clause, _, ok := strings.Cut(meaning, end); ok && len([]rune(clause)) >= enough && len([]rune(clause)) <= maxTitle {
			return clause
		}
	}
	title := ""
	for _, w := range strings.Fields(meaning) {
		longer := strings.TrimSpace(title + " " + w)
		if len([]rune(longer)) > maxTitle-1 {
			return strings.TrimRight(title, ",;:") + "…"
		}
		title = longer
	}
	return title
}

// PersonFacts are the facts for the diagnosis of a person without an error.
func (b *Book) PersonFacts() []facts.Name { return b.person.Facts }

// FactsFor are the facts that the diagnosis of an error needs.
func (b *Book) FactsFor(e aadsts.Error) []facts.Name {
	r := b.Lookup(e.Code)
	if !elsewhere(e, r) {
		return r.Facts
	}
	return slices.Concat(r.Facts, b.every.Facts)
}

// elsewhere reports whether the causes of every error can be judged of this one: it names a tenant, and is not itself about
// a tenant that could not be found: the family of those, and the metadata of an unknown tenant name.
func elsewhere(e aadsts.Error, r *Runbook) bool {
	const unknownMetadata = 20033
	return e.Tenant != "" && r.Family != "tenant" && r.Code != unknownMetadata
}
