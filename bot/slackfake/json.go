package slackfake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// mustJSON encodes what the fake itself built out of strings, numbers, lists and maps, so that it cannot fail.
func mustJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("slackfake: unreachable: encoding own data: %v", err))
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func orEmpty(b []Block) []Block {
	if b == nil {
		return []Block{}
	}
	return b
}

func object(v any) Block { o, _ := v.(Block); return o }
func list(v any) []any   { l, _ := v.([]any); return l }
func str(v any) string   { s, _ := v.(string); return s }
func text(v any) string  { return str(object(v)["text"]) }
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}
func deepCopy(b Block) Block { var c Block; _ = json.Unmarshal(mustJSON(b), &c); return c }
func objects(v any) []Block {
	var out []Block
	for _, e := range list(v) {
		out = append(out, object(e))
	}
	return out
}
func anys(blocks []Block) []any {
	out := make([]any, len(blocks))
	for i, b := range blocks {
		out[i] = b
	}
	return out
}

// textKeys are the properties that a reader sees, in the order in which they are shown.
var textKeys = []string{"pretext", "author_name", "title", "text", "markdown_text", "fallback", "alt_text", "label", "fields", "elements", "rows", "accessory", "blocks", "footer", "value"}

// writeTexts writes the visible texts of a block or element, a line each: text objects, rich text, table cells, legacy attachments.
func writeTexts(b *strings.Builder, v any) {
	switch v := v.(type) {
	case string:
		b.WriteString(v)
		b.WriteByte('\n')
	case []any:
		for _, e := range v {
			writeTexts(b, e)
		}
	case Block:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		rank := func(k string) int {
			if i := slices.Index(textKeys, k); i >= 0 {
				return i
			}
			return len(textKeys)
		}
		sort.Slice(keys, func(i, j int) bool {
			if ri, rj := rank(keys[i]), rank(keys[j]); ri != rj {
				return ri < rj
			}
			return keys[i] < keys[j]
		})
		for _, k := range keys {
			if _, plain := v[k].(string); plain && rank(k) == len(textKeys) && k != "description" && k != "placeholder" {
				continue // ids, types, styles, urls
			}
			if _, plain := v[k].(string); plain && k == "value" && v["type"] != nil {
				continue // a button's value is not shown
			}
			switch v[k].(type) {
			case string, []any, Block:
				writeTexts(b, v[k])
			}
		}
	}
}

// leaves appends every string inside v, decoding strings that are themselves JSON: what a search for a leaked word has to look at.
func leaves(out []string, v any) []string {
	switch v := v.(type) {
	case string:
		if inner, ok := decodeJSON(v); ok {
			return leaves(out, inner)
		}
		return append(out, v)
	case []any:
		for _, e := range v {
			out = leaves(out, e)
		}
	case Block:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			out = leaves(append(out, k), v[k])
		}
	case nil:
	default:
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// decodeJSON decodes a JSON object or list kept in a string.
func decodeJSON(s string) (any, bool) {
	t := strings.TrimSpace(s)
	if t == "" || (t[0] != '{' && t[0] != '[') {
		return nil, false
	}
	var v any
	if json.Unmarshal([]byte(t), &v) != nil {
		return nil, false
	}
	return v, true
}

// elementsOf lists the interactive elements of a block.
func elementsOf(block Block) []Block {
	out := objects(block["elements"])
	for _, k := range []string{"accessory", "element"} {
		if e := object(block[k]); e != nil {
			out = append(out, e)
		}
	}
	for _, k := range []string{"child_blocks", "blocks", "actions", "cards"} {
		for _, b := range objects(block[k]) {
			out = append(out, b)
			out = append(out, elementsOf(b)...)
		}
	}
	return out
}

func actionIDs(sets ...[]Block) []string {
	var out []string
	for _, blocks := range sets {
		for _, block := range blocks {
			for _, e := range elementsOf(block) {
				if id := str(e["action_id"]); id != "" {
					out = append(out, id)
				}
			}
		}
	}
	return out
}
