package bot

import "strings"

// attachmentText is the readable text of one attachment: what an alert integration says, or a message that somebody forwarded.
// The previews that Slack makes for links are empty: a link to Microsoft's page about an error is no error. With unfurls false, so
// are those of links to other messages. See https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
func attachmentText(a jsonText, unfurls bool, depth int) string {
	if depth > maxDepth {
		return ""
	}
	var own content // text, blocks, files
	var pretext, title, fallback, footer string
	var fields, forwarded jsonText
	var preview, share, unfurl bool
	for k, v := range a.fields() {
		own.take(k, v)
		switch k {
		case "pretext":
			pretext = mrkdwn(v.str())
		case "title":
			title = mrkdwn(v.str())
		case "fallback":
			if fallback = mrkdwn(v.str()); fallback == "[no preview available]" {
				fallback = ""
			}
		case "footer":
			footer = mrkdwn(v.str())
		case "fields":
			fields = v
		case "message_blocks":
			forwarded = v
		case "from_url":
			preview = preview || v.str() != ""
		case "is_app_unfurl":
			preview = preview || v.truthy()
		case "is_share":
			share = v.truthy()
		case "is_msg_unfurl", "is_reply_unfurl":
			unfurl = unfurl || v.truthy()
		}
	}
	if preview && !share && !unfurl || unfurl && !share && !unfurls {
		return ""
	}
	own.attachments = "" // not followed: nothing that Slack makes has attachments right inside attachments
	p := page{text: strings.Trim(join(pretext, title), "\n")}
	p.add(own.read(unfurls))
	p.add(fieldsText(fields))
	for m := range forwarded.elements() {
		p.add(forwardedText(m.field("message"), unfurls, depth+1))
	}
	p.add(footer)
	// The fallback is a plain rendering of the rest. Slack's own, on a forwarded message, says nothing new; an integration's may.
	switch {
	case p.text == "":
		return fallback
	case !share && !unfurl:
		p.add(fallback)
	}
	return p.text
}

// forwardedText is the text of a message inside an attachment, which may itself have forwarded one.
func forwardedText(message jsonText, unfurls bool, depth int) string {
	c := contentOf(message)
	nested := c.attachments
	c.attachments = ""
	p := page{text: c.read(unfurls)}
	for a := range nested.elements() {
		p.add(attachmentText(a, unfurls, depth+1))
	}
	return p.text
}

// fieldsText draws an attachment's table of titles and values, one pair a line.
func fieldsText(fields jsonText) string {
	var b strings.Builder
	for f := range fields.elements() {
		title, value := mrkdwn(f.field("title").str()), mrkdwn(f.field("value").str())
		if title != "" && value != "" && !strings.HasSuffix(strings.TrimSpace(title), ":") {
			title += ":"
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimSpace(title + " " + value))
	}
	return b.String()
}

// join puts the parts that are not empty on a line each.
func join(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p != "" && b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p)
	}
	return b.String()
}

// Snippet is a text file on a message whose rest can be fetched. See https://docs.slack.dev/reference/objects/file-object
type Snippet struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Size      int64  `json:"size"`                // bytes; 0 unknown
	URL       string `json:"url,omitempty"`       // wants the bot's token; empty: ask files.info (Slack Connect)
	Truncated bool   `json:"truncated,omitempty"` // the preview, which is in the message's text, is not all of it
}

// filesText is what can be read of the files without fetching them: a snippet's title and preview, an e-mail's subject and text, the
// description of a picture.
func filesText(files jsonText) string {
	var p page
	for f := range files.elements() {
		var one page
		if textual(f) && !f.field("is_external").truthy() {
			one.add(mrkdwn(f.field("title").str()))
			for _, k := range []string{"subject", "plain_text", "preview_plain_text", "preview"} {
				one.add(f.field(k).str())
			}
		}
		one.add(f.field("alt_txt").str())
		p.add(one.text)
	}
	return p.text
}

// snippets lists the files that hold more text than the message shows, or may. Files that are kept outside Slack are never listed: their
// address is somebody's choice.
func snippets(files jsonText) []Snippet {
	var list []Snippet
	for f := range files.elements() {
		check := f.field("mode").str() == "file_access" || f.field("file_access").str() == "check_file_info"
		if f.field("is_external").truthy() || !check && !textual(f) {
			continue
		}
		s := Snippet{ID: f.field("id").str(), Name: f.field("name").str(), Size: f.field("size").number()}
		if !check {
			s.URL = f.field("url_private_download").str()
			if s.URL == "" {
				s.URL = f.field("url_private").str()
			}
		}
		s.Truncated = check || f.field("preview_is_truncated").truthy() || f.field("lines_more").number() > 0 ||
			f.field("preview").str() == ""
		if s.ID != "" {
			list = append(list, s)
		}
	}
	return list
}

// textual reports whether a file is text that Slack previews.
func textual(f jsonText) bool {
	if f.field("mode").str() == "snippet" {
		return true
	}
	switch mime := f.field("mimetype").str(); mime {
	case "application/json", "application/xml", "application/x-yaml":
		return true
	default:
		return strings.HasPrefix(mime, "text/")
	}
}
