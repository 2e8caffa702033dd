package graph_test

import (
	"strings"
	"testing"

	"signpost/graph"
	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

// checkNamed finds a line of the report.
func checkNamed(t *testing.T, all []graph.Check, name string) graph.Check {
	t.Helper()
	for _, c := range all {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %q in %+v", name, all)
	return graph.Check{}
}

func TestCheckTellsWhatWorksAndWhatItCosts(t *testing.T) {
	for name, c := range map[string]struct {
		state func(*tenantfake.State)
		check string
		want  facts.State
		says  string
		costs string
	}{
		"the token and its tenant":         {nil, "token", facts.Seen, "tenant " + tenantfake.DemoTenant, ""},
		"a permission":                     {nil, "IdentityProvider.Read.All", facts.Seen, "", ""},
		"a licence":                        {nil, "sign-in log", facts.Seen, "Microsoft Entra ID P1", ""},
		"a missing permission":             {func(s *tenantfake.State) { s.Permissions = []string{"User.Read.All"} }, "AuditLog.Read.All", facts.NotPermitted, "grant", "sign-in"},
		"one that another covers":          {func(s *tenantfake.State) { s.Permissions = []string{"Directory.Read.All"} }, "Domain.Read.All", facts.Seen, "covered by Directory.Read.All", ""},
		"one that does for a part":         {func(s *tenantfake.State) { s.Permissions = []string{"Policy.Read.ConditionalAccess"} }, "Policy.Read.All", facts.NotPermitted, "does for a part", "security defaults"},
		"a missing licence":                {func(s *tenantfake.State) { s.NoPremium = true }, "sign-in log", facts.NotLicensed, "Directory.Read.All", "sign-in"},
		"more than a reader needs":         {func(s *tenantfake.State) { s.Permissions = append(tenantfake.AllPermissions(), "User.ReadWrite.All") }, "least privilege", facts.Seen, "User.ReadWrite.All", ""},
		"a refused credential":             {func(s *tenantfake.State) { s.SecretExpired = true }, "token", facts.Failed, "AADSTS7000222", "everything"},
		"an opaque token is tried":         {func(s *tenantfake.State) { s.OpaqueTokens = true }, "User.Read.All", facts.Seen, "", ""},
		"an opaque token that lacks it":    {func(s *tenantfake.State) { s.OpaqueTokens = true; s.Permissions = []string{"AuditLog.Read.All"} }, "User.Read.All", facts.NotPermitted, "User.Read.All", "account"},
		"what an opaque token cannot show": {func(s *tenantfake.State) { s.OpaqueTokens = true }, "Policy.Read.All", facts.NotAsked, "cannot be read", ""},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenantfake.Demo(now)
			if c.state != nil {
				c.state(&state)
			}
			got := checkNamed(t, connect(t, serve(t, state)).Check(t.Context()), c.check)
			if got.State != c.want || !strings.Contains(got.Reason, c.says) || !strings.Contains(got.Costs, c.costs) || c.costs == "" && got.Costs != "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestReadyFollowsTheCredential(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	tenant := connect(t, s)
	for range 3 {
		if err := tenant.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := s.TokenRequests(); n != 1 {
		t.Errorf("%d token requests", n)
	}
	s.Change(func(st *tenantfake.State) { st.SecretExpired = true })
	if err := connect(t, s).Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "AADSTS7000222") {
		t.Errorf("%v", err)
	}
}

func TestCheckAsksLittle(t *testing.T) {
	s := serve(t, tenantfake.Demo(now))
	connect(t, s).Check(t.Context())
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests to Graph", n)
	}
}
