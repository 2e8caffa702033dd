package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

// downgrade leaves the database as a Signpost with that schema would have made
// it, without rows.
func downgrade(t *testing.T, db *jobs.DB, version int) {
	t.Helper()
	for _, table := range []string{"case_codes", "case_keys", "feedback", "cases", "audit", "cursors", "incidents", "homes", "posts",
		"trust_approvals", "trust_findings", "trust_posts", "trust_revision", "signpost_migrations"} {
		exec(t, db, `DROP TABLE `+table)
	}
	if err := store.MigrateTo(t.Context(), db.SQL(), db.Dialect(), version); err != nil {
		t.Fatal(err)
	}
}

func exec(t *testing.T, db *jobs.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.SQL().Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

func TestRowsOfAnOlderSchemaSurvive(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		downgrade(t, db, 2)
		for _, c := range []struct {
			id      int64
			ts, key string
			state   store.State
			subject string
		}{
			{1, "1700000000.000001", "key1", store.Final, "bob@contoso.com"},
			{2, "1700000000.000002", "key2", store.Final, "ann@contoso.com"},
			{3, "1700000000.000003", "key3", store.Final, ""},
			{4, "1700000000.000004", "key4", store.Expired, ""},
		} {
			exec(t, db, `INSERT INTO cases (id, team, channel, message_ts, thread_ts, reply_ts, author, primary_code, once_key,
					post_state, state, subject, created, updated)
				VALUES ($1, 'T1', 'C1', $2, $2, '1700000009.000000', 'U1', 50076, $3, 'posted', $4, $5, $6, $6)`,
				c.id, c.ts, c.key, string(c.state), c.subject, at(1).UnixMilli())
		}
		exec(t, db, `INSERT INTO case_codes (case_id, code, created) VALUES (1, 50076, $1)`, at(1).UnixMilli())
		for name, value := range map[string]string{"escalate 2": "done", "escalate 3": "failed", "escalate 4": "done", "escalate 11": "done"} {
			exec(t, db, `INSERT INTO cursors (name, value, updated) VALUES ($1, $2, $3)`, name, value, at(5).UnixMilli())
		}

		if err := store.Migrate(ctx, db.SQL(), db.Dialect()); err != nil {
			t.Fatal(err)
		}
		base := store.Case{Team: "T1", Channel: "C1", ReplyTS: "1700000009.000000", Author: "U1", Primary: 50076, Errors: []byte(`[]`),
			PostState: store.Posted, State: store.Final, Created: at(1), Updated: at(1)}
		wants := []store.Case{base, base, base, base}
		wants[0].Subject, wants[0].Codes = "bob@contoso.com", []int{50076}
		wants[1].Subject, wants[1].Outcome, wants[1].OutcomeAt = "ann@contoso.com", store.HandedOver, at(5)
		wants[3].State = store.Expired
		for i, want := range wants {
			want.ID = int64(i + 1)
			want.MessageTS = paste(i + 1).MessageTS
			want.ThreadTS, want.OnceKey = want.MessageTS, paste(i+1).OnceKey
			got, err := st.Case(ctx, want.ID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("case %d: %s", want.ID, diff)
			}
		}
		// An older hand-over counts as one: solved by its author, it is not one that needed nobody.
		if moved, err := st.SetOutcome(ctx, 2, store.Solved, "U1"); err != nil || !moved {
			t.Errorf("solve it: %v, %v", moved, err)
		}
		f, err := st.Figures(ctx, at(0), at(9).Add(time.Hour), 5)
		if err != nil || f.SolvedByPeople != 1 || f.SolvedAlone != 0 || f.Cases != 3 || f.Open != 2 {
			t.Errorf("%+v, %v", f, err)
		}
	})
}
