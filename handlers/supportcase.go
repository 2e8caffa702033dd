package handlers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"signpost/graph/facts"
	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// SupportCase is what Microsoft's support asks for. https://learn.microsoft.com/entra/fundamentals/how-to-get-support
type SupportCase struct {
	Errors []aadsts.Error // as the reader may know them
	Opened time.Time      // when the error was posted
	// Diagnosis gives the steps of the runbook and, for Directory, what was read of the tenant.
	Diagnosis runbooks.Diagnosis
	// Directory adds what only the tenant knows: its id and the rows of the sign-in log. It is for agents.
	Directory bool
}

// howToFind says where what is missing is to be had.
var howToFind = []struct{ what, where string }{
	{"correlation id, request id and time",
		"open the details on the error page (“More details” or “Troubleshooting details”) and copy them, " +
			"or take them from the row of the sign-in in the Entra sign-in log"},
	{"tenant id", "Entra admin center, Overview"},
	{"app", "the row of the sign-in in the Entra sign-in log, or Enterprise applications"},
}

// Message is the case in a block that can be copied whole, and below it what is missing and where it is found.
func (s SupportCase) Message() Message {
	const head, fence = "For Microsoft's support. Copy this into the support request:\n", "```"
	body, missing := s.text()
	var tail strings.Builder
	for i, have := range missing {
		if have {
			fmt.Fprintf(&tail, "\nMissing: %s. Where to find it: %s.", howToFind[i].what, howToFind[i].where)
		}
	}
	const cutSays = "\n(the rest did not fit here)"
	body = Escape(strings.ReplaceAll(body, "`", "'"))
	if room := maxText - utf8.RuneCountInString(head+fence+fence+cutSays+tail.String()); utf8.RuneCountInString(body) > room {
		body = strings.TrimRight(shortMarked(body, room), "\n") + cutSays
	}
	m := Message{Text: head + fence + "\n" + strings.TrimRight(body, "\n") + "\n" + fence + Escape(tail.String()), Holds: Content{Level: Agents}}
	if s.Directory {
		m.Holds = ContentOf(s.Diagnosis, Full)
	}
	return m
}

// text is the case as plain text, and which of [howToFind] is missing from it.
func (s SupportCase) text() (text string, missing []bool) {
	var b strings.Builder
	line := func(label, value string) {
		fmt.Fprintf(&b, "%-16s %s\n", label+":", cmp.Or(strings.TrimSpace(Clean(value)), "(missing)"))
	}
	missing = make([]bool, len(howToFind))
	r := s.Diagnosis.Report
	tenantID, row := s.tenant(), s.row()
	for i, e := range s.Errors {
		if i > 0 {
			b.WriteByte('\n')
		}
		app, resource := strings.TrimSpace(e.AppName+" "+e.AppID), e.Resource
		correlation, request, at, tenant := e.CorrelationID, e.TraceID, utc(e.Timestamp), e.Tenant
		if row != nil && row.Code == e.Code { // what the message left out stands in the log
			app = cmp.Or(app, strings.TrimSpace(row.AppName+" "+row.AppID))
			resource = cmp.Or(resource, strings.TrimSpace(row.Resource+" "+row.ResourceID))
			correlation, request, at = cmp.Or(correlation, row.CorrelationID), cmp.Or(request, row.ID), cmp.Or(at, utc(row.Time))
		}
		tenant = cmp.Or(tenantID, tenant)
		line("Error", fmt.Sprintf("AADSTS%d %s", e.Code, nameOf(e.Code)))
		line("Time (UTC)", at)
		line("Correlation id", correlation)
		line("Request id", request)
		line("Tenant", tenant)
		line("App", app)
		if resource != "" {
			line("Resource", resource)
		}
		line("Person", e.User)
		if e.OAuthError != "" {
			line("OAuth error", e.OAuthError+" "+e.Suberror)
		}
		missing[0] = missing[0] || correlation == "" || request == "" || at == ""
		missing[1] = missing[1] || tenant == ""
		missing[2] = missing[2] || app == ""
	}
	if s.Directory {
		s.directory(line, &b)
	}
	if steps := s.steps(); len(steps) > 0 {
		b.WriteString("\nSteps that the runbook gives (say which were tried):\n")
		for i, step := range steps {
			fmt.Fprintf(&b, "%d. %s\n", i+1, Clean(step))
		}
	}
	fmt.Fprintf(&b, "\nReported in Slack: %s\n", utc(s.Opened))
	if s.Directory && !r.SignIn.OK() {
		fmt.Fprintf(&b, "The sign-in log gave no row for this error: %s.\n", Clean(cmp.Or(r.SignIn.Reason, strings.ReplaceAll(string(r.SignIn.State), "_", " "))))
	}
	return b.String(), missing
}

// maxRows is how many further rows of the log are named.
const maxRows = 5

// directory writes what the tenant knows of the sign-in.
func (s SupportCase) directory(line func(label, value string), b *strings.Builder) {
	r := s.Diagnosis.Report
	b.WriteString("\nFrom the directory:\n")
	line("Account", r.Subject.User)
	if u := r.User.Value; r.User.OK() && u.ID != "" {
		line("Object id", u.ID)
	}
	row := s.row()
	if row != nil {
		line("Sign-in row", row.ID)
		line("Row time (UTC)", utc(row.Time))
		line("Row result", strings.TrimSpace(fmt.Sprintf("%d %s", row.Code, row.FailureReason)))
		line("Row correlation", row.CorrelationID)
		line("Client", row.ClientApp)
	}
	if !r.Recent.OK() || s.Diagnosis.Primary == nil {
		return
	}
	shown := 0
	for _, x := range r.Recent.Value.Rows {
		if x.ID != "" && x.Code == s.Diagnosis.Primary.Code && (row == nil || x.ID != row.ID) && shown < maxRows {
			line("Same error", x.ID+" at "+utc(x.Time))
			shown++
		}
	}
}

// tenant is the id of the tenant, where it was read and may be told.
func (s SupportCase) tenant() string {
	if !s.Directory {
		return ""
	}
	if o := s.Diagnosis.Report.Organization; o.OK() && o.Value.ID != "" {
		return o.Value.ID
	}
	if row := s.row(); row != nil {
		return row.ResourceTenant
	}
	return ""
}

// row is the row of the error in the sign-in log, nil where it was not read or may not be told.
func (s SupportCase) row() *facts.SignIn {
	if r := s.Diagnosis.Report.SignIn; s.Directory && r.OK() {
		return r.Value
	}
	return nil
}

// steps are the first actions of the leading cause, or of the first possible one, as the reader may know them.
func (s SupportCase) steps() []string {
	d := s.Diagnosis
	if !s.Directory {
		d = public(d, Agents)
	}
	f := d.Lead()
	if f == nil {
		i := slices.IndexFunc(d.Causes, func(f runbooks.Finding) bool { return f.Verdict == runbooks.Possible && len(f.Fix) > 0 })
		if i < 0 {
			return nil
		}
		f = &d.Causes[i]
	}
	var steps []string
	for _, x := range f.Fix[:min(len(f.Fix), maxActions)] {
		steps = append(steps, action(x))
	}
	return steps
}
