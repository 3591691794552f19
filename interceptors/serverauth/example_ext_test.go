package serverauth_test

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// Everything is closed but what tells a client how to log in.
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
	fmt.Println(len(s.GetServiceInfo()), "services yet")
	// Output: 0 services yet
}
