package xds_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/requests"
)

func TestARevokedTokenIsReplacedOnceForAllBackends(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 3)
	p := newControlPlane(t, service, f.shares(1, 1, 1)...)
	cs := f.throughXDS(t, p, clientset.WithoutRetry())
	l := underLoad(t, cs)
	for want := 1; want <= 3; want++ {
		l.goesOn(t, 200)
		if n := f.issuer.TokenRequests(); n != want {
			t.Errorf("%d token requests after %d revocations, want %d", n, want-1, want)
		}
		f.issuer.Script().RevokeTokens()
	}
	l.goesOn(t, 200)
	l.wantNoFailure(t)
	f.wantRotation(t, 4)
}

// wantRotation checks that there was one login, and that all token requests after it sent
// the refresh token of the one before.
func (f *fleet) wantRotation(tb testing.TB, n int) {
	tb.Helper()
	grants := map[string]int{}
	for _, r := range f.issuer.Requests() {
		if r.Kind == requests.KindToken {
			grants[r.Form["grant_type"][0]]++
		}
	}
	if grants[oauth.GrantPassword] != 1 || grants[oauth.GrantRefreshToken] != n-1 {
		tb.Errorf("token requests %v, want one login and %d refreshes", grants, n-1)
	}
}

func TestATokenThatOneBackendRejectsIsReplacedOnce(t *testing.T) {
	t.Parallel()
	// Given three backends, of which one gets to know of a revocation before the others ...
	f := newFleetAt(t, plaintext, make([]string, 3)...)
	early := newFront(t, f.backends[1])
	shares := f.shares(1, 1, 1)
	shares[1].address = early.address
	p := newControlPlane(t, service, shares...)
	cs := f.throughXDS(t, p, clientset.WithInsecure(), clientset.WithPlaintextCredentials(), clientset.WithoutRetry())
	l := underLoad(t, cs)
	for range 3 {
		l.goesOn(t, 200)
		early.revoke(t, l)
	}
	// ... then attempts that land on it again or on another backend succeed with the next token.
	l.goesOn(t, 200)
	l.wantNoFailure(t)
	f.wantRotation(t, 4)
}

// Whatever the balancer does, one backend that rejects every token leads to few token
// requests: where the next attempt lands on another one, the same token is sent there.
func TestABackendThatRejectsEveryTokenCausesFewTokenRequests(t *testing.T) {
	t.Parallel()
	bare := []clientset.Option{clientset.WithInsecure(), clientset.WithPlaintextCredentials(), clientset.WithoutRetry()}
	for name, connect := range map[string]func(*testing.T, *fleet, []share) *clientset.ClientSet{
		"round robin": func(t *testing.T, f *fleet, shares []share) *clientset.ClientSet {
			t.Helper()
			var all resolver.State
			for _, s := range shares {
				all.Addresses = append(all.Addresses, resolver.Address{Addr: s.address})
			}
			mesh := manual.NewBuilderWithScheme("mesh")
			mesh.InitialState(all)
			return made(t)(clientset.ForEndpoint("mesh:///"+service, append(append(f.trust(), bare...),
				clientset.WithResolvers(mesh), clientset.WithRoundRobin())...))
		},
		"xDS": func(t *testing.T, f *fleet, shares []share) *clientset.ClientSet {
			t.Helper()
			return f.throughXDS(t, newControlPlane(t, service, shares...), bare...)
		},
	} {
		for _, callers := range []int{1, workers} {
			t.Run(fmt.Sprintf("%s, %d callers", name, callers), func(t *testing.T) {
				t.Parallel()
				f := newFleetAt(t, plaintext, make([]string, 3)...)
				wrong := newFront(t, f.backends[1])
				shares := f.shares(1, 1, 1)
				shares[1].address = wrong.address
				cs := connect(t, f, shares)
				l := start(t, cs, callers)
				l.goesOn(t, 100)
				wrong.refuseAll()
				time.Sleep(3 * time.Second) // of real traffic: the limits are of time
				failed, err := l.end()
				n, part := f.issuer.TokenRequests(), float64(failed)/float64(l.done.Load())
				t.Logf("%d calls, %.2f failed, %d token requests", l.done.Load(), part, n)
				if n > 16 {
					t.Errorf("%d token requests, want few", n)
				}
				if part > 0.4 || failed > 0 && status.Code(err) != codes.Unauthenticated {
					t.Errorf("%.2f of the calls failed, want those that the backend rejects at most: %v", part, err)
				}
			})
		}
	}
}
