package serverauth_test

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// All methods are closed, except those that tell a client how to log in.
func Example() {
	verifier := serverauth.VerifierFunc(func(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
		if !strings.EqualFold(p.Scheme, "bearer") || subtle.ConstantTimeCompare([]byte(p.Token), []byte("opensesame")) == 0 {
			return serverauth.Identity{}, status.Error(codes.Unauthenticated, "unknown token")
		}
		return serverauth.Identity{Subject: "ali"}, nil
	})
	open := serverauth.WithOpenMethods("/flyteidl2.auth.AuthMetadataService/*")

	s := grpc.NewServer(
		grpc.ChainUnaryInterceptor(serverauth.Unary(verifier, open)),
		grpc.ChainStreamInterceptor(serverauth.Stream(verifier, open)),
	)
	defer s.Stop()

	// The unary interceptor handles three calls:
	call := func(method, credential string) {
		md := metadata.MD{}
		if credential != "" {
			md.Set("authorization", credential)
		}
		_, err := serverauth.Unary(verifier, open)(metadata.NewIncomingContext(context.Background(), md), nil,
			&grpc.UnaryServerInfo{FullMethod: method},
			func(ctx context.Context, _ any) (any, error) {
				id, known := serverauth.IdentityFromContext(ctx)
				fmt.Printf("handler: caller %q, known %t\n", id.Subject, known)
				return "answer", nil
			})
		fmt.Println(status.Code(err))
	}
	call("/flyteidl2.project.ProjectService/GetProject", "Bearer opensesame")
	call("/flyteidl2.project.ProjectService/GetProject", "")
	call("/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata", "")
	// Output:
	// handler: caller "ali", known true
	// OK
	// Unauthenticated
	// handler: caller "", known false
	// OK
}
