package handlers

import (
	"cmp"
	"context"
	"time"

	"signpost/runbooks"
)

// localeFor bounds the look-up of a language: an answer does not wait for it.
const localeFor = time.Second

// Locale is the language that somebody uses Slack in, as a tag such as de-DE; "" where Slack does not tell. Anybody's may be
// asked for: it says in which language they read, and lets nobody read more.
// https://docs.slack.dev/reference/methods/users.info
func (g *Gate) Locale(ctx context.Context, user string) string {
	if user == "" {
		return ""
	}
	if u, ok := g.people.GetIfPresent(user); ok {
		return u.Locale
	}
	if _, ok := g.noLocale.GetIfPresent(user); ok {
		return ""
	}
	asking, cancel := context.WithTimeout(ctx, localeFor)
	defer cancel()
	u, err := g.slack.GetUserInfoContext(asking, user) // slack-go asks for the locale
	if err != nil {
		g.noLocale.Set(user, true)
		return ""
	}
	g.people.Set(user, *u)
	return u.Locale
}

// opening is the sentence for the affected person.
func opening(r *runbooks.Runbook) string { return openingIn(r, "") }

// openingIn is opening in the reader's language, where the book has it.
func openingIn(r *runbooks.Runbook, locale string) string {
	says, _ := r.PersonFor(locale)
	return sentence(cmp.Or(says, r.Meaning))
}
