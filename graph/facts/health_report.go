package facts

import "time"

// TrustCertificate is a signing certificate of a trust as the health report shows it.
type TrustCertificate struct {
	Certificate
	DaysLeft   int   `json:"days_left"`   // whole days; negative once it has ended
	InMetadata *bool `json:"in_metadata"` // nil where the metadata was not read
}

// Trust is the health of one federated domain, or of a managed one that was asked for by name. Child domains are reported
// with their root.
type Trust struct {
	Domain         string             `json:"domain"`
	Root           string             `json:"root"`
	Authentication string             `json:"authentication"` // federated, managed
	Provider       string             `json:"provider"`
	Users          *int               `json:"users"`        // accounts with a sign-in name of the domain; nil where not counted
	Status         Severity           `json:"status"`       // the worst of the findings
	Certificates   []TrustCertificate `json:"certificates"` // current, then next
	Findings       []Finding          `json:"findings"`     // worst first
	Children       []string           `json:"children,omitempty"`

	DomainFact Fact[Domain]     `json:"-"`
	Federation Fact[Federation] `json:"-"`
	Metadata   Fact[Metadata]   `json:"-"`
	Changes    Fact[Changes]    `json:"-"`
	// Realm and Endpoints are what was probed from outside. The realm is not asked where it would tell nothing, and Endpoints is
	// empty where the hosts were not probed: nothing that only a probe can see is over before a probe has passed.
	Realm     Fact[Realm] `json:"-"`
	Endpoints []Endpoint  `json:"-"`
}

// TrustReport is the health of the tenant's federation at one moment.
type TrustReport struct {
	CheckedAt time.Time `json:"checked_at"`
	Status    Severity  `json:"status"`
	Domains   []Trust   `json:"domains"`
	// Findings are those that belong to no domain: the tenant's synchronisation, certificates of apps, Signpost's own
	// credential, domains that are new, what could not be read at all.
	Findings []Finding `json:"findings,omitempty"`
	Verified []string  `json:"-"` // names of all verified domains, to be compared with the next time
	// Apps says that the credentials of enterprise apps were asked for. Skipped are the ids of findings of the tenant that were
	// not looked for, because what they rest on could not be read and no finding says so.
	Apps    bool     `json:"-"`
	Skipped []string `json:"-"`
}

// Approval is when a trust was approved, and by whom.
type Approval struct {
	At time.Time
	By string // "" where it was taken as it was seen first, or that is nobody's business here
}

// TrustQuery is what one health report asks.
type TrustQuery struct {
	Domains  []string // by name; none: every federated domain of the tenant
	WarnDays []int    // days before a certificate's end at which it is spoken of
	// Approved is each root domain's trust as it was approved last; nil where nothing was approved yet, and then there is no
	// drift. Verified are the verified domains as of then.
	Approved map[string]Federation
	Verified []string
	// Federated are those of Verified that were federated then; nil where nobody knows. A verified domain that is not among
	// them and is federated now was converted.
	Federated []string
	// Approvals says of the roots in Approved when they were approved: what was done to a trust before is settled.
	Approvals map[string]Approval
	Apps      bool // also certificates and secrets of enterprise apps
	Schedule  bool // nobody waits for the answer
	// Progress, if set, is told how many domains are done, of how many. It is never called concurrently.
	Progress func(done, total int)
}
