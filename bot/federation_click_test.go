package bot

import (
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"signpost/bot/jobs"
	"signpost/bot/slackfake"
	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
)

// menu is the finding's menu of a post.
func menu(t *testing.T, m slackfake.Message, domain string, f facts.Finding) string {
	t.Helper()
	id := handlers.ActionTrust + handlers.TrustKey(domain, f)
	for _, a := range m.Actions() {
		if a == id {
			return id
		}
	}
	t.Fatalf("no menu %s among %v", id, m.Actions())
	return ""
}

// press lets somebody choose an option, as Dispatch hands it over.
func (h *health) press(user, ts, action, value string) {
	h.t.Helper()
	m, ok := h.fake.Message(healthChannel, ts)
	if !ok {
		h.t.Fatal("no such post")
	}
	team := "T0CONTOSO"
	if u, ok := h.fake.User(user); ok && u.TeamID != "" {
		team = u.TeamID
	}
	err := h.Clicked(h.t.Context(), Click{User: user, UserTeam: team, Team: "T0CONTOSO", Channel: healthChannel, MessageTS: ts, Action: action, Key: value, Blocks: m.BlocksJSON(), Text: m.Text})
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestAcknowledgedAndSnoozed(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newHealth(t, open())
		end, other := ending(31, facts.Warning), ending(40, facts.Warning)
		other.Of = "BB"
		h.scanner.set(federated("contoso.com", end, other))
		m := h.one(0)
		h.press("U0ALICE", m.TS, menu(t, m, "contoso.com", end), "ack "+handlers.TrustKey("contoso.com", end))
		h.press("U0CAROL", m.TS, menu(t, m, "contoso.com", other), "snooze7 "+handlers.TrustKey("contoso.com", other))
		edited, _ := h.fake.Message(healthChannel, m.TS)
		wantSays(t, edited.BlockText(), "The signing certificate ends.", "Acknowledged by <@U0ALICE>", "Snoozed by <@U0CAROL>")
		wantSays(t, edited.Text, "The signing certificate ends.", "Done: contoso.com: Acknowledged by <@U0ALICE>, 2026-11-24 08:00 UTC", "Snoozed by <@U0CAROL>")
		if len(edited.Actions()) != 2 {
			t.Errorf("the menus are gone: %v", edited.Actions())
		}
		for _, day := range []int{1, 6} {
			wantSays(t, h.one(day).Text, "nothing new")
		}
		m = h.one(7)
		wantSays(t, m.Text, "the snooze is over")
		if strings.Count(m.Text, "The signing certificate ends.") != 1 {
			t.Errorf("what is acknowledged is said again:\n%s", m.Text)
		}
		end.Severity = facts.Critical
		h.scanner.set(federated("contoso.com", end, other))
		wantSays(t, h.one(8).Text, "contoso.com · critical · was warning")
	})
}

func TestApproval(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newHealth(t, open())
		h.scanner.set(federated("contoso.com"))
		h.one(0)
		changed := federated("contoso.com", drifted("issuerUri was a and is b."))
		changed.Federation.Value.Issuer = "b"
		changed.Federation.Value.DisplayName = "Somebody"
		h.scanner.set(changed)
		m := h.one(1)
		wantSays(t, m.Text, "Security alerts", "issuerUri was a and is b.", "mallory@contoso.com")
		action, value := menu(t, m, "contoso.com", changed.Findings[0]), "approve "+handlers.TrustKey("contoso.com", changed.Findings[0])+" "+handlers.TrustState(changed)

		later := changed // the trust is changed once more before anybody presses
		v := *changed.Federation.Value
		v.Issuer = "evil"
		later.Federation = facts.See(healthDay, v)
		h.scanner.set(later)
		h.press("U0ALICE", m.TS, action, value)
		whispers := h.fake.Ephemerals("U0ALICE")
		if len(whispers) != 1 || !strings.Contains(whispers[0].Text, "has changed since this was posted, so nothing was approved") {
			t.Fatalf("%+v", whispers)
		}
		if got := approvedTrust(t, h); got.Issuer != "http://contoso.com/adfs" {
			t.Errorf("approved all the same: %+v", got)
		}
		unread := changed
		unread.Federation = facts.Unread[facts.Federation](facts.NotPermitted, "x")
		h.scanner.set(unread)
		h.press("U0ALICE", m.TS, action, value)
		if whispers = h.fake.Ephemerals("U0ALICE"); len(whispers) != 2 || !strings.Contains(whispers[1].Text, "cannot be read at the moment") {
			t.Fatalf("%+v", whispers)
		}

		h.scanner.set(changed)
		h.press("U0ALICE", m.TS, action, value)
		if got := approvedTrust(t, h); got.Issuer != "b" || got.DisplayName != "" {
			t.Errorf("the issuer alone was to be approved: %+v", got)
		}
		edited, _ := h.fake.Message(healthChannel, m.TS)
		wantSays(t, edited.BlockText(), "issuerUri was a and is b.", "Approved by <@U0ALICE>")
		if len(edited.Actions()) != 0 {
			t.Errorf("it can be pressed again: %v", edited.Actions())
		}
		h.press("U0CAROL", m.TS, action, value)
		if w := h.fake.Ephemerals("U0CAROL"); len(w) != 1 || !strings.Contains(w[0].Text, "settled already") {
			t.Errorf("%+v", w)
		}
		var audited []string
		for e, err := range h.Store.AuditEntries(t.Context(), store.Filter{Subject: "contoso.com"}) {
			if err != nil {
				t.Fatal(err)
			}
			audited = append(audited, e.Asker+" "+e.Why)
		}
		if len(audited) != 1 || audited[0] != "U0ALICE approved drift-issuerUri" {
			t.Errorf("audit: %v", audited)
		}
		h.scanner.set(federated("contoso.com"))
		wantSays(t, h.one(2).Text, "nothing new")
	})
}

func TestDomainsThatCameOrWentAreApproved(t *testing.T) {
	t.Parallel()
	child := facts.Trust{Domain: "emea.contoso.com", Root: "contoso.com", DomainFact: facts.See(healthDay, facts.Domain{Name: "emea.contoso.com", Root: "contoso.com", Federated: true, Verified: true})}
	gone := facts.Trust{Domain: "emea.contoso.com", DomainFact: facts.None[facts.Domain](healthDay, "it is no domain of this tenant")}
	for id, row := range map[string]struct {
		now, otherwise facts.Trust
		federated      bool
	}{
		"domain-new":     {child, gone, true},
		"domain-removed": {gone, child, false},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			h := newHealth(t, openDB(t, "sqlite::memory:"))
			f := facts.Finding{ID: id, Of: "emea.contoso.com", Severity: facts.Note, Says: "It came or went.", By: "identity-admin"}
			h.scanner.set(federated("contoso.com"))
			h.scanner.report.Findings = []facts.Finding{f}
			m := h.one(0)
			key := handlers.TrustKey("", f)
			action, value := menu(t, m, "", f), "approve "+key+" "+handlers.ListedState(id, f.Of)
			wantSays(t, string(m.BlocksJSON()), value)
			h.scanner.set(row.otherwise)
			h.press("U0ALICE", m.TS, action, value)
			if w := h.fake.Ephemerals("U0ALICE"); len(w) != 1 || !strings.Contains(w[0].Text, "nothing was approved") {
				t.Fatalf("%+v", w)
			}
			h.scanner.set(row.now)
			h.press("U0ALICE", m.TS, action, value)
			memory, err := h.Store.Trusts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(memory.Approvals, func(a store.Approval) bool { return a.Domain == "emea.contoso.com" })
			if at < 0 || memory.Approvals[at].Federated != row.federated || memory.Approvals[at].By != "U0ALICE" {
				t.Errorf("approved: %+v", memory.Approvals)
			}
			if x, err := h.Store.TrustFinding(t.Context(), key); err != nil || !x.Approved {
				t.Errorf("%+v, %v", x, err)
			}
		})
	}
}

func approvedTrust(t *testing.T, h *health) facts.Federation {
	t.Helper()
	m, err := h.Store.Trusts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := approved(m, "contoso.com")
	if v == nil {
		t.Fatal("nothing is approved")
	}
	return *v
}

func TestOnlyAgentsPress(t *testing.T) {
	t.Parallel()
	h := newHealth(t, openDB(t, "sqlite::memory:"))
	end := ending(31, facts.Warning)
	h.scanner.set(federated("contoso.com", end))
	m := h.one(0)
	for _, user := range []string{"U0BOB", "U0GUEST", "U0ERIN"} {
		h.fake.Join(healthChannel, user)
		h.press(user, m.TS, menu(t, m, "contoso.com", end), "ack "+handlers.TrustKey("contoso.com", end))
		if w := h.fake.Ephemerals(user); len(w) != 1 || !strings.Contains(w[0].Text, "Only agents") {
			t.Errorf("%s: %+v", user, w)
		}
	}
	if x, err := h.Store.TrustFinding(t.Context(), handlers.TrustKey("contoso.com", end)); err != nil || x.AcknowledgedBy != "" {
		t.Errorf("%+v, %v", x, err)
	}
	if now, _ := h.fake.Message(healthChannel, m.TS); now.Edited != nil {
		t.Error("the post was edited")
	}
}

func TestWhatIsPressedDuringAScanStays(t *testing.T) {
	t.Parallel()
	h := newHealth(t, openDB(t, "sqlite::memory:"))
	end := ending(31, facts.Warning)
	h.scanner.set(federated("contoso.com", end))
	m := h.one(0)
	h.scanner.during = func() {
		h.press("U0ALICE", m.TS, menu(t, m, "contoso.com", end), "ack "+handlers.TrustKey("contoso.com", end))
	}
	wantSays(t, h.one(2).Text, "nothing new", "a warning of contoso.com, acknowledged or snoozed") // day 2 would be the step of 30 days
}

func TestTheCommandAnswersForADomainPrivately(t *testing.T) {
	t.Parallel()
	x := &scanner{}
	x.set(federated("contoso.com", ending(31, facts.Warning)))
	h := newHouse(t, func(s *Settings) { s.Trusts = x })
	for user, want := range map[string]string{"U0ALICE": "The signing certificate ends.", "U0BOB": "Only agents can ask about the health of a domain."} {
		if _, err := h.Command(user, publicChannel, "/aadsts", "Contoso.com"); err != nil {
			t.Fatal(err)
		}
		h.until("the answer for "+user, func(n *slackfake.Snapshot) bool {
			all := n.Ephemerals(user)
			return len(all) > 0 && strings.Contains(all[len(all)-1].Text, want)
		})
		if got := h.Ephemerals(user)[0].Text; got != "Looking at contoso.com…" {
			t.Errorf("%s is told first: %s", user, got)
		}
	}
	if len(x.queries) != 1 || len(x.queries[0].Domains) != 1 || x.queries[0].Domains[0] != "contoso.com" {
		t.Errorf("the tenant was asked %+v", x.queries)
	}
	if n := len(h.Messages(publicChannel)); n != 0 {
		t.Errorf("%d messages in the channel", n)
	}
}

func TestWithoutATenantTheCommandSaysSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	if _, err := h.Command("U0ALICE", publicChannel, "/aadsts", "contoso.com"); err != nil {
		t.Fatal(err)
	}
	h.until("the answer", func(n *slackfake.Snapshot) bool {
		all := n.Ephemerals("U0ALICE")
		return len(all) > 0 && strings.Contains(all[len(all)-1].Text, "no access to the tenant")
	})
}

func TestTheMenuOfAPostIsHandedOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	f := ending(31, facts.Warning)
	d, _ := handlers.DiffTrusts(nil, facts.TrustReport{CheckedAt: healthDay, Domains: []facts.Trust{federated("contoso.com", f)}}, nil, healthDay)
	m, _ := handlers.ComposeTrusts(facts.TrustReport{CheckedAt: healthDay}, d, true).Draw()
	api := NewSlack(h.BotToken(), "", h.APIURL(), nil)
	_, ts, err := api.PostMessageContext(t.Context(), healthChannel, slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...))
	if err != nil {
		t.Fatal(err)
	}
	key := handlers.TrustKey("contoso.com", f)
	if _, err := h.Click("U0ALICE", healthChannel, ts, handlers.ActionTrust+key, slackfake.Choice{Value: "ack " + key}); err != nil {
		t.Fatal(err)
	}
	h.until("the answer", func(n *slackfake.Snapshot) bool {
		all := n.Ephemerals("U0ALICE")
		return len(all) == 1 && strings.Contains(all[0].Text, "settled already")
	})
}
