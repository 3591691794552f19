package clientset_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/interceptors"
)

// clientWithWrongSecret is a client whose login is refused.
func clientWithWrongSecret(address string) (*clientset.ClientSet, error) {
	return clientset.ForEndpoint("http://"+address, clientset.WithFlow(flow.ClientCredentials{
		ClientID: "my-app", Secret: flow.SecretValue("stale"),
	}))
}

// Errors of calls are told apart by sentinels and by gRPC codes, whichever side made
// them.
func Example_errors() {
	server := startMock()
	defer server.Close()
	cs, err := clientset.ForEndpoint("http://"+server.Endpoint(), clientset.WithoutStore()) // no login is stored
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	_, err = cs.Project().GetProject(ctx, &projectpb.GetProjectRequest{Id: "demo"})
	switch {
	case errors.Is(err, auth.ErrInteractionRequired):
		fmt.Println("a person has to log in first: cs.Login")
	case status.Code(err) == codes.Unauthenticated:
		fmt.Println("the credentials were rejected:", err)
	case status.Code(err) == codes.PermissionDenied:
		fmt.Println("the credentials lack a permission:", err)
	case status.Code(err) == codes.Unavailable:
		fmt.Println("a transient error, try later:", err)
	}
	// Output: a person has to log in first: cs.Login
}

// What the authorization server answered is the innermost cause.
func ExampleError() {
	server := startMock()
	defer server.Close()
	cs, err := clientWithWrongSecret(server.Endpoint())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	err = cs.Login(ctx)
	if said, ok := errors.AsType[*flow.TokenError](err); ok {
		fmt.Println(said.Status, said.Code, "temporary:", said.Temporary())
	}
	// Output: 401 invalid_client temporary: false
}

// The request id of a call that failed is the same one that the server saw.
func ExampleClientSet_requestID() {
	server := startMock()
	defer server.Close()
	cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure(), clientset.WithoutStore())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	// Every call has an id of its own; one that is in the context already stays.
	ctx, cancel := context.WithTimeout(withRequestID("7f1c"), 10*time.Second)
	defer cancel()

	_, err = cs.Project().GetProject(ctx, &projectpb.GetProjectRequest{Id: "nowhere"})
	if err != nil {
		fmt.Println("request", interceptors.RequestID(err), "failed:", status.Code(err))
	}
	// Output: request 7f1c failed: NotFound
}

// A call that changes something is repeated by the program, which knows what a
// second time does.
func ExampleWithRetries() {
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
	create := func(request *projectpb.CreateProjectRequest) (err error) {
		for wait := time.Second; ; wait *= 2 {
			_, err = cs.Project().CreateProject(ctx, request)
			if status.Code(err) != codes.Unavailable || errors.Is(err, clientset.ErrClosed) {
				break
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if status.Code(err) == codes.AlreadyExists {
			err = nil // an attempt without an answer had done it
		}
		return err
	}
	fmt.Println(create(&projectpb.CreateProjectRequest{Project: &projectpb.Project{Id: "new", Name: "new"}}))
	// Output: <nil>
}

func withRequestID(id string) context.Context {
	return metadata.AppendToOutgoingContext(context.Background(), "x-request-id", id)
}
