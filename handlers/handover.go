package handlers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// HandOver is what the identity team is told above the answer when somebody is still stuck.
type HandOver struct {
	By     string // Slack user id of who asks for it, "" where that is no longer known
	Author string // Slack user id of who posted the error, "" for an integration
	Place  string // id of the channel that it was posted in
	Posted time.Time
	Link   string // to the thread
	// Affected is the person as this channel may know them, "" where it may not or where nobody is named.
	Affected string
	// Assumed says that Affected is whoever posted the error, because the message names nobody.
	Assumed bool
	// Given says that the thread was given the same steps as this post.
	Given bool
}

// Draw writes the post for the escalation channel: who asks for what, the page, and what can be done with it. p says how much
// of the diagnosis that channel may hold.
func (h HandOver) Draw(p Page, b Buttons) Message {
	asks := "This error was handed over to you."
	if h.By != "" {
		asks = fmt.Sprintf("<@%s> is still stuck with this error and asks you to take it over.", Escape(h.By))
	}
	if h.By != "" && h.Author != "" && h.Author != h.By {
		asks = fmt.Sprintf("<@%s> asks you to take over an error that <@%s> posted.", Escape(h.By), Escape(h.Author))
	}
	lines := []string{asks, fmt.Sprintf("It stands in <#%s>, since %s: <%s|open the thread>", Escape(h.Place), Date(h.Posted), Escape(h.Link))}
	if who := strings.TrimSpace(Clean(h.Affected)); who != "" {
		line := "Who is affected: " + Escape(short(who, maxHeader))
		if h.Assumed {
			line += ", if it is whoever posted it; the message names nobody"
		}
		lines = append(lines, line)
	} else if p.Holds.Level != None && p.Holds.Level != "" {
		lines = append(lines, "Who is affected: the message names nobody; ask whoever posted it")
	}
	if h.Given && slices.ContainsFunc(p.Parts, func(x Part) bool { return x.Title == nextTitle && x.Numbered }) {
		lines = append(lines, "The thread was given the same steps as under "+nextTitle+". Which of them were tried is not known.")
	}
	b.Handed = true
	m := p.Draw(&b)
	text := strings.Join(lines, "\n")
	m.Blocks = append([]slack.Block{section(shortMarked(text, maxSection))}, m.Blocks...)
	if b.Ended == "" {
		m.Text = headed(text, m.Text)
	}
	return m
}

// nextTitle is the heading of the steps of a page.
const nextTitle = "Next"
