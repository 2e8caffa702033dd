package bot

import (
	"testing"
	"time"

	"signpost/bot/slackfake"
	"signpost/bot/store"
)

// TestAReactionNeverKeepsAnAnswer holds that whatever becomes of reactions, answers and clicks do what they should.
func TestAReactionNeverKeepsAnAnswer(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault slackfake.Fault
		again bool // is it tried at the next occasion?
	}{
		"the scope is missing":   {slackfake.Fault{Error: "missing_scope"}, false},
		"Slack asks to wait":     {slackfake.Fault{RetryAfter: 40 * time.Second}, true},
		"a fault of Slack's":     {slackfake.Fault{Status: 500}, true},
		"the message is gone":    {slackfake.Fault{Error: "message_not_found"}, true},
		"it is there already":    {slackfake.Fault{Error: "already_reacted"}, true},
		"too many are there":     {slackfake.Fault{Error: "too_many_reactions"}, true},
		"the connection is lost": {slackfake.Fault{Drop: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
			fake.Fail("reactions.add", 1, row.fault)
			id, ts := openCase(t, fake, queue, paste50076)
			if err := w.Answer(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			c, err := w.Store.Case(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			k := Click{User: "U0ALICE", Team: "T0CONTOSO", Channel: privateChannel, MessageTS: c.ReplyTS, ThreadTS: ts, Action: "solved", Key: c.OnceKey}
			if err := w.Clicked(t.Context(), k); err != nil {
				t.Fatal(err)
			}
			got := fake.Reactions(privateChannel, ts)
			if again := len(got) == 1 && got[0].Name == "white_check_mark"; again != row.again {
				t.Errorf("reactions %+v", got)
			}
			if !row.again && len(fake.Calls("reactions.add")) != 1 {
				t.Errorf("%d tries", len(fake.Calls("reactions.add")))
			}
			if c, err = w.Store.Case(t.Context(), id); err != nil || c.Outcome != store.Solved {
				t.Errorf("the outcome is %q, %v", c.Outcome, err)
			}
		})
	}
}

func TestReactionsFollowTheOutcome(t *testing.T) {
	t.Parallel()
	fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
	id, ts := openCase(t, fake, queue, paste50076)
	if err := w.Answer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		outcome store.Outcome
		want    string
	}{{"", "eyes"}, {store.HandedOver, "rotating_light"}, {store.Solved, "white_check_mark"}} {
		if step.outcome != "" {
			if _, err := w.Store.SetOutcome(t.Context(), id, step.outcome, "U0ALICE"); err != nil {
				t.Fatal(err)
			}
		}
		w.react(t.Context(), id)
		if got := fake.Reactions(privateChannel, ts); len(got) != 1 || got[0].Name != step.want {
			t.Errorf("with outcome %q: %+v", step.outcome, got)
		}
	}
	if err := w.Thread.Out.Unreact(t.Context(), privateChannel, ts); err != nil {
		t.Fatal(err)
	}
	if got := fake.Reactions(privateChannel, ts); len(got) != 0 {
		t.Errorf("left are %+v", got)
	}
}

func TestRetentionTakesTheReactionAwayToo(t *testing.T) {
	t.Parallel()
	fake, w, queue, _ := newWorker(t, &directory{}, time.Now)
	id, ts := openCase(t, fake, queue, paste50076)
	if err := w.Answer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if n := len(fake.Reactions(privateChannel, ts)); n != 1 {
		t.Fatalf("%d reactions", n)
	}
	for _, limited := range []bool{true, false} {
		replies, err := w.Store.Purge(t.Context(), time.Now().Add(time.Hour))
		if err != nil || len(replies) != 1 {
			t.Fatalf("%+v, %v", replies, err)
		}
		if limited { // then the case is kept for another try
			fake.Fail("reactions.remove", 1, slackfake.Fault{RetryAfter: time.Minute})
		}
		done, err := deleteReplies(t.Context(), w.Store, w.Thread.Out, replies)
		if limited != rateLimited(err) || !limited && done != 1 {
			t.Errorf("%d done, %v", done, err)
		}
	}
	if got := fake.Reactions(privateChannel, ts); len(got) != 0 {
		t.Errorf("left are %+v", got)
	}
	if n := len(fake.Calls("reactions.remove")); n != 2 {
		t.Errorf("%d reactions were taken away, want the one that is there", n-1)
	}
}
