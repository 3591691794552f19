package follow_test

import (
	"context"
	"fmt"
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
)

// A run is followed, and its log tailed, through streams that are cut. A client set has the
// clients of these functions: cs.Run(), cs.DataProxy() and cs.Logs().
func Example() {
	mock, err := mockserver.New(mockserver.WithoutLogin(), mockserver.WithProject("demo"))
	if err != nil {
		log.Fatal(err)
	}
	defer mock.Close()
	if err := visit(mock); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ACTION_PHASE_SUCCEEDED
	// task started
	// task is working
	// task finished
}

func visit(mock *mockserver.Server) error {
	cc, err := grpc.NewClient(mock.Endpoint(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer cc.Close()
	runs, data := workflowpb.NewRunServiceClient(cc), dataproxypb.NewDataProxyServiceClient(cc)
	ctx := context.Background()

	created, err := runs.CreateRun(ctx, &workflowpb.CreateRunRequest{
		Id: &workflowpb.CreateRunRequest_ProjectId{
			ProjectId: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"},
		},
		Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{}},
	})
	if err != nil {
		return err
	}
	action := created.GetRun().GetAction().GetId()

	mock.Script().BreakStream(workflowpb.RunService_WatchActionDetails_FullMethodName, 1, codes.Unavailable, "cut")
	details, err := follow.Wait(ctx, runs, action.GetRun())
	if err != nil { // also when the run did not succeed
		return err
	}
	fmt.Println(details.GetStatus().GetPhase())

	mock.Script().BreakStream(dataproxypb.DataProxyService_TailLogs_FullMethodName, 0, codes.Internal, "cut")
	from := follow.LogClients{DataProxy: data, Run: runs}
	for line, err := range follow.TailLogs(ctx, from, &dataproxypb.TailLogsRequest{ActionId: action}) {
		if err != nil {
			return err
		}
		fmt.Println(line.Text)
	}
	return nil
}

// Lists are read page by page, as far as the loop goes.
func ExampleAll() {
	pages := map[string][]string{"": {"ada", "bob"}, "2": {"cyd"}}
	next := map[string]string{"": "2"}
	names := follow.All(context.Background(), func(_ context.Context, token string) ([]string, string, error) {
		return pages[token], next[token], nil
	})
	for name, err := range names {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name)
	}
	// Output:
	// ada
	// bob
	// cyd
}
