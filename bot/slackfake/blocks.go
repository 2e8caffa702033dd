package slackfake

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// checker collects what is wrong with blocks, in Slack's words, with JSON pointers.
type checker struct {
	problems []string
	view     bool
	blockIDs map[string]bool
	text     int // characters of all text
	markdown int
	table    int
	counts   map[string]int
}

func newChecker(view bool) *checker {
	return &checker{view: view, blockIDs: map[string]bool{}, counts: map[string]int{}}
}

func (k *checker) add(at, format string, args ...any) {
	k.problems = append(k.problems, fmt.Sprintf(format, args...)+" [json-pointer:"+at+"]")
}

// checkMessageBlocks checks the blocks of a message and gives them their block_ids.
func (s *Server) checkMessageBlocks(v any) ([]Block, reply) {
	if _, isList := v.([]any); !isList {
		return nil, fail("invalid_blocks_format")
	}
	k := newChecker(false)
	blocks := k.blocks(list(v), "/blocks", MaxMessageBlocks)
	switch {
	case len(k.problems) > 0:
		return nil, failWith("invalid_blocks", k.problems...)
	case k.text > MaxBlocksText:
		return nil, fail("msg_blocks_too_long")
	}
	return s.withIDs(blocks), nil
}

func (s *Server) withIDs(blocks []Block) []Block {
	out := make([]Block, len(blocks))
	for i, b := range blocks {
		out[i] = deepCopy(b)
		if str(b["block_id"]) == "" || b["type"] == "markdown" { // markdown blocks do not keep theirs
			out[i]["block_id"] = s.blockID()
		}
		s.actionIDsIn(out[i])
	}
	return out
}

// actionIDsIn gives an action_id to the elements that were sent without one.
func (s *Server) actionIDsIn(block Block) {
	for _, e := range elementsOf(block) {
		switch str(e["type"]) {
		case "", "image", "mrkdwn", "plain_text", "rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted":
		default:
			if str(e["action_id"]) == "" && str(block["type"]) != "rich_text" {
				e["action_id"] = fmt.Sprintf("a%05d", s.count("action"))
			}
		}
	}
}

func (s *Server) checkAttachments(in []any) ([]Block, reply) {
	if len(in) > MaxAttachments {
		return nil, fail("too_many_attachments")
	}
	out := []Block{}
	for i, v := range in {
		a := object(v)
		if a == nil {
			return nil, fail("invalid_attachments")
		}
		a = deepCopy(a)
		a["id"] = i + 1
		if blocks := list(a["blocks"]); len(blocks) > 0 {
			k := newChecker(false)
			checked := k.blocks(blocks, fmt.Sprintf("/attachments/%d/blocks", i), MaxMessageBlocks)
			if len(k.problems) > 0 {
				return nil, failWith("invalid_attachments", k.problems...)
			}
			a["blocks"] = anys(s.withIDs(checked))
		}
		out = append(out, a)
	}
	return out, nil
}

// checkView checks a view and gives its blocks their ids, in place. https://docs.slack.dev/reference/views
func (s *Server) checkView(v Block, kind string) reply {
	k := newChecker(true)
	if got := str(v["type"]); got != kind {
		k.add("/view/type", "invalid value")
	}
	allowed := []string{"type", "blocks", "private_metadata", "callback_id", "external_id"}
	if kind == "modal" {
		allowed = append(allowed, "title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled")
		k.plain(v, "title", "/view", MaxViewTitle, true)
		k.plain(v, "submit", "/view", MaxViewTitle, false)
		k.plain(v, "close", "/view", MaxViewTitle, false)
	}
	k.only(v, "/view", allowed...)
	k.max(v, "private_metadata", "/view", MaxViewMetadata)
	k.max(v, "callback_id", "/view", MaxID)
	k.max(v, "external_id", "/view", MaxID)
	if v["blocks"] == nil {
		k.add("/view", "missing required field: blocks")
	}
	blocks := k.blocks(list(v["blocks"]), "/view/blocks", MaxViewBlocks)
	for _, b := range blocks {
		if b["type"] == "input" && kind == "modal" && v["submit"] == nil {
			k.add("/view", "must define `submit` to use an `input` block in modals")
			break
		}
	}
	if len(k.problems) > 0 {
		return failWith("invalid_arguments", k.problems...)
	}
	if len(mustJSON(v)) > MaxViewSize {
		return fail("view_too_large")
	}
	v["blocks"] = anys(s.withIDs(blocks))
	return nil
}

func (k *checker) blocks(in []any, at string, most int) []Block {
	if len(in) > most {
		k.add(at, "no more than %d items allowed", most)
	}
	var out []Block
	for i, v := range in {
		b := object(v)
		here := at + "/" + strconv.Itoa(i)
		if b == nil {
			k.add(here, "must provide an object")
			continue
		}
		k.block(b, here)
		out = append(out, b)
	}
	return out
}

func (k *checker) block(b Block, at string) {
	k.max(b, "block_id", at, MaxID)
	if id := str(b["block_id"]); id != "" {
		if k.blockIDs[id] {
			k.add(at+"/block_id", "`block_id` %q already exists", id)
		}
		k.blockIDs[id] = true
	}
	kind := str(b["type"])
	k.counts[kind]++
	switch kind { // https://docs.slack.dev/reference/block-kit/blocks
	case "section":
		k.sectionBlock(b, at)
	case "header":
		k.headerBlock(b, at)
	case "divider":
		k.only(b, at, "type", "block_id")
	case "context":
		k.contextBlock(b, at)
	case "actions":
		k.actionsBlock(b, at)
	case "context_actions":
		k.contextActionsBlock(b, at)
	case "image":
		k.imageBlock(b, at)
	case "input":
		k.inputBlock(b, at)
	case "markdown":
		k.markdownBlock(b, at)
	case "rich_text":
		k.richTextBlock(b, at)
	case "table", "data_table":
		k.tableBlock(b, at)
	case "card":
		k.cardBlock(b, at)
	case "carousel":
		k.items(b, "elements", at, 1, MaxCarousel, true)
	case "container":
		k.containerBlock(b, at)
	case "alert":
		k.alertBlock(b, at)
	case "plan":
		k.items(b, "tasks", at, 0, MaxPlanTasks, false)
	case "data_visualization":
		k.chartBlock(at)
	case "task_card", "video", "file", "call": // taken as they are
	case "":
		k.add(at, "missing required field: type")
	default:
		k.add(at+"/type", "unsupported type: %s", kind)
	}
}

// only complains about properties that the schema does not have.
func (k *checker) only(b Block, at string, allowed ...string) {
next:
	for name := range b {
		for _, a := range allowed {
			if a == name {
				continue next
			}
		}
		k.add(at, "invalid additional property: %s", name)
	}
}

// length complains about a string outside of least to most characters.
func (k *checker) length(v, at string, least, most int) {
	n := utf8.RuneCountInString(v)
	if n < least {
		k.add(at, "must be more than %d characters", least-1)
	}
	if n > most {
		k.add(at, "must be less than %d characters", most+1)
	}
}

// max bounds an optional string.
func (k *checker) max(b Block, name, at string, most int) {
	if v, has := b[name]; has && v != nil {
		s, isString := v.(string)
		if !isString {
			k.add(at+"/"+name, "must be a string")
			return
		}
		k.length(s, at+"/"+name, 0, most)
	}
}

// textObject checks a text object. plain: only plain_text will do.
// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
func (k *checker) textObject(v any, at string, most int, plain bool) {
	o := object(v)
	if o == nil {
		k.add(at, "must provide an object")
		return
	}
	before := len(k.problems)
	switch str(o["type"]) {
	case "plain_text":
		k.only(o, at, "type", "text", "emoji")
	case "mrkdwn":
		if plain {
			k.add(at+"/type", "must be `plain_text`")
		}
		k.only(o, at, "type", "text", "verbatim")
	default:
		k.add(at+"/type", "unsupported type: %s", str(o["type"]))
	}
	s, isString := o["text"].(string)
	if !isString {
		k.add(at, "missing required field: text")
		return
	}
	k.length(s, at+"/text", 1, most)
	k.text += utf8.RuneCountInString(s)
	if len(k.problems) > before && !plain {
		// Where several schemas are possible Slack says that first.
		own := append([]string{}, k.problems[before:]...)
		k.problems = append(k.problems[:before], "failed to match all allowed schemas [json-pointer:"+at+"]")
		k.problems = append(k.problems, own...)
	}
}

// plain checks a plain_text property.
func (k *checker) plain(b Block, name, at string, most int, required bool) {
	if b[name] == nil {
		if required {
			k.add(at, "missing required field: %s", name)
		}
		return
	}
	k.textObject(b[name], at+"/"+name, most, true)
}

// items bounds a list and gives its objects.
func (k *checker) items(b Block, name, at string, least, most int, required bool) []Block {
	l, isList := b[name].([]any)
	here := at + "/" + name
	if !isList {
		if required || b[name] != nil {
			k.add(at, "missing required field: %s", name)
		}
		return nil
	}
	if len(l) < least {
		k.add(here, "no less than %d items allowed", least)
	}
	if len(l) > most {
		k.add(here, "no more than %d items allowed", most)
	}
	out := make([]Block, len(l))
	for i, v := range l {
		if out[i] = object(v); out[i] == nil {
			k.add(here+"/"+strconv.Itoa(i), "must provide an object")
		}
	}
	return out
}
