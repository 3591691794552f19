package tokenreviewtest_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/tokenreviewtest"
)

// A gRPC server lets in the pods of a cluster.
func Example() {
	cluster := tokenreviewtest.NewCluster()
	server := grpc.NewServer(cluster.ServerOptions()...)
	healthpb.RegisterHealthServer(server, health.NewServer())
	listener := bufconn.Listen(1 << 16)
	go server.Serve(listener) //nolint:errcheck // ends with Stop
	defer server.Stop()

	ctx := context.Background()
	pod := kubeflow.Resolver{
		Host:  "http://localhost/pipeline",
		Token: flow.SecretValue(cluster.IssueToken("system:serviceaccount:team:default-editor", 0)),
		// Left out, it is read from the environment.
		LookupEnv: func(string) (string, bool) { return "", false },
	}
	cs, err := clientset.For(ctx, pod, clientset.WithDialOptions(grpc.WithContextDialer(
		func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) })))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	answer, err := healthpb.NewHealthClient(cs).Check(ctx, &healthpb.HealthCheckRequest{})
	fmt.Println(answer.GetStatus(), err)
	// Output: SERVING <nil>
}

// An API server asks whose token it was sent.
func ExampleNewServer() {
	cluster := tokenreviewtest.NewServer()
	defer cluster.Close()
	token := cluster.IssueToken("system:serviceaccount:team:default-editor", 0)

	resp, err := cluster.Client().Post(cluster.URL+tokenreviewtest.Path, "application/json", strings.NewReader(
		`{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",`+
			` "spec": {"token": "`+token+`", "audiences": ["`+tokenreviewtest.Audience+`"]}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, strings.Contains(string(answer), `"username":"system:serviceaccount:team:default-editor"`))
	// Output: 201 Created true
}
