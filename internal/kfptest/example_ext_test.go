package kfptest_test

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/internal/kfptest"
)

// A client lists the runs of a namespace.
func Example() {
	server := grpc.NewServer()
	kfptest.Register(server, &kfptest.Server{Runs: map[string][]*kfppb.Run{"team": {{RunId: "r1", DisplayName: "first"}}}})
	listener := bufconn.Listen(1 << 16)
	go server.Serve(listener) //nolint:errcheck // ends with Stop
	defer server.Stop()

	cc, err := grpc.NewClient("passthrough:///kfp", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cc.Close()
	found, err := kfppb.NewRunServiceClient(cc).ListRuns(context.Background(), &kfppb.ListRunsRequest{Namespace: "team"})
	fmt.Println(found.GetTotalSize(), found.GetRuns()[0].GetDisplayName(), err)
	// Output: 1 first <nil>
}
