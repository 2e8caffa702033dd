package handlers

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

var update = flag.Bool("update", false, "rewrite the expected pages in testdata")

// at is the moment of every diagnosis in testdata.
var at = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// book is the built-in one, read once for all tests: nothing changes it.
var book = sync.OnceValues(func() (*runbooks.Book, error) { return runbooks.Load(nil) })

func builtIn(t testing.TB) *runbooks.Book {
	t.Helper()
	b, err := book()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// golden is one case: the header's "key: value" lines, the errors, the facts and the operator's runbooks, and the page
// that they give.
type golden struct {
	archive *txtar.Archive
	header  map[string]string
}

func readGolden(t *testing.T, file string) golden {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g := golden{a, map[string]string{}}
	for line := range strings.Lines(string(a.Comment)) {
		if key, value, ok := strings.Cut(line, ": "); ok {
			g.header[key] = strings.TrimSpace(value)
		}
	}
	return g
}

// decode reads a YAML section by the json names of its fields; a section that is not there changes nothing.
func (g golden) decode(t *testing.T, section string, into any) {
	t.Helper()
	for _, f := range g.archive.Files {
		if f.Name != section {
			continue
		}
		text, err := yaml.YAMLToJSON(f.Data)
		if err != nil {
			t.Fatalf("%s: %v", section, err)
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(into); err != nil {
			t.Fatalf("%s: %v", section, err)
		}
	}
}

// book is the built-in one, with the case's own runbooks (sections NNNNN.md) over it where it has any.
func (g golden) book(t *testing.T, plain *runbooks.Book) *runbooks.Book {
	t.Helper()
	overlay := fstest.MapFS{}
	for _, f := range g.archive.Files {
		if strings.HasSuffix(f.Name, ".md") {
			overlay[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	if len(overlay) == 0 {
		return plain
	}
	b, err := runbooks.Load(overlay)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (g golden) diagnosis(t *testing.T, plain *runbooks.Book) (runbooks.Diagnosis, View) {
	t.Helper()
	book := g.book(t, plain)
	var q Question
	for _, code := range strings.Fields(g.header["codes"]) {
		n, err := strconv.Atoi(code)
		if err != nil {
			t.Fatal(err)
		}
		q.Errors = append(q.Errors, aadsts.Error{Code: n, Explicit: true})
	}
	g.decode(t, "errors.yaml", &q.Errors)
	var r facts.Report
	g.decode(t, "facts.yaml", &r)
	v := View{Details: Details(g.header["details"]), Reading: g.header["reading"] != "", Protected: g.header["protected"] != ""}
	if w := g.header["waiting"]; w != "" {
		until, err := time.Parse(time.RFC3339, w)
		if err != nil {
			t.Fatal(err)
		}
		v.Waiting = until
	}
	if v.Details == Full {
		return book.Diagnose(q.Errors, r, at), v
	}
	desk := Desk{Book: book, Now: func() time.Time { return at }}
	return desk.Offline(q.Within(v.Details)), v
}

// TestPages prints the page of every case in testdata. With -update it rewrites what is expected.
func TestPages(t *testing.T) {
	book := builtIn(t)
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			g := readGolden(t, file)
			d, v := g.diagnosis(t, book)
			var page strings.Builder
			if err := Compose(d, v).Print(&page, 100, false); err != nil {
				t.Fatal(err)
			}
			want := &g.archive.Files[len(g.archive.Files)-1]
			if want.Name != "page" {
				t.Fatalf("the last section is %s, not page", want.Name)
			}
			if *update {
				want.Data = []byte(page.String())
				if err := os.WriteFile(file, txtar.Format(g.archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want.Data), page.String()); diff != "" {
				t.Error(diff)
			}
			for _, says := range ugly(page.String()) {
				t.Error(says)
			}
		})
	}
}

// ugly finds marks of sentences that were put together badly. Commands are left alone.
func ugly(page string) []string {
	var wrong []string
	page = code.ReplaceAllString(page, "`code`")
	for _, bad := range []string{"..", ".;", " . ", " .\n", " ,", ",,", "()", "( ", " )", " · \n", "· ·", "0001-01-01", "%!", "<nil>", "{", "  •  "} {
		if strings.Contains(page, bad) {
			wrong = append(wrong, fmt.Sprintf("the page holds %q", bad))
		}
	}
	for line := range strings.Lines(page) {
		if strings.TrimRight(line, " \n")+"\n" != line {
			wrong = append(wrong, fmt.Sprintf("a line ends in a space: %q", line))
		}
	}
	return wrong
}
