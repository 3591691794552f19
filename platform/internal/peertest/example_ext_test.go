package peertest_test

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/internal/peertest"
)

// A backend accepts one token, and records who has called it.
func Example() {
	ctx := context.Background()
	backend, err := peertest.New(ctx, peertest.Config{Memory: true, Verifier: serverauth.VerifierFunc(
		func(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
			if p.Token != "good" {
				return serverauth.Identity{}, errors.New("no such token")
			}
			return serverauth.Identity{Subject: "ada"}, nil
		})})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Close()
	cc, err := grpc.NewClient(backend.Endpoint(), backend.DialOption(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cc.Close()
	_, err = projectpb.NewProjectServiceClient(cc).ListProjects(
		metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer good"), &projectpb.ListProjectsRequest{})
	fmt.Println(backend.Calls()[0].Subject, err)
	// Output: ada <nil>
}
