package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Key is something that the errors of a case name beside their codes: what an
// earlier case is recognised by, and what the cases of a storm have in common.
// Values are compared without regard to letter case and kept in lower case.
type Key struct{ Kind, Value string }

// The kinds of keys.
const (
	KeyApp    = "app"    // the client application's id
	KeyPolicy = "policy" // a Conditional Access policy's id
	KeyDomain = "domain" // the domain of the affected person
)

const (
	// maxKeys bounds the keys of a case: a paste can name any number of them.
	maxKeys = 20
	// maxKey is the longest value in bytes. No id or domain is longer, and
	// PostgreSQL refuses index entries of some kilobytes.
	maxKey = 255
)

// cleanKeys returns the keys as they are kept: in lower case, each once,
// without empty and overlong ones, at most maxKeys.
func cleanKeys(keys []Key) []Key {
	var clean []Key
	seen := map[Key]bool{}
	for _, k := range keys {
		k = Key{k.Kind, strings.ToLower(strings.TrimSpace(plain(k.Value)))}
		if k.Kind == "" || k.Value == "" || len(k.Value) > maxKey || seen[k] || len(clean) == maxKeys {
			continue
		}
		seen[k] = true
		clean = append(clean, k)
	}
	return clean
}

func insertKeys(ctx context.Context, tx Tx, id int64, keys []Key, created int64) error {
	for _, k := range cleanKeys(keys) {
		_, err := tx.Exec(ctx, `INSERT INTO case_keys (case_id, kind, value, created) VALUES ($1, $2, $3, $4)
			ON CONFLICT (case_id, kind, value) DO NOTHING`, id, k.Kind, k.Value, created)
		if err != nil {
			return fmt.Errorf("insert key of case: %w", err)
		}
	}
	return nil
}

// AddKeys adds keys that only became known when the tenant was read, such as
// the domain of the person. It returns ErrNotFound if there is no such case,
// or it has expired.
func (s *Store) AddKeys(ctx context.Context, id int64, keys ...Key) error {
	err := s.inTx(ctx, func(tx Tx) error {
		// The update holds the case, so that Purge cannot empty it half-way.
		var created int64
		err := tx.QueryRow(ctx, `UPDATE cases SET updated = $2 WHERE id = $1 AND state <> 'expired' RETURNING created`,
			id, s.now()).Scan(&created)
		if err != nil {
			return err
		}
		return insertKeys(ctx, tx, id, keys, created)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return notFound("case", id)
	}
	if err != nil {
		return fmt.Errorf("add keys to case: %w", err)
	}
	return nil
}

// keys reads the keys of a case.
func (s *Store) keys(ctx context.Context, id int64) ([]Key, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT kind, value FROM case_keys WHERE case_id = $1 ORDER BY kind, value`, id)
	if err != nil {
		return nil, fmt.Errorf("read keys of case: %w", err)
	}
	defer rows.Close()
	var keys []Key
	for rows.Next() {
		var k Key
		if err := rows.Scan(&k.Kind, &k.Value); err != nil {
			return nil, fmt.Errorf("read keys of case: %w", err)
		}
		keys = append(keys, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read keys of case: %w", err)
	}
	return keys, nil
}

// anyKey is the condition that kind and value of a table are one of the keys,
// and args with their values added. It is false where there are no keys.
func anyKey(keys []Key, args []any) (string, []any) {
	var any []string
	for _, k := range cleanKeys(keys) {
		args = append(args, k.Kind, k.Value)
		any = append(any, fmt.Sprintf(`(kind = $%d AND value = $%d)`, len(args)-1, len(args)))
	}
	if any == nil {
		return `1 = 0`, args
	}
	return `(` + strings.Join(any, ` OR `) + `)`, args
}
