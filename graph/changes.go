package graph

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"signpost/graph/facts"
)

const (
	changesBefore    = 24 * time.Hour     // how far before the error the directory audit is read
	changesRetention = 7 * 24 * time.Hour // a tenant without a premium licence keeps no more
	auditRows        = 250                // of one page
	auditMore        = 1                  // further pages
)

// changes reads the entries of the directory audit of the activities that can explain the error, from a day before it until
// now; [facts.Report.Relate] picks those that are about it. It needs no premium licence.
//
// That Graph takes several activities in one filter is not documented. Where it does not, everything of the time is read,
// as far as the pages go, and compared here.
//
// https://learn.microsoft.com/graph/api/directoryaudit-list
func (t *Tenant) changes(ctx context.Context, q facts.Query) facts.Fact[facts.Changes] {
	var names []string
	for _, name := range q.Activities {
		name = strings.TrimRight(strings.TrimSpace(name), ".")
		if name != "" && !slices.ContainsFunc(names, func(n string) bool { return facts.SameActivity(n, name) }) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return facts.Unread[facts.Changes](facts.NotAsked, "no activity of the audit log is known to explain this error")
	}
	slices.Sort(names)
	since := t.changesSince(q)
	key := since.Format(time.RFC3339) + " " + strings.ToLower(strings.Join(names, "|"))
	return cached(ctx, t, t.caches.changes, key, keepChanges, func(ctx context.Context) facts.Fact[facts.Changes] {
		rows, capped, err := t.audit(ctx, since, names)
		if err != nil {
			return failed[facts.Changes](err, endpoints().changes)
		}
		f := facts.Changes{Since: since, Capped: capped, List: []facts.Change{}, Says: []string{}, Kinds: []string{}, All: []facts.Change{}}
		for _, a := range rows {
			if !a.Time.IsZero() && !a.failed() && slices.ContainsFunc(names, func(n string) bool { return facts.SameActivity(n, a.Activity) }) {
				f.All = append(f.All, a.change())
			}
		}
		slices.SortStableFunc(f.All, func(a, b facts.Change) int { return b.Time.Compare(a.Time) })
		if len(f.All) == 0 && !capped {
			return facts.None[facts.Changes](t.clock.Now(), "the directory audit has no entry of the activities that could explain this error since "+since.Format("2006-01-02 15:04")+" UTC; entries may come some minutes late")
		}
		see := facts.See(t.clock.Now(), f)
		if capped {
			see.Reason = "the directory audit holds more entries than were read"
		}
		return see
	})
}

// changesSince is the begin of the window: whole hours, so that pastes within minutes share an answer.
func (t *Tenant) changesSince(q facts.Query) time.Time {
	now := t.clock.Now().UTC()
	since := now.Add(-changesBefore)
	if before := q.Time.Add(-changesBefore); !q.Time.IsZero() && before.Before(since) {
		since = before.UTC()
	}
	since = since.Truncate(time.Hour)
	if oldest := now.Add(-changesRetention).Truncate(time.Hour).Add(time.Hour); since.Before(oldest) {
		return oldest
	}
	return since
}

// audit reads the entries since a time: those of the activities, or all where Graph does not take the filter.
func (t *Tenant) audit(ctx context.Context, since time.Time, names []string) (rows []auditRow, capped bool, err error) {
	window := "activityDateTime ge " + since.Format(time.RFC3339)
	if !t.auditAlone.Load() {
		var any []string
		for _, name := range names {
			for _, spelt := range spellings(name) {
				any = append(any, "activityDisplayName eq "+quote(spelt))
			}
		}
		rows, capped, err = t.auditWhere(ctx, window+" and ("+strings.Join(any, " or ")+")")
		if !badRequest(err) {
			return rows, capped, err
		}
	}
	if rows, capped, err = t.auditWhere(ctx, window); err == nil {
		t.auditAlone.Store(true)
	}
	return rows, capped, err
}

func (t *Tenant) auditWhere(ctx context.Context, filter string) ([]auditRow, bool, error) {
	list, err := decode[page[auditRow]](t.get(ctx, t.v1, template("/auditLogs/directoryAudits", nil, map[string]string{"filter": filter, "top": strconv.Itoa(auditRows)}), nil))
	if err == nil && (list.Value == nil || slices.ContainsFunc(list.Value, func(a auditRow) bool { return a.ID == "" })) {
		err = errOther
	}
	if err != nil {
		return nil, false, err
	}
	return rest(ctx, t, t.v1, list, nil, auditMore)
}

// spellings are the forms in which the log writes an activity. Microsoft's list and the log differ in the letter case of
// some, and whether the filter minds is not documented.
// https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
func spellings(name string) []string {
	all := []string{name}
	low := strings.ToLower(name)
	for _, words := range []string{"Conditional Access", "Identity Provider", "Named Location"} {
		i := strings.Index(low, strings.ToLower(words))
		if i <= 0 || len(low) != len(name) {
			continue
		}
		for _, form := range []string{words, strings.ToLower(words)} {
			if other := name[:i] + form + name[i+len(words):]; !slices.Contains(all, other) {
				all = append(all, other)
			}
		}
	}
	return all
}
