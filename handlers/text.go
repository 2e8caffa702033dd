package handlers

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"signpost/runbooks"
)

// Clean makes one harmless line of a text from outside: line breaks become spaces; characters that could move a cursor,
// change a terminal or turn the direction of reading are dropped.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\ufeff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// short cuts a plain text to n runes, between words where there are any, and shows that it is cut.
func short(s string, n int) string { return cut(s, n, false) }

// shortMarked cuts a text that is escaped for Slack, never inside a <…> mark or an &…; entity.
func shortMarked(s string, n int) string { return cut(s, n, true) }

// cut keeps at most n runes, the mark of the cut among them. It cuts before a word unless that word is longer than a
// third of what may stay.
func cut(s string, n int, marked bool) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	const mark = "…"
	keep := n - utf8.RuneCountInString(mark)
	safe, space, spaceAt := 0, 0, 0 // byte offsets of the last place to cut at; spaceAt counts runes
	open := rune(0)                 // what ends the mark or entity that we are in
	count := 0
	for i, r := range s {
		if open == 0 {
			safe = i
			if r == ' ' || r == '\n' {
				space, spaceAt = i, count
			}
		}
		if count == keep {
			break
		}
		count++
		switch {
		case open != 0:
			if r == open {
				open = 0
			}
		case marked && r == '<':
			open = '>'
		case marked && r == '&':
			open = ';'
		}
	}
	if spaceAt*3 >= keep*2 {
		safe = space
	}
	trim := " \n"
	if !marked { // where a semicolon may end an entity
		trim += ",;:"
	}
	return strings.TrimRight(s[:safe], trim) + mark
}

// capital raises the first letter of an ordinary word, and leaves names and addresses alone.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if word := firstWord(s); word == "" || strings.ContainsAny(word, "@.#_0123456789") || strings.ToLower(word) != word {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// lowerFirst lowers the first letter of an ordinary word, and leaves names, abbreviations and addresses alone.
func lowerFirst(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	word := firstWord(s)
	if len(word) <= size || strings.ContainsAny(word, "@.#_0123456789") || strings.ToLower(word[size:]) != word[size:] {
		return s
	}
	return string(unicode.ToLower(first)) + s[size:]
}

// firstWord is what stands before the first space, without the punctuation that follows it.
func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return strings.TrimRight(word, ".,:;")
}

// sentence ends a text with a full stop, unless it ends already.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?:") || strings.HasSuffix(s, "…") || strings.HasSuffix(s, ".”") || strings.HasSuffix(s, ".)") {
		return s
	}
	return s + "."
}

// list writes the first of several things with commas, and how many more there are.
func list(all []string, most int) string {
	if n := len(all) - most; n > 0 {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(all, ", ")
}

// join puts a dot between what is not empty.
func join(parts ...string) string {
	var s []string
	for _, p := range parts {
		if p != "" {
			s = append(s, p)
		}
	}
	return strings.Join(s, " · ")
}

func people(n int) string { return plural(n, "person", "people") }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// when writes a time, nothing for one that is not known.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(runbooks.TimeLayout)
}
