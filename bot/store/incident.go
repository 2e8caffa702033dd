package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Incident is a storm: several people with the same code and something else in
// common within minutes. There is one active incident of a team, code and key.
type Incident struct {
	ID          int64
	Team        string
	Code        int
	Kind, Value string // the key that its cases share

	// Channel and TS name its post, TS "" until it is posted. OnceKey is an
	// opaque random id that the post carries in its metadata; it is unique.
	Channel, TS, OnceKey string
	PostState            PostState

	// People and Cases are how many were counted into it by CountInto.
	People, Cases int
	// Started is when it was opened, Last when its newest case was created and
	// Ended when it ended, zero while it is active. UTC.
	Started, Last, Ended time.Time
	Told                 int // the People that its post shows
}

// Key is what the incident's cases have in common.
func (i Incident) Key() Key { return Key{i.Kind, i.Value} }

const incidentColumns = `id, team, code, kind, value, channel, ts, once_key, post_state, people, cases, started, last, ended, told`

func scanIncident(row Row) (Incident, error) {
	var (
		i                    Incident
		started, last, ended int64
	)
	err := row.Scan(&i.ID, &i.Team, &i.Code, &i.Kind, &i.Value, &i.Channel, &i.TS, &i.OnceKey, &i.PostState, &i.People, &i.Cases,
		&started, &last, &ended, &i.Told)
	if err != nil {
		return Incident{}, err
	}
	i.Started, i.Last, i.Ended = moment(started), moment(last), moment(ended)
	return i, nil
}

// maxAlike bounds the cases that Alike lists; a storm is plain long before that.
const maxAlike = 200

// Alike lists the cases of a team with that primary code and key that were
// created at or after since, newest first and at most 200, and counts the
// people of all of them. People are told apart by whom the case is about, where
// it is known, else by the author. Codes and Keys are not filled in.
func (s *Store) Alike(ctx context.Context, team string, code int, k Key, since time.Time) (cases []Case, affected int, err error) {
	args := []any{team, code, millis(since)}
	match, args := anyKey([]Key{k}, args)
	where := `WHERE team = $1 AND primary_code = $2 AND created >= $3 AND state <> 'expired'
		AND id IN (SELECT case_id FROM case_keys WHERE created >= $3 AND ` + match + `)`
	if affected, err = people(ctx, s.db, where, args...); err != nil {
		return nil, 0, fmt.Errorf("count people with the same error: %w", err)
	}
	cases, err = s.cases(ctx, fmt.Sprintf(`%s ORDER BY created DESC, id DESC LIMIT %d`, where, maxAlike), args...)
	if err != nil {
		return nil, 0, fmt.Errorf("read cases with the same error: %w", err)
	}
	return cases, affected, nil
}

// OpenIncident returns the active incident of i's team, code and key. If there
// is none it opens one with i's channel, once-key, counts and times (now where
// they are zero), and created is true; of concurrent calls exactly one creates.
func (s *Store) OpenIncident(ctx context.Context, i Incident) (got Incident, created bool, err error) {
	keys := cleanKeys([]Key{i.Key()})
	if i.Team == "" || len(keys) == 0 || i.OnceKey == "" {
		return Incident{}, false, errors.New("open incident: team, key and once-key are needed")
	}
	i.Kind, i.Value = keys[0].Kind, keys[0].Value
	if i.Started.IsZero() {
		i.Started = s.Now()
	}
	if i.Last.IsZero() {
		i.Last = i.Started
	}
	// The other one may end between the two statements; a second try opens ours.
	for range 3 {
		got, err = scanIncident(s.db.QueryRowContext(ctx, `INSERT INTO incidents (team, code, kind, value, channel, once_key, people, cases, started, last)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (team, code, kind, value) WHERE ended = 0 DO NOTHING RETURNING `+incidentColumns,
			i.Team, i.Code, i.Kind, i.Value, i.Channel, i.OnceKey, i.People, i.Cases, millis(i.Started), millis(i.Last)))
		if err == nil {
			return got, true, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return Incident{}, false, fmt.Errorf("open incident: %w", err)
		}
		got, err = s.ActiveIncident(ctx, i.Team, i.Code, keys)
		if !errors.Is(err, ErrNotFound) {
			return got, false, err
		}
	}
	return Incident{}, false, err
}

// ActiveIncident returns the active incident of a team and code that one of the
// keys belongs to, the oldest where there are several, or ErrNotFound.
func (s *Store) ActiveIncident(ctx context.Context, team string, code int, keys []Key) (Incident, error) {
	match, args := anyKey(keys, []any{team, code})
	i, err := scanIncident(s.db.QueryRowContext(ctx, `SELECT `+incidentColumns+` FROM incidents
		WHERE team = $1 AND code = $2 AND ended = 0 AND `+match+` ORDER BY started, id LIMIT 1`, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return Incident{}, notFound("active incident of code", code)
	}
	if err != nil {
		return Incident{}, fmt.Errorf("read active incident: %w", err)
	}
	return i, nil
}

// ActiveIncidents returns the incidents that have not ended, oldest first.
func (s *Store) ActiveIncidents(ctx context.Context) ([]Incident, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+incidentColumns+` FROM incidents WHERE ended = 0 ORDER BY started, id`)
	if err != nil {
		return nil, fmt.Errorf("read active incidents: %w", err)
	}
	defer rows.Close()
	var all []Incident
	for rows.Next() {
		i, err := scanIncident(rows)
		if err != nil {
			return nil, fmt.Errorf("read active incidents: %w", err)
		}
		all = append(all, i)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read active incidents: %w", err)
	}
	return all, nil
}

// Incident returns the incident with that id, or ErrNotFound.
func (s *Store) Incident(ctx context.Context, id int64) (Incident, error) {
	i, err := scanIncident(s.db.QueryRowContext(ctx, `SELECT `+incidentColumns+` FROM incidents WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Incident{}, notFound("incident", id)
	}
	if err != nil {
		return Incident{}, fmt.Errorf("read incident: %w", err)
	}
	return i, nil
}

// CountInto counts cases into an active incident and returns it as it then is,
// with People, Cases and Last brought up to date. A case belongs to one incident
// and is counted once; expired cases are passed over. An incident that has ended
// takes no case: it comes back unchanged, and Ended tells. It returns
// ErrNotFound if there is no such incident.
func (s *Store) CountInto(ctx context.Context, incident int64, caseIDs ...int64) (Incident, error) {
	if err := s.countInto(ctx, incident, caseIDs); err != nil {
		return Incident{}, fmt.Errorf("count cases into incident %d: %w", incident, err)
	}
	return s.Incident(ctx, incident)
}

func (s *Store) countInto(ctx context.Context, incident int64, caseIDs []int64) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // no effect once committed
	// Holding the incident's row lets one count at a time, so that none writes
	// over a count that it has not seen.
	res, err := tx.ExecContext(ctx, `UPDATE incidents SET last = last WHERE id = $1 AND ended = 0`, incident)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	for _, id := range caseIDs {
		_, err := tx.ExecContext(ctx, `UPDATE cases SET incident = $1 WHERE id = $2 AND incident = 0 AND state <> 'expired'`, incident, id)
		if err != nil {
			return err
		}
	}
	n, err := people(ctx, tx, `WHERE incident = $1`, incident)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE incidents SET people = $2,
			cases = (SELECT count(*) FROM cases WHERE incident = $1),
			last = (SELECT coalesce(max(CASE WHEN c.created > incidents.last THEN c.created ELSE incidents.last END), incidents.last)
				FROM cases c WHERE c.incident = $1)
		WHERE id = $1`, incident, n)
	if err != nil {
		return err
	}
	return tx.Commit()
}

// IncidentCases returns the cases that were counted into an incident, newest
// first, at most most. Codes and Keys are not filled in.
func (s *Store) IncidentCases(ctx context.Context, incident int64, most int) ([]Case, error) {
	if incident == 0 {
		return nil, nil
	}
	cases, err := s.cases(ctx, `WHERE incident = $1 ORDER BY created DESC, id DESC LIMIT $2`, incident, most)
	if err != nil {
		return nil, fmt.Errorf("read cases of incident %d: %w", incident, err)
	}
	return cases, nil
}

// ClaimIncidentPost claims the right to post the incident, as ClaimPost does for
// an answer: first is true for exactly one caller. Where it is false the post is
// there (Posted) or may be (Posting), and the channel must be looked at first.
func (s *Store) ClaimIncidentPost(ctx context.Context, id int64) (first bool, err error) {
	n, err := s.exec(ctx, `UPDATE incidents SET post_state = 'posting' WHERE id = $1 AND post_state = ''`, id)
	if err != nil {
		return false, fmt.Errorf("claim post of incident: %w", err)
	}
	if n == 1 {
		return true, nil
	}
	_, err = s.Incident(ctx, id)
	return false, err
}

// UnclaimIncidentPost gives a claim back after Slack has plainly refused the
// post. It changes nothing if the incident is posted.
func (s *Store) UnclaimIncidentPost(ctx context.Context, id int64) error {
	if _, err := s.exec(ctx, `UPDATE incidents SET post_state = '' WHERE id = $1 AND post_state = 'posting'`, id); err != nil {
		return fmt.Errorf("unclaim post of incident: %w", err)
	}
	return nil
}

// SetIncidentPosted records the ts of the incident's post.
func (s *Store) SetIncidentPosted(ctx context.Context, id int64, ts string) error {
	return s.changeIncident(ctx, id, `post_state = 'posted', ts = $2`, ts)
}

// SetIncidentTold records how many people the incident's post shows.
func (s *Store) SetIncidentTold(ctx context.Context, id int64, people int) error {
	return s.changeIncident(ctx, id, `told = $2`, people)
}

func (s *Store) changeIncident(ctx context.Context, id int64, set string, arg any) error {
	n, err := s.exec(ctx, `UPDATE incidents SET `+set+` WHERE id = $1`, id, arg)
	if err != nil {
		return fmt.Errorf("update incident: %w", err)
	}
	if n == 0 {
		return notFound("incident", id)
	}
	return nil
}

// EndIncident ends an incident, once: ended is true for exactly one caller. at
// may not be zero.
func (s *Store) EndIncident(ctx context.Context, id int64, at time.Time) (ended bool, err error) {
	if at.IsZero() {
		return false, fmt.Errorf("end incident %d: the time is missing", id)
	}
	n, err := s.exec(ctx, `UPDATE incidents SET ended = $2 WHERE id = $1 AND ended = 0`, id, millis(at))
	if err != nil {
		return false, fmt.Errorf("end incident: %w", err)
	}
	if n == 1 {
		return true, nil
	}
	_, err = s.Incident(ctx, id)
	return false, err
}
