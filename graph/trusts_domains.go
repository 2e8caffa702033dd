package graph

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/domains"
	"golang.org/x/sync/errgroup"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

// domainRow is Graph's domain, as far as a scan uses it. https://learn.microsoft.com/graph/api/resources/domain
type domainRow struct {
	ID             string `json:"id"`
	Authentication string `json:"authenticationType"`
	Verified       bool   `json:"isVerified"`
	Default        bool   `json:"isDefault"`
	Initial        bool   `json:"isInitial"`
	IsRoot         *bool  `json:"isRoot"`
	PasswordDays   *int   `json:"passwordValidityPeriodInDays"`

	root string // the domain that holds its settings; "" where that could not be told
}

func (d domainRow) federated() bool { return strings.EqualFold(d.Authentication, "Federated") }
func (d domainRow) isRoot() bool    { return d.IsRoot == nil || *d.IsRoot }

func (d domainRow) fact(at time.Time) facts.Fact[facts.Domain] {
	return facts.See(at, facts.Domain{
		Name: d.ID, Authentication: d.Authentication, Federated: d.federated(), Verified: d.Verified, Default: d.Default,
		Initial: d.Initial, Root: d.root, PasswordDays: d.PasswordDays,
	})
}

// domainList are the domains of the tenant. Where state is set they could not all be read, and reason says why.
type domainList struct {
	rows   []domainRow
	read   time.Time
	state  facts.State
	reason string
}

// listDomains reads the domains of the tenant. https://learn.microsoft.com/graph/api/domain-list
func (t *Tenant) listDomains(ctx context.Context) domainList {
	l := unbroken(t, func() facts.Fact[domainList] {
		req, err := domains.NewDomainsRequestBuilderInternal(map[string]string{}, t.v1).ToGetRequestInformation(ctx, nil)
		first, err := decode[page[domainRow]](t.get(ctx, t.v1, req, err))
		if err == nil && first.Value == nil {
			err = errOther
		}
		var l domainList
		if err == nil {
			var capped bool
			l.rows, capped, err = rest(ctx, t, t.v1, first, nil, scanPages)
			if err == nil && capped {
				l.state, l.reason = facts.Failed, "the tenant has more domains than were read"
			}
		}
		if err == nil && slices.ContainsFunc(l.rows, func(d domainRow) bool { return d.ID == "" }) {
			l.rows, err = slices.DeleteFunc(l.rows, func(d domainRow) bool { return d.ID == "" }), errOther
		}
		if err != nil {
			l.state, l.reason = classify(err, endpoints().domain)
		}
		return facts.See(t.clock.Now(), l)
	})
	if !l.OK() {
		return domainList{state: l.State, reason: l.Reason}
	}
	list := *l.Value
	list.read = l.ReadAt
	for i := range list.rows {
		list.rows[i].ID = strings.ToLower(list.rows[i].ID)
	}
	return list
}

func (l domainList) find(name string) *domainRow {
	if i := slices.IndexFunc(l.rows, func(d domainRow) bool { return d.ID == name }); i >= 0 {
		return &l.rows[i]
	}
	return nil
}

// verified are the names of the verified domains.
func (l domainList) verified() []string {
	names := []string{}
	for _, d := range l.rows {
		if d.Verified {
			names = append(names, d.ID)
		}
	}
	return names
}

// roots finds the root of each of the domains. A root has itself; of a child, its name mostly tells. Where two domains could
// be the root, or none, Graph is asked.
func (s *scan) roots(ctx context.Context, l domainList, wanted func(domainRow) bool) {
	known := map[string]bool{}
	for _, d := range l.rows {
		if d.isRoot() {
			known[d.ID] = true
		}
	}
	var reads errgroup.Group
	reads.SetLimit(scanAtOnce)
	for i := range l.rows {
		d := &l.rows[i]
		if d.isRoot() {
			d.root = d.ID
			continue
		}
		if !wanted(*d) {
			continue
		}
		var above []string
		for _, parent, ok := strings.Cut(d.ID, "."); ok; _, parent, ok = strings.Cut(parent, ".") {
			if known[parent] {
				above = append(above, parent)
			}
		}
		if len(above) == 1 && l.state == "" {
			d.root = above[0]
			continue
		}
		reads.Go(func() error {
			return s.wait(ctx, func() {
				if f := s.t.domain(ctx, d.ID); f.OK() {
					d.root = strings.ToLower(f.Value.Root)
				}
			})
		})
	}
	_ = reads.Wait() // a child without a root says so in its trust
}

// targets are the domains that are looked at: those asked for by name, or all federated roots, those that were federated when
// they were approved, and new ones.
func (s *scan) targets(ctx context.Context, l domainList) []target {
	var all []target
	seen := map[string]bool{}
	add := func(name string, domain facts.Fact[facts.Domain], children ...string) {
		if seen[name] {
			return
		}
		seen[name] = true
		x := target{name: name, children: children}
		x.in = federation.Input{Now: s.now, WarnDays: s.q.WarnDays, Domain: domain, Baseline: s.baseline(domain, name), New: domain.OK() && s.isNew(*domain.Value)}
		all = append(all, x)
	}
	if !s.all {
		names := map[string]bool{}
		for _, name := range s.q.Domains {
			names[normal(name)] = true
		}
		s.roots(ctx, l, func(d domainRow) bool { return names[d.ID] || d.federated() })
		for _, name := range s.q.Domains {
			name = normal(name)
			switch d := l.find(name); {
			case name == "":
			case d != nil:
				add(name, d.fact(l.read), l.children(*d)...)
			case l.state != "":
				add(name, facts.Unread[facts.Domain](l.state, l.reason))
			default:
				add(name, facts.None[facts.Domain](l.read, name+" is no domain of this tenant"))
			}
		}
		return all
	}
	s.roots(ctx, l, domainRow.federated)
	for _, d := range l.rows {
		if !d.federated() {
			continue
		}
		root := l.find(d.root)
		switch {
		case d.root == d.ID:
			add(d.ID, d.fact(l.read), l.children(d)...)
		case root == nil || !root.federated(): // its root is not in the list, or not known, or says otherwise
			add(d.ID, d.fact(l.read))
		}
	}
	for _, d := range l.rows {
		if !d.federated() && d.isRoot() && (s.baseline(d.fact(l.read), d.ID) != nil || d.Verified && s.q.Verified != nil && s.isNew(*d.fact(l.read).Value)) {
			add(d.ID, d.fact(l.read))
		}
	}
	return all
}

// children are the child domains of a root, which follow it.
func (l domainList) children(root domainRow) []string {
	var names []string
	for _, d := range l.rows {
		if root.root == root.ID && root.federated() && d.root == root.ID && d.ID != root.ID && d.federated() {
			names = append(names, d.ID)
		}
	}
	slices.Sort(names)
	return names
}

func normal(domain string) string {
	return strings.ToLower(strings.Trim(strings.TrimSpace(domain), "."))
}

// baseline is the trust of a domain's root as it was approved; nil where it was not.
func (s *scan) baseline(domain facts.Fact[facts.Domain], name string) *federation.Baseline {
	if domain.OK() {
		name = either(domain.Value.Root, name)
	}
	for root, f := range s.q.Approved {
		if strings.EqualFold(root, name) {
			b := &federation.Baseline{Trust: f}
			for of, a := range s.q.Approvals {
				if strings.EqualFold(of, name) {
					b.At, b.By = a.At, a.By
				}
			}
			return b
		}
	}
	return nil
}

// isNew reports whether a domain was not there, or was not federated, when the tenant was approved.
func (s *scan) isNew(d facts.Domain) bool {
	has := func(list []string) bool {
		return slices.ContainsFunc(list, func(n string) bool { return strings.EqualFold(n, d.Name) })
	}
	switch {
	case s.q.Verified == nil || d.Root != d.Name:
		return false
	case d.Federated && d.Verified && has(s.q.Verified):
		return s.q.Federated != nil && !has(s.q.Federated)
	}
	return !has(s.q.Verified)
}

// strangers are findings about domains that are gone since the tenant was approved, or new below a root.
func (s *scan) strangers(l domainList) []facts.Finding {
	var found []facts.Finding
	if !s.all {
		return nil
	}
	saw := func(says string) []facts.FindingReason {
		return []facts.FindingReason{{Says: says, Fact: facts.NameDomain, Source: facts.NameDomain.Source(), Time: l.read}}
	}
	for name := range s.q.Approved {
		if name = normal(name); l.find(name) == nil {
			found = append(found, facts.Finding{ID: "domain-removed", Severity: facts.Warning, Security: true, Of: name, By: "identity-admin", Role: "Domain Name Administrator",
				Says: name + " was federated when it was approved, and is no domain of the tenant any more.", Otherwise: "Nobody signs in with a name of it.",
				Next: "If this was meant, nothing is to be done; if not, look for Remove verified domain in the audit log", Evidence: saw("it is not among the domains of the tenant")})
		}
	}
	for _, d := range l.rows {
		if d.Verified && !d.isRoot() && s.q.Verified != nil && !slices.ContainsFunc(s.q.Verified, func(n string) bool { return strings.EqualFold(n, d.ID) }) {
			found = append(found, facts.Finding{ID: "domain-new", Severity: facts.Note, Of: d.ID, By: "identity-admin", Says: d.ID + " is a new child domain of the tenant; it signs in as its root does.",
				Next: "Find out who added it, if you do not know it (audit log: Add verified domain)", Evidence: saw("it was not among the approved domains")})
		}
	}
	slices.SortFunc(found, func(a, b facts.Finding) int { return strings.Compare(a.Of, b.Of) })
	return found
}
