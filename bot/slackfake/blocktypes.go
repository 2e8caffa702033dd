package slackfake

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// One check for each type of block. https://docs.slack.dev/reference/block-kit/blocks

func (k *checker) sectionBlock(b Block, at string) {
	k.only(b, at, "type", "block_id", "text", "fields", "accessory", "expand")
	if b["text"] == nil && b["fields"] == nil {
		k.add(at, "missing required field: text")
	}
	if b["text"] != nil {
		k.textObject(b["text"], at+"/text", MaxSectionText, false)
	}
	if b["fields"] != nil {
		for i, f := range k.items(b, "fields", at, 1, MaxFields, true) {
			if f != nil {
				k.textObject(f, at+"/fields/"+strconv.Itoa(i), MaxFieldText, false)
			}
		}
	}
	if a := object(b["accessory"]); a != nil {
		k.element(a, at+"/accessory", map[string]bool{}, accessories)
	}
}

func (k *checker) headerBlock(b Block, at string) {
	k.only(b, at, "type", "block_id", "text", "level")
	k.plain(b, "text", at, MaxHeaderText, true)
}

func (k *checker) contextBlock(b Block, at string) {
	k.only(b, at, "type", "block_id", "elements")
	for i, e := range k.items(b, "elements", at, 1, MaxContext, true) {
		here := at + "/elements/" + strconv.Itoa(i)
		switch {
		case e == nil:
		case e["type"] == "image":
			k.imageElement(e, here)
		default:
			k.textObject(e, here, MaxSectionText, false)
		}
	}
}

func (k *checker) actionsBlock(b Block, at string) {
	k.only(b, at, "type", "block_id", "elements")
	seen := map[string]bool{}
	for i, e := range k.items(b, "elements", at, 1, MaxActions, true) {
		if e != nil {
			k.element(e, at+"/elements/"+strconv.Itoa(i), seen, interactive)
		}
	}
}

func (k *checker) contextActionsBlock(b Block, at string) {
	k.only(b, at, "type", "block_id", "elements")
	if k.view {
		k.add(at+"/type", "unsupported type: context_actions")
	}
	seen := map[string]bool{}
	for i, e := range k.items(b, "elements", at, 1, MaxContextActs, true) {
		if e != nil {
			k.element(e, at+"/elements/"+strconv.Itoa(i), seen, "feedback_buttons icon_button")
		}
	}
}

func (k *checker) imageBlock(b Block, at string) {
	k.only(b, at, "type", "block_id", "image_url", "slack_file", "alt_text", "title")
	k.imageElement(b, at)
	k.plain(b, "title", at, MaxImageTitle, false)
}

func (k *checker) imageElement(b Block, at string) {
	if b["image_url"] == nil && b["slack_file"] == nil {
		k.add(at, "missing required field: image_url")
	}
	k.max(b, "image_url", at, MaxURL)
	if _, has := b["alt_text"].(string); !has {
		k.add(at, "missing required field: alt_text")
	}
	k.max(b, "alt_text", at, MaxAltText)
}

func (k *checker) inputBlock(b Block, at string) {
	k.only(b, at, "type", "block_id", "label", "element", "dispatch_action", "hint", "optional")
	k.plain(b, "label", at, MaxInputLabel, true)
	k.plain(b, "hint", at, MaxInputLabel, false)
	e := object(b["element"])
	if e == nil {
		k.add(at, "missing required field: element")
		return
	}
	k.element(e, at+"/element", map[string]bool{}, inputs)
}

func (k *checker) markdownBlock(b Block, at string) {
	k.only(b, at, "type", "block_id", "text")
	if k.view {
		k.add(at+"/type", "unsupported type: markdown")
		return
	}
	s, isString := b["text"].(string)
	if !isString {
		k.add(at, "missing required field: text")
		return
	}
	n := utf8.RuneCountInString(s)
	k.markdown += n
	k.text += n
	k.length(s, at+"/text", 1, MaxMarkdown)
	if n <= MaxMarkdown && k.markdown > MaxMarkdown {
		k.add(at+"/text", "must be less than %d characters", MaxMarkdown+1)
	}
}

func (k *checker) richTextBlock(b Block, at string) {
	k.only(b, at, "type", "block_id", "elements")
	for i, e := range k.items(b, "elements", at, 0, 1<<30, true) {
		kind := str(e["type"])
		if !strings.HasPrefix(kind, "rich_text_") {
			k.add(at+"/elements/"+strconv.Itoa(i)+"/type", "unsupported type: %s", kind)
			continue
		}
		k.countRich(e)
	}
}

func (k *checker) countRich(e Block) {
	k.text += utf8.RuneCountInString(str(e["text"]))
	for _, inner := range objects(e["elements"]) {
		k.countRich(inner)
	}
}

func (k *checker) tableBlock(b Block, at string) {
	kind := str(b["type"])
	if k.counts[kind] > 1 {
		k.add(at, "only one %s is allowed", kind)
	}
	rows := list(b["rows"])
	if b["rows"] == nil {
		k.add(at, "missing required field: rows")
	}
	most, chars := MaxTableRows, MaxTableText
	if kind == "data_table" {
		most, chars = 2*MaxTableRows, 2*MaxTableText
	}
	if len(rows) > most {
		k.add(at+"/rows", "no more than %d items allowed", most)
	}
	for i, r := range rows {
		cells := list(r)
		if len(cells) > MaxTableCols {
			k.add(at+"/rows/"+strconv.Itoa(i), "no more than %d items allowed", MaxTableCols)
		}
		for _, c := range cells {
			var sb strings.Builder
			writeTexts(&sb, c)
			k.table += utf8.RuneCountInString(strings.TrimSuffix(sb.String(), "\n"))
		}
	}
	if k.table > chars {
		k.add(at+"/rows", "must be less than %d characters", chars+1)
	}
}

func (k *checker) cardBlock(b Block, at string) {
	for name, most := range map[string]int{"title": MaxCardTitle, "body": MaxCardBody} {
		if b[name] != nil {
			k.textObject(b[name], at+"/"+name, most, false)
		}
	}
	seen := map[string]bool{}
	for i, e := range k.items(b, "actions", at, 0, MaxCardActions, false) {
		if e != nil {
			k.element(e, at+"/actions/"+strconv.Itoa(i), seen, interactive)
		}
	}
}

func (k *checker) containerBlock(b Block, at string) {
	for _, name := range []string{"child_blocks", "blocks"} {
		if b[name] != nil {
			for i, c := range k.items(b, name, at, 0, MaxContainer, false) {
				if c != nil {
					k.block(c, at+"/"+name+"/"+strconv.Itoa(i))
				}
			}
		}
	}
}

func (k *checker) alertBlock(b Block, at string) {
	if !k.view {
		k.add(at+"/type", "unsupported type: alert")
	}
	if b["text"] != nil {
		k.textObject(b["text"], at+"/text", MaxAlertText, false)
	}
}

func (k *checker) chartBlock(at string) {
	if k.counts["data_visualization"] > MaxCharts {
		k.add(at, "too many data_visualization blocks")
	}
}
