package nublado_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/internal/platformtest"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// Short names for the helpers of all platforms.
var (
	env  = platformtest.Env
	list = platformtest.List
)

const (
	discoveryURL = "http://127.0.0.1:8000/repertoire"
	nubladoHost  = "127.0.0.1:8443"
	nubladoURL   = "http://" + nubladoHost + "/nb/"
	tokensURL    = "http://127.0.0.1:9000/auth/api/v1"
)

// science is a platform: service discovery, Gafaelfawr, and a backend behind it.
type science struct {
	repertoire *nubladotest.Repertoire
	gafaelfawr *nubladotest.Gafaelfawr
	peer       *peertest.Peer
	log        *secrettest.Sink
}

func start(t *testing.T) *science { return startWith(t, nil) }

// startWith also asks check about every call that Gafaelfawr lets in.
func startWith(t *testing.T, check func(p serverauth.Presented, user string)) *science {
	t.Helper()
	s := &science{
		repertoire: nubladotest.NewRepertoire(nubladotest.DocumentWithGafaelfawr(nubladoURL, tokensURL)),
		gafaelfawr: nubladotest.NewGafaelfawr(nil), log: &secrettest.Sink{},
	}
	verify := serverauth.VerifierFunc(func(ctx context.Context, p serverauth.Presented) (serverauth.Identity, error) {
		id, err := s.gafaelfawr.Verify(ctx, p)
		if err == nil && check != nil {
			check(p, id.Subject)
		}
		return id, err
	})
	var err error
	if s.peer, err = peertest.New(t.Context(), peertest.Config{Verifier: verify, Memory: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.peer.Close()
		for _, v := range s.repertoire.Violations() {
			t.Errorf("service discovery was sent %s", v)
		}
	})
	return s
}

func (s *science) http() *http.Client {
	return peertest.HTTPClient(map[string]http.Handler{"127.0.0.1:8000": s.repertoire, "127.0.0.1:9000": s.gafaelfawr})
}

// connect makes a client of a resolver with this platform's environment, unless the
// resolver has one.
func (s *science) connect(t *testing.T, r nublado.Resolver) (*clientset.ClientSet, error) {
	t.Helper()
	if r.LookupEnv == nil {
		r.LookupEnv = env(repertoire.EnvBaseURL, discoveryURL)
	}
	r.Logger = s.log.Logger()
	return s.resolve(t, r)
}

func (s *science) resolve(t *testing.T, r platform.Resolver, opts ...clientset.Option) (*clientset.ClientSet, error) {
	t.Helper()
	cs, err := clientset.For(t.Context(), r, append([]clientset.Option{
		clientset.WithHTTPClient(s.http()), clientset.WithDialOptions(s.peer.DialOption()), clientset.WithLogger(s.log.Logger()),
	}, opts...)...)
	if err == nil {
		t.Cleanup(func() { _ = cs.Close() })
	}
	return cs, err
}

func (s *science) client(t *testing.T, r nublado.Resolver) *clientset.ClientSet {
	t.Helper()
	cs, err := s.connect(t, r)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// made is a client of a resolver that brings all that it needs.
func (s *science) made(t *testing.T, r platform.Resolver, opts ...clientset.Option) *clientset.ClientSet {
	t.Helper()
	cs, err := s.resolve(t, r, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

func (s *science) untouched(t *testing.T) {
	t.Helper()
	if n, m := s.repertoire.Fetches(), len(s.gafaelfawr.Requests()); n+m+len(s.peer.Calls()) != 0 {
		t.Errorf("%d discoveries, %d token requests, %d calls, want none", n, m, len(s.peer.Calls()))
	}
}

// call makes a call that must succeed, and returns what it carried at last.
func (s *science) call(t *testing.T, cs *clientset.ClientSet) peertest.Call {
	t.Helper()
	if err := list(t.Context(), cs); err != nil {
		t.Fatal(err)
	}
	calls := s.peer.Calls()
	return calls[len(calls)-1]
}
