package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks"
)

// solve ends a case: it is solved with the click, and the view that opens only asks what fixed it. Whatever becomes of that view,
// the buttons go and a line says who did it.
func (w *Worker) solve(ctx context.Context, k Click, c store.Case) error {
	moved, err := w.Store.SetOutcome(ctx, c.ID, store.Solved, k.User)
	if err != nil {
		return err
	}
	if !moved {
		return errors.Join(w.settle(ctx, c, k), w.whisper(ctx, k, solvedAlready))
	}
	_, q, err := w.open(ctx, c.ID)
	if err != nil {
		return err
	}
	w.askFixed(ctx, k, c, q) // at once: the trigger is good for three seconds
	_, watching := w.watch(ctx, c, q, k.User)
	settled := w.settle(ctx, c, k)
	w.react(ctx, c.ID)
	return errors.Join(watching, settled)
}

const solvedAlready = "This error is marked as solved already."

// askFixed opens the view. Without it, only what fixed the case stays unknown.
func (w *Worker) askFixed(ctx context.Context, k Click, c store.Case, q handlers.Question) {
	if k.Trigger == "" {
		return
	}
	details := w.details(ctx, c)
	var first []string
	if details == handlers.Full { // where the thread shows which they are
		first = w.likely.get(c.ID)
	}
	screen := handlers.AskFixed(c.OnceKey, w.Desk.Offline(q.Within(details)), first)
	if _, err := w.Thread.Out.Open(ctx, k.Trigger, k.person(), screen); err != nil {
		w.Log.Info("could not ask what fixed a case", "case", c.ID, "error", err)
	}
}

// fixed is what somebody submitted of what fixed a case.
type fixed struct {
	by                Person
	key, cause, words string
}

// submitFixed takes the view that asks what fixed a case; what it returns goes into the acknowledgement.
// https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
func (d *Dispatch) submitFixed(ev Event) any {
	f, err := decodeFixed(ev)
	if err != nil {
		d.Log.Warn("read what fixed a case", "error", err)
		return nil
	}
	if d.Gate.Policy().Withholds([]string{f.words}) != "" {
		return slack.NewErrorsViewSubmissionResponse(map[string]string{handlers.FixedWords: "Please write this without account names and secrets."})
	}
	if f.cause == "" && f.words == "" {
		return nil
	}
	d.Back.Go("note what fixed a case", func(ctx context.Context) error { return d.Worker.fixed(ctx, f) })
	return nil
}

func decodeFixed(ev Event) (fixed, error) {
	var p struct {
		User struct {
			ID     string
			TeamID string `json:"team_id"`
		}
		View struct {
			Key   string `json:"private_metadata"`
			State struct {
				Values map[string]map[string]struct {
					Value    string
					Selected struct{ Value string } `json:"selected_option"`
				}
			}
		}
	}
	if err := json.Unmarshal(ev.Raw, &p); err != nil {
		return fixed{}, err
	}
	field := func(block string) (value, chosen string) {
		v := p.View.State.Values[block][handlers.FormValue]
		return v.Value, v.Selected.Value
	}
	words, _ := field(handlers.FixedWords)
	_, cause := field(handlers.FixedCause)
	if cause == handlers.FixedOther {
		cause = ""
	}
	return fixed{
		by: Person{ID: p.User.ID, Team: p.User.TeamID, Home: cmp.Or(ev.TeamID, p.User.TeamID)}, key: p.View.Key, cause: cause, words: handlers.FixWords(words),
	}, nil
}

// fixed notes what fixed a case, and shows it where the case is told of. Who says so is looked up anew.
func (w *Worker) fixed(ctx context.Context, f fixed) error {
	who, err := w.Gate.Reader(ctx, f.by.ID, f.by.Home)
	if err != nil || !who.Inside || f.by.foreign() {
		return err
	}
	c, err := w.Store.CaseByOnceKey(ctx, f.key)
	if errors.Is(err, store.ErrNotFound) || err == nil && c.Outcome != store.Solved {
		return nil // forgotten meanwhile
	}
	if err != nil {
		return err
	}
	book := w.Desk.Book.Lookup(c.Primary)
	if !slices.ContainsFunc(book.Causes, func(x runbooks.Cause) bool { return x.ID == f.cause }) {
		f.cause = ""
	}
	if f.cause == "" && strings.TrimSpace(f.words) == "" {
		return nil
	}
	if err := w.Store.SetFixed(ctx, c.ID, f.cause, f.words); err != nil {
		return err
	}
	return w.settle(ctx, c, Click{})
}
