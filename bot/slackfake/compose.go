package slackfake

import (
	"regexp"
	"strings"
)

// tokens are what Slack's composer turns into something else: mentions, inline code, links, mail addresses, bare domains, emoji.
// https://docs.slack.dev/messaging/formatting-message-text
var tokens = regexp.MustCompile("(?P<mention><(?:@[UWB][A-Z0-9]+|#C[A-Z0-9]+|!here|!channel|!everyone|!subteam\\^S[A-Z0-9]+)(?:\\|[^>\n]*)?>)" +
	"|(?P<code>`[^`\n]+`)" +
	"|(?P<url>https?://[^\\s<>`\"]+)" +
	"|(?P<mail>[A-Za-z0-9][A-Za-z0-9._%+'-]*@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,})" +
	"|(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\\.)+(?:com|net|org|io|dev|edu|gov|eu|de|fr|uk|us|info|app|cloud|ai)\\b(?:/[^\\s<>`\"]*)?)" +
	"|(?P<emoji>:[a-z0-9_+-]*[a-z][a-z0-9_+-]*:)")

// trailing is punctuation that ends a sentence rather than a link.
const trailing = ".,;:!?)]}'\""

// composer turns what a person typed into what the API shows: mrkdwn text and a rich_text block. The text has &, < and > escaped and links
// marked; rich_text is raw.
type composer struct {
	text    strings.Builder
	section []any // elements of the rich_text_section being built
	parts   []any // finished elements of the block
	noLinks bool
}

var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// composed gives text and blocks for typed text. Code fences become rich_text_preformatted, lines that begin with "> " quotes, and lines
// that begin with "• " a list.
func composed(typed, blockID string, noLinks bool) (string, []Block) {
	c := &composer{noLinks: noLinks}
	for i, part := range strings.Split(typed, "```") {
		if i%2 == 1 {
			c.fence(part)
			continue
		}
		if i > 0 {
			part = strings.TrimPrefix(part, "\n")
		}
		c.lines(part)
	}
	c.close()
	if len(c.parts) == 0 {
		return "", nil
	}
	return c.text.String(), []Block{{"type": "rich_text", "block_id": blockID, "elements": c.parts}}
}

// lines handles text outside of code fences.
func (c *composer) lines(s string) {
	for s != "" {
		line, rest, more := strings.Cut(s, "\n")
		if more {
			line += "\n"
		}
		s = rest
		switch {
		case strings.HasPrefix(line, "> "):
			c.close()
			quote := c.continued("rich_text_quote")
			if quote != nil {
				c.section = append(list(quote["elements"]), Block{"type": "text", "text": "\n"})
			}
			c.text.WriteString("&gt; ")
			c.inline(strings.TrimSuffix(line[2:], "\n"))
			c.wrap("rich_text_quote", nil)
			if more {
				c.text.WriteByte('\n')
			}
		case strings.HasPrefix(line, "• "):
			c.close()
			bullets := c.continued("rich_text_list")
			c.text.WriteString("• ")
			c.inline(strings.TrimSuffix(line[len("• "):], "\n"))
			items := append(list(bullets["elements"]), Block{"type": "rich_text_section", "elements": c.section})
			c.section = items
			c.wrap("rich_text_list", Block{"style": "bullet", "indent": 0, "border": 0})
			if more {
				c.text.WriteByte('\n')
			}
		default:
			c.inline(line)
		}
	}
}

// continued takes back the last element if it is of this kind, so that a line can be added to it.
func (c *composer) continued(kind string) Block {
	if len(c.parts) == 0 {
		return nil
	}
	last := object(c.parts[len(c.parts)-1])
	if last["type"] != kind {
		return nil
	}
	c.parts = c.parts[:len(c.parts)-1]
	return last
}

// fence handles the inside of a code fence. Links are marked there too, as has been seen.
func (c *composer) fence(code string) {
	code = strings.TrimSuffix(strings.TrimPrefix(code, "\n"), "\n")
	c.close()
	c.text.WriteString("```")
	for len(code) > 0 {
		at := c.next(code, "url", "mail", "domain")
		if at == nil {
			c.plain(code)
			break
		}
		c.plain(code[:at.from])
		c.link(at.kind, code[at.from:at.to])
		code = code[at.to:]
	}
	c.text.WriteString("```\n")
	c.wrap("rich_text_preformatted", Block{"border": 0})
}

type token struct {
	kind     string
	from, to int
}

// next finds the next token of the kinds wanted; nil kinds want all.
func (c *composer) next(s string, kinds ...string) *token {
	names := tokens.SubexpNames()
	start := 0
	for start < len(s) {
		at := tokens.FindStringSubmatchIndex(s[start:])
		if at == nil {
			return nil
		}
		for g := 1; g < len(names); g++ {
			if at[2*g] < 0 {
				continue
			}
			t := &token{kind: names[g], from: start + at[2*g], to: start + at[2*g+1]}
			if t.kind == "url" || t.kind == "domain" {
				t.to = t.from + len(strings.TrimRight(s[t.from:t.to], trailing))
			}
			wanted := len(kinds) == 0
			for _, k := range kinds {
				wanted = wanted || k == t.kind
			}
			link := t.kind == "url" || t.kind == "mail" || t.kind == "domain"
			if wanted && !(link && c.noLinks) {
				return t
			}
			start = t.to
		}
	}
	return nil
}

// inline handles text with mentions, code and links.
func (c *composer) inline(s string) {
	for s != "" {
		t := c.next(s)
		if t == nil {
			c.plain(s)
			return
		}
		c.plain(s[:t.from])
		word := s[t.from:t.to]
		s = s[t.to:]
		switch t.kind {
		case "mention":
			c.mention(word)
		case "code":
			c.text.WriteString("`" + entities.Replace(word[1:len(word)-1]) + "`")
			c.section = append(c.section, Block{"type": "text", "text": word[1 : len(word)-1], "style": Block{"code": true}})
		case "emoji":
			c.text.WriteString(word)
			c.section = append(c.section, Block{"type": "emoji", "name": strings.Trim(word, ":")})
		default:
			c.link(t.kind, word)
		}
	}
}

func (c *composer) plain(s string) {
	if s == "" {
		return
	}
	c.text.WriteString(entities.Replace(s))
	c.section = append(c.section, Block{"type": "text", "text": s})
}

func (c *composer) link(kind, word string) {
	to := map[string]string{"url": "", "mail": "mailto:", "domain": "http://"}[kind] + word
	e := Block{"type": "link", "url": to}
	if kind == "url" {
		c.text.WriteString("<" + entities.Replace(to) + ">")
	} else {
		e["text"] = word
		c.text.WriteString("<" + entities.Replace(to) + "|" + entities.Replace(word) + ">")
	}
	c.section = append(c.section, e)
}

func (c *composer) mention(word string) {
	c.text.WriteString(word)
	id, _, _ := strings.Cut(strings.Trim(word, "<>"), "|")
	switch {
	case strings.HasPrefix(id, "@"):
		c.section = append(c.section, Block{"type": "user", "user_id": id[1:]})
	case strings.HasPrefix(id, "#"):
		c.section = append(c.section, Block{"type": "channel", "channel_id": id[1:]})
	case strings.HasPrefix(id, "!subteam^"):
		c.section = append(c.section, Block{"type": "usergroup", "usergroup_id": strings.TrimPrefix(id, "!subteam^")})
	default:
		c.section = append(c.section, Block{"type": "broadcast", "range": strings.TrimPrefix(id, "!")})
	}
}

// wrap ends the current section as an element of another type.
func (c *composer) wrap(kind string, extra Block) {
	e := Block{"type": kind, "elements": c.section}
	if c.section == nil {
		e["elements"] = []any{}
	}
	for k, v := range extra {
		e[k] = v
	}
	c.parts = append(c.parts, e)
	c.section = nil
}

func (c *composer) close() {
	if len(c.section) > 0 {
		c.wrap("rich_text_section", nil)
	}
}

// mentions tells whether mrkdwn text names the user.
func mentions(text, user string) bool {
	return strings.Contains(text, "<@"+user+">") || strings.Contains(text, "<@"+user+"|")
}
