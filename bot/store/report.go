package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// CodeCount is how many cases were led by a code, and how many people they were
// about.
type CodeCount struct{ Code, Cases, People int }

// KeyCount is how many cases named an app or a policy.
type KeyCount struct {
	Key
	Cases int
}

// FixCount is how many solved cases of a code were fixed by the same thing: the
// cause of the runbook with that id, or, where Cause is "", what Words say.
// Words are those of the latest such case.
type FixCount struct {
	Code         int
	Cause, Words string
	Cases        int
}

// Figures are counts over the cases that were created in a period and are still
// kept. A case that has an outcome is in exactly one of SolvedByPeople,
// SolvedAlone and HandedOver.
type Figures struct {
	Cases, People int // the people are told apart as by [Store.Alike]
	Answered      int // with an answer in the thread
	// SolvedByPeople needed somebody: an agent ended them, or they were handed
	// over before. SolvedAlone were ended by the author alone, or a success was
	// seen in the log.
	SolvedByPeople, SolvedAlone int
	HandedOver                  int // and not solved since
	Open                        int // answered, without an outcome

	// FirstAnswer is the median time from the case to its answer, 0 where no
	// case has one.
	FirstAnswer time.Duration

	// The lists have the most first, and are cut to the number asked for.
	Codes          []CodeCount
	Apps, Policies []KeyCount
	Fixes          []FixCount
	Feedback       []CodeFeedback // given in the period; most not helpful first
}

// Figures counts the cases that were created from from on and before to. Its
// lists hold at most most entries each.
func (s *Store) Figures(ctx context.Context, from, to time.Time, most int) (Figures, error) {
	f, err := s.figures(ctx, from, to, most)
	if err != nil {
		return Figures{}, fmt.Errorf("count cases: %w", err)
	}
	return f, nil
}

func (s *Store) figures(ctx context.Context, from, to time.Time, most int) (f Figures, err error) {
	t := tally{codes: map[int]*codeTally{}, fixes: map[FixCount]*FixCount{}}
	if err := s.tally(ctx, &t, from, to); err != nil {
		return f, err
	}
	f = t.Figures
	f.People, f.FirstAnswer = t.people.people(), median(t.waits)
	for code, c := range t.codes {
		f.Codes = append(f.Codes, CodeCount{code, c.cases, c.people.people()})
	}
	slices.SortFunc(f.Codes, func(a, b CodeCount) int {
		return cmp.Or(b.Cases-a.Cases, b.People-a.People, a.Code-b.Code)
	})
	f.Codes = f.Codes[:min(most, len(f.Codes))]
	for _, c := range t.fixes {
		f.Fixes = append(f.Fixes, *c)
	}
	slices.SortFunc(f.Fixes, func(a, b FixCount) int {
		return cmp.Or(b.Cases-a.Cases, a.Code-b.Code, cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Words, b.Words))
	})
	f.Fixes = f.Fixes[:min(most, len(f.Fixes))]
	if f.Apps, err = s.keyCounts(ctx, KeyApp, from, to, most); err != nil {
		return f, err
	}
	if f.Policies, err = s.keyCounts(ctx, KeyPolicy, from, to, most); err != nil {
		return f, err
	}
	f.Feedback, err = s.feedback(ctx, `WHERE at >= $1 AND at < $2`, ``, most, millis(from), millis(to))
	return f, err
}

// tally is what is counted while the cases go by.
type tally struct {
	Figures
	people crowd
	waits  []time.Duration
	codes  map[int]*codeTally
	fixes  map[FixCount]*FixCount
}

type codeTally struct {
	cases  int
	people crowd
}

// tally counts the cases of a period one by one, so that no more than the
// counts is held.
func (s *Store) tally(ctx context.Context, t *tally, from, to time.Time) error {
	rows, err := s.db.QueryContext(ctx, `SELECT `+caseColumns+`, handed FROM cases
		WHERE created >= $1 AND created < $2 AND state <> 'expired' ORDER BY created, id`, millis(from), millis(to))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var handed int64
		c, err := scanCase(with{rows, []any{&handed}})
		if err != nil {
			return err
		}
		t.add(c, handed != 0)
	}
	return rows.Err()
}

// with scans further columns after those that are asked for.
type with struct {
	Row
	further []any
}

func (w with) Scan(dest ...any) error { return w.Row.Scan(append(dest, w.further...)...) }

func (t *tally) add(c Case, handed bool) {
	t.Cases++
	t.people.add(c.Author, c.Subject)
	if c.ReplyTS != "" {
		t.Answered++
	}
	if !c.AnsweredAt.IsZero() {
		t.waits = append(t.waits, c.AnsweredAt.Sub(c.Created))
	}
	switch {
	case c.Outcome == HandedOver:
		t.HandedOver++
	case c.Outcome == Solved && !handed && (c.OutcomeBy == "" || c.OutcomeBy == c.Author):
		t.SolvedAlone++
	case c.Outcome == Solved:
		t.SolvedByPeople++
	case c.ReplyTS != "":
		t.Open++
	}
	if c.Primary != 0 {
		code := t.codes[c.Primary]
		if code == nil {
			code = &codeTally{}
			t.codes[c.Primary] = code
		}
		code.cases++
		code.people.add(c.Author, c.Subject)
	}
	if c.HasFix() {
		key := FixCount{Code: c.Primary, Cause: c.FixedCause}
		if key.Cause == "" {
			key.Words = strings.ToLower(strings.Join(strings.Fields(c.Fixed), " "))
		}
		fix := t.fixes[key]
		if fix == nil {
			fix = &FixCount{Code: c.Primary, Cause: c.FixedCause}
			t.fixes[key] = fix
		}
		fix.Words = c.Fixed
		fix.Cases++
	}
}

// median is the middle of the values, or the mean of the middle two.
func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// keyCounts counts the cases that name each app, or policy.
func (s *Store) keyCounts(ctx context.Context, kind string, from, to time.Time, most int) ([]KeyCount, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT value, count(*) AS n FROM case_keys
		WHERE kind = $1 AND created >= $2 AND created < $3 GROUP BY value ORDER BY n DESC, value LIMIT $4`,
		kind, millis(from), millis(to), most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []KeyCount
	for rows.Next() {
		k := KeyCount{Key: Key{Kind: kind}}
		if err := rows.Scan(&k.Value, &k.Cases); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, rows.Err()
}
