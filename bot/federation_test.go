package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/jobs"
	"signpost/bot/slackfake"
	"signpost/graph/facts"
	"signpost/handlers"
)

// scanner is a tenant whose federation the test writes.
type scanner struct {
	mu      sync.Mutex
	report  facts.TrustReport
	queries []facts.TrustQuery
	now     func() time.Time
	during  func() // runs while a scan is under way
}

func (s *scanner) Trusts(_ context.Context, q facts.TrustQuery) facts.TrustReport {
	s.mu.Lock()
	s.queries = append(s.queries, q)
	report, during := s.report, s.during
	if s.now != nil {
		report.CheckedAt = s.now()
	}
	s.mu.Unlock()
	if during != nil {
		during()
	}
	return report
}

func (s *scanner) set(domains ...facts.Trust) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report = facts.TrustReport{CheckedAt: healthDay, Domains: domains, Verified: []string{"contoso.onmicrosoft.com"}}
	for _, t := range domains {
		s.report.Verified = append(s.report.Verified, t.Domain)
	}
}

var healthDay = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

const healthChannel = "C0IDENTITY"

// health is the federation's post on the fake workspace and a real database.
type health struct {
	*Federation
	t       *testing.T
	fake    *slackfake.Server
	scanner *scanner
	clock   atomic.Int64
}

func (h *health) time() time.Time { return time.UnixMilli(h.clock.Load()).UTC() }
func (h *health) set(t time.Time) { h.clock.Store(t.UnixMilli()) }

// eachDatabase runs a test on a fresh database of each kind.
func eachDatabase(t *testing.T, test func(t *testing.T, open func() *jobs.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		db := openDB(t, "sqlite:"+t.TempDir()+"/signpost.db")
		test(t, func() *jobs.DB { return db }) // one process only
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		base := os.Getenv("SIGNPOST_TEST_POSTGRES_URL")
		if base == "" {
			t.Skip("NOT TESTED on PostgreSQL: SIGNPOST_TEST_POSTGRES_URL is not set; .ci/postgres start prints one")
		}
		schema := "test_" + strings.ToLower(rand.Text())
		server := openDB(t, base)
		if _, err := server.SQL().Exec("CREATE SCHEMA " + schema); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := server.SQL().Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
				t.Error(err)
			}
		})
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("search_path", schema)
		u.RawQuery = q.Encode()
		test(t, func() *jobs.DB { return openDB(t, u.String()) })
	})
}

func openDB(t *testing.T, url string) *jobs.DB {
	t.Helper()
	db, err := jobs.Open(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newHealth(t *testing.T, db *jobs.DB) *health {
	t.Helper()
	h := &health{t: t, scanner: &scanner{}}
	h.scanner.now = h.time
	h.set(healthDay)
	workspace := slackfake.Contoso()
	workspace.Now = h.time
	h.fake = slackfake.New(workspace)
	t.Cleanup(h.fake.Close)
	h.Federation = h.replica(db)
	return h
}

// replica is another process on the same workspace.
func (h *health) replica(db *jobs.DB) *Federation { return h.replicaOn(db, nil) }

// replicaOn is a process whose requests to Slack take a certain way.
func (h *health) replicaOn(db *jobs.DB, wire *http.Client) *Federation {
	api := NewSlack(h.fake.BotToken(), "", h.fake.APIURL(), wire)
	gate := handlers.NewGate(api, handlers.Policy{Agents: []string{"S0HELPDESK"}, Desks: []string{healthChannel, publicChannel, "C0SHARED"}})
	st := db.Store()
	st.Now = h.time
	return &Federation{Trusts: h.scanner, Thread: &Thread{Slack: api, Out: NewOutlet(api, gate, slog.New(slog.DiscardHandler)), Self: Identity{UserID: h.fake.App().UserID, BotID: h.fake.App().BotID}}, Gate: gate, Store: st,
		Channel: healthChannel, WarnDays: []int{60, 30, 14, 7, 3, 1}, Log: slog.New(slog.DiscardHandler), Now: h.time,
		Pause: func(_ context.Context, d time.Duration) error { h.clock.Add(d.Milliseconds()); return nil }}
}

// day posts the slot so many days after the first, and returns what the channel got.
func (h *health) day(n int) []slackfake.Message {
	h.t.Helper()
	before := len(h.fake.Messages(healthChannel))
	h.set(healthDay.AddDate(0, 0, n))
	if err := h.Post(h.t.Context(), h.time()); err != nil {
		h.t.Fatal(err)
	}
	return h.fake.Messages(healthChannel)[before:]
}

// one is the only post of a day.
func (h *health) one(n int) slackfake.Message {
	h.t.Helper()
	got := h.day(n)
	if len(got) != 1 {
		h.t.Fatalf("%d posts on day %d, want 1", len(got), n)
	}
	return got[0]
}

func (h *health) all() int { return len(h.fake.Messages(healthChannel)) }

// federated is a domain with findings.
func federated(domain string, found ...facts.Finding) facts.Trust {
	return facts.Trust{Domain: domain, Root: domain, Authentication: "federated", Provider: "AD FS", Findings: found,
		DomainFact: facts.See(healthDay, facts.Domain{Name: domain, Root: domain, Authentication: "Federated", Federated: true, Verified: true}),
		Federation: facts.See(healthDay, facts.Federation{ID: "id", Domain: domain, Issuer: "http://" + domain + "/adfs"}),
		Metadata:   facts.See(healthDay, facts.Metadata{}), Changes: facts.See(healthDay, facts.Changes{})}
}

// ending is a certificate that ends so many days after the first.
func ending(n int, s facts.Severity) facts.Finding {
	due := healthDay.AddDate(0, 0, n)
	return facts.Finding{ID: "certificate-ends", Of: "AA", Severity: s, Due: &due, By: "idp-admin", Says: "The signing certificate ends.", Otherwise: "Nobody can sign in from then on.",
		Next: "Update-AdfsCertificate -CertificateType Token-Signing", Evidence: []facts.FindingReason{{Says: "it ends", Fact: facts.NameFederation}}}
}

// drifted is a change of the issuer.
func drifted(says string) facts.Finding {
	return facts.Finding{ID: "drift-issuerUri", Of: "issuerUri", Severity: facts.Warning, Security: true, By: "security", Says: says, Next: "If this was meant, approve it",
		Evidence: []facts.FindingReason{{Says: "issuerUri is b", Fact: facts.NameFederation}, {Says: "Set federation settings by mallory@contoso.com", Fact: facts.NameChanges, Source: "Entra audit log"}}}
}

func wantSays(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in:\n%s", w, text)
		}
	}
}

func TestHealthIsPostedAsItChanges(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newHealth(t, open())
		h.scanner.set(federated("contoso.com", ending(62, facts.Note)), federated("fabrikam.com"))
		m := h.one(0)
		wantSays(t, m.Text, "Federation health: 1 note", "The signing certificate ends.", "This is the first look: the trust of 2 domains is taken as approved as it is now")
		wantSays(t, h.one(1).Text, "Federation health: nothing new. 2 federated domains checked. Still open: 1 finding, a note of contoso.com.")
		wantSays(t, h.one(2).Text, "contoso.com · note · 60 days left")
		wantSays(t, h.one(3).Text, "nothing new")
		h.scanner.set(federated("contoso.com"), federated("fabrikam.com"))
		wantSays(t, h.one(4).Text, "Federation health: nothing new, 1 finding is mended", "contoso.com, no longer so: “The signing certificate ends.” First said 2026-11-24 08:00 UTC.")
		m = h.one(5)
		wantSays(t, m.Text, "nothing new")
		if len(m.Blocks) != 1 {
			t.Errorf("a quiet day has %d blocks", len(m.Blocks))
		}
		if q := h.scanner.queries; q[0].Approved != nil || len(q[1].Approved) != 2 || len(q[1].Verified) != 3 || !q[1].Schedule || !q[1].Approvals["contoso.com"].At.Equal(healthDay) {
			t.Errorf("asked with %+v, then %+v", q[0], q[1])
		}
	})
}

func TestASlotHasOnePost(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newHealth(t, open())
		h.scanner.set(federated("contoso.com", ending(20, facts.Warning)))
		h.one(0)
		if got := h.day(0); len(got) != 0 {
			t.Errorf("the same slot again: %d posts", len(got))
		}
	})
}

func TestTwoReplicasMakeOnePost(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newHealth(t, open())
		h.scanner.set(federated("contoso.com", ending(20, facts.Warning)))
		replicas := []*Federation{h.Federation, h.replica(open())}
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { errs[i] = replicas[i%2].Post(context.Background(), healthDay) })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil && !errors.Is(err, errPosting) {
				t.Error(err)
			}
		}
		for _, f := range replicas { // whoever came too late is tried again
			h.set(healthDay.Add(5 * time.Minute))
			if err := f.Post(t.Context(), healthDay); err != nil {
				t.Error(err)
			}
		}
		if h.all() != 1 {
			t.Errorf("%d posts", h.all())
		}
	})
}

func TestACrashNeitherLosesNorDoublesAPost(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		crash func(h *health) // what goes wrong in the first try
		soon  bool            // the second try can post at once
	}{
		"stored but not posted": {func(h *health) {
			if err := h.record(h.t.Context(), healthDay); err != nil {
				h.t.Fatal(err)
			}
		}, true},
		"posted but no answer came": {func(h *health) {
			h.fake.DropAnswer("chat.postMessage", 1)
			if err := h.Post(h.t.Context(), healthDay); err == nil {
				h.t.Error("no error")
			}
		}, true},
		"posted, and died before the receipt": {func(h *health) {
			h.scanner.set(federated("contoso.com", ending(20, facts.Warning)))
			if err := h.record(h.t.Context(), healthDay); err != nil {
				h.t.Fatal(err)
			}
			p, err := h.Store.TrustPost(h.t.Context(), healthDay)
			if err != nil {
				h.t.Fatal(err)
			}
			if _, _, err := h.Store.ClaimTrustPost(h.t.Context(), healthDay, h.time().Add(leaseFor)); err != nil {
				h.t.Fatal(err)
			}
			_, _, err = h.Thread.Slack.PostMessageContext(h.t.Context(), healthChannel, slack.MsgOptionText("sent", false),
				slack.MsgOptionMetadata(slack.SlackMetadata{EventType: healthType, EventPayload: map[string]any{"id": p.OnceKey}}))
			if err != nil {
				h.t.Fatal(err)
			}
		}, false},
		"died before the post": {func(h *health) {
			if err := h.record(h.t.Context(), healthDay); err != nil {
				h.t.Fatal(err)
			}
			if _, _, err := h.Store.ClaimTrustPost(h.t.Context(), healthDay, h.time().Add(leaseFor)); err != nil {
				h.t.Fatal(err)
			}
		}, false},
		"Slack refused": {func(h *health) {
			h.fake.Fail("chat.postMessage", 1, slackfake.Fault{Error: "fatal_error"})
			if err := h.Post(h.t.Context(), healthDay); err == nil {
				h.t.Error("no error")
			}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
				h := newHealth(t, open())
				h.scanner.set(federated("contoso.com", ending(20, facts.Warning)))
				row.crash(h)
				scans := len(h.scanner.queries)
				if !row.soon {
					if err := h.Post(t.Context(), healthDay); !errors.Is(err, errPosting) {
						t.Errorf("while the first may still post: %v", err)
					}
					h.set(h.time().Add(leaseFor))
				}
				for range 2 {
					if err := h.Post(t.Context(), healthDay); err != nil {
						t.Fatal(err)
					}
				}
				if h.all() != 1 {
					t.Errorf("%d posts", h.all())
				}
				if n := len(h.scanner.queries); n != scans {
					t.Errorf("the tenant was read %d times more", n-scans)
				}
				wantSays(t, h.one(1).Text, "nothing new")
			})
		})
	}
}

func TestWhatWasNeverSentIsSaidWithTheNextSlot(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, open func() *jobs.DB) {
		h := newHealth(t, open())
		h.scanner.set(federated("contoso.com", ending(20, facts.Warning)))
		h.fake.Leave(healthChannel, h.fake.App().UserID)
		if err := h.Post(t.Context(), healthDay); err == nil {
			t.Fatal("posted where the bot is not")
		}
		h.fake.Join(healthChannel, h.fake.App().UserID)
		before := h.all()
		h.set(healthDay.AddDate(0, 0, 1))
		if err := h.Post(t.Context(), h.time()); err != nil {
			t.Fatal(err)
		}
		if err := h.Post(t.Context(), healthDay); err != nil { // the old slot's job is tried again
			t.Fatal(err)
		}
		posts := h.fake.Messages(healthChannel)[before:]
		if len(posts) != 1 {
			t.Fatalf("%d posts", len(posts))
		}
		wantSays(t, posts[0].Text, "The signing certificate ends.", "warning · new")
	})
}

func TestAPostWithoutReceiptIsFoundAtTheNextSlot(t *testing.T) {
	t.Parallel()
	h := newHealth(t, openDB(t, "sqlite::memory:"))
	h.scanner.set(federated("contoso.com", ending(20, facts.Warning)))
	h.fake.DropAnswer("chat.postMessage", 1)
	if err := h.Post(t.Context(), healthDay); err == nil {
		t.Fatal("no error")
	}
	wantSays(t, h.one(1).Text, "nothing new")
}

func TestATenantThatCannotBeReadIsSaidOnce(t *testing.T) {
	t.Parallel()
	refused := facts.TrustReport{CheckedAt: healthDay, Status: facts.Unknown, Findings: []facts.Finding{{ID: "tenant-unreadable", Severity: facts.Unknown, Says: "Entra refused Signpost's credentials", Next: "Renew them"}}}
	for name, blind := range map[string]func(h *health){
		"no tenant":         func(h *health) { h.Federation.Trusts = nil },
		"the token refused": func(h *health) { h.scanner.report = refused },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHealth(t, openDB(t, "sqlite::memory:"))
			blind(h)
			m := h.one(0)
			wantSays(t, m.Text, "Federation health could not be checked: ", "This is said once.")
			if len(m.Blocks) != 1 || strings.Contains(m.Text, "\n") {
				t.Errorf("more than a line: %s", m.Text)
			}
			if got := h.day(1); len(got) != 0 {
				t.Errorf("said again: %s", got[0].Text)
			}
			h.Federation.Trusts = h.scanner
			h.scanner.set(federated("contoso.com"))
			wantSays(t, h.one(2).Text, "1 finding is mended", "This is the first look")
		})
	}
}

func TestActorsAreNamedInPrivateChannelsOnly(t *testing.T) {
	t.Parallel()
	for channel, named := range map[string]bool{healthChannel: true, publicChannel: false, "C0SHARED": false} {
		h := newHealth(t, openDB(t, "sqlite::memory:"))
		h.Channel = channel
		h.scanner.set(federated("contoso.com", drifted("issuerUri was a and is b.")))
		if err := h.Post(t.Context(), healthDay); err != nil {
			t.Fatal(err)
		}
		m := h.fake.Messages(channel)[0]
		wantSays(t, m.Text, "issuerUri was a and is b.")
		if got := strings.Contains(m.Text+m.BlockText(), "mallory"); got != named {
			t.Errorf("%s: named %v", channel, got)
		}
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	f := &Federation{}
	if _, ok := f.Periodic(FederationConfig{Timezone: "UTC"}); ok {
		t.Error("a schedule that nobody configured")
	}
	p, ok := f.Periodic(FederationConfig{Schedule: "0 8 * * 1-5", Timezone: "Europe/Berlin"})
	if !ok || p.Schedule != "0 8 * * 1-5" || p.Timezone != "Europe/Berlin" || p.Timeout < scanFor || p.Do == nil {
		t.Errorf("%+v", p)
	}
}
