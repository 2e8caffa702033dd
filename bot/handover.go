package bot

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
	"signpost/runbooks"
)

// handOverType marks the posts of hand-overs, as metadataType does answers.
const handOverType = "signpost_handover"

// handOverStale is when a hand-over that was begun and neither ended nor failed counts as left by a dead process. It is longer
// than anything in the background may take.
const handOverStale = backgroundFor + 15*time.Second

// handedPost is where a hand-over has come, as it is kept in a cursor: "begun UNIX", "failed", "unsure" (Slack's answer was
// lost), "done TS LEVEL". LEVEL is what the post was composed with.
type handedPost struct {
	TS    string
	Level handlers.Details
}

func handOverCursor(id int64) string { return fmt.Sprintf("escalate %d", id) }

// handed is the post that told of a case, without a ts where there is none.
func (w *Worker) handed(ctx context.Context, id int64) (handedPost, error) {
	v, err := w.Store.Cursor(ctx, handOverCursor(id))
	if err != nil {
		return handedPost{}, err
	}
	parts := append(strings.Fields(v), "", "", "")
	if parts[0] != "done" {
		return handedPost{}, nil
	}
	return handedPost{TS: parts[1], Level: handlers.Details(parts[2])}, nil
}

// claimHandOver takes the hand-over of a case for one caller. look says that an earlier try may have posted already.
func (w *Worker) claimHandOver(ctx context.Context, id int64) (mine, look bool, err error) {
	name := handOverCursor(id)
	was, err := w.Store.Cursor(ctx, name)
	if err != nil {
		return false, false, err
	}
	state, since, _ := strings.Cut(was, " ")
	switch state {
	case "", "failed":
	case "unsure":
		look = true
	case "begun":
		at, err := strconv.ParseInt(since, 10, 64)
		if err == nil && w.Now().Sub(time.Unix(at, 0)) < handOverStale {
			return false, false, nil
		}
		look = true
	default: // done
		return false, false, nil
	}
	mine, err = w.Store.MoveCursor(ctx, name, was, fmt.Sprintf("begun %d", w.Now().Unix()))
	return mine, look, err
}

// handOver hands a case to the escalation channel, once: one post with everything that the channel may hold, at first without the
// diagnosis, which is edited in. What went wrong is told to whoever pressed, who can press again.
func (w *Worker) handOver(ctx context.Context, k Click, c store.Case) error {
	switch {
	case w.Escalate == "":
		return w.whisper(ctx, k, "No escalation channel is configured (slack.escalate). Ask the identity team directly.")
	case c.Outcome == store.Solved:
		return cmp.Or(w.settle(ctx, c, k), w.whisper(ctx, k, solvedAlready))
	}
	mine, look, err := w.claimHandOver(ctx, c.ID)
	if err != nil {
		return err
	}
	if !mine {
		return w.whisper(ctx, k, "This error has been handed over already.")
	}
	h, post, err := w.postHandOver(ctx, k, c, look)
	if err != nil {
		state := "unsure"
		if refused(err) {
			state = "failed"
		}
		if undo := w.Store.SetCursor(context.WithoutCancel(ctx), handOverCursor(c.ID), state); undo != nil {
			return undo
		}
		w.Log.Error("post to the escalation channel", "case", c.ID, "error", err)
		return w.whisper(ctx, k, "The escalation channel could not be reached, so nothing was handed over. Try again in a minute, "+
			"or ask the identity team directly.")
	}
	if err := w.Store.SetCursor(context.WithoutCancel(ctx), handOverCursor(c.ID), "done "+post.TS+" "+string(post.Level)); err != nil {
		return err
	}
	if err := w.Store.KeepPost(ctx, store.Post{Channel: w.Escalate, TS: post.TS, Case: c.ID}); err != nil {
		return err
	}
	if _, err := w.Store.SetOutcome(ctx, c.ID, store.HandedOver, k.User); err != nil {
		return err
	}
	settled := w.settle(ctx, c, k)
	w.react(ctx, c.ID)
	if post.Level == handlers.Full {
		if err := w.diagnoseHandOver(ctx, k, c, h, post); err != nil {
			w.Log.Warn("add the diagnosis to a hand-over", "case", c.ID, "error", err)
		}
	}
	return settled
}

// handOverLevel is what the post may hold: what the escalation channel may, and nothing but the runbook where the thread's
// channel says that nobody is told more.
func (w *Worker) handOverLevel(ctx context.Context, c store.Case) handlers.Details {
	d := w.Gate.Details(ctx, w.Escalate)
	if w.details(ctx, c) == handlers.None || d == handlers.None {
		return handlers.None
	}
	return d
}

// postHandOver posts, or finds what an earlier try has posted.
func (w *Worker) postHandOver(ctx context.Context, k Click, c store.Case, look bool) (handlers.HandOver, handedPost, error) {
	h := handlers.HandOver{By: k.User, Author: c.Author, Place: c.Channel, Posted: c.Created, Link: c.Permalink}
	post := handedPost{Level: w.handOverLevel(ctx, c)}
	if h.Link == "" {
		link, err := w.Thread.Slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: c.Channel, Ts: c.MessageTS})
		if err != nil {
			return h, post, fmt.Errorf("link to the thread: %w", err)
		}
		h.Link = link
	}
	_, q, err := w.open(ctx, c.ID)
	if err != nil {
		return h, post, err
	}
	if look {
		if post.TS, err = w.Thread.inChannel(ctx, w.Escalate, handOverType, c.OnceKey, c.Created); err != nil {
			return h, post, fmt.Errorf("look for an earlier hand-over: %w", err)
		}
		if post.TS != "" {
			return h, post, nil
		}
	}
	level := post.Level
	if level == handlers.Full {
		level = handlers.Agents // until it is read
	}
	m := w.drawHandOver(ctx, c, h, w.Desk.Offline(q.Within(level)), handlers.View{Details: level, Protected: w.Desk.Names(q)})
	post.TS, _, err = w.Thread.Out.Post(ctx, Place{Channel: w.Escalate}, m, mark(handOverType, c.OnceKey))
	return h, post, err
}

// drawHandOver is the post as it stands now, with its own buttons.
func (w *Worker) drawHandOver(ctx context.Context, c store.Case, h handlers.HandOver, d runbooks.Diagnosis, v handlers.View) handlers.Message {
	v.Protected = v.Protected || w.Desk.Protected(d)
	if !v.Protected && v.Details != handlers.None {
		if h.Affected = d.Report.Subject.User; h.Affected == "" {
			h.Affected = handlers.Question{Errors: d.Errors}.Named()
		}
		h.Assumed = d.Report.Subject.From == facts.FromReporter
	}
	h.Given = v.Details == w.details(ctx, c)
	return h.Draw(handlers.Compose(d, v), handlers.Buttons{
		Key: c.OnceKey, Show: v.Details == handlers.Agents && w.Desk.Tenant != nil && !v.Protected, Ended: w.handOverEnded(ctx, c, v.Details),
	})
}

// handOverEnded is the line of a hand-over that is solved; that it was handed over its first line says.
func (w *Worker) handOverEnded(ctx context.Context, c store.Case, details handlers.Details) string {
	if c.Outcome != store.Solved {
		return ""
	}
	return w.ended(ctx, c, details)
}

// diagnoseHandOver reads the tenant and edits the diagnosis into the post, if the channel may still hold it then.
func (w *Worker) diagnoseHandOver(ctx context.Context, k Click, c store.Case, h handlers.HandOver, post handedPost) error {
	_, q, err := w.open(ctx, c.ID)
	if err != nil || w.Desk.Tenant == nil || w.Desk.Names(q) {
		return err
	}
	q.Reporter = w.Gate.Email(ctx, c.Author, c.Team)
	reading, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	d := w.Desk.Diagnose(reading, q, nil)
	asked := c
	asked.Author, asked.Channel = k.User, w.Escalate
	w.audit(ctx, asked, d)
	if w.handOverLevel(ctx, c) != handlers.Full {
		return nil
	}
	v := handlers.View{Details: handlers.Full, Earlier: w.earlier(ctx, c), Trust: w.trust(ctx, d)}
	defer w.edits.lock(c.ID)()
	return w.steady(ctx, c, func(c store.Case) error {
		return outcome("edit a hand-over", w.Thread.Out.Edit(ctx, Place{Channel: w.Escalate}, post.TS, w.drawHandOver(ctx, c, h, d, v)))
	})
}

// settleHandOver takes the buttons from the post of a case that is solved, and says so there. Where the channel may no longer hold
// what the post does, it is composed anew.
func (w *Worker) settleHandOver(ctx context.Context, c store.Case, k Click) error {
	if c.Outcome != store.Solved || w.Escalate == "" {
		return nil
	}
	post, err := w.handed(ctx, c.ID)
	if err != nil || post.TS == "" {
		return err
	}
	level := w.handOverLevel(ctx, c)
	var m handlers.Message
	if post.Level == handlers.Full && level != handlers.Full || level == handlers.None {
		_, q, err := w.open(ctx, c.ID)
		if err != nil {
			return err
		}
		h := handlers.HandOver{Author: c.Author, Place: c.Channel, Posted: c.Created, Link: c.Permalink}
		m = w.drawHandOver(ctx, c, h, w.Desk.Offline(q.Within(level)), handlers.View{Details: level, Protected: w.Desk.Names(q)})
	} else {
		text, blocks, err := w.standing(ctx, w.Escalate, "", post.TS, k)
		if err != nil {
			return ungone(outcome("read a hand-over", err))
		}
		b := handlers.Buttons{Key: c.OnceKey, Handed: true, Ended: w.ended(ctx, c, level)}
		m, err = handlers.Settle(text, blocks, b, handlers.Content{Level: post.Level})
		if err != nil {
			return err
		}
	}
	return ungone(outcome("edit a hand-over", w.Thread.Out.Edit(ctx, Place{Channel: w.Escalate}, post.TS, m)))
}
