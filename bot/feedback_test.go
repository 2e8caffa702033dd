package bot

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"signpost/bot/slackfake"
	"signpost/handlers"
)

func TestFeedbackIsOneJudgementAPerson(t *testing.T) {
	t.Parallel()
	fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
	id, ts := openCase(t, fake, queue, paste50076)
	if err := w.Answer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	m := fake.Thread(privateChannel, ts)[1]
	key := strings.TrimPrefix(firstFeedback(m), "helpful ")
	for i, press := range []struct {
		user, verb string
	}{{"U0ALICE", "helpful"}, {"U0ALICE", "unhelpful"}, {"U0CAROL", "helpful"}, {"U0CAROL", "nonsense"}} {
		k := Click{User: press.user, Team: "T0CONTOSO", Channel: privateChannel, MessageTS: m.TS, ThreadTS: ts, Action: handlers.ActionFeedback, Key: press.verb + " " + key}
		if err := w.Clicked(t.Context(), k); err != nil {
			t.Fatalf("press %d: %v", i, err)
		}
	}
	got, err := w.Store.BadFeedback(t.Context(), time.Now().Add(-time.Hour), 9)
	if err != nil || len(got) != 1 || got[0].Code != 50076 || got[0].Helpful != 1 || got[0].Unhelpful != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if all := fake.Ephemerals("U0ALICE"); len(all) != 2 || !strings.Contains(all[0].Text, "helped") || !strings.Contains(all[1].Text, "did not help") {
		t.Errorf("they are told %+v", all)
	}
	if after, _ := fake.Message(privateChannel, m.TS); after.Updates != m.Updates {
		t.Error("the answer was edited")
	}
}

func TestAWorkspaceWithoutFeedbackButtonsIsAnsweredAllTheSame(t *testing.T) {
	t.Parallel()
	fake := slackfake.New(slackfake.Contoso())
	t.Cleanup(fake.Close)
	api := NewSlack(fake.BotToken(), "", fake.APIURL(), nil)
	out := NewOutlet(api, handlers.NewGate(api, handlers.Policy{}), slog.New(slog.DiscardHandler))
	page := handlers.Page{Title: "AADSTS50076", Parts: []handlers.Part{{Lines: []string{"what it is"}}}}
	m := page.Draw(&handlers.Buttons{Key: "key", Feedback: true})
	fake.Fail("chat.postMessage", 1, slackfake.Fault{Error: "invalid_blocks"})
	for range 2 {
		ts, _, err := out.Post(t.Context(), Place{Channel: publicChannel}, m, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Edit(t.Context(), Place{Channel: publicChannel}, ts, m); err != nil {
			t.Fatal(err)
		}
		got, _ := fake.Message(publicChannel, ts)
		if s := strings.Join(got.Actions(), " "); s != "solved stuck support" {
			t.Errorf("buttons are %q", s)
		}
	}
	if n := len(fake.Calls("chat.postMessage")); n != 3 {
		t.Errorf("%d posts were tried, want 3", n)
	}
	// Blocks that are refused for another reason stay refused, and teach nothing.
	other := NewOutlet(api, handlers.NewGate(api, handlers.Policy{}), slog.New(slog.DiscardHandler))
	fake.Fail("chat.postMessage", 2, slackfake.Fault{Error: "invalid_blocks"})
	if _, _, err := other.Post(t.Context(), Place{Channel: publicChannel}, m, nil); err == nil || other.feedbackless.Load() {
		t.Errorf("%v, remembered %v", err, other.feedbackless.Load())
	}
}
