package graph

import (
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

const spreadWindow = 24 * time.Hour

// spread counts the tenant's failures with the code, and with its relatives, of the last 24 hours: one person's trouble, or
// everybody's.
func (b *logbook) spread() facts.Fact[facts.Spread] {
	codes := spreadCodes(b.q)
	if len(codes) == 0 {
		return facts.Unread[facts.Spread](facts.NotAsked, "no code to count")
	}
	since := b.t.clock.Now().Add(-spreadWindow).UTC().Truncate(time.Minute)
	var all rows
	var read time.Time
	for i, c := range codes {
		f := b.first[ofCode(c)]
		if !f.OK() {
			return facts.Unread[facts.Spread](f.State, f.Reason)
		}
		if i == 0 || f.ReadAt.Before(read) {
			read = f.ReadAt
		}
		all.Capped = all.Capped || f.Value.Capped && f.Value.Since.After(since)
		all.Note = either(all.Note, f.Value.Note)
		for _, r := range f.Value.Rows {
			if !r.Created.Before(since) {
				all.Rows = append(all.Rows, r)
			}
		}
	}
	f := facts.See(read, count(all, codes, since))
	f.Reason = all.Note
	return f
}

// spreadCodes are the codes that are counted: that of the error first, then its relatives in order.
func spreadCodes(q facts.Query) []int {
	if q.Code == 0 {
		return nil
	}
	codes := []int{q.Code}
	for _, c := range q.Related {
		if c != 0 && !slices.Contains(codes, c) {
			codes = append(codes, c)
		}
	}
	slices.Sort(codes[1:])
	return codes
}

// count counts people, rows and apps. The first of the codes is the error's.
func count(got rows, codes []int, since time.Time) facts.Spread {
	f := facts.Spread{Since: since, Capped: got.Capped, Codes: []facts.CodeCount{}}
	people, apps, related := map[string]bool{}, map[string]bool{}, map[string]bool{}
	byCode := map[int]map[string]bool{}
	total := map[int]int{}
	for _, r := range got.Rows {
		code, who := r.Status.Code, r.who()
		if !slices.Contains(codes, code) {
			continue
		}
		if byCode[code] == nil {
			byCode[code] = map[string]bool{}
		}
		total[code]++
		byCode[code][who] = true
		if code != codes[0] {
			related[who] = true
			continue
		}
		people[who] = true
		if r.AppID != "" {
			apps[strings.ToLower(r.AppID)] = true
		}
	}
	for _, c := range codes {
		if total[c] > 0 {
			f.Codes = append(f.Codes, facts.CodeCount{Code: c, Rows: total[c], Users: len(byCode[c])})
		}
	}
	f.Users, f.Rows, f.Apps, f.RelatedUsers = len(people), total[codes[0]], len(apps), len(related)
	return f
}
