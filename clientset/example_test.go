package clientset_test

import (
	"context"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
)

// startMock stands for a real backend.
func startMock() *mockserver.Server {
	server, err := mockserver.New(mockserver.WithClient("my-app", "my-secret"), mockserver.WithProject("demo"))
	if err != nil {
		panic(err)
	}
	return server
}

func ExampleForEndpoint() {
	server := startMock()
	defer server.Close()
	endpoint := "http://" + server.Endpoint() // a real one is just a name: "flyte.example.com"

	cs, err := clientset.ForEndpoint(endpoint, clientset.WithFlow(flow.ClientCredentials{
		ClientID: "my-app",
		Secret:   flow.SecretValue("my-secret"), // or flow.SecretFile, flow.SecretEnv
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := cs.Project().GetProject(ctx, &projectpb.GetProjectRequest{Id: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("project:", answer.GetProject().GetName())
	// Output: project: demo
}

func ExampleForAPIKey() {
	server := startMock()
	defer server.Close()

	// An API key names the endpoint, the client and its secret. An empty one
	// would be taken from FLYTE_API_KEY.
	cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// A login happens within the first call; here it is done beforehand.
	if err := cs.Login(ctx); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("logged in as", cs.Authenticator().Status().Key.ClientID)
	// Output: logged in as my-app
}
