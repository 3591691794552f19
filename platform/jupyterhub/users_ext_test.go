package jupyterhub_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

func TestTokensOfTwoUsersNeverCross(t *testing.T) {
	t.Parallel()
	// Given a server that holds who the hub says is calling against who says so ...
	h, _ := start(t, hubtest.Config{})
	a := identifier(t, h)
	var crossed atomic.Int32
	s := serve(t, serverauth.VerifierFunc(func(ctx context.Context, p serverauth.Presented) (serverauth.Identity, error) {
		id, err := a.Verify(ctx, p)
		if claimed := p.Metadata["claimed"]; err == nil && (len(claimed) != 1 || claimed[0] != id.Subject) {
			crossed.Add(1)
		}
		return id, err
	}))
	// ... when two users' clients make thousands of calls at once ...
	var wg sync.WaitGroup
	for _, name := range []string{"alice", "bob"} {
		cs := made(t, jupyterhub.Resolver{
			Endpoint: "http://" + s.Addr(),
			Config:   jupyterhub.Config{APIToken: flow.SecretValue(h.IssueToken(name, 0, access)), LookupEnv: env(nil)},
		}, clientset.WithRequestMetadata(metadata.Pairs("claimed", name)))
		for range 4 {
			wg.Go(func() {
				for range 400 {
					if err := check(t.Context(), grpc.ClientConnInterface(cs)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	// ... then every call was its own user's, and the hub was asked once for each.
	if crossed.Load() != 0 || len(s.Callers()) != 3200 || asked(h, "/user") != 2 {
		t.Errorf("%d of %d calls crossed, %d requests to the hub", crossed.Load(), len(s.Callers()), asked(h, "/user"))
	}
}
