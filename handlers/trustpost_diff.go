package handlers

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// KnownTrust is a finding that a health post has said.
type KnownTrust struct {
	Key        string // names it in buttons
	Domain     string // "" for a finding of the tenant
	ID         string
	Of         string
	Severity   facts.Severity
	Security   bool
	Step       int // the expiry step that was announced last, in days before the end; 0 none
	Says       string
	Rests      []facts.Name // the facts that it was seen in
	Since      time.Time    // when it was said first
	Told       time.Time    // the slot of the post that said it last; the caller sets it for what has Said
	Mended     bool         // that post said that it is mended
	QuietUntil time.Time
	// AcknowledgedBy and Approved say that somebody has seen to it.
	AcknowledgedBy string
	Approved       bool
	Did            string
	// Lost says that the post that said it last was never sent, so that it has to be said again.
	Lost bool
	// Said is set by DiffTrusts for what the next post says.
	Said bool
}

// Why a finding is in a post.
const (
	isNew    = "new"
	isWorse  = "worse"
	isOther  = "changed"
	isStep   = "step"
	isAgain  = "again"
	isMended = "mended"
)

// TrustNews is a finding that the next post says.
type TrustNews struct {
	Domain  string
	Finding facts.Finding
	Why     string         // new, worse, changed, step, again
	Was     facts.Severity // before, where it is worse
	Key     string
	// State is a hash of what would be approved: the domain's trust as it was seen; "" where it was not read, or there is nothing to approve.
	State string
}

// TrustDiff is what the next health post has to say.
type TrustDiff struct {
	News   []TrustNews  // worst first
	Mended []KnownTrust // worst first
	// Open counts the findings that are still so and were said before; Quiet those of them that are acknowledged or snoozed.
	Open, Quiet int
	Worst       facts.Severity // of those
	WorstIn     string         // the domain of the first of the worst; "" for the tenant
	// Blind says that nothing of the tenant could be read.
	Blind bool
	// Adopted counts the domains that are taken as approved, as they were seen first; Begun says that there were none before.
	Adopted int
	Begun   bool
}

// Empty reports whether nothing is new, changed or mended.
func (d TrustDiff) Empty() bool { return len(d.News) == 0 && len(d.Mended) == 0 }

// Silent reports whether there is nothing to post at all: that the tenant cannot be read is said once.
func (d TrustDiff) Silent() bool { return d.Blind && d.Empty() }

// TrustKey names a finding in buttons and in the store.
func TrustKey(domain string, f facts.Finding) string {
	return digest(strings.ToLower(domain), f.ID, f.Of)
}

// TrustState is a hash of what can be approved of a domain: whether it is federated, and its trust without what Entra itself
// writes down there. It is "" where the trust could not be read.
func TrustState(t facts.Trust) string {
	if !t.DomainFact.OK() || t.DomainFact.Value.Federated && !t.Federation.OK() {
		return ""
	}
	parts := []string{strings.ToLower(t.DomainFact.Value.Authentication)}
	if t.Federation.OK() {
		v := *t.Federation.Value
		v.Rollover, v.RolloverAt = "", nil
		text, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		parts = append(parts, string(text))
	}
	return digest(parts...)
}

// digest is short enough for a button and long enough that no two are the same.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// DiffTrusts compares a report with what the posts have said so far: what is new, worse, mended, or has come to its next expiry
// step since then, each said once. Acknowledged findings stay silent until they get worse, snoozed ones until their time as
// well. Security findings are said again whenever what they say changes. What could not be checked mends nothing. next is what
// is known after the post.
func DiffTrusts(known []KnownTrust, report facts.TrustReport, warnDays []int, now time.Time) (diff TrustDiff, next []KnownTrust) {
	diff.Worst = facts.Healthy
	open := func(k KnownTrust) {
		diff.Open++
		if k.quiet(now) {
			diff.Quiet++
		}
		if k.Severity.Weight() > diff.Worst.Weight() {
			diff.Worst, diff.WorstIn = k.Severity, k.Domain
		}
	}
	diff.Blind = blind(report)
	before := map[string]KnownTrust{}
	for _, k := range known {
		before[k.Key] = k
	}
	current := collect(report)
	stepped := map[string]bool{} // domain and end of what a step was said of
	here := map[string]bool{}
	for _, c := range current {
		if here[c.Key] {
			continue // two with one name: the worse one stands for both
		}
		here[c.Key] = true
		k, ok := before[c.Key]
		ok = ok && !k.Mended && !k.Approved
		n := KnownTrust{Key: c.Key, Domain: c.Domain, ID: c.Finding.ID, Of: c.Finding.Of, Severity: c.Finding.Severity, Security: c.Finding.Security,
			Says: c.Finding.Says, Rests: rests(c.Finding), Since: now, Step: step(c.Finding, warnDays, now)}
		c.Why = isNew
		if ok {
			n.Since, n.Told, n.QuietUntil, n.AcknowledgedBy, n.Did = k.Since, k.Told, k.QuietUntil, k.AcknowledgedBy, k.Did
			c.Why = change(k, n, now)
			if c.Why == isStep && stepped[c.ends()] {
				c.Why = ""
			}
			if c.Why == isWorse {
				c.Was = k.Severity
			}
			if k.Step != 0 && (n.Step == 0 || k.Step < n.Step) && c.Why == "" {
				n.Step = k.Step // a clock that went back says nothing twice
			}
		}
		if c.Why != "" {
			n.Said, n.QuietUntil, n.AcknowledgedBy, n.Did = true, time.Time{}, "", ""
			stepped[c.ends()] = true
			diff.News = append(diff.News, c)
		} else {
			open(n)
		}
		next = append(next, n)
	}
	for _, k := range known {
		switch {
		case here[k.Key]:
		case k.Mended:
			if k.Lost {
				k.Said = true
				diff.Mended, next = append(diff.Mended, k), append(next, k)
			}
		case k.Lost, k.Approved, followed(k, current), notAsked(k, report):
			// Nothing was said of it (then it is new once it is seen again), or that it is over says nothing.
		case diff.Blind || !checked(k, report):
			next = append(next, k)
			open(k)
		case k.event(): // it has left the log in time, whatever became of it
		default:
			k.Mended, k.Said = true, true
			diff.Mended, next = append(diff.Mended, k), append(next, k)
		}
	}
	slices.SortStableFunc(diff.Mended, func(a, b KnownTrust) int {
		return cmp.Or(cmp.Compare(b.Severity.Weight(), a.Severity.Weight()), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Of, b.Of))
	})
	return diff, next
}

// change says why a known finding has to be said again; "" where it has not.
func change(before, now KnownTrust, at time.Time) string {
	switch {
	case before.Lost:
		return isNew
	case now.Severity.Weight() > before.Severity.Weight(), now.Security && !before.Security:
		return isWorse
	case (now.Security || strings.HasPrefix(now.ID, "drift-")) && now.Says != before.Says:
		return isOther
	case before.AcknowledgedBy != "", before.QuietUntil.After(at):
		return ""
	case !before.QuietUntil.IsZero():
		return isAgain
	case now.Step != 0 && (before.Step == 0 || now.Step < before.Step):
		return isStep
	}
	return ""
}

func (k KnownTrust) quiet(now time.Time) bool {
	return k.AcknowledgedBy != "" || k.QuietUntil.After(now)
}

// event reports whether the finding is only an entry of a log, which leaves the log in time whatever becomes of it.
func (k KnownTrust) event() bool { return len(k.Rests) == 1 && k.Rests[0] == facts.NameChanges }

// step is the expiry step that a finding has come to: the fewest days of warnDays that are still enough. 0 where it has none:
// no end, no harm in it, or the end is further away or past.
func step(f facts.Finding, warnDays []int, now time.Time) int {
	if f.Due == nil || f.Otherwise == "" || !f.Due.After(now) {
		return 0
	}
	found := 0
	for _, d := range warnDays {
		if f.Due.Sub(now) <= time.Duration(d)*24*time.Hour && (found == 0 || d < found) {
			found = d
		}
	}
	return found
}

// ends tells findings apart that a step is said of once.
func (n TrustNews) ends() string {
	if n.Finding.Due == nil {
		return n.Key
	}
	return n.Domain + " " + n.Finding.Due.UTC().Format(time.RFC3339)
}

// collect lists every finding of a report with its domain, worst first, security before operations.
func collect(report facts.TrustReport) []TrustNews {
	var all []TrustNews
	for _, f := range report.Findings {
		all = append(all, TrustNews{Finding: f, Key: TrustKey("", f), State: ListedState(f.ID, f.Of)})
	}
	for _, t := range report.Domains {
		name, state := trustName(t), TrustState(t)
		for _, f := range t.Findings {
			all = append(all, TrustNews{Domain: name, Finding: f, Key: TrustKey(name, f), State: state})
		}
	}
	slices.SortStableFunc(all, func(a, b TrustNews) int {
		return cmp.Or(
			cmp.Compare(b.Finding.Severity.Weight(), a.Finding.Severity.Weight()),
			-compareBools(a.Finding.Security, b.Finding.Security),
			compareDue(a.Finding.Due, b.Finding.Due),
			cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Finding.ID, b.Finding.ID), cmp.Compare(a.Finding.Of, b.Finding.Of),
		)
	})
	return all
}

// trustName is the domain that findings are known by: the root.
func trustName(t facts.Trust) string { return strings.ToLower(cmp.Or(t.Root, t.Domain)) }

// blind reports whether nothing of the tenant could be read.
func blind(report facts.TrustReport) bool {
	return len(report.Domains) == 0 && len(report.Verified) == 0 &&
		slices.ContainsFunc(report.Findings, func(f facts.Finding) bool { return f.Severity == facts.Unknown })
}

// rests lists the facts that a finding was seen in.
func rests(f facts.Finding) []facts.Name {
	var all []facts.Name
	for _, e := range f.Evidence {
		if e.Fact != "" && !slices.Contains(all, e.Fact) {
			all = append(all, e.Fact)
		}
	}
	return all
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// compareDue puts what has a date before what has none.
func compareDue(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}
