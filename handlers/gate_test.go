package handlers

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// workspace answers the three methods that a gate calls, and counts the calls.
type workspace struct {
	mu     sync.Mutex
	calls  map[string]int
	answer func(method string, r *http.Request) any
}

func (s *workspace) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.calls[r.URL.Path]++
	s.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := s.answer(r.URL.Path, r)
	if status, ok := answer.(int); ok {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *workspace) count(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

const (
	infoMethod    = "/conversations.info"
	userMethod    = "/users.info"
	membersMethod = "/usergroups.users.list"
)

// object is a JSON object.
type object = map[string]any

func failure(code string) object { return object{"ok": false, "error": code} }

func newGate(t *testing.T, p Policy, answer func(method string, r *http.Request) any) (*Gate, *workspace) {
	t.Helper()
	s := &workspace{calls: map[string]int{}, answer: answer}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return NewGate(slack.New("xoxb-test", slack.OptionAPIURL(server.URL+"/")), p), s
}

var channels = Policy{Channels: map[string]Details{"CFULL": Full, "CAGENTS": Agents, "CNONE": None, "CODD": "Full"}}

func channel(fields object) object { return object{"ok": true, "channel": fields} }

func TestDetailsOfAChannel(t *testing.T) {
	private := object{"id": "CFULL", "is_private": true}
	with := func(key string, value any) object { return object{"id": "CFULL", "is_private": true, key: value} }
	for name, row := range map[string]struct {
		channel string
		answer  any
		want    Details
	}{
		"full, private":                        {"CFULL", channel(private), Full},
		"full, public":                         {"CFULL", channel(object{"id": "CFULL", "is_channel": true}), Agents},
		"full, shared with another company":    {"CFULL", channel(with("is_ext_shared", true)), Agents},
		"full, about to be shared":             {"CFULL", channel(with("is_pending_ext_shared", true)), Agents},
		"full, an invitation is out":           {"CFULL", channel(with("pending_shared", []string{"T2"})), Agents},
		"full, shared inside the organisation": {"CFULL", channel(with("is_org_shared", true)), Full},
		"full, shared somehow":                 {"CFULL", channel(with("is_shared", true)), Agents},
		"full, shared with everybody":          {"CFULL", channel(with("is_global_shared", true)), Agents},
		"full, a direct message":               {"CFULL", channel(with("is_im", true)), Agents},
		"full, a group message":                {"CFULL", channel(with("is_mpim", true)), Agents},
		"full, not found":                      {"CFULL", failure("channel_not_found"), Agents},
		"full, no scope":                       {"CFULL", failure("missing_scope"), Agents},
		"full, rate limited":                   {"CFULL", http.StatusTooManyRequests, Agents},
		"full, Slack is down":                  {"CFULL", http.StatusServiceUnavailable, Agents},
		"full, an empty answer":                {"CFULL", object{"ok": true}, Agents},
		"agents is never asked":                {"CAGENTS", http.StatusTeapot, Agents},
		"none is never asked":                  {"CNONE", http.StatusTeapot, None},
		"not listed":                           {"COTHER", channel(private), Agents},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := newGate(t, channels, func(string, *http.Request) any { return row.answer })
			if got := g.Details(t.Context(), row.channel); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

// TestDetailsOfAMisspeltSetting holds that a setting which is none of the three shows no directory data.
func TestDetailsOfAMisspeltSetting(t *testing.T) {
	g, _ := newGate(t, channels, func(string, *http.Request) any { return channel(object{"is_private": true}) })
	p := Compose(worst("SECRET", 2, "seen"), View{Details: g.Details(t.Context(), "CODD")})
	for _, part := range p.Parts {
		if strings.HasPrefix(part.Title, "Facts") {
			t.Error("the page holds facts")
		}
	}
}

func TestSharingIsRememberedUntilForgotten(t *testing.T) {
	shared := false
	g, s := newGate(t, channels, func(string, *http.Request) any {
		return channel(object{"is_private": true, "is_ext_shared": shared})
	})
	ask := func(want Details, calls int) {
		t.Helper()
		if got := g.Details(t.Context(), "CFULL"); got != want || s.count(infoMethod) != calls {
			t.Errorf("got %s after %d calls, want %s after %d", got, s.count(infoMethod), want, calls)
		}
	}
	ask(Full, 1)
	shared = true
	ask(Full, 1) // believed for some seconds
	g.Forget("COTHER")
	ask(Full, 1)
	g.Forget("CFULL")
	ask(Agents, 2)
	ask(Agents, 2)
}

func TestAFailedLookupIsNotRemembered(t *testing.T) {
	var answer any = failure("internal_error")
	g, _ := newGate(t, channels, func(string, *http.Request) any { return answer })
	if got := g.Details(t.Context(), "CFULL"); got != Agents {
		t.Errorf("got %s", got)
	}
	answer = channel(object{"is_private": true})
	if got := g.Details(t.Context(), "CFULL"); got != Full {
		t.Errorf("got %s after Slack came back", got)
	}
}

// TestForgetOvertakesALookup: Slack says that a channel is shared while an older answer is still on its way.
func TestForgetOvertakesALookup(t *testing.T) {
	arrived, release := make(chan bool, 1), make(chan bool)
	var once sync.Once
	g, s := newGate(t, channels, func(string, *http.Request) any {
		shared := true
		once.Do(func() {
			shared = false
			arrived <- true
			<-release
		})
		return channel(object{"is_private": true, "is_ext_shared": shared})
	})
	got := make(chan Details)
	go func() { got <- g.Details(t.Context(), "CFULL") }()
	<-arrived
	g.Forget("CFULL")
	close(release)
	if d := <-got; d != Agents {
		t.Errorf("got %s from before the channel was shared", d)
	}
	if d := g.Details(t.Context(), "CFULL"); d != Agents || s.count(infoMethod) != 2 {
		t.Errorf("then got %s after %d calls", d, s.count(infoMethod))
	}
}

// TestASlowLookupIsRefused: whoever cannot wait any longer gets what a shared channel gets, and so does who waits with them.
func TestASlowLookupIsRefused(t *testing.T) {
	arrived, release := make(chan bool, 2), make(chan bool)
	g, _ := newGate(t, channels, func(string, *http.Request) any {
		arrived <- true
		<-release
		return channel(object{"is_private": true})
	})
	patient, impatient := make(chan Details), make(chan Details)
	go func() { patient <- g.Details(t.Context(), "CFULL") }()
	<-arrived
	ctx, cancel := context.WithCancel(t.Context())
	go func() { impatient <- g.Details(ctx, "CFULL") }()
	cancel()
	if got := <-impatient; got != Agents {
		t.Errorf("got %s without an answer", got)
	}
	close(release)
	if got := <-patient; got != Full {
		t.Errorf("who waited got %s", got)
	}
}

func slackUser(fields object) object {
	u := object{"id": "U1", "team_id": "T1", "profile": object{"email": "mia@contoso.com"}}
	for k, v := range fields {
		u[k] = v
	}
	return object{"ok": true, "user": u}
}

func TestReader(t *testing.T) {
	group := func(ids ...string) any { return object{"ok": true, "users": ids} }
	agent := Reader{ID: "U1", Inside: true, Email: "mia@contoso.com", Agent: true}
	member := Reader{ID: "U1", Inside: true, Email: "mia@contoso.com"}
	outside := Reader{ID: "U1"}
	byID, byGroup := []string{"U1"}, []string{"S1"}
	for name, row := range map[string]struct {
		agents  []string
		user    any
		members any
		team    string
		want    Reader
	}{
		"agent by user id":                  {byID, slackUser(nil), nil, "T1", agent},
		"agent by group":                    {byGroup, slackUser(nil), group("U9", "U1"), "T1", agent},
		"agent by the second group":         {[]string{"S1", "S2"}, slackUser(nil), group("U1"), "T1", agent},
		"not in the group":                  {byGroup, slackUser(nil), group("U9"), "T1", member},
		"nobody is an agent":                {nil, slackUser(nil), nil, "T1", member},
		"another user id":                   {[]string{"U10"}, slackUser(nil), nil, "T1", member},
		"group not found":                   {byGroup, slackUser(nil), failure("no_such_subteam"), "T1", member},
		"group needs a paid plan":           {byGroup, slackUser(nil), failure("plan_upgrade_required"), "T1", member},
		"group look-up is down":             {byGroup, slackUser(nil), http.StatusBadGateway, "T1", member},
		"by id although the group is down":  {[]string{"S1", "U1"}, slackUser(nil), http.StatusBadGateway, "T1", agent},
		"guest of several channels":         {byID, slackUser(object{"is_restricted": true}), nil, "T1", outside},
		"guest of one channel":              {byID, slackUser(object{"is_ultra_restricted": true}), nil, "T1", outside},
		"guest in an agents' group":         {byGroup, slackUser(object{"is_restricted": true}), group("U1"), "T1", outside},
		"stranger":                          {byID, slackUser(object{"is_stranger": true}), nil, "T1", outside},
		"deleted":                           {byID, slackUser(object{"deleted": true}), nil, "T1", outside},
		"bot":                               {byID, slackUser(object{"is_bot": true}), nil, "T1", outside},
		"workflow":                          {byID, slackUser(object{"is_workflow_bot": true}), nil, "T1", outside},
		"connector":                         {byID, slackUser(object{"is_connector_bot": true}), nil, "T1", outside},
		"another organisation":              {byID, slackUser(object{"team_id": "T2"}), nil, "T1", outside},
		"Slack does not tell the address":   {byID, slackUser(object{"profile": object{}}), nil, "T1", Reader{ID: "U1", Inside: true, Agent: true}},
		"no team to compare with":           {byID, slackUser(nil), nil, "", agent},
		"a member of the group's namesake":  {[]string{"SALES"}, slackUser(nil), failure("no_such_subteam"), "T1", member},
		"a channel id is not an agent list": {[]string{"C1"}, slackUser(nil), group("U1"), "T1", member},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := newGate(t, Policy{Agents: row.agents}, func(method string, r *http.Request) any {
				switch {
				case method == userMethod:
					return row.user
				case r.Form.Get("usergroup") == "S1" && len(row.agents) > 1 && row.agents[1] == "S2":
					return group("U9")
				}
				return row.members
			})
			got, err := g.Reader(t.Context(), "U1", row.team)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
			if got := g.Email(t.Context(), "U1", row.team); got != row.want.Email {
				t.Errorf("address %q, want %q", got, row.want.Email)
			}
		})
	}
}

func TestAReaderWhoCannotBeLookedUp(t *testing.T) {
	for name, answer := range map[string]any{"unknown": failure("user_not_found"), "no scope": failure("missing_scope"), "down": http.StatusInternalServerError} {
		t.Run(name, func(t *testing.T) {
			g, _ := newGate(t, Policy{Agents: []string{"U1"}}, func(string, *http.Request) any { return answer })
			got, err := g.Reader(t.Context(), "U1", "T1")
			if err == nil || got != (Reader{ID: "U1"}) {
				t.Errorf("got %+v, %v", got, err)
			}
			if mail := g.Email(t.Context(), "U1", "T1"); mail != "" {
				t.Errorf("address %q", mail)
			}
			if mail := g.Email(t.Context(), "", "T1"); mail != "" {
				t.Errorf("address %q of nobody", mail)
			}
		})
	}
}

func TestPeopleAndGroupsAreRemembered(t *testing.T) {
	var members any = failure("internal_error")
	g, s := newGate(t, Policy{Agents: []string{"S1"}}, func(method string, _ *http.Request) any {
		if method == userMethod {
			return slackUser(nil)
		}
		return members
	})
	ask := func(agent bool, people, groups int) {
		t.Helper()
		r, err := g.Reader(t.Context(), "U1", "T1")
		if err != nil || r.Agent != agent || s.count(userMethod) != people || s.count(membersMethod) != groups {
			t.Errorf("agent %v after %d and %d calls, %v", r.Agent, s.count(userMethod), s.count(membersMethod), err)
		}
	}
	ask(false, 1, 1)
	members = object{"ok": true, "users": []string{"U1"}}
	ask(true, 1, 2) // the failure was not remembered
	ask(true, 1, 2)
}

func TestIsProtected(t *testing.T) {
	p := Policy{Protected: []string{"breakglass@contoso.com"}}
	for name, want := range map[string]bool{"breakglass@contoso.com": true, "BreakGlass@Contoso.com": true, "": false, "mia@contoso.com": false} {
		if got := p.IsProtected(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	if !p.IsProtected("mia@contoso.com", "", "BREAKGLASS@contoso.com") {
		t.Error("one of several names is enough")
	}
	if (Policy{}).IsProtected("") {
		t.Error("nobody is protected")
	}
}
