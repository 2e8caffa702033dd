package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

func TestRecentCountsWhatHappenedAroundTheError(t *testing.T) {
	err := now.Add(-30 * time.Minute)
	other := tenantfake.Object{"appId": "app-2"}
	merge := func(a, b tenantfake.Object) tenantfake.Object {
		for k, v := range b {
			a[k] = v
		}
		return a
	}
	background := func() tenantfake.Object { return kind("nonInteractiveUser") }
	for name, c := range map[string]struct {
		rows []tenantfake.Object
		q    facts.Query
		want facts.Recent
	}{
		"failures of one code, not healed": {
			[]tenantfake.Object{signIn("a", err, 40009, background()), signIn("b", err.Add(-time.Hour), 40009, background()), signIn("c", err.Add(-2*time.Hour), 50126, nil)},
			facts.Query{Code: 40009, Time: err}, facts.Recent{Failures: 3, SameFailures: 2, WrongPassword: 1},
		},
		"healed by a later success": {
			[]tenantfake.Object{signIn("a", err, 50076, nil), signIn("b", err.Add(time.Minute), 0, nil), signIn("c", err.Add(5*time.Minute), 0, background())},
			facts.Query{Code: 50076, Time: err, AppID: "APP-1"},
			facts.Recent{Failures: 1, SameFailures: 1, Healed: true, HealedAt: ptr(err.Add(time.Minute)), LastSuccess: ptr(err.Add(5 * time.Minute))},
		},
		"a success with another app heals nothing": {
			[]tenantfake.Object{signIn("a", err, 50076, nil), signIn("b", err.Add(time.Minute), 0, other)},
			facts.Query{Code: 50076, Time: err, AppID: "app-1"}, facts.Recent{Failures: 1, SameFailures: 1, LastSuccess: ptr(err.Add(time.Minute))},
		},
		"the app of the failing row counts where the message names none": {
			[]tenantfake.Object{signIn("a", err, 50076, nil), signIn("b", err.Add(time.Minute), 0, merge(tenantfake.Object{}, other))},
			facts.Query{Code: 50076, Time: err}, facts.Recent{Failures: 1, SameFailures: 1, LastSuccess: ptr(err.Add(time.Minute))},
		},
		"a success before the error heals nothing": {
			[]tenantfake.Object{signIn("a", err, 50076, nil), signIn("b", err.Add(-time.Minute), 0, nil)},
			facts.Query{Code: 50076, Time: err}, facts.Recent{Failures: 1, SameFailures: 1, LastSuccess: ptr(err.Add(-time.Minute))},
		},
		"without a time an older success heals nothing": {
			[]tenantfake.Object{signIn("a", err, 50076, nil), signIn("b", err.Add(time.Minute), 0, nil), signIn("c", err.Add(-time.Hour), 50076, nil)},
			facts.Query{Code: 50076}, facts.Recent{Failures: 2, SameFailures: 2, LastSuccess: ptr(err.Add(time.Minute))},
		},
		"without a time the error is as old as the message": {
			[]tenantfake.Object{signIn("a", err, 50076, nil), signIn("b", err.Add(time.Minute), 0, nil)},
			facts.Query{Code: 50076, Posted: err.Add(30 * time.Second)}, facts.Recent{Failures: 1, SameFailures: 1, Healed: true, HealedAt: ptr(err.Add(time.Minute)), LastSuccess: ptr(err.Add(time.Minute))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			guest := person(id1, "a_home.example#EXT#@contoso.onmicrosoft.com", tenantfake.Object{"userType": "Guest"})
			s := serve(t, tenantfake.State{Users: []tenantfake.Object{guest}, SignIns: append(c.rows, signIn("x", err, 50126, tenantfake.Object{"userId": id2}))})
			c.q.Ask, c.q.User = []facts.Name{facts.NameRecent}, id1
			f := connect(t, s).Collect(t.Context(), c.q).Recent
			if !f.OK() {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			got := *f.Value
			if len(got.Rows) != len(c.rows) || !slices.IsSortedFunc(got.Rows, func(a, b facts.SignIn) int { return b.Time.Compare(a.Time) }) {
				t.Errorf("rows %+v", got.Rows)
			}
			got.Rows, got.Since = nil, time.Time{}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestRecentBeginsADayBeforeTheError(t *testing.T) {
	for name, c := range map[string]struct {
		at   time.Time
		want string
	}{
		"just now":       {now, "2026-11-23T11:00:00Z"},
		"unknown":        {time.Time{}, "2026-11-23T11:00:00Z"},
		"three days ago": {now.Add(-72*time.Hour - 20*time.Minute), "2026-11-20T11:00:00Z"},
		"40 days ago":    {now.AddDate(0, 0, -40), "2026-10-25T12:00:00Z"},
	} {
		s := serve(t, tenantfake.State{Users: []tenantfake.Object{person(id1, "a@contoso.com", nil)}})
		f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameRecent}, User: id1, Time: c.at}).Recent
		if f.State != facts.Absent {
			t.Errorf("%s: %s %q", name, f.State, f.Reason)
		}
		all := s.Requests() // the account is read beside it
		last := all[slices.IndexFunc(all, func(r tenantfake.Request) bool { return strings.Contains(r.Path, "auditLogs") })]
		if filter := last.Query.Get("$filter"); !strings.Contains(filter, "createdDateTime ge "+c.want) || last.Query.Get("$top") != "100" {
			t.Errorf("%s: %s", name, last.Query)
		}
	}
}

func TestManyRowsAreCapped(t *testing.T) {
	state := tenantfake.State{Users: []tenantfake.Object{person(id1, "a@contoso.com", nil)}}
	for i := range 700 {
		state.SignIns = append(state.SignIns, signIn(fmt.Sprint("r", i), now.Add(-time.Duration(i)*time.Minute), 50126, nil))
	}
	s := serve(t, state)
	r := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameRecent, facts.NameSpread}, User: id1, Code: 50126})
	if f := r.Recent; !f.OK() || !f.Value.Capped || len(f.Value.Rows) != 100 {
		t.Errorf("recent %s %q", f.State, f.Reason)
	}
	if f := r.Spread; !f.OK() || !f.Value.Capped || f.Value.Rows != 250 || f.Value.Users != 1 {
		t.Errorf("spread %s %q %+v", f.State, f.Reason, f.Value)
	}
}

func TestSpreadCountsPeopleOfTheCodeAndOfItsRelatives(t *testing.T) {
	of := func(user string, more tenantfake.Object) tenantfake.Object {
		o := tenantfake.Object{"userId": user}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	rows := []tenantfake.Object{
		signIn("a", now.Add(-time.Hour), 40009, of(id1, kind("nonInteractiveUser"))), signIn("b", now.Add(-2*time.Hour), 40009, of(id1, kind("nonInteractiveUser"))),
		signIn("c", now.Add(-3*time.Hour), 40009, of(id2, tenantfake.Object{"appId": "app-2"})), signIn("d", now.Add(-25*time.Hour), 40009, of(id3, nil)),
		signIn("e", now.Add(-time.Hour), 40015, of(id3, nil)), signIn("f", now.Add(-time.Hour), 40008, of(id3, nil)), signIn("g", now.Add(-time.Hour), 0, of(id3, nil)),
	}
	for name, refuse := range map[string]bool{"in one query": false, "code by code where or is refused": true} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tenantfake.State{SignIns: rows, RefuseOr: refuse})
			f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameSpread}, Code: 40009, Related: []int{40015, 40008, 40009}}).Spread
			want := &facts.Spread{
				Since: now.Add(-24 * time.Hour), Users: 2, Rows: 3, Apps: 2, RelatedUsers: 1,
				Codes: []facts.CodeCount{{Code: 40009, Rows: 3, Users: 2}, {Code: 40008, Rows: 1, Users: 1}, {Code: 40015, Rows: 1, Users: 1}},
			}
			if diff := cmp.Diff(want, f.Value); diff != "" {
				t.Errorf("%s %q %s", f.State, f.Reason, diff)
			}
		})
	}
}

func TestSpreadOfAnAppsOwnCodesCountsServicePrincipals(t *testing.T) {
	sp := func(id string) tenantfake.Object {
		o := kind("servicePrincipal")
		o["servicePrincipalId"], o["userId"], o["userPrincipalName"] = id, "", ""
		return o
	}
	s := serve(t, tenantfake.State{SignIns: []tenantfake.Object{signIn("a", now, 7000222, sp("sp-1")), signIn("b", now, 7000222, sp("sp-1")), signIn("c", now, 7000222, sp("sp-2"))}})
	f := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameSpread}, Code: 7000222}).Spread
	if !f.OK() || f.Value.Rows != 3 || f.Value.Users != 2 {
		t.Errorf("%s %q %+v", f.State, f.Reason, f.Value)
	}
}

func TestKindsOfSignInsAreAskedOneByOneWhereTogetherIsRefused(t *testing.T) {
	for _, name := range []facts.Name{facts.NameRecent, facts.NameSpread} {
		s := serve(t, tenantfake.State{Users: []tenantfake.Object{person(id1, "a@contoso.com", nil)}, SignIns: []tenantfake.Object{
			signIn("a", now, 40009, kind("nonInteractiveUser")), signIn("b", now.Add(-time.Minute), 40009, nil),
		}})
		s.Break(tenantfake.Fault{Path: "beta", Status: 400, Body: `{"error":{"code":"BadRequest","message":"Invalid filter clause"}}`, Times: 1})
		r := connect(t, s).Collect(t.Context(), facts.Query{Ask: []facts.Name{name}, User: id1, Code: 40009})
		if f := r.Recent; name == facts.NameRecent && (!f.OK() || f.Reason != "" || f.Value.SameFailures != 2 || f.Value.Rows[0].ID != "a") {
			t.Errorf("recent %s %q", f.State, f.Reason)
		}
		if f := r.Spread; name == facts.NameSpread && (!f.OK() || f.Reason != "" || f.Value.Rows != 2) {
			t.Errorf("spread %s %q", f.State, f.Reason)
		}
	}
}

func TestWithoutBetaThereAreStillInteractiveSignIns(t *testing.T) {
	clock := newJump()
	s := tenantfake.NewAt(tenantfake.State{Users: []tenantfake.Object{person(id1, "a@contoso.com", nil)}, SignIns: []tenantfake.Object{signIn("a", now, 50126, nil)}}, clock.Now)
	t.Cleanup(s.Close)
	s.Break(tenantfake.Fault{Path: "beta", Status: 404, Body: `{"error":{"code":"UnknownError","message":""}}`})
	r := connect(t, s, clock.use).Collect(t.Context(), facts.Query{Ask: []facts.Name{facts.NameRecent, facts.NameSpread}, User: id1, Code: 50126})
	if f := r.Recent; !f.OK() || !strings.Contains(f.Reason, "interactive sign-ins only") || f.Value.WrongPassword != 1 {
		t.Errorf("recent %s %q", f.State, f.Reason)
	}
	if f := r.Spread; !f.OK() || !strings.Contains(f.Reason, "interactive sign-ins only") || f.Value.Users != 1 {
		t.Errorf("spread %s %q", f.State, f.Reason)
	}
}
