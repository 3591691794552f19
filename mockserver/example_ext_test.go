package mockserver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func Example() {
	server, err := mockserver.New(mockserver.WithProject("demo"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	conn, err := grpc.NewClient(server.Endpoint(), grpc.WithTransportCredentials(server.TransportCredentials()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	projects := projectpb.NewProjectServiceClient(conn)

	// A call without an access token.
	_, err = projects.ListProjects(context.Background(), &projectpb.ListProjectsRequest{})
	fmt.Println(status.Code(err))

	// A call with an access token, before and after it is revoked.
	token, err := server.Script().IssueToken(oauth.TokenSpec{Subject: "ada", Scopes: []string{mockserver.DefaultScope}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := with(context.Background(), token.AccessToken)
	answer, err := projects.ListProjects(ctx, &projectpb.ListProjectsRequest{})
	fmt.Println(status.Code(err), answer.GetProjects().GetProjects()[0].GetName())
	server.Script().RevokeTokens()
	_, err = projects.ListProjects(ctx, &projectpb.ListProjectsRequest{})
	fmt.Println(status.Code(err))

	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Code)
	}
	// Output:
	// Unauthenticated
	// OK demo
	// Unauthenticated
	// /flyteidl2.project.ProjectService/ListProjects Unauthenticated
	// /flyteidl2.project.ProjectService/ListProjects OK
	// /flyteidl2.project.ProjectService/ListProjects Unauthenticated
}

// The authorization server alone, at an address of the test's choice.
func ExampleNewAuthorizationServer() {
	server, err := mockserver.NewAuthorizationServer(oauth.Config{
		Issuer:  "http://127.0.0.1:8080",
		Clients: []oauth.Client{{ID: "worker", Secret: "for the example", Scopes: []string{"read"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"worker"}, "client_secret": {"for the example"}}
	request := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080/oauth2/token", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, request)
	fmt.Println(answer.Code)
	// Output: 200
}
