package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

var (
	contoso  = store.Key{Kind: store.KeyDomain, Value: "contoso.com"}
	fabrikam = store.Key{Kind: store.KeyDomain, Value: "fabrikam.com"}
	app      = store.Key{Kind: store.KeyApp, Value: "00000003-0000-0000-c000-000000000000"}
)

// hit adds a case of somebody in contoso.com.
func hit(t *testing.T, db *jobs.DB, minute int, author, subject string) int64 {
	t.Helper()
	return insertAt(t, db, minute, func(c *store.Case) {
		c.Author, c.Subject, c.Keys = author, subject, []store.Key{contoso, app}
	})
}

func TestAlikeCountsPeopleAndNotPastes(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		var all []int64
		for i, who := range [][2]string{
			{"U1", "bob@contoso.com"},
			{"U2", "BOB@contoso.com"}, // the same person, told by a colleague
			{"U2", "ann@contoso.com"},
			{"U2", ""}, // the colleague again: adds nobody
			{"U3", ""},
			{"U3", ""},
			{"", ""}, // an integration
		} {
			all = append([]int64{hit(t, db, 10+i, who[0], who[1])}, all...)
		}
		hit(t, db, 5, "U8", "") // too early
		for minute, other := range map[int]func(*store.Case){
			20: func(c *store.Case) { c.Author, c.Keys, c.Primary = "U9", []store.Key{contoso}, 50034 },
			21: func(c *store.Case) { c.Author, c.Keys = "U9", []store.Key{fabrikam} },
			22: func(c *store.Case) { c.Author, c.Keys, c.Team = "U9", []store.Key{contoso}, "T2" },
			23: func(c *store.Case) {
				c.Author, c.Keys = "U9", []store.Key{{Kind: store.KeyApp, Value: "contoso.com"}}
			},
		} {
			insertAt(t, db, minute, other)
		}
		cases, people, err := db.Store().Alike(t.Context(), "T1", 50076, store.Key{Kind: store.KeyDomain, Value: "Contoso.com"}, at(10))
		if diff := cmp.Diff(all, ids(cases)); err != nil || people != 4 || diff != "" {
			t.Errorf("%d people, %v, %s", people, err, diff)
		}
		cases, people, err = db.Store().Alike(t.Context(), "T1", 50076, store.Key{Kind: store.KeyDomain}, at(0))
		if err != nil || people != 0 || cases != nil {
			t.Errorf("an empty key is shared by nobody: %d, %v, %v", people, ids(cases), err)
		}
	})
}

func TestAlikeListsAtMost200AndCountsAll(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		for i := range 210 {
			c := paste(i)
			c.Author, c.Keys = fmt.Sprintf("U%d", i), []store.Key{contoso}
			insert(t, db, c)
		}
		cases, people, err := db.Store().Alike(t.Context(), "T1", 50076, contoso, at(0).AddDate(-1, 0, 0))
		if err != nil || len(cases) != 200 || people != 210 {
			t.Errorf("%d cases, %d people, %v", len(cases), people, err)
		}
	})
}

// storm is an incident of contoso.com that is to be opened.
func storm(key string) store.Incident {
	return store.Incident{Team: "T1", Code: 50076, Kind: store.KeyDomain, Value: "contoso.com", Channel: "C9", OnceKey: key}
}

func TestOneIncidentOfAKindIsActive(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		st.Now = func() time.Time { return at(3) }
		open := func() (opened int32, id int64) {
			var (
				wg   sync.WaitGroup
				made atomic.Int32
				is   atomic.Int64
			)
			for range 30 {
				wg.Go(func() {
					i, created, err := st.OpenIncident(context.Background(), storm(rands()))
					if err != nil {
						t.Error(err)
						return
					}
					if created {
						made.Add(1)
					}
					if old := is.Swap(i.ID); old != 0 && old != i.ID {
						t.Errorf("incidents %d and %d", old, i.ID)
					}
				})
			}
			wg.Wait()
			return made.Load(), is.Load()
		}
		made, first := open()
		if made != 1 {
			t.Fatalf("opened %d times", made)
		}
		var ended atomic.Int32
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				if ok, err := st.EndIncident(context.Background(), first, at(9)); err != nil {
					t.Error(err)
				} else if ok {
					ended.Add(1)
				}
			})
		}
		wg.Wait()
		if ended.Load() != 1 {
			t.Errorf("ended %d times", ended.Load())
		}
		if i, err := st.Incident(ctx, first); err != nil || !i.Ended.Equal(at(9)) {
			t.Errorf("%+v, %v", i, err)
		}
		made, second := open()
		if made != 1 || second == first {
			t.Errorf("after it ended: opened %d times, %d", made, second)
		}
	})
}

// rands is another once-key each time.
func rands() string { return fmt.Sprint("key", keys.Add(1)) }

var keys atomic.Int64

func TestIncidentsAreFoundByTheirKeys(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		open := func(minute int, change func(*store.Incident)) store.Incident {
			t.Helper()
			st.Now = func() time.Time { return at(minute) }
			i := storm(rands())
			change(&i)
			got, created, err := st.OpenIncident(ctx, i)
			if err != nil || !created {
				t.Fatal(created, err)
			}
			return got
		}
		ofDomain := open(1, func(i *store.Incident) { i.Value = "CONTOSO.com" })
		ofApp := open(2, func(i *store.Incident) { i.Kind, i.Value = app.Kind, app.Value })
		otherCode := open(3, func(i *store.Incident) { i.Code = 50034 })
		otherTeam := open(4, func(i *store.Incident) { i.Team = "T2" })
		want := storm(ofDomain.OnceKey)
		want.ID, want.Started, want.Last = ofDomain.ID, at(1), at(1)
		if diff := cmp.Diff(want, ofDomain); diff != "" {
			t.Error(diff)
		}
		for _, tt := range []struct {
			name string
			keys []store.Key
			want int64
		}{
			{"by the domain", []store.Key{fabrikam, contoso}, ofDomain.ID},
			{"in another spelling", []store.Key{{Kind: store.KeyDomain, Value: "Contoso.Com"}}, ofDomain.ID},
			{"by the app", []store.Key{app}, ofApp.ID},
			{"by both: the older", []store.Key{app, contoso}, ofDomain.ID},
			{"by another domain", []store.Key{fabrikam}, 0},
			{"by nothing", nil, 0},
		} {
			got, err := st.ActiveIncident(ctx, "T1", 50076, tt.keys)
			if got.ID != tt.want || errors.Is(err, store.ErrNotFound) != (tt.want == 0) || tt.want != 0 && err != nil {
				t.Errorf("%s: %d, %v", tt.name, got.ID, err)
			}
		}
		must(t, second(st.EndIncident(ctx, ofDomain.ID, at(5))))
		if got, err := st.ActiveIncident(ctx, "T1", 50076, []store.Key{app, contoso}); err != nil || got.ID != ofApp.ID {
			t.Errorf("one has ended: %d, %v", got.ID, err)
		}
		active, err := st.ActiveIncidents(ctx)
		if diff := cmp.Diff([]store.Incident{ofApp, otherCode, otherTeam}, active); err != nil || diff != "" {
			t.Errorf("%v, %s", err, diff)
		}
		for name, i := range map[string]store.Incident{"team": {Kind: "app", Value: "x", OnceKey: "k"}, "key": {Team: "T1", Kind: "app", OnceKey: "k"},
			"once-key": {Team: "T1", Kind: "app", Value: "x"}} {
			if _, _, err := st.OpenIncident(ctx, i); err == nil {
				t.Errorf("opened without %s", name)
			}
		}
	})
}

func TestACaseIsCountedIntoOneIncidentOnce(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		a, b, c := hit(t, db, 1, "U1", "bob@contoso.com"), hit(t, db, 2, "U2", ""), hit(t, db, 4, "U2", "")
		st.Now = func() time.Time { return at(3) }
		one, _, err := st.OpenIncident(ctx, storm("one"))
		must(t, err)
		other := storm("other")
		other.Kind, other.Value = app.Kind, app.Value
		two, _, err := st.OpenIncident(ctx, other)
		must(t, err)
		for _, step := range []struct {
			name          string
			into          int64
			cases         []int64
			people, count int
			last          time.Time
		}{
			{"the first two", one.ID, []int64{a, b}, 2, 2, at(3)},
			{"one of them again, and a later one of the same person", one.ID, []int64{b, c, c}, 2, 3, at(4)},
			{"into another", two.ID, []int64{a, b, c}, 0, 0, at(3)},
			{"nothing new", one.ID, nil, 2, 3, at(4)},
			{"a case that is not there", one.ID, []int64{4711}, 2, 3, at(4)},
		} {
			i, err := st.CountInto(ctx, step.into, step.cases...)
			if err != nil || i.ID != step.into || i.People != step.people || i.Cases != step.count || !i.Last.Equal(step.last) {
				t.Errorf("%s: %+v, %v", step.name, i, err)
			}
		}
		cases, err := st.IncidentCases(ctx, one.ID, 2)
		if diff := cmp.Diff([]int64{c, b}, ids(cases)); err != nil || diff != "" || cases[0].Incident != one.ID {
			t.Errorf("%v, %s", err, diff)
		}
		if none, err := st.IncidentCases(ctx, 0, 9); err != nil || none != nil {
			t.Errorf("cases of no incident: %v, %v", ids(none), err)
		}
		must(t, second(st.EndIncident(ctx, one.ID, at(9))))
		late := hit(t, db, 10, "U5", "")
		if i, err := st.CountInto(ctx, one.ID, late); err != nil || i.Cases != 3 || i.Ended.IsZero() {
			t.Errorf("after it ended: %+v, %v", i, err)
		}
		if got, err := st.Case(ctx, late); err != nil || got.Incident != 0 {
			t.Errorf("it took a case after it ended: %+v, %v", got, err)
		}
	})
}

func TestCountsOfManyAtOnceAreAllThere(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st := db.Store()
		i, _, err := st.OpenIncident(t.Context(), storm("one"))
		must(t, err)
		var wg sync.WaitGroup
		for n := range 20 {
			c := paste(n)
			c.Author = fmt.Sprintf("U%d", n)
			id := insert(t, db, c)
			wg.Go(func() {
				if _, err := st.CountInto(context.Background(), i.ID, id); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if i, err = st.Incident(t.Context(), i.ID); err != nil || i.People != 20 || i.Cases != 20 {
			t.Errorf("%+v, %v", i, err)
		}
	})
}

func TestIncidentPostIsClaimedOnce(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		i, _, err := st.OpenIncident(ctx, storm("one"))
		must(t, err)
		var (
			wg     sync.WaitGroup
			claims atomic.Int32
		)
		for range 30 {
			wg.Go(func() {
				if first, err := st.ClaimIncidentPost(context.Background(), i.ID); err != nil {
					t.Error(err)
				} else if first {
					claims.Add(1)
				}
			})
		}
		wg.Wait()
		if claims.Load() != 1 {
			t.Errorf("claimed %d times", claims.Load())
		}
		must(t, st.UnclaimIncidentPost(ctx, i.ID))
		if first, err := st.ClaimIncidentPost(ctx, i.ID); err != nil || !first {
			t.Errorf("after a refusal: %v, %v", first, err)
		}
		must(t, st.SetIncidentPosted(ctx, i.ID, "1.1"), st.SetIncidentTold(ctx, i.ID, 7), st.UnclaimIncidentPost(ctx, i.ID))
		if first, err := st.ClaimIncidentPost(ctx, i.ID); err != nil || first {
			t.Errorf("after the post: %v, %v", first, err)
		}
		if i, err = st.Incident(ctx, i.ID); err != nil || i.TS != "1.1" || i.PostState != store.Posted || i.Told != 7 {
			t.Errorf("%+v, %v", i, err)
		}
		for name, err := range map[string]error{
			"Incident":          second(st.Incident(ctx, 4711)),
			"CountInto":         second(st.CountInto(ctx, 4711, 1)),
			"ClaimIncidentPost": second(st.ClaimIncidentPost(ctx, 4711)),
			"SetIncidentPosted": st.SetIncidentPosted(ctx, 4711, "1.1"),
			"SetIncidentTold":   st.SetIncidentTold(ctx, 4711, 1),
			"EndIncident":       second(st.EndIncident(ctx, 4711, at(1))),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := st.EndIncident(ctx, i.ID, time.Time{}); err == nil {
			t.Error("ended at no time")
		}
	})
}
