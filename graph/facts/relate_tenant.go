package facts

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// errorTime is when the error happened, as well as that is known: as it says itself, as its sign-in row says, otherwise
// when it was posted.
func (r *Report) errorTime(q Query, now time.Time) time.Time {
	switch {
	case !q.Time.IsZero():
		return q.Time
	case r.SignIn.OK() && !r.SignIn.Value.Time.IsZero():
		return r.SignIn.Value.Time
	case !q.Posted.IsZero():
		return q.Posted
	}
	return now
}

var guid = regexp.MustCompile(`[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`)

// relateOrganization says whether the error is of the tenant that is read. A tenant is named by its id, by one of its
// domains, or by its name; common, organizations and consumers name none.
func (r *Report) relateOrganization(q Query) {
	change(&r.Organization, func(o *Organization) { o.Matches = o.named(q.Tenant) })
}

func (o *Organization) named(tenant string) *bool {
	name := strings.ToLower(strings.Trim(strings.TrimSpace(tenant), "./"))
	same := false
	switch id := guid.FindString(name); {
	case name == "", name == "common", name == "organizations", name == "consumers":
		return nil
	case id != "": // also within an issuer, https://sts.windows.net/ID/
		if o.ID == "" {
			return nil
		}
		same = strings.EqualFold(id, o.ID)
	case strings.Contains(name, ".") && !strings.ContainsAny(name, " ,"):
		if o.Domains == nil {
			return nil
		}
		same = slices.ContainsFunc(o.Domains, func(d string) bool { return strings.EqualFold(d, name) }) || strings.EqualFold(name, strings.Trim(o.Name, "."))
	case o.Name == "":
		return nil
	default:
		same = strings.EqualFold(name, strings.Trim(strings.TrimSpace(o.Name), "./"))
	}
	return &same
}

// relateHealth picks the open incidents that may lie behind the error: those that began before it. An advisory is none: it
// stays open for weeks over matters that stop nobody's sign-in.
func (r *Report) relateHealth(q Query, now time.Time) {
	at := r.errorTime(q, now)
	change(&r.Health, func(h *Health) {
		h.Began = []string{}
		for _, i := range h.Incidents {
			if !i.Started.IsZero() && !i.Started.After(at) && !strings.EqualFold(i.Kind, "advisory") {
				h.Began = append(h.Began, i.Title)
			}
		}
	})
}
