package runbooks

import (
	"cel.dev/cel-go/cel"

	"signpost/graph/facts"
)

// Runbook is what Signpost knows about one code: a Markdown file with YAML front matter (DESIGN.md §5). Every field of
// the front matter is here; a key that is not is refused when the book is loaded.
type Runbook struct {
	Code   int          `yaml:"code"`   // the AADSTS number; also the file's name
	Name   string       `yaml:"name"`   // Microsoft's symbolic name, exact; "" where Microsoft has none
	Title  string       `yaml:"title"`  // ours, at most 60 characters
	Family string       `yaml:"family"` // as in the catalogue
	Kind   string       `yaml:"kind"`   // interrupt, failure or outage
	Actor  string       `yaml:"actor"`  // who ends it: user, helpdesk, identity-admin, app-owner, app-developer, idp-admin, microsoft
	Facts  []facts.Name `yaml:"facts"`  // what to collect
	// Changes are activities of the directory audit that can explain the error ("Disable account"), in Microsoft's names; they
	// are looked for where the fact changes is collected.
	// https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
	Changes []string `yaml:"changes"`
	Related []int    `yaml:"related"` // codes that a reader should know beside this one; the spread counts them too
	Person  string   `yaml:"person"`  // what the affected person reads; at most 280 characters
	// PersonIn is Person in other languages, by BCP 47 tag: de, pt-BR. See [Runbook.PersonFor].
	PersonIn map[string]string `yaml:"person_in"`
	Causes   []Cause           `yaml:"causes"` // most likely first
	// Contacts and Links come from an operator's overlay: whom to ask, and pages of their own.
	Contacts   []string `yaml:"contacts"`
	Links      []string `yaml:"links"`
	References []string `yaml:"references"` // https
	Reviewed   string   `yaml:"reviewed"`   // YYYY-MM-DD
	// Body is the Markdown after the front matter, for `signpost runbooks show` and for the person who does it by hand.
	Body string `yaml:"-"`
	// Depth says how much is known: a full runbook, the catalogue's line only, or nothing.
	Depth Depth `yaml:"-"`
	// Meaning is the catalogue's one line.
	Meaning string `yaml:"-"`
	// Article is Microsoft's own page about the code, "" where there is none.
	Article string `yaml:"-"`
}

// Cause is one possible reason for the error.
type Cause struct {
	ID string `yaml:"id"` // kebab-case, unique in the runbook
	// When is CEL over the facts and the error; "" makes the cause possible at most, never confirmed.
	When string `yaml:"when"`
	// Says is one sentence, shown when the cause is confirmed, possible or could not be checked.
	// {user.upn} and every other name that When may use is filled in; what was not read is shown as such.
	Says string `yaml:"says"`
	// Evidence replaces the sentences that are made from the names in When.
	Evidence []string `yaml:"evidence"`
	Fix      []Fix    `yaml:"fix"`
	Check    string   `yaml:"check"` // how to see that it is fixed

	program cel.Program // When, compiled
	names   []string    // the variables that When looks at
	terms   []term      // the operands of When's outermost &&
}

// term is one operand of a conjunction: if it is false, it alone rules the cause out.
type term struct {
	id    int64 // of the expression, to ask the evaluation for its value
	names []string
}

// Fix is one action.
type Fix struct {
	Do   string `yaml:"do"`
	By   string `yaml:"by"`   // an actor
	Role string `yaml:"role"` // least Entra role that can do it; "none" where the step needs none
	// Resets says that the step gives somebody a new way in, or takes the old one away: it resets a password or methods, issues a
	// Temporary Access Pass, or revokes sessions. Whoever talked the helpdesk into it would have the account, so what speaks
	// against it is looked at first.
	Resets bool `yaml:"resets"`
}

// Depth says how much the book knows of a code.
type Depth string

// The three depths.
const (
	Full      Depth = "full"      // a runbook
	Catalogue Depth = "catalogue" // name, meaning, family, actor and kind
	Unlisted  Depth = "unlisted"  // in nobody's list
)
