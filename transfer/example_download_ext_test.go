package transfer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jetway-go/jetway/clientset"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/transfer"
)

// finishedRun creates a run, and returns what names the report of its first attempt when
// that has finished.
func finishedRun(ctx context.Context, cs *clientset.ClientSet) (*dataproxypb.CreateDownloadLinkRequest, error) {
	created, err := cs.Run().CreateRun(ctx, &workflowpb.CreateRunRequest{
		Id: &workflowpb.CreateRunRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}},
		Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{
			TaskTemplate: &corepb.TaskTemplate{Id: &corepb.Identifier{Name: "train"}},
		}},
	})
	if err != nil {
		return nil, err
	}
	id := created.GetRun().GetAction().GetId()
	watch, err := cs.Run().WatchActionDetails(ctx, &workflowpb.WatchActionDetailsRequest{ActionId: id})
	if err != nil {
		return nil, err
	}
	for err == nil { // the stream ends with the attempt
		_, err = watch.Recv()
	}
	return &dataproxypb.CreateDownloadLinkRequest{
		ArtifactType: dataproxypb.ArtifactType_ARTIFACT_TYPE_REPORT,
		Source: &dataproxypb.CreateDownloadLinkRequest_ActionAttemptId{
			ActionAttemptId: &commonpb.ActionAttemptIdentifier{ActionId: id, Attempt: 1},
		},
	}, nil
}

// The report of a run is downloaded to a file, which is there only if it is complete.
func ExampleClient_DownloadFile() {
	cs, closeAll, err := connect()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()
	ctx := context.Background()
	report, err := finishedRun(ctx, cs)
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "reports")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	files := transfer.New(cs.DataProxy())
	got, err := files.DownloadFile(ctx, files.Source(report), filepath.Join(dir, "report.html"))
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(got.Size, " bytes: ", string(text))
	// Output: 40 bytes: <html><body>task finished</body></html>
}

// A link that the program has already is a source too, but not for longer than it is valid.
func ExampleClient_Download() {
	cs, closeAll, err := connect()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()
	ctx := context.Background()
	report, err := finishedRun(ctx, cs)
	if err != nil {
		fmt.Println(err)
		return
	}

	files := transfer.New(cs.DataProxy())
	links, err := files.CreateDownloadLink(ctx, report)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := files.Download(ctx, links[0], os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output: <html><body>task finished</body></html>
}

// A source has another link signed when the last one has expired.
func ExampleClient_Source() {
	cs, closeAll, err := connect()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()
	ctx := context.Background()
	report, err := finishedRun(ctx, cs)
	if err != nil {
		fmt.Println(err)
		return
	}

	files := transfer.New(cs.DataProxy())
	link, err := files.Source(report).Sign(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(link.Expires.IsZero(), link.URL != link.String()) // the text has no signature
	// Output: false true
}
