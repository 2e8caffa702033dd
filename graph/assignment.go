package graph

import (
	"context"
	"slices"
	"strings"

	"signpost/graph/facts"
)

// assignment finds whether a person is assigned to an app: directly, or by a group that holds them directly. Groups within
// groups do not count.
//
// https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto
// https://learn.microsoft.com/entra/identity/enterprise-apps/assign-user-or-group-access-portal
func (t *Tenant) assignment(ctx context.Context, appID, userID string) facts.Fact[facts.Assignment] {
	key := strings.ToLower(strings.TrimSpace(appID) + " " + userID)
	return cached(ctx, t, t.caches.assignments, key, keepAssignments, func(ctx context.Context) facts.Fact[facts.Assignment] {
		held := start(func() facts.Fact[facts.Groups] { return t.groups(ctx, userID) })
		p := t.principal(ctx, appID)
		if !p.OK() {
			held.wait()
			return ofPrincipal[facts.Assignment](p, "so nobody is assigned to it")
		}
		rows, capped, err := t.assigned(ctx, p.Value.ID)
		groups := held.wait()
		if err != nil {
			return failed[facts.Assignment](err, endpoints().assignment)
		}
		f := place(rows, groups, userID)
		f.Required, f.Others = p.Value.AssignmentRequired, len(rows)
		switch {
		case f.Assigned != nil && *f.Assigned:
		case groups.State == facts.NotPermitted: // nor is the other way
		case f.Assigned == nil, capped:
			t.otherWay(ctx, &f, p.Value.ID, userID)
		}
		return facts.See(t.clock.Now(), f)
	})
}

// ofPrincipal is the state of what hangs on a service principal that was not seen.
func ofPrincipal[T any](p facts.Fact[facts.Principal], so string) facts.Fact[T] {
	switch p.State {
	case facts.Absent:
		return facts.None[T](p.ReadAt, p.Reason+", "+so)
	case facts.NotAsked:
		return facts.Unread[T](facts.NotAsked, p.Reason)
	}
	return facts.Unread[T](p.State, "the app could not be read first: "+p.Reason)
}

// assignmentRow is Graph's appRoleAssignment, as far as it is used.
// https://learn.microsoft.com/graph/api/resources/approleassignment
type assignmentRow struct {
	ID            string `json:"id"`
	PrincipalID   string `json:"principalId"`
	PrincipalType string `json:"principalType"` // User, Group, ServicePrincipal
	PrincipalName string `json:"principalDisplayName"`
	ResourceID    string `json:"resourceId"`
}

// assigned reads who is assigned to an app, at most some thousands.
func (t *Tenant) assigned(ctx context.Context, principalID string) (all []assignmentRow, capped bool, err error) {
	req := template("/servicePrincipals/{id}/appRoleAssignedTo", map[string]string{"id": principalID}, map[string]string{"top": "999"})
	first, err := decode[page[assignmentRow]](t.get(ctx, t.v1, req, nil))
	if err == nil && (first.Value == nil || slices.ContainsFunc(first.Value, func(r assignmentRow) bool { return r.PrincipalID == "" })) {
		err = errOther
	}
	if err != nil {
		return nil, false, err
	}
	return rest(ctx, t, t.v1, first, nil, 5)
}

// place lays the assignments of an app over the memberships of a person. Assigned stays nil where the groups decide and are
// not known.
func place(rows []assignmentRow, groups facts.Fact[facts.Groups], userID string) facts.Assignment {
	f := facts.Assignment{Groups: []string{}, Nested: []string{}}
	decided, whole := true, groups.OK() && !groups.Value.Capped
	for _, r := range rows {
		switch {
		case strings.EqualFold(r.PrincipalType, "User"):
			f.Direct = f.Direct || strings.EqualFold(r.PrincipalID, userID)
		case strings.EqualFold(r.PrincipalType, "Group"):
			name := either(r.PrincipalName, r.PrincipalID)
			m := membershipIn(groups, r.PrincipalID)
			switch {
			case m == nil:
				decided = decided && groups.OK() && groups.Value.DirectKnown
			case m.Direct == nil:
				decided, whole = false, false
			case *m.Direct && !slices.Contains(f.Groups, name):
				f.Groups = append(f.Groups, name)
			case !*m.Direct && !slices.Contains(f.Nested, name):
				f.Nested = append(f.Nested, name)
			}
		}
	}
	if yes := f.Direct || len(f.Groups) > 0; yes || decided {
		f.Assigned = &yes
	}
	// What was looked for in a part of the memberships and not found is not known.
	if !decided && len(f.Groups) == 0 {
		f.Groups = nil
	}
	if !whole && len(f.Nested) == 0 && slices.ContainsFunc(rows, func(r assignmentRow) bool { return strings.EqualFold(r.PrincipalType, "Group") }) {
		f.Nested = nil
	}
	return f
}

func membershipIn(groups facts.Fact[facts.Groups], id string) *facts.Group {
	if !groups.OK() {
		return nil
	}
	if i := slices.IndexFunc(groups.Value.List, func(g facts.Group) bool { return strings.EqualFold(g.ID, id) }); i >= 0 {
		return &groups.Value.List[i]
	}
	return nil
}

// otherWay asks for the person's own assignments to the app, which hold those of their groups too. It is the way where the
// app has too many to read, or the groups could not be read: then what it does not find proves nothing.
//
// https://learn.microsoft.com/graph/api/user-list-approleassignments
func (t *Tenant) otherWay(ctx context.Context, f *facts.Assignment, principalID, userID string) {
	knownGroups := f.Assigned != nil
	f.Assigned = nil
	req := template("/users/{id}/appRoleAssignments", map[string]string{"id": userID}, map[string]string{"filter": "resourceId eq " + principalID})
	list, err := decode[page[assignmentRow]](t.get(ctx, t.v1, req, nil))
	if err != nil || list.Value == nil {
		return
	}
	for _, r := range list.Value {
		if !strings.EqualFold(r.ResourceID, principalID) {
			continue
		}
		yes := true
		f.Assigned = &yes
		if name := either(r.PrincipalName, r.PrincipalID); strings.EqualFold(r.PrincipalType, "Group") && !slices.Contains(f.Groups, name) {
			f.Groups = append(f.Groups, name)
		}
		f.Direct = f.Direct || strings.EqualFold(r.PrincipalType, "User")
	}
	if f.Assigned == nil && knownGroups && list.Next == "" {
		no := false
		f.Assigned = &no
	}
}
