package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// State says how far a case has come.
type State string

// The states of a case. Open and answered cases still have work to do; final
// and failed ones do not.
const (
	Open     State = "open"     // stored, no answer in the thread yet
	Answered State = "answered" // answered; late facts may still be edited in
	Final    State = "final"    // nothing more will come
	Failed   State = "failed"   // given up without an answer; why is in the operator's log
	Expired  State = "expired"  // emptied by Purge; only the reference to the reply is left
)

// PostState says whether the first answer has been posted. Slack has no
// idempotency key for chat.postMessage, so the claim is written before the post
// and the reply's ts after it. Posting that is found when nobody works on the
// case means that a process died, or a request timed out, between the two: look
// for the own message in the thread before posting again.
// https://docs.slack.dev/reference/methods/chat.postMessage
type PostState string

// The post states of a case, in the order that they are gone through.
const (
	Unposted PostState = ""
	Posting  PostState = "posting"
	Posted   PostState = "posted"
)

// Case is one Slack message with sign-in errors in it, and what has become of
// it. It never holds the text of the message.
type Case struct {
	ID int64

	// Team, Channel and MessageTS name the message; together they are unique.
	Team      string
	Channel   string
	MessageTS string
	// ThreadTS is the root of the thread to answer in: the message itself, or
	// the thread that it was written in.
	ThreadTS string
	// ReplyTS is our answer's ts, "" until it is posted.
	ReplyTS string

	Author     string // Slack user id of who pasted, "" for an integration
	AuthorTeam string // that user's team; differs from Team for externals
	ExtShared  bool   // the event said that the channel is shared outside

	// Errors is the list of errors found, as JSON in the caller's encoding;
	// the store does not look inside. Codes are the AADSTS codes in it, which
	// RecentCases finds the case by; Primary is the one that the answer is led
	// by, 0 where there is none.
	Errors  json.RawMessage
	Codes   []int
	Primary int

	Permalink string
	State     State

	// OnceKey is an opaque random id that the posted message carries in its
	// metadata and its buttons. It is unique.
	OnceKey   string
	PostState PostState

	// Subject is the user principal name of the affected person, "" until it
	// is known. Purge clears it.
	Subject string
	// SignInUntil is how long the sign-in log is asked again for a row that
	// has not come yet; zero where it is not waited for.
	SignInUntil time.Time

	// EditedTS is the edited.ts of the message's last edit that was applied,
	// "" for none. Revision counts the changes of Errors, from 0.
	EditedTS string
	Revision int

	Created, Updated time.Time // UTC, to the millisecond
}

const caseColumns = `id, team, channel, message_ts, thread_ts, reply_ts, author, author_team, ext_shared,
	errors, primary_code, permalink, state, once_key, post_state, subject, sign_in_until, edited_ts, revision,
	created, updated`

func scanCase(row Row) (Case, error) {
	var (
		c                             Case
		extShared                     int64
		errs                          string
		signInUntil, created, updated int64
	)
	err := row.Scan(&c.ID, &c.Team, &c.Channel, &c.MessageTS, &c.ThreadTS, &c.ReplyTS, &c.Author, &c.AuthorTeam, &extShared,
		&errs, &c.Primary, &c.Permalink, &c.State, &c.OnceKey, &c.PostState, &c.Subject, &signInUntil, &c.EditedTS, &c.Revision,
		&created, &updated)
	if err != nil {
		return Case{}, err
	}
	c.ExtShared = extShared != 0
	c.Errors = json.RawMessage(errs)
	c.SignInUntil, c.Created, c.Updated = moment(signInUntil), moment(created), moment(updated)
	return c, nil
}

// InsertCase adds a case inside the caller's transaction and returns its id. If
// the message has a case already, nothing is changed and that case's id comes
// back with created false; of many concurrent calls for one message, exactly
// one creates. ID, ReplyTS, PostState, Revision, Created and Updated of c are
// ignored; State "" means Open.
func (s *Store) InsertCase(ctx context.Context, tx Tx, c Case) (id int64, created bool, err error) {
	if c.Team == "" || c.Channel == "" || c.MessageTS == "" || c.OnceKey == "" {
		return 0, false, errors.New("insert case: team, channel, message ts and once-key are needed")
	}
	if c.ThreadTS == "" {
		c.ThreadTS = c.MessageTS
	}
	if c.State == "" {
		c.State = Open
	}
	if len(c.Errors) == 0 {
		c.Errors = json.RawMessage("[]")
	}
	now := s.now()
	err = tx.QueryRow(ctx, `INSERT INTO cases (team, channel, message_ts, thread_ts, author, author_team, ext_shared,
			errors, primary_code, permalink, state, once_key, subject, sign_in_until, edited_ts, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)
		ON CONFLICT (team, channel, message_ts) DO NOTHING RETURNING id`,
		c.Team, c.Channel, c.MessageTS, c.ThreadTS, c.Author, c.AuthorTeam, number(c.ExtShared),
		plain(string(c.Errors)), c.Primary, plain(c.Permalink), string(c.State), c.OnceKey, plain(c.Subject),
		millis(c.SignInUntil), c.EditedTS, now).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRow(ctx, `SELECT id FROM cases WHERE team = $1 AND channel = $2 AND message_ts = $3`,
			c.Team, c.Channel, c.MessageTS).Scan(&id)
		if err != nil {
			return 0, false, fmt.Errorf("find case of message: %w", err)
		}
		return id, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("insert case: %w", err)
	}
	if err := insertCodes(ctx, tx, id, c.Codes, now); err != nil {
		return 0, false, err
	}
	return id, true, nil
}

func insertCodes(ctx context.Context, tx Tx, id int64, codes []int, created int64) error {
	for _, code := range codes {
		_, err := tx.Exec(ctx, `INSERT INTO case_codes (case_id, code, created) VALUES ($1, $2, $3)
			ON CONFLICT (case_id, code) DO NOTHING`, id, code, created)
		if err != nil {
			return fmt.Errorf("insert code of case: %w", err)
		}
	}
	return nil
}

// UpdateErrors replaces, inside the caller's transaction, the errors of the
// message's case after the message was edited, and returns the case's id and
// new revision. changed is false, and nothing happens, if the errors are the
// same as before or if EditedTS of c is not later than the edit applied last (a
// redelivered event). Only the errors, codes, primary, EditedTS and the state,
// which becomes Open again, are written. It returns ErrNotFound if the message
// has no case.
func (s *Store) UpdateErrors(ctx context.Context, tx Tx, c Case) (id int64, revision int, changed bool, err error) {
	if len(c.Errors) == 0 {
		c.Errors = json.RawMessage("[]")
	}
	var created int64
	err = tx.QueryRow(ctx, `UPDATE cases SET errors = $4, primary_code = $5, edited_ts = $6, revision = revision + 1,
			state = $7, updated = $8
		WHERE team = $1 AND channel = $2 AND message_ts = $3 AND state <> $9
			AND errors <> $4 AND ($6 = '' OR edited_ts < $6)
		RETURNING id, revision, created`,
		c.Team, c.Channel, c.MessageTS, plain(string(c.Errors)), c.Primary, c.EditedTS, string(Open), s.now(), string(Expired),
	).Scan(&id, &revision, &created)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRow(ctx, `SELECT id, revision FROM cases WHERE team = $1 AND channel = $2 AND message_ts = $3`,
			c.Team, c.Channel, c.MessageTS).Scan(&id, &revision)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, 0, false, notFound("case of message", c.MessageTS)
		}
		if err != nil {
			return 0, 0, false, fmt.Errorf("find case of message: %w", err)
		}
		return id, revision, false, nil
	}
	if err != nil {
		return 0, 0, false, fmt.Errorf("update errors of case: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM case_codes WHERE case_id = $1`, id); err != nil {
		return 0, 0, false, fmt.Errorf("update codes of case: %w", err)
	}
	if err := insertCodes(ctx, tx, id, c.Codes, created); err != nil {
		return 0, 0, false, err
	}
	return id, revision, true, nil
}

// Case returns the case with that id, or ErrNotFound.
func (s *Store) Case(ctx context.Context, id int64) (Case, error) {
	return s.oneCase(ctx, id, `WHERE id = $1`, id)
}

// CaseByMessage returns the case of a Slack message, or ErrNotFound.
func (s *Store) CaseByMessage(ctx context.Context, team, channel, messageTS string) (Case, error) {
	return s.oneCase(ctx, messageTS, `WHERE team = $1 AND channel = $2 AND message_ts = $3`, team, channel, messageTS)
}

// CaseByOnceKey returns the case whose answer carries that key, or ErrNotFound.
func (s *Store) CaseByOnceKey(ctx context.Context, key string) (Case, error) {
	return s.oneCase(ctx, key, `WHERE once_key = $1`, key)
}

func (s *Store) oneCase(ctx context.Context, key any, where string, args ...any) (Case, error) {
	c, err := scanCase(s.db.QueryRowContext(ctx, `SELECT `+caseColumns+` FROM cases `+where, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return Case{}, notFound("case", key)
	}
	if err != nil {
		return Case{}, fmt.Errorf("read case: %w", err)
	}
	c.Codes, err = s.codes(ctx, c.ID)
	return c, err
}

func (s *Store) codes(ctx context.Context, id int64) ([]int, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT code FROM case_codes WHERE case_id = $1 ORDER BY code`, id)
	if err != nil {
		return nil, fmt.Errorf("read codes of case: %w", err)
	}
	defer rows.Close()
	var codes []int
	for rows.Next() {
		var code int
		if err := rows.Scan(&code); err != nil {
			return nil, fmt.Errorf("read codes of case: %w", err)
		}
		codes = append(codes, code)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read codes of case: %w", err)
	}
	return codes, nil
}

// maxRecent bounds RecentCases; an incident is plain long before that.
const maxRecent = 1000

// RecentCases returns the cases with that code that were created at or after
// since, newest first, at most 1000. Expired ones are left out. Codes is not
// filled in.
func (s *Store) RecentCases(ctx context.Context, code int, since time.Time) ([]Case, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+caseColumns+` FROM cases
		WHERE state <> $1 AND id IN (SELECT case_id FROM case_codes WHERE code = $2 AND created >= $3)
		ORDER BY created DESC, id DESC LIMIT $4`, string(Expired), code, millis(since), maxRecent)
	if err != nil {
		return nil, fmt.Errorf("read recent cases: %w", err)
	}
	defer rows.Close()
	var cases []Case
	for rows.Next() {
		c, err := scanCase(rows)
		if err != nil {
			return nil, fmt.Errorf("read recent cases: %w", err)
		}
		cases = append(cases, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read recent cases: %w", err)
	}
	return cases, nil
}

// ClaimPost claims the right to post the case's first answer: it goes from
// Unposted to Posting, and ok is true for exactly one caller. Where ok is false
// somebody claimed before: the answer is posted (Posted), or may be (Posting),
// and the thread must be looked at first.
func (s *Store) ClaimPost(ctx context.Context, id int64) (ok bool, err error) {
	n, err := s.exec(ctx, `UPDATE cases SET post_state = $2, updated = $3 WHERE id = $1 AND post_state = $4`,
		id, string(Posting), s.now(), string(Unposted))
	if err != nil {
		return false, fmt.Errorf("claim post of case: %w", err)
	}
	if n == 1 {
		return true, nil
	}
	return false, s.exists(ctx, id)
}

// UnclaimPost gives a claim back after Slack has plainly refused the post (an
// error answer such as ratelimited), so that the next try need not search the
// thread. After a timeout the claim must be kept. It changes nothing if the
// answer is posted.
func (s *Store) UnclaimPost(ctx context.Context, id int64) error {
	_, err := s.exec(ctx, `UPDATE cases SET post_state = $2, updated = $3 WHERE id = $1 AND post_state = $4`,
		id, string(Unposted), s.now(), string(Posting))
	if err != nil {
		return fmt.Errorf("unclaim post of case: %w", err)
	}
	return nil
}

// SetReply records the ts of the posted answer; the case is Posted from then on.
func (s *Store) SetReply(ctx context.Context, id int64, ts string) error {
	return s.change(ctx, id, `reply_ts = $3, post_state = $4`, ts, string(Posted))
}

// SetState records how far the case has come.
func (s *Store) SetState(ctx context.Context, id int64, state State) error {
	return s.change(ctx, id, `state = $3`, string(state))
}

// Fail marks the case as failed if it is still open; a case that has its answer
// keeps its state.
func (s *Store) Fail(ctx context.Context, id int64) error {
	_, err := s.exec(ctx, `UPDATE cases SET state = $2, updated = $3 WHERE id = $1 AND state = $4`,
		id, string(Failed), s.now(), string(Open))
	if err != nil {
		return fmt.Errorf("mark case as failed: %w", err)
	}
	return nil
}

// SetSubject records whom the case is about, by user principal name.
func (s *Store) SetSubject(ctx context.Context, id int64, upn string) error {
	return s.change(ctx, id, `subject = $3`, plain(upn))
}

// SetSignInUntil records how long the sign-in log is asked again.
func (s *Store) SetSignInUntil(ctx context.Context, id int64, until time.Time) error {
	return s.change(ctx, id, `sign_in_until = $3`, millis(until))
}

// SetPermalink records the message's permalink.
func (s *Store) SetPermalink(ctx context.Context, id int64, link string) error {
	return s.change(ctx, id, `permalink = $3`, plain(link))
}

// change sets columns of one case; set uses $3 and on for args.
func (s *Store) change(ctx context.Context, id int64, set string, args ...any) error {
	n, err := s.exec(ctx, `UPDATE cases SET updated = $2, `+set+` WHERE id = $1`, append([]any{id, s.now()}, args...)...)
	if err != nil {
		return fmt.Errorf("update case: %w", err)
	}
	if n == 0 {
		return notFound("case", id)
	}
	return nil
}

func (s *Store) exists(ctx context.Context, id int64) error {
	var one int
	err := s.db.QueryRowContext(ctx, `SELECT 1 FROM cases WHERE id = $1`, id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return notFound("case", id)
	}
	if err != nil {
		return fmt.Errorf("read case: %w", err)
	}
	return nil
}
