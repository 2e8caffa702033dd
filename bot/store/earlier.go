package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// EarlierQuery asks for cases like one that is being worked on.
type EarlierQuery struct {
	Team   string
	Code   int       // the primary code
	Keys   []Key     // what the case names; cases that share more of it come first
	Before int64     // the id of the case itself, which is left out; 0 for none
	Since  time.Time // created at or after
	Most   int       // how many are listed
	Fixed  bool      // only cases of which it is known what fixed them
}

// EarlierCase is a case like the one that was asked about.
type EarlierCase struct {
	Case
	Shared []Key // which of the keys it has too, by kind and value
}

// Earlier finds the cases with the same primary code: those that share the most
// keys first, then the newest. n is how many there are in all. Expired ones are
// left out; Codes and Keys are not filled in. Whether it is known what fixed one
// is told by [Case.HasFix].
func (s *Store) Earlier(ctx context.Context, q EarlierQuery) (list []EarlierCase, n int, err error) {
	where := `WHERE team = $1 AND primary_code = $2 AND created >= $3 AND id <> $4 AND state <> 'expired'`
	if q.Fixed {
		where += ` AND outcome = 'solved' AND (fixed <> '' OR fixed_cause <> '')`
	}
	args := []any{q.Team, q.Code, millis(q.Since), q.Before}
	if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM cases `+where, args...).Scan(&n); err != nil {
		return nil, 0, fmt.Errorf("count earlier cases: %w", err)
	}
	match, args := anyKey(q.Keys, args)
	args = append(args, q.Most)
	cases, err := s.cases(ctx, fmt.Sprintf(`%s ORDER BY (SELECT count(*) FROM case_keys WHERE case_id = cases.id AND %s) DESC,
		created DESC, id DESC LIMIT $%d`, where, match, len(args)), args...)
	if err != nil {
		return nil, 0, fmt.Errorf("read earlier cases: %w", err)
	}
	shared, err := s.sharedKeys(ctx, cases, q.Keys)
	if err != nil {
		return nil, 0, fmt.Errorf("read earlier cases: %w", err)
	}
	for _, c := range cases {
		list = append(list, EarlierCase{Case: c, Shared: shared[c.ID]})
	}
	return list, n, nil
}

// sharedKeys returns which of the keys each of the cases has.
func (s *Store) sharedKeys(ctx context.Context, cases []Case, keys []Key) (map[int64][]Key, error) {
	if len(cases) == 0 || len(keys) == 0 {
		return nil, nil
	}
	match, args := anyKey(keys, nil)
	var ids []string
	for _, c := range cases {
		args = append(args, c.ID)
		ids = append(ids, fmt.Sprintf("$%d", len(args)))
	}
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf(`SELECT case_id, kind, value FROM case_keys
		WHERE case_id IN (%s) AND %s ORDER BY kind, value`, strings.Join(ids, ", "), match), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	shared := map[int64][]Key{}
	for rows.Next() {
		var (
			id int64
			k  Key
		)
		if err := rows.Scan(&id, &k.Kind, &k.Value); err != nil {
			return nil, err
		}
		shared[id] = append(shared[id], k)
	}
	return shared, rows.Err()
}
