package repertoire_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

const base = "https://data.example.com/repertoire"

func client(t *testing.T) *repertoire.Client {
	t.Helper()
	c, err := repertoire.New(repertoire.Config{BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(h http.Handler) *http.Client {
	return peertest.HTTPClient(map[string]http.Handler{"data.example.com": h})
}

func TestDocumentReturnsTheListedServices(t *testing.T) {
	t.Parallel()
	s := nubladotest.NewRepertoire(`{
		"applications": ["nublado", "portal"], "environment_name": "data", "something": {"else": true},
		"datasets": {"dp1": {"butler_config": "https://data.example.com/butler", "services": {"tap": {"url": "https://data.example.com/tap", "versions": {"tap-1.1": {"url": "https://data.example.com/tap"}}}}}},
		"influxdb_databases": {"efd": {"url": "https://efd.example.com", "database": "efd", "schema_registry": "https://x", "local": true, "credentials_url": "https://c"}},
		"services": {
			"internal": {"gafaelfawr": {"url": "https://data.example.com/auth/api", "openapi": "https://data.example.com/auth/openapi.json", "versions": {"v1": {"url": "https://data.example.com/auth/api/v1"}}}},
			"ui": {"nublado": {"url": "https://nb.data.example.org/nb"}, "portal": {"url": "https://data.example.com/portal?view=start#top"}}
		}}`)
	d, err := client(t).Discover(t.Context(), serve(s))
	if err != nil {
		t.Fatal(err)
	}
	if d.UI("nublado") != "https://nb.data.example.org/nb" || d.Internal("gafaelfawr", "v1") != "https://data.example.com/auth/api/v1" {
		t.Errorf("services %+v", d.Services)
	}
	if d.UI("gafaelfawr") != "" || d.Internal("gafaelfawr", "v2") != "" || d.Internal("nublado", "v1") != "" {
		t.Error("an absent service was found")
	}
	if d.Environment != "data" || len(d.Applications) != 2 || !d.InfluxDB["efd"].Local ||
		d.Datasets["dp1"].Services["tap"].Versions["tap-1.1"].URL == "" {
		t.Errorf("document %+v", d)
	}
	if v := s.Violations(); len(v) != 0 {
		t.Errorf("the request was wrong: %q", v)
	}
}

func TestAnswersThatAreNotADocumentAreErrors(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		"":                               "not JSON",
		"<html>canary":                   "not JSON",
		"null":                           "null",
		"[]":                             "",
		`{"services": []}`:               "services must not be a array",
		`{"services": {"ui": {"a": 1}}}`: "must not be a number",
		`{"services": {"ui": {"a": {"url": "/nb"}}}}`:                                   `services.ui."a".url is not a URL`,
		`{"services": {"ui": {"a": {"url": "javascript:canary"}}}}`:                     "is not a URL",
		`{"services": {"internal": {"g": {"versions": {"v1": {"url": "x"}}}}}}`:         "versions",
		`{"applications": ["` + strings.Repeat("x", 5<<20) + `"]}`:                      "larger than 4 MiB",
		`{"services": {"ui": {"a": {"url": "https://user:canary@nb.example.com/nb"}}}}`: "is not a URL",
	} {
		_, err := client(t).Discover(t.Context(), serve(nubladotest.NewRepertoire(document)))
		var e *repertoire.Error
		if !errors.As(err, &e) || !errors.Is(err, repertoire.ErrValidation) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", document, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%v repeats the document", err)
		}
	}
	// Trouble of the service may pass; an address that is wrong stays wrong.
	for code, want := range map[int]codes.Code{
		301: codes.FailedPrecondition, 401: codes.FailedPrecondition, 404: codes.FailedPrecondition,
		429: codes.Unavailable, 500: codes.Unavailable, 503: codes.Unavailable,
	} {
		s := nubladotest.NewRepertoire(map[string]any{})
		s.Fail(code)
		_, err := client(t).Discover(t.Context(), serve(s))
		var e *repertoire.Error
		if !errors.Is(err, repertoire.ErrWeb) || !errors.As(err, &e) || e.Status != code || !strings.Contains(err.Error(), base+"/discovery") {
			t.Errorf("%d: %v", code, err)
		}
		if status.Code(err) != want {
			t.Errorf("%d: %v, want %v", code, status.Code(err), want)
		}
	}
	if _, err := client(t).Discover(t.Context(), peertest.HTTPClient(nil)); !errors.Is(err, repertoire.ErrWeb) || status.Code(err) != codes.Unavailable {
		t.Errorf("no server: %v (%v)", err, status.Code(err))
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	// Given a service that redirects to an address without TLS ...
	c, err := repertoire.New(repertoire.Config{BaseURL: base, HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Scheme != "https" {
			t.Errorf("%s was asked", r.URL)
		}
		return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"http://evil.example.com/discovery"}}, Body: http.NoBody}, nil
	})}})
	if err != nil {
		t.Fatal(err)
	}
	// ... then that is an error.
	_, err = c.Discover(t.Context(), nil)
	var e *repertoire.Error
	if !errors.As(err, &e) || e.Status != http.StatusFound {
		t.Errorf("%v, want the redirect", err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// deaf is a service that never answers.
func deaf(asked *atomic.Int32) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		asked.Add(1)
		<-r.Context().Done()
		return nil, r.Context().Err()
	})}
}

func TestConcurrentCallersShareAFailedRequest(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"nothing known": false, "an old answer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := client(t)
				if known {
					if _, err := c.Discover(t.Context(), serve(nubladotest.NewRepertoire(nubladotest.Document("https://nb.example.com/nb")))); err != nil {
						t.Fatal(err)
					}
					time.Sleep(repertoire.TTL)
				}
				// Given a service that never answers, and many who ask at once ...
				var asked atomic.Int32
				hc := deaf(&asked)
				began := time.Now()
				var wg sync.WaitGroup
				for range 50 {
					wg.Go(func() {
						if d, err := c.Discover(t.Context(), hc); (d != nil) != known || (err == nil) != known {
							t.Errorf("%v, %v", d, err)
						}
					})
				}
				wg.Wait()
				// ... then they wait once, together.
				if waited := time.Since(began); waited > 30*time.Second || asked.Load() != 1 {
					t.Errorf("%d requests in %v, want one in half a minute", asked.Load(), waited)
				}
			})
		})
	}
}

func TestALaterCallerGetsTheLastAnswerAfterATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := client(t)
		if _, err := c.Discover(t.Context(), serve(nubladotest.NewRepertoire(nubladotest.Document("https://nb.example.com/nb")))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(repertoire.TTL)
		// Given a service that does not answer while any caller waits ...
		var asked atomic.Int32
		hc := deaf(&asked)
		hurried := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.Discover(ctx, hc)
			return err
		}
		// ... then the first finds out, and the next are served at once ...
		if err := hurried(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the first: %v", err)
		}
		for range 10 {
			if err := hurried(); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		}
		// ... until it is worth another try.
		time.Sleep(time.Minute)
		if err := hurried(); !errors.Is(err, context.DeadlineExceeded) || asked.Load() != 2 {
			t.Errorf("%v after %d requests, want another", err, asked.Load())
		}
		time.Sleep(10 * time.Second) // the request goes on to its limit
	})
}

func TestConcurrentCallersShareOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a service that takes its time, and many who ask ...
		s := nubladotest.NewRepertoire(nubladotest.Document("https://nb.example.com/nb"))
		release := make(chan struct{})
		hc := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-release
			s.ServeHTTP(w, r)
		}))
		c := client(t)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if d, err := c.Discover(t.Context(), hc); err != nil || d.UI("nublado") == "" {
					t.Errorf("%v, %v", d, err)
				}
			})
		}
		synctest.Wait()
		// ... when one of them leaves, then it is told so at once ...
		ctx, leave := context.WithCancel(t.Context())
		leave()
		if _, err := c.Discover(ctx, hc); !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		// ... and one request serves the others.
		close(release)
		wg.Wait()
		if s.Fetches() != 1 {
			t.Errorf("%d requests, want one", s.Fetches())
		}
	})
}

// The request belongs to all who wait: it goes on when the caller who started it leaves.
func TestARequestContinuesWhenItsFirstCallerLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := nubladotest.NewRepertoire(nubladotest.Document("https://nb.example.com/nb"))
		hc := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(2 * time.Second):
				s.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		}))
		c := client(t)
		var wg sync.WaitGroup
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := c.Discover(ctx, hc); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the caller who left: %v", err)
			}
		})
		synctest.Wait()
		began := time.Now()
		d, err := c.Discover(t.Context(), hc)
		if took := time.Since(began); err != nil || d.UI("nublado") == "" || took != 2*time.Second || s.Fetches() != 1 {
			t.Errorf("%v, %v after %v and %d requests, want the answer to the first", d, err, took, s.Fetches())
		}
		wg.Wait()
	})
}
