package bot

import (
	"iter"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// jsonText is the text of one JSON value. Slack's blocks are open-ended, so a message is walked instead of decoded into structs: a
// block type that was invented yesterday is still read, and a field of a wrong type costs that field and not the whole event. gjson walks
// without decoding what nobody asks for, which keeps messages that are none of our business, nearly every one, cheap (BenchmarkOrdinaryMessage).
//
// The text must have passed json.Valid: gjson does not check it.
type jsonText string

func (v jsonText) parse() gjson.Result { return gjson.Parse(string(v)) }

// kind is the first byte of the value: one of { [ " t f n, a minus or a digit; 0 where there is no value.
func (v jsonText) kind() byte {
	if v == "" {
		return 0
	}
	return v[0]
}

// truthy reports whether the value is the literal true.
func (v jsonText) truthy() bool { return v == "true" }

// str is the string the value holds, with its escapes undone; empty for every other kind of value. NUL, which no database
// takes, is replaced.
func (v jsonText) str() string {
	if v.kind() != '"' {
		return ""
	}
	return strings.ReplaceAll(v.parse().Str, "\x00", "\uFFFD")
}

// number is the value as a whole number of at least 0; 0 for every other kind of value.
func (v jsonText) number() int64 {
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// field is the value under the key; empty where the value is no object or has no such key. As in encoding/json the last one of
// several wins.
func (v jsonText) field(key string) jsonText {
	var found jsonText
	for k, val := range v.fields() {
		if k == key {
			found = val
		}
	}
	return found
}

// fields goes through an object's keys and values in their order.
func (v jsonText) fields() iter.Seq2[string, jsonText] {
	return func(yield func(string, jsonText) bool) {
		if v.kind() == '{' {
			v.parse().ForEach(func(k, val gjson.Result) bool { return yield(k.Str, jsonText(val.Raw)) })
		}
	}
}

// elements goes through an array's values in their order.
func (v jsonText) elements() iter.Seq[jsonText] {
	return func(yield func(jsonText) bool) {
		if v.kind() == '[' {
			v.parse().ForEach(func(_, val gjson.Result) bool { return yield(jsonText(val.Raw)) })
		}
	}
}
