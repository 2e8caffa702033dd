package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"signpost/runbooks/aadsts"
)

type parseCmd struct {
	Text  []string `arg:"" optional:"" help:"The text; standard input where there is none."`
	JSONL bool     `help:"Read one {\"id\",\"text\"} a line and write one {\"id\",\"errors\",\"primary\"} a line, in order." name:"jsonl"`
}

// maxLine bounds one line of --jsonl, so that memory stays constant whatever comes in.
const maxLine = 32 << 20

// Run prints one error a line: AADSTS50076 key=value …
func (p parseCmd) Run(c console) error {
	in := c.in
	if len(p.Text) > 0 {
		in = strings.NewReader(strings.Join(p.Text, " "))
	} else if _, tty := isTerminal(c.in); tty {
		return misused("give a text, or pipe one in: pbpaste | signpost parse")
	}
	out := bufio.NewWriter(c.out)
	defer out.Flush()
	if p.JSONL {
		return parseLines(bufio.NewReaderSize(in, 1<<16), out, c.err)
	}
	return aadsts.Stream(in, func(e aadsts.Error) error {
		_, err := fmt.Fprintln(out, e)
		return err
	})
}

// parsed is a line of output.
type parsed struct {
	ID      json.RawMessage `json:"id"`
	Errors  []aadsts.Error  `json:"errors"`
	Primary *int            `json:"primary"`
}

// parseLines answers each line in order. A line that is no JSON is answered with no errors, and said on standard error;
// the rest is still done, and the command fails at the end.
func parseLines(in *bufio.Reader, out io.Writer, complain io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	bad := 0
	for n := 1; ; n++ {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, errTooLong) {
			return err
		}
		if err == nil && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var q struct {
			ID   json.RawMessage `json:"id"`
			Text string          `json:"text"`
		}
		if err == nil && json.Unmarshal(line, &q) != nil {
			err = errors.New(`no JSON object with "id" and a text "text"`)
		}
		if err != nil {
			bad++
			fmt.Fprintf(complain, "signpost: line %d: %v\n", n, err)
		}
		p := parsed{ID: q.ID, Errors: aadsts.Find(q.Text)}
		if p.ID == nil {
			p.ID = json.RawMessage("null")
		}
		if p.Errors == nil {
			p.Errors = []aadsts.Error{}
		}
		if i := aadsts.Primary(p.Errors); i >= 0 {
			p.Primary = &p.Errors[i].Code
		}
		if err := enc.Encode(p); err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of the lines could not be read", bad)
	}
	return nil
}

var errTooLong = fmt.Errorf("the line is longer than %d bytes", maxLine)

// readLine reads a line of at most maxLine bytes; of a longer one it drops the rest and returns an error. The error is
// io.EOF only where nothing is left.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			tooLong = true
		}
		if !tooLong {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) == 0 && !tooLong:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("read the input: %w", err)
		case tooLong:
			return nil, errTooLong
		}
		return line, nil
	}
}
