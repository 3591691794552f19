package dextest_test

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
)

// A user logs in at a deployment that asks for approval.
func Example() {
	proxy := dextest.NewServer(dextest.Config{Approval: true})
	defer proxy.Close()

	dex := kubeflow.Dex{Username: dextest.Username, Password: flow.SecretValue(dextest.Password)}
	session, err := dex.Login(context.Background(), proxy.Client(), proxy.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("secured:", session.Secured, "logins:", proxy.Logins())
	// Output: secured: true logins: 1
}

// The proxy passes calls with a session to a gRPC server, here the health service.
func ExampleConfig_gRPC() {
	proxy := dextest.NewServer(dextest.Config{GRPC: func(checkSession ...grpc.ServerOption) *grpc.Server {
		server := grpc.NewServer(checkSession...)
		healthpb.RegisterHealthServer(server, health.NewServer())
		return server
	}})
	defer proxy.Close()

	ctx := context.Background()
	cc, err := grpc.NewClient(strings.TrimPrefix(proxy.URL, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cc.Close()
	client := healthpb.NewHealthClient(cc)
	_, err = client.Check(ctx, &healthpb.HealthCheckRequest{})
	fmt.Println("without a session:", status.Code(err))

	dex := kubeflow.Dex{Username: dextest.Username, Password: flow.SecretValue(dextest.Password)}
	session, err := dex.Login(ctx, proxy.Client(), proxy.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := client.Check(metadata.AppendToOutgoingContext(ctx, "cookie", session.Cookie), &healthpb.HealthCheckRequest{})
	fmt.Println("with a session:", answer.GetStatus(), err)
	// Output:
	// without a session: Unauthenticated
	// with a session: SERVING <nil>
}
