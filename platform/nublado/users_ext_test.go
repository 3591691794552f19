package nublado_test

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

func TestNubladoRow08_TokensOfTwoUsersNeverCross(t *testing.T) {
	t.Parallel()
	// Given a backend that is told in every call who is behind it, and compares ...
	var crossed, seen atomic.Int64
	s := startWith(t, func(p serverauth.Presented, user string) {
		seen.Add(1)
		if who := p.Metadata.Get("x-expected-user"); len(who) != 1 || who[0] != user || len(p.Metadata.Get("authorization")) != 1 {
			crossed.Add(1)
		}
	})
	// ... and two users whose clients share all that can be shared: service
	// discovery, the HTTP client, the address, and the administrator's token that
	// makes theirs, which is revoked again and again ...
	shared := discovery(t, repertoire.Config{})
	admin := s.gafaelfawr.IssueToken("root", 0, "admin:token")
	clients := map[string]*clientset.ClientSet{}
	for _, user := range []string{"bot-ada", "bot-grace"} {
		clients[user] = s.client(t, nublado.Resolver{
			Source:    nublado.Created{Username: user, Admin: flow.SecretValue(admin)},
			Discovery: shared,
		})
	}
	// ... when thousands of calls of both are made at once ...
	const workers, calls = 8, 400
	var wg sync.WaitGroup
	for w := range workers {
		for user, cs := range clients {
			wg.Go(func() {
				ctx := metadata.AppendToOutgoingContext(context.Background(), "x-expected-user", user)
				for i := range calls {
					if w == 0 && i%50 == 49 {
						s.gafaelfawr.RevokeTokens(user)
					}
					if err := list(ctx, cs); err != nil && w == 0 {
						t.Errorf("%s: %v", user, err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	// ... then no call ever carried the other's token, or two.
	if crossed.Load() != 0 || seen.Load() < 2*calls*(workers-1) {
		t.Errorf("%d of %d accepted calls carried another user's token, want none of thousands", crossed.Load(), seen.Load())
	}
}

func TestNubladoRow08_NoTokenIsStored(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.gafaelfawr.IssueToken("root", 0, "admin:token")
	for name, source := range map[string]nublado.Source{
		"delegated": nublado.FromRequest(s.gafaelfawr.Delegate("ada", nubladotest.NotebookScope)),
		"service":   nublado.ForToken("ada", s.gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope)).Source,
		"created":   nublado.Created{Username: "bot-x", Admin: flow.SecretValue(admin)},
	} {
		dir := t.TempDir()
		r := nublado.Resolver{Source: source, LookupEnv: env(repertoire.EnvBaseURL, discoveryURL)}
		s.call(t, s.made(t, r, clientset.WithStore(&tokenstore.FileStore{Dir: dir})))
		if copies, err := filepath.Glob(filepath.Join(dir, "*")); len(copies) != 0 || err != nil {
			t.Errorf("%s: copies of the token in %q, %v", name, copies, err)
		}
	}
}

func TestNubladoRow08_AClientBelongsToOneUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := nublado.Service{Username: "ada", Token: flow.SecretValue(s.gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope))}
	r := nublado.Resolver{Source: source}
	cs := s.client(t, r)
	// When the program changes what the client was made of ...
	h := s.gafaelfawr.Delegate("eve", nubladotest.NotebookScope)
	source.Username, source.Token = "eve", flow.SecretValue(h.Get(nublado.HeaderToken))
	r.Source = nublado.FromRequest(h)
	// ... then the client stays ada's ...
	if got := s.call(t, cs); got.Subject != "ada" {
		t.Errorf("the client became that of %s", got.Subject)
	}
	// ... and a source keeps the user whose request it was made of.
	delegated := nublado.FromRequest(h)
	for name, values := range s.gafaelfawr.Delegate("mallory", nubladotest.NotebookScope) {
		copy(h[name], values)
	}
	other := s.client(t, nublado.Resolver{Source: delegated})
	if got := s.call(t, other); got.Subject != "eve" {
		t.Errorf("the client became that of %s", got.Subject)
	}
}
