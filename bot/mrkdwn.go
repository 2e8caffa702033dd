package bot

import "strings"

// mrkdwn undoes Slack's markup in a text field: <…> tokens first, then the three entities. The marks for bold, code and quotes stay;
// they may as well be the person's own. See https://docs.slack.dev/messaging/formatting-message-text
func mrkdwn(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for s != "" {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			break
		}
		b.WriteString(entities(s[:open]))
		s = s[open:]
		// A token ends before the next < and on its line. A < that opens none is not Slack's: some integrations forget to escape.
		end := strings.IndexAny(s[1:], "<>\n") + 1
		if end > 1 && s[end] == '>' {
			if shown, ok := token(s[1:end]); ok {
				b.WriteString(shown)
				s = s[end+1:]
				continue
			}
		}
		b.WriteByte('<')
		s = s[1:]
	}
	b.WriteString(entities(s))
	return b.String()
}

// token is what a person sees of the inside of <…>. Mentions stay as they are, without the name that Slack may add: it is shown by id in
// rich_text. False where this is no token.
func token(t string) (string, bool) {
	target, label, _ := strings.Cut(t, "|")
	switch t[0] {
	case '@', '#':
		return "<" + target + ">", true
	case '!':
		if label != "" && strings.HasPrefix(target, "!date^") {
			return entities(label), true
		}
		return "<" + target + ">", true
	}
	if !isLink(target) {
		return "", false
	}
	return link(entities(target), entities(label)), true
}

// isLink reports whether a token's target is a link, and not some XML that an integration did not escape.
func isLink(target string) bool {
	if strings.ContainsAny(target, " \t\"") {
		return false
	}
	scheme, rest, _ := strings.Cut(target, ":")
	switch {
	case scheme == "mailto" || scheme == "tel":
		return rest != ""
	case !strings.HasPrefix(rest, "//"):
		return false
	}
	return strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+.-") == ""
}

// link is the readable text of a link: what is shown for it, or else its address. The address stays beside another text where it
// may carry a sign-in error itself, as redirect URLs do, or is the mail address behind a name.
func link(url, label string) string {
	address, isMail := strings.CutPrefix(url, "mailto:")
	address, isTel := strings.CutPrefix(address, "tel:")
	if isMail {
		address, _, _ = strings.Cut(address, "?")
	}
	switch {
	case label == "":
		return address
	case strings.Contains(label, address):
		return label
	case isTel, !isMail && strings.HasSuffix(strings.TrimRight(address, "/"), strings.TrimRight(label, "/")):
		return label // contoso.com shown for http://contoso.com
	case isMail, hasFold(url, "aadsts"), hasFold(url, "error"):
		return label + " " + address
	default:
		return label
	}
}

// hasFold reports whether s contains the lower-case ASCII word in any letter case.
func hasFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if s[i]|0x20 == word[0] && strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// entities undoes &lt; &gt; and &amp;, the only three that Slack makes, each once: &amp;lt; is what somebody typed as &lt;.
func entities(s string) string {
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		switch {
		case strings.HasPrefix(s, "&lt;"):
			b.WriteByte('<')
			s = s[len("&lt;"):]
		case strings.HasPrefix(s, "&gt;"):
			b.WriteByte('>')
			s = s[len("&gt;"):]
		case strings.HasPrefix(s, "&amp;"):
			b.WriteByte('&')
			s = s[len("&amp;"):]
		default:
			b.WriteByte('&')
			s = s[1:]
		}
	}
	b.WriteString(s)
	return b.String()
}
