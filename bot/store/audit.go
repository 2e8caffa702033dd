package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"
)

// Entry is one line of the audit trail: one lookup of a person in the
// directory. It says what was read, never what was found.
type Entry struct {
	ID      int64
	At      time.Time // UTC; set by Audit if zero
	Asker   string    // Slack user id of who asked, or the operating system's user for the command line
	Subject string    // whom they asked for, by user principal name or object id
	Place   string    // where they asked: a channel id, "command", "cli", …
	Facts   []string  // names of the facts that were read
	Why     string    // the reason: a code, "health post", …
	Case    int64     // the case that it was for, 0 for none
}

// Audit appends an entry to the trail.
func (s *Store) Audit(ctx context.Context, e Entry) error {
	if e.At.IsZero() {
		e.At = s.Now()
	}
	names := e.Facts
	if names == nil {
		names = []string{}
	}
	list, err := json.Marshal(names)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	_, err = s.exec(ctx, `INSERT INTO audit (at, asker, subject, place, facts, why, case_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		millis(e.At), plain(e.Asker), plain(e.Subject), plain(e.Place), plain(string(list)), plain(e.Why), e.Case)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// Filter chooses audit entries; each field that is not zero narrows the choice.
type Filter struct {
	Since  time.Time // at or after
	Before time.Time // before
	Asker  string
	// Subject is matched without regard to letter case, as Entra does.
	Subject string
	Case    int64
}

// auditPage is how many entries are read at a time. Reading in pages keeps no
// query open while the caller looks at an entry.
const auditPage = 200

// AuditEntries goes through the entries that the filter chooses, oldest first.
// After an error it stops.
func (s *Store) AuditEntries(ctx context.Context, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		var after int64
		for {
			page, err := s.auditAfter(ctx, f, after)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if len(page) < auditPage {
				return
			}
			after = page[len(page)-1].ID
		}
	}
}

func (s *Store) auditAfter(ctx context.Context, f Filter, after int64) ([]Entry, error) {
	where := []string{`id > $1`}
	args := []any{after}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if !f.Since.IsZero() {
		add(`at >= $%d`, millis(f.Since))
	}
	if !f.Before.IsZero() {
		add(`at < $%d`, millis(f.Before))
	}
	if f.Asker != "" {
		add(`asker = $%d`, f.Asker)
	}
	if f.Subject != "" {
		add(`lower(subject) = lower($%d)`, f.Subject)
	}
	if f.Case != 0 {
		add(`case_id = $%d`, f.Case)
	}
	args = append(args, auditPage)
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf(`SELECT id, at, asker, subject, place, facts, why, case_id
		FROM audit WHERE %s ORDER BY id LIMIT $%d`, strings.Join(where, " AND "), len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	defer rows.Close()
	var page []Entry
	for rows.Next() {
		var (
			e     Entry
			at    int64
			names string
		)
		if err := rows.Scan(&e.ID, &at, &e.Asker, &e.Subject, &e.Place, &names, &e.Why, &e.Case); err != nil {
			return nil, fmt.Errorf("read audit: %w", err)
		}
		if err := json.Unmarshal([]byte(names), &e.Facts); err != nil {
			return nil, fmt.Errorf("read audit entry %d: %w", e.ID, err)
		}
		e.At = moment(at)
		page = append(page, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	return page, nil
}
