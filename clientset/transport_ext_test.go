package clientset_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/mockserver"
)

func TestUnixSocket(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithUnixSocket(filepath.Join(t.TempDir(), "flyte.sock")))
	// Plaintext is the default there, and credentials may be sent.
	cs := made(t)(clientset.ForAPIKey(s.APIKey()))
	if err := list(t.Context(), cs); err != nil {
		t.Error(err)
	}
	if cs.Endpoint() != s.Endpoint() {
		t.Errorf("endpoint = %q, want %q", cs.Endpoint(), s.Endpoint())
	}
}

func TestRoundRobinSpreadsCallsOverResolvedAddresses(t *testing.T) {
	t.Parallel()
	// Given two servers behind one name of the program's own resolver.
	one, two := quiet(t, mockserver.WithoutLogin()), quiet(t, mockserver.WithoutLogin())
	r := manual.NewBuilderWithScheme("mesh")
	r.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: one.Endpoint()}, {Addr: two.Endpoint()}}})
	cs := made(t)(clientset.ForEndpoint("mesh:///flyte", clientset.WithResolvers(r), clientset.WithRoundRobin(),
		clientset.WithInsecure(), clientset.WithoutAuth()))
	// When calls are made until both were met, then none fails.
	ctx := soon(t)
	for calls(one, listProjects) == 0 || calls(two, listProjects) == 0 {
		if err := list(ctx, cs); err != nil {
			t.Fatal(err)
		}
	}
	before := calls(one, listProjects)
	for range 10 {
		if err := list(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
	}
	if n := calls(one, listProjects) - before; n != 5 {
		t.Errorf("one of two servers got %d of 10 calls, want 5", n)
	}
}

func TestDialOptionsDoNotDisplaceTheLogin(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	var mu sync.Mutex
	var order []string
	note := func(name string) grpc.UnaryClientInterceptor {
		return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if method == listProjects {
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
			}
			return invoker(ctx, method, req, reply, cc, opts...)
		}
	}
	cs := connect(t, s, clientset.WithDialOptions(
		grpc.WithUnaryInterceptor(note("first")), //nolint:forbidigo // that it replaces nothing of ours is the point
		grpc.WithChainUnaryInterceptor(note("second")),
	))
	s.Script().RejectNext(1)
	if err := list(t.Context(), cs); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(order, []string{"first", "second"}) {
		t.Errorf("interceptors ran as %v, want each once: the login is inside", order)
	}
}

func TestOneAuthorizationAndTheCallersOwnMetadata(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := connect(t, s,
		clientset.WithRequestMetadata(metadata.Pairs("x-team", "blue", "x-both", "static")),
		clientset.WithRequestMetadataFunc(func(context.Context) metadata.MD { return metadata.Pairs("x-call", "dynamic") }),
		clientset.WithUserAgent("tester/1"))
	ctx := metadata.AppendToOutgoingContext(t.Context(),
		"x-mine", "1", "x-mine", "2", "x-both", "caller", "authorization", "Bearer stale", "x-request-id", "given")
	s.Script().RejectNext(1)
	if err := list(ctx, cs); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Requests() {
		if r.Method != listProjects {
			continue
		}
		if r.Authorizations != 1 {
			t.Errorf("%d authorization values, want 1", r.Authorizations)
		}
		for key, want := range map[string][]string{
			"x-mine": {"1", "2"}, "x-team": {"blue"}, "x-both": {"caller"}, "x-call": {"dynamic"}, "x-request-id": {"given"},
		} {
			if got := r.Metadata[key]; !slices.Equal(got, want) {
				t.Errorf("%s = %v, want %v", key, got, want)
			}
		}
		if agent := fmt.Sprint(r.Metadata["user-agent"]); !strings.HasPrefix(agent, "[tester/1 jetway/") {
			t.Errorf("user agent = %v", agent)
		}
	}
	if n := calls(s, listProjects); n != 2 {
		t.Errorf("%d calls arrived, want 2", n)
	}
}

// The calls of discovery have none of the values that the program gives to its own
// calls, which a function that takes one for granted would panic at.
func TestRequestMetadataFuncIsNotCalledForDiscovery(t *testing.T) {
	t.Parallel()
	type tenantKey struct{}
	s := quiet(t)
	cs := connect(t, s, clientset.WithRequestMetadata(metadata.Pairs("x-team", "blue")),
		clientset.WithRequestMetadataFunc(func(ctx context.Context) metadata.MD {
			tenant, ok := ctx.Value(tenantKey{}).(string)
			if !ok {
				t.Error("the function was called without the caller's values")
			}
			return metadata.Pairs("x-tenant", tenant)
		}))
	if err := cs.Login(soon(t)); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, r := range s.Requests() {
		if !strings.Contains(r.Method, "AuthMetadataService") {
			continue
		}
		asked++
		if team, tenant := r.Metadata["x-team"], r.Metadata["x-tenant"]; !slices.Equal(team, []string{"blue"}) || len(tenant) > 0 {
			t.Errorf("%s: x-team %v and x-tenant %v, want blue and none", r.Method, team, tenant)
		}
	}
	if asked == 0 {
		t.Error("the login asked no AuthMetadataService")
	}

	s.ResetRequests()
	ctx := context.WithValue(soon(t), tenantKey{}, "acme")
	if _, err := cs.AuthMetadata().GetOAuth2Metadata(ctx, &authpb.GetOAuth2MetadataRequest{}); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Requests() {
		if !slices.Equal(r.Metadata["x-tenant"], []string{"acme"}) {
			t.Errorf("the program's own call of %s has x-tenant %v", r.Method, r.Metadata["x-tenant"])
		}
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	ids := func(cs *clientset.ClientSet) (ids []string) {
		s.ResetRequests()
		for range 2 {
			if err := list(t.Context(), cs); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range s.Requests() {
			if r.Method == listProjects {
				ids = append(ids, strings.Join(r.Metadata["x-request-id"], ","))
			}
		}
		return ids
	}
	if got := ids(connect(t, s)); len(got) != 2 || len(got[0]) != 36 || got[0] == got[1] {
		t.Errorf("request ids = %q, want two UUIDs", got)
	}
	if got := ids(connect(t, s, clientset.WithoutRequestID())); !slices.Equal(got, []string{"", ""}) {
		t.Errorf("request ids = %q, want none", got)
	}
}

func TestMaxReceiveSize(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithoutLogin())
	cs := made(t)(clientset.ForEndpoint("http://"+s.Endpoint(), clientset.WithoutAuth(), clientset.WithMaxReceiveSize(4)))
	if err := list(t.Context(), cs); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("%v, want ResourceExhausted", err)
	}
	if n := calls(s, listProjects); n != 1 {
		t.Errorf("%d calls arrived, want 1: the next answer would be no smaller", n)
	}
}
