package aadsts

import "time"

// Error is one Microsoft Entra error that stands in a text. Fields that the text does not tell are empty.
type Error struct {
	Code          int       // 50076
	Explicit      bool      // false where the code stood as a bare number in a sign-in-log shape
	TraceID       string    // "Trace ID" of the message, "Request Id" of the error page; lower-case GUID
	CorrelationID string    // lower-case GUID
	Timestamp     time.Time // the error's own time, UTC; zero unknown
	Tenant        string    // GUID, domain or display name
	AppID         string    // the client application, never the resource
	AppName       string    // of the client application
	User          string    // the affected person as the text names them
	OAuthError    string    // invalid_grant, interaction_required, …
	Suberror      string    // basic_action, message_only, consent_required, …
	PolicyIDs     []string  // Conditional Access policies named in the claims (capolids, polids)

	// What diagnosis needs beside the JSON contract; not written by MarshalJSON.
	Resource         string // what was to be accessed: application id, application ID URI or name
	IdentityProvider string // where the account lives: live.com, https://sts.windows.net/<tenant>/
	RedirectURI      string // the redirect URI that the request gave
	// URLHosts are the hosts of the web addresses in the text that carry this error as a parameter, in lower case, as a
	// browser would read them. The addresses themselves are not kept: they may hold codes and tokens.
	URLHosts []string
}
