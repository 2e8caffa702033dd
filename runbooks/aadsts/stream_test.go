package aadsts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func stream(t *testing.T, r io.Reader) []string {
	t.Helper()
	var got []string
	if err := Stream(r, func(e Error) error {
		got = append(got, e.String())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func event(n int) string {
	return fmt.Sprintf("AADSTS50126: Error validating credentials.\nTrace ID: 0aa2f1b5-2f0a-4a6f-9d1c-%012x\nCorrelation ID: 5b0f1a52-7e51-4f0c-9a41-%012x\nTimestamp: 2026-03-04 10:22:11Z\n", n, n)
}

// A short text gives what Find gives, but for codes that stand there with several trace ids.
func TestStreamLikeFind(t *testing.T) {
	for _, c := range cases(t) {
		var want []string
		for _, e := range Find(c.in) {
			want = append(want, e.String())
		}
		got := stream(t, iotest.OneByteReader(strings.NewReader(c.in)))
		if len(got) > len(want) { // one more event of a code that Find has already
			got = got[:len(want)]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// Wherever the border of a window falls, an error is reported once and whole.
func TestStreamBorders(t *testing.T) {
	line := strings.Repeat("nothing to see here, move along please. ", 3) + "\n"
	for shift := 0; shift < 240; shift += 7 {
		text := strings.Repeat(line, streamCore/len(line)-2) + strings.Repeat("x", shift) + "\n" + event(7) + strings.Repeat(line, streamCore/len(line)*2)
		got := stream(t, strings.NewReader(text))
		want := []string{Find(event(7))[0].String()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("shift %d: %s", shift, diff)
		}
	}
}

// A long log gives every event, in order, each once.
func TestStreamLong(t *testing.T) {
	var b strings.Builder
	const events = 2000
	for n := range events {
		b.WriteString(event(n + 1))
		b.WriteString(strings.Repeat("2026-03-04T10:22:11Z INFO all is well\n", n%7))
	}
	got := stream(t, strings.NewReader(b.String()))
	if len(got) != events {
		t.Fatalf("%d events of %d", len(got), events)
	}
	for n, s := range got {
		if want := Find(event(n + 1))[0].String(); s != want {
			t.Fatalf("event %d\n got %s\nwant %s", n, s, want)
		}
	}
}

// The rows of a long export count although its heading is windows away.
func TestStreamExport(t *testing.T) {
	var b strings.Builder
	b.WriteString("Date (UTC),Request ID,Correlation ID,Username,Status,Sign-in error code,Failure reason\n")
	const rows = 3000
	for n := range rows {
		fmt.Fprintf(&b, "2026-03-04T10:22:11Z,0aa2f1b5-2f0a-4a6f-9d1c-%012x,5b0f1a52-7e51-4f0c-9a41-%012x,ann@contoso.com,Failure,700099,Other\n", n+1, n+1)
	}
	b.WriteString("\nThe end of the export, 123456 rows\n" + strings.Repeat("and so on\n", 10_000))
	got := stream(t, strings.NewReader(b.String()))
	if len(got) != rows || !strings.Contains(got[rows-1], "user=ann@contoso.com") {
		t.Errorf("%d rows of %d, the last %q", len(got), rows, got[len(got)-1:])
	}
}

// A text without any line break is cut at blanks, one without blanks anywhere.
func TestStreamOneLine(t *testing.T) {
	text := strings.Repeat("a b ", 50_000) + "AADSTS50076: use multi-factor authentication. Trace ID: 0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100" + strings.Repeat(" c d", 50_000)
	if got := stream(t, strings.NewReader(text)); len(got) != 1 || !strings.Contains(got[0], "0aa2f1b5") {
		t.Errorf("got %q", got)
	}
	text = strings.Repeat("a", 200_000) + ",AADSTS50076," + strings.Repeat("b", 200_000)
	if got := stream(t, strings.NewReader(text)); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

// The memory in use does not grow with the text.
func TestStreamMemory(t *testing.T) {
	part := []byte(strings.Repeat(prose[:4000]+"\n", 16) + event(1))
	r, w := io.Pipe()
	go func() {
		for range 60 { // 4 MB
			if _, err := w.Write(part); err != nil {
				return
			}
		}
		w.Close()
	}()
	var most uint64
	if err := Stream(r, func(Error) error {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if most > 8<<20 {
		t.Errorf("%d bytes in use", most)
	}
}

func TestStreamErrors(t *testing.T) {
	broken := errors.New("broken pipe")
	if err := Stream(io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken)), nil); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "reading text: ") {
		t.Errorf("got %v", err)
	}
	stop := errors.New("enough")
	if err := Stream(bytes.NewReader([]byte("AADSTS50076: x")), func(Error) error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
	if got := stream(t, strings.NewReader("")); got != nil {
		t.Errorf("got %q", got)
	}
}
