package bot

import (
	"strings"
	"testing"
	"time"

	"signpost/bot/jobs"
	"signpost/bot/store"
)

func TestEarlierCasesAreOneLine(t *testing.T) {
	t.Parallel()
	// fixed is what fixed each earlier case of the app, oldest first; "" open.
	for name, row := range map[string]struct {
		fixed []string
		app   string // of the case that is looked at
		want  string
	}{
		"none":                         {nil, stormApp, ""},
		"one, not fixed":               {[]string{""}, stormApp, "Seen 1 time in 30 days with this app; what fixed it is not known"},
		"four, three in the same way":  {[]string{"Assigned the app", "", "assigned  the app", "Assigned the app."}, stormApp, "Seen 4 times in 30 days with this app; last fixed by: Assigned the app (3 of 4)"},
		"the last one in another way":  {[]string{"A", "A", "B by bob@contoso.com"}, stormApp, "Seen 3 times in 30 days with this app; last fixed by: B by (somebody) (1 of 3)"},
		"of another app and domain":    {[]string{"A"}, otherApp, "Seen 1 time in 30 days; last fixed by: A (1 of 1)"},
		"a secret in what was written": {[]string{"password=Hunter2Hunter2!x"}, stormApp, "last fixed by: "},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTempest(t, openDB(t, "sqlite::memory:"))
			h.Storms = nil
			earlier := h.time()
			for _, fix := range row.fixed {
				id, _ := h.paste(publicChannel, "U0BOB", unassigned("", stormApp))
				if fix != "" {
					solve(t, h.Store, id, fix)
				}
				h.pass(time.Hour)
			}
			id, ts := h.open(privateChannel, "U0ALICE", unassigned("", row.app))
			if err := h.Answer(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			m := h.fake.Thread(privateChannel, ts)[1]
			if row.want == "" {
				if strings.Contains(m.BlockText(), "Earlier cases") {
					t.Errorf("it says %s", m.BlockText())
				}
				return
			}
			if text := m.BlockText(); strings.Count(text, "Earlier cases") != 1 || !strings.Contains(text, row.want) || strings.Contains(text, "bob@contoso.com") || strings.Contains(text, "Hunter2") {
				t.Errorf("it lacks %q, or names somebody:\n%s", row.want, text)
			}
			_, public := h.paste(publicChannel, "U0DAVE", unassigned("", row.app))
			if strings.Contains(public.BlockText()+public.Text, "Earlier cases") {
				t.Error("the thread of a public channel holds it")
			}
			h.set(earlier.AddDate(0, 0, 31))
			c, err := h.Store.Case(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if line := h.earlier(t.Context(), c); strings.Contains(line, "fixed by") {
				t.Errorf("after 31 days it says %q", line)
			}
		})
	}
}

func solve(t *testing.T, s *store.Store, id int64, fix string) {
	t.Helper()
	if _, err := s.SetOutcome(t.Context(), id, store.Solved, "U0ALICE"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetFixed(t.Context(), id, "", fix); err != nil {
		t.Fatal(err)
	}
}

// TestWhatTheTenantToldMakesCasesAlike: the second case does not name the person, but the account that was read does.
func TestWhatTheTenantToldMakesCasesAlike(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newTempest(t, open())
		id, _ := h.paste(privateChannel, "U0ALICE", paste50076)
		c, err := h.Store.Case(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Keys) != 1 || c.Keys[0] != (store.Key{Kind: store.KeyDomain, Value: "contoso.com"}) {
			t.Errorf("the keys are %v", c.Keys)
		}
	})
}
