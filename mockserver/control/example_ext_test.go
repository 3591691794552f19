package control_test

import (
	"context"
	"crypto/rand"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/control"
)

// A program in any language does this with stubs of its own.
func ExampleEnable() {
	secret := rand.Text()
	server, err := mockserver.New(control.Enable(secret))
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
	mock := mockpb.NewControlServiceClient(conn)
	ctx := metadata.AppendToOutgoingContext(context.Background(), control.SecretKey, secret)

	_, err = mock.FailCalls(ctx, &mockpb.FailCallsRequest{
		Method: "/flyteidl2.project.ProjectService/ListProjects", Code: mockpb.Code_CODE_UNAVAILABLE,
	})
	fmt.Println("fail:", err)
	_, err = mock.FailCalls(ctx, &mockpb.FailCallsRequest{Method: "ProjectService/ListProjects", Code: mockpb.Code_CODE_UNAVAILABLE})
	fmt.Println(err)
	// Output:
	// fail: <nil>
	// rpc error: code = InvalidArgument desc = the server has no method "/ProjectService/ListProjects"; did you mean "/flyteidl2.project.ProjectService/ListProjects"?
}
