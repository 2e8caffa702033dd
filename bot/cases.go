package bot

import (
	"context"
	"time"

	"signpost/bot/store"
	"signpost/graph/facts"
)

// casesFor is how far back our own cases are counted.
const casesFor = 24 * time.Hour

// Cases counts our own cases with a code: how many people asked about it lately. It holds nothing of the directory.
func (w *Worker) Cases(ctx context.Context, code int) facts.Fact[facts.Cases] {
	recent, err := w.Store.RecentCases(ctx, code, w.Now().Add(-casesFor))
	if err != nil {
		w.Log.Error("count earlier cases", "error", err)
		return facts.Unread[facts.Cases](facts.Failed, "Signpost's own database could not be read")
	}
	f := facts.Cases{Code: len(recent)}
	people, apps := map[string]bool{}, map[string]bool{}
	for _, c := range recent {
		people[who(c)] = true
		errs, err := recall(c.Errors)
		if err != nil {
			continue
		}
		for _, e := range errs {
			if e.Code == code && e.AppID != "" {
				apps[e.AppID] = true
			}
		}
		if f.Last == nil {
			f.Last = &c.Created
		}
	}
	f.People, f.Apps = len(people), len(apps)
	return facts.See(w.Now(), f)
}

// who tells people apart: the affected person where one is known, otherwise whoever posted.
func who(c store.Case) string {
	if c.Subject != "" {
		return c.Subject
	}
	return "by " + c.Author
}
