package nubladotest_test

import (
	"context"
	"fmt"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

// A service behind the ingress calls Nublado for a user who has sent it a request.
func Example() {
	site := nubladotest.NewServer()
	defer site.Close()
	ctx := context.Background()
	backend, err := peertest.New(ctx, peertest.Config{Verifier: site.Gafaelfawr})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Close()
	site.SetNubladoURL("http://" + backend.Endpoint() + "/nb")

	request := site.Gafaelfawr.Delegate("ada", nubladotest.NotebookScope) // what the ingress has added
	environment := map[string]string{"REPERTOIRE_BASE_URL": site.DiscoveryURL()}
	cs, err := clientset.For(ctx, nublado.Resolver{
		Source:    nublado.FromRequest(request),
		LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	}, clientset.WithHTTPClient(site.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	_, err = cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
	fmt.Println(err, site.Repertoire.Fetches(), backend.Calls()[0].Subject)
	// Output: <nil> 1 ada
}
