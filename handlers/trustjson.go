package handlers

import (
	"encoding/json"
	"time"

	"signpost/graph/facts"
)

// TrustsJSON is the JSON of `signpost federation`.
type TrustsJSON struct {
	CheckedAt time.Time       `json:"checked_at"`
	Status    facts.Severity  `json:"status"`
	Domains   []trustJSON     `json:"domains"`
	Findings  []facts.Finding `json:"findings"` // those that belong to no domain
}

type trustJSON struct {
	Domain         string                   `json:"domain"`
	Root           string                   `json:"root"`
	Authentication *string                  `json:"authentication"` // null where the domain could not be read
	Provider       *string                  `json:"provider"`       // null where there is no trust, or it could not be read
	Users          *int                     `json:"users"`
	Status         facts.Severity           `json:"status"`
	Children       []string                 `json:"children"`
	Certificates   []facts.TrustCertificate `json:"certificates"`
	Findings       []facts.Finding          `json:"findings"`
	Facts          map[facts.Name]factJSON  `json:"facts"`
}

// ExplainTrusts puts a health report into JSON.
func ExplainTrusts(r facts.TrustReport) TrustsJSON {
	x := TrustsJSON{CheckedAt: r.CheckedAt.UTC(), Status: r.Status, Domains: []trustJSON{}, Findings: notNil(r.Findings)}
	for _, t := range r.Domains {
		x.Domains = append(x.Domains, trustJSON{
			Domain: t.Domain, Root: t.Root, Authentication: orNull(t.Authentication), Provider: orNull(t.Provider), Users: t.Users, Status: t.Status,
			Children: notNil(t.Children), Certificates: notNil(t.Certificates), Findings: notNil(t.Findings),
			Facts: map[facts.Name]factJSON{
				facts.NameDomain: ofFact(t.DomainFact), facts.NameFederation: ofFact(t.Federation),
				facts.NameMetadata: ofFact(t.Metadata), facts.NameChanges: ofFact(t.Changes),
			},
		})
	}
	return x
}

// Write encodes the report, indented, with < > & as they are.
func (x TrustsJSON) Write(enc *json.Encoder) error {
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(x)
}

func ofFact[T any](f facts.Fact[T]) factJSON {
	j := factJSON{State: f.State, Reason: orNull(f.Reason), ReadAt: timeOrNull(f.ReadAt)}
	if j.State == "" {
		j.State, j.Reason = facts.NotAsked, orNull("not needed for this")
	}
	if f.Value != nil {
		j.Value = inUTC(f.Value)
	}
	return j
}
