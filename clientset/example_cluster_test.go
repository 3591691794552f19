package clientset_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jetway-go/jetway/clientset"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	"github.com/jetway-go/jetway/mockserver"
)

// The control plane names another host for the secrets of a project. The program allows
// it, since it is no name on the control plane's own domain, and calls it without knowing.
func ExampleWithClusterHosts() {
	control := startMock()
	defer control.Close()
	data, err := mockserver.New(mockserver.WithControlPlane(control))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer data.Close()
	address := strings.Replace(data.URL(), "127.0.0.1", "localhost", 1) // another host than the control plane's
	control.Backend().SetClusters(func(context.Context, *clusterpb.SelectClusterRequest) (*clusterpb.SelectClusterResponse, error) {
		return &clusterpb.SelectClusterResponse{ClusterEndpoint: address}, nil
	})

	cs, err := clientset.ForAPIKey(control.APIKey(), clientset.WithClusterHosts("localhost"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := cs.Secret().ListSecrets(ctx, &secretpb.ListSecretsRequest{Domain: "development", Project: "demo"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("served by the cluster:", "http://"+cs.ClusterEndpoints()[0] == address)
	fmt.Println("token requests:", control.TokenRequests()+data.TokenRequests())
	// Output:
	// served by the cluster: true
	// token requests: 1
}
