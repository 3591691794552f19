package interceptors

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth"
)

// one is a source with one token.
type one string

func (o one) Credentials(context.Context) (*auth.Credentials, error) {
	return &auth.Credentials{AccessToken: string(o)}, nil
}

func (o one) Refresh(context.Context, *auth.Credentials) (*auth.Credentials, error) {
	return nil, auth.ErrRejected
}

// If a release of gRPC keeps outgoing metadata in another way, this fails, and
// every call costs a few allocations more until outgoingKey follows.
func TestOutgoingKeyIsLearnt(t *testing.T) {
	t.Parallel()
	key := outgoingKey()
	if key == nil {
		t.Fatal("the key of outgoing metadata can no longer be learnt")
	}
	if t.Context().Value(key) != nil {
		t.Error("an empty context has a value under it")
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "k", "v")
	if ctx.Value(key) == nil {
		t.Error("a context with outgoing metadata has no value under it")
	}
}

// Without the key everything works, the long way.
func TestAttachWithoutTheKey(t *testing.T) {
	t.Parallel()
	c := newClient(one("t"), []Option{WithRequestID(), WithPairs(metadata.Pairs("x-team", "a"))})
	c.key = nil
	var got metadata.MD
	err := c.unary(t.Context(), "/s/m", nil, nil, nil,
		func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
			got, _ = metadata.FromOutgoingContext(ctx)
			return nil
		})
	id := got["x-request-id"]
	delete(got, "x-request-id")
	if diff := cmp.Diff(metadata.MD{"authorization": {"Bearer t"}, "x-team": {"a"}}, got); err != nil || diff != "" || len(id) != 1 {
		t.Errorf("%v, request id %q, metadata (-want +got):\n%s", err, id, diff)
	}
}

// The short-cut is a context like any other: values, deadline and cancellation
// are its parent's, and what is appended to it comes on top.
func TestHeaderContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	parent, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "v"), time.Hour)
	c := newClient(one("t"), nil)
	k := c.begin(parent, "/s/m")
	if err := c.authenticate(parent, &k); err != nil {
		t.Fatal(err)
	}
	ctx, err := c.outgoing(parent, &k, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := ctx.(*headerContext); !ok {
		t.Fatalf("got a %T", ctx)
	}
	if ctx.Value(key{}) != "v" || ctx.Value([0]func(){}) != nil {
		t.Error("values are not the parent's")
	}
	got, _ := metadata.FromOutgoingContext(metadata.AppendToOutgoingContext(ctx, "x-more", "1"))
	if diff := cmp.Diff(metadata.MD{"authorization": {"Bearer t"}, "x-more": {"1"}}, got); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if alone, _ := metadata.FromOutgoingContext(ctx); len(alone) != 1 {
		t.Errorf("what was appended shows in the original: %v", alone)
	}
	child, stop := context.WithCancel(ctx)
	defer stop()
	cancel()
	if <-child.Done(); ctx.Err() == nil {
		t.Error("cancellation is not the parent's")
	}
}

// What is prepared follows the credentials, and calls to open methods do not
// undo it.
func TestHeadersAreKept(t *testing.T) {
	t.Parallel()
	c := newClient(nil, nil)
	a, b := &auth.Credentials{AccessToken: "a"}, &auth.Credentials{AccessToken: "b"}
	get := func(main, proxy *auth.Credentials) *headers {
		t.Helper()
		h, err := c.headers(t.Context(), main, proxy)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := get(a, b)
	if get(nil, b) == first || get(a, b) != first {
		t.Error("prepared again for the same credentials")
	}
	if second := get(b, b); second == first || second.credentials["authorization"][0] != "Bearer b" {
		t.Error("not prepared again for others")
	}
}
