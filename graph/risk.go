package graph

import (
	"context"
	"strings"
	"time"

	"signpost/graph/facts"
)

// risk reads what ID Protection says of a person. The answer is decoded by hand: the SDK's model loses a level or a state
// that it does not know.
//
// https://learn.microsoft.com/graph/api/riskyuser-get
func (t *Tenant) risk(ctx context.Context, id string) facts.Fact[facts.Risk] {
	id = strings.ToLower(id)
	return cached(ctx, t, t.caches.risk, id, keepRisk, func(ctx context.Context) facts.Fact[facts.Risk] {
		u, err := decode[riskyUser](t.get(ctx, t.v1, template("/identityProtection/riskyUsers/{id}", map[string]string{"id": id}, nil), nil))
		if notFound(err) {
			return facts.None[facts.Risk](t.clock.Now(), "ID Protection has no record of this account")
		}
		if err == nil && !strings.EqualFold(u.ID, id) {
			err = errOther
		}
		if err != nil {
			return failed[facts.Risk](err, endpoints().risk)
		}
		return facts.See(t.clock.Now(), facts.Risk{
			Level: u.Level, State: u.State, Detail: u.Detail, Updated: utc(u.Updated),
			Active: strings.EqualFold(u.State, "atRisk") || strings.EqualFold(u.State, "confirmedCompromised"),
		})
	})
}

// riskyUser is Graph's riskyUser, as far as it is used. https://learn.microsoft.com/graph/api/resources/riskyuser
type riskyUser struct {
	ID      string     `json:"id"`
	Level   string     `json:"riskLevel"`
	State   string     `json:"riskState"`
	Detail  string     `json:"riskDetail"`
	Updated *time.Time `json:"riskLastUpdatedDateTime"`
}
