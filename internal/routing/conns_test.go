package routing

import (
	"context"
	"log/slog"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	"github.com/jetway-go/jetway/internal/endpoint"
)

// What is meant for TLS must not go to a connection without it.
func TestOneHostWithAndWithoutTLSHasTwoConnections(t *testing.T) {
	t.Parallel()
	dialled := map[bool]int{}
	c := newConns(Config{
		Home:   &conn{name: "home"},
		Policy: Policy{Home: parsed(t, "http://127.0.0.1:8090"), Plaintext: true, Hosts: []string{"dp.example.com"}, BarePlaintext: true},
		Dial: func(_ endpoint.Endpoint, plaintext bool) (grpc.ClientConnInterface, error) {
			dialled[plaintext]++
			return &conn{}, nil
		},
		Logger: slog.New(slog.DiscardHandler),
	})
	for _, address := range []string{"http://dp.example.com:8443", "https://dp.example.com:8443", "dp.example.com.:8443", "https://DP.example.com:8443"} {
		if _, err := c.get(address); err != nil {
			t.Fatal(err)
		}
	}
	if dialled[true] != 1 || dialled[false] != 1 {
		t.Errorf("dialled %v", dialled)
	}
}

type noCredentials struct{ credentials.PerRPCCredentials }

func TestTheQuestionHasTheCredentialsOfTheCallAndNoOtherOption(t *testing.T) {
	t.Parallel()
	w := newWorld(t, blue)
	ask := w.cfg.Select
	var got []grpc.CallOption
	w.cfg.Select = func(
		ctx context.Context, req *clusterpb.SelectClusterRequest, opts ...grpc.CallOption,
	) (*clusterpb.SelectClusterResponse, error) {
		got = opts
		return ask(ctx, req, opts...)
	}
	own := grpc.PerRPCCredentials(noCredentials{})
	if err := w.call(t.Context(), 1, grpc.Header(&metadata.MD{}), own, grpc.WaitForReady(true)); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != own {
		t.Errorf("the question had %v", got)
	}
}
