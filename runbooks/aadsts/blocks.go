package aadsts

import (
	"strings"
	"time"
)

// block is a run of ids that belong together: Trace ID, Correlation ID, Timestamp.
type block struct {
	pos, end int
	object   int
	request  bool // it names a Request Id, as the error page and portal rows do
	traced   bool // it names a Trace ID, as messages do
	row      bool // all of it is of a sign-in-log row
	rowTrace bool // and these two are
	rowTime  bool
	trace    string
	corr     string
	time     time.Time
}

// blocks gathers the ids of the text.
func (p *page) blocks() []block {
	var out []block
	for i, f := range p.fields {
		if f.kind > fTime {
			continue
		}
		kind := f.kind
		if kind == fUnknownID {
			if kind = p.guess(i); kind == fUnknownID {
				continue
			}
		}
		var b *block
		if n := len(out) - 1; n >= 0 && p.extends(out[n], kind, f) {
			b = &out[n]
		} else {
			out = append(out, block{pos: f.pos, object: f.object, row: f.row})
			b = &out[len(out)-1]
		}
		b.end = f.end
		b.row = b.row && f.row
		switch kind {
		case fTrace, fRequest:
			b.trace, b.rowTrace = f.text, f.row
			b.request = b.request || kind == fRequest
			b.traced = b.traced || kind == fTrace
		case fCorrelation:
			b.corr = f.text
		case fTime:
			b.time, b.rowTime = f.time, f.row
		}
	}
	return out
}

// extends reports whether the field goes on with the block: near, of the same JSON object, and with no code between.
func (p *page) extends(b block, kind fieldKind, f field) bool {
	reach := maxBlock
	if f.object >= 0 && f.object == b.object && (f.row || b.row) {
		reach = maxRow
	}
	return f.pos-b.end <= reach && b.takes(kind, f) && p.firstHit(b.end) == p.firstHit(f.pos) &&
		(f.object == b.object || p.sameHits(f.object, b.object))
}

func (p *page) sameHits(a, b int) bool {
	lo, hi := p.around(a)
	lo2, hi2 := p.around(b)
	return lo == lo2 && hi == hi2
}

// takes reports whether the block has room for the field, or holds the same value already.
func (b block) takes(kind fieldKind, f field) bool {
	switch kind {
	case fTrace, fRequest:
		return b.trace == "" || b.trace == f.text
	case fCorrelation:
		return b.corr == "" || b.corr == f.text
	}
	return b.time.IsZero() || b.time.Equal(f.time)
}

// guess tells what a GUID behind an unknown label is by its place: Entra writes trace id, correlation id and time in this
// order, in every language.
func (p *page) guess(i int) fieldKind {
	near := func(j int, kind fieldKind) bool {
		return j >= 0 && j < len(p.fields) && p.fields[j].kind == kind && p.fields[max(i, j)].pos-p.fields[min(i, j)].end < 64
	}
	switch {
	case near(i+1, fCorrelation) && (near(i+2, fTime) || near(i-1, fTime)):
		return fTrace
	case near(i+1, fTime) && (near(i-1, fTrace) || near(i-1, fRequest) || near(i-1, fUnknownID)):
		return fCorrelation
	case near(i+1, fUnknownID) && i+2 < len(p.fields) && p.fields[i+2].kind == fTime && p.fields[i+2].pos-p.fields[i+1].end < 64:
		return fTrace
	}
	return fUnknownID
}

// own finds the hit that a block belongs to and gives it. Ids of a message stand behind it, those of the error page
// before it.
func (p *page) own(b block) bool {
	lo, hi := p.around(b.object)
	prev, next := p.before(b.pos, lo, hi), p.after(b.end, lo, hi)
	if b.row {
		if prev >= 0 && !p.hits[prev].log {
			prev = -1
		}
		if next >= 0 && !p.hits[next].log {
			next = -1
		}
	}
	if next >= 0 && p.heads(b, next) {
		p.give(next, b)
		return true
	}
	if prev >= 0 && b.pos-p.hits[prev].end <= maxMessage {
		p.give(prev, b)
		return true
	}
	return false
}

// heads reports whether the block stands above the hit as its header.
func (p *page) heads(b block, next int) bool {
	h := p.hits[next]
	gap := h.pos - b.end
	if b.row {
		return gap <= maxRow
	}
	if b.traced {
		return false
	}
	if b.request && h.log && gap <= maxRow {
		return true
	}
	if gap > maxHeader {
		return false
	}
	between := p.s[b.end:h.pos]
	if b.request {
		return true
	}
	// "Message:" in any language: one word and a colon, and nothing else.
	between = strings.TrimSpace(between)
	word := strings.TrimRight(between, ": \t")
	return word != between && len(word) >= 2 && len(word) <= 40 && !strings.ContainsAny(word, ".;(){}[]=\"")
}
