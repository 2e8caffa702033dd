package bot

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"signpost/bot/slackfake"
	"signpost/graph/facts"
)

// holding is a domain with one certificate, which ends so many days after the first.
func holding(domain string, n int, found ...facts.Finding) facts.Trust {
	t := federated(domain, found...)
	t.Certificates = []facts.TrustCertificate{{Certificate: facts.Certificate{Slot: "current", NotAfter: healthDay.AddDate(0, 0, n)}, DaysLeft: n}}
	return t
}

func TestSeveralEndsHaveAPicture(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil    func(h *health)
		domains  []facts.Trust
		pictures int
	}{
		"two ends":               {func(*health) {}, []facts.Trust{holding("contoso.com", 20, ending(20, facts.Warning)), holding("fabrikam.com", 40)}, 1},
		"one end":                {func(*health) {}, []facts.Trust{holding("contoso.com", 20, ending(20, facts.Warning)), holding("fabrikam.com", 400)}, 0},
		"the app may not upload": {func(h *health) { h.fake.SetScopes("chat:write", "groups:history", "groups:read", "users:read") }, []facts.Trust{holding("contoso.com", 20, ending(20, facts.Warning)), holding("fabrikam.com", 40)}, 0},
		"the upload is cut off":  {func(h *health) { h.fake.Fail("upload", 1, slackfake.Fault{Drop: true}) }, []facts.Trust{holding("contoso.com", 20, ending(20, facts.Warning)), holding("fabrikam.com", 40)}, 0},
		"nothing new about them": {func(*health) {}, []facts.Trust{holding("contoso.com", 20), holding("fabrikam.com", 40)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHealth(t, openDB(t, "sqlite::memory:"))
			row.spoil(h)
			h.scanner.set(row.domains...)
			for range 2 {
				if err := h.Post(t.Context(), healthDay); err != nil {
					t.Fatal(err)
				}
			}
			root := h.fake.Messages(healthChannel)[0]
			replies := h.fake.Thread(healthChannel, root.TS)[1:]
			if len(replies) != row.pictures {
				t.Fatalf("%d pictures, want %d", len(replies), row.pictures)
			}
			for _, m := range replies {
				f := m.Files[0]
				if f.Mimetype != "image/png" || len(f.Content) == 0 {
					t.Errorf("%+v", f)
				}
				wantSays(t, f.AltText, "contoso.com on 2026-12-14, in 20 days; fabrikam.com on 2027-01-03, in 40 days.")
				wantSays(t, m.Text, "contoso.com on 2026-12-14, in 20 days")
			}
		})
	}
}

func TestThatThereAreNoPicturesIsLoggedOnce(t *testing.T) {
	t.Parallel()
	h := newHealth(t, openDB(t, "sqlite::memory:"))
	var log bytes.Buffer
	h.Log = slog.New(slog.NewTextHandler(&log, nil))
	h.fake.SetScopes("chat:write", "groups:history", "groups:read", "users:read")
	for day := range 3 {
		first, other := ending(20-day, facts.Warning), ending(40-day, facts.Warning)
		first.Of = strings.Repeat("A", day+1)
		h.scanner.set(holding("contoso.com", 20, first), holding("fabrikam.com", 40, other))
		h.one(day)
	}
	if n := strings.Count(log.String(), "files:write"); n != 1 || strings.Contains(log.String(), "level=WARN") {
		t.Errorf("said %d times:\n%s", n, &log)
	}
}
