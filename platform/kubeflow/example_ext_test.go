package kubeflow_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/internal/kfptest"
	"github.com/jetway-go/jetway/platform/kubeflow"
)

// In a pod the zero value is enough.
func Example() {
	cs, err := clientset.For(context.Background(), kubeflow.Resolver{
		// What every pod has; left out, it is read from the environment.
		LookupEnv: func(name string) (string, bool) {
			vars := map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
			value, ok := vars[name]
			return value, ok
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	fmt.Println(cs.Endpoint())
	// Output: ml-pipeline.kubeflow.svc.cluster.local:8887
}

// Outside a cluster the address of Kubeflow has to be set.
func ExampleResolver_nothingSet() {
	_, err := clientset.For(context.Background(), kubeflow.Resolver{LookupEnv: func(string) (string, bool) { return "", false }})
	fmt.Println(err)
	// Output: clientset: resolve: kubeflow: no address of Kubeflow Pipelines: set Host or KF_PIPELINES_ENDPOINT; only inside a cluster is there a default
}

// A user of Dex, by way of a port-forward to the gateway.
func ExampleDex() {
	target, err := kubeflow.Resolver{
		Host:      "http://localhost:8080/pipeline",
		Dex:       &kubeflow.Dex{Username: "user@example.com", Password: flow.SecretEnv("KUBEFLOW_PASSWORD")},
		LookupEnv: func(string) (string, bool) { return "", false },
	}.Resolve(context.Background(), nil)
	fmt.Println(target.Endpoint, err)
	// Output: http://localhost:8080 <nil>
}

// A compiled pipeline is uploaded; a file is opened and given to FilePackage.
func ExampleClient_UploadPipeline() {
	api := httptest.NewServer((&kfptest.Server{}).Handler())
	defer api.Close()
	cs, err := clientset.For(context.Background(), kubeflow.Resolver{Host: api.URL, LookupEnv: func(string) (string, bool) { return "", false }})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()

	const compiled = "pipelineInfo: {name: train}\n"
	made, err := kubeflow.NewClient(cs.HTTPClient(), cs.HTTPURL("")).UploadPipeline(context.Background(),
		kubeflow.Package{Name: "train.yaml", Content: strings.NewReader(compiled), Size: int64(len(compiled))},
		kubeflow.Upload{Name: "train", Progress: func(sent, size int64) { fmt.Println(sent, "of", size) }})
	fmt.Println(made.Name, err)
	// Output:
	// 28 of 28
	// train <nil>
}
