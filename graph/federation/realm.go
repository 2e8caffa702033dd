package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"signpost/graph/facts"
)

const (
	realmTime = 10 * time.Second // the most that one realm takes
	maxRealm  = 64 << 10         // bytes of the answer

	// nobody is the name that realms are asked with: Microsoft looks at the domain behind it, and no person is named.
	nobody = "signpost-probe"
)

// ReadRealm asks the authority host how a domain signs in, as its sign-in page does for anybody. The client decides how the
// host is reached. The endpoint is documented nowhere, so an answer of another shape is an error and nothing more.
func ReadRealm(ctx context.Context, client *http.Client, authority, domain string, now time.Time) (facts.Realm, error) {
	ctx, cancel := context.WithTimeout(ctx, realmTime)
	defer cancel()
	query := url.Values{"login": {nobody + "@" + domain}, "json": {"1"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(authority, "/")+"/getuserrealm.srf?"+query.Encode(), nil)
	if err != nil {
		return facts.Realm{}, errors.New("the authority host is no URL")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "signpost")
	res, err := client.Do(req)
	if err != nil {
		return facts.Realm{}, plain(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return facts.Realm{}, fmt.Errorf("it answered with status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxRealm))
	if err != nil {
		return facts.Realm{}, plain(err)
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return facts.Realm{}, errors.New("its answer is not JSON of the usual shape")
	}
	text := func(name string) string {
		var s string
		_ = json.Unmarshal(fields[name], &s) // another type is no text
		return short(s)
	}
	r := facts.Realm{Kind: text("NameSpaceType"), Domain: strings.ToLower(text("DomainName")), Brand: text("FederationBrandName"), Cloud: text("CloudInstanceName"), Read: now}
	if r.Kind == "" {
		return facts.Realm{}, errors.New("its answer does not say what kind of domain it is")
	}
	var address string
	_ = json.Unmarshal(fields["AuthURL"], &address)
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		r.SignInURL = short((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
	}
	return r, nil
}
