package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErasedPerson stands where an erased person was named in a row that stays:
// the Subject of an audit entry, the OutcomeBy of somebody else's case.
const ErasedPerson = "erased"

// Erased is what [Store.Erase] has done.
type Erased struct {
	Cases    int     // removed or emptied
	Audit    int     // entries whose subject is no longer told
	Feedback int     // judgements of the person that were removed
	Replies  []Reply // answers of ours to delete in Slack; confirm each with Purged
}

// Erase removes what is kept of one person, who is named by Slack user id,
// account name, or both, in any letter case. Cases that they wrote, or that are
// about them or name their account, are emptied as Purge does; their feedback
// and home views go. Audit entries about them stay, with ErasedPerson in their
// place, because who looked is owed to the operator; so do entries of what they
// looked up themselves, and what they did about a trust. An answer that is not
// confirmed with Purged comes back at the next Purge.
func (s *Store) Erase(ctx context.Context, who ...string) (Erased, error) {
	return s.erase(ctx, who, true)
}

// WouldErase tells what Erase would do, and changes nothing.
func (s *Store) WouldErase(ctx context.Context, who ...string) (Erased, error) {
	return s.erase(ctx, who, false)
}

func (s *Store) erase(ctx context.Context, who []string, really bool) (Erased, error) {
	var names []string
	for _, name := range who {
		if name = strings.TrimSpace(plain(name)); name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return Erased{}, errors.New("erase: nobody is named")
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return Erased{}, fmt.Errorf("erase: %w", err)
	}
	defer tx.Rollback() // no effect once committed
	e := eraser{tx: tx, now: s.now(), names: names}
	for _, step := range []func(context.Context) error{e.findCases, e.findAudit, e.eraseCases, e.eraseRest} {
		if err := step(ctx); err != nil {
			return Erased{}, fmt.Errorf("erase: %w", err)
		}
	}
	if !really {
		return e.done, nil
	}
	if err := tx.Commit(); err != nil {
		return Erased{}, fmt.Errorf("erase: %w", err)
	}
	return e.done, nil
}

type eraser struct {
	tx    *sql.Tx
	now   int64
	names []string
	done  Erased

	cases    []int64  // to empty
	told     []int64  // cases of others whose words on the fix name the person
	ended    []int64  // cases of others that the person ended
	subjects []string // of audit entries, as they are spelt
}

// findCases looks at each case in Go and not in SQL, whose lower() knows ASCII
// only on SQLite: an account name may hold other letters.
func (e *eraser) findCases(ctx context.Context) error {
	rows, err := e.tx.QueryContext(ctx, `SELECT id, author, subject, errors, fixed, outcome_by FROM cases WHERE state <> 'expired' ORDER BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			id                                 int64
			author, subject, errs, fixed, ends string
		)
		if err := rows.Scan(&id, &author, &subject, &errs, &fixed, &ends); err != nil {
			return err
		}
		if e.is(author) || e.is(subject) || e.mentioned(errs, true) {
			e.cases = append(e.cases, id)
			continue
		}
		if e.mentioned(fixed, false) {
			e.told = append(e.told, id)
		}
		if e.is(ends) {
			e.ended = append(e.ended, id)
		}
	}
	return rows.Err()
}

func (e *eraser) findAudit(ctx context.Context) error {
	rows, err := e.tx.QueryContext(ctx, `SELECT DISTINCT subject FROM audit`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var subject string
		if err := rows.Scan(&subject); err != nil {
			return err
		}
		if e.is(subject) {
			e.subjects = append(e.subjects, subject)
		}
	}
	return rows.Err()
}

func (e *eraser) eraseCases(ctx context.Context) error {
	for _, id := range e.cases {
		// A post that is under way needs its row, so that its answer is found.
		n, err := e.exec(ctx, `DELETE FROM cases WHERE id = $1 AND reply_ts = '' AND post_state <> 'posting'`, id)
		if err != nil {
			return err
		}
		e.done.Cases++
		if n == 1 {
			continue
		}
		for _, table := range []string{"case_codes", "case_keys"} {
			if _, err := e.exec(ctx, `DELETE FROM `+table+` WHERE case_id = $1`, id); err != nil {
				return err
			}
		}
		r := Reply{CaseID: id}
		err = e.tx.QueryRowContext(ctx, `UPDATE cases SET `+emptied+`, updated = $2 WHERE id = $1 RETURNING team, channel, reply_ts`, id, e.now).
			Scan(&r.Team, &r.Channel, &r.TS)
		if err != nil {
			return err
		}
		if r.TS != "" {
			e.done.Replies = append(e.done.Replies, r)
		}
	}
	return nil
}

func (e *eraser) eraseRest(ctx context.Context) error {
	for _, id := range e.told {
		if _, err := e.exec(ctx, `UPDATE cases SET fixed = '' WHERE id = $1`, id); err != nil {
			return err
		}
	}
	for _, id := range e.ended {
		if _, err := e.exec(ctx, `UPDATE cases SET outcome_by = $2 WHERE id = $1`, id, ErasedPerson); err != nil {
			return err
		}
	}
	for _, subject := range e.subjects {
		n, err := e.exec(ctx, `UPDATE audit SET subject = $2 WHERE subject = $1`, subject, ErasedPerson)
		if err != nil {
			return err
		}
		e.done.Audit += int(n)
	}
	for _, name := range e.names {
		n, err := e.exec(ctx, `DELETE FROM feedback WHERE lower(user_id) = lower($1)`, name)
		if err != nil {
			return err
		}
		e.done.Feedback += int(n)
		if _, err := e.exec(ctx, `DELETE FROM homes WHERE lower(user_id) = lower($1)`, name); err != nil {
			return err
		}
	}
	// What others said of the answers that are gone.
	_, err := e.exec(ctx, `DELETE FROM feedback WHERE case_id IN (SELECT id FROM cases WHERE state = 'expired')`)
	return err
}

func (e *eraser) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := e.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// is tells whether a field holds the person.
func (e *eraser) is(field string) bool {
	for _, name := range e.names {
		if strings.EqualFold(field, name) {
			return true
		}
	}
	return false
}

// mentioned tells whether a longer text names the person. accounts looks for
// account names only.
func (e *eraser) mentioned(text string, accounts bool) bool {
	for _, name := range e.names {
		if (!accounts || strings.Contains(name, "@")) && mentions(text, name) {
			return true
		}
	}
	return false
}

// mentions tells whether a text holds a name that is not part of a longer one:
// bob@contoso.com is in neither jbob@contoso.com nor bob@contoso.com.au.
func mentions(text, name string) bool {
	text, name = strings.ToLower(text), strings.ToLower(name)
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(name)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, size := utf8.DecodeRuneInString(text[end:])
		if after == '.' { // the end of a sentence, or of a longer domain
			after, _ = utf8.DecodeRuneInString(text[end+size:])
		}
		if !inName(before) && before != '.' && !inName(after) {
			return true
		}
		from = end
	}
}

func inName(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_%+-", r))
}
