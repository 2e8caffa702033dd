package graph

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

// How long an answer of Graph is good for. What an admin changes while the thread is open is read again soon; what the
// report endpoints say is hours old anyway, and dear.
const (
	keepUser          = time.Minute
	keepMethods       = time.Minute
	keepActivity      = 5 * time.Minute
	keepMFA           = 5 * time.Minute
	keepDomain        = 5 * time.Minute
	keepFederation    = 5 * time.Minute
	keepPolicies      = 15 * time.Minute
	keepProviders     = 15 * time.Minute
	keepSignIn        = 5 * time.Minute // a row never changes
	keepRecent        = time.Minute
	keepSpread        = 2 * time.Minute
	keepLocations     = 15 * time.Minute
	keepDefaults      = 15 * time.Minute
	keepMethodsPolicy = 15 * time.Minute
	keepStrengths     = 15 * time.Minute
	keepPerUserMFA    = time.Minute
	keepGroups        = 2 * time.Minute
	keepRisk          = time.Minute
	keepApps          = 2 * time.Minute
	keepPrincipals    = 2 * time.Minute
	keepResources     = 15 * time.Minute
	keepConsent       = time.Minute
	keepAssignments   = time.Minute
	keepDevices       = 2 * time.Minute
	keepGuests        = 5 * time.Minute
	keepChanges       = 2 * time.Minute
	keepHealth        = 5 * time.Minute
	keepLicences      = time.Hour
	keepOrganization  = 15 * time.Minute
	keepMetadata      = 15 * time.Minute
	keepMissing       = 30 * time.Second // absent, not permitted, not licensed: somebody may be mending it right now

	loadTime = 45 * time.Second // the most that one shared read takes
)

// caches holds one cache for each kind of fact.
type caches struct {
	users         *memo[facts.Fact[facts.User]]
	activity      *memo[facts.Fact[time.Time]]
	mfa           *memo[facts.Fact[facts.MFA]]
	methods       *memo[facts.Fact[facts.Methods]]
	domains       *memo[facts.Fact[facts.Domain]]
	federation    *memo[facts.Fact[facts.Federation]]
	policies      *memo[facts.Fact[facts.Policies]]
	providers     *memo[facts.Fact[facts.Providers]]
	signIns       *memo[facts.Fact[rows]] // by request id; other rows are kept by the lookups
	locations     *memo[facts.Fact[facts.Locations]]
	defaults      *memo[facts.Fact[facts.Defaults]]
	methodsPolicy *memo[facts.Fact[facts.MethodsPolicy]]
	strengths     *memo[facts.Fact[facts.Strengths]]
	perUserMFA    *memo[facts.Fact[facts.PerUserMFA]]
	groups        *memo[facts.Fact[facts.Groups]]
	risk          *memo[facts.Fact[facts.Risk]]
	apps          *memo[facts.Fact[facts.App]]
	principals    *memo[facts.Fact[facts.Principal]]
	resources     *memo[facts.Fact[facts.Resource]]
	consent       *memo[facts.Fact[consent]]
	userConsent   *memo[facts.Fact[string]]
	assignments   *memo[facts.Fact[facts.Assignment]]
	devices       *memo[facts.Fact[facts.Device]]
	tenants       *memo[facts.Fact[otherTenant]]
	crossTenant   *memo[facts.Fact[crossTenant]]
	changes       *memo[facts.Fact[facts.Changes]]
	health        *memo[facts.Fact[facts.Health]]
	licences      *memo[facts.Fact[facts.Licences]]
	organization  *memo[facts.Fact[facts.Organization]]
	metadata      *memo[facts.Fact[federation.Publication]]
}

func newCaches(clock Clock) caches {
	return caches{
		users:         newMemo[facts.Fact[facts.User]](clock),
		activity:      newMemo[facts.Fact[time.Time]](clock),
		mfa:           newMemo[facts.Fact[facts.MFA]](clock),
		methods:       newMemo[facts.Fact[facts.Methods]](clock),
		domains:       newMemo[facts.Fact[facts.Domain]](clock),
		federation:    newMemo[facts.Fact[facts.Federation]](clock),
		policies:      newMemo[facts.Fact[facts.Policies]](clock),
		providers:     newMemo[facts.Fact[facts.Providers]](clock),
		signIns:       newMemo[facts.Fact[rows]](clock),
		locations:     newMemo[facts.Fact[facts.Locations]](clock),
		defaults:      newMemo[facts.Fact[facts.Defaults]](clock),
		methodsPolicy: newMemo[facts.Fact[facts.MethodsPolicy]](clock),
		strengths:     newMemo[facts.Fact[facts.Strengths]](clock),
		perUserMFA:    newMemo[facts.Fact[facts.PerUserMFA]](clock),
		groups:        newMemo[facts.Fact[facts.Groups]](clock),
		risk:          newMemo[facts.Fact[facts.Risk]](clock),
		apps:          newMemo[facts.Fact[facts.App]](clock),
		principals:    newMemo[facts.Fact[facts.Principal]](clock),
		resources:     newMemo[facts.Fact[facts.Resource]](clock),
		consent:       newMemo[facts.Fact[consent]](clock),
		userConsent:   newMemo[facts.Fact[string]](clock),
		assignments:   newMemo[facts.Fact[facts.Assignment]](clock),
		devices:       newMemo[facts.Fact[facts.Device]](clock),
		tenants:       newMemo[facts.Fact[otherTenant]](clock),
		crossTenant:   newMemo[facts.Fact[crossTenant]](clock),
		changes:       newMemo[facts.Fact[facts.Changes]](clock),
		health:        newMemo[facts.Fact[facts.Health]](clock),
		licences:      newMemo[facts.Fact[facts.Licences]](clock),
		organization:  newMemo[facts.Fact[facts.Organization]](clock),
		metadata:      newMemo[facts.Fact[federation.Publication]](clock),
	}
}

// memo keeps values for a while, and lets callers who ask for the same one share a single load.
//
// Unlike x/sync/singleflight, a load does not belong to whoever came first: it goes on when they give up and others still
// wait, and it ends when nobody waits any more, so that it does not take a turn at Graph for nobody.
type memo[V any] struct {
	kept *otter.Cache[string, V]

	mu     sync.Mutex
	flying map[string]*flight[V]
}

type flight[V any] struct {
	landed  chan struct{}
	value   V // once landed
	waiting int
	cancel  context.CancelFunc
}

func newMemo[V any](clock Clock) *memo[V] {
	return &memo[V]{
		kept: otter.Must(&otter.Options[string, V]{
			MaximumSize:      2000,
			ExpiryCalculator: otter.ExpiryWriting[string, V](time.Hour),
			Clock:            nanoClock{clock},
		}),
		flying: map[string]*flight[V]{},
	}
}

// nanoClock lets the cache go by our clock. It never ticks: an entry goes when it is asked for too late, or when there are
// too many.
type nanoClock struct{ clock Clock }

func (c nanoClock) NowNano() int64                      { return c.clock.Now().UnixNano() }
func (c nanoClock) Tick(time.Duration) <-chan time.Time { return nil }

// get returns the kept value, or that of a load shared with whoever else wants it now. load returns for how long to keep
// its value; zero means not at all. The error is that of ctx.
func (m *memo[V]) get(ctx context.Context, life *lifetime, key string, load func(context.Context) (V, time.Duration)) (V, error) {
	if v, ok := m.kept.GetIfPresent(key); ok {
		return v, nil
	}
	m.mu.Lock()
	if v, ok := m.kept.GetIfPresent(key); ok { // a load has landed meanwhile, which keeps its value before it is gone
		m.mu.Unlock()
		return v, nil
	}
	f, ok := m.flying[key]
	if !ok {
		f = m.launch(ctx, life, key, load)
	}
	f.waiting++
	m.mu.Unlock()
	select {
	case <-f.landed:
		return f.value, nil
	case <-ctx.Done():
		m.mu.Lock()
		defer m.mu.Unlock()
		if f.waiting--; f.waiting == 0 {
			f.cancel()
			if m.flying[key] == f { // the next who asks starts anew
				delete(m.flying, key)
			}
		}
		var none V
		return none, ctx.Err()
	}
}

// forget lets the next who asks read anew.
func (m *memo[V]) forget(key string) { m.kept.Invalidate(key) }

// has reports whether a value is kept.
func (m *memo[V]) has(key string) bool {
	_, ok := m.kept.GetIfPresent(key)
	return ok
}

// launch starts a load. The caller holds the lock.
func (m *memo[V]) launch(ctx context.Context, life *lifetime, key string, load func(context.Context) (V, time.Duration)) *flight[V] {
	shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTime)
	stop := context.AfterFunc(life.ctx, cancel)
	f := &flight[V]{landed: make(chan struct{}), cancel: cancel}
	m.flying[key] = f
	running := life.run(func() {
		defer cancel()
		defer stop()
		v, keep := load(shared)
		if keep > 0 {
			m.kept.Set(key, v)
			m.kept.SetExpiresAfter(key, keep)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		f.value = v
		close(f.landed)
		if m.flying[key] == f {
			delete(m.flying, key)
		}
	})
	if !running {
		cancel()
		close(f.landed)
		delete(m.flying, key)
	}
	return f
}

// cached reads a fact through its cache: at most keep old, and read once for all who want it now. What failed is not kept.
func cached[T any](ctx context.Context, t *Tenant, m *memo[facts.Fact[T]], key string, keep time.Duration, read func(context.Context) facts.Fact[T]) facts.Fact[T] {
	f, err := m.get(ctx, t.life, key, func(ctx context.Context) (facts.Fact[T], time.Duration) {
		f := unbroken(t, func() facts.Fact[T] { return read(ctx) })
		switch f.State {
		case facts.Seen:
			return f, keep
		case facts.Absent, facts.NotPermitted, facts.NotLicensed:
			return f, min(keep, keepMissing)
		}
		return f, 0
	})
	switch {
	case err != nil:
		return facts.Unread[T](facts.Failed, "Graph could not be asked: no answer in time")
	case f.State == "":
		return facts.Unread[T](facts.Failed, "Graph could not be asked: Signpost is closing")
	}
	return f
}

// unbroken turns a panic into a failed fact. The SDK has some that an odd answer sets off, and one read must not take the
// others, or the bot, with it.
func unbroken[T any](t *Tenant, read func() facts.Fact[T]) (f facts.Fact[T]) {
	defer func() {
		if p := recover(); p != nil {
			t.log.Error("a read of Graph broke", "panic", fmt.Sprint(p))
			f = facts.Unread[T](facts.Failed, "Signpost could not make sense of Graph's answer")
		}
	}()
	return read()
}
