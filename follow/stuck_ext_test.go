package follow_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// stuck is a backend whose first stream is cut and whose first list never comes. "b" is in
// another state after the cut, which only a list shows.
type stuck struct{ opened, listed atomic.Int32 }

func (s *stuck) action(name string, phase commonpb.ActionPhase) *workflowpb.Action {
	id := &commonpb.ActionIdentifier{Run: &commonpb.RunIdentifier{Name: name}, Name: name}
	return &workflowpb.Action{Id: id, Status: inPhase(phase).GetStatus()}
}

// next returns whether it is the first message of a stream, the first one of all; later ones never come.
func (s *stuck) next(ctx context.Context, stream int32, n *int) (first bool, err error) {
	if *n++; *n == 1 {
		return stream == 1, nil
	}
	if stream == 1 {
		return false, status.Error(codes.Unavailable, "cut")
	}
	<-ctx.Done()
	return false, status.FromContextError(ctx.Err()).Err()
}

func (s *stuck) list(ctx context.Context) error {
	if s.listed.Add(1) > 1 {
		return nil
	}
	<-ctx.Done()
	return status.FromContextError(ctx.Err()).Err()
}

func (s *stuck) WatchRuns(
	ctx context.Context, _ *workflowpb.WatchRunsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[workflowpb.WatchRunsResponse], error) {
	stream, n := s.opened.Add(1), 0
	recv := func(ctx context.Context) (*workflowpb.WatchRunsResponse, error) {
		first, err := s.next(ctx, stream, &n)
		m := &workflowpb.WatchRunsResponse{Runs: []*workflowpb.Run{{Action: s.action("a", running)}}}
		if first {
			m.Runs = append(m.Runs, &workflowpb.Run{Action: s.action("b", running)})
		}
		return m, err
	}
	return &fakeStream[workflowpb.WatchRunsResponse]{ctx: ctx, recv: recv}, nil
}

func (s *stuck) ListRuns(
	ctx context.Context, _ *workflowpb.ListRunsRequest, _ ...grpc.CallOption,
) (*workflowpb.ListRunsResponse, error) {
	return &workflowpb.ListRunsResponse{Runs: []*workflowpb.Run{{Action: s.action("b", done)}}}, s.list(ctx)
}

func (s *stuck) WatchActions(
	ctx context.Context, _ *workflowpb.WatchActionsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[workflowpb.WatchActionsResponse], error) {
	stream, n := s.opened.Add(1), 0
	recv := func(ctx context.Context) (*workflowpb.WatchActionsResponse, error) {
		first, err := s.next(ctx, stream, &n)
		m := &workflowpb.WatchActionsResponse{EnrichedActions: []*workflowpb.EnrichedAction{{Action: s.action("a", running), MeetsFilter: true}}}
		if first {
			m.EnrichedActions = append(m.EnrichedActions, &workflowpb.EnrichedAction{Action: s.action("b", running), MeetsFilter: true})
		}
		return m, err
	}
	return &fakeStream[workflowpb.WatchActionsResponse]{ctx: ctx, recv: recv}, nil
}

func (s *stuck) ListActions(
	ctx context.Context, _ *workflowpb.ListActionsRequest, _ ...grpc.CallOption,
) (*workflowpb.ListActionsResponse, error) {
	return &workflowpb.ListActionsResponse{Actions: []*workflowpb.Action{s.action("b", done)}}, s.list(ctx)
}

func TestAListThatHangsDoesNotHoldUpAWatch(t *testing.T) {
	t.Parallel()
	for name, watch := range map[string]func(ctx context.Context, s *stuck) (phase commonpb.ActionPhase){
		"of runs": func(ctx context.Context, s *stuck) (phase commonpb.ActionPhase) {
			for r, err := range follow.WatchRuns(ctx, s, &workflowpb.WatchRunsRequest{Target: &workflowpb.WatchRunsRequest_Org{Org: "o"}}) {
				if phase = r.GetAction().GetStatus().GetPhase(); err != nil || phase == done {
					break
				}
			}
			return phase
		},
		"of actions": func(ctx context.Context, s *stuck) (phase commonpb.ActionPhase) {
			req := &workflowpb.WatchActionsRequest{Filter: []*commonpb.Filter{{Field: "phase"}}}
			for a, err := range follow.WatchActions(ctx, s, req) {
				if phase = a.GetAction().GetStatus().GetPhase(); err != nil || phase == done {
					break
				}
			}
			return phase
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()
				if phase := watch(ctx, &stuck{}); phase != done {
					t.Errorf("it was last seen %v", phase)
				}
			})
		})
	}
}
