package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Post is a message of ours that is not the answer to a case: a hand-over, an
// incident, a report, or a reply under one of them.
type Post struct {
	ID          int64
	Channel, TS string
	Case        int64 // the case that it tells of, 0 for none
}

// KeepPost remembers a message of ours, so that [Store.ExpiredPosts] gives it
// back when it is to be deleted. The same message twice is kept once.
func (s *Store) KeepPost(ctx context.Context, p Post) error {
	if p.Channel == "" || p.TS == "" {
		return errors.New("keep a post: channel and ts are needed")
	}
	_, err := s.exec(ctx, `INSERT INTO posts (channel, ts, case_id, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (channel, ts) DO NOTHING`, p.Channel, p.TS, p.Case, s.now())
	if err != nil {
		return fmt.Errorf("keep a post: %w", err)
	}
	return nil
}

// ExpiredPosts returns the posts that are to be deleted in Slack, at most 500:
// those from before a time, and those that tell of a case that has expired or
// was removed. The latest come first, so that replies go before what they are
// under. after is the id of the last one that was seen, 0 at first: what could
// not be deleted does not come again in the same round.
func (s *Store) ExpiredPosts(ctx context.Context, before time.Time, after int64) ([]Post, error) {
	where := `(created < $1 OR case_id <> 0 AND NOT EXISTS (SELECT 1 FROM cases WHERE cases.id = posts.case_id AND state <> 'expired'))`
	args := []any{millis(before)}
	if after != 0 {
		where += ` AND id < $2`
		args = append(args, after)
	}
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf(`SELECT id, channel, ts, case_id FROM posts WHERE %s ORDER BY id DESC LIMIT %d`, where, maxPurge), args...)
	if err != nil {
		return nil, fmt.Errorf("read expired posts: %w", err)
	}
	defer rows.Close()
	var all []Post
	for rows.Next() {
		var p Post
		if err := rows.Scan(&p.ID, &p.Channel, &p.TS, &p.Case); err != nil {
			return nil, fmt.Errorf("read expired posts: %w", err)
		}
		all = append(all, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read expired posts: %w", err)
	}
	return all, nil
}

// ForgetCursors removes the cursors whose name begins with one of the prefixes
// and that were set before a time.
func (s *Store) ForgetCursors(ctx context.Context, before time.Time, prefixes ...string) error {
	for _, p := range prefixes {
		if _, err := s.exec(ctx, `DELETE FROM cursors WHERE updated < $1 AND substr(name, 1, $2) = $3`, millis(before), len(p), p); err != nil {
			return fmt.Errorf("forget cursors: %w", err)
		}
	}
	return nil
}

// ForgetPost removes a post once it is deleted in Slack, or is known not to be
// there any more.
func (s *Store) ForgetPost(ctx context.Context, id int64) error {
	if _, err := s.exec(ctx, `DELETE FROM posts WHERE id = $1`, id); err != nil {
		return fmt.Errorf("forget a post: %w", err)
	}
	return nil
}
