package clientset_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/internal/kfppb"
)

// A backend with an HTTP API only is called with the same login, retries and settings.
func ExampleClientSet_HTTPClient() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintln(w, r.URL, r.Header.Get("Authorization"))
	}))
	defer api.Close()

	cs, err := clientset.ForEndpoint("", clientset.WithHTTPBase(api.URL+"/v1"),
		clientset.WithFlow(flow.StaticToken("secret")), clientset.WithoutStore())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	answer, err := cs.HTTPClient().Get(cs.HTTPURL("/reports?state=open"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	fmt.Print(string(text), err)
	// Output:
	// /v1/reports?state=open Bearer secret
	// <nil>
}

// Where only HTTP gets through to a gRPC service, stubs with HTTP rules work all the same.
func ExampleClientSet_HTTPConn() {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL)
		_, _ = io.WriteString(w, `{"runs":[{"run_id":"r1","state":"SUCCEEDED"}]}`)
	}))
	defer gateway.Close()

	cs, err := clientset.ForEndpoint("", clientset.WithHTTPBase(gateway.URL+"/pipeline"),
		clientset.WithFlow(flow.StaticToken("secret")), clientset.WithoutStore())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	runs, err := kfppb.NewRunServiceClient(cs.HTTPConn()).ListRuns(context.Background(), &kfppb.ListRunsRequest{Namespace: "team-a"})
	fmt.Println(runs.GetRuns()[0].GetRunId(), runs.GetRuns()[0].GetState(), err)
	// Output:
	// GET /pipeline/apis/v2beta1/runs?namespace=team-a
	// r1 SUCCEEDED <nil>
}
