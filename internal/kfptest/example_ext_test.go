package kfptest_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"

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

// Over HTTP the server checks who asks, as Kubeflow's does.
func ExampleServer_Handler() {
	api := httptest.NewServer((&kfptest.Server{
		MultiUser: true, Runs: map[string][]*kfppb.Run{"team": {{RunId: "r1", DisplayName: "first"}}},
	}).Handler())
	defer api.Close()

	for _, user := range []string{"", "ann"} {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, api.URL+"/apis/v2beta1/runs?namespace=team", nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		if user != "" {
			r.Header.Set("Kubeflow-Userid", user)
		}
		answer, err := api.Client().Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		fmt.Println(answer.Status)
	}
	// Output:
	// 401 Unauthorized
	// 200 OK
}
