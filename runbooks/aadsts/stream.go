package aadsts

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// A window of Stream, in bytes: the part whose codes are reported, and what is read before and behind it so that the ids
// of an error at its border are seen.
const (
	streamCore  = 64 << 10
	streamBack  = 4 << 10
	streamAhead = 12 << 10
)

// Stream calls yield for every error in r, in order, in memory that does not depend on the length of the text. An error
// of yield ends it and is returned as it is; reading errors are wrapped.
//
// The text is read in windows of 64 KiB, cut at the end of a line where there is one. Each window sees 4 KiB of the text before
// it and 12 KiB behind it, so an error at a border is neither cut nor reported twice. Unlike Find, Stream reports a code
// again for every other trace id; the same code with the same trace id, or with none, is reported once in a window and
// the one after it. The heading of a table stays known while its rows go on. An error whose ids stand further away than the overlap is reported without them.
func Stream(r io.Reader, yield func(Error) error) error {
	buf := make([]byte, 0, streamBack+streamCore+streamAhead)
	core := 0 // where the part begins that is not reported yet
	var before seenKeys
	heading := "" // of a table that goes on
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return fmt.Errorf("reading text: %w", err)
		}
		end := len(buf)
		if !last {
			end = cutAt(buf, core, max(core+1, len(buf)-streamAhead))
		}
		now := seenKeys{}
		if w := string(buf); heading != "" || near(w, core, end) {
			var errs []Error
			errs, heading = window(heading, w, core, end)
			for _, e := range errs {
				k := seenKey{e.Code, e.TraceID}
				if !before[k] {
					if err := yield(e); err != nil {
						return err
					}
				}
				now[k] = true
			}
		}
		if last {
			return nil
		}
		before = now
		from := max(0, end-streamBack)
		if i := strings.IndexByte(string(buf[from:end]), '\n'); i >= 0 {
			from += i + 1
		}
		core = end - from
		buf = buf[:copy(buf, buf[from:])]
	}
}

type seenKey struct {
	code  int
	trace string
}

type seenKeys map[seenKey]bool

// cutAt returns the best place in (from, to] to end a window: an empty line, the end of a line, a blank.
func cutAt(buf []byte, from, to int) int {
	s := string(buf[from:to])
	half := len(s) / 2
	if i := strings.LastIndex(s, "\n\n"); i > half {
		return from + i + 2
	}
	if i := strings.LastIndexByte(s, '\n'); i > half {
		return from + i + 1
	}
	if i := strings.LastIndexAny(s, " \t,;&"); i > half {
		return from + i + 1
	}
	return to
}

// near reports whether an error may begin in [core, end).
func near(w string, core, end int) bool {
	i, ok := nextAnchor(w[:min(len(w), end+reach)], max(0, core-reach-48))
	return ok && i < end
}

// window returns the errors whose codes stand in w[core:end], each code and trace id once. heading is that of a table which
// began in an earlier window; the one that is in force at the end comes back.
func window(heading, w string, core, end int) (errs []Error, last string) {
	head, body, tail := normalize(w[:core]), normalize(w[core:end]), normalize(w[end:])
	clean := head + seam(w, core)
	if heading != "" {
		clean = heading + "\n" + clean
	}
	start := len(clean)
	clean += body
	stop := len(clean)
	clean += seam(w, end) + tail
	found, last := read(clean)
	at := map[int]int{} // the latest of a code
	for _, l := range found {
		if l.pos < start || l.pos >= stop {
			continue
		}
		i, ok := at[l.err.Code]
		if ok && !differ(errs[i].TraceID, l.err.TraceID) && !differ(errs[i].CorrelationID, l.err.CorrelationID) {
			merge(&errs[i], l.err)
			continue
		}
		at[l.err.Code] = len(errs)
		errs = append(errs, l.err)
	}
	return errs, last
}

// seam is the blank that normalize took off where the text was cut.
func seam(w string, at int) string {
	switch {
	case at == 0 || at == len(w):
		return ""
	case strings.HasSuffix(w[:at], "\n\n"):
		return "\n\n"
	case w[at-1] == '\n':
		return "\n"
	case isBlank(w[at-1]):
		return " "
	}
	return ""
}
