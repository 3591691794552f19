package interceptors_test

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

// passport is the smallest Source: it has an old credential and can get a new one.
type passport struct{ current *auth.Credentials }

func (p *passport) Credentials(context.Context) (*auth.Credentials, error) { return p.current, nil }

func (p *passport) Refresh(context.Context, *auth.Credentials) (*auth.Credentials, error) {
	p.current = &auth.Credentials{AccessToken: "new"}
	return p.current, nil
}

// Both interceptors are the innermost of a connection, and share one Source.
func Example() {
	src := &passport{}
	cc, err := grpc.NewClient("dns:///flyte.example.com:443",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor( /* yours, */ interceptors.UnaryClientAuth(src, interceptors.WithRequestID())),
		grpc.WithChainStreamInterceptor( /* yours, */ interceptors.StreamClientAuth(src, interceptors.WithRequestID())),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cc.Close()
	fmt.Println(cc.Target())
	// Output: dns:///flyte.example.com:443
}

// A rejected call is made once more, with the Source's new credentials.
func ExampleUnaryClientAuth() {
	auth := interceptors.UnaryClientAuth(&passport{&auth.Credentials{AccessToken: "old"}})

	server := func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
		md, _ := metadata.FromOutgoingContext(ctx)
		fmt.Println("the server sees", md["authorization"])
		if md["authorization"][0] != "Bearer new" {
			return status.Error(codes.Unauthenticated, "token expired")
		}
		return nil
	}
	err := auth(context.Background(), "/flyteidl2.project.ProjectService/GetProject", nil, nil, nil, server)
	fmt.Println("the caller sees", err)
	// Output:
	// the server sees [Bearer old]
	// the server sees [Bearer new]
	// the caller sees <nil>
}

// A program that acts for its own callers passes on their credentials, call by call.
func ExampleWithCallCredentials() {
	auth := interceptors.UnaryClientAuth(&passport{&auth.Credentials{AccessToken: "the program's"}})
	server := func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
		md, _ := metadata.FromOutgoingContext(ctx)
		fmt.Println(md["authorization"])
		return nil
	}

	ctx := interceptors.WithCallCredentials(context.Background(), metadata.Pairs("authorization", "Bearer the caller's"))
	_ = auth(ctx, "/flyteidl2.project.ProjectService/GetProject", nil, nil, nil, server)
	_ = auth(context.Background(), "/flyteidl2.project.ProjectService/GetProject", nil, nil, nil, server)
	// Output:
	// [Bearer the caller's]
	// [Bearer the program's]
}
