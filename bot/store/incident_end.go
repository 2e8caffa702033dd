package store

import (
	"context"
	"fmt"
)

// UnclosedIncidents returns the incidents that still need something, oldest
// first: those that last, and those that ended without it being told.
func (s *Store) UnclosedIncidents(ctx context.Context) ([]Incident, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+incidentColumns+` FROM incidents WHERE ended = 0 OR closed = 0 ORDER BY started, id`)
	if err != nil {
		return nil, fmt.Errorf("read unclosed incidents: %w", err)
	}
	defer rows.Close()
	var all []Incident
	for rows.Next() {
		i, err := scanIncident(rows)
		if err != nil {
			return nil, fmt.Errorf("read unclosed incidents: %w", err)
		}
		all = append(all, i)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read unclosed incidents: %w", err)
	}
	return all, nil
}

// CloseIncident notes that the end of an incident has been told. It leaves one
// that lasts alone.
func (s *Store) CloseIncident(ctx context.Context, id int64) error {
	if _, err := s.exec(ctx, `UPDATE incidents SET closed = 1 WHERE id = $1 AND ended <> 0`, id); err != nil {
		return fmt.Errorf("close incident: %w", err)
	}
	return nil
}

// People counts whom cases are about, told apart as by [Store.Alike].
func People(cases []Case) int {
	var c crowd
	for _, x := range cases {
		c.add(x.Author, x.Subject)
	}
	return c.people()
}
