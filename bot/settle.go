package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks"
)

// settleTries bounds how often a message is drawn again because its case changed while it was sent.
const settleTries = 3

// editLocks let one at a time edit the messages of a case. Between processes the case is read again after each edit.
type editLocks [64]sync.Mutex

func (l *editLocks) lock(id int64) (unlock func()) {
	m := &l[uint64(id)%uint64(len(l))]
	m.Lock()
	return m.Unlock
}

// sameEnd reports whether nothing of what a message says about the end of its case has changed.
func sameEnd(a, b store.Case) bool {
	return a.Outcome == b.Outcome && a.OutcomeBy == b.OutcomeBy && a.OutcomeAt.Equal(b.OutcomeAt) && a.Fixed == b.Fixed && a.FixedCause == b.FixedCause
}

// ended is the line that says how a case ended, for a place with these details; "" while it is open.
func (w *Worker) ended(ctx context.Context, c store.Case, details handlers.Details) string {
	if c.Outcome == "" {
		return ""
	}
	e := handlers.Ended{Solved: c.Outcome == store.Solved, By: c.OutcomeBy, At: c.OutcomeAt, Seen: c.OutcomeBy == "" && details == handlers.Full}
	if c.HasFix() {
		e.Fix = handlers.FixSays(w.Desk.Book.Lookup(c.Primary), c.FixedCause, c.Fixed)
	}
	if e.Solved && e.By != "" {
		errs, err := recall(c.Errors)
		if until := c.OutcomeAt.Add(watchFor()); err == nil && w.Now().Before(until) && w.watches(ctx, c, handlers.Question{Errors: errs}) {
			e.Watched = until
		}
	}
	return e.Line()
}

// put edits a diagnosis into the case's answer as the case stands now, and once more where it ended meanwhile: facts that come
// late never bring buttons back.
func (w *Worker) put(ctx context.Context, c store.Case, d runbooks.Diagnosis, v handlers.View) error {
	defer w.edits.lock(c.ID)()
	return w.steady(ctx, c, func(c store.Case) error { return w.Thread.Edit(ctx, c, w.draw(ctx, c, d, v)) })
}

// steady does an edit with the case as it is, until it has not changed meanwhile. A case that is gone is left alone.
func (w *Worker) steady(ctx context.Context, c store.Case, edit func(store.Case) error) error {
	for range settleTries {
		now, err := w.Store.Case(ctx, c.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && now.State == store.Expired {
			return nil
		}
		if err != nil {
			return err
		}
		now.ReplyTS = cmp.Or(now.ReplyTS, c.ReplyTS)
		if err := edit(now); err != nil {
			return err
		}
		after, err := w.Store.Case(ctx, c.ID)
		if err != nil || sameEnd(now, after) {
			return nil // what cannot be read now is drawn right by the next edit
		}
	}
	return nil
}

// settle brings every message of a case up to date after it ended: the answer in its thread and the hand-over. k is the click
// that ended it, the zero Click where none did. A message that somebody deleted is left alone.
func (w *Worker) settle(ctx context.Context, c store.Case, k Click) error {
	defer w.edits.lock(c.ID)()
	if c.ReplyTS == "" && k.Channel == c.Channel && k.ThreadTS != "" { // pressed before the answer's receipt was written down
		c.ReplyTS = k.MessageTS
	}
	return w.steady(ctx, c, func(c store.Case) error {
		_, q, err := w.open(ctx, c.ID)
		if err != nil {
			return err
		}
		answer := w.settleAnswer(ctx, c, q, k)
		return errors.Join(answer, w.settleHandOver(ctx, c, k))
	})
}

// settleAnswer draws how the case ended into its answer. Where the thread may hold no diagnosis the answer is composed anew;
// where it may, the diagnosis is the one that stands there.
func (w *Worker) settleAnswer(ctx context.Context, c store.Case, q handlers.Question, k Click) error {
	if c.ReplyTS == "" {
		return nil
	}
	details := w.details(ctx, c)
	brief, err := w.Store.Cursor(ctx, fmt.Sprintf("storm answer %d", c.ID))
	if err != nil {
		return err
	}
	holds := handlers.Content{Level: handlers.Full}
	switch {
	case brief != "":
		holds = handlers.Content{} // the short answer during a storm is the runbook's
	case details != handlers.Full:
		v := handlers.View{Details: details, Protected: w.Desk.Names(q)}
		return ungone(w.Thread.Edit(ctx, c, w.draw(ctx, c, w.Desk.Offline(q.Within(details)), v)))
	}
	text, blocks, err := w.standing(ctx, c.Channel, c.ThreadTS, c.ReplyTS, k)
	if err != nil {
		return ungone(outcome("read the answer", err))
	}
	m, err := handlers.Settle(text, blocks, handlers.Buttons{Key: c.OnceKey, Feedback: brief == "", Ended: w.ended(ctx, c, details)}, holds)
	if err != nil {
		return err
	}
	return ungone(w.Thread.Edit(ctx, c, m))
}

// ungone drops the error of a message that is not there any more.
func ungone(err error) error {
	if gone(err) {
		return nil
	}
	return err
}

// standing is a message of ours as it stands in Slack or, where Slack does not tell, as it stood when it was clicked.
// https://docs.slack.dev/reference/methods/conversations.replies, https://docs.slack.dev/reference/methods/conversations.history
func (w *Worker) standing(ctx context.Context, channel, thread, ts string, k Click) (text string, blocks json.RawMessage, err error) {
	var all []slack.Message
	if thread != "" {
		all, _, _, err = w.Thread.Slack.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Oldest: ts, Latest: ts, Inclusive: true, Limit: 2, // the parent comes along
		})
	} else {
		var h *slack.GetConversationHistoryResponse
		h, err = w.Thread.Slack.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: channel, Oldest: ts, Latest: ts, Inclusive: true, Limit: 1,
		})
		if err == nil {
			all = h.Messages
		}
	}
	for _, m := range all {
		if m.Timestamp == ts {
			blocks, err := json.Marshal(m.Blocks)
			return m.Text, blocks, err
		}
	}
	if k.Channel == channel && k.MessageTS == ts {
		return k.Text, k.Blocks, nil
	}
	return "", nil, cmp.Or(err, error(slack.SlackErrorResponse{Err: "message_not_found"}))
}

// likely remembers for a while which causes were confirmed or possible in cases whose threads show them, so that they come first
// when somebody says what fixed it. A restart forgets them, which only changes an order.
type likely struct {
	mu    sync.Mutex
	ids   map[int64][]string
	order []int64
}

const maxLikely = 500

func (l *likely) set(id int64, d runbooks.Diagnosis) {
	var ids []string
	for _, v := range []runbooks.Verdict{runbooks.Confirmed, runbooks.Possible} {
		for _, f := range d.With(v) {
			ids = append(ids, f.ID)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ids == nil {
		l.ids = map[int64][]string{}
	}
	if _, known := l.ids[id]; !known {
		l.order = append(l.order, id)
	}
	l.ids[id] = ids
	if len(l.order) > maxLikely {
		delete(l.ids, l.order[0])
		l.order = l.order[1:]
	}
}

func (l *likely) get(id int64) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ids[id]
}
