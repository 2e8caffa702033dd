package graph

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	msgraphcore "github.com/microsoftgraph/msgraph-sdk-go-core"
	graphauth "github.com/microsoftgraph/msgraph-sdk-go-core/authentication"

	"signpost/graph/federation"
)

// Tenant reads one Entra tenant. It is safe for concurrent use, and one is enough for a process: limits and caches are
// shared through it.
type Tenant struct {
	log     *slog.Logger
	clock   Clock
	cred    *credential
	scope   string
	v1      abstractions.RequestAdapter // …/v1.0
	beta    abstractions.RequestAdapter // …/beta: non-interactive sign-ins are nowhere else
	budgets budgets
	scans   *budget // the part of the directory's limit that health reports may take
	batches *batcher
	caches  caches
	lookups lookups
	idps    *federation.Reader // what identity providers publish
	publish map[string]string  // where, by domain in lower case, as the configuration says
	realms  realms
	mixed   atomic.Bool // Graph refuses different properties with "or" between them in the sign-in log
	alone   atomic.Bool // Graph refuses several conditions of one property there
	// auditAlone: Graph refuses several activities in one filter of the directory audit.
	auditAlone atomic.Bool
	worldwide  bool // the global cloud, where alone Graph names other tenants

	life *lifetime
	idle func()
}

// lifetime is what a tenant has running in the background: reads that several callers share.
type lifetime struct {
	ctx  context.Context // ends with Close
	end  context.CancelFunc
	mu   sync.Mutex // no work begins while Close waits
	work sync.WaitGroup
}

// run does work in the background. It reports false, and does nothing, once the tenant is closed.
func (l *lifetime) run(work func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return false
	}
	l.work.Go(work)
	return true
}

// New returns the tenant that the configuration names. It makes no request: [Tenant.Check] does. Close it to let go of
// its connections.
func New(cfg Config, log *slog.Logger) (*Tenant, error) {
	cfg.Clock = cfg.Clock.orSystem()
	if wrong := cfg.check(true); len(wrong) > 0 {
		return nil, oneLine(wrong)
	}
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.TLSClientConfig = &tls.Config{RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12}
	wire.MaxIdleConnsPerHost = 16
	wire.ResponseHeaderTimeout = 30 * time.Second
	return newTenant(cfg, log, wire, wire.CloseIdleConnections)
}

// newTenant sets the tenant up over a wire. idle lets go of the connections that are kept.
func newTenant(cfg Config, log *slog.Logger, wire http.RoundTripper, idle func()) (*Tenant, error) {
	cred, err := newCredential(cfg, wire)
	if err != nil {
		return nil, err
	}
	address := cfg.graphRoot()
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("cannot use the address of Graph: %w", err)
	}
	t := &Tenant{
		log: log, clock: cfg.Clock, cred: cred, scope: address + "/.default",
		budgets: budgets{
			reports: newBudget("its reports and logs to 5 requests in 10 s", reportRequests, reportWindow, cfg.Clock),
			risk:    newBudget("risk and Conditional Access to 1 request a second", riskRequests, riskWindow, cfg.Clock),
		},
		scans:     newBudget("the directory to 3,500 units in 10 s", scanRequests, scanWindow, cfg.Clock),
		caches:    newCaches(cfg.Clock),
		publish:   map[string]string{},
		realms:    newRealms(cfg.authority(), wire),
		worldwide: cfg.worldwide(),
		idle:      idle,
	}
	for domain, address := range cfg.Metadata {
		t.publish[strings.ToLower(domain)] = address
	}
	t.idps = federation.NewReader(federation.Options{RootCAs: cfg.RootCAs, Now: cfg.Clock.Now, Configured: slices.Collect(maps.Values(cfg.Metadata))})
	t.life = &lifetime{}
	t.life.ctx, t.life.end = context.WithCancel(context.Background())
	t.lookups = t.newLookups()
	// The valid hosts are told, because the SDK sends requests to others without a token and without a word.
	auth, err := graphauth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(cred, []string{t.scope}, []string{u.Hostname()})
	if err != nil {
		return nil, fmt.Errorf("cannot set up authentication to Graph: %w", err)
	}
	t.batches = newBatcher(wire, address, t.life)
	client := &http.Client{
		Transport:     khttp.NewCustomTransportWithParentTransport(&gate{base: wire, host: u.Host, budgets: t.budgets, batch: t.batches}, retry(time.Now)),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for version, adapter := range map[string]*abstractions.RequestAdapter{"v1.0": &t.v1, "beta": &t.beta} {
		a, err := msgraphcore.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
			auth, msgraphcore.GraphClientOptions{}, kjson.NewJsonParseNodeFactory(), kjson.NewJsonSerializationWriterFactory(), client)
		if err != nil {
			return nil, fmt.Errorf("cannot set up the Graph client: %w", err)
		}
		a.SetBaseUrl(address + "/" + version)
		*adapter = a
	}
	return t, nil
}

// tokenRequest asks for the same token as the SDK does, so that azidentity keeps one.
func (t *Tenant) tokenRequest() policy.TokenRequestOptions {
	return policy.TokenRequestOptions{Scopes: []string{t.scope}, EnableCAE: true}
}

// Close ends what is under way, waits for it, and closes the connections that are kept. Nothing is read afterwards.
func (t *Tenant) Close() {
	t.life.mu.Lock()
	t.life.end()
	t.life.mu.Unlock()
	t.life.work.Wait()
	t.idle()
}

// get sends a request that the SDK has built and returns the answer's JSON. Where Graph does not answer with data, the
// error is a *refusal; where Signpost got no token, a *tokenError.
func (t *Tenant) get(ctx context.Context, adapter abstractions.RequestAdapter, req *abstractions.RequestInformation, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("cannot build the request: %w", err)
	}
	var body []byte
	handler := abstractions.NewRequestHandlerOption()
	handler.SetResponseHandler(func(response any, _ abstractions.ErrorMappings) (any, error) {
		var err error
		body, err = answer(response)
		return nil, err
	})
	req.AddRequestOptions([]abstractions.RequestOption{handler})
	req.Headers.Add("Accept", "application/json")
	req.Headers.Add("User-Agent", "signpost")
	if isSchedule(ctx) {
		req.Headers.Add("x-ms-throttle-priority", "Low")
	}
	if err := adapter.SendNoContent(ctx, req, nil); err != nil {
		t.note(ctx, req, err)
		if ctx.Err() != nil && !errors.As(err, new(*busyError)) {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return body, nil
}

// note logs a failed request: its form and what became of it, never whom it was about.
func (t *Tenant) note(ctx context.Context, req *abstractions.RequestInformation, err error) {
	if ctx.Err() != nil { // nobody waits for it any more
		return
	}
	level, said := slog.LevelDebug, network(err)
	if r, ok := asRefusal(err); ok {
		said = r.Error()
		if r.status == http.StatusTooManyRequests || r.status >= 500 {
			level = slog.LevelWarn
		}
	}
	resource, _, _ := strings.Cut(strings.TrimPrefix(req.UrlTemplate, "{+baseurl}"), "{?")
	t.log.Log(ctx, level, "a read of graph failed", "resource", resource, "error", said)
}

// answer takes the body of a response, and closes it.
func answer(response any) ([]byte, error) {
	res, ok := response.(*http.Response)
	if !ok || res == nil {
		return nil, errors.New("no answer came back")
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("cannot read the answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, newRefusal(res, body)
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if kind == "text/html" || looksHTML(body) {
		return nil, &refusal{status: res.StatusCode, html: true}
	}
	if len(body) == 0 {
		return nil, errors.New("the answer was empty")
	}
	return body, nil
}

// decode parses an answer into a plain structure.
func decode[T any](body []byte, err error) (T, error) {
	var v T
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("cannot parse the answer: %w", err)
	}
	return v, nil
}

// model parses an answer into a model of the SDK.
func model[T serialization.Parsable](body []byte, err error, create serialization.ParsableFactory) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	node, err := kjson.NewJsonParseNode(body)
	if err != nil {
		return none, fmt.Errorf("cannot parse the answer: %w", err)
	}
	value, err := node.GetObjectValue(create)
	if err != nil {
		return none, fmt.Errorf("cannot parse the answer: %w", err)
	}
	v, ok := value.(T)
	if !ok {
		return none, errOther
	}
	return v, nil
}

// errOther is an answer of status 200 that is JSON and still not what was asked for. Taken as it is, it would be an account
// without a name, or a person without MFA.
var errOther = errors.New("cannot parse the answer: it is not what was asked for")

// identified checks that an answer is a resource: each has an id.
func identified[T interface{ GetId() *string }](v T, err error) (T, error) {
	if err == nil && text(v.GetId()) == "" {
		return v, errOther
	}
	return v, err
}

// page is one page of a collection.
type page[T any] struct {
	Value []T    `json:"value"`
	Next  string `json:"@odata.nextLink"`
}

// rest follows a collection's pages, at most pages more of them. capped says that there was more. The link is opaque and
// taken as it is; the gate refuses one that leads to another host.
func rest[T any](ctx context.Context, t *Tenant, adapter abstractions.RequestAdapter, first page[T], headers *abstractions.RequestHeaders, pages int) (all []T, capped bool, err error) {
	all = first.Value
	for next := first.Next; next != ""; pages-- {
		if pages == 0 {
			return all, true, nil
		}
		u, err := url.Parse(next)
		if err != nil {
			return all, true, errors.New("cannot follow to the next page: the link is no URL")
		}
		req := abstractions.NewRequestInformation()
		req.Method = abstractions.GET
		req.SetUri(*u)
		if headers != nil {
			req.Headers.AddAll(headers)
		}
		p, err := decode[page[T]](t.get(ctx, adapter, req, nil))
		if err != nil {
			return all, true, err
		}
		all, next = append(all, p.Value...), p.Next
	}
	return all, false, nil
}

// template builds a GET for a resource whose package of the SDK is not worth its compile time.
func template(path string, values map[string]string, query map[string]string) *abstractions.RequestInformation {
	if values == nil {
		values = map[string]string{}
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, "%24"+name)
	}
	uri := "{+baseurl}" + path
	if len(names) > 0 {
		uri += "{?" + strings.Join(names, ",") + "}"
	}
	req := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(abstractions.GET, uri, values)
	for name, value := range query {
		req.QueryParameters["%24"+name] = value
	}
	return req
}

// quote makes an OData string of a text.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
