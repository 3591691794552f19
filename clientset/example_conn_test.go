package clientset_test

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/interceptors"
)

// A connection that the program makes itself gets the login by the interceptors.
func ExampleForConn_interceptors() {
	server := startMock()
	defer server.Close()
	target, issuer := server.Endpoint(), server.Issuer()
	transport := insecure.NewCredentials() // a real one: credentials.NewTLS(nil)
	how := flow.ClientCredentials{ClientID: "my-app", Secret: flow.SecretValue("my-secret")}

	login := auth.New(auth.Key{Endpoint: target}, how, auth.Env{
		Endpoint: target,
		Config:   configstore.Cached(configstore.Discovery(issuer, nil), time.Hour),
	})
	defer login.Close()
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(transport),
		grpc.WithChainUnaryInterceptor( /* yours, */ interceptors.UnaryClientAuth(login)),
		grpc.WithChainStreamInterceptor( /* yours, */ interceptors.StreamClientAuth(login)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	projects := clientset.ForConn(conn).Project() // or any generated stub
	answer, err := projects.GetProject(context.Background(), &projectpb.GetProjectRequest{Id: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("project:", answer.GetProject().GetName(), "with", server.TokenRequests(), "token request")
	// Output: project: demo with 1 token request
}
