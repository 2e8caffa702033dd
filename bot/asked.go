package bot

import (
	"regexp"
	"strconv"
	"strings"

	"signpost/runbooks/aadsts"
)

// meaning is what somebody wants with what they typed.
type meaning int

// The meanings. A text that fits two of them is unclear, and its author is asked.
const (
	meansNothing meaning = iota // nothing was typed
	meansHelp
	meansStatus
	meansForm
	meansReport
	meansCompare
	meansPerson
	meansError
	meansDomain
	meansWords
	meansUnclear
)

// meant is what was typed after the command, behind a mention, or in a direct message, as far as the text itself tells.
type meant struct {
	Kind meaning
	Text string // what was typed, readable

	// Errors are for meansError. Pasted: they were found in a text, which may tell more than the code.
	Errors []aadsts.Error
	Pasted bool
	// Who is a sign-in name, a Slack user id, or [whoMe]: whom meansPerson is about, and meansError if it is not "".
	Who    string
	Good   string // meansCompare: who can sign in; Who cannot
	App    string // meansCompare: an app id, "" for all
	Domain string // lower case

	// Why says what is unclear, and Instead what it may mean; with Instead nil it may mean anything.
	Why     string
	Instead *meant
	// Sure is set once the author was asked whether there is a slip.
	Sure bool
}

// whoMe stands for whoever asks.
const whoMe = "me"

// How much of a text is looked at closely, in words. What is longer is a paste or nothing.
const (
	mostTyped = 40
	mostCodes = 10
)

// understand says what somebody means by a text as Slack delivers it: escaped, with links and mentions marked.
// https://docs.slack.dev/interactivity/implementing-slash-commands
func understand(text string) meant { return understandPlain(mrkdwn(text)) }

// understandPlain is [understand] for a text whose marks were undone already.
func understandPlain(text string) meant {
	m := meant{Text: strings.TrimSpace(text)}
	typed := strings.Join(strings.Fields(typedPlain(text)), " ")
	word, rest, _ := strings.Cut(typed, " ")
	word, only := strings.ToLower(strings.Trim(word, quotes+".!")), rest == ""
	switch {
	case typed == "":
		return m
	case only && (word == "help" || word == "hello" || word == "hi" || word == "hey" || word == "?" || word == "-h" || word == "--help" || word == "–help"):
		m.Kind = meansHelp
		return m
	case only && word == "status":
		m.Kind = meansStatus
		return m
	case only && word == "form":
		m.Kind = meansForm
		return m
	case only && (word == "me" || word == "myself"):
		m.Kind, m.Who = meansPerson, whoMe
		return m
	case word == "report":
		m.Kind, m.Text = meansReport, strings.TrimSpace("report "+strings.Trim(rest, quotes+".!"))
		return m
	case word == "compare":
		return m.comparison(rest)
	}
	return m.entities(lex(text))
}

// comparison reads "bad@contoso.com good@contoso.com [APP ID]"; "with" and "and" between them do no harm.
func (m meant) comparison(rest string) meant {
	m.Kind = meansCompare
	var people []string
	for _, w := range lex(rest) {
		switch {
		case w.kind == wordPerson:
			people = append(people, w.value)
		case w.kind == wordID && m.App == "":
			m.App = w.value
		case w.kind != wordFiller:
			return m.unclear("")
		}
	}
	if len(people) != 2 || strings.EqualFold(people[0], people[1]) {
		return m.unclear("")
	}
	m.Who, m.Good = people[0], people[1]
	return m
}

// unclear gives the meaning up. A comparison keeps its kind without people: its author is told how to compare.
func (m meant) unclear(why string) meant {
	if m.Kind == meansCompare {
		m.Who, m.Good, m.App = "", "", ""
		return m
	}
	return meant{Kind: meansUnclear, Text: m.Text, Why: why}
}

// entities decides by what stands in the text: codes, people, domains, and words beside them.
func (m meant) entities(words []word) meant {
	if len(words) > mostTyped {
		return m.pasted("")
	}
	var codes []aadsts.Error
	var people, domains, ids []string
	other, doubtful := 0, 0
	for _, w := range words {
		switch w.kind {
		case wordCode:
			codes = appendCode(codes, w)
			if _, listed := aadsts.Lookup(w.code); !listed && !w.prefixed {
				doubtful++
			}
		case wordPerson:
			people = appendNew(people, w.value)
		case wordDomain:
			domains = appendNew(domains, w.value)
		case wordID:
			ids = append(ids, w.value)
		case wordOther:
			other++
		}
	}
	who := ""
	if len(people) == 1 {
		who = people[0]
	}
	if other+len(ids) > 0 {
		return m.prose(codes, people, ids, who, other, doubtful)
	}
	switch {
	case len(people) > 1 && len(codes) == 0:
		why := meant{Kind: meansCompare, Text: m.Text, Who: people[0], Good: people[1]}
		m = m.unclear("There are several people in it.")
		if len(people) == 2 {
			m.Instead = &why
		}
		return m
	case len(people) > 1:
		return m.unclear("There are several people in it. Ask about one at a time.")
	case len(domains) > 0 && len(codes)+len(people) > 0, len(domains) > 1:
		return m.unclear("There is a domain in it beside something else. Ask about one thing at a time.")
	case len(codes) > 0:
		m.Kind, m.Errors, m.Who = meansError, codes, who
	case who != "":
		m.Kind, m.Who = meansPerson, who
	case len(domains) == 1:
		m.Kind, m.Domain = meansDomain, domains[0]
	default:
		m.Kind = meansWords
	}
	return m
}

// prose decides about a text that holds words of which we know nothing, too.
func (m meant) prose(codes []aadsts.Error, people, ids []string, who string, other, doubtful int) meant {
	if found := m.pasted(who); found.Kind == meansError {
		return found
	}
	switch {
	case len(codes) > 0 && doubtful == 0 && len(people) <= 1:
		m.Kind, m.Errors, m.Who = meansError, codes, who
	case len(ids) > 0 && other == 0 && len(codes) == 0:
		return m.unclear("An id alone does not tell which error it was. Ask with the code, or paste the whole error.")
	case who != "":
		about := meant{Kind: meansPerson, Text: m.Text, Who: who}
		m = m.unclear("There is a person in it.")
		m.Instead = &about
	case len(people) > 1:
		return m.unclear("There are several people in it. Ask about one at a time.")
	default:
		m.Kind = meansWords
	}
	return m
}

// pasted looks for errors as in any message. who is a person that stands in the text, for where the errors name nobody.
func (m meant) pasted(who string) meant {
	m.Errors = aadsts.Find(m.Text)
	if len(m.Errors) == 0 {
		m.Kind = meansWords
		return m
	}
	m.Kind, m.Pasted = meansError, true
	for _, e := range m.Errors {
		if e.User != "" {
			return m
		}
	}
	m.Who = who
	return m
}

func appendCode(codes []aadsts.Error, w word) []aadsts.Error {
	for _, c := range codes {
		if c.Code == w.code {
			return codes
		}
	}
	if len(codes) == mostCodes {
		return codes
	}
	return append(codes, aadsts.Error{Code: w.code, Explicit: true})
}

func appendNew(all []string, s string) []string {
	for _, x := range all {
		if strings.EqualFold(x, s) {
			return all
		}
	}
	return append(all, s)
}

// wordKind says what a word is by itself.
type wordKind int

const (
	wordOther wordKind = iota
	wordFiller
	wordCode
	wordPerson
	wordDomain
	wordID
)

type word struct {
	kind     wordKind
	value    string // of a person: the sign-in name or Slack id; of a domain and an id: lower case
	code     int
	prefixed bool // the word says itself that it is a code
}

var (
	address    = regexp.MustCompile(`(?i)^[a-z0-9.!#$%&'*+/=?^_~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	domainName = regexp.MustCompile(`(?i)^(https?://)?(([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,24}|xn--[a-z0-9-]{2,59}))/?$`)
	bareCode   = regexp.MustCompile(`^\d{4,8}$`)
	codeWord   = regexp.MustCompile(`(?i)^([a-z]*)[-–—:#=_]*(\d{4,8})$`)
	codeRow    = regexp.MustCompile(`^\d{4,8}([/|+&]\d{4,8})+$`)
	guid       = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	mention    = regexp.MustCompile(`^<@([UW][A-Z0-9]+)(\|[^>]*)?>$`)
)

// maxDomain is the longest domain name there is.
const maxDomain = 253

// What people put around a word without meaning anything by it.
const (
	quotes   = "\"'`“”‘’«»„‚‹›"
	wrapping = quotes + "*()[]{}<>,;:"
	closing  = ".!?…"
)

// fillers are words that may stand beside a code, a person or a domain without changing what is asked.
var fillers = strings.Fields("aadsts aad error errors err code codes for user users person account upn about of from by and with is are the a an " +
	"domain health federation check explain show diagnose lookup " +
	"what what's whats means mean does has have gets got sees please pls on in to at vs versus signpost app")

// lex takes a text apart into words.
func lex(text string) []word {
	fields := strings.FieldsFunc(typedPlain(text), func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == ',' || r == ';' })
	var all []word
	for _, f := range fields {
		if len(all) > mostTyped {
			break
		}
		f = bare(f)
		switch {
		case f == "":
		case codeRow.MatchString(f):
			for _, c := range strings.FieldsFunc(f, func(r rune) bool { return r < '0' || r > '9' }) {
				all = append(all, classify(c))
			}
		default:
			all = append(all, classify(f))
		}
	}
	return all
}

// bare is a word without what stands around it. Marks of a mention stay.
func bare(s string) string {
	s = strings.TrimRight(s, closing+":*"+quotes)
	s = strings.TrimLeft(s, "*"+quotes)
	if mention.MatchString(s) {
		return s
	}
	for {
		before := s
		s = strings.TrimRight(strings.Trim(s, wrapping), closing)
		for _, pair := range []string{"_", "~"} { // either may begin a sign-in name, so only both go
			if len(s) > 2 && strings.HasPrefix(s, pair) && strings.HasSuffix(s, pair) {
				s = s[1 : len(s)-1]
			}
		}
		if s == before {
			return s
		}
	}
}

func classify(s string) word {
	if at := mention.FindStringSubmatch(s); at != nil {
		return word{kind: wordPerson, value: at[1]}
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	lower := strings.ToLower(s)
	if c := codeWord.FindStringSubmatch(s); c != nil && codePrefix(strings.ToLower(c[1])) {
		code, err := strconv.Atoi(c[2])
		if err == nil {
			return word{kind: wordCode, code: code, prefixed: len(c[1]) > 0}
		}
	}
	switch {
	case address.MatchString(s):
		return word{kind: wordPerson, value: s}
	case guid.MatchString(s):
		return word{kind: wordID, value: lower}
	}
	if at := domainName.FindStringSubmatch(strings.TrimPrefix(lower, "@")); at != nil && len(at[2]) <= maxDomain {
		return word{kind: wordDomain, value: at[2]}
	}
	for _, f := range fillers {
		if lower == f {
			return word{kind: wordFiller}
		}
	}
	if len(s) >= 5 && slip("aadsts", lower) != noSlip {
		return word{kind: wordFiller}
	}
	return word{}
}

// codePrefix reports whether letters before a number say that it is a code: AADSTS, also with a slip in it, and a few words.
func codePrefix(s string) bool {
	switch s {
	case "", "aadsts", "aad", "error", "errorcode", "err", "code":
		return true
	}
	return len(s) >= 5 && slip("aadsts", s) != noSlip
}

// typedPlain evens out what keyboards and web pages do to a text: full-width letters and digits, unusual spaces, characters that
// cannot be seen.
func typedPlain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0xff01 && r <= 0xff5e:
			return r - 0xfee0
		case r == 0x3000, r == 0xa0, r >= 0x2000 && r <= 0x200a, r == 0x202f, r == 0x205f, r == 0x2028, r == 0x2029, r == '\r', r == '\t':
			return ' '
		case r == 0x2010, r == 0x2011, r == 0xfe63:
			return '-'
		case r == 0xad, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff, r == 0x61c, r == 0x180e,
			r >= 0xfe00 && r <= 0xfe0f, r < ' ' && r != '\n', r == 0x7f:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
