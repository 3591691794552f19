package backend_test

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver/backend"
)

// A run that stays RUNNING until Advance lets it fail.
func ExampleBackend_SetTimeline() {
	b := backend.New(backend.Config{})
	defer b.Close()
	b.AddProject(backend.Project{ID: "demo"})
	b.SetTimeline("train", backend.Timeline{Steps: []backend.Step{
		{Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"epoch 1"}},
		{
			Manual: true, Phase: commonpb.ActionPhase_ACTION_PHASE_FAILED,
			Error: &workflowpb.ErrorInfo{Message: "loss is not a number", Kind: workflowpb.ErrorInfo_KIND_USER},
		},
	}})
	conn, stop, err := serve(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	ctx, runs := context.Background(), workflowpb.NewRunServiceClient(conn)
	created, err := runs.CreateRun(ctx, &workflowpb.CreateRunRequest{
		Id: &workflowpb.CreateRunRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}},
		Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{
			TaskTemplate: &corepb.TaskTemplate{Id: &corepb.Identifier{Name: "train"}},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	id := created.GetRun().GetAction().GetId()
	b.Advance(id.GetRun().GetName())

	watch, err := runs.WatchActionDetails(ctx, &workflowpb.WatchActionDetailsRequest{ActionId: id})
	if err != nil {
		fmt.Println(err)
		return
	}
	for err == nil { // the stream ends with the attempt
		_, err = watch.Recv()
	}
	var last *workflowpb.ActionDetails // the action's status follows
	for last.GetErrorInfo() == nil {
		got, err := runs.GetActionDetails(ctx, &workflowpb.GetActionDetailsRequest{ActionId: id})
		if err != nil {
			fmt.Println(err)
			return
		}
		last = got.GetDetails()
	}
	fmt.Println(last.GetStatus().GetPhase(), last.GetErrorInfo().GetMessage())
	// Output: ACTION_PHASE_FAILED loss is not a number
}

func serve(b *backend.Backend) (*grpc.ClientConn, func(), error) {
	lis, srv := bufconn.Listen(1<<16), grpc.NewServer()
	b.Register(srv)
	go func() { _ = srv.Serve(lis) }() // ends with stop
	conn, err := grpc.NewClient("passthrough:///mock", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	return conn, func() { _ = conn.Close(); srv.Stop() }, err
}
