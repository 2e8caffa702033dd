package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// mostChanges is how many changes an answer shows.
const mostChanges = 3

// untold is the reason of changes that were seen, while what could connect them with the error was not.
const untold = "there were such changes, but what they were made to could not be compared with this error: other facts are missing"

// SameActivity reports whether two names of a directory audit's activity are one: the sign-in and the Purview log differ
// in a dot at the end, and Microsoft's own pages in letter case.
// https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
func SameActivity(a, b string) bool { return activity(a) == activity(b) }

func activity(name string) string {
	return strings.ToLower(strings.TrimRight(strings.Join(strings.Fields(name), " "), ". "))
}

// relateChanges picks the changes that can explain the error: done to the very things that it is about, and before its
// first failure. Where there were changes and nothing tells whether they are among them, the lists are nil, which is
// unknown to a cause.
func (r *Report) relateChanges(q Query, now time.Time) {
	if r.Changes.Reason == untold {
		r.Changes.Reason = ""
	}
	if !r.Changes.OK() {
		return
	}
	matter := r.matter(q)
	since := map[bool]time.Time{true: r.firstFailure(q, now, matter.app.client), false: r.firstFailure(q, now, "")}
	all := slices.Clone(r.Changes.Value.All)
	slices.SortStableFunc(all, func(a, b Change) int { return b.Time.Compare(a.Time) })
	list, says, kinds := []Change{}, []string{}, []string{}
	open := r.Changes.Value.Capped
	for _, c := range all {
		i := slices.IndexFunc(q.Activities, func(name string) bool { return SameActivity(name, c.Activity) })
		if i < 0 {
			continue
		}
		verdict, ofApp := matter.concerns(c)
		first := since[ofApp]
		if verdict == unrelated || !c.Time.Before(first) {
			continue
		}
		if verdict == undecided {
			open = true
			continue
		}
		if len(list) == mostChanges {
			break
		}
		c.Minutes = int(first.Sub(c.Time) / time.Minute)
		list, says = append(list, c), append(says, c.says(first))
		if !slices.Contains(kinds, q.Activities[i]) {
			kinds = append(kinds, q.Activities[i])
		}
	}
	if open && len(list) == 0 {
		list, says, kinds = nil, nil, nil
		r.Changes.Reason = cmp.Or(r.Changes.Reason, untold)
	}
	change(&r.Changes, func(v *Changes) {
		v.List, v.Says, v.Kinds, v.First = list, says, kinds, nil
		if len(list) > 0 {
			v.First = &list[0].Time
		}
	})
}

// firstFailure is when the unbroken row of failures began that the error is the last of. Each app has a row of its own,
// which a success with it ends: other apps go on refreshing tokens meanwhile, and that ends nothing. With a client only
// the row of that app counts, because what was changed in an app explains no failure of another one.
func (r *Report) firstFailure(q Query, now time.Time, client string) time.Time {
	first := r.errorTime(q, now)
	if !r.Recent.OK() || q.Code == 0 {
		return first
	}
	at, works := first, map[string]bool{}
	rows := slices.Clone(r.Recent.Value.Rows)
	slices.SortStableFunc(rows, func(a, b SignIn) int { return b.Time.Compare(a.Time) })
	for _, row := range rows {
		app := strings.ToLower(row.AppID)
		switch {
		case row.Time.IsZero(), row.Time.After(at):
		case row.Code == 0:
			works[app] = true
		case row.Code == q.Code && !works[app] && (client == "" || app == "" || app == client):
			first = row.Time
		}
	}
	return first
}

// says is the change in words.
func (c Change) says(first time.Time) string {
	says := c.Activity
	if c.Target != "" {
		says += " on “" + c.Target + "”"
	}
	if c.Actor != "" {
		says += " by " + c.Actor
	}
	return says + ", " + lapse(first.Sub(c.Time)) + " before"
}

// lapse is a duration in the words of a conversation.
func lapse(d time.Duration) string {
	some := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Hour:
		return some(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return some(int(d/time.Hour), "hour")
	}
	return some(int(d/(24*time.Hour)), "day")
}
