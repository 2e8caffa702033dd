package graph

import (
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// row is Graph's signIn, of v1.0 or beta. It is decoded from the JSON itself: the SDK's model lacks what beta adds, and
// loses results of policies that it does not know.
//
// https://learn.microsoft.com/graph/api/resources/signin
type row struct {
	ID                   string    `json:"id"`
	Created              time.Time `json:"createdDateTime"`
	UPN                  string    `json:"userPrincipalName"` // lower case; a guest's is the home mail address
	UserID               string    `json:"userId"`
	AppID                string    `json:"appId"`
	AppName              string    `json:"appDisplayName"`
	Resource             string    `json:"resourceDisplayName"`
	ClientApp            string    `json:"clientAppUsed"`
	CorrelationID        string    `json:"correlationId"`
	Interactive          *bool     `json:"isInteractive"`
	IP                   string    `json:"ipAddress"`
	ConditionalAccess    string    `json:"conditionalAccessStatus"`
	Requirement          string    `json:"authenticationRequirement"` // beta
	RiskLevel            string    `json:"riskLevelDuringSignIn"`
	ServicePrincipalID   string    `json:"servicePrincipalId"`   // beta
	ServicePrincipalName string    `json:"servicePrincipalName"` // beta
	Status               struct {
		Code    int    `json:"errorCode"`
		Reason  string `json:"failureReason"`
		Details string `json:"additionalDetails"`
	} `json:"status"`
	Location struct {
		City    string `json:"city"`
		Country string `json:"countryOrRegion"`
	} `json:"location"`
	Device struct {
		ID        string `json:"deviceId"`
		Name      string `json:"displayName"`
		OS        string `json:"operatingSystem"`
		Browser   string `json:"browser"`
		Compliant *bool  `json:"isCompliant"`
		Managed   *bool  `json:"isManaged"`
		Trust     string `json:"trustType"`
	} `json:"deviceDetail"`
	Policies []struct {
		ID     string   `json:"id"`
		Name   string   `json:"displayName"`
		Result string   `json:"result"`
		Grant  []string `json:"enforcedGrantControls"`
	} `json:"appliedConditionalAccessPolicies"`

	seesPolicies bool // Signpost is known to hold the right to read them, so that an empty list means none
}

// who is the person or the service principal of a row, for counting.
func (r row) who() string {
	for _, id := range []string{r.UserID, r.ServicePrincipalID, strings.ToLower(r.UPN)} {
		if id != "" && id != "00000000-0000-0000-0000-000000000000" {
			return id
		}
	}
	return ""
}

func (r row) fact() facts.SignIn {
	f := facts.SignIn{
		ID: r.ID, Time: r.Created.UTC(), Code: r.Status.Code, FailureReason: r.Status.Reason, Details: r.Status.Details,
		UPN: r.UPN, UserID: r.UserID, AppID: r.AppID, AppName: r.AppName, Resource: r.Resource, ClientApp: r.ClientApp,
		CorrelationID: r.CorrelationID, Interactive: r.Interactive, IP: r.IP, City: r.Location.City, Country: r.Location.Country,
		ConditionalAccess: r.ConditionalAccess, DeviceID: r.Device.ID, DeviceName: r.Device.Name,
		DeviceCompliant: r.Device.Compliant, DeviceManaged: r.Device.Managed, DeviceTrust: r.Device.Trust,
		OS: r.Device.OS, Browser: r.Device.Browser, Requirement: r.Requirement, RiskLevel: r.RiskLevel,
	}
	if f.AppName == "" {
		f.AppName = r.ServicePrincipalName
	}
	r.applied(&f)
	return f
}

// applied fills in the Conditional Access part. Graph gives an empty list both where no policy was applied and to whoever
// lacks the right to read them; what cannot be told apart stays nil, which is unknown to a cause.
func (r row) applied(f *facts.SignIn) {
	if len(r.Policies) == 0 && !r.seesPolicies {
		if r.ConditionalAccess == "success" || r.ConditionalAccess == "notApplied" {
			f.Blocking = []string{} // whatever was applied, nothing enforced failed
		}
		return
	}
	f.Policies, f.Blocking, f.ReportOnly = []facts.AppliedPolicy{}, []string{}, []string{}
	for _, p := range r.Policies {
		f.Policies = append(f.Policies, facts.AppliedPolicy{ID: p.ID, Name: p.Name, Result: p.Result, Grant: p.Grant})
		switch p.Result {
		case "failure": // enforced: a report-only policy has results of its own
			f.Blocking = append(f.Blocking, p.Name)
		case "reportOnlyFailure", "reportOnlyInterrupted":
			f.ReportOnly = append(f.ReportOnly, p.Name)
		}
	}
}

// newest sorts rows as the log does.
func newest(rows []row) []row {
	slices.SortStableFunc(rows, func(a, b row) int { return b.Created.Compare(a.Created) })
	return rows
}
