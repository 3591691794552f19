package follow_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// many is a backend with more actions than a message holds. Its first stream is cut, and on
// the second "last" ends.
type many struct{ opened int }

func (*many) action(name string, phase commonpb.ActionPhase) *workflowpb.EnrichedAction {
	return &workflowpb.EnrichedAction{MeetsFilter: true, Action: &workflowpb.Action{
		Id: &commonpb.ActionIdentifier{Name: name}, Status: inPhase(phase).GetStatus(),
	}}
}

func (b *many) WatchActions(
	ctx context.Context, _ *workflowpb.WatchActionsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[workflowpb.WatchActionsResponse], error) {
	b.opened++
	stream, n := b.opened, 0
	recv := func(context.Context) (*workflowpb.WatchActionsResponse, error) {
		m := &workflowpb.WatchActionsResponse{}
		switch n++; {
		case n == 1:
			for i := range 1000 {
				m.EnrichedActions = append(m.EnrichedActions, b.action(fmt.Sprint("a", i), running))
			}
		case n == 2:
			m.EnrichedActions = append(m.EnrichedActions, b.action("last", running))
		case stream == 1:
			return nil, status.Error(codes.Unavailable, "cut")
		default:
			m.EnrichedActions = append(m.EnrichedActions, b.action("last", done))
		}
		return m, nil
	}
	return &fakeStream[workflowpb.WatchActionsResponse]{ctx: ctx, recv: recv}, nil
}

func (b *many) ListActions(
	context.Context, *workflowpb.ListActionsRequest, ...grpc.CallOption,
) (*workflowpb.ListActionsResponse, error) {
	return &workflowpb.ListActionsResponse{Actions: []*workflowpb.Action{b.action("last", running).GetAction()}}, nil
}

func TestAnActionThatIsStillToComeHasNotStoppedToMatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		req := &workflowpb.WatchActionsRequest{Filter: []*commonpb.Filter{{Field: "phase"}}}
		n := 0
		for a, err := range follow.WatchActions(t.Context(), &many{}, req) {
			if err != nil || !a.GetMeetsFilter() {
				t.Errorf("%v, %v", a, err)
			}
			if n++; a.GetAction().GetStatus().GetPhase() == done {
				break
			}
		}
		if n != 1002 {
			t.Errorf("%d actions, want 1002", n)
		}
	})
}
