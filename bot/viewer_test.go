package bot

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"signpost/bot/slackfake"
	"signpost/handlers"
)

// What there is to say, from the most open to the most private. affectedName is whom directory data are about.
const affectedName = "dave@contoso.com"

var contents = map[string]handlers.Content{
	"runbook":   {},
	"paste":     {Level: handlers.Agents},
	"directory": {Level: handlers.Full, About: []string{"0f5c", affectedName}},
	"row":       {Level: handlers.Full}, // directory data that are nobody's own, such as a row of another account
	"desk":      {Desk: true},
	"actors":    {Desk: true, Actors: true},
}

// viewers is a workspace with a channel of every kind, and the outlet into it.
func viewers(t *testing.T) (*slackfake.Server, *Outlet, *handlers.Gate) {
	t.Helper()
	options := slackfake.Contoso()
	all := []string{"U0SIGNPOST", "U0ALICE", "U0CAROL", "U0BOB", "U0DAVE", "U0GUEST"}
	options.Channels = append(options.Channels,
		slackfake.Channel{ID: "C0FULL", Name: "full", Private: true, Members: all},
		slackfake.Channel{ID: "C0NONE", Name: "none", Members: all},
		slackfake.Channel{ID: "C0PUBLICFULL", Name: "open", Members: all},
		slackfake.Channel{ID: "C0PENDING", Name: "pending", Private: true, PendingExtShared: true, Members: all},
		slackfake.Channel{ID: "C0MIXED", Name: "mixed", Members: slices.Concat(all, []string{"U0ERIN"}), ExtShared: true},
	)
	fake := slackfake.New(options)
	t.Cleanup(fake.Close)
	api := NewSlack(fake.BotToken(), "", fake.APIURL(), nil)
	gate := handlers.NewGate(api, handlers.Policy{
		Channels: map[string]handlers.Details{
			"C0FULL": handlers.Full, "C0PUBLICFULL": handlers.Full, "C0PENDING": handlers.Full, "C0SHARED": handlers.Full, "C0MIXED": handlers.Full, "C0LOST": handlers.Full,
			"C0SUPPORT": handlers.Agents, "C0NONE": handlers.None,
		},
		Agents: []string{"S0HELPDESK", "U0ERIN", "U0GUEST", "U0GONE"}, // the last three can never be
		Desks:  []string{"C0IDENTITY", "C0SUPPORT"}, Protected: []string{"breakglass@contoso.com"},
	})
	return fake, NewOutlet(api, gate, slog.New(slog.DiscardHandler)), gate
}

// TestWhatAChannelMayHold is the first half of the table: every kind of channel and every content.
func TestWhatAChannelMayHold(t *testing.T) {
	t.Parallel()
	for channel, may := range map[string]string{
		"C0FULL":       "runbook paste directory row desk actors",
		"C0SUPPORT":    "runbook paste desk", // public, and named by the operator for agents' posts: who changed what is not for it
		"C0NONE":       "runbook",
		"C0PUBLICFULL": "runbook paste",
		"C0PENDING":    "runbook paste",
		"C0SHARED":     "runbook paste",
		"C0IDENTITY":   "runbook paste desk actors",
		"C0AGENTS":     "runbook paste", // private, but not listed
	} {
		for name, holds := range contents {
			fake, out, _ := viewers(t)
			_, _, err := out.Post(t.Context(), Place{Channel: channel}, handlers.Message{Text: "it says " + name, Holds: holds}, nil)
			want := strings.Contains(" "+may+" ", " "+name+" ")
			posted := len(fake.Messages(channel)) == 1
			if posted != want || (err == nil) != want || err != nil && !errors.Is(err, errWithheld) {
				t.Errorf("%s in %s: posted %v, want %v (%v)", name, channel, posted, want, err)
			}
		}
	}
}

// TestWhatAPersonMayRead is the other half: every kind of person in every kind of channel, and every content.
func TestWhatAPersonMayRead(t *testing.T) {
	t.Parallel()
	const everybody, agent, affected = "runbook paste", "runbook paste directory row desk actors", "runbook paste directory"
	for _, row := range []struct{ who, channel, may string }{
		{"U0ALICE", "C0FULL", agent}, {"U0ALICE", "C0SUPPORT", agent}, {"U0ALICE", "C0SHARED", agent},
		{"U0ALICE", "C0NONE", "runbook paste desk actors"}, // nobody is shown a person there
		{"U0DAVE", "C0SUPPORT", affected}, {"U0DAVE", "C0FULL", affected}, {"U0DAVE", "C0NONE", everybody},
		{"U0BOB", "C0SUPPORT", everybody}, {"U0BOB", "C0FULL", everybody}, {"U0BOB", "C0SHARED", everybody}, {"U0BOB", "C0NONE", everybody},
		{"U0GUEST", "C0SUPPORT", everybody}, {"U0GUEST", "C0FULL", everybody}, {"U0ERIN", "C0SHARED", everybody}, {"U0ERIN", "C0MIXED", everybody},
	} {
		for name, holds := range contents {
			fake, out, _ := viewers(t)
			err := out.Whisper(t.Context(), Place{Channel: row.channel}, Person{ID: row.who, Home: "T0CONTOSO"}, handlers.Message{Text: "it says " + name, Holds: holds})
			if err != nil {
				t.Fatalf("%s to %s in %s: %v", name, row.who, row.channel, err)
			}
			shown := fake.Ephemerals(row.who)
			want := strings.Contains(" "+row.may+" ", " "+name+" ")
			if got := len(shown) == 1 && shown[0].Text == "it says "+name; got != want || len(shown) != 1 {
				t.Errorf("%s to %s in %s: shown %v, want %v: %+v", name, row.who, row.channel, got, want, shown)
			}
		}
	}
}

func TestAViewIsHeldAgainstItsReader(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ who, may string }{
		{"U0ALICE", "runbook paste directory row desk actors"}, {"U0DAVE", "runbook paste directory"}, {"U0BOB", "runbook paste"}, {"U0GUEST", "runbook paste"},
	} {
		for name, holds := range contents {
			fake, out, _ := viewers(t)
			home := &slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
				slack.NewSectionBlock(slack.NewTextBlockObject(slack.PlainTextType, "it says "+name, false, false), nil, nil)}}}
			err := out.Publish(t.Context(), Person{ID: row.who, Home: "T0CONTOSO"}, handlers.Screen{Home: home, Holds: holds})
			_, shown := fake.Home(row.who)
			if want := strings.Contains(" "+row.may+" ", " "+name+" "); shown != want || (err == nil) != want {
				t.Errorf("%s to %s: shown %v, want %v (%v)", name, row.who, shown, want, err)
			}
		}
	}
}

func TestAnExternalWhoSaysSoIsShownNothing(t *testing.T) {
	t.Parallel()
	fake, out, _ := viewers(t)
	// The interaction names another workspace, whatever the look-up of the person would tell.
	err := out.Whisper(t.Context(), Place{Channel: "C0SHARED"}, Person{ID: "U0ALICE", Home: "T0CONTOSO", Team: "T0FABRIKAM"}, handlers.Message{Text: "directory", Holds: contents["directory"]})
	if shown := fake.Ephemerals("U0ALICE"); err != nil || len(shown) != 1 || shown[0].Text != forAgentsSays {
		t.Errorf("%v %+v", err, shown)
	}
}

func TestAChannelThatBecomesSharedHoldsNoMoreFromThen(t *testing.T) {
	t.Parallel()
	fake, out, gate := viewers(t)
	post := func() error {
		_, _, err := out.Post(t.Context(), Place{Channel: "C0FULL"}, handlers.Message{Text: "directory", Holds: contents["directory"]}, nil)
		return err
	}
	if err := post(); err != nil {
		t.Fatal(err)
	}
	ts := fake.Messages("C0FULL")[0].TS
	fake.ShareChannel("C0FULL", "T0FABRIKAM")
	gate.Forget("C0FULL") // as the event does
	edit := out.Edit(t.Context(), Place{Channel: "C0FULL"}, ts, handlers.Message{Text: "directory again", Holds: contents["directory"]})
	if err := post(); !errors.Is(err, errWithheld) || !errors.Is(edit, errWithheld) {
		t.Errorf("post %v, edit %v", err, edit)
	}
	// The event of a message says so before any look-up does.
	fake.UnshareChannel("C0FULL", "T0FABRIKAM")
	gate.Forget("C0FULL")
	if _, _, err := out.Post(t.Context(), Place{Channel: "C0FULL", Shared: true}, handlers.Message{Text: "directory", Holds: contents["directory"]}, nil); !errors.Is(err, errWithheld) {
		t.Errorf("with the event's word: %v", err)
	}
}

func TestALookupThatFailsCountsAsNo(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"conversations.info", "users.info", "usergroups.users.list"} {
		fake, out, _ := viewers(t)
		fake.Fail(method, 50, slackfake.Fault{Error: "internal_error"})
		_, _, posted := out.Post(t.Context(), Place{Channel: "C0FULL"}, handlers.Message{Text: "directory", Holds: contents["directory"]}, nil)
		if want := method == "conversations.info"; errors.Is(posted, errWithheld) != want {
			t.Errorf("%s: %v", method, posted)
		}
		if err := out.Whisper(t.Context(), Place{Channel: "C0SUPPORT"}, Person{ID: "U0ALICE", Home: "T0CONTOSO"}, handlers.Message{Text: "directory", Holds: contents["directory"]}); err != nil {
			t.Fatal(err)
		}
		shown := fake.Ephemerals("U0ALICE")
		if want := method == "conversations.info"; len(shown) != 1 || (shown[0].Text == "directory") != want {
			t.Errorf("%s: %+v", method, shown)
		}
	}
}

func TestNoPlaceIsShownSecretsOrProtectedAccounts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"protected":          "The account BreakGlass@contoso.com is locked.",
		"a client secret":    "client_secret=Abc8Q~xT2v0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o",
		"a token in a block": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiIwMDAwIiwiaXNzIjoiaHR0cHM6Ly9zdHMifQ.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl",
	} {
		fake, out, _ := viewers(t)
		m := handlers.Message{Text: "hello", Blocks: []slack.Block{slack.NewSectionBlock(slack.NewTextBlockObject(slack.PlainTextType, text, false, false), nil, nil)}}
		if _, _, err := out.Post(t.Context(), Place{Channel: "C0FULL"}, m, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := out.Whisper(t.Context(), Place{Channel: "C0FULL"}, Person{ID: "U0ALICE", Home: "T0CONTOSO"}, handlers.Message{Text: text}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, sent := range fake.Sent() {
			if strings.Contains(strings.ToLower(sent.Text), strings.ToLower(text[:20])) {
				t.Errorf("%s left by %s: %s", name, sent.Method, sent.Text)
			}
		}
		if got := fake.Messages("C0FULL"); len(got) != 1 || got[0].Text != withheldSays {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAnAcknowledgementHoldsNoDirectoryData(t *testing.T) {
	t.Parallel()
	_, out, _ := viewers(t)
	for name, holds := range contents {
		a := out.Ack(handlers.Message{Text: "it says " + name, Holds: holds}).(*answer)
		if want := name == "runbook" || name == "paste"; (a.Text == "it says "+name) != want || a.Type != "ephemeral" {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestWhoLeftTheAgentsIsShownNoMore(t *testing.T) {
	t.Parallel()
	options := slackfake.Contoso()
	fake := slackfake.New(options)
	t.Cleanup(fake.Close)
	api := NewSlack(fake.BotToken(), "", fake.APIURL(), nil)
	show := func(gate *handlers.Gate) string {
		out := NewOutlet(api, gate, slog.New(slog.DiscardHandler))
		if err := out.Whisper(t.Context(), Place{Channel: "C0SUPPORT"}, Person{ID: "U0ALICE", Home: "T0CONTOSO"}, handlers.Message{Text: "directory", Holds: contents["directory"]}); err != nil {
			t.Fatal(err)
		}
		all := fake.Ephemerals("U0ALICE")
		return all[len(all)-1].Text
	}
	policy := handlers.Policy{Agents: []string{"S0HELPDESK"}}
	if got := show(handlers.NewGate(api, policy)); got != "directory" {
		t.Fatalf("as an agent: %s", got)
	}
	fake.SetGroup("S0HELPDESK", "U0CAROL")
	if got := show(handlers.NewGate(api, policy)); got != forAgentsSays {
		t.Errorf("after leaving: %s", got)
	}
}
