package follow_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// errHangs stands for an answer that never comes.
var errHangs = errors.New("hangs")

// scripted is a client whose streams do what is written down. What comes after the end of
// a script is a clean end; a script too few is one without messages.
type scripted struct {
	streams [][]any // phases, details or errors
	details []any   // the same of GetActionDetails; the last one is repeated
	opened  []time.Time

	mu   sync.Mutex
	open int
	asks int
}

func inPhase(p commonpb.ActionPhase) *workflowpb.ActionDetails {
	return &workflowpb.ActionDetails{Status: &workflowpb.ActionStatus{Phase: p, Attempts: 1}}
}

// answer makes details or an error of a word of a script.
func answer(ctx context.Context, word any) (*workflowpb.ActionDetails, error) {
	switch word := word.(type) {
	case commonpb.ActionPhase:
		return inPhase(word), nil
	case *workflowpb.ActionDetails:
		return word, nil
	case codes.Code:
		return nil, status.Error(word, "as scripted")
	case time.Duration:
		return nil, pause(ctx, word)
	}
	err := word.(error)
	if errors.Is(err, errHangs) {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return nil, err
}

func (s *scripted) WatchActionDetails(
	ctx context.Context, _ *workflowpb.WatchActionDetailsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[workflowpb.WatchActionDetailsResponse], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var script []any
	if n := len(s.opened); n < len(s.streams) {
		script = s.streams[n]
	}
	s.opened = append(s.opened, time.Now())
	s.open++
	context.AfterFunc(ctx, func() { s.mu.Lock(); defer s.mu.Unlock(); s.open-- })
	recv := func(ctx context.Context) (*workflowpb.WatchActionDetailsResponse, error) {
		for len(script) > 0 {
			word := script[0]
			script = script[1:]
			d, err := answer(ctx, word)
			if d != nil || err != nil {
				return &workflowpb.WatchActionDetailsResponse{Details: d}, err
			}
		}
		return nil, io.EOF
	}
	return &fakeStream[workflowpb.WatchActionDetailsResponse]{ctx: ctx, recv: recv}, nil
}

func (s *scripted) GetActionDetails(
	ctx context.Context, _ *workflowpb.GetActionDetailsRequest, _ ...grpc.CallOption,
) (*workflowpb.GetActionDetailsResponse, error) {
	s.mu.Lock()
	word := s.details[min(s.asks, len(s.details)-1)]
	s.asks++
	s.mu.Unlock()
	d, err := answer(ctx, word)
	return &workflowpb.GetActionDetailsResponse{Details: d}, err
}
