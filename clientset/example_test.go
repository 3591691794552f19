package clientset_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// startMock stands for a real backend.
func startMock() *mockserver.Server {
	server, err := mockserver.New(mockserver.WithProject("demo"), mockserver.WithOAuth(oauth.Config{
		Clients: []oauth.Client{{ID: "my-app", Secret: "my-secret"}},
	}))
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

func ExampleWithPrompter() {
	server := startMock()
	defer server.Close()
	endpoint := "http://" + server.Endpoint()

	// flow.PKCE{} alone opens the browser of this machine; the one here clicks by itself.
	login := flow.PKCE{OpenBrowser: mocktest.NewBrowser(server).Open}
	cs, err := clientset.ForEndpoint(endpoint,
		clientset.WithFlow(login),
		clientset.WithPrompter(auth.Terminal(os.Stdin, os.Stderr)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute) // a person takes time
	defer cancel()
	if err := cs.Login(ctx); err != nil {
		fmt.Println(err)
		return
	}
	me, err := cs.Identity().UserInfo(ctx, &authpb.UserInfoRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("logged in as", me.GetSubject())
	// Output: logged in as ada
}

// Any generated stub rides on a ClientSet, with its login.
func ExampleClientSet_Invoke() {
	server := startMock()
	defer server.Close()
	cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	health, err := grpc_health_v1.NewHealthClient(cs).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(health.GetStatus())
	// Output: SERVING
}

// A program that has a connection already, with credentials of its own, gets the
// services over it.
func ExampleForConn() {
	server := startMock()
	defer server.Close()

	token, err := server.Script().IssueToken(oauth.TokenSpec{ClientID: "my-app", Scopes: []string{mockserver.DefaultScope}})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := grpc.NewClient(server.Endpoint(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close() // the ClientSet does not

	cs := clientset.ForConn(conn)
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token.AccessToken)
	answer, err := cs.Project().GetProject(ctx, &projectpb.GetProjectRequest{Id: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("project:", answer.GetProject().GetName())
	// Output: project: demo
}
