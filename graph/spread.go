package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

const (
	spreadWindow = 24 * time.Hour
	spreadPages  = 2 // of mostRows
	spreadAlone  = 3 // codes that are asked for one by one, where Graph refuses them together
)

// spread counts the tenant's failures with the code, and with its relatives, of the last 24 hours: one person's trouble, or
// everybody's.
//
// https://learn.microsoft.com/graph/api/signin-list
func (t *Tenant) spread(ctx context.Context, q facts.Query) facts.Fact[facts.Spread] {
	if q.Code == 0 {
		return facts.Unread[facts.Spread](facts.NotAsked, "no code to count")
	}
	codes := []int{q.Code}
	for _, c := range q.Related {
		if c != 0 && !slices.Contains(codes, c) {
			codes = append(codes, c)
		}
	}
	slices.Sort(codes[1:])
	key := strings.Trim(fmt.Sprint(codes), "[]")
	return cached(ctx, t, t.caches.spread, key, keepSpread, func(ctx context.Context) facts.Fact[facts.Spread] {
		since := t.clock.Now().Add(-spreadWindow).UTC().Truncate(time.Minute)
		got, err := t.failures(ctx, codes, since)
		if err != nil {
			return failed[facts.Spread](err, endpoints().signIns)
		}
		f := facts.See(t.clock.Now(), count(got, codes, since))
		f.Reason = got.Note
		return f
	})
}

// failures reads the rows with any of the codes.
func (t *Tenant) failures(ctx context.Context, codes []int, since time.Time) (rows, error) {
	kinds := eventInteractive + "," + eventNonInteractive
	if principalCode(codes[0]) {
		kinds = eventPrincipal
	}
	after := "createdDateTime ge " + since.Format(time.RFC3339)
	any := func(codes []int) string {
		parts := make([]string, len(codes))
		for i, c := range codes {
			parts[i] = fmt.Sprintf("status/errorCode eq %d", c)
		}
		if len(parts) == 1 {
			return after + " and " + parts[0]
		}
		return after + " and (" + strings.Join(parts, " or ") + ")"
	}
	got, err := t.signIns(ctx, kinds, any(codes), mostRows, spreadPages)
	if !betaOut(err) {
		return got, err
	}
	if badRequest(err) && len(codes) > 1 { // "or" between the codes may be to blame
		if got, err = t.failuresAlone(ctx, kinds, codes, any); !betaOut(err) {
			return got, err
		}
	}
	if kinds == eventPrincipal {
		return got, err
	}
	if got, err = t.failuresAlone(ctx, eventInteractive, codes, any); err != nil {
		return got, err
	}
	others, err := t.failuresAlone(ctx, eventNonInteractive, codes, any)
	if err != nil {
		got.Note = interactiveOnly
	}
	got.Rows, got.Capped = append(got.Rows, others.Rows...), got.Capped || others.Capped
	return got, nil
}

// failuresAlone asks for the codes one by one: the code of the error first, and only a few of its relatives.
func (t *Tenant) failuresAlone(ctx context.Context, kinds string, codes []int, any func([]int) string) (rows, error) {
	var all rows
	for i, c := range codes {
		if i == spreadAlone {
			all.Capped = true
			break
		}
		got, err := t.signIns(ctx, kinds, any([]int{c}), mostRows, 1)
		if err != nil {
			return all, err
		}
		all.Rows = append(all.Rows, got.Rows...)
		all.Capped = all.Capped || got.Capped
	}
	return all, nil
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
