package store

import (
	"context"
	"database/sql"
	"strings"
)

// crowd counts the people of some cases. A person is the affected one where the
// case names them, else whoever posted it. A case that names nobody adds nobody
// if another case of the same author names somebody: people paste again, and one
// who does must not look like several.
type crowd struct {
	named   map[string]bool // who cases are about, in lower case
	authors map[string]bool // of each author, whether a case of theirs names somebody
}

func (c *crowd) add(author, subject string) {
	if c.authors == nil {
		c.named, c.authors = map[string]bool{}, map[string]bool{}
	}
	if subject != "" {
		c.named[strings.ToLower(subject)] = true
	}
	c.authors[author] = c.authors[author] || subject != ""
}

func (c *crowd) people() int {
	n := len(c.named)
	for _, names := range c.authors {
		if !names {
			n++
		}
	}
	return n
}

// querier is the database or a transaction on it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// people counts the people of the cases that where chooses.
func people(ctx context.Context, db querier, where string, args ...any) (int, error) {
	rows, err := db.QueryContext(ctx, `SELECT DISTINCT author, subject FROM cases `+where, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var c crowd
	for rows.Next() {
		var author, subject string
		if err := rows.Scan(&author, &subject); err != nil {
			return 0, err
		}
		c.add(author, subject)
	}
	return c.people(), rows.Err()
}
