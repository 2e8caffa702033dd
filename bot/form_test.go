package bot

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"signpost/bot/slackfake"
	"signpost/handlers"
)

// generalChannel is one that the bot is not in.
const generalChannel = "C0GENERAL"

// modal waits until the person's modal says what is wanted, and returns it.
func (h *house) modal(user, says string) slackfake.View {
	h.t.Helper()
	var v slackfake.View
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := h.Wait(ctx, func(n *slackfake.Snapshot) bool {
		open := false
		v, open = n.Modal(user)
		return open && strings.Contains(v.BlockText(), says)
	})
	if err != nil {
		h.t.Fatalf("no modal that says %q: %v; it says:\n%s", says, err, v.BlockText())
	}
	return v
}

// form opens the form by the button of the Home tab.
func (h *house) form(user string) {
	h.t.Helper()
	h.OpenHome(user)
	h.until("a Home tab", func(n *slackfake.Snapshot) bool { _, ok := n.Home(user); return ok })
	if _, err := h.ClickHome(user, handlers.ActionAsk); err != nil {
		h.t.Fatal(err)
	}
	h.until("the form", func(n *slackfake.Snapshot) bool {
		v, open := n.Modal(user)
		return open && v.CallbackID == handlers.CallbackAsk
	})
}

// fields are the values of a form, by block.
func fields(of map[string]string) map[string]map[string]any {
	all := map[string]map[string]any{}
	for block, value := range of {
		all[block] = map[string]any{handlers.FormValue: value}
	}
	return all
}

// submit sends the form and waits until Slack has its answer.
func (h *house) submit(user string, of map[string]string) slackfake.View {
	h.t.Helper()
	if _, err := h.SubmitView(user, fields(of)); err != nil {
		h.t.Fatal(err)
	}
	h.until("the form is taken", func(n *slackfake.Snapshot) bool { return n.Unacked() == 0 })
	v, _ := h.Modal(user)
	return v
}

// holdsSecret reports whether directory data went to a person in a view.
func (h *house) holdsSecret(user string) bool {
	for _, sent := range h.Sent() {
		if strings.Contains(sent.Text, secretName) && (sent.User == user || sent.User == "") {
			return true
		}
	}
	v, _ := h.Modal(user)
	return strings.Contains(v.BlockText(), secretName)
}

func TestFormAnswersByWhoAsks(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		user  string
		of    map[string]string
		says  string
		reads bool // the tenant, and shows what it read
	}{
		"an agent about somebody":            {"U0ALICE", map[string]string{"error": "AADSTS50076", "name": "bob@contoso.com"}, "holds no second factor", true},
		"an agent about a person of Slack":   {"U0ALICE", map[string]string{"error": "50076", "person": "U0BOB"}, "holds no second factor", true},
		"an agent about a person alone":      {"U0ALICE", map[string]string{"name": "bob@contoso.com"}, "Diagnosis of bob@contoso.com", true},
		"somebody about themselves":          {"U0BOB", map[string]string{"error": paste50076}, "holds no second factor", true},
		"somebody about themselves, by name": {"U0BOB", map[string]string{"error": "50076", "name": "Bob@Contoso.com"}, "holds no second factor", true},
		"a paste that names somebody else":   {"U0BOB", map[string]string{"error": "AADSTS50034: The user account {dave@contoso.com} does not exist."}, "is for agents", false},
		"a guest":                            {"U0GUEST", map[string]string{"error": paste50076}, "Guests see the runbook", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			h.form(row.user)
			if v := h.submit(row.user, row.of); len(v.Errors) > 0 {
				t.Fatalf("the form was refused: %v", v.Errors)
			}
			h.modal(row.user, row.says)
			if got := h.tenant.asked() > 0; got != row.reads {
				t.Errorf("the tenant was asked: %v, want %v", got, row.reads)
			}
			if got := h.holdsSecret(row.user); got != row.reads {
				t.Errorf("directory data shown: %v, want %v", got, row.reads)
			}
		})
	}
}

func TestFormSaysWhatIsWrongAtTheField(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	future := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	for name, row := range map[string]struct {
		user  string
		of    map[string]string
		field string
	}{
		"nothing":                        {"U0BOB", nil, "error"},
		"no code":                        {"U0BOB", map[string]string{"error": "it does not work"}, "error"},
		"no sign-in name":                {"U0ALICE", map[string]string{"error": "50076", "name": "bob"}, "name"},
		"two people":                     {"U0ALICE", map[string]string{"error": "50076", "name": "bob@contoso.com", "person": "U0DAVE"}, "person"},
		"a time to come":                 {"U0ALICE", map[string]string{"error": "50076", "time": future}, "time"},
		"somebody else, by name":         {"U0BOB", map[string]string{"error": "50076", "name": "dave@contoso.com"}, "name"},
		"somebody else, chosen in Slack": {"U0BOB", map[string]string{"error": "50076", "person": "U0DAVE"}, "person"},
	} {
		h.form(row.user)
		v := h.submit(row.user, row.of)
		if len(v.Errors) != 1 || v.Errors[row.field] == "" || v.CallbackID != handlers.CallbackAsk {
			t.Errorf("%s: errors %v", name, v.Errors)
		}
		if _, err := h.CloseView(row.user); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.tenant.asked(); n != 0 {
		t.Errorf("the tenant was asked %d times", n)
	}
}

func TestFormGivesWhatItIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.form("U0ALICE")
	at := time.Now().Add(-time.Hour).Truncate(time.Second).UTC()
	h.submit("U0ALICE", map[string]string{"error": "50105", "name": "bob@contoso.com", "app": "0A1B2C3D-0000-4000-8000-0000000000AA", "time": strconv.FormatInt(at.Unix(), 10)})
	h.modal("U0ALICE", "AADSTS50105")
	h.until("the tenant is asked", func(*slackfake.Snapshot) bool { return h.tenant.asked() > 0 })
	q := h.tenant.queries[0]
	if q.User != "bob@contoso.com" || q.Code != 50105 || q.AppID != "0a1b2c3d-0000-4000-8000-0000000000aa" || !q.Posted.Equal(at) {
		t.Errorf("the query was %+v", q)
	}
	entries := h.audit(t)
	if len(entries) != 1 || entries[0].Asker != "U0ALICE" || entries[0].Subject != "bob@contoso.com" || entries[0].Place != "form" {
		t.Errorf("the audit holds %+v", entries)
	}
}

func TestFormAboutAProtectedAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *Settings) { s.Config.Tenant.Protected = []string{"breakglass@contoso.com"} })
	h.form("U0ALICE")
	h.submit("U0ALICE", map[string]string{"error": "50076", "name": "breakglass@contoso.com"})
	h.modal("U0ALICE", "identity team")
	if n := h.tenant.asked(); n != 0 {
		t.Errorf("the tenant was asked %d times", n)
	}
}

func TestASecretInAForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.form("U0ALICE")
	h.submit("U0ALICE", map[string]string{"error": "AADSTS7000215: Invalid client secret provided. client_secret=Abc8Q~xT2v0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o", "name": "bob@contoso.com"})
	h.modal("U0ALICE", "renew or revoke it")
	for _, sent := range h.Sent() {
		if strings.Contains(sent.Text, "Abc8Q~xT2v0") {
			t.Errorf("the secret left by %s", sent.Method)
		}
	}
}

func TestAViewTellsNothingToAnybodyElse(t *testing.T) {
	t.Parallel()
	_, d := dispatcher(t)
	key := d.keepAsked(asked{By: "U0ALICE", Channel: publicChannel, Author: "U0BOB"})
	if got := d.askedBy(key, "U0ALICE"); got.Channel != publicChannel || got.Author != "U0BOB" {
		t.Errorf("its own reader is given %+v", got)
	}
	for name, got := range map[string]asked{"somebody else": d.askedBy(key, "U0BOB"), "an unknown word": d.askedBy("x", "U0ALICE"), "no word": d.askedBy("", "U0ALICE")} {
		if got.Channel != "" || got.Author != "" || got.Case.MessageTS != "" {
			t.Errorf("%s is given %+v", name, got)
		}
	}
}

func TestAnswerIsWithheldWhereTheAgentLeftMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.tenant.hold = make(chan struct{})
	h.form("U0ALICE")
	h.submit("U0ALICE", map[string]string{"error": "50076", "name": "bob@contoso.com"})
	h.modal("U0ALICE", "Reading")
	h.until("the tenant is asked", func(*slackfake.Snapshot) bool { return h.tenant.asked() > 0 })
	h.SetGroup("S0HELPDESK", "U0CAROL")
	h.until("the event is taken", func(n *slackfake.Snapshot) bool { return n.Unacked() == 0 })
	close(h.tenant.hold)
	h.modal("U0ALICE", withheldSays)
	if h.holdsSecret("U0ALICE") {
		t.Error("somebody who is no agent any more was shown a diagnosis")
	}
}

func TestTheFormIsClosedBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.tenant.hold = make(chan struct{})
	h.form("U0ALICE")
	h.submit("U0ALICE", map[string]string{"error": "50076", "name": "bob@contoso.com"})
	if _, err := h.CloseView("U0ALICE"); err != nil {
		t.Fatal(err)
	}
	close(h.tenant.hold)
	h.until("the last try", func(n *slackfake.Snapshot) bool {
		all := n.Calls("views.update")
		return len(all) > 0 && all[len(all)-1].Str("view_id") != "" && all[len(all)-1].Done
	})
	if _, open := h.Modal("U0ALICE"); open {
		t.Error("a closed view came back")
	}
}

func TestFormOfAnotherOrganisation(t *testing.T) {
	t.Parallel()
	fake, d := dispatcher(t)
	raw := json.RawMessage(`{"user":{"id":"U0ERIN","team_id":"T0FABRIKAM"},"team":{"id":"T0CONTOSO"},"view":{"id":"V1","callback_id":"ask",
		"state":{"values":{"error":{"value":{"value":"AADSTS50076"}}}}}}`)
	ack, err := d.Deliver(t.Context(), Event{Kind: KindViewSubmission, TeamID: "T0CONTOSO", Raw: raw})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(ack)
	if !strings.Contains(string(text), membersOnlySays) || strings.Contains(string(text), "50076") {
		t.Errorf("it was answered %s", text)
	}
	if _, err := d.Deliver(t.Context(), Event{Kind: KindViewSubmission, TeamID: "T0CONTOSO", Raw: json.RawMessage(`{"view":{"callback_id":7}}`)}); err != nil {
		t.Errorf("a malformed view: %v", err)
	}
	d.Back.Wait()
	if calls := fake.Calls("views.update"); len(calls) != 0 {
		t.Errorf("%d views were updated", len(calls))
	}
}
