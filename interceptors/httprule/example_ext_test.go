package httprule_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"google.golang.org/genproto/googleapis/api/annotations"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/jetway-go/jetway/interceptors/httprule"
)

// A generated stub calls a grpc-gateway. Stubs made of protos with google.api.http options
// need no WithRule.
func ExampleNew() {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL)
		_, _ = io.WriteString(w, `{"status":"SERVING"}`)
	}))
	defer gateway.Close()

	cc := httprule.New(gateway.Client(), gateway.URL, httprule.WithRule(healthpb.Health_Check_FullMethodName,
		&annotations.HttpRule{Pattern: &annotations.HttpRule_Get{Get: "/healthz/{service}"}}))
	got, err := healthpb.NewHealthClient(cc).Check(context.Background(), &healthpb.HealthCheckRequest{Service: "runs"})
	fmt.Println(got.GetStatus(), err)
	// Output:
	// GET /healthz/runs
	// SERVING <nil>
}
