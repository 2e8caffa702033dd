package bot

import (
	"cmp"
	"context"
	"strings"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
)

// tell posts an incident once, and edits the post after that. Only whoever holds the incident may call it.
func (s *Storms) tell(ctx context.Context, id int64) error {
	i, err := s.Store.Incident(ctx, id)
	if err != nil || !i.Ended.IsZero() {
		return err
	}
	m, err := s.draw(ctx, i)
	if err != nil {
		return err
	}
	if i.PostState == store.Posted {
		if err := s.Thread.Out.Edit(ctx, Place{Channel: i.Channel}, i.TS, m.Draw()); err != nil {
			return outcome("edit an incident", err)
		}
		return s.Store.SetIncidentTold(ctx, id, i.People)
	}
	first, err := s.Store.ClaimIncidentPost(ctx, id)
	if err != nil {
		return err
	}
	ts := ""
	if !first { // an earlier try may have posted it
		if ts, err = s.Thread.inChannel(ctx, i.Channel, stormType, i.OnceKey, i.Started); err != nil {
			return outcome("look for an earlier incident post", err)
		}
	}
	if ts == "" {
		if ts, err = s.post(ctx, i, "", i.OnceKey, m.Draw()); err != nil {
			if refused(err) {
				if err := s.Store.UnclaimIncidentPost(context.WithoutCancel(ctx), id); err != nil {
					return err
				}
			}
			return outcome("post an incident", err)
		}
	}
	if err := s.Store.KeepPost(ctx, store.Post{Channel: i.Channel, TS: ts}); err != nil {
		return err
	}
	if err := s.Store.SetIncidentPosted(ctx, id, ts); err != nil {
		return err
	}
	return s.Store.SetIncidentTold(ctx, id, i.People)
}

// end ends an incident that is quiet: its post becomes the summary, and a reply says so to whoever follows it. Only
// whoever holds the incident may call it.
func (s *Storms) end(ctx context.Context, id int64) error {
	i, err := s.Store.Incident(ctx, id)
	if err != nil {
		return err
	}
	if i.Ended.IsZero() {
		if s.Now().Sub(i.Last) < stormQuiet {
			return nil // somebody came meanwhile
		}
		if _, err := s.Store.EndIncident(ctx, id, s.Now()); err != nil {
			return err
		}
		if i, err = s.Store.Incident(ctx, id); err != nil {
			return err
		}
	}
	if i.TS == "" && i.PostState != store.Unposted {
		if i.TS, err = s.Thread.inChannel(ctx, i.Channel, stormType, i.OnceKey, i.Started); err != nil {
			return outcome("look for an earlier incident post", err)
		}
		if i.TS != "" {
			if err := s.Store.KeepPost(ctx, store.Post{Channel: i.Channel, TS: i.TS}); err != nil {
				return err
			}
		}
	}
	if i.TS != "" {
		m, err := s.draw(ctx, i)
		if err != nil {
			return err
		}
		if err := s.Thread.Out.Edit(ctx, Place{Channel: i.Channel}, i.TS, m.Draw()); err != nil && !gone(err) {
			return outcome("edit an incident", err)
		}
		if err := s.reply(ctx, i, i.OnceKey+"-end", m.Over()); err != nil && !gone(err) {
			return outcome("tell the end of an incident", err)
		}
	}
	return s.Store.CloseIncident(ctx, id)
}

// post sends a message of the incident, marked with id.
func (s *Storms) post(ctx context.Context, i store.Incident, thread, id string, m handlers.Message) (string, error) {
	ts, parent, err := s.Thread.Out.Post(ctx, Place{Channel: i.Channel, Thread: thread}, m, mark(stormType, id))
	if err == nil && thread != "" && parent == "" { // somebody deleted the post, and does not want its thread at the top of the channel
		return "", s.Thread.Out.Delete(ctx, i.Channel, ts)
	}
	return ts, err
}

// reply posts into the thread of the incident's post, once.
func (s *Storms) reply(ctx context.Context, i store.Incident, id string, m handlers.Message) error {
	ts, err := s.Thread.inThread(ctx, i.Channel, i.TS, "", stormType, id)
	if err != nil {
		return err
	}
	if ts == "" {
		if ts, err = s.post(ctx, i, i.TS, id, m); err != nil || ts == "" {
			return err
		}
	}
	return s.Store.KeepPost(ctx, store.Post{Channel: i.Channel, TS: ts})
}

// shownCases bounds the cases that a post looks at: more threads than it links, so that what fixed them is counted well.
const shownCases = 200

// draw is an incident as it is told now.
func (s *Storms) draw(ctx context.Context, i store.Incident) (handlers.Incident, error) {
	cases, err := s.Store.IncidentCases(ctx, i.ID, shownCases)
	if err != nil {
		return handlers.Incident{}, err
	}
	book := s.Desk.Book.Lookup(i.Code)
	m := handlers.Incident{
		Runbook: book, Kind: i.Kind, Value: i.Value, People: i.People, Cases: i.Cases, Started: i.Started, Last: i.Last, Ended: i.Ended,
	}
	var fixes fixTally
	for n, c := range cases {
		if c.Outcome == store.Solved {
			m.Solved++
		}
		if c.HasFix() {
			fixes.add(c.FixedCause, handlers.FixSays(book, c.FixedCause, c.Fixed))
		}
		if i.Kind == store.KeyApp && m.Name == "" {
			m.Name = appName(c, i.Value)
		}
		if n < handlers.MaxThreads {
			m.Threads = append(m.Threads, handlers.IncidentThread{Channel: c.Channel, Link: s.permalink(ctx, c), At: c.Created, Solved: c.Outcome == store.Solved})
		}
	}
	m.Fix, m.FixedBy, m.Known = fixes.most()
	return m, nil
}

// permalink is the address of a case's message, "" where Slack does not give one. It is asked for once a case.
// https://docs.slack.dev/reference/methods/chat.getPermalink
func (s *Storms) permalink(ctx context.Context, c store.Case) string {
	if c.Permalink != "" {
		return c.Permalink
	}
	link, err := s.Thread.Slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: c.Channel, Ts: c.MessageTS})
	if err != nil {
		s.Log.Warn("link to a thread", "case", c.ID, "error", err)
		return ""
	}
	if err := s.Store.SetPermalink(ctx, c.ID, link); err != nil {
		s.Log.Warn("keep a link to a thread", "case", c.ID, "error", err)
	}
	return link
}

// appName is the name that a case's errors give to an app, "" for none.
func appName(c store.Case, id string) string {
	errs, err := recall(c.Errors)
	if err != nil {
		return ""
	}
	for _, e := range errs {
		if e.AppName != "" && strings.EqualFold(e.AppID, id) {
			return e.AppName
		}
	}
	return ""
}

// fixTally counts what fixed cases, newest first.
type fixTally struct {
	says  map[string]string
	count map[string]int
	order []string
	known int
}

func (t *fixTally) add(cause, says string) {
	if says == "" {
		return
	}
	if t.count == nil {
		t.says, t.count = map[string]string{}, map[string]int{}
	}
	key := cmp.Or(cause, "\x00"+strings.TrimRight(strings.ToLower(strings.Join(strings.Fields(says), " ")), ".! "))
	if t.count[key] == 0 {
		t.says[key] = says
		t.order = append(t.order, key)
	}
	t.count[key]++
	t.known++
}

// most is what fixed the most cases, how many, and of how many it is known.
func (t *fixTally) most() (says string, by, known int) {
	for _, key := range t.order {
		if t.count[key] > by {
			says, by = t.says[key], t.count[key]
		}
	}
	return says, by, t.known
}

// last is what fixed the latest case, and how many of the cases it fixed.
func (t *fixTally) last() (says string, by int) {
	if len(t.order) == 0 {
		return "", 0
	}
	return t.says[t.order[0]], t.count[t.order[0]]
}
