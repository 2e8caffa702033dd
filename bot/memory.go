package bot

import (
	"context"
	"slices"

	"signpost/bot/store"
	"signpost/handlers"
)

// earlierDays is how far back earlier cases are remembered, unless the retention is shorter.
const earlierDays = 30

// maxEarlier bounds the earlier cases that are looked at.
const maxEarlier = 200

// earlier says in one line what our own cases with the same code tell, best those with the same app, policy or domain. It
// holds nothing about people, and is "" where there is none or the database does not answer.
func (w *Worker) earlier(ctx context.Context, c store.Case) string {
	if c.ID == 0 || c.Primary == 0 {
		return ""
	}
	days := earlierDays
	if w.Remember > 0 {
		days = min(days, w.Remember)
	}
	full, err := w.Store.Case(ctx, c.ID) // the keys may have been learned meanwhile
	if err != nil {
		return ""
	}
	q := store.EarlierQuery{Team: c.Team, Code: c.Primary, Keys: full.Keys, Before: c.ID, Since: w.Now().AddDate(0, 0, -days), Most: maxEarlier}
	list, n, err := w.Store.Earlier(ctx, q)
	if err != nil {
		w.Log.Error("look for earlier cases", "case", c.ID, "error", err)
		return ""
	}
	e := handlers.Earlier{Days: days}
	var alike []store.EarlierCase
	if e.With, alike = closest(list); e.With == "" {
		e.Cases = n
	} else {
		e.Cases = len(alike)
	}
	book := w.Desk.Book.Lookup(c.Primary)
	var fixes fixTally
	for _, x := range alike {
		if x.HasFix() {
			fixes.add(x.FixedCause, handlers.FixSays(book, x.FixedCause, x.Fixed))
		}
	}
	e.Fix, e.FixedBy = fixes.last()
	return e.Line()
}

// closest keeps the cases that share the key that says most, newest first, and names its kind; "" and all of them where
// they share the code alone.
func closest(list []store.EarlierCase) (kind string, alike []store.EarlierCase) {
	for _, kind := range specific {
		for _, x := range list {
			for _, k := range x.Shared {
				if k.Kind == kind {
					alike = append(alike, x)
					break
				}
			}
		}
		if len(alike) > 0 {
			newestFirst(alike)
			return kind, alike
		}
	}
	newestFirst(list)
	return "", list
}

func newestFirst(list []store.EarlierCase) {
	slices.SortStableFunc(list, func(a, b store.EarlierCase) int { return b.Created.Compare(a.Created) })
}
