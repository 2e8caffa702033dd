package aadsts

import (
	"sort"
	"strings"
)

// Distances, in bytes of clean text, beyond which a value is no longer taken for an error's.
const (
	maxMessage = 2400 // from a code to the ids behind its message
	maxHeader  = 64   // from the error page's ids to the code below them
	maxRow     = 1600 // from the ids of a portal row to its code
	maxOrphan  = 800  // from ids that nothing else claims to the first code
	maxBlock   = 300  // between the ids of one error
)

// assign gives every field to the error that it belongs to.
func (p *page) assign() {
	p.join()
	blocks := p.blocks()
	var orphans []block
	for _, b := range blocks {
		if !p.own(b) {
			orphans = append(orphans, b)
		}
	}
	for _, b := range orphans {
		lo, hi := p.around(b.object)
		if n := p.after(b.end, lo, hi); n >= 0 && !p.hits[n].owned && p.hits[n].pos-b.end <= maxOrphan {
			p.give(n, b)
		}
	}
	p.messages()
	for _, f := range p.fields {
		switch f.kind {
		case fOAuth, fSuberror, fPolicy:
			p.giveOAuth(f)
		case fUser, fApp, fAppName, fTenant, fResource:
			p.giveRow(f)
		}
	}
	p.givePerson()
}

// join puts hits of one response into one group: "AADSTS70002: … AADSTS50012: …" and the codes of one object beside its error_codes.
func (p *page) join() {
	for i := 1; i < len(p.hits); i++ {
		a, b := &p.hits[i-1], &p.hits[i]
		if a.err.Explicit && b.err.Explicit && a.colon && b.colon && b.pos-a.end < 400 && !strings.Contains(p.s[a.end:b.pos], "\n") && !p.between(a.end, b.pos) {
			b.group = a.group
		}
	}
	for i := 1; i < len(p.hits); i++ {
		a, b := &p.hits[i-1], &p.hits[i]
		if !a.err.Explicit || b.err.Explicit || b.log {
			continue
		}
		if o := p.objectAt(b.pos); o >= 0 && p.objects[o].start < a.pos { // error_codes behind the description
			b.group = a.group
		}
	}
}

// between reports whether an id stands in [from, to).
func (p *page) between(from, to int) bool {
	i := sort.Search(len(p.fields), func(i int) bool { return p.fields[i].pos >= from })
	for ; i < len(p.fields) && p.fields[i].pos < to; i++ {
		if p.isID(i) {
			return true
		}
	}
	return false
}

// isID reports whether field i is one of the ids or the time of an error.
func (p *page) isID(i int) bool {
	kind := p.fields[i].kind
	return kind <= fTime && (kind != fUnknownID || p.guess(i) != fUnknownID)
}

// objectAt returns the innermost object that holds pos, -1 if there is none.
func (p *page) objectAt(pos int) int {
	i := sort.Search(len(p.objects), func(i int) bool { return p.objects[i].start > pos }) - 1
	for i >= 0 && p.objects[i].end <= pos {
		i = p.objects[i].parent
	}
	return i
}

// around returns the hits of the innermost object around a value that holds any; all hits where there is none.
func (p *page) around(object int) (lo, hi int) {
	for o := object; o >= 0; o = p.objects[o].parent {
		lo = p.firstHit(p.objects[o].start)
		hi = p.firstHit(p.objects[o].end)
		if hi > lo {
			return lo, hi
		}
	}
	return 0, len(p.hits)
}

// firstHit returns the index of the first hit at or after pos.
func (p *page) firstHit(pos int) int {
	return sort.Search(len(p.hits), func(i int) bool { return p.hits[i].pos >= pos })
}

// before and after return the nearest hit of [lo, hi) on that side of pos, -1 for none.
func (p *page) before(pos, lo, hi int) int {
	if i := min(p.firstHit(pos), hi) - 1; i >= lo {
		return i
	}
	return -1
}

func (p *page) after(pos, lo, hi int) int {
	if i := max(p.firstHit(pos), lo); i < hi {
		return i
	}
	return -1
}

// give writes a block into a hit and into the others of its group, where they have no ids.
func (p *page) give(n int, b block) {
	group := p.hits[n].group
	write := func(h *hit) {
		if h.owned && (h.err.TraceID != "" && b.trace != "" && h.err.TraceID != b.trace || h.err.CorrelationID != "" && b.corr != "" && h.err.CorrelationID != b.corr) {
			return
		}
		h.owned = true
		if h.err.TraceID == "" && (h.log || !b.rowTrace) {
			h.err.TraceID = b.trace
		}
		if h.err.CorrelationID == "" {
			h.err.CorrelationID = b.corr
		}
		if h.err.Timestamp.IsZero() && (h.log || !b.rowTime) {
			h.err.Timestamp = b.time
		}
	}
	p.group(n, group, write)
}

// group calls write for hit n and for its neighbours of the same group.
func (p *page) group(n, group int, write func(*hit)) {
	write(&p.hits[n])
	for i := n - 1; i >= 0 && n-i < 40 && p.hits[i].group == group; i-- {
		write(&p.hits[i])
	}
	for i := n + 1; i < len(p.hits) && i-n < 40 && p.hits[i].group == group; i++ {
		write(&p.hits[i])
	}
}

// giveOAuth gives the OAuth error, the suberror and the policies of a response to its codes.
func (p *page) giveOAuth(f field) {
	lo, hi := p.around(f.object)
	prev, next := p.before(f.pos, lo, hi), p.after(f.end, lo, hi)
	n := prev
	switch {
	case next < 0:
	case f.next, prev < 0:
		n = next
	case f.kind == fOAuth && p.hits[next].pos-f.end <= 160 && p.hits[next].pos-f.end < f.pos-p.hits[prev].end:
		n = next
	case f.kind == fOAuth && p.hits[prev].err.OAuthError != "" && p.hits[next].pos-f.end <= 600:
		n = next
	}
	if n < 0 || n == prev && f.pos-p.hits[n].end > maxMessage+1600 || n == next && n != prev && p.hits[n].pos-f.end > maxOrphan {
		return
	}
	p.group(n, p.hits[n].group, func(h *hit) {
		switch f.kind {
		case fOAuth:
			if h.err.OAuthError == "" {
				h.err.OAuthError = f.text
			}
		case fSuberror:
			if h.err.Suberror == "" {
				h.err.Suberror = f.text
			}
		case fPolicy:
			for _, id := range h.err.PolicyIDs {
				if id == f.text {
					return
				}
			}
			if len(h.err.PolicyIDs) < 64 {
				h.err.PolicyIDs = append(h.err.PolicyIDs, f.text)
			}
		}
	})
}

// giveRow gives a value of a sign-in-log row, or of a redirect's query, to its code.
func (p *page) giveRow(f field) {
	lo, hi := p.around(f.object)
	prev, next := p.before(f.pos, lo, hi), p.after(f.end, lo, hi)
	n := prev
	if !f.row { // tenant=… of a redirect
		if n < 0 || f.pos-p.hits[n].end > maxMessage || !strings.HasSuffix(p.s[:p.hits[n].pos], "error_description=") {
			return
		}
	} else {
		if n < 0 || !p.hits[n].log || next >= 0 && p.hits[next].log && p.hits[next].pos-f.end < f.pos-p.hits[n].end && p.sameLine(f.end, p.hits[next].pos) {
			n = next
		}
		if n < 0 || !p.hits[n].log || max(f.pos-p.hits[n].end, p.hits[n].pos-f.end) > maxMessage {
			return
		}
	}
	e := &p.hits[n].err
	switch f.kind {
	case fUser:
		fill(&e.User, f.text)
	case fApp:
		fill(&e.AppID, f.text)
	case fAppName:
		fill(&e.AppName, f.text)
	case fTenant:
		fill(&e.Tenant, f.text)
	case fResource:
		fill(&e.Resource, f.text)
	}
}

func (p *page) sameLine(from, to int) bool { return !strings.Contains(p.s[from:to], "\n") }

// messages reads the sentence behind each code.
func (p *page) messages() {
	for i := range p.hits {
		h := &p.hits[i]
		if !h.err.Explicit && !h.log {
			continue
		}
		end := min(len(p.s), h.end+maxMessage)
		if i+1 < len(p.hits) {
			end = min(end, p.hits[i+1].pos)
		}
		readMessage(p.sentence(h.end, end), &h.err)
		if h.err.Explicit {
			from := max(0, h.pos-240)
			if i > 0 {
				from = max(from, p.hits[i-1].end)
			}
			leadIn(p.s[from:h.pos], &h.err)
		}
	}
}

// leadIn reads the tenant that a client names before it quotes Entra: Unable to acquire token for tenant '…' with error '….
func leadIn(s string, e *Error) {
	s = s[strings.LastIndexByte(s, '\n')+1:]
	for _, before := range []string{"tenant '", "tenant \""} {
		at := strings.LastIndex(s, before)
		if at < 0 {
			continue
		}
		v, _, ok := strings.Cut(s[at+len(before):], before[len(before)-1:])
		if v = tidy(v); ok && (isGUID(v) || isDomain(v)) {
			fill(&e.Tenant, v)
		}
	}
}

// sentence returns the text of a message: up to its ids, the end of its JSON string, or an empty line, unless that comes
// right after the code.
func (p *page) sentence(from, to int) string {
	k := sort.Search(len(p.fields), func(i int) bool { return p.fields[i].pos >= from })
	for ; k < len(p.fields) && p.fields[k].pos < to; k++ {
		if p.isID(k) {
			to = p.fields[k].pos
			break
		}
	}
	s := p.s[from:to]
	for _, stop := range []string{"\",\"", "\",\n", "\"}", "\" }", "\"\n}", "\", \""} {
		if i := strings.Index(s, stop); i >= 0 {
			s = s[:i+1]
		}
	}
	for i := 0; ; {
		j := strings.Index(s[i:], "\n\n")
		if j < 0 {
			return s
		}
		if i += j; i >= 24 {
			return s[:i]
		}
		i += 2
	}
}
