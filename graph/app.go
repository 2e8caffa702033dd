package graph

import (
	"context"
	"strings"

	"signpost/graph/facts"
)

// appFields is what is read of a registration.
const appFields = "id,appId,displayName,signInAudience,web,spa,publicClient,identifierUris,passwordCredentials,keyCredentials,requiredResourceAccess,requestSignatureVerification,isFallbackPublicClient"

// app reads the registration of an app by its app id. Only the tenant that an app is at home in has it.
//
// https://learn.microsoft.com/graph/api/application-get
func (t *Tenant) app(ctx context.Context, appID string) facts.Fact[facts.App] {
	id := strings.ToLower(strings.TrimSpace(appID))
	switch {
	case id == "":
		return facts.Unread[facts.App](facts.NotAsked, noApp)
	case !guidText.MatchString(id):
		return facts.Unread[facts.App](facts.NotAsked, "what stands for the app is no app id")
	}
	return cached(ctx, t, t.caches.apps, id, keepApps, func(ctx context.Context) facts.Fact[facts.App] {
		req := template("/applications(appId='{appId}')", map[string]string{"appId": id}, map[string]string{"select": appFields})
		r, err := decode[application](t.get(ctx, t.v1, req, nil))
		if err == nil && (r.ID == "" || !strings.EqualFold(r.AppID, id)) {
			err = errOther
		}
		switch {
		case notFound(err):
			return facts.None[facts.App](t.clock.Now(), "not registered in this tenant: an app of another tenant, or deleted")
		case err != nil:
			return failed[facts.App](err, endpoints().app)
		}
		return facts.See(t.clock.Now(), r.fact())
	})
}

// noApp is why nothing of an app was asked.
const noApp = "neither the error nor a sign-in row tells the app"

// application is Graph's application, as far as it is used.
// https://learn.microsoft.com/graph/api/resources/application
type application struct {
	ID          string   `json:"id"`
	AppID       string   `json:"appId"`
	Name        string   `json:"displayName"`
	Audience    string   `json:"signInAudience"`
	Identifiers []string `json:"identifierUris"`
	Public      *bool    `json:"isFallbackPublicClient"`
	Web         replies  `json:"web"`
	SPA         replies  `json:"spa"`
	Native      replies  `json:"publicClient"`
	keyring
	Required []struct {
		Resource string `json:"resourceAppId"`
		Access   []struct {
			ID   string `json:"id"`
			Type string `json:"type"` // Scope, Role
		} `json:"resourceAccess"`
	} `json:"requiredResourceAccess"`
	Signature struct {
		Required bool `json:"isSignedRequestRequired"`
	} `json:"requestSignatureVerification"`
}

// replies are the redirect URIs of one platform.
type replies struct {
	URIs []string `json:"redirectUris"`
}

func (r application) fact() facts.App {
	f := facts.App{
		ID: r.ID, AppID: strings.ToLower(r.AppID), Name: r.Name, Audience: r.Audience, Identifiers: present(r.Identifiers), Public: r.Public,
		Redirects: []facts.Redirect{}, Credentials: r.credentials(), SignedOnly: r.Signature.Required,
	}
	for _, p := range []struct {
		name string
		uris []string
	}{{"web", r.Web.URIs}, {"spa", r.SPA.URIs}, {"native", r.Native.URIs}} {
		for _, u := range p.uris {
			f.Redirects = append(f.Redirects, facts.Redirect{URI: u, Platform: p.name})
		}
	}
	for _, need := range r.Required {
		for _, a := range need.Access {
			if a.Type == "Scope" {
				f.Wants = append(f.Wants, facts.Want{Resource: strings.ToLower(need.Resource), Scope: strings.ToLower(a.ID)})
			}
		}
	}
	return f
}

// present is a list of Graph's, which is never nil once Graph has answered.
func present(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
