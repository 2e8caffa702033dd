package graph

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"signpost/graph/facts"
)

// groups reads the memberships of a person: all of them, and which are direct. User.Read.All is enough for the ids; the
// names take GroupMember.Read.All or Directory.Read.All.
//
// https://learn.microsoft.com/graph/api/user-list-transitivememberof
// https://learn.microsoft.com/graph/api/user-list-memberof
func (t *Tenant) groups(ctx context.Context, id string) facts.Fact[facts.Groups] {
	return cached(ctx, t, t.caches.groups, strings.ToLower(id), keepGroups, func(ctx context.Context) facts.Fact[facts.Groups] {
		var direct, all []membership
		var directErr, allErr error
		var capped, allCapped bool
		var group errgroup.Group
		group.Go(func() error { direct, capped, directErr = t.memberships(ctx, id, "memberOf"); return nil })
		group.Go(func() error { all, allCapped, allErr = t.memberships(ctx, id, "transitiveMemberOf"); return nil })
		_ = group.Wait() // each has its own error
		if directErr != nil && allErr != nil {
			if notFound(directErr) {
				return facts.None[facts.Groups](t.clock.Now(), "there is no such account, so it has no memberships")
			}
			return failed[facts.Groups](directErr, endpoints().groups)
		}
		if allErr != nil { // what is direct is there at least, and it is not all
			all, allCapped = direct, true
		}
		f := facts.Groups{List: []facts.Group{}, Names: []string{}, Roles: []string{}, Capped: allCapped, DirectKnown: directErr == nil && !capped}
		for _, m := range direct {
			if !slices.ContainsFunc(all, func(x membership) bool { return x.ID == m.ID }) { // the two are read at slightly different times
				all = append(all, m)
			}
		}
		for _, m := range all {
			g := m.fact()
			if directErr == nil {
				held := slices.ContainsFunc(direct, func(x membership) bool { return x.ID == m.ID })
				if held || f.DirectKnown {
					g.Direct = &held
				}
			}
			f.List = append(f.List, g)
			switch g.Kind {
			case kindRole:
				f.Roles, f.Admin = append(f.Roles, either(g.Name, "a role whose name may not be read")), true
			case kindGroup:
				f.Names = append(f.Names, either(g.Name, g.ID))
			}
		}
		return facts.See(t.clock.Now(), f)
	})
}

// Kinds of memberships, as facts.Group names them.
const (
	kindGroup = "group"
	kindRole  = "role"
	kindUnit  = "unit"
)

// membership is a directoryObject that a person is a member of.
type membership struct {
	ODataType string `json:"@odata.type"`
	ID        string `json:"id"`
	Name      string `json:"displayName"`
	Template  string `json:"roleTemplateId"`
}

func (m membership) fact() facts.Group {
	g := facts.Group{ID: m.ID, Name: m.Name, Template: m.Template, Kind: kindGroup}
	switch strings.TrimPrefix(m.ODataType, "#microsoft.graph.") {
	case "directoryRole":
		g.Kind = kindRole
	case "administrativeUnit":
		g.Kind = kindUnit
	case "": // a selection may leave the type out
		if m.Template != "" {
			g.Kind = kindRole
		}
	}
	return g
}

// memberships reads one of the two lists, at most 3,000 of it.
func (t *Tenant) memberships(ctx context.Context, id, list string) (all []membership, capped bool, err error) {
	req := template("/users/{id}/"+list, map[string]string{"id": id}, map[string]string{"select": "id,displayName,roleTemplateId", "top": "999"})
	first, err := decode[page[membership]](t.get(ctx, t.v1, req, nil))
	if err == nil && (first.Value == nil || slices.ContainsFunc(first.Value, func(m membership) bool { return m.ID == "" })) {
		err = errOther
	}
	if err != nil {
		return nil, false, err
	}
	return rest(ctx, t, t.v1, first, nil, 3)
}
