package aadsts

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what Find returns into testdata")

// testCase is a paste and what is found in it.
type testCase struct {
	file, name, in, want string
}

// cases reads testdata/*.txt. A case begins with "=== name"; the paste follows, then a line "---", then a line for each
// error as String writes it, without the code's name. The error that leads has an asterisk before it.
func cases(t testing.TB) []testCase {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	var out []testCase
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range strings.Split("\n"+string(data), "\n=== ")[1:] {
			name, rest, _ := strings.Cut(c, "\n")
			in, want, ok := strings.Cut(rest+"\n", "\n---\n")
			if !ok {
				t.Fatalf("%s: case %q has no ---", f, name)
			}
			in = strings.NewReplacer("␛", "\x1b", "␠", "\u200b", "␣", "\u00a0").Replace(in)
			out = append(out, testCase{f, name, in, strings.TrimSpace(want)})
		}
	}
	return out
}

func TestFind(t *testing.T) {
	names := map[string]bool{}
	written := map[string]*strings.Builder{}
	for _, c := range cases(t) {
		if names[c.name] {
			t.Errorf("two cases are named %q", c.name)
		}
		names[c.name] = true
		got := listing(Find(c.in))
		if *update {
			if written[c.file] == nil {
				written[c.file] = &strings.Builder{}
			}
			raw := strings.NewReplacer("\x1b", "␛", "\u200b", "␠", "\u00a0", "␣").Replace(c.in)
			written[c.file].WriteString(strings.TrimRight("=== "+c.name+"\n"+raw+"\n---\n"+got, "\n") + "\n\n")
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			if got != c.want {
				t.Errorf("%s\n--- got\n%s\n--- want\n%s", c.in, got, c.want)
			}
		})
	}
	for f, b := range written {
		if err := os.WriteFile(f, []byte(strings.TrimRight(b.String(), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func listing(errs []Error) string {
	var b strings.Builder
	for i, e := range errs {
		line := e.String()
		if c, _ := Lookup(e.Code); c.Name != "" {
			line = strings.Replace(line, " name="+c.Name, "", 1)
		}
		line = strings.Replace(line, " explicit=true", "", 1)
		line = strings.Replace(line, " explicit=false", " bare", 1)
		if i == Primary(errs) {
			line = "*" + line
		}
		b.WriteString(line + "\n")
	}
	return strings.TrimSpace(b.String())
}
