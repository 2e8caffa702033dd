package bot

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree reads a whole value through the walker, the way encoding/json reads into an any; numbers keep their text.
func tree(v jsonText) any {
	switch v.kind() {
	case '{':
		m := map[string]any{}
		for k, val := range v.fields() {
			m[k] = tree(val)
		}
		return m
	case '[':
		a := []any{}
		for val := range v.elements() {
			a = append(a, tree(val))
		}
		return a
	case '"':
		return v.str()
	case 't', 'f':
		return v.truthy()
	case 'n':
		return nil
	}
	return json.Number(v)
}

// FuzzJSON holds the walker to encoding/json on every valid text, and to its bounds on every other.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `""`, `null`, `-1.5e3`, ` { "a" : [ 1 , "x\"\\" , { "b" : true } ] , "a" : "again" } `,
		`{"text":"\u0041ADSTS\ud83d\ude00 \ud83d lone \/ \b\f\n\r\t"}`, `["\\\\","\\\""]`, `[[[[{"a":[]}]]]]`,
		`{"a":`, `{"a"`, `["`, `"\`, `"\u12`, `{"a":1,}`, `}`, `[,]`, `{"\u0061":1}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := tree(jsonText(strings.TrimSpace(s)))
		if !json.Valid([]byte(s)) {
			return
		}
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("decode %q: %v", s, err)
		}
		// encoding/json replaces broken UTF-8 while decoding, the walker leaves that to its callers; NUL is replaced on purpose.
		if clean := strings.ToValidUTF8(s, "x"); clean != s || strings.Contains(s, `\u0000`) {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-encoding/json +walker):\n%s", s, diff)
		}
	})
}

func TestNumberRefusesWhatIsNoWholeNumber(t *testing.T) {
	for in, want := range map[jsonText]int64{"0": 0, "4096": 4096, "-1": 0, "1.5": 0, "99999999999999999999999": 0, `"12"`: 0, "": 0} {
		if got := in.number(); got != want {
			t.Errorf("jsonText(%q).number() = %d, want %d", in, got, want)
		}
	}
}
