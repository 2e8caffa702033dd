package tenantfake

import (
	"slices"
	"strings"
)

// holders are the collections of State.Other whose objects have members: "@members" lists object ids, of people and of
// groups.
var holders = [...]struct{ path, kind string }{
	{"groups", "#microsoft.graph.group"}, {"directoryRoles", "#microsoft.graph.directoryRole"}, {"administrativeUnits", "#microsoft.graph.administrativeUnit"},
}

// memberOf lists what holds an object directly.
func (s State) memberOf(id string) []Object {
	var all []Object
	for _, h := range holders {
		for _, o := range s.collection(h.path) {
			members, _ := o["@members"].([]any)
			if slices.ContainsFunc(members, func(m any) bool { text, _ := m.(string); return strings.EqualFold(text, id) }) {
				held := without(o, "@members")
				held["@odata.type"] = h.kind
				all = append(all, held)
			}
		}
	}
	return all
}

// transitiveMemberOf lists what holds an object, directly or through groups, each once.
func (s State) transitiveMemberOf(id string) []Object {
	all := s.memberOf(id)
	for i := 0; i < len(all); i++ {
		if all[i]["@odata.type"] != holders[0].kind {
			continue
		}
		for _, o := range s.memberOf(str(all[i], "id")) {
			if find(all, "id", str(o, "id")) == nil {
				all = append(all, o)
			}
		}
	}
	return all
}

func (s *Server) memberOf(c call, keys []string) answer {
	return s.memberships(c, keys[0], "memberOf", c.state.memberOf)
}

func (s *Server) transitiveMemberOf(c call, keys []string) answer {
	return s.memberships(c, keys[0], "transitiveMemberOf", c.state.transitiveMemberOf)
}

// memberships gives an app that may read people alone no more than the ids of what holds them.
func (s *Server) memberships(c call, key, name string, read func(string) []Object) answer {
	u := c.state.account(key)
	if u == nil {
		return notFound(key)
	}
	all := read(str(u, "id"))
	if !c.holds("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All") {
		for i, o := range all {
			bare := Object{}
			for k := range o {
				bare[k] = nil
			}
			bare["@odata.type"], bare["id"] = o["@odata.type"], o["id"]
			all[i] = bare
		}
	}
	return s.list(c, all, "directoryObjects", 999, c.directory())
}

// assigned lists who is assigned to an app: rows of State.Other["servicePrincipals/{id}/appRoleAssignedTo"].
func (s *Server) assigned(c call, keys []string) answer {
	if find(c.state.collection("servicePrincipals"), "id", keys[0]) == nil {
		return notFound(keys[0])
	}
	return s.other(c, nil)
}

// assignments lists the apps that a person is assigned to, directly or by a group that holds them directly.
func (s *Server) assignments(c call, keys []string) answer {
	u := c.state.account(keys[0])
	if u == nil {
		return notFound(keys[0])
	}
	groups := c.state.memberOf(str(u, "id"))
	var all []Object
	for _, p := range c.state.collection("servicePrincipals") {
		for _, row := range c.state.collection("servicePrincipals/" + str(p, "id") + "/appRoleAssignedTo") {
			if id := str(row, "principalId"); strings.EqualFold(id, str(u, "id")) || find(groups, "id", id) != nil {
				all = append(all, row)
			}
		}
	}
	return s.list(c, all, "users('"+keys[0]+"')/appRoleAssignments", 999, c.directory())
}
