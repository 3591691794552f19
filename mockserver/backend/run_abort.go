package backend

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

const defaultAbortReason = "User requested abort"

// AbortRun marks the root action ABORTED at once, finished or not; its attempt, if it
// runs, follows. It does not change the children.
func (s *runServer) AbortRun(ctx context.Context, req *workflowpb.AbortRunRequest) (*workflowpb.AbortRunResponse, error) {
	if req.GetRunId() == nil {
		return nil, errNoRunID()
	}
	reason := defaultAbortReason
	if req.Reason != nil { // an empty one is a reason too
		reason = req.GetReason()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ru := s.byKey[keyOf(req.GetRunId())]
	if ru == nil {
		return nil, errRunNotFound(req.GetRunId())
	}
	s.abort(ctx, ru.root(), reason)
	return &workflowpb.AbortRunResponse{}, nil
}

// AbortAction does the same to one action.
func (s *runServer) AbortAction(ctx context.Context, req *workflowpb.AbortActionRequest) (*workflowpb.AbortActionResponse, error) {
	if req.GetActionId().GetRun() == nil {
		return nil, status.Error(codes.InvalidArgument, "action_id is required, and its run")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(req.GetActionId())
	if a == nil {
		return nil, errActionNotFound(req.GetActionId())
	}
	s.abort(ctx, a, cmp.Or(req.GetReason(), defaultAbortReason))
	return &workflowpb.AbortActionResponse{}, nil
}

func (r *runs) abort(ctx context.Context, a *action, reason string) {
	now, lag := r.b.cfg.Now(), r.lag
	_, at := a.last()
	runs := at != nil && !terminal(at.GetPhase())
	did := a.abort(reason, caller(ctx), now)
	if runs && lag <= 0 {
		a.enterAttempt(commonpb.ActionPhase_ACTION_PHASE_ABORTED, now)
	}
	r.touch(a, did, now)
	if runs && lag > 0 && !r.closed {
		r.wg.Go(func() { r.endAborted(a, lag) })
	}
}

// endAborted ends the attempt of an action that was aborted, later than its status.
func (r *runs) endAborted(a *action, lag time.Duration) {
	if !r.sleep(lag) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.run.gone || a.settled() {
		return
	}
	now := r.b.cfg.Now()
	r.touch(a, a.enterAttempt(commonpb.ActionPhase_ACTION_PHASE_ABORTED, now), now)
}

// SignalEvent completes a waiting condition with a value.
func (s *runServer) SignalEvent(ctx context.Context, req *workflowpb.SignalEventRequest) (*workflowpb.SignalEventResponse, error) {
	output := literalOf(req.GetPayload())
	if output == nil {
		return nil, status.Error(codes.InvalidArgument, "payload has no value: set bool_value, int_value, float_value or string_value")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(req.GetActionId())
	if a == nil || a.details.GetCondition() == nil || a.ended() {
		return nil, status.Errorf(codes.NotFound, "no condition waits at %s/%s", keyOf(req.GetActionId().GetRun()), req.GetActionId().GetName())
	}
	now := s.b.cfg.Now()
	a.details.Result = &workflowpb.ActionDetails_SignalInfo{
		SignalInfo: &workflowpb.SignalInfo{SignalledBy: caller(ctx), Output: output},
	}
	s.touch(a, a.enter(commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, now), now)
	return &workflowpb.SignalEventResponse{}, nil
}

// literalOf returns the payload as a literal; nil if it has no value.
func literalOf(p *workflowpb.EventPayload) *corepb.Literal {
	prim := &corepb.Primitive{}
	switch v := p.GetValue().(type) {
	case *workflowpb.EventPayload_BoolValue:
		prim.Value = &corepb.Primitive_Boolean{Boolean: v.BoolValue}
	case *workflowpb.EventPayload_IntValue:
		prim.Value = &corepb.Primitive_Integer{Integer: v.IntValue}
	case *workflowpb.EventPayload_FloatValue:
		prim.Value = &corepb.Primitive_FloatValue{FloatValue: v.FloatValue}
	case *workflowpb.EventPayload_StringValue:
		prim.Value = &corepb.Primitive_StringValue{StringValue: v.StringValue}
	default:
		return nil
	}
	return &corepb.Literal{Value: &corepb.Literal_Scalar{
		Scalar: &corepb.Scalar{Value: &corepb.Scalar_Primitive{Primitive: prim}},
	}}
}
