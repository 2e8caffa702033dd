package bot

import (
	"encoding/json"
	"fmt"

	"signpost/runbooks/aadsts"
)

// kept is an error as a case keeps it: the JSON of the contract, and what a diagnosis needs beside it.
type kept struct {
	Error            aadsts.Error `json:"error"`
	Resource         string       `json:"resource,omitempty"`
	IdentityProvider string       `json:"identity_provider,omitempty"`
	RedirectURI      string       `json:"redirect_uri,omitempty"`
	URLHosts         []string     `json:"url_hosts,omitempty"`
}

// keep writes the errors of a case down. No text of a message is in it.
func keep(errs []aadsts.Error) (json.RawMessage, error) {
	all := make([]kept, len(errs))
	for i, e := range errs {
		all[i] = kept{e, e.Resource, e.IdentityProvider, e.RedirectURI, e.URLHosts}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("keep the errors: %w", err)
	}
	return text, nil
}

// recall reads what keep wrote.
func recall(text json.RawMessage) ([]aadsts.Error, error) {
	var all []kept
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	errs := make([]aadsts.Error, len(all))
	for i, k := range all {
		errs[i] = k.Error
		errs[i].Resource, errs[i].IdentityProvider, errs[i].RedirectURI, errs[i].URLHosts = k.Resource, k.IdentityProvider, k.RedirectURI, k.URLHosts
	}
	return errs, nil
}
