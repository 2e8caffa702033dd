package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot"
	"signpost/bot/jobs"
	"signpost/bot/slackfake"
	"signpost/bot/store"
)

// kept makes a database with two lookups and two answered cases, one of them of Bob.
func kept(t *testing.T, fake *slackfake.Server) (url string, replies []string) {
	t.Helper()
	url = "sqlite:" + t.TempDir() + "/signpost.db"
	db, err := jobs.Open(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	st := db.Store()
	tx, err := db.SQL().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for n, who := range []string{"bob@contoso.com", "carol@contoso.com"} {
		author, channel := []string{"U0BOB", "U0CAROL"}[n], []string{"C0SUPPORT", "C0AGENTS"}[n]
		ts := fmt.Sprintf("1700000000.00000%d", n)
		id, _, err := st.InsertCase(t.Context(), store.SQLTx(tx), store.Case{
			Team: "T0CONTOSO", Channel: channel, MessageTS: ts, OnceKey: who, Author: author, Subject: who, Codes: []int{50105}, Primary: 50105, Errors: []byte("[]"),
		})
		if err != nil {
			t.Fatal(err)
		}
		reply := ts
		if fake != nil {
			if _, reply, err = bot.NewSlack(fake.BotToken(), "", fake.APIURL(), nil).PostMessageContext(t.Context(), channel, slack.MsgOptionText("an answer", false)); err != nil {
				t.Fatal(err)
			}
		}
		replies = append(replies, reply)
		if _, err := tx.Exec(`UPDATE cases SET reply_ts = $1, post_state = 'posted' WHERE id = $2`, reply, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for n, e := range []store.Entry{
		{Asker: "U0ALICE", Subject: "bob@contoso.com", Place: "C0SUPPORT", Facts: []string{"user", "mfa"}, Why: "AADSTS50105", Case: 1},
		{Asker: "U0CAROL", Subject: `=cmd|'/c calc'!A0`, Place: "command in C0SUPPORT", Facts: []string{"user"}, Why: "asked\x1b[31m by name"},
	} {
		e.At = day.AddDate(0, 0, n)
		if err := st.Audit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return url, replies
}

// command is a command line with the settings of the machine, as a test sets them.
func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, console{in: strings.NewReader(""), out: &o, err: &e})
	return code, o.String(), e.String()
}

func TestAudit(t *testing.T) {
	url, _ := kept(t, nil)
	for name, row := range map[string]struct {
		args  []string
		code  int
		lines int
		want  string
	}{
		"everything":         {nil, 0, 2, "2026-11-24 08:00:00Z  U0ALICE looked up bob@contoso.com in C0SUPPORT (AADSTS50105): user, mfa"},
		"of a person":        {[]string{"--user", "BOB@contoso.com"}, 0, 1, "U0ALICE"},
		"of who asked":       {[]string{"--asker", "U0CAROL"}, 0, 1, "U0CAROL"},
		"from a day on":      {[]string{"--since", "2026-11-25"}, 0, 1, "U0CAROL"},
		"before a time":      {[]string{"--before", "2026-11-25T08:00:00Z"}, 0, 1, "U0ALICE"},
		"none":               {[]string{"--since", "2030-01-01"}, 0, 1, "No entry"},
		"no time":            {[]string{"--since", "yesterday"}, 2, 0, "--since"},
		"the wrong way":      {[]string{"--since", "2026-11-25", "--before", "2026-11-24"}, 2, 0, "nothing between"},
		"an unknown format":  {[]string{"--format", "xml"}, 2, 0, "xml"},
		"no such database":   {[]string{"--database", "mysql://x"}, 2, 0, "database"},
		"no file is made up": {[]string{"--database", "sqlite:" + t.TempDir() + "/nothing.db"}, 2, 0, "there is no file"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"audit", "--database", url}, row.args...)
			code, out, errs := command(t, args...)
			if n := strings.Count(out, "\n"); code != row.code || n != row.lines || !strings.Contains(out+errs, row.want) {
				t.Errorf("code %d, %d lines: %s%s", code, n, out, errs)
			}
			if strings.ContainsRune(out, '\x1b') {
				t.Error("it moves the terminal's cursor")
			}
		})
	}
}

func TestAuditForPrograms(t *testing.T) {
	url, _ := kept(t, nil)
	code, out, errs := command(t, "audit", "--database", url, "--format", "csv")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if code != 0 || err != nil || len(rows) != 3 || strings.Join(rows[0], ",") != "id,at,asker,subject,place,facts,why,case" {
		t.Fatalf("code %d, %v: %s%s", code, err, out, errs)
	}
	if rows[1][3] != "bob@contoso.com" || rows[1][5] != "user mfa" || rows[1][7] != "1" || rows[2][7] != "" {
		t.Errorf("the rows are %q", rows[1:])
	}
	if rows[2][3] != `'=cmd|'/c calc'!A0` {
		t.Errorf("a formula is a formula: %q", rows[2][3])
	}
	code, out, _ = command(t, "audit", "--database", url, "--format", "csv", "--since", "2030-01-01")
	if code != 0 || out != "id,at,asker,subject,place,facts,why,case\n" {
		t.Errorf("no entries: code %d, %q", code, out)
	}
	code, out, _ = command(t, "audit", "--database", url, "--format", "json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var e auditJSON
	if err := json.Unmarshal([]byte(lines[0]), &e); code != 0 || err != nil || len(lines) != 2 || e.Asker != "U0ALICE" || *e.Case != 1 || len(e.Facts) != 2 {
		t.Errorf("code %d, %v: %s", code, err, out)
	}
}

func TestHarmless(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", " =1": "' =1", "＝1": "'＝1", "bob@contoso.com": "bob@contoso.com", "": "", "a=1": "a=1",
	} {
		if got := harmless(cell); got != want {
			t.Errorf("%q is %q, want %q", cell, got, want)
		}
	}
}

func TestErase(t *testing.T) {
	fake := slackfake.New(slackfake.Contoso())
	t.Cleanup(fake.Close)
	t.Setenv("SLACK_BOT_TOKEN", fake.BotToken())
	url, replies := kept(t, fake)
	erase := func(args ...string) (int, string, string) {
		return command(t, append([]string{"erase", "--database", url, "--slack-api-url", fake.APIURL()}, args...)...)
	}
	there := func(n int) bool { _, ok := fake.Message([]string{"C0SUPPORT", "C0AGENTS"}[n], replies[n]); return ok }
	code, out, errs := erase("bob@contoso.com", "U0BOB")
	if code != 0 || !strings.Contains(out, "Would remove of bob@contoso.com, U0BOB: 1 case with 1 answer") || !strings.Contains(out, "1 audit entry") || !strings.Contains(out, "--yes") || !there(0) {
		t.Fatalf("without --yes: code %d, %s%s", code, out, errs)
	}
	if code, again, _ := erase("bob@contoso.com", "U0BOB"); code != 0 || again != out {
		t.Errorf("telling it changed something: %s", again)
	}
	code, out, errs = erase("bob@contoso.com", "U0BOB", "--yes")
	if code != 0 || !strings.Contains(out, "Removed of") || !strings.Contains(out, "Deleted in Slack: 1 message") || there(0) || !there(1) {
		t.Errorf("with --yes: code %d, %s%s", code, out, errs)
	}
	if _, out, _ := command(t, "audit", "--database", url); strings.Contains(out, "bob@") || !strings.Contains(out, "U0ALICE looked up erased") {
		t.Errorf("the audit says %s", out)
	}
	if code, out, _ := erase("bob@contoso.com", "--yes"); code != 0 || !strings.Contains(out, "Nothing is kept of bob@contoso.com") {
		t.Errorf("again: code %d, %s", code, out)
	}
	fake.Fail("chat.delete", 1, slackfake.Fault{Error: "internal_error"})
	if code, out, errs := erase("carol@contoso.com", "--yes"); code != 1 || !strings.Contains(errs, "tonight") || !strings.Contains(out, "Deleted in Slack: 0 messages") {
		t.Errorf("Slack fails: code %d, %s%s", code, out, errs)
	}
}

func TestEraseWithoutSlack(t *testing.T) {
	t.Setenv("SLACK_BOT_TOKEN", "")
	url, _ := kept(t, nil)
	code, out, _ := command(t, "erase", "--database", url, "U0BOB", "--yes")
	if code != 0 || !strings.Contains(out, "1 answer in Slack could not be deleted") || !strings.Contains(out, "tonight") {
		t.Errorf("code %d, %s", code, out)
	}
	for _, args := range [][]string{{"erase"}, {"erase", "Bob"}, {"erase", "bob@contoso.com", "--slack-api-url", "http://slack.example/"}} {
		if code, _, errs := command(t, append(args, "--database", url)...); code != 2 || errs == "" {
			t.Errorf("%v: code %d, %s", args, code, errs)
		}
	}
}

func TestReportOnTheCommandLine(t *testing.T) {
	url, _ := kept(t, nil)
	code, out, errs := command(t, "report", "--database", url)
	if code != 0 || !strings.Contains(out, "2 cases of 2 people") || !strings.Contains(out, "AADSTS50105") {
		t.Errorf("code %d, %s%s", code, out, errs)
	}
	var j struct {
		Cases int
		Codes []struct{ Code, Cases int }
	}
	code, out, _ = command(t, "report", "--database", url, "--format", "json", "--days", "1")
	if err := json.Unmarshal([]byte(out), &j); code != 0 || err != nil || j.Cases != 2 || len(j.Codes) != 1 || j.Codes[0].Code != 50105 {
		t.Errorf("code %d, %v: %s", code, err, out)
	}
	if code, _, _ := command(t, "report", "--database", url, "--days", "0"); code != 2 {
		t.Errorf("no days: code %d", code)
	}
}
