package handlers

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"signpost/runbooks"
)

var (
	webLink   = regexp.MustCompile("https://[^\\s<>|·,;()\\[\\]{}\"'`“”]*[^\\s<>|·,;()\\[\\]{}\"'`“”.:!?*_~]")
	timestamp = regexp.MustCompile(`\b\d{4}-\d\d-\d\d \d\d:\d\d UTC\b`)
	code      = regexp.MustCompile("`[^`]*`")
	special   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// mrkdwn escapes a line and marks its times, which Slack then shows in the reader's own zone. Addresses stay plain text:
// what somebody pasted or named their app must not become a link of ours.
// https://docs.slack.dev/messaging/formatting-message-text
func mrkdwn(s string) string {
	return timestamp.ReplaceAllStringFunc(Escape(s), func(m string) string {
		t, err := time.Parse(runbooks.TimeLayout, m)
		if err != nil || t.Unix() <= 0 {
			return m
		}
		return Date(t)
	})
}

// linked is mrkdwn with the addresses marked as links, except those in code, which are to be typed and not opened.
func linked(s string, label func(string) string) string {
	var b strings.Builder
	text := func(s string) {
		for {
			at := webLink.FindStringIndex(s)
			if at == nil {
				b.WriteString(mrkdwn(s))
				return
			}
			u := s[at[0]:at[1]]
			b.WriteString(mrkdwn(s[:at[0]]) + "<" + Escape(u) + "|" + Escape(label(u)) + ">")
			s = s[at[1]:]
		}
	}
	for {
		at := code.FindStringIndex(s)
		if at == nil {
			text(s)
			return b.String()
		}
		text(s[:at[0]])
		b.WriteString(Escape(s[at[0]:at[1]]))
		s = s[at[1]:]
	}
}

// Date is a time that Slack shows in the reader's own zone, and as UTC where it cannot.
// https://docs.slack.dev/messaging/formatting-message-text#date-formatting
func Date(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format(runbooks.TimeLayout))
}

// inlineLabel is an address inside a sentence: whole, so that it can be typed, unless it is long.
func inlineLabel(u string) string {
	const most = 60
	if s := strings.TrimPrefix(u, "https://"); utf8.RuneCountInString(s) <= most {
		return s
	}
	return linkLabel(u)
}

// linkLabel shortens an address to what a reader needs of it. It always begins with the host that the link leads to.
func linkLabel(u string) string {
	p, err := url.Parse(u)
	if err != nil || p.Host == "" {
		return u
	}
	host := strings.TrimPrefix(p.Host, "www.")
	if host == "login.microsoftonline.com" && p.Path == "/error" {
		return "Microsoft's error look-up"
	}
	if host == "aka.ms" { // short enough to be typed
		return host + p.EscapedPath()
	}
	if last := path.Base(p.EscapedPath()); last != "/" && last != "." {
		return host + ": " + strings.ReplaceAll(last, "-", " ")
	}
	return host
}

// Escape takes the meaning from the three characters that have one for Slack, so that no pasted or directory text can
// mention, link or ping anybody.
func Escape(s string) string { return special.Replace(s) }
