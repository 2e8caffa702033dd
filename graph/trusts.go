package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

const (
	scanTime    = 20 * time.Minute // where the caller set no deadline
	scanAtOnce  = 200              // domains that are read side by side: ten batches full
	scanPages   = 100              // of the list of domains, and of the audit
	scanCounted = 1500             // domains whose people are counted; in a larger tenant nobody counts

	// The directory takes 3,500 resource units in 10 s of an app in one of the smallest tenants, and a read of one domain's trust,
	// or a count, costs one. A scan takes six sevenths of them; the rest is for the people who wait for an answer.
	// https://learn.microsoft.com/graph/throttling-limits
	scanRequests = 3000
	scanWindow   = 10 * time.Second
)

// scan is one health report under way.
type scan struct {
	t    *Tenant
	q    facts.TrustQuery
	now  time.Time
	turn *budget // the directory's limit, shared by all scans
	all  bool    // every federated domain, not some by name

	mu      sync.Mutex
	done    int
	skipped []string                            // ids of findings that were not looked for
	probes  map[string]*later[[]facts.Endpoint] // by the hosts of a trust: many domains share one identity provider
}

// target is one domain of a scan, and what was read of it.
type target struct {
	name     string
	children []string
	in       federation.Input
}

// Trusts reads the health of every federated domain of the tenant, or of the domains that are asked for by name: the trust,
// what the identity provider publishes, how its hosts answer, what changed. It never fails: what could not be read is a
// finding of severity unknown, and costs no other domain anything.
func (t *Tenant) Trusts(ctx context.Context, q facts.TrustQuery) facts.TrustReport {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, scanTime)
		defer cancel()
	}
	if q.Schedule {
		ctx = context.WithValue(ctx, scheduleKey{}, true)
	}
	s := &scan{
		t: t, q: q, now: t.clock.Now().UTC(), all: len(q.Domains) == 0, probes: map[string]*later[[]facts.Endpoint]{},
		turn: t.scans,
	}
	r := facts.TrustReport{CheckedAt: s.now, Domains: []facts.Trust{}, Findings: []facts.Finding{}}
	audit := start(func() facts.Fact[[]facts.Change] {
		return unbroken(t, func() facts.Fact[[]facts.Change] { return t.trustChanges(ctx, s.now) })
	})
	tenant := start(func() []facts.Finding {
		if !s.all {
			return nil
		}
		found := append(s.tenant(ctx), s.ownCredential(ctx)...)
		if q.Apps {
			found = append(found, s.apps(ctx)...)
		}
		return found
	})
	list := t.listDomains(ctx)
	if s.all && list.state != "" {
		r.Findings = append(r.Findings, facts.Finding{ID: "domains-unreadable", Severity: facts.Unknown, By: "identity-admin",
			Says: "The domains of the tenant could not be read: " + list.reason, Next: "Run signpost doctor: it names the permission that is missing",
			Evidence: []facts.FindingReason{{Says: list.reason, Fact: facts.NameDomain, Source: facts.NameDomain.Source(), Time: s.now}}})
	}
	if list.state == "" {
		r.Verified = list.verified()
		r.Findings = append(r.Findings, s.strangers(list)...)
	}
	targets := s.targets(ctx, list)
	s.progress(len(targets), 0)
	names := 0
	for _, x := range targets {
		names += 1 + len(x.children)
	}
	var reads errgroup.Group
	reads.SetLimit(scanAtOnce)
	for i := range targets {
		reads.Go(func() error {
			s.read(ctx, &targets[i], names <= scanCounted)
			s.progress(len(targets), 1)
			return nil
		})
	}
	_ = reads.Wait() // each fact has its own state
	changes := audit.wait()
	for i := range targets {
		targets[i].in.Changes = changes
		r.Domains = append(r.Domains, targets[i].judge())
	}
	r.Findings = append(r.Findings, tenant.wait()...)
	r.Apps, r.Skipped = s.all && q.Apps, s.skipped
	if err := ctx.Err(); err != nil {
		r.Findings = append(r.Findings, unfinished(err, s.now))
	}
	if changes.OK() && changes.Reason != "" {
		r.Findings = append(r.Findings, facts.Finding{ID: "changes-capped", Severity: facts.Unknown, By: "identity-admin", Says: "Not every change of the last 30 days could be looked at: " + changes.Reason,
			Next: "Look at the directory audit for Set federation settings on domain and Set domain authentication", Evidence: []facts.FindingReason{}})
	}
	slices.SortStableFunc(r.Domains, func(a, b facts.Trust) int {
		return cmp.Or(cmp.Compare(b.Status.Weight(), a.Status.Weight()), cmp.Compare(a.Domain, b.Domain))
	})
	slices.SortStableFunc(r.Findings, func(a, b facts.Finding) int { return cmp.Compare(b.Severity.Weight(), a.Severity.Weight()) })
	r.Status = federation.Status(r.Findings)
	for _, d := range r.Domains {
		r.Status = federation.Worst(r.Status, d.Status)
	}
	return r
}

// skip keeps the id of a finding that could not be looked for, where no finding says so.
func (s *scan) skip(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skipped = append(s.skipped, id)
}

// progress tells whoever wants to know that more domains are done.
func (s *scan) progress(total, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done += more
	if s.q.Progress != nil {
		s.q.Progress(s.done, total)
	}
}

// unfinished says that the time ended before the reads did.
func unfinished(err error, now time.Time) facts.Finding {
	says := "The time was over before everything was read."
	if errors.Is(err, context.Canceled) {
		says = "The check was given up before everything was read."
	}
	return facts.Finding{ID: "scan-unfinished", Severity: facts.Unknown, By: "identity-admin", Says: says, Next: "Run signpost federation again, with fewer domains by name where it takes long",
		Evidence: []facts.FindingReason{{Says: says, Source: "Signpost", Time: now}}}
}

// read reads what is to be known of one domain.
func (s *scan) read(ctx context.Context, x *target, count bool) {
	t, in := s.t, &x.in
	if in.Domain.State == facts.NotAsked || !in.Domain.OK() {
		return
	}
	realm := start(func() facts.Fact[facts.Realm] {
		return unbroken(t, func() facts.Fact[facts.Realm] { return t.Realm(ctx, either(in.Domain.Value.Root, x.name)) })
	})
	users := start(func() *int {
		if !count {
			return nil
		}
		return s.users(ctx, append([]string{x.name}, x.children...))
	})
	if s.wait(ctx, func() { in.Federation = t.federation(ctx, in.Domain) }) != nil {
		in.Federation = facts.Unread[facts.Federation](facts.Failed, "no answer in time")
	}
	if in.Federation.OK() {
		probe := s.probe(ctx, *in.Federation.Value)
		in.Metadata = t.metadata(ctx, in.Domain, in.Federation)
		in.Endpoints = probe.wait()
		if ctx.Err() != nil { // that nobody waited is no fault of the identity provider's
			in.Endpoints = nil
			if in.Metadata.State == facts.Failed {
				in.Metadata.State = facts.NotAsked
			}
		}
	} else {
		in.Metadata = t.metadata(ctx, in.Domain, in.Federation)
	}
	in.Realm, in.Users = realm.wait(), users.wait()
}

// wait does a read of the directory when its limit allows.
func (s *scan) wait(ctx context.Context, read func()) error {
	g, err := s.turn.take(ctx, rankOf(ctx))
	if err != nil {
		return err
	}
	defer g.done()
	read()
	return nil
}

// probe looks at the hosts of a trust, once for all trusts that name the same.
func (s *scan) probe(ctx context.Context, f facts.Federation) *later[[]facts.Endpoint] {
	key := strings.ToLower(strings.Join([]string{f.PassiveURI, f.ActiveURI, f.MetadataURI, f.SignOutURI}, "\n"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.probes[key] == nil {
		s.probes[key] = start(func() []facts.Endpoint { return s.t.Endpoints(ctx, f) })
	}
	return s.probes[key]
}

// users counts the accounts whose sign-in name is of one of the domains; nil where that could not be had of all.
func (s *scan) users(ctx context.Context, domains []string) *int {
	counts := make([]*int, len(domains))
	var reads errgroup.Group
	reads.SetLimit(scanAtOnce)
	for i, name := range domains {
		reads.Go(func() error { counts[i] = s.accounts(ctx, name); return nil })
	}
	_ = reads.Wait() // a count that failed is nil
	sum := 0
	for _, n := range counts {
		if n == nil {
			return nil
		}
		sum += *n
	}
	return &sum
}

// accounts counts those of one domain.
//
// https://learn.microsoft.com/graph/aad-advanced-queries
func (s *scan) accounts(ctx context.Context, domain string) (n *int) {
	type counted struct {
		Count *int `json:"@odata.count"`
	}
	_ = s.wait(ctx, func() {
		req := template("/users", nil, map[string]string{"filter": "endsWith(userPrincipalName," + quote("@"+domain) + ")", "count": "true", "top": "1", "select": "id"})
		req.Headers.Add("ConsistencyLevel", "eventual")
		if c, err := decode[counted](s.t.get(ctx, s.t.v1, req, nil)); err == nil {
			n = c.Count
		}
	})
	return n
}

// judge puts what was read of a domain into its part of the report.
func (x *target) judge() facts.Trust {
	in := x.in
	d := facts.Trust{Domain: x.name, Root: x.name, Users: in.Users, Children: x.children, Certificates: []facts.TrustCertificate{},
		DomainFact: in.Domain, Federation: in.Federation, Metadata: in.Metadata, Changes: x.changes(), Realm: in.Realm, Endpoints: in.Endpoints}
	if v := in.Domain.Value; v != nil {
		d.Root, d.Authentication = either(v.Root, x.name), strings.ToLower(v.Authentication)
	}
	if f := in.Federation.Value; f != nil && in.Federation.OK() {
		d.Provider = f.Provider
		for _, c := range f.Certificates {
			left := 0
			if c.Problem == "" {
				left = federation.DaysLeft(in.Now, c.NotAfter)
			}
			d.Certificates = append(d.Certificates, facts.TrustCertificate{Certificate: c, DaysLeft: left, InMetadata: federation.InMetadata(c, in.Metadata)})
		}
	}
	if in.Users != nil && *in.Users == 0 {
		in.Users = nil // an empty domain is no reason to wait
	}
	if in.Federation.State == facts.Absent && in.Domain.OK() && in.Domain.Value.Federated {
		in.Realm = facts.Fact[facts.Realm]{} // without a trust the sign-in page has nothing to say that would not follow
	}
	d.Findings = federation.Check(in)
	d.Status = federation.Status(d.Findings)
	return d
}

// changes are those of the tenant that were made to this domain.
func (x *target) changes() facts.Fact[facts.Changes] {
	all := x.in.Changes
	if !all.OK() {
		return facts.Fact[facts.Changes]{State: all.State, Reason: all.Reason, ReadAt: all.ReadAt}
	}
	v := facts.Changes{Since: x.in.Now.AddDate(0, 0, -auditDays), List: []facts.Change{}, Says: []string{}, Kinds: []string{}, Capped: all.Reason != ""}
	for _, c := range *all.Value {
		if strings.EqualFold(c.Target, x.name) || slices.ContainsFunc(c.Targets, func(t facts.Target) bool { return !t.Named && (t.Name == x.name || slices.Contains(t.IDs, x.name)) }) {
			v.List = append(v.List, c)
			if !slices.Contains(v.Kinds, c.Activity) {
				v.Kinds = append(v.Kinds, c.Activity)
			}
			if at := c.Time; v.First == nil || at.After(*v.First) {
				v.First = &at
			}
		}
	}
	if len(v.List) == 0 {
		return facts.None[facts.Changes](all.ReadAt, fmt.Sprintf("the directory audit has no change of this domain in the last %d days", auditDays))
	}
	return facts.Fact[facts.Changes]{State: facts.Seen, Reason: all.Reason, ReadAt: all.ReadAt, Value: &v}
}
