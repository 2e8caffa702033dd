package aadsts

import (
	"strings"
	"time"
)

// row is a line of a sign-in log that was copied as a table: an export, a query result, the portal's list.
type row struct {
	start, end int
	hit        hit
}

// columns names what the columns of sign-in logs hold, by their compact heading.
var columns = map[string]fieldKind{
	"correlationid": fCorrelation, "requestid": fRequest, "id": fRequest, "originalrequestid": fUnknownID,
	"username": fUser, "userprincipalname": fUser, "upn": fUser, "signinidentifier": fUser, "user": fUser,
	"application": fAppName, "appdisplayname": fAppName, "applicationid": fApp, "appid": fApp,
	"resourceid": fResource, "resourcetenantid": fTenant, "tenantid": fUnknownID, "aadtenantid": fTenant,
	"dateutc": fTime, "timegeneratedutc": fTime, "timegenerated": fTime, "createddatetime": fTime, "date": fTime, "createddatetimeutc": fTime,
}

// grid finds tables whose heading has a column of error codes, and reads their rows. It returns the heading of a table that
// reaches to the end.
func (p *page) grid() string {
	s := p.s
	var head *heading
	for start := 0; start < len(s); {
		end := start + strings.IndexByte(s[start:], '\n')
		if end < start {
			end = len(s)
		}
		line := s[start:end]
		if end-start <= 8192 {
			if head != nil {
				if h, ok := head.read(line, start); ok {
					p.rows = append(p.rows, row{start: start, end: end, hit: h})
				} else if end < len(s) && (line == "" || strings.Count(line, string(head.sep)) < head.code) { // the last line may be cut
					head = nil
				}
			}
			if head == nil {
				head = newHeading(line)
			}
		}
		start = end + 1
	}
	if head == nil {
		return ""
	}
	return head.line
}

type heading struct {
	line   string
	sep    byte
	code   int      // column of the error code
	weak   bool     // it is called only an error code
	fields []column // the other columns of interest, in order
}

type column struct {
	i    int
	kind fieldKind
	utc  bool // the heading says that times are UTC
}

func newHeading(line string) *heading {
	if !strings.Contains(line, "od") && !strings.Contains(line, "OD") && !strings.Contains(line, "ype") && strings.IndexFunc(line, func(r rune) bool { return r >= 0x80 }) < 0 {
		return nil // no word for a code: the quick way out for nearly every line
	}
	sep := byte(0)
	for _, c := range []byte("\t|,;") {
		if strings.Count(line, string(c)) > strings.Count(line, string(sep)) && strings.IndexByte(line, c) >= 0 || sep == 0 && strings.IndexByte(line, c) >= 0 {
			sep = c
		}
	}
	if sep == 0 || strings.Count(line, string(sep)) < 1 {
		return nil
	}
	low := strings.ToLower(line)
	if lastWord(low, errorCodeWords) < 0 {
		return nil
	}
	h := heading{line: line, sep: sep, code: -1}
	for i, cell := range cells(line, sep) {
		cell = strings.ToLower(cell)
		at := lastWord(cell, errorCodeWords)
		switch {
		case len(cell) > 48 || strings.ContainsAny(cell, ":=") || strings.ContainsAny(cell, "0123456789"):
			return nil
		case at >= 0 && h.code < 0:
			h.code = i
			h.weak = !strings.HasPrefix(compact(cell), "result") && !holds(cell, loginWords) && !strings.HasPrefix(cell, "status")
		default:
			if k, ok := columns[compact(cell)]; ok {
				h.fields = append(h.fields, column{i, k, strings.Contains(cell, "utc")})
			}
		}
	}
	if h.code < 0 || len(h.fields) == 0 && h.weak {
		return nil
	}
	return &h
}

// read reads one row.
func (h *heading) read(line string, start int) (hit, bool) {
	all := cells(line, h.sep)
	if len(all) <= h.code {
		return hit{}, false
	}
	code := atoi(strings.Trim(all[h.code], "'\" "))
	if code < 10000 || code > 9999999 || h.weak && !listed(code) {
		return hit{}, false
	}
	out := hit{pos: start, end: start + len(line), log: true, owned: true, group: -start - 1, err: Error{Code: code}}
	e := &out.err
	for _, c := range h.fields {
		if c.i >= len(all) {
			continue
		}
		v := tidy(strings.Trim(all[c.i], "'\" "))
		switch c.kind {
		case fTime:
			if e.Timestamp.IsZero() {
				e.Timestamp = cellTime(v, c.utc)
			}
		case fAppName:
			fill(&e.AppName, v)
		case fResource:
			fill(&e.Resource, v)
		case fTenant:
			fill(&e.Tenant, v)
		case fUser:
			if isUser(v) {
				fill(&e.User, v)
			}
		case fRequest, fCorrelation, fApp:
			if isGUID(v) {
				fill(map[fieldKind]*string{fRequest: &e.TraceID, fCorrelation: &e.CorrelationID, fApp: &e.AppID}[c.kind], v)
			}
		}
	}
	return out, true
}

// cellTime reads a time of a table. The portal writes local time, so without a zone it is certain only where the heading says UTC.
func cellTime(v string, utc bool) time.Time {
	if t, end, ok := readTime(v, 0); ok && end == len(v) && !t.IsZero() {
		return t
	}
	if !utc {
		return time.Time{}
	}
	for _, layout := range []string{"1/2/2006, 3:04:05.999 PM", "1/2/2006, 3:04:05 PM", "1/2/2006 3:04:05 PM", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// cells splits a line. In comma-separated text a quoted cell may hold the separator.
func cells(line string, sep byte) []string {
	var out []string
	from, inQuote := 0, false
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '"' && (sep == ',' || sep == ';'):
			inQuote = !inQuote
		case line[i] == sep && !inQuote:
			out = append(out, strings.TrimSpace(line[from:i]))
			from = i + 1
		}
	}
	return append(out, strings.TrimSpace(line[from:]))
}
