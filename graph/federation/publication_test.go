package federation_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signpost/graph/facts"
	"signpost/graph/federation"
)

func TestOneDocumentServesEveryTrustThatLooksThere(t *testing.T) {
	one, two := signing(t, "one", now, now.AddDate(1, 0, 0)), signing(t, "two", now, now.AddDate(1, 0, 0))
	text := `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + adfs("a.example", key("signing", one)) + adfs("b.example", key("signing", two)) + saml("http://c.example", "https://c.example/", key("encryption", two)) + `</EntitiesDescriptor>`
	var sent, unchanged atomic.Int32
	s := provider(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		if r.Header.Get("If-None-Match") != "" {
			unchanged.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		sent.Add(1)
		_, _ = w.Write([]byte(text))
	})
	r := reader(s)
	for issuer, want := range map[string]string{
		"http://a.example/adfs/services/trust": "one", "http://b.example/adfs/services/trust/": "two",
		"http://c.example": "no certificate for signing", "http://d.example": "3 identity providers",
	} {
		d, err := r.Document(t.Context(), s.URL, loopback, issuer)
		switch {
		case err != nil && !strings.Contains(err.Error(), want):
			t.Errorf("%s: error %v, want %q", issuer, err, want)
		case err == nil && (len(d.Certificates) != 1 || d.Certificates[0].Subject != "CN="+want || !d.Fetched.Equal(now)):
			t.Errorf("%s: %v at %s, want %s", issuer, subjects(d.Certificates), d.Fetched, want)
		}
	}
	if sent.Load() != 1 || unchanged.Load() != 3 {
		t.Errorf("sent %d times, unchanged %d times", sent.Load(), unchanged.Load())
	}
}

// Where the environment has a proxy, and the host cannot be reached without one, the operator learns which of the two it is.
func TestAHostBehindAProxyIsSaidToBeAskedDirectly(t *testing.T) {
	via := func(string) func(*http.Request) (*url.URL, error) {
		return func(r *http.Request) (*url.URL, error) {
			if strings.HasPrefix(r.URL.Host, "near.") {
				return nil, nil // NO_PROXY names it
			}
			return url.Parse("http://user:secret@proxy.example:3128")
		}
	}("")
	closed := provider(t, http.NotFound)
	u, _ := url.Parse(closed.URL)
	closed.Close()
	open := provider(t, http.NotFound)
	up, _ := url.Parse(open.URL)
	for _, x := range []struct {
		name, host, port string
		proxy            func(*http.Request) (*url.URL, error)
		says             bool
	}{
		{"a proxy, and nothing answers", "example.com", u.Port(), via, true},
		{"a proxy that is not for this host", "near.example.com", u.Port(), via, false},
		{"no proxy", "example.com", u.Port(), func(*http.Request) (*url.URL, error) { return nil, nil }, false},
		{"a proxy setting that is broken", "example.com", u.Port(), func(*http.Request) (*url.URL, error) { return nil, errors.New("odd") }, false},
		{"a proxy, and the host answers", "example.com", up.Port(), via, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := federation.NewReader(federation.Options{RootCAs: pool(open), Now: func() time.Time { return now }, Resolver: names(t, netip.MustParseAddr("127.0.0.1")), Proxy: x.proxy})
			_, err := r.Document(t.Context(), "https://"+x.host+":"+x.port+"/", []string{x.host}, "")
			if err == nil || strings.Contains(err.Error(), "HTTPS_PROXY") != x.says || strings.Contains(err.Error(), "secret") {
				t.Errorf("metadata: %v", err)
			}
			all := r.Endpoints(t.Context(), facts.Federation{PassiveURI: "https://" + x.host + ":" + x.port + "/adfs/ls/"})
			if len(all) != 1 || strings.Contains(all[0].Problem, "HTTPS_PROXY") != x.says {
				t.Errorf("endpoint: %+v", all)
			}
		})
	}
}

// However many trusts there are, few documents are in memory at a time, and who waits for a turn gives up with its context.
func TestFewDocumentsAreReadAtATime(t *testing.T) {
	const all, most = 120, 48
	var busy, peak atomic.Int32
	release, full := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := provider(t, func(w http.ResponseWriter, r *http.Request) {
		n := busy.Add(1)
		defer busy.Add(-1)
		for {
			p := peak.Load()
			if n <= p || peak.CompareAndSwap(p, n) {
				break
			}
		}
		if n == most {
			once.Do(func() { close(full) })
		}
		<-release
		http.NotFound(w, r)
	})
	r := reader(s)
	var work sync.WaitGroup
	for range all {
		work.Go(func() { _, _ = r.Metadata(t.Context(), s.URL, loopback) })
	}
	<-full
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Metadata(ctx, s.URL, loopback); err == nil || err.Error() != "the read was given up" {
		t.Errorf("error %v", err)
	}
	close(release)
	work.Wait()
	if peak.Load() > most {
		t.Errorf("%d at a time", peak.Load())
	}
}
