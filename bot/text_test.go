package bot

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// readCase returns the message of a testdata file and the text that must be read out of it.
func readCase(t testing.TB, file string) (message json.RawMessage, want string) {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		switch f.Name {
		case "message.json":
			message = f.Data
		case "want":
			want = strings.TrimSuffix(string(f.Data), "\n")
		}
	}
	if message == nil {
		t.Fatalf("%s has no message.json", file)
	}
	return message, want
}

func cases(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/text/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata/text: %v", err)
	}
	return files
}

func TestMessageText(t *testing.T) {
	for _, file := range cases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			message, want := readCase(t, file)
			if diff := cmp.Diff(want, MessageText(message)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMessageTextIsBounded(t *testing.T) {
	long := strings.Repeat("é", MaxText) // two bytes each
	section := `{"type":"section","text":{"type":"mrkdwn","text":"` + long + `"}}`
	attachment := `{"text":"` + long + `"}`
	for name, message := range map[string]string{
		"text":        `{"text":"` + long + `"}`,
		"blocks":      `{"text":"x","blocks":[` + section + `,` + section + `]}`,
		"attachments": `{"text":"x","attachments":[` + attachment + `]}`,
	} {
		got := MessageText(json.RawMessage(message))
		if len(got) > MaxText || len(got) < MaxText-1 || !utf8.ValidString(got) {
			t.Errorf("%s: %d bytes, valid UTF-8 %v; want %d or one less, cut between characters", name, len(got), utf8.ValidString(got), MaxText)
		}
	}
}

func TestMessageTextOfBrokenUTF8IsValid(t *testing.T) {
	got := MessageText(json.RawMessage("{\"text\":\"AADSTS50076 \xff\",\"attachments\":[{\"text\":\"\xc3\"}]}"))
	if !utf8.ValidString(got) || !strings.Contains(got, "AADSTS50076") {
		t.Errorf("got %q", got)
	}
}

func TestMessageTextOfWhatIsNotJSONIsEmpty(t *testing.T) {
	for _, in := range []string{"", "{", `{"text":"a"`, `"text"`, "[]", "null", "5"} {
		if got := MessageText(json.RawMessage(in)); got != "" {
			t.Errorf("%q: got %q", in, got)
		}
	}
}

// nested builds JSON that is n deep.
func nested(open, inner, shut string, n int) json.RawMessage {
	return json.RawMessage(strings.Repeat(open, n) + inner + strings.Repeat(shut, n))
}

// TestDeepMessagesAreReadInBoundedWork reads messages that nest thousands deep. Without a bound on depth they would take minutes.
func TestDeepMessagesAreReadInBoundedWork(t *testing.T) {
	const n = 9000 // json.Valid stops at 10,000
	for name, m := range map[string]json.RawMessage{
		"blocks":      append(append(json.RawMessage(`{"text":"t","blocks":[`), nested(`{"type":"x","e":[`, "1", `]}`, n/2)...), `]}`...),
		"rich_text":   append(append(json.RawMessage(`{"text":"t","blocks":[{"type":"rich_text","elements":[`), nested(`{"type":"rich_text_list","elements":[`, "1", `]}`, n/2-5)...), `]}]}`...),
		"attachments": append(append(json.RawMessage(`{"text":"t"`), nested(`,"attachments":[{"text":"t"`, "", `}]`, n/2-5)...), `}`...),
		"forwarded":   append(append(json.RawMessage(`{"text":"t"`), nested(`,"attachments":[{"is_share":true,"message_blocks":[{"message":{"text":"t"`, "", `}}]}]`, n/5)...), `}`...),
	} {
		if !json.Valid(m) {
			t.Fatalf("%s: the test's own JSON is broken", name)
		}
		if got := MessageText(m); !strings.HasPrefix(got, "t") {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// FuzzText holds the extractor to what must be true of any input: it ends, the result is bounded and valid, nothing depends on
// the white space of the JSON, and the text field's words are never lost.
func FuzzText(f *testing.F) {
	for _, file := range cases(f) {
		message, _ := readCase(f, file)
		f.Add([]byte(message))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		got := MessageText(message)
		if len(got) > MaxText || !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
			t.Fatalf("%d bytes, valid UTF-8 %v", len(got), utf8.ValidString(got))
		}
		var compact bytes.Buffer
		if json.Compact(&compact, message) != nil {
			if got != "" {
				t.Fatalf("text out of what is not JSON: %q", got)
			}
			return
		}
		if again := MessageText(compact.Bytes()); again != got {
			t.Fatalf("compacted JSON reads differently:\n%q\n%q", got, again)
		}
		var m map[string]any
		if json.Unmarshal(message, &m) != nil || len(got) == MaxText {
			return
		}
		text, _ := m["text"].(string)
		if strings.ContainsAny(text, "<&\x00\uFFFD") {
			return
		}
		if want := plain(text); !strings.Contains(plain(got), want) {
			t.Fatalf("the text %q is not in %q", want, got)
		}
	})
}
