package bot

import (
	"context"
	"strings"
	"time"

	"signpost/graph/facts"
	"signpost/runbooks"
)

// How long a check of one domain is good for the answers to its errors, and how long one may take: the error itself is answered
// without it. In an outage everybody of a domain pastes the same error.
const (
	healthKept = 2 * time.Minute
	healthFor  = 5 * time.Second
)

// domainHealth is the last check of a domain.
type domainHealth struct {
	at     time.Time
	report facts.TrustReport
}

// OfError checks the domain that an error of federation is about, as the schedule would, against what was approved; of several
// who ask within two minutes the first one does. It is empty for other errors, and where the domain is not federated or not known.
func (f *Federation) OfError(ctx context.Context, d runbooks.Diagnosis) facts.TrustReport {
	domain := errorDomain(d)
	if f.Trusts == nil || domain == "" {
		return facts.TrustReport{}
	}
	x, _, _ := f.checks.Do(domain, func() (any, error) {
		if kept, ok := f.health.Load(domain); ok && f.Now().Sub(kept.(domainHealth).at) < healthKept {
			return kept.(domainHealth).report, nil
		}
		m, err := f.Store.Trusts(ctx)
		if err != nil {
			f.Log.Warn("check the domain of an error", "error", err)
			return facts.TrustReport{}, nil
		}
		reading, cancel := context.WithTimeout(ctx, healthFor)
		defer cancel()
		report := f.scan(reading, m, []string{domain})
		if reading.Err() == nil { // half a check is not kept
			f.health.Store(domain, domainHealth{f.Now(), report})
		}
		return report, nil
	})
	return x.(facts.TrustReport)
}

// errorDomain is the root of the federated domain of an error of federation; "" for others.
func errorDomain(d runbooks.Diagnosis) string {
	if d.Runbook == nil || d.Runbook.Family != "federation" {
		return ""
	}
	if t := d.Report.Federation; t.OK() && t.Value.Domain != "" {
		return strings.ToLower(t.Value.Domain)
	}
	if t := d.Report.Domain; t.OK() && t.Value.Federated {
		if t.Value.Root != "" {
			return strings.ToLower(t.Value.Root)
		}
		return strings.ToLower(t.Value.Name)
	}
	return ""
}
