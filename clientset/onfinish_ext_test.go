package clientset_test

import (
	"errors"
	"slices"
	"testing"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// A program's OnFinish callback may release something: it runs for calls that are not made
// as well.
func TestOnFinishRunsOnceForACallThatIsNotMade(t *testing.T) {
	t.Parallel()
	closed := made(t)(clientset.ForEndpoint("flyte.example.com", clientset.WithoutAuth()))
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		cs   *clientset.ClientSet
		want error // nil: any
	}{
		"after Close":     {closed, clientset.ErrClosed},
		"no connection":   {clientset.ForConn(nil), nil},
		"without any TLS": {made(t)(clientset.ForEndpoint("http://flyte.example.com", clientset.WithFlow(flow.StaticToken("t")))), clientset.ErrPlaintext},
	} {
		var finished []error
		note := grpc.OnFinish(func(err error) { finished = append(finished, err) })
		_, unary := tt.cs.Project().GetProject(soon(t), &projectpb.GetProjectRequest{}, note)
		_, stream := tt.cs.Run().WatchRuns(soon(t), &workflowpb.WatchRunsRequest{}, note)
		if unary == nil || stream == nil || len(finished) != 2 || slices.Contains(finished, nil) {
			t.Errorf("%s: %v and %v, finished with %v; want both errors once", name, unary, stream, finished)
		}
		for _, err := range finished {
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%s: finished with %v, want %v", name, err, tt.want)
			}
		}
	}
}
