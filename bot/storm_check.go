package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/bot/jobs"
	"signpost/bot/store"
	"signpost/graph/facts"
	"signpost/handlers"
)

// stormCheckFor bounds the look at the federation for a storm, within a job's time.
const stormCheckFor = 14 * time.Second

// maxChecked bounds the domains that a storm has looked at.
const maxChecked = 3

// check looks at the federation once for an incident where it can matter, and posts what it finds into the thread of the
// incident's post.
func (s *Storms) check(ctx context.Context, id int64) error {
	if s.Federation == nil || s.Federation.Trusts == nil {
		return nil
	}
	i, err := s.Store.Incident(ctx, id)
	if err != nil || i.TS == "" || !i.Ended.IsZero() {
		return err
	}
	name := fmt.Sprintf("incident %d check", id)
	done, err := s.Store.Cursor(ctx, name)
	if err != nil || done == "done" {
		return err
	}
	m, err := s.Store.Trusts(ctx)
	if err != nil {
		return err
	}
	family := s.Desk.Book.Lookup(i.Code).Family == "federation"
	domains, err := s.domains(ctx, i, m, family)
	if err != nil {
		return err
	}
	if len(domains) == 0 {
		return s.Store.SetCursor(ctx, name, "done")
	}
	reading, cancel := context.WithTimeout(ctx, stormCheckFor)
	defer cancel()
	report := s.Federation.scan(reading, m, domains)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.Store.Audit(ctx, store.Entry{Asker: "signpost", Subject: strings.Join(domains, ", "), Place: i.Channel,
		Facts: []string{string(facts.NameDomain), string(facts.NameFederation), string(facts.NameMetadata)}, Why: fmt.Sprintf("AADSTS%d for several people", i.Code)}); err != nil {
		s.Log.Error("write the audit", "error", err)
	}
	federated := slices.ContainsFunc(report.Domains, func(t facts.Trust) bool { return t.Authentication != "managed" })
	if !family && !federated {
		return s.Store.SetCursor(ctx, name, "done")
	}
	drawn := handlers.ComposeIncidentCheck(report, s.Gate.Private(ctx, i.Channel)).Draw(nil)
	held, err := s.hold(ctx, id, func(ctx context.Context) error {
		return outcome("post the federation check of an incident", s.reply(ctx, i, i.OnceKey+"-check", drawn))
	})
	if err != nil {
		return err
	}
	if !held {
		return jobs.RetryAfter(time.Second, errTelling)
	}
	return s.Store.SetCursor(ctx, name, "done")
}

// domains are those whose federation may be behind a storm: the one that its cases share, or, for an error of the
// federation, those that the cases name or that are known to be federated.
func (s *Storms) domains(ctx context.Context, i store.Incident, m store.TrustMemory, family bool) ([]string, error) {
	managed := func(domain string) bool {
		return slices.ContainsFunc(m.Approvals, func(a store.Approval) bool { return !a.Federated && strings.EqualFold(a.Domain, domain) })
	}
	if i.Kind == store.KeyDomain {
		if managed(i.Value) && !family {
			return nil, nil
		}
		return []string{i.Value}, nil
	}
	if !family {
		return nil, nil
	}
	cases, err := s.Store.IncidentCases(ctx, i.ID, shownCases)
	if err != nil {
		return nil, err
	}
	var all []string
	add := func(domain string) {
		if domain != "" && len(all) < maxChecked && !slices.Contains(all, domain) && !managed(domain) {
			all = append(all, domain)
		}
	}
	for _, c := range cases {
		full, err := s.Store.Case(ctx, c.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, k := range full.Keys {
			if k.Kind == store.KeyDomain {
				add(k.Value)
			}
		}
	}
	if len(all) > 0 {
		return all, nil
	}
	for _, a := range m.Approvals {
		if a.Federated {
			add(a.Domain)
		}
	}
	return all, nil
}
