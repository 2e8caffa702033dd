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

	// FromForm says that a person opened the case through the shortcut or the
	// form, and not a message that the bot heard.
	FromForm bool
	// Keys is what the errors name beside their codes. InsertCase and
	// UpdateErrors write them, AddKeys adds more; like Codes, only Case,
	// CaseByMessage and CaseByOnceKey read them back.
	Keys []Key
	// AnsweredAt is when the first answer was posted, zero before that.
	AnsweredAt time.Time

	// Outcome is how the case ended, "" while it is open, and OutcomeBy the
	// Slack user id of who ended it, "" where a success was seen in the log.
	Outcome   Outcome
	OutcomeBy string
	OutcomeAt time.Time
	// Fixed says in words what fixed the case, at most 300 runes, "" where it
	// is unknown; it is never text of the message. FixedCause is the id of the
	// runbook's cause that was chosen, "" for free text.
	Fixed      string
	FixedCause string

	// Incident is the incident that the case was counted into, 0 for none.
	Incident int64

	Created, Updated time.Time // UTC, to the millisecond
}

// HasFix tells whether it is known what fixed the case.
func (c Case) HasFix() bool {
	return c.Outcome == Solved && (c.Fixed != "" || c.FixedCause != "")
}

const caseColumns = `id, team, channel, message_ts, thread_ts, reply_ts, author, author_team, ext_shared,
	errors, primary_code, permalink, state, once_key, post_state, subject, sign_in_until, edited_ts, revision,
	from_form, answered_at, outcome, outcome_by, outcome_at, fixed, fixed_cause, incident, created, updated`

func scanCase(row Row) (Case, error) {
	var (
		c                             Case
		extShared, fromForm           int64
		errs                          string
		signInUntil, created, updated int64
		answeredAt, outcomeAt         int64
	)
	err := row.Scan(&c.ID, &c.Team, &c.Channel, &c.MessageTS, &c.ThreadTS, &c.ReplyTS, &c.Author, &c.AuthorTeam, &extShared,
		&errs, &c.Primary, &c.Permalink, &c.State, &c.OnceKey, &c.PostState, &c.Subject, &signInUntil, &c.EditedTS, &c.Revision,
		&fromForm, &answeredAt, &c.Outcome, &c.OutcomeBy, &outcomeAt, &c.Fixed, &c.FixedCause, &c.Incident, &created, &updated)
	if err != nil {
		return Case{}, err
	}
	c.ExtShared, c.FromForm = extShared != 0, fromForm != 0
	c.Errors = json.RawMessage(errs)
	c.SignInUntil, c.Created, c.Updated = moment(signInUntil), moment(created), moment(updated)
	c.AnsweredAt, c.OutcomeAt = moment(answeredAt), moment(outcomeAt)
	return c, nil
}

// InsertCase adds a case inside the caller's transaction and returns its id. If
// the message has a case already, nothing is changed and that case's id comes
// back with created false; of many concurrent calls for one message, exactly
// one creates. State "" means Open. What only becomes of a case later is ignored
// in c: ID, ReplyTS, PostState, Revision, the outcome and what fixed it, the
// incident, and the times.
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
			errors, primary_code, permalink, state, once_key, subject, sign_in_until, edited_ts, from_form, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
		ON CONFLICT (team, channel, message_ts) DO NOTHING RETURNING id`,
		c.Team, c.Channel, c.MessageTS, c.ThreadTS, c.Author, c.AuthorTeam, number(c.ExtShared),
		plain(string(c.Errors)), c.Primary, plain(c.Permalink), string(c.State), c.OnceKey, plain(c.Subject),
		millis(c.SignInUntil), c.EditedTS, number(c.FromForm), now).Scan(&id)
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
	if err := insertKeys(ctx, tx, id, c.Keys, now); err != nil {
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
	if c.Codes, err = s.codes(ctx, c.ID); err != nil {
		return c, err
	}
	c.Keys, err = s.keys(ctx, c.ID)
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
// since, newest first, at most 1000. Expired ones are left out. Codes and Keys
// are not filled in.
func (s *Store) RecentCases(ctx context.Context, code int, since time.Time) ([]Case, error) {
	cases, err := s.cases(ctx, `WHERE state <> $1 AND id IN (SELECT case_id FROM case_codes WHERE code = $2 AND created >= $3)
		ORDER BY created DESC, id DESC LIMIT $4`, string(Expired), code, millis(since), maxRecent)
	if err != nil {
		return nil, fmt.Errorf("read recent cases: %w", err)
	}
	return cases, nil
}

// cases reads the cases that where chooses, without their codes and keys.
func (s *Store) cases(ctx context.Context, where string, args ...any) ([]Case, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+caseColumns+` FROM cases `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var cases []Case
	for rows.Next() {
		c, err := scanCase(rows)
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, rows.Err()
}
