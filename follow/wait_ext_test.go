package follow_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestWaitReturnsHowARunEnded(t *testing.T) {
	t.Parallel()
	ended := func(p commonpb.ActionPhase, text string) *workflowpb.ActionDetails {
		d := inPhase(p)
		d.Result = &workflowpb.ActionDetails_ErrorInfo{ErrorInfo: &workflowpb.ErrorInfo{Message: text}}
		if p == aborted {
			d.Result = &workflowpb.ActionDetails_AbortInfo{AbortInfo: &workflowpb.AbortInfo{Reason: text}}
		}
		return d
	}
	for name, tc := range map[string]struct {
		end  any
		want error
		text string
	}{
		"succeeded":       {done, nil, ""},
		"recovered":       {commonpb.ActionPhase_ACTION_PHASE_RECOVERED, nil, ""},
		"failed":          {ended(failed, "ValueError: no\x1b[2J"), follow.ErrFailed, "follow: wait for run of demo/development/r1: it failed: ValueError: no [2J"},
		"failed silently": {failed, follow.ErrFailed, "follow: wait for run of demo/development/r1: it failed"},
		"aborted":         {ended(aborted, "wrong inputs"), follow.ErrAborted, "follow: wait for run of demo/development/r1: it was aborted: wrong inputs"},
		"timed out":       {commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT, follow.ErrTimedOut, "follow: wait for run of demo/development/r1: it timed out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d, err := follow.Wait(t.Context(), &scripted{streams: [][]any{{running, tc.end}}}, runID())
				if d.GetStatus().GetPhase() < done {
					t.Errorf("details %v", d)
				}
				if !errors.Is(err, tc.want) || tc.want != nil && err.Error() != tc.text {
					t.Errorf("error %v", err)
				}
				if own, ok := errors.AsType[*follow.Error](err); err != nil && (!ok || own.Op != "wait for run") {
					t.Errorf("error %#v", err)
				}
			})
		})
	}
	t.Run("without an end", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d, err := follow.Wait(t.Context(), &scripted{streams: [][]any{{running, codes.PermissionDenied}}}, runID())
			if d.GetStatus().GetPhase() != running || status.Code(err) != codes.PermissionDenied ||
				!strings.HasPrefix(err.Error(), "follow: wait for run of demo/development/r1: rpc error: code = PermissionDenied") {
				t.Errorf("%v, %v", d, err)
			}
		})
	})
}

// dataClient answers with what is next.
type dataClient struct {
	answers []error
	outputs *taskpb.Outputs
	asked   int
}

func (c *dataClient) GetActionData(
	_ context.Context, req *dataproxypb.GetActionDataRequest, _ ...grpc.CallOption,
) (*dataproxypb.GetActionDataResponse, error) {
	c.asked++
	if id := req.GetActionId(); id.GetName() != "a0" || id.GetRun().GetName() != "r1" {
		return nil, status.Error(codes.NotFound, id.String())
	}
	if len(c.answers) > 0 {
		err := c.answers[0]
		c.answers = c.answers[1:]
		return nil, err
	}
	return &dataproxypb.GetActionDataResponse{Outputs: c.outputs}, nil
}

func TestOutputsAreThoseOfTheRootAction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		want := &taskpb.Outputs{Literals: []*taskpb.NamedLiteral{{Name: "o0"}}}
		later := status.Error(codes.Unavailable, "later")
		got, err := follow.Outputs(t.Context(), &dataClient{outputs: want, answers: []error{later, later}}, runID())
		if err != nil || got != want {
			t.Errorf("%v, %v", got, err)
		}
		if got, err = follow.Outputs(t.Context(), &dataClient{}, runID()); err != nil || got == nil {
			t.Errorf("no outputs: %v, %v", got, err)
		}
		refuses := &dataClient{answers: []error{status.Error(codes.NotFound, "action not found")}}
		_, err = follow.Outputs(t.Context(), refuses, runID())
		if status.Code(err) != codes.NotFound || refuses.asked != 1 || !strings.HasPrefix(err.Error(), "follow: read outputs of demo/development/r1: ") {
			t.Errorf("%v after %d calls", err, refuses.asked)
		}
	})
}
