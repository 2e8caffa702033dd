package aadsts

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// errorJSON is an error as `signpost parse --jsonl` and `signpost explain --format json` write it, and as cases are
// stored: unknown values are null.
type errorJSON struct {
	Code          int      `json:"code"`
	Name          *string  `json:"name"`
	Explicit      bool     `json:"explicit"`
	TraceID       *string  `json:"trace_id"`
	CorrelationID *string  `json:"correlation_id"`
	Timestamp     *string  `json:"timestamp"`
	Tenant        *string  `json:"tenant"`
	AppID         *string  `json:"app_id"`
	AppName       *string  `json:"app_name"`
	User          *string  `json:"user"`
	OAuthError    *string  `json:"oauth_error"`
	Suberror      *string  `json:"suberror"`
	PolicyIDs     []string `json:"policy_ids"`
}

// MarshalJSON writes the error with Microsoft's symbolic name of the code; a value that the text did not tell is null.
// Resource, IdentityProvider, RedirectURI and URLHosts are not part of the format.
func (e Error) MarshalJSON() ([]byte, error) {
	c, _ := Lookup(e.Code)
	j := errorJSON{
		Code: e.Code, Name: known(c.Name), Explicit: e.Explicit,
		TraceID: known(e.TraceID), CorrelationID: known(e.CorrelationID),
		Tenant: known(e.Tenant), AppID: known(e.AppID), AppName: known(e.AppName), User: known(e.User),
		OAuthError: known(e.OAuthError), Suberror: known(e.Suberror),
	}
	if !e.Timestamp.IsZero() {
		j.Timestamp = known(e.Timestamp.UTC().Format(time.RFC3339Nano))
	}
	if len(e.PolicyIDs) > 0 {
		j.PolicyIDs = e.PolicyIDs
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote. The name is not read: it belongs to the table.
func (e *Error) UnmarshalJSON(data []byte) error {
	var j errorJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("reading an error: %w", err)
	}
	*e = Error{
		Code: j.Code, Explicit: j.Explicit,
		TraceID: value(j.TraceID), CorrelationID: value(j.CorrelationID),
		Tenant: value(j.Tenant), AppID: value(j.AppID), AppName: value(j.AppName), User: value(j.User),
		OAuthError: value(j.OAuthError), Suberror: value(j.Suberror), PolicyIDs: j.PolicyIDs,
	}
	if j.Timestamp == nil {
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, *j.Timestamp)
	if err != nil {
		return fmt.Errorf("reading the time of an error: %w", err)
	}
	e.Timestamp = t.UTC()
	return nil
}

func known(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// String is the error on one line, "AADSTS50076 key=value …", with the values that are known. Values with blanks or
// quotes are quoted; control and other unprintable characters are left out, so that a paste cannot write to the terminal.
func (e Error) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "AADSTS%d", e.Code)
	put := func(key, v string) {
		v = strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return -1
			}
			return r
		}, v)
		if v == "" {
			return
		}
		if strings.ContainsAny(v, " \"'=\\") {
			v = strconv.Quote(v)
		}
		b.WriteByte(' ')
		b.WriteString(key)
		b.WriteByte('=')
		b.WriteString(v)
	}
	c, _ := Lookup(e.Code)
	put("name", c.Name)
	put("explicit", strconv.FormatBool(e.Explicit))
	put("trace_id", e.TraceID)
	put("correlation_id", e.CorrelationID)
	if !e.Timestamp.IsZero() {
		put("timestamp", e.Timestamp.UTC().Format(time.RFC3339Nano))
	}
	put("tenant", e.Tenant)
	put("app_id", e.AppID)
	put("app_name", e.AppName)
	put("user", e.User)
	put("oauth_error", e.OAuthError)
	put("suberror", e.Suberror)
	put("policy_ids", strings.Join(e.PolicyIDs, ","))
	put("resource", e.Resource)
	put("identity_provider", e.IdentityProvider)
	put("redirect_uri", e.RedirectURI)
	return b.String()
}
