package handlers

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// Hit is a code that a search found.
type Hit struct {
	Code  int
	Title string
	Ends  string // who ends it, in words; "" where nobody knows
}

// How much a word counts, by where it stands.
const (
	inTitle  = 5.0
	inName   = 4.0
	inFamily = 4.0
	inSays   = 2.5 // the meaning
	inPerson = 1.5
	inCauses = 1.0
)

// half is what a word counts that is only the beginning of what is searched, or the other way round.
const half = 0.5

// stopWords tell nothing in a question about a sign-in error.
var stopWords = strings.Fields("a an and are as at be but by can cannot can't do does doesn't for from " +
	"get gets getting got has have he her him his how i if in is it its me my " +
	"not of on or our please she so that the their them there they this to user users us was we what what's when " +
	"where which who why will here now with won't you your " +
	"aadsts entra azure microsoft error errors code codes says said help sign signin sign-in signing")

// alike are words that people use for what the runbooks call something else.
var alike = map[string][]string{
	"2fa": {"multifactor"}, "mfa": {"multifactor"}, "2sv": {"multifactor"}, "authenticator": {"multifactor"}, "two-factor": {"multifactor"},
	"ca": {"conditional", "policy"}, "blocked": {"block", "lock", "conditional"}, "locked": {"lock"}, "lockout": {"lock"}, "sso": {"session", "seamless"},
	"adfs": {"federation", "federated"}, "okta": {"federation", "federated"},
	"idp": {"federation", "federated", "provider"}, "pwd": {"password"}, "pw": {"password"},
	"passwort": {"password"}, "reply": {"redirect"}, "callback": {"redirect"}, "permission": {"consent"}, "approval": {"consent"}, "key": {"secret"},
	"cert": {"certificate"}, "invite": {"guest", "invited"}, "external": {"guest"}, "b2b": {"guest"},
	"computer": {"device"}, "laptop": {"device"}, "intune": {"device", "compliant"},
	"phone": {"device", "multifactor"}, "disabled": {"disable"}, "deactivated": {"disable"}, "login": {"sign-in"}, "timeout": {"expired"}, "license": {"licence"},
	"application": {"app"}, "invalid": {"wrong"}, "incorrect": {"wrong"}, "missing": {"without"}, "url": {"uri"},
}

// Search finds the codes that words describe: in their name, title, family and meaning, and in what the affected person is told. At
// most most hits, best first, and how many there are in all. It is empty where the words tell nothing.
func Search(book *runbooks.Book, text string, most int) (hits []Hit, all int) {
	asked := questionWords(text)
	if len(asked) == 0 {
		return nil, 0
	}
	pages := searchable(book)
	points := make([][]float64, len(asked)) // by word, then page
	var scored []scoredPage
	for i, w := range asked {
		points[i] = make([]float64, len(pages))
		found := 0
		for j, p := range pages {
			if points[i][j] = p.points(w); points[i][j] > 0 {
				found++
			}
		}
		rare := math.Log(1 + float64(len(pages))/float64(1+found)) // what stands everywhere tells little
		for j := range pages {
			points[i][j] *= rare
		}
	}
	for j, p := range pages {
		s := scoredPage{page: p}
		for i := range asked {
			if points[i][j] > 0 {
				s.words++
				s.score += points[i][j]
			}
		}
		if s.words*2 >= len(asked) && s.words > 0 {
			scored = append(scored, s)
		}
	}
	slices.SortFunc(scored, func(a, b scoredPage) int {
		return cmp.Or(cmp.Compare(b.words, a.words), cmp.Compare(b.score, a.score), cmp.Compare(a.page.code, b.page.code))
	})
	for _, s := range scored[:min(len(scored), most)] {
		r := book.Lookup(s.page.code)
		hits = append(hits, Hit{Code: r.Code, Title: cmp.Or(r.Title, r.Name), Ends: actorSays[r.Actor]})
	}
	return hits, len(scored)
}

type scoredPage struct {
	page  searchPage
	words int // that were found
	score float64
}

// searchPage is a code as the search sees it.
type searchPage struct {
	code   int
	fields []searchField
	full   bool
}

type searchField struct {
	words  []string
	weight float64
}

func searchable(book *runbooks.Book) []searchPage {
	numbers := book.Codes()
	for _, c := range aadsts.Codes() {
		numbers = append(numbers, c.Number)
	}
	slices.Sort(numbers)
	var pages []searchPage
	for _, n := range slices.Compact(numbers) {
		r := book.Lookup(n)
		p := searchPage{code: n, full: r.Depth == runbooks.Full, fields: []searchField{
			{searchWords(r.Title), inTitle},
			{append(searchWords(camelApart(r.Name)), strings.ToLower(r.Name)), inName}, {searchWords(r.Family), inFamily}, {searchWords(r.Meaning), inSays},
		}}
		if p.full { // else what the person is told is made from the actor alone
			p.fields = append(p.fields, searchField{searchWords(r.Person), inPerson})
			for _, c := range r.Causes {
				p.fields = append(p.fields, searchField{searchWords(placeholder.ReplaceAllString(c.Says, " ")), inCauses})
			}
		}
		pages = append(pages, p)
	}
	return pages
}

// points is what a word is worth on a page: the best place where it stands.
func (p searchPage) points(w questionWord) float64 {
	best := 0.0
	for _, f := range p.fields {
		for _, have := range f.words {
			if f.weight <= best {
				break
			}
			if m := w.matches(have); m > 0 {
				best = max(best, f.weight*m)
			}
		}
	}
	if digits := strconv.Itoa(p.code); len(w.word) >= 3 && strings.HasPrefix(digits, w.word) {
		best = max(best, inTitle)
	}
	if best > 0 && p.full {
		best *= 1.2 // whoever asks is better helped with a runbook
	}
	return best
}

// questionWord is a word that is searched, and others that mean the same.
type questionWord struct {
	word  string
	alike []string
}

func (w questionWord) matches(have string) float64 {
	best := sameWord(w.word, have)
	for _, a := range w.alike {
		best = max(best, 0.8*sameWord(a, have))
	}
	return best
}

// sameWord is 1 for the same word in any of its forms, half where one begins with the other, else 0.
func sameWord(asked, have string) float64 {
	a, b := stem(asked), stem(have)
	switch {
	case a == b:
		return 1
	case len(a) >= 4 && strings.HasPrefix(b, a), len(b) >= 5 && strings.HasPrefix(a, b):
		return half
	}
	return 0
}

// stem takes the common endings of English from a word.
func stem(s string) string {
	for _, end := range []string{"ations", "ation", "ings", "ing", "ies", "ed", "es", "s", "e", "y"} {
		if cut, ok := strings.CutSuffix(s, end); ok && len(cut) >= 4 {
			return cut
		}
	}
	return s
}

// maxQuestion is how many words of a question are searched.
const maxQuestion = 12

func questionWords(text string) []questionWord {
	var all []questionWord
	for _, w := range searchWords(text) {
		known := slices.ContainsFunc(all, func(q questionWord) bool { return q.word == w })
		if known || slices.Contains(stopWords, w) || len([]rune(w)) < 2 || len(all) == maxQuestion {
			continue
		}
		all = append(all, questionWord{w, alike[w]})
	}
	return all
}

// searchWords are the words of a text in lower case. A hyphenated one is there whole, and in its parts.
func searchWords(text string) []string {
	var all []string
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '\'' && r != '’'
	}) {
		w = strings.Trim(strings.ReplaceAll(w, "’", "'"), "-'")
		if w == "" {
			continue
		}
		all = append(all, w)
		if parts := strings.Split(w, "-"); len(parts) > 1 && w != "sign-in" {
			all = append(all, parts...)
		}
	}
	return all
}

// camelApart writes UserStrongAuthRequired as words.
func camelApart(name string) string {
	var b strings.Builder
	before := rune(0)
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}
