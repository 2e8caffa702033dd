package runbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// languages are the tags that a sentence for the affected person may have: those of Slack's own languages and of the larger
// ones of Europe. Each is a BCP 47 tag in its usual spelling. https://slack.com/help/articles/215058658
var languages = []string{
	"cs", "da", "de", "el", "es", "es-419", "fi", "fr", "fr-CA", "hu", "it", "ja", "ko", "nb", "nl", "pl", "pt", "pt-BR", "pt-PT", "ro", "sv",
	"tr", "uk", "zh-CN", "zh-TW",
}

// PersonFor is what the affected person reads, in their language where there is a sentence in it. locale is a tag such as
// Slack gives for a person, de-DE or es-LA; "" is not known. tag is that of the sentence, "" where it is the English one.
func (r *Runbook) PersonFor(locale string) (says, tag string) {
	locale = strings.ReplaceAll(locale, "_", "-")
	language, region, _ := strings.Cut(locale, "-")
	if strings.EqualFold(language, "es") && strings.EqualFold(region, "LA") { // Slack's own word for Latin America
		locale = "es-419"
	}
	for _, want := range []string{locale, language} {
		for _, tag := range sortedKeys(r.PersonIn) {
			if strings.EqualFold(tag, want) && r.PersonIn[tag] != "" {
				return r.PersonIn[tag], tag
			}
		}
	}
	return r.Person, ""
}

// overlayLanguages puts the sentences of an overlay over those of the runbook. Where the overlay says something else in
// English, the old translations say what nobody wants said any more, and go.
func overlayLanguages(base, over *Runbook) map[string]string {
	all := map[string]string{}
	if over.Person == base.Person {
		for tag, says := range base.PersonIn {
			all[tag] = says
		}
	}
	for tag, says := range over.PersonIn {
		all[tag] = says
	}
	return all
}

// lintLanguages says what is wrong with the sentences in other languages.
func lintLanguages(r *Runbook) []string {
	var wrong []string
	for _, tag := range sortedKeys(r.PersonIn) {
		if !slices.Contains(languages, tag) {
			wrong = append(wrong, fmt.Sprintf("person_in: %q is none of the language tags %s", tag, strings.Join(languages, ", ")))
		}
		if n := utf8.RuneCountInString(r.PersonIn[tag]); n == 0 || n > maxPerson {
			wrong = append(wrong, fmt.Sprintf("person_in %s has %d characters; 1 to %d are allowed", tag, n, maxPerson))
		}
	}
	return wrong
}

// resets are the words of a step that gives somebody a new way in. A step that the affected person does themselves, with
// what they hold already, is none.
var resets = regexp.MustCompile(`(?i)\b(?:resets?|re-?register|revoke)\b|\b(?:issue|with) an? temporary access pass\b`)

// resetWord is the word by which a fix looks like one that needs resets: true, "" where there is none.
func resetWord(do string) string { return resets.FindString(do) }

// Resets reports whether any step against any cause of the error gives somebody a new way in.
func (r *Runbook) Resets() bool {
	return slices.ContainsFunc(r.Causes, func(c Cause) bool {
		return slices.ContainsFunc(c.Fix, func(f Fix) bool { return f.Resets })
	})
}

// ResetsFor is [Runbook.Resets] of what the diagnosis of a code, or for 0 that of a person, may say.
func (b *Book) ResetsFor(code int) bool {
	if code == 0 {
		return b.person.Resets()
	}
	return b.Lookup(code).Resets()
}
