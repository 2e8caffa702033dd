package store

import (
	"context"
	"database/sql"
)

// MigrateTo brings the schema up to an older version, as an older Signpost left it.
func MigrateTo(ctx context.Context, db *sql.DB, dialect Dialect, version int) error {
	if _, err := db.ExecContext(ctx, createMigrations); err != nil {
		return err
	}
	all, have, err := versions(ctx, db)
	if err != nil {
		return err
	}
	for _, m := range all[have:version] {
		if err := m.apply(ctx, db, dialect); err != nil {
			return err
		}
	}
	return nil
}
