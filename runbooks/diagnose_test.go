package runbooks

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/runbooks/aadsts"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// bookWith is a book whose runbook 90002 has the causes given as YAML.
func bookWith(t *testing.T, causes string) *Book {
	t.Helper()
	text := "---\ncode: 90002\nfacts: [user, mfa, methods, domain, federation, signin, recent]\ncauses:\n" + causes + "\n---\n"
	b, err := Load(fstest.MapFS{"90002.md": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func cause(id, when string) string {
	return "  - {id: " + id + ", when: '" + when + "', says: 'It is " + id + " of {user.upn}.', fix: [{do: x, by: user, role: none}], check: y}\n"
}

// verdict diagnoses 90002 and returns what became of one cause.
func verdict(t *testing.T, b *Book, r facts.Report, id string) Finding {
	t.Helper()
	d := b.Diagnose([]aadsts.Error{{Code: 90002}}, r, noon)
	for _, f := range d.Causes {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no cause %s", id)
	return Finding{}
}

func TestVerdicts(t *testing.T) {
	yes, no := true, false
	ended := noon.Add(-time.Hour)
	user := facts.See(noon, facts.User{UPN: "mia@contoso.com", Enabled: &no})
	for name, row := range map[string]struct {
		when   string
		report facts.Report
		want   Verdict
		says   string // of the first evidence, or the reason of the first unknown
	}{
		"seen and true":                            {"mfa.registered == false", facts.Report{MFA: facts.See(noon, facts.MFA{})}, Confirmed, "MFA registered: no"},
		"seen and false":                           {"mfa.registered == false", facts.Report{MFA: facts.See(noon, facts.MFA{Registered: true})}, RuledOut, "MFA registered: yes"},
		"not permitted":                            {"mfa.registered == false", facts.Report{MFA: facts.Unread[facts.MFA](facts.NotPermitted, "needs AuditLog.Read.All")}, NotChecked, "needs AuditLog.Read.All"},
		"absent proves nothing about fields":       {"mfa.registered == false", facts.Report{MFA: facts.None[facts.MFA](noon, "no row")}, NotChecked, "no row"},
		"absent is known to be absent":             {"mfa.found == false", facts.Report{MFA: facts.None[facts.MFA](noon, "no row")}, Confirmed, "MFA registration found: no"},
		"guarded by found, absent rules out":       {"federation.found && federation.protocol == \"wsFed\"", facts.Report{Federation: facts.None[facts.Federation](noon, "managed")}, RuledOut, "Federation found: no"},
		"one false operand decides":                {"user.enabled == true && mfa.registered == false", facts.Report{User: user}, RuledOut, "Account enabled: no"},
		"one true operand does not":                {"user.enabled == false && mfa.registered == false", facts.Report{User: user}, NotChecked, ""},
		"a nil field of a seen fact":               {"user.enabled", facts.Report{User: facts.See(noon, facts.User{})}, NotChecked, "Graph did not tell: account enabled"},
		"no sign-ins are no later success":         {"recent.healed", facts.Report{Recent: facts.None[facts.Recent](noon, "")}, RuledOut, "Later success with the same app: no"},
		"no trust has no certificates":             {"federation.certificates.size() > 0", facts.Report{Federation: facts.None[facts.Federation](noon, "")}, RuledOut, "Signing certificates: none"},
		"a nil list was not told":                  {"signin.blocking.size() == 0", facts.Report{SignIn: facts.See(noon, facts.SignIn{})}, NotChecked, "Graph did not tell: policies that failed"},
		"an empty list is an answer":               {"signin.blocking.size() == 0", facts.Report{SignIn: facts.See(noon, facts.SignIn{Blocking: []string{}})}, Confirmed, "Policies that failed: none"},
		"the operand that decides is the evidence": {"user.enabled == false && signin.code == 53003 && signin.risk_level in [\"high\"]", facts.Report{User: user, SignIn: facts.See(noon, facts.SignIn{Code: 53003, RiskLevel: "none"})}, RuledOut, "Risk at sign-in: none"},
		"a pointer field":                          {"user.enabled", facts.Report{User: facts.See(noon, facts.User{Enabled: &yes})}, Confirmed, "Account enabled: yes"},
		"deleted is known of an absent user":       {"user.found == false && user.deleted", facts.Report{User: facts.Fact[facts.User]{State: facts.Absent, Value: &facts.User{Deleted: true}}}, Confirmed, "Account found: no"},
		"an absent user is not deleted":            {"user.found == false && !user.deleted", facts.Report{User: facts.None[facts.User](noon, "")}, Confirmed, "Account found: no"},
		"an unread user may be deleted":            {"!user.deleted", facts.Report{User: facts.Unread[facts.User](facts.Failed, "down")}, NotChecked, "down"},
		"times":                                    {"federation.certificate_ends < now", facts.Report{Federation: facts.See(noon, facts.Federation{CertificateEnds: &ended})}, Confirmed, "Last signing certificate ends: 2026-11-24 11:00 UTC"},
		"lists of objects":                         {"federation.certificates.exists(c, c.slot == \"next\")", facts.Report{Federation: facts.See(noon, facts.Federation{Certificates: []facts.Certificate{{Slot: "next"}}})}, Confirmed, ""},
		"lists of strings":                         {"\"fido2\" in methods.kinds", facts.Report{Methods: facts.See(noon, facts.Methods{Kinds: []string{"password"}})}, RuledOut, "Kinds of methods held: password"},
		"the error's time that nobody told":        {"error.time < now", facts.Report{}, NotChecked, "not in the message: time of the error"},
		"an evaluation error proves nothing":       {"methods.kinds[3] == \"fido2\"", facts.Report{Methods: facts.See(noon, facts.Methods{})}, NotChecked, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := verdict(t, bookWith(t, cause("a", row.when)), row.report, "a")
			if f.Verdict != row.want {
				t.Fatalf("verdict is %s, want %s (%+v)", f.Verdict, row.want, f)
			}
			var got string
			if len(f.Evidence) > 0 {
				got = f.Evidence[0].Says
			} else if len(f.Unknown) > 0 {
				got = f.Unknown[0].Reason
			}
			if row.says != "" && got != row.says {
				t.Errorf("says %q, want %q", got, row.says)
			}
		})
	}
}

func TestOrderOfCauses(t *testing.T) {
	b := bookWith(t, cause("unreadable", "mfa.registered")+cause("wrong", "user.enabled")+"  - {id: open, says: Perhaps., fix: [{do: x, by: user, role: none}], check: y}\n"+cause("right", "user.enabled == false"))
	no := false
	d := b.Diagnose([]aadsts.Error{{Code: 90002}}, facts.Report{User: facts.See(noon, facts.User{UPN: "mia@contoso.com", Enabled: &no})}, noon)
	var got []string
	for _, f := range d.Causes {
		if len(f.ID) < 12 && (f.ID == "unreadable" || f.ID == "wrong" || f.ID == "open" || f.ID == "right") {
			got = append(got, f.ID+" "+string(f.Verdict))
		}
	}
	want := []string{"right confirmed", "open possible", "wrong ruled_out", "unreadable unknown"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if lead := d.Lead(); lead == nil || lead.Says != "It is right of mia@contoso.com." {
		t.Errorf("lead is %+v", lead)
	}
}

func TestFillSaysWhatIsNotKnown(t *testing.T) {
	b := bookWith(t, "  - {id: a, says: '{user.upn} at {signin.country} by {signin.blocking}', fix: [{do: x, by: user, role: none}], check: y}\n")
	for who, want := range map[string]string{"": "the person at (not known) by (not known)", "mia@contoso.com": "mia@contoso.com at (not known) by (not known)"} {
		f := verdict(t, b, facts.Report{Subject: facts.Subject{User: who}}, "a")
		if f.Says != want {
			t.Errorf("subject %q: %q, want %q", who, f.Says, want)
		}
	}
}

func TestOverlay(t *testing.T) {
	plain, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	base := plain.Lookup(50076)
	b, err := Load(fstest.MapFS{"50076.md": {Data: []byte("---\ncode: 50076\nperson: Ask Bob.\ncontacts: [bob]\nlinks: [https://wiki.contoso.com/mfa]\ncauses:\n" +
		cause("ours", "user.guest") + "---\n")}, "README.md": {Data: []byte("hello")}})
	if err != nil {
		t.Fatal(err)
	}
	r := b.Lookup(50076)
	if r.Person != "Ask Bob." || r.Title != base.Title || r.Contacts[0] != "bob" || r.Body != base.Body {
		t.Errorf("overlay gave %q, %q, %v", r.Person, r.Title, r.Contacts)
	}
	if r.Causes[0].ID != "ours" || len(r.Causes) != len(base.Causes)+1 {
		t.Errorf("causes: %d, first %s", len(r.Causes), r.Causes[0].ID)
	}
	if len(plain.Lookup(50076).Contacts) != 0 {
		t.Error("the overlay reached the book that was loaded without it")
	}
}

// TestComplaints collects everything that is wrong in one go, each with its file.
func TestComplaints(t *testing.T) {
	complaints, err := Lint(fstest.MapFS{
		"12345.md":  {Data: []byte("---\ncode: 54321\n---\n")},
		"abc.md":    {Data: []byte("x")},
		"50076.md":  {Data: []byte("---\ncode: 50076\nnonsense: 1\n---\n")},
		"50079.md":  {Data: []byte("no front matter")},
		"50074.md":  {Data: []byte("---\ncode: 50074\ntitle: " + strings.Repeat("x", 61) + "\nperson: " + strings.Repeat("y", 281) + "\nkind: bad\nactor: nobody\nreferences: [http://a.example]\nreviewed: soon\ncauses:\n" + cause("Bad Id", "mfa.registred") + "---\n## What it means\n\n## Other\ntext")},
		"50072.md":  {Data: []byte("---\ncode: 50072\ncauses: [{id: a, when: user.upn, says: '{user.nope}', fix: [{do: x, by: y}]}]\n---\n")},
		"700016.md": {Data: []byte("---\ncode: 700016\nfacts: [user]\ncauses: [{id: z, when: 'mfa.found', says: x, check: y, fix: [{do: x, by: user, role: none}]}]\n---\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range complaints {
		all = append(all, c.String())
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{
		"12345.md: code is 54321, but the file is called 12345.md", "abc.md: the name of a runbook file is its code", "50076.md: front matter: ",
		"50079.md: the file does not start with ---", "50074.md: title has 61 characters", "person has 281 characters", `kind "bad"`, `actor "nobody"`,
		"is no https address", `reviewed "soon"`, `section "What it means" is empty`, `section "How to check by hand" is missing`, `"Bad Id" is not kebab-case`,
		"undeclared reference to 'mfa", "cause a: when is string, not bool", "{user.nope} is no name of a fact", "needs do and role", "a has no check",
		"cause z looks at mfa.found, but facts does not list mfa",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no complaint %q in:\n%s", want, text)
		}
	}
}

func TestLookupAlwaysAnswers(t *testing.T) {
	b, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range aadsts.Codes() {
		r := b.Lookup(c.Number)
		if r.Title == "" || r.Person == "" || r.Meaning == "" {
			t.Errorf("code %d (%s): title %q, person %q, meaning %q", c.Number, r.Depth, r.Title, r.Person, r.Meaning)
		}
	}
	if r := b.Lookup(123456789); r.Depth != Unlisted || r.Person == "" {
		t.Errorf("a code in nobody's list: %+v", r)
	}
}

func TestWhatWasReadInAnotherTenantConfirmsNothing(t *testing.T) {
	b, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	no, yes := false, true
	for name, row := range map[string]struct {
		code    int
		tenant  string
		matches *bool
		lead    string
	}{
		"of another tenant": {50057, "fabrikam.com", &no, "other-tenant"},
		"of this tenant":    {50057, "contoso.com", &yes, "disabled-in-cloud"},
		"names no tenant":   {50057, "", &no, "disabled-in-cloud"},
		"is itself about a tenant that is not there":   {90002, "contso.com", &no, ""},
		"names the tenant that metadata was asked for": {20033, "fabrikam.com", &no, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := facts.Report{User: facts.See(noon, facts.User{UPN: "mia@contoso.com", Enabled: &no}), Organization: facts.See(noon, facts.Organization{Name: "Contoso", Matches: row.matches})}
			d := b.Diagnose([]aadsts.Error{{Code: row.code, Tenant: row.tenant}}, r, noon)
			got := ""
			if f := d.Lead(); f != nil {
				got = f.ID
			}
			if row.lead != "" && (got != row.lead || len(d.With(Confirmed)) != 1) || row.lead == "" && got == "other-tenant" {
				t.Errorf("led by %q of %d confirmed", got, len(d.With(Confirmed)))
			}
		})
	}
}
