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
	"github.com/google/go-cmp/cmp/cmpopts"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

// finding is one that the post of a slot said.
func finding(key string, slot time.Time) store.TrustFinding {
	return store.TrustFinding{Key: key, Domain: "contoso.com", ID: "certificate-ends", Of: key, Severity: "warning", Security: true, Step: 14,
		Says: "It ends.\x00", Rests: []string{"federation", "metadata"}, Since: at(1), Told: slot}
}

// record stores a post with findings, on top of what is known.
func record(t *testing.T, st *store.Store, slot time.Time, known []store.TrustFinding, first ...store.Approval) {
	t.Helper()
	m, err := st.Trusts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ok, err := st.RecordTrusts(t.Context(), m.Revision, store.TrustPost{Slot: slot, OnceKey: fmt.Sprint(slot.UnixMilli()), Channel: "C1", Message: []byte(`{"text":"x"}`)}, known, first)
	if err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
}

func TestTrustsComeBackAsTheyWereRecorded(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st := db.Store()
		st.Now = func() time.Time { return at(3) }
		want := finding("k1", at(2))
		want.QuietUntil, want.AcknowledgedBy, want.Did, want.Mended, want.Approved = at(9), "U1", "Acknowledged", true, true
		approvals := []store.Approval{{Domain: "contoso.com", Federated: true, Trust: []byte(`{"issuer":"x"}`), At: at(2)}, {Domain: "fabrikam.com", At: at(2)}}
		record(t, st, at(2), []store.TrustFinding{want}, approvals...)
		want.Says = "It ends."
		m, err := st.Trusts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		post := store.TrustPost{Slot: at(2), OnceKey: fmt.Sprint(at(2).UnixMilli()), Channel: "C1", Message: []byte(`{"text":"x"}`), Created: at(3)}
		if diff := cmp.Diff(store.TrustMemory{Revision: 1, Approvals: approvals, Findings: []store.TrustFinding{want}, Unposted: []store.TrustPost{post}}, m); diff != "" {
			t.Error(diff)
		}
		if p, err := st.TrustPost(t.Context(), at(2)); err != nil || cmp.Diff(post, p) != "" {
			t.Errorf("%+v, %v", p, err)
		}
		if _, err := st.TrustPost(t.Context(), at(5)); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestASlotIsRecordedOnceByOfManyAndPostedByOne(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st := db.Store()
		st.Now = func() time.Time { return at(3) }
		m, err := st.Trusts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var recorded, claimed atomic.Int32
		for i := range 20 {
			wg.Go(func() {
				ok, err := st.RecordTrusts(context.Background(), m.Revision, store.TrustPost{Slot: at(2), OnceKey: fmt.Sprint(i), Message: []byte(`{}`)}, nil, nil)
				if err != nil {
					t.Error(err)
				}
				if ok {
					recorded.Add(1)
				}
			})
		}
		wg.Wait()
		for range 20 {
			wg.Go(func() {
				mine, _, err := st.ClaimTrustPost(context.Background(), at(2), at(5))
				if err != nil {
					t.Error(err)
				}
				if mine {
					claimed.Add(1)
				}
			})
		}
		wg.Wait()
		if recorded.Load() != 1 || claimed.Load() != 1 {
			t.Errorf("recorded %d times, claimed %d times", recorded.Load(), claimed.Load())
		}
	})
}

func TestClaimOfAHealthPost(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		record(t, st, at(2), nil)
		claim := func(minute int) string {
			t.Helper()
			st.Now = func() time.Time { return at(minute) }
			mine, tried, err := st.ClaimTrustPost(ctx, at(2), at(minute+2))
			return fmt.Sprintln(mine, tried, err)
		}
		for _, step := range []struct {
			name   string
			do     func() error
			minute int
			want   string
		}{
			{"first", nil, 3, "true false <nil>\n"},
			{"while it is posted", nil, 4, "false true <nil>\n"},
			{"after a crash", nil, 6, "true true <nil>\n"},
			{"after a refusal", func() error { return st.FreeTrustPost(ctx, at(2), true) }, 6, "true false <nil>\n"},
			{"after a timeout", func() error { return st.FreeTrustPost(ctx, at(2), false) }, 6, "true true <nil>\n"},
			{"once it is posted", func() error { return st.SetTrustPosted(ctx, at(2), "1.1") }, 9, "false false <nil>\n"},
		} {
			if step.do != nil {
				if err := step.do(); err != nil {
					t.Fatal(err)
				}
			}
			if got := claim(step.minute); got != step.want {
				t.Errorf("%s: %swant %s", step.name, got, step.want)
			}
		}
		for i, want := range []bool{true, false} {
			if mine, err := st.TakeTrustMessage(ctx, at(2)); err != nil || mine != want {
				t.Errorf("take %d: %v, %v", i, mine, err)
			}
		}
		if p, err := st.TrustPost(ctx, at(2)); err != nil || p.Message != nil || p.TS != "1.1" {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

func TestWhatSomebodyPressesDuringAScanIsNotWrittenOver(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st, ctx := db.Store(), t.Context()
		record(t, st, at(2), []store.TrustFinding{finding("k1", at(2)), finding("k2", at(2))}, store.Approval{Domain: "contoso.com", Federated: true, Trust: []byte(`{"a":1}`), At: at(2)})
		for name, press := range map[string]func() error{
			"acknowledge": func() error { return st.MarkTrust(ctx, "k1", store.Mark{By: "U1", Did: "Acknowledged"}) },
			"approve": func() error {
				return st.ApproveTrust(ctx, store.Approval{Domain: "contoso.com", Federated: true, Trust: []byte(`{"a":2}`), By: "U1", At: at(4)}, "k2", "Approved")
			},
		} {
			m, err := st.Trusts(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := press(); err != nil {
				t.Fatal(err)
			}
			if ok, err := st.RecordTrusts(ctx, m.Revision, store.TrustPost{Slot: at(5), OnceKey: "x"}, nil, nil); err != nil || ok {
				t.Errorf("%s: recorded on top of it: %v, %v", name, ok, err)
			}
		}
		m, err := st.Trusts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if m.Findings[0].AcknowledgedBy != "U1" || !m.Findings[1].Approved || m.Findings[1].Did != "Approved" {
			t.Errorf("%+v", m.Findings)
		}
		want := []store.Approval{{Domain: "contoso.com", Federated: true, Trust: []byte(`{"a":2}`), By: "U1", At: at(4)}}
		if diff := cmp.Diff(want, m.Approvals); diff != "" {
			t.Error(diff)
		}
		if err := st.MarkTrust(ctx, "nothing", store.Mark{By: "U1"}); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		if err := st.ApproveTrust(ctx, store.Approval{Domain: "fabrikam.com"}, "nothing", ""); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		if after, err := st.Trusts(ctx); err != nil || cmp.Diff(m, after) != "" {
			t.Errorf("what was refused left something: %v, %s", err, cmp.Diff(m, after))
		}
	})
}

func TestFirstApprovalsNeverReplaceOthers(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st := db.Store()
		record(t, st, at(2), nil, store.Approval{Domain: "a.com", Federated: true, Trust: []byte(`{"a":1}`), By: "U1", At: at(2)}, store.Approval{Domain: "b.com", Federated: true, At: at(2)})
		record(t, st, at(3), nil, store.Approval{Domain: "a.com", Federated: true, Trust: []byte(`{"a":2}`), At: at(3)}, store.Approval{Domain: "b.com", Federated: true, Trust: []byte(`{"b":1}`), At: at(3)})
		m, err := st.Trusts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []store.Approval{{Domain: "a.com", Federated: true, Trust: []byte(`{"a":1}`), By: "U1", At: at(2)}, {Domain: "b.com", Federated: true, Trust: []byte(`{"b":1}`), At: at(3)}}
		if diff := cmp.Diff(want, m.Approvals); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnUnsentPostEndsWithTheNextSlot(t *testing.T) {
	eachBackend(t, func(t *testing.T, db *jobs.DB) {
		st := db.Store()
		record(t, st, at(2), nil)
		record(t, st, at(3), nil)
		m, err := st.Trusts(t.Context())
		if err != nil || len(m.Unposted) != 1 || !m.Unposted[0].Slot.Equal(at(3)) {
			t.Errorf("%+v, %v", m.Unposted, err)
		}
		old, err := st.TrustPost(t.Context(), at(2))
		if err != nil || cmp.Diff(store.TrustPost{Slot: at(2), OnceKey: old.OnceKey, Channel: "C1", State: store.Silent}, old, cmpopts.IgnoreFields(store.TrustPost{}, "Created")) != "" {
			t.Errorf("%+v, %v", old, err)
		}
		if mine, _, err := st.ClaimTrustPost(t.Context(), at(2), at(9)); err != nil || mine {
			t.Errorf("it can still be claimed: %v, %v", mine, err)
		}
		record(t, st, at(3).Add(60*24*time.Hour), nil)
		if _, err := st.TrustPost(t.Context(), at(2)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("it is kept for ever: %v", err)
		}
	})
}
