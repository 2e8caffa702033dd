package runbooks

import (
	"fmt"
	"io/fs"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"signpost/graph/facts"
	"signpost/runbooks/aadsts"
)

// What a runbook may say. Actors and kinds are those of DESIGN.md §5.
var (
	kinds  = []string{"interrupt", "failure", "outage"}
	actors = []string{"user", "helpdesk", "identity-admin", "app-owner", "app-developer", "idp-admin", "microsoft"}
	kebab  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

const (
	maxTitle  = 60
	maxPerson = 280
	maxFixes  = 3 // an answer shows at most three actions
)

// The sections that every runbook has, for whoever does it by hand.
var sections = []string{"What it means", "How to check by hand"}

// Lint reads the built-in runbooks with the operator's folder over them (nil for none) and returns everything that is
// wrong with them, sorted by file. The error is for a folder that cannot be read.
func Lint(overlay fs.FS) ([]Complaint, error) {
	b, err := read(overlay)
	if err != nil {
		return nil, err
	}
	for _, code := range b.Codes() {
		b.lint(b.files[code], b.books[code])
	}
	b.lintCauses("person.md", b.person)
	b.lintCauses("every.md", b.every)
	slices.SortStableFunc(b.linted, func(x, y Complaint) int { return strings.Compare(x.File, y.File) })
	return b.linted, nil
}

func (b *Book) lint(file string, r *Runbook) {
	say := func(format string, args ...any) { b.complain(file, fmt.Sprintf(format, args...)) }
	if c, ok := aadsts.Lookup(r.Code); !ok {
		say("code %d is not in the catalogue", r.Code)
	} else {
		if r.Name != c.Name {
			say("name is %q, the catalogue says %q", r.Name, c.Name)
		}
		if r.Family != c.Family {
			say("family is %q, the catalogue says %q", r.Family, c.Family)
		}
	}
	if r.Title == "" || utf8.RuneCountInString(r.Title) > maxTitle {
		say("title has %d characters; 1 to %d are allowed", utf8.RuneCountInString(r.Title), maxTitle)
	}
	if r.Person == "" || utf8.RuneCountInString(r.Person) > maxPerson {
		say("person has %d characters; 1 to %d are allowed", utf8.RuneCountInString(r.Person), maxPerson)
	}
	for _, says := range lintLanguages(r) {
		say("%s", says)
	}
	if !slices.Contains(kinds, r.Kind) {
		say("kind %q is none of %s", r.Kind, strings.Join(kinds, ", "))
	}
	if !slices.Contains(actors, r.Actor) {
		say("actor %q is none of %s", r.Actor, strings.Join(actors, ", "))
	}
	for _, c := range r.Related {
		if _, ok := aadsts.Lookup(c); !ok {
			say("related code %d is not in the catalogue", c)
		}
	}
	if len(r.References) == 0 {
		say("there are no references")
	}
	for _, link := range slices.Concat(r.References, r.Links) {
		if u, err := url.Parse(link); err != nil || u.Scheme != "https" || u.Host == "" {
			say("reference %q is no https address", link)
		}
	}
	if _, err := time.Parse(time.DateOnly, r.Reviewed); err != nil {
		say("reviewed %q is no date of the form 2026-11-24", r.Reviewed)
	}
	if len(r.Causes) == 0 {
		say("there are no causes")
	}
	for _, says := range lintBody(r.Body) {
		say("%s", says)
	}
	b.lintCauses(file, r)
}

func lintBody(body string) []string {
	var wrong []string
	found := map[string]string{}
	for _, part := range strings.Split("\n"+body, "\n## ")[1:] {
		head, text, _ := strings.Cut(part, "\n")
		head = strings.TrimSpace(head)
		if strings.TrimSpace(text) == "" {
			wrong = append(wrong, fmt.Sprintf("section %q is empty", head))
		}
		found[head] = text
	}
	for _, s := range sections {
		if _, ok := found[s]; !ok {
			wrong = append(wrong, fmt.Sprintf("section %q is missing", s))
		}
	}
	return wrong
}

func (b *Book) lintCauses(file string, r *Runbook) {
	say := func(format string, args ...any) { b.complain(file, fmt.Sprintf(format, args...)) }
	for _, n := range r.Facts {
		if !n.Known() {
			say("fact %q is not known", n)
		}
	}
	ids := map[string]bool{}
	for _, c := range r.Causes {
		if !kebab.MatchString(c.ID) {
			say("cause id %q is not kebab-case", c.ID)
		}
		if ids[c.ID] {
			say("cause id %q is there twice", c.ID)
		}
		ids[c.ID] = true
		if strings.TrimSpace(c.Says) == "" {
			say("cause %s says nothing", c.ID)
		}
		if len(c.Fix) == 0 || len(c.Fix) > maxFixes {
			say("cause %s has %d fixes; 1 to %d are allowed", c.ID, len(c.Fix), maxFixes)
		}
		if strings.TrimSpace(c.Check) == "" {
			say("cause %s has no check", c.ID)
		}
		for _, f := range c.Fix {
			if f.Do == "" || f.Role == "" {
				say("cause %s: a fix needs do and role (role: none where the step needs none)", c.ID)
			}
			if !slices.Contains(actors, f.By) {
				say("cause %s: by %q is none of %s", c.ID, f.By, strings.Join(actors, ", "))
			}
			if word := resetWord(f.Do); word != "" && !f.Resets && f.By != "user" {
				say("cause %s: a fix says %q, so it needs resets: true", c.ID, word)
			}
		}
		for _, text := range slices.Concat([]string{c.Says, c.Check}, c.Evidence, does(c.Fix)) {
			for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
				if _, ok := b.words.byName[m[1]]; !ok {
					say("cause %s: {%s} is no name of a fact", c.ID, m[1])
				}
			}
		}
		for _, name := range c.names {
			if n := b.words.byName[name].fact; n != "" && !slices.Contains(r.Facts, n) {
				say("cause %s looks at %s, but facts does not list %s", c.ID, name, n)
			}
		}
		if c.When != "" && c.program == nil {
			continue // complained about by compile
		}
		b.lintVerdicts(c, say)
	}
}

func does(fixes []Fix) []string {
	var all []string
	for _, f := range fixes {
		all = append(all, f.Do)
	}
	return all
}

// lintVerdicts evaluates a cause with everything seen, with everything unknown, and with nothing asked: none may break,
// and a cause that looks at facts may not be decided while none was read.
func (b *Book) lintVerdicts(c Cause, say func(string, ...any)) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	lead := aadsts.Error{Code: 1, Timestamp: now, AppID: "app", User: "user@contoso.com"}
	for state, r := range map[string]facts.Report{
		"everything seen": everything(now), "everything unknown": unread(facts.Failed), "nothing asked": {},
	} {
		s := b.words.newScene(&lead, []aadsts.Error{lead}, r, now)
		vars, err := s.activation()
		if err != nil {
			say("cause %s with %s: %v", c.ID, state, err)
			return
		}
		var f Finding
		b.judge(&f, c, s, vars)
		for _, u := range f.Unknown {
			if strings.HasPrefix(u.Reason, "the check could not be evaluated") {
				say("cause %s with %s: %s", c.ID, state, u.Reason)
			}
		}
		looksAtFacts := slices.ContainsFunc(c.names, func(n string) bool { return b.words.byName[n].fact != "" })
		if state != "everything seen" && looksAtFacts && f.Verdict == Confirmed {
			say("cause %s is confirmed with %s", c.ID, state)
		}
	}
}

// everything is a report in which each fact was seen and each field has a value.
func everything(now time.Time) facts.Report {
	var r facts.Report
	eachFact(&r, func(fact reflect.Value) {
		value := reflect.New(fact.FieldByName("Value").Type().Elem())
		for i := range value.Elem().NumField() {
			switch f := value.Elem().Field(i); f.Kind() {
			case reflect.Slice:
				f.Set(reflect.MakeSlice(f.Type(), 0, 0))
			case reflect.Pointer:
				f.Set(reflect.New(f.Type().Elem()))
				if t, ok := f.Interface().(*time.Time); ok {
					*t = now
				}
			}
		}
		fact.FieldByName("State").Set(reflect.ValueOf(facts.Seen))
		fact.FieldByName("Value").Set(value)
	})
	return r
}

// unread is a report in which each fact is in the same state, without a value.
func unread(state facts.State) facts.Report {
	var r facts.Report
	eachFact(&r, func(fact reflect.Value) { fact.FieldByName("State").Set(reflect.ValueOf(state)) })
	return r
}

func eachFact(r *facts.Report, do func(reflect.Value)) {
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Struct && f.FieldByName("State").IsValid() {
			do(f)
		}
	}
}
