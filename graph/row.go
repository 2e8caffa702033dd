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
	ID                string    `json:"id"`
	Created           time.Time `json:"createdDateTime"`
	UPN               string    `json:"userPrincipalName"` // lower case; a guest's is the home mail address
	UserID            string    `json:"userId"`
	AppID             string    `json:"appId"`
	AppName           string    `json:"appDisplayName"`
	Resource          string    `json:"resourceDisplayName"`
	ClientApp         string    `json:"clientAppUsed"`
	CorrelationID     string    `json:"correlationId"`
	Interactive       *bool     `json:"isInteractive"`
	IP                string    `json:"ipAddress"`
	ConditionalAccess string    `json:"conditionalAccessStatus"`
	ResourceID        string    `json:"resourceId"` // app id
	RiskLevel         string    `json:"riskLevelDuringSignIn"`
	RiskState         string    `json:"riskState"`
	RiskEvents        []string  `json:"riskEventTypes_v2"`
	// What only beta has.
	Requirement          string `json:"authenticationRequirement"`
	Protocol             string `json:"authenticationProtocol"`
	CrossTenant          string `json:"crossTenantAccessType"`
	HomeTenant           string `json:"homeTenantId"`
	ResourceTenant       string `json:"resourceTenantId"`
	UserType             string `json:"userType"`
	TokenIssuer          string `json:"tokenIssuerType"`
	Credential           string `json:"clientCredentialType"`
	CredentialKey        string `json:"servicePrincipalCredentialKeyId"`
	ServicePrincipalID   string `json:"servicePrincipalId"`
	ServicePrincipalName string `json:"servicePrincipalName"`
	Steps                []step `json:"authenticationDetails"`

	Status struct {
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

// step is Graph's authenticationDetail (beta).
// https://learn.microsoft.com/graph/api/resources/authenticationdetail?view=graph-rest-beta
type step struct {
	Time        string `json:"authenticationStepDateTime"` // at times none, or of the year 1
	Method      string `json:"authenticationMethod"`
	Detail      string `json:"authenticationMethodDetail"`
	Result      string `json:"authenticationStepResultDetail"`
	Requirement string `json:"authenticationStepRequirement"`
	Succeeded   *bool  `json:"succeeded"`
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
		OS: r.Device.OS, Browser: r.Device.Browser, RiskLevel: r.RiskLevel, RiskState: r.RiskState, RiskEvents: r.RiskEvents,
		ResourceID: r.ResourceID, Requirement: r.Requirement, Protocol: r.Protocol, CrossTenant: r.CrossTenant,
		HomeTenant: r.HomeTenant, ResourceTenant: r.ResourceTenant, UserType: r.UserType, TokenIssuer: r.TokenIssuer,
		Credential: r.Credential, CredentialKey: r.CredentialKey,
	}
	if f.AppName == "" {
		f.AppName = r.ServicePrincipalName
	}
	r.steps(&f)
	r.applied(&f)
	return f
}

// steps fills in what happened step by step. The last one that did not succeed is the one that the sign-in ended at.
func (r row) steps(f *facts.SignIn) {
	if r.Steps == nil {
		return
	}
	f.Steps = []facts.AuthStep{}
	for _, s := range r.Steps {
		at, err := time.Parse(time.RFC3339, s.Time)
		if err != nil || at.Year() < 2000 {
			at = time.Time{}
		}
		f.Steps = append(f.Steps, facts.AuthStep{Time: at.UTC(), Method: s.Method, Detail: s.Detail, Result: s.Result, Requirement: s.Requirement, Succeeded: s.Succeeded})
		if s.Succeeded != nil && !*s.Succeeded {
			f.FailedMethod, f.FailedBecause = s.Method, s.Result
		}
	}
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
