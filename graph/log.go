package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/auditlogs"
)

// What the sign-in log promises.
// https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
const (
	logLag       = 15 * time.Minute    // how long an empty answer means "not yet"
	logRetention = 30 * 24 * time.Hour // with a premium licence
	logShort     = 7 * 24 * time.Hour  // without, and right after buying one
)

// How many rows are read. A row of beta can be 20 KB, and an answer no more than maxBody.
const (
	mostRows   = 250 // of one answer
	errorRows  = 20  // of one correlation id
	recentRows = 100 // of one person
)

// The kinds of sign-ins, as beta names them in signInEventTypes. v1.0 knows only the first. Graph does not filter for people
// and service principals together.
const (
	eventInteractive    = "interactiveUser"
	eventNonInteractive = "nonInteractiveUser"
	eventPrincipal      = "servicePrincipal"
	eventPeople         = eventInteractive + "," + eventNonInteractive
)

// The properties that the log is searched by.
const (
	byCorrelation = "correlationId"
	byUserID      = "userId"
	byName        = "userPrincipalName" // lower case; a guest's is the home address
	byCode        = "status/errorCode"
)

// term is one condition of a search: a property of a row and its value, in lower case.
type term struct{ property, value string }

func ofCode(code int) term { return term{byCode, fmt.Sprint(code)} }

// String is the term in a filter.
func (m term) String() string {
	if m.property == byCode {
		return m.property + " eq " + m.value
	}
	return m.property + " eq " + quote(m.value)
}

func (m term) fits(r row) bool {
	switch m.property {
	case byCorrelation:
		return strings.EqualFold(r.CorrelationID, m.value)
	case byUserID:
		return strings.EqualFold(r.UserID, m.value)
	case byName:
		return strings.EqualFold(r.UPN, m.value)
	}
	return fmt.Sprint(r.Status.Code) == m.value
}

// enough is how many rows are worth reading.
func (m term) enough() int {
	switch m.property {
	case byCorrelation:
		return errorRows
	case byCode:
		return mostRows
	}
	return recentRows
}

// rows are rows of the log that fit a term, newest first.
type rows struct {
	Rows   []row
	Capped bool      // there are more, before Since
	Since  time.Time // they are all there from here on; zero: as far as the log goes back
	Note   string    // what the rows leave out; "" nothing
}

// findings are what a search found, term by term.
type findings map[term]finding

type finding struct {
	rows rows
	err  error
}

// search is one look into the log for several terms.
type search struct {
	t     *Tenant
	since time.Time // of the rows; zero: any
	sent  int       // requests
}

// find reads the rows of each term, in one request where Graph lets it. "Or" between terms works, but nothing documents it:
// once Graph refuses it, the process goes on with smaller questions.
func (s *search) find(ctx context.Context, kinds string, terms []term) findings {
	if s.t.mixed.Load() && properties(terms) > 1 || s.t.alone.Load() && len(terms) > 1 {
		return s.apart(ctx, kinds, terms)
	}
	top := 0
	for _, m := range terms {
		top += m.enough()
	}
	s.sent++
	got, err := s.t.signIns(ctx, kinds, s.filter(terms), min(top, mostRows))
	switch {
	case badRequest(err) && len(terms) > 1:
		if properties(terms) > 1 {
			s.t.mixed.Store(true)
		} else {
			s.t.alone.Store(true)
		}
		s.t.log.Warn("graph refused several conditions in one search of the sign-in log; they are asked for apart from now on")
		return s.apart(ctx, kinds, terms)
	case betaOut(err) && kinds == eventPeople:
		return s.byKind(ctx, terms)
	case err != nil:
		found := findings{}
		for _, m := range terms {
			found[m] = finding{err: err}
		}
		return found
	}
	found := s.divide(got, terms)
	s.refine(ctx, kinds, terms, found)
	return found
}

// filter is what the terms are in OData.
func (s *search) filter(terms []term) string {
	parts := make([]string, len(terms))
	for i, m := range terms {
		parts[i] = m.String()
	}
	filter := strings.Join(parts, " or ")
	if s.since.IsZero() {
		return filter
	}
	if len(terms) > 1 {
		filter = "(" + filter + ")"
	}
	return filter + " and createdDateTime ge " + s.since.Format(time.RFC3339)
}

// divide gives each term its rows of one answer.
func (s *search) divide(got rows, terms []term) findings {
	since := s.since
	if got.Capped && len(got.Rows) > 0 {
		since = got.Rows[len(got.Rows)-1].Created
	}
	found := findings{}
	for _, m := range terms {
		of := rows{Capped: got.Capped, Since: since, Note: got.Note}
		for _, r := range got.Rows {
			if !m.fits(r) {
				continue
			}
			if len(of.Rows) == m.enough() {
				of.Capped, of.Since = true, of.Rows[len(of.Rows)-1].Created
				break
			}
			of.Rows = append(of.Rows, r)
		}
		found[m] = finding{rows: of}
	}
	return found
}

// refine asks again for terms whose rows others may have crowded out of the page. A code is content with what it got: it
// is counted, and that there are more is said.
func (s *search) refine(ctx context.Context, kinds string, terms []term, found findings) {
	codes := slices.ContainsFunc(terms, func(m term) bool { return m.property == byCode })
	var again []term
	for _, m := range terms {
		of := found[m].rows
		enough := 1
		if codes && m.property != byCorrelation {
			enough = recentRows
		}
		if m.property != byCode && of.Capped && len(of.Rows) < enough {
			again = append(again, m)
		}
	}
	switch {
	case len(again) == 0 || len(terms) == 1:
	case len(again) < len(terms):
		s.merge(found, s.find(ctx, kinds, again))
	default:
		for _, m := range again {
			s.merge(found, s.find(ctx, kinds, []term{m}))
		}
	}
}

// merge takes better findings over. One that failed leaves what was there.
func (s *search) merge(found, better findings) {
	for m, a := range better {
		if a.err == nil {
			found[m] = a
		}
	}
}

// apart asks for the properties one after the other, or for the terms: people first, whose rows may hold that of an error.
func (s *search) apart(ctx context.Context, kinds string, terms []term) findings {
	var groups [][]term
	for _, property := range []string{byUserID, byName, byCode, byCorrelation} {
		var group []term
		for _, m := range terms {
			if m.property == property {
				group = append(group, m)
			}
		}
		switch {
		case len(group) == 0:
		case s.t.alone.Load():
			for _, m := range group {
				groups = append(groups, []term{m})
			}
		default:
			groups = append(groups, group)
		}
	}
	found, codes := findings{}, 0
	var seen []row
	for _, group := range groups {
		if group[0].property == byCode && s.t.alone.Load() {
			if codes++; codes > codesAlone { // the code of the error comes first, and then only a few of its relatives
				found[group[0]] = finding{rows: rows{Capped: true, Since: s.t.clock.Now()}}
				continue
			}
		}
		if group[0].property == byCorrelation {
			group = slices.DeleteFunc(group, func(m term) bool {
				i := slices.IndexFunc(seen, m.fits)
				if i >= 0 {
					found[m] = finding{rows: rows{Rows: []row{seen[i]}, Capped: true, Since: seen[i].Created}}
				}
				return i >= 0
			})
		}
		if len(group) == 0 {
			continue
		}
		for m, a := range s.find(ctx, kinds, group) {
			found[m] = a
			seen = append(seen, a.rows.Rows...)
		}
	}
	return found
}

// codesAlone is how many codes are counted where each takes a request.
const codesAlone = 3

// interactiveOnly says what is missing where Graph refused beta.
const interactiveOnly = "interactive sign-ins only: Graph did not give the others"

// byKind asks v1.0 for interactive sign-ins and beta for the others: where beta is out, the first are still there.
func (s *search) byKind(ctx context.Context, terms []term) findings {
	found := s.find(ctx, eventInteractive, terms)
	if !slices.ContainsFunc(terms, func(m term) bool { return found[m].err == nil }) {
		return found
	}
	for m, other := range s.find(ctx, eventNonInteractive, terms) {
		a := found[m]
		if other.err != nil {
			a.rows.Note = interactiveOnly
		}
		a.rows.Rows = newest(slices.Concat(a.rows.Rows, other.rows.Rows))
		a.rows.Capped = a.rows.Capped || other.rows.Capped
		if other.rows.Since.After(a.rows.Since) {
			a.rows.Since = other.rows.Since
		}
		found[m] = a
	}
	return found
}

func properties(terms []term) int {
	var all []string
	for _, m := range terms {
		if !slices.Contains(all, m.property) {
			all = append(all, m.property)
		}
	}
	return len(all)
}

// signIns reads at most top rows that a filter fits: from v1.0 where only interactive ones are wanted, otherwise from beta.
//
// https://learn.microsoft.com/graph/api/signin-list
func (t *Tenant) signIns(ctx context.Context, kinds, filter string, top int) (rows, error) {
	adapter := t.v1
	if kinds != eventInteractive {
		adapter = t.beta
		var any []string
		for kind := range strings.SplitSeq(kinds, ",") {
			any = append(any, "t eq "+quote(kind))
		}
		if strings.Contains(filter, " or ") && !strings.HasPrefix(filter, "(") {
			filter = "(" + filter + ")"
		}
		filter += " and signInEventTypes/any(t: " + strings.Join(any, " or ") + ")"
	}
	n := int32(top)
	headers := abstractions.NewRequestHeaders()
	// Without it, results that the API learnt later come as unknownFutureValue: report-only ones are among them.
	headers.Add("Prefer", "include-unknown-enum-members")
	req, err := auditlogs.NewSignInsRequestBuilderInternal(map[string]string{}, adapter).ToGetRequestInformation(ctx,
		&auditlogs.SignInsRequestBuilderGetRequestConfiguration{
			Headers:         headers,
			QueryParameters: &auditlogs.SignInsRequestBuilderGetQueryParameters{Filter: &filter, Top: &n},
		})
	first, err := decode[page[row]](t.get(ctx, adapter, req, err))
	if err == nil && (first.Value == nil || slices.ContainsFunc(first.Value, func(r row) bool { return r.ID == "" })) {
		err = errOther
	}
	if err != nil {
		return rows{}, err
	}
	more := 0
	if len(first.Value) < top { // the log may give a short page, or an empty one, with more behind it
		more = shortPages
	}
	all, capped, err := rest(ctx, t, adapter, first, headers, more)
	sees := t.seesPolicies(ctx)
	for i := range all {
		all[i].seesPolicies = sees
	}
	return rows{Rows: newest(all), Capped: capped || err != nil}, nil // what came before an error is still true
}

// shortPages is how many pages are read on where one came short.
const shortPages = 2

// seesPolicies reports whether the token is known to let Signpost read the policies that were applied to a sign-in.
// https://learn.microsoft.com/graph/api/resources/appliedconditionalaccesspolicy
func (t *Tenant) seesPolicies(ctx context.Context) bool {
	token, err := t.cred.GetToken(ctx, t.tokenRequest()) // the one that the request was made with, from azidentity's cache
	if err != nil {
		return false
	}
	held, _ := decodeClaims(token.Token)
	return slices.Contains(held.Roles, "Policy.Read.All") || slices.Contains(held.Roles, "Policy.Read.ConditionalAccess")
}
