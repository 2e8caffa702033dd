package tenantfake

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// tokenLife is how long an access token of the fake is good for.
const tokenLife = time.Hour

// token is an access token that was given out.
type token struct {
	roles []string
	until time.Time
}

// authority answers what login.microsoftonline.com answers: discovery, tokens and realms.
func (s *Server) authority(w http.ResponseWriter, r *http.Request) {
	path := strings.ToLower(r.URL.Path)
	switch {
	case strings.HasSuffix(path, "/v2.0/.well-known/openid-configuration"):
		s.discovery(w, r)
	case strings.HasSuffix(path, "/oauth2/v2.0/token") && r.Method == http.MethodPost:
		s.token(w, r)
	case path == "/getuserrealm.srf":
		s.realm(w, r.URL.Query().Get("login"))
	case strings.HasPrefix(path, "/common/userrealm/"):
		s.realmV1(w, strings.TrimPrefix(r.URL.Path, "/common/userrealm/"))
	case path == "/msi/token":
		s.managedIdentity(w, r)
	default:
		s.published(w, r, path)
	}
}

// hasTenant reports whether the first part of the path names the tenant, by id or by one of its domains.
func (s *Server) hasTenant(r *http.Request) (name string, ok bool) {
	name, _, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	st := s.snapshot()
	return name, strings.EqualFold(name, st.TenantID) || find(st.Domains, "id", name) != nil
}

func (s *Server) discovery(w http.ResponseWriter, r *http.Request) {
	if name, ok := s.hasTenant(r); !ok {
		refuseToken(w, http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+name+"' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.")
		return
	}
	id := s.snapshot().TenantID
	writeJSON(w, http.StatusOK, Object{
		"issuer":                        s.URL + "/" + id + "/v2.0",
		"authorization_endpoint":        s.URL + "/" + id + "/oauth2/v2.0/authorize",
		"token_endpoint":                s.URL + "/" + id + "/oauth2/v2.0/token",
		"device_authorization_endpoint": s.URL + "/" + id + "/oauth2/v2.0/devicecode",
		"end_session_endpoint":          s.URL + "/" + id + "/oauth2/v2.0/logout",
		"jwks_uri":                      s.URL + "/" + id + "/discovery/v2.0/keys",
		"tenant_region_scope":           "EU",
		"cloud_instance_name":           "microsoftonline.com",
		"cloud_graph_host_name":         "graph.windows.net",
		"msgraph_host":                  strings.TrimPrefix(s.URL, "https://"),
	})
}

// token gives out an access token for client credentials: a secret, or an assertion that names the client.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		refuseToken(w, http.StatusBadRequest, "invalid_request", 900144, "The request body could not be read.")
		return
	}
	st, form := s.snapshot(), r.PostForm
	name, known := s.hasTenant(r)
	secret, assertion := form.Get("client_secret"), form.Get("client_assertion")
	switch {
	case !known:
		refuseToken(w, http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+name+"' not found.")
	case form.Get("grant_type") != "client_credentials":
		refuseToken(w, http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
	case !strings.EqualFold(form.Get("client_id"), st.ClientID):
		refuseToken(w, http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '"+form.Get("client_id")+"' was not found in the directory.")
	case !slices.Contains(strings.Fields(form.Get("scope")), s.URL+"/.default"):
		refuseToken(w, http.StatusBadRequest, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
	case assertion != "" && !acceptable(assertion, st):
		refuseToken(w, http.StatusUnauthorized, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
	case assertion == "" && st.SecretExpired:
		refuseToken(w, http.StatusUnauthorized, "invalid_client", 7000222, "The provided client secret keys for app '"+st.ClientID+"' are expired.")
	case assertion == "" && secret != st.Secret:
		refuseToken(w, http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '"+st.ClientID+"'.")
	default:
		writeJSON(w, http.StatusOK, Object{
			"token_type": "Bearer", "expires_in": int(tokenLife / time.Second), "ext_expires_in": int(tokenLife / time.Second),
			"access_token": s.issue(st),
		})
	}
}

// acceptable takes the workload's own token, and every assertion whose subject is the client. The fake has no keys to
// verify a certificate's signature with.
func acceptable(assertion string, st State) bool {
	if st.FederatedToken != "" && assertion == st.FederatedToken {
		return true
	}
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return false
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	var claims struct {
		Sub string `json:"sub"`
	}
	return err == nil && json.Unmarshal(body, &claims) == nil && strings.EqualFold(claims.Sub, st.ClientID)
}

// issue makes an access token that carries the permissions of now.
func (s *Server) issue(st State) string {
	now := s.now()
	text := rand.Text()
	if !st.OpaqueTokens {
		claims, _ := json.Marshal(Object{
			"aud": s.URL, "iss": "https://sts.windows.net/" + st.TenantID + "/", "tid": st.TenantID, "appid": st.ClientID,
			"app_displayname": "Signpost", "idtyp": "app", "roles": st.Permissions, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
		})
		b64 := base64.RawURLEncoding
		text = b64.EncodeToString([]byte(`{"typ":"JWT","alg":"none"}`)) + "." + b64.EncodeToString(claims) + "." + b64.EncodeToString([]byte(text))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[text] = token{st.Permissions, now.Add(tokenLife)}
	return text
}

// managedIdentity is the token endpoint of App Service. IDENTITY_ENDPOINT is URL + "/msi/token", IDENTITY_HEADER any text.
func (s *Server) managedIdentity(w http.ResponseWriter, r *http.Request) {
	st := s.snapshot()
	if r.Header.Get("X-IDENTITY-HEADER") == "" || r.URL.Query().Get("resource") != s.URL {
		writeJSON(w, http.StatusBadRequest, Object{"statusCode": 400, "message": "no such identity or resource"})
		return
	}
	writeJSON(w, http.StatusOK, Object{
		"access_token": s.issue(st), "token_type": "Bearer", "resource": s.URL, "client_id": st.ClientID,
		"expires_on": s.now().Add(tokenLife).Unix(),
	})
}

// realm says how people of an address's domain sign in. Microsoft documents it for nobody.
func (s *Server) realm(w http.ResponseWriter, login string) {
	st := s.snapshot()
	d := st.realm(login)
	o := Object{"State": 4, "UserState": 1, "Login": login, "NameSpaceType": "Unknown", "CloudInstanceName": "microsoftonline.com", "CloudInstanceIssuerUri": "urn:federation:MicrosoftOnline"}
	if d != nil {
		o["NameSpaceType"], o["DomainName"], o["FederationBrandName"] = "Managed", str(d, "id"), "Contoso"
		if trust := st.trust(d); strings.EqualFold(str(d, "authenticationType"), "Federated") && trust != nil {
			o["State"], o["UserState"], o["NameSpaceType"] = 3, 2, "Federated"
			o["FederationBrandName"], o["FederationGlobalVersion"], o["AuthNForwardType"] = str(trust, "displayName"), -1, 1
			o["AuthURL"] = str(trust, "passiveSignInUri") + "?username=" + url.QueryEscape(login) + "&wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline&wctx="
		}
	}
	writeJSON(w, http.StatusOK, o)
}

func (s *Server) realmV1(w http.ResponseWriter, login string) {
	st := s.snapshot()
	d := st.realm(login)
	o := Object{"ver": "1.0", "account_type": "Unknown", "cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline"}
	if d != nil {
		o["account_type"], o["domain_name"] = str(d, "authenticationType"), str(d, "id")
		if trust := st.trust(d); trust != nil {
			o["federation_protocol"] = map[string]string{"wsFed": "WSTrust", "saml": "SAML20"}[str(trust, "preferredAuthenticationProtocol")]
			o["federation_metadata_url"] = str(trust, "metadataExchangeUri")
			o["federation_active_auth_url"] = str(trust, "activeSignInUri")
		}
	}
	writeJSON(w, http.StatusOK, o)
}

// realm is the tenant's domain of an address.
func (s State) realm(login string) Object {
	_, domain, _ := strings.Cut(login, "@")
	return find(s.Domains, "id", domain)
}

// trust is the federation configuration that holds for a domain: its root's.
func (s State) trust(domain Object) Object {
	if root := s.root(domain); root != nil {
		for name, trust := range s.Federation {
			if strings.EqualFold(name, str(root, "id")) {
				return trust
			}
		}
	}
	return nil
}

// root is the domain whose settings a domain inherits.
func (s State) root(domain Object) Object {
	if isRoot, ok := domain["isRoot"].(bool); !ok || isRoot {
		return domain
	}
	name := str(domain, "id")
	for {
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return nil
		}
		if d := find(s.Domains, "id", parent); d != nil {
			if isRoot, ok := d["isRoot"].(bool); !ok || isRoot {
				return d
			}
		}
		name = parent
	}
}

func refuseToken(w http.ResponseWriter, status int, code string, number int, text string) {
	trace, correlation := guid(), guid()
	writeJSON(w, status, Object{
		"error": code, "error_codes": []int{number}, "trace_id": trace, "correlation_id": correlation,
		"error_description": "AADSTS" + itoa(number) + ": " + text + " Trace ID: " + trace + " Correlation ID: " + correlation,
		"error_uri":         "https://login.microsoftonline.com/error?code=" + itoa(number),
	})
}
