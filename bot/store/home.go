package store

import (
	"context"
	"fmt"
	"time"
)

// HomeView is a person who has opened the App Home, so that it can be published
// to them again when something changes.
// https://docs.slack.dev/reference/methods/views.publish
type HomeView struct {
	User, Team string    // Slack ids
	Opened     time.Time // UTC; set by SetHome if zero
	Digest     string    // what was published last, in the caller's terms
}

// maxHomes bounds Homes: Slack takes a limited number of views a minute.
const maxHomes = 1000

// SetHome keeps a person's home view in place of what was kept before.
func (s *Store) SetHome(ctx context.Context, h HomeView) error {
	if h.Opened.IsZero() {
		h.Opened = s.Now()
	}
	_, err := s.exec(ctx, `INSERT INTO homes (team, user_id, opened, digest) VALUES ($1, $2, $3, $4)
		ON CONFLICT (team, user_id) DO UPDATE SET opened = excluded.opened, digest = excluded.digest`,
		plain(h.Team), plain(h.User), millis(h.Opened), plain(h.Digest))
	if err != nil {
		return fmt.Errorf("keep home view: %w", err)
	}
	return nil
}

// Homes returns the home views that were opened at or after since, the latest
// first, at most 1000.
func (s *Store) Homes(ctx context.Context, since time.Time) ([]HomeView, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT team, user_id, opened, digest FROM homes
		WHERE opened >= $1 ORDER BY opened DESC, team, user_id LIMIT $2`, millis(since), maxHomes)
	if err != nil {
		return nil, fmt.Errorf("read home views: %w", err)
	}
	defer rows.Close()
	var all []HomeView
	for rows.Next() {
		var (
			h      HomeView
			opened int64
		)
		if err := rows.Scan(&h.Team, &h.User, &opened, &h.Digest); err != nil {
			return nil, fmt.Errorf("read home views: %w", err)
		}
		h.Opened = moment(opened)
		all = append(all, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read home views: %w", err)
	}
	return all, nil
}
