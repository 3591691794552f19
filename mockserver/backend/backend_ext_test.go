package backend_test

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver/backend"
)

func ExampleNew() {
	b := backend.New(backend.Config{})
	defer b.Close()
	b.AddProject(backend.Project{ID: "demo", Name: "Demo"})

	srv := grpc.NewServer()
	b.Register(srv)
	lis := bufconn.Listen(1 << 16)
	go func() { _ = srv.Serve(lis) }()
	defer srv.Stop()

	conn, err := grpc.NewClient("passthrough:///mock",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close() }()

	res, err := projectpb.NewProjectServiceClient(conn).GetProject(context.Background(), &projectpb.GetProjectRequest{Id: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.GetProject().GetName(), "with", len(res.GetProject().GetDomains()), "domains")
	// Output: Demo with 3 domains
}
