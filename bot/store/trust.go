package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Approval is a domain of the tenant as somebody approved it last.
type Approval struct {
	Domain    string
	Federated bool
	// Trust is the trust in the caller's encoding; nil where the domain has
	// none, or it could not be read.
	Trust json.RawMessage
	By    string // Slack user id; "" where it was taken as it was seen first
	At    time.Time
}

// TrustFinding is something that a health post has said and that is still so.
type TrustFinding struct {
	Key        string // names it in buttons
	Domain     string // "" for a finding of the tenant
	ID         string
	Of         string
	Severity   string
	Security   bool
	Step       int // the expiry step that was announced last, in days; 0 none
	Says       string
	Rests      []string // names of the facts that it was seen in
	Since      time.Time
	Told       time.Time // the slot of the post that said it last
	Mended     bool      // that post said that it is mended
	QuietUntil time.Time // zero where nobody snoozed it
	// AcknowledgedBy and Approved say that somebody has seen to it.
	AcknowledgedBy string
	Approved       bool
	Did            string // a line that says who did what about it last
}

// Silent is the state of a slot at which there is nothing to post, or no more.
const Silent PostState = "silent"

// TrustPost is the health post of one slot.
type TrustPost struct {
	Slot    time.Time
	OnceKey string // an opaque random id that the message carries in its metadata
	Channel string
	// Message is what is to be posted, in the caller's encoding; nil once
	// TakeTrustMessage has taken it.
	Message json.RawMessage
	State   PostState
	TS      string
	Created time.Time
}

// TrustMemory is all that is known of the trusts at one moment.
type TrustMemory struct {
	Revision  int64
	Approvals []Approval
	Findings  []TrustFinding
	Unposted  []TrustPost // oldest first
}

// Trusts reads what is known of the trusts.
func (s *Store) Trusts(ctx context.Context) (TrustMemory, error) {
	var m TrustMemory
	fail := func(err error) (TrustMemory, error) {
		return TrustMemory{}, fmt.Errorf("read what is known of the trusts: %w", err)
	}
	// The revision comes first: what changes after it makes RecordTrusts fail.
	if err := s.db.QueryRowContext(ctx, `SELECT revision FROM trust_revision WHERE id = 1`).Scan(&m.Revision); err != nil {
		return fail(err)
	}
	var err error
	if m.Approvals, err = s.approvals(ctx); err != nil {
		return fail(err)
	}
	if m.Findings, err = s.findings(ctx); err != nil {
		return fail(err)
	}
	if m.Unposted, err = s.unposted(ctx); err != nil {
		return fail(err)
	}
	return m, nil
}

func (s *Store) approvals(ctx context.Context) ([]Approval, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT domain, federated, trust, approved_by, approved FROM trust_approvals ORDER BY domain`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Approval
	for rows.Next() {
		var (
			a             Approval
			federated, at int64
			trust         string
		)
		if err := rows.Scan(&a.Domain, &federated, &trust, &a.By, &at); err != nil {
			return nil, err
		}
		a.Federated, a.At = federated != 0, moment(at)
		if trust != "" {
			a.Trust = json.RawMessage(trust)
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

const findingColumns = `finding_key, domain, id, about, severity, security, step, says, rests, since, told, mended, quiet_until,
	acknowledged_by, approved, did`

func scanFinding(row Row) (TrustFinding, error) {
	var (
		f                          TrustFinding
		security, mended, approved int64
		rests                      string
		since, told, quiet         int64
	)
	err := row.Scan(&f.Key, &f.Domain, &f.ID, &f.Of, &f.Severity, &security, &f.Step, &f.Says, &rests, &since, &told, &mended, &quiet,
		&f.AcknowledgedBy, &approved, &f.Did)
	if err != nil {
		return TrustFinding{}, err
	}
	f.Security, f.Mended, f.Approved = security != 0, mended != 0, approved != 0
	f.Rests, f.Since, f.Told, f.QuietUntil = strings.Fields(rests), moment(since), moment(told), moment(quiet)
	return f, nil
}

func (s *Store) findings(ctx context.Context) ([]TrustFinding, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+findingColumns+` FROM trust_findings ORDER BY domain, id, about`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []TrustFinding
	for rows.Next() {
		f, err := scanFinding(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, rows.Err()
}

const postColumns = `slot, once_key, channel, message, post_state, ts, created`

func scanPost(row Row) (TrustPost, error) {
	var (
		p             TrustPost
		slot, created int64
		message       string
	)
	if err := row.Scan(&slot, &p.OnceKey, &p.Channel, &message, &p.State, &p.TS, &created); err != nil {
		return TrustPost{}, err
	}
	p.Slot, p.Created = moment(slot), moment(created)
	if message != "" {
		p.Message = json.RawMessage(message)
	}
	return p, nil
}

func (s *Store) unposted(ctx context.Context) ([]TrustPost, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+postColumns+` FROM trust_posts WHERE post_state IN ('', 'posting') ORDER BY slot`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []TrustPost
	for rows.Next() {
		p, err := scanPost(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// TrustPost returns the post of a slot, or ErrNotFound.
func (s *Store) TrustPost(ctx context.Context, slot time.Time) (TrustPost, error) {
	p, err := scanPost(s.db.QueryRowContext(ctx, `SELECT `+postColumns+` FROM trust_posts WHERE slot = $1`, millis(slot)))
	if errors.Is(err, sql.ErrNoRows) {
		return p, notFound("health post of", slot.UTC())
	}
	if err != nil {
		return p, fmt.Errorf("read health post: %w", err)
	}
	return p, nil
}

// keepPosts is how long a slot's post is remembered. Nothing asks for it once
// its job is done.
const keepPosts = 45 * 24 * time.Hour

// RecordTrusts stores, in one transaction, the post of a slot that is to be
// sent, everything that is known after it, and approvals of domains that have
// none yet. Posts of earlier slots that were not sent become Silent: what they
// held is for the caller to say again. ok is false, and nothing is changed, if
// the memory was changed since it was read with this revision, or the slot has
// its post already.
func (s *Store) RecordTrusts(ctx context.Context, revision int64, p TrustPost, known []TrustFinding, first []Approval) (ok bool, err error) {
	if p.OnceKey == "" || p.Slot.IsZero() {
		return false, errors.New("record the trusts: slot and once-key are needed")
	}
	err = s.inTx(ctx, func(tx Tx) error {
		n, err := tx.Exec(ctx, `UPDATE trust_revision SET revision = revision + 1 WHERE id = 1 AND revision = $1`, revision)
		if err != nil || n == 0 {
			return err
		}
		n, err = tx.Exec(ctx, `INSERT INTO trust_posts (`+postColumns+`) VALUES ($1, $2, $3, $4, $5, '', $6) ON CONFLICT (slot) DO NOTHING`,
			millis(p.Slot), p.OnceKey, p.Channel, plain(string(p.Message)), string(p.State), s.now())
		if err != nil || n == 0 {
			return err
		}
		ok = true
		if _, err := tx.Exec(ctx, `UPDATE trust_posts SET post_state = 'silent', message = '' WHERE slot < $1 AND post_state IN ('', 'posting')`, millis(p.Slot)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM trust_posts WHERE slot < $1`, millis(p.Slot.Add(-keepPosts))); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM trust_findings`); err != nil {
			return err
		}
		for _, f := range known {
			_, err := tx.Exec(ctx, `INSERT INTO trust_findings (`+findingColumns+`)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
				f.Key, plain(f.Domain), plain(f.ID), plain(f.Of), f.Severity, number(f.Security), f.Step, plain(f.Says), plain(strings.Join(f.Rests, " ")),
				millis(f.Since), millis(f.Told), number(f.Mended), millis(f.QuietUntil), plain(f.AcknowledgedBy), number(f.Approved), plain(f.Did))
			if err != nil {
				return err
			}
		}
		for _, a := range first {
			_, err := tx.Exec(ctx, `INSERT INTO trust_approvals (domain, federated, trust, approved_by, approved) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (domain) DO UPDATE SET federated = excluded.federated, trust = excluded.trust, approved = excluded.approved
				WHERE trust_approvals.trust = '' AND excluded.trust <> ''`,
				plain(a.Domain), number(a.Federated), plain(string(a.Trust)), plain(a.By), millis(a.At))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("record the trusts: %w", err)
	}
	return ok, nil
}

// ClaimTrustPost lets one process post a slot until the given time. mine is
// false if another does, or it is posted or Silent. tried says that an earlier
// claim may have led to a post: look for the own message before posting again.
func (s *Store) ClaimTrustPost(ctx context.Context, slot, until time.Time) (mine, tried bool, err error) {
	p, err := s.TrustPost(ctx, slot)
	if err != nil {
		return false, false, err
	}
	if p.State != Unposted && p.State != Posting {
		return false, false, nil
	}
	n, err := s.exec(ctx, `UPDATE trust_posts SET post_state = 'posting', lease_until = $2 WHERE slot = $1 AND post_state = $3 AND lease_until <= $4`,
		millis(slot), millis(until), string(p.State), s.now())
	if err != nil {
		return false, false, fmt.Errorf("claim health post: %w", err)
	}
	return n == 1, p.State == Posting, nil
}

// FreeTrustPost ends a claim. refused says that nothing was posted for certain.
func (s *Store) FreeTrustPost(ctx context.Context, slot time.Time, refused bool) error {
	state := Posting
	if refused {
		state = Unposted
	}
	if _, err := s.exec(ctx, `UPDATE trust_posts SET post_state = $2, lease_until = 0 WHERE slot = $1 AND post_state = 'posting'`, millis(slot), string(state)); err != nil {
		return fmt.Errorf("free health post: %w", err)
	}
	return nil
}

// SetTrustPosted records that a slot is posted.
func (s *Store) SetTrustPosted(ctx context.Context, slot time.Time, ts string) error {
	if _, err := s.exec(ctx, `UPDATE trust_posts SET post_state = 'posted', ts = $2, lease_until = 0 WHERE slot = $1`, millis(slot), ts); err != nil {
		return fmt.Errorf("record health post: %w", err)
	}
	return nil
}

// TakeTrustMessage forgets the message of a posted slot, which is kept no
// longer than needed. mine is true for one caller only.
func (s *Store) TakeTrustMessage(ctx context.Context, slot time.Time) (mine bool, err error) {
	n, err := s.exec(ctx, `UPDATE trust_posts SET message = '' WHERE slot = $1 AND message <> '' AND post_state = 'posted'`, millis(slot))
	if err != nil {
		return false, fmt.Errorf("forget a health post: %w", err)
	}
	return n == 1, nil
}

// TrustFinding returns a finding by its key, or ErrNotFound.
func (s *Store) TrustFinding(ctx context.Context, key string) (TrustFinding, error) {
	f, err := scanFinding(s.db.QueryRowContext(ctx, `SELECT `+findingColumns+` FROM trust_findings WHERE finding_key = $1`, key))
	if errors.Is(err, sql.ErrNoRows) {
		return f, notFound("finding", key)
	}
	if err != nil {
		return f, fmt.Errorf("read a finding: %w", err)
	}
	return f, nil
}

// Mark is what somebody did about a finding.
type Mark struct {
	By    string    // Slack user id of who acknowledged it, "" where it is not acknowledged
	Until time.Time // how long it is silent, zero where it is not snoozed
	Did   string    // the line that says who did what
}

// MarkTrust records what somebody did about a finding, in place of what was
// done before.
func (s *Store) MarkTrust(ctx context.Context, key string, m Mark) error {
	err := s.inTx(ctx, func(tx Tx) error {
		if err := changed(ctx, tx); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE trust_findings SET acknowledged_by = $2, quiet_until = $3, did = $4 WHERE finding_key = $1 AND mended = 0`,
			key, plain(m.By), millis(m.Until), plain(m.Did))
		if err == nil && n == 0 {
			err = notFound("finding", key)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("mark a finding: %w", err)
	}
	return nil
}

// ApproveTrust stores a domain as approved, and that with it the finding is
// settled.
func (s *Store) ApproveTrust(ctx context.Context, a Approval, key, did string) error {
	err := s.inTx(ctx, func(tx Tx) error {
		if err := changed(ctx, tx); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE trust_findings SET approved = 1, did = $2 WHERE finding_key = $1 AND mended = 0`, key, plain(did))
		if err == nil && n == 0 {
			err = notFound("finding", key)
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO trust_approvals (domain, federated, trust, approved_by, approved) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (domain) DO UPDATE SET federated = excluded.federated, trust = excluded.trust, approved_by = excluded.approved_by, approved = excluded.approved`,
			plain(a.Domain), number(a.Federated), plain(string(a.Trust)), plain(a.By), millis(a.At))
		return err
	})
	if err != nil {
		return fmt.Errorf("approve a trust: %w", err)
	}
	return nil
}

// changed makes a RecordTrusts that read the memory earlier fail. It comes
// first in its transaction, so that two never wait for each other.
func changed(ctx context.Context, tx Tx) error {
	_, err := tx.Exec(ctx, `UPDATE trust_revision SET revision = revision + 1 WHERE id = 1`)
	return err
}
